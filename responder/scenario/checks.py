"""`check`: what of a message is not as a flow wants it, as data for the verdict."""

from __future__ import annotations

from typing import TYPE_CHECKING

from responder.sip.message import Response

if TYPE_CHECKING:
    from responder.events import Flow
    from responder.scenario.matcher import Facts
    from responder.scenario.plan import Check
    from responder.sip.message import Message


def failures(check: Check, message: Message, before: Message, flow: Flow, facts: Facts) -> list[str]:
    """One text for each assertion that does not hold; `before` is what `same` and `greater` compare with."""
    found = check.match.mismatches(message, flow, facts)
    if check.statuses is not None:
        status = message.status if isinstance(message, Response) else None
        if status is None or not check.statuses.accept(status):
            found.append(f"status: expected {check.statuses}, got {status or 'a request'}")
    for item in check.same:
        expected, actual = item.of(before), item.of(message)
        if expected != actual:
            found.append(f"{item.written}: expected the same as before, {_shown(expected)}, got {_shown(actual)}")
    for item in check.greater:
        low, high = item.number_of(before), item.number_of(message)
        if low is None or high is None or high <= low:
            found.append(
                f"{item.written}: expected more than {_shown(item.of(before))}, got {_shown(item.of(message))}"
            )
    return found


def _shown(value: str | None) -> str:
    return "nothing" if value is None else f"'{value}'"
