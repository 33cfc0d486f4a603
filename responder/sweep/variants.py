"""Ways in which a case can be answered: what networks and other implementations do to a message that is right."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Any, Final

from responder.observe.records import Case
from responder.sweep.flow import Flow
from responder.sweep.parts import Rule

Change = Callable[[Flow, Case], Flow]


@dataclass(frozen=True)
class Variant:
    """One way."""

    name: str
    shows: str
    """What it brings to light, in a sentence."""
    change: Change
    """Makes the flow of a case in this way out of the plain one."""
    applies: Callable[[Case], bool]
    """Whether a case can be answered in this way, and it makes a difference."""


def _always(case: Case) -> bool:
    return True


def _datagrams(case: Case) -> bool:
    return case.transport != "TCP"


def _streams(case: Case) -> bool:
    return case.transport == "TCP"


def _each(change: Callable[[Rule], Rule]) -> Change:
    """Changes every rule of the scenario."""

    def changed(flow: Flow, case: Case) -> Flow:
        rules = [change(rule) for rule in flow.scenario["rules"]]
        return replace(flow, scenario={**flow.scenario, "rules": rules})

    return changed


def _faulty(**fault: Any) -> Change:
    """Every message of ours goes wrong in this way."""
    return _each(lambda rule: {**rule, "fault": {**fault, **rule.get("fault", {})}})


def _finals(keys: Mapping[str, Any], low: int) -> Change:
    """Every final response from that code on is sent with these keys of `respond`."""

    def changed(step: Any) -> Any:
        if isinstance(step, int) and step >= low:
            return {"respond": step, **keys}
        if isinstance(step, dict) and step.get("respond", 0) >= low:
            return {**step, **keys}
        return step

    return _each(lambda rule: {**rule, "steps": [changed(step) for step in rule["steps"]]})


def _wrapped(shows: str, name: str, corruption: str, applies: Callable[[Case], bool] = _always) -> Variant:
    return Variant(name, shows, _faulty(corrupt=corruption), applies)


_ALL: Final = (
    Variant("plain", "As most servers write it.", lambda flow, case: flow, _always),
    _wrapped("A reason phrase may be empty.", "empty-reason", "empty-reason"),
    _wrapped("A reason phrase may be 1024 characters long.", "long-reason", "long-reason"),
    _wrapped("Header names may be compact.", "compact", "compact"),
    _wrapped("Header fields may be folded over lines.", "folded", "folded"),
    _wrapped("Header names may be in lower case.", "lower-case", "lowercase-names"),
    _wrapped("Header names may be in upper case.", "upper-case", "uppercase-names"),
    _wrapped("White space may stand before the colon of a header.", "spaced", "space-before-colon"),
    _wrapped("A stream may bring a message byte by byte.", "byte-by-byte", "byte-by-byte", _streams),
    _wrapped("A stream may bring two messages at once.", "two-in-one-segment", "two-in-one-segment", _streams),
    Variant(
        "extra-headers",
        "Header fields that a client does not know are ignored.",
        _each(
            lambda rule: {
                **rule,
                "headers": {
                    "X-Responder": 'anything, "a \\"quoted\\" text"; with=parameters',
                    "P-Responder-Unknown": ["<sip:somebody@example.com>;x", "second"],
                },
            }
        ),
        _always,
    ),
    Variant(
        "no-to-tag",
        "A final response may come without To tag, from a server of RFC 2543.",
        _finals({"to_tag": False}, 300),
        lambda case: int(case.code) >= 300,
    ),
    Variant(
        "duplicate",
        "By UDP every message may come twice; the copy is known for one.",
        _faulty(duplicate=2),
        _datagrams,
    ),
    Variant(
        "lossy",
        "By UDP the first copy of every response is lost, and comes again as SIP has it.",
        _faulty(drop=1),
        _datagrams,
    ),
    Variant(
        "delayed",
        "Responses take 700 ms: by UDP requests are sent again before, on a stream they are not.",
        _faulty(delay="700ms"),
        _always,
    ),
)

VARIANTS: Final[Mapping[str, Variant]] = MappingProxyType({variant.name: variant for variant in _ALL})
"""Every variant by its name, `plain` first."""
