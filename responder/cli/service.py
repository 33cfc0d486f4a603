"""One run of the server: from binding to the reason for which it stops."""

from __future__ import annotations

import asyncio
import contextlib
import signal
import sys
from collections.abc import Callable, Sequence
from enum import Enum
from typing import TYPE_CHECKING

from responder.events import CallEnded
from responder.net import gc_policy
from responder.net.server import Server
from responder.observe.verdict import passed

if TYPE_CHECKING:
    import ssl

    from responder.engine import Engine
    from responder.net.address import ListenAddress
    from responder.observe.observer import Observer

FLUSH_AFTER = 0.05
"""Seconds that lines wait for others, so that a busy run writes twenty times a second and not with every packet."""


class Stop(Enum):
    """Why a run ended."""

    CALLS = "calls"
    TIMEOUT = "timeout"
    INTERRUPTED = "interrupted"
    TERMINATED = "terminated"
    PIPE = "pipe"


class Service:
    """An engine, its server and the observers of its events."""

    def __init__(
        self,
        engine: Engine,
        listen: Sequence[ListenAddress],
        *,
        observers: Sequence[Observer],
        tls: ssl.SSLContext | None = None,
        calls: int | None = None,
        timeout: float | None = None,
    ) -> None:
        """It runs until `calls` calls have ended or `timeout` seconds have passed, without end where both are None."""
        self._engine = engine
        self._server = Server(engine, listen, after_turn=self._after_turn, tls=tls)
        self._observers = list(observers)
        self._wanted = calls
        self._timeout = timeout
        self._flush_due = False
        self._turns = 0
        self._turns_at_rest = 0
        self._stopped: asyncio.Event | None = None
        self._reason: Stop | None = None
        self.ended = 0
        """Calls that ended before the run was told to stop."""
        self.failed = 0
        """How many of them did not pass."""
        self.damaged = False
        """An output could not be written to the end."""

    async def run(self, announce: Callable[[Sequence[ListenAddress]], None]) -> Stop:
        """Serve; `announce` is called once, with the addresses that were bound.

        `TransportError` where an address cannot be had.
        """
        loop = asyncio.get_running_loop()
        self._stopped = asyncio.Event()
        signals = {signal.SIGINT: Stop.INTERRUPTED, signal.SIGTERM: Stop.TERMINATED}
        for number, reason in signals.items():
            with contextlib.suppress(NotImplementedError, RuntimeError):  # not on this platform, not in this thread
                loop.add_signal_handler(number, self.stop, reason)
        await self._server.start()
        try:
            try:
                announce(self._server.addresses)
            except BrokenPipeError:
                self.stop(Stop.PIPE)
            if self._timeout is not None:
                loop.call_later(self._timeout, self.stop, Stop.TIMEOUT)
            loop.call_later(gc_policy.REST, self._rest)
            await self._stopped.wait()
        finally:
            for number in signals:  # a second signal acts at once
                with contextlib.suppress(NotImplementedError, RuntimeError):
                    loop.remove_signal_handler(number)
            try:
                await self._server.stop()
            finally:  # what was seen is written whole, however impatient somebody is
                now = loop.time()
                self._engine.close(now)
                self._after_turn()
                self._each(lambda observer: observer.close(now))
        assert self._reason is not None
        return self._reason

    def stop(self, reason: Stop) -> None:
        """End the run; the first reason counts."""
        if self._reason is None and self._stopped is not None:
            self._reason = reason
            self._stopped.set()

    def _rest(self) -> None:
        if self._turns == self._turns_at_rest:
            gc_policy.rest()
        self._turns_at_rest = self._turns
        asyncio.get_running_loop().call_later(gc_policy.REST, self._rest)

    def _after_turn(self) -> None:
        self._turns += 1
        events = self._engine.events()
        if not events:
            return
        self._each(lambda observer: observer.observe(events))
        if self._reason is None:
            for event in events:
                if type(event) is CallEnded:
                    self.ended += 1
                    if not passed(event):
                        self.failed += 1
                    if self.ended == self._wanted:
                        self.stop(Stop.CALLS)
                        break
        if not self._flush_due:
            self._flush_due = True
            asyncio.get_running_loop().call_later(FLUSH_AFTER, self._flush)

    def _flush(self) -> None:
        self._flush_due = False
        now = asyncio.get_running_loop().time()
        self._each(lambda observer: observer.flush(now))

    def _each(self, act: Callable[[Observer], None]) -> None:
        """Do it with every observer; one that cannot write any more is given up, and the run goes on without it."""
        for observer in tuple(self._observers):
            try:
                act(observer)
            except BrokenPipeError:
                self._observers.remove(observer)
                self.stop(Stop.PIPE)
            except OSError as error:
                self._observers.remove(observer)
                self.damaged = True
                print(f"responder: cannot write any more: {error}", file=sys.stderr)
