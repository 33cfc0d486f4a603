"""The lexical rules of RFC 3261 section 25.1 as regular expressions, and the cutting of values at `,` and `;`.

Invariant: every expression uses possessive repetition: matching takes time linear in the text, whatever the peer sent.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Final, TypeAlias

from responder.errors import ParseError

Matcher: TypeAlias = Callable[[str], "re.Match[str] | None"]

# token  =  1*(alphanum / "-" / "." / "!" / "%" / "*" / "_" / "+" / "`" / "'" / "~" )
TOKEN: Final = r"[A-Za-z0-9\-.!%*_+`'~]++"
# word adds  ( ) < > : \ DQUOTE / [ ] ? { }
WORD: Final = r"[A-Za-z0-9\-.!%*_+`'~()<>:\\\"/\[\]?{}]++"
# quoted-string  =  SWS DQUOTE *(qdtext / quoted-pair ) DQUOTE
# Control characters are met only as quoted-pair (%x00-09 / %x0B-0C / %x0E-7F).
QUOTED: Final = r'"(?:[^"\\\x00-\x08\x0a-\x1f\x7f]++|\\[\x00-\x09\x0b\x0c\x0e-\x7f])*+"'
# LWS once the lines are unfolded
SWS: Final = r"[ \t]*+"
LWS: Final = r"[ \t]++"
# escaped  =  "%" HEXDIG HEXDIG
ESCAPED: Final = r"%[0-9A-Fa-f]{2}"
# host: a label may hold "_" and the last one may begin with a digit (RFC 1123 section 2.1), as names of containers do
HOSTNAME: Final = r"[A-Za-z0-9_][A-Za-z0-9_\-]*+(?:\.[A-Za-z0-9_][A-Za-z0-9_\-]*+)*+\.?"
IPV6_REFERENCE: Final = r"\[[0-9A-Fa-f:.]++\]"
HOST: Final = rf"(?:{IPV6_REFERENCE}|{HOSTNAME})"

is_token: Final[Matcher] = re.compile(TOKEN).fullmatch
is_call_id: Final[Matcher] = re.compile(rf"{WORD}(?:@{WORD})?").fullmatch
is_digits: Final[Matcher] = re.compile(r"[0-9]++").fullmatch
quoted_at: Final = re.compile(QUOTED).match

_pair: Final = re.compile(r"\\(.)", re.DOTALL)
_special: Final = re.compile(r'["\\\x00-\x08\x0b\x0c\x0e-\x1f\x7f]')
# An unclosed quote or bracket reaches to the end of the text.
_element: Final = re.compile(r'(?:[^,"<]++|"(?:[^"\\]++|\\.?)*+(?:"|\Z)|<[^>]*+(?:>|\Z))*+', re.DOTALL).match
_piece: Final = re.compile(r'(?:[^;"<]++|"(?:[^"\\]++|\\.?)*+(?:"|\Z)|<[^>]*+(?:>|\Z))*+', re.DOTALL).match


def unquoted(text: str) -> str:
    """The value of a quoted-string without its quotes and escapes; other text as it is."""
    if len(text) >= 2 and text[0] == '"' == text[-1]:
        inner = text[1:-1]
        return _pair.sub(r"\1", inner) if "\\" in inner else inner
    return text


def quoted(text: str) -> str:
    r"""A quoted-string with that value: `"`, `\` and control characters become quoted-pairs."""
    return '"' + _special.sub(r"\\\g<0>", text) + '"'


def elements(text: str) -> list[str]:
    """The comma-separated elements of a field value, stripped; commas in quotes and `<>` do not separate.

    A value of white space only has none; an empty element between two commas is kept, as `""`.
    """
    if "," not in text:
        text = text.strip(" \t")
        return [text] if text else []
    if '"' not in text and "<" not in text:
        return [part.strip(" \t") for part in text.split(",")]
    return [part.strip(" \t") for part in _cut(_element, text)]


def first_element(text: str) -> str:
    """The first of `elements`, `""` where there is none."""
    if "," in text and (found := _element(text)):
        text = found[0]
    return text.strip(" \t")


def pieces(text: str) -> list[str]:
    """The same at semicolons: always at least one piece."""
    if '"' not in text and "<" not in text:
        return [part.strip(" \t") for part in text.split(";")]
    return [part.strip(" \t") for part in _cut(_piece, text)]


def _cut(match: Callable[[str, int], re.Match[str] | None], text: str) -> Iterator[str]:
    at = 0
    while True:
        found = match(text, at)
        end = found.end() if found else len(text)
        yield text[at:end]
        if end >= len(text):
            return
        at = end + 1


def number(text: str, *, field: str, largest: int = 2**32 - 1) -> int:
    """1*DIGIT within 0..`largest`; anything else is a `ParseError` that names `field`."""
    text = text.strip(" \t")
    # Leading zeros are legal; ten digits hold every 32-bit number, so a thousand of them are not worth converting.
    digits = text.lstrip("0") or "0"
    if is_digits(text) and len(digits) <= 10 and (value := int(digits)) <= largest:
        return value
    raise ParseError(f"Malformed {field}", field=field)
