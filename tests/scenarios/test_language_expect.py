"""What the client sends, and what a flow wants of it: `expect`, `cancel`, `meanwhile`, `challenge`."""

from __future__ import annotations

import pytest

from .calling import TALK, called, opened
from .client import Client
from .wire import NEW_OFFER, OFFER, challenge_of, digest
from .world import World


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
        client = called("steps: [486, {expect: ACK, within: 2s, check: {same: [Call-ID, Via.branch, CSeq.number]}}]")
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
        world, client = opened(
            "steps: [503, {expect: INVITE, within: 10s, check: {same: Call-ID}}, 180, 200, {expect: BYE}]"
        )
        world.run(2.0)
        client.request("INVITE", body=OFFER)
        world.run(2.0)
        client.bye()
        world.finish()
        assert client.story() == "<INVITE 503 <ACK 2s <INVITE 180 200 <ACK 2s <BYE 200/BYE"
        assert client.ended.outcome == "completed"

    def test_a_reinvite(self) -> None:
        world, client = opened(
            "steps: [200, {expect: INVITE, within: 10s}, 100, 1s, {respond: 200, sdp: true}, {expect: BYE}]"
        )
        world.run(1.0)
        client.request("INVITE", within=True, body=NEW_OFFER)
        world.run(3.0)
        client.bye()
        world.finish()
        assert client.story() == "<INVITE 200 <ACK 1s <INVITE 100 1s 200 <ACK 2s <BYE 200/BYE"
        versions = [int(message.sdp[1].split()[2]) for message in client.every("200")]
        assert versions[1] in (versions[0], versions[0] + 1)  # RFC 3264 8: the same only where nothing has changed


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
    SOURCE = """
meanwhile:
  INFO: [415]
  INVITE: [1s, 491]
  OPTIONS: [{respond: 200, headers: {X-A: '1'}}]
  any: [501]
steps: [180, 5s, 200]
"""

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
        source = (
            "users: {alice: other}\nsteps: [{challenge: 407, users: {alice: {password: secret}}, realm: there}, 486]"
        )
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

        challenge = challenge_of(client.the("401/INFO").every("www-authenticate")[0])
        value = digest(challenge, method="INFO", uri=sent.uri, user="alice", password="secret")
        client.request("INFO", ("Authorization", value), within=True)
        world.finish()
        assert client.story() == "<INVITE 200 <ACK <INFO 401/INFO <INFO 299/INFO BYE <200/BYE"
