"""A SIP server: one engine behind any number of listeners (UDP, TCP, TLS, WebSocket; IPv4, IPv6) in one event loop.

server = Server(engine, [ListenAddress.parse("udp:127.0.0.1:0"), ListenAddress.parse("tcp:127.0.0.1:0")])
async with server:
    print(*server.addresses)
"""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING, Final

from responder.errors import TransportError
from responder.net import gc_policy
from responder.net.address import ENCRYPTED, is_wildcard
from responder.net.binding import bind_all
from responder.net.driver import EngineDriver
from responder.net.limits import StreamLimits
from responder.net.stream import StreamConnection
from responder.net.tls import client_context
from responder.net.udp import UdpEndpoint
from responder.net.udp_wildcard import WildcardEndpoint
from responder.net.websocket import WebSocketConnection

if TYPE_CHECKING:
    import socket
    import ssl
    from collections.abc import Callable, Sequence
    from types import TracebackType

    from responder.net.address import ListenAddress
    from responder.net.seam import Engine

_BACKLOG: Final = 1024
_POLL: Final = 0.005


def epoch() -> float:
    """The wall clock, in seconds since 1970 UTC, at time zero of the event loop's clock: an engine's `epoch`."""
    return time.time() - time.monotonic()


class Server:
    """Serves `engine` on every address of `listen` between `start` and `stop`.

    Addresses of one host with port 0 get one and the same free port, UDP and TCP alike. `after_turn` is called in the
    loop after each turn in which something came in, was sent or fell due: the place to drain the engine's events. `tls`
    is for TLS and WSS listeners and required by them (`tls.server_context`).
    """

    def __init__(
        self,
        engine: Engine,
        listen: Sequence[ListenAddress],
        *,
        after_turn: Callable[[], None] | None = None,
        limits: StreamLimits | None = None,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        if not listen:
            raise TransportError("nothing to listen on")
        self._engine = engine
        self._listen = tuple(listen)
        self._after_turn = after_turn
        self._limits = limits or StreamLimits()
        self._tls = tls
        self._driver: EngineDriver | None = None
        self._endpoints: list[UdpEndpoint] = []
        self._listeners: list[asyncio.Server] = []
        self.addresses: tuple[ListenAddress, ...] = ()
        """Where it listens, in the order of `listen`, with the ports it got; empty while it does not."""

    async def __aenter__(self) -> Server:
        await self.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.stop()

    async def start(self) -> None:
        """Bind and serve; `TransportError` with one line where an address cannot be had, and then nothing is bound."""
        loop = asyncio.get_running_loop()
        driver = EngineDriver(
            self._engine, loop, limits=self._limits, tls=client_context(), after_turn=self._after_turn
        )
        bound = bind_all(self._listen)
        try:
            for address, opened in bound:
                if address.transport == "udp":
                    kind = WildcardEndpoint if is_wildcard(address.host) else UdpEndpoint
                    self._endpoints.append(kind(driver, address, opened))
                else:
                    self._listeners.append(await self._accept(driver, address, opened))
        except BaseException:
            await self._close(driver, 0.0)
            for _, opened in bound:
                opened.close()
            raise
        for endpoint in self._endpoints:
            endpoint.start()
        self._driver = driver
        self.addresses = tuple(address for address, _ in bound)
        driver.end_turn(loop.time())

    async def stop(self, *, grace: float = 1.0) -> None:
        """End all calls and close everything; peers have `grace` seconds to answer our last requests (2 s in all)."""
        driver = self._driver
        if driver is None:
            return
        self._driver = None
        for listener in self._listeners:
            listener.close()
        now = driver.loop.time()
        self._engine.shutdown(now)
        driver.end_turn(now)
        try:
            while self._engine.busy and driver.loop.time() - now < grace:
                await asyncio.sleep(_POLL)
        finally:
            await self._close(driver, max(0.1, grace / 2))

    async def _accept(self, driver: EngineDriver, address: ListenAddress, opened: socket.socket) -> asyncio.Server:
        transport = address.transport.upper()
        encrypted = address.transport in ENCRYPTED
        if encrypted and self._tls is None:
            raise TransportError(f"cannot listen on {address}: TLS needs a certificate")
        kind = WebSocketConnection if transport in ("WS", "WSS") else StreamConnection

        def accepted() -> WebSocketConnection | StreamConnection:
            if encrypted:
                gc_policy.encrypted()
            return kind(driver.connections, transport)

        try:
            return await driver.loop.create_server(
                accepted,
                sock=opened,
                backlog=_BACKLOG,
                ssl=self._tls if encrypted else None,
            )
        except OSError as error:  # two sockets may be bound to one port, but only one can listen
            raise address.refused(error) from error

    async def _close(self, driver: EngineDriver, seconds: float) -> None:
        for listener in self._listeners:
            listener.close()
        await driver.connections.close(seconds)
        for endpoint in self._endpoints:
            endpoint.close()
        driver.close()
        self._listeners.clear()
        self._endpoints.clear()
        self.addresses = ()
