"""A program counter in a flow: one for the flow as such, one more for each branch that runs beside it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from responder.dialog.dialog import Dialog
    from responder.events import Flow
    from responder.scenario.draws import Draws
    from responder.scenario.plan import Block, Challenge, Expect, Send
    from responder.scenario.runner import Runner
    from responder.sip.message import Message, Request
    from responder.transaction.server import ServerTransaction
    from responder.uas.outgoing import Outgoing
    from responder.uas.script import Reply


class Thread:
    """Where a branch stands and what it has at hand; the `names.Scope` of its texts."""

    __slots__ = (
        "before",
        "beneath",
        "children",
        "dialog",
        "flow",
        "held",
        "invite",
        "last",
        "latest",
        "of_cancel",
        "outgoing",
        "parent",
        "pc",
        "race",
        "request",
        "runner",
        "serial",
        "since",
        "stack",
        "stage",
        "steps",
        "tag",
        "transaction",
        "tries",
        "wants",
    )

    def __init__(self, runner: Runner, steps: Block, parent: Thread | None = None, tag: str | None = None) -> None:
        self.runner = runner
        self.steps = steps
        self.pc = 0
        self.stack: list[tuple[Block, int, int]] = []
        """Blocks around this one: steps, where to go on, rounds still to go (-1: forever)."""
        self.parent = parent
        self.children = 0
        """Branches that still run; the thread waits for them."""
        self.tag = tag
        """The To-tag of a branch of a fork."""
        self.held: list[tuple[Thread, Reply]] = []
        """Refusals of its branches: the best is sent when all are done (RFC 3261 section 16.7 step 6)."""
        self.race = False
        """The 2xx of one of its branches does not end the others."""
        self.wants: Expect | Challenge | Send | None = None
        """What it waits for, besides time."""
        self.outgoing: Outgoing | None = None
        """The request of ours whose response it waits for."""
        self.dialog: Dialog[Any] | None = None
        """The dialog that it made last, by an INVITE of ours."""
        self.serial = 0
        """Counts its waits: a timer of an earlier one means nothing."""
        self.since = 0.0
        """When the wait began."""
        self.tries = 0
        """How often the request of the step at hand was sent again."""
        self.stage = 0
        """Challenges sent by the step at hand."""
        self.beneath: ServerTransaction | None = None
        """An INVITE that still waits for its final response, while a later request is at hand."""
        self.of_cancel = False
        """It runs what a CANCEL leads to: its INVITE gets 487 if nothing else."""
        self.latest: Request | None = None
        """The last request but ACKs."""
        self.invite: Request | None = None
        """The last INVITE."""
        if parent is None:
            return
        self.transaction: ServerTransaction = parent.transaction
        self.request: Request = parent.request
        self.flow: Flow = parent.flow
        self.last: Message = parent.last
        self.before: Message = parent.before
        self.latest = parent.latest
        self.invite = parent.invite
        self.dialog = parent.dialog

    def at(self, transaction: ServerTransaction, request: Request) -> None:
        """This request is at hand from now on."""
        self.transaction = transaction
        self.flow = transaction.source
        self.seen(request)

    def seen(self, request: Request) -> None:
        """This is the last message; it is compared with the request before, an ACK or a CANCEL with its INVITE."""
        if request.method in ("ACK", "CANCEL"):
            self.before = self.invite or request
        else:
            self.before = self.latest or request
            self.latest = request
            if request.method == "INVITE":
                self.invite = request
        self.request = request
        self.last = request

    def enter(self, block: Block, rounds: int = 0) -> None:
        """Run a block before what follows; `rounds` more times after the first, -1: for ever."""
        self.stack.append((self.steps, self.pc, rounds))
        self.steps, self.pc = block, 0

    def leave_block(self) -> None:
        """Go on behind the block, or begin its next round."""
        steps, at, rounds = self.stack.pop()
        if rounds:
            self.stack.append((steps, at, rounds - 1 if rounds > 0 else rounds))
            self.pc = 0
        else:
            self.steps, self.pc = steps, at

    def at_hand(self) -> ServerTransaction:
        """What a response goes to: the request taken last or, once that has its final response, the INVITE beneath."""
        transaction = self.transaction
        if self.beneath is not None and not transaction.open:
            transaction = self.transaction = self.beneath
            self.flow = transaction.source
            self.beneath = None
        if transaction.open:
            self.request = transaction.request
        return transaction

    @property
    def branch(self) -> Thread:
        """The branch of a fork that it runs in: itself, or the thread that it came from."""
        thread = self
        while thread.parent is not None and thread.parent.tag == thread.tag:
            thread = thread.parent
        return thread

    @property
    def loops(self) -> bool:
        """Whether it is in a block that is repeated for ever, so that the end of the call is the end of it."""
        return any(rounds < 0 for _, _, rounds in self.stack)

    # names.Scope

    @property
    def first(self) -> Request:
        """The call's first request."""
        return self.runner.first

    @property
    def number(self) -> int:
        """The call's number."""
        return self.runner.call.number

    @property
    def attempt(self) -> int:
        """Which of the caller's requests the call began with."""
        return self.runner.attempt

    @property
    def elapsed(self) -> float:
        """Seconds since the call's first request."""
        return self.runner.call.now - self.runner.call.started

    @property
    def wall(self) -> float:
        """Seconds since 1970 UTC."""
        return self.runner.playbook.epoch + self.runner.call.now

    @property
    def variables(self) -> dict[str, str]:
        """What `set` and `as` have set."""
        return self.runner.variables

    @property
    def groups(self) -> dict[str, str]:
        """What the groups of the regular expressions matched."""
        return self.runner.groups

    @property
    def draws(self) -> Draws:
        """Where random values come from."""
        return self.runner.draws

    def registered(self, user: str) -> str:
        """The best contact that this user has registered, empty where there is none."""
        return self.runner.call.registered(user)

    @property
    def contact(self) -> str:
        """Our own URI."""
        return self.runner.call.contact(self.flow)

    def issue_nonce(self) -> str:
        """A nonce for a challenge."""
        return self.runner.playbook.authenticator.nonces.issue(self.runner.call.now)
