"""SIPp's list of elements with jumps, walked as a call would: a tree of steps comes out.

Rules
1. What is known beforehand (numbers, texts) decides a jump at once; a loop with a counter is unrolled and folded.
2. What a request decides makes two ways: two rules where it is the first request, else two branches side by side.
3. A jump back to where the walk came from is `repeat`; chance is `choose`; a timeout is `otherwise`.
4. A walk ends: it is bounded by the number of elements that it passes.
"""

from __future__ import annotations

from typing import Any, Final

from responder.importing.actions import Actions
from responder.importing.expressions import merge
from responder.importing.outline import Choice, Remark, Rule, Step
from responder.importing.pauses import BY_D, duration, pause
from responder.importing.sending import Sending
from responder.importing.shapes import METHODS, ended, folded, looped, methods_of, say, silenced
from responder.importing.variables import State, UndecidedError
from responder.importing.xml_source import Element

MOST_PASSED: Final = 4000
"""Elements that are passed in one walk."""
_ANSWERLESS: Final = ("respond", "wait", "log", "set", "check")
_VERIFIED: Final = "credentials"


class TooLongError(Exception):
    """The walk has no end."""


Way = tuple[list[Step], object]
"""Steps, and the place that the flow goes back to behind them; None where it ends."""


class Walk:
    """The walk through one scenario, for one rule."""

    def __init__(
        self, elements: list[Element], labels: dict[str, int], rule: Rule, actions: Actions, sending: Sending
    ) -> None:
        self._elements = elements
        self._labels = labels
        self._targets = set(labels.values())
        self._rule = rule
        self._actions = actions
        self._sending = sending
        self._passed = 0
        self._by_place = False
        self._stops: frozenset[int] = frozenset()

    def whole(self, at: int, state: State, *, stops: frozenset[int] = frozenset()) -> list[Step]:
        """The steps from an element on. Where it comes to one of `stops`, the call is over."""
        self._stops = stops
        for self._by_place in (False, True):
            self._passed = 0
            try:
                return folded(self._way(at, state.copy(), frozenset())[0])
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
                    return looped(steps, own[place]), None
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
                silenced(steps, state)
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
        silenced(steps, state)
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
            return looped(steps, own[place]), None
        return steps, place

    def _runs(self, element: Element, state: State, steps: list[Step]) -> bool:
        name = element.the("condexec")
        if not name:
            return True
        known = state.is_set(name)
        if known is None:
            say(steps, element, f"condexec: whether '{name}' is set is not known; it is done always")
            return True
        return known is not element.says("condexec_inverse")

    def _onward(self, element: Element, at: int, state: State, steps: list[Step]) -> int | tuple[int, float]:
        """Where the flow goes from an element: the next one, or a label by chance."""
        label = element.the("next")
        if not label:
            return at + 1
        if label not in self._labels:
            say(steps, element, f"next: there is no label '{label}'")
            return at + 1
        test = element.the("test")
        if test:
            known = state.is_set(test)
            if known is None:
                say(steps, element, f"test: whether '{test}' is set is not known; the jump to '{label}' is left out")
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
            yes, no = (ended(yes), no) if yes_to is None else (yes, ended(no) if no_to is None else no)
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
                self._sending.response(optional, found)
            elif optional.the("next") in self._labels:
                branches += self._branch(index, optional, state, here, outer, found)
            elif optional.the("optional") == "global":
                for method in methods_of(optional):
                    self._rule.meanwhile.setdefault(method, [])
                say(found, optional, "optional=global: without `next` such a request is answered as a UAS would")
            elif waits_for_request and methods_of(optional) != ["CANCEL"]:
                step, more = self._expected(index, optional, state.copy(), found)
                step.keys["optional"] = True
                found += [step, *more]
        if not waits_for_request:
            self._sending.response(element, found)
            self._sending.pending = None
            for optional, block, _ in branches:
                if block:
                    say(found, optional, "a request that comes before the response to ours leads nowhere else")
            onward = self._onward(element, last, state, found)
            following, place = self._way(onward if isinstance(onward, int) else onward[0], state, outer)
            return [*found, *following], place
        return self._mandatory(last, element, state, found, branches, outer)

    def _branch(
        self, index: int, element: Element, state: State, here: object, outer: frozenset[object], found: list[Step]
    ) -> list[tuple[Element, list[Step], bool]]:
        """Where an optional request leads; a CANCEL goes to the rule."""
        methods = methods_of(element)
        inside = state.copy()
        head, more = self._expected(index, element, inside, found)
        pending, self._sending.pending = self._sending.pending, None
        block, place = self._way(self._labels[element.the("next")], inside, outer | {here})
        self._sending.pending = pending
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
            ways = [ended(block) for _, block, _ in branches]
            return [*found, Step({"unordered": [*ways, ended(way)]})], None
        for optional, block, _ in branches:
            for method in methods_of(optional):
                self._rule.meanwhile[method] = ended(block[1:])
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
                challenge.keys["otherwise"] = ended(no)
            return [*found, *yes], yes_to
        if yes_to is not None or no_to is not None:
            say(found, element, "what this request says decides on a loop: only the way on which it is so is taken")
            return [*found, *yes], yes_to
        if yes and yes[0].name == "expect":
            match = yes[0].keys.setdefault("match", {})
            if not merge(match, condition.fragment):
                say(found, element, "two conditions on one header: only one is asked")
        if no and no[0].name == "unordered":
            branches = [ended(yes), *no[0].keys["unordered"]]
        else:
            branches = [ended(yes), ended(no)]
        return [*found, Step({"unordered": branches})], None

    def _expected(self, at: int, element: Element, state: State, found: list[Step]) -> tuple[Step, list[Step]]:
        """The `expect` of an element, and the steps that belong to it."""
        methods = methods_of(element)
        if not methods:
            say(found, element, f"no method is matched by '{element.the('request')}'")
        every = len(methods) == len(METHODS) or not methods
        step = Step({"expect": "any" if every else methods[0] if len(methods) == 1 else methods}, line=element.line)
        match: dict[str, Any] = {}
        check: dict[str, Any] = {}
        more: list[Step] = []
        verified = self._actions.run(at, element, state, match, check, more)
        self.note_request(methods, state)
        if element.the("lost") not in ("", "0"):
            say(more, element, "lost: what comes is never thrown away by chance; see `fault: {lose: ...}`")
        if verified:
            return Step({_VERIFIED: True}), more
        step.keys["match"] = match
        step.keys["check"] = check
        if "CANCEL" in methods:
            step.keys = {"expect": step.keys["expect"]}
            if match or check:
                say(more, element, "a CANCEL is taken as it is")
        return step, more

    @staticmethod
    def note_request(methods: list[str], state: State) -> None:
        """A request is at hand from now on."""
        method = methods[0] if methods else "INVITE"
        state.received = method
        state.cancelled |= method == "CANCEL"
        if method == "ACK":
            return
        state.last = method
        state.tagged = state.dialog == "there" or (state.dialog == "early" and method != "INVITE")
        state.invite_waits |= method == "INVITE"

    def _timeout(
        self, element: Element, step: Step, state: State, following: list[Step], outer: frozenset[object]
    ) -> list[Step]:
        said: list[Step] = []
        within = duration(element.the("timeout")) if element.the("timeout") not in ("", "0") else None
        if within is None:
            return said
        step.keys["within"] = within
        label = element.the("ontimeout")
        if not label:
            return said
        if label not in self._labels:
            say(said, element, f"ontimeout: there is no label '{label}'")
            return said
        block, place = self._way(self._labels[label], state.copy(), outer)
        if place is not None:
            say(said, element, f"ontimeout: the way back to '{label}' is left out")
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
            step.keys["otherwise"] = ended(block) if rest else block or [Step({"end": None})]
        return said

    # responses to requests of ours

    def _responses(self, at: int, steps: list[Step]) -> int:
        """An optional response: the next element."""
        self._sending.response(self._elements[at], steps)
        return at + 1

    def _awaited(self, element: Element, state: State, steps: list[Step]) -> None:
        self._sending.response(element, steps)
        self._sending.pending = None

    # the rest

    def _paused(self, element: Element, state: State, steps: list[Step]) -> None:
        said, why = pause(element, state)
        if why == BY_D:
            self._sending.aside(element.line, why)
        elif why:
            say(steps, element, why)
        if said is not None:
            steps.append(Step({"wait": said}, line=element.line))

    def _waited(self, element: Element, state: State, steps: list[Step]) -> None:
        """`<timewait>`: what is answered is answered again for as long as RFC 3261 says (17.2)."""

    def _sent(self, element: Element, state: State, steps: list[Step]) -> None:
        self._sending.sent(element, state, steps)

    def _nop(self, element: Element, state: State, steps: list[Step]) -> None:
        self._actions.run(-1, element, state, {}, {}, steps)

    def _command(self, element: Element, state: State, steps: list[Step]) -> None:
        say(steps, element, f"<{element.tag}>: there is no other instance to talk to")

    def _unknown(self, element: Element, state: State, steps: list[Step]) -> None:
        say(steps, element, f"<{element.tag}> is not known")

    _VISITS: Final[dict[str, Any]] = {
        "send": _sent,
        "recv": _awaited,
        "pause": _paused,
        "timewait": _waited,
        "nop": _nop,
        "sendCmd": _command,
        "recvCmd": _command,
    }
