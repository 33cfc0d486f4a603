"""A made-up run: one busy call over UDP, and parts to build others from."""

from __future__ import annotations

from typing import Any, cast

from responder.errors import ParseError
from responder.events import CallEnded, Event, Flow, Malformed, MessageReceived, MessageSent, Note
from responder.observe.clock import Clock

CLOCK = Clock(epoch=1_767_355_201.0, start=100.0, utc_offset=3600)
"""Engine time 100 is 2026-01-02 12:01:41 UTC, an hour later on the wall."""
UDP = Flow("UDP", ("10.0.0.9", 5060), ("10.0.0.5", 5062))
UDP6 = Flow("UDP", ("2001:db8::1", 5060), ("2001:db8::5", 5062))
TCP = Flow("TCP", ("10.0.0.9", 5060), ("10.0.0.5", 40000), 7)
SDP = b"v=0\r\no=- 1 1 IN IP4 10.0.0.5\r\ns=-\r\nc=IN IP4 10.0.0.5\r\nt=0 0\r\nm=audio 9 RTP/AVP 0\r\n"


def fields(method: str, body: bytes, content_type: str, call_id: str) -> str:
    typed = f"Content-Type: {content_type}\r\n" if content_type else ""
    return (
        "Via: SIP/2.0/UDP 10.0.0.5:5062;branch=z9hG4bK776\r\nFrom: <sip:alice@10.0.0.5>;tag=1\r\n"
        f"To: <sip:bob@10.0.0.9>\r\nCall-ID: {call_id}\r\nCSeq: 1 {method}\r\n{typed}"
        f"Content-Length: {len(body)}\r\n\r\n"
    )


def request(method: str, *, body: bytes = b"", content_type: str = "", call_id: str = "a84b4c@10.0.0.5") -> bytes:
    return f"{method} sip:bob@10.0.0.9 SIP/2.0\r\n{fields(method, body, content_type, call_id)}".encode() + body


def response(line: str, method: str = "INVITE", *, body: bytes = b"", content_type: str = "") -> bytes:
    return f"SIP/2.0 {line}\r\n{fields(method, body, content_type, 'a84b4c@10.0.0.5')}".encode() + body


def received(time: float, data: bytes, *, flow: Flow = UDP, call: int = 1, again: bool = False) -> MessageReceived:
    return MessageReceived(time, flow, data, cast(Any, None), call, again)


def sent(
    time: float, data: bytes, *, flow: Flow = UDP, call: int = 1, again: bool = False, note: str = ""
) -> MessageSent:
    return MessageSent(time, flow, data, call, again, note)


def ended(time: float, *, call: int = 1, outcome: str = "completed", reason: str = "", **other: Any) -> CallEnded:
    values: dict[str, Any] = {
        "call_id": "a84b4c@10.0.0.5",
        "method": "INVITE",
        "uri": "sip:bob@10.0.0.9",
        "caller": "alice@10.0.0.5",
        "source": ("10.0.0.5", 5062),
        "transport": "UDP",
        "scenario": "busy",
        "path": ("100", "180", "486"),
        "started": 100.0,
    }
    return CallEnded(time=time, call=call, outcome=outcome, reason=reason, **(values | other))


def malformed(time: float, data: bytes = b"\x00\xffnot SIP") -> Malformed:
    return Malformed(time, UDP, data, ParseError("no start line", field="start line"), 0)


def busy_call() -> list[Event]:
    invite = request("INVITE", body=SDP, content_type="application/sdp")
    return [
        received(100.0, invite),
        sent(100.0004, response("100 Trying")),
        Note(100.001, 1, "near-miss", "rule 'idle' but for user: expected 'idle', got 'bob'"),
        sent(100.001, response("180 Ringing"), note="busy step 2"),
        sent(102.004, response("486 Busy Here"), note="busy step 4"),
        sent(102.504, response("486 Busy Here"), again=True, note="retransmission"),
        received(102.51, request("ACK")),
        ended(102.51),
    ]
