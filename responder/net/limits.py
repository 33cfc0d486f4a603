"""How much of us a peer on a stream may have, in time and in memory."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class StreamLimits:
    """Bounds of stream connections; times in seconds, sizes in bytes."""

    connections: int = 4096
    """Connections at once; one more closes the one that has been silent for longest."""
    idle: float = 300.0
    """Silence of both sides after which a connection is closed while no call is live."""
    partial: float = 30.0
    """Time for the rest of a message after its first byte."""
    half_closed: float = 32.0
    """Silence after which a connection whose peer will send no more is closed: room for slow final responses."""
    stalled: float = 30.0
    """Time for which a peer may leave what we send unread."""
    high_water: int = 262_144
    """Unread output past which nothing more is read from that peer."""
    most_unread: int = 4_194_304
    """Unread output past which the connection is aborted."""
    linger: float = 1.0
    """Time for the peer to take our last answer before a connection with a framing error is closed."""
    connect: float = 5.0
    """Time for a connection of ours to come up."""
    connecting: int = 64
    """Connections of ours coming up at once."""
    head: int = 65_536
    """Longest head of a message."""
    body: int = 1_048_576
    """Longest body of a message."""
