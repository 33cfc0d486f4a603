"""Whether a call went as it should: the one place that says which outcomes are failures."""

from __future__ import annotations

from responder.events import CallEnded
from responder.observe.records import CallRecord

PASSED = frozenset({"completed", "cancelled"})
"""Outcomes (`events.CallEnded.outcome`) of a call whose client did nothing wrong."""


def passed(call: CallEnded | CallRecord) -> bool:
    """True for a call that counts as passed in the exit code of `responder serve --calls`."""
    return call.outcome in PASSED
