"""Texts that satisfy the tests of a match: tried against the tests themselves, so what comes out always fits."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import islice
from typing import Final

from responder.scenario.operators import AllOf, Between, Contains, Not, OneOf, Pattern, Prefix, Present, Test

_MOST_CANDIDATES: Final = 2000
_MOST_OPTIONS: Final = 6
"""Texts that one piece of a regular expression is tried with."""
_WORDS: Final = ("alice", "bob", "1", "100", "1234567890", "hello", "example.com", "sip:carol@example.com")
_CLASSES: Final = {"d": "1", "w": "a", "s": " ", "D": "a", "W": "-", "S": "a", "t": "\t", "n": "\n", "r": "\r"}
_IN_CLASSES: Final = "a1A0-_.@ ;=<>+*#z9Z/:,"


def text_for(tests: Sequence[Test], usual: Sequence[str] = ()) -> str | None:
    """A text that satisfies all of these tests, one of the usual ones where they do; None where none was found."""
    for candidate in islice(_candidates(tests, usual), _MOST_CANDIDATES):
        if all(test.accepts((candidate,)) for test in tests):
            return candidate
    return None


def _candidates(tests: Sequence[Test], usual: Sequence[str]) -> Iterator[str]:
    yield from usual
    for test in tests:
        yield from _of(test)
    for test in tests:
        if isinstance(test, Prefix | Contains):
            # one text has to hold several pieces
            others = [other.text for other in tests if isinstance(other, Contains) and other != test]
            yield ";".join([test.text, *others])
            yield test.text + "".join(other.text for other in tests if isinstance(other, Contains) and other != test)
            yield from (test.text + word for word in _WORDS)
    yield from _WORDS


def _of(test: Test) -> Iterator[str]:
    if isinstance(test, OneOf):
        yield from test.written
    elif isinstance(test, Pattern):
        yield from _globbed(test.written) if test.glob else like(test.written)
    elif isinstance(test, Prefix | Contains):
        yield test.text
    elif isinstance(test, AllOf):
        yield ", ".join(sorted(test.texts))
    elif isinstance(test, Between):
        for bound in (test.at_least, test.at_most):
            if bound is not None:
                yield f"{bound:g}" if bound != int(bound) else str(int(bound))
    elif isinstance(test, Not):
        if isinstance(test.test, Between):
            low, high = test.test.at_least, test.test.at_most
            yield from (str(int(bound)) for bound in (low and low - 1, high and high + 1) if bound is not None)
    else:
        assert isinstance(test, Present)


def _globbed(glob: str) -> Iterator[str]:
    for star in ("", "1", "alice"):
        yield re.sub(r"\[([^\]!])[^\]]*\]", r"\1", glob).replace("*", star).replace("?", "1")


def like(pattern: str) -> Iterator[str]:
    """Texts in the likeness of a regular expression; not every one of them matches it."""
    options, _ = _alternatives(pattern, 0)
    yield from options


def _alternatives(pattern: str, at: int) -> tuple[list[str], int]:
    """The texts of `a|b|c` up to the end or the closing bracket, and where that is."""
    found: list[str] = []
    texts = [""]
    while at < len(pattern) and pattern[at] != ")":
        if pattern[at] == "|":
            found += texts
            texts = [""]
            at += 1
            continue
        options, at = _atom(pattern, at)
        options, at = _repeated(options, pattern, at)
        texts = [text + option for option in options for text in texts][: 4 * _MOST_OPTIONS]
    return found + texts, at


_count: Final = re.compile(r"\{(\d*)(,?)(\d*)\}").match


def _repeated(options: list[str], pattern: str, at: int) -> tuple[list[str], int]:
    """What a quantifier makes of these texts."""
    sign = pattern[at : at + 1]
    counted = _count(pattern, at)
    if counted:
        low = int(counted[1] or 0)
        counts, at = [low, low + 1] if counted[2] and counted[3] != counted[1] else [low], counted.end()
    elif sign and sign in "*+?":
        counts, at = ([1, 2] if sign == "+" else [0, 1]), at + 1
    else:
        return options, at
    if pattern[at : at + 1] in ("?", "+"):
        at += 1  # lazy or possessive
    return [option * count for count in counts for option in options][:_MOST_OPTIONS], at


_opened: Final = re.compile(r"\((?:\?(?:P<\w+>|[aiLmsux-]*:|>))?").match
_flags: Final = re.compile(r"\(\?[aiLmsux]+\)").match


def _atom(pattern: str, at: int) -> tuple[list[str], int]:
    """The texts of what stands here, and where it ends."""
    sign = pattern[at]
    flags = _flags(pattern, at)
    if flags:
        return [""], flags.end()
    if sign == "(":
        looks = pattern[at + 1 : at + 3] in ("?=", "?!", "?<") and pattern[at + 1 : at + 4] != "?P<"
        opened = _opened(pattern, at)
        assert opened is not None
        options, end = _alternatives(pattern, at + 3 if looks else opened.end())
        return ([""] if looks else options[:_MOST_OPTIONS]), end + 1
    if sign == "[":
        return _of_class(pattern, at)
    if sign == "\\":
        letter = pattern[at + 1 : at + 2]
        if letter in ("b", "B", "A", "Z"):
            return [""], at + 2
        return [_CLASSES.get(letter, letter)], at + 2
    if sign in "^$":
        return [""], at + 1
    return [*"a1"] if sign == "." else [sign], at + 1


_class: Final = re.compile(r"\[\^?\]?(?:\\.|[^\]\\])*\]", re.DOTALL).match


def _of_class(pattern: str, at: int) -> tuple[list[str], int]:
    found = _class(pattern, at)
    if found is None:
        return [pattern[at]], at + 1
    first = [pattern[at + 1]] if pattern[at + 1] != "^" else []
    accepts = re.compile(found[0]).fullmatch
    return [char for char in (*first, *_IN_CLASSES) if accepts(char)][:3] or [""], found.end()
