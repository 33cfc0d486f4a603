"""A baseline written from what a client breaks now; its author has to fill in the reasons."""

from __future__ import annotations

import json
from collections.abc import Iterable
from itertools import groupby
from typing import NamedTuple

from responder.observe.report.result import Result
from responder.observe.rules.rule import RULES


class _Broken(NamedTuple):
    rule: str
    reason: str
    """Empty where nobody has given one yet."""
    dialled: bool
    """Whether the cases are told apart by what is dialled, having no code."""
    method: str
    variant: str
    transport: str
    name: str
    """The code, or what is dialled."""


def baseline_text(results: Iterable[Result]) -> str:
    """The file: an entry for each rule that is broken and counts, with its cases; reasons that are known stay."""
    broken = {
        _Broken(
            judged.rule.id,
            result.known.get(judged.rule.id, ""),
            not result.case.code,
            result.case.method,
            result.case.variant,
            result.case.transport,
            result.case.code or result.case.dial,
        )
        for result in results
        for judged in result.broken
        if judged.rule.level in result.counted
    }
    by_way = [
        (*way, tuple(one.name for one in group)) for way, group in groupby(sorted(broken), key=lambda one: one[:-1])
    ]
    # what differs in nothing but the transport is one entry
    by_names = sorted(by_way, key=lambda entry: (*entry[:5], entry[6], entry[5]))
    lines = ["# What this client is known to break. Every entry needs a reason; its cases may be widened or narrowed."]
    for entry, group in groupby(by_names, key=lambda entry: (*entry[:5], entry[6])):
        rule, reason, dialled, method, variant, names = entry
        lines += [
            "",
            f"# {RULES[str(rule)].rfc}: {RULES[str(rule)].says}",
            f"- rule: {rule}",
            f"  {'dial' if dialled else 'codes'}: [{', '.join(map(_text if dialled else str, names))}]",
            f"  methods: {method}",
            f"  variants: {variant}",
            f"  transport: [{', '.join(str(one[5]).lower() for one in group)}]",
            f"  reason: {_text(reason)}".rstrip() if reason else "  reason:",
        ]
    return "".join(f"{line}\n" for line in (lines if broken else ["[]"]))


def _text(text: object) -> str:
    return json.dumps(str(text), ensure_ascii=False)
