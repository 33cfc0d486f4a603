"""Session descriptions (RFC 4566): text to `Session` and back, as far as offer and answer (RFC 3264) need them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from responder.errors import ParseError

DIRECTIONS: Final = ("sendrecv", "sendonly", "recvonly", "inactive")
"""RFC 4566 section 6; the first is meant where none is written."""

_line_end: Final = re.compile(r"\r?\n")
_media: Final = re.compile(
    r"([!#-+\-./0-9A-Z^-~]++) ([0-9]{1,5})(?:/([0-9]{1,5}))?+ ([^ ]++)((?: [^ ]++)++) ?"
).fullmatch
_connection: Final = re.compile(r"([^ ]++) ([^ ]++) ([^ ]++) ?").fullmatch
_origin: Final = re.compile(r"([^ ]++) ([0-9]++) ([0-9]++) ([^ ]++) ([^ ]++) ([^ ]++) ?").fullmatch

_SESSION_ORDER: Final = "iuepcbtrzk"
_MEDIA_ORDER: Final = "icbk"


class SdpError(ParseError):
    """A session description that cannot be read (400) or cannot be answered (488).

    `warning` is the code for a Warning header field (RFC 3261 section 20.43), 0 where none fits.
    """

    def __init__(self, what: str, *, status: int = 400, warning: int = 0) -> None:
        super().__init__(what, status=status, field="SDP")
        self.warning = warning


@dataclass(frozen=True, slots=True)
class Origin:
    """The `o=` line (RFC 4566 section 5.2)."""

    username: str
    session_id: int
    version: int
    network: str
    family: str
    address: str

    def __str__(self) -> str:
        return f"{self.username} {self.session_id} {self.version} {self.network} {self.family} {self.address}"


@dataclass(frozen=True, slots=True)
class Connection:
    """A `c=` line (RFC 4566 section 5.7)."""

    family: str
    """`IP4` or `IP6`."""
    address: str
    """As written, with the TTL of a multicast address."""
    network: str = "IN"

    @staticmethod
    def of(host: str) -> Connection:
        """The connection line of an IP literal or host name of ours."""
        return Connection("IP6" if ":" in host else "IP4", host)

    @property
    def on_hold(self) -> bool:
        """Whether it asks for silence as RFC 2543 did (RFC 3264 section 8.4)."""
        return self.address in ("0.0.0.0", "::")

    def __str__(self) -> str:
        return f"{self.network} {self.family} {self.address}"


Attribute = tuple[str, str | None]
"""Name and value of an `a=` line; None for a property attribute."""


def _direction(attributes: tuple[Attribute, ...]) -> str | None:
    return next((name for name, value in attributes if value is None and name in DIRECTIONS), None)


@dataclass(frozen=True, slots=True)
class Media:
    """A media description: an `m=` line and what follows it (RFC 4566 section 5.14)."""

    kind: str
    """`audio`, `video`, `image`, ..."""
    port: int
    protocol: str
    formats: tuple[str, ...]
    attributes: tuple[Attribute, ...] = ()
    connection: Connection | None = None
    ports: int = 1
    """How many port pairs from `port` on."""
    others: tuple[tuple[str, str], ...] = ()
    """Lines of other types (`i`, `b`, `k`): letter and value."""

    def attribute(self, name: str) -> str | None:
        """The value of the first attribute of that name, `""` for a property; None where it is missing."""
        return next((value or "" for key, value in self.attributes if key == name), None)

    @property
    def direction(self) -> str | None:
        """The direction attribute, None where none is written."""
        return _direction(self.attributes)

    @property
    def rtpmaps(self) -> dict[str, str]:
        """Payload type to encoding (`opus/48000/2`)."""
        return self._by_format("rtpmap")

    @property
    def fmtps(self) -> dict[str, str]:
        """Payload type to format parameters."""
        return self._by_format("fmtp")

    def _by_format(self, name: str) -> dict[str, str]:
        pairs = [(value or "").partition(" ") for key, value in self.attributes if key == name]
        return {payload: text.strip() for payload, _, text in pairs}

    def __str__(self) -> str:
        ports = "" if self.ports == 1 else f"/{self.ports}"
        head = f"m={self.kind} {self.port}{ports} {self.protocol} {' '.join(self.formats)}\r\n"
        return head + _written(_MEDIA_ORDER, self.others, self.connection, self.attributes)


@dataclass(frozen=True, slots=True)
class Session:
    """A session description."""

    origin: Origin
    name: str = "-"
    connection: Connection | None = None
    times: tuple[tuple[str, str], ...] = (("t", "0 0"),)
    """The `t=`, `r=` and `z=` lines: letter and value."""
    attributes: tuple[Attribute, ...] = ()
    media: tuple[Media, ...] = ()
    others: tuple[tuple[str, str], ...] = ()
    """Lines of other types (`i`, `u`, `e`, `p`, `b`, `k`): letter and value."""

    @staticmethod
    def parse(text: str) -> Session:
        """The description; `SdpError` (400) where a line or the session as a whole is malformed.

        More lenient than the grammar in three things: bare LF, an empty `s=`, and the order of lines within a section.
        """
        sections = _sections(text)
        session = sections[0]
        for letter in "vost":
            if letter not in [key for key, _ in session]:
                raise SdpError(f"Malformed SDP: no {letter}= line")
        if session[0] != ("v", "0"):
            raise SdpError("Malformed SDP: it does not begin with v=0")
        media = tuple([_parse_media(section) for section in sections[1:]])
        connection = _connection_of(session)
        if connection is None and any(stream.connection is None and stream.port for stream in media):
            raise SdpError("Malformed SDP: no c= line")
        return Session(
            _parse_origin(next(value for key, value in session if key == "o")),
            next(value for key, value in session if key == "s"),
            connection,
            tuple([pair for pair in session if pair[0] in "trz"]),
            _attributes(session),
            media,
            tuple([pair for pair in session if pair[0] in "iuepbk"]),
        )

    def direction_of(self, media: Media) -> str:
        """The direction of a stream: its own, else the session's, else `sendrecv` (RFC 4566 section 6)."""
        return media.direction or _direction(self.attributes) or "sendrecv"

    def connection_of(self, media: Media) -> Connection | None:
        """The connection of a stream: its own, else the session's."""
        return media.connection or self.connection

    def __str__(self) -> str:
        head = f"v=0\r\no={self.origin}\r\ns={self.name}\r\n"
        lines = _written(_SESSION_ORDER, (*self.others, *self.times), self.connection, self.attributes)
        return head + lines + "".join([str(media) for media in self.media])


def _written(
    order: str, lines: tuple[tuple[str, str], ...], connection: Connection | None, attributes: tuple[Attribute, ...]
) -> str:
    if connection is not None:
        lines = (*lines, ("c", str(connection)))
    # r= belongs to the t= before it: the order of those among themselves is kept
    ranked = sorted(lines, key=lambda pair: order.index("t" if pair[0] == "r" else pair[0]))
    texts = [f"{letter}={value}\r\n" for letter, value in ranked]
    texts += [f"a={name}\r\n" if value is None else f"a={name}:{value}\r\n" for name, value in attributes]
    return "".join(texts)


def _sections(text: str) -> list[list[tuple[str, str]]]:
    """The lines as letter and value, cut into the session's and one list for each `m=`."""
    sections: list[list[tuple[str, str]]] = [[]]
    for line in _line_end.split(text.rstrip("\r\n")):
        if len(line) < 2 or line[1] != "=" or not ("a" <= line[0] <= "z") or "\r" in line or "\0" in line:
            raise SdpError("Malformed SDP: a line is not of the form x=...")
        if line[0] == "m":
            sections.append([])
        sections[-1].append((line[0], line[2:]))
    return sections


def _parse_origin(text: str) -> Origin:
    found = _origin(text)
    if not found or max(len(found[2]), len(found[3])) > 40:
        raise SdpError("Malformed SDP: o= line")
    return Origin(found[1], int(found[2]), int(found[3]), found[4], found[5], found[6])


def _connection_of(lines: list[tuple[str, str]]) -> Connection | None:
    text = next((value for key, value in lines if key == "c"), None)
    if text is None:
        return None
    found = _connection(text)
    if not found:
        raise SdpError("Malformed SDP: c= line")
    return Connection(found[2], found[3], found[1])


def _attributes(lines: list[tuple[str, str]]) -> tuple[Attribute, ...]:
    pairs = [value.partition(":") for key, value in lines if key == "a"]
    return tuple([(name, value if colon else None) for name, colon, value in pairs])


def _parse_media(lines: list[tuple[str, str]]) -> Media:
    found = _media(lines[0][1])
    if not found or int(found[2]) > 65535:
        raise SdpError("Malformed SDP: m= line")
    kind, port, ports, protocol, formats = found.groups()
    return Media(
        kind,
        int(port),
        protocol,
        tuple(formats.split()),
        _attributes(lines),
        _connection_of(lines),
        int(ports or 1),
        tuple([pair for pair in lines if pair[0] in "ibk"]),
    )
