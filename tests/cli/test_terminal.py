from __future__ import annotations

import io

import pytest

from responder.cli.terminal import terminal_of


class Screen(io.TextIOWrapper):
    """A stream that says it is a terminal."""

    def __init__(self, encoding: str = "utf-8") -> None:
        super().__init__(io.BytesIO(), encoding=encoding)

    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(
    ("environment", "expected"),
    [
        ({}, True),
        ({"NO_COLOR": "1"}, False),
        ({"NO_COLOR": ""}, True),  # no-color.org: only where it is not empty
        ({"TERM": "dumb"}, False),
        ({"TERM": "xterm"}, True),
    ],
)
def test_colours(environment: dict[str, str], expected: bool) -> None:
    assert terminal_of(Screen(), environment).colour is expected


def test_a_file_gets_no_colours_and_eighty_columns() -> None:
    terminal = terminal_of(io.StringIO(), {})
    assert (terminal.interactive, terminal.colour, terminal.width) == (False, False, 80)


@pytest.mark.parametrize(
    ("encoding", "expected"), [("utf-8", False), ("ascii", True), ("latin-1", True), ("utf-16", False)]
)
def test_what_can_be_drawn_with(encoding: str, expected: bool) -> None:
    assert terminal_of(Screen(encoding), {}).ascii_only is expected
