"""How requests within a call are answered, code by code: the client's INVITE is accepted first."""

from __future__ import annotations

from typing import Any, Final

from responder.observe.records import Case
from responder.sweep.flow import Flow
from responder.sweep.parts import RINGING, Rule, accepted, rule, scenario, waits_for

RE_INVITE: Final = "re-INVITE"
"""What an INVITE within a call is called as the method of a case."""
_TALK: Final = "6s"
"""How long a call goes on that the client does not end."""


def flow(case: Case) -> Flow:
    """The flow for a case of a method that stands in dialogs."""
    code = int(case.code)
    if case.method == "CANCEL":
        return _cancel(code)
    if case.method == "PRACK":
        return _prack(code)
    steps = _steps(code)
    method = "INVITE" if case.method == RE_INVITE else case.method
    return Flow(
        scenario(_call(method, steps)),
        f"The call is answered; the first {case.method} in it gets {code}, and what comes of that is watched.",
        watch=2.0,
    )


def _call(method: str, steps: list[Any]) -> Rule:
    over = {"within": _TALK, "otherwise": ["hangup", "end"]}
    talk = [{"expect": method, **over}, *steps]
    if method != "BYE":
        talk.append({"expect": "BYE", **over})
    return rule("call", "INVITE", [100, RINGING, "200ms", *accepted()[:2], *talk])


def _steps(code: int) -> list[Any]:
    return [code, "1s", 200] if code < 200 else [code]


def _cancel(code: int) -> Flow:
    ended = [code] if code >= 300 else [code, "300ms", 487] if code < 200 else accepted(code)
    return Flow(
        scenario(
            rule(
                "rings",
                "INVITE",
                [100, 180, {"expect": "CANCEL", "within": "5s", "otherwise": [480, "end"]}, *ended],
            )
        ),
        f"It rings until the client sends CANCEL, which gets 200; its INVITE ends with {code}.",
        watch=2.0,
    )


def _prack(code: int) -> Flow:
    return Flow(
        scenario(
            rule(
                "reliably",
                "INVITE",
                [
                    100,
                    {"respond": 183, "reliable": True, "sdp": True},
                    waits_for("PRACK", "3s"),
                    "500ms",
                    *accepted(),
                ],
                match={"supported": "100rel"},
                meanwhile={"PRACK": _steps(code)},
            ),
            rule("plain", "INVITE", [100, 183, "300ms", *accepted()]),
        ),
        f"The PRACK of a client that supports 100rel gets {code}; the call goes on.",
        watch=2.0,
    )
