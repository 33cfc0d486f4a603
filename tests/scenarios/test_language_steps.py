"""Steps other than `respond`: what the client sends, what we send, branches, loops, variables, verdicts."""

from __future__ import annotations

from typing import Any

import pytest

from .client import Client
from .wire import NEW_OFFER, OFFER
from .world import World

TALK = "<ACK 0.75s <BYE 200/BYE"


def opened(source: str, **more: Any) -> tuple[World, Client]:
    """A client that has begun, and does not hang up by itself."""
    world = World(source)
    client = Client(world, **{"talks": None, **more}).begin()
    world.pump()
    return world, client


def called(source: str, **more: Any) -> Client:
    """A client that has gone through the flow."""
    world = World(source)
    client = Client(world, **more).begin()
    world.finish()
    return client


class TestExpect:
    def test_it_is_answered_by_the_core(self) -> None:
        world, client = opened("steps: [200, {expect: ACK}, {expect: INFO}, 1s, hangup]")
        world.run(2.0)
        client.request("INFO", within=True)
        world.finish()
        assert client.story() == "<INVITE 200 <ACK 2s <INFO 200/INFO 1s BYE <200/BYE"
        assert client.ended.outcome == "completed"

    def test_it_is_answered_by_the_next_step(self) -> None:
        world, client = opened("steps: [200, {expect: INFO}, 1s, {respond: 488, reason: No}, hangup]")
        client.request("INFO", within=True)
        world.finish()
        assert client.story() == "<INVITE 200 <ACK <INFO 1s 488/INFO BYE <200/BYE"

    def test_any_of_several(self) -> None:
        world, client = opened("steps: [200, {expect: [INFO, MESSAGE]}, 202, hangup]")
        client.request("MESSAGE", within=True, body=b"x", content_type="text/plain")
        world.finish()
        assert client.story() == "<INVITE 200 <ACK <MESSAGE 202/MESSAGE BYE <200/BYE"

    def test_any_at_all(self) -> None:
        world, client = opened("steps: [200, {expect: any}, 299, hangup]")
        client.request("OPTIONS", within=True)
        world.finish()
        assert "299/OPTIONS" in client.story()

    def test_what_it_does_not_wait_for_is_answered_by_the_core(self) -> None:
        world, client = opened("steps: [200, {expect: INFO}, 299, hangup]")
        client.request("OPTIONS", within=True)
        client.request("INFO", within=True)
        world.finish()
        assert client.story() == "<INVITE 200 <ACK <OPTIONS <INFO 200/OPTIONS 299/INFO BYE <200/BYE"

    def test_not_in_time(self) -> None:
        world, client = opened("steps: [200, {expect: INFO, within: 3s}, 200]")
        world.finish()
        assert client.story() == "<INVITE 200 <ACK 3s BYE <200/BYE"
        assert client.ended.outcome == "failed"
        assert client.ended.reason.startswith("no INFO within 3 s")

    def test_not_in_time_while_it_rings(self) -> None:
        world, client = opened("steps: [180, {expect: INFO, within: 3s}]")
        world.finish()
        assert client.story() == "<INVITE 180 3s 480 <ACK"
        assert client.ended.outcome == "failed"

    def test_otherwise(self) -> None:
        source = "steps: [200, {expect: INFO, within: 3s, otherwise: [{log: nothing came}, {send: INFO}, hangup]}]"
        world, client = opened(source)
        world.finish()
        assert client.story() == "<INVITE 200 <ACK 3s INFO <200/INFO BYE <200/BYE"
        assert world.logged == ["nothing came"]
        assert client.ended.outcome == "completed"

    def test_otherwise_is_for_what_does_not_come(self) -> None:
        world, client = opened("steps: [200, {expect: INFO, within: 3s, otherwise: [{fail: x}]}, 1s, hangup]")
        world.run(2.9)
        client.request("INFO", within=True)
        world.finish()
        assert client.story() == "<INVITE 200 <ACK 2.9s <INFO 200/INFO 1s BYE <200/BYE"
        assert client.ended.outcome == "completed"

    def test_the_flow_goes_on_after_otherwise(self) -> None:
        world, client = opened("steps: [200, {expect: INFO, within: 1s, otherwise: [1s]}, 299, 1s, hangup]")
        world.finish()
        assert client.story() == "<INVITE 200 <ACK 3s BYE <200/BYE"

    def test_too_soon(self) -> None:
        world, client = opened("steps: [200, {expect: INFO, not_before: 2s}, hangup]")
        world.run(1.5)
        client.request("INFO", within=True)
        world.finish()
        assert client.ended.outcome == "failed"
        assert "came after 1.500 s, not before 2 s" in client.ended.reason

    def test_not_too_soon(self) -> None:
        world, client = opened("steps: [200, {expect: INFO, not_before: 2s}, hangup]")
        world.run(2.0)
        client.request("INFO", within=True)
        world.finish()
        assert client.ended.outcome == "completed"

    OPTIONAL = "steps: [200, {expect: INFO, optional: true, within: 2s}, 299, {expect: MESSAGE}, 202, hangup]"

    def test_optional_and_there(self) -> None:
        world, client = opened(self.OPTIONAL)
        client.request("INFO", within=True)
        world.run(1.0)
        client.request("MESSAGE", within=True)
        world.finish()
        assert client.story() == "<INVITE 200 <ACK <INFO 299/INFO 1s <MESSAGE 202/MESSAGE BYE <200/BYE"

    @pytest.mark.parametrize("seconds", [1.0, 5.0], ids=["the next one comes first", "its time is over"])
    def test_optional_and_not_there(self, seconds: float) -> None:
        world, client = opened(self.OPTIONAL)
        world.run(seconds)
        client.request("MESSAGE", within=True)
        world.finish()
        assert client.story() == f"<INVITE 200 <ACK {seconds:g}s <MESSAGE 202/MESSAGE BYE <200/BYE"
        assert client.ended.outcome == "completed"

    def test_match(self) -> None:
        source = "steps: [200, {expect: INFO, match: {header: {X-A: wanted}}}, 299, hangup]"
        world, client = opened(source)
        client.request("INFO", "X-A: other", within=True)
        world.run(1.0)
        client.request("INFO", "X-A: wanted", within=True)
        world.finish()
        assert client.story() == "<INVITE 200 <ACK <INFO 200/INFO 1s <INFO 299/INFO BYE <200/BYE"
        assert [kind for kind, _ in world.notes] == ["near-miss"]

    @pytest.mark.parametrize(
        ("check", "field", "outcome"),
        [
            ("{header: {X-A: '1'}}", "X-A: 1", "completed"),
            ("{header: {X-A: '1'}}", "X-A: 2", "failed"),
            ("{absent: [X-A]}", "X-A: 2", "failed"),
            ("{same: [Call-ID, From.tag, To.host], greater: CSeq.number}", "X-A: 2", "completed"),
            ("{same: CSeq.number}", "X-A: 2", "failed"),
            ("{greater: Max-Forwards}", "X-A: 2", "failed"),
            ("{content_type: text/plain}", "X-A: 2", "failed"),
        ],
    )
    def test_check(self, check: str, field: str, outcome: str) -> None:
        world, client = opened(f"steps: [200, {{expect: INFO, check: {check}}}, 299, hangup]")
        client.request("INFO", field, within=True)
        world.finish()
        assert "299/INFO BYE" in client.story(), "the flow goes on"
        assert client.ended.outcome == outcome
        assert client.ended.reason.startswith("check in line 1: " if outcome == "failed" else "")

    def test_ack(self) -> None:
        """The ACK is compared with its INVITE."""
        client = called(f"steps: [486, {{expect: ACK, within: 2s, check: {{same: [Call-ID, Via.branch, CSeq.number]}}}}]")
        assert client.ended.outcome == "completed"

    def test_ack_that_does_not_come(self) -> None:
        client = called("steps: [486, {expect: ACK, within: 2s}]", acks=False)
        assert client.ended.outcome == "failed"
        assert client.ended.reason.startswith("no ACK within")

    def test_cancel(self) -> None:
        world, client = opened("steps: [180, {expect: CANCEL, within: 5s}, 1s, {log: cancelled}]")
        world.run(2.0)
        client.cancel()
        world.finish()
        assert client.story() == "<INVITE 180 2s <CANCEL 200/CANCEL 487 <ACK"
        assert client.ended.outcome == "cancelled"
        assert world.logged == ["cancelled"]

    def test_cancel_with_an_answer_of_the_flow(self) -> None:
        world, client = opened("steps: [180, {expect: CANCEL, within: 5s}, 1s, 603]")
        client.cancel()
        world.finish()
        assert client.story() == "<INVITE 180 <CANCEL 200/CANCEL 1s 603 <ACK"

    def test_cancel_that_does_not_come(self) -> None:
        client = called("steps: [180, {expect: CANCEL, within: 5s}]")
        assert client.story() == "<INVITE 180 5s 480 <ACK"
        assert client.ended.outcome == "failed"

    def test_bye(self) -> None:
        client = called("steps: [200, {expect: BYE, within: 5s}, {log: over}]")
        assert client.story() == f"<INVITE 200 {TALK}"
        assert client.world.logged == ["over"]

    def test_bye_with_an_answer_of_the_flow(self) -> None:
        """15.1.2: it ends the session whatever we answer."""
        client = called("steps: [200, {expect: BYE}, 500]")
        assert client.story() == "<INVITE 200 <ACK 0.75s <BYE 500/BYE"
        assert client.ended.outcome == "completed"

    def test_bye_while_something_else_is_due(self) -> None:
        client = called("steps: [200, {expect: INFO, within: 10s}, hangup]")
        assert client.story() == f"<INVITE 200 {TALK}"
        assert client.ended.outcome == "failed"
        assert client.ended.reason.startswith("BYE came while INFO was expected")

    def test_a_retry_outside_a_dialog(self) -> None:
        world, client = opened("steps: [503, {expect: INVITE, within: 10s, check: {same: Call-ID}}, 180, 200, {expect: BYE}]")
        world.run(2.0)
        client.request("INVITE", body=OFFER)
        world.run(2.0)
        client.bye()
        world.finish()
        assert client.story() == "<INVITE 503 <ACK 2s <INVITE 180 200 <ACK 2s <BYE 200/BYE"
        assert client.ended.outcome == "completed"

    def test_a_reinvite(self) -> None:
        world, client = opened("steps: [200, {expect: INVITE, within: 10s}, 100, 1s, {respond: 200, sdp: true}, {expect: BYE}]")
        world.run(1.0)
        client.request("INVITE", within=True, body=NEW_OFFER)
        world.run(3.0)
        client.bye()
        world.finish()
        assert client.story() == "<INVITE 200 <ACK 1s <INVITE 100 1s 200 <ACK 2s <BYE 200/BYE"
        versions = [int(message.sdp[1].split()[2]) for message in client.every("200")]
        assert versions[1] == versions[0] + 1


class TestCancelOfTheRule:
    def test_fail(self) -> None:
        world, client = opened("cancel: fail\nsteps: [180, 5s, 200]")
        client.cancel()
        world.finish()
        assert client.story() == "<INVITE 180 <CANCEL 200/CANCEL 487 <ACK"
        assert (client.ended.outcome, client.ended.reason) == ("failed", "the client sent CANCEL")

    def test_ignore(self) -> None:
        world, client = opened("cancel: ignore\nsteps: [180, 5s, 486]")
        client.cancel()
        world.finish()
        assert client.story() == "<INVITE 180 <CANCEL 200/CANCEL 5s 486 <ACK"
        assert client.ended.outcome == "completed"

    def test_ignore_for_ever(self) -> None:
        """No flow leaves an INVITE without final response for ever, but as long as the author wants it rings on."""
        world, client = opened("cancel: ignore\nsteps: [180]")
        client.cancel()
        world.run(130.0)
        assert client.times("180") == [0.0, 60.0, 120.0]
        world.engine.shutdown(world.now)
        world.finish()
        assert client.story().endswith("480 <ACK")

    @pytest.mark.parametrize(
        ("steps", "story"),
        [
            ("[1s, 603]", "1s 603 <ACK"),
            ("[{respond: 487, reason: Bye}]", "487 <ACK"),
            ("[{log: x}]", "487 <ACK"),
            ("[1s]", "1s 487 <ACK"),
            ("[200]", "200 <ACK"),
        ],
    )
    def test_steps(self, steps: str, story: str) -> None:
        world, client = opened(f"cancel: {steps}\nsteps: [180, 50s, 200]")
        world.run(1.0)
        client.cancel()
        world.run(10.0)
        assert client.story() == f"<INVITE 180 1s <CANCEL 200/CANCEL {story}"
        if "200" in story.split():
            client.bye()
        world.finish()
        assert len(world.ended) == 1

    def test_twice(self) -> None:
        world, client = opened("cancel: [2s, 603]\nsteps: [180, 50s, 200]")
        client.cancel()
        world.run(1.0)
        client.cancel()  # the very same bytes: a retransmission, which gets its 200 again
        world.finish()
        assert client.every("603")
        assert len(client.every("200/CANCEL")) == 1


class TestMeanwhile:
    SOURCE = "meanwhile: {INFO: [415], INVITE: [1s, 491], OPTIONS: [{respond: 200, headers: {X-A: '1'}}], any: [501]}\nsteps: [180, 5s, 200]"

    def test_each_in_the_dialog(self) -> None:
        world, client = opened(self.SOURCE)
        for method in ("INFO", "OPTIONS", "MESSAGE", "SUBSCRIBE"):
            fields = ["Event: presence"] if method == "SUBSCRIBE" else []
            client.request(method, *fields, within=True)
        world.pump()
        assert [what for what in client.story().split() if "/" in what] == [
            "415/INFO",
            "200/OPTIONS",
            "501/MESSAGE",
            "501/SUBSCRIBE",
        ]
        assert client.the("200/OPTIONS")["x-a"] == "1"
        world.run(6.0)
        client.request("INVITE", within=True, body=NEW_OFFER)
        world.run(3.0)
        client.request("BYE", within=True)
        world.finish()
        assert client.times("491") == [pytest.approx(7.0)]
        assert "501/BYE" in client.story()

    def test_it_lasts_as_long_as_the_call(self) -> None:
        world, client = opened("meanwhile: {INFO: [415]}\nsteps: [200]")
        world.run(100.0)
        client.request("INFO", within=True)
        world.run(1.0)
        client.bye()
        world.finish()
        assert client.every("415/INFO")

    def test_an_expect_goes_first(self) -> None:
        world, client = opened("meanwhile: {INFO: [415]}\nsteps: [200, {expect: INFO}, 299, {expect: BYE}]")
        client.request("INFO", within=True)
        client.request("INFO", within=True)
        world.pump()
        client.bye()
        world.finish()
        assert client.story() == "<INVITE 200 <ACK <INFO <INFO 299/INFO 415/INFO <BYE 200/BYE"

    def test_bye(self) -> None:
        world, client = opened("meanwhile: {BYE: [{respond: 403}]}\nsteps: [200]")
        client.bye()
        world.finish()
        assert client.story() == "<INVITE 200 <ACK <BYE 403/BYE"


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
        client = called("steps: [200, {expect: ACK}, 1s, {send: BYE, expect: 200, headers: {Reason: 'Q.850;cause=16'}}]", talks=None)
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
        assert (info.every("x-a"), info["x-b"], info["content-type"], info.body) == (["1", "b"], "c", "text/a", b"after ACK")

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
        source = "steps: [200, {expect: ACK}, {send: UPDATE, sdp: \"v=0\\no=${local.ip}\\n\"}, hangup]"
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
        source = "steps: [200, {expect: ACK}, {send: INFO}, {check: {status: 2xx, header: {X-A: {present: false}}}}, hangup]"
        assert called(source, talks=None).ended.outcome == "completed"
        assert called(source, talks=None, answers={"INFO": 400}).ended.outcome == "failed"

    def test_in_an_early_dialog(self) -> None:
        """RFC 3311: UPDATE after a reliable response."""
        source = "steps: [{respond: 183, reliable: true, sdp: true}, {expect: PRACK}, {send: UPDATE, expect: 200}, 1s, 200]"
        client = called(source, fields=["Supported: 100rel"], answers={"UPDATE": 200})
        assert client.story() == f"<INVITE 183 <PRACK 200/PRACK UPDATE <200/UPDATE 1s 200 {TALK}"

    def test_cancel_while_it_is_under_way(self) -> None:
        source = "steps: [{respond: 183, reliable: true, sdp: true}, {expect: PRACK}, {send: UPDATE, expect: 200}, 1s, 200]"
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


class TestBlocks:
    def test_repeat(self) -> None:
        client = called("steps: [{repeat: {times: 3, steps: [180, 1s]}}, 486]")
        assert client.story() == "<INVITE 180 1s 180 1s 180 1s 486 <ACK"

    def test_repeat_in_repeat(self) -> None:
        client = called("steps: [{repeat: {times: 2, steps: [180, {repeat: {times: 2, steps: [182, 1s]}}]}}, 486]")
        assert client.story() == "<INVITE 180 182 1s 182 1s 180 182 1s 182 1s 486 <ACK"

    def test_repeat_for_ever(self) -> None:
        world, client = opened("steps: [{repeat: {forever: true, steps: [180, 10s]}}]")
        world.run(95.0)
        assert client.times("180") == [10.0 * count for count in range(10)]
        client.cancel()
        world.finish()
        assert client.ended.outcome == "cancelled"

    def test_repeat_with_expect(self) -> None:
        world, client = opened("steps: [200, {repeat: {times: 2, steps: [{expect: INFO}, 299]}}, hangup]")
        for _ in range(2):
            world.run(1.0)
            client.request("INFO", within=True)
        world.finish()
        assert client.story() == "<INVITE 200 <ACK 1s <INFO 299/INFO 1s <INFO 299/INFO BYE <200/BYE"

    def test_use_of_define(self) -> None:
        source = "define: {ring: [100, 180, 2s], twice: [{use: ring}, {use: ring}]}\nsteps: [{use: twice}, 486]"
        assert called(source).story() == "<INVITE 100 180 2s 100 180 2s 486 <ACK"

    def test_use_of_a_shipped_flow(self) -> None:
        assert called("steps: [183, 1s, {use: busy}]").story() == "<INVITE 183 1s 100 180 2s 486 <ACK"

    def test_use_of_another_rule(self) -> None:
        source = "rules:\n  - {name: a, match: {user: nobody}, steps: [180, 1s]}\n  - {name: b, steps: [{use: a}, 486]}\n"
        assert called(source).story() == "<INVITE 180 1s 486 <ACK"

    def test_choose_then_go_on(self) -> None:
        client = called("steps: [100, {choose: [{steps: [180]}, {steps: [183]}]}, 1s, 486]")
        assert client.story() in ("<INVITE 100 180 1s 486 <ACK", "<INVITE 100 183 1s 486 <ACK")

    def test_choose_by_weight_alone(self) -> None:
        client = called("steps: [{choose: [{weight: 0.000001, steps: [180]}, {weight: 1000, steps: [183]}]}, 486]")
        assert client.story() == "<INVITE 183 486 <ACK"

    def test_normal_waits(self) -> None:
        world = World("seed: 5\nsteps: [100, {wait: {normal: [2s, 300ms]}}, 486]")
        waits = []
        for number in range(1, 101):
            start = world.now
            client = Client(world, number=number).begin()
            world.run(10.0)
            waits.append(client.times("486")[0] - start)
        assert 1.9 < sum(waits) / len(waits) < 2.1
        assert 1 < min(waits) < 1.6
        assert 2.4 < max(waits) < 3.2
        world.finish()

    def test_a_loop_without_waiting_is_stopped(self) -> None:
        """A thousand steps in a row without any time between them are a mistake: the call fails and ends."""
        client = called("steps: [{repeat: {times: 5000, steps: [{log: x}]}}, 486]")
        assert client.ended.outcome == "failed"
        assert "without a wait" in client.ended.reason
        assert len(client.world.logged) <= 1000


class TestUnordered:
    SOURCE = "steps: [200, {expect: ACK}, {unordered: [{expect: INFO}, [{expect: MESSAGE}, 202], {send: OPTIONS, expect: 200}]}, hangup]"

    @pytest.mark.parametrize("order", [("INFO", "MESSAGE"), ("MESSAGE", "INFO")])
    def test_in_any_order(self, order: tuple[str, str]) -> None:
        world, client = opened(self.SOURCE)
        for method in order:
            world.run(1.0)
            client.request(method, within=True)
        world.finish()
        told = {"INFO": "<INFO 200/INFO", "MESSAGE": "<MESSAGE 202/MESSAGE"}
        expected = f"<INVITE 200 <ACK OPTIONS <200/OPTIONS 1s {told[order[0]]} 1s {told[order[1]]} BYE <200/BYE"
        assert client.story() == expected
        assert client.ended.outcome == "completed"

    def test_one_of_them_does_not_come(self) -> None:
        world, client = opened("steps: [200, {unordered: [{expect: INFO}, {expect: MESSAGE, within: 3s}]}, hangup]")
        client.request("INFO", within=True)
        world.finish()
        assert client.ended.outcome == "failed"
        assert "MESSAGE" in client.ended.reason
        assert client.story() == "<INVITE 200 <ACK <INFO 200/INFO 3s BYE <200/BYE"

    def test_bye_in_the_middle(self) -> None:
        world, client = opened(self.SOURCE)
        world.run(1.0)
        client.request("INFO", within=True)
        world.run(1.0)
        client.bye()
        world.finish()
        assert client.ended.outcome == "failed"
        assert "MESSAGE" in client.ended.reason

    def test_waits_side_by_side(self) -> None:
        client = called("steps: [100, {unordered: [[1s, 180], [2s, 183], 500ms]}, 486]")
        assert client.story() == "<INVITE 100 1s 180 1s 183 486 <ACK"


class TestFork:
    """Early dialogs side by side: RFC 3261 12.1, 13.2.2.4; 16.7 for what is seen of refusals."""

    def test_the_first_2xx_ends_the_others(self) -> None:
        client = called("steps: [100, {fork: {left: [180, 2s, 200], right: [183, 1s, 200]}}]")
        assert client.story() == f"<INVITE 100 180 183 1s 200 {TALK}"
        assert client.the("200").to_tag == client.the("183").to_tag != client.the("180").to_tag

    def test_answers_at_the_same_moment(self) -> None:
        client = called("steps: [100, {fork: {left: [180, 1s, 200], right: [183, 1s, 200]}}]")
        assert len(client.every("200")) == 1
        assert client.ended.outcome == "completed"

    @pytest.mark.parametrize(
        ("left", "right", "best"),
        [
            ("486", "603", "603"),
            ("603", "486", "603"),
            ("486", "503", "486"),
            ("503", "404", "404"),
            ("404", "302", "302"),
            ("486", "484", "484"),
            ("404", "486", "404"),
            ("500", "600", "600"),
        ],
    )
    def test_the_best_refusal_when_all_have_refused(self, left: str, right: str, best: str) -> None:
        """16.7 step 6."""
        client = called(f"steps: [100, {{fork: {{left: [180, 1s, {left}], right: [183, 3s, {right}]}}}}]")
        assert client.story() == f"<INVITE 100 180 183 3s {best} <ACK"
        expected = {left: "180", right: "183"}[best]
        assert client.the(best).to_tag == client.the(expected).to_tag

    def test_a_refusal_does_not_end_the_others(self) -> None:
        client = called("steps: [100, {fork: {left: [180, 1s, 603], right: [183, 3s, 200]}}]")
        assert client.story() == f"<INVITE 100 180 183 3s 200 {TALK}"

    def test_requests_go_to_their_branch(self) -> None:
        source = "steps: [{fork: {left: [180, {expect: INFO}, 299], right: [183, {expect: INFO}, 298]}}, 1s, 486]"
        world, client = opened(source)
        left, right = client.dialogs
        client.request("INFO", tag=right)
        client.request("INFO", tag=left)
        world.finish()
        assert client.story() == "<INVITE 180 183 <INFO <INFO 298/INFO 299/INFO 1s 486 <ACK"
        assert client.the("298/INFO").to_tag == right

    def test_each_has_its_reliable_responses(self) -> None:
        """RFC 3262: RSeq is counted for each dialog."""
        source = (
            "steps: [{fork: {left: [{respond: 180, reliable: true}, {expect: PRACK}, 1s, 486], "
            "right: [{respond: 183, reliable: true, sdp: true}, {expect: PRACK}, 2s, 200]}}]"
        )
        client = called(source, fields=["Supported: 100rel"])
        assert client.story() == f"<INVITE 180 <PRACK 183 <PRACK 200/PRACK 200/PRACK 2s 200 {TALK}"
        assert [message.to_tag for message in client.every("200/PRACK")] == list(client.dialogs)[:2]

    def test_each_branch_sends_in_its_dialog(self) -> None:
        source = (
            "steps: [{fork: {left: [{respond: 180, reliable: true}, {expect: PRACK}, {send: UPDATE, expect: 200}], "
            "right: [{respond: 183, reliable: true}, {expect: PRACK}, {send: UPDATE, expect: 200}]}}, 486]"
        )
        client = called(source, fields=["Supported: 100rel"])
        tags = [message.the("from").rpartition("=")[2] for message in client.every("UPDATE")]
        assert tags == list(client.dialogs) or len(set(tags)) == 2
        assert client.ended.outcome == "completed"

    def test_cancel_ends_all(self) -> None:
        world, client = opened("steps: [{fork: {left: [180, 9s, 200], right: [183, 9s, 200]}}]")
        world.run(1.0)
        client.cancel()
        world.finish()
        assert client.story() == "<INVITE 180 183 1s <CANCEL 200/CANCEL 487 <ACK"
        assert client.ended.outcome == "cancelled"

    def test_the_flow_goes_on_with_the_answered_branch(self) -> None:
        source = "steps: [{fork: {left: [180, 5s, 486], right: [183, 1s, 200, {expect: ACK}]}}, 1s, {send: INFO, expect: 200}, hangup]"
        client = called(source, talks=None)
        assert client.story() == "<INVITE 180 183 1s 200 <ACK 1s INFO <200/INFO BYE <200/BYE"
        assert client.the("INFO").the("from").endswith(client.the("200").to_tag or "")

    def test_three(self) -> None:
        client = called("steps: [{fork: {a: [180, 3s, 486], b: [180, 2s, 603], c: [180, 1s, 404]}}]")
        assert len({message.to_tag for message in client.every("180")}) == 3
        assert client.story() == "<INVITE 180 180 180 3s 603 <ACK"


class TestChallenge:
    """The step's options; the shipped flows show the rest."""

    USERS = "users: {alice: secret}\n"

    def test_otherwise(self) -> None:
        source = self.USERS + "steps: [{challenge: 401, otherwise: [{log: no}, {respond: 404}]}, 486]"
        world = World(source)
        client = Client(world, password="guess", tries=1).begin()
        world.finish()
        assert client.story() == "<INVITE 401 <ACK <INVITE 404 <ACK"
        assert client.ended.outcome == "completed"
        assert world.logged == ["no"]

    def test_users_of_its_own(self) -> None:
        source = "users: {alice: other}\nsteps: [{challenge: 407, users: {alice: {password: secret}}, realm: there}, 486]"
        client = called(source)
        assert client.story() == "<INVITE 407 <ACK <INVITE 486 <ACK"

    def test_a_realm_with_quotes(self) -> None:
        """25.1: a quoted-string has them escaped."""
        client = called(self.USERS + """steps: [{challenge: 401, realm: 'a "b" c', algorithms: MD5}, 486]""", tries=0)
        assert r'realm="a \"b\" c"' in client.the("401").the("www-authenticate")

    def test_twice(self) -> None:
        """A proxy and a UAS ask one after the other (22.3)."""
        source = self.USERS + "steps: [{challenge: 407, realm: p}, {challenge: 401}, 486]"
        world = World(source)
        client = Client(world, tries=5).begin()
        world.finish()
        assert client.story() == "<INVITE 407 <ACK <INVITE 401 <ACK <INVITE 486 <ACK"

    def test_of_a_request_in_the_dialog(self) -> None:
        source = self.USERS + "steps: [200, {expect: ACK}, {expect: INFO}, {challenge: 401}, 299, hangup]"
        world, client = opened(source)
        sent = client.request("INFO", within=True)
        world.pump()
        from .wire import challenge_of, digest

        challenge = challenge_of(client.the("401/INFO").every("www-authenticate")[0])
        value = digest(challenge, method="INFO", uri=sent.uri, user="alice", password="secret")
        client.request("INFO", ("Authorization", value), within=True)
        world.finish()
        assert client.story() == "<INVITE 200 <ACK <INFO 401/INFO <INFO 299/INFO BYE <200/BYE"


class TestSeveralCalls:
    def test_each_has_its_own_variables_and_time(self) -> None:
        world = World("steps: [{set: {who: '${request.from.user}'}}, 180, 2s, {respond: 486, reason: 'No ${vars.who}'}]")
        clients = []
        for number, caller in enumerate(("ann", "ben", "cid"), 1):
            clients.append(Client(world, number=number, caller=f"<sip:{caller}@x>").begin())
            world.run(0.5)
        world.finish()
        assert [client.the("486").reason for client in clients] == ["No ann", "No ben", "No cid"]
        assert [client.times("486")[0] for client in clients] == [2.0, 2.5, 3.0]

    def test_busy_counts_all_of_them(self) -> None:
        world = World("steps: [180]")
        clients = [Client(world, number=number).begin() for number in range(1, 6)]
        world.pump()
        assert world.engine.busy == 5
        for client in clients:
            client.cancel()
        world.finish()
        assert world.engine.finished == 5

    def test_two_calls_of_one_call_id(self) -> None:
        """A client that reuses its Call-ID while the script of the first call still waits."""
        world = World("steps: [486, 20s, {log: late}]")
        client = Client(world).begin()
        world.run(1.0)
        client.request("INVITE", body=OFFER)
        world.run(1.0)
        assert world.engine.busy == 2
        world.finish()
        assert world.engine.finished == 2
        assert world.logged == ["late", "late"]

    def test_a_retry_finds_its_call_past_another_of_the_same_call_id(self) -> None:
        world = World(
            "rules:\n"
            "  - {name: slow, match: {method: MESSAGE}, steps: [10s, 200]}\n"
            "  - {name: again, steps: [503, {expect: INVITE, within: 20s}, 486]}\n"
        )
        client = Client(world).begin()
        world.run(1.0)
        client.request("MESSAGE", body=b"x", content_type="text/plain")
        world.run(1.0)
        client.request("INVITE", body=OFFER)
        world.finish()
        assert client.every("486")
        assert {event.outcome for event in world.ended} == {"completed"}
