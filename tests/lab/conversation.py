"""What requests of one Call-ID have in common: first outside a dialog (RFC 3261 section 8.1), then in one (12)."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable
from typing import TYPE_CHECKING

import remedies
from digest import Keyring
from message import Address, Message, Uri, request, split, token
from transactions import ClientTransaction, made_up
from transport import Hop

if TYPE_CHECKING:
    from agent import UserAgent

ALLOW = "INVITE, ACK, CANCEL, OPTIONS, BYE, PRACK, UPDATE, INFO, MESSAGE, NOTIFY"
TARGET_REFRESH = ("INVITE", "UPDATE", "SUBSCRIBE", "NOTIFY", "REFER")


class Conversation:
    """Requests outside of a dialog that belong together: a call's tries, a registration, a publication."""

    stage = "initial"

    def __init__(self, agent: UserAgent, uri: str, to: str = "", *, call_id: str = "", tag: str = "") -> None:
        self.agent = agent
        self.call_id = call_id or f"{token()}@{agent.host}"
        self.tag = tag or token()
        self.target = uri
        self.local = f'"Alice" <{agent.aor}>;tag={self.tag}'
        self.remote = to or f"<{Uri.parse(uri).bare}>"
        self.routes: list[str] = list(agent.routes)
        self.number = 0
        self.keyring = Keyring(agent.user, agent.password, agent.wrong)

    def next_number(self) -> int:
        """CSeq grows by one in each direction (12.2.1.1)."""
        self.number += 1
        return self.number

    def request(self, method: str, *headers: tuple[str, str], body: bytes = b"", content: str = "") -> Message:
        """A request (8.1.1, 12.2.1.1)."""
        number = self.number if method == "ACK" else self.next_number()
        uri, routes = self.target, list(self.routes)
        if routes and "lr" not in [part.lower() for part in split(Uri.parse(Address.parse(routes[0]).uri).params, ";")]:
            uri, routes = str(Uri.parse(Address.parse(routes[0]).uri).bare), [*routes[1:], f"<{self.target}>"]
        if self.agent.wrong("dialog-route-set-reversed") and self.stage == "dialog":
            routes.reverse()
        hop = self.hop(uri, routes)
        built = request(
            method,
            uri,
            [
                ("Via", self.agent.via(hop.kind)),
                *(("Route", route) for route in routes),
                ("Max-Forwards", "70"),
                ("From", self.local),
                ("To", self.remote),
                ("Call-ID", self.call_id),
                ("CSeq", f"{number} {method}"),
                ("Contact", self.contact(method, hop.kind)),
                *headers,
            ],
            self.stage,
        )
        built.carry(content, body)
        return built

    def contact(self, method: str, kind: str) -> str:
        """Where we are reached, in what makes or changes a dialog."""
        return self.agent.contact(kind) if method in (*TARGET_REFRESH, "REGISTER") else ""

    def hop(self, uri: str, routes: list[str]) -> Hop:
        """Where a request goes: the first route, or the Request-URI (8.1.2; RFC 3263 section 4 for IP addresses)."""
        next_uri = Uri.parse(Address.parse(routes[0]).uri if routes else uri)
        kind = next_uri.transport or (self.agent.kind if uri == self.agent.uri else "udp")
        return Hop(kind, (next_uri.host.strip("[]"), next_uri.port or 5060))

    def begin(self, request: Message, heard: Callable[[Message], None]) -> ClientTransaction | None:
        """Sends a request with the credentials that we have; what has no address gets an error made up."""
        self.keyring.sign(request)
        routes = request.lines("Route")
        hop = self.hop(request.uri, routes)
        if Uri.parse(request.uri).scheme != "sip" or hop.kind not in ("udp", "tcp"):
            heard(made_up(request, 503, "No Way There"))
            return None
        large = len(bytes(request)) > 1300
        if large and hop.kind == "udp":
            hop.kind = "tcp"  # 18.1.1
            request.put("Via", request.get("Via").replace("/UDP", "/TCP"))
        return self.agent.layer.begin(request, hop, heard)

    async def final(self, request: Message) -> Message:
        """The final response to a request that is no INVITE."""
        arrived: asyncio.Future[Message] = asyncio.get_running_loop().create_future()

        def heard(answer: Message) -> None:
            if answer.status >= 200 and not arrived.done():
                arrived.set_result(answer)
            elif answer.status < 200 and self.agent.wrong("cancel-of-another-method"):
                self.agent.cancel_anything(request)

        transaction = self.begin(request, heard)
        if transaction is not None and self.agent.wrong("cancel-of-another-method"):
            asyncio.get_running_loop().call_later(0.05, self.agent.cancel_anything, transaction.request)
        answer = await arrived
        self.keyring.informed(answer)
        self.agent.say(f"{request.method}: {answer.start}")
        if not answer.local and self.agent.wrong("ack-for-other-methods") and transaction is not None:
            transaction.acknowledge(answer)
        return answer

    async def ask(self, request: Message) -> Message:
        """The final response, after all that can be done about failures."""
        remedy = remedies.Remedies(self)
        answer = await self.final(request)
        while answer.status >= 300 and (retry := await remedy.next(request, answer)) is not None:
            request = retry
            answer = await self.final(request)
        self.last_sent = request
        return answer


class Dialog(Conversation):
    """A dialog (12): made from a response to a request of ours, or from a NOTIFY."""

    stage = "dialog"

    def __init__(self, base: Conversation, request: Message, *, remote: str, contact: str, routes: list[str]) -> None:
        super().__init__(base.agent, contact, remote, call_id=base.call_id, tag=base.tag)
        self.target = str(Uri.parse(Address.parse(contact).uri)) if contact else request.uri
        if base.agent.wrong("dialog-target-is-the-first-uri"):
            self.target = request.uri
        self.routes = routes
        if base.agent.wrong("dialog-no-route-set"):
            self.routes = []
        self.number = request.cseq[0]
        self.keyring = base.keyring
        self.local = request.get("From")
        self.peer_number = 0
        self.confirmed = False
        self.agent.dialogs[self.key] = self

    @classmethod
    def answered(cls, base: Conversation, request: Message, answer: Message) -> Dialog:
        """From a response (12.1.2): the route set is the Record-Route in reverse."""
        return cls(
            base,
            request,
            remote=answer.get("To"),
            contact=next(iter(answer.values("Contact")), ""),
            routes=answer.values("Record-Route")[::-1],
        )

    @property
    def peer_tag(self) -> str:
        """The tag of the other side."""
        return Address.parse(self.remote).params.get("tag", "")

    @property
    def key(self) -> tuple[str, str, str]:
        """What a request from there has (12.2.2)."""
        return self.call_id, self.tag, self.peer_tag

    def next_number(self) -> int:
        """As outside, but for faults."""
        wrong = self.agent.wrong
        self.number += 10 if wrong("dialog-cseq-skips") else 0 if wrong("dialog-cseq-stays") else 1
        if wrong("dialog-cseq-falls"):
            self.number = max(0, self.number - 3)
        return self.number

    def refresh(self, message: Message) -> None:
        """A new remote target (12.2.1.2, 12.2.2)."""
        contact = next(iter(message.values("Contact")), "")
        if self.agent.wrong("dialog-target-never-refreshed", "dialog-target-is-the-first-uri"):
            return
        if contact and message.method in TARGET_REFRESH:
            self.target = str(Uri.parse(Address.parse(contact).uri))

    def end(self) -> None:
        """Nothing comes in it any more."""
        self.agent.dialogs.pop(self.key, None)


def without_tag(value: str) -> str:
    """A From or To without its tag."""
    return re.sub(r";tag=[^;]*", "", value)
