"""Every code to every method: the headers that RFCs want are there, well-formed, and those they forbid are not."""

from __future__ import annotations

import random
import re
from collections.abc import Callable

import pytest

from responder.registry import Capabilities, Registry, Setting
from responder.registry.occasion import Occasion
from responder.registry.specimen import specimen, specimen_request
from responder.sip import header_names
from responder.sip.digest import Challenge
from responder.sip.fields import MediaType, Reason, RetryAfter, SessionExpires, Warning
from responder.sip.name_addr import NameAddr

from .making import METHODS, occasion, request

REGISTRY = Registry.standard()
TOKENS = re.compile(r"[A-Za-z0-9\-.!%*_+`'~]+(?:, [A-Za-z0-9\-.!%*_+`'~]+)*").fullmatch
SECONDS = re.compile(r"\d{1,10}").fullmatch
DATE = re.compile(r"(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun), \d\d [A-Z][a-z]{2} \d{4} \d\d:\d\d:\d\d GMT").fullmatch

SHAPES: dict[str, Callable[[str], object]] = {
    "Accept": lambda value: [MediaType.parse(part) for part in value.split(", ") if part] or value == "",
    "Accept-Encoding": TOKENS,
    "Accept-Language": TOKENS,
    "AlertMsg-Error": re.compile(r'\d{3};message="[^"]+"').fullmatch,
    "Allow": TOKENS,
    "Allow-Events": TOKENS,
    "Call-Info": re.compile(r"<https://[^>]+>;purpose=jwscard").fullmatch,
    "Contact": NameAddr.parse,
    "Date": DATE,
    "Expires": SECONDS,
    "Geolocation-Error": re.compile(r'\d{3};code="[^"]+"').fullmatch,
    "Min-Expires": SECONDS,
    "Min-SE": lambda value: SECONDS(value) and int(value) >= 90,
    "Path": NameAddr.parse,
    "Permission-Missing": NameAddr.parse,
    "Proxy-Authenticate": Challenge.parse,
    "RSeq": lambda value: 1 <= int(value) < 2**31,
    "Reason": Reason.parse,
    "Record-Route": NameAddr.parse,
    "Refer-Sub": re.compile(r"true|false").fullmatch,
    "Recv-Info": lambda value: value == "" or TOKENS(value),
    "Require": TOKENS,
    "Retry-After": RetryAfter.parse,
    "SIP-ETag": TOKENS,
    "Security-Server": re.compile(r"digest;d-alg=MD5;d-qop=auth;q=0\.1").fullmatch,
    "Session-Expires": lambda value: SessionExpires.parse(value).refresher in ("uac", "uas"),
    "Supported": TOKENS,
    "Timestamp": re.compile(r"\d+(?:\.\d*)?(?: \d*(?:\.\d*)?)?").fullmatch,
    "Unsupported": TOKENS,
    "WWW-Authenticate": Challenge.parse,
    "Warning": Warning.parse,
}

DIALOG = ("INVITE", "SUBSCRIBE", "REFER")
ANY = METHODS
# What has to be in the response to a typical request: by status, then by methods
WANTED: dict[int, list[tuple[tuple[str, ...], set[str]]]] = {
    100: [(ANY, {"Timestamp"})],
    **{status: [(("INVITE",), {"Record-Route", "Contact", "Allow-Events"})] for status in (180, 181, 182, 183)},
    199: [(ANY, {"Reason"})],
    200: [
        (("INVITE",), {"Record-Route", "Contact", "Allow", "Supported", "Session-Expires", "Require", "Recv-Info"}),
        (("INVITE",), {"Allow-Events"}),
        (("UPDATE",), {"Contact", "Session-Expires", "Require", "Recv-Info"}),
        (("PRACK",), {"Recv-Info"}),
        (("OPTIONS",), {"Allow", "Accept", "Accept-Encoding", "Accept-Language", "Supported", "Allow-Events"}),
        (("REGISTER",), {"Contact", "Date", "Path", "Require"}),
        (("SUBSCRIBE",), {"Record-Route", "Contact", "Expires", "Allow-Events"}),
        (("REFER",), {"Record-Route", "Contact", "Refer-Sub"}),
        (("PUBLISH",), {"Expires", "SIP-ETag"}),
    ],
    202: [
        (("SUBSCRIBE",), {"Contact", "Expires", "Record-Route"}),
        (("REFER",), {"Contact", "Record-Route"}),
    ],
    204: [(("SUBSCRIBE",), {"Contact", "Expires"})],
    300: [(tuple(method for method in ANY if method != "INFO"), {"Contact"})],
    301: [(ANY, {"Contact"})],
    302: [(ANY, {"Contact"})],
    305: [(ANY, {"Contact"})],
    401: [(ANY, {"WWW-Authenticate"})],
    405: [(ANY, {"Allow"})],
    407: [(ANY, {"Proxy-Authenticate"})],
    415: [(ANY, {"Accept"}), (("MESSAGE", "PUBLISH"), {"Accept-Encoding", "Accept-Language"})],
    420: [(ANY, {"Unsupported"})],
    421: [(ANY, {"Require"})],
    422: [(ANY, {"Min-SE"})],
    423: [(ANY, {"Min-Expires"})],
    424: [(ANY, {"Geolocation-Error"})],
    425: [(ANY, {"AlertMsg-Error"})],
    469: [(ANY, {"Recv-Info"})],
    470: [(ANY, {"Permission-Missing"})],
    488: [(ANY, {"Warning"})],
    489: [(ANY, {"Allow-Events"})],
    494: [(ANY, {"Security-Server", "Require", "Proxy-Authenticate"})],
    608: [(ANY, {"Call-Info"})],
}
# 421 asks a client that lists neither 100rel nor another of ours for 100rel, one that knows it for sec-agree
UNASKED = {(421, "Security-Server"), (421, "Proxy-Authenticate")}

PAIRS = [(code.status, method) for code in REGISTRY.codes for method in METHODS]


def wanted(status: int, method: str) -> set[str]:
    return set().union(*(names for methods, names in WANTED.get(status, []) if method in methods))


@pytest.mark.parametrize(("status", "method"), PAIRS)
def test_a_response_has_what_rfcs_want_and_nothing_else(status: int, method: str) -> None:
    headers = REGISTRY.headers(status, method, specimen(status, method, Capabilities()))
    names = {name for name, _ in headers if (status, name) not in UNASKED}
    assert names == wanted(status, method)
    for name, value in headers:
        assert SHAPES[name](value), f"{name}: {value}"


@pytest.mark.parametrize(("status", "method"), PAIRS)
def test_a_response_has_nothing_that_rfcs_forbid(status: int, method: str) -> None:
    if not REGISTRY.get(status).suits(method):
        return  # forced by the author: then the code's own headers go with it, whatever tables say
    banned = {ban.key for ban in REGISTRY.forbidden(status, method)}
    rules = REGISTRY.rules(status, method)
    assert [rule.name for rule in rules if rule.key in banned] == []


@pytest.mark.parametrize(("status", "method"), PAIRS)
def test_rendering_ahead_gives_the_same_headers(status: int, method: str) -> None:
    one, other = (specimen(status, method, Capabilities()) for _ in range(2))
    dynamic = REGISTRY.dynamic_rules(status, method, one.request.shape.index)
    ahead = REGISTRY.static_headers(status, method, one.capabilities)
    ahead += [(rule.name, value) for rule in dynamic for value in rule.value(one)]
    assert sorted(ahead) == sorted(REGISTRY.headers(status, method, other))


@pytest.mark.parametrize("code", REGISTRY.codes, ids=lambda code: str(code.status))
def test_any_request_however_bad_gets_its_headers(code: object) -> None:
    status: int = code.status  # type: ignore[attr-defined]
    junk = (
        "Contact: <sip:",
        "Expires: soon",
        "Session-Expires: \xff;;",
        "Min-SE: x",
        "Require: ,,",
        "Supported: ,",
        "Content-Type: what",
        "Content-Encoding: \x7f",
        "Event: ;;",
        "Refer-To: <",
        "Timestamp:",
        "Record-Route: <<",
        "Path: x, ,",
        "Refer-Sub: ;",
        "Recv-Info: ,",
        "History-Info: <",
    )
    for method in METHODS:
        asked = request(method, *junk, uri="bad:\xff uri")
        everything = {rule.key for rule in REGISTRY.rules(status, method)}
        for reliable in (False, True):
            known = occasion(status, asked, contact="<odd", reliable=reliable)
            assert REGISTRY.headers(status, method, known, everything) is not None
            assert REGISTRY.body(status, known) is None
        assert isinstance(REGISTRY.deviations(status, method, asked, reliable=False), list)


class TestRulesToBeWorkedOutForEachRequest:
    """What is left to be done when a response was prepared ahead."""

    PLAIN = frozenset({"via", "from", "to", "call-id", "cseq", "max-forwards", "contact", "content-type", "supported"})

    @pytest.mark.parametrize(
        ("status", "method", "names"),
        [
            (100, "INVITE", []),
            (180, "INVITE", ["Contact"]),
            (183, "INVITE", ["Contact"]),
            (200, "INVITE", ["Contact"]),
            (486, "INVITE", []),
            (603, "INVITE", []),
            (200, "BYE", []),
            (200, "CANCEL", []),
            (487, "INVITE", []),
            (200, "OPTIONS", []),
            (200, "MESSAGE", []),
            (200, "INFO", []),
        ],
    )
    def test_plain_flows_have_next_to_none(self, status: int, method: str, names: list[str]) -> None:
        rules = REGISTRY.dynamic_rules(status, method, self.PLAIN)
        assert [rule.name for rule in rules] == names
        assert all(rule.local for rule in rules)

    def test_what_the_request_lacks_rules_them_out(self) -> None:
        names = [rule.name for rule in REGISTRY.dynamic_rules(200, "INVITE", self.PLAIN | {"record-route"})]
        assert names == ["Record-Route", "Contact"]

    def test_reliable_responses_have_rules_of_their_own(self) -> None:
        rules = REGISTRY.dynamic_rules(180, "INVITE", self.PLAIN, reliable=True)
        assert [rule.name for rule in rules] == ["Contact", "Require", "RSeq"]

    def test_local_rules_do_not_look_at_the_request(self) -> None:
        here = {"contact": "<sip:us@h>", "host": "h"}
        for code in REGISTRY.codes:
            for rule in code.headers:
                if rule.local and not rule.static:
                    values = {
                        tuple(rule.value(occasion(code.status, specimen_request(status, "INVITE"), **here)))
                        for status in (180, 423)
                    }
                    assert len(values) == 1

    def test_static_rules_look_at_the_setting_only(self) -> None:
        for code in REGISTRY.codes:
            for rule in code.headers:
                if rule.static:
                    setting = Setting(code.status, "INVITE", Capabilities())
                    assert rule.value(setting) is not None  # type: ignore[arg-type]


class TestOptionalHeaders:
    """Level MAY: on request only, and with the value that fits."""

    def given(self, status: int, method: str, *wanted: str, fields: tuple[str, ...] = ()) -> dict[str, str]:
        keys = {header_names.key(name) for name in wanted}
        headers = REGISTRY.headers(status, method, occasion(status, request(method, *fields), delay=0.25), keys)
        return {name: value for name, value in headers if name in wanted}

    def test_retry_after(self) -> None:
        for status in (404, 413, 480, 486, 500, 503, 600, 603):
            assert self.given(status, "INVITE", "Retry-After") == {"Retry-After": "5"}
        assert self.given(491, "INVITE", "Retry-After") == {}

    def test_server_date_and_warning(self) -> None:
        assert self.given(486, "INVITE", "Server", "Date", "Warning") == {
            "Server": "responder",
            "Date": "Sat, 13 Nov 2010 23:29:00 GMT",
            "Warning": '399 192.0.2.1 "Miscellaneous warning"',
        }

    def test_a_header_that_is_there_anyway_is_not_doubled(self) -> None:
        headers = REGISTRY.headers(
            500, "INVITE", occasion(500, request("INVITE"), overlapping=True), frozenset({"retry-after"})
        )
        assert [name for name, _ in headers] == ["Retry-After"]

    def test_what_tables_forbid_cannot_be_had(self) -> None:
        assert self.given(200, "MESSAGE", "Contact") == {}
        assert self.given(200, "CANCEL", "Allow") == {}
        assert self.given(100, "INVITE", "History-Info", "Warning", fields=("History-Info: <sip:a@b>;index=1",)) == {}

    def test_copies(self) -> None:
        fields = ("History-Info: <sip:a@b>;index=1", "Timestamp: 54.2")
        assert self.given(302, "INVITE", "History-Info", "Timestamp", fields=fields) == {
            "History-Info": "<sip:a@b>;index=1",
            "Timestamp": "54.2 0.250",
        }

    def test_headers_that_only_an_author_can_write(self) -> None:
        assert self.given(180, "INVITE", "Alert-Info", "P-Early-Media", fields=("P-Early-Media: supported",)) == {}

    def test_registration(self) -> None:
        fields = (
            'Contact: <sip:a@192.0.2.9>;reg-id=1;+sip.instance="<urn:uuid:1>"',
            "Supported: outbound",
        )
        names = ("Service-Route", "P-Associated-URI", "Supported", "Flow-Timer")
        assert self.given(200, "REGISTER", *names, fields=fields) == {
            "Service-Route": "<sip:192.0.2.1;lr>",
            "P-Associated-URI": "<sip:bob@example.com>",
            "Supported": "100rel, timer, replaces, path, outbound, norefersub",
            "Flow-Timer": "120",
        }


def test_the_same_ids_give_the_same_headers() -> None:
    def made(seed: int) -> list[tuple[str, str]]:
        known: Occasion = occasion(200, request("PUBLISH"), ids=random.Random(seed))
        return REGISTRY.headers(200, "PUBLISH", known)

    assert made(1) == made(1)
    assert made(1) != made(2)
