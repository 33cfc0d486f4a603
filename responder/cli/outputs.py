"""Where a run is written to: the console or JSON lines on stdout, a trace, a capture file."""

from __future__ import annotations

import sys
from argparse import Namespace
from contextlib import ExitStack, suppress
from typing import IO, TYPE_CHECKING, Any

from responder import __version__
from responder.cli.reporting import is_asked_for
from responder.cli.terminal import Terminal
from responder.engine import CALLS, MESSAGES, NOTES, QUIET

if TYPE_CHECKING:
    from responder.observe.clock import Clock
    from responder.observe.observer import Observer

_BUFFER = 1 << 16
"""Bytes that are handed to the system at once: a busy trace has eight thousand a call."""


def write_out(text: str) -> None:
    """Write to stdout now."""
    sys.stdout.write(text)
    sys.stdout.flush()


def write_err(text: str) -> None:
    """Write to stderr now."""
    sys.stderr.write(text)
    sys.stderr.flush()


def open_outputs(arguments: Namespace, *, clock: Clock, terminal: Terminal, files: ExitStack) -> list[Observer]:
    """The observers that the command line asks for; `files` closes what was opened. OSError where a file cannot be."""
    observers: list[Observer] = []
    if arguments.quiet:
        from responder.observe.complaints import Complaints

        observers.append(Complaints(write_err))
    elif arguments.json:
        from responder.observe.json_console import JsonConsole

        observers.append(JsonConsole(write_out, clock=clock, messages=arguments.verbose > 0))
    else:
        from responder.observe.console import COLOURS, PLAIN, TERMINAL_LINES, Console

        observers.append(
            Console(
                write_out,
                clock=clock,
                messages=arguments.verbose > 0,
                whole=arguments.verbose > 1,
                palette=COLOURS if terminal.colour else PLAIN,
                ascii_only=terminal.ascii_only,
                limit=TERMINAL_LINES if terminal.interactive else 0,
            )
        )
    if arguments.trace:
        from responder.observe.trace import TraceWriter

        text = open(arguments.trace, "w", _BUFFER, encoding="ascii")  # noqa: SIM115
        files.callback(_close, text)
        observers.append(TraceWriter(text, clock=clock, version=__version__))
    if arguments.pcap:
        from responder.observe.pcap import PcapWriter

        binary = open(arguments.pcap, "wb")  # noqa: SIM115
        files.callback(_close, binary)
        observers.append(PcapWriter(binary, clock=clock, version=__version__))
    return observers


def _close(file: IO[Any]) -> None:
    """Close it; what could not be written was said when its observer was closed."""
    with suppress(OSError):
        file.close()


def level_for(arguments: Namespace) -> int:
    """What the engine has to report for them (`engine.QUIET`, `CALLS`, `NOTES`, `MESSAGES`)."""
    if arguments.trace or arguments.pcap or arguments.verbose or is_asked_for(arguments):
        return MESSAGES
    if not arguments.quiet:
        return NOTES
    return QUIET if arguments.calls is None and arguments.timeout is None else CALLS
