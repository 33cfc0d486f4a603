"""How rows of the table are written, and the cells that several rows share."""

from __future__ import annotations

from typing import Final

from responder.registry import derive
from responder.registry.rules import Derivation, Duty, DutyLevel, Forbidden, HeaderRule, written


def must(
    name: str,
    source: Derivation,
    reference: str,
    *,
    when: str = "",
    needs: tuple[str, ...] = (),
    methods: tuple[str, ...] = (),
    reliable: bool = False,
) -> HeaderRule:
    """A header that has to be there."""
    return HeaderRule(name, "MUST", source, reference, when, needs, methods, (), reliable)


def should(
    name: str,
    source: Derivation,
    reference: str,
    *,
    when: str = "",
    needs: tuple[str, ...] = (),
    methods: tuple[str, ...] = (),
    not_methods: tuple[str, ...] = (),
) -> HeaderRule:
    """A header that ought to be there."""
    return HeaderRule(name, "SHOULD", source, reference, when, needs, methods, not_methods)


def may(
    name: str,
    source: Derivation | str,
    reference: str,
    *,
    when: str = "",
    needs: tuple[str, ...] = (),
    methods: tuple[str, ...] = (),
) -> HeaderRule:
    """A header that is there on request; text in place of a derivation says what an author would write."""
    made = written(source) if isinstance(source, str) else source
    return HeaderRule(name, "MAY", made, reference, when, needs, methods)


def never(name: str, reference: str, *, methods: tuple[str, ...] = (), why: str = "") -> Forbidden:
    """A header that must not be there."""
    return Forbidden(name, reference, methods, why)


def duty(
    level: DutyLevel,
    text: str,
    reference: str,
    *,
    observe: str = "",
    within: str = "",
    methods: tuple[str, ...] = (),
) -> Duty:
    """Something a client does: `text` goes on from "the client MUST ..."."""
    return Duty(level, text, reference, observe, within, methods)


PROMPTLY: Final = "no deadline in the RFC: allow 5 s, 30 s where a user may be asked"
A_WHILE: Final = "watch for 5 s"
NEXT_TRY: Final = "new branch, same Call-ID, From tag and To (no tag of ours), CSeq plus one"

NO_REPEAT: Final = duty(
    "SHOULD NOT",
    "send the same request to this server again without a change",
    "RFC 3261 21.4",
    observe="no request of the same method, Request-URI and body; another server may be tried",
    within=A_WHILE,
)
STOP_SEARCHING: Final = duty(
    "SHOULD",
    "try no further target for this request, since the answer is about the user everywhere",
    "RFC 3261 21.6, 16.7",
    observe="no new request to other targets of a redirection or fork",
    within=A_WHILE,
)
AS_400: Final = duty(
    "MUST",
    "handle it as 400, like every 4xx it does not know",
    "RFC 3261 8.1.3.2",
    observe="ACK where it was an INVITE, no other try",
)
DIALOG_LIVES: Final = "the request fails, its dialog goes on"

RETRY_AFTER: Final = may("Retry-After", derive.retry_after, "RFC 3261 20.33")
WARNING: Final = may("Warning", derive.any_warning, "RFC 3261 20.43")
