"""Clients that behave break no rule: every shipped flow, over every transport, played by one that does."""

from __future__ import annotations

import random
from dataclasses import replace
from itertools import pairwise

import pytest
from bench import Bench, Caller
from scenarios.flows import EVERY, Flow
from scenarios.world import TCP, UDP, UDP6

from responder.events import Flow as Path
from responder.events import MessageSent
from responder.observe.judge import judge
from responder.observe.records import ClientRecord, MessageRecord
from responder.observe.rules.rule import MUST, SHOULD
from responder.sip.corruption import CATALOGUE
from responder.transaction.fault import Fault
from responder.uas.script import Reply

from .judging import records_of

NOT_DONE = {
    "invite-has-allow": "13.2.1; the client of the flows has the few fields that each flow needs",
    "invite-has-supported": "the same",
    "options-tell-what-it-can": "11.2; the same",
    "options-has-accept": "11.1; the same",
}
"""What the client of the flows does not do though it SHOULD, and why that is right here."""
SENT_AGAIN = ("rfc5407-invite-crosses-200", "prack-lost", "cancel-lost")
"""Flows whose client sends a request again because that was lost, also where it is told to do so on a stream."""

ON_PURPOSE = {"info-package-469": "info-package-is-one-that-we-take"}
"""Flows that are there to answer a client that breaks this rule: theirs does."""

BY_LEAVING = (
    "invite-is-sent-again-by-udp",  # the client of the flows sends nothing again by itself
)
"""What a client breaks that is gone in the middle of a flow."""

NOT_FOR_IT = ("wrong-branch", "no-via", "lower-via-first", "wrong-cseq-method", "no-cseq", "unknown-version")
"""Corruptions after which a response belongs to no request of the client."""


LOOPBACK = Path("UDP", ("127.0.0.1", 5060), ("127.0.0.1", 5062))
"""Where nothing is lost, and rules are stricter."""


@pytest.mark.parametrize("over", [UDP, TCP, UDP6, LOOPBACK], ids=["UDP", "TCP", "IPv6", "loop-back"])
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
        again = [rule for rule in broken if rule.endswith("is-not-sent-again-on-a-stream")]
        assert again
        for rule in again:
            del broken[rule]
    if flow.name in ON_PURPOSE:
        assert broken.pop(ON_PURPOSE[flow.name])
    assert broken == {}


@pytest.mark.parametrize("how", ["exited", "ended"])
@pytest.mark.parametrize("flow", EVERY, ids=str)
def test_a_client_that_goes_away_is_not_blamed_for_what_it_leaves(flow: Flow, how: str) -> None:
    """At any time when nothing is just being said."""
    world = flow.world()
    flow.open(world, flow=LOOPBACK)
    world.finish()
    whole = records_of(world.events)
    times = [record.time for record in whole]
    for before, after in [(one, two) for one, two in pairwise(times) if two - one > 0.1][:12]:
        for gone in (before + 0.015, after - 0.015):
            count = sum(time <= gone for time in times)
            left = ClientRecord(time=gone, wall=0.0, how=how, exit_status=0, output="")
            rest = [record for record in whole[count:] if not (isinstance(record, MessageRecord) and record.received)]
            broken = {
                one.rule.id: [(finding.expected, finding.actual, finding.messages) for _, finding in one.failures[:3]]
                for one in judge([*whole[:count], left, *rest]).violations(MUST)
            }
            for known in (ON_PURPOSE.get(flow.name, ""), *BY_LEAVING):
                broken.pop(known, None)
            assert broken == {}, gone


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


@pytest.mark.parametrize("flow", [UDP, TCP], ids=["UDP", "TCP"])
@pytest.mark.parametrize("status", [486, 200, 401, 302])
@pytest.mark.parametrize("corruption", CATALOGUE)
@pytest.mark.parametrize("takes_it", [True, False])
def test_a_corrupted_response_obliges_to_nothing(corruption: str, status: int, flow: Path, takes_it: bool) -> None:
    """A client may pass over most of them; it may take those that it can still tell for an answer to its request."""
    if takes_it and corruption in NOT_FOR_IT:
        pytest.skip("it belongs to no request")
    if not takes_it and (CATALOGUE[corruption].duty.startswith("reads it as if") or corruption == "two-in-one-segment"):
        pytest.skip("it has to be taken for what it is")
    bench, caller = Bench(Reply(180), 1, Reply(status, fault=Fault(corrupt=(corruption,)))), Caller(flow=flow)
    bench.hostile = True
    bench.receive(caller.invite("Allow: INVITE, ACK, BYE", "Supported: replaces"), flow)
    bench.run(1.6)
    sent = [event.data for event in bench.events if isinstance(event, MessageSent)][-1]
    if takes_it and sent.startswith(b"SIP/2.0 "):
        tag = sent.partition(b"\r\nTo:")[2].partition(b"\r\n")[0].partition(b";tag=")[2].decode()
        branch = caller.invited[1] if status >= 300 else None
        bench.receive(caller.request("ACK", cseq=1, branch=branch, to_tag=tag or None, uri=caller.uri), flow)
    bench.run(0.3 if takes_it else 40)
    judgement = judge(records_of(bench.events))
    broken = {one.rule.id for one in judgement.violations(MUST)}
    if takes_it:  # what it repeats of such a response is as wrong as that
        broken -= {"ack-2xx-is-in-the-dialog", "ack-2xx-goes-to-the-contact", "ack-2xx-has-the-route-set"}
        broken -= {"ack-non-2xx-has-the-to-of-the-response"}
    assert broken == set()
