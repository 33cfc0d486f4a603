"""A report in Markdown as GitHub and GitLab show it: for comments on pull requests and summaries of jobs.

What a peer wrote stands in code spans and fenced blocks alone, where nothing in it is a link, a mention or HTML.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from html import escape
from typing import Final

from responder.observe.printable import printable
from responder.observe.report import coverage
from responder.observe.report.by_rule import by_rule, failing, lesser
from responder.observe.report.case_names import CaseNames
from responder.observe.report.case_text import output
from responder.observe.report.explanation import MORE, count, explained, safe
from responder.observe.report.judgement import outcomes_in_words, rules_in_words
from responder.observe.report.listing import listed
from responder.observe.report.matrix import OUTCOMES, Matrix
from responder.observe.report.result import Report, Result
from responder.observe.report.trouble import troubles

LIMIT: Final = 65_536
"""Bytes that a comment on GitHub may have; what does not fit is left out, the least important first."""
_ROOM: Final = 100  # for the line that says that something is left out
_MOST_NAMES: Final = 12


def markdown(report: Report, *, limit: int = LIMIT) -> str:
    """The document in at most `limit` bytes, whatever that leaves of it."""
    page = _Page(report)
    text, left_out = "", 0
    for block in page.blocks():
        if len((text + block).encode()) > limit - _ROOM:
            left_out += 1
        else:
            text += block + "\n"
    return text + (f"{count(left_out, 'part')} of this report left out: too long.\n" if text and left_out else "")


class _Page:
    """One report under way."""

    def __init__(self, report: Report) -> None:
        self._report = report
        self._verdicts = by_rule(report.results)
        self._name = CaseNames(report.results).name

    def blocks(self) -> Iterator[str]:
        """The parts, the most important first; each is whole by itself."""
        report = self._report
        passed = sum(result.passed for result in report.results)
        sign = "✅" if report.passed else "❌"
        yield f"### {sign} SIP: {passed} of {count(len(report.results), 'case')} passed\n"
        yield f"{outcomes_in_words(report)}; {rules_in_words(self._verdicts)}.\n"
        yield from self._broken()
        yield from self._troubles()
        fine = [f"{one.rule.level} {one.rule.id} ({one.rule.cited})" for one in lesser(self._verdicts)]
        if fine:
            yield _details("Broken, but of a level that does not count", _fenced(fine))
        if report.stale:
            yield _details("No longer broken, though the baseline says so", _fenced(report.stale))
        yield _details("All cases", self._matrix())
        yield _details("Coverage", _fenced(coverage.lines(coverage.coverage(report), width=100)))
        told = [("responder", report.version), ("client", report.command)]
        yield " · ".join(f"{title} {span(text)}" for title, text in told if text) + "\n"

    def _broken(self) -> Iterator[str]:
        found = failing(self._verdicts)
        if found:
            yield _table(
                ("broken rule", "level", "by", "in"),
                ([span(one.rule.id), one.rule.level, one.rule.cited, self._cases(one.results)] for one in found),
            )
        for one in found:
            shown = explained(one, name=self._name, most=1, width=100)
            yield _details(f"<code>{one.rule.id}</code>: {escape(one.rule.says)}", _fenced(shown))
        if found:
            command, does = MORE
            yield f"{span(command)} {does}.\n"

    def _troubles(self) -> Iterator[str]:
        for one in troubles(self._report):
            cases = listed(f"in {count(len(one.results), 'case')}:", map(self._name, one.results), width=100)
            title = f"{count(len(one.results), 'case')}: <code>{escape(safe(one.what))}</code>"
            yield _details(title, _fenced([safe(one.what), *cases, *output(one.results[0])]))

    def _matrix(self) -> str:
        matrix = Matrix.of(self._report.results, self._verdicts)
        head = ["case", "outcome", *(area.replace("_", " ") for area in matrix.areas)]
        rows = (
            [span(self._name(result)), OUTCOMES[result.outcome], *(mark.sign for mark in row)]
            for result, row in matrix.rows
        )
        return _table(head, rows) + "\n" + ", ".join(f"{mark.sign} {mark.means}" for mark in matrix.used) + "\n"

    def _cases(self, results: Sequence[Result]) -> str:
        shown = ", ".join(span(self._name(result)) for result in results[:_MOST_NAMES])
        return shown + (f" and {len(results) - _MOST_NAMES} more" if len(results) > _MOST_NAMES else "")


def span(text: str) -> str:
    """A code span, also for a cell of a table: of no text nothing."""
    text = printable(text).strip().replace("|", "\\x7c")
    if not text:
        return ""
    marks = "`" * (max((len(run) for run in re.findall("`+", text)), default=0) + 1)
    blank = " " if text.startswith("`") or text.endswith("`") else ""
    return f"{marks}{blank}{text}{blank}{marks}"


def _fenced(lines: Iterable[str]) -> str:
    shown = [printable(line) for line in lines]
    longest = max((len(run) for line in shown for run in re.findall("`+", line)), default=0)
    fence = "`" * max(3, longest + 1)
    return "\n".join([f"{fence}text", *shown, fence]) + "\n"


def _details(title: str, body: str) -> str:
    return f"<details><summary>{title}</summary>\n\n{body}\n</details>\n"


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "".join("| " + " | ".join(cells) + " |\n" for cells in lines)
