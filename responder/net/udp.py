"""One UDP socket (RFC 3261 section 18.1-18.2) on the event loop's reader callback, drained a batch at a time.

Rules
1. No error of the network is raised: it is told to the engine as a failure of the flow, or counted.
2. Everything kept is bounded: the flows of peers, and what waits because the system would not take it (oldest dropped).
3. No name is ever looked up in order to send.

`recvfrom` and not `recvfrom_into`: measured alike, and one copy less to write. Sending at the end of the batch and not
after each datagram: measured a tenth cheaper.
"""

from __future__ import annotations

import contextlib
import errno
import os
import socket
import struct
from collections import deque
from typing import TYPE_CHECKING, Final

from responder.events import Flow
from responder.net.address import socket_address

if TYPE_CHECKING:
    from collections.abc import Callable

    from responder.events import Address
    from responder.net.address import ListenAddress, SocketAddress
    from responder.net.driver import EngineDriver

BATCH: Final = 64
"""Datagrams taken in one turn of the loop, so that timers and streams get theirs."""
MOST_PEERS: Final = 16384
"""Peers whose flow is remembered; at one more all are forgotten and learnt again."""
MOST_WAITING: Final = 4096
"""Datagrams that wait for a full socket."""

# linux/in.h, linux/in6.h, linux/errqueue.h: the socket module does not name them
_RECVERR: Final = {socket.AF_INET: (socket.IPPROTO_IP, 11), socket.AF_INET6: (socket.IPPROTO_IPV6, 25)}
_MSG_ERRQUEUE: Final = 0x2000
# errno and origin of sock_extended_err; what has its origin here has been said by the call that failed
_ERROR: Final = struct.Struct("=IB")
_LOCAL: Final = 1
_ERROR_ROOM: Final = 512
_BLOCKED: Final = frozenset({errno.EAGAIN, errno.EWOULDBLOCK, errno.ENOBUFS})
# what an ICMP message that came in earlier leaves at the socket: it is reported once, for another datagram than this
_LEFT_BEHIND: Final = frozenset(
    {errno.ECONNREFUSED, errno.EHOSTUNREACH, errno.ENETUNREACH, errno.EPROTO, errno.EHOSTDOWN}
)
_ATTEMPTS: Final = 3


class UdpEndpoint:
    """A bound UDP socket that feeds the driver's engine; nothing is read before `start`.

    `sendto` takes bytes and one of `peers`, the socket addresses by `Flow.sent_by`. `dropped` counts datagrams given up
    because the system would not take them.
    """

    __slots__ = (
        "_driver", "_family", "_flows", "_locals", "_receive", "_socket", "_time", "_waiting",
        "address", "dropped", "peers", "sendto",
    )  # fmt: skip

    def __init__(self, driver: EngineDriver, address: ListenAddress, bound: socket.socket) -> None:
        self.address = address
        """Where it listens, with the port it got."""
        self.dropped = 0
        self.peers: dict[str, SocketAddress] = {}
        self.sendto: Callable[[bytes, SocketAddress], object] = bound.sendto
        self._driver = driver
        self._socket = bound
        self._family = bound.family
        self._flows: dict[SocketAddress, Flow] = {}
        self._locals: dict[str, Address] = {}
        with contextlib.suppress(OSError):
            bound.setsockopt(*_RECVERR[bound.family], 1)
        self._waiting: deque[tuple[bytes, SocketAddress]] = deque(maxlen=MOST_WAITING)
        self._receive = driver.engine.receive
        self._time = driver.loop.time
        self._local(address.host)

    def start(self) -> None:
        """Read from now on."""
        self._driver.loop.add_reader(self._socket, self._readable)

    def close(self) -> None:
        """Stop; what waits is given up."""
        self._driver.loop.remove_reader(self._socket)
        self._driver.loop.remove_writer(self._socket)
        for local in self._locals.values():
            self._driver.datagrams.pop(here(local), None)
        self._socket.close()

    def send_otherwise(self, data: bytes, flow: Flow, error: Exception) -> None:
        """Send what could not be sent straight away: to a peer not seen yet, or after `error`."""
        target = self.peers.get(flow.sent_by) or self._peer(flow)
        if target is None:
            self._driver.failed(flow, f"{flow.remote[0]} is no address that {self.address} can send to")
            return
        for _ in range(_ATTEMPTS):
            if isinstance(error, OSError):
                if error.errno in _BLOCKED:
                    self._wait(data, target)
                    return
                if error.errno not in _LEFT_BEHIND:
                    break
            try:
                self.sendto(data, target)
            except OSError as again:
                error = again
            else:
                return
        assert isinstance(error, OSError)
        self.dropped += 1
        too_long = error.errno == errno.EMSGSIZE
        reason = f"{len(data)} bytes are too many for UDP" if too_long else os.strerror(error.errno or 0).lower()
        self._driver.failed(flow, reason)

    # receiving

    def _readable(self) -> None:
        now = self._time()
        flows, receive, recvfrom = self._flows, self._receive, self._socket.recvfrom
        received = 0
        try:
            while received < BATCH:
                data, source = recvfrom(65536)
                received += 1
                receive(data, flows.get(source) or self._flow(source), now)
        except BlockingIOError:
            if not received:  # woken, and not for a datagram
                self._read_errors()
        except OSError:
            self._read_errors()
        self._driver.end_turn(now)

    def _flow(self, source: SocketAddress) -> Flow:
        if len(self._flows) >= MOST_PEERS:
            self._flows.clear()
            self.peers.clear()
        remote = source[:2]
        flow = self._flows[source] = Flow("UDP", self._local(self.address.host), remote)
        self.peers[flow.sent_by] = source
        return flow

    def _peer(self, flow: Flow) -> SocketAddress | None:
        found = socket_address(flow.remote)
        if found is None or found[0] != self._family:
            return None
        if len(self.peers) >= MOST_PEERS:
            self.peers.clear()
            self._flows.clear()
        self.peers[flow.sent_by] = found[1]
        return found[1]

    def _local(self, host: str) -> Address:
        known = self._locals.get(host)
        if known is None:
            known = self._locals[host] = (host, self.address.port)
            self._driver.datagrams[here(known)] = self
        return known

    # what the system would not take

    def _wait(self, data: bytes, target: SocketAddress) -> None:
        if not self._waiting:
            self._driver.loop.add_writer(self._socket, self._writable)
            self.sendto = self._wait
        if len(self._waiting) == MOST_WAITING:
            self.dropped += 1
        self._waiting.append((data, target))

    def _writable(self) -> None:
        waiting = self._waiting
        while waiting:
            data, target = waiting[0]
            try:
                self._socket.sendto(data, target)
            except OSError as error:
                if error.errno in _BLOCKED:
                    return
                self.dropped += 1
            waiting.popleft()
        self._driver.loop.remove_writer(self._socket)
        self.sendto = self._socket.sendto

    def _read_errors(self) -> None:
        """Take the ICMP errors off the socket (ip(7), IP_RECVERR) and tell whose flow they end (18.4)."""
        for _ in range(BATCH):
            try:
                _, control, _, peer = self._socket.recvmsg(0, _ERROR_ROOM, _MSG_ERRQUEUE)
            except OSError:
                return
            for level, kind, data in control:
                if (level, kind) in _RECVERR.values() and peer:
                    number, origin = _ERROR.unpack_from(data)
                    if origin != _LOCAL:
                        self._driver.failed(self._flows.get(peer) or self._flow(peer), os.strerror(number).lower())


def here(local: Address) -> str:
    """What the flows of this address of ours have in common (`Flow.here`)."""
    return Flow("UDP", local, local).here
