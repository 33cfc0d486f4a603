"""The life of a dialog as rules look at it: its requests of both sides, its confirmation, its end."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from responder.observe.rules.rule import Finding, judged
from responder.observe.transcript import CallSeen, DialogSeen, Exchange, Seen

CROSSING: Final = 0.5
"""Seconds in which messages of the two sides, or datagrams of one, may have passed one another."""
PATIENCE: Final = 32.0
"""64*T1: after that long without an answer a transaction is over (RFC 3261 section 17)."""


def later(one: Seen, other: Seen) -> bool:
    """Whether `one` passed after `other`, so long that its sender had heard or sent that before."""
    if one.number <= other.number:
        return False
    return (one.certain and one.received == other.received) or one.time > other.time + CROSSING


def sessions(call: CallSeen) -> Iterator[DialogSeen]:
    """The dialogs that INVITEs of the client made."""
    return (dialog for dialog in call.dialogs if dialog.made_by.method == "INVITE")


def within(call: CallSeen, dialog: DialogSeen, *methods: str) -> list[Exchange]:
    """The client's requests in a dialog, those of these methods where there are any; no CANCEL."""
    return [
        exchange
        for exchange in call.requests_of_client
        if exchange.identity.to_tag == dialog.our_tag
        and exchange.identity.from_tag == dialog.client_tag
        and exchange.method != "CANCEL"
        and (not methods or exchange.method in methods)
    ]


def ours_within(call: CallSeen, dialog: DialogSeen, *methods: str) -> list[Exchange]:
    """Our requests in a dialog, those of these methods where there are any; no CANCEL."""
    return [
        exchange
        for exchange in call.exchanges
        if not exchange.by_client
        and exchange.identity.from_tag == dialog.our_tag
        and exchange.identity.to_tag == dialog.client_tag
        and exchange.method != "CANCEL"
        and (not methods or exchange.method in methods)
    ]


def confirmation(dialog: DialogSeen) -> Seen | None:
    """The first 2xx that made a dialog, or confirmed it."""
    for final in dialog.made_by.finals:
        if final.response.status < 300 and final.identity.to_tag == dialog.our_tag:
            return final
    return None


def hung_up(call: CallSeen, dialog: DialogSeen) -> Seen | None:
    """The first BYE of either side."""
    byes = [*within(call, dialog, "BYE"), *ours_within(call, dialog, "BYE")]
    return min((bye.request for bye in byes), key=lambda seen: seen.number, default=None)


def option(seen: Seen, key: str, tag: str) -> bool:
    """Whether an option tag stands in a header of option tags (no regard to case, 7.3.1)."""
    return tag in [value.strip().lower() for value in seen.every(key)]


def second_gets_500(call: CallSeen, method: str) -> Iterator[Finding]:
    """What the client says to a request of ours in a session while another of that method has no final response: 500
    with Retry-After (RFC 3261 section 14.2, RFC 3311 section 5.2)."""
    for dialog in sessions(call):
        ours = ours_within(call, dialog, method)
        for place, second in enumerate(ours):
            final = second.final
            open_before = [one for one in ours[:place] if one.provisionals and not one.answered_before(second.request)]
            if final is None or not open_before or any(one.answered_before(final) for one in open_before):
                continue
            status, wait = final.response.status, final.first("retry-after")
            yield judged(
                status == 500 and bool(wait),
                "500 with Retry-After",
                f"{status}, Retry-After: {wait or 'none'}",
                open_before[0].request,
                second.request,
                final,
            )
