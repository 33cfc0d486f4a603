"""Clients that behave break no rule: every shipped flow, over every transport, played by one that does."""

from __future__ import annotations

import pytest
from scenarios.flows import EVERY, Flow
from scenarios.world import TCP, UDP, UDP6

from responder.events import Flow as Path
from responder.observe.judge import judge
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
