"""What a flow sends: `send`, `hangup`, and how it ends: `end`, `fail`."""

from __future__ import annotations

import itertools

import pytest

from .calling import TALK, called, opened
from .client import Client
from .wire import Message
from .world import World


class TestSend:
    @pytest.mark.parametrize(
        ("method", "expect", "answer", "outcome"),
        [
            ("UPDATE", "200", 200, "completed"),
            ("UPDATE", "2xx", 202, "completed"),
            ("UPDATE", "[200, 4xx]", 405, "completed"),
            ("UPDATE", "200", 405, "failed"),
            ("INFO", "200", 200, "completed"),
            ("INFO", "4xx", 200, "failed"),
            ("MESSAGE", "[200, 202]", 202, "completed"),
            ("OPTIONS", "200", 200, "completed"),
            ("INVITE", "200", 200, "completed"),
            ("INVITE", "488", 488, "completed"),
            ("INVITE", "200", 488, "failed"),
            ("TELEPORT", "501", 501, "completed"),
        ],
    )
    def test_expect(self, method: str, expect: str, answer: int, outcome: str) -> None:
        client = called(
            f"steps: [200, {{expect: ACK}}, {{send: {method}, expect: {expect}}}, hangup]",
            talks=None,
            answers={method: answer},
        )
        whose = "" if method == "INVITE" else f"/{method}"
        ack = " ACK" if method == "INVITE" else ""
        assert client.story() == f"<INVITE 200 <ACK {method} <{answer}{whose}{ack} BYE <200/BYE"
        assert client.ended.outcome == outcome
        if outcome == "failed":
            assert client.ended.reason.startswith(f"{method} got {answer}, expected ")

    def test_bye(self) -> None:
        client = called(
            "steps: [200, {expect: ACK}, 1s, {send: BYE, expect: 200, headers: {Reason: 'Q.850;cause=16'}}]", talks=None
        )
        assert client.the("BYE")["reason"] == "Q.850;cause=16"
        assert client.ended.outcome == "completed"

    def test_options_of_it(self) -> None:
        source = (
            "steps: [200, {expect: ACK}, {send: INFO, headers: {X-A: '${call.number}', Max-Forwards: '5'}, "
            "add: {X-A: b}, remove: [Via], body: 'after ${request.method}', content_type: text/a}, hangup]"
        )
        world, client = opened(source.replace("Max-Forwards: '5'", "X-B: c").replace("remove: [Via], ", ""))
        world.finish()
        info = client.the("INFO")
        assert (info.every("x-a"), info["x-b"], info["content-type"], info.body) == (
            ["1", "b"],
            "c",
            "text/a",
            b"after ACK",
        )

    def test_even_what_every_request_has(self) -> None:
        world = World("steps: [200, {send: INFO, headers: {Max-Forwards: '5'}, remove: [Via, CSeq]}]")
        Client(world, talks=None).begin()
        world.engine.receive(*world._inbox.popleft()[:2], world.now)
        info = world.engine.transmits()[1][0]
        assert info.startswith(b"INFO ")
        assert b"\r\nMax-Forwards: 5\r\n" in info
        assert b"\r\nVia:" not in info
        assert b"\r\nCSeq:" not in info

    def test_a_description_of_the_author(self) -> None:
        source = 'steps: [200, {expect: ACK}, {send: UPDATE, sdp: "v=0\\no=${local.ip}\\n"}, hangup]'
        client = called(source, talks=None)
        assert client.the("UPDATE").sdp == ["v=0", "o=127.0.0.1"]

    @pytest.mark.parametrize(("sdp", "there"), [("", True), ("sdp: true", True), ("sdp: false", False)])
    def test_an_invite_offers_unless_told_not_to(self, sdp: str, there: bool) -> None:
        client = called(f"steps: [200, {{expect: ACK}}, {{send: INVITE, {sdp}}}, hangup]", talks=None)
        assert bool(client.the("INVITE").sdp) == there

    def test_as_a_variable(self) -> None:
        source = "steps: [200, {expect: ACK}, {send: INFO, as: got}, {log: 'INFO ${vars.got}'}, hangup]"
        client = called(source, talks=None, answers={"INFO": 469})
        assert client.world.logged == ["INFO 469"]

    def test_no_answer_as_a_variable(self) -> None:
        source = "steps: [200, {expect: ACK}, {send: INFO, as: got}, {log: 'INFO ${vars.got}'}, hangup]"
        client = called(source, talks=None, answers={"INFO": None})
        assert client.world.logged == ["INFO 408"]
        assert client.ended.outcome == "failed"

    def test_what_came_can_be_checked(self) -> None:
        source = (
            "steps: [200, {expect: ACK}, {send: INFO}, {check: {status: 2xx, header: {X-A: {present: false}}}}, hangup]"
        )
        assert called(source, talks=None).ended.outcome == "completed"
        assert called(source, talks=None, answers={"INFO": 400}).ended.outcome == "failed"

    def test_in_an_early_dialog(self) -> None:
        """RFC 3311: UPDATE after a reliable response."""
        source = (
            "steps: [{respond: 183, reliable: true, sdp: true}, {expect: PRACK}, {send: UPDATE, expect: 200}, 1s, 200]"
        )
        client = called(source, fields=["Supported: 100rel"], answers={"UPDATE": 200})
        assert client.story() == f"<INVITE 183 <PRACK 200/PRACK UPDATE <200/UPDATE 1s 200 {TALK}"

    def test_cancel_while_it_is_under_way(self) -> None:
        source = (
            "steps: [{respond: 183, reliable: true, sdp: true}, {expect: PRACK}, {send: UPDATE, expect: 200}, 1s, 200]"
        )
        world, client = opened(source, fields=["Supported: 100rel"], answers={"UPDATE": None})
        world.run(2.0)
        client.cancel()
        world.finish()
        story = "<INVITE 183 <PRACK 200/PRACK UPDATE 2s <CANCEL 200/CANCEL 487 <ACK"
        assert client.story() == f"{story} 1.5s <481/UPDATE"  # to its next copy, from a client that has no dialog
        assert client.ended.outcome == "cancelled"

    def test_the_client_hangs_up_while_it_is_under_way(self) -> None:
        world, client = opened("steps: [200, {expect: ACK}, {send: INFO, expect: 200}, hangup]", answers={"INFO": None})
        world.run(2.0)
        client.bye()
        world.finish()
        assert client.story() == "<INVITE 200 <ACK INFO 2s <BYE 200/BYE"
        assert len(world.ended) == 1

    def test_before_the_ack(self) -> None:
        """15: only BYE has to wait for it."""
        client = called("steps: [200, {send: INFO, expect: 200}, hangup]", talks=None, acks=False)
        assert client.story() == "<INVITE 200 INFO <200/INFO 32s BYE <200/BYE"
        assert client.ended.outcome == "no-ack"

    def test_a_bye_of_the_author_before_the_ack(self) -> None:
        """15: "the callee's UA MUST NOT send a BYE on a confirmed dialog until it has received an ACK": it is noted."""
        client = called("steps: [200, {send: BYE, expect: 200}]", talks=None, acks=False)
        assert client.times("BYE") == [0.0]
        assert "deviation" in [kind for kind, _ in client.world.notes]


class TestHangup:
    @pytest.mark.parametrize(
        ("steps", "story"),
        [
            ("[100, 1s, hangup]", "<INVITE 100 1s 480 <ACK"),
            ("[180, 1s, hangup]", "<INVITE 180 1s 480 <ACK"),
            ("[200, {expect: ACK}, 1s, hangup]", "<INVITE 200 <ACK 1s BYE <200/BYE"),
            ("[200, hangup]", "<INVITE 200 <ACK BYE <200/BYE"),
            ("[486, 1s, hangup]", "<INVITE 486 <ACK"),
            ("[hangup]", "<INVITE 480 <ACK"),
        ],
    )
    def test_as_the_state_requires(self, steps: str, story: str) -> None:
        client = called(f"steps: {steps}", talks=None)
        assert client.story() == story
        assert client.ended.outcome == "completed"

    def test_end_of_what_has_no_response(self) -> None:
        """The flow is over: the core answers, as it would without one."""
        client = called("steps: [end]")
        assert client.story() == f"<INVITE 200 {TALK}"

    def test_end_of_what_rings(self) -> None:
        world, client = opened("steps: [180, 1s, end]")
        world.run(70.0)
        assert client.times("180") == [0.0, 60.0]
        client.cancel()
        world.finish()
        assert client.ended.outcome == "cancelled"

    def test_fail(self) -> None:
        client = called("steps: [100, {fail: 'should not call ${request.uri.user}'}, 486]")
        assert client.story() == "<INVITE 100 486 <ACK"
        assert (client.ended.outcome, client.ended.reason) == ("failed", "should not call bob")

    def test_the_first_reason_stays(self) -> None:
        client = called("steps: [{fail: one}, {fail: two}, 486]")
        assert client.ended.reason == "one"


class TestGlare:
    """RFC 3261 section 14.1, RFC 3311 section 5.1: what got 491 is sent again, unless its author awaits it."""

    STEPS = "steps: [200, {{expect: ACK}}, 1s, {{send: {method}{more}}}, hangup]"

    @pytest.mark.parametrize("method", ["INVITE", "UPDATE"])
    def test_again_within_two_seconds(self, method: str) -> None:
        times: list[float] = []

        def answer(message: Message) -> tuple[int, bytes]:
            times.append(world.now)
            return (200 if len(times) == 3 else 491), b""

        steps = self.STEPS.format(method=method, more=", sdp: sendonly, expect: 200")
        world, client = opened(steps, talks=None, answers={method: answer})
        world.finish()
        assert client.ended.outcome == "completed"
        assert len(times) == 3
        assert all(0 <= later - sooner <= 2.001 for sooner, later in itertools.pairwise(times))

    @pytest.mark.parametrize("more", [", expect: 491", ", as: status", ", expect: [2xx, 4xx]"])
    def test_not_where_it_is_awaited(self, more: str) -> None:
        client = called(self.STEPS.format(method="INVITE", more=more), talks=None, answers={"INVITE": 491})
        assert client.ended.outcome == "completed"
        assert client.story() == "<INVITE 200 <ACK 1s INVITE <491 ACK BYE <200/BYE"

    def test_not_for_ever(self) -> None:
        client = called(self.STEPS.format(method="INVITE", more=""), talks=None, answers={"INVITE": 491})
        assert client.story().count(" INVITE <491") == 9
        assert client.story().endswith("BYE <200/BYE")
