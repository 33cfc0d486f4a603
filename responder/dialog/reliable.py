"""Reliable provisional responses of one early dialog (RFC 3262 section 3).

Rules
1. Each carries RSeq, the first chosen at random from 1 to 2**31 - 1, later ones one higher.
2. It is sent again at T1, 2*T1, ... (no upper bound on the interval) until its PRACK comes; after 64*T1 the INVITE is
   to be refused with a 5xx.
3. No second one is sent before the first is acknowledged, and no 2xx while one with a session description is not:
   whatever comes meanwhile waits in `queue`.
"""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable

    from responder.events import Flow
    from responder.sip.fields import RAck
    from responder.transaction.layer import TransactionLayer


class ReliableUser(Protocol):
    """Whom the reliable responses belong to."""

    number: int

    def on_provisional_unacknowledged(self, provisionals: ReliableProvisionals) -> None:
        """No PRACK came within 64*T1."""


class ReliableProvisionals:
    """The reliable provisional responses to one INVITE under one To tag."""

    __slots__ = (
        "_data",
        "_flow",
        "_interval",
        "_layer",
        "_pending",
        "_since",
        "_user",
        "carried_sdp",
        "invite_seq",
        "offered",
        "queue",
        "rseq",
    )

    def __init__(
        self,
        *,
        first_rseq: int,
        invite_seq: int,
        user: ReliableUser,
        layer: TransactionLayer,
    ) -> None:
        self.rseq = first_rseq - 1
        self.invite_seq = invite_seq
        self.carried_sdp = False
        """Whether one of them carried a session description: the 2xx then carries none."""
        self.offered = False
        """Whether that was an offer, which the PRACK is to answer (section 5)."""
        self.queue: deque[Callable[[], None]] = deque()
        self._user = user
        self._layer = layer
        self._pending = False
        self._data: bytes | None = None
        self._flow: Flow | None = None
        self._interval = 0.0
        self._since = 0.0

    @property
    def outstanding(self) -> bool:
        """Whether one waits for its PRACK and is sent again until then."""
        return self._data is not None

    @property
    def pending(self) -> bool:
        """Whether a PRACK may still come, for one that is sent again or one overtaken by the final response."""
        return self._pending

    def sent(self, data: bytes, flow: Flow, *, sdp: bool) -> None:
        """The response with the next RSeq went out."""
        self.rseq += 1
        self._pending = True
        self.carried_sdp = self.carried_sdp or sdp
        self._data = data
        self._flow = flow
        self._since = self._layer.wire.now
        self._interval = self._layer.values.t1
        self._layer.timers.set(self._interval, self._since, self, self.rseq)

    def acknowledge(self, rack: RAck) -> bool:
        """A PRACK came; True where it acknowledges the response that waits (RFC 3262 section 3: RSeq, CSeq, method)."""
        if not self._pending or (rack.rseq, rack.cseq, rack.method) != (self.rseq, self.invite_seq, "INVITE"):
            return False
        self._pending = False
        self._data = None
        return True

    def release(self) -> None:
        """Send what had to wait, up to the next that must be acknowledged."""
        while self.queue and not self.outstanding:
            self.queue.popleft()()

    def stop(self) -> None:
        """Nothing is sent any more; a PRACK that is under way is still known (section 3)."""
        self._data = None
        self.queue.clear()

    def on_timer(self, token: Any, now: float) -> None:
        """The interval since the last sending is over."""
        if self._data is None or self._flow is None or token != self.rseq:
            return
        if now - self._since >= self._layer.values.timeout - 1e-6:
            self.stop()
            self._user.on_provisional_unacknowledged(self)
            return
        self._layer.wire.send(self._data, self._flow, self._user.number, again=True)
        self._interval *= 2
        left = self._since + self._layer.values.timeout - now
        self._layer.timers.set(min(self._interval, left), now, self, token)
