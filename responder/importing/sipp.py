"""A UAS scenario of SIPp (XML) as a scenario file of ours.

What our UAS does by itself is left out. What has no counterpart becomes a comment with the line of the XML and the
reason; the file that comes out loads in any case: a step that the compiler refuses becomes a comment, too.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

from responder.errors import ResponderError
from responder.importing.actions import Actions
from responder.importing.expressions import is_certain, merge
from responder.importing.keywords import header
from responder.importing.outline import Choice, Outline, Remark, Rule, Step
from responder.importing.sending import Sending
from responder.importing.shapes import methods_of, never_sent
from responder.importing.variables import State, UndecidedError
from responder.importing.walk import Walk
from responder.importing.xml_source import Element, read
from responder.importing.yaml_text import Written
from responder.scenario.compiler import load_text
from responder.scenario.problems import Problem, ScenarioError

MOST_RULES: Final = 64
"""Rules that one scenario may become."""
_COMMANDS: Final = frozenset({"send", "recv", "pause", "timewait", "nop", "sendCmd", "recvCmd"})
_SILENT: Final = frozenset(
    {"label", "Reference", "ResponseTimeRepartition", "CallLengthRepartition", "Global", "User", "init"}
)
"""Elements that no message comes from: statistics, and names of variables."""
_ROUNDS: Final = 60
_reference: Final = re.compile(r"\$\{(vars|match)\.([A-Za-z0-9_-]+)")
_used: Final = re.compile(r"\[\$([\w.-]+)\]")


@dataclass(frozen=True, slots=True)
class Imported:
    """What came of a file."""

    text: str
    """The YAML."""
    elements: int
    """Commands and actions of the XML."""
    remarks: tuple[Remark, ...]
    """What has no counterpart."""

    @property
    def left_over(self) -> list[int]:
        """The lines of the XML that have no counterpart."""
        return sorted({remark.line for remark in self.remarks})

    @property
    def summary(self) -> str:
        """A line on how much of it there is."""
        lines = self.left_over
        if not lines:
            return f"all {self.elements} elements have a counterpart"
        have = "has" if len(lines) == 1 else "have"
        where = f"line{'' if len(lines) == 1 else 's'} {', '.join(map(str, lines))}"
        return f"{len(lines)} of {self.elements} elements {have} no counterpart: {where}"


def import_sipp(data: bytes, file: str) -> Imported:
    """Turn a scenario of SIPp. `file` is its path, for messages. Raises `ScenarioError` where it is none for a UAS."""
    root = read(data, file)
    elements = [child for child in root.children if child.tag in _COMMANDS or child.tag not in _SILENT]
    outline = _Importing(root, elements, file).outline()
    text = _loadable(outline)
    return Imported(text, sum(map(_count, elements)), tuple(_remarks(outline)))


def _count(element: Element) -> int:
    return 1 + sum(len(group.children) for group in element.children)


class _Importing:
    def __init__(self, root: Element, elements: list[Element], file: str) -> None:
        self._root = root
        self._elements = elements
        self._file = file
        self._labels = self._read_labels()
        stem = re.sub(r"[^A-Za-z0-9_-]+", "-", re.sub(r".*[/\\]|\.[A-Za-z]+$", "", file)).strip("-") or "sipp"
        self._stem = stem if re.match("[A-Za-z_]", stem) else f"sipp-{stem}"
        name = re.split(r"[/\\]", file)[-1]
        self._outline = Outline(name, root.the("name"))
        self._tested = {
            element.the(key) for element in elements for key in ("test", "condexec") if element.the(key)
        } | {
            action.the(key)
            for element in elements
            for group in element.children
            for action in group.children
            if action.tag in ("test", "strcmp")
            for key in ("variable", "variable2")
        }
        self._asides: dict[str, set[int]] = {}

    def _read_labels(self) -> dict[str, int]:
        labels: dict[str, int] = {}
        at = 0
        for child in self._root.children:
            if child.tag == "label":
                labels[child.the("id")] = at
            elif child.tag in _COMMANDS or child.tag not in _SILENT:
                at += 1
        return labels

    def outline(self) -> Outline:
        """All of it."""
        state = State()
        before = Actions(self._tested)
        said: list[Step] = []
        for child in self._root.children:
            for command in child.children if child.tag == "init" else ():
                before.run(-1, command, state, {}, {}, said)
        at = self._first(state, before, said)
        self._outline.remarks += [remark for step in said for remark in step.remarks]
        for index in self._alternatives(at):
            element = self._elements[index]
            onward = index + 1
            if element.says("optional") and element.the("next") in self._labels:
                onward = self._labels[element.the("next")]
            self._rules(index, onward, state)
        self._name()
        for what, lines in self._asides.items():
            where = f"line{'' if len(lines) == 1 else 's'} {', '.join(map(str, sorted(lines)))}"
            self._outline.asides.append(f"Left out: {what}, {where}.")
        return self._outline

    def _first(self, state: State, actions: Actions, said: list[Step]) -> int:
        """The request that a call begins with."""
        for at, element in enumerate(self._elements):
            if element.tag == "recv" and element.the("request"):
                return at
            if element.tag == "nop":
                actions.run(-1, element, state, {}, {}, said)
            elif element.tag == "send" and not any(later.the("request") for later in self._elements[at:]):
                self._refuse(element, "this is no UAS: it begins with a request and waits for none")
            elif element.tag not in ("pause", "timewait"):
                what = "what is sent before a request has come" if element.tag == "send" else f"<{element.tag}>"
                said.append(Step({}, [Remark(element.line, f"{what} has no place in what answers calls")]))
        self._refuse(self._root, "no request is waited for")
        return 0

    def _refuse(self, element: Element, what: str) -> None:
        fix = "only scenarios that answer calls can be imported"
        raise ScenarioError([Problem(self._file, element.line, 1, what, fix)])

    def _alternatives(self, at: int) -> Iterator[int]:
        """The requests that a call may begin with."""
        while at < len(self._elements):
            element = self._elements[at]
            if not element.the("request"):
                return
            optional = element.says("optional") or element.the("optional") == "global"
            if not optional or element.the("request") not in ("ACK", "CANCEL", "BYE", "PRACK"):
                yield at
            else:
                text = f"no call begins with {element.the('request')}"
                self._outline.remarks.append(Remark(element.line, text))
            if not optional:
                return
            at += 1

    def _rules(self, at: int, onward: int, state: State) -> None:
        """The rules for calls that begin with this element's request: more than one where the request decides."""
        if len(self._outline.rules) >= MOST_RULES:
            text = f"more than {MOST_RULES} ways; these are left out"
            self._outline.remarks.append(Remark(self._elements[at].line, text))
            return
        try:
            rule = self._rule(at, onward, state)
        except UndecidedError as undecided:
            for truth in (True, False):
                inside = state.copy()
                inside.decided[undecided.condition] = truth
                self._rules(at, onward, inside)
            return
        self._outline.rules.append(rule)

    def _rule(self, at: int, onward: int, state: State) -> Rule:
        element = self._elements[at]
        rule = Rule()
        actions = Actions(self._tested)
        sending = Sending(self._elements, actions)
        walk = Walk(self._elements, self._labels, rule, actions, sending)
        methods = methods_of(element)
        rule.match = {"method": methods[0] if len(methods) == 1 else methods if len(methods) < 14 else "any"}
        if not methods:
            self._refuse(element, f"'{element.the('request')}' matches no method")
        for condition, holds in state.decided.items():
            if holds and not merge(rule.match, condition.fragment):
                rule.remarks.append(Remark(element.line, "two conditions on one header: only one is asked"))
        state = state.copy()
        check: dict[str, Any] = {}
        head: list[Step] = []
        actions.run(at, element, state, rule.match, check, head, first=True)
        walk.note_request(methods, state)
        if element.the("timeout") not in ("", "0"):
            sending.aside(
                element.line, "the timeout of the first request (a rule waits for its calls as long as it runs)"
            )
        loops = set(methods) <= {"OPTIONS", "REGISTER", "MESSAGE", "PUBLISH"}
        steps = walk.whole(onward, state, stops=frozenset({at}) if loops else frozenset())
        rule.steps = [*([Step({"check": check})] if check else []), *head, *steps]
        _captures(rule, actions)
        _tidy(rule)
        if rule.match["method"] == "INVITE":
            del rule.match["method"]
        for what, lines in sending.asides.items():
            self._asides.setdefault(what, set()).update(lines)
        self._outline.timers.update(sending.timers)
        self._outline.users.update(actions.users)
        return rule

    def _name(self) -> None:
        rules = self._outline.rules
        seen: set[str] = set()
        for rule in rules:
            method = rule.match.get("method", "INVITE")
            which = method.lower() if isinstance(method, str) else "any"
            base = name = self._stem if len(rules) == 1 else f"{self._stem}-{which}"
            number = 2
            while name in seen:
                name = f"{base}-{number}"
                number += 1
            seen.add(name)
            rule.name = name


def _lists(value: Any) -> Iterator[list[Step]]:
    """Every list of steps in a value, the outer ones first."""
    if isinstance(value, Rule):
        yield from _lists(value.steps)
        yield from _lists(value.meanwhile)
        yield from _lists(value.cancel)
    elif isinstance(value, Step):
        yield from _lists(value.keys)
    elif isinstance(value, Choice):
        yield from _lists(value.steps)
    elif isinstance(value, dict):
        for inner in value.values():
            yield from _lists(inner)
    elif isinstance(value, list):
        if all(isinstance(item, Step) for item in value):
            yield value
        for item in value:
            yield from _lists(item)


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for inner in value.values():
            yield from _texts(inner)
    elif isinstance(value, list):
        for item in value:
            yield from _texts(item)
    elif isinstance(value, Step):
        yield from _texts(value.keys)
    elif isinstance(value, Choice):
        yield from _texts(value.steps)


def _named(rule: Rule) -> set[tuple[str, str]]:
    """What is asked for by name."""
    return {
        (found[1], found[2])
        for block in (rule.steps, rule.meanwhile, rule.cancel or [])
        for text in _texts(block)
        for found in _reference.finditer(text)
    }


def _captures(rule: Rule, actions: Actions) -> None:
    """Put in the conditions whose groups somebody asks for.

    A header that not every request has is no condition for the sake of a log line: that says the whole header.
    """
    for match, fragment, groups in actions.captures:
        name = next(iter(fragment.get("header", {})), "")
        asking = [
            step for step in _steps(rule) if any(f"${{match.{group}}}" in " ".join(_texts(step)) for group in groups)
        ]
        if name and not is_certain(name) and all(step.name == "log" for step in asking):
            for step in asking:
                for group in groups:
                    step.keys["log"] = step.keys["log"].replace(f"${{match.{group}}}", header(name))
        elif asking:
            merge(match, fragment)


def _steps(rule: Rule) -> Iterator[Step]:
    """Every step of a rule once."""
    seen: dict[int, Step] = {id(step): step for block in _lists(rule) for step in block}
    return iter(seen.values())


def _tidy(rule: Rule) -> None:
    """Take out what does nothing: variables that nobody asks for, empty conditions; and headers that all have."""
    for _ in range(8):
        named = _named(rule)
        unused = [
            (block, step)
            for block in _lists(rule)
            for step in block
            if step.name == "set" and not any(("vars", name) in named for name in step.keys["set"])
        ]
        if not unused:
            break
        for block, step in unused:
            block[:] = [other for other in block if other is not step or other.remarks]
    replies: list[Step] = []
    for block in _lists(rule):
        _join_remarks(block)
        for step in block:
            for key in ("match", "check"):
                if key in step.keys and step.keys[key] == {} and step.name != key:
                    del step.keys[key]
            if step.name == "respond" and all(step is not other for other in replies):
                replies.append(step)
            if isinstance(step.keys.get("expect"), list) and len(step.keys["expect"]) == 1:
                step.keys["expect"] = step.keys["expect"][0]
            if step.name == "check" and step.keys["check"] == {}:
                step.keys = {}
    if all(step.name in ("", "wait", "log", "set", "check", "end") for step in rule.steps):
        silent = never_sent(480 if rule.match.get("method") == "INVITE" else 200)
        silent.remarks = [remark for step in rule.steps if step.name in ("", "end") for remark in step.remarks]
        rule.steps = [*(step for step in rule.steps if step.name not in ("", "end")), silent]
    _hoist(rule, replies)


def _join_remarks(block: list[Step]) -> None:
    """A comment stands above the step that follows it, where there is one; one at the end stays."""
    joined: list[Step] = []
    waiting: list[Remark] = []
    for step in block:
        if not step.keys:
            waiting += step.remarks
            continue
        step.remarks = list(dict.fromkeys([*waiting, *step.remarks]))
        waiting = []
        joined.append(step)
    if waiting:
        joined.append(Step({}, waiting))
    block[:] = joined


def _hoist(rule: Rule, replies: list[Step]) -> None:
    """Headers that every response has are written once."""
    if len(replies) < 3 or not all("headers" in step.keys for step in replies):
        return
    common = {
        name: value
        for name, value in replies[0].keys["headers"].items()
        if all(step.keys["headers"].get(name) == value for step in replies)
    }
    rule.headers = common
    for step in replies:
        rest = {name: value for name, value in step.keys["headers"].items() if name not in common}
        step.keys.pop("headers")
        if rest:
            step.keys["headers"] = rest


def _remarks(outline: Outline) -> Iterator[Remark]:
    yield from outline.remarks
    for rule in outline.rules:
        yield from rule.remarks
        for block in _lists(rule):
            for step in block:
                yield from step.remarks


def _loadable(outline: Outline) -> str:
    """The text, after what our compiler refuses has become comments."""
    for _ in range(_ROUNDS):
        written = Written(outline)
        try:
            load_text(written.text, stem=outline.rules[0].name)
        except ScenarioError as error:
            withdrawn = [_withdraw(outline, written, problem) for problem in error.problems]
            if not any(withdrawn):
                raise UnloadableError(f"{outline.source}: {error}") from None
            continue
        return written.text
    raise UnloadableError(f"{outline.source}: nothing that loads came of it")


def _withdraw(outline: Outline, written: Written, problem: Problem) -> bool:
    """Make a comment of the step that a problem is in; False where it is in none."""
    step = written.owner(problem.line)
    if step is None:
        for number, rule in enumerate(outline.rules):
            if number and f"'{rule.name}'" in problem.what:
                outline.rules.remove(rule)
                outline.remarks.append(Remark(0, problem.message))
                return True
        return False
    step.remarks.append(Remark(step.line, f"`{_shown(step)}` is left out: {problem.what}"))
    step.keys = {}
    for rule in outline.rules:
        for block in _lists(rule):
            if block and not any(other.keys for other in block):
                block.append(Step({"end": None}))
    return True


def _shown(step: Step) -> str:
    name, value = next(iter(step.keys.items()), ("", ""))
    return f"{name}: {value}" if isinstance(value, str | int) else name


class UnloadableError(ResponderError):
    """Nothing could be made of a file; a defect of the importer."""
