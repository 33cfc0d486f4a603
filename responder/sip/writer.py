"""Messages to bytes (RFC 3261 sections 7, 7.3.3, 20.14): names and values verbatim, Content-Length exact."""

from __future__ import annotations

from collections.abc import Iterable

from responder.sip import header_names
from responder.sip.message import Message, Request, Response


def write(
    start_line: str,
    fields: Iterable[tuple[str, str]],
    body: bytes = b"",
    *,
    measured: bool = True,
    compact: bool = False,
) -> bytes:
    """The bytes of a message.

    `measured`: Content-Length, wherever and however it stands among the fields, gets the length of the body, or is
    added as the last one; else the fields are written as they are given. `compact`: short names, that of an added
    Content-Length included. Surrogate escapes become the bytes they stand for.
    """
    lines = [start_line]
    missing = measured
    for name, value in compacted(fields) if compact else fields:
        if measured and header_names.key(name) == "content-length":
            if missing:
                lines.append(f"{name}: {len(body)}")
                missing = False
            continue
        lines.append(f"{name}: {value}")
    if missing:
        lines.append(f"{'l' if compact else 'Content-Length'}: {len(body)}")
    lines.append("\r\n")
    return "\r\n".join(lines).encode("utf-8", "surrogateescape") + body


def compacted(fields: Iterable[tuple[str, str]]) -> list[tuple[str, str]]:
    """The fields with compact names where there are such (RFC 3261 section 7.3.3)."""
    return [(header_names.compact(header_names.key(name)) or name, value) for name, value in fields]


def write_request(
    method: str, uri: str, fields: Iterable[tuple[str, str]], body: bytes = b"", *, compact: bool = False
) -> bytes:
    """A request of SIP/2.0 with an exact Content-Length."""
    return write(f"{method} {uri} SIP/2.0", fields, body, compact=compact)


def write_response(
    status: int, reason: str, fields: Iterable[tuple[str, str]], body: bytes = b"", *, compact: bool = False
) -> bytes:
    """A response of SIP/2.0 with an exact Content-Length."""
    return write(f"SIP/2.0 {status} {reason}", fields, body, compact=compact)


def written(message: Message) -> bytes:
    """A parsed message again: the same fields in the same order and spelling, one line each."""
    assert isinstance(message, (Request, Response))
    return write(message.start_line, message.fields(), message.body, measured="content-length" in message.shape.index)
