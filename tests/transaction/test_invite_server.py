"""The INVITE server transaction: RFC 3261 section 17.2.1 with RFC 6026 section 7.1, seen on the wire."""

from __future__ import annotations

import pytest
from bench import (
    BUSY,
    LOCAL,
    OK,
    PEER,
    RESPONSE_TIMES,
    RINGING,
    TCP,
    UDP,
    Bench,
    Caller,
    times,
    whats,
)

from responder.events import Flow
from responder.transaction.timers import TimerValues
from responder.uas.script import Reply

RELIABLE = [Flow(transport, LOCAL, PEER, 3) for transport in ("TCP", "TLS", "WS", "WSS")]


def by_transport(flow: Flow) -> str:
    return flow.transport


class TestProceeding:
    """17.2.1: "The server transaction MUST generate a 100 (Trying) response unless ... within 200 ms"."""

    def test_100_after_200_ms_of_silence(self) -> None:
        bench = Bench("stay")
        assert bench.receive(Caller().invite()) == []
        sent = bench.run(0.5)
        assert whats(sent) == ["100"]
        assert times(sent) == [0.2]

    @pytest.mark.parametrize("status", [180, 183, 200, 302, 486, 500, 603])
    def test_no_100_where_something_was_sent_in_time(self, status: int) -> None:
        bench = Bench(0.19, Reply(status), "stay")
        bench.receive(Caller().invite())
        assert whats(bench.run(0.3)) == [str(status)]

    def test_no_100_where_the_answer_comes_at_once(self) -> None:
        bench = Bench(RINGING, 1.0, OK)
        assert whats(bench.receive(Caller().invite())) == ["180"]
        assert whats(bench.run(0.9)) == []

    def test_a_script_may_send_its_100_itself(self) -> None:
        bench = Bench(Reply(100), "stay")
        assert whats(bench.receive(Caller().invite())) == ["100"]
        assert bench.run(2.0) == []

    def test_100_over_a_reliable_transport_too(self) -> None:
        bench = Bench("stay")
        bench.receive(Caller(flow=TCP).invite(), TCP)
        assert times(bench.run(1.0)) == [0.2]

    def test_the_delay_does_not_depend_on_t1(self) -> None:
        bench = Bench("stay", timers=TimerValues(t1=2.0))
        bench.receive(Caller().invite())
        assert times(bench.run(1.0)) == [0.2]

    def test_200_ms_stay_200_ms_where_t1_is_200_ms(self) -> None:
        bench = Bench("stay", timers=TimerValues(t1=0.2))
        bench.receive(Caller().invite())
        assert times(bench.run(1.0)) == [0.2]

    def test_nothing_is_resent_while_nothing_was_sent(self) -> None:
        bench = Bench("stay")
        data = Caller().invite()
        bench.receive(data)
        assert bench.receive(data) == []

    def test_a_retransmission_gets_the_most_recent_provisional_response(self) -> None:
        bench = Bench(0.3, RINGING, 1.0, Reply(182), "stay")
        data = Caller().invite()
        bench.receive(data)
        for until, expected in ((0.25, "100"), (0.5, "180"), (1.5, "182")):
            bench.run(until - bench.now)
            last = bench.sent[-1]
            again = bench.receive(data)
            assert whats(again) == [expected]
            assert again[0].data == last.data

    def test_a_retransmission_does_not_reach_the_user(self) -> None:
        bench = Bench(RINGING, "stay")
        data = Caller().invite()
        for _ in range(3):
            bench.receive(data)
        assert bench.seen == [("start", "INVITE")]
        assert [event.retransmission for event in bench.received] == [False, True, True]

    def test_any_number_of_provisional_responses(self) -> None:
        bench = Bench(Reply(100), RINGING, Reply(181), Reply(182), Reply(183), RINGING, Reply(199), "stay")
        assert whats(bench.receive(Caller().invite())) == ["100", "180", "181", "182", "183", "180", "199"]

    def test_provisional_responses_are_not_retransmitted_by_the_transaction(self) -> None:
        bench = Bench(RINGING, "stay")
        bench.receive(Caller().invite())
        assert bench.run(40.0) == []

    def test_proceeding_does_not_time_out(self) -> None:
        bench = Bench(RINGING, "stay")
        data = Caller().invite()
        bench.receive(data)
        bench.run(300.0)
        assert whats(bench.receive(data)) == ["180"]
        assert bench.seen == [("start", "INVITE")]


class TestCompletedUnreliable:
    """17.2.1: Timer G at T1 doubling up to T2, Timer H at 64*T1."""

    def test_timer_g_until_timer_h(self) -> None:
        bench = Bench(BUSY)
        sent = bench.receive(Caller().invite())
        again = bench.run(100.0)
        assert times(again) == RESPONSE_TIMES
        assert {one.data for one in again} == {sent[0].data}

    @pytest.mark.parametrize(("t1", "t2"), [(0.1, 4.0), (0.5, 1.0), (1.0, 8.0)])
    def test_with_other_values_of_t1_and_t2(self, t1: float, t2: float) -> None:
        bench = Bench(BUSY, timers=TimerValues(t1=t1, t2=t2))
        bench.receive(Caller().invite())
        expected, at, interval = [], t1, t1
        while at < 64 * t1 - 1e-9:
            expected.append(round(at, 6))
            interval = min(2 * interval, t2)
            at += interval
        assert times(bench.run(64 * t1 - 1e-6)) == expected
        assert bench.run(10 * t1) == []
        assert "servers" not in bench.leftovers()

    def test_timer_h_tells_the_user(self) -> None:
        bench = Bench(BUSY)
        bench.receive(Caller().invite())
        bench.run(31.999)
        assert bench.engine.busy == 1
        bench.run(0.001)
        assert bench.engine.busy == 0
        assert [event.outcome for event in bench.ended] == ["no-ack"]
        assert "486" in bench.ended[0].reason

    @pytest.mark.parametrize("status", [300, 302, 380, 400, 404, 487, 500, 503, 600, 606, 699])
    def test_every_refusal_is_retransmitted(self, status: int) -> None:
        bench = Bench(Reply(status))
        assert whats(bench.receive(Caller().invite())) == [str(status)]
        assert times(bench.run(4.0)) == [0.5, 1.5, 3.5]

    def test_a_retransmission_of_the_request_gets_the_response(self) -> None:
        bench = Bench(RINGING, BUSY)
        data = Caller().invite()
        final = bench.receive(data)[-1]
        again = bench.receive(data)
        assert [one.data for one in again] == [final.data]
        assert times(bench.run(1.0)) == [0.5], "the retransmission must not disturb Timer G"

    def test_no_response_after_a_final_one(self) -> None:
        bench = Bench(BUSY, RINGING, OK, Reply(500))
        assert whats(bench.receive(Caller().invite())) == ["486"]

    def test_ack_stops_timer_g(self) -> None:
        bench, caller = Bench(BUSY), Caller()
        refusal = bench.receive(caller.invite())[0]
        bench.run(1.0)
        bench.receive(caller.ack_refusal(refusal))
        assert bench.run(60.0) == []
        assert [event.outcome for event in bench.ended] == ["completed"]

    def test_the_user_hears_of_the_ack_once(self) -> None:
        bench, caller = Bench(BUSY, "stay"), Caller()
        refusal = bench.receive(caller.invite())[0]
        for _ in range(3):
            bench.receive(caller.ack_refusal(refusal))
        assert bench.seen == [("start", "INVITE"), ("ack", 1)]


class TestConfirmed:
    """17.2.1: Timer I: T4 for unreliable transports, zero for reliable ones."""

    def test_for_t4_further_acks_and_requests_are_absorbed(self) -> None:
        bench, caller = Bench(BUSY), Caller()
        data = caller.invite()
        refusal = bench.receive(data)[0]
        ack = caller.ack_refusal(refusal)
        bench.receive(ack)
        bench.run(4.99)
        assert bench.receive(ack) == []
        assert bench.receive(data) == []
        assert bench.leftovers()["servers"] == 1
        bench.run(0.01)
        assert "servers" not in bench.leftovers()

    def test_t4_is_configurable(self) -> None:
        bench, caller = Bench(BUSY, timers=TimerValues(t4=1.0)), Caller()
        bench.receive(caller.ack_refusal(bench.receive(caller.invite())[0]))
        bench.run(0.99)
        assert bench.leftovers()["servers"] == 1
        bench.run(0.01)
        assert "servers" not in bench.leftovers()

    @pytest.mark.parametrize("flow", RELIABLE, ids=by_transport)
    def test_zero_on_reliable_transports(self, flow: Flow) -> None:
        bench, caller = Bench(BUSY), Caller(flow=flow)
        refusal = bench.receive(caller.invite(), flow)[0]
        bench.receive(caller.ack_refusal(refusal), flow)
        assert "servers" not in bench.leftovers()


class TestCompletedReliable:
    """17.2.1: Timer G "is not set to fire for reliable transports"; Timer H "for all transports"."""

    @pytest.mark.parametrize("flow", RELIABLE, ids=by_transport)
    def test_no_retransmission(self, flow: Flow) -> None:
        bench = Bench(BUSY)
        bench.receive(Caller(flow=flow).invite(), flow)
        assert bench.run(60.0) == []

    def test_timer_h_fires(self) -> None:
        bench = Bench(BUSY)
        bench.receive(Caller(flow=TCP).invite(), TCP)
        bench.run(31.9)
        assert bench.engine.busy == 1
        bench.run(0.2)
        assert [event.outcome for event in bench.ended] == ["no-ack"]
        assert bench.leftovers() == {}


class TestAccepted:
    """RFC 6026 section 7.1: a 2xx leads to Accepted for 64*T1 (Timer L)."""

    def test_retransmissions_of_the_invite_are_absorbed(self) -> None:
        bench, caller = Bench(OK), Caller()
        data = caller.invite()
        accepted = bench.receive(data)[0]
        caller.heard(accepted)
        bench.receive(caller.ack())
        for _ in range(5):
            bench.run(6.0)
            assert bench.receive(data) == []
        assert bench.seen[0] == ("start", "INVITE")
        assert ("start", "INVITE") not in bench.seen[1:]

    def test_also_before_the_ack(self) -> None:
        bench, caller = Bench(OK), Caller()
        data = caller.invite()
        bench.receive(data)
        assert bench.receive(data) == [], "the transaction does not generate 2xx retransmissions on its own"

    def test_also_when_the_call_is_over(self) -> None:
        bench, caller = Bench(OK), Caller()
        data = caller.invite()
        caller.heard(bench.receive(data)[0])
        bench.receive(caller.ack())
        bench.receive(caller.bye())
        assert len(bench.ended) == 1
        bench.run(20.0)
        assert bench.receive(data) == []
        assert bench.seen.count(("start", "INVITE")) == 1

    @pytest.mark.parametrize("flow", [UDP, TCP], ids=by_transport)
    def test_timer_l_is_64_t1_on_every_transport(self, flow: Flow) -> None:
        bench, caller = Bench(OK), Caller(flow=flow)
        bench.call(caller)
        bench.receive(caller.bye(), flow)
        bench.run(31.9)
        assert bench.leftovers()["servers"] >= 1
        bench.run(0.2)
        assert "servers" not in bench.leftovers()

    def test_after_timer_l_the_same_invite_is_a_new_one(self) -> None:
        bench, caller = Bench(OK), Caller()
        data = caller.invite()
        caller.heard(bench.receive(data)[0])
        bench.receive(caller.ack())
        bench.receive(caller.bye())
        bench.run(33.0)
        assert whats(bench.receive(data)) == ["200"]

    def test_ack_on_the_branch_of_the_invite_goes_to_the_user(self) -> None:
        # "Any ACKs received from the network while in the "Accepted" state MUST be passed directly to the TU"
        bench, caller = Bench(OK, "ack", "stay"), Caller()
        caller.heard(bench.receive(caller.invite())[0])
        bench.receive(caller.ack(branch=caller.invited[1]))
        assert ("ack", 1) in bench.seen
        assert bench.run(10.0) == []

    def test_another_2xx_of_the_user_is_sent(self) -> None:
        # "Any retransmission of the 2xx response passed from the TU ... MUST be passed to the transport layer"
        bench = Bench(OK, OK, "stay")
        assert whats(bench.receive(Caller().invite())) == ["200", "200"]

    def test_nothing_else_is_sent(self) -> None:
        bench = Bench(OK, RINGING, BUSY, "stay")
        assert whats(bench.receive(Caller().invite())) == ["200"]

    def test_timer_l_follows_t1(self) -> None:
        bench, caller = Bench(OK, timers=TimerValues(t1=0.1)), Caller()
        bench.call(caller)
        bench.receive(caller.bye())
        bench.run(6.5)
        assert bench.leftovers() == {}


class TestTransportErrors:
    """RFC 6026 section 7.1: "MUST NOT discard transaction state based only on ... a transport error"."""

    @pytest.mark.parametrize("steps", [(RINGING, "stay"), (BUSY, "stay"), (OK, "stay")], ids=str)
    def test_the_transaction_stays_as_it_is(self, steps: tuple[object, ...]) -> None:
        bench = Bench(*steps)  # type: ignore[arg-type]
        data = Caller().invite()
        bench.receive(data)
        before = bench.leftovers()["servers"]
        bench.engine.transport_failed(UDP, bench.now, "no route to host")
        assert bench.leftovers()["servers"] == before
        bench.receive(data)
        assert bench.seen.count(("start", "INVITE")) == 1
