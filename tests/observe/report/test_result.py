"""What comes of a run, case by case."""

from __future__ import annotations

import re

import pytest
from bench import BUSY, Bench, Caller

from responder.observe.judge import judge
from responder.observe.records import CaseRecord, ClientRecord, EndRecord, MalformedRecord, NoteRecord
from responder.observe.report.result import VERDICT, results_of
from responder.observe.rules.rule import MUST, SHOULD

from ..rules.judging import records_of
from .making import SWEEP, WALL, Played, code, entries, served


class TestASweep:
    def test_a_result_for_each_case(self) -> None:
        found = [*results_of(entries(*SWEEP))]
        assert [(one.case.code, one.outcome, one.exit_status) for one in found] == [
            ("486", "pass", 0),
            ("503", "fail", 0),
            ("600", "fail", 0),
            ("404", "no-call", 3),
            ("405", "error", None),
        ]
        assert [one.began - WALL for one in found] == [0, 10, 20, 30, 30]
        assert [one.duration for one in found] == [10, 10, 10, 0, 0]
        assert found[1].command == "phone sip:503@127.0.0.1"
        assert all(one.of_sweep for one in found)

    def test_messages_count_within_the_case(self) -> None:
        for one in results_of(entries(*SWEEP)):
            assert [seen.number for seen in one.seen] == [*range(1, len(one.seen) + 1)]

    @pytest.mark.parametrize(("counted", "outcome"), [({MUST}, "pass"), ({MUST, SHOULD}, "fail")])
    def test_levels(self, counted: set[str], outcome: str) -> None:
        (found,) = results_of(entries(Played(code(486), fields=())), counted=frozenset(counted))  # type: ignore[arg-type]
        assert found.outcome == outcome
        assert {one.rule.id for one in found.broken} == {"invite-has-allow", "invite-has-supported"}

    def test_a_baseline(self) -> None:
        (found,) = results_of(entries(SWEEP[1]), known=lambda case, judged: f"{case.code}: {judged.rule.id}")
        assert found.known == {"refusal-is-acknowledged": "503: refusal-is-acknowledged"}
        assert (found.outcome, found.passed, found.failures) == ("known", True, [])

    def test_problems_fail_it_whatever_is_known(self) -> None:
        *begun, client, end = entries(SWEEP[1])
        noted = NoteRecord(client.time, client.wall, 0, VERDICT, "exit status 1, expected 0")
        (found,) = results_of([*begun, noted, client, end], known=lambda case, judged: "Ticket 1")
        assert (found.outcome, found.problems) == ("fail", ("exit status 1, expected 0",))

    def test_a_scenario_says_what_failed_in_it(self) -> None:
        trace = entries(Played(code("", scenario="ours.yaml", dial="486"), acknowledges=False, seconds=40))
        (found,) = results_of(trace)
        assert "no-ack: no ACK for 486" in found.problems


class TestWhatWasServed:
    def test_a_result_for_each_call(self) -> None:
        found = [*results_of(served())]
        assert [(one.call_id, one.outcome) for one in found] == [
            ("call-1@192.0.2.10", "pass"),
            ("call-2@192.0.2.10", "fail"),
            ("call-3@192.0.2.10", "pass"),
        ]
        assert found[1].problems == ("no-ack: no ACK for 486",)
        assert (found[0].case.code, found[0].case.dial, found[0].case.method) == ("486", "bob", "INVITE")

    def test_messages_count_within_the_run(self) -> None:
        numbers = sorted(seen.number for one in results_of(served()) for seen in one.seen)
        assert numbers == [*range(1, len(numbers) + 1)]

    def test_no_finding_is_lost_and_none_is_there_twice(self) -> None:
        trace = served(5, acknowledged=(1,), fields=())
        whole = judge(trace)
        found = [*results_of(trace)]
        for place, one in enumerate(whole.judged):
            apart = [finding for result in found for finding in result.judged[place].findings]
            assert sorted(map(str, apart)) == sorted(map(str, one.findings)), one.rule.id

    def test_evidence_of_other_calls_is_there(self) -> None:
        """A branch that two calls have: the rule names messages of both."""
        bench = Bench(BUSY)
        for number in (1, 2):
            bench.receive(re.sub(rb"branch=[^;\r]+", b"branch=z9hG4bKsame", Caller(number).invite()))
        bench.run(1)
        first, second = results_of(records_of(bench.events))
        ((_, finding),) = next(one.failures for one in second.judged if one.rule.id == "branch-is-unique")
        assert {*finding.messages} <= {seen.number for seen in (*second.seen, *second.elsewhere)}
        assert {seen.number for seen in second.elsewhere} <= {seen.number for seen in first.seen}
        assert second.elsewhere

    def test_what_belongs_to_no_call(self) -> None:
        stray = MalformedRecord(1.0, 1.0, "UDP", ("h", 1), ("h", 2), 0, b"\x00", "no start line", "start line", 0)
        (found,) = results_of([stray, NoteRecord(1.5, 1.5, 0, "log", "x"), EndRecord(2.0, 2.0)])
        assert (found.call_id, found.case.method, found.outcome) == ("", "", "pass")
        assert found.records[0] is stray

    def test_nothing(self) -> None:
        assert [*results_of([])] == []
        assert [*results_of([EndRecord(1.0, 1.0)])] == []


def test_a_case_of_which_nothing_is_known_is_one_without_a_call() -> None:
    (found,) = results_of([CaseRecord(0.0, WALL, code(486), "")])
    assert (found.outcome, found.client, found.exit_status) == ("no-call", None, None)


def test_a_client_that_was_not_started_is_an_error_whatever_came() -> None:
    trace = [*entries(SWEEP[0])[:-2], ClientRecord(10.0, WALL, "not-started", None, "gone")]
    (found,) = results_of(trace)
    assert found.outcome == "error"
