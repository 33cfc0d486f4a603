"""What transactions send through: the list of bytes to go out, and the events about them where somebody observes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from responder.events import MessageSent

if TYPE_CHECKING:
    from responder.events import Event, Flow, Transmit
    from responder.transaction.fault import FaultInjector


class Wire:
    """Outgoing bytes in order, drained by the engine after every step.

    `now` is the engine's time of the step; `events` collects what observers want to hear; `observing` says whether
    messages are among that.
    """

    __slots__ = ("_faults", "clear", "events", "now", "observing", "out", "plain")

    def __init__(self, *, observing: bool = False) -> None:
        self.out: list[Transmit] = []
        self.events: list[Event] = []
        self.observing = observing
        self.clear = True
        """Whether no fault is in the way of a message."""
        self.plain = not observing
        """Whether, besides, nobody is interested in what is sent, so that it may be put into `out` straight away."""
        self.now = 0.0
        self._faults: FaultInjector | None = None

    def through(self, faults: FaultInjector | None) -> None:
        """From now on messages go through this injector, or None any more."""
        self._faults = faults
        self.clear = faults is None
        self.plain = self.clear and not self.observing

    def send(self, data: bytes, flow: Flow, call: int, *, again: bool = False, note: str = "") -> None:
        """Queue `data` for `flow` on behalf of call number `call`; `again` marks a retransmission."""
        faults = self._faults
        if faults is None or not faults.send(data, flow, call, again=again, note=note):
            self.emit(data, flow, call, again=again, note=note)

    def emit(self, data: bytes, flow: Flow, call: int, *, again: bool = False, note: str = "") -> None:
        """The same with no fault in its way."""
        self.out.append((data, flow))
        if self.observing:
            self.events.append(MessageSent(self.now, flow, data, call, again, note))
