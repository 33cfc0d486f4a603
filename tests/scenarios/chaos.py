"""Clients that keep to nothing: they call any rule, say anything at any time, and answer our requests as they like.

`Chaos` holds an engine with a plan, draws what happens next, and gives back to the engine what it sends to itself.
Everything that it says is a message that a parser can read; `tests/engine/test_hostile.py` has those that are none.
"""

from __future__ import annotations

import random
from collections import deque
from typing import Any

from responder.engine import NOTES, Engine
from responder.errors import ParseError
from responder.events import Flow, Note
from responder.registry import Capabilities, Registry
from responder.scenario.plan import Plan
from responder.scenario.playbook import Playbook
from responder.sip.message import Request, Response
from responder.sip.parser import parse
from responder.sip.sdp import Answerer
from responder.transaction.timers import TimerValues
from responder.uas.settings import Settings

from .wire import NEW_OFFER, OFFER
from .world import EPOCH, LOCAL, PEER, TCP, UDP

METHODS = (
    "INVITE", "INVITE", "INVITE", "OPTIONS", "REGISTER", "REGISTER", "SUBSCRIBE", "MESSAGE", "PUBLISH", "REFER",
    "INFO", "UPDATE", "PRACK", "NOTIFY", "BYE", "ACK", "CANCEL", "FROBNICATE",
)  # fmt: skip
STATUSES = (100, 180, 183, 183, 199, 200, 200, 200, 202, 204, 299, 302, 401, 407, 408, 422, 423, 481, 491, 503, 603)
CONTACTS = (
    "<sip:x@192.0.2.10:5062>", "<sip:x@192.0.2.10:5062>", "<sip:x@192.0.2.10:5062>", "<sip:x@127.0.0.1:5060>",
    "<sip:x@127.0.0.1>;expires=60", "<sip:x@192.0.2.11;lr>", "*",
    "<sip:nobody@192.0.2.99:9;transport=tcp>", "<sip:x@host.invalid>", "<sips:x@192.0.2.10>", "<tel:+1>",
    "<sip:x@[::1]>",
    "<sip:486@127.0.0.1:5060>", "<sip:call-to-client@127.0.0.1>", "<sip:x@192.0.2.10;method=BYE?Replaces=a>", "",
    "<sip:x@192.0.2.10;gr=urn:uuid:1>;+sip.instance=\"<urn:uuid:1>\";reg-id=1",
)  # fmt: skip
FIELDS = (
    "Supported: 100rel, timer, replaces, gruu, outbound, path", "Require: 100rel", "Session-Expires: 120;refresher=uac",
    "Session-Expires: 120;refresher=uas", "Min-SE: 90", "Record-Route: <sip:127.0.0.1;lr>", "Path: <sip:192.0.2.9;lr>",
    "Record-Route: <sip:192.0.2.9>, <sip:p.invalid;lr>", "Path: <sip:127.0.0.1:5060;lr>", "Expires: 0", "Expires: 60",
    "Event: presence", "Event: dialog", "Event: message-summary", "Event: reg", "Event: refer;id=1", "Event: x",
    "Subscription-State: terminated", "Subscription-State: active;expires=5", "SIP-If-Match: x", "Timestamp: 1",
    "Refer-To: <sip:call-to-client@127.0.0.1:5060>", "Refer-To: <sip:x@127.0.0.1?Replaces=1%3Bto-tag%3D1>",
    "Authorization: Digest username=\"alice\", realm=\"x\", nonce=\"y\", uri=\"sip:x\", response=\"z\"",
    "Route: <sip:127.0.0.1;lr>", "Accept: text/plain", "Join: 1;to-tag=2;from-tag=3", "Info-Package: x", "RSeq: 1",
    "Retry-After: 1", "RAck: 1 1 INVITE", "RAck: 4294967295 1 INVITE", "Reason: SIP;cause=200",
)  # fmt: skip
NEEDED = {
    "SUBSCRIBE": ("Event: presence", "Expires: 60"),
    "PUBLISH": ("Event: presence", "Expires: 60"),
    "NOTIFY": ("Event: refer", "Subscription-State: active;expires=5"),
    "REFER": ("Refer-To: <sip:call-to-client@127.0.0.1:5060>",),
    "PRACK": ("RAck: 1 1 INVITE",),
}
RSEQS = (1, 1, 2, 3, 0, 4294967295, 99999999999)
MOST_TURNS = 400
"""Messages within one instant: more is a loop that never ends."""


class Chaos:
    """An engine with this plan and everybody who torments it."""

    def __init__(self, plan: Plan, seed: str, *, users: tuple[str, ...] = ("bob",)) -> None:
        self.draws = random.Random(seed)
        self.users = users
        settings = Settings(timers=TimerValues(**plan.timers), capabilities=Capabilities(**plan.registrar))
        ids = random.Random(seed)
        playbook = Playbook(plan, ids=ids, capabilities=settings.capabilities, epoch=EPOCH)
        self.engine = Engine(
            playbook,
            ids=ids,
            settings=settings,
            registry=Registry.standard().extended(plan.overrides),
            epoch=EPOCH,
            media=lambda host: Answerer(host, [40000]),
            observer=NOTES,
        )
        playbook.use_nonces(self.engine.nonces)
        self.now = 0.0
        self.number = 0
        self.said: list[bytes] = []
        self.heard: deque[Request | Response] = deque(maxlen=12)
        self.sent = 0

    # time

    def run(self, seconds: float) -> None:
        """Let so much time pass."""
        until = self.now + seconds
        while (deadline := self.engine.next_deadline()) is not None and deadline <= until:
            self.now = max(deadline, self.now)
            self.engine.handle_timeout(self.now)
            following = self.engine.next_deadline()
            assert following is None or following > self.now, "handle_timeout left a deadline that was due"
            self._carry()
        self.now = until

    def quiet(self, rounds: int = 60) -> None:
        """Nobody says anything any more: the engine comes to rest."""
        self.draws = random.Random(0)
        self.users = ()
        self.engine.shutdown(self.now)
        self._carry()
        for _ in range(rounds):
            self.run(200.0)
            if not self.engine.busy:
                break
        self.run(8000.0)

    # what they do

    def act(self) -> None:
        """One thing."""
        draws = self.draws
        self.run(draws.choice((0, 0, 0, 0, 0.01, 0.1, 0.3, 1, 2, 4, 33)))
        what = draws.randrange(10)
        if what == 0 and self.said:
            self.say(draws.choice(self.said))
        elif what == 1 and self.heard:
            heard = draws.choice(self.heard)
            if isinstance(heard, Request):
                self.say(self.answer(heard))
        elif what == 2:
            self.engine.transport_failed(draws.choice((UDP, TCP)), self.now, "gone")
            self._carry()
        elif what < 6 and self.heard:
            self.say(self.within(draws.choice(self.heard)))
        else:
            self.say(self.outside())

    def say(self, data: bytes, flow: Flow | None = None) -> None:
        """This comes in."""
        self.said = [*self.said[-7:], data]
        self.engine.receive(data, flow or self.draws.choice((UDP, UDP, TCP)), self.now)
        self._carry()

    def outside(self) -> bytes:
        """A request that begins something."""
        self.number += 1
        draws = self.draws
        method = draws.choice(METHODS)
        user = draws.choice(self.users)
        dialog = (f"<sip:{user}@127.0.0.1>", f"<sip:{draws.choice(('alice', 'bob', user))}@x>;tag=f{self.number}")
        return self.request(method, f"sip:{user}@127.0.0.1", *dialog, f"c{self.number}", 1 + draws.randrange(3))

    def within(self, heard: Request | Response) -> bytes:
        """A request in the dialog of what was heard, more or less."""
        draws = self.draws
        ours, theirs = (heard.first(name) or "<sip:x>" for name in ("to", "from"))
        if isinstance(heard, Request):
            ours, theirs = theirs, ours
        if draws.random() < 0.1:
            ours = "<sip:bob@127.0.0.1>;tag=wrong"
        number = heard.cseq.number + draws.choice((0, 0, 1, 1, 2, -1, 1000))
        method = draws.choice(METHODS)
        fields, branch = [], ""
        if isinstance(heard, Response):
            if method == "PRACK":
                fields.append(f"RAck: {heard.first('rseq') or 1} {heard.cseq.number} INVITE")
            if method in ("CANCEL", "ACK") and draws.random() < 0.9:
                number, branch = heard.cseq.number, heard.vias[0].branch or ""
            tags = [str(tag) for tag in (heard.to_tag, heard.from_tag)]
            fields.append(
                f"Replaces: {heard.call_id};to-tag={tags[0]};from-tag={tags[1]}" if draws.random() < 0.1 else "P-Y: y"
            )
            if heard.status in (401, 407):
                name = "Authorization" if heard.status == 401 else "Proxy-Authorization"
                fields.append(f"{name}: {heard.first('www-authenticate') or heard.first('proxy-authenticate')}")
        user = draws.choice(self.users)
        return self.request(
            method, f"sip:{user}@127.0.0.1", ours, theirs, heard.call_id, max(number, 0), fields, branch
        )

    def request(
        self, method: str, uri: str, to: str, sender: str, call_id: str, number: int, more: Any = (), branch: str = ""
    ) -> bytes:
        """A request with this and some more."""
        draws = self.draws
        self.number += 1
        lines = [
            f"{method} {uri} SIP/2.0",
            f"Via: SIP/2.0/UDP 192.0.2.10:5062;branch={branch or f'z9hG4bKx{self.number}'}",
            f"Max-Forwards: {draws.choice((70,) * 9 + (0,))}",
            f"To: {to}",
            f"From: {sender}",
            f"Call-ID: {call_id}",
            f"CSeq: {number} {method}",
            *more,
            *self._some(more),
        ]
        here = {line.partition(":")[0] for line in lines}
        lines += [field for field in NEEDED.get(method, ()) if field.partition(":")[0] not in here]
        lines += self._contact(method == "REGISTER")
        body = draws.choice((OFFER, NEW_OFFER)) if method in ("INVITE", "UPDATE") and draws.random() < 0.6 else b""
        return self._joined(lines, body)

    def answer(self, asked: Request) -> bytes:
        """A response to a request of ours, right or wrong."""
        draws = self.draws
        status = draws.choice(STATUSES)
        lines = [f"SIP/2.0 {status} Whatever"]
        for name in ("Via", "From", "To", "Call-ID", "CSeq"):
            value = asked.first(name.lower()) or ""
            if name == "To" and ";tag=" not in value and draws.random() < 0.9:
                value += f";tag={draws.choice('abcd')}"
            if draws.random() < 0.02:
                value = value.replace("1", "2")
            lines.append(f"{name}: {value}")
        if draws.random() < 0.4:
            lines += ["Require: 100rel", f"RSeq: {draws.choice(RSEQS)}"]
        if status in (401, 407):
            name = "WWW-Authenticate" if status == 401 else "Proxy-Authenticate"
            lines.append(f'{name}: Digest realm="x", nonce="{draws.random()}"{draws.choice(("", ", qop=auth", ", x"))}')
        lines += self._some(lines)
        lines += self._contact(False)
        return self._joined(lines, draws.choice((b"", b"", OFFER, OFFER.replace(b"RTP/AVP 0", b"RTP/AVP 99"))))

    def _some(self, lines: Any) -> list[str]:
        """A few fields of names that are not there yet."""
        names = {line.partition(":")[0] for line in lines}
        found = {}
        for field in self.draws.sample(FIELDS, self.draws.choice((0, 0, 1, 2, 4))):
            name = field.partition(":")[0]
            if name not in names and (name != "Require" or self.draws.random() < 0.3):
                found[name] = field
        return list(found.values())

    def _contact(self, registers: bool) -> list[str]:
        contact = self.draws.choice(CONTACTS if registers or self.draws.random() < 0.3 else CONTACTS[:4])
        return [f"Contact: {contact}"] if contact else []

    def _joined(self, lines: list[str], body: bytes) -> bytes:
        if body:
            lines.append("Content-Type: application/sdp")
        return "\r\n".join([*lines, f"Content-Length: {len(body)}", "", ""]).encode("utf-8", "surrogateescape") + body

    def _go_on(self, heard: Response, flow: Flow) -> None:
        """What a client that keeps to the rules does next."""
        to, sender, number = heard.first("to") or "", heard.first("from") or "", heard.cseq.number
        uri, method, branch = "sip:bob@127.0.0.1", heard.cseq.method, heard.vias[0].branch or ""
        if method == "INVITE" and heard.status >= 200:
            branch = "" if heard.status < 300 else branch
            data = self.request("ACK", uri, to, sender, heard.call_id, number, ["Expires: 9"], branch)
        elif method == "INVITE" and heard.first("rseq"):
            fields = [f"RAck: {heard.first('rseq')} {number} INVITE"]
            data = self.request("PRACK", uri, to, sender, heard.call_id, number + 1, fields)
        else:
            return
        self.engine.receive(data, flow, self.now)

    # what they get

    def _carry(self) -> None:
        turns = 0
        while True:
            for event in self.engine.events():
                assert not (isinstance(event, Note) and event.text.startswith("internal error")), event.text
            out = self.engine.transmits()
            if not out:
                return
            self.sent += len(out)
            for data, flow in out:
                turns += 1
                assert turns < MOST_TURNS, f"no end of messages: {data!r}"
                self._deliver(bytes(data), flow)

    def _deliver(self, data: bytes, flow: Flow) -> None:
        if flow.remote == LOCAL:
            self.engine.receive(data, Flow(flow.transport, LOCAL, LOCAL, flow.connection), self.now)
            return
        try:
            message = parse(data)
            whole = all((message.call_id, message.cseq, message.vias, message.first("from"), message.first("to")))
        except ParseError:
            return
        if not whole:
            return  # a script that is wrong on purpose
        self.heard.append(message)
        if isinstance(message, Response) and self.users and self.draws.random() < 0.7:
            self._go_on(message, flow)
        if isinstance(message, Request) and self.users and flow.remote in (PEER, ("192.0.2.10", 5060)):
            for _ in range(self.draws.choice((0, 0, 1, 1, 2, 3))):
                self.engine.receive(self.answer(message), flow, self.now)
