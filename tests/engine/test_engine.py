"""The engine's verbs and what it reports (`responder.engine`)."""

from __future__ import annotations

import random
from typing import Any

import pytest
from bench import BUSY, OK, RINGING, TCP, UDP, Bench, Book, Caller, reply_to, whats

from responder.engine import CALLS, MESSAGES, QUIET, Engine
from responder.events import CallEnded, Malformed, MessageReceived, MessageSent
from responder.uas.script import Order, Reply


def bare(*steps: Any, observer: int = CALLS) -> Engine:
    """An engine with nothing but what it must be given."""
    return Engine(Book({"*": steps or ("answer",)}), ids=random.Random(1), observer=observer)


class TestVerbs:
    def test_a_new_engine_has_nothing_to_say(self) -> None:
        engine = bare()
        assert engine.transmits() == []
        assert engine.events() == []
        assert engine.next_deadline() is None
        assert (engine.busy, engine.finished) == (0, 0)

    def test_transmits_are_handed_over_once(self) -> None:
        engine = bare()
        engine.receive(Caller().request("OPTIONS"), UDP, 0.0)
        ((data, flow),) = engine.transmits()
        assert data.startswith(b"SIP/2.0 200 OK\r\n")
        assert flow == UDP
        assert engine.transmits() == []

    def test_a_list_handed_over_is_not_touched_again(self) -> None:
        engine = bare()
        engine.receive(Caller(1).request("OPTIONS"), UDP, 0.0)
        first = engine.transmits()
        engine.receive(Caller(2).request("OPTIONS"), UDP, 0.0)
        assert len(first) == 1

    def test_what_is_not_drained_is_kept_in_order(self) -> None:
        engine = bare()
        for number in range(3):
            engine.receive(Caller(number).request("OPTIONS"), UDP, 0.0)
        assert [data.split(b"Call-ID: ")[1][:6] for data, _ in engine.transmits()] == [b"call-0", b"call-1", b"call-2"]

    def test_events_are_handed_over_once(self) -> None:
        engine = bare()
        engine.receive(Caller().request("OPTIONS"), UDP, 0.0)
        assert len(engine.events()) == 1
        assert engine.events() == []

    def test_the_deadline_is_the_next_thing_to_do(self) -> None:
        engine = bare("stay")
        engine.receive(Caller().invite(), UDP, 10.0)
        assert engine.next_deadline() == pytest.approx(10.2)
        engine.handle_timeout(10.1)
        assert engine.transmits() == []
        engine.handle_timeout(10.2)
        assert len(engine.transmits()) == 1

    def test_a_timeout_that_comes_late_does_what_was_due(self) -> None:
        engine = bare(BUSY)
        engine.receive(Caller().invite(), UDP, 0.0)
        engine.transmits()
        engine.handle_timeout(1000.0)
        engine.handle_timeout(1000.0)
        assert engine.busy == 0
        assert len(engine.transmits()) <= 1

    def test_a_timeout_with_nothing_to_do(self) -> None:
        engine = bare()
        engine.handle_timeout(5.0)
        assert engine.transmits() == []


class TestCounters:
    def test_busy_and_finished(self) -> None:
        bench = Bench(OK)
        callers = [Caller(number) for number in range(3)]
        for count, caller in enumerate(callers, 1):
            bench.call(caller)
            assert (bench.engine.busy, bench.engine.finished) == (count, 0)
        for count, caller in enumerate(callers, 1):
            bench.receive(caller.bye())
            assert (bench.engine.busy, bench.engine.finished) == (3 - count, count)

    def test_two_calls_with_one_call_id(self) -> None:
        # the From tag tells them apart (RFC 3261 12: Call-ID, local tag, remote tag)
        bench = Bench(RINGING, "stay")
        one, two = Caller(1), Caller(2)
        two.call_id = one.call_id
        bench.receive(one.invite())
        bench.receive(two.invite())
        assert [kind for kind, _ in bench.seen].count("start") == 2
        assert bench.engine.busy == 2

    def test_malformed_calls_count_too(self) -> None:
        bench = Bench()
        for number in range(3):
            bench.receive(Caller(number).invite(put={"Max-Forwards": "x"}))
        assert bench.engine.busy == 3
        bench.run(40.0)
        assert (bench.engine.busy, bench.engine.finished) == (0, 3)

    def test_a_malformed_call_keeps_the_call_id_that_can_be_read(self) -> None:
        bench, caller = Bench(), Caller()
        sent = bench.receive(caller.invite(put={"Max-Forwards": "x"}))
        bench.receive(caller.ack_refusal(sent[0]))
        assert [(event.call_id, event.outcome, event.reason) for event in bench.ended] == [
            (caller.call_id, "rejected", "syntax")
        ]


class TestObserver:
    def run(self, observer: int) -> list[Any]:
        bench, caller = Bench(OK, observer=observer), Caller()
        bench.call(caller)
        bench.receive(caller.bye())
        bench.receive(b"nonsense")
        return bench.events

    def test_quiet(self) -> None:
        assert self.run(QUIET) == []

    def test_calls(self) -> None:
        assert [type(event) for event in self.run(CALLS)] == [CallEnded]

    def test_messages(self) -> None:
        kinds = [type(event) for event in self.run(MESSAGES)]
        assert kinds == [
            MessageReceived,
            MessageSent,
            MessageReceived,
            MessageReceived,
            MessageSent,
            CallEnded,
            Malformed,
        ]

    def test_every_message_carries_the_number_of_its_call(self) -> None:
        bench = Bench(RINGING, OK)
        for number in range(3):
            caller = Caller(number)
            bench.call(caller)
            bench.receive(caller.bye())
        by_call: dict[int, set[str | None]] = {}
        for event in bench.received:
            by_call.setdefault(event.call, set()).add(event.message.call_id)
        for sent in bench.reported:
            assert sent.call in (1, 2, 3)
        assert by_call == {number + 1: {f"call-{number}@192.0.2.10"} for number in range(3)}

    def test_retransmissions_are_marked(self) -> None:
        bench, data = Bench(BUSY), Caller().invite()
        bench.receive(data)
        bench.receive(data)
        bench.run(1.0)
        assert [event.retransmission for event in bench.received] == [False, True]
        assert [event.retransmission for event in bench.reported] == [False, True, True]

    def test_an_ack_is_reported_once_each_time_and_never_as_a_retransmission(self) -> None:
        bench, caller = Bench(BUSY), Caller()
        ack = caller.ack_refusal(bench.receive(caller.invite())[0])
        bench.receive(ack)
        assert [(event.message.method, event.retransmission) for event in bench.received] == [  # type: ignore[attr-defined]
            ("INVITE", False),
            ("ACK", False),
        ]

    def test_what_is_sent_is_what_is_reported(self) -> None:
        bench, caller = Bench(RINGING, 0.5, OK, "ack", Order("BYE")), Caller()
        bench.peers["BYE"] = 200
        bench.receive(caller.invite())
        caller.heard(bench.run(0.5)[-1])
        bench.receive(caller.ack())
        assert [(event.data, event.flow, event.time) for event in bench.reported] == [
            (one.data, one.flow, one.time) for one in bench.sent
        ]

    def test_what_came_is_reported_before_what_it_led_to(self) -> None:
        bench = Bench(OK)
        bench.call(Caller())
        assert isinstance(bench.events[0], MessageReceived)
        assert bench.events[0].time == 0.0

    def test_responses_to_us_carry_the_call(self) -> None:
        bench, caller = Bench(OK, "ack", Order("INFO"), "stay"), Caller()
        bench.call(caller)
        bench.receive(reply_to(bench.sent[-1], 200))
        assert [event.call for event in bench.received] == [1, 1, 1]

    def test_the_label_of_a_reply_is_noted(self) -> None:
        bench = Bench(Reply(486, label="busy step 1"))
        bench.receive(Caller().invite())
        assert bench.reported[0].note == "busy step 1"


class TestTransportFailed:
    def test_it_is_noted(self) -> None:
        bench = Bench()
        bench.engine.transport_failed(UDP, 1.0, "Connection refused")
        bench._collect()
        assert any("Connection refused" in note.text for note in bench.notes)

    def test_our_requests_on_that_flow_fail(self) -> None:
        bench, caller = Bench(OK, "ack", Order("INFO"), "stay"), Caller(flow=TCP)
        bench.call(caller)
        bench.engine.transport_failed(TCP, bench.now, "closed")
        assert ("response", "INFO", None) in bench.seen

    def test_others_do_not(self) -> None:
        bench = Bench(OK, "ack", Order("INFO"), "stay")
        bench.call(Caller(flow=TCP))
        bench.engine.transport_failed(UDP, bench.now, "unreachable")
        assert ("response", "INFO", None) not in bench.seen


class TestShutdown:
    def test_nothing_to_do(self) -> None:
        bench = Bench()
        bench.engine.shutdown(0.0)
        bench._collect()
        assert bench.sent == []

    def test_an_invite_that_waits_gets_480(self) -> None:
        bench, caller = Bench(RINGING, "stay"), Caller()
        bench.receive(caller.invite())
        bench.engine.shutdown(bench.now)
        bench._collect()
        assert whats(bench.sent) == ["180", "480"]
        bench.receive(caller.ack_refusal(bench.sent[-1]))
        assert bench.engine.busy == 0

    def test_a_call_that_stands_gets_a_bye(self) -> None:
        bench = Bench(OK, "stay")
        bench.peers["BYE"] = 200
        bench.call(Caller())
        bench.engine.shutdown(bench.now)
        bench._collect()
        assert bench.sent[-1].what == "BYE"
        assert bench.engine.busy == 0

    def test_a_2xx_without_ack_first_waits_for_it(self) -> None:
        # 15: no BYE of the callee before the ACK or the end of the transaction
        bench, caller = Bench(OK, "stay"), Caller()
        bench.peers["BYE"] = 200
        bench.call(caller, acknowledge=False)
        bench.engine.shutdown(bench.now)
        bench._collect()
        assert whats(bench.sent) == ["200"]
        assert whats(bench.receive(caller.ack())) == ["BYE"]

    def test_any_other_request_that_waits_gets_a_final_response_too(self) -> None:
        bench = Bench(plans={"*": ("stay",)})
        bench.receive(Caller().request("MESSAGE"))
        bench.engine.shutdown(bench.now)
        bench._collect()
        assert [one.what for one in bench.sent if one.what >= "200"] != []
        bench.drain()

    def test_a_subscription_is_terminated(self) -> None:
        bench = Bench()
        bench.peers["NOTIFY"] = bench.peers["BYE"] = 200
        bench.receive(Caller().request("SUBSCRIBE", "Event: presence", "Expires: 3600"))
        bench.engine.shutdown(bench.now)
        bench._collect()
        bench.run(70.0)
        assert bench.engine.busy == 0

    def test_a_script_that_sleeps_does_not_keep_it(self) -> None:
        bench, caller = Bench(BUSY, 100_000.0, "stay"), Caller()
        bench.receive(caller.ack_refusal(bench.receive(caller.invite())[0]))
        assert bench.engine.busy == 1
        bench.engine.shutdown(bench.now)
        bench._collect()
        bench.run(70.0)
        assert bench.engine.busy == 0

    def test_everything_is_over_within_two_timeouts(self) -> None:
        # even where the peers have gone
        bench = Bench(RINGING, 5.0, OK)
        for number in range(5):
            caller = Caller(number)
            bench.receive(caller.invite())
            bench.run(2.0)
            if number < 2:
                caller.heard(bench.sent[0])
        bench.engine.shutdown(bench.now)
        bench._collect()
        bench.run(70.0)
        assert bench.engine.busy == 0


class TestSilence:
    """A script that says nothing, or stops half way: nobody may stay for ever."""

    @pytest.mark.parametrize("steps", [(lambda call, transaction: None,), (Reply(100),)], ids=["nothing", "100"])
    def test_a_script_that_ends_without_an_answer(self, steps: Any) -> None:
        # "The script is done: from here on the call behaves as a real UAS does"; no client waits longer than Timer F
        bench = Bench(plans={"OPTIONS": steps})
        bench.receive(Caller().request("OPTIONS"))
        bench.run(3600.0)
        assert bench.engine.busy == 0

    def test_a_ringing_call_whose_caller_has_gone_may_go_on_ringing(self) -> None:
        # 13.3.1.1: a provisional response every minute keeps proxies from giving up
        bench = Bench(RINGING)
        bench.receive(Caller().invite())
        assert whats(bench.run(200.0)) == ["180"] * 3

    def test_yet_not_for_ever(self) -> None:
        bench = Bench(RINGING, longest_ring=150.0)
        bench.receive(Caller().invite())
        assert whats(bench.run(200.0))[:4] == ["180", "180", "480", "480"]
        bench.run(64.0)
        assert bench.engine.busy == 0

    def test_the_minute_can_be_set(self) -> None:
        bench = Bench(RINGING, "stay", provisional_refresh=10.0)
        bench.receive(Caller().invite())
        assert [one.time for one in bench.run(35.0)] == [10.0, 20.0, 30.0]

    def test_no_refresh_once_answered(self) -> None:
        bench, caller = Bench(RINGING, 30.0, OK), Caller()
        bench.receive(caller.invite())
        caller.heard(bench.run(30.0)[-1])
        bench.receive(caller.ack())
        assert bench.run(100.0) == []

    def test_a_taken_request_that_gets_no_answer(self) -> None:
        bench, caller = Bench(OK, later={"INFO": []}), Caller()
        bench.call(caller)
        bench.book.later = {"INFO": []}
        bench.receive(caller.request("INFO"))
        assert whats(bench.receive(caller.bye()))[:1] == ["200"]
        bench.run(100.0)
        assert bench.engine.busy == 0


class TestUncheckedDialog:
    """12.2.2: "Accepting the request for acceptable To tags provides robustness, so that dialogs can persist"."""

    def bench(self) -> tuple[Bench, Caller]:
        bench, caller = Bench(OK, unchecked=["dialog"]), Caller()
        caller.to_tag = "before"
        return bench, caller

    def test_the_tag_is_that_of_the_request(self) -> None:
        bench, caller = self.bench()
        (sent,) = bench.receive(caller.invite())
        assert (sent.status, sent.message.to_tag) == (200, "before")

    def test_the_2xx_is_sent_again_until_its_ack(self) -> None:
        bench, caller = self.bench()
        bench.receive(caller.invite())
        assert whats(bench.run(2.0)) == ["200", "200"]
        bench.receive(caller.ack())
        assert bench.run(20.0) == []

    def test_a_refusal_leaves_nothing_behind(self) -> None:
        bench, caller = Bench(RINGING, BUSY, unchecked=["dialog"]), Caller()
        caller.to_tag = "before"
        bench.receive(caller.ack_refusal(bench.receive(caller.invite())[-1]))
        bench.drain()

    def test_requests_of_ours_have_one_tag_only(self) -> None:
        bench, caller = self.bench()
        bench.peers["NOTIFY"] = 200
        _, notify = bench.receive(caller.request("SUBSCRIBE", "Event: presence"))
        assert notify["From"] == "<sip:bob@127.0.0.1>;tag=before"


class TestRetry:
    """8.1.3.5, 22.2: another try of the same Call-ID belongs to the call whose script waits for it."""

    def test_it_goes_to_the_script(self) -> None:
        bench, caller = Bench(Reply(401), "stay", later={"INVITE": [OK]}), Caller()
        bench.receive(caller.ack_refusal(bench.receive(caller.invite())[0]))
        sent = bench.receive(caller.invite())
        assert whats(sent) == ["200"]
        assert bench.seen[-1] == ("request", "INVITE")
        caller.heard(sent[0])
        bench.receive(caller.ack())
        bench.receive(caller.bye())
        bench.drain()
        assert len(bench.ended) == 1

    def test_or_is_a_new_call_where_the_script_does_not_take_it(self) -> None:
        bench, caller = Bench(Reply(401), "stay"), Caller()
        bench.receive(caller.ack_refusal(bench.receive(caller.invite())[0]))
        assert whats(bench.receive(caller.invite())) == ["401"]
        assert bench.seen.count(("start", "INVITE")) == 2
        bench.drain()

    def test_or_where_the_script_is_done(self) -> None:
        bench, caller = Bench(Reply(401), later={"INVITE": [OK]}), Caller()
        bench.receive(caller.ack_refusal(bench.receive(caller.invite())[0]))
        assert whats(bench.receive(caller.invite())) == ["401"]
        bench.drain()

    def test_it_is_inspected(self) -> None:
        bench, caller = Bench(Reply(401), "stay", later={"INVITE": [OK]}), Caller()
        bench.receive(caller.ack_refusal(bench.receive(caller.invite())[0]))
        assert whats(bench.receive(caller.invite("Require: nothing"))) == ["420"]

    def test_the_to_tags_of_one_call_are_one(self) -> None:
        bench, caller = Bench(Reply(401), "stay", later={"INVITE": [RINGING, OK]}), Caller()
        first = bench.receive(caller.invite())
        bench.receive(caller.ack_refusal(first[0]))
        again = bench.receive(caller.invite())
        assert len({one.message.to_tag for one in again}) == 1
