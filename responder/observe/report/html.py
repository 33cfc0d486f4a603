"""A report as one HTML file: a matrix of cases and areas of rules, and behind each cell what was broken, the ladder
and its messages.

It loads nothing, from nowhere, and its Content-Security-Policy says so: the one style sheet and the one script are in
it, named by their hashes. Without scripting all of it can be read; what is lost is the search and the filters. A link
is all that shows a case (`:target`), so a failure has an address that can be passed on.
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterable, Iterator, Mapping, Sequence
from hashlib import sha256
from pathlib import Path
from string import Template
from typing import Final

from responder.observe.clock import iso
from responder.observe.judge import FAIL
from responder.observe.ladder import seconds
from responder.observe.report.by_rule import LEVELS, RuleVerdict, by_rule, failing, lesser
from responder.observe.report.case_names import CaseNames
from responder.observe.report.coverage import HINTS, Coverage, coverage
from responder.observe.report.explanation import count
from responder.observe.report.html_case import html_case, places
from responder.observe.report.html_matrix import OUTCOMES, STYLES, area_name, html_matrix, legend
from responder.observe.report.html_text import citations, text
from responder.observe.report.judgement import rules_in_words
from responder.observe.report.matrix import BROKEN, DEVIATES, LESSER, Mark, Matrix
from responder.observe.report.result import Outcome, Report, Result
from responder.observe.report.svg import DEFINITIONS
from responder.observe.report.trouble import troubles

_PAGE: Final = Path(__file__).with_name("page")


def html(report: Report) -> str:
    """The page; the same report gives the same one."""
    style, script = _part("report.css"), _part("report.js")
    where, verdicts = places(report.results), by_rule(report.results)
    table = Matrix.of(report.results, verdicts)
    return Template(_part("report.html")).substitute(
        policy=f"default-src 'none'; style-src {_hash(style)}; script-src {_hash(script)}; "
        "base-uri 'none'; form-action 'none'",
        style=style,
        script=script,
        definitions=DEFINITIONS,
        title=_verdict(report),
        head="".join(_head(report, verdicts)),
        matrix=html_matrix(table),
        legend="".join(legend(table)),
        levels="".join(f"<option>{level}" for level in LEVELS),
        overview="".join(_overview(report, verdicts)),
        cases="".join(html_case(number, result, where) for number, result in enumerate(report.results, 1)),
    )


def _part(name: str) -> str:
    return (_PAGE / name).read_text("utf-8")


def _hash(inline: str) -> str:
    return f"'sha256-{b64encode(sha256(inline.encode()).digest()).decode()}'"


def _verdict(report: Report) -> str:
    number = len(report.results)
    failed = sum(not result.passed for result in report.results)
    if number < 2:
        return "Nothing was judged" if not number else f"The case {'failed' if failed else 'passed'}"
    return f"{failed} of {number} cases failed" if failed else f"All {number} cases passed"


def _head(report: Report, verdicts: list[RuleVerdict]) -> Iterator[str]:
    """The verdict and the sums, above everything."""
    yield f'<h1 class="{"pass" if report.passed else "fail"}">{_verdict(report)}</h1><p class="about">'
    if report.command:
        yield f"<code>{text(report.command)}</code> "
    if report.results:
        yield f"{iso(report.began)[:19].replace('T', ' ')} UTC, {seconds(report.duration)}, "
    yield f"responder {text(report.version)}</p>"
    yield from _bar(report.outcomes)
    yield f"<p>{text(rules_in_words(verdicts))}</p>"


def _bar(outcomes: dict[Outcome, int]) -> Iterator[str]:
    """How many cases there are of each outcome, as a bar and in words."""
    total, at = sum(outcomes.values()), 0
    yield '<svg class="bar" width="100%" height="10" aria-hidden="true">'
    for outcome in OUTCOMES:
        share = outcomes[outcome]
        if share:
            yield (
                f'<rect class="{outcome}" x="{100 * at / total:.2f}%" width="{100 * share / total:.2f}%" height="10"/>'
            )
        at += share
    yield '</svg><ul class="outcomes">'
    for outcome, (mark, word) in OUTCOMES.items():
        if outcomes[outcome] or outcome in ("pass", "fail"):
            yield f'<li><b class="outcome {outcome}">{mark} {outcomes[outcome]}</b> {word}'
    yield "</ul>"


def _overview(report: Report, verdicts: Sequence[RuleVerdict]) -> Iterator[str]:
    """What is said of all cases together: the broken rules, other troubles, the baseline, the coverage."""
    names = CaseNames(report.results)
    links = {id(result): (f"#c{number}", names.name(result)) for number, result in enumerate(report.results, 1)}
    worst, least = failing(verdicts), lesser(verdicts)
    listed = {one.rule.id for one in (*worst, *least)}
    known = [one for one in verdicts if one.verdict == FAIL and one.rule.id not in listed]
    yield "<h2>Broken rules</h2>"
    if not (worst or known or least):
        yield '<p class="nothing">None.</p>'
    for mark, found in ((BROKEN, worst), (DEVIATES, known), (LESSER, least)):
        for one in found:
            yield from _rule(mark, one, links)
    others = troubles(report)
    if others:
        yield "<h2>Other troubles</h2>"
    for trouble in others:
        yield f'<p class="trouble">{text(trouble.what)}</p><p class="cases">{_links(trouble.results, links)}</p>'
    if report.stale:
        yield "<h2>No longer broken, though the baseline says so</h2><ul>"
        yield from (f"<li>{text(entry)}" for entry in report.stale)
        yield "</ul>"
    yield from _coverage(coverage(report))


def _rule(mark: Mark, broken: RuleVerdict, links: Mapping[int, tuple[str, str]]) -> Iterator[str]:
    rule, results = broken.rule, broken.results
    yield (
        f'<details class="rule {STYLES[mark]}" data-level="{rule.level}"><summary>'
        f'<b class="level">{mark.sign} {rule.level}</b> <code>{text(rule.id)}</code> '
        f'<span class="cases">{count(len(results), "case")}</span></summary>'
        f"<p>{text(rule.says)} {citations(rule.sections)}</p>"
        f'<p class="cases">{_links(results, links, f"-{rule.area}")}</p>'
        "</details>"
    )


def _links(results: Iterable[Result], links: Mapping[int, tuple[str, str]], part: str = "") -> str:
    """Cases by their names, as links to them, or to a part of each."""
    found = (links[id(result)] for result in results)
    return ", ".join(f'<a href="{place}{part}">{text(name)}</a>' for place, name in found)


def _coverage(found: Coverage) -> Iterator[str]:
    """What the run exercised, and what would exercise more."""
    yield '<h2>Coverage</h2><dl class="coverage">'
    yield from _covered("Codes", list(map(str, found.codes)), list(map(str, found.missing_codes)))
    yield from _covered("Methods", found.methods, found.missing_methods)
    yield from _covered(
        "Rules", [rule.id for rule in found.rules], [rule.id for rule in found.missing_rules], lists=False
    )
    yield "</dl>"
    areas = dict.fromkeys(rule.area for rule in found.missing_rules)
    if areas:
        yield "<details><summary>Rules that were not exercised, and what exercises them</summary><dl>"
        for area in areas:
            missing = ", ".join(text(rule.id) for rule in found.missing_rules if rule.area == area)
            yield f"<dt>{area_name(area)}<dd><p>{text(HINTS[area])}</p><p>{missing}</p>"
        yield "</dl></details>"


def _covered(what: str, there: Sequence[str], missing: Sequence[str], *, lists: bool = True) -> Iterator[str]:
    number = len(there) + len(missing)
    yield f"<dt>{what}<dd>{len(there)} of {number} exercised"
    if lists and there:
        yield f"<p>{', '.join(map(text, there))}</p>"
    if lists and missing:
        yield f'<p class="missing">not: {", ".join(map(text, missing))}</p>'
