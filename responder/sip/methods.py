"""The request methods (IANA "SIP Methods" registry): which exist, which RFC defines them, what they may do."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Method:
    """One registered method."""

    name: str
    reference: str
    creates_dialog: bool = False
    """Whether a 2xx to it may establish a dialog (or, for REFER, an implicit subscription)."""
    refreshes_target: bool = False
    """Whether, sent within a dialog, it replaces the remote target (RFC 3261 section 12.2)."""


METHODS: Final[dict[str, Method]] = {
    method.name: method
    for method in (
        Method("ACK", "RFC 3261 17.1.1.3"),
        Method("BYE", "RFC 3261 15"),
        Method("CANCEL", "RFC 3261 9"),
        Method("INFO", "RFC 6086"),
        Method("INVITE", "RFC 3261 13", creates_dialog=True, refreshes_target=True),
        Method("MESSAGE", "RFC 3428"),
        Method("NOTIFY", "RFC 6665 4.1.3", refreshes_target=True),
        Method("OPTIONS", "RFC 3261 11"),
        Method("PRACK", "RFC 3262"),
        Method("PUBLISH", "RFC 3903"),
        Method("REFER", "RFC 3515", creates_dialog=True, refreshes_target=True),
        Method("REGISTER", "RFC 3261 10"),
        Method("SUBSCRIBE", "RFC 6665 3.1", creates_dialog=True, refreshes_target=True),
        Method("UPDATE", "RFC 3311", refreshes_target=True),
    )
}
"""Every registered method by its name; names are case-sensitive (RFC 3261 section 7.1)."""


def is_known(name: str) -> bool:
    """Whether the method is registered; anything else is a 501 matter (RFC 3261 section 21.5.2), not a fault."""
    return name in METHODS
