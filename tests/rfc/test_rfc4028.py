"""RFC 4028 as the refresher and as the one who waits for it, beyond the plain cases of uas/test_session_timer."""

from __future__ import annotations

import gc

import pytest
from bench import OFFER, OK, RINGING, Bench, Caller, Sent, reply_to, whats

from responder.sip.sdp import Session
from responder.uas.call import Call
from responder.uas.script import Reply

BY_US = ("Supported: timer", "Session-Expires: 100;refresher=uas")
BY_PEER = ("Supported: timer", "Session-Expires: 100;refresher=uac")
UPDATE_ALLOWED = "Allow: INVITE, ACK, BYE, CANCEL, UPDATE"


def established(*fields: str, **more: object) -> tuple[Bench, Caller, Sent]:
    bench, caller = Bench(OK, **more), Caller()  # type: ignore[arg-type]
    bench.peers["BYE"] = 200
    accepted = bench.receive(caller.invite(*fields))[-1]
    caller.heard(accepted)
    bench.receive(caller.ack())
    return bench, caller, accepted


def accept(*fields: str, body: bytes = b"") -> object:
    """The far end takes a refresh; these fields in its 2xx."""
    contact = "Contact: <sip:alice@192.0.2.10:5062>"
    return lambda sent: reply_to(sent, 200, contact, *fields, body=body or (OFFER if sent.what == "INVITE" else b""))


class TestProcessing2xx:
    """7.2: what the 2xx to our refresh says counts."""

    def test_its_interval_is_the_session_interval(self) -> None:
        # "the value of the delta-time from the Session-Expires header field in the most recent 2xx response"
        bench, _, _ = established(*BY_US, UPDATE_ALLOWED)
        bench.peers["UPDATE"] = accept("Require: timer", "Session-Expires: 400;refresher=uac")  # type: ignore[assignment]
        assert [one.time for one in bench.run(460.0)] == pytest.approx([50.0, 250.0, 450.0], abs=1.0)

    def test_its_refresher_is_the_refresher(self) -> None:
        # "The UAC MUST set the identity of the refresher to the value of this parameter"
        bench, caller, _ = established(*BY_US, UPDATE_ALLOWED)
        bench.peers["UPDATE"] = accept("Require: timer", "Session-Expires: 300;refresher=uas")  # type: ignore[assignment]
        assert whats(bench.run(51.0)) == ["UPDATE"]
        assert bench.run(190.0) == []
        # now the peer refreshes in its turn, or gets a BYE
        bench.receive(caller.request("UPDATE", "Supported: timer", "Session-Expires: 300;refresher=uac"))
        assert bench.run(200.0) == []
        assert whats(bench.run(100.0)) == ["BYE"]


class TestSubsequentRefreshes:
    """7.4."""

    def test_the_interval_is_repeated(self) -> None:
        bench, _, _ = established(*BY_US, UPDATE_ALLOWED)
        refresh = bench.run(51.0)[0]
        assert str(refresh["Session-Expires"]).split(";")[0] == "100"
        assert "timer" in refresh.message.supported

    def test_min_se_of_the_peer_is_repeated(self) -> None:
        # "The UAC MUST insert the Min-SE header field ... if it has received a session refresh request on that dialog
        # that contained a Min-SE header field"
        bench, _, _ = established(*BY_US, "Min-SE: 95", UPDATE_ALLOWED)
        refresh = bench.run(51.0)[0]
        assert str(refresh["Min-SE"]) == "95"

    def test_no_offer_in_an_update(self) -> None:
        # "It is RECOMMENDED that the UPDATE request not contain an offer"
        bench, _, _ = established(*BY_US, UPDATE_ALLOWED)
        assert bench.run(51.0)[0].message.body == b""

    def test_an_unchanged_offer_in_a_reinvite(self) -> None:
        # "In that case, the offer MUST indicate that it has not changed. In the case of SDP, this is accomplished by
        # including the same value for the origin field as did previous SDP messages to its peer"
        bench, _, accepted = established(*BY_US)
        bench.peers["INVITE"] = accept("Require: timer", "Session-Expires: 100;refresher=uac")  # type: ignore[assignment]
        refresh = bench.run(51.0)[0]
        assert refresh.what == "INVITE"
        assert refresh.message.body == accepted.message.body

    def test_an_unchanged_answer_to_a_refresh(self) -> None:
        # "The same is true for an answer exchanged as a result of a session refresh request; if it has not changed,
        # that MUST be indicated"
        bench, caller, accepted = established(*BY_PEER)
        bench.run(40.0)
        (again,) = bench.receive(caller.invite(*BY_PEER))
        assert again.message.body == accepted.message.body

    def test_a_changed_answer_says_so(self) -> None:
        bench, caller, accepted = established(*BY_PEER)
        (again,) = bench.receive(caller.invite(*BY_PEER, body=OFFER + b"a=sendonly\r\n"))
        before, after = (Session.parse(one.message.body.decode()).origin for one in (accepted, again))
        assert (after.session_id, after.version) == (before.session_id, before.version + 1)


class TestPerformingRefreshes:
    """Section 10."""

    @pytest.mark.parametrize("status", [408, 481])
    def test_408_and_481_mean_bye(self, status: int) -> None:
        # "If the session refresh request transaction times out or generates a 408 or 481 response, then the UAC sends a
        # BYE request as per Section 12.2.1.2 of RFC 3261"
        bench, _, _ = established(*BY_US, UPDATE_ALLOWED)
        bench.peers["UPDATE"] = status
        assert whats(bench.run(51.0)) == ["UPDATE", "BYE"]
        bench.drain()

    def test_silence_means_bye(self) -> None:
        bench, _, _ = established(*BY_US, UPDATE_ALLOWED)
        sent = bench.run(95.0)
        assert set(whats(sent)) == {"UPDATE", "BYE"}
        assert sent[-1].what == "BYE"
        bench.drain()

    @pytest.mark.parametrize("allowed", [True, False], ids=["UPDATE", "INVITE"])
    def test_491_is_tried_again(self, allowed: bool) -> None:
        # "the UAC SHOULD follow the rules specific to that response code and retry if possible" (RFC 3261 14.1, 491)
        bench, _, _ = established(*BY_US, *([UPDATE_ALLOWED] if allowed else []))
        tried: list[float] = []

        def answer(sent: Sent) -> bytes:
            tried.append(sent.time)
            return reply_to(sent, 491) if len(tried) == 1 else accept(body=OFFER)(sent)  # type: ignore[operator]

        bench.peers["UPDATE"] = bench.peers["INVITE"] = answer
        sent = bench.run(66.0)
        assert len(tried) >= 2
        assert tried[1] - tried[0] < 10.0
        assert "BYE" not in whats(sent)

    def test_the_same_error_is_not_asked_for_again_and_again(self) -> None:
        bench, _, _ = established(*BY_US, UPDATE_ALLOWED)
        bench.peers["UPDATE"] = 403
        assert whats(bench.run(300.0)).count("UPDATE") <= 2
        assert bench.sent[-1].what == "BYE"

    def test_no_invite_of_ours_while_one_of_the_peer_is_open(self) -> None:
        # RFC 3261 14.1: "a UAC MUST NOT initiate a new INVITE transaction within a dialog while another INVITE
        # transaction is in progress in either direction"
        bench, caller = Bench(OK, "stay", later={"INVITE": [RINGING]}), Caller()
        caller.heard(bench.receive(caller.invite(*BY_US))[-1])
        bench.receive(caller.ack())
        bench.run(45.0)
        assert whats(bench.receive(caller.invite(*BY_US))) == ["180"]
        assert "INVITE" not in whats(bench.run(10.0))

    def test_the_bye_comes_before_the_end(self) -> None:
        # "The minimum of 32 seconds and one third of the session interval is RECOMMENDED"
        for interval, due in ((90, 60.0), (300, 268.0)):
            bench, _, _ = established("Supported: timer", f"Session-Expires: {interval};refresher=uac")
            (bye,) = bench.run(400.0)
            assert (bye.what, bye.time) == ("BYE", pytest.approx(due, abs=1.0))

    def test_a_reinvite_for_another_purpose_refreshes_too(self) -> None:
        # 7.2: "will also have the effect of refreshing the session"
        bench, caller, _ = established(*BY_PEER)
        bench.run(50.0)
        bench.receive(caller.invite(*BY_PEER, body=OFFER + b"a=sendonly\r\n"))
        bench.receive(caller.ack())
        assert bench.run(60.0) == []
        assert whats(bench.run(20.0)) == ["BYE"]

    def test_a_refused_refresh_of_the_peer_refreshes_nothing(self) -> None:
        # "only a 2xx response to a session refresh request extends the session expiration"
        bench, caller, _ = established(*BY_PEER)
        bench.run(50.0)
        (refused,) = bench.receive(caller.invite(*BY_PEER, "Require: nothing"))
        bench.receive(caller.ack_refusal(refused))
        assert whats(bench.run(30.0)) == ["BYE"]


class TestForks:
    def test_each_dialog_has_its_own_timer(self) -> None:
        one, two = Reply(200, to_tag="one"), Reply(200, to_tag="two")
        bench, caller = Bench(one, two), Caller()
        bench.peers["BYE"] = 200
        bench.receive(caller.invite(*BY_PEER))
        for tag in ("one", "two"):
            bench.receive(caller.ack(to_tag=tag))
        bench.run(50.0)
        bench.receive(caller.request("UPDATE", *BY_PEER, to_tag="two"))
        assert [one.message.from_tag for one in bench.run(50.0) if one.what == "BYE"] == ["one"]
        assert [one.message.from_tag for one in bench.run(50.0) if one.what == "BYE"] == ["two"]
        bench.drain()


class TestEnd:
    """A session timer of half an hour does not keep a call in memory that took a second."""

    @pytest.mark.parametrize("fields", [BY_US, BY_PEER, ()], ids=["ours", "theirs", "none"])
    def test_the_call_is_let_go_of(self, fields: tuple[str, ...]) -> None:
        bench = Bench(OK, observer=0)
        for number in range(5):
            caller = Caller(number)
            caller.heard(bench.receive(caller.invite(*[field.replace("100", "1800") for field in fields]))[-1])
            bench.receive(caller.ack())
            bench.receive(caller.bye())
        bench.run(100.0)
        gc.collect()
        assert [thing for thing in gc.get_objects() if type(thing) is Call] == []
