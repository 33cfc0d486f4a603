"""Many cases, several side by side; what comes of them is handed on in the order of the cases, whoever ends first."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Final, Generic, TypeVar

from responder.observe.records import Case

T = TypeVar("T")

JOBS: Final = 4
"""Clients side by side where nobody says how many: they wait most of their time."""


class Sweeper(Generic[T]):
    """Plays cases. `play` plays one; `take` gets what came of each, in order, as soon as that is known."""

    def __init__(
        self,
        cases: Sequence[Case],
        play: Callable[[Case], Awaitable[T]],
        take: Callable[[T], None],
        *,
        jobs: int = JOBS,
        begun: Callable[[Case], None] = lambda case: None,
        ended: Callable[[Case, T], None] = lambda case, result: None,
    ) -> None:
        self._cases = cases
        self._play = play
        self._take = take
        self._jobs = jobs
        self._begun = begun
        self._ended = ended
        self._waiting: dict[int, T] = {}
        """What came of cases before which one is not over yet."""
        self._next = 0
        """The first case of which nothing was handed on."""

    async def run(self) -> None:
        """Play all of them. When it is cancelled, those under way end, and what is there is handed on still."""
        numbers = iter(range(len(self._cases)))

        async def work() -> None:
            for number in numbers:
                case = self._cases[number]
                self._begun(case)
                result = await self._play(case)
                self._ended(case, result)
                self._waiting[number] = result
                self._hand_on()

        try:
            async with asyncio.TaskGroup() as workers:
                for _ in range(min(self._jobs, len(self._cases))):
                    workers.create_task(work())
        except BaseExceptionGroup as group:
            raise group.exceptions[0] from None
        finally:
            for number in sorted(self._waiting):
                self._take(self._waiting[number])
            self._waiting.clear()

    def _hand_on(self) -> None:
        while self._next in self._waiting:
            self._take(self._waiting.pop(self._next))
            self._next += 1
