"""Cases played in virtual time, and the verdict on who played them."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache
from typing import Any

from scenarios.client import Habits
from scenarios.world import World

from responder.control.rulebook import Rulebook
from responder.observe.clock import Clock
from responder.observe.judge import Judgement, judge
from responder.observe.records import Case, ClientRecord, EndRecord, Entry, record_of
from responder.observe.rules.rule import MUST, SHOULD
from responder.scenario.from_python import as_yaml
from responder.scenario.plan import Plan
from responder.sweep.flow import Flow
from responder.sweep.flows import flow_for

from .able import Able, AbleClient, SimpleClient


def played(case: Case, client: str = "able", **habits: Any) -> tuple[World, SimpleClient, Flow]:
    """A case gone through by a client that knows the basics (`simple`) or by one that is `able`."""
    flow = flow_for(case)
    world = World(_plan(as_yaml(flow.scenario)))
    caller = (
        AbleClient(world, case, Able(**habits))
        if client == "able"
        else SimpleClient(world, case, Habits(talks=1.5, tries=1, answers={"INVITE": 488, "UPDATE": 488, "REFER": 501}))
    )
    caller.begin()
    world.run(flow.lasts + flow.watch)
    return world, caller, flow


@cache
def _plan(text: str) -> Plan:
    return Rulebook([text]).plan


def verdict(world: World, *, exits: bool = False) -> Judgement:
    """What the rules say; the client stayed until the end, and is a process that exits then or not."""
    clock = Clock()
    entries: list[Entry] = [record_of(event, clock) for event in world.events]
    end = clock.elapsed(world.now), clock.wall(world.now)
    gone = [ClientRecord(*end, "exited", 0, "")] if exits else []
    return judge([*entries, *gone, EndRecord(*end)])


def broken(judgement: Judgement, without: Iterable[str] = ()) -> dict[str, Any]:
    """The rules of MUST and SHOULD level that were broken, with what was expected and what came."""
    return {
        one.rule.id: [(finding.expected, finding.actual, finding.messages) for _, finding in one.failures[:2]]
        for one in judgement.violations(MUST, SHOULD)
        if one.rule.id not in without
    }
