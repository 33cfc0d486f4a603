"""A run in a file: one line of JSON a record, the first line saying what the file is; readable while it grows.

{"event": "trace", "version": 1, "responder": "0.1.0", "started": "2026-01-02T03:04:05.123456Z"}
{"event": "message", "time": 0.000123, "direction": "received", "call": 1, ...}
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from json import loads
from pathlib import Path
from typing import TextIO

from responder.errors import ResponderError
from responder.events import Event
from responder.observe.clock import Clock, iso
from responder.observe.json_lines import as_json, encode, from_json
from responder.observe.line_encoder import LineEncoder
from responder.observe.records import EndRecord, Entry

VERSION = 1
"""The version of the format; a reader refuses a file that says a higher one."""


class TraceError(ResponderError):
    """A file that is no trace: which, which line, and why."""


class TraceWriter:
    """Writes events as they come; the file is the caller's to open and close, and stays whole line by line."""

    def __init__(self, file: TextIO, *, clock: Clock, version: str) -> None:
        """`version` is that of responder, for the first line."""
        self._file = file
        self._clock = clock
        self._encoder = LineEncoder(clock)
        first = {"event": "trace", "version": VERSION, "responder": version, "started": iso(clock.wall(clock.start))}
        file.write(encode(first) + "\n")

    def observe(self, events: Iterable[Event]) -> None:
        """Write these events."""
        self._file.writelines(self._encoder.lines(events))

    def write(self, entries: Iterable[Entry]) -> None:
        """Write what is recorded already."""
        self._file.writelines([encode(as_json(entry)) + "\n" for entry in entries])

    def flush(self, now: float) -> None:
        """Hand what is written to the system, so that a reader sees it."""
        self._file.flush()

    def close(self, now: float) -> None:
        """Write that the run was watched until `now`, and flush for the last time."""
        self.write([EndRecord(self._clock.elapsed(now), self._clock.wall(now))])
        self._file.flush()


def read_trace(path: str | Path) -> Iterator[Entry]:
    """The records of a trace file in the order of writing.

    A last line that was cut (the writer was killed) is passed over. Raises TraceError, naming the line, for a file that
    is no trace; OSError where it cannot be read.
    """
    with open(path, encoding="utf-8", errors="surrogateescape") as file:
        begun = False
        for number, line in enumerate(file, 1):
            text = line.strip()
            if not text:
                continue
            try:
                value = loads(text)
                if not begun:
                    _check_first(value)
                    begun = True
                    continue
                record = from_json(value)
            except (ValueError, KeyError, TypeError) as error:
                if begun and not line.endswith("\n"):
                    return
                raise TraceError(f"{path}:{number}: {_why(error, begun)}") from error
            if record is not None:
                yield record
        if not begun:
            raise TraceError(f"{path}: empty, not a trace of responder")


def _check_first(value: object) -> None:
    if not isinstance(value, dict) or value.get("event") != "trace":
        raise ValueError("not a trace of responder (its first line does not say so)")
    if not isinstance(value.get("version"), int) or value["version"] > VERSION:
        raise ValueError(f"a trace of version {value.get('version')}; this responder reads up to version {VERSION}")


def _why(error: Exception, begun: bool) -> str:
    if isinstance(error, KeyError):
        return f"a record without {error}"
    if begun or type(error) is ValueError:
        return str(error)
    return "not a trace of responder (not a line of JSON)"
