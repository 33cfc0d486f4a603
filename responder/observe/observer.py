"""What the world may hang on an engine: something that takes its events."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from responder.events import Event


class Observer(Protocol):
    """Takes events in order; it never raises for what a peer sent."""

    def observe(self, events: Sequence[Event]) -> None:
        """Take these events."""

    def flush(self, now: float) -> None:
        """Write out what was gathered; called once a turn of the loop or every 100 ms. `now` is the engine's time."""

    def close(self, now: float) -> None:
        """Write out the rest; nothing is observed after that. `now` is the engine's time."""
