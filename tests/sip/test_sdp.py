"""RFC 3264, RFC 4566, RFC 3551, RFC 4733"""

from __future__ import annotations

import pytest

from responder.sip.codecs import CODECS, TAKEN
from responder.sip.sdp import Answerer, Codec, SdpError, Session

HEAD = (
    "v=0\r\no=alice 2890844526 2890844527 IN IP4 host.atlanta.example.com\r\ns=-\r\nc=IN IP4 192.0.2.101\r\nt=0 0\r\n"
)


def lines(*texts: str) -> bytes:
    return (HEAD + "".join([f"{text}\r\n" for text in texts])).encode()


def answered(*texts: str, host: str = "198.51.100.1", ports: tuple[int, ...] = (40000,)) -> Session:
    return Session.parse(Answerer(host, ports, codecs=CODECS).answer(lines(*texts), 7, 8).decode())


class TestSession:
    """RFC 4566 section 5"""

    FULL = (
        "v=0\r\no=jdoe 2890844526 2890842807 IN IP4 10.47.16.5\r\ns=SDP Seminar é\r\ni=A Seminar\r\n"
        "u=http://www.example.com/seminars/sdp.pdf\r\ne=j.doe@example.com (Jane Doe)\r\np=+1 617 555-6011\r\n"
        "c=IN IP4 224.2.17.12/127\r\nb=X-YZ:128\r\nt=2873397496 2873404696\r\nr=7d 1h 0 25h\r\nt=0 0\r\nz=0 -1h\r\n"
        "k=prompt\r\na=recvonly\r\na=tool:x:y\r\nm=audio 49170 RTP/AVP 0\r\nm=video 51372/2 RTP/AVP 99 98\r\n"
        "i=title\r\nc=IN IP6 2001:db8::1\r\nb=AS:64\r\nk=clear:x\r\na=rtpmap:99 h263-1998/90000\r\n"
    )

    def test_in_both_directions(self) -> None:
        session = Session.parse(self.FULL)
        assert str(session) == self.FULL
        assert Session.parse(str(session)) == session

    def test_parts(self) -> None:
        session = Session.parse(self.FULL)
        audio, video = session.media
        assert (session.origin.session_id, session.origin.version, session.name) == (
            2890844526, 2890842807, "SDP Seminar é",
        )  # fmt: skip
        assert str(session.connection_of(audio)) == "IN IP4 224.2.17.12/127"
        assert str(session.connection_of(video)) == "IN IP6 2001:db8::1"
        assert (video.port, video.ports, video.formats) == (51372, 2, ("99", "98"))
        assert video.rtpmaps == {"99": "h263-1998/90000"}
        assert session.direction_of(video) == "recvonly"
        assert video.attribute("rtpmap") == "99 h263-1998/90000"
        assert video.attribute("mid") is None

    def test_lenient_in_line_ends_empty_name_and_order(self) -> None:
        text = "v=0\no=- 1 1 IN IP4 h\ns=\na=x\nt=0 0\nc=IN IP4 h\nm=audio 1 RTP/AVP 0\na=sendonly\nc=IN IP4 g\n"
        session = Session.parse(text)
        assert str(session.connection_of(session.media[0])) == "IN IP4 g"
        assert session.media[0].direction == "sendonly"

    @pytest.mark.parametrize(
        "text",
        [
            "", "hello", "v=1\r\n", "v=0\r\n", HEAD.replace("v=0", "v=1"), HEAD.replace("s=-\r\n", ""),
            HEAD.replace("t=0 0\r\n", ""), HEAD.replace("o=alice ", "o="), HEAD.replace("2890844526", "x"),
            HEAD.replace("2890844526", "9" * 5000), HEAD[5:] + "v=0\r\n", HEAD + "\r\na=x\r\n", HEAD + "x\r\n",
            HEAD + "m=audio\r\n", HEAD + "m=audio x RTP/AVP 0\r\n", HEAD + "m=audio 1 RTP/AVP\r\n",
            HEAD + "m=audio 65536 RTP/AVP 0\r\n", HEAD + "m=audio 1/ RTP/AVP 0\r\n", HEAD + "m =audio 1 RTP/AVP 0\r\n",
            HEAD.replace("c=IN IP4 192.0.2.101\r\n", "") + "m=audio 1 RTP/AVP 0\r\n", HEAD + "c=IN IP4\r\nA=x\r\n",
            HEAD.replace("IN IP4 192", "IN 192"), HEAD + "a=\0\r\n", HEAD + "a=\rx\r\n",
        ],
    )  # fmt: skip
    def test_malformed(self, text: str) -> None:
        with pytest.raises(SdpError) as caught:
            Session.parse(text)
        assert (caught.value.status, caught.value.warning) == (400, 0)
        with pytest.raises(SdpError):
            Answerer("192.0.2.1", (1,)).answer(text.encode(), 1, 1)


class TestAnswer:
    """RFC 3264 section 6"""

    def test_whole(self) -> None:
        offer = lines("m=audio 49170 RTP/AVP 0 8 97 101", "a=rtpmap:97 iLBC/8000", "a=rtpmap:101 telephone-event/8000")
        assert Answerer("198.51.100.1", (40000,), codecs=CODECS).answer(offer, 7, 8).decode() == (
            "v=0\r\no=responder 7 8 IN IP4 198.51.100.1\r\ns=-\r\nc=IN IP4 198.51.100.1\r\nt=0 0\r\n"
            "m=audio 40000 RTP/AVP 0 8 101\r\na=rtpmap:0 PCMU/8000\r\na=rtpmap:8 PCMA/8000\r\n"
            "a=rtpmap:101 telephone-event/8000\r\na=fmtp:101 0-16\r\na=sendrecv\r\n"
        )

    def test_same_streams_in_the_same_order(self) -> None:
        session = answered(
            "m=video 5 RTP/AVP 31", "m=audio 6 RTP/AVP 0", "m=image 7 udptl t38", "m=audio 0 RTP/AVP 8",
            "m=audio 8 RTP/SAVP 0", "m=audio 9 RTP/AVP 8", "m=message 10 TCP/MSRP *", ports=(40000, 40002, 40004),
        )  # fmt: skip
        assert [(stream.kind, stream.port, stream.protocol, stream.formats) for stream in session.media] == [
            ("video", 0, "RTP/AVP", ("31",)),
            ("audio", 40002, "RTP/AVP", ("0",)),
            ("image", 0, "udptl", ("t38",)),
            ("audio", 0, "RTP/AVP", ("8",)),
            ("audio", 0, "RTP/SAVP", ("0",)),
            ("audio", 40010, "RTP/AVP", ("8",)),
            ("message", 0, "TCP/MSRP", ("*",)),
        ]
        assert all(stream.attributes == () for stream in session.media if not stream.port)

    def test_times_are_the_offers(self) -> None:
        offer = lines("m=audio 1 RTP/AVP 0").replace(b"t=0 0", b"t=1 2\r\nr=7d 1h 0")
        session = Session.parse(Answerer("192.0.2.1", (2,), codecs=CODECS).answer(offer, 1, 1).decode())
        assert session.times == (("t", "1 2"), ("r", "7d 1h 0"))

    def test_payload_types_and_order_are_the_offers(self) -> None:
        session = answered(
            "m=audio 1 RTP/AVP 100 3 111 8 102", "a=rtpmap:100 TELEPHONE-EVENT/8000", "a=rtpmap:111 Opus/48000/2",
            "a=fmtp:111 useinbandfec=1", "a=rtpmap:102 pcmu/8000/1",
        )  # fmt: skip
        assert session.media[0].formats == ("100", "111", "8", "102")
        assert session.media[0].fmtps == {"100": "0-16"}

    @pytest.mark.parametrize(
        ("media_line", "session_line", "answer"),
        [
            ("", "", "sendrecv"), ("a=sendrecv", "", "sendrecv"), ("a=sendonly", "", "recvonly"),
            ("a=recvonly", "", "sendonly"), ("a=inactive", "", "inactive"), ("", "a=sendonly", "recvonly"),
            ("a=recvonly", "a=sendonly", "sendonly"),
        ],
    )  # fmt: skip
    def test_direction_is_mirrored(self, media_line: str, session_line: str, answer: str) -> None:
        texts = [text for text in (session_line, "m=audio 1 RTP/AVP 0", media_line) if text]
        assert answered(*texts).media[0].direction == answer

    @pytest.mark.parametrize(
        ("direction", "answer"),
        [("sendrecv", "recvonly"), ("sendonly", "recvonly"), ("recvonly", "inactive"), ("inactive", "inactive")],
    )
    @pytest.mark.parametrize("connection", ["IN IP4 0.0.0.0", "IN IP6 ::"])
    def test_hold_as_in_rfc_2543(self, connection: str, direction: str, answer: str) -> None:
        """Section 8.4"""
        media = answered("m=audio 1 RTP/AVP 0", f"c={connection}", f"a={direction}").media[0]
        assert (media.port, media.direction) == (40000, answer)

    def test_what_we_do_not_speak_is_left_out(self) -> None:
        media = answered(
            "a=group:BUNDLE 0", "a=ice-ufrag:x", "m=audio 1 RTP/AVPF 0", "a=mid:0", "a=rtcp-mux", "a=candidate:1 1 UDP",
            "a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:x", "a=rtcp-fb:0 nack", "a=ptime:20",
        ).media[0]  # fmt: skip
        assert media.protocol == "RTP/AVPF"
        assert media.attributes == (("rtpmap", "0 PCMU/8000"), ("sendrecv", None))

    def test_ipv6(self) -> None:
        session = answered("m=audio 1 RTP/AVP 0", host="2001:db8::1")
        assert str(session.connection) == "IN IP6 2001:db8::1"
        assert (session.origin.family, session.origin.address) == ("IP6", "2001:db8::1")

    def test_nothing_offered_nothing_refused(self) -> None:
        assert answered().media == ()
        assert [stream.port for stream in answered("m=audio 0 RTP/AVP 0", "m=video 0 RTP/AVP 31").media] == [0, 0]

    @pytest.mark.parametrize(
        ("texts", "warning"),
        [
            (["m=audio 1 RTP/AVP 18 3"], 305),
            (["m=audio 1 RTP/AVP 0", "a=rtpmap:0 EVS/16000"], 305),
            (["m=audio 1 RTP/AVP 101", "a=rtpmap:101 telephone-event/8000"], 305),
            (["m=audio 1 RTP/AVP 99"], 305),
            (["m=video 1 RTP/AVP 31"], 304),
            (["m=image 1 udptl t38"], 304),
            (["m=audio 1 UDP/TLS/RTP/SAVPF 0"], 302),
            (["m=audio 1 RTP/AVP 0", "c=ATM NSAP x"], 300),
            (["m=audio 1 RTP/SAVP 0", "m=audio 1 RTP/AVP 18", "m=video 1 RTP/AVP 31"], 305),
        ],
    )
    def test_no_stream_acceptable(self, texts: list[str], warning: int) -> None:
        for _ in range(2):
            with pytest.raises(SdpError) as caught:
                answered(*texts)
            assert (caught.value.status, caught.value.warning) == (488, warning)


class TestRememberedAnswers:
    OFFER = lines("m=audio 6000 RTP/AVP 0", "a=sendrecv", "m=audio 6002 RTP/AVP 8", "m=video 6004 RTP/AVP 31")

    @pytest.mark.parametrize(
        ("old", "new", "same"),
        [
            (b"6000", b"6006", True),
            (b"2890844526 2890844527", b"1 2", True),
            (b"alice", b"bob", True),
            (b"m=audio 6000", b"m=audio 0", False),
            (b"a=sendrecv", b"a=inactive", False),
            (b"192.0.2.101", b"0.0.0.0", False),
            (b"t=0 0", b"t=1 1", False),
            (b"RTP/AVP 0", b"RTP/AVP 8", False),
        ],
    )
    def test_same_answer_for_offers_that_differ_in_origin_and_ports(self, old: bytes, new: bytes, same: bool) -> None:
        answerer = Answerer("192.0.2.1", (4000,))
        first = answerer.answer(self.OFFER, 1, 1)
        second = answerer.answer(self.OFFER.replace(old, new), 1, 1)
        assert second == Answerer("192.0.2.1", (4000,)).answer(self.OFFER.replace(old, new), 1, 1)
        assert (first == second) is same

    @pytest.mark.parametrize(
        ("old", "new"),
        [(b"m=audio 6000", b"m=audio 66000"), (b"m=audio 6000", b"m=audio x"), (b"m=audio 6000", b"m=audio 006000"),
         (b"o=alice", b"o=a lice"), (b"m=audio 6000", b"m=audio")],
    )  # fmt: skip
    def test_faults_are_found_all_the_same(self, old: bytes, new: bytes) -> None:
        answerer = Answerer("192.0.2.1", (4000,))
        answerer.answer(self.OFFER, 1, 1)
        with pytest.raises(SdpError) as caught:
            answerer.answer(self.OFFER.replace(old, new), 1, 1)
        assert caught.value.status == 400

    def test_ids_are_new_each_time(self) -> None:
        answerer = Answerer("192.0.2.1", (4000,))
        for session_id, version in ((1, 2), (3, 4), (2**63, 5)):
            session = Session.parse(answerer.answer(self.OFFER, session_id, version).decode())
            assert (session.origin.session_id, session.origin.version) == (session_id, version)

    def test_remembering_is_bounded(self) -> None:
        answerer = Answerer("192.0.2.1", (4000,))
        for number in range(2000):
            session = answerer.answer(self.OFFER.replace(b"t=0 0", b"t=0 %d" % number), 1, 1)
            assert b"t=0 %d\r\n" % number in session


class TestOffer:
    """RFC 3264 section 5"""

    def test_of_the_usual_codecs(self) -> None:
        session = Session.parse(Answerer("192.0.2.1", (4000,)).offer(5, 6).decode())
        assert (session.origin.session_id, session.origin.version) == (5, 6)
        (media,) = session.media
        assert (media.kind, media.port, media.protocol, media.direction) == ("audio", 4000, "RTP/AVP", "sendrecv")
        assert media.formats == ("0", "8", "9", "111", "101")
        assert media.rtpmaps["101"] == "telephone-event/8000"

    def test_of_chosen_codecs(self) -> None:
        codecs = (Codec("PCMA", 8), Codec("H264", 96, 90000, kind="video", fmtp="profile-level-id=42e01f"))
        answerer = Answerer("2001:db8::1", (4000, 4002), codecs=codecs)
        session = Session.parse(answerer.offer(1, 1).decode())
        assert [(stream.kind, stream.port, stream.formats) for stream in session.media] == [
            ("audio", 4000, ("8",)),
            ("video", 4002, ("96",)),
        ]
        assert answerer.answer(answerer.offer(1, 1), 1, 1) == answerer.offer(1, 1)

    def test_needs_a_port(self) -> None:
        with pytest.raises(ValueError, match="port"):
            Answerer("192.0.2.1", ())


class TestTaken:
    """Without a choice of codecs an answer takes more than an offer of ours names."""

    @pytest.mark.parametrize("codec", TAKEN, ids=lambda codec: f"{codec.name}-{codec.rate}")
    def test_each(self, codec: Codec) -> None:
        offer = "v=0\r\no=- 1 1 IN IP4 192.0.2.9\r\ns=-\r\nc=IN IP4 192.0.2.9\r\nt=0 0\r\n"
        offer += f"m=audio 6000 RTP/AVP 96 0\r\na=rtpmap:96 {codec.encoding}\r\n"
        answer = Session.parse(Answerer("192.0.2.1", (4000,)).answer(offer.encode(), 1, 1).decode())
        assert answer.media[0].formats == ("96", "0")

    def test_unheard_of(self) -> None:
        offer = b"v=0\r\no=- 1 1 IN IP4 192.0.2.9\r\ns=-\r\nc=IN IP4 192.0.2.9\r\nt=0 0\r\nm=audio 6000 RTP/AVP 96\r\n"
        with pytest.raises(SdpError):
            Answerer("192.0.2.1", (4000,)).answer(offer + b"a=rtpmap:96 X-NONE/8000\r\n", 1, 1)
