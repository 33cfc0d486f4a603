"""Nodes read as the values that the table of the language promises; whatever is wrong is noted with its place."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from responder.scenario import slips
from responder.scenario import value_types as t
from responder.scenario.language import STEP_NAMES, TABLE, Key, keys_of
from responder.scenario.nodes import BOOLEAN, INTEGER, NULL, STRING, Mapping, Node, Place, Scalar, Sequence, kind_of
from responder.scenario.problems import Problems, did_you_mean, listed
from responder.scenario.value_types import Type
from responder.sip.methods import METHODS

LONGEST: Final = 7 * 24 * 3600.0
"""Seconds; no duration may be longer."""

_duration: Final = re.compile(t.DURATION_PATTERN).fullmatch
_UNITS: Final = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0}
_method: Final = re.compile(t.METHOD_PATTERN).fullmatch
_PLACES: Final = {"rule-fault": "the 'fault' of a rule"}
"""What places are called in messages where it is not `a` with their name."""
_name: Final = re.compile(t.NAME_PATTERN).fullmatch
_number: Final = re.compile(r"[0-9]+(\.[0-9]+)?").fullmatch


def seconds_of(text: str) -> float | None:
    """The seconds of a duration such as `2s`, `500ms`, `1.5s`, `2m`; None where the text is none."""
    found = _duration(text)
    if not found:
        return None
    unit = text.lstrip("0123456789.")
    return round(float(text[: -len(unit)]) * _UNITS[unit], 6)


class Reader:
    """Reads single values; every method gives None after noting what is wrong."""

    def __init__(self, problems: Problems) -> None:
        self.problems = problems

    def wrong(self, node: Node, name: str, type_: Type) -> None:
        """Note that the value of that key is not what the key takes."""
        what = f"'{name}' takes {type_.says}"
        if isinstance(node, Scalar) and node.kind == NULL:
            line = node.place.source.lines[node.place.line - 1]
            if "#" in line:
                self.problems.add(
                    node.place, f"'{name}' has no value", "a # behind a space begins a comment: quote the value"
                )
            else:
                self.problems.add(node.place, f"'{name}' has no value", f"it takes {type_.says}")
        elif isinstance(node, Scalar):
            self.problems.add(node.place, what, slips.scalar(node.text, type_.name) or f"not '{node.text}'")
        else:
            fix = slips.collection(type_.name, is_list=isinstance(node, Sequence))
            self.problems.add(node.place, what, fix or f"not {kind_of(node)}")

    def text(self, node: Node, name: str, type_: Type = t.TEXT) -> Scalar | None:
        """A scalar that is not null, as written."""
        if isinstance(node, Scalar) and node.kind != NULL:
            return node
        self.wrong(node, name, type_)
        return None

    def integer(self, node: Node, name: str, type_: Type) -> int | None:
        """A plain whole number within the bounds of the type's schema."""
        if isinstance(node, Scalar) and node.kind == INTEGER and len(node.text) <= 18:
            number = int(node.text)
            schema = type_.schema
            if number >= schema.get("minimum", number) and number <= schema.get("maximum", number):
                return number
        self.wrong(node, name, type_)
        return None

    def boolean(self, node: Node, name: str, type_: Type = t.BOOLEAN) -> bool | None:
        """A plain true or false."""
        if isinstance(node, Scalar) and node.kind == BOOLEAN:
            return node.truth
        if isinstance(node, Scalar) and node.text.lower() in ("yes", "no", "on", "off") and not node.quoted:
            meant = "true" if node.text.lower() in ("yes", "on") else "false"
            self.problems.add(
                node.place, f"'{name}' takes {type_.says}", f"YAML 1.2 reads {node.text} as a text, write {meant}"
            )
            return None
        self.wrong(node, name, type_)
        return None

    def duration(self, node: Node, name: str, type_: Type = t.DURATION) -> float | None:
        """Seconds."""
        if isinstance(node, Scalar) and node.kind != NULL:
            seconds = seconds_of(node.text)
            if seconds is not None:
                if seconds <= LONGEST:
                    return seconds
                self.problems.add(node.place, f"{node.text} is too long", "no duration may be longer than a week")
                return None
            if _number(node.text):
                self.problems.add(
                    node.place, f"'{node.text}' is a duration without a unit", f"did you mean {node.text}s?"
                )
                return None
        self.wrong(node, name, type_)
        return None

    def code(self, node: Node, name: str = "respond") -> int | None:
        """A status code from 100 to 699."""
        if isinstance(node, Scalar) and node.kind == INTEGER and len(node.text) <= 18:
            status = int(node.text)
            if 100 <= status <= 699:
                return status
            self.problems.add(
                node.place, f"{status} is no status code", "they go from 100 to 699 (RFC 3261 section 7.2)"
            )
            return None
        if isinstance(node, Scalar) and node.quoted and node.text.isdecimal():
            self.problems.add(node.place, f"'{name}' takes {t.CODE.says}", "a number, so without quotes")
            return None
        self.wrong(node, name, t.CODE)
        return None

    def several(self, node: Node, name: str, type_: Type) -> list[Scalar] | None:
        """A scalar, or a list of scalars with at least one item."""
        items = node.items if isinstance(node, Sequence) else (node,)
        found = [item for item in items if isinstance(item, Scalar) and item.kind != NULL]
        if not items or len(found) < len(items):
            bad = next((item for item in items if item not in found), node)
            self.wrong(bad, name, type_)
            return None
        return found

    def one_of(self, node: Node, name: str, type_: Type, words: tuple[str, ...]) -> str | None:
        """One of a few words."""
        scalar = self.text(node, name, type_)
        if scalar is None:
            return None
        if scalar.text in words:
            return scalar.text
        fix = did_you_mean(scalar.text, words) or f"it is {listed(words)}"
        self.problems.add(scalar.place, f"'{name}' cannot be '{scalar.text}'", fix)
        return None

    def some_of(self, node: Node, name: str, type_: Type, words: tuple[str, ...]) -> tuple[str, ...] | None:
        """One of a few words, or a list of them."""
        scalars = self.several(node, name, type_)
        if scalars is None:
            return None
        found = [self.one_of(scalar, name, type_, words) for scalar in scalars]
        return tuple(word for word in found if word is not None) if None not in found else None

    def tokens(self, node: Node, name: str, type_: Type) -> list[Scalar] | None:
        """A token (RFC 3261 section 25.1) such as a method or header name, or a list of them."""
        scalars = self.several(node, name, type_)
        if scalars is None:
            return None
        good = [scalar for scalar in scalars if self.word(scalar, name, type_) and self.token(scalar)]
        return good if len(good) == len(scalars) else None

    def word(self, scalar: Scalar, name: str, type_: Type) -> bool:
        """Whether it is no number, true or false, unless it is quoted; noted where it is."""
        if scalar.quoted or (scalar.kind == STRING and not _number(scalar.text)):
            return True
        self.wrong(scalar, name, type_)
        return False

    def token(self, scalar: Scalar) -> bool:
        """Whether it is a token (RFC 3261 section 25.1); noted where it is not."""
        if _method(scalar.text):
            return True
        self.problems.add(
            scalar.place,
            f"'{scalar.text}' cannot be a name in SIP",
            slips.method(scalar.text, keys_of("expect"))
            or "only letters, digits and -.!%*_+`'~ (RFC 3261 section 25.1)",
        )
        return False

    def known_method(self, scalar: Scalar) -> bool:
        """Whether it is no slip: names of methods are case-sensitive (RFC 3261 7.1), and there may be unknown ones."""
        question = did_you_mean(scalar.text, METHODS) if scalar.text not in METHODS else ""
        if question:
            self.problems.add(scalar.place, f"'{scalar.text}' is no method", question)
        return not question

    def name(self, node: Node, name: str) -> Scalar | None:
        """A name that the author gives: letters, digits, - and _."""
        scalar = self.text(node, name, t.NAME)
        if scalar is None or (_name(scalar.text) and (scalar.quoted or scalar.kind == STRING)):
            return scalar
        self.problems.add(
            scalar.place, f"'{scalar.text}' cannot be a name", "it begins with a letter, then letters, digits, - and _"
        )
        return None

    def pairs(self, node: Node, name: str, type_: Type) -> tuple[tuple[Scalar, Node], ...] | None:
        """The items of a mapping with at least one key."""
        if isinstance(node, Mapping) and node.items:
            return node.items
        self.wrong(node, name, type_)
        return None

    def sequence(self, node: Node, name: str, type_: Type) -> tuple[Node, ...] | None:
        """The items of a list with at least one."""
        if isinstance(node, Sequence) and node.items:
            return node.items
        if isinstance(node, Sequence):
            self.problems.add(node.place, f"'{name}' is empty", f"it takes {type_.says}")
            return None
        self.wrong(node, name, type_)
        return None


class Fields:
    """A mapping whose keys are checked against the table; its values are asked for by name and kind."""

    def __init__(
        self, node: Mapping, where: str, title: str, reader: Reader, keys: dict[str, Key] | None = None
    ) -> None:
        self.node = node
        self.reader = reader
        self.keys = keys_of(where) if keys is None else keys
        self.title = title
        self._values: dict[str, Node] = {}
        for key, value in node.items:
            known = self.keys.get(key.text)
            if known is None:
                reader.problems.add(key.place, *self._unknown(key.text))
            else:
                self._values[key.text] = value

    def _unknown(self, name: str) -> tuple[str, str]:
        what = f"unknown key '{name}' in {self.title}"
        question = slips.word(name, [key for key in self.keys if key not in STEP_NAMES or self.node.key(key) is None])
        if question:
            return what, question
        if "steps" in self.keys and slips.step_key(name, STEP_NAMES):
            return what, f"a step is an item of `steps` ({slips.step_key(name, STEP_NAMES).rstrip('?')})"
        if name == "<<":
            return what, "YAML 1.2 has no merge keys: use `define` and `use`"
        homes = [
            f"'{key.where}'"
            if key.where in STEP_NAMES or key.where == "match"
            else _PLACES.get(key.where, f"a {key.where}")
            for key in TABLE
            if key.name == name and key.where not in ("step", "test", "address", "sdp")
        ]
        if name in STEP_NAMES and not homes:
            return what, "it is a step: give it an item of its own in `steps`"
        if homes:
            return what, f"it belongs in {listed(homes)}"
        return what, f"known are {listed(sorted(key.name for key in self.keys.values()), last='and')}"

    def __contains__(self, name: str) -> bool:
        return name in self._values

    def __iter__(self) -> Iterator[str]:
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)

    def misspelt(self, name: str) -> bool:
        """Whether some unknown key was probably meant to be this one; then its absence is not worth a word."""
        return any(did_you_mean(key.text, (name,)) for key, _ in self.node.items if key.text not in self.keys)

    def place(self, name: str) -> Place:
        """Where the key stands, or the mapping where it is not there."""
        key = self.node.key(name)
        return key.place if key is not None else self.node.place

    def value_place(self, name: str) -> Place:
        """Where the value under the key stands, or the mapping where it is not there."""
        value = self.node.get(name)
        return value.place if value is not None else self.node.place

    def of(self, name: str, type_: Type) -> Node | None:
        """The node under that key; the type must be the one of the table."""
        assert self.keys[name].type is type_, f"{self.title}: {name}"
        return self._values.get(name)

    def text(self, name: str, type_: Type = t.TEXT) -> Scalar | None:
        """A text."""
        node = self.of(name, type_)
        return None if node is None else self.reader.text(node, name, type_)

    def name(self, name: str) -> Scalar | None:
        """A name."""
        node = self.of(name, t.NAME)
        return None if node is None else self.reader.name(node, name)

    def boolean(self, name: str, type_: Type = t.BOOLEAN) -> bool | None:
        """True, false, or None where it is not said."""
        node = self.of(name, type_)
        return None if node is None else self.reader.boolean(node, name, type_)

    def integer(self, name: str, type_: Type = t.NUMBER) -> int | None:
        """A whole number."""
        node = self.of(name, type_)
        return None if node is None else self.reader.integer(node, name, type_)

    def duration(self, name: str) -> float | None:
        """Seconds."""
        node = self.of(name, t.DURATION)
        return None if node is None else self.reader.duration(node, name)

    def some_of(self, name: str, type_: Type, words: tuple[str, ...]) -> tuple[str, ...] | None:
        """Some of a few words."""
        node = self.of(name, type_)
        return None if node is None else self.reader.some_of(node, name, type_, words)

    def tokens(self, name: str, type_: Type) -> list[Scalar] | None:
        """Tokens."""
        node = self.of(name, type_)
        return None if node is None else self.reader.tokens(node, name, type_)
