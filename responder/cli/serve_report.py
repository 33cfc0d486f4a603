"""The report on a run of `responder serve`: kept in memory while it lasts, written at its end."""

from __future__ import annotations

import sys
from argparse import Namespace
from collections.abc import Iterable
from contextlib import ExitStack
from typing import TYPE_CHECKING

from responder.cli.exit_codes import Exit
from responder.cli.reporting import Reports, report_on
from responder.observe.journal import Journal

if TYPE_CHECKING:
    from responder.events import Event
    from responder.observe.clock import Clock
    from responder.observe.records import Entry
    from responder.sweep.baseline import Baseline


class ServeReport:
    """An observer that makes the report."""

    def __init__(self, arguments: Namespace, files: ExitStack, *, clock: Clock, known: Baseline | None) -> None:
        """`files` closes what is opened now; errors as of `Reports`. `known`: the baseline."""
        self._arguments = arguments
        self._known = known
        self._reports = Reports(arguments, files, stdout_is_free=arguments.quiet and not arguments.json)
        self._journal = Journal(clock)
        self._entries: list[Entry] = []

    def observe(self, events: Iterable[Event]) -> None:
        """Keep these events."""
        self._journal.observe(events)

    def flush(self, now: float) -> None:
        """Nothing to do: all of it is in memory."""

    def close(self, now: float) -> None:
        """The run was watched until `now`."""
        self._entries = self._journal.until(now)

    def write(self, code: Exit, *, to_stdout: bool) -> Exit:
        """Write it, a table `to_stdout` where one is asked for and may be. The exit code `code`, with --judge for a run
        in which rules were broken 1 instead of 0."""
        arguments = self._arguments
        if self._journal.forgotten:
            text = f"responder: {self._journal.forgotten} calls are forgotten and in no report: write a --trace instead"
            print(text, file=sys.stderr)
        report = report_on(arguments, self._entries, self._known)
        asked = arguments.judge or arguments.coverage
        self._reports.write(report, table=to_stdout and asked and not arguments.quiet and not arguments.json)
        broken = arguments.judge and any(result.failures for result in report.results)
        return Exit.FAIL if broken and code is Exit.PASS else code
