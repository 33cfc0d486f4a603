"""The call flows of RFC 3665, RFC 5359 and RFC 5407: the client's part as these have it, message by message."""

from __future__ import annotations

from collections.abc import Callable

from .calling import TALK
from .client import Client
from .flow import Flow
from .reactions import at, calling, followed, retransmitted, transferred
from .wire import NEW_OFFER, OFFER, Message
from .world import World

REFUSED = ("no Contact", "no SDP")
ANSWERED = ("Contact: <sip:", "Allow: INVITE", "SDP: m=audio ")


def as_asked(message: Message) -> tuple[int, bytes]:
    """RFC 3264 section 6.1: what is offered as sendonly is answered as recvonly."""
    direction = b"recvonly" if "a=sendonly" in message.sdp else b"sendrecv"
    return 200, OFFER.replace(b"sendrecv", direction)


def pending_once(message: Message) -> tuple[int, bytes]:
    """491 to the first request of ours, 200 to the next (RFC 3261 section 14.2)."""
    return (491, b"") if message.cseq == 1 else (200, OFFER)


def _all_contacts(world: World, client: Client) -> None:
    client.contact = "*"


def _no_contact(world: World, client: Client) -> None:
    client.contact = ""


def _crossing(method: str, *times: float) -> Callable[[World, Client], None]:
    """The client sends this with an offer at these times after its INVITE, and hangs up two seconds after the last."""

    def script(world: World, client: Client) -> None:
        for seconds in times:
            world.after(seconds, lambda: client.request(method, within=True, body=NEW_OFFER))
        world.after(times[-1] + 2.0, client.bye)

    return script


REGISTRATION = (
    Flow(
        "rfc3665-registration-with-challenge",
        "<REGISTER 401 <REGISTER 200",
        method="REGISTER",
        habits={"user": "bob", "password": "zanzibar"},
        shows={
            "401": ('WWW-Authenticate: Digest realm="atlanta.example.com"', "WWW-Authenticate: algorithm=MD5"),
            "200": ("Contact: ;expires=3600", "no WWW-Authenticate"),
        },
    ),
    Flow(
        "rfc3665-registration-update",
        "<REGISTER 200",
        method="REGISTER",
        shows={"200": ("Contact: <sip:alice@", "Contact: <mailto:bob@biloxi.example.com>;expires=4294967295")},
    ),
    Flow(
        "rfc3665-contact-list",
        "<REGISTER 200",
        rule="contact-list-asked",
        method="REGISTER",
        script=_no_contact,
        shows={
            "<REGISTER": ("no Contact",),
            "200": ("Contact: <sip:bob@client.biloxi.example.com>;expires=3600", "Contact: <mailto:bob@"),
        },
    ),
    Flow(
        "rfc3665-registration-cancelled",
        "<REGISTER 200",
        rule="registration-cancelled",
        method="REGISTER",
        fields=("Expires: 0",),
        script=_all_contacts,
        shows={"<REGISTER": ("Contact: *",), "200": ("no Contact",)},
    ),
    Flow(
        "rfc3665-registration-refused",
        "<REGISTER 401 <REGISTER 401",
        method="REGISTER",
        habits={"tries": 1, "password": "guess"},
        shows={"401 2": ("WWW-Authenticate: nonce=", "no Contact")},
    ),
)
SESSIONS = (
    Flow(
        "rfc3665-session",
        "<INVITE 180 1s 200 <ACK 2s BYE <200/BYE",
        habits={"talks": None},
        shows={"180": ("Contact: <sip:", "no SDP"), "200": ANSWERED, "BYE": ("Max-Forwards: 70", "no Contact")},
    ),
    Flow(
        "rfc3665-session-through-proxies",
        "<INVITE 407 <ACK <INVITE 100 180 1s 200 <ACK 2s BYE <200/BYE",
        habits={"talks": None},
        shows={
            "407": ('Proxy-Authenticate: Digest realm="atlanta.example.com"', "no Record-Route"),
            "100": ("no Record-Route", "no Contact"),
            "180": ("Record-Route: <sip:ss2.biloxi.example.com;lr>", "Record-Route: <sip:ss1@"),
            "200": (*ANSWERED, "Record-Route: <sip:ss2.biloxi.example.com;lr>", "Record-Route: <sip:ss1@"),
            "BYE": ("no Route",),
        },
    ),
    Flow(
        "rfc3665-two-challenges",
        f"<INVITE 407 <ACK <INVITE 100 407 <ACK <INVITE 100 200 {TALK}",
        shows={
            "407": ('Proxy-Authenticate: Digest realm="atlanta.example.com"',),
            "407 2": ('Proxy-Authenticate: Digest realm="biloxi.example.com"',),
            "<INVITE 3": ('Proxy-Authorization: realm="atlanta', 'Proxy-Authorization: realm="biloxi'),
            "200": ANSWERED,
        },
    ),
    Flow(
        "rfc3665-redirect-then-late-offer",
        "<INVITE 302 <ACK",
        rule="redirect-before-late-offer",
        habits={"reactions": {"302": followed("contact", body=b"")}},
        shows={"302": ("Contact: <sip:late-offer-after-redirect@", "no SDP")},
        then=(f"<INVITE 100 180 1s 200 {TALK}",),
    ),
    Flow(
        "rfc3665-reinvite-new-address",
        "<INVITE 100 180 200 <ACK 1s INVITE <200 ACK 2s <BYE 200/BYE",
        habits={"talks": None},
        script=at(3.0, Client.bye),
        unheard="failed",
        shows={"INVITE": ("Contact: <sip:bob-has-moved@", "SDP: m=audio ")},
    ),
    Flow(
        "rfc3665-no-answer",
        "<INVITE 100 180 10s <CANCEL 200/CANCEL 487 <ACK",
        script=at(10.0, Client.cancel),
        outcome="cancelled",
        shows={"200/CANCEL": ("CSeq: 1 CANCEL",), "487": ("CSeq: 1 INVITE", *REFUSED)},
    ),
    Flow(
        "rfc3665-proxy-failure",
        "<INVITE",
        rule="proxy-that-is-dead",
        outcome="no-ack",
        reason="no ACK for 503",
        habits={"acks": False},
        notes=("problem", "fault"),
    ),
    Flow("rfc3665-busy", "<INVITE 100 486 <ACK", shows={"486": REFUSED}),
    Flow("rfc3665-no-response", "<INVITE 100 32s 480 <ACK", shows={"480": REFUSED}),
    Flow("rfc3665-unavailable", "<INVITE 100 180 1s 480 <ACK", shows={"480": REFUSED}),
)
SERVICES = (
    Flow(
        "rfc5359-hold",
        "<INVITE 100 180 200 <ACK 1s INVITE <200 ACK 2s INVITE <200 ACK 3s <BYE 200/BYE",
        habits={"talks": None, "answers": {"INVITE": as_asked}},
        script=at(6.0, Client.bye),
        shows={
            "INVITE": ('Contact: ;+sip.rendering="no"', "SDP: a=sendonly"),
            "INVITE 2": ('Contact: ;+sip.rendering="yes"', "SDP: a=sendrecv"),
        },
    ),
    Flow(
        "rfc5359-consultation-hold",
        "<INVITE 180 200 <ACK 1s INVITE <200 ACK 5s INVITE <200 ACK 1s <BYE 200/BYE",
        habits={"talks": None, "answers": {"INVITE": as_asked}},
        script=at(7.0, Client.bye),
        shows={"INVITE": ("SDP: a=sendonly",), "INVITE 2": ("no SDP: a=sendonly", "SDP: m=audio ")},
    ),
    Flow(
        "rfc5359-transfer-unattended",
        "<INVITE 180 200 <ACK 1s REFER <202/REFER <NOTIFY 200/NOTIFY 2s <NOTIFY 200/NOTIFY BYE <200/BYE",
        habits={"talks": None, "answers": {"REFER": 202}, "reactions": {"REFER": transferred}},
        shows={
            "REFER": ("Refer-To: <sip:transfer-target@", "Referred-By: <sip:bob@", "Contact: <sip:"),
            "BYE": ("no Contact",),
        },
        then=(f"<INVITE 180 1s 200 {TALK}",),
    ),
    Flow(
        "rfc5359-forward-unconditional",
        f"<INVITE 100 181 0.5s 180 1s 200 {TALK}",
        shows={
            "100": ("no History-Info",),
            "181": ("History-Info: <sip:", "History-Info: index=1.1", "no SDP"),
            "200": (*ANSWERED, "History-Info: index=1.1"),
        },
    ),
    Flow(
        "rfc5359-forward-busy",
        f"<INVITE 100 1s 181 0.5s 180 1s 200 {TALK}",
        shows={"181": ("History-Info: cause%3D486",), "200": ANSWERED},
    ),
    Flow("rfc5359-forward-no-answer", f"<INVITE 100 180 4s 181 0.5s 180 2s 200 {TALK}", shows={"200": ANSWERED}),
    Flow(
        "rfc5359-three-way",
        "<INVITE 180 200 <ACK 1s INVITE <200 ACK 2s <BYE 200/BYE",
        habits={"talks": None},
        script=at(3.0, Client.bye),
        shows={"INVITE": ("Contact: <sip:bob-mixer@", "Contact: ;isfocus", "SDP: m=audio ")},
    ),
    Flow(
        "rfc5359-third-party-joins",
        f"<INVITE 180 1s 200 {TALK}",
        fields=("Require: join", "Join: 12345600@example.com;from-tag=1234567;to-tag=23431"),
        shows={"200": (*ANSWERED, "Contact: ;isfocus")},
    ),
    Flow(
        "rfc5359-find-me",
        "<INVITE 100 180 5s 180 2s 200 <ACK 2s BYE <200/BYE",
        habits={"talks": None},
        shows={"200": ANSWERED},
    ),
    Flow(
        "rfc5359-incoming-screening",
        "<INVITE 407 <ACK <INVITE 403 <ACK",
        habits={"reactions": {"403": followed("error-info", talks=None)}},
        shows={
            "407": ('Proxy-Authenticate: Digest realm="biloxi.example.com"',),
            "403": ("Error-Info: <sip:screening-announcement@", *REFUSED),
        },
        then=("<INVITE 200 <ACK 2s BYE <200/BYE",),
    ),
    Flow(
        "rfc5359-transfer-attended",
        "<INVITE 180 200 <ACK 1s INVITE <200 ACK REFER <202/REFER "
        "<NOTIFY 200/NOTIFY 2s <NOTIFY 200/NOTIFY BYE <200/BYE",
        habits={"talks": None, "answers": {"REFER": 202, "INVITE": as_asked}, "reactions": {"REFER": transferred}},
        shows={
            "INVITE": ("SDP: a=sendonly",),
            "REFER": ("Refer-To: <sip:attended-transfer-target@", "Refer-To: ?Replaces=592435881734450904%40biloxi"),
        },
        then=(f"<INVITE 200 {TALK}",),
    ),
    Flow(
        "rfc5359-music-on-hold",
        "<INVITE 180 200 <ACK 1s INVITE <200 ACK 1s <BYE 200/BYE",
        habits={"talks": None, "answers": {"INVITE": as_asked}},
        script=calling(answered=lambda client, _: client.bye()),
        shows={"INVITE": ("SDP: a=sendonly",)},
        rings="INVITE <180 1s <200 ACK 2s BYE <200/BYE",
    ),
    Flow(
        "rfc5359-automatic-redial",
        "<INVITE 486 <ACK",
        rule="redial-busy",
        shows={"486": REFUSED},
    ),
    Flow(
        "rfc5359-call-pickup",
        "<SUBSCRIBE 200 NOTIFY <200/NOTIFY 600s NOTIFY <200/NOTIFY",
        rule="pickup-lamp",
        method="SUBSCRIBE",
        fields=("Event: dialog", "Expires: 600"),
        shows={
            "200": ("Expires: 600", "Contact: <sip:"),
            "NOTIFY": (
                "Event: dialog",
                "Subscription-State: active",
                "Content-Type: application/dialog-info+xml",
                'body: call-id="12345600@atlanta.example.com" local-tag="3145678" remote-tag="1234567"',
            ),
        },
    ),
    Flow(
        "rfc5359-click-to-dial",
        "<REFER 200",
        method="REFER",
        fields=("Refer-Sub: false", "Supported: norefersub"),
        script=calling(asks="first"),
        shows={"200": ("Refer-Sub: false",)},
        rings="INVITE <180 1s <200 ACK 2s BYE <200/BYE",
    ),
    Flow(
        "rfc5359-outgoing-screening",
        "<INVITE 407 <ACK <INVITE 403 <ACK",
        shows={"403": ("Error-Info: <sip:screen-fail-orig-ann@announcement.example.com>", *REFUSED)},
    ),
)
RACES = (
    Flow(
        "rfc5407-cancel-crosses-200",
        f"<INVITE 100 180 2s <CANCEL 200/CANCEL 200 {TALK}",
        script=at(2.0, Client.cancel),
        shows={"200": ANSWERED},
    ),
    Flow(
        "rfc5407-invite-crosses-200",
        f"<INVITE 0.5s <INVITE 0.1s 200 {TALK}",
        script=retransmitted(0.5),
        shows={"200": ANSWERED},
        notes=("fault",),
    ),
    Flow(
        "rfc5407-bye-crosses-200",
        "<INVITE 180 3s <BYE 200/BYE 3s 200 <ACK 0.5s <ACK 1s <ACK",
        habits={"talks": None},
        script=at(3.0, Client.bye),
        shows={"200": ANSWERED},
        notes=("fault",),
    ),
    Flow(
        "rfc5407-reinvite-after-lost-ack",
        "<INVITE 180 200 <ACK 0.5s <INVITE 200 <ACK 2s <BYE 200/BYE",
        habits={"talks": None},
        script=_crossing("INVITE", 0.5),
        notes=("fault",),
    ),
    Flow(
        "rfc5407-reinvite-before-answer",
        "<INVITE 180 200 <ACK 0.3s <INVITE 491 <ACK 0.2s <ACK 2.5s <INVITE 200 <ACK 2s <BYE 200/BYE",
        body=b"",
        habits={"talks": None},
        script=_crossing("INVITE", 0.3, 3.0),
        shows={"200": ("SDP: m=audio ",), "491": REFUSED},
        notes=("fault",),
    ),
    Flow(
        "rfc5407-bye-after-lost-ack",
        "<INVITE 180 200 <ACK 0.5s <ACK 0.1s <BYE 200/BYE",
        habits={"talks": None},
        script=at(0.6, Client.bye),
        notes=("fault",),
    ),
    Flow(
        "rfc5407-bye-crosses-bye",
        "<INVITE 180 200 <ACK 1s <BYE BYE <200/BYE 200/BYE",
        habits={"talks": None},
        script=at(1.0, Client.bye),
    ),
    Flow(
        "rfc5407-bye-crosses-reinvite",
        "<INVITE 180 200 <ACK 1s <INVITE BYE <200/BYE 481 <ACK",
        habits={"talks": None},
        script=at(1.0, lambda client: client.request("INVITE", within=True, body=NEW_OFFER)),
        shows={"481": REFUSED},
    ),
    Flow(
        "rfc5407-reinvite-crosses-bye",
        "<INVITE 180 200 <ACK 1s <BYE INVITE <481 ACK 200/BYE",
        habits={"talks": None, "answers": {"INVITE": 481}},
        script=at(1.0, Client.bye),
        shows={"INVITE": ("SDP: m=audio ", "Contact: <sip:")},
    ),
    Flow(
        "rfc5407-bye-follows-reinvite",
        "<INVITE 180 200 <ACK 1s INVITE <200 BYE <200/BYE ACK",
        habits={"talks": None},
    ),
    Flow(
        "rfc5407-bye-crosses-ack",
        "<INVITE 180 200 <ACK BYE <200/BYE",
        habits={"talks": None},
        notes=("deviation",),
    ),
    Flow(
        "rfc5407-reinvite-crosses-reinvite",
        "<INVITE 180 200 <ACK 1s <INVITE INVITE <491 ACK 491 <ACK "
        "1.12s INVITE <200 ACK 1.88s <INVITE 200 <ACK 2s <BYE 200/BYE",
        habits={"talks": None, "answers": {"INVITE": pending_once}},
        script=_crossing("INVITE", 1.0, 4.0),
        shows={"491": REFUSED, "200 2": ANSWERED},
    ),
    Flow(
        "rfc5407-update-crosses-reinvite",
        "<INVITE 180 200 <ACK 1s <INVITE UPDATE <491/UPDATE 491 <ACK "
        "1.12s UPDATE <200/UPDATE 1.88s <INVITE 200 <ACK 2s <BYE 200/BYE",
        habits={"talks": None, "answers": {"UPDATE": pending_once}},
        script=_crossing("INVITE", 1.0, 4.0),
        shows={"UPDATE": ("SDP: m=audio ", "Contact: <sip:"), "491": REFUSED},
    ),
    Flow(
        "rfc5407-reinvite-crosses-update",
        "<INVITE 180 200 <ACK 1s <UPDATE INVITE <491 ACK 491/UPDATE "
        "1.12s INVITE <200 ACK 1.88s <UPDATE 200/UPDATE 2s <BYE 200/BYE",
        habits={"talks": None, "answers": {"INVITE": pending_once}},
        script=_crossing("UPDATE", 1.0, 4.0),
        shows={"491/UPDATE": REFUSED, "200/UPDATE": ("SDP: m=audio ",)},
    ),
    Flow(
        "rfc5407-refer-crosses-bye",
        "<INVITE 180 200 <ACK 1s <BYE REFER <481/REFER 200/BYE",
        habits={"talks": None, "answers": {"REFER": 481}},
        script=at(1.0, Client.bye),
        shows={"REFER": ("Refer-To: <sip:transfer-target@",)},
    ),
)
RFC_FLOWS = (*REGISTRATION, *SESSIONS, *SERVICES, *RACES)
