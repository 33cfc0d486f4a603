"""What people write who see the language for the first time, and whether the message would help them."""

from __future__ import annotations

import pytest

from responder.scenario.compiler import load_text
from responder.scenario.problems import ScenarioError


def messages(source: str) -> list[str]:
    with pytest.raises(ScenarioError) as caught:
        load_text(source)
    return [f"{p.line}:{p.column}: {p.message}" for p in caught.value.problems]


@pytest.mark.parametrize(
    ("step", "advice"),
    [
        ("wait 2", "unknown step 'wait 2' (did you mean `wait: 2s`?)"),
        ("wait 2s", "unknown step 'wait 2s' (did you mean `wait: 2s`?)"),
        ("expect BYE", "unknown step 'expect BYE' (did you mean `expect: BYE`?)"),
        ("respond:486", "unknown step 'respond:486' (did you mean `respond: 486`?)"),
        ("reply 486", "unknown step 'reply 486' (did you mean `respond: 486`?)"),
        ("'486'", "unknown step '486': a status code is a number, so without quotes: 486"),
        ("486 Busy", "unknown step '486 Busy' (did you mean {respond: 486, reason: Busy}?)"),
        ("486: {reason: x}", "unknown step '486' (did you mean `respond: 486`?)"),
        ("500 ms", "unknown step '500 ms' (did you mean 500ms?)"),
        ("2sec", "unknown step '2sec' (did you mean 2s?)"),
        ("wait: 1.5 Minutes", "(did you mean 1.5m?)"),
        ("sleep: 2s", "unknown step 'sleep' (did you mean 'wait'?)"),
        ("pause: 2s", "unknown step 'pause' (did you mean 'wait'?)"),
        ("response: 486", "unknown step 'response' (did you mean 'respond'?)"),
        ("recv: BYE", "unknown step 'recv' (did you mean 'expect'?)"),
        ("ACK", "unknown step 'ACK': `expect: ACK` waits for one"),
        ("bye: now", "unknown step 'bye': `expect: BYE` waits for one, `send: BYE` sends one"),
        ("expect: ACK within 5s", "in SIP: write `within: 5s` in a line of its own, below ACK"),
        ("expect: ACK, within 5s", "in SIP: write `within: 5s` in a line of its own, below ACK"),
        ("{expect: INFO, timeout: 5s}", "unknown key 'timeout' in 'expect' (did you mean 'within'?)"),
        ("expect: 200", "a list of them, or any: a response is awaited by `send`, with `expect` beside it"),
        ("respond: 486 Busy", "(did you mean 486, with `reason: Busy` beside it?)"),
        ("{respond: 503, headers: 'Retry-After: 5'}", "(did you mean {Retry-After: 5}?)"),
        ("{respond: 503, headers: [Retry-After: 5]}", "leave out the dashes: a line `name: value` each"),
    ],
)  # fmt: skip
def test_a_step_that_is_nearly_right(step: str, advice: str) -> None:
    (message,) = messages(f"steps:\n  - 100\n  - {step}\n")
    assert message.startswith("3:")
    assert message.endswith(advice)


@pytest.mark.parametrize(
    ("source", "message"),
    [
        (
            "steps:\n  -100\n  -180\n",
            "2:3: 'steps' takes a list of steps, such as [100, 180, 2s, 486]: write a space behind each dash",
        ),
        (
            "steps:\n  - 100\n  -180\n  - 486\n",
            "3:3: not YAML: could not find expected ':': write a space behind the dash",
        ),
        (
            "steps:\n  respond: 180\n",
            "2:3: 'steps' takes a list of steps, such as [100, 180, 2s, 486]: begin each with a dash: `- `",
        ),
        (
            "steps:\n  - respond: 503\n    headers: Retry-After: 5\n",
            "3:25: not YAML: mapping values are not allowed here (did you mean `headers: {Retry-After: 5}`?)",
        ),
        (
            "steps:\n  - respond: 180\n     headers: {X: 1}\n",
            "3:13: not YAML: mapping values are not allowed here: it stands deeper than the line above: "
            "begin it in column 5",
        ),
        (
            "match: INVITE\nsteps: [486]\n",
            "1:8: 'match' takes a mapping such as {method: INVITE, user: bob} (did you mean {method: INVITE}?)",
        ),
        (
            "rules:\n  match: {user: bob}\n  steps: [486]\n",
            "2:3: 'rules' takes a list of rules: begin each with a dash: `- `",
        ),
        (
            "match: {from: 'sip:alice@example.com'}\nsteps: [486]\n",
            "1:15: 'from' is compared with the user part of the URI (did you mean {uri: 'sip:alice@example.com'}?)",
        ),
        (
            "match: {user: [bob, bob@example.com]}\nsteps: [486]\n",
            "1:21: 'user' is compared with the user part of the URI: it is the part before the @: "
            "`uri` and `host` are keys of their own",
        ),
        (
            "response: 486\nsteps: [486]\n",
            "1:1: unknown key 'response' in a scenario file: a step is an item of `steps` (did you mean 'respond')",
        ),
    ],
)
def test_a_file_that_is_nearly_right(source: str, message: str) -> None:
    assert messages(source) == [message]


def test_a_user_that_a_pattern_describes_may_have_an_at_sign() -> None:
    load_text("match: {user: {regex: '@'}, from: {uri: 'sip:alice@example.com'}, to: {not: bob}}\nsteps: [486]\n")


def test_ten_mistakes_give_ten_messages() -> None:
    source = """\
name: my flow
match: {user: bob, methods: INVITE}
steps:
  - 100
  - response: 180
  - wait 2
  - sleep: 500ms
  - respond: 183
    header: {X-A: 1}
  - respond: "180"
  - wait: 2 seconds
  - log: "${request.form.user}"
  - expect: ACK within 5s
  - send: Bye
"""
    assert [message.partition(": ")[0] for message in messages(source)] == [
        "1:7", "2:20", "5:5", "6:5", "7:5", "9:5", "10:14", "11:11", "12:11", "13:13", "14:11",
    ]  # fmt: skip
