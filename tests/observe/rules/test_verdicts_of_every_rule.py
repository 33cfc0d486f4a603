"""No rule that cannot fail, and none that cannot be kept: the tests of this folder, all run before, have shown both."""

from __future__ import annotations

import pytest

from responder.observe.judge import FAIL, PASS
from responder.observe.rules.catalogue import rules


@pytest.mark.parametrize("verdict", [PASS, FAIL])
def test_every_rule_has_been_seen_with(verdict: str, verdicts_by_rule: dict[str, set[str]], whole_folder: bool) -> None:
    if not whole_folder:
        pytest.skip("only some of the tests of this folder are run")
    assert [rule.id for rule in rules() if verdict not in verdicts_by_rule.get(rule.id, ())] == []
