"""The flow of a case: what its client is answered with."""

from __future__ import annotations

from responder.observe.records import Case
from responder.sweep.flow import Flow


def flow_for(case: Case) -> Flow:
    """The flow of this case."""
    status = int(case.code) if case.code else 0
    rule = {"name": f"sweep-{case.code or 'dial'}", "match": {"method": case.method}}
    if not status:
        steps = [100, 180, 200]
    elif case.method != "INVITE":
        steps = [status] if status >= 200 else [200]
    elif status < 200:
        steps = [100, status, "300ms", 486]
    elif status < 300:
        steps = [100, status, "500ms", {"send": "BYE"}]
    else:
        steps = [100, status]
    if not status:
        return Flow({"rules": []}, "what was dialled")
    return Flow({"rules": [{**rule, "steps": steps}]}, f"what a client does with {status}")
