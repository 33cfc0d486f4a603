from __future__ import annotations

from typing import Any

import pytest
import yaml

from responder.scenario.compiler import load_text
from responder.scenario.from_python import as_yaml


@pytest.mark.parametrize(
    "document",
    [
        {"steps": [100, 180, "500ms", 486]},
        {"steps": [{"respond": 486, "headers": {"X-A": 'a "b" \\ c: d # e', "X-B": "line\r\nline"}}, "hangup"]},
        {"match": {"user": ["bob", "42", "true", "no", "-", "", "*97#"]}, "steps": [[1, [2, 3]], {"a": {"b": [{}]}}]},
        {"steps": [True, False, None, -5, 0.25, "ünïcode", "${x}", {"empty": [], "none": {}}]},
    ],
)
def test_it_says_the_same_in_yaml(document: dict[str, Any]) -> None:
    assert yaml.safe_load(as_yaml(document)) == document


def test_each_step_has_a_line_of_its_own() -> None:
    assert as_yaml({"steps": [100, {"respond": 180, "reason": "Ring ring"}, "2s"]}) == (
        'steps:\n  - 100\n  - respond: 180\n    reason: "Ring ring"\n  - 2s\n'
    )


def test_texts_that_look_like_numbers_stay_texts() -> None:
    plan = load_text(as_yaml({"match": {"user": "486"}, "steps": [100, {"respond": 486, "reason": "007"}]}))
    assert plan.rules[0].steps[1].reply.reason == "007"  # type: ignore[union-attr]


@pytest.mark.parametrize("value", [{1, 2}, object(), b"raw", print])
def test_what_yaml_has_no_word_for_is_refused(value: object) -> None:
    with pytest.raises(TypeError, match="a scenario has no"):
        as_yaml({"steps": [value]})
