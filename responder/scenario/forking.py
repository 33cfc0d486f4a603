"""Branches that run side by side: forks and unordered steps.

A fork is what a forking proxy in front of us would show a client: an early dialog for each branch, the first 2xx ends
the others, and of refusals only the best is seen (RFC 3261 section 16.7).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

from responder.scenario.thread import Thread

if TYPE_CHECKING:
    from responder.scenario import plan
    from responder.scenario.runner import Runner
    from responder.uas.script import Reply

_PREFERRED: Final = frozenset({401, 407, 415, 420, 484})
"""Those of 4xx that tell the client how to try again."""


def best(held: Sequence[tuple[Thread, Reply]]) -> tuple[Thread, Reply]:
    """A 6xx where there is one, else the lowest class, in it one that helps the client, else the first that came."""

    def rank(pair: tuple[Thread, Reply]) -> tuple[int, int]:
        status = pair[1].status
        return (0 if status >= 600 else status // 100, 0 if status in _PREFERRED else 1)

    return min(held, key=rank)


def parallel(runner: Runner, thread: Thread, step: plan.Parallel) -> bool:
    """Begin all branches; the thread goes on when they are done."""
    thread.held.clear()
    children = [
        Thread(runner, block, thread, runner.call.branch_tag() if step.forked else thread.tag)
        for _, block in step.blocks
    ]
    thread.children = len(children)
    if step.forked:
        runner.call.forking = True
        thread.race = step.race
    # not before all are there: a branch that is done at once must not end the step
    runner.threads.remove(thread)
    runner.threads += children
    for child in children:
        if child in runner.threads:
            runner.run(child)
    return True


def won(runner: Runner, winner: Thread, fork: Thread) -> None:
    """A branch answered with 2xx: as a forking proxy would, the other branches are given up (16.7 step 10).

    In a race the others had answered before they could be: the client gets all of their 2xx (16.7 step 5, 13.2.2.4).
    """
    if fork.race:
        return
    for thread in tuple(runner.threads):
        ancestor: Thread | None = thread
        while ancestor is not None and ancestor.parent is not fork:
            ancestor = ancestor.parent
        if ancestor is not None and ancestor is not winner:
            runner.threads.remove(thread)
            runner.abandon(thread)
    runner.call.forking = False
    fork.children = 1
    fork.held.clear()


def join(runner: Runner, parent: Thread) -> None:
    """All branches are done: the thread that they came from goes on."""
    runner.call.forking = False
    if parent.held:
        thread, reply = best(parent.held)
        parent.held.clear()
        if parent.transaction.open:
            runner.call.respond(parent.transaction, reply, thread)
    runner.threads.append(parent)
    runner.run(parent)
