from __future__ import annotations

from argparse import ArgumentTypeError
from collections.abc import Callable

import pytest

from responder.cli import arguments


@pytest.mark.parametrize(
    ("text", "expected"), [("30", 30.0), ("1.5", 1.5), ("500ms", 0.5), ("2s", 2.0), ("5m", 300.0), ("1h", 3600.0)]
)
def test_durations(text: str, expected: float) -> None:
    assert arguments.seconds(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("192.0.2.1", ("192.0.2.1", 0)),
        ("192.0.2.1:40000", ("192.0.2.1", 40000)),
        ("2001:db8::1", ("2001:db8::1", 0)),
        ("[2001:db8::1]", ("2001:db8::1", 0)),
        ("[2001:db8::1]:40000", ("2001:db8::1", 40000)),
    ],
)
def test_media_addresses(text: str, expected: tuple[str, int]) -> None:
    assert arguments.media_address(text) == expected


@pytest.mark.parametrize(
    ("parse", "text"),
    [
        (arguments.seconds, ""),
        (arguments.seconds, "0s"),
        (arguments.seconds, "-1"),
        (arguments.seconds, "2 s"),
        (arguments.seconds, "1:30"),
        (arguments.port, "-1"),
        (arguments.port, "65536"),
        (arguments.port, "sip"),
        (arguments.count, "0"),
        (arguments.count, "many"),
        (arguments.media_address, "host.example"),
        (arguments.media_address, "192.0.2.1:"),
        (arguments.media_address, "192.0.2.1:70000"),
        (arguments.media_address, "[2001:db8::1]40000"),
        (arguments.media_address, "[2001:db8::1"),
    ],
)
def test_what_is_none(parse: Callable[[str], object], text: str) -> None:
    with pytest.raises(ArgumentTypeError, match=r"expected|above zero"):
        parse(text)
