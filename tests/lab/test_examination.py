"""The judge is judged: a client with one fault is caught at it, a client with none is left alone."""

from __future__ import annotations

import asyncio
import os

import pytest

from lab.examine import MUST, SHOULD, Examined, Named, broken_in, command_of, examine, side_by_side, swept
from lab.misdeeds import TABLE, Where

pytestmark = pytest.mark.interop

JOBS = 6 * (os.cpu_count() or 1)
"""Clients side by side: they wait most of their time."""
SLOW = ("session-timer", "unanswered")
"""Variants that take longer than all others together."""
FAULTS = [fault for fault in TABLE if not any(where.variant in SLOW for where in fault.shows)]
CODES = "all,299,399,499,599,699"
RIGHT = (
    Where(CODES),
    Where("100,180,200,299,302,401,407,420,422,486,503,603", transport="tcp"),
    Where("200,401,404,423,481,503", "REGISTER,OPTIONS,MESSAGE,SUBSCRIBE,PUBLISH,REFER"),
    Where("200,302,401,481,486,491,500", "BYE,UPDATE,INFO,re-INVITE,PRACK,CANCEL"),
    Where("183,200,302,401,486", variant="compact,folded,empty-reason,no-to-tag,duplicate,lossy,delayed,forked"),
    Where("183,200,302,401,486", variant="stray,second-via,stubborn,late-provisional,requests,late-offer"),
)
"""What the right client goes through."""


async def right(where: Where) -> list[Named]:
    """What the right client is said to have broken in these cases."""
    broken = broken_in(await swept(command_of(where), where, JOBS // 4))
    return [one for one in broken if one.level in (MUST, SHOULD)]


async def everything() -> tuple[list[Examined], list[Named]]:
    """All of it at once, so that the processors are never idle.

    That may make a process late. So what was missed, and what alarms were about, comes a second time with more room:
    what is wrong with a rule or a flow is wrong then, too.
    """
    examined, alarms = await asyncio.gather(side_by_side(examine, FAULTS, JOBS), side_by_side(right, RIGHT, 2))
    missed = [one.fault for one in examined if not one.found]
    examined = [*[one for one in examined if one.found], *await side_by_side(examine, missed, JOBS // 4)]
    again: list[Named] = []
    for where, first in zip(RIGHT, alarms, strict=True):
        rules = {one.rule for one in first}
        again += [one for one in (await right(where) if rules else []) if one.rule in rules]
    return examined, again


@pytest.fixture(scope="module")
def outcome() -> tuple[dict[str, Examined], list[Named]]:
    """What came of all faults and of the right client."""
    examined, alarms = asyncio.run(everything())
    return {one.fault.name: one for one in examined}, alarms


def test_the_right_client_breaks_no_rule(outcome: tuple[dict[str, Examined], list[Named]]) -> None:
    _, alarms = outcome
    assert not alarms, "\n".join(f"{one.case} {one.level} {one.rule} [{one.rfc}]: {one.actual}" for one in alarms)


@pytest.mark.parametrize("name", [fault.name for fault in FAULTS])
def test_a_fault_is_named_with_its_section(name: str, outcome: tuple[dict[str, Examined], list[Named]]) -> None:
    examined, _ = outcome
    assert examined[name].found, str(examined[name])
