"""Offers and answers in calls: RFC 3261 sections 13.2.1 and 13.3.1, RFC 3264, RFC 3262 section 5, RFC 3311."""

from __future__ import annotations

import itertools
import re
from typing import Any

import pytest
from bench import (
    HOPELESS_OFFER,
    NEW_OFFER,
    OFFER,
    OK,
    PROGRESS,
    RINGING,
    SDP,
    Bench,
    Caller,
    Sent,
    reply_to,
    whats,
)

from responder.sip.sdp import Session
from responder.uas.script import Order, Reply

RELIABLE = "Supported: 100rel"
HOLD_OFFER = NEW_OFFER + b"a=sendonly\r\n"
"""An offer whose answer differs from that to the plain one."""


def described(sent: Sent) -> Session:
    """The session description of a message."""
    assert sent["Content-Type"] == SDP
    return Session.parse(sent.message.body.decode())


def version(sent: Sent) -> int:
    return described(sent).origin.version


class TestInviteWithOffer:
    """13.3.1.4: "the 2xx MUST contain an answer"."""

    def test_the_answer_is_in_the_2xx(self) -> None:
        ringing, accepted = Bench().receive(Caller().invite())
        assert ringing.message.body == b""
        session = described(accepted)
        assert [(stream.kind, stream.port, stream.formats) for stream in session.media] == [
            ("audio", 40000, ("0", "8"))
        ]
        assert session.connection is not None
        assert session.connection.address == "127.0.0.1"

    @pytest.mark.parametrize("status", [200, 202, 299])
    def test_in_any_2xx(self, status: int) -> None:
        assert described(Bench(Reply(status)).receive(Caller().invite())[0]).media

    def test_early_media_and_2xx_carry_the_same(self) -> None:
        # 13.2.1: "the UAC MUST treat the first session description it receives as the answer", any other is a copy
        early, accepted = Bench(PROGRESS, OK).receive(Caller().invite())
        assert early.message.body == accepted.message.body

    def test_a_refusal_carries_none(self) -> None:
        assert Bench(Reply(486)).receive(Caller().invite())[0].message.body == b""

    def test_no_media_no_description(self) -> None:
        (sent,) = Bench(OK, media=False).receive(Caller().invite())
        assert sent.message.body == b""
        assert sent["Content-Type"] is None


class TestInviteWithoutOffer:
    """13.3.1.4: "the 2xx MUST contain an offer if the UAS had not yet sent an offer"."""

    def test_the_offer_is_in_the_2xx(self) -> None:
        ringing, accepted = Bench().receive(Caller().invite(body=b""))
        assert ringing.message.body == b""
        assert described(accepted).media[0].kind == "audio"

    def test_the_answer_comes_in_the_ack(self) -> None:
        bench, caller = Bench(OK, "stay"), Caller()
        caller.heard(bench.receive(caller.invite(body=b""))[0])
        assert bench.receive(caller.ack(body=OFFER)) == []
        assert bench.run(10.0) == []
        assert whats(bench.receive(caller.bye())) == ["200"]

    def test_an_early_offer_and_the_2xx_are_the_same(self) -> None:
        early, accepted = Bench(PROGRESS, OK).receive(Caller().invite(body=b""))
        assert early.message.body == accepted.message.body

    def test_a_body_that_is_no_session_description(self) -> None:
        bench = Bench(OK, unchecked=["content"])
        (sent,) = bench.receive(Caller().invite(body=b"<x/>", content_type="application/xml"))
        assert described(sent).media


class TestReliableProvisional:
    """RFC 3262 section 5."""

    def test_the_first_reliable_response_to_an_offerless_invite_has_the_offer(self) -> None:
        # "one MUST appear in that reliable provisional response"
        bench, caller = Bench(Reply(180, reliable=True), 1.0, OK, "stay"), Caller()
        (ringing,) = bench.receive(caller.invite(RELIABLE, body=b""))
        assert described(ringing).media
        (answer,) = bench.receive(caller.prack(ringing, body=OFFER))
        assert answer.status == 200
        (accepted,) = bench.run(1.0)
        assert accepted.message.body == b"", "offer and answer were exchanged already"

    def test_the_answer_in_a_prack_gets_no_answer(self) -> None:
        # "it MUST generate an answer in the PRACK": that is no offer, so the 2xx has nothing to say to it
        bench, caller = Bench(Reply(180, reliable=True), "stay"), Caller()
        (ringing,) = bench.receive(caller.invite(RELIABLE, body=b""))
        (answer,) = bench.receive(caller.prack(ringing, body=OFFER))
        assert (answer.status, answer.message.body) == (200, b"")

    def test_an_offer_in_a_prack_gets_its_answer_in_the_2xx(self) -> None:
        # "If the UAS receives a PRACK with an offer, it MUST place the answer in the 2xx to the PRACK"
        bench, caller = Bench(Reply(183, sdp=True, reliable=True), "stay"), Caller()
        (early,) = bench.receive(caller.invite(RELIABLE))
        (answer,) = bench.receive(caller.prack(early, body=HOLD_OFFER))
        assert answer.status == 200
        assert described(answer).media
        assert version(answer) == version(early) + 1

    def test_a_prack_without_offer_gets_none(self) -> None:
        bench, caller = Bench(Reply(183, sdp=True, reliable=True), "stay"), Caller()
        (early,) = bench.receive(caller.invite(RELIABLE))
        assert bench.receive(caller.prack(early))[0].message.body == b""

    def test_the_answer_in_a_reliable_response_is_not_repeated_in_the_2xx(self) -> None:
        bench, caller = Bench(Reply(183, sdp=True, reliable=True), 1.0, OK), Caller()
        (early,) = bench.receive(caller.invite(RELIABLE))
        bench.receive(caller.prack(early))
        assert bench.run(1.0)[0].message.body == b""

    def test_a_reliable_response_without_description_leaves_it_to_the_2xx(self) -> None:
        bench, caller = Bench(Reply(180, reliable=True), 1.0, OK), Caller()
        (ringing,) = bench.receive(caller.invite(RELIABLE))
        assert ringing.message.body == b""
        bench.receive(caller.prack(ringing))
        assert described(bench.run(1.0)[0]).media


class TestReinvite:
    """Section 14.2, RFC 3264 section 8."""

    def test_every_offer_gets_an_answer(self) -> None:
        bench, caller = Bench(OK), Caller()
        first = bench.call(caller)[-1]
        sent = bench.receive(caller.invite(body=NEW_OFFER))
        assert whats(sent) == ["200"]
        session, before = described(sent[0]), described(first)
        assert session.origin.session_id == before.origin.session_id
        assert session.origin.username == before.origin.username

    def test_the_version_goes_up_by_one(self) -> None:
        # RFC 3264 section 8: "the version in the origin field MUST increment by one from the previous SDP"
        bench, caller = Bench(OK), Caller()
        versions = [version(bench.call(caller)[-1])]
        for direction in (b"sendonly", b"inactive", b"recvonly"):
            versions.append(version(bench.receive(caller.invite(body=NEW_OFFER + b"a=%b\r\n" % direction))[0]))
            bench.receive(caller.ack())
        assert [b - a for a, b in itertools.pairwise(versions)] == [1, 1, 1]

    def test_also_past_an_offer_that_was_refused(self) -> None:
        bench, caller = Bench(OK), Caller()
        before = version(bench.call(caller)[-1])
        (refused,) = bench.receive(caller.invite(body=HOPELESS_OFFER))
        assert refused.status == 488
        bench.receive(caller.ack_refusal(refused))
        assert version(bench.receive(caller.invite(body=HOLD_OFFER))[0]) == before + 1

    def test_without_offer_the_2xx_has_one(self) -> None:
        bench, caller = Bench(OK), Caller()
        before = version(bench.call(caller)[-1])
        (sent,) = bench.receive(caller.invite(body=b""))
        assert version(sent) == before + 1

    def test_hold_is_mirrored(self) -> None:
        bench, caller = Bench(OK), Caller()
        bench.call(caller)
        (sent,) = bench.receive(caller.invite(body=HOLD_OFFER))
        assert described(sent).media[0].direction == "recvonly"

    def test_responses_to_one_invite_share_a_version(self) -> None:
        bench, caller = Bench(OK, "stay", later={"INVITE": [PROGRESS, OK]}), Caller()
        bench.call(caller)
        early, accepted = bench.receive(caller.invite(body=NEW_OFFER))
        assert early.message.body == accepted.message.body

    def test_ours_counts_on(self) -> None:
        bench, caller = Bench(OK, "ack", Order("INVITE", sdp="sendonly"), "stay"), Caller()
        bench.peers["INVITE"] = lambda sent: reply_to(sent, 200, "Contact: <sip:alice@192.0.2.10:5062>", body=NEW_OFFER)
        first = bench.call(caller)[-1]
        ours = next(one for one in bench.sent if one.what == "INVITE")
        assert described(ours).origin.session_id == described(first).origin.session_id
        assert version(ours) == version(first) + 1

    def test_ours_without_a_change_says_the_same_again(self) -> None:
        # RFC 3264 section 8: "If the origin field is unchanged, the two SDP MUST be identical"
        bench, caller = Bench(OK, "ack", Order("INVITE"), "stay"), Caller()
        first = bench.call(caller)[-1]
        assert bench.sent[-1].message.body == first.message.body

    def test_ours_keeps_every_stream_in_its_place(self) -> None:
        # RFC 3264 section 8: "the new SDP MUST have a matching media stream for each media stream in the previous SDP"
        bench, caller = Bench(OK, "ack", Order("INVITE", sdp="inactive"), "stay"), Caller()
        bench.peers["INVITE"] = 200
        offer = OFFER.replace(b"m=audio", b"m=application 9 TCP/BFCP *\r\nm=audio")
        first = bench.call(caller, body=offer)[-1]
        ours = next(one for one in bench.sent if one.what == "INVITE")
        was, now = described(first), described(ours)
        assert [(media.kind, media.port, media.formats) for media in now.media] == [
            (media.kind, media.port, media.formats) for media in was.media
        ]
        assert [now.direction_of(media) for media in now.media if media.port] == ["inactive"]

    def test_ours_goes_on_from_what_the_author_wrote(self) -> None:
        head = "v=0\r\no=me 7 41 IN IP4 192.0.2.1\r\ns=-\r\nc=IN IP4 192.0.2.1\r\nt=0 0\r\na=recvonly\r\n"
        text = head + "m=audio 9000 RTP/AVP 8\r\n"
        steps = (Reply(200, sdp=text), "ack", Order("INVITE", sdp="sendonly"), "stay")
        bench, caller = Bench(*steps), Caller()
        bench.call(caller)
        ours = described(bench.sent[-1])
        assert (ours.origin.session_id, ours.origin.version) == (7, 42)
        assert [(media.port, ours.direction_of(media)) for media in ours.media] == [(9000, "sendonly")]

    def test_each_call_of_ours_goes_on_from_its_own(self) -> None:
        def place(call: Any, transaction: Any) -> None:
            call.answer(transaction)
            self.leg = call.place(Order("INVITE", sdp=False), "sip:carol@192.0.2.99")

        video = OFFER.replace(b"m=audio", b"m=text 9 RTP/AVP 98\r\nm=audio")
        bench, caller = Bench(OK, "ack", place, "stay"), Caller()
        bench.peers["INVITE"] = lambda sent: reply_to(sent, 200, "Contact: <sip:c@192.0.2.99>", body=video)
        bench.call(caller)
        call = next(iter(bench.engine._core.live.values()))
        call.send(Order("INVITE", sdp="sendonly"), dialog=call.dialogs[0])
        bench._collect()
        assert [media.kind for media in described(bench.sent[-2]).media] == ["audio"]
        call.send(Order("INVITE", sdp="sendonly"), dialog=self.leg.dialog)
        bench._collect()
        assert [media.kind for media in described(bench.sent[-2]).media] == ["text", "audio"]

    def test_two_calls_have_two_session_ids(self) -> None:
        # RFC 4566 section 5.2: globally unique
        bench = Bench(OK)
        found = {described(bench.receive(Caller(number).invite())[0]).origin.session_id for number in range(5)}
        assert len(found) == 5


class TestUpdate:
    """RFC 3311 sections 5.1 and 5.2."""

    def test_an_offer_gets_its_answer_in_the_2xx(self) -> None:
        bench, caller = Bench(OK), Caller()
        before = version(bench.call(caller)[-1])
        (sent,) = bench.receive(caller.request("UPDATE", body=HOLD_OFFER))
        assert (sent.status, version(sent)) == (200, before + 1)

    def test_without_offer_there_is_none(self) -> None:
        bench, caller = Bench(OK), Caller()
        bench.call(caller)
        assert bench.receive(caller.request("UPDATE"))[0].message.body == b""

    def test_488_for_an_offer_that_cannot_be_answered(self) -> None:
        bench, caller = Bench(OK), Caller()
        bench.call(caller)
        (sent,) = bench.receive(caller.request("UPDATE", body=HOPELESS_OFFER))
        assert sent.status == 488
        assert sent["Warning"]

    def test_500_while_the_offer_of_the_invite_has_no_answer(self) -> None:
        # "the UAS has received an offer (in an UPDATE, PRACK, or INVITE) to which it has not yet generated an answer,
        # the UAS MUST reject the UPDATE with a 500 response, and MUST include a Retry-After"
        bench, caller = Bench(RINGING, "stay"), Caller()
        ringing = bench.receive(caller.invite())[0]
        (sent,) = bench.receive(caller.request("UPDATE", body=NEW_OFFER, to_tag=ringing.message.to_tag))
        assert sent.status == 500
        assert 0 <= int(str(sent["Retry-After"])) <= 10

    def test_491_while_our_offer_has_no_answer(self) -> None:
        # "the UAS has generated an offer (in an UPDATE, PRACK or INVITE) to which it has not yet received an answer,
        # the UAS MUST reject the UPDATE with a 491 response"
        bench, caller = Bench(OK, "ack", Order("INVITE"), "stay"), Caller()
        bench.call(caller)
        assert bench.sent[-1].what == "INVITE"
        assert whats(bench.receive(caller.request("UPDATE", body=NEW_OFFER))) == ["491"]

    def test_491_while_our_update_has_no_answer(self) -> None:
        bench, caller = Bench(OK, "ack", Order("UPDATE", sdp=True), "stay"), Caller()
        bench.call(caller)
        assert bench.sent[-1].what == "UPDATE"
        assert whats(bench.receive(caller.request("UPDATE", body=NEW_OFFER))) == ["491"]

    def test_an_update_without_offer_is_always_welcome(self) -> None:
        bench, caller = Bench(RINGING, "stay"), Caller()
        ringing = bench.receive(caller.invite())[0]
        assert whats(bench.receive(caller.request("UPDATE", to_tag=ringing.message.to_tag))) == ["200"]

    def test_an_early_offer_after_a_reliable_answer(self) -> None:
        bench, caller = Bench(Reply(183, sdp=True, reliable=True), "stay"), Caller()
        (early,) = bench.receive(caller.invite(RELIABLE))
        bench.receive(caller.prack(early))
        (sent,) = bench.receive(caller.request("UPDATE", body=HOLD_OFFER, to_tag=early.message.to_tag))
        assert (sent.status, version(sent)) == (200, version(early) + 1)


class TestRefusedOffer:
    """13.3.1.3: "SHOULD return a 488 ... SHOULD include a Warning header field value explaining why"."""

    @pytest.mark.parametrize(
        ("offer", "code"),
        [
            (HOPELESS_OFFER, 305),
            (OFFER.replace(b"RTP/AVP", b"RTP/SAVP"), 302),
            (OFFER.replace(b"m=audio", b"m=video"), 304),
            (OFFER.replace(b"c=IN IP4 192.0.2.10", b"c=ATM NSAP 47"), 300),
        ],
    )
    def test_488_with_warning(self, offer: bytes, code: int) -> None:
        (sent,) = Bench(OK).receive(Caller().invite(body=offer))
        assert sent.status == 488
        assert re.fullmatch(rf'{code} 127\.0\.0\.1(:5060)? ".+"', str(sent["Warning"]))
        assert sent.message.body == b""

    def test_after_ringing(self) -> None:
        bench, caller = Bench(RINGING, OK), Caller()
        ringing, refused = bench.receive(caller.invite(body=HOPELESS_OFFER))
        assert refused.status == 488
        assert ringing.message.to_tag == refused.message.to_tag
        bench.receive(caller.ack_refusal(refused))
        bench.drain()

    def test_400_for_what_is_no_session_description(self) -> None:
        (sent,) = Bench(OK).receive(Caller().invite(body=b"v=0\r\nnonsense\r\n"))
        assert sent.status == 400
        assert "SDP" in str(sent.message.reason)  # type: ignore[attr-defined]

    def test_one_good_stream_is_enough(self) -> None:
        offer = OFFER + b"m=video 6002 RTP/AVP 31\r\n"
        (sent,) = Bench(OK).receive(Caller().invite(body=offer))
        assert [stream.port for stream in described(sent).media] == [40000, 0]

    def test_a_refused_reinvite_leaves_the_session(self) -> None:
        bench, caller = Bench(OK), Caller()
        bench.call(caller)
        (refused,) = bench.receive(caller.invite(body=HOPELESS_OFFER))
        assert refused.status == 488
        bench.receive(caller.ack_refusal(refused))
        assert whats(bench.receive(caller.request("INFO"))) == ["200"]
        assert whats(bench.receive(caller.bye())) == ["200"]
        bench.drain()

    def test_the_script_may_say_otherwise(self) -> None:
        assert whats(Bench(Reply(200, sdp=False)).receive(Caller().invite(body=HOPELESS_OFFER))) == ["200"]
        assert whats(Bench(Reply(200, sdp="v=0\r\n")).receive(Caller().invite(body=HOPELESS_OFFER))) == ["200"]


class TestMultipart:
    """RFC 5621: the offer as a part of a multipart body."""

    def parts(self, *parts: tuple[str, bytes], boundary: bytes = b"b1") -> bytes:
        text = b"".join(
            b"--%b\r\nContent-Type: %b\r\n\r\n%b\r\n" % (boundary, kind.encode(), content) for kind, content in parts
        )
        return text + b"--%b--\r\n" % boundary

    @pytest.mark.parametrize("content_type", ["multipart/mixed;boundary=b1", 'Multipart/Mixed; Boundary="b1"'])
    @pytest.mark.parametrize("first", [True, False])
    def test_it_is_found_and_answered(self, content_type: str, first: bool) -> None:
        parts = [(SDP, OFFER), ("application/isup", b"\x00\x01\r\n\r\n\xff")]
        body = self.parts(*(parts if first else parts[::-1]))
        (sent,) = Bench(OK).receive(Caller().invite(body=body, content_type=content_type))
        assert described(sent).media[0].formats == ("0", "8")

    def test_without_a_session_description_we_offer(self) -> None:
        body = self.parts(("text/plain", b"hello"))
        (sent,) = Bench(OK).receive(Caller().invite(body=body, content_type="multipart/mixed;boundary=b1"))
        assert sent.status in (200, 415)

    @pytest.mark.parametrize("content_type", ["multipart/mixed", "multipart/mixed;boundary=", 'multipart/x;boundary="'])
    def test_without_boundary(self, content_type: str) -> None:
        bench = Bench(OK)
        sent = bench.receive(Caller().invite(body=self.parts((SDP, OFFER)), content_type=content_type))
        assert sent[0].status in (200, 400, 415)
        bench.drain()
