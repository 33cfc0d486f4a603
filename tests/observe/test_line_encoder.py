"""The quick way to a line of a trace and the long one give the same bytes."""

from __future__ import annotations

import json
import random

import pytest
from bench import OFFER, Caller

from responder.engine import MESSAGES, Engine
from responder.events import Event, Flow, MessageReceived, MessageSent
from responder.observe.clock import Clock
from responder.observe.json_lines import as_json, encode, from_json
from responder.observe.line_encoder import LineEncoder
from responder.observe.records import MessageRecord, record_of
from responder.scenario import compiler
from responder.scenario.playbook import Playbook
from responder.sip.sdp import Answerer

from .sample import CLOCK, TCP, UDP6, busy_call, ended, request, sent
from .test_json_lines import EVENTS

FLOW = Flow("UDP", ("127.0.0.1", 5060), ("192.0.2.10", 5062))


def slowly(events: list[Event], clock: Clock = CLOCK) -> list[str]:
    return [encode(as_json(record_of(event, clock))) + "\n" for event in events]


def run_of(steps: str, calls: int = 60) -> list[Event]:
    """What an engine reports of as many calls as it takes until their requests are known by their likeness."""
    ids = random.Random(1)
    playbook = Playbook(compiler.load_text(f"name: ring\nmatch: {{user: bob}}\nsteps: {steps}\n"), ids=ids)
    engine = Engine(playbook, ids=ids, media=lambda host: Answerer(host, [40000]), observer=MESSAGES)
    events: list[Event] = []
    for number in range(calls):
        caller, now = Caller(number, uri="sip:bob@127.0.0.1", to="<sip:bob@127.0.0.1>"), number / 7
        engine.receive(caller.invite(body=OFFER), FLOW, now)
        last = engine.transmits()[-1][0]
        caller.to_tag = last.partition(b"\r\nTo: ")[2].partition(b"\r\n")[0].partition(b";tag=")[2].decode()
        engine.receive(caller.ack(), FLOW, now)
        engine.receive(caller.bye(), FLOW, now + 0.001)
        engine.handle_timeout(now + 0.001)
        events += engine.events()
    return events


def test_events_of_every_kind() -> None:
    events = [*EVENTS, sent(105.0, request("BYE"), flow=TCP, note="ü step 1"), sent(105.0, b"", flow=UDP6)]
    assert LineEncoder(CLOCK).lines(events * 2) == slowly(events * 2)


@pytest.mark.parametrize(
    "steps", ["[100, 180, 200]", "[183, 200, {expect: BYE}, 200]", "[{respond: 200, compact: true}]"]
)
def test_calls_of_an_engine(steps: str) -> None:
    events = run_of(steps)
    assert len(events) > 300
    assert LineEncoder(CLOCK).lines(events) == slowly(events)


def test_every_moment() -> None:
    draw = random.Random(3)
    clock = Clock(epoch=1_767_355_201.123456, start=17.000001)
    events: list[Event] = [
        ended(at, started=at - draw.random() * 9) for at in (draw.uniform(17, 90) for _ in range(500))
    ]
    events += [ended(float(n), started=float(n)) for n in range(17, 60)]
    assert LineEncoder(clock).lines(events) == slowly(events, clock)


def test_any_number_of_peers() -> None:
    flows = [Flow("TCP", ("10.0.0.9", 5060), ("10.0.0.5", port), port) for port in range(1, 3000)]
    encoder = LineEncoder(CLOCK)
    for flow in (*flows, *flows[:5]):
        (line,) = encoder.lines([sent(100.0, request("BYE"), flow=flow)])
        record = from_json(json.loads(line))
        assert isinstance(record, MessageRecord)
        assert (record.remote, record.connection) == (flow.remote, flow.connection)


def test_what_a_message_belongs_to() -> None:
    records = [record_of(event, CLOCK) for event in run_of("[100, 180, 200, {expect: BYE}, 200]", 55)[-8:]]
    messages = [record for record in records if isinstance(record, MessageRecord)]
    invite, trying, ringing, ok, ack, bye, over = messages
    assert {one.transaction for one in (invite, trying, ringing, ok)} == {invite.transaction}
    assert invite.transaction.endswith(" INVITE")
    assert (invite.dialog, trying.dialog) == ("", "")
    assert {one.dialog for one in (ringing, ok, ack, bye, over)} == {ok.dialog}
    assert len(ok.dialog.split()) == 2
    assert ack.transaction.endswith(" INVITE")  # of its own, as it is for a 2xx
    assert ack.transaction != invite.transaction
    assert bye.transaction == over.transaction != invite.transaction
    assert [one.note for one in messages] == [
        *("ring", "ring step 1", "ring step 2", "ring step 3", "", "ring step 4", "ring step 5"),
    ]


def test_responses_as_we_write_them_are_read_like_all_others() -> None:
    """`belonging_of` takes a short way with these, and none with what was parsed."""
    for event in [*busy_call(), *run_of("[100, 180, 200]", 10)]:
        if isinstance(event, MessageSent):
            as_received = MessageReceived(event.time, event.flow, event.data, None, 1, False)  # type: ignore[arg-type]
            ours, theirs = record_of(event, CLOCK), record_of(as_received, CLOCK)
            assert isinstance(ours, MessageRecord)
            assert isinstance(theirs, MessageRecord)
            assert (ours.call_id, ours.transaction) == (theirs.call_id, theirs.transaction)
            assert ours.dialog.split() == theirs.dialog.split()[::-1]
