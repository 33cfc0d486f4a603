"""A report as one JSON object, for programs; `report.schema.json` beside this file says what is in it."""

from __future__ import annotations

from collections.abc import Sequence
from json import loads
from pathlib import Path
from typing import Any, Final

from responder.observe.clock import iso
from responder.observe.json_lines import content, sound
from responder.observe.judge import FAIL, Judged
from responder.observe.records import ClientRecord, MalformedRecord
from responder.observe.report import coverage
from responder.observe.report.by_rule import by_rule
from responder.observe.report.judgement import rule_counts
from responder.observe.report.result import ERROR, FAILED, KNOWN, NO_CALL, PASSED, Report, Result
from responder.observe.rules.rule import Finding
from responder.observe.transcript import Seen

FORMAT: Final = 1
"""The version of the form; it rises when something goes or changes its meaning."""
LONGEST_MESSAGE: Final = 65_536
"""Bytes of a message that are written; of a longer one, these."""


def as_dict(report: Report) -> dict[str, Any]:
    """The object; the same report gives the same one, in the same order."""
    return {
        "format": FORMAT,
        "responder": report.version,
        "command": sound(report.command),
        "summary": summary(report),
        "results": [_result(result) for result in report.results],
        "coverage": coverage.as_dict(coverage.coverage(report)),
        "stale": [sound(text) for text in report.stale],
    }


def schema() -> dict[str, Any]:
    """The JSON Schema of such an object (draft 2020-12)."""
    found = loads(Path(__file__).with_name("report.schema.json").read_text("utf-8"))
    assert isinstance(found, dict)
    return found


def summary(report: Report) -> dict[str, Any]:
    """How many cases there are of each outcome, and how many rules of each verdict."""
    outcomes = report.outcomes
    return {
        "verdict": "pass" if report.passed else "fail",
        "cases": len(report.results),
        "passed": outcomes[PASSED],
        "failed": outcomes[FAILED],
        "known": outcomes[KNOWN],
        "no_call": outcomes[NO_CALL],
        "errors": outcomes[ERROR],
        "calls": sum(result.calls for result in report.results),
        "messages": sum(len(result.seen) for result in report.results),
        "rules": rule_counts(by_rule(report.results)),
        "began": iso(report.began),
        "duration": report.duration,
    }


def _result(result: Result) -> dict[str, Any]:
    case = result.case
    return {
        "code": sound(case.code),
        "dial": sound(case.dial),
        "method": sound(case.method),
        "transport": sound(case.transport),
        "variant": sound(case.variant),
        "scenario": sound(case.scenario),
        "call_id": None if result.call_id is None else sound(result.call_id),
        "outcome": result.outcome,
        "exit_status": result.exit_status,
        "client": _client(result.client),
        "command": sound(result.command),
        "began": iso(result.began),
        "duration": round(result.duration, 6),
        "problems": [sound(text) for text in result.problems],
        "rules": [_rule(one, result) for one in result.judged],
        "messages": [_message(seen) for seen in _messages(result)],
    }


def _client(client: ClientRecord | None) -> dict[str, Any] | None:
    return None if client is None else {"how": client.how, "output": sound(client.output)}


def _rule(one: Judged, result: Result) -> dict[str, Any]:
    failures = one.failures
    first = failures[0][1] if failures else Finding(True, "", "", one.findings[0][1].messages if one.findings else ())
    more = {"findings": [_finding(call_id, finding) for call_id, finding in failures]} if one.verdict == FAIL else {}
    known = {"known": sound(result.known[one.rule.id])} if one.rule.id in result.known else {}
    return {
        "id": one.rule.id,
        "rfc": one.rule.rfc,
        "level": one.rule.level,
        "verdict": one.verdict,
        "expected": sound(first.expected),
        "actual": sound(first.actual),
        "messages": list(first.messages),
        "occasions": len(one.findings),
        **more,
        **known,
    }


def _finding(call_id: str, finding: Finding) -> dict[str, Any]:
    return {
        "call_id": sound(call_id),
        "expected": sound(finding.expected),
        "actual": sound(finding.actual),
        "messages": list(finding.messages),
    }


def _messages(result: Result) -> Sequence[Seen]:
    return sorted((*result.seen, *result.elsewhere), key=lambda seen: seen.number)


def _message(seen: Seen) -> dict[str, Any]:
    record = seen.record
    about: dict[str, Any]
    if isinstance(record, MalformedRecord):
        about = {"call_id": "", "retransmission": False, "note": sound(record.what)}
    else:
        about = {"call_id": sound(record.call_id), "retransmission": record.retransmission, "note": sound(record.note)}
    return {
        "number": seen.number,
        "time": seen.time,
        "direction": "received" if seen.received else "sent",
        "transport": record.transport,
        **about,
        "size": len(record.data),
        **content(record.data[:LONGEST_MESSAGE]),
    }
