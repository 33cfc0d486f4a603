from __future__ import annotations

import random

import pytest

from responder.scenario.compiler import load_text
from responder.scenario.draws import Draws
from responder.scenario.playbook import MOST_EXPLAINED, MOST_NEAR_MISSES, Playbook
from responder.scenario.tally import Tally
from tests.scenario.stage import FLOW, Stage, request


class TestBuiltIn:
    @pytest.mark.parametrize(
        ("method", "log"),
        [
            ("INVITE", ["100", "180", "200", "end"]),
            ("OPTIONS", ["answer OPTIONS", "end"]),
            ("REGISTER", ["answer REGISTER", "end"]),
        ],
    )
    def test_without_any_file(self, method: str, log: list[str]) -> None:
        stage = Stage()
        assert stage.start(request(method)) == log
        assert stage.call.script.name == ""
        assert stage.call.script.unchecked == frozenset()

    def test_one_object_serves_all_calls(self) -> None:
        stage = Stage()
        scripts = {id(stage.playbook.choose(request(call_id=str(n)), FLOW, 0.0)) for n in range(5)}
        assert len(scripts) == 1

    def test_it_takes_nothing_later(self) -> None:
        stage = Stage()
        stage.start()
        script, call = stage.call.script, stage.call
        assert not script.request(call, stage.first)
        assert not script.cancel(call, stage.first, request("CANCEL"))
        script.ack(call, request("ACK"))
        script.response(call, None, None)
        script.timer(call, None)
        script.ended(call, "completed")
        assert call.log == ["100", "180", "200", "end"]


class TestRules:
    SOURCE = """rules:
  - {name: bob, match: {user: bob}, steps: [486]}
  - {name: messages, match: {method: MESSAGE, from: alice}, steps: [202]}
  - {name: anything, match: {method: any, user: any}, steps: [500]}
  - {name: calls, unchecked: [require], steps: [603]}
"""

    @pytest.mark.parametrize(
        ("method", "uri", "name"),
        [
            ("INVITE", "sip:bob@x", "bob"),
            ("MESSAGE", "sip:bob@x", "messages"),
            ("INVITE", "sip:any@x", "anything"),
            ("OPTIONS", "sip:any@x", "anything"),
            ("INVITE", "sip:al@x", "calls"),
            ("OPTIONS", "sip:al@x", ""),
            ("INVITE", "sip:486@x", "calls"),
        ],
    )
    def test_the_first_that_matches(self, method: str, uri: str, name: str) -> None:
        stage = Stage(self.SOURCE)
        assert stage.playbook.choose(request(method, uri), FLOW, 0.0).name == name

    def test_unchecked(self) -> None:
        stage = Stage(self.SOURCE)
        assert stage.playbook.choose(request(uri="sip:al@x"), FLOW, 0.0).unchecked == {"require"}

    def test_what_no_rule_takes_can_be_dialled(self) -> None:
        stage = Stage(self.SOURCE)
        assert stage.start(request("OPTIONS", "sip:404@x")) == ["404", "end"]

    def test_flows_of_the_files_are_dialled_by_name(self) -> None:
        stage = Stage("name: special\nmatch: {user: bob}\nsteps: [100, 603]")
        assert stage.start(request(uri="sip:special@x")) == ["100", "603", "end"]
        assert stage.call.script.name == "special"
        assert stage.start(request("OPTIONS", "sip:special@x")) == ["answer OPTIONS", "end"]

    def test_files_of_rules_are_dialled_by_name(self) -> None:
        rules = "{name: a, match: {user: bob, from: eve}, steps: [486]}, {name: b, match: {user: bob}, steps: [603]}"
        stage = Stage(f"name: all\nrules: [{rules}]")
        assert stage.start(request(uri="sip:all@x", caller="<sip:eve@x>")) == ["486", "end"]
        assert stage.start(request(uri="sip:all@x")) == ["603", "end"]
        assert stage.start(request(uri="sip:b@x", caller="<sip:eve@x>")) == ["603", "end"]
        assert stage.start(request(uri="sip:a@x")) == ["100", "180", "200", "end"]

    def test_a_name_of_the_files_goes_before_a_shipped_one(self) -> None:
        stage = Stage("name: busy\nmatch: {user: bob}\nsteps: [603]")
        assert stage.start(request(uri="sip:busy@x")) == ["603", "end"]


class TestTimes:
    def served(self, per: str, *requests: dict[str, str]) -> str:
        rule = f"{{name: a, times: 2, per: {per}, steps: [503]}}"
        stage = Stage(f"rules: [{rule}, {{name: b, steps: [100, {{log: '${{call.number}}'}}, 200]}}]")
        names = ""
        for options in requests:
            stage.start(request(**options))  # type: ignore[arg-type]
            names += stage.call.script.name
        return names

    def test_all(self) -> None:
        assert self.served("all", *({"caller": f"<sip:{c}@x>"} for c in "abca")) == "aabb"

    def test_caller(self) -> None:
        assert self.served("caller", *({"caller": f"<sip:{c}@x>"} for c in "aabaab")) == "aaabba"

    def test_call_id(self) -> None:
        assert self.served("call-id", *({"call_id": c} for c in "aabaab")) == "aaabba"

    def test_source(self) -> None:
        assert self.served("source", *({"caller": f"<sip:{c}@x>"} for c in "abca")) == "aabb"

    def test_a_call_that_is_refused_by_a_check_of_the_core_is_not_served(self) -> None:
        stage = Stage("rules: [{name: a, times: 1, steps: [503]}, {name: b, steps: [200]}]")
        for _ in range(3):
            assert stage.playbook.choose(request(), FLOW, 0.0).name == "a"
        stage.start()
        assert stage.playbook.choose(request(), FLOW, 0.0).name == "b"

    def test_counters_are_bounded(self) -> None:
        tally = Tally(3)
        assert [tally.add(key) for key in "aabcda"] == [1, 2, 1, 1, 1, 1]
        assert len(tally) == 3
        assert [tally.of(key) for key in "abcd"] == [1, 0, 1, 1]


class TestAttempts:
    SOURCE = """rules:
  - {name: a, match: {attempt: 1}, steps: [503]}
  - {name: b, match: {attempt: {at_least: 2}}, steps: [200]}
"""

    def test_by_caller_and_method(self) -> None:
        stage = Stage(self.SOURCE)
        names = ""
        for caller, tag in (("a", None), ("a", None), ("b", None), ("b", "stray"), ("b", None)):
            names += stage.playbook.choose(request(caller=f"<sip:{caller}@x>", to_tag=tag), FLOW, 0.0).name or "-"
        assert names == "aba-b"

    def test_tries_within_a_call_count(self) -> None:
        stage = Stage("rules: [{match: {attempt: 1}, steps: [503, {expect: INVITE}, 503]}, {name: b, steps: [200]}]")
        stage.start()
        stage.receive("INVITE", to_tag=None)
        stage = Stage("steps: [503, {expect: INVITE}, {log: '${call.attempt}'}, 200]")
        stage.start()
        stage.receive("INVITE", to_tag=None)
        stage.start(request(call_id="other"))
        stage.receive("INVITE", to_tag=None)
        assert stage.call.notes == [("log", "3")]


class TestNearMisses:
    def notes(self, source: str, **options: object) -> list[tuple[str, str]]:
        stage = Stage(source)
        stage.start(request(**options))  # type: ignore[arg-type]
        assert list(stage.playbook.near_misses) == [text for _, text in stage.call.notes]
        return stage.call.notes

    def test_one_key_does_not_fit(self) -> None:
        source = "name: busy\nmatch: {method: INVITE, user: bob}\nsteps: [486]"
        assert self.notes(source, uri="sip:bobby@127.0.0.1") == [
            (
                "near-miss",
                "INVITE sip:bobby@127.0.0.1 matched rule 'busy' except user: expected 'bob', got 'bobby'",
            )
        ]

    def test_the_method_does_not_fit(self) -> None:
        source = "name: busy\nmatch: {user: bob}\nsteps: [486]"
        ((_, text),) = self.notes(source, method="OPTIONS", uri="sip:bob@x")
        assert text == (
            "OPTIONS sip:bob@x matched rule 'busy' except method: expected 'INVITE' "
            "(a rule that names no method is for INVITE), got 'OPTIONS'"
        )

    @pytest.mark.parametrize("match", ["{method: REGISTER}", "{user: al, host: y}", "{method: BYE, user: al}"])
    def test_what_is_not_near(self, match: str) -> None:
        assert self.notes(f"match: {match}\nsteps: [486]", uri="sip:bob@x") == []

    def test_a_rule_that_is_spent(self) -> None:
        stage = Stage("name: once\ntimes: 1\nsteps: [486]")
        stage.start()
        stage.start()
        assert stage.call.notes == [
            ("near-miss", "INVITE sip:bob@192.0.2.1 matched rule 'once', which has served its 1 calls")
        ]

    def test_what_looks_dialled(self) -> None:
        stage = Stage()
        stage.start(request(uri="sip:486.180@x"))
        assert stage.call.notes == [
            (
                "near-miss",
                "INVITE sip:486.180@x: '486.180' looks dialled and is no dial script: nothing can follow 486",
            )
        ]

    def test_what_is_dialled_is_none(self) -> None:
        assert self.notes("match: {user: bob}\nsteps: [486]", uri="sip:404@x") == []

    def test_they_are_bounded(self) -> None:
        stage = Stage("match: {user: bob}\nsteps: [486]")
        for _ in range(MOST_EXPLAINED + 5):
            stage.start(request(uri="sip:al@x"))
        assert len(stage.playbook.near_misses) == MOST_NEAR_MISSES
        assert stage.call.notes == []

    def test_at_most_three_for_a_call(self) -> None:
        rules = ", ".join(f"{{match: {{user: u{n}}}, steps: [486]}}" for n in range(9))
        assert len(self.notes(f"rules: [{rules}]", uri="sip:al@x")) == 3


def test_seeded_files_have_draws_of_their_own() -> None:
    plan = load_text("seed: 4\nsteps: [{log: '${random.hex8}'}, 200]")

    def drawn(seed: int) -> list[str]:
        stage = Stage(plan)
        stage.playbook = Playbook(plan, ids=random.Random(seed))
        seen = []
        for _ in range(3):
            stage.start()
            seen.append(stage.call.notes[0][1])
        return seen

    assert drawn(1) == drawn(2)
    assert len(set(drawn(1))) == 3


def test_draws_are_what_they_were() -> None:
    """The values of SplitMix64 for this seed, so that a run can be repeated by any later version."""
    draws = Draws(1234567)
    assert [draws.bits(64) for _ in range(3)] == [6457827717110365317, 3203168211198807973, 9817491932198370423]
    fractions = [draws.fraction() for _ in range(1000)]
    assert all(0 <= fraction < 1 for fraction in fractions)
    assert 450 < sum(fractions) < 550
    normals = [draws.normal(2.0, 0.3) for _ in range(2000)]
    assert 1.97 < sum(normals) / 2000 < 2.03
    assert min(draws.normal(0.1, 5) for _ in range(100)) == 0.0


def test_malformed_requests_get_a_script() -> None:
    stage = Stage("rules: [{times: 1, per: caller, match: {attempt: {at_most: 1}, from: {host: x}}, steps: [486]}]")
    for options in ({"uri": "sip:[::"}, {"caller": "<sip:a@"}, {"to": '"'}, {"caller": ""}):
        for _ in range(2):
            assert stage.start(request(**options)) == ["100", "180", "200", "end"]  # type: ignore[arg-type]
