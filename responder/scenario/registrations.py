"""`registrar` of the files: what the registrar of the run grants (RFC 3261 section 10.3 step 7)."""

from __future__ import annotations

from typing import Any, Final

from responder.scenario import value_types as t
from responder.scenario.nodes import Mapping, Scalar
from responder.scenario.reading import Fields, Reader

_LONGEST_MINIMUM: Final = 3600
"""Seconds: "greater than zero AND smaller than one hour AND less than a registrar-configured minimum" gets 423."""
_DEFAULT_MINIMUM: Final = 60


class Registrations:
    """Collects what all files say; each thing can be said once."""

    def __init__(self, reader: Reader) -> None:
        self._reader = reader
        self._said: dict[str, tuple[Any, Scalar]] = {}

    def read(self, fields: Fields) -> None:
        """Take in the `registrar` of one file."""
        node = fields.of("registrar", t.REGISTRAR)
        if node is None:
            return
        if not isinstance(node, Mapping) or not node.items:
            self._reader.wrong(node, "registrar", t.REGISTRAR)
            return
        said = Fields(node, "registrar", "'registrar'", self._reader)
        for name in said:
            value = self._realm(said) if name == "realm" else self._seconds(said, name)
            key = node.key(name)
            if value is None or key is None:
                continue
            before = self._said.setdefault(name, (value, key))
            if before[0] != value:
                what = f"'{name}' is {before[0]} in {before[1].place}"
                self._reader.problems.add(key.place, what, "the registrar is one for the whole run: say it once")

    def _realm(self, said: Fields) -> str | None:
        scalar = said.text("realm")
        return None if scalar is None else scalar.text

    def _seconds(self, said: Fields, name: str) -> int | None:
        seconds = said.duration(name)
        if seconds is None:
            return None
        if seconds < 1 or seconds != int(seconds):
            self._reader.problems.add(said.value_place(name), f"'{name}' is in whole seconds", "from 1s on")
            return None
        if name == "min_expires" and seconds > _LONGEST_MINIMUM:
            what = "an hour is never too brief (RFC 3261 section 10.3 step 7)"
            self._reader.problems.add(said.value_place(name), what, "at most 1h; `respond: 423` does it nevertheless")
        return int(seconds)

    def settled(self) -> dict[str, Any]:
        """All of it, when every file has been read."""
        minimum = self._said.get("min_expires", (_DEFAULT_MINIMUM, None))[0]
        for name in ("max_expires", "default_expires"):
            value, key = self._said.get(name, (minimum, None))
            if key is not None and value < minimum:
                what = f"'{name}' is less than 'min_expires', which is {minimum} s"
                self._reader.problems.add(key.place, what, "nothing could be granted: lower 'min_expires'")
        return {name: value for name, (value, _) in self._said.items()}
