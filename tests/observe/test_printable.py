from __future__ import annotations

import pytest

from responder.observe.printable import printable, printable_lines

CASES = [
    ("plain", "plain"),
    ("Grüße 電話", "Grüße 電話"),
    ("a\r\nb\tc", "a\\r\\nb\\tc"),
    ("\x1b[31mred", "\\x1b[31mred"),
    (b"\xff".decode("utf-8", "surrogateescape"), "\\xff"),
    ("\u202eright to left", "\\u202eright to left"),
    ("\U000e0001", "\\U000e0001"),
    ("", ""),
]


@pytest.mark.parametrize(("text", "expected"), CASES)
def test_nothing_acts_on_a_terminal(text: str, expected: str) -> None:
    assert printable(text) == expected


def test_lines_of_a_message() -> None:
    assert printable_lines(b"A: 1\r\nB:\t2\nC\rD\xfe") == ["A: 1", "B:    2", "C\\rD\\xfe"]
