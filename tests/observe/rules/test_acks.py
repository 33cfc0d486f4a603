"""RFC 3261 sections 17.1.1.3 and 13.2.2.4: the ACK."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from bench import BUSY, OFFER, OK, RINGING, UDP, Bench, Caller

from responder.uas.script import Reply

from .judging import verdict_on, verdicts
from .misbehaving import HERE

ROUTE = "Route: <sip:proxy.example.com;lr>"
SECRET = 'Authorization: Digest username="alice", realm="r", nonce="n", uri="sip:bob@127.0.0.1", response="0"'
RECORDED = Reply(
    200, headers=(("Record-Route", "<sip:p1.example.com;lr>"), ("Record-Route", "<sip:p2.example.com;lr>"))
)
RIGHT_ROUTES = ("Route: <sip:p2.example.com;lr>", "Route: <sip:p1.example.com;lr>")


def refused(*fields: str, invited: tuple[str, ...] = (), acknowledge: bool = True, **more: Any) -> Bench:
    """A refused INVITE, `invited` in it; its ACK is right but for these changes."""
    bench, caller = Bench(BUSY), Caller()
    refusal = bench.receive(caller.invite(*invited))[-1]
    flow = more.pop("flow", UDP)
    if acknowledge:
        tag = refusal.message.to_tag
        right = {"cseq": 1, "branch": caller.invited[1], "to_tag": tag, "uri": caller.uri}
        bench.receive(caller.request("ACK", *fields, **{**right, **more}), flow)
    bench.run(40)
    return bench


def accepted(*fields: str, reply: Reply = OK, invited: tuple[str, ...] = (), body: bytes = OFFER, **more: Any) -> Bench:
    """An accepted INVITE, `invited` in it; its ACK is right but for these changes."""
    bench, caller = Bench(reply), Caller()
    bench.call(caller, *invited, body=body, acknowledge=False)
    bench.receive(caller.ack(*fields, **more))
    return bench


class TestRefusal:
    def test_a_right_ack(self) -> None:
        found = verdicts(refused(ROUTE, SECRET, invited=(ROUTE, SECRET)))
        right = {rule for rule in found if rule.startswith("ack-") or "acknowledged" in rule}
        assert {found[rule] for rule in right} == {"pass"}
        assert right >= set(WRONG)

    def test_no_ack(self) -> None:
        found = verdicts(refused(acknowledge=False))
        assert found["refusal-is-acknowledged"] == "fail"
        assert "ack-non-2xx-reuses-branch" not in found

    def test_a_run_that_ends_at_once_says_nothing(self) -> None:
        bench, caller = Bench(BUSY), Caller()
        bench.receive(caller.invite())
        bench.run(1)
        assert "refusal-is-acknowledged" not in verdicts(bench)

    def test_a_client_that_hears_nothing_is_not_blamed(self) -> None:
        bench, caller = Bench(BUSY), Caller()
        invite = caller.invite()
        bench.receive(invite)
        for wait in (0.5, 1, 2, 4):
            bench.run(wait)
            bench.receive(invite)
        bench.run(30)
        assert "refusal-is-acknowledged" not in verdicts(bench)

    def test_another_branch(self) -> None:
        judgement = verdict_on(refused(put={"Via": "SIP/2.0/UDP 192.0.2.10:5062;branch=z9hG4bKother"}))
        (one,) = [one for one in judgement.judged if one.rule.id == "ack-non-2xx-reuses-branch"]
        assert one.verdict == "fail"
        assert "z9hG4bKother" in one.failures[0][1].actual

    def test_a_stateless_proxy_adds_its_via_to_both(self) -> None:
        below = "Via: SIP/2.0/UDP 192.0.2.1;branch=z9hG4bKbelow"
        assert verdicts(refused(below, invited=(below,)))["ack-non-2xx-reuses-branch"] == "pass"

    def test_every_way_to_be_wrong(self) -> None:
        for rule, changes in WRONG.items():
            fields = changes.get("fields", ())
            rest = {name: value for name, value in changes.items() if name != "fields"}
            assert verdicts(refused(*fields, **rest))[rule] == "fail", rule

    @pytest.mark.parametrize(("again", "verdict"), [(False, "fail"), (True, "pass")])
    def test_copies_that_come_though_the_ack_was_sent(self, again: bool, verdict: str) -> None:
        found = verdicts(lossy(BUSY, again=again))
        assert found["refusal-is-acknowledged"] == "pass"
        assert found["every-copy-of-a-refusal-is-acknowledged"] == verdict


def lossy(reply: Reply, *, again: bool) -> Bench:
    """The first five ACKs are lost; the client sends one, and `again` one for each copy."""
    bench, caller = Bench(lambda call, transaction: call.lose({"ACK": 5}), reply), Caller()
    final = bench.receive(caller.invite())[-1]
    if final.status < 300:
        caller.heard(final)
    ack = caller.ack() if final.status < 300 else caller.ack_refusal(final)
    bench.receive(ack)
    while bench.now < 12:
        for _ in bench.run(0.1):
            if again:
                bench.receive(ack)
    return bench


@pytest.mark.parametrize(("count", "verdict"), [(1, "fail"), (4, "pass")])
def test_copies_that_reach_a_client_late_are_acknowledged_late(count: int, verdict: str) -> None:
    """As when we write them byte by byte: it has an ACK for each, but none before the last was sent."""
    bench, caller = Bench(OK), Caller()
    caller.heard(bench.receive(caller.invite(), HERE)[-1])
    bench.run(4.0)
    ack = caller.ack()
    for _ in range(count):
        bench.receive(ack, HERE)
    bench.run(1.0)
    bench.receive(caller.bye(), HERE)
    found = verdicts(bench)
    assert found["success-is-acknowledged"] == "pass"
    assert found.get("every-copy-of-a-2xx-is-acknowledged", "pass") == verdict


WRONG: dict[str, dict[str, Any]] = {
    "ack-non-2xx-reuses-branch": {"put": {"Via": "SIP/2.0/UDP 192.0.2.10:5062;branch=z9hG4bKother"}},
    "ack-non-2xx-keeps-the-request-uri": {"uri": "tel:+1234"},
    "ack-non-2xx-keeps-from": {"put": {"From": "<sip:carol@example.com>;tag=from1"}},
    "ack-non-2xx-has-the-to-of-the-response": {"put": {"To": "<sip:bob@127.0.0.1>"}},
    "ack-non-2xx-has-the-number-of-its-invite": {"put": {"CSeq": "2 ACK"}},
    "ack-non-2xx-keeps-the-call-id": {"put": {"Call-ID": "other"}},
    "ack-non-2xx-keeps-the-route": {"invited": (ROUTE,)},
    "ack-non-2xx-goes-the-way-of-its-invite": {"flow": replace(UDP, local=("127.0.0.1", 5061))},
    "ack-non-2xx-requires-nothing": {"fields": ("Require: 100rel",)},
    "ack-non-2xx-copies-the-credentials": {"invited": (SECRET,)},
    "ack-non-2xx-has-no-body": {"body": OFFER},
}


class TestSuccess:
    def test_a_right_ack(self) -> None:
        found = verdicts(accepted(SECRET, *RIGHT_ROUTES, reply=RECORDED, invited=(SECRET,)))
        right = {rule for rule in found if rule.startswith("ack-")} | {"success-is-acknowledged"}
        assert {found[rule] for rule in right} == {"pass"}
        assert right >= {*WRONG_2XX} - {"ack-carries-the-answer"}

    def test_the_branch_of_the_invite(self) -> None:
        bench, caller = Bench(OK), Caller()
        bench.call(caller, acknowledge=False)
        bench.receive(caller.ack(branch=caller.invited[1]))
        assert verdicts(bench)["ack-2xx-is-a-new-transaction"] == "fail"

    def test_every_way_to_be_wrong(self) -> None:
        for rule, changes in WRONG_2XX.items():
            fields = changes.get("fields", ())
            rest = {name: value for name, value in changes.items() if name != "fields"}
            assert verdicts(accepted(*fields, **rest))[rule] == "fail", rule

    def test_a_strict_router_comes_first_in_the_request_uri(self) -> None:
        strict = Reply(200, headers=(("Record-Route", "<sip:strict.example.com>"),))
        bench, caller = Bench(strict), Caller()
        bench.call(caller, acknowledge=False)
        bench.receive(caller.ack(f"Route: <{caller.target}>", uri="sip:strict.example.com"))
        found = verdicts(bench)
        assert (found["ack-2xx-goes-to-the-contact"], found["ack-2xx-has-the-route-set"]) == ("pass", "pass")

    def test_no_ack(self) -> None:
        bench, caller = Bench(OK), Caller()
        bench.call(caller, acknowledge=False)
        bench.run(40)
        assert verdicts(bench)["success-is-acknowledged"] == "fail"

    def test_a_late_ack(self) -> None:
        bench, caller = Bench(OK), Caller()
        bench.call(caller, acknowledge=False)
        bench.run(5)
        bench.receive(caller.ack())
        bench.run(40)
        found = verdicts(bench)
        assert found["success-is-acknowledged"] == "pass"
        assert "every-copy-of-a-2xx-is-acknowledged" not in found

    @pytest.mark.parametrize(("again", "verdict"), [(False, "fail"), (True, "pass")])
    def test_copies_that_come_though_the_ack_was_sent(self, again: bool, verdict: str) -> None:
        found = verdicts(lossy(OK, again=again))
        assert found["success-is-acknowledged"] == "pass"
        assert found["every-copy-of-a-2xx-is-acknowledged"] == verdict


WRONG_2XX: dict[str, dict[str, Any]] = {
    "ack-2xx-goes-to-the-contact": {"uri": "sip:bob@127.0.0.1"},
    "ack-2xx-has-the-route-set": {"reply": RECORDED, "fields": RIGHT_ROUTES[::-1]},
    "ack-2xx-is-in-the-dialog": {"put": {"To": "<sip:bob@127.0.0.1>"}},
    "ack-2xx-has-the-credentials": {"invited": (SECRET,)},
    "ack-2xx-requires-nothing-new": {"fields": ("Require: timer",)},
    "ack-carries-the-answer": {"body": b""},
    "ack-2xx-has-the-number-of-its-invite": {"put": {"CSeq": "2 ACK"}},
}


class TestNone:
    def test_a_provisional_response_gets_none(self) -> None:
        bench, caller = Bench(RINGING, 60), Caller()
        bench.receive(caller.invite())
        assert verdicts(bench)["no-ack-without-a-final-response"] == "pass"
        bench.receive(caller.ack(to_tag=None))
        assert verdicts(bench)["no-ack-without-a-final-response"] == "fail"

    def test_a_response_to_another_method_gets_none(self) -> None:
        bench, caller = Bench(plans={"OPTIONS": (OK,)}), Caller()
        bench.receive(caller.request("OPTIONS"))
        assert verdicts(bench)["no-ack-for-other-methods"] == "pass"
        bench.receive(caller.request("ACK", cseq=1, branch=caller.last_branch))
        assert verdicts(bench)["no-ack-for-other-methods"] == "fail"

    def test_the_ack_of_an_invite_is_not_taken_for_one_of_its_cancel(self) -> None:
        bench, caller = Bench(RINGING, 60), Caller()
        bench.receive(caller.invite())
        sent = bench.receive(caller.cancel())
        bench.receive(caller.ack_refusal(sent[-1]))
        found = verdicts(bench)
        assert found["refusal-is-acknowledged"] == "pass"
        assert "no-ack-for-other-methods" not in found
