"""A report for a terminal: cases by groups of rules, then what was broken, rule by rule, and a sum in the last line.

              form
              │ acks
              │ │
486 INVITE    ✓ ✗  fail
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from responder.observe.judge import FAIL, Judged
from responder.observe.ladder import strokes
from responder.observe.report import coverage
from responder.observe.report.by_rule import RuleVerdict, by_rule
from responder.observe.report.case_names import CaseNames, numbered
from responder.observe.report.explanation import cases_in_words, count, explained, safe
from responder.observe.report.judgement import LEVELS, rules_in_words
from responder.observe.report.result import ERROR, FAILED, KNOWN, NO_CALL, PASSED, Outcome, Report, Result

OUTCOMES: Final[dict[Outcome, str]] = {
    PASSED: "pass",
    FAILED: "FAIL",
    KNOWN: "known",
    NO_CALL: "NO CALL",
    ERROR: "ERROR",
}
"""What each outcome is called in the table."""
_COLOURS: Final = {PASSED: "32", FAILED: "31", KNOWN: "33", NO_CALL: "31", ERROR: "31"}
_OUTPUT_LINES: Final = 8
"""How many of the last lines of a client's output are shown."""


@dataclass(frozen=True)
class _Mark:
    sign: str
    ascii: str
    means: str
    colour: str

    def drawn(self, ascii_only: bool) -> str:
        return self.ascii if ascii_only else self.sign


_KEPT: Final = _Mark("✓", "+", "kept", "32")
_BROKEN: Final = _Mark("✗", "X", "broken", "31")
_KNOWN: Final = _Mark("~", "~", "broken, known", "33")
_LESSER: Final = _Mark("!", "!", "broken, of a level that does not count", "33")
_NOTHING: Final = _Mark("·", ".", "not exercised", "2")
_MARKS: Final = (_KEPT, _BROKEN, _KNOWN, _LESSER, _NOTHING)


def lines(
    report: Report,
    *,
    ascii_only: bool = False,
    colour: bool = False,
    width: int = 80,
    all_coverage: bool = False,
) -> Iterator[str]:
    """The lines, without their ends; they fit `width` columns but for the messages of an excerpt.

    `all_coverage`: what was exercised and what not, in full.
    """
    page = _Page(report, ascii_only, colour, width)
    parts = (
        page.matrix(),
        page.broken(),
        page.problems(),
        page.without_call(NO_CALL, "no call came"),
        page.without_call(ERROR, "the client could not be started"),
        page.baseline(),
        page.coverage(all_coverage),
        page.sum(),
    )
    begun = False
    for part in parts:
        found = [*part]
        if begun and found:
            yield ""
        begun = begun or bool(found)
        yield from found


class _Page:
    """One report under way."""

    def __init__(self, report: Report, ascii_only: bool, colour: bool, width: int) -> None:
        self._report = report
        self._ascii = ascii_only
        self._colour = colour
        self._width = width
        self._strokes = strokes(ascii_only=ascii_only)
        self._verdicts = by_rule(report.results)
        names = CaseNames.among(report.results)
        unique = numbered([names.name(result.case) for result in report.results])
        self._names = {id(result): self._safe(name) for result, name in zip(report.results, unique, strict=True)}

    def _name(self, result: Result) -> str:
        return self._names[id(result)]

    def _safe(self, line: str) -> str:
        return safe(line, ascii_only=self._ascii)

    def _painted(self, text: str, colour: str) -> str:
        return f"\x1b[{colour}m{text}\x1b[0m" if self._colour else text

    # the matrix

    def matrix(self) -> Iterator[str]:
        """A line a case, a column a group of rules, with the groups that were exercised at all."""
        areas = list(dict.fromkeys(one.rule.area for one in self._verdicts if one.occasions))
        results = self._report.results
        if not results:
            return
        room = self._width - 2 * len(areas) - max(map(len, OUTCOMES.values())) - 2
        names = [self._cut(self._name(result), room) for result in results]
        margin = max(map(len, names)) + 2
        for place, area in enumerate(areas):
            yield " " * margin + f"{self._strokes.bar} " * place + area.replace("_", " ")
        used: set[_Mark] = set()
        for result, name in zip(results, names, strict=True):
            row = self._row(result, areas)
            used.update(row)
            cells = " ".join(self._painted(mark.drawn(self._ascii), mark.colour) for mark in row)
            outcome = self._painted(OUTCOMES[result.outcome], _COLOURS[result.outcome])
            yield f"{name:<{margin}}{cells}  {outcome}" if areas else f"{name:<{margin}}{outcome}"
        if used:
            legend = (f"{mark.drawn(self._ascii)} {mark.means}" for mark in _MARKS if mark in used)
            yield self._painted("   ".join(legend), "2")

    def _row(self, result: Result, areas: Sequence[str]) -> list[_Mark]:
        of_area: dict[str, list[Judged]] = {area: [] for area in areas}
        for one in result.judged:
            if one.findings:
                of_area[one.rule.area].append(one)
        return [self._mark(result, found) for found in of_area.values()]

    def _mark(self, result: Result, found: Sequence[Judged]) -> _Mark:
        broken = [one for one in found if one.verdict == FAIL]
        if any(result.counts(one) for one in broken):
            return _BROKEN
        if any(one.rule.level in result.counted for one in broken):
            return _KNOWN
        return _LESSER if broken else _KEPT if found else _NOTHING

    def _cut(self, text: str, width: int) -> str:
        return text if len(text) <= width else text[: width - len(self._strokes.ellipsis)] + self._strokes.ellipsis

    # what was broken

    def broken(self) -> Iterator[str]:
        """The rules that failed cases, each once with one occasion; then the others in a line each."""
        gap = False
        for one in self._by_level():
            failing = one.among(result for result in one.results if self._counts(one, result))
            if failing.broken:
                if gap:
                    yield ""
                gap = True
                heading, *rest = explained(failing, name=self._name, most=1, width=self._width, ascii_only=self._ascii)
                yield self._painted(heading, "1;31")
                yield from rest
        lesser = [one for one in self._by_level() if not any(self._counts(one, result) for result in one.results)]
        lesser = [one for one in lesser if any(one.rule.id not in result.known for result in one.results)]
        if lesser and gap:
            yield ""
        if lesser:
            yield "broken, but of a level that does not count here:"
        for one in lesser:
            yield f"  {one.rule.level:<6}  {one.rule.id}  ({one.rule.rfc})  in {self._cases(one.results)}"

    def _by_level(self) -> list[RuleVerdict]:
        return [one for level in LEVELS for one in self._verdicts if one.broken and one.rule.level == level]

    def _counts(self, one: RuleVerdict, result: Result) -> bool:
        return one.rule.level in result.counted and one.rule.id not in result.known

    def _cases(self, results: Sequence[Result]) -> str:
        return self._name(results[0]) if len(results) == 1 else count(len(results), "case")

    # what else there is to say

    def problems(self) -> Iterator[str]:
        """What failed beside the rules, the same problem once."""
        of: dict[str, list[Result]] = {}
        for result in self._report.results:
            for problem in result.problems:
                of.setdefault(problem, []).append(result)
        for problem, results in of.items():
            yield self._painted(self._safe(f"problem: {problem}"), "1;31")
            yield from self._listed(results)
            yield from self._output(results[0])

    def without_call(self, outcome: Outcome, what: str) -> Iterator[str]:
        """The cases of an outcome that nothing can be judged in, those with the same output together."""
        of: dict[tuple[str, int | None], list[Result]] = {}
        for result in self._report.results:
            if result.outcome == outcome:
                output = result.client.output if result.client is not None else ""
                of.setdefault((output, result.exit_status), []).append(result)
        for (_, status), results in of.items():
            left = f"; the client exited with {status}" if status is not None else ""
            yield self._painted(f"{what}{left}", "1;31")
            yield from self._listed(results)
            yield from self._output(results[0])

    def _listed(self, results: Sequence[Result]) -> Iterator[str]:
        yield from cases_in_words([self._name(one) for one in results], width=self._width, ascii_only=self._ascii)

    def _output(self, result: Result) -> Iterator[str]:
        """The command, and the last lines of what it printed."""
        if result.command:
            yield self._cut(self._safe(f"  $ {result.command}"), self._width)
        output = result.client.output.splitlines() if result.client is not None else []
        if len(output) > _OUTPUT_LINES:
            yield f"  {self._strokes.bar} {self._strokes.ellipsis}"
        for line in output[-_OUTPUT_LINES:]:
            yield self._cut(self._safe(f"  {self._strokes.bar} {line}"), self._width)

    def baseline(self) -> Iterator[str]:
        """How much of what was broken is known, and what of the baseline is so no more."""
        known = [(rule, result) for result in self._report.results for rule in result.known]
        if known:
            rules, cases = len({rule for rule, _ in known}), {id(result) for _, result in known}
            yield f"known: {count(rules, 'rule')} of the baseline, in {count(len(cases), 'case')}"
        if self._report.stale:
            yield self._painted("no longer broken, though the baseline says so:", "33")
        for text in self._report.stale:
            yield self._safe(f"  {text}")

    def coverage(self, all_of_it: bool) -> Iterator[str]:
        """What was exercised: in a line, or in full."""
        found = coverage.coverage(self._report)
        shown: Iterable[str] = coverage.lines(found, width=self._width) if all_of_it else [coverage.in_a_line(found)]
        yield from map(self._safe, shown)

    def sum(self) -> Iterator[str]:
        """The last line."""
        yield self._painted(sum_of(self._report, self._verdicts), "32" if self._report.passed else "31")


def sum_of(report: Report, verdicts: Sequence[RuleVerdict]) -> str:
    """The report in a line: `3 cases: 2 passed, 1 failed; rules: ...; 12.3 s`."""
    said = {PASSED: "passed", FAILED: "failed", KNOWN: "known", NO_CALL: "without a call", ERROR: "not started"}
    parts = [f"{number} {said[outcome]}" for outcome, number in report.outcomes.items() if number]
    return (
        f"{count(len(report.results), 'case')}: {', '.join(parts) or 'nothing to judge'}; "
        f"{rules_in_words([*verdicts])}; {report.duration:.1f} s"
    )
