"""What a rule is: an id that reads as a sentence, its citation and level, and a function of the recorded run alone.

A rule yields a `Finding` for every occasion on which it applied: kept, or broken with what was expected and what came.
One that yields nothing was not exercised. Times are judged with a tolerance of 20 % or 50 ms, whichever is larger.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final, Literal, TypeAlias, TypeVar
from weakref import WeakKeyDictionary

from responder.observe.transcript import CallSeen, Exchange, Seen, Transcript
from responder.sip.message import Request

Level: TypeAlias = Literal["MUST", "SHOULD", "MAY"]
MUST: Final = "MUST"
SHOULD: Final = "SHOULD"
MAY: Final = "MAY"


@dataclass(frozen=True)
class Finding:
    """One occasion on which a rule applied."""

    kept: bool
    expected: str
    """What the RFC wants, for this occasion; empty where it was kept."""
    actual: str
    """What came instead."""
    messages: tuple[int, ...]
    """Numbers of the messages that show it (`Seen.number`)."""


def kept(*seen: Seen | None) -> Finding:
    """The client did what it has to."""
    return Finding(True, "", "", _numbers(seen))


def broken(expected: str, actual: str, *seen: Seen | None) -> Finding:
    """It did not; what is empty, of a message that lacks it, is told as `none`."""
    return Finding(False, expected or "none", actual or "none", _numbers(seen))


def judged(holds: bool, expected: str, actual: str, *seen: Seen | None) -> Finding:
    """Either of them."""
    return kept(*seen) if holds else broken(expected, actual, *seen)


def _numbers(seen: tuple[Seen | None, ...]) -> tuple[int, ...]:
    return tuple(sorted({one.number for one in seen if one is not None}))


def tolerance(seconds: float) -> float:
    """How far a time may be off: 20 % or 50 ms, whichever is larger."""
    return max(0.2 * seconds, 0.05)


Check: TypeAlias = Callable[[Transcript], Iterator[tuple[CallSeen | None, Finding]]]


@dataclass(frozen=True)
class Rule:
    """One duty of a client."""

    id: str
    """Reads as a sentence: `ack-non-2xx-reuses-branch`."""
    level: Level
    rfc: str
    """The section that says so, `RFC 3261 17.1.1.3`; several, separated by `, `, where each of them does."""
    says: str
    """The duty, in a sentence."""
    area: str
    """Its group in reports: the name of the file that it stands in."""
    check: Check
    """Finds every occasion in a run, with the call that it is in (None: none, or several)."""

    @property
    def sections(self) -> tuple[str, ...]:
        """Each section by itself."""
        return tuple(self.rfc.split(", "))

    @property
    def cited(self) -> str:
        """The sections for people, each RFC named once: `RFC 3261 17.1.1.2, 17.1.1.3`."""
        told, last = [], ""
        for section in self.sections:
            document, _, number = section.rpartition(" ")
            told.append(number if document == last else section)
            last = document
        return ", ".join(told)


RULES: Final[dict[str, Rule]] = {}
"""Every rule by its id; filled by the files of this folder (`catalogue` imports them all)."""

_OfRequest: TypeAlias = Callable[[Seen], Iterator[Finding]]
_OfExchange: TypeAlias = Callable[[Exchange, CallSeen], Iterator[Finding]]
_OfCall: TypeAlias = Callable[[CallSeen], Iterator[Finding]]
_OfRun: TypeAlias = Callable[[Transcript], Iterator[Finding]]
F = TypeVar("F", bound=Callable[..., Iterator[Finding]])


def _register(rule_id: str, level: Level, rfc: str, says: str, function: Callable[..., object], check: Check) -> None:
    assert rule_id not in RULES, rule_id
    area = function.__module__.rpartition(".")[2]
    RULES[rule_id] = Rule(rule_id, level, rfc, says, area, check)


def of_request(
    rule_id: str, level: Level, rfc: str, says: str, *, methods: tuple[str, ...] = ()
) -> Callable[[_OfRequest], _OfRequest]:
    """A rule about each request of the client as it is written, copies once: ACKs and what is malformed, too."""

    def decorate(function: _OfRequest) -> _OfRequest:
        def check(run: Transcript) -> Iterator[tuple[CallSeen | None, Finding]]:
            for call, seen in _written(run):
                if not methods or seen.request.method in methods:
                    for finding in function(seen):
                        yield call, finding

        _register(rule_id, level, rfc, says, function, check)
        return function

    return decorate


_requests: Final[WeakKeyDictionary[Transcript, list[tuple[CallSeen | None, Seen]]]] = WeakKeyDictionary()


def _written(run: Transcript) -> list[tuple[CallSeen | None, Seen]]:
    """The requests of clients, each once, with their calls; worked out once for a run."""
    known = _requests.get(run)
    if known is None:
        calls = {id(seen): call for call in run.calls for seen in call.messages}
        once: dict[bytes, Seen] = {}
        for seen in run.messages:
            if seen.received and isinstance(seen.message, Request):
                once.setdefault(seen.data, seen)
        known = _requests[run] = [(calls.get(id(seen)), seen) for seen in once.values()]
    return known


def of_exchange(
    rule_id: str, level: Level, rfc: str, says: str, *, methods: tuple[str, ...] = ()
) -> Callable[[_OfExchange], _OfExchange]:
    """A rule about each request of the client by itself (all methods, or these)."""

    def decorate(function: _OfExchange) -> _OfExchange:
        def check(run: Transcript) -> Iterator[tuple[CallSeen | None, Finding]]:
            for call in run.calls:
                for exchange in call.requests_of_client:
                    if not methods or exchange.method in methods:
                        for finding in function(exchange, call):
                            yield call, finding

        _register(rule_id, level, rfc, says, function, check)
        return function

    return decorate


def of_call(rule_id: str, level: Level, rfc: str, says: str) -> Callable[[_OfCall], _OfCall]:
    """A rule about each call as a whole."""

    def decorate(function: _OfCall) -> _OfCall:
        def check(run: Transcript) -> Iterator[tuple[CallSeen | None, Finding]]:
            for call in run.calls:
                for finding in function(call):
                    yield call, finding

        _register(rule_id, level, rfc, says, function, check)
        return function

    return decorate


def of_run(rule_id: str, level: Level, rfc: str, says: str) -> Callable[[_OfRun], _OfRun]:
    """A rule that looks across calls."""

    def decorate(function: _OfRun) -> _OfRun:
        def check(run: Transcript) -> Iterator[tuple[CallSeen | None, Finding]]:
            for finding in function(run):
                yield None, finding

        _register(rule_id, level, rfc, says, function, check)
        return function

    return decorate
