"""Every shipped flow in other circumstances: proxies, other offers, many clients at once, clients that vanish."""

from __future__ import annotations

from dataclasses import replace

import pytest

from .client import Client
from .flows import FLOWS, INVITES, Flow
from .wire import OFFER, Message
from .world import TIMEOUT, World, shipped

HOPELESS = OFFER.replace(b"RTP/AVP 0 8 101", b"RTP/AVP 77").partition(b"a=")[0] + b"a=rtpmap:77 teleport/8000\r\n"
PROXIES = (
    "Via: SIP/2.0/UDP p2.example.com;branch=z9hG4bKp2;received=198.51.100.2",
    "Via: SIP/2.0/TCP [2001:db8::7]:5060;branch=z9hG4bKp1",
    "Record-Route: <sip:192.0.2.10:5062;lr>",
    "Record-Route: <sip:p1.example.com;lr;x=1>, <sip:p0.example.com;lr>",
)


@pytest.mark.parametrize("flow", FLOWS, ids=str)
class TestEvery:
    def test_behind_proxies(self, flow: Flow) -> None:
        """8.2.6.2: all Vias come back in order; 12.1.1: so does Record-Route, where a dialog is made."""
        world = flow.world()
        client = flow.open(world, fields=PROXIES)
        world.finish()
        assert client.story() == flow.story
        first = client.sent[next(iter(client.sent))]
        for entry in client.trace:
            message = entry.message
            if not message.is_response or entry.what[0] == "<" or message.branch != first.branch:
                continue
            if message.method == "CANCEL":
                continue  # a hop by itself (9.1)
            vias = ", ".join(message.every("via")).split(", ")
            assert vias[1:] == first.every("via")[1:], message
            if message.method == "INVITE" and 100 < message.status < 300 and flow.strict:
                recorded = ", ".join(message.every("record-route"))
                assert recorded == ", ".join(first.every("record-route")), message

    def test_five_at_once(self, flow: Flow) -> None:
        """Calls have nothing to do with one another: neither times nor tags nor what is said."""
        if flow.name == "flaky":
            pytest.skip("each call has its own mood")
        world = flow.world()
        clients = []
        for number in range(1, 6):
            clients.append(flow.open(world, number=number, caller=f'"Alice" <sip:alice{number}@example.com>'))
            world.run(0.01)
        world.finish()
        for number, client in enumerate(clients, 1):
            began = client.trace[0].time
            for entry in client.trace:
                entry.time -= began
            assert client.story() == flow.story
            assert client.ended.caller == f"sip:alice{number}@example.com"
        tags = {_last_response(client).to_tag for client in clients}
        assert len(tags) == (5 if flow.strict else 1)
        assert sorted(event.call for event in world.ended) == list(range(1, len(world.ended) + 1))

    def test_nobody_watches(self, flow: Flow) -> None:
        """The bytes are the same where no events are asked for."""
        out: list[list[tuple[float, bytes]]] = []
        for observer in (0, 1, 2, 3):
            world = flow.world(observer=observer)
            world.blind = observer < 3
            client = flow.open(world)
            world.run(200.0)
            out.append([(round(entry.time, 6), entry.message.data) for entry in client.trace])
        assert out[0] == out[1] == out[2] == out[3]


def _last_response(client: Client) -> Message:
    return [entry.message for entry in client.trace if entry.message.is_response and entry.what.isdecimal()][-1]


@pytest.mark.parametrize("flow", INVITES, ids=str)
class TestOffers:
    def test_without_an_offer(self, flow: Flow) -> None:
        """13.2.1: then ours is in the first reliable response, and its answer in the ACK or the PRACK."""
        quiet = replace(flow, body=b"")
        world = quiet.world()
        client = quiet.open(world)
        world.finish()
        assert client.story() == flow.story
        assert client.ended.outcome == flow.outcome
        if "200" in flow.story.split():
            answered = client.every("200")[0]
            carriers = [message for message in (*client.every("<PRACK"), *client.every("<ACK")) if message.body]
            assert len(carriers) == 1 or flow.name == "reliable-ringing"
            assert answered.sdp or client.every("<PRACK")

    def test_an_offer_that_nobody_can_answer(self, flow: Flow) -> None:
        """13.3.1.3: 488 with a Warning, where the flow would have answered."""
        quiet = replace(flow, body=HOPELESS, script=None, habits={**flow.habits, "talks": None})
        world = quiet.world()
        client = quiet.open(world)
        world.run(200.0)
        story = client.story().split()
        if "200" in flow.story.split():
            assert "488" in story
            assert "200" not in story
            refused = client.the("488")
            assert refused.the("warning").startswith("305 127.0.0.1")
            assert client.dialogs == {}
        else:
            assert "200" not in story
        if flow.name == "no-answer":
            client.cancel()
        world.finish()
        assert len(world.ended) == 1


ENDLESS = ("no-answer",)
"""They ring until CANCEL, that is what they are for."""


@pytest.mark.parametrize("flow", [flow for flow in FLOWS if flow.name not in ENDLESS], ids=str)
class TestGone:
    """A client that sends its first request and is never heard of again."""

    def test_it_ends_by_itself(self, flow: Flow) -> None:
        quiet = replace(flow, script=None, habits={})
        world = quiet.world()
        silence = dict.fromkeys(("BYE", "INVITE", "UPDATE"))
        client = quiet.open(world, acks=False, pracks=False, tries=0, talks=None, answers=silence)
        world.finish()
        good = (flow.method != "INVITE" and "401" not in flow.story) or flow.name == "wrong-on-purpose"
        expected = ("completed",) if good else ("no-ack", "no-prack", "failed", "abandoned")
        assert client.ended.outcome in expected
        assert client.ended.time <= client.trace[-1].time + TIMEOUT + 0.5

    def test_its_transport_fails_at_once(self, flow: Flow) -> None:
        """17.2.4, RFC 6026 7.1: a response that cannot be delivered changes nothing for the server transaction."""
        quiet = replace(flow, script=None, habits={})
        world = quiet.world()
        client = quiet.open(world, acks=False, pracks=False, tries=0, talks=None)
        world.engine.transport_failed(client.flow, world.now, "port unreachable")
        world.run(0.1)
        world.engine.transport_failed(client.flow, world.now, "port unreachable")
        world.finish()
        assert len(world.ended) == 1


def test_a_cancel_that_overtakes_its_invite() -> None:
    """9.2: 481, since there is no such transaction yet; the INVITE then goes its way."""
    world = World(shipped("busy"))
    client = Client(world).begin()
    invite, _, _ = world._inbox.pop()
    client.cancel()
    world._inbox.append((invite, client.flow, False))
    world.finish()
    assert client.story() == "<INVITE <CANCEL 481/CANCEL 100 180 2s 486 <ACK"


class TestUsages:
    """RFC 5057: what else may be in a dialog beside its session."""

    @pytest.mark.parametrize("refused", ["486", "487"])
    @pytest.mark.parametrize("method", ["REFER", "SUBSCRIBE"])
    def test_a_subscription_in_an_early_dialog(self, method: str, refused: str) -> None:
        """12.3: a refusal of the INVITE ends its early dialogs, and nothing is left of them."""
        world = World("steps: [180, 5s, 486]")
        client = Client(world).begin()
        world.run(1.0)
        fields = {"REFER": ["Refer-To: <sip:c@x>"], "SUBSCRIBE": ["Event: presence", "Expires: 60"]}[method]
        client.request(method, *fields, within=True)
        world.run(1.0)
        assert client.every("NOTIFY")
        if refused == "487":
            client.cancel()
        world.finish()
        assert client.every(refused)
        assert client.every("BYE") == []
        assert client.times("NOTIFY")[-1] == 1.0

    @pytest.mark.parametrize("method", ["REFER", "SUBSCRIBE"])
    def test_a_subscription_in_a_call(self, method: str) -> None:
        world = World("steps: [180, 200]")
        client = Client(world, talks=5.0).begin()
        world.run(1.0)
        fields = {"REFER": ["Refer-To: <sip:c@x>"], "SUBSCRIBE": ["Event: presence", "Expires: 60"]}[method]
        client.request(method, *fields, within=True)
        world.finish()
        assert client.every("NOTIFY")
        assert client.every("200/BYE")
        assert client.ended.outcome == "completed"

    def test_shutdown_of_a_subscription(self) -> None:
        """RFC 6665 section 4.1.2.3: a NOTIFY says that it is over; BYE is for sessions."""
        world = World()
        client = Client(world, "SUBSCRIBE", fields=["Event: presence", "Expires: 600"]).begin()
        world.run(1.0)
        world.engine.shutdown(world.now)
        world.finish()
        assert client.story() == "<SUBSCRIBE 200 NOTIFY <200/NOTIFY 1s NOTIFY <200/NOTIFY"
        assert client.every("NOTIFY")[1].the("subscription-state").startswith("terminated")

    def test_hangup_of_a_subscription(self) -> None:
        world = World("match: {method: SUBSCRIBE}\nsteps: [200, 2s, hangup]")
        client = Client(world, "SUBSCRIBE", fields=["Event: presence", "Expires: 600"]).begin()
        world.finish()
        assert client.story() == "<SUBSCRIBE 200 NOTIFY <200/NOTIFY 2s NOTIFY <200/NOTIFY"
        assert client.every("NOTIFY")[1].the("subscription-state").startswith("terminated")
