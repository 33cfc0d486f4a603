from __future__ import annotations

import json
from pathlib import Path

import pytest

from responder.cli import main

WRONG = "name: wrong\nmatch: {user: al}\nsteps:\n  - 100\n  - respnd: 486\n"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "good.yaml").write_text("name: good\nmatch: {user: bob}\nsteps: [100, 180, 486]\n")
    (tmp_path / "wrong.yaml").write_text(WRONG)
    (tmp_path / "odd.yaml").write_text("name: odd\nmatch: {user: eve}\nsteps: [99]\n")
    return tmp_path


def test_nothing_wrong(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", str(folder / "good.yaml")]) == 0
    assert capsys.readouterr() == ("no problems in 1 rule: good\n", "")


def test_a_shipped_scenario_by_its_name(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", "busy", "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == {"event": "checked", "problems": 0, "rules": ["busy"]}


def test_every_problem_of_every_file(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    names = [str(folder / name) for name in ("wrong.yaml", "good.yaml", "odd.yaml")]
    assert main(["check", *names]) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert f"{names[0]}:5:5: error: " in captured.err
    assert "did you mean 'respond'?" in captured.err
    assert "   5 |   - respnd: 486\n     |     ^^^^^^" in captured.err
    assert f"{names[2]}:3:9: error: " in captured.err
    assert captured.err.endswith("2 problems\n")


def test_rules_for_clients_are_known(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "ack.yaml"
    file.write_text("steps:\n  - 486\n  - expect: ACK\n    check: {rule: [ack-non-2xx-reuses-brunch, x]}\n")
    what = "no rule for clients 'ack-non-2xx-reuses-brunch' (did you mean 'ack-non-2xx-reuses-branch'?)"
    for command in (["check"], ["explain"], ["serve", "--port", "0", "--timeout", "0.1"]):
        assert main([*command, str(file)]) == 2
        said = capsys.readouterr().err
        assert f"{file}:4:20: error: {what}" in said
        assert f"{file}:4:47: error: no rule for clients 'x': docs/client-rules.md lists them" in said


def test_problems_as_json(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", "--json", str(folder / "wrong.yaml")]) == 2
    captured = capsys.readouterr()
    assert captured.err == ""
    problem, summary = map(json.loads, captured.out.splitlines())
    assert (problem["event"], problem["line"], problem["column"], problem["length"]) == ("problem", 5, 5, 6)
    assert summary == {"event": "checked", "problems": 1, "rules": []}


@pytest.mark.parametrize(("options", "code"), [([], 2), (["--each"], 0)])
def test_files_that_are_not_meant_to_be_served_together(
    tmp_path: Path, options: list[str], code: int, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("one", "two"):
        (tmp_path / f"{name}.yaml").write_text("steps: [486]\n")
    assert main(["check", *options, str(tmp_path)]) == code
    captured = capsys.readouterr()
    assert ("no problems in 2 rules: one, two" in captured.out) is (code == 0)
    assert ("can never be reached" in captured.err) is (code == 2)


def test_each_file_has_its_own_problems(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", "--each", "--json", str(folder)]) == 2
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [Path(line["file"]).name for line in lines[:-1]] == ["odd.yaml", "wrong.yaml"]
    assert lines[-1] == {"event": "checked", "problems": 2, "rules": ["good"]}


def test_a_file_that_is_not_there(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", str(folder / "none.yaml")]) == 2
    assert "none.yaml: error: " in capsys.readouterr().err
