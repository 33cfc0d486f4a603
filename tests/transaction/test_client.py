"""Client transactions: RFC 3261 section 17.1 with RFC 6026 section 7.2."""

from __future__ import annotations

from typing import Any

import pytest
from bench import DOUBLING_TIMES, LOCAL, PEER, RESPONSE_TIMES, TCP, UDP

from responder.events import Flow
from responder.sip.message import Response
from responder.sip.parser import parse
from responder.transaction import fsm
from responder.transaction.client import ClientTransaction
from responder.transaction.layer import TransactionLayer
from responder.transaction.timers import Timers, TimerValues
from responder.transaction.wire import Wire

BRANCH = "z9hG4bKours"


class User:
    """A transaction user that writes down what it is told."""

    number = 7

    def __init__(self) -> None:
        self.told: list[Any] = []

    def on_response(self, transaction: ClientTransaction, response: Response) -> None:
        self.told.append(response.status)

    def on_client_failed(self, transaction: ClientTransaction, *, timed_out: bool) -> None:
        self.told.append("timeout" if timed_out else "transport")


class Rig:
    """A transaction layer with one request of ours."""

    def __init__(self, method: str = "BYE", flow: Flow = UDP, values: TimerValues | None = None) -> None:
        values = values or TimerValues()
        self.method = method
        self.wire = Wire(observing=True)
        self.timers = Timers(values.lengths())
        self.layer = TransactionLayer(self.wire, self.timers, values)
        self.user = User()
        ack = b"ACK sip:x SIP/2.0\r\nTo: \0\r\n\r\n" if method == "INVITE" else None
        self.transaction = self.layer.start(BRANCH, method, b"the request", flow, self.user, ack=ack)

    def sent(self) -> list[bytes]:
        data = [data for data, _ in self.wire.out]
        self.wire.out.clear()
        return data

    def run(self, until: float) -> list[float]:
        """When the request was sent again."""
        found = []
        self.sent()
        while (deadline := self.timers.next_deadline()) is not None and deadline <= until:
            self.wire.now = deadline
            self.timers.expire(deadline)
            found += [round(deadline, 6)] * len(self.sent())
        self.wire.now = until
        return found

    def response(self, status: int, *, branch: str = BRANCH, method: str | None = None, tag: str = "t") -> Any:
        """A response comes in; the transaction that it matched."""
        data = (
            f"SIP/2.0 {status} x\r\nVia: SIP/2.0/UDP 127.0.0.1:5060;branch={branch}\r\nFrom: <sip:a@b>;tag=f\r\n"
            f"To: <sip:c@d>;tag={tag}\r\nCall-ID: 1\r\nCSeq: 1 {method or self.method}\r\n\r\n"
        )
        message = parse(data.encode())
        assert isinstance(message, Response)
        found = self.layer.match_response(message)
        if found is not None:
            found.receive(message)
        return found


class TestInviteClient:
    """17.1.1."""

    def test_timer_a_doubles_without_limit_until_timer_b(self) -> None:
        rig = Rig("INVITE")
        assert rig.sent() == [b"the request"]
        assert rig.run(100.0) == DOUBLING_TIMES
        assert rig.user.told == ["timeout"]
        assert not rig.layer.clients

    def test_timer_b_is_64_t1(self) -> None:
        rig = Rig("INVITE", values=TimerValues(t1=0.1))
        rig.run(6.39)
        assert rig.user.told == []
        rig.run(6.41)
        assert rig.user.told == ["timeout"]

    def test_no_timer_a_on_reliable_transports(self) -> None:
        rig = Rig("INVITE", TCP)
        assert rig.run(31.9) == []
        assert rig.user.told == []
        rig.run(32.0)
        assert rig.user.told == ["timeout"]

    def test_a_provisional_response_stops_both_timers(self) -> None:
        rig = Rig("INVITE")
        rig.run(1.0)
        rig.response(100)
        assert rig.run(500.0) == []
        assert rig.user.told == [100]
        assert rig.transaction.open

    def test_every_provisional_response_goes_to_the_user(self) -> None:
        rig = Rig("INVITE")
        for status in (100, 180, 180, 183):
            rig.response(status)
        assert rig.user.told == [100, 180, 180, 183]

    @pytest.mark.parametrize("status", [300, 404, 491, 500, 603])
    @pytest.mark.parametrize("rings", [False, True])
    def test_a_refusal_is_acknowledged_and_passed_up_once(self, status: int, rings: bool) -> None:
        rig = Rig("INVITE")
        if rings:
            rig.response(180)
        rig.sent()
        for _ in range(3):
            rig.response(status)
        # 17.1.1.3: "The To header field in the ACK MUST equal the To header field in the response"
        assert rig.sent() == [b"ACK sip:x SIP/2.0\r\nTo: <sip:c@d>;tag=t\r\n\r\n"] * 3
        assert rig.user.told == [180, status][not rings :]
        assert not rig.transaction.open

    def test_timer_d_is_at_least_32_seconds(self) -> None:
        rig = Rig("INVITE", values=TimerValues(t1=0.1))
        rig.response(486)
        rig.run(31.9)
        assert rig.layer.clients
        rig.run(32.1)
        assert not rig.layer.clients

    def test_timer_d_is_zero_on_reliable_transports(self) -> None:
        rig = Rig("INVITE", TCP)
        rig.response(486)
        assert not rig.layer.clients
        assert b"ACK" in b"".join(rig.sent())

    def test_a_2xx_goes_to_the_user_who_acknowledges_it(self) -> None:
        rig = Rig("INVITE")
        rig.sent()
        for tag in ("t", "t", "other"):
            rig.response(200, tag=tag)
        assert rig.sent() == [], "The client transaction MUST NOT generate an ACK to any 2xx response on its own"
        assert rig.user.told == [200, 200, 200]

    def test_timer_m_is_64_t1(self) -> None:
        # RFC 6026 7.2
        rig = Rig("INVITE")
        rig.run(3.0)
        rig.response(200)
        assert rig.run(34.9) == []
        assert rig.layer.clients
        rig.run(35.1)
        assert not rig.layer.clients
        assert rig.user.told == [200]

    def test_nothing_but_2xx_matters_once_accepted(self) -> None:
        rig = Rig("INVITE")
        rig.response(200)
        rig.sent()
        rig.response(180)
        rig.response(486)
        assert rig.user.told == [200]
        assert rig.sent() == []

    def test_a_transport_error_is_passed_up(self) -> None:
        rig = Rig("INVITE")
        rig.layer.transport_failed(UDP)
        assert rig.user.told == ["transport"]
        assert not rig.layer.clients
        assert rig.run(100.0) == []

    def test_a_transport_error_elsewhere_is_not(self) -> None:
        rig = Rig("INVITE")
        rig.layer.transport_failed(Flow("UDP", LOCAL, (PEER[0], 1)))
        assert rig.user.told == []
        assert rig.layer.clients


class TestNonInviteClient:
    """17.1.2."""

    def test_timer_e_doubles_up_to_t2_until_timer_f(self) -> None:
        rig = Rig()
        assert rig.sent() == [b"the request"]
        assert rig.run(100.0) == RESPONSE_TIMES
        assert rig.user.told == ["timeout"]
        assert not rig.layer.clients

    def test_timer_f_is_64_t1_on_reliable_transports_too(self) -> None:
        rig = Rig(flow=TCP)
        assert rig.run(31.9) == []
        rig.run(32.0)
        assert rig.user.told == ["timeout"]

    def test_t2_after_a_provisional_response(self) -> None:
        # 17.1.2.2: "If Timer E fires while in the "Proceeding" state, ... Timer E MUST be reset with a value of T2"
        rig = Rig()
        rig.run(0.2)
        rig.response(100)
        assert rig.run(13.0) == [0.5, 4.5, 8.5, 12.5]
        rig.run(32.0)
        assert rig.user.told == [100, "timeout"]

    @pytest.mark.parametrize("status", [200, 202, 302, 481, 500, 603])
    @pytest.mark.parametrize("flow", [UDP, TCP], ids=["UDP", "TCP"])
    def test_a_final_response_ends_it(self, status: int, flow: Flow) -> None:
        rig = Rig(flow=flow)
        rig.response(status)
        rig.response(status)
        assert rig.run(100.0) == []
        assert rig.user.told == [status]

    def test_timer_k_is_t4(self) -> None:
        rig = Rig()
        rig.response(200)
        rig.run(4.9)
        assert rig.layer.clients
        rig.run(5.1)
        assert not rig.layer.clients

    def test_timer_k_is_zero_on_reliable_transports(self) -> None:
        rig = Rig(flow=TCP)
        rig.response(200)
        assert not rig.layer.clients

    def test_a_transport_error_is_passed_up(self) -> None:
        rig = Rig()
        rig.response(100)
        rig.layer.transport_failed(UDP)
        assert rig.user.told == [100, "transport"]
        assert not rig.layer.clients

    def test_a_transport_error_after_the_final_response_is_not(self) -> None:
        rig = Rig()
        rig.response(200)
        rig.layer.transport_failed(UDP)
        assert rig.user.told == [200]

    def test_every_copy_is_reported_as_one(self) -> None:
        rig = Rig()
        rig.run(2.0)
        assert [event.retransmission for event in rig.wire.events] == [False, True, True]  # type: ignore[union-attr]


class TestMatching:
    """17.1.3: the branch of the top Via and the method of CSeq."""

    def test_both_match(self) -> None:
        assert Rig().response(200) is not None

    @pytest.mark.parametrize("wrong", [{"branch": "z9hG4bKother"}, {"method": "INVITE"}])
    def test_one_does_not(self, wrong: dict[str, str]) -> None:
        rig = Rig()
        assert rig.response(200, **wrong) is None  # type: ignore[arg-type]
        assert rig.user.told == []

    def test_no_branch_at_all(self) -> None:
        rig = Rig()
        message = parse(
            b"SIP/2.0 200 OK\r\nVia: SIP/2.0/UDP 127.0.0.1\r\nFrom: <sip:a@b>\r\nTo: <sip:a@b>\r\n"
            b"Call-ID: 1\r\nCSeq: 1 BYE\r\n\r\n"
        )
        assert isinstance(message, Response)
        assert rig.layer.match_response(message) is None

    def test_a_late_response_matches_nothing(self) -> None:
        rig = Rig()
        rig.run(32.0)
        assert rig.response(200) is None
        assert rig.user.told == ["timeout"]


class TestStates:
    def test_initial_states(self) -> None:
        assert Rig("INVITE").transaction.state == fsm.CALLING
        assert Rig("BYE").transaction.state == fsm.TRYING

    @pytest.mark.parametrize("method", ["INVITE", "BYE"])
    def test_terminated_lets_go_of_the_user(self, method: str) -> None:
        rig = Rig(method)
        rig.run(100.0)
        assert rig.transaction.state == fsm.TERMINATED
        assert rig.transaction.user is None
