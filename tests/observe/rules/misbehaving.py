"""Clients with one fault each, on the loop-back of this machine; their process ends when they are done.

A `Fault` makes the run of a client with it and without: `verify` holds that a rule names it, and that nothing is broken
without it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

import pytest
from bench import Bench, Caller, Sent, reply_to

from responder.events import Flow
from responder.observe.judge import Judgement, judge
from responder.observe.records import ClientRecord, Entry
from responder.observe.rules.rule import MUST, SHOULD
from responder.transaction.fault import Fault as Loss
from responder.uas.script import Reply

from .judging import records_of

HERE = Flow("UDP", ("127.0.0.1", 5060), ("127.0.0.1", 5062))
STREAM = Flow("TCP", ("127.0.0.1", 5060), ("127.0.0.1", 5062), 7)
INVITE_FIELDS = (
    "Allow: INVITE, ACK, BYE, CANCEL, OPTIONS, UPDATE, PRACK, INFO, MESSAGE, REFER, NOTIFY",
    "Supported: 100rel, timer, 199",
)
OPTIONS_FIELDS = ("Accept: application/sdp",)

Change: TypeAlias = "str | bytes | Callable[[str], str] | None"
"""A new value, None to leave the field out, or what makes the new value of the old one."""
Changes: TypeAlias = Mapping[str, Mapping[str, Change]]
"""What is changed in which messages."""
UNHEARD = Reply(100, fault=Loss(drop=1000))
"""A response that never leaves."""
OMITTED: Mapping[str, Change] = {":omitted": ""}
"""Instead of changes: the message is not sent."""


def edited(data: bytes, changes: Mapping[str, Change]) -> bytes:
    """A message with other values of these fields; `:uri` stands for the Request-URI, `:start` for the first line,
    `:body` for the body."""
    head, _, body = data.partition(b"\r\n\r\n")
    start, *lines = head.decode().split("\r\n")
    fields = [(name, value) for name, _, value in (line.partition(": ") for line in lines)]
    for name, change in changes.items():
        if name == ":uri":
            method, uri, version = start.split(" ")
            start = f"{method} {change(uri) if callable(change) else change} {version}"
        elif name == ":start":
            start = str(change(start) if callable(change) else change)
        elif name == ":body":
            assert isinstance(change, bytes)
            body = change
            fields = [field for field in fields if field[0] != "Content-Type" or body]
            if body and not any(field[0] == "Content-Type" for field in fields):
                fields.append(("Content-Type", "application/sdp"))
        elif change is None:
            fields = [field for field in fields if field[0] != name]
        elif any(field[0] == name for field in fields):
            fields = [(key, _value(change, old) if key == name else old) for key, old in fields]
        else:
            fields.append((name, _value(change, "")))
    if "Content-Length" not in changes:
        fields = [(key, str(len(body)) if key == "Content-Length" else value) for key, value in fields]
    return "\r\n".join([start, *[f"{name}: {value}" for name, value in fields], "", ""]).encode() + body


def _value(change: Change, old: str) -> str:
    value = change(old) if callable(change) else change
    assert isinstance(value, str)
    return value


class Misbehaving:
    """One client, its messages by name, and what is changed in them."""

    def __init__(
        self, *steps: Any, changes: Mapping[str, Mapping[str, Change]] | None = None, flow: Flow = HERE, **more: Any
    ) -> None:
        self.bench = Bench(*steps, **more)
        self.changes = changes or {}
        self.bench.hostile = bool(self.changes)
        self.flow = flow
        self.caller = Caller(flow=flow)
        self.met: set[str] = set()
        """Names of messages that were changed."""
        self._left: tuple[int, float, str] | None = None

    def changed(self, name: str, data: bytes) -> bytes | None:
        """A message as this client sends it."""
        changes = self.changes.get(name)
        if changes is None:
            return data
        self.met.add(name)
        return None if changes is OMITTED else edited(data, changes)

    def send(self, name: str, data: bytes, flow: Flow | None = None) -> list[Sent]:
        """Send a message; what comes back at once."""
        sent = self.changed(name, data)
        return self.bench.receive(sent, flow or self.flow) if sent is not None else []

    def answers(self, method: str, status: int = 200, *fields: str, body: bytes = b"", name: str = "") -> None:
        """What it answers to requests of ours, from now on."""

        def reply(sent: Sent) -> bytes | None:
            return self.changed(name or f"{status} {method}", reply_to(sent, status, *fields, body=body))

        self.bench.peers[method] = reply

    def invite(self, *fields: str, **more: Any) -> list[Sent]:
        """The INVITE of its call, with what it should have."""
        return self.send("INVITE", self.caller.invite(*INVITE_FIELDS, *fields, **more))

    def plain(self, method: str) -> bytes:
        """A request outside of calls as it should be, to send it more than once."""
        if method == "INVITE":
            return self.caller.invite(*INVITE_FIELDS)
        return self.caller.request(method, *(OPTIONS_FIELDS if method == "OPTIONS" else ()))

    def call(self, *fields: str, **more: Any) -> Sent:
        """The INVITE, its 2xx, and the ACK."""
        final = self.invite(*fields, **more)[-1]
        self.caller.heard(final)
        self.send("ACK", self.caller.ack())
        return final

    def hang_up(self, after: float = 1.0) -> None:
        """BYE after so many seconds, and out."""
        self.bench.run(after)
        self.send("BYE", self.caller.bye())
        self.leave()

    def leave(self, after: float = 0.02, how: str = "exited") -> None:
        """Its process ends."""
        self.bench.run(after)
        self._left = len(self.bench.events), self.bench.now, how

    def judged(self) -> Judgement:
        """What the rules say, some time after it has gone."""
        if self._left is None:
            self.leave()
        assert self._left is not None
        self.bench.run(40)
        count, time, how = self._left
        entries: list[Entry] = [*records_of(self.bench.events)]
        entries.insert(count, ClientRecord(time=time, wall=0.0, how=how, exit_status=0, output=""))
        assert self.met == set(self.changes), "a message that is to be wrong never came"
        return judge(entries)


@dataclass(frozen=True)
class Fault:
    """One way to be wrong."""

    name: str
    rule: str
    """What names it."""
    client: Callable[[bool], Misbehaving]
    """The run of a client: with the fault, or without."""


def messages(
    name: str, rule: str, story: Callable[..., Misbehaving], /, right: Mapping[str, Any] | None = None, **changes: Any
) -> Fault:
    """A fault that is in the form of messages (`story` names them)."""
    return Fault(name, rule, lambda wrong: story(changes=changes if wrong else {}, **(right or {})))


def conduct(name: str, rule: str, story: Callable[[bool], Misbehaving], /) -> Fault:
    """A fault in what the client does, or when."""
    return Fault(name, rule, story)


def held(faults: Iterable[Fault]) -> Any:
    """The test of a table of faults."""
    return pytest.mark.parametrize("fault", faults, ids=lambda fault: fault.name.replace(" ", "-"))


def verify(fault: Fault) -> None:
    """The fault is named; without it nothing is broken."""
    right = {one.rule.id: one.failures[0][1] for one in fault.client(False).judged().violations(MUST, SHOULD)}
    assert right == {}
    judgement = fault.client(True).judged()
    assert fault.rule in {one.rule.id for one in judgement.violations(MUST, SHOULD)}, [
        (one.rule.id, one.failures[0][1]) for one in judgement.violations(MUST, SHOULD)
    ]
