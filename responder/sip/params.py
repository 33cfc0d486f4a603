"""Parameters of header fields and of URIs (RFC 3261 sections 7.3.1, 19.1.1): ordered, names without regard to case."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

from responder.errors import ParseError
from responder.sip.abnf import ESCAPED, QUOTED, SWS, TOKEN, pieces, quoted, unquoted

# generic-param  =  token [ EQUAL gen-value ]
# gen-value      =  token / host / quoted-string
# A value that is neither is let through where it cannot be mistaken for something else (no separator of the list, no
# quote, no white space): the parameters that matter are checked by those who read them.
_LOOSE: Final = r"[!#-+\-./0-:=?-~]++"
_header_params: Final = re.compile(rf"(?:{SWS};{SWS}{TOKEN}(?:{SWS}={SWS}(?:{QUOTED}|{_LOOSE}))?+)*+{SWS}").fullmatch
# pname, pvalue  =  1*paramchar ; paramchar  =  param-unreserved / unreserved / escaped
_PARAM_CHARS: Final = rf"(?:[A-Za-z0-9\-_.!~*'()\[\]/:&+$]++|{ESCAPED})++"
_uri_params: Final = re.compile(rf"(?:;{_PARAM_CHARS}(?:={_PARAM_CHARS})?+)*+").fullmatch
_escape: Final = re.compile(r"(?:%[0-9A-Fa-f]{2})++")


def unescaped(text: str) -> str:
    """The text with its `%` HEX HEX replaced by the characters they stand for, once (RFC 3261 section 19.1.2)."""
    if "%" not in text:
        return text
    return _escape.sub(lambda found: bytes.fromhex(found[0].replace("%", "")).decode("utf-8", "surrogateescape"), text)


@dataclass(frozen=True, slots=True)
class Params:
    """A list of parameters as it was written, white space around the separators aside.

    `items` holds names and values as written: a quoted value with its quotes, None for a parameter without value.
    Looking up unquotes, and within a URI (`escaped`) resolves `%` HEX HEX, in names too. Compared as written.
    """

    items: tuple[tuple[str, str | None], ...] = ()
    escaped: bool = False
    _values: dict[str, str] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        values: dict[str, str] = {}
        for name, value in self.items:
            if self.escaped:
                values.setdefault(unescaped(name).lower(), unescaped(value or ""))
            else:
                values.setdefault(name.lower(), unquoted(value or ""))
        object.__setattr__(self, "_values", values)

    @classmethod
    def parse(cls, text: str) -> Params:
        """Parameters of a header field, from the first `;` on (or nothing)."""
        if not text:
            return NONE
        if not _header_params(text):
            raise ParseError("Malformed parameter")
        items: list[tuple[str, str | None]] = []
        for piece in pieces(text)[1:]:
            name, equal, value = piece.partition("=")
            items.append((name.rstrip(" \t"), value.lstrip(" \t") if equal else None))
        return cls(tuple(items))

    @classmethod
    def parse_uri(cls, text: str) -> Params:
        """Parameters of a URI, from the first `;` on (or nothing)."""
        if not text:
            return NONE_OF_URI
        if not _uri_params(text):
            raise ParseError("Malformed URI parameter")
        items: list[tuple[str, str | None]] = []
        for piece in text[1:].split(";"):
            name, equal, value = piece.partition("=")
            items.append((name, value if equal else None))
        return cls(tuple(items), escaped=True)

    def get(self, name: str) -> str | None:
        """The value of the first parameter of that name: `""` where it has none, None where it is not there."""
        return self._values.get(name.lower())

    def raw(self, name: str) -> str | None:
        """The same as written, quotes and escapes included."""
        lowered = name.lower()
        return next((value or "" for key, value in self.items if key.lower() == lowered), None)

    def __contains__(self, name: str) -> bool:
        return name.lower() in self._values

    def __iter__(self) -> Iterator[tuple[str, str]]:
        """Lower-case names and resolved values, in order, the first of each name."""
        return iter(self._values.items())

    def __len__(self) -> int:
        return len(self._values)

    def with_value(self, name: str, value: str | None) -> Params:
        """A copy where that parameter has that (raw) value, in its old place or at the end; None: no value."""
        lowered = name.lower()
        items = [(n, value if n.lower() == lowered else v) for n, v in self.items]
        if lowered not in self:
            items.append((name, value))
        return Params(tuple(items), self.escaped)

    def without(self, name: str) -> Params:
        """A copy that lacks that parameter."""
        lowered = name.lower()
        return Params(tuple(item for item in self.items if item[0].lower() != lowered), self.escaped)

    def __str__(self) -> str:
        return "".join([f";{name}" if value is None else f";{name}={value}" for name, value in self.items])

    @staticmethod
    def value_of(text: str) -> str:
        """The raw form of a header parameter's value: itself where it is a token or host, else a quoted-string."""
        return text if _bare(text) else quoted(text)


_bare: Final = re.compile(rf"{TOKEN}|\[[0-9A-Fa-f:.]++\]").fullmatch
NONE: Final = Params()
"""No parameters of a header field."""
NONE_OF_URI: Final = Params(escaped=True)
"""No parameters of a URI."""
