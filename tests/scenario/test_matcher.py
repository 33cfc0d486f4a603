# ruff: noqa: E501
from __future__ import annotations

import time
from typing import Any

import pytest

from responder.events import Flow
from responder.scenario.backtracking import objection
from responder.scenario.compiler import load_text
from responder.scenario.matcher import Match
from responder.scenario.operators import Pattern
from responder.sip.message import Request
from tests.scenario.stage import FLOW, SDP, request


class Facts:
    attempt = 3

    def authenticated(self, request: Request) -> bool:
        return "Authorization" in request


FACTS = Facts()
WITH_SDP: dict[str, Any] = {"body": SDP, "headers": {"Content-Type": "application/sdp;x=y"}}
PUSHY = {"Supported": "timer, 100rel", "Require": "Path", "Event": "presence", "Subject": "a, b", "Expires": "600;x"}


def match(text: str) -> Match:
    (rule,) = load_text(f"users: {{a: b}}\nmatch: {text}\nsteps: [200]").rules
    return rule.match


CASES: tuple[tuple[str, dict[str, Any], str | None], ...] = (
    ("{}", {}, None),
    ("{}", {"method": "OPTIONS"}, "method: expected 'INVITE' (a rule that names no method is for INVITE), got 'OPTIONS'"),
    ("{method: any}", {"method": "OPTIONS"}, None),
    ("{method: [INVITE, MESSAGE]}", {"method": "MESSAGE"}, None),
    ("{method: [INVITE, MESSAGE]}", {"method": "BYE"}, "method: expected 'INVITE' or 'MESSAGE', got 'BYE'"),
    ("{user: bob}", {}, None),
    ("{user: bob}", {"uri": "sip:bobby@x"}, "user: expected 'bob', got 'bobby'"),
    ("{user: bob}", {"uri": "sip:%62ob@x"}, None),
    ("{user: bob}", {"uri": "sip:Bob@x"}, "user: expected 'bob', got 'Bob'"),
    ("{user: bob}", {"uri": "sip:x"}, "user: expected 'bob', got nothing"),
    ("{user: [al, bob]}", {}, None),
    ("{user: [al, bo]}", {}, "user: expected 'al' or 'bo', got 'bob'"),
    ("{user: '*97#'}", {"uri": "sip:*97%23@x"}, None),
    ("{user: '+1555'}", {"uri": "tel:+1555"}, None),
    ("{user: 007}", {"uri": "sip:007@x"}, None),
    ("{method: REGISTER, user: bob}", {"method": "REGISTER", "uri": "sip:x", "to": "<sip:bob@x>"}, None),
    ("{user: {prefix: bo}}", {}, None),
    ("{user: {prefix: x}}", {}, "user: expected prefix 'x', got 'bob'"),
    ("{user: {contains: o}}", {}, None),
    ("{user: {contains: x}}", {}, "user: expected something that contains 'x', got 'bob'"),
    ("{user: {glob: 'b?b*'}}", {}, None),
    ("{user: {glob: 'b'}}", {}, "user: expected glob 'b', got 'bob'"),
    ("{user: {regex: '^b.b$'}}", {}, None),
    ("{user: {regex: '^x'}}", {}, "user: expected a match of /^x/, got 'bob'"),
    ("{user: {not: [al, eve]}}", {}, None),
    ("{user: {not: {prefix: b}}}", {}, "user: expected not prefix 'b', got 'bob'"),
    ("{user: {present: true}}", {}, None),
    ("{user: {present: false}}", {}, "user: expected nothing, got 'bob'"),
    ("{user: {at_least: 100, at_most: 199}}", {"uri": "sip:150@x"}, None),
    ("{user: {at_least: 100, at_most: 199}}", {"uri": "sip:200@x"}, "user: expected at least 100 and at most 199, got '200'"),
    ("{host: EXAMPLE.com}", {"uri": "sip:b@Example.COM:5061"}, None),
    ("{host: '[2001:db8::1]'}", {"uri": "sip:b@[2001:db8::1]"}, None),
    ("{host: x}", {}, "host: expected 'x', got '192.0.2.1'"),
    ("{scheme: sips}", {"uri": "SIPS:bob@x"}, None),
    ("{scheme: tel}", {}, "scheme: expected 'tel', got 'sip'"),
    ("{uri: 'sip:bob@192.0.2.1'}", {}, None),
    ("{uri: {prefix: 'sip:al'}}", {}, "uri: expected prefix 'sip:al', got 'sip:bob@192.0.2.1'"),
    ("{from: alice}", {}, None),
    ("{from: {user: alice, host: 192.0.2.9}}", {}, None),
    ("{from: {display: Al Ice}}", {"caller": '"Al Ice" <sip:alice@x>'}, None),
    ("{from: {display: Al}}", {}, "from.display: expected 'Al', got nothing"),
    ("{from: {prefix: al}}", {}, None),
    ("{from: {uri: {contains: '@192.0.2.'}, prefix: x}}", {}, "from: expected prefix 'x', got 'alice'"),
    ("{to: {uri: 'sip:bob@192.0.2.1'}}", {}, None),
    ("{to: alice}", {}, "to: expected 'alice', got 'bob'"),
    ("{header: {o: presence}}", {"headers": PUSHY}, None),
    ("{header: {Event: presence, subject: 'a, b'}}", {"headers": PUSHY}, None),
    ("{header: {Event: dialog}}", {"headers": PUSHY}, "header Event: expected 'dialog', got 'presence'"),
    ("{header: {Supported: 100rel}}", {"headers": PUSHY}, None),
    ("{header: {Supported: 'timer, 100rel'}}", {"headers": PUSHY}, None),
    ("{header: {Expires: {at_most: 600}}}", {"headers": PUSHY}, None),
    ("{header: {Expires: {at_least: 601}}}", {"headers": PUSHY}, "header Expires: expected at least 601, got '600;x'"),
    ("{header: {Expires: {at_least: 1}}}", {}, "header Expires: expected at least 1, got nothing"),
    ("{absent: [Event, o]}", {}, None),
    ("{absent: Contact}", {}, "header Contact: expected nothing, got '<sip:alice@192.0.2.9:5070>'"),
    ("{supported: [100REL, timer]}", {"headers": PUSHY}, None),
    ("{supported: replaces}", {"headers": PUSHY}, "supported: expected 'replaces', got '100rel', 'timer'"),
    ("{required: path}", {"headers": PUSHY}, None),
    ("{required: path}", {}, "required: expected 'path', got nothing"),
    ("{body: {contains: opus}}", WITH_SDP, None),
    ("{body: {present: false}}", {}, None),
    ("{content_type: Application/SDP}", WITH_SDP, None),
    ("{content_type: text/plain}", {}, "content_type: expected 'text/plain', got nothing"),
    ("{sdp: true}", WITH_SDP, None),
    ("{sdp: true}", {}, "sdp: expected something, got nothing"),
    ("{sdp: false}", {}, None),
    ("{sdp: {audio: true, video: false, direction: [sendonly, inactive], codec: OPUS}}", WITH_SDP, None),
    ("{sdp: {video: true}}", WITH_SDP, "sdp video: expected something, got nothing"),
    ("{sdp: {codec: {not: pcmu}}}", WITH_SDP, "sdp codec: expected not 'pcmu', got 'PCMU', 'opus'"),
    ("{source: 192.0.2.0/24}", {}, None),
    ("{source: [198.51.100.0/24, 2001:db8::/32]}", {}, "source: expected 198.51.100.0/24 or 2001:db8::/32, got 192.0.2.9"),
    ("{transport: [udp, tcp]}", {}, None),
    ("{transport: tls}", {}, "transport: expected 'tls', got 'UDP'"),
    ("{attempt: 3}", {}, None),
    ("{attempt: {at_least: 4}}", {}, "attempt: expected at least 4, got '3'"),
    ("{authenticated: true}", {"headers": {"Authorization": "x"}}, None),
    ("{authenticated: true}", {}, "authenticated: expected something, got nothing"),
    ("{user: x, host: y}", {}, "user: expected 'x', got 'bob'; host: expected 'y', got '192.0.2.1'"),
)  # fmt: skip


@pytest.mark.parametrize(("text", "options", "mismatch"), CASES)
def test_explain(text: str, options: dict[str, Any], mismatch: str | None) -> None:
    asked = request(**options)
    found = match(text)
    assert found.explain(asked, FLOW, FACTS) == mismatch
    assert found.holds(asked, FLOW, FACTS) is (mismatch is None)


def test_each_match_covers_itself() -> None:
    for text, _, _ in CASES:
        assert match(text).covers(match(text)), text


@pytest.mark.parametrize(
    "wrong",
    [
        {"uri": "sip:bob@[:::"},
        {"caller": "<sip:alice@"},
        {"to": '"x <sip:b@c>'},
        {"headers": {"Content-Type": "nonsense"}, "body": "x"},
        {"headers": {"Content-Type": "application/sdp"}, "body": "v=0\r\nm=audio"},
        {"headers": {"Require": '"', "Supported": ",;="}},
    ],
)
def test_malformed_requests_match_or_do_not_and_never_raise(wrong: dict[str, Any]) -> None:
    asked = request(**wrong)
    for text, _, _ in CASES:
        found = match(text)
        assert found.holds(asked, FLOW, FACTS) is (found.explain(asked, FLOW, FACTS) is None), text


def test_ipv6_sources() -> None:
    flow = Flow("UDP", ("2001:db8::1", 5060), ("2001:db8::2", 5060))
    assert match("{source: '2001:db8::/32'}").holds(request(), flow, FACTS)
    assert not match("{source: 192.0.2.0/24}").holds(request(), flow, FACTS)


def test_long_values_are_cut_in_messages() -> None:
    text = match("{user: bob}").explain(request(uri=f"sip:{'x' * 500}@y"), FLOW, FACTS)
    assert text is not None
    assert len(text) < 150


def test_groups() -> None:
    found = match("{user: {regex: '^(?P<first>.)(.)'}, from: {regex: '(lic)'}, host: {glob: '*'}}")
    assert found.groups(request(), FLOW, FACTS) == {"1": "b", "2": "o", "first": "b"}


class TestBacktracking:
    @pytest.mark.parametrize(
        "pattern",
        [
            "(a+)+",
            "(a*)*b",
            "((a+))*",
            "(?:a+b?)+",
            "(a|a)*",
            "(a|ab)*",
            "(.|x)+",
            "(a{2,})+",
            "(\\d+\\.)*",
            ".*.*.*",
            "(?i:x+)*",
        ],
    )
    def test_dangerous(self, pattern: str) -> None:
        assert objection(pattern)

    @pytest.mark.parametrize(
        "pattern",
        ["^\\+49(?P<area>\\d+)$", "(foo|bar)+", ".*x.*", "(\\d++\\.)*+", "(?:a*b)?", "[()+*]+", "(a|b)*", "(?>a+)+", "(a{2,3})+",
         "a+b+c+", "\\(+", "(?P<x>a)(?P=x)", "[]()+]*", "x{1,3}", "(?=a+)b"],
    )  # fmt: skip
    def test_harmless(self, pattern: str) -> None:
        assert objection(pattern) == ""

    def test_a_hostile_value_takes_no_time(self) -> None:
        pattern = Pattern(".*a.*b$")
        began = time.perf_counter()
        assert not pattern.accepts(("a" * 100_000,))
        assert time.perf_counter() - began < 0.5
