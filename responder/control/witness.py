"""Watches responses while they are made, so that somebody can say afterwards where each line of them comes from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from responder.uas.response import ResponseBuilder

if TYPE_CHECKING:
    from responder.dialog.reliable import ReliableProvisionals
    from responder.registry.rules import BodyRule, HeaderRule
    from responder.sip.message import Request
    from responder.transaction.server import ServerTransaction
    from responder.uas.call import Call
    from responder.uas.script import Reply


@dataclass(frozen=True, slots=True)
class Made:
    """A response and what it was made of."""

    data: bytes
    reply: Reply
    request: Request
    ruled: Sequence[tuple[HeaderRule, int]]
    """The rules of the registry that gave it header fields, each with how many."""
    rules: Sequence[HeaderRule]
    """All rules for such a response: they know the reference of a header that something else wrote."""
    bodies: Sequence[BodyRule]
    reference: str
    """Where its code is defined."""
    tagged: bool
    """Whether the request had a To tag already."""


class Witness(ResponseBuilder):
    """A builder that remembers what it made, by its bytes."""

    __slots__ = ("calls", "made")

    def __init__(self, **settings: Any) -> None:
        super().__init__(**settings)
        self.made: dict[bytes, Made] = {}
        self.calls: dict[int, Call] = {}
        """The calls that have been answered so far, by number."""

    def burst(self, call: Call, transaction: ServerTransaction, replies: tuple[Reply, ...]) -> None:
        """None: every response is built by itself, so that all are seen."""

    def build(
        self,
        call: Call,
        transaction: ServerTransaction,
        reply: Reply,
        scope: Any,
        tag: str,
        provisionals: ReliableProvisionals | None,
    ) -> bytes:
        """The response, as `ResponseBuilder` makes it."""
        request, tagged = transaction.request, transaction.tagged
        ruled = self.ruled(call, transaction, reply, provisionals)
        data = super().build(call, transaction, reply, scope, tag, provisionals)
        code = self._registry.get(reply.status)
        rules = self._registry.rules(reply.status, request.method)
        self.calls[call.number] = call
        self.made[data] = Made(data, reply, request, ruled, rules, code.bodies, code.reference, tagged)
        return data
