"""The garbage collector under load: what was loaded is never looked at again, and rounds come when nothing else does.

Calls are made of objects that die by reference count: whatever knows its call lets go of it when the call is over. So
there is nothing to collect as a rule, but a round that comes by itself looks at every transaction that waits for its
last timer, and 200,000 of those stop the service for a tenth of a second and more.
"""

from __future__ import annotations

import gc
from typing import Final

THRESHOLDS: Final = (5_000_000, 10, 10)
"""Allocations before a round comes by itself, so that memory stays bounded whatever happens; the others as Python's."""
WORTHWHILE: Final = 20_000
"""Objects made since the last round that make one worth while at rest."""
REST: Final = 2.0
"""Seconds without traffic after which a round disturbs nobody."""


def settle() -> None:
    """Call once when everything is loaded and before the first message; for a process of our own, not for a guest's."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(*THRESHOLDS)


def rest() -> None:
    """Call when nothing has happened for `REST` seconds."""
    if gc.get_count()[0] > WORTHWHILE:
        gc.collect()
