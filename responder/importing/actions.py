"""`<action>` of a received request or a `<nop>`: conditions, variables, lines for the journal."""

from __future__ import annotations

import re
from typing import Any, Final

from responder.importing.expressions import Expression, UnfitError, merge, read
from responder.importing.keywords import Texts, variable
from responder.importing.outline import Remark, Step
from responder.importing.variables import UNKNOWN, Condition, State, Value, calculate, compare_texts
from responder.importing.variables import Texts as Values
from responder.importing.xml_source import Element

_ARITHMETIC: Final = ("assign", "add", "subtract", "multiply", "divide", "test", "todouble")
_GONE: Final = {
    "sample": "numbers are not drawn into variables; see `choose` and `wait`",
    "gettimeofday": "there is no clock in variables; see ${now.rfc1123}",
    "lookup": "there are no injection files",
    "insert": "there are no injection files",
    "replace": "there are no injection files",
    "urlencode": "texts are not encoded",
    "urldecode": "texts are not decoded",
    "setdest": "responses go where RFC 3261 18.2.2 says",
    "closecon": "see `fault: {tcp: close}`",
    "jump": "jumps go to labels",
    "pauserestore": "pauses go on by themselves",
    "rtp_echo": "no media is played or echoed",
}


class Actions:
    """The actions of one scenario."""

    def __init__(self, tested: set[str]) -> None:
        self._tested = tested
        self.users: dict[str, str] = {}
        self.captures: list[tuple[dict[str, Any], dict[str, Any], tuple[str, ...]]] = []
        """Conditions that only give names for groups: where each belongs, and its names."""
        self.challenge: Step | None = None
        """The step that the last `<verifyauth>` was made to."""

    def run(
        self,
        at: int,
        element: Element,
        state: State,
        match: dict[str, Any],
        check: dict[str, Any],
        steps: list[Step],
        *,
        first: bool = False,
    ) -> bool:
        """Do the actions of an element; whether it became a `challenge` that was sent before."""
        verified = False
        for group in element.children:
            if group.tag.lower() != "action":
                _say(steps, group, f"<{group.tag}> is not known here")
                continue
            for action in group.children:
                if action.tag == "verifyauth":
                    verified |= self._verify(at, action, state, match, steps, first=first)
                else:
                    self._do(at, action, state, match, check, steps)
        return verified

    def of_response(self, element: Element) -> list[str]:
        """What is to be said about actions on a response."""
        found = [action.tag for group in element.children for action in group.children]
        return [f"<{tag}>: steps cannot look into responses to requests of ours" for tag in dict.fromkeys(found)]

    def _do(
        self, at: int, action: Element, state: State, match: dict[str, Any], check: dict[str, Any], steps: list[Step]
    ) -> None:
        tag = action.tag
        remarks: list[Remark] = []
        texts = Texts(Values(state.values), lambda text: remarks.append(Remark(action.line, text)))
        if tag == "ereg":
            self._search(at, action, state, match, check, steps)
        elif tag in ("log", "warning", "error"):
            name = "fail" if tag == "error" else "log"
            steps.append(Step({name: texts.turned(action.attributes.get("message", ""))}, remarks, action.line))
        elif tag == "assignstr":
            text = texts.turned(action.attributes.get("value", ""))
            name = action.the("assign_to")
            if "${" in text:
                steps.append(Step({"set": {variable(name): text}}, remarks, action.line))
                text = f"${{vars.{variable(name)}}}"
            elif remarks:
                steps.append(Step({}, remarks))
            state.values[name] = Value(text=text)
        elif tag in _ARITHMETIC:
            if not calculate(action, state):
                _say(
                    steps, action, f"<{tag}>: its outcome is not known beforehand, and nothing is calculated in a call"
                )
        elif tag == "strcmp":
            if not compare_texts(action, state):
                _say(steps, action, "<strcmp>: its outcome is not known beforehand")
        elif tag == "exec":
            self._execute(action, steps)
        else:
            state.values.update(dict.fromkeys(re.split(r"[\s,]+", action.the("assign_to")), UNKNOWN))
            _say(steps, action, f"<{tag}>: {_GONE.get(tag, 'is not known')}")

    @staticmethod
    def _execute(action: Element, steps: list[Step]) -> None:
        command = action.the("int_cmd")
        if command.startswith("stop"):
            steps.append(Step({"end": None}))
            if command != "stop_call":
                _say(steps, action, f"{command}: the run goes on; see `responder serve --calls`")
                steps.append(steps.pop(-2))
        elif "command" in action.attributes:
            _say(steps, action, "<exec command>: nothing is executed; see `log`")
        else:
            what = next(iter(action.attributes), "")
            _say(steps, action, f"<exec {what}>: no media is played or echoed")

    # <ereg>

    def _search(
        self, at: int, action: Element, state: State, match: dict[str, Any], check: dict[str, Any], steps: list[Step]
    ) -> None:
        names = [name for name in re.split(r"[\s,]+", action.the("assign_to")) if name]
        try:
            if at < 0:
                raise UnfitError("only a request that comes can be searched")
            expression = read(action)
        except UnfitError as unfit:
            state.values.update(dict.fromkeys(names, UNKNOWN))
            _say(steps, action, f"<ereg>: {unfit}")
            return
        if action.says("check_it") or action.says("check_it_inverse"):
            condition = expression.condition(inverse=action.says("check_it_inverse"))
            trivial = expression.whole and expression.certain and action.says("check_it")
            if not trivial and not merge(check, condition):
                steps.append(Step({"check": condition}, line=action.line))
        if names:
            self._assign(at, action, expression, names, state, match, steps)

    def _assign(
        self,
        at: int,
        action: Element,
        expression: Expression,
        names: list[str],
        state: State,
        match: dict[str, Any],
        steps: list[Step],
    ) -> None:
        condition = Condition(at, f"{expression.where} {expression.name} {expression.pattern}", expression.condition())
        asked = condition if names[0] in self._tested and not (expression.whole and expression.certain) else None
        if expression.whole:
            ours = variable(names[0])
            steps.append(Step({"set": {ours: expression.value}}, line=action.line))
            text = f"${{vars.{ours}}}"
            value = Value(text, condition=asked, taken=(at, expression), copy_of=expression.copies)
            state.values.update(dict.fromkeys(names, value))
            return
        known = {name: variable(name) for name in names}
        fragment, groups = expression.capture(list(known.values()))
        self.captures.append((match, fragment, tuple(groups)))
        for name, ours in known.items():
            copy_of = expression.copies if name == names[0] else ""
            state.values[name] = Value(groups.get(ours), condition=asked, taken=(at, expression), copy_of=copy_of)

    # <verifyauth>

    def _verify(
        self, at: int, action: Element, state: State, match: dict[str, Any], steps: list[Step], *, first: bool
    ) -> bool:
        name = action.the("assign_to")
        user, password = action.the("username"), action.the("password")
        said = Texts(Values(state.values), lambda text: None)
        user, password = said.turned(user), said.turned(password)
        known = user and "${" not in user + password and "[" not in action.the("username") + action.the("password")
        challenging = state.challenging
        if not known or at < 0 or (challenging is None and not first):
            why = "who may authenticate is not known beforehand" if not known else "it follows no 401 or 407"
            _say(steps, action, f"<verifyauth>: {why}; credentials are taken as they come")
            state.values[name] = Value(truth=True)
            return False
        if first:
            self.users[user] = password
            fragment = {"authenticated": True}
            state.values[name] = Value(condition=Condition(at, "authenticated", fragment))
            return False
        assert challenging is not None
        step, keys = challenging
        step.keys = {"challenge": step.keys.get("respond") or step.keys["challenge"], **keys, "users": {user: password}}
        self.challenge = step
        state.values[name] = Value(condition=Condition(at, "credentials", None))
        return True


def _say(steps: list[Step], element: Element, text: str) -> None:
    steps.append(Step({}, [Remark(element.line, text)]))
