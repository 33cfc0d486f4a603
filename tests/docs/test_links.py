"""Links in the documents lead somewhere."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from .markdown import DOCUMENTS, ROOT, prose

_link = re.compile(r"\[[^\]\n]*\]\(([^)\s]+)\)")


def links(document: Path) -> Iterator[str]:
    yield from (found for found in _link.findall(prose(document)) if not found.startswith("https://"))


def linked(document: Path) -> set[Path]:
    """The files that a document leads to."""
    return {(document.parent / link.partition("#")[0]).resolve() for link in links(document)}


def anchors(document: Path) -> set[str]:
    """What headings can be linked to as, the way GitHub makes them."""
    headings = re.findall(r"^#+ (.*)$", prose(document), flags=re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_links(document: Path) -> None:
    wrong = []
    for link in links(document):
        place, _, anchor = link.partition("#")
        target = (document.parent / place).resolve() if place else document
        if not target.exists() or (anchor and anchor not in anchors(target)):
            wrong.append(link)
    assert not wrong


def test_readme_leads_to_every_document() -> None:
    assert {path for path in DOCUMENTS if path.parent == ROOT / "docs"} <= linked(ROOT / "README.md")


def test_rules_for_clients_lead_to_the_page_of_every_group() -> None:
    pages = {path for path in DOCUMENTS if path.parent == ROOT / "docs" / "rules"}
    assert pages
    assert pages <= linked(ROOT / "docs" / "client-rules.md")
