"""Single faults with session timers: RFC 4028."""

from __future__ import annotations

from functools import partial
from typing import Any

from bench import OFFER, OK, RINGING

from responder.transaction.fault import Fault as Loss
from responder.uas.script import Order, Reply

from .misbehaving import (
    HERE,
    Changes,
    Fault,
    Misbehaving,
    conduct,
    held,
    messages,
    verify,
)

TIMED = Reply(200, headers=(("Session-Expires", "90;refresher=uac"), ("Require", "timer")))
TIMED_BY_US = Reply(200, headers=(("Session-Expires", "90;refresher=uas"), ("Require", "timer")))
ASKING = ("Session-Expires: 90", "Min-SE: 90")


def asks(changes: Changes) -> Misbehaving:
    """A call of a client that asks for a session timer."""
    client = Misbehaving(RINGING, OK, changes=changes)
    client.call(*ASKING)
    client.hang_up()
    return client


def refreshes(
    changes: Changes, *, times: tuple[float, ...] = (45.0, 90.0), reply: Reply = TIMED, how: str = "ended"
) -> Misbehaving:
    """A client that refreshes every 45 s, and is ended after 130."""
    client = Misbehaving(RINGING, reply, "stay", changes=changes)
    client.answers("BYE")
    client.call(*ASKING)
    for time in times:
        client.bench.run(time - client.bench.now)
        client.send(
            "UPDATE",
            client.caller.request("UPDATE", "Supported: timer", "Session-Expires: 90;refresher=uac", "Min-SE: 90"),
        )
    client.leave(130 - client.bench.now, how)
    return client


def never(wrong: bool, times: tuple[float, ...] = ()) -> Misbehaving:
    return refreshes({}, times=times if wrong else (45.0, 90.0))


def refuse_to_refresh(call: Any, transaction: Any) -> None:
    """Nothing that we send in this call leaves any more."""
    call.fault = Loss(drop=1000)


def waits_for_us(wrong: bool) -> Misbehaving:
    """We are to refresh, and do not."""
    client = Misbehaving(RINGING, TIMED_BY_US, refuse_to_refresh, "stay")
    client.call(*ASKING)
    client.bench.run(60)
    if not wrong:
        client.bench.receive(client.caller.bye(), HERE)
    client.leave(70.0 if wrong else 0.3, "ended")
    return client


def grants(changes: Changes) -> Misbehaving:
    """Our re-INVITE asks for a session timer, and the client grants it."""
    order = Order(
        "INVITE", headers=(("Supported", "timer"), ("Session-Expires", "1800;refresher=uac"), ("Min-SE", "90"))
    )
    client = Misbehaving(RINGING, OK, 1, order, "stay", changes=changes)
    fields = ("Contact: <sip:alice@127.0.0.1:5062>", "Require: timer", "Session-Expires: 1800;refresher=uac")
    client.answers("INVITE", 200, *fields, body=OFFER, name="answer")
    client.call()
    client.bench.run(2)
    client.hang_up()
    return client


TIMERS = [
    messages(
        "a refresher who is neither side",
        "refresher-is-uac-or-uas",
        asks,
        INVITE={"Session-Expires": "90;refresher=me"},
    ),
    messages("Min-SE of 30", "min-se-is-90-or-more", asks, INVITE={"Min-SE": "30"}),
    messages(
        "Session-Expires below Min-SE",
        "session-interval-is-not-below-min-se",
        asks,
        INVITE={"Session-Expires": "90", "Min-SE": "120"},
    ),
    messages("Session-Expires without support", "session-timer-is-supported", asks, INVITE={"Supported": "100rel"}),
    messages(
        "refresh without support",
        "refresh-supports-the-session-timer",
        refreshes,
        UPDATE={"Supported": "100rel", "Session-Expires": None},
    ),
    messages(
        "refresh without Session-Expires", "refresh-has-session-expires", refreshes, UPDATE={"Session-Expires": None}
    ),
    conduct("no refresh", "refresher-refreshes-at-half-the-interval", never),  # we hang up 30 s before the expiration
    conduct("refresh after 58 s", "refresher-refreshes-at-half-the-interval", partial(never, times=(58.0, 103.0))),
    conduct("no BYE where we do not refresh", "missing-refresh-ends-the-session", waits_for_us),
    messages(
        "granted without refresher",
        "accepted-session-timer-names-the-refresher",
        grants,
        answer={"Session-Expires": "1800"},
    ),
    messages(
        "granted with another refresher",
        "accepted-session-timer-names-the-refresher",
        grants,
        answer={"Session-Expires": "1800;refresher=uas"},
    ),
    messages("granted without Require", "accepted-session-timer-is-required", grants, answer={"Require": None}),
    messages(
        "granted for longer",
        "accepted-session-interval-is-not-longer",
        grants,
        answer={"Session-Expires": "3600;refresher=uac"},
    ),
    messages(
        "granted for 60 s",
        "accepted-session-interval-is-not-longer",
        grants,
        answer={"Session-Expires": "60;refresher=uac"},
    ),
]


@held(TIMERS)
def test_timers(fault: Fault) -> None:
    verify(fault)
