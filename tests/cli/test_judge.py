from __future__ import annotations

import json
from pathlib import Path

import pytest
from bench import BUSY, Bench, Caller
from observe.report.making import SWEEP, entries

from responder.cli import main
from responder.observe.clock import Clock
from responder.observe.trace import TraceWriter

FIELDS = ("Allow: INVITE, ACK, BYE", "Supported: replaces")


def trace(folder: Path, *fields: str, acknowledge: bool = True) -> str:
    """A refused call; `fields` are in its INVITE."""
    bench, caller = Bench(BUSY), Caller()
    refusal = bench.receive(caller.invite(*fields))[-1]
    if acknowledge:
        bench.receive(caller.ack_refusal(refusal))
    bench.run(40)
    path = folder / "run.jsonl"
    with open(path, "w", encoding="ascii") as file:
        TraceWriter(file, clock=Clock(epoch=1.7e9), version="1").observe(bench.events)
    return str(path)


@pytest.mark.parametrize(
    ("fields", "acknowledge", "options", "code"),
    [
        (FIELDS, True, [], 0),
        (FIELDS, True, ["--strict"], 0),
        ((), True, [], 0),
        ((), True, ["--strict"], 1),
        (FIELDS, False, [], 1),
    ],
)
def test_exit_codes(
    tmp_path: Path,
    fields: tuple[str, ...],
    acknowledge: bool,
    options: list[str],
    code: int,
    capsys: pytest.CaptureFixture[str],
) -> None:
    path = trace(tmp_path, *fields, acknowledge=acknowledge)
    assert main(["judge", path, *options]) == code
    assert main(["judge", path, "--json", *options]) == code
    assert capsys.readouterr().out.startswith(("1 call, ", "MUST broken", "SHOULD broken"))


def test_json(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = trace(tmp_path, acknowledge=False)
    main(["judge", path, "--json"])
    first = capsys.readouterr().out
    main(["judge", path, "--json"])
    assert capsys.readouterr().out == first
    found = json.loads(first)
    broken = {rule["id"] for rule in found["rules"] if rule["verdict"] == "fail"}
    assert broken == {"refusal-is-acknowledged", "invite-has-allow", "invite-has-supported"}


def test_all(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["judge", trace(tmp_path), "--all"]) == 0
    assert "\npass           MUST    refusal-is-acknowledged" in capsys.readouterr().out


class TestASweep:
    """A trace with several runs: each is judged by itself, and a rule is explained once."""

    @pytest.fixture
    def path(self, tmp_path: Path) -> str:
        path = tmp_path / "sweep.jsonl"
        with open(path, "w", encoding="ascii") as file:
            TraceWriter(file, clock=Clock(epoch=1.7e9), version="1").write(entries(*SWEEP))
        return str(path)

    def test_text(self, path: str, capsys: pytest.CaptureFixture[str]) -> None:
        assert main(["judge", path]) == 1
        shown = capsys.readouterr().out.splitlines()
        assert shown[:5] == [
            "MUST broken: refusal-is-acknowledged  (RFC 3261 17.1.1.2, 17.1.1.3)",
            "  A 300 to 699 to an INVITE gets an ACK.",
            "  in 2 cases: 503 INVITE, 600 INVITE folded",
            "  expected  an ACK for the 503",
            "  actual    none came  (503 INVITE)",
        ]
        assert "  actual    none came  (600 INVITE folded)" in shown
        assert shown[-1].startswith("3 calls, ")

    def test_json(self, path: str, capsys: pytest.CaptureFixture[str]) -> None:
        assert main(["judge", path, "--json"]) == 1
        rules = json.loads(capsys.readouterr().out)["rules"]
        (broken,) = [rule for rule in rules if rule["id"] == "refusal-is-acknowledged"]
        assert [(one["case"]["code"], one["messages"]) for one in broken["findings"]] == [
            ("503", [1, 2]),
            ("600", [1, 2]),
        ]


@pytest.mark.parametrize("content", [None, "steps: [486]\n", '{"event": "trace", "version": 1}\n'])
def test_what_is_no_trace(tmp_path: Path, content: str | None, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "busy.yaml"
    if content is not None:
        path.write_text(content)
    assert main(["judge", str(path)]) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.startswith("responder")
    assert "busy.yaml" in captured.err


def test_the_numbers_of_the_report_stand_in_the_ladder(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = trace(tmp_path, acknowledge=True)
    assert main(["ladder", path, "--numbers"]) == 0
    numbered = [line.split()[0] for line in capsys.readouterr().out.splitlines() if line.startswith("#")]
    assert numbered == ["#1", "#2", "#3"]
