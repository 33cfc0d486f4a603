"""What a client answers to requests of ours (RFC 3261 8.2, 11.2, 12.1.1, 15.1.2, 17.2; RFC 4320), and which of our
responses it has to pass over (17.1.3)."""

from __future__ import annotations

from collections.abc import Iterator, Set
from typing import Final

from responder.observe.rules.comparing import (
    address,
    brief,
    came_directly,
    contact_of,
    same_party,
    same_routes,
    same_via,
    who,
)
from responder.observe.rules.registered import OPTION_TAGS
from responder.observe.rules.rule import MUST, SHOULD, Finding, broken, judged, kept, of_call
from responder.observe.transcript import CallSeen, Exchange, Seen
from responder.sip.corruption import CATALOGUE
from responder.sip.message import Request, Response
from responder.sip.methods import METHODS

_COPIES_UNTIL_T2: Final = 4
"""How often a request of ours has gone out when its timer E is at T2 (T1, 2*T1, 4*T1)."""
_SILENCE: Final = 20.0
"""Seconds in which the responder has sent a request of its own again and again."""
_SHORT_SILENCE: Final = 4.0
"""The same where nothing is lost on the way: it has been sent four times by then."""
_LEAVING: Final = 0.2
"""Seconds in which a client that is about to go away need not look at what comes any more."""
_OF_NO_REQUEST: Final = CATALOGUE.keys() & {"wrong-branch", "lower-via-first", "wrong-cseq-method"}
"""Corruptions after which a response belongs to no transaction."""
_OF_SOMEBODY_ELSE: Final = CATALOGUE.keys() & {"second-via"}
"""Corruptions after which a response has a way to go still."""


def _answers(call: CallSeen) -> Iterator[tuple[Exchange | None, Seen]]:
    """Every response of the client, each text once, with the request of ours that it is for, as far as it can be told:
    by its branch (even with another Call-ID), else by method and CSeq number."""
    ours = [exchange for exchange in call.exchanges if not exchange.by_client]
    met: set[bytes] = set()
    for seen in call.messages:
        if not seen.received or not isinstance(seen.message, Response) or seen.data in met:
            continue
        met.add(seen.data)
        identity = seen.identity
        own = next((one for one in ours if any(answer.data == seen.data for answer in one.responses)), None)
        own = own or call.run.ours.get(identity.branch)
        like = [one for one in ours if (one.identity.cseq, one.method) == (identity.cseq, identity.method)]
        yield own or next(iter(like), None), seen


# ----------------------------------------------------------------------------------------------- responses to us


@of_call(
    "response-copies-via",
    MUST,
    "RFC 3261 8.2.6.2",
    "A response has the Vias of the request, in their order.",
)
def _vias(call: CallSeen) -> Iterator[Finding]:
    for exchange, seen in _answers(call):
        if exchange is not None:
            wanted, got = exchange.request.every("via"), seen.every("via")
            same = len(got) == len(wanted) and all(map(same_via, got, wanted))
            yield judged(same, brief(wanted), brief(got), exchange.request, seen)


@of_call(
    "response-copies-from",
    MUST,
    "RFC 3261 8.2.6.2",
    "A response has the From of the request.",
)
def _from(call: CallSeen) -> Iterator[Finding]:
    for exchange, seen in _answers(call):
        if exchange is not None:
            wanted, got = exchange.request.first("from"), seen.first("from")
            yield judged(same_party(got, wanted), wanted, got or "none", exchange.request, seen)


@of_call(
    "response-copies-call-id",
    MUST,
    "RFC 3261 8.2.6.2",
    "A response has the Call-ID of the request.",
)
def _call_id(call: CallSeen) -> Iterator[Finding]:
    for exchange, seen in _answers(call):
        if exchange is not None:
            wanted, got = exchange.identity.call_id, seen.identity.call_id
            yield judged(got == wanted, wanted, got or "none", exchange.request, seen)


@of_call(
    "response-copies-cseq",
    MUST,
    "RFC 3261 8.2.6.2",
    "A response has the CSeq of the request, number and method.",
)
def _cseq(call: CallSeen) -> Iterator[Finding]:
    for exchange, seen in _answers(call):
        if exchange is not None:
            same = (seen.identity.cseq, seen.identity.method) == (exchange.identity.cseq, exchange.method)
            wanted, got = exchange.request.first("cseq"), seen.first("cseq")
            yield judged(same, wanted, got or "none", exchange.request, seen)


@of_call(
    "responses-to-a-request-have-one-to-tag",
    MUST,
    "RFC 3261 8.2.6.2",
    "All responses of the client to one request of ours, but 100, have the same To tag.",
)
def _one_tag(call: CallSeen) -> Iterator[Finding]:
    for exchange in call.exchanges:
        if exchange.by_client or not came_directly(exchange.request):
            continue
        tagged = [seen for seen in exchange.responses if seen.response.status != 100 and seen.identity.to_tag]
        for seen in tagged[1:]:
            wanted, got = tagged[0].identity.to_tag, seen.identity.to_tag
            yield judged(got == wanted, f"tag={wanted}", f"tag={got}", exchange.request, tagged[0], seen)


def _has(rule_id: str, rfc: str, says: str, status: int, key: str, name: str) -> None:
    """A rule about a header field that a response of one status has to have."""

    @of_call(rule_id, MUST, rfc, says)
    def check(call: CallSeen) -> Iterator[Finding]:
        for exchange, seen in _answers(call):
            if exchange is not None and seen.response.status == status:
                there = key in seen.response.shape.index
                yield judged(there, name, f"a {status} without", exchange.request, seen)


_has("its-405-has-allow", "RFC 3261 8.2.1", "A 405 of the client has Allow.", 405, "allow", "Allow")
_has(
    "its-420-has-unsupported",
    "RFC 3261 8.2.2.3",
    "A 420 of the client has Unsupported.",
    420,
    "unsupported",
    "Unsupported",
)


@of_call(
    "its-415-says-what-it-takes",
    MUST,
    "RFC 3261 8.2.3",
    "A 415 of the client has Accept, Accept-Encoding or Accept-Language.",
)
def _accepts(call: CallSeen) -> Iterator[Finding]:
    for exchange, seen in _answers(call):
        if exchange is not None and seen.response.status == 415:
            there = any(key in seen.response.shape.index for key in ("accept", "accept-encoding", "accept-language"))
            yield judged(there, "Accept", "a 415 without", exchange.request, seen)


@of_call(
    "unknown-extension-gets-420",
    MUST,
    "RFC 3261 8.2.2.3",
    "A request of ours that requires an extension which nobody has registered, nor the client named, gets 420.",
)
def _requires(call: CallSeen) -> Iterator[Finding]:
    for exchange, seen in _answers(call):
        if exchange is None or exchange.method == "CANCEL" or seen.response.status < 200:
            continue
        known = OPTION_TAGS.union(*(_supported(one.request) for one in call.requests_of_client))
        unknown = [tag for tag in exchange.request.every("require") if tag.strip().lower() not in known]
        if unknown:
            refused = seen.response.status >= 300
            yield judged(refused, f"420 for {brief(unknown)}", str(seen.response.status), exchange.request, seen)


def _supported(seen: Seen) -> set[str]:
    return {tag.strip().lower() for tag in seen.every("supported")}


@of_call(
    "unknown-method-gets-405",
    MUST,
    "RFC 3261 8.2.1",
    "A request of ours whose method nobody has registered gets 405, or 501.",
)
def _unknown_method(call: CallSeen) -> Iterator[Finding]:
    for exchange, seen in _answers(call):
        if exchange is not None and exchange.method not in METHODS and seen.response.status >= 200:
            status = seen.response.status
            yield judged(status >= 300, "405 or 501", str(status), exchange.request, seen)


@of_call(
    "request-of-no-dialog-gets-481",
    SHOULD,
    "RFC 3261 12.2.2, RFC 3261 15.1.2",
    "A request of ours with a To tag, and any BYE, that belongs to no dialog of the client gets 481.",
)
def _no_dialog(call: CallSeen) -> Iterator[Finding]:
    known = {one.identity.from_tag for one in call.requests_of_client}
    ours = [one for one in call.exchanges if not one.by_client]
    known |= {seen.identity.to_tag for one in ours if one.outside_dialog() for seen in one.responses}
    for exchange in ours:
        inside = exchange.method == "BYE" or bool(exchange.identity.to_tag)
        if inside and exchange.final is not None and exchange.identity.to_tag not in known:
            status = exchange.status
            yield judged(status >= 400, "481", str(status), exchange.request, exchange.final)


@of_call(
    "options-tell-what-it-can",
    SHOULD,
    "RFC 3261 11.2",
    "A 200 to OPTIONS of ours has Allow, Accept and Supported.",
)
def _options(call: CallSeen) -> Iterator[Finding]:
    for exchange, seen in _answers(call):
        if exchange is not None and exchange.method == "OPTIONS" and seen.response.status == 200:
            missing = [
                name for name in ("Allow", "Accept", "Supported") if name.lower() not in seen.response.shape.index
            ]
            yield judged(not missing, "all of them", f"no {', '.join(missing)}", exchange.request, seen)


@of_call(
    "response-has-to-with-a-tag",
    MUST,
    "RFC 3261 8.2.6.2",
    "A response but 100 has the To of the request, with the tag that it had, else with a tag of its own.",
)
def _to(call: CallSeen) -> Iterator[Finding]:
    for exchange, seen in _answers(call):
        if exchange is None or seen.response.status == 100:
            continue
        wanted, got = exchange.request.first("to"), seen.first("to")
        if exchange.outside_dialog():
            named, given = address(wanted), address(got)
            right = given is not None and bool(given.tag) and named is not None and named.uri == given.uri
            yield judged(right, f"{wanted} with a tag", got or "none", exchange.request, seen)
        else:
            yield judged(same_party(got, wanted), wanted, got or "none", exchange.request, seen)


@of_call(
    "accepted-invite-has-a-contact",
    MUST,
    "RFC 3261 12.1.1",
    "A 2xx to an INVITE of ours has a Contact.",
)
def _contact(call: CallSeen) -> Iterator[Finding]:
    for exchange, seen in _answers(call):
        if exchange is not None and exchange.method == "INVITE" and 200 <= seen.response.status < 300:
            got = seen.every("contact")
            yield judged(bool(contact_of(seen)), "one Contact", brief(got), exchange.request, seen)


@of_call(
    "accepted-invite-copies-record-route",
    MUST,
    "RFC 3261 12.1.1",
    "A 2xx to an INVITE of ours that makes a dialog has all of its Record-Route, in order.",
)
def _record_route(call: CallSeen) -> Iterator[Finding]:
    for exchange, seen in _answers(call):
        if exchange is None or exchange.method != "INVITE" or not exchange.outside_dialog():
            continue
        wanted, got = exchange.request.every("record-route"), seen.every("record-route")
        if wanted and 200 <= seen.response.status < 300:
            yield judged(same_routes(got, wanted), brief(wanted), brief(got), exchange.request, seen)


@of_call(
    "no-other-1xx-than-100-for-other-methods",
    MUST,
    "RFC 4320 4.1",
    "A request of ours that is no INVITE gets no provisional response but 100.",
)
def _no_1xx(call: CallSeen) -> Iterator[Finding]:
    for exchange, seen in _answers(call):
        if exchange is not None and exchange.method != "INVITE":
            status = seen.response.status
            yield judged(status == 100 or status >= 200, "100 or a final response", str(status), exchange.request, seen)


@of_call(
    "no-early-100-for-other-methods",
    MUST,
    "RFC 4320 4.1",
    "By UDP a request of ours that is no INVITE gets no 100 before our timer E is at T2 (3.5 s).",
)
def _no_early_100(call: CallSeen) -> Iterator[Finding]:
    for exchange, seen in _answers(call):
        if exchange is None or exchange.method == "INVITE" or exchange.reliable or seen.response.status != 100:
            continue
        sent = sum(copy.number < seen.number for copy in exchange.requests)
        yield judged(
            sent >= _COPIES_UNTIL_T2 - 1,
            "100 after 3.5 s, or none",
            f"100 after {seen.time - exchange.time:.3g} s",
            exchange.request,
            seen,
        )


@of_call("no-response-to-ack", MUST, "RFC 3261 17", "An ACK of ours gets no response.")
def _no_response_to_ack(call: CallSeen) -> Iterator[Finding]:
    ours = [seen for seen in call.messages if isinstance(seen.message, Request) and not seen.received]
    acks = [seen for seen in ours if seen.request.method == "ACK"]
    answers = [seen for seen in call.messages if seen.received and isinstance(seen.message, Response)]
    for ack in acks:
        wrong = [seen for seen in answers if seen.identity.method == "ACK" and seen.number > ack.number]
        yield judged(not wrong, "nothing", "a response", ack, *wrong[:1])


@of_call(
    "no-408-for-other-methods",
    MUST,
    "RFC 4320 4.2",
    "A request of ours that is no INVITE never gets 408: that would come too late.",
)
def _no_408(call: CallSeen) -> Iterator[Finding]:
    for exchange, seen in _answers(call):
        if exchange is not None and exchange.method != "INVITE" and seen.response.status >= 200:
            yield judged(seen.response.status != 408, "another status", "408", exchange.request, seen)


@of_call(
    "cancelled-invite-gets-487",
    SHOULD,
    "RFC 3261 9.2",
    "An INVITE of ours that we cancel before its final response gets 487.",
)
def _cancelled(call: CallSeen) -> Iterator[Finding]:
    for exchange in call.exchanges:
        cancel, final = exchange.cancel, exchange.final
        if exchange.by_client or cancel is None or final is None or final.time < cancel.time + _LEAVING:
            continue  # what comes sooner may have crossed the CANCEL
        status = final.response.status
        yield judged(status == 487, "487", str(status), exchange.request, cancel.request, final)


@of_call("bye-gets-200", MUST, "RFC 3261 15.1.2", "A BYE of ours in a dialog that is there gets a 2xx.")
def _bye(call: CallSeen) -> Iterator[Finding]:
    ended = any(exchange.by_client and exchange.method == "BYE" for exchange in call.exchanges)
    refused = any(exchange.status in (408, 481) for exchange in call.exchanges if exchange.by_client)
    for exchange in call.exchanges:
        if exchange.by_client or exchange.method != "BYE" or ended or refused or not _confirmed(call, exchange):
            continue
        if exchange.final is not None:
            status = exchange.status
            yield judged(200 <= status < 300, "a 2xx", str(status), exchange.request, exchange.final)


def _confirmed(call: CallSeen, bye: Exchange) -> bool:
    """Whether the client acknowledged the 2xx that made the dialog of this BYE, before it."""
    return any(
        final.identity.to_tag == bye.identity.from_tag
        and final.response.status < 300
        and any(ack.number > final.number and ack.number < bye.request.number for ack in exchange.acks)
        for exchange in call.requests_of_client
        if exchange.method == "INVITE" and exchange.identity.from_tag == bye.identity.to_tag
        for final in exchange.finals
    )


@of_call(
    "requests-to-it-are-answered",
    MUST,
    "RFC 3261 8.2, RFC 3261 8.2.6.1, RFC 3261 12.2.2",
    f"A request of ours gets a response (judged after {_SILENCE:g} s, after {_SHORT_SILENCE:g} s where nothing is lost"
    " on the way, or when the client goes away).",
)
def _is_answered(call: CallSeen) -> Iterator[Finding]:
    for exchange in call.exchanges:
        if exchange.by_client or not _hears(call):
            continue
        if exchange.responses:
            yield kept(exchange.request, exchange.responses[0])
            continue
        if _misfit(call, exchange):
            continue
        run, remote, there = call.run, exchange.request.record.remote, exchange.request.arrived
        patience = _SHORT_SILENCE if exchange.certain else _SILENCE
        hung_up = [one.time for one in call.requests_of_client if one.method == "BYE"]
        crossed = any(time < there + _LEAVING for time in hung_up)
        if crossed and exchange.method != "BYE":
            continue
        had_time = not hung_up or (exchange.certain and not crossed)
        if run.lived(remote, there + patience) or (run.left(there + _LEAVING) and had_time):
            yield broken(f"a response to {exchange.method}", "none", *exchange.requests)


def _hears(call: CallSeen) -> bool:
    """Whether something shows that what we send reaches the client: nothing is lost on the way, or it has acted on a
    response of ours."""
    return any(
        exchange.by_client and exchange.certain and exchange.responses for exchange in call.run.exchanges
    ) or any(ack.identity.to_tag for ack in _acks(call))


def _misfit(call: CallSeen, exchange: Exchange) -> bool:
    """Whether there is a response that was meant for this request, though it does not fit it."""
    return any(one is exchange for one, _ in _answers(call))


def _acks(call: CallSeen) -> list[Seen]:
    return [ack for exchange in call.requests_of_client for ack in exchange.acks]


# ----------------------------------------------------------------------------------------------- responses of ours


@of_call(
    "stray-response-is-discarded",
    MUST,
    "RFC 3261 17.1.3, RFC 3261 18.1.2",
    "A response with the branch or the method of no request that is under way is silently discarded.",
)
def _stray(call: CallSeen) -> Iterator[Finding]:
    return _discarded(call, _OF_NO_REQUEST)


@of_call(
    "response-with-two-vias-is-discarded",
    SHOULD,
    "RFC 3261 8.1.3.3",
    "A response with more than one Via is discarded: it was for somebody else.",
)
def _two_vias(call: CallSeen) -> Iterator[Finding]:
    return _discarded(call, _OF_SOMEBODY_ELSE)


def _discarded(call: CallSeen, corruptions: Set[str]) -> Iterator[Finding]:
    """Whether final responses with one of these corruptions were discarded."""
    for seen in call.messages:
        if seen.received or not isinstance(seen.message, Response) or seen.response.status < 200:
            continue
        if not seen.doubtful or not any(name in getattr(seen.record, "note", "") for name in corruptions):
            continue
        reaction = _reaction(call, seen)
        if reaction is None:
            yield kept(seen)
        else:
            yield broken("no reaction", reaction.request.method, seen, reaction)


def _reaction(call: CallSeen, stray: Seen) -> Seen | None:
    """What the client did because of a final response that it had to discard: an ACK before there was a real one, or
    credentials for its challenge."""
    number = stray.identity.cseq
    challenges = " ".join(stray.every("www-authenticate") + stray.every("proxy-authenticate"))
    for exchange in call.requests_of_client:
        if exchange.identity.cseq == number and exchange.request.number < stray.number:
            real = exchange.final.number if exchange.final is not None else None
            acks = [*exchange.acks, *call.stray_acks]
            acks = [ack for ack in acks if ack.identity.cseq == number]
            for ack in sorted(acks, key=lambda one: one.number):
                if ack.number > stray.number and (real is None or ack.number < real):
                    return ack
        credentials = exchange.request.every("authorization") + exchange.request.every("proxy-authorization")
        nonces = [identified[-1] for identified in map(who, credentials) if len(identified) > 1]
        if exchange.request.number > stray.number and any(nonce and nonce in challenges for nonce in nonces):
            earlier = [one.final for one in call.requests_of_client if one.identity.cseq == number and one.final]
            if not any(final.number < exchange.request.number for final in earlier):
                return exchange.request
    return None
