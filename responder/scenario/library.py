"""What `use` can name: the `define` of the same file, what it includes, other flows that were loaded, shipped flows."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from responder.scenario.nodes import Place, Scalar, Sequence
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
        self.flows: dict[str, tuple[Scalar | None, Sequence]] = {}
        """Its flows, for files that include it; with the place of each name that is written."""
        self.included: dict[str, tuple[Place, Sequence, Library]] = {}
        """The blocks and flows of the files that it includes, and of those that these include."""
        self.users: Users = {}
        """Its `users`, and those of the files that it includes."""
        self.used: set[str] = set()
        """Blocks of its own that somebody used."""

    @property
    def names(self) -> set[str]:
        """Everything that can be used, shipped flows aside."""
        return {*self.blocks, *self.included, *self._shelf.flows}

    def offers(self) -> dict[str, tuple[Place, Sequence, Library]]:
        """What a file that includes this one can use, by name, with the place that the name has."""
        own = {name: (key.place, steps, self) for name, (key, steps) in self.blocks.items()}
        flows = {
            name: (steps.place if key is None else key.place, steps, self) for name, (key, steps) in self.flows.items()
        }
        return {**self.included, **flows, **own}

    def look_up(self, name: str) -> tuple[Sequence, Library] | None:
        """The steps of that name and the library that their own `use` looks in."""
        if name in self.blocks:
            self.used.add(name)
        return self._found(name)

    def find(self, name: str) -> Sequence | None:
        """The steps of that name."""
        found = self._found(name)
        return None if found is None else found[0]

    def _found(self, name: str) -> tuple[Sequence, Library] | None:
        own = self.blocks.get(name)
        if own is not None:
            return own[1], self
        included = self.included.get(name)
        if included is not None:
            return included[1], included[2]
        return self._shelf.flows.get(name) or self._shelf.fetch(name)
