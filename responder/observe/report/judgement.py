"""What the rules say of a whole run, rule by rule, as text and as one JSON object: what `responder judge` prints.

The same run gives the same bytes, every time.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any

from responder.observe.json_lines import case_as_json, sound
from responder.observe.judge import FAIL, NOT_EXERCISED, PASS
from responder.observe.report.by_rule import DUTIES, LEVELS, Occasion, RuleVerdict, by_rule
from responder.observe.report.case_names import CaseNames
from responder.observe.report.explanation import count, explained
from responder.observe.report.result import ERROR, FAILED, KNOWN, NO_CALL, PASSED, Report
from responder.observe.rules.rule import MAY, MUST, SHOULD


def as_dict(report: Report) -> dict[str, Any]:
    """`{"summary": {...}, "rules": [...]}`; of each rule the occasions on which it was broken."""
    verdicts = by_rule(report.results)
    return {
        "summary": {
            "calls": sum(result.calls for result in report.results),
            "messages": sum(len(result.seen) for result in report.results),
            **rule_counts(verdicts),
        },
        "rules": [
            {
                "id": one.rule.id,
                "level": one.rule.level,
                "rfc": one.rule.rfc,
                "says": one.rule.says,
                "verdict": one.verdict,
                "occasions": one.occasions,
                "findings": [_finding(occasion) for occasion in one.broken],
            }
            for one in verdicts
        ],
    }


def _finding(occasion: Occasion) -> dict[str, Any]:
    return {
        **({"case": case_as_json(occasion.result.case)} if occasion.result.of_sweep else {}),
        "call_id": sound(occasion.call_id),
        "expected": sound(occasion.finding.expected),
        "actual": sound(occasion.finding.actual),
        "messages": list(occasion.finding.messages),
    }


def rule_counts(verdicts: list[RuleVerdict]) -> dict[str, int]:
    """How many rules were kept, were broken by level, and were not exercised."""
    found = Counter(one.verdict for one in verdicts)
    broken = Counter(one.rule.level for one in verdicts if one.verdict == FAIL)
    return {
        "passed": found[PASS],
        "must_broken": broken[MUST],
        "should_broken": broken[SHOULD],
        "may_broken": broken[MAY],
        "not_exercised": found[NOT_EXERCISED],
    }


def rules_in_words(verdicts: list[RuleVerdict]) -> str:
    """`rules: 120 kept, 1 MUST and 2 SHOULD broken, 84 not exercised`."""
    found = rule_counts(verdicts)
    broken = [f"{found[f'{level.lower()}_broken']} {level}" for level in DUTIES if found[f"{level.lower()}_broken"]]
    return (
        f"rules: {found['passed']} kept, {' and '.join(broken) or 'none'} broken, "
        f"{found['not_exercised']} not exercised"
    )


def outcomes_in_words(report: Report) -> str:
    """`7 cases: 3 passed, 4 failed`."""
    said = {PASSED: "passed", FAILED: "failed", KNOWN: "known", NO_CALL: "without a call", ERROR: "not started"}
    parts = [f"{number} {said[outcome]}" for outcome, number in report.outcomes.items() if number]
    return f"{count(len(report.results), 'case')}: {', '.join(parts) or 'nothing to judge'}"


def lines(report: Report, *, everything: bool = False, width: int = 100, ascii_only: bool = False) -> Iterator[str]:
    """What was broken, MUST first, each with its occasions; `everything`: advice and the other rules, too; the sum."""
    verdicts = by_rule(report.results)
    name = CaseNames(report.results).name if any(result.of_sweep for result in report.results) else None
    for level in LEVELS if everything else DUTIES:
        for one in verdicts:
            if one.verdict == FAIL and one.rule.level == level:
                yield from explained(one, name=name, width=width, ascii_only=ascii_only)
                yield ""
    if everything:
        for verdict in (PASS, NOT_EXERCISED):
            for one in verdicts:
                if one.verdict == verdict:
                    yield f"{verdict:<13}  {one.rule.level:<6}  {one.rule.id}  ({one.rule.cited})"
        yield ""
    calls = sum(result.calls for result in report.results)
    messages = sum(len(result.seen) for result in report.results)
    yield f"{count(calls, 'call')}, {count(messages, 'message')}; {rules_in_words(verdicts)}"
