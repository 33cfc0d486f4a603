"""RFC 3261 section 22, RFC 7616, RFC 8760: what follows a challenge."""

from __future__ import annotations

import hashlib
from collections.abc import Callable

import pytest
from scenarios.client import Client
from scenarios.wire import digest
from scenarios.world import World

from responder.observe.judge import judge
from responder.uas.script import Reply

from .asking import DIGEST, Asking, challenge, credentials
from .judging import records_of


def registered(change: Callable[[str], str] = str, *, status: int = 401, cseq: int | None = None) -> Asking:
    """A challenged REGISTER and its answer, with the credentials changed."""
    asking = Asking()
    challenged = asking.ask("REGISTER", challenge(status=status))
    asking.ask("REGISTER", 200, change(credentials(challenged, "REGISTER")), cseq=cseq)
    return asking


SHAPE = (
    "credentials-are-not-basic",
    "digest-credentials-are-complete",
    "digest-parameters-are-quoted-rightly",
    "credentials-go-where-they-were-asked-for",
    "credentials-repeat-realm-and-algorithm",
    "opaque-is-returned",
    "challenge-with-qop-is-answered-with-qop",
    "cnonce-and-nc-come-with-qop",
    "nonce-count-has-eight-digits",
    "nonce-count-begins-at-one",
    "digest-uri-is-the-request-uri",
    "digest-response-has-its-length",
    "challenged-request-comes-with-a-higher-cseq",
    "latest-challenge-is-answered",
)
WRONG: list[tuple[str, str, str]] = [
    ("digest-credentials-are-complete", 'username="alice", ', ""),
    ("digest-parameters-are-quoted-rightly", "qop=auth", 'qop="auth"'),
    ("digest-parameters-are-quoted-rightly", 'nonce="n1"', "nonce=n1"),
    ("credentials-go-where-they-were-asked-for", "Authorization:", "Proxy-Authorization:"),
    ("credentials-repeat-realm-and-algorithm", "example.com", "example.org"),
    ("credentials-repeat-realm-and-algorithm", "algorithm=MD5", "algorithm=SHA-256"),
    ("opaque-is-returned", ', opaque="o1"', ""),
    ("challenge-with-qop-is-answered-with-qop", ', cnonce="0a4f", qop=auth, nc=00000001', ""),
    ("challenge-with-qop-is-answered-with-qop", "qop=auth", "qop=auth-int"),
    ("cnonce-and-nc-come-with-qop", ', cnonce="0a4f"', ""),
    ("cnonce-and-nc-come-with-qop", ", qop=auth, nc=00000001", ""),
    ("nonce-count-has-eight-digits", "nc=00000001", "nc=1"),
    ("nonce-count-begins-at-one", "nc=00000001", "nc=00000002"),
    ("digest-uri-is-the-request-uri", 'uri="sip:bob@127.0.0.1"', 'uri="sip:carol@127.0.0.1"'),
    ("digest-response-has-its-length", 'response="', 'response="0'),
    ("latest-challenge-is-answered", 'nonce="n1"', 'nonce="n0"'),
]


class TestShape:
    @pytest.mark.parametrize("rule", SHAPE)
    @pytest.mark.parametrize("status", [401, 407])
    def test_right_credentials(self, rule: str, status: int) -> None:
        assert registered(status=status).verdict(rule) == "pass"

    @pytest.mark.parametrize(("rule", "part", "put"), WRONG)
    def test_wrong_ones(self, rule: str, part: str, put: str) -> None:
        def change(field: str) -> str:
            assert part in field
            return field.replace(part, put, 1)

        asking = registered(change)
        assert asking.verdict(rule) == "fail"

    def test_basic(self) -> None:
        asking = registered(lambda field: "Authorization: Basic YWxpY2U6c2VjcmV0")
        assert asking.verdict("credentials-are-not-basic") == "fail"

    def test_the_old_cseq(self) -> None:
        assert registered(cseq=1).verdict("challenged-request-comes-with-a-higher-cseq") == "fail"

    def test_a_proxy_may_have_changed_the_request_uri(self) -> None:
        asking = Asking()
        asking.caller.via = "SIP/2.0/UDP proxy.example.com;branch=z9hG4bKproxy, " + asking.caller.via
        challenged = asking.ask("REGISTER", challenge())
        asking.ask("REGISTER", 200, credentials(challenged, "REGISTER", uri="sip:example.com"))
        assert asking.verdict("digest-uri-is-the-request-uri") == "not-exercised"


class TestCount:
    @pytest.mark.parametrize(("count", "verdict"), [(2, "pass"), (5, "pass"), (1, "fail")])
    def test_the_next_request_with_a_nonce(self, count: int, verdict: str) -> None:
        asking = Asking()
        challenged = asking.ask("REGISTER", challenge())
        asking.ask("REGISTER", 200, credentials(challenged, "REGISTER"))
        asking.another()
        asking.ask("INVITE", 486, credentials(challenged, "INVITE", count=count))
        assert asking.verdict("nonce-count-rises") == verdict

    def test_a_count_that_falls(self) -> None:
        asking = Asking()
        challenged = asking.ask("REGISTER", challenge())
        for count in (1, 3, 2):
            asking.ask("REGISTER", 200, credentials(challenged, "REGISTER", count=count))
        assert asking.verdict("nonce-count-rises") == "fail"

    def test_another_call_may_overtake(self) -> None:
        asking = Asking()
        challenged = asking.ask("REGISTER", challenge())
        first = asking.caller
        asking.another()
        asking.ask("INVITE", 486, credentials(challenged, "INVITE", count=2))
        asking.caller = first
        asking.ask("REGISTER", 200, credentials(challenged, "REGISTER", count=1))
        assert asking.verdict("nonce-count-rises") == "pass"
        assert asking.verdict("nonce-count-begins-at-one") == "pass"


def answered(asking: Asking, challenged: object, algorithm: str, nonce: str = "n1") -> None:
    asked = {"realm": "example.com", "nonce": nonce, "qop": "auth", "algorithm": algorithm, "opaque": "o1"}
    value = digest(asked, method="REGISTER", uri="sip:bob@127.0.0.1", user="alice", password="secret")
    asking.ask("REGISTER", 200, f"Authorization: {value}")


class TestChoice:
    @pytest.mark.parametrize(("algorithm", "verdict"), [("SHA-256", "pass"), ("MD5", "fail")])
    def test_what_a_client_knows(self, algorithm: str, verdict: str) -> None:
        """The client has shown before that it knows both."""
        asking = Asking()
        for nonce, known in (("a", "SHA-256"), ("b", "MD5")):
            answered(asking, asking.ask("REGISTER", challenge(nonce, algorithms=(known,))), known, nonce)
        both = asking.ask("REGISTER", challenge("c", algorithms=("SHA-256", "MD5")))
        answered(asking, both, algorithm, "c")
        assert asking.verdict("topmost-challenge-is-answered") == verdict

    def test_an_old_client_takes_what_it_knows(self) -> None:
        asking = Asking()
        answered(asking, asking.ask("REGISTER", challenge(algorithms=("SHA-256", "MD5"))), "MD5")
        assert asking.verdict("topmost-challenge-is-answered") == "pass"


class TestAgain:
    @pytest.mark.parametrize(("user", "after", "verdict"), [("alice", 0.1, "fail"), ("bob", 0.1, "pass")])
    def test_the_same_credentials(self, user: str, after: float, verdict: str) -> None:
        asking = Asking()
        first = asking.ask("INVITE", challenge("n1"))
        second = asking.ask("INVITE", challenge("n2"), credentials(first, "INVITE"))
        field = credentials(second, "INVITE").replace("alice", user)
        asking.ask("INVITE", 403, field, after=after)
        assert asking.verdict("rejected-credentials-are-not-sent-again") == verdict

    @pytest.mark.parametrize(("after", "verdict"), [(5.0, "pass"), (0.0, "not-exercised")])
    def test_it_gives_up(self, after: float, verdict: str) -> None:
        asking = Asking()
        first = asking.ask("INVITE", challenge("n1"))
        asking.ask("INVITE", challenge("n2"), credentials(first, "INVITE"))
        assert asking.verdict("rejected-credentials-are-not-sent-again", after) == verdict

    def test_who_types_another_password(self) -> None:
        asking = Asking()
        first = asking.ask("INVITE", challenge("n1"))
        second = asking.ask("INVITE", challenge("n2"), credentials(first, "INVITE"))
        asking.ask("INVITE", 403, credentials(second, "INVITE"), after=8.0)
        assert asking.verdict("rejected-credentials-are-not-sent-again") == "not-exercised"

    def test_an_old_nonce_may_be_the_reason(self) -> None:
        asking = Asking()
        first = asking.ask("REGISTER", challenge("n1"))
        asking.ask("REGISTER", 200, credentials(first, "REGISTER"))
        asking.another()
        second = asking.ask("INVITE", challenge("n2"), credentials(first, "INVITE", count=2))
        asking.ask("INVITE", 486, credentials(second, "INVITE"))
        assert asking.verdict("rejected-credentials-are-not-sent-again") == "not-exercised"

    @pytest.mark.parametrize(("again", "verdict"), [(True, "pass"), (False, "fail")])
    def test_a_stale_nonce(self, again: bool, verdict: str) -> None:
        asking = Asking()
        first = asking.ask("INVITE", challenge("n1"))
        second = asking.ask("INVITE", challenge("n2", more=", stale=true"), credentials(first, "INVITE"))
        if again:
            asking.ask("INVITE", 486, credentials(second, "INVITE"))
        assert asking.verdict("stale-nonce-is-no-wrong-password", 10.0) == verdict
        assert asking.verdict("rejected-credentials-are-not-sent-again") == "not-exercised"

    def test_a_stale_nonce_under_another_call_id(self) -> None:
        # `retry-keeps-the-call-id` says what is wrong with it; that nothing came would not be true
        asking = Asking()
        first = asking.ask("INVITE", challenge("n1"))
        second = asking.ask("INVITE", challenge("n2", more=", stale=true"), credentials(first, "INVITE"))
        asking.another()
        asking.ask("INVITE", 486, credentials(second, "INVITE"))
        assert asking.verdict("stale-nonce-is-no-wrong-password", 10.0) == "not-exercised"
        assert asking.verdict("retry-keeps-the-call-id") == "fail"

    @pytest.mark.parametrize(("again", "verdict"), [(True, "pass"), (False, "fail")])
    def test_a_realm_that_it_knows(self, again: bool, verdict: str) -> None:
        asking = registered()
        asking.another()
        challenged = asking.ask("INVITE", challenge("n2"))
        if again:
            asking.ask("INVITE", 486, credentials(challenged, "INVITE"))
        assert asking.verdict("known-realm-is-answered", 10.0) == verdict

    def test_a_flood(self) -> None:
        asking = Asking()
        told = asking.ask("OPTIONS", challenge("n0"))
        for number in range(1, 15):
            reply = challenge(f"n{number}", more=", stale=true")
            told = asking.ask("OPTIONS", reply, credentials(told, "OPTIONS"))
        assert asking.verdict("challenges-are-not-answered-for-ever") == "fail"

    def test_it_stops_in_time(self) -> None:
        asking = Asking()
        told = asking.ask("OPTIONS", challenge("n0"))
        for number in range(1, 10):
            told = asking.ask("OPTIONS", challenge(f"n{number}", more=", stale=true"), credentials(told, "OPTIONS"))
        assert asking.verdict("challenges-are-not-answered-for-ever") == "pass"

    @pytest.mark.parametrize(("again", "verdict"), [(True, "pass"), (False, "fail")])
    def test_the_proxy_of_the_call(self, again: bool, verdict: str) -> None:
        asking = Asking()
        challenged = asking.ask("INVITE", challenge(status=407))
        asking.caller.heard(asking.ask("INVITE", 200, credentials(challenged, "INVITE")))
        assert asking.caller.target
        more = [credentials(challenged, "BYE", uri=asking.caller.target, count=2)] if again else []
        asking.ask("BYE", 200, *more)
        assert asking.verdict("proxy-credentials-stay-in-the-call") == verdict

    @pytest.mark.parametrize(("nonce", "verdict"), [("n9", "pass"), ("n1", "fail")])
    def test_the_next_nonce(self, nonce: str, verdict: str) -> None:
        asking = Asking()
        challenged = asking.ask("REGISTER", challenge())
        info = Reply(200, headers=(("Authentication-Info", 'qop=auth, nextnonce="n9"'),))
        asking.ask("REGISTER", info, credentials(challenged, "REGISTER"))
        field = credentials(challenged, "REGISTER", count=2).replace('nonce="n1"', f'nonce="{nonce}"')
        asking.ask("REGISTER", 200, field)
        assert asking.verdict("next-nonce-is-used") == verdict


def test_garbage_is_borne() -> None:
    """Nothing of what a peer sends makes the rules fail."""
    asking = Asking()
    asking.bench.hostile = True
    asking.ask("REGISTER", challenge(text='Digest realm="x'))
    for value in ("Digest", "Digest ,,=", 'Digest nonce="', "\udcff", "Basic", ""):
        asking.ask("REGISTER", challenge(text=DIGEST), f"Authorization: {value}")
    assert asking.verdict("digest-credentials-are-complete") == "fail"


def test_hashed_usernames() -> None:
    def hashed(value: str) -> str:
        name = f'username="{hashlib.md5(b"alice:example.com").hexdigest()}", userhash=true'
        return value.replace('username="alice"', name)

    asking = registered(hashed)
    assert asking.verdict("hashed-username-is-a-hash") == "pass"


VERIFYING = "users: {alice: secret}\nsteps: [{challenge: 401, info: true}, 200]\n"


@pytest.mark.parametrize(
    ("hashed", "password", "parts", "user"),
    [("INVITE", "secret", "pass", "pass"), ("REGISTER", "secret", "fail", None), ("INVITE", "other", None, "fail")],
)
def test_a_flow_that_knows_the_password(
    hashed: str, password: str, parts: str | None, user: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A client that hashes another method than that of its request, and one with another password."""
    monkeypatch.setattr("scenarios.client.digest", lambda *args, **more: digest(*args, **{**more, "method": hashed}))
    world = World(VERIFYING)
    Client(world, password=password, tries=1).begin()
    world.finish()
    found = {one.rule.id: one.verdict for one in judge(records_of(world.events)).judged if one.findings}
    assert found.get("digest-response-is-made-of-the-right-parts") == parts
    assert found.get("digest-response-is-that-of-the-user") == user
