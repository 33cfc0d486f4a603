"""A call: everything that one Call-ID and its script have to do with each other.

A call is an object with counters, not a task. It begins with the first request of a Call-ID, outlives refused tries
(a script may wait for the retry), and ends when nothing is open any more: no request unanswered, no dialog alive, no
request of ours under way, and the script done. Its public methods are the verbs of a `Script`.
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

from responder.dialog.dialog import CONFIRMED, EARLY, Dialog
from responder.dialog.dialog import OVER as OVER_DIALOG
from responder.dialog.placed import PlacedDialog
from responder.errors import ParseError
from responder.events import MessageSent
from responder.sip.likeness import LikeRequest
from responder.sip.sdp import SdpError
from responder.transaction.fsm import ACCEPTED, PROCEEDING
from responder.uas import defaults, reliability, replacing
from responder.uas.bodies import session_description_in
from responder.uas.inspection import expanded
from responder.uas.outgoing import InDialog, Outgoing
from responder.uas.placing import placed
from responder.uas.routing import request_uri
from responder.uas.script import OVER
from responder.uas.session_timer import SessionTimer
from responder.uas.subscription import SUBSCRIBING
from responder.uas.subscriptions import Subscriptions

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from responder.dialog.reliable import ReliableProvisionals
    from responder.events import Flow
    from responder.registry.capabilities import Capabilities
    from responder.sip.message import Request, Response
    from responder.transaction.fault import Fault
    from responder.transaction.server import ServerTransaction
    from responder.transaction.timers import Target
    from responder.uas.core import UserAgentServer
    from responder.uas.publications import Published
    from responder.uas.registrar import Outcome
    from responder.uas.script import Order, Reply, Script

_WORDS: Final = [str(status) for status in range(700)]
"""Status codes as they stand in a path."""

_TARGET_REFRESH: Final = frozenset({"UPDATE", "SUBSCRIBE", "NOTIFY", "REFER"})
"""Methods other than INVITE whose 2xx replaces the remote target (12.2.2, RFC 3311 5.2, RFC 6665 4.4.1)."""

_STATEFUL: Final = frozenset({"PUBLISH", "REGISTER"})
"""Methods whose 2xx may change what others have subscribed to."""

_REFERRED: Final = 180.0
"""Seconds within which a REFER leads to an outcome: an INVITE rings no longer (16.6, timer C)."""
_AT_ONCE: Final = 1e-6
_expires: Final = re.compile(r";[ \t]*expires[ \t]*=[ \t]*([0-9]{1,9})").search
_REFRESH: Final = object()
_LINGER: Final = object()


class Call:
    """One call; made by the core, handed to its script."""

    __slots__ = (
        "_accepted",
        "_core",
        "_idle_since",
        "_subscriptions",
        "_waits",
        "active",
        "bindings",
        "call_id",
        "described",
        "dialogs",
        "entity_tag",
        "fault",
        "flow",
        "forking",
        "in_script",
        "luck",
        "notifies",
        "number",
        "older",
        "outcome",
        "over",
        "path",
        "pending",
        "placing",
        "proof",
        "reason",
        "request",
        "script",
        "session_id",
        "started",
        "tag",
        "unanswered",
        "unchecked",
    )

    def __init__(self, core: UserAgentServer, number: int, transaction: ServerTransaction, script: Script) -> None:
        self._core = core
        self.number = number
        """Counts from 1 within the engine."""
        self.request: Request = transaction.request
        """The first request."""
        self.flow: Flow = transaction.source
        self.call_id = transaction.call_id
        self.script = script
        self.unchecked = expanded(script.unchecked) if script.unchecked else script.unchecked
        """Names of the checks of `inspection` that are not made."""
        self.started = core.wire.now
        """The engine's time at which the first request came, in seconds."""
        self.path: list[str] = []
        """What happened: codes sent, methods of later requests."""
        self.tag = core.new_tag()
        """Our To tag, unless a reply says otherwise."""
        self.dialogs: list[Dialog[Call]] = []
        self.unanswered: list[ServerTransaction] = []
        """Requests of this call that wait for their final response."""
        self.pending = 0
        """Refusals that wait for their ACK, and requests of ours under way."""
        self.active = script is not OVER
        """Whether the script may still act."""
        self.over = False
        self.in_script = False
        """Whether the script is at work right now: what it leaves behind is looked at when it is done."""
        self.outcome = ""
        self.reason = ""
        self.session_id = core.new_session_id(number)
        self.bindings: Sequence[str] | None = None
        """Contact values of a 2xx to REGISTER."""
        self.entity_tag = ""
        """For the SIP-ETag of a 2xx to PUBLISH."""
        self.forking = False
        """Whether the script plays several branches: then a BYE to one early dialog leaves the INVITE to the others."""
        self.placing: tuple[Outgoing, ...] = ()
        """Requests of ours outside a dialog that wait for their final response."""
        self.fault: Fault | None = None
        """What goes wrong with every message of ours that has no fault of its own."""
        self.luck: Callable[[], float] | None = None
        """Draws from 0 to 1 for the chances of faults; None: the core does."""
        self.notifies = False
        """Whether the script sends the NOTIFYs that follow a 2xx; as long as it is active we then send none."""
        self.proof: tuple[ServerTransaction, tuple[str, str]] | None = None
        """A request with right credentials, and the header field by which its 2xx answers them (RFC 7616 3.5)."""
        self.older: Call | None = None
        """An earlier call with the same Call-ID."""
        self._accepted: list[ServerTransaction] = []
        self._subscriptions: Subscriptions | None = None
        self.described = (0, b"")
        """The version of our last session description, and the description."""
        self._waits = 0
        self._idle_since = -1.0

    # verbs of the script

    @property
    def now(self) -> float:
        """The engine's time, in seconds."""
        return self._core.wire.now

    @property
    def confirmed(self) -> Dialog[Call] | None:
        """The confirmed dialog, where there is one, and no BYE has ended its session."""
        for dialog in self.dialogs:
            if dialog.state == CONFIRMED and not dialog.session_over:
                return dialog
        return None

    def branch_tag(self) -> str:
        """A To tag for another branch of a fork."""
        return self._core.new_tag()

    def respond(self, transaction: ServerTransaction, reply: Reply, scope: Any = None) -> None:
        """Send a response to this request; it waits its turn behind a reliable 1xx that has no PRACK yet (RFC 3262)."""
        status = reply.status
        if transaction.state > PROCEEDING and not (transaction.state == ACCEPTED and 200 <= status < 300):
            self.note("deviation", f"{status} not sent: the {transaction.method} has had its final response")
            return
        tag = self.tag
        if reply.to_tag is not None and reply.to_tag is not True:
            tag = "" if reply.to_tag is False else self._core.builder.text(reply.to_tag, scope)
        method = transaction.method
        if method == "INVITE" and 100 < status < 300:
            self._progress(transaction, reply, scope, tag)
            return
        if 200 <= status < 300:
            if method == "REGISTER" and self.bindings is None:
                outcome = self.register(transaction)
                if outcome.status != 200:
                    self.note("deviation", f"{status} although the registrar refuses this with {outcome.status}")
            elif method == "PUBLISH" and not self.entity_tag:
                self.publish(transaction, unasked=True)
        # sending may finish the transaction, which then forgets these
        request, dialog = transaction.request, transaction.dialog
        data = self._send(transaction, reply, scope, tag, None)
        if data is None or status < 200:
            return
        self.unanswered.remove(transaction)
        if method == "INVITE":
            self.pending += 1  # until its ACK or Timer H
            if dialog is not None and dialog.reliable is not None:
                dialog.reliable.stop()
            if dialog is None:
                self._end_early_dialogs(awaiting_prack=False)  # 12.3
            return
        if method == "BYE" and dialog is not None and status not in (401, 407):
            # 15.1.2: the session ends whatever we answer, and what still waits is refused with 487; where it was one
            # branch of a fork, the others go on
            early = dialog.state == EARLY
            self._end_session(dialog)
            if not (early and (self.forking or any(other.state == EARLY for other in self.dialogs))):
                for pending in list(self.unanswered):
                    self.respond(pending, defaults.TERMINATED)
                self._end_early_dialogs()
        elif method in _TARGET_REFRESH and status < 300:
            self._refreshed(transaction, request, dialog, tag, data)
            if method == "UPDATE" and dialog is not None:
                self._keep_time(dialog, request, data)
        elif method in SUBSCRIBING:
            self.subscriptions.refused(request)
        elif method in _STATEFUL:
            self.bindings, self.entity_tag = None, ""  # the next one has its own
            if status < 300 and self._core.watchers.of:
                self._core.watchers.changed_by(request)
        self.settle()

    def respond_all(self, transaction: ServerTransaction, replies: tuple[Reply, ...]) -> None:
        """Send these responses at once, in order: what `respond` does with each, only quicker."""
        *before, last = replies
        if before:
            core, request = self._core, transaction.request
            burst = None
            wire = core.wire
            if type(request) is LikeRequest and wire.clear and self.fault is None:
                burst = core.builder.burst(self, transaction, replies)
            if burst is None:
                for reply in before:
                    self.respond(transaction, reply)
            else:
                # responses that are followed by another in the same instant change nothing but the wire
                head, rest = transaction.head.encode(), transaction.rest.encode()
                tag = f";tag={self.tag}".encode()
                out, flow = wire.out, transaction.flow
                for start, tail, status in burst:
                    out.append((b"%b%b%b%b%b" % (start, head, tag if status > 100 else b"", rest, tail), flow))
                    self.path.append(_WORDS[status])
                if wire.observing:
                    wire.events += [
                        MessageSent(wire.now, flow, data, self.number, False, reply.label)
                        for reply, (data, _) in zip(before, out[-len(before) :], strict=True)
                    ]
        self.respond(transaction, last)

    def _send(
        self,
        transaction: ServerTransaction,
        reply: Reply,
        scope: Any,
        tag: str,
        provisionals: ReliableProvisionals | None,
    ) -> bytes | None:
        """Build and send; None where the offer that it was to answer had to be refused instead."""
        core = self._core
        status = reply.status
        if self.proof is not None and self.proof[0] is transaction and 200 <= status < 300:
            reply = replace(reply, added=(*reply.added, self.proof[1]))
            self.proof = None
        before = self.described
        try:
            data = core.builder.build(self, transaction, reply, scope, tag, provisionals)
        except SdpError as error:
            # 13.3.1.3: an offer that cannot be answered is refused with 488 and a Warning
            self.note("deviation", f"the offer cannot be answered: {error.what}")
            self.respond(transaction, defaults.offer_refused(error, core.host_of(transaction)))
            return None
        if self.described is not before and transaction.dialog is not None:
            transaction.dialog.described = self.described[1]
        fault = reply.fault or self.fault
        if fault is not None:
            core.faults.arm(data, fault, self.luck or core.luck)
        self.path.append(_WORDS[status])
        transaction.respond(data, status, reply.label)
        return data

    def _progress(self, transaction: ServerTransaction, reply: Reply, scope: Any, tag: str) -> None:
        """A response to INVITE that makes or confirms a dialog: 101 to 299 (12.1.1)."""
        request = transaction.request
        status = reply.status
        fresh = not transaction.tagged
        if reply.raw is not None:
            tag = self._core.builder.raw_tag(reply, scope) or tag
        dialog = transaction.dialog
        if dialog is None and (tag or not fresh):
            # a request with a To tag comes here without a dialog only where the script takes such (12.2.2)
            dialog = self.dialog_of(transaction, request, tag if fresh else request.to_tag or tag)
        provisionals = None
        if reply.reliable is not None and status < 200:
            for sentence in reliability.deviations(self._core.registry, request, reply):
                self.note("deviation", sentence)
        if dialog is not None and (status < 200 or dialog.reliable is not None):
            wanted = status < 200 and reliability.is_wanted(request, reply)
            if dialog.reliable is not None and reliability.waits(transaction, dialog.reliable, status, wanted=wanted):
                dialog.reliable.queue.append(lambda: self.respond(transaction, reply, scope))
                return
            if wanted:
                provisionals = reliability.provisionals_of(self, self._core, dialog, transaction.cseq)
            elif status >= 200:
                provisionals = dialog.reliable
        data = self._send(transaction, reply, scope, tag, provisionals)
        if data is None:
            return
        if dialog is not None:
            if isinstance(reply.sdp, bool | None):
                dialog.described = dialog.described or self.described[1]
            else:
                dialog.described = data.partition(b"\r\n\r\n")[2]
        if status < 200:
            if provisionals is not None:
                described = b"\r\nContent-Type: application/sdp" in data
                provisionals.offered = described and session_description_in(request) is None
                provisionals.sent(data, transaction.flow, sdp=described)
            if self._core.watchers.of:
                self._core.watchers.call_changed(self.request)
            return
        if transaction in self.unanswered:
            self.unanswered.remove(transaction)
            self._accepted.append(transaction)
        if dialog is None:
            # a 2xx without To tag confirms none of the early dialogs, and no other final response will end them
            self._end_early_dialogs()
            self.settle()
            return
        if not fresh:
            dialog.refresh_target(request)
        dialog.accept(data, transaction.flow, transaction.cseq)
        self._keep_time(dialog, request, data)
        if self._core.watchers.of:
            self._core.watchers.call_changed(self.request)
        if fresh and "replaces" in request.shape.index:
            replacing.replace(self._core, request)

    def _keep_time(self, dialog: Dialog[Call], request: Request, response: bytes) -> None:
        """A 2xx to INVITE or UPDATE may begin, renew or end the session timer (RFC 4028 section 9)."""
        if dialog.timer is None:
            if "session-expires" not in request.shape.index and b"\r\nSession-Expires:" not in response:
                return
            dialog.timer = SessionTimer(self, dialog)
        dialog.timer.agreed(request, response)

    def _end_early_dialogs(self, *, awaiting_prack: bool = True) -> None:
        """End them; one whose PRACK is under way only where `awaiting_prack` (RFC 3262 section 3)."""
        if not self.dialogs:
            return
        for dialog in [d for d in self.dialogs if d.state == EARLY and not isinstance(d, PlacedDialog)]:
            if dialog.reliable is None or awaiting_prack or not dialog.reliable.pending:
                self._end_dialog(dialog)
            else:
                dialog.reliable.stop()

    def _refreshed(
        self, transaction: ServerTransaction, request: Request, known: Dialog[Call] | None, tag: str, response: bytes
    ) -> None:
        """A 2xx to UPDATE, SUBSCRIBE, NOTIFY or REFER went out: dialog state and subscriptions follow it."""
        method = transaction.method
        if known is not None:
            known.refresh_target(request)
        if method in SUBSCRIBING:
            self.subscriptions.granted(transaction, request, known, tag, response)
        elif method == "NOTIFY" and known is not None and known.referred:
            self._reported(known, request)

    @property
    def subscriptions(self) -> Subscriptions:
        """The subscriptions that it has."""
        if self._subscriptions is None:
            self._subscriptions = Subscriptions(self, self._core)
        return self._subscriptions

    def inviting(self) -> bool:
        """Whether an INVITE of the peer waits for its final response."""
        return any(transaction.method == "INVITE" for transaction in self.unanswered)

    def draw(self, seconds: float) -> float:
        """A random time up to so many seconds."""
        return self._core.luck() * seconds

    def lose(self, counts: Mapping[str, int]) -> None:
        """Take the next so many messages of these methods that come with this Call-ID as lost on their way."""
        self._core.losses[self.call_id] = dict(counts)

    def timer_of(self, seconds: float, target: Target, token: Any) -> None:
        """Set a deadline for something that belongs to this call."""
        self._core.timers.set(seconds, self._core.wire.now, target, token)

    def reject(self, transaction: ServerTransaction, reply: Reply) -> None:
        """A check of ours refuses the call's first request: no script is asked."""
        self.active = False
        self.outcome, self.reason = "rejected", reply.label
        self.respond(transaction, reply)

    def answer(self, transaction: ServerTransaction) -> None:
        """Give this request the answer of a real UAS, as if no script had taken it."""
        if transaction.state <= PROCEEDING:
            self.respond(transaction, defaults.reply_to(transaction, self))

    def send(
        self,
        order: Order,
        scope: Any = None,
        *,
        dialog: Dialog[Call] | None = None,
        then: Callable[[int, Response | None], None] | None = None,
    ) -> Outgoing | None:
        """Send a request of ours within a dialog (the confirmed one, else the first); None where there is none, or
        where its peer gave no Contact to send to.

        `then` is told the final status (408: none came, 503: the transport failed) and response.
        """
        if dialog is None:
            dialog = self.confirmed or (self.dialogs[0] if self.dialogs else None)
        if dialog is None or self.over:
            return None
        if not request_uri(dialog):
            self._unsendable(order, dialog, then)
            return None
        if order.method == "BYE" and dialog.awaits_ack:
            self.note("deviation", "BYE before the ACK for the 2xx (RFC 3261 section 15)")
        outgoing = InDialog(self, self._core, dialog, order, then)
        outgoing.start(scope)
        return outgoing

    def _unsendable(
        self, order: Order, dialog: Dialog[Call], then: Callable[[int, Response | None], None] | None
    ) -> None:
        """RFC 3261 section 12.1.1: without the peer's Contact a dialog has no target; it is as if it were gone."""
        self.note("problem", f"{order.method} cannot be sent: the client gave no Contact (RFC 3261 section 12.1.1)")
        if order.method == "BYE":
            self.session_ended(dialog)
        if then is not None:
            then(481, None)

    def place(self, order: Order, to: str, scope: Any = None, *, sender: str | None = None) -> Outgoing | None:
        """Send a request of ours outside any dialog to this SIP URI; None, and a note, where that cannot be done.

        `sender` is our From, a URI or name-addr; None: our own URI. The dialog that a 2xx to INVITE makes is the
        `dialog` of what comes back.
        """
        if self.over:
            return None
        try:
            outgoing = placed(self, self._core, order, to, sender)
        except ParseError as error:
            self.note("problem", f"{order.method} cannot be sent to '{to[:200]}': {error.what}")
            return None
        self.placing += (outgoing,)
        outgoing.start(scope)
        return outgoing

    def contact(self, flow: Flow) -> str:
        """Our own URI on this flow, as it stands in our Contact."""
        return self._core.contact(flow, secure=False).strip("<>")

    def registered(self, user: str) -> str:
        """The URI of the best contact that this user has registered, empty where there is none."""
        return self._core.registrar.contact_of(user, self.now) or ""

    def notify(self, order: Order, state: str, scope: Any = None) -> Outgoing | None:
        """Send a NOTIFY of the subscription at hand: that of a SUBSCRIBE or REFER that waits, else the latest.

        `state` is a Subscription-State such as `active` or `terminated;reason=noresource`; what `order` leaves out is
        made from the event package. None where there is no subscription.
        """
        return self.subscriptions.notify(order, state, scope)

    def wait(self, seconds: float, token: Any) -> None:
        """Bring `token` back by `script.timer` after so many seconds."""
        self._waits += 1
        self._core.timers.set(seconds, self._core.wire.now, self, token)

    def hangup(self) -> None:
        """End the call as its state requires: 480 to an INVITE that waits, BYE in a dialog (15.1: after its ACK)."""
        self._refuse_invites(defaults.HANGUP_REFUSAL)
        for outgoing in self.placing:
            outgoing.cancel()
        for dialog in list(self.dialogs):
            if not dialog.of_invite:
                # RFC 5057 4: BYE is for sessions; a subscription has words of its own for its end
                self.subscriptions.deactivate(dialog)
            elif dialog.awaits_ack:
                dialog.hang_up_when_acknowledged = True
            elif dialog.state == CONFIRMED and not dialog.leaving:
                self.send(defaults.BYE, dialog=dialog)

    def _refuse_invites(self, reply: Reply) -> None:
        for transaction in [t for t in self.unanswered if t.method == "INVITE"]:
            self.respond(transaction, reply)

    def fail(self, reason: str) -> None:
        """The call's verdict is `failed`; the first reason stays."""
        if self.outcome != "failed":
            self.outcome, self.reason = "failed", reason
        self.note("problem", reason)

    def end(self) -> None:
        """The script is done: from here on the call behaves as a real UAS does."""
        self.active = False
        if self.unanswered:
            for transaction in [t for t in self.unanswered if t.method != "INVITE"]:
                self.answer(transaction)
        if not (self.unanswered or self.pending or self.dialogs):
            self.finish()

    def note(self, kind: str, text: str) -> None:
        """A line for the journal (see `events.Note`)."""
        self._core.note(self.number, kind, text)

    def matched(self, what: str) -> None:
        """The message that just came is for this rule or step: for the journal."""
        self._core.matched = what

    # called by the core

    def shut_down(self) -> None:
        """The engine stops: hang up, and let nobody wait."""
        self.active = False
        self.hangup()
        for transaction in list(self.unanswered):
            self.respond(transaction, defaults.SHUTTING_DOWN)
        self.settle()

    def register(self, transaction: ServerTransaction) -> Outcome:
        """Let the location service act on a REGISTER (10.3)."""
        core = self._core
        outcome = core.registrar.register(transaction.request, core.wire.now, transaction.source)
        # an author's 2xx to what is refused says what the client has asked for (`locations.bindings`)
        self.bindings = outcome.contacts if outcome.status == 200 else None
        return outcome

    def publish(self, transaction: ServerTransaction, *, unasked: bool = False) -> Published:
        """Let the event state compositor act on a PUBLISH (RFC 3903 section 6); `unasked`: the author said yes."""
        outcome = self._core.publications.publish(transaction.request, self._core.wire.now, unasked=unasked)
        self.entity_tag = outcome.entity_tag
        return outcome

    def opened(self, transaction: ServerTransaction) -> None:
        """A request of this call is to be answered."""
        transaction.user = self
        if not transaction.tagged:
            transaction.tag = self.tag
        self.unanswered.append(transaction)

    def suspended(self, transaction: ServerTransaction) -> None:
        """The script went to sleep over this request: the RFCs' own provisional responses become due."""
        if not transaction.last_status:
            transaction.arm_trying()
        if transaction.method == "INVITE":
            core = self._core
            core.timers.set(core.settings.provisional_refresh, core.wire.now, self, (_REFRESH, transaction))

    def dialog_of(self, transaction: ServerTransaction, request: Request, tag: str) -> Dialog[Call] | None:
        """The dialog that a response with this tag belongs to, made where it is not yet there.

        None where the request lacks what identifies one, which only comes here when nobody checked its syntax.
        """
        for dialog in self.dialogs:
            if dialog.local_tag == tag:
                return dialog
        try:
            call_id, peer, cseq = request.call_id, request.from_tag or "", request.cseq[0]
        except ParseError:
            return None
        core = self._core
        dialog = Dialog(request, call_id, tag, peer, cseq, transaction.source, self, core.layer)
        self.dialogs.append(dialog)
        core.dialogs[dialog.key] = dialog
        return dialog

    def _end_dialog(self, dialog: Dialog[Call]) -> None:
        dialog.end()
        if dialog.inviting is not None:
            dialog.inviting.expire_soon()
        if dialog in self.dialogs:
            self.dialogs.remove(dialog)
        core = self._core
        if core.dialogs.get(dialog.key) is dialog:
            del core.dialogs[dialog.key]
            core.ended_dialogs.append(dialog.key)
        if core.watchers.of:
            core.watchers.call_changed(self.request)

    def acknowledge_provisional(self, transaction: ServerTransaction, dialog: Dialog[Call]) -> bool:
        """Whether this PRACK acknowledges a reliable response that waits (RFC 3262 section 3)."""
        rack = transaction.request.rack
        return rack is not None and dialog.reliable is not None and dialog.reliable.acknowledge(rack)

    def _end_session(self, dialog: Dialog[Call]) -> None:
        """A BYE ends the session; the dialog stays as long as a subscription has a use for it (RFC 5057 section 4)."""
        if dialog.referred:
            dialog.referred_until = max(dialog.referred_until, self.now + self._core.layer.timeout)
            dialog.end_session()
            self._wait_for_report(dialog)
        elif self._subscriptions is not None and self._subscriptions.need(dialog):
            dialog.end_session()
        else:
            self._end_dialog(dialog)

    def _wait_for_report(self, dialog: Dialog[Call]) -> None:
        """The last NOTIFY about a REFER of ours keeps a dialog without session; it is not awaited for ever."""
        if dialog.state == OVER_DIALOG or not dialog.referred:
            return
        left = dialog.referred_until - self.now
        if left > _AT_ONCE:
            self.timer_of(left, self, dialog)
        else:
            dialog.referred = 0
            if not self.subscriptions.need(dialog):
                self.terminate(dialog)

    def referring(self, dialog: Dialog[Call]) -> None:
        """A REFER of ours goes out: its NOTIFYs belong to this dialog (RFC 3515 section 2.4.4)."""
        dialog.referred += 1
        dialog.referred_until = self._core.wire.now + _REFERRED

    def referred(self, dialog: Dialog[Call]) -> None:
        """The subscription that a REFER of ours made is over, or there is none."""
        dialog.referred = max(0, dialog.referred - 1)
        if dialog.referred or not dialog.session_over or dialog.state == OVER_DIALOG:
            return
        if not self.subscriptions.need(dialog):
            self.terminate(dialog)

    def _reported(self, dialog: Dialog[Call], notify: Request) -> None:
        """A NOTIFY about a REFER of ours got its 2xx."""
        state = (notify.first("subscription-state") or "").lower()
        if state.startswith("terminated"):
            self.referred(dialog)
            return
        found = _expires(state)
        if found:
            dialog.referred_until = self._core.wire.now + min(int(found[1]), _REFERRED)

    def session_ended(self, dialog: Dialog[Call]) -> None:
        """Our BYE has had its final response, or none will come (15.1.1)."""
        self._end_session(dialog)
        self._without_dialog()

    def terminate(self, dialog: Dialog[Call]) -> None:
        """A dialog is over (481, 408, no ACK)."""
        self._end_dialog(dialog)
        self._without_dialog()

    def _without_dialog(self) -> None:
        if self.confirmed is None and not self.unanswered:
            self._end_early_dialogs()
        self.settle()

    def settle(self) -> None:
        """Something came to an end: is the call over?"""
        if self.unanswered or self.pending or self.dialogs or self.over:
            return
        if not self.active:
            self.finish()
        elif self.script.over and not self.in_script:
            self.end()
        elif not (self._waits or self.in_script):
            core = self._core
            self._idle_since = core.wire.now
            core.timers.set(core.settings.linger, core.wire.now, self, (_LINGER, self._idle_since))

    def finish(self, outcome: str = "completed") -> None:
        """The call is over: report it and let go of everything."""
        if self.over:
            return
        self.over = True
        self.active = False
        if not self.outcome:
            self.outcome = outcome
        self.script.ended(self, self.outcome)
        if self.dialogs:
            for dialog in list(self.dialogs):
                self._end_dialog(dialog)
        if self._subscriptions is not None:
            self._subscriptions.stop()
            self._subscriptions = None
        if self._accepted:
            self._release()
        self._core.ended(self)
        self.script = OVER  # most scripts know their call: let go of them, so that both die at once

    def _release(self) -> None:
        """Let go of accepted INVITEs: all they do from now on is to absorb retransmissions."""
        for transaction in self._accepted:
            transaction.release()
        self._accepted.clear()

    # transaction, dialog and reliable users

    @property
    def capabilities(self) -> Capabilities:
        """What we say that we can do."""
        return self._core.settings.capabilities

    def on_ack(self, transaction: ServerTransaction, request: Request) -> None:
        """The ACK for a refusal came, or one on the INVITE's own branch after a 2xx."""
        if transaction.last_status < 300:
            self._core.acknowledge(request)  # a client that puts the INVITE's branch into the ACK for a 2xx
            return
        self.pending -= 1
        if not self.inviting():
            self._end_early_dialogs()
        self._acked(request)
        self.settle()

    def on_no_ack(self, transaction: ServerTransaction) -> None:
        """Timer H: a refusal was never acknowledged (17.2.1)."""
        self.pending -= 1
        if not self.inviting():
            self._end_early_dialogs()
        self._not_acknowledged(f"no ACK for {transaction.last_status}")
        self.settle()

    def _not_acknowledged(self, reason: str) -> None:
        if self.outcome in ("", "cancelled"):
            self.outcome, self.reason = "no-ack", reason
        self.note("problem", reason)

    def on_trying(self, transaction: ServerTransaction) -> None:
        """A 100 is due (17.2.1; RFC 4320 section 4.1)."""
        self.respond(transaction, defaults.TRYING)

    def on_accept_unacknowledged(self, dialog: Dialog[Call]) -> None:
        """No ACK came for a 2xx: the session is ended with a BYE (13.3.1.4)."""
        self._not_acknowledged("no ACK for the 2xx")
        self.send(defaults.BYE, dialog=dialog)

    def on_provisional_unacknowledged(self, provisionals: ReliableProvisionals) -> None:
        """RFC 3262 section 3: without a PRACK for 64*T1 the INVITE is refused with a 5xx."""
        if not self.outcome:
            self.outcome, self.reason = "no-prack", f"no PRACK for RSeq {provisionals.rseq}"
        self._refuse_invites(defaults.NO_PRACK)

    def _acked(self, request: Request) -> None:
        if self.active:
            self.in_script = True
            self.script.ack(self, request)
            self.in_script = False

    def acknowledged(self, dialog: Dialog[Call], request: Request) -> None:
        """The ACK for a 2xx came within its dialog."""
        if self.active:
            self._acked(request)
        else:
            self._release()
        if dialog.hang_up_when_acknowledged:
            dialog.hang_up_when_acknowledged = False
            self.send(defaults.BYE, dialog=dialog)

    def responded(self, outgoing: Outgoing, response: Response | None) -> None:
        """A response to a request of ours; None when none came."""
        if self.active:
            self.in_script = True
            self.script.response(self, outgoing, response)
            self.in_script = False

    def joined(self, dialog: Dialog[Call]) -> None:
        """A response to an INVITE of ours made this dialog."""
        self.dialogs.append(dialog)
        self._core.dialogs[dialog.key] = dialog

    def left(self, dialog: Dialog[Call]) -> None:
        """A dialog is over that was no more than early."""
        self._end_dialog(dialog)

    def timer_granted(self, dialog: Dialog[Call], response: Response) -> None:
        """The 2xx to an INVITE or UPDATE of ours may begin or renew the session timer (RFC 4028 section 7.2)."""
        if "session-expires" in response.shape.index:
            if dialog.timer is None:
                dialog.timer = SessionTimer(self, dialog)
            dialog.timer.granted(response)

    def placed_over(self, outgoing: Outgoing) -> None:
        """A request of ours outside a dialog has had its final response."""
        self.placing = tuple(other for other in self.placing if other is not outgoing)

    def outgoing_over(self, outgoing: Outgoing) -> None:
        """A request of ours has had its final response or none will come."""
        self.pending -= 1
        self.settle()

    def on_timer(self, token: Any, now: float) -> None:
        """A wait of the script, or a deadline of the call itself."""
        if self.over:
            return
        if type(token) is tuple and token[0] is _REFRESH:
            self._refresh(token[1])
        elif isinstance(token, Dialog):
            self._wait_for_report(token)
        elif type(token) is tuple and token[0] is _LINGER:
            if token[1] == self._idle_since and not (self.unanswered or self.pending or self.dialogs or self._waits):
                self.finish("abandoned")
        else:
            self._waits -= 1
            if self.active:
                self.in_script = True
                self.script.timer(self, token)
                self.in_script = False
            self.settle()

    def _refresh(self, transaction: ServerTransaction) -> None:
        # 13.3.1.1: "the UAS MUST send a non-100 provisional response at every minute" while it rings
        if not transaction.open:
            return
        core = self._core
        if not self.active and core.wire.now - transaction.received >= core.settings.longest_ring:
            self.respond(transaction, defaults.HANGUP_REFUSAL)
            return
        pause = core.settings.provisional_refresh
        since = core.wire.now - transaction.last_sent
        if since < pause - 1e-6:
            core.timers.set(pause - since, core.wire.now, self, (_REFRESH, transaction))
            return
        if transaction.last_status > 100:
            transaction.retransmitted()
        core.timers.set(pause, core.wire.now, self, (_REFRESH, transaction))
