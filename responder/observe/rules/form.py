"""What every request has, and has not (RFC 3261 sections 8.1.1, 11.1, 13.2.1, 18, 19.3, 20).

How its fields are written is a matter of `grammar`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from responder.errors import ParseError
from responder.observe.identity import identity_of
from responder.observe.rules.attempts import client_of, refusals
from responder.observe.rules.comparing import address, brief, came_directly, same_uri, uri_of, via_of
from responder.observe.rules.registered import OPTION_TAGS
from responder.observe.rules.rule import (
    MAY,
    MUST,
    SHOULD,
    Finding,
    broken,
    judged,
    kept,
    of_call,
    of_exchange,
    of_request,
    of_run,
)
from responder.observe.transcript import CallSeen, Exchange, Seen, Transcript
from responder.sip import header_names
from responder.sip.abnf import is_token
from responder.sip.message import Request
from responder.sip.methods import METHODS
from responder.sip.uri import Uri
from responder.sip.via import MAGIC_COOKIE, Via

_MANDATORY: Final = {
    "to": "8.1.1.2",
    "from": "8.1.1.3",
    "call-id": "8.1.1.4",
    "cseq": "8.1.1.5",
    "max-forwards": "8.1.1.6",
    "via": "8.1.1.7",
}
"""By KEY: the section that says what the field is for."""
_TELLS_LENGTH: Final = ("TCP", "TLS")
"""Streams without frames of their own; WebSocket has them (RFC 7118 section 5)."""
_OFFLOADED: Final = {"TLS": "TCP", "WSS": "WS"}
"""What is left of a transport where something in front of us takes the encryption away."""
_LARGEST: Final = 2**31
_TIMEOUT: Final = 32.0
"""64*T1."""
_LARGEST_DATAGRAM: Final = 1300
"""Bytes of a request above which it is too large for UDP where the path MTU is not known (18.1.1)."""
_SHORTEST_TAG: Final = 4
"""Characters. 32 bits of randomness take six of a token's 76; below four there is little doubt left."""
_INVITE: Final = ("INVITE",)
_MAKE_DIALOGS: Final = ("INVITE", "SUBSCRIBE", "REFER")
_OF_CALLS: Final = {"INVITE", "ACK", "BYE"}
"""What every client understands that has calls."""
_NOT_APPLICABLE: Final[dict[str, frozenset[str]]] = {
    method: frozenset(keys.split())
    for method, keys in {
        "ACK": """accept accept-encoding accept-language alert-info allow call-info expires in-reply-to organization
            priority reply-to subject supported""",
        "BYE": "alert-info call-info contact expires in-reply-to organization priority reply-to subject",
        "CANCEL": """accept accept-encoding accept-language alert-info allow call-info contact content-disposition
            content-encoding content-language content-type expires in-reply-to mime-version organization priority
            reply-to subject""",
        "OPTIONS": "alert-info expires in-reply-to priority reply-to subject",
        "REGISTER": "alert-info in-reply-to priority record-route reply-to subject",
    }.items()
}
"""Tables 2 and 3: what is not applicable (`-`) to the method; Require in ACK and CANCEL has rules by itself, and
Proxy-Authorization is RECOMMENDED for all requests of a call (22.3)."""
_IN_RESPONSES: Final = {
    *("authentication-info", "error-info", "min-expires", "proxy-authenticate", "proxy-authentication-info"),
    *("retry-after", "rseq", "server", "service-route", "sip-etag", "unsupported", "warning", "www-authenticate"),
}
"""Fields whose place in tables 2 and 3, or in the RFC that added them, is in responses alone."""
_sip_date: Final = re.compile(
    r"(Mon|Tue|Wed|Thu|Fri|Sat|Sun), \d\d (Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec) \d{4} \d\d:\d\d:\d\d GMT"
).fullmatch
_head_end: Final = re.compile(rb"\r?\n\r?\n").search


def _begins(seen: Seen) -> bool:
    """Whether a request is outside of dialogs."""
    return not identity_of(seen.request).to_tag


# ------------------------------------------------------------------------------------------------ what has to be there


def _of_mandatory(key: str, section: str) -> None:
    name = header_names.display(key)

    def has(seen: Seen) -> Iterator[Finding]:
        yield judged(key in seen.request.shape.index, name, f"none in {seen.request.method}", seen)

    cited = f"RFC 3261 8.1.1, RFC 3261 {section}"
    of_request(f"request-has-{key}", MUST, cited, f"A request has {name}.")(has)


for _key, _section in _MANDATORY.items():
    _of_mandatory(_key, _section)


# ------------------------------------------------------------------------------------------------ Via


def _via(seen: Seen) -> Via | None:
    """The topmost Via, where it can be read."""
    vias = seen.every("via")
    return via_of(vias[0]) if vias else None


@of_request(
    "branch-begins-with-the-cookie",
    MUST,
    "RFC 3261 8.1.1.7",
    f"The branch in the Via of a request begins with {MAGIC_COOKIE}.",
)
def _cookie(seen: Seen) -> Iterator[Finding]:
    if _via(seen) is not None:
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


@of_request(
    "via-has-protocol-and-version",
    MUST,
    "RFC 3261 8.1.1.7",
    "Protocol name and version in the topmost Via are SIP and 2.0.",
)
def _protocol(seen: Seen) -> Iterator[Finding]:
    via = _via(seen)
    if via is not None:
        right = (via.protocol.upper(), via.version) == ("SIP", "2.0")
        yield judged(right, "SIP/2.0", f"{via.protocol}/{via.version}", seen)


@of_request(
    "via-names-the-transport",
    MUST,
    "RFC 3261 18.1.1, RFC 3261 8.1.1.7",
    "The topmost Via names the transport that the request came by.",
)
def _transport(seen: Seen) -> Iterator[Finding]:
    via = _via(seen)
    if via is not None and came_directly(seen):
        named, real = via.transport.upper(), seen.record.transport
        right = named == real or _OFFLOADED.get(named) == real
        yield judged(right, real, named, seen)


@of_request(
    "via-says-where-to-answer",
    MUST,
    "RFC 3261 18.1.1",
    "The sent-by of the topmost Via is a host that can be answered, and a port.",
)
def _sent_by(seen: Seen) -> Iterator[Finding]:
    via = _via(seen)
    if via is not None:
        yield judged(not _is_nowhere(via.host, via.port), "a host and a port", via.sent_by, seen)


def _is_nowhere(host: str, port: int | None) -> bool:
    return host in ("0.0.0.0", "[::]") or port == 0


@of_request(
    "maddr-and-ttl-are-for-multicast",
    MAY,
    "RFC 3261 18.1.1",
    "maddr and ttl stand in the Via of what is sent to a multicast group, and in no other.",
)
def _multicast(seen: Seen) -> Iterator[Finding]:
    via = _via(seen)
    if via is not None and came_directly(seen):
        wrong = [name for name in ("maddr", "ttl") if name in via.params]
        yield judged(not wrong, "neither of them", brief(wrong), seen)


@of_request(
    "rport-is-asked-for-without-value",
    MUST,
    "RFC 3581 3",
    "The rport of a request has no value: the server gives it one.",
)
def _rport(seen: Seen) -> Iterator[Finding]:
    via = _via(seen)
    if via is not None and "rport" in via.params and came_directly(seen):
        yield judged(via.has_rport, "rport", f"rport={via.params.get('rport')}", seen)


@of_request(
    "large-request-goes-by-a-stream",
    SHOULD,
    "RFC 3261 18.1.1",
    f"A request of more than {_LARGEST_DATAGRAM} bytes goes by TCP, unless the client knows that the path takes it.",
)
def _large(seen: Seen) -> Iterator[Finding]:
    if seen.record.transport == "UDP" and came_directly(seen):
        size = len(seen.data)
        yield judged(size <= _LARGEST_DATAGRAM, "TCP", f"{size} bytes by UDP", seen)


# ------------------------------------------------------------------------------------------------ From, To, Call-ID


@of_request("from-has-a-tag", MUST, "RFC 3261 8.1.1.3", "The From of a request has a tag.")
def _from_tag(seen: Seen) -> Iterator[Finding]:
    if seen.first("from"):
        tag = identity_of(seen.request).from_tag
        found = address(seen.first("from"))
        if found is not None or tag:
            yield judged(bool(tag), "a tag", seen.first("from"), seen)


@of_request(
    "from-tag-is-random",
    SHOULD,
    "RFC 3261 19.3",
    f"A tag has 32 bits of randomness: never fewer than {_SHORTEST_TAG} characters.",
)
def _random(seen: Seen) -> Iterator[Finding]:
    tag = identity_of(seen.request).from_tag
    if tag and _begins(seen):
        yield judged(len(tag) >= _SHORTEST_TAG, "32 bits of randomness", tag, seen)


def _openings(run: Transcript) -> Iterator[tuple[CallSeen, Exchange]]:
    """The requests that began calls, in order of time."""
    found = [(call, call.requests_of_client[0]) for call in run.calls if call.requests_of_client]
    yield from sorted(found, key=lambda pair: pair[1].request.number)


@of_run(
    "calls-have-tags-of-their-own",
    MUST,
    "RFC 3261 19.3",
    "A new call of a client has another From tag than the calls before it.",
)
def _other_tag(run: Transcript) -> Iterator[Finding]:
    used: dict[tuple[tuple[str, str], str], Exchange] = {}
    for _, opening in _openings(run):
        tag = opening.identity.from_tag
        if not tag or opening.method not in _MAKE_DIALOGS or not opening.outside_dialog():
            continue
        before = used.get((client_of(opening), tag))
        if before is not None and 200 <= before.status < 300:  # else it may be a retry with another Call-ID
            yield broken("a new tag", f"{tag} again", before.request, opening.request)
        else:
            yield kept(opening.request)
        used[client_of(opening), tag] = opening


@of_call(
    "new-call-has-a-new-call-id",
    MUST,
    "RFC 3261 8.1.1.4",
    "An INVITE outside of dialogs has another Call-ID than a call that was answered, or refused for good, before.",
)
def _call_id(call: CallSeen) -> Iterator[Finding]:
    invites = [one for one in call.requests_of_client if one.method == "INVITE" and one.outside_dialog()]
    for place, exchange in enumerate(invites):
        over = [one for one in invites[:place] if one.answered_before(exchange.request)]
        over = [one for one in over if not _is_up(one, exchange, call)]
        before = next((one for one in over if _is_another_call(exchange, one)), None)
        if before is None:
            yield kept(exchange.request)
        elif client_of(before) == client_of(exchange):
            yield broken("a Call-ID of its own", call.call_id, before.request, exchange.request)


def _is_up(before: Exchange, exchange: Exchange, call: CallSeen) -> bool:
    """Whether an INVITE has the tag of a session that lasts: it is in that, with or without its To tag (12.2.1.1)."""
    byes = [one for one in call.exchanges if one.method == "BYE" and one.request.number < exchange.request.number]
    same = before.identity.from_tag == exchange.identity.from_tag
    return same and 200 <= before.status < 300 and bool(before.acks) and not byes


def _is_another_call(exchange: Exchange, before: Exchange) -> bool:
    """Whether an INVITE is none that goes on with the one before: that was answered, or refused for good."""
    if 200 <= before.status < 300:
        return True
    for_good = before.status in (404, 410, 480, 486, 487) or before.status >= 600
    return for_good and exchange.identity.from_tag != before.identity.from_tag


_IN_NO_DIALOG: Final = ("INVITE", "MESSAGE", "OPTIONS", "PUBLISH", "REFER", "SUBSCRIBE")


@of_call(
    "request-outside-a-dialog-has-no-to-tag",
    MUST,
    "RFC 3261 8.1.1.2",
    "The first request of a call to the address in its To has no To tag: there is no dialog that it could be in.",
)
def _to_tag(call: CallSeen) -> Iterator[Finding]:
    opening = next(iter(call.requests_of_client), None)
    if opening is None or opening.request is not call.messages[0] or opening.method not in _IN_NO_DIALOG:
        return
    seen, tag = opening.request, opening.identity.to_tag
    # a request of a dialog that began before the run goes to the Contact of its peer
    if not tag or same_uri(seen.request.uri, uri_of(seen.first("to"))):
        yield judged(not tag, "no To tag", f"tag {tag}", seen)


@of_run(
    "request-uri-is-that-of-to",
    SHOULD,
    "RFC 3261 8.1.1.1",
    "An INVITE or MESSAGE that begins a call goes to the user and host that its To names.",
)
def _target(run: Transcript) -> Iterator[Finding]:
    redirected = min((final.number for _, final in refusals(run, range(300, 400))), default=len(run.messages) + 1)
    for _, opening in _openings(run):
        seen = opening.request
        if opening.method not in ("INVITE", "MESSAGE") or not opening.outside_dialog() or seen.number > redirected:
            continue  # it may go where a redirection led to
        ours, theirs = _uri(seen.request.uri), _uri(uri_of(seen.first("to")))
        if ours is not None and theirs is not None and ours.is_sip and theirs.is_sip:
            same = (ours.user, ours.host.lower()) == (theirs.user, theirs.host.lower())
            yield judged(same, str(theirs), str(ours), seen)


def _uri(text: str) -> Uri | None:
    try:
        return Uri.parse(text)
    except ParseError:
        return None


# ------------------------------------------------------------------------------------------------ CSeq, Max-Forwards


@of_request("cseq-has-the-method", MUST, "RFC 3261 8.1.1.5", "The method in CSeq is that of the request.")
def _cseq_method(seen: Seen) -> Iterator[Finding]:
    got = identity_of(seen.request).method
    if got:
        yield judged(got == seen.request.method, seen.request.method, seen.first("cseq"), seen)


@of_request("cseq-is-below-2-31", MUST, "RFC 3261 8.1.1.5", "The number in CSeq is less than 2**31.")
def _cseq_number(seen: Seen) -> Iterator[Finding]:
    digits = seen.first("cseq").split(None, 1)[0] if seen.first("cseq") else ""
    if digits.isascii() and digits.isdigit():
        small = len(digits) < 20 and int(digits) < _LARGEST
        yield judged(small, "less than 2147483648", digits[:40], seen)


@of_request("max-forwards-is-70", SHOULD, "RFC 3261 8.1.1.6", "A client starts with Max-Forwards 70.")
def _max_forwards(seen: Seen) -> Iterator[Finding]:
    got = seen.first("max-forwards")
    if got.isascii() and got.isdigit() and int(got) <= 255 and came_directly(seen):
        yield judged(got == "70", "70", f"{got} in {seen.request.method}", seen)


# ------------------------------------------------------------------------------------------------ Contact


@of_request(
    "request-for-a-dialog-has-one-contact",
    MUST,
    "RFC 3261 8.1.1.8",
    "A request that can make a dialog (INVITE, SUBSCRIBE, REFER) has exactly one Contact, a SIP or SIPS URI.",
    methods=_MAKE_DIALOGS,
)
def _contact(seen: Seen) -> Iterator[Finding]:
    if _begins(seen):
        contacts = seen.every("contact")
        if len(contacts) == 1 and contacts[0] != "*" and address(contacts[0]) is None:
            return  # what cannot be read is a matter of grammar
        right = len(contacts) == 1 and uri_of(contacts[0]).lower().startswith(("sip:", "sips:"))
        yield judged(right, "one Contact with a SIP or SIPS URI", brief(contacts), seen)


@of_request(
    "contact-can-be-reached",
    MUST,
    "RFC 3261 8.1.1.8",
    "The Contact is a place at which the client can get requests.",
)
def _reachable(seen: Seen) -> Iterator[Finding]:
    for value in seen.every("contact"):
        uri = _uri(uri_of(value))
        if uri is not None and uri.is_sip:
            yield judged(not _is_nowhere(uri.host, uri.port), "an address and a port", value, seen)


@of_request(
    "sips-request-has-a-sips-contact",
    MUST,
    "RFC 3261 8.1.1.8",
    "Where the Request-URI or the first Route is a SIPS URI, the Contact is one, too.",
)
def _sips(seen: Seen) -> Iterator[Finding]:
    contacts = [uri_of(value).lower() for value in seen.every("contact")]
    secure = [seen.request.uri, *[uri_of(route) for route in seen.every("route")[:1]]]
    sip = [contact for contact in contacts if contact.startswith(("sip:", "sips:"))]
    if sip and any(uri.lower().startswith("sips:") for uri in secure):
        yield judged(all(uri.startswith("sips:") for uri in sip), "a SIPS URI in Contact", brief(sip), seen)


# ------------------------------------------------------------------------------------------------ bodies


@of_request(
    "request-on-a-stream-has-content-length",
    MUST,
    "RFC 3261 20.14, RFC 3261 18.3",
    "By TCP and TLS a request has Content-Length.",
)
def _length_is_there(seen: Seen) -> Iterator[Finding]:
    if seen.record.transport in _TELLS_LENGTH:
        yield judged("content-length" in seen.request.shape.index, "Content-Length", "none", seen)


@of_request(
    "request-has-content-length",
    SHOULD,
    "RFC 3261 20.14",
    "Datagrams say the size of their body, too.",
)
def _length_in_datagrams(seen: Seen) -> Iterator[Finding]:
    if seen.record.transport == "UDP":
        yield judged("content-length" in seen.request.shape.index, "Content-Length", "none", seen)


@of_run(
    "content-length-is-right",
    MUST,
    "RFC 3261 20.14, RFC 3261 18.3",
    "Content-Length is the size of the body in bytes; on a stream, the next message begins after them.",
)
def _length_is_right(run: Transcript) -> Iterator[Finding]:
    last: dict[tuple[object, ...], Seen] = {}
    for seen in run.messages:
        if not seen.received:
            continue
        stream = seen.record.remote, seen.record.local, seen.record.connection
        before = last.get(stream)
        if isinstance(seen.message, Request):
            last[stream] = seen
            yield from _size_is_right(seen)
        elif before is not None and seen.reliable and b"SIP/2.0" not in seen.data.lstrip().partition(b"\n")[0]:
            length = before.first("content-length")
            yield broken("the whole body counted", f"{length}, and more came: {seen.data[:40]!r}", before, seen)


def _size_is_right(seen: Seen) -> Iterator[Finding]:
    data = seen.data.lstrip(b"\r\n")
    value, end = seen.first("content-length"), _head_end(data)
    if end is None or not value.isascii() or not value.isdigit():
        return
    body = data[end.end() :]
    size = int(value) if len(value) < 10 else -1
    right = size == len(body) or (0 <= size < len(body) and not body[size:].strip(b"\r\n\0 "))
    yield judged(right, str(len(body)), value, seen)


@of_request(
    "body-has-a-content-type",
    MUST,
    "RFC 3261 20.15, RFC 3261 7.4.1",
    "A request with a body has Content-Type.",
)
def _content_type(seen: Seen) -> Iterator[Finding]:
    if seen.request.body:
        yield judged(bool(seen.first("content-type")), "Content-Type", "none", seen)


# ------------------------------------------------------------------------------------------------ what a method wants


@of_request("invite-has-allow", SHOULD, "RFC 3261 13.2.1", "An INVITE outside of dialogs has Allow.", methods=_INVITE)
def _allow(seen: Seen) -> Iterator[Finding]:
    if _begins(seen):
        yield judged("allow" in seen.request.shape.index, "Allow", "none", seen)


@of_exchange(
    "invite-has-supported",
    SHOULD,
    "RFC 3261 13.2.1",
    "An INVITE outside of dialogs has Supported, unless a 420 has taken that away.",
    methods=_INVITE,
)
def _supported(exchange: Exchange, call: CallSeen) -> Iterator[Finding]:
    refused = [one for one, final in refusals(call.run, (420,)) if final.number < exchange.request.number]
    if exchange.outside_dialog() and client_of(exchange) not in map(client_of, refused):
        seen = exchange.request
        yield judged("supported" in seen.request.shape.index, "Supported", "none", seen)


@of_request(
    "options-has-accept",
    SHOULD,
    "RFC 3261 11.1",
    "An OPTIONS says in Accept what it wants to hear.",
    methods=("OPTIONS",),
)
def _accept(seen: Seen) -> Iterator[Finding]:
    yield judged("accept" in seen.request.shape.index, "Accept", "none", seen)


@of_request(
    "message-has-no-contact", MUST, "RFC 3428 4", "A MESSAGE has no Contact: it makes no dialog.", methods=("MESSAGE",)
)
def _no_contact(seen: Seen) -> Iterator[Finding]:
    contacts = seen.every("contact")
    yield judged(not contacts, "no Contact", brief(contacts), seen)


@of_request(
    "message-is-small",
    SHOULD,
    "RFC 3428 8",
    f"A MESSAGE outside of sessions has at most {_LARGEST_DATAGRAM} bytes, unless the client knows the whole path.",
    methods=("MESSAGE",),
)
def _small(seen: Seen) -> Iterator[Finding]:
    size = len(seen.data)
    yield judged(size <= _LARGEST_DATAGRAM, f"at most {_LARGEST_DATAGRAM} bytes", str(size), seen)


@of_run(
    "one-message-at-a-time",
    MUST,
    "RFC 3428 8",
    "No new MESSAGE outside of dialogs goes to a URI while an earlier one waits for its final response.",
)
def _one_message(run: Transcript) -> Iterator[Finding]:
    last: dict[tuple[object, ...], Exchange] = {}
    for exchange in sorted((one for one in run.exchanges if one.by_client), key=lambda one: one.request.number):
        if exchange.method == "MESSAGE" and exchange.outside_dialog():
            key = client_of(exchange), uri_of(exchange.request.first("from")), exchange.request.request.uri
            before = last.get(key)
            if before is not None and not _is_over(before, exchange, run):
                pause = exchange.time - before.time
                yield broken("a final response first", f"another after {pause:.3f} s", before.request, exchange.request)
            else:
                yield kept(exchange.request)
            last[key] = exchange


def _is_over(before: Exchange, after: Exchange, run: Transcript) -> bool:
    """Whether a request had its final response, or its timeout (17.1.2.2), or may think so."""
    answered = before.answered_before(after.request) or after.time > before.time + _TIMEOUT - 1.0
    return answered or any(one.number < after.request.number for one in run.odd_since(before.request))


@of_call(
    "allow-has-every-method",
    SHOULD,
    "RFC 3261 20.5",
    "Allow has every method that the client understands: those of calls, and what it answers with a 2xx.",
)
def _every_method(call: CallSeen) -> Iterator[Finding]:
    """The RFC says MUST of what a UA understands; that a 2xx proves it is our conclusion, hence SHOULD."""
    ours = [one for one in call.exchanges if not one.by_client and one.method in METHODS]
    used = _OF_CALLS | {one.method for one in ours if 200 <= one.status < 300}
    for exchange in call.requests_of_client:
        seen = exchange.request
        allowed = seen.every("allow")
        if "allow" in seen.request.shape.index and exchange.method == "INVITE" and all(map(is_token, allowed)):
            lacks = sorted(used - set(allowed))
            yield judged(not lacks, f"{brief(sorted(used))} in it", f"no {brief(lacks)}", seen)


@of_request(
    "supported-extensions-are-standards",
    MAY,
    "RFC 3261 8.1.1.9",
    "Supported has option tags of standards-track RFCs only; one that is not known here may be newer than this list.",
)
def _standards(seen: Seen) -> Iterator[Finding]:
    if "supported" in seen.request.shape.index:
        wrong = [tag for tag in seen.every("supported") if is_token(tag) and tag.lower() not in OPTION_TAGS]
        yield judged(not wrong, "registered option tags", brief(wrong), seen)


@of_request(
    "required-extensions-are-standards",
    MAY,
    "RFC 3261 8.1.1.9",
    "Require and Proxy-Require have option tags of standards-track RFCs only; tests may have others on purpose, and one"
    " that is not known here may be newer than this list.",
)
def _required(seen: Seen) -> Iterator[Finding]:
    if seen.request.method in ("ACK", "CANCEL"):
        return  # they require nothing at all (8.2.2.3)
    for key in ("require", "proxy-require"):
        for tag in seen.every(key):
            if is_token(tag):
                yield judged(tag.lower() in OPTION_TAGS, "a registered option tag", tag, seen)


@of_request("date-is-in-gmt", MUST, "RFC 3261 20.17, RFC 3261 25.1", "A Date is as in RFC 1123, and in GMT.")
def _date(seen: Seen) -> Iterator[Finding]:
    value = seen.first("date")
    if value:
        yield judged(bool(_sip_date(value)), "Wed, 31 Dec 2025 23:59:59 GMT", value, seen)


# ------------------------------------------------------------------------------------------------ what has no place


@of_request(
    "fields-fit-the-method",
    SHOULD,
    "RFC 3261 20",
    "A request has no field that tables 2 and 3 mark as not applicable to its method.",
)
def _applicable(seen: Seen) -> Iterator[Finding]:
    """SHOULD, though the tables say MUST NOT of each: every server has to pass over such a field (20, 8.2.2)."""
    method = seen.request.method
    if method in _NOT_APPLICABLE:
        wrong = [header_names.display(key) for key in seen.request.shape.index if key in _NOT_APPLICABLE[method]]
        yield judged(not wrong, "none of them", f"{brief(wrong)} in {method}", seen)


@of_request(
    "request-has-no-fields-of-responses",
    SHOULD,
    "RFC 3261 20",
    "A request has no field that may only appear in responses.",
)
def _of_responses(seen: Seen) -> Iterator[Finding]:
    """SHOULD for the same reason as `fields-fit-the-method`."""
    wrong = [header_names.display(key) for key in seen.request.shape.index if key in _IN_RESPONSES]
    yield judged(not wrong, "none of them", brief(wrong), seen)
