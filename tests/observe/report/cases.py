"""Cases of a sweep that was not: clients on the virtual clock, what they did, and how they left."""

from __future__ import annotations

from dataclasses import replace

from bench import TCP, UDP, Bench, Caller

from responder.observe.records import (
    Case,
    CaseRecord,
    ClientRecord,
    Entry,
    MalformedRecord,
    MessageRecord,
    NoteRecord,
    Record,
)
from responder.observe.report.result import Report, report_of
from responder.uas.script import Reply

from ..rules.judging import records_of

_RIGHT = ("Allow: INVITE, ACK, BYE, CANCEL, OPTIONS", "Supported: replaces")
BEGAN = 1_767_355_201.0
"""2026-01-02 12:00:01 UTC."""


def case(
    records: list[Record],
    code: str = "486",
    *,
    variant: str = "plain",
    transport: str = "UDP",
    command: str = "phone sip:486@127.0.0.1",
    how: str = "exited",
    status: int | None = 0,
    output: str = "",
) -> list[Entry]:
    """What a trace holds of one case."""
    last = records[-1].time if records else 0.0
    return [
        CaseRecord(0.0, BEGAN, Case(code, code, "INVITE", transport, variant), command),
        *(replace(record, wall=BEGAN + record.time) for record in records),
        ClientRecord(last + 1.0, BEGAN + last + 1.0, how, status, output),
    ]


def silent(status: int = 486, *, number: int = 1) -> list[Record]:
    """A client that sends no ACK: the MUST of RFC 3261 17.1.1.2 is broken, and the refusal comes again and again."""
    bench = Bench(Reply(status))
    bench.receive(Caller(number).invite(*_RIGHT))
    bench.run(40)
    return records_of(bench.events)


def right(*, number: int = 1, transport: str = "UDP") -> list[Record]:
    """A client that does everything right: it calls, and hangs up."""
    flow = TCP if transport == "TCP" else UDP
    bench, caller = Bench(Reply(200)), Caller(number, flow=flow)
    bench.call(caller, *_RIGHT)
    bench.receive(caller.bye(), flow)
    bench.run(40)
    return records_of(bench.events)


def terse() -> list[Record]:
    """A client that leaves out what an INVITE only SHOULD have: Allow and Supported."""
    bench, caller = Bench(Reply(200)), Caller()
    bench.call(caller)
    bench.receive(caller.bye())
    bench.run(40)
    return records_of(bench.events)


def message(data: bytes, *, time: float = 0.0, received: bool = True, note: str = "", call: int = 1) -> MessageRecord:
    """Any bytes as a message."""
    return MessageRecord(
        time=time,
        wall=BEGAN + time,
        received=received,
        transport="UDP",
        local=("127.0.0.1", 5060),
        remote=("192.0.2.10", 5062),
        connection=0,
        call=call,
        call_id="x@192.0.2.10",
        transaction="",
        dialog="",
        retransmission=False,
        note=note,
        data=data,
    )


def malformed(data: bytes, what: str, *, time: float = 0.0) -> MalformedRecord:
    """Bytes that are no message."""
    return MalformedRecord(time, BEGAN + time, "UDP", ("127.0.0.1", 5060), ("192.0.2.10", 5062), 0, data, what, "", 400)


def note(text: str, *, time: float = 0.0) -> NoteRecord:
    """A line of the journal."""
    return NoteRecord(time, BEGAN + time, 1, "near-miss", text)


def report(*cases: list[Entry], **options: object) -> Report:
    return report_of([entry for one in cases for entry in one], version="1.2", **options)  # type: ignore[arg-type]


def swept() -> Report:
    """Two cases that fail, one of another level, two that pass."""
    return report(
        case(silent(), output="calling\nbusy\n"),
        case(silent(404), "404", status=3),
        case(terse(), "200"),
        case(right(), "200", variant="compact"),
        case(right(transport="TCP"), "200", transport="TCP"),
    )
