"""Single faults in what a client answers to requests of ours: RFC 3261 8.2, 15.1.2; RFC 4320."""

from __future__ import annotations

from functools import partial

from bench import OFFER, OK, RINGING, Sent, reply_to

from responder.uas.script import Order

from .misbehaving import (
    OMITTED,
    Changes,
    Fault,
    Misbehaving,
    conduct,
    edited,
    held,
    messages,
    verify,
)


def answering(
    changes: Changes,
    *,
    method: str = "BYE",
    order: Order | None = None,
    status: int = 200,
    fields: tuple[str, ...] = (),
    after: float = 1.0,
    how: str = "exited",
) -> Misbehaving:
    """A request of ours in a call, and what the client says."""
    client = Misbehaving(RINGING, OK, 1, order or Order(method), "stay", changes=changes)
    method = order.method if order is not None else method
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


def answers_ack(wrong: bool) -> Misbehaving:
    client = Misbehaving(RINGING, OK, 1, Order("INVITE"), "stay")
    client.answers("INVITE", 200, "Contact: <sip:alice@127.0.0.1:5062>", body=OFFER)
    if wrong:
        client.bench.peers["ACK"] = 200
    client.call()
    client.bench.run(1.2)
    client.hang_up()
    return client


CAN = ("Allow: INVITE", "Accept: application/sdp", "Supported: timer")
RESPONSES = [
    messages(
        "200 to what requires what nobody has",
        "unknown-extension-gets-420",
        partial(
            answering, order=Order("INFO", headers=(("Require", "foo"),)), status=420, fields=("Unsupported: foo",)
        ),
        answer={":start": "SIP/2.0 200 OK", "Unsupported": None},
    ),
    messages(
        "200 to an unknown method",
        "unknown-method-gets-405",
        partial(answering, method="FROB", status=405, fields=("Allow: INVITE",)),
        answer={":start": "SIP/2.0 200 OK"},
    ),
    messages(
        "200 to a BYE of no dialog",
        "request-of-no-dialog-gets-481",
        partial(answering, order=Order("BYE", headers=(("To", "<sip:alice@example.com>;tag=nobody"),)), status=481),
        answer={":start": "SIP/2.0 200 OK"},
    ),
    messages(
        "200 to OPTIONS in no dialog",
        "request-of-no-dialog-gets-481",
        partial(answering, order=Order("OPTIONS", headers=(("To", "<sip:alice@example.com>;tag=nobody"),)), status=404),
        answer={":start": "SIP/2.0 200 OK"},
    ),
    messages(
        "408 to INFO", "no-408-for-other-methods", answering, {"method": "INFO"}, answer={":start": "SIP/2.0 408 Late"}
    ),
    conduct("200 to ACK", "no-response-to-ack", answers_ack),
    messages("no answer to BYE, then gone", "requests-to-it-are-answered", answering, answer=OMITTED),
    messages(
        "no answer to BYE for 6 s",
        "requests-to-it-are-answered",
        answering,
        {"after": 6.0, "how": "ended"},
        answer=OMITTED,
    ),
    messages(
        "no answer to INFO", "requests-to-it-are-answered", answering, {"method": "INFO", "after": 5.0}, answer=OMITTED
    ),
    messages(
        "no answer to OPTIONS",
        "requests-to-it-are-answered",
        answering,
        {"method": "OPTIONS", "fields": CAN, "after": 5.0},
        answer=OMITTED,
    ),
    messages("481 to BYE", "bye-gets-200", answering, answer={":start": "SIP/2.0 481 Gone"}),
    messages("500 to BYE", "bye-gets-200", answering, answer={":start": "SIP/2.0 500 No"}),
    messages("200 to BYE with another CSeq", "response-copies-cseq", answering, answer={"CSeq": "77 BYE"}),
    messages(
        "200 to BYE with another method",
        "response-copies-cseq",
        answering,
        answer={"CSeq": lambda value: value.replace("BYE", "INVITE")},
    ),
    messages(
        "200 to BYE with another Call-ID", "response-copies-call-id", answering, answer={"Call-ID": "other@127.0.0.1"}
    ),
    messages(
        "200 to BYE with another branch",
        "response-copies-via",
        answering,
        answer={"Via": lambda via: via.replace("branch=z9hG4bK", "branch=z9hG4bKx")},
    ),
    messages(
        "200 to BYE with its own Via",
        "response-copies-via",
        answering,
        answer={"Via": "SIP/2.0/UDP 127.0.0.1:5062;branch=z9hG4bKmine"},
    ),
    messages(
        "200 to BYE without To tag", "response-has-to-with-a-tag", answering, answer={"To": "<sip:alice@example.com>"}
    ),
    messages(
        "200 to BYE with From and To exchanged",
        "response-copies-from",
        answering,
        answer={"From": "<sip:alice@example.com>;tag=from1"},
    ),
    messages(
        "405 without Allow",
        "its-405-has-allow",
        answering,
        {"method": "INFO", "status": 405, "fields": ("Allow: INVITE",)},
        answer={"Allow": None},
    ),
    messages(
        "420 without Unsupported",
        "its-420-has-unsupported",
        answering,
        {"method": "INFO", "status": 420, "fields": ("Unsupported: x",)},
        answer={"Unsupported": None},
    ),
    messages(
        "415 without Accept",
        "its-415-says-what-it-takes",
        answering,
        {"method": "INFO", "status": 415, "fields": ("Accept: text/plain",)},
        answer={"Accept": None},
    ),
    messages(
        "OPTIONS without Allow",
        "options-tell-what-it-can",
        answering,
        {"method": "OPTIONS", "fields": CAN},
        answer={"Allow": None},
    ),
    conduct("180 to INFO", "no-other-1xx-than-100-for-other-methods", partial(provisional, "INFO", 180)),
    conduct("100 to OPTIONS at once", "no-early-100-for-other-methods", partial(provisional, "OPTIONS", 100)),
]


@held(RESPONSES)
def test_responses(fault: Fault) -> None:
    verify(fault)
