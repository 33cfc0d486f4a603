"""Scenario files as nodes with places: YAML 1.2 core (sections 3.2 and 10.3 of that specification), nothing evaluated.

Rules
1. `on`, `no`, `1:30`, `+1555` and `0123` stay the texts that were written; only plain decimal integers, true/false and
   null mean anything else.
2. A key twice, a tag, or a second document in a file is an error. Anchors and aliases work, with a bound on what they
   expand to.
3. The problems of all files are collected; a file with a syntax error has that one.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final

import yaml
from yaml.composer import Composer
from yaml.parser import Parser
from yaml.reader import Reader, ReaderError
from yaml.resolver import BaseResolver
from yaml.scanner import Scanner

from responder.scenario import slips
from responder.scenario.nodes import BOOLEAN, INTEGER, NULL, STRING, Mapping, Node, Place, Scalar, Sequence, Source
from responder.scenario.problems import Problems, did_you_mean
from responder.scenario.shipped import folder, names

LARGEST_FILE: Final = 256 * 1024
"""Bytes; a larger file is refused unread."""
MOST_NODES: Final = 50_000
"""Values in one file after its aliases are expanded."""
DEEPEST: Final = 64
"""Levels of nesting."""

_SMALLEST: Final = "the smallest flow is `steps: [100, 180, 200]`"
_breaks: Final = re.compile("\r\n|[\n\r\x85\u2028\u2029]")
_integer: Final = re.compile(r"-?[1-9][0-9]*|0").fullmatch
_WORDS: Final = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL"), NULL),
    **dict.fromkeys(("true", "True", "TRUE", "false", "False", "FALSE"), BOOLEAN),
}


@dataclass(frozen=True, slots=True, eq=False)
class Document:
    """One file that could be read."""

    source: Source
    stem: str
    """The file's name without folder and suffix: the name of the flow that does not name itself."""
    root: Node
    path: Path = field(default_factory=Path)
    """Where it lies, links resolved; the current folder where it is a text."""


def read(paths: Iterable[str | Path], problems: Problems) -> list[Document]:
    """The documents of these files, folders (their `*.yaml` and `*.yml`, sorted) and names of shipped flows."""
    documents = []
    for path in paths:
        for file, name in _files(path, problems):
            problems.reads(name)
            document = _read_file(file, name, problems)
            if document is not None:
                documents.append(document)
    return documents


def included_path(written: str, by: Document) -> Path:
    """Where a file lies that another one includes, links resolved: a path from that one's folder."""
    return ((by.path.parent if by.path.name else by.path) / written).resolve()


def read_included(written: str, by: Document, problems: Problems) -> Document | None:
    """A file that another one includes; None where it cannot be read, which is noted."""
    name = str(Path(by.source.name).parent / written) if by.path.name else written
    problems.reads(name)
    return _read_file(included_path(written, by), name, problems)


def read_list(path: str | Path, problems: Problems) -> tuple[Node, ...]:
    """The items of a file that is a list and no scenario; none (and problems noted) where it is something else."""
    problems.reads(str(path))
    document = _read_file(Path(path), str(path), problems, smallest="an empty list is `[]`")
    if document is None:
        return ()
    if not isinstance(document.root, Sequence):
        problems.add(document.root.place, "this file is a list", "begin each item with `- `")
        return ()
    return document.root.items


def read_text(
    text: str, problems: Problems, *, name: str = "<text>", stem: str = "scenario", smallest: str = _SMALLEST
) -> Document | None:
    """The document in a text, None (and problems noted) where it is not YAML; `smallest` says what to put where there
    is nothing."""
    source = Source(name, tuple(_breaks.split(text)))
    try:
        composer = _Composer(text)
        try:
            root = composer.get_single_node()
        finally:
            composer.dispose()
    except _TooDeepError as error:
        problems.add(_place(source, error.mark), f"nested more than {DEEPEST} levels deep", "flatten it")
        return None
    except _TaggedError as error:
        problems.add(
            _place(source, error.mark, error.length), f"a tag ({error.tag})", "leave it out: nothing here needs one"
        )
        return None
    except ReaderError as error:
        _unreadable(source, text, error, problems)
        return None
    except yaml.MarkedYAMLError as error:
        _syntax(source, error, problems)
        return None
    if root is None:
        problems.add_file(name, "the file is empty", smallest)
        return None
    converted = _Conversion(source, problems).node(root)
    return None if converted is None else Document(source, stem, converted)


def _files(path: str | Path, problems: Problems) -> list[tuple[Path, str]]:
    place = Path(path)
    if place.is_dir():
        found = sorted(file for file in place.iterdir() if file.suffix in (".yaml", ".yml"))
        if not found:
            problems.add_file(str(path), "no scenario file in this folder", "they end in .yaml or .yml")
        return [(file, str(file)) for file in found]
    if not place.exists() and str(path) in names():
        file = folder() / f"{path}.yaml"
        return [(file, file.name)]
    if not place.exists() and place.name == place.stem:
        problems.add_file(
            str(path),
            "neither a file nor a shipped flow",
            did_you_mean(place.name, names()) or "scenario files end in .yaml",
        )
        return []
    return [(place, str(path))]


def _read_file(file: Path, name: str, problems: Problems, *, smallest: str = _SMALLEST) -> Document | None:
    try:
        with file.open("rb") as stream:
            data = stream.read(LARGEST_FILE + 1)
    except OSError as error:
        problems.add_file(name, f"cannot be read: {error.strerror or error}")
        return None
    if len(data) > LARGEST_FILE:
        problems.add_file(name, f"larger than {LARGEST_FILE // 1024} KiB", "split it: each file is read on its own")
        return None
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        before = data[: error.start].decode("utf-8", "replace")
        lines = _breaks.split(before)
        source = Source(name, (*([""] * (len(lines) - 1)), lines[-1]))
        place = Place(source, len(lines), len(lines[-1]) + 1)
        problems.add(place, f"byte 0x{data[error.start]:02x} is not UTF-8", "save the file as UTF-8")
        return None
    document = read_text(text, problems, name=name, stem=file.stem, smallest=smallest)
    return None if document is None else replace(document, path=file.resolve())


class _TooDeepError(Exception):
    def __init__(self, mark: Any) -> None:
        self.mark = mark


class _TaggedError(Exception):
    def __init__(self, mark: Any, tag: str, length: int) -> None:
        self.mark = mark
        self.tag = tag
        self.length = length


class _Composer(Reader, Scanner, Parser, Composer, BaseResolver):
    """PyYAML's pure stages up to the tree, without any resolver: each plain scalar stays text."""

    def __init__(self, text: str) -> None:
        Reader.__init__(self, text)
        Scanner.__init__(self)
        Parser.__init__(self)
        Composer.__init__(self)
        BaseResolver.__init__(self)
        self._depth = 0

    def compose_node(self, parent: Any, index: Any) -> Any:
        event: Any = self.peek_event()  # type: ignore[no-untyped-call]
        if self._depth >= DEEPEST:
            raise _TooDeepError(event.start_mark)
        tag = getattr(event, "tag", None)
        if tag is not None:
            written = event.start_mark.buffer[event.start_mark.pointer :].split()[0]
            raise _TaggedError(event.start_mark, written, len(written))
        self._depth += 1
        try:
            return super().compose_node(parent, index)
        finally:
            self._depth -= 1

    def dispose(self) -> None:
        Parser.dispose(self)


def _place(source: Source, mark: Any, length: int = 1) -> Place:
    return Place(source, mark.line + 1, mark.column + 1, length)


class _Conversion:
    """From PyYAML's tree to ours. Counts what aliases expand to."""

    def __init__(self, source: Source, problems: Problems) -> None:
        self._source = source
        self._problems = problems
        self._count = 0
        self._open: set[int] = set()

    def node(self, node: Any) -> Node | None:
        self._count += 1
        if self._count == MOST_NODES + 1:
            self._problems.add(
                _place(self._source, node.start_mark), f"more than {MOST_NODES} values", "use fewer aliases"
            )
        if self._count > MOST_NODES:
            return None
        if id(node) in self._open:
            self._problems.add(_place(self._source, node.start_mark), "an alias inside its own anchor")
            return None
        self._open.add(id(node))
        try:
            if isinstance(node, yaml.ScalarNode):
                return self._scalar(node)
            if isinstance(node, yaml.SequenceNode):
                items = [item for item in map(self.node, node.value) if item is not None]
                return Sequence(self._place(node), tuple(items))
            return self._mapping(node)
        finally:
            self._open.discard(id(node))

    def _place(self, node: Any) -> Place:
        start, end = node.start_mark, node.end_mark
        length = (
            end.column - start.column if start.line == end.line else len(self._source.lines[start.line]) - start.column
        )
        return _place(self._source, start, max(1, length))

    def _scalar(self, node: yaml.ScalarNode) -> Scalar:
        text: str = node.value
        plain = not node.style
        kind = STRING
        if plain:
            kind = INTEGER if _integer(text) else _WORDS.get(text, STRING)
        return Scalar(self._place(node), text, kind, not plain)

    def _mapping(self, node: Any) -> Mapping:
        items: list[tuple[Scalar, Node]] = []
        seen: dict[str, Place] = {}
        for key_node, value_node in node.value:
            if not isinstance(key_node, yaml.ScalarNode):
                self._problems.add(
                    self._place(key_node), "a key must be a plain word", "quote it if it is meant as text"
                )
                continue
            key = self._scalar(key_node)
            if key.text in seen:
                line = seen[key.text].line
                self._problems.add(
                    key.place, f"'{key.text}' stands here twice (first in line {line})", "keep one of them"
                )
                continue
            seen[key.text] = key.place
            value = self.node(value_node)
            if value is not None:
                items.append((key, value))
        return Mapping(self._place(node), tuple(items))


_ADVICE: Final = (
    (r"found undefined alias", "quote a text that begins with *, such as '*97'"),
    (r"while scanning an? (?:alias|anchor)", "quote a text that begins with * or &, such as '*97#'"),
    (r"found character '\\t'", "indent with spaces: YAML takes no tabs there"),
    (r"found character '(.)' that cannot start", r"quote a text that begins with \1"),
    (r"found unexpected end of stream|while scanning a quoted scalar", "close the quotes"),
    (r"mapping values are not allowed", "quote a text that has ': ' in it, and look at the indentation"),
    (r"found duplicate anchor", "give each anchor a name of its own"),
    (r"expected the node content", "there is a value missing, or one comma too many"),
    (r"could not find expected ':'", "write `key: value`, with a space behind the colon"),
    (r"expected ',' or '[\]}]'", "look for a missing comma, bracket or brace"),
    (r"expected <block end>", "look at the indentation: items of one list stand in one column"),
    (r"expected a single document", "put each flow into a file of its own, or all of them under `rules:`"),
)


def _syntax(source: Source, error: yaml.MarkedYAMLError, problems: Problems) -> None:
    mark = error.problem_mark or error.context_mark
    words = " ".join(part for part in (error.context, error.problem) if part)
    fix = ""
    for pattern, advice in _ADVICE:
        found = re.search(pattern, words)
        if found:
            fix = found.expand(advice)
            break
    if "could not find expected ':'" in words and error.context_mark is not None:
        mark = error.context_mark
    line = source.lines[mark.line] if mark and mark.line < len(source.lines) else ""
    before = source.lines[mark.line - 1] if mark and mark.line else ""
    if "mapping values are not allowed" in words:
        fix = slips.two_colons(line, before) or fix
    if "could not find expected ':'" in words or "expected <block end>" in words:
        fix = slips.no_colon(line) or fix
    if "${" in line and "expected ',' or" in words:
        fix = 'quote it: inside [ ] and { } YAML takes the brace of ${ for its own, so write "${...}"'
    what = error.problem or words
    if "expected a single document" in words:
        what = "a second document in one file"
        mark = error.problem_mark
    if mark is None:
        problems.add_file(source.name, f"not YAML: {what}", fix)
    else:
        problems.add(_place(source, mark), f"not YAML: {what}" if "document" not in what else what, fix)


def _unreadable(source: Source, text: str, error: ReaderError, problems: Problems) -> None:
    before = _breaks.split(text[: error.position])
    place = Place(source, len(before), len(before[-1]) + 1)
    problems.add(place, f"not YAML: character U+{ord(text[error.position]):04X}", 'write it as an escape inside "..."')
