"""The engine with the real playbook on a virtual clock, and the network between it and its clients."""

from __future__ import annotations

import heapq
import random
from collections import deque
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from responder.engine import MESSAGES, Engine
from responder.events import CallEnded, Flow, Malformed, MessageSent, Note
from responder.registry import Capabilities, Registry
from responder.scenario.compiler import load, load_text
from responder.scenario.plan import Plan
from responder.scenario.playbook import Playbook
from responder.sip.sdp import Answerer
from responder.transaction.timers import TimerValues
from responder.uas.settings import Settings

from .wire import Message

if TYPE_CHECKING:
    from .called_party import CalledParty
    from .client import Client
    from .party import Party

FOLDER = Path(__file__).resolve().parents[2] / "scenarios"
LOCAL = ("127.0.0.1", 5060)
PEER = ("192.0.2.10", 5062)
UDP = Flow("UDP", LOCAL, PEER)
TCP = Flow("TCP", LOCAL, PEER, 7)
UDP6 = Flow("UDP", ("::1", 5060), ("2001:db8::10", 5062))
EPOCH = 1_700_000_000.0
"""Tue, 14 Nov 2023 22:13:20 GMT."""

RESPONSE_TIMES = [0.5, 1.5, 3.5, 7.5, 11.5, 15.5, 19.5, 23.5, 27.5, 31.5]
"""When timer G, timer E, and a 2xx without ACK send again: T1 doubling to T2, for 64*T1 (RFC 3261 17.2.1, 13.3.1.4)."""
DOUBLING_TIMES = [0.5, 1.5, 3.5, 7.5, 15.5, 31.5]
"""When a reliable 1xx without PRACK, or an INVITE of ours, goes out again: T1 doubling (RFC 3262 3, 17.1.1.2)."""
TIMEOUT = 32.0
"""64*T1."""
MOST_WINDOWS = 250
"""How often 64*T1 may pass before a call that goes on is taken for one without end."""


@cache
def shipped(name: str) -> Plan:
    """The plan of one shipped file."""
    return load([FOLDER / f"{name}.yaml"])


@cache
def text(source: str) -> Plan:
    """The plan of a file that is given as text; the name of its flow is `flow`."""
    return load_text(source, stem="flow")


class World:
    """One engine, its clients, and a clock that jumps from deadline to deadline."""

    def __init__(self, plan: Plan | str | None = None, *, seed: int = 1, observer: int = MESSAGES, **more: Any) -> None:
        if isinstance(plan, str):
            plan = text(plan)
        plan = plan or Plan()
        ids = random.Random(seed)
        settings = Settings(
            timers=TimerValues(**plan.timers),
            capabilities=Capabilities(**{**plan.registrar, **more.pop("capabilities", {})}),
            **more,
        )
        self.playbook = Playbook(plan, ids=ids, capabilities=settings.capabilities, epoch=EPOCH)
        self.engine = Engine(
            self.playbook,
            ids=ids,
            settings=settings,
            registry=Registry.standard().extended(plan.overrides),
            epoch=EPOCH,
            media=lambda host: Answerer(host, [40000, 40002]),
            observer=observer,
        )
        self.playbook.use_nonces(self.engine.nonces)
        self.now = 0.0
        self.blind = False
        """No events about messages are to be expected."""
        self.clients: dict[str, Client] = {}
        self.parties: dict[tuple[str, int], Party] = {}
        """Whom flows call, by address."""
        self.events: list[Any] = []
        self.called_party: CalledParty | None = None
        """Takes the calls of ours that do not belong to a client's."""
        self.unknown: list[Message] = []
        """What came for a Call-ID that no client has, where nobody takes our calls."""
        self._inbox: deque[tuple[bytes, Flow, bool]] = deque()
        self._plans: list[tuple[float, int, Callable[[], object]]] = []
        self._serial = 0
        self._last: dict[tuple[str, str], Message] = {}
        """The last response by branch and method."""
        self._seen: set[bytes] = set()

    # the clock

    def after(self, seconds: float, act: Callable[[], object]) -> None:
        """Let somebody act in so many seconds, before the engine does anything at that time."""
        self._serial += 1
        heapq.heappush(self._plans, (self.now + seconds, self._serial, act))

    def run(self, seconds: float) -> None:
        """Let so much time pass."""
        until = self.now + seconds
        self.pump()
        while True:
            deadline = self.engine.next_deadline()
            planned = self._plans[0][0] if self._plans else None
            due = min((time for time in (deadline, planned) if time is not None), default=None)
            if due is None or due > until + 1e-9:
                break
            assert due >= self.now - 1e-9, "a deadline lies in the past"
            self.now = max(due, self.now)
            while self._plans and self._plans[0][0] <= self.now:
                heapq.heappop(self._plans)[2]()
            self.pump()
            if deadline is not None and deadline <= self.now:
                self.engine.handle_timeout(self.now)
                following = self.engine.next_deadline()
                assert following is None or following > self.now, "handle_timeout left a deadline that was due"
                self.pump()
        self.now = until

    def at(self, time: float) -> None:
        """Let time pass until then; what happens at that very time has happened."""
        self.run(time - self.now)

    def finish(self) -> None:
        """Let time pass until nothing can happen any more, and see that nothing is left.

        64*T1 after the last message calls, dialogs and transactions are gone; deadlines of what is over (waits, the
        refresh of a provisional response) may still pass, without effect.
        """
        self.pump()
        for _ in range(MOST_WINDOWS):
            sent = self._traffic()
            self.run(TIMEOUT + 0.01)
            if self._traffic() == sent and not self._plans and not self.engine.busy:
                break
        assert self.engine.busy == 0
        left = {name: count for name, count in self.left().items() if name != "timers"}
        assert left == {}, left
        sent = self._traffic()
        self.run(8000)
        assert self._traffic() == sent, "something was sent by what is over"
        assert self.left() == {}
        assert not self.unknown

    def _traffic(self) -> int:
        called = 0 if self.called_party is None else len(self.called_party.trace)
        return (
            sum(len(client.trace) for client in self.clients.values())
            + len(self.unknown)
            + called
            + sum(len(party.heard) for party in self.parties.values())
        )

    def left(self) -> dict[str, int]:
        """Everything in the engine that lasts as long as a transaction, a dialog or a call: by name, zeros left out."""
        engine: Any = self.engine
        layer, core = engine._layer, engine._core
        found = {
            "servers": len(layer.servers),
            "clients": len(layer.clients),
            "merge index": len(layer._first),
            "calls": len(core.calls),
            "dialogs": len(core.dialogs),
            "timers": len(engine._timers),
            "transmits": len(engine._wire.out),
        }
        return {name: count for name, count in found.items() if count}

    # the network

    def send(self, data: bytes, flow: Flow, *, again: bool = False) -> None:
        """Bytes on the way to the engine; `again`: they were sent before."""
        self._inbox.append((data, flow, again))

    def pump(self) -> None:
        """Carry messages to and fro until nobody has anything to say."""
        while True:
            self._carry()
            if not self._inbox:
                return
            data, flow, again = self._inbox.popleft()
            self.engine.receive(data, flow, self.now)
            if again:
                self._check_repeated(Message(data))

    def _carry(self) -> None:
        out = self.engine.transmits()
        events = self.engine.events()
        self.events += events
        for event in events:
            assert not (isinstance(event, Note) and event.text.startswith("internal error")), event.text
        again = self._flags(out, events)
        for data, flow in out:
            message = Message(data)
            if message.is_response:
                self._last[message.branch, message.method] = message
            client = self.clients.get(message.call_id)
            party = self.parties.get(flow.remote) if client is None else None
            if party is not None:
                next(again)
                party.hear(message)
            elif client is None and self.called_party is not None:
                self.called_party.hear(message, flow, again=next(again))
            elif client is None:
                self.unknown.append(message)
            else:
                assert flow.remote == client.flow.remote, flow
                client.hear(message, again=next(again))

    def _flags(self, out: list[tuple[bytes, Flow]], events: list[Any]) -> Iterator[bool]:
        """For each message out whether the engine calls it a retransmission; in a blind world whether it was seen."""
        if self.blind:
            seen = [data in self._seen for data, _ in out]
            self._seen.update(data for data, _ in out)
            return iter(seen)
        sent = [event for event in events if isinstance(event, MessageSent)]
        assert [event.data for event in sent] == [data for data, _ in out], "messages and events differ"
        return iter([event.retransmission for event in sent])

    def _check_repeated(self, request: Message) -> None:
        """17.2: a request that comes again gets the last response again, byte for byte, or nothing; ACK nothing."""
        out = [data for data, _ in self.engine.transmits()]
        self.events += self.engine.events()
        last = self._last.get((request.branch, request.method))
        accepted = last is not None and request.method == "INVITE" and 200 <= last.status < 300
        expected = [] if request.method == "ACK" or last is None or accepted else [last.data]
        assert out == expected, (request, out)

    # what happened

    @property
    def ended(self) -> list[CallEnded]:
        return [event for event in self.events if isinstance(event, CallEnded)]

    @property
    def notes(self) -> list[tuple[str, str]]:
        return [(event.kind, event.text) for event in self.events if isinstance(event, Note)]

    @property
    def logged(self) -> list[str]:
        """The texts of `log` steps."""
        return [text for kind, text in self.notes if kind == "log"]

    @property
    def malformed(self) -> list[Malformed]:
        return [event for event in self.events if isinstance(event, Malformed)]
