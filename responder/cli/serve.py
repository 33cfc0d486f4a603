"""`responder serve`: answer SIP requests as scenarios say, until told to stop."""

from __future__ import annotations

import sys
from argparse import ArgumentParser, Namespace
from collections.abc import Sequence
from contextlib import ExitStack
from typing import TYPE_CHECKING

from responder.cli import arguments as values
from responder.cli.exit_codes import Exit
from responder.cli.reporting import add_baseline_option, add_report_options, baseline_of, is_asked_for

if TYPE_CHECKING:
    import ssl

    from responder.cli.service import Service, Stop
    from responder.control.assembly import Setup
    from responder.net.address import ListenAddress
    from responder.scenario.plan import Plan
    from responder.sweep.baseline import Baseline

_EXAMPLES = """\
examples:
  responder serve                                  dial a code: sip:486@127.0.0.1, sip:180.2s.200@127.0.0.1, ...
  responder serve busy.yaml -v                     one scenario; every message as it comes and goes
  responder serve flows/ --host 0.0.0.0 --advertise 192.0.2.7
  responder serve --listen udp:127.0.0.1:5070 --listen tcp:[::1]:5070
  responder serve --listen tls:0.0.0.0:5061 --tls-cert server.pem
  responder serve --listen ws:127.0.0.1:5066       for SIP in a browser: ws://127.0.0.1:5066
  responder serve --port 0 --calls 1 --timeout 30 --json busy.yaml        in a test: see below
  responder serve --port 0 --calls 1 --judge --junit report.xml busy.yaml a test case for each call
  responder serve --trace run.jsonl --pcap run.pcapng                     then: responder ladder run.jsonl

in a test: --json prints one object a line. The first ones are
  {"event": "listening", "transport": "UDP", "host": "127.0.0.1", "port": 34567}
one for each listener, as soon as all are bound; then one for each call ("event": "call"), note and malformed message,
with -v for each message, and at the end {"event": "stopped", "reason": ..., "calls": N, "failed": M}.

verdict: a call passed if its outcome is `completed` or `cancelled`. With --calls N the exit code is 0 if N calls came
and all passed, else 1; with --timeout alone it is 1 if any call failed. Without either, a stop is no failure: 0 after
SIGTERM, 130 after Ctrl-C. --judge makes a 0 a 1 where the client broke a MUST (with --strict also a SHOULD). In reports
such a call has failed in any case. 2: the command line or a scenario is wrong; 3: an address cannot be listened on.
"""


def configure(parser: ArgumentParser) -> None:
    """Add its arguments."""
    parser.epilog = _EXAMPLES
    parser.add_argument(
        "files", metavar="FILE", nargs="*", help="scenario files, folders, or names of shipped scenarios"
    )
    where = parser.add_argument_group("where")
    where.add_argument(
        "--listen",
        metavar="ADDRESS",
        action="append",
        default=[],
        help="TRANSPORT:HOST:PORT with udp, tcp, tls, ws or wss; repeat it for several"
        " (default: udp and tcp on 127.0.0.1:5060)",
    )
    where.add_argument("--port", metavar="N", type=values.port, help="UDP and TCP on this port; 0: any free one")
    where.add_argument("--host", metavar="HOST", help="the host for --port (default: 127.0.0.1)")
    where.add_argument("--advertise", metavar="HOST[:PORT]", help="put this into Contact, not the address listened on")
    where.add_argument(
        "--media-address", metavar="IP[:PORT]", type=values.media_address, help="put this into session descriptions"
    )
    where.add_argument("--tls-cert", metavar="FILE", help="certificate (chain) for tls and wss, PEM")
    where.add_argument("--tls-key", metavar="FILE", help="its key (default: in the same file)")
    how = parser.add_argument_group("how")
    how.add_argument("--no-dial", action="store_true", help="the dialled user is no code or script")
    how.add_argument(
        "--seed", metavar="N", type=int, help="draw tags, branches, waits and choices from this: repeatable"
    )
    for timer, default in (("t1", "500ms"), ("t2", "4s"), ("t4", "5s")):
        how.add_argument(
            f"--{timer}",
            metavar="TIME",
            type=values.seconds,
            help=f"timer {timer.upper()} of RFC 3261 (default: {default})",
        )
    how.add_argument("--realm", metavar="TEXT", help="realm of challenges (default: responder)")
    until = parser.add_argument_group("until when")
    until.add_argument("--calls", metavar="N", type=values.count, help="stop when N calls have ended")
    until.add_argument("--timeout", metavar="TIME", type=values.seconds, help="stop after this time (30, 500ms, 5m)")
    seen = parser.add_argument_group("what is seen of it")
    seen.add_argument("-v", "--verbose", action="count", default=0, help="a line a message; -vv: whole messages")
    seen.add_argument("--quiet", action="store_true", help="print nothing but problems")
    seen.add_argument(
        "--json", action="store_true", help="print lines of JSON (with --quiet: first and last ones only)"
    )
    seen.add_argument("--trace", metavar="FILE", help="write everything into this file, for `responder ladder`")
    seen.add_argument("--pcap", metavar="FILE", help="write the messages as packets, for Wireshark")
    reports = add_report_options(parser, json="--report-json")
    add_baseline_option(reports)
    reports.add_argument("--judge", action="store_true", help="print a report; a rule that was broken fails the run")


def run(arguments: Namespace) -> int:
    """Serve; the exit code says how it went."""
    from responder.control.assembly import check_advertised
    from responder.errors import ParseError, TransportError
    from responder.net.tls import server_context
    from responder.scenario.compiler import load
    from responder.scenario.problems import ScenarioError

    try:
        listen = _listen(arguments)
        if arguments.advertise is not None:
            check_advertised(arguments.advertise, "--advertise")
        tls = server_context(arguments.tls_cert, arguments.tls_key) if arguments.tls_cert else None
        plan = load(arguments.files)
        known = baseline_of(arguments)
    except (ParseError, TransportError) as error:
        print(f"responder serve: {error}", file=sys.stderr)
        return Exit.USAGE
    except ScenarioError as error:
        print(error, file=sys.stderr)
        return Exit.USAGE
    try:
        return _serve(arguments, listen, plan, tls, known)
    except TransportError as error:
        print(f"responder serve: {error}", file=sys.stderr)
        return Exit.BIND


def _listen(arguments: Namespace) -> list[ListenAddress]:
    from responder.errors import TransportError
    from responder.net.address import ENCRYPTED, ListenAddress

    if not arguments.listen:
        host = (arguments.host or "127.0.0.1").removeprefix("[").removesuffix("]")
        port = 5060 if arguments.port is None else arguments.port
        return [ListenAddress(transport, host, port) for transport in ("udp", "tcp")]
    if arguments.port is not None or arguments.host is not None:
        raise TransportError("--listen says host and port: leave out --host and --port")
    listen = [ListenAddress.parse(text) for text in arguments.listen]
    encrypted = next((address.transport for address in listen if address.transport in ENCRYPTED), None)
    if encrypted and not arguments.tls_cert:
        raise TransportError(f"listening on {encrypted} needs --tls-cert")
    return listen


def _setup(arguments: Namespace) -> Setup:
    from responder.control.assembly import Setup

    return Setup(
        dial=not arguments.no_dial,
        seed=arguments.seed,
        timers={name: getattr(arguments, name) for name in ("t1", "t2", "t4") if getattr(arguments, name) is not None},
        realm=arguments.realm,
        advertise=arguments.advertise,
        media_address=arguments.media_address,
    )


def _serve(
    arguments: Namespace,
    listen: Sequence[ListenAddress],
    plan: Plan,
    tls: ssl.SSLContext | None,
    known: Baseline | None,
) -> int:
    import asyncio

    from responder.cli.outputs import level_for, open_outputs, write_out
    from responder.cli.service import Service, Stop
    from responder.cli.terminal import terminal_of
    from responder.control.assembly import assembled
    from responder.net.gc_policy import settle

    hosts = (address.host for address in listen)
    with assembled(plan, _setup(arguments), hosts, level=level_for(arguments)) as run, ExitStack() as held:
        report = None
        if is_asked_for(arguments):
            from responder.cli.serve_report import ServeReport

            report = ServeReport(arguments, held, clock=run.clock, known=known)
        observers = open_outputs(arguments, clock=run.clock, terminal=terminal_of(sys.stdout), files=held)
        observers += [report] if report is not None else []
        service = Service(
            run.engine, listen, observers=observers, tls=tls, calls=arguments.calls, timeout=arguments.timeout
        )
        settle()
        reason = asyncio.run(service.run(lambda addresses: write_out(_first_words(arguments, plan, addresses))))
        if reason is not Stop.PIPE:
            write_out(_last_words(arguments, service, reason))
        code = _exit_code(arguments, service, reason)
        return code if report is None else report.write(code, to_stdout=reason is not Stop.PIPE)


def _first_words(arguments: Namespace, plan: Plan, addresses: Sequence[ListenAddress]) -> str:
    from responder.cli.banner import banner, listening_json
    from responder.observe.json_lines import encode

    if arguments.json:
        return "".join(encode(line) + "\n" for line in listening_json(addresses))
    if arguments.quiet:
        return ""
    return banner(addresses, flows=[rule.name for rule in plan.rules], dial=not arguments.no_dial)


def _last_words(arguments: Namespace, service: Service, reason: Stop) -> str:
    from responder.cli.banner import farewell, stopped_json
    from responder.observe.json_lines import encode

    if arguments.json:
        return encode(stopped_json(service, reason)) + "\n"
    return "" if arguments.quiet else farewell(service, reason, wanted=arguments.calls)


def _exit_code(arguments: Namespace, service: Service, reason: Stop) -> Exit:
    from responder.cli.service import Stop

    if reason is Stop.PIPE:
        return Exit.PIPE
    if reason is Stop.INTERRUPTED:
        print("responder: interrupted", file=sys.stderr)
        return Exit.INTERRUPTED
    if service.damaged:
        return Exit.FAIL
    if arguments.calls is not None:
        return Exit.PASS if reason is Stop.CALLS and not service.failed else Exit.FAIL
    return Exit.FAIL if reason is Stop.TIMEOUT and service.failed else Exit.PASS
