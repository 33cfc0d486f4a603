"""Which step of which file a message comes from: steps by the labels that their messages carry."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from responder.scenario import plan
from responder.scenario.nodes import Place
from responder.scenario.plan import Block, Rule
from responder.scenario.walk import every_step
from responder.sip import header_names
from responder.uas.script import Order, Reply


@dataclass(frozen=True, slots=True)
class Written:
    """What an author wrote for one message."""

    message: Reply | Order
    place: Place
    step: plan.Step | None = None

    @property
    def where(self) -> str:
        """`busy.yaml:7`."""
        return _where(self.place.source.name, self.place.line)

    def line_of(self, name: str) -> str:
        """Where the header of that name stands: its own line where the step has it in so many words, else the step."""
        lines, first = self.place.source.lines, self.place.line
        found = re.compile(rf"(?<![\w-]){re.escape(name)}[\"']?[ \t]*:", re.IGNORECASE).search
        begins = _item(lines[first - 1]).end() if first <= len(lines) else 0
        for number in range(first, len(lines) + 1):
            line = lines[number - 1]
            if number > first and line.strip() and len(line) - len(line.lstrip()) < begins:
                break
            if found(line):
                return _where(self.place.source.name, number)
        return self.where

    @property
    def header_keys(self) -> frozenset[str]:
        """KEYs of the headers that the author set or added."""
        return frozenset(header_names.key(name) for name, _ in (*self.message.headers, *self.message.added))


def labelled(rules: Iterable[Rule]) -> dict[str, Written]:
    """What authors wrote, by label."""
    found: dict[str, Written] = {}
    for rule in rules:
        for step in steps_of(rule):
            if isinstance(step, plan.Respond | plan.Challenge):
                found.setdefault(step.reply.label, Written(step.reply, step.place, step))
            elif isinstance(step, plan.Send):
                found.setdefault(step.order.label, Written(step.order, step.place, step))
    return found


def steps_of(rule: Rule) -> Iterator[plan.Step]:
    """Every step of a rule, wherever it stands."""
    blocks: list[Block] = [rule.steps, *rule.meanwhile.values()]
    if not isinstance(rule.cancel, str):
        blocks.append(rule.cancel)
    for block in blocks:
        yield from every_step(block)


def _item(line: str) -> re.Match[str]:
    """What stands before the first key of a step: white space and dashes."""
    found = re.match(r"\s*(?:- +)*", line)
    assert found is not None
    return found


def _where(name: str, line: int) -> str:
    return f"{name.replace(chr(92), '/').rpartition('/')[2]}:{line}"
