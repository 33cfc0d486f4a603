"""A bench for the engine: virtual time, a scripted UAS, callers that write requests, outputs parsed.

`Bench` holds an engine and steps its clock from deadline to deadline. What a call does is a list of steps (see
`Lines`). `Caller` writes the requests of one UAC and keeps what a UAC keeps: tags, CSeq, branches. Everything that the
engine sends is parsed and checked for what no message may lack; an internal error of the engine fails the test.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, TypeAlias

from responder.engine import MESSAGES, Engine
from responder.errors import ParseError
from responder.events import CallEnded, Flow, MessageReceived, MessageSent, Note
from responder.registry import Capabilities
from responder.sip.message import Message, Request, Response
from responder.sip.name_addr import NameAddr
from responder.sip.parser import parse
from responder.sip.sdp import Answerer
from responder.sip.syntax import fault_of, fault_of_response
from responder.transaction.timers import TimerValues
from responder.uas.script import Order, Reply
from responder.uas.settings import Settings

LOCAL = ("127.0.0.1", 5060)
PEER = ("192.0.2.10", 5062)
UDP = Flow("UDP", LOCAL, PEER)
TCP = Flow("TCP", LOCAL, PEER, 7)
UDP6 = Flow("UDP", ("::1", 5060), ("2001:db8::10", 5062))

SDP = "application/sdp"
OFFER = (
    b"v=0\r\no=alice 1 1 IN IP4 192.0.2.10\r\ns=-\r\nc=IN IP4 192.0.2.10\r\nt=0 0\r\n"
    b"m=audio 6000 RTP/AVP 0 8\r\na=rtpmap:0 PCMU/8000\r\na=rtpmap:8 PCMA/8000\r\n"
)
NEW_OFFER = OFFER.replace(b"alice 1 1 ", b"alice 1 2 ").replace(b"6000", b"6010")
HOPELESS_OFFER = OFFER.replace(b"audio 6000 RTP/AVP 0 8", b"audio 6000 RTP/AVP 77").partition(b"a=")[0]

TRYING = Reply(100)
RINGING = Reply(180)
PROGRESS = Reply(183, sdp=True)
OK = Reply(200)
BUSY = Reply(486)
BYE = Order("BYE")

T1, T2, T4, TIMEOUT = 0.5, 4.0, 5.0, 32.0
RESPONSE_TIMES = [0.5, 1.5, 3.5, 7.5, 11.5, 15.5, 19.5, 23.5, 27.5, 31.5]
"""When timers E and G, and a 2xx without ACK, send again: T1 doubling to T2, for 64*T1 (RFC 3261 17.1.2.2)."""
DOUBLING_TIMES = [0.5, 1.5, 3.5, 7.5, 15.5, 31.5]
"""When timer A and a reliable 1xx send again: T1 doubling, for 64*T1 (RFC 3261 17.1.1.2, RFC 3262 3)."""

Step: TypeAlias = "Reply | Order | float | str | Callable[[Any, Any], object]"


class Lines:
    """A script that goes through a list of steps when its first request comes, and is done after the last.

    A Reply is sent to that request, an Order within the dialog; a number waits so many seconds; `"answer"` lets the
    core answer; `"ack"` waits for an ACK; `"stay"` goes no further and keeps the script alive; a function gets call and
    transaction. `later` holds such steps (none of which wait) for later requests by method.
    """

    def __init__(self, steps: Sequence[Step], book: Book) -> None:
        self.name = "lines"
        self.over = False
        self.unchecked = book.unchecked
        self.steps = steps
        self.book = book
        self.at = 0
        self.awaits_ack = False

    def start(self, call: Any, transaction: Any) -> None:
        self.book.seen.append(("start", transaction.method))
        self.call, self.transaction = call, transaction
        self._go()

    def _go(self) -> None:
        while self.at < len(self.steps):
            step = self.steps[self.at]
            self.at += 1
            if isinstance(step, (int, float)):
                self.call.wait(step, self.at)
                return
            if step == "stay":
                return
            if step == "ack":
                self.awaits_ack = True
                return
            take(step, self.call, self.transaction)
        self.call.end()

    def request(self, call: Any, transaction: Any) -> bool:
        self.book.seen.append(("request", transaction.method))
        steps = self.book.later.get(transaction.method)
        if steps is None:
            return False
        for step in steps:
            take(step, call, transaction)
        return True

    def ack(self, call: Any, request: Request) -> None:
        self.book.seen.append(("ack", request.cseq.number))
        if self.awaits_ack:
            self.awaits_ack = False
            self._go()

    def cancel(self, call: Any, invite: Any, request: Any) -> bool:
        self.book.seen.append(("cancel", invite.method))
        if not self.book.keeps_cancelled:
            call.end()
        return self.book.keeps_cancelled

    def response(self, call: Any, outgoing: Any, response: Response | None) -> None:
        self.book.seen.append(("response", outgoing.method, None if response is None else response.status))

    def timer(self, call: Any, token: Any) -> None:
        assert token == self.at
        self._go()

    def ended(self, call: Any, outcome: str) -> None:
        self.book.seen.append(("ended", outcome))
        self.__dict__.pop("call", None)
        self.__dict__.pop("transaction", None)


def take(step: Step, call: Any, transaction: Any) -> None:
    """Do one step that does not wait."""
    if isinstance(step, Reply):
        call.respond(transaction, step)
    elif isinstance(step, Order):
        call.send(step)
    elif step == "answer":
        call.answer(transaction)
    else:
        assert callable(step), step
        step(call, transaction)


class Book:
    """The playbook: steps by the method of a call's first request, `*` for any other."""

    def __init__(self, plans: dict[str, Sequence[Step]]) -> None:
        self.plans = plans
        self.later: dict[str, Sequence[Step]] = {}
        self.unchecked: frozenset[str] = frozenset()
        self.keeps_cancelled = False
        self.seen: list[tuple[Any, ...]] = []

    def choose(self, request: Request, flow: Flow, now: float) -> Lines:
        return Lines(self.plans.get(request.method, self.plans["*"]), self)


class Sent:
    """Something that the engine sent."""

    def __init__(self, time: float, data: bytes, flow: Flow) -> None:
        self.time = time
        self.data = data
        self.flow = flow
        self.message = parse(data)

    @property
    def what(self) -> str:
        """The status as text, or the method."""
        return str(self.message.status) if isinstance(self.message, Response) else self.request.method

    @property
    def request(self) -> Request:
        assert isinstance(self.message, Request)
        return self.message

    @property
    def status(self) -> int:
        assert isinstance(self.message, Response), self.message
        return self.message.status

    def __getitem__(self, name: str) -> str | None:
        return self.message.get(name)

    def __repr__(self) -> str:
        return f"<{self.what} {self['CSeq']} at {self.time:g}>"


def whats(sent: Iterable[Sent]) -> list[str]:
    """Statuses and methods, in order."""
    return [one.what for one in sent]


def times(sent: Iterable[Sent], since: float = 0.0) -> list[float]:
    """When they were sent."""
    return [round(one.time - since, 6) for one in sent]


class Bench:
    """An engine on a bench."""

    def __init__(
        self,
        *steps: Step,
        plans: dict[str, Sequence[Step]] | None = None,
        later: dict[str, Sequence[Step]] | None = None,
        unchecked: Iterable[str] = (),
        seed: int = 1,
        media: bool = True,
        observer: int = MESSAGES,
        timers: TimerValues | None = None,
        epoch: float = 1_700_000_000.0,
        capabilities: dict[str, Any] | None = None,
        **settings: Any,
    ) -> None:
        self.book = Book({"INVITE": steps or (RINGING, OK), "*": ("answer",), **(plans or {})})
        self.book.later = dict(later or {})
        self.book.unchecked = frozenset(unchecked)
        self.engine = Engine(
            self.book,
            ids=random.Random(seed),
            settings=Settings(
                timers=timers or TimerValues(), capabilities=Capabilities(**(capabilities or {})), **settings
            ),
            epoch=epoch,
            media=(lambda host: Answerer("127.0.0.1", [40000])) if media else None,
            observer=observer,
        )
        self.now = 0.0
        self.sent: list[Sent] = []
        self.events: list[Any] = []
        self.hostile = False
        """Whether malformed requests come in: what we send repeats their fields, faults and all."""
        self.peers: dict[str, int | Callable[[Sent], bytes | None]] = {}
        """What the far end answers to requests of ours by method: a status, or a function that makes the bytes."""

    # the world

    def receive(self, data: bytes, flow: Flow = UDP) -> list[Sent]:
        """One message comes in; what the engine sends at once."""
        since = len(self.sent)
        self.engine.receive(data, flow, self.now)
        self._collect()
        return self.sent[since:]

    def run(self, seconds: float) -> list[Sent]:
        """Let so much time pass; what the engine sends meanwhile."""
        since = len(self.sent)
        until = self.now + seconds
        while True:
            deadline = self.engine.next_deadline()
            if deadline is None or deadline > until + 1e-9:
                break
            assert deadline >= self.now - 1e-9, "a deadline lies in the past"
            self.now = max(deadline, self.now)
            self.engine.handle_timeout(self.now)
            following = self.engine.next_deadline()
            assert following is None or following > self.now, "handle_timeout left a deadline that was due"
            self._collect()
        self.now = until
        return self.sent[since:]

    def _collect(self) -> None:
        new = [
            Sent(self.now, data, flow)
            for data, flow in self.engine.transmits()
            if not self.hostile or is_sip(data)  # a script that answers nonsense on purpose may say nonsense
        ]
        self.sent += new
        events = self.engine.events()
        self.events += events
        for event in events:
            assert not (isinstance(event, Note) and event.text.startswith("internal error")), event.text
        for one in new:
            if not self.hostile:
                check(one.message)
            if isinstance(one.message, Request):
                reply = self.peers.get(one.message.method)
                if reply is not None:
                    data = reply_to(one, reply) if isinstance(reply, int) else reply(one)
                    if data is not None:
                        self.receive(data, one.flow)

    # what happened

    @property
    def seen(self) -> list[tuple[Any, ...]]:
        """What the scripts were told."""
        return self.book.seen

    @property
    def ended(self) -> list[CallEnded]:
        return [event for event in self.events if isinstance(event, CallEnded)]

    @property
    def notes(self) -> list[Note]:
        return [event for event in self.events if isinstance(event, Note)]

    @property
    def received(self) -> list[MessageReceived]:
        return [event for event in self.events if isinstance(event, MessageReceived)]

    @property
    def reported(self) -> list[MessageSent]:
        return [event for event in self.events if isinstance(event, MessageSent)]

    # short cuts

    def call(self, caller: Caller, *fields: str, body: bytes = OFFER, acknowledge: bool = True) -> list[Sent]:
        """An INVITE that gets its 2xx, and the ACK."""
        sent = self.receive(caller.invite(*fields, body=body), caller.flow)
        if not sent or sent[-1].status >= 300:
            raise AssertionError(f"the call was not answered: {sent}")
        caller.heard(sent[-1])
        if acknowledge:
            self.receive(caller.ack(), caller.flow)
        return sent

    def leftovers(self) -> dict[str, int]:
        """Everything in the engine that lasts as long as a transaction, a dialog or a call: by name, zeros left out."""
        engine: Any = self.engine
        return leftovers(engine)

    def drain(self, seconds: float = 8000.0) -> list[Sent]:
        """Let time pass until nothing is under way any more; something left over fails the test."""
        sent = self.run(seconds)
        assert self.engine.busy == 0
        assert self.leftovers() == {}
        return sent


def leftovers(engine: Any) -> dict[str, int]:
    """See `Bench.leftovers`."""
    layer, core = engine._layer, engine._core
    found = {
        "servers": len(layer.servers),
        "clients": len(layer.clients),
        "recent": len(layer._first),
        "calls": len(core.calls),
        "dialogs": len(core.dialogs),
        "timers": len(engine._timers),
        "transmits": len(engine._wire.out),
        "faults": len(core.faults),
    }
    return {name: count for name, count in found.items() if count}


def is_sip(data: bytes) -> bool:
    """Whether it has a start line."""
    try:
        parse(data)
    except ParseError:
        return False
    return True


def check(message: Message) -> None:
    """What every message of ours has (RFC 3261 8.1.1, 8.2.6, 20.14)."""
    fault = fault_of(message) if isinstance(message, Request) else fault_of_response(message)  # type: ignore[arg-type]
    assert fault is None, f"{fault} in {message}: {list(message.fields())}"
    lengths = message.every("content-length")
    assert [int(length) for length in lengths] == [len(message.body)]
    assert not message.body or message.first("content-type")


class Caller:
    """A UAC: writes the requests of one call and remembers what it must."""

    def __init__(
        self,
        number: int = 1,
        *,
        flow: Flow = UDP,
        uri: str = "sip:bob@127.0.0.1",
        to: str = "<sip:bob@127.0.0.1>",
        sender: str = '"Alice" <sip:alice@example.com>',
        contact: str | None = None,
        via: str | None = None,
        prefix: str = "",
    ) -> None:
        host, port = flow.remote
        address = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
        self.flow = flow
        self.number = number
        self.prefix = prefix
        self.uri = uri
        self.to = to
        self.sender = sender
        self.tag: str | None = f"{prefix}from{number}"
        self.call_id = f"{prefix}call-{number}@192.0.2.10"
        self.contact = contact or (
            f"<sip:alice@{address}>" if flow.transport == "UDP" else f"<sip:alice@{address};transport=tcp>"
        )
        self.via = via or f"SIP/2.0/{flow.transport} {address}"
        self.cseq = 0
        self.branches = 0
        self.to_tag: str | None = None
        self.target: str | None = None
        self.invited: tuple[int, str] = (0, "")
        """CSeq number and branch of the last INVITE."""
        self.invited_tag: str | None = None
        """The To tag of the last INVITE: None outside of a dialog."""
        self.last_branch = ""

    def branch(self) -> str:
        """A new branch."""
        self.branches += 1
        return f"z9hG4bK{self.prefix}{self.number}x{self.branches}"

    def request(
        self,
        method: str,
        *fields: str,
        body: bytes = b"",
        content_type: str = SDP,
        cseq: int | None = None,
        branch: str | None = None,
        uri: str | None = None,
        to_tag: str | bool | None = True,
        contact: bool | None = None,
        put: dict[str, str | None] | None = None,
    ) -> bytes:
        """A request; `to_tag` True means: as far as it is known. `put` replaces fields, None leaves one out."""
        if cseq is None:
            self.cseq += 1
            cseq = self.cseq
        branch = branch or self.branch()
        self.last_branch = branch
        tag = self.to_tag if to_tag is True else to_tag
        wanted = method in ("INVITE", "UPDATE", "SUBSCRIBE", "REFER", "REGISTER", "NOTIFY")
        values: dict[str, str | None] = {
            "Via": f"{self.via};branch={branch}",
            "Max-Forwards": "70",
            "From": self.sender + (f";tag={self.tag}" if self.tag else ""),
            "To": self.to + (f";tag={tag}" if tag else ""),
            "Call-ID": self.call_id,
            "CSeq": f"{cseq} {method}",
            "Contact": self.contact if (wanted if contact is None else contact) else None,
        }
        values |= put or {}
        lines = [f"{name}: {value}" for name, value in values.items() if value is not None]
        lines += fields
        if body:
            lines.append(f"Content-Type: {content_type}")
        lines.append(f"Content-Length: {len(body)}")
        target = uri or (self.target if self.to_tag and self.target else self.uri)
        return "\r\n".join([f"{method} {target} SIP/2.0", *lines, "", ""]).encode("utf-8", "surrogateescape") + body

    def invite(self, *fields: str, body: bytes = OFFER, **more: Any) -> bytes:
        """An INVITE, or within the dialog a re-INVITE."""
        data = self.request("INVITE", *fields, body=body, **more)
        self.invited = (more.get("cseq") or self.cseq, self.last_branch)
        tag = more.get("to_tag", True)
        self.invited_tag = self.to_tag if tag is True else tag or None
        return data

    def heard(self, sent: Sent) -> None:
        """A response that makes a dialog."""
        tag = sent.message.to_tag
        assert tag
        self.to_tag = tag
        contacts = sent.message.contacts
        if contacts:
            self.target = str(contacts[0].uri)

    def ack(self, *fields: str, **more: Any) -> bytes:
        """The ACK for a 2xx: a request of its own (13.2.2.4)."""
        return self.request("ACK", *fields, **{"cseq": self.invited[0], **more})

    def ack_refusal(self, sent: Sent, **more: Any) -> bytes:
        """The ACK for a 300-699: of the INVITE's transaction (17.1.1.3)."""
        tag = sent.message.to_tag
        number, branch = self.invited
        uri = more.pop("uri", self.uri if not self.to_tag else (self.target or self.uri))
        return self.request("ACK", cseq=number, branch=branch, to_tag=tag, uri=uri, **more)

    def cancel(self, *fields: str, **more: Any) -> bytes:
        """The CANCEL of the last INVITE: its To is that of the INVITE (9.1)."""
        number, branch = self.invited
        return self.request("CANCEL", *fields, **{"cseq": number, "branch": branch, "to_tag": self.invited_tag, **more})

    def bye(self, *fields: str, **more: Any) -> bytes:
        """A BYE."""
        return self.request("BYE", *fields, **more)

    def prack(self, sent: Sent, *fields: str, **more: Any) -> bytes:
        """The PRACK for a reliable 1xx (RFC 3262 section 4)."""
        tag = sent.message.to_tag
        rack = more.pop("rack", f"{sent['RSeq']} {sent['CSeq']}")
        return self.request("PRACK", f"RAck: {rack}", *fields, to_tag=tag, **more)


def reply_to(sent: Sent, status: int, *fields: str, body: bytes = b"", reason: str = "Whatever") -> bytes:
    """A response of the far end to a request of ours."""
    request = sent.request
    lines = [f"SIP/2.0 {status} {reason}"]
    for name in ("Via", "From", "To", "Call-ID", "CSeq"):
        lines += [f"{name}: {value}" for value in request.every(name.lower())]
    lines += fields
    if body:
        lines.append(f"Content-Type: {SDP}")
    lines.append(f"Content-Length: {len(body)}")
    return "\r\n".join([*lines, "", ""]).encode() + body


_COMPACT = {
    "Via": "v",
    "From": "f",
    "To": "t",
    "Call-ID": "i",
    "Contact": "m",
    "Content-Type": "c",
    "Content-Length": "l",
    "Supported": "k",
    "Event": "o",
}


def _respelt(data: bytes, spell: Callable[[str, str], str], end: str = "\r\n") -> bytes:
    head, _, body = data.partition(b"\r\n\r\n")
    start, *lines = head.decode().split("\r\n")
    fields = [line.partition(": ") for line in lines]
    return end.join([start, *[spell(name, value) for name, _, value in fields], "", ""]).encode() + body


def forms(data: bytes) -> Iterator[tuple[str, bytes]]:
    """The same request in every spelling that RFC 3261 section 7.3 allows, by name."""
    yield "plain", data
    yield "compact", _respelt(data, lambda name, value: f"{_COMPACT.get(name, name)}: {value}")
    yield "lower case", _respelt(data, lambda name, value: f"{name.lower()}: {value}")
    yield "upper case", _respelt(data, lambda name, value: f"{name.upper()}: {value}")
    yield "no space", _respelt(data, lambda name, value: f"{name}:{value}")
    yield "white space", _respelt(data, lambda name, value: f"{name} \t:  \t{value} ")
    yield "folded", _respelt(data, lambda name, value: f"{name}:\r\n {value}")
    yield "bare LF", _respelt(data, lambda name, value: f"{name}: {value}", "\n")
    yield "empty lines first", b"\r\n\r\n" + data


def address(value: str | None) -> NameAddr:
    """A field value as an address."""
    assert value is not None
    return NameAddr.parse(value)
