"""Scenario files compiled to a plan: all files, all problems, in one go."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from responder.registry import Override
from responder.scenario import loader, plan, shipped
from responder.scenario import value_types as t
from responder.scenario.around import Around
from responder.scenario.fault_compiler import rule_fault
from responder.scenario.flow_check import EARLY, MAYBE, check_flow
from responder.scenario.including import Includes
from responder.scenario.language import keys_of
from responder.scenario.library import Library, Shelf
from responder.scenario.loader import Document
from responder.scenario.match_compiler import INVITE, MatchCompiler, RuleNames
from responder.scenario.matcher import ANY, Match
from responder.scenario.nodes import Mapping, Node, Scalar
from responder.scenario.nodes import Sequence as SequenceNode
from responder.scenario.plan import Block, Plan, Respond, Rule
from responder.scenario.problems import Problems, closest
from responder.scenario.reading import Fields, Reader
from responder.scenario.registrations import Registrations
from responder.scenario.reply_compiler import Defaults, ReplyCompiler
from responder.scenario.shadowing import shadowed
from responder.scenario.step_compiler import StepCompiler
from responder.scenario.texts import Texts
from responder.scenario.users import read_users
from responder.scenario.walk import every_step, is_left_to_chance
from responder.sip import header_names
from responder.uas.inspection import CHECKS
from responder.uas.script import Reply

_REQUEST_METHODS: Final = frozenset({"ACK", "CANCEL"})


def load(paths: Iterable[str | Path], *, rule_names: RuleNames | None = None) -> Plan:
    """The plan of these files, folders and names of shipped flows; `ScenarioError` with all their problems.

    `rule_names` gives the names of the rules for clients, which this layer does not know (`match_compiler`).
    """
    problems = Problems()
    compiled = compile_documents(loader.read(paths, problems), problems, rule_names=rule_names)
    problems.raise_if_any()
    return compiled


def load_text(text: str, *, name: str = "<text>", stem: str = "scenario", rule_names: RuleNames | None = None) -> Plan:
    """The plan of one file that is given as text; `rule_names` and `ScenarioError` as for `load`."""
    problems = Problems()
    document = loader.read_text(text, problems, name=name, stem=stem)
    compiled = compile_documents([] if document is None else [document], problems, rule_names=rule_names)
    problems.raise_if_any()
    return compiled


def compile_documents(
    documents: Sequence[Document], problems: Problems, *, rule_names: RuleNames | None = None
) -> Plan:
    """The plan of these documents; with problems noted it is of no use."""
    return _Compiler(problems, rule_names).compile(documents)


@dataclass(slots=True, eq=False)
class _File:
    """What is known of a file before its rules are compiled."""

    document: Document
    fields: Fields
    flows: list[Fields]
    library: Library
    name: str
    """What its rules can be dialled by together: its own name, or the name of the file."""
    seed: int | None


class _Compiler:
    def __init__(self, problems: Problems, rule_names: RuleNames | None) -> None:
        self._problems = problems
        self._rule_names = rule_names
        self._reader = Reader(problems)
        self._shelf = Shelf(fetch=self._shipped)
        self._names: dict[str, Rule] = {}
        self._timers: dict[str, tuple[float, Scalar]] = {}
        self._registrar = Registrations(self._reader)
        self._overrides: dict[int, tuple[Override, Scalar]] = {}
        self._attempts = False
        self._judges = False
        self._includes = Includes(problems, self._file)
        self._broken: set[Rule] = set()
        """Rules whose `match` is wrong: nobody knows what they take."""

    def compile(self, documents: Sequence[Document]) -> Plan:
        for document in documents:
            self._includes.known(document)
        files = [file for file in map(self._includes.file, documents) if isinstance(file, _File)]
        for file in files:
            self._has_flows(file)
            for fields in file.flows:
                self._shelve(file, fields)
        rules = [self._rule(file, fields, number) for file in files for number, fields in enumerate(file.flows, 1)]
        for file in files:
            self._unused(file)
            self._file_named(file)
        self._unreachable([rule for rule in rules if rule not in self._broken])
        return Plan(
            tuple(rules),
            tuple(override for override, _ in self._overrides.values()),
            {name: value for name, (value, _) in self._timers.items()},
            self._attempts,
            self._judges,
            self._registrar.settled(),
        )

    # a file

    def _file(self, document: Document) -> _File | None:
        root = document.root
        if not isinstance(root, Mapping):
            advice = (
                "did you mean `steps: [...]`?" if isinstance(root, SequenceNode) else "such as `steps: [100, 180, 200]`"
            )
            self._problems.add(root.place, "a scenario file is a mapping", advice)
            return None
        several = root.key("rules") is not None
        where = "rules file" if several else "flow file"
        self._belongs_in_rules(root, where)
        fields = Fields(_without_misplaced(root, where), where, "a scenario file", self._reader)
        library = Library(self._shelf)
        define = fields.of("define", t.BLOCKS)
        for key, value in (self._reader.pairs(define, "define", t.BLOCKS) or ()) if define is not None else ():
            if (
                self._reader.name(key, "define") is not None
                and self._reader.sequence(value, key.text, t.STEPS) is not None
            ):
                assert isinstance(value, SequenceNode)
                library.blocks[key.text] = (key, value)
        users = fields.of("users", t.USERS)
        seed = fields.integer("seed", t.SEED)
        self._timers_of(fields)
        self._registrar.read(fields)
        self._codes_of(fields)
        flows = self._flows(fields) if several else [] if self._has_no_steps(fields) else [fields]
        library.users = {} if users is None else read_users(users, self._reader)
        self._offer(library, flows, None if several else document.stem)
        self._includes.include(fields, document, library)
        name = fields.name("name") if several else None
        return _File(document, fields, flows, library, document.stem if name is None else name.text, seed)

    def _has_no_steps(self, fields: Fields) -> bool:
        return fields.node.key("steps") is None and not (fields.misspelt("steps") or fields.misspelt("rules"))

    def _has_flows(self, file: _File) -> None:
        """A file without any has to be included by another one."""
        flowless = file.fields.node.key("rules") is None and not file.flows
        if flowless and file.document.path not in self._includes.included:
            fix = "the smallest flow is `steps: [100, 180, 200]`"
            self._problems.add(file.fields.node.place, "neither 'steps' nor 'rules' in this file", fix)

    def _offer(self, library: Library, flows: Sequence[Fields], stem: str | None) -> None:
        """Let files that include this one `use` its flows by their names; `stem` is another one of its only flow."""
        for flow in flows:
            steps, name = flow.node.get("steps"), flow.node.get("name")
            if not isinstance(steps, SequenceNode):
                continue
            if isinstance(name, Scalar):
                library.flows.setdefault(name.text, (name, steps))
            if stem is not None:
                library.flows.setdefault(stem, (None, steps))

    def _belongs_in_rules(self, root: Mapping, where: str) -> None:
        known, flow = keys_of(where), keys_of("flow file")
        for key, _ in root.items:
            if key.text not in known and key.text in flow:
                self._problems.add(key.place, f"'{key.text}' beside 'rules'", "it belongs in each rule")

    def _flows(self, fields: Fields) -> list[Fields]:
        node = fields.of("rules", t.RULES)
        found = []
        for item in self._reader.sequence(node, "rules", t.RULES) or () if node is not None else ():
            if not isinstance(item, Mapping):
                self._problems.add(item.place, "a rule is a mapping", "write - match: ... and steps: [...]")
                continue
            rule = Fields(item, "rule", "a rule", self._reader)
            if item.key("steps") is None and not rule.misspelt("steps"):
                self._problems.add(item.place, "a rule without 'steps'", "say what happens: steps: [486]")
            found.append(rule)
        return found

    def _timers_of(self, fields: Fields) -> None:
        node = fields.of("timers", t.TIMERS)
        if node is None:
            return
        if not isinstance(node, Mapping) or not node.items:
            self._reader.wrong(node, "timers", t.TIMERS)
            return
        timers = Fields(node, "timers", "'timers'", self._reader)
        for name in timers:
            seconds = timers.duration(name)
            key = node.key(name)
            if seconds is None or key is None:
                continue
            if not 0.001 <= seconds <= 3600:
                self._problems.add(timers.value_place(name), f"'{name}' cannot be {seconds:g} seconds", "1ms to 1h")
            before = self._timers.setdefault(name, (seconds, key))
            if before[0] != seconds:
                what = f"'{name}' is {before[0]:g} seconds in {before[1].place}"
                self._problems.add(key.place, what, "timers are of the whole run: say it once")

    def _codes_of(self, fields: Fields) -> None:
        node = fields.of("codes", t.CODES)
        for key, value in (self._reader.pairs(node, "codes", t.CODES) or ()) if node is not None else ():
            if not key.text.isdecimal() or not 100 <= int(key.text) <= 699 or len(key.text) > 3:
                self._problems.add(
                    key.place, f"'{key.text}' is no status code", "they go from 100 to 699 (RFC 3261 section 7.2)"
                )
                continue
            if not isinstance(value, Mapping) or not value.items:
                self._problems.add(
                    value.place, f"'{key.text}' takes a mapping", "such as {phrase: Fine, headers: {Retry-After: 5}}"
                )
                continue
            override = self._override(int(key.text), Fields(value, "code", f"code {key.text}", self._reader))
            before = self._overrides.setdefault(int(key.text), (override, key))
            if before[1] is not key:
                self._problems.add(
                    key.place, f"{key.text} is in {before[1].place}, too", "codes are of the whole run: say it once"
                )

    def _override(self, status: int, fields: Fields) -> Override:
        phrase, like = fields.text("phrase"), fields.of("like", t.CODE)
        texts = Texts(self._problems)
        replies = ReplyCompiler(self._reader, texts)
        headers = replies.headers(fields, "headers")
        for name, value in headers:
            if not isinstance(value, str):
                self._problems.add(
                    fields.place("headers"), f"'{name}' of code {status} has a name in it", "names work in steps only"
                )
        written = None if phrase is None else texts.head(phrase)
        if phrase is not None and not isinstance(written, str):
            self._problems.add(
                phrase.place, f"the phrase of code {status} has a name in it", "names work in steps only"
            )
        methods = (
            MatchCompiler(self._reader).method_names(node, "methods")
            if (node := fields.of("methods", t.METHODS))
            else None
        )
        return Override(
            status=status,
            phrase=written if isinstance(written, str) else None,
            like=None if like is None else self._reader.code(like, "like"),
            headers=tuple((name, value) for name, value in headers if isinstance(value, str)),
            removed=tuple(header_names.display(key) for key in sorted(replies.removed(fields))),
            methods=None if methods is None else tuple(sorted(methods)),
        )

    # names

    def _shelve(self, file: _File, fields: Fields) -> None:
        steps = fields.node.get("steps")
        name = fields.node.get("name")
        if not isinstance(steps, SequenceNode):
            return
        if isinstance(name, Scalar):
            self._shelf.flows.setdefault(name.text, (steps, file.library))
        if fields is file.fields:
            self._shelf.flows.setdefault(file.document.stem, (steps, file.library))

    def _shipped(self, name: str) -> tuple[SequenceNode, Library] | None:
        if name not in shipped.names():
            return None
        for document in loader.read([shipped.folder() / f"{name}.yaml"], self._problems):
            file = self._includes.file(document)
            if isinstance(file, _File) and len(file.flows) == 1:
                self._shelve(file, file.fields)
        return self._shelf.flows.get(name)

    # a rule

    def _rule(self, file: _File, fields: Fields, number: int) -> Rule:
        alone = fields is file.fields
        stem = file.document.stem
        name = fields.name("name")
        title = name.text if name is not None else stem if alone else f"{stem} rule {number}"
        texts, matches = Texts(self._problems), MatchCompiler(self._reader, self._rule_names)
        replies = ReplyCompiler(self._reader, texts)
        compiler = StepCompiler(self._reader, texts, matches, replies)
        node, noted = fields.of("match", t.MATCH), self._problems.noted
        match = Match(INVITE, implied=True) if node is None else matches.match(node, "'match'", methods=INVITE)
        broken = self._problems.noted > noted
        if match.methods & _REQUEST_METHODS:
            place = fields.value_place("match")
            self._problems.add(place, "no call begins with ACK or CANCEL", "`expect` them in the steps of an INVITE")
        removed = replies.removed(fields)
        replies.defaults = Defaults(replies.headers(fields, "headers"), removed)
        around = Around(title, file.library, match.methods)
        steps = compiler.block(fields.of("steps", t.STEPS), "steps", around)
        meanwhile, cancel = self._meanwhile(fields, compiler, around), self._cancel(fields, compiler, around)
        if broken and match.implied and _says_method(node):
            check_flow(steps, ANY, self._problems, dialog=MAYBE)
        else:
            check_flow(steps, match.methods, self._problems)
        texts.resolve(matches.groups)
        self._attempts |= matches.asks_attempt or texts.asks_attempt
        self._judges |= matches.asks_rules
        wrong = rule_fault(fields, self._reader)
        blocks = (steps, *meanwhile.values(), *(() if isinstance(cancel, str) else (cancel,)))
        every = [step for block in blocks for step in every_step(block)]
        notifies = any(isinstance(step, plan.Notify) for step in every)
        prepares = bool(notifies or wrong.fault or wrong.lose or any(map(is_left_to_chance, every)))
        times, per = fields.integer("times"), fields.of("per", t.PER)
        if per is not None and times is None:
            self._problems.add(fields.place("per"), "'per' without 'times'", "say how many: times: 2")
        asked = node.key("authenticated") if isinstance(node, Mapping) else None
        if asked is not None and not file.library.users:
            self._problems.add(asked.place, "nobody can be authenticated", "say who may: users: {alice: secret}")
        description = fields.text("description")
        place = name.place if name is not None else fields.node.place
        rule = Rule(
            name=title,
            place=place,
            match=match,
            steps=steps,
            description="" if description is None else description.text.strip(),
            file=file.name,
            times=times or 0,
            per=(None if per is None else self._reader.one_of(per, "per", t.PER, t.PERS)) or "all",
            unchecked=self._unchecked(fields),
            meanwhile=meanwhile,
            cancel=cancel,
            users=file.library.users,
            seed=file.seed,
            straight=None if meanwhile or cancel or prepares else _straight(steps),
            fault=wrong.fault,
            lose=wrong.lose,
            prepares=prepares,
            notifies=notifies,
        )
        if broken:
            self._broken.add(rule)
        self._named(rule, alone)
        return rule

    def _unchecked(self, fields: Fields) -> frozenset[str]:
        node = fields.of("unchecked", t.UNCHECKED)
        found = None if node is None else self._reader.some_of(node, "unchecked", t.UNCHECKED, ("all", *CHECKS))
        return frozenset(found or ())

    def _meanwhile(self, fields: Fields, compiler: StepCompiler, around: Around) -> dict[str, Block]:
        node = fields.of("meanwhile", t.MEANWHILE)
        blocks: dict[str, Block] = {}
        for key, value in (self._reader.pairs(node, "meanwhile", t.MEANWHILE) or ()) if node is not None else ():
            if key.text in _REQUEST_METHODS:
                fix = "`cancel:` says what it does" if key.text == "CANCEL" else "`expect: ACK` waits for it"
                self._problems.add(key.place, f"{key.text} gets no response of ours", fix)
            elif key.text != "any" and not self._reader.token(key):
                continue
            methods = frozenset() if key.text == "any" else frozenset({key.text})
            inside = around.inside(f" {key.text}", responds_later=False, methods=methods)
            blocks[key.text] = compiler.block(value, key.text, inside)
            check_flow(blocks[key.text], methods, self._problems, dialog=MAYBE)
        return blocks

    def _cancel(self, fields: Fields, compiler: StepCompiler, around: Around) -> str | Block:
        node = fields.of("cancel", t.CANCEL)
        if node is None:
            return ""
        if isinstance(node, SequenceNode):
            block = compiler.block(node, "cancel", around.inside(" cancel", responds_later=False, methods=INVITE))
            check_flow(block, INVITE, self._problems, dialog=EARLY)
            return block
        if isinstance(node, Scalar) and node.text in ("fail", "ignore"):
            return node.text
        self._reader.wrong(node, "cancel", t.CANCEL)
        return ""

    def _named(self, rule: Rule, alone: bool) -> None:
        for name in {rule.name, rule.file} if alone else {rule.name}:
            other = self._names.setdefault(name, rule)
            if other is not rule:
                self._problems.add(
                    rule.place,
                    f"two flows are called '{name}' (the other is in {other.place})",
                    "give one another `name`",
                )

    def _file_named(self, file: _File) -> None:
        """A file of rules is dialled by its name, so no flow of another file may have it."""
        other = None if file.fields in file.flows else self._names.get(file.name)
        if other is not None and other.place.source is not file.document.source:
            place = file.fields.value_place("name")
            self._problems.add(place, f"'{file.name}' is a flow in {other.place}, too", "give one another `name`")

    # all of them

    def _unused(self, file: _File) -> None:
        if file.document.path in self._includes.included:
            return
        for name, (key, _) in file.library.blocks.items():
            if name not in file.library.used:
                self._problems.add(key.place, f"nobody uses '{name}'", f"write `- use: {name}`, or take it out")

    def _unreachable(self, rules: Sequence[Rule]) -> None:
        for rule, other in shadowed(rules):
            taker = f"rule '{other.name}' ({other.place}) takes every request before it"
            what = f"rule '{rule.name}' can never be reached: {taker}"
            self._problems.add(rule.place, what, "put the narrower one first, or give the other `times`")


def _says_method(match: Node | None) -> bool:
    """Whether a match that is wrong was meant to name methods."""
    if not isinstance(match, Mapping):
        return False
    known = keys_of("match")
    return any(
        "method" in (key.text, None if key.text in known else closest(key.text, known)) for key, _ in match.items
    )


def _without_misplaced(root: Mapping, where: str) -> Mapping:
    """The mapping without the keys that `_belongs_in_rules` has noted."""
    known, flow = keys_of(where), keys_of("flow file")
    return Mapping(root.place, tuple(item for item in root.items if item[0].text in known or item[0].text not in flow))


def _straight(steps: Block) -> tuple[Reply, ...] | None:
    replies = [step.reply for step in steps if isinstance(step, Respond) and _is_constant(step.reply)]
    return tuple(replies) if len(replies) == len(steps) else None


def _is_constant(reply: Reply) -> bool:
    """Whether no text of it has names, so that it needs no scope, and nothing goes wrong with it."""
    if reply.fault is not None:
        return False
    texts = (reply.reason, reply.body, reply.content_type, reply.sdp, reply.contact, reply.to_tag, reply.raw)
    values = [*texts, *(value for _, value in (*reply.headers, *reply.added))]
    return all(value is None or isinstance(value, str | bytes | bool) for value in values)
