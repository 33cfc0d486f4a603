"""Which requests a rule or an `expect` is for: criteria with fast predicates, and in words what does not fit."""

from __future__ import annotations

import ipaddress
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Final, Protocol, TypeAlias

from responder.errors import ParseError
from responder.scenario.operators import AllOf, OneOf, Pattern, Test, covers
from responder.scenario.session import streams
from responder.sip.message import Request
from responder.sip.name_addr import NameAddr, split_tag
from responder.sip.uri import Uri

if TYPE_CHECKING:
    from responder.events import Flow
    from responder.sip.message import Message


class Facts(Protocol):
    """What cannot be read from the message itself."""

    @property
    def attempt(self) -> int:
        """Which of this caller's requests of this method it is, from 1 on."""

    def authenticated(self, request: Request) -> bool:
        """Whether its credentials are right."""


Values: TypeAlias = Sequence[str]
Read: TypeAlias = Callable[["Message", "Flow", Facts], Values]
"""All values of one key; none where the message lacks it or it is malformed."""


@dataclass(frozen=True, slots=True)
class Criterion:
    """One key of a match with what its value must be."""

    key: str
    """As in messages: `user`, `header Event`, `from.display`."""
    read: Read
    test: Test

    def holds(self, message: Message, flow: Flow, facts: Facts) -> bool:
        """Whether the message fits."""
        return self.test.accepts(self.read(message, flow, facts))

    def mismatch(self, message: Message, flow: Flow, facts: Facts) -> str | None:
        """`user: expected 'bob', got 'bobby'`; None where it fits."""
        values = self.read(message, flow, facts)
        if self.test.accepts(values):
            return None
        return f"{self.key}: expected {self.test}, got {_got(values)}"


@dataclass(frozen=True, slots=True)
class Network:
    """Addresses and networks (RFC 4632); a `Criterion` of its own kind, because it is not about texts."""

    networks: tuple[ipaddress.IPv4Network | ipaddress.IPv6Network, ...]
    written: tuple[str, ...]
    key: str = "source"

    def holds(self, message: Message, flow: Flow, facts: Facts) -> bool:
        """Whether it came from there."""
        address = _address(flow.remote[0])
        return address is not None and any(address in network for network in self.networks)

    def mismatch(self, message: Message, flow: Flow, facts: Facts) -> str | None:
        """`source: expected 192.0.2.0/24, got 198.51.100.7`; None where it fits."""
        if self.holds(message, flow, facts):
            return None
        return f"{self.key}: expected {' or '.join(self.written)}, got {flow.remote[0]}"


Condition: TypeAlias = Criterion | Network
ANY: Final[frozenset[str]] = frozenset()
"""Methods of a match that is for every method."""


@dataclass(frozen=True, slots=True)
class Match:
    """All its conditions hold. `methods` is empty for any."""

    methods: frozenset[str] = ANY
    conditions: tuple[Condition, ...] = ()
    implied: bool = False
    """The method was not written: INVITE is what a rule is for then."""

    def holds(self, request: Request, flow: Flow, facts: Facts) -> bool:
        """Whether the request fits."""
        return not (self.methods and request.method not in self.methods) and self.holds_otherwise(request, flow, facts)

    def holds_otherwise(self, message: Message, flow: Flow, facts: Facts) -> bool:
        """Whether the message fits apart from its method."""
        for condition in self.conditions:  # noqa: SIM110 - a generator costs more than the whole loop
            if not condition.holds(message, flow, facts):
                return False
        return True

    def mismatches(self, message: Message, flow: Flow, facts: Facts) -> list[str]:
        """What does not fit, one text a key."""
        found = []
        method = message.method if isinstance(message, Request) else ""
        if self.methods and method not in self.methods:
            implied = " (a rule that names no method is for INVITE)" if self.implied else ""
            wanted = " or ".join(f"'{name}'" for name in sorted(self.methods))
            found.append(f"method: expected {wanted}{implied}, got '{method}'")
        for condition in self.conditions:
            mismatch = condition.mismatch(message, flow, facts)
            if mismatch is not None:
                found.append(mismatch)
        return found

    def explain(self, request: Request, flow: Flow, facts: Facts) -> str | None:
        """What does not fit, in words; None where everything does."""
        return "; ".join(self.mismatches(request, flow, facts)) or None

    def groups(self, message: Message, flow: Flow, facts: Facts) -> dict[str, str]:
        """What the groups of its regular expressions matched, by name and by number."""
        found: dict[str, str] = {}
        for condition in self.conditions:
            if isinstance(condition, Criterion) and isinstance(condition.test, Pattern) and not condition.test.glob:
                match = condition.test.find(condition.read(message, flow, facts))
                if match is not None:
                    for number, text in enumerate(match.groups(), 1):
                        found.setdefault(str(number), text or "")
                    found.update({name: text or "" for name, text in match.groupdict().items()})
        return found

    def covers(self, other: Match) -> bool:
        """Whether it is certain that it takes whatever the other takes."""
        if self.methods and not (other.methods and other.methods <= self.methods):
            return False
        return all(any(_implied_by(mine, theirs) for theirs in other.conditions) for mine in self.conditions)


def _implied_by(wide: Condition, narrow: Condition) -> bool:
    if wide.key != narrow.key:
        return False
    if isinstance(wide, Network) and isinstance(narrow, Network):
        return all(
            any(inner.version == outer.version and inner.subnet_of(outer) for outer in wide.networks)  # type: ignore[arg-type]
            for inner in narrow.networks
        )
    return isinstance(wide, Criterion) and isinstance(narrow, Criterion) and covers(wide.test, narrow.test)


def _got(values: Values) -> str:
    shown = [f"'{value[:80]}'" for value in values[:3]]
    more = f" and {len(values) - 3} more" if len(values) > 3 else ""
    return ", ".join(shown) + more if shown else "nothing"


@lru_cache(4096)
def _address(text: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        return ipaddress.ip_address(text.partition("%")[0])
    except ValueError:
        return None


# Readers. A malformed field has no value, so that a match never raises.

_NOTHING: Final[tuple[str, ...]] = ()


@lru_cache(4096)
def user_of(uri: str) -> tuple[str, ...]:
    """The user of a URI with its escapes resolved."""
    try:
        user = Uri.parse(uri).user
    except ParseError:
        return _NOTHING
    return _NOTHING if user is None else (user,)


@lru_cache(4096)
def _address_part(value: str, part: str) -> tuple[str, ...]:
    try:
        address = NameAddr.parse(value)
    except ParseError:
        return _NOTHING
    if part == "uri":
        return (str(address.uri),)
    if part == "display":
        return (address.display,) if address.display else _NOTHING
    found = address.uri.user if part == "user" else address.uri.host
    return _NOTHING if found is None else (found,)


def address_reader(key: str, part: str) -> Read:
    """Of From or To: `user`, `host`, `uri` or `display`."""

    def read(message: Message, flow: Flow, facts: Facts) -> Values:
        value = message.first(key)
        if value is None:
            return _NOTHING
        cut = split_tag(value)  # the tag differs from call to call: without it the rest is remembered
        return _address_part(value if cut is None else cut[0], part)

    return read


_to_user: Final = address_reader("to", "user")


def read_user(message: Message, flow: Flow, facts: Facts) -> Values:
    """The user of the Request-URI; for REGISTER that of To, because its Request-URI has none (RFC 3261 10.2)."""
    if not isinstance(message, Request):
        return _NOTHING
    return _to_user(message, flow, facts) if message.method == "REGISTER" else user_of(message.uri)


def read_uri(message: Message, flow: Flow, facts: Facts) -> Values:
    """The Request-URI as written."""
    return (message.uri,) if isinstance(message, Request) else _NOTHING


def read_host(message: Message, flow: Flow, facts: Facts) -> Values:
    """The host of the Request-URI."""
    if isinstance(message, Request):
        try:
            host = message.target.host
        except ParseError:
            return _NOTHING
        return (host,) if host else _NOTHING
    return _NOTHING


def read_scheme(message: Message, flow: Flow, facts: Facts) -> Values:
    """The scheme of the Request-URI."""
    return (message.uri.partition(":")[0],) if isinstance(message, Request) else _NOTHING


def header_reader(key: str) -> Read:
    """All values of a header."""

    def read(message: Message, flow: Flow, facts: Facts) -> Values:
        if key not in message.shape.index:
            return _NOTHING
        try:
            values = message.every(key)
        except ParseError:
            return (message.first(key) or "",)
        whole = message.first(key)
        return values if whole is None or whole in values else [*values, whole]

    return read


def read_supported(message: Message, flow: Flow, facts: Facts) -> Values:
    """The option-tags of Supported."""
    try:
        return sorted(message.supported)
    except ParseError:
        return _NOTHING


def read_required(message: Message, flow: Flow, facts: Facts) -> Values:
    """The option-tags of Require."""
    try:
        return sorted(message.require)
    except ParseError:
        return _NOTHING


def read_body(message: Message, flow: Flow, facts: Facts) -> Values:
    """The body as text, where there is one."""
    return (message.body.decode("utf-8", "replace"),) if message.body else _NOTHING


def read_content_type(message: Message, flow: Flow, facts: Facts) -> Values:
    """The media type without its parameters."""
    try:
        found = message.content_type
    except ParseError:
        return _NOTHING
    return _NOTHING if found is None else (found.essence,)


def read_sdp(message: Message, flow: Flow, facts: Facts) -> Values:
    """`sdp` where the body has a session description."""
    return ("sdp",) if streams(message) else _NOTHING


def media_reader(media: str) -> Read:
    """The streams of that medium that are not refused."""

    def read(message: Message, flow: Flow, facts: Facts) -> Values:
        return [stream.media for stream in streams(message) if stream.media == media and stream.port]

    return read


def read_direction(message: Message, flow: Flow, facts: Facts) -> Values:
    """The direction of the first stream."""
    return [stream.direction for stream in streams(message)[:1]]


def read_codecs(message: Message, flow: Flow, facts: Facts) -> Values:
    """The encoding names of all streams."""
    return [codec for stream in streams(message) for codec in stream.codecs]


def read_transport(message: Message, flow: Flow, facts: Facts) -> Values:
    """What it came over."""
    return (flow.transport,)


def read_attempt(message: Message, flow: Flow, facts: Facts) -> Values:
    """Which of the caller's requests of this method it is."""
    return (str(facts.attempt),)


def read_authenticated(message: Message, flow: Flow, facts: Facts) -> Values:
    """`yes` where its credentials are right."""
    return ("yes",) if isinstance(message, Request) and facts.authenticated(message) else _NOTHING


def exact(*texts: str, folded: bool = False) -> OneOf:
    """Exactly one of these texts."""
    return OneOf(frozenset(text.lower() if folded else text for text in texts), texts, folded)


def all_of(*texts: str) -> AllOf:
    """All of these option-tags, which are compared without regard to case."""
    return AllOf(frozenset(text.lower() for text in texts))
