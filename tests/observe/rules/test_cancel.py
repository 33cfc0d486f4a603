"""RFC 3261 section 9.1: the CANCEL."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from bench import BUSY, RINGING, UDP, Bench, Caller

from responder.uas.script import Reply

from .judging import verdicts

ROUTE = "Route: <sip:proxy.example.com;lr>"


def cancelled(*fields: str, invited: tuple[str, ...] = (), **more: Any) -> Bench:
    """An INVITE that rings and is cancelled; the CANCEL is right but for these changes."""
    bench, caller = Bench(RINGING, "stay"), Caller()
    bench.receive(caller.invite(*invited))
    bench.run(1)
    flow = more.pop("flow", UDP)
    bench.receive(caller.cancel(*fields, **more), flow)
    bench.run(1)
    return bench


WRONG: dict[str, dict[str, Any]] = {
    "cancel-keeps-the-request-uri": {"uri": "sip:carol@127.0.0.1"},
    "cancel-keeps-to": {"to_tag": "of-a-response"},
    "cancel-keeps-from": {"put": {"From": "<sip:alice@example.com>;tag=other"}},
    "cancel-keeps-the-number": {"put": {"CSeq": "2 CANCEL"}},
    "cancel-keeps-the-branch": {"branch": "z9hG4bKother"},
    "cancel-has-one-via": {"fields": ("Via: SIP/2.0/UDP 192.0.2.1;branch=z9hG4bKbelow",)},
    "cancel-keeps-the-route": {"invited": (ROUTE,)},
    "cancel-requires-nothing": {"fields": ("Proxy-Require: x",)},
    "cancel-goes-the-way-of-its-request": {"flow": replace(UDP, local=("127.0.0.1", 5061))},
}


def test_a_right_cancel() -> None:
    found = verdicts(cancelled(ROUTE, invited=(ROUTE,)))
    right = {rule: verdict for rule, verdict in found.items() if rule.startswith("cancel-")}
    assert set(right.values()) == {"pass"}
    assert set(right) >= set(WRONG)


@pytest.mark.parametrize("rule", WRONG)
def test_every_way_to_be_wrong(rule: str) -> None:
    changes = dict(WRONG[rule])
    assert verdicts(cancelled(*changes.pop("fields", ()), **changes))[rule] == "fail"


def test_before_any_response() -> None:
    bench, caller = Bench("stay"), Caller()
    bench.receive(caller.invite())
    bench.receive(caller.cancel())
    answered = [event.data for event in bench.reported if b"INVITE" in event.data]
    found = verdicts(bench)
    assert found["cancel-waits-for-a-response"] == "fail", answered


@pytest.mark.parametrize(("wait", "verdict"), [(0.0, "pass"), (0.9, "pass"), (1.1, "fail")])
def test_after_the_final_response(wait: float, verdict: str) -> None:
    bench, caller = Bench(BUSY), Caller()
    refusal = bench.receive(caller.invite())[-1]
    bench.receive(caller.ack_refusal(refusal))
    bench.run(wait)
    bench.receive(caller.cancel())
    assert verdicts(bench)["cancel-is-not-sent-after-a-final-response"] == verdict


@pytest.mark.parametrize(("place", "verdict"), [(0, "pass"), (-1, "fail")])
def test_the_tag_of_the_final_response_shows_that_it_has_come(place: int, verdict: str) -> None:
    bench, caller = Bench(Reply(180, to_tag="early"), Reply(486, to_tag="late")), Caller()
    answers = [one for one in bench.receive(caller.invite()) if one.status > 100]
    bench.receive(caller.cancel(to_tag=answers[place].message.to_tag))
    assert verdicts(bench)["cancel-is-not-sent-after-a-final-response"] == verdict


@pytest.mark.parametrize(("method", "verdict"), [("INVITE", "pass"), ("OPTIONS", "fail")])
def test_other_methods(method: str, verdict: str) -> None:
    bench, caller = Bench(RINGING, "stay", plans={"OPTIONS": ("stay",)}), Caller()
    bench.receive(caller.request(method))
    bench.run(4)
    bench.receive(caller.request("CANCEL", cseq=1, branch=caller.last_branch))
    assert verdicts(bench)["cancel-is-for-invite"] == verdict


@pytest.mark.parametrize(("number", "verdict"), [(2, "pass"), (1, "fail")])
def test_the_number_of_the_last_try(number: int, verdict: str) -> None:
    bench, caller = Bench(RINGING, "stay"), Caller()
    bench.book.plans["INVITE"] = (BUSY,)
    refusal = bench.receive(caller.invite())[-1]
    bench.receive(caller.ack_refusal(refusal))
    bench.book.plans["INVITE"] = (RINGING, "stay")
    bench.receive(caller.invite())
    bench.receive(caller.cancel(cseq=number))
    assert verdicts(bench)["cancel-keeps-the-number"] == verdict
