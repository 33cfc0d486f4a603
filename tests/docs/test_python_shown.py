"""The Python that the documents show runs, and prints what is shown: tests, programs, lines for a responder."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from inner_pytest import run_inside

import responder

from .markdown import ROOT, Block, blocks

pytest_plugins = ["pytester"]

PYTHON = blocks("python")
TESTS = [block for block in PYTHON if block.mark.startswith("pytest: ")]
PROGRAMS = [block for block in PYTHON if block.mark == "run: python"]
API = ROOT / "docs" / "api.md"


def need_clients_of(block: Block) -> None:
    """Skip the test where a client that the block uses is not installed."""
    for client in re.findall(r'"(sipp|sipsak)"', block.text):
        if shutil.which(client) is None:
            pytest.skip(f"{client} is not installed")


@pytest.mark.parametrize("block", TESTS, ids=lambda block: block.place)
def test_tests(block: Block, pytester: pytest.Pytester) -> None:
    need_clients_of(block)
    if "asyncio" in block.text:
        pytest.importorskip("pytest_asyncio")
    count, word = block.mark.removeprefix("pytest: ").split()
    run_inside(pytester, block.text).assert_outcomes(**{word: int(count)})


def test_the_report_of_a_failed_test(pytester: pytest.Pytester) -> None:
    (shown,) = blocks("text", document=ROOT / "docs" / "pytest.md")
    (block,) = [block for block in TESTS if block.mark == "pytest: 1 failed"]
    printed = iter([plain(line) for line in run_inside(pytester, block.text).outlines])
    for line in shown.text.splitlines():
        if line != "...":
            assert plain(line) in printed, line


def plain(line: str) -> str:
    """A line without ports, times and the width of a terminal."""
    return re.sub(r"-{2,}", "-", re.sub(r"\d{4,5}\b|(?<= )0\.\d{3}", "N", line))


@pytest.mark.parametrize("block", PROGRAMS, ids=lambda block: block.place)
def test_programs(block: Block, tmp_path: Path) -> None:
    need_clients_of(block)
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONIOENCODING": "utf-8"}
    command = [sys.executable, "-X", "dev", "-W", "error", "-c", block.text]
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, timeout=60, check=False)
    assert (done.returncode, done.stderr.decode()) == (0, "")


def test_lines_for_a_responder() -> None:
    (block,) = [block for block in PYTHON if block.document == API and not block.mark]
    with responder.BackgroundResponder() as running:
        exec(compile(block.text, block.place, "exec"), {"responder": running})


def test_the_mistake_that_is_shown() -> None:
    (shown,) = blocks("text", document=API)
    code = compile("\n" * 6 + 'one.on("INVITE", [100, {"respnd": 180}])', "test_phone.py", "exec")
    with responder.BackgroundResponder() as one, pytest.raises(responder.ScenarioError) as raised:
        exec(code, {"one": one})
    assert f"{raised.value}\n" == shown.text


def test_no_python_is_left_unchecked() -> None:
    unmarked = {block.document.name for block in PYTHON if block not in TESTS and block not in PROGRAMS}
    assert unmarked == {"api.md", "architecture.md"}


def test_every_public_name_is_in_the_reference() -> None:
    text = API.read_text("utf-8")
    for name in responder.__all__:
        assert name.startswith("__") or f"`{name}`" in text
        assert getattr(responder, name) is not None
    with pytest.raises(AttributeError, match="no attribute 'Respnder'"):
        _ = responder.Respnder  # type: ignore[attr-defined]
