"""Every fixture is imported without loss, and what comes of it plays the messages that the XML says."""

from __future__ import annotations

from functools import cache
from itertools import islice
from pathlib import Path
from typing import Any

import pytest

from responder.importing.sipp import Imported, import_sipp

from .player import Player
from .reader import events

FOLDER = Path(__file__).parent / "sipp"
FIXTURES = sorted(path.stem for path in FOLDER.glob("*.xml"))

WITHOUT_COUNTERPART = {"injected": [7], "keyed": [7], "third-party": [8, 15], "with-media": [51, 52]}
"""Lines of the fixtures that nothing of ours can play."""

WAYS: dict[str, list[tuple[tuple[str, ...], dict[str, Any]]]] = {
    "by-body": [(("hold",), {"offers": "sendonly"}), ((), {})],
    "by-caller": [(("yes",), {"caller": "vip7"}), ((), {})],
    "by-chance": [(("busy",), {"seed": 1}), ((), {"seed": 2})],
    "by-priority": [(("1",), {"fields": ("Priority: urgent",)}), ((), {"fields": ("Priority: normal",)}), ((), {})],
    "cancel-branch": [((), {})],
    "echoed": [((), {"fields": ("Subject: lunch",)})],
    "info-loop": [((), {}), (("dtmf",), {}), (("dtmf", "dtmf"), {})],
    "register-verified": [(("goodauth",), {}), ((), {"password": "wrong"})],
    "several-services": [(("reg",), {}), (("opt",), {}), ((), {})],
}
"""The ways through fixtures with jumps: the labels that are jumped to, and the client that makes them go there."""
LONGEST = 9 + 14
"""Messages: one flow goes round for ever, and this many are whole rounds of it."""
CASES = [(name, taken, client) for name in FIXTURES for taken, client in WAYS.get(name, [((), {})])]


@cache
def imported(name: str) -> Imported:
    path = FOLDER / f"{name}.xml"
    return import_sipp(path.read_bytes(), path.name)


@pytest.mark.parametrize("name", FIXTURES)
def test_nothing_is_lost(name: str) -> None:
    found = sorted({remark.line for remark in imported(name).remarks})
    assert found == WITHOUT_COUNTERPART.get(name, [])
    assert [line for line in found if f"# line {line}: " not in imported(name).text] == []


@pytest.mark.parametrize(("name", "taken", "client"), CASES, ids=lambda value: str(value)[:30])
def test_it_plays_the_same_messages(name: str, taken: tuple[str, ...], client: dict[str, Any]) -> None:
    story = list(islice(events(FOLDER / f"{name}.xml", taken), LONGEST))
    Player(imported(name).text, **client).play(story)


def test_there_are_enough_of_them() -> None:
    assert len(FIXTURES) >= 40
