"""Rules that can never be reached, because an earlier one takes every request that they would."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from responder.scenario.matcher import Criterion
from responder.scenario.operators import OneOf
from responder.scenario.plan import Rule


def shadowed(rules: Sequence[Rule]) -> Iterator[tuple[Rule, Rule]]:
    """Each rule that is shadowed for certain, with the first rule that shadows it.

    Most rules name one user, so the rules before are kept by the exact texts of their first such condition: a rule that
    names other texts cannot be shadowed by them.
    """
    others: list[int] = []
    by_text: dict[tuple[str, str], list[int]] = {}
    for index, rule in enumerate(rules):
        candidates = list(others)
        for key, test in _exact(rule):
            candidates += by_text.get((key, next(iter(test.texts))), ())
        taker = next((rules[at] for at in sorted(candidates) if rules[at].match.covers(rule.match)), None)
        if taker is not None:
            yield rule, taker
        if rule.times:
            continue  # once it is spent, the rules behind it get their turn
        first = next(_exact(rule), None)
        if first is None:
            others.append(index)
        else:
            for text in first[1].texts:
                by_text.setdefault((first[0], text), []).append(index)


def _exact(rule: Rule) -> Iterator[tuple[str, OneOf]]:
    for condition in rule.match.conditions:
        if isinstance(condition, Criterion) and isinstance(condition.test, OneOf):
            yield condition.key, condition.test
