"""What a block of steps stands in while it is compiled."""

from __future__ import annotations

from dataclasses import dataclass, replace

from responder.scenario.library import Library


@dataclass(frozen=True, slots=True)
class Around:
    """What a block stands in."""

    label: str
    """`busy step 3`, or the rule's name."""
    library: Library
    """Where `use` looks."""
    methods: frozenset[str]
    """What the request at hand can be when the block begins; empty: anything."""
    forked: bool = False
    """It is a branch of a fork: responses carry the branch's tag."""
    responds_later: bool = False
    """Steps after the block respond to the request at hand."""
    used: tuple[tuple[int, str], ...] = ()
    """The named blocks it is in, for finding circles."""

    def inside(self, suffix: str, *, responds_later: bool, methods: frozenset[str]) -> Around:
        """For a block within it."""
        return replace(self, label=f"{self.label}{suffix}", responds_later=responds_later, methods=methods)
