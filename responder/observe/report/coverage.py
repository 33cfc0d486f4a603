"""What a run exercised of codes, methods and rules, and what not, so that a suite can be completed. Of any trace."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from textwrap import wrap
from typing import Any, Final

from responder.observe.identity import identity_of
from responder.observe.judge import NOT_EXERCISED
from responder.observe.printable import printable
from responder.observe.report.by_rule import by_rule
from responder.observe.report.listing import listed
from responder.observe.report.result import Report
from responder.observe.rules.catalogue import rules
from responder.observe.rules.rule import Rule
from responder.registry.registry import Registry
from responder.sip.message import Request, Response
from responder.sip.methods import METHODS

HINTS: Final = {
    "form": "any request has a form: let the client send more methods",
    "grammar": "any request is written in some way: let the client send more methods",
    "retransmissions": "over UDP, lose the first response: responder sweep --variants lossy",
    "acks": "an INVITE that is accepted and one that is refused: responder sweep --codes 200,486",
    "cancel": "a client that hangs up while it rings: responder sweep --codes 180",
    "responses": "a scenario that sends requests to the client (`send`), or a corrupted response (`fault`)",
    "retries": "responder sweep --codes 401,403,486,500,503,600,603",
    "remedies": "responder sweep --codes 412,413,415,416,420,421,422,423,433,438,469,485,494",
    "authentication": "a client with user and password: responder sweep --codes 401,407",
    "redirects": "responder sweep --codes 300,301,302,305,380",
    "registration": "a client that registers: responder sweep --methods REGISTER",
    "called": "a scenario that calls the client (`send: INVITE` with `to`)",
    "dialogs": "a call that is held for a while: responder sweep --codes 200,481,491",
    "prack": "a client that supports 100rel: responder sweep --codes 180,183",
    "offer_answer": "a call that is changed while it lasts, by the client or by a scenario (`send: INVITE`)",
    "session_timers": "a client with session timers: responder sweep --codes 200,422",
    "updates": "a client that sends UPDATE or INFO, or a scenario that does (`send: UPDATE`)",
    "subscriptions": "responder sweep --methods SUBSCRIBE,REFER,PUBLISH",
}
"""What exercises the rules of an area."""


@dataclass(frozen=True)
class Coverage:
    """What there was, in the order of the tables, and what there was not."""

    codes: dict[int, tuple[str, ...]]
    """The codes that the client got, each with the methods that it answered."""
    missing_codes: tuple[int, ...]
    """Those of the registry that it did not get."""
    methods: tuple[str, ...]
    """Of the client's requests."""
    missing_methods: tuple[str, ...]
    variants: tuple[str, ...]
    """Ways in which a sweep answered."""
    missing_variants: tuple[str, ...]
    transports: tuple[str, ...]
    rules: tuple[Rule, ...]
    missing_rules: tuple[Rule, ...]


def coverage(report: Report) -> Coverage:
    """The coverage of a report."""
    codes: dict[int, set[str]] = {}
    methods: set[str] = set()
    transports: set[str] = set()
    for result in report.results:
        for seen in result.seen:
            if seen.received and isinstance(seen.message, Request):
                methods.add(printable(seen.message.method))
                transports.add(seen.record.transport)
            elif isinstance(seen.message, Response) and not seen.received and not seen.doubtful:
                codes.setdefault(seen.message.status, set()).add(printable(identity_of(seen.message).method))
    variants = dict.fromkeys(printable(result.case.variant) for result in report.results)
    registered = [row.status for row in Registry.standard().codes]
    silent = {one.rule.id for one in by_rule(report.results) if one.verdict == NOT_EXERCISED}
    return Coverage(
        codes={code: tuple(sorted(codes[code])) for code in sorted(codes)},
        missing_codes=tuple(code for code in registered if code not in codes),
        methods=tuple(sorted(methods)),
        missing_methods=tuple(method for method in METHODS if method not in methods),
        variants=tuple(variants),
        missing_variants=tuple(variant for variant in report.variants if variant not in variants),
        transports=tuple(sorted(transports)),
        rules=tuple(rule for rule in rules() if rule.id not in silent),
        missing_rules=tuple(rule for rule in rules() if rule.id in silent),
    )


def as_dict(found: Coverage) -> dict[str, Any]:
    """The coverage as a JSON object."""
    return {
        "codes": {
            "exercised": {str(code): list(methods) for code, methods in found.codes.items()},
            "missing": list(found.missing_codes),
        },
        "methods": {"exercised": list(found.methods), "missing": list(found.missing_methods)},
        "variants": {"exercised": list(found.variants), "missing": list(found.missing_variants)},
        "transports": list(found.transports),
        "rules": {
            "exercised": [rule.id for rule in found.rules],
            "missing": [rule.id for rule in found.missing_rules],
        },
        "hints": {area: HINTS[area] for area in dict.fromkeys(rule.area for rule in found.missing_rules)},
    }


def in_a_line(found: Coverage) -> str:
    """`coverage: 12 of 77 codes, 2 of 14 methods, 140 of 207 rules exercised`."""

    def of(there: Iterable[object], missing: Sequence[object], what: str) -> str:
        number = len([*there])
        return f"{number} of {number + len(missing)} {what}"

    return (
        f"coverage: {of(found.codes, found.missing_codes, 'codes')}, "
        f"{of(found.methods, found.missing_methods, 'methods')}, "
        f"{of(found.rules, found.missing_rules, 'rules')} exercised"
    )


def lines(found: Coverage, *, width: int) -> Iterator[str]:
    """The coverage in full."""

    def said(title: str, items: Iterable[str]) -> Iterator[str]:
        yield from listed(title, [*items] or ["none"], width=width)

    yield in_a_line(found)
    yield from said("codes exercised:", (f"{code} ({', '.join(of)})" for code, of in found.codes.items()))
    yield from said("codes missing:", map(str, found.missing_codes))
    yield from said("methods exercised:", found.methods)
    yield from said("methods missing:", found.missing_methods)
    yield from said("variants exercised:", found.variants)
    if found.missing_variants:
        yield from said("variants missing:", found.missing_variants)
    yield from said("transports:", found.transports)
    exercised = [rule.area for rule in found.rules]
    for area, missing in groupby(found.missing_rules, key=lambda rule: rule.area):
        ids = [rule.id for rule in missing]
        missed = f"rules of {area}: {len(ids)} of {len(ids) + exercised.count(area)} missing; {HINTS[area]}"
        yield from wrap(missed, width, initial_indent="  ", subsequent_indent="  ")
        yield from listed("", ids, width=width, indent="    ")
