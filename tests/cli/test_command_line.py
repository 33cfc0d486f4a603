from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

import responder
from responder.cli import main
from responder.cli.command_line import COMMANDS, _split


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_help_with_examples(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([command, "--help"]) == 0
    text = capsys.readouterr().out
    assert text.startswith(f"usage: responder {command} ")
    assert "\nexamples:\n  responder " in text
    assert "--json" in text


def test_the_overview_names_every_command_and_exit_code(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--help"]) == 0
    text = capsys.readouterr().out
    for command in COMMANDS:
        assert f"\n  {command} " in text
    for code in (0, 1, 2, 3, 130, 141):
        assert f"\n  {code} " in text


def test_version(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--version"]) == 0
    assert capsys.readouterr().out == f"responder {responder.__version__}\n"


@pytest.mark.parametrize(
    ("word", "suggestion"), [("sevre", "(did you mean 'serve'?)"), ("code", "(did you mean 'codes'?)"), ("xyzzy", "")]
)
def test_an_unknown_command(word: str, suggestion: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([word, "--json"]) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert f"unknown command '{word}'" in captured.err
    assert suggestion in captured.err
    assert ("did you mean" in captured.err) is bool(suggestion)


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ([], ("serve", [])),
        (["--port", "0"], ("serve", ["--port", "0"])),
        (["busy.yaml"], ("serve", ["busy.yaml"])),
        (["serve", "busy.yaml"], ("serve", ["busy.yaml"])),
        (["codes", "486"], ("codes", ["486"])),
        (["--version"], (None, ["--version"])),
        (["help"], (None, ["help"])),
        (["help", "codes"], ("codes", ["--help"])),
        (["sevre"], (None, ["sevre"])),
    ],
)
def test_which_command_is_meant(words: list[str], expected: tuple[str | None, list[str]]) -> None:
    assert _split(words) == expected


@pytest.mark.parametrize(
    "words", [["codes", "--nonsense"], ["ladder"], ["ladder", "x", "--call", "seven"], ["serve", "--port", "x"]]
)
def test_usage_errors(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(words) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert "usage: responder" in captured.err
    assert "error:" in captured.err


def test_a_closed_pipe_is_no_traceback() -> None:
    """What `responder codes 4xx --long | head -1` does."""
    reading, writing = os.pipe()
    os.close(reading)
    run = subprocess.run(
        [sys.executable, "-m", "responder", "codes", "1xx", "--long"],
        stdout=writing,
        stderr=subprocess.PIPE,
        check=False,
    )
    os.close(writing)
    assert (run.returncode, run.stderr) == (141, b"")


def test_ctrl_c_is_no_traceback(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    def interrupted(words: list[str]) -> int:
        raise KeyboardInterrupt

    monkeypatch.setattr("responder.cli.command_line._dispatch", interrupted)
    assert main([]) == 130
    assert capsys.readouterr().err == "\nresponder: interrupted\n"


@pytest.mark.parametrize(
    ("words", "absent"),
    [
        (["--version"], ["asyncio", "yaml", "responder.sip", "responder.registry", "responder.engine"]),
        (["codes", "486"], ["asyncio", "yaml", "responder.engine", "responder.net", "responder.scenario"]),
        (["ladder", "nothing"], ["asyncio", "yaml", "responder.engine", "responder.registry"]),
    ],
)
def test_only_what_a_command_needs_is_imported(words: list[str], absent: list[str]) -> None:
    """Start-up is quick because of it."""
    code = (
        "import sys; from responder.cli import main; main(sys.argv[1:]);"
        "print('modules', *sorted(sys.modules), file=sys.stderr)"
    )
    run = subprocess.run([sys.executable, "-c", code, *words], capture_output=True, text=True, check=True)
    loaded = set(run.stderr.splitlines()[-1].split())
    assert "responder.cli" in loaded
    assert loaded.isdisjoint(absent)


def test_python_m_responder(tmp_path: Path) -> None:
    run = subprocess.run(
        [sys.executable, "-m", "responder", "codes", "busy"], capture_output=True, text=True, cwd=tmp_path, check=False
    )
    assert (run.returncode, len(run.stdout.splitlines())) == (0, 2)
