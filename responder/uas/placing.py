"""Requests of ours outside any dialog (RFC 3261 sections 8.1 and 13.2): a script calls somebody, or sends a MESSAGE.

Rules
1. Where to: the flow and the path that the contact was registered by (RFC 5626 section 5.3, RFC 3327 section 5.4), also
   where the URI is a GRUU of our registrar (RFC 5627 section 6.1), else the address in the URI; names are not resolved.
2. Each response to INVITE with another To tag makes a dialog of its own (12.1.2). The first 2xx counts; a later one of
   another branch gets its ACK and a BYE (13.2.2.4), and so does a 2xx that crossed our CANCEL (9.1).
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

from responder.dialog.dialog import EARLY
from responder.dialog.placed import PlacedDialog
from responder.errors import ParseError
from responder.sip import header_names
from responder.sip.abnf import is_token
from responder.sip.name_addr import NameAddr
from responder.sip.params import unescaped
from responder.sip.uri import Uri
from responder.uas import defaults
from responder.uas.outgoing import Heading, Outgoing
from responder.uas.routing import as_request_uri, hop_to, reconnecting

if TYPE_CHECKING:
    from responder.events import Flow
    from responder.sip.message import Request, Response
    from responder.transaction.client import ClientTransaction
    from responder.uas.call import Call
    from responder.uas.core import UserAgentServer
    from responder.uas.script import Order

METHODS: Final = frozenset({"INVITE", "MESSAGE", "NOTIFY", "OPTIONS"})
"""What may be sent outside a dialog."""
_OURS_ALONE: Final = frozenset({
    "body", "call-id", "contact", "content-length", "content-type", "cseq",
    "from", "max-forwards", "record-route", "route", "to", "via",
})  # fmt: skip
"""KEYs of what a URI must not set."""


def placed(call: Call, core: UserAgentServer, order: Order, to: str, sender: str | None) -> Placed:
    """The request, ready to be started. Raises `ParseError` where it cannot be sent to this URI."""
    uri = _uri(to)
    hops, rounds = _hops(call.request), core.rounds.get(call.call_id, 0)
    if hops < 0 or rounds >= _MOST_ROUNDS:
        raise ParseError("this call goes round in a loop")
    target = text = as_request_uri(uri)
    registered = core.registrar.route_to(text, call.now)
    behind = core.registrar.behind_gruu(uri, call.now)
    if behind is not None and behind.flow is not None:
        flow, path = behind.flow, list(behind.path)
        text = as_request_uri(behind.contact.uri)
    elif registered is not None:
        flow, path = registered
    else:
        straight = hop_to(uri, call.flow)
        if straight is None:
            raise ParseError(f"{uri.host} is no address that can be reached from {call.flow.local[0]}")
        flow, path = straight, []
    if flow.reliable and not path:
        flow = reconnecting(flow, uri if behind is None else behind.contact.uri)
    tag = core.new_tag()
    if sender is None:
        sender = f"<{'sips' if uri.scheme == 'sips' else 'sip'}:{core.settings.user}@{core.host_port(flow)}>"
    elif "<" not in sender:
        sender = f"<{sender}>"
    heading = Heading(text, f"{sender};tag={tag}", f"<{target}>", core.new_call_id(flow), path)
    core.rounds[heading.call_id] = rounds + 1
    if len(core.rounds) > _MOST_REMEMBERED:
        del core.rounds[next(iter(core.rounds))]
    return Placed(call, core, _with_headers_of(order, uri), flow, heading, tag, hops)


def _hops(request: Request) -> int:
    try:
        return min(_HOPS if request.max_forwards is None else request.max_forwards, _HOPS) - 1
    except ParseError:  # taken as it is where the author wants it unchecked
        return _HOPS - 1


def _with_headers_of(order: Order, uri: Uri) -> Order:
    """The order with the header fields in its URI, such as Replaces in that of a Refer-To (19.1.5).

    What the author wrote stays; fields that would break the request are not taken, as the RFC advises.
    """
    taken = {header_names.key(name) for name, _ in order.headers}
    found = []
    for pair in filter(None, uri.headers.split("&")):
        name, _, value = pair.partition("=")
        name, value = unescaped(name), unescaped(value)
        key = header_names.key(name)
        if is_token(name) and value.isprintable() and key not in _OURS_ALONE and key not in taken:
            found.append((name, value))
    return replace(order, headers=(*order.headers, *found)) if found else order


def _uri(text: str) -> Uri:
    uri = NameAddr.parse(text).uri if "<" in text else Uri.parse(text)
    if uri.scheme not in ("sip", "sips"):
        raise ParseError(f"{uri.scheme} is no scheme that a request can be sent by")
    return uri


class Placed(Outgoing):
    """One request outside a dialog, and the dialogs that its responses make."""

    __slots__ = ("_acks", "_description", "_dialogs", "_hops", "_tag")

    def __init__(
        self, call: Call, core: UserAgentServer, order: Order, flow: Flow, heading: Heading, tag: str, hops: int
    ) -> None:
        self._hops = hops
        super().__init__(call, core, order, flow, heading, 1 + core.ids.getrandbits(16), None, None)
        self._tag = tag
        self._acks: dict[str, tuple[bytes, Flow]] = {}
        """The ACKs for 2xx, by the tag of the peer."""
        self._dialogs: dict[str, PlacedDialog[Call]] = {}
        self._description = b""
        """Our offer."""

    @property
    def _secure(self) -> bool:
        return self._heading.uri.lower().startswith("sips:")

    def _fields(self, method: str, heading: Heading, branch: str) -> list[tuple[str, str]]:
        fields = super()._fields(method, heading, branch)
        return [(name, str(self._hops) if name == "Max-Forwards" else value) for name, value in fields]

    def _describes(self, description: bytes) -> None:
        self._description = description

    def on_response(self, transaction: ClientTransaction, response: Response) -> None:
        """Keep the dialogs, acknowledge a 2xx, tell the script."""
        status = response.status
        tag = response.to_tag or ""
        if self.method == "INVITE" and 200 <= status < 300 and self._acks:
            self._another(tag, response)
            return
        self.status = status
        if status < 200:
            dialog = self._dialog_of(tag, response) if self.method == "INVITE" and status > 100 and tag else None
            self.dialog = dialog or self.dialog
            self._provisional(response, dialog)
            return
        if self.method == "INVITE" and status < 300:
            dialog = self.dialog = self._confirmed(tag, response)
            if self._cancels:
                self._call.send(defaults.BYE, dialog=dialog)
        self._end_early_dialogs()
        self._finish(response)

    def on_client_failed(self, transaction: ClientTransaction, *, timed_out: bool) -> None:
        """No response came, or the transport failed."""
        self._end_early_dialogs()
        super().on_client_failed(transaction, timed_out=timed_out)

    def _finish(self, response: Response | None) -> None:
        self._call.placed_over(self)
        super()._finish(response)
        self._call.outgoing_over(self)

    def _another(self, tag: str, response: Response) -> None:
        """A 2xx after the first: the same again, or that of another branch."""
        known = self._acks.get(tag)
        if known is not None:
            self._core.wire.send(known[0], known[1], self.number, again=True)
        elif not self._call.over and len(self._acks) < _MOST_BRANCHES:
            self._call.send(defaults.BYE, dialog=self._confirmed(tag, response))

    def _confirmed(self, tag: str, response: Response) -> PlacedDialog[Call]:
        dialog = self._dialog_of(tag, response)
        dialog.confirm(response)
        self._acks[tag] = (self._acknowledge(response, dialog), self._flow)
        self._call.timer_granted(dialog, response)
        return dialog

    def _dialog_of(self, tag: str, response: Response) -> PlacedDialog[Call]:
        dialog = self._dialogs.get(tag)
        if dialog is None:
            if len(self._dialogs) >= _MOST_BRANCHES:
                return next(iter(self._dialogs.values()))
            dialog = PlacedDialog(response, self._heading.uri, self._tag, self._flow, self._call, self._core.layer)
            dialog.described = self._description
            self._dialogs[tag] = dialog
            self._call.joined(dialog)
        return dialog

    def _end_early_dialogs(self) -> None:
        for dialog in self._dialogs.values():
            if dialog.state == EARLY:
                self._call.left(dialog)


_MOST_BRANCHES: Final = 16
"""Dialogs that one INVITE can make."""
_HOPS: Final = 70
"""Max-Forwards where nothing says otherwise (8.1.1.6)."""
_MOST_ROUNDS: Final = 3
"""How often in a row a request of ours that came back to us leads to another."""
_MOST_REMEMBERED: Final = 16_384
"""Call-IDs of ours that are known when they come back."""
