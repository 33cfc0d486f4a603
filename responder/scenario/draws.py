"""Numbers drawn from a seed (SplitMix64): the same seed gives the same run, on every machine and version of Python."""

from __future__ import annotations

import math
from typing import Final

_MASK: Final = 2**64 - 1


class Draws:
    """One sequence of draws."""

    __slots__ = ("_state",)

    def __init__(self, seed: int) -> None:
        self._state = seed & _MASK

    def bits(self, count: int) -> int:
        """So many random bits, at most 64."""
        self._state = (self._state + 0x9E3779B97F4A7C15) & _MASK
        mixed = self._state
        mixed = ((mixed ^ (mixed >> 30)) * 0xBF58476D1CE4E5B9) & _MASK
        mixed = ((mixed ^ (mixed >> 27)) * 0x94D049BB133111EB) & _MASK
        return (mixed ^ (mixed >> 31)) >> (64 - count)

    def fraction(self) -> float:
        """A number from 0 up to, but not, 1."""
        return self.bits(53) / 2**53

    def uniform(self, low: float, high: float) -> float:
        """A number between the two."""
        return low + (high - low) * self.fraction()

    def normal(self, mean: float, deviation: float) -> float:
        """A number of the normal distribution (Box and Muller), 0 where it would be negative."""
        radius = math.sqrt(-2.0 * math.log(1.0 - self.fraction()))
        return max(0.0, mean + deviation * radius * math.cos(2.0 * math.pi * self.fraction()))
