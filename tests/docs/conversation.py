"""A caller for the runs that the documents show: it calls, acknowledges, answers requests, and gives up when told.

Engine, clock and ids are the test's own, so a run of seconds takes none; what it prints comes from the code that prints
it for `responder serve`.
"""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from io import StringIO
from pathlib import Path
from types import MappingProxyType, SimpleNamespace
from typing import Any

from responder.cli.banner import banner, farewell, listening_json, stopped_json
from responder.cli.service import Stop
from responder.engine import MESSAGES, Engine
from responder.events import CallEnded, Event, Flow
from responder.net.address import ListenAddress
from responder.observe.clock import Clock
from responder.observe.console import Console
from responder.observe.json_console import JsonConsole
from responder.observe.json_lines import encode
from responder.observe.observer import Observer
from responder.observe.trace import TraceWriter
from responder.observe.verdict import passed
from responder.registry import Registry
from responder.scenario.compiler import load
from responder.scenario.playbook import Playbook
from responder.sip.message import Request, Response
from responder.sip.parser import parse
from responder.sip.sdp import Answerer

CLOCK = Clock(epoch=1_800_000_000.0)
SERVER = ("127.0.0.1", 5060)
CALLER = ("192.0.2.2", 38553)
SDP = (
    "v=0\r\no=- 1 1 IN IP4 192.0.2.2\r\ns=-\r\nc=IN IP4 192.0.2.2\r\nt=0 0\r\n"
    "m=audio 10000 RTP/AVP 0 8\r\na=rtpmap:0 PCMU/8000\r\na=rtpmap:8 PCMA/8000\r\n"
)
PATIENCE = 300.0
"""Seconds of the engine's clock after which a call that has not ended is cut off."""


class Run:
    """One run of the server: an engine that serves `files`, and the events of its calls."""

    def __init__(self, files: Sequence[str | Path] = (), *, dial: bool = True) -> None:
        plan = load(files)
        self.flows = [rule.name for rule in plan.rules]
        self.dial = dial
        ids = random.Random(1)
        self.engine = Engine(
            Playbook(plan, ids=ids, dial=dial),
            ids=ids,
            registry=Registry.standard().extended(plan.overrides),
            media=lambda host: Answerer(host, (40000, 40002)),
            observer=MESSAGES,
        )
        self.now = 0.0
        self.events: list[Event] = []
        self._calls = 0

    def call(
        self,
        uri: str,
        *,
        method: str = "INVITE",
        sdp: bool = True,
        caller: str = "sip:alice@127.0.0.1",
        address: tuple[str, int] = CALLER,
        hang_up_after: float | None = None,
        cancel_after: float | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> tuple[str, ...]:
        """Make this call and see it to its end; what happened in it (`CallEnded.path`).

        `headers` are of the first request. The caller sends BYE so many seconds after its ACK, and CANCEL so many
        seconds after its INVITE; None: never.
        """
        self._calls += 1
        client = _Caller(self._calls, Flow("UDP", SERVER, address), method, uri, caller)
        self._feed(client, client.first(sdp=sdp, headers=headers or {}))
        cancel = None if cancel_after is None else self.now + cancel_after
        until = self.now + PATIENCE
        while not (paths := self._ended(client.call_id)):
            hang_up = None if client.acked is None or hang_up_after is None else client.acked + hang_up_after
            cancel = None if client.final else cancel
            self.now = min(at for at in (self.engine.next_deadline(), hang_up, cancel, until) if at is not None)
            assert self.now < until, f"{uri} has no end"
            if self.now == hang_up:
                hang_up_after = None
                self._feed(client, client.request("BYE"))
            elif self.now == cancel:
                cancel = None
                self._feed(client, client.cancel())
            else:
                self.engine.handle_timeout(self.now)
                self._drain(client)
        return paths[0]

    def _ended(self, call_id: str) -> list[tuple[str, ...]]:
        return [event.path for event in self.events if isinstance(event, CallEnded) and event.call_id == call_id]

    def _feed(self, client: _Caller, data: bytes) -> None:
        self.engine.receive(data, client.flow, self.now)
        self._drain(client)

    def _drain(self, client: _Caller) -> None:
        transmits = self.engine.transmits()
        self.events += self.engine.events()
        for data, _ in transmits:
            answer = client.reaction(data, self.now)
            if answer:
                self._feed(client, answer)

    def printed(self, *, verbose: int = 0, json: bool = False, wanted: int | None = None) -> str:
        """What `responder serve` prints of it, on the default listeners; `wanted` is the number of `--calls`."""
        listeners = [ListenAddress(transport, *SERVER) for transport in ("udp", "tcp")]
        ended = [event for event in self.events if isinstance(event, CallEnded)]
        service: Any = SimpleNamespace(ended=len(ended), failed=sum(not passed(call) for call in ended))
        reason = Stop.INTERRUPTED if wanted is None else Stop.CALLS
        out: list[str] = []
        if json:
            observer: Observer = JsonConsole(out.append, clock=CLOCK, messages=verbose > 0)
            first = "".join(encode(line) + "\n" for line in listening_json(listeners))
            last = encode(stopped_json(service, reason)) + "\n"
        else:
            observer = Console(out.append, clock=CLOCK, messages=verbose > 0, whole=verbose > 1)
            first = banner(listeners, flows=self.flows, dial=self.dial)
            last = farewell(service, reason, wanted=wanted)
        observer.observe(self.events)
        observer.close(0.0)
        return first + "".join(out) + last

    def trace(self) -> str:
        """What `responder serve --trace` writes of it."""
        out = StringIO()
        TraceWriter(out, clock=CLOCK, version="0").observe(self.events)
        return out.getvalue()


class _Caller:
    """One call of a UAC (RFC 3261 sections 12, 13.2, 17.1.1.3)."""

    def __init__(self, number: int, flow: Flow, method: str, uri: str, caller: str) -> None:
        self.number = number
        self.call_id = f"{number}@caller"
        self.flow = flow
        self.method = method
        self.uri = uri
        self.caller = caller
        self.user = caller.removeprefix("sip:").partition("@")[0]
        self.to = f"<{uri}>"
        self.target = uri
        self.cseq = 1
        self.final = False
        """Its INVITE has a final response."""
        self.acked: float | None = None
        """When it acknowledged a 2xx."""

    def first(self, *, sdp: bool, headers: Mapping[str, str]) -> bytes:
        body = SDP if sdp and self.method == "INVITE" else ""
        return self._request(self.method, self.uri, self.cseq, body, headers=headers)

    def request(self, method: str) -> bytes:
        """A later request in the dialog."""
        self.cseq += 1
        return self._request(method, self.target, self.cseq)

    def cancel(self) -> bytes:
        """CANCEL of its INVITE (RFC 3261 section 9.1)."""
        return self._request("CANCEL", self.uri, 1)

    def reaction(self, data: bytes, now: float) -> bytes | None:
        """What is sent on this message."""
        message = parse(data)
        if isinstance(message, Request):
            copied = "".join(
                f"{name}: {value}\r\n"
                for name in ("Via", "From", "To", "Call-ID", "CSeq")
                for value in message.every(name.lower())
            )
            return f"SIP/2.0 200 OK\r\n{copied}Content-Length: 0\r\n\r\n".encode()
        assert isinstance(message, Response)
        if message.cseq.method != "INVITE" or message.status < 200:
            return None
        self.final = True
        if message.status >= 300:
            self.to = str(message.to)
            return self._request("ACK", self.uri, message.cseq.number)
        self.to = str(message.to)
        self.target = str(message.contacts[0].uri)
        self.acked = now
        return self._request("ACK", self.target, message.cseq.number, branch="ack")

    def _request(
        self,
        method: str,
        uri: str,
        cseq: int,
        body: str = "",
        *,
        branch: str = "",
        headers: Mapping[str, str] = MappingProxyType({}),
    ) -> bytes:
        host, port = self.flow.remote
        lines = [
            f"{method} {uri} SIP/2.0",
            f"Via: SIP/2.0/UDP {host}:{port};branch=z9hG4bK-{self.number}-{branch or cseq};rport",
            "Max-Forwards: 70",
            f"From: <{self.caller}>;tag=caller",
            f"To: {self.to}",
            f"Call-ID: {self.call_id}",
            f"CSeq: {cseq} {method}",
            f"Contact: <sip:{self.user}-0x0@{host}:{port}>",
            *(f"{name}: {value}" for name, value in headers.items()),
            *(["Content-Type: application/sdp"] if body else []),
            f"Content-Length: {len(body)}",
        ]
        return ("\r\n".join(lines) + "\r\n\r\n" + body).encode()
