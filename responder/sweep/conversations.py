"""Calls that are answered, and what a client is asked in them: each is a variant of 200 to INVITE."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from responder.sweep.flow import Flow
from responder.sweep.invite_flows import success
from responder.sweep.parts import (
    CONTACT,
    HERE,
    RINGING,
    accepted,
    asks,
    by_default,
    picked_up,
    rule,
    scenario,
    unless,
    waits_for,
)


@dataclass(frozen=True)
class Conversation:
    """One of them."""

    name: str
    shows: str
    """What a client has to be up to, in a sentence."""
    flow: Flow


def _asked(*talk: Any) -> Flow:
    return success(200, *talk)


def _transfer(times: int) -> Flow:
    refer = asks("REFER", headers={"Refer-To": f"<sip:transferred@{HERE}>", "Contact": CONTACT})
    talk = [refer, "2s"] * times
    return Flow(
        scenario(
            by_default("target", "INVITE", match={"user": "transferred"}),
            rule("transferring", "INVITE", [100, RINGING, "200ms", *accepted(200, *talk)]),
        ),
        "A REFER within the call: what the client accepts it reports.",
        watch=4.0,
    )


def _session_timer() -> Flow:
    granted = {"Session-Expires": "90;refresher=uac", "Require": "timer"}
    ours = asks("INVITE", headers={"Session-Expires": "1800;refresher=uac", "Supported": "timer"})
    refreshed = [
        unless(["INVITE", "UPDATE"], "80s"),
        {"respond": 200, "headers": granted},
        waits_for("ACK", "1s"),
    ]
    return Flow(
        scenario(
            rule(
                "timed",
                "INVITE",
                [100, RINGING, "200ms", *picked_up(headers=granted), *refreshed, unless("BYE", "700ms", ours, "1s")],
                match={"supported": "timer"},
            ),
            rule("untimed", "INVITE", [100, RINGING, "200ms", *accepted()]),
        ),
        "A session of 90 seconds that the client has to refresh, at half that time.",
        watch=2.0,
        lasts=95.0,
    )


CONVERSATIONS: Final = (
    Conversation("late-offer", "A re-INVITE without offer: the 2xx has one.", _asked(asks("INVITE", sdp=False))),
    Conversation(
        "requests",
        "INFO, MESSAGE, NOTIFY and UPDATE within the call are answered, if only with a refusal.",
        _asked(
            asks("INFO", body="Signal=1\r\nDuration=160\r\n", content_type="application/dtmf-relay"),
            asks("MESSAGE", body="Are you there?", content_type="text/plain"),
            asks("NOTIFY", headers={"Event": "x-responder", "Subscription-State": "active;expires=60"}),
            asks("UPDATE", sdp="sendonly"),
        ),
    ),
    Conversation(
        "unheard-of",
        "A method and an extension that nobody has registered are refused within the call.",
        _asked(asks("X-RESPONDER"), asks("OPTIONS", headers={"Require": "x-responder"})),
    ),
    Conversation("transfer", "A REFER within the call: what it accepts it reports.", _transfer(1)),
    Conversation("transfer-again", "Two REFERs within the call: reports of the second have its id.", _transfer(2)),
    Conversation("session-timer", "The client refreshes a session of 90 s. Takes a minute.", _session_timer()),
)
"""All of them."""
