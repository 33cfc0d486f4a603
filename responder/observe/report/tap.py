"""A report as TAP with a block of YAML for what did not pass.

It says version 13, which all harnesses take (some refuse a 14), and is as version 14 wants it, too. A case whose broken
rules are all known is `not ok ... # TODO`, as TAP calls what is expected to fail.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from json import JSONEncoder
from typing import Final

from responder.observe.printable import printable
from responder.observe.report.case_names import CaseNames
from responder.observe.report.case_text import against, in_brief, ladders, output
from responder.observe.report.result import KNOWN, Report, Result

_quoted: Final = JSONEncoder(ensure_ascii=False).encode
"""A text without control characters as YAML, too, writes it in quotes (YAML 1.2 section 7.3.1)."""


def tap(report: Report) -> str:
    """The document."""
    names = CaseNames(report.results)
    lines = ["TAP version 13", f"1..{len(report.results)}"]
    for number, result in enumerate(report.results, 1):
        lines += _test_point(result, number, names.name(result))
    return "".join(f"{line}\n" for line in lines)


def _test_point(result: Result, number: int, name: str) -> Iterator[str]:
    plain = f"{number} - {_escaped(name)}"
    if result.outcome == KNOWN:
        reasons = "; ".join(dict.fromkeys(printable(reason) for reason in result.known.values()))
        yield f"not ok {plain} # TODO {_escaped(reasons)}".rstrip()
        return
    yield f"{'ok' if result.passed else 'not ok'} {plain}"
    if not result.passed:
        yield "  ---"
        yield f"  message: {_quoted(in_brief(result))}"
        yield f"  outcome: {result.outcome}"
        yield f"  duration_ms: {result.duration * 1000:.3f}"
        yield from _sequence("rules", (one.rule.id for one in result.failures))
        yield from _sequence("text", against(result))
        yield from _sequence("ladder", ladders(result))
        yield from _sequence("client", output(result))
        yield "  ..."


def _escaped(text: str) -> str:
    """A description: `#` would begin a directive, and a backslash an escape."""
    return text.replace("\\", "\\\\").replace("#", "\\#")


def _sequence(key: str, lines: Iterable[str]) -> Iterator[str]:
    found = [printable(line) for line in lines]
    if found:
        yield f"  {key}:"
        yield from (f"    - {_quoted(line)}" for line in found)
