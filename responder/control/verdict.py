"""Which of the rules that a client broke count for a test, and what is wrong with asking for others."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

from responder.observe.report.by_rule import by_rule
from responder.observe.report.explanation import explained
from responder.observe.report.result import Result
from responder.observe.rules.catalogue import rules
from responder.scenario.problems import did_you_mean

LEVELS: Final = {"MUST": ("MUST",), "SHOULD": ("MUST", "SHOULD"), "MAY": ("MUST", "SHOULD", "MAY")}
"""Which rules count, by the weakest level that does."""


def violations(results: Iterable[Result], *, level: str, ignore: Iterable[str] = ()) -> Iterator[str]:
    """The broken rules of this level and stronger ones, in words; `ValueError` for a level or an id that there is
    none of."""
    if level not in LEVELS:
        raise ValueError(f"no level {level!r}: expected {', '.join(LEVELS)}")
    ignored = {ignore} if isinstance(ignore, str) else set(ignore)
    known = {rule.id for rule in rules()}
    for name in sorted(ignored - known):
        raise ValueError(f"no rule {name!r} {did_you_mean(name, known)}".rstrip())
    for one in by_rule([*results]):
        if one.broken and one.rule.level in LEVELS[level] and one.rule.id not in ignored:
            yield "\n".join(explained(one))
