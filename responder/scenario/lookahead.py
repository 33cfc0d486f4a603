"""Whether the steps that follow respond to the request at hand: looked up in the file's nodes, before compiling."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from collections.abc import Sequence as Sequence_
from typing import Final

from responder.scenario import plan
from responder.scenario.language import STEP_NAMES
from responder.scenario.nodes import INTEGER, Mapping, Node, Scalar, Sequence

Find = Callable[[str], "Sequence | None"]
"""The steps of a named block, None where there is none of that name."""

_DEEPEST: Final = 4
"""Blocks in blocks that are looked into; below that nothing is said to respond."""


def kind_of_step(node: Node) -> str:
    """The name of the step that a node is; empty where it is none, or a bare duration."""
    if isinstance(node, Scalar):
        return "respond" if node.kind == INTEGER else node.text if node.text in ("hangup", "end") else ""
    if not isinstance(node, Mapping):
        return ""
    names = [key.text for key, _ in node.items if key.text in STEP_NAMES]
    for name in ("send", "notify"):
        if name in names:
            return name  # `expect` is an option of it
    if "expect" in names:
        return "expect"  # and `check` of this
    return names[0] if names else ""


def outlook(nodes: Sequence_[Node], find: Find) -> list[bool | None]:
    """For each node of a block, and for its end, whether a response follows from there on.

    True: some step responds before another request is awaited. False: none does. None: what follows the block decides.
    """
    found: list[bool | None] = [None]
    for node in reversed(nodes):
        own = _responds(node, find, 0)
        found.append(found[-1] if own is None else own)
    found.reverse()
    return found


def final_of(steps: Iterable[plan.Step]) -> int:
    """The first final response among these steps, 0 where another request is awaited before it or there is none."""
    for step in steps:
        status = 0
        if isinstance(step, plan.Respond):
            status = step.reply.status
        elif isinstance(step, plan.Run | plan.Repeat):
            status = final_of(step.block)
        elif isinstance(step, plan.Expect | plan.Choose | plan.Parallel):
            return 0
        if status >= 200:
            return status
    return 0


def _responds(node: Node, find: Find, depth: int) -> bool | None:
    kind = kind_of_step(node)
    if kind in ("respond", "challenge"):
        return True
    if kind == "end" or (kind == "expect" and _awaits_request(node)):
        return False
    for block in _blocks(node, kind, find) if depth < _DEEPEST else ():
        for inner in block:
            found = _responds(inner, find, depth + 1)
            if found is not None:
                return found
    return None


def _awaits_request(node: Node) -> bool:
    value = node.get("expect") if isinstance(node, Mapping) else None
    return not (isinstance(value, Scalar) and value.text in ("ACK", "CANCEL", "PRACK"))


def _blocks(node: Node, kind: str, find: Find) -> list[Iterable[Node]]:
    value = node.get(kind) if isinstance(node, Mapping) else None
    if kind == "use" and isinstance(value, Scalar):
        found = find(value.text)
        return [found.items] if found is not None else []
    if kind == "repeat" and isinstance(value, Mapping):
        return [_items(value.get("steps"))]
    if kind == "choose":
        return [_items(item.get("steps")) for item in _items(value) if isinstance(item, Mapping)]
    if kind == "fork" and isinstance(value, Mapping):
        return [_items(steps) for _, steps in value.items]
    if kind == "unordered":
        return [item.items if isinstance(item, Sequence) else (item,) for item in _items(value)]
    return []


def _items(node: Node | None) -> tuple[Node, ...]:
    return node.items if isinstance(node, Sequence) else ()
