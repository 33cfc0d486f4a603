"""RFC 3264: offers and answers."""

from __future__ import annotations

from typing import Any

import pytest
from bench import NEW_OFFER, OFFER, OK, RINGING, Bench, Caller, Sent, reply_to

from responder.uas.script import Order, Reply

from .judging import verdicts

VIDEO = b"m=video 6002 RTP/AVP 96\r\na=rtpmap:96 H264/90000\r\n"


def offered(sdp: str, answer: bytes, *, status: int = 200) -> dict[str, str]:
    """The verdicts when we offer this in a re-INVITE and the client answers so."""

    def answered(sent: Sent) -> bytes:
        return reply_to(sent, status, "Contact: <sip:alice@192.0.2.10:5062>", body=answer)

    bench, caller = Bench(RINGING, OK, "ack", 1.0, Order("INVITE", sdp=sdp), "stay"), Caller()
    bench.peers["INVITE"] = answered
    bench.call(caller)
    bench.run(2)
    return verdicts(bench)


def ours(*more: str, direction: str = "sendrecv", port: int = 40000) -> str:
    """An offer of ours."""
    lines = ["v=0", "o=- 1 1 IN IP4 127.0.0.1", "s=-", "c=IN IP4 127.0.0.1", "t=0 0"]
    return "\r\n".join([*lines, f"m=audio {port} RTP/AVP 0 8", f"a={direction}", *more, ""])


class TestAnswers:
    def test_a_right_one(self) -> None:
        found = offered(ours(direction="sendonly"), NEW_OFFER + b"a=recvonly\r\n")
        for rule in (
            "our-offer-is-answered-in-the-2xx",
            "answer-has-the-streams-of-the-offer",
            "answer-keeps-the-times",
            "answer-fits-the-direction",
            "answer-has-a-format-of-the-offer",
            "session-description-is-valid",
        ):
            assert found[rule] == "pass", rule

    def test_none(self) -> None:
        assert offered(ours(), b"")["our-offer-is-answered-in-the-2xx"] == "fail"

    @pytest.mark.parametrize(
        ("rule", "offer", "answer"),
        [
            ("answer-has-the-streams-of-the-offer", ours(), NEW_OFFER + VIDEO),
            ("answer-has-the-streams-of-the-offer", ours(), NEW_OFFER.replace(b"m=audio", b"m=video")),
            ("answer-keeps-the-times", ours(), NEW_OFFER.replace(b"t=0 0", b"t=1 2")),
            ("answer-fits-the-direction", ours(direction="sendonly"), NEW_OFFER + b"a=sendrecv\r\n"),
            ("answer-fits-the-direction", ours(direction="inactive"), NEW_OFFER),
            ("answer-has-a-format-of-the-offer", ours(), NEW_OFFER.replace(b" 0 8", b" 3").partition(b"a=")[0]),
            ("session-description-is-valid", ours(), NEW_OFFER.replace(b"m=audio", b"m=")),
        ],
    )
    def test_wrong_ones(self, rule: str, offer: str, answer: bytes) -> None:
        assert offered(offer, answer)[rule] == "fail"

    @pytest.mark.parametrize(("port", "verdict"), [(b"0", "pass"), (b"6010", "fail")])
    def test_a_stream_that_is_refused(self, port: bytes, verdict: str) -> None:
        answer = NEW_OFFER.replace(b"6010", port)
        assert offered(ours(port=0), answer)["stream-of-port-zero-stays-refused"] == verdict


def changed(body: bytes, *, first: bytes = OFFER, **more: Any) -> dict[str, str]:
    """The verdicts when the client makes a new offer in a call."""
    bench, caller = Bench(RINGING, OK, "stay", **more), Caller()
    bench.call(caller, body=first)
    bench.run(1)
    bench.receive(caller.invite(body=body))
    bench.receive(caller.ack())
    return verdicts(bench)


class TestNewOffers:
    @pytest.mark.parametrize(
        ("body", "verdict"),
        [
            (OFFER, "pass"),
            (NEW_OFFER, "pass"),
            (NEW_OFFER.replace(b"alice 1 2 ", b"alice 1 1 "), "fail"),
            (NEW_OFFER.replace(b"alice 1 2 ", b"alice 1 9 "), "fail"),
            (NEW_OFFER.replace(b"alice 1 2 ", b"alice 7 2 "), "fail"),
        ],
    )
    def test_versions(self, body: bytes, verdict: str) -> None:
        assert changed(body)["offer-version-rises-by-one"] == verdict

    @pytest.mark.parametrize(("body", "verdict"), [(NEW_OFFER + VIDEO, "pass"), (NEW_OFFER, "fail")])
    def test_streams(self, body: bytes, verdict: str) -> None:
        assert changed(body, first=OFFER + VIDEO)["new-offer-keeps-every-stream"] == verdict

    @pytest.mark.parametrize(("name", "verdict"), [(b"H264", "pass"), (b"VP8", "fail")])
    def test_payload_types(self, name: bytes, verdict: str) -> None:
        body = NEW_OFFER + VIDEO.replace(b"H264", name)
        assert changed(body, first=OFFER + VIDEO)["payload-type-keeps-its-codec"] == verdict

    @pytest.mark.parametrize(("status", "verdict"), [(200, "pass"), (100, "fail")])
    def test_one_at_a_time(self, status: int, verdict: str) -> None:
        reply = Reply(status, sdp=True) if status == 200 else Reply(100)
        bench, caller = Bench(RINGING, OK, "stay", later={"INVITE": (reply,), "UPDATE": ()}), Caller()
        bench.call(caller)
        bench.receive(caller.invite(body=NEW_OFFER))
        if status == 200:
            bench.receive(caller.ack())
        bench.run(1)
        bench.receive(caller.request("UPDATE", body=NEW_OFFER.replace(b"alice 1 2 ", b"alice 1 3 ")))
        assert verdicts(bench)["no-offer-while-one-is-open"] == verdict
