"""A flow played through on a virtual clock: the real engine and playbook, a made-up client, and what passed.

Rules
1. The client does what the flow waits for, half a second after it began to; where nothing is left of the flow it hangs
   up, or cancels what still rings.
2. Nothing here takes real time; virtual time and the number of messages are bounded.
"""

from __future__ import annotations

import heapq
import random
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Final

from responder.control.capture import written
from responder.control.credentials import Keyring
from responder.control.peer import Branch, Peer, bytes_of
from responder.control.sample import Sample, SampleError, sample
from responder.control.steps import steps_of
from responder.control.umpire import Umpire
from responder.control.witness import Witness
from responder.engine import MESSAGES, Engine
from responder.errors import ParseError
from responder.events import Event, Flow
from responder.observe.clock import Clock
from responder.observe.journal import Journal
from responder.registry import Capabilities, Registry
from responder.scenario import plan
from responder.scenario.matcher import Match
from responder.scenario.playbook import Playbook
from responder.scenario.runner import Runner
from responder.scenario.thread import Thread
from responder.sip.digest import Challenge
from responder.sip.sdp import Answerer
from responder.transaction.timers import TimerValues
from responder.uas.settings import Settings

if TYPE_CHECKING:
    from responder.scenario.plan import Plan, Rule, User
    from responder.sip.message import Request
    from responder.uas.script import Script

LONGEST: Final = 400.0
"""Virtual seconds that a flow is played for."""
MOST_MESSAGES: Final = 200
"""Messages of ours after which a flow is stopped."""
_PAUSE: Final = 0.5
"""Seconds that the client takes for what a flow waits for."""
_TALK: Final = 1.0
_MOST_ROUNDS: Final = 3
"""How often the client does what one step waits for, before it hangs up."""
_PATIENCE: Final = 3.0
"""Seconds that it lets ring what nobody will answer."""
_AUTOMATIC: Final = frozenset({"ACK", "PRACK"})
_RETRANSMISSIONS: Final = (0.5, 1.5, 3.5, 7.5, 11.5, 15.5, 19.5, 23.5, 27.5, 31.5)
"""When a request over UDP that has no response is sent again (17.1.2.2)."""
EPOCH: Final = 1_767_225_600.0
"""The wall clock at virtual time zero: 2026-01-01, so that Date headers are the same in every run."""


class _Recorded(Playbook):
    """A playbook that remembers the scripts it has picked."""

    def __init__(self, played: Plan, *, ids: random.Random, capabilities: Capabilities) -> None:
        super().__init__(played, ids=ids, capabilities=capabilities, epoch=EPOCH)
        self.chosen: list[Script] = []

    def choose(self, request: Request, flow: Flow, now: float) -> Script:
        """The script, as `Playbook` picks it."""
        script = super().choose(request, flow, now)
        self.chosen.append(script)
        return script


@dataclass(frozen=True, slots=True)
class Played:
    """What passed, and what is known of it."""

    events: tuple[Event, ...]
    witness: Witness
    rule: str
    """The name of the rule that served the first request; empty for built-in behaviour."""
    cut_short: bool
    """Whether the flow was stopped, because it went on for too long."""


class Rehearsal:
    """One flow, one client. `rule`: the only one whose users matter; None: all of them."""

    def __init__(self, played: Plan, first: Request, flow: Flow, *, rule: Rule | None = None) -> None:
        ids = random.Random(1)
        capabilities = Capabilities(**played.registrar)
        settings = Settings(timers=TimerValues(**played.timers), capabilities=capabilities)
        self._playbook = _Recorded(played, ids=ids, capabilities=capabilities)
        self._engine = Engine(
            self._playbook,
            ids=ids,
            settings=settings,
            registry=Registry.standard().extended(played.overrides),
            epoch=EPOCH,
            media=lambda host: Answerer(host, [40000, 40002]),
            observer=MESSAGES,
            builder=self._watch,  # type: ignore[arg-type]  # what makes a builder
        )
        self._playbook.use_nonces(self._engine.nonces)
        self._journal = Journal(Clock(epoch=EPOCH))
        self._playbook.use_umpire(Umpire(self._engine, self._journal).broken)
        self._capabilities = capabilities
        self._peer = Peer(first, flow, Keyring(_users(played, rule)), self._post)
        self._now = 0.0
        self._inbox: deque[tuple[bytes, Flow]] = deque()
        self._plans: list[tuple[float, int, Callable[[], None]]] = []
        self._serial = 0
        self._done: set[tuple[int, int]] = set()
        """Waits that the client has acted on, by thread and its serial number."""
        self._met: dict[plan.Step, int] = {}
        """How often each step has been waited in."""
        self._meant: set[int] = set()
        """Runners whose `meanwhile` the client has tried."""
        self._leaving = False
        self._events: list[Event] = []
        self._sent = 0

    def _watch(self, **settings: object) -> Witness:
        self._witness = Witness(**settings)
        return self._witness

    def attempt(self, number: int) -> None:
        """Let the first request be the caller's so many-th of its method."""
        for _ in range(number - 1):
            self._playbook.attempted(self._peer.first)

    def authenticate(self) -> None:
        """Give the first request right credentials, as if a challenge of ours had gone before."""
        peer = self._peer
        realm, algorithms = self._capabilities.realm, self._capabilities.algorithms
        nonce = self._engine.nonces.issue(0.0)
        peer.keyring.ask(Challenge(realm=realm, nonce=nonce, algorithm=algorithms[0]))
        first = peer.first
        own = [(name, value.strip()) for name, value in first.fields()]
        peer.first = written(
            [*own, *peer.keyring.fields(first.method, first.uri, first.body)], first.start_line, first.body
        )

    def play(self) -> Played:
        """Play it."""
        self._peer.begin()
        while True:
            self._pump()
            self._react()
            deadline = self._engine.next_deadline()
            planned = self._plans[0][0] if self._plans else None
            due = min((time for time in (deadline, planned) if time is not None), default=None)
            if due is None or (not self._plans and not self._engine.busy):
                break
            if due > LONGEST or self._sent >= MOST_MESSAGES:
                break
            self._now = max(due, self._now)
            while self._plans and self._plans[0][0] <= self._now:
                act = heapq.heappop(self._plans)[2]
                with suppress(ParseError):  # a request that is given may be too broken to go on from
                    act()
            self._pump()
            if deadline is not None and deadline <= self._now:
                self._engine.handle_timeout(self._now)
        cut = self._sent >= MOST_MESSAGES
        self._drain()
        served = next((script.name for script in self._playbook.chosen), "")
        return Played(tuple(self._events), self._witness, served, cut)

    # the network

    def _post(self, data: bytes, flow: Flow) -> None:
        self._inbox.append((data, flow))
        if not flow.reliable and not data.startswith((b"SIP/2.0", b"ACK ")):
            self._resend(data, flow, 0)

    def _resend(self, data: bytes, flow: Flow, at: int) -> None:
        """Timers A and E: the request is sent again as long as nothing comes back."""
        peer = self._peer
        key = next((key for key, request in peer.sent.items() if bytes_of(request) == data), None)
        if key is None or at >= len(_RETRANSMISSIONS):
            return

        def again() -> None:
            if key not in peer.answered:
                self._inbox.append((data, flow))
                self._resend(data, flow, at + 1)

        before = _RETRANSMISSIONS[at - 1] if at else 0.0
        self._after(_RETRANSMISSIONS[at] - before, again)

    def _pump(self) -> None:
        """Carry messages to and fro until nobody has anything to say."""
        while True:
            self._drain()
            if not self._inbox or self._sent >= MOST_MESSAGES:
                return
            data, flow = self._inbox.popleft()
            self._engine.receive(data, flow, self._now)

    def _drain(self) -> None:
        out = self._engine.transmits()
        events = self._engine.events()
        self._journal.observe(events)
        self._events += events
        self._sent += len(out)
        for data, flow in out:
            self._peer.hear(data, flow, status=self._status_for(data))

    def _after(self, seconds: float, act: Callable[[], None]) -> None:
        self._serial += 1
        heapq.heappush(self._plans, (self._now + seconds, self._serial, act))

    # what the client does

    def _threads(self) -> Iterator[tuple[Runner, Thread]]:
        for script in self._playbook.chosen:
            if isinstance(script, Runner) and hasattr(script, "call"):
                for thread in tuple(script.threads):
                    yield script, thread

    def _status_for(self, data: bytes) -> int:
        """What a request of ours gets: what the step that sent it expects."""
        method = data.partition(b" ")[0].decode("utf-8", "replace")
        for _, thread in self._threads():
            wants = thread.wants
            if isinstance(wants, plan.Send) and wants.order.method == method:
                if wants.statuses is None or wants.statuses.accept(200):
                    return 200
                codes = sorted(wants.statuses.codes) or [100 * digit for digit in sorted(wants.statuses.classes)]
                if method == "INVITE" and 487 in codes:
                    return -1
                return next((code for code in codes if code >= 200), 200)
        return 200

    def _react(self) -> None:
        """See what the flow waits for, and see to it."""
        waiting = False
        for runner, thread in self._threads():
            waiting = True
            wants = thread.wants
            key = (id(thread), thread.serial)
            if key in self._done or not isinstance(wants, plan.Expect | plan.Challenge):
                continue
            self._done.add(key)
            self._met[wants] = self._met.get(wants, 0) + 1
            if self._met[wants] > _MOST_ROUNDS and self._peer.confirmed:
                self._after(_TALK, self._hang_up)
                continue
            if isinstance(wants, plan.Challenge):
                self._after(_PAUSE, partial(self._retry, thread))
            elif wants.match.methods and wants.match.methods <= _AUTOMATIC:
                continue
            else:
                pause = max(wants.not_before, _PAUSE)
                self._after(pause, partial(self._meet, runner, thread, wants, thread.serial))
        if not waiting and not self._plans:
            self._leave()

    def _retry(self, thread: Thread) -> None:
        """The request that was challenged once more, with credentials (22.2)."""
        request = thread.request
        branch = self._peer.branch_of(request.call_id, request.to_tag) if request.to_tag else None
        if branch is not None:
            self._peer.repeat(request, branch)
        else:
            self._peer.again(last=request)

    def _meet(self, runner: Runner, thread: Thread, step: plan.Expect, serial: int) -> None:
        """Do what the flow expects, unless it does not wait any more."""
        if thread.serial != serial or thread.wants is not step:
            return
        peer = self._peer
        methods = step.match.methods - _AUTOMATIC
        branch = self._branch_for(runner, thread, step)
        if peer.inviting and "CANCEL" in methods and not (branch and branch.confirmed):
            if peer.ringing:
                peer.cancel()
            return
        methods -= {"CANCEL"}
        if step.match.methods and not methods:
            return
        chosen = "BYE" if "BYE" in methods else ""
        try:
            made = _sample_for(step, thread, [chosen] if chosen else sorted(methods) or [peer.first.method])
        except SampleError:
            return
        if chosen:
            made.method = chosen
        if branch is not None:
            peer.within(branch, made.method, made)
        else:
            peer.again(made)

    def _branch_for(self, runner: Runner, thread: Thread, step: plan.Expect) -> Branch | None:
        call_id, tag = runner.call.call_id, thread.tag
        if step.dialog and runner.legs and step.dialog in runner.legs:
            dialog = runner.legs[step.dialog].dialog
            if dialog is not None:
                call_id, tag = dialog.call_id, dialog.local_tag
        return self._peer.branch_of(call_id, tag)

    def _leave(self) -> None:
        """Nothing is left of the flow: try what it does meanwhile, hang up, or cancel what still rings."""
        peer = self._peer
        for script in self._playbook.chosen:
            if isinstance(script, Runner) and id(script) not in self._meant and hasattr(script, "call"):
                self._meant.add(id(script))
                for number, method in enumerate(_tried(script.rule), 1):
                    self._after(number * _PAUSE, partial(self._in_dialog, method))
                if self._plans:
                    return
        if peer.confirmed:
            self._after(_TALK, self._hang_up)
        elif peer.inviting and not self._leaving:
            self._leaving = True
            self._after(_PATIENCE, peer.cancel)

    def _in_dialog(self, method: str) -> None:
        branches = self._peer.confirmed
        if branches:
            self._peer.within(branches[0], method, sample(Match(frozenset({method}))))

    def _hang_up(self) -> None:
        for key, branch in tuple(self._peer.branches.items()):
            if branch.confirmed and branch.of_invite:
                self._peer.within(branch, "BYE")
                self._peer.branches.pop(key, None)


def _sample_for(step: plan.Expect, thread: Thread, methods: list[str]) -> Sample:
    """What a step expects: with what it and the steps after it check, where that can be had."""
    match = step.match
    if step.check is not None:
        match = replace(match, conditions=(*match.conditions, *step.check.match.conditions))
    for wanted in (checked(match, thread.steps[thread.pc :]), match):
        with suppress(SampleError):
            return sample(wanted, methods=methods)
    return sample(step.match, methods=methods)


def checked(match: Match, steps: plan.Block) -> Match:
    """A match with what the first of these steps check of the message at hand."""
    conditions = list(match.conditions)
    for step in steps:
        if isinstance(step, plan.Assert):
            conditions += step.check.match.conditions
        elif isinstance(step, plan.Run):
            conditions = list(checked(replace(match, conditions=tuple(conditions)), step.block).conditions)
        elif not isinstance(step, plan.Wait | plan.Log | plan.Assign | plan.Respond):
            break
    return replace(match, conditions=tuple(conditions))


def _tried(rule: Rule) -> list[str]:
    """The methods of `meanwhile` that the client sends once before it hangs up."""
    return [method for method in rule.meanwhile if method not in ("any", "BYE", "PRACK")]


def _users(played: Plan, rule: Rule | None) -> tuple[User, ...]:
    """Everybody who may authenticate, those of a challenge first."""
    found: dict[str, User] = {}
    for one in [rule] if rule is not None else played.rules:
        for step in steps_of(one):
            if isinstance(step, plan.Challenge):
                found = {**dict(step.users), **found}
        found = {**found, **dict(one.users)}
    return tuple(found.values())
