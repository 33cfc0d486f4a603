"""What the client sends against what the steps expect: taken, missed, or cut short by BYE."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from responder.errors import ParseError
from responder.scenario import legs, plan

if TYPE_CHECKING:
    from responder.scenario.runner import Runner
    from responder.scenario.thread import Thread
    from responder.sip.message import Request
    from responder.transaction.server import ServerTransaction


_NOT_ANY: Final = ("ACK", "CANCEL", "PRACK")
"""What the core sees to: only who names them waits for them."""


def is_mine(thread: Thread, request: Request) -> bool:
    """A branch of a fork sees the requests of its own dialog only."""
    if thread.tag is None or request.method == "CANCEL":
        return True
    try:
        return request.to_tag == thread.tag
    except ParseError:
        return False


def taker(runner: Runner, thread: Thread, step: plan.Expect, request: Request) -> plan.Expect | None:
    """The `expect` that takes this request: the one at hand or, where that is optional, one that follows."""
    if not is_mine(thread, request):
        return None
    steps = thread.steps
    while True:
        match = step.match
        if step.dialog and not legs.is_in(runner, step.dialog, request):
            pass
        elif request.method in match.methods or (not match.methods and request.method not in _NOT_ANY):
            facts = runner.facts()
            if match.holds_otherwise(request, runner.call.flow, facts):
                return step
            _near_miss(runner, step, request)
        following = steps[step.after] if step.optional and step.after < len(steps) else None
        if not isinstance(following, plan.Expect):
            return None
        step = following


def _near_miss(runner: Runner, step: plan.Expect, request: Request) -> None:
    facts = runner.facts()
    mismatch = step.match.explain(request, runner.call.flow, facts)
    runner.call.note("near-miss", f"{request.method} in line {step.place.line} of '{runner.name}': {mismatch}")


def take(
    runner: Runner, thread: Thread, step: plan.Expect, request: Request, transaction: ServerTransaction | None
) -> None:
    """The awaited message is there. Without a transaction nothing is to respond to: an ACK, or a CANCEL."""
    call = runner.call
    call.matched(step.label)
    passed = call.now - thread.since
    thread.wants = None
    thread.serial += 1
    if step is not thread.steps[thread.pc - 1]:
        thread.pc = thread.steps.index(step) + 1
    if passed < step.not_before:
        call.fail(f"{step.what} came after {passed:.3f} s, not before {step.not_before:g} s were over")
    if transaction is not None and request.method != "PRACK":
        runner.lay_aside(thread, request)
        thread.at(transaction, request)
        runner.invited(request)
    else:
        thread.seen(request)
    if step.match.conditions:
        runner.groups.update(step.match.groups(request, thread.flow, runner.facts()))
    if step.check is not None:
        runner.check(thread, step.check)
    if transaction is not None and not step.answered:
        call.answer(transaction)
    runner.run(thread)


def missed(runner: Runner, thread: Thread, step: plan.Expect) -> None:
    """An `expect` ran out of time."""
    if step.otherwise is not None:
        thread.pc = step.after
        thread.enter(step.otherwise)
        runner.run(thread)
    elif step.optional:
        thread.pc = step.after
        runner.run(thread)
    else:
        runner.call.fail(f"no {step.what} within {step.within:g} s (line {step.place.line})")
        runner.call.hangup()
        runner.end_flow()


def hung_up(runner: Runner, request: Request) -> None:
    """BYE came and no step takes it: nothing is left to be done in that dialog.

    Where it is one that we made, the flow goes on with the others.
    """
    others = not legs.is_of_client(runner, request) and len(runner.call.dialogs) > 1
    waits = False
    for thread in runner.threads:
        wants = thread.wants
        if type(wants) is plan.Expect and not wants.optional and not thread.loops and is_mine(thread, request):
            if others and not (wants.dialog and legs.is_in(runner, wants.dialog, request)):
                continue
            waits = True
            runner.call.fail(f"BYE came while {wants.what} was expected (line {wants.place.line})")
    if others and not waits:
        return
    if runner.legs is not None:
        legs.end_others(runner, request)
    branches = [thread for thread in runner.threads if thread.tag is not None and thread.branch is thread]
    if branches:
        for thread in branches:
            if is_mine(thread, request):
                runner.done(thread)
        return
    runner.stop_all()
    runner.over = True
    runner.call.end()


def expect(runner: Runner, thread: Thread, step: plan.Expect) -> bool:
    """Wait for a message."""
    thread.since = runner.call.now
    acknowledged = runner.acknowledged
    if acknowledged is not None and "ACK" in step.match.methods and taker(runner, thread, step, acknowledged) is step:
        runner.acknowledged = None
        thread.seen(acknowledged)
        if step.check is not None:
            runner.check(thread, step.check)
        return False
    thread.wants = step
    thread.serial += 1
    if step.within is not None:
        runner.wait(thread, step.within)
    return True
