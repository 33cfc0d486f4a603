"""A list in words, wrapped between its items; within one only where it is longer than a line."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from textwrap import wrap

_UNBROKEN = "\x00"


def listed(title: str, items: Iterable[str], *, width: int, indent: str = "  ") -> Iterator[str]:
    """The lines of `title item, item, item`, the second and later ones indented by two columns more."""
    text = ", ".join(item.replace(" ", _UNBROKEN) for item in items)
    for line in wrap(
        f"{title} {text}".strip(),
        width,
        initial_indent=indent,
        subsequent_indent=indent + "  ",
        break_on_hyphens=False,
    ):
        yield line.replace(_UNBROKEN, " ")
