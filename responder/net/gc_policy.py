"""The garbage collector under load: what was loaded is never looked at again, and rounds come when nothing else does.

Calls are made of objects that die by reference count: whatever knows its call lets go of it when the call is over. So
there is nothing to collect as a rule, but a round that comes by itself looks at every transaction that waits for its
last timer, and 200,000 of those stop the service for a tenth of a second and more.

TLS is the exception: what asyncio keeps of a connection, 0.3 MB with its buffers, knows itself where the handshake
failed, and only a round finds it.
"""

from __future__ import annotations

import gc
import itertools
from typing import Final

THRESHOLDS: Final = (5_000_000, 10, 10)
"""Allocations before a round comes by itself, so that memory stays bounded whatever happens; the others as Python's."""
WORTHWHILE: Final = 20_000
"""Objects made since the last round that make one worth while at rest."""
REST: Final = 2.0
"""Seconds without traffic after which a round disturbs nobody."""

MOST_ENCRYPTED: Final = 256
"""Encrypted connections begun since the last such round that make one necessary, whatever goes on."""
_begun: Final = itertools.count(1)


def settle() -> None:
    """Call once when everything is loaded and before the first message; for a process of our own, not for a guest's."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(*THRESHOLDS)


def rest() -> None:
    """Call when nothing has happened for `REST` seconds."""
    if gc.get_count()[0] > WORTHWHILE:
        gc.collect()


def encrypted() -> None:
    """Call when an encrypted connection begins."""
    if next(_begun) % MOST_ENCRYPTED == 0 and gc.get_threshold() == THRESHOLDS:  # a guest's collector comes by itself
        gc.collect()
