"""One case in words: what is said against it, and its ladders, both within bounds."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from responder.observe.ladder import by_call, ladder
from responder.observe.report.by_rule import DUTIES, LEVELS, by_rule, failing
from responder.observe.report.explanation import explained, safe
from responder.observe.report.result import Result
from responder.observe.report.trouble import troubles_of

_LADDER_LINES: Final = 200
_OUTPUT_LINES: Final = 100


def in_brief(result: Result) -> str:
    """Why it did not pass, on one line: `MUST broken: refusal-is-acknowledged; failed: no BYE came`."""
    parts = []
    for level in LEVELS:
        ids = [one.rule.id for one in result.failures if one.rule.level == level]
        if ids:
            parts.append(f"{level} broken: {', '.join(ids)}")
    return safe("; ".join([*parts, *troubles_of(result)]))


def against(result: Result) -> Iterator[str]:
    """All that is said against a case, rule by rule."""
    yield from map(safe, troubles_of(result))
    for one in failing(by_rule([result])):
        yield from explained(one, name=lambda result: "")


def remarks(result: Result) -> Iterator[str]:
    """What was broken and does not fail the case: known, or of a level that does not count. Advice is none of it."""
    for one in [one for one in result.broken if one.rule.level in DUTIES]:
        if one.rule.id in result.known:
            yield safe(f"known: {one.rule.id}  ({one.rule.cited}): {result.known[one.rule.id]}")
        elif not result.counts(one.rule):
            yield safe(f"{one.rule.level} broken: {one.rule.id}  ({one.rule.cited})")


def ladders(result: Result, *, width: int = 80) -> Iterator[str]:
    """Its calls as ladders, with the numbers of the messages."""
    numbers = {id(seen.record): seen.number for seen in result.seen}
    calls = sorted(by_call(result.records).items())
    text = "\n".join(ladder(records, width=width, numbers=numbers) for _, records in calls)
    yield from _middle_cut(text.splitlines(), _LADDER_LINES)


def output(result: Result) -> Iterator[str]:
    """What was run as the client, how it went away, and the last of what it printed."""
    if result.command:
        yield safe(f"$ {result.command}")
    if result.client is None:
        return
    yield from (safe(f"| {line}") for line in result.client.output.splitlines()[-_OUTPUT_LINES:])
    status = "" if result.exit_status is None else f" with {result.exit_status}"
    yield f"client {result.client.how}{status}"


def _middle_cut(lines: Sequence[str], most: int) -> Iterator[str]:
    if len(lines) <= most:
        yield from lines
        return
    yield from lines[: most // 2]
    yield f"... {len(lines) - most} lines"
    yield from lines[-(most // 2) :]
