"""Every shipped flow with clients that do anything at any time: nothing breaks, nothing stays."""

from __future__ import annotations

import random
from typing import Any

import pytest

from responder.events import Flow as Path

from .client import Client
from .flows import FLOWS, Flow
from .wire import NEW_OFFER
from .world import TCP, UDP, World

ACTIONS = 30
SEEDS = range(4)
_METHODS = ("OPTIONS", "INFO", "MESSAGE", "UPDATE", "INVITE", "BYE", "PRACK", "NOTIFY", "REFER", "SUBSCRIBE", "ACK")


class Walker:
    """A client that draws what it does."""

    def __init__(self, world: World, flow: Flow, seed: int, over: Path) -> None:
        self.world = world
        self.draws = random.Random(f"{flow} {seed}")
        self.client = flow.open(
            world,
            flow=over,
            acks=self.draws.random() < 0.8,
            pracks=self.draws.random() < 0.8,
            tries=self.draws.randrange(4),
            copies=1 if over.reliable else self.draws.choice((1, 1, 2)),
            talks=self.draws.choice((None, 0.75)),
            password=self.draws.choice(("secret", "guess")),
            answers={method: self.draws.choice((200, 200, 481, 500, None)) for method in ("BYE", "INVITE", "UPDATE")},
        )

    def act(self) -> None:
        """One thing."""
        draws, client = self.draws, self.client
        self.world.run(draws.choice((0.0, 0.0, 0.1, 0.5, 1.0, 3.0, 10.0)))
        what = draws.randrange(8)
        if what == 0 and client.invite is not None:
            client.cancel()
        elif what == 1:
            self.again()
        elif what == 2:
            client.habits.acks = not client.habits.acks
        elif what == 3:
            client.request(client.method, *client.fields, body=client.body)
        elif what == 4:
            self.request(draws.choice(("nobody", "nobody else")))
        else:
            self.request(draws.choice([*(tag for tag in client.dialogs if tag), None]))
        self.world.pump()

    def request(self, tag: str | None) -> None:
        """A request in this dialog, or outside of any."""
        draws, client = self.draws, self.client
        method = draws.choice(_METHODS)
        fields = {
            "PRACK": [f"RAck: {draws.choice((1, 2, 12345))} {draws.choice((1, 2))} INVITE"],
            "SUBSCRIBE": ["Event: presence", "Expires: 60"],
            "NOTIFY": ["Event: presence", "Subscription-State: active"],
            "REFER": ["Refer-To: <sip:carol@example.com>"],
        }.get(method, [])
        body = NEW_OFFER if method in ("INVITE", "UPDATE") and draws.random() < 0.7 else b""
        cseq = draws.choice((None, None, None, client.cseq, 1))
        client.request(method, *fields, body=body, tag=tag, cseq=cseq)

    def again(self) -> None:
        """Something that it sent before."""
        mine = [entry.message.data for entry in self.client.trace if entry.what[0] == "<"]
        self.world.send(self.draws.choice(mine), self.client.flow)


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("flow", FLOWS, ids=str)
def test_walk(flow: Flow, seed: int) -> None:
    world = flow.world(seed=seed)
    walker = Walker(world, flow, seed, TCP if seed % 4 == 3 else UDP)
    for _ in range(ACTIONS):
        walker.act()
    client = walker.client
    client.habits.talks = None
    client.habits.tries = 0
    client.world.run(5.0)
    world.engine.shutdown(world.now)
    world.finish()
    assert {event.outcome for event in world.ended} <= {
        "completed",
        "cancelled",
        "no-ack",
        "no-prack",
        "failed",
        "abandoned",
        "rejected",
    }
    numbers = [event.call for event in world.ended]
    assert len(numbers) == len(set(numbers)) == world.engine.finished


def test_walks_get_somewhere() -> None:
    """They see what there is to be seen."""
    seen: set[str] = set()
    for seed in range(2):
        for flow in FLOWS[::3]:
            world = flow.world(seed=seed)
            walker: Any = Walker(world, flow, seed, UDP)
            for _ in range(ACTIONS):
                walker.act()
            seen |= {entry.what.partition("/")[0] for entry in walker.client.trace}
    assert {"100", "180", "200", "481", "487", "BYE"} <= seen
    assert isinstance(walker.client, Client)
