"""What passes between the pure engine and the world: flows, transmits and events.

All of them are values. The engine reports an event only where an observer was given to it, so a run that nobody
watches builds none.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from responder.errors import ParseError
    from responder.sip.message import Message

Address: TypeAlias = tuple[str, int]
"""A host (an IP literal without brackets) and a port."""


@dataclass(frozen=True, slots=True)
class Flow:
    """The path between one of our sockets and a peer (RFC 5626 section 3.2 uses the word so).

    `transport` is spelt as in Via: UDP, TCP, TLS, WS, WSS. `connection` tells streams apart and is 0 for datagrams.
    `fallback` is where a response goes when that connection has died (RFC 3261 section 18.2.2), None for datagrams.
    """

    transport: str
    local: Address
    remote: Address
    connection: int = 0
    fallback: Address | None = None
    sent_by: str = field(init=False, compare=False, repr=False)
    """`remote` as a Via sent-by would write it, for comparing without parsing."""
    reliable: bool = field(init=False, compare=False, repr=False)
    """Whether the transport resends by itself (everything but UDP)."""
    here: str = field(init=False, compare=False, repr=False)
    """Transport and local address in one word: what a Contact of ours depends on."""

    def __post_init__(self) -> None:
        host, port = self.remote
        object.__setattr__(self, "sent_by", f"[{host}]:{port}" if ":" in host else f"{host}:{port}")
        object.__setattr__(self, "reliable", self.transport != "UDP")
        object.__setattr__(self, "here", f"{self.transport} {self.local[0]} {self.local[1]}")


Transmit: TypeAlias = tuple[bytes, Flow]
"""Bytes to be sent, and on which flow; some are `Unusual`."""


class Unusual(bytes):
    """A message to be written to its connection in a way that is wrong on purpose; by UDP it goes as it is.

    `how` is one of `transaction.fault.CONNECTION_FAULTS` or empty; `bytewise` asks for a segment for every byte.
    """

    how: str
    bytewise: bool

    @staticmethod
    def of(data: bytes, how: str, *, bytewise: bool = False) -> Unusual:
        """These bytes, so marked."""
        message = Unusual(data)
        message.how = how
        message.bytewise = bytewise
        return message


# Messages and ends of calls are frozen only by agreement: there are many, and a frozen one costs three times as much.


@dataclass(slots=True)
class MessageReceived:
    """A well-formed SIP message came in. `call` is the number of its call, 0 where it belongs to none.

    `note` is the rule that it began a call of, or the step that waited for it: `busy`, `busy step 3`.
    """

    time: float
    flow: Flow
    data: bytes
    message: Message
    call: int
    retransmission: bool
    note: str = ""


@dataclass(slots=True)
class MessageSent:
    """A message went out. `note` says why: `busy step 3`, `built-in`, `fault: delayed 2 s`."""

    time: float
    flow: Flow
    data: bytes
    call: int
    retransmission: bool
    note: str = ""


@dataclass(frozen=True, slots=True)
class Malformed:
    """Bytes came in that are no SIP message; `answered` is the status sent back, 0 for silence."""

    time: float
    flow: Flow
    data: bytes
    error: ParseError
    answered: int


@dataclass(slots=True)
class CallEnded:
    """A call (or a lone transaction such as OPTIONS) is over; times are in seconds of the engine's clock."""

    time: float
    call: int
    call_id: str
    method: str
    uri: str
    caller: str
    """The From URI without parameters."""
    source: Address
    transport: str
    scenario: str
    """Name of the rule that served it; empty for built-in behaviour."""
    path: tuple[str, ...]
    """What happened in order: status codes we sent ("180"), later requests of either side but ACK ("BYE")."""
    outcome: str
    """`completed`, `cancelled`, `no-ack`, `no-prack`, `failed`, `abandoned` or `rejected` (by a check of ours)."""
    started: float
    reason: str = ""
    """For `failed` and the like: what went wrong, in words."""


@dataclass(frozen=True, slots=True)
class Note:
    """A line for the journal: a log step, a near miss, a combination that an RFC forbids and the author asked for."""

    time: float
    call: int
    kind: str
    """`log`, `near-miss`, `deviation`, `rule`, `step`, `fault` or `problem`."""
    text: str


Event: TypeAlias = MessageReceived | MessageSent | Malformed | CallEnded | Note
