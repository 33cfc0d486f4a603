"""How requests within a call are answered, code by code: the client's INVITE is accepted, or rings, first."""

from __future__ import annotations

from typing import Any, Final

from responder.observe.records import Case
from responder.sweep.flow import Flow
from responder.sweep.parts import RINGING, accepted, asks, challenge, picked_up, rule, scenario, told, unless, waits_for

RE_INVITE: Final = "re-INVITE"
"""What an INVITE within a call is called as the method of a case."""
METHODS: Final = ("BYE", "CANCEL", "PRACK", "UPDATE", "INFO", "NOTIFY", RE_INVITE)
"""The methods of cases whose request belongs to a call."""
_TALK: Final = "6s"
"""How long a call goes on that the client does not end."""


def flow(case: Case) -> Flow:
    """The flow for a case of a method that stands in calls."""
    code = int(case.code)
    if case.method == "CANCEL":
        return _cancel(code)
    if case.method == "PRACK":
        return _prack(code)
    method = "INVITE" if case.method == RE_INVITE else case.method
    talk = [unless(method, _TALK), *_answer(code, method)]
    if method != "BYE":
        talk.append(unless("BYE", _TALK))
    if code == 401 and method != "BYE":  # the realm is known by then
        talk += [challenge(code), waits_for("BYE", "3s"), 200]
    calls = [rule("call", "INVITE", [100, RINGING, "200ms", *picked_up(), *talk])]
    if method == "INFO":  # RFC 6086 section 5.2.1: whoever knows Info Packages is told which we take: its own
        packages = {"Recv-Info": "${request.header.Recv-Info}"}
        knows = {"match": {"header": {"Recv-Info": {"present": True}}}}
        calls.insert(0, rule("packages", "INVITE", [100, RINGING, "200ms", *picked_up(200, packages), *talk], **knows))
    return Flow(
        scenario(*calls),
        f"The call is answered; the first {case.method} in it gets {code}, and what comes of that is watched.",
        watch=2.0,
    )


def _answer(code: int, method: str) -> list[Any]:
    if code < 200:
        return [code, "1s", 200]
    if code in (401, 407):
        return [challenge(code), waits_for(method, "3s"), 200]
    if code == 491 and method == "INVITE":
        return [asks("INVITE"), code]  # it crosses one of ours
    return [code]


def _cancel(code: int) -> Flow:
    ended = [code] if code >= 300 else [code, "300ms", 487] if code < 200 else accepted(code)
    cancelled = {"expect": "CANCEL", "within": "5s", "otherwise": [480, "end"]}
    return Flow(
        scenario(rule("rings", "INVITE", [100, told(180), cancelled, *ended])),
        f"It rings until the client sends CANCEL, which gets 200; its INVITE ends with {code}.",
        watch=2.0,
    )


def _prack(code: int) -> Flow:
    progress = told(183, sdp=True)
    answer = [challenge(code)] if code in (401, 407) else _answer(code, "PRACK")
    return Flow(
        scenario(
            rule(
                "reliable",
                "INVITE",
                [100, {**progress, "reliable": True}, "1500ms", *accepted()],
                match={"supported": "100rel"},
                meanwhile={"PRACK": answer},
            ),
            rule("unreliable", "INVITE", [100, progress, "300ms", *accepted()]),
        ),
        f"The PRACK of a client that supports 100rel gets {code}; the call goes on.",
        watch=2.0,
    )
