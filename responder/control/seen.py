"""What a test asks about: messages and calls as values, made of the events of a run."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Final

from responder.errors import ParseError
from responder.events import Address
from responder.observe.ladder import ladder
from responder.observe.records import CallRecord, MessageRecord, Record
from responder.observe.summary import Summary, summarise
from responder.observe.verdict import passed
from responder.scenario.problems import did_you_mean
from responder.sip import header_names
from responder.sip.message import Message as SipMessage
from responder.sip.parser import parse
from responder.sip.uri import Uri


@dataclass(frozen=True)
class Message:
    """One SIP message of a run, as it stood on the wire."""

    number: int
    """Counts the messages of the run from 1: how violations refer to it."""
    time: float
    """Seconds since the run began."""
    received: bool
    """True: from the client; False: from the responder."""
    transport: str
    """`UDP`, `TCP`, `TLS`, `WS` or `WSS`."""
    local: Address
    """Host and port of ours."""
    remote: Address
    """Host and port of the client."""
    call: int
    """The number of its call, 0 where it belongs to none."""
    retransmission: bool
    """Whether it was seen before."""
    note: str
    """Which step sent it or waited for it, or which rule it began a call of; faults that were applied to it."""
    data: bytes
    """Its bytes."""

    @cached_property
    def parsed(self) -> SipMessage | None:
        """The message as `responder.sip` knows it; None where its bytes are none."""
        try:
            return parse(self.data)
        except ParseError:
            return None

    @property
    def method(self) -> str:
        """The method of a request; of a response that in its CSeq; empty where there is none."""
        return self._summary.method

    @property
    def status(self) -> int:
        """The status code of a response; 0 for a request."""
        return self._summary.status

    @property
    def uri(self) -> str:
        """The Request-URI; empty for a response."""
        return self._summary.uri

    @property
    def user(self) -> str:
        """The user part of the Request-URI; empty where there is none."""
        return _user_of(self.uri)

    @property
    def call_id(self) -> str:
        """Its Call-ID; empty where there is none."""
        return self._summary.call_id

    @property
    def text(self) -> str:
        """Its bytes as UTF-8; what is none is a replacement character."""
        return self.data.decode("utf-8", "replace")

    @property
    def body(self) -> bytes:
        """What stands behind the empty line."""
        return self.data.partition(b"\r\n\r\n")[2]

    def header(self, name: str) -> str | None:
        """The first value of a header, by any spelling of its name; None where it is missing."""
        values = self.headers(name)
        return values[0] if values else None

    def headers(self, name: str) -> list[str]:
        """All values of a header in their order; those of one line with commas one by one."""
        return [] if self.parsed is None else list(self.parsed.every(header_names.key(name)))

    @cached_property
    def _summary(self) -> Summary:
        return summarise(self.data)

    def __str__(self) -> str:
        return f"{'received' if self.received else 'sent'} {self._summary.title} {self.uri}".rstrip()


@dataclass(frozen=True)
class Call:
    """One call (or a request outside of calls, such as OPTIONS) as far as it had come when it was asked for."""

    number: int
    """Counts the calls of the responder from 1."""
    messages: tuple[Message, ...]
    """All of its messages in order, copies too."""
    records: tuple[Record, ...] = field(repr=False)
    """What the journal holds of it: messages, notes, its end."""

    @cached_property
    def end(self) -> CallRecord | None:
        """How it ended; None while it lasts."""
        return next((record for record in self.records if isinstance(record, CallRecord)), None)

    @property
    def ended(self) -> bool:
        """Whether it is over."""
        return self.end is not None

    @property
    def method(self) -> str:
        """The method of its first request."""
        return self.end.method if self.end else self._first.method if self._first else ""

    @property
    def uri(self) -> str:
        """The Request-URI of its first request."""
        return self.end.uri if self.end else self._first.uri if self._first else ""

    @property
    def user(self) -> str:
        """The user part of that URI: what was dialled."""
        return _user_of(self.uri)

    @property
    def caller(self) -> str:
        """The From URI without parameters."""
        if self.end:
            return self.end.caller
        first = self._first.parsed if self._first else None
        try:
            return str(first.from_.uri).partition(";")[0] if first is not None else ""
        except ParseError:
            return ""

    @property
    def call_id(self) -> str:
        """Its Call-ID."""
        return self.end.call_id if self.end else self._first.call_id if self._first else ""

    @property
    def transport(self) -> str:
        """`UDP`, `TCP`, `TLS`, `WS` or `WSS`."""
        return self.end.transport if self.end else self._first.transport if self._first else ""

    @property
    def source(self) -> Address:
        """Host and port that its first request came from."""
        return self.end.source if self.end else self._first.remote if self._first else ("", 0)

    @property
    def scenario(self) -> str:
        """The name of the rule that serves it; empty for built-in behaviour."""
        return self.end.scenario if self.end else self._first.note if self._first and self._first.received else ""

    @property
    def outcome(self) -> str:
        """`completed`, `cancelled`, `failed`, `no-ack`, `no-prack`, `rejected`, `abandoned`; empty while it lasts."""
        return self.end.outcome if self.end else ""

    @property
    def reason(self) -> str:
        """What went wrong, in words; empty where nothing did."""
        return self.end.reason if self.end else ""

    @property
    def passed(self) -> bool:
        """Whether it is over and its outcome is `completed` or `cancelled`."""
        return self.end is not None and passed(self.end)

    @property
    def duration(self) -> float:
        """Seconds from its first message to its end, or to its last message so far."""
        if self.end:
            return self.end.duration
        return self.messages[-1].time - self.messages[0].time if self.messages else 0.0

    @property
    def path(self) -> tuple[str, ...]:
        """What happened in order: codes that we sent (`"180"`), later requests of either side but ACK (`"BYE"`)."""
        if self.end:
            return self.end.path
        fresh = [message for message in self.messages[1:] if not message.retransmission]
        return tuple(
            str(message.status) if message.status else message.method
            for message in fresh
            if (message.status and not message.received and message.method == self.method)
            or (not message.status and message.method != "ACK")
        )

    def ladder(self, width: int = 80) -> str:
        """The call drawn as a ladder, in so many columns."""
        return ladder(self.records, width=width)

    @property
    def _first(self) -> Message | None:
        return self.messages[0] if self.messages else None

    def __str__(self) -> str:
        parts = (f"call {self.number}: {self.method} {self.uri}", "→".join(self.path), self.outcome or "lasts")
        return f"{parts[0]}  {'  '.join(part for part in parts[1:] if part)}"


def call_of(number: int, records: Iterable[tuple[int, Record]]) -> Call:
    """The call of these records, each with the number of the last message by then."""
    found = list(records)
    messages = tuple(message_of(record, at) for at, record in found if isinstance(record, MessageRecord))
    return Call(number, messages, tuple(record for _, record in found))


def message_of(record: MessageRecord, number: int) -> Message:
    """The message of a record."""
    return Message(
        number=number,
        time=record.time,
        received=record.received,
        transport=record.transport,
        local=record.local,
        remote=record.remote,
        call=record.call,
        retransmission=record.retransmission,
        note=record.note,
        data=record.data,
    )


CALL_CRITERIA: Final = (
    *("method", "user", "uri", "caller", "call_id", "transport", "scenario", "outcome", "reason", "path", "passed"),
    *("number", "source", "ended", "duration"),
)
"""What calls can be asked for by."""
MESSAGE_CRITERIA: Final = (
    *("method", "status", "user", "uri", "call_id", "transport", "call", "received", "retransmission", "text"),
    *("number", "remote", "body"),
)
"""What messages can be asked for by."""


def check_criteria(criteria: Mapping[str, Any], known: Sequence[str]) -> None:
    """TypeError for a criterion that there is none of."""
    for name in criteria:
        if name not in known:
            meant = did_you_mean(name, known) or f"they are: {', '.join(known)}"
            raise TypeError(f"no criterion {name!r} ({meant})")


def fits(thing: Message | Call, criteria: Mapping[str, Any]) -> bool:
    """Whether it has these attributes: equal values, a pattern found in them, or a function that says yes."""
    return all(_fits(name, getattr(thing, name), expected) for name, expected in criteria.items())


def _fits(name: str, actual: Any, expected: Any) -> bool:
    if isinstance(expected, re.Pattern):
        return expected.search(actual if isinstance(actual, str | bytes) else str(actual)) is not None
    if callable(expected):
        return bool(expected(actual))
    if name == "path":
        return bool(actual == tuple(map(str, expected)))
    return bool(actual == expected)


def in_words(criteria: Mapping[str, Any]) -> str:
    """`user='bob', outcome='completed'`."""
    return ", ".join(
        f"{name}={expected.pattern!r}" if isinstance(expected, re.Pattern) else f"{name}={expected!r}"
        for name, expected in criteria.items()
    )


def _user_of(uri: str) -> str:
    try:
        return Uri.parse(uri).user or ""
    except ParseError:
        return ""
