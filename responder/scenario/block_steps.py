"""Steps that hold other steps, compiled: choose, repeat, fork, unordered, use."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

from responder.scenario import plan, shipped
from responder.scenario import value_types as t
from responder.scenario.lookahead import outlook
from responder.scenario.matcher import ANY
from responder.scenario.nodes import BOOLEAN, Mapping, Scalar, Sequence
from responder.scenario.plan import Block, Step
from responder.scenario.problems import did_you_mean, listed
from responder.scenario.reading import Fields

if TYPE_CHECKING:
    from responder.scenario.around import Around
    from responder.scenario.step_compiler import StepCompiler


MOST_USES: Final = 16
"""Blocks that `use` one another in a row."""


def choose(compiler: StepCompiler, fields: Fields, around: Around) -> list[Step]:
    """One of several branches."""
    node = fields.of("choose", t.CHOICES)
    if node is None:
        return []
    branches: list[tuple[float, Block]] = []
    total = 0.0
    for number, item in enumerate(compiler.reader.sequence(node, "choose", t.CHOICES) or (), 1):
        if not isinstance(item, Mapping):
            compiler.problems.add(item.place, "a branch of 'choose' is a mapping", "write {weight: 1, steps: [486]}")
            continue
        choice = Fields(item, "choice", "a branch of 'choose'", compiler.reader)
        weight = _weight(compiler, choice)
        _required(compiler, choice, "steps")
        inside = around.inside(f".{number}", responds_later=around.responds_later, methods=around.methods)
        block = compiler.block(choice.of("steps", t.STEPS), "steps", inside)
        total += weight
        branches.append((total, block))
    return [plan.Choose(fields.node.place, tuple(branches))] if branches else []


def _weight(compiler: StepCompiler, fields: Fields) -> float:
    scalar = fields.text("weight", t.WEIGHT)
    if scalar is None:
        return 1.0
    try:
        weight = float(scalar.text)
    except ValueError:
        weight = 0.0
    if scalar.quoted or not 0 < weight < 1e9:
        compiler.reader.wrong(scalar, "weight", t.WEIGHT)
        return 1.0
    return weight


def _required(compiler: StepCompiler, fields: Fields, name: str) -> None:
    if fields.node.key(name) is None and not fields.misspelt(name):
        compiler.problems.add(
            fields.node.place, f"{fields.title} has no '{name}'", f"it needs {fields.keys[name].type.says}"
        )


def repeat(compiler: StepCompiler, fields: Fields, around: Around) -> list[Step]:
    """The same steps again."""
    node = fields.of("repeat", t.REPEAT)
    if not isinstance(node, Mapping):
        if node is not None:
            compiler.reader.wrong(node, "repeat", t.REPEAT)
        return []
    inner = Fields(node, "repeat", "'repeat'", compiler.reader)
    _required(compiler, inner, "steps")
    times = inner.integer("times")
    forever = inner.of("forever", t.TRUE)
    if forever is not None and not (isinstance(forever, Scalar) and forever.kind == BOOLEAN and forever.truth):
        compiler.reader.wrong(forever, "forever", t.TRUE)
    if ("times" in inner) == ("forever" in inner):
        what = "'repeat' has both 'times' and 'forever'" if "times" in inner else "'repeat' does not say how often"
        compiler.problems.add(fields.place("repeat"), what, "write times: 3, or forever: true")
    body = inner.of("steps", t.STEPS)
    again = outlook(body.items, around.library.find)[0] if isinstance(body, Sequence) else None
    inside = around.inside("", responds_later=bool(again) or around.responds_later, methods=around.methods)
    return [
        plan.Repeat(
            fields.node.place,
            0 if "forever" in inner and not times else times or 1,
            compiler.block(body, "steps", inside),
        )
    ]


def fork(compiler: StepCompiler, fields: Fields, around: Around) -> list[Step]:
    """Branches with a To-tag each."""
    node = fields.of("fork", t.BLOCKS)
    pairs = compiler.reader.pairs(node, "fork", t.BLOCKS) if node is not None else None
    blocks = []
    for key, value in pairs or ():
        compiler.reader.name(key, "fork")
        inside = replace(around.inside(f".{key.text}", responds_later=False, methods=around.methods), forked=True)
        blocks.append((key.text, compiler.block(value, key.text, inside)))
    if pairs is not None and len(pairs) == 1:
        compiler.problems.add(
            fields.place("fork"), "a fork with one branch", "write its steps without `fork`, or another branch"
        )
    race = bool(fields.boolean("race"))
    return [plan.Parallel(fields.node.place, tuple(blocks), True, race)] if blocks else []


def unordered(compiler: StepCompiler, fields: Fields, around: Around) -> list[Step]:
    """Branches of one call."""
    node = fields.of("unordered", t.UNORDERED)
    blocks = []
    for number, item in enumerate(
        compiler.reader.sequence(node, "unordered", t.UNORDERED) or () if node is not None else (), 1
    ):
        items = item.items if isinstance(item, Sequence) else (item,)
        inside = around.inside(f".{number}", responds_later=False, methods=ANY)
        blocks.append((str(number), compiler.steps(items, inside)))
    return [plan.Parallel(fields.node.place, tuple(blocks), False)] if blocks else []


def use(compiler: StepCompiler, fields: Fields, around: Around) -> list[Step]:
    """A named block in place."""
    node = fields.of("use", t.NAME)
    name = None if node is None else compiler.reader.name(node, "use")
    if name is None:
        return []
    found = around.library.look_up(name.text)
    if found is None:
        known = around.library.names
        if name.text in shipped.names():
            compiler.problems.add(name.place, f"'{name.text}' is several rules", "`use` takes the steps of one flow")
        else:
            question = did_you_mean(name.text, known | shipped.names())
            others = f"known are {listed(sorted(known), last='and')}" if known else "`define` it"
            compiler.problems.add(name.place, f"nothing is called '{name.text}'", question or others)
        return []
    body, library = found
    mark = (id(body), name.text)
    if mark in around.used:
        circle = " uses ".join(f"'{n}'" for _, n in (*around.used[around.used.index(mark) :], mark))
        compiler.problems.add(name.place, f"{circle}: that has no end", "take one `use` out")
        return []
    if len(around.used) >= MOST_USES:
        compiler.problems.add(
            name.place, f"more than {MOST_USES} blocks in blocks", "`use` fewer of them in one another"
        )
        return []
    inside = replace(around, library=library, used=(*around.used, mark))
    return [plan.Run(fields.node.place, name.text, compiler.steps(body.items, inside))]
