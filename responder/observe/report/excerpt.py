"""The messages around those that show something, a line each."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from typing import Final

from responder.observe.ladder import label_of, plain, strokes
from responder.observe.printable import printable
from responder.observe.records import MalformedRecord
from responder.observe.summary import summarise
from responder.observe.transcript import Seen

WIDE: Final = 12
"""Messages of an excerpt; of a longer one those beside the marked ones are left, of many marked ones first and last."""


def excerpt(messages: Sequence[Seen], named: Collection[int], *, ascii_only: bool = False) -> Iterator[str]:
    """The messages of these numbers, marked with `>`, and those of the same call that stand between and beside them.

    `messages` are in the order of their numbers.
    """
    drawn = strokes(ascii_only=ascii_only)
    around = _around(messages, named)
    last = -1
    for place in _shown([seen.number in named for seen in around]):
        if place > last + 1:
            yield f"       {drawn.ellipsis} {place - last - 1} message{'s' * (place - last > 2)}"
        last, seen = place, around[place]
        mark = ">" if seen.number in named else " "
        arrow = f"{drawn.line * 2}{drawn.right}" if seen.received else f"{drawn.left}{drawn.line * 2}"
        line = printable(f"{mark} #{seen.number:<5} {seen.time:9.3f}  {arrow} {label(seen)}")
        yield plain(line) if ascii_only else line


def _around(messages: Sequence[Seen], named: Collection[int]) -> Sequence[Seen]:
    marked = [seen for seen in messages if seen.number in named]
    calls = {call_id for seen in marked if (call_id := seen.first("call-id"))}
    if len(calls) != 1:
        return marked
    (call_id,) = calls
    of_call = [seen for seen in messages if seen.number in named or seen.first("call-id") == call_id]
    places = [place for place, seen in enumerate(of_call) if seen.number in named]
    return of_call[max(0, places[0] - 1) : places[-1] + 2]


def _shown(marked: Sequence[bool]) -> list[int]:
    """The places that are shown of so many."""
    places = [*range(len(marked))]
    if len(places) > WIDE:
        places = [place for place in places if any(marked[max(0, place - 1) : place + 2])]
    half = WIDE // 2
    return places if len(places) <= WIDE else [*places[:half], *places[-half:]]


def label(seen: Seen) -> str:
    """A message in brief, a request with its URI: `INVITE sip:bob@127.0.0.1 (SDP)`, `486 Busy Here (INVITE)`."""
    if isinstance(seen.record, MalformedRecord):
        return f"{len(seen.data)} bytes, malformed"
    summary = summarise(seen.data)
    first = summary.method if not summary.status else ""
    text = label_of(summary, first_method=first, retransmission=seen.record.retransmission)
    return text.replace(summary.title, f"{summary.title} {summary.uri}", 1) if summary.uri else text
