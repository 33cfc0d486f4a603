"""RFC 3261 section 19.1, RFC 3966"""

from __future__ import annotations

import pytest

from responder.errors import ParseError
from responder.sip.params import Params, unescaped
from responder.sip.uri import Uri

# text, scheme, user, password, host, port, parameters, headers
SIP = [
    ("sip:example.com", "sip", None, None, "example.com", None, {}, ""),
    ("sip:alice@atlanta.com", "sip", "alice", None, "atlanta.com", None, {}, ""),
    ("sip:alice:secretword@atlanta.com;transport=tcp", "sip", "alice", "secretword", "atlanta.com", None,
     {"transport": "tcp"}, ""),
    ("sips:alice@atlanta.com?subject=project%20x&priority=urgent", "sips", "alice", None, "atlanta.com", None, {},
     "subject=project%20x&priority=urgent"),
    ("sip:+1-212-555-1212:1234@gateway.com;user=phone", "sip", "+1-212-555-1212", "1234", "gateway.com", None,
     {"user": "phone"}, ""),
    ("sip:alice@192.0.2.4:5080", "sip", "alice", None, "192.0.2.4", 5080, {}, ""),
    ("sip:atlanta.com;method=REGISTER?to=alice%40atlanta.com", "sip", None, None, "atlanta.com", None,
     {"method": "REGISTER"}, "to=alice%40atlanta.com"),
    ("sip:alice;day=tuesday@atlanta.com", "sip", "alice;day=tuesday", None, "atlanta.com", None, {}, ""),
    ("sip:%C3%A9t%C3%A9@h", "sip", "été", None, "h", None, {}, ""),
    ("sip:a%2Fb%3F@h", "sip", "a/b?", None, "h", None, {}, ""),
    ("sip:%ff@h", "sip", "\udcff", None, "h", None, {}, ""),
    ("sip:1212;phone-context=+44@h;user=phone;lr", "sip", "1212;phone-context=+44", None, "h", None,
     {"user": "phone", "lr": ""}, ""),
    ("sip:[2001:db8::1]", "sip", None, None, "[2001:db8::1]", None, {}, ""),
    ("sip:u@[::ffff:192.0.2.1]:5061;lr", "sip", "u", None, "[::ffff:192.0.2.1]", 5061, {"lr": ""}, ""),
    ("sip:h:0", "sip", None, None, "h", 0, {}, ""),
    ("sip:h:65535", "sip", None, None, "h", 65535, {}, ""),
    ("sip:u@host_with_underscore.", "sip", "u", None, "host_with_underscore.", None, {}, ""),
    ("sip:u@3f2a9c", "sip", "u", None, "3f2a9c", None, {}, ""),
    ("sip:u@h;maddr=[2001:db8::2];x=a/b:c", "sip", "u", None, "h", None, {"maddr": "[2001:db8::2]", "x": "a/b:c"}, ""),
    ("sip:u:@h", "sip", "u", "", "h", None, {}, ""),
]  # fmt: skip


@pytest.mark.parametrize(("text", "scheme", "user", "password", "host", "port", "params", "headers"), SIP)
def test_sip_uris_in_both_directions(
    text: str,
    scheme: str,
    user: str | None,
    password: str | None,
    host: str,
    port: int | None,
    params: dict[str, str],
    headers: str,
) -> None:
    uri = Uri.parse(text)
    assert (uri.scheme, uri.user, uri.password, uri.host, uri.port) == (scheme, user, password, host, port)
    assert dict(uri.params) == params
    assert uri.headers == headers
    assert uri.is_sip
    assert str(uri) == text
    assert Uri.parse(str(uri)) == uri


@pytest.mark.parametrize(
    "text",
    [
        "tel:+1-212-555-0101",
        "tel:7042;phone-context=example.com",
        "urn:service:sos",
        "http://[::1]/a?b",
        "x+y-z.1:a%20",
    ],
)
def test_other_schemes_are_kept(text: str) -> None:
    uri = Uri.parse(text)
    assert not uri.is_sip
    assert str(uri) == text
    assert uri.opaque == text.partition(":")[2]


def test_tel_number_and_parameters() -> None:
    uri = Uri.parse("tel:7042;phone-context=example.com;isub=1")
    assert uri.user == "7042"
    assert dict(uri.params) == {"phone-context": "example.com", "isub": "1"}


@pytest.mark.parametrize(
    "text",
    [
        "", "alice", "sip", "sip:", "sip:@h", "sip:u@", "sip:u@h:", "sip:u@h:x", "sip:u@h:65536", "sip:u@h:-1",
        "sip:u@h;", "sip:u@h;;lr", "sip:u@h;=x", "sip:u@h;x=", "sip:u@h; lr", "sip:u@h?", "sip:u@h?a", "sip:u@h?=b",
        "sip:u @h", " sip:u@h", "sip:u@h ", "<sip:u@h>", "sip:%4@h", "sip:%zz@h", "sip:u%@h", "sip:2001:db8::1",
        "sip:[2001:db8::1", "sip:[::1]x", "sip:[:::]", "sip:[1:2:3:4:5:6:7:8:9]", "sip:[g::1]", "sip:u@a..b",
        "sip:u@.a", "sip:u@-a", "sip:u#1@h", "sip:é@h", 'sip:"u"@h', "sip:u@h;a=b;c=%4", "1sip:u@h", ":u@h", "tel:",
        "tel:1;=", "http:a b", "sip:a@b@c", "sip:u@h;x=a=b",
    ],
)  # fmt: skip
def test_malformed(text: str) -> None:
    with pytest.raises(ParseError) as caught:
        Uri.parse(text)
    assert caught.value.status == 400
    assert caught.value.field == "URI" or ";" in text


# RFC 3261 section 19.1.4, its own examples first
EQUIVALENT = [
    ("sip:%61lice@atlanta.com;transport=TCP", "sip:alice@AtLanTa.CoM;Transport=tcp"),
    ("sip:carol@chicago.com", "sip:carol@chicago.com;newparam=5"),
    ("sip:carol@chicago.com;newparam=5", "sip:carol@chicago.com;security=on"),
    (
        "sip:biloxi.com;transport=tcp;method=REGISTER?to=sip:bob%40biloxi.com",
        "sip:biloxi.com;method=REGISTER;transport=tcp?to=sip:bob%40biloxi.com",
    ),
    (
        "sip:alice@atlanta.com?subject=project%20x&priority=urgent",
        "sip:alice@atlanta.com?priority=urgent&subject=project%20x",
    ),
    ("SIP:a@b", "sip:a@b"),
    ("tel:+1-212-555", "tel:+1212555"),
    ("urn:service:sos", "URN:service:sos"),
]
DIFFERENT = [
    ("SIP:ALICE@AtLanTa.CoM;Transport=udp", "sip:alice@AtLanTa.CoM;Transport=UDP"),
    ("sip:bob@biloxi.com", "sip:bob@biloxi.com:5060"),
    ("sip:bob@biloxi.com", "sip:bob@biloxi.com;transport=udp"),
    ("sip:bob@biloxi.com", "sip:bob@biloxi.com:6000;transport=tcp"),
    ("sip:carol@chicago.com", "sip:carol@chicago.com?Subject=next%20meeting"),
    ("sip:bob@phone21.boxesbybob.com", "sip:bob@192.0.2.4"),
    ("sip:carol@chicago.com;security=on", "sip:carol@chicago.com;security=off"),
    ("sip:a@b", "sips:a@b"),
    ("sip:a@b", "sip:a:@b"),
    ("sip:a:x@b", "sip:a:X@b"),
    ("sip:a@b;maddr=c", "sip:a@b"),
    ("sip:a@b;user=phone", "sip:a@b"),
    ("sip:a@b;ttl=1", "sip:a@b"),
    ("tel:+1;ext=2", "tel:+1"),
    ("urn:service:sos", "urn:service:SOS"),
]


@pytest.mark.parametrize(("one", "other"), EQUIVALENT)
def test_equivalent(one: str, other: str) -> None:
    assert Uri.parse(one).equivalent(Uri.parse(other))
    assert Uri.parse(other).equivalent(Uri.parse(one))


@pytest.mark.parametrize(("one", "other"), DIFFERENT)
def test_not_equivalent(one: str, other: str) -> None:
    assert not Uri.parse(one).equivalent(Uri.parse(other))
    assert not Uri.parse(other).equivalent(Uri.parse(one))


@pytest.mark.parametrize(
    ("text", "aor"),
    [
        ("sip:%61lice@ATLANTA.com;transport=tcp?a=b", "sip:alice@atlanta.com"),
        ("sip:alice:pw@a:5060", "sip:alice@a:5060"),
        ("sip:Registrar.example.com", "sip:registrar.example.com"),
        ("tel:+1;ext=2", "tel:+1"),
        ("urn:a", "urn:a"),
    ],
)
def test_address_of_record(text: str, aor: str) -> None:
    """Section 10.3 step 5"""
    assert Uri.parse(text).aor == aor


class TestParams:
    HEADER = [
        ("", []),
        (";tag=abc", [("tag", "abc")]),
        (";lr;q=0.5", [("lr", None), ("q", "0.5")]),
        (';+sip.instance="<urn:uuid:1;2,3>";x', [("+sip.instance", '"<urn:uuid:1;2,3>"'), ("x", None)]),
        (';a="b\\"c"', [("a", '"b\\"c"')]),
        (";maddr=[::1];text=é".replace("é", "e"), [("maddr", "[::1]"), ("text", "e")]),
    ]

    @pytest.mark.parametrize(("text", "items"), HEADER)
    def test_in_both_directions(self, text: str, items: list[tuple[str, str | None]]) -> None:
        params = Params.parse(text)
        assert list(params.items) == items
        assert str(params) == text
        assert Params.parse(str(params)) == params

    def test_white_space_around_separators_goes(self) -> None:
        assert str(Params.parse(' ; a = b ;c ; d\t=  "e f" ')) == ';a=b;c;d="e f"'

    @pytest.mark.parametrize(
        "text", [";", ";;", "x", ";a=", ";a= ", ";=b", ";a b", ';a="b', ";a=b c", ";a=<b>", ";a=b,c"]
    )
    def test_malformed(self, text: str) -> None:
        with pytest.raises(ParseError):
            Params.parse(text)

    def test_lookup(self) -> None:
        params = Params.parse(';Tag="a\\\\b";lr;tag=second')
        assert params.get("tag") == params.get("TAG") == "a\\b"
        assert params.get("lr") == ""
        assert params.get("q") is None
        assert "LR" in params
        assert len(params) == 2

    def test_copies(self) -> None:
        params = Params.parse(";a=1;b")
        assert str(params.with_value("B", "2")) == ";a=1;b=2"
        assert str(params.with_value("c", None)) == ";a=1;b;c"
        assert str(params.without("A")) == ";b"
        assert str(params) == ";a=1;b"

    @pytest.mark.parametrize(
        ("text", "raw"), [("abc", "abc"), ("a b", '"a b"'), ('a"', '"a\\""'), ("[::1]", "[::1]"), ("", '""')]
    )
    def test_raw_form_of_a_value(self, text: str, raw: str) -> None:
        assert Params.value_of(text) == raw
        assert Params.parse(f";x={raw}").get("x") == text


def test_unescaping_is_done_once() -> None:
    assert unescaped("%2541") == "%41"
    assert unescaped("a%zz%4") == "a%zz%4"
