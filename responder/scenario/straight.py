"""Scripts without state: flows of nothing but responses, and the built-in behaviour. One object serves all calls."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from responder.scenario.plan import Rule
    from responder.scenario.playbook import Playbook
    from responder.sip.message import Request, Response
    from responder.transaction.server import ServerTransaction
    from responder.uas.call import Call
    from responder.uas.outgoing import Outgoing
    from responder.uas.script import Reply


class Straight:
    """Sends its replies at once and leaves the rest to the UAS core (`uas.script.Script`).

    A request other than INVITE always gets a final response, an INVITE rings on until CANCEL where the last reply is
    provisional. Without replies it gives the core's own answer.
    """

    __slots__ = ("_notes", "_playbook", "_replies", "_rule", "name", "unchecked")
    over = True

    def __init__(
        self,
        replies: tuple[Reply, ...],
        *,
        name: str = "",
        unchecked: frozenset[str] = frozenset(),
        rule: Rule | None = None,
        playbook: Playbook | None = None,
        notes: tuple[str, ...] = (),
    ) -> None:
        self._replies = replies
        self._notes = notes
        self._rule = rule
        self._playbook = playbook
        self.name = name
        self.unchecked = unchecked

    def start(self, call: Call, transaction: ServerTransaction) -> None:
        """The call's first request is there."""
        if self._rule is not None and self._rule.times and self._playbook is not None:
            self._playbook.served(self._rule, transaction.request, transaction.source)
        for text in self._notes:
            call.note("near-miss", text)
        replies = self._replies
        if replies:
            call.respond_all(transaction, replies)
        if not replies or (replies[-1].status < 200 and transaction.method != "INVITE"):
            call.answer(transaction)
        call.end()

    def request(self, call: Call, transaction: ServerTransaction) -> bool:
        """Left to the core."""
        return False

    def ack(self, call: Call, request: Request) -> None:
        """Nothing waits for it."""

    def cancel(self, call: Call, invite: ServerTransaction, request: Request) -> bool:
        """Left to the core."""
        return False

    def response(self, call: Call, outgoing: Outgoing, response: Response | None) -> None:
        """Nothing waits for it."""

    def timer(self, call: Call, token: Any) -> None:
        """It sets none."""

    def ended(self, call: Call, outcome: str) -> None:
        """It keeps nothing of a call."""

    def noted(self, notes: tuple[str, ...]) -> Straight:
        """The same for one call that has near misses to tell."""
        return Straight(
            self._replies,
            name=self.name,
            unchecked=self.unchecked,
            rule=self._rule,
            playbook=self._playbook,
            notes=notes,
        )
