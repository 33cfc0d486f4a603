"""`fault` of a message and of a rule: what it is compiled to, and what a call is told of it."""

from __future__ import annotations

import pytest

from responder.scenario.compiler import load_text
from responder.scenario.plan import Respond, Send
from responder.scenario.straight import Straight
from responder.sip.corruption import CATALOGUE
from responder.transaction.fault import Fault
from tests.scenario.stage import Stage

NAME, OTHER = list(CATALOGUE)[:2]


@pytest.mark.parametrize(
    ("written", "fault"),
    [
        ("{drop: 1}", Fault(drop=1)),
        ("{delay: 700ms}", Fault(delay=0.7)),
        ("{duplicate: 2}", Fault(duplicate=2)),
        ("{reorder: true}", Fault(reorder=True)),
        (f"{{corrupt: {NAME}}}", Fault(corrupt=(NAME,))),
        (f"{{corrupt: [{NAME}, {OTHER}]}}", Fault(corrupt=(NAME, OTHER))),
        ("{tcp: half-close}", Fault(connection="half-close")),
        ("{drop: 2, delay: 1s, duplicate: 3, chance: 0.1}", Fault(2, 1.0, 3, chance=0.1)),
        ("{tcp: reset, chance: 1}", Fault(connection="reset")),
    ],
)
def test_of_a_response_of_a_request_and_of_a_rule(written: str, fault: Fault) -> None:
    (rule,) = load_text(
        f"fault: {written}\nsteps: [{{respond: 200, fault: {written}}}, {{send: BYE, fault: {written}}}]"
    ).rules
    respond, send = rule.steps
    assert isinstance(respond, Respond)
    assert isinstance(send, Send)
    assert (rule.fault, respond.reply.fault, send.order.fault) == (fault, fault, fault)


@pytest.mark.parametrize(("written", "lose"), [("ACK", {"ACK": 1}), ("{ACK: 2, PRACK: 1}", {"ACK": 2, "PRACK": 1})])
def test_what_is_lost_is_said_to_the_call(written: str, lose: dict[str, int]) -> None:
    stage = Stage(f"fault: {{lose: {written}}}\nsteps: [200]")
    stage.start()
    assert stage.call.lost == lose
    assert stage.call.fault is None


def test_the_fault_of_a_rule_is_that_of_its_calls() -> None:
    stage = Stage("fault: {drop: 1, lose: ACK}\nsteps: [200]")
    stage.start()
    assert stage.call.fault == Fault(drop=1)
    assert stage.call.lost == {"ACK": 1}


def test_chances_are_drawn_from_the_seed() -> None:
    draws = []
    for _ in range(2):
        stage = Stage("seed: 7\nsteps: [{respond: 200, fault: {drop: 1, chance: 0.5}}]")
        stage.start()
        draws.append([stage.call.luck() for _ in range(5)])
    assert draws[0] == draws[1]
    assert all(0 <= value < 1 for value in draws[0])
    assert len(set(draws[0])) == 5


@pytest.mark.parametrize(
    ("source", "straight"),
    [
        ("steps: [100, 486]", True),
        ("steps: [{respond: 486, fault: {drop: 1}}]", False),
        ("steps: [{respond: 486, fault: {drop: 1, chance: 0.5}}]", False),
        ("fault: {drop: 1}\nsteps: [486]", False),
        ("fault: {lose: ACK}\nsteps: [486]", False),
    ],
)
def test_flows_without_faults_take_the_short_way(source: str, straight: bool) -> None:
    stage = Stage(source)
    stage.start()
    assert isinstance(stage.call.script, Straight) is straight


def test_a_call_without_faults_is_told_of_none() -> None:
    stage = Stage("steps: [180, 1s, 200]")
    stage.start()
    assert (stage.call.fault, stage.call.luck, stage.call.lost, stage.call.notifies) == (None, None, {}, False)
