"""Cases by groups of rules: a mark for each pair."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from responder.observe.judge import FAIL, Judged
from responder.observe.report.by_rule import RuleVerdict
from responder.observe.report.result import ERROR, FAILED, KNOWN, NO_CALL, PASSED, Outcome, Result

OUTCOMES: Final[dict[Outcome, str]] = {
    PASSED: "pass",
    FAILED: "FAIL",
    KNOWN: "known",
    NO_CALL: "NO CALL",
    ERROR: "ERROR",
}
"""What each outcome is called in a table."""


@dataclass(frozen=True)
class Mark:
    """What a group of rules says of a case."""

    sign: str
    ascii: str
    """The same for those who have ASCII only."""
    means: str


KEPT: Final = Mark("✓", "+", "kept")
BROKEN: Final = Mark("✗", "X", "broken")
DEVIATES: Final = Mark("~", "~", "broken (known)")
LESSER: Final = Mark("!", "!", "broken (does not count)")
SILENT: Final = Mark("·", ".", "not exercised")
MARKS: Final = (KEPT, BROKEN, DEVIATES, LESSER, SILENT)


@dataclass(frozen=True)
class Matrix:
    """The table."""

    areas: tuple[str, ...]
    """The groups that were exercised in some case, in the order of the catalogue."""
    rows: tuple[tuple[Result, tuple[Mark, ...]], ...]

    @classmethod
    def of(cls, results: Sequence[Result], verdicts: Sequence[RuleVerdict]) -> Matrix:
        """That of these results; `verdicts` are what the rules say of them (`by_rule`)."""
        areas = tuple(dict.fromkeys(one.rule.area for one in verdicts if one.occasions))
        return cls(areas, tuple((result, _row(result, areas)) for result in results))

    @property
    def used(self) -> list[Mark]:
        """The marks that stand in it, in their order: for a legend."""
        there = {mark for _, row in self.rows for mark in row}
        return [mark for mark in MARKS if mark in there]


def _row(result: Result, areas: Sequence[str]) -> tuple[Mark, ...]:
    of_area: dict[str, list[Judged]] = {area: [] for area in areas}
    for one in result.judged:
        if one.findings:
            of_area[one.rule.area].append(one)
    return tuple(mark_of(result, found) for found in of_area.values())


def mark_of(result: Result, found: Sequence[Judged]) -> Mark:
    """What these rules, all of them exercised, say of a case."""
    broken = [one for one in found if one.verdict == FAIL]
    if any(result.counts(one.rule) for one in broken):
        return BROKEN
    if any(one.rule.id in result.known for one in broken):
        return DEVIATES
    return LESSER if broken else KEPT if found else SILENT
