"""The closed set of names in `${...}`: for each what it stands for. There is no other way to a value."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TYPE_CHECKING, Final, Protocol, TypeAlias
from urllib.parse import quote

from responder.errors import ParseError
from responder.registry.derive import sip_date
from responder.scenario import session
from responder.sip import header_names
from responder.sip.name_addr import NameAddr
from responder.sip.uri import Uri

if TYPE_CHECKING:
    from responder.events import Flow
    from responder.scenario.draws import Draws
    from responder.sip.message import Request


class Scope(Protocol):
    """What a text is rendered for: a call at one moment, or one branch of it."""

    @property
    def request(self) -> Request:
        """The last request of the client."""

    @property
    def flow(self) -> Flow:
        """What it came over."""

    @property
    def first(self) -> Request:
        """The call's first request."""

    @property
    def number(self) -> int:
        """The call's number."""

    @property
    def attempt(self) -> int:
        """Which of this caller's requests of this method the call began with."""

    @property
    def elapsed(self) -> float:
        """Seconds since the call's first request."""

    @property
    def wall(self) -> float:
        """Seconds since 1970 UTC."""

    @property
    def variables(self) -> dict[str, str]:
        """What `set` and `as` have set."""

    @property
    def groups(self) -> dict[str, str]:
        """What the groups of the regular expressions matched."""

    @property
    def draws(self) -> Draws:
        """Where random values come from."""

    @property
    def contact(self) -> str:
        """Our own URI, as in our Contact."""

    def registered(self, user: str) -> str:
        """The best contact that this user has registered, empty where there is none."""


Accessor: TypeAlias = Callable[[Scope], "str | None"]
"""Gives the text a name stands for, None where there is nothing."""


class UnknownNameError(Exception):
    """A name that does not exist; `known` are those it could have been."""

    def __init__(self, known: list[str]) -> None:
        super().__init__()
        self.known = known


def _soft(read: Callable[[Scope], str | None]) -> Accessor:
    """The same, with nothing where the message is malformed."""

    def accessor(scope: Scope) -> str | None:
        try:
            return read(scope)
        except ParseError:
            return None

    return accessor


_URI_PARTS: Final[dict[str, Callable[[Uri], str | None]]] = {
    "user": lambda uri: uri.user,
    "host": lambda uri: uri.host,
    "port": lambda uri: None if uri.port is None else str(uri.port),
}
_ADDRESS_PARTS: Final[dict[str, Callable[[NameAddr], str | None]]] = {
    "uri": lambda address: str(address.uri),
    "user": lambda address: address.uri.user,
    "host": lambda address: address.uri.host,
    "display": lambda address: address.display,
    "tag": lambda address: address.tag,
}


def _uri_part(read: Callable[[Uri], str | None]) -> Accessor:
    return _soft(lambda scope: read(scope.request.target))


def _from_part(read: Callable[[NameAddr], str | None]) -> Accessor:
    return _soft(lambda scope: read(scope.request.from_))


def _to_part(read: Callable[[NameAddr], str | None]) -> Accessor:
    return _soft(lambda scope: read(scope.request.to))


def _header(name: str) -> Accessor:
    key = header_names.key(name)

    def accessor(scope: Scope) -> str | None:
        # RFC 3261 section 7.3.1: several fields of a list are one field with commas
        values = scope.request.every(key)
        return ", ".join(values) if values else None

    return accessor


def _uri_param(name: str) -> Accessor:
    return _uri_part(lambda uri: uri.params.get(name))


def _host(host: str) -> str:
    return f"[{host}]" if ":" in host else host


_NAMES: Final[dict[str, Accessor]] = {
    "request.method": lambda scope: scope.request.method,
    "request.uri": lambda scope: scope.request.uri,
    **{f"request.uri.{part}": _uri_part(read) for part, read in _URI_PARTS.items()},
    "request.from": lambda scope: scope.request.first("from"),
    **{f"request.from.{part}": _from_part(read) for part, read in _ADDRESS_PARTS.items()},
    "request.to": lambda scope: scope.request.first("to"),
    **{f"request.to.{part}": _to_part(read) for part, read in _ADDRESS_PARTS.items()},
    "request.body": lambda scope: scope.request.body.decode("utf-8", "surrogateescape"),
    "request.sdp.address": lambda scope: session.address(scope.request),
    "request.sdp.port": lambda scope: session.port(scope.request),
    "request.source.ip": lambda scope: scope.flow.remote[0],
    "request.source.port": lambda scope: str(scope.flow.remote[1]),
    "request.source.transport": lambda scope: scope.flow.transport,
    "call.id": lambda scope: scope.first.first("call-id"),
    "call.number": lambda scope: str(scope.number),
    "call.attempt": lambda scope: str(scope.attempt),
    "call.elapsed": lambda scope: f"{scope.elapsed:.3f}",
    "local.ip": lambda scope: _host(scope.flow.local[0]),
    "local.port": lambda scope: str(scope.flow.local[1]),
    "local.transport": lambda scope: scope.flow.transport,
    "local.uri": lambda scope: scope.contact,
    "now.rfc1123": lambda scope: sip_date(scope.wall),
    "random.hex8": lambda scope: f"{scope.draws.bits(32):08x}",
    "random.digits6": lambda scope: f"{scope.draws.bits(40) % 1_000_000:06d}",
}
_OPEN: Final[dict[str, Callable[[str], Accessor]]] = {
    "request.header.": _header,
    "request.uri.params.": _uri_param,
    "vars.": lambda name: lambda scope: scope.variables.get(name),
    "match.": lambda name: lambda scope: scope.groups.get(name),
    "registrar.": lambda name: lambda scope: scope.registered(name) or None,
}
"""Beginnings of names whose last part is free."""

_last_part: Final = re.compile(r"[A-Za-z0-9\-.!%*_+`'~]+").fullmatch

KNOWN: Final = (*_NAMES, "request.header.NAME", "request.uri.params.NAME", "vars.NAME", "match.GROUP", "registrar.USER")
"""Every name, for documents and suggestions; capitals stand for the author's."""


_RAW_USERS: Final[dict[str, Accessor]] = {
    "request.uri.user": _uri_part(lambda uri: uri.raw_user),
    "request.from.user": _from_part(lambda address: address.uri.raw_user),
    "request.to.user": _to_part(lambda address: address.uri.raw_user),
}


def user_accessor_of(name: str) -> Accessor:
    """The same for the place of the user in a URI, where some characters need an escape (RFC 3261 section 19.1.2).

    The user of a URI of the request stands there as it was written; what else there is has its escapes made.
    """
    raw = _RAW_USERS.get(name)
    if raw is not None:
        return raw
    accessor = accessor_of(name)

    def escaped(scope: Scope) -> str | None:
        value = accessor(scope)
        return None if value is None else quote(value, safe=_IN_USER, errors="surrogateescape")

    return escaped


_IN_USER: Final = "-_.!~*'()&=+$,;?/"
"""unreserved and user-unreserved, letters and digits aside (section 25.1)."""


def accessor_of(name: str) -> Accessor:
    """What a name stands for; `UnknownNameError` where there is no such name.

    Whether a variable or a group of that name exists is for the caller to see to.
    """
    accessor = _NAMES.get(name)
    if accessor is not None:
        return accessor
    for start, make in _OPEN.items():
        if name.startswith(start) and _last_part(name[len(start) :]):
            return make(name[len(start) :])
    last = name.rpartition(".")[2] or "NAME"
    known = [*_NAMES, *(f"{start}{last}" for start in _OPEN)]
    raise UnknownNameError([*KNOWN] if name in known else known)
