"""RFC 3261 section 10.2, RFC 5626 section 4.2.1: registering."""

from __future__ import annotations

from typing import Any

import pytest
from bench import Caller

from responder.uas.script import Reply

from .asking import Asking

BOUND = "<sip:alice@192.0.2.10:5062>"
GRANTED = Reply(200, headers=(("Contact", f"{BOUND};expires=60"),))
OUTBOUND = f'{BOUND};reg-id=1;+sip.instance="<urn:uuid:0>"'


def registered(*fields: str, **more: Any) -> Asking:
    asking = Asking()
    asking.ask("REGISTER", 200, *fields, **{"uri": "sip:127.0.0.1", **more})
    return asking


@pytest.mark.parametrize(
    ("rule", "fields", "more", "verdict"),
    [
        ("register-names-the-domain", (), {}, "pass"),
        ("register-names-the-domain", (), {"uri": "sip:bob@127.0.0.1"}, "fail"),
        ("registered-address-is-a-sip-uri", (), {}, "pass"),
        ("registered-address-is-a-sip-uri", (), {"put": {"To": "<tel:+1555>"}}, "fail"),
        ("register-has-no-to-tag", (), {}, "pass"),
        ("register-has-no-to-tag", (), {"to_tag": "x"}, "fail"),
        ("star-comes-with-expires-zero", ("Expires: 0",), {"put": {"Contact": "*"}}, "pass"),
        ("star-comes-with-expires-zero", (), {"put": {"Contact": "*"}}, "fail"),
        ("star-comes-with-expires-zero", ("Expires: 60",), {"put": {"Contact": "*"}}, "fail"),
        ("star-comes-with-expires-zero", ("Expires: 0",), {"put": {"Contact": f"*, {BOUND}"}}, "fail"),
        ("star-comes-with-expires-zero", (), {}, "not-exercised"),
        ("action-parameter-is-not-used", (), {}, "pass"),
        ("action-parameter-is-not-used", (), {"put": {"Contact": f"{BOUND};action=proxy"}}, "fail"),
        ("reg-id-comes-with-an-instance", (), {"put": {"Contact": OUTBOUND}}, "pass"),
        ("reg-id-comes-with-an-instance", (), {"put": {"Contact": f"{BOUND};reg-id=1"}}, "fail"),
        (
            "outbound-registration-supports-outbound-and-path",
            ("Supported: path, Outbound",),
            {"put": {"Contact": OUTBOUND}},
            "pass",
        ),
        (
            "outbound-registration-supports-outbound-and-path",
            ("Supported: path",),
            {"put": {"Contact": OUTBOUND}},
            "fail",
        ),
    ],
)
def test_one_register(rule: str, fields: tuple[str, ...], more: dict[str, Any], verdict: str) -> None:
    asking = Asking()
    asking.bench.hostile = True
    asking.ask("REGISTER", 200, *fields, **{"uri": "sip:127.0.0.1", **more})
    assert asking.verdict(rule) == verdict


class TestSequence:
    @pytest.mark.parametrize(
        ("cseq", "after", "verdict"),
        [(2, 1.0, "pass"), (1, 1.0, "fail"), (3, 1.0, "fail"), (3, 40.0, "pass"), (1, 40.0, "fail")],
    )
    def test_cseq(self, cseq: int, after: float, verdict: str) -> None:
        asking = registered()
        asking.ask("REGISTER", 200, cseq=cseq, after=after, uri="sip:127.0.0.1")
        assert asking.verdict("register-cseq-is-one-higher") == verdict

    @pytest.mark.parametrize(("answered", "verdict"), [(True, "pass"), (False, "fail")])
    def test_the_next_before_the_answer(self, answered: bool, verdict: str) -> None:
        asking = Asking()
        asking.bench.book.plans["REGISTER"] = (Reply(200),) if answered else ("stay",)
        for _ in range(2):
            asking.bench.receive(asking.caller.request("REGISTER", uri="sip:127.0.0.1"))
        assert asking.verdict("one-registration-at-a-time") == verdict

    @pytest.mark.parametrize(("pause", "verdict"), [(32.1, "fail"), (60.0, "pass")])
    def test_after_a_timeout(self, pause: float, verdict: str) -> None:
        asking = Asking()
        asking.bench.book.plans["REGISTER"] = ("stay",)
        asking.bench.receive(asking.caller.request("REGISTER", uri="sip:127.0.0.1"))
        asking.bench.run(pause)
        asking.bench.receive(asking.caller.request("REGISTER", uri="sip:127.0.0.1"))
        assert asking.verdict("timed-out-registration-is-not-retried-at-once") == verdict
        assert asking.verdict("one-registration-at-a-time") == "not-exercised"


class TestRefresh:
    @pytest.mark.parametrize(("same", "verdict"), [(True, "pass"), (False, "fail")])
    def test_the_call_id(self, same: bool, verdict: str) -> None:
        asking = Asking()
        asking.ask("REGISTER", GRANTED)
        if not same:
            asking.another()
        asking.ask("REGISTER", GRANTED, after=30.0)
        assert asking.verdict("registrations-share-a-call-id") == verdict

    def test_two_flows_of_outbound_are_two_registrations(self) -> None:
        asking = Asking()
        for number in (1, 2):
            asking.caller = Caller(number)
            contact = f"{BOUND};reg-id={number}"
            asking.ask("REGISTER", Reply(200, headers=(("Contact", contact),)), put={"Contact": contact})
        assert asking.verdict("registrations-share-a-call-id") == "not-exercised"

    @pytest.mark.parametrize(("after", "verdict"), [(50.0, "pass"), (100.0, "fail")])
    def test_the_granted_interval(self, after: float, verdict: str) -> None:
        asking = Asking()
        asking.ask("REGISTER", GRANTED, "Expires: 3600")
        asking.ask("REGISTER", GRANTED, "Expires: 3600", after=after)
        assert asking.verdict("registration-is-refreshed-in-time") == verdict
