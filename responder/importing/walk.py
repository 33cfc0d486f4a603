"""SIPp's list of elements with jumps, walked as a call would: a tree of steps comes out.

Rules
1. What is known beforehand (numbers, texts) decides a jump at once; a loop with a counter is unrolled and folded.
2. What a request decides makes two ways: two rules where it is the first request, else two branches side by side.
3. A jump back to where the walk came from is `repeat`; chance is `choose`; a timeout is `otherwise`.
4. A walk ends: it is bounded by the number of elements that it passes.
"""

from __future__ import annotations

import re
from typing import Any, Final

from responder.importing import messages
from responder.importing.actions import Actions
from responder.importing.expressions import merge
from responder.importing.keywords import Texts
from responder.importing.outline import Choice, Remark, Rule, Step
from responder.importing.variables import UNKNOWN, State, UndecidedError
from responder.importing.variables import Texts as Values
from responder.importing.xml_source import Element
from responder.sip import header_names

MOST_PASSED: Final = 4000
"""Elements that are passed in one walk."""
_METHODS: Final = (
    *("INVITE", "ACK", "BYE", "CANCEL", "OPTIONS", "REGISTER", "PRACK", "UPDATE", "INFO", "SUBSCRIBE", "NOTIFY"),
    *("REFER", "MESSAGE", "PUBLISH"),
)
_ANSWERLESS: Final = ("respond", "wait", "log", "set", "check")
_VERIFIED: Final = "credentials"


class TooLongError(Exception):
    """The walk has no end."""


Way = tuple[list[Step], object]
"""Steps, and the place that the flow goes back to behind them; None where it ends."""


class Walk:
    """The walk through one scenario, for one rule."""

    def __init__(self, elements: list[Element], labels: dict[str, int], rule: Rule, actions: Actions) -> None:
        self._elements = elements
        self._labels = labels
        self._targets = set(labels.values())
        self._rule = rule
        self._actions = actions
        self._passed = 0
        self._by_place = False
        self._stops: frozenset[int] = frozenset()
        self._pending: Step | None = None
        self.timers: dict[str, str] = {}
        self.asides: dict[str, list[int]] = {}

    def whole(self, at: int, state: State, *, stops: frozenset[int] = frozenset()) -> list[Step]:
        """The steps from an element on. Where it comes to one of `stops`, the call is over."""
        self._stops = stops
        for self._by_place in (False, True):
            self._passed = 0
            try:
                return _folded(self._way(at, state.copy(), frozenset())[0])
            except (TooLongError, RecursionError):
                continue
        return [Step({}, [Remark(self._elements[at].line, "the jumps from here have no end that could be found")])]

    # the way

    def _way(self, at: int, state: State, outer: frozenset[object]) -> Way:
        steps: list[Step] = []
        own: dict[object, int] = {}
        while at < len(self._elements) and at not in self._stops:
            self._passed += 1
            if self._passed > MOST_PASSED:
                raise TooLongError
            if at in self._targets:
                place = self._place(at, state)
                if place in own:
                    return _looped(steps, own[place]), None
                if place in outer:
                    return steps, place
                own[place] = len(steps)
            element = self._elements[at]
            if not self._runs(element, state, steps):
                at += 1
                continue
            around = outer | frozenset(own)
            if element.tag == "recv" and element.the("request"):
                way = self._received(at, state, steps, around)
                return self._closed(steps, way, own)
            if element.tag == "recv" and element.says("optional"):
                at = self._responses(at, steps)
                continue
            self._VISITS.get(element.tag, Walk._unknown)(self, element, state, steps)
            if steps and steps[-1].name == "end":
                return steps, None
            onward = self._onward(element, at, state, steps)
            if isinstance(onward, int):
                at = onward
                continue
            jump, chance = onward
            way = self._split(jump, at + 1, chance, state, around)
            return self._closed(steps, way, own)
        while steps and steps[-1].is_plain("wait"):
            steps.pop()  # the call ends: what comes again is answered for as long anyway
        return steps, None

    def _place(self, at: int, state: State) -> object:
        """What tells a place in the walk from others."""
        waits = bool(self._elements[at].the("request"))
        return at, None if self._by_place else state.key(waits=waits)

    def _closed(self, steps: list[Step], way: Way, own: dict[object, int]) -> Way:
        """The steps with what follows them, looped where that leads back into them."""
        following, place = way
        steps += following
        if place in own:
            return _looped(steps, own[place]), None
        return steps, place

    def _runs(self, element: Element, state: State, steps: list[Step]) -> bool:
        name = element.the("condexec")
        if not name:
            return True
        known = state.is_set(name)
        if known is None:
            _say(steps, element, f"condexec: whether '{name}' is set is not known; it is done always")
            return True
        return known is not element.says("condexec_inverse")

    def _onward(self, element: Element, at: int, state: State, steps: list[Step]) -> int | tuple[int, float]:
        """Where the flow goes from an element: the next one, or a label by chance."""
        label = element.the("next")
        if not label:
            return at + 1
        if label not in self._labels:
            _say(steps, element, f"next: there is no label '{label}'")
            return at + 1
        test = element.the("test")
        if test:
            known = state.is_set(test)
            if known is None:
                _say(steps, element, f"test: whether '{test}' is set is not known; the jump to '{label}' is left out")
            if not known:
                return at + 1
        try:
            chance = float(element.the("chance", "1") or 1)
        except ValueError:
            chance = 1.0
        if chance >= 1:
            return self._labels[label]
        return (self._labels[label], chance) if chance > 0 else at + 1

    def _split(self, jump: int, on: int, chance: float, state: State, outer: frozenset[object]) -> Way:
        yes, yes_to = self._way(jump, state.copy(), outer)
        no, no_to = self._way(on, state.copy(), outer)
        if yes == no and yes_to == no_to:
            return yes, yes_to
        place = yes_to or no_to
        tail: list[Step] = []
        while yes_to == no_to and yes and no and yes[-1] == no[-1]:
            tail.insert(0, yes.pop())
            no.pop()
        if yes_to != no_to:
            yes, no = (_ended(yes), no) if yes_to is None else (yes, _ended(no) if no_to is None else no)
        choices = [Choice(chance, yes)]
        if len(no) == 1 and no[0].name == "choose" and not no[0].remarks:
            choices += [Choice(inner.weight * (1 - chance), inner.steps) for inner in no[0].keys["choose"]]
        else:
            choices.append(Choice(1 - chance, no))
        for choice in choices:
            choice.steps = choice.steps or [Step({"wait": "0s"})]
        whole = sum(choice.weight for choice in choices) / 100
        for choice in choices:
            choice.weight = round(choice.weight / whole, 3)
        return [Step({"choose": choices}), *tail], place

    # requests

    def _received(self, at: int, state: State, steps: list[Step], outer: frozenset[object]) -> Way:
        """A request, and what may come in its place."""
        group = [at]
        while self._elements[group[-1]].says("optional") or self._elements[group[-1]].the("optional") == "global":
            if group[-1] + 1 >= len(self._elements) or self._elements[group[-1] + 1].tag != "recv":
                break
            group.append(group[-1] + 1)
        *before, last = group
        element = self._elements[last]
        here = self._place(at, state)
        branches: list[tuple[Element, list[Step], bool]] = []
        found: list[Step] = []
        waits_for_request = bool(element.the("request"))
        for index in before:
            optional = self._elements[index]
            if not optional.the("request"):
                self._response(optional, found)
            elif optional.the("next") in self._labels:
                branches += self._branch(index, optional, state, here, outer, found)
            elif optional.the("optional") == "global":
                for method in self.methods(optional):
                    self._rule.meanwhile.setdefault(method, [])
                _say(found, optional, "optional=global: without `next` such a request is answered as a UAS would")
            elif waits_for_request and self.methods(optional) != ["CANCEL"]:
                step, more = self._expected(index, optional, state.copy(), found)
                step.keys["optional"] = True
                found += [step, *more]
        if not waits_for_request:
            self._response(element, found)
            self._pending = None
            for optional, block, _ in branches:
                if block:
                    _say(found, optional, "a request that comes before the response to ours leads nowhere else")
            onward = self._onward(element, last, state, found)
            following, place = self._way(onward if isinstance(onward, int) else onward[0], state, outer)
            return [*found, *following], place
        return self._mandatory(last, element, state, found, branches, outer)

    def _branch(
        self, index: int, element: Element, state: State, here: object, outer: frozenset[object], found: list[Step]
    ) -> list[tuple[Element, list[Step], bool]]:
        """Where an optional request leads; a CANCEL goes to the rule."""
        methods = self.methods(element)
        inside = state.copy()
        head, more = self._expected(index, element, inside, found)
        pending, self._pending = self._pending, None
        block, place = self._way(self._labels[element.the("next")], inside, outer | {here})
        self._pending = pending
        block = [*more, *block]
        if methods == ["CANCEL"]:
            self._cancelled(block)
            return []
        if place == here:
            for method in methods:
                self._rule.meanwhile[method] = block or [Step({"respond": 200})]
            return []
        return [(element, [head, *block], place is None)]

    def _cancelled(self, block: list[Step]) -> None:
        """The steps of a CANCEL, where they are not what it gets anyway."""
        block = [step for step in block if step.keys.get("expect") != "ACK"]
        if not block or (len(block) == 1 and block[0].is_plain("respond", 487)):
            return
        self._rule.cancel = block

    def _mandatory(
        self,
        at: int,
        element: Element,
        state: State,
        found: list[Step],
        branches: list[tuple[Element, list[Step], bool]],
        outer: frozenset[object],
    ) -> Way:
        entered = state.copy()
        step, more = self._expected(at, element, state, found)
        try:
            following, place = self._after(at, element, state, outer)
        except UndecidedError as undecided:
            if undecided.condition.at != at:
                raise
            return self._forked(at, element, entered, found, undecided, outer)
        if step.name == _VERIFIED:
            return [*found, *more, *following], place
        timeout = self._timeout(element, step, entered, [*more, *following], outer)
        way = [step, *timeout, *more, *following]
        if not branches:
            return [*found, *way], place
        if place is None and all(ended for _, _, ended in branches):
            ways = [_ended(block) for _, block, _ in branches]
            return [*found, Step({"unordered": [*ways, _ended(way)]})], None
        for optional, block, _ in branches:
            for method in self.methods(optional):
                self._rule.meanwhile[method] = _ended(block[1:])
        return [*found, *way], place

    def _after(self, at: int, element: Element, state: State, outer: frozenset[object]) -> Way:
        extra: list[Step] = []
        onward = self._onward(element, at, state, extra)
        if isinstance(onward, int):
            following, place = self._way(onward, state, outer)
        else:
            following, place = self._split(onward[0], at + 1, onward[1], state, outer)
        return [*extra, *following], place

    def _forked(
        self,
        at: int,
        element: Element,
        state: State,
        found: list[Step],
        undecided: UndecidedError,
        outer: frozenset[object],
    ) -> Way:
        """The two ways that a request decides on."""
        ways: list[Way] = []
        condition = undecided.condition
        for truth in (True, False):
            inside = state.copy()
            inside.decided[condition] = truth
            ways.append(self._mandatory(at, element, inside, [], [], outer))
        (yes, yes_to), (no, no_to) = ways
        if condition.fragment is None:  # what `challenge` verifies
            challenge = self._actions.challenge
            if challenge is not None:
                challenge.keys["otherwise"] = _ended(no)
            return [*found, *yes], yes_to
        if yes_to is not None or no_to is not None:
            _say(found, element, "what this request says decides on a loop: only the way on which it is so is taken")
            return [*found, *yes], yes_to
        if yes and yes[0].name == "expect":
            match = yes[0].keys.setdefault("match", {})
            if not merge(match, condition.fragment):
                _say(found, element, "two conditions on one header: only one is asked")
        if no and no[0].name == "unordered":
            branches = [_ended(yes), *no[0].keys["unordered"]]
        else:
            branches = [_ended(yes), _ended(no)]
        return [*found, Step({"unordered": branches})], None

    def _expected(self, at: int, element: Element, state: State, found: list[Step]) -> tuple[Step, list[Step]]:
        """The `expect` of an element, and the steps that belong to it."""
        methods = self.methods(element)
        if not methods:
            _say(found, element, f"no method is matched by '{element.the('request')}'")
        every = len(methods) == len(_METHODS) or not methods
        step = Step({"expect": "any" if every else _one(methods)}, line=element.line)
        match: dict[str, Any] = {}
        check: dict[str, Any] = {}
        more: list[Step] = []
        verified = self._actions.run(at, element, state, match, check, more)
        self.note_request(methods, state)
        if element.the("lost") not in ("", "0"):
            _say(more, element, "lost: what comes is never thrown away by chance; see `fault: {lose: ...}`")
        if verified:
            return Step({_VERIFIED: True}), more
        step.keys["match"] = match
        step.keys["check"] = check
        if "CANCEL" in methods:
            step.keys = {"expect": step.keys["expect"]}
            if match or check:
                _say(more, element, "a CANCEL is taken as it is")
        return step, more

    @staticmethod
    def note_request(methods: list[str], state: State) -> None:
        """A request is at hand from now on."""
        method = methods[0] if methods else "INVITE"
        state.received = method
        if method == "ACK":
            return
        state.last = method
        state.tagged = state.dialog == "there" or (state.dialog == "early" and method != "INVITE")
        state.invite_waits |= method == "INVITE"

    def _timeout(
        self, element: Element, step: Step, state: State, following: list[Step], outer: frozenset[object]
    ) -> list[Step]:
        said: list[Step] = []
        within = _duration(element.the("timeout")) if element.the("timeout") not in ("", "0") else None
        if within is None:
            return said
        step.keys["within"] = within
        label = element.the("ontimeout")
        if not label:
            return said
        if label not in self._labels:
            _say(said, element, f"ontimeout: there is no label '{label}'")
            return said
        block, place = self._way(self._labels[label], state.copy(), outer)
        if place is not None:
            _say(said, element, f"ontimeout: the way back to '{label}' is left out")
        after = 0
        if step.keys["expect"] not in ("ACK", "PRACK"):
            for number, other in enumerate(following, 1):
                if other.name not in _ANSWERLESS:
                    break
                after = number if other.name == "respond" else after
        rest = following[after:]
        if block == rest:
            step.keys["optional"] = True
        elif rest and block[-len(rest) :] == rest:
            step.keys["otherwise"] = block[: -len(rest)]
        else:
            step.keys["otherwise"] = _ended(block) if rest else block or [Step({"end": None})]
        return said

    def methods(self, element: Element) -> list[str]:
        """The methods that an element waits for; all of them: any."""
        request = element.the("request")
        if not element.says("regexp_match"):
            return [request] if re.fullmatch(r"[A-Za-z0-9.!%*_+`'~-]+", request) else []
        try:
            return [method for method in _METHODS if re.search(request, method)]
        except re.error:
            return []

    # responses to requests of ours

    def _responses(self, at: int, steps: list[Step]) -> int:
        """An optional response: the next element."""
        self._response(self._elements[at], steps)
        return at + 1

    def _response(self, element: Element, steps: list[Step]) -> None:
        status = element.the("response")
        if not re.fullmatch("[1-6][0-9][0-9]", status):
            _say(steps, element, f"'{status or 'nothing'}' is no response that could be waited for")
            return
        if status[0] == "1":
            return
        if self._pending is None:
            _say(steps, element, f"no request of ours waits for {status} here")
            return
        statuses = self._pending.keys.setdefault("expect", [])
        if int(status) not in statuses:
            statuses.append(int(status))
        if element.says("optional") and element.the("next"):
            _say(steps, element, f"next: the flow goes the same way on {status} as on other responses")
        for remark in self._actions.of_response(element):
            _say(steps, element, remark)

    def _awaited(self, element: Element, state: State, steps: list[Step]) -> None:
        self._response(element, steps)
        self._pending = None

    # messages of ours

    def _sent(self, element: Element, state: State, steps: list[Step]) -> None:
        message = messages.parse(element.text, lambda name: state.values.get(name, UNKNOWN).copy_of)
        remarks: list[Remark] = []

        def remark(text: str) -> None:
            remarks.append(Remark(element.line, text))

        texts = Texts(Values(state.values), remark)
        method = self._answered(message, state)
        setting = messages.Setting(
            method,
            state.tagged and method == state.last,
            state.received,
            state.tag,
            lambda name, text: self._copies(state, name, text),
            texts,
            remark,
            lambda what: self.aside(element.line, what),
        )
        step = self._of_ours(element, message, state, setting)
        if step is None:
            if remarks:
                steps.append(Step({}, remarks))
            return
        lost = element.the("lost")
        if lost and lost != "0":
            step.keys["fault"] = {"drop": 1, "chance": round(min(float(lost), 100) / 100, 4)}
        retrans = _duration(element.the("retrans"))
        if retrans and retrans not in ("500ms", "0s"):
            self.timers.setdefault("t1", retrans)
        step.remarks += remarks
        step.line = element.line
        steps.append(step)

    def _of_ours(
        self, element: Element, message: messages.Message, state: State, setting: messages.Setting
    ) -> Step | None:
        if message.status is None:
            return self._request(element, message, state, setting)
        code = setting.texts.turned(message.status[0])
        if not re.fullmatch("[1-6][0-9][0-9]", code):
            setting.remark(f"'{message.status[0]}' is no status code that is known beforehand")
            return None
        status = int(code)
        if setting.method in ("CANCEL", "PRACK"):
            if status // 100 != 2 or message.body:
                setting.remark(f"a {setting.method} is answered with 200 by itself, not with this {status}")
            state.last = "INVITE" if state.invite_waits else state.last
            return None
        step = messages.respond(message, status, setting)
        state.challenging = None
        self._note_response(message, status, setting.method, state)
        if status in (401, 407) and message.the("www-authenticate" if status == 401 else "proxy-authenticate"):
            state.challenging = (step, messages.challenge_of(message))
        return step

    def _request(
        self, element: Element, message: messages.Message, state: State, setting: messages.Setting
    ) -> Step | None:
        method = message.method
        if method in ("ACK", "PRACK"):
            return None
        if not re.fullmatch("[A-Z]+", method):
            setting.remark("neither a request nor a response")
            return None
        if method == "CANCEL":
            setting.remark("a CANCEL is sent where `send` has a `within` that runs out, and by no step")
            return None
        if not state.dialog and not state.last:
            setting.remark(f"{method} begins a call: only what answers calls is imported")
            return None
        if "[authentication" in element.text:
            setting.remark("[authentication]: requests of ours carry no credentials")
        step = messages.send(message, setting, notify=method == "NOTIFY" and state.subscription)
        self._pending = step
        return step

    def _answered(self, message: messages.Message, state: State) -> str:
        """The method of the request that a response answers."""
        cseq = message.the("cseq") or ""
        found = re.search(r"\b([A-Z]{3,})$", cseq)
        return found[1] if found else state.last or "INVITE"

    @staticmethod
    def _copies(state: State, name: str, text: str) -> bool:
        """Whether a text is made of copies of that header only."""
        found = re.fullmatch(r"\s*\[\$([\w.-]+)\]\s*", text)
        value = state.values.get(found[1]) if found else None
        return value is not None and value.copy_of == header_names.key(name)

    @staticmethod
    def _note_response(message: messages.Message, status: int, method: str, state: State) -> None:
        tag = messages.tag_of(message)
        if method in ("SUBSCRIBE", "REFER") and status < 300:
            state.subscription = True
        if method in ("INVITE", "SUBSCRIBE", "REFER") and 100 < status < 300:
            if state.dialog != "there":
                state.dialog = "there" if status >= 200 else "early" if tag is not None else state.dialog
            state.tag = state.tag or tag
        elif method == "INVITE" and status >= 300 and state.dialog != "there":
            state.dialog, state.tag = "", None
        if status >= 200:
            state.invite_waits &= method != "INVITE"
            if state.invite_waits:
                state.last, state.tagged = "INVITE", False

    def aside(self, line: int, what: str) -> None:
        """Something was left out that does nothing."""
        lines = self.asides.setdefault(what, [])
        if line not in lines:
            lines.append(line)

    # the rest

    def _paused(self, element: Element, state: State, steps: list[Step]) -> None:
        said, why = _pause(element, state)
        if why:
            _say(steps, element, why)
        if said is not None:
            steps.append(Step({"wait": said}, line=element.line))

    def _waited(self, element: Element, state: State, steps: list[Step]) -> None:
        """`<timewait>`: what is answered is answered again for as long as RFC 3261 says (17.2)."""

    def _nop(self, element: Element, state: State, steps: list[Step]) -> None:
        self._actions.run(-1, element, state, {}, {}, steps)

    def _command(self, element: Element, state: State, steps: list[Step]) -> None:
        _say(steps, element, f"<{element.tag}>: there is no other instance to talk to")

    def _unknown(self, element: Element, state: State, steps: list[Step]) -> None:
        _say(steps, element, f"<{element.tag}> is not known")

    _VISITS: Final[dict[str, Any]] = {
        "send": _sent,
        "recv": _awaited,
        "pause": _paused,
        "timewait": _waited,
        "nop": _nop,
        "sendCmd": _command,
        "recvCmd": _command,
    }


def _looped(steps: list[Step], start: int) -> list[Step]:
    body = steps[start:]
    if not any(step.keys for step in body):
        return steps
    return [*steps[:start], Step({"repeat": {"forever": True, "steps": body}})]


def _folded(steps: list[Step]) -> list[Step]:
    """The same with `repeat` where steps stand three times in a row or more: a loop with a counter was there."""
    for start in range(len(steps)):
        for length in range(1, (len(steps) - start) // 3 + 1):
            block = steps[start : start + length]
            times = 1
            while steps[start + times * length : start + (times + 1) * length] == block:
                times += 1
            if times >= 3:
                rest = _folded(steps[start + times * length :])
                return [*steps[:start], Step({"repeat": {"times": times, "steps": block}}), *rest]
    return steps


def _ended(steps: list[Step]) -> list[Step]:
    last = steps[-1] if steps else None
    if last is not None and (
        last.name == "end" or (last.name == "repeat" and "forever" in last.keys["repeat"]) or last.name == "unordered"
    ):
        return steps
    return [*steps, Step({"end": None})]


def _one(methods: list[str]) -> Any:
    return methods[0] if len(methods) == 1 else methods


def _say(steps: list[Step], element: Element, text: str) -> None:
    steps.append(Step({}, [Remark(element.line, text)]))


def _duration(milliseconds: str) -> str | None:
    try:
        number = round(float(milliseconds))
    except (ValueError, OverflowError):
        return None
    if number < 0:
        return None
    return f"{number // 1000}s" if number % 1000 == 0 else f"{number}ms"


def _pause(element: Element, state: State) -> tuple[Any, str]:
    """How long a `<pause>` is, and what is to be said about it."""
    kind = element.the("distribution").lower()
    named = {name: _duration(element.the(name)) for name in ("value", "min", "max", "mean", "stdev", "milliseconds")}
    if element.the("variable"):
        value = state.values.get(element.the("variable"))
        number = value.number if value is not None else None
        if number is None:
            return None, "pause: how long the variable says is not known beforehand"
        return _duration(str(number)), ""
    if named["milliseconds"] is not None and not kind:
        return named["milliseconds"], ""
    if kind == "uniform" and named["min"] is not None and named["max"] is not None:
        return {"uniform": [named["min"], named["max"]]}, ""
    if kind == "normal" and named["mean"] is not None and named["stdev"] is not None:
        return {"normal": [named["mean"], named["stdev"]]}, ""
    if kind == "fixed" and named["value"] is not None:
        return named["value"], ""
    if kind:
        mean = named["mean"]
        if kind == "exponential" and mean is not None:
            return mean, "pause: times are not drawn from this distribution; its mean is taken"
        return None, f"pause: times are not drawn from the distribution '{kind}'"
    return None, "pause: as long as -d says on SIPp's command line; nothing unless it does"
