"""What transactions send through: the list of bytes to go out, and the events about them where somebody observes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from responder.events import MessageSent

if TYPE_CHECKING:
    from responder.events import Event, Flow, Transmit


class Wire:
    """Outgoing bytes in order, drained by the engine after every step.

    `now` is the engine's time of the step; `events` collects what observers want to hear; `observing` says whether
    messages are among that.
    """

    __slots__ = ("events", "now", "observing", "out")

    def __init__(self, *, observing: bool = False) -> None:
        self.out: list[Transmit] = []
        self.events: list[Event] = []
        self.observing = observing
        self.now = 0.0

    def send(self, data: bytes, flow: Flow, call: int, *, again: bool = False, note: str = "") -> None:
        """Queue `data` for `flow` on behalf of call number `call`; `again` marks a retransmission."""
        self.out.append((data, flow))
        if self.observing:
            self.events.append(MessageSent(self.now, flow, data, call, again, note))
