"""Provisional responses, 1xx (RFC 3261 section 21.1, RFC 6228; sent reliably: RFC 3262)."""

from __future__ import annotations

from typing import Final

from responder.registry import derive
from responder.registry.code import Code
from responder.registry.rows import duty, may, must, never, should
from responder.registry.rules import BodyRule

_INVITE: Final = ("INVITE",)

_RELIABLE: Final = (
    must(
        "Require",
        derive.require_100rel,
        "RFC 3262 3",
        when="it is sent reliably: the request has 100rel in Require, or in Supported and we choose to",
        methods=_INVITE,
        reliable=True,
    ),
    must("RSeq", derive.rseq, "RFC 3262 3", when="it is sent reliably", methods=_INVITE, reliable=True),
)
_EARLY_DIALOG: Final = (
    must(
        "Record-Route",
        derive.record_route,
        "RFC 3261 12.1.1",
        when="the request has Record-Route",
        needs=("record-route",),
        methods=_INVITE,
    ),
    # Table 2 of RFC 3261 calls it optional; with a To-tag the response sets up an early dialog and 12.1.1 asks for it
    must("Contact", derive.contact, "RFC 3261 12.1.1, 13.3.1.1", methods=_INVITE),
    *_RELIABLE,
    must(
        "Recv-Info",
        derive.recv_info,
        "RFC 6086 5.2.3",
        when="it is sent reliably and the request has Recv-Info",
        needs=("recv-info",),
        methods=_INVITE,
        reliable=True,
    ),
    should("Allow-Events", derive.allow_events, "RFC 6665 4.4.4", when="we can notify of any event", methods=_INVITE),
    may("Allow", derive.allow, "RFC 3261 20.5"),
    may("Supported", derive.supported, "RFC 3261 20.37"),
    may("Alert-Info", "<urn:alert:...> or the URI of a sound", "RFC 3261 20.4"),
    may(
        "P-Early-Media",
        "sendrecv, sendonly, recvonly, inactive or gated",
        "RFC 5009",
        when="the request has P-Early-Media",
        needs=("p-early-media",),
    ),
    may("Reason", 'Q.850;cause=N;text="..."; no other protocol but Q.850', "RFC 6432 3"),
)
_EARLY_MEDIA: Final = (
    BodyRule(
        "MAY",
        "SDP answer to the INVITE's offer; an offer in the first reliable one where the INVITE has none (then a MUST)",
        "RFC 3261 13.2.1; RFC 3262 5",
        methods=_INVITE,
    ),
)
_OF_ANY_18X: Final = (
    duty(
        "SHOULD",
        "stop resending the INVITE",
        "RFC 3261 17.1.1.2",
        observe="no further copy with the same branch",
        within="from then on until the final response",
    ),
    duty("MUST", "send no ACK for it", "RFC 3261 21.1", observe="no ACK before a final response"),
    duty(
        "MUST",
        "answer a reliable one with one PRACK in the early dialog, an unreliable one with none",
        "RFC 3262 4",
        observe=(
            "PRACK to our Contact along the recorded route, our To tag, new branch, CSeq above the INVITE's, RAck of "
            "RSeq, CSeq number and INVITE; copies of the 1xx get no further PRACK"
        ),
        within="before we give up after 32 s; on a LAN before our first copy after 0.5 s",
    ),
    duty(
        "MUST",
        "neither acknowledge nor handle a reliable one whose RSeq is not one above the last",
        "RFC 3262 4",
        observe="after RSeq n and n+2 only n is acknowledged",
    ),
    duty(
        "MUST",
        "send CANCEL only once a provisional response is in",
        "RFC 3261 9.1",
        observe=(
            "CANCEL with the INVITE's Request-URI, Call-ID, To, From, CSeq number, Route and top Via, its only one; no "
            "Require; to the same address on the same transport"
        ),
    ),
)

CODES: Final = (
    Code(
        status=100,
        phrase="Trying",
        reference="RFC 3261 21.1.1, 8.2.6.1, 17.2.1",
        sender="UAS or proxy, for one hop",
        to_tag="SHOULD NOT",
        headers=(
            must(
                "Timestamp",
                derive.timestamp,
                "RFC 3261 8.2.6.1",
                when="the request has Timestamp",
                needs=("timestamp",),
            ),
        ),
        forbidden=(
            never("Require", "RFC 3262 3", why="it is never sent reliably"),
            never("RSeq", "RFC 3262 3", why="it is never sent reliably"),
            never("Contact", "RFC 3261 12.1", why="it sets up no dialog: only 101 to 199 do"),
            never("Record-Route", "RFC 3261 12.1", why="it sets up no dialog: only 101 to 199 do"),
            never("Reason", "RFC 6432 3", why="it goes no further than one hop"),
            never("History-Info", "RFC 7044 9.4"),
            never("Geolocation-Error", "RFC 6442 4.4"),
        ),
        own_duties=(
            duty(
                "SHOULD",
                "stop resending the INVITE and go on waiting",
                "RFC 3261 17.1.1.2, 21.1.1",
                observe="no copy of the INVITE on UDP; no giving up after 32 s, since Timer B runs before a 1xx only",
            ),
            duty("MUST", "send neither ACK nor PRACK for it, whatever its Require says", "RFC 3261 21.1; RFC 3262 4"),
            duty("MAY", "send CANCEL from now on", "RFC 3261 9.1", observe="CANCEL with the INVITE's branch"),
            duty("MUST", "be able to handle 100 and 183", "RFC 3261 8.1.3.2"),
        ),
        notes=(
            "A UAS sends it to an INVITE unless another response goes out within 200 ms (17.2.1). It is the only 1xx "
            "that a request other than INVITE may get (RFC 4320 4.1): over UDP not before a client's Timer E has grown "
            "to T2 (3.5 s with the usual timers), and then it is due if nothing else was sent. A To-tag is allowed by "
            "8.2.6.2, 17.2.1 says SHOULD NOT."
        ),
    ),
    Code(
        status=180,
        phrase="Ringing",
        reference="RFC 3261 21.1.2, 13.3.1.1",
        methods=_INVITE,
        dialog="early",
        headers=_EARLY_DIALOG,
        bodies=_EARLY_MEDIA,
        own_duties=(
            *_OF_ANY_18X,
            duty(
                "MAY",
                "ring back to its user and set up an early dialog",
                "RFC 3261 21.1.2, 13.2.2.1",
                observe="only through later requests in that dialog",
            ),
        ),
    ),
    Code(
        status=181,
        phrase="Call Is Being Forwarded",
        reference="RFC 3261 21.1.3",
        methods=_INVITE,
        dialog="early",
        headers=_EARLY_DIALOG,
        bodies=_EARLY_MEDIA,
        own_duties=_OF_ANY_18X,
        notes="History-Info goes well with it (RFC 7044). RFC 3261 and IANA write `Is` with a capital.",
    ),
    Code(
        status=182,
        phrase="Queued",
        reference="RFC 3261 21.1.4",
        methods=_INVITE,
        dialog="early",
        headers=_EARLY_DIALOG,
        bodies=_EARLY_MEDIA,
        own_duties=(
            duty(
                "MUST",
                "be ready for it and go on waiting",
                "RFC 4412 4.7.1.2",
                observe="no CANCEL and no giving up while further 182 come",
            ),
            *_OF_ANY_18X,
        ),
        notes=(
            "May be repeated, and its phrase may say how long the queue is. To keep proxies from giving up, a 1xx "
            "other than 100 is due every minute (13.3.1.1), a reliable one every two and a half (RFC 3262 3)."
        ),
    ),
    Code(
        status=183,
        phrase="Session Progress",
        reference="RFC 3261 21.1.5",
        methods=_INVITE,
        dialog="early",
        headers=_EARLY_DIALOG,
        bodies=_EARLY_MEDIA,
        own_duties=(
            duty(
                "MUST",
                "handle every 1xx that it does not know like this one",
                "RFC 3261 8.1.3.2",
                observe="after a 150 with a To-tag it goes on waiting, and sends PRACK where that was reliable",
            ),
            duty(
                "MUST",
                "treat the first session description as the answer and leave later ones to this INVITE aside",
                "RFC 3261 13.2.1",
                observe="media go to the address of the first description",
            ),
            *_OF_ANY_18X,
        ),
        notes="What every unknown 1xx is handled as (8.1.3.2).",
    ),
    Code(
        status=199,
        phrase="Early Dialog Terminated",
        reference="RFC 6228 5, 8",
        methods=_INVITE,
        sender="UAS or forking proxy",
        condition="the request lists 199 in Supported and an 18x with this To-tag went before",
        dialog="ends the early dialog of its To-tag",
        headers=(
            must("Reason", derive.reason_of_199, "RFC 6228 5"),
            *_RELIABLE,
            may("Contact", derive.contact, "RFC 3261 12.1.1", methods=_INVITE),
            may(
                "Record-Route",
                derive.record_route,
                "RFC 3261 12.1.1",
                when="the request has Record-Route",
                needs=("record-route",),
                methods=_INVITE,
            ),
        ),
        forbidden=(
            never("Supported", "RFC 6228 5", why="not with the tag 199 in it"),
            never("body", "RFC 6228 5", why="SHOULD NOT: no session description"),
        ),
        own_duties=(
            duty(
                "MUST",
                "keep waiting for other dialogs and the final response",
                "RFC 6228 4",
                observe="no ACK and no new INVITE before the final response",
            ),
            duty(
                "MUST NOT",
                "send anything in that dialog but the PRACK of a reliable 199",
                "RFC 6228 4, 7",
                observe="no BYE, UPDATE or INFO with that To-tag",
            ),
            duty("MUST NOT", "send media of that dialog", "RFC 6228 4", observe="its RTP ends"),
            duty(
                "MUST",
                "leave an unreliable 199 for a dialog it does not know aside, but acknowledge a reliable one",
                "RFC 6228 4",
                observe="nothing after one with a new To-tag; PRACK where it has Require: 100rel",
            ),
            duty("MUST", "handle it as 183 where it did not list 199 in Supported", "RFC 3261 8.1.3.2"),
        ),
        notes=(
            "SHOULD be unreliable unless the request requires 100rel, and a UAS SHOULD NOT send it unless it was set "
            "up to. It does not stand for the final response. Where section 5 says that the UAC must not send it, "
            "the UAS is meant."
        ),
    ),
)
"""The rows, by status."""
