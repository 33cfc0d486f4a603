"""The seam between the UAS core and whatever decides how a call goes.

The core (this folder) knows SIP; a `Script` knows what its author wants. The core calls the script when something
happens in a call; the script acts through the verbs of `uas.call.Call`. Nothing here knows what a scenario is.

Rules
1. The core answers by itself whatever the script does not take (`request` returning False): 200 to BYE in a dialog,
   200 + 487 to CANCEL, PRACK, re-INVITE, OPTIONS, ...
2. A script never blocks and never raises for what a peer did.
3. A script that wants to go on later calls `call.wait(seconds, token)` and returns; `timer` brings the token back.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Protocol, TypeAlias

if TYPE_CHECKING:
    from responder.events import Flow
    from responder.sip.message import Request, Response
    from responder.transaction.fault import Fault
    from responder.transaction.server import ServerTransaction
    from responder.uas.call import Call
    from responder.uas.outgoing import Outgoing


class Template(Protocol):
    """Text with `${...}` in it, rendered for one call."""

    def render(self, scope: Any) -> str:
        """The text for this call; `scope` is whatever the script handed to the verb."""


Text: TypeAlias = "str | Template"


@dataclass(frozen=True, slots=True, eq=False)
class Reply:
    """A response as its author wrote it, made once at load; what is left out is implied (RFC and registry).

    Compared by identity: the core keeps what it prepared for a reply under the reply itself.
    """

    status: int
    reason: Text | None = None
    """None: the registry's phrase. An empty string is an empty phrase."""
    headers: tuple[tuple[str, Text], ...] = ()
    """Set: each replaces whatever would stand under that name (several of one name: all of them stand)."""
    added: tuple[tuple[str, Text], ...] = ()
    """Appended beside whatever stands under that name."""
    removed: frozenset[str] = frozenset()
    """Keys (`header_names.key`) that are left out, even `via`, `call-id`, `content-length`."""
    body: Text | bytes | None = None
    content_type: Text | None = None
    sdp: bool | Text | None = None
    """True: an SDP answer (or offer); False: none; a direction (`sendonly`, ...): that with this direction; other text:
    this SDP; None: what the RFC implies for the code."""
    contact: Text | bool | None = None
    """False: none; text: this one; None: ours where the registry wants one."""
    to_tag: Text | bool | None = None
    """False: none; text: this tag; None: the call's."""
    reliable: bool | None = None
    """True: RFC 3262; False: not even where the client requires it; None: where the client requires it."""
    bare: bool = False
    """Nothing from the registry, only the copied headers and what is written here."""
    raw: Text | bytes | None = None
    """The exact bytes; everything else but `status` is then ignored."""
    compact: bool = False
    """Compact header names (RFC 3261 section 7.3.3)."""
    fault: Fault | None = None
    """What goes wrong with it on its way out, in place of the call's own fault."""
    following: int = 0
    """For a 199: the final response that the branch will get (RFC 6228 section 5); 0: not known."""
    label: str = ""
    """Where it stands, for the journal: `busy step 3`."""


@dataclass(frozen=True, slots=True, eq=False)
class Order:
    """A request that we send as its author wrote it; what is left out is implied."""

    method: str
    headers: tuple[tuple[str, Text], ...] = ()
    added: tuple[tuple[str, Text], ...] = ()
    removed: frozenset[str] = frozenset()
    body: Text | bytes | None = None
    content_type: Text | None = None
    sdp: bool | Text | None = None
    """None: an offer in INVITE, nothing elsewhere."""
    fault: Fault | None = None
    """What goes wrong with it on its way out, in place of the call's own fault."""
    label: str = ""


class Script(Protocol):
    """What decides how one call goes; one object a call."""

    name: str
    """The rule's name for the journal; empty for built-in behaviour."""
    unchecked: frozenset[str]
    """Names of the checks of `uas.inspection` that are not made; the name `all` stands for every one."""

    @property
    def over(self) -> bool:
        """Whether it has nothing left to do once the call is idle."""

    def start(self, call: Call, transaction: ServerTransaction) -> None:
        """Its first request is there (`transaction.request`)."""

    def request(self, call: Call, transaction: ServerTransaction) -> bool:
        """A later request of this call (in a dialog, or another try outside one); True: taken, the script answers."""

    def ack(self, call: Call, request: Request) -> None:
        """An ACK arrived for a final response of this call (2xx or not)."""

    def cancel(self, call: Call, invite: ServerTransaction, request: Request) -> bool:
        """CANCEL came for this INVITE and has got its 200; True: the script sees to the final response, no 487."""

    def response(self, call: Call, outgoing: Outgoing, response: Response | None) -> None:
        """A response to a request of ours came; None: none came in time (Timer B or F), or the transport failed."""

    def timer(self, call: Call, token: Any) -> None:
        """A wait is over."""

    def ended(self, call: Call, outcome: str) -> None:
        """The call is over (see `events.CallEnded.outcome`); nothing can be sent any more."""


class Playbook(Protocol):
    """What picks the script of a new call."""

    def choose(self, request: Request, flow: Flow, now: float) -> Script:
        """The script for this first request of a call; there always is one (built-in behaviour at the least)."""


class NoScript:
    """The script of a call that no script decides about: refused before one was asked, or over."""

    __slots__ = ()
    name = ""
    unchecked: frozenset[str] = frozenset()
    over = True

    def start(self, call: Call, transaction: ServerTransaction) -> None:
        """Nothing to do."""

    def request(self, call: Call, transaction: ServerTransaction) -> bool:
        """Not taken."""
        return False

    def ack(self, call: Call, request: Request) -> None:
        """Nothing waits for it."""

    def cancel(self, call: Call, invite: ServerTransaction, request: Request) -> bool:
        """Not taken."""
        return False

    def response(self, call: Call, outgoing: Outgoing, response: Response | None) -> None:
        """Nothing waits for it."""

    def timer(self, call: Call, token: Any) -> None:
        """It sets none."""

    def ended(self, call: Call, outcome: str) -> None:
        """Nothing to clear."""


OVER: Final = NoScript()
