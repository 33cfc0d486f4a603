"""Building responses (RFC 3261 section 8.2.6): what is copied, what the registry requires, what the author wrote.

The common case is prepared once for each reply, method, listener and shape of request: then a response is the status
line, the lines copied from the request, and a tail that was written before. Everything unusual (a copied field replaced
or removed, templates, compact names, raw bytes) takes the general way over a list of fields.
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

from responder.registry.derive import secure_contact
from responder.registry.occasion import Occasion
from responder.sip import header_names
from responder.sip.likeness import LikeRequest
from responder.sip.sdp import offered_again
from responder.sip.writer import write
from responder.uas.bodies import SDP, session_description_in
from responder.uas.script import Reply

if TYPE_CHECKING:
    from collections.abc import Callable

    from responder.dialog.reliable import ReliableProvisionals
    from responder.events import Flow
    from responder.registry import Ids, Registry
    from responder.registry.rules import HeaderRule
    from responder.sip.message import Request, Shape
    from responder.sip.sdp import Answerer
    from responder.transaction.server import ServerTransaction
    from responder.uas.call import Call
    from responder.uas.script import Text
    from responder.uas.settings import Settings

DIRECTIONS: Final = frozenset({"sendrecv", "sendonly", "recvonly", "inactive"})
"""What an author says for our usual session description with another direction (RFC 3264 section 5.1)."""
_BOTH_WAYS: Final = "sendrecv"
_DESCRIBED: Final = Reply(200, sdp=True)

_COPIED: Final = frozenset({"via", "from", "to", "call-id", "cseq"})
_NEVER_REMOVED_PLAINLY: Final = _COPIED | {"content-length"}
_MOST_PREPARED: Final = 256
_MOST_SHAPES: Final = 1024
_OFFER_METHODS: Final = frozenset({"INVITE", "UPDATE", "PRACK"})
RELIABLE: Final = "reliable"


class _Prepared:
    """What a reply to requests of one shape has each time."""

    __slots__ = ("described", "general", "rules", "start", "suspect", "tail")

    def __init__(self, start: str, tail: str, rules: tuple[HeaderRule, ...], *, described: bool, general: bool) -> None:
        self.start = start
        """The status line and its CRLF."""
        self.tail = tail
        """The lines that are always the same, without Content-Length."""
        self.rules = rules
        """Rules whose values depend on the request."""
        self.described = described
        """Whether a session description may belong to it."""
        self.general = general
        """Whether the general way is to be taken."""
        self.suspect = False
        """Whether an RFC may have something against such a response."""


class ResponseBuilder:
    """Makes the bytes of responses, and the addresses that we give away."""

    __slots__ = (
        "_answerers",
        "_contacts",
        "_epoch",
        "_ids",
        "_media",
        "_nonce",
        "_prepared",
        "_registry",
        "_settings",
    )

    def __init__(
        self,
        *,
        registry: Registry,
        settings: Settings,
        ids: Ids,
        epoch: float,
        nonce: Callable[[str], str],
        media: Callable[[str], Answerer] | None,
    ) -> None:
        self._registry = registry
        self._settings = settings
        self._ids = ids
        self._epoch = epoch
        self._nonce = nonce
        self._media = media
        self._answerers: dict[str, Answerer] = {}
        self._contacts: dict[str, str] = {}
        self._prepared: dict[tuple[Shape, str, str, bool], dict[Any, _Prepared]] = {}

    # addresses

    def host_port(self, flow: Flow) -> str:
        """Our address on this flow as a sent-by writes it."""
        if self._settings.advertise is not None:
            return self._settings.advertise
        host, port = flow.local
        return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"

    def contact(self, flow: Flow, *, secure: bool = False) -> str:
        """Our Contact on this flow: a SIPS URI where `secure` (12.1.1)."""
        known = self._contacts.get(flow.here)
        if known is None or secure:
            scheme = "sips" if secure else "sip"
            transport = flow.transport.lower()
            if transport in ("tls", "wss"):
                transport = "tcp" if transport == "tls" and secure else transport.replace("wss", "ws")
            parameter = "" if transport == "udp" else f";transport={transport}"
            made = f"<{scheme}:{self._settings.user}@{self.host_port(flow)}{parameter}>"
            if secure:
                return made
            known = self._contacts[flow.here] = made
        return known

    def _answerer(self, flow: Flow) -> Answerer | None:
        if self._media is None:
            return None
        known = self._answerers.get(flow.local[0])
        if known is None:
            known = self._answerers[flow.local[0]] = self._media(flow.local[0])
        return known

    def text(self, value: Text, scope: Any) -> str:
        """The author's text, rendered where it is a template."""
        return value if isinstance(value, str) else value.render(scope)

    # responses

    def build(
        self,
        call: Call,
        transaction: ServerTransaction,
        reply: Reply,
        scope: Any,
        tag: str,
        provisionals: ReliableProvisionals | None,
    ) -> bytes:
        """The response to this transaction's request under this To tag (`""`: none).

        `provisionals` belongs to a reliable 1xx, or to a 2xx after such. Raises `SdpError` where an answer is due to an
        offer that has none.
        """
        templates = transaction.templates
        if templates is None:
            templates = transaction.templates = self._templates(transaction)
        status = reply.status
        key = reply if provisionals is None or status >= 200 else (reply, RELIABLE)
        prepared = templates.get(key)
        if prepared is None:
            if len(templates) >= _MOST_PREPARED:
                templates.clear()
            prepared = templates[key] = self._prepare(call, transaction, reply, reliable=key is not reply)
        if prepared.suspect:
            for sentence in self._registry.deviations(status, transaction.method, transaction.request):
                call.note("deviation", sentence)
        if prepared.general:
            return self._general(call, transaction, reply, scope, tag, provisionals)
        tail = prepared.tail
        if prepared.rules:
            occasion = self._occasion(call, transaction, reply, provisionals)
            tail = "".join([f"{r.name}: {value}\r\n" for r in prepared.rules for value in r.value(occasion)]) + tail
        tagged = "" if transaction.tagged or status == 100 or not tag else f";tag={tag}"
        if prepared.described:
            body = self._described(call, transaction, reply, provisionals)
            if body:
                return (
                    f"{prepared.start}{transaction.head}{tagged}{transaction.rest}{tail}"
                    f"Content-Type: {SDP}\r\nContent-Length: {len(body)}\r\n\r\n"
                ).encode("utf-8", "surrogateescape") + body
        text = f"{prepared.start}{transaction.head}{tagged}{transaction.rest}{tail}Content-Length: 0\r\n\r\n"
        return text.encode("utf-8", "surrogateescape")

    def burst(
        self, call: Call, transaction: ServerTransaction, replies: tuple[Reply, ...]
    ) -> tuple[tuple[bytes, bytes, int], ...] | None:
        """All but the last of these replies to a request like others: what stands before and after the copied lines.

        Each with its status. None where one of them is not just a provisional response that is always the same.
        """
        memo, here = transaction.request.memo, transaction.source.here
        known = memo.get("burst")
        if known is None or known[0] is not replies or known[1] != here:
            known = memo["burst"] = (replies, here, self._burst(call, transaction, replies[:-1]))
        found: tuple[tuple[bytes, bytes, int], ...] | None = known[2]
        return found

    def _burst(
        self, call: Call, transaction: ServerTransaction, replies: tuple[Reply, ...]
    ) -> tuple[tuple[bytes, bytes, int], ...] | None:
        if transaction.tagged or transaction.method != "INVITE" or "require" in transaction.request.shape.index:
            return None
        burst = []
        for reply in replies:
            if reply.status >= 200 or reply.reliable or reply.fault is not None or reply.to_tag is not None:
                return None
            prepared = self._prepare(call, transaction, reply, reliable=False)
            if prepared.general or prepared.suspect or prepared.rules or (prepared.described and reply.sdp):
                return None
            tail = f"{prepared.tail}Content-Length: 0\r\n\r\n"
            burst.append((_encoded(prepared.start), _encoded(tail), reply.status))
        return tuple(burst)

    def _templates(self, transaction: ServerTransaction) -> dict[Any, _Prepared]:
        """What is prepared for requests of this shape and method that come in here."""
        request = transaction.request
        here = transaction.source.here
        if type(request) is LikeRequest:
            known = request.memo.get("templates")
            if known is None or known[0] != here:
                known = request.memo["templates"] = (here, self._shared_templates(request, here))
            templates: dict[Any, _Prepared] = known[1]
            return templates
        return self._shared_templates(request, here)

    def _shared_templates(self, request: Request, here: str) -> dict[Any, _Prepared]:
        # 12.1.1: whether a SIPS Contact is due hangs on the Request-URI, the top Record-Route and the Contact
        key = (request.shape, request.method, here, secure_contact(request))
        templates = self._prepared.get(key)
        if templates is None:
            if len(self._prepared) >= _MOST_SHAPES:
                self._prepared.clear()
            templates = self._prepared[key] = {}
        return templates

    def _prepare(self, call: Call, transaction: ServerTransaction, reply: Reply, *, reliable: bool) -> _Prepared:
        prepared = self._worked_out(call, transaction, reply, reliable=reliable)
        prepared.suspect = not self._registry.legal(reply.status, transaction.method)
        return prepared

    def _worked_out(self, call: Call, transaction: ServerTransaction, reply: Reply, *, reliable: bool) -> _Prepared:
        status, method = reply.status, transaction.method
        phrase = reply.reason if isinstance(reply.reason, str) else self._registry.get(status).phrase
        start = f"SIP/2.0 {status} {phrase}\r\n"
        set_keys = {header_names.key(name) for name, _ in reply.headers}
        written = [*reply.headers, *reply.added]
        general = (
            reply.raw is not None
            or reply.compact
            or reply.body is not None
            or reply.contact is not None
            or not (reply.reason is None or isinstance(reply.reason, str))
            or any(not isinstance(value, str) for _, value in written)
            or bool((set_keys | {header_names.key(name) for name, _ in reply.added}) & (_COPIED | _BODY_KEYS))
            or bool(reply.removed & _NEVER_REMOVED_PLAINLY)
            or isinstance(reply.to_tag, bool)
            or (not isinstance(reply.sdp, bool) and reply.sdp is not None)
        )
        if general:
            return _Prepared(start, "", (), described=False, general=True)
        rules: list[HeaderRule] = []
        lines: list[str] = []
        registry, capabilities = self._registry, self._settings.capabilities
        if not reply.bare:
            if any(rule.compute is not None and rule.level != "MAY" for rule in registry.get(status).bodies):
                return _Prepared(start, "", (), described=False, general=True)
            gone = set_keys | reply.removed
            occasion = self._occasion(call, transaction, reply, None)
            for rule in registry.dynamic_rules(status, method, transaction.request.shape.index, reliable=reliable):
                if rule.key in gone:
                    continue
                if rule.local:
                    lines += [f"{rule.name}: {value}\r\n" for value in rule.value(occasion)]
                else:
                    rules.append(rule)
            for name, value in registry.static_headers(status, method, capabilities):
                if header_names.key(name) not in gone:
                    lines.append(f"{name}: {value}\r\n")
        lines += [f"{name}: {value}\r\n" for name, value in written if header_names.key(name) not in reply.removed]
        described = reply.sdp is not False and (reply.sdp is True or method in _OFFER_METHODS) and not reply.bare
        described = described and (100 < status < 300 or reply.sdp is True)
        return _Prepared(start, "".join(lines), tuple(rules), described=described, general=False)

    def _occasion(
        self,
        call: Call,
        transaction: ServerTransaction,
        reply: Reply,
        provisionals: ReliableProvisionals | None,
    ) -> Occasion:
        flow, request, settings = transaction.source, transaction.request, self._settings
        now, status = call.now, reply.status
        reliable = provisionals is not None and status < 200
        return Occasion(
            status=status,
            method=transaction.method,
            capabilities=settings.capabilities,
            contact=self.contact(flow, secure=secure_contact(request)),
            host=self.host_port(flow),
            request=request,
            ids=self._ids,
            nonce=self._nonce,
            wall=self._epoch + now,
            delay=now - transaction.received,
            bindings=call.bindings,
            reliable=reliable,
            rseq=provisionals.rseq + 1 if provisionals is not None and reliable else 0,
            entity_tag=call.entity_tag,
            following=reply.following,
        )

    def _described(
        self,
        call: Call,
        transaction: ServerTransaction,
        reply: Reply,
        provisionals: ReliableProvisionals | None,
        direction: str = _BOTH_WAYS,
    ) -> bytes | None:
        """The session description that belongs into this response (RFC 3261 13.2.1, RFC 3262 5, RFC 3264)."""
        method, status, request = transaction.method, reply.status, transaction.request
        if type(request) is LikeRequest:
            if "offer" not in request.memo:
                request.memo["offer"] = session_description_in(request)
            offer: bytes | None = request.memo["offer"]
        else:
            offer = session_description_in(request)
        if method == "PRACK" and transaction.dialog is not None and transaction.dialog.reliable is not None:
            known = transaction.dialog.reliable
            if known.offered:
                known.offered = False
                return None  # what came is the answer to our offer
        if reply.sdp is not True:
            if method != "INVITE":
                if offer is None or status < 200:
                    return None
            elif status < 200:
                # RFC 3262 5: the first reliable response to an INVITE without offer must carry one
                if provisionals is None or offer is not None or provisionals.carried_sdp:
                    return None
            elif provisionals is not None and provisionals.carried_sdp:
                return None
        if offer is None:
            return self._offer(call, transaction.source, direction)
        return self._answer(call, transaction.source, offer, direction)

    def offer(self, call: Call, flow: Flow, direction: str = _BOTH_WAYS, last: bytes = b"") -> bytes:
        """An offer of ours in a request of ours, with the streams of our `last` description; empty without media."""
        if not last:
            return self._offer(call, flow, direction) or b""
        again = offered_again(last, direction)
        if again is not last:
            call.described = (call.described[0] + 1, again)
        return again

    def answer(self, call: Call, flow: Flow, offer: bytes) -> bytes:
        """Our answer in an ACK; empty where we have no media. Raises `SdpError`."""
        return self._answer(call, flow, offer, _BOTH_WAYS) or b""

    def _offer(self, call: Call, flow: Flow, direction: str) -> bytes | None:
        answerer = self._answerer(flow)
        if answerer is None:
            return None
        return _versioned(call, lambda version: answerer.offer(call.session_id, version), direction)

    def _answer(self, call: Call, flow: Flow, offer: bytes, direction: str) -> bytes | None:
        answerer = self._answerers.get(flow.local[0]) or self._answerer(flow)
        if answerer is None:
            return None
        if direction is _BOTH_WAYS and not call.described[0]:
            made = answerer.answer(offer, call.session_id, 1)
            call.described = (1, made)
            return made
        return _versioned(call, lambda version: answerer.answer(offer, call.session_id, version), direction)

    def ruled(
        self, call: Call, transaction: ServerTransaction, reply: Reply, provisionals: ReliableProvisionals | None
    ) -> list[tuple[HeaderRule, int]]:
        """The registry's rules that give this response header fields, each with how many; for who explains it.

        To be asked before `build`. It draws no ids and issues no nonce, so that `build` gives what it would have given.
        """
        if reply.raw is not None or reply.bare:
            return []
        occasion = replace(
            self._occasion(call, transaction, reply, provisionals), ids=_Zeros(), nonce=lambda algorithm: ""
        )
        ruled = self._registry.ruled(reply.status, transaction.method, occasion)
        return [(rule, len(values)) for rule, values in ruled]

    def raw(self, reply: Reply, scope: Any) -> bytes:
        """The bytes of a reply that its author wrote out."""
        return reply.raw if isinstance(reply.raw, bytes) else _encoded(self.text(reply.raw or "", scope))

    def raw_tag(self, reply: Reply, scope: Any) -> str:
        """The To tag in those bytes, empty where there is none: the dialog is known by it."""
        found = _to_tag(self.raw(reply, scope))
        return found[1].decode("utf-8", "surrogateescape") if found else ""

    # the general way

    def _general(
        self,
        call: Call,
        transaction: ServerTransaction,
        reply: Reply,
        scope: Any,
        tag: str,
        provisionals: ReliableProvisionals | None,
    ) -> bytes:
        if reply.raw is not None:
            return self.raw(reply, scope)
        status, method = reply.status, transaction.method
        code = self._registry.get(status)
        phrase = code.phrase if reply.reason is None else self.text(reply.reason, scope)
        tagged = "" if transaction.tagged or status == 100 or not tag else f";tag={tag}"
        copied = f"{transaction.head}{tagged}{transaction.rest}".removesuffix("\r\n").split("\r\n")
        fields = [(name, value) for name, _, value in (line.partition(": ") for line in copied)]
        body, content_type = b"", ""
        occasion = self._occasion(call, transaction, reply, provisionals)
        if not reply.bare:
            fields += self._registry.headers(status, method, occasion)
            made = code.body(occasion)
            if made is not None:
                content_type, body = made
        if reply.body is not None:
            body = reply.body if isinstance(reply.body, bytes) else _encoded(self.text(reply.body, scope))
            content_type = "text/plain" if reply.content_type is None else self.text(reply.content_type, scope)
        elif reply.sdp is not None and not isinstance(reply.sdp, bool):
            content_type = SDP
            if isinstance(reply.sdp, str) and reply.sdp in DIRECTIONS:
                body = self._described(call, transaction, _DESCRIBED, provisionals, reply.sdp) or b""
            else:
                body = _encoded(self.text(reply.sdp, scope))
        elif reply.sdp is not False and (
            reply.sdp or (100 < status < 300 and method in _OFFER_METHODS and not reply.bare)
        ):
            described = self._described(call, transaction, reply, provisionals)
            if described:
                body, content_type = described, SDP
        if reply.contact is not None:
            fields = [field for field in fields if field[0] != "Contact"]
            if reply.contact is True:
                fields.append(("Contact", occasion.contact))
            elif reply.contact is not False:
                fields.append(("Contact", self.text(reply.contact, scope)))
        if body:
            fields.append(("Content-Type", content_type))
        fields = self._written(fields, reply, scope)
        measured = "content-length" not in reply.removed and all(
            header_names.key(name) != "content-length" for name, _ in (*reply.headers, *reply.added)
        )
        return write(f"SIP/2.0 {status} {phrase}", fields, body, measured=measured, compact=reply.compact)

    def _written(self, fields: list[tuple[str, str]], reply: Reply, scope: Any) -> list[tuple[str, str]]:
        """The fields with what the author set (in its place), added and removed."""
        replacing: dict[str, list[tuple[str, str]]] = {}
        for name, value in reply.headers:
            replacing.setdefault(header_names.key(name), []).append((name, self.text(value, scope)))
        result: list[tuple[str, str]] = []
        done: set[str] = set()
        for name, value in fields:
            key = header_names.key(name)
            if key not in replacing:
                result.append((name, value))
            elif key not in done:
                done.add(key)
                result += replacing[key]
        for key, written in replacing.items():
            if key not in done:
                result += written
        result += [(name, self.text(value, scope)) for name, value in reply.added]
        return [field for field in result if header_names.key(field[0]) not in reply.removed]


class _Zeros:
    """Ids for values that nobody will see (`registry.occasion.Ids`)."""

    def getrandbits(self, k: int, /) -> int:
        """None drawn."""
        return 0


_to_tag: Final = re.compile(rb"^(?:to|t)[ \t]*:[^\r\n]*;[ \t]*tag=([^;\s>]+)", re.IGNORECASE | re.MULTILINE).search
_BODY_KEYS: Final = frozenset({"content-type", "content-length"})


def _versioned(call: Call, make: Callable[[int], bytes], direction: str) -> bytes:
    """A session description with the version that its `o=` line must have.

    RFC 3264 section 8: one higher than that of the last description, unless nothing has changed.
    """
    version, last = call.described
    if version:
        again = _directed(make(version), direction)
        if again == last:
            return again
    made = _directed(make(version + 1), direction)
    call.described = (version + 1, made)
    return made


def _directed(description: bytes, direction: str) -> bytes:
    return description if direction == _BOTH_WAYS else description.replace(b"a=sendrecv", b"a=" + direction.encode())


def _encoded(text: str) -> bytes:
    return text.encode("utf-8", "surrogateescape")
