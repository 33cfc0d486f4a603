"""Records as lines of JSON and back, without loss.

Every line is one object in ASCII with an `event` member: `message`, `malformed`, `call`, `note`, `case`, `client`,
`gap` or `end`. The bytes of a message stand under `text`. Where they are not UTF-8 they stand under `base64` as well,
which then counts, and `text` shows each byte that is none as `\\xNN`: so every JSON reader takes the line, which a lone
surrogate would not allow.
"""

from __future__ import annotations

from base64 import b64decode, b64encode
from json import JSONEncoder
from typing import Any

from responder.events import Address
from responder.observe.clock import from_iso, iso
from responder.observe.records import (
    CallRecord,
    Case,
    CaseRecord,
    ClientRecord,
    EndRecord,
    Entry,
    GapRecord,
    MalformedRecord,
    MessageRecord,
    NoteRecord,
)

_CASE = tuple(Case.__dataclass_fields__)
encode = JSONEncoder(separators=(",", ":")).encode
"""A JSON value on one line, in ASCII."""


def sound(text: str) -> str:
    """`text` without lone surrogates: a byte that was not UTF-8 becomes `\\xNN`."""
    if text.isascii():
        return text
    try:
        return text.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")
    except UnicodeEncodeError:  # a surrogate that no byte became
        return text.encode("utf-8", "backslashreplace").decode("utf-8")


def _place(address: Address) -> dict[str, Any]:
    return {"host": address[0], "port": address[1]}


def content(data: bytes) -> dict[str, str]:
    """The bytes of a message as members of an object: `text`, and `base64` where they are not UTF-8."""
    try:
        return {"text": data.decode("utf-8")}
    except UnicodeDecodeError:
        return {"text": data.decode("utf-8", "backslashreplace"), "base64": b64encode(data).decode("ascii")}


def as_json(record: Entry) -> dict[str, Any]:
    """The JSON object of a record."""
    stamp = {"time": record.time, "wall": iso(record.wall)}
    if isinstance(record, MessageRecord):
        return {
            "event": "message",
            **stamp,
            "direction": "received" if record.received else "sent",
            "transport": record.transport,
            "local": _place(record.local),
            "remote": _place(record.remote),
            "connection": record.connection,
            "call": record.call,
            "call_id": sound(record.call_id),
            "transaction": sound(record.transaction),
            "dialog": sound(record.dialog),
            "retransmission": record.retransmission,
            "note": sound(record.note),
            **content(record.data),
        }
    if isinstance(record, CallRecord):
        return {
            "event": "call",
            **stamp,
            "call": record.call,
            "call_id": sound(record.call_id),
            "method": sound(record.method),
            "uri": sound(record.uri),
            "caller": sound(record.caller),
            "source": _place(record.source),
            "transport": record.transport,
            "scenario": sound(record.scenario),
            "path": [sound(step) for step in record.path],
            "outcome": record.outcome,
            "duration": record.duration,
            "reason": sound(record.reason),
        }
    if isinstance(record, MalformedRecord):
        return {
            "event": "malformed",
            **stamp,
            "transport": record.transport,
            "local": _place(record.local),
            "remote": _place(record.remote),
            "connection": record.connection,
            "what": sound(record.what),
            "field": sound(record.field),
            "answered": record.answered,
            **content(record.data),
        }
    if isinstance(record, NoteRecord):
        return {"event": "note", **stamp, "call": record.call, "kind": record.kind, "text": sound(record.text)}
    if isinstance(record, CaseRecord):
        commands = {"command": sound(record.command), "template": sound(record.template)}
        return {"event": "case", **stamp, **case_as_json(record.case), **commands}
    if isinstance(record, ClientRecord):
        left = {"how": record.how, "exit_status": record.exit_status, "output": sound(record.output)}
        return {"event": "client", **stamp, **left}
    if isinstance(record, GapRecord):
        return {"event": "gap", **stamp, "messages": record.messages}
    return {"event": "end", **stamp}


def case_as_json(case: Case) -> dict[str, str]:
    """A case as members of an object."""
    return {name: sound(getattr(case, name)) for name in _CASE}


def _address(place: Any) -> Address:
    return str(place["host"]), int(place["port"])


def _bytes(line: dict[str, Any]) -> bytes:
    return b64decode(line["base64"]) if "base64" in line else str(line["text"]).encode("utf-8", "surrogateescape")


def from_json(line: dict[str, Any]) -> Entry | None:
    """The record that `as_json` wrote; None for an event that is no record.

    Raises KeyError, TypeError or ValueError for an object that is not of this form.
    """
    kind = line["event"]
    if kind not in ("message", "malformed", "call", "note", "case", "client", "gap", "end"):
        return None
    time, wall = float(line["time"]), from_iso(line["wall"])
    if kind == "message":
        return MessageRecord(
            time=time,
            wall=wall,
            received=line["direction"] == "received",
            transport=str(line["transport"]),
            local=_address(line["local"]),
            remote=_address(line["remote"]),
            connection=int(line["connection"]),
            call=int(line["call"]),
            call_id=str(line["call_id"]),
            transaction=str(line.get("transaction", "")),
            dialog=str(line.get("dialog", "")),
            retransmission=bool(line["retransmission"]),
            note=str(line["note"]),
            data=_bytes(line),
        )
    if kind == "call":
        return CallRecord(
            time=time,
            wall=wall,
            call=int(line["call"]),
            call_id=str(line["call_id"]),
            method=str(line["method"]),
            uri=str(line["uri"]),
            caller=str(line["caller"]),
            source=_address(line["source"]),
            transport=str(line["transport"]),
            scenario=str(line["scenario"]),
            path=tuple(map(str, line["path"])),
            outcome=str(line["outcome"]),
            duration=float(line["duration"]),
            reason=str(line["reason"]),
        )
    if kind == "malformed":
        return MalformedRecord(
            time=time,
            wall=wall,
            transport=str(line["transport"]),
            local=_address(line["local"]),
            remote=_address(line["remote"]),
            connection=int(line["connection"]),
            data=_bytes(line),
            what=str(line["what"]),
            field=str(line["field"]),
            answered=int(line["answered"]),
        )
    if kind == "note":
        return NoteRecord(time=time, wall=wall, call=int(line["call"]), kind=str(line["kind"]), text=str(line["text"]))
    if kind == "case":
        case = Case(**{name: str(line[name]) for name in _CASE})
        return CaseRecord(time=time, wall=wall, case=case, command=str(line["command"]), template=str(line["template"]))
    if kind == "client":
        status = line["exit_status"]
        return ClientRecord(
            time=time,
            wall=wall,
            how=str(line["how"]),
            exit_status=None if status is None else int(status),
            output=str(line["output"]),
        )
    if kind == "gap":
        return GapRecord(time=time, wall=wall, messages=int(line["messages"]))
    return EndRecord(time=time, wall=wall)
