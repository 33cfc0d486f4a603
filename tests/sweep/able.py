"""A client that can do what a flow gives it the occasion for: it follows, tries again, refreshes, is held."""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from typing import Any

from scenarios.client import Branch, Client, Habits
from scenarios.wire import NEW_OFFER, OFFER, Message, challenge_of, tag_of, uri_of
from scenarios.world import TCP, UDP, World

from responder.observe.records import Case
from responder.sweep.flows import OUTSIDE

T1, T2, LIFE = 0.5, 4.0, 32.0
DOMAIN = "127.0.0.1"
PIDF = "application/pidf+xml"
STATE = b'<?xml version="1.0"?><presence xmlns="urn:ietf:params:xml:ns:pidf" entity="sip:alice@example.com"/>'
ALLOW = "INVITE, ACK, BYE, CANCEL, OPTIONS, INFO, UPDATE, PRACK, REFER, NOTIFY, MESSAGE"
HEADERS = {
    "SUBSCRIBE": ("Event: presence", "Expires: 600", "Accept: application/pidf+xml"),
    "PUBLISH": ("Event: presence", "Expires: 30"),
    "REFER": ("Refer-To: <sip:carol@127.0.0.1>",),
    "REGISTER": ("Expires: 30",),
    "INVITE": (f"Allow: {ALLOW}",),
    "OPTIONS": ("Accept: application/sdp",),
    "NOTIFY": ("Event: presence", "Subscription-State: active;expires=60"),
}
"""What requests of each method have beside the fields that all have."""
UNKNOWN = "x-responder"
"""An extension that is none."""
SAYING: dict[Any, tuple[tuple[str, str], ...]] = {
    ("OPTIONS", 200): (("Allow", ALLOW), ("Accept", "application/sdp"), ("Supported", "100rel")),
    405: (("Allow", ALLOW),),
    415: (("Accept", "application/sdp"),),
    420: (("Unsupported", UNKNOWN),),
}
"""What responses have beside, by method and status or by status."""
BODIES = {"MESSAGE": (b"hello", "text/html"), "PUBLISH": (STATE, PIDF), "NOTIFY": (STATE, PIDF)}


@dataclass
class Able(Habits):
    """How an able client is, beside."""

    talks: float | None = None
    supported: str = "100rel, timer, replaces"
    extra: tuple[str, ...] = ()
    """More fields of its first request."""
    within: str = ""
    """A request that it sends in the call, once that is answered: `re-INVITE` and so on."""
    cancels: float | None = None
    """Seconds from the first 180 to its CANCEL."""
    again: float | None = None
    """Seconds after which it calls once more, with a new Call-ID."""
    after_timeout: float | None = None
    """Seconds after which it sends its first request anew where that had no response."""
    body: bytes | None = None
    """Of its first request, where that is not the usual one."""
    uri: str = ""
    """Whom it calls, where that is not the user of the case."""
    contact: str = ""
    """Its Contact, where that is another one."""
    package: str = ""
    """The Info Package of its INFOs."""
    removes: bool = False
    """Takes back what it has subscribed to or published, after a second."""
    near: bool = False
    """Runs on the machine of the server, so that nothing is lost on the way."""
    unhurried: bool = False
    """Leaves the session interval to the server where it sends an offer within the call."""
    tireless: bool = False
    """Tries again and again, whatever it is told."""
    targets: list[str] = field(default_factory=list)
    """URIs of redirections that it has not tried."""
    tried: list[str] = field(default_factory=list)


class SimpleClient(Client):
    """A client that knows the basics: it sends again, acknowledges, hangs up, and is content with what it gets."""

    def __init__(self, world: World, case: Case, habits: Habits, **more: Any) -> None:
        method = case.method if case.method in OUTSIDE else "INVITE"
        body, kind = BODIES.get(method, (None, "application/sdp"))
        super().__init__(
            world,
            method,
            user=case.dial,
            fields=[*HEADERS.get(method, ()), *more.pop("fields", ())],
            body=body,
            content_type=kind,
            flow=more.pop("flow", TCP if case.transport == "TCP" else UDP),
            habits=habits,
            strict=False,
            **more,
        )
        self.habits.answers.setdefault("NOTIFY", 200 if method in ("SUBSCRIBE", "REFER") else 481)  # RFC 6665 4.1.3
        self.heard: set[tuple[str, str]] = set()
        """Requests, by branch and method, that have had a final response."""
        self.confirmed: set[str | None] = set()
        """To tags of 2xx."""
        self.going: set[tuple[str, str]] = set()
        """The same, that have had a provisional one."""

    # sending again (17.1.1.2, 17.1.2.2)

    def transmit(self, data: bytes) -> None:
        super().transmit(data)
        message = Message(data)
        if self.flow.transport == "UDP" and message.method != "ACK":
            self._again_in(T1, data, message, self.world.now + LIFE)

    def _again_in(self, seconds: float, data: bytes, message: Message, until: float) -> None:
        def again() -> None:
            key = (message.branch, message.method)
            if key in self.heard or (message.method == "INVITE" and key in self.going) or self.world.now >= until:
                return
            self.world.send(data, self.flow)
            longest = T2 if message.method != "INVITE" else LIFE
            self._again_in(T2 if key in self.going else min(2 * seconds, longest), data, message, until)

        self.world.after(seconds, again)

    # what it hears

    def hear(self, message: Message, *, again: bool) -> None:
        if not message.is_response:
            super().hear(message, again=again)
            return
        key = (message.branch, message.method)
        request = self.sent.get(key)
        if request is None or len(message.every("via")) != 1:
            return  # 17.1.3, 8.1.3.3: it is for somebody else
        if message.status < 200:
            if key not in self.heard:  # else it is late
                self.going.add(key)
                super().hear(message, again=again)
            return
        first = key not in self.heard
        forked = 200 <= message.status < 300 and message.to_tag not in self.confirmed
        if message.method == "INVITE" and message.status < 300:
            self.confirmed.add(message.to_tag)
        self.heard.add(key)
        super().hear(message, again=not first and not forked)
        if first:
            self._goes_on(message, request)

    def _goes_on(self, message: Message, request: Message) -> None:
        """What it does about the first final response to a request."""

    def answer(self, message: Message, status: int, *fields: tuple[str, str], body: bytes = b"") -> None:
        """With what a response of that status has to say (8.2.1, 8.2.2.3, 8.2.3, 11.2)."""
        if message.method not in ALLOW.split(", "):
            status = 405
        elif message["require"] == UNKNOWN:
            status = 420
        saying = SAYING.get((message.method, status), SAYING.get(status, ()))
        super().answer(message, status, *fields, *saying, body=body)

    def _asked(self, message: Message, again: bool) -> None:
        tag = tag_of(message.the("from"))
        if tag not in self.dialogs and message.method in ("NOTIFY", "BYE"):  # it has overtaken the 2xx
            recorded = message.every("record-route")
            self.dialogs[tag] = Branch(tag, message.target or self.uri, confirmed=True, routes=recorded)
        super()._asked(message, again)


class AbleClient(SimpleClient):
    """The client."""

    def __init__(self, world: World, case: Case, habits: Able, **more: Any) -> None:
        self.able = habits
        self.case = case
        fields = list(habits.extra)
        if case.method == "INVITE" or case.method not in OUTSIDE:
            fields.append(f"Supported: {habits.supported}")
            if "timer" in habits.supported:
                fields.append("Session-Expires: 1200")
        if habits.near:
            more["flow"] = replace(UDP, remote=("127.0.0.1", 5062))
        super().__init__(world, case, habits, fields=fields, **more)
        if case.method == "CANCEL":
            habits.cancels = habits.cancels or 0.3
        elif case.method not in OUTSIDE:
            habits.within = habits.within or case.method
        self.body = self.body if habits.body is None else habits.body
        self.uri = habits.uri or self.uri
        self.contact = habits.contact or self.contact
        habits.answers = {"INVITE": self._answer, **habits.answers}
        habits.reactions = {"REFER": AbleClient._transferred, **habits.reactions}
        self.tag = ""
        """The entity-tag of its publication."""
        self.retried = 0
        self.done_within = False
        self.cancelled = False
        self.version = 1

    def begin(self) -> AbleClient:
        super().begin()
        if self.able.again is not None:
            habits = replace(self.able, again=None, targets=[], tried=[])
            again = AbleClient(self.world, self.case, habits, number=1 + len(self.world.clients))
            self.world.after(self.able.again, again.begin)
        if self.able.after_timeout is not None:
            self.world.after(self.able.after_timeout, lambda: self._begin([]))
        return self

    def _react(self, what: str, message: Message, again: bool) -> None:
        super()._react(what, message, again)
        if what == "180" and self.able.cancels is not None and not self.cancelled:
            self.cancelled = True
            self.world.after(self.able.cancels, self._cancel)
        if what == "BYE" and not again:
            self.over = True

    def _goes_on(self, message: Message, request: Message) -> None:
        status, method = message.status, message.method
        if method == "CANCEL":
            return
        if status < 300:
            self._succeeded(message, request)
        elif request.to_tag is None:
            self._refused(message, request)
        else:
            self._refused_within(message, request)

    def _cancel(self) -> None:
        invite = self.invite
        if invite is not None and (invite.branch, "INVITE") not in self.heard:
            self.cancel()

    def _succeeded(self, message: Message, request: Message) -> None:
        method = request.method
        following = _nextnonce(message["authentication-info"] or "")
        if following:
            for _, challenge in self._challenges.values():
                challenge |= {"nonce": following[1], "count": "0"}
        if method == "INVITE" and request.to_tag is None:
            self.able.targets = []
            if self.cancelled:
                self.bye()  # 15: the 2xx was faster than its CANCEL
            interval, _, refresher = (message["session-expires"] or "").partition(";refresher=")
            if refresher == "uac":
                self.world.after(int(interval) / 2, lambda: self._ask_within("INVITE"))
            self.world.after(0.1, lambda: self._talk(message.to_tag))
        elif self.able.removes:
            self.able.removes = False
            self.tag = message["sip-etag"] or ""
            self.world.after(1.0, self._remove)
        elif method == "REGISTER":
            self._refresh(message, _expires_in(message["contact"]) or message["expires"])
        elif method == "PUBLISH" and message["sip-etag"]:
            self.tag = message.the("sip-etag")
            self._refresh(message, message["expires"])
        elif method == "SUBSCRIBE" and message["expires"] and int(message.the("expires")) < 60:
            self._refresh(message, message["expires"])

    def _refresh(self, message: Message, seconds: str | None) -> None:
        if seconds and 0 < int(seconds) < 100:
            self.world.after(int(seconds) / 2, self._refreshed)

    def _refreshed(self) -> None:
        if self.over:
            return
        if self.method == "SUBSCRIBE":
            self.request("SUBSCRIBE", *self.fields, within=True)
            return
        if self.method == "PUBLISH":
            self.fields = [one for one in self.fields if one[0] != "SIP-If-Match"]
            self.fields.append(("SIP-If-Match", self.tag))
            self.body = b""
        self._begin(self.credentials(self.sent[next(iter(self.sent))]))

    def _remove(self) -> None:
        """RFC 6665 section 4.1.2.3, RFC 3903 section 4.5."""
        fields = [one for one in self.fields if one[0] != "Expires"] + [("Expires", "0")]
        if self.method == "PUBLISH":
            fields.append(("SIP-If-Match", self.tag))
        self.request(self.method, *fields, within=self.method == "SUBSCRIBE")

    # a call

    def _talk(self, tag: str | None) -> None:
        if self.over or self.done_within or not self.able.within:
            return
        self.done_within = True
        method = self.able.within
        if method == "PRACK":
            return
        if method == "BYE":
            self.world.after(0.4, self.bye)
            return
        self._ask_within("INVITE" if method == "re-INVITE" else method)

    def _ask_within(self, method: str, *extra: tuple[str, str]) -> None:
        if self.over:
            return
        body, kind = BODIES.get(method, (b"", "text/plain"))
        fields = list(HEADERS.get(method, ()))
        if method in ("INVITE", "UPDATE"):
            body, kind = NEW_OFFER, "application/sdp"
            if "timer" in self.able.supported:
                fields.append(f"Supported: {self.able.supported}")
                if not self.able.unhurried:
                    fields.append("Session-Expires: 1200")
        if method == "INFO" and self.able.package:
            fields.append(f"Info-Package: {self.able.package}")
        if method == "SUBSCRIBE":
            fields = ["Event: dialog", "Expires: 600"]
        self.request(method, *fields, *extra, body=body, content_type=kind, within=True)

    def _refused_within(self, message: Message, request: Message) -> None:
        status, method = message.status, request.method
        if self.method == "SUBSCRIBE":
            self.over = True
            return
        if status in (401, 407) and self.retried < 3:
            self.retried += 1
            if self._knows(message):
                self.over = False
                self.request(
                    method,
                    *[f"{name}: {value}" for name, value in self._own(request)],
                    *self.credentials(request),
                    body=request.body,
                    content_type=request["content-type"] or "",
                    within=True,
                )
                self.over = method == "BYE"
        elif method == "BYE":
            self.over = True
        elif status in (408, 481) and method in ("INVITE", "UPDATE", "INFO"):
            self.bye()
        elif status == 491 and method in ("INVITE", "UPDATE") and self.retried < 1:
            self.retried += 1
            self.world.after(2.5, lambda: self._ask_within(method))
        elif status == 420 and self.retried < 1:
            self.retried += 1
            changed = _without(message, request)
            if changed is not None:
                own = [(name, value) for name, value in self._own(request) if name not in changed]
                own += [(name, value) for name, value in changed.items() if value is not None]
                kind = request["content-type"] or ""
                self.request(method, *own, body=request.body, content_type=kind, within=True)
        elif status == 422 and method in ("INVITE", "UPDATE") and self.retried < 2:
            self.retried += 1
            least = message.the("min-se")
            self.request(
                method,
                f"Supported: {self.able.supported}",
                f"Session-Expires: {least}",
                f"Min-SE: {least}",
                body=request.body,
                within=True,
            )

    def _own(self, request: Message) -> list[tuple[str, str]]:
        """The fields of a request that another try of it has, too."""
        kept = (
            "rack",
            "event",
            "subscription-state",
            "refer-to",
            "info-package",
            "session-expires",
            "supported",
            "expires",
        )
        return [(name, value) for name, value in request.fields if name.lower() in kept]

    # trying again (8.1.3.4, 8.1.3.5)

    def _challenged(self, message: Message, request: Message) -> None:
        """Once for a nonce, and again where that was stale (22.1)."""
        if request.to_tag is not None:
            return
        names = {"www-authenticate", "proxy-authenticate"}
        stale = any("stale=true" in value for name in names for value in message.every(name))
        asked = {challenge_of(value)["realm"] for name in names for value in message.every(name)}
        rejected = any(asked & {challenge_of(value)["realm"]} for value in _given(request))
        if self.retried >= self._tries or (rejected and not stale and not self.able.tireless):
            return
        self.retried += 1
        self._tried = 0
        super()._challenged(message, request)

    def _refused(self, message: Message, request: Message) -> None:
        status = message.status
        if status in (401, 407) or self.retried >= self._tries:
            return
        if status == 305:
            self.retried += 1
            self._resend(request, {"Route": message.the("contact")})
        elif 300 <= status < 400 and self.method != "REGISTER":
            self._redirected(message, request)
        elif self.able.targets and status < 600:
            self._next(request)
        elif status in _CHANGES:
            changed = getattr(self, f"_after_{status}")(message, request)
            if changed is not None:
                self.retried += 1
                self._resend(request, changed)
        elif (status == 500 or (self.able.tireless and status > 500)) and message["retry-after"] is None:
            self.retried += 1
            self.world.after(3.0, lambda: self._resend(request, {}))
        elif message["retry-after"] and int(message.the("retry-after")) < 60:
            self.retried += 1
            self.world.after(int(message.the("retry-after")) + 0.2, lambda: self._resend(request, {}))

    @property
    def _tries(self) -> int:
        return _MANY_TRIES if self.able.tireless else _TRIES

    def _resend(self, request: Message, changed: dict[str, str | None], *, uri: str | None = None) -> None:
        names = {name.lower() for name in changed}
        self.fields = [one for one in self.fields if one[0].lower() not in names]
        self.fields += [(name, value) for name, value in changed.items() if value is not None]
        self.request(
            request.method,
            *self.fields,
            *self.credentials(request),
            body=self.body,
            content_type=self.content_type,
            uri=uri or request.uri,
        )

    def _redirected(self, message: Message, request: Message) -> None:
        self.able.tried.append(request.uri)
        new = sorted(message.every("contact"), key=lambda value: -float((_q(value) or ["", "1"])[1]))
        for uri in map(uri_of, new):
            if uri not in self.able.tried and uri not in self.able.targets:
                self.able.targets.append(uri)
        if self.able.targets:
            self._next(request)

    def _next(self, request: Message) -> None:
        target = self.able.targets.pop(0)
        self.able.tried.append(target)
        uri, _, headers = target.partition("?")  # 19.1.5
        self._resend(request, dict(pair.split("=") for pair in headers.split("&") if pair), uri=uri)

    def _after_412(self, message: Message, request: Message) -> dict[str, str | None] | None:
        if request["sip-if-match"] is None:
            return None
        self.body = STATE
        return {"SIP-If-Match": None}

    def _after_413(self, message: Message, request: Message) -> dict[str, str | None] | None:
        if self.method != "INVITE" or not self.body:
            return None
        self.body = b""
        return {}

    def _after_415(self, message: Message, request: Message) -> dict[str, str | None] | None:
        if self.content_type != "text/html" or message["accept"] != "text/plain":
            return None
        self.content_type = "text/plain"
        return {}

    def _after_438(self, message: Message, request: Message) -> dict[str, str | None] | None:
        return {"Identity": "the full form"} if self.retried < 1 else None

    def _after_416(self, message: Message, request: Message) -> None:
        if request.uri.startswith("tel:"):
            number = request.uri.removeprefix("tel:")
            self.retried += 1
            self._resend(request, {}, uri=f"sip:{number}@{self.flow.local[0]}")

    def _after_420(self, message: Message, request: Message) -> dict[str, str | None] | None:
        return _without(message, request)

    def _after_421(self, message: Message, request: Message) -> dict[str, str | None]:
        return {"Supported": f"{request['supported'] or ''}, {message.the('require')}".strip(", ")}

    def _after_422(self, message: Message, request: Message) -> dict[str, str | None] | None:
        least = message.the("min-se")
        stop = request["min-se"] == least and not self.able.tireless
        return None if stop else {"Min-SE": least, "Session-Expires": least}

    def _after_423(self, message: Message, request: Message) -> dict[str, str | None] | None:
        return {"Expires": message.the("min-expires")} if request["expires"] else None

    def _after_494(self, message: Message, request: Message) -> dict[str, str | None] | None:
        if "sec-agree" not in (request["require"] or ""):
            return None
        return {
            "Require": "sec-agree",
            "Proxy-Require": "sec-agree",
            "Security-Verify": ", ".join(message.every("security-server")),
        }

    def _prack(self, message: Message) -> None:
        if message.status > 100:  # RFC 3262 section 4
            super()._prack(message)

    # what it is asked

    def _transferred(self: Client, refer: Message) -> None:
        """A call to where a REFER wants it, and a report of its beginning and its end (RFC 3515 section 2.4.4)."""
        user = uri_of(refer.the("refer-to")).removeprefix("sip:").partition("@")[0]
        fields = ["Allow: INVITE, ACK, BYE", "Supported: timer"]
        number = 1 + len(self.world.clients)
        Client(self.world, user=user, number=number, flow=self.flow, fields=fields, strict=False).begin()

        def report(status: int) -> None:
            state = "active;expires=60" if status < 200 else "terminated;reason=noresource"
            fields = (f"Event: refer;id={refer.cseq}", f"Subscription-State: {state}", f"Contact: {self.contact}")
            body = f"SIP/2.0 {status} Whatever\r\n".encode()
            self.request("NOTIFY", *fields, within=True, body=body, content_type="message/sipfrag")

        report(100)
        self.world.after(1.0, lambda: report(200))

    def _answer(self, message: Message) -> tuple[int, bytes]:
        """To an INVITE of ours: 491 while one of its own is open (14.2)."""
        own = [key for key, one in self.sent.items() if key[1] == "INVITE" and one.to_tag is not None]
        status = 491 if any(key not in self.heard for key in own) else 200
        return status, self._description(message, status)

    def answer(self, message: Message, status: int, *fields: tuple[str, str], body: bytes = b"") -> None:
        """With the session timer that was asked for (RFC 4028 section 9)."""
        asked = message["session-expires"]
        if asked is not None and status == 200 and "timer" in self.able.supported:
            fields = (*fields, ("Session-Expires", asked), ("Require", "timer"))
        super().answer(message, status, *fields, body=body)

    def _description(self, message: Message, status: int) -> bytes:
        if status != 200 or message.method not in ("INVITE", "UPDATE"):
            return b""
        if not message.sdp:
            return OFFER if message.method == "INVITE" else b""
        turned = {"sendonly": b"recvonly", "inactive": b"inactive", "recvonly": b"sendonly"}
        self.version += 1
        text = OFFER.replace(b" 1 IN", b" %d IN" % self.version)
        refused = [line.split() for line in message.sdp if line.startswith("m=")][1:]
        rest = [f"{kind} 0 {' '.join(formats)}\r\n" for kind, _, *formats in refused]  # RFC 3264 section 6
        return text.replace(b"sendrecv", turned.get(message.direction(), b"sendrecv")) + "".join(rest).encode()


_TRIES = 3
"""How often it tries again."""
_MANY_TRIES = 12
"""The same, where nothing tires it."""
_CHANGES = (412, 413, 415, 416, 420, 421, 422, 423, 438, 494)
_q = re.compile(r";q=([0-9.]+)").search
_nextnonce = re.compile(r'nextnonce="([^"]*)"').search
_expires = re.compile(r";expires=([0-9]+)").search


def _expires_in(contact: str | None) -> str | None:
    found = _expires(contact or "")
    return found[1] if found else None


def _without(refused: Message, request: Message) -> dict[str, str | None] | None:
    """The fields of another try without the extensions of Unsupported (8.1.3.5); None where it had none of them."""
    unsupported = {tag for value in refused.every("unsupported") for tag in value.split(", ")}
    changed: dict[str, str | None] = {}
    for name in ("Require", "Proxy-Require", "Supported"):
        tags = [tag for value in request.every(name.lower()) for tag in value.split(", ") if tag]
        left = [tag for tag in tags if tag not in unsupported]
        if left != tags:
            changed[name] = ", ".join(left) or None
    if "timer" in unsupported:
        changed["Session-Expires"] = None
    return changed or None


def _given(request: Message) -> list[str]:
    return [*request.every("authorization"), *request.every("proxy-authorization")]
