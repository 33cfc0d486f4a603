"""An INVITE that wants to replace a dialog (RFC 3891 section 3).

Rules
1. Without a dialog that matches, by Call-ID and both tags and made by INVITE, it gets 481; one that is over, 603.
2. A confirmed dialog is left alone with `early-only` (486), an early one that the peer began always (481).
3. The dialog is ended when the INVITE gets its 2xx, and not before: by BYE, an early one of ours by CANCEL.

Whoever knows the tags may replace: authorization is for the scenario (`challenge`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from responder.dialog.dialog import CONFIRMED
from responder.dialog.placed import PlacedDialog
from responder.uas import defaults
from responder.uas.script import Reply

if TYPE_CHECKING:
    from responder.dialog.dialog import Dialog
    from responder.sip.fields import Replaces
    from responder.sip.message import Request
    from responder.uas.call import Call
    from responder.uas.core import UserAgentServer

CHECK: Final = "replaces"
"""The name of the check, for `unchecked`."""

_BAD: Final = Reply(400, reason="Replaces Out Of Place", label=CHECK)
_NO_MATCH: Final = Reply(481, label=CHECK)
_CONFIRMED: Final = Reply(486, label=CHECK)
_OVER: Final = Reply(603, label=CHECK)


def refusal(core: UserAgentServer, request: Request) -> Reply | None:
    """The response to a request with Replaces that cannot be accepted; None where nothing is wrong with it."""
    asked = request.replaces
    if asked is None or request.method != "INVITE" or len(request.every("replaces")) > 1 or "join" in request:
        return _BAD  # Join contradicts it (RFC 3911 section 4)
    dialog = _found(core, asked)
    if dialog is None:
        return _OVER if (asked.call_id, asked.to_tag) in core.ended_dialogs else _NO_MATCH
    if dialog.state == CONFIRMED:
        return _CONFIRMED if asked.early_only else None
    return None if isinstance(dialog, PlacedDialog) else _NO_MATCH


def replace(core: UserAgentServer, request: Request) -> None:
    """This INVITE got its 2xx: end the dialog that it replaces."""
    asked = request.replaces
    dialog = _found(core, asked) if asked is not None else None
    if dialog is None:
        return
    call = dialog.user
    call.note("rule", f"replaced by the call {request.call_id} (RFC 3891)")
    if dialog.state == CONFIRMED:
        call.send(defaults.BYE, dialog=dialog)
    else:
        for outgoing in call.placing:
            outgoing.cancel()


def _found(core: UserAgentServer, asked: Replaces) -> Dialog[Call] | None:
    dialog = core.dialogs.get((asked.call_id, asked.to_tag))
    if dialog is None or dialog.remote_tag != asked.from_tag or not dialog.of_invite:
        return None
    return dialog
