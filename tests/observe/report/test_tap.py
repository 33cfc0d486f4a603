from __future__ import annotations

import re
from typing import Any

import yaml

from responder.observe.report.result import report_of
from responder.observe.report.tap import tap

from .making import SWEEP, Played, code, served, swept

_point = re.compile(r"(?P<ok>ok|not ok) (?P<number>\d+) - (?P<name>(?:[^#\\]|\\[#\\])*?)(?: # (?P<directive>TODO .*))?")


def points(document: str) -> list[tuple[dict[str, str | None], dict[str, Any]]]:
    """The test points of a document with what their YAML says; it has to be as TAP 14 wants it."""
    first, plan, *lines = document.splitlines()
    assert first == "TAP version 13"
    found: list[tuple[dict[str, str | None], dict[str, Any]]] = []
    place = 0
    while place < len(lines):
        point = _point.fullmatch(lines[place])
        assert point, lines[place]
        place += 1
        diagnosis: dict[str, Any] = {}
        if place < len(lines) and lines[place] == "  ---":
            end = lines.index("  ...", place)
            diagnosis = yaml.safe_load("\n".join(line.removeprefix("  ") for line in lines[place + 1 : end]))
            place = end + 1
        found.append((point.groupdict(), diagnosis))
    assert plan == f"1..{len(found)}"
    assert [point["number"] for point, _ in found] == [str(number) for number in range(1, len(found) + 1)]
    return found


def test_a_bit_of_everything() -> None:
    assert [(point["ok"], point["name"]) for point, _ in points(tap(swept(*SWEEP)))] == [
        ("ok", "486 INVITE"),
        ("not ok", "503 INVITE"),
        ("not ok", "600 INVITE folded"),
        ("not ok", "404 INVITE"),
        ("not ok", "405 INVITE"),
    ]


def test_what_failed_comes_with_yaml() -> None:
    ((_, said),) = points(tap(swept(SWEEP[1])))
    assert said["message"] == "MUST broken: refusal-is-acknowledged"
    assert said["outcome"] == "fail"
    assert said["duration_ms"] == 10_000.0
    assert said["rules"] == ["refusal-is-acknowledged"]
    assert said["text"][2:4] == ["  expected  an ACK for the 503", "  actual    none came"]
    assert said["ladder"][0] == "call 1 · INVITE sip:503@127.0.0.1"
    assert said["client"] == ["$ phone sip:503@127.0.0.1", "| busy", "client exited with 0"]


def test_what_is_known_is_expected_to_fail() -> None:
    report = swept(SWEEP[1], known=lambda case, judged: "Ticket #1" if judged.rule.level == "MUST" else "")
    ((point, said),) = points(tap(report))
    assert (point["ok"], point["directive"], said) == ("not ok", r"TODO Ticket \#1", {})


def test_a_name_is_no_directive() -> None:
    ((point, _),) = points(tap(swept(Played(code("", dial="x # SKIP \\"), calls=False))))
    assert point["name"] == r"x \# SKIP \\ INVITE"


def test_calls_that_were_served() -> None:
    assert [point["ok"] for point, _ in points(tap(report_of(served(), version="1")))] == ["ok", "not ok", "ok"]
