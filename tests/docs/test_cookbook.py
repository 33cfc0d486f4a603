"""The recipes of the cookbook: a question, a shipped flow, what to watch for."""

from __future__ import annotations

import re

import pytest

from responder.scenario import shipped
from responder.scenario.dial import DialledName, parse_dial

from .conversation import Run
from .markdown import ROOT, blocks

COOKBOOK = ROOT / "docs" / "cookbook.md"
_recipe = re.compile(r"^### (?P<question>[^\n]+)$(?P<text>.*?)(?=^##|\Z)", re.MULTILINE | re.DOTALL)
RECIPES = [(found["question"], found["text"]) for found in _recipe.finditer(COOKBOOK.read_text("utf-8"))]


@pytest.mark.parametrize(("question", "text"), RECIPES, ids=[question for question, _ in RECIPES])
class TestRecipe:
    def test_its_block_is_the_shipped_file(self, question: str, text: str) -> None:
        (name,) = re.findall(r"^<!-- generated: scenario (\S+) -->$", text, re.MULTILINE)
        (block,) = re.findall(r"^```yaml\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)
        assert block == (shipped.folder() / f"{name}.yaml").read_text("utf-8")
        assert f"Dial `sip:{name}@127.0.0.1`, or `responder serve {name}`." in text

    def test_its_name_can_be_dialled(self, question: str, text: str) -> None:
        (name,) = re.findall(r"`sip:([^@]+)@127\.0\.0\.1`, or", text)
        assert parse_dial(name) == (DialledName(name),)

    def test_it_asks_and_says_what_to_watch_for(self, question: str, text: str) -> None:
        assert question.endswith("?")
        _, _, watched = text.partition("Watch for:\n\n")
        assert watched.startswith("- ")


def test_there_are_enough() -> None:
    assert len(RECIPES) >= 50
    assert len({question for question, _ in RECIPES}) == len(RECIPES)
    assert len(blocks("yaml", document=COOKBOOK)) == len(RECIPES)


def test_a_recipe_that_is_dialled_as_it_says() -> None:
    assert Run().call("sip:busy@127.0.0.1") == ("100", "180", "486")
