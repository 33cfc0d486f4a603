"""The media addresses of a run: what session descriptions of ours name, and the UDP ports held for it."""

from __future__ import annotations

from collections.abc import Iterable
from types import TracebackType

from responder.errors import TransportError
from responder.net.media import MediaPorts
from responder.sip.sdp import Answerer

_PAIRS = 2  # audio and video; every call names the same ones, since nothing is done with what comes in
_UNHELD = (40000, 40002)


class Media:
    """Ports on the hosts that we listen on, and answers to offers that name them."""

    def __init__(self, held: Iterable[tuple[str, MediaPorts]], *, host: str | None, ports: tuple[int, ...]) -> None:
        """`host` is announced instead of the local one; `ports` are for a local host with none of its own."""
        self._held = dict(held)
        self._host = host
        self._ports = ports

    @classmethod
    def hold(cls, hosts: Iterable[str], announced: tuple[str, int] | None) -> Media:
        """Take ports on `hosts`; `announced` is another address and its first port (0: any).

        An announced port that is not free here is announced nonetheless: somebody else may take the media.
        """
        host, first = announced or (None, 0)
        held: list[tuple[str, MediaPorts]] = []
        for own in hosts:
            try:
                held.append((own, MediaPorts.hold(own, _PAIRS, first=first)))
            except TransportError:
                if not first:
                    raise
        ports = tuple(range(first, first + 2 * _PAIRS, 2)) if first else held[0][1].ports if held else _UNHELD
        return cls(held, host=host, ports=ports)

    def answerer(self, local: str) -> Answerer:
        """What answers offers that came to the local address `local`."""
        held = self._held.get(local)
        return Answerer(self._host or local, held.ports if held is not None else self._ports)

    def __enter__(self) -> Media:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for ports in self._held.values():
            ports.close()
