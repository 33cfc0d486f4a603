"""What flows are put together from: rules and steps of the scenario language as Python values."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final, TypeAlias

Rule: TypeAlias = dict[str, Any]
"""A rule of the scenario language."""
Steps: TypeAlias = Sequence[Any]
"""Steps of the scenario language."""

UNCHECKED: Final = ["method", "scheme", "require", "content", "accept", "session-timer", "event"]
"""Checks of the UAS that the code under test goes before, as a dialled code does; the others are about SIP working."""
STREAMS: Final = ["tcp", "tls", "ws", "wss"]
"""Transports that lose nothing."""
ANY_FINAL: Final = ["2xx", "3xx", "4xx", "5xx", "6xx"]
"""What a request of ours may get: whether that was right is for the rules to say, not for the flow."""
HERE: Final = "${local.ip}:${local.port};transport=${local.transport}"
"""Host, port and transport that the client reached us at, for URIs that lead back to us."""
NONCE: Final = "${random.hex8}${random.hex8}"
"""A new nonce."""
UNKNOWN_CHALLENGE: Final = f'Digest realm="responder", nonce="{NONCE}", qop="auth", algorithm=FOO-512'
"""What no client has credentials for (RFC 8760 section 2.4)."""
RETRY_AFTER: Final = 2
"""Seconds that a client is told to wait."""
REFUSED_WITH_RETRY_AFTER: Final = (404, 413, 480, 486, 503, 600, 603)
"""Codes that come with Retry-After: those that RFC 3261 section 20.33 names, but for 500: there it shows how soon a
client comes again that is told nothing."""
CONTACT: Final = f"<sip:answered@{HERE};x-leg=1>"
"""The remote target of a call that is answered."""
_ROUTES: Final = [f"<sip:last@{HERE};lr>", f"<sip:first@{HERE};lr>"]
"""The Record-Route of two proxies that are both here."""
RINGING: Final = {"respond": 180, "headers": {"Record-Route": _ROUTES}, "contact": CONTACT}
"""The 180 of a call that `accepted` answers, with the same route set and target."""


# ----------------------------------------------------------------------------------------------------------- rules


def rule(name: str, method: str | Sequence[str], steps: Steps, **keys: Any) -> Rule:
    """A rule for requests of this method; `match` is joined with that."""
    match = {"method": method if isinstance(method, str) else list(method), **keys.pop("match", {})}
    return {"name": name, "match": match, **keys, "steps": list(steps)}


def under_test(name: str, method: str, steps: Steps, **keys: Any) -> Rule:
    """The rule that has the code which a case is about, once: what the client sends is not checked before that."""
    return rule(name, method, steps, **{"times": 1, "unchecked": UNCHECKED, **keys})


def by_default(name: str, method: str | Sequence[str], **keys: Any) -> Rule:
    """A rule for what is answered as by a UAS of which nobody wants anything, whatever was dialled."""
    return rule(name, method, [{"set": {"by": "default"}}], **keys)


def answering(name: str = "answered", **keys: Any) -> Rule:
    """The rule for a call that is answered: what a client gets that has tried again as it should."""
    return rule(name, "INVITE", [100, RINGING, "200ms", *accepted()], **keys)


def losing(lost: Mapping[str, int], of: Rule) -> list[Rule]:
    """That rule twice: by UDP so many messages of the client are taken as lost, by a stream nothing is."""
    return [
        {**of, "match": {**of["match"], "transport": "udp"}, "fault": {"lose": dict(lost)}},
        {**of, "name": f"{of['name']}-stream", "match": {**of["match"], "transport": STREAMS}},
    ]


def scenario(*rules: Rule) -> dict[str, Any]:
    """A document of the language; what the rules do not match is answered by default."""
    return {"name": "case", "rules": [*rules, by_default("beside", "any")]}


# ----------------------------------------------------------------------------------------------------------- steps


def waits_for(method: str, seconds: str) -> dict[str, Any]:
    """An `expect` that may be in vain."""
    return {"expect": method, "within": seconds, "optional": True}


def unless(method: str | Sequence[str], seconds: str, *steps: Any) -> dict[str, Any]:
    """An `expect`; where it was in vain these steps follow, then our BYE, and that is all."""
    return {"expect": method, "within": seconds, "otherwise": [*steps, "hangup", "end"]}


def asks(method: str, **keys: Any) -> dict[str, Any]:
    """A request of ours that may get anything, or nothing."""
    return {"send": method, "within": "2s", "as": "status", "expect": ANY_FINAL, **keys}


def told(status: int, **keys: Any) -> dict[str, Any]:
    """A provisional response with the target of the call, and without its route set: the 2xx brings that."""
    return {"respond": status, "contact": CONTACT, **keys}


def picked_up(status: int = 200, headers: Mapping[str, Any] | None = None) -> list[Any]:
    """A 2xx whose route set and target show in what the client sends in the dialog, and the ACK for it."""
    return [
        {"respond": status, "headers": {"Record-Route": _ROUTES, **(headers or {})}, "contact": CONTACT},
        waits_for("ACK", "4s"),
    ]


def accepted(status: int = 200, *talk: Any) -> list[Any]:
    """The end of a call that is answered: a moment for the client to hang up by itself, `talk`, and our BYE."""
    return [*picked_up(status), unless("BYE", "700ms", *talk)]


def refusal(code: int) -> Any:
    """A final response that says how to go on, where its code has a way to say it."""
    return {"respond": code, "headers": {"Retry-After": RETRY_AFTER}} if code in REFUSED_WITH_RETRY_AFTER else code


def challenge(code: int, *, stale: bool = False) -> dict[str, Any]:
    """A 401, or a 407 with two algorithms, the better one first. Whose credentials come back is not looked at."""
    name = "WWW-Authenticate" if code == 401 else "Proxy-Authenticate"
    algorithms = ("MD5",) if code == 401 else ("SHA-256", "MD5")
    more = ", stale=true" if stale else ""
    return {
        "respond": code,
        "headers": {
            name: [
                f'Digest realm="responder", nonce="{NONCE}", opaque="{NONCE}", qop="auth", algorithm={one}{more}'
                for one in algorithms
            ]
        },
    }


def with_credentials(code: int) -> dict[str, Any]:
    """What matches a request that answers such a challenge."""
    return {"header": {"Authorization" if code == 401 else "Proxy-Authorization": {"present": True}}}
