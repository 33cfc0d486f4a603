"""What IANA has registered for SIP, as far as rules need it."""

from __future__ import annotations

from typing import Final

from responder.registry import Registry

OPTION_TAGS: Final = frozenset(
    {
        *("100rel", "199", "answermode", "early-session", "eventlist", "explicitsub", "from-change"),
        *("geolocation-http", "geolocation-sip", "gin", "gruu", "histinfo", "ice", "join", "multiple-refer"),
        *("norefersub", "nosub", "outbound", "path", "policy", "precondition", "pref", "privacy"),
        *("recipient-list-invite", "recipient-list-message", "recipient-list-subscribe", "record-aware", "replaces"),
        *("resource-priority", "sdp-anat", "sec-agree", "siprec", "tdialog", "timer", "trickle-ice", "uui"),
    }
)
"""The registry "Option Tags" as it was known when this was written: others may have joined it since."""

STATUS_CODES: Final = frozenset(code.status for code in Registry.standard().codes if code.iana != "unregistered")
"""The registry "Response Codes", with what is deprecated."""
