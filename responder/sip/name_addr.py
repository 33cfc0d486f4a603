"""name-addr and addr-spec with parameters: From, To, Contact, Route, Refer-To, ... (RFC 3261 sections 20.10, 25.1)."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from responder.errors import ParseError
from responder.sip.abnf import LWS, TOKEN, is_digits, is_token, quoted, quoted_at, unquoted
from responder.sip.params import NONE, Params
from responder.sip.uri import Uri

# display-name  =  *(token LWS)/ quoted-string ; no LWS is needed before "<" (RFC 4475 section 3.1.1.6)
_tokens: Final = re.compile(rf"(?:{TOKEN}(?:{LWS}{TOKEN})*+)?").fullmatch
_LONG: Final = 512
DEFAULT_EXPIRES: Final = 3600
"""Seconds that a malformed `expires` of a Contact stands for (RFC 3261 section 20.10)."""


@dataclass(frozen=True, slots=True)
class NameAddr:
    """An address with its display name and header parameters."""

    uri: Uri
    display: str = ""
    """What is to be shown: quotes and escapes resolved."""
    params: Params = NONE

    @staticmethod
    def parse(text: str) -> NameAddr:
        """One element; `ParseError` (with the part at fault in its text) where it breaks the grammar."""
        return _parse(text) if len(text) > _LONG else _remembered(text)

    @property
    def tag(self) -> str | None:
        """The `tag` parameter of From or To."""
        return self.params.get("tag")

    @property
    def q(self) -> float | None:
        """The preference of a Contact, 0 to 1; None where it is missing or malformed."""
        value = self.params.get("q")
        return float(value) if value and _qvalue(value) else None

    @property
    def expires(self) -> int | None:
        """Seconds from a Contact's `expires`; what is malformed counts as 3600 (RFC 3261 section 20.10)."""
        value = self.params.get("expires")
        if value is None:
            return None
        if is_digits(value) and len(value.lstrip("0")) <= 10 and int(value) < 2**32:
            return int(value)
        return DEFAULT_EXPIRES

    def __str__(self) -> str:
        if not self.display:
            return f"<{self.uri}>{self.params}"
        name = self.display if _tokens(self.display) else quoted(self.display)
        return f"{name} <{self.uri}>{self.params}"


# qvalue  =  ( "0" [ "." 0*3DIGIT ] ) / ( "1" [ "." 0*3("0") ] )
_qvalue: Final = re.compile(r"0(?:\.[0-9]{0,3})?|1(?:\.0{0,3})?").fullmatch


def _parse(text: str) -> NameAddr:
    text = text.strip(" \t")
    if text.startswith('"'):
        found = quoted_at(text)
        if not found:
            raise ParseError("Unterminated quoted string in display name")
        display, rest = unquoted(found[0]), text[found.end() :].lstrip(" \t")
        if not rest.startswith("<"):
            raise ParseError("Display name without <URI>")
        return _bracketed(display, rest)
    at = text.find("<")
    if at >= 0 and _tokens(name := text[:at].rstrip(" \t")):
        return _bracketed(name, text[at:])
    uri, semicolon, params = text.partition(";")
    # "If the URI contains a comma, question mark or semicolon, the URI MUST be enclosed in angle brackets" (20)
    if "?" in uri or "," in uri:
        raise ParseError("URI needs <> around it")
    return NameAddr(Uri.parse(uri.rstrip(" \t")), "", _params(semicolon + params))


def _bracketed(display: str, rest: str) -> NameAddr:
    uri, closing, params = rest[1:].partition(">")
    if not closing:
        raise ParseError("Unterminated <URI>")
    return NameAddr(Uri.parse(uri), display, _params(params))


def _params(text: str) -> Params:
    params = Params.parse(text)
    tag = params.raw("tag")
    if tag is not None and not is_token(tag):
        raise ParseError("Malformed tag")
    return params


_remembered: Final = lru_cache(1024)(_parse)


def split_tag(value: str) -> tuple[str, str | None] | None:
    """Cut a From or To value into what stays the same from call to call and the tag.

    None where the tag is not the last parameter: then only parsing it all will tell. The cut is safe without looking
    for quotes: what follows is token characters up to the end, so no quote or bracket is open there that is closed.
    """
    at = value.rfind(";tag=")
    if at < 0:
        return None if "tag" in value.lower() else (value, None)
    tag = value[at + 5 :]
    return (value[:at], tag) if is_token(tag) else None
