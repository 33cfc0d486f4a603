"""Ways in which a case can be answered: what networks, proxies and other servers do that a client has to be up to."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Any, Final, TypeAlias

from responder.observe.records import Case
from responder.sweep.conversations import CONVERSATIONS, Conversation
from responder.sweep.flow import Flow
from responder.sweep.in_dialog_flows import METHODS as IN_CALLS
from responder.sweep.parts import (
    HERE,
    RETRY_AFTER,
    UNKNOWN_CHALLENGE,
    Rule,
    Steps,
    accepted,
    challenge,
    rule,
    scenario,
    told,
)
from responder.sweep.plain_flows import plain_flow

Change: TypeAlias = Callable[[Flow, Case], Flow]
Condition: TypeAlias = Callable[[Case], bool]


@dataclass(frozen=True)
class Variant:
    """One way."""

    name: str
    shows: str
    """What a client has to be up to, in a sentence."""
    change: Change
    """Makes the flow of a case in this way out of the plain one."""
    applies: Condition
    """Whether a case can be answered in this way, and it makes a difference."""


# ------------------------------------------------------------------------------------------------------ conditions


def _always(case: Case) -> bool:
    return True


def _by_udp(case: Case) -> bool:
    return case.transport != "TCP"


def _by_stream(case: Case) -> bool:
    return case.transport == "TCP"


def _is_refused(case: Case) -> bool:
    return int(case.code) >= 300


def _calls(*codes: int) -> Condition:
    return lambda case: case.method == "INVITE" and int(case.code) in codes


def _call_ends(case: Case) -> bool:
    return case.method == "INVITE" and int(case.code) >= 200


# --------------------------------------------------------------------------------------------------------- changes


def _with_rules(flow: Flow, change: Callable[[Rule], Rule]) -> Flow:
    return replace(flow, scenario={**flow.scenario, "rules": [change(one) for one in flow.scenario["rules"]]})


def _faulty(**fault: Any) -> Change:
    """Every message of ours goes wrong in this way."""
    return lambda flow, case: _with_rules(flow, lambda one: {**one, "fault": {**fault, **one.get("fault", {})}})


def _finals(flow: Flow, low: int, change: Callable[[dict[str, Any]], list[Any]]) -> Flow:
    """Every final response from that code on becomes other steps."""

    def changed(step: Any) -> list[Any]:
        if isinstance(step, int):
            step = {"respond": step}
        return change(step) if isinstance(step, dict) and step.get("respond", 0) >= low else [step]

    def all_of(steps: Steps) -> list[Any]:
        return [new for step in steps for new in changed(step)]

    def changed_rule(one: Rule) -> Rule:
        meanwhile = {method: all_of(steps) for method, steps in one.get("meanwhile", {}).items()}
        return {**one, "steps": all_of(one["steps"]), **({"meanwhile": meanwhile} if meanwhile else {})}

    return _with_rules(flow, changed_rule)


def _without_to_tag(flow: Flow, case: Case) -> Flow:
    return _finals(flow, 300, lambda step: [{**step, "to_tag": False}])


def _with_body(flow: Flow, case: Case) -> Flow:
    page = {"body": "<html><body>No.</body></html>", "content_type": "text/html"}
    optional = {"Content-Disposition": "render;handling=optional"}
    return _finals(flow, 300, lambda step: [{**step, **page, "headers": {**step.get("headers", {}), **optional}}])


def _late_provisional(flow: Flow, case: Case) -> Flow:
    """A 180 that leaves behind the final response."""
    return _finals(flow, 200, lambda step: [{"respond": 180, "fault": {"reorder": True}}, step])


def _discarded(corruption: str) -> Change:
    """The response comes in a form in which it is not for the client, and in no other."""

    def changed(flow: Flow, case: Case) -> Flow:
        code = int(case.code)
        response = {**(challenge(code) if code in (401, 407) else {"respond": code}), "fault": {"corrupt": corruption}}
        return Flow(scenario(rule("for-others", "INVITE", [100, 180, "100ms", response])), flow.shows, 3.0)

    return changed


def _extra_headers(flow: Flow, case: Case) -> Flow:
    headers = {
        "X-Responder": 'anything, "a \\"quoted\\" text"; with=parameters',
        "P-Responder-Unknown": ["<sip:somebody@example.com>;x", "second"],
    }
    return _with_rules(flow, lambda one: {**one, "headers": headers})


_UNKNOWN: Final = {183: 198, 200: 299, 300: 399, 400: 499, 500: 599, 600: 699}
"""What a client takes unregistered codes for (RFC 3261 section 8.1.3.2), and such a code of each class."""


def _unknown_code(flow: Flow, case: Case) -> Flow:
    return plain_flow(replace(case, code=str(_UNKNOWN[int(case.code)])))


_STUBBORN: Final = (401, 407, 413, 415, 420, 421, 422, 423, 438, 494, 500, 503)
"""Codes after which a client may try again, so that it matters whether it ever stops."""


def _is_stubborn(case: Case) -> bool:
    code = int(case.code)
    redirects = 300 <= code < 400 and code != 305 and case.method == "INVITE"
    return redirects or (code in _STUBBORN and case.method not in IN_CALLS)


def _stubborn(flow: Flow, case: Case) -> Flow:
    """What the plain flow does once is all that happens."""
    if 300 <= int(case.code) < 400:
        return replace(flow, scenario=scenario(*_loop(int(case.code))))
    first = [one for one in flow.scenario["rules"] if one.get("times") and one["name"] != "stale"]
    rules = [{key: value for key, value in one.items() if key != "times"} for one in first]
    return replace(flow, scenario=scenario(*rules))


def _loop(code: int) -> list[Rule]:
    """Redirections from one address to another and back."""

    def to(user: str) -> dict[str, Any]:
        return {"respond": code, "headers": {"Contact": f"<sip:{user}@{HERE}>"}}

    return [
        rule("there", "INVITE", [100, to("back")], match={"user": "there"}),
        rule("back", "INVITE", [100, to("there")]),
    ]


def _declined_there(flow: Flow, case: Case) -> Flow:
    """The first address of a redirection answers 603 for all of them."""
    there = rule("declined-there", "INVITE", [100, 603], match={"user": "moved-first"})
    others = [one for one in flow.scenario["rules"] if one["match"] != there["match"]]
    return replace(flow, scenario={**flow.scenario, "rules": [there, *others]})


_CHALLENGES: Final = ("WWW-Authenticate", "Proxy-Authenticate")


def _unknown_algorithm(flow: Flow, case: Case) -> Flow:
    """Before each challenge stands one that nobody can answer."""

    def changed(step: dict[str, Any]) -> list[Any]:
        headers = {
            name: [UNKNOWN_CHALLENGE, *value] if name in _CHALLENGES else value
            for name, value in step.get("headers", {}).items()
        }
        return [{**step, "headers": headers} if headers else step]

    return _finals(flow, 401, changed)


def _two_realms(flow: Flow, case: Case) -> Flow:
    """Each challenge comes from two places."""

    def changed(step: dict[str, Any]) -> list[Any]:
        headers = {
            name: [*value, *(one.replace('realm="responder"', 'realm="beyond"') for one in value)]
            if name in _CHALLENGES
            else value
            for name, value in step.get("headers", {}).items()
        }
        return [{**step, "headers": headers} if headers else step]

    return _finals(flow, 401, changed)


def _retry_after(flow: Flow, case: Case) -> Flow:
    """Every 500 says when to come again (RFC 3261 section 20.33)."""
    later = {"Retry-After": RETRY_AFTER}

    def changed(step: dict[str, Any]) -> list[Any]:
        return [{**step, "headers": later} if step["respond"] == 500 else step]

    return replace(_finals(flow, 500, changed), watch=RETRY_AFTER + 1.5)


def _can_be_forked(case: Case) -> bool:
    code = int(case.code)
    return _call_ends(case) and not 300 <= code < 400 and code not in (401, 407)


def _forked(flow: Flow, case: Case) -> Flow:
    code = int(case.code)
    end = accepted(code) if code < 300 else [code]
    branches = {"left": [told(180), "300ms", *end], "right": ["100ms", told(180), "400ms", *end]}
    race = {"race": True} if code < 300 else {}
    return replace(flow, scenario=scenario(rule("forked", "INVITE", [100, {"fork": branches, **race}])))


def _unanswered(flow: Flow, case: Case) -> Flow:
    """408 is what a client makes of no response at all; 100 is all that it gets here, without INVITE after 3.5 s."""
    at_once = 100 if case.method == "INVITE" else "4s"
    steps = [at_once if case.code == "100" else {"respond": 100, "fault": {"drop": 99}}, "40s"]
    return replace(flow, scenario=scenario(rule("unanswered", case.method, steps)), watch=5.0, lasts=45.0)


def _spelt(shows: str, name: str, corruption: str, applies: Condition = _always) -> Variant:
    return Variant(name, shows, _faulty(corrupt=corruption), applies)


def _held(conversation: Conversation) -> Variant:
    return Variant(conversation.name, conversation.shows, lambda flow, case: conversation.flow, _calls(200))


_ALL: Final = (
    Variant("plain", "As most servers do it.", lambda flow, case: flow, _always),
    _spelt("A reason phrase may be empty.", "empty-reason", "empty-reason"),
    _spelt("A reason phrase may be 1024 characters long.", "long-reason", "long-reason"),
    _spelt("Header names may be compact.", "compact", "compact"),
    _spelt("Header fields may be folded over lines.", "folded", "folded"),
    _spelt("Header names may be in lower case.", "lower-case", "lowercase-names"),
    _spelt("Header names may be in upper case.", "upper-case", "uppercase-names"),
    _spelt("White space may stand before the colon of a header.", "space-before-colon", "space-before-colon"),
    Variant("extra-headers", "Header fields that it does not know are ignored.", _extra_headers, _always),
    Variant("with-body", "A refusal may have a body, of a type that it does not know.", _with_body, _is_refused),
    Variant("no-to-tag", "A server of RFC 2543 sends no To tag.", _without_to_tag, _is_refused),
    Variant(
        "unknown-code",
        "A code that nobody has registered is taken for x00 of its class, 1xx for 183.",
        _unknown_code,
        lambda case: int(case.code) in _UNKNOWN,
    ),
    Variant("duplicate", "By UDP every message may come twice.", _faulty(duplicate=2), _by_udp),
    Variant("lossy", "By UDP the first copy of every message of ours is lost.", _faulty(drop=1), _by_udp),
    Variant(
        "delayed",
        "Every message of ours takes 700 ms: by UDP requests are sent again.",
        _faulty(delay="700ms"),
        _always,
    ),
    Variant(
        "late-provisional",
        "By UDP a 180 may come after the final response; it changes nothing.",
        _late_provisional,
        lambda case: _by_udp(case) and _call_ends(case),
    ),
    _spelt("A stream may bring a message byte by byte.", "byte-by-byte", "byte-by-byte", _by_stream),
    _spelt("A stream may bring two messages at once.", "two-in-one-segment", "two-in-one-segment", _by_stream),
    Variant(
        "forked",
        "A call may ring in two places; both may answer, and each 2xx gets an ACK.",
        _forked,
        _can_be_forked,
    ),
    Variant(
        "stubborn",
        "The same comes again, whatever the client tries: it gives up.",
        _stubborn,
        _is_stubborn,
    ),
    Variant(
        "declined-there",
        "The first of two addresses answers 603, which speaks for both: the second is not tried.",
        _declined_there,
        _calls(300, 301, 302),
    ),
    Variant(
        "unknown-algorithm",
        "A challenge with an algorithm that nobody knows comes first: it is passed over, the next is answered.",
        _unknown_algorithm,
        lambda case: int(case.code) in (401, 407),
    ),
    Variant(
        "two-realms",
        "Two realms ask for credentials: one request answers both.",
        _two_realms,
        lambda case: int(case.code) in (401, 407),
    ),
    Variant(
        "retry-after",
        "A 500 with Retry-After: nothing comes before.",
        _retry_after,
        lambda case: case.code == "500",
    ),
    Variant(
        "stray",
        "A final response with another branch belongs to nobody: nothing comes of it.",
        _discarded("wrong-branch"),
        _calls(200, 401, 486),
    ),
    Variant(
        "second-via",
        "A final response with a second Via was for somebody else: nothing comes of it.",
        _discarded("second-via"),
        _calls(200, 401, 486),
    ),
    Variant(
        "unanswered",
        "Nothing comes, or nothing after 100: the client gives up after 64*T1, or goes on waiting. Takes 40 s.",
        _unanswered,
        lambda case: case.code in ("100", "408") and case.method not in IN_CALLS,
    ),
    *map(_held, CONVERSATIONS),
)

VARIANTS: Final[Mapping[str, Variant]] = MappingProxyType({variant.name: variant for variant in _ALL})
"""Every variant by its name, `plain` first."""
