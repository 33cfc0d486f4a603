"""What our side says it can do: the settings that header values are derived from (RFC 3261 section 20, passim).

Everything has a default that suits a test responder, and everything can be overridden. Sequences keep their order:
it is the order of preference on the wire. Times are in seconds.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

ALGORITHMS: Final = ("SHA-256", "MD5")
"""Digest algorithms as a rule offered, the preferred one first (RFC 8760 section 2.3)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Capabilities:
    """One frozen set of abilities and limits, shared by every call."""

    allow: tuple[str, ...] = (
        "INVITE",
        "ACK",
        "CANCEL",
        "OPTIONS",
        "BYE",
        "PRACK",
        "UPDATE",
        "INFO",
        "MESSAGE",
        "SUBSCRIBE",
        "NOTIFY",
        "REFER",
        "PUBLISH",
        "REGISTER",
    )
    """Methods we serve, for Allow (RFC 3261 section 20.5: all of them, ACK and CANCEL too)."""
    supported: tuple[str, ...] = ("100rel", "timer", "replaces", "path", "gruu", "outbound", "norefersub")
    """Option-tags we understand, for Supported and for what is not Unsupported (RFC 3261 sections 20.37, 20.40)."""
    accept: tuple[str, ...] = ("application/sdp",)
    """Media types of bodies we take (RFC 3261 section 20.1); none is a legal answer."""
    accept_encoding: tuple[str, ...] = ("identity",)
    """Content codings we take (RFC 3261 section 20.2)."""
    accept_language: tuple[str, ...] = ("en",)
    """Languages we prefer (RFC 3261 section 20.3)."""
    allow_events: tuple[str, ...] = ("presence", "dialog", "message-summary", "refer", "reg")
    """Event packages we can be a notifier for (RFC 6665 section 8.2.2); none: no Allow-Events is volunteered."""
    recv_info: tuple[str, ...] = ()
    """Info Packages we take; none is said with an empty Recv-Info (RFC 6086 section 5.2.2)."""
    resource_priority: tuple[str, ...] = ()
    """Resource values we know, such as `dsn.flash` (RFC 4412 section 3.2); none: we are no RP actor."""

    realm: str = "responder"
    """Protection domain of our challenges (RFC 3261 section 22.1)."""
    proxy_realm: str = ""
    """The same for 407; empty: `realm`."""
    algorithms: tuple[str, ...] = ALGORITHMS
    """One challenge each, in this order (RFC 8760 section 2.3)."""
    qop: tuple[str, ...] = ("auth",)
    """Qualities of protection in a challenge; a server has to send some (RFC 3261 section 22.4 item 8)."""
    opaque: str = ""
    """A fixed `opaque` for challenges; empty: a new one each."""

    min_se: int = 90
    """Smallest session interval, never below 90 on the wire (RFC 4028 section 5)."""
    session_expires: int = 1800
    """Largest session interval that we grant (RFC 4028 section 4 recommends 1800)."""
    refresher: str = "uac"
    """Who refreshes a session where the client leaves it to us: `uac` or `uas` (RFC 4028 section 9, table 2)."""
    min_expires: int = 60
    """Shortest registration, subscription or publication (RFC 3261 section 20.23)."""
    max_expires: int = 3600
    """Longest one that we grant."""
    default_expires: int = 3600
    """Granted where the client asks for no time (RFC 3261 section 10.3 step 7)."""
    redirect_expires: int = 60
    """How long a 302 may be remembered, where an Expires is wanted in it (RFC 3261 section 21.3.3)."""
    retry_after: int = 5
    """For Retry-After (RFC 3261 section 20.33)."""

    required_extension: tuple[str, ...] = ("100rel", "timer", "sec-agree")
    """What a 421 asks for: the first of these that the client does not list (RFC 3261 section 21.4.16)."""
    security_server: tuple[str, ...] = ("digest;d-alg=MD5;d-qop=auth;q=0.1",)
    """Security mechanisms with different q values (RFC 3329 section 2.2)."""
    fake_tag: str = "x-not-known-here"
    """The option-tag that a 420 or 421 names where the request gives none to name."""
    redirect_uris: tuple[str, ...] = ()
    """Where 3xx responses send a client; none: other users at our own address."""
    proxy_uri: str = ""
    """Where a 305 sends it; empty: our own address."""
    service_route: tuple[str, ...] = ()
    """URIs with `lr` for Service-Route (RFC 3608 section 6.3); none: our own address."""
    flow_timer: int = 120
    """Seconds between keep-alives, for Flow-Timer (RFC 5626 section 10)."""
    geolocation_error: int = 100
    """Code of Geolocation-Error (RFC 6442 section 4.4)."""
    alertmsg_error: int = 100
    """Code of AlertMsg-Error (RFC 8876 section 5.2)."""
    rejection_info: str = ""
    """Where the signed jCard of a 608 is to be had; empty: an https URL at our host (RFC 8688 section 3.1)."""
    certificate: bytes = b""
    """Our certificate as DER of a certs-only PKCS #7 message, for 493 (RFC 3261 section 23.2); empty: we have none."""
    product: str = "responder"
    """For Server (RFC 3261 section 20.35)."""
