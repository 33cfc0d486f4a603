"""The transaction layer: which transaction a message belongs to, and the tables of those alive (RFC 3261 section 17).

Also where responses go: `response_flow` obeys section 18.2.2 and RFC 3581 section 4, `stamped` writes `received` and
`rport` as 18.2.1 and RFC 3581 want them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from responder.events import Flow
from responder.sip.likeness import LikeRequest
from responder.sip.methods import METHODS
from responder.sip.via import stamped as stamped_via
from responder.transaction.client import ClientTransaction
from responder.transaction.key import Key, is_legacy, server_key
from responder.transaction.server import ServerTransaction
from responder.transaction.timers import Timers, TimerValues

if TYPE_CHECKING:
    from responder.sip.message import Request, Response, Shape
    from responder.sip.via import TopVia
    from responder.transaction.client import ClientUser
    from responder.transaction.wire import Wire

DEFAULT_PORTS: Final = {"UDP": 5060, "TCP": 5060, "TLS": 5061, "WS": 80, "WSS": 443}
"""Where a URI or sent-by without port means (RFC 3261 section 19.1.2, RFC 7118 section 5.5), by transport."""
_MOST_DETOURS: Final = 1024


class TransactionLayer:
    """All transactions of an engine."""

    __slots__ = (
        "_detours",
        "_fallbacks",
        "_first",
        "clients",
        "non_invite_trying_after",
        "servers",
        "timeout",
        "timers",
        "values",
        "wire",
    )

    def __init__(self, wire: Wire, timers: Timers, values: TimerValues) -> None:
        self.wire = wire
        self.timers = timers
        self.values = values
        self.timeout = values.timeout
        self.servers: dict[Key, ServerTransaction] = {}
        self.clients: dict[tuple[str, str], ClientTransaction] = {}
        self._first: dict[tuple[object, ...], ServerTransaction] = {}
        self._detours: dict[tuple[str, str, int], Flow] = {}
        self._fallbacks: dict[int, Flow] = {}
        # RFC 4320 4.1: a 100 to a non-INVITE is due when the client's Timer E has been reset to T2
        interval, due = values.t1, 0.0
        while interval < values.t2:
            due += interval
            interval *= 2
        self.non_invite_trying_after = due

    def find(self, request: Request, source: Flow) -> tuple[Key, ServerTransaction | None]:
        """The key of this request and the transaction that it matches (17.2.3); an ACK matches its INVITE."""
        method = request.method
        if type(request) is LikeRequest:
            likeness = request.likeness
            key: Key = (request.branch, likeness.sent_by, likeness.keyed, request.call_id, source.transport)
        else:
            key = server_key(request, request.top_via, "INVITE" if method == "ACK" else method, source.transport)
        transaction = self.servers.get(key)
        if transaction is None:
            return key, None
        if method == "ACK":
            if is_legacy(key) and request.to_tag != transaction.answered_tag:
                return key, None
        elif not transaction.repeats(request, source):
            return key, None
        return key, transaction

    def find_cancelled(self, cancel: Request, source: Flow) -> ServerTransaction | None:
        """The transaction that a CANCEL means (9.2: 17.2.3 with its method put aside): INVITE, or any other."""
        for method in ("INVITE", *METHODS):
            found = self.servers.get(server_key(cancel, cancel.top_via, method, source.transport))
            if found is not None and found.method != "CANCEL":
                return found
        return None

    def open(self, key: Key, request: Request, source: Flow) -> ServerTransaction:
        """A new server transaction for a request that matched none."""
        if type(request) is LikeRequest:
            head, rest = request.likeness.echo(request)
            known = request.memo.get("flow")
            if known is None or known[0] is not source:
                known = request.memo["flow"] = (source, self.response_flow(request.top_via, source))
            flow = known[1]
        else:
            via = request.top_via
            head, rest = copied(request, via, source)
            flow = self.response_flow(via, source)
        transaction = self.servers[key] = ServerTransaction(self, key, request, flow, source, head, rest)
        return transaction

    def forget(self, transaction: ServerTransaction) -> None:
        """A server transaction has terminated."""
        if self.servers.get(transaction.key) is transaction:
            del self.servers[transaction.key]
        identity = transaction.identity
        if identity is not None and self._first.get(identity) is transaction:
            del self._first[identity]

    def first_of(self, transaction: ServerTransaction) -> ServerTransaction:
        """The ongoing transaction whose request was the first with this From tag, Call-ID and CSeq (8.2.2.2).

        Another one than that given means that the request has come by two ways. Only for requests without To tag.
        """
        request = transaction.request
        transaction.identity = identity = (request.call_id, request.from_tag, request.cseq)
        first = self._first.setdefault(identity, transaction)
        if first.key == transaction.key:  # not by two ways, but by one branch used twice (see `key`)
            first = self._first[identity] = transaction
        return first

    def start(
        self,
        branch: str,
        method: str,
        data: bytes,
        flow: Flow,
        user: ClientUser,
        *,
        ack: bytes | None = None,
        note: str = "",
    ) -> ClientTransaction:
        """Send a request of ours; `ack` is the ACK for a 300-699 with a NUL in place of the To value.

        `note` says why it goes out, for the journal.
        """
        transaction = ClientTransaction(self, branch, method, data, flow, user, ack)
        self.clients[(branch, method)] = transaction
        transaction.start(note)
        return transaction

    def match_response(self, response: Response) -> ClientTransaction | None:
        """The client transaction of a response: top Via branch and CSeq method (17.1.3)."""
        branch = response.top_via.branch
        return self.clients.get((branch, response.cseq.method)) if branch else None

    def response_flow(self, via: TopVia, source: Flow) -> Flow:
        """Where the responses to a request from `source` go (18.2.2, RFC 3581 section 4)."""
        if source.reliable:
            return self._with_fallback(via, source)
        if via.maddr is not None:
            return self._detour(via.maddr.strip("[]"), via.port or 5060, source)
        if via.has_rport:
            return source
        port = via.port or 5060
        if port == source.remote[1]:
            return source
        return self._detour(source.remote[0], port, source)

    def _detour(self, host: str, port: int, source: Flow) -> Flow:
        known = self._detours.get((source.here, host, port))
        if known is None:
            if len(self._detours) >= _MOST_DETOURS:
                self._detours.clear()
            known = self._detours[(source.here, host, port)] = Flow(source.transport, source.local, (host, port))
        return known

    def _with_fallback(self, via: TopVia, source: Flow) -> Flow:
        # 18.2.2: when the connection is gone, one is opened to `received` at the port of the sent-by
        port = via.port or DEFAULT_PORTS.get(source.transport, 5060)
        known = self._fallbacks.get(source.connection)
        if known is None or known.remote != source.remote or known.fallback != (source.remote[0], port):
            if len(self._fallbacks) >= _MOST_DETOURS:
                self._fallbacks.clear()
            fallback = (source.remote[0], port)
            known = Flow(source.transport, source.local, source.remote, source.connection, fallback)
            self._fallbacks[source.connection] = known
        return known

    def transport_failed(self, flow: Flow) -> None:
        """Nothing can be sent on this flow: tell the requests of ours that are under way on it (17.1.4).

        Server transactions are left as they are: RFC 6026 section 7.1 wants an INVITE to keep its state, and a finished
        non-INVITE only waits for its timer.
        """
        for client in [c for c in self.clients.values() if c.flow == flow]:
            client.transport_failed()


_POSITIONS: Final = "copied"


def copied(request: Request, via: TopVia, source: Flow) -> tuple[str, str]:
    """The lines that every response copies from its request (8.2.6.2), cut after the value of To.

    18.2.1: the top Via gets `received` where the host of its sent-by differs from the source address or is a name.
    RFC 3581 section 4: an `rport` without a value gets the source port, and then `received` is always there.
    A line that the request lacks is left out.
    """
    shape, values = request.shape, request.values
    where = shape.memo.get(_POSITIONS)
    if where is None:
        where = shape.memo[_POSITIONS] = _positions(shape)
    via_at, from_at, to_at, call_id_at, cseq_at, others = where
    top = values[via_at].strip()
    host = source.remote[0]
    if via.has_rport or via.address != host:
        top = stamped_via(top, host=host, port=source.remote[1])
    if others is None:
        return (
            f"Via: {top}\r\nFrom: {values[from_at].strip()}\r\nTo: {values[to_at].strip()}",
            f"\r\nCall-ID: {values[call_id_at].strip()}\r\nCSeq: {values[cseq_at].strip()}\r\n",
        )
    head = "\r\n".join([f"Via: {top}", *[f"Via: {values[at].strip()}" for at in others]])
    for name, at in (("From", from_at), ("To", to_at)):
        head += f"\r\n{name}: {values[at].strip()}" if at >= 0 else ""
    rest = "\r\n"
    for name, at in (("Call-ID", call_id_at), ("CSeq", cseq_at)):
        rest += f"{name}: {values[at].strip()}\r\n" if at >= 0 else ""
    return head, rest


def _positions(shape: Shape) -> tuple[int, int, int, int, int, tuple[int, ...] | None]:
    """Where the copied fields stand; the last is None where all are there and Via is one field."""
    index = shape.index
    via, sender, to, call_id, cseq = (index.get(key, -1) for key in ("via", "from", "to", "call-id", "cseq"))
    others = shape.every["via"][1:]
    return via, sender, to, call_id, cseq, others or (() if min(sender, to, call_id, cseq) < 0 else None)
