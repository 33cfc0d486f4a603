"""What goes wrong on purpose with messages of ours, as `transaction.fault.Fault` says: running state apart from settings.

Only messages that were armed take this way; while there are none, the wire does not even ask.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from responder.events import Flow
    from responder.registry import Ids
    from responder.transaction.fault import Fault
    from responder.transaction.timers import Timers
    from responder.transaction.wire import Wire


class Faults:
    """Makes the faults of armed messages happen (`transaction.fault.FaultInjector`).

    `wire` is what messages go out on, `timers` bring delayed ones back, `ids` is where what corruptions draw comes from.
    """

    def __init__(self, wire: Wire, timers: Timers, ids: Ids) -> None:
        self._wire = wire
        self._timers = timers
        self._ids = ids

    def arm(self, data: bytes, fault: Fault, luck: Callable[[], float]) -> None:
        """See `FaultInjector.arm`."""

    def send(self, data: bytes, flow: Flow, call: int, *, again: bool, note: str) -> bool:
        """See `FaultInjector.send`."""
        return False
