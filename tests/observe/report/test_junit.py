from __future__ import annotations

import re
from xml.etree import ElementTree as ET

from responder.observe.report.junit import junit
from responder.observe.report.result import Report, report_of

from .making import SWEEP, Played, code, served, swept

# element: (attributes that it must have, those that it may have, elements in it), as in `junit-10.xsd` of Jenkins
DIALECT = {
    "testsuites": (set(), {"name", "time", "tests", "failures", "errors"}, {"testsuite"}),
    "testsuite": (
        {"name", "tests", "failures", "errors"},
        {"group", "time", "skipped", "timestamp", "hostname", "id", "package", "file", "log", "url"},
        {"testsuite", "properties", "testcase", "system-out", "system-err"},
    ),
    "properties": (set(), set(), {"property"}),
    "property": ({"name", "value"}, set(), set()),
    "testcase": ({"name"}, {"time", "classname", "group"}, {"skipped", "error", "failure", "system-out", "system-err"}),
    "failure": (set(), {"type", "message"}, set()),
    "error": (set(), {"type", "message"}, set()),
    "system-out": (set(), set(), set()),
}
_time = re.compile(r"(([0-9]{0,3},)*[0-9]{3}|[0-9]{0,3})*(\.[0-9]*)?")  # SUREFIRE_TIME
_forbidden = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def checked(document: str) -> ET.Element:
    """The root of a document that is as the dialect says."""
    assert not _forbidden.search(document)
    root = ET.fromstring(document.encode())
    assert root.tag == "testsuites"
    for element in root.iter():
        needed, allowed, inner = DIALECT[element.tag]
        assert needed <= {*element.keys()} <= needed | allowed, element.tag
        assert {child.tag for child in element} <= inner, element.tag
        assert _time.fullmatch(element.get("time", "0")), element.get("time")
    for suite in root.iter("testsuite"):
        assert suite.get("tests") == str(len(suite.findall("testcase")))
        for kind in ("failure", "error"):
            assert suite.get(f"{kind}s") == str(len(suite.findall(f"testcase/{kind}")))
    return root


def names(report: Report) -> list[tuple[str | None, str | None]]:
    return [(case.get("classname"), case.get("name")) for case in checked(junit(report)).iter("testcase")]


def test_a_bit_of_everything() -> None:
    root = checked(junit(swept(*SWEEP)))
    suite = root[0]
    assert {name: suite.get(name) for name in ("tests", "failures", "errors", "timestamp", "time")} == {
        "tests": "5",
        "failures": "3",
        "errors": "1",
        "timestamp": "2023-11-14T22:13:20",
        "time": "30.000",
    }
    outcomes = {case.get("name"): [child.tag for child in case] for case in root.iter("testcase")}
    assert outcomes == {
        "486 Busy Here": [],
        "503 Service Unavailable": ["failure", "system-out"],
        "600 Busy Everywhere, folded": ["failure", "system-out"],
        "404 Not Found": ["failure", "system-out"],
        "405 Method Not Allowed": ["error", "system-out"],
    }


def test_a_failure_has_rule_section_and_ladder() -> None:
    (failure,) = checked(junit(swept(SWEEP[1]))).iter("failure")
    assert failure.get("message") == "MUST broken: refusal-is-acknowledged"
    text = failure.text or ""
    assert text.startswith("MUST broken: refusal-is-acknowledged  (RFC 3261 17.1.1.2, 17.1.1.3)\n")
    assert "  expected  an ACK for the 503\n  actual    none came\n" in text
    assert re.search(r"\n#2 +0\.000  │ ◀─+ 503 Service Unavailable ─+ │\n", text)


def test_a_case_without_a_call_says_what_its_client_did() -> None:
    (case,) = checked(junit(swept(SWEEP[3]))).iter("testcase")
    assert case[0].get("message") == "no call came; the client exited with 3"
    assert case[1].text == "$ phone sip:404@127.0.0.1\n| phone: no codec\nclient exited with 3\n"


def test_names_are_those_of_code_method_and_variant() -> None:
    register = code(486, method="REGISTER")
    assert names(swept(Played(code(486)), Played(code(486, variant="compact")), Played(register, calls=False))) == [
        ("responder.INVITE", "486 Busy Here"),
        ("responder.INVITE", "486 Busy Here, compact"),
        ("responder.REGISTER", "486 Busy Here"),
    ]


def test_the_transport_is_named_where_there_are_several() -> None:
    over_tcp = Played(code(486, transport="TCP"), calls=False)
    assert [name for _, name in names(swept(Played(code(486)), over_tcp))] == [
        "486 Busy Here, UDP",
        "486 Busy Here, TCP",
    ]


def test_no_two_have_the_same_name() -> None:
    assert names(report_of(served(), version="1")) == [
        ("responder.INVITE", "lines"),
        ("responder.INVITE", "lines (2)"),
        ("responder.INVITE", "lines (3)"),
    ]


def test_what_the_scenario_says_is_a_failure() -> None:
    (failure,) = checked(junit(report_of(served(), version="1"))).iter("failure")
    assert (failure.get("message") or "").endswith("; problem: no-ack: no ACK for 486")


def test_what_does_not_count_is_told_and_passes() -> None:
    (case,) = checked(junit(swept(Played(code(486), fields=())))).iter("testcase")
    assert [child.tag for child in case] == ["system-out"]
    assert (case[0].text or "").startswith("SHOULD broken: invite-has-allow  (RFC 3261 13.2.1)\n")


def test_what_is_known_passes() -> None:
    report = swept(SWEEP[1], known=lambda case, judged: "Ticket\x1b 1" if judged.rule.level == "MUST" else "")
    (case,) = checked(junit(report)).iter("testcase")
    assert [child.tag for child in case] == ["system-out"]
    assert "known: refusal-is-acknowledged  (RFC 3261 17.1.1.2, 17.1.1.3): Ticket\\x1b 1\n" in (case[0].text or "")
