"""Single faults of a client that we call: RFC 3261 12.1.1, 12.2.1.1, 9.2."""

from __future__ import annotations

from functools import partial
from typing import Any

from bench import OFFER, Sent, reply_to

from responder.uas.script import Order

from .misbehaving import HERE, Changes, Fault, Misbehaving, conduct, edited, held, messages, verify

ROUTED = "<sip:127.0.0.1:5062;lr>"
CONTACT = "Contact: <sip:alice@127.0.0.1:5062>"


class Called(Misbehaving):
    """A client that asks to be called. It says 180 to our INVITE, and a final response once it is told to."""

    def __init__(self, changes: Changes, *fields: tuple[str, str]) -> None:
        order = Order("INVITE", headers=fields)

        def place(call: Any, transaction: Any) -> None:
            self.placed = call.place(order, "sip:alice@127.0.0.1:5062", None)

        super().__init__(plans={"MESSAGE": ("answer", place, "stay")}, changes=changes)
        self.rung: list[Sent] = []
        self.bench.peers["INVITE"] = self._ring
        self.bench.peers["BYE"] = 200
        self.bench.receive(self.caller.request("MESSAGE", body=b"call me", content_type="text/plain"), HERE)
        (self.invite_of_ours,) = self.rung
        ours = self.invite_of_ours.message
        self.caller.call_id, self.caller.tag, self.caller.to_tag = ours.call_id, "far", ours.from_tag
        self.caller.sender, self.caller.to = f"{ours.get('To')}", f"{ours.get('From')}".partition(";")[0]
        self.caller.target = str(ours.contacts[0].uri)

    def _ring(self, sent: Sent) -> bytes | None:
        if any(one.data == sent.data for one in self.rung):
            return None
        self.rung.append(sent)
        return self.reply(sent, 180, "180")

    def reply(self, sent: Sent, status: int, name: str, *fields: str, body: bytes = b"") -> bytes | None:
        """A response to our INVITE."""
        routes = [f"Record-Route: {value}" for value in sent.message.every("record-route")]
        data = reply_to(sent, status, CONTACT, *routes, *fields, body=body)
        return self.changed(name, edited(data, {"To": lambda to: f"{to};tag=far"}))

    def answer(self, status: int = 200) -> None:
        """The final response, after a while."""
        self.bench.run(0.3)
        data = self.reply(self.invite_of_ours, status, "final", body=OFFER if status < 300 else b"")
        if data is not None:
            self.bench.receive(data, HERE)


def answers(changes: Changes, *, route: bool = False, request: str = "") -> Called:
    """It takes the call, perhaps with a request in it, and hangs up."""
    client = Called(changes, *((("Record-Route", ROUTED),) if route else ()))
    client.answer()
    client.bench.run(1)
    routes = (f"Route: {ROUTED}",) if route else ()
    if request:
        client.send(request, client.caller.request(request, *routes))
    client.send("BYE", client.caller.bye(*routes))
    client.leave()
    return client


def cancelled(status: int, wrong: bool) -> Called:
    """We cancel; it has to say 487."""
    client = Called({})
    client.bench.peers["CANCEL"] = lambda sent: edited(reply_to(sent, 200), {"To": lambda to: f"{to};tag=far"})
    client.placed.cancel()
    client.bench.run(0.3)
    client.answer(status if wrong else 487)
    client.leave()
    return client


CALLED = [
    messages("BYE with another To tag", "called-client-keeps-the-tags", answers, BYE={"To": lambda to: to + "x"}),
    messages(
        "BYE with another From tag", "called-client-keeps-the-tags", answers, BYE={"From": lambda from_: from_ + "x"}
    ),
    messages(
        "BYE with From and To as they came",
        "called-client-keeps-the-tags",
        answers,
        BYE={"From": "<sip:x@127.0.0.1>;tag=y", "To": "<sip:alice@127.0.0.1:5062>;tag=far"},
    ),
    messages(
        "BYE with another From URI",
        "called-client-keeps-from-and-to",
        answers,
        BYE={"From": "<sip:carol@127.0.0.1>;tag=far"},
    ),
    messages(
        "BYE with the CSeq of the INFO before",
        "called-client-numbers-its-requests",
        partial(answers, request="INFO"),
        BYE={"CSeq": "2 BYE"},
    ),
    messages(
        "BYE with a gap in CSeq",
        "called-client-numbers-its-requests",
        partial(answers, request="INFO"),
        BYE={"CSeq": "9 BYE"},
    ),
    messages("BYE to our From", "called-client-sends-to-our-contact", answers, BYE={":uri": "sip:nobody@127.0.0.1"}),
    messages(
        "BYE without route set", "called-client-keeps-the-route-set", partial(answers, route=True), BYE={"Route": None}
    ),
    messages(
        "BYE with a route where there is none", "called-client-keeps-the-route-set", answers, BYE={"Route": ROUTED}
    ),
    messages(
        "200 without Record-Route",
        "accepted-invite-copies-record-route",
        partial(answers, route=True),
        final={"Record-Route": None},
    ),
    messages("200 without Contact", "accepted-invite-has-a-contact", answers, final={"Contact": None}),
    messages(
        "200 with another To tag than 180",
        "responses-to-a-request-have-one-to-tag",
        answers,
        final={"To": lambda to: to.replace("far", "near")},
    ),
    conduct("486 to an INVITE that we cancelled", "cancelled-invite-gets-487", partial(cancelled, 486)),
]


@held(CALLED)
def test_called(fault: Fault) -> None:
    verify(fault)
