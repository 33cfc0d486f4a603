"""Runs for the rules: a client on the virtual clock whose messages are judged."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from bench import Bench

from responder.observe.clock import Clock
from responder.observe.judge import Judgement, judge
from responder.observe.records import Record, record_of


def records_of(events: Iterable[Any]) -> list[Record]:
    """The records of a run, as a trace would have them."""
    clock = Clock()
    return [record_of(event, clock) for event in events]


def verdict_on(bench: Bench) -> Judgement:
    """What the rules say of all that has passed."""
    return judge(records_of(bench.events))


def verdicts(bench: Bench) -> dict[str, str]:
    """The verdict of every rule that was exercised."""
    return {one.rule.id: one.verdict for one in verdict_on(bench).judged if one.findings}
