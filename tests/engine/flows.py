"""Whole calls, each a function of a bench and a number: to be run many times and in many ways."""

from __future__ import annotations

from collections.abc import Callable

from bench import (
    BUSY,
    NEW_OFFER,
    OFFER,
    OK,
    RINGING,
    TCP,
    UDP,
    Bench,
    Caller,
    Sent,
    Step,
    reply_to,
)

from responder.events import Flow
from responder.uas.script import Order, Reply

Flowed = Callable[[Bench, int], None]

STEPS: dict[str, tuple[Step, ...]] = {
    "plain": (RINGING, OK),
    "late": (RINGING, 1.0, OK),
    "refused": (RINGING, BUSY),
    "not acknowledged refusal": (BUSY,),
    "cancelled": (RINGING, 10.0, OK),
    "early BYE": (RINGING, 10.0, OK),
    "re-INVITE": (OK,),
    "UPDATE and INFO": (OK,),
    "reliable": (Reply(183, sdp=True), 0.5, OK),
    "reliable without PRACK": (Reply(183, sdp=True), 0.5, OK),
    "no ACK": (OK,),
    "our BYE": (OK, "ack", 1.0, Order("BYE")),
    "our BYE unanswered": (OK, "ack", Order("BYE")),
    "our re-INVITE": (OK, "ack", Order("INVITE"), 1.0, Order("BYE")),
    "hopeless offer": (OK,),
    "fork": (Reply(180, to_tag="a"), Reply(180, to_tag="b"), Reply(200, to_tag="b")),
    "silent": ("stay",),
    "TCP": (RINGING, OK),
    "REFER within": (OK,),
    "session timer": (OK,),
    "failed": (lambda call, transaction: call.fail("so"), Reply(500)),
}


def answered(bench: Bench, caller: Caller, *fields: str, body: bytes = OFFER) -> list[Sent]:
    sent = bench.receive(caller.invite(*fields, body=body), caller.flow)
    if not sent or sent[-1].status < 200:
        sent += bench.run(2.0)
    return sent


def call(bench: Bench, number: int, *, prefix: str = "", flow: Flow = UDP) -> Caller:
    """A call that stands."""
    caller = Caller(number, prefix=prefix, flow=flow)
    caller.heard(answered(bench, caller)[-1])
    bench.receive(caller.ack(), flow)
    return caller


def plain(bench: Bench, number: int) -> None:
    caller = call(bench, number)
    bench.run(0.5)
    bench.receive(caller.bye())


def refused(bench: Bench, number: int) -> None:
    caller = Caller(number)
    bench.receive(caller.ack_refusal(answered(bench, caller)[-1]))


def unacknowledged(bench: Bench, number: int) -> None:
    answered(bench, Caller(number))


def cancelled(bench: Bench, number: int) -> None:
    caller = Caller(number)
    bench.receive(caller.invite())
    bench.receive(caller.ack_refusal(bench.receive(caller.cancel())[-1]))


def early_bye(bench: Bench, number: int) -> None:
    caller = Caller(number)
    ringing = bench.receive(caller.invite())[0]
    refusal = bench.receive(caller.bye(to_tag=ringing.message.to_tag))[-1]
    bench.receive(caller.ack_refusal(refusal))


def reinvite(bench: Bench, number: int) -> None:
    caller = call(bench, number)
    bench.receive(caller.invite(body=NEW_OFFER))
    bench.receive(caller.ack())
    bench.receive(caller.bye())


def update(bench: Bench, number: int) -> None:
    caller = call(bench, number)
    for method in ("UPDATE", "INFO", "OPTIONS"):
        bench.receive(caller.request(method))
    bench.receive(caller.request("UPDATE", body=NEW_OFFER))
    bench.receive(caller.bye())


def reliable(bench: Bench, number: int) -> None:
    caller = Caller(number)
    first = bench.receive(caller.invite("Require: 100rel"))[0]
    bench.receive(caller.prack(first))
    caller.heard(bench.run(0.6)[-1])
    bench.receive(caller.ack())
    bench.receive(caller.bye())


def no_prack(bench: Bench, number: int) -> None:
    bench.receive(Caller(number).invite("Require: 100rel"))


def ours(bench: Bench, number: int) -> None:
    bench.peers["BYE"] = 200
    bench.peers["INVITE"] = lambda sent: reply_to(sent, 200, "Contact: <sip:alice@192.0.2.10:5062>", body=NEW_OFFER)
    call(bench, number)
    bench.run(2.0)


def ours_unanswered(bench: Bench, number: int) -> None:
    bench.peers.clear()
    call(bench, number)


def hopeless(bench: Bench, number: int) -> None:
    caller = Caller(number)
    sent = answered(bench, caller, body=OFFER.replace(b"RTP/AVP", b"RTP/SAVP"))
    bench.receive(caller.ack_refusal(sent[-1]))


def fork(bench: Bench, number: int) -> None:
    caller = call(bench, number)
    bench.receive(caller.bye())


def silent(bench: Bench, number: int) -> None:
    caller = Caller(number)
    bench.receive(caller.invite())
    bench.run(0.3)
    bench.receive(caller.ack_refusal(bench.receive(caller.cancel())[-1]))


def by_tcp(bench: Bench, number: int) -> None:
    caller = call(bench, number, flow=TCP)
    bench.receive(caller.bye(), TCP)


def refer(bench: Bench, number: int) -> None:
    bench.peers["NOTIFY"] = 200
    caller = call(bench, number)
    bench.receive(caller.request("REFER", "Refer-To: <sip:carol@example.com>"))
    bench.receive(caller.bye())


def options(bench: Bench, number: int) -> None:
    bench.receive(Caller(number).request("OPTIONS"))


def register(bench: Bench, number: int) -> None:
    caller = Caller(number)
    bench.receive(caller.request("REGISTER", "Expires: 60", uri="sip:127.0.0.1"))
    bench.receive(caller.request("REGISTER", "Expires: 0", uri="sip:127.0.0.1"))


def subscribe(bench: Bench, number: int) -> None:
    bench.peers["NOTIFY"] = 200
    caller = Caller(number)
    sent = bench.receive(caller.request("SUBSCRIBE", "Event: presence", "Expires: 60"))
    caller.heard(sent[0])
    bench.receive(caller.request("SUBSCRIBE", "Event: presence", "Expires: 0"))


def subscribe_and_vanish(bench: Bench, number: int) -> None:
    bench.peers.clear()
    bench.receive(Caller(number).request("SUBSCRIBE", "Event: presence", "Expires: 60"))


def malformed(bench: Bench, number: int) -> None:
    caller = Caller(number)
    sent = bench.receive(caller.invite(put={"Max-Forwards": "x"}))
    bench.receive(caller.ack_refusal(sent[-1]))


def session_timer(bench: Bench, number: int) -> None:
    # half of them are refreshed by us, half get our BYE; the peer says BYE to the others in the end
    bench.peers.update({"BYE": 200, "UPDATE": 200})
    caller = Caller(number)
    refresher = ("uac", "uas")[number % 2]
    fields = ("Supported: timer", f"Session-Expires: 90;refresher={refresher}", "Allow: INVITE, ACK, BYE, UPDATE")
    caller.heard(bench.receive(caller.invite(*fields))[-1])
    bench.receive(caller.ack())
    bench.run(100.0)
    bench.receive(caller.bye())


def nowhere(bench: Bench, number: int) -> None:
    bench.receive(Caller(number).bye(to_tag="nobody"))
    bench.receive(Caller(number).cancel(cseq=9))
    bench.receive(Caller(number).ack(cseq=9, to_tag="nobody"))


RUNS: dict[str, Flowed] = {
    "plain": plain,
    "late": plain,
    "refused": refused,
    "not acknowledged refusal": unacknowledged,
    "cancelled": cancelled,
    "early BYE": early_bye,
    "re-INVITE": reinvite,
    "UPDATE and INFO": update,
    "reliable": reliable,
    "reliable without PRACK": no_prack,
    "no ACK": unacknowledged,
    "our BYE": ours,
    "our BYE unanswered": ours_unanswered,
    "our re-INVITE": ours,
    "hopeless offer": hopeless,
    "fork": fork,
    "silent": silent,
    "TCP": by_tcp,
    "REFER within": refer,
    "failed": refused,
    "OPTIONS": options,
    "REGISTER": register,
    "SUBSCRIBE": subscribe,
    "SUBSCRIBE and vanish": subscribe_and_vanish,
    "malformed": malformed,
    "session timer": session_timer,
    "nowhere": nowhere,
}
"""Every flow by name."""


def bench_for(name: str, **more: object) -> Bench:
    """A bench whose script suits that flow."""
    return Bench(*STEPS.get(name, ()), **more)  # type: ignore[arg-type]
