"""`match`, `times`, `per`, `attempt`, `unchecked` and what else decides which rule serves a call."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest

from responder.events import Flow as Path

from .client import Client
from .wire import OFFER
from .world import LOCAL, TCP, UDP, UDP6, World

VIDEO = OFFER + b"m=video 6002 RTP/AVP 96\r\na=rtpmap:96 VP8/90000\r\n"
HELD = OFFER.replace(b"sendrecv", b"sendonly")
REFUSED = OFFER + b"m=video 0 RTP/AVP 96\r\n"

MATCHES: list[tuple[str, dict[str, Any], dict[str, Any]]] = [
    ("method: MESSAGE", {"method": "MESSAGE"}, {"method": "OPTIONS"}),
    ("method: [MESSAGE, OPTIONS]", {"method": "OPTIONS"}, {"method": "PUBLISH", "fields": ["Event: presence"]}),
    ("user: bob", {"user": "bob"}, {"user": "Bob"}),
    ("user: [bob, carol]", {"user": "carol"}, {"user": "dave"}),
    ("user: {regex: '^[0-9]+$'}", {"user": "1234"}, {"user": "12a4"}),
    ("user: {glob: 'b?b*'}", {"user": "bobby"}, {"user": "xbob"}),
    ("user: {prefix: '+49'}", {"user": "+4930"}, {"user": "4930"}),
    ("user: {contains: x}", {"user": "axb"}, {"user": "ab"}),
    ("user: {at_least: 10, at_most: 20}", {"user": "15"}, {"user": "21"}),
    ("user: {not: bob}", {"user": "carol"}, {"user": "bob"}),
    ("user: {not: {prefix: b}}", {"user": "carol"}, {"user": "bob"}),
    ("user: '*21#'", {"user": "*21%23"}, {"user": "21"}),
    ("host: 127.0.0.1", {}, {"flow": UDP6}),
    ("scheme: sip", {}, {"uri": "tel:+15551234"}),
    ("uri: 'sip:bob@127.0.0.1'", {}, {"user": "carol"}),
    ("from: alice", {}, {"caller": "<sip:carol@example.com>"}),
    ("from: {display: Alice}", {}, {"caller": "Bob <sip:alice@example.com>"}),
    ("from: {host: EXAMPLE.com, user: alice}", {}, {"caller": "<sip:alice@example.org>"}),
    ("from: {uri: 'sip:alice@example.com'}", {}, {"caller": "<sip:alice@example.com;user=phone>"}),
    ("from: {prefix: '+'}", {"caller": "<sip:+15551234@example.com>"}, {}),
    ("to: bob", {"user": "bob"}, {"user": "carol"}),
    ("header: {Subject: lunch}", {"fields": ["Subject: lunch"]}, {"fields": ["Subject: Lunch"]}),
    ("header: {Subject: lunch}", {"fields": ["s: lunch"]}, {}),
    ("header: {s: {contains: unc}}", {"fields": ["Subject: lunch"]}, {"fields": ["Subject: dinner"]}),
    ("header: {X-A: {present: true}}", {"fields": ["x-a: 1"]}, {}),
    ("header: {X-A: {present: false}}", {}, {"fields": ["x-a: 1"]}),
    ("header: {X-A: {at_least: 5}}", {"fields": ["X-A: 5;q=1"]}, {"fields": ["X-A: 4"]}),
    ("header: {Max-Forwards: '70', Subject: x}", {"fields": ["Subject: x"]}, {"fields": ["Subject: y"]}),
    ("absent: [Subject, X-A]", {}, {"fields": ["s: x"]}),
    ("supported: timer", {"fields": ["Supported: 100rel, Timer"]}, {"fields": ["Supported: 100rel"]}),
    ("supported: [timer, 100rel]", {"fields": ["k: timer", "k: 100rel"]}, {"fields": ["Supported: timer"]}),
    ("required: [timer]", {"fields": ["Require: timer"]}, {"fields": ["Supported: timer"]}),
    ("body: {contains: PCMU}", {}, {"body": b""}),
    ("content_type: application/sdp", {"content_type": "Application/SDP;x=1"}, {"body": b""}),
    ("sdp: true", {}, {"body": b""}),
    ("sdp: false", {"body": b""}, {}),
    ("sdp: {audio: true, video: false}", {}, {"body": VIDEO}),
    ("sdp: {video: true}", {"body": VIDEO}, {"body": REFUSED}),
    ("sdp: {direction: sendonly}", {"body": HELD}, {}),
    ("sdp: {direction: [sendonly, sendrecv]}", {}, {"body": OFFER.replace(b"sendrecv", b"inactive")}),
    ("sdp: {codec: pcma}", {}, {"body": OFFER.replace(b" 8 101", b"").replace(b"a=rtpmap:8 PCMA/8000\r\n", b"")}),
    ("sdp: {codec: {not: opus}}", {}, {"body": OFFER.replace(b"PCMA/8000", b"opus/48000/2")}),
    ("source: 192.0.2.0/24", {}, {"flow": Path("UDP", LOCAL, ("198.51.100.7", 5060))}),
    ("source: [10.0.0.0/8, '2001:db8::/32']", {"flow": UDP6}, {}),
    ("transport: tcp", {"flow": TCP}, {"flow": UDP}),
    ("transport: [udp, tls]", {"flow": UDP}, {"flow": TCP}),
    ("attempt: 1", {}, {"earlier": 1}),
    ("attempt: {at_least: 3}", {"earlier": 2}, {"earlier": 1}),
]


def offered(world: World, number: int, options: dict[str, Any]) -> str:
    """The name of the rule that serves such a request."""
    options = dict(options)
    uri = options.pop("uri", None)
    for _ in range(options.pop("earlier", 0)):
        number += 1
        Client(world, number=number, **options).begin()
        world.run(5.0)
    client = Client(world, number=number + 1, strict=False, **options)
    client.uri = uri or client.uri
    client.begin()
    world.run(5.0)
    return client.ended.scenario


@pytest.mark.parametrize(
    ("match", "fits", "differs"), MATCHES, ids=lambda value: value if isinstance(value, str) else ""
)
def test_match(match: str, fits: dict[str, Any], differs: dict[str, Any]) -> None:
    source = f"name: wanted\nmatch: {{{match}}}\nsteps: [486]"
    assert offered(World(source), 0, fits) == "wanted"
    assert offered(World(source), 0, differs) == ""


def test_a_register_is_matched_by_its_to() -> None:
    source = "name: wanted\nmatch: {method: REGISTER, user: bob}\nsteps: [403]"
    assert offered(World(source), 0, {"method": "REGISTER", "user": "bob"}) == "wanted"
    assert offered(World(source), 0, {"method": "REGISTER", "user": "carol"}) == ""


def test_without_a_method_it_is_for_invite() -> None:
    assert offered(World("name: wanted\nsteps: [486]"), 0, {"method": "OPTIONS"}) == ""


def test_the_first_rule_that_matches() -> None:
    world = World(
        "rules:\n  - {name: a, match: {user: bob}, steps: [486]}\n"
        "  - {name: b, match: {user: {prefix: b}}, steps: [480]}\n"
        "  - {name: c, steps: [404]}\n"
    )
    served = []
    for number, user in enumerate(("bob", "bill", "carol", "bob"), 1):
        client = Client(world, number=number, user=user).begin()
        world.finish()
        served.append((client.ended.scenario, client.ended.path[0]))
    assert served == [("a", "486"), ("b", "480"), ("c", "404"), ("a", "486")]


def test_a_near_miss_is_told() -> None:
    world = World("name: busy\nmatch: {user: bob}\nsteps: [486]")
    client = Client(world, user="bobby").begin()
    world.finish()
    assert client.story().startswith("<INVITE 100 180 200")
    assert world.notes == [
        ("near-miss", "INVITE sip:bobby@127.0.0.1 matched rule 'busy' except user: expected 'bob', got 'bobby'")
    ]


class TestTimes:
    """`times` and `per`."""

    @staticmethod
    def served(per: str, callers: list[dict[str, Any]]) -> list[str]:
        world = World(f"rules:\n  - {{name: spent, times: 2, {per} steps: [503]}}\n  - {{name: after, steps: [486]}}\n")
        found = []
        for number, options in enumerate(callers, 1):
            client = Client(world, number=number, **options).begin()
            world.pump()
            found.append(client.ended.scenario[0])
        world.finish()
        return found

    ALICE = {"caller": "<sip:alice@example.com>"}
    CAROL = {"caller": "<sip:carol@example.com>"}
    FAR = {"flow": Path("UDP", LOCAL, ("198.51.100.7", 5060))}
    PORT = {"flow": Path("UDP", LOCAL, ("192.0.2.10", 7777))}

    def test_all(self) -> None:
        assert self.served("", [self.ALICE, self.CAROL, self.ALICE, self.CAROL]) == ["s", "s", "a", "a"]

    def test_caller(self) -> None:
        callers = [self.ALICE, self.CAROL, self.ALICE, self.CAROL, self.ALICE, self.CAROL]
        assert self.served("per: caller,", callers) == ["s", "s", "s", "s", "a", "a"]

    def test_source(self) -> None:
        callers = [{}, self.FAR, self.PORT, self.FAR, {}, self.FAR]
        assert self.served("per: source,", callers) == ["s", "s", "s", "s", "a", "a"]

    def test_call_id(self) -> None:
        world = World(
            "rules:\n  - {name: spent, times: 2, per: call-id, steps: [503]}\n  - {name: after, steps: [486]}\n"
        )
        first = Client(world).begin()
        world.pump()
        second = Client(world, number=2).begin()
        world.pump()
        for _ in range(2):
            first.request("INVITE", body=OFFER)
            world.pump()
        world.finish()
        assert first.story() == "<INVITE 503 <ACK <INVITE 503 <ACK <INVITE 486 <ACK"
        assert second.story() == "<INVITE 503 <ACK"

    def test_a_call_counts_when_it_begins(self) -> None:
        world = World("rules:\n  - {name: spent, times: 1, steps: [180, 5s, 200]}\n  - {name: after, steps: [486]}\n")
        first = Client(world).begin()
        world.run(1.0)
        second = Client(world, number=2).begin()
        world.finish()
        assert (first.ended.scenario, second.ended.scenario) == ("spent", "after")

    def test_what_our_own_checks_refuse_does_not_count(self) -> None:
        """A request that no script saw has served nobody."""
        world = World("rules:\n  - {name: spent, times: 1, steps: [503]}\n  - {name: after, steps: [486]}\n")
        refused = Client(world, fields=["Require: teleport"]).begin()
        world.pump()
        first = Client(world, number=2).begin()
        world.finish()
        assert refused.ended.outcome == "rejected"
        assert first.ended.scenario == "spent"

    def test_none_left_is_told(self) -> None:
        world = World("name: once\ntimes: 1\nsteps: [486]")
        for number in (1, 2):
            Client(world, number=number).begin()
            world.pump()
        world.finish()
        assert world.notes == [
            ("near-miss", "INVITE sip:bob@127.0.0.1 matched rule 'once', which has served its 1 calls")
        ]


class TestAttempt:
    def test_per_caller_and_method(self) -> None:
        world = World("rules:\n  - {name: first, match: {attempt: 1}, steps: [503]}\n  - {name: more, steps: [486]}\n")
        served = []
        for number, caller in enumerate("aabab", 1):
            Client(world, "OPTIONS", number=100 + number, caller=f"<sip:{caller}@x>").begin()
            client = Client(world, number=number, caller=f"<sip:{caller}@x>").begin()
            world.pump()
            served.append(client.ended.scenario)
        assert served == ["first", "more", "first", "more", "more"]
        world.finish()

    def test_in_a_text(self) -> None:
        world = World("steps: [{respond: 486, reason: 'Attempt ${call.attempt}'}]")
        reasons = []
        for number in (1, 2, 3):
            client = Client(world, number=number).begin()
            world.pump()
            reasons.append(client.the("486").reason)
        assert reasons == ["Attempt 1", "Attempt 2", "Attempt 3"]
        world.finish()

    def test_a_reinvite_is_no_attempt(self) -> None:
        world = World("name: third\nmatch: {attempt: 3}\nsteps: [486]")
        first = Client(world, talks=10.0).begin()
        world.run(1.0)
        for _ in range(3):
            first.request("INVITE", within=True, body=OFFER)
            world.run(0.5)
        second = Client(world, number=2).begin()
        third = Client(world, number=3).begin()
        world.finish()
        assert (second.ended.scenario, third.ended.scenario) == ("", "third")


class TestAuthenticated:
    SOURCE = """
users: {alice: secret}
rules:
  - {name: friend, match: {authenticated: true}, steps: [486]}
  - {name: stranger, steps: [401]}
"""

    def test_who_has_credentials(self) -> None:
        world = World(self.SOURCE)
        client = Client(world).begin()
        world.finish()
        assert client.story() == "<INVITE 401 <ACK <INVITE 486 <ACK"
        assert [event.scenario for event in world.ended] == ["stranger", "friend"]

    def test_who_guesses(self) -> None:
        world = World(self.SOURCE)
        client = Client(world, password="guess", tries=3).begin()
        world.finish()
        assert client.story() == " ".join(["<INVITE 401 <ACK"] * 4)

    def test_once_for_a_request(self) -> None:
        """Two rules ask about the same request: that is no replay."""
        world = World(
            "users: {alice: secret}\nrules:\n"
            "  - {name: other, match: {authenticated: true, user: nobody}, steps: [480]}\n"
            "  - {name: nearly, match: {authenticated: true, header: {X: y}}, steps: [480]}\n"
            "  - {name: friend, match: {authenticated: true}, steps: [486]}\n  - {name: stranger, steps: [401]}\n"
        )
        client = Client(world).begin()
        world.finish()
        assert client.story() == "<INVITE 401 <ACK <INVITE 486 <ACK"

    def test_by_ha1(self) -> None:
        """RFC 7616 section 3.4.2: the hash instead of the password, which may be MD5 or SHA-256."""
        import hashlib

        for algorithm, hashed in (("MD5", hashlib.md5), ("SHA-256", hashlib.sha256)):
            ha1 = hashed(b"alice:responder:secret").hexdigest()
            world = World(
                f"users: {{alice: {{ha1: '{ha1}'}}}}\nsteps: [{{challenge: 401, algorithms: {algorithm}}}, 486]"
            )
            client = Client(world).begin()
            world.finish()
            assert client.story() == "<INVITE 401 <ACK <INVITE 486 <ACK"


class TestSeed:
    SOURCE = "seed: 11\nsteps: [{choose: [{steps: [486]}, {weight: 2, steps: [480]}, {weight: 1, steps: [603]}]}]"

    @staticmethod
    def run(source: str, calls: int = 60, seed: int = 1) -> list[str]:
        world = World(source, seed=seed)
        found = []
        for number in range(1, calls + 1):
            client = Client(world, number=number).begin()
            world.pump()
            found.append(client.ended.path[0])
        return found

    def test_the_same_seed_gives_the_same_choices(self) -> None:
        assert self.run(self.SOURCE) == self.run(self.SOURCE, seed=99)

    def test_another_seed_gives_others(self) -> None:
        assert self.run(self.SOURCE) != self.run(self.SOURCE.replace("11", "12"))

    def test_without_seed_it_is_the_runs(self) -> None:
        source = self.SOURCE.partition("\n")[2]
        assert self.run(source) == self.run(source)
        assert self.run(source) != self.run(source, seed=2)

    def test_weights(self) -> None:
        counts = Counter(self.run(self.SOURCE, 400))
        assert 70 < counts["486"] < 130
        assert 160 < counts["480"] < 240
        assert 70 < counts["603"] < 130
