"""Transactions (RFC 3261 section 17 as amended by RFC 6026): retransmissions, timeouts, and the ACK to a failure."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field

from conduct import Conduct
from message import Message, params, response, token
from transport import Hop, Transport

T1, T2, T4 = 0.5, 4.0, 5.0


class Clock:
    """Timers that end with their owner."""

    def __init__(self) -> None:
        self.running: dict[str, asyncio.TimerHandle] = {}

    def set(self, name: str, delay: float, then: Callable[[], None]) -> None:
        """Starts a timer anew."""
        self.stop(name)
        self.running[name] = asyncio.get_running_loop().call_later(delay, then)

    def stop(self, *names: str) -> None:
        """Ends some of them, or all."""
        for name in names or tuple(self.running):
            if handle := self.running.pop(name, None):
                handle.cancel()


def made_up(request: Message, status: int, reason: str) -> Message:
    """What a timeout and a transport error are taken for (8.1.3.1)."""
    answer = response(request, status, reason, "")
    answer.put("To", request.get("To"))
    answer.local = True
    return answer


class ClientTransaction:
    """One request and its responses: 17.1.1 for INVITE, 17.1.2 for all others."""

    def __init__(self, layer: Layer, request: Message, hop: Hop, heard: Callable[[Message], None]) -> None:
        self.layer, self.request, self.hop, self.heard = layer, request, hop, heard
        self.clock = Clock()
        self.state = "calling"
        self.failure: Message | None = None
        self.ack: Message | None = None
        self.copies = 0

    @property
    def is_invite(self) -> bool:
        """INVITE has machinery of its own."""
        return self.request.method == "INVITE"

    def start(self) -> None:
        """Sends the request and sets timers A and B, or E and F."""
        wrong = self.layer.wrong
        self.layer.post(self.request, self.hop, self.lost)
        unreliable = self.hop.kind == "udp"
        if (wrong("tcp-invite-retransmitted") and self.is_invite) or wrong("tcp-request-retransmitted"):
            unreliable = True
        if unreliable:
            self.clock.set("again", self.pause(T1), lambda: self.again(T1))
        self.clock.set("over", 64 * T1, self.timed_out)

    def pause(self, due: float) -> float:
        """How long until the next copy."""
        wrong, kind = self.layer.wrong, "invite" if self.is_invite else "request"
        if wrong(f"{kind}-retransmitted-too-soon"):
            return 0.1
        if wrong(f"{kind}-retransmission-not-doubled") or (
            self.state == "proceeding" and wrong("request-retransmitted-fast-after-provisional")
        ):
            return T1
        return due

    def again(self, interval: float) -> None:
        """Timer A doubles, timer E doubles up to T2."""
        wrong, kind = self.layer.wrong, "invite" if self.is_invite else "request"
        if wrong(f"{kind}-never-retransmitted", f"{self.request.method.lower()}-never-retransmitted"):
            return
        if wrong(f"{kind}-given-up-after-one-second") and self.copies:
            self.timed_out()
            return
        self.copies += 1
        copy = self.request.copy()
        if wrong(f"{kind}-retransmission-with-new-branch"):
            copy.put("Via", copy.get("Via").replace(self.request.branch, f"z9hG4bK{token()}"))
            self.layer.clients[(copy.branch, copy.method)] = self
        if wrong(f"{kind}-retransmission-with-new-cseq"):
            copy.put("CSeq", f"{copy.cseq[0] + self.copies} {copy.method}")
        if wrong("invite-retransmission-changed") and self.is_invite:
            copy.add("Subject", f"copy {self.copies}")
        self.layer.post(copy, self.hop, self.lost)
        interval = interval * 2 if self.is_invite else min(interval * 2, T2)
        if self.state == "proceeding" and not self.is_invite:
            interval = T2
        self.clock.set("again", self.pause(interval), lambda: self.again(interval))

    def lost(self) -> None:
        """A transport error (17.1.4)."""
        if self.state in ("calling", "proceeding"):
            self.finish(made_up(self.request, 503, "Transport Error"))

    def timed_out(self) -> None:
        """Timer B or F."""
        if self.state == "calling" or not self.is_invite:
            self.finish(made_up(self.request, 408, "Timeout"))

    def finish(self, answer: Message) -> None:
        """The end, without a response."""
        self.end()
        self.heard(answer)

    def end(self) -> None:
        """Nothing matches it any more."""
        self.state = "terminated"
        self.clock.stop()
        self.layer.clients = {key: one for key, one in self.layer.clients.items() if one is not self}

    def receive(self, answer: Message) -> None:
        """A response that matches."""
        wrong, status = self.layer.wrong, answer.status
        if status < 200:
            if self.state in ("calling", "proceeding"):
                self.state = "proceeding"
                if self.is_invite and not wrong("invite-retransmitted-after-provisional"):
                    self.clock.stop("again", "over")
                self.heard(answer)
            return
        if self.is_invite:
            self.invite_answered(answer)
        elif self.state in ("calling", "proceeding"):
            self.state = "completed"
            self.clock.stop("over")
            if not wrong("request-retransmitted-after-final"):
                self.clock.stop()
            self.clock.set("linger", T4 if self.hop.kind == "udp" else 0.0, self.end)
            self.heard(answer)

    def invite_answered(self, answer: Message) -> None:
        """2xx are the core's business, all of them (RFC 6026); the rest is acknowledged here."""
        if answer.status < 300:
            if self.state in ("calling", "proceeding", "accepted"):
                self.state = "accepted"
                self.clock.stop("again", "over")
                if "linger" not in self.clock.running:
                    self.clock.set("linger", 64 * T1, self.end)
                self.heard(answer)
            return
        if self.state in ("calling", "proceeding"):
            self.state, self.failure = "completed", answer
            self.clock.stop()
            self.acknowledge(answer)
            self.clock.set("linger", 64 * T1 if self.hop.kind == "udp" else 0.0, self.end)
            self.heard(answer)
        elif self.state == "completed" and not self.layer.wrong("ack-failure-not-repeated"):
            self.acknowledge(answer)

    def acknowledge(self, answer: Message) -> None:
        """The ACK to a failure (17.1.1.3)."""
        wrong, status = self.layer.wrong, answer.status
        unsent = {
            "ack-failure-never": True,
            "ack-missing-for-6xx": status >= 600,
            "ack-missing-for-3xx": status < 400,
            "ack-missing-for-challenges": status in (401, 407),
            "ack-missing-for-487": status == 487,
            "ack-missing-for-unknown-codes": status in (399, 499, 599, 699) or status % 100 > 94,
            "ack-missing-for-503": status == 503,
            "ack-missing-for-422": status == 422,
            "ack-failure-missing-over-tcp": self.hop.kind == "tcp",
        }
        if any(missing and wrong(name) for name, missing in unsent.items()):
            return
        sent = self.request
        ack = Message(f"ACK {sent.uri} SIP/2.0", roles=frozenset({"ACK", "failure"}))
        ack.add("Via", sent.get("Via"))
        ack.add("Route", *sent.lines("Route"))
        ack.add("Max-Forwards", "70")
        ack.add("From", sent.get("From"))
        ack.add("To", answer.get("To"))
        ack.add("Call-ID", sent.get("Call-ID"))
        ack.add("CSeq", f"{sent.cseq[0]} ACK")
        for name in ("Authorization", "Proxy-Authorization"):
            ack.add(name, *sent.lines(name))  # 22.1
        ack = self.ack = self.layer.edit(ack)
        for _ in range(2 if wrong("ack-failure-doubled") else 1):
            self.layer.post(ack, self.hop, lambda: None)

    def cancel(self) -> Message:
        """The CANCEL for this INVITE (9.1)."""
        sent = self.request
        cancel = Message(f"CANCEL {sent.uri} SIP/2.0", roles=frozenset({"CANCEL"}))
        cancel.add("Via", sent.get("Via"))
        cancel.add("Route", *sent.lines("Route"))
        cancel.add("Max-Forwards", "70")
        cancel.add("From", sent.get("From"))
        cancel.add("To", sent.get("To"))
        cancel.add("Call-ID", sent.get("Call-ID"))
        cancel.add("CSeq", f"{sent.cseq[0]} CANCEL")
        return cancel


@dataclass
class ServerTransaction:
    """A request of the other side, and what we answered (17.2)."""

    layer: Layer
    request: Message
    hop: Hop
    last: Message | None = None
    clock: Clock = field(default_factory=Clock)
    acknowledged: bool = False

    def respond(self, answer: Message) -> None:
        """Sends it; one to an INVITE is sent again until its ACK (13.3.1.4, 17.2.1)."""
        answer = self.layer.edit(answer)
        self.last = answer
        self.again(T1 if self.request.method == "INVITE" and answer.status >= 200 else 0.0)

    def again(self, interval: float) -> None:
        """The last response, and once more after a time where there is an interval."""
        if self.last is None or self.acknowledged:
            return
        self.layer.post(self.last, self.hop, lambda: None)
        if interval and (self.hop.kind == "udp" or self.last.status < 300):
            self.clock.set("again", interval, lambda: self.again(min(2 * interval, T2)))

    def confirmed(self) -> None:
        """Its ACK is there."""
        self.acknowledged = True
        self.clock.stop()


class Layer:
    """Matches what comes in to transactions (17.1.3, 17.2.3)."""

    def __init__(self, conduct: Conduct) -> None:
        self.wrong, self.edit = conduct.wrong, conduct.edit
        self.transport = Transport(self.receive, conduct)
        self.clients: dict[tuple[str, str], ClientTransaction] = {}
        self.servers: dict[tuple[str, str], ServerTransaction] = {}
        self.asked: Callable[[Message, ServerTransaction], None] = lambda request, transaction: None
        self.acknowledged: Callable[[Message], None] = lambda ack: None
        self.touched = 0.0
        self.sending: set[asyncio.Task[None]] = set()

    def begin(self, request: Message, hop: Hop, heard: Callable[[Message], None]) -> ClientTransaction:
        """A request of ours goes out."""
        transaction = ClientTransaction(self, self.edit(request), hop, heard)
        sent = transaction.request
        self.clients[(sent.branch, request.method)] = transaction
        transaction.start()
        return transaction

    def post(self, message: Message, hop: Hop, lost: Callable[[], None]) -> None:
        """Sends a message; what goes wrong is told."""
        self.touched = asyncio.get_running_loop().time()

        async def sent() -> None:
            try:
                await self.transport.send(bytes(message), hop)
            except OSError:
                lost()

        if hop.kind == "udp":
            assert self.transport.udp is not None
            self.transport.udp.sendto(bytes(message), hop.place)
            return
        task = asyncio.ensure_future(sent())
        self.sending.add(task)
        task.add_done_callback(self.sending.discard)

    def receive(self, message: Message, hop: Hop) -> None:
        """A message that came in."""
        self.touched = asyncio.get_running_loop().time()
        if message.is_request:
            self.request_came(message, hop)
            return
        vias = message.values("Via")
        many = len(vias) != 1 and not self.wrong("stray-second-via-taken")  # 8.1.3.3
        transaction = self.clients.get((message.branch, message.cseq[1]))
        if transaction is None and self.wrong("stray-matched-by-call-id"):
            transaction = next(
                (one for one in self.clients.values() if one.request.get("Call-ID") == message.get("Call-ID")), None
            )
        if transaction is None or many:
            return  # RFC 6026 section 7.2: dropped
        if not vias[0].split()[1:] or not self.ours(vias[0]):
            return  # 18.1.2
        transaction.receive(message)

    def ours(self, via: str) -> bool:
        """Whether its sent-by is us."""
        sent_by = via.split(None, 1)[1].partition(";")[0].strip().replace(" ", "")
        host, port = self.transport.local
        return sent_by in (f"{host}:{port}", f"[{host}]:{port}")

    def request_came(self, request: Message, hop: Hop) -> None:
        """Retransmissions are answered here."""
        method = "INVITE" if request.method == "ACK" else request.method
        key = (request.branch, method)
        known = self.servers.get(key)
        if request.method == "ACK":
            if known is not None:
                known.confirmed()
            self.acknowledged(request)
        elif known is not None:
            if known.last is not None:
                self.post(known.last, known.hop, lambda: None)
        else:
            transaction = self.servers[key] = ServerTransaction(self, request, self.back(request, hop))
            self.asked(request, transaction)

    def back(self, request: Message, hop: Hop) -> Hop:
        """Where responses go (18.2.2, RFC 3581 section 4)."""
        if hop.kind == "tcp":
            return hop
        via = next(iter(request.values("Via")), "")
        sent_by, _, rest = [*via.split(None, 1), ""][1].partition(";")
        values = params(rest)
        if "rport" in values:
            return hop
        port = sent_by.rpartition(":")[2]
        return Hop("udp", (hop.place[0], int(port) if port.isdigit() else 5060))
