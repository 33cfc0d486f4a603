"""IP packets made up around messages, checksums right: IPv4 (RFC 791), IPv6 (RFC 8200), UDP (RFC 768), TCP (RFC 9293).

The engine sees messages and no packets, so these are what could have carried them: one datagram a message over UDP, and
for streams a connection that opens with its handshake and whose numbers run on, so that Wireshark puts the messages
together.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterator
from functools import lru_cache
from ipaddress import IPv4Address, IPv6Address, ip_address
from struct import pack
from typing import TypeAlias

from responder.events import Address, Flow
from responder.observe.websocket_packets import frame, upgrade

MAX_UDP_PAYLOAD = 65_507
"""Bytes of payload in one IPv4 datagram: 65535 less 20 of IP and 8 of UDP."""
SEGMENT = 1_440
"""Bytes of payload in one TCP segment; fits 1500 with either version of IP."""
_UNACKNOWLEDGED = 20 * SEGMENT
_WINDOW = 65_535
_TCP, _UDP = 6, 17
_SYN, _PSH, _ACK = 0x02, 0x08, 0x10
_SYN_OPTIONS = pack("!BBH", 2, 4, SEGMENT)


@lru_cache(maxsize=4096)
def _endpoints(source: str, destination: str) -> tuple[bytes, bytes]:
    """Both addresses packed, of one version: IPv4 beside IPv6 is written as mapped (RFC 4291 section 2.5.5.2)."""
    one, other = _address(source), _address(destination)
    if one.version == other.version:
        return one.packed, other.packed
    return _mapped(one), _mapped(other)


def _address(host: str) -> IPv4Address | IPv6Address:
    try:
        return ip_address(host.partition("%")[0])
    except ValueError:  # a name stands where the contract of Flow wants an address: the message still is worth showing
        return IPv4Address(0)


def _mapped(address: IPv4Address | IPv6Address) -> bytes:
    return address.packed if address.version == 6 else b"\0" * 10 + b"\xff\xff" + address.packed


def internet_checksum(data: bytes) -> int:
    """RFC 1071: the complement of the ones' complement sum of 16-bit words.

    The words are the digits of one number to the base 65536, whose sum is that number modulo 65535.
    """
    if len(data) % 2:
        data += b"\0"
    total = int.from_bytes(data, "big")
    remainder = total % 0xFFFF
    return 0 if total and not remainder else 0xFFFF - remainder


def _ip(source: bytes, destination: bytes, protocol: int, payload: bytes) -> bytes:
    if len(source) == 4:
        head = pack("!BBHHHBBH", 0x45, 0, 20 + len(payload), 0, 0x4000, 64, protocol, 0) + source + destination
        return b"%b%b%b%b" % (head[:10], pack("!H", internet_checksum(head)), head[12:], payload)
    return pack("!IHBB", 6 << 28, len(payload), protocol, 64) + source + destination + payload


def _checksum(source: bytes, destination: bytes, protocol: int, segment: bytes) -> int:
    """With the pseudo header, which sums alike for both versions of IP (RFC 768, RFC 8200 section 8.1)."""
    return internet_checksum(source + destination + pack("!II", protocol, len(segment)) + segment)


def udp_packet(source: Address, destination: Address, payload: bytes) -> bytes:
    """One datagram as one IP packet; what does not fit (over `MAX_UDP_PAYLOAD`) is cut off."""
    from_, to = _endpoints(source[0], destination[0])
    payload = payload[:MAX_UDP_PAYLOAD]
    length = 8 + len(payload)
    head = pack("!HHH", source[1], destination[1], length)
    checksum = _checksum(from_, to, _UDP, head + b"\0\0" + payload) or 0xFFFF  # RFC 768: 0 would mean none
    return _ip(from_, to, _UDP, head + pack("!H", checksum) + payload)


def tcp_packet(
    source: Address, destination: Address, *, seq: int, ack: int, flags: int, options: bytes = b"", payload: bytes = b""
) -> bytes:
    """One TCP segment as an IP packet; `options` are padded to whole words by the caller."""
    from_, to = _endpoints(source[0], destination[0])
    offset = (20 + len(options)) << 2
    head = pack("!HHIIBBH", source[1], destination[1], seq, ack, offset, flags, _WINDOW)
    checksum = _checksum(from_, to, _TCP, head + b"\0\0\0\0" + options + payload)
    return _ip(from_, to, _TCP, head + pack("!HH", checksum, 0) + options + payload)


class Connection:
    """Both directions of a TCP connection, from its SYN on; `websocket`: with upgrade and frames."""

    __slots__ = ("_client", "_next", "_opened", "_server", "_websocket")

    def __init__(self, client: Address, server: Address, *, websocket: bool = False) -> None:
        """`client` is who connects."""
        self._client = client
        self._server = server
        self._websocket = websocket
        self._opened = False
        self._next = {True: 1000, False: 2000}  # the next sequence number: of the client, of the server

    def _segment(self, from_client: bool, flags: int, *, options: bytes = b"", payload: bytes = b"") -> bytes:
        source, destination = (self._client, self._server) if from_client else (self._server, self._client)
        packet = tcp_packet(
            source,
            destination,
            seq=self._next[from_client],
            ack=self._next[not from_client] if flags & _ACK else 0,
            flags=flags,
            options=options,
            payload=payload,
        )
        advance = len(payload) + (1 if flags & _SYN else 0)
        self._next[from_client] = (self._next[from_client] + advance) & 0xFFFFFFFF
        return packet

    def _open(self) -> Iterator[bytes]:
        yield self._segment(True, _SYN, options=_SYN_OPTIONS)
        yield self._segment(False, _SYN | _ACK, options=_SYN_OPTIONS)
        yield self._segment(True, _ACK)
        if self._websocket:
            request, response = upgrade(self._server)
            yield from self._bytes(True, request)
            yield from self._bytes(False, response)

    def _bytes(self, from_client: bool, payload: bytes) -> Iterator[bytes]:
        unacknowledged = 0
        for start in range(0, len(payload), SEGMENT):
            piece = payload[start : start + SEGMENT]
            last = start + SEGMENT >= len(payload)
            yield self._segment(from_client, _ACK | _PSH if last else _ACK, payload=piece)
            unacknowledged += len(piece)
            if last or unacknowledged >= _UNACKNOWLEDGED:
                yield self._segment(not from_client, _ACK)
                unacknowledged = 0

    def packets(self, from_client: bool, payload: bytes) -> Iterator[bytes]:
        """The packets for one message; before the first one those that open the connection."""
        if not self._opened:
            self._opened = True
            yield from self._open()
        yield from self._bytes(from_client, frame(payload, masked=from_client) if self._websocket else payload)


_Key: TypeAlias = tuple[str, Address, Address, int]


class Connections:
    """The connections of a run by their flow; bounded, the one that has been silent for longest is forgotten."""

    def __init__(self, *, limit: int = 65_536) -> None:
        self._limit = limit
        self._known: OrderedDict[_Key, tuple[Connection, bool]] = OrderedDict()

    def packets(self, flow: Flow, *, received: bool, payload: bytes) -> Iterator[bytes]:
        """The packets for one message. Who speaks first on a flow is taken for who connected."""
        key = flow.transport, flow.local, flow.remote, flow.connection  # a fallback makes no other connection
        known = self._known.get(key)
        if known is None and flow.connection:
            # one that we opened has no number in the flow of the request that opened it
            known = self._known.get((*key[:3], 0))
            if known is not None:
                self._known[key] = known
        if known is None:
            if len(self._known) >= self._limit:
                self._known.popitem(last=False)
            client, server = (flow.remote, flow.local) if received else (flow.local, flow.remote)
            known = Connection(client, server, websocket=flow.transport in ("WS", "WSS")), received
            self._known[key] = known
        else:
            self._known.move_to_end(key)
        connection, opened_by_remote = known
        return connection.packets(received == opened_by_remote, payload)
