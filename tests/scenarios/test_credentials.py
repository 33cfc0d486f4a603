"""Shipped flows that ask for credentials, with clients that have them, and others (RFC 3261 22, RFC 7616, RFC 8760)."""

from __future__ import annotations

from typing import Any

import pytest

from .client import Client
from .flows import BY_NAME, Flow
from .wire import challenge_of, digest
from .world import World, shipped

ASKING = [BY_NAME[name] for name in ("auth-then-answer", "proxy-auth", "registrar-auth", "stale-nonce")]
STATUS = {"auth-then-answer": "401", "proxy-auth": "407", "registrar-auth": "401", "stale-nonce": "401"}
NAMES = {"401": ("www-authenticate", "Authorization"), "407": ("proxy-authenticate", "Proxy-Authorization")}

each = pytest.mark.parametrize("flow", ASKING, ids=str)


def opened(flow: Flow, **more: Any) -> tuple[World, Client]:
    """A client that has been asked once and does nothing by itself."""
    world = flow.world()
    client = flow.open(world, tries=0, **more)
    world.pump()
    return world, client


def challenges(client: Client, flow: Flow) -> list[dict[str, str]]:
    """Those of the last challenge."""
    status = STATUS[flow.name]
    return [challenge_of(value) for value in client.every(status)[-1].every(NAMES[status][0])]


def credentials(client: Client, flow: Flow, **changes: Any) -> str:
    """A header field with right credentials, except for what is changed."""
    first = challenges(client, flow)[0]
    for name in ("realm", "nonce", "algorithm"):
        if name in changes:
            first[name] = changes.pop(name)
    values = {"method": flow.method, "uri": client.uri, "user": "alice", "password": "secret", **changes}
    return f"{NAMES[STATUS[flow.name]][1]}: {digest(first, **values)}"


def retry(client: Client, flow: Flow, *fields: str) -> None:
    """The first request again, with these fields."""
    client.request(flow.method, *client.fields, *fields, body=client.body)
    client.world.pump()


def test_the_far_end_hashes_as_rfc_7616_does() -> None:
    """Section 3.9.1, and RFC 2617 section 3.5: what the tests compute themselves is right."""
    known = {
        "realm": "http-auth@example.org",
        "nonce": "7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v",
        "qop": "auth,auth-int",
        "opaque": "FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS",
    }
    values: dict[str, Any] = {
        "method": "GET",
        "uri": "/dir/index.html",
        "user": "Mufasa",
        "password": "Circle of Life",
        "cnonce": "f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ",
    }
    assert 'response="8ca523f5e9506fed4657c9700eebdbec"' in digest({**known, "algorithm": "MD5"}, **values)
    assert 'response="753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1"' in digest(
        {**known, "algorithm": "SHA-256"}, **values
    )


class TestChallenge:
    def test_401(self) -> None:
        """RFC 8760 section 2.3: a header field an algorithm, the best first."""
        _, client = opened(BY_NAME["auth-then-answer"])
        first, second = challenges(client, BY_NAME["auth-then-answer"])
        assert [first["algorithm"], second["algorithm"]] == ["SHA-256", "MD5"]
        for one in (first, second):
            assert one["realm"] == "responder"
            assert one["qop"] == "auth"
            assert one["nonce"]
            assert one["opaque"]
            assert one.get("stale", "false").lower() == "false"
        assert first["nonce"] != second["nonce"]

    def test_407(self) -> None:
        _, client = opened(BY_NAME["proxy-auth"])
        (only,) = challenges(client, BY_NAME["proxy-auth"])
        assert (only["algorithm"], only["realm"]) == ("MD5", "proxy.example.com")
        assert client.the("407")["www-authenticate"] is None

    def test_nonces_are_never_the_same(self) -> None:
        world = World(shipped("auth-then-answer"))
        nonces = set()
        for number in range(1, 21):
            client = Client(world, number=number, tries=0).begin()
            world.pump()
            nonces |= {one["nonce"] for one in challenges(client, BY_NAME["auth-then-answer"])}
        assert len(nonces) == 40


class TestRight:
    @pytest.mark.parametrize("algorithms", [("MD5",), ("SHA-256",), ("MD5", "SHA-256")], ids=",".join)
    @pytest.mark.parametrize("name", ["auth-then-answer", "registrar-auth", "stale-nonce"])
    def test_each_algorithm(self, name: str, algorithms: tuple[str, ...]) -> None:
        flow = BY_NAME[name]
        world = flow.world()
        client = flow.open(world, algorithms=algorithms)
        world.finish()
        assert client.story() == flow.story
        used = [message["authorization"] for message in client.sent.values() if message["authorization"]]
        expected = "SHA-256" if "SHA-256" in algorithms else "MD5"
        assert all(f"algorithm={expected}," in value for value in used)

    def test_a_client_that_knows_other_algorithms_only(self) -> None:
        world = World(shipped("proxy-auth"))
        client = Client(world, algorithms=("SHA-256",)).begin()
        world.finish()
        assert client.story() == "<INVITE 100 407 <ACK"
        assert client.ended.outcome == "abandoned"

    def test_the_next_call_needs_no_challenge(self) -> None:
        """22.2: credentials may be sent at once, with the next count."""
        flow = BY_NAME["auth-then-answer"]
        world = flow.world()
        first = flow.open(world)
        world.run(5.0)
        again = Client(world, number=2, tries=0)
        challenge = challenge_of(first.every("401")[0].every("www-authenticate")[0])
        value = digest(challenge, method="INVITE", uri=again.uri, user="alice", password="secret", count=2)
        again.fields.append(("Authorization", value))
        again.begin()
        world.finish()
        assert again.story().split(" ", 1)[1] == "<INVITE 180 1s 200 <ACK 0.75s <BYE 200/BYE"

    @each
    def test_the_same_count_again_is_a_replay(self, flow: Flow) -> None:
        """RFC 7616 section 5.5: a copy of credentials is good for nothing; the client is asked anew, with stale."""
        world = flow.world()
        first = flow.open(world)
        world.run(5.0)
        header = NAMES[STATUS[flow.name]][1]
        sent = [message for (_, method), message in first.sent.items() if method == flow.method]
        value = sent[-1][header.lower()]
        assert value
        again = Client(world, flow.method, number=2, tries=0)
        again.fields.append((header, value))
        again.begin()
        world.pump()
        assert challenges(again, flow)[0]["stale"].lower() == "true"
        world.finish()

    def test_a_nonce_of_five_minutes_ago(self) -> None:
        flow = BY_NAME["auth-then-answer"]
        world, client = opened(flow)
        value = credentials(client, flow).split(": ", 1)
        world.run(301.0)
        again = Client(world, number=2)
        again.fields.append((value[0], value[1]))
        again.begin()
        world.finish()
        assert "<INVITE 401 <ACK <INVITE 180" in again.story()
        assert challenge_of(again.the("401").every("www-authenticate")[0])["stale"].lower() == "true"

    def test_the_binding_of_who_may(self) -> None:
        flow = BY_NAME["registrar-auth"]
        world = flow.world()
        client = flow.open(world, fields=["Expires: 300"])
        world.finish()
        assert client.the("200").the("contact") == f"{client.contact};expires=300"
        assert client.the("200")["date"]


class TestWrong:
    """403 and the outcome `failed`, with the reason in words; nothing of the flow happens."""

    @pytest.mark.parametrize(
        "changes",
        [
            {"password": "guess"},
            {"user": "bob"},
            {"realm": "elsewhere"},
            {"method": "BYE"},
            {"algorithm": "SHA-256"},
        ],
        ids=str,
    )
    @each
    def test_credentials(self, flow: Flow, changes: dict[str, str]) -> None:
        if "algorithm" in changes:
            changes = {"algorithm": "MD5" if flow.name != "proxy-auth" else "SHA-256"}
            if flow.name != "proxy-auth":
                pytest.skip("it is one of those that were offered")
        world, client = opened(flow)
        retry(client, flow, credentials(client, flow, **changes))
        world.finish()
        assert client.story().split()[-2 if flow.method == "INVITE" else -1] == "403"
        assert client.ended.outcome == "failed"
        assert client.ended.reason.startswith("challenge: ")
        assert "secret" not in client.ended.reason

    def test_no_binding_for_who_may_not(self) -> None:
        flow = BY_NAME["registrar-auth"]
        world, client = opened(flow)
        retry(client, flow, credentials(client, flow, password="guess"))
        world.finish()
        assert not world.engine.registrar.bindings("sip:bob@127.0.0.1", world.now)

    @pytest.mark.parametrize(
        "value", ["Digest", "Digest username=", "Basic YWxpY2U6c2VjcmV0", 'Digest username="alice", realm="responder"']
    )
    def test_what_is_no_credentials(self, value: str) -> None:
        flow = BY_NAME["auth-then-answer"]
        world, client = opened(flow)
        retry(client, flow, f"Authorization: {value}")
        world.finish()
        assert client.story() in (
            "<INVITE 401 <ACK <INVITE 403 <ACK",
            "<INVITE 401 <ACK <INVITE 400 <ACK",
        )
        assert client.ended.outcome in ("failed", "abandoned")

    @each
    def test_a_retry_without_credentials(self, flow: Flow) -> None:
        world, client = opened(flow)
        retry(client, flow)
        world.finish()
        assert "403" in client.story().split()
        assert (client.ended.outcome, client.ended.reason) == ("failed", "challenge: the retry has no credentials")

    def test_a_nonce_that_nobody_issued(self) -> None:
        """RFC 7616 section 3.3: otherwise right, so the client is asked again, with stale=true."""
        flow = BY_NAME["auth-then-answer"]
        world, client = opened(flow)
        retry(client, flow, credentials(client, flow, nonce="my-own-nonce"))
        assert challenges(client, flow)[0]["stale"].lower() == "true"
        retry(client, flow, credentials(client, flow))
        world.finish()
        assert client.ended.outcome == "completed"

    def test_nonces_of_its_own_for_ever(self) -> None:
        flow = BY_NAME["auth-then-answer"]
        world, client = opened(flow)
        for _ in range(10):
            retry(client, flow, credentials(client, flow, nonce="my-own-nonce"))
            if client.every("403"):
                break
        world.finish()
        assert len(client.every("401")) < 6
        assert client.ended.outcome == "failed"


class TestNoRetry:
    @pytest.mark.parametrize(
        ("name", "outcome", "time"),
        [
            ("auth-then-answer", "abandoned", 32.0),
            ("proxy-auth", "abandoned", 32.0),
            ("registrar-auth", "failed", 10.0),
            ("stale-nonce", "failed", 10.0),
        ],
    )
    def test_it_is_waited_for(self, name: str, outcome: str, time: float) -> None:
        flow = BY_NAME[name]
        world, client = opened(flow)
        world.finish()
        assert (client.ended.outcome, client.ended.time) == (outcome, time)

    @each
    def test_another_request_is_no_retry(self, flow: Flow) -> None:
        world, client = opened(flow)
        client.request("MESSAGE", body=b"hello", content_type="text/plain")
        world.pump()
        assert client.every("200/MESSAGE")
        retry(client, flow, credentials(client, flow))
        assert client.every("403") == []
        world.finish()

    def test_a_retry_with_the_same_cseq(self) -> None:
        """22.2: the CSeq MUST go up; what has it again, on another branch, is the same request by another way."""
        flow = BY_NAME["auth-then-answer"]
        world, client = opened(flow)
        client.request("INVITE", credentials(client, flow), body=client.body, cseq=1)
        world.finish()
        assert "482 <ACK" in client.story()
        assert not client.every("180")


class TestStale:
    """RFC 7616 section 3.3."""

    def test_the_second_challenge_says_so(self) -> None:
        flow = BY_NAME["stale-nonce"]
        world = flow.world()
        client = flow.open(world)
        world.finish()
        first, second = client.every("401")
        for value in first.every("www-authenticate"):
            assert challenge_of(value).get("stale", "false").lower() == "false"
        for value in second.every("www-authenticate"):
            assert challenge_of(value)["stale"].lower() == "true"
        nonces = [challenge_of(value)["nonce"] for one in (first, second) for value in one.every("www-authenticate")]
        assert len(set(nonces)) == 4

    def test_a_client_that_goes_on_with_the_old_nonce(self) -> None:
        """It was called stale, so it is not taken, whatever its count."""
        flow = BY_NAME["stale-nonce"]
        world, client = opened(flow)
        old = challenges(client, flow)[0]["nonce"]
        retry(client, flow, credentials(client, flow))
        retry(client, flow, credentials(client, flow, nonce=old, count=2))
        assert not client.every("180")
        assert len(client.every("401")) == 3
        retry(client, flow, credentials(client, flow))
        world.finish()
        assert client.every("180")

    def test_who_guesses_is_not_told_that_it_was_stale(self) -> None:
        flow = BY_NAME["stale-nonce"]
        world, client = opened(flow)
        retry(client, flow, credentials(client, flow, password="guess"))
        world.finish()
        assert len(client.every("401")) == 1
        assert client.ended.outcome == "failed"

    def test_who_guesses_the_second_time(self) -> None:
        flow = BY_NAME["stale-nonce"]
        world, client = opened(flow)
        retry(client, flow, credentials(client, flow))
        retry(client, flow, credentials(client, flow, password="guess"))
        world.finish()
        assert client.story() == "<INVITE 401 <ACK <INVITE 401 <ACK <INVITE 403 <ACK"
        assert client.ended.outcome == "failed"


class TestNeverRight:
    """wrong-password: 22.2, a client must not go on for ever."""

    @pytest.mark.parametrize(
        ("tries", "story", "outcome"),
        [
            (0, "<INVITE 401 <ACK", "failed"),
            (1, "<INVITE 401 <ACK <INVITE 401 <ACK", "completed"),
            (2, "<INVITE 401 <ACK <INVITE 401 <ACK <INVITE 403 <ACK", "completed"),
            (9, "<INVITE 401 <ACK <INVITE 401 <ACK <INVITE 403 <ACK", "completed"),
        ],
    )
    def test_how_stubborn_it_is(self, tries: int, story: str, outcome: str) -> None:
        flow = BY_NAME["wrong-password"]
        world = flow.world()
        client = flow.open(world, tries=tries)
        world.finish()
        assert client.story() == story
        assert client.ended.outcome == outcome
        assert client.ended.time == {0: 10.0, 1: 5.0}.get(tries, 0.0)

    def test_a_retry_without_credentials_fails_the_check(self) -> None:
        world = World(shipped("wrong-password"))
        client = Client(world, tries=0).begin()
        world.pump()
        client.request("INVITE", body=client.body)
        world.finish()
        assert client.story() == "<INVITE 401 <ACK <INVITE 401 <ACK"
        assert client.ended.outcome == "failed"
        assert "Authorization" in client.ended.reason

    def test_the_same_nonce_is_refused_as_well(self) -> None:
        """Right credentials do not help."""
        world = World(shipped("wrong-password"))
        client = Client(world).begin()
        world.finish()
        assert client.every("180") == client.every("200") == []


class TestLateAck:
    """The ACK of the challenge was lost once, and comes while the second INVITE rings: that goes on."""

    SOURCE = "users: {alice: secret}\nsteps: [{challenge: 401}, {respond: 183, reliable: true, sdp: true}, 5s, 200]"

    def test_the_early_dialog_stays(self) -> None:
        world = World(self.SOURCE)
        client = Client(world, fields=["Supported: 100rel"], acks=False, pracks=False).begin()
        world.run(0.2)
        client.habits.acks = True  # from now on: the 401 is sent again after 0.5 s, and gets its ACK
        world.run(0.8)
        assert client.times("<ACK") == [0.5]
        client._prack(client.the("183"))
        client.request("OPTIONS", within=True)
        world.finish()
        assert client.every("200/PRACK")
        assert client.every("200/OPTIONS")
        assert client.the("200").to_tag == client.the("183").to_tag
        assert client.story().endswith("200 <ACK 0.75s <BYE 200/BYE")
        assert client.ended.outcome == "completed"

    def test_no_ack_at_all(self) -> None:
        """Timer H of the 401 comes after 32 s; the call that has been made goes on, and the verdict says so."""
        world = World("users: {alice: secret}\nsteps: [{challenge: 401}, 180, 40s, 200, {expect: BYE}]")
        client = Client(world, acks=False).begin()
        world.run(35.0)
        client.habits.acks = True
        client.request("OPTIONS", within=True)
        world.finish()
        assert client.every("200/OPTIONS")
        assert client.story().endswith("200 <ACK 0.75s <BYE 200/BYE")
        assert client.ended.outcome == "no-ack"
