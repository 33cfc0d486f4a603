"""Server transactions (RFC 3261 section 17.2, RFC 6026 section 7.1, RFC 4320 section 4).

One class serves both kinds: the table of `fsm` says whether an event counts in a state and which state follows, this
file sends, and sets the timers on entering a state. A finished transaction shrinks to its key and its last bytes,
because it stays for another 64*T1 only to answer retransmissions.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, Protocol

from responder.events import MessageSent
from responder.transaction import fsm
from responder.transaction.timers import TRYING_AFTER

if TYPE_CHECKING:
    from responder.events import Flow
    from responder.sip.message import Request
    from responder.transaction.key import Key
    from responder.transaction.layer import TransactionLayer

_INVITE: Final = fsm.compiled(fsm.INVITE_SERVER)
_NON_INVITE: Final = fsm.compiled(fsm.NON_INVITE_SERVER)

TRYING_DUE: Final = 100
"""Timer token: 200 ms are over (INVITE, 17.2.1), or Timer E of the client has reached T2 (others, RFC 4320 4.1)."""


class ServerUser(Protocol):
    """The transaction user of a server transaction."""

    number: int

    def on_ack(self, transaction: ServerTransaction, request: Request) -> None:
        """The ACK for a 300-699 arrived, once; or an ACK on the INVITE's own branch in state Accepted."""

    def on_no_ack(self, transaction: ServerTransaction) -> None:
        """No ACK came for a 300-699 before Timer H."""

    def on_trying(self, transaction: ServerTransaction) -> None:
        """A 100 is due because nothing else was sent."""


class ServerTransaction:
    """One request and the responses to it. Made by `TransactionLayer.open`."""

    __slots__ = (
        "_layer",
        "_steps",
        "call_id",
        "cseq",
        "dialog",
        "flow",
        "head",
        "identity",
        "interval",
        "key",
        "last",
        "last_sent",
        "last_status",
        "method",
        "received",
        "request",
        "rest",
        "source",
        "state",
        "tag",
        "tagged",
        "templates",
        "uri",
        "user",
    )

    def __init__(
        self, layer: TransactionLayer, key: Key, request: Request, flow: Flow, source: Flow, head: str, rest: str
    ) -> None:
        self._layer = layer
        self.key = key
        method = request.method
        self.method = method
        self.request = request
        self.flow = flow
        """Where responses go (18.2.2, RFC 3581)."""
        self.source = source
        """Where the request came from."""
        self.head = head
        self.rest = rest
        """The lines that responses copy: up to the value of To, and from the end of that line on."""
        self.received = layer.wire.now
        """When the request came, on the engine's clock."""
        self.uri = request.uri
        self.cseq = 0
        """CSeq number; 0 where it cannot be read."""
        self.call_id = ""
        self.identity: tuple[object, ...] | None = None
        """What 8.2.2.2 compares; set where the request is well-formed and has no To tag."""
        self.tagged = False
        """Whether the request's To has a tag."""
        self.tag = ""
        """The To tag of our responses where the request had none."""
        self.dialog: Any = None
        """The dialog that the request came in, for the user."""
        self.templates: Any = None
        """What the user keeps prepared for responses to requests like this."""
        self.last: bytes | None = None
        self.last_status = 0
        self.last_sent = 0.0
        """When the last response was first sent."""
        self.user: ServerUser | None = None
        self.interval = 0.0
        if method == "INVITE":
            self._steps = _INVITE
            self.state = fsm.PROCEEDING
        else:
            self._steps = _NON_INVITE
            self.state = fsm.TRYING

    @property
    def open(self) -> bool:
        """Whether a response can still be sent."""
        return self.state == fsm.PROCEEDING or self.state == fsm.TRYING

    def respond(self, data: bytes, status: int, note: str = "") -> bool:
        """Send a response built by the UAS core; False where the state forbids one (a final was sent before)."""
        event = fsm.SEND_1XX if status < 200 else fsm.SEND_2XX if status < 300 else fsm.SEND_FAILURE
        step = self._steps[self.state << 4 | event]
        if step is None:
            return False
        layer = self._layer
        wire = layer.wire
        self.last_status = status
        self.last_sent = wire.now
        self.last = data
        if wire.clear:  # what `send` would do, without two calls
            wire.out.append((data, self.flow))
            if wire.observing:
                user = self.user
                number = user.number if user is not None else 0
                wire.events.append(MessageSent(wire.now, self.flow, data, number, False, note))
        else:
            user = self.user
            wire.send(data, self.flow, user.number if user is not None else 0, note=note)
        if step[0] != self.state:
            self._enter(step[0], layer)
        return True

    def _enter(self, state: int, layer: TransactionLayer) -> None:
        self.state = state
        values, timers, now = layer.values, layer.timers, layer.wire.now
        reliable = self.flow.reliable
        if state == fsm.COMPLETED:
            if self.method != "INVITE":
                # 17.2.2: "Timer J to fire in 64*T1 seconds for unreliable transports, and zero seconds for reliable"
                if reliable:
                    self._terminate()
                else:
                    timers.set(layer.timeout, now, self, fsm.EXPIRE)
                    self._shrink()
                return
            if not reliable:
                self.interval = values.t1
                timers.set(values.t1, now, self, fsm.RETRANSMIT)
            timers.set(layer.timeout, now, self, fsm.TIMEOUT)
        elif state == fsm.ACCEPTED:
            self.last = None  # RFC 6026 7.1: the 2xx is the core's to send again
            timers.set(layer.timeout, now, self, fsm.EXPIRE)
        elif state == fsm.CONFIRMED:
            # 17.2.1: Timer I is T4 for unreliable transports and zero for reliable ones
            if reliable:
                self._terminate()
            else:
                timers.set(values.t4, now, self, fsm.EXPIRE)
                self._shrink()
        elif state == fsm.TERMINATED:
            self._terminate()

    def _shrink(self) -> None:
        self.request = None  # type: ignore[assignment]  # nobody asks a finished transaction for its request
        self.dialog = self.templates = self.user = None
        self.head = self.rest = ""

    def _terminate(self) -> None:
        self.state = fsm.TERMINATED
        self._layer.forget(self)
        self._shrink()
        self.last = None

    @property
    def answered_tag(self) -> str:
        """The To tag of the last response: what the ACK of an RFC 2543 peer must carry (17.2.3)."""
        lines = (self.last or b"").decode("utf-8", "surrogateescape").split("\r\n")
        to = next((line for line in lines if line[:3] == "To:"), "")
        return to.rpartition(";tag=")[2] if ";tag=" in to else ""

    def release(self) -> None:
        """The user has no more to say: an accepted INVITE now only absorbs its retransmissions."""
        self._shrink()

    def repeats(self, request: Request, source: Flow) -> bool:
        """Whether a request with the same key is the same again, and not a new one under a branch used before.

        Nobody repeats a request on another connection: there it is a new one (its answer belongs there: 18.2.2).
        """
        return request.uri == self.uri and source.connection == self.source.connection

    def retransmitted(self) -> None:
        """The same request came again."""
        step = self._steps[self.state << 4 | fsm.REQUEST]
        if step is not None and self.last is not None:
            self._send_again()

    def _send_again(self) -> None:
        if self.last is not None:
            user = self.user
            self._layer.wire.send(self.last, self.flow, user.number if user is not None else 0, again=True)

    def acknowledged(self, request: Request) -> None:
        """An ACK matched this INVITE."""
        step = self._steps[self.state << 4 | fsm.ACK]
        if step is None:
            return
        user = self.user
        if step[0] != self.state:
            self._enter(step[0], self._layer)
        if user is not None:
            user.on_ack(self, request)

    def arm_trying(self) -> None:
        """Nothing was sent yet: see to it that a 100 goes out when the RFCs want one."""
        layer = self._layer
        delay = TRYING_AFTER if self.method == "INVITE" else layer.non_invite_trying_after
        layer.timers.set(delay, layer.wire.now, self, TRYING_DUE)

    def on_timer(self, token: Any, now: float) -> None:
        """A deadline of this transaction has passed."""
        if token == fsm.EXPIRE:
            if self._steps[self.state << 4 | fsm.EXPIRE] is not None:
                self._terminate()
        elif token == TRYING_DUE:
            if not self.last_status and self.open and self.user is not None:
                self.user.on_trying(self)
        elif token == fsm.RETRANSMIT:
            if self._steps[self.state << 4 | fsm.RETRANSMIT] is not None:
                layer = self._layer
                self._send_again()
                self.interval = layer.values.next_interval(self.interval)
                layer.timers.set(self.interval, now, self, fsm.RETRANSMIT)
        elif token == fsm.TIMEOUT:
            step = self._steps[self.state << 4 | fsm.TIMEOUT]
            user = self.user
            if step is not None:
                self._terminate()
                if user is not None:
                    user.on_no_ack(self)
