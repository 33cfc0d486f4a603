"""What happened in the last calls, in memory and bounded: the finished call that is oldest is forgotten first."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator

from responder.events import Event
from responder.observe.clock import Clock
from responder.observe.records import CallRecord, MalformedRecord, Record, record_of


class CallHistory:
    """What is known of one call."""

    __slots__ = ("_limit", "call_id", "dropped", "ended", "number", "records")

    def __init__(self, number: int, limit: int) -> None:
        self.number = number
        self.call_id = ""
        """Of its first message; empty until there is one."""
        self.records: deque[Record] = deque(maxlen=limit)
        """In order of time; of a very long call the latest."""
        self.dropped = 0
        """How many records of it were forgotten."""
        self.ended: CallRecord | None = None
        self._limit = limit

    def add(self, record: Record) -> None:
        """Note the record."""
        if len(self.records) == self._limit:
            self.dropped += 1
        self.records.append(record)
        if not self.call_id:
            self.call_id = getattr(record, "call_id", "")
        if isinstance(record, CallRecord):
            self.ended = record


class Journal:
    """The records of the last calls, and of what belonged to no call."""

    def __init__(self, *, clock: Clock | None = None, calls: int = 500, records: int = 1000) -> None:
        """Keep at most `calls` calls with `records` records each, and `records` that belong to none."""
        self._clock = clock or Clock()
        self._limit = max(1, calls)
        self._records = max(1, records)
        self._calls: dict[int, CallHistory] = {}
        self._finished: deque[int] = deque()
        self._newest = 0
        self.strays: deque[Record] = deque(maxlen=self._records)
        """What belonged to no call: malformed bytes, stray messages."""
        self.forgotten = 0
        """How many calls were dropped to stay within the bound."""

    def observe(self, events: Iterable[Event]) -> None:
        """Note these events."""
        for event in events:
            self.add(record_of(event, self._clock))

    def flush(self, now: float) -> None:
        """Nothing to do: all of it is in memory."""

    def close(self, now: float) -> None:
        """Nothing to do; what was noted stays readable."""

    def add(self, record: Record) -> None:
        """Note one record. One of a call that was forgotten is passed over."""
        number = 0 if isinstance(record, MalformedRecord) else record.call
        if not number:
            self.strays.append(record)
            return
        history = self._calls.get(number)
        if history is None:
            if number <= self._newest and self.forgotten:
                return
            self._newest = max(self._newest, number)
            history = self._calls[number] = CallHistory(number, self._records)
            if len(self._calls) > self._limit:
                self._forget(number)
        unfinished = history.ended is None
        history.add(record)
        if unfinished and history.ended is not None:
            self._finished.append(number)

    def _forget(self, spared: int) -> None:
        """Drop the oldest finished call or, where none is finished, the oldest."""
        if self._finished:
            number = self._finished.popleft()
        else:
            number = next(number for number in self._calls if number != spared)
        del self._calls[number]
        self.forgotten += 1

    def __len__(self) -> int:
        return len(self._calls)

    def __iter__(self) -> Iterator[CallHistory]:
        """The calls in the order in which they came."""
        return iter(self._calls.values())

    def call(self, number: int) -> CallHistory | None:
        """The call of that number, None where it is unknown or forgotten."""
        return self._calls.get(number)

    def by_call_id(self, call_id: str) -> list[CallHistory]:
        """The calls of that Call-ID, oldest first."""
        return [history for history in self._calls.values() if history.call_id == call_id]
