"""Messages (RFC 3261 section 7): requests and responses as values whose header fields are read when somebody asks.

Rules
1. A message keeps its field names and raw values in order, as they came; nothing is lost, bytes that are not UTF-8
   included (they are surrogate escapes).
2. The names live in a `Shape`, one object for all messages with the same sequence of names: what depends on names only
   is worked out once for all of them.
3. Typed values are computed at the first access and kept. They raise `ParseError` where the field is malformed and are
   None (or empty) where it is missing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, Final

from responder.errors import ParseError
from responder.sip import header_names
from responder.sip.abnf import elements, is_call_id, number
from responder.sip.fields import (
    CSeq,
    Event,
    MediaType,
    NameAddr,
    RAck,
    Replaces,
    SessionExpires,
    TopVia,
    Via,
    option_tags,
    top_via,
)
from responder.sip.name_addr import split_tag
from responder.sip.uri import Uri


class Shape:
    """The names of a message's header fields in order, and what follows from them."""

    __slots__ = ("colons", "every", "index", "keys", "lasting", "length_at", "memo", "names")

    names: tuple[str, ...]
    """As written."""
    keys: tuple[str, ...]
    """Their KEYs (see `header_names`)."""
    index: dict[str, int]
    """KEY to the position of the first field of that key."""
    every: dict[str, tuple[int, ...]]
    """KEY to the positions of all of them."""
    colons: tuple[str, ...]
    """As many colons as there are names: what the parser finds between names and values."""
    length_at: int
    """Position of Content-Length, -1 where there is none."""
    lasting: bool
    """Whether it is of a size worth remembering."""
    memo: dict[Any, Any]
    """Whatever upper layers want to remember of this layout; they bound what they put there."""

    def __init__(self, names: tuple[str, ...]) -> None:
        self.names = names
        self.keys = tuple(map(header_names.key, names))
        every: dict[str, list[int]] = {}
        for position, key in enumerate(self.keys):
            every.setdefault(key, []).append(position)
        self.every = {key: tuple(positions) for key, positions in every.items()}
        self.index = {key: positions[0] for key, positions in every.items()}
        self.colons = (":",) * len(names)
        self.length_at = self.index.get("content-length", -1)
        self.lasting = len(names) <= 64 and sum(map(len, names)) <= 2048
        self.memo = {}


_BOUND: Final = 1024
_shapes: dict[tuple[str, ...], Shape] = {}


def shape_of(names: tuple[str, ...]) -> Shape:
    """The Shape of that sequence of names, shared as long as it is remembered."""
    found = _shapes.get(names)
    if found is None:
        found = Shape(names)
        if found.lasting:
            if len(_shapes) >= _BOUND:
                _shapes.clear()
            _shapes[names] = found
    return found


class Message:
    """What requests and responses have in common. Made by the parser, or by hand for tests; not changed afterwards."""

    __slots__ = (
        "accept",
        "body",
        "call_id",
        "contacts",
        "content_length",
        "content_type",
        "cseq",
        "event",
        "expires",
        "from_",
        "from_tag",
        "max_forwards",
        "problem",
        "proxy_require",
        "rack",
        "record_routes",
        "replaces",
        "require",
        "routes",
        "session_expires",
        "shape",
        "supported",
        "to",
        "to_tag",
        "top_via",
        "values",
        "version",
        "vias",
    )

    shape: Shape
    values: tuple[str, ...]
    """Everything right of the colon, white space included; folded lines are joined."""
    body: bytes
    problem: ParseError | None
    """The first thing wrong with the message as a whole that still leaves it answerable."""
    version: str
    """`SIP/2.0` as written."""

    top_via: TopVia
    """The topmost Via."""
    vias: list[Via]
    from_: NameAddr
    from_tag: str | None
    to: NameAddr
    to_tag: str | None
    call_id: str
    cseq: CSeq
    contacts: list[NameAddr] | None
    """None stands for `Contact: *`."""
    record_routes: list[NameAddr]
    routes: list[NameAddr]
    accept: list[MediaType] | None
    """None where there is no Accept field: then SDP is accepted (RFC 3261 section 20.1)."""
    max_forwards: int | None
    content_length: int | None
    content_type: MediaType | None
    event: Event | None
    expires: int | None
    session_expires: SessionExpires | None
    rack: RAck | None
    replaces: Replaces | None
    supported: frozenset[str]
    """Option tags in lower case."""
    require: frozenset[str]
    proxy_require: frozenset[str]

    def __getattr__(self, name: str) -> Any:
        """The typed value of that slot, computed now and kept."""
        compute = _TYPED.get(name)
        if compute is None:
            raise AttributeError(name)
        value = compute(self)
        setattr(self, name, value)
        return value

    def first(self, key: str) -> str | None:
        """The stripped value of the first field of that KEY."""
        at = self.shape.index.get(key)
        return None if at is None else self.values[at].strip(" \t")

    def every(self, key: str) -> list[str]:
        """All values of that KEY, those with comma-separated elements taken apart (RFC 3261 section 7.3.1)."""
        positions = self.shape.every.get(key)
        if positions is None:
            return []
        if header_names.is_list(key):
            return [element for at in positions for element in elements(self.values[at])]
        return [self.values[at].strip(" \t") for at in positions]

    def get(self, name: str) -> str | None:
        """The stripped value of the first field of that name, in any spelling, compact forms included."""
        return self.first(header_names.key(name))

    def __contains__(self, name: str) -> bool:
        return header_names.key(name) in self.shape.index

    def fields(self) -> Iterator[tuple[str, str]]:
        """Names as written and stripped values, in order."""
        for name, value in zip(self.shape.names, self.values, strict=True):
            yield name.rstrip(" \t"), value.strip(" \t")


class Request(Message):
    """A request (RFC 3261 section 7.1)."""

    __slots__ = ("method", "target", "uri")

    method: str
    uri: str
    """The Request-URI as written."""
    target: Uri
    """The Request-URI taken apart."""

    def __init__(
        self,
        method: str,
        uri: str,
        version: str,
        shape: Shape,
        values: tuple[str, ...],
        body: bytes,
        problem: ParseError | None = None,
    ) -> None:
        self.method = method
        self.uri = uri
        self.version = version
        self.shape = shape
        self.values = values
        self.body = body
        self.problem = problem

    @property
    def start_line(self) -> str:
        """The Request-Line."""
        return f"{self.method} {self.uri} {self.version}"

    def __repr__(self) -> str:
        return f"<Request {self.start_line}>"


class Response(Message):
    """A response (RFC 3261 section 7.2)."""

    __slots__ = ("reason", "status")

    status: int
    reason: str

    def __init__(
        self,
        status: int,
        reason: str,
        version: str,
        shape: Shape,
        values: tuple[str, ...],
        body: bytes,
        problem: ParseError | None = None,
    ) -> None:
        self.status = status
        self.reason = reason
        self.version = version
        self.shape = shape
        self.values = values
        self.body = body
        self.problem = problem

    @property
    def start_line(self) -> str:
        """The Status-Line."""
        return f"{self.version} {self.status} {self.reason}"

    def __repr__(self) -> str:
        return f"<Response {self.start_line}>"


def _needed(message: Message, key: str) -> str:
    at = message.shape.index.get(key)
    if at is None:
        name = header_names.display(key)
        raise ParseError(f"Missing {name}", field=name)
    return message.values[at]


def _address(message: Message, key: str) -> NameAddr:
    name = header_names.display(key)
    return address_of(_needed(message, key), name)


def address_of(value: str, name: str) -> NameAddr:
    """One name-addr or addr-spec; `ParseError` that names the field."""
    try:
        return NameAddr.parse(value)
    except ParseError as error:
        raise ParseError(f"Malformed {name}: {error.what}", status=error.status, field=name) from None


def _tag(message: Message, key: str) -> str | None:
    at = message.shape.index.get(key)
    if at is None:
        return None
    cut = split_tag(message.values[at])
    if cut is not None:
        return cut[1]
    return message.from_.tag if key == "from" else message.to.tag


def _addresses(message: Message, key: str) -> list[NameAddr]:
    name = header_names.display(key)
    return [address_of(element, name) for element in message.every(key)]


def _contacts(message: Message) -> list[NameAddr] | None:
    values = message.every("contact")
    # Contact  =  ("Contact" / "m" ) HCOLON ( STAR / (contact-param *(COMMA contact-param)))
    if "*" in values:
        if len(values) > 1:
            raise ParseError("Malformed Contact: * beside others", field="Contact")
        return None
    return [address_of(value, "Contact") for value in values]


def _vias(message: Message) -> list[Via]:
    _needed(message, "via")
    return [Via.parse(element) for element in message.every("via")]


def _call_id(message: Message) -> str:
    value = _needed(message, "call-id").strip(" \t")
    # callid  =  word [ "@" word ]
    if not is_call_id(value):
        raise ParseError("Malformed Call-ID", field="Call-ID")
    return value


def _number(message: Message, key: str, largest: int = 2**32 - 1) -> int | None:
    value = message.first(key)
    return None if value is None else number(value, field=header_names.display(key), largest=largest)


def _tags(message: Message, key: str) -> frozenset[str]:
    positions = message.shape.every.get(key)
    if positions is None:
        return frozenset()
    return option_tags(",".join([message.values[at] for at in positions]))


def _optional(message: Message, key: str, parse: Callable[[str], Any]) -> Any:
    value = message.first(key)
    return None if value is None else parse(value)


def _target(message: Message) -> Uri:
    assert isinstance(message, Request)
    try:
        return Uri.parse(message.uri)
    except ParseError as error:
        raise ParseError("Malformed Request-URI", status=error.status, field="Request-URI") from None


def _accept(message: Message) -> list[MediaType] | None:
    if "accept" not in message.shape.index:
        return None
    try:
        return [MediaType.parse(element) for element in message.every("accept")]
    except ParseError:
        raise ParseError("Malformed Accept", field="Accept") from None


_TYPED: Final[dict[str, Callable[[Message], Any]]] = {
    "top_via": lambda message: top_via(_needed(message, "via")),
    "vias": _vias,
    "from_": lambda message: _address(message, "from"),
    "from_tag": lambda message: _tag(message, "from"),
    "to": lambda message: _address(message, "to"),
    "to_tag": lambda message: _tag(message, "to"),
    "call_id": _call_id,
    "cseq": lambda message: CSeq.parse(_needed(message, "cseq")),
    "contacts": _contacts,
    "record_routes": lambda message: _addresses(message, "record-route"),
    "routes": lambda message: _addresses(message, "route"),
    "accept": _accept,
    "max_forwards": lambda message: _number(message, "max-forwards", 255),
    "content_length": lambda message: _number(message, "content-length"),
    "content_type": lambda message: _optional(message, "content-type", MediaType.parse),
    "event": lambda message: _optional(message, "event", Event.parse),
    "expires": lambda message: _number(message, "expires"),
    "session_expires": lambda message: _optional(message, "session-expires", SessionExpires.parse),
    "rack": lambda message: _optional(message, "rack", RAck.parse),
    "replaces": lambda message: _optional(message, "replaces", Replaces.parse),
    "supported": lambda message: _tags(message, "supported"),
    "require": lambda message: _tags(message, "require"),
    "proxy_require": lambda message: _tags(message, "proxy-require"),
    "target": _target,
}
