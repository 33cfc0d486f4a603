"""What is said of how a rule is exercised is so: each case is played by a client, some with a bent for it."""

from __future__ import annotations

from typing import Any, Final

import pytest
from scenarios.client import Client
from scenarios.wire import OFFER, Message

from responder.observe.records import Case
from responder.observe.rules.catalogue import rules
from responder.sweep.exercises import EXERCISES, OUT_OF_REACH, Exercise, how_to_exercise
from responder.sweep.flows import METHODS
from responder.sweep.variants import VARIANTS

from .running import played, verdict


def _slow(client: Client, message: Message) -> None:
    client.world.after(3.6, lambda: client.answer(message, 100))


BENT: Final[dict[str, dict[str, Any]]] = {
    "sends Date": {"extra": ("Date: Sat, 13 Nov 2010 23:29:00 GMT",)},
    "has an outbound proxy, and so a Route": {"extra": ("Route: <sip:127.0.0.1;lr>",)},
    "takes more than 3.5 s to answer OPTIONS": {"answers": {"OPTIONS": None}, "reactions": {"OPTIONS": _slow}},
    "dials a tel URI": {"uri": "tel:+4989123"},
    "requires an extension": {"extra": ("Require: x-responder",)},
    "tries a third time": {"tireless": True},
    "hides who calls": {"extra": ("Privacy: id",)},
    "knows sec-agree": {"extra": ("Require: sec-agree", "Proxy-Require: sec-agree", "Security-Client: digest")},
    "hangs up by itself": {"talks": 0.3},
    "tries ten times": {"tireless": True},
    "calls twice": {"again": 4.0},
    "tries again after its timeout": {"after_timeout": 35.0},
    "removes all its contacts": {"contact": "*", "extra": ("Expires: 0",)},
    "registers with reg-id": {
        "contact": '<sip:alice@192.0.2.10:5062>;reg-id=1;+sip.instance="<urn:uuid:f81d4fae>"',
        "extra": ("Supported: outbound, path",),
    },
    "requires 100rel": {"extra": ("Require: 100rel",)},
    "calls without an offer": {"body": b""},
    "offers a stream that is refused, such as text": {
        "body": OFFER + b"m=text 6002 RTP/AVP 98\r\na=rtpmap:98 t140/1000\r\n"
    },
    "has that field in its INVITE": {
        "extra": (
            "Content-Disposition: session",
            "Content-Encoding: identity",
            "Content-Language: en",
            "Record-Route: <sip:127.0.0.1;lr>",
            "Accept-Encoding: identity",
            "Accept-Language: en, de;q=0.8",
            "Alert-Info: <http://example.com/ring.wav>",
            "Call-Info: <http://example.com/alice.jpg>;purpose=icon",
            "In-Reply-To: 70710@example.com",
            "MIME-Version: 1.0",
            "Priority: normal",
            "Reply-To: <sip:bob@example.com>",
            "Timestamp: 54.21",
            "User-Agent: Softphone/1.0 (beta)",
            "Allow-Events: presence, refer",
            "Referred-By: <sip:carol@example.com>",
            "Replaces: 425928@example.com;to-tag=7743;from-tag=6472",
            "Join: 425928@example.com;to-tag=7743;from-tag=6472",
            'Reason: SIP;cause=200;text="Call completed elsewhere"',
            "Path: <sip:127.0.0.1;lr>",
            "P-Asserted-Identity: <sip:alice@example.com>",
            "P-Preferred-Identity: <sip:alice@example.com>",
        )
    },
    "writes its Contact without < and >": {"contact": "sip:alice@192.0.2.10:5062"},
    "runs on this machine": {"near": True},
    "exits by itself": {},
    "answers MESSAGE with 405": {"answers": {"MESSAGE": 405}},
    "answers MESSAGE with 415": {"answers": {"MESSAGE": 415}},
    "supports 199": {"supported": "100rel, 199, timer, replaces"},
    "names a refresher": {"supported": "100rel", "extra": ("Session-Expires: 1200;refresher=uac",)},
    "leaves Session-Expires out of it": {"unhurried": True},
    "unsubscribes": {"removes": True},
    "takes its publication back": {"removes": True},
    "uses Info Packages": {"extra": ("Recv-Info: x-responder",), "package": "x-responder"},
}
"""What a client does that each phrase speaks of."""


def _case(exercise: Exercise) -> Case:
    return Case(exercise.code, exercise.code, exercise.method, exercise.transport, exercise.variant)


@pytest.mark.parametrize("exercise", dict.fromkeys(EXERCISES.values()), ids=str)
def test_a_case_exercises_what_it_is_said_to(exercise: Exercise) -> None:
    world, _, _ = played(_case(exercise), **BENT[exercise.client] if exercise.client else {})
    found = {one.rule.id for one in verdict(world, exits=exercise.client == "exits by itself").judged if one.findings}
    assert {rule for rule, one in EXERCISES.items() if one == exercise} <= found


def test_there_is_something_to_say_of_every_rule() -> None:
    assert {rule.id for rule in rules()} == EXERCISES.keys() | OUT_OF_REACH.keys()
    assert not EXERCISES.keys() & OUT_OF_REACH.keys()
    assert all(how_to_exercise(rule.id) for rule in rules())
    assert how_to_exercise("no-such-rule") == ""


def test_its_cases_are_cases_of_a_sweep() -> None:
    for exercise in EXERCISES.values():
        assert exercise.method in METHODS
        assert VARIANTS[exercise.variant].applies(_case(exercise)), exercise


def test_it_is_said_in_options_of_the_command() -> None:
    assert how_to_exercise("refusal-is-acknowledged") == "--codes 486"
    assert how_to_exercise("refresher-refreshes-before-the-expiration") == "--codes 200 --variants session-timer"
    assert how_to_exercise("request-on-a-stream-has-content-length") == "--codes 200 --transport tcp"
    assert how_to_exercise("waits-after-491") == "--codes 491 --methods re-INVITE"
    assert how_to_exercise("date-is-in-gmt") == "--codes 200, with a client that sends Date"
