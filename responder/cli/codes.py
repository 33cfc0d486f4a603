"""`responder codes`: the registry of response codes, as a list or explained code by code."""

from __future__ import annotations

import re
import sys
from argparse import ArgumentParser, Namespace
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from responder.cli.exit_codes import Exit
from responder.cli.terminal import wrapped

if TYPE_CHECKING:
    from responder.registry import Registry

_EXAMPLES = """\
examples:
  responder codes                       all of them, a line each
  responder codes 4xx 60x               those of a class or a range of ten
  responder codes busy                  those with a word in the phrase
  responder codes 486                   everything about one: headers, where their values come from, a client's duties
  responder codes 401 --method REGISTER
  responder codes 299                   a code without a row: what a client takes it for
  responder codes 4xx --json | jq .phrase
"""
_PATTERN = re.compile(r"[1-6](\d\d|\dx|xx)", re.IGNORECASE)


def configure(parser: ArgumentParser) -> None:
    """Add its arguments."""
    parser.epilog = _EXAMPLES
    parser.add_argument(
        "codes", metavar="CODE", nargs="*", help="a code (486), a pattern (4xx, 48x) or a word of the phrase"
    )
    parser.add_argument("--method", metavar="NAME", help="show header values for the response to this method")
    parser.add_argument("--long", action="store_true", help="explain, also when there are many")
    parser.add_argument("--json", action="store_true", help="one line of JSON a code, with everything there is to say")


def run(arguments: Namespace) -> int:
    """Print them; 2 for a word that no code has."""
    from responder.cli.terminal import terminal_of
    from responder.registry import Registry

    registry = Registry.standard()
    words: list[str] = arguments.codes or ["1xx", "2xx", "3xx", "4xx", "5xx", "6xx"]
    method = arguments.method.upper() if arguments.method else None
    chosen: dict[int, None] = {}
    for word in words:
        found = list(_matching(registry, word))
        if not found:
            print(
                f"responder codes: no code fits '{word}' (expected 486, 48x, 4xx or a word such as busy)",
                file=sys.stderr,
            )
            return Exit.USAGE
        chosen.update(dict.fromkeys(found))
    explain = arguments.long or all(re.fullmatch(r"\d{3}", word) for word in words)
    width = min(terminal_of(sys.stdout).width, 100)
    for number, status in enumerate(chosen):
        if arguments.json:
            from responder.observe.json_lines import encode

            print(encode(registry.describe(status, method=method)))
        elif explain:
            text = "\n".join(_explained(registry.describe(status, method=method), width))
            print(f"\n{text}" if number else text)
        else:
            code = registry.get(status)
            mark = "" if code.iana == "registered" else f"  ({code.iana})"
            print(f"{status}  {code.phrase:<40}  {code.reference}{mark}")
    return Exit.PASS


def _matching(registry: Registry, word: str) -> Iterator[int]:
    if _PATTERN.fullmatch(word):
        if word.isdigit():
            yield int(word)
            return
        known = re.compile(word.lower().replace("x", r"\d"))
        yield from (code.status for code in registry.codes if known.fullmatch(str(code.status)))
    elif not word.isdigit():
        yield from (code.status for code in registry.codes if word.lower() in code.phrase.lower())


_Entry = tuple[str, list[str]]
"""A level, and lines of which those after the first stand deeper."""


def _explained(code: dict[str, Any], width: int) -> Iterator[str]:
    """One code in full, from `Registry.describe`."""
    yield f"{code['status']} {code['phrase']}"
    yield f"  {code['kind']}, {code['iana']}; {code['reference']}"
    ends = code["mid_dialog"]
    facts = {
        "methods": code["methods"],
        "sent by": code["sender"],
        "when": code["condition"],
        "dialog": code["dialog"],
        "mid-dialog": f"ends the {ends['ends']} ({ends['reference']})" if ends else "",
        "To tag": code["to_tag"],
    }
    for name, value in facts.items():
        if value:
            yield from wrapped(f"  {name + ':':<13}", " " * 15, value, width)
    sections: dict[str, list[_Entry]] = {
        "headers (MAY: where a scenario asks for it)": [_header(header) for header in code["headers"]],
        "body": [(part["level"], [part["value"], _aside(part)]) for part in code["body"]],
        "must not have": [("", [f"{ban['name']} {_aside(ban)}"]) for ban in code["forbidden"]],
        "a client": [_duty(duty) for duty in code["client"]],
    }
    for title, entries in sections.items():
        if entries:
            yield f"  {title}:"
        for level, lines in entries:
            head = f"    {level:<11}" if level else "    "
            blank = " " * len(head)
            for number, line in enumerate(filter(None, lines)):
                yield from wrapped(f"{blank}  " if number else head, f"{blank}    " if number else blank, line, width)
    if code["notes"]:
        yield from wrapped(f"  {'note:':<13}", " " * 15, code["notes"], width)


def _header(header: dict[str, Any]) -> _Entry:
    values = [f"{header['name']}: {value}" for value in header["example"]] or [header["name"]]
    return header["level"], [*values, f"{header['value']} {_aside(header)}"]


def _duty(duty: dict[str, Any]) -> _Entry:
    seen = f"seen in: {duty['observe']}" if duty["observe"] else ""
    within = f"within: {duty['within']}" if duty["within"] else ""
    return duty["level"], [f"{duty['text']} {_aside(duty)}", seen, within]


def _aside(entry: dict[str, Any]) -> str:
    """Reason, condition, methods and reference in brackets, where there are any."""
    parts = [entry.get("why"), entry.get("when"), entry.get("methods"), entry["reference"]]
    return f"({'; '.join(part for part in parts if part and part != 'any')})"
