"""A report as one HTML file: what is in it, that it loads nothing, and that nothing from the network is markup."""

from __future__ import annotations

import re
from base64 import b64encode
from dataclasses import replace
from hashlib import sha256
from io import StringIO
from pathlib import Path
from unicodedata import category

import pytest

from responder.observe.clock import Clock
from responder.observe.records import MessageRecord
from responder.observe.report.html import html
from responder.observe.report.html_case import LONGEST, OCCASIONS
from responder.observe.report.matrix import DEVIATES, LESSER
from responder.observe.report.result import Report, report_of
from responder.observe.trace import TraceWriter, read_trace

from .cases import case, message, report, right, silent, swept
from .hostile import HOSTILE, hostile
from .page import Page


@pytest.fixture(scope="module")
def page() -> Page:
    return Page(html(swept()))


# what is in it


def test_the_verdict_stands_above(page: Page) -> None:
    (verdict,) = page.every("h1")
    assert verdict.text == "2 of 5 cases failed"
    assert page.every("title")[0].text == "2 of 5 cases failed · responder"
    (header,) = page.every("header")
    assert "phone sip:486@127.0.0.1" in header.text
    assert "2026-01-02 12:00:01 UTC" in header.text
    assert "1 MUST and 2 SHOULD broken" in header.text


def test_a_row_is_a_case_and_a_cell_says_what_it_means(page: Page) -> None:
    rows = [one for one in page.every("tr") if one.inside[-1].tag == "tbody"]
    assert [row.held[0].text for row in rows] == [
        "486 INVITE UDP",
        "404 INVITE UDP",
        "200 INVITE UDP",
        "200 INVITE compact UDP",
        "200 INVITE TCP",
    ]
    assert [row.held[1].text for row in rows] == ["✗ failed", "✗ failed", "✓ passed", "✓ passed", "✓ passed"]
    heads = [one.text for one in page.every("th") if one["scope"] == "col"]
    acks = [row.held[heads.index("acks")] for row in rows]
    assert [cell.text for cell in acks] == ["✗", "✗", "✓", "✓", "✓"]
    assert [cell.held[0]["aria-label"] for cell in acks[:3]] == [
        "486 INVITE plain UDP: acks broken, 1 rule",
        "404 INVITE plain UDP: acks broken, 1 rule",
        "200 INVITE plain UDP: acks kept",
    ]
    assert rows[2].held[heads.index("form")].text == "!"
    assert {one["scope"] for one in page.every("th")} == {"col", "row"}


def test_a_cell_leads_to_what_was_broken(page: Page) -> None:
    (rule,) = page.within("c1-acks", "article")
    assert rule.classes == ["rule", "fail"]
    assert [one.text for one in page.within("c1-acks", "code")] == ["refusal-is-acknowledged"]
    for part in ("✗ MUST", "RFC 3261 17.1.1.2", "Expected", "an ACK for the 486", "Actual", "none came"):
        assert part in rule.text
    links = [one["href"] for one in page.within("c1-acks", "a")]
    sections = [f"https://www.rfc-editor.org/rfc/rfc3261#section-17.1.1.{last}" for last in (2, 3)]
    assert links == [*sections, "#c1-m1", "#c1-m2"]


def test_what_does_not_count_is_told_apart(page: Page) -> None:
    rules = page.within("c3-form", "article")
    assert {(*rule.classes, rule["data-level"]) for rule in rules} == {("rule", "noted", "SHOULD")}
    assert LESSER.means.capitalize() in rules[0].text


def test_an_arrow_opens_its_message(page: Page) -> None:
    summaries = page.within("c1", "summary")
    assert [one.text.startswith(f"#{number}") for number, one in enumerate(summaries[:12], 1)] == [True] * 12
    invite = page.at("c1-m1")
    assert invite.inside[-1].tag == "details"
    assert "INVITE sip:bob@127.0.0.1 SIP/2.0\nVia:" in invite.text
    assert "Evidence that refusal-is-acknowledged was broken" in invite.text
    marked = [one.text.split()[0] for one in page.within("c1", "li", "evidence")]
    assert [mark[:2] for mark in marked] == ["#1", "#2"]


def test_a_message_is_stored_once() -> None:
    text = html(swept())
    assert len(re.findall("SIP/2.0 404 Not Found\n", text)) == 1
    page = Page(text)
    assert "the same as #2" in page.at("c2-m3").text
    assert [one["href"] for one in page.within("c2-m3", "a")] == ["#c2-m2"]


def test_how_the_client_left_and_what_it_printed(page: Page) -> None:
    assert "by itself, exit status 3" in page.at("c2").text
    (printed,) = page.within("c1", "details", "output")
    assert printed.text == "What the client printedcalling\nbusy\n"
    assert not page.within("c2", "details", "output")


def test_rules_that_were_kept_stand_where_their_marks_lead(page: Page) -> None:
    (kept,) = page.within("c4", "details", "kept")
    assert "success-is-acknowledged" in kept.text
    assert any(outer is kept for outer in page.at("c4-acks").inside)


def test_known_deviations_come_with_their_reasons() -> None:
    known = lambda case, judged: "bug 7 <b>" if judged.rule.id == "refusal-is-acknowledged" else ""  # noqa: E731
    page = Page(html(replace(report(case(silent()), known=known), stale=("486 INVITE: x <i>",))))
    assert page.every("h1")[0].text == "The case passed"
    (rule,) = page.within("c1-acks", "article")
    assert rule.classes == ["rule", "known"]
    assert f"{DEVIATES.means.capitalize()}: bug 7 <b>" in rule.text
    assert "486 INVITE: x <i>" in page.at("overview").text


def test_troubles_beside_the_rules() -> None:
    found = report(case([], how="not-started", status=None, output="no such file"), case([], "404", status=1))
    page = Page(html(found))
    assert [page.at(place)["class"] for place in ("c1", "c2")] == ["case error", "case no-call"]
    assert "the client could not be started" in page.at("c1").text
    assert "no call came; the client exited with 1" in page.at("c2").text
    assert "no call came" in page.at("overview").text
    assert "None was exchanged" in page.at("c2").text


def test_coverage(page: Page) -> None:
    shown = page.at("overview").text
    assert "3 of 77 exercised" in shown
    assert "responder sweep --methods SUBSCRIBE" in shown


def test_many_occasions_are_counted() -> None:
    one = silent()
    calls = [record for number in range(OCCASIONS + 3) for record in silent(number=number + 1)]
    page = Page(html(report(case(calls, status=1))))
    (rule,) = [rule for rule in page.within("c1-acks", "article") if "refusal-is-acknowledged" in rule.text]
    assert rule.text.count("none came") == OCCASIONS
    assert "… and 3 more occasions" in rule.text
    assert "Call-ID" in rule.text
    assert len(page.within("c1", "li", "begin")) == OCCASIONS + 3
    assert not Page(html(report(case(one)))).within("c1", "li", "begin")


def test_evidence_in_another_call_leads_there() -> None:
    """Of what was served, each call is a case; a rule across calls has its evidence in several."""
    first, second = silent(600), silent(600, number=2)
    later = [replace(record, time=record.time + 0.5) for record in second]
    records = sorted([*first, *later], key=lambda record: record.time)
    page = Page(html(report([*records])))
    links = {link["href"] for link in page.within("c2", "a")}
    assert any(link.startswith("#c1-m") for link in links)


def test_a_report_of_nothing() -> None:
    page = Page(html(Report((), "1.2")))
    assert page.every("h1")[0].text == "Nothing was judged"


# that it is one file, and the same for the same run


def every_report() -> list[Report]:
    return [swept(), Report((), "1.2"), hostile(HOSTILE[0]), report(case([], how="not-started", status=None))]


def test_links_lead_somewhere_and_ids_are_there_once() -> None:
    for one in every_report():
        page = Page(html(one))
        ids = [element["id"] for element in page.elements if element["id"]]
        assert len(ids) == len(set(ids))
        for element in page.elements:
            link = element["href"]
            if link.startswith("#"):
                assert link[1:] in ids
            elif link:
                assert re.fullmatch(r"https://www\.rfc-editor\.org/rfc/rfc\d+#section-[\w.]+", link)
            for name in ("aria-labelledby", "for"):
                assert set(element[name].split()) <= set(ids)


def test_nothing_is_loaded() -> None:
    for one in every_report():
        page = Page(html(one))
        tags = {element.tag for element in page.elements}
        assert not tags & {
            "link",
            "img",
            "iframe",
            "object",
            "embed",
            "base",
            "audio",
            "video",
            "source",
            "use",
            "image",
        }
        names = {name for element in page.elements for name in element.attributes}
        assert not [name for name in names if name.startswith("on") or name in ("src", "srcset", "style", "action")]
        (style,), (script,) = page.every("style"), page.every("script")
        assert "@import" not in style.text
        assert "url(" not in style.text
        (policy,) = [element["content"] for element in page.every("meta") if element["http-equiv"]]
        hashes = [b64encode(sha256(part.text.encode()).digest()).decode() for part in (style, script)]
        assert policy == (
            f"default-src 'none'; style-src 'sha256-{hashes[0]}'; script-src 'sha256-{hashes[1]}'; "
            "base-uri 'none'; form-action 'none'"
        )


def test_the_same_run_gives_the_same_bytes(tmp_path: Path) -> None:
    first, again = html(swept()), html(swept())
    assert first == again
    entries = [*case(silent(), output="\udcff"), *case(right(), "200")]
    written = StringIO()
    TraceWriter(written, clock=Clock(), version="1.2").write(entries)
    trace = tmp_path / "run.jsonl"
    trace.write_text(written.getvalue())
    read = html(report_of(read_trace(trace), version="1.2"))
    assert read == html(report_of(read_trace(trace), version="1.2"))
    assert Page(read).every("h1")[0].text == "1 of 2 cases failed"


# what comes from the network


@pytest.mark.parametrize("text", HOSTILE)
def test_whatever_comes_is_text(text: str) -> None:
    """The page has the elements and attributes that it has for harmless text, and nothing that cannot be seen."""
    made, harmless = html(hostile(text)), Page(html(hostile("harmless")))
    made.encode()
    found = Page(made)
    assert [(one.tag, [*one.attributes]) for one in found.elements] == [
        (one.tag, [*one.attributes]) for one in harmless.elements
    ]
    assert {category(character) for character in made} & {"Cc", "Cf", "Cs", "Zl", "Zp"} == {"Cc"}
    assert not set(made) & {chr(code) for code in (*range(32), *range(127, 160)) if code != 10}


def test_bytes_are_shown_as_what_they_are() -> None:
    found = report(case([message(b'INVITE sip:a@b SIP/2.0\r\nX: \xff\xc3\xa9\x00"<\r\n\r\nbody')]))
    assert 'X: \\xffé\\x00"<\n\nbody' in Page(html(found)).at("c1-m1").text


def test_large_messages_and_outputs_are_cut() -> None:
    large = b"INVITE sip:a@b SIP/2.0\r\n\r\n" + b"\xff" * 1_000_000
    text = html(report(case([message(large)], output="x" * 100_000 + "the end")))
    page = Page(text)
    assert f"… and {len(large) - LONGEST} more bytes" in page.at("c1-m1").text
    (printed,) = page.within("c1", "details", "output")
    assert printed.text.endswith("the end")
    assert f"{100_007 - LONGEST} characters before this …" in printed.text
    assert len(text) < 8 * LONGEST + 100_000


def test_a_report_is_about_as_large_as_its_trace() -> None:
    """With messages of 1 kB, as they are; raw bytes stand in it once."""
    padding = b"\r\nX-Padding: " + b"x" * 700
    records = [
        replace(record, data=record.data.replace(b"\r\n", padding + b"\r\n", 1))
        if isinstance(record, MessageRecord) and not record.retransmission
        else record
        for record in right()
    ]
    entries = [entry for number in range(60) for entry in case(records, str(200 + number))]
    written = StringIO()
    TraceWriter(written, clock=Clock(), version="1.2").write(entries)
    assert len(html(report(entries))) < 3 * len(written.getvalue())
