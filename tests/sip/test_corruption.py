"""The catalogue of corruptions: each does what it says, on any message, and raises on none."""

from __future__ import annotations

import random

import pytest

from responder.errors import ParseError
from responder.sip.corruption import CATALOGUE, FOREIGN_VIA, corrupted
from responder.sip.message import Response
from responder.sip.parser import parse
from responder.sip.syntax import fault_of_response

ASKED = {
    "wrong-branch", "wrong-call-id", "wrong-cseq", "no-to-tag", "lower-via-first", "second-via", "bad-content-length",
    "no-content-length", "truncated", "empty-reason", "unknown-version", "lf-only", "folded", "compact", "huge-header",
    "nul-byte", "non-utf8", "two-in-one-segment", "byte-by-byte",
}  # fmt: skip
"""The names of the scenario language's design."""

RESPONSE = (
    b"SIP/2.0 486 Busy Here\r\n"
    b"Via: SIP/2.0/UDP 192.0.2.10:5062;branch=z9hG4bKabc;received=192.0.2.11\r\n"
    b'From: "A;tag=no" <sip:alice@example.com>;tag=f1\r\n'
    b"To: <sip:bob@example.com;x=1>;tag=t1\r\n"
    b"Call-ID: one@192.0.2.10\r\n"
    b"CSeq: 7 INVITE\r\n"
    b"Content-Type: text/plain\r\n"
    b"Content-Length: 12\r\n\r\nhello, there"
)
TWO_VIAS = RESPONSE.replace(b"\r\nFrom", b", SIP/2.0/TCP lower.example.com;branch=z9hG4bKlow\r\nFrom")
SHORT = (
    b"BYE sip:alice@192.0.2.10 SIP/2.0\r\nv:SIP/2.0/UDP h;branch=z9hG4bKq\r\nf:sip:b@h;tag=1\r\nt:sip:a@h;tag=2\r\n"
    b"i:x\r\nCSeq:1 BYE\r\nl:0\r\n\r\n"
)
HARMLESS = {
    "folded", "compact", "lowercase-names", "uppercase-names", "space-before-colon", "two-in-one-segment",
    "byte-by-byte", "lf-only", "leading-crlf",
}  # fmt: skip
"""Those that leave the meaning as it is."""


def after(name: str, data: bytes = RESPONSE) -> bytes:
    return CATALOGUE[name].apply(data)


def read(name: str, data: bytes = RESPONSE) -> Response:
    message = parse(after(name, data))
    assert isinstance(message, Response)
    return message


def test_every_name_of_the_design_is_there() -> None:
    assert set(CATALOGUE) >= ASKED


def test_every_entry_says_what_it_does_and_what_a_client_owes_it() -> None:
    for name, corruption in CATALOGUE.items():
        assert corruption.description.endswith("."), name
        assert corruption.duty, name


@pytest.mark.parametrize("name", sorted(HARMLESS))
@pytest.mark.parametrize("data", [RESPONSE, TWO_VIAS, SHORT])
def test_spellings_that_are_legal_mean_the_same(name: str, data: bytes) -> None:
    plain, other = parse(data), parse(after(name, data))
    assert other.body == plain.body
    assert other.cseq == plain.cseq
    assert other.call_id == plain.call_id
    assert [" ".join(via.split()) for via in other.every("via")] == plain.every("via")
    assert (other.from_tag, other.to_tag) == (plain.from_tag, plain.to_tag)


@pytest.mark.parametrize("name", sorted(set(CATALOGUE) - {"two-in-one-segment", "byte-by-byte"}))
def test_a_response_is_no_more_what_it_was(name: str) -> None:
    assert after(name) != RESPONSE
    assert after(name) == after(name)


def test_wrong_identifiers() -> None:
    assert read("wrong-branch").top_via.branch == "z9hG4bKabcwrong"
    assert read("wrong-branch", TWO_VIAS).every("via")[1] == "SIP/2.0/TCP lower.example.com;branch=z9hG4bKlow"
    assert read("wrong-call-id").call_id == "wrong-one@192.0.2.10"
    assert str(read("wrong-cseq").get("CSeq")) == "8 INVITE"
    assert str(read("wrong-cseq", RESPONSE.replace(b" 7 ", b" 2147483647 ")).get("CSeq")) == "2147483646 INVITE"
    assert str(read("wrong-cseq-method").get("CSeq")) == "7 OPTIONS"
    assert read("wrong-to-tag").to_tag == "t1wrong"
    assert read("wrong-from-tag").from_tag == "f1wrong"
    assert read("wrong-from-tag").get("From") == '"A;tag=no" <sip:alice@example.com>;tag=f1wrong'


def test_the_tag_alone_leaves_the_to() -> None:
    assert read("no-to-tag").get("To") == "<sip:bob@example.com;x=1>"


def test_vias_in_the_wrong_order() -> None:
    vias = read("lower-via-first", TWO_VIAS).every("via")
    assert [via.split(";")[0] for via in vias] == ["SIP/2.0/TCP lower.example.com", "SIP/2.0/UDP 192.0.2.10:5062"]
    assert read("lower-via-first").every("via")[0] == FOREIGN_VIA
    assert read("second-via").every("via")[1] == FOREIGN_VIA
    assert read("second-via").top_via.branch == "z9hG4bKabc"


@pytest.mark.parametrize("data", [RESPONSE, SHORT])
@pytest.mark.parametrize("key", ["via", "call-id", "cseq", "to", "from", "content-length"])
def test_fields_that_are_not_there(key: str, data: bytes) -> None:
    assert parse(after(f"no-{key}", data)).every(key) == []


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("bad-content-length", "many"),
        ("negative-content-length", "-1"),
        ("content-length-too-long", "22"),
        ("content-length-too-short", "2"),
    ],
)
def test_lengths(name: str, value: str) -> None:
    line = f"Content-Length: {value}\r\n".encode()
    assert line in after(name)
    assert b"Content-Length: " + value.encode() in after(name, RESPONSE.replace(b"Content-Length: 12\r\n", b""))


def test_start_lines() -> None:
    assert after("empty-reason").startswith(b"SIP/2.0 486 \r\n")
    assert read("empty-reason").status == 486
    assert len(after("long-reason").partition(b"\r\n")[0]) == len(b"SIP/2.0 486 ") + 1024
    assert after("unknown-version").startswith(b"SIP/7.0 486 Busy Here\r\n")
    assert after("unknown-version", SHORT).startswith(b"BYE sip:alice@192.0.2.10 SIP/7.0\r\n")
    assert after("impossible-status").startswith(b"SIP/2.0 4294967301 Busy Here\r\n")
    assert after("empty-reason", SHORT) == SHORT


def test_bytes() -> None:
    assert after("truncated") == RESPONSE[: len(RESPONSE) // 2]
    assert b"\r" not in after("lf-only")
    assert after("no-crlf-at-end") == RESPONSE.partition(b"\r\n\r\n")[0] + b"\r\n"
    assert after("duplicate-header").count(b"Call-ID: one@192.0.2.10\r\n") == 2
    assert b"\0" in after("nul-byte").partition(b"\r\n\r\n")[0]
    assert len(after("huge-header")) > 16_384
    with pytest.raises(UnicodeDecodeError):
        after("non-utf8").decode()


def test_every_fold_is_followed_by_white_space_and_something() -> None:
    folded = after("folded", TWO_VIAS)
    lines = folded.partition(b"\r\n\r\n")[0].split(b"\r\n")
    assert len(lines) > 2 * 7
    assert all(line.strip() for line in lines)


def test_compact_names_are_those_of_the_rfc() -> None:
    names = [line.partition(b":")[0] for line in after("compact").partition(b"\r\n\r\n")[0].split(b"\r\n")[1:]]
    assert names == [b"v", b"f", b"t", b"i", b"CSeq", b"c", b"l"]


def mangled(chances: random.Random) -> bytes:
    data = bytearray(chances.choice((RESPONSE, TWO_VIAS, SHORT)))
    for _ in range(chances.randrange(30)):
        at = chances.randrange(len(data) + 1)
        data[at : at + chances.randrange(3)] = chances.choice(
            (b"\r\n", b":", b";", b",", b'"', b"<", b"\0", b"\xff", b" ")
        )
    return bytes(data[: chances.choice((None, chances.randrange(len(data) + 1)))])


@pytest.mark.parametrize("seed", range(40))
def test_nothing_that_an_author_writes_makes_one_raise(seed: int) -> None:
    chances = random.Random(seed)
    for _ in range(20):
        data = mangled(chances)
        for name in CATALOGUE:
            assert isinstance(after(name, data), bytes)
        names = tuple(chances.sample(list(CATALOGUE), 5))
        assert corrupted(data, names) == corrupted(data, names)


@pytest.mark.parametrize(
    "name", ["bad-content-length", "negative-content-length", "unknown-version", "truncated", "no-cseq", "no-via"]
)
def test_what_nobody_can_read_is_found_to_be_so(name: str) -> None:
    try:
        message = parse(after(name))
    except ParseError:
        return
    assert isinstance(message, Response)
    assert fault_of_response(message) is not None
