"""Whole sweeps with a small client of our own: what is played, how clients leave, what is said of them."""

from __future__ import annotations

import asyncio
import shlex
import time
from pathlib import Path

import pytest

from responder.errors import TransportError
from responder.net.address import ListenAddress
from responder.net.binding import bind
from responder.observe.json_lines import as_json
from responder.observe.records import Case, CaseRecord, ClientRecord, EndRecord, Entry, MessageRecord, NoteRecord
from responder.observe.report.result import Report, results_of
from responder.observe.rules.rule import MUST, SHOULD
from responder.sweep import stage
from responder.sweep.attempt import Terms, attempt, plan_of
from responder.sweep.command import Command, CommandError
from responder.sweep.selection import Selection
from responder.sweep.sweeping import Judging, Played, sweep

from .clients import uac

pytestmark = pytest.mark.wire
BUSY = Case("486", "486", "INVITE", "UDP")


async def played(case: Case, options: str = "", *, terms: Terms | None = None, shell: bool = False) -> list[Entry]:
    return await attempt(case, plan_of(case), Command(uac(options), shell), terms or Terms())


def client_of(entries: list[Entry]) -> ClientRecord:
    return next(one for one in entries if isinstance(one, ClientRecord))


def verdicts(report: Report) -> dict[str, list[str]]:
    """What each case failed by."""
    return {
        f"{one.case.dial} {one.case.transport} {one.case.variant}": [
            *(judged.rule.id for judged in one.failures),
            *one.problems,
        ]
        for one in report.results
    }


class TestACase:
    async def test_its_records(self) -> None:
        entries = await played(BUSY)
        assert isinstance(entries[0], CaseRecord)
        assert entries[0].case == BUSY
        assert f"{Path('tests/sweep/uac.py').name} 127.0.0.1" in entries[0].command
        assert isinstance(entries[-1], EndRecord)
        times = [one.time for one in entries]
        assert times == sorted(times)
        assert all(round(one.wall - one.time, 3) == round(entries[0].wall, 3) for one in entries)
        client = client_of(entries)
        assert (client.how, client.exit_status, client.output) == ("exited", 2, "final 486\n")
        requests = [one for one in entries if isinstance(one, MessageRecord) and one.received]
        assert requests[0].data.startswith(b"INVITE sip:486@127.0.0.1:")

    @pytest.mark.parametrize("transport", ["UDP", "TCP"])
    async def test_by_either_transport(self, transport: str) -> None:
        entries = await played(Case("404", "404", "INVITE", transport))
        assert {one.transport for one in entries if isinstance(one, MessageRecord)} == {transport}
        assert client_of(entries).output == "final 404\n"

    async def test_by_ipv6(self) -> None:
        entries = await played(BUSY, terms=Terms(host="::1"))
        assert client_of(entries).output == "final 486\n"

    async def test_a_client_that_stays_is_ended_when_nothing_happens_any_more(self) -> None:
        before = time.monotonic()
        client = client_of(await played(BUSY, "--stay"))
        assert (client.how, client.exit_status) == ("ended", -15)
        assert time.monotonic() - before < 15

    async def test_a_client_that_says_nothing_is_ended_by_the_timeout(self) -> None:
        entries = await played(BUSY, "--silent --stay", terms=Terms(timeout=0.7))
        assert client_of(entries).how == "ended"
        assert client_of(entries).time == pytest.approx(0.7, abs=0.3)
        (result,) = results_of(entries)
        assert (result.outcome, result.passed) == ("no-call", False)

    async def test_a_client_that_sends_something_else_does_not_call(self) -> None:
        entries = await played(Case("486", "486", "OPTIONS", "UDP"))
        (result,) = results_of(entries)
        assert any(seen.received for seen in result.seen)
        assert result.outcome == "no-call"

    @pytest.mark.parametrize("shell", [False, True])
    async def test_a_crash_is_a_failure(self, shell: bool) -> None:
        (result,) = results_of(await played(BUSY, "--crash", shell=shell))
        assert result.problems == ("the client crashed: SIGABRT",)
        assert result.outcome == "fail"

    async def test_a_crash_within_a_script_is_a_failure(self) -> None:
        script = Command(f"sh -c {shlex.quote(uac('--crash') + '; exit $?')}")
        (result,) = results_of(await attempt(BUSY, plan_of(BUSY), script, Terms()))
        assert result.problems == ("the client crashed: SIGABRT",)

    async def test_what_an_expectation_objects_to_stands_in_the_trace(self) -> None:
        seen = []

        def objections(case: Case, status: int | None, output: str) -> list[str]:
            seen.append((case, status, output))
            return ["this", "that"]

        entries = await played(BUSY, "--exit 7", terms=Terms(objections=objections))
        assert seen == [(BUSY, 7, "final 486\n")]
        assert [one.text for one in entries if isinstance(one, NoteRecord) and one.kind == "verdict"] == [
            "this",
            "that",
        ]
        (result,) = results_of(entries)
        assert result.problems == ("this", "that")

    async def test_a_client_without_end_is_bounded(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(stage, "MOST_EVENTS", 5)
        entries = await played(BUSY, "--stay")
        (result,) = results_of(entries)
        assert any("it went on and on" in problem for problem in result.problems)

    async def test_a_seed_repeats_what_is_drawn(self) -> None:
        def tags(entries: list[Entry]) -> list[bytes]:
            sent = [one.data for one in entries if isinstance(one, MessageRecord) and not one.received]
            return [data.partition(b"\r\nTo:")[2].partition(b"\r\n")[0].partition(b"tag=")[2] for data in sent]

        first, again, other = [tags(await played(BUSY, terms=Terms(seed=seed))) for seed in (1, 1, 2)]
        assert first == again != other

    async def test_the_variables_of_its_process(self) -> None:
        command = Command('echo "$RESPONDER_URI $RESPONDER_METHOD $RESPONDER_CODE" {port}', shell=True)
        uri, method, code, port = client_of(await attempt(BUSY, plan_of(BUSY), command, Terms())).output.split()
        assert (uri, method, code) == (f"sip:486@127.0.0.1:{port}", "INVITE", "486")

    async def test_a_scenario_answers_whatever_is_dialled_and_its_checks_count(self, tmp_path: Path) -> None:
        file = tmp_path / "off.yaml"
        file.write_text("steps:\n  - 180\n  - check: {header: {X-Wanted: 'yes'}}\n  - 480\n")
        (case,), _ = Selection(scenarios=(str(file),)).cases()
        (result,) = results_of(await played(case))
        assert result.outcome == "fail"
        assert len(result.problems) == 1
        assert "X-Wanted" in result.problems[0]

    async def test_a_dial_string(self) -> None:
        entries = await played(Case("", "180.200ms.603", "INVITE", "UDP"))
        assert client_of(entries).output == "final 603\n"

    async def test_an_address_that_is_taken(self) -> None:
        address, taken = bind(ListenAddress("udp", "127.0.0.1", 0))
        with taken, pytest.raises(TransportError, match="cannot listen on udp:127"):
            await played(BUSY, terms=Terms(port=address.port))


class TestASweep:
    async def test_a_right_client_passes_in_the_order_of_the_cases(self) -> None:
        cases, _ = Selection(codes=(486, 404, 302, 603), transports=("udp", "tcp")).cases()
        taken: list[Played] = []
        report = await sweep(cases, Command(uac()), jobs=4, take=taken.append)
        assert [one.case for one in report.results] == [one.result.case for one in taken] == cases
        assert verdicts(report) == {f"{case.dial} {case.transport} plain": [] for case in cases}
        assert report.passed

    async def test_a_fault_is_named_and_only_where_it_shows(self) -> None:
        cases, _ = Selection(codes=(200, 486), transports=("tcp",)).cases()
        report = await sweep(cases, Command(uac("--no-ack --stay")), Terms(t1=0.03))
        found = verdicts(report)
        assert "refusal-is-acknowledged" in found["486 TCP plain"]
        assert "refusal-is-acknowledged" not in found["200 TCP plain"]
        assert not report.passed

    async def test_a_baseline_acquits(self) -> None:
        cases, _ = Selection(codes=(486,), transports=("tcp",)).cases()
        judging = Judging(frozenset({MUST, SHOULD}), lambda case, judged: f"known in {case.code}")
        report = await sweep(cases, Command(uac("--no-ack --stay")), Terms(t1=0.03), judging=judging)
        assert report.results[0].outcome == "known"
        assert set(report.results[0].known.values()) == {"known in 486"}
        assert report.passed

    async def test_a_client_that_cannot_be_started_stops_it(self, tmp_path: Path) -> None:
        cases, _ = Selection(codes=(486, 404, 603)).cases()
        taken: list[Played] = []
        with pytest.raises(CommandError, match=r"the client cannot be started: .*no-such"):
            await sweep(cases, Command("no-such-program {uri}", shell=True), jobs=1, take=taken.append)
        assert len(taken) <= 1
        program = tmp_path / "program"
        program.write_text("no program")
        program.chmod(0o755)
        with pytest.raises(CommandError, match="exec format error"):
            await sweep(cases, Command(f"{program} {{uri}}"))

    async def test_cancelled_it_leaves_nothing_behind(self) -> None:
        cases, _ = Selection(codes=(486, 404, 603)).cases()
        taken: list[Played] = []
        begun: list[Case] = []
        command = Command(uac("--silent --stay"))
        task = asyncio.ensure_future(sweep(cases, command, jobs=2, take=taken.append, begun=begun.append))
        while len(begun) < 2:
            await asyncio.sleep(0.01)
        await asyncio.sleep(0.3)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert taken == []

    async def test_judged_again_it_is_the_same(self) -> None:
        cases, _ = Selection(codes=(486, 200)).cases()
        entries: list[Entry] = []
        report = await sweep(cases, Command(uac("--exit 1")), take=lambda one: entries.extend(one.entries))
        again = tuple(results_of(entries))
        assert [(one.case, one.outcome, one.judged) for one in again] == [
            (one.case, one.outcome, one.judged) for one in report.results
        ]
        assert all(as_json(one) for one in entries)
