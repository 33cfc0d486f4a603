"""The script of one call: walks the steps of a rule (`uas.script.Script`).

Rules
1. No task, no queue: a thread of the flow is a program counter that waits for a timer, a request, or a response.
2. What nobody wrote a step for is left to the UAS core: the runner says that it did not take it.
3. A request that an `expect` took and that no step answers is answered as the core would.
4. A check that fails makes the call `failed`; the flow goes on. A mandatory `expect` that runs out of time ends it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final

from responder.errors import ParseError
from responder.scenario import authenticator, plan
from responder.scenario.checks import failures
from responder.scenario.forking import best
from responder.scenario.thread import Thread
from responder.uas.script import Reply

if TYPE_CHECKING:
    from responder.scenario.draws import Draws
    from responder.scenario.matcher import Facts
    from responder.scenario.plan import Block, Rule
    from responder.scenario.playbook import Playbook
    from responder.sip.message import Request, Response
    from responder.transaction.server import ServerTransaction
    from responder.uas.call import Call
    from responder.uas.outgoing import Outgoing
    from responder.uas.script import Text

MOST_STEPS_AT_ONCE: Final = 1000
"""Steps of one thread without any wait between them."""
MOST_CHALLENGES: Final = 4
"""Challenges that one step sends before it calls the credentials wrong."""

_WRONG_CREDENTIALS: Final = Reply(403, label="challenge")
_CANCELLED: Final = Reply(487, label="cancel")


class Runner:
    """How one call goes by one rule."""

    __slots__ = (
        "_draws",
        "_groups",
        "acknowledged",
        "attempt",
        "call",
        "first",
        "invite_seq",
        "name",
        "over",
        "playbook",
        "rule",
        "threads",
        "unchecked",
        "variables",
    )

    call: Call
    first: Request

    def __init__(self, rule: Rule, playbook: Playbook, attempt: int = 0) -> None:
        self.rule = rule
        self.name = rule.name
        self.unchecked = rule.unchecked
        self.playbook = playbook
        self.attempt = attempt
        self.threads: list[Thread] = []
        self.over = False
        """All steps are done."""
        self.acknowledged: Request | None = None
        """An ACK that came before its `expect`."""
        self.invite_seq = -1
        """CSeq number of the INVITE that an ACK can be for; -1: there is none."""
        self.variables: dict[str, str] = {}
        self._groups: dict[str, str] | None = None
        self._draws: Draws | None = None

    @property
    def groups(self) -> dict[str, str]:
        """What the groups of the regular expressions matched so far."""
        if self._groups is None:
            self._groups = self.rule.match.groups(self.first, self.call.flow, self._facts())
        return self._groups

    @property
    def draws(self) -> Draws:
        """Where this call's random values come from."""
        if self._draws is None:
            self._draws = self.playbook.draws_of(self.rule)
        return self._draws

    def _facts(self) -> Facts:
        return self.playbook.facts(self.attempt, self.rule.users, self.call.now)

    # what the core calls

    def start(self, call: Call, transaction: ServerTransaction) -> None:
        """The call's first request is there."""
        rule = self.rule
        if rule.times:
            self.playbook.served(rule, transaction.request, transaction.source)
        self.call = call
        self.first = transaction.request
        thread = Thread(self, rule.steps)
        thread.at(transaction, transaction.request)
        self._invited(transaction.request)
        self.threads.append(thread)
        self._run(thread)

    def request(self, call: Call, transaction: ServerTransaction) -> bool:
        """A later request of the call."""
        request = transaction.request
        if self.playbook.counts_attempts and request.to_tag is None:
            self.playbook.attempted(request)
        for thread in tuple(self.threads):
            wants = thread.wants
            if type(wants) is plan.Expect:
                step = self._taker(thread, wants, request)
                if step is not None:
                    self._take(thread, step, request, transaction)
                    return True
            elif type(wants) is plan.Challenge and self._is_retry(thread, request):
                self._retried(thread, wants, transaction)
                return True
        if request.to_tag is not None:
            meanwhile = self.rule.meanwhile
            if meanwhile:
                block = meanwhile.get(request.method) or meanwhile.get("any")
                if block is not None:
                    self._begin(block, transaction)
                    return True
            if request.method == "BYE":
                self._hung_up(request)
        return False

    def ack(self, call: Call, request: Request) -> None:
        """An ACK came."""
        try:
            if request.cseq.number != self.invite_seq:
                return
        except ParseError:
            return
        for thread in self.threads:
            wants = thread.wants
            if type(wants) is plan.Expect:
                step = self._taker(thread, wants, request)
                if step is not None:
                    self._take(thread, step, request, None)
                    return
        self.acknowledged = request

    def cancel(self, call: Call, invite: ServerTransaction) -> bool:
        """CANCEL came for an INVITE that waits."""
        for thread in self.threads:
            wants = thread.wants
            step = self._cancel_taker(thread, wants) if type(wants) is plan.Expect else None
            if step is not None:
                self._take(thread, step, None, None)
                return step.answered
        cancel = self.rule.cancel
        if cancel == "ignore":
            return True
        if cancel == "fail":
            call.fail("the client sent CANCEL")
        self._stop_all()
        if cancel and not isinstance(cancel, str):
            self._begin(cancel, invite, of_cancel=True)
            return True
        self.over = True
        call.end()
        return False

    def response(self, call: Call, outgoing: Outgoing, response: Response | None) -> None:
        """A response to a request of ours came, or none will come."""
        if response is not None and response.status < 200:
            return
        for thread in self.threads:
            if thread.outgoing is outgoing and type(thread.wants) is plan.Send:
                self._answered(thread, thread.wants, outgoing, response)
                return
        if self.over and outgoing.order.method == "BYE":
            call.end()

    def timer(self, call: Call, token: Any) -> None:
        """A wait is over."""
        thread, serial = token
        if thread.serial != serial or thread not in self.threads:
            return
        wants = thread.wants
        thread.wants = None
        thread.serial += 1
        if wants is None:
            self._run(thread)
        elif type(wants) is plan.Expect:
            self._missed(thread, wants)
        elif type(wants) is plan.Challenge:
            self._refused(thread, wants, f"no retry with credentials within {wants.within:g} s", answer=False)

    def ended(self, call: Call, outcome: str) -> None:
        """The call is over."""
        # call, runner and threads know each other: without this only the garbage collector would find them
        self.threads.clear()
        if hasattr(self, "call"):
            del self.call

    # threads

    def _begin(self, block: Block, transaction: ServerTransaction, *, of_cancel: bool = False) -> None:
        """Run a block beside the flow for this request."""
        thread = Thread(self, block)
        thread.of_cancel = of_cancel
        thread.at(transaction, transaction.request)
        self.threads.append(thread)
        self._run(thread)

    def _run(self, thread: Thread) -> None:
        """Go on until the thread waits or is done."""
        handlers = _HANDLERS
        left = MOST_STEPS_AT_ONCE
        while True:
            steps = thread.steps
            at = thread.pc
            if at >= len(steps):
                if not thread.stack:
                    self._done(thread)
                    return
                self._leave_block(thread)
            else:
                step = steps[at]
                thread.pc = at + 1
                if handlers[type(step)](self, thread, step):
                    return
            left -= 1
            if not left:
                self.call.fail(f"{MOST_STEPS_AT_ONCE} steps without a wait between them")
                self._end_flow()
                return

    @staticmethod
    def _leave_block(thread: Thread) -> None:
        steps, at, rounds = thread.stack.pop()
        if rounds:
            thread.stack.append((steps, at, rounds - 1 if rounds > 0 else rounds))
            thread.pc = 0
        else:
            thread.steps, thread.pc = steps, at

    @staticmethod
    def _enter(thread: Thread, block: Block, rounds: int = 0) -> None:
        """Run a block before what follows; `rounds` more times after the first, -1: forever."""
        thread.stack.append((thread.steps, thread.pc, rounds))
        thread.steps, thread.pc = block, 0

    def _wait(self, thread: Thread, seconds: float) -> None:
        thread.serial += 1
        self.call.wait(seconds, (thread, thread.serial))

    def _done(self, thread: Thread) -> None:
        """A thread has no more steps."""
        if thread not in self.threads:
            return
        self.threads.remove(thread)
        parent = thread.parent
        if parent is not None and parent.children:
            parent.children -= 1
            if not parent.children:
                self._join(parent)
            return
        self._leave(thread)
        if not self.threads:
            self.over = True
        self._settle()

    def _leave(self, thread: Thread) -> None:
        """The thread will not answer its request any more: see that somebody does."""
        transaction = thread.transaction
        if transaction is None or not transaction.open:
            return
        if thread.of_cancel:
            self.call.respond(transaction, _CANCELLED)
        elif transaction.method != "INVITE" or not transaction.last_status:
            self.call.answer(transaction)

    def _settle(self) -> None:
        """Let the core have the call when nothing of the rule is left to do."""
        if (
            self.over
            and not self.threads
            and not (self.rule.lingers and (self.call.dialogs or not self._is_answered()))
        ):
            self.call.end()

    def _is_answered(self) -> bool:
        return not any(transaction.open for transaction in self.call.unanswered)

    def _stop_all(self) -> None:
        for thread in self.threads:
            thread.serial += 1
            thread.wants = None
        self.threads.clear()

    def _end_flow(self) -> None:
        """`end`, or what comes to the same: every thread stops, and what waits for an answer gets one."""
        threads = tuple(self.threads)
        self._stop_all()
        for thread in threads:
            self._leave(thread)
        self.over = True
        self._settle()

    # messages of the client

    def _is_mine(self, thread: Thread, request: Request) -> bool:
        """A branch of a fork sees the requests of its own dialog only."""
        if thread.tag is None:
            return True
        try:
            return request.to_tag == thread.tag
        except ParseError:
            return False

    def _is_retry(self, thread: Thread, request: Request) -> bool:
        transaction = thread.transaction
        return transaction is not None and transaction.method == request.method and self._is_mine(thread, request)

    def _taker(self, thread: Thread, step: plan.Expect, request: Request) -> plan.Expect | None:
        """The `expect` that takes this request: the one at hand or, where that is optional, one that follows."""
        if not self._is_mine(thread, request):
            return None
        steps = thread.steps
        while True:
            match = step.match
            if not match.methods or request.method in match.methods:
                facts = self._facts()
                if match.holds_otherwise(request, self.call.flow, facts):
                    return step
                self._near_miss(step, request)
            following = steps[step.after] if step.optional and step.after < len(steps) else None
            if not isinstance(following, plan.Expect):
                return None
            step = following

    @staticmethod
    def _cancel_taker(thread: Thread, step: plan.Expect) -> plan.Expect | None:
        steps = thread.steps
        while "CANCEL" not in step.match.methods:
            following = steps[step.after] if step.optional and step.after < len(steps) else None
            if not isinstance(following, plan.Expect):
                return None
            step = following
        return step

    def _near_miss(self, step: plan.Expect, request: Request) -> None:
        facts = self._facts()
        mismatch = step.match.explain(request, self.call.flow, facts)
        self.call.note("near-miss", f"{request.method} in line {step.place.line} of '{self.name}': {mismatch}")

    def _take(
        self, thread: Thread, step: plan.Expect, request: Request | None, transaction: ServerTransaction | None
    ) -> None:
        """The awaited message is there. A CANCEL has no request to look at, an ACK no transaction."""
        call = self.call
        passed = call.now - thread.since
        thread.wants = None
        thread.serial += 1
        if step is not thread.steps[thread.pc - 1]:
            thread.pc = thread.steps.index(step) + 1
        if passed < step.not_before:
            call.fail(f"{step.what} came after {passed:.3f} s, not before {step.not_before:g} s were over")
        if request is not None:
            if transaction is not None:
                self._leave(thread)
                thread.at(transaction, request)
                self._invited(request)
            else:
                thread.seen(request)
            if step.match.conditions:
                self.groups.update(step.match.groups(request, thread.flow, self._facts()))
            if step.check is not None:
                self._check(thread, step.check)
            if transaction is not None and not step.answered:
                call.answer(transaction)
        self._run(thread)

    def _invited(self, request: Request) -> None:
        if request.method == "INVITE":
            self.acknowledged = None
            try:
                self.invite_seq = request.cseq.number
            except ParseError:
                self.invite_seq = -1

    def _missed(self, thread: Thread, step: plan.Expect) -> None:
        """An `expect` ran out of time."""
        if step.otherwise is not None:
            thread.pc = step.after
            self._enter(thread, step.otherwise)
            self._run(thread)
        elif step.optional:
            thread.pc = step.after
            self._run(thread)
        else:
            self.call.fail(f"no {step.what} within {step.within:g} s (line {step.place.line})")
            self.call.hangup()
            self._end_flow()

    def _hung_up(self, request: Request) -> None:
        """BYE came and no step takes it: nothing is left to be done in that dialog."""
        for thread in self.threads:
            wants = thread.wants
            if type(wants) is plan.Expect and not wants.optional:
                self.call.fail(f"BYE came while {wants.what} was expected (line {wants.place.line})")
        branches = [thread for thread in self.threads if thread.tag is not None and _branch(thread) is thread]
        if branches:
            for thread in branches:
                if self._is_mine(thread, request):
                    self._done(thread)
            return
        self._stop_all()
        self.over = True
        self.call.end()

    def _check(self, thread: Thread, check: plan.Check) -> None:
        facts = self._facts()
        for failure in failures(check, thread.last, thread.before, thread.flow, facts):
            self.call.fail(f"check in line {check.place.line}: {failure}")

    # challenges

    def _retried(self, thread: Thread, step: plan.Challenge, transaction: ServerTransaction) -> None:
        """The client tried again; with what credentials?"""
        thread.wants = None
        thread.serial += 1
        thread.at(transaction, transaction.request)
        self._invited(transaction.request)
        verdict = self.playbook.authenticator.judge_step(transaction.request, step, self.call.now)
        right = verdict.state == authenticator.RIGHT
        if right and not (step.stale and thread.stage == 1):
            self._run(thread)
        elif (right or verdict.state == authenticator.STALE) and thread.stage < MOST_CHALLENGES:
            self._ask(thread, step, stale=True)
        else:
            self._refused(thread, step, verdict.why or "the retry has no credentials", answer=True)

    def _ask(self, thread: Thread, step: plan.Challenge, *, stale: bool) -> None:
        thread.stage += 1
        thread.wants = step
        thread.serial += 1
        if thread.transaction is not None:
            self.call.respond(thread.transaction, self.playbook.authenticator.reply(step, stale=stale), thread)
        if step.within is not None:
            self._wait(thread, step.within)

    def _refused(self, thread: Thread, step: plan.Challenge, why: str, *, answer: bool) -> None:
        """Credentials are wrong, or do not come."""
        if step.otherwise is not None:
            self.call.note("problem", f"challenge: {why}")
            thread.steps, thread.pc = step.otherwise, 0
            thread.stack.clear()
            self._run(thread)
            return
        self.call.fail(f"challenge: {why}")
        if answer and thread.transaction is not None:
            self.call.respond(thread.transaction, _WRONG_CREDENTIALS)
        self._end_flow()

    # requests of ours

    def _answered(self, thread: Thread, step: plan.Send, outgoing: Outgoing, response: Response | None) -> None:
        thread.wants = thread.outgoing = None
        thread.serial += 1
        method = step.order.method
        if step.name:
            self.variables[step.name] = str(outgoing.status)
        if response is None:
            self.call.fail(f"no response to {method} (line {step.place.line})")
        else:
            thread.before, thread.last = thread.request, response
            if step.statuses is not None and not step.statuses.accept(response.status):
                self.call.fail(f"{method} got {response.status}, expected {step.statuses} (line {step.place.line})")
        self._run(thread)

    # steps: each says whether the thread waits now, or is done

    def _do_respond(self, thread: Thread, step: plan.Respond) -> bool:
        transaction = thread.transaction
        if transaction is None:
            return False
        reply = step.reply
        if thread.tag is None:
            self.call.respond(transaction, reply, thread)
            return False
        branch = _branch(thread)
        fork = branch.parent
        forked = fork is not None and transaction is fork.transaction and reply.status >= 200
        if fork is not None and forked and reply.status >= 300:
            fork.held.append((thread, reply))
            return False
        self.call.respond(transaction, reply, thread)
        if fork is not None and forked:
            self._won(branch, fork)
        return False

    def _do_wait(self, thread: Thread, step: plan.Wait) -> bool:
        seconds = step.seconds
        if isinstance(seconds, plan.Uniform):
            seconds = self.draws.uniform(seconds.low, seconds.high)
        elif isinstance(seconds, plan.Normal):
            seconds = self.draws.normal(seconds.mean, seconds.deviation)
        self._wait(thread, seconds)
        return True

    def _do_expect(self, thread: Thread, step: plan.Expect) -> bool:
        thread.since = self.call.now
        acknowledged = self.acknowledged
        if acknowledged is not None and "ACK" in step.match.methods and self._taker(thread, step, acknowledged) is step:
            self.acknowledged = None
            thread.seen(acknowledged)
            if step.check is not None:
                self._check(thread, step.check)
            return False
        thread.wants = step
        thread.serial += 1
        if step.within is not None:
            self._wait(thread, step.within)
        return True

    def _do_challenge(self, thread: Thread, step: plan.Challenge) -> bool:
        thread.stage = 0
        verdict = self.playbook.authenticator.judge_step(thread.request, step, self.call.now)
        if verdict.state == authenticator.RIGHT and not step.stale:
            return False
        self._ask(thread, step, stale=verdict.state == authenticator.STALE)
        return True

    def _do_send(self, thread: Thread, step: plan.Send) -> bool:
        dialog = None
        if thread.tag is not None:
            dialog = next((dialog for dialog in self.call.dialogs if dialog.local_tag == thread.tag), None)
        thread.wants = step
        thread.outgoing = outgoing = self.call.send(step.order, thread, dialog=dialog)
        if outgoing is None:
            thread.wants = None
            self.call.fail(f"{step.order.method} has no dialog to be sent in (line {step.place.line})")
            return False
        return True

    def _do_assert(self, thread: Thread, step: plan.Assert) -> bool:
        self._check(thread, step.check)
        return False

    def _do_choose(self, thread: Thread, step: plan.Choose) -> bool:
        drawn = self.draws.fraction() * step.branches[-1][0]
        block = next(block for total, block in step.branches if drawn < total)
        self._enter(thread, block)
        return False

    def _do_repeat(self, thread: Thread, step: plan.Repeat) -> bool:
        self._enter(thread, step.block, step.times - 1)
        return False

    def _do_run(self, thread: Thread, step: plan.Run) -> bool:
        self._enter(thread, step.block)
        return False

    def _do_parallel(self, thread: Thread, step: plan.Parallel) -> bool:
        thread.held.clear()
        children = [
            Thread(self, block, thread, self.call.branch_tag() if step.forked else thread.tag)
            for _, block in step.blocks
        ]
        thread.children = len(children)
        # not before all are there: a branch that is done at once must not end the step
        self.threads.remove(thread)
        self.threads += children
        for child in children:
            if child in self.threads:
                self._run(child)
        return True

    def _won(self, winner: Thread, fork: Thread) -> None:
        """A branch answered with 2xx: as a forking proxy would, the other branches are given up (16.7 step 10)."""
        for thread in tuple(self.threads):
            ancestor: Thread | None = thread
            while ancestor is not None and ancestor.parent is not fork:
                ancestor = ancestor.parent
            if ancestor is not None and ancestor is not winner:
                thread.serial += 1
                thread.wants = None
                self.threads.remove(thread)
        fork.children = 1
        fork.held.clear()

    def _join(self, parent: Thread) -> None:
        """All branches are done: the thread that they came from goes on."""
        if parent.held:
            thread, reply = best(parent.held)
            parent.held.clear()
            if parent.transaction is not None and parent.transaction.open:
                self.call.respond(parent.transaction, reply, thread)
        self.threads.append(parent)
        self._run(parent)

    def _do_assign(self, thread: Thread, step: plan.Assign) -> bool:
        for name, value in step.values:
            self.variables[name] = _rendered(value, thread)
        return False

    def _do_log(self, thread: Thread, step: plan.Log) -> bool:
        self.call.note("log", _rendered(step.text, thread))
        return False

    def _do_fail(self, thread: Thread, step: plan.Fail) -> bool:
        self.call.fail(_rendered(step.text, thread))
        return False

    def _do_hangup(self, thread: Thread, step: plan.Hangup) -> bool:
        self.call.hangup()
        return False

    def _do_end(self, thread: Thread, step: plan.End) -> bool:
        self._end_flow()
        return True


_HANDLERS: Final[dict[type, Callable[[Runner, Thread, Any], bool]]] = {
    plan.Respond: Runner._do_respond,
    plan.Wait: Runner._do_wait,
    plan.Expect: Runner._do_expect,
    plan.Challenge: Runner._do_challenge,
    plan.Send: Runner._do_send,
    plan.Assert: Runner._do_assert,
    plan.Choose: Runner._do_choose,
    plan.Repeat: Runner._do_repeat,
    plan.Run: Runner._do_run,
    plan.Parallel: Runner._do_parallel,
    plan.Assign: Runner._do_assign,
    plan.Log: Runner._do_log,
    plan.Fail: Runner._do_fail,
    plan.Hangup: Runner._do_hangup,
    plan.End: Runner._do_end,
}


def _branch(thread: Thread) -> Thread:
    """The branch of the fork that a thread with a To-tag runs in: itself, or the thread that it came from."""
    while thread.parent is not None and thread.parent.tag == thread.tag:
        thread = thread.parent
    return thread


def _rendered(text: Text, scope: Thread) -> str:
    return text if isinstance(text, str) else text.render(scope)
