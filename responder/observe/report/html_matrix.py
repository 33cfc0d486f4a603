"""The matrix of a report as an HTML table, with links from each mark to what is behind it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from responder.observe.judge import FAIL
from responder.observe.report.case_names import target
from responder.observe.report.explanation import count
from responder.observe.report.html_text import text
from responder.observe.report.matrix import BROKEN, DEVIATES, KEPT, LESSER, SILENT, Mark, Matrix
from responder.observe.report.result import ERROR, FAILED, KNOWN, NO_CALL, PASSED, Outcome, Result

OUTCOMES: Final[dict[Outcome, tuple[str, str]]] = {
    FAILED: (BROKEN.sign, "failed"),
    ERROR: (BROKEN.sign, "error"),
    NO_CALL: (BROKEN.sign, "no call"),
    KNOWN: (DEVIATES.sign, "known"),
    PASSED: (KEPT.sign, "passed"),
}
"""The sign and the word for each outcome, the worst first."""
STYLES: Final[dict[Mark, str]] = {
    BROKEN: "fail",
    DEVIATES: "known",
    LESSER: "noted",
    KEPT: "pass",
    SILENT: "not-exercised",
}
"""What the style sheet calls each mark, the worst first."""


def area_name(area: str) -> str:
    """An area in words."""
    return text(area.replace("_", " "))


def way_of(result: Result) -> str:
    """In which way a case is gone through: `UDP`, `lossy TCP`."""
    case = result.case
    return " ".join(part for part in ("" if case.variant == "plain" else case.variant, case.transport) if part)


def html_matrix(matrix: Matrix) -> str:
    """The table; the rows count the cases from 1."""
    heads = "".join(f'<th scope="col"><span>{area_name(area)}</span>' for area in matrix.areas)
    return (
        '<table><caption>Every case by groups of rules</caption><thead><tr><th scope="col">Case<th scope="col">Outcome'
        f"{heads}<tbody>"
        + "".join(_row(number, matrix.areas, result, row) for number, (result, row) in enumerate(matrix.rows, 1))
        + "</table>"
    )


def _row(number: int, areas: Sequence[str], result: Result, row: Sequence[Mark]) -> str:
    case = result.case
    sign, word = OUTCOMES[result.outcome]
    levels = " ".join(dict.fromkeys(one.rule.level for one in result.broken))
    spoken = text(" ".join(part for part in (target(result), case.method, case.variant, case.transport) if part))
    broken: dict[str, int] = {}
    for one in result.judged:
        if one.verdict == FAIL:
            broken[one.rule.area] = broken.get(one.rule.area, 0) + 1
    return (
        f'<tr class="{result.outcome}" data-levels="{levels}"><th scope="row"><a href="#c{number}">'
        f"<b>{text(target(result))}</b> {text(case.method)} <i>{text(way_of(result))}</i></a><td><b>{sign}</b> {word}"
        + "".join(
            _cell(f"c{number}-{area}", mark, f"{spoken}: {area_name(area)}", broken.get(area, 0))
            for area, mark in zip(areas, row, strict=True)
        )
        + "</tr>\n"
    )


def _cell(place: str, mark: Mark, spoken: str, broken: int) -> str:
    if mark is SILENT:
        return "<td>"
    rules = f", {count(broken, 'rule')}" if broken else ""
    return f'<td><a class="{STYLES[mark]}" href="#{place}" aria-label="{spoken} {mark.means}{rules}">{mark.sign}</a>'


def legend(matrix: Matrix) -> Iterator[str]:
    """What the marks mean that stand in it."""
    for mark in matrix.used:
        yield f'<li><span class="{STYLES[mark]}">{mark.sign}</span> {mark.means}'
