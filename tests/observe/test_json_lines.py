from __future__ import annotations

import json

import pytest

from responder.events import Note
from responder.observe.json_lines import as_json, encode, from_json, sound
from responder.observe.records import MalformedRecord, MessageRecord, record_of

from .sample import CLOCK, TCP, UDP6, busy_call, ended, malformed, received, request

EVENTS = [
    *busy_call(),
    received(101.0, request("OPTIONS"), flow=UDP6, call=0),
    received(101.0, request("OPTIONS"), flow=TCP, call=3),
    received(101.0, bytes(range(256)), call=2),
    received(101.0, "BYE sip:ü SIP/2.0\r\n\r\n".encode(), call=2),
    malformed(101.0),
    ended(103.0, outcome="failed", reason="expected BYE", uri="sip:ü", path=()),
    Note(104.0, 0, "problem", "a\nb"),
]


@pytest.mark.parametrize("event", EVENTS, ids=lambda event: type(event).__name__)
def test_record_round_trip(event: object) -> None:
    record = record_of(event, CLOCK)  # type: ignore[arg-type]
    line = encode(as_json(record))
    assert line.isascii()
    assert "\n" not in line
    assert from_json(json.loads(line)) == record


@pytest.mark.parametrize("byte", range(256))
def test_every_byte_survives(byte: int) -> None:
    data = b"x" + bytes([byte]) + b"\r\n"
    for event in (received(101.0, data), malformed(101.0, data)):
        line = encode(as_json(record_of(event, CLOCK)))
        record = from_json(json.loads(line))
        assert isinstance(record, MessageRecord | MalformedRecord)
        assert record.data == data
        assert "\\ud" not in line  # no lone surrogate, which strict readers refuse


def test_utf_8_needs_no_base64() -> None:
    assert "base64" not in as_json(record_of(received(101.0, "ü".encode()), CLOCK))


def test_a_message_as_json() -> None:
    line = as_json(record_of(received(100.25, request("ACK"), again=True), CLOCK))
    assert line == {
        "event": "message",
        "time": 0.25,
        "wall": "2026-01-02T12:01:41.250000Z",
        "direction": "received",
        "transport": "UDP",
        "local": {"host": "10.0.0.9", "port": 5060},
        "remote": {"host": "10.0.0.5", "port": 5062},
        "connection": 0,
        "call": 1,
        "call_id": "a84b4c@10.0.0.5",
        "transaction": "z9hG4bK776 INVITE",
        "dialog": "",
        "retransmission": True,
        "note": "",
        "text": request("ACK").decode(),
    }


def test_a_call_as_json() -> None:
    assert as_json(record_of(ended(102.5), CLOCK)) == {
        "event": "call",
        "time": 2.5,
        "wall": "2026-01-02T12:01:43.500000Z",
        "call": 1,
        "call_id": "a84b4c@10.0.0.5",
        "method": "INVITE",
        "uri": "sip:bob@10.0.0.9",
        "caller": "alice@10.0.0.5",
        "source": {"host": "10.0.0.5", "port": 5062},
        "transport": "UDP",
        "scenario": "busy",
        "path": ["100", "180", "486"],
        "outcome": "completed",
        "duration": 2.5,
        "reason": "",
    }


@pytest.mark.parametrize(
    ("text", "expected"),
    [("ok ü", "ok ü"), (b"a\xffb".decode("utf-8", "surrogateescape"), "a\\xffb"), ("\ud800", "\\ud800")],
)
def test_sound_text_has_no_lone_surrogate(text: str, expected: str) -> None:
    assert sound(text) == expected


def test_other_events_are_no_records() -> None:
    assert from_json({"event": "listening"}) is None
