"""Reliable provisional responses: RFC 3262 section 3."""

from __future__ import annotations

import pytest
from bench import DOUBLING_TIMES, OK, RINGING, TCP, UDP, Bench, Caller, times, whats

from responder.events import Flow
from responder.transaction.timers import TimerValues
from responder.uas.script import Reply

REQUIRED = "Require: 100rel"
SUPPORTED = "Supported: 100rel"
RELIABLE = Reply(180, reliable=True)


class TestSending:
    @pytest.mark.parametrize("field", [REQUIRED, "Require: timer, 100REL"])
    @pytest.mark.parametrize("status", [101, 180, 183, 199])
    def test_required_by_the_client(self, field: str, status: int) -> None:
        # "The UAS MUST send any non-100 provisional response reliably if the initial request contained a Require"
        (sent,) = Bench(Reply(status), "stay").receive(Caller().invite(field))
        assert "100rel" in sent.message.require
        assert 1 <= int(str(sent["RSeq"])) <= 2**31 - 1

    def test_supported_is_an_offer_only(self) -> None:
        (sent,) = Bench(RINGING, "stay").receive(Caller().invite(SUPPORTED))
        assert sent["RSeq"] is None
        assert "100rel" not in sent.message.require

    def test_supported_and_wanted_by_the_script(self) -> None:
        (sent,) = Bench(RELIABLE, "stay").receive(Caller().invite(SUPPORTED))
        assert "100rel" in sent.message.require
        assert sent["RSeq"]

    def test_never_a_100(self) -> None:
        # "A UAS MUST NOT attempt to send a 100 (Trying) response reliably"
        bench = Bench(Reply(100, reliable=True), "stay")
        (sent,) = bench.receive(Caller().invite(REQUIRED))
        assert sent["RSeq"] is None
        assert sent["Require"] is None
        assert bench.run(10.0) == []

    def test_not_the_automatic_100(self) -> None:
        bench = Bench("stay")
        bench.receive(Caller().invite(REQUIRED))
        (trying,) = bench.run(1.0)
        assert (trying.status, trying["RSeq"], trying["Require"]) == (100, None, None)

    def test_never_a_final_response(self) -> None:
        for final in (OK, Reply(486)):
            (sent,) = Bench(final, "stay").receive(Caller().invite(REQUIRED))
            assert sent["RSeq"] is None

    def test_not_for_other_methods(self) -> None:
        bench = Bench(plans={"*": (Reply(180, reliable=True), "stay")})
        (sent,) = bench.receive(Caller().request("OPTIONS", SUPPORTED))
        assert sent["RSeq"] is None

    def test_the_script_may_refuse_to(self) -> None:
        (sent,) = Bench(Reply(180, reliable=False), "stay").receive(Caller().invite(REQUIRED))
        assert sent["RSeq"] is None

    def test_it_makes_an_early_dialog(self) -> None:
        (sent,) = Bench(RELIABLE, "stay").receive(Caller().invite(SUPPORTED))
        assert sent.message.to_tag
        assert sent["Contact"]

    def test_the_first_rseq_is_random(self) -> None:
        found = {Bench(RELIABLE, "stay", seed=s).receive(Caller().invite(SUPPORTED))[0]["RSeq"] for s in range(10)}
        assert len(found) == 10


class TestRetransmission:
    """ "an interval that starts at T1 seconds and doubles for each retransmission"."""

    @pytest.mark.parametrize("flow", [UDP, TCP], ids=["UDP", "TCP"])
    def test_t1_doubling_without_cap(self, flow: Flow) -> None:
        bench = Bench(RELIABLE, "stay")
        first = bench.receive(Caller(flow=flow).invite(SUPPORTED), flow)[0]
        again = bench.run(31.9)
        assert times(again) == DOUBLING_TIMES
        assert {one.data for one in again} == {first.data}

    def test_it_follows_t1(self) -> None:
        bench = Bench(RELIABLE, "stay", timers=TimerValues(t1=0.1))
        bench.receive(Caller().invite(SUPPORTED))
        assert times(bench.run(6.39)) == [0.1, 0.3, 0.7, 1.5, 3.1, 6.3]

    def test_until_its_prack(self) -> None:
        bench, caller = Bench(RELIABLE, "stay"), Caller()
        first = bench.receive(caller.invite(SUPPORTED))[0]
        bench.run(2.0)
        bench.receive(caller.prack(first))
        assert bench.run(50.0) == []

    def test_a_retransmitted_invite_gets_it_too(self) -> None:
        bench, caller = Bench(RELIABLE, "stay"), Caller()
        data = caller.invite(SUPPORTED)
        first = bench.receive(data)
        assert [one.data for one in bench.receive(data)] == [one.data for one in first]

    def test_5xx_after_64_t1_without_prack(self) -> None:
        # "the UAS SHOULD reject the original request with a 5xx response"
        bench, caller = Bench(RELIABLE), Caller()
        bench.receive(caller.invite(SUPPORTED))
        bench.run(31.9)
        (refused,) = bench.run(0.2)
        assert 500 <= refused.status <= 599
        assert refused["CSeq"] == "1 INVITE"
        assert refused.time == 32.0
        bench.receive(caller.ack_refusal(refused))
        assert [event.outcome for event in bench.ended] == ["no-prack"]
        bench.drain()

    @pytest.mark.parametrize("between", [100.0, RINGING], ids=["waiting", "queueing"])
    def test_nothing_follows_that_5xx(self, between: object) -> None:
        bench = Bench(Reply(183, sdp=True), between, OK)  # type: ignore[arg-type]
        bench.receive(Caller().invite(REQUIRED))
        bench.run(32.0)
        assert set(whats(bench.run(300.0))) == {"504"}
        bench.drain()


class TestPrack:
    def test_200(self) -> None:
        bench, caller = Bench(RELIABLE, "stay"), Caller()
        first = bench.receive(caller.invite(SUPPORTED))[0]
        (sent,) = bench.receive(caller.prack(first))
        assert (sent.status, sent["CSeq"]) == (200, "2 PRACK")

    def test_its_retransmission_gets_the_same(self) -> None:
        bench, caller = Bench(RELIABLE, "stay"), Caller()
        prack = caller.prack(bench.receive(caller.invite(SUPPORTED))[0])
        assert [one.data for one in bench.receive(prack)] == [one.data for one in bench.receive(prack)]

    def test_481_for_another_one_for_the_same_response(self) -> None:
        # "does not match any unacknowledged reliable provisional response, ... MUST respond to the PRACK with a 481"
        bench, caller = Bench(RELIABLE, "stay"), Caller()
        first = bench.receive(caller.invite(SUPPORTED))[0]
        bench.receive(caller.prack(first))
        assert whats(bench.receive(caller.prack(first))) == ["481"]

    @pytest.mark.parametrize("rack", ["{} 1 UPDATE", "{} 2 INVITE", "{} 1 invite", "{more} 1 INVITE", "1 1 INVITE"])
    def test_481_where_rack_does_not_match(self, rack: str) -> None:
        bench, caller = Bench(RELIABLE, "stay"), Caller()
        first = bench.receive(caller.invite(SUPPORTED))[0]
        number = int(str(first["RSeq"]))
        wrong = rack.format(number, more=number + 1)
        assert whats(bench.receive(caller.prack(first, rack=wrong))) == ["481"]
        assert whats(bench.run(0.6)) == ["180"], "the response is still sent again"

    def test_481_without_any_reliable_response(self) -> None:
        bench, caller = Bench(RINGING, "stay"), Caller()
        ringing = bench.receive(caller.invite(SUPPORTED))[0]
        assert whats(bench.receive(caller.prack(ringing, rack="1 1 INVITE"))) == ["481"]

    def test_481_in_another_dialog(self) -> None:
        bench, caller = Bench(RELIABLE, "stay"), Caller()
        first = bench.receive(caller.invite(SUPPORTED))[0]
        prack = caller.prack(first).replace(str(first.message.to_tag).encode(), b"other")
        assert whats(bench.receive(prack)) == ["481"]

    def test_400_without_rack(self) -> None:
        bench, caller = Bench(RELIABLE, "stay"), Caller()
        first = bench.receive(caller.invite(SUPPORTED))[0]
        assert whats(bench.receive(caller.request("PRACK", to_tag=first.message.to_tag))) == ["400"]

    def test_rack_with_leading_zeros_and_blanks(self) -> None:
        bench, caller = Bench(RELIABLE, "stay"), Caller()
        first = bench.receive(caller.invite(SUPPORTED))[0]
        assert whats(bench.receive(caller.prack(first, rack=f"00{first['RSeq']}  01 INVITE"))) == ["200"]

    def test_a_script_may_take_it(self) -> None:
        bench, caller = Bench(RELIABLE, "stay", later={"PRACK": [Reply(299)]}), Caller()
        first = bench.receive(caller.invite(SUPPORTED))[0]
        assert whats(bench.receive(caller.prack(first))) == ["299"]
        assert bench.run(10.0) == []


class TestOrder:
    def test_the_second_waits_for_the_prack_of_the_first(self) -> None:
        # "The UAS MUST NOT send a second reliable provisional response until the first is acknowledged"
        bench, caller = Bench(RELIABLE, Reply(183, reliable=True), Reply(182, reliable=True), "stay"), Caller()
        first = bench.receive(caller.invite(SUPPORTED))
        assert whats(first) == ["180"]
        prack, second = bench.receive(caller.prack(first[0]))
        assert (prack.status, second.status) == (200, 183)
        _, third = bench.receive(caller.prack(second))
        # "The value of the RSeq in each subsequent reliable provisional response ... MUST be greater by exactly one"
        rseqs = [int(str(one["RSeq"])) for one in (first[0], second, third)]
        assert rseqs == [rseqs[0], rseqs[0] + 1, rseqs[0] + 2]

    def test_each_has_its_own_retransmissions(self) -> None:
        bench, caller = Bench(RELIABLE, Reply(183, reliable=True), "stay"), Caller()
        first = bench.receive(caller.invite(SUPPORTED))[0]
        bench.run(2.0)
        second = bench.receive(caller.prack(first))[1]
        assert times(bench.run(4.0), 2.0) == [0.5, 1.5, 3.5]
        bench.receive(caller.prack(second))
        assert bench.run(50.0) == []

    def test_an_unreliable_one_need_not_wait(self) -> None:
        bench = Bench(RELIABLE, Reply(182), "stay")
        assert whats(bench.receive(Caller().invite(SUPPORTED))) == ["180", "182"]

    def test_a_2xx_waits_where_the_1xx_had_a_description(self) -> None:
        # "unless the final response is 2xx and any of the unacknowledged reliable provisional responses contained a
        # session description. In that case, it MUST NOT send a final response until ... acknowledged"
        bench, caller = Bench(Reply(183, sdp=True, reliable=True), OK, "stay"), Caller()
        first = bench.receive(caller.invite(SUPPORTED))
        assert whats(first) == ["183"]
        assert whats(bench.run(3.0)) == ["183", "183"]
        assert whats(bench.receive(caller.prack(first[0]))) == ["200", "200"]
        assert [one["CSeq"] for one in bench.sent[-2:]] == ["2 PRACK", "1 INVITE"]

    def test_a_2xx_waits_even_where_it_had_none(self) -> None:
        # the RFC lets it go at once; who wrote both wants to see both
        bench, caller = Bench(RELIABLE, OK, "stay"), Caller()
        first = bench.receive(caller.invite(SUPPORTED))
        assert whats(first) == ["180"]
        assert whats(bench.receive(caller.prack(first[0]))) == ["200", "200"]
        assert [one["CSeq"] for one in bench.sent[-2:]] == ["2 PRACK", "1 INVITE"]

    def test_a_2xx_that_waits_in_vain_is_not_sent(self) -> None:
        bench, caller = Bench(RELIABLE, OK), Caller()
        bench.receive(caller.invite(SUPPORTED))
        assert set(whats(bench.run(31.9))) == {"180"}
        (refused,) = bench.run(0.2)
        assert 500 <= refused.status <= 599
        bench.receive(caller.ack_refusal(refused))
        bench.drain()

    @pytest.mark.parametrize("sdp", [None, True])
    def test_a_refusal_never_waits(self, sdp: bool | None) -> None:
        bench = Bench(Reply(183, sdp=sdp, reliable=True), Reply(486))
        assert whats(bench.receive(Caller().invite(SUPPORTED))) == ["183", "486"]

    def test_no_more_retransmissions_after_a_final_response(self) -> None:
        # "it SHOULD NOT continue to retransmit the unacknowledged reliable provisional responses"
        bench, caller = Bench(RELIABLE, Reply(486), "stay"), Caller()
        bench.receive(caller.ack_refusal(bench.receive(caller.invite(SUPPORTED))[-1]))
        assert bench.run(100.0) == []

    def test_a_late_prack_is_still_answered_with_200(self) -> None:
        # "but it MUST be prepared to process PRACK requests for those outstanding responses"
        bench, caller = Bench(RELIABLE, Reply(486), "stay"), Caller()
        first = bench.receive(caller.invite(SUPPORTED))[0]
        assert whats(bench.receive(caller.prack(first))) == ["200"]
        bench.drain()

    @pytest.mark.parametrize("final", [OK, Reply(486)], ids=["accepted", "refused"])
    def test_no_new_one_after_a_final_response(self, final: Reply) -> None:
        bench, caller = Bench(RELIABLE, final, Reply(183, reliable=True), "stay"), Caller()
        sent = bench.receive(caller.invite(SUPPORTED))
        sent += bench.receive(caller.prack(sent[0])) + bench.run(100.0)
        assert "183" not in whats(sent)

    def test_cancel_stops_it_all(self) -> None:
        bench, caller = Bench(Reply(183, reliable=True, sdp=True), RELIABLE, OK), Caller()
        bench.receive(caller.invite(SUPPORTED))
        sent = bench.receive(caller.cancel())
        assert whats(sent) == ["200", "487"]
        bench.receive(caller.ack_refusal(sent[1]))
        assert bench.run(100.0) == []
        bench.drain()

    def test_bye_stops_it_all(self) -> None:
        bench, caller = Bench(Reply(183, reliable=True, sdp=True), RELIABLE, OK), Caller()
        first = bench.receive(caller.invite(SUPPORTED))[0]
        sent = bench.receive(caller.bye(to_tag=first.message.to_tag))
        assert whats(sent) == ["200", "487"]
        bench.receive(caller.ack_refusal(sent[1]))
        assert bench.run(100.0) == []
        bench.drain()


class TestReinvite:
    def later(self, *replies: Reply) -> tuple[Bench, Caller]:
        bench, caller = Bench(OK, "stay", later={"INVITE": replies}), Caller()
        bench.call(caller)
        return bench, caller

    def test_within_a_dialog(self) -> None:
        bench, caller = self.later(RELIABLE)
        first = bench.receive(caller.invite(SUPPORTED))[0]
        assert first["RSeq"]
        assert whats(bench.receive(caller.prack(first))) == ["200"]

    def test_a_refusal_stops_retransmissions(self) -> None:
        bench, caller = self.later(RELIABLE, Reply(488))
        refused = bench.receive(caller.invite(SUPPORTED))[-1]
        assert refused.status == 488
        bench.receive(caller.ack_refusal(refused))
        assert bench.run(31.0) == []
        assert whats(bench.receive(caller.bye())) == ["200"]
        bench.run(33.0)  # its script stays and has nothing to wait for
        assert [event.outcome for event in bench.ended] == ["abandoned"]

    def test_no_prack_refuses_the_reinvite_and_leaves_the_dialog(self) -> None:
        bench, caller = self.later(RELIABLE)
        bench.receive(caller.invite(SUPPORTED))
        bench.run(31.9)
        (refused,) = bench.run(0.2)
        assert 500 <= refused.status <= 599
        bench.receive(caller.ack_refusal(refused))
        assert whats(bench.receive(caller.request("INFO"))) == ["200"]
