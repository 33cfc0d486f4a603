"""`--expect FILE`: what the exit status and the output of a client should be, case by case.

- codes: 4xx
  exit: nonzero
- codes: 486
  output: {contains: Busy}
- dial: 180.2s.486
  exit: [1, 2]
"""

from __future__ import annotations

import signal
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from responder.observe.records import Case
from responder.scenario import value_types as t
from responder.scenario.language import Key
from responder.scenario.match_compiler import MatchCompiler
from responder.scenario.nodes import INTEGER, Mapping, Node, Scalar, Sequence
from responder.scenario.operators import Test
from responder.scenario.problems import Problems, listed
from responder.scenario.reading import Fields, Reader
from responder.scenario.value_types import Type
from responder.sweep.scope import Scope, keys, read_scope

NONZERO: Final = "nonzero"
_EXITS: Final = Type("exits", "an exit status from 0 to 255, a list of them, or nonzero", {})
_KEYS: Final = keys(
    "expectation",
    Key("expectation", "exit", _EXITS, "What the client exits with.", "nonzero"),
    Key("expectation", "output", t.TEST, "A line of its output: the whole of it, or an operator.", "{contains: Busy}"),
)


@dataclass(frozen=True)
class Expectation:
    """One entry of the file."""

    scope: Scope
    exits: frozenset[int] | None = None
    """None: any."""
    nonzero: bool = False
    output: Test | None = None

    def objections(self, case: Case, status: int | None, output: str) -> list[str]:
        """What is wrong with a client that exited with `status` (None: it had to be ended) and printed this."""
        if not self.scope.fits(case):
            return []
        found = []
        wanted = NONZERO if self.nonzero else listed(map(str, sorted(self.exits or ())))
        if wanted and not (status in (self.exits or ()) or (self.nonzero and status not in (0, None))):
            found.append(f"expected exit status {wanted}, got {in_words(status)}")
        if self.output is not None and not self.output.accepts(output.splitlines()):
            last = next((line.strip() for line in reversed(output.splitlines()) if line.strip()), "")
            got = f"its last line is '{last[-200:]}'" if last else "it printed nothing"
            found.append(f"expected of the output {self.output}; {got}")
        return found


def load(path: str | Path) -> tuple[Expectation, ...]:
    """The expectations of a file; `ScenarioError` with all that is wrong with it."""
    from responder.scenario.loader import read_list

    problems = Problems()
    found = [_expectation(node, Reader(problems)) for node in read_list(path, problems)]
    problems.raise_if_any()
    return tuple(one for one in found if one is not None)


def objections(expectations: Iterable[Expectation], case: Case, status: int | None, output: str) -> list[str]:
    """What all of them have to say."""
    return [text for one in expectations for text in one.objections(case, status, output)]


def in_words(status: int | None) -> str:
    """An exit status, a signal by its name."""
    if status is None:
        return "none: it did not exit and was ended"
    if status >= 0:
        return str(status)
    try:
        return f"signal {-status} ({signal.Signals(-status).name})"
    except ValueError:
        return f"signal {-status}"


def _expectation(node: Node, reader: Reader) -> Expectation | None:
    if not isinstance(node, Mapping):
        reader.problems.add(node.place, "an expectation is a mapping", "such as {codes: 4xx, exit: nonzero}")
        return None
    fields = Fields(node, "expectation", "an expectation", reader, _KEYS)
    scope = read_scope(fields, reader)
    exits, output = fields.of("exit", _EXITS), fields.of("output", t.TEST)
    if exits is None and output is None and not (fields.misspelt("exit") or fields.misspelt("output")):
        reader.problems.add(node.place, "this expects nothing", "give `exit` or `output`")
    statuses = _exits(exits, reader) if exits is not None else None
    test = MatchCompiler(reader).test(output, "output") if output is not None else None
    return Expectation(scope, statuses or None, statuses == frozenset(), test)


def _exits(node: Node, reader: Reader) -> frozenset[int] | None:
    """Exit statuses; none at all for `nonzero`."""
    if isinstance(node, Scalar) and node.text == NONZERO:
        return frozenset()
    items = node.items if isinstance(node, Sequence) else (node,)
    found = {
        int(item.text)
        for item in items
        if isinstance(item, Scalar) and item.kind == INTEGER and len(item.text) <= 3 and 0 <= int(item.text) <= 255
    }
    if not items or len(found) < len(items):
        reader.wrong(node, "exit", _EXITS)
        return None
    return frozenset(found)
