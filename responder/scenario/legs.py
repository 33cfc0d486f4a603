"""The dialogs of a flow: that of the client (`caller`), the branches of a fork, and those that INVITEs of ours made."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from responder.dialog.dialog import CONFIRMED, OVER
from responder.errors import ParseError
from responder.scenario.texts import CALLER
from responder.uas import defaults

if TYPE_CHECKING:
    from responder.dialog.dialog import Dialog
    from responder.scenario.runner import Runner
    from responder.scenario.thread import Thread
    from responder.sip.message import Request
    from responder.uas.outgoing import Outgoing


def placed(runner: Runner, name: str, outgoing: Outgoing) -> None:
    """An INVITE of ours went out, whose dialog has this name (empty: none)."""
    if runner.legs is None:
        runner.legs, runner.leg_seqs = {}, {}
    runner.legs[name] = outgoing


def dialog_of(runner: Runner, thread: Thread, name: str) -> Dialog[Any] | None:
    """The dialog of that name, where it is alive; without a name that of the thread, None where it has none."""
    if name == CALLER:
        call_id = runner.call.call_id
        own = [dialog for dialog in runner.call.dialogs if dialog.call_id == call_id]
        return next((dialog for dialog in own if dialog.state == CONFIRMED), own[0] if own else None)
    if name:
        outgoing = None if runner.legs is None else runner.legs.get(name)
        dialog = None if outgoing is None else outgoing.dialog
        return None if dialog is None or dialog.state == OVER else dialog
    if thread.dialog is not None and thread.dialog.state != OVER:
        return thread.dialog
    if thread.tag is not None:
        return next((dialog for dialog in runner.call.dialogs if dialog.local_tag == thread.tag), None)
    return None


def is_in(runner: Runner, name: str, request: Request) -> bool:
    """Whether the request belongs to the dialog of that name."""
    if name == CALLER:
        return request.call_id == runner.call.call_id
    outgoing = None if runner.legs is None else runner.legs.get(name)
    dialog = None if outgoing is None else outgoing.dialog
    if dialog is None or request.call_id != dialog.call_id:
        return False
    try:
        return request.to_tag == dialog.local_tag
    except ParseError:
        return False


def is_of_client(runner: Runner, request: Request) -> bool:
    """Whether the request comes in a dialog of the client, and not in one that we made."""
    return runner.legs is None or request.call_id == runner.call.call_id


def end_others(runner: Runner, request: Request) -> None:
    """This BYE ended the flow: nobody else would end what stands beside its dialog."""
    call = runner.call
    for outgoing in call.placing:
        outgoing.cancel()
    for transaction in [t for t in call.unanswered if t.method == "INVITE" and t.call_id != request.call_id]:
        call.respond(transaction, defaults.HANGUP_REFUSAL)
    for dialog in [dialog for dialog in call.dialogs if dialog.call_id != request.call_id]:
        if dialog.awaits_ack:
            dialog.hang_up_when_acknowledged = True
        elif dialog.state == CONFIRMED and dialog.of_invite:
            call.send(defaults.BYE, dialog=dialog)
