"""What can be done to the bytes of a message on purpose: a catalogue by name, with what a client owes each (RFC 3261).

Every entry is a function of bytes alone, so that one message is always corrupted alike. None raises: what cannot be
found in a message (a body, a status line, a header at all) is left as it is.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from responder.sip import header_names
from responder.sip.abnf import elements, pieces

if TYPE_CHECKING:
    from collections.abc import Callable

TWO_IN_ONE_SEGMENT: Final = "two-in-one-segment"
"""The corruption that joins a message with the next one; its bytes stay as they are."""
BYTE_BY_BYTE: Final = "byte-by-byte"
"""The corruption that sends every byte in a segment of its own; the bytes stay as they are."""
FOREIGN_VIA: Final = "SIP/2.0/UDP foreign.invalid:5060;branch=z9hG4bKforeign"
"""A Via of nobody (RFC 2606 section 2)."""
_HUGE: Final = 16_384
_LONG: Final = 1_024
_LARGEST_CSEQ: Final = 2**31 - 1
_start: Final = re.compile(rb"SIP/2\.0", re.IGNORECASE)
_status: Final = re.compile(rb"(SIP/[^ ]+ )([0-9]+)( ?.*)", re.IGNORECASE | re.DOTALL).fullmatch


@dataclass(frozen=True, slots=True)
class Corruption:
    """One entry of the catalogue."""

    description: str
    """What becomes of the message, in words."""
    duty: str
    """What a client does with it, and where that is written."""
    apply: Callable[[bytes], bytes]
    """Bytes of a message to what is sent instead."""


class _Head:
    """A message in parts; field lines keep their folds, the body follows the empty line."""

    def __init__(self, data: bytes) -> None:
        head, self.end, self.body = data.partition(b"\r\n\r\n")
        self.start, *lines = head.split(b"\r\n")
        self.lines: list[bytes] = []
        for line in lines:
            if line[:1] in (b" ", b"\t") and self.lines:
                self.lines[-1] += b"\r\n" + line
            else:
                self.lines.append(line)

    def places(self, key: str) -> list[int]:
        """Where the fields of that KEY stand."""
        return [at for at, line in enumerate(self.lines) if _key(line) == key]

    def value(self, at: int) -> str:
        """The value of a field on one line; every byte is one character."""
        folded = self.lines[at].partition(b":")[2].decode("latin-1")
        return re.sub(r"[ \t]*\r\n[ \t]+", " ", folded).strip(" \t")

    def put(self, at: int, value: str) -> None:
        """Give a field another value."""
        self.lines[at] = self.lines[at].partition(b":")[0] + b": " + value.encode("latin-1")

    def __bytes__(self) -> bytes:
        return b"\r\n".join([self.start, *self.lines]) + self.end + self.body


def _key(line: bytes) -> str:
    return header_names.key(line.partition(b":")[0].decode("latin-1"))


# ways to change a message


def _on_head(change: Callable[[_Head], object]) -> Callable[[bytes], bytes]:
    def apply(data: bytes) -> bytes:
        head = _Head(data)
        if not head.end:
            return data
        change(head)
        return bytes(head)

    return apply


def _value(key: str, change: Callable[[str], str]) -> Callable[[bytes], bytes]:
    """The first field of that KEY with another value."""

    def apply(head: _Head) -> None:
        for at in head.places(key)[:1]:
            head.put(at, change(head.value(at)))

    return _on_head(apply)


def _without(key: str) -> Callable[[bytes], bytes]:
    def apply(head: _Head) -> None:
        head.lines = [line for line in head.lines if _key(line) != key]

    return _on_head(apply)


def _added(line: bytes) -> Callable[[bytes], bytes]:
    return _on_head(lambda head: head.lines.append(line))


def _lines(change: Callable[[bytes], bytes]) -> Callable[[bytes], bytes]:
    """Every field line changed."""

    def apply(head: _Head) -> None:
        head.lines = [change(line) if b":" in line else line for line in head.lines]

    return _on_head(apply)


def _phrase(phrase: bytes) -> Callable[[bytes], bytes]:
    def apply(head: _Head) -> None:
        if found := _status(head.start):
            head.start = found[1] + found[2] + b" " + phrase

    return _on_head(apply)


def _length(change: Callable[[int], str]) -> Callable[[bytes], bytes]:
    """Content-Length made of the length of the body; added where there is none."""

    def apply(head: _Head) -> None:
        value = change(len(head.body))
        places = head.places("content-length")
        if places:
            head.put(places[0], value)
        else:
            head.lines.append(b"Content-Length: " + value.encode())

    return _on_head(apply)


def _parameter(value: str, name: str, change: Callable[[str], str] | None, absent: str = "") -> str:
    """A parameter with another value, without it where `change` is None; `absent` is its value where it is missing."""
    kept, met = [], False
    for at, piece in enumerate(pieces(value)):
        key, _, given = piece.partition("=")
        if at and key.strip(" \t").lower() == name:
            met = True
            if change is None:
                continue
            kept.append(name + "=" + change(given.strip(" \t")))
        else:
            kept.append(piece)
    if not met and absent:
        kept.append(f"{name}={absent}")
    return ";".join(kept)


def _wrong(value: str) -> str:
    return f"{value}wrong"


def _wrong_branch(value: str) -> str:
    first, *others = elements(value) or [""]
    return ", ".join([_parameter(first, "branch", _wrong, "z9hG4bKwrong"), *others])


def _wrong_cseq(value: str) -> str:
    number, _, method = value.partition(" ")
    if not (number.isascii() and number.isdigit() and len(number) <= len(str(_LARGEST_CSEQ))):
        return value
    other = int(number) + 1 if int(number) < _LARGEST_CSEQ else int(number) - 1
    return f"{other} {method}"


def _wrong_cseq_method(value: str) -> str:
    number, _, method = value.partition(" ")
    return f"{number} {'OPTIONS' if method.strip() != 'OPTIONS' else 'INFO'}"


def _lower_via_first(head: _Head) -> None:
    places = head.places("via")
    if not places:
        return
    vias = [via for at in places for via in elements(head.value(at))]
    others = vias[::-1] if len(vias) > 1 else [FOREIGN_VIA, *vias]
    kept = [line for line in head.lines if _key(line) != "via"]
    head.lines = [*kept[: places[0]], *[f"Via: {via}".encode("latin-1") for via in others], *kept[places[0] :]]


def _second_via(head: _Head) -> None:
    for at in head.places("via")[-1:]:
        head.lines.insert(at + 1, f"Via: {FOREIGN_VIA}".encode())


def _twice(head: _Head) -> None:
    for at in head.places("call-id")[:1]:
        head.lines.insert(at + 1, head.lines[at])


def _ended_early(head: _Head) -> None:
    head.end, head.body = b"\r\n", b""


def _folded(line: bytes) -> bytes:
    name, _, value = line.partition(b":")
    value = value.strip(b" \t")
    if not value or b"\r\n" in value:
        return line
    if _key(line) in ("via", "cseq"):  # their grammar has LWS in the middle, too
        value = value.replace(b" ", b"\r\n\t", 1)
    return name + b":\r\n " + value


def _compact(line: bytes) -> bytes:
    letter = header_names.compact(_key(line))
    return line if letter is None else letter.encode() + b":" + line.partition(b":")[2]


def _respelt(spell: Callable[[bytes], bytes]) -> Callable[[bytes], bytes]:
    def change(line: bytes) -> bytes:
        name, colon, value = line.partition(b":")
        return spell(name) + colon + value

    return _lines(change)


def _unknown_version(head: _Head) -> None:
    head.start = _start.sub(b"SIP/7.0", head.start)


def _impossible_status(head: _Head) -> None:
    if found := _status(head.start):
        head.start = found[1] + b"4294967301" + found[3]


def _line_feeds(data: bytes) -> bytes:
    head, end, body = data.partition(b"\r\n\r\n")
    return head.replace(b"\r\n", b"\n") + end.replace(b"\r\n", b"\n") + body


def _as_it_is(data: bytes) -> bytes:
    return data


_DISCARDS: Final = "discards it: it belongs to no transaction (17.1.3)"
_BROKEN: Final = "discards it as malformed (8.2.6.2 has every response carry it)"
_READS: Final = "reads it as if nothing were the matter"

CATALOGUE: Final[dict[str, Corruption]] = {
    "wrong-branch": Corruption("The branch of the topmost Via is another.", _DISCARDS, _value("via", _wrong_branch)),
    "no-via": Corruption("There is no Via.", _BROKEN, _without("via")),
    "lower-via-first": Corruption(
        "The Vias stand upside down; where there is one only, a foreign one stands on top of it.",
        "discards it: the topmost Via is not its own (18.1.2)",
        _on_head(_lower_via_first),
    ),
    "second-via": Corruption(
        "A foreign Via stands below the others.",
        "discards it: more than one Via in a response (8.1.3.3)",
        _on_head(_second_via),
    ),
    "wrong-call-id": Corruption(
        "The Call-ID is another.",
        "finds no dialog for it (12.2); by branch and method alone it may match its transaction (17.1.3)",
        _value("call-id", lambda value: f"wrong-{value}"),
    ),
    "no-call-id": Corruption("There is no Call-ID.", _BROKEN, _without("call-id")),
    "duplicate-header": Corruption(
        "The Call-ID is there twice.",
        "may discard it: a field that is no list stands once (7.3.1)",
        _on_head(_twice),
    ),
    "wrong-cseq": Corruption(
        "The number in CSeq is one too high.",
        "does not take it for the response to its request (8.2.6.2 has them equal)",
        _value("cseq", _wrong_cseq),
    ),
    "wrong-cseq-method": Corruption("The method in CSeq is another.", _DISCARDS, _value("cseq", _wrong_cseq_method)),
    "no-cseq": Corruption("There is no CSeq.", _BROKEN, _without("cseq")),
    "no-to-tag": Corruption(
        "The To has no tag.",
        "takes it for that of an RFC 2543 peer: a tag of null (12.1.2)",
        _value("to", lambda value: _parameter(value, "tag", None)),
    ),
    "wrong-to-tag": Corruption(
        "The To tag is another.",
        "takes a 1xx or 2xx for that of another dialog (12.1.2, 13.2.2.4)",
        _value("to", lambda value: _parameter(value, "tag", _wrong, "wrong")),
    ),
    "no-to": Corruption("There is no To.", _BROKEN, _without("to")),
    "wrong-from-tag": Corruption(
        "The From tag is another.",
        "does not take it for the response to its request (8.2.6.2 has them equal)",
        _value("from", lambda value: _parameter(value, "tag", _wrong, "wrong")),
    ),
    "no-from": Corruption("There is no From.", _BROKEN, _without("from")),
    "bad-content-length": Corruption(
        "Content-Length is no number.",
        "discards it; on a connection it cannot find the next message and closes that (18.3, 20.14)",
        _length(lambda length: "many"),
    ),
    "negative-content-length": Corruption(
        "Content-Length is -1.", "does as with bad-content-length", _length(lambda length: "-1")
    ),
    "no-content-length": Corruption(
        "There is no Content-Length.",
        "by UDP takes what is left of the datagram as body; on a connection it is an error (18.3)",
        _without("content-length"),
    ),
    "content-length-too-long": Corruption(
        "Content-Length is 10 more than there is of a body.",
        "by UDP discards it; on a connection waits for the rest, which the next message is taken for (18.3)",
        _length(lambda length: str(length + 10)),
    ),
    "content-length-too-short": Corruption(
        "Content-Length is 10 less than there is of a body, 0 at the least.",
        "by UDP ignores what is left over; on a connection finds no message in it (18.3)",
        _length(lambda length: str(max(0, length - 10))),
    ),
    "truncated": Corruption(
        "The second half is missing.",
        "by UDP discards it; on a connection waits for the rest (18.3)",
        lambda data: data[: len(data) // 2],
    ),
    "no-crlf-at-end": Corruption(
        "The header ends without the empty line, and with it the message.",
        "may discard it: the empty line is there even without a body (7)",
        _on_head(_ended_early),
    ),
    "leading-crlf": Corruption(
        "Two empty lines stand before the start line.",
        "ignores them (7.5; on a connection they are a ping of RFC 5626 4.4.1)",
        lambda data: b"\r\n\r\n" + data,
    ),
    "trailing-bytes": Corruption(
        "Sixteen bytes follow the end of the message.",
        "by UDP ignores them (18.3); on a connection they begin a message that is none",
        lambda data: data + b"\0trailing bytes\0",
    ),
    "empty-reason": Corruption(
        "The reason phrase is empty; the space before it stays.",
        f"{_READS} (7.2, 25.1: Reason-Phrase may be empty)",
        _phrase(b""),
    ),
    "long-reason": Corruption(
        f"The reason phrase has {_LONG} characters.", f"{_READS} (7.2 knows no bound)", _phrase(b"x" * _LONG)
    ),
    "impossible-status": Corruption(
        "The status code is 4294967301.", "discards it (RFC 4475 3.1.2.19)", _on_head(_impossible_status)
    ),
    "unknown-version": Corruption(
        "The version is SIP/7.0.", "discards it (7.1, RFC 4475 3.1.2.16)", _on_head(_unknown_version)
    ),
    "lf-only": Corruption(
        "Lines of the header end with LF alone.", "may discard it: lines end with CRLF (7)", _line_feeds
    ),
    "folded": Corruption("Every field is folded over lines.", f"{_READS} (7.3.1)", _lines(_folded)),
    "compact": Corruption("Fields that have a compact name go by it.", f"{_READS} (7.3.3)", _lines(_compact)),
    "lowercase-names": Corruption("Field names are in lower case.", f"{_READS} (7.3.1)", _respelt(bytes.lower)),
    "uppercase-names": Corruption("Field names are in upper case.", f"{_READS} (7.3.1)", _respelt(bytes.upper)),
    "space-before-colon": Corruption(
        "A space and a tab stand between field names and colons.",
        f"{_READS} (7.3.1, 25.1: HCOLON)",
        _respelt(lambda name: name.rstrip(b" \t") + b" \t"),
    ),
    "huge-header": Corruption(
        f"A field `X-Huge` of {_HUGE} bytes is added.",
        "ignores a field that it does not know (7.3.2)",
        _added(b"X-Huge: " + b"x" * _HUGE),
    ),
    "nul-byte": Corruption(
        "A field `X-Nul` with a NUL in its value is added.",
        "may discard it: no header text holds a NUL (25.1); it does not end there",
        _added(b"X-Nul: before\0after"),
    ),
    "non-utf8": Corruption(
        "A field `X-Latin` that is not UTF-8 is added.",
        "may discard it: header text is UTF-8 (7, 25.1: TEXT-UTF8char)",
        _added(b"X-Latin: caf\xe9"),
    ),
    TWO_IN_ONE_SEGMENT: Corruption(
        "It is held until the next message to the same connection, and both leave in one write (500 ms at the most); "
        "by UDP in one datagram.",
        "on a connection reads both (18.3: Content-Length ends a message); by UDP the first only",
        _as_it_is,
    ),
    BYTE_BY_BYTE: Corruption(
        "Every byte is in a segment of its own; by UDP it goes as usual.", f"{_READS} (18.3)", _as_it_is
    ),
}
"""What can be done to a message, by name."""


def corrupted(data: bytes, names: tuple[str, ...]) -> bytes:
    """The message after these corruptions of `CATALOGUE`, in order; KeyError for a name that is not there."""
    for name in names:
        data = CATALOGUE[name].apply(data)
    return data
