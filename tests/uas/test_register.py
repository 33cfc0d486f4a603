"""REGISTER at the built-in registrar, seen on the wire: RFC 3261 section 10.3."""

from __future__ import annotations

import pytest
from bench import Bench, Caller, Sent, address, whats

CONTACT = "<sip:alice@192.0.2.10:5062>"


class Phone(Caller):
    """A UA that registers `sip:bob@127.0.0.1`."""

    def register(self, *contacts: str, expires: int | None = None, fields: tuple[str, ...] = ()) -> bytes:
        lines = [f"Contact: {contact}" for contact in contacts] + list(fields)
        if expires is not None:
            lines.append(f"Expires: {expires}")
        return self.request("REGISTER", *lines, contact=False, uri="sip:127.0.0.1")


def bindings(sent: Sent) -> dict[str, int]:
    """URI and seconds of every Contact."""
    found = [address(value) for value in sent.message.every("contact")]
    return {str(one.uri): int(one.params.get("expires") or -1) for one in found}


class TestBindings:
    def test_added(self) -> None:
        bench = Bench()
        (sent,) = bench.receive(Phone().register(CONTACT, expires=600))
        assert sent.status == 200
        assert bindings(sent) == {"sip:alice@192.0.2.10:5062": 600}

    def test_step_8_the_response_lists_them_all_with_expires(self) -> None:
        bench, phone = Bench(), Phone()
        bench.receive(phone.register(CONTACT, expires=600))
        (sent,) = bench.receive(phone.register("<sip:two@192.0.2.11>;expires=300"))
        assert bindings(sent) == {"sip:alice@192.0.2.10:5062": 600, "sip:two@192.0.2.11": 300}

    def test_fetched(self) -> None:
        # 10.2.3: a REGISTER without Contact
        bench, phone = Bench(), Phone()
        bench.receive(phone.register(CONTACT, expires=600))
        bench.run(100.0)
        assert bindings(bench.receive(phone.register())[0]) == {"sip:alice@192.0.2.10:5062": 500}

    def test_none(self) -> None:
        (sent,) = Bench().receive(Phone().register())
        assert (sent.status, sent["Contact"]) == (200, None)

    def test_refreshed(self) -> None:
        bench, phone = Bench(), Phone()
        bench.receive(phone.register(CONTACT, expires=600))
        bench.run(500.0)
        assert bindings(bench.receive(phone.register(CONTACT, expires=600))[0]) == {"sip:alice@192.0.2.10:5062": 600}

    def test_expired(self) -> None:
        bench, phone = Bench(), Phone()
        bench.receive(phone.register(CONTACT, expires=600))
        bench.run(601.0)
        assert bindings(bench.receive(phone.register())[0]) == {}

    def test_removed(self) -> None:
        bench, phone = Bench(), Phone()
        bench.receive(phone.register(CONTACT, "<sip:two@192.0.2.11>", expires=600))
        assert bindings(bench.receive(phone.register(CONTACT, expires=0))[0]) == {"sip:two@192.0.2.11": 600}

    def test_all_removed(self) -> None:
        bench, phone = Bench(), Phone()
        bench.receive(phone.register(CONTACT, "<sip:two@192.0.2.11>", expires=600))
        assert bindings(bench.receive(phone.register("*", expires=0))[0]) == {}

    def test_400_for_a_star_that_keeps_them(self) -> None:
        bench, phone = Bench(), Phone()
        assert whats(bench.receive(phone.register("*", expires=10))) == ["400"]
        assert whats(bench.receive(phone.register("*", CONTACT, expires=0))) == ["400"]

    def test_another_address_of_record_is_another(self) -> None:
        bench = Bench()
        bench.receive(Phone(1).register(CONTACT))
        (sent,) = bench.receive(Phone(2, to="<sip:carol@127.0.0.1>").register())
        assert sent["Contact"] is None

    def test_a_date(self) -> None:
        # step 8: "The response SHOULD include a Date header field"
        (sent,) = Bench(epoch=1_289_690_940.0).receive(Phone().register())
        assert sent["Date"] == "Sat, 13 Nov 2010 23:29:00 GMT"


class TestIntervals:
    def test_423_with_min_expires(self) -> None:
        # step 7: "MAY reject the registration with a response of 423 ... MUST contain a Min-Expires header field"
        bench, phone = Bench(capabilities={"min_expires": 120}), Phone()
        (sent,) = bench.receive(phone.register(CONTACT, expires=60))
        assert (sent.status, sent["Min-Expires"]) == (423, "120")
        assert whats(bench.receive(phone.register(CONTACT, expires=120))) == ["200"]

    def test_nothing_was_registered(self) -> None:
        bench, phone = Bench(capabilities={"min_expires": 120}), Phone()
        bench.receive(phone.register("<sip:two@192.0.2.11>", f"{CONTACT};expires=1", expires=600))
        assert bindings(bench.receive(phone.register())[0]) == {}

    @pytest.mark.parametrize(("asked", "given"), [(None, 3600), (999_999, 3600), (300, 300)])
    def test_granted(self, asked: int | None, given: int) -> None:
        (sent,) = Bench().receive(Phone().register(CONTACT, expires=asked))
        assert bindings(sent) == {"sip:alice@192.0.2.10:5062": given}


class TestTransactions:
    def test_a_retransmission_is_no_second_registration(self) -> None:
        bench, phone = Bench(), Phone()
        data = phone.register(CONTACT)
        assert [one.data for one in bench.receive(data)] == [one.data for one in bench.receive(data)]

    def test_a_lower_cseq_fails(self) -> None:
        # step 7: "the update MUST be aborted and the request fails"
        bench, phone = Bench(), Phone()
        phone.cseq = 10
        bench.receive(phone.register(CONTACT))
        phone.cseq = 5
        assert whats(bench.receive(phone.register(CONTACT))) == ["500"]

    def test_every_refresh_ends_at_once(self) -> None:
        bench, phone = Bench(), Phone()
        for number in range(1, 4):
            bench.receive(phone.register(CONTACT))
            assert (len(bench.ended), bench.engine.busy) == (number, 0)
        bench.drain()

    def test_path_is_kept_and_told(self) -> None:
        # RFC 3327 section 5.3
        fields = ("Supported: path", "Path: <sip:p1;lr>, <sip:p2;lr>")
        (sent,) = Bench().receive(Phone().register(CONTACT, fields=fields))
        assert sent.message.every("path") == ["<sip:p1;lr>", "<sip:p2;lr>"]

    def test_path_that_the_client_does_not_support(self) -> None:
        (sent,) = Bench().receive(Phone().register(CONTACT, fields=("Path: <sip:p1;lr>",)))
        assert sent.status == 420
