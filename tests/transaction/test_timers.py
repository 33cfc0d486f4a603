"""Deadlines (`transaction.timers`) and the timer values of RFC 3261 section 17, table 4."""

from __future__ import annotations

import random
from typing import Any

import pytest

from responder.transaction.timers import TRYING_AFTER, Timers, TimerValues


class Target:
    def __init__(self) -> None:
        self.told: list[tuple[Any, float]] = []

    def on_timer(self, token: Any, now: float) -> None:
        self.told.append((token, now))


class TestTable4:
    def test_defaults(self) -> None:
        values = TimerValues()
        assert (values.t1, values.t2, values.t4, values.timeout) == (0.5, 4.0, 5.0, 32.0)
        assert TRYING_AFTER == 0.2

    def test_timeout_is_64_times_t1(self) -> None:
        assert TimerValues(t1=0.01).timeout == pytest.approx(0.64)

    def test_intervals_double_up_to_t2(self) -> None:
        values, intervals = TimerValues(), [0.5]
        while len(intervals) < 6:
            intervals.append(values.next_interval(intervals[-1]))
        assert intervals == [0.5, 1.0, 2.0, 4.0, 4.0, 4.0]


class TestTimers:
    def test_nothing_is_due_at_first(self) -> None:
        timers = Timers((1.0,))
        assert timers.next_deadline() is None
        assert len(timers) == 0

    @pytest.mark.parametrize("lengths", [(), (1.0, 2.0)], ids=["heap", "queues"])
    def test_each_target_is_told_once_when_its_time_has_come(self, lengths: tuple[float, ...]) -> None:
        timers, target = Timers(lengths), Target()
        timers.set(2.0, 10.0, target, "late")
        timers.set(1.0, 10.0, target, "early")
        assert timers.next_deadline() == 11.0
        timers.expire(10.999)
        assert target.told == []
        timers.expire(11.0)
        assert target.told == [("early", 11.0)]
        assert timers.next_deadline() == 12.0
        assert len(timers) == 1
        timers.expire(12.0)
        timers.expire(100.0)
        assert target.told == [("early", 11.0), ("late", 12.0)]
        assert timers.next_deadline() is None
        assert len(timers) == 0

    def test_one_of_a_queue_and_one_of_the_heap(self) -> None:
        timers, target = Timers((1.0,)), Target()
        timers.set(1.0, 0.0, target, "queue")
        timers.set(0.5, 0.0, target, "heap")
        assert timers.next_deadline() == 0.5
        timers.expire(0.5)
        timers.expire(1.0)
        assert [token for token, _ in target.told] == ["heap", "queue"]

    def test_deadlines_at_the_same_time_come_in_the_order_they_were_set(self) -> None:
        timers, target = Timers(), Target()
        for token in range(50):
            timers.set(1.0, 0.0, target, token)
        timers.expire(1.0)
        assert [token for token, _ in target.told] == list(range(50))

    def test_a_target_may_set_another_deadline_when_told(self) -> None:
        timers = Timers((1.0,))

        class Again(Target):
            def on_timer(self, token: Any, now: float) -> None:
                super().on_timer(token, now)
                if len(self.told) < 3:
                    timers.set(1.0, now, self, token)

        again = Again()
        timers.set(1.0, 0.0, again)
        for now in (1.0, 2.0, 3.0, 4.0):
            timers.expire(now)
        assert [now for _, now in again.told] == [1.0, 2.0, 3.0]

    def test_a_late_call_tells_everything_once(self) -> None:
        timers, target = Timers((0.5, 32.0)), Target()
        timers.set(32.0, 0.0, target, "H at 32")
        timers.set(0.5, 31.0, target, "G at 31.5")
        timers.set(0.7, 31.0, target, "heap at 31.7")
        timers.set(0.5, 32.0, target, "G at 32.5")
        timers.set(32.0, 32.0, target, "H at 64")
        timers.expire(40.0)
        assert sorted(target.told) == [(token, 40.0) for token in ("G at 31.5", "G at 32.5", "H at 32", "heap at 31.7")]

    def test_any_mixture_expires_completely_and_never_early(self) -> None:
        rng = random.Random(4)
        timers = Timers((0.2, 0.5, 32.0))
        due: dict[int, float] = {}
        told: dict[int, float] = {}

        class One:
            def on_timer(self, token: int, now: float) -> None:
                assert token not in told
                told[token] = now

        one, now = One(), 0.0
        for token in range(500):
            now += rng.random() * 0.1
            delay = rng.choice([0.2, 0.5, 32.0, rng.random() * 40])
            due[token] = now + delay
            timers.set(delay, now, one, token)
        while (deadline := timers.next_deadline()) is not None:
            now = max(now, deadline)
            timers.expire(now)
        assert told.keys() == due.keys()
        assert all(told[token] >= due[token] - 1e-9 for token in due)
        assert len(timers) == 0
