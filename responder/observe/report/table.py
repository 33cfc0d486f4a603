"""A report for a terminal: cases by groups of rules, then what was broken, rule by rule, and a sum in the last line.

              form
              │ acks
              │ │
486 INVITE    ✓ ✗  fail
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from responder.observe.ladder import strokes
from responder.observe.report import coverage
from responder.observe.report.by_rule import by_rule, failing, lesser
from responder.observe.report.case_names import CaseNames
from responder.observe.report.explanation import MORE, cases_in_words, count, explained, safe
from responder.observe.report.judgement import outcomes_in_words, rules_in_words
from responder.observe.report.listing import listed
from responder.observe.report.matrix import BROKEN, DEVIATES, KEPT, LESSER, OUTCOMES, SILENT, Mark, Matrix
from responder.observe.report.result import ERROR, FAILED, KNOWN, NO_CALL, PASSED, Report, Result
from responder.observe.report.trouble import troubles
from responder.observe.rules.rule import SHOULD

_COLOURS: Final = {PASSED: "32", FAILED: "31", KNOWN: "33", NO_CALL: "31", ERROR: "31"}
_OUTPUT_LINES: Final = 8
"""How many of the last lines of a client's output are shown."""


_MARK_COLOURS: Final = {KEPT: "32", BROKEN: "31", DEVIATES: "33", LESSER: "33", SILENT: "2"}


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
        page.lesser(),
        page.more(),
        page.troubles(),
        page.baseline(),
        [*page.coverage(all_coverage), *page.sum()],
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
        self._names = CaseNames(report.results)

    def _name(self, result: Result) -> str:
        return self._safe(self._names.name(result))

    def _safe(self, line: str) -> str:
        return safe(line, ascii_only=self._ascii)

    def _painted(self, text: str, colour: str) -> str:
        return f"\x1b[{colour}m{text}\x1b[0m" if self._colour else text

    # the matrix

    def matrix(self) -> Iterator[str]:
        """A line a case, a column a group of rules, with the groups that were exercised at all."""
        matrix = Matrix.of(self._report.results, self._verdicts)
        if not matrix.rows:
            return
        heads = [2 * place + len(area) for place, area in enumerate(matrix.areas)]
        room = self._width - max(2 * len(matrix.areas) + 1 + max(map(len, OUTCOMES.values())), *heads, 0) - 2
        names = [self._cut(self._name(result), room) for result, _ in matrix.rows]
        margin = max(map(len, names)) + 2
        for place, area in enumerate(matrix.areas):
            yield " " * margin + f"{self._strokes.bar} " * place + area.replace("_", " ")
        for (result, row), name in zip(matrix.rows, names, strict=True):
            cells = " ".join(self._painted(self._drawn(mark), _MARK_COLOURS[mark]) for mark in row)
            outcome = self._painted(OUTCOMES[result.outcome], _COLOURS[result.outcome])
            yield f"{name:<{margin}}{cells}{'  ' if row else ''}{outcome}"
        if matrix.used:
            legend = (f"{self._drawn(mark)} {mark.means}" for mark in matrix.used)
            yield from (self._painted(line, "2") for line in listed("", legend, width=self._width, indent=""))

    def _drawn(self, mark: Mark) -> str:
        return mark.ascii if self._ascii else mark.sign

    def _cut(self, text: str, width: int) -> str:
        return text if len(text) <= width else text[: width - len(self._strokes.ellipsis)] + self._strokes.ellipsis

    # what was broken

    def broken(self) -> Iterator[str]:
        """The rules that failed cases, each once with one occasion."""
        found = failing(self._verdicts)
        for place, one in enumerate(found):
            heading, *rest = explained(one, name=self._name, most=1, width=self._width, ascii_only=self._ascii)
            yield from [""] if place else []
            yield self._painted(heading, "1;31")
            yield from rest

    def lesser(self) -> Iterator[str]:
        """The other broken rules, a line each."""
        found = lesser(self._verdicts)
        if found:
            strict = any(one.rule.level == SHOULD for one in found)
            yield f"broken, but not counted here{' (--strict counts SHOULD)' if strict else ''}:"
        for one in found:
            yield f"  {one.rule.level:<6}  {one.rule.id}  ({one.rule.cited})  in {self._cases(one.results)}"

    def more(self) -> Iterator[str]:
        """Where more stands of what was broken."""
        if failing(self._verdicts) or lesser(self._verdicts):
            yield self._painted(" ".join(MORE), "2")

    def _cases(self, results: Sequence[Result]) -> str:
        return self._name(results[0]) if len(results) == 1 else count(len(results), "case")

    # what else there is to say

    def troubles(self) -> Iterator[str]:
        """What failed beside the rules."""
        for place, one in enumerate(troubles(self._report)):
            yield from [""] if place else []
            yield self._painted(self._safe(one.what), "1;31")
            names = [self._name(result) for result in one.results]
            yield from cases_in_words(names, width=self._width, ascii_only=self._ascii)
            yield from self._output(one.results[0])

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
        """How many rules and cases there are of each verdict; the cases last."""
        yield rules_in_words(self._verdicts)
        text = f"{outcomes_in_words(self._report)}; {self._report.duration:.1f} s"
        yield self._painted(text, "32" if self._report.passed else "31")
