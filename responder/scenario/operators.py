"""The operators of a match value: exact text, any of several, regex, glob, prefix, contains, numbers, present, not.

Each works on all the values that the message has for a key (several fields of a header, say): one that fits is enough.
"""

from __future__ import annotations

import fnmatch
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final, TypeAlias

from responder.scenario.problems import listed

LONGEST: Final = 512
"""Characters of a value that regular expressions and globs look at; the rest of a longer one is not seen."""


@dataclass(frozen=True, slots=True)
class OneOf:
    """Exactly this text, or one of several."""

    texts: frozenset[str]
    """In lower case where `folded`."""
    written: tuple[str, ...] = field(compare=False)
    folded: bool = False
    """Letters are compared without regard to case."""

    def accepts(self, values: Sequence[str]) -> bool:
        """Whether one of these values fits."""
        texts = self.texts
        for value in values:  # noqa: SIM110 - a generator costs more than the whole loop
            if (value.lower() if self.folded else value) in texts:
                return True
        return False

    def __str__(self) -> str:
        return listed(f"'{text}'" for text in self.written)


@dataclass(frozen=True, slots=True)
class Pattern:
    """A regular expression found in it, or a glob for the whole of it."""

    written: str
    glob: bool = False
    compiled: re.Pattern[str] = field(init=False, compare=False, repr=False)

    def __post_init__(self) -> None:
        source = fnmatch.translate(self.written) if self.glob else self.written
        object.__setattr__(self, "compiled", re.compile(source))

    def accepts(self, values: Sequence[str]) -> bool:
        """Whether one of these values fits."""
        return self.find(values) is not None

    def find(self, values: Sequence[str]) -> re.Match[str] | None:
        """The match in the first value that fits."""
        look = self.compiled.match if self.glob else self.compiled.search
        for value in values:
            found = look(value[:LONGEST])
            if found:
                return found
        return None

    def __str__(self) -> str:
        return f"glob '{self.written}'" if self.glob else f"a match of /{self.written}/"


@dataclass(frozen=True, slots=True)
class Prefix:
    """What a value begins with."""

    text: str

    def accepts(self, values: Sequence[str]) -> bool:
        """Whether one of these values fits."""
        return any(value.startswith(self.text) for value in values)

    def __str__(self) -> str:
        return f"prefix '{self.text}'"


@dataclass(frozen=True, slots=True)
class Contains:
    """What is somewhere in a value."""

    text: str

    def accepts(self, values: Sequence[str]) -> bool:
        """Whether one of these values fits."""
        return any(self.text in value for value in values)

    def __str__(self) -> str:
        return f"something that contains '{self.text}'"


_leading_number: Final = re.compile(r"\s*(-?[0-9]{1,18}(?:\.[0-9]{1,9})?)").match


@dataclass(frozen=True, slots=True)
class Between:
    """A number within bounds; of a value the number it begins with, so that parameters and comments do not matter."""

    at_least: float | None
    at_most: float | None

    def accepts(self, values: Sequence[str]) -> bool:
        """Whether one of these values fits."""
        for value in values:
            found = _leading_number(value)
            if found and self._holds(float(found[1])):
                return True
        return False

    def _holds(self, number: float) -> bool:
        return (self.at_least is None or number >= self.at_least) and (self.at_most is None or number <= self.at_most)

    def __str__(self) -> str:
        words = []
        if self.at_least is not None:
            words.append(f"at least {self.at_least:g}")
        if self.at_most is not None:
            words.append(f"at most {self.at_most:g}")
        return " and ".join(words)


@dataclass(frozen=True, slots=True)
class Present:
    """Whether there is a value at all."""

    wanted: bool

    def accepts(self, values: Sequence[str]) -> bool:
        """Whether that is so."""
        return bool(values) == self.wanted

    def __str__(self) -> str:
        return "something" if self.wanted else "nothing"


@dataclass(frozen=True, slots=True)
class Not:
    """No value may fit."""

    test: Test

    def accepts(self, values: Sequence[str]) -> bool:
        """Whether none does."""
        return not self.test.accepts(values)

    def __str__(self) -> str:
        return f"not {self.test}"


@dataclass(frozen=True, slots=True)
class AllOf:
    """All of these texts; for lists of option-tags."""

    texts: frozenset[str]

    def accepts(self, values: Sequence[str]) -> bool:
        """Whether each is among the values."""
        return self.texts <= set(values)

    def __str__(self) -> str:
        return listed((f"'{text}'" for text in sorted(self.texts)), last="and")


Test: TypeAlias = OneOf | Pattern | Prefix | Contains | Between | Present | Not | AllOf


def covers(wide: Test, narrow: Test) -> bool:
    """Whether it is certain that whatever `narrow` accepts, `wide` accepts; False where it is not plain."""
    if wide == narrow:
        return True
    if isinstance(wide, Present) and wide.wanted:
        return not isinstance(narrow, Not | Present)
    if isinstance(narrow, OneOf):
        # one value that is one of these texts: wide must take every one of them
        return not isinstance(wide, AllOf | Not | Present) and all(wide.accepts((text,)) for text in narrow.texts)
    if isinstance(narrow, AllOf) and isinstance(wide, AllOf):
        return wide.texts <= narrow.texts
    if isinstance(narrow, Between) and isinstance(wide, Between):
        low, high = (-float("inf"), float("inf"))
        return (wide.at_least if wide.at_least is not None else low) <= (
            narrow.at_least if narrow.at_least is not None else low
        ) and (wide.at_most if wide.at_most is not None else high) >= (
            narrow.at_most if narrow.at_most is not None else high
        )
    if isinstance(narrow, Prefix) and isinstance(wide, Prefix):
        return narrow.text.startswith(wide.text)
    return False
