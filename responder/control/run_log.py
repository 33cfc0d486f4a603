"""The events of a run, kept within a bound, and what can be made of them: calls, messages, a trace, a capture."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator
from itertools import takewhile
from pathlib import Path
from typing import Final

from responder import __version__
from responder.control.seen import Call, Message, message_of
from responder.events import CallEnded, Event, Malformed, MessageReceived, MessageSent
from responder.observe.clock import Clock
from responder.observe.ladder import by_call, ladder
from responder.observe.pcap import PcapWriter
from responder.observe.records import EndRecord, Entry, MessageRecord, Record, record_of
from responder.observe.trace import TraceWriter

MOST_EVENTS: Final = 100_000
"""Events that are kept; with the oldest one that goes, its whole call is gone from `calls`."""


class RunLog:
    """An observer that remembers."""

    def __init__(self, clock: Clock, *, limit: int = MOST_EVENTS) -> None:
        self._clock = clock
        self._limit = limit
        self._events: deque[tuple[int, Event]] = deque()
        self._of_call: dict[int, list[tuple[int, Event]]] = {}
        self._messages = 0
        self._newest = 0
        self._forgotten = 0
        """Calls up to this number are not kept any more."""

    def observe(self, events: Iterable[Event]) -> None:
        """Note these events."""
        for event in events:
            call = 0 if isinstance(event, Malformed) else event.call
            if call:
                self._newest = max(self._newest, call)
                if call <= self._forgotten:
                    continue
            if isinstance(event, MessageReceived | MessageSent | Malformed):
                self._messages += 1
            entry = (self._messages, event)
            self._events.append(entry)
            if call:
                self._of_call.setdefault(call, []).append(entry)
            if len(self._events) > self._limit:
                self._drop_oldest()

    def flush(self, now: float) -> None:
        """Nothing to do: all of it is in memory."""

    def close(self, now: float) -> None:
        """Nothing to do; what was noted stays readable."""

    def clear(self) -> None:
        """Forget everything, and what calls under way will still do."""
        self._events.clear()
        self._of_call.clear()
        self._messages = 0
        self._forgotten = self._newest

    def _drop_oldest(self) -> None:
        _, event = self._events.popleft()
        call = 0 if isinstance(event, Malformed) else event.call
        if call > self._forgotten:
            for number in [number for number in self._of_call if number <= call]:
                del self._of_call[number]
            self._forgotten = call

    @property
    def records(self) -> list[Record]:
        """What happened, in order; nothing of calls whose beginning is forgotten."""
        return [
            record_of(event, self._clock)
            for _, event in self._events
            if isinstance(event, Malformed) or not event.call or event.call > self._forgotten
        ]

    # calls and messages

    @property
    def numbers(self) -> tuple[int, ...]:
        """The numbers of the calls that are known."""
        return tuple(self._of_call)

    def has_ended(self, number: int) -> bool:
        """Whether this call is over."""
        return any(type(event) is CallEnded for _, event in reversed(self._of_call.get(number, ())))

    def call(self, number: int) -> Call:
        """A call as far as it has come."""
        entries = tuple(self._of_call[number])
        records = tuple((at, record_of(event, self._clock)) for at, event in entries)
        messages = tuple(message_of(record, at) for at, record in records if isinstance(record, MessageRecord))
        return Call(number, messages, tuple(record for _, record in records))

    def messages(self, after: int = 0) -> Iterator[Message]:
        """The messages with higher numbers than `after`, in order."""
        newer = takewhile(lambda entry: entry[0] > after, reversed(self._events))
        for number, event in reversed(list(newer)):
            if isinstance(event, MessageReceived | MessageSent):
                record = record_of(event, self._clock)
                assert isinstance(record, MessageRecord)
                yield message_of(record, number)

    # what is made of all

    def ladder(self, *, width: int) -> str:
        """A ladder for each call, and one for what belonged to none; an empty line between them."""
        return "\n".join(ladder(records, width=width) for _, records in sorted(by_call(self.records).items()))

    def until(self, now: float) -> list[Entry]:
        """The records, and that the run was watched until `now` (the engine's time): what is judged."""
        return [*self.records, EndRecord(self._clock.elapsed(now), self._clock.wall(now))]

    def save_trace(self, path: str | Path, now: float) -> None:
        """Write a trace that was watched until `now`; OSError where that cannot be."""
        with open(path, "w", encoding="ascii") as file:
            writer = TraceWriter(file, clock=self._clock, version=__version__)
            writer.observe(event for _, event in self._events)
            writer.close(now)

    def save_pcap(self, path: str | Path) -> None:
        """Write a capture, for Wireshark; OSError where that cannot be."""
        with open(path, "wb") as file:
            writer = PcapWriter(file, clock=self._clock, version=__version__)
            writer.observe(event for _, event in self._events)
            writer.close(0.0)
