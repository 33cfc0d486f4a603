"""`notify`: the NOTIFYs of a subscription as the author wants them, none of the core's beside them."""

from __future__ import annotations

from typing import Any

from .client import Client
from .world import World


def subscribed(source: str, method: str = "SUBSCRIBE", *fields: str, **more: Any) -> Client:
    world = World(source)
    lines = fields or ("Event: presence", "Expires: 600")
    client = Client(world, method, fields=lines, **more).begin()
    world.finish()
    return client


def test_one_after_the_other_with_what_the_author_says() -> None:
    client = subscribed(
        "match: {method: SUBSCRIBE}\n"
        "steps:\n"
        "  - 200\n"
        "  - {notify: pending, headers: {X-Mine: '1'}, expect: 200, as: first}\n"
        "  - 2s\n"
        "  - {notify: 'terminated;reason=${vars.why:-rejected}', body: gone, content_type: text/plain}\n"
        "  - log: 'first ${vars.first}'\n"
    )
    assert client.story() == "<SUBSCRIBE 200 NOTIFY <200/NOTIFY 2s NOTIFY <200/NOTIFY"
    first, last = client.every("NOTIFY")
    assert first.the("subscription-state") == "pending;expires=600"
    assert first.the("x-mine") == "1"
    assert first.the("event") == "presence"
    assert last.the("subscription-state") == "terminated;reason=rejected"
    assert (last.body, last.the("content-type")) == (b"gone", "text/plain")
    assert client.world.logged == ["first 200"]
    assert client.ended.outcome == "completed"


def test_before_the_2xx() -> None:
    client = subscribed(
        "match: {method: SUBSCRIBE}\nsteps: [notify: active;expires=60, 200, notify: terminated;reason=noresource]\n"
    )
    assert client.story().split()[:3] == ["<SUBSCRIBE", "NOTIFY", "<200/NOTIFY"]
    assert [notify.the("subscription-state") for notify in client.every("NOTIFY")] == [
        "active;expires=60",
        "terminated;reason=noresource",
    ]


def test_progress_of_a_refer() -> None:
    client = subscribed(
        "match: {method: REFER}\n"
        "steps:\n"
        "  - 202\n"
        "  - {notify: active, body: SIP/2.0 180 Ringing, content_type: message/sipfrag}\n"
        "  - 1s\n"
        "  - {notify: terminated;reason=noresource, body: SIP/2.0 486 Busy Here, content_type: message/sipfrag}\n",
        "REFER",
        "Refer-To: <sip:carol@192.0.2.99>",
    )
    assert client.story() == "<REFER 202 NOTIFY <200/NOTIFY 1s NOTIFY <200/NOTIFY"
    assert [notify.body for notify in client.every("NOTIFY")] == [b"SIP/2.0 180 Ringing", b"SIP/2.0 486 Busy Here"]


def test_in_a_block_that_is_used_the_core_sends_none_either() -> None:
    client = subscribed(
        "define: {tell: [notify: terminated;reason=timeout]}\nmatch: {method: SUBSCRIBE}\nsteps: [200, 3s, use: tell]\n"
    )
    assert client.story() == "<SUBSCRIBE 200 3s NOTIFY <200/NOTIFY"


def test_another_response_than_expected_fails_the_call() -> None:
    client = subscribed(
        "match: {method: SUBSCRIBE}\nsteps: [200, {notify: active, expect: 200}, log: on]\n", answers={"NOTIFY": 481}
    )
    assert client.ended.reason == "NOTIFY got 481, expected 200 (line 2)"
    assert client.world.logged == ["on"]


def test_without_a_subscription_the_call_fails() -> None:
    world = World("match: {method: [MESSAGE, SUBSCRIBE]}\nsteps: [200, notify: active]\n")
    client = Client(world, "MESSAGE").begin()
    world.finish()
    assert client.story() == "<MESSAGE 200"
    assert client.ended.reason == "NOTIFY has no subscription to be sent in (line 2)"
