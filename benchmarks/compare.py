#!/usr/bin/env python3
"""CPU and memory of responder next to SIPp's own UAS: same calls, same run, same machine. Needs `sipp` and Linux.

  compare.py cpu       CPU of the server per call: every flow, transport and form of request
  compare.py memory    bytes per held call, 10,000 of them at once
  compare.py long      a run past 32 s, when the timers of the first calls fall due: CPU per call and memory over time
  compare.py journal   what it costs to be watched: with the journal in memory, and with --trace, next to neither
  compare.py bounded   a million messages with the journal in memory: its size over time

The servers take turns, so that a busy machine is busy for all of them; figures are medians over the rounds, the ratio
is the median of the ratios of each round. Everything stays on 127.0.0.1, on free ports, and ends in bounded time.
"""

from __future__ import annotations

import argparse
import shutil
import statistics
import sys
import tempfile
from pathlib import Path

import caller
from load import Result, call
from processes import BenchmarkError, Server

HERE = Path(__file__).resolve().parent
WARM_UP = 500
MESSAGES_OF_A_CALL = 7
BOUNDED_STEP = 8.0
SERVE = f"{sys.executable} -m responder serve --quiet --host 127.0.0.1 --port PORT"
JOURNALED = f"{sys.executable} {HERE / 'journaled.py'} PORT"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=list(MODES))
    parser.add_argument("--flows", default=",".join(caller.FLOWS), help="of: %(default)s")
    parser.add_argument("--forms", default=",".join(caller.FORMS), help="of: %(default)s")
    parser.add_argument("--transports", default="udp,tcp", help="of: %(default)s")
    parser.add_argument("--rounds", type=int, default=3, help="runs of each server (default: %(default)s)")
    parser.add_argument("--calls", type=int, default=10_000, help="calls a run (default: %(default)s)")
    parser.add_argument("--rate", type=int, default=4000, help="calls a second (default: %(default)s)")
    parser.add_argument("--seconds", type=int, default=45, help="length of a long run (default: %(default)s)")
    parser.add_argument("--responder", metavar="COMMAND", help="how responder is started, with PORT in it")
    arguments = parser.parse_args()
    try:
        if shutil.which("sipp") is None:
            raise BenchmarkError("sipp is not installed (Debian: apt-get install sip-tester)")
        for name, known in (("flows", caller.FLOWS), ("forms", caller.FORMS), ("transports", ("udp", "tcp"))):
            for word in getattr(arguments, name).split(","):
                if word not in known:
                    raise BenchmarkError(f"--{name}: {word!r} is none of {', '.join(known)}")
        MODES[arguments.what](arguments)
    except BenchmarkError as error:
        print(f"compare.py: {error}", file=sys.stderr)
        return 1
    return 0


def servers(arguments: argparse.Namespace, flow: str, transport: str) -> dict[str, str]:
    """The commands by name; sipp, the one that the others are compared with, comes first."""
    mode = "t1" if transport == "tcp" else "u1"
    responder = arguments.responder or SERVE
    scenario = scenario_of(flow)
    return {
        "sipp": f"sipp -sf {HERE / 'uas' / flow}.xml -i 127.0.0.1 -p PORT -t {mode} -nostdin -buff_size 4000000",
        "responder": responder + scenario,
    }


def scenario_of(flow: str) -> str:
    """The argument that says what to do with the calls of a flow."""
    return f" {HERE / 'busy.yaml'}" if flow == "busy" else ""


def measured(server: Server, xml: str, arguments: argparse.Namespace, transport: str) -> tuple[float, Result]:
    """Microseconds of CPU per call, and what sipp counted."""
    call(server.port, xml, transport=transport, calls=WARM_UP, rate=arguments.rate, at_once=100, seconds=20)
    before = server.cpu()
    seconds = arguments.calls / arguments.rate + 40
    result = call(
        server.port, xml, transport=transport, calls=arguments.calls, rate=arguments.rate, at_once=500, seconds=seconds
    )
    return (server.cpu() - before) * 1e6 / max(result.calls, 1), result


def cpu(arguments: argparse.Namespace) -> None:
    print(f"{'flow':8} {'transport':9} {'requests':8} {'sipp us':>8} {'responder us':>12} {'ratio':>6}  failed, resent")
    for flow in arguments.flows.split(","):
        for transport in arguments.transports.split(","):
            for form in arguments.forms.split(","):
                costs: dict[str, list[float]] = {}
                failed = resent = 0
                for _ in range(arguments.rounds):
                    for name, command in servers(arguments, flow, transport).items():
                        with Server(name, command, transport) as server:
                            cost, result = measured(server, caller.scenario(flow, form), arguments, transport)
                        costs.setdefault(name, []).append(cost)
                        if name == "responder":
                            failed += result.failed
                            resent += result.resent
                ratio = statistics.median(b / a for a, b in zip(costs["sipp"], costs["responder"], strict=True))
                ours, theirs = (statistics.median(costs[name]) for name in ("responder", "sipp"))
                print(
                    f"{flow:8} {transport:9} {form:8} {theirs:8.1f} {ours:12.1f} {ratio:6.2f}  {failed}, {resent}",
                    flush=True,
                )


def memory(arguments: argparse.Namespace) -> None:
    held, rate = 10_000, 1000
    xml = caller.scenario("invite", "sipp", hold=held // rate * 1000 + 3000)
    print(f"{held} calls held at once over UDP")
    for name, command in servers(arguments, "invite", "udp").items():
        with Server(name, command, "udp") as server:
            plain = caller.scenario("invite", "sipp")
            call(server.port, plain, transport="udp", calls=WARM_UP, rate=1000, at_once=100, seconds=20)
            before = server.memory()
            most = before

            def watch(passed: float, server: Server = server) -> None:
                nonlocal most
                most = max(most, server.memory())

            result = call(
                server.port, xml, transport="udp", calls=held, rate=rate, at_once=held, seconds=60, watch=watch
            )
            each = (most - before) / held
            mib = 1024 * 1024
            print(
                f"{name:10} {before / mib:6.1f} MiB before, {most / mib:6.1f} MiB at most, "
                f"{each:7.0f} bytes a call, failed {result.failed}"
            )


def long(arguments: argparse.Namespace) -> None:
    step, rate = 5.0, min(arguments.rate, 2000)
    xml = caller.scenario("invite", "sipp")
    for name, command in servers(arguments, "invite", "udp").items():
        print(f"{name}: {rate} calls a second over UDP for {arguments.seconds} s")
        with Server(name, command, "udp") as server:
            marks = [(0.0, server.cpu())]

            def watch(passed: float, server: Server = server, marks: list[tuple[float, float]] = marks) -> None:
                if passed - marks[-1][0] < step:
                    return
                used = server.cpu()
                each = (used - marks[-1][1]) * 1e6 / ((passed - marks[-1][0]) * rate)
                marks.append((passed, used))
                print(f"  {passed:5.1f} s {each:7.1f} us a call {server.memory() / 2**20:7.1f} MiB", flush=True)

            result = call(
                server.port, xml, transport="udp", calls=rate * arguments.seconds, rate=rate, at_once=500,
                seconds=arguments.seconds + 40, watch=watch,
            )  # fmt: skip
        print(f"  {result.calls} calls, {result.failed} failed, {result.resent} requests sent again")


def journal(arguments: argparse.Namespace) -> None:
    print(f"{'flow':8} {'transport':9} {'requests':8} {'quiet us':>8} {'journal us':>10} {'ratio':>6} ", end="")
    print(f"{'trace us':>8} {'ratio':>6}  failed, resent")
    for flow in arguments.flows.split(","):
        for transport in arguments.transports.split(","):
            for form in arguments.forms.split(","):
                costs: dict[str, list[float]] = {"quiet": [], "journal": [], "trace": []}
                failed = resent = 0
                for _ in range(arguments.rounds):
                    for name in costs:
                        with tempfile.TemporaryDirectory() as folder:
                            file = f" --trace {folder}/run.jsonl" if name == "trace" else ""
                            command = (JOURNALED if name == "journal" else SERVE) + scenario_of(flow) + file
                            with Server(name, command, transport) as server:
                                cost, result = measured(server, caller.scenario(flow, form), arguments, transport)
                        costs[name].append(cost)
                        failed += result.failed
                        resent += result.resent
                print(f"{flow:8} {transport:9} {form:8} {statistics.median(costs['quiet']):8.1f} ", end="")
                for name, width in (("journal", 10), ("trace", 8)):
                    ratio = statistics.median(b / a for a, b in zip(costs["quiet"], costs[name], strict=True))
                    print(f"{statistics.median(costs[name]):{width}.1f} {ratio:6.2f} ", end="")
                print(f" {failed}, {resent}", flush=True)


def bounded(arguments: argparse.Namespace) -> None:
    calls, rate = 1_000_000 // MESSAGES_OF_A_CALL + 1, min(arguments.rate, 2000)
    for name, command in (("quiet", SERVE), ("journal", JOURNALED)):
        print(f"{name}: {calls} calls over UDP, {MESSAGES_OF_A_CALL} messages each, {rate} a second")
        with Server(name, command, "udp") as server:
            last = 0.0

            def watch(passed: float, server: Server = server) -> None:
                nonlocal last
                if passed - last >= BOUNDED_STEP:
                    last = passed
                    print(f"  {passed:5.1f} s {server.memory() / 2**20:7.1f} MiB", flush=True)

            result = call(
                server.port, caller.scenario("invite", "sipp"), transport="udp", calls=calls, rate=rate, at_once=500,
                seconds=calls / rate + 60, watch=watch,
            )  # fmt: skip
        print(f"  {result.calls} calls, {result.failed} failed, {result.resent} requests sent again")


MODES = {"cpu": cpu, "memory": memory, "long": long, "journal": journal, "bounded": bounded}

if __name__ == "__main__":
    sys.exit(main())
