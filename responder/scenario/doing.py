"""What each kind of step does. A handler says whether its thread waits now (or is done)."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final

from responder.dialog.placed import PlacedDialog
from responder.scenario import challenging, expecting, forking, legs, plan

if TYPE_CHECKING:
    from responder.scenario.runner import Runner
    from responder.scenario.thread import Thread
    from responder.sip.message import Response
    from responder.uas.outgoing import Outgoing
    from responder.uas.script import Text


_MOST_TRIES: Final = 8
"""So often a request is sent again after 491."""


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
    dialog = legs.dialog_of(runner, thread, step.dialog)
    outgoing = None
    thread.wants = step
    if dialog is not None or not step.dialog:
        outgoing = runner.call.send(step.order, thread, dialog=dialog)
    return _sent(runner, thread, step, outgoing, "has no dialog to be sent in")


def _call(runner: Runner, thread: Thread, step: plan.Call) -> bool:
    to = _rendered(step.to, thread)
    sender = None if step.sender is None else _rendered(step.sender, thread)
    thread.wants = step
    outgoing = runner.call.place(step.order, to, thread, sender=sender)
    if outgoing is not None and step.order.method == "INVITE":
        legs.placed(runner, step.dialog, outgoing)
    return _sent(runner, thread, step, outgoing, f"cannot be sent to '{to[:80]}'")


def _notify(runner: Runner, thread: Thread, step: plan.Notify) -> bool:
    thread.wants = step
    outgoing = runner.call.notify(step.order, _rendered(step.state, thread), thread)
    return _sent(runner, thread, step, outgoing, "has no subscription to be sent in")


def _sent(runner: Runner, thread: Thread, step: plan.Send, outgoing: Outgoing | None, otherwise: str) -> bool:
    """The thread waits for the response; where the request could not be sent, it goes on."""
    thread.outgoing = outgoing
    if outgoing is None:
        thread.wants = None
        if step.name:
            runner.variables[step.name] = ""
        runner.call.fail(f"{step.order.method} {otherwise} (line {step.place.line})")
        return False
    if step.within is not None:
        runner.wait(thread, step.within)
    return True


def answered(runner: Runner, thread: Thread, step: plan.Send, outgoing: Outgoing, response: Response | None) -> None:
    """The final response to a request of ours is there, or none will come."""
    if response is not None:
        thread.before, thread.last = thread.latest or thread.request, response
        if type(step) is plan.Call and response.status < 300 and outgoing.dialog is not None:
            thread.dialog = outgoing.dialog
        if response.status == 491 and _tries_again(runner, thread, step, outgoing):
            return
    _go_on(runner, thread, step, outgoing.status, silent=response is None)


def _tries_again(runner: Runner, thread: Thread, step: plan.Send, outgoing: Outgoing) -> bool:
    """RFC 3261 14.1, RFC 3311 5.1: a request with an offer that crossed another is sent again, where none awaits 491.

    After 2.1 to 4 seconds if the Call-ID is ours, else after up to 2 seconds, both in units of 10 ms.
    """
    awaited = bool(step.name) if step.statuses is None else step.statuses.accept(491)
    if awaited or type(step) is not plan.Send or step.order.method not in ("INVITE", "UPDATE"):
        return False
    if thread.tries >= _MOST_TRIES:
        return False
    thread.tries += 1
    thread.wants = thread.outgoing = None
    thread.pc -= 1
    least, more = (2.1, 1.9) if isinstance(outgoing.dialog, PlacedDialog) else (0.0, 2.0)
    seconds = round(least + runner.draws.uniform(0.0, more), 2)
    runner.call.note("rule", f"{step.order.method} got 491: again after {seconds:g} s (RFC 3261 section 14.1)")
    runner.wait(thread, seconds)
    return True


def late(runner: Runner, thread: Thread, step: plan.Send) -> None:
    """The final response to a request of ours did not come in time."""
    outgoing = thread.outgoing
    if outgoing is None:
        return
    if step.order.method == "INVITE":
        outgoing.cancel()
        if outgoing.status:
            thread.wants = step  # what rings answers the CANCEL with 487 (RFC 3261 section 9.2)
            return
    # 8.1.3.1: no response counts as a 408
    _go_on(runner, thread, step, 408, silent=True)


def _go_on(runner: Runner, thread: Thread, step: plan.Send, status: int, *, silent: bool) -> None:
    thread.wants = thread.outgoing = None
    thread.serial += 1
    thread.tries = 0
    method, line, wanted = step.order.method, step.place.line, step.statuses
    if step.name:
        runner.variables[step.name] = str(status)
    if silent and (wanted is None or not wanted.accept(status)):
        runner.call.fail(f"no response to {method} (line {line})")
    elif wanted is not None and not wanted.accept(status):
        runner.call.fail(f"{method} got {status}, expected {wanted} (line {line})")
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
    plan.Call: _call,
    plan.Notify: _notify,
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
