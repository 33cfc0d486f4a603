"""How requests other than INVITE are answered outside of dialogs, code by code."""

from __future__ import annotations

from typing import Any, Final

from responder.observe.records import Case
from responder.sweep.flow import Flow
from responder.sweep.parts import HERE, RINGING, Rule, Steps, accepted, rule, scenario, under_test

_RETRIABLE: Final = (401, 407, 412, 413, 415, 416, 420, 421, 423, 439, 494, 555)
_LATER: Final = (404, 413, 480, 486, 500, 503, 600, 603)
"""Codes that may have Retry-After."""
_GRANTED: Final = 8
"""Seconds for which a registration is granted, so that its refresh shows."""


def flow(case: Case) -> Flow:
    """The flow for a case of a method that stands outside of dialogs, INVITE aside."""
    code, method = int(case.code), case.method
    rules = [under_test("answered", method, _answer(code, method, case.transport)), *_again(code, method)]
    return Flow(
        scenario(*rules, in_call(method, [code if code >= 200 else 200])),
        _shows(code, method),
        watch=_watch(code, method),
    )


def in_call(method: str, steps: Steps, **keys: Any) -> Rule:
    """The rule for a client that calls first: it is answered, and its request in the call gets these."""
    return rule(
        "call",
        "INVITE",
        [100, RINGING, "200ms", *accepted()[:2], {"expect": "BYE", "within": "8s", "otherwise": ["hangup", "end"]}],
        meanwhile={method: list(steps)},
        **keys,
    )


def _answer(code: int, method: str, transport: str) -> list[Any]:
    if code == 100 and transport != "TCP":
        return ["3.6s", code, "4.6s", 200]  # RFC 4320 section 4.1: no 100 before timer E is at T2
    if code < 200:
        return [code, "1s", 200]
    if code == 408:
        return ["3.8s", code]
    if 300 <= code < 400:
        return [{"respond": code, "headers": {"Contact": f"<sip:moved@{HERE}>"}}]
    if code in _LATER:
        return [{"respond": code, "headers": {"Retry-After": 2}}]
    if code == 200 and method == "REGISTER":
        return [{"respond": code, "headers": {"Contact": f"${{request.header.Contact}};expires={_GRANTED}"}}]
    return [code]


def _again(code: int, method: str) -> list[Rule]:
    """What later requests of the method get: they are served where the client may try again, else refused again."""
    if method == "REGISTER":
        return []  # the registrar
    if code < 400 or code in _RETRIABLE or code in _LATER:
        return [rule("served", method, [200])]
    return [rule("again", method, [code], unchecked=["method", "require", "content", "accept", "event"])]


def _shows(code: int, method: str) -> str:
    if code < 200:
        return f"The {method} is sent again at the intervals of timer E until its final response comes."
    if code < 300:
        return f"{method} gets {code}, and no ACK follows."
    return f"{method} gets {code}: what the client does about it, and that no ACK follows."


def _watch(code: int, method: str) -> float:
    if method == "REGISTER" and code == 200:
        return _GRANTED + 1.0
    if code in _LATER:
        return 3.5
    return 5.5 if code in (301, 302, 420) else 2.0
