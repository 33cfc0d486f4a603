"""A client that asks, and what it is told, request by request: for rules about what comes after a final response."""

from __future__ import annotations

from typing import Any

from bench import UDP, Bench, Caller, Sent
from scenarios.wire import challenge_of, digest

from responder.events import Flow
from responder.observe.judge import Judgement, judge
from responder.observe.records import NoteRecord
from responder.uas.script import Reply

from .judging import records_of

DIGEST = 'Digest realm="example.com", nonce="{nonce}", qop="auth", algorithm={algorithm}, opaque="o1"'


def challenge(
    nonce: str = "n1", status: int = 401, more: str = "", algorithms: tuple[str, ...] = ("MD5",), text: str = DIGEST
) -> Reply:
    """A challenge for each of these algorithms, by the same nonce."""
    name = "WWW-Authenticate" if status == 401 else "Proxy-Authenticate"
    values = [text.format(nonce=nonce, algorithm=algorithm) + more for algorithm in algorithms]
    return Reply(status, headers=tuple((name, value) for value in values))


class Asking:
    """One client, its requests and the answers that each of them gets."""

    def __init__(self, flow: Flow = UDP) -> None:
        self.replies: list[Reply] = []
        self.bench = Bench(plans={"INVITE": (self._answer,), "*": (self._answer,)}, unchecked=("all",))
        self.flow = flow
        self.caller = Caller(flow=flow)

    def _answer(self, call: Any, transaction: Any) -> None:
        call.respond(transaction, self.replies.pop())

    def another(self, number: int = 2, **changed: Any) -> Caller:
        """The same client with another call."""
        self.caller = Caller(number, flow=self.flow, **changed)
        return self.caller

    def ask(self, method: str, reply: Reply | int, *fields: str, after: float = 0.0, **more: Any) -> Sent:
        """A request after so many seconds, and the response to it; a refused INVITE gets its ACK."""
        self.bench.run(after)
        self.replies[:] = [Reply(reply) if isinstance(reply, int) else reply]
        if method == "INVITE":
            sent = self.bench.receive(self.caller.invite(*fields, **more), self.flow)
        else:
            sent = self.bench.receive(self.caller.request(method, *fields, **more), self.flow)
        (final,) = sent[-1:]
        if method == "INVITE" and final.status >= 300:
            uri = more.get("uri") or self.caller.uri
            self.bench.receive(self.caller.ack_refusal(final, uri=uri), self.flow)
        return final

    def judged(self, seconds: float = 0.0) -> Judgement:
        """What the rules say once so much more time has passed."""
        self.bench.run(seconds)
        over = NoteRecord(time=self.bench.now, wall=0.0, call=0, kind="log", text="the test is over")
        return judge([*records_of(self.bench.events), over])

    def verdict(self, rule: str, seconds: float = 0.0) -> str:
        """The verdict of one rule."""
        (one,) = [one for one in self.judged(seconds).judged if one.rule.id == rule]
        return one.verdict


def credentials(challenged: Sent, method: str, *, uri: str = "sip:bob@127.0.0.1", count: int = 1) -> str:
    """The credentials for the (first) challenge of a response, as a field."""
    name, field = ("Authorization", "WWW-Authenticate")
    if challenged.status == 407:
        name, field = ("Proxy-Authorization", "Proxy-Authenticate")
    asked = challenge_of(challenged.message.every(field.lower())[0])
    value = digest(asked, method=method, uri=uri, user="alice", password="secret", count=count)
    return f"{name}: {value}"
