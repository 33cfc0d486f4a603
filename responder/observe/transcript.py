"""A recorded run as SIP sees it: messages, the transactions that they make, calls and dialogs. What rules look at.

Made of records alone (`records`), so that a trace that was saved can be judged again, with the same verdict. Nothing
here raises for what a peer sent: what cannot be read is kept as what it is.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import cached_property
from typing import Final, TypeAlias

from responder.errors import ParseError
from responder.events import Address
from responder.observe.identity import Identity, identity_of
from responder.observe.records import CallRecord, ClientRecord, Entry, GapRecord, MalformedRecord, MessageRecord
from responder.sip.corruption import BYTE_BY_BYTE, CATALOGUE
from responder.sip.message import Message, Request, Response
from responder.sip.parser import parse
from responder.sip.syntax import fault_of, fault_of_response

_AT_ONCE: Final = 0.002
"""Seconds before it went away in which a client may not have seen what was sent to it. Few: a process that ends because
of a message is gone within some milliseconds of it."""
_A_BYTE: Final = 0.002
"""Seconds that a byte takes at the most where a message goes out byte by byte."""


@dataclass(eq=False)
class Seen:
    """One message of the run, as it stood on the wire."""

    number: int
    """Counts the messages of the run from 1: how reports refer to it."""
    record: MessageRecord | MalformedRecord
    message: Message | None
    """None where the bytes are no SIP message."""
    doubtful: bool = False
    """For a response of ours: whether a client may, or has to, take it for none, because of what was done to it."""
    arrived: float = 0.0
    """When all of a message of ours is with the client at the latest, in seconds since the run began."""
    own: bool = False
    """Whether the responder sent it to itself: the client knows nothing of it."""

    @property
    def received(self) -> bool:
        """Whether the client sent it."""
        return not self.own and (isinstance(self.record, MalformedRecord) or self.record.received)

    @property
    def time(self) -> float:
        """Seconds since the run began."""
        return self.record.time

    @property
    def reliable(self) -> bool:
        """Whether its transport resends by itself."""
        return self.record.transport != "UDP"

    @property
    def certain(self) -> bool:
        """Whether nothing of its kind is lost on the way: a stream, or the loop-back of one machine."""
        host = self.record.remote[0]
        return self.reliable or host == "::1" or host.startswith("127.")

    @property
    def data(self) -> bytes:
        """Its bytes."""
        return self.record.data

    @cached_property
    def identity(self) -> Identity:
        """What tells its transaction and its dialog; only for what is a message."""
        assert self.message is not None
        return identity_of(self.message)

    @property
    def request(self) -> Request:
        """The request; only for what is one."""
        assert isinstance(self.message, Request)
        return self.message

    @property
    def response(self) -> Response:
        """The response; only for what is one."""
        assert isinstance(self.message, Response)
        return self.message

    @cached_property
    def fault(self) -> ParseError | None:
        """What is wrong with the syntax of a request; None where nothing is, and for responses."""
        return fault_of(self.message) if isinstance(self.message, Request) else None

    def first(self, key: str) -> str:
        """The first value of a header by its KEY, empty where it is missing."""
        return (self.message.first(key) or "") if self.message is not None else ""

    def every(self, key: str) -> list[str]:
        """All values of a header by its KEY."""
        try:
            return self.message.every(key) if self.message is not None else []
        except ParseError:
            return []


def _answers(response: Identity, request: Identity) -> bool:
    """Whether a response has what it copies of its request (RFC 3261 section 8.2.6.2)."""
    return (
        response.cseq == request.cseq
        and response.from_tag == request.from_tag
        and (not request.to_tag or response.to_tag == request.to_tag)
    )


_HARMLESS: Final = {
    BYTE_BY_BYTE,
    "compact",
    "empty-reason",
    "folded",
    "long-reason",
    "lowercase-names",
    "space-before-colon",
    "two-in-one-segment",
    "uppercase-names",
}
"""Corruptions (`sip.corruption`) that a client has to read as if nothing were the matter."""
_WITHOUT_END: Final = {
    "bad-content-length",
    "content-length-too-long",
    "content-length-too-short",
    "negative-content-length",
    "no-content-length",
    "no-crlf-at-end",
    "stall",
    "trailing-bytes",
    "truncated",
}
"""What makes a stream unreadable from there on (RFC 3261 section 18.3)."""


@dataclass(eq=False)
class Exchange:
    """A request, its copies, and what answered it."""

    identity: Identity
    method: str
    by_client: bool
    requests: list[Seen] = field(default_factory=list)
    """The request and its retransmissions, in order."""
    responses: list[Seen] = field(default_factory=list)
    """All responses with their copies, in order of time."""
    acks: list[Seen] = field(default_factory=list)
    """For an INVITE: every ACK for one of its responses, as far as it can be told."""
    cancel: Exchange | None = None
    """For an INVITE: the CANCEL of it."""

    @property
    def request(self) -> Seen:
        """The request as it came or went out first."""
        return self.requests[0]

    @property
    def time(self) -> float:
        """When it began."""
        return self.request.time

    @property
    def reliable(self) -> bool:
        """Whether its transport resends by itself."""
        return self.request.reliable

    @property
    def certain(self) -> bool:
        """Whether neither it nor what answers it can be lost on the way."""
        return self.request.certain

    @property
    def provisionals(self) -> list[Seen]:
        """Responses 100 to 199, copies too."""
        return [seen for seen in self.responses if seen.response.status < 200]

    @property
    def finals(self) -> list[Seen]:
        """Responses 200 to 699, copies too."""
        return [seen for seen in self.responses if seen.response.status >= 200]

    @property
    def final(self) -> Seen | None:
        """The first final response."""
        return next(iter(self.finals), None)

    @property
    def status(self) -> int:
        """The status of the first final response, 0 where there is none."""
        return self.final.response.status if self.final is not None else 0

    def answered_before(self, seen: Seen) -> bool:
        """Whether a final response had been there when this message passed."""
        return self.final is not None and self.final.number < seen.number

    def outside_dialog(self) -> bool:
        """Whether its request has no To tag."""
        return not self.identity.to_tag


@dataclass(eq=False)
class DialogSeen:
    """A dialog that a response of ours to a request of the client made (RFC 3261 section 12.1)."""

    call_id: str
    client_tag: str
    our_tag: str
    made_by: Exchange
    response: Seen
    """The first response with this To tag; for a session its 2xx, once there is one."""

    @property
    def route_set(self) -> list[str]:
        """The routes that the client must use: Record-Route of the response, the last first (12.1.2)."""
        return self.response.every("record-route")[::-1]


@dataclass(eq=False)
class CallSeen:
    """Everything that has one Call-ID."""

    call_id: str
    run: Transcript
    messages: list[Seen] = field(default_factory=list)
    exchanges: list[Exchange] = field(default_factory=list)
    """Of both sides, in the order of their beginning; ACKs stand with their INVITEs."""
    stray_acks: list[Seen] = field(default_factory=list)
    """ACKs that belong to no INVITE of the call."""

    @property
    def requests_of_client(self) -> list[Exchange]:
        """The exchanges that the client began."""
        return [exchange for exchange in self.exchanges if exchange.by_client]

    @property
    def endings(self) -> list[CallRecord]:
        """What the engine said at the end of its calls with this Call-ID."""
        return self.run.endings.get(self.call_id, [])

    @property
    def numbers(self) -> set[int]:
        """The numbers that the engine gave to its calls."""
        return {seen.record.call for seen in self.messages if isinstance(seen.record, MessageRecord)}

    @cached_property
    def dialogs(self) -> list[DialogSeen]:
        """The dialogs that the client's requests made, in the order of their beginning."""
        found: dict[str, DialogSeen] = {}
        for exchange in self.requests_of_client:
            if exchange.method not in ("INVITE", "SUBSCRIBE", "REFER") or not exchange.outside_dialog():
                continue
            for seen in exchange.responses:
                status = seen.response.status
                tag = seen.identity.to_tag
                if not tag or status == 100 or status >= 300 or (status < 200 and exchange.method != "INVITE"):
                    continue
                known = found.get(tag)
                if known is None:
                    found[tag] = DialogSeen(self.call_id, exchange.identity.from_tag, tag, exchange, seen)
                elif known.response.response.status < 200 <= status:
                    known.response = seen
        return list(found.values())

    def dialog_of(self, exchange: Exchange) -> DialogSeen | None:
        """The dialog that a request of the client is in, by its tags."""
        for dialog in self.dialogs:
            if exchange.by_client and exchange.identity.to_tag == dialog.our_tag:
                return dialog
        return None


_Way: TypeAlias = tuple[str, Address, Address]
"""Transport, our address and that of the other side."""


def _own_ways(entries: Iterable[Entry]) -> set[_Way]:
    """The ways on which the responder talks to itself: what went out on them came in again."""
    out: set[_Way] = set()
    back: set[_Way] = set()
    for entry in entries:
        if isinstance(entry, MessageRecord) and not entry.received:
            out.add((entry.transport, entry.local, entry.remote))
        elif isinstance(entry, MessageRecord | MalformedRecord):
            back.add((entry.transport, entry.remote, entry.local))
    looped = out & back
    return looped | {(transport, remote, local) for transport, local, remote in looped}


class Transcript:
    """A whole run."""

    def __init__(self, entries: Iterable[Entry]) -> None:
        self.messages: list[Seen] = []
        """Every message, those that are malformed too, in order of time."""
        self.entries: list[Entry] = []
        """What they were made of, notes and ends of calls too."""
        self.strays: list[Seen] = []
        """Responses that answer nothing, and bytes that are no SIP message."""
        self.end = 0.0
        """Until when the client was watched and could have done something, in seconds since the run began."""
        self.client: ClientRecord | None = None
        """When and how the client went away; None where that is not known."""
        self.endings: dict[str, list[CallRecord]] = {}
        """The ends of calls by Call-ID."""
        self._heard: dict[Address, float] = {}
        self._invites: dict[str, Exchange] = {}
        """The INVITEs of the client by branch."""
        self._answered: dict[str, Exchange] = {}
        """Those that got a final response, by its To tag."""
        self._calls: dict[str, CallSeen] = {}
        self._broken: set[tuple[str, Address, int]] = set()
        self._through: dict[tuple[str, Address, int], float] = {}
        """When all that was sent on a stream so far is there."""
        self._open: dict[tuple[bool, str, str, str, str], Exchange] = {}
        self.forgotten = 0
        """How many messages are missing, because the journal was full."""
        self.entries += entries
        self._own = _own_ways(self.entries)
        for entry in self.entries:
            self.end = max(self.end, entry.time)
            if isinstance(entry, CallRecord):
                self.endings.setdefault(entry.call_id, []).append(entry)
            elif isinstance(entry, ClientRecord):
                self.client = entry
            elif isinstance(entry, GapRecord):
                self.forgotten += entry.messages
            elif isinstance(entry, MessageRecord | MalformedRecord):
                self._add(entry)
        if self.client is not None:
            self.end = self.client.time

    def waited(self, since: float, patience: float) -> bool:
        """Whether it says something that nothing came from the client after that time: it had `patience` seconds, or
        it went away by itself, and not just then."""
        return self.left(since) or self.end - since >= patience

    def left(self, since: float) -> bool:
        """Whether the client went away by itself after that time, and not just then."""
        return self.client is not None and self.client.how == "exited" and self.client.time >= since + _AT_ONCE

    def lived(self, address: Address, until: float) -> bool:
        """Whether the client at this address was still there at that time: its process was, or something came later."""
        return self.heard_from(address, until) or (self.client is not None and self.end > until)

    def odd_since(self, seen: Seen) -> list[Seen]:
        """Messages of ours after that one that answer nothing, or are `doubtful`: a client may have taken them for
        responses to its request, though `Exchange.responses` has them not."""
        return [one for one in self.strays if not one.received and one.number > seen.number]

    def heard_from(self, address: Address, since: float) -> bool:
        """Whether something came from there after that time: the client was still alive."""
        return self._heard.get(address, 0.0) > since

    @property
    def calls(self) -> list[CallSeen]:
        """The calls by Call-ID, in the order of their beginning."""
        return list(self._calls.values())

    @property
    def exchanges(self) -> Iterator[Exchange]:
        """All exchanges of all calls."""
        for call in self._calls.values():
            yield from call.exchanges

    @cached_property
    def dialogs(self) -> dict[str, DialogSeen]:
        """The dialogs that requests of the client made, in all calls, by our tag."""
        return {dialog.our_tag: dialog for call in self._calls.values() for dialog in call.dialogs}

    @cached_property
    def ours(self) -> dict[str, Exchange]:
        """Our requests in all calls by their branch."""
        return {one.identity.branch: one for one in self.exchanges if not one.by_client and one.method != "CANCEL"}

    def call_of(self, exchange: Exchange) -> CallSeen:
        """The call of an exchange."""
        return self._calls[exchange.identity.call_id]

    def _add(self, record: MessageRecord | MalformedRecord) -> None:
        try:
            message = parse(record.data)
        except ParseError:
            message = None
        seen = Seen(self.forgotten + len(self.messages) + 1, record, message)
        seen.arrived = self._arrival(seen)
        seen.own = (record.transport, record.local, record.remote) in self._own
        seen.doubtful = self._doubtful(seen)
        if seen.received:
            self._heard[record.remote] = record.time
        self.messages.append(seen)
        if seen.own:
            return
        if message is None or isinstance(record, MalformedRecord):
            self.strays.append(seen)
            return
        identity = seen.identity
        call = self._calls.get(identity.call_id)
        if call is None:
            call = self._calls[identity.call_id] = CallSeen(identity.call_id, self)
        call.messages.append(seen)
        if isinstance(message, Response):
            self._response(seen, identity)
        elif message.method == "ACK" and seen.received:
            self._ack(call, seen, identity)
        elif message.method != "ACK":
            self._request(call, seen, identity, message.method)

    def _request(self, call: CallSeen, seen: Seen, identity: Identity, method: str) -> None:
        key = (seen.received, identity.call_id, identity.branch, identity.sent_by, method)
        known = self._open.get(key)
        if known is not None and known.identity.cseq == identity.cseq and known.request.data == seen.data:
            known.requests.append(seen)
            return
        exchange = self._open[key] = Exchange(identity, method, seen.received, [seen])
        call.exchanges.append(exchange)
        if method == "INVITE" and seen.received:
            self._invites[identity.branch] = exchange
        if method == "CANCEL":
            invite = self._open.get((seen.received, identity.call_id, identity.branch, identity.sent_by, "INVITE"))
            if invite is not None and invite.cancel is None:
                invite.cancel = exchange

    def _response(self, seen: Seen, identity: Identity) -> None:
        exchange = self._open.get(
            (not seen.received, identity.call_id, identity.branch, identity.sent_by, identity.method)
        )
        if (
            exchange is not None
            and len(seen.every("via")) == len(exchange.request.every("via"))
            and (seen.received or (not seen.doubtful and _answers(identity, exchange.identity)))
        ):
            exchange.responses.append(seen)
            if exchange.by_client and exchange.method == "INVITE" and seen.response.status >= 200:
                self._answered[identity.to_tag] = exchange
        else:
            self.strays.append(seen)

    def _arrival(self, seen: Seen) -> float:
        """See `Seen.arrived`. On a stream each message waits for the one before."""
        record = seen.record
        if seen.received or not seen.reliable or isinstance(record, MalformedRecord):
            return seen.time
        stream = (record.transport, record.remote, record.connection)
        slow = len(seen.data) * _A_BYTE if BYTE_BY_BYTE in record.note else 0.0
        arrived = self._through[stream] = max(seen.time, self._through.get(stream, 0.0)) + slow
        return arrived

    def _doubtful(self, seen: Seen) -> bool:
        """See `Seen.doubtful`. After a response without right end, a stream has no beginning of the next."""
        record = seen.record
        if seen.received or isinstance(record, MalformedRecord):
            return False
        done = {word.strip() for word in record.note.replace("fault:", ",").split(",")}
        stream = (record.transport, record.remote, record.connection)
        broken = stream in self._broken
        if seen.reliable and done & _WITHOUT_END:
            self._broken.add(stream)
        return (
            broken
            or bool(done & CATALOGUE.keys() - _HARMLESS)
            or (isinstance(seen.message, Response) and fault_of_response(seen.message) is not None)
        )

    def _ack(self, call: CallSeen, seen: Seen, identity: Identity) -> None:
        invites = [one for one in call.exchanges if one.method == "INVITE" and one.by_client]
        by_branch = [one for one in invites if identity.branch and one.identity.branch == identity.branch]
        by_number = [one for one in invites if one.finals and one.identity.cseq == identity.cseq]
        unacknowledged = [one for one in invites if one.finals and not one.acks]
        known = {ack.identity.branch for ack in by_number[-1].acks} if by_number else set()
        if unacknowledged and known and identity.branch not in known:
            by_number = []  # no copy of the ACK for that INVITE, but one for another with a wrong number
        for fitting in (by_branch, by_number, unacknowledged):
            if fitting:
                fitting[-1].acks.append(seen)
                return
        elsewhere = self.invite_of(identity.branch) or self._made(identity.to_tag)
        if elsewhere is not None and not invites:
            elsewhere.acks.append(seen)  # with the Call-ID of another call, or none that is known
        else:
            call.stray_acks.append(seen)

    def invite_of(self, branch: str) -> Exchange | None:
        """The (last) INVITE of the client with this branch, in whatever call."""
        return self._invites.get(branch) if branch else None

    def _made(self, tag: str) -> Exchange | None:
        """The INVITE that got a final response with this To tag."""
        return self._answered.get(tag) if tag else None
