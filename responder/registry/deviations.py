"""Responses that RFCs forbid: said in the journal, never prevented, since this is a test tool."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from responder.registry.derive import attempt, contacts_of
from responder.registry.intervals import expires_asked
from responder.registry.locations import behind_outbound_proxy
from responder.sip.message import Request

_NOT_FOR_CANCEL: Final = (401, 405, 407, 415, 420, 421, 494)


@dataclass(frozen=True, slots=True, eq=False)
class Deviation:
    """One forbidden combination of status, method and, where `of_request` is set, request."""

    text: str
    """A sentence with {status} and {method} in it."""
    reference: str
    of_pair: Callable[[int, str], bool]
    of_request: Callable[[Request], bool] | None = None
    """None: the pair alone is wrong."""

    def sentence(self, status: int, method: str) -> str:
        """The text with its citation."""
        return f"{self.text.format(status=status, method=method)} ({self.reference})"


def _lacks(key: str) -> Callable[[Request], bool]:
    return lambda request: key not in request.shape.index


def _in_dialog(request: Request) -> bool:
    return attempt(lambda: request.to_tag, None) is not None


def _needs_no_423(request: Request) -> bool:
    """No interval is above 0, and below an hour where it is about a registration or subscription."""
    hour = 3600 if request.method in ("REGISTER", "SUBSCRIBE") else 2**32
    return not any(0 < seconds < hour for seconds in expires_asked(request))


def _has_no_alert(request: Request) -> bool:
    kind = (request.first("content-type") or "").lower()
    return "cap+xml" not in kind and not (kind.startswith("multipart/") and b"cap+xml" in request.body.lower())


def _needs_no_439(request: Request) -> bool:
    flow = any(contact.params.get("reg-id") for contact in contacts_of(request)) and "outbound" in request.supported
    return not flow or behind_outbound_proxy(request)


def _has_no_push(request: Request) -> bool:
    return not any("pn-provider" in contact.uri.params for contact in contacts_of(request))


DEVIATIONS: Final[tuple[Deviation, ...]] = (
    Deviation("ACK never gets a response", "RFC 3261 17", lambda status, method: method == "ACK"),
    Deviation(
        "{method} must not get a provisional response but 100",
        "RFC 4320 4.1",
        lambda status, method: 100 < status < 200 and method not in ("INVITE", "ACK"),
    ),
    Deviation(
        "only INVITE may get 408; to {method} one stays silent",
        "RFC 4320 4.2",
        lambda status, method: status == 408 and method != "INVITE",
    ),
    Deviation(
        "a registrar must not send {status}",
        "RFC 3261 10.3",
        lambda status, method: status >= 600 and method == "REGISTER",
    ),
    Deviation(
        "CANCEL cannot be sent again, so {status} makes no sense: 200 and 481 do",
        "RFC 3261 9.2, 22.1",
        lambda status, method: method == "CANCEL" and status in _NOT_FOR_CANCEL,
    ),
    Deviation(
        "487 is never the answer to CANCEL itself",
        "RFC 3261 21.4.25",
        lambda status, method: status == 487 and method == "CANCEL",
    ),
    Deviation(
        "202 must not be sent to {method} any more",
        "RFC 6665 8.3.1",
        lambda status, method: status == 202 and method in ("SUBSCRIBE", "NOTIFY"),
    ),
    Deviation(
        "202 must not be sent to REFER any more",
        "RFC 7647 5",
        lambda status, method: status == 202 and method == "REFER",
    ),
    Deviation(
        "204 is for SUBSCRIBE within its dialog only",
        "RFC 5839 7.1",
        lambda status, method: status == 204,
        lambda request: request.method != "SUBSCRIBE" or not _in_dialog(request),
    ),
    Deviation(
        "199 must not go to a client that does not list 199 in Supported",
        "RFC 6228 5",
        lambda status, method: status == 199 and method == "INVITE",
        lambda request: "199" not in request.supported,
    ),
    Deviation(
        "422 is for clients with timer in Supported that ask for a Session-Expires",
        "RFC 4028 9",
        lambda status, method: status == 422,
        lambda request: "timer" not in request.supported or "session-expires" not in request.shape.index,
    ),
    Deviation(
        "423 is for intervals above 0, in REGISTER and SUBSCRIBE below an hour",
        "RFC 3261 10.3; RFC 6665 4.2.1.1; RFC 3903 6",
        lambda status, method: status == 423 and method in ("REGISTER", "SUBSCRIBE", "PUBLISH"),
        _needs_no_423,
    ),
    Deviation(
        "424 must not answer a request without Geolocation",
        "RFC 6442 4.3",
        lambda status, method: status == 424,
        _lacks("geolocation"),
    ),
    Deviation(
        "425 must not answer a request without an alert",
        "RFC 8876 5.1",
        lambda status, method: status == 425,
        _has_no_alert,
    ),
    Deviation(
        "439 must not answer unless a Contact has reg-id, Supported has outbound and the first hop lacks it",
        "RFC 5626 6, 11.6",
        lambda status, method: status == 439,
        _needs_no_439,
    ),
    Deviation(
        "412 is for a SIP-If-Match that names no publication",
        "RFC 3903 6",
        lambda status, method: status == 412 and method == "PUBLISH",
        _lacks("sip-if-match"),
    ),
    Deviation(
        "417 is for a request with Require: resource-priority",
        "RFC 4412 4.6.2",
        lambda status, method: status == 417,
        lambda request: "resource-priority" not in request.require,
    ),
    Deviation(
        "469 is for INFO of an Info Package only",
        "RFC 6086 4.2.2",
        lambda status, method: status == 469 and method == "INFO",
        _lacks("info-package"),
    ),
    Deviation(
        "555 is for a Contact with pn-provider",
        "RFC 8599 8.1",
        lambda status, method: status == 555 and method == "REGISTER",
        _has_no_push,
    ),
    Deviation(
        "a BYE that matches a dialog has to get a 2xx, whatever else is the matter",
        "RFC 3261 15.1.2",
        lambda status, method: method == "BYE" and status >= 300 and status not in (401, 407, 481),
    ),
    Deviation(
        "a PRACK that matches has to get a 2xx, another one 481",
        "RFC 3262 3",
        lambda status, method: method == "PRACK" and status >= 300 and status not in (401, 407, 481),
    ),
)
"""The table; `Registry.deviations` adds methods that a code is not defined for."""


def of_reliability(status: int, request: Request, *, reliable: bool) -> str | None:
    """What is wrong with sending a provisional response (un)reliably (RFC 3262 section 3); None: nothing."""
    if not 100 <= status < 200:
        return "only provisional responses can be sent reliably (RFC 3262 3)" if reliable else None
    if reliable and status == 100:
        return "100 must not be sent reliably (RFC 3262 3)"
    required = "100rel" in request.require
    if reliable and not required and "100rel" not in request.supported:
        return f"{status} must not be sent reliably to a client that does not list 100rel (RFC 3262 3)"
    if not reliable and required and status > 100:
        return f"{status} has to be sent reliably to a client that requires 100rel (RFC 3262 3)"
    return None
