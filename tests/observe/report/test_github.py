from __future__ import annotations

import re

import pytest

from responder.observe.report.github import MOST, inert, workflow_commands
from responder.observe.report.result import Report, report_of

from .making import SWEEP, Played, code, served, swept

_command = re.compile(r"::(error|warning) title=([^:,\r\n]*)::([^\r\n]*)")


def parsed(line: str) -> tuple[str, str, str]:
    """Kind, title and text of a workflow command, as the runner reads it."""
    found = _command.fullmatch(line)
    assert found, line
    kind, title, text = found.groups()
    for code_, character in (("%3A", ":"), ("%2C", ",")):
        title = title.replace(code_, character)
    for code_, character in (("%0D", "\r"), ("%0A", "\n"), ("%25", "%")):
        title, text = title.replace(code_, character), text.replace(code_, character)
    return kind, title, text


def test_a_bit_of_everything() -> None:
    found = [parsed(line) for line in workflow_commands(swept(*SWEEP))]
    assert [(kind, title) for kind, title, _ in found] == [
        ("error", "refusal-is-acknowledged (RFC 3261 17.1.1.2, 17.1.1.3)"),
        ("error", "no call came; the client exited with 3"),
        ("error", "the client could not be started"),
        ("warning", "invite-has-allow (RFC 3261 13.2.1)"),
        ("warning", "invite-has-supported (RFC 3261 13.2.1)"),
    ]
    assert found[0][2].splitlines()[:4] == [
        "MUST broken in 2 cases",
        "  A 300 to 699 to an INVITE gets an ACK.",
        "  in 2 cases: 503 INVITE, 600 INVITE folded",
        "  expected  an ACK for the 503",
    ]
    assert found[1][2] == "in 404 INVITE"


def test_problems_and_stale_entries() -> None:
    report = report_of(served(), version="1")
    found = [parsed(line) for line in workflow_commands(Report(report.results, "1", stale=("b.yaml:1:3: 50%",)))]
    assert ("error", "problem: no-ack: no ACK for 486", "in lines INVITE (2)") in found
    assert found[-1] == ("warning", "the baseline is out of date", "b.yaml:1:3: 50%")


def test_they_are_as_many_as_are_shown() -> None:
    cases = [Played(code(400 + number), calls=False, output=str(number), exit_status=number) for number in range(30)]
    found = [parsed(line) for line in workflow_commands(swept(*cases))]
    assert len(found) == MOST
    assert found[-1][1] == "21 more"
    assert found[-1][2].startswith("no call came; the client exited with 9, no call came; the client exited with 10, ")


@pytest.mark.parametrize(
    ("line", "written"),
    [
        ("::error::x", ":\\x3aerror::x"),
        ("  ::error::x", "  :\\x3aerror::x"),
        ("a ::error::x", "a ::error::x"),
        ("a ##[add-mask]x", "a #\\x23[add-mask]x"),
        ("sip:[::1]:5060", "sip:[::1]:5060"),
    ],
)
def test_a_peer_gives_no_commands(line: str, written: str) -> None:
    assert inert(line) == written
