"""The opening handshake of WebSocket as a server answers it (RFC 6455 section 4.2), for SIP (RFC 7118 section 4.1).

A client that names its origin is welcome whatever that is: this is a test bench. Extensions are not agreed to.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
from dataclasses import dataclass
from typing import Final

MOST_HEAD: Final = 16_384
"""Longest request that is read, in bytes."""

_GUID: Final = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
_request_line: Final = re.compile(r"([!#$%&'*+.^_`|~0-9A-Za-z-]+) ([!-~]+) HTTP/([0-9])\.([0-9])").fullmatch
_field: Final = re.compile(r"([!#$%&'*+.^_`|~0-9A-Za-z-]+):[ \t]*([^\r\n\0]*)").fullmatch
_REASONS: Final = {
    400: "Bad Request", 405: "Method Not Allowed", 408: "Request Timeout", 426: "Upgrade Required",
    431: "Request Header Fields Too Large", 505: "HTTP Version Not Supported",
}  # fmt: skip
_UPGRADE: Final = "Upgrade: websocket\r\n"


@dataclass(frozen=True, slots=True)
class HandshakeAnswer:
    """What the server says: the whole response, its status (101 opens the connection) and why it is no 101."""

    status: int
    response: bytes
    why: str = ""


def accept_of(key: str) -> str:
    """Sec-WebSocket-Accept for this Sec-WebSocket-Key (RFC 6455 section 4.2.2)."""
    return base64.b64encode(hashlib.sha1((key + _GUID).encode("latin-1"), usedforsecurity=False).digest()).decode()


def refusal(status: int, why: str, fields: str = "") -> HandshakeAnswer:
    """A response that ends the connection; `fields` are lines of its head, `why` is its page."""
    page = f"{why}.\nThis is a SIP server: connect by WebSocket with the subprotocol sip (RFC 7118).\n"
    head = (
        f"HTTP/1.1 {status} {_REASONS[status]}\r\n{fields}Content-Type: text/plain\r\n"
        f"Content-Length: {len(page)}\r\nConnection: {'Upgrade, ' if _UPGRADE in fields else ''}close\r\n\r\n"
    )
    return HandshakeAnswer(status, (head + page).encode("latin-1"), why)


def answer(head: bytes) -> HandshakeAnswer:
    """The answer to a request, given up to and with the empty line after its header fields."""
    first, *lines = head.decode("latin-1").removesuffix("\r\n\r\n").split("\r\n")
    request = _request_line(first)
    if request is None:
        return refusal(400, "The request line is none of HTTP")
    if request[3] != "1" or request[4] == "0":
        return refusal(505, "HTTP/1.1 is needed")
    if request[1] != "GET":
        return refusal(405, "The method is not GET", "Allow: GET\r\n")
    fields: dict[str, list[str]] = {}
    for line in lines:
        field = _field(line)
        if field is None:
            return refusal(400, "A header field is malformed")
        fields.setdefault(field[1].lower(), []).append(field[2].rstrip(" \t"))
    return _upgraded(fields)


def _upgraded(fields: dict[str, list[str]]) -> HandshakeAnswer:
    if len(fields.get("host", ())) != 1:
        return refusal(400, "There is not one Host")
    if "transfer-encoding" in fields or fields.get("content-length", ["0"]) != ["0"]:
        return refusal(400, "A GET has no body")
    if "websocket" not in _lowered(fields, "upgrade"):
        return refusal(426, "There is no Upgrade to websocket", _UPGRADE)
    if "upgrade" not in _lowered(fields, "connection"):
        return refusal(400, "Connection does not say Upgrade")
    if fields.get("sec-websocket-version") != ["13"]:
        return refusal(426, "The version of WebSocket is not 13", f"{_UPGRADE}Sec-WebSocket-Version: 13\r\n")
    keys = fields.get("sec-websocket-key", [])
    if len(keys) != 1 or not _is_key(keys[0]):
        return refusal(400, "Sec-WebSocket-Key is not 16 bytes in base64")
    # RFC 7118 section 4.1: the client MUST offer it and the 101 MUST contain it, so there can be no 101 without
    if "sip" not in _elements(fields, "sec-websocket-protocol"):
        return refusal(400, "Sec-WebSocket-Protocol does not offer sip")
    response = (
        f"HTTP/1.1 101 Switching Protocols\r\n{_UPGRADE}Connection: Upgrade\r\n"
        f"Sec-WebSocket-Accept: {accept_of(keys[0])}\r\nSec-WebSocket-Protocol: sip\r\n\r\n"
    )
    return HandshakeAnswer(101, response.encode("latin-1"))


def _elements(fields: dict[str, list[str]], name: str) -> list[str]:
    return [element.strip(" \t") for value in fields.get(name, ()) for element in value.split(",")]


def _lowered(fields: dict[str, list[str]], name: str) -> list[str]:
    return [element.lower() for element in _elements(fields, name)]


def _is_key(text: str) -> bool:
    try:
        return len(base64.b64decode(text.encode("latin-1"), validate=True)) == 16
    except binascii.Error:
        return False
