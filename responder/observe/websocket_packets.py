"""SIP over WebSocket (RFC 7118) as it would have stood on the wire: the upgrade, then one frame a message.

Masks are zero, so that text stays readable in the capture (RFC 6455 section 5.3 asks for a mask, not for which one).
"""

from __future__ import annotations

from responder.events import Address
from responder.sip.websocket_frames import message_frame


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
    """One frame (RFC 6455 section 5.2); a client's are masked."""
    return message_frame(payload, mask=b"\0\0\0\0" if masked else b"")
