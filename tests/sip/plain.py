"""Building blocks for the tests: a plain INVITE whose header fields can be replaced."""

from __future__ import annotations

from responder.sip.message import Request, Response
from responder.sip.parser import parse

PLAIN = {
    "Via": "SIP/2.0/UDP 192.0.2.1:5061;branch=z9hG4bK-1-2-3",
    "From": '"Alice" <sip:alice@example.com>;tag=a1',
    "To": "<sip:bob@example.org>",
    "Call-ID": "1-2@192.0.2.1",
    "CSeq": "1 INVITE",
    "Contact": "<sip:alice@192.0.2.1:5061>",
    "Max-Forwards": "70",
}


def text(fields: dict[str, str | None] | None = None, *, line: str = "INVITE sip:bob@example.org SIP/2.0") -> bytes:
    """The bytes of a message with these fields in place of the plain ones (None: left out) and no body."""
    merged = PLAIN | (fields or {})
    lines = [line, *[f"{name}: {value}" for name, value in merged.items() if value is not None], "", ""]
    return "\r\n".join(lines).encode("utf-8", "surrogateescape")


def request(fields: dict[str, str | None] | None = None, *, method: str = "INVITE", uri: str = "sip:b@c") -> Request:
    """That message parsed; CSeq follows the method unless it is given."""
    merged = {"CSeq": f"1 {method}"} | (fields or {})
    message = parse(text(merged, line=f"{method} {uri} SIP/2.0"))
    assert isinstance(message, Request)
    return message


def response(fields: dict[str, str | None] | None = None, *, line: str = "SIP/2.0 200 OK") -> Response:
    """The same as a response."""
    message = parse(text(fields, line=line))
    assert isinstance(message, Response)
    return message
