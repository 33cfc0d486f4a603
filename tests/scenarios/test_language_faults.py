"""`fault` of a message and of a rule, as the client sees it."""

from __future__ import annotations

from .calling import opened
from .client import Client
from .world import World


def sent(source: str, **more: object) -> list[tuple[float, str]]:
    """When what reached a client that never acknowledges, in the first five seconds; copies too."""
    world = World(source)
    client = Client(world, acks=False, strict=False, **more).begin()
    world.run(5)
    return [(round(entry.time, 3), entry.what) for entry in client.trace if not entry.what.startswith("<")]


def test_a_response_that_is_lost_once_comes_with_its_first_retransmission() -> None:
    assert sent("steps: [{respond: 486, fault: {drop: 1}}]") == [(0.5, "486"), (1.5, "486"), (3.5, "486")]


def test_a_response_that_is_late() -> None:
    assert sent("steps: [{respond: 486, fault: {delay: 700ms}}]")[0] == (0.7, "486")


def test_a_request_of_ours_that_is_lost() -> None:
    world, client = opened("steps: [200, expect: ACK, {send: BYE, fault: {drop: 2}}]")
    world.finish()
    assert client.times("BYE")[0] == 1.5
    assert client.ended.outcome == "completed"


def test_the_fault_of_a_rule_is_for_messages_without_their_own() -> None:
    assert sent("fault: {delay: 2s}\nsteps: [{respond: 180, fault: {delay: 1s}}, 486]")[:2] == [
        (1.0, "180"),
        (2.0, "486"),
    ]


def test_an_ack_that_is_lost_leaves_the_2xx_to_be_sent_again() -> None:
    world, client = opened("fault: {lose: {ACK: 2}}\nsteps: [200, {expect: ACK, within: 20s}, {send: BYE}]")
    world.finish()
    assert client.times("200") == [0.0, 0.5, 1.5]
    assert client.times("BYE") == [1.5]
    assert client.ended.outcome == "completed"


def test_chances_come_from_the_seed() -> None:
    source = "seed: 3\nsteps:\n" + "  - {respond: 180, fault: {drop: 1, chance: 0.5}}\n" * 20 + "  - 486\n"
    first = [what for _, what in sent(source)]
    assert [what for _, what in sent(source)] == first
    assert 0 < first.count("180") < 20
