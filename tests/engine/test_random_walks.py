"""Random callers and random scripts, seeded: whatever they do, the rules that every call obeys hold."""

from __future__ import annotations

import random
from collections import defaultdict

import pytest
from bench import (
    HOPELESS_OFFER,
    NEW_OFFER,
    OFFER,
    T4,
    TCP,
    UDP,
    Bench,
    Caller,
    Sent,
    Step,
    reply_to,
)

from responder.sip.message import Response
from responder.uas.script import Order, Reply

PROVISIONAL: tuple[Step, ...] = (
    Reply(180),
    Reply(183, sdp=True),
    Reply(180, reliable=True),
    Reply(183, sdp=True, reliable=True),
    Reply(180, to_tag="fork"),
    Reply(100),
)
WAITS: tuple[Step, ...] = (0.1, 0.5, 1.0, 7.0, 40.0)
FINALS: tuple[Step, ...] = (Reply(200), Reply(200), Reply(200), Reply(486), Reply(302), Reply(603), "answer")
AFTER: tuple[Step, ...] = (
    "ack",
    Order("BYE"),
    Order("INFO"),
    Order("INVITE"),
    Order("UPDATE", sdp=True),
    Order("INVITE", sdp=False),
    lambda call, transaction: call.hangup(),
    lambda call, transaction: call.fail("as it happens"),
)


def script(rng: random.Random) -> list[Step]:
    steps: list[Step] = []
    for _ in range(rng.randrange(4)):
        steps.append(rng.choice(PROVISIONAL if rng.random() < 0.6 else WAITS))
    steps.append(rng.choice(FINALS))
    for _ in range(rng.randrange(4)):
        steps.append(rng.choice(AFTER if rng.random() < 0.7 else WAITS))
    return steps


class Walk:
    """One run: callers that do one thing after another, in any order, well-formed but hardly ever sensible."""

    def __init__(self, seed: int) -> None:
        self.rng = rng = random.Random(seed)
        self.bench = Bench(*script(rng))
        if rng.random() < 0.5:
            later = {
                "INVITE": [Reply(180), Reply(200)],
                "INFO": [Reply(299)],
                "UPDATE": [Reply(488)],
                "BYE": [Reply(200)],
            }
            self.bench.book.later = {name: later[name] for name in rng.sample(sorted(later), 2)}
        self.said: list[tuple[float, bytes]] = []
        """What went by UDP, and when: to be said again as long as its transaction lasts."""
        self.heard = 0
        self.dialogs: set[tuple[Caller, str]] = set()
        self.cancels: list[tuple[Caller, bytes]] = []
        """For every INVITE its CANCEL."""
        self.callers = [Caller(number, flow=TCP if rng.random() < 0.3 else UDP) for number in range(4)]

    def run(self) -> None:
        rng, bench = self.rng, self.bench
        for _ in range(rng.randrange(10, 40)):
            caller = rng.choice(self.callers)
            action = rng.randrange(10)
            if action < 2:
                bench.run(rng.choice((0.0, 0.2, 0.5, 1.0, 5.0, 35.0)))
            elif action == 2 and self.said:
                time, data = rng.choice(self.said[-5:])
                if bench.now - time < T4:
                    bench.receive(data)
            elif action == 3:
                self.answer_something()
            else:
                self.say(caller)
            self.listen()

    def listen(self) -> None:
        """Callers learn the tag of the last response with one."""
        by_id = {caller.call_id: caller for caller in self.callers}
        for one in self.bench.sent[self.heard :]:
            if isinstance(one.message, Response) and 100 < one.status < 300 and one.message.to_tag:
                caller = by_id.get(one.message.call_id)
                if caller is not None and one.message.cseq.method == "INVITE":
                    caller.heard(one)
                    self.dialogs.add((caller, one.message.to_tag))

        self.heard = len(self.bench.sent)

    def say(self, caller: Caller) -> None:
        rng = self.rng
        method = rng.choice(
            (
                "INVITE",
                "INVITE",
                "ACK",
                "ACK",
                "BYE",
                "CANCEL",
                "PRACK",
                "UPDATE",
                "INFO",
                "OPTIONS",
                "REFER",
                "SUBSCRIBE",
            )
        )
        body = (
            rng.choice((b"", OFFER, NEW_OFFER, HOPELESS_OFFER))
            if method in ("INVITE", "UPDATE", "PRACK", "ACK")
            else b""
        )
        fields = [rng.choice(("Supported: 100rel, timer", "Require: 100rel", "X-A: b", "Timestamp: 1"))]
        if method in ("INVITE", "UPDATE") and rng.random() < 0.3:
            fields.append(f"Session-Expires: 100;refresher={rng.choice(('uac', 'uas'))}")
        if method == "INVITE":
            data = caller.invite(*fields, body=body)
            self.cancels.append((caller, caller.cancel()))
        elif method == "ACK":
            failed = [
                one for one in self.bench.sent if one.what >= "300" and one["CSeq"] == f"{caller.invited[0]} INVITE"
            ]
            mine = [one for one in failed if one.message.call_id == caller.call_id]
            data = caller.ack_refusal(mine[-1]) if mine and rng.random() < 0.8 else caller.ack(body=body)
        elif method == "CANCEL":
            data = caller.cancel()
        elif method == "PRACK":
            reliable = [one for one in self.bench.sent if one["RSeq"] and one.message.call_id == caller.call_id]
            if not reliable:
                return
            data = caller.prack(rng.choice(reliable[-2:]), body=body)
        elif method == "REFER":
            data = caller.request("REFER", "Refer-To: <sip:c@d>")
        elif method == "SUBSCRIBE":
            data = caller.request("SUBSCRIBE", "Event: presence", f"Expires: {rng.choice((0, 60, 600))}")
        else:
            data = caller.request(method, *fields, body=body)
        if caller.flow is UDP:
            self.said.append((self.bench.now, data))
        self.bench.receive(data, caller.flow)

    def answer_something(self) -> None:
        ours = [one for one in self.bench.sent if one.what.isalpha() and one.what != "ACK"]
        if ours:
            one = self.rng.choice(ours[-3:])
            status = self.rng.choice((100, 180, 200, 200, 302, 404, 481, 491, 500, 603))
            self.bench.receive(reply_to(one, status, body=self.rng.choice((b"", OFFER))), one.flow)

    def settle(self) -> None:
        """The peers come to their senses: they answer everything that they still owe."""
        bench = self.bench
        for one in list(bench.sent):
            if one.what in ("INVITE", "UPDATE", "INFO", "BYE", "NOTIFY"):
                bench.receive(reply_to(one, 481), one.flow)
        for method in ("INVITE", "UPDATE", "INFO", "BYE", "NOTIFY"):
            bench.peers[method] = 481
        for caller, data in self.cancels:
            bench.receive(data, caller.flow)
        for _ in range(2):
            for caller, tag in sorted(self.dialogs, key=lambda known: (known[0].number, known[1])):
                bench.receive(caller.bye(to_tag=tag), caller.flow)
            bench.run(200.0)
            self.listen()


def final_responses(sent: list[Sent]) -> dict[tuple[str, str, str], set[bytes]]:
    """By branch, Call-ID and CSeq: the final responses, retransmissions counted once.

    CANCEL aside: one that comes late, or again by TCP, is a new one under its old branch.
    """
    found: dict[tuple[str, str, str], set[bytes]] = defaultdict(set)
    for one in sent:
        if isinstance(one.message, Response) and one.status >= 200 and one.message.cseq.method != "CANCEL":
            key = (one.message.top_via.branch, one.message.call_id, str(one.message.cseq))
            found[key].add(one.data)
    return found


class TestWalks:
    @pytest.mark.parametrize("seed", range(150))
    def test_rules_of_every_call(self, seed: int) -> None:
        walk = Walk(seed)
        walk.run()
        walk.settle()
        bench = walk.bench
        for (_, _, cseq), finals in final_responses(bench.sent).items():
            statuses = sorted(data[8:11] for data in finals)
            assert len(finals) == 1 or ("INVITE" in cseq and statuses[-1] < b"300"), "17.2: one final response"
        order: dict[tuple[str, str | None], list[int]] = defaultdict(list)
        for one in bench.sent:
            message = one.message
            if isinstance(message, Response):
                assert message.to_tag or message.status == 100, "8.2.6.2"
                assert not (message.status < 200 and message.cseq.method != "INVITE" and message.status != 100)
            elif one.what != "ACK":
                numbers = order[message.call_id, message.from_tag]
                if not numbers or numbers[-1] != message.cseq.number:
                    assert message.cseq.number == (max(numbers) + 1 if numbers else message.cseq.number) or (
                        message.cseq.number in numbers
                    ), "12.2.1.1: CSeq counts up by one"
                    numbers.append(message.cseq.number)
        bench.drain(20_000.0)
        assert bench.engine.finished == len(bench.ended) == len({event.call for event in bench.ended})

    def test_a_transaction_has_one_to_tag_but_for_forks(self) -> None:
        for seed in range(150, 200):
            walk = Walk(seed)
            walk.run()
            tags: dict[tuple[str, str, str], set[str | None]] = defaultdict(set)
            for one in walk.bench.sent:
                if (
                    isinstance(one.message, Response)
                    and one.message.to_tag not in (None, "fork")
                    and one.message.cseq.method != "CANCEL"
                ):
                    tags[one.message.top_via.branch, one.message.call_id, str(one.message.cseq)].add(one.message.to_tag)
            assert {len(found) for found in tags.values()} <= {1}
