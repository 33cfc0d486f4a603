"""Steps that cannot be: responses after the final one, requests without a dialog, steps behind the end of the flow.

The steps are walked once as a call would, with what is known of the request at hand and of the dialog. Where branches
differ nothing is known, and nothing is said.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Final

from responder.scenario import plan
from responder.scenario.nodes import Place
from responder.scenario.plan import Block, Step
from responder.scenario.problems import Problems
from responder.scenario.texts import CALLER

NONE: Final = "none"
EARLY: Final = "early"
YES: Final = "there"
OVER: Final = "over"
MAYBE: Final = "maybe"
"""It is not known."""

_MAKES_DIALOG: Final = ("INVITE", "SUBSCRIBE", "REFER")
_SUBSCRIBING: Final = frozenset({"SUBSCRIBE", "REFER"})


@dataclass(frozen=True, slots=True)
class State:
    """What is known between two steps."""

    final: tuple[int, Place] | None = None
    """The final response to the request at hand, where it certainly was sent."""
    method: str = ""
    """Of the request at hand; empty where it is not known."""
    dialog: str = NONE
    ended: Place | None = None
    """Where the flow certainly ended."""
    hung_up: bool = False
    """The last final response was that of `hangup`."""
    subscribes: bool = False
    """A request that makes a subscription may have come."""
    legs: bool = False
    """There may be dialogs that INVITEs of ours made: then nothing is known of the dialog."""
    invite_waits: bool = False
    """An INVITE is still open beneath the request at hand, and is at hand again after its final response."""


def check_flow(steps: Block, methods: frozenset[str], problems: Problems, *, dialog: str = NONE) -> None:
    """Note what cannot be in the steps of a rule for these methods (none: any)."""
    subscribes = dialog == MAYBE or _may_subscribe(methods)
    method = next(iter(methods)) if len(methods) == 1 else ""
    _Walk(problems).block(steps, State(method=method, dialog=dialog, subscribes=subscribes))


def _may_subscribe(methods: frozenset[str]) -> bool:
    return not methods or bool(methods & _SUBSCRIBING)


class _Walk:
    def __init__(self, problems: Problems) -> None:
        self._problems = problems

    def block(self, steps: Block, state: State) -> State:
        for step in steps:
            if state.ended is not None:
                self._problems.add(
                    step.place,
                    "this step can never run",
                    f"the flow ends in line {state.ended.line}: take one of them out",
                )
                return state
            state = self._VISITS.get(type(step), _Walk._pass)(self, step, state)
        return state

    def _pass(self, step: Step, state: State) -> State:
        return state

    def _respond(self, step: plan.Respond, state: State) -> State:
        reply = step.reply
        if state.final is not None and reply.raw is None:
            before, place = state.final
            had = "the call is over" if state.hung_up else f"{before} in line {place.line} was the final response"
            fix = "`expect` a request to respond to first, or put this step before it"
            self._problems.add(step.place, f"{reply.status} can never be sent: {had}", fix)
            return state
        method, dialog = state.method, state.dialog
        if reply.status < 200:
            early = reply.status > 100 and dialog == NONE and method in ("INVITE", "")
            return replace(state, dialog=EARLY) if early else state
        if reply.status >= 300:
            # RFC 3261 section 12.3: a final response other than 2xx ends the early dialogs of its INVITE
            dialog = NONE if dialog == EARLY and method == "INVITE" else dialog
        elif method in _MAKES_DIALOG:
            dialog = YES
        elif method == "BYE":
            dialog = OVER
        elif not method and dialog == NONE:
            dialog = MAYBE
        if state.invite_waits:
            return replace(state, final=None, method="INVITE", dialog=dialog, hung_up=False, invite_waits=False)
        return replace(state, final=(reply.status, step.place), dialog=dialog, hung_up=False)

    def _expect(self, step: plan.Expect, state: State) -> State:
        methods = step.match.methods
        if state.legs and methods == {"ACK"}:
            return state
        if methods == {"ACK"} and state.method not in ("INVITE", ""):
            self._problems.add(
                step.place, f"no ACK comes for {state.method}", "only INVITE has one (RFC 3261 section 17)"
            )
        if methods == {"ACK"} and state.final is None and state.method == "INVITE":
            self._problems.add(step.place, "no ACK comes before a final response", "send 200, 486 or the like first")
        if methods == {"CANCEL"} and state.final is not None and not state.hung_up and state.method == "INVITE":
            what = f"no CANCEL comes after the final response in line {state.final[1].line}"
            self._problems.add(step.place, what, "CANCEL is for what rings (RFC 3261 section 9.1)")
        if step.otherwise is not None:
            self.block(step.otherwise, replace(state, method="" if state.final is None else state.method))
        if methods == {"CANCEL"}:
            # without a response of the steps the core sends the 487 of RFC 3261 section 9.2
            return (
                state if step.answered or step.optional or step.otherwise else replace(state, final=(487, step.place))
            )
        if methods in ({"ACK"}, {"PRACK"}):
            return state
        subscribes = state.subscribes or _may_subscribe(methods)
        invite_waits = state.invite_waits or (state.method == "INVITE" and state.final is None)
        leg = step.dialog not in ("", CALLER)
        if invite_waits and not step.answered and (leg or not methods & {"INVITE", "BYE"}):
            return state
        if state.legs:
            method = next(iter(methods)) if len(methods) == 1 else ""
            surely = not step.optional and step.otherwise is None
            waits = invite_waits and surely and (leg or not methods & {"INVITE", "BYE"})
            return State(method=method, dialog=MAYBE, subscribes=subscribes, legs=True, invite_waits=waits)
        if step.optional or step.otherwise is not None:
            return State(dialog=MAYBE if "BYE" in methods else state.dialog, subscribes=subscribes)
        # a BYE that a later step answers leaves the dialog there until then: what we send meanwhile crosses it
        dialog = OVER if methods == {"BYE"} and not step.answered else MAYBE if "BYE" in methods else state.dialog
        waits = invite_waits and not methods & {"INVITE", "BYE"}
        method = next(iter(methods)) if len(methods) == 1 else ""
        return State(method=method, dialog=dialog, subscribes=subscribes, invite_waits=waits)

    def _challenge(self, step: plan.Challenge, state: State) -> State:
        if state.final is not None:
            before = f"{state.final[0]} in line {state.final[1].line} was the final response"
            what = f"{step.reply.status} can never be sent: {before}"
            self._problems.add(step.place, what, "put the challenge before it")
        if step.otherwise is not None:
            self.block(step.otherwise, replace(state, final=None))
        return replace(state, final=None)

    def _call(self, step: plan.Call, state: State) -> State:
        return replace(state, dialog=MAYBE, legs=True) if step.order.method == "INVITE" else state

    def _notify(self, step: plan.Notify, state: State) -> State:
        if not state.subscribes:
            fix = "SUBSCRIBE and REFER make one: `match` or `expect` them"
            self._problems.add(step.place, "NOTIFY has no subscription to be sent in", fix)
        return state

    def _send(self, step: plan.Send, state: State) -> State:
        if state.legs or step.dialog not in ("", CALLER):
            return state
        if state.dialog == NONE:
            fix = "answer the INVITE first" if state.final is None else "a final response of 300 or above leaves none"
            if state.method and state.method not in _MAKES_DIALOG:
                fix = f"{state.method} makes none; `to` says where it goes outside a dialog"
            self._problems.add(step.place, f"{step.order.method} has no dialog to be sent in", fix)
        elif state.dialog == OVER:
            self._problems.add(
                step.place, f"{step.order.method} has no dialog to be sent in", "BYE or `hangup` ended it"
            )
        return replace(state, dialog=OVER) if step.order.method == "BYE" else state

    def _hangup(self, step: plan.Hangup, state: State) -> State:
        return replace(state, final=(480, step.place), dialog=OVER, hung_up=True)

    def _end(self, step: plan.End, state: State) -> State:
        return replace(state, ended=step.place)

    def _choose(self, step: plan.Choose, state: State) -> State:
        return _joined([self.block(block, state) for _, block in step.branches])

    def _repeat(self, step: plan.Repeat, state: State) -> State:
        if not step.times and not _blocks(step.block):
            self._problems.add(
                step.place, "this repeats forever without waiting for anything", "put a `wait` or an `expect` in it"
            )
        after = self.block(step.block, state)
        if step.times == 1 or after.ended is not None:
            return after
        again = self.block(step.block, after)
        return again if step.times else replace(again, ended=step.place)

    def _parallel(self, step: plan.Parallel, state: State) -> State:
        if step.forked and state.method not in ("INVITE", ""):
            self._problems.add(
                step.place, f"{state.method} makes no early dialogs", "only an INVITE can be forked here"
            )
        elif step.forked and state.final is not None:
            self._problems.add(
                step.place, "nothing is left to fork", f"the final response is in line {state.final[1].line}"
            )
            return state
        for _, block in step.blocks:
            self.block(block, state)
        return State(dialog=MAYBE, subscribes=True, legs=True)

    def _run(self, step: plan.Run, state: State) -> State:
        return self.block(step.block, state)

    _VISITS: Final[dict[type, Callable[..., State]]] = {
        plan.Respond: _respond,
        plan.Expect: _expect,
        plan.Challenge: _challenge,
        plan.Send: _send,
        plan.Call: _call,
        plan.Notify: _notify,
        plan.Hangup: _hangup,
        plan.End: _end,
        plan.Choose: _choose,
        plan.Repeat: _repeat,
        plan.Parallel: _parallel,
        plan.Run: _run,
    }


def _joined(states: list[State]) -> State:
    first = states[0]
    if all(state == first for state in states):
        return first
    alive = [state for state in states if state.ended is None]
    if not alive:
        return first
    return State(
        final=alive[0].final if all(state.final is not None for state in alive) else None,
        method=alive[0].method if len({state.method for state in alive}) == 1 else "",
        dialog=alive[0].dialog if len({state.dialog for state in alive}) == 1 else MAYBE,
        hung_up=all(state.hung_up for state in alive),
        subscribes=any(state.subscribes for state in alive),
        legs=any(state.legs for state in alive),
    )


def _blocks(steps: Block) -> bool:
    """Whether time certainly can pass, or a message is awaited, in these steps."""
    return any(
        (isinstance(step, plan.Wait) and step.seconds != 0)
        or isinstance(step, plan.Expect | plan.Challenge | plan.Send | plan.End)
        or (isinstance(step, plan.Run | plan.Repeat) and _blocks(step.block))
        or (isinstance(step, plan.Choose) and all(_blocks(block) for _, block in step.branches))
        or (isinstance(step, plan.Parallel) and any(_blocks(block) for _, block in step.blocks))
        for step in steps
    )
