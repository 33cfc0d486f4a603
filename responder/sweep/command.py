"""The command that starts a client: words with placeholders, filled for each case."""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from shutil import which
from typing import Final

from responder.errors import ResponderError
from responder.scenario.problems import did_you_mean, listed

PLACEHOLDERS: Final[Mapping[str, str]] = {
    "uri": "whom to call: `sip:486@127.0.0.1:34567`, with `;transport=tcp` for TCP",
    "user": "the user part of it, `486`",
    "host": "the host as a URI has it: IPv6 in brackets",
    "port": "the port",
    "transport": "`udp` or `tcp`",
    "code": "the code that is tried, empty for a dial string or a scenario",
    "method": "the method that is answered, `INVITE`",
}
"""What can stand in braces, and what it becomes."""

_OF_SHELLS: Final = frozenset({"|", "||", "&", "&&", ";", "<", ">", ">>", "2>", "2>&1"})
_token = re.compile(r"\{\{|\}\}|\$\{[^{}]*\}|\{([^{}]*)\}|\{")


class CommandError(ResponderError):
    """A client command that cannot be run; the text says what is wrong with it."""


@dataclass(frozen=True)
class Command:
    """A client command as its author wrote it."""

    text: str
    shell: bool = False
    """Whether a shell reads it; otherwise it is split into words as a shell splits them, and that is all."""

    def __post_init__(self) -> None:
        """`CommandError` with every mistake."""
        problems = [] if self.text.strip() else ["it is empty"]
        for found in _token.finditer(self.text):
            problems += self._objection(found)
        try:
            words = shlex.split(self.text)
        except ValueError as error:
            problems.append(f"{str(error).lower()}: quotes are read as a shell reads them")
            words = []
        if not self.shell:
            problems += [f"'{word}' is for a shell to read: give --shell" for word in words if word in _OF_SHELLS]
        program = words[0] if words else ""
        if program and not self.shell and not _token.search(program) and not problems and which(program) is None:
            problems.append(f"there is no program '{program}'{_advice(program)}")
        if problems:
            raise CommandError("\n".join(problems))

    def argv(self, values: Mapping[str, str]) -> list[str]:
        """The words of the process for a case."""
        if self.shell:
            return ["sh", "-c", _filled(self.text, values, quote=shlex.quote, shell=True)]
        return [_filled(word, values, quote=str, shell=False) for word in shlex.split(self.text)]

    def _objection(self, found: re.Match[str]) -> list[str]:
        text = found[0]
        if text in ("{{", "}}") or (text.startswith("$") and self.shell):
            return []
        name = (found[1] if found[1] is not None else text.strip("${}")) if text != "{" else None
        if name is None:
            return ["'{' without its '}': write {{ for a brace"]
        if name in PLACEHOLDERS:
            return []
        names = listed((f"{{{one}}}" for one in PLACEHOLDERS), last="and")
        question = did_you_mean(name, PLACEHOLDERS) or f"there are {names}; {{{{ is a brace"
        return [f"unknown placeholder {{{name}}}: {question}"]


def environment(values: Mapping[str, str]) -> dict[str, str]:
    """The same values as variables: `RESPONDER_URI`, `RESPONDER_USER`, ..."""
    return {f"RESPONDER_{name.upper()}": value for name, value in values.items()}


def _filled(text: str, values: Mapping[str, str], *, quote: Callable[[str], str], shell: bool) -> str:
    def fill(found: re.Match[str]) -> str:
        if found[0] in ("{{", "}}"):
            return found[0][0]
        if found[0].startswith("$"):
            return found[0] if shell else f"${quote(values[found[0][2:-1]])}"
        return quote(values[found[1]])

    return _token.sub(fill, text)


def _advice(program: str) -> str:
    if any(sign in program for sign in "|;&<>$="):
        return ": give --shell for what a shell has to read"
    return "" if "/" in program else " on the PATH"
