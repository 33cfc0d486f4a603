"""The garbage collector under load: what was loaded is never looked at again, and rounds are rare.

Every call is made of objects that die by reference count or, where they point at one another, in one later round. At
the default threshold of 700 the collector would look a thousand times a second at calls that are alive.
"""

from __future__ import annotations

import gc
from typing import Final

YOUNG: Final = 50_000
"""Allocations between two rounds."""


def settle() -> None:
    """Call once when everything is loaded and before the first message; for a process of our own, not for a guest's."""
    gc.collect()
    gc.freeze()
    _, middle, old = gc.get_threshold()
    gc.set_threshold(YOUNG, middle, old)
