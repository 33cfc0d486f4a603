"""Digest on the wire (RFC 3261 section 22, RFC 7616, RFC 8760), computed here by other code than the server's."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from .judge import complaints
from .serving import Serving
from .session import OFFER
from .wire import Ask, Dialog, Endpoint, Message, endpoint, fresh

BOTH = pytest.mark.parametrize("transport", ["UDP", "TCP"])
HASHES = {"MD5": hashlib.md5, "SHA-256": hashlib.sha256}

FLOW = """
users: {alice: secret, bob: {password: "p\\u00e4ss"}}
rules:
  - name: proxy
    match: {method: [INVITE, REGISTER, MESSAGE], user: proxy}
    steps: [{challenge: 407}, 200]
  - name: mutual
    match: {method: MESSAGE, user: mutual}
    steps: [{challenge: 401, info: true, nextnonce: true}, 200]
  - name: other
    match: {method: [INVITE, REGISTER, MESSAGE]}
    steps: [{challenge: 401}, 200]
"""


@pytest.fixture(scope="module")
def guarded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Serving]:
    """A server that lets alice and bob in."""
    flow: Path = tmp_path_factory.mktemp("flow") / "guarded.yaml"
    flow.write_text(FLOW)
    with Serving(str(flow)) as serving:
        yield serving


def challenge(response: Message, algorithm: str) -> dict[str, str]:
    """The parameters of the challenge of this algorithm."""
    name = "WWW-Authenticate" if response.status == 401 else "Proxy-Authenticate"
    for value in response.all(name):
        found = dict(re.findall(r'(\w+)="?([^",]*)"?', value.partition(" ")[2]))
        if found["algorithm"] == algorithm:
            return found
    raise AssertionError(f"no challenge for {algorithm}:\n{response}")


def credentials(
    params: dict[str, str], ask: Ask, *, user: str = "alice", password: str = "secret", count: int = 1, uri: str = "",
    qop: str = "auth", session: bool = False,
) -> str:  # fmt: skip
    """RFC 7616 section 3.4"""
    algorithm = params["algorithm"]
    digest = HASHES[algorithm.removesuffix("-sess")]

    def hashed(*parts: str) -> str:
        return digest(":".join(parts).encode()).hexdigest()

    uri, cnonce, nc = uri or ask.uri, fresh("c"), f"{count:08x}"
    a1 = hashed(user, params["realm"], password)
    a2 = hashed(ask.method, uri)
    response = hashed(a1, params["nonce"], nc, cnonce, qop, a2) if qop else hashed(a1, params["nonce"], a2)
    rest = f', qop={qop}, cnonce="{cnonce}", nc={nc}' if qop else ""
    return (
        f'Digest username="{user}", realm="{params["realm"]}", nonce="{params["nonce"]}", uri="{uri}", '
        f'response="{response}", algorithm={algorithm}, opaque="{params["opaque"]}"{rest}'
    )


def field(status: int) -> str:
    return "Authorization" if status == 401 else "Proxy-Authorization"


def hung_up(client: Endpoint, ask: Ask, response: Message) -> None:
    if ask.method == "INVITE" and response.status == 200:
        dialog = Dialog.of(client, ask, response)
        client.put(dialog.request("ACK"))
        assert client.final(dialog.request("BYE")).status == 200


@BOTH
@pytest.mark.parametrize("algorithm", HASHES)
@pytest.mark.parametrize("user", ["bob", "proxy"])
@pytest.mark.parametrize("method", ["INVITE", "REGISTER", "MESSAGE"])
def test_right_credentials(guarded: Serving, transport: str, algorithm: str, user: str, method: str) -> None:
    with endpoint(transport, guarded.address) as client:
        ask = client.ask(method, user, body=OFFER if method == "INVITE" else b"")
        refused = client.final(ask)
        status = 407 if user == "proxy" else 401
        assert not complaints(ask, refused, client, status)
        retry = ask.again()
        retry.more = [(field(status), credentials(challenge(refused, algorithm), retry))]
        response = client.final(retry)
        assert response.status == 200
        hung_up(client, retry, response)


@BOTH
@pytest.mark.parametrize("wrong", [{"password": "wrong"}, {"user": "eve"}])
def test_wrong_ones_are_refused(guarded: Serving, transport: str, wrong: dict[str, str]) -> None:
    with endpoint(transport, guarded.address) as client:
        ask = client.ask("INVITE", "bob", body=OFFER)
        params = challenge(client.final(ask), "SHA-256")
        retry = ask.again()
        retry.more = [("Authorization", credentials(params, retry, **wrong))]  # type: ignore[arg-type]
        response = client.final(retry)
        assert response.status in (400, 401, 403)
        assert not complaints(retry, response, client)
        if response.status == 401:
            assert challenge(response, "SHA-256").get("stale", "false").lower() == "false"


def test_nonce_of_somebody_else_is_stale(guarded: Serving) -> None:
    """RFC 7616 section 3.3: the digest is right, the nonce is not ours: `stale=true`"""
    with endpoint("UDP", guarded.address) as client:
        ask = client.ask("INVITE", "bob", body=OFFER)
        params = challenge(client.final(ask), "MD5")
        ask = ask.again()
        ask.more = [("Authorization", credentials({**params, "nonce": "of-my-own-making"}, ask))]
        response = client.final(ask)
        assert response.status == 401
        again = challenge(response, "MD5")
        assert again["stale"].lower() == "true"
        ask = ask.again()
        ask.more = [("Authorization", credentials(again, ask))]
        answered = client.final(ask)
        assert answered.status == 200
        hung_up(client, ask, answered)


def test_other_users_and_letters(guarded: Serving) -> None:
    with endpoint("UDP", guarded.address) as client:
        ask = client.ask("MESSAGE", "bob")
        params = challenge(client.final(ask), "SHA-256")
        ask = ask.again()
        ask.more = [("Authorization", credentials(params, ask, user="bob", password="päss"))]
        assert client.final(ask).status == 200


def test_without_qop(guarded: Serving) -> None:
    """RFC 2617, and RFC 3261 section 22.4 item 8: clients of RFC 2069 send none"""
    with endpoint("UDP", guarded.address) as client:
        ask = client.ask("MESSAGE", "bob")
        params = challenge(client.final(ask), "MD5")
        ask = ask.again()
        ask.more = [("Authorization", credentials(params, ask, qop=""))]
        assert client.final(ask).status in (200, 401)


@pytest.mark.parametrize(
    "value",
    ["Basic YWxpY2U6c2VjcmV0", "Digest", "Digest x", 'Digest username="alice"', "", "NoOneKnowsThisScheme data=here",
     'Digest username="alice", realm="responder", nonce="', "Digest " + "a=b, " * 500 + "c=d"],
)  # fmt: skip
def test_credentials_that_are_none(guarded: Serving, value: str) -> None:
    with endpoint("UDP", guarded.address) as client:
        ask = client.ask("MESSAGE", "bob", more=[("Authorization", value)])
        assert client.final(ask).status in (400, 401, 403)


def test_a_copy_is_stale(guarded: Serving) -> None:
    """RFC 7616 sections 3.3 and 5.5: the same nonce count on another request"""
    with endpoint("UDP", guarded.address) as client:
        ask = client.ask("MESSAGE", "bob")
        params = challenge(client.final(ask), "SHA-256")
        ask = ask.again()
        ask.more = [("Authorization", credentials(params, ask))]
        assert client.final(ask).status == 200
        copy = client.ask("MESSAGE", "bob", more=ask.more)
        again = client.final(copy)
        assert again.status == 401
        assert challenge(again, "SHA-256")["stale"].lower() == "true"
        copy = copy.again()
        copy.more = [("Authorization", credentials(params, copy, count=2))]
        assert client.final(copy).status == 200


def test_our_own_proof(guarded: Serving) -> None:
    """RFC 7616 section 3.5"""
    with endpoint("UDP", guarded.address) as client:
        ask = client.ask("MESSAGE", "mutual")
        params = challenge(client.final(ask), "SHA-256")
        ask = ask.again()
        sent = credentials(params, ask)
        ask.more = [("Authorization", sent)]
        response = client.final(ask)
        assert response.status == 200
        found = dict(re.findall(r'(\w+)="?([^",]*)"?', response.one("Authentication-Info")))

        def hashed(*parts: str) -> str:
            return hashlib.sha256(":".join(parts).encode()).hexdigest()

        (cnonce,) = re.findall(r'cnonce="([^"]*)"', sent)
        a1, a2 = hashed("alice", "responder", "secret"), hashed("", ask.uri)
        assert found["rspauth"] == hashed(a1, params["nonce"], "00000001", cnonce, "auth", a2)
        # the new nonce goes with the opaque of the challenge
        following = client.ask("MESSAGE", "mutual")
        following.more = [("Authorization", credentials({**params, "nonce": found["nextnonce"]}, following))]
        assert client.final(following).status == 200


def test_shipped_flow() -> None:
    """`auth-then-answer`, by its name"""
    with Serving("auth-then-answer") as serving, endpoint("TCP", serving.address) as client:
        ask = client.ask("INVITE", "bob", body=OFFER)
        refused = client.final(ask)
        retry = ask.again()
        retry.more = [("Authorization", credentials(challenge(refused, "SHA-256"), retry))]
        response = client.final(retry)
        assert response.status == 200
        hung_up(client, retry, response)
        assert serving.wait_for("call")[0]["outcome"] == "completed"
