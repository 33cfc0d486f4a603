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


def rule(name: str, method: str | Sequence[str], steps: Steps, **keys: Any) -> Rule:
    """A rule for requests of this method; `match` is joined with that."""
    match = {"method": method if isinstance(method, str) else list(method), **keys.pop("match", {})}
    return {"name": name, "match": match, **keys, "steps": list(steps)}


def under_test(name: str, method: str, steps: Steps, **keys: Any) -> Rule:
    """The rule that has the code which a case is about: what the client sends is not checked before it is refused."""
    return rule(name, method, steps, **{"times": 1, "unchecked": UNCHECKED, **keys})


def losing(lost: Mapping[str, int], of: Rule) -> list[Rule]:
    """That rule twice: by UDP so many messages of the client are taken as lost, by a stream nothing is."""
    return [
        {**of, "match": {**of["match"], "transport": "udp"}, "fault": {**of.get("fault", {}), "lose": dict(lost)}},
        {**of, "name": f"{of['name']}-stream", "match": {**of["match"], "transport": STREAMS}},
    ]


def scenario(*rules: Rule) -> dict[str, Any]:
    """A document of the language."""
    return {"name": "case", "rules": list(rules)}


def waits_for(method: str, seconds: str, **keys: Any) -> dict[str, Any]:
    """An `expect` that may be in vain."""
    return {"expect": method, "within": seconds, "optional": True, **keys}


def asks(method: str, **keys: Any) -> dict[str, Any]:
    """A request of ours that may get anything, or nothing."""
    return {"send": method, "within": "2s", "as": "status", "expect": ANY_FINAL, **keys}


_ROUTES: Final = [f"<sip:last@{HERE};lr>", f"<sip:first@{HERE};lr>"]
"""The Record-Route of two proxies that are both here."""
RINGING: Final = {"respond": 180, "headers": {"Record-Route": _ROUTES}}
"""The 180 of a call that `accepted` answers, with the same route set."""


def accepted(status: int = 200, *, talk: Steps = ()) -> list[Any]:
    """The end of a call that is answered: a 2xx whose route set and target show in what the client sends in the dialog,
    a moment for the client to hang up by itself, then `talk`, then our BYE."""
    return [
        {
            "respond": status,
            "headers": {"Record-Route": _ROUTES},
            "contact": f"<sip:answered@{HERE};x-leg=1>",
        },
        waits_for("ACK", "4s"),
        {"expect": "BYE", "within": "700ms", "otherwise": [*talk, "hangup", "end"]},
    ]


def answering(name: str = "answered", **keys: Any) -> Rule:
    """The rule for a call that is answered: what a client gets that has tried again as it should."""
    return rule(name, "INVITE", [100, RINGING, "200ms", *accepted()], **keys)
