"""The table of faults fits the client, and the client owes the responder nothing."""

from __future__ import annotations

import ast
import re
import sys
from pathlib import Path

import pytest

from lab.misdeeds import BY_NAME, TABLE, Fault

HERE = Path(__file__).parent
OF_THE_CLIENT = [path for path in HERE.glob("*.py") if not path.name.startswith(("test_", "examine", "__"))]


@pytest.mark.parametrize("path", OF_THE_CLIENT, ids=lambda path: path.name)
def test_the_client_needs_the_standard_library_only(path: Path) -> None:
    own = {one.stem for one in OF_THE_CLIENT}
    for node in ast.walk(ast.parse(path.read_text())):
        names = [one.name for one in node.names] if isinstance(node, ast.Import) else []
        names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
        for name in names:
            assert name.partition(".")[0] in own | sys.stdlib_module_names, f"{path.name} imports {name}"


def test_there_are_two_hundred_faults_of_different_names() -> None:
    assert len(TABLE) == len(BY_NAME) >= 200


SOURCE = "\n".join(path.read_text() for path in OF_THE_CLIENT if path.name != "faults.py")
ASKED = [
    re.sub(r"\\{[^}]*\\}", ".+", re.escape(text))
    for text in re.findall(r'"([a-z{][\w{}().-]*)"', SOURCE)
    if "-" in text
]
"""Names of faults in the client, as patterns where they are put together."""


@pytest.mark.parametrize("fault", TABLE, ids=lambda fault: fault.name)
def test_a_fault_is_done_by_an_edit_or_by_the_client(fault: Fault) -> None:
    assert fault.edits or fault.deaf or any(re.fullmatch(pattern, fault.name) for pattern in ASKED)
    assert all(re.fullmatch(r"RFC \d{4} \d+(\.\d+)*", section) for section in fault.rfc)
    assert fault.shows


def test_the_client_knows_no_fault_that_is_not_in_the_table() -> None:
    calls = re.findall(r"wrong\(([^()]*)\)", SOURCE)
    names = {name for call in calls for name in re.findall(r'"([^"]*)"', re.sub(r'(?<!\w)f"[^"]*"', "", call))}
    assert names <= BY_NAME.keys()
