"""The order of the layers, what each may import, and what no file of the project may hold (docs/architecture.md)."""

from __future__ import annotations

import ast
import re
import sys
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from fnmatch import fnmatch
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
PACKAGE = ROOT / "responder"

LAYERS = (
    "errors",
    "sip",
    "registry",
    "events",
    "transaction",
    "dialog",
    "uas",
    "scenario",
    "faults",
    "engine",
    "observe",
    "importing",
    "net",
    "control",
    "sweep",
    "pytest_plugin",
    "cli",
)
"""Lowest first. A module imports its own layer and lower ones. Those that are not there yet keep their place."""
PURE = LAYERS[: LAYERS.index("net")]
"""Layers without clock, chance, tasks and sockets: all of that is handed to them."""
WORLDLY = {"asyncio", "random", "secrets", "select", "socket", "ssl", "threading", "time", "uuid"}
THIRD_PARTY = {("scenario/loader.py", "yaml"), ("pytest_plugin.py", "pytest")}
"""The only imports from outside the standard library."""
MAY_LOOK_UP: set[tuple[str, str]] = set()
"""Imports under TYPE_CHECKING that point up: (importing file, imported module). Empty, and best kept so."""
SAYS_NOTHING = {"common_utils", "helper", "helpers", "manager", "misc", "util", "utils"}


@dataclass(frozen=True)
class Import:
    file: str
    line: int
    module: str
    for_types: bool
    """It stands under `if TYPE_CHECKING`."""

    @property
    def top(self) -> str:
        return self.module.partition(".")[0]

    @property
    def layer(self) -> str:
        """The layer that is imported; empty for the package itself."""
        return self.module.removeprefix("responder").removeprefix(".").partition(".")[0]

    def __str__(self) -> str:
        return f"responder/{self.file}:{self.line} imports {self.module}"


def layer_of(file: str) -> str:
    return file.partition("/")[0].removesuffix(".py")


def is_module(dotted: str) -> bool:
    place = ROOT.joinpath(*dotted.split("."))
    return place.is_dir() or place.with_suffix(".py").is_file()


def imports_of(source: str, file: str) -> Iterator[Import]:
    """Every import, wherever in the module it stands."""

    def visit(node: ast.AST, for_types: bool) -> Iterator[Import]:
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield Import(file, node.lineno, alias.name, for_types)
        elif isinstance(node, ast.ImportFrom):
            module = node.module or ""
            assert node.level == 0, f"responder/{file}:{node.lineno}: a relative import"
            for alias in node.names:
                inner = f"{module}.{alias.name}"
                yield Import(file, node.lineno, inner if is_module(inner) else module, for_types)
        elif isinstance(node, ast.If) and isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING":
            for statement in node.body:
                yield from visit(statement, True)
            for statement in node.orelse:
                yield from visit(statement, for_types)
            return
        for child in ast.iter_child_nodes(node):
            yield from visit(child, for_types)

    yield from visit(ast.parse(source), False)


@cache
def sources() -> dict[str, str]:
    """The modules of the package by their path in it."""
    return {str(path.relative_to(PACKAGE)): path.read_text("utf-8") for path in sorted(PACKAGE.rglob("*.py"))}


@cache
def imports() -> tuple[Import, ...]:
    return tuple(found for file, source in sources().items() for found in imports_of(source, file))


def upward(found: Import) -> bool:
    """Whether it points to a layer above its own."""
    layer = layer_of(found.file)
    if found.top != "responder" or not found.layer or layer in ("__main__", "__init__"):
        return False
    return LAYERS.index(found.layer) > LAYERS.index(layer)


class TestLayers:
    def test_every_module_is_in_one(self) -> None:
        assert {layer_of(file) for file in sources()} - {"__init__", "__main__"} <= set(LAYERS)

    def test_no_arrow_points_up(self) -> None:
        wrong = [found for found in imports() if upward(found) and not found.for_types]
        assert not wrong, "\n".join(map(str, wrong))

    def test_not_even_for_types(self) -> None:
        found = {(one.file, one.module): one for one in imports() if upward(one) and one.for_types}
        assert set(found) == MAY_LOOK_UP, "\n".join(str(found.get(key, key)) for key in set(found) ^ MAY_LOOK_UP)

    def test_the_package_itself_imports_nothing(self) -> None:
        """Everybody imports it, for its version if for nothing else; its public names come when they are asked for."""
        found = [one for one in imports() if one.file == "__init__.py" and one.top == "responder"]
        assert [str(one) for one in found if not one.for_types] == []

    def test_below_net_nobody_knows_the_world(self) -> None:
        wrong = [found for found in imports() if layer_of(found.file) in PURE and found.top in WORLDLY]
        assert not wrong, "\n".join(map(str, wrong))

    def test_third_party_imports(self) -> None:
        known = {*sys.stdlib_module_names, "responder"}
        assert {(found.file, found.top) for found in imports() if found.top not in known} == THIRD_PARTY


def test_every_package_is_installed() -> None:
    """What pyproject.toml does not list is missing where nobody works in a checkout."""
    listed = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["tool"]["setuptools"]["packages"]
    packages = {".".join(path.parent.relative_to(ROOT).parts) for path in PACKAGE.rglob("__init__.py")}
    assert {*listed} == {*packages, "responder.shipped"}


class TestTheReader:
    """The tests above see what they look for."""

    source = (
        "import time\nfrom typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from responder.net import udp\n"
        "else:\n    from responder import cli\ndef late():\n    from responder.engine import Engine\n"
    )

    def test_imports_of(self) -> None:
        assert [(found.module, found.for_types) for found in imports_of(self.source, "sip/x.py")] == [
            ("time", False),
            ("typing", False),
            ("responder.net.udp", True),
            ("responder.cli", False),
            ("responder.engine", False),
        ]

    def test_upward(self) -> None:
        assert [found.layer for found in imports_of(self.source, "sip/x.py") if upward(found)] == [
            "net",
            "cli",
            "engine",
        ]
        assert not [found for found in imports_of(self.source, "cli/x.py") if upward(found)]
        assert not upward(Import("sip/x.py", 1, "responder.errors", False))
        assert upward(Import("errors.py", 1, "responder.sip", False))

    def test_relative_imports_are_refused(self) -> None:
        with pytest.raises(AssertionError, match="relative"):
            list(imports_of("from . import uri\n", "sip/x.py"))

    def test_machine_path(self) -> None:
        home = MACHINE_PATHS[3]
        assert machine_path(f"see {home}alice/x") == home
        assert machine_path("https://example.com/home/x") is None
        assert machine_path("/homely") is None


@pytest.mark.parametrize("file", sources())
class TestEachModule:
    def test_it_opens_with_its_contract(self, file: str) -> None:
        assert ast.get_docstring(ast.parse(sources()[file])), f"responder/{file} has no docstring"

    def test_its_name_says_what_it_is_for(self, file: str) -> None:
        assert Path(file).stem not in SAYS_NOTHING


# what no file of the project may hold; in pieces, so that this one does not hold it
MACHINE_PATHS = tuple(f"/{folder}/" for folder in ("work", "root", "tmp", "home", "Users"))
PACKAGE_INDEXES = tuple(".".join(parts) for parts in (("pypi", "org"), ("pythonhosted", "org"), ("npmjs", "org")))
_path = re.compile(rf"(?<![\w.\-/])(?:{'|'.join(MACHINE_PATHS)})")


def machine_path(text: str) -> str | None:
    """The beginning of an absolute path that only one machine has."""
    found = _path.search(text)
    return found[0] if found else None


def files() -> Iterator[Path]:
    """The files of the project: everything that `.gitignore` does not name."""
    ignored = [line.rstrip("/") for line in (ROOT / ".gitignore").read_text("utf-8").splitlines() if line] + [".git"]

    def walk(folder: Path) -> Iterator[Path]:
        for path in sorted(folder.iterdir()):
            if any(fnmatch(path.name, pattern) for pattern in ignored) or (path / "pyvenv.cfg").exists():
                continue
            if path.is_dir() and not path.is_symlink():
                yield from walk(path)
            elif path.is_file():
                yield path

    yield from walk(ROOT)


def test_no_file_knows_the_machine_that_it_was_written_on() -> None:
    wrong = []
    for path in files():
        try:
            text = path.read_text("utf-8")
        except UnicodeDecodeError:
            continue  # a message of a torture test
        for number, line in enumerate(text.splitlines(), 1):
            found = machine_path(line) or next((host for host in PACKAGE_INDEXES if host in line), None)
            if found:
                wrong.append(f"{path.relative_to(ROOT)}:{number}: {found}")
    assert not wrong, "\n".join(wrong)
