"""Steps of a file compiled to the steps of a plan."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from typing import Final

from responder.scenario import block_steps, plan, send_steps, slips
from responder.scenario import value_types as t
from responder.scenario.around import Around
from responder.scenario.challenge_compiler import offered_algorithms, offered_qop, protected
from responder.scenario.language import BARE_STEPS, STEP, STEP_NAMES, keys_of
from responder.scenario.lookahead import final_of, kind_of_step, outlook
from responder.scenario.match_compiler import MatchCompiler
from responder.scenario.matcher import ANY, Match
from responder.scenario.nodes import BOOLEAN, INTEGER, NULL, Mapping, Node, Scalar, Sequence
from responder.scenario.plan import Block, Seconds, Step
from responder.scenario.problems import listed
from responder.scenario.reading import Fields, Reader, seconds_of
from responder.scenario.reply_compiler import ReplyCompiler
from responder.scenario.texts import Texts
from responder.scenario.users import read_users

MOST_STEPS: Final = 10_000
"""Steps that one rule may have after its `use` steps are put in place."""

_decimal: Final = re.compile(r"(?:0|[1-9][0-9]*)\.[0-9]+").fullmatch
_NO_RESPONSES: Final = (frozenset({"ACK"}), frozenset({"CANCEL"}), frozenset({"PRACK"}))
"""What an `expect` waits for without it being at hand then: the core answers a CANCEL and a PRACK."""
_ANSWERLESS: Final = (plan.Respond, plan.Wait, plan.Log, plan.Assign, plan.Assert)


class StepCompiler:
    """Compiles the blocks of one rule."""

    def __init__(self, reader: Reader, texts: Texts, matches: MatchCompiler, replies: ReplyCompiler) -> None:
        self.reader = reader
        self.problems = reader.problems
        self.texts = texts
        self.matches = matches
        self.replies = replies
        self._count = 0

    def block(self, node: Node | None, name: str, around: Around) -> Block:
        """The steps under a key; noted and empty where they are none."""
        if node is None:
            return ()
        items = self.reader.sequence(node, name, t.STEPS)
        return () if items is None else self.steps(items, around)

    def steps(self, items: tuple[Node, ...], around: Around) -> Block:
        """Steps in a row."""
        found: list[Step] = []
        methods = around.methods
        later = outlook(items, around.library.find)
        for number, item in enumerate(items, 1):
            self._count += 1
            if self._count > MOST_STEPS:
                if self._count == MOST_STEPS + 1:
                    self.problems.add(
                        item.place, f"more than {MOST_STEPS} steps in one rule", "`use` fewer blocks in blocks"
                    )
                break
            separator = "." if " step " in around.label else " step "
            responds = later[number]
            inside = around.inside(
                f"{separator}{number}",
                responds_later=around.responds_later if responds is None else responds,
                methods=methods,
            )
            steps = self._step(item, inside)
            found += steps
            for step in steps:
                if isinstance(step, plan.Expect):
                    methods = methods if step.match.methods in _NO_RESPONSES else step.match.methods
                elif isinstance(step, plan.Choose | plan.Repeat | plan.Parallel | plan.Run):
                    methods = ANY
        return tuple(self._linked(found))

    def _linked(self, steps: list[Step]) -> list[Step]:
        """The same, each `expect` told where the flow goes on without it: behind the responses to it.

        A 199 is told the final response that its branch gets (RFC 6228 section 5).
        """
        for index, step in enumerate(steps):
            if isinstance(step, plan.Respond) and step.reply.status == 199:
                steps[index] = replace(step, reply=replace(step.reply, following=final_of(steps[index + 1 :])))
            if isinstance(step, plan.Expect):
                after = index + 1
                if step.match.methods not in ({"ACK"}, {"PRACK"}):
                    at = after
                    while at < len(steps) and isinstance(steps[at], _ANSWERLESS):
                        at += 1
                        if isinstance(steps[at - 1], plan.Respond):
                            after = at
                steps[index] = replace(step, after=after)
                if step.optional and step.within is None and after < len(steps):
                    following = steps[after]
                    if not isinstance(following, plan.Expect):
                        what = f"nothing says when to go on without {step.what}"
                        self.problems.add(step.place, what, "say how long to wait: within: 5s")
        return steps

    def _step(self, node: Node, around: Around) -> list[Step]:
        if isinstance(node, Scalar):
            return self._bare(node, around)
        if isinstance(node, Sequence):
            self.problems.add(node.place, "a list is no step", "`unordered`, `fork` and `choose` take lists")
            return []
        if not node.items:
            self.problems.add(node.place, "an empty step", f"a step is {_A_STEP}")
            return []
        name = kind_of_step(node)
        if not name:
            self._unknown(node)
            return []
        key = keys_of(STEP)[name]
        place = node.key(name)
        assert place is not None
        if key.later:
            self.problems.add(place.place, f"'{name}' cannot be had yet", f"this version does not do {key.later}")
            return []
        others = [other.text for other, _ in node.items if other.text in STEP_NAMES and other.text != name]
        beside = keys_of(name) if name not in _NESTED else {}
        two = next((other for other in others if other not in beside), None)
        if two is not None:
            second = node.key(two)
            assert second is not None
            self.problems.add(second.place, f"two steps in one item: '{name}' and '{two}'", "give each a - of its own")
            return []
        return self._COMPILERS[name](self, Fields(node, name, f"'{name}'", self.reader, {name: key, **beside}), around)

    def _bare(self, node: Scalar, around: Around) -> list[Step]:
        if node.kind == INTEGER:
            status = self._code(node)
            if status is None:
                return []
            return [plan.Respond(node.place, self.replies.plain(status, around.label, forked=around.forked))]
        if seconds_of(node.text) is not None:
            seconds = self.reader.duration(node, "wait")
            return [] if seconds is None else [plan.Wait(node.place, seconds)]
        if node.text == "hangup":
            return [plan.Hangup(node.place)]
        if node.text == "end":
            return [plan.End(node.place)]
        if node.kind == NULL:
            self.problems.add(node.place, "an empty step", f"a step is {_A_STEP}")
        elif node.text in STEP_NAMES:
            self.problems.add(
                node.place, f"'{node.text}' has no value", f"write `- {node.text}: ...`, a space behind the colon"
            )
        elif _decimal(node.text):
            self.problems.add(node.place, f"'{node.text}' is a duration without a unit", f"did you mean {node.text}s?")
        else:
            near = slips.step(node.text, STEP_NAMES, quoted=node.quoted)
            if node.text in around.library.names:
                near = f"did you mean `use: {node.text}`?"
            self.problems.add(node.place, f"unknown step '{node.text}'", near or f"a step is {_A_STEP}")
        return []

    def _code(self, node: Scalar) -> int | None:
        if len(node.text) < 3 and int(node.text) > 0:
            what = f"{node.text} is neither a status code (100 to 699) nor a duration"
            self.problems.add(node.place, what, f"did you mean {node.text}s?")
            return None
        return self.reader.code(node)

    def _unknown(self, node: Mapping) -> None:
        options = {option for name in STEP_NAMES for option in keys_of(name)}
        unknown = [key for key, _ in node.items if key.text not in options]
        key = next((key for key in unknown if slips.step_key(key.text, STEP_NAMES)), (unknown or [node.items[0][0]])[0])
        fix = slips.step_key(key.text, STEP_NAMES)
        if key.text in options:
            homes = [name for name in STEP_NAMES if key.text in keys_of(name)]
            self.problems.add(
                key.place, f"'{key.text}' is no step", f"it stands beside {listed(f'`{home}`' for home in homes)}"
            )
            return
        self.problems.add(key.place, f"unknown step '{key.text}'", fix or f"known are {listed(STEP_NAMES, last='and')}")

    # the steps

    def _respond(self, fields: Fields, around: Around) -> list[Step]:
        node = fields.of("respond", t.CODE)
        if node is None:
            return []
        status = self.reader.code(node)
        reply = self.replies.reply(
            status or 200, fields, around.label, forked=around.forked, methods=around.methods if status else ANY
        )
        waits: list[Step] = []
        if "after" in fields:
            seconds = self._wait_of(fields.of("after", t.WAIT), "after")
            if seconds is not None:
                waits.append(plan.Wait(fields.place("after"), seconds))
        return [*waits, plan.Respond(node.place, reply)] if status is not None else []

    def _wait(self, fields: Fields, around: Around) -> list[Step]:
        node = fields.of("wait", t.WAIT)
        seconds = self._wait_of(node, "wait")
        return [] if seconds is None else [plan.Wait(fields.place("wait"), seconds)]

    def _wait_of(self, node: Node | None, name: str) -> Seconds | None:
        if not isinstance(node, Mapping):
            return None if node is None else self.reader.duration(node, name, t.WAIT)
        fields = Fields(node, "wait", f"'{name}'", self.reader)
        if len(node.items) != 1:
            self.reader.wrong(node, name, t.WAIT)
            return None
        for kind in fields:
            pair = self.reader.sequence(node.items[0][1], kind, t.RANGE)
            times = [self.reader.duration(item, kind) for item in pair or ()]
            if pair is not None and len(pair) != 2:
                self.reader.wrong(node.items[0][1], kind, t.RANGE)
            elif len(times) == 2 and times[0] is not None and times[1] is not None:
                if kind == "normal":
                    return plan.Normal(times[0], times[1])
                if times[0] <= times[1]:
                    return plan.Uniform(times[0], times[1])
                self.problems.add(
                    node.items[0][1].place, "the first time is the longer one", "write the shorter one first"
                )
        return None

    def _expect(self, fields: Fields, around: Around) -> list[Step]:
        node = fields.of("expect", t.METHODS)
        if node is None:
            return []
        methods = self.matches.method_names(node, "expect")
        match = Match(methods or ANY)
        inner = fields.of("match", t.MATCH)
        if inner is not None:
            match = replace(self.matches.match(inner, "'match'", methods=None), methods=match.methods)
        if methods is not None and len(methods) > 1 and methods & {"ACK", "CANCEL", "PRACK"}:
            self.problems.add(
                node.place, "steps do not respond to ACK, CANCEL and PRACK", "give each an `expect` of its own"
            )
        check = fields.of("check", t.CHECK)
        otherwise = fields.of("otherwise", t.STEPS)
        dialog = fields.name("dialog")
        if dialog is not None:
            self.texts.need_dialog(dialog)
        within, not_before = fields.duration("within"), fields.duration("not_before")
        optional = bool(fields.boolean("optional"))
        if otherwise is not None and within is None:
            self.problems.add(
                fields.place("otherwise"), "'otherwise' without 'within'", "say how long to wait: within: 5s"
            )
        if within is not None and not_before is not None and not_before >= within:
            self.problems.add(
                fields.place("not_before"), "'not_before' is not before the end of 'within'", "make it shorter"
            )
        if optional and otherwise is not None:
            self.problems.add(
                fields.place("optional"), "'optional' beside 'otherwise'", "keep one: both say what to do without it"
            )
        compiled = plan.Expect(
            fields.node.place,
            match,
            within,
            not_before or 0.0,
            None if check is None else self.matches.check(check),
            optional,
            None
            if otherwise is None
            else self.block(otherwise, "otherwise", around.inside("", responds_later=False, methods=ANY)),
            around.responds_later and "PRACK" not in (methods or ()),
            0,
            "" if dialog is None else dialog.text,
            around.label,
        )
        return [] if methods is None else [compiled]

    def _challenge(self, fields: Fields, around: Around) -> list[Step]:
        node = fields.of("challenge", t.CHALLENGE)
        if node is None:
            return []
        status = self.reader.integer(node, "challenge", t.CHALLENGE)
        if status is not None and status not in (401, 407):
            self.reader.wrong(node, "challenge", t.CHALLENGE)
            status = None
        users = around.library.users
        own = fields.of("users", t.USERS)
        if own is not None:
            users = read_users(own, self.reader)
        elif not users:
            self.problems.add(
                fields.place("challenge"), "nobody can answer this challenge", "say who may: users: {alice: secret}"
            )
        realm = fields.text("realm")
        otherwise = fields.of("otherwise", t.STEPS)
        block = None
        if otherwise is not None:
            block = self.block(otherwise, "otherwise", around.inside("", responds_later=False, methods=around.methods))
        compiled = plan.Challenge(
            fields.node.place,
            self.replies.plain(status or 401, around.label, forked=around.forked),
            None if realm is None else realm.text,
            offered_algorithms(fields, users),
            offered_qop(fields),
            users,
            fields.duration("within"),
            bool(fields.boolean("stale")),
            block,
            protected(fields, status),
            bool(fields.boolean("userhash")),
            fields.duration("lifetime"),
            bool(fields.boolean("info")),
            bool(fields.boolean("nextnonce")),
        )
        return [] if status is None else [compiled]

    def _check(self, fields: Fields, around: Around) -> list[Step]:
        node = fields.of("check", t.CHECK)
        check = None if node is None else self.matches.check(node)
        return [] if check is None else [plan.Assert(fields.node.place, check)]

    def _set(self, fields: Fields, around: Around) -> list[Step]:
        node = fields.of("set", t.VARIABLES)
        values = []
        for key, value in (self.reader.pairs(node, "set", t.VARIABLES) or ()) if node is not None else ():
            name = self.reader.name(key, "set")
            text = self.reader.text(value, key.text)
            if name is not None:
                self.texts.variables.add(name.text)
                if text is not None:
                    values.append((name.text, self.texts.free(text)))
        return [plan.Assign(fields.node.place, tuple(values))] if values else []

    def _log(self, fields: Fields, around: Around) -> list[Step]:
        text = fields.text("log")
        return [] if text is None else [plan.Log(fields.node.place, self.texts.free(text))]

    def _fail(self, fields: Fields, around: Around) -> list[Step]:
        text = fields.text("fail")
        return [] if text is None else [plan.Fail(fields.node.place, self.texts.free(text))]

    def _word(self, fields: Fields, around: Around) -> list[Step]:
        name = next(iter(fields), "")
        node = fields.of(name, t.NOTHING) if name else None
        if isinstance(node, Scalar) and (node.kind == NULL or (node.kind == BOOLEAN and node.truth)):
            return [plan.Hangup(fields.node.place) if name == "hangup" else plan.End(fields.node.place)]
        if node is not None:
            self.problems.add(node.place, f"'{name}' takes no value", f"write `- {name}`")
        return []

    _COMPILERS: Final[dict[str, Callable[[StepCompiler, Fields, Around], list[Step]]]] = {
        "respond": _respond,
        "wait": _wait,
        "expect": _expect,
        "challenge": _challenge,
        "send": send_steps.send,
        "notify": send_steps.notify,
        "check": _check,
        "choose": block_steps.choose,
        "repeat": block_steps.repeat,
        "fork": block_steps.fork,
        "unordered": block_steps.unordered,
        "use": block_steps.use,
        "set": _set,
        "log": _log,
        "fail": _fail,
        **dict.fromkeys(BARE_STEPS, _word),
    }


_NESTED: Final = frozenset({"wait", "check", "repeat"})
"""Steps whose table is that of their value, not of what stands beside them."""
_A_STEP: Final = "a code such as 180, a duration such as 2s, or a mapping such as {respond: 486, reason: Busy}"
