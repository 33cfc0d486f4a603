"""CANCEL at the server: RFC 3261 section 9.2."""

from __future__ import annotations

import pytest
from bench import BUSY, OK, RESPONSE_TIMES, RINGING, TCP, UDP, Bench, Caller, times, whats

from responder.uas.script import Reply


class TestPending:
    """An INVITE without final response: 200 for the CANCEL, 487 for the INVITE."""

    @pytest.mark.parametrize("steps", [("stay",), (Reply(100), "stay"), (RINGING, "stay")], ids=str)
    def test_200_and_487(self, steps: tuple[object, ...]) -> None:
        bench, caller = Bench(*steps), Caller()  # type: ignore[arg-type]
        bench.receive(caller.invite())
        answered, refused = bench.receive(caller.cancel())
        assert (answered.status, answered["CSeq"]) == (200, "1 CANCEL")
        assert (refused.status, refused["CSeq"]) == (487, "1 INVITE")
        assert [event.outcome for event in bench.ended] == []
        bench.receive(caller.ack_refusal(refused))
        assert [event.outcome for event in bench.ended] == ["cancelled"]

    def test_the_to_tags_are_the_same(self) -> None:
        # "the To tag of the response to the CANCEL and the To tag in the response to the original request SHOULD be the
        # same"
        bench, caller = Bench(RINGING, "stay"), Caller()
        ringing = bench.receive(caller.invite())
        sent = ringing + bench.receive(caller.cancel())
        assert len({one.message.to_tag for one in sent}) == 1

    def test_the_487_is_retransmitted_until_its_ack(self) -> None:
        bench, caller = Bench(RINGING, "stay"), Caller()
        bench.receive(caller.invite())
        bench.receive(caller.cancel())
        assert times(bench.run(40.0)) == RESPONSE_TIMES

    def test_the_487_is_acknowledged(self) -> None:
        bench, caller = Bench(RINGING, "stay"), Caller()
        bench.receive(caller.invite())
        refused = bench.receive(caller.cancel())[1]
        bench.receive(caller.ack_refusal(refused))
        assert bench.run(40.0) == []
        bench.drain()

    def test_a_retransmitted_cancel_gets_its_200_again_and_nothing_else(self) -> None:
        bench, caller = Bench(RINGING, "stay"), Caller()
        bench.receive(caller.invite())
        cancel = caller.cancel()
        first = bench.receive(cancel)[0]
        assert [one.data for one in bench.receive(cancel)] == [first.data]

    def test_a_retransmitted_invite_gets_the_487(self) -> None:
        bench, caller = Bench(RINGING, "stay"), Caller()
        data = caller.invite()
        bench.receive(data)
        bench.receive(caller.cancel())
        assert whats(bench.receive(data)) == ["487"]

    def test_what_the_script_wanted_to_say_is_not_sent(self) -> None:
        bench, caller = Bench(RINGING, 1.0, OK), Caller()
        bench.receive(caller.invite())
        refused = bench.receive(caller.cancel())[1]
        bench.receive(caller.ack_refusal(refused))
        assert bench.run(40.0) == []
        bench.drain()

    def test_the_early_dialog_ends(self) -> None:
        bench, caller = Bench(RINGING, "stay"), Caller()
        ringing = bench.receive(caller.invite())[0]
        refused = bench.receive(caller.cancel())[1]
        bench.receive(caller.ack_refusal(refused))
        assert whats(bench.receive(caller.request("INFO", to_tag=ringing.message.to_tag))) == ["481"]

    def test_no_100_after_it(self) -> None:
        bench, caller = Bench("stay"), Caller()
        bench.receive(caller.invite())
        refused = bench.receive(caller.cancel())[1]
        bench.receive(caller.ack_refusal(refused))
        assert bench.run(1.0) == []

    def test_over_tcp(self) -> None:
        bench, caller = Bench(RINGING, "stay"), Caller(flow=TCP)
        bench.receive(caller.invite(), TCP)
        sent = bench.receive(caller.cancel(), TCP)
        assert whats(sent) == ["200", "487"]
        assert {one.flow.connection for one in sent} == {TCP.connection}
        bench.receive(caller.ack_refusal(sent[1]), TCP)
        bench.drain()

    def test_the_path_of_the_call(self) -> None:
        bench, caller = Bench(RINGING, "stay"), Caller()
        bench.receive(caller.invite())
        bench.receive(caller.ack_refusal(bench.receive(caller.cancel())[1]))
        assert bench.ended[0].path[:2] == ("180", "CANCEL")
        assert "487" in bench.ended[0].path


class TestScript:
    """A script may see to the final response itself."""

    def test_it_is_asked(self) -> None:
        bench, caller = Bench(RINGING, "stay"), Caller()
        bench.receive(caller.invite())
        bench.receive(caller.cancel())
        assert ("cancel", "INVITE") in bench.seen

    def test_it_may_keep_the_invite(self) -> None:
        bench, caller = Bench(RINGING, 1.0, OK, "stay"), Caller()
        bench.book.keeps_cancelled = True
        bench.receive(caller.invite())
        assert whats(bench.receive(caller.cancel())) == ["200"]
        assert whats(bench.run(1.0)) == ["200"]
        assert bench.sent[-1]["CSeq"] == "1 INVITE"


class TestLate:
    """ "If it has [sent a final response], the CANCEL request has no effect", but is answered with 200."""

    @pytest.mark.parametrize("final", [OK, BUSY], ids=["accepted", "refused"])
    @pytest.mark.parametrize("acknowledged", [False, True])
    @pytest.mark.parametrize("script", ["stay", 0.0], ids=["stays", "ends"])
    def test_200_and_nothing_else(self, final: Reply, acknowledged: bool, script: object) -> None:
        bench, caller = Bench(final, script), Caller()  # type: ignore[arg-type]
        response = bench.receive(caller.invite())[0]
        cancel = caller.cancel()
        if acknowledged:
            if final is OK:
                caller.heard(response)
                bench.receive(caller.ack())
            else:
                bench.receive(caller.ack_refusal(response))
        (sent,) = bench.receive(cancel)
        assert (sent.status, sent["CSeq"]) == (200, "1 CANCEL")
        # "the To tag of the response to the CANCEL and ... to the original request SHOULD be the same"
        assert sent.message.to_tag == response.message.to_tag

    def test_the_call_goes_on(self) -> None:
        bench, caller = Bench(OK), Caller()
        caller.heard(bench.receive(caller.invite())[0])
        cancel = caller.cancel()
        bench.receive(cancel)
        bench.receive(caller.ack())
        assert whats(bench.receive(caller.request("INFO"))) == ["200"]
        assert whats(bench.receive(caller.bye())) == ["200"]
        bench.run(40.0)
        assert [event.outcome for event in bench.ended if event.method == "INVITE"] == ["completed"]

    def test_retransmission_of_the_2xx_goes_on(self) -> None:
        bench, caller = Bench(OK, "stay"), Caller()
        bench.receive(caller.invite())
        bench.receive(caller.cancel())
        assert times(bench.run(4.0)) == [0.5, 1.5, 3.5]


class TestUnmatched:
    """ "If the UAS did not find a matching transaction ..., it SHOULD respond to the CANCEL with a 481"."""

    def test_481(self) -> None:
        bench, caller = Bench(), Caller()
        caller.invite()
        (sent,) = bench.receive(caller.cancel())
        assert (sent.status, sent["CSeq"]) == (481, "1 CANCEL")
        assert sent.message.to_tag

    @pytest.mark.parametrize(
        ("old", "new"), [(b"z9hG4bK1x1", b"z9hG4bK1xx"), (b"192.0.2.10:5062;branch", b"192.0.2.10:5063;branch")]
    )
    def test_branch_and_sent_by_count(self, old: bytes, new: bytes) -> None:
        bench, caller = Bench(RINGING, "stay"), Caller()
        bench.receive(caller.invite())
        assert whats(bench.receive(caller.cancel().replace(old, new))) == ["481"]
        assert bench.engine.busy == 1

    def test_nothing_else_counts(self) -> None:
        bench, caller = Bench(RINGING, "stay"), Caller()
        bench.receive(caller.invite())
        cancel = caller.cancel(uri="sip:other@127.0.0.1", cseq=9)
        assert whats(bench.receive(cancel)) == ["200", "487"]

    def test_one_that_overtook_its_invite(self) -> None:
        bench, caller = Bench(RINGING, "stay"), Caller()
        invite = caller.invite()
        assert whats(bench.receive(caller.cancel())) == ["481"]
        assert whats(bench.receive(invite)) == ["180"]

    def test_it_is_over_at_once(self) -> None:
        bench, caller = Bench(), Caller()
        caller.invite()
        bench.receive(caller.cancel())
        assert [(event.method, event.outcome == "abandoned") for event in bench.ended] == [("CANCEL", False)]
        bench.drain()

    def test_a_to_tag_stays_alone(self) -> None:
        bench, caller = Bench(), Caller()
        caller.invite()
        (sent,) = bench.receive(caller.cancel(to_tag="given"))
        assert sent["To"] == "<sip:bob@127.0.0.1>;tag=given"

    def test_its_retransmission_gets_the_same(self) -> None:
        bench, caller = Bench(), Caller()
        caller.invite()
        cancel = caller.cancel()
        assert [one.data for one in bench.receive(cancel)] == [one.data for one in bench.receive(cancel)]


class TestOtherMethods:
    """ "A CANCEL request has no impact on the processing of transactions with any other method"; it still gets 200."""

    def test_a_pending_options(self) -> None:
        bench, caller = Bench(plans={"*": (1.0, Reply(200))}), Caller()
        bench.receive(caller.request("OPTIONS", branch="z9hG4bKo"))
        cancel = caller.request("CANCEL", cseq=1, branch="z9hG4bKo")
        (sent,) = bench.receive(cancel)
        assert (sent.status, sent["CSeq"]) == (200, "1 CANCEL")
        (answer,) = bench.run(1.0)
        assert (answer.status, answer["CSeq"]) == (200, "1 OPTIONS")

    def test_a_cancel_cannot_be_cancelled(self) -> None:
        bench, caller = Bench(), Caller()
        caller.invite()
        cancel = caller.cancel()
        assert [whats(bench.receive(cancel)) for _ in range(2)] == [["481"], ["481"]]


class TestReinvite:
    """A re-INVITE that is cancelled leaves the dialog as it was."""

    def test_487_and_the_dialog_goes_on(self) -> None:
        bench, caller = Bench(OK, "stay", later={"INVITE": [RINGING]}), Caller()
        bench.call(caller)
        bench.receive(caller.invite())
        sent = bench.receive(caller.cancel())
        assert whats(sent) == ["200", "487"]
        bench.receive(caller.ack_refusal(sent[1]))
        assert bench.run(10.0) == []
        assert whats(bench.receive(caller.request("INFO"))) == ["200"]
        assert whats(bench.receive(caller.bye())) == ["200"]
        assert bench.leftovers().get("calls") is None or bench.run(40.0) == []

    def test_the_to_tag_of_the_200(self) -> None:
        bench, caller = Bench(OK, "stay", later={"INVITE": [RINGING]}), Caller()
        bench.call(caller)
        bench.receive(caller.invite())
        answered, refused = bench.receive(caller.cancel())
        assert answered.message.to_tag == refused.message.to_tag == caller.to_tag


class TestMany:
    def test_each_cancels_its_own(self) -> None:
        bench = Bench(RINGING, "stay")
        callers = [Caller(number) for number in range(20)]
        for caller in callers:
            bench.receive(caller.invite())
        for caller in callers[::2]:
            sent = bench.receive(caller.cancel())
            assert {one["Call-ID"] for one in sent} == {caller.call_id}
            bench.receive(caller.ack_refusal(sent[1]), UDP)
        assert bench.engine.busy == 10
