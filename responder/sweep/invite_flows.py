"""How an INVITE outside of dialogs is answered, code by code, so that what a client has to do then shows."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from responder.observe.records import Case
from responder.sweep.flow import Flow
from responder.sweep.parts import (
    HERE,
    RINGING,
    Rule,
    Steps,
    accepted,
    answering,
    asks,
    losing,
    rule,
    scenario,
    under_test,
    waits_for,
)

_REALM: Final = "responder"
_RETRY_AFTER: Final = 2
"""Seconds."""
_ON_HOLD: Final = [asks("OPTIONS"), asks("INVITE", sdp="sendonly"), "200ms", asks("INVITE")]
"""What a client is asked in a call that it does not end by itself: what it can do, to be held, to be taken back."""


def flow(case: Case) -> Flow:
    """The flow for a case of the method INVITE."""
    code = int(case.code)
    if code in _OF_CODE:
        return _OF_CODE[code](code)
    if code < 200:
        return _progress(code)
    if code < 300:
        return _success(code)
    if code < 400:
        return _redirection(code)
    return _refusal(code)


# ------------------------------------------------------------------------------------------------------------- 1xx


def _late_trying(lost: int) -> dict[str, Any]:
    """A 100 that is lost so many times: by UDP the client sends its INVITE again, and a copy of the 100 answers it."""
    return {"respond": 100, "fault": {"drop": lost}}


def _trying(code: int) -> Flow:
    return Flow(
        scenario(rule("trying", "INVITE", [_late_trying(2), "4s", 180, "300ms", *accepted()])),
        "The INVITE is sent again at intervals that double until the 100 comes, and not any more from then on.",
        watch=1.0,
    )


def _progress(code: int) -> Flow:
    told = {"respond": code, "sdp": True} if code == 183 else code
    reliably = {"respond": code, "reliable": True, **({"sdp": True} if code == 183 else {})}
    acknowledged = [waits_for("PRACK", "3s"), "200ms"]
    reliable = rule(
        "reliably",
        "INVITE",
        [100, reliably, *acknowledged, {"respond": 180, "reliable": True}, *acknowledged, *accepted()],
        match={"supported": "100rel"},
    )
    return Flow(
        scenario(
            *losing({"PRACK": 1}, reliable),
            rule("plain", "INVITE", [100, told, "300ms", told, "300ms", 180, "300ms", *accepted()]),
        ),
        f"A client goes on waiting after {code}, and after another; where it supports 100rel, each gets its PRACK.",
    )


def _early_dialog_ends(code: int) -> Flow:
    return Flow(
        scenario(
            rule(
                "forked",
                "INVITE",
                [100, {"fork": {"left": [180, "300ms", code], "right": ["100ms", 180, "600ms", *accepted()]}}],
            )
        ),
        "One of two early dialogs ends with 199; the client leaves it alone and takes the answer of the other.",
    )


# ------------------------------------------------------------------------------------------------------------- 2xx


def _success(code: int) -> Flow:
    return Flow(
        scenario(
            *losing({"ACK": 1}, rule("answered", "INVITE", [100, RINGING, "200ms", *accepted(code, talk=_ON_HOLD)])),
        ),
        f"The first ACK for the {code} is lost: its copy is acknowledged too. Requests in the dialog have its route "
        "set and target; ours get answers.",
        watch=2.0,
    )


# ------------------------------------------------------------------------------------------------------------- 3xx


def _redirection(code: int) -> Flow:
    contacts = [f"<sip:moved-first@{HERE}>;q=0.9", f"<sip:moved-second@{HERE};x-leg=2>;q=0.5"]
    return Flow(
        scenario(
            rule("moved-first", "INVITE", [100, 404], match={"user": "moved-first"}),
            answering("moved-second", match={"user": "moved-second"}),
            *losing(
                {"ACK": 1},
                rule("redirected", "INVITE", [100, {"respond": code, "headers": {"Contact": contacts}}]),
            ),
        ),
        f"The {code} names two addresses, both here: nobody is at the first, the second answers.",
        watch=5.5,
    )


def _proxy(code: int) -> Flow:
    return Flow(
        scenario(
            under_test("use-proxy", "INVITE", [100, {"respond": code, "contact": f"<sip:{HERE};lr>"}]),
            answering(),
        ),
        "The proxy that the call has to go through is here, too, and answers.",
        watch=3.0,
    )


# ------------------------------------------------------------------------------------------------------- 4xx to 6xx


def _refusal(code: int, *, before: Steps = (100, 180, "100ms"), again: Rule | None = None, **keys: Any) -> Flow:
    refused = {"respond": code, **keys} if keys else code
    return Flow(
        scenario(
            *losing({"ACK": 1}, under_test("refused", "INVITE", [*before, refused])),
            again or rule("again", "INVITE", [100, refused], unchecked=["require", "content", "accept"]),
        ),
        f"The first ACK for the {code} is lost: its copy is acknowledged too, and nothing but that follows.",
        watch=2.0,
    )


def _retriable(code: int) -> Flow:
    return Flow(
        scenario(under_test("refused", "INVITE", [100, code]), answering()),
        f"A client may try again after {code} with what it says; that is answered.",
        watch=5.5 if code == 420 else 2.0,
    )


def _later(code: int) -> Flow:
    header = {"Retry-After": _RETRY_AFTER}
    return Flow(
        scenario(
            *losing({"ACK": 1}, under_test("refused", "INVITE", [100, 180, "100ms", _with(code, header)])),
            answering(),
        ),
        f"The {code} has Retry-After: {_RETRY_AFTER}: nothing comes before, and who calls then is answered.",
        watch=_RETRY_AFTER + 1.5,
    )


def _with(code: int, headers: dict[str, Any]) -> dict[str, Any]:
    return {"respond": code, "headers": headers}


def _challenge(code: int) -> Flow:
    name, credentials = {
        401: ("WWW-Authenticate", "Authorization"),
        407: ("Proxy-Authenticate", "Proxy-Authorization"),
    }[code]
    algorithms = ("MD5",) if code == 401 else ("SHA-256", "MD5")

    def asked(more: str) -> dict[str, Any]:
        challenges = [
            f'Digest realm="{_REALM}", nonce="${{random.hex8}}${{random.hex8}}", opaque="${{random.hex8}}", '
            f'qop="auth", algorithm={algorithm}{more}'
            for algorithm in algorithms
        ]
        return _with(code, {name: challenges})

    tried = {"header": {credentials: {"present": True}}}
    return Flow(
        scenario(
            under_test("stale", "INVITE", [100, asked(", stale=true")], match=tried),
            answering(match=tried),
            under_test("challenged", "INVITE", [100, asked("")]),
            rule("again", "INVITE", [100, 403]),
        ),
        "A client with credentials tries again with them, and with the new nonce where the old one is stale. One "
        "without gives up. Every password is right.",
        watch=3.0,
    )


def _too_small(code: int) -> Flow:
    return Flow(
        scenario(
            under_test("too-small", "INVITE", [100, _with(code, {"Min-SE": 1800})]),
            answering(),
        ),
        "A client with session timers tries again with Min-SE and Session-Expires of at least 1800 s.",
        watch=2.0,
    )


def _ambiguous(code: int) -> Flow:
    contacts = [f"<sip:anna@{HERE}>", f"<sip:anne@{HERE}>"]
    return _refusal(code, headers={"Contact": contacts}, again=answering())


def _terminated(code: int) -> Flow:
    return Flow(
        scenario(*losing({"ACK": 1}, rule("rings", "INVITE", [100, 180, "3s", code]))),
        "It rings for three seconds, for the client to send its CANCEL; the first ACK for the 487 is lost.",
        watch=2.0,
    )


def _timeout(code: int) -> Flow:
    steps = [_late_trying(4), "3.8s", code]
    return Flow(
        scenario(
            *losing({"ACK": 1}, under_test("timeout", "INVITE", steps)),
            answering(),
        ),
        "Nothing at all comes for 3.8 seconds: the INVITE is sent again at intervals that double. Then 408.",
        watch=2.0,
    )


_OF_CODE: Final[dict[int, Callable[[int], Flow]]] = {
    100: _trying,
    199: _early_dialog_ends,
    305: _proxy,
    401: _challenge,
    407: _challenge,
    408: _timeout,
    422: _too_small,
    485: _ambiguous,
    487: _terminated,
    **dict.fromkeys((404, 413, 480, 486, 500, 503, 600, 603), _later),
    **dict.fromkeys((415, 416, 417, 420, 421, 433, 438, 488, 494, 580, 606), _retriable),
}
