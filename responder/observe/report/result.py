"""What came of a run, case by case: the model that every form of report is made of.

A sweep has a result for each of its cases; what was served without one has a result for each Call-ID. The same trace
gives the same report, byte for byte.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final, Literal, TypeAlias

from responder.observe.judge import FAIL, Judged, judge
from responder.observe.records import CallRecord, Case, ClientRecord, Entry, MessageRecord, NoteRecord, Record
from responder.observe.rules.rule import MUST, Level
from responder.observe.runs import Run, runs
from responder.observe.summary import summarise
from responder.observe.transcript import CallSeen, Seen, identity_of
from responder.observe.verdict import passed
from responder.sip.message import Request

Outcome: TypeAlias = Literal["pass", "fail", "known", "no-call", "error"]
PASSED: Final = "pass"
FAILED: Final = "fail"
KNOWN: Final = "known"
"""All that was broken stands in the baseline."""
NO_CALL: Final = "no-call"
"""The client sent no request that this case is about."""
ERROR: Final = "error"
"""The client could not be started."""
VERDICT: Final = "verdict"
"""The kind of notes in a trace that say what failed beside the rules: an exit status, say, that should be another."""

Acquittal: TypeAlias = Callable[[Case, Judged], str]
"""Says why a broken rule is known for a case (a baseline); empty where it is not."""


@dataclass(frozen=True)
class Result:
    """What came of one case."""

    case: Case
    judged: tuple[Judged, ...]
    """Every rule, with the occasions in this case."""
    seen: tuple[Seen, ...]
    """Its messages; their numbers are what rules name, and count within the run."""
    records: tuple[Record, ...]
    """What the engine reported of it, for ladders."""
    client: ClientRecord | None
    """How the client went away; None where that is not known."""
    command: str = ""
    """What was run as the client; empty where nobody knows."""
    problems: tuple[str, ...] = ()
    """What failed beside the rules: a check of the scenario, an exit status that was expected otherwise."""
    known: Mapping[str, str] = field(default_factory=dict)
    """Ids of broken rules that stand in the baseline, with the reason."""
    counted: frozenset[Level] = frozenset({MUST})
    """The levels that fail a case."""

    @property
    def broken(self) -> list[Judged]:
        """Rules of every level that were broken, those that are known too."""
        return [one for one in self.judged if one.verdict == FAIL]

    @property
    def failures(self) -> list[Judged]:
        """The broken rules that count: of the levels that do, and not known."""
        return [one for one in self.broken if one.rule.level in self.counted and one.rule.id not in self.known]

    @property
    def outcome(self) -> Outcome:
        """The verdict on the case."""
        if self.client is not None and self.client.how == "not-started":
            return ERROR
        if self.failures or self.problems:
            return FAILED
        if not any(_is_about(self.case, seen) for seen in self.seen):
            return NO_CALL
        return KNOWN if any(one.rule.level in self.counted for one in self.broken) else PASSED

    @property
    def passed(self) -> bool:
        """Whether the exit code may be 0 for it."""
        return self.outcome in (PASSED, KNOWN)

    @property
    def exit_status(self) -> int | None:
        """Of the client; None where there is none."""
        return self.client.exit_status if self.client is not None else None

    @property
    def duration(self) -> float:
        """Seconds from its first message to its last, or to the client's end."""
        times = [seen.time for seen in self.seen] + ([self.client.time] if self.client is not None else [])
        return max(times) - min(times) if times else 0.0


def _is_about(case: Case, seen: Seen) -> bool:
    """Whether this is a request that a case is about: what bears its method, `re-` where it is one in a dialog."""
    if not seen.received or not case.method:
        return seen.received
    method = case.method.removeprefix("re-")
    request = seen.message
    if not isinstance(request, Request) or request.method != method:
        return False
    return method == case.method or bool(identity_of(request).to_tag)


@dataclass(frozen=True)
class Report:
    """Everything that came of a run."""

    results: tuple[Result, ...]
    version: str
    """Of responder."""
    command: str = ""
    """The client command as it was given; empty where there is none."""
    stale: tuple[str, ...] = ()
    """Entries of the baseline that no longer fail, in words."""

    @property
    def passed(self) -> bool:
        """Whether every case did."""
        return all(result.passed for result in self.results)


def results_of(
    entries: Iterable[Entry], *, counted: frozenset[Level] = frozenset({MUST}), known: Acquittal | None = None
) -> Iterator[Result]:
    """The results of a trace."""
    for run in runs(entries):
        if run.case is not None:
            yield result_of(run, counted=counted, known=known)
        else:
            yield from _by_call(run, counted, known)


def result_of(
    run: Run,
    *,
    counted: frozenset[Level] = frozenset({MUST}),
    known: Acquittal | None = None,
    problems: Iterable[str] = (),
) -> Result:
    """The result of a run that is one case. `problems`: what else there is to say against it, beside its notes."""
    assert run.case is not None
    case, judgement = run.case.case, judge(run.entries)
    noted = [one.text for one in run.records if isinstance(one, NoteRecord) and one.kind == VERDICT]
    failed = [f"{one.outcome}: {one.reason}".rstrip(": ") for one in _endings(run.records) if not passed(one)]
    return Result(
        case=case,
        judged=judgement.judged,
        seen=tuple(judgement.transcript.messages),
        records=tuple(run.records),
        client=run.client,
        command=run.case.command,
        problems=(*problems, *noted, *(failed if case.scenario else ())),
        known=_known(case, judgement.judged, known),
        counted=counted,
    )


def _by_call(run: Run, counted: frozenset[Level], known: Acquittal | None) -> Iterator[Result]:
    """A result for each Call-ID of what was served without a sweep, and one for what belongs to none."""
    judgement = judge(run.entries)
    of: dict[str, list[Record]] = {}
    calls = {call.call_id: call for call in judgement.transcript.calls}
    numbers = {number: call.call_id for call in calls.values() for number in call.numbers if number}
    for record in run.records:
        own = getattr(record, "call_id", "")
        of.setdefault(own or numbers.get(getattr(record, "call", 0), ""), []).append(record)
    for call_id, records in of.items():
        call = calls.get(call_id)
        ids = {id(record) for record in records}
        seen = tuple(one for one in judgement.transcript.messages if id(one.record) in ids)
        judged = tuple(_within(one, call_id, seen) for one in judgement.judged)
        if not seen and not any(one.findings for one in judged):
            continue
        case = _case_of(call, records)
        yield Result(
            case=case,
            judged=judged,
            seen=seen,
            records=tuple(records),
            client=run.client,
            problems=tuple(f"{one.outcome}: {one.reason}".rstrip(": ") for one in _endings(records) if not passed(one)),
            known=_known(case, judged, known),
            counted=counted,
        )


def _within(judged: Judged, call_id: str, seen: tuple[Seen, ...]) -> Judged:
    """What a rule says of one call; an occasion in several calls stands with the one of its last message."""
    numbers = {one.number for one in seen}
    return Judged(
        judged.rule,
        tuple(
            (own, finding)
            for own, finding in judged.findings
            if (own == call_id if own else bool(finding.messages) and finding.messages[-1] in numbers)
        ),
    )


def _case_of(call: CallSeen | None, records: Iterable[Record]) -> Case:
    """What a call was about, as far as it can be told afterwards."""
    first = next((one for one in records if isinstance(one, MessageRecord)), None)
    exchange = next(iter(call.requests_of_client), None) if call is not None else None
    end = next(iter(_endings(records)), None)
    user = end.uri if end is not None else summarise(first.data).uri if first is not None else ""
    return Case(
        code=str(exchange.status or "") if exchange is not None else "",
        dial=user.partition(":")[2].partition("@")[0] if "@" in user else "",
        method=exchange.method if exchange is not None else "",
        transport=first.transport if first is not None else "",
        scenario=end.scenario if end is not None else "",
    )


def _endings(records: Iterable[Record]) -> list[CallRecord]:
    return [one for one in records if isinstance(one, CallRecord)]


def _known(case: Case, judged: Iterable[Judged], known: Acquittal | None) -> dict[str, str]:
    if known is None:
        return {}
    reasons = {one.rule.id: known(case, one) for one in judged if one.verdict == FAIL}
    return {rule: reason for rule, reason in reasons.items() if reason}
