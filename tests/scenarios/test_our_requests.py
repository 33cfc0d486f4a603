"""Shipped flows in which the responder sends requests, and what clients may say to them."""

from __future__ import annotations

from typing import Any

import pytest

from .client import Answer, Client
from .flows import BY_NAME, Flow
from .wire import NEW_OFFER, OFFER, Message, tag_of
from .world import DOUBLING_TIMES, RESPONSE_TIMES, TCP, World, shipped

ASKING = [BY_NAME[name] for name in ("hangup-after-2s", "hold-by-us", "update-by-us", "voicemail")]
FIRST = {"hangup-after-2s": "BYE", "hold-by-us": "INVITE", "update-by-us": "UPDATE", "voicemail": "BYE"}


def called(name: str, answer: Answer = 200, **more: Any) -> Client:
    """A client that answers so to the first kind of request that the flow sends."""
    flow = BY_NAME[name]
    world = flow.world()
    client = flow.open(world, answers={FIRST[name]: answer}, **more)
    world.finish()
    return client


@pytest.mark.parametrize("flow", ASKING, ids=str)
class TestRequests:
    """12.2.1.1."""

    def test_they_belong_to_the_dialog(self, flow: Flow) -> None:
        world = flow.world()
        client = flow.open(world)
        world.finish()
        answered = client.every("200")[0]
        ours = [entry.message for entry in client.trace if entry.what in ("BYE", "UPDATE", "INVITE", "ACK")]
        assert ours
        for message in ours:
            assert message.the("from") == answered.the("to")
            assert message.the("to") == answered.the("from")
            assert message.uri == "sip:alice@192.0.2.10:5062"
            assert message.the("via").startswith("SIP/2.0/UDP 127.0.0.1:5060;branch=z9hG4bK")
        others = [message for message in ours if message.method != "ACK"]
        assert [message.cseq for message in others] == list(range(others[0].cseq, others[0].cseq + len(others)))
        assert len({message.branch for message in ours}) == len(ours)

    def test_through_the_proxies_of_the_route_set(self, flow: Flow) -> None:
        """12.1.1, 12.2.1.1: a UAS takes Record-Route in its order."""
        world = flow.world()
        client = flow.open(
            world, fields=["Record-Route: <sip:192.0.2.10:5062;lr>", "Record-Route: <sip:p2.example.com;lr>"]
        )
        world.finish()
        ours = [entry.message for entry in client.trace if entry.what in ("BYE", "UPDATE", "INVITE", "ACK")]
        for message in ours:
            assert message.every("route") == ["<sip:192.0.2.10:5062;lr>", "<sip:p2.example.com;lr>"]
        assert client.ended.outcome == "completed"

    def test_no_answer(self, flow: Flow) -> None:
        """17.1.1.2, 17.1.2.2: sent again until Timer B or F; the call is over then, and has failed where it had to be.

        `send` wants an answer; `hangup` (voicemail) has said what it had to say.
        """
        client = called(flow.name, None)
        what = FIRST[flow.name]
        (start, *again) = client.times(what)
        if what != "BYE":
            assert [time - start for time in again] == (DOUBLING_TIMES if what == "INVITE" else RESPONSE_TIMES)
        else:
            assert [time - start for time in again] == RESPONSE_TIMES
        assert client.ended.outcome == ("completed" if flow.name == "voicemail" else "failed")
        assert client.ended.time >= start + 32.0

    @pytest.mark.parametrize("status", [403, 481, 500, 603])
    def test_refused(self, flow: Flow, status: int) -> None:
        """15.1.1: after BYE it is over whatever comes; `expect` finds fault with it where the flow has one."""
        client = called(flow.name, status)
        assert client.ended.outcome == ("completed" if flow.name == "voicemail" else "failed")
        if flow.name != "voicemail":
            assert f"{FIRST[flow.name]} got {status}" in client.ended.reason
        assert client.trace[-1].what.startswith("<")

    def test_the_client_hangs_up_at_that_very_moment(self, flow: Flow) -> None:
        """Both say BYE: each gets its 200, and that was it."""

        def crossing(message: Message) -> tuple[int, bytes]:
            client.request("BYE", within=True)
            return 200, OFFER if message.method == "INVITE" else b""

        world = flow.world()
        client = flow.open(world, answers={FIRST[flow.name]: crossing})
        world.finish()
        assert client.story().count("BYE") >= 2
        assert len(world.ended) <= 2
        assert client.ended.outcome in ("completed", "failed")


class TestHangup:
    def test_two_seconds_after_the_ack(self) -> None:
        world = World(shipped("hangup-after-2s"))
        client = Client(world, talks=None, acks=False).begin()
        world.run(3.0)
        answered = client.every("200")[0]
        client.habits.acks = True
        client._ack(answered)
        world.finish()
        assert client.times("<ACK")[0] == 3.0
        assert client.times("BYE") == [5.0]
        assert client.ended.outcome == "completed"

    def test_the_client_is_first(self) -> None:
        world = World(shipped("hangup-after-2s"))
        client = Client(world, talks=1.0).begin()
        world.finish()
        assert client.story() == "<INVITE 100 180 200 <ACK 1s <BYE 200/BYE"
        assert client.ended.outcome == "completed"

    def test_no_ack_in_time(self) -> None:
        """15: no BYE before the ACK or 64*T1, whichever is first."""
        world = World(shipped("hangup-after-2s"))
        client = Client(world, talks=None, acks=False).begin()
        world.finish()
        assert client.times("BYE") == [32.0]
        assert (client.ended.outcome, client.ended.reason[:13]) == ("failed", "no ACK within")

    def test_a_late_ack(self) -> None:
        world = World(shipped("hangup-after-2s"))
        client = Client(world, talks=None, acks=False).begin()
        world.run(8.0)
        client._ack(client.every("200")[0])
        world.finish()
        assert client.times("BYE") == [8.0]
        assert client.ended.outcome == "failed"

    def test_an_ack_for_something_else(self) -> None:
        """13.3.1.4: the CSeq of the ACK is that of the INVITE."""
        world = World(shipped("hangup-after-2s"))
        client = Client(world, talks=None, acks=False).begin()
        world.run(1.0)
        client.request("ACK", within=True, cseq=77)
        world.finish()
        assert client.ended.outcome == "failed"

    def test_over_a_stream(self) -> None:
        client = called("hangup-after-2s", None, flow=TCP)
        assert client.times("BYE") == [2.0]
        assert client.ended.outcome == "failed"

    def test_the_transport_fails(self) -> None:
        """8.1.3.1: as if 503 had come."""
        world = World(shipped("hangup-after-2s"))
        client = Client(world, talks=None, answers={"BYE": None}).begin()
        world.run(2.0)
        assert client.times("BYE") == [2.0]
        world.engine.transport_failed(client.flow, world.now, "connection refused")
        world.finish()
        assert client.times("BYE") == [2.0]
        assert client.ended.outcome == "failed"


class TestHold:
    """RFC 3264 8.4, RFC 3261 14."""

    def test_offers(self) -> None:
        flow = BY_NAME["hold-by-us"]
        world = flow.world()
        client = flow.open(world)
        world.finish()
        answer, (hold, back) = client.every("200")[0], client.every("INVITE")
        assert hold.direction() == "sendonly"
        assert answer.direction() == back.direction() == "sendrecv"
        streams = [[line for line in message.sdp if line[:2] in ("c=", "m=")] for message in (hold, back)]
        assert streams[0] == streams[1]
        assert streams[0][1].split()[1] == answer.sdp[5].split()[1], "the port stays the same"
        assert all(message["allow"] and message["supported"] for message in (hold, back))

    def test_versions_go_up(self) -> None:
        """RFC 3264 section 8: the same session, each time with a higher version."""
        flow = BY_NAME["hold-by-us"]
        world = flow.world()
        client = flow.open(world)
        world.finish()
        answer, (hold, back) = client.every("200")[0], client.every("INVITE")
        origins = [next(line for line in message.sdp if line.startswith("o=")) for message in (answer, hold, back)]
        sessions = [origin.split()[1] for origin in origins]
        versions = [int(origin.split()[2]) for origin in origins]
        assert len(set(sessions)) == 1
        assert versions == sorted(set(versions))
        assert len({origin.split()[0] for origin in origins}) == 1

    @pytest.mark.parametrize("direction", ["recvonly", "inactive"])
    def test_answers_that_hold(self, direction: str) -> None:
        client = called("hold-by-us", lambda message: (200, OFFER.replace(b"sendrecv", direction.encode())))
        assert client.ended.outcome == "completed"

    @pytest.mark.parametrize("direction", ["sendrecv", "sendonly"])
    def test_answers_that_do_not(self, direction: str) -> None:
        client = called("hold-by-us", lambda message: (200, OFFER.replace(b"sendrecv", direction.encode())))
        assert client.ended.outcome == "failed"
        assert f"got '{direction}'" in client.ended.reason
        assert client.story().endswith("1s BYE <200/BYE")

    def test_an_answer_without_description(self) -> None:
        client = called("hold-by-us", lambda message: (200, b""))
        assert client.ended.outcome == "failed"

    def test_491_is_acknowledged(self) -> None:
        """17.1.1.3."""
        client = called("hold-by-us", 491)
        assert client.story().startswith("<INVITE 100 180 200 <ACK 1s INVITE <491 ACK")
        refused, acknowledged = client.every("INVITE")[0], client.every("ACK")[0]
        assert acknowledged.branch == refused.branch
        assert acknowledged.cseq == refused.cseq
        assert client.ended.outcome == "failed"

    def test_a_provisional_response_first(self) -> None:
        def slowly(message: Message) -> tuple[int, bytes]:
            client.answer(message, 100)
            return 200, OFFER.replace(b"sendrecv", b"recvonly")

        world = World(shipped("hold-by-us"))
        client = Client(world, talks=None, answers={"INVITE": slowly}).begin()
        world.finish()
        assert "INVITE <100 <200 ACK" in client.story()
        assert client.ended.outcome == "completed"

    def test_the_2xx_again_gets_the_ack_again(self) -> None:
        """13.2.2.4."""
        flow = BY_NAME["hold-by-us"]
        world = flow.world()
        client = flow.open(world)
        world.run(1.5)
        answer = next(entry.message for entry in client.trace if entry.what == "<200")
        for _ in range(3):
            world.send(answer.data, client.flow)
        world.pump()
        assert client.times("ACK") == [1.0, 1.5, 1.5, 1.5]
        world.finish()
        assert client.ended.outcome == "completed"

    def test_glare(self) -> None:
        """14.2: an INVITE of the client while ours is under way gets 491."""
        world = World(shipped("hold-by-us"))
        client = Client(world, talks=None, answers={"INVITE": None}).begin()
        world.run(1.2)
        client.request("INVITE", within=True, body=NEW_OFFER)
        world.run(0.0)
        assert client.every("491")
        assert client.story().endswith("INVITE 0.2s <INVITE 491 <ACK")
        client.request("BYE", within=True)
        world.finish()
        assert client.every("200/BYE")


class TestUpdate:
    """RFC 3311."""

    @pytest.mark.parametrize("status", [200, 405, 501])
    def test_what_is_all_right(self, status: int) -> None:
        client = called("update-by-us", status)
        assert client.story() == f"<INVITE 100 180 200 <ACK 1s UPDATE <{status}/UPDATE 1s BYE <200/BYE"
        assert client.ended.outcome == "completed"
        assert client.world.logged == [f"UPDATE got {status}"]

    def test_it_has_a_contact_and_no_description(self) -> None:
        """Section 5.1: a target refresh request has a Contact; without offer nothing else changes."""
        update = called("update-by-us").the("UPDATE")
        assert update.target == "sip:responder@127.0.0.1:5060"
        assert not update.body


class TestGlare:
    """glare-491."""

    def test_each_reinvite_is_refused_and_the_call_goes_on(self) -> None:
        world = World(shipped("glare-491"))
        client = Client(world, talks=20.0).begin()
        for number in range(1, 6):
            world.after(number * 2.0, lambda: client.request("INVITE", within=True, body=NEW_OFFER))
        world.finish()
        assert len(client.every("491")) == 5
        assert client.story().endswith("<BYE 200/BYE")
        assert client.ended.outcome == "completed"

    def test_the_refusal_is_sent_again_until_its_ack(self) -> None:
        world = World(shipped("glare-491"))
        client = Client(world, talks=None).begin()
        world.run(1.0)
        client.habits.acks = False
        client.request("INVITE", within=True, body=NEW_OFFER)
        world.run(40.0)
        assert [time - 1.0 for time in client.times("491")] == [0.0, *RESPONSE_TIMES]
        client.request("BYE", within=True)
        world.finish()
        assert client.ended.outcome == "no-ack"

    def test_other_requests_are_answered_as_usual(self) -> None:
        world = World(shipped("glare-491"))
        client = Client(world, talks=5.0).begin()
        world.run(1.0)
        for method in ("OPTIONS", "INFO", "MESSAGE"):
            client.request(method, within=True)
        world.finish()
        assert [len(client.every(f"200/{method}")) for method in ("OPTIONS", "INFO", "MESSAGE")] == [1, 1, 1]


class TestDtmf:
    """RFC 6086's predecessor: INFO with application/dtmf-relay."""

    def test_keys_are_logged(self) -> None:
        world = World(shipped("dtmf-by-info"))
        client = Client(world, talks=5.0).begin()
        for number, key in enumerate("12#", 1):
            world.after(
                number * 0.5,
                lambda key=key: client.request(  # type: ignore[misc]
                    "INFO", within=True, body=f"Signal={key}\r\n".encode(), content_type="application/dtmf-relay"
                ),
            )
        world.finish()
        assert world.logged == [f"DTMF: Signal={key}\r\n" for key in "12#"]
        assert len(client.every("200/INFO")) == 3
        assert client.ended.outcome == "completed"

    @pytest.mark.parametrize("content_type", ["text/plain", "application/dtmf", "application/dtmf-relayed"])
    def test_other_content_is_refused(self, content_type: str) -> None:
        """21.4.13: with what we would take in Accept."""
        world = World(shipped("dtmf-by-info"))
        client = Client(world, talks=5.0).begin()
        world.run(1.0)
        client.request("INFO", within=True, body=b"Signal=1", content_type=content_type)
        world.finish()
        assert client.the("415/INFO")["accept"] is not None
        assert world.logged == []
        assert client.ended.outcome == "completed"

    def test_before_the_ack(self) -> None:
        """The flow waits for the ACK, so the INFO is out of sequence."""
        world = World(shipped("dtmf-by-info"))
        client = Client(world, acks=False).begin()
        world.run(0.2)
        client.request("INFO", within=True, body=b"Signal=1", content_type="application/dtmf-relay")
        world.pump()
        client._ack(client.every("200")[0])
        client.bye()
        world.finish()
        assert client.every("415/INFO")
        assert client.ended.outcome == "completed"

    def test_the_same_key_twice_by_retransmission(self) -> None:
        world = World(shipped("dtmf-by-info"))
        client = Client(world, talks=5.0, copies=3).begin()
        world.run(1.0)
        client.request("INFO", within=True, body=b"Signal=1", content_type="application/dtmf-relay")
        world.finish()
        assert world.logged == ["DTMF: Signal=1"]


def test_the_tags_of_our_bye() -> None:
    client = called("voicemail")
    bye = client.the("BYE")
    assert tag_of(bye.the("from")) == client.the("200").to_tag
    assert tag_of(bye.the("to")) == "from1"
