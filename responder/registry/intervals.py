"""Intervals in responses: Min-Expires, Expires, Min-SE, Session-Expires (RFC 3261 section 20, RFC 4028, RFC 3903)."""

from __future__ import annotations

from typing import Final, Literal, NamedTuple, TypeAlias

from responder.registry.capabilities import Capabilities
from responder.registry.derive import attempt, contacts_of
from responder.registry.occasion import Occasion
from responder.registry.rules import Values, dynamic
from responder.sip.fields import SessionExpires
from responder.sip.message import Request

SHORTEST_SESSION: Final = 90
"""Seconds below which Min-SE must never be (RFC 4028 section 5)."""

Refresher: TypeAlias = Literal["uac", "uas"]


def expires_asked(request: Request) -> list[int]:
    """Every expiration that the request asks for: `expires` of its Contacts and Expires; malformed ones left out."""
    contacts = contacts_of(request)
    asked = [contact.expires for contact in contacts] if request.method == "REGISTER" else []
    asked.append(attempt(lambda: request.expires, None))
    return [seconds for seconds in asked if seconds is not None]


@dynamic("our minimum; one second above the longest interval asked for, where none asked for is too brief")
def min_expires(occasion: Occasion) -> Values:
    """Min-Expires (RFC 3261 section 20.23): always above what was asked, so that a retry can differ."""
    minimum = occasion.capabilities.min_expires
    asked = [seconds for seconds in expires_asked(occasion.request) if seconds > 0]
    too_brief = [seconds for seconds in asked if seconds < minimum]
    return [str(minimum if too_brief or not asked else max(asked) + 1)]


def granted(asked: int | None, capabilities: Capabilities) -> int:
    """The interval that we grant: what is asked for or our default, never more than our maximum; 0 stays 0."""
    return min(capabilities.default_expires if asked is None else asked, capabilities.max_expires)


@dynamic("what the request asks for or our default, never more than our maximum")
def expires(occasion: Occasion) -> Values:
    """Expires of a 2xx (RFC 6665 section 4.2.1.1, RFC 3903 section 6 step 6)."""
    return [str(granted(attempt(lambda: occasion.request.expires, None), occasion.capabilities))]


@dynamic("our minimum, at least 90; one second above the interval asked for, where that was long enough")
def min_se(occasion: Occasion) -> Values:
    """Min-SE (RFC 4028 sections 5, 6, 9): always above what was asked, so that a retry can differ."""
    minimum = max(SHORTEST_SESSION, occasion.capabilities.min_se)
    asked = attempt(lambda: occasion.request.session_expires, None)
    return [str(max(minimum, asked.seconds + 1) if asked else minimum)]


class SessionTimer(NamedTuple):
    """What a 2xx says of the session timer."""

    seconds: int
    refresher: Refresher
    client_supports: bool
    """Whether `timer` is in the request's Supported (or Require)."""


def session_timer(request: Request, capabilities: Capabilities) -> SessionTimer | None:
    """The session timer that we agree to; None where the request asks for none or we know no `timer` (RFC 4028 9).

    The interval is the request's or our maximum if that is less, but not below the request's Min-SE (90 where it has
    none) and never raised: so there is no timer where the request asks for less than that. The client's choice of who
    refreshes stands.
    """
    asked = attempt(lambda: request.session_expires, None)
    least = _min_se(request)
    if asked is None or asked.seconds < least or "timer" not in capabilities.supported:
        return None
    seconds = min(asked.seconds, max(capabilities.session_expires, least))
    client_supports = "timer" in request.supported or "timer" in request.require
    # Table 2: who cannot do it cannot be told to refresh, and the client's choice cannot be overridden
    if not client_supports or asked.refresher == "uas":
        return SessionTimer(seconds, "uas", client_supports)
    if asked.refresher == "uac" or capabilities.refresher != "uas":
        return SessionTimer(seconds, "uac", client_supports)
    return SessionTimer(seconds, "uas", client_supports)


def _min_se(request: Request) -> int:
    text = request.first("min-se")
    if text is None:
        return SHORTEST_SESSION
    return max(SHORTEST_SESSION, attempt(lambda: SessionExpires.parse(text, field="Min-SE").seconds, SHORTEST_SESSION))


def _agreed(occasion: Occasion) -> SessionTimer | None:
    return session_timer(occasion.request, occasion.capabilities)


@dynamic("the request's interval, no more than our maximum and no less than its Min-SE, and who refreshes")
def session_expires(occasion: Occasion) -> Values:
    """Session-Expires of a 2xx (RFC 4028 section 9)."""
    timer = _agreed(occasion)
    return [f"{timer.seconds};refresher={timer.refresher}"] if timer else ()


@dynamic("timer, where the client is to refresh")
def require_timer_of_uac(occasion: Occasion) -> Values:
    """Require of a 2xx whose refresher is uac (RFC 4028 section 9, MUST)."""
    timer = _agreed(occasion)
    return ["timer"] if timer and timer.refresher == "uac" else ()


@dynamic("timer, where we are to refresh and the client knows session timers")
def require_timer_of_uas(occasion: Occasion) -> Values:
    """Require of a 2xx whose refresher is uas (RFC 4028 section 9, SHOULD)."""
    timer = _agreed(occasion)
    return ["timer"] if timer and timer.refresher == "uas" and timer.client_supports else ()
