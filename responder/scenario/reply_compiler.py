"""`respond` and `send`: what their options make of a response or a request."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from responder.registry import Registry
from responder.scenario import value_types as t
from responder.scenario.fault_compiler import message_fault
from responder.scenario.nodes import BOOLEAN, Node, Scalar, Sequence
from responder.scenario.reading import Fields, Reader
from responder.scenario.texts import Texts
from responder.sip import header_names
from responder.uas.response import DIRECTIONS
from responder.uas.script import Order, Reply, Text

_ALONE: Final = frozenset({"respond", "raw", "after", "expect_broken", "fault"})
"""What may stand beside `raw`."""


class ForkTag:
    """The To-tag of the branch of a fork that a response is sent in (`uas.script.Template`)."""

    __slots__ = ()

    def render(self, scope: Any) -> str:
        """The branch's tag."""
        tag: str = scope.tag
        return tag


FORK_TAG: Final = ForkTag()


@dataclass(frozen=True, slots=True)
class Defaults:
    """What a rule says about every response of its steps."""

    headers: tuple[tuple[str, Text], ...] = ()
    removed: frozenset[str] = frozenset()


class ReplyCompiler:
    """Compiles the replies and orders of one rule."""

    def __init__(self, reader: Reader, texts: Texts) -> None:
        self._reader = reader
        self._problems = reader.problems
        self._texts = texts
        self.defaults = Defaults()

    def headers(self, fields: Fields, name: str) -> tuple[tuple[str, Text], ...]:
        """Names with their texts, a name that has several once for each."""
        node = fields.of(name, t.HEADERS)
        found: list[tuple[str, Text]] = []
        seen: dict[str, str] = {}
        for key, value in (self._reader.pairs(node, name, t.HEADERS) or ()) if node is not None else ():
            if not self._reader.token(key):
                continue
            header = header_names.key(key.text)
            if header in seen:
                self._problems.add(
                    key.place, f"'{key.text}' is '{seen[header]}' again", "give one name a list of values"
                )
            seen[header] = key.text
            values = value.items if isinstance(value, Sequence) else (value,)
            if not values:
                self._reader.wrong(value, key.text, t.TEXTS)
            for item in values:
                scalar = self._reader.text(item, key.text, t.TEXTS)
                if scalar is not None:
                    found.append((key.text, self._texts.head(scalar)))
        return tuple(found)

    def removed(self, fields: Fields, name: str = "remove") -> frozenset[str]:
        """KEYs of header names."""
        return frozenset(header_names.key(scalar.text) for scalar in fields.tokens(name, t.NAMES) or ())

    def plain(self, status: int, label: str, *, forked: bool) -> Reply:
        """A code without options."""
        return Reply(
            status,
            headers=self.defaults.headers,
            removed=self.defaults.removed,
            to_tag=FORK_TAG if forked and status > 100 else None,
            label=label,
        )

    def reply(self, status: int, fields: Fields, label: str, *, forked: bool, methods: frozenset[str]) -> Reply:
        """A `respond` with its options; `methods` are those that the request at hand can have, none where any."""
        headers, added, removed = self.headers(fields, "headers"), self.headers(fields, "add"), self.removed(fields)
        self._contradictions(fields, (*headers, *added), removed)
        raw = fields.text("raw")
        if raw is not None:
            for name in fields:
                if name not in _ALONE:
                    self._problems.add(
                        fields.place(name), f"'{name}' does nothing beside 'raw'", "`raw` is all of the response"
                    )
        reason, content_type = fields.text("reason"), fields.text("content_type")
        reliable = fields.boolean("reliable")
        if reliable and not 100 < status < 200:
            what = f"{status} cannot be sent reliably"
            self._problems.add(fields.place("reliable"), what, "only 101 to 199 can (RFC 3262 section 3)")
        to_tag = self._switch(fields, "to_tag")
        reply = Reply(
            status,
            reason=None if reason is None else self._texts.head(reason),
            headers=self._with_defaults(headers, removed),
            added=added,
            removed=removed | self.defaults.removed - {header_names.key(name) for name, _ in (*headers, *added)},
            body=self._body(fields),
            content_type=None if content_type is None else self._texts.head(content_type),
            sdp=self._sdp(fields),
            contact=self._switch(fields, "contact"),
            to_tag=FORK_TAG if to_tag is None and forked and status > 100 else to_tag,
            reliable=reliable,
            bare=bool(fields.boolean("bare")),
            raw=None if raw is None else self._texts.raw(raw),
            compact=bool(fields.boolean("compact")),
            fault=message_fault(fields, self._reader),
            label=label,
        )
        broken = fields.boolean("expect_broken")
        if reply.bare and not broken:
            self._bare(fields, reply, methods)
        return reply

    def _with_defaults(
        self, headers: tuple[tuple[str, Text], ...], removed: frozenset[str]
    ) -> tuple[tuple[str, Text], ...]:
        own = {header_names.key(name) for name, _ in headers} | removed
        return tuple(pair for pair in self.defaults.headers if header_names.key(pair[0]) not in own) + headers

    def order(self, method: str, fields: Fields, label: str) -> Order:
        """A `send` or `notify` with its options."""
        headers, added, removed = self.headers(fields, "headers"), self.headers(fields, "add"), self.removed(fields)
        self._contradictions(fields, (*headers, *added), removed)
        content_type = fields.text("content_type")
        return Order(
            method,
            headers=headers,
            added=added,
            removed=removed,
            body=self._body(fields),
            content_type=None if content_type is None else self._texts.head(content_type),
            sdp=self._sdp(fields) if "sdp" in fields.keys else None,
            fault=message_fault(fields, self._reader),
            label=label,
        )

    def _contradictions(self, fields: Fields, headers: tuple[tuple[str, Text], ...], removed: frozenset[str]) -> None:
        for name, _ in headers:
            if header_names.key(name) in removed:
                self._problems.add(fields.place("remove"), f"'{name}' is set and removed", "keep one of the two")
        if "body" in fields and "sdp" in fields:
            self._problems.add(
                fields.place("sdp"), "'sdp' stands beside 'body'", "a message has one body: keep one of the two"
            )
        if "content_type" in fields and "body" not in fields:
            fix = "`sdp` brings its own" if "sdp" in fields.keys else "what is made for the event package has its own"
            self._problems.add(fields.place("content_type"), "'content_type' without 'body'", fix)

    def _body(self, fields: Fields) -> Text | None:
        scalar = fields.text("body")
        return None if scalar is None else self._texts.free(scalar)

    def _sdp(self, fields: Fields) -> bool | Text | None:
        node: Node | None = fields.of("sdp", t.SDP)
        if node is None:
            return None
        if isinstance(node, Scalar) and node.kind == BOOLEAN:
            return node.truth
        scalar = self._reader.text(node, "sdp", t.SDP)
        if scalar is None:
            return None
        if scalar.text in DIRECTIONS:
            return scalar.text
        if not scalar.text.startswith(("v=", "${")):
            self._problems.add(
                scalar.place, "'sdp' takes true, false, a direction, or a session description", "that begins with v=0"
            )
            return None
        return self._texts.lines(scalar)

    def _switch(self, fields: Fields, name: str) -> bool | Text | None:
        node = fields.of(name, t.SWITCH)
        if node is None:
            return None
        if isinstance(node, Scalar) and node.kind == BOOLEAN:
            if node.truth:
                self._problems.add(node.place, f"'{name}' takes {t.SWITCH.says}", "leave it out for what is usual")
            return False
        scalar = self._reader.text(node, name, t.SWITCH)
        return None if scalar is None else self._texts.head(scalar)

    def _bare(self, fields: Fields, reply: Reply, methods: frozenset[str]) -> None:
        """What `bare` leaves out although an RFC requires it is an error, because it is rarely meant."""
        written = {header_names.key(name) for name, _ in (*reply.headers, *reply.added)}
        if reply.contact:
            written.add("contact")
        code = Registry.standard().get(reply.status)
        for rule in code.headers:
            required = rule.level == "MUST" and not rule.needs and not rule.reliable and not rule.when
            suits = any(map(rule.fits, methods)) if methods else not rule.methods
            if required and suits and rule.key not in written:
                needs = f"{reply.status} needs {rule.name} ({_first(code.reference)})"
                self._problems.add(
                    fields.value_place("respond"),
                    f"{needs} and 'bare: true' leaves it out on purpose",
                    "say 'expect_broken: true' or drop 'bare'",
                )
                return


def _first(references: str) -> str:
    """The first of several references."""
    return references.partition(";")[0].partition(",")[0]
