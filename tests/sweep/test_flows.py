"""Every flow of a sweep: it compiles, clients that behave get through it in time, and break no rule."""

from __future__ import annotations

from collections import Counter

import pytest

from responder.control.rulebook import Rulebook
from responder.observe.records import Case
from responder.registry import Registry
from responder.sweep.flows import METHODS, flow_for
from responder.sweep.in_dialog_flows import RE_INVITE
from responder.sweep.variants import VARIANTS

from .running import broken, played, verdict

CODES = [str(code.status) for code in Registry.standard().codes] + ["150", "299", "399", "499", "599", "699"]
"""Every registered code, and one of each class that is not."""
_GOING_ON = ("100", "183", "199", "200", "299", "300", "301", "302", "305", "380")
_REFUSED = ("401", "404", "407", "408", "415", "420", "422", "423", "485", "486", "487", "494", "500", "503", "603")
OF_EACH_KIND = _GOING_ON + _REFUSED
"""A code of each kind of flow."""
OF_EACH_CLASS = ("100", "200", "302", "401", "408", "481", "503", "603")
NOT_DONE = (
    *("invite-has-supported", "redirection-is-followed", "proxy-of-305-is-used", "stale-nonce-is-no-wrong-password"),
    "refused-body-is-sent-in-another-form",
)
"""What a client that knows the basics does not do though it SHOULD."""
PATIENCE = 12.0
"""Seconds that a plain case takes with a client that knows the basics."""


@pytest.mark.parametrize("code", CODES)
def test_an_able_client_breaks_no_rule_in_a_call(code: str) -> None:
    for transport in ("UDP", "TCP"):
        world, _, _ = played(Case(code, code, "INVITE", transport))
        assert broken(verdict(world)) == {}


@pytest.mark.parametrize("method", [method for method in METHODS if method != "INVITE"])
@pytest.mark.parametrize("code", [*OF_EACH_KIND, "405", "412", "469", "481", "491"])
def test_an_able_client_breaks_no_rule_with_another_request(code: str, method: str) -> None:
    world, _, _ = played(Case(code, code, method, "UDP"))
    assert broken(verdict(world)) == {}


@pytest.mark.parametrize("code", CODES)
def test_a_simple_client_gets_through_in_time(code: str) -> None:
    for method in METHODS if code in OF_EACH_CLASS else ("INVITE", "BYE", "MESSAGE"):
        world, client, _ = played(Case(code, code, method, "UDP"), "simple")
        assert broken(verdict(world), without=NOT_DONE) == {}
        assert client.trace[-1].time <= PATIENCE


@pytest.mark.parametrize(("transport", "client"), [("UDP", "able"), ("TCP", "simple")])
@pytest.mark.parametrize("variant", VARIANTS)
def test_no_variant_of_a_call_breaks_a_client_that_behaves(variant: str, transport: str, client: str) -> None:
    for code in OF_EACH_KIND:
        case = Case(code, code, "INVITE", transport, variant)
        if VARIANTS[variant].applies(case):
            world, _, _ = played(case, client)
            assert broken(verdict(world), without=NOT_DONE if client == "simple" else ()) == {}, case


@pytest.mark.parametrize("method", ["REGISTER", "MESSAGE", "SUBSCRIBE", "BYE", "PRACK", RE_INVITE])
@pytest.mark.parametrize("variant", VARIANTS)
def test_no_variant_of_another_request_breaks_a_client_that_behaves(variant: str, method: str) -> None:
    for code in OF_EACH_CLASS:
        case = Case(code, code, method, _transport(variant), variant)
        if VARIANTS[variant].applies(case):
            world, _, _ = played(case)
            assert broken(verdict(world)) == {}, case


def _transport(variant: str) -> str:
    return "TCP" if variant in ("byte-by-byte", "two-in-one-segment") else "UDP"


@pytest.mark.parametrize("variant", VARIANTS)
def test_every_variant_compiles_and_applies_to_some_code(variant: str) -> None:
    found = 0
    for code in OF_EACH_KIND:
        case = Case(
            code, code, "INVITE", "TCP" if variant in ("byte-by-byte", "two-in-one-segment") else "UDP", variant
        )
        if VARIANTS[variant].applies(case):
            assert Rulebook([flow_for(case).scenario]).plan.rules
            found += 1
    assert found


def test_every_variant_makes_a_difference_where_it_applies() -> None:
    for name, variant in VARIANTS.items():
        for code in CODES:
            case = Case(code, code, "INVITE", "TCP" if code == "302" else "UDP", name)
            if name != "plain" and variant.applies(case):
                assert flow_for(case).scenario != flow_for(Case(code, code, "INVITE", case.transport)).scenario, case


def test_what_they_show_is_said_in_a_sentence() -> None:
    shown = [flow_for(Case(code, code, method, "UDP")).shows for code in CODES for method in METHODS]
    shown += [variant.shows for variant in VARIANTS.values()]
    assert all(text.endswith(".") and text[0].isupper() for text in shown)
    names = Counter(variant.shows for variant in VARIANTS.values())
    assert max(names.values()) == 1
