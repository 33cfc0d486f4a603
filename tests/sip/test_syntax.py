"""RFC 3261 sections 8.1.1 and 8.2: what is answered with 400 and what is not"""

from __future__ import annotations

import pytest

from responder.sip.parser import parse
from responder.sip.syntax import fault_of, fault_of_response

from . import plain


def test_plain_request() -> None:
    request = plain.request()
    for _ in range(2):
        assert fault_of(request) is None
    assert (request.from_tag, request.to_tag, request.call_id) == ("a1", None, "1-2@192.0.2.1")
    assert (request.cseq, request.top_via.branch) == ((1, "INVITE"), "z9hG4bK-1-2-3")


# method, fields in place of the plain ones, reason, field at fault
FAULTS: list[tuple[str, dict[str, str | None], str, str]] = [
    ("INVITE", {"Via": None}, "Missing Via", "Via"),
    ("INVITE", {"From": None}, "Missing From", "From"),
    ("INVITE", {"To": None}, "Missing To", "To"),
    ("INVITE", {"Call-ID": None}, "Missing Call-ID", "Call-ID"),
    ("INVITE", {"CSeq": None}, "Missing CSeq", "CSeq"),
    ("INVITE", {"f": "<sip:a@b>;tag=2"}, "Several From", "From"),
    ("INVITE", {"TO": "<sip:a@b>"}, "Several To", "To"),
    ("INVITE", {"i": "x"}, "Several Call-ID", "Call-ID"),
    ("INVITE", {"cseq": "1 INVITE"}, "Several CSeq", "CSeq"),
    ("INVITE", {"max-forwards": "1"}, "Several Max-Forwards", "Max-Forwards"),
    ("INVITE", {"l": "0", "Content-Length": "0"}, "Several Content-Length", "Content-Length"),
    ("INVITE", {"Via": "SIP/2.0/UDP"}, "Malformed Via", "Via"),
    ("INVITE", {"Via": "SIP/2.0/UDP a;branch=z9hG4bK"}, "Malformed Via: empty branch", "Via"),
    ("INVITE", {"Via": "SIP/2.0/UDP a;branch=b, x"}, "Malformed Via", "Via"),
    ("INVITE", {"v": "x"}, "Malformed Via", "Via"),
    ("INVITE", {"From": "Bell, A <sip:a@b>;tag=1"}, "Malformed From", "From"),
    ("INVITE", {"From": '<sip:a@b>;tag=1"'}, "Malformed From", "From"),
    ("INVITE", {"From": "<sip:a@b>;tag=1;tag=2"}, "Malformed From: several tags", "From"),
    ("INVITE", {"From": "<sip:a@b>;tag=1;tag=2;x"}, "Malformed From: several tags", "From"),
    ("INVITE", {"From": "<sip:a@b>;tag="}, "Malformed From", "From"),
    ("INVITE", {"From": "<sip:a%4@b>;tag=1"}, "Malformed From", "From"),
    ("INVITE", {"To": '"a <sip:a@b>'}, "Malformed To", "To"),
    ("INVITE", {"To": "<sip:a@b>;tag=1 2"}, "Malformed To", "To"),
    ("INVITE", {"Call-ID": "a b"}, "Malformed Call-ID", "Call-ID"),
    ("INVITE", {"CSeq": "x INVITE"}, "Malformed CSeq", "CSeq"),
    ("INVITE", {"CSeq": "2147483648 INVITE"}, "Malformed CSeq", "CSeq"),
    ("INVITE", {"CSeq": "1 ACK"}, "CSeq method differs", "CSeq"),
    ("INVITE", {"CSeq": "1 invite"}, "CSeq method differs", "CSeq"),
    ("INVITE", {"Max-Forwards": "256"}, "Malformed Max-Forwards", "Max-Forwards"),
    ("INVITE", {"Max-Forwards": "-1"}, "Malformed Max-Forwards", "Max-Forwards"),
    ("INVITE", {"Expires": "soon"}, "Malformed Expires", "Expires"),
    ("INVITE", {"Contact": "sip:a@b?x=y"}, "Malformed Contact", "Contact"),
    ("INVITE", {"Contact": "*"}, "Malformed Contact", "Contact"),
    ("INVITE", {"Contact": ""}, "Not exactly one Contact", "Contact"),
    ("INVITE", {"Contact": "<sip:a@b>, <sip:c@d>"}, "Not exactly one Contact", "Contact"),
    ("INVITE", {"m": "<sip:a@b>"}, "Not exactly one Contact", "Contact"),
    ("SUBSCRIBE", {"m": "<sip:a@b>"}, "Not exactly one Contact", "Contact"),
    ("REGISTER", {"Contact": "*, <sip:a@b>"}, "Malformed Contact", "Contact"),
    ("REGISTER", {"Contact": "<sip:a@b>,, <sip:c@d>"}, "Malformed Contact", "Contact"),
    ("INVITE", {"Content-Type": "sdp"}, "Malformed Content-Type", "Content-Type"),
    ("INVITE", {"Route": "sip:a@b"}, "Malformed Route", "Route"),
    ("INVITE", {"Record-Route": "<sip:a>,<sip:b"}, "Malformed Record-Route", "Record-Route"),
    ("INVITE", {"Require": ""}, "Malformed Require", "Require"),
    ("INVITE", {"Require": "a b"}, "Malformed Require", "Require"),
    ("INVITE", {"Session-Expires": "x"}, "Malformed Session-Expires", "Session-Expires"),
    ("INVITE", {"Min-SE": "x"}, "Malformed Min-SE", "Min-SE"),
    ("INVITE", {"Replaces": "x"}, "Malformed Replaces", "Replaces"),
    ("SUBSCRIBE", {"Event": "a b"}, "Malformed Event", "Event"),
    ("PRACK", {}, "Missing RAck", "RAck"),
    ("PRACK", {"RAck": "1"}, "Malformed RAck", "RAck"),
    ("REFER", {}, "Missing Refer-To", "Refer-To"),
    ("REFER", {"Refer-To": "<sip:a@b>", "r": "<sip:c@d>"}, "Several Refer-To", "Refer-To"),
    ("REFER", {"Refer-To": "<sip:a@b>, <sip:c@d>"}, "Malformed Refer-To", "Refer-To"),
]


@pytest.mark.parametrize(("method", "fields", "what", "field"), FAULTS)
def test_faults(method: str, fields: dict[str, str | None], what: str, field: str) -> None:
    for _ in range(2):  # a refused value is not remembered as a good one
        fault = fault_of(plain.request(fields, method=method))
        assert fault is not None
        assert (fault.what[: len(what)], fault.field, fault.status) == (what, field, 400)


FINE: list[tuple[str, dict[str, str | None]]] = [
    ("INVITE", {"Max-Forwards": None}),
    ("INVITE", {"Contact": None}),
    ("INVITE", {"From": "<sip:a@b>"}),
    ("INVITE", {"From": "sip:a@b;x;tag=1;y"}),
    ("INVITE", {"From": "<sip:a@b> ; tag = 1"}),
    ("INVITE", {"To": "<sip:a@b>;tag=1"}),
    ("INVITE", {"v": "SIP/2.0/TCP b;branch=2, SIP/2.0/TLS c;branch=3"}),
    ("INVITE", {"Via": "SIP/2.0/UDP a"}),
    ("INVITE", {"CSeq": "\t0001   INVITE"}),
    ("INVITE", {"Contact": '"*" <sip:a@b>'}),
    ("INVITE", {"Contact": "<tel:+1>"}),
    ("OPTIONS", {"Contact": "<sip:a@b>, <sip:c@d>"}),
    ("REGISTER", {"Contact": "*", "Expires": "0"}),
    ("REGISTER", {"Contact": "<sip:a@b>", "m": "<sip:c@d>;expires=99999999999999"}),
    ("FOO", {}),
    ("PRACK", {"RAck": "1 1 INVITE"}),
    ("REFER", {"Refer-To": '"a, b" <sip:a@b?Replaces=x>'}),
    ("SUBSCRIBE", {"Contact": "<sip:a@b>"}),
    # malformed, but not necessary for processing the request (8.2.2)
    (
        "INVITE",
        {"Date": "yesterday", "User-Agent": "((", "Subject": "a", "subject": "b", "Warning": "x", "Accept": "x"},
    ),
    ("INVITE", {"Supported": ""}),
    ("INVITE", {"Record-Route": "<sip:a;lr>,<sip:b;lr>", "Route": '"x" <sip:c>;y'}),
    ("INVITE", {"Session-Expires": "90;refresher=uac", "Min-SE": "90", "Expires": "4294967295"}),
    ("INVITE", {"Replaces": "a;to-tag=b;from-tag=c"}),
]


@pytest.mark.parametrize(("method", "fields"), FINE)
def test_no_fault(method: str, fields: dict[str, str | None]) -> None:
    for _ in range(2):
        assert fault_of(plain.request(fields, method=method)) is None


@pytest.mark.parametrize(
    ("uri", "right"),
    [
        ("sip:a@b", True),
        ("tel:+1", True),
        ("unknown:x", True),
        ("sip:a@b?x=y", False),
        ("<sip:a@b>", False),
        ("sip:a@b;", False),
        ("sip:%@b", False),
        ("a@b", False),
        ("sip:2001:db8::1", False),
    ],
)
def test_request_uri(uri: str, right: bool) -> None:
    for _ in range(2):
        fault = fault_of(plain.request(uri=uri))
        assert (fault is None) is right
        assert fault is None or (fault.status, fault.field) == (400, "Request-URI")


def test_star_is_checked_for_each_method() -> None:
    assert fault_of(plain.request({"Contact": "*"}, method="REGISTER")) is None
    assert fault_of(plain.request({"Contact": "*"}, method="OPTIONS")) is not None
    assert fault_of(plain.request({"Contact": "*"}, method="REGISTER")) is None


def test_several_contacts_are_checked_for_each_method() -> None:
    fields: dict[str, str | None] = {"Contact": "<sip:a@b>, <sip:c@d>"}
    assert fault_of(plain.request(fields, method="REGISTER")) is None
    assert fault_of(plain.request(fields, method="INVITE")) is not None


def test_a_good_contact_is_not_taken_for_a_good_to() -> None:
    value = "<sip:a@b>;tag=t"
    assert fault_of(plain.request({"Contact": value})) is None
    request = plain.request({"To": value})
    assert fault_of(request) is None
    assert request.to_tag == "t"


def test_same_values_in_another_layout_are_checked_again() -> None:
    one = {"Via": plain.PLAIN["Via"], "Max-Forwards": "70", "Expires": "300"}
    other = {"Via": plain.PLAIN["Via"], "Max-Forwards": None, "Expires": "70"} | {"max-forwards": "300"}
    assert fault_of(plain.request(one)) is None
    fault = fault_of(plain.request(other))
    assert fault is not None
    assert fault.field == "Max-Forwards"


def test_body_without_content_type() -> None:
    """7.4.1"""
    request = parse(plain.text() + b"body")
    fault = fault_of(request)  # type: ignore[arg-type]
    assert fault is not None
    assert fault.what == "Missing Content-Type"


def test_problem_of_the_message_comes_first() -> None:
    fault = fault_of(plain.request({"Content-Length": "x", "To": None}))
    assert fault is not None
    assert fault.field == "Content-Length"


def test_remembering_is_bounded() -> None:
    for number in range(5000):
        fields = {"From": f"<sip:{number}@b>;tag=1", "Contact": f"<sip:{number}@b>", "CSeq": f"{number} OPTIONS"}
        request = plain.request(fields, method="OPTIONS", uri=f"sip:{number}@c")  # type: ignore[arg-type]
        assert fault_of(request) is None
        assert request.cseq.number == number


class TestResponses:
    """8.1.3, RFC 4475 section 3.1.2.5"""

    def test_plain(self) -> None:
        assert fault_of_response(plain.response()) is None

    @pytest.mark.parametrize("name", ["Via", "From", "To", "Call-ID", "CSeq"])
    def test_mandatory_fields(self, name: str) -> None:
        for value in (None, "a b"):
            fault = fault_of_response(plain.response({name: value}))
            assert fault is not None
            assert fault.field == name

    def test_truncated(self) -> None:
        assert fault_of_response(plain.response({"Content-Length": "5"})) is not None
