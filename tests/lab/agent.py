"""The user agent: who it is, its dialogs, and what comes in by itself."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import answers
from conduct import Conduct
from conversation import Conversation, Dialog
from message import Message, Uri, token
from transactions import Layer, ServerTransaction


class UserAgent:
    """One client: its sockets, its identity and its conduct."""

    def __init__(self, uri: str, kind: str, user: str, password: str, conduct: Conduct, routes: list[str]) -> None:
        self.uri, self.kind, self.user, self.password, self.routes = uri, kind, user, password, routes
        self.conduct = conduct
        self.wrong = conduct.wrong
        self.layer = Layer(conduct)
        self.layer.asked = self.asked
        self.layer.acknowledged = self.acknowledged
        self.dialogs: dict[tuple[str, str, str], Dialog] = {}
        self.subscribers: dict[str, Callable[[Message], bool]] = {}
        """By Call-ID: what takes NOTIFYs; says whether it knows them."""
        self.call: answers.Listener | None = None
        self.talking = False
        self.min_se = 0
        self.moved: dict[str, str] = {}
        """Addresses that moved for good, and where to."""
        self.host, self.port = "", 0

    async def open(self) -> None:
        """Binds; the first hop says by which address."""
        first = Uri.parse(self.uri)
        await self.layer.transport.open((first.host.strip("[]"), first.port or 5060))
        self.host, self.port = self.layer.transport.local
        if ":" in self.host:
            self.host = f"[{self.host}]"

    @property
    def aor(self) -> str:
        """Our address, at the domain that we call."""
        target = Uri.parse(self.uri)
        port = f":{target.port}" if target.port else ""
        return f"sip:{self.user}@{target.host}{port}"

    def via(self, kind: str) -> str:
        """A Via with a branch of its own (8.1.1.7) and rport (RFC 3581)."""
        return f"SIP/2.0/{kind.upper()} {self.host}:{self.port};branch=z9hG4bK{token()};rport"

    def contact(self, kind: str) -> str:
        """Where we are (8.1.1.8)."""
        return f"<sip:{self.user}@{self.host}:{self.port}{';transport=tcp' if kind == 'tcp' else ''}>"

    def say(self, text: str) -> None:
        """A line for people."""
        print(text, flush=True)

    def cancel_anything(self, request: Message) -> None:
        """A CANCEL for what is no INVITE: never right."""
        transaction = self.layer.clients.get((request.branch, request.method))
        if transaction is not None:
            self.layer.begin(transaction.cancel(), transaction.hop, lambda answer: None)

    # What comes in

    def asked(self, request: Message, transaction: ServerTransaction) -> None:
        """A request."""
        answers.answer(self, request, transaction)

    def acknowledged(self, ack: Message) -> None:
        """An ACK for a 2xx of ours: it stops the copies (13.3.1.4)."""
        for one in self.layer.servers.values():
            same = one.request.get("Call-ID") == ack.get("Call-ID") and one.request.cseq[0] == ack.cseq[0]
            if same and one.request.method == "INVITE":
                one.confirmed()

    def dialog_of(self, request: Message) -> Dialog | None:
        """The dialog that a request came in (12.2.2)."""
        return self.dialogs.get((request.get("Call-ID"), request.tag("To"), request.tag("From")))

    def conversation(self, uri: str = "", to: str = "") -> Conversation:
        """A new Call-ID."""
        target = uri or self.uri
        if not self.wrong("redirect-301-forgotten"):
            target = self.moved.get(target, target)
        return Conversation(self, target, to, call_id="always@lab" if self.wrong("form-call-id-reused") else "")

    async def quiet(self, seconds: float, at_most: float) -> None:
        """Until nothing has happened for so long."""
        loop = asyncio.get_running_loop()
        end = loop.time() + at_most
        while (now := loop.time()) < min(end, self.layer.touched + seconds):
            await asyncio.sleep(min(end, self.layer.touched + seconds) - now + 0.01)
