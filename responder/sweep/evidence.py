"""What is kept of a sweep beside its report: one trace of everything, and files of each case that failed."""

from __future__ import annotations

import re
from contextlib import ExitStack
from pathlib import Path
from typing import TextIO

from responder import __version__
from responder.observe.clock import Clock
from responder.observe.pcap import PcapWriter
from responder.observe.records import Case
from responder.observe.trace import TraceWriter
from responder.sweep.sweeping import Played

_unfit = re.compile(r"[^A-Za-z0-9.+_-]+")


class Evidence:
    """Takes cases in order. `OSError` where a file cannot be written, from the beginning where that can be known."""

    def __init__(self, files: ExitStack, *, trace: str | None, folder: str | None, wall: float) -> None:
        """`trace` and `folder` are paths; `files` closes what is opened. `wall` is now, in seconds since 1970 UTC."""
        self._clock = Clock(epoch=wall)
        self._trace: TraceWriter | None = None
        self._folder = None if folder is None else Path(folder)
        if self._folder is not None:
            self._folder.mkdir(parents=True, exist_ok=True)
        if trace is not None:
            file = files.enter_context(open(trace, "w", encoding="ascii"))  # noqa: SIM115
            self._trace = self._writer(file)

    def take(self, played: Played) -> None:
        """Write what this case needs."""
        if self._trace is not None:
            self._trace.write(played.entries)
            self._trace.flush(0.0)
        if self._folder is not None and not played.result.passed:
            name = file_name(played.result.case)
            with open(self._folder / f"{name}.jsonl", "w", encoding="ascii") as text:
                self._writer(text).write(played.entries)
            with open(self._folder / f"{name}.pcapng", "wb") as binary:
                PcapWriter(binary, clock=self._clock, version=__version__).write(played.entries)

    def _writer(self, file: TextIO) -> TraceWriter:
        return TraceWriter(file, clock=self._clock, version=__version__)


def file_name(case: Case) -> str:
    """What the files of a case are called: `486-INVITE-UDP-plain`."""
    target = Path(case.scenario).stem if case.scenario else case.code or case.dial
    return _unfit.sub("_", "-".join((target, case.method, case.transport, case.variant)))
