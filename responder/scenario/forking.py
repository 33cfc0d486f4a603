"""The best response of several branches, as a forking proxy chooses it (RFC 3261 section 16.7 step 6)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from responder.scenario.thread import Thread
    from responder.uas.script import Reply

_PREFERRED: Final = frozenset({401, 407, 415, 420, 484})
"""Those of 4xx that tell the client how to try again."""


def best(held: Sequence[tuple[Thread, Reply]]) -> tuple[Thread, Reply]:
    """A 6xx where there is one, else the lowest class, in it one that helps the client, else the first that came."""

    def rank(pair: tuple[Thread, Reply]) -> tuple[int, int]:
        status = pair[1].status
        return (0 if status >= 600 else status // 100, 0 if status in _PREFERRED else 1)

    return min(held, key=rank)
