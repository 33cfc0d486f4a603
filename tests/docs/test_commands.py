"""Commands in the documents are understood, and print what is shown."""

from __future__ import annotations

import ast
import importlib
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from responder.cli.command_line import COMMANDS, main
from responder.engine import Engine

from .markdown import DOCUMENTS, Block, blocks, generator, prose
from .shown import commands, fits, normalised, run, served, words_of

TEST = "python3 -m venv .venv && .venv/bin/pip install -e '.[test]' && .venv/bin/pytest\n"
SERVE = "python3 -m venv .venv && .venv/bin/pip install . && .venv/bin/responder\n"
CONSOLES = blocks("console")
generated = re.compile(r"<!-- generated: .*?<!-- end: ", re.DOTALL)


def lines_of(text: str) -> Iterator[str]:
    """The `responder` commands among the lines of a script."""
    yield from (line.strip() for line in text.splitlines() if line.strip().startswith("responder"))


def scripts() -> Iterator[tuple[str, str]]:
    """Every command that stands somewhere, with its place."""
    for block in blocks("sh"):
        yield from ((block.place, line) for line in lines_of(block.text))
    for block in CONSOLES:
        yield from ((block.place, command) for command, _ in commands(block.text))
    for block in blocks("yaml"):
        if block.mark.startswith("file: "):
            yield from ((block.place, line) for line in lines_of("\n".join(texts(yaml.safe_load(block.text)))))
    for path in DOCUMENTS:
        for span in re.findall(r"`(responder(?: [^`\n]*)?)`", generated.sub("", prose(path))):
            if "COMMAND" not in span and span.removeprefix("responder ") not in COMMANDS:
                yield path.name, span
    for name in COMMANDS:
        for line in lines_of(generator()._parser(name).epilog):
            yield f"responder {name} --help", re.split(r" {2,}(?=\S)", line, maxsplit=1)[0]


def texts(value: object) -> Iterator[str]:
    """All texts in a value of YAML."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, list | dict):
        for item in value.values() if isinstance(value, dict) else value:
            yield from texts(item)


@pytest.mark.parametrize(("place", "command"), dict.fromkeys(scripts()))
def test_it_is_understood(place: str, command: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in COMMANDS:
        module = importlib.import_module(f"responder.cli.{COMMANDS[name].module}")
        monkeypatch.setattr(module, "run", lambda arguments: 0)
    monkeypatch.chdir(tmp_path)
    Path("flows").mkdir()
    assert main(words_of(command)) == 0, f"{place}: {command}"


@pytest.mark.parametrize("block", CONSOLES, ids=lambda block: block.place)
def test_it_prints_what_is_shown(block: Block, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    for scenario in blocks("yaml", document=block.document):
        if not scenario.mark:
            Path(scenario.file).write_text(scenario.text, "utf-8")
    for command, shown in commands(block.text):
        words = words_of(command)
        actual = served(command, shown, tmp_path) if words[0] not in COMMANDS or words[0] == "serve" else run(words)[1]
        assert fits(shown, actual), f"{block.place}: {command}\n{normalised(actual)}\nis not\n{normalised(shown)}"


def test_the_comparison_can_fail() -> None:
    shown = "08:52:23.117  #1  x\n...\n     1.002  │ y  2.01s\n"
    assert fits(shown, "11:22:33.444  #1  x\n     1.000  │ y  2.00s\n")
    assert fits(shown, "11:22:33.444  #1  x\nmore\nand more\n     1.000  │ y  2.00s\n")
    assert not fits(shown, "11:22:33.444  #1  x\n     1.100  │ y  2.00s\n")
    assert not fits(shown, "11:22:33.444  #2  x\n     1.000  │ y  2.00s\n")
    assert not fits(shown, "11:22:33.444  #1  x\n     1.000  │ y  2.00s\nmore\n")


class TestShellBlocks:
    def test_the_two_of_the_readme(self) -> None:
        marked = {block.mark: block.text for block in blocks("sh") if block.mark.startswith("ci:")}
        assert marked == {"ci:test": TEST, "ci:serve": SERVE}

    def test_the_others_are_ours_or_are_run(self) -> None:
        """What is marked `run` is run in test_serving."""
        for block in blocks("sh"):
            if not block.mark.startswith(("ci:", "run: ")):
                assert list(lines_of(block.text)) == block.text.splitlines(), block.place

    def test_no_other_language_is_left_unchecked(self) -> None:
        assert {block.language for block in blocks()} <= {
            *("console", "sh", "yaml", "python"),  # here, in test_scenarios_shown, in test_serving
            *("mermaid", "text"),  # made by docs/generate.py
        }


def test_pipelines_are_yaml() -> None:
    found = [block for block in blocks("yaml") if block.mark.startswith("file: ")]
    assert [block.mark for block in found] == ["file: .github/workflows/sip.yaml", "file: .gitlab-ci.yml"]
    for block in found:
        assert any("responder serve" in text for text in texts(yaml.safe_load(block.text)))


def test_the_engine_has_the_verbs_that_are_shown() -> None:
    (block,) = [block for block in blocks("python") if block.document.name == "architecture.md"]
    tree = ast.parse(block.text)
    shown = {node.attr for node in ast.walk(tree) if isinstance(node, ast.Attribute)}
    assert shown == {"receive", "transmits", "next_deadline", "handle_timeout", "events"}
    assert all(callable(getattr(Engine, verb)) for verb in shown)
