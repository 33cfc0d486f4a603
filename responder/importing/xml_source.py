"""A scenario of SIPp read as XML: its elements with their lines, and what is wrong with it as `ScenarioError`.

Rules
1. Nothing outside the file is read, and no entity is declared: a DOCTYPE may name SIPp's DTD, which nobody opens.
2. What SIPp reads although XML forbids it is read: `--` in comments; `<`, `&` and an escaped quote in the value of an
   attribute; space before the declaration; no declared encoding.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any, Final
from xml.parsers import expat

from responder.scenario.problems import Problem, ScenarioError

LARGEST: Final = 1024 * 1024
"""Bytes that a file may have."""
DEEPEST: Final = 32
"""Levels of elements."""

_comment: Final = re.compile(rb"<!--(.*?)-->|<!\[CDATA\[.*?\]\]>", re.DOTALL)
_dashes: Final = re.compile(rb"-(?=-)|-\Z")
_attribute: Final = re.compile(
    rb"<!--.*?-->|<!\[CDATA\[.*?\]\]>"
    rb"|(?P<before>\s[A-Za-z_]+\s*=\s*(?P<quote>[\"']))(?P<value>(?:\\.|(?!(?P=quote)).)*)(?P=quote)",
    re.DOTALL,
)
_ampersand: Final = re.compile(rb"&(?!(?:amp|lt|gt|quot|apos|#[0-9]+|#x[0-9a-fA-F]+);)")
_encoding: Final = re.compile(rb"<\?xml[^>]*encoding")


@dataclass(slots=True, eq=False)
class Element:
    """One element."""

    tag: str
    attributes: dict[str, str]
    line: int
    children: list[Element] = field(default_factory=list)
    text: str = ""
    """The text in it, that of its children left out."""

    def the(self, name: str, default: str = "") -> str:
        """The value of an attribute, without the space around it."""
        return self.attributes.get(name, default).strip()

    def says(self, name: str) -> bool:
        """Whether an attribute is true."""
        return self.the(name).lower() in ("true", "1", "yes")


def read(data: bytes, file: str) -> Element:
    """The root element of a file. Raises `ScenarioError` for what is not XML, or no scenario."""
    return _Reading(data, file).root()


class _Reading:
    def __init__(self, data: bytes, file: str) -> None:
        self._file = file
        self._lines = data.decode("utf-8", "replace").splitlines()
        self._data = data
        self._stack: list[Element] = []
        self._root: Element | None = None
        self._before = 0
        self._parser: Any = None

    def root(self) -> Element:
        if len(self._data) > LARGEST:
            raise self._problem(0, 0, f"larger than {LARGEST // 1024} KiB", "")
        data = self._data.removeprefix(b"\xef\xbb\xbf")
        text = data.lstrip()
        self._before = data[: len(data) - len(text)].count(b"\n")
        text = _comment.sub(_plain_comment, text)
        try:
            self._parse(text)
        except ScenarioError:
            mended = _attribute.sub(_escaped, text)
            if mended == text:
                raise
            self._root, self._stack = None, []
            self._parse(mended)
        assert self._root is not None, "expat has found no root and said nothing"
        if self._root.tag != "scenario":
            what = f"the root is <{self._root.tag}>"
            raise self._problem(self._root.line, 1, what, "a scenario of SIPp is a <scenario>")
        return self._root

    def _parse(self, text: bytes) -> None:
        parser = expat.ParserCreate(None if _encoding.match(text) or _is_utf8(text) else "ISO-8859-1")
        self._parser = parser
        parser.StartElementHandler = self._start
        parser.EndElementHandler = self._end
        parser.CharacterDataHandler = self._characters
        parser.EntityDeclHandler = self._entity
        parser.SkippedEntityHandler = self._skipped
        parser.buffer_text = True
        try:
            parser.Parse(text, True)
        except expat.ExpatError as error:
            what = expat.ErrorString(error.code)
            fix = "write &amp; for & and &lt; for <" if error.code == 4 else ""
            raise self._problem(error.lineno + self._before, error.offset + 1, what, fix) from None
        except (LookupError, ValueError) as error:
            raise self._problem(1, 1, str(error), "") from None

    def _here(self) -> int:
        line: int = self._parser.CurrentLineNumber
        return line + self._before

    def _refuse(self, what: str, fix: str) -> ScenarioError:
        return self._problem(self._here(), self._parser.CurrentColumnNumber + 1, what, fix)

    def _start(self, tag: str, attributes: dict[str, str]) -> None:
        if len(self._stack) >= DEEPEST:
            raise self._refuse(f"more than {DEEPEST} levels", "scenarios of SIPp have four")
        element = Element(tag, attributes, self._here())
        if self._stack:
            self._stack[-1].children.append(element)
        else:
            self._root = element
        self._stack.append(element)

    def _end(self, tag: str) -> None:
        self._stack.pop()

    def _characters(self, text: str) -> None:
        self._stack[-1].text += text

    def _entity(self, name: str, *_: object) -> None:
        raise self._refuse(f"the entity '{name}' is declared", "write its text where it is used")

    def _skipped(self, name: str, _: bool) -> None:
        raise self._refuse(f"the entity '&{name};' is not known", "write its text")

    def _problem(self, line: int, column: int, what: str, fix: str) -> ScenarioError:
        source = self._lines[line - 1] if 0 < line <= len(self._lines) else ""
        return ScenarioError([Problem(self._file, line, column, what, fix, source)])


def _plain_comment(found: re.Match[bytes]) -> bytes:
    """A comment without dashes that XML forbids in it; as long as it was."""
    inner = found[1]
    return found[0] if inner is None else b"<!--" + _dashes.sub(b" ", inner) + b"-->"


def _escaped(found: re.Match[bytes]) -> bytes:
    """The value of an attribute as XML wants it; what is in CDATA or a comment is left alone."""
    if found["value"] is None:
        return found[0]
    value = _ampersand.sub(b"&amp;", found["value"]).replace(b"<", b"&lt;").replace(b'\\"', b"&quot;")
    return found["before"] + value + found["quote"]


def _is_utf8(data: bytes) -> bool:
    try:
        data.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True
