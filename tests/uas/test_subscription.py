"""We as a notifier: RFC 6665 sections 4.1 and 4.2, RFC 3515 (REFER), RFC 4488, and the bodies of the packages."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any
from xml.dom.minidom import parseString

import pytest
from bench import OK, RINGING, TCP, UDP, Bench, Caller, Sent, address, reply_to, whats

from responder.events import Flow
from responder.uas.script import Order, Reply
from responder.uas.subscription import MOST_OF_ONE_CALL

ACTIVE = "Subscription-State"


def subscribed(*fields: str, flow: Flow = UDP, **more: object) -> tuple[Bench, Caller, list[Sent]]:
    """A subscription whose subscriber answers."""
    bench, caller = Bench(**more), Caller(flow=flow)  # type: ignore[arg-type]
    bench.peers["NOTIFY"] = 200
    bench.peers["BYE"] = 200
    sent = bench.receive(caller.request("SUBSCRIBE", *(fields or ("Event: presence", "Expires: 600"))), flow)
    if sent[0].what == "200":
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
        two = "Refer-To: <sip:carol@example.com>, <sip:dave@example.com>"
        assert whats(bench.receive(Caller(3).request("REFER", two))) == ["400"]

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


def notifies(sent: list[Sent]) -> list[Sent]:
    return [one for one in sent if one.what == "NOTIFY"]


def note(state: str, **order: object) -> Callable[[Any, Any], object]:
    """A step: the author's NOTIFY."""
    return lambda call, transaction: call.notify(Order("NOTIFY", **order), state)  # type: ignore[arg-type]


def by_author(call: Any, transaction: Any) -> None:
    """A step: the rule has `notify` steps."""
    call.notifies = True


class TestLength:
    """4.2.1.1, 4.2.1.4: how long a subscription lasts."""

    def test_423_below_our_minimum(self) -> None:
        bench = Bench(capabilities={"min_expires": 120})
        (refused,) = bench.receive(Caller().request("SUBSCRIBE", "Event: presence", "Expires: 60"))
        assert (refused.status, refused["Min-Expires"]) == (423, "120")
        bench.drain()

    def test_a_fetch_is_never_too_brief(self) -> None:
        bench = Bench(capabilities={"min_expires": 120})
        assert whats(bench.receive(Caller().request("SUBSCRIBE", "Event: presence", "Expires: 0")))[0] == "200"

    def test_nor_is_an_hour(self) -> None:
        # "If and only if the expiration interval is ... smaller than one hour AND less than a ... minimum"
        bench = Bench(capabilities={"min_expires": 7200, "max_expires": 9000})
        assert whats(bench.receive(Caller().request("SUBSCRIBE", "Event: presence", "Expires: 3600")))[0] == "200"

    def test_a_refresh_that_is_too_brief_leaves_it_as_it_was(self) -> None:
        bench, caller, _ = subscribed("Event: presence", "Expires: 100")
        assert whats(bench.receive(caller.request("SUBSCRIBE", "Event: presence", "Expires: 5"))) == ["423"]
        assert [one.time for one in bench.run(200.0)] == [100.0]

    def test_it_is_what_the_author_says_in_the_2xx(self) -> None:
        bench, _, sent = subscribed(plans={"SUBSCRIBE": (Reply(200, headers=(("Expires", "5"),)),)})
        assert state(sent[1]) == ("active", {"expires": "5"})
        assert [(one.time, state(one)[0]) for one in bench.run(60.0)] == [(5.0, "terminated")]
        bench.drain()

    def test_refreshes_leave_one_timer_behind(self) -> None:
        bench, caller, _ = subscribed("Event: presence", "Expires: 3600")
        bench.run(40.0)
        before = bench.leftovers()["timers"]
        for _ in range(50):
            bench.receive(caller.request("SUBSCRIBE", "Event: presence", "Expires: 3600"))
        bench.run(40.0)
        assert bench.leftovers()["timers"] == before


class TestAccept:
    """3.1.3, 4.1.2.1: "the proper error response is 406 (Not Acceptable)"."""

    @pytest.mark.parametrize(
        ("accept", "status"),
        [
            ("application/pidf+xml", 200),
            ("Application/PIDF+xml, text/plain", 200),
            ("application/*", 200),
            ("*/*", 200),
            ("application/pidf+xml;q=0", 406),
            ("text/plain", 406),
            ("application/dialog-info+xml", 406),
        ],
    )
    def test_it_must_leave_the_type_of_the_package(self, accept: str, status: int) -> None:
        bench = Bench()
        sent = bench.receive(Caller().request("SUBSCRIBE", "Event: presence", f"Accept: {accept}"))
        assert sent[0].status == status
        assert len(sent) == (2 if status == 200 else 1)

    def test_an_unknown_package_is_489_first(self) -> None:
        (sent,) = Bench().receive(Caller().request("SUBSCRIBE", "Event: weather", "Accept: text/plain"))
        assert sent.status == 489
        assert "presence" in str(sent["Allow-Events"])

    def test_a_script_may_leave_it_unchecked(self) -> None:
        bench = Bench(unchecked={"accept"})
        assert whats(bench.receive(Caller().request("SUBSCRIBE", "Event: presence", "Accept: text/plain")))[0] == "200"


class TestNoNotification:
    """RFC 5839 sections 6.3 and 7.1: 204."""

    def test_it_is_followed_by_no_notify(self) -> None:
        bench, _, sent = subscribed(plans={"SUBSCRIBE": (Reply(204),)})
        assert whats(sent) == ["204"]
        assert [(one.time, state(one)[0]) for one in bench.run(700.0)] == [(600.0, "terminated")]

    def test_nor_is_that_to_a_poll(self) -> None:
        bench, _, sent = subscribed("Event: presence", "Expires: 0", plans={"SUBSCRIBE": (Reply(204),)})
        assert whats(sent) == ["204"]
        assert bench.drain() == []


class TestUsages:
    """RFC 5057: several subscriptions, or a call, in one dialog."""

    def test_the_dialog_lasts_as_long_as_one_of_them(self) -> None:
        bench, caller, _ = subscribed("Event: presence", "Expires: 100")
        bench.receive(caller.request("SUBSCRIBE", "Event: dialog", "Expires: 300"))
        assert [(one.time, one["Event"]) for one in bench.run(250.0)] == [(100.0, "presence")]
        assert whats(bench.receive(caller.request("SUBSCRIBE", "Event: dialog", "Expires: 60"))) == ["200", "NOTIFY"]
        bench.run(61.0)
        assert whats(bench.receive(caller.request("SUBSCRIBE", "Event: dialog"))) == ["481"]
        bench.drain()

    def test_481_to_a_notify_leaves_the_call_alone(self) -> None:
        # RFC 5057 5.1: 481 ends the usage
        bench, caller = Bench(OK), Caller()
        bench.peers["NOTIFY"] = 481
        bench.call(caller)
        assert whats(bench.receive(caller.request("SUBSCRIBE", "Event: presence"))) == ["200", "NOTIFY"]
        assert bench.run(100.0) == []
        assert whats(bench.receive(caller.bye())) == ["200"]
        bench.drain()

    def test_nobody_answers_a_notify_in_a_call(self) -> None:
        bench, caller = Bench(OK), Caller()
        bench.call(caller)
        bench.receive(caller.request("SUBSCRIBE", "Event: presence"))
        assert set(whats(bench.run(4000.0))) == {"NOTIFY"}
        assert whats(bench.receive(caller.bye())) == ["200"]
        bench.drain()

    def test_a_subscribe_after_the_last_notify_gets_481(self) -> None:
        bench, caller = Bench(), Caller()
        caller.heard(bench.receive(caller.request("SUBSCRIBE", "Event: presence", "Expires: 0"))[0])
        assert whats(bench.receive(caller.request("SUBSCRIBE", "Event: presence", "Expires: 60"))) == ["481"]
        bench.drain()

    def test_there_is_an_end_to_them(self) -> None:
        bench, caller = Bench(OK), Caller()
        bench.peers["NOTIFY"] = 200
        bench.call(caller)
        answers = [
            bench.receive(caller.request("SUBSCRIBE", f"Event: presence;id={number}", "Expires: 600"))[0].status
            for number in range(MOST_OF_ONE_CALL + 3)
        ]
        assert answers == [200] * MOST_OF_ONE_CALL + [503] * 3
        assert len(bench.run(600.0)) == MOST_OF_ONE_CALL
        assert bench.receive(caller.request("SUBSCRIBE", "Event: presence"))[0].status == 200
        bench.receive(caller.bye())
        bench.drain()


class TestAuthor:
    """`Call.notify`: the author's NOTIFYs."""

    def test_pending_then_active(self) -> None:
        bench, _, sent = subscribed(
            plans={"SUBSCRIBE": (by_author, Reply(200), note("pending"), 10.0, note("active"), "stay")}
        )
        assert whats(sent) == ["200", "NOTIFY"]
        assert state(sent[1]) == ("pending", {"expires": "600"})
        (active,) = bench.run(20.0)
        assert state(active) == ("active", {"expires": "590"})
        assert active["Event"] == "presence"
        assert active["Content-Type"] == "application/pidf+xml"

    def test_without_the_authors_word_the_core_says_nothing_after_a_2xx(self) -> None:
        bench, caller, sent = subscribed(plans={"SUBSCRIBE": (by_author, Reply(200), "stay")})
        assert whats(sent) == ["200"]
        assert whats(bench.receive(caller.request("SUBSCRIBE", "Event: presence", "Expires: 100"))) == ["200"]
        assert [(one.time, state(one)[0]) for one in bench.run(200.0)] == [(100.0, "terminated")]

    def test_once_the_script_is_over_refreshes_are_answered_as_ever(self) -> None:
        bench, caller, sent = subscribed(plans={"SUBSCRIBE": (by_author, Reply(200), note("pending"))})
        assert whats(sent) == ["200", "NOTIFY"]
        _, notify = bench.receive(caller.request("SUBSCRIBE", "Event: presence", "Expires: 100"))
        assert state(notify) == ("pending", {"expires": "100"})

    def test_before_the_2xx(self) -> None:
        # 4.4.1: the NOTIFY makes the dialog
        bench, caller, sent = subscribed(plans={"SUBSCRIBE": (by_author, note("active"), Reply(200), "stay")})
        assert whats(sent) == ["NOTIFY", "200"]
        assert address(sent[0]["From"]).tag == sent[1].message.to_tag
        caller.heard(sent[1])
        assert whats(bench.receive(caller.request("SUBSCRIBE", "Event: presence", "Expires: 0"))) == ["200"]
        # nobody says the last word in time: then we do
        assert [state(one)[0] for one in bench.run(40.0)] == ["terminated"]

    def test_before_a_refusal(self) -> None:
        # 4.1.2.1: "Non-200-class final responses indicate that no subscription or new dialog usage has been created"
        bench, _, sent = subscribed(plans={"SUBSCRIBE": (by_author, note("active"), Reply(403))})
        assert whats(sent) == ["NOTIFY", "403"]
        assert bench.run(4000.0) == []
        bench.drain()

    def test_over_before_the_2xx(self) -> None:
        bench, caller, sent = subscribed(
            plans={"SUBSCRIBE": (by_author, note("terminated;reason=rejected"), 1.0, Reply(200))}
        )
        assert whats(sent) == ["NOTIFY"]
        assert whats(bench.run(2.0)) == ["200"]
        caller.heard(bench.sent[-1])
        assert whats(bench.receive(caller.request("SUBSCRIBE", "Event: presence"))) == ["481"]
        bench.drain()

    @pytest.mark.parametrize(
        "said",
        [
            "terminated",
            "terminated;reason=deactivated",
            "terminated;reason=probation;retry-after=60",
            "terminated;reason=rejected",
            "terminated;reason=timeout",
            "terminated;reason=giveup;retry-after=5",
            "terminated;reason=noresource",
            "terminated;reason=invariant;retry-after=31536000",
        ],
    )
    def test_terminated_ends_it_and_its_dialog(self, said: str) -> None:
        bench, caller, sent = subscribed(plans={"SUBSCRIBE": (by_author, Reply(200), note(said))})
        assert sent[1][ACTIVE] == said
        assert whats(bench.receive(caller.request("SUBSCRIBE", "Event: presence"))) == ["481"]
        assert bench.ended[0].outcome == "completed"
        bench.drain()

    def test_headers_and_body_of_the_author_win(self) -> None:
        _, _, sent = subscribed(
            plans={
                "SUBSCRIBE": (
                    by_author,
                    Reply(200),
                    note("active", headers=(("Event", "other"), ("subscription-state", "active")), body="<x/>"),
                    note("active", body="x", content_type="text/plain", removed=frozenset({"event"})),
                )
            }
        )
        first, second = sent[1:]
        assert (first["Event"], first[ACTIVE], first.message.body) == ("other", "active", b"<x/>")
        assert first["Content-Type"] == "application/pidf+xml"
        assert (second["Event"], second["Content-Type"], second.message.body) == (None, "text/plain", b"x")

    def test_an_author_may_shorten_it(self) -> None:
        # 4.2.2: "The notifier MAY use this mechanism to shorten a subscription"
        bench, _, sent = subscribed(plans={"SUBSCRIBE": (by_author, Reply(200), note("active;expires=7"))})
        assert sent[1][ACTIVE] == "active;expires=7"
        assert [(one.time, state(one)[0]) for one in bench.run(100.0)] == [(7.0, "terminated")]

    def test_the_latest_of_several(self) -> None:
        bench, caller, _ = subscribed(
            plans={"SUBSCRIBE": (Reply(200), "stay")},
            later={"SUBSCRIBE": (Reply(200),), "INFO": (note("active"), Reply(200))},
        )
        bench.receive(caller.request("SUBSCRIBE", "Event: dialog"))
        sent = bench.receive(caller.request("INFO"))
        assert [one["Event"] for one in notifies(sent)] == ["dialog"]

    def test_without_a_subscription_there_is_none(self) -> None:
        got: list[object] = []
        bench, caller = Bench(OK, lambda call, _: got.append(call.notify(Order("NOTIFY"), "active"))), Caller()
        bench.call(caller)
        assert got == [None]

    def test_it_ends_where_nobody_answers(self) -> None:
        bench = Bench(plans={"SUBSCRIBE": (by_author, Reply(200), note("active"))})
        bench.receive(Caller().request("SUBSCRIBE", "Event: presence"))
        bench.run(33.0)
        assert len(bench.ended) == 1
        bench.drain()


class TestReferByAuthor:
    """RFC 3515 section 2.4.5."""

    REFER_TO = "Refer-To: <sip:carol@example.com>"

    def refer(self, *steps: Any, fields: tuple[str, ...] = ()) -> tuple[Bench, Caller, list[Sent]]:
        bench, caller = Bench(plans={"REFER": (by_author, *steps)}), Caller()
        bench.peers["NOTIFY"] = 200
        bench.receive(caller.request("REFER", self.REFER_TO, *fields))
        return bench, caller, bench.sent

    def test_progress(self) -> None:
        bench, _, sent = self.refer(
            Reply(202),
            note("active"),
            note("active", body="SIP/2.0 180 Ringing"),
            2.0,
            note("terminated;reason=noresource", body="SIP/2.0 486 Busy Here\r\n"),
        )
        bench.run(3.0)
        assert whats(sent) == ["202", "NOTIFY", "NOTIFY", "NOTIFY"]
        assert [one.message.body for one in sent[1:]] == [
            b"SIP/2.0 100 Trying\r\n",
            b"SIP/2.0 180 Ringing\r\n",
            b"SIP/2.0 486 Busy Here\r\n",
        ]
        assert {one["Content-Type"] for one in sent[1:]} == {"message/sipfrag;version=2.0"}
        assert state(sent[1])[0] == "active"
        assert "expires" in state(sent[1])[1]
        bench.drain()

    @pytest.mark.parametrize(
        ("said", "body"),
        [
            ("terminated;reason=noresource", b"SIP/2.0 200 OK\r\n"),
            ("terminated;reason=rejected", b"SIP/2.0 603 Declined\r\n"),  # 2.4.7
            ("terminated;reason=timeout", b"SIP/2.0 100 Trying\r\n"),
            ("pending", b"SIP/2.0 100 Trying\r\n"),
        ],
    )
    def test_the_status_line_where_the_author_gives_none(self, said: str, body: bytes) -> None:
        _, _, sent = self.refer(Reply(202), note(said))
        assert sent[1].message.body == body

    def test_before_the_2xx(self) -> None:
        bench, _, sent = self.refer(note("active"), Reply(202), note("terminated;reason=noresource"))
        assert whats(sent) == ["NOTIFY", "202", "NOTIFY"]
        assert {address(one["From"]).tag for one in notifies(sent)} == {sent[1].message.to_tag}
        bench.drain()

    def test_after_the_bye_of_the_referrer(self) -> None:
        # RFC 5057 4: the subscription outlasts the session; this is how a blind transfer goes
        bench, caller = Bench(OK, "stay", later={"REFER": (by_author, Reply(202), note("active"))}), Caller()
        bench.peers["NOTIFY"] = 200
        bench.book.later["BYE"] = ("answer", note("terminated;reason=noresource"))
        bench.call(caller)
        bench.receive(caller.request("REFER", self.REFER_TO))
        sent = bench.receive(caller.bye())
        assert whats(sent) == ["200", "NOTIFY"]
        assert sent[1].message.body == b"SIP/2.0 200 OK\r\n"

    def test_it_runs_out_where_nobody_tells_the_outcome(self) -> None:
        bench, _, _ = self.refer(Reply(202), note("active"))
        (last,) = bench.run(600.0)
        assert state(last) == ("terminated", {"reason": "timeout"})
        bench.drain()

    def test_a_refresh_and_an_end_by_the_referrer(self) -> None:
        # 2.4.4: "may extend its subscription using the subscription refresh mechanisms"
        bench, caller, sent = self.refer(Reply(202), note("active", body="SIP/2.0 180 Ringing"))
        caller.heard(sent[0])
        _, notify = bench.receive(caller.request("SUBSCRIBE", "Event: refer", "Expires: 300"))
        assert state(notify) == ("active", {"expires": "300"})
        assert notify.message.body == b"SIP/2.0 180 Ringing\r\n"
        _, last = bench.receive(caller.request("SUBSCRIBE", "Event: refer", "Expires: 0"))
        assert state(last) == ("terminated", {"reason": "timeout"})
        bench.drain()


class TestReferRules:
    """RFC 3515 sections 2.4.4 and 2.4.6, RFC 4488 section 4."""

    REFER_TO = "Refer-To: <sip:carol@example.com>"

    def test_nobody_subscribes_to_refer(self) -> None:
        # 2.4.4: "it MUST be rejected with a 403"
        bench = Bench()
        assert whats(bench.receive(Caller().request("SUBSCRIBE", "Event: refer"))) == ["403"]
        bench.drain()

    def test_the_second_has_an_id_though_the_first_made_no_subscription(self) -> None:
        bench, caller = Bench(OK), Caller()
        bench.peers["NOTIFY"] = 200
        bench.call(caller)
        assert whats(bench.receive(caller.request("REFER", self.REFER_TO, "Refer-Sub: false"))) == ["200"]
        sent = bench.receive(caller.request("REFER", self.REFER_TO))
        assert {one["Event"] for one in notifies(sent)} == {f"refer;id={caller.cseq}"}

    def test_refer_sub_with_a_parameter(self) -> None:
        bench = Bench()
        (sent,) = bench.receive(Caller().request("REFER", self.REFER_TO, "Refer-Sub: FALSE ;x=y"))
        assert (sent.status, sent["Refer-Sub"]) == (200, "false")

    def test_what_the_2xx_says_counts(self) -> None:
        # "If the REFER-Recipient ... does not include the "Refer-Sub" ... an implicit subscription is created"
        bench = Bench(plans={"REFER": (Reply(202, removed=frozenset({"refer-sub"})),)})
        sent = bench.receive(Caller().request("REFER", self.REFER_TO, "Refer-Sub: false"))
        assert whats(sent) == ["202", "NOTIFY", "NOTIFY"]

    def test_there_is_an_end_to_them(self) -> None:
        bench, caller = Bench(OK), Caller()
        bench.call(caller)
        answers = [bench.receive(caller.request("REFER", self.REFER_TO))[0].status for _ in range(40)]
        assert set(answers[:MOST_OF_ONE_CALL]) == {200}
        assert set(answers[MOST_OF_ONE_CALL:]) == {503}
        bench.run(33.0)
        assert bench.receive(caller.request("REFER", self.REFER_TO))[0].status == 200
        bench.receive(caller.bye())
        bench.drain()


PIDF = "application/pidf+xml"


def published(document: bytes, *fields: str, event: str = "presence", kind: str = PIDF, number: int = 50) -> bytes:
    return Caller(number).request("PUBLISH", f"Event: {event}", *fields, body=document, content_type=kind)


class TestPublishedState:
    """RFC 3903 section 4 and RFC 6665 section 4.2.2: a change is told to who watches."""

    def test_the_notify_carries_what_was_published(self) -> None:
        bench, caller = Bench(), Caller()
        bench.receive(published(b"<presence/>"))
        notify = bench.receive(caller.request("SUBSCRIBE", "Event: presence"))[1]
        assert (notify["Content-Type"], notify.message.body) == (PIDF, b"<presence/>")

    def test_a_publish_is_told_to_watchers_after_its_200(self) -> None:
        bench, _, _ = subscribed()
        sent = bench.receive(published(b"<presence/>"))
        assert whats(sent) == ["200", "NOTIFY"]
        assert sent[1].message.body == b"<presence/>"
        assert state(sent[1]) == ("active", {"expires": "600"})

    def test_not_to_those_of_others(self) -> None:
        bench, _, _ = subscribed("Event: dialog")
        assert whats(bench.receive(published(b"<presence/>"))) == ["200"]
        bench, caller = Bench(), Caller(uri="sip:dave@127.0.0.1:5060")
        bench.peers["NOTIFY"] = 200
        bench.receive(caller.request("SUBSCRIBE", "Event: presence"))
        assert whats(bench.receive(published(b"<presence/>"))) == ["200"]

    def test_not_more_than_one_a_second(self) -> None:
        bench, _, _ = subscribed()
        for number in range(30):
            bench.receive(published(b"<presence n='%d'/>" % number, number=60 + number))
        bench.run(0.999)
        assert len(notifies(bench.sent)) == 2
        (second,) = bench.run(10.0)
        assert (second.time, second.message.body) == (1.0, b"<presence n='29'/>")

    def test_when_it_expires_watchers_are_told(self) -> None:
        bench, _, (_, first) = subscribed("Event: presence", "Expires: 3000")
        bench.receive(published(b"<presence/>", "Expires: 60"))
        (told,) = bench.run(100.0)
        assert (told.time, told.message.body) == (60.0, first.message.body)

    def test_nothing_is_told_as_long_as_it_is_pending(self) -> None:
        # RFC 6665 5.4.7: a neutral state until the subscriber may see the real one
        waits = (by_author, Reply(200), note("pending"), 10.0, note("active"))
        bench, _, (_, pending) = subscribed(plans={"SUBSCRIBE": waits, "PUBLISH": ("answer",)})
        assert whats(bench.receive(published(b"<presence/>"))) == ["200"]
        assert b"<basic>closed</basic></status><note>pending</note>" in pending.message.body
        (active,) = bench.run(20.0)
        assert active.message.body == b"<presence/>"

    def test_nor_while_its_author_does_the_telling(self) -> None:
        bench, _, _ = subscribed(plans={"SUBSCRIBE": (by_author, Reply(200), note("active"), 10.0)})
        assert whats(bench.receive(published(b"<presence/>"))) == ["200"]
        bench.run(11.0)
        assert whats(bench.receive(published(b"<presence/>", number=51))) == ["200", "NOTIFY"]

    def test_a_removal_is_told(self) -> None:
        bench, _, (_, first) = subscribed()
        tag = bench.receive(published(b"<presence/>"))[0]["SIP-ETag"]
        bench.run(5.0)
        sent = bench.receive(published(b"", f"SIP-If-Match: {tag}", "Expires: 0", number=51))
        assert whats(sent) == ["200", "NOTIFY"]
        assert sent[1].message.body == first.message.body

    def test_message_summary(self) -> None:
        bench, _, _ = subscribed("Event: message-summary")
        waiting = b"Messages-Waiting: yes\r\nVoice-Message: 2/8 (0/2)\r\n"
        kind = "application/simple-message-summary"
        sent = bench.receive(published(waiting, event="message-summary", kind=kind))
        assert sent[1].message.body == waiting

    def test_a_published_dialog_info_counts_on(self) -> None:
        # RFC 4235 4.1: versions "increment by one for each new document sent to a subscriber"
        bench, _, _ = subscribed("Event: dialog")
        kind = "application/dialog-info+xml"
        sent = bench.receive(published(b'<dialog-info state="full" version="77"/>', event="dialog", kind=kind))
        assert sent[1].message.body == b'<dialog-info state="full" version="1"/>'

    def test_who_is_over_is_told_nothing(self) -> None:
        bench, caller, _ = subscribed()
        bench.receive(caller.request("SUBSCRIBE", "Event: presence", "Expires: 0"))
        assert whats(bench.receive(published(b"<presence/>"))) == ["200"]
        bench.drain()

    def test_a_watcher_that_answers_nothing_ends(self) -> None:
        bench, caller = Bench(), Caller()
        bench.receive(caller.request("SUBSCRIBE", "Event: presence"))
        for number in range(60):
            bench.receive(published(b"<presence/>", number=60 + number))
            bench.run(1.0)
        bench.run(33.0)
        assert whats(bench.receive(published(b"<presence/>", number=200))) == ["200"]
        bench.drain()


class TestRegistrationState:
    """RFC 3680 sections 4.7 and 5.1."""

    def register(self, cseq: int, *fields: str) -> bytes:
        return Caller(70, uri="sip:127.0.0.1").request(
            "REGISTER",
            *fields,
            cseq=cseq,
            branch=f"z9hG4bKreg{cseq}",
            contact=False,
            put={"To": "<sip:bob@127.0.0.1:5060>"},
        )

    def test_the_bindings_and_what_becomes_of_them(self) -> None:
        bench, caller = Bench(), Caller(uri="sip:bob@127.0.0.1:5060")
        bench.peers["NOTIFY"] = 200
        (_, first) = bench.receive(caller.request("SUBSCRIBE", "Event: reg", "Expires: 3600"))
        assert b'state="init"' in first.message.body
        found = []
        for cseq, fields in enumerate(
            [
                ("Contact: <sip:bob@192.0.2.7>;q=0.5", "Expires: 600"),
                ("Contact: <sip:bob@192.0.2.7>", "Expires: 600"),
                ("Contact: <sip:bob@192.0.2.7>", "Expires: 0"),
                (),
                ("Contact: <sip:bob@192.0.2.8>", "Expires: 60"),
            ],
            1,
        ):
            sent = bench.receive(self.register(cseq, *fields))
            assert sent[0].status == 200
            found += notifies(sent)
            found += notifies(bench.run(2.0))
        found += notifies(bench.run(100.0))
        seen = []
        for number, one in enumerate(found, 1):
            registration = parseString(one.message.body).getElementsByTagName("registration")[0]
            root = registration.parentNode
            assert (root.getAttribute("version"), root.getAttribute("state")) == (str(number), "full")
            (contact,) = registration.getElementsByTagName("contact")
            seen.append([registration.getAttribute("state"), *map(contact.getAttribute, ("state", "event", "expires"))])
        assert seen == [
            ["active", "active", "registered", "600"],
            ["active", "active", "refreshed", "600"],
            ["terminated", "terminated", "unregistered", ""],
            ["active", "active", "registered", "60"],
            ["terminated", "terminated", "expired", ""],
        ]


class TestDialogState:
    """RFC 4235: the calls of who is watched."""

    def states(self, sent: list[Sent]) -> list[list[str]]:
        return [
            [str(one.firstChild.data) for one in parseString(notify.message.body).getElementsByTagName("state")]
            for notify in notifies(sent)
        ]

    def test_a_call_from_its_ringing_to_its_end(self) -> None:
        bench, _, _ = subscribed("Event: dialog")
        bench.book.plans["INVITE"] = (RINGING, 3.0, OK)
        caller = Caller(2)
        rings = bench.receive(caller.invite())
        assert self.states(rings) == [["early"]]
        answered = bench.run(3.0)
        assert self.states(answered) == [["confirmed"]]
        caller.heard(next(one for one in answered if one.what == "200"))
        bench.receive(caller.ack())
        bench.run(2.0)
        assert self.states(bench.receive(caller.bye())) == [["terminated"]]
        bench.run(600.0)
        bench.drain()

    def test_a_call_to_somebody_else_is_not_told(self) -> None:
        bench, _, _ = subscribed("Event: dialog")
        sent = bench.receive(Caller(2, uri="sip:dave@127.0.0.1").invite())
        assert notifies(sent) == []

    def test_a_refused_call_that_never_rang_is_not_told(self) -> None:
        bench, _, _ = subscribed("Event: dialog")
        bench.book.plans["INVITE"] = (Reply(486),)
        assert whats(bench.receive(Caller(2).invite())) == ["486"]


class TestHostile:
    """What a peer sends never raises, and nothing of it is left."""

    @pytest.mark.parametrize(
        "fields",
        [
            ("Event: presence;id=", "Expires: 600"),
            ("Event: presence;id=%00<>&", "Expires: 600"),
            ("Event: dialog", "Expires: 99999999999999999999"),
            ("Event: reg", "Expires: -1"),
            ("Event: presence", "Accept:"),
            ("Event: presence", "Accept: ///"),
            ("Event: ", "Expires: 600"),
            ("Event: presence", "Contact: <nonsense>"),
            ("Event: presence", "Record-Route: <sip:%;lr>"),
        ],
    )
    def test_a_subscribe(self, fields: tuple[str, ...]) -> None:
        bench, caller = Bench(), Caller()
        bench.hostile = True
        bench.receive(caller.request("SUBSCRIBE", *fields))
        bench.receive(Caller(2).request("SUBSCRIBE", *fields, uri="tel:+1234"))
        bench.receive(Caller(3).request("PUBLISH", *fields, "SIP-If-Match: a, b", body=b"\xff\x00"))
        bench.receive(Caller(4).request("REFER", "Refer-To: <sip:\xff@x>", "Refer-Sub: ;;;", *fields))
        bench.drain()

    def test_bytes_that_are_no_utf_8_make_xml_all_the_same(self) -> None:
        bench = Bench()
        bench.hostile = True
        for event in ("presence", "dialog", "reg"):
            data = Caller().request("SUBSCRIBE", f"Event: {event}").replace(b"sip:bob@", b"sip:b\xfe\x01b@")
            for sent in notifies(bench.receive(data)):
                parseString(sent.message.body)
        bench.drain()


STATES = ("active", "pending", "active;expires=0", "terminated", "terminated;reason=noresource", "", ";;=", "x" * 40)
ANSWERS = (200, 200, 202, 401, 408, 481, 489, 500, 603, None)


@pytest.mark.parametrize("seed", range(30))
def test_whatever_peers_and_authors_do_nothing_is_left(seed: int) -> None:
    """A walk of subscriptions in and out of calls, with every kind of answer to their NOTIFYs."""
    rng = random.Random(seed)

    def answer(sent: Sent) -> bytes | None:
        status = rng.choice(ANSWERS)
        return None if status is None else reply_to(sent, status)

    def steps() -> list[Any]:
        found: list[Any] = [by_author] if rng.random() < 0.5 else []
        for _ in range(rng.randrange(4)):
            body = rng.choice([None, None, "SIP/2.0 180 Ringing", "", b"x"])
            found.append(rng.choice([note(rng.choice(STATES), body=body), 1.0, Reply(200), Reply(403), Reply(204)]))
        return [*found, rng.choice(["answer", Reply(202), Reply(200)])]

    bench = Bench(OK, "stay", plans={"*": ("answer",)})
    bench.peers.update({"NOTIFY": answer, "BYE": 200})
    callers = [Caller(number, uri=f"sip:{rng.choice(['bob', 'dave'])}@127.0.0.1") for number in range(1, 9)]
    for _ in range(120):
        caller = rng.choice(callers)
        method = rng.choice(["SUBSCRIBE"] * 4 + ["REFER", "REFER", "PUBLISH", "REGISTER", "INVITE", "BYE"])
        for each in ("SUBSCRIBE", "REFER", "PUBLISH"):
            bench.book.plans[each] = steps()
            bench.book.later[each] = [step for step in steps() if not isinstance(step, float)]
        fields = [f"Event: {rng.choice(['presence', 'dialog', 'reg', 'message-summary', 'refer', 'presence;id=1'])}"]
        fields.append(f"Expires: {rng.choice([0, 0, 60, 61, 600, 3600])}")
        if method == "REFER":
            fields += ["Refer-To: <sip:carol@example.com>", *rng.sample(["Refer-Sub: false"], rng.randrange(2))]
        kind = rng.choice([PIDF, "application/dialog-info+xml", "text/plain"])
        body = b"<x/>" if method == "PUBLISH" and rng.random() < 0.7 else b""
        for one in bench.receive(caller.request(method, *fields, body=body, content_type=kind)):
            if one.what == "200" and one.message.to_tag and caller.to_tag is None and rng.random() < 0.7:
                caller.heard(one)
                if method == "INVITE":
                    bench.receive(caller.request("ACK", cseq=caller.cseq))
        if method == "BYE":
            caller.to_tag = caller.target = None
        bench.run(rng.choice([0.0, 0.0, 0.5, 2.0, 40.0, 100.0]))
    for call in list(bench.engine._core.live.values()):
        call.end()
    bench.engine.shutdown(bench.now)
    bench.drain()
    assert bench.engine._core.watchers.of == {}
    assert notifies(bench.sent)
