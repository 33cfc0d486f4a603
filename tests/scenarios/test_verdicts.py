"""Flows with several rules, call after call; and what flows say of clients that do not do their part."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from .calling import TALK
from .client import Client
from .flows import BY_NAME
from .reactions import calling, transfer_failed
from .wire import NEW_OFFER, OFFER
from .world import World, shipped

PUBLISH: dict[str, Any] = {"method": "PUBLISH", "body": b"<presence/>", "content_type": "application/pidf+xml"}
SUBSCRIBED = "<SUBSCRIBE 200 NOTIFY <200/NOTIFY 600s NOTIFY <200/NOTIFY"
LATER: list[tuple[str, list[tuple[dict[str, Any], str]]]] = [
    ("rfc3665-proxy-failure", [({"acks": False}, "<INVITE"), ({}, f"<INVITE 100 180 1s 200 {TALK}")]),
    ("rfc3665-contact-list", [({"method": "REGISTER"}, "<REGISTER 200")]),
    ("rfc3665-registration-cancelled", [({"method": "REGISTER"}, "<REGISTER 200")]),
    ("early-dialog-199", [({}, f"<INVITE 100 180 1s 180 3s 200 {TALK}")]),
    ("options-ping-lost", [({"method": "OPTIONS"}, f"<OPTIONS {status}") for status in (503, 408, 200, 200)]),
    ("message-too-large", [({"method": "MESSAGE", "body": b"short", "content_type": "text/plain"}, "<MESSAGE 200")]),
    (
        "publish-412",
        [
            ({**PUBLISH, "fields": ["Event: presence"]}, "<PUBLISH 200"),
            ({**PUBLISH, "fields": ["Event: presence", "SIP-If-Match: x"]}, "<PUBLISH 412"),
        ],
    ),
    ("publish-423", [({**PUBLISH, "fields": ["Event: presence", "Expires: 600"]}, "<PUBLISH 200")]),
    ("subscribe-423", [({"method": "SUBSCRIBE", "fields": ["Event: presence", "Expires: 600"]}, SUBSCRIBED)]),
    (
        "rfc5359-automatic-redial",
        [
            ({}, "<INVITE 486 <ACK"),
            (
                {"method": "SUBSCRIBE", "fields": ["Event: dialog", "Expires: 600"]},
                "<SUBSCRIBE 200 NOTIFY <200/NOTIFY 3s NOTIFY <200/NOTIFY 597s NOTIFY <200/NOTIFY",
            ),
            ({}, f"<INVITE 180 1s 200 {TALK}"),
        ],
    ),
    (
        "rfc5359-call-pickup",
        [
            (
                {
                    "fields": [
                        "Require: replaces",
                        "Replaces: 12345600@atlanta.example.com;from-tag=3145678;to-tag=1234567;early-only",
                    ]
                },
                f"<INVITE 200 {TALK}",
            )
        ],
    ),
    ("redirect-chain", [({"user": "redirect-chain-3"}, "<INVITE 302 <ACK")]),
]


@pytest.mark.parametrize(("name", "calls"), LATER, ids=[name for name, _ in LATER])
def test_call_after_call(name: str, calls: list[tuple[dict[str, Any], str]]) -> None:
    world = World(shipped(name))
    for number, (how, story) in enumerate(calls, 1):
        client = Client(world, **{**how, "number": number}).begin()
        world.finish()
        assert client.story()[client.story().index("<") :] == story
    assert {event.outcome for event in world.ended} <= {"completed", "no-ack"}


WRONG: list[tuple[str, dict[str, Any], str]] = [
    ("rfc3665-no-answer", {"script": None}, "the client never gave up"),
    ("rfc3665-session-through-proxies", {"fields": ("Record-Route: <sip:x.example.com;lr>",)}, "header Route"),
    ("rfc3665-reinvite-new-address", {"habits": {"talks": None, "answers": {"INVITE": 488}}}, "INVITE got 488"),
    ("rfc5359-hold", {"habits": {"talks": None}}, "check in line"),
    (
        "rfc5359-transfer-unattended",
        {"habits": {"talks": None, "answers": {"REFER": 603}}},
        "REFER got 603, expected 2xx",
    ),
    (
        "rfc5359-transfer-unattended",
        {"habits": {"talks": None, "answers": {"REFER": 202}}},
        "no NOTIFY within 10 s",
    ),
    (
        "rfc5359-transfer-attended",
        {"habits": {**BY_NAME["rfc5359-transfer-attended"].habits, "reactions": {"REFER": transfer_failed}}},
        "body: expected prefix 'SIP/2.0 200'",
    ),
    ("rfc5359-third-party-joins", {"fields": ()}, "header Join"),
    ("rfc5407-cancel-crosses-200", {"habits": {"talks": None}}, "gave the call up and left it standing"),
    ("rfc5407-reinvite-crosses-bye", {"habits": {"talks": None}}, "INVITE got 200, expected 481"),
    ("rfc5407-reinvite-crosses-reinvite", {"habits": {"talks": None}}, "INVITE got 200, expected 491"),
    ("rfc5407-refer-crosses-bye", {"habits": {"talks": None}}, "REFER got 200"),
    ("rfc5407-reinvite-before-answer", {"body": OFFER}, "check in line"),
    ("stale-nonce-loop", {"habits": {"tries": 2}}, ""),
    ("bye-challenged", {"habits": {"talks": None}}, "challenge: no retry with credentials within 10 s"),
    ("late-offer", {"body": OFFER}, "sdp: expected nothing"),
    ("late-offer-by-us", {"habits": {"talks": None, "answers": {"INVITE": (200, b"")}}}, "sdp: expected something"),
    ("hold-by-client", {"script": None, "habits": {"talks": 1.0}}, "BYE came while"),
    (
        "codec-change-by-us",
        {"habits": {"talks": None, "answers": {"INVITE": (200, OFFER.replace(b"8 101", b"101"))}}},
        "codec",
    ),
    ("session-timer-uac-refreshes", {"script": None, "habits": {"talks": None}}, "within 80 s"),
    ("session-timer-422-loop", {"habits": {}}, "no INVITE within 10 s"),
    ("prack-lost", {"script": None, "habits": {"pracks": False}}, "no PRACK within 5 s"),
    ("update-in-early-dialog", {"habits": {"answers": {"UPDATE": 500}}}, "UPDATE got 500, expected 200"),
    ("fork-reliable", {"habits": {"pracks": False}}, "no PRACK within 5 s"),
    ("ack-lost", {"habits": {"acks": False}}, "no ACK within 10 s"),
    ("notify-before-200", {"habits": {"answers": {"NOTIFY": 481}}}, "NOTIFY got 481, expected 200"),
    ("message-waiting", {"fields": ("Event: presence", "Expires: 600")}, "header Event"),
    ("call-back", {"habits": {}, "script": None}, "no response to INVITE"),
    ("call-to-client", {"script": None}, "no response to INVITE"),
    ("call-to-client", {"script": calling(holds=False)}, "sdp direction: expected 'recvonly' or 'inactive'"),
]


@pytest.mark.parametrize(("name", "changed", "reason"), WRONG, ids=[f"{row[0]}-{row[2]}" for row in WRONG])
def test_a_client_that_does_not_do_its_part(name: str, changed: dict[str, Any], reason: str) -> None:
    """The record says what is missing; a client that gives up where it may passes."""
    flow = replace(BY_NAME[name], **changed)
    world = flow.world()
    client = flow.open(world)
    world.run(800.0)
    world.engine.shutdown(world.now)
    world.run(100.0)
    assert (client.ended.outcome == "failed") is bool(reason)
    assert reason in client.ended.reason


def test_the_pickup_has_the_ids_of_the_notify() -> None:
    """RFC 5359 section 2.16: what is local to the colleague is remote to whom the INVITE goes to (RFC 3891)."""
    world = World(shipped("rfc5359-call-pickup"))
    swapped = "Replaces: 12345600@atlanta.example.com;from-tag=1234567;to-tag=3145678;early-only"
    client = Client(world, fields=[swapped]).begin()
    world.finish()
    assert client.ended.outcome == "failed"
    assert "to-tag=1234567" in client.ended.reason


@pytest.mark.parametrize(
    "name", ["call-to-client", "message-to-client", "message-waiting-unasked", "options-ping-by-us"]
)
def test_a_client_that_takes_its_registration_back_is_left_alone(name: str) -> None:
    world = World()
    client = Client(world, "REGISTER", user=name, fields=["Expires: 0"]).begin()
    world.finish()
    assert (client.story(), client.ended.scenario) == ("<REGISTER 200", "")


def test_a_change_after_a_refused_one() -> None:
    """RFC 5407 section 3.3.1: the client's second try is a request of its own."""
    flow = BY_NAME["rfc5407-reinvite-crosses-reinvite"]
    client = flow.open(world := flow.world())
    world.finish()
    first, second, third = client.every("<INVITE")
    assert (second.body, third.body) == (NEW_OFFER, NEW_OFFER)
    assert (first.to_tag, second.cseq + 1) == (None, third.cseq)
    ours = client.every("INVITE")
    assert [message.cseq for message in ours] == [1, 2]
    assert 0 < client.times("INVITE")[1] - client.times("<491")[0] <= 2.0
