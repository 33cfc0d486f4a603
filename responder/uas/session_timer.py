"""The session timer of a dialog, as the UAS of its INVITE keeps it (RFC 4028 sections 7.2, 9 and 10).

Rules
1. It begins anew with every 2xx of ours to INVITE or UPDATE that carries Session-Expires, and ends with one that does
   not.
2. Where we refresh, half the interval is let pass; then UPDATE is sent where the peer allows it, else a re-INVITE.
3. Where no refresh has come, or ours was refused, a BYE goes out 32 seconds or a third of the interval before its end,
   whichever is less (section 10).
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

from responder.dialog.dialog import CONFIRMED
from responder.uas import defaults
from responder.uas.script import Order

if TYPE_CHECKING:
    from responder.dialog.dialog import Dialog
    from responder.uas.call import Call

_agreement: Final = re.compile(
    rb"^(?:session-expires|x)[ \t]*:[ \t]*([0-9]{1,9})[^\r\n]*?(?:;[ \t]*refresher[ \t]*=[ \t]*(uac|uas))?[ \t]*\r$",
    re.IGNORECASE | re.MULTILINE,
).search
_MARGIN: Final = 32.0
_REFRESH: Final = "refresh"
_END: Final = "end"


class SessionTimer:
    """The timer of one dialog; made with the first 2xx that agrees on one."""

    __slots__ = ("_call", "_dialog", "_seconds", "_serial")

    def __init__(self, call: Call, dialog: Dialog[Call]) -> None:
        self._call = call
        self._dialog = dialog
        self._seconds = 0
        self._serial = 0

    def agreed(self, response: bytes) -> None:
        """A 2xx of ours went out (rule 1)."""
        self._serial += 1
        found = _agreement(response.partition(b"\r\n\r\n")[0] + b"\r\n")
        if found:
            self._seconds = int(found[1])
            self._restart(ours=(found[2] or b"uac").lower() == b"uas")

    def _restart(self, *, ours: bool) -> None:
        if ours:
            self._set(self._seconds / 2, _REFRESH)
        else:
            self._set(self._seconds - min(_MARGIN, self._seconds / 3), _END)

    def _set(self, seconds: float, what: str) -> None:
        self._call.timer_of(seconds, self, (self._serial, what))

    def on_timer(self, token: Any, now: float) -> None:
        """Time to refresh, or to give the session up."""
        serial, what = token
        dialog = self._dialog
        if serial != self._serial or dialog.state != CONFIRMED:
            return
        if what == _END:
            self._call.note("problem", f"no session refresh within {self._seconds} s (RFC 4028 section 10)")
            self._call.send(defaults.BYE, dialog=dialog)
            return
        self._serial += 1
        headers = (("Session-Expires", f"{self._seconds};refresher=uac"), ("Supported", "timer"))
        method = "UPDATE" if dialog.peer_allows("UPDATE") else "INVITE"
        self._call.send(Order(method, headers=headers, label="session timer"), dialog=dialog, then=self._refreshed)

    def _refreshed(self, status: int) -> None:
        if 200 <= status < 300:
            self._restart(ours=True)
        else:
            self._set(self._seconds / 2 - min(_MARGIN, self._seconds / 3), _END)
