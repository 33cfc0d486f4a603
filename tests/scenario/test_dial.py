# ruff: noqa: E501
from __future__ import annotations

import random
import string

import pytest

from responder.scenario.dial import DialledCode, DialledName, looks_dialled, objection, parse_dial
from tests.scenario.stage import Stage, request


def code(status: int, **headers: str) -> DialledCode:
    return DialledCode(status, tuple((name.replace("_", "-"), value) for name, value in headers.items()))


SCRIPTS: tuple[tuple[str, tuple[object, ...]], ...] = (
    ("486", ((code(486),),)),
    ("100", ((code(100),),)),
    ("699", ((code(699),),)),
    ("299", ((code(299),),)),
    ("180.486", ((code(180), code(486)),)),
    ("180.2s.486", ((code(180), 2.0, code(486)),)),
    ("180.300ms.486", ((code(180), 0.3, code(486)),)),
    ("180.1.5s.486", ((code(180), 1.5, code(486)),)),
    ("180.1m.486", ((code(180), 60.0, code(486)),)),
    ("2s.486", ((2.0, code(486)),)),
    ("180.2s", ((code(180), 2.0),)),
    ("200.10s", ((code(200), 10.0),)),
    ("180*486", ((code(180), code(486)),)),
    ("180*2*486", ((code(180), 2.0, code(486)),)),
    ("180*99*486", ((code(180), 99.0, code(486)),)),
    ("180%2A486", ((code(180), code(486)),)),
    ("180%2a2%2a486", ((code(180), 2.0, code(486)),)),
    ("486#", ((code(486),),)),
    ("486%23", ((code(486),),)),
    ("%34%38%36", ((code(486),),)),
    ("503,200", ((code(503),), (code(200),))),
    ("503#200", ((code(503),), (code(200),))),
    ("503%23200%23", ((code(503),), (code(200),))),
    ("503,503,180.200", ((code(503),), (code(503),), (code(180), code(200)))),
    ("503+Retry-After=5", ((code(503, Retry_After="5"),),)),
    ("503+Retry-After=5+X=y.200", ()),
    ("180+X=y.503+Retry-After=5", ((code(180, X="y"), code(503, Retry_After="5")),)),
    ("302+Contact=%3Csip%3Ab%40example.com%3E", ((code(302, Contact="<sip:b@example.com>"),),)),
    ("302+Contact=sip:b%40192.0.2.7", ((code(302, Contact="sip:b@192.0.2.7"),),)),
    ("180+X=a%2E200.486", ((code(180, X="a.200"), code(486)),)),
    ("486+X=", ((code(486, X=""),),)),
    ("busy", (DialledName("busy"),)),
    ("503,busy", ((code(503),), DialledName("busy"))),
    ("no-answer-480", (DialledName("no-answer-480"),)),
)  # fmt: skip


@pytest.mark.parametrize(("text", "attempts"), [script for script in SCRIPTS if script[1]])
def test_scripts(text: str, attempts: tuple[object, ...]) -> None:
    assert parse_dial(text) == attempts


@pytest.mark.parametrize(
    "text",
    ["", "1", "99", "099", "700", "1001", "4861", "486x", "x486 y", "2s", "2s.3s", "180.", ".180", "180..486", "486.180", "486.2s",
     "503+Retry-After=5+X=y.200", "180*2", "180*100*", "486+", "486+=5", "486+X", "486+X=%0d%0aY:z", "486+X=%00", "180*7200s",
     "180.2h.486", "503,,200", ",486", "+4930123", "180.2x.486", "a" * 300, "180." * 60 + "486", ",".join(["486"] * 17), "180.486+X y=1"],
)  # fmt: skip
def test_what_is_no_script(text: str) -> None:
    assert parse_dial(text) is None


@pytest.mark.parametrize("text", ["486.180", "180*2*", "486+X=%00", "503,7000", "180.2x.486"])
def test_what_was_meant_as_one(text: str) -> None:
    assert looks_dialled(text)


@pytest.mark.parametrize("text", ["bob", "1001", "+4930123", "486", "100rel"])
def test_what_was_not(text: str) -> None:
    assert not looks_dialled(text)


def test_nothing_makes_it_raise() -> None:
    generator = random.Random(5)
    letters = string.digits + "..**,#+=%sm2A" + "aX-"
    for _ in range(20_000):
        parse_dial("".join(generator.choices(letters, k=generator.randrange(1, 24))))


def dialled(user: str, method: str = "INVITE", **options: object) -> list[str]:
    stage = Stage(**options)  # type: ignore[arg-type]
    stage.start(request(method, f"sip:{user}@192.0.2.1"))
    return stage.pass_time(30)


class TestInvite:
    @pytest.mark.parametrize(
        ("user", "log"),
        [
            ("486", ["100", "486", "end"]),
            ("200", ["100", "200", "end"]),
            ("699", ["100", "699", "end"]),
            ("180", ["180", "end"]),
            ("100", ["100", "end"]),
            ("180.486", ["180", "486", "end"]),
            ("180.2s.486", ["180", "486", "end"]),
            ("100.180*1*200", ["100", "180", "200", "end"]),
            ("180.2s", ["180", "end"]),
            ("2s.486", ["486", "end"]),
            ("200.5s", ["100", "200", "hangup", "end"]),
            ("bob", ["100", "180", "200", "end"]),
            ("busy", ["100", "180", "486", "end"]),
        ],
    )
    def test_what_is_sent(self, user: str, log: list[str]) -> None:
        assert dialled(user) == log

    def test_the_time_between(self) -> None:
        stage = Stage()
        stage.start(request(uri="sip:180.2s.486@x"))
        assert stage.pass_time(1.9) == ["180"]
        assert stage.pass_time(0.2) == ["180", "486", "end"]

    def test_headers(self) -> None:
        stage = Stage()
        stage.start(request(uri="sip:503+Retry-After=5@x"))
        assert [headers for _, headers, _ in stage.call.replies] == [{}, {"Retry-After": "5"}]
        assert [reply.label for reply, _, _ in stage.call.replies] == ["dialled", "dialled"]

    def test_a_colon_in_a_value(self) -> None:
        stage = Stage()
        stage.start(request(uri="sip:302+Contact=sip:b%40y@x"))
        assert stage.call.replies[1][1] == {"Contact": "sip:b@y"}

    def test_it_goes_before_the_checks_of_the_core(self) -> None:
        stage = Stage()
        stage.start(request(uri="sip:417@x"))
        assert {"require", "method", "scheme", "content"} <= stage.call.script.unchecked
        assert not {"syntax", "version", "dialog", "cseq"} & stage.call.script.unchecked
        assert stage.call.script.name == ""

    def test_each_attempt_of_a_caller(self) -> None:
        stage = Stage()
        seen = []
        for caller in ("<sip:a@x>", "<sip:a@x>", "<sip:b@x>", "<sip:a@x>", "<sip:b@x>"):
            seen.append(stage.start(request(uri="sip:503,486,busy@x", caller=caller))[1])
        assert seen == ["503", "486", "503", "180", "486"]

    def test_replies_are_made_once(self) -> None:
        stage = Stage()
        replies = []
        for _ in range(2):
            stage.start(request(uri="sip:486@x"))
            replies.append(stage.call.replies[-1][0])
        assert replies[0] is replies[1]

    def test_off(self) -> None:
        assert dialled("486", dial=False) == ["100", "180", "200", "end"]

    def test_shipped_flows_off(self) -> None:
        assert dialled("busy", shipped=False) == ["100", "180", "200", "end"]
        assert dialled("486", shipped=False) == ["100", "486", "end"]

    def test_tel(self) -> None:
        stage = Stage()
        assert stage.start(request(uri="tel:180*486;phone-context=x")) == ["180", "486", "end"]


class TestOthers:
    """RFC 4320: a request other than INVITE gets a final response soon."""

    @pytest.mark.parametrize(
        ("user", "log"),
        [
            ("486", ["486", "end"]),
            ("200", ["200", "end"]),
            ("180", ["180", "answer MESSAGE", "end"]),
            ("100.404", ["100", "404", "end"]),
            ("1s.404", ["404", "end"]),
            ("200.5s", ["200", "end"]),
            ("bob", ["answer MESSAGE", "end"]),
            ("busy", ["answer MESSAGE", "end"]),
            ("message-accepted", ["202", "end"]),
        ],
    )
    def test_what_is_sent(self, user: str, log: list[str]) -> None:
        assert dialled(user, "MESSAGE") == log

    @pytest.mark.parametrize("method", ["REGISTER", "SUBSCRIBE", "PUBLISH"])
    def test_the_to_uri_dials_where_the_request_uri_does_not(self, method: str) -> None:
        stage = Stage()
        assert stage.start(request(method, "sip:192.0.2.1", to='"x" <sip:423@192.0.2.1>')) == ["423", "end"]
        assert stage.start(request(method, "sip:presence@192.0.2.1", to="sip:489@192.0.2.1")) == ["489", "end"]
        assert stage.start(request(method, "sip:404@192.0.2.1", to="<sip:489@192.0.2.1>")) == ["404", "end"]
        assert stage.start(request(method, "sip:192.0.2.1", to="<sip:bob@192.0.2.1>")) == [f"answer {method}", "end"]

    def test_options(self) -> None:
        assert dialled("bob", "OPTIONS") == ["answer OPTIONS", "end"]


@pytest.mark.parametrize(
    ("user", "why"),
    [
        ("486.180", "nothing can follow 486"),
        ("486.2s", "nothing can follow 486"),
        ("180.200.5s.486", "nothing can follow 200 but a time"),
        ("180.2x.486", "'2x' is neither a code nor a time"),
        ("180.700", "'700' is neither a code nor a time"),
        ("503,180*x*486", "'x' is neither a code nor a time"),
        ("418+x", "'+x' is no +Name=value"),
        ("302+Contact=sip:a.b.180.x", ""),
        ("486", ""),
    ],
)
def test_what_keeps_it_from_being_a_script(user: str, why: str) -> None:
    assert objection(user) == why


def test_what_is_remembered_is_bounded() -> None:
    stage = Stage()
    for number in range(5000):
        stage.start(request(uri=f"sip:4{number % 100:02}+X={number}@x"))
    assert len(stage.playbook._dialled) <= 4096
    assert len(stage.playbook._dial_rules) <= 4096
    assert len(stage.playbook._straight) <= 4096
