"""A broken rule in words: what it says, what was expected, what came, and the messages that show it.

The one place that says so in text: for `responder judge`, the reports and the Python API.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from textwrap import wrap
from typing import Final

from responder.observe.ladder import plain, strokes
from responder.observe.printable import printable
from responder.observe.report.by_rule import Occasion, RuleVerdict
from responder.observe.report.excerpt import excerpt
from responder.observe.report.listing import listed
from responder.observe.report.result import Result
from responder.observe.rules.rule import MAY

OCCASIONS: Final = 3
"""How many occasions of one rule are shown in a case; the others are counted."""
LONGEST: Final = 1000
"""Characters of a line, most of all of what a peer wrote; the rest is cut."""
_MOST_CASES: Final = 60
"""Cases that are listed by name."""
MORE: Final = ("responder rules ID", "explains a rule, with the words of its RFC")
"""Where there is more to read of a rule: the command, and what it does."""


def explained(
    broken: RuleVerdict,
    *,
    name: Callable[[Result], str] | None = None,
    most: int = OCCASIONS,
    width: int = 100,
    ascii_only: bool = False,
) -> Iterator[str]:
    """The lines on a rule that was broken, with at most `most` occasions.

    `name`: what a case is called; without it, each occasion goes by its Call-ID.
    """
    rule, ellipsis = broken.rule, strokes(ascii_only=ascii_only).ellipsis
    heading = f"{'advice' if rule.level == MAY else f'{rule.level} broken'}: {rule.id}"
    apart = len(heading) + len(rule.cited) + 4 > width
    yield from (heading, f"  ({rule.cited})") if apart else (f"{heading}  ({rule.cited})",)
    yield from wrap(rule.says, width, initial_indent="  ", subsequent_indent="  ")
    cases = broken.results
    if name is not None and len(cases) > 1:
        yield from cases_in_words([name(result) for result in cases], width=width, ascii_only=ascii_only)
    for occasion in broken.broken[:most]:
        yield from _occasion(occasion, name, ascii_only)
    more = len(broken.broken) - most
    if more > 0:
        yield f"  {ellipsis} and {count(more, 'more occasion')}"


def cases_in_words(names: list[str], *, width: int, ascii_only: bool) -> Iterator[str]:
    """`  in 3 cases: 400 INVITE, 401 INVITE, 402 INVITE`, wrapped."""
    ellipsis = strokes(ascii_only=ascii_only).ellipsis
    more = [f"{ellipsis} {len(names) - _MOST_CASES} more"] if len(names) > _MOST_CASES else []
    for line in listed(f"in {count(len(names), 'case')}:", [*names[:_MOST_CASES], *more], width=width):
        yield safe(line, ascii_only=ascii_only)


def _occasion(occasion: Occasion, name: Callable[[Result], str] | None, ascii_only: bool) -> Iterator[str]:
    result, finding = occasion.result, occasion.finding
    where = name(result) if name is not None else f"Call-ID {occasion.call_id}" if occasion.call_id else ""
    yield safe(f"  expected  {finding.expected}", ascii_only=ascii_only)
    yield safe(f"  actual    {finding.actual}" + (f"  ({where})" if where else ""), ascii_only=ascii_only)
    seen = sorted((*result.seen, *result.elsewhere), key=lambda one: one.number)
    for line in excerpt(seen, finding.messages, ascii_only=ascii_only):
        yield f"  {safe(line, ascii_only=ascii_only)}"


def safe(line: str, *, ascii_only: bool = False) -> str:
    """A line that no peer's text in it can break, nor make endless."""
    drawn = strokes(ascii_only=ascii_only)
    text = printable(line[: LONGEST + 1]).rstrip()
    text = text if len(text) <= LONGEST else text[:LONGEST] + drawn.ellipsis
    return plain(text) if ascii_only else text


def count(number: int, what: str) -> str:
    """`1 case`, `2 cases`."""
    return f"{number} {what}{'' if number == 1 else 's'}"
