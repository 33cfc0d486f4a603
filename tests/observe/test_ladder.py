from __future__ import annotations

import pytest

from responder.events import Flow, Note
from responder.observe.ladder import ladder, place, rungs, seconds, selected
from responder.observe.records import Record, record_of

from .sample import CLOCK, SDP, TCP, UDP6, busy_call, ended, malformed, received, request, response, sent


def records(events: object) -> list[Record]:
    return [record_of(event, CLOCK) for event in events]  # type: ignore[attr-defined]


BUSY = """\
call 1 · INVITE sip:bob@10.0.0.9 · busy
Call-ID a84b4c@10.0.0.5

            client                                                     responder
            10.0.0.5:5062                                      10.0.0.9:5060 udp
     0.000  │ ──────────────────────── INVITE (SDP) ─────────────────────────▶ │
     0.000  │ ◀───────────────────────── 100 Trying ────────────────────────── │
            │ · near-miss: rule 'idle' but for user: expected 'idle', got      │
            │   'bob'                                                          │
     0.001  │ ◀───────────────────────── 180 Ringing ───────────────────────── │
            │ · busy step 2                                                    │
     2.004  │ ◀──────────────────────── 486 Busy Here ──────────────────────── │
            │ · busy step 4                                                    │
     2.504  │ ◀─────────────── 486 Busy Here (retransmission) ──────────────── │
     2.510  │ ───────────────────────────── ACK ─────────────────────────────▶ │
     2.510  · completed after 2.51s
"""

ANSWERED_ASCII = """\
call 2 * INVITE sip:bob@10.0.0.9
Call-ID a84b4c@10.0.0.5

            client                                     responder
            [2001:db8::5]:5062            [2001:db8::1]:5060 udp
     0.000  | ------------------- INVITE --------------------> |
     0.100  | <---------------- 200 OK (SDP) ----------------- |
     0.200  | ------------------ ACK (SDP) ------------------> |
     1.000  | <--------------------- BYE --------------------- |
     1.001  | ---------------- 200 OK (BYE) -----------------> |
     1.001  * failed after 1.00s: expected INFO, got ACK in t...
"""


def test_golden_busy() -> None:
    assert ladder(records(busy_call())) == BUSY


def test_golden_answered_in_ascii_at_sixty_four_columns() -> None:
    sdp = {"body": SDP, "content_type": "application/sdp"}
    events = [
        received(100.0, request("INVITE"), flow=UDP6, call=2),
        sent(100.1, response("200 OK", **sdp), flow=UDP6, call=2),  # type: ignore[arg-type]
        received(100.2, request("ACK", **sdp), flow=UDP6, call=2),  # type: ignore[arg-type]
        sent(101.0, request("BYE"), flow=UDP6, call=2),
        received(101.001, response("200 OK", "BYE"), flow=UDP6, call=2),
        ended(101.001, call=2, scenario="", outcome="failed", reason="expected INFO, got ACK in the end"),
    ]
    assert ladder(records(events), width=64, ascii_only=True) == ANSWERED_ASCII


@pytest.mark.parametrize("width", [40, 60, 72, 80, 100, 132])
@pytest.mark.parametrize("ascii_only", [False, True])
def test_no_line_is_wider_than_asked(width: int, ascii_only: bool) -> None:
    long = response("486 " + "Very " * 60 + "Busy")
    host = "2001:db8:aaaa:bbbb:cccc:dddd:eeee:1111"
    far = Flow("UDP", (host, 50600), (host, 50602))
    events = [
        *busy_call(),
        sent(102.6, long, note="word " * 60),
        received(102.7, request("INFO", call_id="x" * 200), flow=far),
        Note(102.8, 1, "log", "x" * 300),
        malformed(102.9),
    ]
    for text in (
        ladder(records(events), width=width, ascii_only=ascii_only),
        ladder(records(events[-3:]), width=width),
    ):
        assert max(map(len, text.splitlines())) <= max(width, 64)
    assert ladder(records(events), ascii_only=True).isascii()


def test_bars_stand_one_above_the_other() -> None:
    bars = {
        (line.index("│"), line.rindex("│"))
        for line in ladder(records(busy_call()), width=100).splitlines()
        if "│" in line
    }
    assert len(bars) == 1


def test_a_change_of_flow_is_said() -> None:
    text = ladder(records([*busy_call()[:1], received(100.5, request("ACK"), flow=TCP)]))
    assert "· tcp 10.0.0.5:40000 → 10.0.0.9:5060" in text
    text = ladder(records([*busy_call()[:1], sent(100.5, response("486 Busy Here"), flow=TCP)]))
    assert "· tcp 10.0.0.9:5060 → 10.0.0.5:40000" in text


def test_time_counts_from_the_first_message() -> None:
    later = [received(1000.0, request("OPTIONS")), sent(1000.25, response("200 OK", "OPTIONS"))]
    assert "     0.250  │" in ladder(records(later))


def test_an_escape_sequence_does_not_reach_the_terminal() -> None:
    text = ladder(records([sent(100.0, b"SIP/2.0 486 \x1b[2J\xff\r\n\r\n", note="\x1b]0;x\x07")]))
    assert "\x1b" not in text
    assert "486 \\x1b[2J\\xff" in text


def test_what_belongs_to_no_call() -> None:
    text = ladder(records([malformed(100.0)]))
    assert text.startswith("without a call\n")
    assert "9 bytes, malformed" in text
    assert "no start line; not answered" in text


def test_rungs_of_several_calls_name_the_methods_and_flows_of_each() -> None:
    found = rungs(
        records(
            [
                received(100.0, request("INVITE")),
                received(100.1, request("OPTIONS", call_id="other@b"), flow=TCP, call=2),
                sent(100.2, response("200 OK", "OPTIONS"), flow=TCP, call=2),
                sent(100.3, response("200 OK", "OPTIONS")),
                ended(100.4, reason="late"),
            ]
        )
    )
    assert [(round(rung.time, 3), rung.label, rung.remarks) for rung in found] == [
        (0.0, "INVITE", ()),
        (0.1, "OPTIONS", ("tcp 10.0.0.5:40000 → 10.0.0.9:5060",)),
        (0.2, "200 OK", ()),
        (0.3, "200 OK (OPTIONS)", ()),
        (0.4, "completed after 0.40s: late", ()),
    ]
    assert rungs([]) == []


def test_an_empty_call_draws_nothing_but_a_title() -> None:
    assert ladder([]) == "without a call\n"


def test_calls_are_told_apart_and_picked() -> None:
    events = records(
        [
            *busy_call(),
            malformed(103.0),
            received(104.0, request("OPTIONS", call_id="other@b"), call=2),
            Note(105.0, 2, "log", "hello"),
        ]
    )
    assert [(number, len(found)) for number, found in selected(events)] == [(1, len(busy_call())), (0, 1), (2, 2)]
    assert [number for number, _ in selected(events, call=2)] == [2]
    assert [number for number, _ in selected(events, call_id="other@b")] == [2]
    assert [number for number, _ in selected(events, call=1, call_id="other@b")] == []


@pytest.mark.parametrize(("value", "text"), [(0.0041, "0.004s"), (0.25, "0.25s"), (2.009, "2.01s"), (75.31, "75.3s")])
def test_seconds(value: float, text: str) -> None:
    assert seconds(value) == text


@pytest.mark.parametrize(("address", "text"), [(("10.0.0.1", 5060), "10.0.0.1:5060"), (("::1", 5060), "[::1]:5060")])
def test_place(address: tuple[str, int], text: str) -> None:
    assert place(address) == text
