"""Messages that are broken in seeded ways: the same seed gives the same ones."""

from __future__ import annotations

import random
import re
from collections.abc import Iterator

_JUNK = (
    b"\r\n", b"\n", b"\r", b"\0", b" ", b"\t", b";", b",", b":", b"=", b'"', b"<", b">", b"%", b"%00", b"%zz", b"@",
    b"[", b"]", b"\\", b"\xff\xfe", "ß".encode(), b"(", b"?", b"&", b"*", b"-1", b"0", b"4294967296",
    b"99999999999999999999999999", b"z9hG4bK", b"SIP/2.0", b"sip:", b";tag=", b"\r\n ", b"\r\n\r\n", b"a" * 300,
    b"/" * 50, b"," * 40, b";" * 40, b"%s%n%x", b"${request.uri}", b"\x1b[31m",
)  # fmt: skip


def _flip(draw: random.Random, data: bytearray) -> None:
    for _ in range(draw.randint(1, 4)):
        data[draw.randrange(len(data))] = draw.randrange(256)


def _insert(draw: random.Random, data: bytearray) -> None:
    at = draw.randrange(len(data) + 1)
    data[at:at] = draw.choice(_JUNK)


def _delete(draw: random.Random, data: bytearray) -> None:
    at = draw.randrange(len(data))
    del data[at : at + draw.choice((1, 1, 2, 5, 20, 80))]


def _repeat(draw: random.Random, data: bytearray) -> None:
    at = draw.randrange(len(data))
    part = data[at : at + draw.choice((1, 4, 16, 64))]
    data[at:at] = part * draw.choice((1, 2, 50))


def _truncate(draw: random.Random, data: bytearray) -> None:
    del data[draw.randrange(len(data)) or 1 :]


def _lines(draw: random.Random, data: bytearray) -> None:
    lines = bytes(data).split(b"\r\n")
    act = draw.randrange(4)
    at, other = draw.randrange(len(lines)), draw.randrange(len(lines))
    if act == 0:
        lines[at], lines[other] = lines[other], lines[at]
    elif act == 1:
        lines.insert(at, lines[other])
    elif act == 2:
        del lines[at]
    else:
        lines[at] = lines[at].replace(b":", b":" + draw.choice(_JUNK), 1)
    data[:] = b"\r\n".join(lines)


def _number(draw: random.Random, data: bytearray) -> None:
    found = list(re.finditer(rb"\d+", bytes(data)))
    if found:
        spot = draw.choice(found)
        data[spot.start() : spot.end()] = draw.choice(
            (b"-1", b"0", b"65536", b"2147483648", b"4294967296", b"9" * 40, b"1e5", b"0x1", b"", b"00000000001")
        )


def _value(draw: random.Random, data: bytearray) -> None:
    found = list(re.finditer(rb"(?m)^[A-Za-z-]+: ?(.*)\r$", bytes(data)))
    if found:
        spot = draw.choice(found)
        data[spot.start(1) : spot.end(1)] = draw.choice(_JUNK) * draw.choice((0, 1, 3))


_CHANGES = (_flip, _insert, _delete, _repeat, _truncate, _lines, _number, _value)


def mutants(seed: int, messages: list[bytes]) -> Iterator[bytes]:
    """Endlessly: one of these messages with one to three changes; at most 60,000 bytes each, never empty."""
    draw = random.Random(seed)
    while True:
        data = bytearray(draw.choice(messages))
        for _ in range(draw.choice((1, 1, 1, 2, 3))):
            if data:
                draw.choice(_CHANGES)(draw, data)
        if data:
            yield bytes(data[:60_000])
