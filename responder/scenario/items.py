"""Parts of a message by name, such as `Call-ID`, `From.tag`, `CSeq.number`: what `same` and `greater` compare."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from responder.errors import ParseError
from responder.sip import header_names
from responder.sip.fields import CSeq, RAck, Via
from responder.sip.message import Message, Request
from responder.sip.name_addr import NameAddr

_ADDRESSES: Final = ("from", "to", "contact", "route", "record-route", "refer-to", "referred-by", "p-asserted-identity")

_ADDRESS_PARTS: Final[dict[str, Callable[[str], str | None]]] = {
    "uri": lambda value: str(NameAddr.parse(value).uri),
    "user": lambda value: NameAddr.parse(value).uri.user,
    "host": lambda value: NameAddr.parse(value).uri.host,
    "display": lambda value: NameAddr.parse(value).display,
    "tag": lambda value: NameAddr.parse(value).tag,
}
_PARTS: Final[dict[str, dict[str, Callable[[str], str | None]]]] = {
    "cseq": {
        "number": lambda value: str(CSeq.parse(value).number),
        "method": lambda value: CSeq.parse(value).method,
    },
    "rack": {
        "rseq": lambda value: str(RAck.parse(value).rseq),
        "cseq": lambda value: str(RAck.parse(value).cseq),
        "method": lambda value: RAck.parse(value).method,
    },
    "via": {
        "branch": lambda value: Via.parse(value).branch,
        "host": lambda value: Via.parse(value).host,
        "transport": lambda value: Via.parse(value).transport,
    },
    **dict.fromkeys(_ADDRESSES, _ADDRESS_PARTS),
}


@dataclass(frozen=True, slots=True)
class Item:
    """A header's first value, or a part of it; `uri` and `method` alone are those of the request line."""

    key: str
    """KEY of the header; empty for the request line."""
    part: str
    written: str

    @staticmethod
    def parse(text: str) -> Item | None:
        """The item; None where there is no such part."""
        if text in ("uri", "method"):
            return Item("", text, text)
        name, dot, part = text.partition(".")
        key = header_names.key(name)
        if not name or (dot and part not in _PARTS.get(key, ())):
            return None
        return Item(key, part, text)

    def of(self, message: Message) -> str | None:
        """Its value in that message; None where it is missing or malformed."""
        if not self.key:
            if isinstance(message, Request):
                return message.uri if self.part == "uri" else message.method
            return None
        try:
            if not self.part:
                values = message.every(self.key)
                return ", ".join(values) if values else None
            values = message.every(self.key)
            return _PARTS[self.key][self.part](values[0]) if values else None
        except ParseError:
            return None

    def number_of(self, message: Message) -> int | None:
        """The same as a number; None where it is none."""
        value = self.of(message)
        return int(value) if value is not None and value.isascii() and value.isdecimal() and len(value) <= 18 else None


def parts_of(name: str) -> tuple[str, ...]:
    """The parts that a header has, for suggestions."""
    return tuple(_PARTS.get(header_names.key(name), ()))
