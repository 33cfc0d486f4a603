"""RFC 3261 sections 8.1.3.5 and 21.4 to 21.6: whether, when and in what form a request comes again."""

from __future__ import annotations

from typing import Any

import pytest
from bench import SDP

from responder.uas.script import Reply

from .asking import Asking, challenge, credentials


def retried(status: int = 415, **more: Any) -> Asking:
    """A refused INVITE and another try of it."""
    asking = Asking()
    asking.ask("INVITE", Reply(status, headers=(("Accept", "text/plain"),)))
    asking.ask("INVITE", 486, **{"content_type": "text/plain", "body": b"hello", **more})
    return asking


class TestShape:
    def test_a_right_retry(self) -> None:
        asking = retried()
        for rule in ("keeps-from", "keeps-to", "has-no-to-tag", "is-a-new-transaction", "cseq-is-one-higher"):
            assert asking.verdict(f"retry-{rule}") == "pass", rule

    @pytest.mark.parametrize(
        ("rule", "more"),
        [
            ("retry-keeps-from", {"put": {"From": "<sip:alice@example.com>;tag=new"}}),
            ("retry-keeps-to", {"put": {"To": "<sip:carol@127.0.0.1>"}}),
            ("retry-cseq-is-one-higher", {"cseq": 3}),
        ],
    )
    def test_a_wrong_one(self, rule: str, more: dict[str, Any]) -> None:
        asking = retried(**more)
        assert asking.verdict(rule) == "fail"

    def test_the_old_branch(self) -> None:
        asking = Asking()
        asking.ask("INVITE", 415)
        asking.bench.receive(asking.caller.invite(branch="z9hG4bK1x1", body=b""))
        assert asking.verdict("retry-is-a-new-transaction") == "fail"

    def test_the_to_tag_of_the_refusal(self) -> None:
        asking = Asking()
        refusal = asking.ask("OPTIONS", 415)
        asking.ask("OPTIONS", 200, to_tag=refusal.message.to_tag)
        assert asking.verdict("retry-has-no-to-tag") == "fail"

    def test_the_next_number_after_other_requests_is_right(self) -> None:
        asking = Asking()
        asking.ask("INVITE", 415)
        asking.ask("OPTIONS", 200)
        asking.ask("INVITE", 486, body=b"")
        assert asking.verdict("retry-cseq-is-one-higher") == "pass"

    @pytest.mark.parametrize(("same", "verdict"), [(True, "pass"), (False, "fail")])
    def test_the_call_id_after_a_challenge(self, same: bool, verdict: str) -> None:
        asking = Asking()
        challenged = asking.ask("OPTIONS", challenge())
        if not same:
            asking.another()
        asking.ask("OPTIONS", 200, credentials(challenged, "OPTIONS"))
        assert asking.verdict("retry-keeps-the-call-id") == verdict


class TestNotRepeated:
    @pytest.mark.parametrize("status", [400, 401, 404, 410, 420, 480, 488, 499])
    @pytest.mark.parametrize("method", ["INVITE", "REGISTER", "MESSAGE"])
    def test_the_same_again(self, status: int, method: str) -> None:
        asking = Asking()
        asking.ask(method, status)
        asking.ask(method, 200, after=3.0)
        assert asking.verdict("refused-request-is-not-repeated") == "fail"

    def test_it_is_over(self) -> None:
        asking = Asking()
        asking.ask("INVITE", 404)
        assert asking.verdict("refused-request-is-not-repeated", 5.0) == "pass"

    @pytest.mark.parametrize(
        ("status", "fields", "after"), [(404, ("Subject: other",), 1.0), (404, (), 40.0), (408, (), 1.0)]
    )
    def test_what_may_come(self, status: int, fields: tuple[str, ...], after: float) -> None:
        asking = Asking()
        asking.ask("MESSAGE", status)
        asking.ask("MESSAGE", 200, *fields, after=after)
        assert asking.verdict("refused-request-is-not-repeated") in ("pass", "not-exercised")

    def test_a_new_call_is_another_request(self) -> None:
        asking = Asking()
        asking.ask("INVITE", 404)
        asking.another()
        asking.ask("INVITE", 404)
        assert asking.verdict("refused-request-is-not-repeated") == "pass"

    @pytest.mark.parametrize(("after", "verdict"), [(1.0, "fail"), (6.0, "not-exercised")])
    def test_the_same_again_after_its_time(self, after: float, verdict: str) -> None:
        asking = Asking()
        asking.ask("INVITE", Reply(480, headers=(("Retry-After", "5"),)))
        asking.ask("INVITE", 603, after=after)
        assert asking.verdict("refused-request-is-not-repeated") == verdict

    def test_403_with_credentials(self) -> None:
        asking = Asking()
        asking.ask("REGISTER", 403)
        asking.ask("REGISTER", 403, 'Authorization: Digest username="a"', after=1.0)
        assert asking.verdict("forbidden-request-is-not-repeated") == "fail"

    @pytest.mark.parametrize(
        ("field", "verdict"),
        [
            ("Contact: <sip:alice@192.0.2.10:5062>;expires=0", "pass"),
            ("Expires: 0", "pass"),
            ("Contact: <sip:alice@192.0.2.10:5062>;expires=60", "fail"),
        ],
    )
    def test_a_removal_after_403_is_another_request(self, field: str, verdict: str) -> None:
        asking = Asking()
        asking.ask("REGISTER", 403)
        asking.ask("REGISTER", 403, field, after=1.0, contact=not field.startswith("Contact"))
        assert asking.verdict("forbidden-request-is-not-repeated") == verdict

    def test_403_and_that_is_that(self) -> None:
        asking = Asking()
        asking.ask("REGISTER", 403)
        asking.ask("REGISTER", 200, after=60.0)
        assert asking.verdict("forbidden-request-is-not-repeated") == "pass"

    @pytest.mark.parametrize(("status", "after", "verdict"), [(500, 0.1, "fail"), (503, 5.0, "pass")])
    def test_a_server_error(self, status: int, after: float, verdict: str) -> None:
        asking = Asking()
        asking.ask("INVITE", status)
        asking.ask("INVITE", 200, after=after)
        assert asking.verdict("server-error-is-not-retried-at-once") == verdict

    @pytest.mark.parametrize("status", [600, 603, 604, 607, 699])
    def test_another_place_after_6xx(self, status: int) -> None:
        asking = Asking()
        asking.ask("INVITE", status)
        asking.ask("INVITE", 200, uri="sip:voicemail@127.0.0.1")
        assert asking.verdict("global-failure-ends-the-attempts") == "fail"

    def test_no_other_place_after_6xx(self) -> None:
        asking = Asking()
        asking.ask("INVITE", 603)
        assert asking.verdict("global-failure-ends-the-attempts") == "pass"

    @pytest.mark.parametrize(("after", "verdict"), [(0.1, "fail"), (20.0, "pass")])
    def test_another_call_after_603(self, after: float, verdict: str) -> None:
        asking = Asking()
        asking.ask("INVITE", 603)
        asking.another()
        asking.ask("INVITE", 603, after=after)
        assert asking.verdict("declined-call-is-not-redialled-at-once") == verdict


def busy(status: int = 503, wait: str = "10 (down);duration=5") -> Reply:
    return Reply(status, headers=(("Retry-After", wait),))


class TestRetryAfter:
    @pytest.mark.parametrize(("after", "verdict"), [(2.0, "fail"), (8.5, "pass"), (12.0, "pass")])
    def test_another_request_to_the_server(self, after: float, verdict: str) -> None:
        asking = Asking()
        asking.ask("INVITE", busy())
        asking.another(uri="sip:carol@127.0.0.1")
        asking.ask("REGISTER", 200, after=after)
        assert asking.verdict("server-is-left-alone-until-retry-after") == verdict

    def test_another_client_is_not_this_one(self) -> None:
        asking = Asking()
        asking.ask("INVITE", busy())
        asking.another(via="SIP/2.0/UDP 192.0.2.10:5099")
        asking.ask("OPTIONS", 200)
        assert asking.verdict("server-is-left-alone-until-retry-after") == "pass"

    @pytest.mark.parametrize("status", [404, 480, 486, 500, 600, 603])
    @pytest.mark.parametrize(("after", "verdict"), [(2.0, "fail"), (11.0, "pass")])
    def test_the_same_request(self, status: int, after: float, verdict: str) -> None:
        asking = Asking()
        asking.ask("INVITE", busy(status))
        asking.another()
        asking.ask("INVITE", 200, after=after)
        assert asking.verdict("retry-after-is-waited-for") == verdict

    def test_a_malformed_one_is_none(self) -> None:
        asking = Asking()
        asking.bench.hostile = True
        asking.ask("INVITE", busy(wait="soon"))
        asking.ask("OPTIONS", 200, content_type=SDP)
        assert asking.verdict("server-is-left-alone-until-retry-after") == "not-exercised"
