"""How far a sweep has come, for a person: a line that changes on a terminal, else a line a finished case."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Final

from responder.observe.records import Case
from responder.observe.report.result import Result

_SLOWEST: Final = 0.1
"""Seconds between two pictures of the bar."""
_BAR: Final = 20
_NAMES: Final = {
    "pass": "passed",
    "known": "passed, with what the baseline knows",
    "fail": "failed",
    "no-call": "nobody called",
    "error": "the client was not started",
}


def name_of(case: Case) -> str:
    """A case on one line: `486 INVITE UDP compact`."""
    target = case.scenario or case.code or case.dial
    return " ".join(part for part in (target, case.method, case.transport, case.variant) if part not in ("plain", ""))


def verdict_on(result: Result) -> str:
    """What came of a case, on one line."""
    said = [one.rule.id for one in result.failures] + [text.partition("\n")[0] for text in result.problems]
    head = f"{name_of(result.case)}: {_NAMES[result.outcome]}"
    return f"{head}: {', '.join(said)}" if said else head


class Progress:
    """The line at the bottom of a terminal, `width` columns wide; with 0 of them there is none.

    Whoever prints something else has it `clear`ed before.
    """

    def __init__(self, write: Callable[[str], object], total: int, *, width: int, ascii_only: bool) -> None:
        self._write = write
        self._total = total
        self._width = width
        self._full, self._empty = ("#", "-") if ascii_only else ("█", "░")
        self._running: dict[Case, None] = {}
        self._done = 0
        self._failed = 0
        self._drawn = 0.0
        self._shown = False

    def begun(self, case: Case) -> None:
        """This one runs now."""
        self._running[case] = None
        self._draw()

    def ended(self, result: Result) -> None:
        """It does not any more."""
        self._running.pop(result.case, None)
        self._done += 1
        self._failed += not result.passed
        self._draw(last=self._done == self._total)

    def clear(self) -> None:
        """Take the line away."""
        if self._shown:
            self._write("\r\x1b[K")
            self._shown = False

    def _draw(self, *, last: bool = False) -> None:
        now = time.monotonic()
        if not self._width or (now - self._drawn < _SLOWEST and not last):
            return
        self._drawn = now
        full = _BAR * self._done // max(1, self._total)
        bar = self._full * full + self._empty * (_BAR - full)
        running = ", ".join(map(name_of, self._running))
        text = f"{bar} {self._done}/{self._total}, {self._failed} failed  {running}"
        if len(text) > self._width - 1:
            text = text[: self._width - 4] + "..."
        self._write(f"\r\x1b[K{text}")
        self._shown = True
