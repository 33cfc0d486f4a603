"""Session descriptions in requests (RFC 3261 section 13.2.1, RFC 5621): where the offer or answer is in a body."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from responder.sip.message import Message

SDP: Final = "application/sdp"

_boundary: Final = re.compile(r';\s*boundary\s*=\s*("[^"]*"|[^;\s]+)', re.IGNORECASE).search
_type: Final = re.compile(rb"(?:^|\n)content-type\s*:\s*application/sdp\s*(?:;|\r|\n|$)", re.IGNORECASE).search
_MOST_PARTS: Final = 32


def session_description_in(message: Message) -> bytes | None:
    """The session description that a message carries, alone or as a part of a multipart body; None without one."""
    body = message.body
    if not body:
        return None
    value = message.first("content-type")
    if value is None:
        return None
    if value.startswith(SDP):
        return body
    lowered = value.lower()
    if lowered.startswith(SDP):
        return body
    return _part(value, body) if lowered.startswith("multipart/") else None


def _part(value: str, body: bytes) -> bytes | None:
    found = _boundary(value)
    if not found:
        return None
    delimiter = b"--" + found[1].strip('"').encode("utf-8", "surrogateescape")
    for part in body.split(delimiter, _MOST_PARTS)[1:]:
        head, _, content = part.partition(b"\r\n\r\n")
        if _type(head):
            return content.removesuffix(b"\r\n")
    return None
