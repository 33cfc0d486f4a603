"""Who put each header field into a message of ours, with the reference that says why.

Rules
1. It is read off what made the message: the reply or order, the author's step, the registry's rules (`witness.Made`).
2. A field that the author set is the author's, whatever an RFC would have put there.
3. Of several fields of one name, those that the author added stand last, as the builder puts them.
"""

from __future__ import annotations

from collections import defaultdict, deque
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from responder.scenario import plan
from responder.scenario.reply_compiler import FORK_TAG
from responder.sip import header_names
from responder.uas.response import DIRECTIONS
from responder.uas.script import Order, Reply

if TYPE_CHECKING:
    from collections.abc import Iterable

    from responder.control.steps import Written
    from responder.control.witness import Made
    from responder.registry.rules import HeaderRule


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a line comes from."""

    who: str
    """`request` (copied), `registry`, `author`, `UAS`, `UAC`, `writer`, `digest`, `dialled` or `fault`."""
    note: str
    """The same in words, with reference or place in brackets."""


@dataclass(frozen=True, slots=True)
class Line:
    """A header line, or the start line, as it stands on the wire."""

    text: str
    origin: Origin


_COPIED: Final = frozenset({"via", "from", "to", "call-id", "cseq"})
_COPY: Final = "RFC 3261 8.2.6.2"
_WRITER: Final = Origin("writer", "writer (RFC 3261 20.14)")
_CORRUPTED: Final = Origin("fault", "corrupted on purpose")

_OF_REQUESTS: Final = {
    "via": "RFC 3261 8.1.1.7",
    "max-forwards": "RFC 3261 8.1.1.6",
    "cseq": "RFC 3261 8.1.1.5",
    "contact": "RFC 3261 8.1.1.8",
    "allow": "RFC 3261 13.2.1",
    "supported": "RFC 3261 8.1.1.9",
    "rack": "RFC 3262 7.2",
    "event": "RFC 6665 8.2.1",
    "subscription-state": "RFC 6665 8.2.3",
    "session-expires": "RFC 4028 4",
    "min-se": "RFC 4028 5",
    "content-type": "RFC 3261 20.15",
}
"""Where the RFCs say what a request of ours has, by KEY."""
_OF_DIALOG: Final = dict.fromkeys(("from", "to", "call-id", "cseq", "route", "contact"), "RFC 3261 12.2.1.1")
_OF_BEGINNING: Final = {
    "from": "RFC 3261 8.1.1.3",
    "to": "RFC 3261 8.1.1.2",
    "call-id": "RFC 3261 8.1.1.4",
    "route": "RFC 3327 5.4",
}


def of_response(data: bytes, made: Made, written: Written | None) -> tuple[Line, ...]:
    """The lines of a response; `data` differs from what was made where a fault corrupted it."""
    if data != made.data:
        return _corrupted(data, of_response(made.data, made, written))
    reply = made.reply
    start, *fields = _head(data)
    if reply.raw is not None:
        author = _by_author(reply, written, "raw")
        return tuple(Line(text, author) for text in (start, *fields))
    reason = _by_author(reply, written, "reason") if reply.reason is not None else None
    lines = [Line(start, reason or Origin("registry", f"registry ({_first(made.reference)})"))]
    keys = [_key(text) for text in fields]
    added = _last_of(keys, (name for name, _ in reply.added))
    rules: dict[str, deque[HeaderRule]] = defaultdict(deque)
    for rule, count in made.ruled:
        rules[rule.key] += [rule] * count
    set_here = {header_names.key(name) for name, _ in reply.headers}
    for at, (key, text) in enumerate(zip(keys, fields, strict=True)):
        if key in set_here or at in added:
            origin = _of_author_or_core(made, written, key)
        elif key in _COPIED:
            origin = _copied(key, text, made, written)
        elif key == "content-length":
            origin = _WRITER
        elif key == "content-type":
            origin = _of_body(made, written)
        elif key == "contact" and reply.contact is not None:
            origin = _by_author(reply, written, "contact")
        else:
            ruled = rules[key]
            origin = _by_rule(ruled.popleft(), reply.status) if ruled else Origin("UAS", "UAS")
        lines.append(Line(text, origin))
    return tuple(lines)


def missing_in(made: Made) -> list[str]:
    """What RFCs want in a response and the author left out, a sentence each."""
    reply = made.reply
    if reply.raw is not None:
        return []
    keys = {_key(text) for text in _head(made.data)[1:]}
    found = [
        f"{rule.name} is left out: {reply.status} needs it ({_short(rule.reference)})"
        for rule in made.rules
        if rule.level == "MUST" and not (rule.when or rule.needs or rule.reliable) and rule.key not in keys
    ]
    for key in ("via", "from", "to", "call-id", "cseq"):
        if key not in keys and key in made.request.shape.index:
            found.append(f"{header_names.display(key)} is left out ({_COPY})")
    if reply.to_tag is False and reply.status > 100 and not made.tagged:
        found.append(f"To has no tag ({_COPY})")
    return found


def of_request(data: bytes, written: Written | None, label: str, *, within: bool) -> tuple[Line, ...]:
    """The lines of a request of ours: an author's step, or what the core sends by itself."""
    start, *fields = _head(data)
    method = start.partition(" ")[0]
    order = written.message if written is not None and isinstance(written.message, Order) else None
    own = f", {label}" if written is None and label not in ("", "built-in") else ""
    if order is not None and order.method == method:
        lines = [Line(start, _by_author(order, written, "send"))]
    else:
        order = None  # the ACK or CANCEL of the author's request, or one of the core's own
        lines = [Line(start, Origin("UAC", f"UAC{own} ({_WHY.get(method, 'RFC 3261 8.1.1')})"))]
    references = _OF_REQUESTS | (_OF_DIALOG if within else _OF_BEGINNING)
    for text in fields:
        key = _key(text)
        if order is not None and any(header_names.key(name) == key for name, _ in (*order.headers, *order.added)):
            origin = _by_author(order, written, text.partition(":")[0])
        elif order is not None and key == "content-type" and order.body is not None:
            origin = _by_author(order, written, "body")
        elif order is not None and written is not None and key in _said_by(written):
            origin = _by_author(order, written, _said_by(written)[key])
        elif key == "content-length":
            origin = _WRITER
        else:
            reference = references.get(key)
            origin = Origin("UAC", f"UAC ({reference})" if reference else "UAC")
        lines.append(Line(text, origin))
    return tuple(lines)


def _said_by(written: Written) -> dict[str, str]:
    """Fields whose values a step says without naming the header: KEY, and the key of the step."""
    if isinstance(written.step, plan.Notify):
        return {"subscription-state": "notify"}
    if isinstance(written.step, plan.Call):
        return {"to": "to"} if written.step.sender is None else {"to": "to", "from": "from"}
    return {}


_WHY: Final = {
    "ACK": "RFC 3261 13.2.2.4",
    "BYE": "RFC 3261 15.1.1",
    "CANCEL": "RFC 3261 9.1",
    "INVITE": "RFC 3261 14.1",
    "NOTIFY": "RFC 6665 4.2.2",
    "PRACK": "RFC 3262 4",
    "UPDATE": "RFC 3311 5.1",
}


def as_garbage(data: bytes) -> tuple[Line, ...]:
    """The lines of bytes that nobody here knows the making of: a fault made them."""
    return tuple(Line(text, _CORRUPTED) for text in _head(data))


def _corrupted(data: bytes, whole: tuple[Line, ...]) -> tuple[Line, ...]:
    known = {line.text: line.origin for line in whole}
    return tuple(Line(text, known.get(text, _CORRUPTED)) for text in _head(data))


def _copied(key: str, text: str, made: Made, written: Written | None) -> Origin:
    value = text.partition(":")[2].strip()
    values = [made.request.values[at].strip() for at in made.request.shape.every.get(key, ())]
    if value in values:
        if key == "to" and made.reply.to_tag is False and not made.tagged and made.reply.status > 100:
            where = f" ({written.where})" if written is not None else ""
            return Origin("request", f"copied from the request; no tag: author{where}")
        return Origin("request", f"copied from the request ({_COPY})")
    if key == "via":
        given = [name for name in ("received", "rport") if f";{name}=" in value.lower()]
        return Origin("request", f"copied, {' and '.join(given)} ours (RFC 3261 18.2.1, RFC 3581 4)")
    if key == "to":
        tag = made.reply.to_tag
        if tag is None or tag is FORK_TAG:
            of = " of this branch" if tag is FORK_TAG else ""
            return Origin("request", f"copied, To-tag{of}: ours ({_COPY})")
        where = f" ({written.line_of('to_tag')})" if written is not None else ""
        return Origin("request", f"copied, To-tag: author{where}")
    return Origin("request", f"copied from the request ({_COPY})")


def _of_author_or_core(made: Made, written: Written | None, key: str) -> Origin:
    """A header that stands in the reply: the author's, or that of who made the reply."""
    reply = made.reply
    name = header_names.display(key)
    if reply.label == "dialled":
        return Origin("dialled", "dialled")
    if written is not None and key in written.header_keys:
        return _by_author(reply, written, name)
    if key in ("www-authenticate", "proxy-authenticate"):
        where = f"{written.where}; " if written is not None else ""
        return Origin("digest", f"challenge ({where}RFC 7616 3.3)")
    if key in ("authentication-info", "proxy-authentication-info"):
        return Origin("digest", "proof of the secret (RFC 7616 3.5)")
    rule = next((rule for rule in made.rules if rule.key == key), None)
    return Origin("UAS", "UAS" if rule is None else f"UAS ({_short(rule.reference)})")


def _by_rule(rule: HeaderRule, status: int) -> Origin:
    verb = {"MUST": "needs", "SHOULD": "should have"}.get(rule.level, "may have")
    return Origin("registry", f"registry: {status} {verb} it ({_short(rule.reference)})")


def _of_body(made: Made, written: Written | None) -> Origin:
    reply = made.reply
    if reply.body is not None:
        return _by_author(reply, written, "content_type" if reply.content_type is not None else "body")
    if reply.sdp is not None and not isinstance(reply.sdp, bool) and reply.sdp not in DIRECTIONS:
        return _by_author(reply, written, "sdp")
    for rule in made.bodies:
        if rule.compute is not None and rule.level != "MAY":
            return Origin("registry", f"registry: {reply.status} has a body ({_short(rule.reference)})")
    offered = made.request.body and b"v=0" in made.request.body
    what = "answer to the offer (RFC 3264 6)" if offered else "offer (RFC 3261 13.2.1, RFC 3264 5)"
    return Origin("UAS", f"UAS: {what}")


def _by_author(message: Reply | Order, written: Written | None, name: str) -> Origin:
    if written is None:
        return Origin("UAS", f"UAS ({message.label})" if message.label else "UAS")
    return Origin("author", f"author ({written.line_of(name)})")


def _last_of(keys: list[str], names: Iterable[str]) -> set[int]:
    """The positions of the last fields of these names, as many of each as it is named."""
    found: set[int] = set()
    for name in names:
        key = header_names.key(name)
        at = next((at for at in range(len(keys) - 1, -1, -1) if keys[at] == key and at not in found), None)
        if at is not None:
            found.add(at)
    return found


def _head(data: bytes) -> list[str]:
    """The lines above the body, without their ends."""
    head = data.partition(b"\r\n\r\n")[0].decode("utf-8", "surrogateescape")
    return head.removesuffix("\r\n").split("\r\n")


def _key(line: str) -> str:
    return header_names.key(line.partition(":")[0].strip())


def _short(references: str) -> str:
    """Those of the first RFC that is named, the others are in `responder codes`."""
    return references.partition(";")[0]


def _first(references: str) -> str:
    """The first of several references, such as the section that defines a code."""
    return references.partition(";")[0].partition(",")[0]
