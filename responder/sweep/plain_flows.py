"""What a case is answered with before a variant changes it."""

from __future__ import annotations

from responder.observe.records import Case
from responder.sweep import in_dialog_flows, invite_flows, request_flows
from responder.sweep.flow import Flow


def plain_flow(case: Case) -> Flow:
    """The flow for the code and the method of a case."""
    if case.method == "INVITE":
        return invite_flows.flow(case)
    return in_dialog_flows.flow(case) if case.method in in_dialog_flows.METHODS else request_flows.flow(case)
