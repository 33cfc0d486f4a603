from __future__ import annotations

import json
from pathlib import Path

import pytest

from responder.cli import main
from responder.errors import ParseError
from responder.events import CallEnded, Flow, Malformed, MessageSent, Note
from responder.observe.clock import Clock
from responder.observe.trace import TraceWriter

FLOW = Flow("UDP", ("10.0.0.9", 5060), ("10.0.0.5", 5062))


@pytest.fixture
def trace(tmp_path: Path) -> str:
    path = tmp_path / "run.jsonl"
    with open(path, "w", encoding="ascii") as file:
        writer = TraceWriter(file, clock=Clock(epoch=1.7e9), version="1")
        for call in (1, 2):
            data = f"SIP/2.0 486 Busy Here\r\nCall-ID: {call}@a\r\nCSeq: 1 INVITE\r\n\r\n".encode()
            writer.observe([MessageSent(call, FLOW, data, call, False)])
            writer.observe(
                [
                    CallEnded(
                        call + 0.5,
                        call,
                        f"{call}@a",
                        "INVITE",
                        "sip:b",
                        "a",
                        FLOW.remote,
                        "UDP",
                        "",
                        (),
                        "completed",
                        call,
                    )
                ]
            )
        writer.observe([Malformed(3.0, FLOW, b"\xff", ParseError("no start line"), 0), Note(4.0, 0, "problem", "p")])
        writer.close(0.0)
    return str(path)


def test_every_call(trace: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["ladder", trace]) == 0
    first, second, strays = capsys.readouterr().out.split("\n\n", 1)[0], *_rest(trace, capsys)
    assert first.startswith("call 1 · 486 Busy Here\nCall-ID 1@a")
    assert second.startswith("call 2 ")
    assert strays.startswith("without a call\n")


def _rest(trace: str, capsys: pytest.CaptureFixture[str]) -> list[str]:
    texts = []
    for number in (2, 0):
        assert main(["ladder", trace, "--call", str(number)]) == 0
        texts.append(capsys.readouterr().out)
    return texts


def test_one_call_by_its_call_id(trace: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["ladder", trace, "--call-id", "2@a"]) == 0
    text = capsys.readouterr().out
    assert text.count("Call-ID") == 1
    assert "Call-ID 2@a" in text


def test_ascii_and_width(trace: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["ladder", trace, "--ascii", "--width", "100"]) == 0
    text = capsys.readouterr().out
    assert text.isascii()
    assert max(map(len, text.splitlines())) == 100


def test_json(trace: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["ladder", trace, "--json"]) == 0
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [(line["event"], line["call"], len(line["records"])) for line in lines] == [
        ("ladder", 1, 2),
        ("ladder", 2, 2),
        ("ladder", 0, 2),
    ]
    written = [json.loads(line) for line in Path(trace).read_text().splitlines()[1:-1]]
    assert [record for line in lines for record in line["records"]] == written


@pytest.mark.parametrize(
    ("options", "problem"),
    [
        (["--call", "9"], "no call of number 9"),
        (["--call", "1", "--call-id", "x"], "no call of number 1 and Call-ID 'x'"),
    ],
)
def test_no_such_call(trace: str, options: list[str], problem: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["ladder", trace, *options]) == 2
    assert problem in capsys.readouterr().err


def test_a_run_without_calls(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "run.jsonl"
    path.write_text('{"event": "trace", "version": 1}\n')
    assert main(["ladder", str(path)]) == 2
    assert "nothing happened in this run" in capsys.readouterr().err


@pytest.mark.parametrize("content", [None, "steps: [486]\n"])
def test_what_is_no_trace(tmp_path: Path, content: str | None, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "busy.yaml"
    if content is not None:
        path.write_text(content)
    assert main(["ladder", str(path)]) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.startswith("responder: ")
    assert "busy.yaml" in captured.err
