from __future__ import annotations

import json
from pathlib import Path

import pytest
from bench import BUSY, Bench, Caller

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
