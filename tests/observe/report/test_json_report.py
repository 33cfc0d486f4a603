from __future__ import annotations

import json
from typing import Any

import pytest

from responder.observe.json_lines import encode
from responder.observe.report.json_report import LONGEST_MESSAGE, as_dict, schema
from responder.observe.report.result import Report, report_of

from .json_schema import errors
from .making import RIGHT, SWEEP, Played, code, served, swept


def known(case: Any, judged: Any) -> str:
    return "Ticket 1" if judged.rule.id == "refusal-is-acknowledged" else ""


REPORTS = {
    "a sweep": swept(*SWEEP),
    "with a baseline": swept(*SWEEP, known=known),
    "what was served": report_of(served(), version="1"),
    "nothing": Report((), "1", command="phone {uri}", stale=("baseline.yaml:1:3: x is not broken any more (y)",)),
}


@pytest.mark.parametrize("report", REPORTS.values(), ids=REPORTS)
def test_it_is_as_the_schema_says(report: Report) -> None:
    found = json.loads(encode(as_dict(report)))
    assert [*errors(found, schema(), schema())] == []


def test_the_validator_can_fail() -> None:
    found = json.loads(encode(as_dict(REPORTS["a sweep"])))
    found["results"][0]["outcome"] = "perhaps"
    found["results"][0]["rules"][0]["messages"] = [0]
    found["results"][1]["more"] = 1
    del found["stale"]
    assert [error.partition(":")[0] for error in errors(found, schema(), schema())] == [
        "$",
        "$.results[0].outcome",
        "$.results[0].rules[0].messages[0]",
        "$.results[1]",
    ]


def test_the_form_that_the_issue_asked_for() -> None:
    found = as_dict(swept(SWEEP[1]))
    (result,) = found["results"]
    about = {
        name: result[name] for name in ("code", "dial", "method", "transport", "variant", "outcome", "exit_status")
    }
    assert about == {
        "code": "503",
        "dial": "503",
        "method": "INVITE",
        "transport": "UDP",
        "variant": "plain",
        "outcome": "fail",
        "exit_status": 0,
    }
    (broken,) = [rule for rule in result["rules"] if rule["verdict"] == "fail"]
    assert broken == {
        "id": "refusal-is-acknowledged",
        "rfc": "RFC 3261 17.1.1.2, RFC 3261 17.1.1.3",
        "level": "MUST",
        "verdict": "fail",
        "expected": "an ACK for the 503",
        "actual": "none came",
        "messages": [1, 2],
        "occasions": 1,
        "findings": [
            {
                "call_id": "call-1@192.0.2.10",
                "expected": "an ACK for the 503",
                "actual": "none came",
                "messages": [1, 2],
            }
        ],
    }
    assert {rule["verdict"] for rule in result["rules"]} == {"pass", "fail", "not-exercised"}
    assert [message["number"] for message in result["messages"]][:2] == [1, 2]
    assert result["messages"][0]["text"].startswith("INVITE sip:503@127.0.0.1 SIP/2.0\r\n")
    assert [message["direction"] for message in result["messages"]][:2] == ["received", "sent"]


def test_the_summary_counts_cases() -> None:
    found = as_dict(REPORTS["a sweep"])["summary"]
    counts = {name: found[name] for name in ("verdict", "cases", "passed", "failed", "known", "no_call", "errors")}
    assert counts == {
        "verdict": "fail",
        "cases": 5,
        "passed": 1,
        "failed": 2,
        "known": 0,
        "no_call": 1,
        "errors": 1,
    }
    assert found["calls"] == 3
    assert found["began"] == "2023-11-14T22:13:20.000000Z"
    assert found["duration"] == 30.0


def test_what_is_known_says_why() -> None:
    results = as_dict(REPORTS["with a baseline"])["results"]
    assert [result["outcome"] for result in results] == ["pass", "known", "known", "no-call", "error"]
    assert [rule["known"] for rule in results[1]["rules"] if "known" in rule] == ["Ticket 1"]


def test_a_message_without_end_is_cut() -> None:
    long = swept(Played(code(486), fields=(*RIGHT, "Subject: " + "x" * 60_000, "Subject: " + "y" * 60_000)))
    message = as_dict(long)["results"][0]["messages"][0]
    assert message["size"] > 120_000
    assert len(message["text"]) == LONGEST_MESSAGE


def test_the_same_trace_gives_the_same_bytes() -> None:
    first, second = (encode(as_dict(swept(*SWEEP))) for _ in range(2))
    assert first == second
