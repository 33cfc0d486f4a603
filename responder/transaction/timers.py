"""Deadlines on a clock that the caller owns, and the timer values of RFC 3261 section 17 (table 4).

Rules
1. The lengths that SIP itself uses have a queue each: all deadlines of one length expire in order of arrival, so
   setting one is an append. All other lengths share a heap.
2. Nothing is ever cancelled: the target looks at its own state when its time comes.
3. `now` never goes backwards.
"""

from __future__ import annotations

import heapq
from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterable

TRYING_AFTER = 0.2
"""Seconds after which an INVITE gets a 100 when nothing else was sent (17.2.1)."""


class Target(Protocol):
    """What a deadline belongs to."""

    def on_timer(self, token: Any, now: float) -> None:
        """The deadline set with this token has passed."""


@dataclass(frozen=True, slots=True)
class TimerValues:
    """T1, T2 and T4 in seconds (RFC 3261 section 17, table 4) and what follows from them."""

    t1: float = 0.5
    t2: float = 4.0
    t4: float = 5.0

    @property
    def timeout(self) -> float:
        """64*T1: timers B, F, H, J (unreliable), L and M."""
        return 64 * self.t1

    def lengths(self) -> tuple[float, ...]:
        """The lengths that transactions and dialogs use again and again."""
        return (TRYING_AFTER, self.t1, 2 * self.t1, 4 * self.t1, self.t2, self.t4, self.timeout)

    def next_interval(self, interval: float) -> float:
        """The interval after `interval` for timers E and G: doubled, T2 at the most."""
        return min(2 * interval, self.t2)


class Timers:
    """All deadlines of an engine; `lengths` (seconds) are those that get a queue of their own."""

    __slots__ = ("_heap", "_lengths", "_queues", "_serial")

    def __init__(self, lengths: Iterable[float] = ()) -> None:
        self._lengths: dict[float, deque[tuple[float, Target, Any]]] = {length: deque() for length in lengths}
        self._queues = list(self._lengths.values())
        self._heap: list[tuple[float, int, Target, Any]] = []
        self._serial = 0

    def set(self, delay: float, now: float, target: Target, token: Any = None) -> None:
        """Call `target.on_timer(token, ...)` once `delay` seconds from `now` have passed."""
        queue = self._lengths.get(delay)
        if queue is not None:
            queue.append((now + delay, target, token))
        else:
            self._serial += 1
            heapq.heappush(self._heap, (now + delay, self._serial, target, token))

    def next_deadline(self) -> float | None:
        """The earliest deadline, or None."""
        earliest = self._heap[0][0] if self._heap else None
        for queue in self._queues:
            if queue and (earliest is None or queue[0][0] < earliest):
                earliest = queue[0][0]
        return earliest

    def expire(self, now: float) -> None:
        """Tell every target whose deadline has passed, each once."""
        for queue in self._queues:
            while queue and queue[0][0] <= now:
                _, target, token = queue.popleft()
                target.on_timer(token, now)
        heap = self._heap
        while heap and heap[0][0] <= now:
            _, _, target, token = heapq.heappop(heap)
            target.on_timer(token, now)

    def __len__(self) -> int:
        return len(self._heap) + sum(map(len, self._queues))
