"""The documents of the project, and the blocks, code spans, tables and links in them."""

from __future__ import annotations

import importlib.util
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType

ROOT = Path(__file__).resolve().parents[2]
DOCUMENTS = (ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md")))

_comment = re.compile(r"<!-- (.*) -->")
_fence = re.compile(r"```(.*)")


@dataclass(frozen=True)
class Block:
    """A fenced block."""

    document: Path
    line: int
    language: str
    flag: str
    """What stands behind the language."""
    mark: str
    """The comment in the line before it."""
    text: str

    @property
    def place(self) -> str:
        return f"{self.document.name}:{self.line}"

    @property
    def file(self) -> str:
        """The name that the first line of a scenario gives it."""
        found = re.match(r"# (\S+\.yaml)\n", self.text)
        return found[1] if found else "scenario.yaml"


def blocks(*languages: str, document: Path | None = None) -> list[Block]:
    """The blocks in these languages, of all documents or one."""
    return [
        block
        for path in ([document] if document else DOCUMENTS)
        for block in _blocks(path)
        if not languages or block.language in languages
    ]


def _blocks(path: Path) -> Iterator[Block]:
    lines = path.read_text("utf-8").splitlines()
    begun = 0
    info = ""
    for number, line in enumerate(lines, 1):
        found = _fence.fullmatch(line)
        if not found:
            continue
        if not begun:
            begun, info = number, found[1]
            continue
        mark = _comment.fullmatch(lines[begun - 2]) if begun > 1 else None
        language, _, flag = info.partition(" ")
        text = "".join(f"{inner}\n" for inner in lines[begun : number - 1])
        yield Block(path, begun, language, flag, mark[1] if mark else "", text)
        begun = 0
    assert not begun, f"{path.name}:{begun}: a block without its end"


def prose(path: Path) -> str:
    """A document without its blocks."""
    return re.sub(r"^```.*?^```$", "", path.read_text("utf-8"), flags=re.MULTILINE | re.DOTALL)


def rows(path: Path, heading: str) -> list[list[str]]:
    """The cells of the table that opens with this first heading, without the head."""
    lines = iter(prose(path).splitlines())
    for line in lines:
        if line.startswith(f"| {heading} |"):
            next(lines)
            break
    found = []
    for line in lines:
        if not line.startswith("|"):
            break
        found.append([cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]])
    assert found, f"{path.name}: no table '{heading}'"
    return found


def generator() -> ModuleType:
    """`docs/generate.py`, which is a script and in no package."""
    spec = importlib.util.spec_from_file_location("docs_generate", ROOT / "docs" / "generate.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
