"""Runs to report on: a sweep and calls that were served, by clients on the virtual clock."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from bench import BUSY, Bench, Caller

from responder.observe.clock import Clock
from responder.observe.records import Case, CaseRecord, ClientRecord, EndRecord, Entry, record_of
from responder.observe.report.result import Acquittal, Report, report_of
from responder.observe.rules.rule import MUST, Level
from responder.uas.script import Reply

WALL = 1_700_000_000.0
RIGHT = ("Allow: INVITE, ACK, BYE, CANCEL, OPTIONS", "Supported: replaces")
"""What an INVITE SHOULD have."""


@dataclass(frozen=True)
class Played:
    """A case and what the client does in it."""

    case: Case
    acknowledges: bool = True
    fields: tuple[str, ...] = RIGHT
    calls: bool = True
    starts: bool = True
    output: str = ""
    command: str = ""
    seconds: float = 10.0
    exit_status: int = 0


def code(status: int | str, **more: Any) -> Case:
    """The case of a code to an INVITE by UDP."""
    return Case(**{"code": str(status), "dial": str(status), "method": "INVITE", "transport": "UDP", **more})


def entries(*played: Played) -> list[Entry]:
    """The trace of a sweep through these cases, one after the other."""
    found: list[Entry] = []
    wall = WALL
    for number, one in enumerate(played, 1):
        found.append(CaseRecord(0.0, wall, one.case, one.command))
        now = 0.0
        if one.calls and one.starts:
            uri = f"sip:{one.case.dial}@127.0.0.1"
            bench, caller = Bench(Reply(int(one.case.code or 486))), Caller(number, uri=uri, to=f"<{uri}>")
            final = bench.receive(caller.invite(*one.fields))[-1]
            if one.acknowledges:
                bench.receive(caller.ack_refusal(final, uri=caller.uri))
            bench.run(one.seconds)
            now, clock = bench.now, Clock(epoch=wall)
            found += [record_of(event, clock) for event in bench.events]
        how = "exited" if one.starts else "not-started"
        found.append(ClientRecord(now, wall + now, how, one.exit_status if one.starts else None, one.output))
        found.append(EndRecord(now, wall + now))
        wall += now
    return found


def swept(*played: Played, counted: frozenset[Level] = frozenset({MUST}), known: Acquittal | None = None) -> Report:
    """The report on it."""
    return report_of(entries(*played), version="1.2.3", counted=counted, known=known)


SWEEP = (
    Played(code(486), command="phone sip:486@127.0.0.1"),
    Played(code(503), acknowledges=False, command="phone sip:503@127.0.0.1", output="busy\n"),
    Played(code(600, variant="folded"), acknowledges=False, fields=(), command="phone sip:600@127.0.0.1"),
    Played(code(404), calls=False, command="phone sip:404@127.0.0.1", output="phone: no codec\n", exit_status=3),
    Played(code(405), starts=False, command="phone sip:405@127.0.0.1", output="phone: no such file"),
)
"""A bit of everything."""


def served(calls: int = 3, acknowledged: Iterable[int] = (1, 3), fields: tuple[str, ...] = RIGHT) -> list[Entry]:
    """The trace of calls that got 486 without a sweep, not all of them acknowledged."""
    bench = Bench(BUSY)
    for number in range(1, calls + 1):
        caller = Caller(number)
        final = bench.receive(caller.invite(*fields))[-1]
        if number in acknowledged:
            bench.receive(caller.ack_refusal(final))
    bench.run(40)
    clock = Clock(epoch=WALL)
    return [*(record_of(event, clock) for event in bench.events), EndRecord(bench.now, WALL + bench.now)]
