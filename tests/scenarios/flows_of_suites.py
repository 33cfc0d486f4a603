"""Flows that public test suites have for a called party: challenges, forks, reliable responses, changes, events."""

from __future__ import annotations

from collections.abc import Callable

from .calling import TALK
from .client import Client
from .flow import Flow
from .flows_of_rfcs import ANSWERED, REFUSED
from .reactions import at, calling, followed, retransmitted
from .wire import NEW_OFFER, OFFER, Message
from .world import World

Script = Callable[[World, Client], None]
TEXT = "text/plain"
HELD = NEW_OFFER.replace(b"sendrecv", b"sendonly")
PCMA_ONLY = OFFER.replace(b"RTP/AVP 0 8 101", b"RTP/AVP 8").replace(b"a=rtpmap:0 PCMU/8000\r\n", b"")


def _changes(client: Client) -> None:
    client.request("INVITE", within=True, body=NEW_OFFER)


def _updates(client: Client) -> None:
    client.request("UPDATE", within=True, body=NEW_OFFER)


def _holds(world: World, client: Client) -> None:
    world.after(1.0, lambda: client.request("INVITE", within=True, body=HELD))
    world.after(3.0, lambda: client.request("INVITE", within=True, body=NEW_OFFER))
    world.after(5.0, client.bye)


def _asks(*fields: str, method: str = "REFER", body: bytes = b"", ends: float = 2.0) -> Script:
    """A script: this request a second after the answer, and BYE later."""

    def script(world: World, client: Client) -> None:
        world.after(1.0, lambda: client.request(method, *fields, within=True, body=body, content_type=TEXT))
        world.after(ends, client.bye)

    return script


def _cancels(world: World, client: Client) -> None:
    """CANCEL, and what timer E makes of it."""
    world.after(1.0, client.cancel)
    retransmitted(1.5, 2.5, method="CANCEL")(world, client)


def _raises(client: Client, refused: Message) -> None:
    """RFC 4028 section 7.3: a larger Session-Expires, and Min-SE."""
    smallest = refused.the("min-se")
    client.again(f"Session-Expires: {smallest}", f"Min-SE: {smallest}")


def _longer(client: Client, refused: Message) -> None:
    """RFC 3261 section 10.2.8: at least as long as Min-Expires."""
    client.again(f"Expires: {refused.the('min-expires')}")


def _refreshed(message: Message) -> tuple[int, bytes]:
    return 200, OFFER if message.body or message.method == "INVITE" else b""


CREDENTIALS = (
    Flow(
        "challenge-sha256-only",
        f"<INVITE 401 <ACK <INVITE 180 1s 200 {TALK}",
        shows={"401": ("WWW-Authenticate: algorithm=SHA-256",)},
    ),
    Flow(
        "stale-nonce-loop",
        "<INVITE 401 <ACK <INVITE 401 <ACK <INVITE 401 <ACK <INVITE 401 <ACK <INVITE 401 <ACK <INVITE 403 <ACK",
        habits={"tries": 9},
        shows={"401": ("WWW-Authenticate: stale=true",), "401 5": ("WWW-Authenticate: stale=true",), "403": REFUSED},
    ),
    Flow(
        "register-423-then-challenge",
        "<REGISTER 423 <REGISTER 401 <REGISTER 200",
        method="REGISTER",
        fields=("Expires: 60",),
        habits={"reactions": {"423": _longer}},
        shows={
            "423": ("Min-Expires: 600", "no Contact"),
            "<REGISTER 3": ("Expires: 600", "Authorization: Digest"),
            "200": ("Contact: ;expires=600",),
        },
    ),
    Flow(
        "register-challenge-then-423",
        "<REGISTER 401 <REGISTER 423 <REGISTER 200",
        method="REGISTER",
        fields=("Expires: 60",),
        habits={"reactions": {"423": _longer}},
        shows={
            "423": ("Min-Expires: 600", "no Contact"),
            "<REGISTER 3": ("Expires: 600", "Authorization: nc=00000002"),
            "200": ("Contact: ;expires=600",),
        },
    ),
    Flow(
        "bye-challenged",
        "<INVITE 180 200 <ACK 1s <BYE 407/BYE <BYE 200/BYE",
        habits={"talks": None, "reactions": {"407/BYE": Client.authorized}},
        script=at(1.0, Client.bye),
        shows={"407/BYE": ("Proxy-Authenticate: Digest ",), "<BYE 2": ("Proxy-Authorization: Digest ",)},
    ),
    Flow(
        "reinvite-challenged",
        "<INVITE 180 200 <ACK 1s <INVITE 407 <ACK <INVITE 200 <ACK 1s <BYE 200/BYE",
        habits={"talks": 2.0, "reactions": {"407": Client.authorized}},
        script=at(1.0, _changes),
        shows={"407": ("Proxy-Authenticate: Digest ",), "<INVITE 3": ("Proxy-Authorization: Digest ",)},
    ),
)
FORKS = (
    Flow(
        "fork-reliable",
        f"<INVITE 100 180 <PRACK 200/PRACK 1s 183 <PRACK 200/PRACK 1s 200 {TALK}",
        fields=("Supported: 100rel",),
        shows={
            "180": ("Require: 100rel", "RSeq", "Contact: <sip:"),
            "183": ("Require: 100rel", "RSeq", "Contact: <sip:", "SDP: m=audio "),
            "200": ("no RSeq",),
        },
    ),
    Flow(
        "early-dialog-199",
        f"<INVITE 100 180 1s 180 1s 199 2s 200 {TALK}",
        fields=("Supported: 199",),
        shows={"199": ("Reason: SIP;cause=486", "no SDP"), "200": ANSWERED},
    ),
)
PROVISIONAL = (
    Flow(
        "wrong-codec-183",
        f"<INVITE 100 183 2s 200 {TALK}",
        shows={"183": ("SDP: m=audio 49170 RTP/AVP 18",), "200": ("SDP: m=audio ", "no SDP: AVP 18")},
    ),
    Flow(
        "prack-refused",
        f"<INVITE 100 183 <PRACK 481/PRACK 2s 200 {TALK}",
        fields=("Supported: 100rel",),
        shows={"183": ("Require: 100rel", "RSeq", "SDP: m=audio ")},
    ),
    Flow(
        "update-in-early-dialog",
        f"<INVITE 100 183 <PRACK 200/PRACK 1s UPDATE <200/UPDATE 1s 200 {TALK}",
        fields=("Supported: 100rel", "Allow: INVITE, ACK, CANCEL, BYE, PRACK, UPDATE"),
        habits={"answers": {"UPDATE": (200, OFFER)}},
        shows={"UPDATE": ("SDP: m=audio ", "Contact: <sip:")},
    ),
    Flow(
        "update-by-client-in-early-dialog",
        f"<INVITE 100 183 <PRACK 200/PRACK 2s <UPDATE 200/UPDATE 180 1s 200 {TALK}",
        fields=("Supported: 100rel",),
        script=at(2.0, _updates),
        shows={"200/UPDATE": ("SDP: m=audio ", "Contact: <sip:")},
    ),
    Flow(
        "diverted-call",
        f"<INVITE 100 181 1s 180 1s 200 {TALK}",
        shows={
            "181": ("History-Info: index=1.1.1", "Diversion: reason=user-busy"),
            "200": (*ANSWERED, "History-Info: index=1.1.1", "Diversion: reason=unconditional"),
        },
    ),
    Flow(
        "precondition-failure-580",
        "<INVITE 100 580 <ACK",
        fields=("Require: precondition",),
        shows={"580": ("SDP: a=des:qos failure e2e send",)},
    ),
    Flow(
        "redirect-chain",
        "<INVITE 302 <ACK",
        habits={
            "reactions": {
                "302": followed(
                    "contact", reactions={"302": followed("contact", reactions={"302": followed("contact")})}
                )
            }
        },
        shows={"302": ("Contact: <sip:redirect-chain-2@",)},
        then=("<INVITE 302 <ACK", "<INVITE 302 <ACK", f"<INVITE 180 1s 200 {TALK}"),
    ),
)
ENDS = (
    Flow(
        "answer-without-to-tag",
        "<INVITE 100 180 1s 200 <ACK",
        strict=False,
        habits={"talks": None},
    ),
    Flow(
        "bye-in-early-dialog",
        "<INVITE 100 180 2s <BYE 200/BYE 487 <ACK",
        script=at(2.0, Client.bye),
        shows={"487": REFUSED},
    ),
    Flow(
        "cancel-without-final",
        "<INVITE 100 180 2s <CANCEL 200/CANCEL 40s 487 <ACK",
        script=at(2.0, Client.cancel),
        outcome="completed",
    ),
    Flow(
        "bye-refused",
        "<INVITE 180 200 <ACK 0.75s <BYE 481/BYE",
    ),
    Flow(
        "reinvite-481",
        "<INVITE 180 200 <ACK 1s <INVITE 481 <ACK 1s <BYE 200/BYE",
        habits={"talks": 2.0},
        script=at(1.0, _changes),
        shows={"481": REFUSED},
    ),
)
TIMERS = (
    Flow(
        "session-timer-422-loop",
        f"<INVITE 422 <ACK <INVITE 422 <ACK <INVITE 422 <ACK <INVITE 180 200 {TALK}",
        fields=("Supported: timer", "Session-Expires: 90"),
        habits={"reactions": {"422": _raises}},
        shows={
            "422": ("Min-SE: 1800",),
            "422 2": ("Min-SE: 3600",),
            "422 3": ("Min-SE: 7200",),
            "200": ("Session-Expires: 7200", *ANSWERED),
        },
    ),
    Flow(
        "session-timer-uac-refreshes",
        "<INVITE 180 200 <ACK 45s <UPDATE 200/UPDATE 5s <BYE 200/BYE",
        fields=("Supported: timer",),
        habits={"talks": 50.0},
        script=at(
            45.0,
            lambda client: client.request(
                "UPDATE", "Supported: timer", "Session-Expires: 90;refresher=uac", within=True
            ),
        ),
        shows={
            "200": ("Session-Expires: 90;refresher=uac", "Require: timer"),
            "200/UPDATE": ("Session-Expires: 90;refresher=uac", "no SDP"),
        },
    ),
    Flow(
        "session-timer-uas-refreshes",
        "<INVITE 180 200 <ACK 45s UPDATE <200/UPDATE 45s UPDATE <200/UPDATE 10s <BYE 200/BYE",
        fields=("Supported: timer", "Allow: INVITE, ACK, CANCEL, BYE, UPDATE"),
        habits={"talks": 100.0, "answers": {"UPDATE": _refreshed, "INVITE": _refreshed}},
        shows={
            "200": ("Session-Expires: 90;refresher=uas",),
            "UPDATE": ("Session-Expires: 90;refresher=uac", "Supported: timer"),
        },
    ),
)
CHANGES = (
    Flow(
        "late-offer",
        f"<INVITE 100 180 1s 200 {TALK}",
        body=b"",
        shows={"<INVITE": ("no SDP",), "200": ANSWERED, "<ACK": ("SDP: m=audio ",)},
    ),
    Flow(
        "late-offer-by-us",
        "<INVITE 180 200 <ACK 1s INVITE <200 ACK 1s BYE <200/BYE",
        habits={"talks": None},
        shows={"INVITE": ("no SDP", "Contact: <sip:"), "ACK": ("SDP: m=audio ",)},
    ),
    Flow(
        "hold-by-client",
        "<INVITE 180 200 <ACK 1s <INVITE 200 <ACK 2s <INVITE 200 <ACK 2s <BYE 200/BYE",
        habits={"talks": None},
        script=_holds,
        shows={"200 2": ("SDP: a=recvonly", "Contact: <sip:"), "200 3": ("no SDP: a=recvonly", "SDP: m=audio ")},
    ),
    Flow(
        "codec-change-by-us",
        "<INVITE 180 200 <ACK 1s INVITE <200 ACK 2s BYE <200/BYE",
        habits={"talks": None, "answers": {"INVITE": (200, PCMA_ONLY)}},
        shows={"INVITE": ("SDP: m=audio 49170 RTP/AVP 8",)},
    ),
    Flow(
        "codec-change-refused",
        "<INVITE 100 180 200 <ACK 1s <INVITE 488 <ACK 1s <BYE 200/BYE",
        habits={"talks": 2.0},
        script=at(1.0, _changes),
        shows={"488": ("Warning: 305", *REFUSED)},
    ),
)
OTHERS = (
    Flow(
        "info-package-469",
        "<INVITE 180 200 <ACK 1s <INFO 469/INFO 1s <BYE 200/BYE",
        habits={"talks": None},
        script=_asks("Info-Package: x.example", method="INFO", body=b"?"),
        shows={"200": ("Recv-Info: g.example", *ANSWERED), "469/INFO": ("Recv-Info: g.example",)},
    ),
    Flow(
        "chat-in-call",
        "<INVITE 180 200 <ACK 1s <MESSAGE 200/MESSAGE MESSAGE <200/MESSAGE 1s <BYE 200/BYE",
        habits={"talks": None},
        script=_asks(method="MESSAGE", body=b"hello"),
        shows={"MESSAGE": ("body: You wrote: hello", "Content-Type: text/plain", "no Contact")},
    ),
    Flow(
        "refer-refused",
        "<INVITE 180 200 <ACK 1s <REFER 603/REFER 1s <BYE 200/BYE",
        habits={"talks": None},
        script=_asks("Refer-To: <sip:carol@example.com>"),
        shows={"603/REFER": ("no Contact",)},
    ),
    Flow(
        "refer-accepted",
        "<INVITE 180 200 <ACK 1s <REFER 200/REFER NOTIFY <200/NOTIFY NOTIFY <200/NOTIFY 1s <BYE 200/BYE",
        habits={"talks": None},
        script=_asks("Refer-To: <sip:carol@example.com>"),
        shows={
            "200/REFER": ("Contact: <sip:",),
            "NOTIFY": (
                "Event: refer",
                "Subscription-State: active",
                "body: SIP/2.0 100",
                "Content-Type: message/sipfrag",
            ),
            "NOTIFY 2": ("Subscription-State: terminated;reason=noresource", "body: SIP/2.0 200"),
        },
    ),
    Flow(
        "refer-norefersub",
        "<INVITE 180 200 <ACK 1s <REFER 200/REFER 1s <BYE 200/BYE",
        habits={"talks": None},
        script=_asks("Refer-To: <sip:carol@example.com>", "Refer-Sub: false", "Supported: norefersub"),
        shows={"200/REFER": ("Refer-Sub: false",)},
    ),
    Flow(
        "publish-412",
        "<PUBLISH 412",
        rule="publication-forgotten",
        method="PUBLISH",
        fields=("Event: presence", "SIP-If-Match: dx200xyz", "Expires: 3600"),
        shows={"412": ("no SIP-ETag",)},
    ),
    Flow(
        "publish-423",
        "<PUBLISH 423",
        rule="publication-too-brief",
        method="PUBLISH",
        fields=("Event: presence", "Expires: 60"),
        body=b"<presence/>",
        content_type="application/pidf+xml",
        shows={"423": ("Min-Expires: 600", "no SIP-ETag")},
    ),
    Flow(
        "subscribe-489",
        "<SUBSCRIBE 489",
        method="SUBSCRIBE",
        fields=("Event: presence", "Expires: 600"),
        shows={"489": ("Allow-Events: x-none",)},
    ),
    Flow(
        "subscribe-423",
        "<SUBSCRIBE 423",
        rule="subscription-too-brief",
        method="SUBSCRIBE",
        fields=("Event: presence", "Expires: 60"),
        shows={"423": ("Min-Expires: 600",)},
    ),
    Flow("options-ping-lost", "<OPTIONS 503", rule="options-unavailable", method="OPTIONS"),
    Flow(
        "message-too-large",
        "<MESSAGE 413",
        rule="message-too-large",
        method="MESSAGE",
        body=b"far too many words " * 10,
        content_type=TEXT,
        shows={"413": ("Retry-After: 60",)},
    ),
)
LOST = (
    Flow("answer-lost", f"<INVITE 100 180 4.5s 200 {TALK}", notes=("fault",)),
    Flow(
        "ack-lost",
        "<INVITE 100 180 1s 200 <ACK 0.5s <ACK 1s <ACK 2s <ACK 1.5s <BYE 200/BYE",
        habits={"talks": 5.0},
        notes=("fault",),
    ),
    Flow("refusal-lost", "<INVITE 100 180 2.5s 486 <ACK", datagrams=True, notes=("fault",)),
    Flow(
        "prack-lost",
        f"<INVITE 100 183 <PRACK 0.5s <PRACK 200/PRACK 1s 200 {TALK}",
        fields=("Supported: 100rel",),
        script=retransmitted(0.5, method="PRACK"),
        notes=("fault",),
    ),
    Flow(
        "cancel-lost",
        "<INVITE 100 180 1s <CANCEL 0.5s <CANCEL 1s <CANCEL 200/CANCEL 487 <ACK",
        script=_cancels,
        outcome="cancelled",
        notes=("fault",),
    ),
    Flow(
        "bye-answer-lost",
        "<INVITE 180 200 <ACK 0.75s <BYE 0.5s <BYE 1s <BYE 200/BYE",
        script=retransmitted(1.25, 2.25, method="BYE"),
        datagrams=True,
        notes=("fault",),
    ),
    Flow(
        "register-answer-lost",
        "<REGISTER 0.5s <REGISTER 1s <REGISTER 2s <REGISTER 200",
        method="REGISTER",
        script=retransmitted(0.5, 1.5, 3.5, method="REGISTER"),
        datagrams=True,
        notes=("fault",),
    ),
    Flow(
        "everything-twice", "<INVITE 100 180 1s 200 <ACK <ACK 2s BYE <200/BYE", habits={"talks": None}, notes=("fault",)
    ),
    Flow("slow-network", "<INVITE 0.7s 100 180 1s 200 <ACK 0.5s <ACK 0.25s <BYE 0.7s 200/BYE", notes=("fault",)),
    Flow("ringing-after-answer", "<INVITE 100 1s 200 <ACK 180 0.75s <BYE 200/BYE", notes=("fault",)),
)
TRANSFERS = (
    Flow(
        "refer-fails",
        "<INVITE 180 200 <ACK 1s <REFER 200/REFER NOTIFY <200/NOTIFY 2s NOTIFY <200/NOTIFY 1s <BYE 200/BYE",
        habits={"talks": None},
        script=_asks("Refer-To: <sip:carol@example.com>", ends=4.0),
        shows={"NOTIFY 2": ("Subscription-State: terminated;reason=noresource", "body: SIP/2.0 486 Busy Here")},
    ),
    Flow(
        "transfer-by-client",
        "<INVITE 180 200 <ACK 1s <REFER 200/REFER NOTIFY <200/NOTIFY 1s NOTIFY <200/NOTIFY BYE <200/BYE",
        habits={"talks": None},
        script=calling(asks="within"),
        shows={
            "NOTIFY": ("Event: refer", "Subscription-State: active", "body: SIP/2.0 100"),
            "NOTIFY 2": ("Subscription-State: terminated", "body: SIP/2.0 200"),
        },
        rings="INVITE <180 1s <200 ACK 2s BYE <200/BYE",
    ),
    Flow(
        "call-back",
        "<INVITE 486 <ACK",
        script=calling(),
        rings="INVITE <180 1s <200 ACK 2s BYE <200/BYE",
    ),
)
MWI = ("Event: message-summary", "Expires: 600", "Accept: application/simple-message-summary")
PRESENCE = ("Event: presence", "Expires: 600")
EVENTS = (
    Flow(
        "notify-before-200",
        "<SUBSCRIBE NOTIFY <200/NOTIFY 200 600s NOTIFY <200/NOTIFY",
        method="SUBSCRIBE",
        fields=PRESENCE,
        shows={"NOTIFY": ("Subscription-State: active", "Event: presence", "Contact: <sip:")},
    ),
    Flow(
        "subscribe-pending",
        "<SUBSCRIBE 200 NOTIFY <200/NOTIFY 3s NOTIFY <200/NOTIFY 3s NOTIFY <200/NOTIFY",
        method="SUBSCRIBE",
        fields=PRESENCE,
        shows={"NOTIFY": ("Subscription-State: pending",), "NOTIFY 2": ("Subscription-State: active",)},
    ),
    Flow(
        "subscribe-rejected",
        "<SUBSCRIBE 200 NOTIFY <200/NOTIFY",
        method="SUBSCRIBE",
        fields=PRESENCE,
        shows={"NOTIFY": ("Subscription-State: terminated;reason=rejected",)},
    ),
    Flow(
        "subscription-deactivated",
        "<SUBSCRIBE 200 NOTIFY <200/NOTIFY 2s NOTIFY <200/NOTIFY",
        method="SUBSCRIBE",
        fields=PRESENCE,
        shows={"NOTIFY 2": ("Subscription-State: terminated;reason=deactivated",)},
    ),
    Flow(
        "message-waiting",
        "<SUBSCRIBE 200 NOTIFY <200/NOTIFY 2s NOTIFY <200/NOTIFY 2s NOTIFY <200/NOTIFY 596s NOTIFY <200/NOTIFY",
        method="SUBSCRIBE",
        fields=MWI,
        shows={
            "NOTIFY": ("body: Waiting: no",),
            "NOTIFY 2": ("body: Waiting: yes",),
            "NOTIFY 3": ("body: Waiting: no",),
        },
    ),
    Flow(
        "busy-lamp",
        "<SUBSCRIBE 200 NOTIFY <200/NOTIFY 2s NOTIFY <200/NOTIFY 2s NOTIFY <200/NOTIFY 2s "
        "NOTIFY <200/NOTIFY 594s NOTIFY <200/NOTIFY",
        method="SUBSCRIBE",
        fields=("Event: dialog", "Expires: 600"),
        shows={"NOTIFY 2": ("body: >early<", 'body: version="1"'), "NOTIFY 4": ("body: terminated<",)},
    ),
)
CURRENT = (
    OFFER.replace(b" 1 IN", b" 2 IN")
    + b"a=curr:qos local sendrecv\r\na=curr:qos remote none\r\na=des:qos mandatory local sendrecv\r\n"
)
CALLED_BACK = (
    Flow(
        "call-to-client",
        "<REGISTER 401 <REGISTER 200",
        method="REGISTER",
        script=calling(),
        rings="INVITE <180 1s <200 ACK 1s INVITE <200 ACK 1s INVITE <200 ACK 1s BYE <200/BYE",
    ),
    Flow(
        "message-waiting-unasked",
        "<REGISTER 200",
        method="REGISTER",
        script=calling(),
        rings="NOTIFY <200/NOTIFY",
    ),
    Flow(
        "options-ping-by-us",
        "<REGISTER 200",
        method="REGISTER",
        script=calling(),
        rings="OPTIONS <200/OPTIONS 2s OPTIONS <200/OPTIONS 2s OPTIONS <200/OPTIONS",
    ),
    Flow(
        "message-to-client",
        "<REGISTER 200",
        method="REGISTER",
        script=calling(),
        rings="MESSAGE <200/MESSAGE",
    ),
)
MORE = (
    Flow(
        "bye-unanswered",
        "<INVITE 180 200 <ACK 0.75s <BYE 0.5s <BYE",
        script=retransmitted(1.25, method="BYE"),
        datagrams=True,
        notes=("fault",),
    ),
    Flow(
        "reinvite-later-500",
        "<INVITE 100 180 200 <ACK 1s <INVITE 500 <ACK 1s <BYE 200/BYE",
        habits={"talks": 2.0},
        script=at(1.0, _changes),
        shows={"500": ("Retry-After: 3", *REFUSED)},
    ),
    Flow(
        "precondition-met",
        f"<INVITE 100 183 <PRACK 200/PRACK 1s <UPDATE 200/UPDATE 180 1s 200 {TALK}",
        fields=("Require: precondition", "Supported: 100rel, precondition"),
        script=at(1.0, lambda client: client.request("UPDATE", within=True, body=CURRENT)),
        shows={
            "183": ("Require: 100rel", "SDP: a=des:qos mandatory remote sendrecv"),
            "200/UPDATE": ("SDP: a=curr:qos remote sendrecv",),
            "200": ("no SDP",),
        },
    ),
)
SUITE_FLOWS = (
    *CALLED_BACK,
    *MORE,
    *LOST,
    *TRANSFERS,
    *EVENTS,
    *CREDENTIALS,
    *FORKS,
    *PROVISIONAL,
    *ENDS,
    *TIMERS,
    *CHANGES,
    *OTHERS,
)
