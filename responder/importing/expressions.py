"""`<ereg>`: a POSIX regular expression on a part of a request, as a condition of `match` and `check`."""

from __future__ import annotations

import copy
import re
from dataclasses import dataclass
from typing import Any, Final

from responder.importing.keywords import header
from responder.importing.xml_source import Element
from responder.scenario.backtracking import objection
from responder.sip import header_names

_CLASSES: Final = {
    "alnum": "A-Za-z0-9",
    "alpha": "A-Za-z",
    "digit": "0-9",
    "xdigit": "0-9A-Fa-f",
    "upper": "A-Z",
    "lower": "a-z",
    "space": r"\s",
    "blank": r" \t",
    "punct": r"!-/:-@\[-`{-~",
    "cntrl": r"\x00-\x1f",
    "print": " -~",
    "graph": "!-~",
}
_class: Final = re.compile(r"\[:([a-z]+):\]")
_whole: Final = re.compile(r"\^?\(?(?:\.\*|\.\+)\)?\$?")
_run: Final = re.compile(r"\(?(?:\.|\[[^\]]*\])[*+]\)?")
_in_head: Final = re.compile(r"\^?(?:\\r)?(?:\\n)?([A-Za-z][A-Za-z-]+):\s*(?:\[\[:space:\]\]\*|\\s\*|\[ \]\*|\*)?")
_in_line: Final = re.compile(r"\^?(?:INVITE|REGISTER|SUBSCRIBE|OPTIONS|MESSAGE|\[A-Z\][*+]) ?(?= ?sip|\()")
_in_body: Final = re.compile(r"\^?\(?(?:[vosctma]=|Signal|Duration|<)")
_always: Final = frozenset({"from", "to", "via", "call-id", "cseq", "max-forwards"})


class UnfitError(Exception):
    """Why an expression has no counterpart."""


@dataclass(frozen=True, slots=True)
class Expression:
    """What is looked at, and what for."""

    where: str
    """A key of `match`: `header`, `uri`, `body`."""
    name: str
    """The header, empty for the others."""
    pattern: str
    line: bool = False
    """Whether it was written with the header's name, so that what it finds is a line of a message."""

    @property
    def whole(self) -> bool:
        """Whether it takes all that there is."""
        return bool(_whole.fullmatch(self.pattern))

    @property
    def copies(self) -> str:
        """KEY of the header that all of it is a copy of; empty where it is of none."""
        return header_names.key(self.name) if self.whole or (self.line and _run.fullmatch(self.pattern)) else ""

    @property
    def value(self) -> str:
        """The name for all of what is looked at."""
        return header(self.name) if self.name else f"${{request.{self.where}}}"

    @property
    def certain(self) -> bool:
        """Whether what is looked at is in every request."""
        return self.where == "uri" or is_certain(self.name)

    def fragment(self, test: Any) -> dict[str, Any]:
        """The condition as a part of `match`."""
        return {self.where: {self.name: test} if self.name else test}

    def condition(self, *, inverse: bool = False) -> dict[str, Any]:
        """That it is found, or not."""
        test: dict[str, Any] = {"present": True} if self.whole else {"regex": self.pattern}
        return self.fragment({"not": test} if inverse else test)

    def capture(self, names: list[str]) -> tuple[dict[str, Any], dict[str, str]]:
        """A condition that is true whether it is found or not, and the names for its groups; the first is the whole."""
        pattern = self.pattern
        for name in names[1:]:
            found = re.search(r"(?<!\\)\((?!\?)", pattern)
            if not found:
                break
            pattern = f"{pattern[: found.start()]}(?P<{name}>{pattern[found.end() :]}"
        pattern = f"(?P<{names[0]}>{pattern})"
        soft = f"{'(?s)' if self.where == 'body' else ''}^(?:.*?{pattern})?"
        chosen = soft if not objection(soft) else pattern
        return self.fragment({"regex": chosen}), {name: f"${{match.{name}}}" for name in names if f"<{name}>" in chosen}


def read(action: Element) -> Expression:
    """The expression of an `<ereg>`. Raises `UnfitError`."""
    pattern = _class.sub(lambda found: _CLASSES.get(found[1], found[1]), action.attributes.get("regexp", ""))
    where = action.the("search_in", "msg")
    if where == "hdr":
        name = action.the("header").rstrip(": ").strip()
        if not re.fullmatch(r"[A-Za-z0-9.!%*_+`'~-]+", name):
            if re.match(r"[A-Z]+$|[A-Z]+ sip", name):
                return _checked(Expression("uri", "", pattern))
            raise UnfitError(f"'{name}' is no header")
        if ":" not in action.the("header"):  # then what SIPp searches begins with the colon
            pattern = re.sub(r"^(\^?): ?\*?", r"\1", pattern)
        return _checked(Expression("header", name, pattern))
    if where == "body":
        return _checked(Expression("body", "", pattern))
    if where != "msg":
        raise UnfitError("only what a request says can be looked at")
    found = _in_head.match(pattern)
    if found and header_names.key(found[1]) != "sip":
        return _checked(Expression("header", found[1], pattern[found.end() :].lstrip() or ".*", line=True))
    found = _in_line.match(pattern)
    if found:
        return _checked(Expression("uri", "", re.sub(r" ?SIP/2\\?\.0.*$", "", pattern[found.end() :].lstrip())))
    if _in_body.match(pattern):
        return _checked(Expression("body", "", pattern))
    raise UnfitError("a message cannot be searched as a whole: say which header, or the body")


def is_certain(name: str) -> bool:
    """Whether every request has that header (RFC 3261 8.1.1)."""
    return header_names.key(name) in _always


def merge(match: dict[str, Any], fragment: dict[str, Any]) -> bool:
    """Add a condition to others; False where there is another one on the same thing."""
    for key, test in fragment.items():
        if isinstance(test, dict) and key == "header":
            inner = match.setdefault(key, {})
            if any(header_names.key(name) in map(header_names.key, inner) for name in test):
                return False
            inner.update(copy.deepcopy(test))
        elif key in match:
            return False
        else:
            match[key] = copy.deepcopy(test)
    return True


def _checked(expression: Expression) -> Expression:
    try:
        re.compile(expression.pattern)
    except (re.error, RecursionError) as error:
        raise UnfitError(f"the regular expression is not understood ({error})") from None
    why = objection(expression.pattern)
    if why and not expression.whole:
        raise UnfitError(f"the regular expression has {why}")
    return expression
