"""What the end of a client's process says: which duties it leaves undone, and which it need not do any more."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from bench import BUSY, BYE, OK, RINGING

from responder.uas.script import Order, Reply

from .misbehaving import HERE, STREAM, UNHEARD, Loss, Misbehaving

RELIABLE = Reply(180, reliable=True)
TIMED = Reply(200, headers=(("Session-Expires", "90;refresher=uac"), ("Require", "timer")))


def invited(*steps: Any) -> Misbehaving:
    """An INVITE, and nothing more."""
    client = Misbehaving(*steps)
    client.invite()
    return client


def called(*steps: Any) -> Misbehaving:
    """A call that is up."""
    client = Misbehaving(RINGING, *(steps or (OK,)))
    client.call("Session-Expires: 90")
    return client


def unheard_ack(*, bye: bool) -> Misbehaving:
    """The ACK was lost on purpose; the copies begin half a second later."""
    client = Misbehaving(RINGING, lambda call, transaction: call.lose({"ACK": 1}), OK)
    client.call()
    client.bench.run(0.48)
    if bye:
        client.bench.receive(client.caller.bye(), HERE)
    return client


def silent() -> Misbehaving:
    return Misbehaving(UNHEARD, "stay", plans={"*": (UNHEARD, "stay")})


def asked(method: str) -> Misbehaving:
    """A request that gets no response."""
    client = silent()
    client.bench.receive(client.caller.request(method), HERE)
    return client


def hung_up_on() -> Misbehaving:
    """Our BYE comes after a second, and gets no answer."""
    client = called(OK, 1, BYE, "stay")
    client.bench.run(1)
    return client


def deaf(wait: float) -> Misbehaving:
    """Our OPTIONS comes after a second and gets no answer; so long after it the client hangs up."""
    client = called(OK, 1, Order("OPTIONS"), "stay")
    client.bench.run(1 + wait)
    client.bench.receive(client.caller.bye(), HERE)
    return client


def trickling() -> Misbehaving:
    """A 486 by a stream, byte by byte."""
    client = Misbehaving(Reply(486, fault=Loss(corrupt=("byte-by-byte",))), flow=STREAM)
    client.invite()
    return client


def crossing() -> Misbehaving:
    """Both sides hang up at the same time; the client has answered nothing."""
    client = called(OK, 1, BYE, "stay")
    client.bench.run(0.99)
    client.bench.receive(client.caller.bye(), HERE)
    client.bench.run(0.02)
    return client


def referred() -> Misbehaving:
    """The client accepted our REFER."""
    client = Misbehaving(RINGING, OK, 1, Order("REFER", headers=(("Refer-To", "<sip:carol@127.0.0.1>"),)), "stay")
    client.answers("REFER", 202)
    client.call()
    client.bench.run(1)
    return client


@pytest.mark.parametrize(
    ("story", "after", "how", "rule", "verdict"),
    [
        # it went away with its duty undone
        (lambda: invited(BUSY), 0.005, "exited", "refusal-is-acknowledged", "fail"),
        (lambda: invited(OK), 0.005, "exited", "success-is-acknowledged", "fail"),
        (lambda: invited(Reply(499)), 0.005, "exited", "unknown-final-is-taken-for-its-class", "fail"),
        (lambda: invited(RELIABLE, "stay"), 0.005, "exited", "reliable-1xx-gets-a-prack", "fail"),
        (hung_up_on, 0.3, "exited", "requests-to-it-are-answered", "fail"),
        (referred, 0.3, "exited", "accepted-refer-is-reported", "fail"),
        (lambda: deaf(0.5), 0.3, "exited", "requests-to-it-are-answered", "fail"),
        (trickling, 4.0, "exited", "refusal-is-acknowledged", "fail"),
        (lambda: unheard_ack(bye=False), 0.6, "exited", "every-copy-of-a-2xx-is-acknowledged", "fail"),
        # it went away before it can have known
        (lambda: invited(BUSY), 0.001, "exited", "refusal-is-acknowledged", None),
        (lambda: invited(OK), 0.001, "exited", "success-is-acknowledged", None),
        (lambda: invited(RELIABLE, "stay"), 0.001, "exited", "reliable-1xx-gets-a-prack", None),
        (lambda: invited(RINGING, 1, BUSY), 0.9, "exited", "refusal-is-acknowledged", None),
        (hung_up_on, 0.05, "exited", "requests-to-it-are-answered", None),
        (lambda: deaf(0.1), 0.3, "exited", "requests-to-it-are-answered", None),
        (trickling, 0.3, "exited", "refusal-is-acknowledged", None),
        (crossing, 0.3, "exited", "requests-to-it-are-answered", None),
        (referred, 0.05, "exited", "accepted-refer-is-reported", None),
        (lambda: unheard_ack(bye=False), 0.45, "exited", "every-copy-of-a-2xx-is-acknowledged", None),
        (lambda: unheard_ack(bye=True), 0.05, "exited", "every-copy-of-a-2xx-is-acknowledged", None),
        # what it need not do any more
        (lambda: called(TIMED, "stay"), 60.0, "exited", "refresher-refreshes-before-the-expiration", None),
        (lambda: asked("INVITE"), 0.4, "exited", "invite-is-sent-again-by-udp", None),
        (lambda: asked("OPTIONS"), 1.0, "exited", "other-request-is-sent-again-by-udp", None),
        # it was ended before its time was over
        (lambda: invited(BUSY), 1.0, "ended", "refusal-is-acknowledged", None),
        (lambda: invited(BUSY), 4.5, "ended", "refusal-is-acknowledged", "fail"),
        (lambda: invited(OK), 4.0, "ended", "success-is-acknowledged", None),
        (lambda: invited(OK), 9.0, "ended", "success-is-acknowledged", "fail"),
        (lambda: invited(RELIABLE, "stay"), 2.0, "ended", "reliable-1xx-gets-a-prack", None),
        (lambda: invited(RELIABLE, "stay"), 5.0, "ended", "reliable-1xx-gets-a-prack", "fail"),
        (hung_up_on, 2.0, "ended", "requests-to-it-are-answered", None),
        (hung_up_on, 5.0, "ended", "requests-to-it-are-answered", "fail"),
        (lambda: asked("INVITE"), 1.5, "ended", "invite-is-sent-again-by-udp", None),
        (lambda: asked("INVITE"), 3.0, "ended", "invite-is-sent-again-by-udp", "fail"),
        (referred, 2.0, "ended", "accepted-refer-is-reported", None),
        (referred, 6.0, "ended", "accepted-refer-is-reported", "fail"),
    ],
)
def test_a_client_that_goes_away(
    story: Callable[[], Misbehaving], after: float, how: str, rule: str, verdict: str | None
) -> None:
    client = story()
    client.leave(after, how)
    found = {one.rule.id: one.verdict for one in client.judged().judged if one.findings}
    assert found.get(rule) == verdict
