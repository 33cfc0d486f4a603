from __future__ import annotations

from responder.events import Note
from responder.observe.journal import Journal
from responder.observe.records import CallRecord

from .sample import CLOCK, busy_call, ended, malformed, received, request


def invite(call: int) -> object:
    return received(100.0 + call, request("INVITE", call_id=f"{call}@a"), call=call)


def test_a_call_is_kept_whole() -> None:
    journal = Journal(clock=CLOCK)
    journal.observe(busy_call())
    history = journal.call(1)
    assert history is not None
    assert len(history.records) == len(busy_call())
    assert isinstance(history.ended, CallRecord)
    assert history.ended.outcome == "completed"
    assert journal.by_call_id("a84b4c@10.0.0.5") == [history]
    assert journal.by_call_id("other") == []
    assert list(journal) == [history]


def test_what_belongs_to_no_call() -> None:
    journal = Journal(clock=CLOCK, records=2)
    journal.observe([malformed(100.0), Note(101.0, 0, "problem", "x"), received(102.0, request("ACK"), call=0)])
    assert len(journal) == 0
    assert [record.time for record in journal.strays] == [1.0, 2.0]


def test_the_oldest_finished_call_goes_first() -> None:
    journal = Journal(clock=CLOCK, calls=3)
    for number in (1, 2, 3):
        journal.observe([invite(number)])  # type: ignore[list-item]
    journal.observe([ended(110.0, call=3), ended(111.0, call=2)])
    journal.observe([invite(4)])  # type: ignore[list-item]
    assert [history.number for history in journal] == [1, 2, 4]
    journal.observe([invite(5)])  # type: ignore[list-item]
    assert [history.number for history in journal] == [1, 4, 5]
    assert journal.forgotten == 2


def test_with_none_finished_the_oldest_goes() -> None:
    journal = Journal(clock=CLOCK, calls=2)
    for number in (1, 2, 3):
        journal.observe([invite(number)])  # type: ignore[list-item]
    assert [history.number for history in journal] == [2, 3]


def test_a_straggler_does_not_bring_a_forgotten_call_back() -> None:
    journal = Journal(clock=CLOCK, calls=1)
    journal.observe([invite(1), ended(101.0), invite(2), received(103.0, request("ACK"), call=1)])  # type: ignore[list-item]
    assert [history.number for history in journal] == [2]


def test_a_long_call_keeps_its_latest_records() -> None:
    journal = Journal(clock=CLOCK, records=3)
    journal.observe([received(100.0 + n, request("INFO")) for n in range(10)])
    history = journal.call(1)
    assert history is not None
    assert [record.time for record in history.records] == [7.0, 8.0, 9.0]
    assert history.dropped == 7
    assert history.call_id == "a84b4c@10.0.0.5"


def test_an_ended_call_counts_once() -> None:
    journal = Journal(clock=CLOCK, calls=1)
    journal.observe([invite(1), ended(101.0), ended(101.0), invite(2), invite(3)])  # type: ignore[list-item]
    assert [history.number for history in journal] == [3]
