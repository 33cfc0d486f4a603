"""Somebody whom we call: it rings, answers, talks, and is hung up on."""

from __future__ import annotations

from collections.abc import Callable

from responder.events import Flow

from .client import Client, Entry, story
from .wire import OFFER, Message, write
from .world import World

TAG = "callee"
"""Its To tag."""


class CalledParty:
    """All calls of ours in a world that are no client's go to it; what it does with them is the same for each."""

    def __init__(
        self,
        world: World,
        client: Client,
        *,
        rings: float = 1.0,
        answered: Callable[[Client, Message], object] = lambda client, message: None,
        holds: bool = True,
    ) -> None:
        self.world = world
        self.client = client
        self.rings = rings
        """Seconds from the INVITE to the 200."""
        self.answered = answered
        """What the client does once this one has answered."""
        self.holds = holds
        """Whether it answers sendonly with recvonly, as it has to."""
        self.trace: list[Entry] = []
        self.contact = client.contact.replace("alice@", "callee@")
        world.called_party = self

    def story(self) -> str:
        """As `Client.story`, from the first message on."""
        told = story(self.trace)
        return told.partition("s ")[2] if told[:1].isdigit() else told

    def hear(self, message: Message, flow: Flow, *, again: bool) -> None:
        """A request of ours; it makes none of its own."""
        assert not message.is_response, message
        self._note(message.method, message, again=again)
        if message.method == "ACK" or again:
            return
        if message.method != "INVITE":
            self._answer(message, flow, 200)
            return
        assert message["contact"], message
        if ";tag=" in message.the("to"):
            self._answer(message, flow, 200)  # a re-INVITE: nobody is asked
            return
        self._answer(message, flow, 180)
        self.world.after(self.rings, lambda: self._take(message, flow))

    def _take(self, invite: Message, flow: Flow) -> None:
        self._answer(invite, flow, 200)
        self.answered(self.client, invite)

    def _answer(self, request: Message, flow: Flow, status: int) -> None:
        tagged = ";tag=" in request.the("to")
        lines = [("Via", via) for via in request.every("via")]
        lines += [("From", request.the("from")), ("To", request.the("to") + ("" if tagged else f";tag={TAG}"))]
        lines += [("Call-ID", request.call_id), ("CSeq", request.the("cseq")), ("Contact", self.contact)]
        body = b""
        if request.method == "INVITE" and status == 200:
            held = b"a=sendonly" in request.body and self.holds
            body = OFFER.replace(b"sendrecv", b"recvonly") if held else OFFER  # RFC 3264 section 6.1
        data = write(f"SIP/2.0 {status} Whatever", lines, body)
        whose = "" if request.method == "INVITE" else f"/{request.method}"
        self._note(f"<{status}{whose}", Message(data), again=False)
        self.world.send(data, flow)

    def _note(self, what: str, message: Message, *, again: bool) -> None:
        self.trace.append(Entry(self.world.now, what, message, again))
