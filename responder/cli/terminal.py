"""What a stream can show: colours, how many columns, and whether it takes more than ASCII."""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TextIO

_DRAWN = "→│─▶◀·…"


@dataclass(frozen=True, slots=True)
class Terminal:
    """The stream that lines go to."""

    interactive: bool
    """A person looks at it."""
    colour: bool
    ascii_only: bool
    width: int


def terminal_of(stream: TextIO, environment: Mapping[str, str] | None = None) -> Terminal:
    """What `stream` is. Colours are for terminals only, and for none where NO_COLOR is set or TERM is `dumb`."""
    environment = os.environ if environment is None else environment
    interactive = stream.isatty()
    colour = interactive and not environment.get("NO_COLOR") and environment.get("TERM") != "dumb"
    try:
        _DRAWN.encode(stream.encoding or "ascii")
        ascii_only = False
    except (UnicodeEncodeError, LookupError):
        ascii_only = True
    width = shutil.get_terminal_size((80, 24)).columns if interactive else 80
    return Terminal(interactive=interactive, colour=colour, ascii_only=ascii_only, width=min(max(width, 64), 120))


def wrapped(head: str, indent: str, text: str, width: int) -> list[str]:
    """`text` behind `head`, in lines of `width` columns that go on behind `indent`; no word is broken."""
    from textwrap import wrap

    return wrap(
        text, width, initial_indent=head, subsequent_indent=indent, break_long_words=False, break_on_hyphens=False
    )
