"""What each kind of step does. A handler says whether its thread waits now (or is done)."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final

from responder.scenario import challenging, expecting, forking, plan

if TYPE_CHECKING:
    from responder.scenario.runner import Runner
    from responder.scenario.thread import Thread
    from responder.sip.message import Response
    from responder.uas.outgoing import Outgoing
    from responder.uas.script import Text


def _respond(runner: Runner, thread: Thread, step: plan.Respond) -> bool:
    transaction = thread.at_hand()
    reply = step.reply
    if thread.tag is None:
        runner.call.respond(transaction, reply, thread)
        return False
    branch = thread.branch
    fork = branch.parent
    forked = fork is not None and transaction is fork.transaction and reply.status >= 200
    if fork is not None and forked and reply.status >= 300:
        fork.held.append((thread, reply))
        return False
    runner.call.respond(transaction, reply, thread)
    if fork is not None and forked:
        forking.won(runner, branch, fork)
    return False


def _wait(runner: Runner, thread: Thread, step: plan.Wait) -> bool:
    seconds = step.seconds
    if isinstance(seconds, plan.Uniform):
        seconds = runner.draws.uniform(seconds.low, seconds.high)
    elif isinstance(seconds, plan.Normal):
        seconds = runner.draws.normal(seconds.mean, seconds.deviation)
    runner.wait(thread, seconds)
    return True


def _send(runner: Runner, thread: Thread, step: plan.Send) -> bool:
    dialog = None
    if thread.tag is not None:
        dialog = next((dialog for dialog in runner.call.dialogs if dialog.local_tag == thread.tag), None)
    thread.wants = step
    thread.outgoing = outgoing = runner.call.send(step.order, thread, dialog=dialog)
    if outgoing is None:
        thread.wants = None
        runner.call.fail(f"{step.order.method} has no dialog to be sent in (line {step.place.line})")
        return False
    return True


def answered(runner: Runner, thread: Thread, step: plan.Send, outgoing: Outgoing, response: Response | None) -> None:
    """The final response to a request of ours is there, or none will come."""
    thread.wants = thread.outgoing = None
    thread.serial += 1
    method = step.order.method
    if step.name:
        runner.variables[step.name] = str(outgoing.status)
    if response is None:
        runner.call.fail(f"no response to {method} (line {step.place.line})")
    else:
        thread.before, thread.last = thread.latest or thread.request, response
        if step.statuses is not None and not step.statuses.accept(response.status):
            runner.call.fail(f"{method} got {response.status}, expected {step.statuses} (line {step.place.line})")
    runner.run(thread)


def _assert(runner: Runner, thread: Thread, step: plan.Assert) -> bool:
    runner.check(thread, step.check)
    return False


def _choose(runner: Runner, thread: Thread, step: plan.Choose) -> bool:
    drawn = runner.draws.fraction() * step.branches[-1][0]
    block = next(block for total, block in step.branches if drawn < total)
    thread.enter(block)
    return False


def _repeat(runner: Runner, thread: Thread, step: plan.Repeat) -> bool:
    thread.enter(step.block, step.times - 1)
    return False


def _run(runner: Runner, thread: Thread, step: plan.Run) -> bool:
    thread.enter(step.block)
    return False


def _assign(runner: Runner, thread: Thread, step: plan.Assign) -> bool:
    for name, value in step.values:
        runner.variables[name] = _rendered(value, thread)
    return False


def _log(runner: Runner, thread: Thread, step: plan.Log) -> bool:
    runner.call.note("log", _rendered(step.text, thread))
    return False


def _fail(runner: Runner, thread: Thread, step: plan.Fail) -> bool:
    runner.call.fail(_rendered(step.text, thread))
    return False


def _hangup(runner: Runner, thread: Thread, step: plan.Hangup) -> bool:
    runner.call.hangup()
    return False


def _end(runner: Runner, thread: Thread, step: plan.End) -> bool:
    runner.end_flow()
    return True


def _rendered(text: Text, scope: Thread) -> str:
    return text if isinstance(text, str) else text.render(scope)


HANDLERS: Final[dict[type, Callable[[Runner, Thread, Any], bool]]] = {
    plan.Respond: _respond,
    plan.Wait: _wait,
    plan.Expect: expecting.expect,
    plan.Challenge: challenging.challenge,
    plan.Send: _send,
    plan.Assert: _assert,
    plan.Choose: _choose,
    plan.Repeat: _repeat,
    plan.Run: _run,
    plan.Parallel: forking.parallel,
    plan.Assign: _assign,
    plan.Log: _log,
    plan.Fail: _fail,
    plan.Hangup: _hangup,
    plan.End: _end,
}
"""By kind of step."""
