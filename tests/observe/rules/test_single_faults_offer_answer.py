"""Single faults in offers and answers: RFC 3264."""

from __future__ import annotations

from functools import partial

from bench import NEW_OFFER, OFFER, OK, RINGING

from responder.uas.script import Order

from .misbehaving import (
    HERE,
    INVITE_FIELDS,
    Changes,
    Fault,
    Misbehaving,
    conduct,
    held,
    messages,
    verify,
)

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


EVENTS = (
    "v=0\r\no=bob 1 2 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\n"
    "m=audio 40000 RTP/AVP 0 101\r\na=rtpmap:0 PCMU/8000\r\na=rtpmap:101 telephone-event/8000\r\n"
)
EVENTS_ANSWER = OFFER.replace(b"RTP/AVP 0 8", b"RTP/AVP 0 101").replace(b"8 PCMA", b"101 telephone-event")
VIDEO = {"offer": STREAMS, "again": NEW_STREAMS}
OFFERS = [
    messages(
        "INVITE with lines out of order",
        "session-description-is-valid",
        offered,
        INVITE={":body": OFFER.replace(b"s=-\r\n", b"").replace(b"t=0 0\r\n", b"t=0 0\r\ns=-\r\n")},
    ),
    messages(
        "INVITE with a dynamic type that is not mapped",
        "offered-dynamic-payload-types-are-mapped",
        offered,
        INVITE={":body": OFFER.replace(b"RTP/AVP 0 8", b"RTP/AVP 0 8 97")},
    ),
    messages(
        "answer with another profile",
        "answer-keeps-the-profile",
        asked,
        answer={":body": OFFER.replace(b"RTP/AVP", b"RTP/SAVP")},
    ),
    messages(
        "answer with our origin",
        "answer-has-an-origin-of-its-own",
        partial(asked, sdp=EVENTS, answer=EVENTS_ANSWER),
        answer={":body": EVENTS_ANSWER.replace(b"alice 1 1 IN IP4 192.0.2.10", b"bob 1 2 IN IP4 127.0.0.1", 1)},
    ),
    messages(
        "offer that holds by 0.0.0.0",
        "hold-is-told-by-direction",
        offered,
        offer={":body": NEW_OFFER.replace(b"c=IN IP4 192.0.2.10", b"c=IN IP4 0.0.0.0")},
    ),
    messages(
        "answer with a dynamic type that is not mapped",
        "dynamic-payload-types-are-mapped",
        asked,
        answer={":body": OFFER.replace(b"RTP/AVP 0 8", b"RTP/AVP 0 8 97")},
    ),
    messages(
        "answer with another number for a codec",
        "answer-keeps-the-payload-numbers",
        partial(asked, sdp=EVENTS, answer=EVENTS_ANSWER),
        answer={":body": EVENTS_ANSWER.replace(b"101", b"97")},
    ),
    messages("200 to re-INVITE without Contact", "accepted-invite-has-a-contact", asked, answer={"Contact": None}),
    messages(
        "offer with the version as it was",
        "offer-version-rises-by-one",
        offered,
        offer={":body": NEW_OFFER.replace(b"alice 1 2 ", b"alice 1 1 ")},
    ),
    messages(
        "offer with the version two higher",
        "offer-version-rises-by-one",
        offered,
        offer={":body": NEW_OFFER.replace(b"alice 1 2 ", b"alice 1 3 ")},
    ),
    messages(
        "offer with another session id",
        "offer-version-rises-by-one",
        offered,
        offer={":body": NEW_OFFER.replace(b"alice 1 2 ", b"alice 2 2 ")},
    ),
    messages(
        "UPDATE with the version as it was",
        "offer-version-rises-by-one",
        offered,
        {"method": "UPDATE"},
        offer={":body": NEW_OFFER.replace(b"alice 1 2 ", b"alice 1 1 ")},
    ),
    messages(
        "offer without the second stream",
        "new-offer-keeps-every-stream",
        offered,
        VIDEO,
        offer={":body": NEW_STREAMS.partition(b"m=video")[0]},
    ),
    messages(
        "offer with another codec of the same number",
        "payload-type-keeps-its-codec",
        offered,
        VIDEO,
        offer={":body": NEW_STREAMS.replace(b"H264", b"VP8")},
    ),
    messages(
        "offer that is no session description", "session-description-is-valid", offered, offer={":body": b"hello"}
    ),
    messages(
        "INVITE without o= line",
        "session-description-is-valid",
        offered,
        INVITE={":body": OFFER.replace(b"o=alice 1 1 IN IP4 192.0.2.10\r\n", b"")},
    ),
    messages("no answer in the 200", "our-offer-is-answered-in-the-2xx", asked, answer={":body": b""}),
    messages(
        "no answer in the 200 to UPDATE",
        "our-offer-in-an-update-is-answered-in-the-2xx",
        asked,
        {"method": "UPDATE"},
        answer={":body": b""},
    ),
    messages("no offer in the 200", "our-invite-without-offer-gets-one", asked, {"sdp": False}, answer={":body": b""}),
    messages("answer with another stream", "answer-has-the-streams-of-the-offer", asked, answer={":body": STREAMS}),
    messages(
        "answer with another type of media",
        "answer-has-the-streams-of-the-offer",
        asked,
        answer={":body": OFFER.replace(b"m=audio", b"m=video")},
    ),
    messages(
        "answer with another time", "answer-keeps-the-times", asked, answer={":body": OFFER.replace(b"t=0 0", b"t=1 2")}
    ),
    messages(
        "answer to sendonly is sendrecv",
        "answer-fits-the-direction",
        asked,
        {"sdp": "sendonly", "answer": OFFER + b"a=recvonly\r\n"},
        answer={":body": OFFER},
    ),
    messages(
        "answer to inactive is sendonly",
        "answer-fits-the-direction",
        asked,
        {"sdp": "inactive", "answer": OFFER + b"a=inactive\r\n"},
        answer={":body": OFFER + b"a=sendonly\r\n"},
    ),
    messages(
        "answer with a codec that was not offered",
        "answer-has-a-format-of-the-offer",
        asked,
        answer={":body": OFFER.replace(b"RTP/AVP 0 8", b"RTP/AVP 18").partition(b"a=rtpmap")[0]},
    ),
    conduct(
        "UPDATE with an offer while a re-INVITE is open", "no-offer-while-one-is-open", partial(two_offers, "UPDATE")
    ),
]


@held(OFFERS)
def test_offers(fault: Fault) -> None:
    verify(fault)
