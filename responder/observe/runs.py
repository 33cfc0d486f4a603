"""The runs that a trace holds: one for `responder serve`, one for each case of a sweep. Each is judged by itself."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from responder.observe.records import (
    CallRecord,
    CaseRecord,
    ClientRecord,
    EndRecord,
    Entry,
    MalformedRecord,
    MessageRecord,
    NoteRecord,
    Record,
)


@dataclass(frozen=True)
class Run:
    """What was recorded between the beginning of a case and that of the next, or all there is."""

    case: CaseRecord | None
    """What it was about; None for what was served without a sweep."""
    entries: tuple[Entry, ...]
    """All of it, marks too."""

    @property
    def records(self) -> list[Record]:
        """What the engine reported."""
        return [
            one for one in self.entries if isinstance(one, MessageRecord | MalformedRecord | CallRecord | NoteRecord)
        ]

    @property
    def client(self) -> ClientRecord | None:
        """How the client went away; None where that is not known."""
        return next((one for one in self.entries if isinstance(one, ClientRecord)), None)


def runs(entries: Iterable[Entry]) -> Iterator[Run]:
    """The runs in the order of the trace."""
    case: CaseRecord | None = None
    found: list[Entry] = []
    for entry in entries:
        if isinstance(entry, CaseRecord):
            if found:
                yield Run(case, tuple(found))
            case, found = entry, []
        found.append(entry)
    if found and not all(isinstance(entry, EndRecord) for entry in found):
        yield Run(case, tuple(found))
