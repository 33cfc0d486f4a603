"""A request as it stands in a file: a capture, or written by hand."""

from __future__ import annotations

import ipaddress
from typing import Final

from responder.errors import ParseError
from responder.events import Flow
from responder.sip import header_names
from responder.sip.message import Request
from responder.sip.parser import parse
from responder.sip.writer import write

_SERVER: Final = {4: "127.0.0.1", 6: "::1"}


def request_in(data: bytes) -> Request:
    """The request in these bytes; LF line ends and a Content-Length that is missing or no longer right are mended.

    Raises `ParseError` where there is none.
    """
    text = data.lstrip(b"\r\n \t\xef\xbb\xbf")
    by_hand = b"\r\n" not in text
    if by_hand:
        text = text.replace(b"\n", b"\r\n")
    if b"\r\n\r\n" not in text:
        text = text.rstrip(b"\r\n") + b"\r\n\r\n"
    head, _, body = text.partition(b"\r\n\r\n")
    start, *lines = head.split(b"\r\n")
    keys = [header_names.key(line.partition(b":")[0].strip().decode("utf-8", "replace")) for line in lines]
    measured = "content-length" in keys
    if by_hand or not measured:
        body = body if body.strip() else b""
        lines = [line for line, key in zip(lines, keys, strict=True) if key != "content-length"]
        lines.append(b"Content-Length: %d" % len(body))
    message = parse(b"\r\n".join([start, *lines]) + b"\r\n\r\n" + body)
    if not isinstance(message, Request):
        raise ParseError("a response, and no request")
    return message


def flow_of(request: Request) -> Flow:
    """Where a request would have come from by its topmost Via, and where to by its Request-URI."""
    try:
        via = request.top_via
        host, port, transport = via.address, via.port or 5060, via.transport.upper()
    except ParseError:
        host, port, transport = "192.0.2.10", 5060, "UDP"
    remote = _address(host) or _address("192.0.2.10")
    assert remote is not None
    try:
        target = _address(request.target.host or "")
    except ParseError:
        target = None
    local = str(target) if target is not None and target.version == remote.version else _SERVER[remote.version]
    return Flow(transport, (local, 5061 if transport == "TLS" else 5060), (str(remote), port), int(transport != "UDP"))


def _address(host: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        return ipaddress.ip_address(host.strip("[]"))
    except ValueError:
        return None


def written(fields: list[tuple[str, str]], start_line: str, body: bytes) -> Request:
    """A request of these fields."""
    message = parse(write(start_line, fields, body))
    assert isinstance(message, Request)
    return message
