"""A dialog with more than one usage (RFC 5057 section 4): a BYE ends the session, subscriptions go on."""

from __future__ import annotations

import pytest
from bench import OK, Bench, Caller, Sent, reply_to, whats

from responder.uas.script import Order

REFER = Order("REFER", headers=(("Refer-To", "<sip:carol@example.com>"),))


def referred(status: int = 202, *fields: str) -> tuple[Bench, Caller, Sent]:
    """A call in which we sent a REFER."""
    bench, caller = Bench(OK, "ack", REFER, "stay"), Caller()
    bench.peers.update({"REFER": lambda sent: reply_to(sent, status, *fields), "BYE": 200})
    bench.call(caller)
    return bench, caller, next(one for one in bench.sent if one.what == "REFER")


def notify(caller: Caller, state: str) -> bytes:
    fields = ("Event: refer", f"Subscription-State: {state}")
    return caller.request("NOTIFY", *fields, body=b"SIP/2.0 100 Trying\r\n", content_type="message/sipfrag")


def hang_up(bench: Bench) -> None:
    call = next(iter(bench.engine._core.live.values()))
    call.hangup()
    call.end()
    bench._collect()
    assert bench.sent[-1].what == "BYE"


def test_notifies_about_our_refer_are_taken_by_default() -> None:
    bench, caller, _ = referred()
    assert whats(bench.receive(notify(caller, "active;expires=60"))) == ["200"]
    assert whats(bench.receive(notify(caller, "terminated;reason=noresource"))) == ["200"]
    assert whats(bench.receive(notify(caller, "active;expires=60"))) == ["481"]


def test_they_may_come_before_the_response_to_the_refer() -> None:
    bench, caller = Bench(OK, "ack", REFER, "stay"), Caller()
    bench.call(caller)
    assert whats(bench.receive(notify(caller, "active;expires=60"))) == ["200"]


@pytest.mark.parametrize(("status", "fields"), [(603, ()), (200, ("Refer-Sub: false",))])
def test_no_subscription_no_notify(status: int, fields: tuple[str, ...]) -> None:
    bench, caller, _ = referred(status, *fields)
    assert whats(bench.receive(notify(caller, "active;expires=60"))) == ["481"]


@pytest.mark.parametrize("ours", [True, False])
def test_they_are_taken_after_the_bye_of_either_side(ours: bool) -> None:
    bench, caller, _ = referred()
    bench.receive(notify(caller, "active;expires=60"))
    if ours:
        hang_up(bench)
    else:
        bench.receive(caller.bye())
    assert whats(bench.receive(caller.invite())) == ["481"]
    assert whats(bench.receive(caller.bye())) == ["481"]
    assert whats(bench.receive(notify(caller, "active;expires=60"))) == ["200"]
    assert whats(bench.receive(notify(caller, "terminated;reason=noresource"))) == ["200"]
    if not ours:
        next(iter(bench.engine._core.live.values())).end()
    assert whats(bench.receive(notify(caller, "terminated"))) == ["481"]
    bench.drain()


def test_a_last_notify_that_never_comes_is_not_awaited_for_ever() -> None:
    bench, _, _ = referred()
    hang_up(bench)
    bench.run(179)
    assert bench.engine.busy == 1
    bench.run(2)
    assert bench.engine.busy == 0
    bench.drain()


def test_what_the_last_notify_said_is_the_time_to_wait() -> None:
    bench, caller, _ = referred()
    bench.receive(notify(caller, "active;expires=40"))
    hang_up(bench)
    bench.run(39)
    assert bench.engine.busy == 1
    bench.run(2)
    assert bench.engine.busy == 0


def test_a_notify_after_the_bye_gives_more_time() -> None:
    bench, caller, _ = referred()
    bench.receive(notify(caller, "active;expires=40"))
    hang_up(bench)
    bench.run(30)
    assert whats(bench.receive(notify(caller, "active;expires=100"))) == ["200"]
    bench.run(99)
    assert whats(bench.receive(notify(caller, "terminated"))) == ["200"]
    assert bench.engine.busy == 0
    bench.drain()


def test_a_report_and_a_subscription_keep_the_dialog_until_both_are_over() -> None:
    bench, caller, _ = referred()
    bench.peers["NOTIFY"] = 200
    bench.receive(caller.request("SUBSCRIBE", "Event: presence", "Expires: 100"))
    hang_up(bench)
    assert whats(bench.receive(notify(caller, "terminated"))) == ["200"]
    refreshed = bench.receive(caller.request("SUBSCRIBE", "Event: presence", "Expires: 0"))
    assert whats(refreshed) == ["200", "NOTIFY"]
    assert bench.engine.busy == 0
    bench.drain()


def test_a_subscription_in_the_dialog_outlives_the_session() -> None:
    bench, caller = Bench(OK), Caller()
    bench.peers["NOTIFY"] = 200
    bench.call(caller)
    subscribe = ("Event: presence", "Expires: 100")
    assert whats(bench.receive(caller.request("SUBSCRIBE", *subscribe))) == ["200", "NOTIFY"]
    assert whats(bench.receive(caller.bye())) == ["200"]
    assert whats(bench.receive(caller.request("SUBSCRIBE", *subscribe))) == ["200", "NOTIFY"]
    assert whats(bench.receive(caller.request("INFO"))) == ["481"]
    last = bench.run(101)
    assert whats(last) == ["NOTIFY"]
    assert "terminated" in (last[0]["Subscription-State"] or "")
    assert bench.engine.busy == 0
    bench.drain()


def test_without_a_subscription_the_bye_ends_all() -> None:
    bench, caller = Bench(OK), Caller()
    bench.call(caller)
    bench.receive(caller.bye())
    assert bench.engine.busy == 0
    bench.drain()
