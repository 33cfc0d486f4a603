from __future__ import annotations

import re

import pytest

from responder.observe.report.markdown import markdown, span
from responder.observe.report.result import Report

from .making import SWEEP, Played, code, swept


def test_the_first_lines_say_how_it_went() -> None:
    text = markdown(swept(*SWEEP))
    assert text.startswith("### ❌ SIP: 1 of 5 cases passed\n\n5 cases: 1 passed, 2 failed, 1 without a call, ")
    assert markdown(swept(SWEEP[0])).startswith("### ✅ SIP: 1 of 1 case passed\n")


def test_broken_rules_are_a_table_and_a_part_each_that_can_be_opened() -> None:
    text = markdown(swept(*SWEEP))
    assert (
        "| broken rule | level | by | in |\n| --- | --- | --- | --- |\n"
        "| `refusal-is-acknowledged` | MUST | RFC 3261 17.1.1.2, 17.1.1.3 | `503 INVITE`, `600 INVITE folded` |\n"
    ) in text
    assert (
        "<details><summary><code>refusal-is-acknowledged</code>: A 300 to 699 to an INVITE gets an ACK.</summary>\n\n"
        "```text\nMUST broken: refusal-is-acknowledged  (RFC 3261 17.1.1.2, 17.1.1.3)\n"
    ) in text
    assert text.count("<details>") == text.count("</details>") == 6


def test_all_cases_are_a_table() -> None:
    text = markdown(swept(*SWEEP))
    assert "\n| case | outcome | form | grammar | retransmissions | acks | retries | offer answer |\n" in text
    assert "\n| `503 INVITE` | FAIL | ✓ | ✓ | · | ✗ | · | ✓ |\n" in text


def test_what_is_not_broken_any_more() -> None:
    text = markdown(Report(swept(SWEEP[0]).results, "1", stale=("b.yaml:1:3: x",)))
    assert "<summary>No longer broken, though the baseline says so</summary>\n\n```text\nb.yaml:1:3: x\n```\n" in text


@pytest.mark.parametrize("limit", [1000, 4000, 65_536])
def test_what_is_too_long_is_left_out_in_whole_parts(limit: int) -> None:
    many = swept(*(Played(code(status), acknowledges=False, fields=()) for status in range(400, 430)), *SWEEP)
    text = markdown(many, limit=limit)
    assert len(text.encode()) <= limit
    assert text.count("<details>") == text.count("</details>")
    assert len(re.findall("^```", text, re.MULTILINE)) % 2 == 0
    assert ("of this report left out" in text) is (limit < 10_000)


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("486 INVITE", "`486 INVITE`"),
        ("a`b", "``a`b``"),
        ("`a``", "``` `a`` ```"),
        ("a|b\\|c", "`a\\x7cb\\\\x7cc`"),
        ("<b>@me #1", "`<b>@me #1`"),
        ("\x1b\n", "`\\x1b\\n`"),
        (" ", ""),
    ],
)
def test_code_spans(text: str, written: str) -> None:
    assert span(text) == written
