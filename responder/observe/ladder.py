"""A call as a ladder: the client on the left, the responder on the right, time going down, one arrow a message.

                 client                                      responder
                 10.0.0.5:5062                          10.0.0.9:5060
          0.000  │ ──────────────── INVITE (SDP) ───────────────▶ │
          0.001  │ ◀──────────────── 100 Trying ───────────────── │

Widths are in columns; `ascii_only` draws with `|`, `-`, `<` and `>` for terminals and files without Unicode.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from textwrap import wrap

from responder.events import Address
from responder.observe.printable import printable
from responder.observe.records import (
    CallRecord,
    Entry,
    GapRecord,
    MalformedRecord,
    MessageRecord,
    NoteRecord,
    Record,
)
from responder.observe.summary import Summary, summarise

MIN_WIDTH = 64
"""Columns that a ladder takes at least: the longest IPv6 address and the time beside it."""
_MARGIN = 12  # the time and the blanks after it
_NUMBER = 6  # the number before it


@dataclass(frozen=True, slots=True)
class Strokes:
    """The characters that a ladder is drawn with."""

    line: str
    bar: str
    right: str
    left: str
    dot: str
    ellipsis: str
    to: str


UNICODE = Strokes(line="─", bar="│", right="▶", left="◀", dot="·", ellipsis="…", to="→")
ASCII = Strokes(line="-", bar="|", right=">", left="<", dot="*", ellipsis="...", to=">")


def strokes(*, ascii_only: bool) -> Strokes:
    """What to draw with."""
    return ASCII if ascii_only else UNICODE


def plain(text: str) -> str:
    """`text` in ASCII, other characters escaped."""
    return text if text.isascii() else text.encode("ascii", "backslashreplace").decode("ascii")


def place(address: Address) -> str:
    """An address as it is written in a URI: `10.0.0.5:5062`, `[2001:db8::2]:5062`."""
    host, port = address
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def seconds(duration: float) -> str:
    """A duration for reading: `0.004s`, `2.01s`, `75.3s`."""
    return f"{duration:.3f}s" if duration < 0.01 else f"{duration:.2f}s" if duration < 60 else f"{duration:.1f}s"


def label_of(summary: Summary, *, first_method: str, retransmission: bool) -> str:
    """What stands on an arrow: `INVITE (SDP)`, `200 OK (BYE)`, `486 Busy Here (retransmission)`.

    A response names its method where that is not the `first_method` of the call.
    """
    marks = []
    if summary.status and summary.method not in ("", first_method):
        marks.append(summary.method)
    if summary.sdp:
        marks.append("SDP")
    if retransmission:
        marks.append("retransmission")
    return f"{summary.title} ({', '.join(marks)})" if marks else summary.title


@dataclass(frozen=True, slots=True)
class Rung:
    """What a ladder says of one record, however it is drawn: as text here, as a picture in `report.svg`."""

    record: Record
    time: float
    """Seconds since the first message of the ladder."""
    label: str
    """What stands on the arrow of a message; what a note or the end of a call says."""
    remarks: tuple[str, ...] = ()
    """What stands beneath the arrow: the step that sent it, another way that it took, what is wrong with it."""


def rungs(records: Iterable[Record], *, to: str = UNICODE.to) -> list[Rung]:
    """The rungs of a ladder in order of time; its texts are printable. `to` stands between the ends of a flow."""
    ordered = sorted(records, key=lambda record: record.time)
    wired = [record for record in ordered if isinstance(record, MessageRecord | MalformedRecord)]
    start = wired[0].time if wired else ordered[0].time if ordered else 0.0
    flows = {0: _flow_of(wired[0])} if wired else {}
    methods: dict[int, str] = {}
    found = []
    for record in ordered:
        label, remarks = "", []
        if isinstance(record, MessageRecord):
            summary, flow = summarise(record.data), _flow_of(record)
            first_method = methods.setdefault(record.call, summary.method)
            label = label_of(summary, first_method=first_method, retransmission=record.retransmission)
            if not record.received and record.note not in ("", "retransmission"):
                remarks.append(printable(record.note))
            if flow != flows.get(record.call, flows[0]):
                ends = (record.remote, record.local) if record.received else (record.local, record.remote)
                remarks.append(f"{record.transport.lower()} {place(ends[0])} {to} {place(ends[1])}")
            flows.setdefault(record.call, flow)
        elif isinstance(record, MalformedRecord):
            label = f"{len(record.data)} bytes, malformed"
            answer = f"answered with {record.answered}" if record.answered else "not answered"
            remarks.append(f"{printable(record.what)}; {answer}")
        elif isinstance(record, NoteRecord):
            label = f"{record.kind}: {printable(record.text)}"
        else:
            text = f"{record.outcome} after {seconds(record.duration)}"
            label = printable(f"{text}: {record.reason}" if record.reason else text)
        found.append(Rung(record, record.time - start, label, tuple(remarks)))
    return found


def _flow_of(record: MessageRecord | MalformedRecord) -> tuple[str, Address, Address]:
    return record.transport, record.local, record.remote


def by_call(records: Iterable[Record]) -> dict[int, list[Record]]:
    """The records of each call in the order of the calls' first records; under 0 what belongs to none."""
    calls: dict[int, list[Record]] = {}
    for record in records:
        calls.setdefault(0 if isinstance(record, MalformedRecord) else record.call, []).append(record)
    return calls


def selected(
    records: Iterable[Record], *, call: int | None = None, call_id: str | None = None
) -> Iterator[tuple[int, list[Record]]]:
    """The calls of a trace, each with its number; only that number or that Call-ID where one is given."""
    for number, found in by_call(records).items():
        if call is not None and number != call:
            continue
        if call_id is not None and not (
            number and any(getattr(record, "call_id", None) == call_id for record in found)
        ):
            continue
        yield number, found


def numbered(run: Iterable[Entry]) -> dict[int, int]:
    """The numbers of a run's messages, from 1 (`transcript.Seen.number`), by the `id` of their records."""
    numbers: dict[int, int] = {}
    last = 0
    for entry in run:
        if isinstance(entry, GapRecord):
            last += entry.messages
        elif isinstance(entry, MessageRecord | MalformedRecord):
            last += 1
            numbers[id(entry)] = last
    return numbers


def ladder(
    records: Iterable[Record],
    *,
    width: int = 80,
    ascii_only: bool = False,
    numbers: Mapping[int, int] | None = None,
) -> str:
    """The ladder of one call's records (or of those that belong to none), lines ended by a newline each.

    `numbers`: what `numbered` makes of the whole run; they stand at the left.
    """
    drawing = _Drawing(list(records), width, strokes(ascii_only=ascii_only), numbers or {})
    text = "".join(line.rstrip() + "\n" for line in drawing.lines())
    return plain(text) if ascii_only else text


class _Drawing:
    """One ladder under way."""

    def __init__(self, records: list[Record], width: int, drawn_with: Strokes, numbers: Mapping[int, int]) -> None:
        self._numbers = numbers
        self._margin = _MARGIN + _NUMBER if numbers else _MARGIN
        self._rungs = rungs(records, to=drawn_with.to)
        self._records = [rung.record for rung in self._rungs]
        self._width = max(width, MIN_WIDTH)
        self._strokes = drawn_with
        self._space = self._width - self._margin - 4  # between the bars, without the blank beside each

    def lines(self) -> Iterator[str]:
        """Every line, without its end."""
        yield from self._title()
        wired = next((one for one in self._records if isinstance(one, MessageRecord | MalformedRecord)), None)
        if wired is not None:
            yield from self._heads(wired)
        for rung in self._rungs:
            if isinstance(rung.record, MessageRecord | MalformedRecord):
                yield self._arrow(rung, rung.record)
                for remark in rung.remarks:
                    yield from self._beside(remark)
            elif isinstance(rung.record, NoteRecord):
                yield from self._beside(rung.label)
            else:
                yield self._end(rung)

    def _title(self) -> Iterator[str]:
        first = next((record for record in self._records if isinstance(record, MessageRecord)), None)
        end = next((record for record in self._records if isinstance(record, CallRecord)), None)
        number = next((record.call for record in self._records if not isinstance(record, MalformedRecord)), 0)
        if not number:
            yield "without a call"
            return
        parts = [f"call {number}"]
        if first:
            summary = summarise(first.data)
            parts.append(f"{summary.title} {summary.uri}".rstrip())
        elif end:
            parts.append(printable(f"{end.method} {end.uri}"))
        if end and end.scenario:
            parts.append(printable(end.scenario))
        yield self._cut(f" {self._strokes.dot} ".join(parts), self._width)
        call_id = printable(end.call_id if end else first.call_id if first else "")
        if call_id:
            yield self._cut(f"Call-ID {call_id}", self._width)

    def _heads(self, first: MessageRecord | MalformedRecord) -> Iterator[str]:
        inner = self._width - self._margin
        left, right = place(first.remote), f"{place(first.local)} {first.transport.lower()}"
        yield ""
        yield " " * self._margin + "client" + "responder".rjust(inner - 6)
        if len(left) + len(right) + 2 <= inner:
            yield " " * self._margin + left + right.rjust(inner - len(left))
        else:
            yield " " * self._margin + left
            yield " " * self._margin + right.rjust(inner)

    def _arrow(self, rung: Rung, record: MessageRecord | MalformedRecord) -> str:
        strokes, space = self._strokes, self._space
        label = self._cut(rung.label, space - 6)
        filling = space - 1 - len(label) - 2
        before = filling // 2
        shaft = f"{strokes.line * before} {label} {strokes.line * (filling - before)}"
        received = isinstance(record, MalformedRecord) or record.received
        shaft = shaft + strokes.right if received else strokes.left + shaft
        mark = f"#{self._numbers[id(record)]:<{_NUMBER - 1}}" if self._numbers else ""
        return f"{mark}{rung.time:10.3f}  {strokes.bar} {shaft} {strokes.bar}"

    def _end(self, rung: Rung) -> str:
        blank = self._margin - _MARGIN
        label = self._cut(rung.label, self._width - self._margin - 2)
        return f"{'':{blank}}{rung.time:10.3f}  {self._strokes.dot} {label}"

    def _beside(self, text: str) -> Iterator[str]:
        """A remark between the bars, as many lines as it needs."""
        strokes, space, blank = self._strokes, self._space, " " * self._margin
        for number, piece in enumerate(wrap(text, space - 2) or [""]):
            yield f"{blank}{strokes.bar} {' ' if number else strokes.dot} {piece:<{space - 2}} {strokes.bar}"

    def _cut(self, text: str, width: int) -> str:
        if len(text) <= width:
            return text
        return text[: width - len(self._strokes.ellipsis)] + self._strokes.ellipsis
