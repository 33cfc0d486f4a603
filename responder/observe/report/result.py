"""What came of a run, case by case: the model that every form of report is made of.

A sweep has a result for each of its cases; what was served without one has a result for each Call-ID. The same trace
gives the same report, byte for byte.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Final, Literal, TypeAlias

from responder.observe.identity import identity_of
from responder.observe.judge import FAIL, Judged, judge
from responder.observe.records import (
    CallRecord,
    Case,
    ClientRecord,
    Entry,
    MalformedRecord,
    MessageRecord,
    NoteRecord,
    Record,
)
from responder.observe.rules.rule import MUST, Finding, Level, Rule
from responder.observe.runs import Run, runs
from responder.observe.summary import summarise
from responder.observe.transcript import CallSeen, Seen, Transcript
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
OUTCOMES: Final[tuple[Outcome, ...]] = (PASSED, FAILED, KNOWN, NO_CALL, ERROR)
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
    call_id: str | None = None
    """The Call-ID, where this is a call of what was served without a sweep; empty for what belongs to no call."""
    elsewhere: tuple[Seen, ...] = ()
    """Messages of other calls of the run that rules name as evidence here."""
    began: float = 0.0
    """When, in seconds since 1970 UTC."""
    command: str = ""
    """What was run as the client; empty where nobody knows."""
    template: str = ""
    """The command of the whole sweep, with its placeholders."""
    problems: tuple[str, ...] = ()
    """What failed beside the rules: a check of the scenario, an exit status that was expected otherwise."""
    known: Mapping[str, str] = field(default_factory=dict)
    """Ids of broken rules that stand in the baseline, with the reason."""
    counted: frozenset[Level] = frozenset({MUST})
    """The levels that fail a case."""

    @cached_property
    def broken(self) -> list[Judged]:
        """Rules of every level that were broken, those that are known too."""
        return [one for one in self.judged if one.verdict == FAIL]

    @property
    def of_sweep(self) -> bool:
        """Whether it is a case of a sweep."""
        return self.call_id is None

    def counts(self, rule: Rule) -> bool:
        """Whether this rule, where it is broken, fails the case: its level does, and it is not known."""
        return rule.level in self.counted and rule.id not in self.known

    @cached_property
    def failures(self) -> list[Judged]:
        """The broken rules that count."""
        return [one for one in self.broken if self.counts(one.rule)]

    @cached_property
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
    def calls(self) -> int:
        """How many Call-IDs its messages have."""
        return len({seen.first("call-id") for seen in self.seen if seen.message is not None})

    @property
    def exit_status(self) -> int | None:
        """Of the client; None where there is none."""
        return self.client.exit_status if self.client is not None else None

    @property
    def duration(self) -> float:
        """Seconds from its first message to its last; from the start to the end of the client where that is known."""
        times = [seen.time for seen in self.seen] + ([0.0, self.client.time] if self.of_sweep and self.client else [])
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
    """What was run as the client, with its placeholders; empty where there is none, or nobody knows."""
    stale: tuple[str, ...] = ()
    """Entries of the baseline that no longer fail, in words."""
    variants: tuple[str, ...] = ()
    """The ways in which a sweep can answer, for coverage; empty where there was no sweep."""

    @property
    def passed(self) -> bool:
        """Whether every case did."""
        return all(result.passed for result in self.results)

    @property
    def outcomes(self) -> dict[Outcome, int]:
        """How many cases there are of each outcome."""
        count = Counter(result.outcome for result in self.results)
        return {outcome: count[outcome] for outcome in OUTCOMES}

    @property
    def began(self) -> float:
        """When the first case did, in seconds since 1970 UTC; 0 where there is none."""
        return min((result.began for result in self.results), default=0.0)

    @property
    def duration(self) -> float:
        """Seconds from then to the end of the last."""
        ends = (result.began + result.duration for result in self.results)
        return round(max(ends, default=self.began) - self.began, 6)


def report_of(
    entries: Iterable[Entry],
    *,
    version: str,
    counted: frozenset[Level] = frozenset({MUST}),
    known: Acquittal | None = None,
) -> Report:
    """The report on a trace. `version` is that of responder."""
    results = tuple(results_of(entries, counted=counted, known=known))
    commands = {result.template or result.command for result in results}
    return Report(results, version, command=commands.pop() if len(commands) == 1 else "")


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
) -> Result:
    """The result of a run that is one case."""
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
        began=run.case.wall,
        command=run.case.command,
        template=run.case.template,
        problems=(*noted, *(failed if case.scenario else ())),
        known=_known(case, judgement.judged, known),
        counted=counted,
    )


def _by_call(run: Run, counted: frozenset[Level], known: Acquittal | None) -> Iterator[Result]:
    """A result for each Call-ID of what was served without a sweep, and one for what belongs to none."""
    judgement = judge(run.entries)
    calls = {call.call_id: call for call in judgement.transcript.calls}
    call_id_of = _call_ids(judgement.transcript)
    records: dict[str, list[Record]] = {}
    for record in run.records:
        records.setdefault(call_id_of(record), []).append(record)
    seen: dict[str, list[Seen]] = {}
    for one in judgement.transcript.messages:
        seen.setdefault(call_id_of(one.record), []).append(one)
    judged = _told_apart(judgement.judged, {one.number: call_id for call_id, ones in seen.items() for one in ones})
    numbered = {one.number: one for one in judgement.transcript.messages}
    for call_id, messages in seen.items():
        own = records[call_id]
        named = {number for one in judged[call_id] for _, finding in one.findings for number in finding.messages}
        case = _case_of(calls.get(call_id), own)
        yield Result(
            case=case,
            judged=judged[call_id],
            seen=tuple(messages),
            records=tuple(own),
            client=run.client,
            call_id=call_id,
            elsewhere=tuple(numbered[one] for one in sorted(named - {seen.number for seen in messages})),
            began=own[0].wall,
            problems=tuple(f"{one.outcome}: {one.reason}".rstrip(": ") for one in _endings(own) if not passed(one)),
            known=_known(case, judged[call_id], known),
            counted=counted,
        )


def _call_ids(transcript: Transcript) -> Callable[[Record], str]:
    """Says which call a record belongs to, by its Call-ID; empty for what belongs to none."""
    told = {id(seen.record): call.call_id for call in transcript.calls for seen in call.messages}
    numbers = {
        seen.record.call: call.call_id
        for call in transcript.calls
        for seen in call.messages
        if isinstance(seen.record, MessageRecord) and seen.record.call
    }

    def call_id_of(record: Record) -> str:
        if id(record) in told:
            return told[id(record)]
        if isinstance(record, MalformedRecord):
            return ""
        return numbers.get(record.call) or ("" if isinstance(record, NoteRecord) else record.call_id)

    return call_id_of


def _told_apart(judged: Iterable[Judged], call_of: Mapping[int, str]) -> dict[str, tuple[Judged, ...]]:
    """What the rules say of each call; `call_of` has the Call-ID of each message. An occasion in several calls stands
    with the one of its last message, one without messages with the first call."""
    apart: dict[str, list[Judged]] = {call_id: [] for call_id in call_of.values()}
    for one in judged:
        findings: dict[str, list[tuple[str, Finding]]] = {}
        for own, finding in one.findings:
            shown = call_of[finding.messages[-1] if finding.messages else min(call_of)]
            findings.setdefault(own if own in apart and own else shown, []).append((own, finding))
        silent = Judged(one.rule, ())
        for call_id, found in apart.items():
            found.append(Judged(one.rule, tuple(findings[call_id])) if call_id in findings else silent)
    return {call_id: tuple(found) for call_id, found in apart.items()}


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
