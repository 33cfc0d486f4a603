"""Where header values come from, case by case, by the RFC that wants the header."""

from __future__ import annotations

from typing import Any

import pytest

from responder.registry import Capabilities, Registry, secure_contact
from responder.registry.derive import sip_date
from responder.registry.intervals import SessionTimer, session_timer
from responder.sip.digest import Challenge
from responder.sip.message import Request

from .making import occasion, request

REGISTRY = Registry.standard()


def values(status: int, asked: Request, name: str, **known: Any) -> list[str]:
    """The values of that header in that response, levels MUST and SHOULD."""
    headers = REGISTRY.headers(status, asked.method, occasion(status, asked, **known))
    return [value for field, value in headers if field == name]


def optional(status: int, asked: Request, name: str, **known: Any) -> list[str]:
    """The same with level MAY."""
    headers = REGISTRY.headers(status, asked.method, occasion(status, asked, **known), frozenset({name.lower()}))
    return [value for field, value in headers if field == name]


class TestUnsupported:
    """RFC 3261 section 8.2.2.3: those of Require that we do not understand."""

    @pytest.mark.parametrize(
        ("fields", "expected"),
        [
            (("Require: foo, 100rel, bar",), "foo, bar"),
            (("Require: 100REL, Foo", "Require: timer"), "Foo"),
            (("Proxy-Require: foo",), "foo"),
            (("Require: a", "Proxy-Require: b"), "a"),  # a UAS does not look at what proxies must support
            # forced: all of Require, else of Proxy-Require, else of Supported, else a made-up tag
            (("Require: 100rel, timer", "Supported: path"), "100rel, timer"),
            (("Proxy-Require: timer", "Supported: path"), "timer"),
            (("Supported: path, gruu",), "path, gruu"),
            ((), "x-not-known-here"),
            (("Supported:",), "x-not-known-here"),
            (("Require: foo, foo",), "foo"),
        ],
    )
    def test_names_the_tags(self, fields: tuple[str, ...], expected: str) -> None:
        assert values(420, request("INVITE", *fields), "Unsupported") == [expected]

    def test_a_path_that_the_client_did_not_ask_for(self) -> None:
        """RFC 3327 section 5.3."""
        path = "Path: <sip:p;lr>"
        assert values(420, request("REGISTER", path, "Supported: gruu"), "Unsupported") == ["path"]
        assert values(420, request("REGISTER", path, "Supported: path"), "Unsupported") == ["path"]
        assert values(420, request("INVITE", path, "Supported: gruu"), "Unsupported") == ["gruu"]

    def test_what_we_support_is_a_setting(self) -> None:
        none = Capabilities(supported=(), fake_tag="nothing")
        assert values(420, request("INVITE", "Require: 100rel"), "Unsupported", capabilities=none) == ["100rel"]
        assert values(420, request("INVITE"), "Unsupported", capabilities=none) == ["nothing"]


class TestAllow:
    """RFC 3261 sections 8.2.1, 20.5."""

    def test_405_leaves_out_the_refused_method(self) -> None:
        for method in ("INVITE", "REGISTER", "PUBLISH"):
            (allowed,) = values(405, request(method), "Allow")
            assert method not in allowed.split(", ")
            assert {"ACK", "CANCEL"} <= set(allowed.split(", "))
            assert len(allowed.split(", ")) == 13

    def test_405_to_a_method_that_is_not_listed(self) -> None:
        (allowed,) = values(405, request("FROBNICATE"), "Allow")
        assert len(allowed.split(", ")) == 14

    def test_methods_are_a_setting(self) -> None:
        few = Capabilities(allow=("INVITE", "ACK"))
        assert values(405, request("INVITE"), "Allow", capabilities=few) == ["ACK"]
        assert values(200, request("INVITE"), "Allow", capabilities=few) == ["INVITE, ACK"]


class TestChallenges:
    """RFC 3261 section 22 and RFC 8760 section 2.3."""

    @pytest.mark.parametrize(("status", "name"), [(401, "WWW-Authenticate"), (407, "Proxy-Authenticate")])
    def test_one_field_an_algorithm_the_better_one_first(self, status: int, name: str) -> None:
        first, second = (Challenge.parse(value) for value in values(status, request("INVITE"), name))
        assert (first.algorithm, second.algorithm) == ("SHA-256", "MD5")
        assert first.realm == second.realm == "responder"
        assert first.qop == second.qop == ("auth",)
        assert first.nonce == "nonce-for-SHA-256"
        assert second.nonce == "nonce-for-MD5"
        assert first.opaque
        assert not first.stale

    def test_settings(self) -> None:
        ours = Capabilities(
            realm='a "b"', proxy_realm="p", algorithms=("MD5", "MD5"), qop=("auth", "auth-int"), opaque="fixed"
        )
        (value,) = values(401, request("INVITE"), "WWW-Authenticate", capabilities=ours)
        assert value == (
            'Digest realm="a \\"b\\"", nonce="nonce-for-MD5", opaque="fixed", algorithm=MD5, qop="auth,auth-int"'
        )
        (proxied,) = values(407, request("INVITE"), "Proxy-Authenticate", capabilities=ours)
        assert Challenge.parse(proxied).realm == "p"

    def test_stale(self) -> None:
        assert Challenge.parse(values(401, request("INVITE"), "WWW-Authenticate", stale=True)[0]).stale

    def test_a_forking_proxys_other_challenge_is_optional(self) -> None:
        assert values(401, request("INVITE"), "Proxy-Authenticate") == []
        assert len(optional(401, request("INVITE"), "Proxy-Authenticate")) == 2


class TestExtensionRequired:
    """RFC 3261 section 21.4.16, RFC 3329 section 2.3.2."""

    @pytest.mark.parametrize(
        ("fields", "expected"),
        [
            ((), "100rel"),
            (("Supported: 100REL",), "timer"),
            (("Supported: 100rel", "Require: timer"), "sec-agree"),
            (("Supported: 100rel, timer, sec-agree",), "x-not-known-here"),
        ],
    )
    def test_asks_for_what_the_client_does_not_list(self, fields: tuple[str, ...], expected: str) -> None:
        assert values(421, request("INVITE", *fields), "Require") == [expected]

    def test_sec_agree_comes_with_what_it_takes(self) -> None:
        asked = request("INVITE", "Supported: 100rel, timer")
        assert values(421, asked, "Security-Server") == ["digest;d-alg=MD5;d-qop=auth;q=0.1"]
        (challenge,) = values(421, asked, "Proxy-Authenticate")
        assert Challenge.parse(challenge).algorithm == "MD5"
        assert values(421, request("INVITE"), "Security-Server") == []
        assert values(421, request("INVITE"), "Proxy-Authenticate") == []


class TestSecurityAgreement:
    """RFC 3329 sections 2.3.1, 2.3.2."""

    def test_require_where_we_began_it(self) -> None:
        assert values(494, request("INVITE", "Supported: sec-agree"), "Require") == ["sec-agree"]
        assert values(494, request("INVITE", "Require: sec-agree"), "Require") == []
        assert values(494, request("INVITE", "Proxy-Require: Sec-Agree"), "Require") == []

    def test_digest_is_challenged_as_its_mechanism_says(self) -> None:
        ours = Capabilities(security_server=("tls;q=0.2", "digest;d-alg=SHA-256;d-qop=auth-int;q=0.1"))
        assert values(494, request("INVITE"), "Security-Server", capabilities=ours) == [
            "tls;q=0.2, digest;d-alg=SHA-256;d-qop=auth-int;q=0.1"
        ]
        (value,) = values(494, request("INVITE"), "Proxy-Authenticate", capabilities=ours)
        challenge = Challenge.parse(value)
        assert (challenge.algorithm, challenge.qop) == ("SHA-256", ("auth-int",))

    def test_no_digest_no_challenge(self) -> None:
        ours = Capabilities(security_server=("tls;q=0.2",))
        assert values(494, request("INVITE"), "Proxy-Authenticate", capabilities=ours) == []


class TestMinSE:
    """RFC 4028 sections 5, 6, 9: never below 90, always above what was asked."""

    @pytest.mark.parametrize(
        ("fields", "minimum", "expected"),
        [
            (("Session-Expires: 60",), 90, "90"),
            (("Session-Expires: 60",), 300, "300"),
            (("Session-Expires: 1800",), 90, "1801"),
            (("x: 1800;refresher=uac",), 90, "1801"),
            (("Session-Expires: 90",), 90, "91"),
            (("Session-Expires: 4294967295",), 90, "4294967296"),
            (("Session-Expires: soon",), 90, "90"),
            ((), 30, "90"),
        ],
    )
    def test_value(self, fields: tuple[str, ...], minimum: int, expected: str) -> None:
        ours = Capabilities(min_se=minimum)
        assert values(422, request("INVITE", *fields), "Min-SE", capabilities=ours) == [expected]


class TestMinExpires:
    """RFC 3261 sections 10.3, 20.23: always above what was asked."""

    @pytest.mark.parametrize(
        ("fields", "expected"),
        [
            (("Expires: 30",), "60"),
            (("Contact: <sip:a@b>;expires=30, <sip:c@d>;expires=900",), "60"),
            # forced: one second above the longest
            (("Expires: 60",), "61"),
            (("Expires: 3599",), "3600"),
            (("Expires: 7200",), "7201"),
            (("Contact: <sip:a@b>;expires=600, <sip:c@d>;expires=900", "Expires: 100"), "901"),
            # nothing to go by
            (("Expires: 0",), "60"),
            (("Expires: soon",), "60"),
            (("Contact: *", "Expires: 0"), "60"),
            ((), "60"),
        ],
    )
    def test_register(self, fields: tuple[str, ...], expected: str) -> None:
        assert values(423, request("REGISTER", *fields), "Min-Expires") == [expected]

    def test_contacts_count_in_register_only(self) -> None:
        fields = ("Contact: <sip:a@b>;expires=900", "Expires: 100")
        assert values(423, request("SUBSCRIBE", *fields), "Min-Expires") == ["101"]

    def test_the_minimum_is_a_setting(self) -> None:
        ours = Capabilities(min_expires=600)
        assert values(423, request("PUBLISH", "Expires: 60"), "Min-Expires", capabilities=ours) == ["600"]
        assert values(423, request("INVITE"), "Min-Expires", capabilities=ours) == ["600"]


class TestGrantedExpires:
    """RFC 6665 section 4.2.1.1, RFC 3903 section 6: never more than was asked, 0 stays 0."""

    @pytest.mark.parametrize("method", ["SUBSCRIBE", "PUBLISH"])
    @pytest.mark.parametrize(
        ("field", "expected"),
        [("Expires: 600", "600"), ("Expires: 0", "0"), ("Expires: 99999", "3600"), ("Subject: none", "1800")],
    )
    def test_value(self, method: str, field: str, expected: str) -> None:
        ours = Capabilities(default_expires=1800)
        assert values(200, request(method, field), "Expires", capabilities=ours) == [expected]


class TestSessionTimer:
    """RFC 4028 section 9."""

    @pytest.mark.parametrize(
        ("fields", "expected", "require"),
        [
            # table 2: who supports timers, whom the client chose -> who refreshes
            (("Session-Expires: 1800",), "1800;refresher=uas", []),
            (("Session-Expires: 1800;refresher=uas",), "1800;refresher=uas", []),
            (("Session-Expires: 1800", "Supported: timer"), "1800;refresher=uac", ["timer"]),
            (("Session-Expires: 1800;refresher=uac", "Supported: timer"), "1800;refresher=uac", ["timer"]),
            (("Session-Expires: 1800;refresher=UAS", "Supported: timer"), "1800;refresher=uas", ["timer"]),
            # shortened to what we grant, but not below Min-SE, and never raised
            (("Session-Expires: 7200", "Supported: timer"), "1800;refresher=uac", ["timer"]),
            (("Session-Expires: 7200", "Min-SE: 3600", "Supported: timer"), "3600;refresher=uac", ["timer"]),
            (("Session-Expires: 100", "Supported: timer"), "100;refresher=uac", ["timer"]),
            (("Session-Expires: 90", "Supported: timer"), "90;refresher=uac", ["timer"]),
            (("Session-Expires: 200", "Min-SE: 200", "Supported: timer"), "200;refresher=uac", ["timer"]),
        ],
    )
    @pytest.mark.parametrize("method", ["INVITE", "UPDATE"])
    def test_2xx(self, method: str, fields: tuple[str, ...], expected: str, require: list[str]) -> None:
        asked = request(method, *fields)
        assert values(200, asked, "Session-Expires") == [expected]
        assert values(200, asked, "Require") == require

    @pytest.mark.parametrize(
        "fields",
        [
            ("Supported: timer",),
            ("Session-Expires: x", "Supported: timer"),
            ("Session-Expires: 89", "Supported: timer"),
            ("Session-Expires: 100", "Min-SE: 200", "Supported: timer"),
        ],
    )
    def test_no_timer(self, fields: tuple[str, ...]) -> None:
        asked = request("INVITE", *fields)
        assert values(200, asked, "Session-Expires") == []
        assert values(200, asked, "Require") == []

    def test_settings(self) -> None:
        asked = request("INVITE", "Session-Expires: 1800", "Supported: timer")
        assert session_timer(asked, Capabilities(supported=())) is None
        assert session_timer(asked, Capabilities(session_expires=600, refresher="uas")) == SessionTimer(
            600, "uas", client_supports=True
        )

    def test_other_methods_have_none(self) -> None:
        asked = request("OPTIONS", "Session-Expires: 1800", "Supported: timer")
        assert values(200, asked, "Session-Expires") == []


class TestRedirection:
    """RFC 3261 sections 8.3, 21.3."""

    def test_301_and_302_lead_to_another_user_here(self) -> None:
        for status in (301, 302):
            assert values(status, request("INVITE"), "Contact") == ["<sip:redirected@192.0.2.1:5060>"]

    def test_never_to_the_request_uri(self) -> None:
        asked = request("INVITE", uri="sip:redirected@192.0.2.1:5060")
        assert values(302, asked, "Contact") == ["<sip:redirected-again@192.0.2.1:5060>"]
        ours = Capabilities(redirect_uris=("sip:a@b", "<sip:c@d>;q=0.3"))
        assert values(302, request("INVITE", uri="sip:a@b"), "Contact", capabilities=ours) == ["<sip:c@d>;q=0.3"]
        only = Capabilities(redirect_uris=("sip:a@b",))
        assert values(302, request("INVITE", uri="sip:a@B"), "Contact", capabilities=only) == [
            "<sip:redirected@192.0.2.1:5060>"
        ]

    def test_transport_and_scheme_are_those_of_our_contact(self) -> None:
        known = {"contact": "<sips:responder@[2001:db8::1];transport=tcp>"}
        assert values(302, request("INVITE"), "Contact", **known) == ["<sips:redirected@[2001:db8::1];transport=tcp>"]

    def test_300_offers_a_choice_the_better_one_first(self) -> None:
        assert values(300, request("INVITE"), "Contact") == [
            "<sip:redirected@192.0.2.1:5060>;q=1.0",
            "<sip:voicemail@192.0.2.1:5060>;q=0.5",
        ]

    def test_300_takes_what_is_configured(self) -> None:
        three = Capabilities(redirect_uris=("sip:a@x", "sip:b@x", "sip:c@x", "sip:d@x"))
        got = values(300, request("INVITE"), "Contact", capabilities=three)
        assert got == ["<sip:a@x>;q=1.0", "<sip:b@x>;q=0.5", "<sip:c@x>;q=0.1", "<sip:d@x>;q=0.1"]
        own_q = Capabilities(redirect_uris=("<sip:a@x>;q=0.2", "sip:b@x"))
        assert values(300, request("INVITE"), "Contact", capabilities=own_q) == ["<sip:a@x>;q=0.2", "<sip:b@x>"]

    def test_305_names_a_proxy(self) -> None:
        assert values(305, request("INVITE"), "Contact") == ["<sip:192.0.2.1:5060;lr>"]
        ours = Capabilities(proxy_uri="sip:p.example.com;lr")
        assert values(305, request("INVITE"), "Contact", capabilities=ours) == ["<sip:p.example.com;lr>"]

    def test_a_contact_that_cannot_be_read_is_replaced(self) -> None:
        known = {"contact": "odd", "host": "2001:db8::1"}
        assert values(302, request("INVITE"), "Contact", **known) == ["<sip:redirected@[2001:db8::1]>"]

    def test_302_says_how_long_on_request(self) -> None:
        assert values(302, request("INVITE"), "Expires") == []
        assert optional(302, request("INVITE"), "Expires") == ["60"]

    def test_485_lists_alternatives_on_request(self) -> None:
        """RFC 3261 section 21.4.23: it has to be possible to leave them out."""
        asked = request("INVITE", uri="sip:lee@example.com")
        assert values(485, asked, "Contact") == []
        assert optional(485, asked, "Contact") == ["<sip:lee.1@192.0.2.1:5060>", "<sip:lee.2@192.0.2.1:5060>"]
        assert optional(485, request("INVITE", uri="tel:1"), "Contact")[0] == "<sip:1.1@192.0.2.1:5060>"


class TestDialogs:
    """RFC 3261 section 12.1.1."""

    RECORDED = ("Record-Route: <sip:p1;lr>;x=1, <sip:p2;lr>", "Record-Route: P3 <sip:p3;lr>")

    @pytest.mark.parametrize(
        ("status", "method"), [(180, "INVITE"), (183, "INVITE"), (200, "INVITE"), (200, "SUBSCRIBE"), (200, "REFER")]
    )
    def test_record_route_is_copied(self, status: int, method: str) -> None:
        copied = values(status, request(method, *self.RECORDED), "Record-Route")
        assert copied == ["<sip:p1;lr>;x=1", "<sip:p2;lr>", "P3 <sip:p3;lr>"]

    @pytest.mark.parametrize(
        ("status", "method"),
        [(100, "INVITE"), (486, "INVITE"), (200, "REGISTER"), (200, "PUBLISH"), (200, "MESSAGE"), (200, "BYE")],
    )
    def test_but_not_where_no_dialog_is_made(self, status: int, method: str) -> None:
        assert values(status, request(method, *self.RECORDED), "Record-Route") == []

    @pytest.mark.parametrize(
        ("uri", "fields", "expected"),
        [
            ("sip:b@h", (), False),
            ("sips:b@h", (), True),
            ("SIPS:b@h", (), True),
            ("sip:b@h", ("Contact: <sips:a@h>",), True),
            ("sip:b@h", ("Contact: sips:a@h",), True),
            ("sip:b@h", ("Contact: <sip:a@h>, <sips:a@h>",), False),
            ("sip:b@h", ("Contact: <sips:",), False),
            ("sip:b@h", ('Contact: "<sip:x>" <sips:a@h>',), True),
            ("sip:b@h", ('Contact: "<sips:x>" <sip:a@h>',), False),
            ("sip:b@h", ("Contact: <sip:a@h>", "Record-Route: <sips:p;lr>"), True),
            # the Contact counts only where there is no Record-Route, and of that the top one
            ("sip:b@h", ("Contact: <sips:a@h>", "Record-Route: <sip:p;lr>, <sips:q;lr>"), False),
        ],
    )
    def test_when_our_contact_has_to_be_sips(self, uri: str, fields: tuple[str, ...], expected: bool) -> None:
        assert secure_contact(request("INVITE", *fields, uri=uri)) is expected

    @pytest.mark.parametrize("method", ["MESSAGE", "BYE", "PRACK", "PUBLISH", "INFO", "CANCEL", "NOTIFY", "OPTIONS"])
    def test_methods_whose_200_has_no_contact(self, method: str) -> None:
        assert values(200, request(method, "Contact: <sip:a@h>"), "Contact") == []

    def test_options_and_notify_may_have_one(self) -> None:
        for method in ("OPTIONS", "NOTIFY"):
            assert optional(200, request(method), "Contact") == ["<sip:responder@192.0.2.1:5060>"]


class TestReliableProvisionals:
    """RFC 3262 section 3."""

    def test_require_and_rseq(self) -> None:
        asked = request("INVITE", "Supported: 100rel")
        assert values(183, asked, "Require", reliable=True) == ["100rel"]
        assert values(183, asked, "RSeq", reliable=True, rseq=12) == ["12"]
        (first,) = values(183, asked, "RSeq", reliable=True)
        assert 1 <= int(first) < 2**31
        assert values(183, asked, "RSeq") == []
        assert values(100, asked, "RSeq", reliable=True) == []

    def test_the_first_number_is_never_0(self) -> None:
        class Zeros:
            def getrandbits(self, k: int, /) -> int:
                return 0

        assert values(180, request("INVITE"), "RSeq", reliable=True, ids=Zeros()) == ["1"]

    def test_recv_info_goes_with_a_reliable_one(self) -> None:
        """RFC 6086 section 5.2.3."""
        asked = request("INVITE", "Recv-Info: foo")
        assert values(180, asked, "Recv-Info", reliable=True) == [""]
        assert values(180, asked, "Recv-Info") == []
        assert values(180, request("INVITE"), "Recv-Info", reliable=True) == []

    def test_199_says_why(self) -> None:
        """RFC 6228 section 5."""
        assert values(199, request("INVITE"), "Reason", following=603) == ["SIP;cause=603"]
        assert values(199, request("INVITE"), "Reason") == ["SIP;cause=480"]


class TestTimestamp:
    """RFC 3261 section 8.2.6.1."""

    @pytest.mark.parametrize(
        ("field", "delay", "expected"),
        [
            ("Timestamp: 54", 0.0, "54"),
            ("Timestamp: 54.25", 0.0004, "54.25"),
            ("Timestamp: 54", 0.25, "54 0.250"),
            ("Timestamp: 54 0.1", 1.5, "54 1.500"),
        ],
    )
    def test_copied_with_the_delay(self, field: str, delay: float, expected: str) -> None:
        assert values(100, request("INVITE", field), "Timestamp", delay=delay) == [expected]

    def test_nothing_to_copy(self) -> None:
        assert values(100, request("INVITE"), "Timestamp") == []
        assert values(100, request("INVITE", "Timestamp:"), "Timestamp") == []


class TestRegisterOk:
    """RFC 3261 section 10.3 step 8, RFC 3327 section 5.3, RFC 5626 section 6."""

    FLOW = 'Contact: <sip:a@192.0.2.9>;+sip.instance="<urn:uuid:1>";reg-id=1'

    def test_the_registrars_bindings(self) -> None:
        bound = ("<sip:a@b>;expires=60", "<sip:c@d>;expires=10")
        assert values(200, request("REGISTER"), "Contact", bindings=bound) == list(bound)
        assert values(200, request("REGISTER", "Contact: <sip:x@y>"), "Contact", bindings=()) == []

    def test_without_a_registrar_the_requests_own(self) -> None:
        fields = ('Contact: "A" <sip:a@b;x=y>;q=0.5;expires=60, <sip:c@d>, <sip:e@f>;expires=0', "Expires: 99999")
        assert values(200, request("REGISTER", *fields), "Contact") == [
            "A <sip:a@b;x=y>;q=0.5;expires=60",
            "<sip:c@d>;expires=3600",
        ]
        assert values(200, request("REGISTER", "Contact: *", "Expires: 0"), "Contact") == []

    def test_date(self) -> None:
        assert values(200, request("REGISTER"), "Date") == ["Sat, 13 Nov 2010 23:29:00 GMT"]

    def test_path_is_copied(self) -> None:
        asked = request("REGISTER", "Path: <sip:p1;lr>, <sip:p2;lr>", "Path: <sip:p3;lr>", "Supported: path")
        assert values(200, asked, "Path") == ["<sip:p1;lr>", "<sip:p2;lr>", "<sip:p3;lr>"]

    @pytest.mark.parametrize(
        ("fields", "expected"),
        [
            ((FLOW, "Supported: outbound"), ["outbound"]),
            ((FLOW,), []),
            ((FLOW + ";expires=0", "Supported: outbound"), []),
            ((FLOW, "Expires: 0", "Supported: outbound"), []),
            (("Contact: <sip:a@192.0.2.9>;reg-id=1", "Supported: outbound"), []),
            (('Contact: <sip:a@192.0.2.9>;+sip.instance="<urn:uuid:1>"', "Supported: outbound"), []),
            # not the first hop: Path has to begin with an ob
            ((FLOW, "Supported: outbound", "Via: SIP/2.0/UDP p, SIP/2.0/UDP c"), []),
            ((FLOW, "Supported: outbound", "Via: SIP/2.0/UDP p, SIP/2.0/UDP c", "Path: <sip:p;lr>"), []),
            ((FLOW, "Supported: outbound", "Via: SIP/2.0/UDP p, SIP/2.0/UDP c", "Path: <sip:p;lr;ob>"), ["outbound"]),
        ],
    )
    def test_require_outbound(self, fields: tuple[str, ...], expected: list[str]) -> None:
        assert values(200, request("REGISTER", *fields), "Require") == expected

    def test_no_outbound_unless_we_support_it(self) -> None:
        asked = request("REGISTER", self.FLOW, "Supported: outbound")
        assert values(200, asked, "Require", capabilities=Capabilities(supported=("path",))) == []


class TestRefer:
    """RFC 4488 section 4, RFC 7614."""

    @pytest.mark.parametrize(("asked", "expected"), [("false", ["false"]), ("FALSE;x", ["false"]), ("true", [])])
    def test_refer_sub_is_granted_where_we_support_it(self, asked: str, expected: list[str]) -> None:
        willing = Capabilities(supported=("norefersub",))
        field = f"Refer-Sub: {asked}"
        assert values(200, request("REFER", field), "Refer-Sub", capabilities=willing) == expected
        unwilling = Capabilities(supported=("100rel",))
        assert values(200, request("REFER", field), "Refer-Sub", capabilities=unwilling) == []

    def test_refer_events_at(self) -> None:
        asked = request("REFER", "Require: explicitsub")
        assert values(200, asked, "Refer-Events-At") == ["<sip:responder@192.0.2.1:5060>"]
        assert values(200, request("REFER", "Require: other"), "Refer-Events-At") == []


class TestMediaTypeRefused:
    """RFC 3261 section 8.2.3: what was wrong decides which field is there; never what was just refused."""

    OURS = Capabilities(accept=("application/sdp", "text/plain"), accept_encoding=("identity", "gzip"))

    @pytest.mark.parametrize(
        ("fields", "accept", "encoding", "language"),
        [
            (("Content-Type: text/html",), ["application/sdp, text/plain"], [], []),
            (("Content-Type: Text/Plain;charset=x",), ["application/sdp"], [], []),
            ((), ["application/sdp, text/plain"], [], []),
            (("c: text/plain", "e: deflate"), [], ["identity, gzip"], []),
            (("c: text/plain", "e: gzip"), ["application/sdp"], [], []),
            (("c: text/plain", "Content-Language: fr, en"), [], [], ["en"]),
            (("c: text/plain", "Content-Language: en-GB"), ["application/sdp"], [], []),
            (("c: a/b", "e: x", "Content-Language: fr"), ["application/sdp, text/plain"], ["identity, gzip"], ["en"]),
        ],
    )
    def test_415(self, fields: tuple[str, ...], accept: list[str], encoding: list[str], language: list[str]) -> None:
        asked = request("INVITE", *fields)
        assert values(415, asked, "Accept", capabilities=self.OURS) == accept
        assert values(415, asked, "Accept-Encoding", capabilities=self.OURS) == encoding
        assert values(415, asked, "Accept-Language", capabilities=self.OURS) == language

    def test_nothing_left_is_said_with_an_empty_field(self) -> None:
        assert values(415, request("INVITE", "Content-Type: application/sdp"), "Accept") == [""]

    def test_ranges(self) -> None:
        ours = Capabilities(accept=("text/*", "not a range", "application/sdp"))
        asked = request("INVITE", "Content-Type: text/html")
        assert values(415, asked, "Accept", capabilities=ours) == ["not a range, application/sdp"]

    @pytest.mark.parametrize("method", ["MESSAGE", "PUBLISH"])
    def test_message_and_publish_get_all_three(self, method: str) -> None:
        """RFC 3428 section 9, RFC 3903 section 11.1.1: m*."""
        asked = request(method, "Content-Type: text/html", "Content-Encoding: gzip")
        for name in ("Accept", "Accept-Encoding", "Accept-Language"):
            assert len(values(415, asked, name)) == 1


class TestEvents:
    """RFC 3265 section 7.2, RFC 3903 section 11.1.1."""

    @pytest.mark.parametrize(
        ("fields", "expected"),
        [
            (("Event: foo",), "presence, dialog, message-summary, refer, reg"),
            (("Event: presence;id=1",), "dialog, message-summary, refer, reg"),
            (("o: reg",), "presence, dialog, message-summary, refer"),
            ((), "presence, dialog, message-summary, refer, reg"),
        ],
    )
    def test_489_lists_the_others(self, fields: tuple[str, ...], expected: str) -> None:
        assert values(489, request("SUBSCRIBE", *fields), "Allow-Events") == [expected]

    def test_489_lists_the_refused_one_rather_than_none(self) -> None:
        ours = Capabilities(allow_events=("presence",))
        asked = request("SUBSCRIBE", "Event: presence")
        assert values(489, asked, "Allow-Events", capabilities=ours) == ["presence"]

    def test_who_notifies_of_nothing_does_not_say_so(self) -> None:
        assert values(200, request("INVITE"), "Allow-Events", capabilities=Capabilities(allow_events=())) == []

    def test_every_publication_has_another_entity_tag(self) -> None:
        """RFC 3903 section 6 step 6."""
        tags = [values(200, request("PUBLISH"), "SIP-ETag", ids=ids)[0] for ids in (Counted(1), Counted(2))]
        assert len(set(tags)) == 2
        assert values(200, request("PUBLISH"), "SIP-ETag", entity_tag="mine") == ["mine"]


class Counted:
    def __init__(self, first: int) -> None:
        self.last = first

    def getrandbits(self, k: int, /) -> int:
        return self.last


class TestWarning:
    """RFC 3261 section 20.43."""

    @pytest.mark.parametrize(
        ("warning", "expected"),
        [
            (0, '304 192.0.2.1 "Media type not available"'),
            (305, '305 192.0.2.1 "Incompatible media format"'),
            (398, '398 192.0.2.1 "Miscellaneous warning"'),
        ],
    )
    def test_488(self, warning: int, expected: str) -> None:
        assert values(488, request("INVITE"), "Warning", warning=warning) == [expected]

    def test_606_only_may(self) -> None:
        assert values(606, request("INVITE"), "Warning", warning=305) == []
        assert optional(606, request("INVITE"), "Warning", warning=305) == ['305 192.0.2.1 "Incompatible media format"']

    def test_480_where_the_scheme_was_the_reason(self) -> None:
        """RFC 5630 section 5.1.2."""
        assert values(480, request("INVITE"), "Warning", warning=380) == ['380 192.0.2.1 "SIPS Not Allowed"']
        assert values(480, request("INVITE"), "Warning", warning=304) == []
        assert values(480, request("INVITE"), "Warning") == []

    @pytest.mark.parametrize(
        ("host", "agent"), [("2001:db8::1", "[2001:db8::1]"), ("[::1]:5060", "[::1]:5060"), ("h:5060", "h:5060")]
    )
    def test_warn_agent(self, host: str, agent: str) -> None:
        assert values(488, request("INVITE"), "Warning", host=host)[0].split()[1] == agent


class TestRetryAfter:
    def test_500_to_an_overlapping_request_is_random(self) -> None:
        """RFC 3261 section 14.2: 0 to 10 seconds."""
        seen = {values(500, request("INVITE"), "Retry-After", overlapping=True, ids=Counted(n))[0] for n in range(200)}
        assert seen == {str(n) for n in range(11)}
        assert values(500, request("INVITE"), "Retry-After") == []
        assert values(500, request("MESSAGE"), "Retry-After", overlapping=True) == []

    def test_413_where_the_condition_will_pass(self) -> None:
        """RFC 3261 section 21.4.11."""
        assert values(413, request("INVITE"), "Retry-After", temporary=True) == ["5"]
        assert values(413, request("INVITE"), "Retry-After") == []


class TestOwnHeaders:
    """Headers of one code each."""

    @pytest.mark.parametrize(
        ("code", "text"),
        [
            (100, "Cannot Process Location"),
            (201, "Permission To Retransmit Location Information to a Third Party"),
            (299, "Permission To Use Location Information"),
            (999, "Cannot Process Location"),
        ],
    )
    def test_geolocation_error(self, code: int, text: str) -> None:
        """RFC 6442 section 4.4."""
        ours = Capabilities(geolocation_error=code)
        assert values(424, request("INVITE"), "Geolocation-Error", capabilities=ours) == [f'{code};code="{text}"']

    @pytest.mark.parametrize(
        ("code", "text"),
        [(103, "Alert payload was corrupted"), (199, "Cannot process the alert payload")],
    )
    def test_alertmsg_error(self, code: int, text: str) -> None:
        """RFC 8876 section 5.2."""
        ours = Capabilities(alertmsg_error=code)
        assert values(425, request("MESSAGE"), "AlertMsg-Error", capabilities=ours) == [f'{code};message="{text}"']

    def test_recv_info(self) -> None:
        """RFC 6086 section 4.2.2: empty where we take none."""
        assert values(469, request("INFO"), "Recv-Info") == [""]
        ours = Capabilities(recv_info=("foo", "bar"))
        assert values(469, request("INFO"), "Recv-Info", capabilities=ours) == ["foo, bar"]
        assert values(200, request("PRACK", "Recv-Info:"), "Recv-Info", capabilities=ours) == ["foo, bar"]
        assert values(200, request("PRACK"), "Recv-Info", capabilities=ours) == []

    @pytest.mark.parametrize(
        ("host", "shown"), [("192.0.2.1:5060", "192.0.2.1"), ("[::1]:5060", "[::1]"), ("::1", "[::1]"), ("h", "h")]
    )
    def test_call_info_of_608(self, host: str, shown: str) -> None:
        """RFC 8688 section 3.1."""
        expected = [f"<https://{shown}/complaint-jws>;purpose=jwscard"]
        assert values(608, request("INVITE"), "Call-Info", host=host) == expected
        ours = Capabilities(rejection_info="https://x/y")
        assert values(608, request("INVITE"), "Call-Info", capabilities=ours) == ["<https://x/y>;purpose=jwscard"]

    def test_accept_resource_priority(self) -> None:
        """RFC 4412 sections 4.4, 4.6.2."""
        ours = Capabilities(resource_priority=("dsn.flash", "ets.0"))
        assert optional(417, request("INVITE"), "Accept-Resource-Priority", capabilities=ours) == ["dsn.flash, ets.0"]
        assert values(200, request("OPTIONS"), "Accept-Resource-Priority", capabilities=ours) == ["dsn.flash, ets.0"]
        assert values(200, request("OPTIONS"), "Accept-Resource-Priority") == []


class TestPermissionMissing:
    """RFC 5360 section 5.9.3."""

    LIST = (
        b'<?xml version="1.0"?><resource-lists xmlns="urn:ietf:params:xml:ns:resource-lists"><list>'
        b"<entry uri=\"sip:a@example.com?x=1&amp;y=2\"/><rl:entry copy='to' uri='sip:b@example.com' />"
        b'<entry uri="nonsense"/></list></resource-lists>'
    )

    def test_the_uris_of_the_list(self) -> None:
        asked = request("INVITE", "Content-Type: application/resource-lists+xml", body=self.LIST)
        assert values(470, asked, "Permission-Missing") == [
            "<sip:a@example.com?x=1&y=2>",
            "<sip:b@example.com>",
        ]

    def test_a_list_in_a_multipart_body(self) -> None:
        asked = request("INVITE", "Content-Type: multipart/mixed;boundary=b", body=b"--b\r\n\r\n" + self.LIST)
        assert len(values(470, asked, "Permission-Missing")) == 2

    def test_another_body_is_not_looked_at(self) -> None:
        asked = request("INVITE", "Content-Type: text/plain", body=self.LIST)
        assert values(470, asked, "Permission-Missing") == ["<sip:bob@example.com>"]

    def test_refer_to(self) -> None:
        asked = request("REFER", "Refer-To: Carol <sip:carol@example.com;method=INVITE>;x=y")
        assert values(470, asked, "Permission-Missing") == ["<sip:carol@example.com;method=INVITE>"]

    def test_lists_without_end_are_bounded(self) -> None:
        body = b"".join(b'<entry uri="sip:u%d@example.com"/>' % n for n in range(1000))
        asked = request("INVITE", "Content-Type: application/resource-lists+xml", body=body)
        assert len(values(470, asked, "Permission-Missing")) == 32


@pytest.mark.parametrize(
    ("wall", "expected"),
    [
        (0.0, "Thu, 01 Jan 1970 00:00:00 GMT"),
        (1_289_690_940.9, "Sat, 13 Nov 2010 23:29:00 GMT"),
        (951_782_399.0, "Mon, 28 Feb 2000 23:59:59 GMT"),
    ],
)
def test_sip_date(wall: float, expected: str) -> None:
    """RFC 3261 section 20.17."""
    assert sip_date(wall) == expected
