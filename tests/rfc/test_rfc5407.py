"""The race conditions of RFC 5407 in which the callee (we) has to do the right thing."""

from __future__ import annotations

from bench import NEW_OFFER, OFFER, OK, RINGING, Bench, Caller, reply_to, times, whats

from responder.uas.script import Order, Reply


class TestMoratorium:
    """3.1: the 2xx is sent, its ACK has not come."""

    def test_3_1_1_initial_invite_retransmission(self) -> None:
        # the INVITE comes again after the 200: it is absorbed (RFC 6026), the 200 goes on by itself
        bench, caller = Bench(RINGING, OK), Caller()
        data = caller.invite()
        caller.heard(bench.receive(data)[-1])
        assert bench.receive(data) == []
        assert times(bench.run(2.0)) == [0.5, 1.5]
        bench.receive(caller.ack())
        assert whats(bench.receive(caller.bye())) == ["200"]
        bench.drain()

    def test_3_1_2_cancel(self) -> None:
        # "200 (OK) to the CANCEL ... the dialog is established"; then BYE
        bench, caller = Bench(RINGING, OK), Caller()
        accepted = bench.receive(caller.invite())[-1]
        cancel = caller.cancel()
        assert whats(bench.receive(cancel)) == ["200"]
        caller.heard(accepted)
        bench.receive(caller.ack())
        assert whats(bench.receive(caller.bye())) == ["200"]
        bench.drain()

    def test_3_1_3_bye_of_the_early_state(self) -> None:
        # the caller says BYE before the 200 reaches it: 200 to BYE, the 2xx is sent no more
        bench, caller = Bench(RINGING, OK), Caller()
        ringing = bench.receive(caller.invite())[0]
        bye = caller.bye(to_tag=ringing.message.to_tag)
        assert whats(bench.receive(bye)) == ["200"]
        ack = caller.ack(to_tag=ringing.message.to_tag)
        assert bench.receive(ack) == []
        assert bench.run(60.0) == []
        bench.drain()

    def test_3_1_4_reinvite_after_a_lost_ack(self) -> None:
        # the ACK was lost: a re-INVITE tells that the 200 arrived
        bench, caller = Bench(OK), Caller()
        caller.heard(bench.receive(caller.invite())[0])
        ack = caller.ack()
        (sent,) = bench.receive(caller.invite(body=NEW_OFFER))
        bench.receive(ack)
        if sent.status < 300:
            assert times(bench.run(2.0)) == [0.5, 1.5], "only the new 2xx"
            bench.receive(caller.ack())
        else:
            # "491 or 500 with Retry-After"
            assert sent.status in (491, 500)
            bench.receive(caller.ack_refusal(sent))
        assert bench.run(40.0) == []
        assert whats(bench.receive(caller.bye())) == ["200"]

    def test_3_1_6_bye(self) -> None:
        # BYE overtakes the ACK
        bench, caller = Bench(OK), Caller()
        caller.heard(bench.receive(caller.invite())[0])
        ack = caller.ack()
        assert whats(bench.receive(caller.bye())) == ["200"]
        assert bench.receive(ack) == []
        assert bench.run(60.0) == []
        assert [event.outcome for event in bench.ended] == ["completed"]
        bench.drain()


class TestMortal:
    """3.2: a BYE is under way."""

    def test_3_2_1_bye_crossing(self) -> None:
        # both say BYE: each answers the other's, and both are done
        bench, caller = Bench(OK, "ack", Order("BYE")), Caller()
        bench.call(caller)
        ours = bench.sent[-1]
        assert ours.what == "BYE"
        (answer,) = bench.receive(caller.bye())
        assert answer.status in (200, 481)
        bench.receive(reply_to(ours, 200))
        bench.drain()
        assert len([event for event in bench.ended if event.method == "INVITE"]) == 1

    def test_3_2_2_reinvite(self) -> None:
        # "the UAS ... should respond with 481"; any final response ends it
        bench, caller = Bench(OK, "ack", Order("BYE")), Caller()
        bench.call(caller)
        ours = bench.sent[-1]
        sent = bench.receive(caller.invite(body=NEW_OFFER))
        assert sent[0].status >= 200
        if sent[0].status >= 300:
            bench.receive(caller.ack_refusal(sent[0]))
        else:
            bench.receive(caller.ack())
        bench.receive(reply_to(ours, 200))
        bench.drain()

    def test_3_2_3_200_for_our_reinvite(self) -> None:
        # the peer's BYE and its 200 to our re-INVITE cross: the 200 gets its ACK all the same
        bench, caller = Bench(OK, "ack", Order("INVITE"), "stay"), Caller()
        bench.call(caller)
        ours = bench.sent[-1]
        assert ours.what == "INVITE"
        assert whats(bench.receive(caller.bye())) == ["200"]
        data = reply_to(ours, 200, "Contact: <sip:alice@192.0.2.10:5062>", body=NEW_OFFER)
        assert whats(bench.receive(data)) == ["ACK"]
        bench.drain()

    def test_3_2_4_ack(self) -> None:
        bench, caller = Bench(OK), Caller()
        caller.heard(bench.receive(caller.invite())[0])
        ack = caller.ack()
        bench.receive(caller.bye())
        assert bench.receive(ack) == []
        bench.drain()


class TestCrossover:
    """3.3."""

    def test_3_3_1_reinvite_crossover(self) -> None:
        # both get 491; ours is then free to try again
        bench, caller = Bench(OK, "ack", Order("INVITE"), 5.0, Order("INVITE"), "stay"), Caller()
        bench.call(caller)
        ours = bench.sent[-1]
        (refused,) = bench.receive(caller.invite(body=NEW_OFFER))
        assert refused.status == 491
        assert whats(bench.receive(reply_to(ours, 491))) == ["ACK"]
        bench.receive(caller.ack_refusal(refused))
        assert whats(bench.run(5.0)) == ["INVITE"]

    def test_3_3_2_update_and_reinvite_crossover(self) -> None:
        # an UPDATE with an offer meets our INVITE with an offer: 491
        bench, caller = Bench(OK, "ack", Order("INVITE"), "stay"), Caller()
        bench.call(caller)
        assert bench.sent[-1].what == "INVITE"
        assert whats(bench.receive(caller.request("UPDATE", body=NEW_OFFER))) == ["491"]

    def test_3_3_3_refer_in_the_mortal_state(self) -> None:
        bench, caller = Bench(OK, "ack", Order("BYE")), Caller()
        bench.peers["NOTIFY"] = 200
        bench.call(caller)
        ours = next(one for one in bench.sent if one.what == "BYE")
        (first, *_) = bench.receive(caller.request("REFER", "Refer-To: <sip:c@d>"))
        assert first.status >= 200
        bench.receive(reply_to(ours, 200))
        bench.drain()


class TestLostMessages:
    """The same with loss: every message of the peer comes twice, or late."""

    def test_a_call_in_which_everything_comes_twice(self) -> None:
        bench, caller = Bench(RINGING, 1.0, OK), Caller()
        data = caller.invite()
        assert len(bench.receive(data) + bench.receive(data)) == 2
        caller.heard(bench.run(1.0)[-1])
        ack = caller.ack()
        assert bench.receive(ack) + bench.receive(ack) == []
        reinvite = caller.invite(body=NEW_OFFER)
        assert len(bench.receive(reinvite) + bench.receive(reinvite)) == 1
        ack = caller.ack()
        assert bench.receive(ack) + bench.receive(ack) == []
        bye = caller.bye()
        assert len(bench.receive(bye) + bench.receive(bye)) == 2
        assert len(bench.ended) == 1
        bench.drain()

    def test_a_reliable_call_in_which_everything_comes_twice(self) -> None:
        bench, caller = Bench(Reply(183, sdp=True, reliable=True), OK), Caller()
        data = caller.invite("Supported: 100rel", body=OFFER)
        early = bench.receive(data)[0]
        bench.receive(data)
        prack = caller.prack(early)
        sent = bench.receive(prack)
        assert whats(sent) == ["200", "200"]
        assert [one["CSeq"] for one in bench.receive(prack)] == ["2 PRACK"]
        caller.heard(sent[1])
        bench.receive(caller.ack())
        bench.receive(caller.bye())
        bench.drain()
