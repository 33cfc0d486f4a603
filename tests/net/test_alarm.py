"""The one timer of an engine, on a loop made of a number."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from responder.net.alarm import GRAIN, Alarm

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Callable


class Handle:
    def __init__(self, at: float, call: Callable[[], None]) -> None:
        self.at, self.call, self.cancelled = at, call, False

    def cancel(self) -> None:
        self.cancelled = True


class Clock:
    def __init__(self) -> None:
        self.now = 100.0
        self.handles: list[Handle] = []

    def time(self) -> float:
        return self.now

    def call_at(self, at: float, call: Callable[[], None]) -> Handle:
        self.handles.append(Handle(at, call))
        return self.handles[-1]

    def until(self, time: float) -> None:
        while due := [h for h in self.handles if not h.cancelled and h.at <= time]:
            first = min(due, key=lambda handle: handle.at)
            self.handles.remove(first)
            self.now = max(self.now, first.at)
            first.call()
        self.now = time


def alarm(clock: Clock, rings: list[float]) -> Alarm:
    return Alarm(cast("asyncio.AbstractEventLoop", clock), rings.append)


def test_rings_at_the_deadline() -> None:
    clock, rings = Clock(), list[float]()
    alarm(clock, rings).arm(100.5)
    clock.until(100.4)
    assert rings == []
    clock.until(101)
    assert rings == [100.5]


def test_a_later_deadline_makes_no_handle() -> None:
    clock, rings = Clock(), list[float]()
    a = alarm(clock, rings)
    for deadline in (100.5, 100.5, 101.0, 132.0):
        a.arm(deadline)
    assert len(clock.handles) == 1


def test_an_earlier_deadline_replaces() -> None:
    clock, rings = Clock(), list[float]()
    a = alarm(clock, rings)
    a.arm(132.0)
    a.arm(100.5)
    clock.until(140)
    assert rings == [100.5]


def test_rings_are_a_grain_apart() -> None:
    clock, rings = Clock(), list[float]()
    a = alarm(clock, rings)
    a.arm(100.5)
    clock.until(100.5)
    a.arm(100.5)  # overdue already
    clock.until(101)
    assert rings == [100.5, 100.5 + GRAIN]


def test_a_cancelled_alarm_is_silent_until_armed_again() -> None:
    clock, rings = Clock(), list[float]()
    a = alarm(clock, rings)
    a.arm(100.5)
    a.cancel()
    clock.until(101)
    assert rings == []
    a.arm(101.5)
    clock.until(102)
    assert rings == [101.5]
