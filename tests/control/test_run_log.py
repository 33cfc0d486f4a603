from __future__ import annotations

from responder.control.run_log import RunLog
from responder.events import CallEnded, Event, Flow, MessageReceived
from responder.observe.clock import Clock
from responder.sip.parser import parse

FLOW = Flow("UDP", ("127.0.0.1", 5060), ("127.0.0.1", 9))


def message(call: int) -> MessageReceived:
    data = f"OPTIONS sip:{call}@h SIP/2.0\r\nCall-ID: {call}\r\nCSeq: 1 OPTIONS\r\n\r\n".encode()
    return MessageReceived(float(call), FLOW, data, parse(data), call, False)


def end(call: int) -> CallEnded:
    uri, caller, at = f"sip:{call}@h", "sip:a@h", float(call)
    return CallEnded(
        at, call, f"{call}", "OPTIONS", uri, caller, FLOW.remote, "UDP", "", ("200",), "completed", started=0.0
    )


def log_of(*events: Event, limit: int = 100) -> RunLog:
    log = RunLog(Clock(), limit=limit)
    log.observe(events)
    return log


def test_calls_with_their_messages() -> None:
    log = log_of(message(1), message(2), end(1))
    assert log.numbers == (1, 2)
    assert (log.has_ended(1), log.has_ended(2)) == (True, False)
    assert [one.number for one in log.messages()] == [1, 2]
    assert [one.user for one in log.messages(after=1)] == ["2"]
    assert [(log.call(number).ended, len(log.call(number).messages)) for number in (1, 2)] == [(True, 1), (False, 1)]


def test_the_bound_takes_whole_calls() -> None:
    log = log_of(message(1), message(2), message(1), message(3), limit=3)
    assert log.numbers == (2, 3)
    assert [record.call for record in log.records] == [2, 3]  # type: ignore[union-attr]
    assert [one.call for one in log.messages()] == [2, 1, 3]
    log.observe([message(1), message(4)])
    assert log.numbers == (3, 4)


def test_it_never_holds_more_than_its_bound() -> None:
    log = log_of(*(event for call in range(1, 200) for event in (message(call), end(call))), limit=10)
    assert len(log.records) <= 10
    assert len(log.numbers) <= 10
    assert all(log.call(number).ended for number in log.numbers)


def test_what_was_forgotten_does_not_come_back() -> None:
    log = log_of(message(1))
    log.clear()
    log.observe([end(1), message(2)])
    assert (log.numbers, [one.number for one in log.messages()]) == ((2,), [1])
