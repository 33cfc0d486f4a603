"""RFC 6455 section 4.2 and RFC 7118 section 4.1: what opens a connection, and what is said to anything else."""

from __future__ import annotations

import pytest

from responder.sip.websocket_handshake import accept_of, answer

REQUEST = (
    b"GET / HTTP/1.1\r\nHost: sip-ws.example.com\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nOrigin: http://www.example.com\r\n"
    b"Sec-WebSocket-Protocol: sip\r\nSec-WebSocket-Version: 13\r\n\r\n"
)
"""The example of RFC 7118 section 4.1."""


def test_the_example_of_the_rfc_opens_a_connection() -> None:
    answered = answer(REQUEST)
    assert answered.status == 101
    assert answered.response == (
        b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        b"Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\nSec-WebSocket-Protocol: sip\r\n\r\n"
    )


def test_the_key_of_rfc_6455_section_1_3() -> None:
    assert accept_of("dGhlIHNhbXBsZSBub25jZQ==") == "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b"Upgrade: websocket", b"upgrade:WebSocket"),
        (b"Upgrade: websocket", b"Upgrade: h2c, websocket"),
        (b"Connection: Upgrade", b"Connection: keep-alive, UPGRADE"),
        (b"Protocol: sip", b"Protocol: msrp , sip"),
        (b"Protocol: sip", b"Protocol: msrp\r\nSec-WebSocket-Protocol: sip"),
        (b"Origin: http://www.example.com\r\n", b"Sec-WebSocket-Extensions: permessage-deflate\r\n"),
        (b"GET / ", b"GET /sip?user=alice "),
    ],
)
def test_what_else_opens_a_connection(old: bytes, new: bytes) -> None:
    answered = answer(REQUEST.replace(old, new))
    assert answered.status == 101
    assert b"Extensions" not in answered.response


@pytest.mark.parametrize(
    ("old", "new", "status", "line"),
    [
        (b"GET / HTTP/1.1", b"OPTIONS sip:a@b SIP/2.0", 400, b""),
        (b"GET / HTTP/1.1", b"GET /", 400, b""),
        (b"HTTP/1.1", b"HTTP/1.0", 505, b""),
        (b"HTTP/1.1", b"HTTP/2.0", 505, b""),
        (b"GET", b"POST", 405, b"Allow: GET\r\n"),
        (b"Host: sip-ws.example.com\r\n", b"", 400, b""),
        (b"Host:", b"Host: a\r\nHost:", 400, b""),
        (b"Host:", b"Host :", 400, b""),
        (b"Origin:", b" folded\r\nOrigin:", 400, b""),
        (b"Origin:", b"Content-Length: 5\r\nOrigin:", 400, b""),
        (b"Upgrade: websocket\r\n", b"", 426, b"Upgrade: websocket\r\n"),
        (b"Connection: Upgrade", b"Connection: close", 400, b""),
        (b"Version: 13", b"Version: 8", 426, b"Sec-WebSocket-Version: 13\r\n"),
        (b"Sec-WebSocket-Version: 13\r\n", b"", 426, b"Sec-WebSocket-Version: 13\r\n"),
        (b"dGhlIHNhbXBsZSBub25jZQ==", b"dGhlIHNhbXBsZQ==", 400, b""),
        (b"dGhlIHNhbXBsZSBub25jZQ==", b"not base64 at all!!", 400, b""),
        (b"dGhlIHNhbXBsZSBub25jZQ==", b"\xe4\xf6\xfc", 400, b""),
        (b"Sec-WebSocket-Protocol: sip\r\n", b"", 400, b""),
        (b"Protocol: sip", b"Protocol: msrp", 400, b""),
    ],
)
def test_what_does_not_is_refused(old: bytes, new: bytes, status: int, line: bytes) -> None:
    assert old in REQUEST
    answered = answer(REQUEST.replace(old, new, 1))
    head, _, page = answered.response.partition(b"\r\n\r\n")
    assert answered.status == status
    assert head.startswith(b"HTTP/1.1 %d " % status)
    assert line in head + b"\r\n"
    assert b"\r\nContent-Length: %d\r\n" % len(page) in head
    assert answered.why.encode() in page
    assert b"sip (RFC 7118)" in page
