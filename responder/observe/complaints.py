"""What is worth a line even where nothing else is printed: problems of our own."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from responder.events import Event, Note
from responder.observe.printable import printable

MOST = 100
"""Lines in a run; whatever goes wrong more often than that has been said."""


class Complaints:
    """Writes notes of the kind `problem`, and nothing else."""

    def __init__(self, write: Callable[[str], object]) -> None:
        self._write = write
        self._left = MOST

    def observe(self, events: Iterable[Event]) -> None:
        """Write the problems among these events."""
        for event in events:
            if type(event) is Note and event.kind == "problem" and self._left:
                self._left -= 1
                self._write(f"responder: {printable(event.text)}\n")

    def flush(self, now: float) -> None:
        """Nothing to do: a problem is written at once."""

    def close(self, now: float) -> None:
        """Nothing to do."""
