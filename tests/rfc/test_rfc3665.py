"""The call flows of RFC 3665 from the side of Bob or of the registrar: its own messages go in, what it shows comes out.

Only addresses differ from the text: the responses carry our Contact, our tags and our session description.
"""

from __future__ import annotations

import re

from bench import LOCAL, OK, RINGING, Bench, Sent, reply_to, whats

from responder.events import Flow
from responder.uas.script import Order, Reply

ALICE = Flow("TCP", LOCAL, ("192.0.2.101", 5060), 1)
ALICE_UDP = Flow("UDP", LOCAL, ("192.0.2.101", 5060))
SDP = (
    "v=0\r\no=alice 2890844526 2890844526 IN IP4 client.atlanta.example.com\r\ns=-\r\nc=IN IP4 192.0.2.101\r\n"
    "t=0 0\r\nm=audio 49172 RTP/AVP 0\r\na=rtpmap:0 PCMU/8000\r\n"
)


def message(text: str, body: str = "") -> bytes:
    """A message of the RFC: indented text, its Content-Length set right."""
    lines = [line.strip() for line in text.strip().splitlines()]
    lines = [line for line in lines if not line.startswith("Content-Length")]
    return "\r\n".join([*lines, f"Content-Length: {len(body)}", "", body]).encode()


def tag_of(sent: Sent) -> str:
    tag = sent.message.to_tag
    assert tag
    return tag


INVITE = message(
    """
    INVITE sip:bob@biloxi.example.com SIP/2.0
    Via: SIP/2.0/TCP client.atlanta.example.com:5060;branch=z9hG4bK74bf9
    Max-Forwards: 70
    From: Alice <sip:alice@atlanta.example.com>;tag=9fxced76sl
    To: Bob <sip:bob@biloxi.example.com>
    Call-ID: 3848276298220188511@atlanta.example.com
    CSeq: 1 INVITE
    Contact: <sip:alice@client.atlanta.example.com;transport=tcp>
    Content-Type: application/sdp
    """,
    SDP,
)
ACK = """
    ACK sip:bob@client.biloxi.example.com SIP/2.0
    Via: SIP/2.0/TCP client.atlanta.example.com:5060;branch={branch}
    Max-Forwards: 70
    From: Alice <sip:alice@atlanta.example.com>;tag=9fxced76sl
    To: Bob <sip:bob@biloxi.example.com>;tag={tag}
    Call-ID: 3848276298220188511@atlanta.example.com
    CSeq: 1 ACK
    """


class TestSuccessfulSessionEstablishment:
    """3.1: INVITE, 180, 200, ACK; BYE by Bob."""

    def test_f1_to_f6(self) -> None:
        bench = Bench(RINGING, OK, "ack", 10.0, Order("BYE"))
        f2, f3 = bench.receive(INVITE, ALICE)
        assert (f2.status, f3.status) == (180, 200)
        for one in (f2, f3):
            assert one["Via"] == (
                "SIP/2.0/TCP client.atlanta.example.com:5060;branch=z9hG4bK74bf9;received=192.0.2.101"
            )
            assert one["From"] == "Alice <sip:alice@atlanta.example.com>;tag=9fxced76sl"
            assert one["To"] == f"Bob <sip:bob@biloxi.example.com>;tag={tag_of(f2)}"
            assert one["Call-ID"] == "3848276298220188511@atlanta.example.com"
            assert one["CSeq"] == "1 INVITE"
            assert re.fullmatch("<sip:.*;transport=tcp>", str(one["Contact"]))
            assert one.flow.connection == ALICE.connection
        assert f2.message.body == b""
        assert b"m=audio 40000 RTP/AVP 0\r\n" in f3.message.body
        assert bench.receive(message(ACK.format(branch="z9hG4bK74bd5", tag=tag_of(f3))), ALICE) == []
        (f5,) = bench.run(10.0)
        assert f5.what == "BYE"
        assert f5.request.uri == "sip:alice@client.atlanta.example.com;transport=tcp"
        assert f5["From"] == f"Bob <sip:bob@biloxi.example.com>;tag={tag_of(f3)}"
        assert f5["To"] == "Alice <sip:alice@atlanta.example.com>;tag=9fxced76sl"
        bench.receive(reply_to(f5, 200, reason="OK"), ALICE)
        assert [event.outcome for event in bench.ended] == ["completed"]
        bench.drain()


class TestSessionThroughTwoProxies:
    """3.2, 3.3: Record-Route of two proxies, BYE along it."""

    INVITE = message(
        """
        INVITE sip:bob@client.biloxi.example.com SIP/2.0
        Via: SIP/2.0/TCP ss2.biloxi.example.com:5060;branch=z9hG4bK721e4.1
        Via: SIP/2.0/TCP ss1.atlanta.example.com:5060;branch=z9hG4bK2d4790.1
         ;received=192.0.2.111
        Via: SIP/2.0/TCP client.atlanta.example.com:5060;branch=z9hG4bK74bf9
         ;received=192.0.2.101
        Max-Forwards: 68
        Record-Route: <sip:ss2.biloxi.example.com;lr>,
         <sip:ss1.atlanta.example.com;lr>
        From: Alice <sip:alice@atlanta.example.com>;tag=9fxced76sl
        To: Bob <sip:bob@biloxi.example.com>
        Call-ID: 3848276298220188511@atlanta.example.com
        CSeq: 2 INVITE
        Contact: <sip:alice@client.atlanta.example.com;transport=tcp>
        Content-Type: application/sdp
        """.replace("\n         ;", ";").replace(",\n         <", ", <"),
        SDP,
    )

    def test_f6_to_the_end(self) -> None:
        proxy = Flow("TCP", LOCAL, ("192.0.2.222", 5060), 2)
        bench = Bench(RINGING, OK, "ack", Order("BYE"))
        ringing, accepted = bench.receive(self.INVITE, proxy)
        for one in (ringing, accepted):
            assert [via.host for via in one.message.vias] == [
                "ss2.biloxi.example.com",
                "ss1.atlanta.example.com",
                "client.atlanta.example.com",
            ]
            assert [via.received for via in one.message.vias] == ["192.0.2.222", "192.0.2.111", "192.0.2.101"]
            assert one.message.every("record-route") == [
                "<sip:ss2.biloxi.example.com;lr>",
                "<sip:ss1.atlanta.example.com;lr>",
            ]
        ack = ACK.replace("1 ACK", "2 ACK").format(branch="z9hG4bK74b76", tag=tag_of(accepted))
        (bye,) = bench.receive(message(ack), proxy)
        assert bye.message.every("route") == ["<sip:ss2.biloxi.example.com;lr>", "<sip:ss1.atlanta.example.com;lr>"]
        assert bye.request.uri == "sip:alice@client.atlanta.example.com;transport=tcp"
        assert bye.flow.connection == proxy.connection


class TestSessionWithReinvite:
    """3.7: a re-INVITE changes the address of the caller."""

    def test_the_target_and_the_session_follow(self) -> None:
        bench = Bench(RINGING, OK, 60.0, Order("BYE"))
        accepted = bench.receive(INVITE, ALICE)[-1]
        tag = tag_of(accepted)
        bench.receive(message(ACK.format(branch="z9hG4bK74bd5", tag=tag)), ALICE)
        again = bench.receive(
            message(
                f"""
                INVITE sip:bob@client.biloxi.example.com SIP/2.0
                Via: SIP/2.0/TCP client.atlanta.example.com:5060;branch=z9hG4bK74bfN
                Max-Forwards: 70
                From: Alice <sip:alice@atlanta.example.com>;tag=9fxced76sl
                To: Bob <sip:bob@biloxi.example.com>;tag={tag}
                Call-ID: 3848276298220188511@atlanta.example.com
                CSeq: 14 INVITE
                Contact: <sip:alice@client.chicago.example.com;transport=tcp>
                Content-Type: application/sdp
                """,
                SDP.replace("2890844526 IN", "2890844527 IN").replace("192.0.2.101", "192.0.2.103"),
            ),
            ALICE,
        )
        assert whats(again) == ["200"]
        assert again[0]["To"] == f"Bob <sip:bob@biloxi.example.com>;tag={tag}"
        # RFC 3264 8: our side has not changed, and says so by the same version
        assert again[0].message.body == accepted.message.body
        bench.receive(message(ACK.replace("1 ACK", "14 ACK").format(branch="z9hG4bK74bdN", tag=tag)), ALICE)
        (bye,) = bench.run(60.0)
        assert bye.request.uri == "sip:alice@client.chicago.example.com;transport=tcp"


class TestUnsuccessful:
    """3.8 to 3.11."""

    def test_no_answer_cancel(self) -> None:
        # 3.8
        bench = Bench(RINGING)
        ringing = bench.receive(INVITE, ALICE)[0]
        cancel = message(
            """
            CANCEL sip:bob@biloxi.example.com SIP/2.0
            Via: SIP/2.0/TCP client.atlanta.example.com:5060;branch=z9hG4bK74bf9
            Max-Forwards: 70
            From: Alice <sip:alice@atlanta.example.com>;tag=9fxced76sl
            To: Bob <sip:bob@biloxi.example.com>
            Route: <sip:ss1.atlanta.example.com;lr>
            Call-ID: 3848276298220188511@atlanta.example.com
            CSeq: 1 CANCEL
            """
        )
        answered, refused = bench.receive(cancel, ALICE)
        assert (answered.status, answered["CSeq"]) == (200, "1 CANCEL")
        assert (refused.status, refused["CSeq"]) == (487, "1 INVITE")
        assert tag_of(ringing) == tag_of(refused)
        bench.receive(message(ACK.format(branch="z9hG4bK74bf9", tag=tag_of(refused))), ALICE)
        assert [event.outcome for event in bench.ended] == ["cancelled"]
        bench.drain()

    def test_busy(self) -> None:
        # 3.9
        bench = Bench(Reply(486))
        (refused,) = bench.receive(INVITE, ALICE)
        assert refused.data.startswith(b"SIP/2.0 486 Busy Here\r\n")
        bench.receive(message(ACK.format(branch="z9hG4bK74bf9", tag=tag_of(refused))), ALICE)
        assert bench.run(40.0) == []
        bench.drain()

    def test_no_response_then_a_retransmission_is_answered(self) -> None:
        # 3.10, where the network lost the first copies
        bench = Bench(2.0, Reply(480))
        data = INVITE.replace(b"SIP/2.0/TCP", b"SIP/2.0/UDP")
        assert bench.receive(data, ALICE_UDP) == []
        bench.run(0.5)
        assert whats(bench.receive(data, ALICE_UDP)) == ["100"]
        assert whats(bench.run(2.0)) == ["480", "480"]

    def test_unavailable(self) -> None:
        # 3.11
        bench = Bench(RINGING, Reply(480))
        assert whats(bench.receive(INVITE, ALICE)) == ["180", "480"]


class TestRegistration:
    """2.1 to 2.4."""

    BOB = Flow("TLS", LOCAL, ("192.0.2.201", 5061), 4)
    REGISTER = """
        REGISTER sips:ss2.biloxi.example.com SIP/2.0
        Via: SIP/2.0/TLS client.biloxi.example.com:5061;branch=z9hG4bKnashd{number}
        Max-Forwards: 70
        From: Bob <sips:bob@biloxi.example.com>;tag=ja743ks76zlflH
        To: Bob <sips:bob@biloxi.example.com>
        Call-ID: 1j9FpLxk3uxtm8tn@biloxi.example.com
        CSeq: {number} REGISTER
        """

    def send(self, bench: Bench, number: int, *fields: str) -> Sent:
        text = self.REGISTER.format(number=number) + "\n".join(fields)
        (sent,) = bench.receive(message(text), self.BOB)
        return sent

    def test_new_update_list_and_cancel(self) -> None:
        bench = Bench()
        new = self.send(bench, 1, "Contact: <sips:bob@client.biloxi.example.com>")
        assert new.status == 200
        assert new["Via"] == "SIP/2.0/TLS client.biloxi.example.com:5061;branch=z9hG4bKnashd1;received=192.0.2.201"
        assert new.message.every("contact") == ["<sips:bob@client.biloxi.example.com>;expires=3600"]
        # 2.2
        more = self.send(bench, 2, "Contact: mailto:bob@biloxi.example.com")
        assert [value.split(";")[0] for value in more.message.every("contact")] == [
            "<sips:bob@client.biloxi.example.com>",
            "<mailto:bob@biloxi.example.com>",
        ]
        # 2.3
        listed = self.send(bench, 3)
        assert len(listed.message.every("contact")) == 2
        # 2.4
        gone = self.send(bench, 4, "Expires: 0", "Contact: *")
        assert (gone.status, gone["Contact"]) == (200, None)
        bench.drain()
