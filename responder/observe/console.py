"""Lines for people: one a call, with `messages` one a message too, with `whole` the message itself.

    12:00:01.123  INVITE  100→180→486  sip:bob@10.0.0.5 from alice@10.0.0.9  udp  2.01s  busy

Lines are gathered and written when `flush` is called. A terminal gets at most `TERMINAL_LINES` of them a second and a
count of the rest: nobody reads more. A file or a pipe gets every one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from responder.events import CallEnded, Event, Flow, Malformed, MessageReceived, MessageSent, Note
from responder.observe.clock import Clock
from responder.observe.ladder import label_of, place, plain, strokes
from responder.observe.printable import printable, printable_lines
from responder.observe.summary import summarise
from responder.observe.verdict import PASSED

TERMINAL_LINES = 200
"""Lines a second that a terminal gets."""
_BY_DEFAULT = frozenset({"near-miss", "problem", "log", "deviation"})


@dataclass(frozen=True, slots=True)
class Palette:
    """Escape sequences around parts of a line; all empty for no colour."""

    good: str = ""
    bad: str = ""
    dim: str = ""
    received: str = ""
    sent: str = ""
    end: str = ""


PLAIN = Palette()
COLOURS = Palette(good="\x1b[32m", bad="\x1b[31m", dim="\x1b[2m", received="\x1b[36m", sent="\x1b[33m", end="\x1b[0m")


def _count_of(number: int, what: str) -> str:
    return f"{number} {what}{'s' if number > 1 else ''}" if number else ""


class Console:
    """Formats events as lines and hands them to `write` a batch at a time."""

    def __init__(
        self,
        write: Callable[[str], object],
        *,
        clock: Clock,
        messages: bool = False,
        whole: bool = False,
        palette: Palette = PLAIN,
        ascii_only: bool = False,
        limit: int = 0,
    ) -> None:
        """`limit`: lines a second at most, 0 for no limit."""
        self._write = write
        self._offset = clock.epoch + clock.utc_offset
        self._messages = messages
        self._whole = whole
        self._palette = palette
        self._ascii = ascii_only
        self._strokes = strokes(ascii_only=ascii_only)
        self._limit = limit
        self._lines: list[str] = []
        self._second = -1
        self._hms = ""
        self._written = 0  # lines of this second
        self._unshown = 0  # calls of this second that went unwritten
        self._unshown_failed = 0  # those of them that failed
        self._unshown_lines = 0  # other lines that went unwritten
        self._methods: dict[int, str] = {}  # first method of each call under way, for the marks on its responses

    def observe(self, events: Iterable[Event]) -> None:
        """Take these events; nothing is written yet."""
        for event in events:
            if type(event) is CallEnded:
                self._call(event)
            else:
                self._other(event)

    def flush(self, now: float) -> None:
        """Write what was gathered; `now` is the engine's time."""
        if (self._unshown or self._unshown_lines) and int(self._offset + now) > self._second:
            self._turn(int(self._offset + now))
        if self._lines:
            text = "\n".join(self._lines) + "\n"
            self._lines.clear()
            self._write(text)

    def close(self, now: float) -> None:
        """Write the rest."""
        self._count()
        self.flush(0.0)

    def _turn(self, second: int) -> None:
        """A new second begins."""
        self._count()
        self._second = second
        self._written = 0
        of_day = second % 86_400
        self._hms = f"{of_day // 3600:02}:{of_day // 60 % 60:02}:{of_day % 60:02}"

    def _count(self) -> None:
        """Say how much of the last second went unwritten."""
        if self._unshown or self._unshown_lines:
            calls = _count_of(self._unshown, "call")
            if self._unshown_failed:
                calls += f" ({self._unshown_failed} failed)"
            what = ", ".join(filter(None, (calls, _count_of(self._unshown_lines, "other line"))))
            self._lines.append(f"{self._hms}      {self._strokes.ellipsis} not shown: {what}")
            self._unshown = self._unshown_failed = self._unshown_lines = 0

    def _call(self, event: CallEnded) -> None:
        time = event.time
        second, milliseconds = divmod(int((self._offset + time) * 1000 + 0.5), 1000)
        if second != self._second:
            self._turn(second)
        if self._methods:
            self._methods.pop(event.call, None)
        self._written += 1
        outcome = event.outcome
        if self._limit and self._written > self._limit:
            self._unshown += 1
            self._unshown_failed += outcome not in PASSED
            return
        line = (
            f"{self._hms}.{milliseconds:03}  {event.method}  {self._strokes.to.join(event.path)}  "
            f"{event.uri} from {event.caller}  {event.transport.lower()}  {time - event.started:.2f}s"
        )
        if event.scenario:
            line += "  " + event.scenario
        if outcome != "completed":
            line += "  " + outcome
            if event.reason:
                line += ": " + event.reason
        if not line.isprintable():
            line = printable(line)
        if self._ascii:
            line = plain(line)
        palette = self._palette
        if palette.end:
            line = f"{palette.good if outcome in PASSED else palette.bad}{line}{palette.end}"
        self._lines.append(line)

    def _other(self, event: Event) -> None:
        palette = self._palette
        if isinstance(event, MessageReceived | MessageSent):
            if self._messages:
                self._message(event)
            return
        if isinstance(event, Malformed):
            answer = f"answered with {event.answered}" if event.answered else "not answered"
            text = f"malformed  {event.error.what}; {answer}  {self._whence(event.flow)}"
            self._append(event.time, text, palette.bad)
            if self._whole:
                self._body(event.data)
        elif isinstance(event, Note) and (self._messages or event.kind in _BY_DEFAULT):
            number = f"#{event.call}  " if event.call else ""
            self._append(
                event.time,
                f"{number}{event.kind}: {event.text}",
                palette.bad if event.kind == "problem" else palette.dim,
            )

    def _message(self, event: MessageReceived | MessageSent) -> None:
        summary = summarise(event.data)
        received = isinstance(event, MessageReceived)
        first = self._methods.get(event.call, "")
        if event.call and not first:
            if len(self._methods) > 10_000:
                self._methods.clear()
            first = self._methods[event.call] = summary.method
        label = label_of(summary, first_method=first, retransmission=event.retransmission)
        if summary.uri:
            label = label.replace(summary.title, f"{summary.title} {summary.uri}", 1)
        line, right, left = self._strokes.line * 2, self._strokes.right, self._strokes.left
        arrow = f"{line}{right}" if received else f"{left}{line}"
        text = f"#{event.call}  {arrow} {label}  {self._whence(event.flow)}"
        note = event.note if isinstance(event, MessageSent) else ""
        if note and note != "retransmission":
            text += f"  [{note}]"
        self._append(event.time, text, self._palette.received if received else self._palette.sent)
        if self._whole:
            self._body(event.data)

    def _whence(self, flow: Flow) -> str:
        return f"{flow.transport.lower()} {place(flow.remote)}"

    def _append(self, time: float, text: str, colour: str) -> None:
        second, milliseconds = divmod(int((self._offset + time) * 1000 + 0.5), 1000)
        if second != self._second:
            self._turn(second)
        self._written += 1
        if self._limit and self._written > self._limit:
            self._unshown_lines += 1
            return
        text = printable(text)
        if self._ascii:
            text = plain(text)
        if colour:
            text = f"{colour}{text}{self._palette.end}"
        self._lines.append(f"{self._hms}.{milliseconds:03}  {text}")

    def _body(self, data: bytes) -> None:
        if self._limit and self._written > self._limit:
            return
        lines: Sequence[str] = printable_lines(data)
        while lines and not lines[-1]:
            lines = lines[:-1]
        if self._ascii:
            lines = [plain(line) for line in lines]
        bar = self._strokes.bar
        self._lines.extend(f"    {bar} {line}".rstrip() for line in lines)
