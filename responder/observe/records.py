"""What a trace holds of a run: each event as a value that stands alone, without the message objects of the engine.

The same records are made of what is kept in memory (`journal`), written to a file and read back (`trace`), drawn
(`ladder`), judged (`judge`) and reported (`report`). A sweep puts a `CaseRecord` before what belongs to each of its
cases, and a `ClientRecord` behind it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

from responder.events import Address, CallEnded, Event, Malformed, MessageReceived, MessageSent
from responder.observe.clock import Clock
from responder.observe.identity import belonging_of


@dataclass(frozen=True, slots=True)
class MessageRecord:
    """A SIP message that came in or went out."""

    time: float
    """Seconds since the run began."""
    wall: float
    """Seconds since 1970 UTC."""
    received: bool
    """True: from the client to us; False: from us."""
    transport: str
    local: Address
    remote: Address
    connection: int
    call: int
    """The number of its call, 0 where it belongs to none."""
    call_id: str
    """As written."""
    transaction: str
    """`BRANCH METHOD`, an ACK being counted to INVITE (RFC 3261 section 17.2.3); empty where it cannot be read."""
    dialog: str
    """Our tag and that of the client, a blank between them; empty where the message lacks one."""
    retransmission: bool
    note: str
    """Which step or rule it was sent by or taken by (`busy step 3`), and what was done to it on purpose."""
    data: bytes


@dataclass(frozen=True, slots=True)
class MalformedRecord:
    """Bytes that came in and are no SIP message."""

    time: float
    wall: float
    transport: str
    local: Address
    remote: Address
    connection: int
    data: bytes
    what: str
    """What is wrong with them."""
    field: str
    """The header field at fault, empty where it is none."""
    answered: int
    """The status that was sent back, 0 for silence."""


@dataclass(frozen=True, slots=True)
class CallRecord:
    """A call that is over; the names mean what they mean in `events.CallEnded`."""

    time: float
    wall: float
    call: int
    call_id: str
    method: str
    uri: str
    caller: str
    source: Address
    transport: str
    scenario: str
    path: tuple[str, ...]
    outcome: str
    duration: float
    """Seconds from its first request to its end."""
    reason: str


@dataclass(frozen=True, slots=True)
class NoteRecord:
    """A line of the journal; the names mean what they mean in `events.Note`."""

    time: float
    wall: float
    call: int
    kind: str
    text: str


@dataclass(frozen=True, slots=True)
class Case:
    """What a client is put through: one code to one method, in one way."""

    code: str
    """The code that it is about (`486`); empty for a dial string or a scenario."""
    dial: str
    """What the client dials: the user part of its Request-URI."""
    method: str
    """The method that the code answers."""
    transport: str
    """`UDP` or `TCP`: by which the client is told to come; empty where it was not told."""
    variant: str = "plain"
    """How it is answered (`sweep.variants`)."""
    scenario: str = ""
    """The file that a case of `--scenario` goes through."""


@dataclass(frozen=True, slots=True)
class CaseRecord:
    """A case begins; what follows belongs to it, until the next one does. Times and numbers begin anew."""

    time: float
    wall: float
    case: Case
    command: str
    """What was run as the client; empty where a person dialled."""
    template: str = ""
    """The command of the whole sweep, with its placeholders."""


@dataclass(frozen=True, slots=True)
class ClientRecord:
    """The client of a case is gone: nothing comes from it any more."""

    time: float
    wall: float
    how: str
    """`exited` by itself, was `ended` by us, or was `not-started`."""
    exit_status: int | None
    """Of its process; the signal's number below zero where one ended it, None where there is none."""
    output: str
    """The last of what it printed, or why it was not started."""


@dataclass(frozen=True, slots=True)
class EndRecord:
    """The run was watched until here: what had not come by then did not come."""

    time: float
    wall: float


@dataclass(frozen=True, slots=True)
class GapRecord:
    """The journal was full: messages that stood here are forgotten, and all else of their calls."""

    time: float
    wall: float
    messages: int
    """How many there were: the numbers of those that follow count on from them."""


Record: TypeAlias = MessageRecord | MalformedRecord | CallRecord | NoteRecord
"""What the engine reported."""
Mark: TypeAlias = CaseRecord | ClientRecord | GapRecord | EndRecord
"""What was going on around it."""
Entry: TypeAlias = Record | Mark
"""One line of a trace."""


def duration_of(event: CallEnded) -> float:
    """Seconds from the first request of a call to its end, to the microsecond."""
    return round(event.time - event.started, 6)


def record_of(event: Event, clock: Clock) -> Record:
    """The record of an event."""
    time, wall = clock.elapsed(event.time), clock.wall(event.time)
    if isinstance(event, MessageReceived | MessageSent):
        flow, received = event.flow, isinstance(event, MessageReceived)
        message = event.message if isinstance(event, MessageReceived) else None
        text = event.data.decode("utf-8", "surrogateescape")
        call_id, transaction, dialog = belonging_of(message, text, received=received)
        return MessageRecord(
            time=time,
            wall=wall,
            received=received,
            transport=flow.transport,
            local=flow.local,
            remote=flow.remote,
            connection=flow.connection,
            call=event.call,
            call_id=call_id,
            transaction=transaction,
            dialog=dialog,
            retransmission=event.retransmission,
            note=event.note,
            data=event.data,
        )
    if isinstance(event, CallEnded):
        return CallRecord(
            time=time,
            wall=wall,
            call=event.call,
            call_id=event.call_id,
            method=event.method,
            uri=event.uri,
            caller=event.caller,
            source=event.source,
            transport=event.transport,
            scenario=event.scenario,
            path=event.path,
            outcome=event.outcome,
            duration=duration_of(event),
            reason=event.reason,
        )
    if isinstance(event, Malformed):
        return MalformedRecord(
            time=time,
            wall=wall,
            transport=event.flow.transport,
            local=event.flow.local,
            remote=event.flow.remote,
            connection=event.flow.connection,
            data=event.data,
            what=event.error.what,
            field=event.error.field,
            answered=event.answered,
        )
    return NoteRecord(time=time, wall=wall, call=event.call, kind=event.kind, text=event.text)
