"""Whether and when a client tries again what was refused, and in what form (RFC 3261 8.1.3.5, 21.4 to 21.6)."""

from __future__ import annotations

from collections.abc import Container, Iterator
from itertools import takewhile
from typing import Final

from responder.observe.rules.attempts import (
    answered_again,
    is_tried,
    later_requests,
    next_call,
    refusals,
    retried,
    retry_after,
    tried_again,
)
from responder.observe.rules.comparing import address, same_party, same_uri, uri_of
from responder.observe.rules.registered import STATUS_CODES
from responder.observe.rules.rule import (
    MAY,
    MUST,
    SHOULD,
    Finding,
    broken,
    judged,
    kept,
    of_exchange,
    of_run,
    tolerance,
)
from responder.observe.transcript import CallSeen, Exchange, Seen, Transcript

_SHAPED: Final = (401, 407, 413, 415, 416, 420, 422)
"""What a request is retried after as 8.1.3.5 describes (422: RFC 4028 section 7.3)."""
_SOON: Final = 25.0
"""Seconds in which a request that comes again is taken for a retry: RFC 5626 section 4.5 allows one after 30 s."""
_AT_ONCE: Final = 1.0
"""Seconds in which no user has decided anything."""
_MAY_COME_AGAIN: Final = (408, 412, 481, 487, 491)
"""What is retried as it was (21.4.9, 14.1), what has rules of its own, and what the client brought about itself."""
_MENDED: Final = (413, 415, 416, 420, 422, 423)
"""What says how a request has to be changed."""
_OF_A_CALL: Final = frozenset({"call-id", "from"})
"""What is another in another call."""
_REMEDIED: Final = (*_SHAPED, 408, 421, 423, 424, 428, 433, 436, 437, 438, 487, 488, 491, 493, 494)
"""4xx after which a client may know by itself what to change."""
_VARYING: Final = frozenset({"via", "cseq", "max-forwards", "route", "date", "timestamp", "content-length"})
"""Fields in which a request that is sent again differs from what it was without being modified."""
_EVER: Final = 86400.0
"""The longest Retry-After that is looked at, in seconds."""


# ------------------------------------------------------------------------------------------ what every retry is like


@of_exchange(
    "retry-keeps-the-call-id",
    SHOULD,
    "RFC 3261 8.1.3.5",
    "A request that is retried after 401 or 407 keeps its Call-ID.",
)
def _call_id(exchange: Exchange, call: CallSeen) -> Iterator[Finding]:
    again = answered_again(exchange, call)
    if again is not None and exchange.outside_dialog() and tried_again(exchange, call) in (None, again):
        ours, theirs = exchange.identity.call_id, again.identity.call_id
        yield judged(ours == theirs, ours, theirs, exchange.request, exchange.final, again.request)


@of_run(
    "mended-request-keeps-the-call-id",
    SHOULD,
    "RFC 3261 8.1.3.5",
    "A request that is retried with what 413, 415, 416, 420, 422 or 423 asked for keeps its Call-ID.",
)
def _same_call(run: Transcript) -> Iterator[Finding]:
    for exchange, final in refusals(run, _MENDED):
        if not exchange.outside_dialog() or not is_tried(exchange):
            continue
        again = tried_again(exchange, run.call_of(exchange))
        other = next_call(run, exchange, final, final.time + _AT_ONCE)
        if again is not None and (other is None or again.request.number < other.request.number):
            yield kept(final, again.request)
        elif other is not None and _content(other.request, _OF_A_CALL) != _content(exchange.request, _OF_A_CALL):
            ours, theirs = exchange.identity.call_id, other.identity.call_id
            yield broken(ours, theirs, exchange.request, final, other.request)


@of_exchange(
    "retry-keeps-from",
    SHOULD,
    "RFC 3261 8.1.3.5",
    "A request that is retried keeps From with its tag.",
)
def _from(exchange: Exchange, call: CallSeen) -> Iterator[Finding]:
    found = retried(exchange, call)
    if found is not None and exchange.status in _SHAPED:
        ours, theirs = exchange.request.first("from"), found[1].request.first("from")
        yield judged(same_party(ours, theirs), ours, theirs, exchange.request, found[0], found[1].request)


@of_exchange(
    "retry-keeps-to",
    SHOULD,
    "RFC 3261 8.1.3.5",
    "A request that is retried keeps the address in To.",
)
def _to(exchange: Exchange, call: CallSeen) -> Iterator[Finding]:
    found = retried(exchange, call)
    if found is not None and exchange.status in _SHAPED and exchange.status != 416:
        ours, theirs = uri_of(exchange.request.first("to")), uri_of(found[1].request.first("to"))
        yield judged(same_uri(ours, theirs), ours, theirs, exchange.request, found[0], found[1].request)


@of_exchange(
    "retry-has-no-to-tag",
    MUST,
    "RFC 3261 8.1.1.2, RFC 3261 8.1.3.5",
    "A request outside of a dialog that is retried has no To tag: that of the refusal is not for it.",
)
def _no_to_tag(exchange: Exchange, call: CallSeen) -> Iterator[Finding]:
    found = retried(exchange, call)
    if found is not None and exchange.outside_dialog() and exchange.method != "REGISTER":
        tag = found[1].identity.to_tag
        yield judged(not tag, "no To tag", f"tag {tag}", exchange.request, found[0], found[1].request)


@of_exchange(
    "retry-is-a-new-transaction",
    MUST,
    "RFC 3261 8.1.1.7, RFC 3261 8.1.3.5",
    "A request that is retried has a new branch.",
)
def _branch(exchange: Exchange, call: CallSeen) -> Iterator[Finding]:
    found = retried(exchange, call)
    if found is not None:
        ours, theirs = exchange.identity.branch, found[1].identity.branch
        yield judged(ours != theirs, "a new branch", f"{theirs} again", exchange.request, found[0], found[1].request)


@of_exchange(
    "retry-cseq-is-one-higher",
    SHOULD,
    "RFC 3261 8.1.3.5",
    "A request that is retried has the next CSeq number.",
)
def _cseq(exchange: Exchange, call: CallSeen) -> Iterator[Finding]:
    found = retried(exchange, call)
    if found is None or exchange.status not in _SHAPED or found[1].identity.from_tag != exchange.identity.from_tag:
        return
    final, again = found
    if exchange.status in (401, 407) and again.identity.cseq <= exchange.identity.cseq:
        return  # `challenged-request-comes-with-a-higher-cseq`
    if exchange.method == "REGISTER":
        return  # `register-cseq-is-one-higher`
    since = takewhile(lambda one: one is not again, later_requests(exchange, exchange.request, call.run))
    between = [
        one.identity.cseq
        for one in since
        if one.identity.call_id == call.call_id and one.identity.from_tag == exchange.identity.from_tag
    ]
    wanted = {exchange.identity.cseq + 1, max([exchange.identity.cseq, *between]) + 1}
    yield judged(
        again.identity.cseq in wanted,
        str(min(wanted)),
        str(again.identity.cseq),
        exchange.request,
        final,
        again.request,
    )


# ------------------------------------------------------------------------------------------ what is not retried


def _content(seen: Seen, varying: frozenset[str] = frozenset()) -> tuple[object, ...]:
    """What makes a request another: everything that does not vary by itself, or is among what varies here."""
    request, left_out = seen.request, _VARYING | varying
    fields = sorted((key, value) for key in request.shape.index if key not in left_out for value in seen.every(key))
    return request.method, request.uri, request.body, fields


@of_exchange(
    "refused-request-is-not-repeated",
    SHOULD,
    "RFC 3261 21.4",
    "After a 4xx the same request is not sent again without modification.",
)
def _unmodified(exchange: Exchange, call: CallSeen) -> Iterator[Finding]:
    final, status = exchange.final, exchange.status
    if final is None or not 400 <= status < 500 or status in _MAY_COME_AGAIN:
        return
    if exchange.method == "OPTIONS" or not is_tried(exchange):
        return  # a ping is answered by any response, and goes on
    if status == 403 and exchange.outside_dialog():
        return  # `forbidden-request-is-not-repeated`
    again = tried_again(exchange, call)
    soon = _SOON if exchange.outside_dialog() else _AT_ONCE  # a session is refreshed in the same words each time
    if again is None or again.time > final.time + soon or _content(again.request) != _content(exchange.request):
        yield kept(final)
        return
    wait = retry_after(final)
    if wait is None or again.time < final.time + wait - tolerance(wait):
        yield broken("a modified request, or none", "the same again", exchange.request, final, again.request)


@of_run(
    "refused-call-is-not-redialled-at-once",
    MAY,
    "RFC 3261 21.4",
    "After a 4xx nobody calls the same place again within a second; seen where a client is run for one call only.",
)
def _redialled(run: Transcript) -> Iterator[Finding]:
    if run.client is None:
        return  # whoever it is may have more calls to place
    for exchange, final in refusals(run, range(400, 500)):
        if exchange.method != "INVITE" or not exchange.outside_dialog() or exchange.status in _REMEDIED:
            continue
        soon = next_call(run, exchange, final, final.time + _AT_ONCE)
        if soon is None:
            yield kept(final)
        else:
            yield broken("no call at once", f"after {soon.time - final.time:.3f} s", final, soon.request)


@of_exchange(
    "forbidden-request-is-not-repeated",
    SHOULD,
    "RFC 3261 21.4.4",
    "After 403 the request is not repeated, with other credentials neither.",
)
def _forbidden(exchange: Exchange, call: CallSeen) -> Iterator[Finding]:
    final = exchange.final
    if final is None or exchange.status != 403 or not exchange.outside_dialog() or exchange.method == "OPTIONS":
        return
    again = tried_again(exchange, call)
    if again is None or again.time > final.time + _SOON or _takes_back(again.request) != _takes_back(exchange.request):
        yield kept(final)
    elif same_uri(again.request.request.uri, exchange.request.request.uri):
        yield broken("no such request", "it came again", exchange.request, final, again.request)


def _takes_back(seen: Seen) -> bool:
    """Whether it ends a registration or a subscription: that asks for something else than the request to have it."""
    contacts = seen.every("contact")
    given = [one.expires for value in contacts if (one := address(value)) is not None]
    return seen.first("expires").strip() == "0" or (bool(given) and all(expires == 0 for expires in given))


@of_exchange(
    "server-error-is-not-retried-at-once",
    MAY,
    "RFC 3261 21.5.1, RFC 3261 21.5.4",
    "After 500, or 503 without Retry-After, a client waits several seconds before it retries.",
)
def _server_error(exchange: Exchange, call: CallSeen) -> Iterator[Finding]:
    final = exchange.final
    if final is None or retry_after(final) is not None or not exchange.outside_dialog():
        return
    if exchange.status not in (500, 503) and (exchange.status in STATUS_CODES or not 500 <= exchange.status < 600):
        return
    again = tried_again(exchange, call)
    if again is not None and _content(again.request) == _content(exchange.request):
        pause = again.time - final.time
        yield judged(pause >= _AT_ONCE, "after several seconds", f"after {pause:.3f} s", final, again.request)


@of_exchange(
    "server-failure-is-not-repeated-at-once",
    MAY,
    "RFC 3261 21.5",
    "What a server has failed to do it is not asked again within a second.",
)
def _server_failure(exchange: Exchange, call: CallSeen) -> Iterator[Finding]:
    final = exchange.final
    if final is None or not 501 <= exchange.status < 600 or exchange.status == 503 or not exchange.outside_dialog():
        return
    again = tried_again(exchange, call)
    if exchange.status in STATUS_CODES and again is not None and _content(again.request) == _content(exchange.request):
        pause = again.time - final.time
        yield judged(pause >= _AT_ONCE, "another request, or later", f"after {pause:.3f} s", final, again.request)


@of_exchange(
    "global-failure-ends-the-attempts",
    MAY,
    "RFC 3261 21.6",
    "After a 6xx the user is not tried again, here or elsewhere: the server speaks for all places.",
)
def _global_failure(exchange: Exchange, call: CallSeen) -> Iterator[Finding]:
    final = exchange.final
    if final is None or not 600 <= exchange.status < 700 or not exchange.outside_dialog():
        return
    again = tried_again(exchange, call)
    if again is None or again.time > final.time + _SOON:
        yield kept(final)
    elif retry_after(final) is None and exchange.status != 606:
        yield broken("no further try", again.request.request.uri, exchange.request, final, again.request)


@of_run(
    "declined-call-is-not-redialled-at-once",
    MAY,
    "RFC 3261 21.6, RFC 3261 21.6.2",
    "After a 6xx nobody calls again within a second: it was the user who declined.",
)
def _redial(run: Transcript) -> Iterator[Finding]:
    for exchange, final in refusals(run, range(600, 700)):
        if exchange.method == "INVITE" and exchange.outside_dialog() and retry_after(final) is None:
            soon = next_call(run, exchange, final, final.time + _AT_ONCE)
            if soon is None:
                yield kept(final)
            else:
                pause = soon.time - final.time
                yield broken("no call at once", f"after {pause:.3f} s", exchange.request, final, soon.request)


# ------------------------------------------------------------------------------------------ Retry-After


def _waits(run: Transcript, codes: Container[int]) -> Iterator[tuple[Exchange, Seen, float]]:
    """Requests refused with Retry-After, and the time before which nothing is to come."""
    for exchange, final in refusals(run, codes):
        wait = retry_after(final)
        if wait:
            yield exchange, final, final.time + min(wait, _EVER) - tolerance(wait)


@of_run(
    "server-is-left-alone-until-retry-after",
    SHOULD,
    "RFC 3261 21.5.4",
    "After 503 with Retry-After a client sends that server no other requests for so long.",
)
def _overloaded(run: Transcript) -> Iterator[Finding]:
    for exchange, final, until in _waits(run, (503,)):
        first = None
        for one in later_requests(exchange, final, run):
            if one.time >= until:
                break
            here = one.request.record.local == exchange.request.record.local
            if here and one.method != "CANCEL" and one.outside_dialog():
                first = one
                break
        expected = f"nothing for {retry_after(final):g} s"
        if first is None:
            yield kept(final)
        else:
            yield broken(expected, f"{first.method} after {first.time - final.time:.3f} s", final, first.request)


@of_run(
    "retry-after-is-waited-for",
    MAY,
    "RFC 3261 20.33",
    "After a refusal with Retry-After the same request does not come before that time.",
)
def _retry_after(run: Transcript) -> Iterator[Finding]:
    for exchange, final, until in _waits(run, (404, 413, 480, 486, 500, 600, 603)):
        if not is_tried(exchange):
            continue
        again = tried_again(exchange, run.call_of(exchange))
        others = [] if again is None or again.time >= until else [again]
        if exchange.outside_dialog() and (call := next_call(run, exchange, final, until)) is not None:
            others.append(call)
        first = min(others, key=lambda one: one.request.number, default=None)
        if first is None:
            yield kept(final)
        elif exchange.status != 413 or len(first.request.request.body) >= len(exchange.request.request.body):
            pause = first.time - final.time
            yield broken(f"after {retry_after(final):g} s", f"after {pause:.3f} s", final, first.request)
