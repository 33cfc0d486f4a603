"""RFC 3261 sections 7.5 and 18.3, RFC 5626 section 3.5.1: messages out of a stream, however it is cut"""

from __future__ import annotations

import random
import time

import pytest

from responder.sip.framer import PING, Frame, FramingError, StreamFramer

from . import plain


def framed(body: bytes = b"", **names: str) -> bytes:
    return plain.text({"Content-Length": str(len(body))} | names) + body


FRAMES: list[tuple[bytes, list[Frame]]] = [
    (framed(), [framed()]),
    (framed(b"body"), [framed(b"body")]),
    (framed(b"a\r\n\r\nb"), [framed(b"a\r\n\r\nb")]),
    (framed() + framed(b"x"), [framed(), framed(b"x")]),
    (b"\r\n" + framed(), [framed()]),
    (b"\r\n\r\n", [PING]),
    (b"\r\n\r\n\r\n\r\n", [PING, PING]),
    (b"\r\n\r\n\r\n" + framed(), [PING, framed()]),
    (framed() + b"\r\n" + framed() + b"\r\n\r\n" + framed(), [framed(), framed(), PING, framed()]),
    (framed() + b"\n" + framed(), [framed(), framed()]),
    (framed().replace(b"\r\n", b"\n"), [framed().replace(b"\r\n", b"\n")]),
]


@pytest.mark.parametrize(("stream", "frames"), FRAMES)
class TestChunking:
    def test_in_one_piece(self, stream: bytes, frames: list[Frame]) -> None:
        framer = StreamFramer()
        assert framer.feed(stream) == frames
        assert framer.pending == 0

    def test_byte_by_byte(self, stream: bytes, frames: list[Frame]) -> None:
        framer = StreamFramer()
        assert [frame for at in range(len(stream)) for frame in framer.feed(stream[at : at + 1])] == frames

    def test_cut_at_every_byte(self, stream: bytes, frames: list[Frame]) -> None:
        for at in range(len(stream) + 1):
            framer = StreamFramer()
            assert framer.feed(stream[:at]) + framer.feed(stream[at:]) == frames

    def test_cut_at_random(self, stream: bytes, frames: list[Frame]) -> None:
        dice = random.Random(7)
        for _ in range(50):
            framer, found, at = StreamFramer(), list[Frame](), 0
            while at < len(stream * 3):
                size = dice.randint(1, 200)
                found += framer.feed((stream * 3)[at : at + size])
                at += size
            whole = StreamFramer()
            assert found == whole.feed(stream * 3)


@pytest.mark.parametrize(
    "lines",
    [
        b"l: 4",
        b"L:4",
        b"Content-Length  :\t 0004 ",
        b"CONTENT-LENGTH:\r\n 4",
        b"l :\r\n\t4",
        b"l: 4\r\nl:4",
        b"a: b\r\nl: 4",
    ],
)
def test_spellings_of_content_length(lines: bytes) -> None:
    data = b"BYE sip:a SIP/2.0\r\n" + lines + b"\r\n\r\nbody"
    assert StreamFramer().feed(data + b"SIP/2.0") == [data]


@pytest.mark.parametrize(
    ("lines", "status"),
    [
        (b"To: a", 400),
        (b"Content-Lengthy: 4", 400),
        (b"X-l: 4", 400),
        (b"l: -1", 400),
        (b"l: x", 400),
        (b"l:", 400),
        (b"l: 4 4", 400),
        (b"l: 4, 4", 400),
        (b"l: 4\r\nContent-Length: 5", 400),
        (b"l: 1048577", 413),
        (b"l: " + b"9" * 5000, 413),
    ],
)
def test_unusable_content_length(lines: bytes, status: int) -> None:
    head = b"BYE sip:a SIP/2.0\r\n" + lines + b"\r\n\r\n"
    framer = StreamFramer()
    with pytest.raises(FramingError) as caught:
        framer.feed(framed() + head + b"rest")
    assert (caught.value.status, caught.value.head, caught.value.before) == (status, head, [framed()])
    with pytest.raises(FramingError) as again:
        framer.feed(framed())
    assert again.value.before == []
    assert framer.pending == 0


def test_endless_head() -> None:
    framer = StreamFramer(max_head=100)
    assert framer.feed(b"x" * 100) == []
    with pytest.raises(FramingError) as caught:
        framer.feed(b"x")
    assert (caught.value.status, len(caught.value.head)) == (513, 100)


def test_long_head_in_one_piece() -> None:
    with pytest.raises(FramingError) as caught:
        StreamFramer(max_head=200).feed(framed())
    assert caught.value.status == 513


def test_largest_allowed() -> None:
    body = b"b" * 50
    assert StreamFramer(max_head=len(framed(body)) - 50, max_body=50).feed(framed(body)) == [framed(body)]


def test_pending() -> None:
    framer = StreamFramer()
    framer.feed(framed(b"body")[:-1])
    assert framer.pending == len(framed(b"body")) - 1


@pytest.mark.parametrize(
    "stream",
    [b"x" * 60000, b"\r\nx" * 20000, b"a: \n " * 12000, framed(b"b" * 200000), b"\r\n" * 30000, b"\rx\r\n" * 15000],
)
def test_time_is_linear_byte_by_byte(stream: bytes) -> None:
    """A quadratic framer takes minutes for these."""
    begun = time.perf_counter()
    framer = StreamFramer()
    for at in range(len(stream)):
        framer.feed(stream[at : at + 1])
    assert time.perf_counter() - begun < 2


def test_time_is_linear_for_many_messages_in_one_segment() -> None:
    begun = time.perf_counter()
    assert len(StreamFramer().feed(framed() * 20000)) == 20000
    assert time.perf_counter() - begun < 2
