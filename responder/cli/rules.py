"""`responder rules`: the rules that clients are judged by, as a list or explained one by one."""

from __future__ import annotations

import re
import sys
from argparse import ArgumentParser, Namespace
from collections.abc import Iterator, Sequence
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any

from responder.cli.exit_codes import Exit
from responder.cli.terminal import Terminal, wrapped

if TYPE_CHECKING:
    from responder.observe.rules.rule import Rule

_EXAMPLES = """\
examples:
  responder rules                         all of them, a line each
  responder rules refusal-is-acknowledged
                                          everything about one: the duty, what the RFC says, how a sweep exercises it,
                                          and what is said of a client that breaks it
  responder rules 'cancel-*'              those whose ids fit a pattern
  responder rules acks offer_answer       those of some areas
  responder rules RFC 3262                those that an RFC is behind
  responder rules RFC 3261 17.1.1         those of a section and what is below it
  responder rules Retry-After             those with some words in their ids or in what they say
  responder rules prack --long            explained, also when there are many
  responder rules acks --json | jq .says
"""
_RFC = re.compile(r"(?:RFC)?(\d{4})", re.IGNORECASE)
_SECTION = re.compile(r"\d{1,2}(?:\.\d+)*")


def configure(parser: ArgumentParser) -> None:
    """Add its arguments."""
    parser.epilog = _EXAMPLES
    parser.add_argument(
        "rules",
        metavar="RULE",
        nargs="*",
        help="an id, a pattern (ack-*), an area (acks), an RFC and section, or words",
    )
    parser.add_argument("--long", action="store_true", help="explain, also when there are many")
    parser.add_argument("--json", action="store_true", help="one line of JSON a rule, with everything there is to say")


def run(arguments: Namespace) -> int:
    """Print them; 2 for what no rule fits."""
    from responder.cli.terminal import terminal_of
    from responder.observe.rules.catalogue import rules

    every = rules()
    wanted = list(_together(arguments.rules)) or ["*"]
    chosen: dict[str, Rule] = {}
    for word in wanted:
        found = _matching(every, word)
        if not found:
            print(f"responder rules: no rule fits '{word}'{_advice(every, word)}", file=sys.stderr)
            return Exit.USAGE
        chosen.update({rule.id: rule for rule in found})
    terminal = terminal_of(sys.stdout)
    if arguments.json:
        from responder.observe.json_lines import encode

        for rule in chosen.values():
            print(encode(_described(rule)))
    elif arguments.long or len(chosen) == 1 or all(word in chosen for word in wanted):
        blank = ""
        for rule in chosen.values():
            print(blank + "\n".join(_explained(rule, terminal)))
            blank = "\n"
    else:
        width = max(map(len, chosen))
        for rule in chosen.values():
            print(f"{rule.id:<{width}}  {rule.level:<6}  {rule.cited:<24}  {rule.says}")
    return Exit.PASS


def _together(words: Sequence[str]) -> Iterator[str]:
    """The words, those that tell an RFC and its section (`RFC 3261 17.1.1`, `rfc3262`) put together."""
    left = " ".join(words).split()
    while left:
        word = left.pop(0)
        if word.upper() == "RFC" and left and left[0].isdigit():
            word = f"RFC{left.pop(0)}"
        found = _RFC.fullmatch(word)
        if found and left and _SECTION.fullmatch(left[0]):
            yield f"RFC {found[1]} {left.pop(0)}"
        else:
            yield f"RFC {found[1]}" if found else word


def _matching(every: Sequence[Rule], word: str) -> list[Rule]:
    """The rule of this id, else those of an area or RFC, else those that fit a pattern or have the word."""
    for fits in (
        lambda rule: rule.id == word,
        lambda rule: rule.area == word.replace("-", "_"),
        lambda rule: any(f"{section}.".startswith((f"{word} ", f"{word}.")) for section in rule.sections),
        lambda rule: fnmatchcase(rule.id, word),
        lambda rule: word.lower() in f"{rule.id} {rule.says.lower()}",
    ):
        found = [rule for rule in every if fits(rule)]
        if found:
            return found
    return []


def _advice(every: Sequence[Rule], word: str) -> str:
    from responder.scenario.problems import did_you_mean

    asked = did_you_mean(word, dict.fromkeys([*(rule.id for rule in every), *(rule.area for rule in every)]))
    return f" ({asked or 'responder rules lists them all'})"


def _described(rule: Rule) -> dict[str, Any]:
    """Everything there is to say of a rule, as JSON has it."""
    from responder.observe.rules.quotations import QUOTATIONS
    from responder.observe.rules.violations import violations
    from responder.sweep.exercises import EXERCISES, how_to_exercise

    quotation = QUOTATIONS.get(rule.id)
    return {
        "id": rule.id,
        "level": rule.level,
        "rfc": rule.rfc,
        "says": rule.says,
        "area": rule.area,
        "quotation": {"section": quotation.section, "text": quotation.text} if quotation else None,
        "swept": rule.id in EXERCISES,
        "exercised_by": how_to_exercise(rule.id),
        "violation": violations()[rule.id],
    }


def _explained(rule: Rule, terminal: Terminal) -> Iterator[str]:
    """One rule in full."""
    from responder.observe.ladder import plain

    told, width = _described(rule), min(terminal.width, 100)
    yield rule.id
    yield from wrapped("  ", "  ", f"{rule.level}, {rule.area}; {rule.cited}", width)
    yield from wrapped("  ", "  ", rule.says, width)
    if told["quotation"]:
        yield f"  {told['quotation']['section']} says:"
        yield from wrapped("    ", "    ", told["quotation"]["text"], width)
    if told["exercised_by"]:
        yield "  exercised by:" if told["swept"] else "  not exercised by a sweep:"
        yield from wrapped("    ", "    ", "responder sweep " * told["swept"] + told["exercised_by"], width)
    yield "  a violation:"
    for line in told["violation"]:
        yield f"    {plain(line) if terminal.ascii_only else line}"
