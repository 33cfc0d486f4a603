"""SIP messages as this client writes and reads them (RFC 3261 sections 7, 19, 20 and 25).

Written from the RFC, with nothing of the responder in it.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace

LONG = {
    "i": "Call-ID", "m": "Contact", "e": "Content-Encoding", "l": "Content-Length", "c": "Content-Type", "f": "From",
    "s": "Subject", "k": "Supported", "t": "To", "v": "Via", "o": "Event", "r": "Refer-To", "b": "Referred-By",
    "u": "Allow-Events", "x": "Session-Expires", "a": "Accept-Contact", "j": "Reject-Contact",
    "d": "Request-Disposition", "y": "Identity", "n": "Identity-Info",
}  # fmt: skip
"""Compact names (7.3.3 and the RFCs that define the fields)."""


def split(text: str, separator: str = ",") -> list[str]:
    """The parts of a list; separators inside quotes and angle brackets do not count."""
    parts, start, quoted, angled, escaped = [], 0, False, 0, False
    for at, char in enumerate(text):
        if escaped:
            escaped = False
        elif quoted:
            escaped, quoted = char == "\\", char != '"'
        elif char == '"':
            quoted = True
        elif char in "<>":
            angled = max(0, angled + (1 if char == "<" else -1))
        elif char == separator and not angled:
            parts.append(text[start:at].strip())
            start = at + 1
    return [part for part in [*parts, text[start:].strip()] if part]


def params(text: str) -> dict[str, str]:
    """`a=b;c` as a mapping; names in lower case, quotes taken off."""
    found = {}
    for part in split(text, ";"):
        name, _, value = part.partition("=")
        found[name.strip().lower()] = value.strip().strip('"')
    return found


@dataclass(frozen=True)
class Uri:
    """A SIP URI (19.1)."""

    scheme: str
    user: str
    host: str
    port: int | None
    params: str = ""
    headers: str = ""

    @classmethod
    def parse(cls, text: str) -> Uri:
        """From its text; a URI of another scheme has it all in `host`."""
        scheme, _, rest = text.strip().partition(":")
        if scheme.lower() not in ("sip", "sips"):
            return cls(scheme.lower(), "", rest, None)
        rest, _, headers = rest.partition("?")
        user, _, hostport = rest.rpartition("@") if "@" in rest else ("", "", rest)
        hostport, semicolon, parameters = hostport.partition(";")
        match = re.fullmatch(r"(\[[^\]]*\]|[^:]*)(?::(\d+))?", hostport)
        host, port = (match[1], match[2]) if match else (hostport, None)
        return cls(scheme.lower(), user, host, int(port) if port else None, semicolon + parameters, headers)

    @property
    def bare(self) -> Uri:
        """As a Request-URI may be: no headers, no method (19.1.1)."""
        kept = [part for part in split(self.params, ";") if not part.lower().startswith("method=")]
        return replace(self, params="".join(f";{part}" for part in kept), headers="")

    @property
    def transport(self) -> str:
        """What its parameter says, in lower case."""
        return params(self.params).get("transport", "").lower()

    @property
    def key(self) -> tuple[str, str, str, int]:
        """What makes it another address, near enough to 19.1.4."""
        return self.scheme, self.user, self.host.lower(), self.port or 5060

    def __str__(self) -> str:
        at = f"{self.user}@" if self.user else ""
        port = f":{self.port}" if self.port is not None else ""
        return f"{self.scheme}:{at}{self.host}{port}{self.params}" + (f"?{self.headers}" if self.headers else "")


@dataclass(frozen=True)
class Address:
    """A name-addr or addr-spec with its parameters, as From, To, Contact and Route have it (20.10)."""

    uri: str
    params: dict[str, str]

    @classmethod
    def parse(cls, text: str) -> Address:
        """Without angle brackets the parameters belong to the header (20.10)."""
        match = re.fullmatch(r"(?s)\s*(?:\"(?:\\.|[^\"\\])*\"|[^<\"]*)\s*<([^>]*)>\s*(.*)", text)
        if match:
            return cls(match[1].strip(), params(match[2]))
        uri, _, rest = text.strip().partition(";")
        return cls(uri, params(rest))


@dataclass
class Message:
    """A request or a response."""

    start: str
    headers: list[tuple[str, str]] = field(default_factory=list)
    body: bytes = b""
    roles: frozenset[str] = frozenset()
    """What this client sends it as; faults pick their messages by these words."""
    sized: bool = True
    """Whether Content-Length is written, where no header says it."""
    local: bool = False
    """True for a response that this client made up: a timeout or a transport error (8.1.3.1)."""

    @classmethod
    def parse(cls, data: bytes) -> Message:
        """From its bytes; raises ValueError for what is none."""
        head, _, body = data.partition(b"\r\n\r\n")
        text = re.sub(r"\r\n[ \t]+", " ", head.decode("utf-8", "replace")).lstrip("\r\n")
        start, *lines = text.split("\r\n")
        if not re.match(r"SIP/2\.0 \d{3}( |$)|[^ ]+ [^ ]+ SIP/2\.0$", start, re.IGNORECASE):
            raise ValueError(f"no SIP message: {start!r}")
        headers = []
        for line in lines:
            name, colon, value = line.partition(":")
            if colon:
                headers.append((LONG.get(name.strip().lower(), name.strip()), value.strip()))
        message = cls(start, headers)
        length = message.get("Content-Length")
        message.body = body[: int(length)] if length.isdigit() else body
        return message

    @property
    def is_request(self) -> bool:
        """Else it is a response."""
        return self.start[:4].upper() != "SIP/"

    @property
    def method(self) -> str:
        """Of a request its own, of a response that of its CSeq."""
        return self.start.split(" ", 1)[0] if self.is_request else self.cseq[1]

    @property
    def uri(self) -> str:
        """The Request-URI."""
        return self.start.split()[1]

    @uri.setter
    def uri(self, value: str) -> None:
        self.start = f"{self.method} {value} SIP/2.0"

    @property
    def status(self) -> int:
        """Of a response."""
        return int(self.start.split(" ")[1])

    @property
    def cseq(self) -> tuple[int, str]:
        """Number and method."""
        match = re.fullmatch(r"(\d+)\s+(\S+)", self.get("CSeq"))
        return (int(match[1]), match[2]) if match else (0, "")

    @property
    def branch(self) -> str:
        """Of the top Via."""
        return params(next(iter(self.values("Via")), "").partition(";")[2]).get("branch", "")

    def get(self, name: str) -> str:
        """The first value of a header as it stands, empty where there is none."""
        return next((value for own, value in self.headers if own.lower() == name.lower()), "")

    def has(self, name: str) -> bool:
        """Whether the header is there."""
        return any(own.lower() == name.lower() for own, _ in self.headers)

    def values(self, name: str) -> list[str]:
        """All values of a header, lists taken apart."""
        return [part for own, value in self.headers if own.lower() == name.lower() for part in split(value)]

    def lines(self, name: str) -> list[str]:
        """All values of a header, a line each."""
        return [value for own, value in self.headers if own.lower() == name.lower()]

    def tokens(self, name: str) -> set[str]:
        """A list of tokens, such as Require."""
        return {value.lower() for value in self.values(name)}

    def tag(self, name: str) -> str:
        """The tag of From or To."""
        return Address.parse(self.get(name)).params.get("tag", "")

    def put(self, name: str, *values: str) -> None:
        """These values and no others, at the place of the first."""
        places = [at for at, (own, _) in enumerate(self.headers) if own.lower() == name.lower()]
        at = places[0] if places else len(self.headers)
        kept = [(place, header) for place, header in enumerate(self.headers) if place not in places]
        before = [header for place, header in kept if place < at]
        after = [header for place, header in kept if place > at]
        self.headers = [*before, *((name, value) for value in values), *after]

    def add(self, name: str, *values: str) -> None:
        """These values behind what there is."""
        self.headers += [(name, value) for value in values]

    def drop(self, name: str) -> None:
        """None of it any more."""
        self.headers = [header for header in self.headers if header[0].lower() != name.lower()]

    def carry(self, content: str, body: bytes) -> None:
        """A body of this type; none where it is empty."""
        self.body = body
        self.drop("Content-Type")
        if body:
            self.add("Content-Type", content)

    def copy(self) -> Message:
        """Another with the same contents."""
        return replace(self, headers=list(self.headers))

    def __bytes__(self) -> bytes:
        lines = [self.start, *(f"{name}: {value}" for name, value in self.headers)]
        if self.sized and not self.has("Content-Length"):
            lines.append(f"Content-Length: {len(self.body)}")
        return "\r\n".join([*lines, "", ""]).encode() + self.body


def request(method: str, uri: str, headers: Iterable[tuple[str, str]], *roles: str) -> Message:
    """A request; empty headers are left out."""
    kept = [(name, value) for name, value in headers if value]
    return Message(f"{method} {uri} SIP/2.0", kept, roles=frozenset({method, *roles}))


def response(to: Message, status: int, reason: str, tag: str) -> Message:
    """A response to a request that came in (8.2.6.2)."""
    answer = Message(f"SIP/2.0 {status} {reason}")
    for name in ("Via", "From", "To", "Call-ID", "CSeq"):
        answer.add(name, *to.lines(name))
    if status > 100 and not to.tag("To"):
        answer.put("To", f"{to.get('To')};tag={tag}")
    if status < 300:
        answer.add("Record-Route", *to.lines("Record-Route"))
    answer.roles = frozenset({"response", str(status), f"to-{to.method}"})
    return answer


def token(size: int = 8) -> str:
    """Something random (19.3)."""
    return secrets.token_hex(size)


def cut(buffer: bytearray) -> Iterator[bytes]:
    """The whole messages at the front of a stream (18.3); takes them out."""
    while True:
        while buffer[:2] == b"\r\n":
            del buffer[:2]
        end = buffer.find(b"\r\n\r\n")
        if end < 0:
            return
        found = re.search(rb"(?im)^(?:content-length|l)[ \t]*:\s*(\d+)", bytes(buffer[:end]))
        size = end + 4 + (int(found[1]) if found else 0)
        if len(buffer) < size:
            return
        yield bytes(buffer[:size])
        del buffer[:size]
