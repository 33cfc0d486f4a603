"""How an INVITE outside of dialogs is answered, code by code, so that what a client has to do then shows."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from responder.observe.records import Case
from responder.sweep.flow import Flow
from responder.sweep.parts import (
    HERE,
    REFUSED_WITH_RETRY_AFTER,
    RETRY_AFTER,
    RINGING,
    accepted,
    answering,
    asks,
    challenge,
    losing,
    refusal,
    rule,
    scenario,
    told,
    under_test,
    waits_for,
    with_credentials,
)

ON_HOLD: Final = (asks("OPTIONS"), asks("INVITE", sdp="sendonly"), "200ms", asks("INVITE"))
"""What a client is asked in a call that it does not end by itself: what it can do, to be held, to be taken back."""
_FOLLOWED: Final = 5.5
"""Seconds in which a client that goes on by itself has done so (`observe.rules.attempts.PATIENCE`)."""


def flow(case: Case) -> Flow:
    """The flow for a case of the method INVITE."""
    code = int(case.code)
    if code in _OF_CODE:
        return _OF_CODE[code](code)
    by_class = {1: _progress, 2: success, 3: _redirection}
    return by_class.get(code // 100, _refusal)(code)


# ------------------------------------------------------------------------------------------------------------- 1xx


def _late_trying(lost: int) -> dict[str, Any]:
    """A 100 that is lost so many times: by UDP the client sends its INVITE again, and a copy of the 100 answers it."""
    return {"respond": 100, "fault": {"drop": lost}}


def _trying(code: int) -> Flow:
    silence = ["4s", told(180), "300ms", *accepted()]
    to_ignore = {**_late_trying(2), "headers": {"Require": "100rel", "RSeq": 1}}
    return Flow(
        scenario(
            rule("requiring", "INVITE", [to_ignore, *silence], match={"supported": "100rel"}),
            rule("trying", "INVITE", [_late_trying(2), *silence]),
        ),
        "The INVITE is sent again at intervals that double until the 100 comes, and not any more from then on. What "
        "the 100 requires gets no PRACK.",
    )


def _progress(code: int) -> Flow:
    progress = told(code, sdp=True) if code == 183 else told(code)
    acknowledged = [waits_for("PRACK", "3s"), "200ms"]
    reliable = [100, {**progress, "reliable": True}, *acknowledged, told(180, reliable=True), *acknowledged]
    return Flow(
        scenario(
            *losing({"PRACK": 1}, rule("reliable", "INVITE", [*reliable, *accepted()], match={"supported": "100rel"})),
            rule("unreliable", "INVITE", [100, progress, "300ms", progress, "300ms", told(180), "300ms", *accepted()]),
        ),
        f"A client goes on waiting after {code}, and after another; where it supports 100rel, each gets its PRACK.",
    )


def _early_dialog_ends(code: int) -> Flow:
    forked = {"fork": {"left": [told(180), "300ms", told(code)], "right": ["100ms", told(180), "600ms", *accepted()]}}
    return Flow(
        scenario(rule("forked", "INVITE", [100, forked])),
        "One of two early dialogs ends with 199; the client leaves it alone and takes the answer of the other.",
    )


# ------------------------------------------------------------------------------------------------------------- 2xx


def success(code: int, *talk: Any) -> Flow:
    """A call that is answered; `talk` is what a client is asked that does not hang up at once."""
    return Flow(
        scenario(
            *losing({"ACK": 1}, rule("answered", "INVITE", [100, RINGING, "200ms", *accepted(code, *talk or ON_HOLD)]))
        ),
        f"The first ACK for the {code} is lost: its copy is acknowledged, too. Requests in the dialog have its route "
        "set and target; ours get answers.",
        watch=2.0,
    )


# ------------------------------------------------------------------------------------------------------------- 3xx


def _redirection(code: int) -> Flow:
    headers = "?Subject=moved" if code == 302 else ""
    contacts = [f"<sip:moved-first@{HERE}>;q=0.9", f"<sip:moved-second@{HERE};x-leg=2{headers}>;q=0.5"]
    first, second = {"match": {"user": "moved-first"}}, {"match": {"user": "moved-second"}}
    places = [rule("moved-first", "INVITE", [100, 404], **first), answering("moved-second", **second)]
    there = "nobody is at the first, the second answers"
    if code == 300:
        back = {"respond": 302, "headers": {"Contact": "<${request.to.uri}>"}}
        places.insert(0, rule("leading-back", "INVITE", [100, back], times=2, **first))
        there = "the first leads back to where the call came from, the second answers"
    elif code == 301:
        places[1] = rule("moved-second", "INVITE", [100, 480], **second)
        there = "nobody is at the first, nor at the second"
    redirected = rule("redirected", "INVITE", [100, {"respond": code, "headers": {"Contact": contacts}}])
    return Flow(
        scenario(*places, *losing({"ACK": 1}, redirected)),
        f"The {code} names two addresses, both here: {there}.",
        watch=_FOLLOWED,
    )


def _proxy(code: int) -> Flow:
    return Flow(
        scenario(
            under_test("use-proxy", "INVITE", [100, {"respond": code, "contact": f"<sip:{HERE};lr>"}]),
            answering(),
        ),
        "The proxy that the call has to go through is here, too, and answers.",
        watch=2.0,
    )


# ------------------------------------------------------------------------------------------------------- 4xx to 6xx


def _refusal(code: int) -> Flow:
    return Flow(
        scenario(
            *losing({"ACK": 1}, under_test("refused", "INVITE", [100, 180, "100ms", code])),
            rule("again", "INVITE", [100, code], unchecked=["require", "content", "accept"]),
        ),
        f"The first ACK for the {code} is lost: its copy is acknowledged, too. Nothing but that follows.",
        watch=2.0,
    )


def _retriable(code: int) -> Flow:
    return Flow(
        scenario(under_test("refused", "INVITE", [100, code]), answering()),
        f"A client may try again after {code} with what it says; that is answered.",
        watch=_FOLLOWED if code in (420, 500) else 2.0,
    )


def _later(code: int) -> Flow:
    return Flow(
        scenario(*losing({"ACK": 1}, under_test("refused", "INVITE", [100, 180, "100ms", refusal(code)])), answering()),
        f"The {code} has Retry-After: {RETRY_AFTER}: nothing comes before, and who calls then is answered.",
        watch=RETRY_AFTER + 1.5,
    )


def _challenge(code: int) -> Flow:
    tried = with_credentials(code)
    rejected = [under_test("rejected", "INVITE", [100, challenge(code)], match=tried)] if code == 401 else []
    return Flow(
        scenario(
            under_test("stale", "INVITE", [100, challenge(code, stale=True)], match=tried),
            *rejected,
            answering(match=tried),
            under_test("challenged", "INVITE", [100, challenge(code)]),
            rule("again", "INVITE", [100, 403]),
        ),
        "A client with credentials tries again with them, and with the new nonce where the old one is stale. One "
        "without gives up. "
        + ("Then the password is wrong: it gives up, too." if rejected else "Every password is right."),
        watch=_FOLLOWED,
    )


def _too_small(code: int) -> Flow:
    return Flow(
        scenario(under_test("too-small", "INVITE", [100, {"respond": code, "headers": {"Min-SE": 1800}}]), answering()),
        "A client with session timers tries again with Min-SE and Session-Expires of at least 1800 s.",
        watch=2.0,
    )


def _ambiguous(code: int) -> Flow:
    choices = {"respond": code, "headers": {"Contact": [f"<sip:anna@{HERE}>", f"<sip:anne@{HERE}>"]}}
    return Flow(
        scenario(under_test("ambiguous", "INVITE", [100, 180, "100ms", choices]), answering()),
        "Two addresses are meant; a client leaves it to its user which one is called.",
        watch=2.0,
    )


def _terminated(code: int) -> Flow:
    return Flow(
        scenario(*losing({"ACK": 1}, rule("rings", "INVITE", [100, 180, "3s", code]))),
        f"It rings for three seconds, for the client to send its CANCEL; the first ACK for the {code} is lost.",
        watch=2.0,
    )


def _timeout(code: int) -> Flow:
    return Flow(
        scenario(*losing({"ACK": 1}, under_test("timeout", "INVITE", [_late_trying(4), "3.8s", code])), answering()),
        f"By UDP nothing comes for 3.8 seconds: the INVITE is sent again at intervals that double. Then {code}.",
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
    **dict.fromkeys(REFUSED_WITH_RETRY_AFTER, _later),
    **dict.fromkeys((415, 416, 417, 420, 421, 433, 438, 488, 494, 500, 580, 606), _retriable),
}
