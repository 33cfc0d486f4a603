"""The UAS core (RFC 3261 section 8.2): where a request goes that is not a retransmission.

    ACK           to the dialog whose 2xx it acknowledges (13.3.1.4)
    CANCEL        to the INVITE that it means (9.2)
    To with tag   to its dialog (12.2.2), after the checks that need a dialog
    otherwise     to the call that waits for it, or to a new call whose script the playbook picks

Inspection comes after the script is known, because a script may turn checks off.
"""

from __future__ import annotations

from collections import deque
from functools import lru_cache
from typing import TYPE_CHECKING, Final

from responder.errors import ParseError
from responder.events import CallEnded, Note
from responder.sip.likeness import LikeRequest
from responder.sip.name_addr import NameAddr
from responder.transaction.key import Key
from responder.uas import defaults, inspection, replacing
from responder.uas.bodies import session_description_in
from responder.uas.call import Call
from responder.uas.script import OVER, Reply
from responder.uas.subscription import Watchers

if TYPE_CHECKING:
    from responder.dialog.dialog import Dialog
    from responder.events import Flow
    from responder.registry import Ids, Registry
    from responder.sip.message import Request
    from responder.transaction.fault import FaultInjector
    from responder.transaction.layer import TransactionLayer
    from responder.transaction.server import ServerTransaction
    from responder.transaction.timers import Timers
    from responder.transaction.wire import Wire
    from responder.uas.publications import Publications
    from responder.uas.registrar import Registrar
    from responder.uas.response import ResponseBuilder
    from responder.uas.script import Playbook, Script
    from responder.uas.settings import Settings

_MERGED: Final = Reply(482, label="merged")
_OUT_OF_ORDER: Final = Reply(500, label="cseq")
_GLARE: Final = Reply(491, label="pending")
_MOST_OF_ONE_CALL_ID: Final = 8
"""Live calls of one Call-ID that are asked whether a retry is theirs."""
_MOST_ENDED: Final = 256
_OF_A_SESSION: Final = frozenset({"INVITE", "BYE", "PRACK", "UPDATE", "INFO"})
"""Methods that belong to the session in a dialog (RFC 5057 section 4.2)."""
_FULL: Final = Reply(503, label="full")
_NOTHING: Final[frozenset[str]] = frozenset()
_FAULT: Final = Reply(500, label="internal error")


class UserAgentServer:
    """Calls, dialogs and the way of each request to them."""

    __slots__ = (
        "_number",
        "_session_base",
        "builder",
        "calls",
        "dialogs",
        "ended_dialogs",
        "faults",
        "finished",
        "ids",
        "layer",
        "live",
        "losses",
        "matched",
        "noting",
        "playbook",
        "publications",
        "registrar",
        "registry",
        "reporting",
        "rounds",
        "settings",
        "timers",
        "watchers",
        "wire",
    )

    def __init__(
        self,
        *,
        playbook: Playbook,
        settings: Settings,
        registry: Registry,
        ids: Ids,
        wire: Wire,
        timers: Timers,
        layer: TransactionLayer,
        builder: ResponseBuilder,
        registrar: Registrar,
        publications: Publications,
        faults: FaultInjector,
        reporting: bool,
        noting: bool,
    ) -> None:
        self.playbook = playbook
        self.settings = settings
        self.registry = registry
        self.ids = ids
        self.wire = wire
        self.timers = timers
        self.layer = layer
        self.builder = builder
        self.registrar = registrar
        self.publications = publications
        self.faults = faults
        self.reporting = reporting
        """Whether ended calls are reported."""
        self.noting = noting
        """Whether notes are reported."""
        self.calls: dict[str, Call] = {}
        """Live calls by Call-ID, the newest of each."""
        self.live: dict[int, Call] = {}
        """Live calls by number."""
        self.dialogs: dict[tuple[str, str], Dialog[Call]] = {}
        """Live dialogs by Call-ID and our tag."""
        self.rounds: dict[str, int] = {}
        """Call-IDs of requests of ours outside a dialog, and how many requests of ours led to each."""
        self.ended_dialogs: deque[tuple[str, str]] = deque(maxlen=_MOST_ENDED)
        """Keys of the dialogs that ended last."""
        self.matched = ""
        """The rule or step that the last message from a client was for; the engine takes it into its event."""
        self.losses: dict[str, dict[str, int]] = {}
        """How many messages of which methods are to be taken as lost, by Call-ID."""
        self.watchers = Watchers()
        """Live subscriptions that are told of changes."""
        self.finished = 0
        self._number = 0
        self._session_base = ids.getrandbits(31) << 20

    # what calls need

    def new_tag(self) -> str:
        """A tag of 64 random bits (19.3 wants 32)."""
        return f"{self.ids.getrandbits(64):016x}"

    def new_branch(self) -> str:
        """A branch for a request of ours (8.1.1.7)."""
        return f"z9hG4bK{self.ids.getrandbits(80):020x}"

    def new_call_id(self, flow: Flow) -> str:
        """A Call-ID for a call of ours (8.1.1.4)."""
        return f"{self.ids.getrandbits(96):024x}@{flow.local[0]}"

    def new_rseq(self) -> int:
        """The first RSeq of an INVITE: 1 to 2**31 - 1 (RFC 3262 section 3), low enough to be counted up from."""
        return 1 + self.ids.getrandbits(30)

    def new_session_id(self, number: int) -> int:
        """The session id for the o= lines of call `number` (RFC 4566 section 5.2)."""
        return self._session_base + number

    def luck(self) -> float:
        """A random number from 0 to 1."""
        return self.ids.getrandbits(20) / (1 << 20)

    def note(self, call: int, kind: str, text: str) -> None:
        """Report a note where somebody listens."""
        if self.noting:
            self.wire.events.append(Note(self.wire.now, call, kind, text))

    def contact(self, flow: Flow, *, secure: bool) -> str:
        """Our Contact on this flow: a SIPS URI where `secure` (12.1.1)."""
        return self.builder.contact(flow, secure=secure)

    def host_port(self, flow: Flow) -> str:
        """Our address on this flow as a sent-by writes it."""
        return self.builder.host_port(flow)

    def host_of(self, transaction: ServerTransaction) -> str:
        """Our host as a warn-agent (20.43)."""
        return self.builder.host_port(transaction.source)

    def loses(self, request: Request) -> int:
        """Whether this request is to be taken as lost on its way, because a script said so: the call's number, or 0."""
        call_id = request.first("call-id") or ""
        left, call = self.losses.get(call_id), self.calls.get(call_id)
        if not left or not left.get(request.method) or call is None:
            return 0
        left[request.method] -= 1
        return call.number

    def ended(self, call: Call) -> None:
        """A call is over."""
        if self.losses:
            self.losses.pop(call.call_id, None)
        if self.calls.get(call.call_id) is call:
            if call.older is None or call.older.over:
                del self.calls[call.call_id]
            else:
                self.calls[call.call_id] = call.older
        call.older = None
        self.live.pop(call.number, None)
        self.finished += 1
        if self.reporting:
            request = call.request
            self.wire.events.append(
                CallEnded(
                    self.wire.now,
                    call.number,
                    call.call_id,
                    request.method,
                    request.uri,
                    _caller(request),
                    call.flow.remote,
                    call.flow.transport,
                    call.script.name,
                    tuple(call.path),
                    call.outcome,
                    call.started,
                    call.reason,
                )
            )

    # the way of a request

    def receive(self, request: Request, fault: ParseError | None, key: Key, flow: Flow) -> int:
        """A request that matched no transaction; gives the number of the call it belongs to, 0 for none.

        `fault` is what is wrong with its syntax; without one its identifying fields can be read.
        """
        method = request.method
        if method == "ACK":
            return self.acknowledge(request) if fault is None else 0
        layer = self.layer
        if len(layer.servers) >= self.settings.most_transactions:
            self.note(0, "problem", f"no room for another transaction: {method} gets no answer")
            return 0
        transaction = layer.open(key, request, flow)
        try:
            return self._dispatch(transaction, request, fault)
        except Exception:
            self._excuse(transaction)
            raise

    def _excuse(self, transaction: ServerTransaction) -> None:
        """Something of ours went wrong over this request: it still gets its final response (21.5.1)."""
        call = transaction.user
        if not isinstance(call, Call):
            if not transaction.open:
                return
            call = self._new_call(transaction, OVER)
        call.in_script = call.active = False
        call.outcome, call.reason = "failed", "internal error"
        if transaction.open:
            call.respond(transaction, _FAULT)
        call.finish()

    def _dispatch(self, transaction: ServerTransaction, request: Request, fault: ParseError | None) -> int:
        if fault is not None:
            to = request.first("to")
            transaction.tagged = to is None or ";tag=" in to  # a tag has its place in To only
            transaction.call_id = request.first("call-id") or ""
            return self._outside(transaction, fault)
        transaction.call_id = request.call_id
        transaction.cseq = request.cseq[0]
        to_tag = request.to_tag
        transaction.tagged = to_tag is not None
        if request.method == "CANCEL":
            return self._cancel(transaction)
        if to_tag is not None:
            dialog = self.dialogs.get((request.call_id, to_tag))
            if dialog is not None and dialog.remote_tag == (request.from_tag or ""):
                transaction.dialog = dialog
                return self._inside(transaction, dialog)
        return self._outside(transaction, None)

    def acknowledge(self, request: Request) -> int:
        """An ACK that no transaction took: for a 2xx, or for nothing (then it is dropped: 17, 13.3.1.4)."""
        dialog = self.dialogs.get((request.call_id, request.to_tag or ""))
        if dialog is None or dialog.remote_tag != (request.from_tag or ""):
            return 0
        call = dialog.user
        if dialog.acknowledged(request.cseq.number):
            call.acknowledged(dialog, request)
        return call.number

    def _cancel(self, transaction: ServerTransaction) -> int:
        # 9.2: 481 where no INVITE matches; otherwise 200 with the To tag of the INVITE's responses
        invite = self.layer.find_cancelled(transaction.request, transaction.source)
        call = invite.user if invite is not None else None
        if invite is None or not isinstance(call, Call):
            lone = self._new_call(transaction, OVER)
            if invite is not None and invite.tag:
                lone.tag = invite.tag
            lone.respond(transaction, defaults.PLAIN_OK if invite is not None else defaults.NO_SUCH_CALL)
            return lone.number
        call.opened(transaction)
        request = transaction.request
        transaction.tag = invite.tag
        call.path.append("CANCEL")
        call.respond(transaction, defaults.PLAIN_OK)
        if invite.open and invite.method == "INVITE":
            if call.active:
                call.in_script = True
                taken = call.script.cancel(call, invite, request)
                call.in_script = False
                if taken:
                    call.settle()
                    return call.number
            if not call.outcome:
                call.outcome = "cancelled"
            if invite.open:
                call.respond(invite, defaults.TERMINATED)
        return call.number

    def _inside(self, transaction: ServerTransaction, dialog: Dialog[Call]) -> int:
        """A request within a dialog (12.2.2)."""
        request = transaction.request
        method = request.method
        call = dialog.user
        call.opened(transaction)
        call.path.append(method)
        unchecked = call.unchecked
        number = transaction.cseq
        if number < dialog.remote_seq and "cseq" not in unchecked:
            # 12.2.2: "the request is out of order and MUST be rejected with a 500"
            call.respond(transaction, _OUT_OF_ORDER)
            return call.number
        dialog.remote_seq = max(number, dialog.remote_seq)
        refused = self._overlap(transaction, dialog, call) if "pending" not in unchecked else None
        if refused is None:
            refused = inspection.refusal(request, self.settings.capabilities, unchecked)
        if refused is not None:
            call.respond(transaction, refused)
            return call.number
        if dialog.session_over and method in _OF_A_SESSION:
            call.respond(transaction, defaults.NO_SUCH_CALL)  # RFC 5057 section 4: that usage is gone
            return call.number
        if method == "PRACK" and not call.acknowledge_provisional(transaction, dialog):
            call.respond(transaction, defaults.NO_SUCH_CALL)
            return call.number
        if not (call.active and self._taken(call, transaction)):
            call.answer(transaction)
        if method == "PRACK" and dialog.reliable is not None:
            dialog.reliable.release()
        if not call.over:
            call.settle()
            if transaction.open:
                call.suspended(transaction)
        return call.number

    def _overlap(self, transaction: ServerTransaction, dialog: Dialog[Call], call: Call) -> Reply | None:
        """14.2 and RFC 3311 section 5.2: one INVITE, one UPDATE at a time in a dialog."""
        method = transaction.method
        if method not in ("INVITE", "UPDATE"):
            return None
        offers = method == "INVITE" or session_description_in(transaction.request) is not None
        if offers and (dialog.inviting is not None or dialog.updating):
            return _GLARE
        if any(
            other is not transaction and other.method == method and other.call_id == transaction.call_id
            for other in call.unanswered
        ) or (method == "UPDATE" and offers and _has_unanswered_offer(call, dialog)):
            # "a randomly chosen value of between 0 and 10 seconds"
            return Reply(500, headers=(("Retry-After", str(self.ids.getrandbits(16) % 11)),), label="pending")
        return None

    def _outside(self, transaction: ServerTransaction, fault: ParseError | None) -> int:
        """A request outside of any dialog (8.2)."""
        request = transaction.request
        call_id = transaction.call_id
        calls = self.calls
        if fault is None and not transaction.tagged:
            known = calls.get(call_id)
            merged = self.layer.first_of(transaction) is not transaction
            if merged and (known is None or "merged" not in known.unchecked):
                return self._reject(transaction, _MERGED)
            for _ in range(_MOST_OF_ONE_CALL_ID):
                if known is None:
                    break
                if known.active and not known.dialogs and self._retry(known, transaction):
                    return known.number
                known = known.older
        if len(self.live) >= self.settings.most_calls:
            return self._reject(transaction, _FULL)
        try:
            script = self.playbook.choose(request, transaction.source, self.wire.now)
        except ParseError as error:
            return self._reject(transaction, inspection.of_syntax(fault or error) or _FAULT)
        self.matched = script.name
        call = self._new_call(transaction, script)
        refused = self._refusal(transaction, fault, call.unchecked)
        if not script.name:
            call.unchecked = _NOTHING  # what was dialled goes before the checks of the request that dialled it only
        if refused is not None:
            call.reject(transaction, refused)
        else:
            call.in_script = True
            script.start(call, transaction)
            call.in_script = False
        if not call.over:
            call.older = calls.get(call_id)
            calls[call_id] = self.live[call.number] = call
            if self.watchers.of:
                self.watchers.call_changed(call.request)
            call.settle()
            if transaction.open:
                call.suspended(transaction)
        return call.number

    def _refusal(
        self, transaction: ServerTransaction, fault: ParseError | None, unchecked: frozenset[str]
    ) -> Reply | None:
        """What a request outside of any dialog gets instead of what its script says."""
        if fault is not None:
            return inspection.of_syntax(fault, unchecked)
        if transaction.tagged and "dialog" not in unchecked:
            return defaults.NO_SUCH_CALL
        request = transaction.request
        refused = inspection.refusal(request, self.settings.capabilities, unchecked)
        if refused is None and "replaces" in request.shape.index and "replaces" not in unchecked:
            refused = replacing.refusal(self, request)
        return refused

    def _retry(self, call: Call, transaction: ServerTransaction) -> bool:
        """Another try of the same Call-ID outside a dialog (8.1.3.5, 22.2), where its script waits for one."""
        refused = inspection.refusal(transaction.request, self.settings.capabilities, call.unchecked)
        call.opened(transaction)
        call.path.append(transaction.method)
        if refused is not None:
            call.respond(transaction, refused)
            return True
        if self._taken(call, transaction):
            call.settle()
            if transaction.open and not call.over:
                call.suspended(transaction)
            return True
        call.unanswered.remove(transaction)
        call.path.pop()
        transaction.user = None
        return False

    def _taken(self, call: Call, transaction: ServerTransaction) -> bool:
        """Whether the script takes this request."""
        call.in_script = True
        taken = call.script.request(call, transaction)
        call.in_script = False
        return taken

    def _reject(self, transaction: ServerTransaction, reply: Reply) -> int:
        call = self._new_call(transaction, OVER)
        call.reject(transaction, reply)
        if not call.over and reply is not _FULL:
            self.live[call.number] = call
        return call.number

    def _new_call(self, transaction: ServerTransaction, script: Script) -> Call:
        self._number += 1
        call = Call(self, self._number, transaction, script)
        call.opened(transaction)
        return call

    def shutdown(self) -> None:
        """End every call: final responses to what waits, BYE in what stands."""
        for call in list(self.live.values()):
            call.shut_down()

    def abandon(self) -> None:
        """No call can go on: report what is left."""
        for call in list(self.live.values()):
            call.finish("abandoned")


def _has_unanswered_offer(call: Call, dialog: Dialog[Call]) -> bool:
    """Whether an INVITE of the peer waits whose offer has no answer yet."""
    if dialog.reliable is not None and dialog.reliable.carried_sdp:
        return False
    return any(
        t.method == "INVITE" and t.call_id == dialog.call_id and session_description_in(t.request) is not None
        for t in call.unanswered
    )


def _caller(request: Request) -> str:
    """The From URI without parameters, as far as it can be read."""
    if type(request) is LikeRequest:
        return _uri_of(request.likeness.sender)
    return _uri_of((request.first("from") or "").partition(";tag=")[0])


@lru_cache(maxsize=1024)
def _uri_of(value: str) -> str:
    try:
        return str(NameAddr.parse(value).uri).partition(";")[0]
    except ParseError:
        return value
