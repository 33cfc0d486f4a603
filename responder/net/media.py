"""UDP ports for the media that our session descriptions name: held, so that nobody else gets it, and never read.

What comes in stays in a socket buffer of the least size the system allows until the kernel drops it: media cost us
nothing. RFC 3550 section 11: RTP on an even port, RTCP on the next.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from responder.errors import TransportError
from responder.net.address import ListenAddress
from responder.net.binding import bind

if TYPE_CHECKING:
    import socket
    from collections.abc import Sequence

# tries for a pair at random; half of what the system offers is odd
_TRIES: Final = 200
_LEAST_BUFFER: Final = 1


class MediaPorts:
    """Pairs of bound ports on one host; `ports` are the even ones, for RTP."""

    __slots__ = ("_sockets", "host", "ports")

    def __init__(self, host: str, ports: Sequence[int], sockets: Sequence[socket.socket]) -> None:
        self.host = host
        self.ports = tuple(ports)
        self._sockets = list(sockets)

    @classmethod
    def hold(cls, host: str, pairs: int, *, first: int = 0) -> MediaPorts:
        """Bind `pairs` pairs on `host` (an IP literal or a name), from port `first` upwards, at 0 wherever room is.

        `TransportError` where the system has no such pairs.
        """
        held: list[socket.socket] = []
        ports: list[int] = []
        candidate = first + first % 2
        for _ in range(_TRIES + pairs):
            if len(ports) == pairs:
                break
            pair = _pair(host, candidate)
            if pair is not None:
                held += pair
                ports.append(pair[0].getsockname()[1])
            if first:
                candidate += 2
                if candidate > 65534:
                    break
        if len(ports) < pairs:
            for one in held:
                one.close()
            raise TransportError(
                f"no {pairs} pairs of free UDP ports for media on {host}" + (f" from {first} on" if first else "")
            )
        return cls(host, ports, held)

    def close(self) -> None:
        """Give the ports back."""
        for one in self._sockets:
            one.close()
        self._sockets.clear()


def _pair(host: str, port: int) -> tuple[socket.socket, socket.socket] | None:
    held: list[socket.socket] = []
    try:
        address, rtp = bind(ListenAddress("udp", host, port), buffer=_LEAST_BUFFER)
        held.append(rtp)
        if address.port % 2 == 0:
            held.append(bind(ListenAddress("udp", host, address.port + 1), buffer=_LEAST_BUFFER)[1])
            return held[0], held[1]
    except TransportError:
        pass
    for one in held:
        one.close()
    return None
