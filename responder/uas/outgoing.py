"""Requests of ours, from their making to their final response (RFC 3261 sections 12.2.1, 13.2.2; RFC 3262 section 4).

`Outgoing` is what all of them have in common; `InDialog` is a request within a dialog. Those that begin something new
are in `placing`.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from responder.dialog.dialog import CONFIRMED, OVER
from responder.sip import header_names
from responder.sip.sdp import SdpError
from responder.sip.writer import write
from responder.transaction import fsm
from responder.uas import defaults
from responder.uas.bodies import SDP, session_description_in
from responder.uas.response import DIRECTIONS
from responder.uas.routing import as_request_uri, gruu_of, next_hop, request_uri, routes
from responder.uas.script import Order

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from responder.dialog.dialog import Dialog
    from responder.events import Flow
    from responder.sip.message import Response
    from responder.transaction.client import ClientTransaction
    from responder.uas.call import Call
    from responder.uas.core import UserAgentServer

    Then = Callable[[int, Response | None], None]

_TARGET_REFRESH: Final = frozenset({"INVITE", "UPDATE", "SUBSCRIBE", "NOTIFY"})
"""Methods whose 2xx brings a new remote target (12.2.1.2; RFC 3311 5.1; RFC 6665 4.4.1)."""
_MAKE_CONTACT: Final = _TARGET_REFRESH | {"REFER"}


class Heading(NamedTuple):
    """The lines of a request that say where it goes and what it belongs to."""

    uri: str
    local: str
    """From."""
    remote: str
    """To."""
    call_id: str
    routes: Sequence[str]


def way_of(dialog: Dialog[Call], core: UserAgentServer, now: float) -> tuple[Heading, Flow]:
    """The heading of a request within this dialog, and the flow that it takes (12.2.1.1).

    A GRUU that our registrar gave out leads to the contact behind it (RFC 5627 section 6.1); the domain is ours.
    """
    heading = Heading(request_uri(dialog), dialog.local, dialog.remote, dialog.call_id, routes(dialog))
    flow = next_hop(dialog)
    uri = gruu_of(dialog)
    behind = None if uri is None else core.registrar.behind_gruu(uri, now)
    if behind is None or behind.flow is None:
        return heading, flow
    heading = heading._replace(uri=as_request_uri(behind.contact.uri), routes=behind.path)
    return heading, flow if flow.reliable else behind.flow


class Outgoing(ABC):
    """One request of ours; made and started by `Call.send` and `Call.place`."""

    __slots__ = (
        "_branch",
        "_call",
        "_cancelled",
        "_cancels",
        "_core",
        "_flow",
        "_heading",
        "_offered",
        "_rseqs",
        "_then",
        "_transaction",
        "cseq",
        "dialog",
        "method",
        "number",
        "order",
        "status",
    )

    def __init__(
        self,
        call: Call,
        core: UserAgentServer,
        order: Order,
        flow: Flow,
        heading: Heading,
        cseq: int,
        dialog: Dialog[Call] | None,
        then: Then | None,
    ) -> None:
        self._call = call
        self._core = core
        self._flow = flow
        self._heading = heading
        self._then = then
        self._transaction: ClientTransaction | None = None
        self._branch = core.new_branch()
        self._offered = False
        self._cancels = False
        """Whether it is to be cancelled."""
        self._cancelled = False
        """Whether the CANCEL has been sent."""
        self._rseqs: dict[str, int] = {}
        """The RSeq that a PRACK was sent for last, by the tag of the peer."""
        self.number = call.number
        self.order = order
        self.method = order.method
        self.cseq = cseq
        self.dialog = dialog
        """The dialog it belongs to; for one that makes a dialog None until then."""
        self.status = 0
        """The last status that came, 0 before the first; 408 and 503 stand for no response and no transport."""

    @property
    def open(self) -> bool:
        """Whether its final response is still to come."""
        return self._transaction is not None and self._transaction.open

    @property
    def _secure(self) -> bool:
        """Whether our Contact in it is a SIPS URI (12.1.1)."""
        return self.dialog is not None and self.dialog.secure

    @property
    def _last(self) -> bytes:
        """Our last session description in the dialog."""
        return b"" if self.dialog is None else self.dialog.described

    def _describes(self, description: bytes) -> None:
        """It carries this session description of ours."""
        if self.dialog is not None:
            self.dialog.described = description

    def start(self, scope: Any) -> None:
        """Build and send it."""
        call, core = self._call, self._core
        data = self._build(scope)
        ack = None
        if self.method == "INVITE":
            ack = self._head("ACK", self._heading, self._branch, to="\0")
        fault = self.order.fault or call.fault
        if fault is not None:
            core.faults.arm(data, fault, call.luck or core.luck)
        call.pending += 1
        call.path.append(self.method)
        self._transaction = core.layer.start(
            self._branch, self.method, data, self._flow, self, ack=ack, note=self.order.label
        )

    def _build(self, scope: Any) -> bytes:
        order, core, call = self.order, self._core, self._call
        text = core.builder.text
        fields = self._fields(self.method, self._heading, self._branch)
        if self.method in _MAKE_CONTACT:
            fields.append(("Contact", core.contact(self._flow, secure=self._secure)))
        if self.method == "INVITE":
            fields.append(("Allow", ", ".join(core.settings.capabilities.allow)))
            fields.append(("Supported", ", ".join(core.settings.capabilities.supported)))
        body, content_type = b"", ""
        if order.body is not None:
            body = (
                order.body
                if isinstance(order.body, bytes)
                else text(order.body, scope).encode("utf-8", "surrogateescape")
            )
            content_type = text(order.content_type, scope) if order.content_type is not None else "text/plain"
        elif isinstance(order.sdp, str) and order.sdp in DIRECTIONS:
            body, content_type = core.builder.offer(call, self._flow, order.sdp, self._last), SDP
        elif order.sdp is not None and not isinstance(order.sdp, bool):
            body, content_type = text(order.sdp, scope).encode("utf-8", "surrogateescape"), SDP
        elif order.sdp or (order.sdp is None and self.method == "INVITE"):
            body, content_type = core.builder.offer(call, self._flow, last=self._last), SDP
        self._offered = bool(body) and content_type == SDP
        if self._offered:
            self._describes(body)
        set_here = {header_names.key(name) for name, _ in order.headers}
        fields = [f for f in fields if header_names.key(f[0]) not in set_here | order.removed]
        fields += [(name, text(value, scope)) for name, value in (*order.headers, *order.added)]
        if body and "content-type" not in set_here:
            fields.append(("Content-Type", content_type))
        return write(f"{self.method} {self._heading.uri} SIP/2.0", fields, body)

    def _head(self, method: str, heading: Heading, branch: str, *, to: str, body: bytes = b"") -> bytes:
        fields = self._fields(method, heading._replace(remote=to), branch)
        if body:
            fields.append(("Content-Type", SDP))
        return write(f"{method} {heading.uri} SIP/2.0", fields, body)

    def _fields(self, method: str, heading: Heading, branch: str) -> list[tuple[str, str]]:
        fields = [
            ("Via", f"SIP/2.0/{self._flow.transport} {self._core.host_port(self._flow)};branch={branch};rport"),
            ("Max-Forwards", "70"),
            ("From", heading.local),
            ("To", heading.remote),
            ("Call-ID", heading.call_id),
            ("CSeq", f"{self.cseq} {method}"),
        ]
        return fields + [("Route", route) for route in heading.routes]

    # an INVITE: CANCEL, PRACK, ACK

    def cancel(self) -> None:
        """Cancel our INVITE (9.1): as soon as a provisional response has come, not before; nothing once it is over."""
        transaction = self._transaction
        if self.method != "INVITE" or transaction is None or not transaction.open or self._cancels:
            return
        self._cancels = True
        if transaction.state == fsm.PROCEEDING:
            self._send_cancel()

    def _provisional(self, response: Response, dialog: Dialog[Call] | None) -> None:
        """A 1xx came."""
        if self._cancels and not self._cancelled:
            self._send_cancel()
        if dialog is not None and self.method == "INVITE":
            self._prack(response, dialog)
        self._call.responded(self, response)

    def _send_cancel(self) -> None:
        call, core = self._call, self._core
        self._cancelled = True
        call.path.append("CANCEL")
        data = self._head("CANCEL", self._heading, self._branch, to=self._heading.remote)
        core.layer.start(self._branch, "CANCEL", data, self._flow, _Unheard(self.number), note="cancel")
        # 9.1: an INVITE whose final response stays away for 64*T1 after its CANCEL is over
        self.expire_soon()

    def _prack(self, response: Response, dialog: Dialog[Call]) -> None:
        """A reliable provisional response gets its PRACK (RFC 3262 section 4); one out of order or seen before none."""
        if "require" not in response.shape.index or "rseq" not in response.shape.index:
            return
        value = response.first("rseq") or ""
        last = self._rseqs.get(dialog.remote_tag)
        if "100rel" not in response.require or not (value.isascii() and value.isdecimal() and len(value) <= 10):
            return
        number = int(value)
        if last is not None and number != last + 1:
            return
        self._rseqs[dialog.remote_tag] = number
        body, offer = None, None if self._offered else session_description_in(response)
        if offer is not None:
            body = self._answer(offer, dialog)
            self._offered = True  # section 5: the exchange is complete, the ACK carries nothing
        order = Order(
            "PRACK",
            headers=(("RAck", f"{number} {self.cseq} INVITE"),),
            body=body,
            content_type=SDP if body else None,
            label="built-in",
        )
        self._call.send(order, dialog=dialog)

    def _acknowledge(self, response: Response, dialog: Dialog[Call]) -> bytes:
        """Send the ACK for a 2xx (13.2.2.4): a request of its own, to the target that the 2xx gave."""
        core = self._core
        heading, self._flow = way_of(dialog, core, self._call.now)
        offer = None if self._offered else session_description_in(response)
        answer = b"" if offer is None else self._answer(offer, dialog)
        ack = self._head("ACK", heading, core.new_branch(), to=dialog.remote, body=answer)
        core.wire.send(ack, self._flow, self.number)
        return ack

    def _answer(self, offer: bytes, dialog: Dialog[Call]) -> bytes:
        try:
            dialog.described = self._core.builder.answer(self._call, self._flow, offer)
            return dialog.described
        except SdpError as error:
            self._call.note("deviation", f"the offer cannot be answered: {error.what}")
            return b""

    # client transaction user

    @abstractmethod
    def on_response(self, transaction: ClientTransaction, response: Response) -> None:
        """A response came."""

    def on_client_failed(self, transaction: ClientTransaction, *, timed_out: bool) -> None:
        """No response came (408), or the transport failed (503): RFC 3261 section 8.1.3.1."""
        self.status = 408 if timed_out else 503
        self._finish(None)

    def expire_soon(self) -> None:
        """Nobody waits for more than 64*T1 any longer: the dialog is over, or the request was cancelled."""
        layer = self._core.layer
        layer.timers.set(layer.timeout, layer.wire.now, self)

    def on_timer(self, token: Any, now: float) -> None:
        """Nothing has come in that time."""
        if self._transaction is not None and self._transaction.open:
            self._transaction.abandon()

    def _finish(self, response: Response | None) -> None:
        """The final response is there, or none will come: tell the script."""
        self._call.responded(self, response)
        if self._then is not None:
            self._then(self.status, response)


class InDialog(Outgoing):
    """A request of ours within a dialog."""

    __slots__ = ("_ack",)

    dialog: Dialog[Call]

    def __init__(
        self, call: Call, core: UserAgentServer, dialog: Dialog[Call], order: Order, then: Then | None
    ) -> None:
        dialog.local_seq += 1
        heading, flow = way_of(dialog, core, call.now)
        super().__init__(call, core, order, flow, heading, dialog.local_seq, dialog, then)
        self._ack: bytes | None = None

    def start(self, scope: Any) -> None:
        """Build and send it."""
        if self.method == "INVITE":
            if self.dialog.inviting is not None:
                self.dialog.inviting.expire_soon()  # the script does not wait for it (14.1 would)
            self.dialog.inviting = self
        elif self.method == "BYE":
            self.dialog.leaving = True
        elif self.method == "REFER":
            self._call.referring(self.dialog)
        super().start(scope)

    def _build(self, scope: Any) -> bytes:
        data = super()._build(scope)
        if self._offered and self.method == "UPDATE":
            self.dialog.updating = True
        return data

    def on_response(self, transaction: ClientTransaction, response: Response) -> None:
        """Acknowledge a 2xx to INVITE, keep the dialog's state, tell the script."""
        self.status = response.status
        call, dialog = self._call, self.dialog
        if response.status < 200:
            self._provisional(response, dialog)
            return
        if response.status < 300:
            if self._ack is not None:
                # 13.2.2.4: every copy of the 2xx gets the ACK again
                self._core.wire.send(self._ack, self._flow, self.number, again=True)
                return
            contacts = response.contacts if self.method in _TARGET_REFRESH else None
            if contacts:
                dialog.target = str(contacts[0].uri)  # 12.2.1.2
            if self.method == "INVITE":
                self._ack = self._acknowledge(response, dialog)
            if self._then is None and self.method in ("INVITE", "UPDATE"):
                call.timer_granted(dialog, response)
        self._finish(response)

    def _finish(self, response: Response | None) -> None:
        call, dialog = self._call, self.dialog
        if dialog.inviting is self:
            dialog.inviting = None
        elif self.method == "UPDATE":
            dialog.updating = False
        if self.method == "BYE":
            call.session_ended(dialog)  # 15.1.1: whatever comes back, and before the script does anything else
        elif self.method == "REFER" and (response is None or _makes_no_subscription(response)):
            call.referred(dialog)
        super()._finish(response)
        if (
            self.status in (408, 481)
            and dialog.state != OVER
            and not dialog.leaving
            # RFC 5057 5.1: of a NOTIFY they end the subscription only, which sees to its dialog itself
            and (self.method != "NOTIFY" or (self._then is None and not dialog.of_invite))
        ):
            # 12.2.1.2: the dialog is to be ended, where an INVITE made it by a BYE
            if dialog.of_invite and dialog.state == CONFIRMED:
                call.send(defaults.BYE, dialog=dialog)
            else:
                call.terminate(dialog)
        call.outgoing_over(self)


def _makes_no_subscription(response: Response) -> bool:
    """Whether a REFER with this final response is followed by no NOTIFY (RFC 3515 2.4.4, RFC 4488 section 4)."""
    return response.status >= 300 or (response.first("refer-sub") or "").strip().lower().startswith("false")


class _Unheard:
    """The user of a CANCEL of ours: what comes back changes nothing, the INVITE's own response counts (9.1)."""

    __slots__ = ("number",)

    def __init__(self, number: int) -> None:
        self.number = number

    def on_response(self, transaction: ClientTransaction, response: Response) -> None:
        """Nothing hangs on it."""

    def on_client_failed(self, transaction: ClientTransaction, *, timed_out: bool) -> None:
        """Nothing hangs on it."""
