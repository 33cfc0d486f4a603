"""Single faults in dialogs: RFC 3261 12 to 15."""

from __future__ import annotations

from functools import partial

from bench import BUSY, BYE, NEW_OFFER, OFFER, OK, RINGING, Sent, reply_to

from responder.uas.script import Order, Reply

from .misbehaving import (
    HERE,
    INVITE_FIELDS,
    OMITTED,
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
    client.bench.run(1.6)
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
    client.bench.run(0.6)
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


def replacing(changes: Changes) -> Misbehaving:
    """An INVITE that replaces a dialog which we do not know."""
    client = Misbehaving(Reply(481), changes=changes, unchecked=("all",))
    final = client.invite("Replaces: 1@127.0.0.1;to-tag=a;from-tag=b")[-1]
    client.send("ACK", client.caller.ack_refusal(final))
    client.leave()
    return client


def second_invite(wrong: bool) -> Misbehaving:
    """We send another INVITE while the client has not answered the first."""
    client = Misbehaving(RINGING, OK, 1, Order("INVITE"), 0.1, Order("INVITE"), "stay")
    first: list[Sent] = []

    def reply(sent: Sent) -> bytes:
        if not first or sent.message.cseq == first[0].message.cseq:
            first.append(sent)
            return reply_to(sent, 180, "Contact: <sip:alice@127.0.0.1:5062>")
        if wrong:
            return reply_to(sent, 200, "Contact: <sip:alice@127.0.0.1:5062>", body=OFFER)
        return reply_to(sent, 500, "Retry-After: 3")

    client.bench.peers["INVITE"] = reply
    client.call()
    client.bench.run(1.5)
    client.bench.receive(reply_to(first[0], 488), HERE)
    client.hang_up()
    return client


def out_of_order(wrong: bool) -> Misbehaving:
    """The third request of ours has a lower number than the second."""
    orders = (Order("INFO"), 0.5, Order("INFO"), 0.5, Order("INFO", headers=(("CSeq", "1 INFO"),)))
    client = Misbehaving(RINGING, OK, 0.5, *orders, "stay")
    numbers: list[int] = []

    def reply(sent: Sent) -> bytes:
        numbers.append(sent.message.cseq.number)
        return reply_to(sent, 200 if wrong or numbers[-1] >= max(numbers) else 500)

    client.bench.peers["INFO"] = reply
    client.call()
    client.bench.run(2)
    client.hang_up()
    return client


BOTH_ROUTES = ("Route: <sip:p2.example.com;lr>, <sip:p1.example.com;lr>",)
RECORDED_WAY = {"reply": RECORDED, "routes": BOTH_ROUTES}
STRICT_WAY = {
    "reply": Reply(200, headers=(("Record-Route", "<sip:p1.example.com>"),)),
}
DIALOGS = [
    messages(
        "INVITE with Replaces without tags",
        "replaces-is-well-formed",
        replacing,
        INVITE={"Replaces": "1@127.0.0.1"},
    ),
    messages(
        "BYE with Replaces", "replaces-names-one-dialog", talked, BYE={"Replaces": "1@127.0.0.1;to-tag=a;from-tag=b"}
    ),
    conduct("200 to the second of two INVITEs", "second-invite-gets-500", second_invite),
    conduct("200 to a request out of order", "request-out-of-order-gets-500", out_of_order),
    messages("BYE without To tag", "bye-is-in-a-dialog", talked, BYE={"To": "<sip:bob@127.0.0.1>"}),
    messages(
        "BYE with another To tag", "in-dialog-tags-are-those-of-the-dialog", talked, BYE={"To": lambda to: to + "x"}
    ),
    messages(
        "BYE with another From tag",
        "in-dialog-tags-are-those-of-the-dialog",
        talked,
        BYE={"From": lambda value: value + "x"},
    ),
    messages("BYE without From tag", "from-has-a-tag", talked, BYE={"From": "<sip:alice@example.com>"}),
    messages("BYE with another Call-ID", "in-dialog-keeps-the-call-id", talked, BYE={"Call-ID": "other@127.0.0.1"}),
    messages("BYE with the CSeq of the INVITE", "in-dialog-cseq-rises-by-one", talked, BYE={"CSeq": "1 BYE"}),
    messages("BYE with CSeq 0", "in-dialog-cseq-rises-by-one", talked, BYE={"CSeq": "0 BYE"}),
    messages("BYE with a gap in CSeq", "in-dialog-cseq-rises-by-one", talked, BYE={"CSeq": "9 BYE"}),
    messages(
        "BYE to the address dialled",
        "in-dialog-request-uri-is-the-remote-target",
        talked,
        BYE={":uri": "sip:bob@127.0.0.1"},
    ),
    messages(
        "BYE with another From URI",
        "in-dialog-from-and-to-keep-their-uris",
        talked,
        BYE={"From": lambda value: value.replace("alice@", "carol@")},
    ),
    messages(
        "BYE with another To URI",
        "in-dialog-from-and-to-keep-their-uris",
        talked,
        BYE={"To": lambda value: value.replace("bob@", "carol@")},
    ),
    messages("BYE without route set", "in-dialog-route-is-the-route-set", talked, RECORDED_WAY, BYE={"Route": None}),
    messages(
        "BYE with half of the route set",
        "in-dialog-route-is-the-route-set",
        talked,
        RECORDED_WAY,
        BYE={"Route": "<sip:p2.example.com;lr>"},
    ),
    messages(
        "BYE with the routes as they came",
        "in-dialog-route-is-the-route-set",
        talked,
        RECORDED_WAY,
        BYE={"Route": "<sip:p1.example.com;lr>, <sip:p2.example.com;lr>"},
    ),
    messages(
        "BYE with a route where there is none",
        "in-dialog-route-is-the-route-set",
        talked,
        BYE={"Route": "<sip:p1.example.com;lr>"},
    ),
    messages(
        "BYE with the branch of the INVITE",
        "branch-is-unique",
        talked,
        BYE={"Via": "SIP/2.0/UDP 127.0.0.1:5062;branch=z9hG4bK1x1"},
    ),
    messages(
        "re-INVITE with the CSeq of the INVITE",
        "in-dialog-cseq-rises-by-one",
        talked,
        {"method": "INVITE"},
        **{"re-INVITE": {"CSeq": "1 INVITE"}, "ACK2": {"CSeq": "1 ACK"}},
    ),
    messages(
        "re-INVITE without Contact",
        "target-refresh-has-a-contact",
        talked,
        {"method": "INVITE"},
        **{"re-INVITE": {"Contact": None}},
    ),
    messages(
        "re-INVITE to the address dialled",
        "in-dialog-request-uri-is-the-remote-target",
        talked,
        {"method": "INVITE"},
        **{"re-INVITE": {":uri": "sip:bob@127.0.0.1"}},
    ),
    messages(
        "no ACK for the 200 to a re-INVITE", "success-is-acknowledged", talked, {"method": "INVITE"}, ACK2=OMITTED
    ),
    messages(
        "ACK for a re-INVITE with the CSeq of the INVITE",
        "ack-2xx-has-the-number-of-its-invite",
        talked,
        {"method": "INVITE"},
        ACK2={"CSeq": "1 ACK"},
    ),
    messages(
        "INFO with another To tag",
        "in-dialog-tags-are-those-of-the-dialog",
        talked,
        {"method": "INFO"},
        INFO={"To": lambda to: to + "x"},
    ),
    messages(
        "INFO outside of the dialog",
        "info-is-in-a-dialog",
        talked,
        {"method": "INFO"},
        INFO={"To": "<sip:bob@127.0.0.1>"},
    ),
    messages("INFO with Recv-Info", "info-has-no-recv-info", talked, {"method": "INFO"}, INFO={"Recv-Info": "foo"}),
    messages(
        "INFO of a package that we do not take",
        "info-package-is-one-that-we-take",
        talked,
        {"method": "INFO"},
        INFO={"Info-Package": "foo"},
    ),
    messages(
        "UPDATE outside of the dialog",
        "update-is-in-a-dialog",
        talked,
        {"method": "UPDATE"},
        UPDATE={"To": "<sip:bob@127.0.0.1>"},
    ),
    messages(
        "UPDATE without Contact", "target-refresh-has-a-contact", talked, {"method": "UPDATE"}, UPDATE={"Contact": None}
    ),
    conduct("re-INVITE without To tag", "invite-in-a-session-has-its-to-tag", no_to_tag),
    conduct("BYE to where we were", "in-dialog-request-uri-is-the-remote-target", moved),
    conduct("BYE after the refusal", "no-bye-in-an-early-dialog-that-ended", partial(rung, method="BYE", refused=True)),
    conduct(
        "UPDATE after the refusal",
        "no-request-in-an-early-dialog-that-ended",
        partial(rung, method="UPDATE", refused=True),
    ),
    conduct(
        "INFO after the refusal", "no-request-in-an-early-dialog-that-ended", partial(rung, method="INFO", refused=True)
    ),
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
]


@held(DIALOGS)
def test_dialogs(fault: Fault) -> None:
    verify(fault)
