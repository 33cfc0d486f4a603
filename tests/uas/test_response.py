"""Generating the response: RFC 3261 section 8.2.6, and what a Reply may change of it."""

from __future__ import annotations

import pytest
from bench import BUSY, OK, PROGRESS, RINGING, TCP, Bench, Caller, Sent, forms, whats

from responder.events import Flow
from responder.uas.script import Reply


def first(bench: Bench, data: bytes) -> Sent:
    return bench.receive(data)[0]


class TestProvisional:
    """8.2.6.1."""

    def test_timestamp_is_copied_into_100_with_the_delay(self) -> None:
        bench = Bench("stay")
        bench.receive(Caller().invite("Timestamp: 54.21"))
        (trying,) = bench.run(0.3)
        stamp, delay = str(trying["Timestamp"]).split()
        assert stamp == "54.21"
        assert float(delay) == pytest.approx(0.2, abs=0.001)

    def test_without_delay(self) -> None:
        bench = Bench(Reply(100), "stay")
        assert str(first(bench, Caller().invite("Timestamp: 54"))["Timestamp"]).split()[0] == "54"

    def test_no_timestamp_where_there_was_none(self) -> None:
        bench = Bench(Reply(100), "stay")
        assert first(bench, Caller().invite())["Timestamp"] is None

    def test_no_to_tag_in_100(self) -> None:
        # 17.2.1: "the insertion of tags in the To header field ... is downgraded from MAY to SHOULD NOT"
        bench = Bench(Reply(100), "stay")
        assert first(bench, Caller().invite())["To"] == "<sip:bob@127.0.0.1>"

    def test_100_has_neither_contact_nor_record_route(self) -> None:
        bench = Bench(Reply(100), "stay")
        sent = first(bench, Caller().invite("Record-Route: <sip:p;lr>"))
        assert sent["Contact"] is None
        assert sent["Record-Route"] is None


class TestCopies:
    """8.2.6.2."""

    FROM = '"Ä. \\" B" <sip:alice@example.com;x=y>;tag=f1;more="a;b,c"'
    TO = "Bob X <sip:bob@example.com?Subject=x>;param=1"

    @pytest.mark.parametrize("status", [180, 200, 302, 404, 500, 603])
    def test_from_to_call_id_cseq(self, status: int) -> None:
        bench, caller = Bench(Reply(status)), Caller()
        put: dict[str, str | None] = {"From": self.FROM, "To": self.TO, "Call-ID": "a!%*_+`'~()<>:\\/[]?{}b@c"}
        sent = first(bench, caller.invite(put=put, cseq=2147483647))
        assert sent["From"] == self.FROM
        assert str(sent["To"]).startswith(self.TO + ";tag=")
        assert sent["Call-ID"] == put["Call-ID"]
        assert sent["CSeq"] == "2147483647 INVITE"
        assert (sent.message.call_id, sent.message.from_tag) == (put["Call-ID"], "f1")

    def test_several_vias_in_order(self) -> None:
        bench = Bench()
        data = Caller().request("OPTIONS", "Via: SIP/2.0/TCP b;branch=2, SIP/2.0/TLS c;branch=3", "v: SIP/2.0/UDP d")
        assert [via.host for via in first(bench, data).message.vias] == ["192.0.2.10", "b", "c", "d"]

    def test_the_order_of_the_request_does_not_matter(self) -> None:
        bench = Bench()
        head, _, body = Caller().request("OPTIONS").partition(b"\r\n\r\n")
        start, *lines = head.split(b"\r\n")
        data = b"\r\n".join([start, *reversed(lines), b"", b""]) + body
        sent = first(bench, data)
        assert sent.status == 200
        assert sent["CSeq"] == "1 OPTIONS"

    @pytest.mark.parametrize("form", [name for name, _ in forms(Caller().invite())])
    def test_whatever_the_spelling(self, form: str) -> None:
        plain, other = Bench(OK), Bench(OK)
        data = Caller().invite("Record-Route: <sip:p1;lr>, <sip:p2;lr>")
        one, two = first(plain, data), first(other, dict(forms(data))[form])
        for name in ("Via", "From", "To", "Call-ID", "CSeq", "Contact"):
            assert one[name] == two[name]
        assert one.message.every("record-route") == two.message.every("record-route")
        assert one.message.body == two.message.body

    def test_bytes_that_are_no_utf8_come_back(self) -> None:
        bench = Bench()
        data = Caller().request("OPTIONS").replace(b'"Alice"', b'"Al\xe9ice"')
        assert b'From: "Al\xe9ice" <sip:alice@example.com>;tag=from1\r\n' in first(bench, data).data

    def test_utf8_comes_back(self) -> None:
        bench = Bench()
        data = Caller(sender='"Zoë ☎" <sip:alice@example.com>').request("OPTIONS")
        assert first(bench, data)["From"] == '"Zoë ☎" <sip:alice@example.com>;tag=from1'


class TestToTag:
    """8.2.6.2: "The same tag MUST be used for all responses to that request, both final and provisional"."""

    def test_one_tag_for_all_responses(self) -> None:
        bench = Bench(Reply(100), RINGING, Reply(181), PROGRESS, OK)
        sent = bench.receive(Caller().invite())
        tags = [one.message.to_tag for one in sent]
        assert tags[0] is None
        assert len(set(tags[1:])) == 1
        assert tags[1]

    @pytest.mark.parametrize("final", [200, 302, 486, 500, 600])
    def test_a_refusal_too(self, final: int) -> None:
        bench = Bench(RINGING, 1.0, Reply(final))
        sent = bench.receive(Caller().invite()) + bench.run(1.0)
        assert sent[0].message.to_tag == sent[1].message.to_tag

    def test_retransmissions_too(self) -> None:
        bench, data = Bench(RINGING, BUSY), Caller().invite()
        sent = bench.receive(data) + bench.receive(data) + bench.run(4.0)
        assert len({one.message.to_tag for one in sent}) == 1

    def test_another_call_gets_another_tag(self) -> None:
        bench = Bench()
        tags = [first(bench, Caller(number).invite()).message.to_tag for number in range(50)]
        assert len(set(tags)) == 50

    def test_at_least_32_random_bits(self) -> None:
        # 19.3: "globally unique and cryptographically random with at least 32 bits of randomness"
        tags = [str(first(Bench(seed=seed), Caller().invite()).message.to_tag) for seed in range(20)]
        assert len(set(tags)) == 20
        assert min(map(len, tags)) >= 8

    @pytest.mark.parametrize("status", [200, 404, 500])
    def test_none_is_added_where_the_request_has_one(self, status: int) -> None:
        bench, caller = Bench(OK, "stay", later={"INFO": [Reply(status)]}), Caller()
        bench.call(caller)
        sent = first(bench, caller.request("INFO"))
        assert sent["To"] == f"<sip:bob@127.0.0.1>;tag={caller.to_tag}"

    def test_nor_in_a_100_to_such_a_request(self) -> None:
        bench, caller = Bench(OK, "stay", later={"INVITE": [Reply(100)]}), Caller()
        bench.call(caller)
        assert first(bench, caller.invite())["To"] == f"<sip:bob@127.0.0.1>;tag={caller.to_tag}"

    def test_a_tag_after_other_parameters_is_seen(self) -> None:
        bench = Bench()
        sent = first(bench, Caller(to="<sip:bob@127.0.0.1>;x=y;TAG=given;z").request("INFO"))
        assert sent["To"] == "<sip:bob@127.0.0.1>;x=y;TAG=given;z"
        assert sent.status == 481

    def test_a_tag_in_the_uri_is_none(self) -> None:
        bench = Bench()
        sent = first(bench, Caller(to="<sip:bob@127.0.0.1;tag=uri>").request("OPTIONS"))
        assert str(sent["To"]).startswith("<sip:bob@127.0.0.1;tag=uri>;tag=")

    def test_to_as_addr_spec(self) -> None:
        bench = Bench()
        sent = first(bench, Caller(to="sip:bob@127.0.0.1").request("OPTIONS"))
        assert str(sent["To"]).startswith("sip:bob@127.0.0.1;tag=")
        assert sent.message.to.uri.user == "bob"


class TestRecordRoute:
    """12.1.1: copied in order with all parameters into responses that set up a dialog."""

    ROUTES = ("<sip:p3.example.com;lr;x=y>;z=1", '"P 2" <sip:p2.example.com;lr>', "<sips:p1.example.com:5061;lr=on>")

    @pytest.mark.parametrize("lines", [True, False])
    @pytest.mark.parametrize("status", [180, 183, 200])
    def test_in_responses_to_invite(self, status: int, lines: bool) -> None:
        bench = Bench(Reply(status))
        fields = [f"Record-Route: {r}" for r in self.ROUTES] if lines else [f"Record-Route: {', '.join(self.ROUTES)}"]
        assert first(bench, Caller().invite(*fields)).message.every("record-route") == list(self.ROUTES)

    def test_in_the_2xx_to_subscribe(self) -> None:
        sent = first(Bench(), Caller().request("SUBSCRIBE", "Event: presence", f"Record-Route: {self.ROUTES[0]}"))
        assert sent.message.every("record-route") == [self.ROUTES[0]]


class TestContact:
    """12.1.1: "The UAS MUST add a Contact header field to the response"."""

    @pytest.mark.parametrize("status", [180, 200])
    def test_our_address_on_the_flow(self, status: int) -> None:
        assert first(Bench(Reply(status)), Caller().invite())["Contact"] == "<sip:responder@127.0.0.1:5060>"

    def test_tcp(self) -> None:
        bench = Bench(OK)
        (sent,) = bench.receive(Caller(flow=TCP).invite(), TCP)
        assert sent["Contact"] == "<sip:responder@127.0.0.1:5060;transport=tcp>"

    def test_by_the_address_that_it_came_to(self) -> None:
        bench = Bench(OK)
        for host in ("10.0.0.1", "10.0.0.2"):
            flow = Flow("UDP", (host, 5080), ("192.0.2.10", 5062))
            (sent,) = bench.receive(Caller(int(host[-1])).invite(), flow)
            assert sent["Contact"] == f"<sip:responder@{host}:5080>"

    @pytest.mark.parametrize(
        ("uri", "contact", "fields"),
        [
            ("sips:bob@127.0.0.1", None, []),
            ("sip:bob@127.0.0.1", "<sips:alice@192.0.2.10>", []),
            ("sip:bob@127.0.0.1", None, ["Record-Route: <sips:p;lr>"]),
        ],
    )
    def test_sips_where_the_rules_want_it(self, uri: str, contact: str | None, fields: list[str]) -> None:
        # "If the request ... contained a SIPS URI in the Request-URI or in the top Record-Route header field value, if
        # there was any, or the Contact header field if there was no Record-Route header field"
        caller = Caller(uri=uri, contact=contact)
        assert str(first(Bench(OK), caller.invite(*fields))["Contact"]).startswith("<sips:responder@")

    def test_no_sips_where_only_the_contact_has_it_behind_a_record_route(self) -> None:
        caller = Caller(contact="<sips:alice@192.0.2.10>")
        assert str(first(Bench(OK), caller.invite("Record-Route: <sip:p;lr>"))["Contact"]).startswith("<sip:")

    def test_advertised(self) -> None:
        bench = Bench(OK, advertise="sip.example.com:5099", user="me")
        assert first(bench, Caller().invite())["Contact"] == "<sip:me@sip.example.com:5099>"


class TestEngines:
    """Two engines in one process share nothing, whatever is prepared and remembered for speed."""

    @pytest.mark.parametrize(
        ("settings", "name", "one", "two"),
        [
            ({"user": "other"}, "Contact", "<sip:responder@127.0.0.1:5060>", "<sip:other@127.0.0.1:5060>"),
            (
                {"advertise": "x.example.com"},
                "Contact",
                "<sip:responder@127.0.0.1:5060>",
                "<sip:responder@x.example.com>",
            ),
            ({"capabilities": {"allow": ("INVITE", "ACK")}}, "Allow", None, "INVITE, ACK"),
            ({"capabilities": {"supported": ("timer",)}}, "Supported", None, "timer"),
        ],
    )
    def test_settings_are_those_of_the_engine(
        self, settings: dict[str, object], name: str, one: str | None, two: str
    ) -> None:
        plain, other = Bench(OK), Bench(OK, **settings)  # type: ignore[arg-type]
        before = first(plain, Caller().invite())[name]
        assert one is None or before == one
        assert first(other, Caller().invite())[name] == two
        assert first(plain, Caller(2).invite())[name] == before

    def test_a_registry_of_its_own(self) -> None:
        import random

        from bench import UDP, Book

        from responder.engine import Engine
        from responder.registry import Registry
        from responder.registry.override import Override
        from responder.sip.parser import parse

        first(Bench(BUSY), Caller().invite())
        engine = Engine(
            Book({"*": (BUSY,)}),
            ids=random.Random(1),
            registry=Registry.standard().extended([Override(status=486, phrase="Engaged")]),
        )
        engine.receive(Caller().invite(), UDP, 0.0)
        assert parse(engine.transmits()[0][0]).reason == "Engaged"  # type: ignore[union-attr]


class Upper:
    """A template that renders its scope."""

    def render(self, scope: object) -> str:
        return f"rendered {scope}"


class TestReply:
    """What a Reply says stands; what it leaves out is implied."""

    def sent(self, reply: Reply, *fields: str, scope: object = None) -> Sent:
        bench = Bench(lambda call, transaction: call.respond(transaction, reply, scope))
        return bench.receive(Caller().invite(*fields))[0]

    def test_reason(self) -> None:
        assert self.sent(Reply(486, reason="No Way")).data.startswith(b"SIP/2.0 486 No Way\r\n")
        assert self.sent(Reply(486, reason="")).data.startswith(b"SIP/2.0 486 \r\n")
        assert self.sent(Reply(486)).data.startswith(b"SIP/2.0 486 Busy Here\r\n")
        assert self.sent(Reply(486, reason=Upper()), scope=7).data.startswith(b"SIP/2.0 486 rendered 7\r\n")

    @pytest.mark.parametrize("value", ["fixed", Upper()], ids=["text", "template"])
    def test_headers_replace(self, value: object) -> None:
        sent = self.sent(Reply(200, headers=(("Allow", value), ("X-New", "1"))))  # type: ignore[arg-type]
        assert len(sent.message.shape.every["allow"]) == 1
        assert sent["Allow"] in ("fixed", "rendered None")
        assert sent["X-New"] == "1"

    def test_several_of_one_name_all_stand(self) -> None:
        sent = self.sent(Reply(200, headers=(("X-A", "1"), ("X-A", "2"))))
        assert sent.message.every("x-a") == ["1", "2"]

    @pytest.mark.parametrize("name", ["Via", "From", "To", "Call-ID", "CSeq", "Contact", "Content-Type"])
    def test_headers_replace_what_is_copied(self, name: str) -> None:
        bench = Bench(Reply(200, headers=((name, "sip:x"),)))
        data = bench.engine
        data.receive(Caller().invite(), Caller().flow, 0.0)
        ((wire, _),) = data.transmits()
        head = wire.partition(b"\r\n\r\n")[0].decode()
        assert [line for line in head.split("\r\n") if line.startswith(name + ":")] == [f"{name}: sip:x"]

    def test_added_stands_beside(self) -> None:
        sent = self.sent(Reply(200, added=(("Allow", "MORE"), ("X-A", "1"))))
        assert sent.message.every("allow")[-1] == "MORE"
        assert len(sent.message.shape.every["allow"]) == 2
        assert sent["X-A"] == "1"

    @pytest.mark.parametrize("key", ["allow", "contact", "supported", "record-route"])
    def test_removed(self, key: str) -> None:
        plain = self.sent(Reply(200), "Record-Route: <sip:p;lr>")
        assert plain.message.first(key) is not None
        assert self.sent(Reply(200, removed=frozenset({key})), "Record-Route: <sip:p;lr>").message.first(key) is None

    @pytest.mark.parametrize("key", ["via", "from", "to", "call-id", "cseq", "content-length"])
    def test_removed_even_where_rfc_3261_wants_it(self, key: str) -> None:
        bench = Bench(Reply(486, removed=frozenset({key})))
        bench.engine.receive(Caller().invite(), Caller().flow, 0.0)
        ((wire, _),) = bench.engine.transmits()
        names = [line.partition(b":")[0].decode().lower() for line in wire.split(b"\r\n")[1:] if line]
        assert key not in names
        assert len(names) >= 4

    def test_body(self) -> None:
        sent = self.sent(Reply(486, body="hällo", content_type="text/html"))
        assert (sent.message.body, sent["Content-Type"]) == ("hällo".encode(), "text/html")
        sent = self.sent(Reply(486, body=b"\x00\xff"))
        assert sent.message.body == b"\x00\xff"
        sent = self.sent(Reply(486, body=Upper()), scope="x")
        assert sent.message.body == b"rendered x"

    def test_sdp(self) -> None:
        assert self.sent(Reply(200, sdp=False)).message.body == b""
        assert self.sent(Reply(200, sdp="v=0\r\n")).message.body == b"v=0\r\n"
        assert self.sent(Reply(180)).message.body == b""
        assert self.sent(Reply(180, sdp=True)).message.body.startswith(b"v=0\r\n")
        assert self.sent(Reply(486, sdp=True)).message.body.startswith(b"v=0\r\n")

    def test_contact(self) -> None:
        assert self.sent(Reply(200, contact=False))["Contact"] is None
        assert self.sent(Reply(200, contact="<sip:x@y>"))["Contact"] == "<sip:x@y>"
        assert self.sent(Reply(486, contact=True))["Contact"] == "<sip:responder@127.0.0.1:5060>"
        assert self.sent(Reply(486))["Contact"] is None

    def test_to_tag(self) -> None:
        assert self.sent(Reply(486, to_tag=False)).message.to_tag is None
        assert self.sent(Reply(486, to_tag="mine")).message.to_tag == "mine"
        assert self.sent(Reply(486, to_tag=True)).message.to_tag

    def test_bare(self) -> None:
        sent = self.sent(Reply(200, bare=True, headers=(("X-A", "1"),)))
        names = {name.lower() for name, _ in sent.message.fields()}
        assert names == {"via", "from", "to", "call-id", "cseq", "x-a", "content-length"}

    @pytest.mark.parametrize("raw", [b"\x00 anything", "anything", Upper()], ids=["bytes", "text", "template"])
    def test_raw(self, raw: object) -> None:
        bench = Bench(Reply(486, raw=raw))  # type: ignore[arg-type]
        bench.engine.receive(Caller().invite(), Caller().flow, 0.0)
        ((wire, _),) = bench.engine.transmits()
        assert wire in (b"\x00 anything", b"anything", b"rendered None")

    def test_compact(self) -> None:
        sent = self.sent(Reply(200, compact=True))
        names = [name for name, _ in sent.message.fields()]
        assert set("vftimckl") <= set(names)
        assert "Via" not in names

    def test_the_same_reply_to_requests_of_other_shapes(self) -> None:
        bench = Bench(Reply(200, headers=(("X-A", "1"),)))
        for number in range(5):
            caller = Caller(number)
            sent = bench.receive(caller.invite(*[f"X-{n}: y" for n in range(number)]))[0]
            assert (sent["X-A"], sent["Call-ID"]) == ("1", caller.call_id)

    def test_100_plus_300_codes(self) -> None:
        for status in (100, 101, 180, 199, 200, 299, 300, 399, 499, 599, 699):
            assert self.sent(Reply(status)).status == status

    def test_a_deviation_is_noted(self) -> None:
        bench = Bench(plans={"*": (Reply(180),)})
        bench.receive(Caller().request("OPTIONS"))
        assert any(note.kind == "deviation" and "RFC" in note.text for note in bench.notes)


class TestMethods:
    """Built-in answers where no script takes the request."""

    @pytest.mark.parametrize("method", ["OPTIONS", "MESSAGE", "PUBLISH", "REGISTER", "INVITE"])
    def test_200(self, method: str) -> None:
        fields = ["Event: presence"] if method == "PUBLISH" else []
        assert whats(Bench("answer").receive(Caller().request(method, *fields))) == ["200"]

    def test_options_tells_what_an_invite_would_find(self) -> None:
        # 11.2: Allow, Accept, Accept-Encoding, Accept-Language and Supported SHOULD be present
        sent = first(Bench(), Caller().request("OPTIONS"))
        for name in ("Allow", "Accept", "Accept-Encoding", "Accept-Language", "Supported"):
            assert sent[name], name

    @pytest.mark.parametrize("method", ["NOTIFY", "PRACK", "BYE", "INFO", "UPDATE"])
    def test_481_for_what_belongs_to_nothing(self, method: str) -> None:
        # RFC 6665 4.1.3, RFC 3262 3, RFC 3261 15.1.2, RFC 6086 4.2.2, RFC 3311 5.1
        fields = ["RAck: 1 1 INVITE", "Event: presence", "Subscription-State: active"]
        assert whats(Bench().receive(Caller().request(method, *fields))) == ["481"]

    def test_469_for_an_info_package_that_nobody_takes(self) -> None:
        # RFC 6086 section 4.2.2
        bench, caller = Bench(OK, "stay"), Caller()
        bench.call(caller)
        (sent,) = bench.receive(caller.request("INFO", "Info-Package: foo"))
        assert sent.status == 469
        assert sent["Recv-Info"] is not None
