"""Messages out of a byte stream (RFC 3261 sections 7.5, 18.3) and keep-alive pings (RFC 5626 section 3.5.1).

Rules
1. Work is linear in the bytes fed, in whatever pieces they come: what has been searched is not searched again.
2. Between messages a double CRLF is a ping and a single CRLF is nothing.
3. A stream without a usable Content-Length cannot be read any further: `FramingError`, now and at every later call.
"""

from __future__ import annotations

import re
from typing import Final, TypeAlias

from responder.errors import ParseError


class Ping:
    """A double CRLF between messages, to be answered with one CRLF."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "PING"


PING: Final = Ping()
"""The only `Ping`."""

Frame: TypeAlias = bytes | Ping


class FramingError(ParseError):
    """The stream cannot be cut into messages any more; the connection is to be closed, after an answer if one fits.

    `head` is what came of the offending message's head, `before` what was complete ahead of it in the same call.
    """

    def __init__(self, what: str, *, status: int, head: bytes, before: list[Frame]) -> None:
        super().__init__(what, status=status, field="Content-Length" if "Content-Length" in what else "")
        self.head = head
        self.before = before


# Content-Length  =  ( "Content-Length" / "l" ) HCOLON 1*DIGIT ; lines may be folded
_length: Final = re.compile(rb"\n(?:content-length|l)[ \t]*+:((?:[^\r\n]++|\r?\n[ \t])*+)", re.IGNORECASE)
_PLAIN_LENGTH: Final = b"\r\nContent-Length:"
_digits: Final = re.compile(rb"[0-9]++").fullmatch


class StreamFramer:
    """Cuts what arrives on one connection; `max_head` and `max_body` bound what is kept."""

    def __init__(self, *, max_head: int = 65536, max_body: int = 1048576) -> None:
        self._max_head = max_head
        self._max_body = max_body
        self._buffer = bytearray()
        self._searched = 0
        self._size = 0  # of the message at the front, once its head is complete
        self._failure: tuple[str, int, bytes] | None = None

    @property
    def pending(self) -> int:
        """Bytes kept until the rest of their message comes."""
        return len(self._buffer)

    @property
    def rest(self) -> bytes:
        """Those bytes."""
        return bytes(self._buffer)

    def feed(self, data: bytes) -> list[Frame]:
        """The messages and pings that are complete now, in order; `FramingError` (see rule 3)."""
        frames: list[Frame] = []
        if self._failure is not None:
            self._fail(*self._failure, frames)
        buffer = self._buffer
        if not buffer:
            taken = self._whole_messages(data, frames)
            if taken == len(data):
                return frames
            data = data[taken:]
        buffer += data
        start = 0
        while True:
            if not self._size:
                start = self._skip_line_ends(start, frames)
                self._size = self._find_size(start, frames)
            if not self._size or len(buffer) - start < self._size:
                break
            frames.append(bytes(memoryview(buffer)[start : start + self._size]))
            start += self._size
            self._searched = start
            self._size = 0
        if start:
            del buffer[:start]
            self._searched = max(0, self._searched - start)
        return frames

    def _whole_messages(self, data: bytes, frames: list[Frame]) -> int:
        """Take messages of the common make that lie whole in `data`; how many bytes they are.

        Whatever is not plain (an incomplete message, a ping, bare LF, a compact Content-Length) is left. Where a
        message has several of them the last counts here, and the parser finds fault with those that differ.
        """
        start, total = 0, len(data)
        while start < total:
            end = data.find(b"\r\n\r\n", start)
            at = data.rfind(_PLAIN_LENGTH, start, end + 2)
            if end < 0 or at < 0 or data[start] <= 32 or data[data.find(b"\n", start) - 1] != 13:
                break
            length = data[at + len(_PLAIN_LENGTH) : data.find(b"\r", at + 2)].strip(b" ")
            if not length.isdigit() or len(length) > 9 or end - start > self._max_head:
                break
            size = int(length)
            stop = end + 4 + size
            if stop > total or size > self._max_body:
                break
            frames.append(data[start:stop])
            start = stop
        return start

    def _skip_line_ends(self, start: int, frames: list[Frame]) -> int:
        buffer = self._buffer
        while buffer.startswith((b"\r\n", b"\n"), start):
            if buffer.startswith(b"\r\n\r\n", start):
                frames.append(PING)
                start += 4
            elif len(buffer) - start < 4 and b"\r\n\r\n".startswith(bytes(buffer[start:])):
                break  # half a ping, or nothing: the next bytes tell
            else:
                start += 2 if buffer.startswith(b"\r\n", start) else 1
        self._searched = max(self._searched, start)
        return start

    def _find_size(self, start: int, frames: list[Frame]) -> int:
        """The size of the message at `start`, 0 while its head is incomplete."""
        buffer = self._buffer
        begin = max(start, self._searched - 3)
        end = buffer.find(b"\n\r\n", begin)
        bare = buffer.find(b"\n\n", begin, end if end >= 0 else len(buffer))
        end = bare + 2 if bare >= 0 else end + 3 if end >= 0 else -1
        if (len(buffer) if end < 0 else end) - start > self._max_head:
            self._fail("Head too large", 513, bytes(buffer[start : start + self._max_head]), frames)
        if end < 0:
            self._searched = len(buffer)
            return 0
        head = bytes(memoryview(buffer)[start:end])
        return len(head) + self._content_length(head, frames)

    def _content_length(self, head: bytes, frames: list[Frame]) -> int:
        values = {value.strip() for value in _length.findall(head)}
        if not values:
            # "the Content-Length header field MUST be present if the message is carried over a stream" (20.14)
            self._fail("Missing Content-Length", 400, head, frames)
        if len(values) > 1:
            self._fail("Several different Content-Length", 400, head, frames)
        value = values.pop()
        if not _digits(value):
            self._fail("Malformed Content-Length", 400, head, frames)
        value = value.lstrip(b"0") or b"0"
        if len(value) > 10 or int(value) > self._max_body:
            self._fail("Content-Length too large", 413, head, frames)
        return int(value)

    def _fail(self, what: str, status: int, head: bytes, frames: list[Frame]) -> None:
        self._failure = (what, status, head)
        self._buffer = bytearray()
        raise FramingError(what, status=status, head=head, before=frames)
