"""What GitHub Actions shows of a report beside its log: annotations, and a part of the summary of the job.

Workflow commands are lines of the log, so what a peer wrote must not become one: `inert` is for lines of ours that
quote it.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from responder.observe.report.by_rule import RuleVerdict, by_rule, failing, lesser
from responder.observe.report.case_names import CaseNames
from responder.observe.report.explanation import count, explained, safe
from responder.observe.report.result import Report
from responder.observe.report.trouble import troubles

MOST: Final = 10
"""Annotations of one kind that GitHub shows of a step."""
SUMMARY: Final = 1_048_576
"""Bytes that the summary of a step may have."""
_WIDTH: Final = 100


def workflow_commands(report: Report) -> list[str]:
    """The lines: an error for each rule that fails cases and for each other trouble, a warning for each broken rule
    that does not and for each entry of the baseline that is stale."""
    verdicts, names = by_rule(report.results), CaseNames(report.results)
    errors = [
        (f"{one.rule.id} ({one.rule.cited})", "\n".join([_in(one), *[*explained(one, name=names.name, most=1)][1:]]))
        for one in failing(verdicts)
    ]
    errors += [
        (safe(one.what), f"in {', '.join(names.name(result) for result in one.results[:MOST])}")
        for one in troubles(report)
    ]
    warnings = [(f"{one.rule.id} ({one.rule.cited})", f"{_in(one)}: {one.rule.says}") for one in lesser(verdicts)]
    warnings += [("the baseline is out of date", safe(text)) for text in report.stale]
    return [*_commands("error", errors), *_commands("warning", warnings)]


def _in(one: RuleVerdict) -> str:
    return f"{one.rule.level} broken in {count(len(one.results), 'case')}"


def _commands(kind: str, said: list[tuple[str, str]]) -> Iterator[str]:
    if len(said) > MOST:
        rest = ", ".join(title for title, _ in said[MOST - 1 :])
        said = [*said[: MOST - 1], (f"{len(said) - MOST + 1} more", safe(rest))]
    for title, text in said:
        yield f"::{kind} title={_property(title)}::{_data(text)}"


def _data(text: str) -> str:
    """The message of a command (`escapeData` of GitHub's toolkit)."""
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    """A property of a command (`escapeProperty`)."""
    return _data(text).replace(":", "%3A").replace(",", "%2C")


def inert(line: str) -> str:
    """A line that is no workflow command, of the new form (`::error::`) or the old one (`##[error]`)."""
    if line.lstrip().startswith("::"):
        line = line.replace("::", ":\\x3a", 1)
    return line.replace("##[", "#\\x23[")
