"""A scenario file as a tree whose every leaf knows its place; what the loader makes and the compiler reads."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final, TypeAlias

STRING: Final = "a text"
INTEGER: Final = "a number"
BOOLEAN: Final = "true or false"
NULL: Final = "nothing"


@dataclass(frozen=True, slots=True, eq=False)
class Source:
    """A file: the name it was given by, and its lines without their ends."""

    name: str
    lines: tuple[str, ...] = field(repr=False, default=())


@dataclass(frozen=True, slots=True)
class Place:
    """Where something stands; line and column count from 1."""

    source: Source
    line: int
    column: int
    length: int = 1

    def __str__(self) -> str:
        return f"{self.source.name}:{self.line}:{self.column}"


@dataclass(frozen=True, slots=True, eq=False)
class Scalar:
    """A single value: the text as it was written, and what YAML 1.2 core takes it for."""

    place: Place
    text: str
    kind: str = STRING
    """STRING, INTEGER, BOOLEAN or NULL; whatever is quoted is a STRING."""
    quoted: bool = False

    @property
    def truth(self) -> bool:
        """The value of a BOOLEAN."""
        return self.text.lower() == "true"


@dataclass(frozen=True, slots=True, eq=False)
class Sequence:
    """A list."""

    place: Place
    items: tuple[Node, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Mapping:
    """Keys with values, in order, no key twice."""

    place: Place
    items: tuple[tuple[Scalar, Node], ...]

    def get(self, name: str) -> Node | None:
        """The value under that key."""
        for key, value in self.items:
            if key.text == name:
                return value
        return None

    def key(self, name: str) -> Scalar | None:
        """The key itself, for its place."""
        for key, _ in self.items:
            if key.text == name:
                return key
        return None


Node: TypeAlias = Scalar | Sequence | Mapping


def kind_of(node: Node) -> str:
    """What a node is, for messages: `a list`, `a mapping`, `a number`, ..."""
    if isinstance(node, Scalar):
        return node.kind
    empty = "" if node.items else "n empty"
    return f"a{empty} list" if isinstance(node, Sequence) else f"a{empty} mapping"
