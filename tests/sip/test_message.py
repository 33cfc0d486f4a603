"""RFC 3261 section 20: typed values of a message"""

from __future__ import annotations

import pytest

from responder.errors import ParseError
from responder.sip.fields import CSeq, MediaType, RAck

from . import plain

# attribute, header field, its value, the typed value
TYPED: list[tuple[str, str, str, object]] = [
    ("call_id", "Call-ID", " a@b ", "a@b"),
    ("cseq", "CSeq", "7 INVITE", CSeq(7, "INVITE")),
    ("from_tag", "From", "<sip:a@b>;tag=x", "x"),
    ("from_tag", "From", "<sip:a@b>;tag=x;y", "x"),
    ("from_tag", "From", "<sip:a@b> ; Tag = x", "x"),
    ("from_tag", "From", "<sip:a@b>", None),
    ("to_tag", "To", '";tag=n" <sip:a@b;tag=m>;tag=x', "x"),
    ("to_tag", "To", '";tag=n" <sip:a@b;tag=m>', None),
    ("max_forwards", "Max-Forwards", "007", 7),
    ("content_length", "Content-Length", "0", 0),
    ("content_type", "Content-Type", "a/b", MediaType("a", "b")),
    ("expires", "Expires", "4294967295", 4294967295),
    ("rack", "RAck", "1 2 INVITE", RAck(1, 2, "INVITE")),
    ("supported", "Supported", "100rel, TIMER", frozenset({"100rel", "timer"})),
    ("supported", "k", "", frozenset()),
    ("require", "Require", "a", frozenset({"a"})),
    ("proxy_require", "Proxy-Require", "a", frozenset({"a"})),
    ("accept", "Accept", "a/b, c/d", [MediaType("a", "b"), MediaType("c", "d")]),
    ("accept", "Accept", "", []),
    ("contacts", "Contact", "*", None),
]


@pytest.mark.parametrize(("attribute", "name", "value", "typed"), TYPED)
def test_typed(attribute: str, name: str, value: str, typed: object) -> None:
    message = plain.request({name: value})
    assert getattr(message, attribute) == typed
    assert getattr(message, attribute) is getattr(message, attribute)


# attribute, value where the field is missing
MISSING: list[tuple[str, str, object]] = [
    ("from_tag", "From", None),
    ("to_tag", "To", None),
    ("max_forwards", "Max-Forwards", None),
    ("contacts", "Contact", []),
    ("content_length", "X-A", None),
    ("content_type", "X-A", None),
    ("event", "X-A", None),
    ("expires", "X-A", None),
    ("session_expires", "X-A", None),
    ("rack", "X-A", None),
    ("replaces", "X-A", None),
    ("accept", "X-A", None),
    ("supported", "X-A", frozenset()),
    ("require", "X-A", frozenset()),
    ("proxy_require", "X-A", frozenset()),
    ("routes", "X-A", []),
    ("record_routes", "X-A", []),
]


@pytest.mark.parametrize(("attribute", "name", "value"), MISSING)
def test_missing_fields(attribute: str, name: str, value: object) -> None:
    assert getattr(plain.request({name: None}), attribute) == value


@pytest.mark.parametrize(
    ("attribute", "name"),
    [("top_via", "Via"), ("vias", "Via"), ("from_", "From"), ("to", "To"), ("call_id", "Call-ID"), ("cseq", "CSeq")],
)
def test_missing_mandatory_fields(attribute: str, name: str) -> None:
    with pytest.raises(ParseError, match=f"Missing {name}") as caught:
        getattr(plain.request({name: None}), attribute)
    assert caught.value.field == name


@pytest.mark.parametrize(
    ("attribute", "name", "value"),
    [
        ("top_via", "Via", "x"),
        ("vias", "Via", "SIP/2.0/UDP a, x"),
        ("from_", "From", "<sip:a@b"),
        ("from_tag", "From", "<sip:a@b>;tag=a b"),
        ("to", "To", "x"),
        ("call_id", "Call-ID", "a b"),
        ("call_id", "Call-ID", "a@b@c"),
        ("call_id", "Call-ID", ""),
        ("cseq", "CSeq", "x"),
        ("contacts", "Contact", "*, <sip:a@b>"),
        ("contacts", "Contact", "<sip:a@b>,"),
        ("routes", "Route", "<sip:a@b"),
        ("record_routes", "Record-Route", "x"),
        ("max_forwards", "Max-Forwards", "256"),
        ("expires", "Expires", "4294967296"),
        ("content_type", "Content-Type", "x"),
        ("accept", "Accept", "x"),
        ("event", "Event", ""),
        ("session_expires", "Session-Expires", "x"),
        ("rack", "RAck", "x"),
        ("replaces", "Replaces", "x"),
    ],
)
def test_malformed_fields(attribute: str, name: str, value: str) -> None:
    message = plain.request({name: value})
    for _ in range(2):
        with pytest.raises(ParseError) as caught:
            getattr(message, attribute)
        assert caught.value.field == name


def test_lists_over_several_lines() -> None:
    message = plain.request({"Route": "<sip:a>;x, <sip:b>", "ROUTE": "<sip:c>", "Supported": "a", "k": "b,c"})
    assert [str(route) for route in message.routes] == ["<sip:a>;x", "<sip:b>", "<sip:c>"]
    assert message.supported == {"a", "b", "c"}


def test_contacts() -> None:
    message = plain.request({"Contact": '"a, b" <sip:a@b;x=1,2>;q=0.1, sip:c@d;expires=5'.replace("1,2", "1")})
    assert message.contacts is not None
    assert [(contact.display, contact.q, contact.expires) for contact in message.contacts] == [
        ("a, b", 0.1, None),
        ("", None, 5),
    ]


def test_target() -> None:
    assert plain.request(uri="sips:a@b:5061").target.port == 5061
    with pytest.raises(ParseError) as caught:
        _ = plain.request(uri="<sip:a>").target
    assert caught.value.field == "Request-URI"


def test_no_other_attributes() -> None:
    with pytest.raises(AttributeError):
        _ = plain.request().nonsense
    with pytest.raises(AttributeError):
        _ = plain.response().method
