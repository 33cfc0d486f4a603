"""Parties that flows call, each at an address of its own: UASs that do as they are told."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from responder.events import Flow

from .wire import OFFER, Message, tag_of, write
from .world import LOCAL

if TYPE_CHECKING:
    from .world import World


class Party:
    """It answers each request by the statuses for its method, one at a time, and waits between them where told."""

    def __init__(
        self, world: World, name: str = "carol", address: tuple[str, int] = ("192.0.2.99", 5070), **answers: object
    ) -> None:
        self.world = world
        self.name = name
        self.flow = Flow("UDP", LOCAL, address)
        self.uri = f"sip:{name}@{address[0]}:{address[1]}"
        self.answers = answers
        """By method: a status, several statuses, or waits in seconds (floats) among them; 200 to everything else."""
        self.heard: list[Message] = []
        """Requests and responses that came, each once."""
        self.story: list[str] = []
        self.cseq = 0
        self._open: dict[str, Message] = {}
        self._seen: set[bytes] = set()
        self._replies: dict[tuple[str, str], bytes] = {}
        world.parties[address] = self

    def hear(self, message: Message) -> None:
        """A message came."""
        if message.data in self._seen:
            known = None if message.is_response else self._replies.get((message.branch, message.method))
            if known is not None:
                self.world.send(known, self.flow)
            return
        self._seen.add(message.data)
        self.heard.append(message)
        self.story.append(message.start.split(" ")[1 if message.is_response else 0])
        if message.is_response or message.method == "ACK":
            return
        if message.method == "CANCEL":
            self.answer(message, 200)
            invite = self._open.get(message.branch)
            if invite is not None:
                self.answer(invite, 487)
            return
        if message.method == "INVITE":
            self._open[message.branch] = message
        answers = self.answers.get(message.method, 200)
        self._go_on(message, list(answers) if isinstance(answers, Iterable) else [answers])

    def _go_on(self, message: Message, answers: list[object]) -> None:
        while answers:
            answer = answers.pop(0)
            if isinstance(answer, float):
                self.world.after(answer, lambda: self._go_on(message, answers))
                return
            assert isinstance(answer, int)
            if message.method != "INVITE" or message.branch in self._open:
                self.answer(message, answer)

    def answer(self, message: Message, status: int) -> None:
        """A response to this request."""
        to = message.the("to")
        if tag_of(to) is None and status > 100:
            to += f";tag={self.name}"
        lines = [("Via", via) for via in message.every("via")]
        lines += [("From", message.the("from")), ("To", to)]
        lines += [(name, message.the(name)) for name in ("Call-ID", "CSeq")]
        body = b""
        if message.method == "INVITE" and 200 <= status < 300:
            body = OFFER
        if message.method in ("INVITE", "UPDATE") and 100 < status < 300:
            lines.append(("Contact", f"<{self.uri}>"))
        if status >= 200 and message.method == "INVITE":
            self._open.pop(message.branch, None)
        data = write(f"SIP/2.0 {status} Whatever", lines, body)
        self._replies[message.branch, message.method] = data
        self.world.send(data, self.flow)

    def request(self, method: str, body: bytes = b"") -> None:
        """A request of its own in the dialog of the INVITE that came last."""
        invite = self.every("INVITE")[-1]
        self.cseq += 1
        lines = [
            (
                "Via",
                f"SIP/2.0/UDP {self.flow.remote[0]}:{self.flow.remote[1]};branch=z9hG4bK{self.name}{method}{self.cseq}",
            ),
            ("Max-Forwards", "70"),
            ("From", f"{invite.the('to')};tag={self.name}"),
            ("To", invite.the("from")),
            ("Call-ID", invite.call_id),
            ("CSeq", f"{self.cseq} {method}"),
        ]
        if method == "INVITE":
            lines.append(("Contact", f"<{self.uri}>"))
        self.world.send(write(f"{method} {invite.target} SIP/2.0", lines, body), self.flow)

    def every(self, method: str) -> list[Message]:
        """The requests of that method that came."""
        return [message for message in self.heard if not message.is_response and message.method == method]
