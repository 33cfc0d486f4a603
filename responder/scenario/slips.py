"""What an author meant who wrote something else: advice for the slips that are made most often.

Every function gives how to mend it, "" where nothing better is known than what the language takes.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

from responder.scenario import value_types as t
from responder.scenario.language import TABLE
from responder.scenario.problems import did_you_mean
from responder.sip.methods import METHODS

_OTHER_WORDS: Final = {
    "answer": "respond",
    "code": "respond",
    "delay": "wait",
    "header": "headers",
    "if": "match",
    "loop": "repeat",
    "note": "log",
    "pause": "wait",
    "phrase": "reason",
    "print": "log",
    "random": "choose",
    "receive": "expect",
    "recv": "expect",
    "reply": "respond",
    "request": "send",
    "response": "respond",
    "sleep": "wait",
    "status": "respond",
    "timeout": "within",
    "var": "set",
    "when": "match",
}
"""Words of other tools, and what they are called here."""
_UNITS: Final = {
    "ms": ("ms", "msec", "msecs", "millis", "millisecond", "milliseconds"),
    "s": ("s", "sec", "secs", "second", "seconds"),
    "m": ("m", "min", "mins", "minute", "minutes"),
    "h": ("h", "hour", "hours"),
}
_time: Final = re.compile(r"([0-9]+(?:\.[0-9]+)?)\s*([A-Za-z]+)").fullmatch
_code_and_phrase: Final = re.compile(r"([1-6][0-9][0-9])\s+(.+)").fullmatch
_key_and_value: Final = re.compile(r"([A-Za-z_]+)\s*[:\s]\s*(.+)").fullmatch
_code: Final = re.compile(r"[1-6][0-9][0-9]").fullmatch
_number: Final = re.compile(r"[0-9]+(\.[0-9]+)?").fullmatch
_header: Final = re.compile(r"([A-Za-z][A-Za-z0-9-]*):\s*(\S.*)").fullmatch
_list_in_a_text: Final = re.compile(r"-\S+(\s+-\S+)*").fullmatch
_address: Final = re.compile(r"(?:sips?|tel):", re.IGNORECASE).match


def word(written: str, known: Iterable[str]) -> str:
    """The question for the word of ours that is nearest: by its meaning, else by its letters."""
    known = tuple(known)
    meant = _OTHER_WORDS.get(written.lower(), "")
    return f"did you mean '{meant}'?" if meant in known else did_you_mean(written, known)


def duration(written: str) -> str:
    """For a time with a space in it, or with a unit that is spelt out."""
    found = _time(written)
    unit = next((unit for unit, names in _UNITS.items() if found and found[2].lower() in names), "")
    return f"did you mean {found[1]}{unit}?" if found and unit else ""


def step(written: str, known: Iterable[str], *, quoted: bool) -> str:
    """For a text in the place of a step."""
    if quoted and _code(written):
        return f"a status code is a number, so without quotes: {written}"
    if _list_in_a_text(written):
        return "write a space behind each dash"
    if duration(written):
        return duration(written)
    known = tuple(known)
    found = _code_and_phrase(written)
    if found:
        return f"did you mean {{respond: {found[1]}, reason: {found[2]}}}?"
    found = _key_and_value(written)
    if found:
        name = next((name for name in known if word(found[1], known) == f"did you mean '{name}'?"), "")
        name = found[1] if found[1] in known else name
        if name:
            unit = "s" if name == "wait" and _number(found[2]) else ""
            return f"did you mean `{name}: {found[2]}{unit}`?"
    return method_as_step(written) or word(written, known)


def step_key(written: str, known: Iterable[str]) -> str:
    """For a key of a step that no step has."""
    if _code(written):
        return f"did you mean `respond: {written}`?"
    return method_as_step(written) or word(written, known)


def method_as_step(written: str) -> str:
    """For a method that stands where a step should."""
    if written.upper() not in METHODS:
        return ""
    name = written.upper()
    if name in ("ACK", "CANCEL", "PRACK"):
        return f"`expect: {name}` waits for one"
    return f"`expect: {name}` waits for one, `send: {name}` sends one"


def scalar(written: str, takes: str) -> str:
    """For a text where something else was wanted; `takes` is the name of the type."""
    if takes in ("steps", "unordered"):
        if _list_in_a_text(written):
            return "write a space behind each dash"
        return f"did you mean [{written}]?" if _code(written) else ""
    if takes == "match" and written in METHODS:
        return f"did you mean {{method: {written}}}?"
    if takes in ("headers", "tests"):
        found = _header(written)
        return f"did you mean {{{found[1]}: {found[2]}}}?" if found else ""
    if takes in ("duration", "wait", "range"):
        return duration(written)
    found = _code_and_phrase(written)
    if takes == "code" and found:
        return f"did you mean {found[1]}, with `reason: {found[2]}` beside it?"
    if takes == "cancel":
        return did_you_mean(written, ("fail", "ignore"))
    if takes == "methods" and _code(written):
        return "a response is awaited by `send`, with `expect` beside it"
    return ""


def collection(takes: str, *, is_list: bool) -> str:
    """For a list in the place of a mapping, or a mapping in the place of a list."""
    if is_list:
        return "leave out the dashes: a line `name: value` each" if takes in ("headers", "tests", "match") else ""
    return "begin each with a dash: `- `" if takes in ("steps", "rules", "unordered", "choices") else ""


def method(written: str, options: Iterable[str]) -> str:
    """For a text with spaces where a method was wanted: an option that belongs into a line of its own."""
    words = written.split()
    if len(words) > 2 and words[1] in tuple(options):
        return f"write `{words[1]}: {' '.join(words[2:])}` in a line of its own, below {words[0].strip(',;')}"
    return ""


def user(written: str, name: str) -> str:
    """For a whole address where the user part is compared."""
    if not _address(written) and "@" not in written:
        return ""
    if name in ("from", "to"):
        return f"did you mean {{uri: '{written}'}}?"
    return "it is the part before the @: `uri` and `host` are keys of their own"


_two_colons: Final = re.compile(r"\s*(?:- )?(?P<key>[\w-]+):\s+(?P<name>[\w-]+):\s+(?P<value>.*\S)\s*").fullmatch
_dash: Final = re.compile(r"\s*-[^\s-]").match
_indentation: Final = re.compile(r"[ ]*(?:- )?").match
_TEXT_KEYS: Final = frozenset(key.name for key in TABLE if key.type is t.TEXT)
"""Keys whose value may well be a text with a colon in it."""


def two_colons(line: str, before: str) -> str:
    """For a line that YAML refuses because of a colon: a mapping without braces, or a line that stands too deep."""
    found = _two_colons(line)
    if found and found["key"] not in _TEXT_KEYS:
        return f"did you mean `{found['key']}: {{{found['name']}: {found['value']}}}`?"
    own, above = (_indentation(text) for text in (line, before))
    if own and above and ":" in before and own.end() > above.end():
        return f"it stands deeper than the line above: begin it in column {above.end() + 1}"
    return ""


def no_colon(line: str) -> str:
    """For a line that YAML took for a key without a colon."""
    return "write a space behind the dash" if _dash(line) else ""
