"""SIP over TCP and TLS (RFC 3261 section 18.3): messages cut by Content-Length, with keep-alive pings between them (RFC
5626 section 3.5.1).

A plain `asyncio.Protocol`: measured alike with a buffered one and with sockets read without asyncio's transports.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from responder.net.connection import Connection
from responder.sip.framer import StreamFramer

if TYPE_CHECKING:
    from responder.events import Address
    from responder.net.connections import Connections
    from responder.sip.framer import Frame

# fewer line ends than this may be the beginning of a ping or a lone CRLF, which some send to keep a connection
_LEAST: Final = 4


class StreamConnection(Connection):
    """A TCP or TLS connection (`transport` says which)."""

    __slots__ = ("_framer",)

    def __init__(self, connections: Connections, transport: str, *, local: Address | None = None) -> None:
        super().__init__(connections, transport, local=local)
        limits = connections.limits
        self._framer = StreamFramer(max_head=limits.head, max_body=limits.body)

    def cut(self, data: bytes) -> list[Frame]:
        """See `Connection.cut`."""
        return self._framer.feed(data)

    def is_incomplete(self) -> bool:
        """See `Connection.is_incomplete`."""
        pending = self._framer.pending
        return pending >= _LEAST or (pending > 0 and bool(self._framer.rest.strip(b"\r\n\0 ")))

    def rest(self) -> bytes:
        """See `Connection.rest`."""
        return self._framer.rest
