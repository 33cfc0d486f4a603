"""Records which rules are seen kept and which are seen broken, for `test_verdicts_of_every_rule`."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from responder.observe import judge
from responder.observe.judge import Judged
from responder.observe.rules.rule import Rule
from responder.observe.transcript import Transcript

FOLDER = Path(__file__).parent
_verdicts: dict[str, set[str]] = {}
_left_out: list[pytest.Item] = []


def pytest_deselected(items: Sequence[pytest.Item]) -> None:
    _left_out.extend(item for item in items if FOLDER in item.path.parents)


@pytest.fixture(scope="package", autouse=True)
def verdicts_by_rule() -> Iterator[dict[str, set[str]]]:
    """The verdicts that tests of this folder have led to, by the id of the rule."""
    original = judge._judged

    def recording(rule: Rule, run: Transcript) -> Judged:
        judged = original(rule, run)
        _verdicts.setdefault(rule.id, set()).add(judged.verdict)
        return judged

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(judge, "_judged", recording)
        yield _verdicts


@pytest.fixture
def whole_folder(request: pytest.FixtureRequest) -> bool:
    """Whether all tests of this folder are in this run."""
    there = {item.path for item in request.session.items}
    single = any("::" in argument for argument in request.config.args)
    return not single and not _left_out and there.issuperset(FOLDER.glob("test_*.py"))
