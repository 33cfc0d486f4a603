from __future__ import annotations

import pytest

from responder.observe.records import CallRecord, record_of
from responder.observe.verdict import passed

from .sample import CLOCK, ended

OUTCOMES = {
    "completed": True,
    "cancelled": True,
    "no-ack": False,
    "no-prack": False,
    "failed": False,
    "timeout": False,
    "abandoned": False,
    "rejected": False,
}


@pytest.mark.parametrize(("outcome", "expected"), OUTCOMES.items())
def test_which_outcomes_pass(outcome: str, expected: bool) -> None:
    event = ended(101.0, outcome=outcome)
    record = record_of(event, CLOCK)
    assert isinstance(record, CallRecord)
    assert passed(event) is expected
    assert passed(record) is expected
