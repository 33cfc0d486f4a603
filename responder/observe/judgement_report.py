"""A judgement as text for people and as one JSON object for programs. The same run gives the same bytes, every time."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any, Final

from responder.observe.json_lines import sound
from responder.observe.judge import FAIL, NOT_EXERCISED, PASS, Judged, Judgement
from responder.observe.ladder import label_of, plain, strokes
from responder.observe.printable import printable
from responder.observe.records import MalformedRecord
from responder.observe.rules.rule import MAY, MUST, SHOULD, Finding
from responder.observe.summary import summarise
from responder.observe.transcript import Seen

OCCASIONS: Final = 3
"""How many occasions of one rule are shown; the others are counted."""
_LEVELS: Final = (MUST, SHOULD, MAY)
_WIDE: Final = 12
"""Messages of an excerpt; a longer one leaves out its middle."""


def as_dict(judgement: Judgement) -> dict[str, Any]:
    """`{"summary": {...}, "rules": [...]}`; of each rule the occasions on which it was broken."""
    return {
        "summary": summary_of(judgement),
        "rules": [
            {
                "id": one.rule.id,
                "level": one.rule.level,
                "rfc": one.rule.rfc,
                "says": one.rule.says,
                "verdict": one.verdict,
                "occasions": len(one.findings),
                "findings": [
                    {
                        "call_id": sound(call_id),
                        "expected": sound(finding.expected),
                        "actual": sound(finding.actual),
                        "messages": list(finding.messages),
                    }
                    for call_id, finding in one.failures
                ],
            }
            for one in judgement.judged
        ],
    }


def summary_of(judgement: Judgement) -> dict[str, int]:
    """How much there was, and how many rules passed, were broken by level, and were not exercised."""
    verdicts = Counter(one.verdict for one in judgement.judged)
    broken = Counter(one.rule.level for one in judgement.judged if one.verdict == FAIL)
    return {
        "calls": len(judgement.transcript.calls),
        "messages": len(judgement.transcript.messages),
        "passed": verdicts[PASS],
        "must_broken": broken[MUST],
        "should_broken": broken[SHOULD],
        "may_broken": broken[MAY],
        "not_exercised": verdicts[NOT_EXERCISED],
    }


def lines(judgement: Judgement, *, everything: bool = False, ascii_only: bool = False) -> Iterator[str]:
    """What was broken, MUST first, each with its occasions; `everything`: then the other rules too; the sum at last."""
    page = _Page(judgement, ascii_only)
    for line in page.lines(everything=everything):
        text = printable(line).rstrip()
        yield plain(text) if ascii_only else text


class _Page:
    """One report under way."""

    def __init__(self, judgement: Judgement, ascii_only: bool) -> None:
        self._judgement = judgement
        self._seen = {seen.number: seen for seen in judgement.transcript.messages}
        drawn = strokes(ascii_only=ascii_only)
        self._received, self._sent = f"{drawn.line * 2}{drawn.right}", f"{drawn.left}{drawn.line * 2}"
        self._ellipsis = drawn.ellipsis
        self._call_of = {seen.number: call for call in judgement.transcript.calls for seen in call.messages}

    def lines(self, *, everything: bool) -> Iterator[str]:
        """All of them, as they are."""
        judged = self._judgement.judged
        for level in _LEVELS:
            for one in judged:
                if one.verdict == FAIL and one.rule.level == level:
                    yield from self._broken(one)
                    yield ""
        if everything:
            for verdict in (PASS, NOT_EXERCISED):
                for one in judged:
                    if one.verdict == verdict:
                        yield f"{verdict:<13}  {one.rule.level:<6}  {one.rule.id}  ({one.rule.rfc})"
            yield ""
        yield self._sum()

    def _sum(self) -> str:
        found = summary_of(self._judgement)
        broken = [
            f"{found[f'{level.lower()}_broken']} {level}" for level in _LEVELS if found[f"{level.lower()}_broken"]
        ]
        return (
            f"{_count(found['calls'], 'call')}, {_count(found['messages'], 'message')}; rules: {found['passed']} kept, "
            f"{' and '.join(broken) or 'none'} broken, {found['not_exercised']} not exercised"
        )

    def _broken(self, one: Judged) -> Iterator[str]:
        rule, failures = one.rule, one.failures
        yield f"{rule.level} broken: {rule.id}  ({rule.rfc})"
        yield f"  {rule.says}"
        for call_id, finding in failures[:OCCASIONS]:
            yield from self._occasion(call_id, finding)
        if len(failures) > OCCASIONS:
            yield f"  {self._ellipsis} and {_count(len(failures) - OCCASIONS, 'more occasion')}"

    def _occasion(self, call_id: str, finding: Finding) -> Iterator[str]:
        yield f"  expected  {finding.expected}"
        yield f"  actual    {finding.actual}" + (f"  (Call-ID {call_id})" if call_id else "")
        numbers = self._around(finding.messages)
        half = _WIDE // 2
        for place, number in enumerate(numbers):
            if len(numbers) > _WIDE and half <= place < len(numbers) - half:
                if place == half:
                    yield f"       {self._ellipsis} {len(numbers) - 2 * half} messages"
                continue
            yield self._message(self._seen[number], named=number in finding.messages)

    def _around(self, named: tuple[int, ...]) -> list[int]:
        """The numbers of these messages, and of those of the same call that stand between and beside them."""
        found = set(named)
        calls = {call.call_id: call for number in named if (call := self._call_of.get(number)) is not None}
        if len(calls) == 1:
            (call,) = calls.values()
            numbers = [seen.number for seen in call.messages]
            first, last = numbers.index(min(found & set(numbers))), numbers.index(max(found & set(numbers)))
            found |= set(numbers[max(0, first - 1) : last + 2])
        return sorted(found)

    def _message(self, seen: Seen, *, named: bool) -> str:
        if isinstance(seen.record, MalformedRecord):
            label = f"{len(seen.data)} bytes, malformed"
        else:
            summary = summarise(seen.data)
            first = summary.method if not summary.status else ""
            label = label_of(summary, first_method=first, retransmission=seen.record.retransmission)
            label = label.replace(summary.title, f"{summary.title} {summary.uri}", 1) if summary.uri else label
        arrow = self._received if seen.received else self._sent
        return f"  {'>' if named else ' '} #{seen.number:<5} {seen.time:9.3f}  {arrow} {label}"


def _count(number: int, what: str) -> str:
    return f"{number} {what}{'' if number == 1 else 's'}"
