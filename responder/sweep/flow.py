"""What a case of a sweep is answered with: a scenario of the language, and how long the client is watched."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Flow:
    """How one case goes."""

    scenario: Mapping[str, Any]
    """A document of the scenario language (`name` and `rules`), as `Responder` takes it."""
    shows: str
    """What duties of the client it brings to light, in a sentence."""
    watch: float = 1.0
    """Seconds that a client which stays is watched once nothing happens any more: what it must not do, too, takes
    time to be done."""
    lasts: float = 15.0
    """Seconds that it takes at the most, with a client that behaves: it is not to be ended before."""
