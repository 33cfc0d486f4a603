from __future__ import annotations

from responder.observe.report.coverage import HINTS, as_dict, coverage, in_a_line, lines
from responder.observe.report.result import Report, report_of
from responder.observe.rules.catalogue import rules
from responder.registry.registry import Registry

from .making import SWEEP, Played, code, served, swept


def test_codes_methods_and_rules_of_a_sweep() -> None:
    found = coverage(swept(*SWEEP))
    assert found.codes == {486: ("INVITE",), 503: ("INVITE",), 600: ("INVITE",)}
    assert set(found.codes) | set(found.missing_codes) == {row.status for row in Registry.standard().codes}
    assert found.methods == ("ACK", "INVITE")
    assert "REGISTER" in found.missing_methods
    assert (found.variants, found.missing_variants) == (("plain", "folded"), ())
    assert "refusal-is-acknowledged" in {rule.id for rule in found.rules}
    assert {*found.rules, *found.missing_rules} == {*rules()}
    assert not {*found.rules} & {*found.missing_rules}


def test_a_code_that_nobody_has_registered_counts_as_one_more() -> None:
    found = coverage(swept(Played(code(499))))
    assert list(found.codes) == [499]
    assert in_a_line(found).startswith("coverage: 1 of 78 codes, ")


def test_of_any_trace() -> None:
    assert coverage(report_of(served(), version="1")).codes == {486: ("INVITE",)}
    nothing = coverage(Report((), "1"))
    assert (nothing.codes, nothing.rules, nothing.methods) == ({}, (), ())


def test_every_group_of_rules_has_a_hint() -> None:
    assert HINTS.keys() == {rule.area for rule in rules()}
    assert "authentication" in as_dict(coverage(swept(*SWEEP)))["hints"]


def test_in_full() -> None:
    shown = [*lines(coverage(swept(*SWEEP)), width=80)]
    assert shown[1] == "  codes exercised: 486 (INVITE), 503 (INVITE), 600 (INVITE)"
    assert "  variants exercised: plain, folded" in shown
    assert [
        line for line in shown if line.startswith("  rules of cancel: ") and "missing; a client that hangs up" in line
    ]


def test_variants_that_a_sweep_could_have_had() -> None:
    report = Report(swept(*SWEEP).results, "1", variants=("plain", "folded", "lossy"))
    assert coverage(report).missing_variants == ("lossy",)
    assert "  variants missing: lossy" in lines(coverage(report), width=80)
