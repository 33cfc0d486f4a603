"""What sockets ask of an engine: the verbs of `responder.engine.Engine`, so that any core with them can be served."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from responder.errors import ParseError
    from responder.events import Flow, Transmit


class Engine(Protocol):
    """A core without sockets. Times are seconds of the event loop's clock; no verb raises for what a peer did."""

    @property
    def busy(self) -> int:
        """Calls that are not over."""

    def receive(self, data: bytes, flow: Flow, now: float) -> None:
        """One datagram, or one message framed from a stream, came in on `flow`."""

    def rejected(self, error: ParseError, head: bytes, flow: Flow, now: float, rest: bytes = b"") -> None:
        """The stream of `flow` cannot be cut into messages; it is closed when what is said to this is sent."""

    def transmits(self) -> list[Transmit]:
        """What is to be sent now, in order; handed over once."""

    def next_deadline(self) -> float | None:
        """When `handle_timeout` is to be called at the latest."""

    def handle_timeout(self, now: float) -> None:
        """Time has passed."""

    def transport_failed(self, flow: Flow, now: float, reason: str) -> None:
        """Nothing can be sent on this flow."""

    def shutdown(self, now: float) -> None:
        """End what is under way."""
