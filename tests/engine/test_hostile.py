"""Whatever comes in: no verb raises, and nothing stays when time has passed all timers."""

from __future__ import annotations

import random
from collections.abc import Iterator

import pytest
from bench import (
    OFFER,
    TCP,
    UDP,
    Bench,
    Caller,
    Step,
    forms,
    leftovers,
    reply_to,
    whats,
)
from sip.torture_messages import FOLDER, REQUESTS, message

from responder.errors import ParseError
from responder.events import Malformed
from responder.sip.message import Request
from responder.sip.parser import parse
from responder.uas.script import Order, Reply

TORTURE = sorted(path.stem for path in FOLDER.glob("*.dat"))

OPTIONAL = (
    "Supported: 100rel, timer",
    "Require: 100rel",
    "Session-Expires: 1800;refresher=uac",
    "Min-SE: 90",
    "Record-Route: <sip:p1.example.com;lr>, <sip:192.0.2.9>",
    "Timestamp: 12.5",
    "Expires: 300",
    "Accept: application/sdp, text/plain",
    "Event: presence",
    "Refer-To: <sip:carol@example.com?Replaces=1%40x>",
    "RAck: 1 1 INVITE",
    "Content-Encoding: identity",
    "Content-Disposition: session;handling=optional",
    "Route: <sip:127.0.0.1;lr>",
    "Replaces: 1@x;to-tag=1;from-tag=2",
    "Path: <sip:p;lr>",
)


def requests(rng: random.Random) -> Iterator[bytes]:
    """Valid requests of all methods with all sorts of fields, each of its own call."""
    number = 0
    methods = ("INVITE", "OPTIONS", "REGISTER", "SUBSCRIBE", "REFER", "MESSAGE", "PUBLISH", "BYE", "CANCEL", "ACK")
    methods += ("INFO", "UPDATE", "PRACK", "NOTIFY", "FROBNICATE")
    while True:
        number += 1
        caller = Caller(number)
        method = rng.choice(methods)
        fields = rng.sample(OPTIONAL, rng.randrange(5))
        if method in ("SUBSCRIBE", "PUBLISH") and "Event: presence" not in fields:
            fields.append("Event: presence")
        body = OFFER if method in ("INVITE", "UPDATE") and rng.random() < 0.7 else b""
        to_tag = "x" if rng.random() < 0.1 else None
        via = "SIP/2.0/UDP 192.0.2.10:5062" + rng.choice(["", ";rport", ";maddr=192.0.2.77"])
        data = caller.request(method, *fields, body=body, to_tag=to_tag, put={"Via": f"{via};branch={caller.branch()}"})
        yield rng.choice(list(forms(data)))[1] if rng.random() < 0.3 else data


SPICE = (b"\r\n", b"\n", b"\0", b"\xff", b",", b";", b"<", b">", b'"', b"%", b":", b" ", b"\t", b"=", b"@", b"9" * 30)


def mutated(data: bytes, rng: random.Random) -> bytes:
    """That message with a few bytes changed, dropped, doubled, put in or exchanged."""
    for _ in range(rng.choice((1, 1, 1, 2, 4))):
        at = rng.randrange(len(data) + 1)
        kind = rng.randrange(7)
        if kind == 0:
            data = data[:at] + bytes([rng.randrange(256)]) + data[at + 1 :]
        elif kind == 1:
            data = data[:at] + data[at + rng.randrange(1, 12) :]
        elif kind == 2:
            data = data[:at] + rng.choice(SPICE) + data[at:]
        elif kind == 3:
            data = data[:at] + data[at : at + 40] * 2 + data[at + 40 :]
        elif kind == 4:
            data = data[:at]
        elif kind == 5:
            lines = data.split(b"\r\n")
            rng.shuffle(lines)
            data = b"\r\n".join(lines)
        else:
            lines = data.split(b"\r\n")
            lines[rng.randrange(len(lines))] = lines[rng.randrange(len(lines))]
            data = b"\r\n".join(lines)
    return data


def hostile(*steps: Step, **more: object) -> Bench:
    """A bench for requests that are malformed."""
    bench = Bench(*steps, **more)  # type: ignore[arg-type]
    bench.hostile = True
    return bench


def assert_quiet(bench: Bench) -> None:
    """Time passes all timers: then nothing is there any more."""
    bench.run(8000.0)
    assert bench.engine.busy == 0
    assert bench.leftovers() == {}


class TestMutants:
    """Seeded mutants of valid requests, several thousand."""

    @pytest.mark.parametrize(
        ("steps", "unchecked"),
        [
            ((Reply(180), Reply(200)), ()),
            ((Reply(180, reliable=True), 1.0, Reply(200)), ()),
            ((Reply(486),), ()),
            ((Reply(183, sdp=True), Reply(200), "ack", Order("BYE")), ()),
            ((Reply(200),), ("syntax", "version")),
            ((Reply(180), Reply(200)), ("all",)),
        ],
        ids=["accept", "reliable", "refuse", "hang up", "syntax unchecked", "all unchecked"],
    )
    def test_no_verb_raises_and_nothing_stays(self, steps: tuple[Step, ...], unchecked: tuple[str, ...]) -> None:
        rng = random.Random(f"{len(steps)} {unchecked}")
        bench = hostile(*steps, unchecked=unchecked)
        source = requests(rng)
        for count in range(700):
            data = mutated(next(source), rng)
            bench.receive(data, rng.choice((UDP, UDP, TCP)))
            if rng.random() < 0.2:
                bench.receive(data)
            if count % 50 == 0:
                bench.run(rng.random() * 10)
        assert_quiet(bench)
        assert len(bench.ended) == bench.engine.finished

    def test_mutants_of_everything_in_a_dialog(self) -> None:
        rng = random.Random(5)
        bench = hostile(Reply(183, sdp=True, reliable=True), 0.5, Reply(200))
        bench.peers["BYE"] = 200
        for number in range(150):
            caller = Caller(number)
            sent = bench.receive(
                mutated(caller.invite("Supported: 100rel"), rng) if rng.random() < 0.2 else caller.invite()
            )
            tags = [one.message.to_tag for one in sent if one.what not in ("BYE", "NOTIFY") and one.message.to_tag]
            caller.to_tag = tags[0] if tags else "none"
            for method in rng.sample(
                ["PRACK", "ACK", "UPDATE", "INFO", "INVITE", "BYE", "CANCEL", "SUBSCRIBE", "REFER"], 5
            ):
                fields = ["RAck: 1 1 INVITE"] if method == "PRACK" else rng.sample(OPTIONAL, 2)
                data = caller.request(method, *fields, body=rng.choice((b"", OFFER)))
                bench.receive(mutated(data, rng) if rng.random() < 0.7 else data)
            bench.run(rng.random())
        assert_quiet(bench)

    def test_mutants_of_responses(self) -> None:
        rng = random.Random(6)
        bench = hostile(Reply(200), "ack", Order("INVITE"), Order("INFO"), 1.0, Order("BYE"))

        def answer(sent: object) -> bytes | None:
            data = reply_to(
                sent, rng.choice((100, 180, 200, 200, 302, 401, 481, 500, 603)), body=rng.choice((b"", OFFER))
            )  # type: ignore[arg-type]
            return mutated(data, rng) if rng.random() < 0.7 else data

        for method in ("INVITE", "INFO", "BYE"):
            bench.peers[method] = answer
        for number in range(150):
            caller = Caller(number)
            caller.heard(bench.receive(caller.invite())[0])
            bench.receive(caller.ack())
            bench.run(0.2)
            if rng.random() < 0.5:
                bench.receive(caller.bye())
        bench.peers["BYE"] = 200
        bench.run(300.0)
        # an INVITE of ours that rings for ever is the peer's doing: only a BYE ends that
        alive = list(bench.engine._core.calls.values())
        assert all(any(not client.open or client.method == "INVITE" for client in clients(bench)) for _ in alive)

    def test_noise(self) -> None:
        rng, bench = random.Random(7), Bench()
        for _ in range(300):
            data = rng.randbytes(rng.randrange(80))
            assert bench.receive(data, rng.choice((UDP, TCP))) == []
        for data in (
            b"",
            b"\r\n\r\n",
            b"\0",
            b"SIP/2.0",
            b"INVITE",
            b"INVITE sip:x SIP/2.0",
            b"\r\n\r\n\0\0",
            b"x" * 65535,
        ):
            bench.receive(data)
        assert bench.leftovers() == {}


def clients(bench: Bench) -> list[object]:
    return list(bench.engine._layer.clients.values())


class TestTorture:
    """RFC 4475 and RFC 5118: every message of theirs, through the whole engine."""

    @pytest.mark.parametrize("name", TORTURE)
    @pytest.mark.parametrize("flow", [UDP, TCP], ids=["UDP", "TCP"])
    def test_each(self, name: str, flow: object) -> None:
        bench = Bench()
        bench.hostile = REQUESTS.get(name) is not None
        bench.receive(message(name), flow)  # type: ignore[arg-type]
        assert_quiet(bench)

    @pytest.mark.parametrize("name", [name for name, status in REQUESTS.items() if status is not None])
    def test_a_syntax_fault_gets_its_status(self, name: str) -> None:
        bench, data = hostile(), message(name)
        try:
            parsed = parse(data)
        except ParseError:
            return
        assert isinstance(parsed, Request)
        sent = bench.receive(data)
        if parsed.method != "ACK":
            assert whats(sent)[:1] == [str(REQUESTS[name])]

    @pytest.mark.parametrize(
        ("name", "status"),
        [
            ("intmeth", 501),
            ("esc02", 501),
            ("unkscm", 416),
            ("novelsc", 416),
            ("unksm2", 400),
            ("bext01", 420),
            ("invut", 415),
            ("sdp01", 406),
            ("cparam01", 200),
            ("cparam02", 200),
            ("regescrt", 200),
            ("zeromf", 200),
            ("longreq", 180),
            ("dblreq", 200),
            ("semiuri", 200),
            ("transports", 200),
            ("mpart01", 200),
            ("wsinv", 481),  # well-formed, and its To has a tag
            ("inv2543", 180),
            ("escnull", 200),
            ("esc01", 180),
            ("lwsdisp", 200),
            ("port-ambiguous", 200),
            ("mult-ip-in-sdp", 180),
            ("ipv6-in-sdp", 180),
        ],
    )
    def test_a_well_formed_one_gets_what_the_rfc_says(self, name: str, status: int) -> None:
        sent = Bench().receive(message(name))
        assert sent
        assert sent[0].status == status

    def test_bext01_names_what_is_not_supported(self) -> None:
        # RFC 4475 3.3.5; 8.2.2.3: of the tags in Require alone
        (sent,) = Bench().receive(message("bext01"))
        assert set(sent.message.every("unsupported")) == {"nothingSupportsThis", "nothingSupportsThisEither"}

    def test_nothing_is_added_to_other_lines(self) -> None:
        # insuf has neither From nor To nor Call-ID: the 400 has none, and no tag where there is no To
        (sent,) = hostile().receive(message("insuf"))
        assert sent.status == 400
        assert b";tag=" not in sent.data
        via = sent.message.vias[0]
        assert [name for name, _ in via.params.items] == ["branch", "received"]

    def test_a_field_that_only_an_inspection_reads(self) -> None:
        # 21.4.1; what a peer got wrong is no error of ours
        bench = hostile()
        (sent,) = bench.receive(Caller().invite("Accept: application"))
        assert sent.data.startswith(b"SIP/2.0 400 Malformed Accept\r\n")

    def test_all_of_them_in_one_engine(self) -> None:
        bench = hostile()
        for name in TORTURE * 2:
            bench.receive(message(name))
            bench.receive(message(name), TCP)
        assert_quiet(bench)

    def test_mutants_of_them(self) -> None:
        rng, bench = random.Random(8), hostile()
        for name in TORTURE * 5:
            bench.receive(mutated(message(name), rng))
        assert_quiet(bench)


class TestBounds:
    """Nothing that a peer can do makes the engine grow without end."""

    def test_no_more_calls_than_allowed(self) -> None:
        bench = Bench(Reply(180), "stay", most_calls=5)
        statuses = [bench.receive(Caller(number).invite())[0].status for number in range(8)]
        assert statuses == [180] * 5 + [503] * 3

    def test_no_more_transactions_than_allowed(self) -> None:
        bench = Bench(most_transactions=5)
        answered = [len(bench.receive(Caller(number).request("OPTIONS"))) for number in range(8)]
        assert answered == [1] * 5 + [0] * 3
        bench.run(33.0)
        assert whats(bench.receive(Caller(9).request("OPTIONS"))) == ["200"]

    def test_calls_refused_for_want_of_room_take_none(self) -> None:
        # else a flood of INVITEs whose refusal is never acknowledged would go on refusing for ever
        bench = Bench(Reply(180), Reply(200), most_calls=5)
        callers = [Caller(number) for number in range(5)]
        for caller in callers:
            bench.call(caller)
        for number in range(100, 110):
            assert whats(bench.receive(Caller(number).invite())) == ["503"]
        for caller in callers:
            bench.receive(caller.bye())
        assert whats(bench.receive(Caller(200).invite())) == ["180", "200"]

    def test_prepared_replies_are_bounded(self) -> None:
        bench = Bench(plans={"*": (lambda call, transaction: call.respond(transaction, Reply(200)),)})
        for number in range(1500):
            fields = [f"X-{number}: y"] if number % 2 else []
            bench.engine.receive(Caller(number).request("OPTIONS", *fields), UDP, 0.0)
            bench.engine.transmits()
        prepared = bench.engine._core.builder._prepared
        assert len(prepared) <= 1024
        assert max(map(len, prepared.values())) <= 256

    def test_detours_are_bounded(self) -> None:
        bench = Bench()
        for number in range(6000):
            via = f"SIP/2.0/UDP 10.0.0.1:{1 + number}"
            bench.engine.receive(Caller(number, via=via).request("OPTIONS"), UDP, 0.0)
            bench.engine.transmits()
        assert len(bench.engine._layer._detours) <= 4096

    def test_responses_out_of_the_blue(self) -> None:
        bench, caller = Bench(), Caller()
        data = b"SIP/2.0 200 OK" + caller.request("BYE").partition(b"SIP/2.0")[2]
        for _ in range(100):
            assert bench.receive(data) == []
        assert leftovers(bench.engine) == {}


class TestReports:
    """What cannot be read is told."""

    def test_malformed(self) -> None:
        bench = Bench()
        bench.receive(b"nonsense")
        (event,) = bench.events
        assert isinstance(event, Malformed)
        assert (event.data, event.answered, event.flow) == (b"nonsense", 0, UDP)

    @pytest.mark.parametrize("data", [b"\r\n", b"\r\n\r\n", b"\0\0\0\0"])
    def test_what_keeps_a_nat_open_is_not_told(self, data: bytes) -> None:
        """As pjsua, linphone and others have it on UDP, where RFC 5626 section 4.4 wants STUN."""
        bench = Bench()
        assert bench.receive(data) == []
        assert bench.events == []

    def test_rejected_by_the_framer(self) -> None:
        bench, caller = Bench(), Caller(flow=TCP)
        head = caller.invite(body=b"").replace(b"Content-Length: 0", b"Content-Length: 99999999999")
        bench.engine.rejected(ParseError("Message too large", status=413), head, TCP, 0.0)
        bench._collect()
        assert whats(bench.sent) == ["413"]
        assert_quiet(bench)

    @pytest.mark.parametrize(
        "head", [b"", b"\0\0\0", b"GET / HTTP/1.1\r\n\r\n", b"SIP/2.0 200 OK\r\n\r\n", b"INVITE x"]
    )
    def test_rejected_without_a_head(self, head: bytes) -> None:
        bench = Bench()
        bench.engine.rejected(ParseError("Head too long", status=400), head, TCP, 0.0)
        bench._collect()
        assert_quiet(bench)
