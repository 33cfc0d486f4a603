from __future__ import annotations

import pytest

from responder.scenario.names import KNOWN, UnknownNameError, accessor_of
from responder.scenario.problems import ScenarioError
from tests.scenario.stage import SDP, Stage, request

NAMES: tuple[tuple[str, str], ...] = (
    ("request.method", "INVITE"),
    ("request.uri", "sip:bo%62@192.0.2.1:5099;transport=udp"),
    ("request.uri.user", "bob"),
    ("request.uri.host", "192.0.2.1"),
    ("request.uri.port", "5099"),
    ("request.uri.params.transport", "udp"),
    ("request.uri.params.none", ""),
    ("request.from", '"Al \\"A\\" Ice" <sip:alice@192.0.2.9>;tag=from'),
    ("request.from.uri", "sip:alice@192.0.2.9"),
    ("request.from.user", "alice"),
    ("request.from.host", "192.0.2.9"),
    ("request.from.display", 'Al "A" Ice'),
    ("request.from.tag", "from"),
    ("request.to", "<sip:bob@example.com>"),
    ("request.to.uri", "sip:bob@example.com"),
    ("request.to.user", "bob"),
    ("request.to.host", "example.com"),
    ("request.to.display", ""),
    ("request.to.tag", ""),
    ("request.header.Supported", "timer, 100rel"),
    ("request.header.k", "timer, 100rel"),
    ("request.header.X-None", ""),
    ("request.sdp.address", "192.0.2.9"),
    ("request.sdp.port", "4000"),
    ("request.source.ip", "192.0.2.9"),
    ("request.source.port", "5070"),
    ("request.source.transport", "UDP"),
    ("call.id", "call-1"),
    ("call.number", "1"),
    ("call.attempt", "1"),
    ("call.elapsed", "1.500"),
    ("local.ip", "192.0.2.1"),
    ("local.port", "5060"),
    ("local.transport", "UDP"),
    ("local.uri", "sip:us@192.0.2.1:5060"),
    ("registrar.alice", "sip:alice@192.0.2.9:5070"),
    ("registrar.nobody", ""),
    ("registrar.nobody:-sip:x@y", "sip:x@y"),
    ("now.rfc1123", "Thu, 01 Jan 2026 00:00:02 GMT"),
)  # fmt: skip


def rendered(text: str, *, epoch: float = 1767225600.5) -> str:
    """The text in a log line, 1.5 seconds after the call began at 1.5 on the clock."""
    stage = Stage(f"steps: [1500ms, log: {text!r}, 200]", epoch=epoch)
    stage.start(
        request(
            uri="sip:bo%62@192.0.2.1:5099;transport=udp",
            caller='"Al \\"A\\" Ice" <sip:alice@192.0.2.9>',
            to="<sip:bob@example.com>",
            headers={"Supported": "timer,100rel", "Content-Type": "application/sdp"},
            body=SDP,
        )
    )
    stage.pass_time(1.5)
    ((kind, line),) = stage.call.notes
    assert kind == "log"
    return line


@pytest.mark.parametrize(("name", "value"), NAMES)
def test_names(name: str, value: str) -> None:
    assert rendered(f"<${{{name}}}>") == f"<{value}>"


def test_body() -> None:
    assert rendered("${request.body}") == SDP


def test_random_names() -> None:
    text = rendered("${random.hex8} ${random.digits6} ${random.hex8}")
    first, digits, second = text.split()
    assert int(first, 16) != int(second, 16)
    assert len(first) == 8
    assert len(digits) == 6
    assert digits.isdecimal()
    assert text == rendered("${random.hex8} ${random.digits6} ${random.hex8}")


def test_every_name_is_tested() -> None:
    tested = {name for name, _ in NAMES} | {"request.body", "random.hex8", "random.digits6"}
    assert {name for name in KNOWN if name.islower()} <= tested


@pytest.mark.parametrize(
    ("text", "result"),
    [
        ("${vars.x:-none}", "none"),
        ("${vars.x:-}", ""),
        ("${request.to.tag:-no tag: none}", "no tag: none"),
        ("${request.from.tag:-x}", "from"),
        ("$${call.id} $$ $ {} }", "${call.id} $$ $ {} }"),
        ("$${", "${"),
    ],
)
def test_defaults_and_literals(text: str, result: str) -> None:
    assert rendered(text) == result


@pytest.mark.parametrize(
    "name",
    [
        "",
        "x",
        "request",
        "requests.uri",
        "request.uri.users",
        "vars.",
        "request.header.",
        "request.header.a b",
        "call.__class__",
    ],
)
def test_there_is_no_other_way(name: str) -> None:
    with pytest.raises(UnknownNameError):
        accessor_of(name)


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("request.metod", "request.method"),
        ("request.uri.usr", "request.uri.user"),
        ("reqest.from.tag", "request.from.tag"),
        ("request.headr.Via", "request.header.Via"),
        ("call.nr", "call.number"),
        ("now.rfc1132", "now.rfc1123"),
        ("var.x", "vars.x"),
    ],
)
def test_suggestions(name: str, meant: str) -> None:
    with pytest.raises(ScenarioError, match=f"did you mean '{meant}'"):
        Stage(f"steps: [set: {{x: y}}, log: '${{{name}}}', 200]")


class TestInjection:
    """What a client sends must not become a header of ours (RFC 3261 section 7.3.1)."""

    HOSTILE = "sip:a%0d%0aEvil%3a%20yes%00@192.0.2.1"

    def test_headers(self) -> None:
        stage = Stage("steps: [{respond: 486, headers: {X-User: 'u=${request.uri.user}', X-Body: '${request.body}'}}]")
        stage.start(request(uri=self.HOSTILE, body="one\r\nEvil: two\r\n\r\n"))
        ((_, headers, _),) = stage.call.replies
        assert headers == {"X-User": "u=a Evil: yes ", "X-Body": "one Evil: two "}

    def test_through_a_variable(self) -> None:
        stage = Stage("steps: [set: {v: '${request.uri.user}'}, {respond: 486, headers: {A: '${vars.v}'}}]")
        stage.start(request(uri=self.HOSTILE))
        assert stage.call.replies[0][1] == {"A": "a Evil: yes "}

    @pytest.mark.parametrize("where", ["reason", "content_type", "to_tag", "contact"])
    def test_other_parts_of_the_head(self, where: str) -> None:
        stage = Stage(f"steps: [{{respond: 486, body: x, {where}: '${{request.uri.user}}'}}]")
        log = stage.start(request(uri=self.HOSTILE))
        reply = stage.call.replies[0][0]
        text = getattr(reply, where).render(
            stage.call.script.threads[0] if stage.call.script.threads else _scope(stage)
        )
        assert not set(text) & set("\r\n\0")
        assert log[-1] == "end"

    def test_raw_and_bodies_take_everything(self) -> None:
        stage = Stage('steps: [{respond: 486, raw: "${request.uri.user}\\r\\n"}]')
        stage.start(request(uri=self.HOSTILE))
        assert stage.call.replies[0][2] == "a\r\nEvil: yes\0\r\n"
        stage = Stage("steps: [{respond: 486, body: '${request.uri.user}'}]")
        stage.start(request(uri=self.HOSTILE))
        assert stage.call.replies[0][2] == "a\r\nEvil: yes\0"


def _scope(stage: Stage) -> object:
    from responder.scenario.thread import Thread

    thread = Thread(stage.call.script, ())
    thread.at(stage.first, stage.first.request)  # type: ignore[arg-type]
    return thread
