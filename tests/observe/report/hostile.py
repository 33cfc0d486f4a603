"""What no report may take for anything but text."""

from __future__ import annotations

from dataclasses import replace

from responder.observe.judge import Judged
from responder.observe.records import Case, ClientRecord
from responder.observe.report.result import Report
from responder.observe.transcript import Seen

from .cases import case, malformed, message, note, report, silent

HOSTILE = (
    "</script></style></pre></title><script>alert(1)</script><img src=x onerror=alert(2)>",
    "\"><b onclick='alert(3)' x=\"&amp;&lt;&#60;",
    "]]><!--<svg onload=alert(4)>",
    "\u202egnp.exe\u2066\u200b\ufeff\u2028",
    "\x00\x07\x1b[31mred\x1b]0;title\x07\x7f\x85",
    "\udcff\udc80 \ud800 \U000e0041",
    "$title ${policy} %s {0}",
)
_RECORDS = (
    message(b"INVITE sip:harmless@x SIP/2.0\r\nCall-ID: harmless\r\nCSeq: 1 harmless\r\n\r\n"),
    message(b"SIP/2.0 486 harmless\r\nX: harmless\r\n\r\nharmless", received=False, note="harmless", time=0.1),
    note("harmless", time=0.2),
    malformed(b"harmless", "harmless", time=0.3),
)


def hostile(text: str) -> Report:
    """A report with this wherever a peer, a client or an author can put something, judged as if it were harmless."""
    found = report(case([*_RECORDS, *(replace(record, time=record.time + 1) for record in silent())]))
    (result,) = found.results
    data = text.encode("utf-8", "surrogatepass")
    said = {
        id(record): replace(
            record,
            **{
                name: value.replace("harmless", text) if isinstance(value, str) else value.replace(b"harmless", data)
                for name in ("data", "note", "what", "text")
                if (value := getattr(record, name, None)) is not None
            },
        )
        for record in result.records
    }
    made = replace(
        result,
        case=Case(text, text, text, text, text, text),
        judged=tuple(
            Judged(one.rule, tuple((text, replace(finding, expected=text, actual=text)) for _, finding in one.findings))
            for one in result.judged
        ),
        seen=tuple(Seen(one.number, said[id(one.record)], one.message) for one in result.seen),  # type: ignore[arg-type]
        records=tuple(said.values()),
        client=ClientRecord(50.0, 50.0, "exited", 1, f"{text}\n{text}"),
        command=text,
        problems=(text,),
        known={one.rule.id: text for one in result.judged if one.rule.level == "SHOULD"},
    )
    return Report((made,), text, text, (text,))
