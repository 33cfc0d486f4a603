"""What is changed before a request comes again, code by code."""

from __future__ import annotations

from typing import Any

import pytest
from bench import OFFER, RINGING, Bench, Caller

from responder.uas.script import Reply

from .asking import Asking
from .judging import verdicts


def told(status: int, **headers: str) -> Reply:
    """A refusal with these headers (underscores for hyphens), bodies and duties of the registry aside."""
    return Reply(status, headers=tuple((name.replace("_", "-"), value) for name, value in headers.items()))


def twice(
    method: str,
    reply: Reply,
    first: tuple[str, ...] = (),
    second: tuple[str, ...] = (),
    *,
    before: dict[str, Any] | None = None,
    then: dict[str, Any] | None = None,
) -> Asking:
    """A refused request and its retry."""
    asking = Asking()
    asking.ask(method, reply, *first, **(before or {}))
    asking.ask(method, 486 if method == "INVITE" else 200, *second, **(then or {}))
    return asking


class TestBody:
    @pytest.mark.parametrize(
        ("body", "after", "verdict"),
        [(b"", 0.0, "pass"), (b"v=0", 0.0, "pass"), (OFFER, 0.0, "fail"), (OFFER, 10.0, "not-exercised")],
    )
    def test_413(self, body: bytes, after: float, verdict: str) -> None:
        asking = twice("INVITE", told(413, Retry_After="9"), then={"body": body, "after": after})
        assert asking.verdict("too-large-a-body-is-made-smaller") == verdict

    @pytest.mark.parametrize(
        ("status", "accept", "verdict"),
        [
            (413, "", "fail"),
            (415, "application/pidf+xml", "fail"),
            (415, "text/plain", "not-exercised"),  # nobody describes a session in that
            (415, "application/sdp", "not-exercised"),  # there is nothing that the client could change
            (415, "", "not-exercised"),
        ],
    )
    def test_no_try_at_all(self, status: int, accept: str, verdict: str) -> None:
        asking = Asking()
        asking.ask("INVITE", told(status, Accept=accept) if accept else status)
        assert asking.verdict("refused-body-is-sent-in-another-form", 10.0) == verdict

    @pytest.mark.parametrize("status", [413, 415])
    def test_no_try_of_a_call_that_was_given_up(self, status: int) -> None:
        bench, caller = Bench(RINGING, 1, told(status, Accept="application/pidf+xml"), "stay"), Caller()
        bench.receive(caller.invite())
        bench.receive(caller.cancel())
        bench.run(10)
        assert "refused-body-is-sent-in-another-form" not in verdicts(bench)

    @pytest.mark.parametrize(
        ("kind", "accept", "verdict"),
        [
            ("text/plain", "text/plain, text/html", "pass"),
            ("text/html", "text/*", "pass"),
            ("application/sdp", "text/plain", "fail"),
            ("multipart/mixed;boundary=x", "text/plain", "pass"),
        ],
    )
    def test_415(self, kind: str, accept: str, verdict: str) -> None:
        asking = twice("INVITE", told(415, Accept=accept), then={"body": b"hello", "content_type": kind})
        assert asking.verdict("retry-has-an-accepted-type") == verdict

    @pytest.mark.parametrize(("coding", "verdict"), [("gzip", "fail"), ("identity", "pass")])
    def test_415_for_an_encoding(self, coding: str, verdict: str) -> None:
        reply = told(415, Accept_Encoding="identity")
        asking = twice("INVITE", reply, ("Content-Encoding: gzip",), (f"Content-Encoding: {coding}",))
        assert asking.verdict("retry-has-an-accepted-type") == verdict


class TestExtensions:
    @pytest.mark.parametrize(("uri", "verdict"), [("sip:1@127.0.0.1", "pass"), ("tel:+1", "fail")])
    def test_416(self, uri: str, verdict: str) -> None:
        asking = twice("INVITE", told(416), before={"uri": "tel:+12"}, then={"uri": uri})
        assert asking.verdict("retry-has-a-sip-uri") == verdict

    @pytest.mark.parametrize(
        ("field", "verdict"), [("Require: timer", "pass"), ("Require: foo", "fail"), ("Proxy-Require: foo", "fail")]
    )
    def test_420(self, field: str, verdict: str) -> None:
        asking = twice("INVITE", told(420, Unsupported="foo"), ("Require: foo, timer",), (field,))
        assert asking.verdict("bad-extension-is-retried-without") == verdict

    @pytest.mark.parametrize(("seconds", "verdict"), [(10.0, "fail"), (0.0, "not-exercised")])
    def test_420_and_nothing(self, seconds: float, verdict: str) -> None:
        asking = Asking()
        asking.ask("INVITE", told(420, Unsupported="foo"), "Require: foo")
        assert asking.verdict("bad-extension-is-retried-without", seconds) == verdict

    def test_420_for_what_nobody_asked(self) -> None:
        asking = Asking()
        asking.ask("INVITE", told(420, Unsupported="foo"))
        assert asking.verdict("bad-extension-is-retried-without", 10.0) == "not-exercised"

    @pytest.mark.parametrize(("field", "verdict"), [("k: timer, 100rel", "pass"), ("Supported: timer", "fail")])
    def test_421(self, field: str, verdict: str) -> None:
        asking = twice("INVITE", told(421, Require="100rel"), (), (field,))
        assert asking.verdict("retry-supports-the-extension") == verdict

    @pytest.mark.parametrize(
        ("fields", "verdict"),
        [
            (("Security-Verify: tls;q=0.2,digest; q=0.1", "Require: sec-agree", "Proxy-Require: sec-agree"), "pass"),
            (("Security-Verify: digest;q=0.1, tls;q=0.2", "Require: sec-agree", "Proxy-Require: sec-agree"), "fail"),
            (("Security-Verify: tls;q=0.2, digest;q=0.1", "Require: sec-agree"), "fail"),
            (("Security-Client: tls", "Require: sec-agree"), "not-exercised"),
        ],
    )
    def test_494(self, fields: tuple[str, ...], verdict: str) -> None:
        reply = told(494, Security_Server="tls;q=0.2, digest;q=0.1", Require="sec-agree")
        asking = twice("REGISTER", reply, ("Security-Client: tls", "Require: sec-agree"), fields)
        assert asking.verdict("security-agreement-is-verified") == verdict


TIMER = ("Supported: timer", "Session-Expires: 90")


class TestIntervals:
    @pytest.mark.parametrize(
        ("field", "verdict"),
        [("Min-SE: 600", "pass"), ("Min-SE: 900", "pass"), ("Min-SE: 90", "fail"), ("X: y", "fail")],
    )
    def test_422(self, field: str, verdict: str) -> None:
        asking = twice("INVITE", told(422, Min_SE="600"), TIMER, ("Supported: timer", "Session-Expires: 900", field))
        assert asking.verdict("min-se-is-carried-after-422") == verdict

    def test_422_and_no_timer_any_more(self) -> None:
        asking = twice("INVITE", told(422, Min_SE="600"), TIMER)
        assert asking.verdict("min-se-is-carried-after-422") == "not-exercised"

    def test_the_largest_of_two(self) -> None:
        asking = Asking()
        asking.ask("INVITE", told(422, Min_SE="900"), *TIMER)
        asking.ask("INVITE", told(422, Min_SE="600"), *TIMER, "Min-SE: 900")
        asking.ask("INVITE", 486, *TIMER, "Min-SE: 600")
        assert asking.verdict("min-se-is-carried-after-422") == "fail"

    @pytest.mark.parametrize(("least", "verdict"), [(90, "pass"), (120, "fail")])
    def test_session_expires_below_min_se(self, least: int, verdict: str) -> None:
        asking = Asking()
        asking.ask("INVITE", 486, *TIMER, f"Min-SE: {least}")
        assert asking.verdict("session-interval-is-not-below-min-se") == verdict

    @pytest.mark.parametrize(("tries", "verdict"), [(4, "fail"), (3, "pass"), (2, "not-exercised")])
    def test_422_for_ever(self, tries: int, verdict: str) -> None:
        asking = Asking()
        for _ in range(tries):
            asking.ask("INVITE", told(422, Min_SE="600"), *TIMER)
        assert asking.verdict("small-session-interval-is-not-retried-for-ever") == verdict

    @pytest.mark.parametrize(
        ("fields", "verdict"),
        [(("Expires: 600",), "pass"), (("Expires: 0",), "pass"), (("Expires: 120",), "fail"), ((), "pass")],
    )
    @pytest.mark.parametrize("method", ["REGISTER", "SUBSCRIBE", "PUBLISH"])
    def test_423(self, method: str, fields: tuple[str, ...], verdict: str) -> None:
        first = ("Event: presence", "Expires: 60")
        asking = twice(method, told(423, Min_Expires="600"), first, ("Event: presence", *fields))
        assert asking.verdict(f"brief-{method.lower()}-is-retried-longer") == verdict

    def test_423_counts_every_contact(self) -> None:
        contacts = {"put": {"Contact": "<sip:a@192.0.2.10>, <sip:b@192.0.2.10>;expires=60"}}
        asking = twice("REGISTER", told(423, Min_Expires="600"), ("Expires: 60",), ("Expires: 600",), then=contacts)
        assert asking.verdict("brief-register-is-retried-longer") == "fail"


class TestOthers:
    @pytest.mark.parametrize(("fields", "verdict"), [((), "pass"), (("SIP-If-Match: x",), "fail")])
    def test_412(self, fields: tuple[str, ...], verdict: str) -> None:
        asking = twice("PUBLISH", told(412), ("Event: presence", "SIP-If-Match: x"), ("Event: presence", *fields))
        assert asking.verdict("failed-entity-tag-is-discarded") == verdict

    @pytest.mark.parametrize(("tries", "verdict"), [(2, "pass"), (3, "fail")])
    def test_438(self, tries: int, verdict: str) -> None:
        asking = Asking()
        for number in range(tries):
            asking.ask("INVITE", 438, f"Identity: {number}")
        assert asking.verdict("invalid-identity-is-retried-once") == verdict

    @pytest.mark.parametrize(
        ("sender", "verdict"), [("sip:alice@example.com", "fail"), ("sip:anonymous@x.invalid", "pass")]
    )
    def test_433(self, sender: str, verdict: str) -> None:
        anonymous = {"put": {"From": '"Anonymous" <sip:anonymous@anonymous.invalid>;tag=1'}}
        asking = twice("INVITE", told(433), before=anonymous, then={"put": {"From": f"<{sender}>;tag=1"}})
        assert asking.verdict("anonymity-is-not-given-up-unasked") == verdict

    @pytest.mark.parametrize(("user", "verdict"), [("lee.foote", "fail"), ("lee", "pass")])
    def test_485(self, user: str, verdict: str) -> None:
        reply = told(485, Contact="<sip:lee.foote@127.0.0.1>")
        asking = twice("INVITE", reply, then={"uri": f"sip:{user}@127.0.0.1"})
        assert asking.verdict("ambiguous-address-is-left-to-the-user") == verdict

    @pytest.mark.parametrize(("after", "verdict"), [(0.0, "fail"), (2.0, "pass")])
    def test_469_and_the_call(self, after: float, verdict: str) -> None:
        asking = packaged()
        asking.ask("BYE", 200, after=after)
        assert asking.verdict("bad-info-package-keeps-the-call") == verdict

    @pytest.mark.parametrize(("acknowledged", "verdict"), [(True, "pass"), (False, "fail")])
    def test_an_unknown_code(self, acknowledged: bool, verdict: str) -> None:
        asking = Asking()
        if acknowledged:
            asking.ask("INVITE", 477)
        else:
            asking.replies.append(Reply(477))
            asking.bench.receive(asking.caller.invite())
        assert asking.verdict("unknown-final-is-taken-for-its-class", 40.0) == verdict

    @pytest.mark.parametrize(("copies", "verdict"), [(0, "pass"), (3, "fail")])
    def test_an_unknown_code_to_another_method(self, copies: int, verdict: str) -> None:
        asking = Asking()
        asking.ask("OPTIONS", 599)
        data = asking.bench.received[-1].data
        for _ in range(copies):
            asking.bench.run(2.0)
            asking.bench.receive(data)
        assert asking.verdict("unknown-final-is-taken-for-its-class", 10.0) == verdict


def packaged() -> Asking:
    """A call with an INFO that got 469."""
    asking = Asking()
    asking.caller.heard(asking.ask("INVITE", told(200, Recv_Info="bar")))
    asking.bench.receive(asking.caller.ack())
    asking.ask("INFO", told(469, Recv_Info="bar"), "Info-Package: foo")
    return asking
