"""Requests recognised by their likeness (`sip.likeness`) say the same as requests read the long way."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any

import pytest
from bench import OFFER, PEER, UDP, Caller

from responder.errors import ParseError
from responder.sip import likeness as module
from responder.sip.likeness import Acquaintances, Likeness, LikeRequest, learn
from responder.sip.message import Message, Request
from responder.sip.parser import parse
from responder.sip.syntax import fault_of
from responder.transaction.layer import TransactionLayer, copied
from responder.transaction.timers import Timers, TimerValues
from responder.transaction.wire import Wire

TYPED = [name for name in Message.__slots__ if name != "memo"] + ["method", "uri", "target"]

AFTER = module._AFTER
"""So many of a kind are read the long way first."""

Maker = Callable[[int], bytes]


def caller(number: int, **more: Any) -> Caller:
    one = Caller(number, **more)
    one.cseq = 100 + number
    return one


def dialog(number: int, **more: Any) -> Caller:
    one = caller(number, **more)
    one.to_tag = f"to{number}"
    return one


MAKERS: dict[str, Maker] = {
    "INVITE": lambda n: caller(n).invite(),
    "INVITE of sipp": lambda n: (
        (
            b"INVITE sip:service@127.0.0.1:5060 SIP/2.0\r\nVia: SIP/2.0/UDP 192.0.2.10:5062;branch=z9hG4bK-9-%d-0\r\n"
            b"From: sipp <sip:sipp@192.0.2.10:5062>;tag=9SIPpTag00%d\r\nTo: service <sip:service@127.0.0.1:5060>\r\n"
            b"Call-ID: %d-9@192.0.2.10\r\nCSeq: 1 INVITE\r\nContact: sip:sipp@192.0.2.10:5062\r\nMax-Forwards: 70\r\n"
            b"Subject: Performance Test\r\nContent-Type: application/sdp\r\nContent-Length:   %d\r\n\r\n"
            % (n, n, n, len(OFFER))
        )
        + OFFER
    ),
    "ACK": lambda n: dialog(n).ack(cseq=100 + n),
    "BYE": lambda n: dialog(n).bye(),
    "re-INVITE": lambda n: dialog(n).invite(),
    "OPTIONS": lambda n: caller(n).request("OPTIONS"),
    "REGISTER": lambda n: caller(n).request("REGISTER", "Expires: 600"),
    "rport": lambda n: caller(n, via="SIP/2.0/UDP 192.0.2.10:5062;rport").invite(),
    "rport after": lambda n: caller(n).request("OPTIONS").replace(b"\r\nMax", b";rport;alias\r\nMax"),
    "received": lambda n: caller(n, via="SIP/2.0/UDP phone.example.com").request("OPTIONS"),
    "two Vias": lambda n: caller(n).invite("Via: SIP/2.0/TCP 10.0.0.1;branch=z9hG4bKfixed"),
    "addr-spec": lambda n: caller(n, sender="sip:alice@example.com", to="sip:bob@127.0.0.1").request("OPTIONS"),
    "compact": lambda n: (
        caller(n).request("OPTIONS").replace(b"Via:", b"v:").replace(b"From:", b"f:").replace(b"Call-ID:", b"i:")
    ),
    "no blanks": lambda n: caller(n).request("OPTIONS").replace(b": ", b":"),
    "order": lambda n: b"\r\n".join(
        [(lines := caller(n).request("OPTIONS").split(b"\r\n"))[0], *reversed(lines[1:-2]), b"", b""]
    ),
    "all there is": lambda n: caller(n).invite(
        "Record-Route: <sip:p1;lr>, <sip:p2;lr>",
        "Supported: 100rel, timer",
        "Require: timer",
        "Session-Expires: 1800;refresher=uac",
        "Expires: 180",
        "Route: <sip:127.0.0.1;lr>",
        "Event: presence",
        "Accept: application/sdp, text/plain",
        "Replaces: 1@x;to-tag=1;from-tag=2",
        "Proxy-Require: a",
    ),
}


def model(name: str, number: int = 1) -> tuple[bytes, Request]:
    data = MAKERS[name](number)
    request = parse(data)
    assert isinstance(request, Request)
    assert fault_of(request) is None
    return data, request


def likeness_of(name: str) -> Likeness:
    data, request = model(name)
    found = learn(data, request, PEER)
    assert found is not None, f"{name} is not of the common make"
    return found


def value_of(request: Request, name: str) -> Any:
    try:
        found = getattr(request, name)
    except ParseError as error:
        return f"ParseError: {error.what}"
    return [value.strip() for value in found] if name == "values" else found


def layer() -> TransactionLayer:
    values = TimerValues()
    return TransactionLayer(Wire(), Timers(values.lengths()), values)


def assert_same(like: LikeRequest, data: bytes) -> None:
    """Everything that may be asked of a request is as if it had been read the long way."""
    plain = parse(data)
    assert isinstance(plain, Request)
    assert fault_of(plain) is None
    for name in TYPED:
        assert value_of(like, name) == value_of(plain, name), name
    assert list(like.fields()) == list(plain.fields())
    for key in plain.shape.every:
        assert like.first(key) == plain.first(key), key
        assert like.every(key) == plain.every(key), key
    assert like.first("nothing") is None
    assert "Via" in like
    assert like.get("Call-ID") == plain.get("call-id")
    one, two = layer(), layer()
    key = two.find(plain, UDP)[0]
    assert one.find(like, UDP)[0] == key
    opened, expected = one.open(key, like, UDP), two.open(key, plain, UDP)
    assert (opened.head, opened.rest) == (expected.head, expected.rest) == copied(plain, plain.top_via, UDP)
    assert (opened.flow, opened.source, opened.key) == (expected.flow, expected.source, expected.key)


class TestRecognition:
    @pytest.mark.parametrize("name", MAKERS)
    def test_every_field_is_the_same(self, name: str) -> None:
        likeness = likeness_of(name)
        for number in (1, 2, 3, 999, 123456):
            data = MAKERS[name](number)
            like = likeness.read(data)
            assert like is not None
            assert_same(like, data)

    @pytest.mark.parametrize("name", MAKERS)
    def test_fields_may_be_asked_for_in_any_order(self, name: str) -> None:
        likeness, data = likeness_of(name), MAKERS[name](7)
        plain = parse(data)
        assert isinstance(plain, Request)
        for wanted in TYPED:
            like = likeness.read(data)
            assert like is not None
            assert value_of(like, wanted) == value_of(plain, wanted), wanted

    def test_two_of_a_kind_do_not_mix(self) -> None:
        likeness = likeness_of("INVITE")
        one, two = (likeness.read(MAKERS["INVITE"](number)) for number in (11, 12))
        assert one is not None
        assert two is not None
        assert (one.call_id, two.call_id) == ("call-11@192.0.2.10", "call-12@192.0.2.10")
        assert (one.from_tag, two.from_tag) == ("from11", "from12")
        assert one.top_via.branch != two.top_via.branch
        assert one.cseq != two.cseq
        assert one.from_.tag == "from11"

    @pytest.mark.parametrize(
        "text", ["a", "a@b", "A.-!%*_+`'~9@[2001:db8::1]:5060", "~@:", "1" * 200, "x@y_z"], ids=lambda t: t[:12]
    )
    def test_call_ids_of_all_sorts(self, text: str) -> None:
        likeness = likeness_of("OPTIONS")
        data = caller(5).request("OPTIONS", put={"Call-ID": text})
        like = likeness.read(data)
        if like is not None:
            assert_same(like, data)

    @pytest.mark.parametrize("text", ["(1)", "a@b@c", "a b", "", "@", "a@", "<a>", "a,b", "a\tb", "é"])
    def test_other_call_ids_are_left_to_the_long_way_or_read_the_same(self, text: str) -> None:
        likeness = likeness_of("OPTIONS")
        data = caller(5).request("OPTIONS", put={"Call-ID": text})
        like = likeness.read(data)
        if like is not None:
            assert_same(like, data)

    @pytest.mark.parametrize("number", ["1", "999999999", "2147483647", "2147483648", "0", "01", "+1", "1.0", "", "-1"])
    def test_numbers(self, number: str) -> None:
        likeness = likeness_of("OPTIONS")
        data = caller(5).request("OPTIONS", put={"CSeq": f"{number} OPTIONS"})
        like = likeness.read(data)
        if like is not None:
            assert_same(like, data)
        else:
            assert number not in ("1", "999999999")

    @pytest.mark.parametrize(
        "branch", ["z9hG4bK1", "z9hG4bK-._~", "z9hG4bK", "Z9HG4BK1", "1", "z9hG4bK1;rport", "z9hG4bK1,x", "z9hG4bK=1"]
    )
    def test_branches(self, branch: str) -> None:
        likeness = likeness_of("OPTIONS")
        data = caller(5).request("OPTIONS", branch=branch)
        like = likeness.read(data)
        if like is not None:
            assert_same(like, data)
        else:
            assert branch not in ("z9hG4bK1", "z9hG4bK-._~")


SMUGGLED = (
    b"\r\nX: y",
    b"\r\n y",
    b"\n",
    b"\r",
    b"\0",
    b";x=y",
    b",",
    b">",
    b"<",
    b'"',
    b" ",
    b"\t",
    b";tag=2",
    b"\r\n\r\n",
    b"\xc3\xa9",
    b"\xff",
    b"%00",
    b"\\",
)


class TestNearMisses:
    """One byte changed anywhere: recognised only where what is recognised is true."""

    @pytest.mark.parametrize("name", MAKERS)
    def test_one_byte_changed_dropped_or_added(self, name: str) -> None:
        likeness = likeness_of(name)
        data = MAKERS[name](4)
        end = data.index(b"\r\n\r\n") + 4
        rng = random.Random(name)
        recognised = 0
        for at in range(end):
            byte = data[at]
            for new in {byte ^ 0x20, byte ^ 1, rng.randrange(256), rng.choice(b' \t\r\n;,<>"@:=0aZ-%')}:
                for mutant in (data[:at] + bytes([new]) + data[at + 1 :], data[:at] + bytes([new]) + data[at:]):
                    if mutant != data:
                        recognised += self.check(likeness, mutant)
            recognised += self.check(likeness, data[:at] + data[at + 1 :])
        assert recognised, "within branch, tag and Call-ID most changes are just another request"

    @pytest.mark.parametrize("name", ["INVITE", "ACK", "BYE", "two Vias", "rport"])
    def test_something_smuggled_in_anywhere(self, name: str) -> None:
        likeness = likeness_of(name)
        data = MAKERS[name](4)
        for at in range(data.index(b"\r\n\r\n") + 4):
            for text in SMUGGLED:
                self.check(likeness, data[:at] + text + data[at:])

    @pytest.mark.parametrize("name", ["INVITE", "BYE"])
    def test_a_changed_body_is_another_request(self, name: str) -> None:
        likeness = likeness_of(name)
        data = MAKERS[name](4)
        assert likeness.read(data + b"x") is None
        assert likeness.read(data[:-1]) is None
        if data.endswith(OFFER):
            assert likeness.read(data[: -len(OFFER)] + OFFER.replace(b"6000", b"6002")) is None

    @pytest.mark.parametrize("one", MAKERS)
    def test_another_kind_is_not_taken_for_it(self, one: str) -> None:
        likeness = likeness_of(one)
        for other, make in MAKERS.items():
            if other != one:
                data = make(3)
                like = likeness.read(data)
                assert like is None or data.startswith(MAKERS[one](3)[:20])
                if like is not None:
                    assert_same(like, data)

    @staticmethod
    def check(likeness: Likeness, mutant: bytes) -> bool:
        like = likeness.read(mutant)
        if like is None:
            return False
        plain = parse(mutant)
        assert isinstance(plain, Request)
        assert fault_of(plain) is None, mutant
        for name in ("method", "uri", "call_id", "from_tag", "to_tag", "cseq", "top_via", "body"):
            assert getattr(like, name) == getattr(plain, name), (name, mutant)
        assert [value.strip() for value in like.values] == [value.strip() for value in plain.values]
        key, _ = (rig := layer()).find(like, UDP)
        assert key == layer().find(plain, UDP)[0]
        opened = rig.open(key, like, UDP)
        assert (opened.head, opened.rest) == copied(plain, plain.top_via, UDP), mutant
        return True


class TestLearning:
    """Nothing is learned of what is not of the common make."""

    @pytest.mark.parametrize(
        "data",
        [
            caller(1).request("OPTIONS", put={"Via": "SIP/2.0/UDP 192.0.2.10:5062"}),
            caller(1).request("OPTIONS", put={"From": "<sip:alice@example.com>"}),
            caller(1).request("OPTIONS", put={"From": "<sip:alice@example.com>;tag=1;x=y"}),
            caller(1).request("OPTIONS", put={"From": "<sip:alice@example.com>;TAG=1"}),
            caller(1).request("OPTIONS", put={"From": '"Zoë" <sip:alice@example.com>;tag=1'}),
            caller(1).request("OPTIONS", put={"To": "<sip:bob@127.0.0.1>;tag=1;x=y"}),
            caller(1).request("OPTIONS", put={"Via": "SIP/2.0/UDP a;branch=z9hG4bK1, SIP/2.0/UDP b;branch=z9hG4bK1"}),
            caller(1).request("OPTIONS", body=b"\xff\xfe", content_type="x/y"),
            caller(1).request("OPTIONS", body=b"x" * 4000, content_type="x/y"),
            caller(1).request("OPTIONS") + b"more",
            caller(1).request("OPTIONS").replace(b"Max-Forwards: 70", b"Max-Forwards:\r\n 70"),
            caller(1).request("OPTIONS").replace(b"\r\n", b"\n"),
        ],
    )
    def test_or_it_is_read_the_same(self, data: bytes) -> None:
        request = parse(data)
        assert isinstance(request, Request)
        if fault_of(request) is not None:
            return
        likeness = learn(data, request, PEER)
        if likeness is not None:
            like = likeness.read(data)
            assert like is not None
            assert_same(like, data)

    def test_a_tag_that_stands_in_the_uri_too(self) -> None:
        data = caller(1).request("OPTIONS", put={"From": "<sip:alice@example.com;tag=f>;tag=f"})
        request = parse(data)
        assert isinstance(request, Request)
        assert fault_of(request) is None
        likeness = learn(data, request, PEER)
        if likeness is not None:
            other = data.replace(b">;tag=f", b">;tag=other")
            like = likeness.read(other)
            assert like is not None
            assert_same(like, other)


def vars_of(thing: object) -> list[Any]:
    return [getattr(thing, name) for name in type(thing).__slots__]  # type: ignore[attr-defined]


def sized(thing: Any) -> int:
    """Entries of a dictionary and of those in it."""
    return len(thing) + sum(len(value) for value in thing.values() if isinstance(value, dict))


class TestAcquaintances:
    def meet(self, known: Acquaintances, name: str, number: int, remote: tuple[str, int] = PEER) -> LikeRequest | None:
        """What the engine does with every datagram."""
        data = MAKERS[name](number)
        like = known.read(data, remote)
        if like is None:
            request = parse(data)
            assert isinstance(request, Request)
            assert fault_of(request) is None
            known.met(data, request, remote)
        else:
            assert_same(like, data)
        return like

    def test_recognised_after_a_number_of_them(self) -> None:
        known = Acquaintances()
        found = [self.meet(known, "INVITE", number) is not None for number in range(AFTER + 20)]
        assert not any(found[: AFTER - 1])
        assert all(found[AFTER + 2 :])

    def test_nothing_is_recognised_at_first(self) -> None:
        assert self.meet(Acquaintances(), "INVITE", 1) is None

    def test_each_peer_for_itself(self) -> None:
        known = Acquaintances()
        for number in range(AFTER + 2):
            self.meet(known, "INVITE", number)
        assert self.meet(known, "INVITE", 1000) is not None
        assert self.meet(known, "INVITE", 1001, ("192.0.2.99", 5062)) is None
        assert self.meet(known, "INVITE", 1002, (PEER[0], 5063)) is None

    def test_several_kinds_at_once(self) -> None:
        known = Acquaintances()
        names = ("INVITE", "ACK", "BYE")
        found = [self.meet(known, name, number) is not None for number in range(AFTER + 20) for name in names]
        assert all(found[-30:])

    def test_a_peer_that_changes_its_ways_is_read_the_long_way(self) -> None:
        known = Acquaintances()
        for number in range(AFTER + 20):
            self.meet(known, "INVITE", number)
        for number in range(AFTER + 20, AFTER + 400):
            self.meet(known, "all there is", number)
        for number in range(AFTER + 400, AFTER + 500):
            self.meet(known, "INVITE", number)

    def test_memory_is_bounded(self) -> None:
        # by the number of peers, and by what one peer can make of it
        known = Acquaintances()
        rng = random.Random(1)
        data, request = model("OPTIONS")
        for _ in range(20_000):
            known.met(b"%x " % rng.getrandbits(80) + data, request, ("192.0.2.1", rng.randrange(65536)))
        assert sum(map(sized, vars_of(known))) <= 20_000

    def test_a_peer_cannot_make_it_learn_without_end(self) -> None:
        known = Acquaintances()
        learned = 0
        for kind in range(200):
            for number in range(AFTER + 1):
                data = caller(number, uri=f"sip:{kind:03}@127.0.0.1").request("BYE", to_tag="x")
                if known.read(data, PEER) is None:
                    request = parse(data)
                    assert isinstance(request, Request)
                    known.met(data, request, PEER)
        for kind in range(200):
            data = caller(5000, uri=f"sip:{kind:03}@127.0.0.1").request("BYE", to_tag="x")
            learned += known.read(data, PEER) is not None
        assert learned <= 64

    def test_cseq_numbers_are_not_kept_for_ever(self) -> None:
        likeness = likeness_of("OPTIONS")
        for number in range(1, 5000):
            like = likeness.read(caller(number).request("OPTIONS"))
            assert like is not None
            assert like.cseq == (100 + number + 1, "OPTIONS")
        assert len(likeness._cseqs) <= 1024
