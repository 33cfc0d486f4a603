"""A whole sweep as one call: `report = await sweep(cases, Command("client {uri}"))`."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final

from responder import __version__
from responder.observe.records import Case, Entry
from responder.observe.report.result import ERROR, Acquittal, Report, Result, result_of
from responder.observe.rules.rule import MUST, Level
from responder.observe.runs import runs
from responder.sweep.attempt import Terms, attempt, plan_of
from responder.sweep.command import Command, CommandError
from responder.sweep.sweeper import JOBS, Sweeper

_SWITCH: Final = 0.0005
"""Seconds after which a thread that judges lets the one that serves go on: at 5 ms, which is usual, messages were read
a tenth of a second late, and copies seemed to come too soon."""


@dataclass(frozen=True)
class Played:
    """A case that is over."""

    entries: tuple[Entry, ...]
    """What a trace has of it."""
    result: Result


@dataclass(frozen=True)
class Judging:
    """What counts as a failure."""

    counted: frozenset[Level] = frozenset({MUST})
    known: Acquittal | None = None

    def played(self, entries: Sequence[Entry]) -> Played:
        """The records of a case with the verdict on it."""
        return Played(tuple(entries), result_of(next(runs(entries)), counted=self.counted, known=self.known))


async def sweep(
    cases: Sequence[Case],
    command: Command,
    terms: Terms | None = None,
    *,
    judging: Judging | None = None,
    jobs: int = JOBS,
    take: Callable[[Played], None] = lambda played: None,
    begun: Callable[[Case], None] = lambda case: None,
    ended: Callable[[Result], None] = lambda result: None,
) -> Report:
    """Drive a client through all cases, `jobs` of them side by side, and report.

    `begun` and `ended` are called as it happens, `take` in the order of the cases; a sweep that is cancelled ends its
    clients, and `take` has had whatever was over. `CommandError` where the client cannot be started at all,
    `TransportError` where an address cannot be had, `ScenarioError` where a scenario is wrong.
    """
    terms = terms or Terms()
    judging = judging or Judging()
    results: list[Result] = []
    jobs = 1 if terms.port else jobs
    lost = 0
    started = False

    async def play(case: Case) -> Played:
        nonlocal lost, started
        prepared = await loop.run_in_executor(aside, plan_of, case)
        entries = await attempt(case, prepared, command, terms)
        played = await loop.run_in_executor(aside, judging.played, entries)
        if played.result.outcome == ERROR:
            lost += 1
        else:
            started = True
        if not started and lost >= min(jobs, len(cases)):
            client = played.result.client
            raise CommandError(f"the client cannot be started: {client.output.strip() if client is not None else ''}")
        return played

    def taken(played: Played) -> None:
        results.append(played.result)
        take(played)

    loop = asyncio.get_running_loop()
    # tens of milliseconds each, which the other clients would notice
    with _attentive(), ThreadPoolExecutor(1, "sweep") as aside:
        await Sweeper(cases, play, taken, jobs=jobs, begun=begun, ended=lambda case, played: ended(played.result)).run()
    return Report(tuple(results), __version__, command=command.text)


@contextmanager
def _attentive() -> Iterator[None]:
    before = sys.getswitchinterval()
    sys.setswitchinterval(min(before, _SWITCH))
    try:
        yield
    finally:
        sys.setswitchinterval(before)
