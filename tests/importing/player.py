"""A client that plays the other side of a scenario message by message, on a virtual clock."""

from __future__ import annotations

from scenarios.wire import OFFER, SDP, Message, challenge_of, digest, tag_of, uri_of, write
from scenarios.world import UDP, World

from .reader import Event

PATIENCE = 45.0
"""Seconds of virtual time in which a message has to come."""
CALL = "imported@192.0.2.10"


class Player:
    """One call to a server with the scenario that was imported."""

    def __init__(
        self,
        text: str,
        *,
        fields: tuple[str, ...] = (),
        caller: str = "alice",
        seed: int = 1,
        password: str = "secret",
        offers: str = "sendrecv",
    ) -> None:
        self.password = password
        self.offers = offers.encode()
        self.world = World(text, seed=seed)
        self.world.clients[CALL] = self  # type: ignore[assignment]
        self.flow = UDP
        self.fields = [tuple(line.split(": ", 1)) for line in fields]
        self.caller = f"<sip:{caller}@example.com>;tag=caller"
        self.callee = "<sip:bob@127.0.0.1>"
        self.heard: list[Message] = []
        self.sent: dict[str, Message] = {}
        """The last request of each method."""
        self.tag: str | None = None
        self.cseq = 0
        self.target = "sip:bob@127.0.0.1"
        self.last: Message | None = None
        """The last response."""
        self.asked: Message | None = None
        """The last request of the server."""

    def hear(self, message: Message, *, again: bool) -> None:
        """What `World` hands to a client."""
        if not again:
            self.heard.append(message)

    def play(self, story: list[Event]) -> None:
        """Do what the other side of these events does, and see that the server does its own."""
        for number, event in enumerate(story):
            where = f"{event} (number {number + 1} of {', '.join(map(str, story))})"
            if event.kind == "gets":
                self._request(event.what, alone=number == 0)
            elif event.kind == "hears":
                self._answer(int(event.what))
            else:
                message = self._next(where)
                self._compare(event, message, where)
        self.world.run(1)
        assert not [message.start for message in self.heard], f"after {', '.join(map(str, story))}"

    def _compare(self, event: Event, message: Message, where: str) -> None:
        if event.kind == "gives":
            assert message.is_response, f"{where}: {message.start}"
            assert message.start.split()[1] == event.what, f"{where}: {message.start}"
            self.last = message
            asked = self.sent.get(message.the("cseq").split()[1])
            tagged = tag_of(message.the("to")) is not None
            assert tagged == (event.tag or (asked is not None and tag_of(asked.the("to")) is not None)), where
            if tagged and 100 < int(event.what) < 300:
                self.tag = tag_of(message.the("to"))
            contact = message.every("contact")
            if contact and int(event.what) < 300:
                self.target = uri_of(contact[0])
        else:
            assert message.start.startswith(f"{event.what} "), f"{where}: {message.start}"
            self.asked = message
        assert (b"v=0" in message.body) == event.sdp, f"{where}: {message.body!r}"
        for name, value in event.headers.items():
            if name not in ("www-authenticate", "proxy-authenticate", "content-type", "subscription-state", "require"):
                assert value in message.every(name), f"{where}: {name} is {message.every(name)}"

    def _next(self, where: str) -> Message:
        end = self.world.now + PATIENCE
        for _ in range(200):
            self.world.pump()
            while self.heard:
                message = self.heard.pop(0)
                # what we sent 2 ms ago gets its 100 and its ACK by itself: the scenario need not say so
                if not (message.start.startswith("SIP/2.0 100") and " 100 (" not in where and "gives 100" not in where):
                    return message
            deadline = self.world.engine.next_deadline()
            assert deadline is not None, where
            assert deadline <= end, where
            self.world.at(max(deadline, self.world.now))
        raise AssertionError(where)

    def _request(self, method: str, *, alone: bool) -> None:
        invite = self.sent.get("INVITE")
        final = self.last is not None and int(self.last.start.split()[1]) >= 200
        refused = self.last is not None and int(self.last.start.split()[1]) >= 300
        to = self.callee
        if self.tag and not (refused and method in ("INVITE", "REGISTER") and method != "ACK"):
            to = f"{self.callee};tag={self.tag}"
        branch = f"z9hG4bKplayer{len(self.sent)}{method}{self.cseq}"
        cseq = self.cseq
        if method in ("ACK", "CANCEL"):
            assert invite is not None
            cseq = invite.cseq
            if method == "CANCEL" or refused:
                branch = invite.branch
            if method == "CANCEL":
                to = invite.the("to")
            elif final and self.last is not None:
                to = self.last.the("to")
        else:
            self.cseq += 1
            cseq = self.cseq
        uri = "sip:127.0.0.1" if method == "REGISTER" else self.target if self.tag else "sip:bob@127.0.0.1"
        lines = [
            ("Via", f"SIP/2.0/UDP 192.0.2.10:5062;branch={branch}"), ("Max-Forwards", "70"), ("From", self.caller),
            ("To", to), ("Call-ID", CALL), ("CSeq", f"{cseq} {method}"), ("Contact", "<sip:alice@192.0.2.10:5062>"),
        ]  # fmt: skip
        body = b""
        if method in ("INVITE", "UPDATE"):
            body = OFFER if alone else OFFER.replace(b"a=sendrecv", b"a=" + self.offers)
            lines.append(("Supported", "100rel, timer"))
        if method == "PRACK" and self.last is not None:
            lines.append(("RAck", f"{self.last.the('rseq')} {self.last.the('cseq')}"))
        if method == "SUBSCRIBE":
            lines += [("Event", "presence"), ("Accept", "application/pidf+xml"), ("Expires", "600")]
        if method == "REFER":
            lines.append(("Refer-To", "<sip:carol@example.com>"))
        if method == "MESSAGE":
            body = b"hello"
        if method == "PUBLISH":
            lines += [("Event", "presence"), ("Expires", "1800")]
            body = b"<presence/>"
        if self.last is not None and method in ("REGISTER", "INVITE") and refused:
            lines.append(self._credentials(method, uri))
        kind = {"MESSAGE": "text/plain", "PUBLISH": "application/pidf+xml"}.get(method, SDP)
        lines += [(name, value) for name, value in self.fields] if alone else []
        data = write(f"{method} {uri} SIP/2.0", lines, body, kind)
        self.sent[method] = Message(data)
        self.world.send(data, self.flow)
        self.world.pump()

    def _credentials(self, method: str, uri: str) -> tuple[str, str]:
        assert self.last is not None
        status = self.last.start.split()[1]
        name, asked = ("WWW-Authenticate", "Authorization") if status == "401" else (
            "Proxy-Authenticate", "Proxy-Authorization")  # fmt: skip
        challenge = challenge_of(self.last.the(name.lower()))
        if "qop" not in challenge:
            return asked, 'Digest username="alice"'  # nobody verifies it
        value = digest(challenge, method=method, uri=uri, user="alice", password=self.password, count=1)
        return asked, value

    def _answer(self, status: int) -> None:
        request = self.asked
        assert request is not None
        lines = [("Via", via) for via in request.every("via")]
        lines += [(name, request.the(name.lower())) for name in ("From", "To", "Call-ID", "CSeq")]
        body = b""
        if request.start.startswith(("INVITE", "UPDATE")):
            lines.append(("Contact", "<sip:alice@192.0.2.10:5062>"))
            if request.body or request.start.startswith("INVITE"):
                body = OFFER
        self.world.send(write(f"SIP/2.0 {status} Whatever", lines, body), self.flow)
        self.world.pump()
