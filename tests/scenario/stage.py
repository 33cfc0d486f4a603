"""A stand-in for the UAS core: calls with the verbs of `uas.call.Call`, on a clock of their own; they keep a log."""

from __future__ import annotations

import random
from typing import Any

from responder.dialog.dialog import CONFIRMED
from responder.events import Flow
from responder.scenario.compiler import load_text
from responder.scenario.plan import Plan
from responder.scenario.playbook import Playbook
from responder.sip.message import Request, Response
from responder.sip.parser import parse
from responder.uas.script import Order, Reply

FLOW = Flow("UDP", ("192.0.2.1", 5060), ("192.0.2.9", 5070))
SDP = (
    "v=0\r\no=- 1 1 IN IP4 192.0.2.9\r\ns=-\r\nc=IN IP4 192.0.2.9\r\nt=0 0\r\n"
    "m=audio 4000 RTP/AVP 0 111\r\na=rtpmap:111 opus/48000/2\r\na=sendonly\r\n"
)


def request(
    method: str = "INVITE",
    uri: str = "sip:bob@192.0.2.1",
    *,
    caller: str = "<sip:alice@192.0.2.9>",
    to: str | None = None,
    to_tag: str | None = None,
    call_id: str = "call-1",
    cseq: int = 1,
    headers: dict[str, str] | None = None,
    body: str = "",
) -> Request:
    """A request as the parser makes it."""
    tag = "" if to_tag is None else f";tag={to_tag}"
    fields = {
        "Via": f"SIP/2.0/UDP 192.0.2.9:5070;branch=z9hG4bK{method}{cseq}",
        "Max-Forwards": "70",
        "From": f"{caller};tag=from",
        "To": f"{to or f'<{uri}>'}{tag}",
        "Call-ID": call_id,
        "CSeq": f"{cseq} {method}",
        "Contact": "<sip:alice@192.0.2.9:5070>",
        **(headers or {}),
        "Content-Length": str(len(body.encode())),
    }
    head = "".join(f"{name}: {value}\r\n" for name, value in fields.items())
    found = parse(f"{method} {uri} SIP/2.0\r\n{head}\r\n{body}".encode())
    assert isinstance(found, Request)
    return found


def response(status: int, headers: dict[str, str] | None = None, body: str = "") -> Response:
    """A response to a request of ours."""
    fields = {
        "Via": "SIP/2.0/UDP 192.0.2.1:5060;branch=z9hG4bKours",
        "From": "<sip:bob@192.0.2.1>;tag=to",
        "To": "<sip:alice@192.0.2.9>;tag=from",
        "Call-ID": "call-1",
        "CSeq": "1 BYE",
        **(headers or {}),
    }
    head = "".join(f"{name}: {value}\r\n" for name, value in fields.items())
    found = parse(f"SIP/2.0 {status} x\r\n{head}\r\n{body}".encode())
    assert isinstance(found, Response)
    return found


class Transaction:
    """One request and the responses to it."""

    def __init__(self, request: Request) -> None:
        self.request = request
        self.method = request.method
        self.call_id = request.call_id
        self.source = self.flow = FLOW
        self.last_status = 0

    @property
    def open(self) -> bool:
        return self.last_status < 200

    answered = property(lambda self: not self.open)


class Dialog:
    """All that a runner looks at."""

    def __init__(self, local_tag: str, call_id: str = "call-1") -> None:
        self.local_tag = local_tag
        self.call_id = call_id
        self.state = CONFIRMED


class Outgoing:
    """A request of ours."""

    def __init__(self, order: Order, dialog: Dialog | None, log: list[str]) -> None:
        self.order = order
        self.method = order.method
        self.dialog = dialog
        self.status = 0
        self.log = log

    def cancel(self) -> None:
        self.log.append("send CANCEL")


class Call:
    """One call; `log` has what its script did, in order."""

    def __init__(self, stage: Stage, transaction: Transaction) -> None:
        self.stage = stage
        self.number = 1
        self.request = transaction.request
        self.flow = FLOW
        self.call_id = transaction.call_id
        self.started = stage.now
        self.path: list[str] = []
        self.dialogs: list[Dialog] = []
        self.unanswered: list[Transaction] = [transaction]
        self.active = True
        self.log: list[str] = []
        self.replies: list[tuple[Reply, dict[str, str], str]] = []
        self.sent: list[tuple[Outgoing, dict[str, str]]] = []
        self.waits: list[tuple[float, Any]] = []
        self.failures: list[str] = []
        self.notes: list[tuple[str, str]] = []
        self.taken: list[str] = []
        self.tags = 0
        self.placing: tuple[Outgoing, ...] = ()
        self.lost: dict[str, int] = {}
        self.fault: Any = None
        self.luck: Any = None
        self.notifies = False
        self.script: Any = None

    @property
    def now(self) -> float:
        return self.stage.now

    def respond_all(self, transaction: Any, replies: Any) -> None:
        for reply in replies:
            self.respond(transaction, reply)

    def respond(self, transaction: Transaction, reply: Reply, scope: Any = None) -> None:
        tag = text(reply.to_tag, scope) if reply.to_tag is not None and not isinstance(reply.to_tag, bool) else "to"
        shown = str(reply.status) if tag == "to" else f"{reply.status} {tag}"
        if not transaction.open:
            self.log.append(f"too late: {shown}")
            return
        headers = {name: text(value, scope) for name, value in (*reply.headers, *reply.added)}
        whole = text(reply.raw, scope) if reply.raw is not None else text(reply.body, scope) if reply.body else ""
        self.replies.append((reply, headers, whole))
        transaction.last_status = reply.status
        method = (
            "" if transaction.request is self.request or transaction.method == "INVITE" else f"{transaction.method} "
        )
        self.log.append(f"{method}{shown}")
        if (
            transaction.method == "INVITE"
            and 100 < reply.status < 300
            and tag not in [d.local_tag for d in self.dialogs]
        ):
            self.dialogs.append(Dialog(tag))
        if reply.status >= 200:
            self.unanswered.remove(transaction)
            if transaction.method == "BYE":
                self.dialogs.clear()
            if transaction.method == "INVITE" and reply.status >= 300 and transaction.request.to_tag is None:
                self.dialogs.clear()

    def answer(self, transaction: Transaction) -> None:
        assert transaction.open
        self.log.append(f"answer {transaction.method}")
        transaction.last_status = 200
        self.unanswered.remove(transaction)
        if transaction.method == "INVITE" and not self.dialogs:
            self.dialogs.append(Dialog("to"))
        if transaction.method == "BYE":
            self.dialogs.clear()

    def send(self, order: Order, scope: Any = None, *, dialog: Dialog | None = None) -> Outgoing | None:
        if not self.dialogs:
            self.log.append(f"no dialog: {order.method}")
            return None
        outgoing = Outgoing(order, dialog, self.log)
        headers = {name: text(value, scope) for name, value in (*order.headers, *order.added)}
        self.sent.append((outgoing, headers))
        self.log.append(f"send {order.method}" + ("" if dialog is None else f" {dialog.local_tag}"))
        return outgoing

    def place(self, order: Order, to: str, scope: Any = None, *, sender: str | None = None) -> Outgoing | None:
        self.log.append(f"place {order.method} {to}" + ("" if sender is None else f" from {sender}"))
        if not to.startswith("sip:"):
            return None
        outgoing = Outgoing(order, None, self.log)
        self.sent.append((outgoing, {}))
        return outgoing

    def notify(self, order: Order, state: str, scope: Any = None) -> Outgoing | None:
        self.log.append(f"notify {state}")
        outgoing = Outgoing(order, None, self.log)
        self.sent.append((outgoing, {}))
        return outgoing

    def lose(self, counts: dict[str, int]) -> None:
        self.lost = dict(counts)

    def contact(self, flow: Flow) -> str:
        return f"sip:us@{flow.local[0]}:{flow.local[1]}"

    def registered(self, user: str) -> str:
        return {"alice": "sip:alice@192.0.2.9:5070"}.get(user, "")

    def wait(self, seconds: float, token: Any) -> None:
        self.waits.append((self.now + seconds, token))

    def hangup(self) -> None:
        self.log.append("hangup")

    def fail(self, reason: str) -> None:
        self.failures.append(reason)

    def end(self) -> None:
        assert self.active, "ended twice"
        self.active = False
        self.log.append("end")

    def note(self, kind: str, text: str) -> None:
        self.notes.append((kind, text))

    def matched(self, what: str) -> None:
        self.taken.append(what)

    def branch_tag(self) -> str:
        self.tags += 1
        return f"tag{self.tags}"


def text(value: Any, scope: Any) -> str:
    """The author's text for that scope."""
    return value if isinstance(value, str) else value.render(scope)


class Stage:
    """A playbook with a clock, and one call at a time."""

    def __init__(self, source: str | Plan = "", **options: Any) -> None:
        plan = load_text(source) if isinstance(source, str) and source else source or None
        self.playbook = Playbook(plan, ids=random.Random(1), **options)  # type: ignore[arg-type]
        self.now = 0.0
        self.call: Call
        self.cseq = 1

    def start(self, first: Request | None = None) -> list[str]:
        """A call begins with this request (an INVITE); gives its log, which goes on growing."""
        first = first or request()
        script = self.playbook.choose(first, FLOW, self.now)
        transaction = Transaction(first)
        self.first = transaction
        self.call = Call(self, transaction)
        self.call.script = script
        self.cseq = first.cseq.number
        script.start(self.call, transaction)  # type: ignore[arg-type]
        return self.call.log

    def receive(self, method: str, *, to_tag: str | None = "to", cseq: int | None = None, **options: Any) -> bool:
        """A later request; True where the script took it."""
        self.cseq = cseq or self.cseq + 1
        transaction = Transaction(request(method, to_tag=to_tag, cseq=self.cseq, **options))
        self.call.unanswered.append(transaction)
        taken = self.call.active and self.call.script.request(self.call, transaction)
        if not taken:
            self.call.answer(transaction)
        self.last = transaction
        return taken

    def ack(self, **options: Any) -> None:
        """The ACK of the last INVITE."""
        cseq = options.pop("cseq", self.first.request.cseq.number)
        if self.call.active:
            self.call.script.ack(self.call, request("ACK", to_tag="to", cseq=cseq, **options))

    def cancel(self, **options: Any) -> None:
        """CANCEL of the first INVITE, after its 200."""
        asked = request("CANCEL", cseq=self.first.request.cseq.number, **options)
        if self.call.active and self.call.script.cancel(self.call, self.first, asked):
            return
        if self.first.open:
            self.call.respond(self.first, Reply(487))

    def respond(self, status: int | None, **options: Any) -> None:
        """A response to our last request; None: none came."""
        outgoing = self.call.sent[-1][0]
        outgoing.status = status or 408
        if self.call.active:
            self.call.script.response(self.call, outgoing, None if status is None else response(status, **options))

    def pass_time(self, seconds: float) -> list[str]:
        """Time passes; waits that are over are told, in order."""
        until = self.now + seconds
        while self.call.waits:
            due, token = min(self.call.waits, key=lambda wait: wait[0])
            if due > until + 1e-9:
                break
            self.call.waits.remove((due, token))
            self.now = max(self.now, due)
            if self.call.active:
                self.call.script.timer(self.call, token)
        self.now = until
        return self.call.log

    def finish(self, outcome: str = "completed") -> None:
        """The core says that the call is over."""
        self.call.active = False
        self.call.script.ended(self.call, outcome)
