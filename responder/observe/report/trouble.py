"""What failed in cases beside the rules: problems, no call, a client that could not be started; the same once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from responder.observe.report.result import ERROR, NO_CALL, Outcome, Report, Result

WITHOUT_CALL: Final[dict[Outcome, str]] = {
    NO_CALL: "no call came",
    ERROR: "the client could not be started",
}
"""What the outcomes are called in which there is nothing to judge."""


@dataclass(frozen=True)
class Trouble:
    """One thing that went wrong, in the same way in all these cases."""

    what: str
    results: tuple[Result, ...]


def troubles_of(result: Result) -> list[str]:
    """What went wrong in one case."""
    if result.outcome not in WITHOUT_CALL:
        return [f"problem: {problem}" for problem in result.problems]
    return [WITHOUT_CALL[result.outcome] + _leaving(result), *(f"problem: {problem}" for problem in result.problems)]


def _leaving(result: Result) -> str:
    if result.exit_status is None or result.client is None:
        return ""
    if result.client.how == "ended":
        return "; the client stayed until it was ended"
    return f"; the client exited with {result.exit_status}"


def troubles(report: Report) -> Sequence[Trouble]:
    """All of them. Cases without a call stand together where their clients printed the same."""
    of: dict[tuple[str, str], list[Result]] = {}
    for result in report.results:
        printed = result.client.output if result.client is not None and result.outcome in WITHOUT_CALL else ""
        for what in troubles_of(result):
            of.setdefault((what, printed), []).append(result)
    return [Trouble(what, tuple(results)) for (what, _), results in of.items()]
