"""What happened in the last calls, in memory and bounded: the finished call that is oldest is forgotten first.

Rules
1. Events are kept as they come; records are made when somebody asks. So a call that is forgotten unread costs little.
2. A call is forgotten whole; of one with too many events the oldest go.
3. Messages keep the numbers that they have in the run, whatever was forgotten before them.
4. Nothing is judged of which a part is missing: `until` leaves out calls whose beginning is forgotten, or another call
   with the same Call-ID. So a bound never makes a right client look wrong.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from itertools import takewhile
from typing import Final, TypeAlias

from responder.events import CallEnded, Event, Malformed, MessageReceived, MessageSent
from responder.observe.clock import Clock
from responder.observe.records import EndRecord, Entry, GapRecord, MalformedRecord, MessageRecord, Record, record_of
from responder.observe.summary import call_id_of

MOST_CALLS: Final = 500
MOST_EVENTS: Final = 100_000
"""Of all calls together."""
MOST_OF_A_CALL: Final = 1000
"""Events of one call, and of what belongs to none."""


_Entry: TypeAlias = tuple[int, int, Event]
"""An event with its place in the run, and the number of the last message by then."""


class _History:
    """What is kept of one call."""

    __slots__ = ("cut", "ended", "entries")

    def __init__(self) -> None:
        self.entries: list[_Entry] = []
        """Its events in order."""
        self.cut = False
        """Whether its beginning is forgotten."""
        self.ended: CallEnded | None = None
        """How it ended; None while it lasts."""


class Journal:
    """An observer (`observer.Observer`) that remembers.

    At most `calls` calls are kept, `events` of one call (and of what belongs to none), and `total` in all.
    """

    def __init__(
        self, clock: Clock, *, calls: int = MOST_CALLS, events: int = MOST_OF_A_CALL, total: int = MOST_EVENTS
    ) -> None:
        self.clock = clock
        """How the seconds of its events are read."""
        self._most_calls, self._most_of_a_call = max(1, calls), max(1, events)
        self._most = max(total, 2 * self._most_of_a_call)
        self._place = 0
        self._held = 0
        """Events that are kept."""
        self._messages = 0
        self._calls: dict[int, _History] = {}
        self._strays = _History()
        self._finished: deque[int] = deque()
        self._newest = 0
        self._lost: deque[str] = deque(maxlen=self._most_calls)
        """The Call-IDs of the calls that were forgotten last."""
        self._closed = False
        """Whether calls up to the newest that are not known are passed over: they were forgotten."""
        self.forgotten = 0
        """How many calls are not kept any more."""

    # the observer

    def observe(self, events: Iterable[Event]) -> None:
        """Note these events. What comes of a call that was forgotten is passed over."""
        calls, messages, place = self._calls, self._messages, self._place
        for event in events:
            place += 1
            kind = type(event)
            if kind is MessageReceived or kind is MessageSent or kind is Malformed:
                messages += 1
            number: int = 0 if kind is Malformed else event.call  # type: ignore[union-attr]
            history = calls.get(number) or self._begun(number)
            if history is None:
                continue
            entries = history.entries
            entries.append((place, messages, event))
            self._held += 1
            if len(entries) > self._most_of_a_call:
                del entries[0]
                self._held -= 1
                history.cut = True
            if type(event) is CallEnded and history.ended is None:
                history.ended = event
                self._finished.append(number)
            if self._held > self._most:
                self._forget(number)
        self._messages, self._place = messages, place

    def flush(self, now: float) -> None:
        """Nothing to do: all of it is in memory."""

    def close(self, now: float) -> None:
        """Nothing to do; what was noted stays readable."""

    def clear(self) -> None:
        """Forget everything, and what calls under way will still do; numbers of messages begin anew."""
        self._calls.clear()
        self._finished.clear()
        self._lost.clear()
        self._strays = _History()
        self._held = self._messages = self.forgotten = 0
        self._closed = True

    def _begun(self, number: int) -> _History | None:
        """Where to note an event of a call that is not kept so far; None: it is not to be kept."""
        if not number:
            return self._strays
        if self._closed and number <= self._newest:
            return None
        self._newest = max(self._newest, number)
        if len(self._calls) >= self._most_calls:
            self._forget(number)
        history = self._calls[number] = _History()
        return history

    def _forget(self, spared: int) -> None:
        """Forget the oldest finished call or, where none is finished, the oldest but for `spared`."""
        if self._finished:
            number = self._finished.popleft()
        else:
            number = next((number for number in self._calls if number != spared), spared)
        history = self._calls.pop(number)
        self._lost.append(self._call_id(history))
        self._held -= len(history.entries)
        self.forgotten += 1
        self._closed = True

    # what it kept

    @property
    def numbers(self) -> tuple[int, ...]:
        """The numbers of the calls that are kept, in the order in which they came."""
        return tuple(self._calls)

    def has_ended(self, number: int) -> bool:
        """Whether this call is over."""
        return self._calls[number].ended is not None

    def call(self, number: int) -> list[tuple[int, Record]]:
        """The records of a call, each with the number of the last message by then."""
        return [(at, record_of(event, self.clock)) for _, at, event in self._calls[number].entries]

    def messages(self, after: int = 0) -> Iterator[tuple[int, MessageRecord]]:
        """The messages with higher numbers than `after`, each with its number, in order."""
        newer: list[_Entry] = []
        for history in self._histories():
            newer += takewhile(lambda entry: entry[1] > after, reversed(history.entries))
        for _, number, event in sorted(newer):
            if isinstance(event, MessageReceived | MessageSent):
                record = record_of(event, self.clock)
                assert isinstance(record, MessageRecord)
                yield number, record

    def _histories(self) -> Iterator[_History]:
        yield self._strays
        yield from self._calls.values()

    def _entries(self) -> list[_Entry]:
        return sorted(entry for history in self._histories() for entry in history.entries)

    @property
    def events(self) -> list[Event]:
        """All that is kept, in order."""
        return [event for _, _, event in self._entries()]

    @property
    def records(self) -> list[Record]:
        """The same as records."""
        return [record_of(event, self.clock) for event in self.events]

    def until(self, now: float) -> list[Entry]:
        """What is to be judged, and that the run was watched until `now` (the engine's time).

        Where messages are left out, a `GapRecord` counts them.
        """
        judged = self._judged()
        found: list[Entry] = []
        last = 0
        for _, number, event in self._entries():
            record = record_of(event, self.clock)
            if judged is not None and not judged(record):
                continue
            if isinstance(record, MessageRecord | MalformedRecord):
                if number > last + 1:
                    found.append(GapRecord(record.time, record.wall, number - last - 1))
                last = number
            found.append(record)
        time, wall = self.clock.elapsed(now), self.clock.wall(now)
        if self._messages > last:
            found.append(GapRecord(time, wall, self._messages - last))
        return [*found, EndRecord(time, wall)]

    def _judged(self) -> Callable[[Record], bool] | None:
        """Says whether a record is to be judged; None: all are."""
        if not self.forgotten and not any(history.cut for history in self._histories()):
            return None
        lacking = {self._call_id(history) for history in self._calls.values() if history.cut} | set(self._lost)
        whole = {number for number, history in self._calls.items() if self._call_id(history) not in lacking}
        call_ids = {self._call_id(self._calls[number]) for number in whole}

        def judged(record: Record) -> bool:
            if isinstance(record, MalformedRecord):
                call_id = call_id_of(record.data)
                return not call_id or call_id in call_ids
            if record.call:
                return record.call in whole
            return not isinstance(record, MessageRecord) or record.call_id in call_ids

        return judged

    def _call_id(self, history: _History) -> str:
        if history.ended is not None:
            return history.ended.call_id
        for _, _, event in history.entries:
            record = record_of(event, self.clock)
            if isinstance(record, MessageRecord):
                return record.call_id
        return ""
