"""What a response is being made for: all that a header value may depend on, in three widening circles.

    Setting     which response, to which method, by what abilities     fixed when a scenario is loaded
    Place       ... and where we can be reached                        fixed for a flow
    Occasion    ... and to which request, when                         new each time

A derivation that takes a `Setting` can be worked out before the first request comes, one that takes a `Place` once
for each flow. The type checker keeps them from looking at more.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from responder.registry.capabilities import Capabilities

if TYPE_CHECKING:
    from responder.sip.message import Request


class Ids(Protocol):
    """Where undetermined values come from; a seeded `random.Random` is one."""

    def getrandbits(self, k: int, /) -> int:
        """An integer of `k` random bits."""


@dataclass(slots=True)
class Setting:
    """Which response to which method, and what we can do."""

    status: int
    method: str
    capabilities: Capabilities


@dataclass(slots=True)
class Place(Setting):
    """A setting and our addresses on the flow at hand."""

    contact: str
    """Our Contact value, a name-addr: `<sip:responder@192.0.2.1:5060>`; a SIPS one where `secure_contact` says so."""
    host: str
    """Our host as `host` or `host:port`; an IPv6 address with or without brackets."""


@dataclass(slots=True)
class Occasion(Place):
    """A place and the request to be answered, with what the core knows about it."""

    request: Request
    ids: Ids
    nonce: Callable[[str], str]
    """A new nonce for a digest algorithm."""
    wall: float = 0.0
    """Seconds since 1970 UTC, for Date."""
    delay: float = 0.0
    """Seconds since the request came in, for Timestamp."""
    bindings: Sequence[str] | None = None
    """Contact values for a 2xx to REGISTER, from the registrar; None: there is none, the request's are echoed."""
    entity_tag: str = ""
    """For SIP-ETag; empty: a new one."""
    reliable: bool = False
    """Whether this 1xx is sent reliably (RFC 3262)."""
    rseq: int = 0
    """For RSeq; 0: a new first one."""
    following: int = 0
    """The final status that is to follow a 199; 0: not known yet."""
    stale: bool = False
    """The credentials were right but their nonce too old (RFC 7616 section 3.3)."""
    warning: int = 0
    """The warn-code that says what was wrong (RFC 3261 section 20.43); 0: not known."""
    temporary: bool = False
    """The condition will pass, so a Retry-After is due (413: RFC 3261 section 21.4.11)."""
    overlapping: bool = False
    """A 500 to a request that came while an earlier one was open (RFC 3261 section 14.2, RFC 3311 section 5.2)."""
