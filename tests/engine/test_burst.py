"""Several responses to a request of a kind that is known go out together: the same bytes as one by one."""

from __future__ import annotations

import random
from collections.abc import Callable

import pytest
from bench import OFFER, Caller

from responder.engine import CALLS, MESSAGES, Engine
from responder.events import CallEnded, Flow, MessageSent
from responder.scenario import compiler
from responder.scenario.playbook import Playbook
from responder.sip import likeness
from responder.sip.sdp import Answerer

FLOW = Flow("UDP", ("127.0.0.1", 5060), ("192.0.2.10", 5062))
CALLS_OF_A_KIND = 60
"""More than it takes until a kind of request is known."""


def wire(
    steps: str, user: str, observer: int, *, fields: tuple[str, ...] = ()
) -> tuple[list[bytes], list[CallEnded], list[MessageSent]]:
    """Everything sent in many calls of one client, how they ended, and what was reported of it."""
    ids = random.Random(1)
    plan = compiler.load_text(f"match: {{user: bob}}\nsteps: {steps}\n") if steps else None
    playbook = Playbook(plan, ids=ids)
    engine = Engine(playbook, ids=ids, media=lambda host: Answerer("127.0.0.1", [40000]), observer=observer)
    sent: list[bytes] = []
    ends: list[CallEnded] = []
    reported: list[MessageSent] = []

    def take() -> list[bytes]:
        new = [data for data, _ in engine.transmits()]
        sent.extend(new)
        events = engine.events()
        ends.extend(event for event in events if isinstance(event, CallEnded))
        reported.extend(event for event in events if isinstance(event, MessageSent))
        return new

    for number in range(CALLS_OF_A_KIND):
        caller = Caller(number, uri=f"sip:{user}@127.0.0.1", to=f"<sip:{user}@127.0.0.1>")
        engine.receive(caller.invite(*fields, body=OFFER), FLOW, number / 10)
        last = take()[-1]
        tag = last.partition(b"\r\nTo: ")[2].partition(b"\r\n")[0].partition(b";tag=")[2].decode()
        caller.to_tag = tag
        if b" 200 " in last[:13]:
            engine.receive(caller.ack(), FLOW, number / 10)
            engine.receive(caller.bye(), FLOW, number / 10)
        else:
            engine.receive(caller.request("ACK", cseq=1, branch=caller.invited[1], to_tag=tag), FLOW, number / 10)
        take()
    return sent, ends, reported


@pytest.fixture
def unlearned(monkeypatch: pytest.MonkeyPatch) -> Callable[[], None]:
    """From its call on no kind of request is ever known, so that responses go out one by one."""
    return lambda: monkeypatch.setattr(likeness, "_AFTER", CALLS_OF_A_KIND * 10)


@pytest.mark.parametrize(
    ("steps", "user", "count"),
    [
        ("", "bob", 4),
        ("", "180.486", 2),
        ("", "486", 2),
        ("[180, 183, 200]", "bob", 4),
        ("[100, {respond: 180, headers: {Alert-Info: '<urn:alert:service:normal>'}}, 200]", "bob", 4),
        ("[{respond: 183, sdp: true}, 200]", "bob", 3),
        ("[{respond: 180, to_tag: other}, 200]", "bob", 3),
        ("[{respond: 180, to_tag: false}, 486]", "bob", 2),
        ("[{respond: 180, compact: true}, 200]", "bob", 3),
        ("[{respond: 180, remove: [Contact]}, {respond: 182, reason: Wait}, 603]", "bob", 3),
    ],
)
def test_the_same_bytes_and_the_same_ends(steps: str, user: str, count: int, unlearned: Callable[[], None]) -> None:
    quick, ends, nothing = wire(steps, user, CALLS)
    watched, ends_too, reported = wire(steps, user, MESSAGES)
    unlearned()
    slow, same, reported_too = wire(steps, user, MESSAGES)
    assert quick == watched == slow
    assert ends == ends_too == same
    assert nothing == []
    assert reported == reported_too
    assert [event.data for event in reported] == slow
    assert len(quick) == count * CALLS_OF_A_KIND


def test_a_timestamp_is_copied_every_time(unlearned: Callable[[], None]) -> None:
    quick, *_ = wire("[100, 180, 200]", "bob", CALLS, fields=("Timestamp: 54",))
    unlearned()
    slow, *_ = wire("[100, 180, 200]", "bob", MESSAGES, fields=("Timestamp: 54",))
    assert quick == slow


def test_each_listener_gives_its_own_contact() -> None:
    ids = random.Random(1)
    engine = Engine(Playbook(ids=ids), ids=ids, media=lambda host: Answerer(host, [40000]), observer=CALLS)
    other = Flow("UDP", ("127.0.0.1", 5090), FLOW.remote)
    for number in range(CALLS_OF_A_KIND):
        flow = other if number % 2 else FLOW
        engine.receive(Caller(number, uri="sip:bob@example.com").invite(body=OFFER), flow, number / 10)
        responses = [data for data, _ in engine.transmits()]
        assert len(responses) == 3
        for data in responses[1:]:
            assert b"\r\nContact: <sip:responder@127.0.0.1:%d>\r\n" % flow.local[1] in data
