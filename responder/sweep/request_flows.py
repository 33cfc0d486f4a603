"""How requests other than INVITE are answered outside of dialogs, code by code."""

from __future__ import annotations

from typing import Any, Final

from responder.observe.records import Case
from responder.sweep.flow import Flow
from responder.sweep.parts import (
    HERE,
    NONCE,
    REFUSED_WITH_RETRY_AFTER,
    RETRY_AFTER,
    RINGING,
    Rule,
    by_default,
    challenge,
    picked_up,
    refusal,
    rule,
    scenario,
    under_test,
    unless,
    waits_for,
    with_credentials,
)

_RETRIABLE: Final = (*REFUSED_WITH_RETRY_AFTER, 412, 415, 416, 420, 421, 423, 439, 494, 500, 555)
_ENDING: Final = (404, 405, 410, 416, 480, 481, 482, 483, 484, 485, 489, 501, 604)
"""What ends a subscription where a refresh gets it (RFC 6665 section 4.1.2.2)."""
_GRANTED: Final = 8
"""Seconds for which something is granted, so that its refresh shows."""
_FOR_A_WHILE: Final = {"registrar": {"min_expires": "1s", "max_expires": f"{_GRANTED}s"}}
"""So a client refreshes its registration before the case is over."""
_REFRESHED: Final = (200, 401, 407)
"""Codes to a REGISTER after which, or after what follows them, a registration stands."""


def flow(case: Case) -> Flow:
    """The flow for a case of a method that stands outside of dialogs, INVITE aside."""
    code, method = int(case.code), case.method
    rules = [*_rules(code, method, case.transport), _in_call(method, code if code >= 200 else 200)]
    return Flow(
        {**scenario(*rules), **(_FOR_A_WHILE if method == "REGISTER" and code in _REFRESHED else {})},
        _shows(code, method),
        watch=_watch(code, method),
    )


def _in_call(method: str, code: int) -> Rule:
    """The rule for a client that calls first: that is answered, and its request in the call gets the code."""
    steps = [100, RINGING, "200ms", *picked_up(), unless("BYE", "8s")]
    return rule("call", "INVITE", steps, meanwhile={method: [code]})


def _rules(code: int, method: str, transport: str) -> list[Rule]:
    if code in (401, 407):
        return _challenged(code, method)
    if code == 200 and method == "REGISTER":
        return [rule("granted", method, [200])]
    if code == 412 and method == "PUBLISH":
        return _forgotten()
    if code in _ENDING and method == "SUBSCRIBE":
        return _ended(code)
    return [under_test("answered", method, _answer(code, method, transport)), _again(code, method)]


def _answer(code: int, method: str, transport: str) -> list[Any]:
    if code == 100 and transport != "TCP":
        return ["3.6s", code, "4.6s", 200]  # RFC 4320 section 4.1: no 100 before timer E is at T2
    if code < 200:
        return [code, "1s", 200]
    if code == 408:
        return ["3.8s", code]
    if 300 <= code < 400:
        elsewhere = "<sip:registrar.invalid>" if method == "REGISTER" else f"<sip:moved@{HERE}>"
        return [{"respond": code, "headers": {"Contact": elsewhere}}]
    if code == 415 and method == "MESSAGE":
        return [{"respond": code, "headers": {"Accept": "text/plain"}}]
    return [refusal(code)]


def _again(code: int, method: str) -> Rule:
    """What later requests of the method get: they are served where the client may try again, else refused again."""
    if method == "REGISTER" or code < 400 or code in _RETRIABLE:
        return by_default("served", method)
    return rule("again", method, [code], unchecked=["method", "require", "content", "accept", "event"])


def _challenged(code: int, method: str) -> list[Rule]:
    """A challenge and another with stale=true. Then every password is right, and after 401 comes the nonce to use next;
    a 401 to anything but REGISTER, which has a refresh to show more in, says first that the password is wrong."""
    tried = with_credentials(code)
    wrong = code == 401 and method != "REGISTER"
    following = {"Authentication-Info": f'nextnonce="{NONCE}"'} if code == 401 else {}
    right = {"respond": 200, "headers": following} if following else 200
    return [
        under_test("stale", method, [challenge(code, stale=True)], match=tried),
        *([under_test("rejected", method, [challenge(code)], match=tried)] if wrong else []),
        rule("right", method, [right], match=tried),
        under_test("challenged", method, [challenge(code)]),
        rule("again", method, [403]),
    ]


def _forgotten() -> list[Rule]:
    """A publication is accepted for a few seconds, and unknown when it is refreshed."""
    return [
        under_test("forgotten", "PUBLISH", [412], match={"header": {"SIP-If-Match": {"present": True}}}),
        rule("published", "PUBLISH", [{"respond": 200, "headers": {"Expires": _GRANTED}}]),
    ]


def _ended(code: int) -> list[Rule]:
    """A subscription is accepted for a few seconds, and its refresh is refused."""
    steps = [{"respond": 200, "headers": {"Expires": _GRANTED}}, waits_for("SUBSCRIBE", f"{_GRANTED + 1}s"), code]
    return [rule("subscribed", "SUBSCRIBE", steps)]


def _shows(code: int, method: str) -> str:
    if code < 200:
        return f"The {method} is sent again at the intervals of timer E until its final response comes."
    if code < 300:
        return f"{method} gets {code}; no ACK follows."
    if code in _ENDING and method == "SUBSCRIBE":
        return f"A subscription is granted for {_GRANTED} s; its refresh gets {code}, which ends it."
    return f"{method} gets {code}: what the client does about it, and that no ACK follows."


def _watch(code: int, method: str) -> float:
    refreshed = (method == "REGISTER" and code in _REFRESHED) or (method == "PUBLISH" and code == 412)
    if refreshed:
        return _GRANTED + 1.0
    if code in REFUSED_WITH_RETRY_AFTER:
        return RETRY_AFTER + 1.5
    return 5.5 if code in (301, 302, 401, 407, 420, 500) else 2.0
