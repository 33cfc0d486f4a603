"""The other end of a socket, and waiting with a bound."""

from __future__ import annotations

import asyncio
import socket
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable


class Client:
    """A UDP socket whose answers are awaited."""

    def __init__(self, family: socket.AddressFamily = socket.AF_INET) -> None:
        self.socket = socket.socket(family, socket.SOCK_DGRAM)
        self.socket.setblocking(False)
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4 << 20)
        self.socket.bind(("::1" if family == socket.AF_INET6 else "127.0.0.1", 0))
        self.port: int = self.socket.getsockname()[1]

    async def get(self, seconds: float = 2.0) -> bytes:
        async with asyncio.timeout(seconds):
            return await asyncio.get_running_loop().sock_recv(self.socket, 65536)


async def until(condition: Callable[[], object]) -> None:
    """Until it holds, for at most two seconds."""
    async with asyncio.timeout(2):
        while not condition():
            await asyncio.sleep(0.002)
