"""An independent SIP endpoint on plain sockets: its own small writer and strict parser, nothing of the product's.

Whatever the product writes is read here by other eyes, so that a fault in its parser cannot hide one in its writer.
"""

from __future__ import annotations

import itertools
import os
import re
import socket
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace

PATIENCE = 5.0
"""Seconds after which an answer that must come counts as missing."""

METHODS = [
    "INVITE",
    "BYE",
    "CANCEL",
    "OPTIONS",
    "REGISTER",
    "PRACK",
    "UPDATE",
    "SUBSCRIBE",
    "NOTIFY",
    "REFER",
    "MESSAGE",
    "PUBLISH",
    "INFO",
]

_TOKEN = r"[A-Za-z0-9.!%*_+`'~-]+"
_STATUS_LINE = re.compile(r"SIP/2\.0 ([1-6][0-9]{2}) ([^\r\n\x00-\x08]*)")
_REQUEST_LINE = re.compile(rf"({_TOKEN}) (\S+) SIP/2\.0")
_FIELD = re.compile(rf"({_TOKEN})[ \t]*:[ \t]*(.*)")
_LONG = {
    "a": "accept-contact", "b": "referred-by", "c": "content-type", "d": "request-disposition",
    "e": "content-encoding", "f": "from", "i": "call-id", "j": "reject-contact", "k": "supported",
    "l": "content-length", "m": "contact", "n": "identity-info", "o": "event", "r": "refer-to", "s": "subject",
    "t": "to", "u": "allow-events", "v": "via", "x": "session-expires", "y": "identity",
}  # fmt: skip

_numbers = itertools.count(1)
_run = f"{os.getpid():x}{time.time_ns() & 0xFFFFFF:x}"


def fresh(prefix: str = "") -> str:
    """Something that no other message of this run holds."""
    return f"{prefix}{_run}.{next(_numbers)}"


def long_name(name: str) -> str:
    """The full name of a header field in lower case."""
    lower = name.lower()
    return _LONG.get(lower, lower)


def elements(value: str) -> list[str]:
    """The parts of a comma-separated value; commas in quotes and in angle brackets separate nothing."""
    parts, start, quoted, angled, escaped = [], 0, False, False, False
    for position, character in enumerate(value):
        if escaped:
            escaped = False
        elif quoted:
            escaped = character == "\\"
            quoted = character != '"'
        elif character == '"':
            quoted = True
        elif character in "<>":
            angled = character == "<"
        elif character == "," and not angled:
            parts.append(value[start:position].strip())
            start = position + 1
    parts.append(value[start:].strip())
    return [part for part in parts if part]


class MalformedError(AssertionError):
    """What came is not what RFC 3261 section 25 calls a SIP message."""


@dataclass(slots=True)
class Message:
    """One message as it came."""

    start: str
    fields: list[tuple[str, str]]
    body: bytes
    at: float = 0.0
    source: tuple[str, int] = ("", 0)

    @property
    def status(self) -> int:
        """The status code; 0 of a request."""
        found = _STATUS_LINE.fullmatch(self.start)
        return int(found[1]) if found else 0

    @property
    def reason(self) -> str:
        found = _STATUS_LINE.fullmatch(self.start)
        assert found, self.start
        return found[2]

    @property
    def method(self) -> str:
        """The method of a request, empty of a response."""
        return "" if self.status else self.start.partition(" ")[0]

    @property
    def uri(self) -> str:
        found = _REQUEST_LINE.fullmatch(self.start)
        assert found, self.start
        return found[2]

    def all(self, name: str) -> list[str]:
        """The values of all fields of this name, as written."""
        key = long_name(name)
        return [value for written, value in self.fields if long_name(written) == key]

    def one(self, name: str) -> str:
        """The value of the only field of this name."""
        found = self.all(name)
        assert len(found) == 1, f"{len(found)} x {name} in\n{self}"
        return found[0]

    def list(self, name: str) -> list[str]:
        """All comma-separated elements of the fields of this name."""
        return [part for value in self.all(name) for part in elements(value)]

    def __contains__(self, name: str) -> bool:
        return bool(self.all(name))

    @property
    def to_tag(self) -> str:
        return tag_of(self.one("To"))

    def __str__(self) -> str:
        head = "\n".join([self.start, *(f"{name}: {value}" for name, value in self.fields)])
        return f"{head}\n\n{self.body.decode('utf-8', 'replace')}"


def tag_of(value: str) -> str:
    """The tag parameter of a From or To."""
    bare = re.sub(r'"(?:[^"\\]|\\.)*"', '""', value)
    found = re.search(rf"^[^<>]*(?:<[^>]*>)?[^<>]*;\s*tag\s*=\s*({_TOKEN})", bare, re.IGNORECASE)
    return found[1] if found else ""


def uri_of(value: str) -> str:
    """The URI of a From, To, Contact or Record-Route."""
    found = re.search(r'^(?:[^<"]|"(?:[^"\\]|\\.)*")*<([^>]*)>', value)
    return found[1] if found else value.partition(";")[0].strip()


def parsed(raw: bytes) -> Message:
    """One whole message; `MalformedError` where it breaks RFC 3261 section 7 in anything."""
    head, blank, body = raw.partition(b"\r\n\r\n")
    if not blank:
        raise MalformedError(f"no blank line after the head: {raw!r}")
    try:
        text = head.decode("utf-8")
    except UnicodeDecodeError as error:
        raise MalformedError(f"the head is not UTF-8: {raw!r}") from error
    lines = text.split("\r\n")
    if "\n" in text.replace("\r\n", "") or "\r" in text.replace("\r\n", ""):
        raise MalformedError(f"a line ends in something other than CRLF: {raw!r}")
    if not (_STATUS_LINE.fullmatch(lines[0]) or _REQUEST_LINE.fullmatch(lines[0])):
        raise MalformedError(f"start line: {lines[0]!r}")
    fields = []
    for line in lines[1:]:
        found = _FIELD.fullmatch(line)
        if not found:
            raise MalformedError(f"header line: {line!r}")
        fields.append((found[1], found[2].rstrip(" \t")))
    message = Message(lines[0], fields, body)
    lengths = message.all("Content-Length")
    if lengths != [str(len(body))]:
        raise MalformedError(f"Content-Length {lengths} with a body of {len(body)} bytes:\n{message}")
    return message


@dataclass(slots=True)
class Ask:
    """A request to be sent, as its parts."""

    method: str
    uri: str
    via: str
    from_: str
    to: str
    call_id: str
    cseq: int
    contact: str
    more: list[tuple[str, str]] = field(default_factory=list)
    body: bytes = b""
    content_type: str = "application/sdp"
    max_forwards: str = "70"

    def __bytes__(self) -> bytes:
        lines = [f"{self.method} {self.uri} SIP/2.0", f"Via: {self.via}"]
        lines += [f"Max-Forwards: {self.max_forwards}"] if self.max_forwards else []
        lines += [f"From: {self.from_}", f"To: {self.to}", f"Call-ID: {self.call_id}"]
        lines += [f"CSeq: {self.cseq} {self.method}"]
        lines += [f"Contact: {self.contact}"] if self.contact else []
        lines += [f"{name}: {value}" for name, value in self.more]
        lines += [f"Content-Type: {self.content_type}"] if self.body else []
        lines += [f"Content-Length: {len(self.body)}"]
        return "\r\n".join(lines).encode("utf-8", "surrogateescape") + b"\r\n\r\n" + self.body

    def header(self, name: str) -> list[str]:
        """Values of fields beside the fixed ones."""
        return [value for written, value in self.more if long_name(written) == long_name(name)]

    def ack(self, response: Message) -> Ask:
        """RFC 3261 section 17.1.1.3: the ACK to a final response other than 2xx."""
        routes = [(name, value) for name, value in self.more if long_name(name) == "route"]
        return replace(self, method="ACK", to=response.one("To"), contact="", more=routes, body=b"")

    def cancel(self) -> Ask:
        """RFC 3261 section 9.1."""
        routes = [(name, value) for name, value in self.more if long_name(name) == "route"]
        return replace(self, method="CANCEL", contact="", more=routes, body=b"")

    def again(self, *, more: Iterable[tuple[str, str]] = (), branch: str = "") -> Ask:
        """A new transaction of the same call with the next CSeq (RFC 3261 section 8.1.3.5)."""
        via = re.sub(r"branch=[^;]*", "branch=" + (branch or fresh("z9hG4bK")), self.via)
        return replace(self, via=via, cseq=self.cseq + 1, more=[*self.more, *more])


@dataclass(slots=True)
class Dialog:
    """The client's side of a dialog (RFC 3261 section 12.1.2)."""

    endpoint: Endpoint
    ask: Ask
    remote: str
    target: str
    routes: list[str]
    cseq: int

    @classmethod
    def of(cls, endpoint: Endpoint, ask: Ask, response: Message) -> Dialog:
        contacts = response.list("Contact")
        assert len(contacts) == 1, f"a response that makes a dialog has one Contact:\n{response}"
        routes = list(reversed(response.list("Record-Route")))
        return cls(endpoint, ask, response.one("To"), uri_of(contacts[0]), routes, ask.cseq)

    def request(
        self, method: str, *, cseq: int | None = None, more: Iterable[tuple[str, str]] = (), body: bytes = b"",
        content_type: str = "application/sdp",
    ) -> Ask:  # fmt: skip
        """A request within it; ACK takes the INVITE's number."""
        if cseq is None:
            if method == "ACK":
                cseq = self.cseq
            else:
                self.cseq += 1
                cseq = self.cseq
        return Ask(
            method, self.target, self.endpoint.via(), self.ask.from_, self.remote, self.ask.call_id, cseq,
            self.endpoint.contact if method != "ACK" else "",
            [*(("Route", route) for route in self.routes), *more], body, content_type,
        )  # fmt: skip

    def answer(self, request: Message, status: int, reason: str, more: Iterable[tuple[str, str]] = ()) -> None:
        """Answer a request that came from the server."""
        self.endpoint.answer(request, status, reason, more)


class Endpoint:
    """What UDP and TCP clients have in common."""

    transport = ""
    own: tuple[str, int]
    server: tuple[str, int]

    def __enter__(self) -> Endpoint:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    def close(self) -> None:
        raise NotImplementedError

    def send(self, data: bytes) -> None:
        raise NotImplementedError

    def receive(self, seconds: float = PATIENCE) -> Message | None:
        """The next message, None if none comes in time."""
        raise NotImplementedError

    @property
    def hostport(self) -> str:
        host, port = self.own
        return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"

    @property
    def contact(self) -> str:
        parameter = ";transport=tcp" if self.transport == "TCP" else ""
        return f"<sip:alice@{self.hostport}{parameter}>"

    @property
    def server_host(self) -> str:
        host, _ = self.server
        return f"[{host}]" if ":" in host else host

    def via(self, *, branch: str = "", more: str = "") -> str:
        return f"SIP/2.0/{self.transport} {self.hostport};branch={branch or fresh('z9hG4bK')}{more}"

    def ask(
        self, method: str, user: str = "bob", *, uri: str = "", to: str = "", more: Sequence[tuple[str, str]] = (),
        body: bytes = b"", content_type: str = "application/sdp", cseq: int = 1, via: str = "",
    ) -> Ask:  # fmt: skip
        """A request outside of any dialog, of a new call."""
        target = uri or (f"sip:{user}@{self.server_host}" if method != "REGISTER" else f"sip:{self.server_host}")
        return Ask(
            method, target, via or self.via(), f'"Alice A." <sip:alice@client.invalid>;tag={fresh("f")}',
            to or f"<sip:{user}@{self.server_host}>", fresh() + "@client.invalid", cseq, self.contact, list(more), body,
            content_type,
        )  # fmt: skip

    def put(self, ask: Ask) -> Ask:
        """Send it."""
        self.send(bytes(ask))
        return ask

    def final(self, ask: Ask, *, seconds: float = PATIENCE) -> Message:
        """Send it, and the final response to it; one to an INVITE that is no 2xx is acknowledged."""
        return self.responses(ask, seconds=seconds)[-1]

    def responses(self, ask: Ask, *, seconds: float = PATIENCE) -> list[Message]:
        """Send it, and all responses to it as far as the final one."""
        self.put(ask)
        return self.until_final(ask, seconds=seconds)

    def until_final(self, ask: Ask, *, seconds: float = PATIENCE) -> list[Message]:
        """The responses to it as far as the final one; others than these are passed over."""
        found = []
        end = time.monotonic() + seconds
        while (left := end - time.monotonic()) > 0:
            message = self.receive(left)
            if message is None:
                break
            if not message.status or message.one("CSeq") != f"{ask.cseq} {ask.method}":
                continue
            if message.one("Call-ID") != ask.call_id:
                continue
            found.append(message)
            if message.status >= 200:
                if ask.method == "INVITE" and message.status >= 300:
                    self.put(ask.ack(message))
                return found
        raise AssertionError(f"no final response within {seconds} s to\n{bytes(ask)!r}\nonly {found}")

    def until(self, ask: Ask, status: int, *, seconds: float = PATIENCE) -> Message:
        """The response with this status to it; earlier ones are passed over."""
        end = time.monotonic() + seconds
        seen = []
        while (left := end - time.monotonic()) > 0:
            message = self.receive(left)
            if message is None:
                break
            seen.append(message.start)
            if message.status == status and message.one("Call-ID") == ask.call_id:
                return message
        raise AssertionError(f"no {status} within {seconds} s to\n{bytes(ask)!r}\nbut {seen}")

    def request(self, method: str, *, seconds: float = PATIENCE) -> Message:
        """The next request of this method from the server; all else is passed over."""
        end = time.monotonic() + seconds
        seen = []
        while (left := end - time.monotonic()) > 0:
            message = self.receive(left)
            if message is None:
                break
            seen.append(message.start)
            if message.method == method:
                return message
        raise AssertionError(f"no {method} within {seconds} s, only {seen}")

    def silence(self, seconds: float) -> None:
        """Nothing may come for so long."""
        message = self.receive(seconds)
        assert message is None, f"not expected:\n{message}"

    def answer(self, request: Message, status: int, reason: str, more: Iterable[tuple[str, str]] = ()) -> None:
        """A response to a request from the server."""
        lines = [f"SIP/2.0 {status} {reason}"]
        lines += [f"Via: {value}" for value in request.all("Via")]
        lines += [f"{name}: {request.one(name)}" for name in ("From", "To", "Call-ID", "CSeq")]
        lines += [f"{name}: {value}" for name, value in more]
        self.send(("\r\n".join(lines) + "\r\nContent-Length: 0\r\n\r\n").encode())

    def alive(self, seconds: float = 1.0) -> float:
        """OPTIONS is answered with 200 within this time; the seconds that it took."""
        started = time.monotonic()
        response = self.final(self.ask("OPTIONS", "alive"), seconds=seconds)
        assert response.status == 200, response
        return time.monotonic() - started


class Udp(Endpoint):
    """A UDP socket of its own; every datagram must come from the server's address, or `receive` fails."""

    transport = "UDP"

    def __init__(self, server: tuple[str, int], *, host: str = "", port: int = 0) -> None:
        self.server = server
        family = socket.AF_INET6 if ":" in server[0] else socket.AF_INET
        self.socket = socket.socket(family, socket.SOCK_DGRAM)
        self.socket.bind((host or ("::1" if family == socket.AF_INET6 else "127.0.0.1"), port))
        self.own = self.socket.getsockname()[:2]

    def close(self) -> None:
        self.socket.close()

    def send(self, data: bytes) -> None:
        self.socket.sendto(data, self.server)

    def raw(self, seconds: float = PATIENCE) -> bytes | None:
        """The bytes of the next datagram."""
        self.socket.settimeout(max(seconds, 0.0001))
        try:
            data, source = self.socket.recvfrom(65535)
        except TimeoutError:
            return None
        assert source[:2] == self.server, f"answer from {source}, not from {self.server}"
        return data

    def receive(self, seconds: float = PATIENCE) -> Message | None:
        data = self.raw(seconds)
        if data is None:
            return None
        message = parsed(data)
        message.at = time.monotonic()
        message.source = self.server
        return message


class ClosedError(AssertionError):
    """The server has closed the connection."""


class Tcp(Endpoint):
    """A TCP connection, read message by message (RFC 3261 section 18.3)."""

    transport = "TCP"

    def __init__(self, server: tuple[str, int]) -> None:
        self.server = server
        self.socket = socket.create_connection(server, timeout=PATIENCE)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.own = self.socket.getsockname()[:2]
        self.buffer = b""

    def close(self) -> None:
        self.socket.close()

    def send(self, data: bytes) -> None:
        self.socket.sendall(data)

    def receive(self, seconds: float = PATIENCE) -> Message | None:
        end = time.monotonic() + seconds
        while (size := self._whole()) is None:
            if not self.more(end):
                return None
        raw, self.buffer = self.buffer[:size], self.buffer[size:]
        message = parsed(raw)
        message.at = time.monotonic()
        message.source = self.server
        return message

    def closed(self, seconds: float = PATIENCE) -> bool:
        """Whether the server closes the connection within this time."""
        end = time.monotonic() + seconds
        try:
            while self.more(end):
                pass
        except ClosedError:
            return True
        return False

    def reset(self) -> None:
        """Close it with RST."""
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\x00\x00\x00\x00\x00\x00\x00")
        self.socket.close()

    def _whole(self) -> int | None:
        end = self.buffer.find(b"\r\n\r\n")
        if end < 0:
            return None
        found = re.search(rb"(?i)\r\n(?:Content-Length|l)[ \t]*:[ \t]*(\d+)", self.buffer[:end])
        if not found:
            raise MalformedError(f"no Content-Length on a stream: {self.buffer[:end]!r}")
        size = end + 4 + int(found[1])
        return size if len(self.buffer) >= size else None

    def more(self, end: float) -> bool:
        """Read once, as late as `end`: whether anything came."""
        self.socket.settimeout(max(end - time.monotonic(), 0.0001))
        try:
            data = self.socket.recv(65536)
        except TimeoutError:
            return False
        except ConnectionError as error:
            raise ClosedError(str(error)) from error
        if not data:
            raise ClosedError("end of stream")
        self.buffer += data
        return True


def endpoint(transport: str, server: tuple[str, int]) -> Endpoint:
    """A client of this transport."""
    return Udp(server) if transport == "UDP" else Tcp(server)
