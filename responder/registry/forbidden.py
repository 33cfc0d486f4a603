"""Headers that RFCs keep out of responses by method and class (RFC 3261 section 20 tables 2 and 3, others)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from responder.registry.rules import Forbidden


@dataclass(frozen=True, slots=True)
class Ban:
    """A header that is not for responses of some statuses to some methods."""

    forbidden: Forbidden
    first: int = 100
    last: int = 699
    excepted: tuple[int, ...] = ()

    def covers(self, status: int, method: str) -> bool:
        """Whether it is about that response."""
        if not self.first <= status <= self.last or status in self.excepted:
            return False
        return not self.forbidden.methods or method in self.forbidden.methods


def _ban(
    name: str,
    reference: str,
    *,
    methods: tuple[str, ...] = (),
    first: int = 100,
    last: int = 699,
    excepted: tuple[int, ...] = (),
) -> Ban:
    return Ban(Forbidden(name, reference, methods), first, last, excepted)


_CANCEL: Final = ("CANCEL",)
_NO_EXPIRES: Final = ("BYE", "CANCEL", "OPTIONS", "PRACK", "UPDATE", "NOTIFY", "REFER", "INFO")
_NO_ACCEPT: Final = ("BYE", "CANCEL", "PRACK", "SUBSCRIBE", "NOTIFY", "REFER", "MESSAGE", "PUBLISH")

BANS: Final[tuple[Ban, ...]] = (
    _ban("Record-Route", "RFC 3261 10.3", methods=("REGISTER",)),
    _ban("Record-Route", "RFC 3903 6", methods=("PUBLISH",)),
    _ban("Record-Route", "RFC 3428 9", methods=("MESSAGE",)),
    _ban("Contact", "RFC 3428 7", methods=("MESSAGE",), last=299),
    _ban("Contact", "RFC 6086 6.1", methods=("INFO",)),
    _ban("Contact", "RFC 3261 20.10", methods=_CANCEL),
    _ban("Contact", "RFC 3261 20.10", methods=("BYE",), last=299),
    _ban("Contact", "RFC 3262 6", methods=("PRACK",), last=299),
    _ban("Contact", "RFC 3903 11.1.1", methods=("PUBLISH",), last=299),
    _ban("Accept", "RFC 3261 20.1", methods=_NO_ACCEPT, first=200, last=299),
    _ban("Allow", "RFC 3261 20.5", methods=_CANCEL),
    _ban("Require", "RFC 3261 20.32", methods=_CANCEL),
    _ban("Unsupported", "RFC 3261 20.40", methods=_CANCEL),
    _ban("WWW-Authenticate", "RFC 3261 22.1", methods=_CANCEL),
    _ban("Proxy-Authenticate", "RFC 3261 22.1", methods=_CANCEL),
    _ban("body", "RFC 3428 7", methods=("MESSAGE",), first=200, last=299),
    _ban("body", "RFC 3261 20.15", methods=_CANCEL),
    _ban("Expires", "RFC 3261 20.19", methods=_NO_EXPIRES, first=200, last=299),
    _ban("Min-SE", "RFC 4028 5", excepted=(422,)),
    _ban("Min-Expires", "RFC 3261 20.23", excepted=(423,)),
    _ban("Unsupported", "RFC 3261 20.40", excepted=(420,)),
    _ban("RSeq", "RFC 3262 7.1", first=200),
    _ban("SIP-ETag", "RFC 3903 11.3", first=300),
    _ban("Refer-Sub", "RFC 4488 4", first=300),
    _ban("Event", "RFC 6665 8.2.1", methods=("SUBSCRIBE",)),
    _ban("Subscription-State", "RFC 6665 8.2.3"),
)
"""The table. A code's own `forbidden` comes on top of it."""


def banned(status: int, method: str) -> Iterator[Forbidden]:
    """What those tables keep out of a response."""
    return (ban.forbidden for ban in BANS if ban.covers(status, method))
