"""An engine on an event loop: what it has to say goes to the right socket, and its time comes.

Whatever brings something in (a datagram socket, a connection) gives it to the engine and then calls `end_turn` (or
`end_turn_soon`) once, however much came in: that sends, arms the alarm and lets the owner look at the engine's events.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from responder.net.alarm import Alarm
from responder.net.connections import Connections

if TYPE_CHECKING:
    import asyncio
    import ssl
    from collections.abc import Callable

    from responder.events import Flow
    from responder.net.address import SocketAddress
    from responder.net.connection import Connection
    from responder.net.limits import StreamLimits
    from responder.net.seam import Engine


class DatagramSender(Protocol):
    """What sends from one address of ours by UDP."""

    @property
    def peers(self) -> dict[str, SocketAddress]:
        """Socket addresses by `Flow.sent_by`."""

    @property
    def sendto(self) -> Callable[[bytes, SocketAddress], object]:
        """Sends to one of them."""

    def send_otherwise(self, data: bytes, flow: Flow, error: Exception) -> None:
        """Sends what could not be sent straight away: to a peer not seen yet, or after `error`."""


class EngineDriver:
    """Joins one engine with its sockets.

    `datagrams` finds a UDP socket by `Flow.here`; the endpoints enter themselves. `connections` are the streams.
    `after_turn` is called when all of a turn has been sent. `tls` is the context for connections that we open.
    """

    __slots__ = (
        "_after_turn", "_alarm", "_dirty", "_ending", "_failures", "connections", "datagrams", "engine", "loop",
    )  # fmt: skip

    def __init__(
        self,
        engine: Engine,
        loop: asyncio.AbstractEventLoop,
        *,
        limits: StreamLimits,
        tls: ssl.SSLContext | None = None,
        after_turn: Callable[[], None] | None = None,
    ) -> None:
        self.engine = engine
        self.loop = loop
        self.datagrams: dict[str, DatagramSender] = {}
        self.connections = Connections(self, limits=limits, tls=tls)
        self._after_turn = after_turn
        self._alarm = Alarm(loop, self._ring)
        self._ending = False
        self._dirty: list[Connection] = []
        self._failures: list[tuple[Flow, str]] = []

    def end_turn(self, now: float) -> None:
        """Send what the engine wants sent and see to its next deadline; `now` is the loop's time."""
        engine, datagrams = self.engine, self.datagrams
        for data, flow in engine.transmits():
            endpoint = datagrams.get(flow.here)
            if endpoint is None:
                self._send_elsewhere(data, flow)
                continue
            try:
                endpoint.sendto(data, endpoint.peers[flow.sent_by])
            except (KeyError, OSError) as error:
                endpoint.send_otherwise(data, flow, error)
        if self._dirty:
            dirty, self._dirty = self._dirty, []
            for connection in dirty:
                connection.flush(now)
        deadline = engine.next_deadline()
        if deadline is not None:
            self._alarm.arm(deadline)
        if self._after_turn is not None:
            self._after_turn()

    def end_turn_soon(self) -> None:
        """The same once everything else that is ready now has had its turn.

        For streams: with 32 connections busy, one write after another costs a fifth of what they cost in between the
        reads, each of which would wake its peer up anew.
        """
        if not self._ending:
            self._ending = True
            self.loop.call_soon(self._end)

    def has_output(self, connection: Connection) -> None:
        """Flush this connection at the end of the turn."""
        self._dirty.append(connection)

    def failed(self, flow: Flow, reason: str) -> None:
        """Tell the engine that this flow cannot be sent on; in a turn of its own, as it may be in the middle of one."""
        if not self._failures:
            self.loop.call_soon(self._report)
        self._failures.append((flow, reason))

    def close(self) -> None:
        """No more alarms."""
        self._alarm.cancel()

    def _end(self) -> None:
        self._ending = False
        self.end_turn(self.loop.time())

    def _send_elsewhere(self, data: bytes, flow: Flow) -> None:
        if flow.reliable:
            self.connections.send(data, flow)
        else:
            self.failed(flow, f"no UDP socket on {flow.local[0]} port {flow.local[1]}")

    def _report(self) -> None:
        failures, self._failures = self._failures, []
        now = self.loop.time()
        for flow, reason in failures:
            self.engine.transport_failed(flow, now, reason)
        self.end_turn(now)

    def _ring(self, now: float) -> None:
        self.engine.handle_timeout(now)
        self.end_turn(now)
