"""RFC 6455 section 5 and RFC 7118 sections 4.2, 5 and 6: frames as values."""

from __future__ import annotations

import random

import pytest

from responder.sip.framer import PING as KEEP_ALIVE
from responder.sip.websocket_frames import (
    BINARY,
    CLOSE,
    CONTINUATION,
    PING,
    PONG,
    TEXT,
    Arrived,
    EndedError,
    FrameReader,
    WebSocketPing,
    close_frame,
    frame,
    message_frame,
    sip_frame,
)

MASK = b"\x37\xfa\x21\x3d"
EXAMPLE = bytes.fromhex("818537fa213d7f9f4d5158")
"""RFC 6455 section 5.7: a single-frame masked text message "Hello"."""


def read(data: bytes, most: int = 1000) -> list[Arrived]:
    return FrameReader(most=most).feed(data)


def ended(data: bytes, most: int = 1000) -> EndedError:
    with pytest.raises(EndedError) as caught:
        read(data, most)
    return caught.value


def code(error: EndedError) -> int:
    assert error.last[0] == 0x80 | CLOSE
    assert not error.last[1] & 0x80
    return int.from_bytes(error.last[2:4], "big")


def test_the_examples_of_the_rfc() -> None:
    assert frame(TEXT, b"Hello") == bytes.fromhex("810548656c6c6f")
    assert frame(TEXT, b"Hello", mask=MASK) == EXAMPLE
    assert frame(TEXT, b"Hel", final=False) + frame(CONTINUATION, b"lo") == bytes.fromhex("010348656c80026c6f")
    assert frame(PONG, b"Hello", mask=MASK) == bytes.fromhex("8a8537fa213d7f9f4d5158")
    assert frame(BINARY, bytes(256))[:4] == bytes.fromhex("827e0100")
    assert frame(BINARY, bytes(65536))[:10] == bytes.fromhex("827f0000000000010000")
    assert read(EXAMPLE) == [b"Hello"]


@pytest.mark.parametrize("size", [0, 1, 125, 126, 127, 65535, 65536, 100_000])
@pytest.mark.parametrize("opcode", [TEXT, BINARY])
def test_what_is_written_is_read(size: int, opcode: int) -> None:
    payload = b"x" * size
    assert read(frame(opcode, payload, mask=MASK) * 2, 100_000) == [payload] * 2


def test_byte_by_byte() -> None:
    whole = (
        frame(TEXT, "Grü".encode()[:3], mask=MASK, final=False)
        + frame(PING, b"?", mask=MASK)
        + frame(CONTINUATION, "Grüße".encode()[3:], mask=MASK)
        + frame(PONG, b"", mask=MASK)
        + frame(BINARY, b"\xff" * 200, mask=MASK)
    )
    reader = FrameReader(most=1000)
    arrived = list[Arrived]()
    for byte in whole:
        arrived += reader.feed(bytes([byte]))
    assert arrived == [WebSocketPing(b"?"), "Grüße".encode(), b"\xff" * 200]
    assert arrived == read(whole)
    assert not reader.incomplete


@pytest.mark.parametrize("begun", [EXAMPLE[:1], EXAMPLE[:-1], frame(TEXT, b"a", mask=MASK, final=False)])
def test_what_has_begun_is_incomplete(begun: bytes) -> None:
    reader = FrameReader(most=1000)
    assert not reader.incomplete
    assert reader.feed(begun) == []
    assert reader.incomplete


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (frame(TEXT, b"Hello"), 1002),
        (bytes([0xC1]) + EXAMPLE[1:], 1002),
        (bytes([0x83]) + EXAMPLE[1:], 1002),
        (frame(CONTINUATION, b"a", mask=MASK), 1002),
        (frame(TEXT, b"a", mask=MASK, final=False) + frame(TEXT, b"b", mask=MASK), 1002),
        (frame(PING, b"a", mask=MASK, final=False), 1002),
        (frame(PING, bytes(126), mask=MASK), 1002),
        (bytes.fromhex("81fe0005") + EXAMPLE[2:], 1002),
        (bytes.fromhex("81ff0000000000000005") + EXAMPLE[2:], 1002),
        (bytes.fromhex("81ff8000000000000005") + EXAMPLE[2:], 1002),
        (frame(TEXT, b"\xff", mask=MASK), 1007),
        (frame(TEXT, b"a" * 1001, mask=MASK), 1009),
        (frame(TEXT, b"a" * 1001, mask=MASK)[:4], 1009),
        (frame(TEXT, b"a" * 600, mask=MASK, final=False) + frame(CONTINUATION, b"a" * 600, mask=MASK), 1009),
        (frame(CLOSE, b"\x03", mask=MASK), 1002),
        (frame(CLOSE, b"\x03\xed", mask=MASK), 1002),
        (frame(CLOSE, b"\x03\xe8\xff", mask=MASK), 1007),
    ],
)
def test_a_breach_of_the_protocol_ends_it_after_what_came_before(data: bytes, expected: int) -> None:
    error = ended(EXAMPLE + data)
    assert code(error) == expected
    assert error.arrived == [b"Hello"]
    assert not error.peer_closed


def test_a_close_comes_back_with_its_code() -> None:
    error = ended(EXAMPLE + frame(CLOSE, b"\x0f\xa1bye", mask=MASK) + EXAMPLE)
    assert (error.peer_closed, error.arrived, code(error)) == (True, [b"Hello"], 4001)
    assert ended(frame(CLOSE, b"", mask=MASK)).last == frame(CLOSE, b"")


def test_a_long_reason_is_cut_off() -> None:
    assert len(close_frame(1002, "x" * 500)) == 127


def test_what_is_not_utf_8_goes_as_binary() -> None:
    assert message_frame("Grüße".encode())[0] & 0xF == TEXT
    assert message_frame(b"\xff")[0] & 0xF == BINARY


def test_keep_alives() -> None:
    assert sip_frame(b"\r\n\r\n") is KEEP_ALIVE
    assert sip_frame(b"\r\n") is None
    assert sip_frame(b"") is None
    assert sip_frame(b"OPTIONS") == b"OPTIONS"


def test_mutated_frames_end_it_or_are_read_and_are_never_kept_beyond_the_bound() -> None:
    draws = random.Random(7118)
    whole = frame(TEXT, b"a" * 130, mask=MASK) + frame(PING, b"b", mask=MASK)
    whole += frame(TEXT, b"c", mask=MASK, final=False) + frame(CONTINUATION, b"d", mask=MASK)
    breaches = 0
    for _ in range(3000):
        data = bytearray(whole)
        for _ in range(draws.randint(1, 4)):
            data[draws.randrange(len(data))] = draws.randrange(256)
        reader = FrameReader(most=500)
        try:
            for at in range(0, len(data), 50):
                reader.feed(bytes(data[at : at + 50]))
        except EndedError:
            breaches += 1
        assert len(reader._buffer) + len(reader._fragments) <= 1014
    assert breaches > 100
