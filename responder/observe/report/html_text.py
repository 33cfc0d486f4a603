"""Text made fit for HTML. All that comes from a network goes through here: nothing of it becomes markup, and what
cannot be seen, or turns the direction of the text, is shown as an escape."""

from __future__ import annotations

import re
from collections.abc import Iterable
from html import escape
from typing import Final

from responder.observe.printable import printable, printable_lines
from responder.observe.report.explanation import safe

_COLOURS: Final = re.compile(r"\x1b\[[0-9;]*m")
_CITATION: Final = re.compile(r"RFC (\d+) ([A-Z0-9][.0-9]*)")


def text(value: str) -> str:
    """A value on one line, as content or as an attribute in double quotes; of a very long one the beginning."""
    return escape(safe(value))


def message(data: bytes, limit: int) -> str:
    """The lines of a message for `<pre>`, of one longer than `limit` bytes the beginning."""
    return escape("\n".join(printable_lines(data[:limit])).rstrip("\n"))


def output(printed: str, limit: int) -> str:
    """What a program printed, for `<pre>`: without its colours, the last `limit` characters."""
    lines = _COLOURS.sub("", printed[-limit:]).expandtabs(8).split("\n")
    return escape("\n".join(printable(line.rstrip("\r")) for line in lines))


def citations(sections: Iterable[str]) -> str:
    """Sections of RFCs (`RFC 3261 17.1.1.3`), each with a link that leads there."""
    return ", ".join(map(_citation, sections))


def _citation(section: str) -> str:
    found = _CITATION.fullmatch(section)
    if found is None:
        return text(section)
    place = f"https://www.rfc-editor.org/rfc/rfc{found[1]}#section-{found[2]}"
    return f'<a class="rfc" href="{place}" rel="noreferrer">{text(section)}</a>'
