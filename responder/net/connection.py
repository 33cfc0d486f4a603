"""One stream connection as the event loop's protocol: its bounds, its output, its end.

Rules
1. Everything the engine says in one turn of the loop is one write.
2. A peer that does not read is not read from either, and is cut off when it keeps that up or too much has piled up.
3. A peer that has shut down its sending side still gets its answers (TCP; TLS has no such state). It may as well have
   closed the connection, which shows only when something is sent: what was sent is then sent elsewhere (18.2.2).
4. After a framing error nothing more is read; the answer goes out before the connection does.
5. A message that is `Unusual` is written in a turn of its own, and what it asks for is done to the connection.
"""

from __future__ import annotations

import asyncio
import socket
import struct
from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Final, cast

from responder.errors import ParseError
from responder.events import Flow, Unusual
from responder.sip.framer import FramingError

if TYPE_CHECKING:
    from responder.events import Address, Transmit
    from responder.net.connections import Connections
    from responder.sip.framer import Frame

PONG: Final = b"\r\n"
"""The answer to a keep-alive ping (RFC 5626 section 4.4.1)."""
SURE_AFTER: Final = 0.2
"""Seconds in which a connection closed by the peer rejects what is sent on it."""
BETWEEN_BYTES: Final = 0.001
"""Seconds of rest, again and again, in a message that is sent byte by byte: else a reader gets it all at once."""
AT_A_STRETCH: Final = 10
"""Bytes that are sent so without a rest: a message takes some hundredths of a second."""
_NEVER: Final = float("inf")
_LINGER_NOT: Final = struct.pack("ii", 1, 0)


class Connection(asyncio.Protocol, ABC):
    """A connection among `connections`; a subclass says how messages lie in its bytes.

    `transport` is spelt as in Via. `local` is our address in its flow where that is not the socket's (a connection that
    we opened has a port of its own, but peers reach us at the one we listen on).
    """

    __slots__ = (
        "_blocked_since", "_closing_at", "_connections", "_driver", "_half_closed", "_incomplete_since", "_local",
        "_mute", "_name", "_outbox", "_shut", "_stalled", "_transport", "_unsure", "active", "flow", "number", "usable",
    )  # fmt: skip

    flow: Flow
    """There once it is connected."""
    _transport: asyncio.Transport

    def __init__(self, connections: Connections, transport: str, *, local: Address | None = None) -> None:
        self.number = connections.next_number()
        """Tells it apart in flows; never 0."""
        self.active = 0.0
        """When something last went either way (time of the loop)."""
        self.usable = False
        """Whether messages can be put on it."""
        self._connections = connections
        self._driver = connections.driver
        self._name = transport
        self._local = local
        self._outbox: list[bytes] = []
        self._unsure: list[Transmit] = []
        self._incomplete_since = _NEVER
        self._blocked_since = _NEVER
        self._closing_at = _NEVER
        self._half_closed = False
        self._mute = False
        """Whether what is put has to wait: a message goes out byte by byte."""
        self._shut = False
        """Whether we have shut down our sending side on purpose."""
        self._stalled = False
        """Whether nothing is written or read any more on purpose."""

    @abstractmethod
    def cut(self, data: bytes) -> list[Frame]:
        """The messages and pings that are complete now that `data` has come in; `FramingError` ends the reading."""

    @abstractmethod
    def is_incomplete(self) -> bool:
        """Whether a message has begun and not ended."""

    @abstractmethod
    def rest(self) -> bytes:
        """What came of a message that has not ended."""

    def joined(self, messages: list[bytes]) -> bytes:
        """The messages of one turn as they go on the wire."""
        return messages[0] if len(messages) == 1 else b"".join(messages)

    # output

    def put(self, message: bytes, flow: Flow | None = None) -> None:
        """Send this at the end of the turn; `flow` is where it was meant to go, None for what matters here only."""
        if type(message) is not bytes and not self._mute:
            self._put_unusual(message)
            return
        if not self._outbox:
            self._driver.has_output(self)
        self._outbox.append(message)
        if self._half_closed and flow is not None:
            if not self._unsure:
                self._driver.loop.call_later(SURE_AFTER, self._make_sure)
            self._unsure.append((message, flow))

    def flush(self, now: float) -> None:
        """Write what was put."""
        if self._mute:
            return
        messages, self._outbox = self._outbox, []
        if not messages or self._stalled or self._shut or self._transport.is_closing():
            return
        self.active = now
        self._transport.write(self.joined(messages))
        if (
            self._blocked_since != _NEVER
            and self._transport.get_write_buffer_size() > self._connections.limits.most_unread
        ):
            self._cut_off("the peer does not read what it is sent")

    # the event loop's calls

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """It is up."""
        self._transport = cast("asyncio.Transport", transport)
        local, remote = transport.get_extra_info("sockname"), transport.get_extra_info("peername")
        if local is None or remote is None:  # already gone again
            self._transport.abort()
            return
        self._transport.set_write_buffer_limits(high=self._connections.limits.high_water)
        self.flow = Flow(self._name, self._local or local[:2], remote[:2], self.number)
        self.active = self._driver.loop.time()
        self.usable = True
        self._connections.add(self)

    def data_received(self, data: bytes) -> None:
        """Bytes came in."""
        if not (self.usable or self._shut):
            return
        now = self.active = self._driver.loop.time()
        engine, flow, error = self._driver.engine, self.flow, None
        try:
            frames = self.cut(data)
        except FramingError as found:
            error, frames = found, found.before
        for frame in frames:
            if isinstance(frame, bytes):
                engine.receive(frame, flow, now)
            else:
                self.put(PONG)
        if error is not None:
            self._refuse(error, error.head, now)
            self._finish(now)
            return
        self._driver.end_turn_soon()
        if not self.is_incomplete():
            self._incomplete_since = _NEVER
        elif frames or self._incomplete_since == _NEVER:
            self._incomplete_since = now

    def eof_received(self) -> bool:
        """The peer sends no more. True: we still may."""
        if not self.usable:
            return False
        now = self._driver.loop.time()
        if self.is_incomplete():
            self._refuse(ParseError("Connection ended within a message"), b"", now, self.rest())
        self._incomplete_since = _NEVER
        # with no call live there is nothing left to be said
        self._half_closed = self._transport.can_write_eof() and self._driver.engine.busy > 0
        self.usable = self._half_closed
        return self._half_closed

    def connection_lost(self, exc: Exception | None) -> None:
        """It is gone."""
        self.usable = False
        self._connections.remove(self)

    def pause_writing(self) -> None:
        """Too much is unread: rule 2."""
        self._blocked_since = self._driver.loop.time()
        self._transport.pause_reading()

    def resume_writing(self) -> None:
        """The peer has caught up."""
        self._blocked_since = _NEVER
        if not self._stalled:
            self._transport.resume_reading()

    # what goes wrong on purpose

    def _put_unusual(self, message: bytes) -> None:
        self.flush(self._driver.loop.time())  # what was said before it is not part of this
        if self._stalled or self._transport.is_closing():
            return
        how = message.how if isinstance(message, Unusual) else ""
        data = self.joined([bytes(message)])
        if how == "reset":
            self._transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _LINGER_NOT)
            self.abort()
            return
        if how == "stall":
            data = data[: len(data) // 2]
        if isinstance(message, Unusual) and message.bytewise:
            self._mute = True
            self._trickle(data, 0, how)
        else:
            self._transport.write(data)
            self._wrong(how)

    def _trickle(self, data: bytes, at: int, how: str) -> None:
        now = self.active = self._driver.loop.time()
        if at < len(data) and not self._transport.is_closing():
            rest = at + AT_A_STRETCH
            for byte in data[at:rest]:  # a segment each: asyncio sets TCP_NODELAY
                self._transport.write(bytes((byte,)))
            self._driver.loop.call_later(BETWEEN_BYTES, self._trickle, data, rest, how)
            return
        self._mute = False
        waiting, self._outbox = self._outbox, []
        self._wrong(how)
        for message in waiting:
            self.put(message)
        self.flush(now)

    def _wrong(self, how: str) -> None:
        """The message has been written: do to the connection what it asked for."""
        now = self.active = self._driver.loop.time()
        if how == "stall":
            self._stalled = True
            self._closing_at = now + self._connections.limits.stalled
            self._transport.pause_reading()
        elif how == "half-close" and self._transport.can_write_eof():
            self.usable = False
            self._shut = True
            self._transport.write_eof()
        elif how in ("close", "half-close"):  # TLS has no half of a connection
            self.close()

    # the end

    def _make_sure(self) -> None:
        unsure, self._unsure = self._unsure, []
        if self.usable:
            if not self._transport.get_extra_info("socket").getsockopt(socket.SOL_SOCKET, socket.SO_ERROR):
                return  # no reset came back: the peer does listen
            self.abort()
        self._connections.remove(self)
        for message, flow in unsure:
            self._connections.send(message, flow)
        self._driver.end_turn(self._driver.loop.time())

    def inspect(self, now: float) -> None:
        """Close it where it has outstayed its limits; called every now and then."""
        limits = self._connections.limits
        silent = now - self.active
        if now >= self._closing_at:
            self._transport.abort()
        elif now - self._blocked_since > limits.stalled:
            self._cut_off("the peer does not read what it is sent")
        elif now - self._incomplete_since > limits.partial:
            self._refuse(
                ParseError(f"Message incomplete after {limits.partial:g} s", status=408), b"", now, self.rest()
            )
            self._finish(now)
        elif ((self._half_closed or self._shut) and silent > limits.half_closed) or (
            silent > limits.idle and not self._driver.engine.busy
        ):
            self.close()

    def close(self) -> None:
        """Close it when everything written is on its way."""
        self.usable = False
        self._transport.close()

    def abort(self) -> None:
        """Close it at once."""
        self.usable = False
        self._transport.abort()

    def _refuse(self, error: ParseError, head: bytes, now: float, rest: bytes = b"") -> None:
        self._driver.engine.rejected(error, head, self.flow, now, rest)
        self._driver.end_turn(now)

    def _finish(self, now: float) -> None:
        # closing with input unread would send a reset that may overtake the answer: our side first, then theirs
        self.usable = False
        if self._transport.can_write_eof():
            self._transport.write_eof()
            self._closing_at = now + self._connections.limits.linger
        else:
            self._transport.close()

    def _cut_off(self, reason: str) -> None:
        self._driver.failed(self.flow, reason)
        self.abort()
