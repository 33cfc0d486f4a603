"""What a person selects becomes cases."""

from __future__ import annotations

from pathlib import Path

import pytest

from responder.observe.records import Case
from responder.registry import Registry
from responder.sweep.flows import METHODS
from responder.sweep.selection import (
    Selection,
    SelectionError,
    codes_of,
    dials_of,
    methods_of,
    spans_of,
    transports_of,
    variants_of,
)
from responder.sweep.variants import VARIANTS

ALL = tuple(code.status for code in Registry.standard().codes)


@pytest.mark.parametrize(
    ("text", "codes"),
    [
        ("486", (486,)),
        ("503,486, 486", (486, 503)),
        ("499", (499,)),
        ("48x", tuple(code for code in ALL if 480 <= code <= 489)),
        ("3XX", tuple(code for code in ALL if 300 <= code <= 399)),
        ("100-183", (100, 180, 181, 182, 183)),
        ("200-200", (200,)),
        ("all", ALL),
        ("6xx,all,699", (*ALL, 699)),
    ],
)
def test_codes(text: str, codes: tuple[int, ...]) -> None:
    assert codes_of(text) == codes


def test_all_codes_are_those_of_the_registry() -> None:
    assert len(codes_of("all")) == 77


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "no code is named"),
        (" , ", "no code is named"),
        ("48y", "'48y' is no code: such as 486"),
        ("700", "'700' is no code: they go from 100 to 699"),
        ("7xx", "'7xx' is no code: they go from 100 to 699"),
        ("499-400", "'499-400' is no code: a range goes from a lower code to a higher one"),
        ("al", "did you mean 'all'?"),
        ("45x", "no code is registered from 450 to 459"),
    ],
)
def test_what_is_no_code(text: str, said: str) -> None:
    with pytest.raises(SelectionError, match=said.replace("?", r"\?")):
        codes_of(text)


def test_all_mistakes_of_a_list_are_said() -> None:
    with pytest.raises(SelectionError) as caught:
        codes_of("486,48y,9xx")
    assert [line.partition(" is")[0] for line in str(caught.value).splitlines()] == ["'48y'", "'9xx'"]


def test_spans_hold_codes_that_nobody_registered() -> None:
    assert spans_of("4xx,45x,503,100-199,all") == ((400, 499), (450, 459), (503, 503), (100, 199), (100, 699))


def test_other_lists() -> None:
    assert methods_of("INVITE, REGISTER,INVITE") == ("INVITE", "REGISTER")
    assert methods_of("all") == METHODS
    assert variants_of("all") == tuple(VARIANTS)
    assert transports_of(["TCP", "udp,tcp"]) == ("tcp", "udp")
    assert dials_of(["180.300ms.486", "503,200"]) == ["180.300ms.486", "503,200"]


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (lambda: methods_of("INVIT"), "'INVIT' is no method that can be swept: did you mean 'INVITE'"),
        (lambda: methods_of(""), "no method that can be swept is named"),
        (lambda: variants_of("compct"), "'compct' is no variant: did you mean 'compact'"),
        (lambda: transports_of(["sctp"]), "'sctp' is no transport: it is udp or tcp"),
        (lambda: dials_of(["486.200"]), "'486.200' dials nothing: nothing can follow 486"),
    ],
)
def test_what_is_none_of_them(call: object, said: str) -> None:
    assert callable(call)
    with pytest.raises(SelectionError, match=said):
        call()


def test_cases_are_in_order_of_codes_methods_transports_variants() -> None:
    selection = Selection(
        codes=(180, 486), methods=("INVITE", "BYE"), transports=("udp", "tcp"), variants=("plain", "compact")
    )
    cases, left_out = selection.cases()
    assert not left_out
    assert [(case.code, case.method, case.transport, case.variant) for case in cases[:5]] == [
        ("180", "INVITE", "UDP", "plain"),
        ("180", "INVITE", "UDP", "compact"),
        ("180", "INVITE", "TCP", "plain"),
        ("180", "INVITE", "TCP", "compact"),
        ("180", "BYE", "UDP", "plain"),
    ]
    assert len(cases) == len(set(cases)) == 16
    assert all(case.dial == case.code for case in cases)


def test_variants_that_make_no_difference_are_left_out() -> None:
    cases, left_out = Selection(codes=(486,), transports=("udp", "tcp"), variants=("lossy",)).cases()
    assert cases == [Case("486", "486", "INVITE", "UDP", "lossy")]
    assert left_out == [Case("486", "486", "INVITE", "TCP", "lossy")]


def test_dial_strings_and_scenarios_have_no_code_and_no_variants(tmp_path: Path) -> None:
    file = tmp_path / "off.yaml"
    file.write_text("match: {method: [SUBSCRIBE, OPTIONS]}\nsteps: [480]\n")
    selection = Selection(dials=("180.486", "180.486"), scenarios=(str(file),), variants=("plain", "compact"))
    cases, _ = selection.cases()
    assert cases == [
        Case("", "180.486", "INVITE", "UDP"),
        Case("", "off", "OPTIONS", "UDP", scenario=str(file)),
    ]
