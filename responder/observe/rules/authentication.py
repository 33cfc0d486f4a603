"""What a client does about a challenge (RFC 3261 section 22, RFC 7616, RFC 8760). The password nobody here knows."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from responder.errors import ParseError
from responder.observe.records import NoteRecord
from responder.observe.rules.attempts import (
    PATIENCE,
    Given,
    Offered,
    algorithm_of,
    begins_anew,
    chain_before,
    client_of,
    digests_of,
    fields_given,
    given_in,
    is_tried,
    later_requests,
    offered_in,
    tried_again,
)
from responder.observe.rules.comparing import came_directly, same_uri
from responder.observe.rules.rule import MAY, MUST, SHOULD, Finding, broken, judged, kept, of_call, of_exchange, of_run
from responder.observe.transcript import CallSeen, Exchange, Seen, Transcript
from responder.sip.digest import Credentials, is_known
from responder.sip.digest_cause import WRONG_PASSWORD

_AT_ONCE: Final = 2.0
"""Seconds in which nobody has typed another password."""
_MANY: Final = 10
"""Challenged tries in a row that no server needs."""
_HEX_DIGITS: Final = {"md5": 32, "sha-256": 64, "sha-512-256": 64}
_nc: Final = re.compile(r"[0-9A-Fa-f]{8}").fullmatch
_next_nonce: Final = re.compile(r'(?:^|[,\s])nextnonce\s*=\s*"([^"]+)"', re.IGNORECASE).search


def _scheme(value: str) -> str:
    return value.strip(" \t").partition(" ")[0].lower()


@of_exchange(
    "credentials-are-not-basic", MUST, "RFC 3261 22.1, RFC 8760 2.6", "Credentials are not those of the Basic scheme."
)
def _not_basic(exchange: Exchange, call: CallSeen) -> Iterator[Finding]:
    for value, _ in fields_given(exchange.request):
        yield judged(_scheme(value) != "basic", "another scheme, as Digest", "Basic", exchange.request)


@of_exchange(
    "digest-credentials-are-complete",
    MUST,
    "RFC 7616 3.4, RFC 3261 25.1",
    "Digest credentials can be read, with username, realm, nonce, uri and response.",
)
def _complete(exchange: Exchange, call: CallSeen) -> Iterator[Finding]:
    for value, _ in fields_given(exchange.request):
        if _scheme(value) != "digest":
            continue
        try:
            Credentials.parse(value)
        except ParseError as error:
            yield broken("username, realm, nonce, uri, response", error.what, exchange.request)
        else:
            yield kept(exchange.request)


@of_exchange(
    "digest-parameters-are-quoted-rightly",
    MUST,
    "RFC 7616 3.4, RFC 3261 22.4",
    "username, realm, nonce, uri, response, cnonce and opaque are in quotes; algorithm, qop and nc are not.",
)
def _quoted(exchange: Exchange, call: CallSeen) -> Iterator[Finding]:
    for given in given_in(exchange.request):
        wrong = given.credentials.irregular
        yield judged(not wrong, "quotes as the grammar has them", ", ".join(wrong), exchange.request)


def _answered(exchange: Exchange, call: CallSeen) -> Iterator[tuple[Given, list[Offered]]]:
    """Credentials of a request with the challenges of ours that have their nonce, those of their algorithm first."""
    offers = digests_of(call.run).offers
    for given in given_in(exchange.request):
        found = [
            one for one in offers.get(given.credentials.nonce, ()) if one.response.number < exchange.request.number
        ]
        found.sort(key=lambda one: algorithm_of(one.challenge) != algorithm_of(given.credentials))
        if found:
            yield given, found


@of_exchange(
    "credentials-go-where-they-were-asked-for",
    MUST,
    "RFC 3261 22.2, RFC 3261 22.3",
    "Credentials for WWW-Authenticate go into Authorization, those for Proxy-Authenticate into Proxy-Authorization.",
)
def _right_field(exchange: Exchange, call: CallSeen) -> Iterator[Finding]:
    names = ("Authorization", "Proxy-Authorization")
    for given, found in _answered(exchange, call):
        right = any(one.proxy == given.proxy for one in found)
        yield judged(right, names[found[0].proxy], names[given.proxy], found[0].response, exchange.request)


@of_exchange(
    "credentials-repeat-realm-and-algorithm",
    MUST,
    "RFC 7616 3.4",
    "Realm and algorithm of credentials are those of the challenge that their nonce came with.",
)
def _repeat(exchange: Exchange, call: CallSeen) -> Iterator[Finding]:
    for given, found in _answered(exchange, call):
        ours, theirs = found[0].challenge, given.credentials
        wanted = {(one.challenge.realm, algorithm_of(one.challenge)) for one in found}
        yield judged(
            (theirs.realm, algorithm_of(theirs)) in wanted,
            f"realm {ours.realm}, algorithm {ours.algorithm or 'MD5'}",
            f"realm {theirs.realm}, algorithm {theirs.algorithm or 'MD5'}",
            found[0].response,
            exchange.request,
        )


@of_exchange(
    "opaque-is-returned",
    SHOULD,
    "RFC 7616 3.3, RFC 7616 3.4",
    "Credentials have the opaque of their challenge, unchanged.",
)
def _opaque(exchange: Exchange, call: CallSeen) -> Iterator[Finding]:
    for given, found in _answered(exchange, call):
        ours, theirs = found[0].challenge.opaque, given.credentials.opaque
        if ours is not None:
            yield judged(theirs == ours, ours, theirs or "none", found[0].response, exchange.request)


@of_exchange(
    "challenge-with-qop-is-answered-with-qop",
    MUST,
    "RFC 3261 22.4, RFC 7616 3.4",
    "Where the challenge has qop, the credentials have it: one of those that were offered.",
)
def _qop(exchange: Exchange, call: CallSeen) -> Iterator[Finding]:
    for given, found in _answered(exchange, call):
        options = [option.lower() for option in found[0].challenge.qop]
        if {"auth", "auth-int"} & set(options):
            qop = given.credentials.qop
            right = qop.lower() in options
            yield judged(right, " or ".join(options), qop or "no qop", found[0].response, exchange.request)


@of_exchange(
    "cnonce-and-nc-come-with-qop",
    MUST,
    "RFC 7616 3.4, RFC 3261 22.4",
    "Credentials with qop have cnonce and nc; without qop they have no cnonce (RFC 3261 22.4 item 8).",
)
def _cnonce(exchange: Exchange, call: CallSeen) -> Iterator[Finding]:
    for given in given_in(exchange.request):
        one = given.credentials
        if one.qop:
            lacks = [name for name, value in (("cnonce", one.cnonce), ("nc", one.nc)) if not value]
            yield judged(not lacks, "cnonce and nc", f"no {' and no '.join(lacks)}", exchange.request)
        elif one.cnonce:
            yield broken("qop beside cnonce, or neither", "cnonce without qop", exchange.request)
        elif algorithm_of(one).endswith("-sess"):
            yield broken(f"qop with {one.algorithm}", "no qop", exchange.request)


@of_exchange(
    "nonce-count-has-eight-digits",
    MUST,
    "RFC 7616 3.4, RFC 3261 25.1",
    "nc has exactly eight hexadecimal digits: nc-value = 8LHEX.",
)
def _nc_shape(exchange: Exchange, call: CallSeen) -> Iterator[Finding]:
    for given in given_in(exchange.request):
        count = given.credentials.nc
        if count:
            yield judged(bool(_nc(count)), "eight hexadecimal digits", count, exchange.request)


def _counts(run: Transcript) -> dict[str, list[tuple[Exchange, int]]]:
    """By nonce of ours: the requests with it and their counts, in order of time."""
    offers = digests_of(run).offers
    found: dict[str, list[tuple[Exchange, int]]] = {}
    requests = sorted((one for one in run.exchanges if one.by_client), key=lambda one: one.request.number)
    for exchange in requests:
        if exchange.method == "CANCEL":  # what it has it took from its INVITE
            continue
        for given in given_in(exchange.request):
            nonce, count = given.credentials.nonce, given.credentials.nc
            if nonce in offers and _nc(count):
                found.setdefault(nonce, []).append((exchange, int(count, 16)))
    return found


@of_run(
    "nonce-count-begins-at-one",
    MUST,
    "RFC 7616 3.4",
    "The first request with a nonce has nc=00000001.",
)
def _nc_first(run: Transcript) -> Iterator[Finding]:
    for counts in _counts(run).values():
        exchange, first = counts[0]
        if came_directly(exchange.request):
            ones = any(count == 1 for _, count in counts)  # it may have been overtaken
            yield judged(ones, "00000001", f"{first:08x}", exchange.request)


@of_run(
    "nonce-count-rises",
    MUST,
    "RFC 7616 3.4",
    "nc counts the requests with a nonce: none has the count of another, and a later one has a higher.",
)
def _nc_rises(run: Transcript) -> Iterator[Finding]:
    for counts in _counts(run).values():
        for place, (exchange, count) in enumerate(counts[1:], 1):
            before = counts[:place]
            twin = next((one for one, used in before if used == count and one is not exchange), None)
            above = next(
                (
                    one
                    for one, used in before
                    if used > count
                    and one.identity.call_id == exchange.identity.call_id
                    and -1 < one.identity.cseq < exchange.identity.cseq
                ),
                None,
            )
            wrong = twin or above
            if wrong is None:
                yield kept(exchange.request)
            else:
                highest = max(used for _, used in before)
                yield broken(f"{highest + 1:08x}", f"{count:08x}", wrong.request, exchange.request)


@of_exchange(
    "digest-uri-is-the-request-uri",
    MUST,
    "RFC 3261 22.4, RFC 7616 3.4.6",
    "The uri of credentials is the Request-URI (RFC 3261 22.4 item 3), where no proxy stands between to change that.",
)
def _digest_uri(exchange: Exchange, call: CallSeen) -> Iterator[Finding]:
    if came_directly(exchange.request):
        for given in given_in(exchange.request):
            ours, theirs = exchange.request.request.uri, given.credentials.uri
            yield judged(same_uri(ours, theirs), ours, theirs, exchange.request)


@of_exchange(
    "digest-response-has-its-length",
    MUST,
    "RFC 7616 3.4, RFC 8760 2.7, RFC 3261 25.1",
    "response has as many lower-case hexadecimal digits as the algorithm gives: 32 for MD5, 64 for SHA-256.",
)
def _response_length(exchange: Exchange, call: CallSeen) -> Iterator[Finding]:
    for given in given_in(exchange.request):
        one = given.credentials
        digits = _HEX_DIGITS.get(algorithm_of(one).removesuffix("-sess"))
        if digits is not None and (one.response or one.nonce):
            right = re.fullmatch(rf"[0-9a-f]{{{digits}}}", one.response) is not None
            yield judged(right, f"{digits} digits of 0-9 and a-f", one.response or "nothing", exchange.request)


@of_exchange(
    "topmost-challenge-is-answered",
    SHOULD,
    "RFC 8760 2.4",
    "Of several challenges of one realm a client answers the topmost that it supports, as seen from what it has used.",
)
def _topmost(exchange: Exchange, call: CallSeen) -> Iterator[Finding]:
    final, again = exchange.final, tried_again(exchange, call)
    if final is None or again is None:
        return
    since, client = digests_of(call.run).since, client_of(exchange)
    offered = offered_in(final)
    for given in given_in(again.request):
        realm, algorithm = given.credentials.realm, algorithm_of(given.credentials)
        known = [
            name
            for one in offered
            if one.challenge.realm == realm and one.proxy == given.proxy
            if (client, realm, name := algorithm_of(one.challenge)) in since
        ]
        if known and sum(one.challenge.realm == realm for one in offered) > 1:
            yield judged(algorithm == known[0], known[0], algorithm, final, again.request)


@of_exchange(
    "first-challenge-is-preferred",
    MAY,
    "RFC 8760 2.4",
    "Of several challenges of one realm the first answer is to the topmost; a client may not support that.",
)
def _preferred(exchange: Exchange, call: CallSeen) -> Iterator[Finding]:
    final, again = exchange.final, tried_again(exchange, call)
    if final is None or again is None:
        return
    since, client = digests_of(call.run).since, client_of(exchange)
    for given in given_in(again.request):
        realm, algorithm = given.credentials.realm, algorithm_of(given.credentials)
        names = [
            algorithm_of(one.challenge)
            for one in offered_in(final)
            if one.challenge.realm == realm and one.proxy == given.proxy and is_known(one.challenge.algorithm or "MD5")
        ]
        if len(set(names)) > 1 and since.get((client, realm, algorithm)) == again.request.number:
            yield judged(algorithm == names[0], names[0], algorithm, final, again.request)


@of_exchange(
    "unknown-algorithm-is-passed-over",
    MUST,
    "RFC 8760 2.4",
    "A challenge with an algorithm that there is not is ignored.",
)
def _passed_over(exchange: Exchange, call: CallSeen) -> Iterator[Finding]:
    final, again = exchange.final, tried_again(exchange, call)
    unknown = (
        [] if final is None else [one for one in offered_in(final) if not is_known(one.challenge.algorithm or "MD5")]
    )
    if final is None or not unknown:
        return
    if again is None:
        yield kept(final)
        return
    wrong = [
        one.credentials.algorithm for one in given_in(again.request) if not is_known(one.credentials.algorithm or "MD5")
    ]
    yield judged(not wrong, "no credentials for it", ", ".join(wrong), final, again.request)


@of_exchange(
    "every-realm-is-answered",
    MAY,
    "RFC 3261 22.3",
    "A request that comes again has credentials for each realm that asked for them.",
)
def _every_realm(exchange: Exchange, call: CallSeen) -> Iterator[Finding]:
    final, again = exchange.final, tried_again(exchange, call)
    if final is None or again is None or exchange.status not in (401, 407):
        return
    asked = {(one.proxy, one.challenge.realm) for one in offered_in(final)}
    given = {(one.proxy, one.credentials.realm) for one in given_in(again.request)}
    if len(asked) > 1 and asked & given:
        lacks = sorted(realm for _, realm in asked - given)
        yield judged(not lacks, "credentials for all of them", f"none for {', '.join(lacks)}", final, again.request)


@of_exchange(
    "hashed-username-is-a-hash",
    MUST,
    "RFC 7616 3.4.4",
    "With userhash=true the username is a hash, of the length that the algorithm gives.",
)
def _userhash(exchange: Exchange, call: CallSeen) -> Iterator[Finding]:
    for given in given_in(exchange.request):
        one = given.credentials
        digits = _HEX_DIGITS.get(algorithm_of(one).removesuffix("-sess"))
        if one.userhash and digits is not None:
            right = re.fullmatch(rf"[0-9a-fA-F]{{{digits}}}", one.username) is not None
            yield judged(right, f"{digits} hexadecimal digits", one.username, exchange.request)


_verdict: Final = re.compile(r"\bresponse: expected \S+, got (\S+) \((.*?)\)").search


def _miscounted(run: Transcript) -> Iterator[tuple[str, str, Seen | None]]:
    """Responses of credentials that a flow with users found to be wrong: the cause, the value, and whose it was."""
    for entry in run.entries:
        found = _verdict(entry.text) if isinstance(entry, NoteRecord) else None
        if found is not None:
            of = [
                one.request
                for one in run.exchanges
                if one.by_client and any(given.credentials.response == found[1] for given in given_in(one.request))
            ]
            yield found[2], found[1], next(iter(of), None)


def _proved(run: Transcript) -> Iterator[Finding]:
    """Responses of credentials that a flow with users found to be right: it proved in turn that it knows the secret."""
    for exchange in run.exchanges:
        proofs = [seen for seen in exchange.finals if exchange.by_client and _has_proof(seen)]
        if proofs and given_in(exchange.request):
            yield kept(exchange.request, proofs[0])


def _has_proof(final: Seen) -> bool:
    """Whether a response has the rspauth of RFC 7616 section 3.5."""
    return any("rspauth=" in final.first(key) for key in ("authentication-info", "proxy-authentication-info"))


@of_run(
    "digest-response-is-made-of-the-right-parts",
    MUST,
    "RFC 7616 3.4.1",
    "response is made with the algorithm, of method, uri, qop, nc and cnonce; seen where a flow knows the password.",
)
def _right_parts(run: Transcript) -> Iterator[Finding]:
    yield from _proved(run)
    for cause, value, seen in _miscounted(run):
        if cause != WRONG_PASSWORD:
            yield broken("the response of RFC 7616 section 3.4.1", f"{value}: {cause}", seen)


@of_run(
    "digest-response-is-that-of-the-user",
    MAY,
    "RFC 7616 3.4.1",
    "response fits the password of the user; where it does not, that may be another or the response made wrongly.",
)
def _right_user(run: Transcript) -> Iterator[Finding]:
    yield from _proved(run)
    for cause, value, seen in _miscounted(run):
        if cause == WRONG_PASSWORD:
            yield broken("the response of the password", value, seen)


@of_exchange(
    "challenged-request-comes-with-a-higher-cseq",
    MUST,
    "RFC 3261 22.2",
    "A request that is sent again after 401 or 407 has a higher CSeq.",
)
def _higher(exchange: Exchange, call: CallSeen) -> Iterator[Finding]:
    final, again = exchange.final, tried_again(exchange, call)
    if final is not None and again is not None and exchange.status in (401, 407):
        before, after = exchange.identity.cseq, again.identity.cseq
        yield judged(after > before, f"above {before}", str(after), exchange.request, final, again.request)


def _asked(exchange: Exchange | None) -> list[Offered]:
    """The challenges that a request got."""
    return [] if exchange is None or exchange.final is None else offered_in(exchange.final)


def _refused(exchange: Exchange) -> Iterator[tuple[Given, list[Offered]]]:
    """Credentials of a request with the challenges that asked for credentials of their realm again."""
    if exchange.final is not None and exchange.status in (401, 407):
        offered = offered_in(exchange.final)
        for given in given_in(exchange.request):
            same = [
                one for one in offered if one.challenge.realm == given.credentials.realm and one.proxy == given.proxy
            ]
            if same:
                yield given, same


@of_exchange(
    "rejected-credentials-are-not-sent-again",
    MUST,
    "RFC 3261 22.1",
    "Credentials that have just been rejected are not tried again, unless the nonce was stale.",
)
def _rejected(exchange: Exchange, call: CallSeen) -> Iterator[Finding]:
    final = exchange.final
    if final is None:
        return
    before = next(chain_before(exchange, call), None)
    fresh = {one.challenge.nonce for one in _asked(before)}
    for given, offered in _refused(exchange):
        if given.credentials.nonce not in fresh or any(one.challenge.stale for one in offered):
            continue  # an old nonce may have been the reason, whether the server says so or not
        again = tried_again(exchange, call)
        if again is None:
            if call.run.end >= final.time + _AT_ONCE:
                yield kept(final)
            continue
        repeated = [
            other.credentials.username
            for other in given_in(again.request)
            if other.proxy == given.proxy and other.credentials.realm == given.credentials.realm
        ]
        if given.credentials.username not in repeated:
            yield kept(final, again.request)
        elif again.time < final.time + _AT_ONCE:
            yield broken(
                "no further try, or other credentials",
                f"user {given.credentials.username} again after {again.time - final.time:.3f} s",
                exchange.request,
                final,
                again.request,
            )


@of_exchange(
    "latest-challenge-is-answered",
    SHOULD,
    "RFC 7616 3.4, RFC 7616 3.6",
    "Credentials after a challenge are made with its nonce, not with an older one of the realm.",
)
def _latest(exchange: Exchange, call: CallSeen) -> Iterator[Finding]:
    final, again = exchange.final, tried_again(exchange, call)
    if final is None or again is None or exchange.status not in (401, 407):
        return
    offered = offered_in(final)
    for given in given_in(again.request):
        nonces = [
            one.challenge.nonce
            for one in offered
            if one.challenge.realm == given.credentials.realm and one.proxy == given.proxy
        ]
        if nonces:
            nonce = given.credentials.nonce
            yield judged(nonce in nonces, f"nonce {nonces[0]}", f"nonce {nonce}", final, again.request)


@of_exchange(
    "stale-nonce-is-no-wrong-password",
    SHOULD,
    "RFC 3261 22.2, RFC 7616 3.3",
    "After a challenge with stale=true the request comes again, with the new nonce and the same credentials.",
)
def _stale(exchange: Exchange, call: CallSeen) -> Iterator[Finding]:
    final = exchange.final
    if final is None or exchange.cancel is not None or not is_tried(exchange):
        return
    before = next(chain_before(exchange, call), None)
    if any(one.challenge.stale for one in _asked(before)):
        return  # stale for a second time: a client may have enough of it
    stale = [one for _, offered in _refused(exchange) for one in offered if one.challenge.stale]
    if not stale:
        return
    again = tried_again(exchange, call)
    if again is not None:
        yield kept(final, again.request)
    elif call.run.waited(final.time, PATIENCE) and not begins_anew(exchange, final, call.run):
        yield broken("the request with the new nonce", "nothing came", exchange.request, final)


@of_exchange(
    "known-realm-is-answered",
    SHOULD,
    "RFC 3261 22.2",
    "A client whose credentials for a realm were accepted answers a challenge of that realm.",
)
def _known_realm(exchange: Exchange, call: CallSeen) -> Iterator[Finding]:
    final = exchange.final
    if final is None or exchange.status not in (401, 407) or exchange.cancel is not None or not is_tried(exchange):
        return
    accepted, client = digests_of(call.run).accepted, client_of(exchange)
    tried = {given.credentials.realm for given in given_in(exchange.request)}
    asked = [
        (one.challenge.realm, accepted.get((client, one.challenge.realm, algorithm_of(one.challenge))))
        for one in offered_in(final)
    ]
    able = {realm for realm, first in asked if first is not None and first < final.number} - tried
    if not able:
        return
    again = tried_again(exchange, call)
    if again is not None:
        yield kept(final, again.request)
    elif call.run.waited(final.time, PATIENCE) and not begins_anew(exchange, final, call.run):
        yield broken(f"credentials for {min(able)}", "nothing came", exchange.request, final)


@of_call(
    "accepted-credentials-are-used-again",
    SHOULD,
    "RFC 3261 22.2",
    "Credentials that a server has accepted stand in the next REGISTER for that address, too.",
)
def _used_again(call: CallSeen) -> Iterator[Finding]:
    accepted: Exchange | None = None
    for exchange in call.requests_of_client:
        if exchange.method != "REGISTER":
            continue
        given = [one for one in given_in(exchange.request) if not one.proxy]
        if accepted is not None and accepted.answered_before(exchange.request):
            yield judged(bool(given), "Authorization", "none", accepted.request, exchange.request)
        if given and 200 <= exchange.status < 300:
            accepted = exchange


@of_call(
    "proxy-credentials-stay-in-the-call",
    SHOULD,
    "RFC 3261 22.3",
    "After a proxy's challenge all requests with that Call-ID have credentials for its realm (RECOMMENDED).",
)
def _stay(call: CallSeen) -> Iterator[Finding]:
    realms: dict[str, Exchange] = {}
    for exchange in call.requests_of_client:
        given = {one.credentials.realm for one in given_in(exchange.request) if one.proxy}
        if exchange.method != "CANCEL":
            for realm, accepted in realms.items():
                if accepted.answered_before(exchange.request):
                    lacks = "credentials for none" if not given else f"for {', '.join(sorted(given))}"
                    yield judged(realm in given, f"credentials for {realm}", lacks, accepted.request, exchange.request)
        if 200 <= exchange.status < 300:
            offers = digests_of(call.run).offers
            for one in given_in(exchange.request):
                if one.proxy and one.credentials.nonce in offers:
                    realms.setdefault(one.credentials.realm, exchange)


@of_exchange(
    "next-nonce-is-used",
    SHOULD,
    "RFC 7616 3.5",
    "The nextnonce of Authentication-Info is the nonce of the next request with credentials for that realm.",
)
def _nextnonce(exchange: Exchange, call: CallSeen) -> Iterator[Finding]:
    final = exchange.final
    given = [one for one in given_in(exchange.request) if not one.proxy]
    found = _next_nonce(final.first("authentication-info")) if final is not None else None
    if final is None or found is None or not given:
        return
    realm = given[0].credentials.realm
    for other in later_requests(exchange, final, call.run):
        nonces = [one.credentials.nonce for one in given_in(other.request) if one.credentials.realm == realm]
        if nonces and other.method != "CANCEL":
            yield judged(found[1] in nonces, f"nonce {found[1]}", f"nonce {nonces[0]}", final, other.request)
            return


@of_exchange(
    "challenges-are-not-answered-for-ever",
    MAY,
    "RFC 3261 22.2",
    "A client that is challenged again and again stops to try.",
)
def _bounded(exchange: Exchange, call: CallSeen) -> Iterator[Finding]:
    if exchange.status not in (401, 407):
        return
    row = 1
    for earlier in chain_before(exchange, call):
        if earlier.status not in (401, 407) or row > _MANY:
            break
        row += 1
    again = tried_again(exchange, call)
    if row == _MANY:
        yield judged(
            again is None,
            f"no more than {_MANY} tries",
            "one more",
            exchange.request,
            again.request if again is not None else None,
        )
