"""SIP over WebSocket (RFC 7118) as it would have stood on the wire: the upgrade, then one frame a message.

Masks are zero, so that text stays readable in the capture (RFC 6455 section 5.3 asks for a mask, not for which one).
"""

from __future__ import annotations

from struct import pack

from responder.events import Address

_TEXT, _FIN, _MASKED = 0x1, 0x80, 0x80


def upgrade(server: Address) -> tuple[bytes, bytes]:
    """The request that opens a connection to `server` and its response (the example keys of RFC 6455 section 1.3)."""
    host = f"[{server[0]}]" if ":" in server[0] else server[0]
    request = (
        f"GET / HTTP/1.1\r\nHost: {host}:{server[1]}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Protocol: sip\r\n"
        "Sec-WebSocket-Version: 13\r\n\r\n"
    )
    response = (
        "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\nSec-WebSocket-Protocol: sip\r\n\r\n"
    )
    return request.encode("ascii"), response.encode("ascii")


def frame(payload: bytes, *, masked: bool) -> bytes:
    """One text frame (RFC 6455 section 5.2); a client's are masked."""
    size = len(payload)
    mask = _MASKED if masked else 0
    if size < 126:
        head = pack("!BB", _FIN | _TEXT, mask | size)
    elif size < 65_536:
        head = pack("!BBH", _FIN | _TEXT, mask | 126, size)
    else:
        head = pack("!BBQ", _FIN | _TEXT, mask | 127, size)
    return head + (b"\0\0\0\0" if masked else b"") + payload
