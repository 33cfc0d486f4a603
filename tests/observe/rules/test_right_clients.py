"""Clients that behave break no rule: every shipped flow, over every transport, played by one that does."""

from __future__ import annotations

import random
from dataclasses import replace

import pytest
from scenarios.flows import EVERY, Flow
from scenarios.world import TCP, UDP, UDP6

from responder.events import Flow as Path
from responder.observe.judge import judge
from responder.observe.records import MessageRecord
from responder.observe.rules.rule import MUST, SHOULD

from .judging import records_of

NOT_DONE = {
    "invite-has-allow": "13.2.1; the client of the flows has the few fields that each flow needs",
    "invite-has-supported": "the same",
}
"""What the client of the flows does not do though it SHOULD, and why that is right here."""
SENT_AGAIN = ("rfc5407-invite-crosses-200", "prack-lost", "cancel-lost")
"""Flows whose client sends a request again because that was lost, also where it is told to do so on a stream."""


@pytest.mark.parametrize("over", [UDP, TCP, UDP6], ids=["UDP", "TCP", "IPv6"])
@pytest.mark.parametrize("flow", EVERY, ids=str)
def test_no_rule_is_broken(flow: Flow, over: Path) -> None:
    if flow.datagrams and over.reliable:
        pytest.skip("a stream loses nothing")
    world = flow.world()
    flow.open(world, flow=over)
    world.finish()
    judgement = judge(records_of(world.events))
    broken = {
        one.rule.id: [(finding.expected, finding.actual, finding.messages) for _, finding in one.failures[:3]]
        for one in judgement.violations(MUST, SHOULD)
        if one.rule.id not in NOT_DONE
    }
    if over.reliable and flow.name in SENT_AGAIN:
        assert broken.pop("reliable-transport-needs-no-copies")
    assert broken == {}


@pytest.mark.parametrize("flow", EVERY, ids=str)
def test_no_rule_fails_itself_for_what_was_spoilt(flow: Flow) -> None:
    """Bytes of a run changed, dropped and put in, of messages in both directions; and messages left out."""
    world = flow.world()
    flow.open(world)
    world.finish()
    whole, chance = records_of(world.events), random.Random(flow.name)
    for _ in range(4):
        records = [
            replace(record, data=_spoilt(record.data, chance)) if isinstance(record, MessageRecord) else record
            for record in whole
            if chance.random() > 0.1
        ]
        assert judge(records).judged


def _spoilt(data: bytes, chance: random.Random) -> bytes:
    spoilt = bytearray(data)
    for _ in range(chance.choice((0, 0, 1, 3))):
        at = chance.randrange(len(spoilt))
        spoilt[at : at + chance.randrange(4)] = chance.choice([b"", b"\xff", b"\0", b";", b"<", b'"', b"\r\n", b"-1"])
    return bytes(spoilt)
