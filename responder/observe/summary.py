"""What a ladder says of a message: its start line in brief, CSeq method, Call-ID and whether SDP is in it.

Read straight from the bytes and without judging them: most worth looking at are the messages that no parser takes.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from responder.observe.printable import printable

_FIELD = re.compile(r"^(call-id|i|cseq|content-type|c)[ \t]*:[ \t]*(.*?)[ \t\r]*$", re.IGNORECASE | re.MULTILINE)
_LONG = {"i": "call-id", "c": "content-type"}
_CALL_ID = re.compile(rb"^(?:call-id|i)[ \t]*:[ \t]*(?:\r?\n[ \t]+)?(.*?)[ \t\r]*$", re.IGNORECASE | re.MULTILINE)
_HEAD_END = re.compile(rb"\r?\n\r?\n")


@dataclass(frozen=True, slots=True)
class Summary:
    """One message in brief; texts are printable, and empty where the message lacks the part."""

    title: str
    """`INVITE`, `486 Busy Here`, or the first words of what is no SIP."""
    method: str
    """A request's method; for a response that of its CSeq."""
    status: int
    """0 for a request."""
    uri: str
    """The Request-URI."""
    call_id: str
    sdp: bool


def call_id_of(data: bytes) -> str:
    """The Call-ID as written (bytes that are not UTF-8 by surrogateescape), empty where there is none."""
    found = _CALL_ID.search(data)
    return found[1].decode("utf-8", "surrogateescape") if found else ""


def summarise(data: bytes) -> Summary:
    """The summary of any bytes."""
    data = data.lstrip(b"\r\n")
    end = _HEAD_END.search(data)
    head = (data[: end.start()] if end else data).decode("utf-8", "surrogateescape")
    if "\n " in head or "\n\t" in head:
        head = re.sub(r"\r?\n[ \t]+", " ", head)
    first, _, rest = head.partition("\n")
    values: dict[str, str] = {}
    for name, value in _FIELD.findall(rest):
        name = name.lower()
        values.setdefault(_LONG.get(name, name), value)
    cseq = values.get("cseq", "").split()
    words = first.split(None, 2)
    title, method, status, uri = "", cseq[1] if len(cseq) > 1 else "", 0, ""
    if len(words) > 1 and words[0].upper().startswith("SIP/") and words[1].isdigit():
        status = int(words[1][:9])
        title = " ".join(words[1:]).rstrip()
    elif len(words) > 2 and "SIP/" in words[2].upper():
        title = method = words[0]
        uri = words[1]
    else:
        title = first[:40].strip() + ("…" if len(first) > 40 else "")
    return Summary(
        title=printable(title),
        method=printable(method),
        status=status,
        uri=printable(uri),
        call_id=printable(values.get("call-id", "")),
        sdp=_has_sdp(values.get("content-type", "").lower(), data[end.end() :] if end else b""),
    )


def _has_sdp(content_type: str, body: bytes) -> bool:
    if content_type.startswith("multipart/"):  # RFC 5621 section 3
        return b"application/sdp" in body.lower()
    return "application/sdp" in content_type
