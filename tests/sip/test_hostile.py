"""Whatever the bytes: `ParseError` or nothing, in linear time"""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from contextlib import suppress

import pytest

from responder.errors import ParseError
from responder.sip import digest, fields
from responder.sip.fields import CSeq
from responder.sip.framer import FramingError, StreamFramer
from responder.sip.message import Message, Request, Response
from responder.sip.name_addr import NameAddr
from responder.sip.parser import parse
from responder.sip.sdp import Answerer, SdpError
from responder.sip.syntax import fault_of, fault_of_response
from responder.sip.uri import Uri
from responder.sip.via import Via, stamped, top_via
from responder.sip.writer import written

from .torture_messages import REQUESTS, RESPONSES, message

TYPED = [name for name in Message.__slots__ if name not in ("body", "problem", "shape", "values", "version")]


def read_all(data: bytes) -> None:
    """Everything that a message may be asked for; only `ParseError` is allowed on the way."""
    try:
        parsed = parse(data)
    except ParseError:
        return
    if isinstance(parsed, Request):
        fault = fault_of(parsed)
        if fault is None:
            assert parsed.top_via.transport
            assert parsed.cseq == CSeq.parse(parsed.first("cseq") or "")
            assert parsed.cseq.method == parsed.method
            assert (parsed.from_tag, parsed.to_tag) == (parsed.from_.tag, parsed.to.tag)
            via = parsed.vias[0]
            assert (parsed.top_via.sent_by, parsed.top_via.branch) == (via.sent_by, via.branch)
            assert (parsed.top_via.received, parsed.top_via.has_rport) == (via.received, via.has_rport)
            again = parse(written(parsed))
            assert isinstance(again, Request)
            assert again.problem is None
            assert list(again.fields()) == list(parsed.fields())
    elif isinstance(parsed, Response):
        fault_of_response(parsed)
    for name in [*TYPED, "target"] if isinstance(parsed, Request) else TYPED:
        with suppress(ParseError):
            str(getattr(parsed, name))
    for key in parsed.shape.every:
        for value in parsed.every(key):
            stamped(value, host="192.0.2.1", port=1)
            for parser in (digest.challenges, digest.Credentials.parse, fields.RetryAfter.parse, fields.Warning.parse):
                with suppress(ParseError):
                    parser(value)
    with suppress(SdpError):
        Answerer("192.0.2.1", (4000,)).answer(parsed.body, 1, 1)


SEPARATORS = [b"", b"\r\n", b"\n", b"\r", b"\r\n ", b"\0", b":", b";", b",", b'"', b"\\", b"<", b">", b"=", b"%", b"@",
              b" ", b"\t", b"\xff", b"\xc3", b"\xe2\x80\xa8", b"\xd9\xa1", b"[", b"]", b"9" * 40, b"-1", b";tag=",
              b";branch=", b"tel:", b"*", b"/", b"?"]  # fmt: skip


def mutants(count: int) -> list[bytes]:
    dice = random.Random(3261)
    originals = [message(name) for name in (*REQUESTS, *RESPONSES)]
    made: list[bytes] = []
    for _ in range(count):
        data = bytearray(dice.choice(originals))
        for _ in range(dice.randint(1, 4)):
            at = dice.randrange(len(data) + 1)
            kind = dice.randrange(5)
            if kind == 0:
                data[at : at + dice.randint(1, 12)] = dice.choice(SEPARATORS)
            elif kind == 1:
                data[at:at] = dice.choice(SEPARATORS)
            elif kind == 2:
                data[at : at + 1] = bytes([dice.randrange(256)])
            elif kind == 3:
                del data[at : at + dice.randint(1, 40)]
            else:
                other = dice.choice(originals)
                begin = dice.randrange(len(other))
                data[at:at] = other[begin : begin + dice.randint(1, 40)]
        made.append(bytes(data))
    return made


def test_mutants_of_the_torture_messages() -> None:
    for data in mutants(4000):
        try:
            read_all(data)
        except Exception as error:
            raise AssertionError(data) from error


def test_noise() -> None:
    dice = random.Random(4475)
    for size in range(400):
        read_all(dice.randbytes(size))
        read_all(b"INVITE sip:a@b SIP/2.0\r\nVia: " + dice.randbytes(size) + b"\r\n\r\n")
        read_all(b"SIP/2.0 200 OK\r\n" + dice.randbytes(size) + b"\r\n\r\n")


def test_every_truncation() -> None:
    for name in ("wsinv", "intmeth", "esc01", "mult-ip-in-sdp", "unreason"):
        data = message(name)
        for size in range(0, len(data), 3):
            read_all(data[:size])


def test_mutants_in_a_stream() -> None:
    for data in mutants(500):
        framer = StreamFramer(max_head=2000, max_body=2000)
        with suppress(FramingError):
            for at in range(0, len(data), 100):
                framer.feed(data[at : at + 100])
                assert framer.pending <= len(data)


SIZE = 60_000
UNITS = [
    "<", ">", '"', "\\", '\\"', '"\\', "a", ",", ";", ";a", "=", ";a=", "%", "%4", "%41", " ", "\t", " ;", "a ", "a,",
    "<>", "<a>,", '"a",', '""', ";;", "@", ":", "a:", "[", "]", "a.", ".", "-", "0", "&", "?", "a=b&", "(", "*",
    "\u00e9", "\udc80", "sip:", "SIP/2.0/UDP a,", "=,", "/", 'a="b",', "\\\x00", "Digest ", "1 ", "<sip:a@b>,",
]  # fmt: skip
READERS: list[tuple[Callable[[str], object], list[str]]] = [
    (Uri.parse, ["", "sip:", "sip:a@", "sip:a@b;", "sip:a@b?", "sip:[", "tel:", "x:"]),
    (NameAddr.parse, ["", '"', "<sip:", '"x" <sip:a@b>', "<sip:a@b>;tag=", '<sip:a@b>;x="', "a <sip:", "sip:a@b;x"]),
    (Via.parse, ["", "SIP/2.0/UDP a", "SIP/2.0/UDP a;branch=", "SIP/2.0/UDP [", 'SIP/2.0/UDP a;x="']),
    (top_via, ["", "SIP/2.0/UDP a", "SIP/2.0/UDP a;branch=", "SIP/2.0/UDP a, "]),
    (fields.CSeq.parse, ["", "1 ", "1"]),
    (fields.RAck.parse, ["", "1 1 "]),
    (fields.MediaType.parse, ["", "a/b;x="]),
    (fields.Event.parse, ["a;"]),
    (fields.Reason.parse, ["", "a;"]),
    (fields.RetryAfter.parse, ["", "1 (", "1;"]),
    (fields.Warning.parse, ["", '399 a "']),
    (fields.Replaces.parse, ["", "a;"]),
    (fields.SessionExpires.parse, ["", "1;"]),
    (fields.option_tags, [""]),
    (digest.challenges, ["", "Digest ", 'Digest a="', 'Digest realm="a",nonce="b",']),
    (digest.Credentials.parse, ["", 'Digest a="']),
]


@pytest.mark.parametrize("unit", UNITS)
def test_time_is_linear_in_a_value(unit: str) -> None:
    """60 KB in one value: less than 50 ms, where a quadratic expression takes minutes."""
    text = unit * (SIZE // len(unit))
    for reader, beginnings in READERS:
        for beginning in beginnings:
            for end in ("", '"'):
                assert quickest(reader, beginning + text + end) < 0.05, (reader, beginning, end)


def quickest(reader: Callable[[str], object], text: str) -> float:
    """Seconds for reading it once; what seems slow is measured again, as others use the machine too."""
    for _ in range(3):
        begun = time.perf_counter()
        with suppress(ParseError):
            reader(text)
        seconds = time.perf_counter() - begun
        if seconds < 0.05:
            break
    return seconds


HEADS = [
    "{}", "{} SIP/2.0\r\n\r\n", "INVITE {} SIP/2.0\r\n\r\n", "SIP/2.0 200 {}\r\n\r\n", "SIP/2.0 {}\r\n\r\n",
    "INVITE sip:a SIP/2.0\r\n{}\r\n\r\n", "INVITE sip:a SIP/2.0\r\nTo: {}\r\n\r\n",
    "INVITE sip:a SIP/2.0\r\nl: {}\r\n\r\n",
]  # fmt: skip


@pytest.mark.parametrize(
    "unit", ["\r\n", "\r\n a", "\r\na: b", "\na:", "\r", "\\", '"', "a", " ", "\t", ":", "\0", '\\"']
)
def test_time_is_linear_in_a_head(unit: str) -> None:
    for head in HEADS:
        data = head.format(unit * (SIZE // len(unit))).encode()
        assert quickest(lambda _, data=data: parse(data), "") < 0.15, head  # type: ignore[misc]


def test_time_is_linear_in_sdp() -> None:
    begin = "v=0\r\no=a 1 1 IN IP4 a\r\ns=-\r\nt=0 0\r\nc=IN IP4 a\r\n"
    for unit in (
        "m=audio 1 RTP/AVP 0\r\n",
        "a=rtpmap:0 a\r\n",
        "m=audio 1 RTP/AVP 0" + " 0" * 30000,
        "a=",
        "\r\n",
        " ",
    ):
        data = (begin + "m=audio 1 RTP/AVP 0\r\n" + unit * (SIZE // len(unit))).encode()

        def answer(_: str, data: bytes = data) -> object:
            return Answerer("192.0.2.1", (4000,)).answer(data, 1, 1)

        assert quickest(answer, "") < 0.2, unit
