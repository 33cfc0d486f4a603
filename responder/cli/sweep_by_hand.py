"""A sweep by hand at a terminal: what to dial, what came of it, Enter to skip and q to end."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Callable
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

from responder.observe.report.case_names import phrase_of
from responder.observe.report.explanation import count
from responder.sweep.manual import Manual
from responder.sweep.progress import verdict_on

if TYPE_CHECKING:
    from collections.abc import Iterator

    from responder.cli.sweep_order import Order
    from responder.observe.records import Case
    from responder.sweep.flow import Flow
    from responder.sweep.sweeping import Judging, Played

_MOST_TYPED = 4096


class ByHand:
    """The conversation with the person."""

    def __init__(self, order: Order, judging: Judging, *, take: Callable[[Played], None], quiet: bool) -> None:
        """`take` gets what came of each case; with `quiet` only what is to be dialled is said."""
        self._take = take
        self._quiet = quiet
        self._total = len(order.cases)
        self._done = 0
        self._manual = Manual(order.cases, order.terms, judging, take=self._taken, show=self._show)

    async def run(self, *, patience: float | None) -> None:
        """Have all cases dialled; see `Manual.run`."""
        with self._listening():
            await self._manual.run(patience=patience)

    @property
    def left_out(self) -> str:
        """What was not dialled, in words; empty where everything was."""
        number = self._manual.left + len(self._manual.skipped)
        return f"not dialled, and left out: {number} of {count(self._total, 'case')}" if number else ""

    def _show(self, case: Case, uri: str, flow: Flow) -> None:
        what = " ".join(part for part in (case.code, phrase_of(case.code), "to", case.method) if part)
        self._say(f"[{self._done + 1}/{self._total}] dial {uri}   {what if case.code else case.method}")
        if not self._quiet:
            self._say(f"        {flow.shows}")

    def _taken(self, played: Played) -> None:
        self._done += 1
        if not self._quiet:
            self._say(f"  {'ok' if played.result.passed else '!!'}  {verdict_on(played.result)}")
        self._take(played)

    @staticmethod
    def _say(text: str) -> None:
        print(text, file=sys.stderr, flush=True)

    @contextmanager
    def _listening(self) -> Iterator[None]:
        """Listen to what the person types, where there is somebody."""
        loop = asyncio.get_running_loop()
        watched = False
        with suppress(OSError, ValueError, NotImplementedError):  # no stdin, or one that cannot be waited for
            loop.add_reader(sys.stdin.fileno(), self._typed)
            watched = True
        if watched and sys.stdin.isatty():
            self._say("Enter skips a case, q and Enter ends")
        try:
            yield
        finally:
            if watched:
                loop.remove_reader(sys.stdin.fileno())

    def _typed(self) -> None:
        lines = os.read(sys.stdin.fileno(), _MOST_TYPED)
        if not lines:
            asyncio.get_running_loop().remove_reader(sys.stdin.fileno())
        for line in lines.decode("utf-8", "replace").splitlines():
            if line.strip().lower() in ("q", "quit"):
                self._manual.stop()
            elif not line.strip():
                self._done += 1
                self._manual.skip()
