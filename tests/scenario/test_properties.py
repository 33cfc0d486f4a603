"""Seeded random files and calls: nothing but `ScenarioError` comes out of the compiler, nothing out of a runner."""

from __future__ import annotations

import random

import pytest

from responder.scenario import shipped
from responder.scenario.compiler import load, load_text
from responder.scenario.language import TABLE
from responder.scenario.plan import Plan
from responder.scenario.problems import ScenarioError
from tests.scenario.stage import SDP, Stage, request

WORDS = [key.name for key in TABLE] + [key.example for key in TABLE]
WORDS += [
    "100",
    "180",
    "200",
    "486",
    "2s",
    "[",
    "]",
    "{",
    "}",
    ":",
    ",",
    "- ",
    "\n",
    "  ",
    "'",
    '"',
    "${",
    "}",
    "&a ",
    "*a",
    "!x ",
    "#",
    "~",
]


def compiled(text: str) -> Plan | None:
    try:
        return load_text(text)
    except ScenarioError as error:
        problems = error.problems
    assert problems
    for problem in problems:
        assert problem.line <= text.count("\n") + 2
        assert str(problem)
    return None


def test_random_words() -> None:
    generator = random.Random(11)
    for _ in range(400):
        compiled("".join(generator.choices(WORDS, k=generator.randrange(1, 30))))


def test_mutated_flows() -> None:
    generator = random.Random(12)
    sources = [file.read_text() for file in sorted(shipped.folder().glob("*.yaml"))]
    loaded = 0
    for _ in range(300):
        text = generator.choice(sources)
        for _ in range(generator.randrange(1, 4)):
            at = generator.randrange(len(text))
            cut = generator.randrange(0, 12)
            text = text[:at] + generator.choice([*WORDS, ""]) + text[at + cut :]
        loaded += compiled(text) is not None
    assert 10 < loaded < 290


EXPECTED = ("ACK", "BYE", "INFO", "INVITE", "PRACK", "CANCEL", "any")


def random_steps(generator: random.Random, depth: int = 0) -> str:
    def one() -> str:
        kinds = ["code", "code", "wait", "expect", "send", "log", "check", "set", "hangup", "bare"]
        if depth < 3:
            kinds += ["choose", "repeat", "fork", "unordered"]
        kind = generator.choice(kinds)
        inner = random_steps(generator, depth + 1) if depth < 3 else "[]"
        return {
            "code": generator.choice(["100", "180", "183", "200", "302", "486", "603"]),
            "wait": generator.choice(["0s", "1s", "{wait: {uniform: [1s, 2s]}}"]),
            "expect": f"{{expect: {generator.choice(EXPECTED)}, within: 3s}}",
            "send": f"{{send: {generator.choice(['BYE', 'INFO', 'INVITE'])}, expect: 200, as: x}}",
            "log": "{log: '${request.uri.user} ${request.header.X} ${vars.x:-y} ${request.sdp.port}'}",
            "check": "{check: {same: [Call-ID, From.tag], greater: CSeq.number}}",
            "set": "{set: {x: '${random.hex8}'}}",
            "hangup": "hangup",
            "bare": "end",
            "choose": f"{{choose: [{{steps: {inner}}}, {{weight: 2, steps: [180]}}]}}",
            "repeat": f"{{repeat: {{times: 2, steps: {inner}}}}}",
            "fork": f"{{fork: {{a: {inner}, b: [183, 2s, 486]}}}}",
            "unordered": f"{{unordered: [{inner}, [{{expect: INFO, within: 2s}}]]}}",
        }[kind]

    return f"[{', '.join(one() for _ in range(generator.randrange(1, 4)))}]"


def shake(generator: random.Random, stage: Stage) -> None:
    """Anything that a client may do, in any order."""
    for _ in range(12):
        if not stage.call.active:
            return
        action = generator.randrange(8)
        if action < 3:
            method = generator.choice(["INFO", "BYE", "INVITE", "UPDATE", "PRACK", "MESSAGE"])
            stage.receive(
                method, to_tag=generator.choice(["to", "tag1", "tag2", None]), body=generator.choice(["", SDP])
            )
        elif action == 3:
            stage.ack(cseq=generator.choice([1, 2, stage.cseq]))
        elif action == 4:
            if stage.first.open:
                stage.cancel()
        elif action == 5 and stage.call.sent:
            stage.respond(generator.choice([100, 200, 486, None]))
        else:
            stage.pass_time(generator.choice([0.5, 1, 5]))


@pytest.mark.parametrize("seed", range(6))
def test_random_flows_and_random_clients(seed: int) -> None:
    generator = random.Random(seed)
    played = 0
    for _ in range(120):
        rule = generator.choice(
            ["", "\ncancel: ignore", "\ncancel: [480]", "\nmeanwhile: {INFO: [1s, 415], any: [200]}"]
        )
        plan = compiled(f"steps: {random_steps(generator)}{rule}")
        if plan is None:
            continue
        stage = Stage(plan)
        stage.start(request(body=generator.choice(["", SDP]), headers={"Content-Type": "application/sdp"}))
        shake(generator, stage)
        stage.pass_time(1000)
        if not stage.call.active:
            # whoever let a request go without an answer would leave its client hanging
            assert all(transaction.method == "INVITE" for transaction in stage.call.unanswered)
        stage.finish()
        assert stage.call.script.name == "scenario"
        played += 1
    assert played > 15


@pytest.mark.parametrize("name", sorted(shipped.names()))
def test_shipped_flows_and_random_clients(name: str) -> None:
    generator = random.Random(name)
    plan = load([name])
    for _ in range(3):
        stage = Stage(plan)
        method = next(iter(plan.rules[0].match.methods), "INVITE")
        stage.start(request(method))
        shake(generator, stage)
        stage.finish()
