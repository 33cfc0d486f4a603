"""All stream connections of a server: found by number or by peer, opened where one is missing, bounded."""

from __future__ import annotations

import asyncio
import os
import resource
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, TypeAlias

from responder.net.address import socket_address
from responder.net.stream import StreamConnection

if TYPE_CHECKING:
    import ssl

    from responder.events import Address, Flow
    from responder.net.connection import Connection
    from responder.net.driver import EngineDriver
    from responder.net.limits import StreamLimits

Peer: TypeAlias = "tuple[str, Address]"
"""A transport and a remote address."""

MOST_WAITING: Final = 256
"""Messages that wait for one connection of ours to come up."""
# file descriptors that are left to everything else
_SPARE_FILES: Final = 64


@dataclass(slots=True)
class _Attempt:
    """A connection of ours that is coming up, and what waits for it."""

    waiting: list[tuple[bytes, Flow]] = field(default_factory=list)
    task: asyncio.Task[None] | None = None


class Connections:
    """The connections of `driver`; `tls` is the context for those that we open."""

    def __init__(self, driver: EngineDriver, *, limits: StreamLimits, tls: ssl.SSLContext | None = None) -> None:
        self.driver = driver
        self.limits = limits
        self._tls = tls
        self._most = max(1, min(limits.connections, resource.getrlimit(resource.RLIMIT_NOFILE)[0] - _SPARE_FILES))
        self._table: dict[int, Connection] = {}
        self._by_peer: dict[Peer, Connection] = {}
        self._attempts: dict[Peer, _Attempt] = {}
        self._number = 0
        self._closed = False
        self._inspection: asyncio.TimerHandle | None = None
        shortest = min(limits.idle, limits.partial, limits.half_closed, limits.stalled, limits.linger)
        self._period = min(1.0, shortest / 4)

    def __len__(self) -> int:
        return len(self._table)

    def next_number(self) -> int:
        """A number for a new connection."""
        self._number += 1
        return self._number

    def add(self, connection: Connection) -> None:
        """It is up. Where there are too many, the one that has been silent for longest goes."""
        if self._closed:
            connection.abort()
            return
        while len(self._table) >= self._most:
            oldest = min(self._table.values(), key=lambda known: known.active)
            self.remove(oldest)
            oldest.abort()
        self._table[connection.number] = connection
        self._by_peer[connection.flow.transport, connection.flow.remote] = connection
        if self._inspection is None:
            self._inspection = self.driver.loop.call_later(self._period, self._inspect)

    def remove(self, connection: Connection) -> None:
        """It is gone."""
        if self._table.pop(connection.number, None) is None:
            return
        peer = connection.flow.transport, connection.flow.remote
        if self._by_peer.get(peer) is connection:
            del self._by_peer[peer]

    def send(self, data: bytes, flow: Flow) -> None:
        """Send on the connection of `flow`, or where that is gone on another to the same peer, opened if need be.

        18.2.2: a response whose connection is no longer open goes to the address in `received` at the port of the
        sent-by (`Flow.fallback`).
        """
        connection = self._table.get(flow.connection)
        if connection is None or not connection.usable:
            peer = flow.transport, flow.fallback or flow.remote
            connection = self._by_peer.get(peer)
            if connection is None or not connection.usable:
                self._open(peer, data, flow)
                return
        connection.put(data, flow)

    async def close(self, seconds: float) -> None:
        """Close every connection; what is written gets `seconds` to leave."""
        self._closed = True
        if self._inspection is not None:
            self._inspection.cancel()
            self._inspection = None
        for attempt in self._attempts.values():
            if attempt.task is not None:
                attempt.task.cancel()
        for connection in list(self._table.values()):
            connection.close()
        loop = self.driver.loop
        until = loop.time() + seconds
        while self._table and loop.time() < until:
            await asyncio.sleep(0.005)
        for connection in list(self._table.values()):
            connection.abort()
        await asyncio.sleep(0)

    # connections of ours

    def _open(self, peer: Peer, data: bytes, flow: Flow) -> None:
        attempt = self._attempts.get(peer)
        if attempt is None:
            remote = peer[1]
            if self._closed:
                return
            if peer[0] in ("WS", "WSS"):  # RFC 7118 section 5.3: "responses can only be sent over the existing" one
                self.driver.failed(flow, "the WebSocket connection is gone, and only the client can open one")
                return
            if socket_address(remote) is None:
                self.driver.failed(flow, f"{remote[0]} is not an IP address")
                return
            if len(self._attempts) >= self.limits.connecting:
                self.driver.failed(flow, "too many connections are being opened")
                return
            attempt = self._attempts[peer] = _Attempt()
            attempt.task = self.driver.loop.create_task(self._connect(peer, flow.local, attempt))
        if len(attempt.waiting) >= MOST_WAITING:
            self.driver.failed(flow, "too much waits for the connection")
            return
        attempt.waiting.append((data, flow))

    async def _connect(self, peer: Peer, local: Address, attempt: _Attempt) -> None:
        transport, (host, port) = peer
        loop = self.driver.loop
        try:
            async with asyncio.timeout(self.limits.connect):
                _, connection = await loop.create_connection(
                    lambda: StreamConnection(self, transport, local=local),
                    host,
                    port,
                    ssl=self._tls if transport == "TLS" else None,
                )
        except TimeoutError:
            reason = f"no connection within {self.limits.connect:g} s"
        except OSError as error:
            reason = os.strerror(error.errno).lower() if error.errno else str(error)
        else:
            reason = "" if connection.usable else "the connection was closed at once"
        finally:
            del self._attempts[peer]
        for data, flow in attempt.waiting:
            if reason:
                self.driver.failed(flow, reason)
            else:
                connection.put(data, flow)
        self.driver.end_turn(loop.time())

    def _inspect(self) -> None:
        now = self.driver.loop.time()
        for connection in list(self._table.values()):
            connection.inspect(now)
        self._inspection = self.driver.loop.call_later(self._period, self._inspect) if self._table else None
