"""Single faults in ACK: RFC 3261 17.1.1.3, 13.2.2.4."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import Any

from bench import BUSY, NEW_OFFER, OFFER, OK, RINGING

from responder.uas.script import Reply

from .misbehaving import (
    HERE,
    OMITTED,
    STREAM,
    Changes,
    Fault,
    Misbehaving,
    conduct,
    held,
    messages,
    verify,
)

RECORDED = Reply(
    200, headers=(("Record-Route", "<sip:p1.example.com;lr>"), ("Record-Route", "<sip:p2.example.com;lr>"))
)

ROUTE = "Route: <sip:proxy.example.com;lr>"
TO_A_TELEPHONE = Reply(302, headers=(("Contact", "<tel:+123>"),))
"""A redirection that nobody has to follow who has no gateway."""


def refused(changes: Changes, *fields: str, reply: Reply = BUSY, flow: Any = HERE) -> Misbehaving:
    """INVITE, refusal, ACK; and the client has gone."""
    client = Misbehaving(RINGING, reply, changes=changes, flow=flow)
    final = client.invite(*fields)[-1]
    client.send("ACK", client.caller.ack_refusal(final, put=dict(line.split(": ", 1) for line in fields)))
    client.leave()
    return client


def accepted(changes: Changes, *, reply: Reply = OK, body: bytes = OFFER, routes: tuple[str, ...] = ()) -> Misbehaving:
    """INVITE, 200, ACK, BYE."""
    client = Misbehaving(RINGING, reply, changes=changes)
    final = client.invite(body=body)[-1]
    client.caller.heard(final)
    client.send("ACK", client.caller.ack(*routes, body=b"" if body else OFFER))
    client.bench.run(1)
    client.send("BYE", client.caller.bye(*routes))
    client.leave()
    return client


def same_branch(changes: Changes) -> Misbehaving:
    client = Misbehaving(RINGING, OK, changes=changes)
    final = client.invite()[-1]
    client.caller.heard(final)
    wrong = bool(changes)
    client.changes = {}
    client.send("ACK", client.caller.ack(branch=client.caller.invited[1] if wrong else None))
    client.hang_up()
    return client


def copies(reply: Reply, wrong: bool) -> Misbehaving:
    """The ACK is lost on purpose, the final response comes again; the client does not acknowledge the copies."""
    client = Misbehaving(RINGING, lambda call, transaction: call.lose({"ACK": 1}), reply)
    final = client.invite()[-1]
    if final.status < 300:
        client.caller.heard(final)
    ack = client.caller.ack() if final.status < 300 else client.caller.ack_refusal(final)
    client.bench.receive(ack, HERE)
    for _ in client.bench.run(0.6):
        if not wrong:
            client.bench.receive(ack, HERE)
    if final.status < 300:
        client.bench.run(0.2)
        client.bench.receive(client.caller.bye(), HERE)
    client.leave(0.6)
    return client


def twice_refused(changes: Changes) -> Misbehaving:
    client = Misbehaving(BUSY, changes=changes)
    final = client.invite()[-1]
    for _ in range(2 if changes else 1):
        client.send("ACK", client.caller.ack_refusal(final))
    client.leave()
    return client


def twice_accepted(changes: Changes) -> Misbehaving:
    client = Misbehaving(OK, changes=changes)
    client.caller.heard(client.invite()[-1])
    ack = client.caller.ack()
    for _ in range(2 if changes else 1):
        client.send("ACK", ack)
    client.hang_up()
    return client


def late(reply: Reply, wrong: bool) -> Misbehaving:
    """An ACK that takes its time."""
    client = Misbehaving(RINGING, reply, "stay")
    final = client.invite()[-1]
    client.bench.run(4.0 if wrong else 0.1)
    if final.status < 300:
        client.caller.heard(final)
        client.send("ACK", client.caller.ack())
        client.hang_up()
    else:
        client.send("ACK", client.caller.ack_refusal(final))
        client.leave()
    return client


def new_ack(wrong: bool) -> Misbehaving:
    """The ACK is lost on purpose; that for the copy is another one."""
    client = Misbehaving(RINGING, lambda call, transaction: call.lose({"ACK": 1}), OK, "stay")
    client.caller.heard(client.invite()[-1])
    ack = client.caller.ack()
    client.bench.receive(ack, HERE)
    client.bench.run(0.6)
    client.bench.receive(client.caller.ack() if wrong else ack, HERE)
    client.hang_up()
    return client


def leaves(method: str, reply: Reply, wrong: bool) -> Misbehaving:
    """A client that goes away as soon as it has its response, the duties done or not."""
    client = Misbehaving(reply)
    final = client.invite()[-1]
    if not wrong:
        client.send("ACK", client.caller.ack_refusal(final))
    client.leave(0.008)
    return client


def no_ack_2xx(wrong: bool) -> Misbehaving:
    client = Misbehaving(RINGING, OK)
    client.caller.heard(client.invite()[-1])
    if not wrong:
        client.send("ACK", client.caller.ack())
        client.send("BYE", client.caller.bye())
    client.leave(0.008)
    return client


def ack_for(method: str, wrong: bool) -> Misbehaving:
    client = Misbehaving(plans={"*": (OK,)})
    client.send("OPTIONS", client.plain("OPTIONS"))
    if wrong:
        client.bench.receive(client.caller.request("ACK", cseq=1, branch=client.caller.last_branch), HERE)
    client.leave()
    return client


def ack_for_1xx(wrong: bool) -> Misbehaving:
    client = Misbehaving(RINGING, 1, BUSY)
    ringing = client.invite()[-1]
    if wrong:
        client.bench.receive(client.caller.ack_refusal(ringing), HERE)
    final = client.bench.run(1)[-1]
    client.send("ACK", client.caller.ack_refusal(final))
    client.leave()
    return client


def elsewhere(status: int, wrong: bool) -> Misbehaving:
    """The ACK goes to another port of ours."""
    client = Misbehaving(Reply(status))
    final = client.invite()[-1]
    flow = replace(HERE, local=("127.0.0.1", 5061)) if wrong else HERE
    client.send("ACK", client.caller.ack_refusal(final), flow)
    client.leave()
    return client


def by_tcp(wrong: bool) -> Misbehaving:
    client = Misbehaving(BUSY)
    final = client.invite()[-1]
    client.send("ACK", client.caller.ack_refusal(final), STREAM if wrong else HERE)
    client.leave()
    return client


SECRET = (
    'Authorization: Digest username="alice", realm="r", nonce="n", uri="sip:bob@127.0.0.1", '
    'response="0123456789abcdef0123456789abcdef"'
)
ROUTED_WITH_MORE = {
    "reply": Reply(200, headers=(("Record-Route", "<sip:p1.example.com;lr;x=1>"),)),
    "routes": ("Route: <sip:p1.example.com;lr;x=1>",),
}
ACKS = [
    messages("two ACKs for 486", "refusal-is-acknowledged-once", twice_refused, ACK={}),
    messages("two ACKs for 200", "success-is-acknowledged-once", twice_accepted, ACK={}),
    messages(
        "ACK for 200 with routes without their parameters",
        "ack-2xx-has-the-route-set",
        accepted,
        ROUTED_WITH_MORE,
        ACK={"Route": "<sip:p1.example.com;lr>"},
    ),
    messages(
        "ACK for 200 with another From URI",
        "ack-2xx-keeps-from-and-to",
        accepted,
        ACK={"From": "<sip:carol@example.com>;tag=from1"},
    ),
    messages("ACK for 200 with an offer", "ack-has-no-offer", accepted, ACK={":body": NEW_OFFER}),
    conduct("ACK for 486 after 4 s", "every-copy-of-a-refusal-is-acknowledged", partial(late, BUSY)),
    conduct("ACK for 200 after 4 s", "every-copy-of-a-2xx-is-acknowledged", partial(late, OK)),
    conduct("another ACK for the copy of a 200", "ack-for-a-copy-of-a-2xx-is-the-same-message", new_ack),
    conduct("no ACK for 486, then gone", "refusal-is-acknowledged", partial(leaves, "INVITE", BUSY)),
    conduct("no ACK for 302", "refusal-is-acknowledged", partial(leaves, "INVITE", TO_A_TELEPHONE)),
    conduct("no ACK for 404", "refusal-is-acknowledged", partial(leaves, "INVITE", Reply(404))),
    conduct("no ACK for 503", "refusal-is-acknowledged", partial(leaves, "INVITE", Reply(503))),
    conduct("no ACK for 603", "refusal-is-acknowledged", partial(leaves, "INVITE", Reply(603))),
    conduct("no ACK for 499", "unknown-final-is-taken-for-its-class", partial(leaves, "INVITE", Reply(499))),
    conduct("no ACK for 200, then gone", "success-is-acknowledged", no_ack_2xx),
    messages(
        "ACK for 486 with a new branch",
        "ack-non-2xx-reuses-branch",
        refused,
        ACK={"Via": "SIP/2.0/UDP 127.0.0.1:5062;branch=z9hG4bKother"},
    ),
    messages(
        "ACK for 486 with another sent-by",
        "ack-non-2xx-reuses-branch",
        refused,
        ACK={"Via": lambda via: via.replace(":5062", ":5099")},
    ),
    messages(
        "ACK for 486 without To tag",
        "ack-non-2xx-has-the-to-of-the-response",
        refused,
        ACK={"To": "<sip:bob@127.0.0.1>"},
    ),
    messages(
        "ACK for 486 with another To tag",
        "ack-non-2xx-has-the-to-of-the-response",
        refused,
        ACK={"To": lambda to: to + "x"},
    ),
    messages(
        "ACK for 486 with another From tag", "ack-non-2xx-keeps-from", refused, ACK={"From": lambda value: value + "x"}
    ),
    messages(
        "ACK for 486 with another From",
        "ack-non-2xx-keeps-from",
        refused,
        ACK={"From": lambda value: value.replace("alice@", "carol@")},
    ),
    messages(
        "ACK for 486 with another CSeq", "ack-non-2xx-has-the-number-of-its-invite", refused, ACK={"CSeq": "2 ACK"}
    ),
    messages("ACK for 486 with CSeq INVITE", "cseq-has-the-method", refused, ACK={"CSeq": "1 INVITE"}),
    messages(
        "ACK for 486 with another Call-ID", "ack-non-2xx-keeps-the-call-id", refused, ACK={"Call-ID": "other@127.0.0.1"}
    ),
    messages(
        "ACK for 486 to the Contact",
        "ack-non-2xx-keeps-the-request-uri",
        refused,
        ACK={":uri": "sip:responder@127.0.0.1:5060"},
    ),
    messages(
        "ACK for 302 to the new target",
        "ack-non-2xx-keeps-the-request-uri",
        partial(refused, reply=TO_A_TELEPHONE),
        ACK={":uri": "tel:+123"},
    ),
    messages(
        "ACK for 486 without Route",
        "ack-non-2xx-keeps-the-route",
        lambda changes: refused(changes, ROUTE),
        ACK={"Route": None},
    ),
    messages("ACK for 486 with a body", "ack-non-2xx-has-no-body", refused, ACK={":body": OFFER}),
    messages("ACK for 486 with Require", "ack-non-2xx-requires-nothing", refused, ACK={"Require": "timer"}),
    messages(
        "ACK for 486 without credentials",
        "ack-non-2xx-copies-the-credentials",
        lambda changes: refused(changes, SECRET),
        ACK={"Authorization": None},
    ),
    messages(
        "ACK for 486 with two Vias",
        "ack-non-2xx-reuses-branch",
        refused,
        ACK={"Via": lambda via: f"{via}, SIP/2.0/UDP 192.0.2.1;branch=z9hG4bKxx"},
    ),
    conduct("ACK for 486 to another port", "ack-non-2xx-goes-the-way-of-its-invite", partial(elsewhere, 486)),
    conduct("ACK for 486 by TCP", "ack-non-2xx-goes-the-way-of-its-invite", by_tcp),
    messages("no ACK for 486 by TCP", "refusal-is-acknowledged", partial(refused, flow=STREAM), ACK=OMITTED),
    messages("ACK for 200 with the branch of the INVITE", "ack-2xx-is-a-new-transaction", same_branch, ACK={"Via": ""}),
    messages("ACK for 200 without To tag", "ack-2xx-is-in-the-dialog", accepted, ACK={"To": "<sip:bob@127.0.0.1>"}),
    messages("ACK for 200 with another To tag", "ack-2xx-is-in-the-dialog", accepted, ACK={"To": lambda to: to + "x"}),
    messages(
        "ACK for 200 with another From tag",
        "ack-2xx-is-in-the-dialog",
        accepted,
        ACK={"From": lambda value: value + "x"},
    ),
    messages(
        "ACK for 200 with another Call-ID", "ack-2xx-is-in-the-dialog", accepted, ACK={"Call-ID": "other@127.0.0.1"}
    ),
    messages("ACK for 200 with another CSeq", "ack-2xx-has-the-number-of-its-invite", accepted, ACK={"CSeq": "2 ACK"}),
    messages("ACK for 200 with CSeq INVITE", "cseq-has-the-method", accepted, ACK={"CSeq": "1 INVITE"}),
    messages(
        "ACK for 200 to the address dialled", "ack-2xx-goes-to-the-contact", accepted, ACK={":uri": "sip:bob@127.0.0.1"}
    ),
    messages(
        "ACK for 200 without route set",
        "ack-2xx-has-the-route-set",
        accepted,
        {"reply": RECORDED, "routes": ("Route: <sip:p2.example.com;lr>, <sip:p1.example.com;lr>",)},
        ACK={"Route": None},
    ),
    messages(
        "ACK for 200 with the routes as they came",
        "ack-2xx-has-the-route-set",
        accepted,
        {"reply": RECORDED, "routes": ("Route: <sip:p2.example.com;lr>, <sip:p1.example.com;lr>",)},
        ACK={"Route": "<sip:p1.example.com;lr>, <sip:p2.example.com;lr>"},
    ),
    messages("ACK for 200 with Require", "ack-2xx-requires-nothing-new", accepted, ACK={"Require": "100rel"}),
    messages("ACK for an offer without answer", "ack-carries-the-answer", accepted, {"body": b""}, ACK={":body": b""}),
    conduct("no ACK for the copy of a 486", "every-copy-of-a-refusal-is-acknowledged", partial(copies, BUSY)),
    conduct("no ACK for the copy of a 200", "every-copy-of-a-2xx-is-acknowledged", partial(copies, OK)),
    conduct("ACK for OPTIONS", "no-ack-for-other-methods", partial(ack_for, "OPTIONS")),
    conduct("ACK for a 180", "no-ack-without-a-final-response", ack_for_1xx),
]


@held(ACKS)
def test_ack(fault: Fault) -> None:
    verify(fault)
