"""`${...}`: every name, over the wire; and what a client can, and cannot, get into a response of ours by them."""

from __future__ import annotations

import re

import pytest

from responder.scenario.names import KNOWN

from .client import Client
from .wire import Message
from .world import EPOCH, TCP, UDP, UDP6, World

DESIGN = set(
    """
    request.method request.uri request.uri.user request.uri.host request.uri.port request.uri.params.NAME
    request.from request.from.uri request.from.user request.from.host request.from.display request.from.tag
    request.to request.to.uri request.to.user request.to.host request.to.display request.to.tag request.header.NAME
    request.body request.sdp.address request.sdp.port request.source.ip request.source.port request.source.transport
    call.id call.number call.attempt call.elapsed local.ip local.port local.transport local.uri vars.NAME
    match.GROUP registrar.USER now.rfc1123 random.hex8 random.digits6
    """.split()  # noqa: SIM905 - one word a name reads better
)
"""The closed set of the language's document."""

NAMES = {
    "request.method": "INVITE",
    "request.uri": "sip:bob@127.0.0.1:5060;user=phone;x=%41",
    "request.uri.user": "bob",
    "request.uri.host": "127.0.0.1",
    "request.uri.port": "5060",
    "request.uri.params.user": "phone",
    "request.uri.params.none": "",
    "request.from": '"Alice \\"A\\"" <sip:alice@example.com;x=1>;tag=from1',
    "request.from.uri": "sip:alice@example.com;x=1",
    "request.from.user": "alice",
    "request.from.host": "example.com",
    "request.from.display": 'Alice "A"',
    "request.from.tag": "from1",
    "request.to": "<sip:bob@127.0.0.1>",
    "request.to.uri": "sip:bob@127.0.0.1",
    "request.to.user": "bob",
    "request.to.host": "127.0.0.1",
    "request.to.display": "",
    "request.to.tag": "",
    "request.header.Subject": "lunch?",
    "request.header.s": "lunch?",
    "request.header.X-List": "a, b",
    "request.header.X-None": "",
    "request.header.Call-ID": "call-1@192.0.2.10",
    "request.sdp.address": "192.0.2.10",
    "request.sdp.port": "6000",
    "request.source.ip": "192.0.2.10",
    "request.source.port": "5062",
    "request.source.transport": "UDP",
    "call.id": "call-1@192.0.2.10",
    "registrar.nobody": "",
    "call.number": "1",
    "call.attempt": "1",
    "call.elapsed": "0.000",
    "local.ip": "127.0.0.1",
    "local.port": "5060",
    "local.transport": "UDP",
    "local.uri": "sip:responder@127.0.0.1:5060",
    "vars.who": "me",
    "match.kind": "phone",
    "match.1": "phone",
    "now.rfc1123": "Tue, 14 Nov 2023 22:13:20 GMT",
}
SOURCE = """
match: {uri: {regex: 'user=(?P<kind>[a-z]+)'}}
steps:
  - set: {who: me}
  - log: "[${%s}]"
  - respond: 486
    headers: {X-Got: "[${%s}]"}
"""


def asked(source: str, **more: object) -> tuple[World, Client]:
    """A client whose INVITE has something under every name."""
    world = World(source)
    client = Client(
        world,
        fields=["Subject: lunch?", "X-List: a", "X-List: b"],
        caller='"Alice \\"A\\"" <sip:alice@example.com;x=1>',
        **more,  # type: ignore[arg-type]
    )
    client.uri = "sip:bob@127.0.0.1:5060;user=phone;x=%41"
    client.begin()
    world.finish()
    return world, client


@pytest.mark.parametrize("name", NAMES)
def test_name(name: str) -> None:
    world, client = asked(SOURCE % (name, name))
    assert client.the("486")["x-got"] == f"[{NAMES[name]}]"
    assert world.logged == [f"[{NAMES[name]}]"]


def _generic(name: str) -> str:
    return re.sub(r"^registrar\..*", "registrar.USER", re.sub(r"^match\..*", "match.GROUP", name))


def test_every_name_is_tested() -> None:
    tested = {
        re.sub(r"^(request\.header|request\.uri\.params|vars)\..*", r"\1.NAME", _generic(name)) for name in NAMES
    } | {"request.body", "random.hex8", "random.digits6"}
    assert tested >= DESIGN
    assert set(KNOWN) <= tested, "a name that was added wants a row here"


def test_request_body() -> None:
    world = World("steps: [{log: '${request.body}'}, 486]")
    client = Client(world, body="v=0\r\nGrüße\r\n".encode()).begin()
    world.finish()
    assert world.logged == ["v=0\r\nGrüße\r\n"]
    assert client.ended.outcome == "completed"


def test_random_names_come_from_the_seed() -> None:
    source = "seed: 4\nsteps: [{respond: 486, reason: '${random.hex8} ${random.digits6}'}]"
    reasons = []
    for seed in (1, 2):
        world = World(source, seed=seed)
        for number in (1, 2, 3):
            client = Client(world, number=number).begin()
            world.pump()
            reasons.append(client.the("486").reason)
    assert all(re.fullmatch(r"[0-9a-f]{8} [0-9]{6}", reason) for reason in reasons)
    assert len(set(reasons[:3])) == 3
    assert reasons[:3] == reasons[3:]


class TestElapsing:
    def test_time(self) -> None:
        source = "steps: [100, 90s, {respond: 486, headers: {X-Got: '${call.elapsed} ${now.rfc1123}'}}]"
        world = World(source)
        world.run(10.0)
        client = Client(world).begin()
        world.finish()
        assert client.the("486")["x-got"] == "90.000 Tue, 14 Nov 2023 22:15:00 GMT"
        assert EPOCH == 1_700_000_000

    def test_the_request_is_the_last_one_and_the_call_stays(self) -> None:
        source = "steps: [200, {expect: INFO}, {respond: 299, reason: '${request.method} ${call.id}'}, hangup]"
        world = World(source)
        client = Client(world, talks=None).begin()
        world.run(1.0)
        client.request("INFO", within=True)
        world.finish()
        assert client.the("299/INFO").reason == "INFO call-1@192.0.2.10"

    def test_a_variable_changes(self) -> None:
        source = (
            "steps: [{set: {n: a}}, {respond: 180, reason: '${vars.n}'}, {set: {n: '${vars.n}b'}}, "
            "{respond: 486, reason: '${vars.n}'}]"
        )
        world = World(source)
        client = Client(world).begin()
        world.finish()
        assert (client.the("180").reason, client.the("486").reason) == ("a", "ab")

    def test_groups_of_an_expect(self) -> None:
        source = (
            "steps: [200, {expect: INFO, match: {body: {regex: 'Signal=(?P<key>.)'}}}, "
            "{respond: 299, reason: 'key ${match.key}'}, hangup]"
        )
        world = World(source)
        client = Client(world, talks=None).begin()
        world.pump()
        client.request("INFO", within=True, body=b"Signal=7", content_type="application/dtmf-relay")
        world.finish()
        assert client.the("299/INFO").reason == "key 7"


class TestElsewhere:
    @pytest.mark.parametrize(
        ("flow", "got"),
        [
            (TCP, "192.0.2.10 TCP 127.0.0.1 sip:responder@127.0.0.1:5060;transport=tcp"),
            (UDP6, "2001:db8::10 UDP [::1] sip:responder@[::1]:5060"),
        ],
        ids=["TCP", "IPv6"],
    )
    def test_addresses(self, flow: object, got: str) -> None:
        world = World(
            "steps: [{respond: 486, reason: '${request.source.ip} ${local.transport} ${local.ip} ${local.uri}'}]"
        )
        client = Client(world, flow=flow).begin()  # type: ignore[arg-type]
        world.finish()
        assert client.the("486").reason == got

    def test_our_uri_is_that_of_our_contact(self) -> None:
        world = World("steps: [{respond: 180, reason: '${local.uri}'}, 486]")
        client = Client(world).begin()
        world.finish()
        assert client.the("180").target == client.the("180").reason


class TestTexts:
    @pytest.mark.parametrize(
        ("written", "text"),
        [
            ("${request.header.X:-nothing}", "nothing"),
            ("${request.header.Subject:-nothing}", "lunch?"),
            ("${vars.x:-}", ""),
            ("$${request.method}", "${request.method}"),
            ("$5 ${request.method}$", "$5 INVITE$"),
            ("${request.uri.user}@${request.uri.host}", "bob@127.0.0.1"),
        ],
    )
    def test_defaults_and_literals(self, written: str, text: str) -> None:
        _, client = asked(f"steps: [{{respond: 486, headers: {{X-Got: '{written}'}}}}]")
        assert client.the("486")["x-got"] == text


ATTACK = "x\r\nX-Evil: 1\r\n\r\nSIP/2.0 200 OK"


def heads(data: bytes) -> list[str]:
    """The names of all header fields, read as naively as a client might (every line end counts)."""
    head = data.partition(b"\r\n\r\n")[0].decode("utf-8", "surrogateescape")
    return [line.partition(":")[0].lower() for line in re.split(r"\r\n|\r|\n", head)[1:]]


PLACES = [
    "reason: '%s'",
    "headers: {X-Got: '%s'}",
    "add: {X-Got: '%s'}",
    "headers: {Contact: '<sip:%s@x>'}",
    "contact: '<sip:%s@x>'",
    "to_tag: '%s'",
    "body: hello, content_type: '%s'",
    "compact: true, headers: {Subject: '%s'}",
    "bare: true, headers: {X-Got: '%s'}",
]
"""Where a text goes into the head of a response."""


class TestInjection:
    """A value of the client never becomes a header of ours, a second message, or a broken status line."""

    @pytest.mark.parametrize("place", PLACES)
    @pytest.mark.parametrize(
        ("name", "more"),
        [
            ("request.body", {"body": ATTACK.encode()}),
            ("request.body", {"body": ATTACK.replace("\r\n", "\n").encode()}),
            ("request.body", {"body": ATTACK.replace("\r\n", "\r").encode()}),
            ("request.body", {"body": b"a\0b\x0b\x0c\x7f"}),
            ("request.uri.user", {"user": "x%0D%0AX-Evil:%201%0D%0A%0D%0A"}),
            ("request.uri.user", {"user": "x%0AX-Evil:%201"}),
            ("request.uri.user", {"user": "x%00y"}),
            ("request.from.user", {"caller": "<sip:x%0D%0AX-Evil:%201@example.com>"}),
            ("request.from.display", {"caller": '"x%0D%0AX-Evil: 1" <sip:a@example.com>'}),
            ("request.header.Subject", {"fields": ["Subject: x\r\n X-Evil: 1"]}),
            ("request.header.Subject", {"fields": ["Subject: x\r\n\tX-Evil: 1"]}),
            ("vars.taken", {"body": ATTACK.encode()}),
            ("match.all", {"body": ATTACK.encode()}),
        ],
        ids=lambda value: value if isinstance(value, str) else str(*value.values())[:24],
    )
    def test_in_a_response(self, place: str, name: str, more: dict[str, object]) -> None:
        match = "match: {body: {regex: '(?P<all>(?s:.*))'}}\n" if name == "match.all" else ""
        options = place % f"${{{name}}}"
        source = f"{match}steps: [{{set: {{taken: '${{request.body}}'}}}}, {{respond: 486, {options}}}]"
        world = World(source)
        sent: list[bytes] = []
        client = Client(world, strict=False, acks=False, **more)  # type: ignore[arg-type]
        client.begin()
        world.pump()
        sent = [entry.message.data for entry in client.trace if entry.message.is_response]
        assert sent
        for data in sent:
            assert "x-evil" not in heads(data), data
            assert not [line for line in re.split(rb"[\r\n]+", data)[1:] if line.startswith(b"SIP/2.0 ")], data
            head = data.partition(b"\r\n\r\n")[0]
            assert not re.search(rb"[\0\x0b\x0c\x7f]|\r(?!\n)|(?<!\r)\n", head), data
            message = Message(data)
            assert int(message.the("content-length")) == len(message.body)
        client.request("BYE", tag="nobody")
        world.finish()

    def test_in_a_request_of_ours(self) -> None:
        source = (
            "steps: [200, {expect: INFO}, 299, {send: INFO, headers: {X-Got: '${request.body}'}, "
            "body: '${request.body}', content_type: '${request.body}'}, hangup]"
        )
        world = World(source)
        client = Client(world, talks=None).begin()
        world.pump()
        client.request("INFO", within=True, body=ATTACK.encode(), content_type="text/plain")
        world.finish()
        info = client.the("INFO")
        assert "x-evil" not in heads(info.data)
        assert info.body == ATTACK.encode()

    def test_in_a_challenge_of_the_author(self) -> None:
        source = (
            'steps: [{respond: 401, headers: {WWW-Authenticate: \'Digest realm="${request.uri.user}", nonce="n"\'}}]'
        )
        world = World(source)
        client = Client(world, user="a%22,%20nonce=%22mine%0D%0AX-Evil:1", tries=0).begin()
        world.finish()
        assert "x-evil" not in heads(client.the("401").data)

    def test_a_body_takes_it_as_it_is_and_is_measured(self) -> None:
        world = World("steps: [{respond: 486, body: '${request.body}'}]")
        client = Client(world, body=ATTACK.encode()).begin()
        world.finish()
        assert client.the("486").body == ATTACK.encode()
        assert client.story() == "<INVITE 486 <ACK"

    def test_bytes_that_are_no_utf_8_come_back_as_they_were(self) -> None:
        world = World("steps: [{respond: 486, headers: {X-Got: '${request.header.Subject}'}, body: '${request.body}'}]")
        client = Client(world, fields=["Subject: \udcff\udcfe caf\udce9"], body=b"\xff\xfe").begin()
        world.finish()
        assert b"X-Got: \xff\xfe caf\xe9\r\n" in client.the("486").data
        assert client.the("486").body == b"\xff\xfe"

    def test_a_name_in_what_the_client_says_is_no_name(self) -> None:
        world = World("steps: [{respond: 486, headers: {X-Got: '${request.header.Subject}'}}]")
        client = Client(world, fields=["Subject: ${request.body} $${x} ${vars.y}"]).begin()
        world.finish()
        assert client.the("486")["x-got"] == "${request.body} $${x} ${vars.y}"

    def test_a_very_long_value(self) -> None:
        world = World("steps: [{respond: 486, headers: {X-Got: '${request.header.Subject}'}}]")
        client = Client(world, fields=[f"Subject: {'x' * 20_000}"], flow=UDP).begin()
        world.finish()
        assert client.the("486")["x-got"] == "x" * 20_000
