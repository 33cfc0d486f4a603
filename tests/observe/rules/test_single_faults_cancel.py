"""Single faults in CANCEL: RFC 3261 9.1."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import Any

from bench import BUSY, OFFER, OK, RINGING, TRYING

from .misbehaving import (
    HERE,
    OMITTED,
    STREAM,
    UNHEARD,
    Changes,
    Fault,
    Misbehaving,
    conduct,
    held,
    messages,
    verify,
)

ROUTE = "Route: <sip:proxy.example.com;lr>"


def cancelled(changes: Changes, *fields: str, body: bytes = OFFER) -> Misbehaving:
    """INVITE, 180, CANCEL, 200, 487, ACK."""
    client = Misbehaving(RINGING, 60, changes=changes)
    client.invite(*fields, body=body)
    client.bench.run(1)
    client.send("CANCEL", client.caller.cancel(put=dict(line.split(": ", 1) for line in fields)))
    final = [one for one in client.bench.sent if one.what == "487"]
    if final:
        client.send("ACK", client.caller.ack_refusal(final[0], put=dict(line.split(": ", 1) for line in fields)))
    client.leave()
    return client


def early_cancel(wrong: bool) -> Misbehaving:
    client = Misbehaving(UNHEARD, 1, RINGING, 60)
    client.invite()
    client.bench.run(0.3 if wrong else 1.0)
    client.send("CANCEL", client.caller.cancel())
    client.bench.run(1)
    for final in [one for one in client.bench.sent if one.what == "487"][:1]:
        client.send("ACK", client.caller.ack_refusal(final))
    client.leave()
    return client


def late_cancel(wrong: bool) -> Misbehaving:
    client = Misbehaving(RINGING, BUSY)
    final = client.invite()[-1]
    client.send("ACK", client.caller.ack_refusal(final))
    client.bench.run(1)
    if wrong:
        client.send("CANCEL", client.caller.cancel())
    client.leave()
    return client


def cancels_options(wrong: bool) -> Misbehaving:
    client = Misbehaving(plans={"*": (TRYING, 5, OK)})
    client.send("OPTIONS", client.plain("OPTIONS"))
    client.bench.run(1)
    if wrong:
        client.bench.receive(client.caller.request("CANCEL", cseq=1, branch=client.caller.last_branch), HERE)
    client.bench.run(5)
    client.leave()
    return client


def cancel_to(flow: Any, wrong: bool) -> Misbehaving:
    client = Misbehaving(RINGING, 60)
    client.invite()
    client.bench.run(1)
    client.send("CANCEL", client.caller.cancel(), flow if wrong else HERE)
    for final in [one for one in client.bench.sent if one.what == "487"]:
        client.send("ACK", client.caller.ack_refusal(final))
    client.leave()
    return client


def answered_all_the_same(wrong: bool) -> Misbehaving:
    """The CANCEL crosses a 200: ACK, and BYE because nobody wants the call any more."""
    client = Misbehaving(RINGING, 1.01, OK, "stay")
    client.bench.book.keeps_cancelled = True
    client.invite()
    client.bench.run(1)
    client.send("CANCEL", client.caller.cancel())
    final = client.bench.run(0.1)[-1]
    client.caller.heard(final)
    client.send("ACK", client.caller.ack())
    if not wrong:
        client.send("BYE", client.caller.bye())
    client.leave(1)
    return client


CANCELS = [
    messages(
        "CANCEL with another branch",
        "cancel-keeps-the-branch",
        cancelled,
        CANCEL={"Via": "SIP/2.0/UDP 127.0.0.1:5062;branch=z9hG4bKother"},
    ),
    messages("CANCEL with another CSeq", "cancel-keeps-the-number", cancelled, CANCEL={"CSeq": "2 CANCEL"}),
    messages("CANCEL with CSeq INVITE", "cseq-has-the-method", cancelled, CANCEL={"CSeq": "1 INVITE"}),
    messages(
        "CANCEL with the To tag of the 180", "cancel-keeps-to", cancelled, CANCEL={"To": lambda to: to + ";tag=x"}
    ),
    messages(
        "CANCEL with another From tag", "cancel-keeps-from", cancelled, CANCEL={"From": lambda value: value + "x"}
    ),
    messages(
        "CANCEL with another Call-ID", "cancel-keeps-the-call-id", cancelled, CANCEL={"Call-ID": "other@127.0.0.1"}
    ),
    messages(
        "CANCEL to the Contact",
        "cancel-keeps-the-request-uri",
        cancelled,
        CANCEL={":uri": "sip:responder@127.0.0.1:5060"},
    ),
    messages(
        "CANCEL without Route",
        "cancel-keeps-the-route",
        lambda changes: cancelled(changes, ROUTE),
        CANCEL={"Route": None},
    ),
    messages("CANCEL with Require", "cancel-requires-nothing", cancelled, CANCEL={"Require": "100rel"}),
    messages("CANCEL with Proxy-Require", "cancel-requires-nothing", cancelled, CANCEL={"Proxy-Require": "foo"}),
    messages(
        "CANCEL with two Vias",
        "cancel-has-one-via",
        cancelled,
        CANCEL={"Via": lambda via: f"{via}, SIP/2.0/UDP 192.0.2.1;branch=z9hG4bKxx"},
    ),
    messages("no ACK for the 487", "refusal-is-acknowledged", cancelled, ACK=OMITTED),
    conduct("CANCEL before any response", "cancel-waits-for-a-response", early_cancel),
    conduct("CANCEL after the ACK", "cancel-is-not-sent-after-a-final-response", late_cancel),
    conduct("CANCEL of OPTIONS", "cancel-is-for-invite", cancels_options),
    conduct(
        "CANCEL to another port",
        "cancel-goes-the-way-of-its-request",
        partial(cancel_to, replace(HERE, local=("127.0.0.1", 5061))),
    ),
    conduct("CANCEL by TCP", "cancel-goes-the-way-of-its-request", partial(cancel_to, STREAM)),
    conduct("no BYE for a call that was cancelled", "cancelled-call-is-hung-up", answered_all_the_same),
]


@held(CANCELS)
def test_cancel(fault: Fault) -> None:
    verify(fault)
