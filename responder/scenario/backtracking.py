"""Regular expressions that a hostile value could keep busy for very long: found by their form, refused at load.

A repeated group that itself holds an unbounded repetition, or alternatives that can begin alike, takes exponential time
(`(a+)+`, `(a|a)*`); three or more `.*` take cubic time and worse. Possessive repetitions (`*+`, `++`) do neither.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Final

_MOST_DOTS: Final = 2

_atom: Final = re.compile(
    r"(?P<open>\((?:\?(?:P?<[A-Za-z_]\w*>|[aiLmsux\-]*:|[=!>]|<[=!]))?)"
    r"|(?P<flags>\(\?[aiLmsux]+\)|\(\?P=\w+\)|\(\?#[^)]*\))"
    r"|(?P<close>\))|(?P<bar>\|)|(?P<class>\[\^?\]?(?:\\.|[^\]\\])*\])|(?P<escape>\\.)|(?P<dot>\.)|(?P<literal>.)",
    re.DOTALL,
)
_quantifier: Final = re.compile(
    r"(?P<unbounded>[*+]|\{[0-9]*,\})(?P<possessive>\+)?|(?:\?|\{[0-9]+(?:,[0-9]+)?\})[+?]?"
)


@dataclass(slots=True)
class _Group:
    repeats: bool = False
    """Something in it may be repeated without bound and give back."""
    beginnings: list[str] = field(default_factory=lambda: [""])
    """What each alternative begins with; empty: not known yet."""
    atomic: bool = False

    @property
    def ambiguous(self) -> bool:
        """Whether two alternatives may begin alike."""
        firsts = self.beginnings
        return len(firsts) > 1 and (len(set(firsts)) < len(firsts) or any(len(first) != 1 for first in firsts))


def objection(pattern: str) -> str:
    """What is dangerous about a valid pattern, in words; empty where nothing is."""
    stack = [_Group()]
    dots = 0
    at = 0
    while at < len(pattern):
        found = _atom.match(pattern, at)
        if found is None:
            return ""
        at = found.end()
        kind = found.lastgroup or ""
        if kind == "flags":
            continue
        if kind == "bar":
            stack[-1].beginnings.append("")
            continue
        if kind == "open":
            _begin(stack[-1], "group")
            stack.append(_Group(atomic=found[0] == "(?>"))
            continue
        inner = stack.pop() if kind == "close" and len(stack) > 1 else None
        if inner is None:
            _begin(stack[-1], found[0] if kind == "literal" else found[0][1] if _escaped_literal(found[0]) else "class")
        quantifier = _quantifier.match(pattern, at)
        repeated = False
        if quantifier:
            at = quantifier.end()
            repeated = bool(quantifier["unbounded"]) and not quantifier["possessive"]
            if pattern[at : at + 1] == "?":
                at += 1
        gives_back = inner is not None and not inner.atomic and (inner.repeats or inner.ambiguous)
        if repeated and gives_back:
            return "a repetition inside a repetition, or alternatives that begin alike inside one"
        dots += repeated and kind == "dot"
        stack[-1].repeats |= repeated or (inner is not None and not inner.atomic and inner.repeats)
    return f"more than {_MOST_DOTS} of .* or .+" if dots > _MOST_DOTS else ""


def _escaped_literal(atom: str) -> bool:
    return len(atom) == 2 and atom[0] == "\\" and not atom[1].isalnum()


def _begin(group: _Group, first: str) -> None:
    if not group.beginnings[-1]:
        group.beginnings[-1] = first
