"""Dial-a-code: the user part of a URI read as a little script (`486`, `180.2s.486`, `503+Retry-After=5`, `503,busy`).

    script    =  attempt *( ("," / "#") attempt ) [ "#" ]     ; the last attempt serves all later ones, too
    attempt   =  name / ( token *( ("." / "*") token ) )     ; after a final response only the time until we hang up
    token     =  code *( "+" header "=" value ) / duration / digits   ; digits between "*" are seconds
    code      =  3DIGIT ; 100 to 699
    duration  =  1*DIGIT ("ms" / "s" / "m") / 1*2DIGIT "." 1*3DIGIT "s"

A value may hold %XX escapes, and dots that neither a code nor a duration follows. A phone has digits, * and # only:
`180*2*486`, `503#200`; it may send * and # as %2A and %23.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from responder.scenario.reading import seconds_of
from responder.sip.params import unescaped

LONGEST: Final = 256
"""Characters of a user part that are looked at."""
MOST_ATTEMPTS: Final = 16
MOST_TOKENS: Final = 32
LONGEST_WAIT: Final = 3600.0
"""Seconds."""

_SHOWN: Final = 40
"""Characters of an item that a note shows."""

_TOKEN: Final = (
    r"(?:[1-6][0-9]{2}(?![0-9A-Za-z])|[0-9]{1,2}\.[0-9]{1,3}s(?![0-9A-Za-z])|[0-9]{1,6}(?:ms|s|m)(?![0-9A-Za-z]))"
)
_name: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_-]*").fullmatch
_code: Final = re.compile(r"([1-6][0-9]{2})(?![0-9A-Za-z]|%(?!2[Aa]))")
_duration: Final = re.compile(r"([0-9]{1,2}\.[0-9]{1,3}s|[0-9]{1,6}(?:ms|s|m))(?![0-9A-Za-z])")
_digits: Final = re.compile(r"([0-9]{1,2})(?=\*|%2[Aa])")
_seconds: Final = re.compile(r"[0-9]{1,2}").fullmatch
_separator: Final = re.compile(r"\.|\*|%2[Aa]")
_needless: Final = re.compile(r"%(?:3[0-9]|[46][1-9A-Fa-f]|[57][0-9Aa])")
_header: Final = re.compile(rf"\+([A-Za-z0-9\-!%_`'~]+)=((?:[^+.*,#]|\.(?!{_TOKEN}))*)")
_attempts: Final = re.compile(r",|#|%23")
_begins_like_one: Final = re.compile(r"[1-6][0-9]{2}(?:[.*+,#]|%23)[0-9A-Za-z]").match
_control: Final = re.compile(r"[\x00-\x1f\x7f]").search


@dataclass(frozen=True, slots=True)
class DialledCode:
    """A response that was dialled."""

    status: int
    headers: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class DialledName:
    """A scenario that was dialled."""

    name: str


Attempt = DialledName | tuple["DialledCode | float", ...]
"""A scenario, or codes and waits in seconds."""


def parse_dial(user: str) -> tuple[Attempt, ...] | None:
    """What a raw user part (escapes as written) dials, an item an attempt; None where it is no script.

    Whether scenarios of those names exist is for the caller to see to.
    """
    if not user or len(user) > LONGEST:
        return None
    # RFC 3261 section 19.1.4: an escaped letter or digit is that letter or digit
    texts = _attempts.split(_needless.sub(lambda found: unescaped(found[0]), user))
    if len(texts) > 1 and not texts[-1]:
        texts.pop()  # phones send a final # where their user means "that was it"
    if len(texts) > MOST_ATTEMPTS:
        return None
    attempts = [_attempt(text) for text in texts]
    found = tuple(attempt for attempt in attempts if attempt is not None)
    return found if len(found) == len(attempts) else None


def looks_dialled(user: str) -> bool:
    """Whether a user part that is no script was probably meant as one."""
    return len(user) <= LONGEST and bool(_begins_like_one(user))


def objection(user: str) -> str:
    """What keeps a user part from being a script, in a few words; "" where that cannot be said."""
    for text in _attempts.split(user):
        if _attempt(text) is not None:
            continue
        final = ""
        for item in _separator.split(text):
            code = _code.match(item)
            if final and (code or not final.startswith("2")):
                return f"nothing can follow {final}" + (" but a time" if final.startswith("2") else "")
            if code and "+" in item and _headers(item, code.end())[0] is None:
                return f"'{item[code.end() :][:_SHOWN]}' is no +Name=value"
            if "+" in item:
                return ""  # the dots that follow may be those of a value
            if not code and not _duration.fullmatch(item) and not _seconds(item):
                return f"'{item[:_SHOWN]}' is neither a code nor a time"
            if code:
                final = code[1] if code[1] >= "200" else ""
    return ""


def _attempt(text: str) -> Attempt | None:
    if _name(text):
        return DialledName(text)
    tokens: list[DialledCode | float] = []
    at = 0
    final = 0
    while at < len(text):
        starred = False
        if tokens:
            separator = _separator.match(text, at)
            if separator is None or len(tokens) >= MOST_TOKENS:
                return None
            at = separator.end()
            starred = separator[0] != "."
        code = _code.match(text, at)
        if code:
            if final:
                return None  # nothing can follow a final response but the time until we hang up
            at = code.end()
            headers, at = _headers(text, at)
            if headers is None:
                return None
            tokens.append(DialledCode(int(code[1]), headers))
            final = int(code[1]) if int(code[1]) >= 200 else 0
            continue
        duration = _duration.match(text, at) or (_digits.match(text, at) if starred else None)
        if duration is None:
            return None
        written = duration[1]
        seconds = seconds_of(written if written[-1].isalpha() else f"{written}s")
        if seconds is None or seconds > LONGEST_WAIT or final >= 300:
            return None
        at = duration.end()
        tokens.append(seconds)
    return tuple(tokens) if any(isinstance(token, DialledCode) for token in tokens) else None


def _headers(text: str, at: int) -> tuple[tuple[tuple[str, str], ...] | None, int]:
    """The headers that follow a code, and where they end; None where one is malformed."""
    headers: list[tuple[str, str]] = []
    while at < len(text) and text[at] == "+":
        found = _header.match(text, at)
        if found is None:
            return None, at
        value = unescaped(found[2])
        if _control(value):
            return None, at  # an escaped CRLF must not become a header of its own
        headers.append((unescaped(found[1]), value))
        at = found.end()
    return tuple(headers), at
