"""Requests of the peer within a dialog: RFC 3261 sections 12.2.2, 14.2 and 15.1.2, RFC 3311 section 5.2."""

from __future__ import annotations

import pytest
from bench import NEW_OFFER, OK, RINGING, TCP, UDP, Bench, Caller, whats

from responder.events import Flow
from responder.uas.script import Order, Reply


def established(*steps: object, **more: object) -> tuple[Bench, Caller]:
    """A call that stands."""
    bench, caller = Bench(*(steps or (OK,)), **more), Caller()  # type: ignore[arg-type]
    bench.call(caller)
    return bench, caller


class TestIdentity:
    """12: "identified ... by a Call-ID value, a local tag and a remote tag"."""

    @pytest.mark.parametrize("method", ["INFO", "OPTIONS", "UPDATE", "MESSAGE", "INVITE", "BYE"])
    def test_all_three_match(self, method: str) -> None:
        bench, caller = established()
        assert whats(bench.receive(caller.request(method)))[0] == "200"

    @pytest.mark.parametrize(
        ("old", "new"), [(b"call-1@", b"call-2@"), (b";tag=from1", b";tag=other"), (b";tag=from1", b"")]
    )
    def test_one_does_not(self, old: bytes, new: bytes) -> None:
        bench, caller = established()
        assert whats(bench.receive(caller.request("INFO").replace(old, new))) == ["481"]
        assert whats(bench.receive(caller.request("INFO"))) == ["200"]

    def test_our_tag_does_not(self) -> None:
        bench, caller = established()
        assert whats(bench.receive(caller.request("INFO", to_tag="other"))) == ["481"]

    def test_uris_do_not_count(self) -> None:
        bench, caller = established()
        caller.sender, caller.to, caller.uri = "<sip:new@x>", "Other <sip:other@y>", "sip:z@127.0.0.1"
        assert whats(bench.receive(caller.request("INFO"))) == ["200"]

    @pytest.mark.parametrize("flow", [TCP, Flow("UDP", UDP.local, ("192.0.2.77", 5999))], ids=["TCP", "elsewhere"])
    def test_nor_the_way_they_come(self, flow: Flow) -> None:
        bench, caller = established()
        assert whats(bench.receive(caller.request("INFO"), flow)) == ["200"]

    def test_a_peer_without_from_tag(self) -> None:
        # 12.1.1: "A UAS MUST be prepared to receive a request without a tag in the From field, in which case the tag is
        # considered to have a value of null"
        bench, caller = Bench(OK), Caller()
        caller.tag = None
        bench.call(caller)
        assert bench.run(10.0) == []
        assert whats(bench.receive(caller.request("INFO"))) == ["200"]
        assert whats(bench.receive(caller.bye())) == ["200"]
        assert [event.outcome for event in bench.ended] == ["completed"]

    def test_an_early_dialog_is_one(self) -> None:
        bench, caller = Bench(RINGING, "stay"), Caller()
        ringing = bench.receive(caller.invite())[0]
        tag = ringing.message.to_tag
        assert whats(bench.receive(caller.request("INFO", to_tag=tag))) == ["200"]
        assert whats(bench.receive(caller.request("OPTIONS", to_tag=tag))) == ["200"]

    def test_a_100_makes_none(self) -> None:
        # 12.1: "only ... 101-199"
        bench, caller = Bench(Reply(100), "stay"), Caller()
        bench.receive(caller.invite())
        assert not bench.leftovers().get("dialogs")


class TestCSeq:
    """12.2.2."""

    def test_lower_is_out_of_order(self) -> None:
        # "the request is out of order and MUST be rejected with a 500 (Server Internal Error) response"
        bench, caller = established()
        bench.receive(caller.request("INFO", cseq=10))
        assert whats(bench.receive(caller.request("INFO", cseq=9))) == ["500"]

    def test_lower_than_the_invite(self) -> None:
        bench, caller = Bench(OK), Caller()
        caller.cseq = 99
        bench.call(caller)
        assert whats(bench.receive(caller.request("INFO", cseq=99 - 1))) == ["500"]

    def test_a_gap_is_none_of_our_business(self) -> None:
        # "a UAS SHOULD be prepared to receive and process requests with CSeq values more than one higher"
        bench, caller = established()
        assert whats(bench.receive(caller.request("INFO", cseq=500))) == ["200"]
        assert whats(bench.receive(caller.request("INFO", cseq=501))) == ["200"]

    def test_an_early_dialog_counts_too(self) -> None:
        bench, caller = Bench(RINGING, "stay"), Caller()
        caller.cseq = 9
        tag = bench.receive(caller.invite())[0].message.to_tag
        assert whats(bench.receive(caller.request("INFO", cseq=5, to_tag=tag))) == ["500"]
        assert whats(bench.receive(caller.request("INFO", cseq=11, to_tag=tag))) == ["200"]

    def test_the_script_is_not_asked(self) -> None:
        bench, caller = established(OK, "stay", later={"INFO": [Reply(299)]})
        bench.receive(caller.request("INFO", cseq=10))
        bench.receive(caller.request("INFO", cseq=9))
        assert bench.seen.count(("request", "INFO")) == 1

    def test_the_dialog_goes_on(self) -> None:
        bench, caller = established()
        bench.receive(caller.request("INFO", cseq=10))
        bench.receive(caller.request("INFO", cseq=9))
        assert whats(bench.receive(caller.bye(cseq=11))) == ["200"]

    def test_ack_and_cancel_are_no_part_of_it(self) -> None:
        bench, caller = established()
        bench.receive(caller.request("INFO", cseq=10))
        assert bench.receive(caller.ack()) == []
        assert whats(bench.receive(caller.request("INFO", cseq=11))) == ["200"]


class TestBye:
    """15.1.2."""

    def test_200_and_the_dialog_is_gone(self) -> None:
        bench, caller = established()
        assert whats(bench.receive(caller.bye())) == ["200"]
        assert [event.outcome for event in bench.ended] == ["completed"]
        assert not bench.leftovers().get("dialogs")

    def test_a_second_one_gets_481(self) -> None:
        bench, caller = established()
        bench.receive(caller.bye())
        assert whats(bench.receive(caller.bye())) == ["481"]

    def test_its_retransmission_gets_the_200(self) -> None:
        bench, caller = established()
        bye = caller.bye()
        assert [one.data for one in bench.receive(bye)] == [one.data for one in bench.receive(bye)]

    def test_the_script_may_answer(self) -> None:
        bench, caller = established(OK, "stay", later={"BYE": [Reply(299)]})
        assert whats(bench.receive(caller.bye())) == ["299"]
        assert whats(bench.receive(caller.bye())) == ["481"]

    def test_a_challenge_leaves_the_dialog(self) -> None:
        bench, caller = established(OK, "stay", later={"BYE": [Reply(401)]})
        assert whats(bench.receive(caller.bye())) == ["401"]
        bench.book.later.clear()
        assert whats(bench.receive(caller.bye())) == ["200"]

    def test_early(self) -> None:
        # "The caller's UA MAY send a BYE for either confirmed or early dialogs"; 15.1.2: pending requests get 487
        bench, caller = Bench(RINGING, 5.0, OK), Caller()
        ringing = bench.receive(caller.invite())[0]
        answered, refused = bench.receive(caller.bye(to_tag=ringing.message.to_tag))
        assert (answered.status, answered["CSeq"]) == (200, "2 BYE")
        assert (refused.status, refused["CSeq"]) == (487, "1 INVITE")
        assert refused.message.to_tag == ringing.message.to_tag
        bench.receive(caller.ack_refusal(refused))
        assert bench.run(40.0) == []
        assert len(bench.ended) == 1
        bench.drain()

    def test_a_pending_reinvite_gets_487(self) -> None:
        # "The UAS MUST still respond to any pending requests received for that dialog. It is RECOMMENDED ... a 487"
        bench, caller = established(OK, "stay", later={"INVITE": [RINGING]})
        bench.receive(caller.invite())
        sent = bench.receive(caller.bye())
        assert [(one.status, one["CSeq"]) for one in sent] == [(200, "3 BYE"), (487, "2 INVITE")]

    def test_any_other_pending_request_gets_a_final_response(self) -> None:
        bench, caller = established(OK, "stay", later={"INFO": []})
        assert bench.receive(caller.request("INFO")) == []
        sent = bench.receive(caller.bye())
        assert [(one.status, one["CSeq"]) for one in sent] == [(200, "3 BYE"), (487, "2 INFO")]

    def test_everything_after_it_gets_481(self) -> None:
        bench, caller = established()
        bench.receive(caller.bye())
        for method in ("INFO", "INVITE", "UPDATE", "OPTIONS"):
            assert whats(bench.receive(caller.request(method))) == ["481"]

    def test_crossing_ours(self) -> None:
        # RFC 5407 section 3.2.1
        bench, caller = established(OK, "ack", Order("BYE"))
        assert bench.sent[-1].what == "BYE"
        assert whats(bench.receive(caller.bye())) in (["200"], ["481"])
        bench.drain()


class TestReinvite:
    """14.2."""

    def test_answered_by_the_core(self) -> None:
        bench, caller = established()
        (sent,) = bench.receive(caller.invite(body=NEW_OFFER))
        assert sent.status == 200
        assert sent["Contact"] == "<sip:responder@127.0.0.1:5060>"
        assert sent.message.to_tag == caller.to_tag
        assert sent.message.body

    def test_taken_by_the_script(self) -> None:
        bench, caller = established(OK, "stay", later={"INVITE": [RINGING, Reply(200)]})
        assert whats(bench.receive(caller.invite())) == ["180", "200"]

    def test_refused_the_session_stays(self) -> None:
        bench, caller = established(OK, "stay", later={"INVITE": [Reply(488)]})
        (refused,) = bench.receive(caller.invite())
        bench.receive(caller.ack_refusal(refused))
        assert whats(bench.receive(caller.request("INFO"))) == ["200"]
        assert whats(bench.receive(caller.bye())) == ["200"]

    def test_100_after_200_ms(self) -> None:
        bench, caller = established(OK, "stay", later={"INVITE": []})
        assert bench.receive(caller.invite()) == []
        (trying,) = bench.run(0.3)
        assert (trying.status, trying["CSeq"]) == (100, "2 INVITE")

    def test_500_where_an_earlier_one_is_open(self) -> None:
        # "MUST return a 500 (Server Internal Error) response to the second INVITE and MUST include a Retry-After"
        bench, caller = established(OK, "stay", later={"INVITE": [RINGING]})
        bench.receive(caller.invite())
        (sent,) = bench.receive(caller.invite())
        assert (sent.status, sent["CSeq"]) == (500, "3 INVITE")
        assert sent["Retry-After"]

    def test_500_before_the_first_final_response_too(self) -> None:
        bench, caller = Bench(RINGING, "stay"), Caller()
        tag = bench.receive(caller.invite())[0].message.to_tag
        (sent,) = bench.receive(caller.invite(to_tag=tag))
        assert (sent.status, bool(sent["Retry-After"])) == (500, True)

    @pytest.mark.parametrize("method", ["INVITE", "UPDATE"])
    def test_the_time_to_wait_is_random_between_0_and_10(self, method: str) -> None:
        # "with a randomly chosen value of between 0 and 10 seconds" (14.2; RFC 3311 5.2)
        found = set()
        for seed in range(40):
            bench, caller = established(OK, "stay", later={method: []}, seed=seed)
            bench.receive(caller.request(method))
            (sent,) = bench.receive(caller.request(method))
            assert sent.status == 500
            found.add(int(str(sent["Retry-After"])))
        assert found <= set(range(11))
        assert len(found) > 4

    def test_the_open_one_is_not_disturbed(self) -> None:
        def accept(call: object, transaction: object) -> None:
            call.respond(transaction, RINGING)  # type: ignore[attr-defined]
            held.append((call, transaction))

        held: list[tuple[object, object]] = []
        bench, caller = established(OK, "stay", later={"INVITE": [accept]})
        bench.receive(caller.invite())
        (refused,) = bench.receive(caller.invite())
        bench.receive(caller.ack_refusal(refused))
        call, transaction = held[0]
        call.respond(transaction, OK)  # type: ignore[attr-defined]
        bench.run(0.0)
        bench._collect()
        assert (bench.sent[-1].status, bench.sent[-1]["CSeq"]) == (200, "2 INVITE")

    def test_491_while_ours_is_open(self) -> None:
        # "A UAS that receives an INVITE on a dialog while an INVITE it had sent on that dialog is in progress MUST
        # return a 491 (Request Pending)"
        bench, caller = established(OK, "ack", Order("INVITE"), "stay")
        assert bench.sent[-1].what == "INVITE"
        assert whats(bench.receive(caller.invite())) == ["491"]

    @pytest.mark.parametrize("answer", [200, 486, 408])
    def test_not_once_ours_has_its_answer(self, answer: int) -> None:
        bench = Bench(OK, "ack", Order("INVITE"), "stay")
        caller = Caller()
        bench.peers["INVITE"] = answer
        bench.peers["BYE"] = 200
        bench.call(caller)
        expected = "200" if answer != 408 else "481"
        assert whats(bench.receive(caller.invite())) == [expected]

    def test_a_retransmission_is_none(self) -> None:
        bench, caller = established(OK, "stay", later={"INVITE": [RINGING]})
        data = caller.invite()
        bench.receive(data)
        assert whats(bench.receive(data)) == ["180"]

    def test_two_at_once_in_two_dialogs(self) -> None:
        bench = Bench(OK, "stay", later={"INVITE": [RINGING]})
        callers = [Caller(1), Caller(2)]
        for caller in callers:
            bench.call(caller)
        for caller in callers:
            assert whats(bench.receive(caller.invite())) == ["180"]


class TestUpdate:
    """RFC 3311 section 5.2."""

    def test_500_where_an_earlier_one_is_open(self) -> None:
        bench, caller = established(OK, "stay", later={"UPDATE": []})
        assert bench.receive(caller.request("UPDATE")) == []
        (sent,) = bench.receive(caller.request("UPDATE"))
        assert (sent.status, bool(sent["Retry-After"])) == (500, True)

    def test_in_an_early_dialog(self) -> None:
        bench, caller = Bench(RINGING, "stay"), Caller()
        tag = bench.receive(caller.invite())[0].message.to_tag
        (sent,) = bench.receive(caller.request("UPDATE", to_tag=tag))
        assert sent.status == 200
        assert sent["Contact"]


class TestTargetRefresh:
    """12.2.2: target refresh requests replace the remote target, others do not."""

    def target(self, method: str, *steps: object, **more: object) -> str:
        """The Request-URI of our BYE after such a request with a new Contact."""
        bench, caller = Bench(OK, 1.0, Order("BYE"), **more), Caller()  # type: ignore[arg-type]
        bench.call(caller)
        caller.contact = "<sip:new@192.0.2.99:7000>"
        fields = {"REFER": ["Refer-To: <sip:c@d>"], "SUBSCRIBE": ["Event: presence"]}.get(method, [])
        sent = bench.receive(caller.request(method, *fields, contact=True))
        if method == "INVITE" and sent and sent[0].status < 300:
            caller.invited = (caller.cseq, caller.last_branch)
            bench.receive(caller.ack())
        bye = next(one for one in bench.run(1.0) if one.what == "BYE")
        return bye.request.uri

    @pytest.mark.parametrize("method", ["INVITE", "UPDATE", "SUBSCRIBE", "REFER"])
    def test_refreshed(self, method: str) -> None:
        assert self.target(method) == "sip:new@192.0.2.99:7000"

    @pytest.mark.parametrize("method", ["INFO", "OPTIONS", "MESSAGE"])
    def test_not_by_other_methods(self, method: str) -> None:
        assert self.target(method) == "sip:alice@192.0.2.10:5062"

    @pytest.mark.parametrize("method", ["INVITE", "UPDATE"])
    def test_not_where_it_is_rejected(self, method: str) -> None:
        # 12.2.2: "If the request is rejected, none of the state changes are performed"
        assert self.target(method, later={method: [Reply(488)]}) == "sip:alice@192.0.2.10:5062"

    def test_not_without_contact(self) -> None:
        bench, caller = Bench(OK, 1.0, Order("BYE")), Caller()
        bench.call(caller)
        bench.receive(caller.request("UPDATE", contact=False))
        assert bench.run(1.0)[0].request.uri == "sip:alice@192.0.2.10:5062"


class TestOtherRequests:
    """12.2.2: what does not change the dialog is "processed as if ... outside"."""

    @pytest.mark.parametrize("method", ["OPTIONS", "INFO", "MESSAGE"])
    def test_answered_by_the_core(self, method: str) -> None:
        bench, caller = established()
        (sent,) = bench.receive(caller.request(method))
        assert (sent.status, sent.message.to_tag) == (200, caller.to_tag)

    def test_options_within_a_dialog(self) -> None:
        bench, caller = established()
        sent = bench.receive(caller.request("OPTIONS"))[0]
        assert sent["Allow"]
        assert bench.engine.busy == 1

    def test_notify_without_subscription(self) -> None:
        # RFC 6665 4.1.3
        bench, caller = established()
        data = caller.request("NOTIFY", "Event: presence", "Subscription-State: active")
        assert whats(bench.receive(data)) == ["481"]
        assert whats(bench.receive(caller.request("INFO"))) == ["200"]

    def test_the_script_sees_each_once(self) -> None:
        bench, caller = established(OK, "stay", later={"INFO": [Reply(200)]})
        data = caller.request("INFO")
        for _ in range(3):
            bench.receive(data)
        assert bench.seen.count(("request", "INFO")) == 1

    def test_100_rules_hold_within_a_dialog(self) -> None:
        bench, caller = established(OK, "stay", later={"INFO": []})
        bench.receive(caller.request("INFO"))
        assert whats(bench.run(3.4)) == []
        assert whats(bench.run(0.2)) == ["100"]
