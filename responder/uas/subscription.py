"""Subscriptions that we are the notifier of (RFC 6665 section 4.2; REFER's implicit one: RFC 3515 section 2.4.4).

Rules
1. Every 2xx to a SUBSCRIBE, the first and each refresh, is followed by a NOTIFY at once (4.2.1.2).
2. A subscription ends with a NOTIFY that says `terminated`: when its time is over, when the subscriber asks for zero
   seconds, and for REFER when the outcome is reported.
3. A NOTIFY that gets no answer, or one of the refusals of 4.2.2, ends it silently.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from responder.dialog.dialog import CONFIRMED
from responder.errors import ParseError
from responder.registry.intervals import granted
from responder.uas.script import Order

if TYPE_CHECKING:
    from responder.dialog.dialog import Dialog
    from responder.sip.fields import Event
    from responder.sip.message import Request
    from responder.uas.call import Call

_REFER_SECONDS: Final = 60
_FATAL: Final = frozenset({404, 405, 408, 410, 416, 480, 481, 482, 483, 484, 485, 489, 501, 604})
"""Responses to a NOTIFY that end the subscription (4.2.2)."""

_STATES: Final[dict[str, tuple[str, str]]] = {
    "message-summary": ("application/simple-message-summary", "Messages-Waiting: no\r\n"),
    "presence": (
        "application/pidf+xml",
        '<?xml version="1.0" encoding="UTF-8"?>\r\n'
        '<presence xmlns="urn:ietf:params:xml:ns:pidf" entity="{entity}">'
        '<tuple id="responder"><status><basic>open</basic></status></tuple></presence>\r\n',
    ),
    "dialog": (
        "application/dialog-info+xml",
        '<?xml version="1.0" encoding="UTF-8"?>\r\n'
        '<dialog-info xmlns="urn:ietf:params:xml:ns:dialog-info" version="{version}" state="full"'
        ' entity="{entity}"/>\r\n',
    ),
    "reg": (
        "application/reginfo+xml",
        '<?xml version="1.0" encoding="UTF-8"?>\r\n'
        '<reginfo xmlns="urn:ietf:params:xml:ns:reginfo" version="{version}" state="full">'
        '<registration aor="{entity}" id="r1" state="init"/></reginfo>\r\n',
    ),
}
"""For each event package the media type and text of a state with nothing going on (RFC 3842, 3863, 4235, 3680)."""


class Subscription:
    """One subscription; made when a 2xx to SUBSCRIBE or REFER goes out."""

    __slots__ = (
        "_call",
        "_entity",
        "_event",
        "_identity",
        "_only_usage",
        "_serial",
        "_version",
        "dialog",
        "package",
    )

    def __init__(self, call: Call, dialog: Dialog[Call], request: Request, *, only_usage: bool) -> None:
        self._call: Call | None = call
        self.dialog: Dialog[Call] | None = dialog
        """None once it is over."""
        self._only_usage = only_usage
        """Whether the dialog has no other usage, and so ends with the subscription (RFC 5057 section 4)."""
        self._entity = _escaped(request.uri)
        self._serial = 0
        self._version = 0
        if request.method == "REFER":
            self.package = "refer"
            self._identity: tuple[str, str | None] = ("refer", None)
            self._event = "refer" if not dialog.local_seq else f"refer;id={request.cseq.number}"
        else:
            event = _event(request)
            self.package = event.package.lower() if event is not None else ""
            self._identity = (self.package, event.id if event is not None else None)
            self._event = request.first("event") or ""

    def refers_to(self, dialog: Dialog[Call], request: Request) -> bool:
        """Whether a SUBSCRIBE in this dialog refreshes this subscription (4.2.1: same dialog, event and id)."""
        if dialog is not self.dialog:
            return False
        asked = _event(request)
        return asked is not None and (asked.package.lower(), asked.id) == self._identity

    def accepted(self, request: Request) -> None:
        """A SUBSCRIBE got its 2xx: a NOTIFY follows."""
        if self._call is None:
            return
        seconds = granted(_expires(request), self._call.capabilities)
        if seconds:
            self._last(seconds)
            self._notify(f"active;expires={seconds}")
        else:
            self._notify("terminated;reason=timeout")

    def referred(self) -> None:
        """A REFER got its 2xx: what it asked for is reported as tried and done (RFC 3515 section 2.4.5)."""
        self._last(_REFER_SECONDS)
        self._notify(f"active;expires={_REFER_SECONDS}", "SIP/2.0 100 Trying")
        self._notify("terminated;reason=noresource", "SIP/2.0 200 OK")

    def _last(self, seconds: int) -> None:
        self._serial += 1
        if self._call is not None:
            self._call.timer_of(seconds, self, self._serial)

    def _notify(self, state: str, fragment: str = "") -> None:
        if fragment:
            content_type, body = "message/sipfrag;version=2.0", fragment + "\r\n"
        else:
            content_type, body = _STATES.get(self.package, ("", ""))
            body = body.format(entity=self._entity, version=self._version)
            self._version += 1
        over = state.startswith("terminated")
        if over:
            self._serial += 1
        order = Order(
            "NOTIFY",
            headers=(("Event", self._event), ("Subscription-State", state)),
            body=body or None,
            content_type=content_type or None,
            label="subscription",
        )
        if self._call is not None and self.dialog is not None:
            self._call.send(order, dialog=self.dialog, then=lambda status, _: self._notified(status, over=over))

    def _notified(self, status: int, *, over: bool) -> None:
        if over or status in _FATAL:
            self.stop(ending=self.dialog if self._only_usage else None)

    def stop(self, *, ending: Dialog[Call] | None = None) -> None:
        """It is over, and with it the dialog `ending`: its deadline, up to an hour away, must not keep the call."""
        call, self._call, self.dialog = self._call, None, None
        self._serial += 1
        if call is not None:
            call.unsubscribed(self, ending)

    def deactivate(self) -> None:
        """End it, as we stop (4.2.2: the subscriber may try again at once)."""
        if self.dialog is not None and self.dialog.state == CONFIRMED:
            self._notify("terminated;reason=deactivated")

    def on_timer(self, token: Any, now: float) -> None:
        """Its time is over, unless it was refreshed meanwhile."""
        if token == self._serial and self.dialog is not None and self.dialog.state == CONFIRMED:
            self._notify("terminated;reason=timeout")


def _event(request: Request) -> Event | None:
    try:
        return request.event
    except ParseError:
        return None


def _expires(request: Request) -> int | None:
    try:
        return request.expires
    except ParseError:
        return None


def _escaped(text: str) -> str:
    for character, entity in (
        ("&", "&amp;"),
        ("<", "&lt;"),
        (">", "&gt;"),
        ('"', "&quot;"),
        ("{", "%7B"),
        ("}", "%7D"),
    ):
        text = text.replace(character, entity)
    return text
