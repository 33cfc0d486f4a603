from __future__ import annotations

from typing import Any

from responder.events import Event, Note
from responder.observe.journal import Journal
from responder.observe.judge import judge
from responder.observe.records import CallRecord, EndRecord, GapRecord, MalformedRecord, MessageRecord

from .sample import CLOCK, busy_call, ended, malformed, received, request


def invite(call: int) -> Event:
    return received(100.0 + call, request("INVITE", call_id=f"{call}@a"), call=call)


def end(time: float, call: int) -> Event:
    return ended(time, call=call, call_id=f"{call}@a")


def journal_of(*events: Event, **bounds: Any) -> Journal:
    journal = Journal(CLOCK, **bounds)
    journal.observe(events)
    return journal


def numbers_of(journal: Journal) -> list[int]:
    return [number for number, _ in journal.messages()]


def test_a_call_is_kept_whole() -> None:
    journal = journal_of(*busy_call())
    assert journal.numbers == (1,)
    assert journal.has_ended(1)
    records = [record for _, record in journal.call(1)]
    assert records == journal.records
    assert len(records) == len(journal.events) == len(busy_call())
    assert isinstance(records[-1], CallRecord)
    assert numbers_of(journal) == [1, 2, 3, 4, 5, 6]
    assert [number for number, _ in journal.messages(after=4)] == [5, 6]


def test_what_belongs_to_no_call_is_bounded_by_itself() -> None:
    stray = received(102.0, request("ACK"), call=0)
    journal = journal_of(malformed(100.0), Note(101.0, 0, "problem", "x"), stray, invite(1), events=2)
    assert journal.numbers == (1,)
    assert [record.time for record in journal.records] == [1.0, 2.0, 1.0]
    assert numbers_of(journal) == [2, 3]


def test_the_oldest_finished_call_goes_first() -> None:
    journal = journal_of(invite(1), invite(2), invite(3), end(110.0, 3), end(111.0, 2), invite(4), calls=3)
    assert journal.numbers == (1, 2, 4)
    journal.observe([invite(5)])
    assert journal.numbers == (1, 4, 5)
    assert journal.forgotten == 2


def test_with_none_finished_the_oldest_goes() -> None:
    assert journal_of(invite(1), invite(2), invite(3), calls=2).numbers == (2, 3)


def test_a_straggler_does_not_bring_a_forgotten_call_back() -> None:
    late = received(103.0, request("ACK"), call=1)
    journal = journal_of(invite(1), ended(101.0), invite(2), late, calls=1)
    assert journal.numbers == (2,)
    assert numbers_of(journal) == [2]


def test_a_long_call_keeps_its_latest_events() -> None:
    journal = journal_of(*(received(100.0 + n, request("INFO")) for n in range(10)), events=3)
    assert [(number, record.time) for number, record in journal.call(1)] == [(8, 7.0), (9, 8.0), (10, 9.0)]


def test_an_ended_call_counts_once() -> None:
    assert journal_of(invite(1), end(101.0, 1), end(101.0, 1), invite(2), invite(3), calls=1).numbers == (3,)


def test_all_calls_together_are_bounded_too() -> None:
    journal = journal_of(
        *(received(100.0, request("INFO"), call=1 + n % 10) for n in range(1000)), events=50, total=100
    )
    assert len(journal.events) <= 100
    assert journal.forgotten > 0


def test_what_was_cleared_does_not_come_back() -> None:
    journal = journal_of(invite(1))
    journal.clear()
    journal.observe([end(105.0, 1), invite(2)])
    assert (journal.numbers, numbers_of(journal), journal.forgotten) == ((2,), [1], 0)


class TestWhatIsJudged:
    """`until`: the records, the end of the watch, and where something is missing."""

    def test_everything_as_long_as_nothing_is_forgotten(self) -> None:
        journal = journal_of(*busy_call(), malformed(103.0))
        assert journal.until(104.0) == [*journal.records, EndRecord(4.0, CLOCK.wall(104.0))]

    def test_messages_keep_their_numbers(self) -> None:
        journal = journal_of(invite(1), end(101.5, 1), invite(2), end(102.5, 2), invite(3), malformed(104.0), calls=2)
        entries = journal.until(105.0)
        assert [type(entry) for entry in entries] == [
            *(GapRecord, MessageRecord, CallRecord, MessageRecord, MalformedRecord, EndRecord)
        ]
        assert [seen.number for seen in judge(entries, ()).transcript.messages] == [2, 3, 4]
        assert numbers_of(journal) == [2, 3]

    def test_a_call_without_its_beginning_is_left_out(self) -> None:
        info = [received(104.0 + n, request("INFO", call_id="1@a")) for n in range(3)]
        journal = journal_of(invite(1), *info, invite(2), events=2)
        left, after, over = journal.until(110.0)
        assert left == GapRecord(2.0, CLOCK.wall(102.0), 4)
        assert isinstance(after, MessageRecord)
        assert after.call == 2
        assert isinstance(over, EndRecord)

    def test_so_is_a_call_that_goes_on_with_the_call_id_of_a_forgotten_one(self) -> None:
        again = received(104.0, request("REGISTER", call_id="1@a"), call=3)
        stray = received(104.5, request("ACK", call_id="1@a"), call=0)
        journal = journal_of(invite(1), end(101.5, 1), invite(2), again, stray, calls=2)
        assert journal.numbers == (2, 3)
        entries = journal.until(105.0)
        assert [entry.call for entry in entries if isinstance(entry, MessageRecord)] == [2]
        assert entries[-2] == GapRecord(5.0, CLOCK.wall(105.0), 2)
