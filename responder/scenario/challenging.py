"""`challenge`: asking for credentials, and what becomes of the retry (RFC 3261 section 22, RFC 7616 section 3.3)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from responder.scenario.authenticator import NONE, RIGHT, STALE, Verdict
from responder.scenario.expecting import is_mine
from responder.uas.script import Reply

if TYPE_CHECKING:
    from responder.scenario import plan
    from responder.scenario.runner import Runner
    from responder.scenario.thread import Thread
    from responder.sip.message import Request
    from responder.transaction.server import ServerTransaction

MOST_CHALLENGES: Final = 4
"""Challenges that one step sends before it calls the credentials wrong."""

_WRONG_CREDENTIALS: Final = Reply(403, label="challenge")


def is_retry(thread: Thread, request: Request) -> bool:
    """Whether this may be the client's answer to the thread's challenge."""
    return thread.transaction.method == request.method and is_mine(thread, request)


def retried(runner: Runner, thread: Thread, step: plan.Challenge, transaction: ServerTransaction) -> None:
    """The client tried again; with what credentials?"""
    runner.call.matched(step.reply.label)
    thread.wants = None
    thread.serial += 1
    thread.at(transaction, transaction.request)
    runner.invited(transaction.request)
    verdict = _judged(runner, step, transaction)
    credentials = verdict.credentials
    if credentials is not None and step.stale and thread.stage == 1:
        runner.playbook.authenticator.nonces.revoke(credentials.nonce)
        _ask(runner, thread, step, stale=True)
    elif verdict.state == RIGHT:
        _accept(runner, step, transaction, verdict)
        runner.run(thread)
    elif verdict.state == STALE and thread.stage < MOST_CHALLENGES:
        _note(runner, transaction, verdict.why)
        _ask(runner, thread, step, stale=True)
    else:
        refused(runner, thread, step, verdict.why or "the retry has no credentials", answer=True)


def _judged(runner: Runner, step: plan.Challenge, transaction: ServerTransaction) -> Verdict:
    """What the credentials are worth; what is remarkable about those that are not refused is told."""
    verdict = runner.playbook.authenticator.judge_step(transaction.request, step, runner.call.now)
    for note in verdict.notes:
        _note(runner, transaction, note)
    return verdict


def _note(runner: Runner, transaction: ServerTransaction, text: str) -> None:
    runner.call.note("deviation", f"credentials of {transaction.method}: {text}")


def _accept(runner: Runner, step: plan.Challenge, transaction: ServerTransaction, verdict: Verdict) -> None:
    """The flow goes on with this request; its 2xx may answer the credentials."""
    info = runner.playbook.authenticator.info(step, verdict, transaction.method, runner.call.now)
    if info is not None:
        runner.call.proof = (transaction, info)


def _ask(runner: Runner, thread: Thread, step: plan.Challenge, *, stale: bool) -> None:
    thread.stage += 1
    thread.wants = step
    thread.serial += 1
    runner.call.respond(thread.at_hand(), runner.playbook.authenticator.reply(step, stale=stale), thread)
    if step.within is not None:
        runner.wait(thread, step.within)


def refused(runner: Runner, thread: Thread, step: plan.Challenge, why: str, *, answer: bool) -> None:
    """Credentials are wrong, or do not come."""
    if step.otherwise is not None:
        runner.call.note("problem", f"challenge: {why}")
        thread.steps, thread.pc = step.otherwise, 0
        thread.stack.clear()
        runner.run(thread)
        return
    runner.call.fail(f"challenge: {why}")
    if answer:
        runner.call.respond(thread.transaction, _WRONG_CREDENTIALS)
    runner.end_flow()


def challenge(runner: Runner, thread: Thread, step: plan.Challenge) -> bool:
    """Ask for credentials, unless the request at hand brings good ones."""
    thread.stage = 0
    transaction = thread.at_hand()
    verdict = _judged(runner, step, transaction)
    if verdict.state == RIGHT and not step.stale:
        _accept(runner, step, transaction, verdict)
        return False
    if verdict.state != NONE and verdict.why:
        _note(runner, transaction, verdict.why)
    _ask(runner, thread, step, stale=verdict.state == STALE)
    return True
