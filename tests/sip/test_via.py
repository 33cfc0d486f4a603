"""RFC 3261 sections 18.2.1, 20.42; RFC 3581; RFC 5118 section 4.5"""

from __future__ import annotations

import pytest

from responder.errors import ParseError
from responder.sip.via import Via, stamped, top_via

# text, transport, host, port, branch, received, rport asked for, written back
VIAS = [
    ("SIP/2.0/UDP erlang.bell-telephone.com:5060;branch=z9hG4bK87asdks7", "UDP", "erlang.bell-telephone.com", 5060,
     "z9hG4bK87asdks7", None, False),
    ("SIP/2.0/UDP 192.0.2.1:5060;received=192.0.2.207;branch=z9hG4bK77asjd", "UDP", "192.0.2.1", 5060,
     "z9hG4bK77asjd", "192.0.2.207", False),
    ("SIP/2.0/TCP host", "TCP", "host", None, "", None, False),
    ("SIP/2.0/WSS df7jal23ls0d.invalid;rport;branch=z9hG4bK56sdasks", "WSS", "df7jal23ls0d.invalid", None,
     "z9hG4bK56sdasks", None, True),
    ("SIP/2.0/UDP 10.1.1.1:4540;rport=9988;received=192.0.2.1;branch=z9hG4bKkjshdyff", "UDP", "10.1.1.1", 4540,
     "z9hG4bKkjshdyff", "192.0.2.1", False),
    ("SIP/2.0/UDP [2001:db8::9:1]:6050;branch=x;received=2001:db8::9:255", "UDP", "[2001:db8::9:1]", 6050, "x",
     "2001:db8::9:255", False),
    ('SIP/2.0/TLS h;x="a;branch=no,";branch=yes', "TLS", "h", None, "yes", None, False),
    ("SIP/2.0/UDP h;ttl=255;maddr=224.0.1.75;branch=b;alias", "UDP", "h", None, "b", None, False),
]  # fmt: skip


@pytest.mark.parametrize(("text", "transport", "host", "port", "branch", "received", "asked"), VIAS)
def test_in_both_directions(
    text: str, transport: str, host: str, port: int | None, branch: str, received: str | None, asked: bool
) -> None:
    via = Via.parse(text)
    assert (via.transport, via.host, via.port, via.branch) == (transport, host, port, branch)
    assert (via.received, via.has_rport) == (received, asked)
    assert str(via) == text
    for _ in range(2):  # parsed, then remembered
        top = top_via(f" {text}")
        assert (top.transport, top.host, top.port, top.branch) == (transport, host, port, branch)
        assert (top.received, top.has_rport, top.sent_by) == (received, asked, via.sent_by)
        assert top.maddr == via.maddr
        assert top.address == host.strip("[]")


def test_white_space_anywhere() -> None:
    text = "SIP / 2.0 \t/ UDP   first.example.com :\t4000 ;ttl = 16 ; maddr=224.2.0.1 ;branch = z9hG4bKa7c6a8dlze.1 "
    assert (
        str(Via.parse(text)) == "SIP/2.0/UDP first.example.com:4000;ttl=16;maddr=224.2.0.1;branch=z9hG4bKa7c6a8dlze.1"
    )
    assert top_via(text).branch == "z9hG4bKa7c6a8dlze.1"


@pytest.mark.parametrize(
    "text",
    [
        "", " ", "SIP/2.0/UDP", "SIP/2.0 h", "SIP/2.0/UDPh", "SIP/2.0/UDP ;branch=a", "SIP/2.0/UDP h;",
        "SIP/2.0/UDP h;;", "SIP/2.0/UDP h;branch=", "SIP/2.0/UDP h;branch", "SIP/2.0/UDP h;branch=a b",
        "SIP/2.0/UDP h;branch=a@b", 'SIP/2.0/UDP h;branch="a"',
        "SIP/2.0/UDP h:;branch=a", "SIP/2.0/UDP h:x", "SIP/2.0/UDP h:70000", "SIP/2.0/UDP [::1;branch=a",
        "SIP/2.0/UDP [zz]", "SIP/2.0/UDP 2001:db8::1;branch=a", "SIP/2.0/UDP h;ttl=256", "SIP/2.0/UDP h;ttl=x",
        "SIP/2.0/UDP h;rport=x", "SIP/2.0/UDP h;rport=123456", "SIP/2.0/UDP h;received=a@b", "SIP/2.0/UDP h x",
        "/2.0/UDP h", ", SIP/2.0/UDP h",
    ],
)  # fmt: skip
def test_malformed(text: str) -> None:
    with pytest.raises(ParseError) as caught:
        top_via(text)
    assert (caught.value.status, caught.value.field) == (400, "Via")


def test_malformed_branch_after_a_remembered_peer() -> None:
    assert top_via(" SIP/2.0/UDP known;branch=good").branch == "good"
    for branch in ("", "a b", "a@b", '"a"', "é"):
        with pytest.raises(ParseError):
            top_via(f" SIP/2.0/UDP known;branch={branch}")


def test_only_the_first_element_counts() -> None:
    assert top_via(" SIP/2.0/UDP a;branch=1, SIP/2.0/TCP b;branch=2").sent_by == "a"
    assert top_via(" SIP/2.0/UDP a, SIP/2.0/TCP b;branch=2").branch == ""


def test_second_branch_is_not_the_branch() -> None:
    for _ in range(2):
        assert top_via(" SIP/2.0/UDP a;branch=1;branch=2").branch == "1"
        assert top_via(" SIP/2.0/UDP a;Branch=1;branch=2").branch == "1"
        assert top_via(" SIP/2.0/UDP a; branch =1;branch=2").branch == "1"


def test_remembering_is_bounded() -> None:
    for number in range(10_000):
        assert top_via(f" SIP/2.0/UDP h{number};branch=b").host == f"h{number}"


# value, stamped with 192.0.2.7 port 9
STAMPED = [
    ("SIP/2.0/UDP h;branch=b", "SIP/2.0/UDP h;branch=b;received=192.0.2.7"),
    ("SIP/2.0/UDP h;rport;branch=b", "SIP/2.0/UDP h;rport=9;received=192.0.2.7;branch=b"),
    ("SIP/2.0/UDP h;branch=b;rport", "SIP/2.0/UDP h;branch=b;rport=9;received=192.0.2.7"),
    ("SIP/2.0/UDP h;rport=4;branch=b", "SIP/2.0/UDP h;rport=4;branch=b;received=192.0.2.7"),
    ("SIP/2.0/UDP h;received=9.9.9.9;rport;branch=b", "SIP/2.0/UDP h;rport=9;branch=b;received=192.0.2.7"),
    ("SIP/2.0/UDP h ; RPORT ; x=y", "SIP/2.0/UDP h;rport=9;x=y;received=192.0.2.7"),
    ("SIP/2.0/UDP h;rportx;branch=b", "SIP/2.0/UDP h;rportx;branch=b;received=192.0.2.7"),
    ("SIP/2.0/UDP h;branch=b, SIP/2.0/UDP g;rport", "SIP/2.0/UDP h;branch=b;received=192.0.2.7, SIP/2.0/UDP g;rport"),
    ('SIP/2.0/UDP h;x=";rport";branch=b', 'SIP/2.0/UDP h;x=";rport";branch=b;received=192.0.2.7'),
]


@pytest.mark.parametrize(("value", "expected"), STAMPED)
def test_stamped(value: str, expected: str) -> None:
    result = stamped(value, host="192.0.2.7", port=9)
    assert result == expected
    assert top_via(result).received == "192.0.2.7"


def test_stamped_with_ipv6_has_no_delimiters() -> None:
    result = stamped("SIP/2.0/UDP h;rport", host="2001:db8::1", port=9)
    assert result == "SIP/2.0/UDP h;rport=9;received=2001:db8::1"
    assert Via.parse(result).rport == 9
