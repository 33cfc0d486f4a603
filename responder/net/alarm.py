"""The one timer that an engine has in the event loop.

It is armed for a deadline and let be: a later deadline does not touch it, it then rings early and is armed anew. So a
turn of the loop costs a comparison, not a timer handle. Rings are at least `GRAIN` apart, because at thousands of
calls a second every one of them has deadlines of its own.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Callable

GRAIN: Final = 0.002
"""Least time between two rings, in seconds."""

_NEVER: Final = float("inf")


class Alarm:
    """Calls `ring(now)` when the earliest deadline it was armed for has come."""

    __slots__ = ("_at", "_handle", "_last", "_loop", "_ring")

    def __init__(self, loop: asyncio.AbstractEventLoop, ring: Callable[[float], None]) -> None:
        self._loop = loop
        self._ring = ring
        self._handle: asyncio.TimerHandle | None = None
        self._at = _NEVER
        self._last = -_NEVER

    def arm(self, deadline: float) -> None:
        """Ring at `deadline` (time of the loop) at the latest, apart from the grain."""
        if deadline >= self._at:
            return
        at = max(deadline, self._last + GRAIN)
        if at >= self._at:
            return
        if self._handle is not None:
            self._handle.cancel()
        self._at = at
        self._handle = self._loop.call_at(at, self._rings)

    def cancel(self) -> None:
        """Do not ring any more until armed again."""
        if self._handle is not None:
            self._handle.cancel()
            self._handle = None
        self._at = _NEVER

    def _rings(self) -> None:
        self._handle = None
        self._at = _NEVER
        self._last = now = self._loop.time()
        self._ring(now)
