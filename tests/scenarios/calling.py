"""A flow given as text, and a client that calls it."""

from __future__ import annotations

from typing import Any

from .client import Client
from .world import World

TALK = "<ACK 0.75s <BYE 200/BYE"
"""What follows a 2xx when the client hangs up."""


def opened(source: str, **more: Any) -> tuple[World, Client]:
    """A client that has begun, and does not hang up by itself."""
    world = World(source)
    client = Client(world, **{"talks": None, **more}).begin()
    world.pump()
    return world, client


def called(source: str, **more: Any) -> Client:
    """A client that has gone through the flow."""
    world = World(source)
    client = Client(world, **more).begin()
    world.finish()
    return client
