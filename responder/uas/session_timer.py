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
    from responder.sip.message import Request, Response
    from responder.uas.call import Call

_agreement: Final = re.compile(
    rb"^(?:session-expires|x)[ \t]*:[ \t]*([0-9]{1,9})[^\r\n]*?(?:;[ \t]*refresher[ \t]*=[ \t]*(uac|uas))?[ \t]*\r$",
    re.IGNORECASE | re.MULTILINE,
).search
_MARGIN: Final = 32.0
_SOON: Final = 2.0
_REFRESH: Final = "refresh"
_END: Final = "end"


class SessionTimer:
    """The timer of one dialog; made with the first 2xx that agrees on one."""

    __slots__ = ("_call", "_dialog", "_least", "_seconds", "_serial")

    def __init__(self, call: Call, dialog: Dialog[Call]) -> None:
        self._call: Call | None = call
        self._dialog: Dialog[Call] | None = dialog
        self._seconds = 0
        self._least = 0
        """The largest Min-SE that the peer has asked for: our refreshes repeat it (section 7.4)."""
        self._serial = 0

    def agreed(self, request: Request, response: bytes) -> None:
        """A 2xx of ours to this request went out (rule 1)."""
        self._serial += 1
        least = request.first("min-se") or ""
        if least.isdigit():
            self._least = max(self._least, int(least[:9]))
        found = _agreement(response.partition(b"\r\n\r\n")[0] + b"\r\n")
        if found:
            self._seconds = int(found[1])
            self._restart(ours=(found[2] or b"uac").lower() == b"uas")

    def stop(self) -> None:
        """The dialog is over: its deadlines, which may be far away, must not keep the call in memory."""
        self._serial += 1
        self._call = self._dialog = None

    def _restart(self, *, ours: bool) -> None:
        if ours:
            self._set(self._seconds / 2, _REFRESH)
        else:
            self._set(self._seconds - min(_MARGIN, self._seconds / 3), _END)

    def _set(self, seconds: float, what: str) -> None:
        self._serial += 1
        if self._call is not None:
            self._call.timer_of(seconds, self, (self._serial, what))

    def on_timer(self, token: Any, now: float) -> None:
        """Time to refresh, or to give the session up."""
        serial, what = token
        call, dialog = self._call, self._dialog
        if serial != self._serial or call is None or dialog is None or dialog.state != CONFIRMED:
            return
        if what == _END:
            call.note("problem", f"no session refresh within {self._seconds} s (RFC 4028 section 10)")
            call.send(defaults.BYE, dialog=dialog)
            return
        method = "UPDATE" if dialog.peer_allows("UPDATE") else "INVITE"
        if method == "INVITE" and call.inviting():
            self._set(_SOON, _REFRESH)  # RFC 3261 14.1: not while one of the peer is open
            return
        seconds = max(self._seconds, self._least)
        headers = [("Session-Expires", f"{seconds};refresher=uac"), ("Supported", "timer")]
        if self._least:
            headers.append(("Min-SE", str(self._least)))
        # section 7.4: the offer of a re-INVITE that only refreshes says by the same version that nothing has changed
        last = dialog.described if method == "INVITE" else b""
        order = Order(
            method,
            headers=tuple(headers),
            body=last or None,
            content_type="application/sdp" if last else None,
            label="session timer",
        )
        call.send(order, dialog=dialog, then=self._refreshed)

    def _refreshed(self, status: int, response: Response | None) -> None:
        if self._call is None:
            return
        if response is None or status >= 300:
            if status == 491:
                self._set(
                    self._call.draw(_SOON), _REFRESH
                )  # RFC 3261 14.1: who does not own the Call-ID waits 0 to 2 s
            else:
                self._set(self._seconds / 2 - min(_MARGIN, self._seconds / 3), _END)
            return
        self.granted(response)

    def granted(self, response: Response) -> None:
        """A 2xx to a request of ours came: interval and refresher are what it says (7.2); uas is the peer now."""
        ours = True
        found = _agreement(f"Session-Expires: {response.first('session-expires') or ''}\r\n".encode())
        if found:
            self._seconds = int(found[1])
            ours = (found[2] or b"uac").lower() == b"uac"
        self._restart(ours=ours)
