from __future__ import annotations

import io
import json
from pathlib import Path

import pytest

from responder.observe.records import EndRecord, record_of
from responder.observe.trace import TraceError, TraceWriter, read_trace

from .sample import CLOCK, busy_call, malformed


def trace_of(path: Path) -> list[str]:
    with open(path, "w", encoding="ascii") as file:
        writer = TraceWriter(file, clock=CLOCK, version="1.2.3")
        writer.observe(busy_call())
        writer.observe([malformed(103.0)])
        writer.close(104.0)
    return path.read_text().splitlines(keepends=True)


def test_what_is_written_is_read_back(tmp_path: Path) -> None:
    path = tmp_path / "run.jsonl"
    lines = trace_of(path)
    assert json.loads(lines[0]) == {
        "event": "trace",
        "version": 1,
        "responder": "1.2.3",
        "started": "2026-01-02T12:01:41.000000Z",
    }
    *records, end = read_trace(path)
    assert records == [record_of(event, CLOCK) for event in [*busy_call(), malformed(103.0)]]
    assert end == EndRecord(CLOCK.elapsed(104.0), CLOCK.wall(104.0))


@pytest.mark.parametrize("cut", [1, 10, 50])
def test_a_cut_last_line_is_passed_over(tmp_path: Path, cut: int) -> None:
    path = tmp_path / "run.jsonl"
    text = "".join(trace_of(path))
    path.write_text(text[: -cut - 1])
    assert len(list(read_trace(path))) == len(busy_call()) + 1


def test_a_whole_last_line_needs_no_newline(tmp_path: Path) -> None:
    path = tmp_path / "run.jsonl"
    path.write_text("".join(trace_of(path)).rstrip("\n"))
    assert len(list(read_trace(path))) == len(busy_call()) + 2


def test_records_are_there_before_the_end(tmp_path: Path) -> None:
    path = tmp_path / "run.jsonl"
    with open(path, "w", encoding="ascii") as file:
        writer = TraceWriter(file, clock=CLOCK, version="1")
        writer.observe(busy_call()[:1])
        writer.flush(100.0)
        assert len(list(read_trace(path))) == 1


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "empty"),
        ("\n\n", "empty"),
        ("hello\n", ":1: not a trace of responder (not a line of JSON)"),
        ('{"event": "call"}\n', ":1: not a trace"),
        ("[]\n", ":1: not a trace"),
        ('{"event": "trace", "version": 2}\n', "version 2"),
        ('{"event": "trace"}\n', "version None"),
        ('{"event": "trace", "version": 1}\n{"event": "note"}\n', ":2: a record without 'time'"),
        ('{"event": "trace", "version": 1}\n\n{"event"\n', ":3: "),
        ('{"event": "trace", "version": 1}\n7\n', ":2: "),
    ],
)
def test_what_is_no_trace_is_refused(tmp_path: Path, text: str, problem: str) -> None:
    path = tmp_path / "other.jsonl"
    path.write_text(text)
    with pytest.raises(TraceError) as caught:
        list(read_trace(path))
    assert problem in str(caught.value)
    assert str(path) in str(caught.value)


def test_events_of_a_later_responder_are_passed_over(tmp_path: Path) -> None:
    path = tmp_path / "run.jsonl"
    path.write_text('{"event": "trace", "version": 1}\n{"event": "weather"}\n')
    assert list(read_trace(path)) == []


def test_lines_go_out_in_order() -> None:
    file = io.StringIO()
    writer = TraceWriter(file, clock=CLOCK, version="1")
    writer.observe(busy_call())
    times = [json.loads(line)["time"] for line in file.getvalue().splitlines()[1:]]
    assert times == sorted(times)
