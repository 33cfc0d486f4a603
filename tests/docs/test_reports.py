"""What `docs/reports.md` shows of reports is what they say."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from observe.report.making import SWEEP, swept

from responder.observe.json_lines import encode
from responder.observe.report.coverage import coverage
from responder.observe.report.coverage import lines as coverage_lines
from responder.observe.report.github import workflow_commands
from responder.observe.report.json_report import as_dict
from responder.observe.report.junit import junit
from responder.observe.report.result import OUTCOMES, Report
from responder.observe.report.table import lines
from responder.observe.report.tap import tap

from .markdown import ROOT, Block, blocks, rows

PAGE = ROOT / "docs" / "reports.md"
SHOWN = blocks("text", document=PAGE)
FORMS: dict[str, Callable[[Report], str]] = {
    "shown: table": lambda report: "\n".join(lines(report)),
    "shown: coverage": lambda report: "\n".join([*coverage_lines(coverage(report), width=80)][1:]),
    "shown: junit": junit,
    "shown: json": lambda report: encode(as_dict(report)),
    "shown: tap": tap,
    "shown: github": lambda report: "\n".join(workflow_commands(report)),
}
_counts = re.compile(r"\d+(?: of \d+)? (rules|kept|not exercised|missing)")


def fits(shown: str, actual: str) -> bool:
    """Whether it is as shown. Three dots stand for anything: lines where they are one, else a part of a line. Numbers
    of rules do not count."""
    pattern = ""
    for line in _counts.sub(r"N \1", shown).splitlines():
        pattern += r"(?:.*\n)*" if line == "..." else ".*".join(map(re.escape, line.split("..."))) + "\n"
    return re.fullmatch(pattern, _counts.sub(r"N \1", actual.rstrip("\n")) + "\n") is not None


@pytest.mark.parametrize("block", SHOWN, ids=lambda block: block.mark)
def test_it_is_what_is_said(block: Block) -> None:
    actual = FORMS[block.mark](swept(*SWEEP))
    assert fits(block.text, actual), f"{block.place} is not\n{actual}"


def test_every_form_is_shown() -> None:
    assert [block.mark for block in SHOWN] == [*FORMS]


def test_the_comparison_can_fail() -> None:
    assert fits("a\n...\nb ... c\n", "a\nx\ny\nb 1 c")
    assert not fits("a\n...\nb ... c\n", "a\nb 1 d")
    assert fits("5 of 7 rules\n", "6 of 8 rules")
    assert not fits("5 of 7 rules\n", "6 of 8 codes")


def test_every_outcome_is_there() -> None:
    assert {outcome.strip("`") for outcome, _, _ in rows(PAGE, "outcome")} == {*OUTCOMES}
