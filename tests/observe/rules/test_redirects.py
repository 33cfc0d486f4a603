"""RFC 3261 sections 8.1.3.4 and 21.3: redirections."""

from __future__ import annotations

from typing import Any

import pytest

from responder.uas.script import Reply

from .asking import Asking

HERE = "127.0.0.1:5060"
AWAY = f"sip:deputy@{HERE}"


def moved(*contacts: str, status: int = 302, expires: str = "") -> Reply:
    """A redirection to these addresses."""
    fields = [("Contact", f"<{uri}>") for uri in contacts or (AWAY,)]
    return Reply(status, headers=(*fields, ("Expires", expires)) if expires else tuple(fields))


def redirected(
    uri: str = AWAY, *, contact: str = AWAY, status: int = 302, fields: tuple[str, ...] = (), **more: Any
) -> Asking:
    """A redirected INVITE and the one that follows."""
    asking = Asking()
    asking.ask("INVITE", moved(contact, status=status))
    asking.ask("INVITE", 486, *fields, uri=uri, **more)
    return asking


RIGHT = (
    "redirection-is-followed",
    "redirected-request-goes-to-a-contact",
    "redirected-request-has-the-whole-uri",
    "no-address-is-tried-twice",
    "redirected-request-keeps-to-and-from",
    "redirected-request-has-a-new-branch",
    "redirected-request-keeps-its-body",
)


@pytest.mark.parametrize("rule", RIGHT)
def test_a_right_one(rule: str) -> None:
    assert redirected().verdict(rule, 10.0) == "pass"


@pytest.mark.parametrize("status", [301, 302])
@pytest.mark.parametrize("method", ["INVITE", "MESSAGE", "REGISTER"])
def test_nobody_follows(status: int, method: str) -> None:
    asking = Asking()
    asking.ask(method, moved(status=status))
    assert asking.verdict("redirection-is-followed") == "not-exercised"
    assert asking.verdict("redirection-is-followed", 10.0) == "fail"


@pytest.mark.parametrize(
    ("contact", "status"), [("sip:deputy@elsewhere.example.com", 302), ("tel:+1555", 302), (AWAY, 300), (AWAY, 380)]
)
def test_where_it_cannot_be_seen_or_need_not_be(contact: str, status: int) -> None:
    asking = Asking()
    asking.ask("INVITE", moved(contact, status=status))
    assert asking.verdict("redirection-is-followed", 10.0) == "not-exercised"


@pytest.mark.parametrize(
    ("rule", "more"),
    [
        ("redirected-request-goes-to-a-contact", {"uri": f"sip:carol@{HERE}"}),
        ("redirected-request-goes-to-a-contact", {"uri": "sip:bob@127.0.0.1"}),
        ("redirected-request-has-the-whole-uri", {"contact": f"{AWAY};transport=udp"}),
        ("redirected-request-has-the-whole-uri", {"uri": f"{AWAY}?Subject=x", "contact": f"{AWAY}?Subject=x"}),
        ("no-address-is-tried-twice", {"uri": "sip:bob@127.0.0.1"}),
        ("no-address-is-tried-twice", {"uri": "sip:bob@127.0.0.1", "status": 300, "contact": "sip:bob@127.0.0.1"}),
        ("redirected-request-keeps-to-and-from", {"put": {"To": f"<{AWAY}>"}}),
        ("redirected-request-keeps-to-and-from", {"put": {"From": "<sip:alice@example.com>;tag=other"}}),
        ("redirected-request-keeps-its-body", {"body": b""}),
    ],
)
def test_a_wrong_one(rule: str, more: dict[str, Any]) -> None:
    assert redirected(**more).verdict(rule) == "fail"


@pytest.mark.parametrize(("to", "verdict"), [("<sip:bob@127.0.0.1>", "pass"), (f"<{AWAY}>", "fail")])
def test_a_new_call_id_is_allowed_and_a_new_to_is_not_recommended(to: str, verdict: str) -> None:
    asking = Asking()
    asking.ask("INVITE", moved())
    asking.ask("INVITE", 486, uri=AWAY, put={"Call-ID": "anew", "To": to})
    assert asking.verdict("redirected-request-keeps-to-and-from") == verdict


def test_the_branch_of_the_first() -> None:
    asking = Asking()
    asking.ask("INVITE", moved())
    asking.replies.append(Reply(486))
    asking.bench.receive(asking.caller.invite(uri=AWAY, branch="z9hG4bK1x1"))
    assert asking.verdict("redirected-request-has-a-new-branch") == "fail"


def test_parameters_are_kept_but_for_method_and_headers() -> None:
    asking = redirected(f"{AWAY};transport=udp;x=1", contact=f"{AWAY};transport=udp;method=INVITE;x=1?Subject=a")
    assert asking.verdict("redirected-request-has-the-whole-uri") == "pass"


class TestLoops:
    @pytest.mark.parametrize("same_call", [True, False])
    @pytest.mark.parametrize(("back", "verdict"), [(True, "fail"), (False, "pass")])
    def test_two_that_lead_to_each_other(self, same_call: bool, back: bool, verdict: str) -> None:
        asking = Asking()
        asking.ask("INVITE", moved(f"sip:b@{HERE}"), uri=f"sip:a@{HERE}")
        if not same_call:
            asking.another(2)
        asking.ask("INVITE", moved(f"sip:a@{HERE}"), uri=f"sip:b@{HERE}")
        if not same_call:
            asking.another(3)
        if back:
            asking.ask("INVITE", moved(f"sip:b@{HERE}"), uri=f"sip:a@{HERE}")
        assert asking.verdict("no-address-is-tried-twice") == verdict

    def test_one_call_after_the_other_is_no_loop(self) -> None:
        asking = Asking()
        for number in range(2, 5):
            asking.ask("INVITE", moved("sip:bob@127.0.0.1"))
            asking.another(number)
        assert asking.verdict("no-address-is-tried-twice") == "pass"

    def test_two_calls_that_meet_at_one_address(self) -> None:
        """What the second follows is its own redirection, not that of the first."""
        asking = Asking()
        asking.ask("INVITE", moved(), uri=f"sip:a@{HERE}")
        asking.ask("INVITE", moved(f"sip:c@{HERE}"), uri=AWAY)
        asking.another()
        asking.ask("INVITE", moved(), uri=f"sip:b@{HERE}")
        asking.ask("INVITE", 486, uri=AWAY)
        assert asking.verdict("no-address-is-tried-twice") == "pass"

    def test_credentials_at_the_new_address_are_no_second_try(self) -> None:
        asking = Asking()
        asking.ask("INVITE", moved())
        asking.ask("INVITE", 401, uri=AWAY)
        asking.ask("INVITE", 486, 'Authorization: Digest username="a"', uri=AWAY)
        assert asking.verdict("no-address-is-tried-twice") == "pass"
        assert asking.verdict("redirected-request-goes-to-a-contact") == "pass"


class TestNext:
    @pytest.mark.parametrize(
        ("status", "more", "verdict"),
        [(486, False, "fail"), (486, True, "pass"), (603, False, "not-exercised"), (401, False, "not-exercised")],
    )
    def test_after_a_failure(self, status: int, more: bool, verdict: str) -> None:
        asking = Asking()
        asking.ask("INVITE", moved(AWAY, f"sip:voicemail@{HERE}"))
        asking.ask("INVITE", status, uri=AWAY)
        if more:
            asking.ask("INVITE", 486, uri=f"sip:voicemail@{HERE}")
        assert asking.verdict("next-contact-is-tried-after-a-failure", 10.0) == verdict

    @pytest.mark.parametrize(
        ("uri", "fields", "verdict"),
        [
            ("sip:bob@127.0.0.1", (f"Route: <sip:{HERE};lr>",), "pass"),
            (f"sip:{HERE}", (), "pass"),
            ("sip:bob@127.0.0.1", ("Route: <sip:other.example.com;lr>",), "fail"),
        ],
    )
    def test_305(self, uri: str, fields: tuple[str, ...], verdict: str) -> None:
        asking = redirected(uri, contact=f"sip:{HERE}", status=305, fields=fields)
        assert asking.verdict("proxy-of-305-is-used") == verdict


class TestCaches:
    @pytest.mark.parametrize(
        ("expires", "uri", "verdict"),
        [("", AWAY, "fail"), ("", "sip:bob@127.0.0.1", "pass"), ("60", AWAY, "not-exercised")],
    )
    def test_302(self, expires: str, uri: str, verdict: str) -> None:
        asking = Asking()
        asking.ask("INVITE", moved(expires=expires))
        asking.ask("INVITE", 486, uri=AWAY)
        asking.another()
        asking.ask("INVITE", 486, uri=uri, after=10.0)
        assert asking.verdict("temporary-address-is-not-kept") == verdict

    def test_a_new_call_id_for_the_redirected_request(self) -> None:
        asking = Asking()
        asking.ask("INVITE", moved())
        asking.another()
        asking.ask("INVITE", 486, uri=AWAY)
        assert asking.verdict("temporary-address-is-not-kept") == "not-exercised"

    @pytest.mark.parametrize(("uri", "verdict"), [(AWAY, "pass"), ("sip:bob@127.0.0.1", "fail")])
    def test_301(self, uri: str, verdict: str) -> None:
        asking = redirected(status=301)
        asking.another()
        asking.ask("INVITE", 486, uri=uri, after=10.0)
        assert asking.verdict("permanent-address-is-kept") == verdict
