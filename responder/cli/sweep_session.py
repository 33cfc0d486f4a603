"""One sweep at a terminal: what it shows while it runs, what it keeps, what it reports."""

from __future__ import annotations

import asyncio
import signal
import sys
import time
from argparse import Namespace
from collections.abc import Coroutine
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from responder import __version__
from responder.cli.exit_codes import Exit
from responder.cli.outputs import write_err
from responder.cli.reporting import Reports, counted
from responder.cli.sweep_by_hand import ByHand
from responder.cli.sweep_order import Order
from responder.cli.terminal import terminal_of
from responder.observe.report.result import Report, Result
from responder.sweep.advice import advice
from responder.sweep.baseline_text import baseline_text
from responder.sweep.evidence import Evidence
from responder.sweep.progress import Progress, verdict_on
from responder.sweep.sweeper import JOBS
from responder.sweep.sweeping import Judging, Played, sweep


class Session:
    """One sweep at a terminal: what it shows while it runs, what it keeps, what it reports."""

    def __init__(self, arguments: Namespace, order: Order, files: ExitStack) -> None:
        """Files are opened now, so that a wrong path is known before hours of testing; `files` closes them."""
        self._arguments = arguments
        self._order = order
        self._reports = Reports(arguments, files)
        self._evidence = Evidence(files, trace=arguments.trace, folder=arguments.keep, wall=time.time())
        self._results: list[Result] = []
        self._by_hand: ByHand | None = None
        terminal = terminal_of(sys.stderr)
        self._progress = Progress(
            write_err,
            len(order.cases),
            width=terminal.width if terminal.interactive and not arguments.quiet else 0,
            ascii_only=terminal.ascii_only,
        )

    def run(self) -> int:
        """Sweep, report; the exit code."""
        order = self._order
        try:
            interrupted = asyncio.run(self._interruptible(self._play()))
        finally:
            self._progress.clear()
        report = Report(
            tuple(self._results),
            __version__,
            command=order.command.text if order.command is not None else "",
            stale=order.baseline.stale(self._results),
        )
        self._reports.write(report)
        if self._arguments.write_baseline:
            Path(self._arguments.write_baseline).write_text(baseline_text(self._results), "utf-8")
        left_out = self._by_hand.left_out if self._by_hand is not None else ""
        for line in [*advice(self._results), *([left_out] if left_out else [])]:
            print(f"responder sweep: {line}", file=sys.stderr)
        if interrupted:
            done = f"{len(self._results)} of {len(order.cases)} cases"
            print(f"responder sweep: interrupted after {done}", file=sys.stderr)
            return Exit.INTERRUPTED
        return Exit.PASS if report.passed and report.results else Exit.FAIL

    async def _play(self) -> None:
        order = self._order
        judging = Judging(counted(self._arguments), order.baseline.acquits)
        if order.command is None:
            self._by_hand = ByHand(order, judging, take=self._take, quiet=self._arguments.quiet)
            await self._by_hand.run(patience=self._arguments.timeout)
            return
        await sweep(
            order.cases,
            order.command,
            order.terms,
            judging=judging,
            jobs=self._arguments.jobs or JOBS,
            take=self._take,
            begun=self._progress.begun,
            ended=self._progress.ended,
        )

    def _take(self, played: Played) -> None:
        self._results.append(played.result)
        self._evidence.take(played)
        if self._arguments.verbose and self._by_hand is None:
            self._progress.clear()
            print(verdict_on(played.result), file=sys.stderr)

    async def _interruptible(self, work: Coroutine[Any, Any, None]) -> bool:
        """Do it; True where a signal ended it before its time."""
        loop = asyncio.get_running_loop()
        task = asyncio.ensure_future(work)
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, task.cancel)
        try:
            await task
        except asyncio.CancelledError:
            return True
        return False
