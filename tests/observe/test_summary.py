from __future__ import annotations

import pytest

from responder.observe.summary import Summary, call_id_of, summarise

from .sample import SDP, request, response

MULTIPART = b"--x\r\nContent-Type: application/sdp\r\n\r\n" + SDP + b"--x--\r\n"


def test_request() -> None:
    assert summarise(request("INVITE", body=SDP, content_type="application/sdp")) == Summary(
        title="INVITE", method="INVITE", status=0, uri="sip:bob@10.0.0.9", call_id="a84b4c@10.0.0.5", sdp=True
    )


def test_response() -> None:
    assert summarise(response("200 OK", "BYE")) == Summary(
        title="200 OK", method="BYE", status=200, uri="", call_id="a84b4c@10.0.0.5", sdp=False
    )


@pytest.mark.parametrize(
    ("data", "title", "method"),
    [
        (b"SIP/2.0 486 \r\nCSeq: 1 INVITE\r\n\r\n", "486", "INVITE"),
        (b"SIP/2.0 486\r\nCSeq: 1 INVITE\r\n\r\n", "486", "INVITE"),
        (b"SIP/3.0 600 Ho\r\n\r\n", "600 Ho", ""),
        (b"\r\n\r\nBYE sip:a SIP/2.0\nCSeq: 2 BYE\n\n", "BYE", "BYE"),
        (b"INVITE sip:a b SIP/2.0\r\n\r\n", "INVITE", "INVITE"),
        (b"GET / HTTP/1.1\r\n\r\n", "GET / HTTP/1.1", ""),
        (b"\x1b[2J\xff" + b"x" * 50, "\\x1b[2J\\xff" + "x" * 35 + "…", ""),
        (b"", "", ""),
    ],
)
def test_any_first_line(data: bytes, title: str, method: str) -> None:
    summary = summarise(data)
    assert (summary.title, summary.method) == (title, method)


@pytest.mark.parametrize(
    ("data", "call_id"),
    [
        (b"X y SIP/2.0\r\ni: 1@a\r\n\r\n", "1@a"),
        (b"X y SIP/2.0\r\nCALL-ID :  1@a \r\n\r\n", "1@a"),
        (b"X y SIP/2.0\r\nCall-ID:\r\n  1@a\r\nCSeq: 1 X\r\n\r\n", "1@a"),
        (b"X y SIP/2.0\r\nCall-ID:\r\nCSeq: 1 X\r\n\r\n", ""),
        (b"X y SIP/2.0\r\nX-Call-ID: 1@a\r\n\r\n", ""),
    ],
)
def test_call_id_in_every_spelling(data: bytes, call_id: str) -> None:
    assert call_id_of(data) == call_id
    assert summarise(data).call_id == call_id


@pytest.mark.parametrize(
    ("content_type", "body", "expected"),
    [
        ("application/sdp", SDP, True),
        ("APPLICATION/SDP;charset=utf-8", SDP, True),
        ("multipart/mixed;boundary=x", MULTIPART, True),
        ("multipart/mixed;boundary=x", b"--x\r\n\r\n--x--", False),
        ("text/plain", b"application/sdp", False),
        ("", b"", False),
    ],
)
def test_sdp_mark(content_type: str, body: bytes, expected: bool) -> None:
    assert summarise(request("INVITE", body=body, content_type=content_type)).sdp is expected


def test_compact_content_type() -> None:
    assert summarise(b"INVITE sip:a SIP/2.0\r\nc: application/sdp\r\n\r\nv=0").sdp
