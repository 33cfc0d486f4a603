"""What goes wrong on purpose with messages of ours, as `transaction.fault.Fault` says.

Only messages that were armed take this way; while there are none, the wire does not even ask. A message is known by its
bytes: every time that it is sent, by a retransmission or anew, is a copy of it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from responder.events import MessageSent, Note, Unusual
from responder.sip.corruption import BYTE_BY_BYTE, TWO_IN_ONE_SEGMENT, corrupted
from responder.transaction.fault import Fault

if TYPE_CHECKING:
    from collections.abc import Callable

    from responder.events import Address, Flow
    from responder.transaction.timers import Timers, TimerValues
    from responder.transaction.wire import Wire

MOST_ARMED: Final = 65_536
"""Armed messages at once; one more, and the one armed first goes as usual from then on."""
_NOTHING: Final = Fault()
_LEAST: Final = 1e-6
_WORD: Final = 32


@dataclass(eq=False, slots=True)
class _Armed:
    """A message whose copies suffer a fault; it is forgotten after `until`."""

    data: bytes
    fault: Fault
    until: float
    copies: int = 0


@dataclass(eq=False, slots=True)
class _Copy:
    """One copy of an armed message on its way."""

    armed: _Armed
    flow: Flow
    call: int
    again: bool
    notes: list[str]
    first: bool
    """Whether it is the first that is not dropped."""
    held: bool = False
    """Whether it waits for the next message of its call."""


@dataclass(eq=False, slots=True)
class _Joining:
    """Messages that wait for the next one to the same peer."""

    messages: list[tuple[bytes, Flow, int, bool, str]]


class Faults:
    """Makes the faults of armed messages happen (`transaction.fault.FaultInjector`).

    `wire` is what messages go out on, `timers` bring held ones back, `values` say for how long a message may be sent
    again (64*T1) and one waits for the next (T1). `noting`: whether notes are reported.
    """

    __slots__ = ("_armed", "_held", "_joining", "_noting", "_timers", "_values", "_wire")

    def __init__(self, wire: Wire, timers: Timers, values: TimerValues, *, noting: bool) -> None:
        self._wire = wire
        self._timers = timers
        self._values = values
        self._noting = noting
        self._armed: dict[bytes, _Armed] = {}
        self._held: dict[int, _Copy] = {}
        self._joining: dict[tuple[str, Address, int], _Joining] = {}

    def __len__(self) -> int:
        return len(self._armed) + len(self._held) + len(self._joining)

    def arm(self, data: bytes, fault: Fault, luck: Callable[[], float]) -> None:
        """See `FaultInjector.arm`. A message that was armed before counts its copies anew."""
        self._armed.pop(data, None)
        if fault != _NOTHING and (fault.chance >= 1 or luck() < fault.chance):
            while len(self._armed) >= MOST_ARMED:
                del self._armed[next(iter(self._armed))]
            timeout, now = self._values.timeout, self._wire.now
            armed = self._armed[data] = _Armed(data, fault, now + timeout + fault.delay)
            self._timers.set(timeout, now, self, armed)
        self._attend()

    def send(self, data: bytes, flow: Flow, call: int, *, again: bool, note: str) -> bool:
        """See `FaultInjector.send`."""
        armed = self._armed.get(data)
        if armed is None:
            if not (self._held or self._joining):
                return False
            self._put(data, flow, call, again, note)
            self._release(call)
            self._attend()
            return True
        fault = armed.fault
        armed.copies += 1
        armed.until = self._wire.now + self._values.timeout + fault.delay
        if armed.copies <= fault.drop:
            self._note(call, f"dropped {_word(data)} (copy {armed.copies} of {fault.drop}) on purpose")
            return True
        copy = _Copy(armed, flow, call, again, [note] if note else [], armed.copies == fault.drop + 1)
        if fault.delay > 0:
            self._timers.set(fault.delay, self._wire.now, self, copy)
            self._note(call, f"delayed {_word(data)} by {fault.delay:g} s on purpose")
            copy.notes.append(f"fault: delayed {fault.delay:g} s")
        else:
            self._depart(copy)
            self._attend()
        return True

    def on_timer(self, token: Any, now: float) -> None:
        """The time of an armed message, of a delayed copy or of one that waits for another is up."""
        if isinstance(token, _Armed):
            self._look_after(token, now)
        elif isinstance(token, _Copy):
            if not token.held:
                self._depart(token)
            elif self._held.get(token.call) is token:
                del self._held[token.call]
                self._go(token)
        elif isinstance(token, _Joining):
            for key, joining in list(self._joining.items()):
                if joining is token:
                    del self._joining[key]
                    for message in token.messages:
                        self._emit(*message)
        self._attend()

    # the life of an armed message

    def _attend(self) -> None:
        """The wire asks while there is something to ask for."""
        self._wire.through(self if self._armed or self._held or self._joining else None)

    def _look_after(self, armed: _Armed, now: float) -> None:
        if self._armed.get(armed.data) is not armed:
            return
        left = armed.until - now
        if left > _LEAST:
            self._timers.set(left, now, self, armed)
        else:
            del self._armed[armed.data]

    # the way of a copy

    def _depart(self, copy: _Copy) -> None:
        """Its delay is over: hold it where it is to come after the next message, or let it go."""
        call = copy.call
        if copy.armed.fault.reorder and copy.first and call not in self._held:
            copy.held = True
            self._held[call] = copy
            self._timers.set(self._values.t1, self._wire.now, self, copy)
            self._note(call, f"held back {_word(copy.armed.data)} until after the next message on purpose")
            copy.notes.append("fault: reordered")
            return
        self._go(copy)
        self._release(call, copy.armed)

    def _release(self, call: int, message: _Armed | None = None) -> None:
        """A message of this call went out: what was to come after the next one follows."""
        held = self._held.get(call)
        if held is not None and held.armed is not message:
            del self._held[call]
            self._go(held)

    def _go(self, copy: _Copy) -> None:
        armed, flow, call = copy.armed, copy.flow, copy.call
        fault, word = armed.fault, _word(armed.data)
        data = corrupted(armed.data, fault.corrupt)
        how = fault.connection
        bytewise = BYTE_BY_BYTE in fault.corrupt
        if (how or bytewise) and not flow.reliable:
            self._note(call, f"{how or BYTE_BY_BYTE} of {word}: only on connections")
            how, bytewise = "", False
        if how == "reset":
            self._note(call, f"reset the connection in place of {word} on purpose")
            self._wire.out.append((Unusual.of(data, how), flow))
            return
        if fault.corrupt:
            self._note(call, f"corrupted {word} ({', '.join(fault.corrupt)}) on purpose")
            copy.notes.append(f"fault: {', '.join(fault.corrupt)}")
        if fault.duplicate > 1:
            self._note(call, f"sent {word} {fault.duplicate} times on purpose")
        if how:
            self._note(call, f"{how} of the connection with {word} on purpose")
        for number in range(1, fault.duplicate + 1):
            notes = list(copy.notes)
            if number > 1:
                notes.append("fault: duplicate")
            last = how if number == fault.duplicate else ""
            if last:
                notes.append(f"fault: {last}")
            again, note = copy.again or number > 1, ", ".join(notes)
            if TWO_IN_ONE_SEGMENT in fault.corrupt and not last and self._waits(data, flow, call, again, note):
                continue
            message = Unusual.of(data, last, bytewise=bytewise) if last or bytewise else data
            self._put(message, flow, call, again, note)

    # to the wire

    def _waits(self, data: bytes, flow: Flow, call: int, again: bool, note: str) -> bool:
        """Whether it now waits for the next message to the same peer; False: another did, and it is the next."""
        key = _peer(flow)
        if key in self._joining:
            return False
        joining = self._joining[key] = _Joining([(data, flow, call, again, note)])
        self._timers.set(self._values.t1, self._wire.now, self, joining)
        return True

    def _put(self, data: bytes, flow: Flow, call: int, again: bool, note: str) -> None:
        """Send it, after what waits for it: on a connection in one write, by UDP in one datagram."""
        joining = self._joining.pop(_peer(flow), None) if self._joining else None
        if joining is None:
            self._emit(data, flow, call, again, note)
        elif flow.reliable:  # all that is queued in one step of the engine is one write
            for message in joining.messages:
                self._emit(*message)
            self._emit(data, flow, call, again, note)
        else:
            before, _, owner, _, label = joining.messages[0]
            both = [text for text in (label, note) if text]
            self._emit(before + data, flow, owner, again, ", ".join(both))

    def _emit(self, data: bytes, flow: Flow, call: int, again: bool, note: str) -> None:
        wire = self._wire
        wire.out.append((data, flow))
        if wire.observing:
            sent = data
            if isinstance(data, Unusual):
                sent = bytes(data[: len(data) // 2] if data.how == "stall" else data)
            wire.events.append(MessageSent(wire.now, flow, sent, call, again, note))

    def _note(self, call: int, text: str) -> None:
        if self._noting:
            self._wire.events.append(Note(self._wire.now, call, "fault", text))


def _peer(flow: Flow) -> tuple[str, Address, int]:
    return flow.here, flow.remote, flow.connection


def _word(data: bytes) -> str:
    """What a message is called in notes: its status code or its method."""
    words = data[:256].split(None, 2)
    word = words[1] if len(words) > 1 and words[0].upper().startswith(b"SIP/") else words[0] if words else b""
    text = word[:_WORD].decode("ascii", "replace")
    return text if text.isprintable() and text else "a message"
