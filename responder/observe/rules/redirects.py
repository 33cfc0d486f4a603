"""What a client does about a 3xx (RFC 3261 sections 8.1.3.4 and 21.3).

It may try the addresses in any order and side by side, with the same Call-ID or a new one, or ask the user first: no
rule is about that.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from functools import lru_cache
from itertools import takewhile
from typing import Final

from responder.errors import ParseError
from responder.observe.rules.attempts import (
    PATIENCE,
    chain_before,
    later_requests,
    refusals,
    retried,
    retry_after,
    tried_again,
)
from responder.observe.rules.comparing import address, brief, same_party, same_uri, uri_of
from responder.observe.rules.rule import MAY, MUST, SHOULD, Finding, broken, judged, kept, of_exchange, of_run
from responder.observe.transcript import CallSeen, Exchange, Seen, Transcript
from responder.sip import header_names
from responder.sip.params import unescaped
from responder.sip.uri import Uri

_REDIRECTS: Final = range(300, 400)
_MOVED: Final = (301, 302)
"""Those that a client SHOULD follow by themselves (21.3.2, 21.3.3); 300 may be a matter of the user's choice."""
_RETRIABLE: Final = (401, 407, 413, 415, 416, 420, 422)
"""No failures of an address: the request can be retried there (8.1.3.5)."""
_REMEDIED: Final = (*_RETRIABLE, 408, 421, 423, 424, 428, 433, 436, 437, 438, 481, 487, 491, 493, 494, 500, 503)
"""After these, the same address may be tried once more: later, or in another form."""
_PORTS: Final = {"sip": 5060, "sips": 5061}
_FOR_EVER: Final = float("inf")
_A_MOMENT: Final = 0.5
"""Seconds by which clocks may differ."""
_MAY_BE_LEFT_OUT: Final = {
    *("authorization", "content-disposition", "content-encoding", "content-language", "content-length", "content-type"),
    *("date", "identity", "mime-version", "proxy-authorization", "route", "timestamp"),
}
"""Fields that are good for one request or one way, and those of a body (a rule by itself)."""
_LOOP: Final = 20
"""How far back a chain of redirections is looked at."""


def _uri(text: str) -> Uri | None:
    try:
        return Uri.parse(text)
    except ParseError:
        return None


def _contacts(final: Seen) -> list[Uri]:
    """The addresses that a redirection names."""
    found = (address(value) for value in final.every("contact") if value != "*")
    return [one.uri for one in found if one is not None]


@lru_cache(1024)
def _place(uri: Uri) -> tuple[str, str, str, int]:
    """Scheme, user, host and port alone; a port that is not written is that of the scheme."""
    if not uri.is_sip:
        return uri.scheme, uri.opaque.lower(), "", 0
    return uri.scheme, uri.user or "", uri.host.lower(), uri.port or _PORTS[uri.scheme]


def _is_at(request: Seen, contact: Uri) -> bool:
    """Whether a request goes to that address, parameters aside."""
    target = _uri(request.request.uri)
    return target is not None and _place(target) == _place(contact)


def _is_ours(contact: Uri, final: Seen) -> bool:
    """Whether a request to that address would have come to where the response went out."""
    host, port = final.record.local
    return contact.is_sip and contact.address == host and (contact.port or _PORTS[contact.scheme]) == port


def _redirected(exchange: Exchange) -> tuple[Seen, list[Uri]] | None:
    """The redirection of a request outside of dialogs, and its addresses; None for all other requests."""
    final = exchange.final
    if final is None or exchange.status not in _REDIRECTS or not exchange.outside_dialog():
        return None
    return final, _contacts(final)


def _followed(exchange: Exchange, final: Seen, contacts: list[Uri], run: Transcript) -> list[Exchange]:
    """The requests of the same client that went where a redirection led to: of its call, or that soon opened one."""
    call_id = exchange.identity.call_id
    inside = [one for one in run.call_of(exchange).requests_of_client if one.request.number > final.number]
    soon = takewhile(lambda one: one.time < final.time + PATIENCE, later_requests(exchange, final, run, opening=True))
    found = [*inside, *(one for one in soon if one.identity.call_id != call_id)]
    places = {_place(contact) for contact in contacts}
    return [
        one
        for one in found
        if one.method == exchange.method
        and one.outside_dialog()
        and (target := _uri(one.request.request.uri)) is not None
        and _place(target) in places
    ]


@of_exchange(
    "redirection-is-followed",
    SHOULD,
    "RFC 3261 8.1.3.4",
    "After 301 or 302 the request is sent to an address of Contact (21.3.2, 21.3.3); seen where that leads to us.",
)
def _is_followed(exchange: Exchange, call: CallSeen) -> Iterator[Finding]:
    found = _redirected(exchange)
    if found is None or exchange.status not in _MOVED or exchange.cancel is not None:
        return
    final, contacts = found
    followed = _followed(exchange, final, contacts, call.run)
    tried = [exchange.request, *(one.request for one in chain_before(exchange, call))]
    new = [contact for contact in contacts if not any(_is_at(one, contact) for one in tried)]
    if followed:
        yield kept(final, followed[0].request)
    elif new and all(_is_ours(contact, final) for contact in new) and call.run.waited(final.time, PATIENCE):
        yield broken(f"{exchange.method} {new[0]}", "nothing came", exchange.request, final)


@of_exchange(
    "redirected-request-goes-to-a-contact",
    MUST,
    "RFC 3261 8.1.3.4",
    "The Request-URI of a redirected request is a URI from Contact.",
)
def _goes_there(exchange: Exchange, call: CallSeen) -> Iterator[Finding]:
    found, again = _redirected(exchange), tried_again(exchange, call)
    if found is None or again is None or exchange.status == 305 or not found[1]:
        return
    final, contacts = found
    known = [*contacts]
    for earlier in chain_before(exchange, call):
        known += _contacts(earlier.final) if earlier.final is not None and earlier.status in _REDIRECTS else []
    right = any(_is_at(again.request, contact) for contact in known)
    expected = brief([str(contact) for contact in contacts])
    yield judged(right, expected, again.request.request.uri, exchange.request, final, again.request)


@of_exchange(
    "redirected-request-has-the-whole-uri",
    MUST,
    "RFC 3261 8.1.3.4",
    "The Request-URI has all of the Contact's URI, its parameters too, but for its method and its headers.",
)
def _whole(exchange: Exchange, call: CallSeen) -> Iterator[Finding]:
    found = _redirected(exchange)
    if found is None or exchange.status == 305:
        return
    final, contacts = found
    for one in _followed(exchange, final, contacts, call.run):
        target = _uri(one.request.request.uri)
        meant = [contact for contact in contacts if contact.is_sip and _is_at(one.request, contact)]
        if meant and target is not None and one.identity.call_id == call.call_id:  # else it may be another call
            right = any(_is_copy(target, contact) for contact in meant)
            wanted = replace(meant[0], headers="")
            yield judged(right, str(wanted), one.request.request.uri, exchange.request, final, one.request)


def _is_copy(target: Uri, contact: Uri) -> bool:
    ours = {name.lower(): value or "" for name, value in contact.params.items if name.lower() != "method"}
    theirs = {name.lower(): value or "" for name, value in target.params.items}
    same = target.port == contact.port and not target.headers
    return same and all(theirs.get(name, "?").lower() == value.lower() for name, value in ours.items())


@of_run(
    "no-address-is-tried-twice",
    MUST,
    "RFC 3261 8.1.3.4",
    "A URI that has been tried is not tried again because of a redirection: two that lead to each other make no loop.",
)
def _no_loop(run: Transcript) -> Iterator[Finding]:
    led_to: dict[Exchange, Exchange] = {}
    redirected = list(refusals(run, _REDIRECTS))
    for exchange, final in sorted(redirected, key=lambda found: found[1].number):
        found = _redirected(exchange)
        if found is None or exchange.status == 305:
            continue
        tried = list(_tried(exchange, led_to, run))
        following = _following(exchange, final, found[1], run)
        for again in following:
            led_to.setdefault(again, exchange)
            uri = again.request.request.uri
            twice = next((one for one in tried if same_uri(one.request.request.uri, uri)), None)
            if twice is None:
                yield kept(final, again.request)
            else:
                yield broken("a URI that was not tried", uri, twice.request, final, again.request)
        same_call = [
            one
            for one in _followed(exchange, final, found[1], run)
            if one.identity.call_id == exchange.identity.call_id
        ]
        for one, first in _tried_once_more(same_call):
            yield broken("another address", one.request.request.uri, first.request, first.final, one.request)
        if found[1] and not following and all(any(_is_at(one.request, to) for one in tried) for to in found[1]):
            yield kept(final)


def _tried_once_more(followed: list[Exchange]) -> Iterator[tuple[Exchange, Exchange]]:
    """Requests to an address that had failed before, with the first one to it."""
    for place, one in enumerate(followed):
        for first in followed[:place]:
            failed = first.answered_before(one.request) and first.status >= 400 and first.status not in _REMEDIED
            again_later = first.final is not None and retry_after(first.final) is not None
            if failed and not again_later and same_uri(first.request.request.uri, one.request.request.uri):
                yield one, first
                break


def _following(exchange: Exchange, final: Seen, contacts: list[Uri], run: Transcript) -> list[Exchange]:
    """The next try in the call of a redirected request, and where it went with another Call-ID."""
    again = tried_again(exchange, run.call_of(exchange))
    elsewhere = [
        one
        for one in _followed(exchange, final, contacts, run)
        if one.identity.call_id != exchange.identity.call_id
        and not same_uri(one.request.request.uri, exchange.request.request.uri)  # it may be a call like this one
    ]
    return elsewhere if again is None else [again, *elsewhere]


def _tried(exchange: Exchange, led_to: dict[Exchange, Exchange], run: Transcript) -> Iterator[Exchange]:
    """A request and those that led to it, by redirections and otherwise, the last first."""
    current: Exchange | None = exchange
    for _ in range(_LOOP):
        if current is None:
            return
        yield current
        current = led_to.get(current) or next(chain_before(current, run.call_of(current)), None)


@of_exchange(
    "redirected-request-keeps-to-and-from",
    SHOULD,
    "RFC 3261 8.1.3.4",
    "A redirected request has To and From of the original (RECOMMENDED).",
)
def _keeps(exchange: Exchange, call: CallSeen) -> Iterator[Finding]:
    if _redirected(exchange) is None:
        return
    found = retried(exchange, call) or _anew(exchange, call)
    if found is None:
        return
    final, again = found
    ours, theirs = exchange.request, again.request
    wrong = [] if same_party(ours.first("from"), theirs.first("from")) else [theirs.first("from")]
    if not same_uri(uri_of(ours.first("to")), uri_of(theirs.first("to"))):
        wrong.append(theirs.first("to"))
    expected = f"From {ours.first('from')}, To {ours.first('to')}"
    yield judged(not wrong, expected, brief(wrong), ours, final, theirs)


def _anew(exchange: Exchange, call: CallSeen) -> tuple[Seen, Exchange] | None:
    """The next try with a Call-ID of its own, as is allowed: the tag of From, which no two calls share, tells it."""
    found = _redirected(exchange)
    if found is None:
        return None
    final, contacts = found
    return next(
        (
            (final, one)
            for one in _followed(exchange, final, contacts, call.run)
            if one.identity.from_tag == exchange.identity.from_tag
        ),
        None,
    )


@of_exchange(
    "redirected-request-has-a-new-branch",
    MUST,
    "RFC 3261 8.1.3.4",
    "A redirected request is a new transaction, with a new branch.",
)
def _new_branch(exchange: Exchange, call: CallSeen) -> Iterator[Finding]:
    found = _redirected(exchange)
    if found is None:
        return
    final, contacts = found
    again = tried_again(exchange, call) or next(iter(_followed(exchange, final, contacts, call.run)), None)
    if again is not None:
        branch = again.identity.branch
        new = branch != exchange.identity.branch
        yield judged(new, "a new branch", f"{branch} again", exchange.request, final, again.request)


@of_exchange(
    "redirected-request-keeps-its-body",
    SHOULD,
    "RFC 3261 8.1.3.4",
    "A redirected request has the body of the original: none where that had none, one of its type where it had one.",
)
def _keeps_body(exchange: Exchange, call: CallSeen) -> Iterator[Finding]:
    found = retried(exchange, call)
    if found is not None and _redirected(exchange) is not None:
        ours, theirs = _body(exchange.request), _body(found[1].request)
        right = ours == theirs
        yield judged(right, ours or "no body", theirs or "no body", exchange.request, found[0], found[1].request)


def _body(seen: Seen) -> str:
    """The type of the body, empty where there is none."""
    return seen.first("content-type").partition(";")[0].strip(" \t").lower() if seen.request.body else ""


@of_exchange(
    "redirected-request-keeps-its-fields",
    SHOULD,
    "RFC 3261 8.1.3.4",
    "A redirected request has the header fields of the original.",
)
def _keeps_fields(exchange: Exchange, call: CallSeen) -> Iterator[Finding]:
    found = retried(exchange, call)
    if found is not None and _redirected(exchange) is not None:
        ours, theirs = exchange.request.request.shape.index, found[1].request.request.shape.index
        lacks = sorted(header_names.display(key) for key in ours.keys() - theirs.keys() - _MAY_BE_LEFT_OUT)
        yield judged(not lacks, "the fields of the original", f"no {brief(lacks)}", exchange.request, found[1].request)


@of_exchange(
    "next-contact-is-tried-after-a-failure",
    SHOULD,
    "RFC 3261 8.1.3.4",
    "When one address of a redirection has failed, the next is tried; seen where that leads to us.",
)
def _next_contact(exchange: Exchange, call: CallSeen) -> Iterator[Finding]:
    found = _redirected(exchange)
    if found is None or exchange.status not in _MOVED:
        return
    final, contacts = found
    followed = _followed(exchange, final, contacts, call.run)
    if len(contacts) < 2 or not followed or not all(_is_ours(contact, final) for contact in contacts):
        return
    last = followed[-1]
    if any(one.status < 400 or one.status >= 600 or one.status in (*_RETRIABLE, 487) for one in followed):
        return
    if any(one.cancel is not None for one in followed) or last.final is None:
        return
    left = [contact for contact in contacts if not any(_is_at(one.request, contact) for one in followed)]
    if not left:
        yield kept(final, *(one.request for one in followed))
    elif call.run.waited(last.final.time, PATIENCE):
        yield broken(f"{exchange.method} {left[0]}", "nothing came", final, last.request, last.final)


@of_exchange(
    "contacts-are-tried-by-preference",
    MAY,
    "RFC 3261 8.1.3.4, RFC 3261 20.10",
    "Of several addresses that with the highest q is tried first: any order is allowed, this one is common.",
)
def _by_preference(exchange: Exchange, call: CallSeen) -> Iterator[Finding]:
    found = _redirected(exchange)
    if found is None:
        return
    final, contacts = found
    values = [one for value in final.every("contact") if value != "*" and (one := address(value)) is not None]
    wanted = [1.0 if one.q is None else one.q for one in values]  # as a proxy sorts them (16.6)
    followed = _followed(exchange, final, contacts, call.run)
    if followed and len(set(wanted)) > 1:
        first = followed[0].request
        q = max((q for one, q in zip(values, wanted, strict=True) if _is_at(first, one.uri)), default=0.0)
        yield judged(q == max(wanted), f"q={max(wanted):g} first", f"q={q:g}: {first.request.uri}", final, first)


_NOT_TO_BE_HONOURED: Final = {
    *("accept", "accept-encoding", "accept-language", "allow", "authorization", "body", "call-id", "contact", "cseq"),
    *("date", "from", "max-forwards", "mime-version", "organization", "proxy-authorization", "record-route", "route"),
    *("supported", "timestamp", "to", "user-agent", "via"),
}
"""Headers of a URI that a client had better not take over, or that it has to look at first (19.1.5)."""


@of_exchange(
    "redirected-request-has-the-headers-of-its-uri",
    SHOULD,
    "RFC 3261 8.1.3.4, RFC 3261 19.1.5",
    "What stands behind the ? in a Contact's URI becomes header fields of the redirected request.",
)
def _headers(exchange: Exchange, call: CallSeen) -> Iterator[Finding]:
    found = _redirected(exchange)
    if found is None:
        return
    final, contacts = found
    for one in _followed(exchange, final, contacts, call.run):
        meant = [contact for contact in contacts if _is_at(one.request, contact)]
        if len(meant) != 1 or not meant[0].headers:
            continue
        pairs = [pair.partition("=") for pair in meant[0].headers.split("&")]
        asked = [(unescaped(name).lower(), unescaped(value)) for name, _, value in pairs]
        lacks = [
            f"{name}: {value}"
            for name, value in asked
            if name not in _NOT_TO_BE_HONOURED
            and not name.startswith("content-")
            and value not in one.request.every(header_names.key(name))
        ]
        yield judged(
            not lacks, brief([f"{name}: {value}" for name, value in asked]), f"no {brief(lacks)}", final, one.request
        )


@of_exchange(
    "redirected-request-has-a-higher-cseq",
    MAY,
    "RFC 3261 8.1.3.4",
    "A redirected request with the old Call-ID has a higher CSeq, as in RFC 3665 section 3.6.",
)
def _higher_cseq(exchange: Exchange, call: CallSeen) -> Iterator[Finding]:
    found = retried(exchange, call)
    if found is not None and _redirected(exchange) is not None:
        before, after = exchange.identity.cseq, found[1].identity.cseq
        yield judged(after > before, f"above {before}", str(after), exchange.request, found[0], found[1].request)


@of_exchange(
    "proxy-of-305-is-used",
    SHOULD,
    "RFC 3261 21.3.4",
    "After 305 the request goes through the proxy in Contact.",
)
def _proxy(exchange: Exchange, call: CallSeen) -> Iterator[Finding]:
    found, again = _redirected(exchange), tried_again(exchange, call)
    if found is None or exchange.status != 305 or not found[1] or exchange.cancel is not None:
        return
    final, contacts = found
    if again is None:
        if all(_is_ours(contact, final) for contact in contacts) and call.run.waited(final.time, PATIENCE):
            yield broken(f"{exchange.method} by way of {contacts[0]}", "nothing came", exchange.request, final)
        return
    routes = [uri for value in again.request.every("route")[:1] if (uri := _uri(uri_of(value))) is not None]
    right = any(
        _is_at(again.request, contact)
        or (_is_ours(contact, again.request) and not _is_ours(contact, exchange.request))
        or any(_place(route)[2:] == _place(contact)[2:] for route in routes)
        for contact in contacts
    )
    expected = f"by way of {brief([str(contact) for contact in contacts])}"
    yield judged(right, expected, again.request.request.uri, exchange.request, final, again.request)


def _later_calls(run: Transcript, exchange: Exchange, final: Seen, contacts: list[Uri]) -> Iterator[Exchange]:
    """Later requests of that client, with other Call-IDs, that are for whom the redirected request was for.

    Who was started to call one address knows others from the redirection only: then a To that names these counts, too.
    """
    first = uri_of(exchange.request.first("to"))
    for one in later_requests(exchange, final, run, opening=True):
        if one.identity.call_id == exchange.identity.call_id or one.method != exchange.method:
            continue
        to = uri_of(one.request.first("to"))
        learnt = run.client is not None and any(same_uri(to, str(contact)) for contact in contacts)
        if one.time > final.time and (learnt or same_uri(to, first)):
            yield one


@of_run(
    "temporary-address-is-not-kept",
    MUST,
    "RFC 3261 21.3.3",
    "A 302 without expiration is good for this request alone, with it until then: later calls go to the old address.",
)
def _not_cached(run: Transcript) -> Iterator[Finding]:
    for exchange, final in refusals(run, (302,)):
        found = _redirected(exchange)
        if found is None or not found[1]:
            continue
        good_until = _good_until(final)
        new = [contact for contact in found[1] if not _is_at(exchange.request, contact)]
        followed = _followed(exchange, final, new, run)
        here = any(one.identity.call_id == exchange.identity.call_id for one in followed)
        for one in _later_calls(run, exchange, final, new):
            if not here and one in followed:
                continue  # the redirected request itself, with a new Call-ID
            if same_uri(one.request.request.uri, exchange.request.request.uri):
                yield kept(final, one.request)
                break  # it has asked again: what it does now comes of the new answer
            if one.time > good_until and any(_is_at(one.request, contact) for contact in new):
                yield broken(exchange.request.request.uri, one.request.request.uri, final, one.request)
                break


def _good_until(final: Seen) -> float:
    """Until when the addresses of a 302 may be kept: not at all without Expires, and `expires` in Contact."""
    texts = [final.first("expires")]
    texts += [one.params.get("expires") or "" for one in map(address, final.every("contact")) if one is not None]
    seconds = [int(text[:10]) for text in texts if text.isascii() and text.isdigit()]
    if not seconds and any(texts):
        return _FOR_EVER  # an HTTP-date of RFC 2543, or what nobody can read
    return final.time + max(seconds, default=0) + _A_MOMENT if seconds else final.time


@of_run(
    "permanent-address-is-kept",
    SHOULD,
    "RFC 3261 21.3.2",
    "After 301 later requests go to the address that it named.",
)
def _cached(run: Transcript) -> Iterator[Finding]:
    for exchange, final in refusals(run, (301,)):
        found = _redirected(exchange)
        if found is None or not found[1]:
            continue
        followed = _followed(exchange, final, found[1], run)
        for one in _later_calls(run, exchange, final, []):
            if one in followed:
                continue
            if any(_is_at(one.request, contact) for contact in found[1]):
                yield kept(final, one.request)
                break
            if same_uri(one.request.request.uri, exchange.request.request.uri):
                expected = brief([str(contact) for contact in found[1]])
                yield broken(expected, one.request.request.uri, exchange.request, final, one.request)
                break
