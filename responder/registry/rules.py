"""The cells of the table: header rules with their derivations, body rules, prohibitions and the client's duties.

A derivation is a function from what a response is made for (`occasion`) to the values of one header: none where the
header does not apply, one for each header field otherwise. It never raises for what a peer sent: where the request is
malformed it falls back to our own settings.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

from responder.registry.occasion import Occasion, Place, Setting
from responder.sip import header_names

Level: TypeAlias = Literal["MUST", "SHOULD", "MAY"]
"""How strongly an RFC wants a header there (RFC 2119)."""
DutyLevel: TypeAlias = Literal["MUST", "MUST NOT", "SHOULD", "SHOULD NOT", "MAY"]
"""How strongly an RFC wants a client to do, or not to do, something."""

Values: TypeAlias = Sequence[str]
"""Field values of one header, each a header field of its own; empty: the header does not apply."""


@dataclass(frozen=True, slots=True, eq=False)
class Derivation:
    """How the value of a header comes about."""

    compute: Callable[[Occasion], Values]
    how: str
    """The same in words, for people."""
    static: bool = False
    """It looks at the `Setting` only: method and capabilities."""
    local: bool = False
    """It looks at the `Place` only: method, capabilities and our addresses."""


def static(how: str) -> Callable[[Callable[[Setting], Values]], Derivation]:
    """Make a derivation of a function that needs to know the response and our abilities only."""
    return lambda compute: Derivation(compute, how, static=True, local=True)


def local(how: str) -> Callable[[Callable[[Place], Values]], Derivation]:
    """Make a derivation of a function that needs to know our addresses on the flow, too."""
    return lambda compute: Derivation(compute, how, local=True)


def dynamic(how: str) -> Callable[[Callable[[Occasion], Values]], Derivation]:
    """Make a derivation of a function that looks at the request."""
    return lambda compute: Derivation(compute, how)


def written(how: str) -> Derivation:
    """A header that only the author of a scenario can give a value to."""
    return Derivation(lambda occasion: (), how, static=True, local=True)


@dataclass(frozen=True, slots=True, eq=False)
class HeaderRule:
    """One header of one code: when it has to be there, and where its value comes from."""

    name: str
    """As on the wire."""
    level: Level
    """MUST and SHOULD apply by themselves, MAY on request only."""
    source: Derivation
    reference: str
    when: str = ""
    """The condition in words; empty: always."""
    needs: tuple[str, ...] = ()
    """KEYs of request headers without which the rule cannot apply."""
    methods: tuple[str, ...] = ()
    """The methods it is for; empty: every method but `not_methods`."""
    not_methods: tuple[str, ...] = ()
    reliable: bool = False
    """It applies to provisional responses that are sent reliably (RFC 3262) only."""
    key: str = field(init=False)
    """KEY of `name` (see `sip.header_names`)."""
    value: Callable[[Occasion], Values] = field(init=False)
    """The derivation: values for an occasion, none where the rule does not apply."""
    static: bool = field(init=False)
    """The values depend on method and capabilities only (whether they apply, on `needs` and `reliable` too)."""
    local: bool = field(init=False)
    """They depend on those and on our own Contact and host only; every static rule is local."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "key", header_names.key(self.name))
        object.__setattr__(self, "value", self.source.compute)
        object.__setattr__(self, "static", self.source.static)
        object.__setattr__(self, "local", self.source.local)

    def fits(self, method: str) -> bool:
        """Whether the rule is for responses to that method."""
        return method in self.methods if self.methods else method not in self.not_methods

    @property
    def unconditional(self) -> bool:
        """Whether no request can keep the rule from applying."""
        return self.static and not self.needs and not self.reliable


Body: TypeAlias = tuple[str, bytes]
"""Content type and content."""


@dataclass(frozen=True, slots=True, eq=False)
class BodyRule:
    """What a code's body is, and how it is made where the registry makes it."""

    level: Level
    how: str
    reference: str
    when: str = ""
    methods: tuple[str, ...] = ()
    compute: Callable[[Occasion], Body | None] | None = None
    """None: not made here (session descriptions are the UAS core's, other bodies the author's)."""


@dataclass(frozen=True, slots=True)
class Forbidden:
    """A header that an RFC keeps out of a response; `body` stands for the message body."""

    name: str
    reference: str
    methods: tuple[str, ...] = ()
    """The methods it is forbidden for; empty: all."""
    why: str = ""
    key: str = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "key", header_names.key(self.name))


@dataclass(frozen=True, slots=True)
class Duty:
    """What a client has to do, may do or must not do on this code, so that a test can look for it."""

    level: DutyLevel
    text: str
    reference: str
    observe: str = ""
    """What shows it on the wire."""
    within: str = ""
    """How long it may take."""
    methods: tuple[str, ...] = ()
    """The methods of the request it is about; empty: all that the code is for."""
    id: str = ""
    """Set for duties common to many codes."""
