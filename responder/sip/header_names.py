"""Header field names (RFC 3261 sections 7.3, 20 and the IANA registry): keys, spelling, compact forms, list syntax.

A KEY is the lower-case long name, `via` for `Via`, `VIA` and `v` alike. Names nobody registered survive: their key is
their lower-case form and they are displayed as `Word-Word`.
"""

from __future__ import annotations

from typing import Final

_COMPACT: Final[dict[str, str]] = {
    "a": "accept-contact",  # RFC 3841
    "b": "referred-by",  # RFC 3892
    "c": "content-type",
    "d": "request-disposition",  # RFC 3841
    "e": "content-encoding",
    "f": "from",
    "i": "call-id",
    "j": "reject-contact",  # RFC 3841
    "k": "supported",
    "l": "content-length",
    "m": "contact",
    "n": "identity-info",  # RFC 4474
    "o": "event",  # RFC 6665
    "r": "refer-to",  # RFC 3515
    "s": "subject",
    "t": "to",
    "u": "allow-events",  # RFC 6665
    "v": "via",
    "x": "session-expires",  # RFC 4028
    "y": "identity",  # RFC 8224
}
_COMPACT_OF: Final[dict[str, str]] = {long: letter for letter, long in _COMPACT.items()}

_DISPLAY: Final[dict[str, str]] = {
    "call-id": "Call-ID",
    "cseq": "CSeq",
    "mime-version": "MIME-Version",
    "min-se": "Min-SE",
    "p-associated-uri": "P-Associated-URI",
    "p-called-party-id": "P-Called-Party-ID",
    "p-dcs-billing-info": "P-DCS-Billing-Info",
    "p-dcs-laes": "P-DCS-LAES",
    "p-dcs-osps": "P-DCS-OSPS",
    "p-dcs-redirect": "P-DCS-Redirect",
    "p-dcs-trace-party-id": "P-DCS-Trace-Party-ID",
    "p-visited-network-id": "P-Visited-Network-ID",
    "rack": "RAck",
    "rseq": "RSeq",
    "sip-etag": "SIP-ETag",
    "sip-if-match": "SIP-If-Match",
    "www-authenticate": "WWW-Authenticate",
}

# Fields whose grammar is `value *(COMMA value)`, so that several lines and one line with commas mean the same
# (RFC 3261 section 7.3.1). WWW-Authenticate, Authorization and their Proxy- forms are excepted there by name; a comma
# in Date, Subject, Organization, User-Agent, Server, ... is text.
_LISTS: Final[frozenset[str]] = frozenset(
    {
        "accept",
        "accept-contact",
        "accept-encoding",
        "accept-language",
        "accept-resource-priority",
        "alert-info",
        "allow",
        "allow-events",
        "call-info",
        "contact",
        "content-encoding",
        "content-language",
        "error-info",
        "feature-caps",
        "geolocation",
        "history-info",
        "in-reply-to",
        "p-access-network-info",
        "p-asserted-identity",
        "p-associated-uri",
        "p-early-media",
        "p-media-authorization",
        "p-preferred-identity",
        "p-visited-network-id",
        "path",
        "permission-missing",
        "policy-contact",
        "policy-id",
        "proxy-require",
        "reason",
        "record-route",
        "recv-info",
        "reject-contact",
        "request-disposition",
        "require",
        "resource-priority",
        "route",
        "security-client",
        "security-server",
        "security-verify",
        "service-route",
        "supported",
        "trigger-consent",
        "unsupported",
        "via",
        "warning",
    }
)

_BOUND: Final = 1024
_keys: dict[str, str] = {}


def key(name: str) -> str:
    """The KEY of a name in any spelling, with or without white space around it."""
    found = _keys.get(name)
    if found is None:
        lowered = name.strip(" \t").lower()
        found = _COMPACT.get(lowered, lowered)
        if len(_keys) >= _BOUND:
            _keys.clear()
        if len(name) <= 64:
            _keys[name] = found
    return found


def display(key: str) -> str:
    """The usual spelling of a KEY: `Via`, `Call-ID`, `CSeq`, `WWW-Authenticate`."""
    return _DISPLAY.get(key) or "-".join([word[:1].upper() + word[1:] for word in key.split("-")])


def compact(key: str) -> str | None:
    """The one-letter form of a KEY (RFC 3261 section 7.3.3), None where there is none."""
    return _COMPACT_OF.get(key)


def is_list(key: str) -> bool:
    """Whether a field of that KEY holds comma-separated elements, so that its lines may be joined (section 7.3.1)."""
    return key in _LISTS
