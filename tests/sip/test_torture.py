"""RFC 4475 and RFC 5118, message by message."""

from __future__ import annotations

import pytest

from responder.errors import ParseError
from responder.sip.framer import FramingError, StreamFramer
from responder.sip.message import Message, Request, Response
from responder.sip.parser import parse
from responder.sip.sdp import Session
from responder.sip.syntax import fault_of, fault_of_response
from responder.sip.uri import Uri
from responder.sip.writer import written

from .torture_messages import FOLDER, REQUESTS, RESPONSES, message


def request(name: str) -> Request:
    parsed = parse(message(name))
    assert isinstance(parsed, Request)
    return parsed


def response(name: str) -> Response:
    parsed = parse(message(name))
    assert isinstance(parsed, Response)
    return parsed


def test_every_file_has_its_row() -> None:
    assert {path.stem for path in FOLDER.glob("*.dat")} == REQUESTS.keys() | RESPONSES.keys()
    assert len(REQUESTS) + len(RESPONSES) == 49 + 12


@pytest.mark.parametrize("name", REQUESTS)
def test_fault_of_request(name: str) -> None:
    fault = fault_of(request(name))
    assert (fault and fault.status) == REQUESTS[name]


@pytest.mark.parametrize("name", RESPONSES)
def test_response_taken_in_or_dropped(name: str) -> None:
    try:
        fault = fault_of_response(response(name))
    except ParseError as error:
        fault = error
    assert (fault is None) == RESPONSES[name]


@pytest.mark.parametrize("name", [name for name, status in REQUESTS.items() if status is None])
def test_well_formed_requests_survive_writing(name: str) -> None:
    first = request(name)
    second = parse(written(first))
    assert isinstance(second, Request)
    assert fault_of(second) is None
    assert list(second.fields()) == list(first.fields())
    assert (second.method, second.uri, second.body) == (first.method, first.uri, first.body)


def values(parsed: Message, key: str) -> list[str]:
    return parsed.every(key)


class TestValidMessages:
    """RFC 4475 section 3.1.1"""

    def test_wsinv(self) -> None:
        parsed = request("wsinv")
        assert parsed.from_.display == 'J Rosenberg \\"'
        assert parsed.from_tag == parsed.from_.tag == "98asjd8"
        assert parsed.to_tag == "1918181833n"
        assert parsed.max_forwards == 68
        assert parsed.cseq == (9, "INVITE")
        assert [(via.transport, via.sent_by, via.branch) for via in parsed.vias] == [
            ("UDP", "192.0.2.2", "390skdjuw"),
            ("TCP", "spindle.example.com", "z9hG4bK9ikj8"),
            ("UDP", "192.168.255.111", "z9hG4bK30239"),
        ]
        assert parsed.first("subject") == ""
        assert parsed.get("NewFangledHeader") == "newfangled value continued newfangled value"
        assert parsed.get("unknownheaderwithunusualvalue") == ";;,,;;,;"
        assert parsed.contacts is not None
        contact = parsed.contacts[0]
        assert contact.display == 'Quoted string ""'
        assert dict(contact.params) == {"newparam": "newvalue", "secondparam": "", "q": "0.33"}
        assert contact.q == 0.33
        assert "lr" in parsed.routes[0].uri.params
        assert len(parsed.body) == 150

    def test_intmeth(self) -> None:
        parsed = request("intmeth")
        assert parsed.method == parsed.cseq.method == "!interesting-Method0123456789_*+`.%indeed'~"
        assert parsed.target.user == "1_unusual.URI~(to-be!sure)&isn't+it$/crazy?,/;;*"
        assert parsed.target.password == "&it+has=1,weird!*pas$wo~d_too.(doesn't-it)"
        assert parsed.to.display == "BEL:\x07 NUL:\x00 DEL:\x7f"
        assert parsed.from_.display == "token1~` token2'+_ token3*%!.-"
        assert parsed.from_.params.get("fromparam''~+*_!.-%") == "работающий"
        assert parsed.from_tag == "_token~1'+`*%!-."
        assert parsed.call_id == "intmeth.word%ZK-!.*_+'@word`~)(><:\\/\"][?}{"
        assert parsed.top_via.branch == "z9hG4bK-.!%66*_+`'~"
        assert parsed.get("extensionHeader-!.%*+_`'~") == "\ufeff大停電"

    def test_esc01(self) -> None:
        parsed = request("esc01")
        assert parsed.target.user == "sips:user@example.com"
        assert parsed.target.host == "example.net"
        assert parsed.from_.uri.user == "I have spaces"
        assert parsed.to.uri.equivalent(Uri.parse("sip:user@example.com"))
        assert parsed.contacts is not None
        # "unescaping URI components is never performed recursively"
        assert dict(parsed.contacts[0].uri.params) == {"lr": "", "name": "value%41"}

    def test_escnull(self) -> None:
        parsed = request("escnull")
        assert parsed.to.uri.user == "null-\0-null"
        assert [contact.uri.user for contact in parsed.contacts or []] == ["\0", "\0\0"]

    def test_esc02(self) -> None:
        parsed = request("esc02")
        assert parsed.method == "RE%47IST%45R"
        assert parsed.to.display == "%Z%45"
        assert [contact.uri.user for contact in parsed.contacts or []] == ["alias1", "alias3"]
        assert parsed.get("C%6Fntact") == "<sip:alias2@host2.example.com>"

    def test_lwsdisp(self) -> None:
        assert request("lwsdisp").from_.display == "caller"

    def test_longreq(self) -> None:
        parsed = request("longreq")
        assert len(parsed.vias) == 34
        assert len(parsed.from_tag or "") == 2 + 3 * 50 + 3
        assert parsed.to.uri.port == 6000

    def test_dblreq(self) -> None:
        parsed = request("dblreq")
        assert parsed.method == "REGISTER"
        assert parsed.body == b""

    def test_semiuri(self) -> None:
        assert request("semiuri").target.user == "user;par=u@example.net"
        assert len(request("semiuri").accept or []) == 6

    def test_transports(self) -> None:
        assert [via.transport for via in request("transports").vias] == ["UDP", "SCTP", "TLS", "UNKNOWN", "TCP"]

    def test_mpart01(self) -> None:
        parsed = request("mpart01")
        assert len(parsed.body) == 553
        assert b"\0" in parsed.body
        assert parsed.content_type is not None
        assert parsed.content_type.params.get("boundary") == "7a9cbec02ceef655"

    def test_unreason(self) -> None:
        assert response("unreason").reason == "= 2**3 * 5**2 но сто девяносто девять - простое"

    def test_noreason(self) -> None:
        assert (response("noreason").status, response("noreason").reason) == (100, "")


class TestApplicationLayer:
    """RFC 4475 section 3.3"""

    def test_insuf_names_what_is_missing(self) -> None:
        fault = fault_of(request("insuf"))
        assert fault is not None
        assert (fault.what, fault.field) == ("Missing From", "From")

    def test_unknown_schemes(self) -> None:
        assert request("unkscm").target.scheme == "nobodyknowsthisscheme"
        assert request("novelsc").target.opaque == "//192.0.2.103:3002"
        parsed = request("unksm2")
        assert (parsed.to.uri.scheme, parsed.from_.uri.scheme) == ("isbn", "http")

    def test_bext01(self) -> None:
        assert request("bext01").require == {"nothingsupportsthis", "nothingsupportsthiseither"}
        assert request("bext01").proxy_require == {"noproxiessupportthis", "nordoanyproxiessupportthis"}

    def test_cparam(self) -> None:
        outside, inside = request("cparam01").contacts, request("cparam02").contacts
        assert outside is not None
        assert inside is not None
        assert ("unknownparam" in outside[0].params, "unknownparam" in outside[0].uri.params) == (True, False)
        assert ("unknownparam" in inside[0].params, "unknownparam" in inside[0].uri.params) == (False, True)

    def test_regescrt(self) -> None:
        contacts = request("regescrt").contacts
        assert contacts is not None
        assert contacts[0].uri.headers == "Route=%3Csip:sip.example.com%3E"

    def test_inv2543(self) -> None:
        """Section 3.4.1"""
        parsed = request("inv2543")
        assert parsed.top_via.branch == ""
        assert parsed.from_tag is None
        assert parsed.body.endswith(b"m=audio 49217 RTP/AVP 0\r\n")


class TestIpv6:
    """RFC 5118 section 4"""

    def test_port_ambiguous_and_unambiguous(self) -> None:
        ambiguous, plain = request("port-ambiguous").target, request("port-unambiguous").target
        assert (ambiguous.host, ambiguous.port) == ("[2001:db8::10:5070]", None)
        assert (plain.host, plain.port, plain.address) == ("[2001:db8::10]", 5070, "2001:db8::10")

    @pytest.mark.parametrize("name", ["via-received-param-with-delim", "via-received-param-no-delim"])
    def test_received_with_and_without_delimiters(self, name: str) -> None:
        parsed = request(name)
        assert parsed.top_via.received == "2001:db8::9:255"
        assert parsed.top_via.address == "2001:db8::9:1"

    def test_vias_of_both_families(self) -> None:
        assert [via.sent_by for via in request("mult-ip-in-header").vias] == [
            "[2001:db8::9:1]:6050",
            "192.0.2.1",
            "[2001:db8::9:255]",
        ]

    def test_three_colons_mean_two(self) -> None:
        three, two = request("ipv6-bug-abnf-3-colons").target, request("ipv6-correct-abnf-2-colons").target
        assert three.address == two.address

    def test_addresses_in_sdp(self) -> None:
        session = Session.parse(request("mult-ip-in-sdp").body.decode())
        assert [str(session.connection_of(stream)) for stream in session.media] == [
            "IN IP4 192.0.2.1",
            "IN IP6 2001:db8::1",
        ]
        mapped = Session.parse(request("ipv4-mapped-ipv6").body.decode())
        assert str(mapped.connection) == "IN IP6 ::ffff:192.0.2.2"


class TestOverStreams:
    """RFC 4475 sections 3.1.2.2, 3.1.2.3, 3.3.9; RFC 3261 section 18.3"""

    def test_larger_than_the_message_waits(self) -> None:
        framer = StreamFramer()
        assert framer.feed(message("clerr")) == []
        assert framer.pending == len(message("clerr"))

    @pytest.mark.parametrize("name", ["ncl", "mcl01", "inv2543"])
    def test_not_recoverable(self, name: str) -> None:
        with pytest.raises(FramingError) as caught:
            StreamFramer().feed(message(name))
        assert caught.value.status == 400

    def test_what_is_noise_in_a_datagram_is_a_message_in_a_stream(self) -> None:
        first, second = StreamFramer().feed(message("dblreq").rstrip(b"\r\n") + b"\r\n")
        assert isinstance(first, bytes)
        assert isinstance(second, bytes)
        assert first.startswith(b"REGISTER")
        assert second.startswith(b"INVITE")
