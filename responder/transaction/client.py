"""Client transactions (RFC 3261 section 17.1, RFC 6026 section 7.2): the requests that the responder sends itself."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, Protocol

from responder.transaction import fsm

if TYPE_CHECKING:
    from responder.events import Flow
    from responder.sip.message import Response
    from responder.transaction.layer import TransactionLayer

_COMPLETED_UNRELIABLE: Final = 32.0
"""Timer D is at least 32 s for unreliable transports whatever T1 is (17.1.1.2)."""


class ClientUser(Protocol):
    """The transaction user of a client transaction."""

    number: int

    def on_response(self, transaction: ClientTransaction, response: Response) -> None:
        """A response for the user: every 1xx, the first 300-699, every 2xx."""

    def on_client_failed(self, transaction: ClientTransaction, *, timed_out: bool) -> None:
        """Timer B or F fired, or the transport failed: to be treated as 408 or 503 (8.1.3.1)."""


class ClientTransaction:
    """One request of ours and its responses. Made by `TransactionLayer.start`."""

    __slots__ = ("_ack", "_interval", "_layer", "_table", "branch", "data", "flow", "method", "state", "user")

    def __init__(
        self,
        layer: TransactionLayer,
        branch: str,
        method: str,
        data: bytes,
        flow: Flow,
        user: ClientUser,
        ack: bytes | None,
    ) -> None:
        self._layer = layer
        self.branch = branch
        self.method = method
        self.data = data
        self.flow = flow
        self.user: ClientUser | None = user
        self._ack = ack
        invite = method == "INVITE"
        self._table = fsm.INVITE_CLIENT if invite else fsm.NON_INVITE_CLIENT
        self.state = fsm.CALLING if invite else fsm.TRYING
        self._interval = layer.values.t1

    @property
    def open(self) -> bool:
        """Whether no final response has come yet."""
        return self.state in (fsm.CALLING, fsm.TRYING, fsm.PROCEEDING)

    def start(self, note: str = "") -> None:
        """Send the request; timers A or E (unreliable transports only) and B or F start."""
        layer = self._layer
        self._transmit(self.data, note=note)
        if not self.flow.reliable:
            layer.timers.set(self._interval, layer.wire.now, self, fsm.RETRANSMIT)
        layer.timers.set(layer.timeout, layer.wire.now, self, fsm.TIMEOUT)

    def _transmit(self, data: bytes, *, again: bool = False, note: str = "") -> None:
        self._layer.wire.send(data, self.flow, self.user.number if self.user else 0, again=again, note=note)

    def receive(self, response: Response) -> None:
        """A response matched this transaction (17.1.3)."""
        status = response.status
        event = fsm.RECEIVE_1XX if status < 200 else fsm.RECEIVE_2XX if status < 300 else fsm.RECEIVE_FAILURE
        step = self._table.get((self.state, event))
        if step is None:
            return
        following, action = step
        if action in (fsm.ACKNOWLEDGE, fsm.PASS_UP_AND_ACKNOWLEDGE):
            self._acknowledge(response)
        user = self.user
        if following != self.state:
            self._enter(following)
        if user is not None and action in (fsm.PASS_UP, fsm.PASS_UP_AND_ACKNOWLEDGE):
            user.on_response(self, response)

    def _acknowledge(self, response: Response) -> None:
        # 17.1.1.3: the ACK is the INVITE's copy but for the method and the To of the response
        if self._ack is not None:
            to = (response.first("to") or "").encode("utf-8", "surrogateescape")
            self._transmit(self._ack.replace(b"\0", to))

    def _enter(self, state: int) -> None:
        self.state = state
        layer = self._layer
        if state == fsm.COMPLETED:
            if self.flow.reliable:
                self._terminate()  # timers D and K are zero on reliable transports
            elif self.method == "INVITE":
                layer.timers.set(max(_COMPLETED_UNRELIABLE, layer.timeout), layer.wire.now, self, fsm.EXPIRE)
            else:
                layer.timers.set(layer.values.t4, layer.wire.now, self, fsm.EXPIRE)
        elif state == fsm.ACCEPTED:
            layer.timers.set(layer.timeout, layer.wire.now, self, fsm.EXPIRE)  # Timer M, RFC 6026 8.4
        elif state == fsm.TERMINATED:
            self._terminate()

    def _terminate(self) -> None:
        self.state = fsm.TERMINATED
        self._layer.clients.pop((self.branch, self.method), None)
        self.user = None

    def abandon(self) -> None:
        """Wait no longer: the user is told as by a timeout."""
        user = self.user
        self._terminate()
        if user is not None:
            user.on_client_failed(self, timed_out=True)

    def transport_failed(self) -> None:
        """The request could not be delivered (17.1.4)."""
        self._fail(fsm.TRANSPORT_ERROR, timed_out=False)

    def _fail(self, event: int, *, timed_out: bool) -> None:
        if (self.state, event) in self._table:
            # an ACK that cannot be delivered (17.1.1.2, "Completed") is no second end of the request
            user = self.user if self.open else None
            self._terminate()
            if user is not None:
                user.on_client_failed(self, timed_out=timed_out)

    def on_timer(self, token: Any, now: float) -> None:
        """A deadline of this transaction has passed."""
        if token == fsm.RETRANSMIT:
            if (self.state, fsm.RETRANSMIT) in self._table:
                layer = self._layer
                self._transmit(self.data, again=True)
                if self.state == fsm.CALLING:
                    self._interval *= 2  # Timer A has no cap (17.1.1.2)
                elif self.state == fsm.PROCEEDING:
                    self._interval = layer.values.t2  # 17.1.2.2
                else:
                    self._interval = layer.values.next_interval(self._interval)
                layer.timers.set(self._interval, now, self, fsm.RETRANSMIT)
        elif token == fsm.TIMEOUT:
            self._fail(fsm.TIMEOUT, timed_out=True)
        elif token == fsm.EXPIRE and self.state in (fsm.COMPLETED, fsm.ACCEPTED):
            self._terminate()
