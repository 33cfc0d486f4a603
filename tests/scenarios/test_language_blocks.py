"""Steps in steps: `repeat`, `use`, `choose`, `unordered`, `fork`; and calls beside calls."""

from __future__ import annotations

import pytest

from .calling import TALK, called, opened
from .client import Client
from .wire import OFFER, tag_of
from .world import World


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
        source = (
            "rules:\n  - {name: a, match: {user: nobody}, steps: [180, 1s]}\n  - {name: b, steps: [{use: a}, 486]}\n"
        )
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
    SOURCE = """
steps:
  - 200
  - expect: ACK
  - unordered:
      - expect: INFO
      - [{expect: MESSAGE}, 202]
      - {send: OPTIONS, expect: 200}
  - hangup
"""

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

    RACE = """\
steps:
  - fork:
      left: [180, 1s, 200, {expect: ACK, within: 5s}, {expect: BYE}]
      right: [183, %s, 200, {expect: ACK, within: 5s}, {expect: BYE}]
    race: true
  - log: both
"""

    @pytest.mark.parametrize("later", ["1s", "3s"])
    def test_each_answers_in_a_race(self, later: str) -> None:
        """13.2.2.4: several 2xx, a dialog each, and each has its ACK and its BYE."""
        world, client = opened(self.RACE % later)
        world.run(4.0)
        assert [answer.to_tag for answer in client.every("200")] == [client.the("180").to_tag, client.the("183").to_tag]
        assert len(client.acks) == 2
        for tag in client.dialogs:
            client.bye(tag)
        world.finish()
        assert len(client.every("200/BYE")) == 2
        assert ("log", "both") in world.notes
        assert client.ended.outcome == "completed"

    def test_each_of_a_race_wants_its_ack(self) -> None:
        world, client = opened(self.RACE % "1s", acks=False)
        world.run(1.5)
        first, second = client.every("200")[:2]
        client.request("ACK", tag=first.to_tag, cseq=first.cseq)
        world.finish()
        assert client.ended.outcome == "failed"
        assert "no ACK within" in client.ended.reason
        assert second.to_tag in {tag_of(bye.the("from")) for bye in client.every("BYE")}

    def test_a_refusal_after_an_answer_is_not_seen_in_a_race(self) -> None:
        client = called("steps: [{fork: {left: [180, 1s, 200], right: [183, 1500ms, 486]}, race: true}]")
        assert client.story() == f"<INVITE 180 183 1s 200 {TALK}"

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
        source = (
            "steps: [{fork: {left: [180, 5s, 486], right: [183, 1s, 200, {expect: ACK}]}}, 1s, "
            "{send: INFO, expect: 200}, hangup]"
        )
        client = called(source, talks=None)
        assert client.story() == "<INVITE 180 183 1s 200 <ACK 1s INFO <200/INFO BYE <200/BYE"
        assert client.the("INFO").the("from").endswith(client.the("200").to_tag or "")

    def test_three(self) -> None:
        client = called("steps: [{fork: {a: [180, 3s, 486], b: [180, 2s, 603], c: [180, 1s, 404]}}]")
        assert len({message.to_tag for message in client.every("180")}) == 3
        assert client.story() == "<INVITE 180 180 180 3s 603 <ACK"


class TestSeveralCalls:
    def test_each_has_its_own_variables_and_time(self) -> None:
        world = World(
            "steps: [{set: {who: '${request.from.user}'}}, 180, 2s, {respond: 486, reason: 'No ${vars.who}'}]"
        )
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
