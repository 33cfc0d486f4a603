"""Driving a client through response codes: the cases, what each is answered with, running and judging them.

The Python API (docs/api.md): `await sweep(cases, Command("client {uri}"))`. Its names are loaded when they are asked
for first.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from responder.sweep.attempt import Terms
    from responder.sweep.command import Command, CommandError
    from responder.sweep.selection import Selection
    from responder.sweep.sweeping import Judging, sweep

__all__ = ["Command", "CommandError", "Judging", "Selection", "Terms", "sweep"]

_HOMES = {
    "Command": "responder.sweep.command",
    "CommandError": "responder.sweep.command",
    "Judging": "responder.sweep.sweeping",
    "Selection": "responder.sweep.selection",
    "Terms": "responder.sweep.attempt",
    "sweep": "responder.sweep.sweeping",
}


def __getattr__(name: str) -> object:
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(home), name)
