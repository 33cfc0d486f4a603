"""What holds for many codes alike: duties of a client by class, duties on any response, optional headers."""

from __future__ import annotations

from typing import Final

from responder.registry import derive
from responder.registry.rules import Derivation, Duty, HeaderRule, written

COMMON_DUTIES: Final[dict[str, Duty]] = {
    duty.id: duty
    for duty in (
        Duty(
            id="stop-inv-rtx",
            level="SHOULD",
            text="stop resending the INVITE once any provisional response is in",
            reference="RFC 3261 17.1.1.2",
            observe="no copy of the INVITE after the 1xx",
            methods=("INVITE",),
        ),
        Duty(
            id="no-ack-1xx",
            level="MUST",
            text="send no ACK for a provisional response, and none for any response to another method than INVITE",
            reference="RFC 3261 21.1, 17.1.2",
            observe="no ACK before a final response to an INVITE",
        ),
        Duty(
            id="ack-2xx",
            level="MUST",
            text="acknowledge every copy of a 2xx to INVITE with an ACK that is a request of the new dialog",
            reference="RFC 3261 13.2.2.4, 13.3.1.4; RFC 6026 7",
            observe=(
                "ACK with a new branch, our Contact as Request-URI, the route set of the 2xx, the INVITE's CSeq number"
            ),
            within=(
                "before we resend (0.5 s, doubling up to 4 s, on every transport); after 32 s without it we send BYE"
            ),
            methods=("INVITE",),
        ),
        Duty(
            id="ack-non2xx",
            level="MUST",
            text=(
                "acknowledge every copy of a 300 to 699 to INVITE once, within the same transaction, on every transport"
            ),
            reference="RFC 3261 17.1.1.2, 17.1.1.3, 17.2.1, 22.1, 8.2.2.3",
            observe=(
                "ACK with the INVITE's Request-URI, Call-ID, From, Route and top Via (branch and sent-by, the only "
                "Via), our To with its tag, the INVITE's CSeq number, its credentials, no Require or Proxy-Require, "
                "to the same address on the same transport"
            ),
            within="before we resend (UDP: 0.5 s, doubling up to 4 s, for 32 s); each copy is acknowledged again",
            methods=("INVITE",),
        ),
        Duty(
            id="early-dialogs-end",
            level="MUST",
            text="treat all early dialogs of the INVITE as ended, and leave later final responses aside",
            reference="RFC 3261 13.2.2.3",
            observe="no BYE, UPDATE or PRACK in those dialogs afterwards",
            methods=("INVITE",),
        ),
    )
}
"""Duties by their id."""

CLASS_DUTIES: Final[dict[int, tuple[str, ...]]] = {
    1: ("stop-inv-rtx", "no-ack-1xx"),
    2: ("ack-2xx",),
    3: ("ack-non2xx", "early-dialogs-end"),
    4: ("ack-non2xx", "early-dialogs-end"),
    5: ("ack-non2xx", "early-dialogs-end"),
    6: ("ack-non2xx", "early-dialogs-end"),
}
"""Ids of the duties that every code of a class brings, by first digit."""

GENERIC_DUTIES: Final[tuple[Duty, ...]] = (
    Duty(
        id="unknown-final",
        level="MUST",
        text="handle a final code that it does not know as the x00 of its class",
        reference="RFC 3261 8.1.3.2",
        observe="299, 399, 499, 599 and 699 are handled as 200, 300, 400, 500 and 600",
    ),
    Duty(
        id="unknown-1xx",
        level="MUST",
        text="handle a provisional code that it does not know as 183 (100 is never unknown)",
        reference="RFC 3261 8.1.3.2",
        observe="150 and 198 are handled as 183",
    ),
    Duty(
        id="retry-shape",
        level="SHOULD",
        text=(
            "send the next try after 401, 407, 413, 415, 416, 420, 422 or 423 as a new transaction of the same "
            "Call-ID, From and To, CSeq one higher (a MUST for 401 and 407)"
        ),
        reference="RFC 3261 8.1.3.5, 22.2; RFC 4028 7.3",
        observe=(
            "new branch, same From tag, no To tag, CSeq plus one; a To tag of ours would make it a request in a dialog"
        ),
    ),
    Duty(
        id="extra-via",
        level="SHOULD",
        text="discard a response with more than one Via",
        reference="RFC 3261 8.1.3.3",
    ),
    Duty(
        id="wrong-branch",
        level="MUST",
        text="discard a response whose top branch or CSeq method is not that of one of its transactions",
        reference="RFC 3261 17.1.3; RFC 6026 7.2",
    ),
    Duty(
        id="inv-timeout",
        level="MUST",
        text="resend an unanswered INVITE over UDP and give up after 32 s as if it were a 408",
        reference="RFC 3261 17.1.1.2, 8.1.3.1",
        observe="copies at 0.5, 1.5, 3.5, 7.5, 15.5 and 31.5 s; no ACK",
        within="32 s (Timer B)",
    ),
    Duty(
        id="noninv-timeout",
        level="MUST",
        text="resend another unanswered request over UDP and give up after 32 s; a 1xx slows it down",
        reference="RFC 3261 17.1.2.2",
        observe="copies at 0.5, 1.5, 3.5, 7.5, 11.5 s and so on; every 4 s after a provisional response",
        within="32 s (Timer F)",
    ),
    Duty(
        id="tcp-no-rtx",
        level="SHOULD NOT",
        text="resend a request on a reliable transport",
        reference="RFC 3261 17.1.1.2, 17.1.2.2",
        observe="one copy on TCP, TLS and WebSocket",
    ),
    Duty(
        id="cancel-shape",
        level="MUST",
        text="send CANCEL after a provisional response only, for an INVITE only (SHOULD), with the INVITE's ids",
        reference="RFC 3261 9.1",
        observe="the same Request-URI, Call-ID, To, From, CSeq number, Route and top Via, the only Via; no Require",
    ),
    Duty(
        id="in-dialog-cseq",
        level="MUST",
        text="count CSeq up by one from request to request within a dialog",
        reference="RFC 3261 12.2.1.1",
    ),
    Duty(
        id="reinvite-fail",
        level="MUST",
        text="keep the session as it was when a re-INVITE or UPDATE fails; 481, 408 or silence end the dialog",
        reference="RFC 3261 14.1; RFC 3311 5.3",
    ),
    Duty(
        id="one-invite",
        level="MUST NOT",
        text="start an INVITE in a dialog while one is open there in either direction",
        reference="RFC 3261 14.1",
    ),
    Duty(
        id="branch-cookie",
        level="MUST",
        text=(
            "give every request a branch of its own that begins with z9hG4bK (CANCEL and the ACK of a failure share "
            "one)"
        ),
        reference="RFC 3261 8.1.1.7",
    ),
    Duty(
        id="notify-refresh-fatal",
        level="MUST",
        text=(
            "treat a subscription as ended when its refresh or NOTIFY gets 404, 405, 410, 416, 480 to 485, 489, 501 "
            "or 604"
        ),
        reference="RFC 6665 4.1.2.2, 4.2.2",
        observe="on other codes the subscription goes on",
    ),
)
"""Duties that no single code brings: what a client does with responses as such."""


def _optional(name: str, source: Derivation, reference: str, when: str = "", needs: tuple[str, ...] = ()) -> HeaderRule:
    return HeaderRule(name, "MAY", source, reference, when, needs)


COMMON_HEADERS: Final[tuple[HeaderRule, ...]] = (
    _optional("Server", derive.server, "RFC 3261 20.35"),
    _optional("Date", derive.date, "RFC 3261 20.17"),
    _optional("Timestamp", derive.timestamp, "RFC 3261 20.38", "the request has Timestamp", ("timestamp",)),
    _optional("Allow", derive.allow, "RFC 3261 20.5", "not to CANCEL"),
    _optional("Supported", derive.supported, "RFC 3261 20.37", "in 2xx"),
)
"""Headers that nearly every response may carry."""

COMMON_FINAL_HEADERS: Final[tuple[HeaderRule, ...]] = (
    _optional("Warning", derive.any_warning, "RFC 3261 20.43"),
    _optional("History-Info", derive.history_info, "RFC 7044 9.4", "the request has History-Info", ("history-info",)),
    _optional(
        "Geolocation-Error", derive.geolocation_error, "RFC 6442 4.4", "the request has Geolocation", ("geolocation",)
    ),
)
"""Headers that nearly every response but 100 may carry."""

COMMON_FAILURE_HEADERS: Final[tuple[HeaderRule, ...]] = (
    _optional("Error-Info", written("a URI with more about the failure, from the author"), "RFC 3261 20.18"),
)
"""Headers that responses from 300 on may carry."""


def optional_headers(status: int) -> tuple[HeaderRule, ...]:
    """The rules at level MAY that are not particular to a code."""
    if status == 100:
        return COMMON_HEADERS
    return COMMON_HEADERS + COMMON_FINAL_HEADERS + (COMMON_FAILURE_HEADERS if status >= 300 else ())
