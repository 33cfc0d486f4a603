"""What an imported scenario consists of, before it is text: rules, steps, and remarks on what has no counterpart."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Remark:
    """What could not be turned into a step, and why."""

    line: int
    """In the file that is imported."""
    text: str

    def __str__(self) -> str:
        return f"line {self.line}: {self.text}"


@dataclass(slots=True)
class Step:
    """One step. A key's value is a scalar, a mapping, a list, or a list of steps (of such, of choices)."""

    keys: dict[str, Any]
    """The step's name first, its options behind."""
    remarks: list[Remark] = field(default_factory=list)
    """Comments above it; a step without keys is nothing but comments."""
    line: int = field(default=0, compare=False)
    """Where it comes from, in the file that is imported."""

    @property
    def name(self) -> str:
        """Which step it is; empty for a comment."""
        return next(iter(self.keys), "")

    def is_plain(self, name: str, value: Any = None) -> bool:
        """Whether it is that step without options (with that value)."""
        return list(self.keys) == [name] and (value is None or self.keys[name] == value) and not self.remarks

    @property
    def short(self) -> str | None:
        """How it is written as a bare word, None where it is not."""
        if self.remarks or len(self.keys) != 1:
            return None
        name, value = next(iter(self.keys.items()))
        if name == "respond" or (name == "wait" and isinstance(value, str)):
            return str(value)
        return name if name in ("hangup", "end") else None


@dataclass(slots=True)
class Choice:
    """One branch of `choose`."""

    weight: float
    steps: list[Step]


@dataclass(slots=True)
class Rule:
    """One rule, or a file with one flow."""

    name: str = ""
    match: dict[str, Any] = field(default_factory=dict)
    steps: list[Step] = field(default_factory=list)
    headers: dict[str, Any] = field(default_factory=dict)
    meanwhile: dict[str, list[Step]] = field(default_factory=dict)
    cancel: list[Step] | None = None
    remarks: list[Remark] = field(default_factory=list)


@dataclass(slots=True)
class Outline:
    """A whole file."""

    source: str
    """The name of the file that is imported."""
    title: str
    """What that file calls itself."""
    rules: list[Rule] = field(default_factory=list)
    timers: dict[str, str] = field(default_factory=dict)
    users: dict[str, str] = field(default_factory=dict)
    remarks: list[Remark] = field(default_factory=list)
    """On the file as a whole."""
    asides: list[str] = field(default_factory=list)
    """Sentences for the head of the file on what was left out because it does nothing."""
