"""Texts with `${...}` in them, compiled once when a file is loaded and rendered for each call.

Rules
1. A text without names stays a plain `str`.
2. In a header (or any other part of a message head) no value can bring a line end or another control character with
   it: what a client sends must not become a header of ours. Bodies, the journal and `raw` take values as they are.
3. In the place of the user of a URI a value is escaped: `sip:${vars.who}@example.com` stays one URI with one user.
4. A name that stands for nothing gives its default (`${vars.x:-text}`), or the empty text.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, Final, TypeAlias

from responder.scenario.names import Accessor, UnknownNameError, accessor_of, user_accessor_of
from responder.scenario.nodes import Place, Scalar
from responder.scenario.problems import Problems, did_you_mean

_name: Final = re.compile(r"\$\$\{|\$\{(?:([^{}:]*)(?::-([^{}]*))?\})?")
_user_begins: Final = re.compile(r"(?i:\bsips?:)(?:[^@<>\s:\"{}]|\$\{[^{}]*\})*\Z")
_user_goes_on: Final = re.compile(r"(?:[^@<>\s\"{}]|\$\{[^{}]*\})*@")
_controls: Final = re.compile("[\x00-\x08\n-\x1f\x7f]+")

Need: TypeAlias = Callable[[str, str, Place], None]
"""Told of every variable or group that a text needs: `vars` or `match`, its name, the place."""


class Template:
    """A text with names in it (`uas.script.Template`)."""

    __slots__ = ("_head", "_segments")

    def __init__(self, segments: tuple[str | tuple[Accessor, str], ...], *, head: bool) -> None:
        self._segments = segments
        """Texts, and accessors with their defaults."""
        self._head = head

    def render(self, scope: Any) -> str:
        """The text for this scope (a `names.Scope`)."""
        parts = []
        for segment in self._segments:
            if isinstance(segment, str):
                parts.append(segment)
                continue
            value = segment[0](scope)
            if value is None:
                value = segment[1]
            parts.append(_controls.sub(" ", value) if self._head else value)
        return "".join(parts)


def compile_text(text: str, scalar: Scalar, problems: Problems, *, head: bool, need: Need) -> str | Template:
    """The text itself where it has no names, else its template; problems noted where the names are wrong.

    `text` is the scalar's, perhaps with other line ends. `head`: it is for the head of a message.
    """
    if "${" not in text:
        return text
    segments: list[str | tuple[Accessor, str]] = []
    end = 0
    for found in _name.finditer(text):
        segments.append(text[end : found.start()])
        end = found.end()
        name, default = found[1], found[2]
        if found[0] == "$${":
            segments.append("${")
            continue
        place = _place(scalar, found[0], text.count(found[0], 0, found.start()))
        if name is None:
            problems.add(place, "'${' without its '}'", "write ${NAME} or ${NAME:-default}; $${ is a literal ${")
            continue
        try:
            in_user = head and _user_begins.search(text[: found.start()]) and _user_goes_on.match(text, found.end())
            accessor = user_accessor_of(name) if in_user else accessor_of(name)
        except UnknownNameError as error:
            problems.add(place, f"unknown name '${{{name}}}'", did_you_mean(name, error.known) or _ADVICE)
            continue
        family, _, last = name.partition(".")
        if family in ("vars", "match") and default is None:
            need(family, last, place)
        segments.append((accessor, default or ""))
    segments.append(text[end:])
    return _joined(segments, head=head)


_ADVICE: Final = "names begin with request, call, local, registrar, vars, match, now or random"


def _joined(segments: list[str | tuple[Accessor, str]], *, head: bool) -> str | Template:
    kept = tuple(segment for segment in segments if segment)
    if all(isinstance(segment, str) for segment in kept):
        return "".join(segment for segment in kept if isinstance(segment, str))
    return Template(kept, head=head)


def _place(scalar: Scalar, written: str, before: int) -> Place:
    """Where a piece of the scalar stands, `before` of its kind before it; as near as quoting lets us tell."""
    place = scalar.place
    lines = place.source.lines
    for line in range(place.line, min(place.line + scalar.text.count("\n") + 2, len(lines) + 1)):
        column = lines[line - 1].find(written, place.column - 1 if line == place.line else 0)
        while column >= 0:
            if not before:
                return Place(place.source, line, column + 1, len(written))
            before -= 1
            column = lines[line - 1].find(written, column + 1)
    return place
