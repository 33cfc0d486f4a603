"""A core that answers everything with 200 and remembers what it was told, to try sockets with."""

from __future__ import annotations

from typing import TYPE_CHECKING

from responder.net.address import ListenAddress
from responder.net.server import Server

if TYPE_CHECKING:
    import ssl
    from collections.abc import Callable

    from responder.errors import ParseError
    from responder.events import Flow, Transmit
    from responder.net.limits import StreamLimits


def request(number: int = 1, *, method: str = "OPTIONS", body: bytes = b"") -> bytes:
    head = (
        f"{method} sip:echo@example.com SIP/2.0\r\n"
        "Via: SIP/2.0/TCP client.example.com;branch=z9hG4bK776asdhds\r\n"
        f"CSeq: {number} {method}\r\n"
        f"Content-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


def response(number: int = 1, *, method: str = "OPTIONS") -> bytes:
    return f"SIP/2.0 200 OK\r\nCSeq: {number} {method}\r\nContent-Length: 0\r\n\r\n".encode()


def echo(data: bytes, flow: Flow) -> list[Transmit]:
    at = data.index(b"\r\nCSeq: ")
    return [(b"SIP/2.0 200 OK" + data[at : data.index(b"\r\n", at + 2)] + b"\r\nContent-Length: 0\r\n\r\n", flow)]


class EchoEngine:
    """See `responder.net.seam.Engine`; `reply` makes the answer to what comes in."""

    def __init__(self, reply: Callable[[bytes, Flow], list[Transmit]] = echo) -> None:
        self.busy = 0
        self.received: list[tuple[bytes, Flow]] = []
        self.refused: list[tuple[ParseError, bytes]] = []
        self.left: list[bytes] = []
        self.failures: list[tuple[Flow, str]] = []
        self.rings: list[float] = []
        self.deadline: float | None = None
        self.stopped = False
        self.out: list[Transmit] = []
        self._reply = reply

    def receive(self, data: bytes, flow: Flow, now: float) -> None:
        self.received.append((data, flow))
        self.out += self._reply(data, flow)

    def rejected(self, error: ParseError, head: bytes, flow: Flow, now: float, rest: bytes = b"") -> None:
        self.refused.append((error, head))
        self.left.append(rest)
        if head:
            self.out.append((f"SIP/2.0 {error.status} {error.what}\r\nContent-Length: 0\r\n\r\n".encode(), flow))

    def transmits(self) -> list[Transmit]:
        out, self.out = self.out, []
        return out

    def next_deadline(self) -> float | None:
        return self.deadline

    def handle_timeout(self, now: float) -> None:
        self.rings.append(now)
        self.deadline = None

    def transport_failed(self, flow: Flow, now: float, reason: str) -> None:
        self.failures.append((flow, reason))

    def shutdown(self, now: float) -> None:
        self.stopped = True


def serve(
    engine: EchoEngine,
    *addresses: str,
    after_turn: Callable[[], None] | None = None,
    limits: StreamLimits | None = None,
    tls: ssl.SSLContext | None = None,
) -> Server:
    """A server of `engine` on these addresses."""
    listen = [ListenAddress.parse(text) for text in addresses]
    return Server(engine, listen, after_turn=after_turn, limits=limits, tls=tls)
