"""Counters by key, bounded: the one that was counted least recently is forgotten first."""

from __future__ import annotations

from collections.abc import Hashable


class Tally:
    """How often each key was counted."""

    __slots__ = ("_counts", "_limit")

    def __init__(self, limit: int = 10_000) -> None:
        self._counts: dict[Hashable, int] = {}
        self._limit = limit

    def add(self, key: Hashable) -> int:
        """Count the key once more; gives its new count."""
        count = self._counts.pop(key, 0) + 1
        self._counts[key] = count
        if len(self._counts) > self._limit:
            del self._counts[next(iter(self._counts))]
        return count

    def of(self, key: Hashable) -> int:
        """How often it was counted."""
        return self._counts.get(key, 0)

    def __len__(self) -> int:
        return len(self._counts)
