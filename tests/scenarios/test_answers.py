"""Shipped flows that ring and answer: session descriptions, waits, forks, reliable provisional responses."""

from __future__ import annotations

from collections import Counter

import pytest

from .client import Client
from .flows import BY_NAME, INVITES, Flow
from .wire import Message
from .world import DOUBLING_TIMES, TCP, World, shipped

ANSWER = [
    "v=0",
    "s=-",
    "c=IN IP4 127.0.0.1",
    "t=0 0",
    "m=audio 40000 RTP/AVP 0 8 101",
    "a=rtpmap:0 PCMU/8000",
    "a=rtpmap:8 PCMA/8000",
    "a=rtpmap:101 telephone-event/8000",
    "a=fmtp:101 0-16",
    "a=sendrecv",
]
"""To the offer of `wire.OFFER`, but for the o= line."""


def played(name: str, **more: object) -> Client:
    """A client that has gone through the flow."""
    flow = BY_NAME[name]
    world = flow.world()
    client = flow.open(world, **more)  # type: ignore[arg-type]
    world.finish()
    return client


def described(message: Message) -> list[str]:
    """The session description without its o= line."""
    assert message.sdp[1].startswith("o=")
    return [line for line in message.sdp if not line.startswith("o=")]


@pytest.mark.parametrize("flow", [flow for flow in INVITES if "200" in flow.story.split()], ids=str)
def test_an_offer_is_answered_once(flow: Flow) -> None:
    """RFC 3264: the first 2xx, or the first reliable response, carries the answer; all copies are the same."""
    client = played(flow.name)
    answers = [
        message
        for message in (entry.message for entry in client.trace if not entry.again)
        if message.is_response and message.method == "INVITE" and message.cseq == client.the("200").cseq and message.sdp
        if not message.start.startswith("SIP/2.0 200 Whatever")
    ]
    assert answers, "no answer"
    assert len({message.body for message in answers}) == 1
    assert described(answers[0]) == ANSWER
    last = client.the("200")
    assert bool(last.sdp) == (flow.name != "reliable-183")


def test_early_media() -> None:
    """RFC 3960: 183 with the description that the 200 has, too."""
    client = played("early-media-then-answer")
    assert client.the("183").body == client.the("200").body
    assert client.the("183").body


def test_the_last_provisional_is_repeated_every_minute() -> None:
    """13.3.1.1, and only for as long as nobody has answered."""
    client = played("late-answer")
    assert client.times("180") == [0.0, 60.0]


@pytest.mark.parametrize("minutes", [1, 5])
def test_it_rings_until_cancel(minutes: int) -> None:
    world = World(shipped("no-answer"))
    client = Client(world).begin()
    world.run(60.0 * minutes + 1)
    assert client.times("180") == [60.0 * minute for minute in range(minutes + 1)]
    client.cancel()
    world.finish()
    assert client.ended.outcome == "cancelled"
    assert client.ended.path == ("100", "180", "CANCEL", "200", "487")


def test_100_stops_retransmissions_for_ten_seconds() -> None:
    """17.1.1.2: each INVITE that comes again gets the 100 again."""
    world = World(shipped("slow-trying"))
    client = Client(world).begin()
    invite = client.invite
    assert invite
    for _ in range(3):
        world.run(2.0)
        world.send(invite.data, client.flow, again=True)
    world.finish()
    assert client.story() == "<INVITE 100 10s 180 1s 200 <ACK 0.75s <BYE 200/BYE"


def test_compact_forms() -> None:
    """7.3.3: every header that has a compact form has it."""
    client = played("compact-answer")
    for message in (client.the("180"), client.the("200")):
        names = [name for name, _ in message.fields]
        assert {"v", "f", "t", "i", "m", "l"} <= set(names)
        long = {"Via", "From", "To", "Call-ID", "Contact", "Content-Length", "Content-Type", "Supported"}
        assert not long & set(names)
    assert "c" in [name for name, _ in client.the("200").fields]


def test_queue() -> None:
    assert [message.reason for message in played("queue-182").every("182")] == [
        "Queued, 3 callers ahead",
        "Queued, 2 callers ahead",
        "Queued, you are next",
    ]


def test_forwarded() -> None:
    client = played("forwarded")
    assert client.the("181").the("history-info") == "<sip:bob@127.0.0.1>;index=1"
    assert len({message.to_tag for message in [*client.every("180"), client.the("181"), client.the("200")]}) == 1


def test_one_dialog_has_one_tag() -> None:
    for flow in INVITES:
        if flow.name in ("forking", "wrong-on-purpose"):
            continue
        client = played(flow.name)
        for cseq in {message.cseq for message in client.sent.values()}:
            tags = {
                entry.message.to_tag
                for entry in client.trace
                if entry.message.is_response and entry.message.cseq == cseq and entry.message.method == "INVITE"
                if entry.message.status > 100 and entry.what[0] != "<"
            }
            assert len(tags) <= 1, flow


class TestCancelIgnored:
    """9.1: the 200 crosses the CANCEL."""

    def test_the_call_goes_on(self) -> None:
        world = World(shipped("cancel-ignored"))
        client = Client(world).begin()
        world.after(2.0, client.cancel)
        world.finish()
        story = "<INVITE 100 180 2s <CANCEL 200/CANCEL 3s 200 <ACK 0.75s <BYE 200/BYE"
        assert client.story() == story
        assert client.ended.outcome == "completed"

    def test_a_client_that_believes_in_its_cancel(self) -> None:
        """It neither acknowledges the 200 nor says BYE."""
        world = World(shipped("cancel-ignored"))
        client = Client(world, acks=False).begin()
        world.after(2.0, client.cancel)
        world.finish()
        assert client.ended.outcome == "no-ack"
        assert client.times("BYE") == [37.0]


class TestVoicemail:
    def test_the_message_is_long(self) -> None:
        client = played("voicemail")
        assert client.the("200").reason == "Leave a message"
        assert client.ended.path == ("100", "180", "200", "BYE")

    @pytest.mark.parametrize("seconds", [0.75, 9.9])
    def test_the_caller_hangs_up(self, seconds: float) -> None:
        client = played("voicemail", talks=seconds)
        assert client.story() == f"<INVITE 100 180 5s 200 <ACK {seconds:g}s <BYE 200/BYE"
        assert client.ended.outcome == "completed"


class TestForking:
    """12.1, 13.2.2.4: an early dialog for each branch, and the one that answers stays."""

    def test_tags(self) -> None:
        client = played("forking")
        desk, mobile, answered = client.the("180"), client.the("183"), client.the("200")
        assert desk.to_tag != mobile.to_tag == answered.to_tag
        assert client.the("<BYE").to_tag == answered.to_tag

    def test_both_early_dialogs_take_requests(self) -> None:
        world = World(shipped("forking"))
        client = Client(world).begin()
        world.at(2.0)
        tags = list(client.dialogs)
        assert len(tags) == 2
        for tag in tags:
            client.request("OPTIONS", tag=tag)
        world.finish()
        assert [message.to_tag for message in client.every("200/OPTIONS")] == tags

    def test_the_other_early_dialog_ends_with_the_call(self) -> None:
        world = World(shipped("forking"))
        client = Client(world, talks=None).begin()
        world.at(4.0)
        loser, winner = client.dialogs
        client.request("BYE", tag=winner)
        world.pump()
        client.request("OPTIONS", tag=loser)
        world.finish()
        assert len(client.every("481/OPTIONS")) == 1
        assert client.ended.outcome == "completed"

    def test_bye_to_one_branch_leaves_the_other(self) -> None:
        """15: BYE ends the dialog it is sent in, and a fork's other branch is another dialog."""
        world = World(shipped("forking"))
        client = Client(world).begin()
        world.at(2.0)
        client.request("BYE", tag=next(iter(client.dialogs)))
        world.finish()
        assert [what for what in client.story().split() if what in ("183", "200", "487")] == ["183", "200"]
        assert client.the("200").to_tag == client.the("183").to_tag
        assert client.ended.outcome == "completed"

    def test_bye_before_the_other_rings(self) -> None:
        """The branch that has not rung yet goes on, and the call with it."""
        world = World(shipped("forking"))
        client = Client(world).begin()
        world.at(0.5)
        client.request("BYE", tag=next(iter(client.dialogs)))
        world.finish()
        assert client.story() == "<INVITE 100 180 0.5s <BYE 200/BYE 0.5s 183 2s 200 <ACK 0.75s <BYE 200/BYE"
        assert world.notes == []
        assert client.ended.outcome == "completed"

    def test_bye_to_both_branches(self) -> None:
        world = World(shipped("forking"))
        client = Client(world).begin()
        world.at(2.0)
        for tag in list(client.dialogs):
            client.request("BYE", tag=tag)
        world.finish()
        assert client.story().endswith("487 <ACK")
        assert not client.every("200")

    def test_bye_to_the_branch_that_would_have_answered(self) -> None:
        """What is left is the refusal of the other: 487 of the one and 486 of the other end it with a refusal."""
        world = World(shipped("forking"))
        client = Client(world).begin()
        world.at(2.0)
        client.request("BYE", tag=client.the("183").to_tag)
        world.finish()
        finals = [what for what in client.story().split() if what in ("200", "486", "487")]
        assert finals in (["486"], ["487"])
        assert client.times(finals[0])[0] == 5.0

    def test_no_ack(self) -> None:
        client = played("forking", acks=False)
        assert client.times("BYE") == [35.0]
        assert client.ended.outcome == "no-ack"


class TestReliable:
    """RFC 3262."""

    def test_183(self) -> None:
        client = played("reliable-183")
        progress, prack = client.the("183"), client.the("<PRACK")
        assert progress.the("require") == "100rel"
        assert 1 <= int(progress.the("rseq")) < 2**31
        assert prack.the("rack") == f"{progress.the('rseq')} 1 INVITE"
        assert progress.sdp
        assert client.the("200/PRACK").to_tag == progress.to_tag

    def test_each_response_has_the_next_number(self) -> None:
        client = played("reliable-ringing")
        ringing, progress = client.the("180"), client.the("183")
        assert int(progress.the("rseq")) == int(ringing.the("rseq")) + 1
        assert [message.the("rack").split()[0] for message in client.every("<PRACK")] == [
            ringing.the("rseq"),
            progress.the("rseq"),
        ]

    def test_who_does_not_support_it_gets_it_unreliably(self) -> None:
        world = World(shipped("reliable-183"))
        client = Client(world).begin()
        world.finish()
        assert client.story() == "<INVITE 100 183 2s 200 <ACK 0.75s <BYE 200/BYE"
        assert (client.the("183")["rseq"], client.the("183")["require"]) == (None, None)
        assert client.ended.scenario == "unreliable"

    def test_who_requires_it_gets_it_from_a_flow_that_does_not_say_so(self) -> None:
        """Section 3: "MUST send any non-100 provisional response reliably if the initial request contained Require"."""
        world = World(shipped("busy"))
        client = Client(world, fields=["Require: 100rel"]).begin()
        world.finish()
        assert client.story() == "<INVITE 100 180 <PRACK 200/PRACK 2s 486 <ACK"

    @pytest.mark.parametrize("name", ["reliable-183", "reliable-ringing"])
    @pytest.mark.parametrize("over", ["UDP", "TCP"])
    def test_never_a_prack(self, name: str, over: str) -> None:
        """The flow waits five seconds, then the INVITE is refused; the response goes out again meanwhile."""
        client = played(name, pracks=False, **({} if over == "UDP" else {"flow": TCP}))
        what = "183" if name == "reliable-183" else "180"
        assert client.times(what) == [time for time in [0.0, *DOUBLING_TIMES] if time < 5.0]
        assert client.story().endswith(f"{what} 5s 480 <ACK")
        assert client.ended.outcome == "failed"
        assert "PRACK" in client.ended.reason

    def test_a_prack_for_another_response(self) -> None:
        """Section 3: 481, and the response goes out again and again."""
        world = World(shipped("reliable-183"))
        client = Client(world, fields=["Supported: 100rel"], pracks=False).begin()
        world.run(1.0)
        progress = client.the("183")
        wrong = int(progress.the("rseq")) + 1
        client.request("PRACK", f"RAck: {wrong} 1 INVITE", tag=progress.to_tag)
        client.request("PRACK", f"RAck: {progress.the('rseq')} 2 INVITE", tag=progress.to_tag)
        world.pump()
        assert len(client.every("481/PRACK")) == 2
        client.request("PRACK", f"RAck: {progress.the('rseq')} 1 INVITE", tag=progress.to_tag)
        world.finish()
        assert len(client.every("200/PRACK")) == 1
        assert client.times("183") == [0.0, 0.5]
        assert client.ended.outcome == "completed"
        assert client.times("200") == [3.0]

    def test_a_prack_twice(self) -> None:
        """The second, a new request, acknowledges nothing any more."""
        world = World(shipped("reliable-183"))
        client = Client(world, fields=["Supported: 100rel"]).begin()
        world.run(1.0)
        client.request("PRACK", ("RAck", client.the("<PRACK").the("rack")), tag=client.the("183").to_tag)
        world.finish()
        assert len(client.every("481/PRACK")) == 1
        assert client.ended.outcome == "completed"

    def test_the_answer_is_not_given_twice(self) -> None:
        """Section 5: the 183 had the answer, so the 200 has none."""
        assert not played("reliable-183").the("200").body

    def test_no_description_in_the_first_so_the_200_has_it(self) -> None:
        client = played("reliable-ringing")
        assert not client.the("180").body
        assert client.the("200").body

    def test_the_second_prack_checks_cseq(self) -> None:
        assert played("reliable-ringing").ended.reason == ""

    def test_cancel_before_the_prack(self) -> None:
        world = World(shipped("reliable-183"))
        client = Client(world, fields=["Supported: 100rel"], pracks=False).begin()
        world.after(1.0, client.cancel)
        world.finish()
        assert client.times("183") == [0.0, 0.5]
        assert client.story() == "<INVITE 100 183 1s <CANCEL 200/CANCEL 487 <ACK"
        assert client.ended.outcome == "cancelled"


class TestFlaky:
    """A callee of moods."""

    def test_the_same_seed_gives_the_same_calls(self) -> None:
        runs = []
        for seed in (1, 2):  # that of tags and branches, not that of the flow
            world = World(shipped("flaky"), seed=seed)
            runs.append([_one(world, number) for number in range(1, 40)])
        assert runs[0] == runs[1]

    def test_the_weights(self) -> None:
        world = World(shipped("flaky"))
        ends = Counter(_one(world, number)[1] for number in range(1, 201))
        assert set(ends) == {"200", "486", "408"}
        assert 120 <= ends["200"] <= 160
        assert 25 <= ends["486"] <= 55
        assert 8 <= ends["408"] <= 35

    def test_the_waits(self) -> None:
        world = World(shipped("flaky"))
        waits = [_one(world, number)[0] for number in range(1, 101)]
        assert all(0.1 <= wait <= 1.5 for wait in waits)
        assert len(set(waits)) > 90
        assert min(waits) < 0.3
        assert max(waits) > 1.3


def _one(world: World, number: int) -> tuple[float, str]:
    """How long the flow waited after 100, and the final response."""
    start = world.now
    client = Client(world, number=number).begin()
    world.run(60.0)
    final = next(entry for entry in client.trace if entry.message.status >= 200 and entry.message.method == "INVITE")
    wait = final.time - start - {200: 1.0, 486: 0.0, 408: 20.0}[final.message.status]
    return round(wait, 3), final.what
