"""What a client did wrong, in words: the violations of a judgement, for people who read the report of a test."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from responder.observe.judge import Judged, Judgement
from responder.observe.rules.catalogue import rules
from responder.scenario.problems import did_you_mean

LEVELS: Final = {"MUST": ("MUST",), "SHOULD": ("MUST", "SHOULD"), "MAY": ("MUST", "SHOULD", "MAY")}
"""Which rules count, by the weakest level that does."""
_MOST_OCCASIONS: Final = 5


def violations(judgement: Judgement, *, level: str, ignore: Iterable[str] = ()) -> list[Judged]:
    """The broken rules of this level and stronger ones; `ValueError` for a level or an id that there is none of."""
    if level not in LEVELS:
        raise ValueError(f"no level {level!r}: expected {', '.join(LEVELS)}")
    ignored = {ignore} if isinstance(ignore, str) else set(ignore)
    known = {rule.id for rule in rules()}
    for name in sorted(ignored - known):
        raise ValueError(f"no rule {name!r} {did_you_mean(name, known)}".rstrip())
    return [one for one in judgement.violations(*LEVELS[level]) if one.rule.id not in ignored]


def in_words(broken: Iterable[Judged]) -> str:
    """A paragraph for each broken rule; empty where there is none."""
    return "\n".join("\n".join(_lines(one)) for one in broken)


def _lines(judged: Judged) -> list[str]:
    rule = judged.rule
    lines = [f"{rule.id} ({rule.level}, {rule.rfc}): {rule.says}"]
    for call_id, finding in judged.failures[:_MOST_OCCASIONS]:
        shown = f"message{'s' if len(finding.messages) > 1 else ''} {', '.join(map(str, finding.messages))}"
        where = ", ".join(
            part for part in (shown if finding.messages else "", call_id and f"Call-ID {call_id}") if part
        )
        lines.append(f"  expected {finding.expected}")
        lines.append(f"  got {finding.actual}{where and f' ({where})'}")
    more = len(judged.failures) - _MOST_OCCASIONS
    return [*lines, f"  and {more} times more"] if more > 0 else lines
