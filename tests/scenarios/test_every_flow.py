"""Every shipped flow, from its first request to the last timer, with a client that behaves."""

from __future__ import annotations

import pytest

from responder.events import Flow as Path_

from .client import Client, path_of
from .flows import EVERY, Flow
from .shown import lacks
from .world import TCP, UDP, UDP6, World

ALL = pytest.mark.parametrize("flow", EVERY, ids=str)


@ALL
class TestEvery:
    @pytest.mark.parametrize("over", [UDP, TCP, UDP6], ids=["UDP", "TCP", "IPv6"])
    def test_what_passes_the_wire(self, flow: Flow, over: Path_) -> None:
        if flow.datagrams and over.reliable:
            pytest.skip("a stream loses nothing")
        world = flow.world()
        client = flow.open(world, flow=over)
        world.finish()
        assert client.story() == flow.story
        assert (client.ended.scenario, client.ended.outcome, client.ended.reason) == (
            flow.called,
            flow.outcome,
            flow.reason,
        )
        assert (client.ended.source, client.ended.transport) == (over.remote, over.transport)
        assert (client.ended.method, client.ended.uri, client.ended.caller) == (
            flow.method,
            client.uri,
            "sip:alice@example.com",
        )
        assert _told(world, client) == flow.then
        assert (world.called_party.story() if world.called_party else "") == flow.rings
        assert world.engine.finished == 1 + len(flow.then)

    def test_what_its_messages_show(self, flow: Flow) -> None:
        world = flow.world()
        client = flow.open(world)
        world.finish()
        for word, lines in flow.shows.items():
            what, _, number = word.partition(" ")
            message = client.every(what)[int(number or 1) - 1]
            assert [wrong for line in lines if (wrong := lacks(message, line))] == []

    def test_the_path_in_its_record(self, flow: Flow) -> None:
        """What `events.CallEnded.path` says that it is."""
        if flow.rings or "fault" in flow.notes:
            pytest.skip("it has what was lost, and what others were sent, too")
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
        assert _told(world, client) == flow.then
        assert (client.ended.scenario, client.ended.outcome) == (flow.called, flow.outcome)


def _told(world: World, client: Client) -> tuple[str, ...]:
    """The stories of the calls that came of this one, each from its first message on."""
    others = [other.story() for other in world.clients.values() if other is not client]
    return tuple(told[told.index("<") :] for told in others)
