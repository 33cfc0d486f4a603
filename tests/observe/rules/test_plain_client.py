"""A correct client that does no more than it must, in whatever way it is allowed to, breaks no MUST."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from bench import BUSY, BYE, NEW_OFFER, OK, RINGING, TRYING

from responder.events import Flow
from responder.observe.rules.rule import MUST
from responder.uas.script import Order, Reply

from .asking import challenge
from .misbehaving import HERE, STREAM, Misbehaving

LINE = re.compile(rb"(?m)^([A-Za-z-]+):[ \t]*(.*)\r\n")
COMPACT = {
    b"Via": b"v",
    b"From": b"f",
    b"To": b"t",
    b"Call-ID": b"i",
    b"Contact": b"m",
    b"Content-Type": b"c",
    b"Content-Length": b"l",
}


class Plain(Misbehaving):
    """One that leaves out what it may, and writes its messages in some way."""

    habit: Callable[[bytes], bytes] = staticmethod(bytes)

    def changed(self, name: str, data: bytes) -> bytes:
        head, _, body = data.partition(b"\r\n\r\n")
        return self.habit(head + b"\r\n") + b"\r\n" + body


def bare(head: bytes) -> bytes:
    return head if head.startswith(b"SIP/2.0") else re.sub(rb"(?m)^(Allow|Supported|Accept):.*\r\n", b"", head)


def without_length(head: bytes) -> bytes:
    return re.sub(rb"(?m)^Content-Length:.*\r\n", b"", bare(head))


def contacts_everywhere(head: bytes) -> bytes:
    if b"\r\nContact:" in head or head.startswith((b"MESSAGE", b"SIP/2.0")):
        return bare(head)  # RFC 3428 section 4: a MESSAGE must not have one
    return bare(head) + b"Contact: <sip:alice@127.0.0.1:5062>\r\n"


def lower_case(head: bytes) -> bytes:
    return LINE.sub(lambda found: found[1].lower() + b":" + found[2] + b"\r\n", bare(head))


def compact(head: bytes) -> bytes:
    return LINE.sub(lambda found: COMPACT.get(found[1], found[1]) + b" : " + found[2] + b"\r\n", bare(head))


def other_order(head: bytes) -> bytes:
    start, *lines = bare(head).splitlines(keepends=True)
    return start + b"".join(sorted(lines, reverse=True))


def old_parameters(head: bytes) -> bytes:
    """Parameters that nobody knows, and display names."""
    return re.sub(rb"(?m)^(From: |To: )(\"[^\"]*\" )?(<[^>]*>)", rb'\1"A, \\"B\\"" \3;x-own=1', bare(head))


HABITS = (bare, without_length, contacts_everywhere, lower_case, compact, other_order, old_parameters)


def refused(client: Plain) -> None:
    final = client.invite()[-1]
    client.send("", client.caller.ack_refusal(final))


def talked(client: Plain) -> None:
    client.call()
    client.bench.run(1)
    client.send("", client.caller.bye())


def cancelled(client: Plain) -> None:
    client.invite()
    client.bench.run(1)
    client.send("", client.caller.cancel())
    (final,) = [one for one in client.bench.sent if one.what == "487"]
    client.send("", client.caller.ack_refusal(final))


def hung_up_on(client: Plain) -> None:
    client.answers("BYE")
    client.call()
    client.bench.run(2)


def re_invited(client: Plain) -> None:
    client.call()
    client.bench.run(1)
    client.call(body=NEW_OFFER)
    client.bench.run(1)
    client.send("", client.caller.bye())


def asked_for(client: Plain) -> None:
    """Requests of ours that it refuses."""
    for method in ("INFO", "MESSAGE", "UPDATE"):
        client.answers(method, 405, "Allow: INVITE, ACK, CANCEL, BYE")
    client.answers("OPTIONS")
    client.call()
    client.bench.run(4)
    client.send("", client.caller.bye())


def alone(method: str) -> Callable[[Plain], None]:
    def story(client: Plain) -> None:
        typed = {"body": b"hello", "content_type": "text/plain"} if method == "MESSAGE" else {}
        client.caller.uri = "sip:127.0.0.1" if method == "REGISTER" else client.caller.uri
        for _ in range(2):
            assert client.send("", client.caller.request(method, to_tag=None, **typed))
            client.bench.run(1)

    return story


PLACES = Reply(302, headers=(("Contact", "<sip:other@127.0.0.1:5060>"),))
MOVED = (Reply(180, headers=(("Contact", "<sip:early@127.0.0.1:5060>"),)), 1, OK)
STORIES: dict[str, tuple[Callable[[Plain], None], tuple[object, ...]]] = {
    "486": (refused, (TRYING, RINGING, BUSY)),
    "302": (refused, (PLACES,)),
    "401": (refused, (challenge(),)),
    "420": (refused, (Reply(420, headers=(("Unsupported", "timer"),)),)),
    "422": (refused, (Reply(422, headers=(("Min-SE", "600"),)),)),
    "503": (refused, (Reply(503, headers=(("Retry-After", "60"),)),)),
    "499": (refused, (Reply(499),)),
    "699": (refused, (Reply(699),)),
    "call": (talked, (RINGING, OK)),
    "299": (talked, (RINGING, Reply(299))),
    "session timer": (talked, (Reply(200, headers=(("Session-Expires", "1800;refresher=uas"),)),)),
    "cancelled": (cancelled, (RINGING, 60)),
    "hung up on": (hung_up_on, (RINGING, OK, 1, BYE)),
    "re-INVITE": (re_invited, (RINGING, OK)),
    "asked for": (asked_for, (OK, *(step for name in ("INFO", "MESSAGE", "OPTIONS") for step in (0.5, Order(name))))),
    "REGISTER": (alone("REGISTER"), ()),
    "OPTIONS": (alone("OPTIONS"), ()),
    "MESSAGE": (alone("MESSAGE"), ()),
}


@pytest.mark.parametrize("flow", [HERE, STREAM], ids=["UDP", "TCP"])
@pytest.mark.parametrize("habit", HABITS, ids=lambda habit: habit.__name__)
@pytest.mark.parametrize("name", STORIES)
def test_no_must_is_broken(name: str, habit: Callable[[bytes], bytes], flow: Flow) -> None:
    if habit is without_length and flow.reliable:
        pytest.skip("a stream needs it")
    story, steps = STORIES[name]
    client = Plain(*steps, flow=flow, plans={"*": (OK,)}, later={"INVITE": (OK,)}, unchecked=("all",))
    client.habit = habit
    client.caller.tag, client.caller.call_id, client.caller.cseq = "1a2b3c4d", "8c1f0a52", 48110
    story(client)
    broken = {
        one.rule.id: (one.failures[0][1].expected, one.failures[0][1].actual)
        for one in client.judged().violations(MUST)
    }
    assert broken == {}


@pytest.mark.parametrize("place", ["early", "responder"])
def test_an_ack_to_either_contact_of_a_dialog(place: str) -> None:
    """RFC 3261 section 12.1.2 has a 1xx set the remote target; by 13.2.2.4 the 2xx computes the route set anew."""
    client = Plain(*MOVED, "stay")
    client.invite()
    final = client.bench.run(1.1)[-1]
    client.caller.heard(final)
    targets = {"early": "sip:early@127.0.0.1:5060", "responder": client.caller.target}
    client.send("", client.caller.ack(uri=targets[place]))
    client.bench.run(1)
    client.send("", client.caller.bye())
    assert [one.rule.id for one in client.judged().violations(MUST)] == []
