"""A sweep by hand: a person dials the cases on a phone, in any order, and each is played as it is dialled.

One responder serves all of them. A case begins with the first request that dials it, and is over when its calls are and
nothing has happened for as long as its flow is watched. What belongs to it is told by Call-ID: the calls that begin
while it is the one at hand.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property, partial
from typing import Final

from responder.events import CallEnded, Event, Malformed, MessageReceived, MessageSent
from responder.observe.clock import Clock
from responder.observe.records import Case, CaseRecord, EndRecord, Entry, record_of
from responder.observe.summary import call_id_of
from responder.scenario.plan import Plan
from responder.sweep.attempt import Terms, listeners, plan_of, reachable, values_of
from responder.sweep.flow import Flow
from responder.sweep.flows import INSIDE
from responder.sweep.stage import MOST_EVENTS, Stage
from responder.sweep.sweeping import Judging, Played
from responder.sweep.switchboard import Begun, Switchboard

PORT: Final = 5060
"""The port where nobody says another one (RFC 3261 section 19.1.2)."""
_GRACE: Final = 1.0
_DIALLABLE: Final = ("INVITE", "MESSAGE", "REFER")
"""Methods whose request goes to whom a person chose; others go where the phone is configured to send them."""


def dialled_as(case: Case) -> Case:
    """The case with a user of its own: `486`, `486-compact`, `486-bye-compact`."""
    parts = [case.dial, case.method.lower() if case.method in INSIDE else "", case.variant]
    return replace(case, dial="-".join(part for part in parts if part not in ("", "plain")))


@dataclass(eq=False)
class Turn:
    """A case that waits for its call, or has it."""

    case: Case
    events: list[Event] = field(default_factory=list)
    calls: set[str] = field(default_factory=set)
    """Call-IDs."""
    live: set[int] = field(default_factory=set)
    """Calls under way, by the engine's number."""
    over: bool = False
    """Whether a call that began as it should is over."""

    @cached_property
    def prepared(self) -> tuple[Plan, Flow]:
        """What it is answered with; made when it is needed first."""
        return plan_of(self.case)

    @property
    def begins(self) -> str:
        """The method of the request that begins it."""
        return "INVITE" if self.case.method in INSIDE else self.case.method

    @property
    def by_user(self) -> bool:
        """Whether it is told by what is dialled; otherwise it is the one at hand when such a request comes."""
        return self.begins in _DIALLABLE

    def add(self, event: Event) -> None:
        """Note what belongs to it."""
        if len(self.events) < MOST_EVENTS:
            self.events.append(event)
        if isinstance(event, MessageReceived) and event.call and not event.retransmission:
            self.live.add(event.call)
        elif isinstance(event, CallEnded):
            self.live.discard(event.call)
            self.over = self.over or event.method == self.begins

    def rest(self, now: float) -> float | None:
        """Seconds until it is over, if nothing happens; None while something has to happen first."""
        if not self.over or self.live:
            return None
        return max(0.0, self.events[-1].time + self.prepared[1].watch - now)

    def entries(self, clock: Clock, now: float) -> list[Entry]:
        """Its records, times from its beginning on."""
        own = replace(clock, start=self.events[0].time)
        start = round(own.wall(own.start), 6)
        records = [record_of(event, own) for event in self.events]
        return [CaseRecord(0.0, start, self.case, ""), *records, EndRecord(own.elapsed(now), own.wall(now))]


class Manual:
    """The cases of a sweep by hand, and whose turn it is."""

    def __init__(
        self,
        cases: Sequence[Case],
        terms: Terms,
        judging: Judging,
        *,
        take: Callable[[Played], None],
        show: Callable[[Case, str, Flow], None],
    ) -> None:
        """`take` gets what came of a case when it is over, `show` the case to dial next, its URI and its flow."""
        self._terms = terms
        self._judging = judging
        self._take = take
        self._show = show
        self._waiting = [Turn(dialled_as(case)) for case in cases]
        self._active: list[Turn] = []
        """Those that have been dialled; the last is the one at hand."""
        self._several = len({case.transport for case in cases}) > 1
        self._woken = asyncio.Event()
        self._shown: Turn | None = None
        self._enough = False
        self.skipped: list[Case] = []
        """Cases that are left out because somebody said so."""

    @property
    def left(self) -> int:
        """How many cases have not been dialled."""
        return len(self._waiting)

    def stop(self) -> None:
        """End it here."""
        self._enough = True
        self._woken.set()

    def skip(self) -> None:
        """Leave out the case that is shown."""
        if self._shown in self._waiting:
            self._waiting.remove(self._shown)
            self.skipped.append(self._shown.case)
        self._woken.set()

    async def run(self, *, patience: float | None = None) -> None:
        """Play until every case was dialled or skipped, or nobody has called for `patience` seconds.

        When it is cancelled, what is under way is judged as far as it came. `TransportError` where the address cannot
        be had.
        """
        terms = self._terms
        setup, listen = terms.setup(Case("", "", "", "")), listeners(terms.host, terms.port)
        playbook = partial(Switchboard, answer=self._answer)
        async with Stage(Plan(), setup, listen, playbook=playbook, grace=_GRACE) as stage:
            try:
                await self._serve(stage, patience)
            finally:
                self._distribute(stage)
                for turn in tuple(self._active):
                    self._finish(turn, stage)

    async def _serve(self, stage: Stage, patience: float | None) -> None:
        loop = asyncio.get_running_loop()
        since = loop.time()
        while (self._waiting or self._active) and not self._enough:
            self._show_next(stage)
            now = loop.time()
            rests = [rest for turn in self._active if (rest := turn.rest(now)) is not None]
            if patience is not None and not self._active:
                rests.append(since + patience - now)
            await self._change(stage, min(rests, default=None))
            self._distribute(stage)
            now = loop.time()
            for turn in tuple(self._active):
                if turn.rest(now) == 0.0:
                    self._finish(turn, stage)
                    since = now
            if patience is not None and not self._active and now >= since + patience:
                return

    async def _change(self, stage: Stage, seconds: float | None) -> None:
        """Wait until something happens, somebody says something, or so many seconds have passed."""
        happens = asyncio.ensure_future(stage.change())
        woken = asyncio.ensure_future(self._woken.wait())
        try:
            await asyncio.wait((happens, woken), timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
        finally:
            happens.cancel()
            woken.cancel()
            self._woken.clear()

    def _show_next(self, stage: Stage) -> None:
        turn = next(iter(self._waiting), None)
        if turn is None or turn is self._shown or self._active:
            return
        self._shown = turn
        uri = values_of(turn.case, reachable(self._terms.host), stage.port)["uri"]
        self._show(turn.case, uri, turn.prepared[1])

    def _answer(self, begun: Begun) -> Plan | None:
        turn = self._turn_of(begun)
        if turn is not None:
            self._waiting.remove(turn)
            if not self._several:
                turn.case = replace(turn.case, transport=begun.transport)
            self._active.append(turn)
        if self._active:
            self._active[-1].calls.add(begun.call_id)
        if turn is not None:
            return turn.prepared[0]
        return None if self._active else Plan()

    def _turn_of(self, begun: Begun) -> Turn | None:
        """The case that such a request begins."""
        for turn in self._waiting:
            if turn.begins != begun.method or (self._several and turn.case.transport != begun.transport):
                continue
            if turn.by_user and turn.case.dial == begun.user:
                return turn
            if not turn.by_user and not self._active and turn is self._shown:
                return turn
        return None

    def _distribute(self, stage: Stage) -> None:
        """Give what happened to the cases that it belongs to; what belongs to none is forgotten."""
        for event in stage.taken():
            call_id = _call_id(event)
            turn = next((turn for turn in self._active if call_id in turn.calls), None)
            if turn is None and self._active:
                turn = self._active[-1]
            if turn is not None:
                turn.add(event)

    def _finish(self, turn: Turn, stage: Stage) -> None:
        self._active.remove(turn)
        if turn.events:
            now = asyncio.get_running_loop().time()
            self._take(self._judging.played(turn.entries(stage.clock, now)))


def _call_id(event: Event) -> str:
    if isinstance(event, CallEnded):
        return event.call_id
    return call_id_of(event.data) if isinstance(event, MessageReceived | MessageSent | Malformed) else ""
