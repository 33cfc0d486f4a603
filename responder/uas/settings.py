"""What an engine is set up with; every value has a default that suits a test bench."""

from __future__ import annotations

from dataclasses import dataclass, field

from responder.registry.capabilities import Capabilities
from responder.transaction.timers import TimerValues


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """How the UAS behaves where neither an RFC nor a scenario says."""

    timers: TimerValues = field(default_factory=TimerValues)
    capabilities: Capabilities = field(default_factory=Capabilities)
    user: str = "responder"
    """User part of our Contact."""
    advertise: str | None = None
    """Host (and port, `host:port`) of our Contact instead of the socket's address."""
    most_calls: int = 200_000
    """Live calls; one more gets 503 (RFC 3261 section 21.5.4)."""
    most_transactions: int = 2_000_000
    """Server transactions kept, most of them only to answer retransmissions; past that new requests get no answer."""
    linger: float = 32.0
    """Seconds that a call with nothing under way waits for its script before it counts as abandoned."""
    longest_ring: float = 1800.0
    """Seconds after which an INVITE that only rings, and that no script will answer any more, gets 480."""
    provisional_refresh: float = 60.0
    """Seconds after which the last provisional response is sent again (13.3.1.1)."""
