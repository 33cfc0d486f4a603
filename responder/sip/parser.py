"""One datagram, or one framed message, to a `Request` or `Response` (RFC 3261 sections 7, 18.3, 25.1).

Rules
1. A message as everybody sends it takes the short way: one decode, one split, one lookup of its `Shape`. Whatever is
   unusual about it (folding, bare LF, a wrong length, ...) is noticed there and sent the long way.
2. `ParseError` is raised only for what cannot be answered: no start line of SIP, or a response that must be dropped.
   Anything else that is wrong ends up in `Message.problem`, the first one only.
"""

from __future__ import annotations

import re
from typing import Final

from responder.errors import ParseError
from responder.sip.abnf import SWS, is_token
from responder.sip.message import Request, Response, Shape, shape_of
from responder.sip.methods import METHODS

# Every control character but HTAB: a head without folding holds two of them a line, its CR and LF.
_CONTROLS: Final = bytes(code for code in range(32) if code != 9) + b"\x7f"

_BOUND: Final = 1024
_lengths: dict[str, int] = {}
_plain: dict[tuple[str, ...], Shape] = {}


def parse(data: bytes) -> Request | Response:
    """The message. Bytes beyond Content-Length are dropped; without it the body is what remains (section 18.3).

    Raises `ParseError` for what is not SIP and for responses that must be dropped.
    """
    end = data.find(b"\r\n\r\n")
    if end <= 0:
        return _unusual(data)
    head = data[:end]
    lines = head.decode("utf-8", "surrogateescape").split("\r\n")
    try:
        first, second, third = lines.pop(0).split(" ", 2)
        names, colons, values = zip(*[line.partition(":") for line in lines], strict=True)
    except ValueError:
        return _unusual(data)
    shape = _plain.get(names) or _new_shape(names)
    if shape is None or colons != shape.colons or len(head) - len(head.translate(None, _CONTROLS)) != 2 * len(lines):
        return _unusual(data)
    body = data[end + 4 :]
    at = shape.length_at
    if at >= 0:
        value = values[at]
        length = _lengths.get(value, -1)
        if length != len(body):
            if length < 0:
                length = _length(value)
            if not 0 <= length <= len(body):
                return _unusual(data)
            body = body[:length]
    if third == "SIP/2.0":
        if not second or (first not in METHODS and not is_token(first)):
            return _unusual(data)
        return Request(first, second, third, shape, values, body)
    if first == "SIP/2.0" and len(second) == 3 and second.isascii() and second.isdecimal() and "100" <= second < "700":
        return Response(int(second), third, first, shape, values, body)
    return _unusual(data)


def _new_shape(names: tuple[str, ...]) -> Shape | None:
    """The Shape of names seen for the first time; None where these are not all names of one field each."""
    if not all(is_token(name.rstrip(" \t")) for name in names):
        return None
    shape = shape_of(names)
    if len(shape.every.get("content-length", ())) > 1:
        return None
    if len(_plain) >= _BOUND:
        _plain.clear()
    if shape.lasting:
        _plain[names] = shape
    return shape


_digits: Final = re.compile(rf"{SWS}0*+([0-9]{{0,9}}){SWS}").fullmatch


def _length(value: str) -> int:
    """The value of a Content-Length field, -1 where it is malformed or beyond any message."""
    found = _digits(value)
    if not found or not value.strip(" \t"):
        return -1
    length = int(found[1] or "0")
    if len(_lengths) >= _BOUND:
        _lengths.clear()
    if len(value) <= 16:
        _lengths[value] = length
    return length


# ------------------------------------------------------------------------------------------------ the long way

_line_end: Final = re.compile(r"\r?\n")
_head_end: Final = re.compile(rb"\r?\n\r?\n").search
_blank: Final = re.compile(r"[ \t]++")
# SIP-Version    =  "SIP" "/" 1*DIGIT "." 1*DIGIT
_version: Final = re.compile(r"SIP/[0-9]++\.[0-9]++", re.IGNORECASE).fullmatch
_status_line: Final = re.compile(r"(SIP/2\.0)[ \t]++([1-6][0-9]{2})(?:[ \t](.*))?+", re.IGNORECASE).fullmatch
# Control characters stand in a quoted-pair only: "\" (%x00-09 / %x0B-0C / %x0E-7F)
_stray_control: Final = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]").search
_quoted: Final = re.compile(r'"(?:[^"\\]++|\\.?)*+(?:"|\Z)', re.DOTALL)
_pair: Final = re.compile(r"\\[\x00-\x09\x0b\x0c\x0e-\x7f]")


def _unusual(data: bytes) -> Request | Response:
    # "Implementations processing SIP messages over stream-oriented transports MUST ignore any CRLF appearing before
    # the start-line" (7.5); harmless in a datagram.
    data = data.lstrip(b"\r\n")
    found = _head_end(data)
    head, body = (data[: found.start()], data[found.end() :]) if found else (data.rstrip(b"\r\n"), b"")
    start, *lines = _line_end.split(head.decode("utf-8", "surrogateescape"))
    if start[:4].upper() == "SIP/":
        return _unusual_response(start, lines, body, ended=found is not None)
    words = _blank.split(start.strip(" \t"))
    if len(words) < 3 or words[-1][:4].upper() != "SIP/":
        raise ParseError("Not a SIP message", offset=0)
    method, *between, version = words
    uri = " ".join(between)
    problems: list[ParseError] = []
    if version.upper() != "SIP/2.0":
        known = _version(version) is not None
        problems.append(ParseError("Version Not Supported", status=505) if known else _problem("Malformed SIP-Version"))
    if not is_token(method):
        problems.append(_problem("Malformed method", "Request-Line"))
    if len(words) > 3:
        problems.append(_problem("White space in the Request-URI", "Request-URI"))
    elif start != f"{method} {uri} {version}":
        problems.append(_problem("White space in the Request-Line", "Request-Line"))
    if _has_stray_control(start):
        problems.append(_problem("Control character in the Request-Line", "Request-Line"))
    shape, values, body = _head_and_body(lines, body, problems, ended=found is not None)
    return Request(method, uri, version, shape, values, body, problems[0] if problems else None)


def _unusual_response(start: str, lines: list[str], body: bytes, *, ended: bool) -> Response:
    found = _status_line(start)
    if not found:
        raise ParseError("Malformed Status-Line", offset=0)
    problems: list[ParseError] = []
    shape, values, body = _head_and_body(lines, body, problems, ended=ended)
    version, status, reason = found.groups()
    return Response(int(status), reason or "", version, shape, values, body, problems[0] if problems else None)


def _problem(what: str, field: str = "") -> ParseError:
    return ParseError(what, field=field)


def _head_and_body(
    lines: list[str], body: bytes, problems: list[ParseError], *, ended: bool
) -> tuple[Shape, tuple[str, ...], bytes]:
    names: list[str] = []
    values: list[list[str]] = []
    for line in lines:
        if line[:1] in (" ", "\t") and line:
            # "Header fields can be extended over multiple lines by preceding each extra line with at least one SP or
            # horizontal tab (HT). The line break and the whitespace at the beginning of the next line are treated as
            # a single SP" (7.3.1)
            if values:
                values[-1].append(line.strip(" \t"))
            else:
                problems.append(_problem("White space before the first header field"))
            continue
        name, colon, value = line.partition(":")
        if not colon or not is_token(name.rstrip(" \t")):
            problems.append(_problem("Malformed header field line"))
            continue
        names.append(name)
        values.append([value.rstrip(" \t")])
    joined = tuple([" ".join(parts) for parts in values])
    shape = shape_of(tuple(names))
    for name, value in zip(names, joined, strict=True):
        if _has_stray_control(value):
            problems.append(_problem(f"Control character in {name.strip()}", name.strip()))
    if not ended:
        problems.append(_problem("No empty line after the header fields"))
    return shape, joined, _cut(shape, joined, body, problems)


def _has_stray_control(text: str) -> bool:
    if not _stray_control(text):
        return False
    return _stray_control(_quoted.sub(lambda found: _pair.sub("", found[0]), text)) is not None


def _cut(shape: Shape, values: tuple[str, ...], body: bytes, problems: list[ParseError]) -> bytes:
    lengths = {_length(values[at]) for at in shape.every.get("content-length", ())}
    if not lengths:
        return body
    if -1 in lengths:
        problems.append(_problem("Malformed Content-Length", "Content-Length"))
        return body
    if len(lengths) > 1:
        problems.append(_problem("Several different Content-Length", "Content-Length"))
        return body
    length = lengths.pop()
    # "If the transport packet ends before the end of the message body, this is considered an error" (18.3)
    if length > len(body):
        problems.append(_problem("Content-Length larger than the message", "Content-Length"))
    return body[:length]
