"""A UDP socket bound to every address: answers go out from the address that the request was sent to.

RFC 3581 section 4 and RFC 3261 section 18.2.2 want that, because a NAT or a client that looks at source addresses drops
anything else. The system tells the destination of each datagram and takes the source for each (ip(7), IP_PKTINFO;
ipv6(7), IPV6_PKTINFO). That costs about three microseconds a datagram, which sockets bound to one address do not pay.
"""

from __future__ import annotations

import socket
import struct
from typing import TYPE_CHECKING, Final

from responder.events import Flow
from responder.net.address import local_host_towards
from responder.net.udp import BATCH, MOST_PEERS, UdpEndpoint, here

if TYPE_CHECKING:
    from responder.events import Address
    from responder.net.address import ListenAddress, SocketAddress
    from responder.net.driver import EngineDriver

_MOST_LOCALS: Final = 256
_ROOM: Final = 128

# linux/in.h, linux/in6.h: option to ask for the destination, control message that carries it and the source
_IP_PKTINFO: Final = 8
_IPV6_RECVPKTINFO: Final = 49
_IPV6_PKTINFO: Final = 50
_INFO4: Final = struct.Struct("=I4s4s")  # interface, source to use, destination
_INFO6: Final = struct.Struct("=16sI")  # address, interface


class _From:
    """The socket as seen from one of our addresses: what the driver sends through for flows of that address."""

    __slots__ = ("_control", "_endpoint", "peers")

    def __init__(self, endpoint: WildcardEndpoint, control: list[tuple[int, int, bytes]]) -> None:
        self._endpoint = endpoint
        self._control = control
        self.peers = endpoint.peers

    def sendto(self, data: bytes, target: SocketAddress) -> None:
        """Send from this address."""
        self._endpoint.send_from(data, self._control, target)

    def send_otherwise(self, data: bytes, flow: Flow, error: Exception) -> None:
        """Send what could not be sent straight away (the system then chooses the source)."""
        self._endpoint.send_otherwise(data, flow, error)


class WildcardEndpoint(UdpEndpoint):
    """A `UdpEndpoint` for 0.0.0.0 or ::."""

    __slots__ = ("_arrivals",)

    def __init__(self, driver: EngineDriver, address: ListenAddress, bound: socket.socket) -> None:
        super().__init__(driver, address, bound)
        self._arrivals: dict[tuple[SocketAddress, bytes], Flow] = {}
        if self._family == socket.AF_INET6:
            bound.setsockopt(socket.IPPROTO_IPV6, _IPV6_RECVPKTINFO, 1)
        else:
            bound.setsockopt(socket.IPPROTO_IP, _IP_PKTINFO, 1)

    def send_from(self, data: bytes, control: list[tuple[int, int, bytes]], target: SocketAddress) -> None:
        """Send with a source address of our choice."""
        self._socket.sendmsg([data], control, 0, target)

    def _readable(self) -> None:
        now = self._time()
        arrivals, receive, recvmsg = self._arrivals, self._receive, self._socket.recvmsg
        received = 0
        try:
            while received < BATCH:
                data, control, _, source = recvmsg(65536, _ROOM)
                received += 1
                destination = control[0][2] if control else b""
                receive(data, arrivals.get((source, destination)) or self._arrival(source, destination), now)
        except BlockingIOError:
            if not received:
                self._read_errors()
        except OSError:
            self._read_errors()
        self._driver.end_turn(now)

    def _arrival(self, source: SocketAddress, control: bytes) -> Flow:
        if len(self._arrivals) >= MOST_PEERS:
            self._arrivals.clear()
        host = self._destination(control) or local_host_towards(source[0]) or self.address.host
        flow = self._arrivals[(source, control)] = Flow("UDP", self._local(host), source[:2])
        if len(self.peers) >= MOST_PEERS:
            self.peers.clear()
        self.peers[flow.sent_by] = source
        return flow

    def _flow(self, source: SocketAddress) -> Flow:
        return self._arrival(source, b"")

    def _destination(self, control: bytes) -> str | None:
        if self._family == socket.AF_INET6 and len(control) >= _INFO6.size:
            return socket.inet_ntop(socket.AF_INET6, _INFO6.unpack_from(control)[0])
        if self._family == socket.AF_INET and len(control) >= _INFO4.size:
            return socket.inet_ntop(socket.AF_INET, _INFO4.unpack_from(control)[2])
        return None

    def _local(self, host: str) -> Address:
        known = self._locals.get(host)
        if known is None:
            if len(self._locals) >= _MOST_LOCALS:
                return self._locals.setdefault(self.address.host, (self.address.host, self.address.port))
            known = self._locals[host] = (host, self.address.port)
            self._driver.datagrams[here(known)] = _From(self, self._source(host))
        return known

    def _source(self, host: str) -> list[tuple[int, int, bytes]]:
        packed = socket.inet_pton(self._family, host.partition("%")[0])
        if self._family == socket.AF_INET6:
            return [(socket.IPPROTO_IPV6, _IPV6_PKTINFO, _INFO6.pack(packed, 0))]
        return [(socket.IPPROTO_IP, _IP_PKTINFO, _INFO4.pack(0, packed, b"\0\0\0\0"))]
