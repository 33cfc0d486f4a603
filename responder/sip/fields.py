"""Typed header field values (RFC 3261 section 20 and its extensions); each has `parse` and writes itself back.

`Via`, `TopVia` and `NameAddr` live in modules of their own and are named here too.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Final, NamedTuple

from responder.errors import ParseError
from responder.sip.abnf import LWS, SWS, TOKEN, elements, number, quoted, unquoted
from responder.sip.name_addr import NameAddr
from responder.sip.params import NONE, Params
from responder.sip.via import TopVia, Via, stamped, top_via

__all__ = [
    "CSeq",
    "Event",
    "MediaType",
    "NameAddr",
    "RAck",
    "Reason",
    "Replaces",
    "RetryAfter",
    "SessionExpires",
    "TopVia",
    "Via",
    "Warning",
    "option_tags",
    "stamped",
    "top_via",
]

_cseq: Final = re.compile(rf"{SWS}([0-9]++){LWS}({TOKEN}){SWS}").fullmatch


class CSeq(NamedTuple):
    """Sequence number and method (RFC 3261 sections 8.1.1.5, 20.16); `ParseError` at 2**31 and above."""

    number: int
    method: str

    @staticmethod
    def parse(text: str) -> CSeq:
        """Value of the CSeq field."""
        return _remembered_cseq(text) if len(text) <= 64 else _parse_cseq(text)

    def __str__(self) -> str:
        return f"{self.number} {self.method}"


def _parse_cseq(text: str) -> CSeq:
    found = _cseq(text)
    if not found:
        raise ParseError("Malformed CSeq", field="CSeq")
    # "MUST be expressible as a 32-bit unsigned integer and MUST be less than 2**31"
    return CSeq(number(found[1], field="CSeq", largest=2**31 - 1), found[2])


_remembered_cseq: Final = lru_cache(1024)(_parse_cseq)


_rack: Final = re.compile(rf"{SWS}([0-9]++){LWS}([0-9]++){LWS}({TOKEN}){SWS}").fullmatch


class RAck(NamedTuple):
    """Which provisional response a PRACK acknowledges (RFC 3262 section 7.2)."""

    rseq: int
    cseq: int
    method: str

    @staticmethod
    def parse(text: str) -> RAck:
        """Value of the RAck field."""
        found = _rack(text)
        if not found:
            raise ParseError("Malformed RAck", field="RAck")
        return RAck(number(found[1], field="RAck"), number(found[2], field="RAck", largest=2**31 - 1), found[3])

    def __str__(self) -> str:
        return f"{self.rseq} {self.cseq} {self.method}"


_with_params: Final = re.compile(rf"{SWS}({TOKEN}){SWS}(;.*)?", re.DOTALL).fullmatch


def _token_and_params(text: str, field: str) -> tuple[str, Params]:
    found = _with_params(text)
    if not found:
        raise ParseError(f"Malformed {field}", field=field)
    return found[1], _params(found[2] or "", field)


def _params(text: str, field: str) -> Params:
    try:
        return Params.parse(text)
    except ParseError:
        raise ParseError(f"Malformed {field}", field=field) from None


@dataclass(frozen=True, slots=True)
class Event:
    """An event package with its `id` (RFC 6665 section 8.2.1)."""

    package: str
    params: Params = NONE

    @staticmethod
    def parse(text: str) -> Event:
        """Value of the Event field."""
        return Event(*_token_and_params(text, "Event"))

    @property
    def id(self) -> str | None:
        """The `id` parameter, which is compared byte by byte."""
        return self.params.get("id")

    def __str__(self) -> str:
        return f"{self.package}{self.params}"


_media_type: Final = re.compile(rf"{SWS}({TOKEN}){SWS}/{SWS}({TOKEN}){SWS}(;.*)?", re.DOTALL).fullmatch


@dataclass(frozen=True, slots=True)
class MediaType:
    """A media type with parameters (RFC 3261 section 20.15); also a range with `*` as in Accept."""

    type: str
    """Lower case."""
    subtype: str
    """Lower case."""
    params: Params = NONE

    @staticmethod
    def parse(text: str) -> MediaType:
        """Value of Content-Type, or one element of Accept."""
        return _parse_media_type(text) if len(text) > 256 else _remembered_media_type(text)

    @property
    def essence(self) -> str:
        """`type/subtype`, lower case."""
        return f"{self.type}/{self.subtype}"

    def includes(self, other: MediaType) -> bool:
        """Whether this range (`*/*`, `text/*`) covers that type, parameters aside."""
        return self.type in ("*", other.type) and self.subtype in ("*", other.subtype)

    def __str__(self) -> str:
        return f"{self.type}/{self.subtype}{self.params}"


def _parse_media_type(text: str) -> MediaType:
    found = _media_type(text)
    if not found:
        raise ParseError("Malformed Content-Type", field="Content-Type")
    return MediaType(found[1].lower(), found[2].lower(), _params(found[3] or "", "Content-Type"))


_remembered_media_type: Final = lru_cache(1024)(_parse_media_type)


_retry_after: Final = re.compile(rf"{SWS}([0-9]++){SWS}(?:\(((?:[^()\\]++|\\.)*+)\){SWS})?+(;.*)?", re.DOTALL).fullmatch


@dataclass(frozen=True, slots=True)
class RetryAfter:
    """Seconds to wait, perhaps why, perhaps `duration` (RFC 3261 section 20.33)."""

    seconds: int
    comment: str = ""
    """Without its parentheses, as written."""
    params: Params = NONE

    @staticmethod
    def parse(text: str) -> RetryAfter:
        """Value of the Retry-After field."""
        found = _retry_after(text)
        if not found:
            raise ParseError("Malformed Retry-After", field="Retry-After")
        return RetryAfter(number(found[1], field="Retry-After"), found[2] or "", _params(found[3] or "", "Retry-After"))

    def __str__(self) -> str:
        comment = f" ({self.comment})" if self.comment else ""
        return f"{self.seconds}{comment}{self.params}"


@dataclass(frozen=True, slots=True)
class SessionExpires:
    """A session interval in seconds with its `refresher` (RFC 4028 section 4); Min-SE reads the same."""

    seconds: int
    params: Params = NONE

    @staticmethod
    def parse(text: str, *, field: str = "Session-Expires") -> SessionExpires:
        """Value of Session-Expires, or with `field` of Min-SE."""
        token, params = _token_and_params(text, field)
        return SessionExpires(number(token, field=field), params)

    @property
    def refresher(self) -> str | None:
        """`uac`, `uas` or None."""
        value = self.params.get("refresher")
        return value.lower() if value else None

    def __str__(self) -> str:
        return f"{self.seconds}{self.params}"


@dataclass(frozen=True, slots=True)
class Replaces:
    """The dialog that an INVITE wants to replace or join (RFC 3891 section 6.1, RFC 3911)."""

    call_id: str
    params: Params = NONE

    @staticmethod
    def parse(text: str, *, field: str = "Replaces") -> Replaces:
        """Value of Replaces, or with `field` of Join; both tags must be there, once."""
        call_id, semicolon, rest = text.strip(" \t").partition(";")
        params = _params(semicolon + rest, field)
        names = [name.lower() for name, _ in params.items]
        if not call_id.strip(" \t") or names.count("to-tag") != 1 or names.count("from-tag") != 1:
            raise ParseError(f"Malformed {field}", field=field)
        return Replaces(call_id.strip(" \t"), params)

    @property
    def to_tag(self) -> str:
        """Tag of the side that receives the INVITE."""
        return self.params.get("to-tag") or ""

    @property
    def from_tag(self) -> str:
        """Tag of the other side."""
        return self.params.get("from-tag") or ""

    @property
    def early_only(self) -> bool:
        """Whether only an early dialog may be replaced."""
        return "early-only" in self.params

    def __str__(self) -> str:
        return f"{self.call_id}{self.params}"


@dataclass(frozen=True, slots=True)
class Reason:
    """Why a request was sent (RFC 3326): `SIP ;cause=200 ;text="Call completed elsewhere"`."""

    protocol: str
    params: Params = NONE

    @staticmethod
    def parse(text: str) -> Reason:
        """One element of the Reason field."""
        return Reason(*_token_and_params(text, "Reason"))

    @property
    def cause(self) -> int | None:
        """The `cause` parameter; None where it is missing or no number."""
        value = self.params.get("cause") or ""
        return int(value) if value.isascii() and value.isdecimal() and len(value) <= 10 else None

    @property
    def text(self) -> str:
        """The `text` parameter, unquoted."""
        return self.params.get("text") or ""

    def __str__(self) -> str:
        return f"{self.protocol}{self.params}"


_warning: Final = re.compile(rf'{SWS}([0-9]{{3}}) +([^ \t"]++) +(".*"){SWS}', re.DOTALL).fullmatch


@dataclass(frozen=True, slots=True)
class Warning:
    """Code, agent and text of a warning (RFC 3261 section 20.43)."""

    code: int
    agent: str
    text: str
    """Unquoted."""

    @staticmethod
    def parse(text: str) -> Warning:
        """One element of the Warning field; the code has three digits (RFC 4475 section 3.1.2.5)."""
        found = _warning(text)
        if not found:
            raise ParseError("Malformed Warning", field="Warning")
        return Warning(int(found[1]), found[2], unquoted(found[3]))

    def __str__(self) -> str:
        return f"{self.code} {self.agent} {quoted(self.text)}"


def option_tags(value: str) -> frozenset[str]:
    """The option tags of Supported, Require, ... in lower case; empty elements do not count."""
    return _option_tags(value) if len(value) > 256 else _remembered_option_tags(value)


def _option_tags(value: str) -> frozenset[str]:
    return frozenset([tag.lower() for tag in elements(value) if tag])


_remembered_option_tags: Final = lru_cache(1024)(_option_tags)
