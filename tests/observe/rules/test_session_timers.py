"""RFC 4028: session timers."""

from __future__ import annotations

from typing import Any

import pytest
from bench import NEW_OFFER, OFFER, OK, RINGING, Bench, Caller, Sent, reply_to

from responder.transaction.fault import Fault
from responder.uas.script import Order, Reply

from .judging import verdicts

TIMED = Reply(200, headers=(("Session-Expires", "100;refresher=uac"), ("Require", "timer")))


def lose_all(call: Any, transaction: Any) -> None:
    """Nothing that we send in this call arrives any more."""
    call.fault = Fault(drop=99)


def invited(*fields: str) -> dict[str, str]:
    """The verdicts on an INVITE with these fields."""
    bench, caller = Bench(RINGING, OK), Caller()
    bench.receive(caller.invite(*fields))
    return verdicts(bench)


@pytest.mark.parametrize(
    ("rule", "right", "wrong"),
    [
        ("min-se-is-90-or-more", ("Min-SE: 90",), ("Min-SE: 60",)),
        (
            "session-timer-is-supported",
            ("Supported: timer", "Session-Expires: 1800"),
            ("Require: timer", "Session-Expires: 1800"),
        ),
    ],
)
def test_what_an_invite_asks_for(rule: str, right: tuple[str, ...], wrong: tuple[str, ...]) -> None:
    assert invited(*right)[rule] == "pass"
    assert invited(*wrong)[rule] == "fail"


def timed(*refreshes: float, body: bytes = b"", fields: tuple[str, ...] = ()) -> dict[str, str]:
    """The verdicts when the client is to refresh every 100 s, does so at these times, and talks for 300 s."""
    bench, caller = Bench(RINGING, TIMED, "stay"), Caller()
    bench.peers["BYE"] = 200
    bench.receive(caller.invite("Supported: timer", "Session-Expires: 100;refresher=uac", "Min-SE: 90"))
    caller.heard(bench.sent[-1])
    bench.receive(caller.ack())
    for time in refreshes:
        bench.run(time - bench.now)
        if body:
            bench.receive(caller.invite("Supported: timer", *fields, body=body))
            bench.receive(caller.ack())
        else:
            bench.receive(caller.request("UPDATE", "Supported: timer", *fields))
    bench.run(max(0.0, 300 - bench.now))
    return verdicts(bench)


ON = ("Session-Expires: 100;refresher=uac", "Min-SE: 90")


class TestRefresher:
    def test_at_half_the_interval(self) -> None:
        found = timed(50, 100, 150, 200, 250, fields=ON)
        assert found["refresher-refreshes-at-half-the-interval"] == "pass"
        assert found["refresher-refreshes-before-the-expiration"] == "pass"
        assert found["refresh-has-session-expires"] == "pass"

    def test_later(self) -> None:
        found = timed(65, 130, 195, 260, fields=ON)
        assert found["refresher-refreshes-at-half-the-interval"] == "fail"
        assert found["refresher-refreshes-before-the-expiration"] == "pass"

    def test_never(self) -> None:
        assert timed()["refresher-refreshes-at-half-the-interval"] == "fail"

    def test_a_session_that_goes_on_without_end(self) -> None:
        """Our BYE, which comes before the expiration (section 10), is lost on its way."""
        bench, caller = Bench(RINGING, TIMED, lose_all, "stay"), Caller()
        bench.receive(caller.invite("Supported: timer", "Session-Expires: 100;refresher=uac"))
        caller.heard(bench.sent[-1])
        bench.receive(caller.ack())
        bench.run(95)
        assert "refresher-refreshes-before-the-expiration" not in verdicts(bench)
        bench.run(105)
        bench.receive(caller.request("INFO"))
        assert verdicts(bench)["refresher-refreshes-before-the-expiration"] == "fail"

    def test_a_call_that_ends_before(self) -> None:
        bench, caller = Bench(RINGING, TIMED, "stay"), Caller()
        bench.receive(caller.invite("Supported: timer", "Session-Expires: 100;refresher=uac"))
        caller.heard(bench.sent[-1])
        bench.receive(caller.ack())
        bench.run(30)
        bench.receive(caller.bye())
        bench.run(300)
        assert "refresher-refreshes-before-the-expiration" not in verdicts(bench)

    def test_a_refresh_without_session_expires(self) -> None:
        assert timed(50)["refresh-has-session-expires"] == "fail"

    @pytest.mark.parametrize(("body", "verdict"), [(OFFER, "pass"), (OFFER.replace(b" 1 1 ", b" 1 2 "), "fail")])
    def test_a_refresh_that_changes_nothing(self, body: bytes, verdict: str) -> None:
        assert timed(50, body=body, fields=ON)["unchanged-refresh-keeps-the-version"] == verdict

    def test_a_new_offer(self) -> None:
        assert "unchanged-refresh-keeps-the-version" not in timed(50, body=NEW_OFFER, fields=ON)


@pytest.mark.parametrize(
    ("value", "names", "longer"),
    [
        ("1800;refresher=uas", "pass", "pass"),
        ("1800", "fail", "pass"),
        ("1800;refresher=uac", "fail", "pass"),
        ("3600;refresher=uas", "pass", "fail"),
        ("60;refresher=uas", "pass", "fail"),
    ],
)
def test_what_it_accepts(value: str, names: str, longer: str) -> None:
    def answered(sent: Sent) -> bytes:
        return reply_to(sent, 200, f"Session-Expires: {value}", "Contact: <sip:a@192.0.2.10:5062>", "Require: timer")

    headers = (("Session-Expires", "1800;refresher=uas"), ("Supported", "timer"))
    bench, caller = Bench(RINGING, OK, "ack", 1.0, Order("UPDATE", headers=headers), "stay"), Caller()
    bench.peers["UPDATE"] = answered
    bench.call(caller)
    bench.run(2)
    found = verdicts(bench)
    assert found["accepted-session-timer-names-the-refresher"] == names
    assert found["accepted-session-interval-is-not-longer"] == longer
