from __future__ import annotations

import io
import json

import pytest

from responder.observe.json_console import JsonConsole
from responder.observe.json_lines import as_json
from responder.observe.records import record_of

from .sample import CLOCK, busy_call, malformed


@pytest.mark.parametrize("messages", [False, True])
def test_the_lines_are_those_of_a_trace(messages: bool) -> None:
    out = io.StringIO()
    console = JsonConsole(out.write, clock=CLOCK, messages=messages)
    events = [*busy_call(), malformed(104.0)]
    console.observe(events)
    assert out.getvalue() == ""
    console.flush(104.0)
    expected = [as_json(record_of(event, CLOCK)) for event in events]
    assert [json.loads(line) for line in out.getvalue().splitlines()] == [
        line for line in expected if messages or line["event"] != "message"
    ]
    console.close(0.0)
    assert len(out.getvalue().splitlines()) == (9 if messages else 3)
