"""Which request of a client is another try of one that was refused, and what challenges it answers.

A try has the Call-ID and the method of the request before it (RFC 3261 sections 8.1.3.4 and 8.1.3.5) and begins after
its final response. From, To and CSeq do not tell it: they are what rules look at.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Container, Iterator
from dataclasses import dataclass, field
from typing import Final
from weakref import WeakKeyDictionary

from responder.errors import ParseError
from responder.observe.identity import identity_of
from responder.observe.rules.comparing import same_uri, uri_of, via_of
from responder.observe.transcript import CallSeen, Exchange, Seen, Transcript
from responder.sip.digest import Challenge, Credentials, challenges

PATIENCE: Final = 5.0
"""Seconds in which a client that goes on by itself has done so; before them nobody is said to have done nothing."""
_NEWS: Final = frozenset({"INFO", "MESSAGE", "NOTIFY", "OPTIONS", "PRACK"})
"""Within a dialog each of these may be about something else than the one before, sent before that was answered."""
_seconds: Final = re.compile(r"[0-9]{1,10}").match
_FIELDS: Final = (("www-authenticate", False), ("proxy-authenticate", True))
_ANSWERS: Final = (("authorization", False), ("proxy-authorization", True))


def is_tried(exchange: Exchange) -> bool:
    """Whether a later request of its method can be told to be another try of this request."""
    return exchange.method not in ("ACK", "CANCEL") and (exchange.outside_dialog() or exchange.method not in _NEWS)


def tried_again(exchange: Exchange, call: CallSeen) -> Exchange | None:
    """The next try of a request that got 300 or more, in its call; None where there is none.

    It is in the same dialog; of a request outside of dialogs it may have the To tag of the response, wrongly.
    """
    return _tries_of(call).after.get(exchange)


def retried(exchange: Exchange, call: CallSeen) -> tuple[Seen, Exchange] | None:
    """The final response of a request and its next try, where there are both."""
    again = tried_again(exchange, call)
    return None if exchange.final is None or again is None else (exchange.final, again)


def refusals(run: Transcript, codes: Container[int]) -> Iterator[tuple[Exchange, Seen]]:
    """All requests of clients whose final response is one of these, with it."""
    for exchange in run.exchanges:
        if exchange.by_client and exchange.final is not None and exchange.status in codes:
            yield exchange, exchange.final


def chain_before(exchange: Exchange, call: CallSeen) -> Iterator[Exchange]:
    """The tries that led to this request, the last first."""
    before = _tries_of(call).before
    current = before.get(exchange)
    while current is not None:
        yield current
        current = before.get(current)


@dataclass
class _Tries:
    """What follows what in a call."""

    after: dict[Exchange, Exchange] = field(default_factory=dict)
    before: dict[Exchange, Exchange] = field(default_factory=dict)


_tries: Final[WeakKeyDictionary[CallSeen, _Tries]] = WeakKeyDictionary()


def _tries_of(call: CallSeen) -> _Tries:
    known = _tries.get(call)
    if known is None:
        known = _tries[call] = _Tries()
        waiting: list[Exchange] = []
        for exchange in call.requests_of_client:
            found = [one for one in waiting if _is_next(exchange, one)]
            for one in found:
                known.after[one] = exchange
                waiting.remove(one)
            if found:
                known.before[exchange] = found[-1]
            if exchange.final is not None and exchange.status >= 300 and is_tried(exchange):
                waiting.append(exchange)
    return known


def _is_next(exchange: Exchange, refused: Exchange) -> bool:
    final = refused.final
    assert final is not None
    tag = exchange.identity.to_tag
    return (
        exchange.method == refused.method
        and exchange.request.number > final.number
        and (tag == refused.identity.to_tag or (refused.outside_dialog() and tag == identity_of(final.response).to_tag))
    )


def client_of(exchange: Exchange) -> tuple[str, str]:
    """What tells one client from others: its address as we see it, and what it calls itself in the Via that it wrote.

    A port of its own it has on UDP only; behind a proxy all clients have one address.
    """
    vias = exchange.request.every("via")
    via = via_of(vias[-1]) if vias else None
    return exchange.request.record.remote[0], via.sent_by.lower() if via is not None else ""


_requests: Final[WeakKeyDictionary[Transcript, dict[tuple[tuple[str, str], bool], list[Exchange]]]] = (
    WeakKeyDictionary()
)
"""By client: all requests that it began, and those that opened a call (True), in order."""


def later_requests(exchange: Exchange, final: Seen, run: Transcript, *, opening: bool = False) -> Iterator[Exchange]:
    """What the same client began after that response, in order; with `opening` the first requests of calls only."""
    known = _requests.get(run)
    if known is None:
        known = _requests[run] = {}
        first = {id(call.requests_of_client[0]) for call in run.calls if call.requests_of_client}
        for one in sorted((one for one in run.exchanges if one.by_client), key=_number_of):
            client = client_of(one)
            known.setdefault((client, False), []).append(one)
            if id(one) in first:
                known.setdefault((client, True), []).append(one)
    found = known.get((client_of(exchange), opening), [])
    for place in range(bisect_right(found, final.number, key=_number_of), len(found)):
        yield found[place]


def next_call(run: Transcript, exchange: Exchange, final: Seen, until: float) -> Exchange | None:
    """The next call of the same client, from the same user to the same place, that begins before that time."""
    request = exchange.request
    for one in later_requests(exchange, final, run, opening=True):
        if one.time >= until:
            return None
        if (
            one.method == exchange.method
            and one.identity.call_id != exchange.identity.call_id
            and same_uri(one.request.request.uri, request.request.uri)
            and same_uri(uri_of(one.request.first("from")), uri_of(request.first("from")))
        ):
            return one
    return None


def begins_anew(exchange: Exchange, final: Seen, run: Transcript) -> bool:
    """Whether the request came again after all, under another Call-ID: another rule has something to say of that."""
    return exchange.outside_dialog() and next_call(run, exchange, final, float("inf")) is not None


def _number_of(exchange: Exchange) -> int:
    return exchange.request.number


def retry_after(seen: Seen) -> float | None:
    """The seconds of Retry-After; None where it is missing or malformed."""
    found = _seconds(seen.first("retry-after"))
    return float(found[0]) if found else None


@dataclass(frozen=True)
class Offered:
    """A Digest challenge of ours."""

    challenge: Challenge
    proxy: bool
    """It stood in Proxy-Authenticate."""
    response: Seen


@dataclass(frozen=True)
class Given:
    """Digest credentials of a client."""

    credentials: Credentials
    proxy: bool
    """They stood in Proxy-Authorization."""


def offered_in(response: Seen) -> list[Offered]:
    """The Digest challenges of a response, in order; those that cannot be read are left out."""
    found: list[Offered] = []
    for key, proxy in _FIELDS:
        for value in response.every(key):
            try:
                found += [Offered(challenge, proxy, response) for challenge in challenges(value)]
            except ParseError:
                continue
    return found


def fields_given(request: Seen) -> Iterator[tuple[str, bool]]:
    """The values of Authorization and Proxy-Authorization, and whether it was the latter."""
    for key, proxy in _ANSWERS:
        for value in request.every(key):
            yield value, proxy


def given_in(request: Seen) -> list[Given]:
    """The Digest credentials of a request; those that cannot be read are left out."""
    found: list[Given] = []
    for value, proxy in fields_given(request):
        try:
            found.append(Given(Credentials.parse(value), proxy))
        except ParseError:
            continue
    return found


@dataclass
class Digests:
    """Challenges and credentials of a whole run."""

    offers: dict[str, list[Offered]] = field(default_factory=dict)
    """Challenges by their nonces."""
    answers: dict[str, list[Exchange]] = field(default_factory=dict)
    """Requests of clients by the nonces that they have credentials for, in the order of their beginning."""
    since: dict[tuple[tuple[str, str], str, str], int] = field(default_factory=dict)
    """By client, realm and algorithm (lower case): the number of the first request with such credentials."""
    accepted: dict[tuple[tuple[str, str], str, str], int] = field(default_factory=dict)
    """The same of those that got a 2xx."""


_digests: Final[WeakKeyDictionary[Transcript, Digests]] = WeakKeyDictionary()


def digests_of(run: Transcript) -> Digests:
    """See `Digests`; worked out once for a run."""
    known = _digests.get(run)
    if known is None:
        known = _digests[run] = Digests()
        exchanges = sorted((one for one in run.exchanges if one.by_client), key=_number_of)
        for exchange in exchanges:
            for final in exchange.finals:
                for offered in offered_in(final):
                    known.offers.setdefault(offered.challenge.nonce, []).append(offered)
            for given in given_in(exchange.request):
                credentials = given.credentials
                key = (client_of(exchange), credentials.realm, algorithm_of(credentials))
                known.answers.setdefault(credentials.nonce, []).append(exchange)
                known.since.setdefault(key, exchange.request.number)
                if 200 <= exchange.status < 300:
                    known.accepted.setdefault(key, exchange.request.number)
    return known


def algorithm_of(one: Challenge | Credentials) -> str:
    """The algorithm in lower case; `md5` where none is named."""
    return (one.algorithm or "MD5").lower()


def answered_again(exchange: Exchange, call: CallSeen) -> Exchange | None:
    """The request that answers the challenge in a 401 or 407, whatever Call-ID it has; None where there is none."""
    final = exchange.final
    if final is None or final.response.status not in (401, 407):
        return None
    answers = digests_of(call.run).answers
    found = [
        other
        for offered in offered_in(final)
        for other in answers.get(offered.challenge.nonce, ())
        if other.method == exchange.method and other.request.number > final.number
    ]
    return min(found, key=_number_of, default=None)
