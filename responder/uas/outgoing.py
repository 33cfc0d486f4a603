"""A request of ours within a dialog (RFC 3261 section 12.2.1), from its making to its final response."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from responder.errors import ParseError
from responder.events import Flow
from responder.sip import header_names
from responder.sip.uri import Uri
from responder.sip.writer import write

if TYPE_CHECKING:
    from collections.abc import Callable

    from responder.dialog.dialog import Dialog
    from responder.sip.message import Response
    from responder.transaction.client import ClientTransaction
    from responder.uas.call import Call
    from responder.uas.core import UserAgentServer
    from responder.uas.script import Order

_TRANSPORTS = {"udp": "UDP", "tcp": "TCP", "tls": "TLS", "ws": "WS", "wss": "WSS"}


class Outgoing:
    """One request of ours; `Call.send` makes and starts it."""

    __slots__ = (
        "_ack",
        "_call",
        "_core",
        "_flow",
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
        then: Callable[[int], None] | None,
    ) -> None:
        self._then = then
        self._call = call
        self._core = core
        self._transaction: ClientTransaction | None = None
        self._ack: bytes | None = None
        self._flow = dialog.flow
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
        self._flow = self._next_hop()
        branch = core.new_branch()
        data = self._build(branch, scope)
        ack = None
        if self.method == "INVITE":
            dialog.inviting = True
            ack = self._head("ACK", branch, to="\0")
        call.pending += 1
        call.path.append(self.method)
        self._transaction = core.layer.start(branch, self.method, data, self._flow, self, ack=ack)

    def _build(self, branch: str, scope: Any) -> bytes:
        order, core, call = self.order, self._core, self._call
        text = core.builder.text
        fields = self._fields(self.method, branch, self.dialog.remote)
        if self.method in ("INVITE", "UPDATE", "SUBSCRIBE", "NOTIFY", "REFER"):
            fields.append(("Contact", core.contact(self._flow)))
        if self.method == "INVITE":
            fields.append(("Allow", ", ".join(core.settings.capabilities.allow)))
            fields.append(("Supported", ", ".join(core.settings.capabilities.supported)))
        body, content_type = b"", ""
        if order.body is not None:
            body = order.body if isinstance(order.body, bytes) else text(order.body, scope).encode()
            content_type = text(order.content_type, scope) if order.content_type is not None else "text/plain"
        elif order.sdp is not None and not isinstance(order.sdp, bool):
            body, content_type = text(order.sdp, scope).encode(), "application/sdp"
        elif order.sdp or (order.sdp is None and self.method == "INVITE"):
            body, content_type = core.builder.offer(call, self._flow), "application/sdp"
        set_here = {header_names.key(name) for name, _ in order.headers}
        fields = [f for f in fields if header_names.key(f[0]) not in set_here | order.removed]
        fields += [(name, text(value, scope)) for name, value in (*order.headers, *order.added)]
        if body and "content-type" not in set_here:
            fields.append(("Content-Type", content_type))
        return write(f"{self.method} {self._request_uri()} SIP/2.0", fields, body)

    def _head(self, method: str, branch: str, *, to: str) -> bytes:
        return write(f"{method} {self._request_uri()} SIP/2.0", self._fields(method, branch, to), b"")

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
        routes = list(dialog.route_set)
        if routes and not _is_loose(routes[0]):
            # 12.2.1.1: a strict router stands in the Request-URI, the target goes last into the Route
            routes = [*routes[1:], f"<{dialog.target}>"]
        return fields + [("Route", route) for route in routes]

    def _request_uri(self) -> str:
        dialog = self.dialog
        if dialog.route_set and not _is_loose(dialog.route_set[0]):
            return _route_uri(dialog.route_set[0])
        return dialog.target or _address_uri(dialog.remote)

    def _next_hop(self) -> Flow:
        """Where it goes: the first route, else the remote target (12.2.1.1, RFC 3263 section 4 for IP addresses).

        A connection is used again (RFC 5923). So is the flow of the dialog where the next hop is a name, because the
        engine does not resolve names.
        """
        dialog = self.dialog
        flow = dialog.flow
        if flow.reliable:
            return flow
        hop = _route_uri(dialog.route_set[0]) if dialog.route_set else dialog.target
        try:
            uri = Uri.parse(hop)
        except ParseError:
            return flow
        host = uri.host.strip("[]") if uri.host else ""
        if not host or not _is_address(host):
            return flow
        transport = _TRANSPORTS.get((uri.params.get("transport") or "udp").lower(), "UDP")
        port = uri.port or (5061 if transport == "TLS" else 5060)
        if transport == flow.transport and (host, port) == flow.remote:
            return flow
        if (":" in host) != (":" in flow.remote[0]):
            return flow
        return Flow(transport, flow.local, (host, port))

    # client transaction user

    def on_response(self, transaction: ClientTransaction, response: Response) -> None:
        """A response came: acknowledge a 2xx to INVITE, keep the dialog's state, tell the script."""
        self.status = response.status
        call, dialog = self._call, self.dialog
        if response.status < 200:
            call.responded(self, response)
            return
        if self.method == "INVITE":
            if response.status < 300:
                repeated = self._ack is not None
                if not repeated:
                    target = response.contacts
                    if target:
                        dialog.target = str(target[0].uri)
                    self._ack = self._head("ACK", self._core.new_branch(), to=dialog.remote)
                # 13.2.2.4: every copy of the 2xx gets the ACK again
                self._core.wire.send(self._ack or b"", self._flow, self.number, again=repeated)
                if repeated:
                    return
            dialog.inviting = False
        self._finish(response)

    def on_client_failed(self, transaction: ClientTransaction, *, timed_out: bool) -> None:
        """No response came (408), or the transport failed (503): RFC 3261 section 8.1.3.1."""
        self.status = 408 if timed_out else 503
        self.dialog.inviting = False
        self._finish(None)

    def _finish(self, response: Response | None) -> None:
        call, dialog = self._call, self.dialog
        call.responded(self, response)
        # 15.1.1: BYE ends the dialog whatever comes back; 12.2.1.2: 481 and 408 end it for any request
        if self.method == "BYE" or self.status in (408, 481):
            call.terminate(dialog)
        if self._then is not None:
            self._then(self.status)
        call.outgoing_over(self)


def _is_loose(route: str) -> bool:
    return ";lr" in route.lower()


def _route_uri(route: str) -> str:
    start = route.find("<")
    return route[start + 1 : route.find(">", start)] if start >= 0 else route.partition(";")[0].strip()


def _address_uri(value: str) -> str:
    return _route_uri(value)


def _is_address(host: str) -> bool:
    return ":" in host or all(part.isdigit() for part in host.split("."))
