"""Successful responses, 2xx (RFC 3261 section 21.2): what a 200 holds depends on the method it answers."""

from __future__ import annotations

from typing import Final

from responder.registry import derive, intervals, locations
from responder.registry.code import Code
from responder.registry.rows import PROMPTLY, duty, may, must, never, should
from responder.registry.rules import BodyRule
from responder.registry.success_duties import OF_INVITE, OF_OTHERS

_INVITE: Final = ("INVITE",)
_REGISTER: Final = ("REGISTER",)
_SUBSCRIBE: Final = ("SUBSCRIBE",)
_PUBLISH: Final = ("PUBLISH",)
_REFER: Final = ("REFER",)
_SESSION: Final = ("INVITE", "UPDATE")
_DIALOG_MAKERS: Final = ("INVITE", "SUBSCRIBE", "REFER")
_TARGET_REFRESHERS: Final = ("INVITE", "UPDATE", "SUBSCRIBE", "REFER")

_ACCEPT_NOT_FOR: Final = ("BYE", "CANCEL", "PRACK", "SUBSCRIBE", "NOTIFY", "REFER", "MESSAGE", "PUBLISH")

_DIALOG_HEADERS: Final = (
    must(
        "Record-Route",
        derive.record_route,
        "RFC 3261 12.1.1",
        when="the request has Record-Route; within a dialog it changes nothing any more",
        needs=("record-route",),
        methods=_DIALOG_MAKERS,
    ),
    must(
        "Contact",
        derive.contact,
        "RFC 3261 12.1.1, 12.2.1.2, 20.10; RFC 3311 7; RFC 3515 2.2; RFC 6665 4.5.1",
        methods=_TARGET_REFRESHERS,
    ),
)
_TIMER_HEADERS: Final = (
    must(
        "Session-Expires",
        intervals.session_expires,
        "RFC 4028 9",
        when="the request has Session-Expires and we know session timers",
        needs=("session-expires",),
        methods=_SESSION,
    ),
    must(
        "Require",
        intervals.require_timer_of_uac,
        "RFC 4028 9",
        when="Session-Expires says that the client refreshes",
        needs=("session-expires",),
        methods=_SESSION,
    ),
    should(
        "Require",
        intervals.require_timer_of_uas,
        "RFC 4028 9",
        when="Session-Expires says that we refresh, and the client has timer in Supported",
        needs=("session-expires", "supported"),
        methods=_SESSION,
    ),
)
_OPTIONS_HEADERS: Final = (
    should("Allow", derive.allow, "RFC 3261 11.2", methods=("OPTIONS",)),
    should("Accept", derive.accept, "RFC 3261 11.2", methods=("OPTIONS",)),
    should("Accept-Encoding", derive.accept_encoding, "RFC 3261 11.2", methods=("OPTIONS",)),
    should("Accept-Language", derive.accept_language, "RFC 3261 11.2", methods=("OPTIONS",)),
    should("Supported", derive.supported, "RFC 3261 11.2", methods=("OPTIONS",)),
    should(
        "Accept-Resource-Priority",
        derive.accept_resource_priority,
        "RFC 4412 4.4",
        when="we act on resource priorities",
        methods=("OPTIONS",),
    ),
)
_REGISTER_HEADERS: Final = (
    must("Contact", locations.bindings, "RFC 3261 10.3", when="any binding is left", methods=_REGISTER),
    should("Date", derive.date, "RFC 3261 10.3", methods=_REGISTER),
    must("Path", derive.path, "RFC 3327 5.3", when="the request has Path", needs=("path",), methods=_REGISTER),
    must(
        "Require",
        locations.require_outbound,
        "RFC 5626 6",
        when="a flow was registered: reg-id and +sip.instance, outbound in Supported, the first hop knows outbound",
        needs=("contact", "supported"),
        methods=_REGISTER,
    ),
    may("Service-Route", derive.service_route, "RFC 3608 6.3", methods=_REGISTER),
    may("Supported", derive.supported_by_registrar, "RFC 3261 20.37; RFC 5627 5.2", methods=_REGISTER),
    may("P-Associated-URI", derive.associated_uri, "RFC 7315 4.1", methods=_REGISTER),
    may(
        "Flow-Timer",
        locations.flow_timer,
        "RFC 5626 5.4",
        when="outbound is in Require of the response",
        needs=("contact", "supported"),
        methods=_REGISTER,
    ),
    may("Feature-Caps", '*;+sip.pns="..." or *;+sip.607', "RFC 8599 8.2; RFC 8197 5.2", methods=_REGISTER),
)
_EVENT_HEADERS: Final = (
    must("Expires", intervals.expires, "RFC 6665 4.2.1.1", methods=_SUBSCRIBE),
    must("SIP-ETag", derive.sip_etag, "RFC 3903 6", methods=_PUBLISH),
    must("Expires", intervals.expires, "RFC 3903 6", methods=_PUBLISH),
    must(
        "Refer-Sub",
        derive.refer_sub,
        "RFC 4488 4",
        when="the request has Refer-Sub: false and we agree",
        needs=("refer-sub",),
        methods=_REFER,
    ),
    must(
        "Refer-Events-At",
        derive.refer_events_at,
        "RFC 7614",
        when="the request has Require: explicitsub",
        needs=("require",),
        methods=_REFER,
    ),
)
_BODIES_OF_200: Final = (
    BodyRule(
        "MUST",
        "SDP answer to the INVITE's offer where no reliable response held it; an offer where the INVITE has none",
        "RFC 3261 13.3.1.4",
        methods=_INVITE,
    ),
    BodyRule("MUST", "SDP answer", "RFC 3311 5.2", when="the UPDATE holds an offer", methods=("UPDATE",)),
    BodyRule("MUST", "SDP answer", "RFC 3262 5", when="the PRACK holds an offer", methods=("PRACK",)),
    BodyRule(
        "MAY",
        "SDP with our media; SHOULD where the request accepts application/sdp",
        "RFC 3261 11.2",
        methods=("OPTIONS",),
    ),
)
_FORBIDDEN_IN_200: Final = (
    never("Contact", "RFC 3428 7", methods=("MESSAGE",)),
    never("Contact", "RFC 6086 6.1", methods=("INFO",)),
    never("Contact", "RFC 3261 20.10", methods=("BYE", "CANCEL")),
    never("Contact", "RFC 3262 6", methods=("PRACK",)),
    never("Contact", "RFC 3903 11.1.1", methods=_PUBLISH),
    never("body", "RFC 3428 7", methods=("MESSAGE",)),
    never("body", "RFC 6086 4.3.2", methods=("INFO",), why="none that belongs to the Info Package"),
    never("Recv-Info", "RFC 6086 7.1", methods=("INFO",)),
    never("Event", "RFC 6665 8.2.1", methods=_SUBSCRIBE),
    never("Subscription-State", "RFC 6665 8.2.3", methods=_SUBSCRIBE),
    never("Accept", "RFC 3261 20.1; RFC 3262 6; RFC 3428 9; RFC 3515 2.2; RFC 3903 11.1.1", methods=_ACCEPT_NOT_FOR),
)

CODES: Final = (
    Code(
        status=200,
        phrase="OK",
        reference="RFC 3261 21.2.1",
        dialog="confirmed by INVITE; set up by SUBSCRIBE and REFER; BYE ends it",
        headers=(
            *_DIALOG_HEADERS,
            should("Allow", derive.allow, "RFC 3261 13.3.1.4", methods=_INVITE),
            should("Supported", derive.supported, "RFC 3261 13.3.1.4", methods=_INVITE),
            *_TIMER_HEADERS,
            must(
                "Recv-Info",
                derive.recv_info,
                "RFC 6086 5.2.3",
                when="the request has Recv-Info",
                needs=("recv-info",),
                methods=("INVITE", "UPDATE", "PRACK"),
            ),
            *_OPTIONS_HEADERS,
            *_REGISTER_HEADERS,
            *_EVENT_HEADERS,
            should(
                "Allow-Events",
                derive.allow_events,
                "RFC 6665 4.4.4",
                when="we can notify of any event",
                methods=("INVITE", "OPTIONS", "SUBSCRIBE"),
            ),
            may("Accept", derive.accept, "RFC 3261 13.3.1.4; RFC 3311 7", methods=_SESSION),
            may("Contact", derive.contact, "RFC 3261 11.2; RFC 6665 4.5.1", methods=("OPTIONS", "NOTIFY")),
            may(
                "Record-Route",
                derive.record_route,
                "RFC 3261 12.2.1.2",
                when="the request has Record-Route",
                needs=("record-route",),
                methods=("NOTIFY",),
            ),
            may(
                "Authentication-Info",
                "nextnonce or rspauth, from the one who verified the credentials",
                "RFC 3261 20.6",
                when="the request had Digest credentials that we accepted",
            ),
            may("Answer-Mode", "Auto or Manual", "RFC 5373", methods=_INVITE),
        ),
        bodies=_BODIES_OF_200,
        forbidden=_FORBIDDEN_IN_200,
        own_duties=(*OF_INVITE, *OF_OTHERS),
        notes=(
            "OPTIONS gets the status that an INVITE would have got (11.2). REGISTER lists all bindings, not only "
            "those of the request; without one there is no Contact. SUBSCRIBE and REFER are followed by a NOTIFY at "
            "once, whatever Expires says. A CANCEL's 200 takes the To-tag of the responses to the request it cancels "
            "(9.2). Other requests than INVITE get it again only when they are resent; the 2xx to INVITE is resent "
            "on every transport until its ACK comes (13.3.1.4)."
        ),
    ),
    Code(
        status=202,
        phrase="Accepted",
        iana="deprecated",
        reference="RFC 6665 8.3.1; RFC 3428 7; RFC 5365 7; RFC 7647 5",
        methods=("MESSAGE", "SUBSCRIBE", "REFER"),
        dialog="set up by SUBSCRIBE and REFER, from the days of RFC 3265",
        headers=(
            must("Contact", derive.contact, "RFC 3515 2.2; RFC 6665 4.5.1", methods=("SUBSCRIBE", "REFER")),
            must("Expires", intervals.expires, "RFC 6665 4.2.1.1", methods=_SUBSCRIBE),
            must(
                "Record-Route",
                derive.record_route,
                "RFC 3261 12.1.1",
                when="the request has Record-Route",
                needs=("record-route",),
                methods=("SUBSCRIBE", "REFER"),
            ),
        ),
        forbidden=(
            never("Contact", "RFC 3428 7", methods=("MESSAGE",)),
            never("body", "RFC 3428 7", methods=("MESSAGE",)),
        ),
        own_duties=(
            duty(
                "MUST",
                "handle it exactly like 200",
                "RFC 6665 8.3.1; RFC 7647 5",
                observe="it still waits for NOTIFY",
                methods=("SUBSCRIBE", "REFER"),
            ),
            duty(
                "MUST NOT",
                "treat the message as delivered",
                "RFC 3428 4",
                observe="nothing on the wire: no second copy by itself",
                methods=("MESSAGE",),
            ),
        ),
        notes=(
            "MUST NOT be sent to SUBSCRIBE or NOTIFY (RFC 6665 8.3.1) nor to REFER (RFC 7647 5). A relay of messages "
            "still SHOULD send it (RFC 3428 7). IANA's `(Deprecated)` is a remark and stays off the wire."
        ),
    ),
    Code(
        status=204,
        phrase="No Notification",
        reference="RFC 5839 7.1, 6.3",
        methods=_SUBSCRIBE,
        sender="notifier",
        condition="the SUBSCRIBE is in its dialog and its Suppress-If-Match is the current entity-tag or *",
        headers=(
            must("Expires", intervals.expires, "RFC 5839 5.6; RFC 6665 4.2.1.1", methods=_SUBSCRIBE),
            must("Contact", derive.contact, "RFC 6665 4.5.1", methods=_SUBSCRIBE),
        ),
        own_duties=(
            duty(
                "MUST",
                "treat state and subscription as unchanged and expect no NOTIFY",
                "RFC 5839 5.2",
                observe="no new subscription although no NOTIFY follows",
                within="more than 32 s",
            ),
            duty(
                "MUST",
                "stop Timer N",
                "RFC 6665 4.1.2.2",
                observe="after 32 s it still refreshes in the same dialog",
                within=PROMPTLY,
            ),
            duty("MAY", "forget everything about the subscription where Expires is 0", "RFC 5839 5.7"),
        ),
        notes="Registered, other than 409 and 411. Anywhere else a client handles it as 200.",
    ),
)
"""The rows, by status."""
