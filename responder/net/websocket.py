"""SIP over WebSocket (RFC 7118 on RFC 6455): the handshake, then one SIP message in each message, WS or WSS.

Rules
1. Only clients open connections and one that is gone cannot be replaced: nothing is sent elsewhere.
2. Whatever ends a connection is said: by an HTTP response before it is open, by a Close frame afterwards.
3. A client that sends no more has gone: WebSocket knows no half of a connection.
4. We send no Pings (RFC 7118 section 6: "may"): a connection that is silent with no call live ends with
   `StreamLimits.idle`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NoReturn

from responder.errors import ParseError
from responder.net.connection import Connection
from responder.sip.websocket_frames import (
    GOING_AWAY,
    POLICY,
    PONG,
    EndedError,
    FrameReader,
    WebSocketPing,
    close_frame,
    frame,
    message_frame,
    sip_frame,
)
from responder.sip.websocket_handshake import MOST_HEAD, HandshakeAnswer, answer, refusal

if TYPE_CHECKING:
    from responder.events import Address
    from responder.net.connections import Connections
    from responder.sip.framer import Frame
    from responder.sip.websocket_frames import Arrived


class WebSocketConnection(Connection):
    """A connection of a client (`transport` is WS or WSS)."""

    __slots__ = ("_head", "_open", "_reader")

    def __init__(self, connections: Connections, transport: str, *, local: Address | None = None) -> None:
        super().__init__(connections, transport, local=local)
        limits = connections.limits
        self._head = bytearray()
        self._open = False
        """Whether the handshake is done."""
        self._reader = FrameReader(most=limits.head + limits.body)

    def cut(self, data: bytes) -> list[Frame]:
        """See `Connection.cut`."""
        if not self._open:
            data = self._shaken(data)
            if not self._open:
                return []
        try:
            return self._frames(self._reader.feed(data))
        except EndedError as end:
            end.before = self._frames(end.arrived)
            raise

    def is_incomplete(self) -> bool:
        """See `Connection.is_incomplete`."""
        return self._reader.incomplete or bool(self._head)

    def rest(self) -> bytes:
        """See `Connection.rest`; frames cut apart are of use to nobody."""
        return b""

    def joined(self, messages: list[bytes]) -> bytes:
        """See `Connection.joined`."""
        return b"".join([message_frame(message) for message in messages])

    def eof_received(self) -> bool:
        """Rule 3."""
        if self.usable and self.is_incomplete():
            self._refuse(ParseError("Connection ended within a message"), b"", self._driver.loop.time())
        self.usable = False
        return False

    def close(self) -> None:
        """Close it, with a Close frame, when everything written is on its way."""
        if self.usable and self._open:
            self.flush(self._driver.loop.time())
            self._say(close_frame(GOING_AWAY))
        super().close()

    def _refuse(self, error: ParseError, head: bytes, now: float, rest: bytes = b"") -> None:
        last = self._last_words(error)
        if not (isinstance(error, EndedError) and error.peer_closed):
            self._driver.engine.rejected(error, b"", self.flow, now)
        self._driver.end_turn(now)  # what was asked before is answered before
        self._say(last)

    def _last_words(self, error: ParseError) -> bytes:
        if isinstance(error, EndedError):
            return error.last
        if self._open:
            return close_frame(POLICY, error.what)
        return refusal(408, "The request did not come to its end").response

    def _shaken(self, data: bytes) -> bytes:
        """Go on with the handshake; what is left of `data` once it is done. `EndedError` where it fails."""
        head = self._head
        searched = max(0, len(head) - 3)
        head += data
        end = head.find(b"\r\n\r\n", searched) + 4
        if (end if end >= 4 else len(head)) > MOST_HEAD:
            self._turn_away(refusal(431, f"The request is longer than {MOST_HEAD} bytes"))
        if end < 4:
            return b""
        answered = answer(bytes(head[:end]))
        if answered.status != 101:
            self._turn_away(answered)
        left = bytes(head[end:])
        head.clear()
        self._open = True
        self._say(answered.response)
        return left

    def _turn_away(self, answered: HandshakeAnswer) -> NoReturn:
        self._head.clear()
        raise EndedError(f"WebSocket handshake answered with {answered.status}: {answered.why}", answered.response, [])

    def _frames(self, arrived: list[Arrived]) -> list[Frame]:
        frames: list[Frame] = []
        for what in arrived:
            if isinstance(what, WebSocketPing):
                self._say(frame(PONG, what.payload))
            elif (found := sip_frame(what)) is not None:
                frames.append(found)
        return frames

    def _say(self, data: bytes) -> None:
        """Write what is no SIP message; left out where it would fall into a message or come after our end."""
        if not (self._mute or self._shut or self._stalled or self._transport.is_closing()):
            self._transport.write(data)
