"""The flows that come with responder: the package `responder.shipped` of a wheel, `scenarios/` in a checkout."""

from __future__ import annotations

from functools import cache
from pathlib import Path


def folder() -> Path:
    """The folder that holds the shipped `*.yaml`; of the two places the one that exists (a checkout's goes first)."""
    package = Path(__file__).resolve().parent.parent
    beside = package.parent / "scenarios"
    return beside if (beside / "busy.yaml").is_file() else package / "shipped"


@cache
def names() -> frozenset[str]:
    """The names of the shipped flows: their files without `.yaml`."""
    return frozenset(file.stem for file in folder().glob("*.yaml"))
