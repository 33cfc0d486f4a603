"""RFC 3261 sections 20.10, 20.20, 20.39 and 25.1"""

from __future__ import annotations

import pytest

from responder.errors import ParseError
from responder.sip.name_addr import NameAddr, split_tag

# text, display, URI, header parameters, written back
ADDRESSES = [
    ("<sip:a@b>", "", "sip:a@b", {}, "<sip:a@b>"),
    ("sip:a@b", "", "sip:a@b", {}, "<sip:a@b>"),
    ("sip:a@b;tag=1", "", "sip:a@b", {"tag": "1"}, "<sip:a@b>;tag=1"),
    ("<sip:a@b;lr>;tag=1", "", "sip:a@b;lr", {"tag": "1"}, "<sip:a@b;lr>;tag=1"),
    ('"A. G. Bell" <sip:agb@bell.com> ;tag=a48s', "A. G. Bell", "sip:agb@bell.com", {"tag": "a48s"},
     '"A. G. Bell" <sip:agb@bell.com>;tag=a48s'.replace('"', "")),
    ('"Bell, Alexander"<sip:a@b>', "Bell, Alexander", "sip:a@b", {}, '"Bell, Alexander" <sip:a@b>'),
    ("Anonymous <sip:c8oqz84zk7z@privacy.org>;tag=hyh8", "Anonymous", "sip:c8oqz84zk7z@privacy.org", {"tag": "hyh8"},
     "Anonymous <sip:c8oqz84zk7z@privacy.org>;tag=hyh8"),
    ("Two  Words<sip:a@b>", "Two  Words", "sip:a@b", {}, "Two  Words <sip:a@b>"),
    (r'"quote \" back \\ bell \a" <sip:a@b>', 'quote " back \\ bell a', "sip:a@b", {},
     r'"quote \" back \\ bell a" <sip:a@b>'),
    ('"<sip:x@y>;tag=no" <sip:a@b>;tag=yes', "<sip:x@y>;tag=no", "sip:a@b", {"tag": "yes"},
     '"<sip:x@y>;tag=no" <sip:a@b>;tag=yes'),
    ('"Жанна é" <sip:a@b>', "Жанна é", "sip:a@b", {}, '"Жанна é" <sip:a@b>'),
    ('"\udcff" <sip:a@b>', "\udcff", "sip:a@b", {}, '"\udcff" <sip:a@b>'),
    ('"" <sip:a@b>', "", "sip:a@b", {}, "<sip:a@b>"),
    ('  "a"\t<sip:a@b>\t; q = 0.7 ;expires=60 ', "a", "sip:a@b", {"q": "0.7", "expires": "60"},
     "a <sip:a@b>;q=0.7;expires=60"),
    ("<sip:a@b?Subject=x,y;z>".replace(",y;z", "%2Cy"), "", "sip:a@b?Subject=x%2Cy", {}, "<sip:a@b?Subject=x%2Cy>"),
    ("<tel:+1212;ext=1>;user", "", "tel:+1212;ext=1", {"user": ""}, "<tel:+1212;ext=1>;user"),
    ("sip:[2001:db8::1]:5061;x", "", "sip:[2001:db8::1]:5061", {"x": ""}, "<sip:[2001:db8::1]:5061>;x"),
    ('<sip:a@b>;+sip.instance="<urn:uuid:00-11>";reg-id=1', "", "sip:a@b",
     {"+sip.instance": "<urn:uuid:00-11>", "reg-id": "1"}, '<sip:a@b>;+sip.instance="<urn:uuid:00-11>";reg-id=1'),
    ('sip:a@b;x="<y>"', "", "sip:a@b", {"x": "<y>"}, '<sip:a@b>;x="<y>"'),
]  # fmt: skip


@pytest.mark.parametrize(("text", "display", "uri", "params", "written"), ADDRESSES)
def test_in_both_directions(text: str, display: str, uri: str, params: dict[str, str], written: str) -> None:
    address = NameAddr.parse(text)
    assert (address.display, str(address.uri), dict(address.params)) == (display, uri, params)
    assert address.tag == params.get("tag")
    assert str(address) == written
    assert NameAddr.parse(written) == address


@pytest.mark.parametrize(
    "text",
    [
        "", " ", "<>", "<sip:a@b", "sip:a@b>", '"a <sip:a@b>', '"a"', '"a" sip:a@b', "a, b <sip:a@b>", "a@b <sip:a@b>",
        "é <sip:a@b>", "< sip:a@b>", "<sip:a@b >", "<sip:a@b>x", "<sip:a@b>;", "<sip:a@b>;;", "<sip:a@b>;tag=",
        "<sip:a@b>;tag", "<sip:a@b>;tag=a@b", '<sip:a@b>;tag="a"',
        '<sip:a@b>;tag="a"b', "sip:a@b?x=y", "sip:a,b@c", "<sip:a@b>;x=a b",
        "<<sip:a@b>>", "*", "a<b>c<sip:a@b>", "<sip:a@b>,<sip:c@d>", "a\x00b <sip:a@b>",
    ],
)  # fmt: skip
def test_malformed(text: str) -> None:
    with pytest.raises(ParseError):
        NameAddr.parse(text)


@pytest.mark.parametrize(
    ("text", "expires"),
    [("", None), (";expires=0", 0), (";expires=007", 7), (";expires=4294967295", 4294967295),
     (";expires=4294967296", 3600), (";expires=x", 3600), (";expires", 3600), (f";expires={'9' * 5000}", 3600)],
)  # fmt: skip
def test_expires(text: str, expires: int | None) -> None:
    """Section 20.10: "Malformed values SHOULD be treated as equivalent to 3600." """
    assert NameAddr.parse(f"<sip:a@b>{text}").expires == expires


@pytest.mark.parametrize(
    ("text", "q"), [("", None), (";q=1", 1.0), (";q=0.25", 0.25), (";q=1.001", None), (";q=x", None), (";q=0.", 0.0)]
)
def test_q(text: str, q: float | None) -> None:
    assert NameAddr.parse(f"<sip:a@b>{text}").q == q


# From or To value, what stays, tag; None where only parsing tells
CUTS = [
    (" <sip:a@b>;tag=x", (" <sip:a@b>", "x")),
    (" sip:a@b", (" sip:a@b", None)),
    (" <sip:a@b>;tag=x;y=z", None),
    (" <sip:a@b> ; tag = x", None),
    (" <sip:a@b>;TAG=x", None),
    (' ";tag=x" <sip:a@b>', None),
    (" <sip:a@b;tag=x>", None),
]


@pytest.mark.parametrize(("value", "cut"), CUTS)
def test_split_tag(value: str, cut: tuple[str, str | None] | None) -> None:
    assert split_tag(value) == cut
    if cut is not None:
        assert NameAddr.parse(value).tag == cut[1]
