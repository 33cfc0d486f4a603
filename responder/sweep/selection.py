"""Which cases a sweep has: codes, methods, variants and transports as a person writes them, and their product."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from responder.errors import ResponderError
from responder.observe.records import Case
from responder.registry import Registry
from responder.scenario.compiler import load
from responder.scenario.dial import objection, parse_dial
from responder.scenario.problems import did_you_mean, listed
from responder.sweep.flows import METHODS as KNOWN_METHODS
from responder.sweep.variants import VARIANTS

TRANSPORTS: Final = ("udp", "tcp")
ALL: Final = "all"

_single = re.compile(r"[1-6]\d\d").fullmatch
_pattern = re.compile(r"[1-6](\dx|xx)", re.IGNORECASE).fullmatch
_range = re.compile(r"([1-6]\d\d)-([1-6]\d\d)").fullmatch


class SelectionError(ResponderError):
    """What cannot be selected: every mistake, a line each."""


def spans_of(text: str) -> tuple[tuple[int, int], ...]:
    """The first and last code of each word of a list such as `4xx,503,100-199,48x,all`. `SelectionError`."""
    found = []
    problems = []
    for word in _words(text):
        span = _range(word)
        if word.lower() == ALL:
            found.append((100, 699))
        elif _single(word) or _pattern(word):
            low, high = (int(word.lower().replace("x", digit)) for digit in "09")
            found.append((low, high))
        elif span and span[1] <= span[2]:
            found.append((int(span[1]), int(span[2])))
        else:
            problems.append(f"'{word}' is no code: {_code_advice(word)}")
    _raise(problems or ([] if found else ["no code is named: such as 4xx,503,100-199 or all"]))
    return tuple(found)


def codes_of(text: str) -> tuple[int, ...]:
    """The codes that such a list names, sorted. `SelectionError` with all mistakes.

    Classes, patterns and ranges name the registered codes in them; a single code may be any from 100 to 699.
    """
    registered = [code.status for code in Registry.standard().codes]
    found: set[int] = set()
    problems = []
    for low, high in spans_of(text):
        within = {low} if low == high else {status for status in registered if low <= status <= high}
        found |= within
        if not within:
            problems.append(f"no code is registered from {low} to {high}: name single codes")
    _raise(problems)
    return tuple(sorted(found))


def methods_of(text: str) -> tuple[str, ...]:
    """The methods of a list such as `INVITE,REGISTER` or `all`. `SelectionError` with all mistakes."""
    return _named(text, KNOWN_METHODS, "method that can be swept")


def variants_of(text: str) -> tuple[str, ...]:
    """The variants of a list such as `plain,compact` or `all`. `SelectionError` with all mistakes."""
    return _named(text, tuple(VARIANTS), "variant")


def transports_of(texts: Iterable[str]) -> tuple[str, ...]:
    """The transports of lists such as `udp,tcp`. `SelectionError` with all mistakes."""
    return _named(",".join(texts).lower(), TRANSPORTS, "transport")


def dials_of(texts: Sequence[str]) -> Sequence[str]:
    """These dial strings; `SelectionError` for those that dial nothing."""
    problems = []
    for text in texts:
        if parse_dial(text) is None:
            why = objection(text)
            problems.append(f"'{text}' dials nothing{why and f': {why}'} (such as 486, 180.300ms.486 or 503,200)")
    _raise(problems)
    return texts


@dataclass(frozen=True, kw_only=True)
class Selection:
    """What is tried. Without dial strings and scenarios, codes; without codes, all that are registered."""

    codes: Sequence[int] = ()
    methods: Sequence[str] = ("INVITE",)
    variants: Sequence[str] = ("plain",)
    transports: Sequence[str] = ("udp",)
    dials: Sequence[str] = ()
    scenarios: Sequence[str] = ()

    def cases(self) -> tuple[list[Case], list[Case]]:
        """The cases in order, and those that are left out because their variant makes no difference there.

        `ScenarioError` where a scenario is wrong.
        """
        wanted = [
            Case(code, code, method, transport, variant)
            for code in map(str, self.codes)
            for method, transport, variant in self._ways(self.variants)
        ]
        cases = [case for case in wanted if VARIANTS[case.variant].applies(case)]
        for dial in self.dials:
            cases += [Case("", dial, method, transport) for method, transport, _ in self._ways(("plain",))]
        for file in self.scenarios:
            method, name = _method_of(file), Path(file).stem
            cases += [Case("", name, method, transport.upper(), scenario=file) for transport in self.transports]
        return list(dict.fromkeys(cases)), [case for case in wanted if not VARIANTS[case.variant].applies(case)]

    def _ways(self, variants: Sequence[str]) -> list[tuple[str, str, str]]:
        return [
            (method, transport.upper(), variant)
            for method in self.methods
            for transport in self.transports
            for variant in variants
        ]


def _method_of(file: str) -> str:
    """The method that a scenario is about: that of its first rule. `ScenarioError` where it is wrong."""
    methods = load([file]).rules[0].match.methods
    return "INVITE" if not methods or "INVITE" in methods else min(methods)


def _words(text: str) -> list[str]:
    return [word.strip() for word in text.split(",") if word.strip()]


def _named(text: str, known: Sequence[str], what: str) -> tuple[str, ...]:
    problems = []
    words = _words(text)
    for word in words:
        if word not in known and word != ALL:
            problems.append(f"'{word}' is no {what}: {did_you_mean(word, known) or f'it is {listed(known)}'}")
    _raise(problems or ([] if words else [f"no {what} is named: {listed(known)}"]))
    return tuple(known) if ALL in words else tuple(dict.fromkeys(words))


def _code_advice(word: str) -> str:
    if re.fullmatch(r"\d+x*", word) and not word.startswith(("1", "2", "3", "4", "5", "6")):
        return "they go from 100 to 699 (RFC 3261 section 7.2)"
    if "-" in word:
        return "a range goes from a lower code to a higher one, such as 400-499"
    return did_you_mean(word, (ALL,)) or "such as 486, 4xx, 48x, 100-199 or all"


def _raise(problems: Sequence[str]) -> None:
    if problems:
        raise SelectionError("\n".join(problems))
