"""Inspection of a request before anybody acts on it (RFC 3261 section 8.2.1 to 8.2.3), in the order of the RFC.

Each check has a name, so that a scenario can turn it off (`unchecked`). Checks that need the state of calls (`merged`,
`dialog`, `cseq`, `pending`, `replaces`) are made where that state is, in `core`; `syntax` and `version` come before
all, in `sip.syntax`.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Final

from responder.errors import ParseError
from responder.sip.likeness import LikeRequest
from responder.sip.methods import METHODS
from responder.uas.event_packages import is_acceptable
from responder.uas.script import Reply

if TYPE_CHECKING:
    from responder.registry.capabilities import Capabilities
    from responder.sip.message import Request

CHECKS: Final[dict[str, str]] = {
    "syntax": "the request is well-formed: 400 (RFC 3261 21.4.1)",
    "version": "it is SIP/2.0: 505 (21.5.6)",
    "dialog": "it belongs to a dialog where its To has a tag: 481 (12.2.2)",
    "merged": "it did not come before by another way: 482 (8.2.2.2)",
    "cseq": "its CSeq number is not below the last one of the dialog: 500 (12.2.2)",
    "pending": "no other INVITE or UPDATE is open in the dialog: 491 or 500 (14.2; RFC 3311 5.2)",
    "method": "its method is known and allowed: 501 or 405 (8.2.1)",
    "scheme": "the scheme of its Request-URI is known: 416 (8.2.2.1)",
    "require": "every option-tag of its Require is supported: 420 (8.2.2.3)",
    "content": "its body's type and encoding are understood: 415 (8.2.3)",
    "accept": "it accepts what it would be sent, session description or event state: 406 (21.4.7; RFC 6665 4.1.2.1)",
    "session-timer": "its Session-Expires is not too small: 422 (RFC 4028 9)",
    "event": "its event package is known: 489 (RFC 6665 7.2.2)",
    "replaces": "the dialog that it wants to replace is there: 481, 486 or 603 (RFC 3891 3)",
}
"""Every check by name: what it asks and what is answered where the answer is no."""

ALL: Final = frozenset(CHECKS) | {"all"}


def expanded(unchecked: frozenset[str]) -> frozenset[str]:
    """The names of checks not made, with every one of them where `all` is among them."""
    return ALL if "all" in unchecked else unchecked


_NOT_IMPLEMENTED: Final = Reply(501, headers=(), label="method")
_NOT_ALLOWED: Final = Reply(405, label="method")
_BAD_SCHEME: Final = Reply(416, label="scheme")
_BAD_EXTENSION: Final = Reply(420, label="require")
_BAD_CONTENT: Final = Reply(415, label="content")
_NOT_ACCEPTABLE: Final = Reply(406, label="accept")
_TOO_SMALL: Final = Reply(422, label="session-timer")
_BAD_EVENT: Final = Reply(489, label="event")

_SCHEMES: Final = frozenset({"sip", "sips", "tel"})
_SDP_METHODS: Final = frozenset({"INVITE", "UPDATE", "PRACK"})
_EVENT_METHODS: Final = frozenset({"SUBSCRIBE", "PUBLISH"})
_TIMER_METHODS: Final = frozenset({"INVITE", "UPDATE"})
_SDP_RANGES: Final = frozenset({("application", "sdp"), ("application", "*"), ("*", "*")})
_NEVER: Final = frozenset({"0", "0.0", "0.00", "0.000"})
_NONE: Final[frozenset[str]] = frozenset()
_DECIDING: Final = ("require", "content-encoding", "content-type", "accept", "session-expires", "event")
"""KEYs of the header fields that a request can fail on: most shapes have none but Content-Type."""


def of_syntax(fault: ParseError, unchecked: frozenset[str] = _NONE) -> Reply | None:
    """The answer to a malformed request (21.4.1: "The Reason-Phrase SHOULD identify the syntax problem")."""
    label = "version" if fault.status == 505 else "syntax"
    if label in unchecked:
        return None
    return Reply(fault.status, reason=fault.what if fault.status == 400 else None, label=label)


def refusal(request: Request, capabilities: Capabilities, unchecked: frozenset[str] = _NONE) -> Reply | None:
    """The response that this request must get before it is acted upon; None where nothing is wrong with it."""
    if type(request) is LikeRequest:
        # all that is inspected is the same in requests that are alike
        known = request.memo.get(refusal)
        if known is None or known[0] is not unchecked:
            known = request.memo[refusal] = (unchecked, _inspected(request, capabilities, unchecked))
        reply: Reply | None = known[1]
        return reply
    return _inspected(request, capabilities, unchecked)


def _inspected(request: Request, capabilities: Capabilities, unchecked: frozenset[str]) -> Reply | None:
    if unchecked is ALL:
        return None
    method = request.method
    if method not in capabilities.allow and "method" not in unchecked:
        # 8.2.1: a method that is recognised but not supported gets 405; 21.5.2: one not recognised gets 501
        return _NOT_ALLOWED if method in METHODS else _NOT_IMPLEMENTED
    memo = request.shape.memo
    deciding = memo.get(refusal)
    if deciding is None:
        index = request.shape.index
        deciding = memo[refusal] = tuple(key for key in _DECIDING if key in index)
    if not request.uri.startswith("sip") and "scheme" not in unchecked:
        scheme = request.uri.partition(":")[0].lower()
        if scheme not in _SCHEMES:
            return _BAD_SCHEME
    for key in deciding:
        try:
            reply = _INSPECTORS[key](request, capabilities)
        except ParseError as error:
            reply = of_syntax(error)  # a field that nobody reads otherwise, such as Accept
        if reply is not None and reply.label not in unchecked:
            return reply
    if method in _EVENT_METHODS and "event" not in deciding and "event" not in unchecked:
        return _BAD_EVENT  # RFC 6665 8.2.1: a SUBSCRIBE without Event names no package that we know
    return None


def _require(request: Request, capabilities: Capabilities) -> Reply | None:
    # 8.2.2.3: not for CANCEL, nor for an ACK to a non-2xx; those never come here
    supported = {tag.lower() for tag in capabilities.supported}
    return None if request.require <= supported else _BAD_EXTENSION


def _content_encoding(request: Request, capabilities: Capabilities) -> Reply | None:
    if not request.body or _is_optional(request):
        return None
    known = {"identity", *(coding.lower() for coding in capabilities.accept_encoding)}
    wanted = {coding.lower() for coding in request.every("content-encoding")}
    return None if wanted <= known else _BAD_CONTENT


def _content_type(request: Request, capabilities: Capabilities) -> Reply | None:
    if request.method not in _SDP_METHODS or not request.body:
        return None
    if _is_accepted(request.first("content-type") or "", capabilities.accept) or _is_optional(request):
        return None
    return _BAD_CONTENT


@lru_cache(maxsize=256)
def _is_accepted(content_type: str, accept: tuple[str, ...]) -> bool:
    media_type = content_type.partition(";")[0].strip().lower()
    return media_type in accept or media_type.startswith("multipart/")


def _is_optional(request: Request) -> bool:
    """Content-Disposition lets us ignore a body that we do not understand (20.11)."""
    return "handling=optional" in (request.first("content-disposition") or "").replace(" ", "").lower()


def _accept(request: Request, capabilities: Capabilities) -> Reply | None:
    if request.method == "SUBSCRIBE":
        return None if is_acceptable(request) else _NOT_ACCEPTABLE
    # 20.1: an Accept without application/sdp leaves nothing that a 2xx to INVITE could carry
    if request.method != "INVITE":
        return None
    ranges = request.accept or []
    if any((each.type, each.subtype) in _SDP_RANGES and each.params.get("q") not in _NEVER for each in ranges):
        return None
    return _NOT_ACCEPTABLE


def _session_expires(request: Request, capabilities: Capabilities) -> Reply | None:
    # RFC 4028 section 9: 422 only to a client that says it supports timers
    if request.method not in _TIMER_METHODS or "timer" not in request.supported | request.require:
        return None
    asked = request.session_expires
    return _TOO_SMALL if asked is not None and asked.seconds < max(90, capabilities.min_se) else None


def _event(request: Request, capabilities: Capabilities) -> Reply | None:
    if request.method not in _EVENT_METHODS:
        return None
    event = request.event
    package = event.package.lower() if event is not None else ""
    return None if package in capabilities.allow_events else _BAD_EVENT


_INSPECTORS: Final = {
    "require": _require,
    "content-encoding": _content_encoding,
    "content-type": _content_type,
    "accept": _accept,
    "session-expires": _session_expires,
    "event": _event,
}
