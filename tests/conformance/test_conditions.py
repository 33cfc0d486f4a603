"""Header fields whose presence or value hangs on the request (RFC 3261 section 8.2 and the RFC of each code)."""

from __future__ import annotations

import re
from typing import NamedTuple

import pytest

from .judge import complaints
from .serving import Serving
from .session import OFFER
from .wire import Dialog, endpoint

PRECONDITIONS = OFFER + b"a=curr:qos e2e none\r\na=des:qos mandatory e2e sendrecv\r\n"


class Case(NamedTuple):
    """A dialled code, the request, and what its fields must say: exact values, a pattern, or None for absent."""

    dialled: str
    method: str
    more: list[tuple[str, str]]
    expected: dict[str, list[str] | str | None]
    body: bytes = b""
    content_type: str = "application/sdp"


CASES = [
    # RFC 3261 section 21.4.13
    Case("415", "MESSAGE", [], {"Accept": r".+"}, b"<x/>", "application/x-nothing"),
    Case("415", "MESSAGE", [("Content-Encoding", "gzip")], {"Accept-Encoding": r".+"}, b"x", "text/plain"),
    Case("415", "MESSAGE", [("Content-Language", "fr")], {"Accept-Language": r".+"}, b"x", "text/plain"),
    # section 21.4.15
    Case("420", "OPTIONS", [("Require", "foo, 100rel"), ("Require", "bar")], {"Unsupported": ["foo", "bar"]}),
    Case("420", "INVITE", [("Require", "100rel")], {"Unsupported": ["100rel"]}),
    Case("420", "MESSAGE", [], {"Unsupported": r"\S+"}),
    # section 21.4.16
    Case("421", "INVITE", [("Supported", "100rel, timer")], {"Require": r"(?!100rel|timer)\S+"}),
    # section 21.4.6
    *(
        Case(
            "405", method, [("Event", "x"), ("Refer-To", "<sip:a@b.invalid>")],
            {"Allow": rf"(?!.*\b{method}\b).*ACK.*"},
        )
        for method in ("INVITE", "OPTIONS", "SUBSCRIBE", "REFER", "MESSAGE", "BYE")
    ),
    # section 21.4.17: below the hour that a registrar may refuse, and above what was asked
    Case("423", "REGISTER", [("Expires", "60")], {"Min-Expires": r"\d{2,4}"}),
    Case("423", "REGISTER", [("Expires", "3599")], {"Min-Expires": ["3600"]}),
    Case("423", "SUBSCRIBE", [("Event", "presence"), ("Expires", "1000")], {"Min-Expires": r"\d{4}"}),
    # RFC 4028 section 6
    Case("422", "INVITE", [("Session-Expires", "50")], {"Min-SE": r"9\d|[1-9]\d{2,}"}),
    Case("422", "INVITE", [("x", "7200;refresher=uac"), ("k", "timer")], {"Min-SE": r"(?:720[1-9]|7[3-9]\d\d|\d{5,})"}),
    # RFC 4028 section 9: not longer than asked, not below Min-SE, the refresher as asked
    Case(
        "200", "INVITE", [("Session-Expires", "1800;refresher=uac"), ("Supported", "timer")],
        {"Session-Expires": r"(?:9\d|[1-9]\d\d|1[0-7]\d\d|1800);refresher=uac", "Require": ["timer"]}, OFFER,
    ),
    Case(
        "200", "INVITE", [("Session-Expires", "1800;refresher=uas"), ("Supported", "timer")],
        {"Session-Expires": r"\d+;refresher=uas"}, OFFER,
    ),
    Case(
        "200", "INVITE", [("Session-Expires", "1800")],
        {"Session-Expires": r"\d+;refresher=uas", "Require": None}, OFFER,
    ),
    Case("200", "INVITE", [("Supported", "timer")], {"Require": None}, OFFER),
    # RFC 3262 section 3
    Case("180", "INVITE", [("Require", "100rel")], {"Require": ["100rel"], "RSeq": r"[1-9]\d*"}),
    Case("183", "INVITE", [("Require", "100rel")], {"Require": ["100rel"], "RSeq": r"[1-9]\d*"}, OFFER),
    Case("150", "INVITE", [("Require", "100rel")], {"Require": ["100rel"], "RSeq": r"[1-9]\d*"}),
    Case("180", "INVITE", [], {"Require": None, "RSeq": None}),
    Case("100", "INVITE", [("Require", "100rel")], {"Require": None, "RSeq": None}),
    # RFC 3261 section 8.2.6.1
    Case("100", "INVITE", [("Timestamp", "12345.678")], {"Timestamp": r"12345\.678(?: \d*\.?\d*)?"}),
    Case("100", "OPTIONS", [], {"Timestamp": None}),
    # RFC 3329 section 2.3.1
    Case("494", "INVITE", [("Supported", "sec-agree")], {"Require": ["sec-agree"], "Security-Server": r"digest.*"}),
    Case("494", "OPTIONS", [("Require", "sec-agree")], {"Security-Server": r".+"}),
    # RFC 6665 section 4.2.1.1: never longer than asked; 0 stays 0
    Case("200", "SUBSCRIBE", [("Event", "presence"), ("Expires", "0")], {"Expires": ["0"]}),
    Case("200", "SUBSCRIBE", [("Event", "presence"), ("Expires", "61")], {"Expires": ["61"]}),
    Case("200", "SUBSCRIBE", [("Event", "presence")], {"Expires": r"[1-9]\d*"}),
    # RFC 3903 section 6
    Case("200", "PUBLISH", [("Event", "presence"), ("Expires", "0"), ("SIP-If-Match", "x")], {"Expires": ["0"]}),
    Case("200", "PUBLISH", [("Event", "presence"), ("Expires", "30")], {"Expires": ["30"], "SIP-ETag": r"\S+"}),
    # RFC 4488 section 4
    Case("200", "REFER", [("Refer-To", "<sip:c@d.invalid>"), ("Refer-Sub", "false")], {"Refer-Sub": r"false.*"}),
    # RFC 3327 section 5.3
    Case("200", "REGISTER", [("Path", "<sip:a.invalid;lr>,<sip:b.invalid;lr>"), ("Supported", "path")],
         {"Path": ["<sip:a.invalid;lr>", "<sip:b.invalid;lr>"]}),
    Case("404", "REGISTER", [("Path", "<sip:a.invalid;lr>")], {"Path": None}),
    # RFC 3312 section 8
    Case("580", "INVITE", [("Require", "precondition")], {"Content-Type": ["application/sdp"]}, PRECONDITIONS),
    Case("580", "UPDATE", [], {"Content-Type": ["application/sdp"]}, PRECONDITIONS),
    # RFC 6442 section 4.3: one error
    Case("424", "INVITE", [("Geolocation", "<cid:x@y.invalid>")], {"Geolocation-Error": r'[1-3]00;code="[^"]+"'}),
    # RFC 8688 section 3.1
    Case("608", "INVITE", [], {"Call-Info": r"<https:.*>.*;\s*purpose=jwscard.*"}),
    # RFC 3261 section 20.43
    Case("488", "INVITE", [], {"Warning": r'3\d\d \S+ ".*"'}, OFFER),
    # section 12.1.1: no dialog, no Record-Route
    Case("404", "INVITE", [("Record-Route", "<sip:p.invalid;lr>")], {"Record-Route": None, "Contact": None}),
    Case("302", "INVITE", [("Record-Route", "<sip:p.invalid;lr>")], {"Record-Route": None, "Contact": r"<sip:.*>.*"}),
]  # fmt: skip


def name(case: Case) -> str:
    return f"{case.dialled}-{case.method}-" + "+".join(field for field, _ in case.more)


@pytest.mark.parametrize("transport", ["UDP", "TCP"])
@pytest.mark.parametrize("case", CASES, ids=name)
def test_fields(plain: Serving, transport: str, case: Case) -> None:
    with endpoint(transport, plain.address) as client:
        ask = client.ask(case.method, case.dialled, more=case.more, body=case.body, content_type=case.content_type)
        client.put(ask)
        response = client.until(ask, int(case.dialled))
        if case.method == "INVITE":
            if response.status < 200:
                client.put(ask.cancel())
            elif response.status < 300:
                dialog = Dialog.of(client, ask, response)
                client.put(dialog.request("ACK"))
                client.final(dialog.request("BYE"))
            else:
                client.put(ask.ack(response))
        found = complaints(ask, response, client)
        for field, expected in case.expected.items():
            if expected is None:
                good = field not in response
            elif isinstance(expected, str):
                good = bool(re.fullmatch(expected, ", ".join(response.all(field)))) and field in response
            else:
                good = response.list(field) == expected
            if not good:
                found.append(f"{field}: {response.all(field)}, expected {expected}")
        assert not found, "\n".join(found)


@pytest.mark.parametrize("transport", ["UDP", "TCP"])
def test_minimum_follows_the_longest_contact(plain: Serving, transport: str) -> None:
    """RFC 3261 section 10.3: the interval of a Contact counts before the Expires field."""
    with endpoint(transport, plain.address) as client:
        ask = client.ask("REGISTER", "423", more=[("Expires", "60")])
        ask.contact = "<sip:a@client.invalid>;expires=1200, <sip:b@client.invalid>;expires=5"
        assert int(client.final(ask).one("Min-Expires")) > 5


@pytest.mark.parametrize("status", [401, 407])
def test_challenges(plain: Serving, status: int) -> None:
    """RFC 7616, RFC 8760 section 2.3: a challenge an algorithm, best first, each with a nonce of its own."""
    with endpoint("UDP", plain.address) as client:
        nonces = set()
        for method in ("INVITE", "REGISTER", "OPTIONS"):
            response = client.final(client.ask(method, str(status)))
            challenges = response.all("WWW-Authenticate" if status == 401 else "Proxy-Authenticate")
            assert [re.findall(r"algorithm=([^,]+)", challenge) for challenge in challenges] == [["SHA-256"], ["MD5"]]
            nonces |= {re.findall(r'nonce="([^"]+)"', challenge)[0] for challenge in challenges}
        assert len(nonces) == 6
