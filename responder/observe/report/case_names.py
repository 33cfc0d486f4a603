"""What cases are called in reports: `486 INVITE`, `486 INVITE empty-reason TCP`, `busy INVITE`."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from responder.observe.printable import printable
from responder.observe.records import Case
from responder.observe.report.result import Result
from responder.registry.registry import Registry


@dataclass(frozen=True)
class CaseNames:
    """The names of the cases of one report: they say the transport only where there are several."""

    several_transports: bool

    @classmethod
    def among(cls, results: Sequence[Result]) -> CaseNames:
        """The names for these results."""
        return cls(len({result.case.transport for result in results}) > 1)

    def name(self, case: Case) -> str:
        """The name of a case, on one line."""
        return " ".join(part for part in (target(case), printable(case.method), *self._ways(case)) if part)

    def within_method(self, case: Case) -> str:
        """Its name among those of the same method, with the phrase of the code: `486 Busy Here, empty-reason`."""
        phrase = phrase_of(case.code) if target(case) == case.code else ""
        return ", ".join([f"{target(case)} {phrase}".rstrip(), *self._ways(case)])

    def _ways(self, case: Case) -> list[str]:
        variant = "" if case.variant == "plain" else printable(case.variant)
        transport = printable(case.transport) if self.several_transports else ""
        return [part for part in (variant, transport) if part]


def target(case: Case) -> str:
    """What the client was put through: the scenario's name, the code, or what it dialled."""
    return printable(case.scenario or case.code or case.dial) or "no call"


def phrase_of(code: str) -> str:
    """The reason phrase of a code; that of its class where it is not registered, empty for what is no code."""
    known = code.isascii() and code.isdigit() and len(code) == 3 and 100 <= int(code) <= 699
    return Registry.standard().get(int(code)).phrase if known else ""


def numbered(names: Sequence[str]) -> list[str]:
    """The names, those that came before with ` (2)`, ` (3)` behind them."""
    count: Counter[str] = Counter()
    found = []
    for name in names:
        count[name] += 1
        found.append(name if count[name] == 1 else f"{name} ({count[name]})")
    return found
