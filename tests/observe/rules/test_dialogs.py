"""RFC 3261 sections 12 to 15: a client in its dialogs."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from bench import BUSY, BYE, NEW_OFFER, OFFER, OK, RINGING, TCP, TRYING, Bench, Caller, Sent, reply_to

from responder.uas.script import Order, Reply

from .judging import verdicts

ROUTED = Reply(200, headers=(("Record-Route", "<sip:p2.example;lr>, <sip:p1.example;lr;x=1>"),))
STRICT = Reply(200, headers=(("Record-Route", "<sip:p2.example;lr>, <sip:p1.example>"),))


def called(*steps: Any, **more: Any) -> tuple[Bench, Caller]:
    """A call that is up."""
    bench, caller = Bench(*(steps or (RINGING, OK)), **more), Caller()
    bench.call(caller)
    bench.run(1)
    return bench, caller


def after(data: Any, *steps: Any, **more: Any) -> dict[str, str]:
    """The verdicts when the client sends something in a call that is up."""
    bench, caller = called(*steps, **more)
    bench.receive(data(caller))
    bench.run(3)
    return verdicts(bench)


@pytest.mark.parametrize(
    ("rule", "wrong"),
    [
        ("in-dialog-tags-are-those-of-the-dialog", {"to_tag": "nobody"}),
        ("in-dialog-tags-are-those-of-the-dialog", {"put": {"From": "<sip:alice@example.com>;tag=other"}}),
        ("in-dialog-from-and-to-keep-their-uris", {"put": {"From": "<sip:carol@example.com>;tag=from1"}}),
        ("in-dialog-cseq-rises-by-one", {"cseq": 7}),
        ("in-dialog-cseq-rises-by-one", {"cseq": 1}),
        ("in-dialog-request-uri-is-the-remote-target", {"uri": "sip:bob@elsewhere.example"}),
        ("in-dialog-route-is-the-route-set", {"put": {"Route": "<sip:proxy.example;lr>"}}),
        ("bye-is-in-a-dialog", {"to_tag": None}),
    ],
)
def test_a_bye_that_is_wrong_in_one_thing(rule: str, wrong: dict[str, Any]) -> None:
    assert after(lambda caller: caller.bye())[rule] == "pass"
    assert after(lambda caller: caller.bye(**wrong))[rule] == "fail"


def test_a_number_that_another_fork_has_is_none_that_is_missing() -> None:
    bench, caller = Bench(Reply(180, to_tag="one", reliable=True), Reply(200, to_tag="two")), Caller()
    sent = bench.receive(caller.invite("Supported: 100rel"))
    bench.receive(caller.prack(sent[0]))
    (final,) = [one for one in bench.run(40) + bench.sent if one.what == "200" and "INVITE" in (one["CSeq"] or "")][:1]
    caller.heard(final)
    bench.receive(caller.ack())
    bench.receive(caller.bye())
    assert verdicts(bench)["in-dialog-cseq-rises-by-one"] == "pass"


class TestRoutes:
    def route(self, value: str | None, reply: Reply, **more: Any) -> str:
        found = after(lambda caller: caller.bye(put={"Route": value}, **more), reply)
        return found["in-dialog-route-is-the-route-set"]

    def test_several_routes_the_last_first(self) -> None:
        assert self.route("<sip:p1.example;lr;x=1>, <sip:p2.example;lr>", ROUTED) == "pass"

    def test_the_order_as_it_came(self) -> None:
        assert self.route("<sip:p2.example;lr>, <sip:p1.example;lr;x=1>", ROUTED) == "fail"

    def test_none(self) -> None:
        assert self.route(None, ROUTED) == "fail"

    @pytest.mark.parametrize(("acknowledged", "verdict"), [(True, "fail"), (False, "pass")])
    def test_routes_that_the_2xx_brings(self, acknowledged: bool, verdict: str) -> None:
        bench, caller = Bench(Reply(180, to_tag="one"), replace(ROUTED, to_tag="one")), Caller()
        for sent in bench.receive(caller.invite()):
            if sent.status > 100:
                caller.heard(sent)
        if acknowledged:
            bench.receive(caller.ack())
        bench.receive(caller.bye(put={"Route": None}))
        assert verdicts(bench)["in-dialog-route-is-the-route-set"] == verdict

    def test_a_strict_router(self) -> None:
        bench, caller = called(STRICT)
        bench.receive(caller.bye(uri="sip:p1.example", put={"Route": f"<sip:p2.example;lr>, <{caller.target}>"}))
        assert verdicts(bench)["in-dialog-route-is-the-route-set"] == "pass"

    def test_a_strict_router_taken_for_a_loose_one(self) -> None:
        assert self.route("<sip:p1.example>, <sip:p2.example;lr>", STRICT) == "fail"


class TestTarget:
    def moved(self, *, follows: bool) -> str:
        bench, caller = called(RINGING, OK, "stay", later={"INVITE": (Reply(200, contact="sip:moved@127.0.0.1:5070"),)})
        bench.receive(caller.invite(body=NEW_OFFER))
        bench.receive(caller.ack(uri="sip:moved@127.0.0.1:5070"))
        bench.run(2)
        bench.receive(caller.bye(uri="sip:moved@127.0.0.1:5070" if follows else None))
        return verdicts(bench)["in-dialog-request-uri-is-the-remote-target"]

    def test_a_contact_that_changes(self) -> None:
        assert self.moved(follows=True) == "pass"

    def test_a_client_that_does_not_see_it(self) -> None:
        assert self.moved(follows=False) == "fail"

    @pytest.mark.parametrize(("contact", "verdict"), [(True, "pass"), (False, "fail")])
    def test_its_own_contact(self, contact: bool, verdict: str) -> None:
        found = after(lambda caller: caller.invite(body=NEW_OFFER, contact=contact))
        assert found["target-refresh-has-a-contact"] == verdict


class TestEarlyDialogs:
    @pytest.mark.parametrize(
        ("method", "rule"),
        [
            ("BYE", "no-bye-in-an-early-dialog-that-ended"),
            ("UPDATE", "no-request-in-an-early-dialog-that-ended"),
        ],
    )
    def test_a_request_after_the_refusal(self, method: str, rule: str) -> None:
        bench, caller = Bench(RINGING, BUSY), Caller()
        ringing, busy = bench.receive(caller.invite())[-2:]
        bench.receive(caller.ack_refusal(busy))
        bench.run(1)
        assert verdicts(bench)[rule] == "pass"
        caller.heard(ringing)
        bench.receive(caller.request(method))
        assert verdicts(bench)[rule] == "fail"


class TestGlare:
    @pytest.mark.parametrize(("waits", "verdict"), [(0.0, "fail"), (2.0, "pass")])
    def test_another_invite_before_the_answer(self, waits: float, verdict: str) -> None:
        bench, caller = called(RINGING, OK, "stay", later={"INVITE": (TRYING, lambda call, invite: None)})
        bench.receive(caller.invite(body=NEW_OFFER))
        bench.run(1)
        if waits:
            (one,) = [server for server in bench.engine._layer.servers.values() if server.method == "INVITE"][-1:]
            next(iter(bench.engine._core.calls.values())).respond(one, Reply(488))
            bench.receive(caller.ack_refusal(bench.sent[-1]))
        bench.receive(caller.invite(body=NEW_OFFER))
        assert verdicts(bench)["no-invite-while-another-is-open"] == verdict

    @pytest.mark.parametrize(("status", "verdict"), [(491, "pass"), (488, "fail")])
    def test_ours_while_its_own_is_open(self, status: int, verdict: str) -> None:
        bench, caller = called(RINGING, OK, "stay", later={"INVITE": (TRYING, Order("INVITE"))})
        bench.peers["INVITE"] = status
        bench.receive(caller.invite(body=NEW_OFFER))
        assert verdicts(bench)["invite-during-its-own-gets-491"] == verdict

    @pytest.mark.parametrize(("waits", "verdict"), [(0.5, "fail"), (2.5, "pass")])
    def test_the_next_try_after_491(self, waits: float, verdict: str) -> None:
        bench, caller = called(RINGING, OK, "stay", later={"INVITE": (Reply(491),)})
        (refusal,) = bench.receive(caller.invite(body=NEW_OFFER))
        bench.receive(caller.ack_refusal(refusal))
        bench.run(waits)
        bench.receive(caller.invite(body=NEW_OFFER))
        assert verdicts(bench)["waits-after-491"] == verdict


class TestEnds:
    @pytest.mark.parametrize(("method", "verdict"), [("BYE", "pass"), ("INFO", "fail")])
    def test_after_481(self, method: str, verdict: str) -> None:
        bench, caller = called(RINGING, OK, "stay", later={"UPDATE": (Reply(481),)})
        bench.receive(caller.request("UPDATE", body=NEW_OFFER))
        bench.run(1)
        bench.receive(caller.request(method))
        assert verdicts(bench)["gone-dialog-is-terminated"] == verdict

    def test_after_its_bye(self) -> None:
        bench, caller = called()
        bench.receive(caller.bye())
        bench.run(1)
        assert verdicts(bench)["nothing-follows-a-bye"] == "pass"
        bench.receive(caller.request("INFO"))
        assert verdicts(bench)["nothing-follows-a-bye"] == "fail"

    def test_after_ours(self) -> None:
        bench, caller = Bench(RINGING, OK, "ack", 1.0, BYE), Caller()
        bench.peers["BYE"] = 200
        bench.call(caller)
        bench.run(2)
        assert verdicts(bench)["our-bye-ends-the-session"] == "pass"
        bench.run(1)
        bench.receive(caller.request("INFO"))
        assert verdicts(bench)["our-bye-ends-the-session"] == "fail"


class TestForks:
    @pytest.mark.parametrize(("both", "verdict"), [(True, "pass"), (False, "fail")])
    def test_two_that_accept(self, both: bool, verdict: str) -> None:
        bench, caller = Bench(Reply(200, to_tag="one"), Reply(200, to_tag="two"), "stay"), Caller()
        sent = [one for one in bench.receive(caller.invite()) if one.status == 200]
        assert len(sent) == 2
        bench.receive(caller.ack(to_tag="one"))
        if both:
            bench.receive(caller.ack(to_tag="two"))
        bench.run(10)
        assert verdicts(bench)["every-forked-2xx-is-acknowledged"] == verdict


class TestCallee:
    @pytest.mark.parametrize(("early", "verdict"), [(True, "fail"), (False, "pass")])
    def test_a_bye_of_the_callee(self, early: bool, verdict: str) -> None:
        bench, caller = Bench(plans={"MESSAGE": ("answer", place, "stay")}), Caller()
        held: list[Sent] = []
        bench.peers["INVITE"] = lambda sent: held.append(sent)
        bench.receive(caller.request("MESSAGE", body=b"call me", content_type="text/plain"))
        (invite,) = held
        far = Caller(9)
        far.call_id, far.tag, far.to_tag = invite.message.call_id, "far", invite.message.from_tag
        if not early:
            answer = reply_to(invite, 200, "Contact: <sip:alice@192.0.2.10:5062>", body=OFFER)
            to = invite["To"]
            bench.receive(answer.replace(f"To: {to}".encode(), f"To: {to};tag=far".encode()))
        bench.receive(far.bye())
        assert verdicts(bench)["callee-hangs-up-after-the-ack"] == verdict


def place(call: Any, transaction: Any) -> None:
    """An INVITE of ours to where the client is."""
    assert call.place(Order("INVITE"), "sip:alice@192.0.2.10:5062", None) is not None


def test_a_stream_needs_no_patience_to_tell_the_order() -> None:
    bench, caller = Bench(RINGING, OK), Caller(flow=TCP)
    bench.call(caller)
    bench.receive(caller.bye(), TCP)
    bench.receive(caller.request("INFO"), TCP)
    assert verdicts(bench)["nothing-follows-a-bye"] == "fail"
