"""What cases are called in reports: `486 INVITE`, `486 INVITE empty-reason TCP`, `busy INVITE (2)`."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from typing import Final

from responder.observe.printable import printable
from responder.observe.report.result import Result
from responder.registry.registry import Registry

_LONGEST: Final = 80


class CaseNames:
    """The names of the cases of one report: no two are the same, and the transport is said only where there are
    several."""

    def __init__(self, results: Sequence[Result]) -> None:
        self._several_transports = len({result.case.transport for result in results}) > 1
        self._names = _unique(results, self._name)
        self._within = _unique(results, lambda result: f"{result.case.method} {self._within_method(result)}")

    def name(self, result: Result) -> str:
        """The name of a case, on one line."""
        return self._names[id(result)]

    def within_method(self, result: Result) -> str:
        """Its name among those of the same method, with the phrase of the code: `486 Busy Here, empty-reason`."""
        return self._within[id(result)].removeprefix(f"{result.case.method} ")

    def _name(self, result: Result) -> str:
        return " ".join(part for part in (target(result), _short(result.case.method), *self._ways(result)) if part)

    def _within_method(self, result: Result) -> str:
        named = target(result)
        return ", ".join([f"{named} {phrase_of(named)}".rstrip(), *self._ways(result)])

    def _ways(self, result: Result) -> list[str]:
        variant = "" if result.case.variant == "plain" else _short(result.case.variant)
        transport = _short(result.case.transport) if self._several_transports else ""
        return [part for part in (variant, transport) if part]


def target(result: Result) -> str:
    """What the client was put through: the scenario's name, the code, or what it dialled."""
    case = result.case
    named = case.code or case.dial if result.of_sweep else case.dial or case.code
    return _short(case.scenario or named) or "no call"


def _short(text: str) -> str:
    """A peer's text on one line, and not without end."""
    text = printable(text[: _LONGEST + 1])
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}..."


def phrase_of(code: str) -> str:
    """The reason phrase of a code; that of its class where it is not registered, empty for what is no code."""
    known = code.isascii() and code.isdigit() and len(code) == 3 and 100 <= int(code) <= 699
    return Registry.standard().get(int(code)).phrase if known else ""


def _unique(results: Sequence[Result], name: Callable[[Result], str]) -> dict[int, str]:
    """The names by the `id` of the results, those that came before with ` (2)`, ` (3)` behind them."""
    count: Counter[str] = Counter()
    found: dict[str, int] = {}
    for result in results:
        text = unique = name(result)
        while unique in found:
            count[text] += 1
            unique = f"{text} ({count[text] + 1})"
        found[unique] = id(result)
    return {of: unique for unique, of in found.items()}
