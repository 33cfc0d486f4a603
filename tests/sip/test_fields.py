"""RFC 3261 section 20, RFC 3262, 3326, 3891, 4028, 6665: values with a grammar of their own"""

from __future__ import annotations

from collections.abc import Callable

import pytest

from responder.errors import ParseError
from responder.sip.fields import (
    CSeq,
    Event,
    MediaType,
    RAck,
    Reason,
    Replaces,
    RetryAfter,
    SessionExpires,
    Warning,
    option_tags,
)

Parse = Callable[[str], object]

# parser, text, value, written back
VALUES: list[tuple[Parse, str, str]] = [
    (CSeq.parse, " 4711 INVITE", "4711 INVITE"),
    (CSeq.parse, "0009\t INVITE ", "9 INVITE"),
    (CSeq.parse, "2147483647 x%y", "2147483647 x%y"),
    (RAck.parse, " 776656 1 INVITE", "776656 1 INVITE"),
    (RAck.parse, "4294967295 2147483647 INVITE", "4294967295 2147483647 INVITE"),
    (Event.parse, " presence", "presence"),
    (Event.parse, "refer ; id=93809823", "refer;id=93809823"),
    (MediaType.parse, " Application / SDP", "application/sdp"),
    (MediaType.parse, 'multipart/mixed;boundary="a b";x=y', 'multipart/mixed;boundary="a b";x=y'),
    (MediaType.parse, "*/*;q=0.1", "*/*;q=0.1"),
    (RetryAfter.parse, "18000;duration=3600", "18000;duration=3600"),
    (RetryAfter.parse, "120 (I'm in a meeting)", "120 (I'm in a meeting)"),
    (RetryAfter.parse, r"5 (a \( b) ;x", r"5 (a \( b);x"),
    (SessionExpires.parse, "1800;refresher=uac", "1800;refresher=uac"),
    (Replaces.parse, "a@b;to-tag=1;from-tag=2;early-only", "a@b;to-tag=1;from-tag=2;early-only"),
    (Reason.parse, 'SIP ;cause=200 ;text="Call completed elsewhere"', 'SIP;cause=200;text="Call completed elsewhere"'),
    (Reason.parse, "Q.850;cause=16", "Q.850;cause=16"),
    (Warning.parse, '307 isi.edu "Session parameter \'foo\' not understood"',
     '307 isi.edu "Session parameter \'foo\' not understood"'),
    (Warning.parse, '399 [::1]:5060 "a \\"b\\""', '399 [::1]:5060 "a \\"b\\""'),
]  # fmt: skip


@pytest.mark.parametrize(("parse", "text", "written"), VALUES)
def test_in_both_directions(parse: Parse, text: str, written: str) -> None:
    value = parse(text)
    assert str(value) == written
    assert parse(written) == value


MALFORMED: list[tuple[Parse, str]] = [
    (CSeq.parse, ""),
    (CSeq.parse, "1"),
    (CSeq.parse, "INVITE"),
    (CSeq.parse, "1INVITE"),
    (CSeq.parse, "-1 INVITE"),
    (CSeq.parse, "+1 INVITE"),
    (CSeq.parse, "1_0 INVITE"),
    (CSeq.parse, "\u0661 INVITE"),
    (CSeq.parse, "2147483648 INVITE"),
    (CSeq.parse, f"{'9' * 5000} INVITE"),
    (CSeq.parse, "1 INVITE x"),
    (CSeq.parse, "1 IN(VITE"),
    (RAck.parse, "1 INVITE"),
    (RAck.parse, "1 2 3 INVITE"),
    (RAck.parse, "4294967296 1 INVITE"),
    (RAck.parse, "1 2147483648 INVITE"),
    (Event.parse, ""),
    (Event.parse, "a b"),
    (Event.parse, "a;"),
    (MediaType.parse, "text"),
    (MediaType.parse, "text/"),
    (MediaType.parse, "/plain"),
    (MediaType.parse, "text/plain;"),
    (MediaType.parse, "text/plain, text/html"),
    (RetryAfter.parse, ""),
    (RetryAfter.parse, "soon"),
    (RetryAfter.parse, "5 (a"),
    (RetryAfter.parse, "4294967296"),
    (SessionExpires.parse, "x"),
    (SessionExpires.parse, "4294967296"),
    (Replaces.parse, "a@b"),
    (Replaces.parse, "a@b;to-tag=1"),
    (Replaces.parse, "a@b;to-tag=1;to-tag=2;from-tag=3"),
    (Replaces.parse, ";to-tag=1;from-tag=2"),
    (Reason.parse, ";cause=1"),
    (Warning.parse, '1812 overture "In Progress"'),
    (Warning.parse, "399 a b"),
    (Warning.parse, '399 "a"'),
]


@pytest.mark.parametrize(("parse", "text"), MALFORMED)
def test_malformed(parse: Parse, text: str) -> None:
    with pytest.raises(ParseError) as caught:
        parse(text)
    assert caught.value.status == 400
    assert caught.value.field


def test_parts() -> None:
    assert CSeq.parse("1 ACK") == CSeq(1, "ACK")
    assert RAck.parse("1 2 INVITE") == RAck(1, 2, "INVITE")
    assert Event.parse("dialog;id=A").id == "A"
    assert Event.parse("dialog").id is None
    assert MediaType.parse("Text/Plain").essence == "text/plain"
    assert RetryAfter.parse("5 (x);duration=9") == RetryAfter(5, "x", RetryAfter.parse("5;duration=9").params)
    assert SessionExpires.parse("90;refresher=UAS").refresher == "uas"
    assert SessionExpires.parse("90").refresher is None
    replaces = Replaces.parse("a@b;from-tag=2;to-tag=1")
    assert (replaces.call_id, replaces.to_tag, replaces.from_tag, replaces.early_only) == ("a@b", "1", "2", False)
    reason = Reason.parse('Q.850;cause=16;text="Terminated"')
    assert (reason.protocol, reason.cause, reason.text) == ("Q.850", 16, "Terminated")
    assert Reason.parse("SIP;cause=x").cause is None
    assert Warning.parse('399 h "a"') == Warning(399, "h", "a")


@pytest.mark.parametrize(
    ("covering", "covered"), [("*/*", True), ("application/*", True), ("application/sdp;q=1", True), ("text/*", False)]
)
def test_media_ranges(covering: str, covered: bool) -> None:
    assert MediaType.parse(covering).includes(MediaType.parse("application/sdp")) is covered


def test_option_tags() -> None:
    assert option_tags(" 100rel, TIMER,,replaces ") == {"100rel", "timer", "replaces"}
    assert option_tags("") == frozenset()
    assert option_tags("a," * 1000) == {"a"}
