"""What `use` can name: the `define` of the same file, other flows that were loaded, shipped flows."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from responder.scenario.nodes import Scalar, Sequence
from responder.scenario.plan import Users


@dataclass(slots=True, eq=False)
class Shelf:
    """The flows of all files, by name; shared by their libraries."""

    flows: dict[str, tuple[Sequence, Library]] = field(default_factory=dict)
    fetch: Callable[[str], tuple[Sequence, Library] | None] = lambda name: None
    """Gets a shipped flow that was not loaded."""


class Library:
    """What one file can `use`."""

    def __init__(self, shelf: Shelf) -> None:
        self._shelf = shelf
        self.blocks: dict[str, tuple[Scalar, Sequence]] = {}
        """Its `define`, with the place of each name."""
        self.users: Users = {}
        """Its `users`."""
        self.used: set[str] = set()
        """Blocks of its own that somebody used."""

    @property
    def names(self) -> set[str]:
        """Everything that can be used, shipped flows aside."""
        return {*self.blocks, *self._shelf.flows}

    def look_up(self, name: str) -> tuple[Sequence, Library] | None:
        """The steps of that name and the library that their own `use` looks in."""
        own = self.blocks.get(name)
        if own is not None:
            self.used.add(name)
            return own[1], self
        return self._shelf.flows.get(name) or self._shelf.fetch(name)

    def find(self, name: str) -> Sequence | None:
        """The steps of that name."""
        own = self.blocks.get(name)
        if own is not None:
            return own[1]
        found = self._shelf.flows.get(name) or self._shelf.fetch(name)
        return None if found is None else found[0]
