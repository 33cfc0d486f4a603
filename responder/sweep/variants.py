"""The variants of a case."""

from __future__ import annotations

VARIANTS = ("plain",)
