"""What a real UAS answers where no script does: the built-in replies and requests.

In a dialog: 200 to BYE, INFO, OPTIONS, re-INVITE, UPDATE, ...; 481 where a NOTIFY or PRACK belongs to nothing
(RFC 6665 section 4.1.3, RFC 3262 section 3); 469 to an Info Package that nobody takes (RFC 6086 section 4.2.2).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from responder.uas.script import Order, Reply

if TYPE_CHECKING:
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
        return Reply(412, label="publications") if call.publish(transaction).status == 412 else OK
    if method == "NOTIFY" or (not transaction.tagged and method in _WITHIN_A_DIALOG):
        return NO_SUCH_CALL
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
