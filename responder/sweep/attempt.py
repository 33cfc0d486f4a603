"""One case played with a client: what happened, as a trace has it."""

from __future__ import annotations

import asyncio
import shlex
import signal
import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Final, TypeAlias
from urllib.parse import quote

from responder.control.assembly import Setup
from responder.control.rulebook import Rulebook
from responder.events import CallEnded
from responder.net.address import ListenAddress, is_wildcard, local_host_towards
from responder.observe.records import (
    Case,
    CaseRecord,
    ClientRecord,
    EndRecord,
    Entry,
    MessageRecord,
    NoteRecord,
    record_of,
)
from responder.observe.report.result import VERDICT
from responder.scenario.plan import Plan
from responder.sweep.client import Client
from responder.sweep.command import Command, environment
from responder.sweep.flow import Flow
from responder.sweep.flows import INSIDE, flow_for
from responder.sweep.stage import MOST_EVENTS, Stage

TIMEOUT: Final = 30.0
"""Seconds that a client has where nobody says how many, and its flow takes no longer."""
DRAIN: Final = 0.1
"""Seconds without a message after which nothing is under way any more from a client that has exited."""
_MOST_DRAINING: Final = 1.0
_SHOWN_OUTPUT: Final = 4096
"""Characters of a client's output that a trace keeps: the last ones."""
_NOT_RUN: Final = (126, 127)
"""What a shell exits with where it cannot run a command (POSIX, XCU 2.8.2)."""
_FAR_AWAY: Final = ("192.0.2.1", "2001:db8::1")
"""Addresses of nobody (RFC 5737, RFC 3849): asking for the way there sends nothing."""
# RFC 3261 section 25.1: unreserved and user-unreserved; `:` and `%` for who dials a header or has escaped already
_USER: Final = "-_.!~*'()&=+$,;?/:%"

_CRASHES: Final = (
    signal.SIGABRT,
    signal.SIGBUS,
    signal.SIGFPE,
    signal.SIGILL,
    signal.SIGSEGV,
    signal.SIGSYS,
    signal.SIGTRAP,
)

Objections: TypeAlias = Callable[[Case, int | None, str], list[str]]
"""What there is to say against the exit status and the output of a client."""


@dataclass(frozen=True, kw_only=True)
class Terms:
    """What is the same for all cases."""

    host: str = "127.0.0.1"
    """Where to listen, an IP address."""
    port: int = 0
    """0: any free one."""
    timeout: float | None = None
    """Seconds that a client has; None: `TIMEOUT`, or as long as the flow takes."""
    seed: int | None = None
    t1: float | None = None
    """Timer T1 of RFC 3261 in seconds; None: 500 ms."""
    objections: Objections = lambda case, status, output: []

    def setup(self, case: Case) -> Setup:
        """How the responder of a case is made: draws depend on the seed and the case, not on the other cases."""
        seed = None if self.seed is None else zlib.crc32(f"{self.seed} {case}".encode())
        return Setup(seed=seed, timers={} if self.t1 is None else {"t1": self.t1})


def plan_of(case: Case) -> tuple[Plan, Flow]:
    """What a case is answered with, ready to be served. `ScenarioError` where its scenario is wrong."""
    if case.scenario:
        flow = Flow({}, f"what {case.scenario} is about")
        return Rulebook([case.scenario]).plan, flow
    if not case.code:
        return Plan(), Flow({}, "what was dialled")
    flow = flow_for(case)
    return Rulebook([flow.scenario]).plan, flow


def listeners(host: str, port: int) -> list[ListenAddress]:
    """UDP and TCP: a large request comes by TCP whatever the client was told (RFC 3261 section 18.1.1)."""
    return [ListenAddress(transport, host, port) for transport in ("udp", "tcp")]


def reachable(host: str) -> str:
    """Where a client finds what listens there: on every address, the one where the way out of this machine begins."""
    if not is_wildcard(host):
        return host
    return local_host_towards(_FAR_AWAY[":" in host]) or ("::1" if ":" in host else "127.0.0.1")


def values_of(case: Case, host: str, port: int) -> dict[str, str]:
    """What the placeholders of a command stand for."""
    transport = case.transport.lower()
    there = f"[{host}]" if ":" in host else host
    user = quote(case.dial, safe=_USER)
    return {
        "uri": f"sip:{user}@{there}:{port}" + ("" if transport == "udp" else f";transport={transport}"),
        "user": user,
        "host": there,
        "port": str(port),
        "transport": transport,
        "code": case.code,
        "method": case.method,
    }


async def attempt(case: Case, prepared: tuple[Plan, Flow], command: Command, terms: Terms) -> list[Entry]:
    """Play a case (`prepared` as by `plan_of`), and give its records, marks included. `TransportError` where its
    address cannot be had."""
    plan, flow = prepared
    async with Stage(plan, terms.setup(case), listeners(terms.host, terms.port)) as stage:
        values = values_of(case, reachable(terms.host), stage.port)
        words = command.argv(values)
        left = await _Visit(case, flow, command, terms, stage).left(words, environment(values))
        run = words[-1] if command.shell else shlex.join(words)
        return _entries(stage, CaseRecord(0.0, 0.0, case, run, command.text), left)


@dataclass(frozen=True)
class _Left:
    """How a client left."""

    how: str
    time: float
    """By the loop's clock: when it exited, or was told to."""
    status: int | None
    output: str
    objections: list[str]


@dataclass(frozen=True)
class _Visit:
    """A client on a stage."""

    case: Case
    flow: Flow
    command: Command
    terms: Terms
    stage: Stage

    async def left(self, words: list[str], variables: Mapping[str, str]) -> _Left:
        """Start the client and wait until it has left or is sent away."""
        loop, stage = asyncio.get_running_loop(), self.stage
        try:
            client = await Client.start(words, variables)
        except (OSError, ValueError) as error:
            why = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
            return _Left("not-started", loop.time(), None, f"{words[0]}: {why.lower()}", [])
        exit_ = asyncio.ensure_future(client.exit())
        rest = asyncio.ensure_future(self._rest())
        try:
            timeout = self.terms.timeout or max(TIMEOUT, self.flow.lasts + self.flow.watch)
            await asyncio.wait((exit_, rest), timeout=timeout, return_when=asyncio.FIRST_COMPLETED)
            exited = exit_.done()
            time = loop.time()
            if exited:
                await self._drained()
        finally:
            exit_.cancel()
            rest.cancel()
            status = await client.end()
        output = client.output
        if self.command.shell and status in _NOT_RUN and not stage.events:
            return _Left("not-started", time, status, output, [])
        objections = self.terms.objections(self.case, status if exited else None, output)
        crash = _crash(status) if exited else ""
        if crash:
            objections.append(f"the client crashed: {crash}")
        if stage.flooded:
            objections.append(f"it went on and on: ended after {MOST_EVENTS} messages and notes")
        return _Left("exited" if exited else "ended", time, status, output[-_SHOWN_OUTPUT:], objections)

    async def _rest(self) -> None:
        """Wait until the flow is over and nothing has happened for a while, or far too much has."""
        loop, stage = asyncio.get_running_loop(), self.stage
        begins = "INVITE" if self.case.method in INSIDE else self.case.method
        while not stage.flooded:
            left = None
            if stage.over(begins):
                left = stage.last + self.flow.watch - loop.time()
                if left <= 0:
                    return
            await stage.change(left)

    async def _drained(self) -> None:
        """Wait for what is under way still from a client that has exited."""
        loop = asyncio.get_running_loop()
        end = loop.time() + _MOST_DRAINING
        while loop.time() < end:
            before = len(self.stage.events)
            await asyncio.sleep(DRAIN)
            if len(self.stage.events) == before:
                return


def _crash(status: int) -> str:
    """The signal of a client that broke down, by its name; empty where it exited otherwise."""
    number = -status if status < 0 else status - 128  # a shell, or a script around the client, says it so
    return signal.Signals(number).name if number in _CRASHES else ""


def _entries(stage: Stage, case: CaseRecord, left: _Left) -> list[Entry]:
    clock, end = stage.clock, asyncio.get_running_loop().time()
    stage.abandon()
    records = [record_of(event, clock) for event in stage.events if event.time <= end or isinstance(event, CallEnded)]
    gone = clock.elapsed(left.time)
    if left.how == "exited":  # what it sent last may have been under way
        gone = max([gone, *(one.time for one in records if isinstance(one, MessageRecord) and one.received)])
    wall = clock.wall(clock.start)
    client = ClientRecord(gone, round(wall + gone, 6), left.how, left.status, left.output)
    before = [one for one in records if one.time <= gone]
    after = records[len(before) :]
    now = max([clock.elapsed(end), *(one.time for one in after)])
    marks = [NoteRecord(now, round(wall + now, 6), 0, VERDICT, text) for text in left.objections]
    return [
        replace(case, wall=round(wall, 6)),
        *before,
        client,
        *after,
        *marks,
        EndRecord(now, round(wall + now, 6)),
    ]
