"""`responder sweep`: a client driven through response codes, and judged case by case."""

from __future__ import annotations

import sys
from argparse import ArgumentParser, Namespace
from contextlib import ExitStack
from typing import TYPE_CHECKING

from responder.cli import arguments as values
from responder.cli.exit_codes import Exit
from responder.cli.reporting import add_baseline_option, add_report_options

if TYPE_CHECKING:
    from collections.abc import Sequence

    from responder.observe.records import Case

_EXAMPLES = """\
examples:
  responder sweep --exec 'sipp -sn uac {host}:{port} -s {user} -m 1 -timeout 10'
  responder sweep --exec './call.sh {uri}' --codes 4xx,503,100-199 --jobs 8
  responder sweep --exec 'myphone --register {uri}' --methods REGISTER --codes 401,423,200
  responder sweep --exec 'client {uri}' --variants all --transport udp,tcp --strict
  responder sweep --exec 'client {uri}' --dial 180.300ms.486 --scenario busy.yaml
  responder sweep --shell --exec 'echo {uri} > dial; client' --port 5060     a client that is configured in a file
  responder sweep --manual --codes 486,603,302            a phone: says what to dial, and ticks it off
  responder sweep --list --codes 4xx                      what would be tried, and what each case shows
  responder sweep --exec 'client {uri}' --baseline known.yaml --junit sweep.xml --html sweep.html
  responder report sweep.jsonl                            once more from a --trace, without a client

COMMAND is split into words as a shell does it, and started without one. In its words stand
  {uri}        whom to call: sip:486@127.0.0.1:34567, for TCP with ;transport=tcp
  {user} {host} {port} {transport} {code} {method}        its parts; {{ is a brace
and the same in RESPONDER_URI, RESPONDER_USER and so on. Each run has a responder, a port and a process group of its
own. It ends when the client exits, when everything has happened and the client has been watched for a while, or after
--timeout; a client that stays is told to stop with SIGTERM, after a second with SIGKILL.

Exits with 0 where every case passed, with 1 where one failed or nobody called, with 2 for a wrong command line, file or
client command, with 3 where an address cannot be listened on, with 130 after Ctrl-C (the report is of what was done).
"""


def configure(parser: ArgumentParser) -> None:
    """Add its arguments."""
    parser.epilog = _EXAMPLES
    client = parser.add_argument_group("the client")
    client.add_argument("--exec", metavar="COMMAND", help="start this for each case")
    client.add_argument("--shell", action="store_true", help="hand COMMAND to `sh -c`, each value quoted")
    client.add_argument("--manual", action="store_true", help="no command: a person dials what is shown")
    client.add_argument(
        "--timeout",
        metavar="TIME",
        type=values.seconds,
        help="what each client has (default: 30s, or what its flow takes);"
        " with --manual how long to wait for a call (default: for ever)",
    )
    client.add_argument("--jobs", metavar="N", type=values.count, help="clients side by side (default: 4)")
    what = parser.add_argument_group("what it is put through")
    what.add_argument(
        "--codes",
        metavar="LIST",
        help="codes, classes, patterns and ranges such as 4xx,503,48x,100-199 (default: all that are registered)",
    )
    what.add_argument("--methods", metavar="LIST", default="INVITE", help="what gets them (default: INVITE)")
    what.add_argument("--variants", metavar="LIST", default="plain", help="how they are sent (default: plain)")
    what.add_argument("--transport", metavar="LIST", action="append", help="udp, tcp or both (default: udp)")
    what.add_argument(
        "--dial", metavar="TEXT", action="append", default=[], help="this dial string, not a code; repeatable"
    )
    what.add_argument(
        "--scenario",
        metavar="FILE",
        action="append",
        default=[],
        help="this scenario, whatever is dialled; what it expects and checks counts; repeatable",
    )
    what.add_argument("--list", action="store_true", help="print the cases and what each shows, and run nothing")
    where = parser.add_argument_group("where and how")
    where.add_argument("--host", metavar="IP", default="127.0.0.1", help="listen on this address (default: 127.0.0.1)")
    where.add_argument(
        "--port",
        metavar="N",
        type=values.port,
        help="listen on this port, with one client at a time (default: any free ones; with --manual 5060)",
    )
    where.add_argument("--seed", metavar="N", type=int, help="draw tags, branches and waits from this: repeatable")
    where.add_argument("--t1", metavar="TIME", type=values.seconds, help="timer T1 of RFC 3261 (default: 500ms)")
    verdict = parser.add_argument_group("what counts")
    verdict.add_argument("--expect", metavar="FILE", help="what the exit status and the output of the client should be")
    add_baseline_option(verdict)
    verdict.add_argument(
        "--write-baseline", metavar="FILE", help="write what is broken now as a baseline, for you to give the reasons"
    )
    seen = parser.add_argument_group("what is seen of it")
    seen.add_argument("--trace", metavar="FILE", help="write everything into this file, case after case")
    seen.add_argument("--keep", metavar="DIR", help="keep a trace and a capture of each case that failed")
    seen.add_argument("-v", "--verbose", action="store_true", help="a line for each case that is over")
    seen.add_argument("--quiet", action="store_true", help="no progress")
    add_report_options(parser)


def run(arguments: Namespace) -> int:
    """Sweep; the exit code says how it went."""
    from responder.cli.sweep_order import read_order
    from responder.cli.sweep_session import Session
    from responder.errors import TransportError
    from responder.sweep.command import CommandError
    from responder.sweep.progress import name_of

    order = read_order(arguments)
    if order.mistakes:
        print(*order.mistakes, sep="\n", file=sys.stderr)
        return Exit.USAGE
    if arguments.verbose:
        for case in order.left_out:
            print(f"left out, as it makes no difference: {name_of(case)}", file=sys.stderr)
    if arguments.list:
        return _list(order.cases)
    try:
        with ExitStack() as files:
            return Session(arguments, order, files).run()
    except CommandError as error:
        print(f"responder sweep: {error}", file=sys.stderr)
        return Exit.USAGE
    except TransportError as error:
        print(f"responder sweep: {error}", file=sys.stderr)
        return Exit.BIND


def _list(cases: Sequence[Case]) -> int:
    from responder.sweep.attempt import plan_of
    from responder.sweep.progress import name_of

    width = max(len(name_of(case)) for case in cases)
    for case in cases:
        print(f"{name_of(case):<{width}}  {plan_of(case)[1].shows}")
    return Exit.PASS
