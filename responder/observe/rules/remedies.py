"""What a client changes before it tries again, code by code (RFC 3261 8.1.3.5 and 21.4, and who added codes)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from responder.errors import ParseError
from responder.observe.rules.attempts import (
    PATIENCE,
    begins_anew,
    chain_before,
    is_tried,
    later_requests,
    refusals,
    retried,
    retry_after,
    tried_again,
)
from responder.observe.rules.comparing import brief, same_uri, uri_of
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
    of_run,
    tolerance,
)
from responder.observe.transcript import CallSeen, Exchange, Seen, Transcript
from responder.sip.fields import MediaType

_AT_ONCE: Final = 1.0
"""Seconds in which no user has decided anything."""
_REFRESHES: Final = ("INVITE", "UPDATE")


def _number(value: str) -> int | None:
    digits = value.partition(";")[0].strip(" \t")
    return int(digits) if digits.isascii() and digits.isdigit() and len(digits) <= 10 else None


@of_exchange(
    "too-large-a-body-is-made-smaller",
    SHOULD,
    "RFC 3261 8.1.3.5",
    "After 413 a retry has no body or a smaller one; after Retry-After it may be the same.",
)
def _smaller(exchange: Exchange, call: CallSeen) -> Iterator[Finding]:
    found = retried(exchange, call)
    size = len(exchange.request.request.body)
    if found is None or exchange.status != 413 or not size:
        return
    final, again = found
    wait, now = retry_after(final), len(again.request.request.body)
    in_time = wait is not None and again.time >= final.time + wait - tolerance(wait)
    if now < size or not in_time:
        yield judged(now < size, f"under {size} bytes", f"{now} bytes", exchange.request, final, again.request)


@of_exchange(
    "retry-has-an-accepted-type",
    SHOULD,
    "RFC 3261 8.1.3.5",
    "After 415 a retry has content of the types, encodings and languages that the response lists.",
)
def _accepted(exchange: Exchange, call: CallSeen) -> Iterator[Finding]:
    found = retried(exchange, call)
    if found is None or exchange.status != 415 or not exchange.request.request.body:
        return
    final, again = found
    if not again.request.request.body:
        yield kept(final, again.request)
        return
    kind = _media_type(again.request.first("content-type"))
    ranges = [_media_type(value) for value in final.every("accept")]
    wrong = []
    judgeable = kind is not None and kind.type != "multipart" and ranges and None not in ranges
    if kind is not None and judgeable and not any(one is not None and one.includes(kind) for one in ranges):
        wrong.append(kind.essence)
    for key, listed in (("content-encoding", "accept-encoding"), ("content-language", "accept-language")):
        known = {value.partition(";")[0].strip(" \t").lower() for value in final.every(listed)}
        if known and "*" not in known:
            wrong += [value for value in again.request.every(key) if value.lower() not in known | {"identity"}]
    expected = brief([*final.every("accept"), *final.every("accept-encoding"), *final.every("accept-language")])
    yield judged(not wrong, expected, brief(wrong), exchange.request, final, again.request)


def _media_type(value: str) -> MediaType | None:
    try:
        return MediaType.parse(value)
    except ParseError:
        return None


@of_exchange(
    "refused-body-is-sent-in-another-form",
    SHOULD,
    "RFC 3261 8.1.3.5",
    "After 413 a call or MESSAGE comes again with a smaller body or none, after 415 with what the response lists.",
    methods=("INVITE", "MESSAGE"),
)
def _another_body(exchange: Exchange, call: CallSeen) -> Iterator[Finding]:
    final = exchange.final
    if final is None or not exchange.request.request.body or exchange.cancel is not None:
        return
    if exchange.status != 413 and not (exchange.status == 415 and _lists_another(final, exchange.request)):
        return
    if tried_again(exchange, call) is not None:
        yield kept(final)
        return
    patience = max(PATIENCE, (retry_after(final) or 0) + _AT_ONCE)
    if is_tried(exchange) and call.run.waited(final.time, patience) and not begins_anew(exchange, final, call.run):
        yield broken("another try", "nothing came", exchange.request, final)


def _lists_another(final: Seen, request: Seen) -> bool:
    """Whether a 415 lists content that the request did not have: there is something that a client can change."""
    kind = _media_type(request.first("content-type"))
    for one in [_media_type(value) for value in final.every("accept")]:
        if one is not None and kind is not None and one.type in ("*", kind.type) and not one.includes(kind):
            return True  # text as other text; a client may know nothing else
    forms = ("encoding", "language")
    return any(request.every(f"content-{form}") and final.every(f"accept-{form}") for form in forms)


@of_exchange(
    "refused-scheme-is-tried-as-sip",
    SHOULD,
    "RFC 3261 8.1.3.5",
    "After 416 to a URI of another scheme the request comes again, with a SIP URI.",
)
def _as_sip(exchange: Exchange, call: CallSeen) -> Iterator[Finding]:
    final = exchange.final
    if final is None or exchange.status != 416 or _scheme(exchange.request) in ("sip", "sips") or exchange.cancel:
        return
    if tried_again(exchange, call) is not None:
        yield kept(final)
    elif is_tried(exchange) and call.run.waited(final.time, PATIENCE) and not begins_anew(exchange, final, call.run):
        yield broken("a SIP URI", "nothing came", exchange.request, final)


@of_exchange(
    "retry-has-a-sip-uri",
    SHOULD,
    "RFC 3261 8.1.3.5",
    "After 416 a retry has a SIP URI as its Request-URI.",
)
def _sip_uri(exchange: Exchange, call: CallSeen) -> Iterator[Finding]:
    found = retried(exchange, call)
    if found is None or exchange.status != 416 or _scheme(exchange.request) in ("sip", "sips"):
        return
    final, again = found
    uri = again.request.request.uri
    yield judged(_scheme(again.request) in ("sip", "sips"), "a SIP URI", uri, exchange.request, final, again.request)


def _scheme(seen: Seen) -> str:
    return seen.request.uri.partition(":")[0].lower()


def _tags(seen: Seen, *keys: str) -> set[str]:
    return {value.lower() for key in keys for value in seen.every(key) if value}


def _unsupported(exchange: Exchange, *keys: str) -> set[str]:
    """The extensions that a request named in these fields and a 420 does not support."""
    if exchange.final is None or exchange.status != 420:
        return set()
    return _tags(exchange.final, "unsupported") & _tags(exchange.request, *keys)


@of_exchange(
    "bad-extension-is-retried-without",
    SHOULD,
    "RFC 3261 8.1.3.5",
    "After 420 the request comes again, without the extensions of Unsupported.",
)
def _bad_extension(exchange: Exchange, call: CallSeen) -> Iterator[Finding]:
    required, final = _unsupported(exchange, "require", "proxy-require"), exchange.final
    refused = required or _unsupported(exchange, "supported")  # a client can leave that out just so
    if not refused or final is None or exchange.cancel is not None or not is_tried(exchange):
        return
    again = tried_again(exchange, call)
    if again is not None:
        left = sorted(required & _tags(again.request, "require", "proxy-require"))
        yield judged(not left, f"no {brief(sorted(refused))}", brief(left), exchange.request, final, again.request)
    elif call.run.waited(final.time, PATIENCE) and not begins_anew(exchange, final, call.run):
        yield broken(f"the request without {brief(sorted(refused))}", "nothing came", exchange.request, final)


@of_exchange(
    "retry-supports-the-extension",
    MAY,
    "RFC 3261 21.4.16",
    "After 421 a retry has the extensions of Require in its Supported.",
)
def _extension(exchange: Exchange, call: CallSeen) -> Iterator[Finding]:
    found = retried(exchange, call)
    if found is None or exchange.status != 421:
        return
    final, again = found
    wanted = _tags(final, "require")
    lacks = sorted(wanted - _tags(again.request, "supported", "require"))
    if wanted:
        yield judged(not lacks, f"Supported: {brief(sorted(wanted))}", f"no {brief(lacks)}", final, again.request)


def _too_small(call: CallSeen) -> Iterator[tuple[Exchange, Exchange, int]]:
    """Session refresh requests after a 422 of their kind, the last such, and the largest Min-SE that they were told."""
    told: dict[str, tuple[Exchange, int]] = {}
    waiting: list[Exchange] = []
    for exchange in call.requests_of_client:
        if exchange.method not in _REFRESHES:
            continue
        for refused in [one for one in waiting if one.answered_before(exchange.request)]:
            waiting.remove(refused)
            number = _number(refused.final.first("min-se")) if refused.final is not None else None
            if number is not None:
                before = told.get(refused.identity.to_tag)
                told[refused.identity.to_tag] = refused, max(number, before[1] if before else 0)
        if exchange.identity.to_tag in told and _with_timer(exchange.request):
            refused, number = told[exchange.identity.to_tag]
            yield exchange, refused, number
        if exchange.status == 422 and _with_timer(exchange.request):
            waiting.append(exchange)


def _with_timer(seen: Seen) -> bool:
    return "timer" in _tags(seen, "supported", "require") or bool(seen.first("session-expires"))


@of_call(
    "min-se-is-carried-after-422",
    MUST,
    "RFC 4028 7.4",
    "After 422 every session refresh request has Min-SE, at least the largest that was returned.",
)
def _min_se(call: CallSeen) -> Iterator[Finding]:
    for exchange, refused, largest in _too_small(call):
        value = exchange.request.first("min-se")
        number = _number(value)
        right = number is not None and number >= largest
        yield judged(right, f"Min-SE: {largest}", f"Min-SE: {value or 'none'}", refused.final, exchange.request)


@of_exchange(
    "session-interval-is-not-below-min-se",
    MUST,
    "RFC 4028 7.1",
    "Session-Expires of an initial INVITE is not below its Min-SE.",
    methods=("INVITE",),
)
def _interval(exchange: Exchange, call: CallSeen) -> Iterator[Finding]:
    wanted, least = (_number(exchange.request.first(key)) for key in ("session-expires", "min-se"))
    if wanted is not None and least is not None and exchange.outside_dialog():
        yield judged(wanted >= least, f"at least {least}", str(wanted), exchange.request)


@of_exchange(
    "small-session-interval-is-not-retried-for-ever",
    SHOULD,
    "RFC 4028 10",
    "A client that gets 422 with the same Min-SE again and again stops to retry.",
    methods=_REFRESHES,
)
def _not_for_ever(exchange: Exchange, call: CallSeen) -> Iterator[Finding]:
    final = exchange.final
    if final is None or exchange.status != 422:
        return
    value = final.first("min-se")
    row = 1
    for earlier in chain_before(exchange, call):
        if earlier.status != 422 or earlier.final is None or earlier.final.first("min-se") != value:
            break
        row += 1
    if row == 3:
        again = tried_again(exchange, call)
        yield judged(again is None, "no fourth try", "one more", final, again.request if again is not None else None)


def _of_brief_interval(method: str, rfc: str) -> None:
    def longer(exchange: Exchange, call: CallSeen) -> Iterator[Finding]:
        found = retried(exchange, call)
        least = _number(found[0].first("min-expires")) if found is not None else None
        if found is None or exchange.status != 423 or least is None:
            return
        final, again = found
        small = [one for one in _intervals(again) if 0 < one < least]
        if any(0 < one < least for one in _intervals(exchange)):
            asked = f"{min(small, default=0)} s"
            yield judged(not small, f"at least {least} s", asked, exchange.request, final, again.request)

    of_exchange(
        f"brief-{method.lower()}-is-retried-longer",
        SHOULD,
        rfc,
        f"A {method} that is tried again after 423 asks for Min-Expires or more, for each of its contacts.",
        methods=(method,),
    )(longer)


for _method, _rfc in (
    ("REGISTER", "RFC 3261 10.2.8"),
    ("SUBSCRIBE", "RFC 6665 4.2.1.1, RFC 3261 21.4.17"),
    ("PUBLISH", "RFC 3903 5"),
):
    _of_brief_interval(_method, _rfc)


def _intervals(exchange: Exchange) -> list[int]:
    """The intervals that a request asks for: of each contact in a REGISTER, else its Expires; none: we may choose."""
    request = exchange.request
    general = _number(request.first("expires"))
    found: list[int | None] = [general]
    if exchange.method == "REGISTER":
        try:
            contacts = request.request.contacts or []
        except ParseError:
            contacts = []
        found = [general if one.expires is None else one.expires for one in contacts]
    return [one for one in found if one is not None]


@of_run(
    "failed-entity-tag-is-discarded",
    MUST,
    "RFC 3903 5",
    "After 412 the PUBLISH is not reattempted: its entity-tag is not used again.",
)
def _entity_tag(run: Transcript) -> Iterator[Finding]:
    for exchange, final in refusals(run, (412,)):
        tag = exchange.request.first("sip-if-match")
        if exchange.method != "PUBLISH" or not tag:
            continue
        later = [
            one
            for one in later_requests(exchange, final, run)
            if one.method == "PUBLISH"
            and same_uri(one.request.request.uri, exchange.request.request.uri)
            and one.request.first("event") == exchange.request.first("event")
        ]
        wrong = next((one for one in later if one.request.first("sip-if-match") == tag), None)
        if wrong is not None:
            yield broken(f"no SIP-If-Match: {tag}", "it came again", exchange.request, final, wrong.request)
        elif later:
            yield kept(final, later[0].request)


@of_run(
    "publication-begins-anew",
    SHOULD,
    "RFC 3903 5",
    "After 412 a client that has something to publish sends a PUBLISH without SIP-If-Match.",
)
def _anew(run: Transcript) -> Iterator[Finding]:
    for exchange, final in refusals(run, (412,)):
        if exchange.method == "PUBLISH" and exchange.request.first("sip-if-match"):
            later = [one for one in later_requests(exchange, final, run) if one.method == "PUBLISH"]
            anew = next((one for one in later if not one.request.first("sip-if-match")), None)
            if anew is not None:
                yield kept(final, anew.request)
            elif _number(exchange.request.first("expires")) != 0 and run.waited(final.time, PATIENCE):
                yield broken("a PUBLISH without SIP-If-Match", "none came", exchange.request, final)


@of_exchange(
    "sips-is-not-given-up-unasked",
    MUST,
    "RFC 5630 5.1.1",
    "A request to a SIPS URI that got 416 or 480 is not tried with SIP before the user has agreed.",
)
def _sips(exchange: Exchange, call: CallSeen) -> Iterator[Finding]:
    final = exchange.final
    if final is None or exchange.status not in (416, 480) or _scheme(exchange.request) != "sips":
        return
    again = tried_again(exchange, call)
    if again is None or _scheme(again.request) != "sip":
        yield kept(final)
    elif again.time < final.time + _AT_ONCE:
        uri = again.request.request.uri
        yield broken("a SIPS URI, or no retry", uri, exchange.request, final, again.request)


@of_exchange(
    "invalid-identity-is-retried-once",
    SHOULD,
    "RFC 8224 6.1.1",
    "After 438 the request is retried once, with the full form, and not more often.",
)
def _identity(exchange: Exchange, call: CallSeen) -> Iterator[Finding]:
    before = next(chain_before(exchange, call), None)
    if exchange.status == 438 and before is not None and before.status == 438:
        again = tried_again(exchange, call)
        more = again.request if again is not None else None
        yield judged(again is None, "no further try", "one more", before.final, exchange.final, more)


@of_exchange(
    "anonymity-is-not-given-up-unasked",
    SHOULD,
    "RFC 5079 4",
    "After 433 nothing is sent without anonymity before the user, or a policy of his, has agreed.",
)
def _anonymity(exchange: Exchange, call: CallSeen) -> Iterator[Finding]:
    final = exchange.final
    if final is None or exchange.status != 433 or not _is_anonymous(exchange.request):
        return
    again = tried_again(exchange, call)
    if again is None or _is_anonymous(again.request):
        yield kept(final)
    elif again.time < final.time + _AT_ONCE:
        pause = again.time - final.time
        yield broken("anonymity, or no retry", f"a name after {pause:.3f} s", exchange.request, final, again.request)


def _is_anonymous(seen: Seen) -> bool:
    sender = seen.first("from").lower()
    return "anonymous" in sender or bool(_tags(seen, "privacy") - {"none"})


@of_exchange(
    "security-agreement-is-verified",
    MUST,
    "RFC 3329 2.3.1",
    "Requests after 494 mirror Security-Server in Security-Verify, with sec-agree in Require and Proxy-Require.",
)
def _security(exchange: Exchange, call: CallSeen) -> Iterator[Finding]:
    found = retried(exchange, call)
    if (
        found is None
        or exchange.status != 494
        or "sec-agree" not in _tags(exchange.request, "supported", "require", "proxy-require")
    ):
        return
    final, again = found
    ours, theirs = (
        ["".join(value.split()) for value in values]
        for values in (final.every("security-server"), again.request.every("security-verify"))
    )
    if not ours or (not theirs and again.request.first("security-client")):
        return  # a client to whom something is missing may begin again
    lacks = [key for key in ("require", "proxy-require") if "sec-agree" not in _tags(again.request, key)]
    wrong = [f"no sec-agree in {key}" for key in lacks]
    if [value.lower() for value in ours] != [value.lower() for value in theirs]:
        wrong.insert(0, f"Security-Verify: {brief(theirs)}")
    yield judged(not wrong, f"Security-Verify: {brief(ours)}", brief(wrong), final, again.request)


@of_exchange(
    "bad-info-package-keeps-the-call",
    MUST,
    "RFC 6086 4.2.1",
    "A client does not end the call because of 469.",
    methods=("INFO",),
)
def _info_package(exchange: Exchange, call: CallSeen) -> Iterator[Finding]:
    final = exchange.final
    if final is None or exchange.status != 469 or exchange.outside_dialog():
        return
    byes = [
        one
        for one in call.requests_of_client
        if one.method == "BYE" and one.request.number > final.number and one.identity.to_tag == exchange.identity.to_tag
    ]
    if not byes or byes[0].time > final.time + _AT_ONCE:
        yield kept(final)
    elif byes[0].time < final.time + 0.1:
        pause = byes[0].time - final.time
        yield broken("the call goes on", f"BYE after {pause:.3f} s", exchange.request, final, byes[0].request)


@of_exchange(
    "ambiguous-address-is-left-to-the-user",
    SHOULD,
    "RFC 3261 21.4.23",
    "After 485 no address of its Contact is tried before the user has chosen.",
)
def _ambiguous(exchange: Exchange, call: CallSeen) -> Iterator[Finding]:
    final = exchange.final
    choices = [uri_of(value) for value in final.every("contact")] if final is not None else []
    if final is None or exchange.status != 485 or not choices:
        return
    again = tried_again(exchange, call)
    if again is not None and again.time < final.time + _AT_ONCE:
        uri = again.request.request.uri
        chosen = any(same_uri(uri, choice) for choice in choices if choice)
        yield judged(not chosen, "no call before the user chooses", uri, exchange.request, final, again.request)
    else:
        yield kept(final)
