"""Clients with one fault each: a rule names it, and breaks nothing where the same client is without."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import pytest
from bench import BUSY, BYE, NEW_OFFER, OFFER, OK, PROGRESS, RINGING, TRYING, Sent, reply_to

from responder.observe.rules.rule import MUST, SHOULD
from responder.transaction.fault import Fault as Loss
from responder.uas.script import Order, Reply

from .misbehaving import HERE, INVITE_FIELDS, OMITTED, STREAM, Change, Misbehaving, edited

Changes = Mapping[str, Mapping[str, Change]]
ROUTE = "Route: <sip:proxy.example.com;lr>"
UNHEARD = Reply(100, fault=Loss(drop=1000))
RECORDED = Reply(
    200, headers=(("Record-Route", "<sip:p1.example.com;lr>"), ("Record-Route", "<sip:p2.example.com;lr>"))
)
TO_OURS = "<sip:127.0.0.1:5061;lr>"


@dataclass(frozen=True)
class Fault:
    """One way to be wrong."""

    name: str
    rule: str
    """What names it."""
    client: Callable[[bool], Misbehaving]
    """The run of a client: with the fault, or without."""


def messages(
    name: str, rule: str, story: Callable[..., Misbehaving], /, right: Mapping[str, Any] | None = None, **changes: Any
) -> Fault:
    """A fault that is in the form of messages (`story` names them)."""
    return Fault(name, rule, lambda wrong: story(changes=changes if wrong else {}, **(right or {})))


def conduct(name: str, rule: str, story: Callable[[bool], Misbehaving], /) -> Fault:
    """A fault in what the client does, or when."""
    return Fault(name, rule, story)


def held(faults: Iterable[Fault]) -> Any:
    """The test of a table of faults."""
    return pytest.mark.parametrize("fault", faults, ids=lambda fault: fault.name.replace(" ", "-"))


def verify(fault: Fault) -> None:
    """The fault is named; without it nothing is broken."""
    right = {one.rule.id: one.failures[0][1] for one in fault.client(False).judged().violations(MUST, SHOULD)}
    assert right == {}
    judgement = fault.client(True).judged()
    assert fault.rule in {one.rule.id for one in judgement.violations(MUST, SHOULD)}, [
        (one.rule.id, one.failures[0][1]) for one in judgement.violations(MUST, SHOULD)
    ]


# ------------------------------------------------------------------------------------------------------------- ACK


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
    client.leave(0.3)
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
    client.send("OPTIONS", client.caller.request("OPTIONS"))
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


SECRET = 'Authorization: Digest username="alice", realm="r", nonce="n", uri="sip:bob@127.0.0.1", response="0123456789abcdef0123456789abcdef"'
ACKS = [
    conduct("no ACK for 486, then gone", "refusal-is-acknowledged", partial(leaves, "INVITE", BUSY)),
    conduct("no ACK for 302", "refusal-is-acknowledged", partial(leaves, "INVITE", Reply(302))),
    conduct("no ACK for 404", "refusal-is-acknowledged", partial(leaves, "INVITE", Reply(404))),
    conduct("no ACK for 503", "refusal-is-acknowledged", partial(leaves, "INVITE", Reply(503))),
    conduct("no ACK for 603", "refusal-is-acknowledged", partial(leaves, "INVITE", Reply(603))),
    conduct("no ACK for 499", "unknown-final-code-is-taken-for-x00", partial(leaves, "INVITE", Reply(499))),
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
    messages("ACK for 486 without To tag", "ack-non-2xx-has-the-to-of-the-response", refused, ACK={"To": "<sip:bob@127.0.0.1>"}),
    messages("ACK for 486 with another To tag", "ack-non-2xx-has-the-to-of-the-response", refused, ACK={"To": lambda to: to + "x"}),
    messages("ACK for 486 with another From tag", "ack-non-2xx-keeps-from", refused, ACK={"From": lambda value: value + "x"}),
    messages("ACK for 486 with another From", "ack-non-2xx-keeps-from", refused, ACK={"From": lambda value: value.replace("alice@", "carol@")}),
    messages("ACK for 486 with another CSeq", "ack-non-2xx-has-the-number-of-its-invite", refused, ACK={"CSeq": "2 ACK"}),
    messages("ACK for 486 with CSeq INVITE", "ack-non-2xx-has-the-number-of-its-invite", refused, ACK={"CSeq": "1 INVITE"}),
    messages("ACK for 486 with another Call-ID", "ack-non-2xx-keeps-the-call-id", refused, ACK={"Call-ID": "other@127.0.0.1"}),
    messages("ACK for 486 to the Contact", "ack-non-2xx-keeps-the-request-uri", refused, ACK={":uri": "sip:responder@127.0.0.1:5060"}),
    messages(
        "ACK for 302 to the new target",
        "ack-non-2xx-keeps-the-request-uri",
        partial(refused, reply=Reply(302, headers=(("Contact", "<tel:+123>"),))),
        ACK={":uri": "tel:+123"},
    ),
    messages("ACK for 486 without Route", "ack-non-2xx-keeps-the-route", lambda changes: refused(changes, ROUTE), ACK={"Route": None}),
    messages("ACK for 486 with a body", "ack-non-2xx-has-no-body", refused, ACK={":body": OFFER}),
    messages("ACK for 486 with Require", "ack-non-2xx-requires-nothing", refused, ACK={"Require": "timer"}),
    messages("ACK for 486 without credentials", "ack-non-2xx-copies-the-credentials", lambda changes: refused(changes, SECRET), ACK={"Authorization": None}),
    messages("ACK for 486 with two Vias", "ack-non-2xx-reuses-branch", refused, ACK={"Via": lambda via: f"{via}, SIP/2.0/UDP 192.0.2.1;branch=z9hG4bKxx"}),
    conduct("ACK for 486 to another port", "ack-non-2xx-goes-the-way-of-its-invite", partial(elsewhere, 486)),
    conduct("ACK for 486 by TCP", "ack-non-2xx-goes-the-way-of-its-invite", by_tcp),
    messages("no ACK for 486 by TCP", "refusal-is-acknowledged", partial(refused, flow=STREAM), ACK=OMITTED),
    messages("ACK for 200 with the branch of the INVITE", "ack-2xx-is-a-new-transaction", same_branch, ACK={"Via": ""}),
    messages("ACK for 200 without To tag", "ack-2xx-is-in-the-dialog", accepted, ACK={"To": "<sip:bob@127.0.0.1>"}),
    messages("ACK for 200 with another To tag", "ack-2xx-is-in-the-dialog", accepted, ACK={"To": lambda to: to + "x"}),
    messages("ACK for 200 with another From tag", "ack-2xx-is-in-the-dialog", accepted, ACK={"From": lambda value: value + "x"}),
    messages("ACK for 200 with another Call-ID", "ack-2xx-is-in-the-dialog", accepted, ACK={"Call-ID": "other@127.0.0.1"}),
    messages("ACK for 200 with another CSeq", "ack-2xx-has-the-number-of-its-invite", accepted, ACK={"CSeq": "2 ACK"}),
    messages("ACK for 200 with CSeq INVITE", "ack-2xx-has-the-number-of-its-invite", accepted, ACK={"CSeq": "1 INVITE"}),
    messages("ACK for 200 to the address dialled", "ack-2xx-goes-to-the-contact", accepted, ACK={":uri": "sip:bob@127.0.0.1"}),
    messages("ACK for 200 without route set", "ack-2xx-has-the-route-set", accepted, {"reply": RECORDED, "routes": ("Route: <sip:p2.example.com;lr>, <sip:p1.example.com;lr>",)}, ACK={"Route": None}),
    messages("ACK for 200 with the routes as they came", "ack-2xx-has-the-route-set", accepted, {"reply": RECORDED, "routes": ("Route: <sip:p2.example.com;lr>, <sip:p1.example.com;lr>",)}, ACK={"Route": "<sip:p1.example.com;lr>, <sip:p2.example.com;lr>"}),
    messages("ACK for 200 with Require", "ack-2xx-requires-nothing-new", accepted, ACK={"Require": "100rel"}),
    messages("ACK for an offer without answer", "ack-carries-the-answer", accepted, {"body": b""}, ACK={":body": b""}),
    conduct("no ACK for the copy of a 486", "every-copy-of-a-refusal-is-acknowledged", partial(copies, BUSY)),
    conduct("no ACK for the copy of a 200", "every-copy-of-a-2xx-is-acknowledged", partial(copies, OK)),
    conduct("ACK for OPTIONS", "no-ack-for-other-methods", partial(ack_for, "OPTIONS")),
    conduct("ACK for a 180", "no-ack-without-a-final-response", ack_for_1xx),
]  # fmt: skip


@held(ACKS)
def test_ack(fault: Fault) -> None:
    verify(fault)


# ---------------------------------------------------------------------------------------------------------- CANCEL


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
    client.send("OPTIONS", client.caller.request("OPTIONS"))
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
    messages("CANCEL with another branch", "cancel-keeps-the-branch", cancelled, CANCEL={"Via": "SIP/2.0/UDP 127.0.0.1:5062;branch=z9hG4bKother"}),
    messages("CANCEL with another CSeq", "cancel-keeps-the-number", cancelled, CANCEL={"CSeq": "2 CANCEL"}),
    messages("CANCEL with CSeq INVITE", "cseq-has-the-method", cancelled, CANCEL={"CSeq": "1 INVITE"}),
    messages("CANCEL with the To tag of the 180", "cancel-keeps-to", cancelled, CANCEL={"To": lambda to: to + ";tag=x"}),
    messages("CANCEL with another From tag", "cancel-keeps-from", cancelled, CANCEL={"From": lambda value: value + "x"}),
    messages("CANCEL with another Call-ID", "cancel-keeps-the-call-id", cancelled, CANCEL={"Call-ID": "other@127.0.0.1"}),
    messages("CANCEL to the Contact", "cancel-keeps-the-request-uri", cancelled, CANCEL={":uri": "sip:responder@127.0.0.1:5060"}),
    messages("CANCEL without Route", "cancel-keeps-the-route", lambda changes: cancelled(changes, ROUTE), CANCEL={"Route": None}),
    messages("CANCEL with Require", "cancel-requires-nothing", cancelled, CANCEL={"Require": "100rel"}),
    messages("CANCEL with Proxy-Require", "cancel-requires-nothing", cancelled, CANCEL={"Proxy-Require": "foo"}),
    messages("CANCEL with two Vias", "cancel-has-one-via", cancelled, CANCEL={"Via": lambda via: f"{via}, SIP/2.0/UDP 192.0.2.1;branch=z9hG4bKxx"}),
    messages("no ACK for the 487", "refusal-is-acknowledged", cancelled, ACK=OMITTED),
    conduct("CANCEL before any response", "cancel-waits-for-a-response", early_cancel),
    conduct("CANCEL after the ACK", "cancel-is-not-sent-after-a-final-response", late_cancel),
    conduct("CANCEL of OPTIONS", "cancel-is-for-invite", cancels_options),
    conduct("CANCEL to another port", "cancel-goes-the-way-of-its-request", partial(cancel_to, replace(HERE, local=("127.0.0.1", 5061)))),
    conduct("CANCEL by TCP", "cancel-goes-the-way-of-its-request", partial(cancel_to, STREAM)),
    conduct("no BYE for a call that was cancelled", "unwanted-dialog-is-ended-by-bye", answered_all_the_same),
]  # fmt: skip


@held(CANCELS)
def test_cancel(fault: Fault) -> None:
    verify(fault)


# ---------------------------------------------------------------------------------------------------------- copies


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
    make = client.caller.invite if method == "INVITE" else partial(client.caller.request, method)
    request = make(*INVITE_FIELDS)
    client.bench.receive(request, HERE)
    for time in times if wrong else right:
        client.bench.run(time - client.bench.now)
        client.bench.receive(request, HERE)
    client.leave(max(0.02, until - client.bench.now), "ended")
    return client


def after_1xx(reply: Reply, flow: Any, wrong: bool) -> Misbehaving:
    """An INVITE is sent again though a 1xx has come."""
    client = Misbehaving(reply, 2, BUSY, flow=flow)
    invite = client.caller.invite(*INVITE_FIELDS)
    client.bench.receive(invite, flow)
    if wrong:
        client.bench.run(0.5)
        client.bench.receive(invite, flow)
    final = client.bench.run(2)[-1]
    client.send("ACK", client.caller.ack_refusal(final))
    client.leave()
    return client


def after_final(method: str, wrong: bool) -> Misbehaving:
    client = Misbehaving(BUSY, plans={"*": (OK,)})
    request = client.caller.invite(*INVITE_FIELDS) if method == "INVITE" else client.caller.request(method)
    final = client.bench.receive(request, HERE)[-1]
    if method == "INVITE":
        client.send("ACK", client.caller.ack_refusal(final))
    client.bench.run(0.5)
    if wrong:
        for _ in client.bench.receive(request, HERE):
            if method == "INVITE":
                client.send("ACK", client.caller.ack_refusal(final))
    client.leave(0.5)
    return client


def on_a_stream(method: str, wrong: bool) -> Misbehaving:
    client = Misbehaving(UNHEARD, 2, BUSY, plans={"*": (UNHEARD, 2, OK)}, flow=STREAM)
    request = client.caller.invite(*INVITE_FIELDS) if method == "INVITE" else client.caller.request(method)
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
    request = client.caller.invite(*INVITE_FIELDS) if method == "INVITE" else client.caller.request(method)
    client.bench.receive(request, HERE)
    client.bench.run(0.5)
    client.bench.receive(request.replace(b"branch=z9hG4bK", b"branch=z9hG4bKx") if wrong else request, HERE)
    final = client.bench.run(2)[-1]
    if method == "INVITE":
        client.send("ACK", client.caller.ack_refusal(final))
    client.leave()
    return client


def timed_out(wrong: bool) -> Misbehaving:
    client = sent_again("INVITE", DOUBLING, DOUBLING, False)
    if wrong:
        client.bench.receive(client.caller.request("ACK", cseq=1, branch=client.caller.invited[1], to_tag=None), HERE)
    client.leave()
    return client


COPIES = [
    conduct("INVITE again every 500 ms", "invite-copies-back-off", partial(sent_again, "INVITE", DOUBLING, (0.5, 1.0, 1.5, 2.0))),
    conduct("INVITE again every 500 ms, three times in all", "invite-copies-back-off", partial(sent_again, "INVITE", DOUBLING[:2], (0.5, 1.0), until=2.5)),
    conduct("INVITE again with a cap of T2", "invite-copies-back-off", partial(sent_again, "INVITE", DOUBLING, CAPPED)),
    conduct("INVITE again with intervals four times as long", "invite-copies-back-off", partial(sent_again, "INVITE", DOUBLING, (0.5, 2.5, 10.5))),
    conduct("INVITE again very soon", "invite-is-not-sent-again-before-t1", partial(sent_again, "INVITE", DOUBLING[:2], (0.1, 0.3), until=0.6)),
    conduct("OPTIONS again very soon", "other-request-is-not-sent-again-before-t1", partial(sent_again, "OPTIONS", DOUBLING[:2], (0.1, 0.3), until=0.6)),
    conduct("INVITE never again", "invite-is-sent-again-by-udp", partial(sent_again, "INVITE", DOUBLING, ())),
    conduct("OPTIONS never again", "other-request-is-sent-again-by-udp", partial(sent_again, "OPTIONS", CAPPED, ())),
    conduct("REGISTER never again, for 4 s", "other-request-is-sent-again-by-udp", partial(sent_again, "MESSAGE", CAPPED[:3], (), until=4.0)),
    conduct("INVITE again only twice", "invite-goes-on-until-64-t1", partial(sent_again, "INVITE", DOUBLING, DOUBLING[:2])),
    conduct("OPTIONS again only twice", "other-request-goes-on-until-64-t1", partial(sent_again, "OPTIONS", CAPPED, CAPPED[:2])),
    conduct("INVITE again after 64*T1", "invite-is-given-up-after-64-t1", partial(sent_again, "INVITE", DOUBLING, (*DOUBLING, 63.5))),
    conduct("OPTIONS again after 64*T1", "other-request-is-given-up-after-64-t1", partial(sent_again, "OPTIONS", CAPPED, (*CAPPED, 35.5, 39.5))),
    conduct("OPTIONS again every 500 ms", "other-copies-back-off", partial(sent_again, "OPTIONS", CAPPED, (0.5, 1.0, 1.5))),
    conduct("OPTIONS again without cap", "other-copies-come-every-t2", partial(sent_again, "OPTIONS", CAPPED, DOUBLING)),
    conduct("OPTIONS again quickly after a 100", "other-copies-slow-down-after-1xx", partial(sent_again, "OPTIONS", (4.0, 8.0), (0.5, 1.5, 3.5), reply=TRYING, until=10)),
    conduct("INVITE again after 100", "invite-is-not-sent-again-after-1xx", partial(after_1xx, TRYING, HERE)),
    conduct("INVITE again after 180", "invite-is-not-sent-again-after-1xx", partial(after_1xx, RINGING, HERE)),
    conduct("INVITE again after its refusal", "invite-is-not-sent-again-after-its-final-response", partial(after_final, "INVITE")),
    conduct("OPTIONS again after its 200", "other-request-is-not-sent-again-after-its-final-response", partial(after_final, "OPTIONS")),
    conduct("INVITE again by TCP", "invite-is-not-sent-again-on-a-stream", partial(on_a_stream, "INVITE")),
    conduct("OPTIONS again by TCP", "other-request-is-not-sent-again-on-a-stream", partial(on_a_stream, "OPTIONS")),
    conduct("copy of an INVITE with another branch", "invite-copy-is-the-same-message", partial(another_branch, "INVITE")),
    conduct("copy of OPTIONS with another branch", "other-request-copy-is-the-same-message", partial(another_branch, "OPTIONS")),
    conduct("ACK after a timeout", "no-ack-without-a-final-response", timed_out),
]  # fmt: skip


@held(COPIES)
def test_copies(fault: Fault) -> None:
    verify(fault)


# --------------------------------------------------------------------------------------------------------- dialogs


def talked(changes: Changes, *, reply: Reply = OK, method: str = "", routes: tuple[str, ...] = ()) -> Misbehaving:
    """A call with a request in it, `method`, and a BYE."""
    client = Misbehaving(RINGING, reply, "stay", changes=changes)
    final = client.invite()[-1]
    client.caller.heard(final)
    client.send("ACK", client.caller.ack(*routes))
    client.bench.run(1)
    if method == "INVITE":
        client.send("re-INVITE", client.caller.invite("Supported: timer", *routes, body=NEW_OFFER))
        client.send("ACK2", client.caller.ack(*routes))
    elif method:
        client.send(method, client.caller.request(method, *routes))
    client.bench.run(1)
    client.send("BYE", client.caller.bye(*routes))
    client.leave()
    return client


def rung(wrong: bool, method: str, *, refused: bool) -> Misbehaving:
    """A request in an early dialog, before or after its end."""
    client = Misbehaving(RINGING, 1, BUSY, "stay")
    ringing = client.invite()[-1]
    final = client.bench.run(2)[-1]
    client.send("ACK", client.caller.ack_refusal(final))
    client.bench.run(0.05)
    if wrong:
        client.caller.heard(ringing)
        client.bench.receive(client.caller.request(method, body=NEW_OFFER if method == "INVITE" else b""), HERE)
    client.leave()
    return client


def after_199(wrong: bool) -> Misbehaving:
    client = Misbehaving(Reply(180, to_tag="a"), 1, Reply(199, to_tag="a"), 2, Reply(486, to_tag="b"))
    ringing = client.invite()[-1]
    client.bench.run(1.5)
    if wrong:
        client.caller.heard(ringing)
        client.bench.receive(client.caller.request("UPDATE"), HERE)
        client.caller.to_tag = None
    final = client.bench.run(3)[-1]
    client.send("ACK", client.caller.ack_refusal(final))
    client.leave()
    return client


def two_invites(wrong: bool) -> Misbehaving:
    client = Misbehaving(RINGING, OK, "stay", later={"INVITE": (RINGING,)})
    client.call()
    client.bench.run(1)
    first = client.caller.invite(*INVITE_FIELDS, body=NEW_OFFER)
    ringing = client.bench.receive(first, HERE)[-1]
    invited = client.caller.invited
    if wrong:
        client.bench.run(0.1)
        for final in client.bench.receive(client.caller.invite(*INVITE_FIELDS, body=NEW_OFFER), HERE)[-1:]:
            if final.status >= 300:
                client.bench.receive(client.caller.ack_refusal(final), HERE)
    client.caller.invited = invited
    client.bench.run(1)
    client.send("CANCEL", client.caller.cancel())
    for final in [one for one in client.bench.sent if one.what == "487"][:1]:
        client.bench.receive(client.caller.ack_refusal(final), HERE)
    assert ringing.status == 180
    client.hang_up()
    return client


def pending(wait: float, wrong: bool) -> Misbehaving:
    """491 to a re-INVITE, tried again after a while."""
    client = Misbehaving(RINGING, OK, "stay", later={"INVITE": (Reply(491),)})
    client.call()
    client.bench.run(1)
    final = client.bench.receive(client.caller.invite(*INVITE_FIELDS, body=NEW_OFFER), HERE)[-1]
    client.bench.receive(client.caller.ack_refusal(final), HERE)
    client.bench.run(wait if wrong else 3.0)
    final = client.bench.receive(client.caller.invite(*INVITE_FIELDS, body=NEW_OFFER), HERE)[-1]
    client.bench.receive(client.caller.ack_refusal(final), HERE)
    client.hang_up()
    return client


def gone(following: str, wrong: bool) -> Misbehaving:
    """481 to a request in the call."""
    client = Misbehaving(RINGING, OK, "stay", later={"UPDATE": (Reply(481),)})
    client.call()
    client.bench.run(1)
    client.bench.receive(client.caller.request("UPDATE", "Supported: timer"), HERE)
    client.bench.run(0.5)
    if wrong and following:
        client.bench.receive(client.caller.request(following, body=NEW_OFFER if following == "INVITE" else b""), HERE)
        client.bench.run(0.5)
    if not wrong or following:
        client.bench.receive(client.caller.bye(), HERE)
    client.leave(1)
    return client


def after_bye(method: str, wrong: bool) -> Misbehaving:
    client = Misbehaving(RINGING, OK)
    client.call()
    client.bench.run(1)
    client.send("BYE", client.caller.bye())
    if wrong:
        client.bench.receive(client.caller.request(method, body=NEW_OFFER if method == "INVITE" else b""), HERE)
    client.leave()
    return client


def after_our_bye(method: str, wrong: bool) -> Misbehaving:
    client = Misbehaving(RINGING, OK, 1, BYE)
    client.answers("BYE")
    client.call()
    client.bench.run(1.5)
    if wrong:
        client.bench.receive(client.caller.request(method), HERE)
    client.leave()
    return client


def forked(acknowledged: int, hung_up: int, wrong: bool) -> Misbehaving:
    """Two 200 from two forks; the client acknowledges so many of them, and sends so many BYEs."""
    client = Misbehaving(RINGING, Reply(200, to_tag="one"), 0.05, Reply(200, to_tag="two"), "stay")
    client.invite()
    client.bench.run(0.1)
    finals = [one for one in client.bench.sent if one.what == "200"][:2]
    for final in finals[: acknowledged if wrong else 2]:
        client.caller.heard(final)
        client.bench.receive(client.caller.ack(), HERE)
    client.bench.run(0.1)
    for final in finals[: hung_up if wrong else 2]:
        client.caller.heard(final)
        client.bench.receive(client.caller.bye(), HERE)
    client.leave(0.7)
    return client


def no_to_tag(wrong: bool) -> Misbehaving:
    client = Misbehaving(RINGING, OK, "stay")
    client.call()
    client.bench.run(1)
    known = client.caller.to_tag
    if wrong:
        client.caller.to_tag = None
    final = client.bench.receive(client.caller.invite(*INVITE_FIELDS, body=NEW_OFFER, uri=client.caller.target), HERE)[
        -1
    ]
    client.caller.to_tag = final.message.to_tag
    client.bench.receive(client.caller.ack(), HERE)
    client.caller.to_tag = known
    client.hang_up()
    return client


def moved(wrong: bool) -> Misbehaving:
    """Our re-INVITE has another Contact; the BYE has to go there."""
    client = Misbehaving(RINGING, OK, 1, Order("INVITE", headers=(("Contact", "<sip:moved@127.0.0.1:5060>"),)), "stay")
    client.answers("INVITE", 200, "Contact: <sip:alice@127.0.0.1:5062>", body=OFFER)
    client.call()
    client.bench.run(2)
    client.bench.receive(client.caller.bye(uri=None if wrong else "sip:moved@127.0.0.1:5060"), HERE)
    client.leave()
    return client


BOTH_ROUTES = ("Route: <sip:p2.example.com;lr>, <sip:p1.example.com;lr>",)
RECORDED_WAY = {"reply": RECORDED, "routes": BOTH_ROUTES}
STRICT_WAY = {
    "reply": Reply(200, headers=(("Record-Route", "<sip:p1.example.com>"),)),
}
DIALOGS = [
    messages("BYE without To tag", "bye-is-in-a-dialog", talked, BYE={"To": "<sip:bob@127.0.0.1>"}),
    messages("BYE with another To tag", "in-dialog-tags-are-those-of-the-dialog", talked, BYE={"To": lambda to: to + "x"}),
    messages("BYE with another From tag", "in-dialog-tags-are-those-of-the-dialog", talked, BYE={"From": lambda value: value + "x"}),
    messages("BYE without From tag", "from-has-a-tag", talked, BYE={"From": "<sip:alice@example.com>"}),
    messages("BYE with another Call-ID", "in-dialog-keeps-the-call-id", talked, BYE={"Call-ID": "other@127.0.0.1"}),
    messages("BYE with the CSeq of the INVITE", "in-dialog-cseq-rises-by-one", talked, BYE={"CSeq": "1 BYE"}),
    messages("BYE with CSeq 0", "in-dialog-cseq-rises-by-one", talked, BYE={"CSeq": "0 BYE"}),
    messages("BYE with a gap in CSeq", "in-dialog-cseq-rises-by-one", talked, BYE={"CSeq": "9 BYE"}),
    messages("BYE to the address dialled", "in-dialog-request-uri-is-the-remote-target", talked, BYE={":uri": "sip:bob@127.0.0.1"}),
    messages("BYE with another From URI", "in-dialog-from-and-to-keep-their-uris", talked, BYE={"From": lambda value: value.replace("alice@", "carol@")}),
    messages("BYE with another To URI", "in-dialog-from-and-to-keep-their-uris", talked, BYE={"To": lambda value: value.replace("bob@", "carol@")}),
    messages("BYE without route set", "in-dialog-route-is-the-route-set", talked, RECORDED_WAY, BYE={"Route": None}),
    messages("BYE with half of the route set", "in-dialog-route-is-the-route-set", talked, RECORDED_WAY, BYE={"Route": "<sip:p2.example.com;lr>"}),
    messages("BYE with the routes as they came", "in-dialog-route-is-the-route-set", talked, RECORDED_WAY, BYE={"Route": "<sip:p1.example.com;lr>, <sip:p2.example.com;lr>"}),
    messages("BYE with a route where there is none", "in-dialog-route-is-the-route-set", talked, BYE={"Route": "<sip:p1.example.com;lr>"}),
    messages("BYE with the branch of the INVITE", "branch-is-unique", talked, BYE={"Via": "SIP/2.0/UDP 127.0.0.1:5062;branch=z9hG4bK1x1"}),
    messages("re-INVITE with the CSeq of the INVITE", "in-dialog-cseq-rises-by-one", talked, {"method": "INVITE"}, **{"re-INVITE": {"CSeq": "1 INVITE"}, "ACK2": {"CSeq": "1 ACK"}}),
    messages("re-INVITE without Contact", "target-refresh-has-a-contact", talked, {"method": "INVITE"}, **{"re-INVITE": {"Contact": None}}),
    messages("re-INVITE to the address dialled", "in-dialog-request-uri-is-the-remote-target", talked, {"method": "INVITE"}, **{"re-INVITE": {":uri": "sip:bob@127.0.0.1"}}),
    messages("no ACK for the 200 to a re-INVITE", "success-is-acknowledged", talked, {"method": "INVITE"}, ACK2=OMITTED),
    messages("ACK for a re-INVITE with the CSeq of the INVITE", "ack-2xx-has-the-number-of-its-invite", talked, {"method": "INVITE"}, ACK2={"CSeq": "1 ACK"}),
    messages("INFO with another To tag", "in-dialog-tags-are-those-of-the-dialog", talked, {"method": "INFO"}, INFO={"To": lambda to: to + "x"}),
    messages("INFO outside of the dialog", "info-is-in-a-dialog", talked, {"method": "INFO"}, INFO={"To": "<sip:bob@127.0.0.1>"}),
    messages("INFO with Recv-Info", "info-has-no-recv-info", talked, {"method": "INFO"}, INFO={"Recv-Info": "foo"}),
    messages("INFO of a package that we do not take", "info-package-is-one-that-we-take", talked, {"method": "INFO"}, INFO={"Info-Package": "foo"}),
    messages("UPDATE outside of the dialog", "update-is-in-a-dialog", talked, {"method": "UPDATE"}, UPDATE={"To": "<sip:bob@127.0.0.1>"}),
    messages("UPDATE without Contact", "target-refresh-has-a-contact", talked, {"method": "UPDATE"}, UPDATE={"Contact": None}),
    conduct("re-INVITE without To tag", "invite-in-a-session-has-its-to-tag", no_to_tag),
    conduct("BYE to where we were", "in-dialog-request-uri-is-the-remote-target", moved),
    conduct("BYE after the refusal", "no-bye-in-an-early-dialog-that-ended", partial(rung, method="BYE", refused=True)),
    conduct("UPDATE after the refusal", "no-request-in-an-early-dialog-that-ended", partial(rung, method="UPDATE", refused=True)),
    conduct("INFO after the refusal", "no-request-in-an-early-dialog-that-ended", partial(rung, method="INFO", refused=True)),
    conduct("UPDATE after 199", "no-request-after-199", after_199),
    conduct("re-INVITE while another is open", "no-invite-while-another-is-open", two_invites),
    conduct("re-INVITE at once after 491", "waits-after-491", partial(pending, 0.01)),
    conduct("re-INVITE a second after 491", "waits-after-491", partial(pending, 1.0)),
    conduct("re-INVITE after 481", "gone-dialog-is-terminated", partial(gone, "INVITE")),
    conduct("no BYE after 481", "gone-dialog-is-terminated", partial(gone, "")),
    conduct("INFO after its BYE", "nothing-follows-a-bye", partial(after_bye, "INFO")),
    conduct("re-INVITE after its BYE", "nothing-follows-a-bye", partial(after_bye, "INVITE")),
    conduct("another BYE after its BYE", "nothing-follows-a-bye", partial(after_bye, "BYE")),
    conduct("INFO after our BYE", "our-bye-ends-the-session", partial(after_our_bye, "INFO")),
    conduct("BYE after our BYE", "our-bye-ends-the-session", partial(after_our_bye, "BYE")),
    conduct("ACK for one of two forks", "every-forked-2xx-is-acknowledged", partial(forked, 1, 2)),
    conduct("BYE for one of two forks", "unwanted-dialog-is-ended-by-bye", partial(forked, 2, 1)),
]  # fmt: skip


@held(DIALOGS)
def test_dialogs(fault: Fault) -> None:
    verify(fault)


# ----------------------------------------------------------------------------------------------- reliable responses


RELIABLE = Reply(183, reliable=True, sdp=True)
RELIABLE_180 = Reply(180, reliable=True)


def pracked(changes: Changes, *, body: bytes = OFFER, first: Reply = RELIABLE) -> Misbehaving:
    """A reliable 1xx with its PRACK, another with its PRACK, a 200, and a BYE."""
    client = Misbehaving(first, "stay", later={"PRACK": ("answer",)}, changes=changes)
    ringing = client.invite(body=body)[-1]
    client.caller.heard(ringing)
    answer = b"" if body else OFFER
    client.bench.run(0.02)
    client.send("PRACK", client.caller.prack(ringing, body=answer))
    client.bench.run(1)
    client.leave()
    return client


def ringing_twice(wrong: bool) -> Misbehaving:
    """180 after 183, both reliable: the second one gets no PRACK."""
    client = Misbehaving(RELIABLE, 1, RELIABLE_180, "stay", later={"PRACK": ("answer",)})
    first = client.invite()[-1]
    client.caller.heard(first)
    client.bench.receive(client.caller.prack(first), HERE)
    second = client.bench.run(1.1)[-1]
    if not wrong:
        client.bench.receive(client.caller.prack(second), HERE)
    client.leave(0.5)
    return client


def pracks_twice(wrong: bool) -> Misbehaving:
    client = Misbehaving(RELIABLE, "stay", later={"PRACK": ("answer",)})
    first = client.invite()[-1]
    client.caller.heard(first)
    for _ in range(2 if wrong else 1):
        client.bench.receive(client.caller.prack(first), HERE)
    client.leave(0.5)
    return client


def pracks_unreliable(reply: Reply, wrong: bool) -> Misbehaving:
    client = Misbehaving(reply, 1, BUSY, later={"PRACK": (Reply(481),)})
    first = client.invite()[-1]
    if wrong:
        client.caller.heard(first)
        client.bench.receive(client.caller.prack(first, rack="1 1 INVITE"), HERE)
        client.caller.to_tag = None
    final = client.bench.run(1.5)[-1]
    client.send("ACK", client.caller.ack_refusal(final))
    client.leave()
    return client


def no_prack_before_refusal(wrong: bool) -> Misbehaving:
    client = Misbehaving(RELIABLE_180, 1, BUSY, later={"PRACK": ("answer",)})
    ringing = client.invite()[-1]
    client.caller.heard(ringing)
    if not wrong:
        client.bench.receive(client.caller.prack(ringing), HERE)
    client.caller.to_tag = None
    final = [one for one in client.bench.run(1.5) if one.what == "486"][0]
    client.send("ACK", client.caller.ack_refusal(final))
    client.leave()
    return client


def jumps(wrong: bool) -> Misbehaving:
    """RSeq n, then n+2."""
    later = Reply(180, reliable=True, headers=(("RSeq", "999"),))
    client = Misbehaving(RELIABLE, 1, later, "stay", later={"PRACK": ("answer",)}, unchecked=("all",))
    first = client.invite()[-1]
    client.caller.heard(first)
    client.bench.receive(client.caller.prack(first), HERE)
    second = client.bench.run(1.1)[-1]
    if wrong:
        client.bench.receive(client.caller.prack(second), HERE)
    client.leave(0.5)
    return client


PRACKS = [
    messages("no PRACK, then gone", "reliable-1xx-gets-a-prack", pracked, PRACK=OMITTED),
    messages("PRACK with another RSeq", "prack-names-a-reliable-response", pracked, PRACK={"RAck": "77 1 INVITE"}),
    messages("PRACK with another CSeq", "prack-names-a-reliable-response", pracked, PRACK={"RAck": lambda rack: rack.replace(" 1 ", " 2 ")}),
    messages("PRACK with another method", "prack-names-a-reliable-response", pracked, PRACK={"RAck": lambda rack: rack.replace("INVITE", "PRACK")}),
    messages("PRACK without RAck", "prack-names-a-reliable-response", pracked, PRACK={"RAck": None}),
    messages("PRACK with RAck undefined", "prack-names-a-reliable-response", pracked, PRACK={"RAck": "undefined 1 INVITE"}),
    messages("PRACK without To tag", "prack-names-a-reliable-response", pracked, PRACK={"To": "<sip:bob@127.0.0.1>"}),
    messages("PRACK with another Call-ID", "in-dialog-keeps-the-call-id", pracked, PRACK={"Call-ID": "other@127.0.0.1"}),
    messages("PRACK to the address dialled", "in-dialog-request-uri-is-the-remote-target", pracked, PRACK={":uri": "sip:bob@127.0.0.1"}),
    messages("PRACK with the CSeq of the INVITE", "in-dialog-cseq-rises-by-one", pracked, PRACK={"CSeq": "1 PRACK"}),
    messages("PRACK with Require: 100rel", "100rel-is-required-of-invite-only", pracked, PRACK={"Require": "100rel"}),
    messages("PRACK for an offer without answer", "offer-in-a-reliable-1xx-is-answered-in-its-prack", pracked, {"body": b""}, PRACK={":body": b""}),
    messages("PRACK with the branch of the INVITE", "branch-is-unique", pracked, PRACK={"Via": "SIP/2.0/UDP 127.0.0.1:5062;branch=z9hG4bK1x1"}),
    conduct("no PRACK for a 180 after 183", "reliable-1xx-gets-a-prack", ringing_twice),
    conduct("no PRACK before a refusal", "reliable-1xx-gets-a-prack", no_prack_before_refusal),
    conduct("two PRACKs", "one-prack-for-a-response", pracks_twice),
    conduct("PRACK for a response out of order", "no-prack-out-of-order", jumps),
    conduct("PRACK for an unreliable 180", "prack-names-a-reliable-response", partial(pracks_unreliable, RINGING)),
]  # fmt: skip


@held(PRACKS)
def test_prack(fault: Fault) -> None:
    verify(fault)


# --------------------------------------------------------------------------------------------- offers and answers


STREAMS = OFFER + b"m=video 6002 RTP/AVP 96\r\na=rtpmap:96 H264/90000\r\n"
NEW_STREAMS = STREAMS.replace(b"alice 1 1 ", b"alice 1 2 ")


def offered(changes: Changes, *, offer: bytes = OFFER, again: bytes = NEW_OFFER, method: str = "INVITE") -> Misbehaving:
    """A call, and another offer in it."""
    client = Misbehaving(RINGING, OK, "stay", changes=changes)
    final = client.invite(body=offer)[-1]
    client.caller.heard(final)
    client.send("ACK", client.caller.ack())
    client.bench.run(1)
    if method == "INVITE":
        client.send("offer", client.caller.invite(*INVITE_FIELDS, body=again))
        client.send("ACK2", client.caller.ack())
    else:
        client.send("offer", client.caller.request(method, *INVITE_FIELDS, body=again))
    client.hang_up()
    return client


def asked(changes: Changes, *, method: str = "INVITE", sdp: str | bool = True, answer: bytes = OFFER) -> Misbehaving:
    """A call, and an offer of ours in it."""
    client = Misbehaving(RINGING, OK, 1, Order(method, sdp=sdp), "stay", changes=changes)
    client.answers(method, 200, "Contact: <sip:alice@127.0.0.1:5062>", body=answer, name="answer")
    client.call()
    client.bench.run(2)
    client.hang_up()
    return client


def two_offers(method: str, wrong: bool) -> Misbehaving:
    """An offer while another is open."""
    client = Misbehaving(RINGING, OK, "stay", later={"INVITE": (RINGING, lambda call, t: None)})
    client.call()
    client.bench.run(1)
    client.bench.receive(client.caller.invite(*INVITE_FIELDS, body=NEW_OFFER), HERE)
    invited = client.caller.invited
    if wrong:
        third = NEW_OFFER.replace(b"alice 1 2 ", b"alice 1 3 ")
        client.bench.receive(client.caller.request(method, *INVITE_FIELDS, body=third), HERE)
    client.bench.run(0.5)
    client.caller.invited = invited
    client.send("CANCEL", client.caller.cancel())
    for final in [one for one in client.bench.sent if one.what == "487"][:1]:
        client.bench.receive(client.caller.ack_refusal(final), HERE)
    client.hang_up()
    return client


VIDEO = {"offer": STREAMS, "again": NEW_STREAMS}
OFFERS = [
    messages("offer with the version as it was", "offer-version-rises-by-one", offered, offer={":body": NEW_OFFER.replace(b"alice 1 2 ", b"alice 1 1 ")}),
    messages("offer with the version two higher", "offer-version-rises-by-one", offered, offer={":body": NEW_OFFER.replace(b"alice 1 2 ", b"alice 1 3 ")}),
    messages("offer with another session id", "offer-version-rises-by-one", offered, offer={":body": NEW_OFFER.replace(b"alice 1 2 ", b"alice 2 2 ")}),
    messages("UPDATE with the version as it was", "offer-version-rises-by-one", offered, {"method": "UPDATE"}, offer={":body": NEW_OFFER.replace(b"alice 1 2 ", b"alice 1 1 ")}),
    messages("offer without the second stream", "new-offer-keeps-every-stream", offered, VIDEO, offer={":body": NEW_STREAMS.partition(b"m=video")[0]}),
    messages("offer with another codec of the same number", "payload-type-keeps-its-codec", offered, VIDEO, offer={":body": NEW_STREAMS.replace(b"H264", b"VP8")}),
    messages("offer that is no session description", "session-description-is-valid", offered, offer={":body": b"hello"}),
    messages("INVITE without o= line", "session-description-is-valid", offered, INVITE={":body": OFFER.replace(b"o=alice 1 1 IN IP4 192.0.2.10\r\n", b"")}),
    messages("no answer in the 200", "our-offer-is-answered-in-the-2xx", asked, answer={":body": b""}),
    messages("no answer in the 200 to UPDATE", "our-offer-in-an-update-is-answered-in-the-2xx", asked, {"method": "UPDATE"}, answer={":body": b""}),
    messages("no offer in the 200", "our-invite-without-offer-gets-one", asked, {"sdp": False}, answer={":body": b""}),
    messages("answer with another stream", "answer-has-the-streams-of-the-offer", asked, answer={":body": STREAMS}),
    messages("answer with another type of media", "answer-has-the-streams-of-the-offer", asked, answer={":body": OFFER.replace(b"m=audio", b"m=video")}),
    messages("answer with another time", "answer-keeps-the-times", asked, answer={":body": OFFER.replace(b"t=0 0", b"t=1 2")}),
    messages("answer to sendonly is sendrecv", "answer-fits-the-direction", asked, {"sdp": "sendonly", "answer": OFFER + b"a=recvonly\r\n"}, answer={":body": OFFER}),
    messages("answer to inactive is sendonly", "answer-fits-the-direction", asked, {"sdp": "inactive", "answer": OFFER + b"a=inactive\r\n"}, answer={":body": OFFER + b"a=sendonly\r\n"}),
    messages("answer with a codec that was not offered", "answer-has-a-format-of-the-offer", asked, answer={":body": OFFER.replace(b"RTP/AVP 0 8", b"RTP/AVP 18").partition(b"a=rtpmap")[0]}),
    conduct("UPDATE with an offer while a re-INVITE is open", "no-offer-while-one-is-open", partial(two_offers, "UPDATE")),
]  # fmt: skip


@held(OFFERS)
def test_offers(fault: Fault) -> None:
    verify(fault)


# ----------------------------------------------------------------------------------------------------------- timers


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
    messages("Min-SE of 30", "min-se-is-90-or-more", asks, INVITE={"Min-SE": "30"}),
    messages("Session-Expires below Min-SE", "session-interval-is-not-below-min-se", asks, INVITE={"Session-Expires": "90", "Min-SE": "120"}),
    messages("Session-Expires without support", "session-timer-is-supported", asks, INVITE={"Supported": "100rel"}),
    messages("refresh without support", "refresh-supports-the-session-timer", refreshes, UPDATE={"Supported": "100rel", "Session-Expires": None}),
    messages("refresh without Session-Expires", "refresh-has-session-expires", refreshes, UPDATE={"Session-Expires": None}),
    conduct("no refresh", "refresher-refreshes-at-half-the-interval", never),  # we hang up 30 s before the expiration
    conduct("refresh after 58 s", "refresher-refreshes-at-half-the-interval", partial(never, times=(58.0, 103.0))),
    conduct("no BYE where we do not refresh", "missing-refresh-ends-the-session", waits_for_us),
    messages("granted without refresher", "accepted-session-timer-names-the-refresher", grants, answer={"Session-Expires": "1800"}),
    messages("granted with another refresher", "accepted-session-timer-names-the-refresher", grants, answer={"Session-Expires": "1800;refresher=uas"}),
    messages("granted without Require", "accepted-session-timer-is-required", grants, answer={"Require": None}),
    messages("granted for longer", "accepted-session-interval-is-not-longer", grants, answer={"Session-Expires": "3600;refresher=uac"}),
    messages("granted for 60 s", "accepted-session-interval-is-not-longer", grants, answer={"Session-Expires": "60;refresher=uac"}),
]  # fmt: skip


@held(TIMERS)
def test_timers(fault: Fault) -> None:
    verify(fault)


# -------------------------------------------------------------------------------------------------------- responses


def answering(
    changes: Changes,
    *,
    method: str = "BYE",
    status: int = 200,
    fields: tuple[str, ...] = (),
    after: float = 1.0,
    how: str = "exited",
) -> Misbehaving:
    """A request of ours in a call, and what the client says."""
    client = Misbehaving(RINGING, OK, 1, Order(method), "stay", changes=changes)
    client.answers(method, status, *fields, name="answer")
    client.call()
    client.bench.run(1)
    if method == "BYE":
        client.leave(after, how)
    else:
        client.bench.run(after)
        client.hang_up()
    return client


def provisional(method: str, status: int, wrong: bool) -> Misbehaving:
    client = Misbehaving(RINGING, OK, 1, Order(method), "stay")
    client.call()

    def reply(sent: Sent) -> bytes | None:
        if wrong:
            client.bench.receive(edited(final(sent), {":start": f"SIP/2.0 {status} Wait"}), sent.flow)
        return final(sent)

    client.bench.peers[method] = reply
    client.bench.run(1.2)
    client.hang_up()
    return client


def final(sent: Sent) -> bytes:
    return reply_to(sent, 200, "Allow: INVITE", "Accept: application/sdp", "Supported: timer")


CAN = ("Allow: INVITE", "Accept: application/sdp", "Supported: timer")
RESPONSES = [
    messages("no answer to BYE, then gone", "requests-to-it-are-answered", answering, answer=OMITTED),
    messages("no answer to BYE for 6 s", "requests-to-it-are-answered", answering, {"after": 6.0, "how": "ended"}, answer=OMITTED),
    messages("no answer to INFO", "requests-to-it-are-answered", answering, {"method": "INFO", "after": 5.0}, answer=OMITTED),
    messages("no answer to OPTIONS", "requests-to-it-are-answered", answering, {"method": "OPTIONS", "fields": CAN, "after": 5.0}, answer=OMITTED),
    messages("481 to BYE", "bye-gets-200", answering, answer={":start": "SIP/2.0 481 Gone"}),
    messages("500 to BYE", "bye-gets-200", answering, answer={":start": "SIP/2.0 500 No"}),
    messages("200 to BYE with another CSeq", "response-copies-cseq", answering, answer={"CSeq": "77 BYE"}),
    messages("200 to BYE with another method", "response-copies-cseq", answering, answer={"CSeq": lambda value: value.replace("BYE", "INVITE")}),
    messages("200 to BYE with another Call-ID", "response-copies-call-id", answering, answer={"Call-ID": "other@127.0.0.1"}),
    messages("200 to BYE with another branch", "response-copies-via", answering, answer={"Via": lambda via: via.replace("branch=z9hG4bK", "branch=z9hG4bKx")}),
    messages("200 to BYE with its own Via", "response-copies-via", answering, answer={"Via": "SIP/2.0/UDP 127.0.0.1:5062;branch=z9hG4bKmine"}),
    messages("200 to BYE without To tag", "response-has-to-with-a-tag", answering, answer={"To": "<sip:alice@example.com>"}),
    messages("200 to BYE with From and To exchanged", "response-copies-from", answering, answer={"From": "<sip:alice@example.com>;tag=from1"}),
    messages("405 without Allow", "its-405-has-allow", answering, {"method": "INFO", "status": 405, "fields": ("Allow: INVITE",)}, answer={"Allow": None}),
    messages("420 without Unsupported", "its-420-has-unsupported", answering, {"method": "INFO", "status": 420, "fields": ("Unsupported: x",)}, answer={"Unsupported": None}),
    messages("415 without Accept", "its-415-says-what-it-takes", answering, {"method": "INFO", "status": 415, "fields": ("Accept: text/plain",)}, answer={"Accept": None}),
    messages("OPTIONS without Allow", "options-tell-what-it-can", answering, {"method": "OPTIONS", "fields": CAN}, answer={"Allow": None}),
    messages("200 to re-INVITE without Contact", "accepted-invite-has-a-contact", asked, answer={"Contact": None}),
    conduct("180 to INFO", "no-other-1xx-than-100-for-other-methods", partial(provisional, "INFO", 180)),
    conduct("100 to OPTIONS at once", "no-early-100-for-other-methods", partial(provisional, "OPTIONS", 100)),
]  # fmt: skip


@held(RESPONSES)
def test_responses(fault: Fault) -> None:
    verify(fault)


# ---------------------------------------------------------------------------------- subscriptions and publications


def notifies(*states: str, event: str = "presence") -> tuple[Any, ...]:
    """NOTIFYs of ours, one a second."""
    found: list[Any] = []
    for state in states:
        fields = (("Event", event), ("Subscription-State", state))
        found += [0.5, Order("NOTIFY", headers=fields)]
    return tuple(found)


def subscribed(changes: Changes, *, states: tuple[str, ...] = ("active;expires=600",), refused: int = 0) -> Misbehaving:
    """A subscription with its NOTIFYs, refreshed once, and ended."""
    accepted = Reply(200, headers=(("Expires", "600"),))
    again = Reply(refused) if refused else accepted
    plans = {"SUBSCRIBE": (accepted, *notifies(*states), "stay")}
    client = Misbehaving(plans=plans, later={"SUBSCRIBE": (again,)}, changes=changes)
    client.answers("NOTIFY", name="answer")
    sent = client.send("SUBSCRIBE", client.caller.request("SUBSCRIBE", "Event: presence", "Expires: 600"))
    for final in [one for one in sent if one.what == "200"]:
        client.caller.heard(final)
    client.bench.run(3)
    client.leave(5)
    return client


def subscribes_again(state: str, after: float, wrong: bool) -> Misbehaving:
    """What a client does once a NOTIFY has ended its subscription."""
    client = subscribed({}, states=("active;expires=600", state))
    if wrong:
        client.bench.run(after)
        client.caller.to_tag, client.caller.call_id, client.caller.tag = None, "next@127.0.0.1", "next"
        client.bench.receive(client.caller.request("SUBSCRIBE", "Event: presence", "Expires: 600"), HERE)
        client.bench.run(1)
    client.leave()
    return client


def refreshes_the_dead(state: str, wrong: bool) -> Misbehaving:
    client = subscribed({}, states=("active;expires=600", state))
    if wrong:
        client.bench.receive(client.caller.request("SUBSCRIBE", "Event: presence", "Expires: 600"), HERE)
    client.leave()
    return client


def after_refused_refresh(status: int, same_dialog: bool, wrong: bool) -> Misbehaving:
    client = subscribed({}, refused=status)
    client.bench.receive(client.caller.request("SUBSCRIBE", "Event: presence", "Expires: 600"), HERE)
    client.bench.run(1)
    if not same_dialog:
        client.caller.to_tag = None
    if not wrong:
        client.caller.to_tag, client.caller.call_id, client.caller.tag = None, "next@127.0.0.1", "next"
    client.bench.receive(
        client.caller.request("SUBSCRIBE", "Event: presence", "Expires: 600", uri="sip:carol@127.0.0.1"), HERE
    )
    client.bench.run(2)
    client.leave()
    return client


def referred(changes: Changes, *, last: str = "terminated;reason=noresource") -> Misbehaving:
    """A REFER of ours in a call, and the reports of the client."""
    client = Misbehaving(
        RINGING, OK, 1, Order("REFER", headers=(("Refer-To", "<sip:carol@127.0.0.1>"),)), "stay", changes=changes
    )
    client.answers("REFER", 202, name="accepted")
    client.call()
    client.bench.run(1.1)
    for name, status, state in (("first", "100 Trying", "active;expires=60"), ("last", "200 OK", last)):
        fields = ("Event: refer", f"Subscription-State: {state}")
        body = f"SIP/2.0 {status}\r\n".encode()
        client.send(name, client.caller.request("NOTIFY", *fields, body=body, content_type="message/sipfrag"))
        client.bench.run(0.5)
    client.hang_up()
    return client


def published(changes: Changes) -> Misbehaving:
    """A publication, refreshed and removed."""
    tags = iter(("one", "two", "three", "four"))

    def etag(call: Any, transaction: Any) -> None:
        call.respond(transaction, Reply(200, headers=(("SIP-ETag", next(tags)), ("Expires", "600"))))

    client = Misbehaving(plans={"*": (etag,)}, changes=changes)
    publish = partial(client.caller.request, "PUBLISH", "Event: presence")
    client.send("PUBLISH", publish("Expires: 600", body=b"<presence/>", content_type="application/pidf+xml"))
    client.bench.run(1)
    client.send("refresh", publish("Expires: 600", "SIP-If-Match: one"))
    client.bench.run(1)
    client.send("removal", publish("Expires: 0", "SIP-If-Match: two"))
    client.leave()
    return client


def publishes_twice(wrong: bool) -> Misbehaving:
    client = Misbehaving(plans={"*": (0.2, OK)})
    publish = partial(
        client.caller.request, "PUBLISH", "Event: presence", "Expires: 600", content_type="application/pidf+xml"
    )
    client.bench.receive(publish(body=b"<presence/>"), HERE)
    client.bench.run(0.1 if wrong else 0.3)
    client.bench.receive(publish(body=b"<presence>1</presence>"), HERE)
    client.bench.run(0.3)
    client.leave()
    return client


def asked_for_nothing(changes: Changes) -> Misbehaving:
    """A NOTIFY of ours about what the client has not subscribed to."""
    client = Misbehaving(RINGING, OK, *notifies("active;expires=60", event="foo"), "stay", changes=changes)
    client.answers("NOTIFY", 481, name="answer")
    client.call()
    client.hang_up()
    return client


SUBSCRIPTIONS = [
    messages("SUBSCRIBE without Event", "subscribe-has-one-event", subscribed, SUBSCRIBE={"Event": None}),
    messages("SUBSCRIBE without Expires", "subscribe-has-expires", subscribed, SUBSCRIBE={"Expires": None}),
    messages("SUBSCRIBE without Contact", "request-for-a-dialog-has-one-contact", subscribed, SUBSCRIBE={"Contact": None}),
    messages("481 to NOTIFY", "notify-in-a-subscription-is-accepted", subscribed, answer={":start": "SIP/2.0 481 No"}),
    messages("no answer to NOTIFY", "requests-to-it-are-answered", subscribed, answer=OMITTED),
    messages("200 to a NOTIFY of no subscription", "notify-of-no-subscription-is-refused", asked_for_nothing, answer={":start": "SIP/2.0 200 OK"}),
    conduct("refresh after terminated", "terminated-subscription-is-not-refreshed", partial(refreshes_the_dead, "terminated;reason=timeout")),
    conduct("SUBSCRIBE after rejected", "rejected-subscription-is-not-begun-again", partial(subscribes_again, "terminated;reason=rejected", 1.0)),
    conduct("SUBSCRIBE after noresource", "rejected-subscription-is-not-begun-again", partial(subscribes_again, "terminated;reason=noresource", 1.0)),
    conduct("SUBSCRIBE before retry-after", "retry-after-of-a-subscription-is-waited-for", partial(subscribes_again, "terminated;reason=probation;retry-after=20", 1.0)),
    conduct("refresh after a refresh that got 481", "refused-refresh-ends-the-subscription", partial(after_refused_refresh, 481, True)),
    conduct("SUBSCRIBE with the Call-ID of the one that got 404", "refused-refresh-ends-the-subscription", partial(after_refused_refresh, 404, False)),
    messages("no NOTIFY after REFER", "accepted-refer-is-reported", referred, first=OMITTED, last=OMITTED),
    messages("NOTIFY without Event", "refer-report-is-a-sipfrag", referred, first={"Event": None}),
    messages("NOTIFY with another Event", "refer-report-is-a-sipfrag", referred, first={"Event": "presence"}),
    messages("NOTIFY with another type", "refer-report-is-a-sipfrag", referred, first={"Content-Type": "text/plain"}),
    messages("NOTIFY without status line", "refer-report-is-a-sipfrag", referred, first={":body": b"Trying"}),
    messages("NOTIFY without Subscription-State", "notify-has-a-subscription-state", referred, first={"Subscription-State": None}),
    messages("NOTIFY without expires", "notify-has-a-subscription-state", referred, first={"Subscription-State": "active"}),
    messages("last NOTIFY without noresource", "final-refer-report-terminates", referred, last={"Subscription-State": "terminated;reason=timeout"}),
    messages("last NOTIFY is active", "final-refer-report-terminates", referred, last={"Subscription-State": "active;expires=30"}),
    messages("PUBLISH without Event", "publish-has-one-event", published, PUBLISH={"Event": None}),
    messages("PUBLISH without body", "publish-without-entity-tag-has-a-body", published, PUBLISH={":body": b""}),
    messages("refresh with the old entity-tag", "publish-has-the-last-entity-tag", published, removal={"SIP-If-Match": "one"}),
    messages("refresh with an entity-tag of its own", "publish-has-the-last-entity-tag", published, refresh={"SIP-If-Match": "mine"}),
    messages("removal with a body", "publish-that-removes-has-no-body", published, removal={":body": b"<presence/>"}),
    conduct("two PUBLISHs at a time", "one-publish-at-a-time", publishes_twice),
]  # fmt: skip


@held(SUBSCRIPTIONS)
def test_subscriptions(fault: Fault) -> None:
    verify(fault)
