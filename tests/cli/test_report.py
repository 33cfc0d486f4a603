from __future__ import annotations

import json
import os
import re
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
from observe.report.making import SWEEP, Played, code, entries, served

from responder.cli import main
from responder.observe.clock import Clock
from responder.observe.records import Entry
from responder.observe.trace import TraceWriter

NUMBERS = re.compile(r"\d+")


def written(folder: Path, run: list[Entry], name: str = "run.jsonl") -> str:
    path = folder / name
    with open(path, "w", encoding="ascii") as file:
        TraceWriter(file, clock=Clock(epoch=1.7e9), version="1").write(run)
    return str(path)


@pytest.fixture
def sweep(tmp_path: Path) -> str:
    return written(tmp_path, entries(*SWEEP))


@pytest.fixture(autouse=True)
def _not_on_github(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("GITHUB_ACTIONS", raising=False)
    monkeypatch.delenv("GITHUB_STEP_SUMMARY", raising=False)


@pytest.mark.parametrize(
    ("played", "options", "expected"),
    [
        ([Played(code(486))], [], 0),
        ([Played(code(486), fields=())], [], 0),
        ([Played(code(486), fields=())], ["--strict"], 1),
        ([Played(code(486), acknowledges=False)], [], 1),
        ([Played(code(486)), Played(code(404), calls=False)], [], 1),
        ([Played(code(486), starts=False)], [], 1),
    ],
)
def test_exit_codes(tmp_path: Path, played: list[Played], options: list[str], expected: int) -> None:
    assert main(["report", written(tmp_path, entries(*played)), *options]) == expected


def test_a_table_is_what_comes_unasked(sweep: str, capsys: pytest.CaptureFixture[str]) -> None:
    main(["report", sweep])
    shown = capsys.readouterr().out.splitlines()
    assert "503 INVITE         ✓ ✓ · ✗ · ✓  FAIL" in shown
    assert shown[-1].startswith("5 cases: 1 passed, 2 failed, 1 without a call, 1 not started; ")
    assert not [line for line in shown if "codes missing" in line]


def test_coverage(sweep: str, capsys: pytest.CaptureFixture[str]) -> None:
    main(["report", sweep, "--coverage"])
    shown = capsys.readouterr().out
    assert "  codes missing: 100, 180" in shown
    assert re.search(r"  variants missing: .*\bcompact\b", shown)


FORMS = {
    "junit": b'<?xml version="1.0" encoding="utf-8"?>\n<testsuites ',
    "json": b'{"format":1,',
    "html": b"<!doctype html>",
    "markdown": b"### \xe2\x9d\x8c SIP: 1 of 5 cases passed\n",
    "tap": b"TAP version 13\n1..5\n",
}


def test_all_forms_at_once(sweep: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = tmp_path / "not" / "there yet"
    options = [word for form in FORMS for word in (f"--{form}", str(folder / form))]
    assert main(["report", sweep, *options]) == 1
    for form, beginning in FORMS.items():
        assert (folder / form).read_bytes()[: len(beginning)].lower() == beginning.lower(), form
    assert "5 cases: " in capsys.readouterr().out


@pytest.mark.parametrize("form", FORMS)
def test_a_report_on_stdout_has_it_alone(sweep: str, form: str, capsysbinary: pytest.CaptureFixture[bytes]) -> None:
    assert main(["report", sweep, f"--{form}", "-"]) == 1
    first = capsysbinary.readouterr()
    assert first.out.lower().startswith(FORMS[form].lower())
    assert b"5 cases: 1 passed, 2 failed, 1 without a call, 1 not started; 3" not in first.out
    main(["report", sweep, f"--{form}", "-"])
    assert capsysbinary.readouterr().out == first.out


class TestWrongPaths:
    def test_two_reports_in_one_file(self, sweep: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
        assert main(["report", sweep, "--junit", str(tmp_path / "x"), "--tap", f"{tmp_path}/./x"]) == 2
        assert main(["report", sweep, "--junit", "-", "--tap", "-"]) == 2
        assert capsys.readouterr().err.splitlines()[-1] == "responder: -: two reports cannot have one file"

    def test_a_folder(self, sweep: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
        assert main(["report", sweep, "--junit", str(tmp_path)]) == 2
        assert capsys.readouterr().err == f"responder: {tmp_path}: is a directory\n"

    def test_what_is_no_trace(self, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
        assert main(["report", str(tmp_path / "none")]) == 2
        assert main(["report", written(tmp_path, [])]) == 2
        assert capsys.readouterr().err.endswith("run.jsonl: nothing happened in this run\n")

    def test_a_baseline_that_is_none(self, sweep: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
        (tmp_path / "known.yaml").write_text("- rule: ack-nothing\n  reason: x\n")
        assert main(["report", sweep, "--baseline", str(tmp_path / "known.yaml")]) == 2
        assert "known.yaml:1:9: error: no rule 'ack-nothing'" in capsys.readouterr().err


def test_a_baseline(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "known.yaml").write_text(
        "- rule: refusal-is-acknowledged\n  codes: 5xx\n  reason: Ticket 1\n"
        "- rule: invite-has-allow\n  codes: 486\n  reason: Ticket 2\n"
    )
    path = written(tmp_path, entries(*SWEEP[:2]))
    assert main(["report", path, "--baseline", str(tmp_path / "known.yaml"), "--strict"]) == 0
    shown = capsys.readouterr().out
    assert "503 INVITE  ✓ ✓ · ~ · ✓  known\n" in shown
    assert "invite-has-allow is not broken any more (Ticket 2)\n" in shown


class TestOnGitHub:
    def test_annotations_stand_on_stderr_and_a_summary_in_its_file(
        self, sweep: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
    ) -> None:
        summary = tmp_path / "summary.md"
        summary.write_text("before\n")
        monkeypatch.setenv("GITHUB_ACTIONS", "true")
        monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(summary))
        assert main(["report", sweep, "--tap", "-"]) == 1
        captured = capsys.readouterr()
        assert captured.out.startswith("TAP version 13\n")
        assert captured.err.splitlines()[0].startswith(
            "::error title=refusal-is-acknowledged (RFC 3261 17.1.1.2%2C 17.1.1.3)::MUST "
        )
        assert summary.read_text("utf-8").startswith("before\n### ❌ SIP: 1 of 5 cases passed\n")

    def test_a_summary_that_is_full_already(self, sweep: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        summary = tmp_path / "summary.md"
        summary.write_bytes(b"x" * 1_048_500)
        monkeypatch.setenv("GITHUB_ACTIONS", "true")
        monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(summary))
        main(["report", sweep])
        assert summary.stat().st_size <= 1_048_576

    def test_a_summary_that_cannot_be_written_is_no_failure(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
    ) -> None:
        monkeypatch.setenv("GITHUB_ACTIONS", "true")
        monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(tmp_path))
        assert main(["report", written(tmp_path, entries(SWEEP[0]))]) == 0
        assert "responder: no summary for GitHub: " in capsys.readouterr().err

    def test_what_a_client_printed_is_no_command(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
    ) -> None:
        monkeypatch.setenv("GITHUB_ACTIONS", "true")
        run = entries(Played(code(404), calls=False, output="::add-mask::x\n##[error]x\n", command="phone"))
        main(["report", written(tmp_path, run)])
        for line in capsys.readouterr().out.splitlines():
            assert not line.lstrip().startswith("::")
            assert "##[" not in line


def test_what_was_served_has_a_case_for_each_call(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = written(tmp_path, served())
    assert main(["report", path, "--json", "-"]) == 1
    results = json.loads(capsys.readouterr().out)["results"]
    assert [(one["call_id"], one["outcome"]) for one in results] == [
        ("call-1@192.0.2.10", "pass"),
        ("call-2@192.0.2.10", "fail"),
        ("call-3@192.0.2.10", "pass"),
    ]


def test_a_disk_that_is_full(sweep: str, capsys: pytest.CaptureFixture[str]) -> None:
    if not os.path.exists("/dev/full"):
        pytest.skip("no /dev/full here")
    assert main(["report", sweep, "--junit", "/dev/full"]) == 2
    assert "no space left on device" in capsys.readouterr().err.lower()


def test_the_schema_of_reports(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["schema", "--report"]) == 0
    assert json.loads(capsys.readouterr().out)["title"] == "A report of responder"


def test_junit_is_what_a_parser_takes(sweep: str, tmp_path: Path) -> None:
    main(["report", sweep, "--junit", str(tmp_path / "x.xml")])
    assert len([*ET.parse(tmp_path / "x.xml").iter("testcase")]) == 5
