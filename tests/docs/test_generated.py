"""The generated parts of the documents say what the code says."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from responder.observe.verdict import PASSED
from responder.scenario.language import TABLE
from responder.scenario.names import KNOWN

from .markdown import DOCUMENTS, ROOT, generator, rows

generate = generator()
DOCS = ROOT / "docs"


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_it_is_up_to_date(document: Path) -> None:
    text = document.read_text("utf-8")
    new = generate.regenerated(text)
    stale = [f"- {a}\n+ {b}" for a, b in zip(text.splitlines(), new.splitlines(), strict=False) if a != b]
    assert new == text, "out of date, run: python docs/generate.py\n" + "\n".join(stale[:3])


def test_every_part_stands_somewhere_once() -> None:
    found = [name for path in DOCUMENTS for name in generate.parts_of(path.read_text("utf-8"))]
    assert sorted(name for name in found if not name.startswith("scenario ")) == sorted(generate.PARTS)
    assert len(set(found)) == len(found)


def test_a_part_is_replaced_and_nothing_else() -> None:
    text = "before\n<!-- generated: exit codes -->\nold\n<!-- end: exit codes -->\nafter\n"
    new = generate.regenerated(text)
    assert new == text.replace("old\n", generate.exit_codes())
    with pytest.raises(KeyError):
        generate.regenerated("<!-- generated: x -->\n<!-- end: x -->\n")


def test_all_codes_are_there() -> None:
    text = (DOCS / "codes.md").read_text("utf-8")
    numbers = re.findall(r"^\| (\d{3}) \|", text, re.MULTILINE)
    assert len(numbers) == len(set(numbers)) == 77


def test_every_key_is_there() -> None:
    text = (DOCS / "scenario-language.md").read_text("utf-8")
    assert {key.name for key in TABLE if f"| `{key.name}` |" not in text} == set()


def test_every_name_is_there() -> None:
    cells = rows(DOCS / "scenario-language.md", "name")
    assert sorted(name.strip("`") for cell in cells for name in cell[0].split(", ")) == sorted(KNOWN)


def test_outcomes_that_pass() -> None:
    cells = rows(DOCS / "testing-in-ci.md", "outcome of a call")
    assert {outcome.strip("`") for outcome, passed, _ in cells if passed == "yes"} == PASSED
    assert {passed for _, passed, _ in cells} == {"yes", "no"}
