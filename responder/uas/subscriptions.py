"""The subscriptions of one call: which a request means, what its 2xx makes of it, and the end of their dialogs.

A dialog may carry several, beside the session of an INVITE (RFC 5057); one that no INVITE made ends with the last.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from responder.dialog.dialog import CONFIRMED
from responder.uas.subscription import MOST_OF_ONE_CALL, SUBSCRIBING, Subscription, grants_none

if TYPE_CHECKING:
    from responder.dialog.dialog import Dialog
    from responder.sip.message import Request
    from responder.transaction.server import ServerTransaction
    from responder.uas.call import Call
    from responder.uas.core import UserAgentServer
    from responder.uas.outgoing import Outgoing
    from responder.uas.script import Order


class Subscriptions:
    """Those of `call`; made when the first one is asked for."""

    __slots__ = ("_all", "_call", "_core")

    def __init__(self, call: Call, core: UserAgentServer) -> None:
        self._call = call
        self._core = core
        self._all: list[Subscription] = []

    @property
    def full(self) -> bool:
        """Whether there is no room for another one."""
        return len(self._all) >= MOST_OF_ONE_CALL

    def of(self, dialog: Dialog[Call] | None, request: Request) -> Subscription | None:
        """The one that this request made or refreshes, where there is one."""
        for subscription in self._all:
            if subscription.concerns(dialog, request):
                return subscription
        return None

    def need(self, dialog: Dialog[Call]) -> bool:
        """Whether one of them lives in this dialog."""
        return any(one.live and one.dialog is dialog for one in self._all)

    def let_go(self, dialog: Dialog[Call]) -> bool:
        """Whether the last one of this dialog has had its last NOTIFY, and no INVITE keeps it."""
        return not (dialog.of_invite or self.need(dialog))

    def granted(
        self, transaction: ServerTransaction, request: Request, known: Dialog[Call] | None, tag: str, response: bytes
    ) -> None:
        """A 2xx to SUBSCRIBE or REFER went out: a subscription begins, or goes on."""
        subscription = self.of(known, request)
        if subscription is None:
            if transaction.method == "REFER" and grants_none(request, response):
                return
            subscription = self._begin(transaction, request, known, tag)
        if subscription is not None:
            call = self._call
            subscription.accepted(request, response, automatic=not (call.notifies and call.active))

    def refused(self, request: Request) -> None:
        """This SUBSCRIBE or REFER was refused, after a NOTIFY of the author's had made a subscription of it."""
        for subscription in [s for s in self._all if s.asked is request]:
            subscription.refused()

    def _begin(
        self, transaction: ServerTransaction, request: Request, known: Dialog[Call] | None, tag: str
    ) -> Subscription | None:
        """A new one, with a dialog of its own where it is not asked for within one."""
        call = self._call
        if self.full:
            call.note("problem", f"no room for another subscription: {request.method} gets no NOTIFY")
            return None
        dialog = known or call.dialog_of(transaction, request, request.to_tag or tag)
        if dialog is None:
            return None
        # RFC 3515 2.4.6: "for the second and subsequent REFER requests a UA receives in a given dialog"
        again = known is not None and (
            known.local_seq > 0 or call.path.count("REFER") > 1 or call.request.method == "REFER"
        )
        if known is None:
            dialog.state = CONFIRMED
        subscription = Subscription(call, self._core, dialog, request, again=again)
        self._all.append(subscription)
        return subscription

    def notify(self, order: Order, state: str, scope: Any) -> Outgoing | None:
        """Send a NOTIFY of the one at hand (see `Call.notify`)."""
        subscription = self._at_hand()
        return None if subscription is None else subscription.notify(order, state, scope)

    def _at_hand(self) -> Subscription | None:
        call = self._call
        for transaction in reversed(call.unanswered):
            if transaction.method in SUBSCRIBING:
                request, known = transaction.request, transaction.dialog
                subscription = self.of(known, request)
                if subscription is None:
                    # RFC 6665 4.4.1: a NOTIFY may come before the 2xx, and makes the dialog
                    subscription = self._begin(transaction, request, known, call.tag)
                if subscription is not None and subscription.live:
                    return subscription
                break
        live = [subscription for subscription in self._all if subscription.live]
        return live[-1] if live else None

    def over(self, subscription: Subscription, dialog: Dialog[Call] | None) -> None:
        """One is over, and with the last one a dialog that no INVITE made (RFC 5057 section 4)."""
        if subscription in self._all and subscription.asked is None:
            self._all.remove(subscription)
        if dialog is None or dialog.of_invite or dialog not in self._call.dialogs:
            return
        if not dialog.referred and not any(other.dialog is dialog for other in self._all):
            self._call.terminate(dialog)

    def deactivate(self, dialog: Dialog[Call]) -> None:
        """We stop: tell the subscribers of this dialog."""
        for subscription in [s for s in self._all if s.dialog is dialog]:
            subscription.deactivate()

    def stop(self) -> None:
        """The call is over: nothing is sent any more."""
        for subscription in tuple(self._all):
            subscription.stop()
