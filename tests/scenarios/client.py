"""A client that behaves by the RFCs, except where a test asks it not to."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

from responder.events import CallEnded, Flow

from .rightness import check_request, check_response
from .wire import OFFER, SDP, Message, challenge_of, digest, tag_of, uri_of, write
from .world import UDP, World

Answer = int | tuple[int, bytes] | Callable[[Message], "tuple[int, bytes]"] | None
"""What the client says to a request of ours: a status, a status and a session description, or nothing at all."""


@dataclass
class Habits:
    """How the client is."""

    acks: bool = True
    """Sends ACK (13.2.2.4, 17.1.1.3)."""
    pracks: bool = True
    """Sends PRACK (RFC 3262 section 4)."""
    talks: float | None = 0.75
    """Seconds from the ACK for a 2xx to its BYE; None: it never hangs up."""
    copies: int = 1
    """How often each of its requests arrives."""
    password: str = "secret"
    user: str = "alice"
    algorithms: tuple[str, ...] = ("SHA-256", "MD5")
    """Those it knows; of the challenges it takes the first it knows (RFC 8760 section 2.4)."""
    tries: int = 2
    """Requests with credentials in a row before it gives up (22.2 wants it not to go on for ever)."""
    answers: dict[str, Answer] = field(default_factory=dict)
    """To requests of ours by method; 200 to everything else."""
    reactions: dict[str, Callable[[Client, Message], object]] = field(default_factory=dict)
    """What it does beside, when something comes for the first time, by what `Client.story` calls it."""


@dataclass
class Entry:
    """Something that passed the client's wire."""

    time: float
    what: str
    message: Message
    again: bool
    """A retransmission."""


@dataclass
class Branch:
    """A dialog of the client, early or confirmed."""

    tag: str | None
    target: str
    confirmed: bool = False
    of: int = 0
    """CSeq number of the request that made it."""
    pracked: int = 0
    """The last RSeq that it acknowledged."""
    routes: list[str] = field(default_factory=list)
    """The route set, where the response had a Record-Route that the request had not (12.1.2)."""


class Client:
    """One UAC with one call, or one transaction."""

    def __init__(
        self,
        world: World,
        method: str = "INVITE",
        *,
        user: str = "bob",
        number: int = 1,
        fields: Iterable[str] = (),
        body: bytes | None = None,
        content_type: str = SDP,
        flow: Flow = UDP,
        caller: str = '"Alice" <sip:alice@example.com>',
        habits: Habits | None = None,
        call_id: str | None = None,
        strict: bool = True,
        **changed: Any,
    ) -> None:
        self.world = world
        self.method = method
        self.flow = flow
        self.habits = habits or Habits()
        for name, value in changed.items():
            assert hasattr(self.habits, name), name
            setattr(self.habits, name, value)
        self.strict = strict
        """Whether every response must be a right one."""
        host, port = flow.remote
        self.address = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
        local = f"[{flow.local[0]}]" if ":" in flow.local[0] else flow.local[0]
        transport = "" if flow.transport == "UDP" else f";transport={flow.transport.lower()}"
        self.contact = f"<sip:alice@{self.address}{transport}>"
        self.from_ = f"{caller};tag=from{number}"
        self.to = f"<sip:{user}@{local}>"
        self.uri = f"sip:{local}" if method == "REGISTER" else f"sip:{user}@{local}"
        self.call_id = call_id or f"call-{number}@192.0.2.10"
        self.number = number
        self.fields = [_field(line) for line in fields]
        self.body = (OFFER if method == "INVITE" else b"") if body is None else body
        self.content_type = content_type
        self.cseq = 0
        self.branches = 0
        self.trace: list[Entry] = []
        self.dialogs: dict[str | None, Branch] = {}
        self.past: set[str | None] = set()
        """Tags of early dialogs that have ended."""
        self.sent: dict[tuple[str, str], Message] = {}
        """Requests by branch and method."""
        self.acks: dict[tuple[int, str | None], bytes] = {}
        self.invite: Message | None = None
        """The last INVITE."""
        self.over = False
        """It has hung up, or we have."""
        self._tried = 0
        self._challenges: dict[str, tuple[str, dict[str, str]]] = {}
        """By realm: the header that its credentials go into, and what it said."""
        self._answered: dict[str, bytes] = {}
        self._ours: dict[str | None, int] = {}
        world.clients[self.call_id] = self

    # its requests

    def begin(self) -> Client:
        """The first request."""
        self._begin([])
        return self

    def _begin(self, extra: list[tuple[str, str]]) -> None:
        self.request(self.method, *self.fields, *extra, body=self.body, content_type=self.content_type)

    def request(
        self,
        method: str,
        *fields: tuple[str, str] | str,
        body: bytes = b"",
        content_type: str = SDP,
        tag: str | None = None,
        within: bool = False,
        cseq: int | None = None,
        branch: str | None = None,
        uri: str | None = None,
        from_: str | None = None,
    ) -> Message:
        """Send a request: `within` the (first) dialog, or with the To tag `tag`, or outside of dialogs."""
        if within and tag is None:
            tag = self.dialog.tag
        known = self.dialogs.get(tag)
        if cseq is None:
            self.cseq += 1
            cseq = self.cseq
        if branch is None:
            self.branches += 1
            branch = f"z9hG4bK{self.number}x{self.branches}"
        lines = [
            ("Via", f"SIP/2.0/{self.flow.transport} {self.address};branch={branch};rport"),
            ("Max-Forwards", "70"),
            ("From", from_ or self.from_),
            ("To", self.to if tag is None else f"{self.to};tag={tag}"),
            ("Call-ID", self.call_id),
            ("CSeq", f"{cseq} {method}"),
        ]
        if self.contact and method in ("INVITE", "UPDATE", "SUBSCRIBE", "REFER", "REGISTER"):
            lines.append(("Contact", self.contact))
        lines += [("Route", route) for route in (known.routes if known is not None else ())]
        lines += [_field(item) if isinstance(item, str) else item for item in fields]
        target = uri or (known.target if known is not None and (within or tag is not None) else self.uri)
        if known is not None and method not in ("ACK", "CANCEL"):
            lines += self._kept(method, target, lines)
        data = write(f"{method} {target} SIP/2.0", lines, body, content_type)
        message = Message(data)
        self.sent[branch, method] = message
        if method == "INVITE":
            self.invite = message
        self.transmit(data)
        return message

    def transmit(self, data: bytes) -> None:
        """Put bytes of a request on the wire, as often as is its habit."""
        message = Message(data)
        for copy in range(self.habits.copies):
            self.world.send(data, self.flow, again=copy > 0)
        self._note(f"<{message.method}", message, again=False)

    @property
    def dialog(self) -> Branch:
        """The confirmed dialog, else the first."""
        confirmed = [branch for branch in self.dialogs.values() if branch.confirmed]
        return (confirmed or list(self.dialogs.values()))[0]

    def cancel(self) -> None:
        """CANCEL of the last INVITE (9.1)."""
        invite = self.invite
        assert invite is not None
        self.request("CANCEL", tag=invite.to_tag, cseq=invite.cseq, branch=invite.branch, uri=invite.uri)

    def bye(self, tag: str | None = None) -> None:
        """BYE in a dialog that is still there."""
        if not self.over:
            self.over = tag is None
            self.request("BYE", tag=tag, within=True)

    # what it hears

    def hear(self, message: Message, *, again: bool) -> None:
        """A message came."""
        if again and not any(entry.message.data == message.data for entry in self.trace):
            lost = any(kind == "fault" for kind, _ in self.world.notes)
            assert lost, f"{message} is no retransmission"
            again = False
        if not message.is_response:
            self._asked(message, again)
            return
        whose = "" if message.method == self.method else f"/{message.method}"
        self._note(f"{message.status}{whose}", message, again)
        request = self.sent.get((message.branch, message.method))
        assert request is not None, f"{message} belongs to no request"
        if self.strict:
            check_response(message, request)
        if message.method == "INVITE":
            self._invited(message, request, again)
        elif message.status in (401, 407) and not again:
            self._challenged(message, request)
        elif message.method in ("SUBSCRIBE", "REFER") and 200 <= message.status < 300:
            self.dialogs.setdefault(message.to_tag, Branch(message.to_tag, message.target or self.uri, confirmed=True))
        self._react(f"{message.status}{whose}", message, again)

    def _invited(self, message: Message, request: Message, again: bool) -> None:
        tag, status = message.to_tag, message.status
        recorded = [] if request["record-route"] else message.every("record-route")
        if 100 < status < 300 and tag not in self.dialogs and (tag is not None or status >= 200):
            self.dialogs[tag] = Branch(tag, message.target or self.uri, of=message.cseq, routes=recorded[::-1])
        if status < 200:
            if self.habits.pracks and "100rel" in (message["require"] or ""):
                self._prack(message)
            return
        if status < 300:
            dialog = self.dialogs[tag]
            dialog.target = message.target or dialog.target
            first = not dialog.confirmed
            dialog.confirmed = True
            if first:
                dialog.routes = recorded[::-1]  # 13.2.2.4: the route set is computed anew from the 2xx
            if self.habits.acks:
                self._ack(message)
                if first and self.habits.talks is not None:
                    self.world.after(self.habits.talks, self.bye)
            return
        if request.to_tag is None:
            # 12.3: a refusal ends the early dialogs of its INVITE
            ended = {key for key, dialog in self.dialogs.items() if dialog.of == message.cseq and not dialog.confirmed}
            self.past |= ended
            for key in ended:
                del self.dialogs[key]
        if self.habits.acks:
            self.transmit(
                write(
                    f"ACK {request.uri} SIP/2.0",
                    [
                        ("Via", request.every("via")[0]),
                        ("Max-Forwards", "70"),
                        ("From", request.the("from")),
                        ("To", message.the("to")),
                        ("Call-ID", self.call_id),
                        ("CSeq", f"{request.cseq} ACK"),
                        *[("Route", route) for route in request.every("route")],
                        *_credentials_of(request),
                    ],
                )
            )
        if status in (401, 407) and not again:
            self._challenged(message, request)

    def _ack(self, message: Message) -> None:
        """13.2.2.4: an ACK for each 2xx that comes, with a branch of its own, the same for each copy."""
        key = (message.cseq, message.to_tag)
        if key in self.acks:
            self.transmit(self.acks[key])
            return
        sent = self.request(
            "ACK",
            *_credentials_of(self.sent[message.branch, "INVITE"]),
            body=self._late_answer(message),
            tag=message.to_tag,
            cseq=message.cseq,
            uri=self.dialogs[message.to_tag].target,
        )
        self.acks[key] = sent.data

    def _prack(self, message: Message) -> None:
        dialog = self.dialogs[message.to_tag]
        rseq = int(message.the("rseq"))
        if rseq > dialog.pracked:
            dialog.pracked = rseq
            body = self._late_answer(message)
            self.request("PRACK", ("RAck", f"{rseq} {message.the('cseq')}"), body=body, tag=message.to_tag)

    def _late_answer(self, message: Message) -> bytes:
        """13.2.1, RFC 3262 5: to an INVITE without offer our response has one, and the ACK or PRACK the answer."""
        request = self.sent[message.branch, "INVITE"]
        return OFFER if message.sdp and not request.body else b""

    def _challenged(self, message: Message, request: Message) -> None:
        """22.2: the same request again with a higher CSeq, the same Call-ID and From tag, and credentials."""
        if self._tried >= self.habits.tries or request.to_tag is not None or not self._knows(message):
            return
        self._tried += 1
        names = {name for name, _ in self._challenges.values()}
        self.fields = [field for field in self.fields if field[0] not in names]
        self._begin(self.credentials(request))

    def _knows(self, message: Message) -> bool:
        """Keep the first challenge whose algorithm it knows, a realm each; whether there is one."""
        name, field = "Authorization", "www-authenticate"
        if message.status == 407:
            name, field = "Proxy-Authorization", "proxy-authenticate"
        known: set[str] = set()
        for challenge in map(challenge_of, message.every(field)):
            realm = challenge["realm"]
            if challenge.get("algorithm", "MD5") in self.habits.algorithms and realm not in known:
                self._challenges[realm] = (name, {**challenge, "count": "0"})
                known.add(realm)
        return bool(known)

    def credentials(self, request: Message) -> list[tuple[str, str]]:
        """What the realms that have asked so far want for another try of this request (22.3)."""
        return [self._credential(*asked, request.method, request.uri) for asked in self._challenges.values()]

    def _kept(self, method: str, uri: str, lines: list[tuple[str, str]]) -> list[tuple[str, str]]:
        """22.3: what a proxy has asked for goes into all requests of the call."""
        proxies = [asked for asked in self._challenges.values() if asked[0] == "Proxy-Authorization"]
        given = any(name == "Proxy-Authorization" for name, _ in lines)
        return [] if given else [self._credential(*asked, method, uri) for asked in proxies]

    def _credential(self, name: str, challenge: dict[str, str], method: str, uri: str) -> tuple[str, str]:
        challenge["count"] = str(int(challenge["count"]) + 1)
        user, password = self.habits.user, self.habits.password
        count = int(challenge["count"])
        return name, digest(challenge, method=method, uri=uri, user=user, password=password, count=count)

    def again(self, *fields: str) -> None:
        """The first request once more, with these fields in place of those of the same names."""
        changed = [_field(line) for line in fields]
        names = {name for name, _ in changed}
        self.fields = [field for field in self.fields if field[0] not in names] + changed
        self._begin(self.credentials(self.sent[next(iter(self.sent))]))

    def authorized(self, message: Message) -> None:
        """A request in the dialog that got this challenge once more, with credentials."""
        request = self.sent[message.branch, message.method]
        if self._knows(message):
            self.request(request.method, *self.credentials(request), within=True, body=request.body)

    def _asked(self, message: Message, again: bool) -> None:
        """A request of ours."""
        self._note(message.method, message, again)
        if again and tag_of(message.the("from")) in self.past - set(self.dialogs):
            self.answer(message, 481)  # 12.3: the early dialog ended with the refusal of its INVITE
            return
        dialog = self.dialogs.get(tag_of(message.the("from")))
        if dialog is None and message.method == "NOTIFY" and self.method == "SUBSCRIBE":
            tag = tag_of(message.the("from"))  # RFC 6665 section 4.1.2.4: a NOTIFY before the 2xx makes the dialog
            dialog = self.dialogs[tag] = Branch(tag, message.target or self.uri, confirmed=True)
        assert dialog is not None, f"{message} is in no dialog"
        check_request(message, tag_of(self.from_), self.call_id, (uri_of(self.contact), dialog.target))
        if message.method == "ACK":
            return
        if again:
            known = self._answered.get(message.branch)
            if known is not None:
                self.world.send(known, self.flow)
            return
        number = self._ours.get(tag_of(message.the("from")), 0)
        assert message.cseq > number, f"CSeq of {message} is not above {number} (12.2.1.1)"
        self._ours[tag_of(message.the("from"))] = message.cseq
        if message.method == "BYE":
            self.over = True
        answer = self.habits.answers.get(message.method, 200)
        if callable(answer):
            answer = answer(message)
        if answer is not None:
            status, body = answer if isinstance(answer, tuple) else (answer, self._description(message, answer))
            self.answer(message, status, body=body)
            if message.method in ("INVITE", "UPDATE") and status < 300:
                dialog.target = message.target or dialog.target  # 12.2.2
        self._react(message.method, message, again)

    def _react(self, what: str, message: Message, again: bool) -> None:
        reaction = self.habits.reactions.get(what)
        if reaction is not None and not again:
            reaction(self, message)

    def _description(self, message: Message, status: int) -> bytes:
        return OFFER if message.method == "INVITE" and status == 200 else b""

    def answer(self, message: Message, status: int, *fields: tuple[str, str], body: bytes = b"") -> None:
        """Answer a request of ours."""
        lines = [("Via", via) for via in message.every("via")]
        lines += [(name, message.the(name)) for name in ("From", "To", "Call-ID", "CSeq")]
        if message.method in ("INVITE", "UPDATE") and status < 300:
            lines.append(("Contact", self.contact))
        data = write(f"SIP/2.0 {status} Whatever", [*lines, *fields], body)
        whose = "" if message.method == self.method else f"/{message.method}"
        self._note(f"<{status}{whose}", Message(data), again=False)
        self._answered[message.branch] = data
        self.world.send(data, self.flow)

    # what it saw

    def _note(self, what: str, message: Message, again: bool) -> None:
        self.trace.append(Entry(self.world.now, what, message, again))

    def story(self, *, until: float | None = None) -> str:
        """All that passed the wire but retransmissions, waits in between: `<INVITE 100 180 2s 486 <ACK`."""
        return story(entry for entry in self.trace if until is None or entry.time <= until)

    def times(self, what: str) -> list[float]:
        """When something passed, retransmissions included."""
        return [round(entry.time, 6) for entry in self.trace if entry.what == what]

    def every(self, what: str) -> list[Message]:
        """The messages of that kind, retransmissions left out."""
        return [entry.message for entry in self.trace if entry.what == what and not entry.again]

    def the(self, what: str) -> Message:
        """The one message of that kind."""
        (message,) = self.every(what)
        return message

    @property
    def ended(self) -> CallEnded:
        """The end of its call; there is one. (What belongs to no call is reported as one of its own.)"""
        (event,) = [event for event in self.world.ended if (event.call_id, event.method) == (self.call_id, self.method)]
        return event


def _credentials_of(invite: Message) -> list[tuple[str, str]]:
    """22.1, 13.2.2.4: an ACK repeats those of its INVITE."""
    names = ("Authorization", "Proxy-Authorization")
    return [(name, value) for name in names for value in invite.every(name)]


def _field(line: str) -> tuple[str, str]:
    name, _, value = line.partition(": ")
    return name, value


def story(entries: Iterable[Entry]) -> str:
    """See `Client.story`."""
    words: list[str] = []
    now = 0.0
    for entry in entries:
        if entry.again:
            continue
        if entry.time > now + 1e-6:
            words.append(f"{round(entry.time - now, 3):g}s")
        now = entry.time
        words.append(entry.what)
    return " ".join(words)


def path_of(entries: Iterable[Entry]) -> tuple[str, ...]:
    """What `events.CallEnded.path` has: statuses that we sent, and requests of either side after the first, but ACK."""
    found = []
    for entry in entries:
        word = entry.what
        if entry.again or (word[1:].partition("/")[0].isdecimal() and word[0] == "<"):
            continue
        if word in ("<ACK", "ACK"):
            continue
        found.append(word.removeprefix("<").partition("/")[0])
    return tuple(found[1:])
