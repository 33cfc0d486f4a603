"""Cases side by side, and their results in order."""

from __future__ import annotations

import asyncio

import pytest

from responder.observe.records import Case
from responder.sweep.sweeper import Sweeper

CASES = [Case(str(code), str(code), "INVITE", "UDP") for code in range(480, 490)]


class Stopwatch:
    """Plays cases that take as long as it is told, and notes how many did so at once."""

    def __init__(self, seconds: dict[str, float] | None = None) -> None:
        self.seconds = seconds or {}
        self.running = 0
        self.most = 0
        self.taken: list[str] = []
        self.events: list[str] = []

    async def play(self, case: Case) -> str:
        self.running += 1
        self.most = max(self.most, self.running)
        try:
            await asyncio.sleep(self.seconds.get(case.code, 0.0))
        finally:
            self.running -= 1
        return case.code

    def sweeper(self, jobs: int) -> Sweeper[str]:
        return Sweeper(
            CASES,
            self.play,
            self.taken.append,
            jobs=jobs,
            begun=lambda case: self.events.append(f"+{case.code}"),
            ended=lambda case, result: self.events.append(f"-{case.code}"),
        )


async def test_results_are_in_the_order_of_the_cases() -> None:
    watch = Stopwatch({"480": 0.1, "483": 0.05})
    await watch.sweeper(4).run()
    assert watch.taken == [case.code for case in CASES]
    assert watch.most == 4
    assert watch.events.index("-480") > watch.events.index("-489")


async def test_one_job_is_one_at_a_time() -> None:
    watch = Stopwatch()
    await watch.sweeper(1).run()
    assert watch.most == 1
    assert watch.events == [f"{sign}{case.code}" for case in CASES for sign in "+-"]


async def test_an_interruption_hands_on_what_is_over_in_order() -> None:
    watch = Stopwatch({"480": 60.0, "484": 60.0})
    task = asyncio.ensure_future(watch.sweeper(2).run())
    while watch.running < 2 or "+484" not in watch.events:
        await asyncio.sleep(0.001)
    assert watch.taken == []
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert watch.taken == ["481", "482", "483"]
    assert watch.running == 0


async def test_an_error_ends_it_as_it_is() -> None:
    watch = Stopwatch({"480": 60.0})

    async def play(case: Case) -> str:
        if case.code == "482":
            raise OSError("full")
        return await watch.play(case)

    with pytest.raises(OSError, match="full"):
        await Sweeper(CASES, play, watch.taken.append, jobs=2).run()
    assert watch.running == 0
    assert watch.taken == ["481"]
