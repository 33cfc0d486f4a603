"""What comes from a network, a client's output or a name in a file breaks no form of report, whatever it is."""

from __future__ import annotations

import json
import random
import re
from collections.abc import Callable
from dataclasses import replace
from functools import cache

import pytest
from bench import BUSY, Bench, Caller

from responder.observe.json_lines import encode
from responder.observe.records import Case, CaseRecord, ClientRecord, EndRecord, Entry, NoteRecord
from responder.observe.report.github import workflow_commands
from responder.observe.report.html import html
from responder.observe.report.json_report import as_dict, schema
from responder.observe.report.judgement import lines as judgement_lines
from responder.observe.report.junit import junit
from responder.observe.report.markdown import LIMIT, markdown
from responder.observe.report.result import Report, report_of
from responder.observe.report.table import lines as table_lines
from responder.observe.report.tap import tap

from ..rules.judging import records_of
from .json_schema import errors
from .test_github import parsed
from .test_junit import checked
from .test_tap import points

NASTY = (
    "\x1b[31mred\x1b[0m \x00 \x07 \x7f \x85 \x9b31m",
    "\n::error::@evil\n##[error]@evil\r\n::add-mask::x",
    "<script>alert(1)</script> <img src=x onerror=alert(1)> & \" ' ]]> <![CDATA[ --> <!--",
    "``` ` `` @evil #1 [evil](http://evil.example) **b** | a \\| b \\\\| <details>\n```\n</details>",
    "\udcff\ud800\udfff \ufffe\uffff \u202e\u2028\u2029\ufeff \U0001f600 \U000e0001",
    "# TODO SKIP\n  ...\n---\nnot ok 1\n  - {a: b}",
    "%0A%3A, :::: %s {} ${x} $1 {{x}}",
    "x" * 100_000,
    "",
)


@cache
def _reports() -> tuple[Report, ...]:
    return (*(_swept(chance) for chance in range(4)), *(_served(chance) for chance in range(4)))


def _records(seed: int) -> list[Entry]:
    """A call whose messages, and a note, have what is nasty in them."""
    chance = random.Random(seed)
    bench = Bench(BUSY)
    bench.hostile = True
    for number in range(1, 5):
        caller = Caller(number)
        for data in (caller.invite(), caller.ack(), caller.request("REGISTER"), caller.bye()):
            spoilt = data
            for _ in range(3):
                at = chance.randrange(len(spoilt))
                more = chance.choice(NASTY)[:20_000].encode("utf-8", "surrogatepass")
                spoilt = spoilt[:at] + more + spoilt[at:]
            bench.receive(chance.choice([data, spoilt, data.replace(b"alice", b"<b>`|@evil")]))
    bench.run(40)
    found: list[Entry] = [*records_of(bench.events)]
    return [*found, *(NoteRecord(40.0, 40.0, 1, "log", text) for text in NASTY), EndRecord(41.0, 41.0)]


def _told(report: Report) -> Report:
    """With what is nasty in everything that stands beside the messages."""
    results = tuple(replace(result, problems=(*result.problems, *NASTY)) for result in report.results)
    return Report(results, "1", command=NASTY[0] + NASTY[2], stale=NASTY)


def _swept(seed: int) -> Report:
    entries: list[Entry] = []
    for number, text in enumerate(NASTY):
        other = NASTY[(number + seed) % len(NASTY)]
        case = Case(text if seed else "486", other, other or "INVITE", text, text or "plain", text if seed > 1 else "")
        how, status = ("not-started", None) if number % 3 == 1 else ("exited", number)
        entries += [CaseRecord(0.0, 1.7e9, case, text), *(_records(seed + number) if number % 3 == 0 else [])]
        entries += [ClientRecord(41.0, 1.7e9 + 41, how, status, other)]
    return _told(report_of(entries, version="1", known=lambda case, judged: text if judged.rule.level == "MAY" else ""))


def _served(seed: int) -> Report:
    return _told(report_of(_records(100 + seed), version="1"))


reports = pytest.mark.parametrize("number", range(8))


def _is_a_line(line: str) -> None:
    assert line.isprintable(), line
    assert len(line) < 1200


@reports
def test_the_terminal(number: int) -> None:
    for ascii_only in (False, True):
        for lines in (table_lines, judgement_lines):
            for line in lines(_reports()[number], ascii_only=ascii_only):
                _is_a_line(line)
                assert not ascii_only or line.isascii()


@reports
def test_json(number: int) -> None:
    text = encode(as_dict(_reports()[number]))
    assert text.isascii()
    found = json.loads(text)
    assert [*errors(found, schema(), schema())] == []
    json.dumps(found, ensure_ascii=False).encode()


@reports
def test_junit(number: int) -> None:
    names = [(case.get("classname"), case.get("name")) for case in checked(junit(_reports()[number])).iter("testcase")]
    assert len({*names}) == len(names) == len(_reports()[number].results)


@reports
def test_tap(number: int) -> None:
    assert len(points(tap(_reports()[number]))) == len(_reports()[number].results)


@reports
def test_markdown(number: int) -> None:
    text = markdown(_reports()[number])
    assert len(text.encode()) <= LIMIT
    markup = re.sub(r"^(`{3,})text\n.*?^\1\n", "", text, flags=re.MULTILINE | re.DOTALL)
    markup = re.sub(r"<code>[^<]*</code>", "", markup)
    markup = re.sub(r"(?<!`)(`+)(?!`)[^\n]*?(?<!`)\1(?!`)", "", markup)
    assert markup.count("<details>") == markup.count("</details>")
    assert not re.search(r"@|evil|alert|[`\[\x00-\x09\x0b-\x1f]|!\[", markup), markup
    assert {*re.findall(r"<[^>]*>", markup)} <= {"<details>", "</details>", "<summary>", "</summary>"}
    columns = [line.count("|") for line in markup.splitlines() if line.startswith("|")]
    assert len({*columns}) <= 2  # those of the rules, and those of the cases


@reports
def test_github(number: int) -> None:
    for line in workflow_commands(_reports()[number]):
        _, title, text = parsed(line)
        _is_a_line(title)
        for inner in text.split("\n"):
            _is_a_line(inner)


@reports
def test_html(number: int) -> None:
    text = html(_reports()[number])
    text.encode()
    assert "<script>alert" not in text
    assert "<img" not in text
    assert not re.search(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202e]", text)


@pytest.mark.parametrize("form", [junit, tap, markdown, html, lambda report: encode(as_dict(report))])
def test_the_same_run_gives_the_same_bytes(form: Callable[[Report], str]) -> None:
    assert form(_served(1)) == form(_served(1))
    assert form(_swept(2)) == form(_swept(2))
