"""What a client has to do on a 200, method by method (RFC 3261 sections 10 to 15 and the RFCs of the other methods)."""

from __future__ import annotations

from typing import Final

from responder.registry.rows import duty

_INVITE: Final = ("INVITE",)
_REGISTER: Final = ("REGISTER",)
_SUBSCRIBE: Final = ("SUBSCRIBE",)
_PUBLISH: Final = ("PUBLISH",)
_REFER: Final = ("REFER",)
_SESSION: Final = ("INVITE", "UPDATE")

OF_INVITE: Final = (
    duty(
        "MUST",
        "answer every copy of a 2xx to INVITE with an ACK that its core makes, end to end",
        "RFC 3261 13.2.2.4; RFC 6026 7.2",
        observe=(
            "ACK to our Contact, our Record-Routes reversed as Route, new branch, our To-tag, the INVITE's CSeq "
            "number and credentials; an SDP answer exactly where our 2xx held the offer"
        ),
        within="before we resend (0.5 s, doubling up to 4 s, on every transport); after 32 s without it we send BYE",
        methods=_INVITE,
    ),
    duty(
        "MUST",
        "acknowledge a copy of the 2xx again",
        "RFC 3261 13.2.2.4",
        observe="a second ACK where we act as if the first had been lost",
        methods=_INVITE,
    ),
    duty(
        "MUST",
        "answer an offer in the 2xx that it cannot take with a valid answer and end the call",
        "RFC 3261 13.2.2.4",
        observe="ACK with SDP, BYE right after it",
        methods=_INVITE,
    ),
    duty(
        "MUST",
        "acknowledge a 2xx of another To-tag too, and end that call where it is not wanted",
        "RFC 3261 13.2.2.4",
        observe="ACK and BYE with the second tag",
        methods=_INVITE,
    ),
    duty(
        "MUST",
        "send later requests to our Contact along the route set, CSeq one higher each time",
        "RFC 3261 12.2.1.1",
        observe="CSeq of BYE above the INVITE's, without a gap (PRACK and UPDATE count)",
        methods=_INVITE,
    ),
    duty(
        "MUST",
        "refresh the session in time where refresher is uac",
        "RFC 4028 7.2, 10",
        observe=(
            "UPDATE or re-INVITE with Session-Expires; half of the interval is recommended, UPDATE where we allow it"
        ),
        within="half of Session-Expires to all of it",
        methods=_SESSION,
    ),
    duty(
        "SHOULD",
        "end the call with BYE where refresher is uas and no refresh comes",
        "RFC 4028 10",
        observe="BYE a third of the interval before its end, at most 32 s",
        within="Session-Expires",
        methods=_SESSION,
    ),
    duty(
        "MUST",
        "treat the Contact of a 2xx to a re-INVITE or UPDATE as the new remote target",
        "RFC 3261 12.2.1.2",
        observe="its next request goes there",
        methods=_SESSION,
    ),
)
"""Duties on a 200 to INVITE, and to UPDATE where it is about the session."""
OF_OTHERS: Final = (
    duty(
        "MUST",
        "send no ACK to a 2xx of any other method than INVITE",
        "RFC 3261 17.1.2",
        observe="no ACK",
    ),
    duty("MUST", "use the session of the answer from now on", "RFC 3311 5.3", methods=("UPDATE",)),
    duty(
        "MUST",
        "stop media when it sends BYE, not when the 200 comes",
        "RFC 3261 15.1.1",
        observe="no RTP after its BYE",
        methods=("BYE",),
    ),
    duty(
        "MUST",
        "treat the dialog as ended after 481, 408 or silence, too",
        "RFC 3261 15.1.1",
        observe="nothing more in the dialog; UDP copies of BYE for 32 s at most",
        methods=("BYE",),
    ),
    duty(
        "MUST",
        "acknowledge the 487 that the INVITE gets",
        "RFC 3261 9.2, 17.1.1.3",
        observe="ACK with the INVITE's branch",
        within="right after the 487",
        methods=("CANCEL",),
    ),
    duty(
        "SHOULD",
        "give the INVITE up where no final response comes within 64*T1 of the CANCEL",
        "RFC 3261 9.1",
        observe="nothing more after 32 s",
        methods=("CANCEL",),
    ),
    duty(
        "MUST",
        "acknowledge a 2xx to the INVITE that crossed its CANCEL, and end that call where it is not wanted",
        "RFC 3261 13.2.2.4",
        observe="ACK and BYE",
        methods=("CANCEL",),
    ),
    duty(
        "MUST",
        "refresh a binding before it expires",
        "RFC 3261 10.2.4",
        observe="REGISTER again: CSeq plus one, the same Call-ID and registrar (SHOULD)",
        within="less than the granted expires",
        methods=_REGISTER,
    ),
    duty(
        "MUST NOT",
        "send another REGISTER before this one is answered or has timed out",
        "RFC 3261 10.2",
        methods=_REGISTER,
    ),
    duty(
        "MUST",
        "go by the expires that we granted, not by what it asked for",
        "RFC 3261 10.2.4",
        observe="refreshes follow our value where it is the shorter one",
        methods=_REGISTER,
    ),
    duty(
        "MUST",
        "keep the order of Service-Route where it uses it, and forget it where a newer 200 has none",
        "RFC 3608 6.1",
        observe="Route of its next INVITE",
        methods=_REGISTER,
    ),
    duty(
        "MUST",
        "send keep-alives at least as often as Flow-Timer says",
        "RFC 5626 4.4",
        observe="CRLF CRLF on a stream, STUN on UDP; at 80 to 100 % of the time (SHOULD)",
        within="Flow-Timer",
        methods=_REGISTER,
    ),
    duty("MUST", "set up no dialog", "RFC 3261 11.2", methods=("OPTIONS",)),
    duty(
        "SHOULD",
        "treat the subscription as failed where no NOTIFY comes",
        "RFC 6665 4.1.2.4",
        observe="where we hold back NOTIFY, it gives up or subscribes anew with another Call-ID",
        within="32 s (Timer N)",
        methods=_SUBSCRIBE,
    ),
    duty(
        "MUST",
        "take a NOTIFY that comes before this response",
        "RFC 6665 4.1.2.4",
        observe="it answers it",
        methods=_SUBSCRIBE,
    ),
    duty(
        "MAY",
        "refresh the subscription in its dialog before it expires",
        "RFC 6665 4.1.2.2",
        observe="SUBSCRIBE with our To-tag, CSeq plus one",
        methods=_SUBSCRIBE,
    ),
    duty(
        "MUST",
        "name the newest SIP-ETag in SIP-If-Match when it refreshes, changes or removes its publication",
        "RFC 3903 4.3, 4.4, 4.5",
        observe="no body where it refreshes or removes",
        within="before Expires",
        methods=_PUBLISH,
    ),
    duty(
        "MUST NOT",
        "start another MESSAGE to the same URI, outside a dialog, while one is open",
        "RFC 3428 8",
        observe="with our 200 three seconds late there is no second MESSAGE before it",
        methods=("MESSAGE",),
    ),
    duty("MUST NOT", "put a Contact into MESSAGE", "RFC 3428 4", observe="no Contact", methods=("MESSAGE",)),
    duty(
        "MUST",
        "be ready for NOTIFY before this response",
        "RFC 3515 2.4.4",
        observe="it answers it",
        methods=_REFER,
    ),
    duty(
        "MUST NOT",
        "send INFO outside an INVITE's dialog, or for a package that we do not list in Recv-Info",
        "RFC 6086 4.2.1",
        methods=("INFO",),
    ),
)
"""Duties on a 200 to the other methods."""
