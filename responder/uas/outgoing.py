"""A request of ours within a dialog (RFC 3261 section 12.2.1), from its making to its final response."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from responder.dialog.dialog import CONFIRMED, OVER
from responder.sip import header_names
from responder.sip.sdp import SdpError
from responder.sip.writer import write
from responder.uas import defaults
from responder.uas.bodies import SDP, session_description_in
from responder.uas.response import DIRECTIONS
from responder.uas.routing import next_hop, request_uri, routes

if TYPE_CHECKING:
    from collections.abc import Callable

    from responder.dialog.dialog import Dialog
    from responder.events import Flow
    from responder.sip.message import Response
    from responder.transaction.client import ClientTransaction
    from responder.uas.call import Call
    from responder.uas.core import UserAgentServer
    from responder.uas.script import Order

_TARGET_REFRESH: Final = frozenset({"INVITE", "UPDATE", "SUBSCRIBE", "NOTIFY"})
"""Methods whose 2xx brings a new remote target (12.2.1.2; RFC 3311 5.1; RFC 6665 4.4.1)."""


class Outgoing:
    """One request of ours; `Call.send` makes and starts it."""

    __slots__ = (
        "_ack",
        "_call",
        "_core",
        "_flow",
        "_offered",
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
        dialog: Dialog[Call],
        order: Order,
        then: Callable[[int, Response | None], None] | None,
    ) -> None:
        self._then = then
        self._call = call
        self._core = core
        self._transaction: ClientTransaction | None = None
        self._ack: bytes | None = None
        self._offered = False
        self._flow: Flow = dialog.flow
        self.number = call.number
        self.dialog = dialog
        self.order = order
        self.method = order.method
        dialog.local_seq += 1
        self.cseq = dialog.local_seq
        self.status = 0
        """The last status that came, 0 before the first; 408 and 503 stand for no response and no transport."""

    @property
    def open(self) -> bool:
        """Whether its final response is still to come."""
        return self._transaction is not None and self._transaction.open

    def start(self, scope: Any) -> None:
        """Build and send it."""
        call, core, dialog = self._call, self._core, self.dialog
        self._flow = next_hop(dialog)
        branch = core.new_branch()
        data = self._build(branch, scope)
        ack = None
        if self.method == "INVITE":
            dialog.inviting = self
            ack = self._head("ACK", branch, to="\0")
        fault = self.order.fault or call.fault
        if fault is not None:
            core.faults.arm(data, fault, call.luck or core.luck)
        call.pending += 1
        call.path.append(self.method)
        self._transaction = core.layer.start(
            branch, self.method, data, self._flow, self, ack=ack, note=self.order.label
        )

    def _build(self, branch: str, scope: Any) -> bytes:
        order, core, call = self.order, self._core, self._call
        text = core.builder.text
        fields = self._fields(self.method, branch, self.dialog.remote)
        if self.method in _TARGET_REFRESH or self.method == "REFER":
            fields.append(("Contact", core.contact(self._flow, secure=self.dialog.secure)))
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
            body, content_type = core.builder.offer(call, self._flow, order.sdp), SDP
        elif order.sdp is not None and not isinstance(order.sdp, bool):
            body, content_type = text(order.sdp, scope).encode("utf-8", "surrogateescape"), SDP
        elif order.sdp or (order.sdp is None and self.method == "INVITE"):
            body, content_type = core.builder.offer(call, self._flow), SDP
        self._offered = content_type == SDP
        if self._offered and self.method == "UPDATE":
            self.dialog.updating = True
        set_here = {header_names.key(name) for name, _ in order.headers}
        fields = [f for f in fields if header_names.key(f[0]) not in set_here | order.removed]
        fields += [(name, text(value, scope)) for name, value in (*order.headers, *order.added)]
        if body and "content-type" not in set_here:
            fields.append(("Content-Type", content_type))
        return write(f"{self.method} {request_uri(self.dialog)} SIP/2.0", fields, body)

    def _head(self, method: str, branch: str, *, to: str, body: bytes = b"") -> bytes:
        fields = self._fields(method, branch, to)
        if body:
            fields.append(("Content-Type", SDP))
        return write(f"{method} {request_uri(self.dialog)} SIP/2.0", fields, body)

    def _fields(self, method: str, branch: str, to: str) -> list[tuple[str, str]]:
        dialog, core = self.dialog, self._core
        fields = [
            ("Via", f"SIP/2.0/{self._flow.transport} {core.host_port(self._flow)};branch={branch};rport"),
            ("Max-Forwards", "70"),
            ("From", dialog.local),
            ("To", to),
            ("Call-ID", dialog.call_id),
            ("CSeq", f"{self.cseq} {method}"),
        ]
        return fields + [("Route", route) for route in routes(dialog)]

    # client transaction user

    def on_response(self, transaction: ClientTransaction, response: Response) -> None:
        """A response came: acknowledge a 2xx to INVITE, keep the dialog's state, tell the script."""
        self.status = response.status
        call, dialog = self._call, self.dialog
        if response.status < 200:
            call.responded(self, response)
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
                self._acknowledge(response)
        self._finish(response)

    def _acknowledge(self, response: Response) -> None:
        """The ACK for a 2xx (13.2.2.4): a request of its own, to the target that the 2xx gave."""
        core, dialog = self._core, self.dialog
        self._flow = next_hop(dialog)
        answer = b""
        offer = None if self._offered else session_description_in(response)
        if offer is not None:
            try:
                answer = core.builder.answer(self._call, self._flow, offer)
            except SdpError as error:
                self._call.note("deviation", f"the offer cannot be answered: {error.what}")
        self._ack = self._head("ACK", core.new_branch(), to=dialog.remote, body=answer)
        core.wire.send(self._ack, self._flow, self.number)

    def on_client_failed(self, transaction: ClientTransaction, *, timed_out: bool) -> None:
        """No response came (408), or the transport failed (503): RFC 3261 section 8.1.3.1."""
        self.status = 408 if timed_out else 503
        self._finish(None)

    def expire_soon(self) -> None:
        """The dialog is over: the final response has 64*T1 to come."""
        layer = self._core.layer
        layer.timers.set(layer.timeout, layer.wire.now, self)

    def on_timer(self, token: Any, now: float) -> None:
        """Nothing has come since the end of the dialog."""
        if self._transaction is not None and self._transaction.open:
            self._transaction.abandon()

    def _finish(self, response: Response | None) -> None:
        call, dialog = self._call, self.dialog
        if self.method == "INVITE":
            dialog.inviting = None
        elif self.method == "UPDATE":
            dialog.updating = False
        call.responded(self, response)
        if self._then is not None:
            self._then(self.status, response)
        if self.method == "BYE":
            call.terminate(dialog)  # 15.1.1: whatever comes back
        elif self.status in (408, 481) and dialog.state != OVER:
            # 12.2.1.2: the dialog is to be ended, where an INVITE made it by a BYE
            if dialog.of_invite and dialog.state == CONFIRMED:
                call.send(defaults.BYE, dialog=dialog)
            else:
                call.terminate(dialog)
        call.outgoing_over(self)
