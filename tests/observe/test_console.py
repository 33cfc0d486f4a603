from __future__ import annotations

import io

import pytest

from responder.events import Event, Note
from responder.observe.console import COLOURS, Console, Palette
from responder.observe.journal import Journal

from .sample import CLOCK, UDP6, busy_call, ended, malformed, received, request, response, sent

CALL = "13:01:43.510  INVITE  100→180→486  sip:bob@10.0.0.9 from alice@10.0.0.5  udp  2.51s  busy\n"

MESSAGES = """\
13:01:41.000  #1  ──▶ INVITE sip:bob@10.0.0.9 (SDP)  udp 10.0.0.5:5062
13:01:41.000  #1  ◀── 100 Trying  udp 10.0.0.5:5062
13:01:41.001  #1  near-miss: rule 'idle' but for user: expected 'idle', got 'bob'
13:01:41.001  #1  ◀── 180 Ringing  udp 10.0.0.5:5062  [busy step 2]
13:01:43.004  #1  ◀── 486 Busy Here  udp 10.0.0.5:5062  [busy step 4]
13:01:43.504  #1  ◀── 486 Busy Here (retransmission)  udp 10.0.0.5:5062
13:01:43.510  #1  ──▶ ACK sip:bob@10.0.0.9  udp 10.0.0.5:5062
"""


def written(events: list[Event], **options: object) -> str:
    out = io.StringIO()
    console = Console(out.write, clock=CLOCK, **options)  # type: ignore[arg-type]
    console.observe(events)
    assert out.getvalue() == ""
    console.close(0.0)
    return out.getvalue()


def test_one_line_a_call() -> None:
    assert written([ended(102.51)]) == CALL


def test_built_in_behaviour_has_no_name() -> None:
    assert written([ended(102.51, scenario="")]) == CALL.replace("  busy", "")


def test_an_outcome_other_than_completed_is_said() -> None:
    line = written([ended(102.51, outcome="failed", reason="no BYE within 2s")])
    assert line == CALL.replace("busy\n", "busy  failed: no BYE within 2s\n")
    assert written([ended(102.51, outcome="cancelled")]) == CALL.replace("busy\n", "busy  cancelled\n")


def test_golden_messages() -> None:
    assert written(busy_call(), messages=True) == MESSAGES + CALL


def test_messages_are_left_out_by_default_and_near_misses_are_not() -> None:
    assert written(busy_call()) == MESSAGES.splitlines(keepends=True)[2] + CALL


@pytest.mark.parametrize(("kind", "shown"), [("near-miss", True), ("problem", True), ("log", True), ("step", False)])
def test_which_notes_are_shown_without_messages(kind: str, shown: bool) -> None:
    note = Note(100.0, 0, kind, "text")
    assert (f"{kind}: text" in written([note])) is shown
    assert f"{kind}: text" in written([note], messages=True)


def test_whole_messages() -> None:
    text = written(
        [received(100.0, request("INFO", body=b"a\tb\x1b[2J\r\nc\xff", content_type="x/y"))], messages=True, whole=True
    )
    lines = text.splitlines()
    assert lines[1] == "    │ INFO sip:bob@10.0.0.9 SIP/2.0"
    assert lines[-3:] == ["    │", "    │ a    b\\x1b[2J", "    │ c\\xff"]


def test_responses_to_later_requests_name_their_method() -> None:
    events: list[Event] = [received(100.0, request("INVITE")), sent(101.0, response("200 OK", "BYE"), flow=UDP6)]
    assert "◀── 200 OK (BYE)  udp [2001:db8::5]:5062\n" in written(events, messages=True)


def test_malformed_bytes() -> None:
    assert written([malformed(100.0)]) == "13:01:41.000  malformed  no start line; not answered  udp 10.0.0.5:5062\n"


def test_a_peer_cannot_write_to_the_terminal() -> None:
    evil = "sip:\x1b[2J\x07\r\n@x\udcff"
    events: list[Event] = [ended(101.0, uri=evil, caller=evil), Note(101.0, 0, "log", evil)]
    text = written(
        [*events, received(101.0, f"X {evil}".encode("utf-8", "surrogateescape"))], messages=True, whole=True
    )
    assert "\x1b" not in text
    assert "\x07" not in text
    assert "\r" not in text
    text.encode()  # and nothing that no encoding takes


def test_ascii() -> None:
    text = written([*busy_call(), ended(103.0, uri="sip:ü@x")], messages=True, whole=True, ascii_only=True)
    assert text.isascii()
    assert "100>180>486  sip:\\xfc@x" in text
    assert "#1  --> INVITE" in text


@pytest.mark.parametrize(
    ("outcome", "colour"), [("completed", COLOURS.good), ("cancelled", COLOURS.good), ("failed", COLOURS.bad)]
)
def test_colours_show_the_outcome(outcome: str, colour: str) -> None:
    line = written([ended(101.0, outcome=outcome)], palette=COLOURS)
    assert line.startswith(colour)
    assert line.endswith(COLOURS.end + "\n")


def test_no_colours_by_default() -> None:
    assert "\x1b" not in written(busy_call(), messages=True)
    assert not any(getattr(Palette(), name) for name in Palette.__slots__)


class TestTooManyForATerminal:
    """More lines a second than anybody reads."""

    def test_the_rest_is_counted(self) -> None:
        out = io.StringIO()
        console = Console(out.write, clock=CLOCK, limit=2)
        console.observe([ended(101.0 + n / 100, outcome="failed" if n == 5 else "completed") for n in range(10)])
        console.flush(101.1)
        assert len(out.getvalue().splitlines()) == 2
        console.flush(102.0)
        assert out.getvalue().splitlines()[2] == "13:01:42      … not shown: 8 calls (1 failed)"
        console.flush(103.0)
        assert len(out.getvalue().splitlines()) == 3

    def test_the_next_second_has_its_lines_again(self) -> None:
        lines = written([ended(101.0), ended(101.1), ended(102.0), ended(102.1)], limit=1).splitlines()
        assert [line[14:30] for line in lines] == ["INVITE  100→180→", "… not shown: 1 c"] * 2

    def test_messages_count_too(self) -> None:
        lines = written(busy_call()[:-1], messages=True, whole=True, limit=2).splitlines()
        assert lines[-1] == "13:01:43      … not shown: 1 other line"
        assert not [line for line in lines if "near-miss" in line]

    def test_a_file_gets_every_line(self) -> None:
        assert len(written([ended(101.0)] * 1000).splitlines()) == 1000


def test_nothing_is_written_without_events() -> None:
    out: list[str] = []
    console = Console(out.append, clock=CLOCK)
    console.flush(1.0)
    console.close(0.0)
    assert out == []


def test_one_write_a_flush() -> None:
    out: list[str] = []
    console = Console(out.append, clock=CLOCK)
    console.observe([ended(101.0), ended(101.0)])
    console.flush(101.0)
    assert len(out) == 1


def test_journal_and_console_take_the_same_calls() -> None:
    """Both are observers."""
    for observer in (Journal(CLOCK), Console(lambda text: None, clock=CLOCK)):
        observer.observe(busy_call())
        observer.flush(103.0)
        observer.close(0.0)
