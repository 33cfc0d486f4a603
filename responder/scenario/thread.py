"""A program counter in a flow: one for the flow as such, one more for each branch that runs beside it."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
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
        "children",
        "flow",
        "held",
        "last",
        "of_cancel",
        "outgoing",
        "parent",
        "pc",
        "request",
        "runner",
        "serial",
        "since",
        "stack",
        "stage",
        "steps",
        "tag",
        "transaction",
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
        self.wants: Expect | Challenge | Send | None = None
        """What it waits for, besides time."""
        self.outgoing: Outgoing | None = None
        """The request of ours whose response it waits for."""
        self.serial = 0
        """Counts its waits: a timer of an earlier one means nothing."""
        self.since = 0.0
        """When the wait began."""
        self.stage = 0
        """Challenges sent by the step at hand."""
        self.of_cancel = False
        """It runs what a CANCEL leads to: its INVITE gets 487 if nothing else."""
        if parent is None:
            return
        self.transaction: ServerTransaction | None = parent.transaction
        self.request: Request = parent.request
        self.flow: Flow = parent.flow
        self.last: Message = parent.last
        self.before: Message = parent.before

    def at(self, transaction: ServerTransaction, request: Request) -> None:
        """This request is at hand from now on."""
        self.transaction = transaction
        self.flow = transaction.source
        self.seen(request)

    def seen(self, request: Request) -> None:
        """This is the last message."""
        self.before = getattr(self, "request", request)
        self.request = request
        self.last = request

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

    def issue_nonce(self) -> str:
        """A nonce for a challenge."""
        return self.runner.playbook.authenticator.nonces.issue(self.runner.call.now)
