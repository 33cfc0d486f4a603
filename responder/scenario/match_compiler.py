"""`match` and `check` of a file compiled to predicates."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable, Collection
from typing import Final, TypeAlias

from responder.scenario import matcher, slips
from responder.scenario import value_types as t
from responder.scenario.backtracking import objection
from responder.scenario.items import Item, parts_of
from responder.scenario.matcher import Condition, Criterion, Match, Network, Read
from responder.scenario.nodes import BOOLEAN, INTEGER, NULL, Mapping, Node, Scalar, Sequence
from responder.scenario.operators import (
    Between,
    Contains,
    Not,
    Pattern,
    Prefix,
    Present,
    Test,
)
from responder.scenario.plan import Check, Statuses
from responder.scenario.problems import did_you_mean, listed
from responder.scenario.reading import Fields, Reader
from responder.sip import header_names

INVITE: Final = frozenset({"INVITE"})

_TEXT_KEYS: Final[dict[str, tuple[Read, bool]]] = {
    "uri": (matcher.read_uri, False),
    "user": (matcher.read_user, False),
    "host": (matcher.read_host, True),
    "scheme": (matcher.read_scheme, True),
    "body": (matcher.read_body, False),
    "content_type": (matcher.read_content_type, True),
}
"""Keys that take a text test: how they are read, and whether case does not matter."""

_status_class: Final = re.compile(t.STATUS_CLASS_PATTERN).fullmatch
_number: Final = re.compile(r"-?[0-9]{1,15}(\.[0-9]{1,6})?").fullmatch


RuleNames: TypeAlias = Callable[[], Collection[str]]
"""Gives the names of the rules for clients; only asked where a scenario names one."""


class MatchCompiler:
    """Compiles the matches of one rule; remembers what its texts may refer to.

    `rule_names`: what `check: {rule: ...}` may name; None: nobody here knows, and every name is taken.
    """

    def __init__(self, reader: Reader, rule_names: RuleNames | None = None) -> None:
        self._reader = reader
        self._rule_names = rule_names
        self._problems = reader.problems
        self.groups: set[str] = set()
        """Groups of all regular expressions so far, by name and number."""
        self.asks_attempt = False
        self.asks_rules = False

    def match(self, node: Node, title: str, *, methods: frozenset[str] | None) -> Match:
        """A `match`. `methods` is what it is for where it names none; None: then it must not name any."""
        if not isinstance(node, Mapping):
            self._reader.wrong(node, "match", t.MATCH)
            return Match(methods or matcher.ANY)
        fields = Fields(node, "match", title, self._reader)
        written = self.methods(fields) if "method" in fields else None
        if methods is None and written is not None:
            self._problems.add(fields.place("method"), "'method' says again what 'expect' says", "leave it out")
        chosen = methods if written is None or methods is None else written
        return Match(
            chosen or matcher.ANY, tuple(self._conditions(fields)), implied=written is None and methods == INVITE
        )

    def check(self, node: Node) -> Check | None:
        """A `check`."""
        if not isinstance(node, Mapping):
            self._reader.wrong(node, "check", t.CHECK)
            return None
        fields = Fields(node, "check", "'check'", self._reader)
        methods = (self.methods(fields) if "method" in fields else None) or matcher.ANY
        same, greater = (self._items(fields, name) for name in ("same", "greater"))
        rules = self._client_rules(fields)
        status = fields.of("status", t.STATUSES)
        statuses = self.statuses(status, "status") if status is not None else None
        match = Match(methods, tuple(self._conditions(fields)))
        if not node.items:
            self._problems.add(node.place, "'check' checks nothing", f"it takes {t.CHECK.says}")
        return Check(node.place, match, statuses, same, greater, rules)

    def _client_rules(self, fields: Fields) -> tuple[str, ...]:
        node = fields.of("rule", t.RULE_NAMES)
        scalars = self._reader.tokens(node, "rule", t.RULE_NAMES) if node is not None else None
        if not scalars:
            return ()
        self.asks_rules = True
        known = None if self._rule_names is None else self._rule_names()
        for scalar in scalars:
            if known is not None and scalar.text not in known:
                fix = did_you_mean(scalar.text, known) or "docs/client-rules.md lists them"
                self._problems.add(scalar.place, f"no rule for clients '{scalar.text}'", fix)
        return tuple(scalar.text for scalar in scalars)

    def methods(self, fields: Fields) -> frozenset[str] | None:
        """The methods under the key `method`; empty for any."""
        node = fields.of("method", t.METHODS)
        return None if node is None else self.method_names(node, "method")

    def method_names(self, node: Node, name: str) -> frozenset[str] | None:
        """A method or a list of them; empty for `any`."""
        scalars = self._reader.tokens(node, name, t.METHODS)
        if scalars is None:
            return None
        if [scalar.text for scalar in scalars] == ["any"]:
            return matcher.ANY
        for scalar in scalars:
            self._reader.known_method(scalar)
        return frozenset(scalar.text for scalar in scalars)

    def statuses(self, node: Node, name: str) -> Statuses | None:
        """Status codes and classes."""
        items = node.items if isinstance(node, Sequence) else (node,)
        codes, classes = set(), set()
        for item in items:
            if isinstance(item, Scalar) and _status_class(item.text):
                classes.add(int(item.text[0]))
            elif isinstance(item, Scalar) and item.kind == INTEGER:
                status = self._reader.code(item, name)
                if status is None:
                    return None
                codes.add(status)
            else:
                self._reader.wrong(item, name, t.STATUSES)
                return None
        if not items:
            self._reader.wrong(node, name, t.STATUSES)
            return None
        return Statuses(frozenset(codes), frozenset(classes))

    def _items(self, fields: Fields, name: str) -> tuple[Item, ...]:
        node = fields.of(name, t.ITEMS)
        scalars = self._reader.several(node, name, t.ITEMS) if node is not None else None
        found = []
        for scalar in scalars or ():
            if not self._reader.word(scalar, name, t.ITEMS):
                continue
            item = Item.parse(scalar.text)
            if item is not None:
                found.append(item)
                continue
            header, _, part = scalar.text.partition(".")
            parts = parts_of(header)
            fix = did_you_mean(part, parts) or (
                f"it has {listed(parts, last='and')}" if parts else "only the whole header"
            )
            self._problems.add(scalar.place, f"'{header}' has no part '{part}'", fix)
        return tuple(found)

    def _conditions(self, fields: Fields) -> list[Condition]:
        found: list[Condition] = []
        for name in fields:
            compile_ = self._OTHERS.get(name)
            if name in _TEXT_KEYS:
                read, folded = _TEXT_KEYS[name]
                node = fields.of(name, t.TEST)
                assert node is not None
                if name == "user":
                    self._never_a_user(node, name)
                self._add(found, name, read, self.test(node, name, folded=folded))
            elif compile_ is not None:
                compile_(self, fields, name, found)
        return found

    @staticmethod
    def _add(found: list[Condition], key: str, read: Read, test: Test | None) -> None:
        if test is not None:
            found.append(Criterion(key, read, test))

    def _never_a_user(self, node: Node, name: str) -> None:
        """Note exact texts that can be no user part: it would match nothing, without a word."""
        for item in node.items if isinstance(node, Sequence) else (node,):
            fix = slips.user(item.text, name) if isinstance(item, Scalar) else ""
            if fix:
                self._problems.add(item.place, f"'{name}' is compared with the user part of the URI", fix)

    def _address(self, fields: Fields, name: str, found: list[Condition]) -> None:
        node = fields.of(name, t.ADDRESS)
        assert node is not None
        if not isinstance(node, Mapping):
            self._never_a_user(node, name)
            self._add(found, name, matcher.address_reader(name, "user"), self.test(node, name, type_=t.ADDRESS))
            return
        parts = Fields(node, "address", f"'{name}'", self._reader)
        for part in ("uri", "user", "host", "display"):
            value = parts.of(part, t.TEST)
            if value is not None:
                if part == "user":
                    self._never_a_user(value, part)
                test = self.test(value, part, folded=part == "host")
                self._add(found, f"{name}.{part}", matcher.address_reader(name, part), test)
        operators = [part for part in parts if part not in ("uri", "user", "host", "display")]
        if operators:
            self._add(found, name, matcher.address_reader(name, "user"), self._operator(parts, name, folded=False))
        elif not node.items:
            self._reader.wrong(node, name, t.ADDRESS)

    def _headers(self, fields: Fields, name: str, found: list[Condition]) -> None:
        node = fields.of(name, t.TESTS)
        assert node is not None
        for key, value in self._reader.pairs(node, name, t.TESTS) or ():
            if self._reader.token(key):
                header = header_names.key(key.text)
                label = f"header {header_names.display(header)}"
                self._add(found, label, matcher.header_reader(header), self.test(value, key.text))

    def _absent(self, fields: Fields, name: str, found: list[Condition]) -> None:
        for scalar in fields.tokens(name, t.NAMES) or ():
            header = header_names.key(scalar.text)
            label = f"header {header_names.display(header)}"
            self._add(found, label, matcher.header_reader(header), Present(False))

    def _tags(self, fields: Fields, name: str, found: list[Condition]) -> None:
        node = fields.of(name, t.TAGS)
        assert node is not None
        tags = self._reader.tokens(node, name, t.TAGS)
        if tags is not None:
            read = matcher.read_supported if name == "supported" else matcher.read_required
            self._add(found, name, read, matcher.all_of(*(tag.text for tag in tags)))

    def _sdp(self, fields: Fields, name: str, found: list[Condition]) -> None:
        node = fields.of(name, t.SDP_TEST)
        assert node is not None
        if isinstance(node, Scalar) and node.kind == BOOLEAN:
            self._add(found, "sdp", matcher.read_sdp, Present(node.truth))
            return
        if not isinstance(node, Mapping):
            self._reader.wrong(node, name, t.SDP_TEST)
            return
        parts = Fields(node, "sdp", "'sdp'", self._reader)
        if not node.items:
            self._reader.wrong(node, name, t.SDP_TEST)
        for media in ("audio", "video"):
            wanted = parts.boolean(media, t.PRESENCE)
            if wanted is not None:
                self._add(found, f"sdp {media}", matcher.media_reader(media), Present(wanted))
        directions = parts.some_of("direction", t.DIRECTION, t.DIRECTIONS)
        if directions is not None:
            self._add(found, "sdp direction", matcher.read_direction, matcher.exact(*directions))
        codec = parts.of("codec", t.TEST)
        if codec is not None:
            self._add(found, "sdp codec", matcher.read_codecs, self.test(codec, "codec", folded=True))

    def _source(self, fields: Fields, name: str, found: list[Condition]) -> None:
        node = fields.of(name, t.NETWORKS)
        assert node is not None
        networks = []
        scalars = self._reader.several(node, name, t.NETWORKS) or ()
        for scalar in scalars:
            try:
                networks.append(ipaddress.ip_network(scalar.text, strict=False))
            except ValueError:
                self._problems.add(
                    scalar.place, f"'{scalar.text}' is no address or network", "such as 192.0.2.7 or 192.0.2.0/24"
                )
        if networks:
            found.append(Network(tuple(networks), tuple(scalar.text for scalar in scalars)))

    def _transport(self, fields: Fields, name: str, found: list[Condition]) -> None:
        words = fields.some_of(name, t.TRANSPORT, t.TRANSPORTS)
        if words is not None:
            self._add(found, name, matcher.read_transport, matcher.exact(*words, folded=True))

    def _attempt(self, fields: Fields, name: str, found: list[Condition]) -> None:
        self.asks_attempt = True
        node = fields.of(name, t.COUNT_TEST)
        assert node is not None
        self._add(found, name, matcher.read_attempt, self.test(node, name, type_=t.COUNT_TEST))

    def _authenticated(self, fields: Fields, name: str, found: list[Condition]) -> None:
        wanted = fields.boolean(name, t.PRESENCE)
        if wanted is not None:
            self._add(found, name, matcher.read_authenticated, Present(wanted))

    _OTHERS: Final[dict[str, Callable[[MatchCompiler, Fields, str, list[Condition]], None]]] = {
        "from": _address,
        "to": _address,
        "header": _headers,
        "absent": _absent,
        "supported": _tags,
        "required": _tags,
        "sdp": _sdp,
        "source": _source,
        "transport": _transport,
        "attempt": _attempt,
        "authenticated": _authenticated,
    }

    def test(self, node: Node, name: str, *, folded: bool = False, type_: t.Type = t.TEST) -> Test | None:
        """The test that a value stands for: exact text, a list of texts, or an operator."""
        if isinstance(node, Mapping):
            return self._operator(Fields(node, "test", f"'{name}'", self._reader), name, folded=folded)
        if isinstance(node, Scalar) and node.kind == NULL:
            self._reader.wrong(node, name, type_)
            return None
        scalars = self._reader.several(node, name, type_)
        return None if scalars is None else matcher.exact(*(scalar.text for scalar in scalars), folded=folded)

    def _operator(self, fields: Fields, name: str, *, folded: bool) -> Test | None:
        names = [operator for operator in fields if operator not in ("uri", "user", "host", "display")]
        if set(names) == {"at_least", "at_most"}:
            names = ["at_least"]
        if len(names) != 1:
            if names:
                place = fields.place(names[1])
                self._problems.add(place, f"'{name}' has several operators", "one is allowed, or at_least with at_most")
            elif not fields.node.items:
                self._reader.wrong(fields.node, name, t.TEST)
            return None
        operator = names[0]
        if operator in ("at_least", "at_most"):
            low, high = (self._bound(fields, bound) for bound in ("at_least", "at_most"))
            return None if low is None and high is None else Between(low, high)
        if operator == "present":
            wanted = fields.boolean("present")
            return None if wanted is None else Present(wanted)
        if operator == "not":
            inner = fields.of("not", t.TEST)
            assert inner is not None
            test = self.test(inner, name, folded=folded)
            return None if test is None else Not(test)
        scalar = fields.text(operator)
        if scalar is None:
            return None
        if operator == "regex":
            return self._regex(scalar)
        if operator == "glob":
            return Pattern(scalar.text, glob=True)
        return Prefix(scalar.text) if operator == "prefix" else Contains(scalar.text)

    def _bound(self, fields: Fields, name: str) -> float | None:
        scalar = fields.text(name)
        if scalar is None:
            return None
        if _number(scalar.text):
            return float(scalar.text)
        self._problems.add(scalar.place, f"'{name}' takes a number", f"not '{scalar.text}'")
        return None

    def _regex(self, scalar: Scalar) -> Pattern | None:
        try:
            pattern = Pattern(scalar.text)
        except (re.error, OverflowError, RecursionError) as error:
            self._problems.add(scalar.place, f"not a regular expression: {error}", "single quotes keep a \\ as it is")
            return None
        bad = objection(scalar.text)
        if bad:
            self._problems.add(
                scalar.place,
                f"this regular expression can take very long ({bad})",
                "make it simpler, or possessive (*+, ++)",
            )
            return None
        self.groups.update(map(str, range(1, pattern.compiled.groups + 1)), pattern.compiled.groupindex)
        return pattern
