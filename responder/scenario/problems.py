"""What is wrong with an author's files: every problem with its place, what it is and how to mend it."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from responder.errors import ResponderError
from responder.scenario.nodes import Place

WIDEST: Final = 160
"""Characters of a line that a message shows."""


@dataclass(frozen=True, slots=True)
class Problem:
    """One mistake in one place. Lines and columns count from 1; line 0 is the file as a whole."""

    file: str
    """The path as the user gave it."""
    line: int
    column: int
    what: str
    fix: str = ""
    """How to mend it: advice, or a question such as `did you mean 'respond'?`; may be empty."""
    source: str = ""
    """The line of the file, without its end."""
    length: int = 1
    """How many characters of the line are at fault."""

    @property
    def message(self) -> str:
        """What is wrong and how to mend it, without the place."""
        if not self.fix:
            return self.what
        return f"{self.what} ({self.fix})" if self.fix.endswith("?") else f"{self.what}: {self.fix}"

    def __str__(self) -> str:
        if not self.line:
            return f"{self.file}: error: {self.message}"
        head = f"{self.file}:{self.line}:{self.column}: error: {self.message}"
        if not self.source.strip():
            return head
        shown, before = self.source, self.column - 1
        length = self.length
        if len(shown) > WIDEST:
            start = max(0, before - WIDEST // 2)
            shown = f"...{shown[start : start + WIDEST]}..."
            before = before - start + 3
            length = min(length, len(shown) - before)
        margin = "".join("\t" if letter == "\t" else " " for letter in shown[:before])
        return f"{head}\n{self.line:>4} | {shown}\n     | {margin}{'^' * max(1, length)}"

    def as_dict(self) -> dict[str, str | int]:
        """The fields by name, for JSON."""
        return {
            "file": self.file,
            "line": self.line,
            "column": self.column,
            "length": self.length,
            "what": self.what,
            "fix": self.fix,
            "source": self.source,
        }


class ScenarioError(ResponderError):
    """Scenario files that cannot be used; `problems` holds every one, in the order of files and lines."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(map(str, self.problems)))

    def as_json(self) -> list[dict[str, str | int]]:
        """The problems as values that `json.dumps` takes."""
        return [problem.as_dict() for problem in self.problems]


class Problems:
    """The problems found so far. Each place is blamed for a thing once, however often it is compiled."""

    def __init__(self) -> None:
        self._found: dict[tuple[int, int, int, str], Problem] = {}
        self._files: dict[str, int] = {}
        self.noted = 0
        """How often something was noted, also what had been noted before."""

    def reads(self, file: str) -> None:
        """A file is read: its problems come before those of files that are read later."""
        self._files.setdefault(file, len(self._files))

    def add(self, place: Place, what: str, fix: str = "") -> None:
        """Note that something is wrong at this place."""
        source = place.source
        line = source.lines[place.line - 1] if 0 < place.line <= len(source.lines) else ""
        length = max(1, min(place.length, len(line) - place.column + 1))
        self._add(Problem(source.name, place.line, place.column, what, fix, line, length))

    def add_file(self, file: str, what: str, fix: str = "") -> None:
        """Note that something is wrong with a file as a whole."""
        self._add(Problem(file, 0, 0, what, fix))

    def _add(self, problem: Problem) -> None:
        self.noted += 1
        order = self._files.setdefault(problem.file, len(self._files))
        self._found.setdefault((order, problem.line, problem.column, problem.what), problem)

    def __len__(self) -> int:
        return len(self._found)

    def raise_if_any(self) -> None:
        """Raise `ScenarioError` with all of them, sorted by file, line and column, if there are any."""
        if self._found:
            raise ScenarioError(problem for _, problem in sorted(self._found.items(), key=lambda item: item[0]))


def closest(word: str, known: Iterable[str]) -> str | None:
    """The known word that was most likely meant, None where none is near."""
    words = {candidate.lower(): candidate for candidate in known}
    found = difflib.get_close_matches(word.lower(), list(words), n=1, cutoff=0.6)
    return words[found[0]] if found else None


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """The question `did you mean '...'?`, or nothing where no known word is near."""
    meant = closest(word, known)
    return f"did you mean '{meant}'?" if meant is not None else ""


def listed(words: Iterable[str], *, last: str = "or") -> str:
    """`a, b or c`."""
    items = list(words)
    return items[0] if len(items) == 1 else f"{', '.join(items[:-1])} {last} {items[-1]}" if items else ""
