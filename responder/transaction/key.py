"""Which transaction a request belongs to (RFC 3261 section 17.2.3).

With the magic cookie a server transaction is known by the top Via's branch and sent-by and by the method, ACK counting
as INVITE. Call-ID and transport are looked at, too: they are the same in every repeat, ACK and CANCEL, and clients are
about that use one branch again and again.

Without the cookie (a peer of RFC 2543) by the Request-URI, From, Call-ID, CSeq number and the whole top Via; there the
To tag of an ACK must also be that of our response, which the layer checks.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

from responder.sip.via import MAGIC_COOKIE

if TYPE_CHECKING:
    from responder.sip.message import Request
    from responder.sip.via import TopVia

Key: TypeAlias = tuple[str, ...]


def server_key(request: Request, via: TopVia, method: str, transport: str) -> Key:
    """The key of the server transaction for `request`; `method` is INVITE where the request is an ACK for one."""
    branch = via.branch
    if branch.startswith(MAGIC_COOKIE) and len(branch) > len(MAGIC_COOKIE):
        return (branch, via.sent_by, method, request.first("call-id") or "", transport)
    return (
        request.uri,
        request.first("from") or "",
        request.first("call-id") or "",
        (request.first("cseq") or "").partition(" ")[0],
        request.first("via") or "",
        method,
    )


def is_legacy(key: Key) -> bool:
    """Whether the key was made by the rules for RFC 2543 peers."""
    return len(key) != 5
