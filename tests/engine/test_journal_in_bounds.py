"""A hundred thousand messages through an engine with a journal: what it holds stays within its bounds."""

from __future__ import annotations

import random

from bench import OFFER, Caller

from responder.engine import MESSAGES, Engine
from responder.events import Flow
from responder.observe.clock import Clock
from responder.observe.journal import MOST_CALLS, Journal
from responder.observe.judge import judge
from responder.scenario.playbook import Playbook
from responder.sip.sdp import Answerer

FLOW = Flow("UDP", ("127.0.0.1", 5060), ("192.0.2.10", 5062))
MESSAGES_OF_A_CALL = 7
CALLS = 100_000 // MESSAGES_OF_A_CALL + 1


def test_a_long_run() -> None:
    ids = random.Random(1)
    engine = Engine(Playbook(ids=ids), ids=ids, media=lambda host: Answerer(host, [40000]), observer=MESSAGES)
    journal = Journal(Clock())
    now = 0.0
    for number in range(CALLS):
        now = number / 50
        engine.handle_timeout(now)
        caller = Caller(number, uri="sip:bob@127.0.0.1", to="<sip:bob@127.0.0.1>")
        engine.receive(caller.invite(body=OFFER), FLOW, now)
        last = engine.transmits()[-1][0]
        caller.to_tag = last.partition(b"\r\nTo: ")[2].partition(b"\r\n")[0].partition(b";tag=")[2].decode()
        if number % 100:  # one in a hundred is forgotten by its caller: it lasts for 32 seconds more
            engine.receive(caller.ack(), FLOW, now)
            engine.receive(caller.bye(), FLOW, now)
        engine.transmits()
        journal.observe(engine.events())
        assert len(journal.numbers) <= MOST_CALLS
    assert len(journal.numbers) == MOST_CALLS
    assert len(journal.events) < MOST_CALLS * 10
    assert all(len(journal.call(number)) < 30 for number in journal.numbers)
    assert journal.forgotten == CALLS - MOST_CALLS
    judgement = judge(journal.until(now))
    last_number = judgement.transcript.messages[-1].number
    assert last_number == [number for number, _ in journal.messages()][-1] > 90_000
