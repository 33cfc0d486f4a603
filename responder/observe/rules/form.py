"""The form of every request (RFC 3261 sections 8.1.1, 7.3, 13.2.1, 18.3, 20): which fields it has, and how."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from responder.observe.records import MalformedRecord
from responder.observe.rules.comparing import brief, came_directly, uri_of, via_of
from responder.observe.rules.rule import MUST, SHOULD, Finding, broken, judged, kept, of_call, of_run
from responder.observe.transcript import CallSeen, Seen, Transcript, identity_of
from responder.sip import header_names
from responder.sip.message import Request
from responder.sip.via import MAGIC_COOKIE

_MANDATORY: Final = ("to", "from", "cseq", "call-id", "max-forwards", "via")
_TELLS_LENGTH: Final = ("TCP", "TLS")
"""Streams without frames of their own; WebSocket has them (RFC 7118 section 5)."""
_OFFLOADED: Final = {"TLS": "TCP", "WSS": "WS"}
"""What is left of a transport where something in front of us takes the encryption away."""
_LARGEST: Final = 2**31
_sip_date: Final = re.compile(
    r"(Mon|Tue|Wed|Thu|Fri|Sat|Sun), \d\d (Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec) \d{4} \d\d:\d\d:\d\d GMT"
).fullmatch
_head_end: Final = re.compile(rb"\r?\n\r?\n")
_OWN_RULES: Final = (
    "Missing ",
    "CSeq method",
    "Not exactly one Contact",
    "Malformed Content-Length",
    "Content-Length ",
)
"""How faults begin that have a rule by themselves."""


def _requests(call: CallSeen, *methods: str) -> Iterator[Seen]:
    """The requests of the client, each once, however often it came."""
    met: set[bytes] = set()
    for seen in call.messages:
        if seen.received and isinstance(seen.message, Request) and seen.data not in met:
            met.add(seen.data)
            if not methods or seen.request.method in methods:
                yield seen


def _begins(seen: Seen) -> bool:
    """Whether a request is outside of dialogs."""
    return not identity_of(seen.request).to_tag


@of_call(
    "request-has-the-mandatory-fields",
    MUST,
    "RFC 3261 8.1.1",
    "A request has To, From, CSeq, Call-ID, Max-Forwards and Via.",
)
def _mandatory(call: CallSeen) -> Iterator[Finding]:
    for seen in _requests(call):
        missing = [header_names.display(key) for key in _MANDATORY if key not in seen.request.shape.index]
        yield judged(not missing, "all of them", f"no {', '.join(missing)} in {seen.request.method}", seen)


@of_run(
    "request-follows-the-grammar",
    MUST,
    "RFC 3261 25.1",
    "What a server needs of a request is written as the grammar says.",
)
def _grammar(run: Transcript) -> Iterator[Finding]:
    for seen in run.messages:
        if not seen.received or b"SIP/2.0" not in seen.data:
            continue
        if isinstance(seen.record, MalformedRecord):
            if not seen.data.lstrip().startswith(b"SIP/"):
                yield broken("a well-formed request", seen.record.what, seen)
        elif isinstance(seen.message, Request):
            fault = seen.fault
            if fault is None:
                yield kept(seen)
            elif not fault.what.startswith(_OWN_RULES):
                yield broken("a well-formed request", fault.what, seen)


@of_call(
    "branch-begins-with-the-cookie",
    MUST,
    "RFC 3261 8.1.1.7",
    f"The branch in the Via of a request begins with {MAGIC_COOKIE}.",
)
def _cookie(call: CallSeen) -> Iterator[Finding]:
    for seen in _requests(call):
        branch = identity_of(seen.request).branch
        cookie = branch[: len(MAGIC_COOKIE)].lower() == MAGIC_COOKIE.lower()  # a token: no regard to case
        yield judged(cookie and len(branch) > len(MAGIC_COOKIE), f"{MAGIC_COOKIE}...", branch or "no branch", seen)


@of_run(
    "branch-is-unique",
    MUST,
    "RFC 3261 8.1.1.7",
    "Every request has a branch of its own, but for CANCEL and the ACK for 300 to 699.",
)
def _unique(run: Transcript) -> Iterator[Finding]:
    first: dict[tuple[str, str], Seen] = {}
    for call in run.calls:
        for exchange in call.requests_of_client:
            identity, seen = exchange.identity, exchange.request
            if exchange.method == "CANCEL" or not identity.branch:
                continue
            known = first.setdefault((identity.branch, identity.sent_by), seen)
            if known is not seen:
                before = identity_of(known.request)
                same = (before.call_id, before.cseq, known.request.method) == (
                    identity.call_id,
                    identity.cseq,
                    exchange.method,
                )
                if not same:
                    yield broken("a branch of its own", f"{identity.branch} once more", known, seen)
            else:
                yield kept(seen)


@of_call("from-has-a-tag", MUST, "RFC 3261 8.1.1.3", "The From of a request has a tag.")
def _from_tag(call: CallSeen) -> Iterator[Finding]:
    for seen in _requests(call):
        if seen.first("from"):
            yield judged(bool(identity_of(seen.request).from_tag), "a tag", seen.first("from"), seen)


@of_call("cseq-has-the-method", MUST, "RFC 3261 8.1.1.5", "The method in CSeq is that of the request.")
def _cseq_method(call: CallSeen) -> Iterator[Finding]:
    for seen in _requests(call):
        got = identity_of(seen.request).method
        if got:
            yield judged(got == seen.request.method, seen.request.method, seen.first("cseq"), seen)


@of_call("cseq-is-below-2-31", MUST, "RFC 3261 8.1.1.5", "The number in CSeq is less than 2**31.")
def _cseq_number(call: CallSeen) -> Iterator[Finding]:
    for seen in _requests(call):
        digits = seen.first("cseq").split(None, 1)[0] if seen.first("cseq") else ""
        if digits.isascii() and digits.isdigit():
            small = len(digits) < 20 and int(digits) < _LARGEST
            yield judged(small, "less than 2147483648", digits[:40], seen)


@of_call("max-forwards-is-70", SHOULD, "RFC 3261 8.1.1.6", "A client starts with Max-Forwards 70.")
def _max_forwards(call: CallSeen) -> Iterator[Finding]:
    for seen in _requests(call):
        got = seen.first("max-forwards")
        if got and came_directly(seen):
            yield judged(got == "70", "70", f"{got} in {seen.request.method}", seen)


@of_call(
    "request-for-a-dialog-has-one-contact",
    MUST,
    "RFC 3261 8.1.1.8",
    "A request that can make a dialog (INVITE, SUBSCRIBE, REFER) has exactly one Contact, a SIP or SIPS URI.",
)
def _contact(call: CallSeen) -> Iterator[Finding]:
    for seen in _requests(call, "INVITE", "SUBSCRIBE", "REFER"):
        if _begins(seen):
            contacts = seen.every("contact")
            right = len(contacts) == 1 and uri_of(contacts[0]).lower().startswith(("sip:", "sips:"))
            yield judged(right, "one Contact with a SIP or SIPS URI", brief(contacts), seen)


@of_call(
    "sips-request-has-a-sips-contact",
    MUST,
    "RFC 3261 8.1.1.8",
    "Where the Request-URI or the first Route is a SIPS URI, the Contact is one, too.",
)
def _sips(call: CallSeen) -> Iterator[Finding]:
    for seen in _requests(call):
        contacts = [uri_of(value).lower() for value in seen.every("contact")]
        secure = [seen.request.uri, *[uri_of(route) for route in seen.every("route")[:1]]]
        sip = [contact for contact in contacts if contact.startswith(("sip:", "sips:"))]
        if sip and any(uri.lower().startswith("sips:") for uri in secure):
            yield judged(all(uri.startswith("sips:") for uri in sip), "a SIPS URI in Contact", brief(sip), seen)


@of_call(
    "request-on-a-stream-has-content-length",
    MUST,
    "RFC 3261 20.14",
    "By TCP and TLS a request has Content-Length.",
)
def _length_is_there(call: CallSeen) -> Iterator[Finding]:
    for seen in _requests(call):
        if seen.record.transport in _TELLS_LENGTH:
            yield judged(bool(seen.first("content-length")), "Content-Length", "none", seen)


@of_call("content-length-is-right", MUST, "RFC 3261 20.14", "Content-Length is the size of the body in bytes.")
def _length_is_right(call: CallSeen) -> Iterator[Finding]:
    for seen in _requests(call):
        value, end = seen.first("content-length"), _head_end.search(seen.data.lstrip(b"\r\n"))
        if not value or end is None:
            continue
        body = seen.data.lstrip(b"\r\n")[end.end() :]
        size = int(value) if value.isascii() and value.isdigit() and len(value) < 10 else -1
        right = size == len(body) or (0 <= size < len(body) and not body[size:].strip(b"\r\n\0 "))
        yield judged(right, str(len(body)), value, seen)


@of_call("body-has-a-content-type", MUST, "RFC 3261 20.15", "A request with a body has Content-Type.")
def _content_type(call: CallSeen) -> Iterator[Finding]:
    for seen in _requests(call):
        if seen.request.body:
            yield judged(bool(seen.first("content-type")), "Content-Type", "none", seen)


@of_call("invite-has-allow", SHOULD, "RFC 3261 13.2.1", "An INVITE outside of dialogs has Allow.")
def _allow(call: CallSeen) -> Iterator[Finding]:
    for seen in _requests(call, "INVITE"):
        if _begins(seen):
            yield judged("allow" in seen.request.shape.index, "Allow", "none", seen)


@of_call("invite-has-supported", SHOULD, "RFC 3261 13.2.1", "An INVITE outside of dialogs has Supported.")
def _supported(call: CallSeen) -> Iterator[Finding]:
    for seen in _requests(call, "INVITE"):
        if _begins(seen):
            yield judged("supported" in seen.request.shape.index, "Supported", "none", seen)


@of_call(
    "via-names-the-transport",
    SHOULD,
    "RFC 3261 20.42",
    "The topmost Via names the transport that the request came by.",
)
def _transport(call: CallSeen) -> Iterator[Finding]:
    for seen in _requests(call):
        vias = seen.every("via")
        via = via_of(vias[0]) if vias else None
        if via is not None:
            named, real = via.transport.upper(), seen.record.transport
            right = named == real or _OFFLOADED.get(named) == real
            yield judged(right, real, named, seen)


@of_call("date-is-in-gmt", MUST, "RFC 3261 20.17", "A Date is as in RFC 1123, and in GMT.")
def _date(call: CallSeen) -> Iterator[Finding]:
    for seen in _requests(call):
        value = seen.first("date")
        if value:
            yield judged(bool(_sip_date(value)), "Wed, 31 Dec 2025 23:59:59 GMT", value, seen)
