"""Combinations that RFCs forbid are told, each with its section."""

from __future__ import annotations

import pytest

from responder.registry import Registry

from .making import METHODS, request

REGISTRY = Registry.standard()
FLOW = 'Contact: <sip:a@b>;reg-id=1;+sip.instance="<urn:uuid:1>"'
PROXIED = "Via: SIP/2.0/UDP p, SIP/2.0/UDP c"

# status, method, fields of the request, what the sentence cites (None: nothing is wrong)
CASES: list[tuple[int, str, tuple[str, ...], str | None]] = [
    (200, "ACK", (), "RFC 3261 17"),
    (180, "ACK", (), "RFC 3261 17"),
    (180, "REGISTER", (), "RFC 4320 4.1"),
    (199, "OPTIONS", (), "RFC 4320 4.1"),
    (150, "BYE", (), "RFC 4320 4.1"),
    (100, "REGISTER", (), None),
    (408, "OPTIONS", (), "RFC 4320 4.2"),
    (408, "INVITE", (), None),
    (600, "REGISTER", (), "RFC 3261 10.3"),
    (603, "REGISTER", (), "RFC 3261 10.3"),
    (699, "REGISTER", (), "RFC 3261 10.3"),
    (603, "INVITE", (), None),
    *((status, "CANCEL", (), "RFC 3261 9.2, 22.1") for status in (401, 405, 407, 415, 420, 421, 494)),
    (481, "CANCEL", (), None),
    (487, "CANCEL", (), "RFC 3261 21.4.25"),
    (487, "INVITE", (), None),
    (202, "SUBSCRIBE", (), "RFC 6665 8.3.1"),
    (202, "NOTIFY", (), "RFC 6665 8.3.1"),
    (202, "REFER", (), "RFC 7647 5"),
    (202, "MESSAGE", (), None),
    (204, "INVITE", (), "RFC 5839 7.1"),
    (204, "SUBSCRIBE", (), "RFC 5839 7.1"),
    (199, "INVITE", ("Supported: 100rel",), "RFC 6228 5"),
    (199, "INVITE", ("Supported: 100rel, 199",), None),
    (422, "INVITE", ("Supported: timer", "Session-Expires: 60"), None),
    (422, "INVITE", ("Session-Expires: 60",), "RFC 4028 9"),
    (422, "INVITE", ("Supported: timer",), "RFC 4028 9"),
    (423, "REGISTER", ("Expires: 30",), None),
    (423, "REGISTER", ("Contact: <sip:a@b>;expires=30", "Expires: 7200"), None),
    (423, "REGISTER", ("Expires: 0",), "RFC 3261 10.3; RFC 6665 4.2.1.1; RFC 3903 6"),
    (423, "REGISTER", ("Expires: 3600",), "RFC 3261 10.3; RFC 6665 4.2.1.1; RFC 3903 6"),
    (423, "SUBSCRIBE", ("Expires: 7200",), "RFC 3261 10.3; RFC 6665 4.2.1.1; RFC 3903 6"),
    (423, "PUBLISH", ("Expires: 7200",), None),
    (423, "INVITE", ("Expires: 30",), "RFC 3261 21.4.17"),
    (424, "INVITE", (), "RFC 6442 4.3"),
    (424, "INVITE", ("Geolocation: <cid:a@b>",), None),
    (425, "MESSAGE", (), "RFC 8876 5.1"),
    (425, "MESSAGE", ("Content-Type: application/EmergencyCallData.cap+xml",), None),
    (439, "REGISTER", (FLOW, "Supported: outbound"), "RFC 5626 6, 11.6"),
    (439, "REGISTER", (PROXIED, FLOW), "RFC 5626 6, 11.6"),
    (439, "REGISTER", (PROXIED, "Supported: outbound"), "RFC 5626 6, 11.6"),
    (439, "REGISTER", (PROXIED, FLOW, "Supported: outbound", "Path: <sip:p;ob>"), "RFC 5626 6, 11.6"),
    (439, "REGISTER", (PROXIED, FLOW, "Supported: outbound"), None),
    (412, "PUBLISH", (), "RFC 3903 6"),
    (412, "PUBLISH", ("SIP-If-Match: x",), None),
    (417, "INVITE", ("Resource-Priority: dsn.flash",), "RFC 4412 4.6.2"),
    (417, "INVITE", ("Require: resource-priority",), None),
    (469, "INFO", (), "RFC 6086 4.2.2"),
    (469, "INFO", ("Info-Package: foo",), None),
    (469, "INVITE", (), "RFC 6086 4.2.2"),
    (555, "REGISTER", ("Contact: <sip:a@b>",), "RFC 8599 8.1"),
    (555, "REGISTER", ("Contact: <sip:a@b;pn-provider=apns>",), None),
    (555, "INVITE", (), "RFC 8599 8.1"),
    (486, "BYE", (), "RFC 3261 15.1.2"),
    (481, "BYE", (), None),
    (401, "BYE", (), None),
    (488, "PRACK", (), "RFC 3262 3"),
    (481, "PRACK", (), None),
    (486, "SUBSCRIBE", (), "RFC 3261 21.4.24"),
    (486, "OPTIONS", (), None),
    (200, "FROBNICATE", (), None),
]


@pytest.mark.parametrize(("status", "method", "fields", "section"), CASES)
def test_deviation(status: int, method: str, fields: tuple[str, ...], section: str | None) -> None:
    told = REGISTRY.deviations(status, method, request(method, *fields))
    if section is None:
        assert told == []
    else:
        assert len(told) == 1
        assert f"({section}" in told[0]
        assert "{" not in told[0]
        assert not REGISTRY.legal(status, method)


def test_204_within_its_dialog_is_right() -> None:
    assert REGISTRY.deviations(204, "SUBSCRIBE", request("SUBSCRIBE", to_tag="t")) == []


def test_an_alert_in_a_multipart_body() -> None:
    body = b"--b\r\nContent-Type: application/EmergencyCallData.cap+xml\r\n\r\n"
    asked = request("MESSAGE", "Content-Type: multipart/mixed;boundary=b", body=body)
    assert REGISTRY.deviations(425, "MESSAGE", asked) == []


class TestLegal:
    @pytest.mark.parametrize(
        ("status", "method"),
        [
            (100, "INVITE"),
            (180, "INVITE"),
            (183, "INVITE"),
            (200, "INVITE"),
            (200, "BYE"),
            (200, "REGISTER"),
            (200, "OPTIONS"),
            (302, "INVITE"),
            (401, "REGISTER"),
            (486, "INVITE"),
            (487, "INVITE"),
            (503, "INVITE"),
            (603, "INVITE"),
        ],
    )
    def test_what_ordinary_calls_get_needs_no_look_at_the_request(self, status: int, method: str) -> None:
        assert REGISTRY.legal(status, method)

    def test_legal_means_that_no_request_could_deviate(self) -> None:
        requests = [request(method, *fields) for _, method, fields, _ in CASES]
        for status in (*range(100, 700, 7), *(code.status for code in REGISTRY.codes)):
            for asked in requests:
                if REGISTRY.legal(status, asked.method):
                    assert REGISTRY.deviations(status, asked.method, asked) == []


class TestReliability:
    """RFC 3262 section 3."""

    @pytest.mark.parametrize(
        ("status", "fields", "reliable", "wrong"),
        [
            (180, (), True, True),
            (180, ("Supported: 100rel",), True, False),
            (180, ("Require: 100rel",), True, False),
            (180, ("Require: 100rel",), False, True),
            (180, ("Supported: 100rel",), False, False),
            (180, (), False, False),
            (100, ("Require: 100rel",), True, True),
            (100, ("Require: 100rel",), False, False),
            (200, ("Require: 100rel",), True, True),
            (200, ("Require: 100rel",), False, False),
        ],
    )
    def test_of_a_response(self, status: int, fields: tuple[str, ...], reliable: bool, wrong: bool) -> None:
        told = REGISTRY.deviations(status, "INVITE", request("INVITE", *fields), reliable=reliable)
        assert bool(told) is wrong
        assert all("RFC 3262 3" in sentence for sentence in told)

    def test_is_not_looked_at_unless_asked(self) -> None:
        assert REGISTRY.deviations(180, "INVITE", request("INVITE", "Require: 100rel")) == []


class TestMisplacedHeaders:
    @pytest.mark.parametrize(
        ("status", "method", "key", "section"),
        [
            (200, "MESSAGE", "contact", "RFC 3428 7"),
            (200, "MESSAGE", "body", "RFC 3428 7"),
            (200, "INFO", "contact", "RFC 6086 6.1"),
            (486, "INFO", "contact", "RFC 6086 6.1"),
            (200, "REGISTER", "record-route", "RFC 3261 10.3"),
            (404, "REGISTER", "record-route", "RFC 3261 10.3"),
            (200, "PUBLISH", "record-route", "RFC 3903 6"),
            (200, "CANCEL", "allow", "RFC 3261 20.5"),
            (401, "CANCEL", "www-authenticate", "RFC 3261 22.1"),
            (200, "INVITE", "min-se", "RFC 4028 5"),
            (200, "REGISTER", "min-expires", "RFC 3261 20.23"),
            (100, "INVITE", "reason", "RFC 6432 3"),
            (100, "INVITE", "rseq", "RFC 3262 3"),
            (486, "INVITE", "rseq", "RFC 3262 7.1"),
            (200, "SUBSCRIBE", "event", "RFC 6665 8.2.1"),
            (199, "INVITE", "supported", "RFC 6228 5"),
        ],
    )
    def test_is_told(self, status: int, method: str, key: str, section: str) -> None:
        (sentence,) = REGISTRY.misplaced(status, method, [key, "server"])
        assert sentence.endswith(f"({section})")
        assert f"{status} to {method}" in sentence

    @pytest.mark.parametrize(
        ("status", "method", "key"),
        [
            (200, "INVITE", "contact"),
            (422, "INVITE", "min-se"),
            (423, "REGISTER", "min-expires"),
            (302, "BYE", "contact"),
        ],
    )
    def test_nothing_to_tell(self, status: int, method: str, key: str) -> None:
        assert REGISTRY.misplaced(status, method, [key]) == []

    def test_each_header_is_told_once(self) -> None:
        for code in REGISTRY.codes:
            for method in METHODS:
                keys = [ban.key for ban in REGISTRY.forbidden(code.status, method)]
                assert len(keys) == len(set(keys))
