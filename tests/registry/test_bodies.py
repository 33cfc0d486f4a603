"""Bodies that codes bring by themselves."""

from __future__ import annotations

import pytest

from responder.registry import Capabilities, Registry

from .making import occasion, request

REGISTRY = Registry.standard()
HEAD = "v=0\r\no=- 0 0 IN IP4 0.0.0.0\r\ns=-\r\nc=IN IP4 0.0.0.0\r\nt=0 0\r\n"


def failed(offer: str, host: str = "192.0.2.1") -> str:
    asked = request("INVITE", "Content-Type: application/sdp", body=offer.encode())
    body = REGISTRY.body(580, occasion(580, asked, host=host))
    assert body is not None
    assert body[0] == "application/sdp"
    return body[1].decode()


class TestFailedPrecondition:
    """RFC 3312 section 8: as many m= lines, every port 0, the failed precondition with strength `failure`."""

    def test_the_mandatory_ones_fail(self) -> None:
        offer = (
            "v=0\r\no=a 1 1 IN IP4 h\r\ns=-\r\nt=0 0\r\na=des:qos mandatory e2e sendrecv\r\n"
            "m=audio 49170 RTP/AVP 0 8\r\na=curr:qos e2e none\r\na=des:qos mandatory e2e sendrecv\r\n"
            "m=video 51372/2 RTP/AVP 31\r\na=des:qos optional local send\r\n"
            "m=audio 0 RTP/AVP 0\r\n"
        )
        assert failed(offer) == (
            HEAD + "m=audio 0 RTP/AVP 0 8\r\na=des:qos failure e2e sendrecv\r\n"
            "m=video 0 RTP/AVP 31\r\nm=audio 0 RTP/AVP 0\r\n"
        )

    def test_optional_ones_fail_where_none_is_mandatory(self) -> None:
        offer = "v=0\nm=audio 1 RTP/AVP 0\nm=video 1 RTP/AVP 31\na=des:sec optional remote recv\n"
        assert failed(offer) == (
            HEAD + "m=audio 0 RTP/AVP 0\r\nm=video 0 RTP/AVP 31\r\na=des:sec failure remote recv\r\n"
        )

    def test_forced_the_first_stream_fails_on_quality_of_service(self) -> None:
        offer = "v=0\r\nm=audio 1 RTP/AVP 0\r\nm=video 1 RTP/AVP 31\r\n"
        assert failed(offer) == (
            HEAD + "m=audio 0 RTP/AVP 0\r\na=des:qos failure e2e sendrecv\r\nm=video 0 RTP/AVP 31\r\n"
        )

    def test_over_ipv6(self) -> None:
        assert "c=IN IP6 ::\r\n" in failed("m=audio 1 RTP/AVP 0\r\n", host="[2001:db8::1]:5060")

    @pytest.mark.parametrize(
        ("fields", "body"),
        [
            ((), b""),
            (("Content-Type: text/plain",), b"m=audio 1 RTP/AVP 0\r\n"),
            (("Content-Type: application/sdp",), b"v=0\r\n"),
        ],
    )
    def test_no_session_no_description(self, fields: tuple[str, ...], body: bytes) -> None:
        assert REGISTRY.body(580, occasion(580, request("INVITE", *fields, body=body))) is None


class TestUndecipherable:
    """RFC 3261 section 23.2."""

    def test_the_certificate_where_there_is_one(self) -> None:
        ours = Capabilities(certificate=b"\x30\x80")
        body = REGISTRY.body(493, occasion(493, request("MESSAGE"), capabilities=ours))
        assert body == ("application/pkcs7-mime;smime-type=certs-only;name=smime.p7c", b"\x30\x80")

    def test_none_where_there_is_none(self) -> None:
        assert REGISTRY.body(493, occasion(493, request("MESSAGE"))) is None


def test_other_codes_bring_none() -> None:
    asked = request("INVITE", "Content-Type: application/sdp", body=b"v=0\r\nm=audio 1 RTP/AVP 0\r\n")
    for code in REGISTRY.codes:
        if code.status != 580:
            assert REGISTRY.body(code.status, occasion(code.status, asked)) is None
