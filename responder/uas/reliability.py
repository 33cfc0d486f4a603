"""Which provisional responses go out reliably, and what has to wait for their PRACK (RFC 3262 section 3)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from responder.dialog.reliable import ReliableProvisionals

if TYPE_CHECKING:
    from collections.abc import Iterator

    from responder.dialog.dialog import Dialog
    from responder.registry import Registry
    from responder.sip.message import Request
    from responder.transaction.server import ServerTransaction
    from responder.uas.call import Call
    from responder.uas.core import UserAgentServer
    from responder.uas.script import Reply


def is_wanted(request: Request, reply: Reply) -> bool:
    """Whether a 1xx goes out reliably: the author says so, or the client requires it."""
    if reply.reliable is not None:
        return reply.reliable
    return not reply.bare and "require" in request.shape.index and "100rel" in request.require


def deviations(registry: Registry, request: Request, reply: Reply) -> Iterator[str]:
    """What RFC 3262 has against the author's decision whether this 1xx is reliable."""
    status = reply.status
    known = registry.deviations(status, "INVITE", request)
    for sentence in registry.deviations(status, "INVITE", request, reliable=reply.reliable):
        if sentence not in known:
            yield sentence


def waits(transaction: ServerTransaction, provisionals: ReliableProvisionals, status: int, *, wanted: bool) -> bool:
    """Whether this response waits for a PRACK: no second reliable response before that of the first, and no 2xx.

    The RFC lets a 2xx overtake a response without SDP; here it never does, because an author who wrote both means to
    see both.
    """
    if not provisionals.outstanding or provisionals.invite_seq != transaction.cseq:
        return False
    return wanted or status >= 200


def provisionals_of(call: Call, core: UserAgentServer, dialog: Dialog[Call], cseq: int) -> ReliableProvisionals:
    """The reliable responses of this dialog to the INVITE with this CSeq number."""
    known = dialog.reliable
    if known is None or known.invite_seq != cseq:
        known = dialog.reliable = ReliableProvisionals(
            first_rseq=core.new_rseq(),
            invite_seq=cseq,
            user=call,
            layer=core.layer,
        )
    return known
