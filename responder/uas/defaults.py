"""What a real UAS answers where no script does: the built-in replies and requests.

In a dialog: 200 to BYE, INFO, OPTIONS, re-INVITE, UPDATE, ...; 481 where a NOTIFY or PRACK belongs to nothing
(RFC 6665 section 4.1.3, RFC 3262 section 3); 469 to an Info Package that nobody takes (RFC 6086 section 4.2.2).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from responder.uas.event_packages import PACKAGES, package_of
from responder.uas.script import Order, Reply
from responder.uas.subscription import SUBSCRIBING, is_too_brief

if TYPE_CHECKING:
    from responder.sip.message import Request
    from responder.sip.sdp import SdpError
    from responder.transaction.server import ServerTransaction
    from responder.uas.call import Call

TRYING: Final = Reply(100, label="automatic")
OK: Final = Reply(200, label="built-in")
PLAIN_OK: Final = Reply(200, label="built-in", sdp=False)
TERMINATED: Final = Reply(487, label="built-in")
NO_SUCH_CALL: Final = Reply(481, label="built-in")
HANGUP_REFUSAL: Final = Reply(480, label="hangup")
SHUTTING_DOWN: Final = Reply(503, label="shutdown")
NO_PRACK: Final = Reply(504, reason="No PRACK", label="built-in")
BYE: Final = Order("BYE", label="built-in")

_PUBLISHED: Final = {200: OK, **{status: Reply(status, label="publications") for status in (400, 412, 423, 489)}}
_ONLY_BY_REFER: Final = Reply(403, label="subscription")
"""RFC 3515 2.4.4: "a SUBSCRIBE request for event refer ... for a subscription that does not already exist"."""
_TOO_BRIEF: Final = Reply(423, label="subscription")
_FULLY_SUBSCRIBED: Final = Reply(503, label="subscription")
_BAD_INFO: Final = Reply(469, label="built-in")
_WITHIN_A_DIALOG: Final = frozenset({"BYE", "PRACK", "UPDATE", "INFO"})
"""Methods that mean nothing outside of a dialog (15.1.2; RFC 3262 3; RFC 3311 5.1; RFC 6086 4.1)."""


def reply_to(transaction: ServerTransaction, call: Call) -> Reply:
    """The answer of a real UAS to this request."""
    method = transaction.method
    request = transaction.request
    if method == "INFO" and "info-package" in request.shape.index:
        package = (request.first("info-package") or "").partition(";")[0].strip()
        if package not in call.capabilities.recv_info:
            return _BAD_INFO
    if method == "REGISTER" and not transaction.tagged:
        outcome = call.register(transaction)
        if outcome.status != 200:
            return Reply(outcome.status, reason=outcome.reason or None, label="registrar")
    if method == "PUBLISH":
        return _PUBLISHED.get(call.publish(transaction).status) or _bad_type(request)
    if method in SUBSCRIBING:
        return _subscribed(transaction, call)
    if method == "NOTIFY" and (transaction.dialog is None or not transaction.dialog.referred):
        return NO_SUCH_CALL
    if not transaction.tagged and method in _WITHIN_A_DIALOG:
        return NO_SUCH_CALL
    return OK


def _bad_type(publish: Request) -> Reply:
    """415 with what the event package takes in Accept (RFC 3903 section 6 step 5)."""
    return Reply(415, headers=(("Accept", PACKAGES[package_of(publish)].content_type),), label="publications")


def _subscribed(transaction: ServerTransaction, call: Call) -> Reply:
    """The answer to a SUBSCRIBE or REFER (RFC 6665 section 4.2.1.1, RFC 3515 section 2.4.4)."""
    request, dialog, capabilities = transaction.request, transaction.dialog, call.capabilities
    if call.subscriptions.of(dialog, request) is None:
        if request.method == "SUBSCRIBE":
            if dialog is not None and call.subscriptions.let_go(dialog):
                return NO_SUCH_CALL
            if package_of(request) == "refer" and "explicitsub" not in capabilities.supported:
                return _ONLY_BY_REFER
        if call.subscriptions.full:
            return _FULLY_SUBSCRIBED
    if request.method == "SUBSCRIBE" and is_too_brief(request, capabilities.min_expires):
        return _TOO_BRIEF
    return OK


def offer_refused(error: SdpError, host: str) -> Reply:
    """488 with the Warning that says why (13.3.1.3), or 400 where the description is no SDP at all."""
    if error.status == 400:
        return Reply(400, reason=error.what, label="built-in", sdp=False)
    return Reply(
        error.status,
        headers=(("Warning", f'{error.warning} {host} "{error.what}"'),),
        label="built-in",
        sdp=False,
    )
