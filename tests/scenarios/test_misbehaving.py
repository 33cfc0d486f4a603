"""Every shipped flow with clients that do not behave, or that change their mind, at every point of it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from functools import cache
from itertools import pairwise

import pytest

from .client import Client, Entry
from .flows import BY_NAME, FLOWS, INVITES, Flow
from .wire import NEW_OFFER
from .world import RESPONSE_TIMES, TCP, TIMEOUT, UDP, World

LONG = 130.0
"""Seconds: longer than any shipped flow takes."""

Line = list[tuple[float, str]]


def timeline(entries: Iterable[Entry]) -> Line:
    """What passed the wire when, without retransmissions."""
    return [(round(entry.time, 3), entry.what) for entry in entries if not entry.again]


def left_alone(flow: Flow) -> Flow:
    """The same with a client that takes what comes and does nothing by itself."""
    return replace(flow, script=None, habits={**flow.habits, "talks": None})


@cache
def course(name: str) -> tuple[tuple[float, str], ...]:
    """How a flow goes when the client does nothing by itself."""
    flow = left_alone(BY_NAME[name])
    world = flow.world()
    client = flow.open(world)
    world.run(LONG)
    return tuple(timeline(client.trace))


def points(name: str) -> list[float]:
    """When something happens in a flow, and moments between."""
    times = sorted({time for time, _ in course(name)})
    between = [(first + second) / 2 for first, second in pairwise(times)]
    return sorted([*times, *between, times[-1] + 1.0])


def before(name: str, time: float) -> Line:
    """What has happened by then."""
    return [event for event in course(name) if event[0] <= time + 1e-6]


def invite_waits(line: Line) -> bool:
    """Whether the last INVITE of the client has no final response."""
    waits = False
    for _, what in line:
        if what == "<INVITE":
            waits = True
        elif what.isdecimal() and int(what) >= 200:
            waits = False
    return waits


def ends_it(client: Client) -> None:
    """The client ends what still stands."""
    if invite_waits(timeline(client.trace)):
        client.cancel()
    elif any(branch.confirmed for branch in client.dialogs.values()) and None not in client.dialogs:
        client.bye()


EVERY_POINT = [pytest.param(flow, time, id=f"{flow}-{time:g}s") for flow in INVITES for time in points(flow.name)]


@pytest.mark.parametrize(("flow", "time"), EVERY_POINT)
class TestAtEveryPoint:
    def test_cancel(self, flow: Flow, time: float) -> None:
        """9.2: 200 to CANCEL; 487 where the INVITE waits, no effect where it has its final response."""
        world = (quiet := left_alone(flow)).world()
        client = quiet.open(world)
        world.at(time)
        client.cancel()
        world.run(LONG)
        line = timeline(client.trace)
        so_far = before(flow.name, time)
        at = round(time, 3)
        if invite_waits(so_far) and flow.cancel == "487":
            assert line == [*so_far, (at, "<CANCEL"), (at, "200/CANCEL"), (at, "487"), (at, "<ACK")]
            if flow.strict:
                tags = {client.the("200/CANCEL").to_tag, client.the("487").to_tag}
                assert len(tags) == 1, "9.2: the To tags SHOULD be the same"
            outcome = "cancelled"
        else:
            assert [event for event in line if event[1].endswith("CANCEL")] == [(at, "<CANCEL"), (at, "200/CANCEL")]
            assert tuple(event for event in line if not event[1].endswith("CANCEL")) == course(flow.name)
            outcome = "completed"
        ends_it(client)
        world.finish()
        assert (client.ended.outcome, client.ended.scenario) == (outcome, flow.called)

    def test_bye(self, flow: Flow, time: float) -> None:
        """15.1.2: 200 to BYE, 487 to the INVITE where that waits."""
        world = (quiet := left_alone(flow)).world()
        client = quiet.open(world)
        world.at(time)
        if client.over or not client.dialogs or None in client.dialogs or len(client.dialogs) > 1:
            pytest.skip("no dialog, or several")
        if flow.name == "forking" and time < 1.0:
            pytest.skip("the other branch goes on")
        client.bye()
        world.run(LONG)
        so_far = before(flow.name, time)
        at = round(time, 3)
        refused = [(at, "487"), (at, "<ACK")] if invite_waits(so_far) else []
        assert timeline(client.trace) == [*so_far, (at, "<BYE"), (at, "200/BYE"), *refused]
        world.finish()
        assert (client.ended.outcome, client.ended.scenario) == ("completed", flow.called)

    def test_requests_that_have_nothing_to_do_with_it(self, flow: Flow, time: float) -> None:
        """11.2, 12.2.2: OPTIONS is answered in any dialog, what belongs to no dialog gets 481; the flow goes on."""
        world = (quiet := left_alone(flow)).world()
        client = quiet.open(world)
        world.at(time)
        dialogs = [tag for tag in client.dialogs if tag is not None and not client.over]
        for tag in dialogs:
            client.request("OPTIONS", tag=tag)
        client.request("BYE", tag="nobody-has-this-tag")
        client.request("OPTIONS", from_="<sip:carol@example.com>;tag=other")
        world.pump()
        assert [message.to_tag for message in client.every("200/OPTIONS")[: len(dialogs)]] == dialogs
        assert [message.status for message in client.every("481/BYE")] == [481]
        outside = {"not-found": 404, "overload-503-retry-after": 503}.get(flow.name, 200)
        assert len(client.every(f"{outside}/OPTIONS")) == (len(dialogs) if outside == 200 else 0) + 1
        world.run(LONG)
        line = timeline(client.trace)
        noise = ("<OPTIONS", f"{outside}/OPTIONS", "200/OPTIONS", "<BYE", "481/BYE")
        assert tuple(event for event in line if event[1] not in noise) == course(flow.name)
        ends_it(client)
        world.finish()
        (event,) = [event for event in world.ended if event.method == "INVITE"]
        outcome = "cancelled" if invite_waits(list(course(flow.name))) else "completed"
        assert (event.outcome, event.scenario) == (outcome, flow.called)

    def test_shutdown(self, flow: Flow, time: float) -> None:
        """What waits gets a final response, what stands gets a BYE (after its ACK: 15)."""
        world = (quiet := left_alone(flow)).world()
        client = quiet.open(world)
        world.at(time)
        so_far = before(flow.name, time)
        stands = any(branch.confirmed for branch in client.dialogs.values()) and None not in client.dialogs
        stands = stands and not client.over
        world.engine.shutdown(world.now)
        world.pump()
        since = timeline(client.trace)[len(so_far) :]
        if invite_waits(so_far):
            assert [what for _, what in since] == ["480", "<ACK"]
        else:
            assert [what for _, what in since] == (["BYE", "<200/BYE"] if stands else [])
        world.finish()


@pytest.mark.parametrize("flow", INVITES, ids=str)
class TestWithoutAck:
    """13.3.1.4, 17.2.1."""

    @pytest.mark.parametrize("over", [UDP, TCP], ids=["UDP", "TCP"])
    def test_it_is_sent_again_and_then_given_up(self, flow: Flow, over: object) -> None:
        quiet = left_alone(flow)
        if flow.name == "no-answer":
            quiet = flow
        world = quiet.world()
        client = quiet.open(world, acks=False, flow=over)
        world.finish()
        finals = [(time, what) for time, what in timeline(client.trace) if what.isdecimal() and 200 <= int(what) < 700]
        assert finals
        for status in {what for _, what in finals}:
            begun = [time for time, what in finals if what == status]
            repeated = [*RESPONSE_TIMES] if over is UDP or status < "300" else []
            if flow.name == "wrong-on-purpose":
                repeated = []  # without a To tag there is no dialog
            expected = sorted(start + more for start in begun for more in [0.0, *repeated])
            assert client.times(status) == pytest.approx(expected, abs=0.001), status
        at, last = finals[-1]
        if last < "300" and flow.name != "wrong-on-purpose":
            assert client.times("BYE") == pytest.approx([at + TIMEOUT], abs=0.001)
        else:
            assert client.times("BYE") == []
        assert (client.ended.outcome, client.ended.scenario) == (flow.unheard, flow.called)
        assert bool(client.ended.reason) == (flow.unheard != "completed")


@pytest.mark.parametrize("flow", FLOWS, ids=str)
class TestEverythingTwice:
    """17.2: retransmissions are absorbed, or get the last response again; `World` looks at each."""

    @pytest.mark.parametrize("copies", [2, 4])
    def test_nothing_changes(self, flow: Flow, copies: int) -> None:
        world = flow.world()
        client = flow.open(world, copies=copies)
        world.finish()
        assert client.story() == flow.story
        assert client.ended.outcome == flow.outcome


@pytest.mark.parametrize("lower", [False, True], ids=["next CSeq", "same CSeq"])
def test_a_second_invite_in_an_early_dialog(lower: bool) -> None:
    """14.2: 500 with Retry-After; the first INVITE and its early dialog have nothing to do with that."""
    world = World("steps: [180, 5s, 200]")
    client = Client(world).begin()
    world.run(1.0)
    client.request("INVITE", within=True, body=NEW_OFFER, cseq=1 if lower else None)
    world.pump()
    assert client.every("500")
    assert lower or 0 <= int(client.the("500").the("retry-after")) <= 10
    client.request("OPTIONS", within=True)
    world.finish()
    assert client.every("200/OPTIONS")
    assert client.every("200")[0].to_tag == client.the("180").to_tag
    assert client.story().endswith("<ACK 0.75s <BYE 200/BYE")
    assert client.ended.outcome == "completed"
