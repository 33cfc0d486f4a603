"""What answers a phone that dials cases in any order: the flow of the case that is dialled, until another one is."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final

from responder.errors import ParseError
from responder.scenario.matcher import read_user
from responder.scenario.plan import Plan
from responder.scenario.playbook import Playbook

if TYPE_CHECKING:
    from responder.events import Flow
    from responder.sip.message import Request
    from responder.uas.script import Script

Dialled = Callable[[str, str, str, str], Plan | None]
"""Called with user, method, transport and Call-ID of each new request: what it is answered with from now on, None where
that stays as it is."""


class Switchboard(Playbook):
    """A playbook whose plan depends on what is dialled."""

    def __init__(self, plan: Plan, *, dialled: Dialled, **settings: Any) -> None:
        super().__init__(plan, **settings)
        self._dialled_case = dialled

    def choose(self, request: Request, flow: Flow, now: float) -> Script:
        """The script for this first request of a call."""
        return super().choose(request, flow, now)
