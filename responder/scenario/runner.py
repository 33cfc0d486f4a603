"""The script of one call: walks the steps of a rule (`uas.script.Script`).

Rules
1. No task, no queue: a thread of the flow is a program counter that waits for a timer, a request, or a response.
2. What nobody wrote a step for is left to the UAS core: the runner says that it did not take it.
3. A request that an `expect` took and that no step answers is answered as the core would. Steps respond to the request
   taken last; after its final response an INVITE that still waits is at hand again. ACK, CANCEL and PRACK never are.
4. A check that fails makes the call `failed`; the flow goes on. A mandatory `expect` that runs out of time ends it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from responder.errors import ParseError
from responder.scenario import challenging, doing, expecting, forking, legs, plan
from responder.scenario.checks import failures
from responder.scenario.doing import HANDLERS
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

MOST_STEPS_AT_ONCE: Final = 1000
"""Steps of one thread without any wait between them."""

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
        "leg_seqs",
        "legs",
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
        self.legs: dict[str, Outgoing] | None = None
        """The INVITEs of ours that make dialogs, by the names of these; None: there is none."""
        self.leg_seqs: dict[str, int] | None = None
        """The same as `invite_seq` in those dialogs, by Call-ID."""
        self.variables: dict[str, str] = {}
        self._groups: dict[str, str] | None = None
        self._draws: Draws | None = None

    @property
    def groups(self) -> dict[str, str]:
        """What the groups of the regular expressions matched so far."""
        if self._groups is None:
            self._groups = self.rule.match.groups(self.first, self.call.flow, self.facts())
        return self._groups

    @property
    def draws(self) -> Draws:
        """Where this call's random values come from."""
        if self._draws is None:
            self._draws = self.playbook.draws_of(self.rule)
        return self._draws

    def facts(self) -> Facts:
        """What a match may ask that is not in the message."""
        return self.playbook.facts(self.attempt, self.rule.users, self.call.now)

    # what the core calls

    def start(self, call: Call, transaction: ServerTransaction) -> None:
        """The call's first request is there."""
        rule = self.rule
        if rule.times:
            self.playbook.served(rule, transaction.request, transaction.source)
        self.call = call
        self.first = transaction.request
        if rule.prepares:
            self._prepare(call)
        thread = Thread(self, rule.steps)
        thread.at(transaction, transaction.request)
        self.invited(transaction.request)
        self.threads.append(thread)
        self.run(thread)

    def _prepare(self, call: Call) -> None:
        """What the rule wants to be otherwise from the call's first message on."""
        rule = self.rule
        call.fault = rule.fault
        call.luck = self.draws.fraction
        call.notifies = rule.notifies
        if rule.lose:
            call.lose(rule.lose)

    def request(self, call: Call, transaction: ServerTransaction) -> bool:
        """A later request of the call."""
        request = transaction.request
        if self.playbook.counts_attempts and request.to_tag is None:
            self.playbook.attempted(request)
        for thread in tuple(self.threads):
            wants = thread.wants
            if type(wants) is plan.Expect:
                step = expecting.taker(self, thread, wants, request)
                if step is not None:
                    expecting.take(self, thread, step, request, transaction)
                    return True
            elif type(wants) is plan.Challenge and challenging.is_retry(thread, request):
                challenging.retried(self, thread, wants, transaction)
                return True
        if request.to_tag is not None:
            meanwhile = self.rule.meanwhile
            if meanwhile:
                key = request.method if request.method in meanwhile or request.method == "PRACK" else "any"
                block = meanwhile.get(key)
                if block is not None:
                    call.matched(f"{self.name} {key}")
                    self.begin(block, transaction)
                    return True
            if request.method == "BYE":
                expecting.hung_up(self, request)
        return False

    def ack(self, call: Call, request: Request) -> None:
        """An ACK came."""
        try:
            if request.cseq.number != self._awaited_seq(request):
                return
        except ParseError:
            return
        for thread in self.threads:
            wants = thread.wants
            if type(wants) is plan.Expect:
                step = expecting.taker(self, thread, wants, request)
                if step is not None:
                    expecting.take(self, thread, step, request, None)
                    return
        self.acknowledged = request

    def _awaited_seq(self, request: Request) -> int:
        if self.leg_seqs is None or legs.is_of_client(self, request):
            return self.invite_seq
        return self.leg_seqs.get(request.call_id, -1)

    def cancel(self, call: Call, invite: ServerTransaction, request: Request) -> bool:
        """CANCEL came for an INVITE that waits."""
        for thread in self.threads:
            wants = thread.wants
            step = expecting.taker(self, thread, wants, request) if type(wants) is plan.Expect else None
            if step is not None:
                expecting.take(self, thread, step, request, None)
                return step.answered
        cancel = self.rule.cancel
        if cancel:
            call.matched(f"{self.name} cancel")
        if cancel == "ignore":
            return True
        if cancel == "fail":
            call.fail("the client sent CANCEL")
        self.stop_all()
        if cancel and not isinstance(cancel, str):
            self.begin(cancel, invite, of_cancel=True)
            return True
        self.over = True
        call.end()
        return False

    def response(self, call: Call, outgoing: Outgoing, response: Response | None) -> None:
        """A response to a request of ours came, or none will come."""
        if response is not None and response.status < 200:
            return
        for thread in self.threads:
            if thread.outgoing is outgoing and isinstance(thread.wants, plan.Send):
                call.matched(thread.wants.order.label)
                doing.answered(self, thread, thread.wants, outgoing, response)
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
            self.run(thread)
        elif type(wants) is plan.Expect:
            expecting.missed(self, thread, wants)
        elif isinstance(wants, plan.Send):
            doing.late(self, thread, wants)
        elif type(wants) is plan.Challenge:
            challenging.refused(
                self, thread, wants, f"no retry with credentials within {wants.within:g} s", answer=False
            )

    def ended(self, call: Call, outcome: str) -> None:
        """The call is over."""
        # call, runner and threads know each other: without this only the garbage collector would find them
        self.threads.clear()
        if hasattr(self, "call"):
            del self.call

    # threads

    def begin(self, block: Block, transaction: ServerTransaction, *, of_cancel: bool = False) -> None:
        """Run a block beside the flow for this request."""
        thread = Thread(self, block)
        thread.of_cancel = of_cancel
        thread.at(transaction, transaction.request)
        self.threads.append(thread)
        self.run(thread)

    def run(self, thread: Thread) -> None:
        """Go on until the thread waits or is done."""
        handlers = HANDLERS
        left = MOST_STEPS_AT_ONCE
        while True:
            steps = thread.steps
            at = thread.pc
            if at >= len(steps):
                if not thread.stack:
                    self.done(thread)
                    return
                thread.leave_block()
            else:
                step = steps[at]
                thread.pc = at + 1
                if handlers[type(step)](self, thread, step):
                    return
            left -= 1
            if not left:
                self.call.fail(f"{MOST_STEPS_AT_ONCE} steps without a wait between them")
                self.end_flow()
                return

    def wait(self, thread: Thread, seconds: float) -> None:
        """Let the thread go on after so many seconds."""
        thread.serial += 1
        self.call.wait(seconds, (thread, thread.serial))

    def done(self, thread: Thread) -> None:
        """A thread has no more steps."""
        if thread not in self.threads:
            return
        self.threads.remove(thread)
        parent = thread.parent
        if parent is not None:
            if thread.transaction is not parent.transaction:
                self.abandon(thread)
            parent.children -= 1
            if not parent.children:
                forking.join(self, parent)
            return
        self.leave(thread)
        if not self.threads:
            self.over = True
        self._settle()

    def leave(self, thread: Thread) -> None:
        """The thread will not answer its request any more: see that somebody does."""
        for transaction in (thread.transaction, thread.beneath):
            if transaction is None or not transaction.open:
                continue
            if thread.of_cancel:
                self.call.respond(transaction, _CANCELLED)
            elif transaction.method != "INVITE" or not transaction.last_status:
                self.call.answer(transaction)
        thread.beneath = None

    def lay_aside(self, thread: Thread, request: Request) -> None:
        """Another request comes to hand: an INVITE that still waits is at hand again after its final response."""
        before = thread.transaction
        if not before.open:
            return
        if before.method == "INVITE" and (request.method != "INVITE" or request.call_id != before.call_id):
            thread.beneath = before
        else:
            self.call.answer(before)

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

    def abandon(self, thread: Thread) -> None:
        """The thread will not go on: what it took, and has not answered, gets the core's answer."""
        thread.serial += 1
        thread.wants = None
        transaction = thread.transaction
        if transaction.open and transaction.method != "INVITE":
            self.call.answer(transaction)

    def stop_all(self) -> None:
        """No thread goes on."""
        threads = tuple(self.threads)
        self.threads.clear()
        for thread in threads:
            self.abandon(thread)

    def end_flow(self) -> None:
        """`end`, or what comes to the same: every thread stops, and what waits for an answer gets one."""
        threads = tuple(self.threads)
        self.stop_all()
        for thread in threads:
            self.leave(thread)
        self.over = True
        self._settle()

    # what threads do with messages

    def invited(self, request: Request) -> None:
        """This request is at hand; where it is an INVITE, its ACK is the one to be expected."""
        if request.method == "INVITE":
            self.acknowledged = None
            try:
                number = request.cseq.number
            except ParseError:
                number = -1
            if self.leg_seqs is None or legs.is_of_client(self, request):
                self.invite_seq = number
            else:
                self.leg_seqs[request.call_id] = number

    def check(self, thread: Thread, check: plan.Check) -> None:
        """Hold the thread's last message against assertions; what does not hold makes the call `failed`."""
        facts = self.facts()
        for failure in failures(check, thread.last, thread.before, thread.flow, facts):
            self.call.fail(f"check in line {check.place.line}: {failure}")
