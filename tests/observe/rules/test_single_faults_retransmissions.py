"""Single faults in sending requests again: RFC 3261 17.1.1.2, 17.1.2.2."""

from __future__ import annotations

from functools import partial
from typing import Any

from bench import BUSY, OK, RINGING, TRYING

from responder.uas.script import Reply

from .misbehaving import (
    HERE,
    STREAM,
    UNHEARD,
    Fault,
    Misbehaving,
    conduct,
    held,
    verify,
)

DOUBLING = (0.5, 1.5, 3.5, 7.5, 15.5, 31.5)
CAPPED = (0.5, 1.5, 3.5, 7.5, 11.5, 15.5, 19.5, 23.5, 27.5, 31.5)


def sent_again(
    method: str,
    right: tuple[float, ...],
    times: tuple[float, ...],
    wrong: bool,
    *,
    reply: Reply = UNHEARD,
    until: float = 33.0,
) -> Misbehaving:
    """A request without (final) response, again at these times."""
    client = Misbehaving(reply, "stay", plans={"*": (reply, "stay")})
    request = client.plain(method)
    client.bench.receive(request, HERE)
    for time in times if wrong else right:
        client.bench.run(time - client.bench.now)
        client.bench.receive(request, HERE)
    client.leave(max(0.02, until - client.bench.now), "ended")
    return client


def after_1xx(reply: Reply, flow: Any, wrong: bool) -> Misbehaving:
    """An INVITE is sent again though a 1xx has come."""
    client = Misbehaving(reply, 2, BUSY, flow=flow)
    invite = client.plain("INVITE")
    client.bench.receive(invite, flow)
    for wait in (0.5, 1.0) if wrong else ():
        client.bench.run(wait)
        client.bench.receive(invite, flow)
    final = client.bench.run(2)[-1]
    client.send("ACK", client.caller.ack_refusal(final))
    client.leave()
    return client


def after_final(method: str, wrong: bool) -> Misbehaving:
    client = Misbehaving(BUSY, plans={"*": (OK,)})
    request = client.plain(method)
    final = client.bench.receive(request, HERE)[-1]
    if method == "INVITE":
        client.send("ACK", client.caller.ack_refusal(final))
    for wait in (0.5, 1.0) if wrong else ():
        client.bench.run(wait)
        for _ in client.bench.receive(request, HERE):
            if method == "INVITE":
                client.send("ACK", client.caller.ack_refusal(final))
    client.leave(0.5)
    return client


def on_a_stream(method: str, wrong: bool) -> Misbehaving:
    client = Misbehaving(UNHEARD, 2, BUSY, plans={"*": (UNHEARD, 2, OK)}, flow=STREAM)
    request = client.plain(method)
    client.bench.receive(request, STREAM)
    client.bench.run(0.5)
    if wrong:
        client.bench.receive(request, STREAM)
    final = client.bench.run(2)[-1]
    if method == "INVITE":
        client.send("ACK", client.caller.ack_refusal(final))
    client.leave()
    return client


def another_branch(method: str, wrong: bool) -> Misbehaving:
    """What should be a copy has a branch of its own."""
    client = Misbehaving(UNHEARD, 1, BUSY, plans={"*": (UNHEARD, 1, OK)})
    request = client.plain(method)
    client.bench.receive(request, HERE)
    client.bench.run(0.5)
    client.bench.receive(request.replace(b"branch=z9hG4bK", b"branch=z9hG4bKx") if wrong else request, HERE)
    final = client.bench.run(2)[-1]
    if method == "INVITE":
        client.send("ACK", client.caller.ack_refusal(final))
    client.leave()
    return client


def given_up(method: str, wrong: bool) -> Misbehaving:
    """It goes away before anything has come."""
    client = sent_again(
        method, DOUBLING if method == "INVITE" else CAPPED, DOUBLING[:1], wrong, until=1.2 if wrong else 33
    )
    client.leave(0.0)
    return client


def timed_out(wrong: bool) -> Misbehaving:
    client = sent_again("INVITE", DOUBLING, DOUBLING, False)
    if wrong:
        client.bench.receive(client.caller.request("ACK", cseq=1, branch=client.caller.invited[1], to_tag=None), HERE)
    client.leave()
    return client


COPIES = [
    conduct("INVITE given up after a second", "invite-is-not-given-up-before-64-t1", partial(given_up, "INVITE")),
    conduct(
        "OPTIONS given up after a second", "other-request-is-not-given-up-before-64-t1", partial(given_up, "OPTIONS")
    ),
    conduct(
        "INVITE again every 500 ms",
        "invite-copies-back-off",
        partial(sent_again, "INVITE", DOUBLING, (0.5, 1.0, 1.5, 2.0)),
    ),
    conduct("INVITE again with a cap of T2", "invite-copies-back-off", partial(sent_again, "INVITE", DOUBLING, CAPPED)),
    conduct(
        "INVITE again with intervals four times as long",
        "invite-copies-back-off",
        partial(sent_again, "INVITE", DOUBLING, (0.5, 2.5, 10.5)),
    ),
    conduct(
        "INVITE again very soon",
        "invite-is-not-sent-again-before-t1",
        partial(sent_again, "INVITE", DOUBLING[:2], (0.1, 0.3, 0.6), until=1.6),
    ),
    conduct(
        "OPTIONS again very soon",
        "other-request-is-not-sent-again-before-t1",
        partial(sent_again, "OPTIONS", DOUBLING[:2], (0.1, 0.3, 0.6), until=1.6),
    ),
    conduct("INVITE never again", "invite-is-sent-again-by-udp", partial(sent_again, "INVITE", DOUBLING, ())),
    conduct("OPTIONS never again", "other-request-is-sent-again-by-udp", partial(sent_again, "OPTIONS", CAPPED, ())),
    conduct(
        "REGISTER never again, for 4 s",
        "other-request-is-sent-again-by-udp",
        partial(sent_again, "MESSAGE", CAPPED[:3], (), until=4.0),
    ),
    conduct(
        "INVITE again only twice", "invite-goes-on-until-64-t1", partial(sent_again, "INVITE", DOUBLING, DOUBLING[:2])
    ),
    conduct(
        "OPTIONS again only twice",
        "other-request-goes-on-until-64-t1",
        partial(sent_again, "OPTIONS", CAPPED, CAPPED[:2]),
    ),
    conduct(
        "INVITE again after 64*T1",
        "invite-is-given-up-after-64-t1",
        partial(sent_again, "INVITE", DOUBLING, (*DOUBLING, 63.5)),
    ),
    conduct(
        "OPTIONS again after 64*T1",
        "other-request-is-given-up-after-64-t1",
        partial(sent_again, "OPTIONS", CAPPED, (*CAPPED, 35.5, 39.5)),
    ),
    conduct(
        "OPTIONS again every 500 ms",
        "other-copies-back-off",
        partial(sent_again, "OPTIONS", CAPPED, (0.5, 1.0, 1.5, 2.0)),
    ),
    conduct(
        "OPTIONS again without cap", "other-copies-come-every-t2", partial(sent_again, "OPTIONS", CAPPED, DOUBLING)
    ),
    conduct(
        "OPTIONS again quickly after a 100",
        "other-copies-slow-down-after-1xx",
        partial(sent_again, "OPTIONS", (4.0, 8.0), (0.5, 1.5, 3.5), reply=TRYING, until=10),
    ),
    conduct("INVITE again after 100", "invite-is-not-sent-again-after-1xx", partial(after_1xx, TRYING, HERE)),
    conduct("INVITE again after 180", "invite-is-not-sent-again-after-1xx", partial(after_1xx, RINGING, HERE)),
    conduct(
        "INVITE again after its refusal",
        "invite-is-not-sent-again-after-its-final-response",
        partial(after_final, "INVITE"),
    ),
    conduct(
        "OPTIONS again after its 200",
        "other-request-is-not-sent-again-after-its-final-response",
        partial(after_final, "OPTIONS"),
    ),
    conduct("INVITE again by TCP", "invite-is-not-sent-again-on-a-stream", partial(on_a_stream, "INVITE")),
    conduct("OPTIONS again by TCP", "other-request-is-not-sent-again-on-a-stream", partial(on_a_stream, "OPTIONS")),
    conduct(
        "copy of an INVITE with another branch", "invite-copy-is-the-same-message", partial(another_branch, "INVITE")
    ),
    conduct(
        "copy of OPTIONS with another branch",
        "other-request-copy-is-the-same-message",
        partial(another_branch, "OPTIONS"),
    ),
    conduct("ACK after a timeout", "no-ack-without-a-final-response", timed_out),
]


@held(COPIES)
def test_copies(fault: Fault) -> None:
    verify(fault)
