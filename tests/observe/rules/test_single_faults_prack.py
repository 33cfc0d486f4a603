"""Single faults with reliable provisional responses: RFC 3262."""

from __future__ import annotations

from functools import partial

from bench import BUSY, OFFER, RINGING

from responder.uas.script import Reply

from .misbehaving import (
    HERE,
    OMITTED,
    Changes,
    Fault,
    Misbehaving,
    conduct,
    held,
    messages,
    verify,
)

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
    final = next(one for one in client.bench.run(1.5) if one.what == "486")
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
    messages(
        "PRACK with another CSeq",
        "prack-names-a-reliable-response",
        pracked,
        PRACK={"RAck": lambda rack: rack.replace(" 1 ", " 2 ")},
    ),
    messages(
        "PRACK with another method",
        "prack-names-a-reliable-response",
        pracked,
        PRACK={"RAck": lambda rack: rack.replace("INVITE", "PRACK")},
    ),
    messages("PRACK without RAck", "prack-names-a-reliable-response", pracked, PRACK={"RAck": None}),
    messages("PRACK with RAck undefined", "rack-is-well-formed", pracked, PRACK={"RAck": "undefined 1 INVITE"}),
    messages("PRACK without To tag", "prack-names-a-reliable-response", pracked, PRACK={"To": "<sip:bob@127.0.0.1>"}),
    messages(
        "PRACK with another Call-ID", "in-dialog-keeps-the-call-id", pracked, PRACK={"Call-ID": "other@127.0.0.1"}
    ),
    messages(
        "PRACK to the address dialled",
        "in-dialog-request-uri-is-the-remote-target",
        pracked,
        PRACK={":uri": "sip:bob@127.0.0.1"},
    ),
    messages("PRACK with the CSeq of the INVITE", "in-dialog-cseq-rises-by-one", pracked, PRACK={"CSeq": "1 PRACK"}),
    messages("PRACK with Require: 100rel", "100rel-is-required-of-invite-only", pracked, PRACK={"Require": "100rel"}),
    messages(
        "PRACK for an offer without answer",
        "offer-in-a-reliable-1xx-is-answered-in-its-prack",
        pracked,
        {"body": b""},
        PRACK={":body": b""},
    ),
    messages(
        "PRACK with the branch of the INVITE",
        "branch-is-unique",
        pracked,
        PRACK={"Via": "SIP/2.0/UDP 127.0.0.1:5062;branch=z9hG4bK1x1"},
    ),
    conduct("no PRACK for a 180 after 183", "reliable-1xx-gets-a-prack", ringing_twice),
    conduct("no PRACK before a refusal", "reliable-1xx-gets-a-prack", no_prack_before_refusal),
    conduct("two PRACKs", "one-prack-for-a-response", pracks_twice),
    conduct("PRACK for a response out of order", "no-prack-out-of-order", jumps),
    conduct("PRACK for an unreliable 180", "prack-names-a-reliable-response", partial(pracks_unreliable, RINGING)),
]


@held(PRACKS)
def test_prack(fault: Fault) -> None:
    verify(fault)
