"""What each case of a sweep is answered with: for a code, a method and a variant the flow that exposes the duties."""

from __future__ import annotations

from typing import Final

from responder.observe.records import Case
from responder.sweep import in_dialog_flows, invite_flows, request_flows
from responder.sweep.flow import Flow
from responder.sweep.in_dialog_flows import RE_INVITE
from responder.sweep.variants import VARIANTS

OUTSIDE: Final = ("INVITE", "REGISTER", "OPTIONS", "MESSAGE", "SUBSCRIBE", "PUBLISH", "REFER")
"""Methods of cases whose request stands outside of dialogs."""
INSIDE: Final = ("BYE", "CANCEL", "PRACK", "UPDATE", "INFO", "NOTIFY", RE_INVITE)
"""Methods of cases whose request belongs to a call, which is accepted, or rings, first."""
METHODS: Final = OUTSIDE + INSIDE
"""Every method that a case can have."""


def flow_for(case: Case) -> Flow:
    """The flow of a case with a code, changed as its variant says; `KeyError` for a variant that is not known."""
    return VARIANTS[case.variant].change(_plain(case), case)


def _plain(case: Case) -> Flow:
    if case.method == "INVITE":
        return invite_flows.flow(case)
    return in_dialog_flows.flow(case) if case.method in INSIDE else request_flows.flow(case)
