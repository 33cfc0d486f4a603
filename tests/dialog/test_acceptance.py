"""The 2xx to INVITE until its ACK: RFC 3261 section 13.3.1.4, and what stands in a call that goes well."""

from __future__ import annotations

import pytest
from bench import OK, RESPONSE_TIMES, RINGING, TCP, UDP, Bench, Caller, times, whats

from responder.events import Flow
from responder.transaction.timers import TimerValues
from responder.uas.script import Reply


class TestRetransmission:
    """ "an interval that starts at T1 seconds and doubles for each retransmission until it reaches T2 seconds"."""

    @pytest.mark.parametrize("flow", [UDP, TCP], ids=["UDP", "TCP"])
    def test_on_every_transport_until_64_t1(self, flow: Flow) -> None:
        bench, caller = Bench(OK), Caller(flow=flow)
        first = bench.receive(caller.invite(), flow)[0]
        again = bench.run(31.99)
        assert times(again) == RESPONSE_TIMES
        assert {one.data for one in again} == {first.data}
        assert {one.flow.remote for one in again} == {flow.remote}

    @pytest.mark.parametrize("t1", [0.1, 1.0])
    def test_it_follows_t1(self, t1: float) -> None:
        bench = Bench(OK, timers=TimerValues(t1=t1))
        bench.receive(Caller().invite())
        expected, at, interval = [], t1, t1
        while at < 64 * t1 - 1e-6:
            expected.append(round(at, 6))
            interval = min(2 * interval, 4.0)
            at += interval
        assert times(bench.run(64 * t1 - 0.001)) == expected

    def test_the_ack_stops_it(self) -> None:
        bench, caller = Bench(OK, "stay"), Caller()
        caller.heard(bench.receive(caller.invite())[0])
        bench.run(1.0)
        bench.receive(caller.ack())
        assert bench.run(50.0) == []

    def test_the_ack_may_come_late(self) -> None:
        bench, caller = Bench(OK, "stay"), Caller()
        caller.heard(bench.receive(caller.invite())[0])
        bench.run(31.9)
        bench.receive(caller.ack())
        assert bench.run(50.0) == []
        assert whats(bench.receive(caller.bye())) == ["200"]

    @pytest.mark.parametrize(
        ("old", "new"),
        [
            (b"call-1@", b"call-2@"),
            (b";tag=from1", b";tag=other"),
            (b"CSeq: 1 ACK", b"CSeq: 2 ACK"),
        ],
    )
    def test_an_ack_for_something_else_does_not(self, old: bytes, new: bytes) -> None:
        bench, caller = Bench(OK, "stay"), Caller()
        caller.heard(bench.receive(caller.invite())[0])
        ack = caller.ack()
        assert old in ack
        bench.receive(ack.replace(old, new))
        assert whats(bench.run(0.6)) == ["200"]

    def test_an_ack_without_our_tag_does_not(self) -> None:
        bench, caller = Bench(OK, "stay"), Caller()
        bench.receive(caller.invite())
        bench.receive(caller.ack(to_tag=None))
        assert whats(bench.run(0.6)) == ["200"]

    def test_further_acks_are_absorbed(self) -> None:
        bench, caller = Bench(OK, "stay"), Caller()
        caller.heard(bench.receive(caller.invite())[0])
        ack = caller.ack()
        for _ in range(3):
            assert bench.receive(ack) == []
        assert bench.receive(caller.ack()) == []
        assert bench.seen.count(("ack", 1)) == 1

    def test_it_has_a_body_whatever_it_is(self) -> None:
        bench, caller = Bench(OK, "ack", "stay"), Caller()
        caller.heard(bench.receive(caller.invite())[0])
        assert bench.receive(caller.ack(body=b"v=0", content_type="text/plain")) == []
        assert ("ack", 1) in bench.seen


class TestNoAck:
    """ "the dialog is confirmed, but the session SHOULD be terminated. This is accomplished with a BYE"."""

    def test_bye_after_64_t1(self) -> None:
        bench = Bench(OK)
        bench.receive(Caller().invite())
        bench.run(31.99)
        (bye,) = bench.run(0.02)
        assert (bye.what, bye.time) == ("BYE", 32.0)

    def test_the_call_has_failed(self) -> None:
        bench = Bench(OK)
        bench.peers["BYE"] = 200
        bench.receive(Caller().invite())
        bench.run(33.0)
        assert [(event.outcome, bool(event.reason)) for event in bench.ended] == [("no-ack", True)]
        bench.drain()

    def test_nobody_answers_the_bye_either(self) -> None:
        bench = Bench(OK)
        bench.receive(Caller().invite())
        bench.run(63.0)
        assert bench.engine.busy == 1
        bench.run(1.1)
        assert [event.outcome for event in bench.ended] == ["no-ack"]
        bench.drain()

    def test_a_bye_of_the_caller_stops_it(self) -> None:
        bench, caller = Bench(OK), Caller()
        caller.heard(bench.receive(caller.invite())[0])
        assert whats(bench.receive(caller.bye())) == ["200"]
        assert bench.run(100.0) == []

    def test_ours_waits_for_the_ack(self) -> None:
        # 15: "MUST NOT send a BYE on a confirmed dialog until it has received an ACK for its 2xx response"
        bench, caller = Bench(OK, lambda call, transaction: call.hangup()), Caller()
        sent = bench.receive(caller.invite())
        assert whats(sent) == ["200"]
        caller.heard(sent[0])
        assert "BYE" not in whats(bench.run(5.0))
        assert whats(bench.receive(caller.ack())) == ["BYE"]

    def test_or_until_the_transaction_times_out(self) -> None:
        bench = Bench(OK, lambda call, transaction: call.hangup())
        bench.receive(Caller().invite())
        assert whats(bench.run(31.99))[-1] == "200"
        assert whats(bench.run(0.02)) == ["BYE"]


class TestReinvite:
    """The same holds for every INVITE of the dialog."""

    def test_the_2xx_is_sent_again_until_its_own_ack(self) -> None:
        bench, caller = Bench(OK), Caller()
        bench.call(caller)
        bench.run(2.0)
        first = caller.ack()
        bench.receive(caller.invite())
        bench.receive(first)
        assert times(bench.run(4.0), 2.0) == [0.5, 1.5, 3.5]
        bench.receive(caller.ack())
        assert bench.run(50.0) == []

    def test_no_ack_for_it_ends_the_session(self) -> None:
        # 14.2: "If a UAS generates a 2xx response and never receives an ACK, it SHOULD generate a BYE"
        bench, caller = Bench(OK), Caller()
        bench.call(caller)
        bench.receive(caller.invite())
        assert whats(bench.run(32.5))[-1] == "BYE"

    def test_before_the_first_ack(self) -> None:
        # RFC 5407 section 3.1.5: the callee may answer it; either way both end well
        bench, caller = Bench(OK), Caller()
        caller.heard(bench.receive(caller.invite())[0])
        ack = caller.ack()
        (sent,) = bench.receive(caller.invite())
        bench.receive(ack)
        if sent.status < 300:
            bench.receive(caller.ack())
        else:
            bench.receive(caller.ack_refusal(sent))
        assert bench.run(60.0) == []
        assert whats(bench.receive(caller.bye())) == ["200"]


class TestSeveral2xx:
    """A fork: several 2xx with To tags of their own make several dialogs (13.2.2.4)."""

    ONE, TWO = Reply(200, to_tag="one"), Reply(200, to_tag="two")

    def test_each_is_sent_again_until_its_ack(self) -> None:
        bench, caller = Bench(self.ONE, self.TWO), Caller()
        assert [sent.message.to_tag for sent in bench.receive(caller.invite())] == ["one", "two"]
        bench.receive(caller.ack(to_tag="two"))
        again = bench.run(4.0)
        assert [(one.message.to_tag, one.time) for one in again] == [("one", 0.5), ("one", 1.5), ("one", 3.5)]
        bench.receive(caller.ack(to_tag="one"))
        assert bench.run(50.0) == []

    def test_each_is_ended_by_its_bye(self) -> None:
        bench, caller = Bench(self.ONE, self.TWO), Caller()
        bench.receive(caller.invite())
        for tag in ("one", "two"):
            bench.receive(caller.ack(to_tag=tag))
        assert whats(bench.receive(caller.bye(to_tag="one"))) == ["200"]
        assert bench.engine.busy == 1
        assert whats(bench.receive(caller.request("INFO", to_tag="one"))) == ["481"]
        assert whats(bench.receive(caller.request("INFO", to_tag="two"))) == ["200"]
        assert whats(bench.receive(caller.bye(to_tag="two"))) == ["200"]
        assert [event.outcome for event in bench.ended if event.method == "INVITE"] == ["completed"]
        bench.drain()

    def test_one_without_ack_gets_a_bye_the_other_goes_on(self) -> None:
        bench, caller = Bench(self.ONE, self.TWO), Caller()
        bench.peers["BYE"] = 200
        bench.receive(caller.invite())
        bench.receive(caller.ack(to_tag="two"))
        bench.run(33.0)
        byes = [one for one in bench.sent if one.what == "BYE"]
        assert [one.message.from_tag for one in byes] == ["one"]
        assert whats(bench.receive(caller.request("INFO", to_tag="two"))) == ["200"]


class TestForks:
    """12.1: one INVITE, several early dialogs, told apart by our To tag."""

    STEPS = (Reply(180, to_tag="one"), Reply(180, to_tag="two"), 1.0, Reply(200, to_tag="two"))

    def test_each_provisional_response_has_its_tag(self) -> None:
        bench = Bench(*self.STEPS)
        assert [sent.message.to_tag for sent in bench.receive(Caller().invite())] == ["one", "two"]
        assert [sent.message.to_tag for sent in bench.run(1.0)] == ["two"]

    def test_requests_find_their_early_dialog(self) -> None:
        bench, caller = Bench(*self.STEPS), Caller()
        bench.receive(caller.invite())
        for tag, status in (("one", "200"), ("two", "200"), ("three", "481")):
            assert whats(bench.receive(caller.request("INFO", to_tag=tag))) == [status]

    def test_a_refusal_ends_them_all(self) -> None:
        # 12.3: "early dialogs terminate if ... a non-2xx final response"
        bench, caller = Bench(Reply(180, to_tag="one"), Reply(180, to_tag="two"), Reply(486)), Caller()
        bench.receive(caller.ack_refusal(bench.receive(caller.invite())[-1]))
        for tag in ("one", "two"):
            assert whats(bench.receive(caller.request("INFO", to_tag=tag))) == ["481"]
        bench.drain()

    def test_the_branch_that_did_not_answer_does_not_outlive_the_call(self) -> None:
        # by the BYE of the caller in the one that did
        bench, caller = Bench(*self.STEPS), Caller()
        bench.receive(caller.invite())
        bench.run(1.0)
        bench.receive(caller.ack(to_tag="two"))
        assert whats(bench.receive(caller.bye(to_tag="two"))) == ["200"]
        bench.drain()

    def test_nor_where_we_hang_up(self) -> None:
        bench, caller = Bench(*self.STEPS, "ack", lambda call, transaction: call.hangup()), Caller()
        bench.peers["BYE"] = 200
        bench.receive(caller.invite())
        bench.run(1.0)
        assert "BYE" in whats(bench.receive(caller.ack(to_tag="two")))
        bench.drain()

    def test_nor_where_no_ack_came(self) -> None:
        bench = Bench(*self.STEPS)
        bench.peers["BYE"] = 200
        bench.receive(Caller().invite())
        bench.run(40.0)
        bench.drain()

    def test_a_reliable_response_in_each(self) -> None:
        # RFC 3262 3: RSeq and PRACK belong to one dialog each
        one, two = Reply(180, to_tag="one", reliable=True), Reply(180, to_tag="two", reliable=True)
        bench, caller = Bench(one, two, "stay"), Caller()
        first, second = bench.receive(caller.invite("Supported: 100rel"))
        assert whats(bench.receive(caller.prack(second))) == ["200"]
        assert {sent.message.to_tag for sent in bench.run(4.0)} == {"one"}
        assert whats(bench.receive(caller.prack(first))) == ["200"]
        assert bench.run(50.0) == []


class TestCallEnded:
    """What is told of a call in the end."""

    def test_a_plain_call(self) -> None:
        bench, caller = Bench(RINGING, 2.0, OK), Caller()
        bench.run(5.0)
        bench.receive(caller.invite())
        caller.heard(bench.run(2.0)[-1])
        bench.receive(caller.ack())
        bench.run(3.0)
        bench.receive(caller.bye())
        (event,) = bench.ended
        assert (event.started, event.time) == (5.0, 10.0)
        assert (event.call_id, event.method, event.uri) == (caller.call_id, "INVITE", "sip:bob@127.0.0.1")
        assert (event.caller, event.source, event.transport) == ("sip:alice@example.com", UDP.remote, "UDP")
        assert (event.outcome, event.reason, event.scenario) == ("completed", "", "lines")
        assert event.path == ("180", "200", "BYE", "200")

    def test_numbers_count_from_one(self) -> None:
        bench = Bench()
        for number in range(3):
            bench.receive(Caller(number).request("OPTIONS"))
        assert [event.call for event in bench.ended] == [1, 2, 3]
        assert bench.engine.finished == 3

    def test_the_script_is_told(self) -> None:
        bench, caller = Bench(), Caller()
        bench.call(caller)
        bench.receive(caller.bye())
        assert bench.seen[-1] == ("ended", "completed")

    def test_a_failed_call_keeps_its_first_reason(self) -> None:
        def fail(call: object, transaction: object) -> None:
            call.fail("first")  # type: ignore[attr-defined]
            call.fail("second")  # type: ignore[attr-defined]

        bench, caller = Bench(OK, fail), Caller()
        bench.call(caller)
        bench.receive(caller.bye())
        assert [(event.outcome, event.reason) for event in bench.ended] == [("failed", "first")]

    def test_a_call_that_nobody_ends_is_abandoned_once_nothing_is_open(self) -> None:
        bench, caller = Bench(OK, "stay"), Caller()
        bench.call(caller)
        bench.receive(caller.bye())
        assert bench.engine.busy == 1
        bench.run(32.5)
        assert [event.outcome for event in bench.ended] == ["abandoned"]
        bench.drain()
