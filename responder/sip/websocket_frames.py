"""WebSocket frames (RFC 6455 section 5) with one SIP message in each message (RFC 7118 sections 4.2 and 5).

Rules
1. Work is linear in the bytes fed, in whatever pieces they come.
2. What is kept of a message is bounded; a message that is longer ends the connection with 1009.
3. A breach of the protocol ends the connection: `EndedError`. So does a Close of the peer.
"""

from __future__ import annotations

from dataclasses import dataclass
from struct import pack, unpack_from
from typing import Final, NoReturn, TypeAlias

from responder.sip.framer import PING as KEEP_ALIVE
from responder.sip.framer import Frame, FramingError

CONTINUATION: Final = 0x0
TEXT: Final = 0x1
BINARY: Final = 0x2
CLOSE: Final = 0x8
PING: Final = 0x9
PONG: Final = 0xA

GOING_AWAY: Final = 1001
PROTOCOL_ERROR: Final = 1002
NO_UTF_8: Final = 1007
POLICY: Final = 1008
TOO_BIG: Final = 1009

_FIN, _RESERVED, _MASKED = 0x80, 0x70, 0x80
_MOST_CONTROL: Final = 125


@dataclass(frozen=True, slots=True)
class WebSocketPing:
    """A Ping, to be answered by a Pong with the same payload (5.5.2, 5.5.3)."""

    payload: bytes


Arrived: TypeAlias = bytes | WebSocketPing
"""A message, or what wants an answer."""


class EndedError(FramingError):
    """Nothing more is read. `last` is the Close frame to send; `peer_closed`: the peer asked for it, there is no fault.

    `arrived` is what was complete before.
    """

    def __init__(self, what: str, last: bytes, arrived: list[Arrived], *, peer_closed: bool = False) -> None:
        super().__init__(what, status=400, head=b"", before=[])
        self.last = last
        self.arrived = arrived
        self.peer_closed = peer_closed


def frame(opcode: int, payload: bytes, *, mask: bytes = b"", final: bool = True) -> bytes:
    """One frame (5.2); `mask` (4 bytes) is for a client's."""
    size = len(payload)
    first = (_FIN if final else 0) | opcode
    masked = _MASKED if mask else 0
    if size < 126:
        head = pack("!BB", first, masked | size)
    elif size < 65_536:
        head = pack("!BBH", first, masked | 126, size)
    else:
        head = pack("!BBQ", first, masked | 127, size)
    return head + (mask + unmasked(payload, mask) if mask else payload)


def message_frame(message: bytes, *, mask: bytes = b"") -> bytes:
    """A SIP message: as text, and where it is not UTF-8 as binary (RFC 7118 section 4.2)."""
    return frame(TEXT if _is_utf_8(message) else BINARY, message, mask=mask)


def close_frame(code: int, reason: str = "") -> bytes:
    """A Close with this status; a reason too long for it is cut off (5.5.1)."""
    return frame(CLOSE, pack("!H", code) + reason.encode("ascii", "replace")[: _MOST_CONTROL - 2])


def unmasked(payload: bytes, mask: bytes) -> bytes:
    """5.3: it undoes itself."""
    size = len(payload)
    key = (mask * (size // 4 + 1))[:size]
    return (int.from_bytes(payload, "little") ^ int.from_bytes(key, "little")).to_bytes(size, "little")


def sip_frame(message: bytes) -> Frame | None:
    """The message as SIP has it: where it is but line ends a keep-alive (RFC 7118 section 6), None if for nothing."""
    if message.strip(b"\r\n"):
        return message
    return KEEP_ALIVE if message == b"\r\n\r\n" else None


class FrameReader:
    """Reads what a client sends on one connection; `most` bounds a message, in bytes."""

    __slots__ = ("_buffer", "_fragments", "_kind", "_most")

    def __init__(self, *, most: int) -> None:
        self._most = most
        self._buffer = bytearray()
        self._fragments = bytearray()
        self._kind = CONTINUATION
        """The opcode of the message whose fragments come in; CONTINUATION: none."""

    @property
    def incomplete(self) -> bool:
        """Whether a frame or a message has begun and not ended."""
        return bool(self._buffer) or self._kind != CONTINUATION

    def feed(self, data: bytes) -> list[Arrived]:
        """The messages and pings that are complete now, in order; `EndedError` (rule 3)."""
        arrived: list[Arrived] = []
        buffer = self._buffer
        buffer += data
        start = 0
        while (head := self._head(start, arrived)) is not None:
            begin, size = head
            if len(buffer) - begin < size:
                break
            payload = unmasked(bytes(buffer[begin : begin + size]), bytes(buffer[begin - 4 : begin]))
            self._take(buffer[start], payload, arrived)
            start = begin + size
        del buffer[:start]
        return arrived

    def _head(self, start: int, arrived: list[Arrived]) -> tuple[int, int] | None:
        """Where the payload of the frame at `start` begins and its size; None while its head is incomplete."""
        buffer = self._buffer
        there = len(buffer) - start
        if there < 2:
            return None
        first, second = buffer[start], buffer[start + 1]
        opcode, size = first & 0x0F, second & 0x7F
        if first & _RESERVED:
            self._fail("WebSocket frame with reserved bits", PROTOCOL_ERROR, arrived)
        if opcode not in (CONTINUATION, TEXT, BINARY, CLOSE, PING, PONG):
            self._fail(f"WebSocket frame with the unknown opcode {opcode:#x}", PROTOCOL_ERROR, arrived)
        if not second & _MASKED:
            self._fail("WebSocket frame without mask", PROTOCOL_ERROR, arrived)
        if opcode >= CLOSE and (size > _MOST_CONTROL or not first & _FIN):
            self._fail("WebSocket control frame in fragments or too long", PROTOCOL_ERROR, arrived)
        if opcode < CLOSE and (opcode == CONTINUATION) is (self._kind == CONTINUATION):
            self._fail("WebSocket fragments out of order", PROTOCOL_ERROR, arrived)
        begin = start + 2
        if size > _MOST_CONTROL:
            form, least = ("!H", 126) if size == 126 else ("!Q", 65_536)
            if there < 2 + (2 if size == 126 else 8):
                return None
            begin += 2 if size == 126 else 8
            size = unpack_from(form, buffer, start + 2)[0]
            if size < least or size >> 63:
                self._fail("WebSocket length is not in its shortest form", PROTOCOL_ERROR, arrived)
        if opcode < CLOSE and len(self._fragments) + size > self._most:
            self._fail(f"WebSocket message longer than {self._most} bytes", TOO_BIG, arrived)
        begin += 4
        return (begin, size) if len(buffer) >= begin else None

    def _take(self, first: int, payload: bytes, arrived: list[Arrived]) -> None:
        opcode = first & 0x0F
        if opcode == PING:
            arrived.append(WebSocketPing(payload))
        elif opcode == CLOSE:
            self._closed(payload, arrived)
        elif opcode != PONG:
            if opcode != CONTINUATION:
                self._kind = opcode
            self._fragments += payload
            if first & _FIN:
                message, kind = bytes(self._fragments), self._kind
                self._fragments.clear()
                self._kind = CONTINUATION
                if kind == TEXT and not _is_utf_8(message):
                    self._fail("WebSocket text is not UTF-8", NO_UTF_8, arrived)
                arrived.append(message)

    def _closed(self, payload: bytes, arrived: list[Arrived]) -> None:
        """5.5.1 and 7.4: the code comes back, where it is one that may be sent."""
        if not payload:
            raise EndedError("", frame(CLOSE, b""), arrived, peer_closed=True)
        code = int.from_bytes(payload[:2], "big")
        if len(payload) < 2 or not (code in _CODES or 3000 <= code <= 4999):
            self._fail("WebSocket Close with a code that may not be sent", PROTOCOL_ERROR, arrived)
        if not _is_utf_8(payload[2:]):
            self._fail("WebSocket Close whose reason is not UTF-8", NO_UTF_8, arrived)
        raise EndedError("", close_frame(code), arrived, peer_closed=True)

    def _fail(self, what: str, code: int, arrived: list[Arrived]) -> NoReturn:
        self._buffer.clear()
        self._fragments.clear()
        raise EndedError(what, close_frame(code, what), arrived)


# 7.4.1 and its registry, without those that are never sent: 1004, 1005, 1006, 1015
_CODES: Final = frozenset({1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 1012, 1013, 1014})


def _is_utf_8(data: bytes) -> bool:
    if data.isascii():
        return True
    try:
        data.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True
