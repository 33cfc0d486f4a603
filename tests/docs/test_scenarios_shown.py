"""Scenarios in the documents load, those that are shown as wrong do not."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from responder.scenario.compiler import load
from responder.scenario.problems import ScenarioError
from responder.sweep import baseline, expectations

from .markdown import Block, blocks

LISTS = ("expectations", "baseline")
"""Marks of blocks that are no scenarios but files of a sweep."""
SCENARIOS = [block for block in blocks("yaml") if not block.mark.startswith(("file: ", *LISTS))]


def written(block: Block, folder: Path) -> Path:
    path = folder / block.file
    path.write_text(block.text, "utf-8")
    return path


@pytest.mark.parametrize("block", [block for block in SCENARIOS if not block.flag], ids=lambda block: block.place)
def test_it_loads(block: Block, tmp_path: Path) -> None:
    assert load([written(block, tmp_path)]).rules


@pytest.mark.parametrize("block", [block for block in SCENARIOS if block.flag], ids=lambda block: block.place)
def test_it_is_wrong(block: Block, tmp_path: Path) -> None:
    assert block.flag == "wrong"
    with pytest.raises(ScenarioError):
        load([written(block, tmp_path)])


@pytest.mark.parametrize(("mark", "load_list"), [("expectations", expectations.load), ("baseline", baseline.load)])
def test_files_of_a_sweep_load(mark: str, load_list: Callable[[Path], object], tmp_path: Path) -> None:
    (block,) = [block for block in blocks("yaml") if block.mark == mark]
    assert load_list(written(block, tmp_path))


def test_there_are_some() -> None:
    assert len(SCENARIOS) > 20
    assert any(re.search("^# bob.yaml$", block.text, re.MULTILINE) for block in SCENARIOS)
