"""Takes an example of a violation for each rule out of the tests of the rules, as package data:

    python tests/observe/rules/violations.py

Each of those tests has a client that breaks a rule: what `responder judge` says of it is kept, the shortest of all. The
same rules and tests give the same file. Nothing is written where a test fails, or where no test breaks some rule.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path

import pytest

import responder.observe.judge as judging
from responder.observe.judge import Judgement
from responder.observe.records import Case, Entry
from responder.observe.report.by_rule import Occasion, RuleVerdict
from responder.observe.report.explanation import explained
from responder.observe.report.result import Result
from responder.observe.rules import catalogue, violations
from responder.observe.rules.rule import Finding, Rule

HERE = Path(__file__).parent
FILE = Path(violations.__file__).with_suffix(".json")


class Recorder:
    """A plugin of pytest: keeps the shortest violation of each rule that any judgement finds."""

    def __init__(self) -> None:
        self.found: dict[str, list[str]] = {}

    def pytest_configure(self) -> None:
        """Listens before the modules of the tests are imported, which take `judge` with them."""
        judge = judging.judge

        def heard(entries: Iterable[Entry], only: Iterable[Rule] | None = None) -> Judgement:
            judgement = judge(entries, only)
            for one in judgement.judged:
                for _, finding in one.failures:
                    self._keep(one.rule, said(one.rule, finding, judgement))
            return judgement

        judging.judge = heard

    def _keep(self, rule: Rule, lines: list[str]) -> None:
        known = self.found.get(rule.id)
        if known is None or size(lines) < size(known):
            self.found[rule.id] = lines


def said(rule: Rule, finding: Finding, judgement: Judgement) -> list[str]:
    """What is expected, what came, and the messages around it."""
    case = Case(code="", dial="", method="", transport="")
    result = Result(case, judgement.judged, tuple(judgement.transcript.messages), (), None)
    lines = [*explained(RuleVerdict(rule, 1, (Occasion(result, "", finding),)))]
    begin = next(number for number, line in enumerate(lines) if line.startswith("  expected"))
    return [line.removeprefix("  ") for line in lines[begin:]]


def size(lines: Sequence[str]) -> tuple[int, int]:
    """How long an example is."""
    return len(lines), sum(map(len, lines))


def main() -> int:
    """Run the tests, write the file."""
    recorder = Recorder()
    stale = HERE / "test_violations.py"  # it asks for what is about to be written
    status = pytest.main(["-q", "-p", "no:cacheprovider", f"--ignore={stale}", str(HERE)], plugins=[recorder])
    missing = [rule.id for rule in catalogue.rules() if rule.id not in recorder.found]
    if status or missing:
        print(f"nothing written: {'a test fails' if status else 'no test breaks ' + ', '.join(missing)}")
        return 1
    order = {rule.id: recorder.found[rule.id] for rule in catalogue.rules()}
    FILE.write_text(json.dumps(order, indent=0, ensure_ascii=False) + "\n", "utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
