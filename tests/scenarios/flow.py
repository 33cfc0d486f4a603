"""What a test knows of a shipped flow: how a client calls it, and all that passes the wire when it behaves."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from .client import Client, Habits
from .world import World, shipped


@dataclass(frozen=True)
class Flow:
    """One shipped flow and a client that behaves."""

    name: str
    story: str
    """As `Client.story` tells it."""
    rule: str = ""
    """Name of the rule that serves it; the flow's own name where that is empty."""
    method: str = "INVITE"
    user: str = "bob"
    fields: tuple[str, ...] = ()
    body: bytes | None = None
    content_type: str = "application/sdp"
    habits: dict[str, Any] = field(default_factory=dict)
    script: Callable[[World, Client], object] | None = None
    """What the client does at certain times beside its habits."""
    outcome: str = "completed"
    reason: str = ""
    """Why, where that is in its record."""
    datagrams: bool = False
    """It is for UDP only."""
    strict: bool = True
    cancel: str = "487"
    """What CANCEL leads to: `487`, or `ignored`."""
    unheard: str = "no-ack"
    """The outcome when the client sends no ACK."""
    notes: tuple[str, ...] = ()
    """Kinds of notes that it makes on purpose."""
    shows: dict[str, tuple[str, ...]] = field(default_factory=dict)
    """What its messages have, by what `Client.story` calls them (`INVITE 2` is the second): see `shown.lacks`."""
    then: tuple[str, ...] = ()
    """The stories of the calls that the client makes because of this one."""
    rings: str = ""
    """The story of whom we call because of it (`CalledParty.story`)."""

    def open(self, world: World, *, user: str = "", **changed: Any) -> Client:
        """A client that begins this flow."""
        habits = Habits(**{**self.habits, **{name: changed.pop(name) for name in list(changed) if name in _HABITS}})
        client = Client(
            world,
            self.method,
            user=user or self.user,
            fields=[*self.fields, *changed.pop("fields", ())],
            body=self.body,
            content_type=self.content_type,
            habits=habits,
            strict=self.strict,
            **changed,
        )
        if self.script is not None:
            self.script(world, client)
        return client.begin()

    def world(self, **more: Any) -> World:
        """An engine that has this flow and no other."""
        return World(shipped(self.name), **more)

    @property
    def called(self) -> str:
        """The name that the journal has for it."""
        return self.rule or self.name

    def __str__(self) -> str:
        return self.name


_HABITS = Habits.__dataclass_fields__
