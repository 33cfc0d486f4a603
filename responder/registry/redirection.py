"""Redirections, 3xx (RFC 3261 sections 8.1.3.4, 8.3 and 21.3)."""

from __future__ import annotations

from typing import Final

from responder.registry import derive, locations
from responder.registry.code import Code
from responder.registry.rows import PROMPTLY, duty, may, must, should
from responder.registry.rules import BodyRule

_NOT_FOR: Final = ("CANCEL", "INFO")
_SENDER: Final = "UAS or redirect server"

_HISTORY: Final = may(
    "History-Info", derive.history_info, "RFC 7044 9.4", when="the request has History-Info", needs=("history-info",)
)
_FOLLOW: Final = (
    duty(
        "SHOULD",
        "send a new request to a URI of Contact, and to the next one where that fails",
        "RFC 3261 8.1.3.4",
        observe=(
            "Request-URI of the Contact without its method and headers (these become header fields), new branch, To "
            "without a tag of ours, the same From tag and Call-ID (RECOMMENDED), body and other fields as before; "
            "RFC 3665 3.6 counts CSeq up. Order by q is usual, not prescribed"
        ),
        within=PROMPTLY,
    ),
    duty(
        "MUST NOT",
        "try any URI twice, so it does not follow a way back to where it began",
        "RFC 3261 8.1.3.4",
        observe="no third request where the target redirects to the first Request-URI",
    ),
    duty(
        "SHOULD",
        "tell its user where a sips request is sent on to a sip URI",
        "RFC 3261 8.1.3.4",
    ),
    duty(
        "MUST",
        "keep the route set of a dialog where it was a request within one",
        "RFC 3261 12.2.1.2",
        observe="Route as before",
    ),
)

CODES: Final = (
    Code(
        status=300,
        phrase="Multiple Choices",
        reference="RFC 3261 21.3.1",
        not_methods=_NOT_FOR,
        sender=_SENDER,
        headers=(should("Contact", locations.choices, "RFC 3261 13.3.1.2, 21.3.1", not_methods=("INFO",)), _HISTORY),
        bodies=(BodyRule("MAY", "a list of the choices; no type was ever defined for it", "RFC 3261 21.3.1"),),
        own_duties=(
            *_FOLLOW,
            duty("MAY", "pick by itself or ask its user", "RFC 3261 21.3.1"),
        ),
        notes=(
            "What an unknown 3xx is handled as. In responses to SUBSCRIBE and NOTIFY the Contact is mandatory (RFC "
            "3265)."
        ),
    ),
    Code(
        status=301,
        phrase="Moved Permanently",
        reference="RFC 3261 21.3.2",
        not_methods=_NOT_FOR,
        sender=_SENDER,
        headers=(should("Contact", locations.redirect, "RFC 3261 13.3.1.2, 21.3.2"), _HISTORY),
        own_duties=(
            *_FOLLOW,
            duty(
                "SHOULD",
                "remember the new address for good",
                "RFC 3261 21.3.2",
                observe="its next call to the old address goes straight to the new one",
                within="later calls",
            ),
        ),
    ),
    Code(
        status=302,
        phrase="Moved Temporarily",
        reference="RFC 3261 21.3.3",
        not_methods=_NOT_FOR,
        sender=_SENDER,
        headers=(
            should("Contact", locations.redirect, "RFC 3261 13.3.1.2, 21.3.3"),
            may("Expires", derive.redirect_expires, "RFC 3261 21.3.3"),
            _HISTORY,
        ),
        own_duties=(
            *_FOLLOW,
            duty(
                "MUST NOT",
                "remember the address where neither Expires nor an expires parameter is there",
                "RFC 3261 21.3.3",
                observe="its next call goes to the first address again",
            ),
            duty(
                "MAY",
                "use the address as long as it is said to be valid, and try the first one once where it fails",
                "RFC 3261 21.3.3",
            ),
        ),
    ),
    Code(
        status=305,
        phrase="Use Proxy",
        reference="RFC 3261 21.3.4",
        not_methods=_NOT_FOR,
        headers=(must("Contact", locations.proxy, "RFC 3261 21.3.4"), _HISTORY),
        own_duties=(
            duty(
                "SHOULD",
                "repeat this one request by way of the proxy in Contact",
                "RFC 3261 21.3.4",
                observe="it arrives there, the proxy as Route or as Request-URI: the RFC does not say which",
                within=PROMPTLY,
            ),
            *_FOLLOW,
        ),
        notes=(
            "Only a UAS may send it. No RFC 2119 word stands at its Contact, but without one it says nothing. Few "
            "clients heed it."
        ),
    ),
    Code(
        status=380,
        phrase="Alternative Service",
        reference="RFC 3261 21.3.5",
        not_methods=_NOT_FOR,
        sender="UAS or proxy",
        headers=(may("Contact", locations.redirect, "RFC 3261 20.10"),),
        bodies=(
            BodyRule(
                "MAY",
                "the alternative services; RFC 3261 defines no format (3GPP TS 24.229 has application/3gpp-ims+xml)",
                "RFC 3261 21.3.5",
            ),
        ),
        own_duties=(
            duty(
                "MAY",
                "try the services of the body, or treat it as a failure where it cannot read that",
                "RFC 3261 21.3.5, 8.1.3.2",
            ),
        ),
        notes=(
            "The one redirection whose content is its body. An IMS phone makes an emergency call of it (3GPP TS "
            "24.229)."
        ),
    ),
)
"""The rows, by status."""
