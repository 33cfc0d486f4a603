"""An outline as YAML that a person would write: short steps in a row, texts of several lines as blocks, few quotes."""

from __future__ import annotations

import re
from typing import Any, Final

from responder.importing.outline import Choice, Outline, Remark, Rule, Step

WIDTH: Final = 100
"""Columns; what is longer in one row gets lines of its own."""

_plain: Final = re.compile(r"[A-Za-z_/+$(][A-Za-z0-9_/+*$().;=@!?~^%<> -]*(?<! )").fullmatch
_plain_in_row: Final = re.compile(r"[A-Za-z_/+(][A-Za-z0-9_/+*$().;=@ -]*(?<! )").fullmatch
_digits: Final = re.compile(r"[0-9]{1,12}").fullmatch
_header_name: Final = re.compile(r"[A-Za-z][A-Za-z0-9_.+-]*").fullmatch
_duration: Final = re.compile(r"[0-9]+(\.[0-9]+)?(ms|s|m|h)").fullmatch
_method: Final = re.compile(r"[A-Za-z0-9_-]+").fullmatch
_words: Final = frozenset({"true", "false", "null", "yes", "no", "on", "off", "~"})
_controls: Final = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f]")


class Written:
    """The lines of a file, with the step that each belongs to."""

    def __init__(self, outline: Outline) -> None:
        self.lines: list[str] = []
        self.owners: list[tuple[int, int, Step]] = []
        """First and last line (from 1) of each step; what is inside of another comes before it."""
        self._outline(outline)

    @property
    def text(self) -> str:
        """The file."""
        return "".join(f"{line}\n" for line in self.lines)

    def owner(self, line: int) -> Step | None:
        """The innermost step that a line belongs to."""
        return next((step for first, last, step in self.owners if first <= line <= last), None)

    def _outline(self, outline: Outline) -> None:
        add = self.lines.append
        title = f' ("{outline.title}")' if outline.title else ""
        add(f"# Imported from {_one_line(outline.source)}, a scenario of SIPp{_one_line(title)}.")
        for aside in outline.asides:
            self._comment(aside, "")
        self._remarks(outline.remarks, "")
        single = len(outline.rules) == 1
        if single:
            self._keys({"name": outline.rules[0].name}, "")
        if outline.timers:
            self._keys({"timers": outline.timers}, "")
        if outline.users:
            self._keys({"users": outline.users}, "")
        if single:
            self._rule(outline.rules[0], "")
            return
        add("rules:")
        for rule in outline.rules:
            start = len(self.lines)
            self._keys({"name": rule.name}, "    ")
            self._rule(rule, "    ")
            self.lines[start] = "  - " + self.lines[start][4:]

    def _rule(self, rule: Rule, indent: str) -> None:
        if rule.match:
            self._keys({"match": rule.match}, indent)
        if rule.headers:
            self._keys({"headers": rule.headers}, indent)
        self._remarks(rule.remarks, indent)
        self._steps("steps", rule.steps, indent)
        if rule.meanwhile:
            self.lines.append(f"{indent}meanwhile:")
            for method, steps in rule.meanwhile.items():
                self._steps(method, steps, f"{indent}  ")
        if rule.cancel is not None:
            self._steps("cancel", rule.cancel, indent)

    def _comment(self, text: str, indent: str) -> None:
        line = ""
        for word in _one_line(text).split():
            if line and len(indent) + 2 + len(line) + 1 + len(word) > WIDTH:
                self.lines.append(f"{indent}# {line}")
                line = " "  # what goes on is set off
            line = f"{line} {word}" if line else word
        self.lines.append(f"{indent}# {line}")

    def _remarks(self, remarks: list[Remark], indent: str) -> None:
        for remark in dict.fromkeys(remarks):
            self._comment(str(remark), indent)

    def _steps(self, key: str, steps: list[Step], indent: str) -> None:
        """A key with steps, in a row where all of them are short."""
        row = self._row(steps)
        if row is not None and len(indent) + len(key) + 2 + len(row) <= WIDTH:
            self.lines.append(f"{indent}{key}: {row}")
            for step in steps:
                self.owners.append((len(self.lines), len(self.lines), step))
            return
        self.lines.append(f"{indent}{key}:")
        self._items(steps, f"{indent}  ")

    def _row(self, steps: list[Step]) -> str | None:
        shorts = [step.short for step in steps]
        return None if None in shorts else f"[{', '.join(map(str, shorts))}]"

    def _items(self, steps: list[Step], indent: str) -> None:
        for step in steps:
            self._remarks(step.remarks, indent)
            start = len(self.lines)
            if not step.keys:
                continue
            if Step(step.keys).short is not None:
                self.lines.append(f"{indent}- {Step(step.keys).short}")
            else:
                self._keys(step.keys, f"{indent}  ")
                self.lines[start] = f"{indent}- {self.lines[start][len(indent) + 2 :]}"
            self.owners.append((start + 1, len(self.lines), step))

    def _keys(self, keys: dict[str, Any], indent: str) -> None:
        for key, value in keys.items():
            name = key if _header_name(key) and key.lower() not in _words else _quoted(key)
            if isinstance(value, list) and value and isinstance(value[0], Step):
                self._steps(name, value, indent)
            elif isinstance(value, list) and value and isinstance(value[0], Choice):
                self._choices(name, value, indent)
            elif isinstance(value, list) and value and isinstance(value[0], list):
                self.lines.append(f"{indent}{name}:")
                for steps in value:
                    self._unordered(steps, f"{indent}  ")
            elif isinstance(value, str) and "\n" in value and _fits_block(value):
                self.lines.append(f"{indent}{name}: |{'' if value.endswith(chr(10)) else '-'}")
                self.lines += [f"{indent}  {line}" if line else "" for line in value.removesuffix("\n").split("\n")]
            elif isinstance(value, dict) and any(isinstance(inner, list) and inner and isinstance(inner[0], Step)
                                                 for inner in value.values()):  # fmt: skip
                self.lines.append(f"{indent}{name}:")
                self._keys(value, f"{indent}  ")
            else:
                self._value(name, value, indent)

    def _value(self, name: str, value: Any, indent: str) -> None:
        row = _flow(value)
        if not isinstance(value, dict | list) or len(indent) + len(name) + 2 + len(row) <= WIDTH - 20:
            self.lines.append(f"{indent}{name}: {row if isinstance(value, dict | list) else _scalar(value)}")
        elif isinstance(value, dict):
            self.lines.append(f"{indent}{name}:")
            self._keys(value, f"{indent}  ")
        else:
            self.lines.append(f"{indent}{name}:")
            self.lines += [f"{indent}  - {_flow(item)}" for item in value]

    def _choices(self, name: str, choices: list[Choice], indent: str) -> None:
        self.lines.append(f"{indent}{name}:")
        for choice in choices:
            row = self._row(choice.steps)
            weight = f"{choice.weight:g}"
            if row is not None and len(row) < WIDTH - 40:
                self.lines.append(f"{indent}  - {{weight: {weight}, steps: {row}}}")
                for step in choice.steps:
                    self.owners.append((len(self.lines), len(self.lines), step))
            else:
                self.lines.append(f"{indent}  - weight: {weight}")
                self._steps("steps", choice.steps, f"{indent}    ")

    def _unordered(self, steps: list[Step], indent: str) -> None:
        """A list of steps as an item of a list."""
        start = len(self.lines)
        self._items(steps, f"{indent}  ")
        while self.lines[start].lstrip().startswith("#"):
            self.lines[start] = self.lines[start][2:]
            start += 1
        self.lines[start] = f"{indent}- {self.lines[start][len(indent) + 2 :]}"


def _one_line(text: str) -> str:
    return _controls.sub(" ", text.replace("\n", " "))


def _fits_block(text: str) -> bool:
    return not _controls.search(text) and not text.startswith((" ", "\n")) and not text.endswith("\n\n")


def _flow(value: Any) -> str:
    if isinstance(value, dict):
        return "{" + ", ".join(f"{_key(key)}: {_flow(inner)}" for key, inner in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(_flow(item) for item in value) + "]"
    return _scalar(value, flow=True)


def _key(key: str) -> str:
    return key if _header_name(key) and key.lower() not in _words else _quoted(key)


def _scalar(value: Any, *, flow: bool = False) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if not isinstance(value, str):
        return f"{value:g}" if isinstance(value, float) else str(value)
    plain = _plain_in_row if flow else _plain
    if _duration(value) or _digits(value) or (plain(value) and value.lower() not in _words):
        return value
    return _quoted(value)


def _quoted(text: str) -> str:
    if "\\" in text or '"' in text:
        if "'" not in text and not _controls.search(text) and "\n" not in text:
            return f"'{text}'"
        text = text.replace("\\", "\\\\").replace('"', '\\"')
    text = text.replace("\n", "\\n").replace("\r", "\\r").replace("\t", "\\t")
    return '"' + _controls.sub(lambda found: f"\\x{ord(found[0]):02x}", text) + '"'
