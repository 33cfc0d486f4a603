"""Every field of `Fault` on the wire, on the virtual clock of the bench."""

from __future__ import annotations

import itertools
import random
from dataclasses import replace
from typing import Any

import pytest
from bench import BUSY, OK, RINGING, T1, TCP, TIMEOUT, UDP, Bench, Caller, times, whats

from responder.events import Unusual
from responder.faults import MOST_ARMED, Faults
from responder.sip.corruption import CATALOGUE, corrupted
from responder.transaction.fault import CONNECTION_FAULTS, Fault
from responder.transaction.timers import Timers, TimerValues
from responder.transaction.wire import Wire
from responder.uas.script import Order, Reply

FINAL = b"SIP/2.0 486 Busy Here\r\n\r\n"
OTHER = b"SIP/2.0 180 Ringing\r\n\r\n"


class Line:
    """The injector between a wire and a clock."""

    def __init__(self) -> None:
        self.wire = Wire(observing=True)
        self.timers = Timers(TimerValues().lengths())
        self.faults = Faults(self.wire, self.timers, TimerValues(), noting=True)

    def arm(self, fault: Fault, data: bytes = FINAL, luck: float = 0.0) -> None:
        self.faults.arm(data, fault, lambda: luck)

    def send(self, data: bytes = FINAL, flow: Any = UDP, call: int = 1, *, again: bool = False) -> list[bytes]:
        self.wire.send(data, flow, call, again=again)
        return self.sent()

    def sent(self) -> list[bytes]:
        sent, self.wire.out = [data for data, _ in self.wire.out], []
        return sent

    def run(self, seconds: float) -> list[tuple[float, bytes]]:
        """What leaves in that time, and when."""
        left, until = [], self.wire.now + seconds
        while (due := self.timers.next_deadline()) is not None and due <= until:
            self.wire.now = max(due, self.wire.now)
            self.timers.expire(self.wire.now)
            left += [(round(self.wire.now, 6), data) for data in self.sent()]
        self.wire.now = until
        return left

    @property
    def is_free(self) -> bool:
        return self.wire._faults is None and len(self.faults) == 0 and len(self.timers) == 0

    def texts(self) -> list[str]:
        return [event.text for event in self.wire.events if hasattr(event, "text")]


@pytest.fixture
def line() -> Line:
    return Line()


def test_the_first_copies_are_dropped_and_the_next_is_sent(line: Line) -> None:
    line.arm(Fault(drop=2))
    assert [line.send(), line.send(again=True), line.send(again=True)] == [[], [], [FINAL]]
    assert line.texts() == [f"dropped 486 (copy {n} of 2) on purpose" for n in (1, 2)]
    assert [event.data for event in line.wire.events if hasattr(event, "data")] == [FINAL]


def test_every_copy_is_late(line: Line) -> None:
    line.arm(Fault(delay=0.7))
    assert line.send() == []
    assert line.run(0.5) == []
    assert line.send(again=True) == []
    assert line.run(5) == [(0.7, FINAL), (1.2, FINAL)]
    assert [event.note for event in line.wire.events if hasattr(event, "note")] == ["fault: delayed 0.7 s"] * 2


def test_every_copy_is_sent_so_many_times(line: Line) -> None:
    line.arm(Fault(duplicate=3))
    assert line.send() == [FINAL] * 3
    assert line.send(again=True) == [FINAL] * 3


def test_the_first_copy_leaves_after_the_next_message_of_its_call(line: Line) -> None:
    line.arm(Fault(reorder=True))
    assert line.send() == []
    assert line.send(OTHER, call=2) == [OTHER]
    assert line.send(OTHER) == [OTHER, FINAL]
    assert line.send(again=True) == [FINAL]


def test_where_no_message_follows_it_leaves_after_t1(line: Line) -> None:
    line.arm(Fault(reorder=True))
    line.send()
    assert line.run(10) == [(T1, FINAL)]


def test_of_messages_that_are_all_reordered_each_two_change_places(line: Line) -> None:
    line.arm(Fault(reorder=True), b"INFO a\r\n\r\n")
    line.arm(Fault(reorder=True), b"INFO b\r\n\r\n")
    assert line.send(b"INFO a\r\n\r\n") == []
    assert line.send(b"INFO b\r\n\r\n") == [b"INFO b\r\n\r\n", b"INFO a\r\n\r\n"]


@pytest.mark.parametrize(("luck", "sent"), [(0.29, []), (0.3, [FINAL])])
def test_chance_is_drawn_once_for_a_message(line: Line, luck: float, sent: list[bytes]) -> None:
    line.arm(Fault(drop=5, chance=0.3), luck=luck)
    assert [line.send(), line.send(again=True)] == [sent, sent]


def test_what_is_corrupted_is_reported_as_sent(line: Line) -> None:
    line.arm(Fault(corrupt=("truncated",)))
    (data,) = line.send()
    assert data == FINAL[: len(FINAL) // 2]
    assert [event.data for event in line.wire.events if hasattr(event, "data")] == [data]
    assert line.texts() == ["corrupted 486 (truncated) on purpose"]


def test_two_leave_in_one_datagram(line: Line) -> None:
    line.arm(Fault(corrupt=("two-in-one-segment",)))
    assert line.send() == []
    assert line.send(OTHER, call=2) == [FINAL + OTHER]


def test_two_leave_in_one_turn_on_a_connection(line: Line) -> None:
    line.arm(Fault(corrupt=("two-in-one-segment",)))
    assert line.send(flow=TCP) == []
    assert line.send(OTHER) == [OTHER], "to another peer"
    assert line.send(OTHER, flow=TCP) == [FINAL, OTHER]


def test_where_none_joins_it_leaves_alone(line: Line) -> None:
    line.arm(Fault(corrupt=("two-in-one-segment",)))
    line.send()
    assert line.run(10) == [(T1, FINAL)]


@pytest.mark.parametrize("how", CONNECTION_FAULTS)
def test_what_is_done_to_a_connection_goes_with_the_message(line: Line, how: str) -> None:
    line.arm(Fault(connection=how, duplicate=2))
    sent = line.send(flow=TCP)
    assert [getattr(data, "how", "") for data in sent] == (["reset"] if how == "reset" else ["", how])
    reported = [event.data for event in line.wire.events if hasattr(event, "data")]
    half = FINAL[: len(FINAL) // 2]
    assert reported == {"reset": [], "stall": [FINAL, half]}.get(how, [FINAL, FINAL])
    assert any(how in text for text in line.texts())


@pytest.mark.parametrize("fault", [Fault(connection="reset"), Fault(corrupt=("byte-by-byte",))])
def test_by_udp_it_goes_as_usual_with_a_note(line: Line, fault: Fault) -> None:
    line.arm(fault)
    (data,) = line.send()
    assert type(data) is bytes
    assert data == FINAL
    assert "only on connections" in line.texts()[0]


def test_byte_by_byte_is_left_to_the_connection(line: Line) -> None:
    line.arm(Fault(corrupt=("byte-by-byte",)))
    (data,) = line.send(flow=TCP)
    assert isinstance(data, Unusual)
    assert (data.bytewise, data.how, bytes(data)) == (True, "", FINAL)


def test_the_wire_asks_no_more_once_the_message_cannot_be_sent_again(line: Line) -> None:
    line.arm(Fault(delay=3))
    line.send()
    line.run(TIMEOUT + 3)
    assert line.is_free


def test_a_message_that_is_sent_again_is_kept_for_as_long_anew(line: Line) -> None:
    line.arm(Fault(duplicate=2))
    line.send()
    line.run(TIMEOUT - 1)
    assert line.send(again=True) == [FINAL] * 2
    line.run(TIMEOUT - 1)
    assert line.send(again=True) == [FINAL] * 2
    line.run(TIMEOUT)
    assert line.is_free


def test_too_many_armed_messages_push_out_the_oldest(line: Line) -> None:
    for number in range(MOST_ARMED + 1):
        line.arm(Fault(drop=1), b"%d" % number)
    assert len(line.faults) == MOST_ARMED
    assert line.send(b"0") == [b"0"]
    assert line.send(b"1") == []


def some_fault(chances: random.Random) -> Fault:
    pick = chances.choice
    return Fault(
        drop=pick((0, 0, 1, 3)),
        delay=pick((0.0, 0.0, 0.2, T1, 7.3, 40.0)),
        duplicate=pick((1, 1, 2, 5)),
        reorder=pick((False, True)),
        corrupt=tuple(chances.sample(list(CATALOGUE), pick((0, 0, 1, 4)))),
        connection=pick(("", "", *CONNECTION_FAULTS)),
        chance=pick((1.0, 0.5)),
    )


@pytest.mark.parametrize("seed", range(150))
def test_whatever_is_asked_for_nothing_raises_and_nothing_is_left(line: Line, seed: int) -> None:
    chances = random.Random(seed)
    longest = 0.0
    for number in range(20):
        fault = some_fault(chances)
        longest = max(longest, fault.delay)
        data = chances.choice(
            (b"SIP/2.0 %d X\r\nVia: SIP/2.0/UDP h;branch=z9hG4bK1\r\n\r\nb", b"\0%d\xff", b"I %d\r\n\r\n")
        )
        data %= number + 100
        line.faults.arm(data, fault, chances.random)
        for again in range(chances.randrange(4)):
            line.send(data, chances.choice((UDP, TCP)), chances.randrange(3), again=bool(again))
            line.run(chances.choice((0, 0.1, T1, 4.0)))
    line.run(TIMEOUT + 2 * longest + 2)
    assert line.is_free
    assert line.send(b"SIP/2.0 200 OK\r\n\r\n") == [b"SIP/2.0 200 OK\r\n\r\n"]


class TestInACall:
    def test_a_200_dropped_twice_arrives_at_its_second_retransmission_and_the_call_completes(self) -> None:
        bench, caller = Bench(RINGING, replace(OK, fault=Fault(drop=2)), "ack", Order("BYE")), Caller()
        bench.peers["BYE"] = 200
        assert whats(bench.receive(caller.invite())) == ["180"]
        (ok,) = bench.run(2)
        assert (ok.status, ok.time) == (200, 1.5)
        caller.heard(ok)
        bench.receive(caller.ack())
        bench.drain()
        assert bench.ended[0].outcome == "completed"
        assert bench.engine._wire._faults is None

    def test_a_486_dropped_once_arrives_at_t1(self) -> None:
        bench, caller = Bench(replace(BUSY, fault=Fault(drop=1))), Caller()
        assert bench.receive(caller.invite()) == []
        assert times(bench.run(0.6)) == [T1]

    def test_the_fault_of_a_call_is_of_all_its_messages_but_those_with_their_own(self) -> None:
        def late(call: Any, transaction: Any) -> None:
            call.fault = Fault(delay=1.0)

        bench, caller = Bench(late, RINGING, replace(OK, fault=Fault(delay=2.0))), Caller()
        assert bench.receive(caller.invite()) == []
        assert [(one.what, one.time) for one in bench.run(2.1)] == [("180", 1.0), ("200", 2.0)]

    def test_a_reset_on_a_connection_leaves_a_note_and_no_message(self) -> None:
        bench, caller = Bench(replace(BUSY, fault=Fault(connection="reset"))), Caller(flow=TCP)
        (sent,) = bench.receive(caller.invite(), TCP)
        assert isinstance(sent.data, Unusual)
        assert bench.reported == []
        assert "reset the connection in place of 486 on purpose" in [note.text for note in bench.notes]

    def test_the_same_seed_gives_the_same_wire_and_another_another(self) -> None:
        def wire(seed: int) -> list[tuple[float, bytes]]:
            bench = Bench(RINGING, BUSY, seed=seed)
            fault = Fault(delay=0.1, chance=0.5)
            bench.book.plans["INVITE"] = (replace(RINGING, fault=fault), replace(BUSY, fault=fault))
            for number in range(1, 20):
                bench.receive(Caller(number).invite())
            bench.run(1)
            return [(one.time, one.data[:12]) for one in bench.sent]

        assert wire(1) == wire(1)
        assert wire(1) != wire(2)


def test_a_message_without_a_word_is_named_all_the_same(line: Line) -> None:
    for data in (b"", b"\0\xff", b"  "):
        line.arm(Fault(drop=1), data)
        line.send(data)
    assert line.texts() == ["dropped a message (copy 1 of 1) on purpose"] * 3


def test_corruptions_act_in_their_order() -> None:
    one, other = itertools.islice((name for name in CATALOGUE if name in ("truncated", "leading-crlf")), 2)
    assert corrupted(FINAL, (one, other)) != corrupted(FINAL, (other, one))


def test_a_raw_response_said_twice_counts_its_copies_anew(line: Line) -> None:
    line.arm(Fault(drop=1))
    assert [line.send(), line.send()] == [[], [FINAL]]
    line.arm(Fault(drop=1))
    assert line.send() == []


def test_a_reply_with_an_empty_fault_goes_plainly() -> None:
    bench = Bench(Reply(486, fault=Fault()))
    assert whats(bench.receive(Caller().invite())) == ["486"]
    assert bench.engine._wire._faults is None
