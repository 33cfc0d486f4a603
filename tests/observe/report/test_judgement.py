"""A judgement as text and as JSON."""

from __future__ import annotations

import json
import random
from pathlib import Path

from bench import BUSY, OK, Bench, Caller

from responder.observe.json_lines import encode
from responder.observe.records import Record
from responder.observe.report.explanation import OCCASIONS
from responder.observe.report.judgement import as_dict, lines
from responder.observe.report.result import Report, report_of

from ..rules.judging import records_of


def run(calls: int = 1) -> list[Record]:
    """Calls that are refused, and get no ACK; and one that goes well."""
    bench = Bench(BUSY)
    for number in range(1, calls + 1):
        bench.receive(Caller(number).invite("Allow: INVITE, ACK, BYE", "Supported: replaces"))
    bench.run(40)
    bench.book.plans["INVITE"] = (OK,)
    caller = Caller(calls + 1)
    bench.call(caller, "Allow: INVITE, ACK, BYE", "Supported: replaces")
    return records_of(bench.events)


def judged(records: list[Record]) -> Report:
    return report_of(records, version="1")


def text(report: Report, **options: bool) -> str:
    return "\n".join(lines(report, **options))


def test_what_was_broken_comes_with_its_messages() -> None:
    shown = text(judged(run())).splitlines()
    assert shown[0] == "MUST broken: refusal-is-acknowledged  (RFC 3261 17.1.1.2, 17.1.1.3)"
    assert "  expected  an ACK for the 486" in shown
    assert "  actual    none came  (Call-ID call-1@192.0.2.10)" in shown
    marked = [line.split() for line in shown if line.startswith("  >")]
    assert [(words[1], words[4]) for words in marked] == [("#1", "INVITE"), ("#2", "486")]
    assert shown[-1].startswith("2 calls, ")
    assert "1 MUST broken" in shown[-1]


def test_advice_is_given_where_all_is_asked_for() -> None:
    bench, caller = Bench(BUSY), Caller(uri="sip:486@127.0.0.1", to="<sip:486@127.0.0.1>")
    (*_, final) = bench.receive(caller.invite("Allow: INVITE, ACK, BYE", "Supported: unheard-of"))
    bench.receive(caller.ack_refusal(final))
    report = judged(records_of(bench.events))
    assert "supported-extensions-are-standards" not in text(report)
    assert "none broken" in text(report)
    assert "advice: supported-extensions-are-standards" in text(report, everything=True)


def test_the_report_in_the_documentation_is_what_is_printed() -> None:
    bench, caller = Bench(BUSY), Caller(uri="sip:486@127.0.0.1", to="<sip:486@127.0.0.1>")
    bench.receive(caller.invite("Allow: INVITE, ACK, BYE", "Supported: replaces"))
    bench.run(40)
    *shown, _, _ = lines(judged(records_of(bench.events)))
    page = Path(__file__).resolve().parents[3] / "docs" / "client-rules.md"
    assert "```text\n" + "\n".join(shown) + "\n```" in page.read_text("utf-8")


def test_many_occasions_are_counted() -> None:
    shown = text(judged(run(calls=OCCASIONS + 4)))
    assert shown.count("an ACK for the 486") == OCCASIONS
    assert "and 4 more occasions" in shown


def test_everything_lists_what_was_kept_and_what_was_not_exercised() -> None:
    shown = text(judged(run()), everything=True)
    assert "pass           MUST    success-is-acknowledged  (RFC 3261 13.2.2.4)" in shown
    assert "not-exercised  MUST    cancel-has-one-via  (RFC 3261 9.1)" in shown
    assert "cancel-has-one-via" not in text(judged(run()))


def test_ascii() -> None:
    assert text(judged(run()), ascii_only=True).isascii()


def test_json_has_every_rule_and_the_occasions_of_those_broken() -> None:
    found = json.loads(encode(as_dict(judged(run()))))
    assert found["summary"]["must_broken"] == 1
    assert sum(found["summary"][key] for key in found["summary"] if key not in ("calls", "messages")) == len(
        found["rules"]
    )
    (broken,) = [rule for rule in found["rules"] if rule["verdict"] == "fail"]
    assert broken["findings"] == [
        {
            "call_id": "call-1@192.0.2.10",
            "expected": "an ACK for the 486",
            "actual": "none came",
            "messages": [1, 2],
        }
    ]


def test_the_same_run_gives_the_same_bytes() -> None:
    records = run(3)
    first, second = judged(records), judged(list(records))
    assert encode(as_dict(first)) == encode(as_dict(second))
    assert text(first, everything=True) == text(second, everything=True)


def test_whatever_a_client_sends_is_judged() -> None:
    """No rule, and no report, fails for bytes that come: each message with bytes changed, dropped and put in."""
    chance = random.Random(5)
    for number in range(120):
        bench, caller = Bench(BUSY if number % 2 else OK), Caller(number + 1)
        bench.hostile = True
        for data in (caller.invite(), caller.ack(), caller.cancel(), caller.request("REGISTER"), caller.bye()):
            spoilt = bytearray(data)
            for _ in range(chance.randrange(6)):
                at = chance.randrange(len(spoilt))
                spoilt[at : at + chance.randrange(3)] = chance.choice([b"", b"\xff", b"\0", b";", b"<", b'"', b"\r\n"])
            bench.receive(bytes(spoilt))
        bench.run(40)
        judgement = judged(records_of(bench.events))
        assert text(judgement, everything=True)
        assert encode(as_dict(judgement)).isascii()
