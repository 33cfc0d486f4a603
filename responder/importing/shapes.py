"""Lists of steps that take their shape: silence, endings, loops; and remarks among them."""

from __future__ import annotations

import re
from typing import Final

from responder.importing.outline import Remark, Step
from responder.importing.variables import State
from responder.importing.xml_source import Element

METHODS: Final = (
    *("INVITE", "ACK", "BYE", "CANCEL", "OPTIONS", "REGISTER", "PRACK", "UPDATE", "INFO", "SUBSCRIBE", "NOTIFY"),
    *("REFER", "MESSAGE", "PUBLISH"),
)
"""Methods that `request` with `regexp_match` may mean."""
_HELD_BACK: Final = 20
"""Copies of a response that is never sent: SIP sends it 11 times at most (RFC 3261 17.2.1, 17.1.2.2)."""


def methods_of(element: Element) -> list[str]:
    """The methods that an element waits for; all of them: any."""
    request = element.the("request")
    if not element.says("regexp_match"):
        return [request] if re.fullmatch(r"[A-Za-z0-9.!%*_+`'~-]+", request) else []
    try:
        return [method for method in METHODS if re.search(request, method)]
    except re.error:
        return []


def never_sent(status: int) -> Step:
    """Silence where our UAS would answer by itself."""
    return Step({"respond": status, "fault": {"drop": _HELD_BACK}})


def silenced(steps: list[Step], state: State) -> None:
    """After a CANCEL the INVITE gets its 487 by itself: where the author sends none, ours is kept from the wire."""
    if state.cancelled and state.invite_waits:
        end = steps.pop() if steps and steps[-1].name == "end" else None
        steps.append(never_sent(487))
        steps += [end] if end is not None else []


def looped(steps: list[Step], start: int) -> list[Step]:
    """The steps with those from `start` on as a loop without end."""
    body = steps[start:]
    if not any(step.keys for step in body):
        return steps
    return [*steps[:start], Step({"repeat": {"forever": True, "steps": body}})]


def folded(steps: list[Step]) -> list[Step]:
    """The same with `repeat` where steps stand three times in a row or more: a loop with a counter was there."""
    for start in range(len(steps)):
        for length in range(1, (len(steps) - start) // 3 + 1):
            block = steps[start : start + length]
            times = 1
            while steps[start + times * length : start + (times + 1) * length] == block:
                times += 1
            if times >= 3:
                rest = folded(steps[start + times * length :])
                return [*steps[:start], Step({"repeat": {"times": times, "steps": block}}), *rest]
    return steps


def ended(steps: list[Step]) -> list[Step]:
    """The steps with an `end` behind them, where the flow could go on."""
    last = steps[-1] if steps else None
    if last is not None and (
        last.name == "end" or (last.name == "repeat" and "forever" in last.keys["repeat"]) or last.name == "unordered"
    ):
        return steps
    return [*steps, Step({"end": None})]


def say(steps: list[Step], element: Element, text: str) -> None:
    """A remark on an element, at this place among the steps."""
    steps.append(Step({}, [Remark(element.line, text)]))
