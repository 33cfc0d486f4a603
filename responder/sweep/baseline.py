"""`--baseline FILE`: deviations of a client that are known, each with the reason why it may stay.

- rule: ack-2xx-goes-to-the-contact
  codes: 2xx
  reason: SIPp sends everything to the address of its command line
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from responder.observe.judge import FAIL, PASS, Judged
from responder.observe.records import Case
from responder.observe.report.result import Result
from responder.observe.rules.catalogue import rules
from responder.scenario import value_types as t
from responder.scenario.language import Key
from responder.scenario.nodes import Mapping, Node, Place
from responder.scenario.problems import Problems, did_you_mean
from responder.scenario.reading import Fields, Reader
from responder.scenario.value_types import Type
from responder.sweep.scope import Scope, keys, read_scope

_RULE: Final = Type("rule", "the id of a rule", {})
_KEYS: Final = keys(
    "deviation",
    Key("deviation", "rule", _RULE, "The rule that is broken.", "ack-2xx-goes-to-the-contact", required=True),
    Key("deviation", "reason", t.TEXT, "Why it may stay so.", "Ticket 4711.", required=True),
)


@dataclass(frozen=True)
class Deviation:
    """One entry of the file."""

    rule: str
    reason: str
    scope: Scope
    place: Place = field(compare=False)


@dataclass(frozen=True)
class Baseline:
    """All of them."""

    deviations: tuple[Deviation, ...] = ()

    def acquits(self, case: Case, judged: Judged) -> str:
        """Why this broken rule is known for this case; empty where it is not (a `result.Acquittal`)."""
        return next((one.reason for one in self.deviations if one.rule == judged.rule.id and one.scope.fits(case)), "")

    def stale(self, results: Iterable[Result]) -> tuple[str, ...]:
        """The entries whose rule was exercised in their cases and broken in none, in words."""
        verdicts: dict[Deviation, set[str]] = {one: set() for one in self.deviations}
        for result in results:
            fitting = [one for one in self.deviations if one.scope.fits(result.case)]
            for judged in result.judged if fitting else ():
                for one in fitting:
                    if one.rule == judged.rule.id:
                        verdicts[one].add(judged.verdict)
        return tuple(
            f"{one.place}: {one.rule} is not broken any more ({one.reason})"
            for one, found in verdicts.items()
            if PASS in found and FAIL not in found
        )


def load(path: str | Path) -> Baseline:
    """The baseline of a file; `ScenarioError` with all that is wrong with it."""
    from responder.scenario.loader import read_list

    problems = Problems()
    known = {rule.id for rule in rules()}
    found = [_deviation(node, Reader(problems), known) for node in read_list(path, problems)]
    problems.raise_if_any()
    return Baseline(tuple(one for one in found if one is not None))


def _deviation(node: Node, reader: Reader, known: set[str]) -> Deviation | None:
    if not isinstance(node, Mapping):
        reader.problems.add(node.place, "a deviation is a mapping", "such as {rule: ID, codes: 4xx, reason: TEXT}")
        return None
    fields = Fields(node, "deviation", "a deviation", reader, _KEYS)
    scope = read_scope(fields, reader)
    rule, reason = fields.text("rule", _RULE), fields.text("reason")
    for name, advice in (("rule", "the report names it"), ("reason", "say why it may stay as it is")):
        if node.key(name) is None and not fields.misspelt(name):
            reader.problems.add(node.place, f"a deviation without '{name}'", advice)
    if rule is not None and rule.text not in known:
        advice = did_you_mean(rule.text, known) or "docs/client-rules.md lists them"
        reader.problems.add(rule.place, f"no rule '{rule.text}'", advice)
    if reason is not None and not reason.text.strip():
        reader.problems.add(reason.place, "an empty reason", "say why it may stay as it is")
    return None if rule is None or reason is None else Deviation(rule.text, reason.text, scope, node.place)
