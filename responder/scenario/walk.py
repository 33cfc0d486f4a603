"""All steps of a block, however deep."""

from __future__ import annotations

from collections.abc import Iterator

from responder.scenario import plan
from responder.scenario.plan import Block, Step


def every_step(block: Block) -> Iterator[Step]:
    """The steps of a block and of all blocks in it."""
    for step in block:
        yield step
        for inner in blocks_of(step):
            yield from every_step(inner)


def blocks_of(step: Step) -> Iterator[Block]:
    """The blocks that a step holds."""
    if isinstance(step, plan.Run | plan.Repeat):
        yield step.block
    elif isinstance(step, plan.Choose | plan.Parallel):
        for _, block in step.branches if isinstance(step, plan.Choose) else step.blocks:
            yield block
    elif isinstance(step, plan.Expect | plan.Challenge) and step.otherwise is not None:
        yield step.otherwise


def is_left_to_chance(step: Step) -> bool:
    """Whether what goes wrong with its message is drawn."""
    if isinstance(step, plan.Respond | plan.Challenge):
        fault = step.reply.fault
    else:
        fault = step.order.fault if isinstance(step, plan.Send) else None
    return fault is not None and fault.chance < 1
