"""What `responder` returns to the shell."""

from __future__ import annotations

from enum import IntEnum


class Exit(IntEnum):
    """The exit codes; `responder --help` prints them."""

    PASS = 0
    """All went well; also a service that was stopped with SIGTERM."""
    FAIL = 1
    """A call or a case failed, fewer calls came than `--calls` waits for, or a rule for clients was broken."""
    USAGE = 2
    """The command line, a scenario file or another input file is wrong, or a report cannot be written."""
    BIND = 3
    """An address cannot be listened on."""
    INTERRUPTED = 130
    """Ctrl-C (128 + SIGINT)."""
    PIPE = 141
    """Nobody reads the output any more (128 + SIGPIPE)."""


MEANINGS = """\
exit codes:
  0    passed; or stopped with SIGTERM
  1    a call or a case failed, --timeout struck before --calls calls had come, or the client broke a MUST
  2    the command line, a scenario file or a trace is wrong, or a report cannot be written
  3    an address cannot be listened on
  130  interrupted (Ctrl-C)
  141  nobody reads the output any more (a closed pipe)
"""
