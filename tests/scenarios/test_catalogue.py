"""No shipped flow without its test: a file added to scenarios/ is to be added to `flows.FLOWS`."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from responder.scenario import shipped as shipped_flows
from responder.scenario.compiler import load
from responder.scenario.problems import ScenarioError

from .flows import BY_NAME, EVERY
from .world import FOLDER, World

FILES = sorted(FOLDER.iterdir())


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.name)
class TestEveryFile:
    def test_it_is_tested(self, file: Path) -> None:
        assert file.suffix == ".yaml"
        assert file.stem in BY_NAME, f"{file.name} has no row in tests/scenarios/flows.py"

    def test_it_opens_with_a_comment(self, file: Path) -> None:
        first, *rest = file.read_text(encoding="utf-8").splitlines()
        assert re.match(r"# \S.{15,}", first), first
        assert any(not line.startswith("#") for line in rest)

    def test_it_loads(self, file: Path) -> None:
        plan = load([file])
        assert plan.rules
        names = [rule.name for rule in plan.rules]
        assert len(set(names)) == len(names)
        # a shipped flow must not change the whole run, since any of them can be dialled at any time
        assert (plan.overrides, plan.timers) == ((), {})

    def test_its_name_can_be_dialled(self, file: Path) -> None:
        flow = BY_NAME[file.stem]
        names = {rule.name for rule in load([file]).rules}
        world = World()
        client = flow.open(world, user=file.stem)
        world.run(200.0)
        assert client.trace[1:] or "fault" in flow.notes, "no answer"
        world.engine.shutdown(world.now)
        world.run(200.0)
        assert client.ended.scenario in names


def test_there_are_enough() -> None:
    assert len(FILES) >= 120
    assert len(EVERY) == len(BY_NAME) == len(FILES)
    assert shipped_flows.names() == set(BY_NAME)


def test_all_of_them_load_together() -> None:
    """Each on its own serves INVITEs of anybody, so together most of them could never be reached: that is said."""
    with pytest.raises(ScenarioError) as found:
        load([FOLDER])
    assert all("never be reached" in problem.what for problem in found.value.problems)
