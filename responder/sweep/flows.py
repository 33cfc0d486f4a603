"""What each case of a sweep is answered with: for a code, a method and a variant the flow that exposes the duties."""

from __future__ import annotations

from typing import Final

from responder.observe.records import Case
from responder.sweep import in_dialog_flows
from responder.sweep.flow import Flow
from responder.sweep.plain_flows import plain_flow
from responder.sweep.variants import VARIANTS

OUTSIDE: Final = ("INVITE", "REGISTER", "OPTIONS", "MESSAGE", "SUBSCRIBE", "PUBLISH", "REFER")
"""Methods of cases whose request stands outside of dialogs."""
INSIDE: Final = in_dialog_flows.METHODS
"""Methods of cases whose request belongs to a call, which is accepted, or rings, first."""
METHODS: Final = OUTSIDE + INSIDE
"""Every method that a case can have."""


def flow_for(case: Case) -> Flow:
    """The flow of a case with a code, changed as its variant says; `KeyError` for a variant that is not known."""
    return VARIANTS[case.variant].change(plain_flow(case), case)
