"""We as a notifier: RFC 6665 sections 4.1 and 4.2, RFC 3515 (REFER), RFC 4488."""

from __future__ import annotations

import pytest
from bench import OK, TCP, UDP, Bench, Caller, Sent, address, whats

from responder.events import Flow
from responder.uas.script import Reply

ACTIVE = "Subscription-State"


def subscribed(*fields: str, flow: Flow = UDP, **more: object) -> tuple[Bench, Caller, list[Sent]]:
    """A subscription whose subscriber answers."""
    bench, caller = Bench(**more), Caller(flow=flow)  # type: ignore[arg-type]
    bench.peers["NOTIFY"] = 200
    bench.peers["BYE"] = 200
    sent = bench.receive(caller.request("SUBSCRIBE", *(fields or ("Event: presence", "Expires: 600"))), flow)
    if sent[0].status < 300:
        caller.heard(sent[0])
    return bench, caller, bench.sent


def state(notify: Sent) -> tuple[str, dict[str, str]]:
    """Subscription-State and its parameters."""
    word, *params = str(notify[ACTIVE]).split(";")
    return word, dict(param.split("=") for param in params)


class TestSubscribe:
    """4.2.1, 4.2.2."""

    def test_200_with_expires_then_notify(self) -> None:
        _, _, (accepted, notify) = subscribed()
        assert (accepted.status, accepted["Expires"]) == (200, "600")
        assert notify.what == "NOTIFY"
        word, params = state(notify)
        assert word == "active"
        assert 0 < int(params["expires"]) <= 600

    @pytest.mark.parametrize(("asked", "given"), [("Expires: 60", 60), ("Expires: 999999", 3600), ("X-A: y", 3600)])
    def test_the_time_granted_is_never_more_than_asked(self, asked: str, given: int) -> None:
        _, _, (accepted, notify) = subscribed("Event: presence", asked)
        assert accepted["Expires"] == str(given)
        assert state(notify)[1]["expires"] == str(given)

    def test_the_notify_is_in_the_dialog(self) -> None:
        _, caller, (accepted, notify) = subscribed()
        assert notify.message.call_id == caller.call_id
        assert address(notify["From"]).tag == accepted.message.to_tag
        assert address(notify["To"]).tag == caller.tag
        assert notify.request.uri == "sip:alice@192.0.2.10:5062"
        assert notify["Contact"]

    @pytest.mark.parametrize("event", ["presence", "presence;id=a7", "message-summary", "dialog", "reg"])
    def test_the_event_is_that_of_the_subscription(self, event: str) -> None:
        # 8.2.1: with its id
        _, _, (_, notify) = subscribed(f"Event: {event}")
        assert notify["Event"] == event

    @pytest.mark.parametrize(
        ("event", "content_type"),
        [
            ("presence", "application/pidf+xml"),
            ("dialog", "application/dialog-info+xml"),
            ("message-summary", "application/simple-message-summary"),
            ("reg", "application/reginfo+xml"),
        ],
    )
    def test_it_tells_the_state(self, event: str, content_type: str) -> None:
        _, _, (_, notify) = subscribed(f"Event: {event}")
        assert notify["Content-Type"] == content_type
        assert notify.message.body

    def test_xml_is_well_formed_whatever_the_uri(self) -> None:
        from xml.dom.minidom import parseString

        for event in ("presence", "dialog", "reg"):
            bench, caller = Bench(), Caller(uri="sip:a&b='{x}'@127.0.0.1;x=%3C")
            sent = bench.receive(caller.request("SUBSCRIBE", f"Event: {event}"))
            if sent[0].status == 200:
                parseString(sent[1].message.body)

    def test_record_route_is_the_route(self) -> None:
        _, _, (_, notify) = subscribed("Event: presence", "Record-Route: <sip:192.0.2.21;lr>")
        assert notify.message.every("route") == ["<sip:192.0.2.21;lr>"]
        assert notify.flow.remote == ("192.0.2.21", 5060)

    def test_over_tcp(self) -> None:
        bench, caller, (_, notify) = subscribed(flow=TCP)
        assert notify.flow.connection == TCP.connection
        assert whats(bench.receive(caller.request("SUBSCRIBE", "Event: presence", "Expires: 0"), TCP))[0] == "200"
        bench.drain()

    def test_a_refusal_is_followed_by_nothing(self) -> None:
        bench, _, sent = subscribed(plans={"SUBSCRIBE": (Reply(403),)})
        assert whats(sent) == ["403"]
        bench.drain()

    def test_the_script_may_answer_later(self) -> None:
        bench = Bench(plans={"SUBSCRIBE": (1.0, Reply(202))})
        bench.peers["NOTIFY"] = 200
        assert bench.receive(Caller().request("SUBSCRIBE", "Event: presence")) == []
        assert whats(bench.run(1.0)) == ["202", "NOTIFY"]


class TestExpiry:
    """4.2.2: "terminated" with a reason when the time is over."""

    def test_a_last_notify(self) -> None:
        bench, _, _ = subscribed("Event: presence", "Expires: 100")
        assert bench.run(99.0) == []
        (last,) = bench.run(2.0)
        assert state(last) == ("terminated", {"reason": "timeout"})
        assert last.time == 100.0
        bench.drain()

    def test_then_the_dialog_is_gone(self) -> None:
        bench, caller, _ = subscribed("Event: presence", "Expires: 100")
        bench.run(101.0)
        assert whats(bench.receive(caller.request("SUBSCRIBE", "Event: presence"))) == ["481"]

    def test_the_call_ends_with_it(self) -> None:
        bench, _, _ = subscribed("Event: presence", "Expires: 100")
        assert bench.engine.busy == 1
        bench.run(101.0)
        assert [event.outcome for event in bench.ended] == ["completed"]


class TestRefresh:
    """4.1.2.2: a SUBSCRIBE within the dialog."""

    def test_it_prolongs(self) -> None:
        bench, caller, _ = subscribed("Event: presence", "Expires: 100")
        bench.run(80.0)
        accepted, notify = bench.receive(caller.request("SUBSCRIBE", "Event: presence", "Expires: 100"))
        assert (accepted.status, accepted["Expires"]) == (200, "100")
        assert state(notify) == ("active", {"expires": "100"})
        assert bench.run(99.0) == []
        assert [state(one)[0] for one in bench.run(2.0)] == ["terminated"]
        bench.drain()

    def test_it_may_shorten(self) -> None:
        bench, caller, _ = subscribed("Event: presence", "Expires: 1000")
        bench.receive(caller.request("SUBSCRIBE", "Event: presence", "Expires: 60"))
        assert [state(one)[0] for one in bench.run(61.0)] == ["terminated"]
        assert bench.run(1000.0) == []

    def test_notifies_count_on(self) -> None:
        bench, caller, _ = subscribed()
        bench.receive(caller.request("SUBSCRIBE", "Event: presence"))
        numbers = [one.message.cseq.number for one in bench.sent if one.what == "NOTIFY"]
        assert numbers == [numbers[0], numbers[0] + 1]

    def test_versions_count_on(self) -> None:
        # RFC 4235 section 4.1: "the value ... incremented by one for each notification"
        bench, caller, _ = subscribed("Event: dialog")
        bench.receive(caller.request("SUBSCRIBE", "Event: dialog"))
        bodies = [one.message.body for one in bench.sent if one.what == "NOTIFY"]
        assert [f'version="{number}"'.encode() in body for number, body in enumerate(bodies)] == [True, True]

    @pytest.mark.parametrize("event", ["presence;ID=1", "presence ;id=1", "Presence;id=1"])
    def test_the_event_is_compared_by_its_rules(self, event: str) -> None:
        # 8.2.1: the event type byte by byte, parameter names without regard to case: white space means nothing
        bench, caller, _ = subscribed("Event: presence;id=1", "Expires: 100")
        bench.receive(caller.request("SUBSCRIBE", f"Event: {event}", "Expires: 0"))
        notifies = [one for one in bench.sent if one.what == "NOTIFY"]
        if event.startswith("presence"):
            assert state(notifies[-1])[0] == "terminated"
            bench.run(33.0)
            assert bench.engine.busy == 0


class TestUnsubscribe:
    """4.2.1.1, 4.1.2.3: Expires 0."""

    def test_200_and_a_last_notify(self) -> None:
        bench, caller, _ = subscribed()
        accepted, notify = bench.receive(caller.request("SUBSCRIBE", "Event: presence", "Expires: 0"))
        assert (accepted.status, accepted["Expires"]) == (200, "0")
        assert state(notify)[0] == "terminated"
        assert bench.run(3600.0) == []
        assert len(bench.ended) == 1
        bench.drain()

    def test_a_fetch(self) -> None:
        # 4.4.3: a SUBSCRIBE with Expires 0 outside of a dialog gets the state once
        bench, caller, (accepted, notify) = subscribed("Event: presence", "Expires: 0")
        assert (accepted.status, accepted["Expires"]) == (200, "0")
        assert state(notify)[0] == "terminated"
        assert notify.message.body
        assert whats(bench.receive(caller.request("SUBSCRIBE", "Event: presence"))) == ["481"]
        bench.drain()


class TestFailedNotify:
    """4.2.2: the notifier removes the subscription."""

    @pytest.mark.parametrize("status", [404, 405, 410, 416, 480, 481, 482, 483, 484, 485, 489, 501, 604])
    def test_on_these_responses(self, status: int) -> None:
        # "If the NOTIFY transaction fails due to the receipt of a 404, 405, 410, 416, 480-485, 489, 501, or 604
        # response to the NOTIFY request, the notifier MUST remove the corresponding subscription"
        bench, caller = Bench(), Caller()
        bench.peers["NOTIFY"] = status
        caller.heard(bench.receive(caller.request("SUBSCRIBE", "Event: presence", "Expires: 600"))[0])
        assert bench.run(3600.0) == []
        assert len(bench.ended) == 1
        assert whats(bench.receive(caller.request("SUBSCRIBE", "Event: presence"))) == ["481"]

    @pytest.mark.parametrize("status", [400, 401, 500, 503, 603])
    def test_not_on_others(self, status: int) -> None:
        bench, caller = Bench(), Caller()
        bench.peers["NOTIFY"] = status
        caller.heard(bench.receive(caller.request("SUBSCRIBE", "Event: presence", "Expires: 600"))[0])
        assert bench.engine.busy == 1
        assert whats(bench.receive(caller.request("SUBSCRIBE", "Event: presence", "Expires: 0")))[0] == "200"

    def test_nobody_answers(self) -> None:
        # "If the NOTIFY request fails due to expiration of SIP Timer F ... the notifier SHOULD remove the subscription"
        bench, caller = Bench(), Caller()
        bench.receive(caller.request("SUBSCRIBE", "Event: presence", "Expires: 600"))
        bench.run(33.0)
        assert len(bench.ended) == 1
        bench.drain()


class TestInviteDialog:
    """RFC 5057: a subscription that shares the dialog of a call."""

    def test_it_ends_and_the_call_goes_on(self) -> None:
        bench, caller = Bench(OK), Caller()
        bench.peers["NOTIFY"] = 200
        bench.call(caller)
        sent = bench.receive(caller.request("SUBSCRIBE", "Event: presence", "Expires: 60"))
        assert whats(sent) == ["200", "NOTIFY"]
        assert whats(bench.run(61.0)) == ["NOTIFY"]
        assert whats(bench.receive(caller.request("INFO"))) == ["200"]
        assert whats(bench.receive(caller.bye())) == ["200"]
        bench.drain()

    def test_two_packages(self) -> None:
        bench, caller = Bench(OK), Caller()
        bench.peers["NOTIFY"] = 200
        bench.call(caller)
        bench.receive(caller.request("SUBSCRIBE", "Event: presence", "Expires: 60"))
        bench.receive(caller.request("SUBSCRIBE", "Event: dialog", "Expires: 90"))
        last = [(one.time, one["Event"]) for one in bench.run(100.0)]
        assert last == [(60.0, "presence"), (90.0, "dialog")]
        bench.receive(caller.bye())
        bench.drain()


class TestRefer:
    """RFC 3515 section 2.4."""

    REFER_TO = "Refer-To: <sip:carol@example.com>"

    def refer(self, *fields: str) -> tuple[Bench, Caller, list[Sent]]:
        bench, caller = Bench(), Caller()
        bench.peers["NOTIFY"] = 200
        return bench, caller, bench.receive(caller.request("REFER", self.REFER_TO, *fields)) and bench.sent

    def test_2xx_then_what_became_of_it(self) -> None:
        _, _, sent = self.refer()
        assert whats(sent)[0] in ("200", "202")
        notifies = sent[1:]
        assert [state(one)[0] for one in notifies] == ["active", "terminated"]
        assert [one.message.body.split(b"\r\n")[0] for one in notifies] == [b"SIP/2.0 100 Trying", b"SIP/2.0 200 OK"]
        assert {str(one["Content-Type"]).replace(" ", "") for one in notifies} == {"message/sipfrag;version=2.0"}
        assert {one["Event"] for one in notifies} == {"refer"}
        assert "expires" in state(notifies[0])[1]

    def test_nothing_is_left(self) -> None:
        bench, _, _ = self.refer()
        assert len(bench.ended) == 1
        bench.drain()

    def test_within_a_call(self) -> None:
        bench, caller = Bench(OK), Caller()
        bench.peers["NOTIFY"] = 200
        bench.call(caller)
        sent = bench.receive(caller.request("REFER", self.REFER_TO))
        assert whats(sent) == ["200", "NOTIFY", "NOTIFY"]
        assert {address(one["From"]).tag for one in sent[1:]} == {caller.to_tag}
        assert whats(bench.receive(caller.bye())) == ["200"]
        bench.drain()

    def test_the_second_one_in_a_dialog_has_an_id(self) -> None:
        # 2.4.6: "the value of the id parameter is the sequence number ... of the REFER"
        bench, caller = Bench(OK), Caller()
        bench.peers["NOTIFY"] = 200
        bench.call(caller)
        bench.receive(caller.request("REFER", self.REFER_TO))
        sent = bench.receive(caller.request("REFER", self.REFER_TO))
        assert {one["Event"] for one in sent[1:]} == {f"refer;id={caller.cseq}"}

    def test_a_notify_of_something_else_is_no_refer(self) -> None:
        bench, caller = Bench(OK), Caller()
        bench.peers["NOTIFY"] = 200
        bench.call(caller)
        bench.receive(caller.request("SUBSCRIBE", "Event: presence"))
        sent = bench.receive(caller.request("REFER", self.REFER_TO))
        assert {str(one["Event"]).partition(";")[0] for one in sent[1:]} == {"refer"}

    def test_400_without_refer_to(self) -> None:
        # 2.4.1: "MUST contain exactly one Refer-To"
        bench = Bench()
        assert whats(bench.receive(Caller().request("REFER"))) == ["400"]
        assert whats(bench.receive(Caller(2).request("REFER", self.REFER_TO, self.REFER_TO))) == ["400"]

    def test_no_subscription_where_both_agree(self) -> None:
        # RFC 4488 section 4
        bench, caller = Bench(capabilities={"supported": ("norefersub",)}), Caller()
        sent = bench.receive(caller.request("REFER", self.REFER_TO, "Refer-Sub: false"))
        assert whats(sent) == ["200"]
        assert sent[0]["Refer-Sub"] == "false"
        bench.drain()

    def test_a_subscription_where_we_do_not_agree(self) -> None:
        # RFC 4488 section 4: "If the REFER-Recipient doesn't grant the suggestion ... [the usual] notifications"
        _, _, sent = self.refer("Refer-Sub: false")
        if sent[0]["Refer-Sub"] == "false":
            assert whats(sent) == ["200"]
        else:
            assert "NOTIFY" in whats(sent)

    def test_nobody_answers_the_notify(self) -> None:
        bench = Bench()
        bench.receive(Caller().request("REFER", self.REFER_TO))
        bench.drain()
