"""RFC 6665, RFC 3515, RFC 3903: a client that subscribes, is sent elsewhere, publishes."""

from __future__ import annotations

import pytest
from bench import OK, RINGING, Bench, Caller

from responder.uas.script import Order, Reply

from .judging import verdicts

EVENT = "Event: presence"
REFER = Order("REFER", headers=(("Refer-To", "<sip:carol@example.com>"),))


def subscribed(*fields: str, notify: int | None = 200) -> tuple[Bench, Caller]:
    """A subscription for 600 s and its first NOTIFY."""
    bench, caller = Bench(), Caller()
    if notify is not None:
        bench.peers["NOTIFY"] = notify
    sent = bench.receive(caller.request("SUBSCRIBE", *(fields or (EVENT, "Expires: 600"))))
    response = next((one for one in sent if one.what == "200"), None)
    if response is not None:
        caller.heard(response)
    bench.run(1)
    return bench, caller


class TestSubscriber:
    def test_a_right_one(self) -> None:
        found = verdicts(subscribed()[0])
        for rule in ("subscribe-has-one-event", "subscribe-has-expires", "notify-in-a-subscription-is-accepted"):
            assert found[rule] == "pass", rule

    def test_no_event(self) -> None:
        assert verdicts(subscribed("Expires: 600")[0])["subscribe-has-one-event"] == "fail"

    def test_no_expires(self) -> None:
        assert verdicts(subscribed(EVENT)[0])["subscribe-has-expires"] == "fail"

    def test_a_notify_that_it_refuses(self) -> None:
        assert verdicts(subscribed(notify=481)[0])["notify-in-a-subscription-is-accepted"] == "fail"

    def test_a_notify_that_it_does_not_answer(self) -> None:
        bench, _ = subscribed(notify=None)
        bench.run(40)
        assert "notify-in-a-subscription-is-accepted" not in verdicts(bench)
        bench.receive(Caller(2).request("OPTIONS"))
        assert verdicts(bench)["notify-in-a-subscription-is-accepted"] == "fail"

    def test_a_notify_after_it_has_unsubscribed(self) -> None:
        bench, caller = subscribed()
        bench.peers["NOTIFY"] = 481
        bench.receive(caller.request("SUBSCRIBE", EVENT, "Expires: 0"))
        assert verdicts(bench)["notify-in-a-subscription-is-accepted"] == "pass"

    @pytest.mark.parametrize(("times", "verdict"), [(1, "pass"), (2, "fail")])
    def test_a_refresh_that_is_refused(self, times: int, verdict: str) -> None:
        bench, caller = Bench(plans={"SUBSCRIBE": ("answer", "stay")}, later={"SUBSCRIBE": (Reply(481),)}), Caller()
        bench.peers["NOTIFY"] = 200
        caller.heard(next(one for one in bench.receive(caller.request("SUBSCRIBE", EVENT, "Expires: 600"))))
        for _ in range(times):
            bench.run(1)
            bench.receive(caller.request("SUBSCRIBE", EVENT, "Expires: 600"))
        assert verdicts(bench)["refused-refresh-ends-the-subscription"] == verdict

    @pytest.mark.parametrize(("again", "verdict"), [(False, "pass"), (True, "fail")])
    def test_a_subscription_that_we_ended(self, again: bool, verdict: str) -> None:
        bench, caller = subscribed()
        bench.receive(caller.request("SUBSCRIBE", EVENT, "Expires: 0"))
        bench.run(1)
        if again:
            bench.receive(caller.request("SUBSCRIBE", EVENT, "Expires: 600"))
        assert verdicts(bench)["terminated-subscription-is-not-refreshed"] == verdict


@pytest.mark.parametrize(
    ("fields", "verdict"),
    [
        (("Refer-To: <sip:a@example.com>",), "pass"),
        (("Refer-To: <sip:a@example.com>", "Refer-To: <sip:b@example.com>"), "fail"),
        ((), "fail"),
    ],
)
def test_refer_to(fields: tuple[str, ...], verdict: str) -> None:
    bench, caller = Bench(), Caller()
    bench.receive(caller.request("REFER", *fields))
    assert verdicts(bench)["refer-has-one-refer-to"] == verdict


def referred(*reports: tuple[str, bytes], refers: int = 1, event: str = "refer") -> dict[str, str]:
    """The verdicts when the client accepts our REFER and sends these reports: Subscription-State and body."""
    steps = [step for _ in range(refers) for step in (REFER, 1.0)]
    bench, caller = Bench(RINGING, OK, "ack", 1.0, *steps, "stay"), Caller()
    bench.peers["REFER"] = 202
    bench.call(caller)
    for state, body in reports:
        bench.run(1.5)
        bench.receive(
            caller.request(
                "NOTIFY",
                f"Event: {event}",
                f"Subscription-State: {state}",
                body=body,
                content_type="message/sipfrag" if body.startswith(b"SIP/2.0") else "text/plain",
            )
        )
    bench.run(60)
    bench.receive(caller.bye())
    return verdicts(bench)


TRYING = ("active;expires=60", b"SIP/2.0 100 Trying\r\n")
DONE = ("terminated;reason=noresource", b"SIP/2.0 200 OK\r\n")


class TestReferred:
    def test_a_right_one(self) -> None:
        found = referred(TRYING, DONE)
        for rule in (
            "accepted-refer-is-reported",
            "refer-report-is-a-sipfrag",
            "notify-has-a-subscription-state",
            "final-refer-report-terminates",
        ):
            assert found[rule] == "pass", rule

    def test_no_report(self) -> None:
        assert referred()["accepted-refer-is-reported"] == "fail"

    def test_a_body_that_is_no_sipfrag(self) -> None:
        assert referred(("active;expires=60", b"ringing"))["refer-report-is-a-sipfrag"] == "fail"

    def test_no_time_left(self) -> None:
        assert referred(("active", TRYING[1]))["notify-has-a-subscription-state"] == "fail"

    @pytest.mark.parametrize("last", ["active;expires=60", "terminated;reason=timeout"])
    def test_an_end_that_is_none(self, last: str) -> None:
        assert referred(TRYING, (last, DONE[1]))["final-refer-report-terminates"] == "fail"

    @pytest.mark.parametrize(("event", "verdict"), [("refer;id=1", "pass"), ("refer;id=999", "fail")])
    def test_the_id_of_a_report(self, event: str, verdict: str) -> None:
        assert referred(TRYING, event=event)["report-of-a-second-refer-has-its-id"] == verdict

    def test_a_second_refer_without_id(self) -> None:
        assert referred(DONE, TRYING, TRYING, refers=2)["report-of-a-second-refer-has-its-id"] == "fail"


class TestPublisher:
    def published(self, *fields: str, body: bytes = b"<presence/>") -> Bench:
        bench, caller = Bench(), Caller()
        bench.receive(
            caller.request("PUBLISH", *fields, "Expires: 600", body=body, content_type="application/pidf+xml")
        )
        return bench

    def test_a_right_one(self) -> None:
        found = verdicts(self.published(EVENT))
        assert found["publish-has-one-event"] == "pass"
        assert found["publish-without-entity-tag-has-a-body"] == "pass"

    def test_no_event(self) -> None:
        assert verdicts(self.published())["publish-has-one-event"] == "fail"

    def test_no_body(self) -> None:
        assert verdicts(self.published(EVENT, body=b""))["publish-without-entity-tag-has-a-body"] == "fail"

    @pytest.mark.parametrize(("last", "verdict"), [(True, "pass"), (False, "fail")])
    def test_entity_tags(self, last: bool, verdict: str) -> None:
        bench, caller = Bench(), Caller()
        more = {"body": b"<presence/>", "content_type": "application/pidf+xml"}
        (first,) = bench.receive(caller.request("PUBLISH", EVENT, "Expires: 600", **more))  # type: ignore[arg-type]
        tag = first["SIP-ETag"]
        (second,) = bench.receive(caller.request("PUBLISH", EVENT, f"SIP-If-Match: {tag}", "Expires: 600"))
        bench.run(1)
        tag = second["SIP-ETag"] if last else tag
        bench.receive(caller.request("PUBLISH", EVENT, f"SIP-If-Match: {tag}", "Expires: 600"))
        assert verdicts(bench)["publish-has-the-last-entity-tag"] == verdict
