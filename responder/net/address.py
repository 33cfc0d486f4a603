"""Where to listen, as a person writes it: `udp:127.0.0.1:5060`, `tcp:[::1]:0`, `tls:0.0.0.0`, `ws:127.0.0.1`."""

from __future__ import annotations

import re
import socket
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Final, TypeAlias

from responder.errors import TransportError

if TYPE_CHECKING:
    from responder.events import Address

SocketAddress: TypeAlias = tuple[str, int] | tuple[str, int, int, int]
"""What the socket calls take: (host, port), and for IPv6 the flow label and scope as well."""

TRANSPORTS: Final = ("udp", "tcp", "tls", "ws", "wss")
"""The transports that a `Server` listens on."""

ENCRYPTED: Final = ("tls", "wss")
"""Those of them that need a certificate."""

# RFC 3261 section 19.1.2: the default port is 5060 for UDP and TCP, 5061 for TLS. RFC 7118 section 5.5 has 80 and
# 443 for WebSocket, where a web server mostly is, and which take privileges: these two are what other SIP servers use
_DEFAULT_PORTS: Final = {"udp": 5060, "tcp": 5060, "tls": 5061, "ws": 5066, "wss": 7443}

_written: Final = re.compile(r"(?P<transport>[a-z]+):(?:\[(?P<v6>[^\]]+)\]|(?P<host>[^:\[\]]+))(?::(?P<port>\d{1,5}))?")


@dataclass(frozen=True, slots=True)
class ListenAddress:
    """A transport, a host (an IP literal without brackets, or a name) and a port; port 0 is any free one."""

    transport: str
    host: str
    port: int

    @classmethod
    def parse(cls, text: str) -> ListenAddress:
        """The inverse of `str`; the port may be left out. `TransportError` where it is no such address."""
        match = _written.fullmatch(text.strip())
        if match is None or match["transport"] not in TRANSPORTS:
            raise TransportError(
                f"cannot listen on {text!r}: expected TRANSPORT:HOST:PORT with {', '.join(TRANSPORTS)},"
                " such as udp:127.0.0.1:5060 or tcp:[::1]:5060"
            )
        transport = match["transport"]
        port = int(match["port"]) if match["port"] else _DEFAULT_PORTS[transport]
        if port > 65535:
            raise TransportError(f"cannot listen on {text!r}: there is no port {port}")
        return cls(transport, match["v6"] or match["host"], port)

    def __str__(self) -> str:
        return (
            f"{self.transport}:[{self.host}]:{self.port}"
            if ":" in self.host
            else f"{self.transport}:{self.host}:{self.port}"
        )

    def resolve(self) -> tuple[socket.AddressFamily, SocketAddress]:
        """Family and address to bind; a name is looked up (this blocks), IPv4 first."""
        try:
            found = socket.getaddrinfo(self.host, self.port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
        except OSError as error:
            raise TransportError(f"cannot listen on {self}: {error.strerror or error}") from None
        family, _, _, _, address = min(found, key=lambda entry: entry[0] != socket.AF_INET)
        if family not in (socket.AF_INET, socket.AF_INET6):
            raise TransportError(f"cannot listen on {self}: neither an IPv4 nor an IPv6 address")
        return family, address  # type: ignore[return-value]

    def refused(self, error: OSError) -> TransportError:
        """The one line for an address that the system does not give us."""
        why = (error.strerror or str(error)).lower()
        return TransportError(f"cannot listen on {self}: {why}")


def is_wildcard(host: str) -> bool:
    """Whether binding to this IP literal means every local address."""
    return host in ("0.0.0.0", "::")


@lru_cache(maxsize=4096)
def socket_address(address: Address) -> tuple[socket.AddressFamily, SocketAddress] | None:
    """Family and address for the socket calls; None where the host is no IP literal, so that no call looks up a name.

    A zone (`fe80::1%eth0`, RFC 4007 section 11) becomes the scope that the calls want.
    """
    host, port = address
    bare, _, zone = host.partition("%")
    if not 0 <= port <= 65535:
        return None
    try:
        if ":" not in bare:
            socket.inet_pton(socket.AF_INET, host)
            return socket.AF_INET, (host, port)
        socket.inet_pton(socket.AF_INET6, bare)
        scope = 0
        if zone:
            scope = int(zone) if zone.isdecimal() else socket.if_nametoindex(zone)
    except (OSError, ValueError):
        return None
    return socket.AF_INET6, (bare, port, 0, scope)


@lru_cache(maxsize=4096)
def local_host_towards(host: str) -> str | None:
    """The local IP address from which packets to `host` (an IP literal) go; None where there is no way to it.

    Asked of a connected UDP socket, which sends nothing: for sockets bound to every address.
    """
    target = socket_address((host, 9))
    if target is None:
        return None
    family, address = target
    with socket.socket(family, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(address)
        except OSError:
            return None
        return str(probe.getsockname()[0])
