"""Where a case is played: an engine of its own behind sockets of its own, and everything that happens there."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from contextlib import ExitStack, suppress
from types import TracebackType
from typing import Final, Self

from responder.control.assembly import Assembly, Setup, assembled
from responder.engine import MESSAGES
from responder.events import CallEnded, Event
from responder.net.address import ListenAddress
from responder.net.server import Server
from responder.observe.clock import Clock
from responder.scenario.plan import Plan
from responder.scenario.playbook import Playbook

MOST_EVENTS: Final = 2_000
"""Events of a case that are kept; a client that makes more of them is told to stop."""


class Stage:
    """One responder; `async with` binds and serves. `TransportError` where an address cannot be had."""

    def __init__(
        self,
        plan: Plan,
        setup: Setup,
        listen: Sequence[ListenAddress],
        *,
        playbook: Callable[..., Playbook] = Playbook,
        grace: float = 0.0,
    ) -> None:
        """`playbook` makes what picks the script of a call. At the end clients have `grace` seconds to answer a BYE."""
        self._plan = plan
        self._setup = setup
        self._listen = tuple(listen)
        self._playbook = playbook
        self._grace = grace
        self._held = ExitStack()
        self._assembly: Assembly | None = None
        self._server: Server | None = None
        self._changed = asyncio.Event()
        self.events: list[Event] = []
        """What happened, in order."""
        self.port = 0
        """The port of every listener."""
        self.last = 0.0
        """When something happened last, in the time of the loop."""
        self._over: set[str] = set()

    async def __aenter__(self) -> Self:
        hosts = {address.host for address in self._listen}
        try:
            self._assembly = self._held.enter_context(
                assembled(self._plan, self._setup, hosts, level=MESSAGES, playbook=self._playbook)
            )
            self._server = Server(self._assembly.engine, self._listen, after_turn=self._after_turn)
            await self._server.start()
        except BaseException:
            self._held.close()
            raise
        self.port = self._server.addresses[0].port
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._server is not None
        try:
            await self._server.stop(grace=self._grace)
        finally:
            self._held.close()

    @property
    def clock(self) -> Clock:
        """How the times of its events are read."""
        assert self._assembly is not None
        return self._assembly.clock

    @property
    def flooded(self) -> bool:
        """Whether more happened than is kept."""
        return len(self.events) >= MOST_EVENTS

    def over(self, method: str) -> bool:
        """Whether a call that such a request began came to its end, and no other is under way."""
        assert self._assembly is not None
        return method in self._over and not self._assembly.engine.busy

    async def change(self, patience: float | None = None) -> None:
        """Wait until something happens that nobody has waited for yet, at the most so many seconds."""
        with suppress(TimeoutError):
            async with asyncio.timeout(patience):
                await self._changed.wait()
        self._changed.clear()

    def taken(self) -> list[Event]:
        """What happened since this was asked last; it is kept no longer."""
        events, self.events = self.events, []
        return events

    def abandon(self) -> None:
        """End it here: calls under way are reported as such, and nothing more is sent."""
        assert self._assembly is not None
        self._assembly.engine.close(asyncio.get_running_loop().time())
        self._after_turn()

    def _after_turn(self) -> None:
        assert self._assembly is not None
        events = self._assembly.engine.events()
        if not events:
            return
        self.last = events[-1].time
        self._over.update(event.method for event in events if isinstance(event, CallEnded))
        self.events += events[: MOST_EVENTS - len(self.events)]
        self._changed.set()
