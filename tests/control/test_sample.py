"""Requests made up from a match."""

from __future__ import annotations

import re

import pytest

from responder.control.explanation import explain_rule, request_of
from responder.control.matching_texts import like, text_for
from responder.control.sample import SampleError, sample
from responder.scenario.compiler import load_text
from responder.scenario.operators import Between, Contains, Not, OneOf, Pattern, Prefix

MATCHES = [
    "{user: carol}",
    "{user: [carol, dave]}",
    "{user: {regex: '^\\+?[0-9]{7,}$'}}",
    "{user: {glob: 'alice-*'}}",
    "{user: {prefix: '+49'}}",
    "{user: {not: bob}}",
    "{user: {not: {prefix: b}}}",
    "{uri: {contains: ';user=phone'}}",
    "{host: example.org}",
    "{from: carol, to: dave}",
    "{from: {host: example.org, display: Carol}}",
    "{from: {display: {present: false}}}",
    "{method: SUBSCRIBE, header: {Event: dialog}}",
    "{method: [MESSAGE, INFO], body: {contains: hello}}",
    "{method: REGISTER, user: carol, header: {Expires: {at_most: 60}}}",
    "{method: REGISTER, header: {Contact: {regex: ';expires=([1-9]|[1-9][0-9])(;|$)'}}}",
    "{method: any}",
    "{header: {Subject: {present: true}, X-Test: {regex: '^a(b|c)+\\d{2}$'}}}",
    "{header: {Session-Expires: {at_least: 100}}}",
    "{absent: [Contact]}",
    "{supported: [100rel, timer], required: [100rel]}",
    "{sdp: false}",
    "{sdp: {audio: true, video: true, direction: sendonly}}",
    "{sdp: {codec: opus}}",
    "{content_type: application/sdp}",
    "{source: 198.51.100.0/24}",
    "{source: '2001:db8::/32'}",
    "{transport: tcp}",
    "{attempt: 3}",
    "{attempt: {at_least: 2}}",
]


@pytest.mark.parametrize("match", MATCHES)
def test_the_rule_serves_the_sample(match: str) -> None:
    plan = load_text(f"match: {match}\nsteps: [486]", stem="it")
    explanation = explain_rule(plan, plan.rules[0])
    assert explanation.rule == "it"
    assert any(said.data.startswith(b"SIP/2.0 486") for said in explanation.said)


def test_an_authenticated_request() -> None:
    plan = load_text("users: {alice: secret}\nmatch: {authenticated: true}\nsteps: [486]", stem="it")
    explanation = explain_rule(plan, plan.rules[0])
    assert explanation.rule == "it"
    assert b"\r\nAuthorization: Digest " in explanation.story[0].data  # type: ignore[union-attr]


def test_a_rule_behind_another_gets_what_that_does_not_take() -> None:
    plan = load_text("rules:\n  - match: {user: {prefix: b}}\n    steps: [486]\n  - steps: [603]\n")
    explanation = explain_rule(plan, plan.rules[1])
    assert explanation.remarks == ()
    assert not (explanation.story[0].data.startswith(b"INVITE sip:b"))  # type: ignore[union-attr]


def test_what_cannot_be_satisfied_is_said() -> None:
    plan = load_text("match: {user: {regex: '(?=x)y'}}\nsteps: [486]")
    with pytest.raises(SampleError, match="'user'"):
        sample(plan.rules[0].match)


def test_a_register_has_no_user_in_its_request_uri() -> None:
    plan = load_text("match: {method: REGISTER, user: carol}\nsteps: [486]")
    request, _ = request_of(sample(plan.rules[0].match))
    assert (request.uri, request.get("To")) == ("sip:127.0.0.1", "<sip:carol@127.0.0.1>")


@pytest.mark.parametrize(
    "pattern",
    [
        r"^\d{3}$",
        r"(a|b)c?[x-z]+",
        r"^(?P<name>[a-f]{2}):\w+\s.",
        r"\.com$",
        "[^a]",
        r"(?i)busy",
        r"a{2,3}?b*",
        r"[\d-]+",
    ],
)
def test_texts_like_a_regular_expression(pattern: str) -> None:
    assert any(re.search(pattern, text) for text in like(pattern))


def test_several_tests_at_once() -> None:
    assert text_for([Prefix("a"), Contains(";b"), Not(OneOf(frozenset({"a"}), ("a",)))]) is not None
    assert text_for([Between(5, 7), Pattern("^6$")]) == "6"
    assert text_for([OneOf(frozenset({"a"}), ("a",)), Prefix("b")]) is None
