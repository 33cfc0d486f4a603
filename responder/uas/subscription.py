"""Subscriptions that we are the notifier of (RFC 6665 section 4.2; REFER's implicit one: RFC 3515 section 2.4.4).

Rules
1. Every 2xx to a SUBSCRIBE, the first and each refresh, is followed by a NOTIFY at once (4.2.1.2), unless the script of
   the call says that its author notifies; such a NOTIFY may go out even before the 2xx, and makes the dialog (4.4.1).
2. A subscription lasts as long as the Expires of the 2xx says. It ends with a NOTIFY that says `terminated`: when its
   time is over, when the subscriber asks for zero seconds, and for REFER when the outcome is reported.
3. A NOTIFY that gets no answer, or one of the refusals of 4.2.2, ends it silently. With its last subscription a dialog
   ends that no INVITE made (RFC 5057 section 4).
4. A change of what is watched is told at once, but not more than one a second (RFC 3842 section 3.11, RFC 4235
   section 3.10).
5. A REFER is never acted upon: no call is placed. Where no author says otherwise it is reported as tried and done.
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

from responder.dialog.dialog import CONFIRMED, OVER
from responder.dialog.placed import PlacedDialog
from responder.errors import ParseError
from responder.registry.intervals import granted
from responder.sip import header_names
from responder.sip.name_addr import NameAddr
from responder.uas import event_packages
from responder.uas.event_packages import PACKAGES, SIPFRAG, Ongoing, Scene
from responder.uas.script import Order

if TYPE_CHECKING:
    from responder.dialog.dialog import Dialog
    from responder.sip.message import Request
    from responder.uas.call import Call
    from responder.uas.core import UserAgentServer
    from responder.uas.outgoing import Outgoing

MOST_OF_ONE_CALL: Final = 16
"""Live subscriptions of one call; one more is refused."""
SUBSCRIBING: Final = frozenset({"SUBSCRIBE", "REFER"})
"""Methods that begin a subscription."""

_REFER_SECONDS: Final = 180
_GRACE: Final = 32.0
"""Seconds that the author has for the last NOTIFY after a 2xx that granted no time."""
_PACE: Final = 1.0
_MOST_WATCHERS: Final = 256
_MOST_CALLS: Final = 256
_NEVER: Final = float("inf")
_FATAL: Final = frozenset({404, 405, 408, 410, 416, 480, 481, 482, 483, 484, 485, 489, 501, 604})
"""Responses to a NOTIFY that end the subscription (4.2.2)."""

_expires_of: Final = re.compile(rb"\r\nexpires[ \t]*:[ \t]*(\d{1,9})[ \t]*\r\n", re.IGNORECASE).search
_refer_sub_of: Final = re.compile(rb"\r\nrefer-sub[ \t]*:[ \t]*false[ \t]*[;\r]", re.IGNORECASE).search
_expires_param: Final = re.compile(r";\s*expires\s*=\s*(\d{1,9})", re.IGNORECASE).search
_reason_param: Final = re.compile(r";\s*reason\s*=\s*([\w.-]+)", re.IGNORECASE).search


class Watchers:
    """Live subscriptions by what they watch: a package and a resource."""

    __slots__ = ("of",)

    def __init__(self) -> None:
        self.of: dict[tuple[str, str], dict[Subscription, None]] = {}
        """Who watches what; empty where nobody watches anything."""

    def add(self, subscription: Subscription) -> None:
        """It is to be told of changes; past a number of watchers of one resource it is not."""
        known = self.of.setdefault(subscription.watched, {})
        if len(known) < _MOST_WATCHERS:
            known[subscription] = None

    def discard(self, subscription: Subscription) -> None:
        """It is over."""
        known = self.of.get(subscription.watched)
        if known is not None:
            known.pop(subscription, None)
            if not known:
                del self.of[subscription.watched]

    def changed(self, package: str, resource: str) -> None:
        """The state of this resource is another one: who watches it is told (4.2.2)."""
        for subscription in tuple(self.of.get((package, resource), ())):
            subscription.changed()

    def changed_by(self, request: Request) -> None:
        """A PUBLISH or REGISTER was accepted (RFC 3903 section 4, RFC 3680 section 4.7)."""
        if request.method == "REGISTER":
            if "contact" in request.shape.index:
                self.changed("reg", event_packages.resource_of(_to_uri(request)))
        else:
            resource = event_packages.resource_of(event_packages.resource_uri(request))
            self.changed(event_packages.package_of(request), resource)

    def call_changed(self, first: Request) -> None:
        """The call that this request began has another dialog, one in another state, or one less (RFC 4235)."""
        if first.method == "INVITE":
            resource = event_packages.resource_of(event_packages.resource_uri(first))
            for subscription in tuple(self.of.get(("dialog", resource), ())):
                subscription.call_changed()


class Subscription:
    """One subscription; made when a SUBSCRIBE or REFER gets its 2xx, or when its author notifies before that."""

    __slots__ = (
        "_armed",
        "_call",
        "_core",
        "_due",
        "_event",
        "_fragment",
        "_grace",
        "_identities",
        "_lapses",
        "_memory",
        "_over",
        "_told",
        "_until",
        "_uri",
        "_version",
        "_word",
        "asked",
        "dialog",
        "entity",
        "package",
        "watched",
    )

    def __init__(
        self, call: Call, core: UserAgentServer, dialog: Dialog[Call], request: Request, *, again: bool
    ) -> None:
        self._call: Call | None = call
        self._core = core
        self.dialog: Dialog[Call] | None = dialog
        """None once it is over."""
        self.asked: Request | None = request
        """The request that it is made for, until that has its final response."""
        self._uri = event_packages.resource_uri(request)
        self.entity = event_packages.entity_of(self._uri, request.uri)
        self._until = 0.0
        """When its time is over."""
        self._grace = 0.0
        """How long after that the author may still say the last word."""
        self._memory: dict[str, Any] = {}
        self._version = 0
        self._word = "active"
        self._fragment = ""
        self._over = False
        self._told = -_NEVER
        """When a change was told last."""
        self._due = _NEVER
        """When a change is to be told that is not yet."""
        self._lapses = _NEVER
        """When what the last document said changes of itself: a publication or a binding expires."""
        self._armed = _NEVER
        """When the timer fires that is set."""
        if request.method == "REFER":
            self.package = "refer"
            number = _sequence_number(request)
            # 2.4.6: from the second REFER in a dialog on its Event has the id; the first one's may be asked for by it
            self._identities = {("refer", number)} if again else {("refer", None), ("refer", number)}
            self._event = f"refer;id={number}" if again else "refer"
            seconds = _REFER_SECONDS
        else:
            event = event_packages.event_of(request)
            self.package = event_packages.package_of(request)
            self._identities = {(self.package, event.id if event is not None else None)}
            self._event = request.first("event") or ""
            seconds = granted(_expires(request), core.settings.capabilities)
        self.watched = (self.package, event_packages.resource_of(self._uri))
        self._last(seconds)
        self._wake()

    @property
    def live(self) -> bool:
        """Whether a NOTIFY of it may be sent: its last one was not yet."""
        return not self._over and self.dialog is not None

    def concerns(self, dialog: Dialog[Call] | None, request: Request) -> bool:
        """Whether this request made it or refreshes it (4.2.1: same dialog, event and id)."""
        if request is self.asked:
            return True
        if request.method != "SUBSCRIBE" or dialog is None or dialog is not self.dialog or self._over:
            return False
        asked = event_packages.event_of(request)
        return asked is not None and (asked.package.lower(), asked.id) in self._identities

    # what the peer did

    def accepted(self, request: Request, response: bytes, *, automatic: bool) -> None:
        """Its SUBSCRIBE or REFER got this 2xx: a NOTIFY follows, where it is not the author's to send."""
        self.asked = None
        call = self._call
        if call is None or self._over:
            self.stop()
            return
        if request.method == "REFER":
            if automatic:
                self._fragment = event_packages.TRYING
                self._report(f"active;expires={self._left()}")
                self._fragment = event_packages.DONE
                self._report("terminated;reason=noresource")
            return
        stated = _expires_of(response.partition(b"\r\n\r\n")[0] + b"\r\n")
        seconds = int(stated[1]) if stated else granted(_expires(request), call.capabilities)
        self._last(seconds)
        if response.startswith(b"SIP/2.0 204"):
            if not seconds:
                self.stop()  # RFC 5839 6.3 and 7.1: 204 is followed by no NOTIFY
        elif automatic:
            self._report(f"{self._word};expires={seconds}" if seconds else "terminated;reason=timeout")
        if seconds and self.live:
            self._core.watchers.add(self)
        self._wake()

    def refused(self) -> None:
        """Its SUBSCRIBE or REFER got no 2xx: what the author had notified before makes no subscription (4.1.2.1)."""
        self.asked = None
        self.stop()

    # NOTIFY

    def notify(self, order: Order, state: str, scope: Any) -> Outgoing | None:
        """The author's NOTIFY: what it leaves out is made by us."""
        call, text = self._call, self._core.builder.text
        if call is None:
            return None
        written = {header_names.key(name): value for name, value in order.headers}
        given = written.get("subscription-state")
        if given is not None:
            state = text(given, scope)
        word = state.partition(";")[0].strip().lower() or "active"
        stated = _expires_param(state)
        if word == "terminated":
            self._end_begins()
        else:
            if word in ("pending", "active"):
                self._word = word
                if stated is None and given is None:
                    state = f"{state.strip() or word};expires={self._left()}"
            if stated is not None and call.now + int(stated[1]) < self._until:
                # 4.2.2: "The notifier MAY use this mechanism to shorten a subscription"
                self._until = call.now + int(stated[1])
        body, content_type = order.body, order.content_type
        package = PACKAGES.get(self.package)
        if body is None and order.sdp is None:
            if word == "terminated":
                self._fragment = _outcome(state, self._fragment)
            content_type, body = self._document()
        elif body is not None and content_type is None and package is not None:
            content_type = package.content_type
        if content_type == SIPFRAG and body and not isinstance(body, bytes):
            body = text(body, scope)
            self._fragment = body.partition("\n")[0].strip()
            body = body if body.endswith("\n") else f"{body}\r\n"
        supplied = [("Event", self._event), ("Subscription-State", state)]
        headers = tuple(
            (name, value)
            for name, value in supplied
            if header_names.key(name) not in written and header_names.key(name) not in order.removed
        )
        return self._send(
            Order(
                "NOTIFY",
                headers=(*headers, *order.headers),
                added=order.added,
                removed=order.removed,
                body=body,
                content_type=content_type,
                sdp=order.sdp,
                fault=order.fault,
                label=order.label,
            ),
            scope,
        )

    def _report(self, state: str) -> None:
        """A NOTIFY of our own."""
        if state.startswith("terminated"):
            self._end_begins()
        content_type, body = self._document()
        self._send(
            Order(
                "NOTIFY",
                headers=(("Event", self._event), ("Subscription-State", state)),
                body=body or None,
                content_type=content_type or None,
                label="subscription",
            )
        )

    def _send(self, order: Order, scope: Any = None) -> Outgoing | None:
        call, dialog = self._call, self.dialog
        if call is None or dialog is None:
            return None
        self._wake()
        return call.send(order, scope, dialog=dialog, then=lambda status, _: self._notified(status))

    def _notified(self, status: int) -> None:
        if self._over or status in _FATAL:
            self.stop()

    def _end_begins(self) -> None:
        """`terminated` goes out; its answer ends everything."""
        self._over = True
        self._core.watchers.discard(self)

    def stop(self) -> None:
        """It is over: its deadline, up to an hour away, must not keep the call."""
        call, dialog = self._call, self.dialog
        self._call = self.dialog = None
        self._end_begins()
        self._memory.clear()
        if call is not None:
            call.subscriptions.over(self, dialog)

    def deactivate(self) -> None:
        """End it, as we stop (4.2.2: the subscriber may try again at once)."""
        if self._stands():
            self._report("terminated;reason=deactivated")

    def _stands(self) -> bool:
        return self.live and self.dialog is not None and self.dialog.state != OVER

    # time

    def _last(self, seconds: int) -> None:
        self._until = self._core.wire.now + seconds
        self._grace = 0.0 if seconds else _GRACE

    def _left(self) -> int:
        return max(int(self._until - self._core.wire.now + 1e-6), 0)

    def changed(self) -> None:
        """What it watches has changed: told now, or a second after the last change was."""
        now = self._core.wire.now
        self._due = min(self._due, max(now, self._told + _PACE))
        if self._due <= now + 1e-6:
            self._tell()
        else:
            self._wake()

    def call_changed(self) -> None:
        """A call to what it watches may be in another state: told where nothing else was told or published."""
        if self._core.publications.state(*self.watched, self._core.wire.now) is None:
            current = {call.id: call for call in _calls_of(self._core, self.watched[1])}
            if current != self._memory:
                self.changed()

    def _tell(self) -> None:
        self._due = self._lapses = _NEVER
        self._told = self._core.wire.now
        call = self._call
        if call is None or self.asked is not None or self._word == "pending" or (call.notifies and call.active):
            return
        if self._stands():
            self._report(f"{self._word};expires={self._left()}")

    def _wake(self) -> None:
        """See to it that a timer fires when there is something to do; one is enough as long as it fires before."""
        at = min(self._until + self._grace, self._due, self._lapses)
        if self._call is not None and at < self._armed - 1e-6:
            self._armed = at
            self._call.timer_of(max(at - self._core.wire.now, 0.0), self, at)

    def on_timer(self, token: Any, now: float) -> None:
        """A change is to be told, or the time is over; unless it was refreshed meanwhile."""
        if token != self._armed:
            return
        self._armed = _NEVER
        if not self._stands():
            return
        if now >= self._until + self._grace - 1e-6:
            self._report("terminated;reason=timeout")
        elif now >= min(self._due, self._lapses) - 1e-6:
            self._tell()
        self._wake()

    # what it tells

    def _document(self) -> tuple[str, bytes | str]:
        """Media type and body of the state of now; empty ones for a package that we do not know.

        As long as the subscription is pending the state is a neutral one (RFC 6665 section 5.4.7).
        """
        core, package = self._core, PACKAGES.get(self.package)
        now, version = core.wire.now, self._version
        pending = self._word == "pending"
        published = None if pending else core.publications.state(*self.watched, now)
        if published is not None:
            self._version += 1
            self._lapses = published.deadline
            body = published.body
            if self.package == "dialog":
                body = event_packages.renumbered(body, version)
            return published.content_type, body
        if package is None:
            return "", ""
        self._version += 1
        scene = Scene(
            self.entity, version=version, now=now, fragment=self._fragment, memory=self._memory,
        )  # fmt: skip
        scene.pending = pending
        if not pending and self.package == "reg" and self._uri is not None:
            scene.bindings = core.registrar.bindings(self._uri, now) or core.registrar.bindings(
                replace(self._uri, port=None), now
            )
            self._lapses = min((one.deadline for one in scene.bindings), default=_NEVER)
        elif not pending and self.package == "dialog":
            scene.calls = _calls_of(core, self.watched[1])
        return package.content_type, package.compose(scene)


def _calls_of(core: UserAgentServer, resource: str) -> list[Ongoing]:
    """The calls to this resource among the latest ones."""
    found: list[Ongoing] = []
    for looked_at, call in enumerate(reversed(core.live.values())):
        if looked_at >= _MOST_CALLS:
            break
        request = call.request
        if request.method != "INVITE":
            continue
        if event_packages.resource_of(event_packages.resource_uri(request)) != resource:
            continue
        for dialog in call.dialogs:
            if isinstance(dialog, PlacedDialog):
                continue
            found.append(
                Ongoing(
                    f"{call.number}-{dialog.local_tag}",
                    "confirmed" if dialog.state == CONFIRMED else "early",
                    "recipient",
                    dialog.call_id,
                    dialog.local_tag,
                    dialog.remote_tag,
                    _uri_of(dialog.remote),
                )
            )
    return found


def _outcome(state: str, reported: str) -> str:
    """The status line that a REFER ends with where its author gives none (RFC 3515 sections 2.4.5 and 2.4.7)."""
    reason = _reason_param(state)
    if reason and reason[1].lower() == "rejected":
        return event_packages.DECLINED
    if (reported and not reported.startswith("SIP/2.0 1")) or (reason and reason[1].lower() != "noresource"):
        return reported
    return event_packages.DONE


def _uri_of(value: str) -> str:
    try:
        return event_packages.entity_of(NameAddr.parse(value).uri, value)
    except ParseError:
        return value


def _to_uri(request: Request) -> Any:
    try:
        return request.to.uri
    except ParseError:
        return None


def _sequence_number(request: Request) -> str:
    """Its CSeq number; 0 where a script takes requests whose CSeq cannot be read."""
    try:
        return str(request.cseq.number)
    except ParseError:
        return "0"


def grants_none(refer: Request, response: bytes) -> bool:
    """Whether this 2xx to a REFER makes no subscription (RFC 4488 section 4; RFC 7614 sections 4 and 5).

    It is what we said that counts: without `Refer-Sub: false` in the 2xx there is a subscription whatever was asked.
    """
    if _refer_sub_of(response.partition(b"\r\n\r\n")[0] + b"\r\n"):
        return True
    return "require" in refer.shape.index and bool(refer.require & {"nosub", "explicitsub"})


def is_too_brief(subscribe: Request, minimum: int) -> bool:
    """Whether it asks for so little that it gets 423 (4.2.1.1: above zero, below an hour and our minimum)."""
    seconds = _expires(subscribe)
    return seconds is not None and 0 < seconds < min(minimum, 3600)


def _expires(request: Request) -> int | None:
    try:
        return request.expires
    except ParseError:
        return None
