"""Shipped flows that refuse or redirect: what is in the response, and what a client can do about it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from .client import Client
from .flows import BY_NAME
from .world import RESPONSE_TIMES, TCP, World, shipped


def refused(name: str, **more: object) -> Client:
    """A client that has gone through the flow."""
    flow = BY_NAME[name]
    world = flow.world()
    client = flow.open(world, **more)  # type: ignore[arg-type]
    world.finish()
    return client


@pytest.mark.parametrize(
    ("name", "status", "reason"),
    [
        ("busy", 486, "Busy Here"),
        ("busy-everywhere", 600, "Busy Everywhere"),
        ("decline-603", 603, "Decline"),
        ("no-answer-480", 480, "Temporarily Unavailable"),
        ("not-found", 404, "Not Found"),
        ("gone", 410, "Gone"),
        ("not-acceptable-488", 488, "Not Acceptable Here"),
        ("unknown-code", 499, "Never Heard Of It"),
        ("unwanted-607", 607, "Unwanted"),
        ("empty-reason", 486, ""),
        ("moved", 301, "Moved Permanently"),
        ("redirect", 302, "Moved Temporarily"),
        ("use-proxy", 305, "Use Proxy"),
        ("require-420", 420, "Bad Extension"),
        ("overload-503-retry-after", 503, "Service Unavailable"),
    ],
)
def test_reason_phrases(name: str, status: int, reason: str) -> None:
    assert refused(name).the(str(status)).start == f"SIP/2.0 {status} {reason}"


def test_the_empty_reason_of_a_provisional_response() -> None:
    assert refused("empty-reason").the("180").start == "SIP/2.0 180 "


@pytest.mark.parametrize(
    ("name", "status", "header", "value"),
    [
        ("decline-603", 603, "Retry-After", "3600 (in a meeting);duration=1800"),
        ("overload-503-retry-after", 503, "Retry-After", "10"),
        ("outage-then-recovery", 503, "Retry-After", "2"),
        ("not-acceptable-488", 488, "Warning", '305 127.0.0.1 "Incompatible media format"'),
        ("require-420", 420, "Unsupported", "timer"),
        ("session-timer-422", 422, "Min-SE", "3600"),
        ("register-423", 423, "Min-Expires", "600"),
        ("redirect", 302, "Expires", "60"),
    ],
)
def test_headers(name: str, status: int, header: str, value: str) -> None:
    assert refused(name).the(str(status)).the(header) == value


def test_a_busy_client_is_not_called_back() -> None:
    """RFC 3261 21.4.18 and 21.6: Retry-After is for those who say it, not for every refusal."""
    assert refused("busy").the("486")["retry-after"] is None


class TestRedirects:
    """21.3, 8.1.3.4."""

    def test_301(self) -> None:
        assert refused("moved").the("301").the("contact") == "<sip:new-address@127.0.0.1:5060>"

    def test_302_the_better_address_first(self) -> None:
        assert refused("redirect").the("302").every("contact") == [
            "<sip:deputy@127.0.0.1:5060>;q=0.9",
            "<sip:voicemail@127.0.0.1:5060>;q=0.1",
        ]

    def test_302_back_to_where_it_came_from(self) -> None:
        client = refused("redirect-loop")
        assert client.the("302").the("contact") == f"<{client.uri}>"

    def test_305(self) -> None:
        assert refused("use-proxy").the("305").the("contact") == "<sip:127.0.0.1:5060;lr>"

    @pytest.mark.parametrize(
        ("name", "status", "address"),
        [("moved", "301", "new-address"), ("redirect", "302", "deputy"), ("redirect", "302", "voicemail")],
    )
    @pytest.mark.parametrize("dialled", [False, True], ids=["file", "dialled"])
    def test_the_new_address_answers(self, name: str, status: str, address: str, dialled: bool) -> None:
        """The flows send clients to addresses that are here, too."""
        flow = BY_NAME[name]
        world = World() if dialled else flow.world()
        client = flow.open(world, user=name if dialled else "bob")
        world.run(1.0)
        targets = [contact[1 : contact.index(">")] for contact in client.the(status).every("contact")]
        (target,) = [uri for uri in targets if uri.startswith(f"sip:{address}@")]
        again = Client(world, number=2, user=address)
        again.uri = target
        again.begin()
        world.finish()
        assert "<INVITE 100 180 " in again.story()
        assert " 200 <ACK" in again.story()

    def test_a_client_that_goes_round_in_circles(self) -> None:
        world = World(shipped("redirect-loop"))
        for number in range(1, 6):
            client = Client(world, number=number).begin()
            world.pump()
            assert client.the("302").the("contact") == f"<{client.uri}>"
        world.finish()
        assert [event.outcome for event in world.ended] == ["completed"] * 5


class TestTooLittle:
    """Refusals that name what would do, and a client that then does it."""

    def test_423_then_as_long_as_wanted(self) -> None:
        world = World(shipped("register-423"))
        first = Client(world, "REGISTER", fields=["Expires: 60"]).begin()
        world.pump()
        second = Client(world, "REGISTER", number=2, fields=[f"Expires: {first.the('423').the('min-expires')}"])
        second.begin()
        world.finish()
        assert second.story() == "<REGISTER 200"
        assert second.the("200").the("contact") == f"{second.contact};expires=600"
        assert world.logged == ["registered"]

    def test_423_then_again_in_the_same_call_id(self) -> None:
        """10.2.8: a client uses one Call-ID for all its registrations."""
        world = World(shipped("register-423"))
        client = Client(world, "REGISTER", fields=["Expires: 60"]).begin()
        world.pump()
        client.request("REGISTER", "Expires: 600")
        world.finish()
        assert client.story() == "<REGISTER 423 <REGISTER 200"

    def test_423_is_not_for_who_signs_off(self) -> None:
        """10.3 step 7: only an interval "greater than zero" can be too brief."""
        world = World(shipped("register-423"))
        client = Client(world, "REGISTER", fields=["Expires: 0"]).begin()
        world.finish()
        assert client.story() == "<REGISTER 200"

    def test_423_whichever_way_the_client_says_it(self) -> None:
        """10.2.1.1: the interval is in Expires or in a parameter of the Contact."""
        world = World(shipped("register-423"))
        client = Client(world, "REGISTER")
        client.contact += ";expires=60"
        client.begin()
        world.finish()
        assert client.the("423").the("min-expires") == "600"

    def test_422_then_as_long_as_wanted(self) -> None:
        """RFC 4028 section 7.3."""
        world = World(shipped("session-timer-422"))
        client = Client(world, fields=["Supported: timer", "Session-Expires: 1800"]).begin()
        world.pump()
        least = client.the("422").the("min-se")
        client.request("INVITE", "Supported: timer", f"Session-Expires: {least}", f"Min-SE: {least}", body=client.body)
        world.finish()
        assert client.story() == "<INVITE 422 <ACK <INVITE 100 180 1s 200 <ACK 0.75s <BYE 200/BYE"
        answered = client.the("200")
        assert answered.the("session-expires").split(";")[0] == "3600"
        assert "timer" in answered.the("require")

    @pytest.mark.parametrize("fields", [(), ("Session-Expires: 3600", "Supported: timer")], ids=["none", "enough"])
    def test_422_is_not_for_who_asks_for_enough(self, fields: tuple[str, ...]) -> None:
        world = World(shipped("session-timer-422"))
        client = Client(world, fields=fields).begin()
        world.finish()
        assert client.story().startswith("<INVITE 100 180 1s 200")
        assert client.ended.scenario == "long-enough"

    def test_422_is_not_for_who_knows_no_session_timers(self) -> None:
        """RFC 4028 section 9: only where Supported lists `timer`."""
        world = World(shipped("session-timer-422"))
        client = Client(world, fields=["Session-Expires: 1800"]).begin()
        world.finish()
        assert client.story().startswith("<INVITE 100 180 1s 200")

    def test_421(self) -> None:
        world = World(shipped("extension-required-421"))
        client = Client(world).begin()
        world.finish()
        assert client.story() == "<INVITE 421 <ACK"
        assert client.the("421").the("require") == "timer"
        assert client.ended.scenario == "without-timer"

    @pytest.mark.parametrize("field", ["Supported: replaces, timer", "k: TIMER", "Supported: 100rel,timer , x"])
    def test_421_is_not_for_who_supports_it(self, field: str) -> None:
        world = World(shipped("extension-required-421"))
        client = Client(world, fields=[field]).begin()
        world.finish()
        assert client.ended.scenario == "with-timer"

    @pytest.mark.parametrize(
        ("fields", "unsupported"),
        [((), "100rel"), (("Require: 100rel",), "100rel"), (("Require: 100rel", "Require: timer"), "100rel, timer")],
    )
    def test_420(self, fields: tuple[str, ...], unsupported: str) -> None:
        world = World(shipped("require-420"))
        client = Client(world, fields=fields).begin()
        world.finish()
        assert ", ".join(client.the("420").every("unsupported")) == unsupported
        assert client.ended.outcome == "completed"

    def test_420_of_the_uas_itself_comes_first(self) -> None:
        """8.2.2.3: what we do not know is refused before any script is asked, with the tags in question only."""
        world = World(shipped("require-420"))
        client = Client(world, fields=["Require: timer, teleport"]).begin()
        world.finish()
        assert client.the("420").the("unsupported") == "teleport"
        assert client.ended.outcome == "rejected"

    @pytest.mark.parametrize(
        ("user", "rule"),
        [
            ("555", "incomplete"),
            ("555123", "incomplete"),
            ("5551234", "complete"),
            ("+4930123456", "complete"),
            ("bob", "incomplete"),
            ("555123%34", "complete"),
        ],
    )
    def test_484(self, user: str, rule: str) -> None:
        world = World(shipped("address-incomplete"))
        client = Client(world, user=user).begin()
        world.finish()
        assert client.ended.scenario == rule
        assert client.ended.path[0] == ("484" if rule == "incomplete" else "100")

    def test_484_overlap_dialling(self) -> None:
        """RFC 3578: one digit after the other in INVITEs of one Call-ID."""
        world = World(shipped("address-incomplete"))
        client = Client(world, user="55512").begin()
        for user in ("555123", "5551234"):
            world.run(0.3)
            client.to = f"<sip:{user}@127.0.0.1>"
            client.request("INVITE", uri=f"sip:{user}@127.0.0.1", body=client.body)
        world.finish()
        story = "<INVITE 484 <ACK 0.3s <INVITE 484 <ACK 0.3s <INVITE 100 180 1s 200 <ACK 0.75s <BYE 200/BYE"
        assert client.story() == story
        assert [event.scenario for event in world.ended] == ["incomplete", "incomplete", "complete"]


class TestOverload:
    def test_503_to_any_method(self) -> None:
        world = World(shipped("overload-503-retry-after"))
        for number, method in enumerate(("INVITE", "REGISTER", "OPTIONS", "MESSAGE", "SUBSCRIBE", "PUBLISH"), 1):
            fields = ["Event: presence"] if method in ("SUBSCRIBE", "PUBLISH") else []
            client = Client(world, method, number=number, fields=fields).begin()
            world.pump()
            assert client.the("503").the("retry-after") == "10"
        world.finish()

    def test_404_to_any_method(self) -> None:
        world = World(shipped("not-found"))
        for number, method in enumerate(("INVITE", "REGISTER", "OPTIONS", "MESSAGE"), 1):
            client = Client(world, method, number=number).begin()
            world.pump()
            assert client.every("404")
        world.finish()

    def test_two_calls_of_each_caller_meet_an_outage(self) -> None:
        world = World(shipped("outage-then-recovery"))
        served = []
        for number, caller in enumerate(("a", "a", "b", "a", "b", "b"), 1):
            client = Client(world, number=number, caller=f"<sip:{caller}@example.com>").begin()
            world.finish()
            served.append((caller, client.ended.scenario))
        assert served == [
            ("a", "overloaded"),
            ("a", "overloaded"),
            ("b", "overloaded"),
            ("a", "well-again"),
            ("b", "overloaded"),
            ("b", "well-again"),
        ]

    def test_retransmissions_do_not_count(self) -> None:
        world = World(shipped("outage-then-recovery"))
        served = []
        for number in range(1, 4):
            client = Client(world, number=number, copies=4).begin()
            world.finish()
            served.append(client.ended.scenario)
        assert served == ["overloaded", "overloaded", "well-again"]


class TestWrongOnPurpose:
    def test_no_contact_and_no_tag(self) -> None:
        client = refused("wrong-on-purpose")
        ringing, answered = client.the("180"), client.the("200")
        assert (ringing.to_tag, ringing["contact"]) == (None, None)
        assert answered.to_tag is None
        assert answered.target == "sip:responder@127.0.0.1:5060"
        assert answered.sdp

    def test_garbage_is_as_it_is_written(self) -> None:
        client = refused("raw-garbage")
        invite, response = client.the("<INVITE"), client.the("486")
        lines = response.data.decode().split("\r\n")
        assert lines == [
            "SIP/2.0 486 Busy Here",
            f"Via: {invite.the('via')}",
            f"From: {invite.the('from')}",
            f"To: {invite.the('to')};tag=garbage",
            f"Call-ID: {invite.call_id}",
            "CSeq: 1 INVITE",
            "this line is no header",
            "Subject: a folded",
            " header",
            "Content-Length: 0",
            "",
            "",
        ]

    def test_garbage_is_a_final_response_all_the_same(self) -> None:
        """17.2.1: it is sent again until its ACK, and answers retransmissions."""
        client = refused("raw-garbage", acks=False)
        assert client.times("486") == [0.0, *RESPONSE_TIMES]
        assert client.ended.outcome == "no-ack"

    def test_garbage_over_a_stream(self) -> None:
        assert refused("raw-garbage", flow=TCP).story() == "<INVITE 100 486 <ACK"

    @pytest.mark.parametrize("name", ["raw-garbage", "wrong-on-purpose"])
    def test_they_do_not_last(self, name: str) -> None:
        flow = replace(BY_NAME[name], habits={"talks": None, "acks": False})
        world = flow.world()
        flow.open(world)
        world.finish()
        assert len(world.ended) == 1
