"""Shipped rules among clients that keep to nothing, who also answer what we ask, or are ourselves."""

from __future__ import annotations

import pytest
from bench import leftovers

from .chaos import Chaos
from .world import FOLDER, shipped

ACTIONS = 150
NAMES = sorted(path.stem for path in FOLDER.glob("*.yaml"))
CALLING = ("call-back", "call-to-client", "hold-by-us", "late-offer-by-us", "message-to-client", "rfc5359-three-way")
"""Those that send requests of their own go first: they have the most to lose."""


@pytest.mark.parametrize("name", sorted({*CALLING, *NAMES[::4]}))
def test_it_comes_to_rest(name: str) -> None:
    users = ("bob", name, "486", "100,180,200", "call-to-client", "2s+180+200")
    chaos = Chaos(shipped(name), name, users=users)
    for _ in range(ACTIONS):
        chaos.act()
    chaos.quiet()
    assert chaos.engine.busy == 0
    assert leftovers(chaos.engine) == {}
    assert chaos.engine.finished


def test_chaos_gets_somewhere() -> None:
    """It sees what there is to be seen."""
    seen: set[str] = set()
    for name in CALLING:
        chaos = Chaos(shipped(name), name, users=("bob", name, "100,180,200"))
        for _ in range(ACTIONS):
            chaos.act()
            seen |= {heard.method if hasattr(heard, "method") else str(heard.status) for heard in chaos.heard}
    assert {"100", "180", "200", "481", "INVITE", "ACK", "BYE", "NOTIFY"} <= seen
