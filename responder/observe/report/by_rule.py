"""What each rule says of a whole report: its occasions in all the cases."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

from responder.observe.judge import FAIL, NOT_EXERCISED, PASS, Verdict
from responder.observe.report.result import Result
from responder.observe.rules.catalogue import rules
from responder.observe.rules.rule import MAY, MUST, SHOULD, Finding, Rule


@dataclass(frozen=True)
class Occasion:
    """One on which a rule was broken."""

    result: Result
    call_id: str
    """The call that it was in; empty for none, or several."""
    finding: Finding


@dataclass(frozen=True)
class RuleVerdict:
    """What one rule says of all cases."""

    rule: Rule
    occasions: int
    """How often it applied."""
    broken: tuple[Occasion, ...]
    """Every occasion on which it was broken."""

    @property
    def verdict(self) -> Verdict:
        """Failed once is failed."""
        return FAIL if self.broken else PASS if self.occasions else NOT_EXERCISED

    @property
    def results(self) -> list[Result]:
        """The cases in which it was broken."""
        return list({id(one.result): one.result for one in self.broken}.values())

    @property
    def failing(self) -> RuleVerdict:
        """The same without the cases that it does not fail."""
        return replace(self, broken=tuple(one for one in self.broken if one.result.counts(self.rule)))


def by_rule(results: Sequence[Result]) -> list[RuleVerdict]:
    """What every rule says of these results."""
    occasions = dict.fromkeys((rule.id for rule in rules()), 0)
    broken: dict[str, list[Occasion]] = {rule: [] for rule in occasions}
    for result in results:
        for one in result.judged:
            if one.findings:
                occasions[one.rule.id] += len(one.findings)
                broken[one.rule.id] += [Occasion(result, call_id, finding) for call_id, finding in one.failures]
    return [RuleVerdict(rule, occasions[rule.id], tuple(broken[rule.id])) for rule in rules()]


LEVELS: Final = (MUST, SHOULD, MAY)
"""The levels, that which weighs most first."""
DUTIES: Final = (MUST, SHOULD)
"""Those that can be broken. What a client MAY do is advice: it is told where all is asked for, and never counts."""


def failing(verdicts: Sequence[RuleVerdict]) -> list[RuleVerdict]:
    """Those that fail cases, with the occasions in these, MUST first."""
    found = (one.failing for level in LEVELS for one in verdicts if one.rule.level == level)
    return [one for one in found if one.broken]


def lesser(verdicts: Sequence[RuleVerdict]) -> list[RuleVerdict]:
    """The duties that were broken, fail no case, and are not known in all; MUST first."""
    return [
        one
        for level in DUTIES
        for one in verdicts
        if one.rule.level == level
        and not one.failing.broken
        and any(one.rule.id not in result.known for result in one.results)
    ]
