"""Sockets: what this client sends and receives by (RFC 3261 section 18)."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

from conduct import Conduct
from message import Message, cut

Place: TypeAlias = tuple[str, int]


@dataclass
class Hop:
    """Where a message came from, or goes to."""

    kind: str
    """`udp` or `tcp`."""
    place: Place
    writer: asyncio.StreamWriter | None = None
    """The connection that it came by."""


class Transport(asyncio.DatagramProtocol):
    """A UDP socket and a TCP listener on one port, and the connections that were opened."""

    def __init__(self, receive: Callable[[Message, Hop], None], conduct: Conduct) -> None:
        self.receive, self.conduct = receive, conduct
        self.local: Place = ("", 0)
        self.udp: asyncio.DatagramTransport | None = None
        self.server: asyncio.Server | None = None
        self.connections: dict[Place, asyncio.StreamWriter] = {}
        self.opening = asyncio.Lock()
        self.tasks: set[asyncio.Task[None]] = set()

    async def open(self, towards: Place) -> None:
        """Binds to the address that leads to this place."""
        family = socket.AF_INET6 if ":" in towards[0] else socket.AF_INET
        with socket.socket(family, socket.SOCK_DGRAM) as probe:
            probe.connect(towards)
            host = probe.getsockname()[0]
        loop = asyncio.get_running_loop()
        for attempt in range(20):
            self.udp, _ = await loop.create_datagram_endpoint(lambda: self, local_addr=(host, 0))
            port = self.udp.get_extra_info("sockname")[1]
            try:
                self.server = await asyncio.start_server(self.accept, host, port)
            except OSError:
                self.udp.close()
                if attempt == 19:
                    raise
            else:
                self.local = (host, port)
                return

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        """A datagram is a message (18.3)."""
        self.take(data, Hop("udp", (addr[0], addr[1])))

    def error_received(self, exc: Exception) -> None:
        """ICMP errors are left to the timers."""

    async def accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """A connection: one that was opened to us, or one that we opened."""
        place = writer.get_extra_info("peername")[:2]
        buffer = bytearray()
        try:
            while data := await reader.read(65536):
                buffer += data
                for number, message in enumerate(cut(buffer)):
                    if number == 0 or not self.conduct.wrong("stream-second-message-lost"):
                        self.take(message, Hop("tcp", place, writer))
                if self.conduct.wrong("stream-pieces-lost"):
                    buffer.clear()
        except OSError:
            pass
        finally:
            if self.connections.get(place) is writer:
                del self.connections[place]
            writer.close()

    def take(self, data: bytes, hop: Hop) -> None:
        """What is no SIP message is dropped."""
        if not self.conduct.hears(data):
            return
        try:
            message = Message.parse(data)
        except ValueError:
            return
        self.receive(message, hop)

    async def send(self, data: bytes, hop: Hop) -> None:
        """Raises OSError where there is no way there."""
        if hop.kind == "udp":
            assert self.udp is not None
            self.udp.sendto(data, hop.place)
            return
        writer = hop.writer
        if writer is None or writer.is_closing():
            writer = await self.connection(hop.place)
        writer.write(data)
        await writer.drain()

    async def connection(self, place: Place) -> asyncio.StreamWriter:
        """One that is open, or a new one."""
        async with self.opening:
            if place not in self.connections or self.connections[place].is_closing():
                reader, writer = await asyncio.open_connection(*place)
                self.connections[place] = writer
                task = asyncio.ensure_future(self.accept(reader, writer))
                self.tasks.add(task)
                task.add_done_callback(self.tasks.discard)
        return self.connections[place]
