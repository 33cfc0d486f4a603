"""The non-INVITE server transaction: RFC 3261 section 17.2.2 with RFC 4320, seen on the wire."""

from __future__ import annotations

import pytest
from bench import LOCAL, PEER, TCP, UDP, Bench, Caller, times, whats

from responder.events import Flow
from responder.transaction.timers import TimerValues
from responder.uas.script import Reply

METHODS = ("OPTIONS", "MESSAGE", "REGISTER", "SUBSCRIBE", "PUBLISH", "INFO", "NOTIFY", "REFER", "UPDATE")


def silent(**more: object) -> Bench:
    return Bench(plans={"*": ("stay",)}, **more)  # type: ignore[arg-type]


class TestTrying:
    """17.2.2: "Once in the "Trying" state, any further request retransmissions are discarded"."""

    def test_retransmissions_are_discarded(self) -> None:
        bench, data = silent(), Caller().request("OPTIONS")
        for _ in range(3):
            assert bench.receive(data) == []
            bench.run(0.5)
        assert bench.seen == [("start", "OPTIONS")]

    def test_a_response_that_comes_later_is_sent_once(self) -> None:
        bench, data = Bench(plans={"*": (2.0, Reply(200))}), Caller().request("OPTIONS")
        bench.receive(data)
        bench.receive(data)
        assert times(bench.run(40.0)) == [2.0]


class TestRfc4320:
    """RFC 4320 section 4.1: when a 100 must be, may be and must not be sent to another method than INVITE."""

    @pytest.mark.parametrize("method", METHODS)
    def test_100_once_timer_e_of_the_client_has_reached_t2(self, method: str) -> None:
        bench = Bench(plans={"*": ("stay",)}, unchecked=["all"])
        fields = {"REFER": ["Refer-To: <sip:carol@example.com>"], "SUBSCRIBE": ["Event: presence"]}
        bench.receive(Caller().request(method, *fields.get(method, [])))
        sent = bench.run(31.0)
        assert whats(sent) == ["100"]
        assert times(sent) == [3.5]

    def test_100_is_due_without_regard_to_the_transport(self) -> None:
        bench = silent()
        bench.receive(Caller(flow=TCP).request("OPTIONS"), TCP)
        assert times(bench.run(31.0)) == [3.5]

    @pytest.mark.parametrize(("t1", "t2", "due"), [(0.5, 4.0, 3.5), (0.1, 0.8, 0.7), (1.0, 4.0, 3.0), (0.5, 2.0, 1.5)])
    def test_it_follows_t1_and_t2(self, t1: float, t2: float, due: float) -> None:
        bench = silent(timers=TimerValues(t1=t1, t2=t2))
        bench.receive(Caller().request("OPTIONS"))
        assert times(bench.run(20.0)) == [due]

    def test_no_100_where_a_response_went_out(self) -> None:
        bench = Bench(plans={"*": (3.4, Reply(200))})
        bench.receive(Caller().request("OPTIONS"))
        assert whats(bench.run(20.0)) == ["200"]

    def test_a_retransmission_then_gets_the_100(self) -> None:
        bench, data = silent(), Caller().request("OPTIONS")
        bench.receive(data)
        bench.run(3.6)
        assert whats(bench.receive(data)) == ["100"]

    def test_a_final_response_after_the_100(self) -> None:
        bench, data = Bench(plans={"*": (5.0, Reply(200))}), Caller().request("OPTIONS")
        bench.receive(data)
        assert whats(bench.run(6.0)) == ["100", "200"]

    def test_no_408_is_ever_sent_by_itself(self) -> None:
        # 4.2: "MUST NOT send a response with Status-Code of 408 to a non-INVITE request"
        bench = silent()
        bench.receive(Caller().request("OPTIONS"))
        assert "408" not in whats(bench.run(100.0))


class TestCompleted:
    """17.2.2: Timer J: 64*T1 for unreliable transports, zero for reliable ones."""

    @pytest.mark.parametrize("status", [200, 202, 302, 404, 500, 603])
    def test_retransmissions_get_the_final_response(self, status: int) -> None:
        bench, data = Bench(plans={"*": (Reply(status),)}), Caller().request("OPTIONS")
        first = bench.receive(data)
        for _ in range(3):
            bench.run(10.0)
            assert [one.data for one in bench.receive(data)] == [first[0].data]
        assert bench.seen.count(("start", "OPTIONS")) == 1

    def test_it_is_not_retransmitted_without_being_asked(self) -> None:
        bench = Bench()
        bench.receive(Caller().request("OPTIONS"))
        assert bench.run(60.0) == []

    @pytest.mark.parametrize("t1", [0.5, 0.05])
    def test_timer_j_is_64_t1(self, t1: float) -> None:
        bench = Bench(timers=TimerValues(t1=t1))
        bench.receive(Caller().request("OPTIONS"))
        bench.run(64 * t1 - 0.001)
        assert bench.leftovers()["servers"] == 1
        bench.run(0.002)
        assert "servers" not in bench.leftovers()

    @pytest.mark.parametrize("transport", ["TCP", "TLS", "WS", "WSS"])
    def test_timer_j_is_zero_on_reliable_transports(self, transport: str) -> None:
        bench, flow = Bench(), Flow(transport, LOCAL, PEER, 3)
        bench.receive(Caller(flow=flow).request("OPTIONS"), flow)
        assert "servers" not in bench.leftovers()
        assert "recent" not in bench.leftovers()

    def test_after_timer_j_the_same_request_is_a_new_one(self) -> None:
        bench, data = Bench(), Caller().request("OPTIONS")
        bench.receive(data)
        bench.run(33.0)
        assert whats(bench.receive(data)) == ["200"]
        assert bench.seen.count(("start", "OPTIONS")) == 2

    def test_other_final_responses_are_discarded(self) -> None:
        # "Any other final responses passed by the TU ... MUST be discarded"
        bench, data = Bench(plans={"*": (Reply(200), Reply(500), Reply(100))}), Caller().request("OPTIONS")
        assert whats(bench.receive(data)) == ["200"]
        assert whats(bench.receive(data)) == ["200"]

    def test_the_finished_transaction_holds_no_request(self) -> None:
        bench = Bench()
        bench.receive(Caller().request("OPTIONS", body=b"x" * 100, content_type="text/plain"), UDP)
        (transaction,) = bench.engine._layer.servers.values()  # type: ignore[attr-defined]
        assert transaction.request is None
        assert transaction.user is None


class TestProvisional:
    """17.2.2: "the most recently sent provisional response MUST be passed to the transport layer"."""

    def test_retransmissions_get_the_latest(self) -> None:
        bench = Bench(plans={"*": (Reply(100), 1.0, Reply(100, reason="Still trying"), "stay")})
        data = Caller().request("OPTIONS")
        first = bench.receive(data)
        assert [one.data for one in bench.receive(data)] == [first[0].data]
        second = bench.run(1.0)
        assert [one.data for one in bench.receive(data)] == [second[0].data]
