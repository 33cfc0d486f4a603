"""The variables of a scenario while it is walked: what is known of each, and what that decides."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final

from responder.importing.expressions import Expression
from responder.importing.outline import Step
from responder.importing.xml_source import Element

COMPARISONS: Final = {
    "equal": lambda a, b: a == b,
    "not_equal": lambda a, b: a != b,
    "greater_than": lambda a, b: a > b,
    "less_than": lambda a, b: a < b,
    "greater_than_equal": lambda a, b: a >= b,
    "less_than_equal": lambda a, b: a <= b,
}


@dataclass(frozen=True, slots=True)
class Condition:
    """Something about a request that only the request can decide."""

    at: int
    """The element that receives it."""
    name: str
    """What tells it from the other conditions on that request."""
    fragment: Any = field(compare=False)
    """As a part of `match`."""
    inverse: bool = False


class UndecidedError(Exception):
    """The way to go hangs on a condition."""

    def __init__(self, condition: Condition) -> None:
        super().__init__(condition.name)
        self.condition = condition


@dataclass(frozen=True, slots=True)
class Value:
    """What is known of a variable."""

    text: str | None = None
    """How it is written in a text."""
    number: float | None = None
    truth: bool | None = None
    condition: Condition | None = None
    """It is set where that is so."""
    zero: Condition | None = None
    """It is zero where that is so: what two texts compare to."""
    taken: tuple[int, Expression] | None = field(default=None, compare=False)
    """Taken from the request at an element."""
    copy_of: str = ""
    """KEY of the header that it is a copy of."""


UNKNOWN: Final = Value()


class Texts(Mapping[str, "str | None"]):
    """Variables as `keywords.Texts` wants them."""

    def __init__(self, values: Mapping[str, Value]) -> None:
        self._values = values

    def __getitem__(self, name: str) -> str | None:
        value = self._values[name]
        if value.text is None and value.number is not None:
            return f"{value.number:f}" if value.number % 1 else f"{value.number:.0f}"
        return value.text

    def __iter__(self) -> Iterator[str]:
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)


@dataclass(slots=True)
class State:
    """What is known between two elements."""

    values: dict[str, Value] = field(default_factory=dict)
    decided: dict[Condition, bool] = field(default_factory=dict)
    last: str = ""
    """The method that a response answers."""
    received: str = ""
    """The method of the last request."""
    tagged: bool = False
    """Whether that request has a To-tag."""
    dialog: str = ""
    """`early`, `there`, or none."""
    tag: str | None = None
    """The To-tag of the responses so far."""
    invite_waits: bool = False
    cancelled: bool = False
    """A CANCEL came for the INVITE that waits."""
    subscription: bool = False
    """A SUBSCRIBE or REFER made one."""
    challenging: tuple[Step, dict[str, Any]] | None = None
    """The last response where it was a 401 or 407, and what it is as a `challenge`."""

    def copy(self) -> State:
        """The same, for a branch."""
        return replace(self, values=dict(self.values), decided=dict(self.decided))

    def key(self, *, waits: bool) -> object:
        """What makes the way from here the same as from there; `waits`: a request comes next."""
        at_hand = None if waits else (self.last, self.tagged, self.received)
        known = frozenset(self.values.items()), frozenset(self.decided.items())
        return known, at_hand, self.dialog, self.invite_waits, self.cancelled, self.subscription

    def holds(self, condition: Condition) -> bool:
        """Whether it is so. Raises `UndecidedError` where nobody has said."""
        plain = replace(condition, inverse=False)
        if plain not in self.decided:
            raise UndecidedError(plain)
        return self.decided[plain] is not condition.inverse

    def is_set(self, name: str) -> bool | None:
        """Whether a variable is set, as `test` and `condexec` ask; None where it is not known."""
        value = self.values.get(name)
        if value is None:
            return False
        if value.truth is not None:
            return value.truth
        if value.condition is not None:
            return self.holds(value.condition)
        return True if value.number is not None or value.text is not None else None


def number_of(text: str) -> float | None:
    """A text as a number."""
    try:
        return float(text or 0)
    except ValueError:
        return None


def calculate(action: Element, state: State) -> bool:
    """Do what an action on numbers says; False where that is not known beforehand."""
    tag, name = action.tag, action.the("assign_to")
    values = state.values
    second = values.get(action.the("variable"), UNKNOWN).number if "variable" in action.attributes else None
    if "value" in action.attributes and tag != "test":
        second = number_of(action.the("value"))
    first = values.get(name, UNKNOWN).number
    number: float | None = None
    if tag == "assign":
        number = second
    elif tag == "todouble":
        number = number_of(values.get(action.the("variable"), UNKNOWN).text or "")
        number = second if number is None else number
    elif tag == "test":
        return _compare(action, state)
    elif first is not None and second is not None:
        if tag == "add":
            number = first + second
        elif tag == "subtract":
            number = first - second
        elif tag == "multiply":
            number = first * second
        elif tag == "divide" and second:
            number = first / second
    values[name] = Value(number=number) if number is not None else UNKNOWN
    return number is not None


def _compare(action: Element, state: State) -> bool:
    values, name = state.values, action.the("assign_to")
    left = values.get(action.the("variable"), UNKNOWN)
    right = number_of(action.the("value", "0"))
    if "variable2" in action.attributes:
        right = values.get(action.the("variable2"), UNKNOWN).number
    kind = action.the("compare")
    compare = COMPARISONS.get(kind)
    if left.zero is not None and right == 0 and kind in ("equal", "not_equal"):
        values[name] = Value(condition=replace(left.zero, inverse=kind == "not_equal"))
        return True
    if compare is None or left.number is None or right is None:
        values[name] = UNKNOWN
        return False
    values[name] = Value(truth=bool(compare(left.number, right)))
    return True


def compare_texts(action: Element, state: State) -> bool:
    """`<strcmp>`; False where the outcome is not known and hangs on nothing that a request decides."""
    left = state.values.get(action.the("variable"), UNKNOWN)
    right = action.the("value").strip()
    if "variable2" in action.attributes:
        right = state.values.get(action.the("variable2"), UNKNOWN).text or "${"
    name = action.the("assign_to")
    state.values[name] = UNKNOWN
    if "${" in right or "[" in right:
        return False
    if left.taken is not None:
        at, expression = left.taken
        test: Any = right
        if not expression.whole:
            groups = re.findall(r"(?<!\\)\((?!\?)[^()]*\)", expression.pattern)
            if len(groups) != 1:
                return False
            test = {"regex": expression.pattern.replace(groups[0], re.escape(right))}
        condition = Condition(at, f"{expression.where} {expression.name} {test}", expression.fragment(test))
        state.values[name] = Value(zero=condition)
        return True
    if left.text is not None and "${" not in left.text:
        state.values[name] = Value(number=float((left.text > right) - (left.text < right)))
        return True
    return False
