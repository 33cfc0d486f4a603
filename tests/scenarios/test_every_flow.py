"""Every shipped flow, from its first request to the last timer, with a client that behaves."""

from __future__ import annotations

import pytest

from responder.events import Flow as Path_

from .client import path_of
from .flows import FLOWS, Flow
from .world import TCP, UDP, UDP6, World

ALL = pytest.mark.parametrize("flow", FLOWS, ids=str)


@ALL
class TestEvery:
    @pytest.mark.parametrize("over", [UDP, TCP, UDP6], ids=["UDP", "TCP", "IPv6"])
    def test_what_passes_the_wire(self, flow: Flow, over: Path_) -> None:
        world = flow.world()
        client = flow.open(world, flow=over)
        world.finish()
        assert client.story() == flow.story
        assert (client.ended.scenario, client.ended.outcome, client.ended.reason) == (flow.called, flow.outcome, "")
        assert (client.ended.source, client.ended.transport) == (over.remote, over.transport)
        assert (client.ended.method, client.ended.uri, client.ended.caller) == (
            flow.method,
            client.uri,
            "sip:alice@example.com",
        )
        assert world.engine.finished == 1

    def test_the_path_in_its_record(self, flow: Flow) -> None:
        """What `events.CallEnded.path` says that it is."""
        world = flow.world()
        client = flow.open(world)
        world.finish()
        assert client.ended.path == path_of(client.trace)

    def test_the_journal_has_nothing_to_complain_of(self, flow: Flow) -> None:
        """No near miss, no problem; and no deviation, except where the flow is wrong on purpose."""
        world = flow.world()
        flow.open(world)
        world.finish()
        assert [note for note in world.notes if note[0] not in ("log", *flow.notes)] == []

    def test_it_can_be_dialled(self, flow: Flow) -> None:
        world = World()
        client = flow.open(world, user=flow.name)
        world.finish()
        assert client.story() == flow.story
        assert (client.ended.scenario, client.ended.outcome) == (flow.called, flow.outcome)
