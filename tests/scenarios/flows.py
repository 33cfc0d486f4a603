"""The shipped flows as tables: how a client calls each, and all that passes the wire when it behaves."""

from __future__ import annotations

from .calling import TALK
from .client import Client
from .flow import Flow as Flow
from .flows_of_rfcs import RFC_FLOWS
from .flows_of_suites import SUITE_FLOWS
from .wire import NEW_OFFER, OFFER, Message
from .world import World


def _keys(world: World, client: Client) -> None:
    for seconds, content_type in ((1.0, "application/dtmf-relay"), (1.5, "text/plain")):
        world.after(
            seconds,
            lambda kind=content_type: client.request("INFO", within=True, body=b"Signal=5\r\n", content_type=kind),  # type: ignore[misc]
        )
    world.after(2.0, client.bye)


def _glare(world: World, client: Client) -> None:
    world.after(0.5, lambda: client.request("INVITE", within=True, body=NEW_OFFER))
    world.after(0.6, lambda: client.request("UPDATE", within=True, body=NEW_OFFER))


def _gives_up(world: World, client: Client) -> None:
    world.after(10.0, client.cancel)


def _as_asked(message: Message) -> tuple[int, bytes]:
    """RFC 3264 section 6.1: what is offered as sendonly is answered as recvonly."""
    direction = b"recvonly" if "a=sendonly" in message.sdp else b"sendrecv"
    return 200, OFFER.replace(b"sendrecv", direction)


FLOWS: tuple[Flow, ...] = (
    Flow("address-incomplete", f"<INVITE 100 180 1s 200 {TALK}", rule="complete", user="5551234"),
    Flow("auth-then-answer", f"<INVITE 401 <ACK <INVITE 180 1s 200 {TALK}"),
    Flow("busy", "<INVITE 100 180 2s 486 <ACK"),
    Flow("busy-everywhere", "<INVITE 100 180 1s 600 <ACK"),
    Flow("cancel-ignored", f"<INVITE 100 180 5s 200 {TALK}", cancel="ignored"),
    Flow("compact-answer", f"<INVITE 100 180 1s 200 {TALK}"),
    Flow("decline-603", "<INVITE 100 180 2s 603 <ACK"),
    Flow(
        "dtmf-by-info",
        "<INVITE 100 180 200 <ACK 1s <INFO 200/INFO 0.5s <INFO 415/INFO 0.5s <BYE 200/BYE",
        habits={"talks": None},
        script=_keys,
        unheard="failed",
        notes=("near-miss",),
    ),
    Flow("early-media-then-answer", f"<INVITE 100 183 3s 200 {TALK}"),
    Flow("empty-reason", "<INVITE 100 180 1s 486 <ACK"),
    Flow(
        "extension-required-421",
        f"<INVITE 100 180 1s 200 {TALK}",
        rule="with-timer",
        fields=("Supported: timer",),
    ),
    Flow("flaky", f"<INVITE 100 0.646s 180 1s 200 {TALK}"),
    Flow("forking", f"<INVITE 100 180 1s 183 2s 200 {TALK}"),
    Flow("forwarded", f"<INVITE 100 180 3s 181 0.5s 180 2s 200 {TALK}"),
    Flow(
        "glare-491",
        "<INVITE 100 180 200 <ACK 0.5s <INVITE 491 <ACK 0.1s <UPDATE 491/UPDATE 0.15s <BYE 200/BYE",
        script=_glare,
    ),
    Flow("gone", "<INVITE 100 410 <ACK"),
    Flow("hangup-after-2s", "<INVITE 100 180 200 <ACK 2s BYE <200/BYE", habits={"talks": None}, unheard="failed"),
    Flow(
        "hold-by-us",
        "<INVITE 100 180 200 <ACK 1s INVITE <200 ACK 1s INVITE <200 ACK 1s BYE <200/BYE",
        habits={"talks": None, "answers": {"INVITE": _as_asked}},
        unheard="failed",
    ),
    Flow("late-answer", f"<INVITE 100 180 120s 200 {TALK}"),
    Flow("message-accepted", "<MESSAGE 202", method="MESSAGE", body=b"hello", content_type="text/plain"),
    Flow("moved", "<INVITE 100 301 <ACK"),
    Flow("no-answer", "<INVITE 100 180 10s <CANCEL 200/CANCEL 487 <ACK", script=_gives_up, outcome="cancelled"),
    Flow("no-answer-480", "<INVITE 100 180 20s 480 <ACK"),
    Flow("not-acceptable-488", "<INVITE 100 488 <ACK"),
    Flow("not-found", "<INVITE 404 <ACK"),
    Flow("options-capabilities", "<OPTIONS 200", method="OPTIONS"),
    Flow("outage-then-recovery", "<INVITE 503 <ACK", rule="overloaded"),
    Flow("overload-503-retry-after", "<INVITE 503 <ACK"),
    Flow("proxy-auth", f"<INVITE 100 407 <ACK <INVITE 180 1s 200 {TALK}"),
    Flow("queue-182", f"<INVITE 100 182 2s 182 2s 182 2s 180 1s 200 {TALK}"),
    Flow("raw-garbage", "<INVITE 100 486 <ACK", strict=False),
    Flow("redirect", "<INVITE 100 302 <ACK"),
    Flow("redirect-loop", "<INVITE 100 302 <ACK"),
    Flow("register-423", "<REGISTER 423", rule="too-brief", method="REGISTER", fields=("Expires: 60",)),
    Flow("registrar", "<REGISTER 200", method="REGISTER"),
    Flow("registrar-auth", "<REGISTER 401 <REGISTER 200", method="REGISTER"),
    Flow(
        "reliable-183",
        f"<INVITE 100 183 <PRACK 200/PRACK 2s 200 {TALK}",
        rule="reliable",
        fields=("Supported: 100rel",),
    ),
    Flow(
        "reliable-ringing",
        f"<INVITE 100 180 <PRACK 200/PRACK 183 <PRACK 200/PRACK 1s 200 {TALK}",
        fields=("Supported: 100rel",),
    ),
    Flow("require-420", "<INVITE 420 <ACK", fields=("Require: timer",)),
    Flow(
        "session-timer-422",
        "<INVITE 422 <ACK",
        rule="too-small",
        fields=("Supported: timer", "Session-Expires: 1800"),
    ),
    Flow("slow-trying", f"<INVITE 100 10s 180 1s 200 {TALK}"),
    Flow("stale-nonce", f"<INVITE 401 <ACK <INVITE 401 <ACK <INVITE 180 200 {TALK}"),
    Flow("unknown-code", "<INVITE 499 <ACK"),
    Flow("unwanted-607", "<INVITE 100 180 1s 607 <ACK"),
    Flow(
        "update-by-us",
        "<INVITE 100 180 200 <ACK 1s UPDATE <200/UPDATE 1s BYE <200/BYE",
        habits={"talks": None},
        unheard="failed",
    ),
    Flow("use-proxy", "<INVITE 305 <ACK"),
    Flow("voicemail", "<INVITE 100 180 5s 200 <ACK 10s BYE <200/BYE", habits={"talks": None}),
    Flow(
        "wrong-on-purpose",
        "<INVITE 100 180 1s 200 <ACK",
        strict=False,
        habits={"talks": None},
        unheard="completed",  # a 2xx without To tag makes no dialog, so no ACK can belong to it
    ),
    Flow("wrong-password", "<INVITE 401 <ACK <INVITE 401 <ACK", habits={"tries": 1, "password": "guess"}),
)
EVERY = (*FLOWS, *RFC_FLOWS, *SUITE_FLOWS)
"""All that there are; `FLOWS` are those that the tests with clients that misbehave are about."""
BY_NAME = {flow.name: flow for flow in EVERY}
INVITES = tuple(flow for flow in FLOWS if flow.method == "INVITE")
