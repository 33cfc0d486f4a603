"""Every kind of call: it ends, leaves nothing behind, and is the same each time, recognised or read the long way."""

from __future__ import annotations

import gc
import os
import random
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from bench import OK, RINGING, Bench, Caller

from responder.engine import CALLS, MESSAGES, QUIET
from responder.events import Flow
from responder.sip import likeness
from responder.sip.likeness import Acquaintances, LikeRequest

from .flows import RUNS, bench_for

MANY = likeness._AFTER + 10
"""More calls than it takes to be recognised."""


class Forgetful:
    """In place of `Acquaintances`: knows nobody, ever."""

    def read(self, data: bytes, remote: tuple[str, int]) -> LikeRequest | None:
        return None

    def met(self, data: bytes, request: Any, remote: tuple[str, int]) -> None:
        pass


class Attentive:
    """In place of `Acquaintances`: the same, and counts."""

    def __init__(self) -> None:
        self.known = Acquaintances()
        self.recognised = 0

    def read(self, data: bytes, remote: tuple[str, int]) -> LikeRequest | None:
        found = self.known.read(data, remote)
        self.recognised += found is not None
        return found

    def met(self, data: bytes, request: Any, remote: tuple[str, int]) -> None:
        self.known.met(data, request, remote)


def wire(bench: Bench) -> list[tuple[float, bytes, Flow]]:
    return [(one.time, one.data, one.flow) for one in bench.sent]


class TestEveryFlow:
    @pytest.mark.parametrize("name", RUNS)
    def test_ends_and_leaves_nothing_behind(self, name: str) -> None:
        bench = bench_for(name)
        for number in range(3):
            RUNS[name](bench, number)
        bench.drain()
        assert bench.engine.finished == len(bench.ended) >= 3
        assert len({event.call for event in bench.ended}) == len(bench.ended)

    @pytest.mark.parametrize("name", RUNS)
    def test_many_at_once(self, name: str) -> None:
        # interleaved: each step of one is followed by a whole other call
        bench = bench_for(name)
        order = list(range(10))
        random.Random(3).shuffle(order)
        for number in order:
            RUNS[name](bench, number)
            RUNS[name](bench, number + 100)
        bench.drain()

    @pytest.mark.parametrize("name", RUNS)
    def test_observers_change_nothing(self, name: str) -> None:
        found = []
        for observer in (QUIET, CALLS, MESSAGES):
            bench = bench_for(name, observer=observer)
            for number in range(2):
                RUNS[name](bench, number)
            bench.drain()
            found.append(wire(bench))
            if observer == QUIET:
                assert bench.events == []
        assert found[0] == found[1] == found[2]


class TestDeterminism:
    """The same seed, bytes and clock give the same bytes."""

    @pytest.mark.parametrize("name", RUNS)
    def test_same_seed(self, name: str) -> None:
        one, two = (bench_for(name, seed=7) for _ in range(2))
        for bench in (one, two):
            for number in range(3):
                RUNS[name](bench, number)
            bench.drain()
        assert wire(one) == wire(two)
        assert [repr(event) for event in one.ended] == [repr(event) for event in two.ended]

    def test_another_seed_is_another_run(self) -> None:
        one, two = bench_for("plain", seed=7), bench_for("plain", seed=8)
        for bench in (one, two):
            RUNS["plain"](bench, 1)
        assert wire(one) != wire(two)

    def test_whatever_the_hash_seed(self) -> None:
        # an order of sets must not show on the wire
        here = Path(__file__).parent
        found = set()
        for seed in ("1", "2", "3"):
            env = {**os.environ, "PYTHONHASHSEED": seed, "PYTHONPATH": os.pathsep.join([str(here.parent), *sys.path])}
            done = subprocess.run(
                [sys.executable, "-m", "engine.wire_digest"], env=env, capture_output=True, check=True, text=True
            )
            found.add(done.stdout.strip())
        assert len(found) == 1


class TestLikeness:
    """What a busy peer sends is recognised, and gets the very same bytes."""

    @pytest.mark.parametrize("name", RUNS)
    def test_the_same_bytes_as_the_long_way(self, name: str) -> None:
        quick, slow = bench_for(name, seed=5), bench_for(name, seed=5)
        slow.engine._acquaintances = Forgetful()  # type: ignore[assignment]
        for number in range(MANY):
            for bench in (quick, slow):
                RUNS[name](bench, number)
        for bench in (quick, slow):
            bench.drain()
        assert wire(quick) == wire(slow)
        assert [repr(event) for event in quick.ended] == [repr(event) for event in slow.ended]
        assert quick.seen == slow.seen
        assert quick.leftovers() == slow.leftovers()

    @pytest.mark.parametrize("name", ["plain", "late", "refused", "re-INVITE", "TCP", "OPTIONS", "REGISTER"])
    def test_it_was_recognised(self, name: str) -> None:
        bench = bench_for(name)
        attentive = Attentive()
        bench.engine._acquaintances = attentive  # type: ignore[assignment]
        for number in range(MANY):
            RUNS[name](bench, number)
        assert attentive.recognised

    def test_kinds_in_turn(self) -> None:
        # one peer, every kind of call in a random order
        quick, slow = (Bench(seed=5, plans={"*": ("answer",)}) for _ in range(2))
        slow.engine._acquaintances = Forgetful()  # type: ignore[assignment]
        rng = random.Random(11)
        names = ["plain", "re-INVITE", "UPDATE and INFO", "OPTIONS", "REGISTER", "malformed", "TCP"]
        order = [rng.choice(names) for _ in range(200)]
        for number, name in enumerate(order):
            for bench in (quick, slow):
                RUNS[name](bench, number)
        assert wire(quick) == wire(slow)

    def test_near_misses(self) -> None:
        # a busy peer whose requests have one byte changed now and then
        quick, slow = (Bench(RINGING, OK, seed=5) for _ in range(2))
        slow.engine._acquaintances = Forgetful()  # type: ignore[assignment]
        rng = random.Random(13)
        for number in range(300):
            caller = Caller(number)
            for make in (caller.invite, lambda known=caller: known.ack(to_tag="x"), caller.bye):
                data = make()
                if number > MANY and rng.random() < 0.7:
                    at = rng.randrange(data.index(b"\r\n\r\n"))
                    data = data[:at] + bytes([rng.choice(b'aZ0;:,<>"@%= \t\r\n\xff')]) + data[at + 1 :]
                for bench in (quick, slow):
                    bench.hostile = True
                    sent = bench.receive(data)
                    if len(sent) == 2 and sent[1].what == "200":
                        caller.to_tag = sent[1].message.to_tag
        for bench in (quick, slow):
            bench.drain()
        assert wire(quick) == wire(slow)
        assert [repr(event) for event in quick.ended] == [repr(event) for event in slow.ended]

    def test_retransmissions_are_still_retransmissions(self) -> None:
        bench = bench_for("plain")
        for number in range(MANY):
            caller = Caller(number)
            data = caller.invite()
            first = bench.receive(data)
            assert len(first) == 2
            assert bench.receive(data) == []
            caller.heard(first[-1])
            bench.receive(caller.ack())
            bye = caller.bye()
            assert [one.data for one in bench.receive(bye)] == [one.data for one in bench.receive(bye)]
        assert bench.seen.count(("start", "INVITE")) == MANY


class TestGarbage:
    """A call dies with its last reference: the collector has nothing to find (and may be frozen)."""

    @pytest.mark.parametrize("name", RUNS)
    def test_no_cycles(self, name: str) -> None:
        def some(first: int) -> None:
            for number in range(first, first + 5):
                RUNS[name](bench, number)
            bench.run(4000.0)

        bench = bench_for(name, observer=QUIET)
        some(0)
        gc.collect()
        gc.disable()
        try:
            some(100)
            bench.sent.clear()
            assert bench.engine.busy == 0
            assert gc.collect() == 0
        finally:
            gc.enable()

    def test_nothing_grows_with_the_number_of_calls(self) -> None:
        def objects() -> int:
            gc.collect()
            return len(gc.get_objects())

        bench = bench_for("plain", observer=QUIET)

        def some(first: int, count: int) -> None:
            for number in range(first, first + count):
                RUNS["plain"](bench, number)
            bench.run(100.0)
            bench.sent.clear()
            bench.seen.clear()

        some(0, 100)
        before = objects()
        some(1000, 300)
        assert objects() - before < 300, "less than one object for each call"
