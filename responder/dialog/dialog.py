"""A dialog as its UAS keeps it (RFC 3261 section 12) and the 2xx that is sent again until its ACK comes (13.3.1.4).

Rules
1. The state is built when a response with a To tag creates it (12.1.1): route set from Record-Route in the order of the
   request, remote target from its Contact, remote sequence number from its CSeq.
2. The 2xx to an INVITE is the core's to retransmit, on every transport, at T1 doubling up to T2, for 64*T1; then the
   user is told and says BYE (13.3.1.4).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, Generic, Protocol, TypeVar

from responder.registry.derive import secure_contact

if TYPE_CHECKING:
    from responder.dialog.reliable import ReliableProvisionals
    from responder.events import Flow
    from responder.sip.message import Message, Request
    from responder.transaction.layer import TransactionLayer

EARLY: Final = 0
CONFIRMED: Final = 1
OVER: Final = 2


class DialogUser(Protocol):
    """Whom a dialog belongs to."""

    number: int

    def on_accept_unacknowledged(self, dialog: Any) -> None:
        """No ACK came for a 2xx within 64*T1."""


User = TypeVar("User", bound=DialogUser)


class Dialog(Generic[User]):
    """One dialog; created by the UAS core when it sends a response that makes one."""

    __slots__ = (
        "_final",
        "_final_flow",
        "_final_interval",
        "_final_since",
        "_layer",
        "_request",
        "_target",
        "call_id",
        "described",
        "final_seq",
        "flow",
        "hang_up_when_acknowledged",
        "inviting",
        "key",
        "leaving",
        "local_seq",
        "local_tag",
        "referred",
        "referred_until",
        "reliable",
        "remote_seq",
        "remote_tag",
        "session_over",
        "state",
        "timer",
        "updating",
        "user",
    )

    def __init__(
        self,
        request: Request,
        call_id: str,
        local_tag: str,
        remote_tag: str,
        cseq: int,
        flow: Flow,
        user: User,
        layer: TransactionLayer,
    ) -> None:
        self.user = user
        self._layer = layer
        self.flow = flow
        """Where its requests came from: where ours go when the target cannot be reached by an address of its own."""
        self.call_id = call_id
        self.local_tag = local_tag
        self.remote_tag = remote_tag
        self.key = (call_id, local_tag)
        """Call-ID and our tag: what a request of the peer finds it by (the peer's tag is compared then)."""
        self._request = request
        """The request that made it: a request of ours reads route set, target and the rest from it."""
        self._target: str | None = None
        self.local_seq = 0
        self.remote_seq = cseq
        self.state = EARLY
        self.reliable: ReliableProvisionals | None = None
        self.described = b""
        """Our last session description in it: the next offer has its streams (RFC 3264 section 8)."""
        self.session_over = False
        """Whether a BYE has ended the session, and only subscriptions are left of the dialog (RFC 5057 section 4)."""
        self.referred = 0
        """REFERs of ours in it whose last NOTIFY has not come."""
        self.referred_until = 0.0
        """Until when that NOTIFY is awaited."""
        self.hang_up_when_acknowledged = False
        self.inviting: Any = None
        """The INVITE of ours that is under way in it (14.2: the peer's then gets 491)."""
        self.leaving = False
        """Whether a BYE of ours has gone out in it."""
        self.timer: Any = None
        """The session timer, where one was agreed upon (RFC 4028)."""
        self.updating = False
        """Whether an UPDATE of ours with an offer is under way (RFC 3311 section 5.2)."""
        self.final_seq = 0
        self._final: bytes | None = None
        self._final_flow = flow
        self._final_interval = 0.0
        self._final_since = 0.0

    @property
    def local(self) -> str:
        """Our From in requests of ours."""
        to = self._request.first("to") or ""
        return to if ";tag=" in to else f"{to};tag={self.local_tag}"

    @property
    def remote(self) -> str:
        """Our To in requests of ours."""
        return self._request.first("from") or ""

    @property
    def of_invite(self) -> bool:
        """Whether there is a session in it: an INVITE made it, and no BYE has ended that."""
        return self._request.method == "INVITE" and not self.session_over

    @property
    def secure(self) -> bool:
        """Whether our Contact in it is a SIPS URI (12.1.1)."""
        return secure_contact(self._request)

    def peer_allows(self, method: str) -> bool:
        """Whether the peer said in the request that made the dialog that it takes this method (20.5)."""
        return method in self._request.every("allow")

    @property
    def route_set(self) -> list[str]:
        """The Record-Route values of the request, in its order (12.1.1)."""
        return self._request.every("record-route")

    @property
    def target(self) -> str:
        """The remote target: the URI of the peer's Contact, empty where it gave none."""
        if self._target is None:
            self._target = contact_uri(self._request)
        return self._target

    @target.setter
    def target(self, uri: str) -> None:
        self._target = uri

    def refresh_target(self, request: Request) -> None:
        """A target refresh request got its 2xx (12.2.2)."""
        self.target = contact_uri(request) or self.target

    # 13.3.1.4: the 2xx until its ACK

    def accept(self, data: bytes, flow: Flow, cseq: int) -> None:
        """A 2xx to the INVITE with this CSeq number was sent: confirm, and send it again until the ACK comes."""
        self.state = CONFIRMED
        self.final_seq = cseq
        self._final = data
        self._final_flow = flow
        layer = self._layer
        now = self._final_since = layer.wire.now
        interval = self._final_interval = layer.values.t1
        layer.timers.set(interval, now, self, cseq)

    @property
    def awaits_ack(self) -> bool:
        """Whether a 2xx is still being sent again."""
        return self._final is not None

    def acknowledged(self, cseq: int) -> bool:
        """An ACK with this CSeq number came; True where it is the first for the 2xx at hand."""
        if self._final is None or cseq != self.final_seq:
            return False
        self._final = None
        return True

    def on_timer(self, token: Any, now: float) -> None:
        """T1, 2*T1, ... are over since the 2xx."""
        if self._final is None or token != self.final_seq or self.state == OVER:
            return
        layer = self._layer
        if now - self._final_since >= layer.timeout - 1e-6:
            self._final = None
            self.user.on_accept_unacknowledged(self)
            return
        layer.wire.send(self._final, self._final_flow, self.user.number, again=True)
        self._final_interval = layer.values.next_interval(self._final_interval)
        left = self._final_since + layer.timeout - now
        layer.timers.set(min(self._final_interval, left), now, self, token)

    def end(self) -> None:
        """The dialog is over; nothing is sent again any more."""
        self.state = OVER
        self.end_session()

    def end_session(self) -> None:
        """The session in it is over: nothing of that is sent again any more."""
        self.session_over = True
        self._final = None
        if self.reliable is not None:
            self.reliable.stop()
        if self.timer is not None:
            self.timer.stop()


def contact_uri(message: Message) -> str:
    """The URI of the message's first Contact as written, empty where there is none."""
    value = message.first("contact")
    if value is None:
        return ""
    start = value.find("<")
    if start >= 0:
        return value[start + 1 : value.find(">", start)]
    return value.partition(";")[0].partition(",")[0].strip()
