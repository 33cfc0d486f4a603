"""What answers a phone that dials cases in any order: the flow of the case that is dialled, until another one is."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

from responder.scenario.matcher import user_of
from responder.scenario.plan import Plan
from responder.scenario.playbook import Playbook

if TYPE_CHECKING:
    from responder.events import Flow
    from responder.sip.message import Request
    from responder.uas.script import Script


class Begun(NamedTuple):
    """A new request outside of dialogs."""

    method: str
    user: str
    """Of its Request-URI, empty where there is none."""
    transport: str
    call_id: str


Answer: TypeAlias = Callable[[Begun], Plan | None]
"""What such a request, and what follows it, is answered with; None where that stays as it was."""


class Switchboard(Playbook):
    """A playbook that gets another plan when another case is dialled."""

    def __init__(self, plan: Plan, *, answer: Answer, **settings: Any) -> None:
        super().__init__(plan, **settings)
        self._answer = answer

    def choose(self, request: Request, flow: Flow, now: float) -> Script:
        """The script for this first request of a call."""
        user = next(iter(user_of(request.uri)), "")
        plan = self._answer(Begun(request.method, user, flow.transport, request.first("call-id") or ""))
        if plan is not None:
            self.use(plan)
            self.forget()
        return super().choose(request, flow, now)
