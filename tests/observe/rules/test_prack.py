"""RFC 3262: the PRACK."""

from __future__ import annotations

from typing import Any

import pytest
from bench import OFFER, Bench, Caller, Sent

from responder.uas.script import Reply

from .judging import verdicts

RELIABLE = (Reply(180, reliable=True), Reply(183, sdp=True, reliable=True), Reply(200))


def rung(*steps: Any, supported: bool = True, body: bytes = OFFER) -> tuple[Bench, Caller, Sent]:
    """An INVITE that is ringing; the first reliable response."""
    bench, caller = Bench(*(steps or RELIABLE)), Caller()
    sent = bench.receive(caller.invite(*(["Supported: 100rel"] if supported else []), body=body))
    return bench, caller, next(one for one in sent if one.status > 100)


def through(bench: Bench, caller: Caller, first: Sent, **more: Any) -> None:
    """PRACKs for everything that is reliable."""
    todo = [first]
    while todo:
        todo = [one for one in bench.receive(caller.prack(todo[0], **more)) if one["RSeq"]]


class TestPrack:
    def test_one_for_each(self) -> None:
        bench, caller, first = rung()
        through(bench, caller, first)
        found = verdicts(bench)
        assert found["reliable-1xx-gets-a-prack"] == "pass"
        assert found["prack-names-a-reliable-response"] == "pass"
        assert found["no-prack-out-of-order"] == "pass"
        assert found["one-prack-for-a-response"] == "pass"

    def test_none(self) -> None:
        bench, _, _ = rung()
        bench.run(40)
        assert verdicts(bench)["reliable-1xx-gets-a-prack"] == "fail"

    def test_none_yet(self) -> None:
        bench, _, _ = rung()
        bench.run(1)
        assert "reliable-1xx-gets-a-prack" not in verdicts(bench)

    def test_none_from_a_client_that_does_not_know_of_it(self) -> None:
        bench, _, _ = rung(Reply(180, headers=(("Require", "100rel"), ("RSeq", "1"))), supported=False)
        bench.run(40)
        assert "reliable-1xx-gets-a-prack" not in verdicts(bench)

    def test_none_for_the_second(self) -> None:
        bench, caller, first = rung()
        bench.receive(caller.prack(first))
        bench.run(40)
        assert verdicts(bench)["reliable-1xx-gets-a-prack"] == "fail"

    @pytest.mark.parametrize("rack", ["{0} 1 OPTIONS", "{0} 9 INVITE", "7 1 INVITE"])
    def test_a_wrong_name(self, rack: str) -> None:
        bench, caller, first = rung()
        bench.receive(caller.prack(first, rack=rack.format(first["RSeq"])))
        assert verdicts(bench)["prack-names-a-reliable-response"] == "fail"

    def test_for_what_is_not_reliable(self) -> None:
        bench, caller, first = rung(Reply(180, reliable=False), "stay")
        bench.receive(caller.prack(first, rack="1 1 INVITE"))
        assert verdicts(bench)["prack-names-a-reliable-response"] == "fail"

    def test_in_another_dialog(self) -> None:
        bench, caller, first = rung()
        caller.to_tag = "other"
        data = caller.request("PRACK", f"RAck: {first['RSeq']} 1 INVITE")
        bench.receive(data)
        assert verdicts(bench)["prack-names-a-reliable-response"] == "fail"

    def test_two_for_one(self) -> None:
        bench, caller, first = rung()
        bench.receive(caller.prack(first))
        bench.receive(caller.prack(first))
        assert verdicts(bench)["one-prack-for-a-response"] == "fail"


class TestOrder:
    STEPS = (
        Reply(180, headers=(("Require", "100rel"), ("RSeq", "5"))),
        Reply(183, headers=(("Require", "100rel"), ("RSeq", "9"))),
        "stay",
    )

    @pytest.mark.parametrize(("numbers", "verdict"), [((5,), "pass"), ((5, 9), "fail")])
    def test_a_number_that_is_missing(self, numbers: tuple[int, ...], verdict: str) -> None:
        bench, caller, first = rung(*self.STEPS)
        for number in numbers:
            bench.receive(caller.prack(first, rack=f"{number} 1 INVITE"))
        assert verdicts(bench)["no-prack-out-of-order"] == verdict


class TestTrying:
    @pytest.mark.parametrize(("pracks", "verdict"), [(True, "fail"), (False, "pass")])
    def test_a_100_that_says_it_is_reliable(self, pracks: bool, verdict: str) -> None:
        trying = Reply(100, headers=(("Require", "100rel"), ("RSeq", "1")))
        bench, caller = Bench(trying, "stay"), Caller()
        bench.receive(caller.invite("Supported: 100rel"))
        if pracks:
            bench.receive(caller.request("PRACK", "RAck: 1 1 INVITE"))
        assert verdicts(bench)["no-prack-for-100"] == verdict


@pytest.mark.parametrize(("method", "verdict"), [("INVITE", "pass"), ("OPTIONS", "fail")])
def test_who_may_require_it(method: str, verdict: str) -> None:
    bench, caller = Bench(), Caller()
    bench.receive(caller.request(method, "Require: 100rel"))
    assert verdicts(bench)["100rel-is-required-of-invite-only"] == verdict


@pytest.mark.parametrize(("body", "verdict"), [(OFFER, "pass"), (b"", "fail")])
def test_an_answer_in_the_prack(body: bytes, verdict: str) -> None:
    bench, caller, first = rung(Reply(183, sdp=True, reliable=True), Reply(200), body=b"")
    bench.receive(caller.prack(first, body=body))
    assert verdicts(bench)["offer-in-a-reliable-1xx-is-answered-in-its-prack"] == verdict
