"""Challenges of requests in a dialog, of several realms, with Authentication-Info (RFC 3261 22, RFC 7616 3.5)."""

from __future__ import annotations

import hashlib
from typing import Any

import pytest

from responder.events import Note

from .client import Client
from .wire import OFFER, Message, challenge_of, digest
from .world import World

USERS = "users: {alice: secret}\n"
CALL = "steps: [180, 200, {expect: ACK, within: 5s}, "
NAMES = {401: ("www-authenticate", "Authorization"), 407: ("proxy-authenticate", "Proxy-Authorization")}


def called(source: str, **more: Any) -> tuple[World, Client]:
    """A client in a confirmed dialog."""
    world = World(USERS + source)
    client = Client(world, **{"talks": None, **more}).begin()
    world.pump()
    return world, client


def with_credentials(client: Client, response: Message, uri: str, *, password: str = "secret", **more: Any) -> str:
    """The header field that answers a challenge."""
    field, name = NAMES[response.status]
    challenge = challenge_of(response.every(field)[0])
    return f"{name}: {digest(challenge, method=response.method, uri=uri, user='alice', password=password, **more)}"


def notes(world: World) -> list[str]:
    return [event.text for event in world.events if isinstance(event, Note) and event.kind == "deviation"]


class TestInDialog:
    """Section 22.2: the same request again, with a higher CSeq; a dialog does not end by a challenge."""

    @pytest.mark.parametrize("status", [401, 407])
    @pytest.mark.parametrize("method", ["BYE", "INVITE", "UPDATE", "REFER", "INFO", "OPTIONS", "MESSAGE"])
    def test_expected(self, method: str, status: int) -> None:
        end = "" if method == "BYE" else ", {expect: BYE, within: 5s}"
        world, client = called(f"{CALL}{{expect: {method}}}, {{challenge: {status}, algorithms: MD5}}, 200{end}]")
        more: dict[str, Any] = {"body": OFFER} if method in ("INVITE", "UPDATE") else {}
        fields = ["Refer-To: <sip:carol@example.com>"] if method == "REFER" else []
        client.request(method, *fields, within=True, **more)
        world.pump()
        whose = "" if method == "INVITE" else f"/{method}"
        refused = client.the(f"{status}{whose}")
        assert world.engine.busy
        credentials = with_credentials(client, refused, client.dialog.target)
        sent = client.request(method, *fields, credentials, within=True, **more)
        world.pump()
        assert sent.cseq > refused.cseq
        assert client.every(f"200{whose}")[-1].cseq == sent.cseq
        if method != "BYE":
            client.bye()
        world.finish()
        assert (client.ended.outcome, client.ended.reason) == ("completed", "")

    def test_wrong_password_of_a_bye(self) -> None:
        world, client = called(CALL + "{expect: BYE}, challenge: 407, 200]")
        client.request("BYE", within=True)
        world.pump()
        credentials = with_credentials(client, client.the("407/BYE"), client.dialog.target, password="x")
        client.request("BYE", credentials, within=True)
        world.finish()
        assert client.the("403/BYE")
        assert client.ended.outcome == "failed"
        assert client.ended.reason.endswith("(wrong password)")

    @pytest.mark.parametrize("method", ["INFO", "MESSAGE", "BYE"])
    def test_meanwhile(self, method: str) -> None:
        source = f"meanwhile: {{{method}: [challenge: 401, 200]}}\n{CALL}60s]"
        world, client = called(source)
        client.request(method, within=True)
        world.pump()
        refused = client.the(f"401/{method}")
        client.request(method, with_credentials(client, refused, client.dialog.target), within=True)
        world.pump()
        assert client.the(f"200/{method}")
        if method != "BYE":
            client.bye()
        world.finish()
        assert client.ended.outcome == "completed"

    def test_the_ack_of_a_challenged_call_needs_no_credentials(self) -> None:
        """Section 22.1: ACK and CANCEL are never challenged."""
        world = World(USERS + "steps: [challenge: 401, 180, 10s, 200]")
        client = Client(world).begin()
        world.run(1.0)
        client.cancel()
        world.finish()
        assert client.story() == "<INVITE 401 <ACK <INVITE 180 1s <CANCEL 200/CANCEL 487 <ACK"


class TestRealms:
    """Section 22.3: credentials for several realms in one request."""

    SOURCE = """users: {alice: secret}
steps:
  - challenge: 407
    realm: one
  - challenge: 407
    realm: two
  - challenge: 401
    realm: three
  - 200
"""

    def test_all_of_them(self) -> None:
        world = World(self.SOURCE)
        client = Client(world, tries=9).begin()
        world.finish()
        assert client.story().startswith("<INVITE 407 <ACK <INVITE 407 <ACK <INVITE 401 <ACK <INVITE 200")
        last = client.invite
        assert last is not None
        assert len(last.every("proxy-authorization")) == 2
        assert len(last.every("authorization")) == 1
        assert client.ended.outcome == "completed"


class TestAuthenticated:
    """Each request is judged once, whoever asks how often."""

    SOURCE = """users: {alice: secret}
rules:
  - name: elsewhere
    match: {method: REGISTER, authenticated: true, user: carol}
    steps: [404]
  - name: in
    match: {method: REGISTER, authenticated: true}
    steps: [check: {authenticated: true}, challenge: 401, log: in]
  - name: out
    match: {method: REGISTER}
    steps: [401]
"""

    def test_several_rules_and_a_step(self) -> None:
        world = World(self.SOURCE)
        client = Client(world, "REGISTER").begin()
        world.finish()
        assert client.story() == "<REGISTER 401 <REGISTER 200"
        assert [event.scenario for event in world.ended] == ["out", "in"]
        assert [event.outcome for event in world.ended] == ["completed", "completed"]

    def test_after_other_calls(self) -> None:
        """What was judged right stays right, and what comes a second time is a copy."""
        source = "users: {alice: secret}\nmatch: {method: REGISTER}\n"
        source += "steps: [challenge: 401, 5s, check: {authenticated: true}]"
        world = World(source)
        clients = [Client(world, "REGISTER", number=number).begin() for number in range(1, 30)]
        world.finish()
        assert {client.ended.outcome for client in clients} == {"completed"}


class TestAuthenticationInfo:
    @staticmethod
    def parts(value: str) -> dict[str, str]:
        return {name: text.strip('"') for name, _, text in (part.partition("=") for part in value.split(", "))}

    def test_none_unless_it_is_asked_for(self) -> None:
        world = World(USERS + "match: {method: REGISTER}\nsteps: [challenge: 401]")
        client = Client(world, "REGISTER").begin()
        world.finish()
        assert client.the("200")["authentication-info"] is None

    @pytest.mark.parametrize(
        ("method", "steps", "status"), [("REGISTER", "", 401), ("MESSAGE", ", 202", 401), ("INVITE", ", 180, 200", 407)]
    )
    def test_proof_of_the_secret(self, method: str, steps: str, status: int) -> None:
        """By the core's answer, by the author's, and in the 2xx only."""
        challenge = f"{{challenge: {status}, info: true, algorithms: MD5}}"
        world = World(f"{USERS}match: {{method: {method}}}\nsteps: [{challenge}{steps}]")
        client = Client(world, method).begin()
        world.finish()
        field = "authentication-info" if status == 401 else "proxy-authentication-info"
        final = client.every("202" if method == "MESSAGE" else "200")[0]
        parts = self.parts(final.the(field))
        assert all(message[field] is None for message in client.every(str(status)) + client.every("180"))
        nonce = challenge_of(client.the(str(status)).every(NAMES[status][0])[0])["nonce"]

        def h(text: str) -> str:
            return hashlib.md5(text.encode()).hexdigest()

        secret, a2 = h("alice:responder:secret"), h(f":{client.uri}")
        assert parts == {
            "qop": "auth",
            "rspauth": h(f"{secret}:{nonce}:00000001:0a4f:auth:{a2}"),
            "cnonce": "0a4f",
            "nc": "00000001",
        }

    def test_the_next_nonce_is_good(self) -> None:
        world = World(USERS + "match: {method: REGISTER}\nsteps: [{challenge: 401, nextnonce: true}]")
        first = Client(world, "REGISTER").begin()
        world.pump()
        challenge = challenge_of(first.the("401").every("www-authenticate")[0])
        nextnonce = self.parts(first.the("200").the("authentication-info"))["nextnonce"]
        assert nextnonce != challenge["nonce"]
        again = Client(world, "REGISTER", number=2, tries=0)
        value = digest({**challenge, "nonce": nextnonce}, method="REGISTER", uri=again.uri, user="alice",
                       password="secret")  # fmt: skip
        again.fields.append(("Authorization", value))
        again.begin()
        world.finish()
        assert again.story() == "<REGISTER 200"
        assert notes(world) == []


class TestWhatIsSaid:
    """What is wrong, in the reason of the call; what is accepted all the same, in the journal."""

    def retried(
        self, before: str = "", after: str = "", *, options: str = "algorithms: MD5", **more: Any
    ) -> tuple[World, Client]:
        """A retry whose credentials have `after` where right ones have `before`; `more` changes the challenge."""
        world = World(f"{USERS}match: {{method: MESSAGE}}\nsteps: [{{challenge: 401, {options}}}, 200]")
        client = Client(world, "MESSAGE", tries=0).begin()
        world.pump()
        uri, count = more.pop("uri", client.uri), more.pop("count", 1)
        challenge = {**challenge_of(client.the("401").every("www-authenticate")[0]), **more}
        value = digest(challenge, method="MESSAGE", uri=uri, user="alice", password="secret", count=count)
        assert before in value
        client.request("MESSAGE", f"Authorization: {value.replace(before, after)}")
        world.pump()
        return world, client

    @pytest.mark.parametrize(
        ("before", "after", "reason"),
        [
            ("opaque=", "x=", "opaque: expected "),
            ('opaque="', 'opaque="0', "opaque: expected "),
            ('cnonce="0a4f"', 'cnonce=""', "cnonce: expected some text"),
            ("nc=00000001", "x=1", "nc: expected 8 hexadecimal digits"),
            ("nc=00000001", "nc=1", "nc: expected 8 hexadecimal digits"),
            ("realm=", "x=", "Digest credentials without realm"),
            ("Digest ", "Basic ", "Authentication scheme is not Digest"),
        ],
    )
    def test_wrong(self, before: str, after: str, reason: str) -> None:
        world, client = self.retried(before, after)
        world.finish()
        assert client.every("403")
        assert reason in client.ended.reason

    @pytest.mark.parametrize(
        ("options", "challenge", "reason"),
        [
            ("algorithms: MD5-sess", {"algorithm": "MD5"}, "algorithm: expected MD5-sess, got MD5"),
            ("qop: auth-int", {"qop": "auth"}, "qop: expected auth-int, got auth"),
            ("qop: none", {"qop": "auth"}, "qop: expected none, got auth"),
            ("realm: here", {"realm": "there"}, "realm: expected here, got there"),
        ],
    )
    def test_what_was_not_offered(self, options: str, challenge: dict[str, str], reason: str) -> None:
        world, client = self.retried(options=options, **challenge)
        world.finish()
        assert client.every("403")
        assert client.ended.reason == f"challenge: {reason}"

    def test_a_session_key_that_is_none(self) -> None:
        """SIPp 3.6 says MD5-sess and computes MD5."""
        world, client = self.retried(
            "algorithm=MD5", "algorithm=MD5-sess", options="algorithms: MD5-sess", algorithm="MD5"
        )
        world.finish()
        assert client.ended.reason.endswith("(made with MD5)")

    @pytest.mark.parametrize(
        ("before", "after", "note"),
        [
            ("nc=00000001", 'nc="00000001"', "nc in quotes"),
            ("qop=auth", 'qop = "auth"', "qop in quotes"),
            ("algorithm=MD5", "algorithm=md5", ""),
        ],
    )
    def test_sloppy(self, before: str, after: str, note: str) -> None:
        world, client = self.retried(before, after)
        assert client.every("200")
        assert notes(world) == ([f"credentials of MESSAGE: {note}"] if note else [])

    def test_another_uri(self) -> None:
        world, client = self.retried(uri="sip:127.0.0.1")
        assert client.every("200")
        (note,) = notes(world)
        assert note == f"credentials of MESSAGE: uri: expected {client.uri}, got sip:127.0.0.1"

    def test_a_count_that_begins_elsewhere(self) -> None:
        world, client = self.retried(count=7)
        assert client.every("200")
        assert notes(world) == ["credentials of MESSAGE: nc: expected 00000001 with a new nonce, got 00000007"]

    def test_a_nonce_of_somebody_else(self) -> None:
        world, _ = self.retried(nonce="mine")
        assert notes(world) == ["credentials of MESSAGE: the nonce is none of ours"]

    def test_a_lifetime(self) -> None:
        """A nonce that is good for a second is stale after two."""
        world = World(f"{USERS}match: {{method: MESSAGE}}\nsteps: [{{challenge: 401, lifetime: 1s}}, 200]")
        client = Client(world, "MESSAGE", tries=0).begin()
        world.pump()
        value = with_credentials(client, client.the("401"), client.uri)
        world.run(2.0)
        client.request("MESSAGE", value)
        world.pump()
        second = client.every("401")[1]
        assert challenge_of(second.every("www-authenticate")[0])["stale"] == "true"
        client.request("MESSAGE", with_credentials(client, second, client.uri))
        world.finish()
        assert client.every("200")


def test_what_a_challenge_offers() -> None:
    source = "{challenge: 401, algorithms: [SHA-256-sess, MD5], qop: none, domain: [sip:a, 'sip:b'], userhash: true}"
    world = World(f"{USERS}match: {{method: MESSAGE}}\nsteps: [{source}, 200]")
    client = Client(world, "MESSAGE", tries=0).begin()
    world.finish()
    values = client.the("401").every("www-authenticate")
    assert ["algorithm=SHA-256-sess" in values[0], "algorithm=MD5" in values[1]] == [True, True]
    for value in values:
        assert "qop" not in value
        assert 'domain="sip:a sip:b"' in value
        assert "userhash=true" in value


class TestRegistrar:
    """`registrar` of the file, around a challenge."""

    SOURCE = "registrar: {min_expires: 2m, max_expires: 10m, default_expires: 5m, realm: here}\n" + USERS
    FLOW = SOURCE + "match: {method: REGISTER}\nsteps: [challenge: 401]"

    @pytest.mark.parametrize(
        ("asked", "contact"), [("Expires: 3600", 600), ("Expires: 130", 130), ("Subject: x", 300), ("Expires: 0", None)]
    )
    def test_what_is_granted(self, asked: str, contact: int | None) -> None:
        world = World(self.FLOW)
        client = Client(world, "REGISTER", fields=[asked]).begin()
        world.finish()
        assert challenge_of(client.the("401").every("www-authenticate")[0])["realm"] == "here"
        expected = None if contact is None else f"{client.contact};expires={contact}"
        assert client.the("200")["contact"] == expected

    def test_too_brief_after_the_challenge(self) -> None:
        world = World(self.FLOW)
        client = Client(world, "REGISTER", fields=["Expires: 60"]).begin()
        world.pump()
        refused = client.the("423")
        assert refused.the("min-expires") == "120"
        client.again("Expires: 120")
        world.finish()
        assert client.story() == "<REGISTER 401 <REGISTER 423 <REGISTER 200"

    def test_a_200_that_the_author_wants(self) -> None:
        """The registrar refuses 60 s; the author says 200 nevertheless, and nothing is bound."""
        world = World(self.FLOW.replace("challenge: 401", "challenge: 401, 200"))
        client = Client(world, "REGISTER", fields=["Expires: 60"]).begin()
        world.finish()
        assert client.the("200").the("contact") == f"{client.contact};expires=60"
        assert notes(world) == ["200 although the registrar refuses this with 423"]
        assert not world.engine.registrar.bindings("sip:bob@127.0.0.1", world.now)
