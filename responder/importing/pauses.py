"""`<pause>` as a duration of ours, or as a draw."""

from __future__ import annotations

from typing import Any, Final

from responder.importing.variables import State
from responder.importing.xml_source import Element

BY_D: Final = "a pause as long as -d says on SIPp's command line (none unless it does)"
"""A pause that says nothing."""


def duration(milliseconds: str) -> str | None:
    """So many milliseconds as a scenario says it; None where that is no number."""
    try:
        number = round(float(milliseconds))
    except (ValueError, OverflowError):
        return None
    if number < 0:
        return None
    return f"{number // 1000}s" if number % 1000 == 0 else f"{number}ms"


def pause(element: Element, state: State) -> tuple[Any, str]:
    """How long a `<pause>` is, and what is to be said about it."""
    kind = element.the("distribution").lower()
    named = {name: duration(element.the(name)) for name in ("value", "min", "max", "mean", "stdev", "milliseconds")}
    if element.the("variable"):
        value = state.values.get(element.the("variable"))
        number = value.number if value is not None else None
        if number is None:
            return None, "pause: how long the variable says is not known beforehand"
        return duration(str(number)), ""
    if named["milliseconds"] is not None and not kind:
        return named["milliseconds"], ""
    if kind == "uniform" and named["min"] is not None and named["max"] is not None:
        return {"uniform": [named["min"], named["max"]]}, ""
    if kind == "normal" and named["mean"] is not None and named["stdev"] is not None:
        return {"normal": [named["mean"], named["stdev"]]}, ""
    if kind == "fixed" and named["value"] is not None:
        return named["value"], ""
    if kind:
        mean = named["mean"]
        if kind == "exponential" and mean is not None:
            return mean, "pause: times are not drawn from this distribution; its mean is taken"
        return None, f"pause: times are not drawn from the distribution '{kind}'"
    return None, BY_D
