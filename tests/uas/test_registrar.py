"""The registrar, by the steps of RFC 3261 section 10.3."""

from __future__ import annotations

import random
import re
from typing import Any

import pytest

from responder.errors import ParseError
from responder.events import Flow
from responder.registry import Capabilities
from responder.sip.message import Request
from responder.sip.parser import parse
from responder.sip.uri import Uri
from responder.uas.registrar import Outcome, Registrar

AOR = "sip:bob@example.com"
INSTANCE = '+sip.instance="<urn:uuid:00000000-0000-1000-8000-000A95A0E128>"'


def register(
    *fields: str,
    to: str = "<sip:bob@example.com>",
    uri: str = "sip:example.com",
    call_id: str = "c1",
    cseq: int = 1,
) -> Request:
    """A REGISTER of Bob's with those fields."""
    via = [] if any(field.startswith("Via:") for field in fields) else ["Via: SIP/2.0/UDP 192.0.2.9;branch=z9hG4bKa"]
    lines = [
        f"REGISTER {uri} SIP/2.0",
        *via,
        "From: <sip:bob@example.com>;tag=a",
        f"To: {to}",
        f"Call-ID: {call_id}",
        f"CSeq: {cseq} REGISTER",
        *fields,
        "Content-Length: 0",
        "",
        "",
    ]
    parsed = parse("\r\n".join(lines).encode())
    assert isinstance(parsed, Request)
    return parsed


def uris(registrar: Registrar, now: float = 0.0, aor: str = AOR) -> list[str]:
    return [str(binding.contact.uri) for binding in registrar.bindings(aor, now)]


@pytest.fixture
def registrar() -> Registrar:
    return Registrar(Capabilities())


class TestSteps1And5Domain:
    """Is the address-of-record one of ours?"""

    @pytest.mark.parametrize(
        ("uri", "to", "status"),
        [
            ("sip:example.com", "<sip:bob@example.com>", 200),
            ("sip:EXAMPLE.com", "<sip:bob@Example.COM>", 200),
            ("sip:elsewhere.net", "<sip:bob@example.com>", 404),
            ("sip:example.com", "<sip:bob@elsewhere.net>", 404),
        ],
    )
    def test_another_domain_is_not_found(self, uri: str, to: str, status: int) -> None:
        registrar = Registrar(Capabilities(), domains=frozenset({"example.com"}))
        assert registrar.register(register("Contact: <sip:b@h>", uri=uri, to=to), 0.0).status == status

    def test_any_domain_as_a_rule(self, registrar: Registrar) -> None:
        outcome = registrar.register(register("Contact: <sip:b@h>", uri="sip:192.0.2.1", to="<sip:bob@anywhere>"), 0.0)
        assert outcome.status == 200


class TestStep5CanonicalForm:
    """URI parameters are removed, escapes are resolved; the rest is compared."""

    @pytest.mark.parametrize(
        "to",
        [
            "<sip:bob@example.com>",
            '"Bob" <sip:bob@example.com>',
            "<sip:bob@EXAMPLE.com;user=phone;transport=tcp>",
            "<sip:%62o%62@example.com>",
            "sip:bob@example.com",
        ],
    )
    def test_the_same(self, registrar: Registrar, to: str) -> None:
        registrar.register(register("Contact: <sip:b@h>", to=to), 0.0)
        assert uris(registrar) == ["sip:b@h"]
        assert uris(registrar, aor="sip:bob@example.com;lr") == ["sip:b@h"]

    @pytest.mark.parametrize(
        "to", ["<sip:Bob@example.com>", "<sips:bob@example.com>", "<sip:bob@example.com:5060>", "<sip:example.com>"]
    )
    def test_others(self, registrar: Registrar, to: str) -> None:
        registrar.register(register("Contact: <sip:b@h>", to=to), 0.0)
        assert uris(registrar) == []
        assert len(registrar) == 1


class TestStep6:
    """No Contact, and `*`."""

    def test_without_contact_bindings_are_fetched(self, registrar: Registrar) -> None:
        assert registrar.register(register(), 0.0) == Outcome(200, ())
        registrar.register(register("Contact: <sip:b@h>;expires=600"), 0.0)
        # a fetch changes nothing, not even for an old CSeq
        assert registrar.register(register(cseq=1), 200.0) == Outcome(200, ("<sip:b@h>;expires=400",))

    def test_star_with_expires_0_removes_all(self, registrar: Registrar) -> None:
        registrar.register(register("Contact: <sip:b@h>, <sip:c@h>"), 0.0)
        registrar.register(register("Contact: <sip:d@h>", call_id="c2", cseq=9), 0.0)
        # c2's binding goes whatever the CSeq, since the Call-ID differs
        assert registrar.register(register("Contact: *", "Expires: 0", cseq=2), 1.0) == Outcome(200, ())
        assert uris(registrar, 1.0) == []
        assert len(registrar) == 0

    @pytest.mark.parametrize(
        "fields",
        [
            ("Contact: *",),
            ("Contact: *", "Expires: 600"),
            ("Contact: *, <sip:c@h>", "Expires: 0"),
            ("Contact: *", "Contact: <sip:c@h>", "Expires: 0"),
            ("Contact: *", "Expires: soon"),
        ],
    )
    def test_star_misused_is_a_bad_request(self, registrar: Registrar, fields: tuple[str, ...]) -> None:
        registrar.register(register("Contact: <sip:b@h>"), 0.0)
        outcome = registrar.register(register(*fields, cseq=2), 1.0)
        assert outcome.status == 400
        assert outcome.reason
        assert uris(registrar, 1.0) == ["sip:b@h"]

    def test_star_out_of_order_fails_as_a_whole(self, registrar: Registrar) -> None:
        registrar.register(register("Contact: <sip:a@h>", call_id="other"), 0.0)
        registrar.register(register("Contact: <sip:b@h>", cseq=5), 0.0)
        for cseq in (4, 5):
            assert registrar.register(register("Contact: *", "Expires: 0", cseq=cseq), 1.0).status == 500
        assert uris(registrar, 1.0) == ["sip:a@h", "sip:b@h"]

    def test_star_where_there_is_nothing(self, registrar: Registrar) -> None:
        assert registrar.register(register("Contact: *", "Expires: 0"), 0.0) == Outcome(200, ())


class TestStep7Expiration:
    """The parameter, else Expires, else our default; shortened, never raised; too brief ones are refused."""

    @pytest.mark.parametrize(
        ("fields", "granted"),
        [
            (("Contact: <sip:b@h>;expires=600", "Expires: 900"), 600),
            (("Contact: <sip:b@h>", "Expires: 900"), 900),
            (("Contact: <sip:b@h>",), 1800),
            (("Contact: <sip:b@h>;expires=99999",), 3600),
            (("Contact: <sip:b@h>;expires=60",), 60),
            # "Malformed values SHOULD be treated as equivalent to 3600." (10.2)
            (("Contact: <sip:b@h>;expires=soon",), 3600),
            (("Contact: <sip:b@h>;expires=99999999999",), 3600),
            (("Contact: <sip:b@h>", "Expires: soon"), 3600),
        ],
    )
    def test_granted(self, fields: tuple[str, ...], granted: int) -> None:
        registrar = Registrar(Capabilities(default_expires=1800))
        assert registrar.register(register(*fields), 0.0).contacts == (f"<sip:b@h>;expires={granted}",)

    @pytest.mark.parametrize("expires", [1, 59])
    def test_too_brief(self, registrar: Registrar, expires: int) -> None:
        outcome = registrar.register(register("Contact: <sip:a@h>", f"Contact: <sip:b@h>;expires={expires}"), 0.0)
        assert outcome == Outcome(423)
        assert uris(registrar) == []

    def test_an_hour_is_never_too_brief(self) -> None:
        registrar = Registrar(Capabilities(min_expires=7200, max_expires=9000))
        assert registrar.register(register("Contact: <sip:b@h>;expires=3599"), 0.0).status == 423
        assert registrar.register(register("Contact: <sip:b@h>;expires=3600"), 0.0).status == 200

    def test_0_removes_a_binding(self, registrar: Registrar) -> None:
        registrar.register(register("Contact: <sip:a@h>, <sip:b@h>"), 0.0)
        outcome = registrar.register(register("Contact: <sip:a@h>;expires=0", cseq=2), 0.0)
        assert outcome == Outcome(200, ("<sip:b@h>;expires=3600",))
        assert registrar.register(register("Contact: <sip:b@h>", "Expires: 0", cseq=3), 0.0).contacts == ()
        assert len(registrar) == 0

    def test_0_for_what_is_not_there(self, registrar: Registrar) -> None:
        assert registrar.register(register("Contact: <sip:a@h>;expires=0"), 0.0) == Outcome(200, ())


class TestStep7Comparison:
    """Bindings are told apart by URI comparison (section 19.1.4)."""

    @pytest.mark.parametrize(
        ("second", "bindings"),
        [
            ("<sip:b@H>", 1),
            ("<sip:%62@h>", 1),
            ("<sip:b@h;new=1>", 1),
            ("<sip:B@h>", 2),
            ("<sip:b@h:5060>", 2),
            ("<sips:b@h>", 2),
            ("<sip:b@h;transport=tcp>", 2),
            ("<tel:+1-201>", 2),
        ],
    )
    def test_same_or_not(self, registrar: Registrar, second: str, bindings: int) -> None:
        registrar.register(register("Contact: <sip:b@h>"), 0.0)
        assert len(registrar.register(register(f"Contact: {second}", cseq=2), 0.0).contacts) == bindings

    def test_the_newer_contact_stands_in_the_olds_place(self, registrar: Registrar) -> None:
        registrar.register(register("Contact: <sip:a@h>, <sip:b@h>;q=0.1"), 0.0)
        outcome = registrar.register(register('Contact: "A" <sip:a@H>;q=0.7;expires=60', cseq=2), 0.0)
        assert outcome.contacts == ("A <sip:a@H>;q=0.7;expires=60", "<sip:b@h>;q=0.1;expires=3600")

    def test_a_contact_that_is_named_twice_counts_once(self, registrar: Registrar) -> None:
        fields = ("Contact: <sip:a@h>;q=0.1, <sip:b@h>, <sip:a@h>;q=0.9",)
        expected = ("<sip:a@h>;q=0.9;expires=3600", "<sip:b@h>;expires=3600")
        assert registrar.register(register(*fields), 0.0).contacts == expected
        assert registrar.register(register(*fields, cseq=2), 0.0).contacts == expected

    def test_several_at_once(self, registrar: Registrar) -> None:
        registrar.register(register("Contact: <sip:a@h>"), 0.0)
        fields = ("Contact: <sip:a@h>;expires=0, <sip:b@h>;expires=100", "Contact: <sip:c@h>;expires=200")
        outcome = registrar.register(register(*fields, cseq=2), 0.0)
        assert outcome.contacts == ("<sip:b@h>;expires=100", "<sip:c@h>;expires=200")


class TestStep7Order:
    """A binding of the same Call-ID needs a higher CSeq; another Call-ID may always change it."""

    @pytest.mark.parametrize(("cseq", "expires"), [(4, 0), (4, 600), (5, 0)])
    def test_out_of_order_is_refused(self, registrar: Registrar, cseq: int, expires: int) -> None:
        registrar.register(register("Contact: <sip:b@h>", cseq=5), 0.0)
        outcome = registrar.register(register(f"Contact: <sip:b@h>;expires={expires}", cseq=cseq), 1.0)
        assert outcome.status == 500
        assert [b.cseq for b in registrar.bindings(AOR, 1.0)] == [5]

    def test_a_repeat_that_keeps_the_binding_is_harmless(self, registrar: Registrar) -> None:
        registrar.register(register("Contact: <sip:b@h>", cseq=5), 0.0)
        assert registrar.register(register("Contact: <sip:b@h>", cseq=5), 1.0).status == 200

    def test_in_order(self, registrar: Registrar) -> None:
        registrar.register(register("Contact: <sip:b@h>", cseq=5), 0.0)
        assert registrar.register(register("Contact: <sip:b@h>;expires=60", cseq=6), 1.0).status == 200

    def test_another_call_id(self, registrar: Registrar) -> None:
        registrar.register(register("Contact: <sip:b@h>", cseq=5), 0.0)
        assert registrar.register(register("Contact: <sip:b@h>", call_id="c2", cseq=1), 0.0).status == 200
        (binding,) = registrar.bindings(AOR, 0.0)
        assert (binding.call_id, binding.cseq) == ("c2", 1)
        assert registrar.register(register("Contact: <sip:b@h>;expires=0", call_id="c3"), 0.0).contacts == ()

    def test_all_or_nothing(self, registrar: Registrar) -> None:
        registrar.register(register("Contact: <sip:b@h>", cseq=5), 0.0)
        fields = ("Contact: <sip:a@h>, <sip:b@h>, <sip:c@h>",)
        assert registrar.register(register(*fields, cseq=4), 0.0).status == 500
        assert uris(registrar) == ["sip:b@h"]


class TestStep8:
    """All bindings, each with the seconds left to it."""

    def test_time_passes(self, registrar: Registrar) -> None:
        registrar.register(register("Contact: <sip:a@h>;expires=100"), 1000.0)
        registrar.register(register("Contact: <sip:b@h>;expires=300", cseq=2), 1050.0)
        assert registrar.register(register(), 1060.0).contacts == ("<sip:a@h>;expires=40", "<sip:b@h>;expires=290")
        assert registrar.register(register(), 1099.9).contacts == ("<sip:a@h>;expires=1", "<sip:b@h>;expires=250")
        assert registrar.register(register(), 1100.0).contacts == ("<sip:b@h>;expires=250",)
        assert registrar.register(register(), 1350.0).contacts == ()
        assert len(registrar) == 0

    def test_an_expired_binding_has_no_say_in_the_order(self, registrar: Registrar) -> None:
        registrar.register(register("Contact: <sip:b@h>;expires=60", cseq=9), 0.0)
        assert registrar.register(register("Contact: <sip:b@h>", cseq=2), 60.0).status == 200

    def test_parameters_are_kept(self, registrar: Registrar) -> None:
        contact = f'"Bob \\"B\\"" <sip:b@h;x=y>;q=0.5;{INSTANCE};methods="INVITE,BYE";expires=600'
        assert registrar.register(register(f"Contact: {contact}"), 0.0).contacts == (contact,)


class TestPath:
    """RFC 3327 section 5.3."""

    def test_is_stored_with_the_binding(self, registrar: Registrar) -> None:
        fields = ("Path: <sip:p1;lr>, <sip:p2;lr>", "Supported: path")
        assert registrar.register(register("Contact: <sip:b@h>", *fields), 0.0).status == 200
        (binding,) = registrar.bindings(AOR, 0.0)
        assert binding.path == ("<sip:p1;lr>", "<sip:p2;lr>")

    def test_a_client_that_does_not_know_of_it_is_warned(self, registrar: Registrar) -> None:
        fields = ("Contact: <sip:b@h>", "Path: <sip:p1;lr>")
        assert registrar.register(register(*fields), 0.0) == Outcome(420)
        assert uris(registrar) == []
        assert Registrar(Capabilities(), path_unasked=True).register(register(*fields), 0.0).status == 200


class TestOutbound:
    """RFC 5626 section 6."""

    FLOW = f"Contact: <sip:b@192.0.2.9>;{INSTANCE};reg-id=1"
    PROXIED = ("Via: SIP/2.0/UDP p, SIP/2.0/UDP c", "Supported: outbound, path")

    def test_instance_and_reg_id_make_the_binding(self, registrar: Registrar) -> None:
        registrar.register(register(self.FLOW, "Supported: outbound"), 0.0, Flow("UDP", ("h", 1), ("c", 2)))
        moved = self.FLOW.replace("192.0.2.9", "198.51.100.1:7000")
        new = Flow("TCP", ("h", 1), ("c", 3), 7)
        outcome = registrar.register(register(moved, "Supported: outbound", cseq=2), 0.0, new)
        assert outcome.contacts == (f"<sip:b@198.51.100.1:7000>;{INSTANCE};reg-id=1;expires=3600",)
        (binding,) = registrar.bindings(AOR, 0.0)
        assert binding.flow is new

    def test_another_reg_id_is_another_binding(self, registrar: Registrar) -> None:
        registrar.register(register(self.FLOW), 0.0)
        assert len(registrar.register(register(self.FLOW.replace("id=1", "id=2"), cseq=2), 0.0).contacts) == 2

    def test_flows_and_plain_contacts_stand_side_by_side(self, registrar: Registrar) -> None:
        registrar.register(register(self.FLOW), 0.0)
        assert len(registrar.register(register("Contact: <sip:b@192.0.2.9>", cseq=2), 0.0).contacts) == 2

    def test_a_flow_is_taken_down_by_its_key(self, registrar: Registrar) -> None:
        registrar.register(register(self.FLOW), 0.0)
        gone = self.FLOW.replace("192.0.2.9", "anywhere") + ";expires=0"
        assert registrar.register(register(gone, cseq=2), 0.0).contacts == ()

    def test_a_reg_id_without_instance_is_ignored(self, registrar: Registrar) -> None:
        registrar.register(register("Contact: <sip:a@h>;reg-id=1, <sip:b@h>;reg-id=1"), 0.0)
        assert uris(registrar) == ["sip:a@h", "sip:b@h"]

    def test_only_one_lasting_contact_beside_a_flow(self, registrar: Registrar) -> None:
        assert registrar.register(register(self.FLOW + ", <sip:c@h>"), 0.0).status == 400
        assert registrar.register(register(self.FLOW + ", <sip:c@h>;expires=0"), 0.0).status == 200

    def test_a_first_hop_that_does_not_know_outbound(self, registrar: Registrar) -> None:
        assert registrar.register(register(self.FLOW, *self.PROXIED), 0.0) == Outcome(439)
        assert registrar.register(register(self.FLOW, *self.PROXIED, "Path: <sip:p;lr>"), 0.0) == Outcome(439)
        assert registrar.register(register(self.FLOW, *self.PROXIED, "Path: <sip:p;lr;ob>"), 0.0).status == 200

    def test_behind_such_a_hop_reg_id_is_ignored_where_outbound_is_not_supported(self, registrar: Registrar) -> None:
        registrar.register(register(self.FLOW, self.PROXIED[0]), 0.0)
        assert registrar.bindings(AOR, 0.0)[0].key is None

    def test_it_can_be_switched_off(self) -> None:
        registrar = Registrar(Capabilities(supported=("path",)))
        assert registrar.register(register(self.FLOW, *self.PROXIED), 0.0).status == 200
        assert registrar.bindings(AOR, 0.0)[0].key is None


class TestGruu:
    """RFC 5627 section 5."""

    CONTACT = f"Contact: <sip:b@192.0.2.9>;{INSTANCE}"
    PUBLIC = 'pub-gruu="sip:bob@example.com;gr=urn:uuid:00000000-0000-1000-8000-000A95A0E128"'

    def test_a_client_that_knows_them_gets_a_public_one(self, registrar: Registrar) -> None:
        (value,) = registrar.register(register(self.CONTACT, "Supported: gruu"), 0.0).contacts
        assert value == f"<sip:b@192.0.2.9>;{INSTANCE};{self.PUBLIC};expires=3600"
        (value,) = registrar.register(register(), 0.0).contacts
        assert "gruu" not in value

    def test_not_for_a_contact_without_instance(self, registrar: Registrar) -> None:
        (value,) = registrar.register(register("Contact: <sip:b@h>", "Supported: gruu"), 0.0).contacts
        assert "gruu" not in value

    def test_what_a_client_says_of_them_is_ignored(self, registrar: Registrar) -> None:
        own = self.CONTACT + ';pub-gruu="sip:x@y;gr";temp-gruu="sip:z@y;gr"'
        assert registrar.register(register(own), 0.0).contacts == (f"<sip:b@192.0.2.9>;{INSTANCE};expires=3600",)

    def test_characters_that_a_uri_cannot_hold_are_escaped(self, registrar: Registrar) -> None:
        odd = 'Contact: <sip:b@h>;+sip.instance="<x;y \u00e9>"'
        (value,) = registrar.register(register(odd, "Supported: gruu"), 0.0).contacts
        assert 'pub-gruu="sip:bob@example.com;gr=x%3By%20%C3%A9"' in value

    @pytest.mark.parametrize(
        ("contact", "status"),
        [
            ("<sip:bob@example.com>", 403),
            ("<sip:bob@example.com;gr=urn:uuid:1>", 403),
            ("<mailto:bob@example.com>", 403),
            ("<sip:bob@192.0.2.9>", 200),
        ],
    )
    def test_no_loops(self, registrar: Registrar, contact: str, status: int) -> None:
        assert registrar.register(register(f"Contact: {contact};{INSTANCE}"), 0.0).status == status

    def test_without_an_instance_nothing_is_checked(self, registrar: Registrar) -> None:
        assert registrar.register(register("Contact: <mailto:bob@example.com>"), 0.0).status == 200

    def test_it_can_be_switched_off(self) -> None:
        registrar = Registrar(Capabilities(supported=()))
        fields = (f"Contact: <sip:bob@example.com>;{INSTANCE}", "Supported: gruu")
        (value,) = registrar.register(register(*fields), 0.0).contacts
        assert "gruu" not in value


class TestBounds:
    def test_bindings_of_one_address(self) -> None:
        registrar = Registrar(Capabilities(), most_bindings=2)
        registrar.register(register("Contact: <sip:a@h>, <sip:b@h>"), 0.0)
        assert registrar.register(register("Contact: <sip:c@h>", cseq=2), 0.0).status == 500
        assert registrar.register(register("Contact: <sip:a@h>;expires=0, <sip:c@h>", cseq=2), 0.0).status == 200
        assert uris(registrar) == ["sip:b@h", "sip:c@h"]

    def test_addresses(self) -> None:
        registrar = Registrar(Capabilities(), most_aors=2)
        for name, expires in (("a", 60), ("b", 600)):
            registrar.register(register(f"Contact: <sip:x@h>;expires={expires}", to=f"<sip:{name}@h>"), 0.0)
        late = register("Contact: <sip:x@h>", to="<sip:c@h>")
        assert registrar.register(late, 59.0).status == 500
        assert uris(registrar, 59.0, "sip:c@h") == []
        # those that are known are served all the same
        assert registrar.register(register("Contact: <sip:x@h>", to="<sip:b@h>", cseq=2), 59.0).status == 200
        # what has expired makes room
        assert registrar.register(late, 60.0).status == 200
        assert len(registrar) == 2
        assert registrar.register(register("Contact: <sip:x@h>", to="<sip:d@h>"), 60.0).status == 500

    def test_no_room_is_taken_by_what_is_not_stored(self) -> None:
        registrar = Registrar(Capabilities(), most_aors=1)
        for n in range(5):
            assert registrar.register(register(to=f"<sip:{n}@h>"), 0.0).status == 200
        assert len(registrar) == 0


class TestMalformed:
    @pytest.mark.parametrize(
        ("fields", "to"),
        [(("Contact: <sip:",), "<sip:bob@example.com>"), ((), "<sip:bob@"), (("Contact: ;",), "<sip:bob@example.com>")],
    )
    def test_is_a_bad_request(self, registrar: Registrar, fields: tuple[str, ...], to: str) -> None:
        outcome = registrar.register(register(*fields, to=to), 0.0)
        assert outcome.status == 400
        assert outcome.reason

    def test_bindings_of_no_uri(self, registrar: Registrar) -> None:
        with pytest.raises(ParseError):
            registrar.bindings("bob", 0.0)


class TestTemporaryGruu:
    """RFC 5627 sections 3.1.2, 5.1, 5.2."""

    CONTACT = f"Contact: <sip:b@192.0.2.9>;{INSTANCE}"

    @staticmethod
    def given(registrar: Registrar, *fields: str, **more: Any) -> str:
        (value,) = registrar.register(register(*fields, "Supported: gruu", **more), 0.0).contacts
        found = re.search(r'temp-gruu="(sip:tgruu\.[0-9a-f]{40}@example\.com;gr)"', value)
        assert found, value
        return found[1]

    def test_stands_beside_the_public_one(self) -> None:
        registrar = Registrar(Capabilities(), ids=random.Random(1))
        first = self.given(registrar, self.CONTACT)
        assert Uri.parse(first).user != "bob"
        assert self.given(registrar, cseq=2) == first, "a fetch makes no new one"
        assert self.given(registrar, self.CONTACT, cseq=3) != first, "a refresh does"

    def test_nobody_can_tell_whose_it_is(self) -> None:
        made = {
            self.given(Registrar(Capabilities(), ids=random.Random(seed)), self.CONTACT, to=f"<sip:{name}@example.com>")
            for seed in (1, 2)
            for name in ("bob", "eve")
        }
        assert len(made) == 4

    def test_none_for_who_does_not_know_them(self) -> None:
        registrar = Registrar(Capabilities(), ids=random.Random(1))
        (value,) = registrar.register(register(self.CONTACT), 0.0).contacts
        assert "gruu" not in value


class TestBehindGruu:
    """RFC 5627 section 6.1."""

    FLOW = Flow("UDP", ("h", 1), ("c", 2))
    PUBLIC = Uri.parse("sip:bob@example.com;gr=urn:uuid:00000000-0000-1000-8000-000a95a0e128")

    @staticmethod
    def bound(registrar: Registrar, number: int = 0, **more: Any) -> str:
        """Register a contact of the instance: its temporary GRUU."""
        fields = (f"Contact: <sip:b{number}@h>;{INSTANCE}", "Supported: gruu")
        values = registrar.register(register(*fields, **more), float(number), TestBehindGruu.FLOW).contacts
        found = re.search(r'temp-gruu="([^"]+)"', values[-1])
        assert found, values
        return found[1]

    def test_the_contact_of_the_instance_that_was_refreshed_last(self) -> None:
        registrar = Registrar(Capabilities(), ids=random.Random(1))
        assert registrar.behind_gruu(self.PUBLIC, 0.0) is None
        registrar.register(register('Contact: <sip:other@h>;+sip.instance="<urn:x>"'), 5.0, self.FLOW)
        for number in (0, 1):
            self.bound(registrar, number, cseq=10 + number)
            found = registrar.behind_gruu(self.PUBLIC, 2.0)
            assert found is not None
            assert str(found.contact.uri) == f"sip:b{number}@h"
        assert registrar.behind_gruu(self.PUBLIC, 9999.0) is None

    @pytest.mark.parametrize("uri", ["sip:bob@example.com", "sip:eve@example.com;gr=urn:x", "sip:bob@example.com;gr=y"])
    def test_no_gruu_of_ours(self, uri: str) -> None:
        registrar = Registrar(Capabilities(), ids=random.Random(1))
        self.bound(registrar)
        assert registrar.behind_gruu(Uri.parse(uri), 0.0) is None

    def test_temporary_ones_are_good_until_the_call_id_changes(self) -> None:
        """Section 3.1.2: a refresh makes another one, and the ones before it stay good."""
        registrar = Registrar(Capabilities(), ids=random.Random(1))
        first, second = (Uri.parse(self.bound(registrar, cseq=cseq)) for cseq in (1, 2_000_000_000))
        for gruu in (first, second):
            assert registrar.behind_gruu(gruu, 0.0) is not None
            assert registrar.behind_gruu(Uri.parse(f"sip:{gruu.user}@example.org;gr"), 0.0) is None
        self.bound(registrar, cseq=1, call_id="another")
        assert [registrar.behind_gruu(gruu, 0.0) for gruu in (first, second)] == [None, None]

    @pytest.mark.parametrize("user", ["tgruu.", "tgruu.xyz", "bob", "tgruu." + "0" * 40, "tgruu." + "é" * 40])
    def test_temporary_ones_that_nobody_made(self, user: str) -> None:
        registrar = Registrar(Capabilities(), ids=random.Random(1))
        self.bound(registrar)
        params = Uri.parse("sip:a@b;gr").params
        assert registrar.behind_gruu(Uri("sip", user, None, "example.com", None, params), 0.0) is None


class TestContactOf:
    def test_the_best_one(self, registrar: Registrar) -> None:
        registrar.register(register("Contact: <sip:a@h>;q=0.3, <sip:b@h>;q=0.7, <sip:c@h>;q=0.5"), 0.0)
        assert registrar.contact_of("bob", 0.0) == "sip:b@h"

    def test_of_equals_the_latest(self, registrar: Registrar) -> None:
        registrar.register(register("Contact: <sip:a@h>;expires=3600"), 0.0)
        registrar.register(register("Contact: <sip:b@h>;expires=60", cseq=2), 1.0)
        assert registrar.contact_of("bob", 1.0) == "sip:b@h"
        registrar.register(register("Contact: <sip:a@h>;expires=60", cseq=3), 2.0)
        assert registrar.contact_of("bob", 2.0) == "sip:a@h"

    def test_by_user_or_by_user_and_host(self, registrar: Registrar) -> None:
        registrar.register(register("Contact: <sip:a@h>", to="<sip:bob@one>"), 0.0)
        registrar.register(register("Contact: <sip:b@h>", to="<sips:bob@two>"), 1.0)
        assert registrar.contact_of("bob", 1.0) == "sip:b@h"
        assert registrar.contact_of("bob@ONE", 1.0) == "sip:a@h"
        assert registrar.contact_of("bob@two", 1.0) == "sip:b@h"
        assert registrar.contact_of("bob@three", 1.0) is None
        assert registrar.contact_of("alice", 1.0) is None

    def test_what_has_expired_or_was_taken_down_is_gone(self, registrar: Registrar) -> None:
        registrar.register(register("Contact: <sip:a@h>;expires=60, <sip:b@h>;q=0.1"), 0.0)
        assert registrar.contact_of("bob", 59.9) == "sip:a@h"
        assert registrar.contact_of("bob", 60.0) == "sip:b@h"
        registrar.register(register("Contact: *", "Expires: 0", cseq=2), 60.0)
        assert registrar.contact_of("bob", 60.0) is None

    def test_a_q_that_is_no_number(self, registrar: Registrar) -> None:
        registrar.register(register("Contact: <sip:a@h>;q=0.9, <sip:b@h>;q=x"), 0.0)
        assert registrar.contact_of("bob", 0.0) == "sip:b@h"


class TestRouteTo:
    """RFC 3327 section 5.4, RFC 5626 section 5.3."""

    FLOW = Flow("TCP", ("h", 1), ("c", 2), 7)

    def test_by_its_flow_and_path(self, registrar: Registrar) -> None:
        path = ("Path: <sip:p1;lr>, <sip:p2;lr>", "Supported: path")
        registrar.register(register("Contact: <sip:b@h;transport=tcp>", *path), 0.0, self.FLOW)
        assert registrar.route_to("sip:b@H;transport=TCP", 0.0) == (self.FLOW, ["<sip:p1;lr>", "<sip:p2;lr>"])
        assert registrar.route_to("sip:b@h", 0.0) is None, "transport must be in both (19.1.4)"
        assert registrar.route_to("sip:c@h;transport=tcp", 0.0) is None
        assert registrar.route_to("sip:b@h;transport=tcp", 3600.0) is None

    def test_the_flow_that_was_registered_last(self, registrar: Registrar) -> None:
        later = Flow("UDP", ("h", 1), ("d", 3))
        registrar.register(register("Contact: <sip:b@h>", to="<sip:one@h>"), 0.0, self.FLOW)
        registrar.register(register("Contact: <sip:b@h>", to="<sip:two@h>"), 1.0, later)
        assert registrar.route_to("sip:b@h", 1.0) == (later, [])
        registrar.register(register("Contact: <sip:b@h>", to="<sip:one@h>", cseq=2), 2.0, self.FLOW)
        assert registrar.route_to("sip:b@h", 2.0) == (self.FLOW, [])

    def test_where_nobody_knows_how_it_came(self, registrar: Registrar) -> None:
        registrar.register(register("Contact: <sip:b@h>"), 0.0)
        assert registrar.route_to("sip:b@h", 0.0) is None

    def test_no_uri(self, registrar: Registrar) -> None:
        with pytest.raises(ParseError):
            registrar.route_to("b", 0.0)


def test_nothing_is_left_of_what_is_gone() -> None:
    """The index holds no more than the bindings do, however they went."""
    registrar = Registrar(Capabilities(), most_aors=20)
    for number in range(200):
        name = f"<sip:u{number}@h>"
        now = number * 60.0
        registrar.register(register(f"Contact: <sip:c{number}@h>;expires=120", to=name), now, TestRouteTo.FLOW)
        if number % 3 == 0:
            registrar.register(register(f"Contact: <sip:c{number}@h>;expires=0", to=name, cseq=2), now)
    assert len(registrar) <= 20
    registrar.register(register("Contact: <sip:x@h>", to="<sip:last@h>"), 1e6, TestRouteTo.FLOW)
    for number in range(200):
        registrar.bindings(f"sip:u{number}@h", 1e6)
    registrar.register(register("Contact: *", "Expires: 0", to="<sip:last@h>", cseq=2), 1e6)
    assert len(registrar) == len(registrar._index) == 0
