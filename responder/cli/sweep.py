"""`responder sweep`: a client driven through response codes, and judged."""

from __future__ import annotations

import sys
from argparse import ArgumentParser, Namespace
from contextlib import ExitStack
from typing import TYPE_CHECKING

from responder.cli import arguments as values
from responder.cli.exit_codes import Exit

if TYPE_CHECKING:
    from responder.observe.records import Case, Entry
    from responder.observe.report.result import Report, Result
    from responder.sweep.attempt import Terms
    from responder.sweep.selection import Selection

_EXAMPLES = """\
examples:
  responder sweep --exec 'CLIENT {uri}'
"""


def configure(parser: ArgumentParser) -> None:
    """Add its arguments."""
    parser.epilog = _EXAMPLES
    client = parser.add_argument_group("the client")
    client.add_argument("--exec", metavar="COMMAND", help="start this once for each case")
    client.add_argument("--shell", action="store_true", help="hand COMMAND to `sh -c`, each value quoted")
    client.add_argument(
        "--timeout", metavar="TIME", type=values.seconds, default=30.0, help="what each client has (default: 30s)"
    )
    client.add_argument("--jobs", metavar="N", type=values.count, help="clients side by side (default: 4)")
    what = parser.add_argument_group("what it is put through")
    what.add_argument("--codes", metavar="LIST", help="such as 4xx,503,100-199,48x (default: all)")
    what.add_argument("--methods", metavar="LIST", default="INVITE", help="methods that get them (default: INVITE)")
    what.add_argument("--variants", metavar="LIST", default="plain", help="how they come (default: plain)")
    what.add_argument("--transport", metavar="LIST", action="append", help="udp, tcp or both (default: udp)")
    what.add_argument("--dial", metavar="TEXT", action="append", default=[], help="a dial string; repeatable")
    what.add_argument("--scenario", metavar="FILE", action="append", default=[], help="a scenario; repeatable")
    what.add_argument("--list", action="store_true", help="print the cases and what each shows, and run nothing")
    where = parser.add_argument_group("where and how")
    where.add_argument("--host", metavar="IP", default="127.0.0.1", help="listen here (default: 127.0.0.1)")
    where.add_argument("--port", metavar="N", type=values.port, default=0, help="a fixed port (default: any free one)")
    where.add_argument("--seed", metavar="N", type=int, help="repeatable tags, branches, waits")
    where.add_argument("--t1", metavar="TIME", type=values.seconds, help="timer T1 of RFC 3261 (default: 500ms)")
    seen = parser.add_argument_group("what is seen of it")
    seen.add_argument("--strict", action="store_true", help="a SHOULD that was broken fails, too")
    seen.add_argument("--trace", metavar="FILE", help="write everything into this file, case after case")
    seen.add_argument("-v", "--verbose", action="store_true", help="a line a finished case")
    seen.add_argument("--quiet", action="store_true", help="nothing but problems")


def run(arguments: Namespace) -> int:
    """Sweep; the exit code says how it went."""
    from responder.errors import TransportError
    from responder.scenario.problems import ScenarioError
    from responder.sweep.selection import SelectionError

    try:
        selection = _selection(arguments)
        if arguments.list:
            return _list(selection)
        return _sweep(arguments, selection, _terms(arguments))
    except SelectionError as error:
        print(*(f"responder sweep: {line}" for line in str(error).splitlines()), sep="\n", file=sys.stderr)
        return Exit.USAGE
    except ScenarioError as error:
        print(error, file=sys.stderr)
        return Exit.USAGE
    except TransportError as error:
        print(f"responder sweep: {error}", file=sys.stderr)
        return Exit.BIND


def _selection(arguments: Namespace) -> Selection:
    """What the command line selects; `SelectionError` with all that is wrong with it."""
    from responder.sweep import selection as select

    dials, scenarios = tuple(arguments.dial), tuple(arguments.scenario)
    codes = arguments.codes or ("" if dials or scenarios else select.ALL)
    select.collected(
        lambda: select.codes_of(codes) if codes else None,
        lambda: select.methods_of(arguments.methods),
        lambda: select.variants_of(arguments.variants),
        lambda: select.transports_of(arguments.transport or ("udp",)),
        lambda: select.check_dials(dials),
        lambda: _command(arguments),
    )
    return select.Selection(
        codes=select.codes_of(codes) if codes else (),
        methods=select.methods_of(arguments.methods),
        variants=select.variants_of(arguments.variants),
        transports=select.transports_of(arguments.transport or ("udp",)),
        dials=dials,
        scenarios=scenarios,
    )


def _command(arguments: Namespace) -> None:
    from responder.sweep.command import Command, CommandError
    from responder.sweep.selection import SelectionError

    if arguments.list:
        return
    if arguments.exec is None:
        raise SelectionError("no client: give --exec 'CLIENT ... {uri}'")
    if arguments.port and (arguments.jobs or 1) > 1:
        raise SelectionError("--port is one port, for one client at a time: leave --jobs out")
    try:
        Command(arguments.exec, arguments.shell)
    except CommandError as error:
        raise SelectionError("\n".join(f"--exec: {line}" for line in str(error).splitlines())) from None


def _terms(arguments: Namespace) -> Terms:
    from responder.sweep.attempt import Terms
    from responder.sweep.command import Command

    return Terms(
        command=Command(arguments.exec, arguments.shell),
        host=arguments.host,
        port=arguments.port,
        timeout=arguments.timeout,
        seed=arguments.seed,
        t1=arguments.t1,
    )


def _list(selection: Selection) -> int:
    from responder.sweep.attempt import plan_of

    cases, left_out = selection.cases()
    for case in cases:
        _, flow = plan_of(case)
        print(f"{case.dial:<12} {case.method:<10} {case.transport:<4} {case.variant:<14} {flow.shows}")
    print(*left_out, sep="\n", end="\n" if left_out else "")
    return Exit.PASS


def _sweep(arguments: Namespace, selection: Selection, terms: Terms) -> int:
    import asyncio
    import signal
    import time

    from responder import __version__
    from responder.observe.clock import Clock
    from responder.observe.report.result import Report, result_of
    from responder.observe.rules.rule import MUST, SHOULD
    from responder.observe.runs import runs
    from responder.observe.trace import TraceWriter
    from responder.sweep.attempt import attempt
    from responder.sweep.sweeper import JOBS, Sweeper

    cases, _ = selection.cases()
    counted = frozenset({MUST, SHOULD} if arguments.strict else {MUST})
    results: list[Result] = []

    async def play(case: Case) -> tuple[list[Entry], Result]:
        entries = await attempt(case, terms)
        return entries, result_of(next(runs(entries)), counted=counted)

    async def main(take: object) -> bool:
        loop = asyncio.get_running_loop()
        sweeper = Sweeper(cases, play, take, jobs=1 if terms.port else arguments.jobs or JOBS)  # type: ignore[arg-type]
        task = asyncio.ensure_future(sweeper.run())
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, task.cancel)
        try:
            await task
        except asyncio.CancelledError:
            return True
        return False

    with ExitStack() as held:
        writer = None
        if arguments.trace:
            file = held.enter_context(open(arguments.trace, "w", encoding="ascii"))
            writer = TraceWriter(file, clock=Clock(epoch=time.time()), version=__version__)

        def take(played: tuple[list[Entry], Result]) -> None:
            entries, result = played
            results.append(result)
            if writer is not None:
                writer.write(entries)
            if arguments.verbose:
                print(
                    f"{result.case.dial} {result.case.method} {result.case.transport} {result.outcome}", file=sys.stderr
                )

        interrupted = asyncio.run(main(take))
    report = Report(tuple(results), __version__, command=arguments.exec)
    _show(report)
    if interrupted:
        return Exit.INTERRUPTED
    return Exit.PASS if report.passed else Exit.FAIL


def _show(report: Report) -> None:
    for result in report.results:
        print(
            f"{result.case.dial:<12} {result.case.method:<10} {result.case.transport:<4} {result.outcome:<8}"
            f" {result.duration:6.2f}s {' '.join(one.rule.id for one in result.failures)} {' '.join(result.problems)}"
        )
