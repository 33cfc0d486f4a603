"""What is said of a sweep as a whole."""

from __future__ import annotations

import pytest
from bench import BUSY, Bench, Caller

from responder.observe.clock import Clock
from responder.observe.records import Case, CaseRecord, ClientRecord, EndRecord, record_of
from responder.observe.report.result import Result, results_of
from responder.sweep.advice import advice


def result(transport: str, *, calls: bool = True) -> Result:
    """Of a case that a client of UDP was put through."""
    bench, caller = Bench(BUSY), Caller()
    if calls:
        bench.receive(caller.ack_refusal(bench.receive(caller.invite())[-1]))
    records = [record_of(event, Clock()) for event in bench.events]
    client = ClientRecord(9.0, 9.0, "exited", 0, "")
    case = CaseRecord(0.0, 0.0, Case("486", "486", "INVITE", transport), "client")
    return next(results_of([case, *records, client, EndRecord(9.0, 9.0)]))


@pytest.mark.parametrize(
    ("results", "said"),
    [
        ([], []),
        ([result("UDP")], []),
        ([result("UDP", calls=False), result("UDP")], []),
        ([result("UDP", calls=False)], ["no client called"]),
        (
            [result("TCP"), result("TCP"), result("UDP")],
            ["told to come by TCP, the client came otherwise in 2 of 3 cases"],
        ),
    ],
)
def test_advice(results: list[Result], said: list[str]) -> None:
    found = advice(results)
    assert len(found) == len(said)
    assert all(line.startswith(start) for line, start in zip(found, said, strict=True))
