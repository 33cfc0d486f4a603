"""`check: {rule: NAME}`: calls that are judged while they last."""

from __future__ import annotations

import asyncio
import random
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from bench import OFFER, Caller
from cli.process import Client, Serving

from responder import Responder, ScenarioError
from responder.control.assembly import Assembly, Setup, assembled
from responder.control.explanation import explain_rule
from responder.control.umpire import rule_names
from responder.engine import CALLS
from responder.events import CallEnded, Event, Flow, MessageReceived, MessageSent
from responder.scenario.compiler import load_text
from responder.scenario.playbook import Playbook

FLOW = Flow("UDP", ("127.0.0.1", 5060), ("192.0.2.10", 5062))
RULE = "ack-non-2xx-reuses-branch"
BUSY = f"""\
name: busy
steps:
  - 486
  - expect: ACK
    within: 5s
    check: {{rule: {RULE}}}
"""


class Run:
    """An engine that is assembled for a scenario, and what it reports."""

    def __init__(self, assembly: Assembly) -> None:
        self.engine = assembly.engine
        self.journal = assembly.journal
        self.events: list[Event] = []
        self.calls = 0

    def ends(self) -> list[CallEnded]:
        return [event for event in self.events if isinstance(event, CallEnded)]

    def receive(self, data: bytes, now: float) -> list[bytes]:
        self.engine.receive(data, FLOW, now)
        events = self.engine.events()
        self.events += events
        if self.journal is not None:
            self.journal.observe(events)
        return [sent for sent, _ in self.engine.transmits()]

    def refused(self, *, branch: str = "", at: float = 0.0) -> CallEnded:
        """A call that gets a 300-699, and an ACK with this branch; how it ended."""
        self.calls += 1
        caller = Caller(self.calls, uri="sip:bob@127.0.0.1", to="<sip:bob@127.0.0.1>")
        answer = self.receive(caller.invite(body=OFFER), at)[-1]
        tag = answer.partition(b"\r\nTo: ")[2].partition(b"\r\n")[0].partition(b";tag=")[2].decode()
        own = caller.invited[1]
        self.receive(caller.request("ACK", cseq=1, branch=branch or own, to_tag=tag), at + 0.01)
        self.engine.handle_timeout(at + 40)
        self.events += self.engine.events()
        return self.ends()[-1]


@pytest.fixture
def run() -> Callable[[str], Run]:
    def start(text: str) -> Run:
        plan = load_text(text, rule_names=rule_names)
        with assembled(plan, Setup(seed=1), ["127.0.0.1"], level=CALLS) as assembly:
            return Run(assembly)

    return start


def test_a_client_that_keeps_it(run: Callable[[str], Run]) -> None:
    end = run(BUSY).refused()
    assert (end.outcome, end.reason) == ("completed", "")


# an ACK with the wrong branch matches no transaction and so no `expect`: the check is made later
LATER = f"""\
name: later
steps:
  - 486
  - wait: 2s
  - check: {{rule: {RULE}}}
"""


def test_a_client_that_breaks_it(run: Callable[[str], Run]) -> None:
    served = run(LATER)
    end = served.refused(branch="z9hG4bKother")
    assert end.outcome == "failed"
    assert end.reason.startswith(f"check in line 5: rule {RULE} (RFC 3261 17.1.1.3): expected ")
    assert ", got " in end.reason
    assert "message" in end.reason
    other = served.refused(at=100.0)
    assert (other.outcome, other.reason) == ("completed", ""), "each call is judged by itself"


def test_the_message_at_hand_counts_and_numbers_are_those_of_the_run(run: Callable[[str], Run]) -> None:
    rule = "request-has-max-forwards"
    served = run(f"steps:\n  - 180\n  - expect: INFO\n    check: {{rule: [{rule}, {RULE}]}}\n  - 200\n")
    served.receive(Caller(1).request("OPTIONS"), 0.0)
    before = sum(isinstance(event, MessageReceived | MessageSent) for event in served.events)
    assert before == 2
    caller = Caller(9, uri="sip:bob@127.0.0.1", to="<sip:bob@127.0.0.1>")
    answer = served.receive(caller.invite(body=OFFER), 100.0)[-1]
    caller.to_tag = answer.partition(b"\r\nTo: ")[2].partition(b"\r\n")[0].partition(b";tag=")[2].decode()
    info = caller.request("INFO", to_tag=caller.to_tag)
    lacking = b"\r\n".join(line for line in info.split(b"\r\n") if not line.startswith(b"Max-Forwards"))
    served.receive(lacking, 100.1)
    served.engine.close(101.0)
    served.events += served.engine.events()
    end = served.ends()[-1]
    assert end.outcome == "failed"
    assert end.reason.startswith(f"check in line 4: rule {rule} (")
    assert end.reason.endswith(f"(message {before + 3})")  # INVITE, 180 and this


def test_nothing_is_kept_where_nobody_asks(run: Callable[[str], Run]) -> None:
    served = run("steps: [486]")
    assert served.journal is None
    assert served.refused().outcome == "completed"
    program = (
        "import sys; from responder.scenario.compiler import load_text; import responder.control.assembly;"
        "from responder.control.umpire import rule_names; load_text('steps: [486]', rule_names=rule_names);"
        "sys.exit(any(name.startswith('responder.observe.rules') for name in sys.modules))"
    )
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0


def test_a_playbook_without_an_umpire_says_so() -> None:
    playbook = Playbook(load_text(BUSY), ids=random.Random(1))
    assert playbook.broken(None, [RULE]) == [  # type: ignore[arg-type]
        f"rule {RULE}: nobody judges here what is only dialled: serve the flow by its name"
    ]


def test_a_call_that_is_forgotten_in_part_is_not_judged(run: Callable[[str], Run]) -> None:
    served = run(LATER)
    assert served.journal is not None
    served.journal.clear()
    caller = Caller(5, uri="sip:bob@127.0.0.1", to="<sip:bob@127.0.0.1>")
    served.receive(caller.invite(body=OFFER), 0.0)
    served.journal._lost.append(caller.call_id)
    served.engine.handle_timeout(3.0)
    served.engine.handle_timeout(40.0)
    (end,) = [event for event in served.engine.events() if isinstance(event, CallEnded)]
    assert f"rule {RULE} cannot be judged: the beginning of the call is forgotten" in end.reason


def test_it_can_be_explained() -> None:
    plan = load_text(BUSY, rule_names=rule_names)
    explained = explain_rule(plan, plan.rules[0])
    assert "486 Busy Here" in str(list(explained.as_dicts()))


async def test_by_the_python_api() -> None:
    async with Responder(t1=0.01) as responder:
        with pytest.raises(ScenarioError, match=r"no rule for clients 'ack-nothing'"):
            responder.on("INVITE", [486, {"check": {"rule": "ack-nothing"}}])
        responder.on("INVITE", [486, "100ms", {"check": {"rule": RULE}}], user="bob")
        with Client(responder.port) as client:
            client.send(client.request("INVITE", "bob"))
            for _ in range(2):
                answer = await asyncio.to_thread(client.receive)
            tag = next(line for line in answer.split("\r\n") if line.startswith("To:")).partition(";tag=")[2]
            client.send(client.request("ACK", "bob", tag=tag).replace(b"z9hG4bK", b"z9hG4bKother"))
            call = await responder.wait_for_call(outcome="failed")
            assert f"rule {RULE} (RFC 3261 17.1.1.3)" in call.reason


def test_by_serve(tmp_path: Path) -> None:
    file = tmp_path / "later.yaml"
    file.write_text(LATER.replace("2s", "100ms"))
    with Serving(str(file), "--t1", "10ms", "--calls", "1") as serving, Client(serving.port) as client:
        client.send(client.request("INVITE", "bob"))
        answers = [client.receive() for _ in range(2)]
        tag = next(line for line in answers[-1].split("\r\n") if line.startswith("To:")).partition(";tag=")[2]
        client.send(client.request("ACK", "bob", tag=tag).replace(b"z9hG4bK", b"z9hG4bKother"))
        code, events = serving.events()
    assert code == 1
    (end,) = [event for event in events if event["event"] == "call"]
    assert end["reason"].startswith(f"check in line 5: rule {RULE} (RFC 3261 17.1.1.3): expected ")
    assert not any(event["event"] == "message" for event in events)
