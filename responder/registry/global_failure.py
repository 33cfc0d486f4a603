"""Global failures, 6xx (RFC 3261 section 21.6, RFC 8197, RFC 8688)."""

from __future__ import annotations

from typing import Final

from responder.registry import derive
from responder.registry.code import Code
from responder.registry.rows import RETRY_AFTER, STOP_SEARCHING, duty, may, must
from responder.registry.rules import BodyRule

_NOT_REGISTER: Final = ("REGISTER",)
_UNSOLICITED: Final = ("INVITE", "MESSAGE", "SUBSCRIBE", "REFER", "PUBLISH", "OPTIONS")
"""Requests outside dialogs; REGISTER gets no 6xx."""

CODES: Final = (
    Code(
        status=600,
        phrase="Busy Everywhere",
        reference="RFC 3261 21.6.1",
        not_methods=_NOT_REGISTER,
        mid_dialog="transaction",
        headers=(RETRY_AFTER,),
        own_duties=(
            STOP_SEARCHING,
            duty("MAY", "try again after Retry-After", "RFC 3261 21.6.1; RFC 5057 5.1"),
            duty("MUST", "handle every 6xx that it does not know like this one", "RFC 3261 8.1.3.2"),
        ),
        notes="A registrar must not send any 6xx (10.3).",
    ),
    Code(
        status=603,
        phrase="Decline",
        reference="RFC 3261 21.6.2",
        not_methods=_NOT_REGISTER,
        mid_dialog="transaction",
        headers=(
            RETRY_AFTER,
            may("Reason", 'Q.850;cause=21;text="..." with the phrase `Network Blocked` (603+)', "RFC 6432 3"),
        ),
        own_duties=(STOP_SEARCHING, duty("MAY", "try again after Retry-After", "RFC 3261 21.6.2")),
        notes="RFC 3515 and RFC 3891 write `Declined`; RFC 3261 and IANA `Decline`.",
    ),
    Code(
        status=604,
        phrase="Does Not Exist Anywhere",
        reference="RFC 3261 21.6.3",
        not_methods=_NOT_REGISTER,
        mid_dialog="dialog",
        own_duties=(
            STOP_SEARCHING,
            duty(
                "MUST",
                "treat a subscription as ended whose refresh or NOTIFY gets it",
                "RFC 6665 4.1.2.2, 4.2.2",
                methods=("SUBSCRIBE", "NOTIFY"),
            ),
        ),
    ),
    Code(
        status=606,
        phrase="Not Acceptable",
        reference="RFC 3261 21.6.4",
        methods=("INVITE", "OPTIONS"),
        mid_dialog="transaction",
        headers=(may("Warning", derive.warning, "RFC 3261 21.6.4, 20.43"),),
        bodies=(BodyRule("MAY", "SDP with the media we can take, as the request's Accept allows", "RFC 3261 21.6.4"),),
        own_duties=(
            STOP_SEARCHING,
            duty("MAY", "make another offer by what Warning and body say", "RFC 3261 21.6.4"),
        ),
        notes="The phrase of 406, but another code. Warning may be there; with 488 it SHOULD.",
    ),
    Code(
        status=607,
        phrase="Unwanted",
        reference="RFC 8197 4, 5.1",
        methods=_UNSOLICITED,
        mid_dialog="transaction",
        mid_dialog_reference="RFC 8197 4",
        own_duties=(
            STOP_SEARCHING,
            duty("MAY", "leave it at what any 6xx asks for", "RFC 8197 4"),
        ),
        notes="Fits any request outside a dialog. A registrar tells that it counts them with Feature-Caps: *;+sip.607.",
    ),
    Code(
        status=608,
        phrase="Rejected",
        reference="RFC 8688 3.1",
        methods=_UNSOLICITED,
        sender="intermediary",
        mid_dialog="transaction",
        mid_dialog_reference="RFC 5057 5.1, as any code it does not list",
        headers=(
            must(
                "Call-Info",
                derive.rejection_info,
                "RFC 8688 3.1",
                when="nothing hints that the caller would misuse it (RFC 8688 6)",
            ),
        ),
        own_duties=(
            STOP_SEARCHING,
            duty(
                "MUST",
                (
                    "have Feature-Caps with sip.608 in its INVITE, and refuse a jCard whose iat is too old, if it "
                    "knows 608"
                ),
                "RFC 8688 3.3",
                observe="Feature-Caps: *;+sip.608; perhaps a GET of the Call-Info URL",
                methods=("INVITE",),
            ),
        ),
        notes="To an INVITE without that Feature-Caps an announcement by 183 goes first (RFC 8688 3.4, 3.5).",
    ),
)
"""The rows, by status."""
