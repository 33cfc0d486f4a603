"""Every rule has an example of a violation; `violations.py` beside this file takes them anew."""

from __future__ import annotations

import re

import pytest

from responder.observe.rules.catalogue import rules
from responder.observe.rules.violations import violations

ANEW = "out of date, run: python tests/observe/rules/violations.py"


def test_every_rule_has_one() -> None:
    assert list(violations()) == [rule.id for rule in rules()], ANEW


@pytest.mark.parametrize("lines", [pytest.param(lines, id=rule) for rule, lines in violations().items()])
def test_it_says_what_was_expected_what_came_and_where(lines: tuple[str, ...]) -> None:
    assert re.fullmatch(r"expected  \S.*", lines[0])
    assert re.fullmatch(r"actual    \S.*", lines[1])
    assert [line for line in lines[2:] if not re.match(r"[> ] #\d+ +\d+\.\d{3}  |  +… \d+ message", line)] == []
    assert any(line.startswith(">") for line in lines[2:]), "no message shows it"
