"""`fault`: what goes wrong on purpose, compiled to a `transaction.fault.Fault`."""

from __future__ import annotations

from collections.abc import Mapping as Counts
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from responder.scenario import value_types as t
from responder.scenario.nodes import BOOLEAN, Mapping, Node, Scalar
from responder.scenario.reading import Fields, Reader
from responder.sip.corruption import CATALOGUE
from responder.transaction.fault import CONNECTION_FAULTS, Fault

if TYPE_CHECKING:
    from responder.scenario.value_types import Type

_IN_VAIN: Final = (
    ("drop", "reorder", "", "a copy that is not sent has no place to change"),
    ("drop", "tcp", "", "what is not sent never comes to the connection"),
    ("corrupt", "tcp", "reset", "`reset` comes instead of the message"),
    ("duplicate", "tcp", "reset", "`reset` comes instead of the message"),
    ("duplicate", "tcp", "stall", "`stall` sends the first half of it only"),
)
"""Pairs of keys of which the first undoes the second, or the other way round; for `tcp` with which value (any)."""


@dataclass(frozen=True, slots=True)
class RuleFault:
    """The `fault` of a rule."""

    fault: Fault | None = None
    lose: Counts[str, int] = field(default_factory=dict)


def message_fault(fields: Fields, reader: Reader) -> Fault | None:
    """The `fault` beside a `respond`, `send` or `notify`."""
    node = fields.of("fault", t.FAULT)
    inner = None if node is None else _fields(node, "fault", t.FAULT, reader)
    return None if inner is None else _fault(inner, reader)


def rule_fault(fields: Fields, reader: Reader) -> RuleFault:
    """The `fault` of a rule."""
    node = fields.of("fault", t.RULE_FAULT)
    inner = None if node is None else _fields(node, "rule-fault", t.RULE_FAULT, reader)
    if inner is None:
        return RuleFault()
    lose = inner.of("lose", t.LOSSES)
    only_losses = lose is not None and len(inner) == 1
    return RuleFault(None if only_losses else _fault(inner, reader), {} if lose is None else _losses(lose, reader))


def _fields(node: Node, where: str, type_: Type, reader: Reader) -> Fields | None:
    if isinstance(node, Mapping) and node.items:
        return Fields(node, where, "'fault'", reader)
    reader.wrong(node, "fault", type_)
    return None


def _fault(fields: Fields, reader: Reader) -> Fault | None:
    problems = reader.problems
    tcp = fields.of("tcp", t.CONNECTION_FAULT)
    connection = None if tcp is None else reader.one_of(tcp, "tcp", t.CONNECTION_FAULT, CONNECTION_FAULTS)
    delay = fields.duration("delay")
    if delay == 0:
        problems.add(fields.value_place("delay"), "a delay of 0 is none", "such as delay: 700ms")
    for one, other, value, why in _IN_VAIN:
        if one in fields and other in fields and value in ("", connection):
            shown = f"{other}: {value}" if value else other
            problems.add(fields.place(one), f"'{one}' beside '{shown}'", f"{why}: keep one of the two")
    chance = _chance(fields, reader)
    names = fields.some_of("corrupt", t.CORRUPTIONS, tuple(CATALOGUE))
    fault = Fault(
        drop=fields.integer("drop") or 0,
        delay=delay or 0.0,
        duplicate=fields.integer("duplicate", t.COPIES) or 1,
        reorder=_reorders(fields, reader),
        corrupt=names or (),
        connection=connection or "",
        chance=chance,
    )
    if set(fields) <= {"chance", "lose"} and "chance" in fields:
        what = "a chance of nothing" if "lose" not in fields else "'chance' is not about what is lost"
        problems.add(fields.place("chance"), what, "say what goes wrong beside it: drop: 1")
    return fault


def _reorders(fields: Fields, reader: Reader) -> bool:
    node = fields.of("reorder", t.TRUE)
    if node is None:
        return False
    if isinstance(node, Scalar) and node.kind == BOOLEAN and node.truth:
        return True
    reader.wrong(node, "reorder", t.TRUE)
    return False


def _chance(fields: Fields, reader: Reader) -> float:
    scalar = fields.text("chance", t.CHANCE)
    if scalar is None:
        return 1.0
    try:
        chance = float(scalar.text)
    except ValueError:
        chance = 0.0
    if scalar.quoted or not 0 < chance <= 1:
        reader.wrong(scalar, "chance", t.CHANCE)
        return 1.0
    return chance


def _losses(node: Node, reader: Reader) -> dict[str, int]:
    if isinstance(node, Scalar):
        scalar = reader.text(node, "lose", t.LOSSES)
        good = (
            scalar is not None
            and reader.word(scalar, "lose", t.LOSSES)
            and reader.token(scalar)
            and reader.known_method(scalar)
        )
        return {node.text: 1} if good else {}
    found = {}
    for key, value in reader.pairs(node, "lose", t.LOSSES) or ():
        count = reader.integer(value, key.text, t.NUMBER)
        if reader.token(key) and reader.known_method(key) and count is not None:
            found[key.text] = count
    return found
