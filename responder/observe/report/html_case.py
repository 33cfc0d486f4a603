"""One case of a report as HTML: what was broken, with its evidence; the ladder, whose arrows open the messages."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Final

from responder.observe.clock import iso
from responder.observe.judge import FAIL, Judged
from responder.observe.ladder import Rung, place, rungs, seconds
from responder.observe.records import MalformedRecord, MessageRecord, NoteRecord
from responder.observe.report.case_names import phrase_of, target
from responder.observe.report.excerpt import label
from responder.observe.report.explanation import count
from responder.observe.report.html_matrix import OUTCOMES, STYLES, area_name, way_of
from responder.observe.report.html_text import citations, message, output, text
from responder.observe.report.matrix import BROKEN, mark_of
from responder.observe.report.result import Result
from responder.observe.report.svg import arrow
from responder.observe.report.trouble import troubles_of
from responder.observe.rules.rule import Finding

OCCASIONS: Final = 10
"""How many occasions of one rule are shown; the others are counted."""
LONGEST: Final = 16_384
"""Bytes of a message, and characters of a client's output, that are shown; the others are counted."""

_RANKS: Final = list(STYLES)
_ENDS: Final = {"exited": "by itself", "ended": "by responder"}


def html_case(number: int, result: Result, places: Mapping[int, str]) -> str:
    """The section of a case; `number` counts the cases from 1, `places` is what `places` makes of all of them."""
    return "".join(_Case(number, result, places).parts())


def places(results: Iterable[Result]) -> dict[int, str]:
    """Where the messages of a report stand in the page, by the `id` of their `Seen`: other calls refer to them."""
    return {id(seen): f"c{number}-m{seen.number}" for number, one in enumerate(results, 1) for seen in one.seen}


class _Case:
    """One section under way."""

    def __init__(self, number: int, result: Result, places: Mapping[int, str]) -> None:
        self._id = f"c{number}"
        self._result = result
        self._areas: dict[str, list[Judged]] = {}
        for one in result.judged:
            if one.findings:
                self._areas.setdefault(one.rule.area, []).append(one)
        self._numbers = {id(seen.record): seen.number for seen in result.seen}
        self._rungs = rungs(result.records)
        self._references = {
            seen.number: f'<a href="#{places[id(seen)]}">#{seen.number} {text(label(seen))}</a>'
            for seen in (*result.seen, *result.elsewhere)
            if id(seen) in places
        }
        self._several = len({getattr(record, "call_id", "") for record in result.records} - {""}) > 1
        self._begun: set[str] = set()
        self._proves: dict[int, list[Judged]] = {}
        for one in result.broken:
            for shown in dict.fromkeys(n for _, finding in one.failures for n in finding.messages):
                self._proves.setdefault(shown, []).append(one)

    def parts(self) -> Iterator[str]:
        """All of it."""
        case, result = self._result.case, self._result
        phrase = phrase_of(case.code) if target(result) == case.code else ""
        mark, word = OUTCOMES[result.outcome]
        about = " · ".join(text(part) for part in (case.method, way_of(result)) if part)
        yield (
            f'<section class="case {result.outcome}" id="{self._id}" aria-labelledby="{self._id}-is">'
            f'<div class="top"><p class="back"><a href="#matrix">← all cases</a></p>'
            f'<h2 id="{self._id}-is" tabindex="-1">{text(target(result))} {text(phrase)} <small>{about}</small></h2>'
            f'</div><dl class="facts"><dt>Outcome<dd><b class="outcome {result.outcome}">{mark} {word}</b>'
        )
        yield from self._facts()
        yield "</dl>"
        yield from (f'<p class="trouble">{text(trouble)}</p>' for trouble in troubles_of(result))
        for area, judged in sorted(self._areas.items(), key=lambda one: self._rank(one[1])):
            if any(one.verdict == FAIL for one in judged):
                yield f'<section class="area" id="{self._id}-{area}"><h3>{area_name(area)}</h3>'
                for one in sorted(judged, key=lambda one: self._rank([one])):
                    if one.verdict == FAIL:
                        yield from self._rule(one)
                yield "</section>"
        yield from self._ladder()
        yield from self._output()
        yield from self._kept()
        yield "</section>\n"

    def _facts(self) -> Iterator[str]:
        case, result = self._result.case, self._result
        if case.dial and case.dial != case.code:
            yield f"<dt>Dialled<dd><code>{text(case.dial)}</code>"
        if case.scenario:
            yield f"<dt>Scenario<dd>{text(case.scenario)}"
        if result.command:
            yield f"<dt>Client<dd><code>{text(result.command)}</code>"
        if result.client is not None:
            status = "" if result.exit_status is None else f", exit status {result.exit_status}"
            yield f"<dt>Ended<dd>{_ENDS.get(result.client.how, 'it was not started')}{status}"
        yield f"<dt>Took<dd>{seconds(result.duration)}, {count(len(result.seen), 'message')}"

    def _rank(self, judged: Sequence[Judged]) -> int:
        """The worst comes first."""
        return _RANKS.index(mark_of(self._result, judged))

    def _rule(self, judged: Judged) -> Iterator[str]:
        rule, failures = judged.rule, judged.failures
        mark = mark_of(self._result, [judged])
        yield (
            f'<article class="rule {STYLES[mark]}" data-level="{rule.level}">'
            f'<h4><b class="level">{mark.sign} {rule.level}</b> '
            f"<code>{text(rule.id)}</code> {citations(rule.sections)}</h4><p>{text(rule.says)}</p>"
        )
        if mark is not BROKEN:
            why = self._result.known.get(rule.id, "")
            yield f'<p class="why">{mark.means.capitalize()}{": " if why else ""}{text(why)}</p>'
        for call_id, finding in failures[:OCCASIONS]:
            yield from self._occasion(call_id, finding)
        if len(failures) > OCCASIONS:
            yield f'<p class="more">… and {count(len(failures) - OCCASIONS, "more occasion")}</p>'
        yield "</article>"

    def _occasion(self, call_id: str, finding: Finding) -> Iterator[str]:
        yield f"<dl><dt>Expected<dd>{text(finding.expected)}<dt>Actual<dd>{text(finding.actual)}"
        if finding.messages:
            yield "<dt>Evidence<dd>" + ", ".join(
                self._references.get(number, f"#{number}") for number in finding.messages
            )
        if call_id and self._several:
            yield f"<dt>Call-ID<dd><code>{text(call_id)}</code>"
        yield "</dl>"

    def _ladder(self) -> Iterator[str]:
        wired = [one.record for one in self._rungs if isinstance(one.record, MessageRecord | MalformedRecord)]
        if not wired:
            yield '<h3>Messages</h3><p class="nothing">None was exchanged.</p>'
        else:
            first = wired[0]
            yield (
                '<h3>Messages <button type="button" hidden>Open all</button></h3>'
                '<p class="hint">An arrow opens its message. <b class="mark">◆</b> is evidence of what was broken.</p>'
                '<div class="ladder"><p class="ends">'
                f"<span><b>client</b> {text(place(first.remote))}</span>"
                f"<span><b>responder</b> {text(place(first.local))} {text(first.transport.lower())}</span></p><ol>"
            )
            earlier: dict[bytes, int] = {}
            for rung in self._rungs:
                yield from self._rung(rung, earlier)
            yield "</ol></div>"

    def _rung(self, rung: Rung, earlier: dict[bytes, int]) -> Iterator[str]:
        record = rung.record
        if isinstance(record, MessageRecord | MalformedRecord):
            yield from self._call(record)
            yield from self._message(rung, record, earlier)
        elif isinstance(record, NoteRecord):
            yield f'<li class="note"><p>{text(rung.label)}</p>'
        else:
            call = f"call {record.call}: " if self._several else ""
            yield f'<li class="end"><span class="at">{rung.time:.3f}</span><p>{call}{text(rung.label)}</p>'

    def _call(self, record: MessageRecord | MalformedRecord) -> Iterator[str]:
        """Where there are several calls, the beginning of each."""
        if self._several and isinstance(record, MessageRecord) and record.call_id not in self._begun:
            self._begun.add(record.call_id)
            call = f"call {record.call}, " if record.call else ""
            yield f'<li class="begin"><p>{call}Call-ID {text(record.call_id)}</p>'

    def _message(self, rung: Rung, record: MessageRecord | MalformedRecord, earlier: dict[bytes, int]) -> Iterator[str]:
        number = self._numbers[id(record)]
        proves = self._proves.get(number, [])
        first = earlier.setdefault(record.data, number)
        style = f' class="evidence {STYLES[mark_of(self._result, proves)]}"' if proves else ""
        yield (
            f'<li{style}><details><summary><span class="number">#{number}</span>'
            f'<span class="at">{rung.time:.3f}</span>{arrow(rung, record)}</summary>'
            f'<div class="message" id="{self._id}-m{number}">'
        )
        if proves:
            rules = ", ".join(f'<a href="#{self._id}-{one.rule.area}">{text(one.rule.id)}</a>' for one in proves)
            yield f'<p><b class="mark">◆</b> Evidence that {rules} {"was" if len(proves) == 1 else "were"} broken</p>'
        yield f"<p>{iso(record.wall)}, {count(len(record.data), 'byte')}"
        if first != number:
            yield f', the same as <a href="#{self._id}-m{first}">#{first}</a></p>'
        else:
            yield f"</p><pre>{message(record.data, LONGEST)}</pre>"
            if len(record.data) > LONGEST:
                yield f'<p class="more">… and {count(len(record.data) - LONGEST, "more byte")}</p>'
        yield "</div></details>"
        yield from (f'<p class="remark">{text(remark)}</p>' for remark in rung.remarks)

    def _output(self) -> Iterator[str]:
        if self._result.client is None or not self._result.client.output.strip():
            return
        printed = self._result.client.output
        left_out = max(0, len(printed) - LONGEST)
        yield '<details class="output"><summary>What the client printed</summary>'
        if left_out:
            yield f'<p class="more">{count(left_out, "character")} before this …</p>'
        yield f"<pre>{output(printed, LONGEST)}</pre></details>"

    def _kept(self) -> Iterator[str]:
        """The rules that were kept; for an area of which none was broken, it is where its mark leads."""
        kept = {area: [one.rule.id for one in judged if one.verdict != FAIL] for area, judged in self._areas.items()}
        if any(kept.values()):
            yield f'<details class="kept"><summary>{count(sum(map(len, kept.values())), "rule")} kept</summary><dl>'
            for area, ids in kept.items():
                if ids:
                    whole = len(ids) == len(self._areas[area])
                    place = f' id="{self._id}-{area}"' if whole else ""
                    yield f"<dt{place}>{area_name(area)}<dd>{', '.join(map(text, ids))}"
            yield "</dl></details>"
