"""RFC 3261 section 22, RFC 7616, RFC 8760."""

from __future__ import annotations

import random
import re
from dataclasses import replace
from pathlib import Path

import pytest

from responder.registry import Capabilities
from responder.scenario.authenticator import ChallengeText
from responder.scenario.compiler import load, load_text
from responder.scenario.problems import ScenarioError
from responder.sip.digest import Challenge, Credentials, ha1_of, response_of, userhash_of
from responder.uas.nonces import Nonces
from tests.scenario.stage import FLOW, Stage, request

FLOWS = "users: {alice: secret}\nsteps:\n  - challenge: 401\n"


def challenges(stage: Stage) -> list[Challenge]:
    """The challenges of the last response, made again as the core would: its texts rendered for the call."""
    reply, _, _ = stage.call.replies[-1]
    thread = stage.call.script.threads[0]
    texts = [value for _, value in reply.headers if isinstance(value, ChallengeText)]
    return [Challenge.parse(text.render(thread)) for text in texts]


def credentials(
    challenge: Challenge,
    *,
    user: str = "alice",
    password: str = "secret",
    uri: str = "sip:bob@192.0.2.1",
    **changes: str,
) -> str:
    """What a right client answers (RFC 7616 section 3.4)."""
    made = Credentials(
        username=user,
        realm=challenge.realm,
        nonce=changes.get("nonce", challenge.nonce),
        uri=uri,
        response="",
        algorithm=challenge.algorithm,
        qop=challenge.qop[0],
        nc=changes.get("nc", "00000001"),
        cnonce="abc",
        opaque=challenge.opaque,
    )
    answer = response_of(
        algorithm=challenge.algorithm,
        ha1=ha1_of(algorithm=challenge.algorithm, username=user, realm=challenge.realm, password=password),
        nonce=made.nonce,
        method=changes.get("method", "INVITE"),
        uri=uri,
        qop=made.qop,
        nc=made.nc,
        cnonce=made.cnonce,
    )
    return str(replace(made, response=answer))


def retry(stage: Stage, value: str | None, *, name: str = "Authorization", method: str = "INVITE") -> bool:
    headers = {} if value is None else {name: value}
    return stage.receive(method, to_tag=None, headers=headers)


def begun(source: str = FLOWS + "  - 180\n  - 200\n", **options: object) -> Stage:
    stage = Stage(source, **options)
    stage.start()
    return stage


class TestChallenge:
    def test_one_for_each_algorithm_the_preferred_one_first(self) -> None:
        found = challenges(begun())
        assert [(c.realm, c.algorithm, c.qop, c.stale) for c in found] == [
            ("responder", "SHA-256", ("auth",), False),
            ("responder", "MD5", ("auth",), False),
        ]
        assert len({c.nonce for c in found}) == 2
        assert all(c.opaque for c in found)

    def test_as_the_author_wants_it(self) -> None:
        source = "users: {a: b}\nsteps: [{challenge: 407, realm: here, algorithms: [MD5-sess], qop: [auth-int, auth]}]"
        stage = begun(source)
        assert stage.call.replies[-1][0].headers[0][0] == "Proxy-Authenticate"
        assert [(c.realm, c.algorithm, c.qop) for c in challenges(stage)] == [
            ("here", "MD5-sess", ("auth-int", "auth"))
        ]

    def test_as_our_capabilities_want_it(self) -> None:
        capabilities = Capabilities(realm="r", proxy_realm="p", algorithms=("MD5",), opaque="fixed")
        stage = begun(capabilities=capabilities)
        assert [(c.realm, c.algorithm, c.opaque) for c in challenges(stage)] == [("r", "MD5", "fixed")]
        stage = begun("users: {a: b}\nsteps: [challenge: 407]", capabilities=capabilities)
        assert [c.realm for c in challenges(stage)] == ["p"]

    def test_headers_of_the_rule_stay(self) -> None:
        stage = begun("headers: {Server: s, WWW-Authenticate: x}\n" + FLOWS)
        assert [name for name, _ in stage.call.replies[-1][0].headers] == [
            "Server",
            "WWW-Authenticate",
            "WWW-Authenticate",
        ]


class TestRetry:
    @pytest.mark.parametrize("index", [0, 1])
    def test_right(self, index: int) -> None:
        stage = begun()
        assert retry(stage, credentials(challenges(stage)[index]))
        assert stage.call.log == ["401", "180", "200", "end"]
        assert stage.call.failures == []

    def test_proxy(self) -> None:
        stage = begun("users: {alice: secret}\nsteps: [challenge: 407, 200]")
        assert retry(stage, credentials(challenges(stage)[0]), name="Proxy-Authorization")
        assert stage.call.log == ["407", "200", "end"]

    def test_another_request_of_ours_to_register(self) -> None:
        stage = Stage("match: {method: REGISTER}\n" + FLOWS)
        stage.start(request("REGISTER", "sip:192.0.2.1"))
        value = credentials(challenges(stage)[0], method="REGISTER", uri="sip:192.0.2.1")
        assert stage.receive("REGISTER", to_tag=None, uri="sip:192.0.2.1", headers={"Authorization": value})
        assert stage.call.log == ["401", "answer REGISTER", "end"]

    @pytest.mark.parametrize(
        ("options", "why"),
        [
            ({"password": "wrong"}, "response: expected "),
            ({"user": "eve"}, "username: expected alice, got eve"),
            ({"method": "BYE"}, "response: expected "),
        ],
    )
    def test_wrong(self, options: dict[str, str], why: str) -> None:
        stage = begun()
        assert retry(stage, credentials(challenges(stage)[0], **options))
        assert stage.call.log == ["401", "403", "end"]
        (failure,) = stage.call.failures
        assert failure.startswith(f"challenge: {why}")

    def test_another_realm(self) -> None:
        stage = begun()
        assert retry(stage, credentials(replace(challenges(stage)[0], realm="else")))
        assert stage.call.failures == ["challenge: realm: expected responder, got else"]

    def test_an_algorithm_that_was_not_offered(self) -> None:
        stage = begun("users: {alice: secret}\nsteps: [{challenge: 401, algorithms: SHA-256}, 200]")
        assert retry(stage, credentials(replace(challenges(stage)[0], algorithm="MD5")))
        assert stage.call.failures == ["challenge: algorithm: expected SHA-256, got MD5"]

    def test_none(self) -> None:
        stage = begun()
        assert retry(stage, None)
        assert stage.call.failures == ["challenge: the retry has no credentials"]

    @pytest.mark.parametrize("value", ["Basic YTpi", "Digest", 'Digest realm="responder"', '"'])
    def test_malformed(self, value: str) -> None:
        stage = begun()
        assert retry(stage, value)
        assert stage.call.log == ["401", "403", "end"]

    def test_another_uri_may_be_a_proxys_work(self) -> None:
        stage = begun()
        assert retry(stage, credentials(challenges(stage)[0], uri="sip:bob@elsewhere"))
        assert stage.call.log == ["401", "180", "200", "end"]

    def test_a_nonce_of_somebody_else_is_stale(self) -> None:
        stage = begun()
        assert retry(stage, credentials(challenges(stage)[0], nonce="mine"))
        assert stage.call.log == ["401", "401"]
        assert all(c.stale for c in challenges(stage))
        assert retry(stage, credentials(challenges(stage)[0]))
        assert stage.call.log == ["401", "401", "180", "200", "end"]

    def test_an_old_nonce_is_stale(self) -> None:
        stage = begun()
        challenge = challenges(stage)[0]
        stage.pass_time(10_000)
        assert retry(stage, credentials(challenge))
        assert challenges(stage)[0].stale

    def test_a_count_that_was_seen_is_stale(self) -> None:
        stage = begun()
        value = credentials(challenges(stage)[0])
        retry(stage, value)
        stage.start(request(headers={"Authorization": value}))
        assert challenges(stage)[0].stale

    def test_a_client_that_never_learns(self) -> None:
        stage = begun()
        for _ in range(3):
            assert retry(stage, credentials(challenges(stage)[0], nonce="mine"))
        assert retry(stage, credentials(challenges(stage)[0], nonce="mine"))
        assert stage.call.log == ["401"] * 4 + ["403", "end"]
        assert stage.call.failures == ["challenge: the nonce is none of ours"]

    def test_credentials_in_the_first_request(self) -> None:
        stage = begun()
        value = credentials(challenges(stage)[0])
        assert stage.start(request(headers={"Authorization": value})) == ["180", "200", "end"]

    def test_others_are_left_to_the_core(self) -> None:
        stage = begun()
        assert not stage.receive("OPTIONS", to_tag=None)
        stage.ack()
        assert stage.call.log == ["401", "answer OPTIONS"]

    def test_users_by_hash(self) -> None:
        ha1 = ha1_of(algorithm="MD5", username="alice", realm="responder", password="secret")
        stage = begun(f"users: {{alice: {{ha1: {ha1}}}}}\nsteps: [{{challenge: 401, algorithms: MD5}}, 200]")
        assert retry(stage, credentials(challenges(stage)[0]))
        assert stage.call.log == ["401", "200", "end"]

    def test_userhash(self) -> None:
        stage = begun()
        challenge = challenges(stage)[0]
        hashed = userhash_of(algorithm="SHA-256", username="alice", realm="responder")
        value = credentials(challenge).replace('username="alice"', f'username="{hashed}"') + ", userhash=true"
        assert retry(stage, value)
        assert stage.call.log == ["401", "180", "200", "end"]


class TestStale:
    SOURCE = "users: {alice: secret}\nsteps: [{challenge: 401, stale: true}, 200]"

    def test_the_first_right_answer_is_called_stale(self) -> None:
        stage = begun(self.SOURCE)
        assert not challenges(stage)[0].stale
        retry(stage, credentials(challenges(stage)[0]))
        assert stage.call.log == ["401", "401"]
        assert challenges(stage)[0].stale
        retry(stage, credentials(challenges(stage)[0]))
        assert stage.call.log == ["401", "401", "200", "end"]
        assert stage.call.failures == []

    def test_the_same_nonce_again(self) -> None:
        stage = begun(self.SOURCE)
        challenge = challenges(stage)[0]
        retry(stage, credentials(challenge))
        retry(stage, credentials(challenge))
        assert stage.call.log == ["401", "401", "401"]


class TestOtherwise:
    SOURCE = "users: {alice: secret}\nsteps: [{challenge: 401, within: 5s, otherwise: [1s, 404]}, 200]"

    def test_wrong(self) -> None:
        stage = begun(self.SOURCE)
        retry(stage, credentials(challenges(stage)[0], password="x"))
        assert stage.pass_time(1) == ["401", "404", "end"]
        assert stage.call.failures == []

    def test_no_retry(self) -> None:
        stage = begun("users: {alice: secret}\nsteps: [{challenge: 401, within: 5s, otherwise: [{fail: never}]}, 200]")
        assert stage.pass_time(5) == ["401", "end"]
        assert stage.call.failures == ["never"]

    def test_no_retry_and_nothing_said(self) -> None:
        stage = begun("users: {alice: secret}\nsteps: [{challenge: 401, within: 5s}, 200]")
        assert stage.pass_time(5) == ["401", "end"]
        assert stage.call.failures == ["challenge: no retry with credentials within 5 s"]

    def test_in_time(self) -> None:
        stage = begun(self.SOURCE)
        retry(stage, credentials(challenges(stage)[0]))
        assert stage.pass_time(60) == ["401", "200", "end"]


def test_authenticated_with_the_challenges_of_the_core() -> None:
    source = """users: {alice: secret}
rules:
  - name: in
    match: {method: REGISTER, authenticated: true}
    steps: [{log: in}]
  - name: out
    match: {method: REGISTER}
    steps: [401]
"""
    stage = Stage(source)
    nonces = Nonces(random.Random(9))
    stage.playbook.use_nonces(nonces)
    challenge = Challenge(realm="responder", nonce=nonces.issue(0.0), algorithm="MD5")
    asked = request("REGISTER", "sip:192.0.2.1")
    assert stage.playbook.choose(asked, FLOW, 0.0).name == "out"
    for password, name in (("secret", "in"), ("wrong", "out")):
        value = credentials(challenge, password=password, method="REGISTER", uri="sip:192.0.2.1", nc="00000002")
        asked = request("REGISTER", "sip:192.0.2.1", headers={"Authorization": value})
        assert stage.playbook.choose(asked, FLOW, 0.0).name == name


class TestOffered:
    """What cannot work is said when the file is loaded."""

    MD5 = "939e7578ed9e3c518a452acee763bce9"

    @pytest.mark.parametrize(
        ("source", "problem"),
        [
            ("{challenge: 407, domain: 'sip:a'}", "'domain' means nothing in a 407 (RFC 7616 section 3.3)"),
            ("{challenge: 401, domain: 'sip:a sip:b'}", "'sip:a sip:b' is no URI"),
            ("{challenge: 401, qop: [none, auth]}", "'qop' cannot be 'none'"),
            ("{challenge: 401, algorithms: SHA-1}", "'algorithms' cannot be 'SHA-1'"),
            (
                f"{{challenge: 401, algorithms: SHA-256, users: {{a: {{ha1: {MD5}}}}}}}",
                "no user has a hash for SHA-256",
            ),
            (f"{{challenge: 401, users: {{a: {{ha1: [{MD5}, {MD5}]}}}}}}", "two hashes of the same length"),
            ("{challenge: 401, users: {a: {ha1: xyz}}}", "'ha1' is no hash"),
        ],
    )
    def test_what_nobody_could_answer(self, source: str, problem: str) -> None:
        with pytest.raises(ScenarioError, match=re.escape(problem)):
            load_text(f"users: {{alice: secret}}\nsteps: [{source}, 200]")

    def test_what_this_python_cannot_compute(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("responder.scenario.challenge_compiler.is_known", lambda name: "512" not in name)
        source = "users: {a: b}\nsteps: [{challenge: 401, algorithms: [SHA-512-256, MD5]}, 200]"
        with pytest.raises(ScenarioError, match="this Python cannot compute SHA-512-256: its OpenSSL lacks the hash"):
            load_text(source)

    def test_by_default_what_all_users_have_a_secret_for(self) -> None:
        stage = begun(f"users: {{alice: secret, bob: {{ha1: {self.MD5}}}}}\nsteps: [challenge: 401]")
        assert [challenge.algorithm for challenge in challenges(stage)] == ["MD5"]


class TestUsers:
    def hashed(self, algorithm: str, realm: str = "responder") -> str:
        return ha1_of(algorithm=algorithm, username="alice", realm=realm, password="secret")

    @pytest.mark.parametrize("index", [0, 1])
    def test_a_hash_of_each_algorithm(self, index: int) -> None:
        hashes = f"[{self.hashed('SHA-256')}, {self.hashed('MD5')}]"
        stage = begun(f"users: {{alice: {{ha1: {hashes}}}}}\nsteps: [challenge: 401, 200]")
        assert retry(stage, credentials(challenges(stage)[index]))
        assert stage.call.log == ["401", "200", "end"]

    def test_no_hash_for_the_algorithm(self) -> None:
        users = f"users: {{alice: {{ha1: {self.hashed('MD5')}}}, bob: b}}"
        stage = begun(f"{users}\nsteps: [{{challenge: 401, algorithms: [SHA-256, MD5]}}, 200]")
        assert retry(stage, credentials(challenges(stage)[0]))
        assert stage.call.failures == ["challenge: algorithm: there is no hash of alice for SHA-256"]

    @pytest.mark.parametrize(("realm", "log"), [("here", ["401", "200", "end"]), ("there", ["401", "403", "end"])])
    def test_of_one_realm(self, realm: str, log: list[str]) -> None:
        stage = begun(
            f"users: {{alice: {{password: secret, realm: here}}}}\nsteps: [{{challenge: 401, realm: {realm}}}, 200]"
        )
        assert retry(stage, credentials(challenges(stage)[0]))
        assert stage.call.log == log


class TestRegistrar:
    """`registrar` of the files, for the whole run."""

    def test_is_read(self) -> None:
        plan = load_text("registrar: {min_expires: 2m, max_expires: 10m, realm: here}\nsteps: [486]")
        assert plan.registrar == {"min_expires": 120, "max_expires": 600, "realm": "here"}

    @pytest.mark.parametrize(
        ("source", "problem"),
        [
            ("{min_expires: 500ms}", "'min_expires' is in whole seconds"),
            ("{min_expires: 2h}", "an hour is never too brief"),
            ("{max_expires: 30s}", "'max_expires' is less than 'min_expires', which is 60 s"),
            (
                "{min_expires: 5m, default_expires: 200s}",
                "'default_expires' is less than 'min_expires', which is 300 s",
            ),
            ("{expires: 2h}", "unknown key 'expires' in 'registrar'"),
            ("[]", "'registrar' takes a mapping"),
        ],
    )
    def test_what_cannot_be(self, source: str, problem: str) -> None:
        with pytest.raises(ScenarioError, match=re.escape(problem)):
            load_text(f"registrar: {source}\nsteps: [486]")

    def test_two_files_that_differ(self, tmp_path: Path) -> None:
        one, two = tmp_path / "one.yaml", tmp_path / "two.yaml"
        one.write_text("registrar: {max_expires: 5m}\nmatch: {user: a}\nsteps: [486]\n")
        two.write_text("registrar: {max_expires: 6m}\nsteps: [486]\n")
        with pytest.raises(ScenarioError, match=rf"'max_expires' is 300 in {re.escape(str(one))}:1:13"):
            load([one, two])


def test_an_ack_is_never_asked() -> None:
    """RFC 3261 section 22.1; a CANCEL has had its 200 when a step sees it, so what is asked is the INVITE."""
    with pytest.raises(ScenarioError, match="401 can never be sent: 200 in line 2 was the final response"):
        load_text("users: {alice: secret}\nsteps: [200, expect: ACK, challenge: 401]")


def test_what_a_peer_writes_is_cut_short() -> None:
    stage = begun()
    assert retry(stage, credentials(challenges(stage)[0], user="x" * 5000))
    (failure,) = stage.call.failures
    assert len(failure) < 500
