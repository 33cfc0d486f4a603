"""The ACK of a client: for 300 to 699 by the transaction (RFC 3261 17.1.1.3), for 2xx by the core (13.2.2.4)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from responder.observe.rules.comparing import (
    brief,
    came_directly,
    contact_of,
    has_sdp,
    is_loose,
    same_party,
    same_routes,
    same_uri,
    same_via,
    uri_of,
    who,
)
from responder.observe.rules.registered import STATUS_CODES
from responder.observe.rules.rule import MUST, SHOULD, Finding, broken, judged, kept, of_call, of_exchange
from responder.observe.transcript import CallSeen, Exchange, Seen

_INVITE = ("INVITE",)
_PATIENCE = 4.0
"""Seconds until a refusal without ACK counts: by UDP three copies of it are out by then (17.2.1)."""
_LONG_PATIENCE = 8.0
"""Seconds until a 2xx without ACK counts: four copies of it are out by then (13.3.1.4)."""
_REACTION = 0.4
"""Seconds that the ACK for a copy may take, and what lies between copies at the least (T1 less the tolerance)."""
_LEAVING = 0.5
"""Seconds in which a client that is about to go away need not look at copies any more."""


def _acks_for(exchange: Exchange, low: int, high: int) -> list[tuple[Seen, Seen]]:
    """The ACKs of an INVITE with the final response before each, where its status is within these bounds."""
    found = []
    for ack in exchange.acks:
        before = [final for final in exchange.finals if final.number < ack.number]
        tag = ack.identity.to_tag
        final = next((one for one in reversed(before) if one.identity.to_tag == tag), None)
        final = final or (before[-1] if before else None)
        if final is not None and low <= final.response.status <= high:
            found.append((ack, final))
    return found


def _passed(call: CallSeen, since: float, seconds: float) -> bool:
    """Whether the client had so much time in this run or went away, or the responder had given up on its ACK."""
    given_up = any(one.outcome == "no-ack" and one.time <= call.run.end for one in call.endings)
    return given_up or call.run.waited(since, seconds)


def _still_asks(exchange: Exchange, final: Seen) -> bool:
    """Whether the INVITE came again after the response: it may be that nothing of ours reaches the client."""
    return not exchange.certain and any(copy.time > final.time + 0.1 for copy in exchange.requests)


def _copies(call: CallSeen, finals: Sequence[Seen], acks: Sequence[Seen]) -> Iterator[Finding]:
    """Whether the copies that came after an ACK were acknowledged too, and no more than one went before it. Where one
    may be lost on the way, two in a row without make a failure."""
    if not acks:
        return
    run = call.run
    first = acks[0]
    missed = [final for final in finals if final.number < first.number and final.arrived <= first.time - _REACTION]
    if first.certain and len(missed) > 2 and len(acks) < len(missed):  # else each came, and what delayed it may be us
        status, late = missed[0].response.status, first.time - missed[0].time
        yield broken(f"an ACK for each {status}", f"the first one after {late:.3g} s", *missed, first)
        return
    later = [final for final in finals if final.number > first.number]
    for place, copy in enumerate(later):
        ack = next((ack for ack in acks if ack.number > copy.number), None)
        following = next((one for one in later[place + 1 :] if one.time - copy.time >= _REACTION), None)
        if ack is not None and (following is None or ack.time <= following.arrived + _REACTION):
            yield kept(copy, ack)
            continue
        last = copy if copy.certain else following
        if last is not None and run.waited(last.arrived + _LEAVING, _LEAVING):
            yield broken(f"another ACK for the copies of {copy.response.status}", "none came", first, copy, following)
            return


# ----------------------------------------------------------------------------------------------------- 300 to 699


@of_exchange(
    "refusal-is-acknowledged",
    MUST,
    "RFC 3261 17.1.1.2, RFC 3261 17.1.1.3",
    "A 300 to 699 to an INVITE gets an ACK.",
    methods=_INVITE,
)
def _refusal_is_acknowledged(exchange: Exchange, call: CallSeen) -> Iterator[Finding]:
    final = exchange.final
    if final is not None and final.response.status >= 300 and final.response.status in STATUS_CODES:
        yield from _refused(exchange, call, final)


def _refused(exchange: Exchange, call: CallSeen, final: Seen) -> Iterator[Finding]:
    """Whether a 300 to 699 got its ACK."""
    acks = [ack for ack, _ in _acks_for(exchange, 300, 699)]
    if acks:
        yield kept(exchange.request, final, acks[0])
    elif _passed(call, final.arrived, _PATIENCE) and not _still_asks(exchange, final):
        yield broken(f"an ACK for the {final.response.status}", "none came", exchange.request, final)


@of_exchange(
    "every-copy-of-a-refusal-is-acknowledged",
    MUST,
    "RFC 3261 17.1.1.2",
    "A 300 to 699 that comes again gets its ACK again.",
    methods=_INVITE,
)
def _every_refusal_is_acknowledged(exchange: Exchange, call: CallSeen) -> Iterator[Finding]:
    finals = [final for final in exchange.finals if final.response.status >= 300]
    yield from _copies(call, finals, [ack for ack, _ in _acks_for(exchange, 300, 699)])


@of_exchange(
    "ack-non-2xx-reuses-branch",
    MUST,
    "RFC 3261 17.1.1.3",
    "The ACK for a 300 to 699 has one Via, the topmost of its INVITE.",
    methods=_INVITE,
)
def _ack_non_2xx_reuses_branch(exchange: Exchange, call: CallSeen) -> Iterator[Finding]:
    wanted = exchange.request.every("via")
    for ack, final in _acks_for(exchange, 300, 699):
        vias = ack.every("via")
        alone = len(vias) == 1 or len(wanted) > 1  # a stateless proxy adds its own to both
        yield judged(
            alone and bool(vias) and bool(wanted) and same_via(vias[0], wanted[0]),
            f"one Via: {brief(wanted[:1])}",
            f"{len(vias)} Via: {brief(vias)}",
            exchange.request,
            final,
            ack,
        )


@of_exchange(
    "ack-non-2xx-keeps-the-request-uri",
    MUST,
    "RFC 3261 17.1.1.3",
    "The ACK for a 300 to 699 has the Request-URI of its INVITE, wherever the response redirects to.",
    methods=_INVITE,
)
def _ack_non_2xx_uri(exchange: Exchange, call: CallSeen) -> Iterator[Finding]:
    wanted = exchange.request.request.uri
    for ack, final in _acks_for(exchange, 300, 699):
        yield judged(same_uri(ack.request.uri, wanted), wanted, ack.request.uri, exchange.request, final, ack)


@of_exchange(
    "ack-non-2xx-keeps-from",
    MUST,
    "RFC 3261 17.1.1.3",
    "The ACK for a 300 to 699 has the From of its INVITE.",
    methods=_INVITE,
)
def _ack_non_2xx_from(exchange: Exchange, call: CallSeen) -> Iterator[Finding]:
    wanted = exchange.request.first("from")
    for ack, final in _acks_for(exchange, 300, 699):
        got = ack.first("from")
        yield judged(same_party(got, wanted), wanted, got or "none", exchange.request, final, ack)


@of_exchange(
    "ack-non-2xx-has-the-to-of-the-response",
    MUST,
    "RFC 3261 17.1.1.3",
    "The ACK for a 300 to 699 has the To of that response, tag included.",
    methods=_INVITE,
)
def _ack_non_2xx_to(exchange: Exchange, call: CallSeen) -> Iterator[Finding]:
    for ack, final in _acks_for(exchange, 300, 699):
        wanted = [one.first("to") for one in exchange.finals if one.number < ack.number]
        got = ack.first("to")
        yield judged(any(same_party(got, one) for one in wanted), final.first("to"), got or "none", final, ack)


def _numbered(exchange: Exchange, low: int, high: int) -> Iterator[Finding]:
    """Whether ACKs have the CSeq number of their INVITE."""
    for ack, final in _acks_for(exchange, low, high):
        yield judged(
            ack.identity.cseq == exchange.identity.cseq,
            f"CSeq {exchange.identity.cseq} ACK",
            f"CSeq {ack.first('cseq') or 'missing'}",
            exchange.request,
            final,
            ack,
        )


@of_exchange(
    "ack-non-2xx-has-the-number-of-its-invite",
    MUST,
    "RFC 3261 17.1.1.3",
    "The ACK for a 300 to 699 has the CSeq number of the INVITE.",
    methods=_INVITE,
)
def _ack_non_2xx_number(exchange: Exchange, call: CallSeen) -> Iterator[Finding]:
    yield from _numbered(exchange, 300, 699)


@of_exchange(
    "ack-non-2xx-keeps-the-call-id",
    MUST,
    "RFC 3261 17.1.1.3",
    "The ACK for a 300 to 699 has the Call-ID of its INVITE.",
    methods=_INVITE,
)
def _ack_non_2xx_call_id(exchange: Exchange, call: CallSeen) -> Iterator[Finding]:
    for ack, final in _acks_for(exchange, 300, 699):
        got = ack.identity.call_id
        yield judged(got == call.call_id, call.call_id, got or "no Call-ID", exchange.request, final, ack)


@of_exchange(
    "ack-non-2xx-keeps-the-route",
    MUST,
    "RFC 3261 17.1.1.3",
    "The ACK for a 300 to 699 has the Route of its INVITE.",
    methods=_INVITE,
)
def _ack_non_2xx_route(exchange: Exchange, call: CallSeen) -> Iterator[Finding]:
    wanted = exchange.request.every("route")
    for ack, final in _acks_for(exchange, 300, 699):
        got = ack.every("route")
        if wanted:
            yield judged(same_routes(got, wanted), brief(wanted), brief(got), exchange.request, final, ack)


@of_exchange(
    "ack-non-2xx-goes-the-way-of-its-invite",
    MUST,
    "RFC 3261 17.1.1.2",
    "The ACK for a 300 to 699 goes to the address, port and transport that the INVITE went to.",
    methods=_INVITE,
)
def _ack_non_2xx_way(exchange: Exchange, call: CallSeen) -> Iterator[Finding]:
    record = exchange.request.record
    for ack, final in _acks_for(exchange, 300, 699):
        got = ack.record
        yield judged(
            (got.transport, got.local) == (record.transport, record.local),
            f"{record.transport} {record.local[0]}:{record.local[1]}",
            f"{got.transport} {got.local[0]}:{got.local[1]}",
            exchange.request,
            final,
            ack,
        )


@of_exchange(
    "ack-non-2xx-requires-nothing",
    MUST,
    "RFC 3261 8.2.2.3",
    "The ACK for a 300 to 699 has neither Require nor Proxy-Require.",
    methods=_INVITE,
)
def _ack_non_2xx_require(exchange: Exchange, call: CallSeen) -> Iterator[Finding]:
    for ack, final in _acks_for(exchange, 300, 699):
        got = ack.every("require") + ack.every("proxy-require")
        yield judged(not got, "neither Require nor Proxy-Require", brief(got), final, ack)


@of_exchange(
    "ack-non-2xx-copies-the-credentials",
    SHOULD,
    "RFC 3261 22.1",
    "The ACK for a 300 to 699 repeats the credentials of its INVITE.",
    methods=_INVITE,
)
def _ack_non_2xx_credentials(exchange: Exchange, call: CallSeen) -> Iterator[Finding]:
    for ack, final in _acks_for(exchange, 300, 699):
        yield from _credentials(exchange, ack, final)


@of_exchange(
    "ack-non-2xx-has-no-body",
    SHOULD,
    "RFC 3261 17.1.1.3",
    "The ACK for a 300 to 699 has no body.",
    methods=_INVITE,
)
def _ack_non_2xx_body(exchange: Exchange, call: CallSeen) -> Iterator[Finding]:
    for ack, final in _acks_for(exchange, 300, 699):
        size = len(ack.request.body)
        yield judged(not size, "no body", f"one of {size} bytes", final, ack)


def _credentials(exchange: Exchange, ack: Seen, final: Seen) -> Iterator[Finding]:
    """One finding for an ACK to an INVITE that had credentials."""
    for key in ("authorization", "proxy-authorization"):
        wanted = exchange.request.every(key)
        if wanted and came_directly(exchange.request):
            got = ack.every(key)
            same = {who(value) for value in got} == {who(value) for value in wanted}
            yield judged(same, f"the credentials {brief(wanted)}", brief(got), exchange.request, final, ack)


# ------------------------------------------------------------------------------------------------------------ 2xx


def _successes(exchange: Exchange) -> dict[str, list[Seen]]:
    """The 2xx to an INVITE, copies too, by their To tag: only those that make a dialog, with tag and Contact."""
    found: dict[str, list[Seen]] = {}
    for final in exchange.finals:
        tag = final.identity.to_tag
        if final.response.status < 300 and tag and contact_of(final):
            found.setdefault(tag, []).append(final)
    return found


@of_exchange(
    "success-is-acknowledged",
    MUST,
    "RFC 3261 13.2.2.4",
    "A 2xx to an INVITE gets an ACK (of several from forks: `every-forked-2xx-is-acknowledged`).",
    methods=_INVITE,
)
def _success_is_acknowledged(exchange: Exchange, call: CallSeen) -> Iterator[Finding]:
    if exchange.final is not None and exchange.final.response.status in STATUS_CODES:
        yield from _succeeded(exchange, call)


def _succeeded(exchange: Exchange, call: CallSeen) -> Iterator[Finding]:
    """Whether the one 2xx got its ACK."""
    successes = _successes(exchange)
    for tag, finals in successes.items() if len(successes) == 1 else ():
        acks = [ack for ack, final in _acks_for(exchange, 200, 299) if final.identity.to_tag == tag]
        if acks:
            yield kept(finals[0], acks[0])
        elif _passed(call, finals[0].arrived, _LONG_PATIENCE) and not _still_asks(exchange, finals[0]):
            yield broken(
                f"an ACK for the {finals[0].response.status}", "none came", exchange.request, finals[0], finals[-1]
            )


@of_exchange(
    "unknown-final-is-taken-for-its-class",
    MUST,
    "RFC 3261 8.1.3.2, RFC 3261 17.1.1.3, RFC 3261 13.2.2.4",
    "A final response that nobody has registered ends a request as x00 of its class does: an INVITE with an ACK.",
)
def _unknown_ends_it(exchange: Exchange, call: CallSeen) -> Iterator[Finding]:
    final = exchange.final
    if final is None or final.response.status in STATUS_CODES:
        return
    if exchange.method == "INVITE":
        yield from _succeeded(exchange, call) if final.response.status < 300 else _refused(exchange, call, final)
    elif not exchange.reliable:
        late = [copy for copy in exchange.requests if copy.time > final.time + _REACTION]
        if len(late) > (0 if exchange.certain else 1):  # one response may be lost, and its copy
            yield broken("no more copies", f"{len(late)} after the {final.response.status}", final, *late[:2])
        elif call.run.end > final.time + _REACTION:
            yield kept(exchange.request, final)


@of_exchange(
    "every-copy-of-a-2xx-is-acknowledged",
    MUST,
    "RFC 3261 13.2.2.4",
    "A 2xx to an INVITE that comes again gets its ACK again.",
    methods=_INVITE,
)
def _every_2xx_is_acknowledged(exchange: Exchange, call: CallSeen) -> Iterator[Finding]:
    for tag, finals in _successes(exchange).items():
        acks = [ack for ack, final in _acks_for(exchange, 200, 299) if final.identity.to_tag == tag]
        yield from _copies(call, finals, acks)


@of_exchange(
    "ack-2xx-is-a-new-transaction",
    MUST,
    "RFC 3261 13.2.2.4, RFC 3261 8.1.1.7",
    "The ACK for a 2xx has a branch of its own.",
    methods=_INVITE,
)
def _ack_2xx_is_new(exchange: Exchange, call: CallSeen) -> Iterator[Finding]:
    for ack, final in _acks_for(exchange, 200, 299):
        branch = ack.identity.branch
        if branch:
            yield judged(
                branch != exchange.identity.branch, "a branch of its own", f"that of the INVITE: {branch}", final, ack
            )


def _routed(exchange: Exchange, call: CallSeen, ack: Seen, final: Seen) -> tuple[list[str], list[str]] | None:
    """The Request-URIs that the ACK for a 2xx may have, and its routes (12.2.1.1); None where that cannot be told."""
    targets = [contact_of(final)]
    # 12.1.2: the target may have been set by a 1xx; 13.2.2.4 has the 2xx compute the route set anew, and no more
    tag = final.identity.to_tag
    targets += [contact_of(seen) for seen in exchange.provisionals if tag and seen.identity.to_tag == tag]
    # a request of ours that came in between may have moved it (12.2.2)
    targets += [
        contact_of(seen) for seen in call.messages if not seen.received and final.number < seen.number < ack.number
    ]
    targets = [target for target in targets if target]
    routes = final.every("record-route")[::-1]
    if not exchange.outside_dialog():
        dialog = call.dialog_of(exchange)
        if dialog is None:
            return None
        routes = dialog.route_set
    if routes and not came_directly(exchange.request):
        return None
    if routes and not is_loose(routes[0]):
        return [uri_of(routes[0])], [*routes[1:], f"<{targets[0]}>"]
    return targets, routes


@of_exchange(
    "ack-2xx-goes-to-the-contact",
    MUST,
    "RFC 3261 13.2.2.4, RFC 3261 12.2.1.1",
    "The Request-URI of the ACK for a 2xx is the Contact of that 2xx, or of a 1xx in its dialog (the first route, where"
    " that is a strict one).",
    methods=_INVITE,
)
def _ack_2xx_target(exchange: Exchange, call: CallSeen) -> Iterator[Finding]:
    for ack, final in _acks_for(exchange, 200, 299):
        expected = _routed(exchange, call, ack, final) if contact_of(final) else None
        if expected is not None:
            got = ack.request.uri
            yield judged(any(same_uri(got, uri) for uri in expected[0]), expected[0][0], got, final, ack)


@of_exchange(
    "ack-2xx-has-the-route-set",
    MUST,
    "RFC 3261 13.2.2.4, RFC 3261 12.2.1.1",
    "The Route of the ACK for a 2xx is the Record-Route of the dialog, the last first; none where it had none.",
    methods=_INVITE,
)
def _ack_2xx_routes(exchange: Exchange, call: CallSeen) -> Iterator[Finding]:
    for ack, final in _acks_for(exchange, 200, 299):
        expected = _routed(exchange, call, ack, final) if contact_of(final) else None
        if expected is not None:
            got = ack.every("route")
            yield judged(same_routes(got, expected[1]), brief(expected[1]), brief(got), final, ack)


@of_exchange(
    "ack-2xx-is-in-the-dialog",
    MUST,
    "RFC 3261 13.2.2.4, RFC 3261 12.2.1.1",
    "The ACK for a 2xx has the Call-ID and the From tag of the INVITE and the To tag of the 2xx.",
    methods=_INVITE,
)
def _ack_2xx_tags(exchange: Exchange, call: CallSeen) -> Iterator[Finding]:
    tags = {final.identity.to_tag for final in exchange.finals if final.response.status < 300}
    for ack, final in _acks_for(exchange, 200, 299):
        identity = ack.identity
        yield judged(
            (identity.call_id, identity.from_tag) == (call.call_id, exchange.identity.from_tag)
            and identity.to_tag in tags,
            f"Call-ID {call.call_id}, From tag {exchange.identity.from_tag}, To tag {final.identity.to_tag}",
            f"Call-ID {identity.call_id}, From tag {identity.from_tag or 'missing'}, "
            f"To tag {identity.to_tag or 'missing'}",
            exchange.request,
            final,
            ack,
        )


@of_exchange(
    "ack-2xx-keeps-from-and-to",
    MUST,
    "RFC 3261 13.2.2.4, RFC 3261 12.2.1.1",
    "From and To of the ACK for a 2xx have the URIs of the INVITE.",
    methods=_INVITE,
)
def _ack_2xx_uris(exchange: Exchange, call: CallSeen) -> Iterator[Finding]:
    for ack, final in _acks_for(exchange, 200, 299):
        for key in ("from", "to"):
            wanted, got = uri_of(exchange.request.first(key)), uri_of(ack.first(key))
            yield judged(same_uri(got, wanted), f"{key}: {wanted}", got or "none", exchange.request, final, ack)


@of_exchange(
    "ack-2xx-has-the-number-of-its-invite",
    MUST,
    "RFC 3261 13.2.2.4",
    "The ACK for a 2xx has the CSeq number of the INVITE.",
    methods=_INVITE,
)
def _ack_2xx_number(exchange: Exchange, call: CallSeen) -> Iterator[Finding]:
    yield from _numbered(exchange, 200, 299)


@of_exchange(
    "ack-for-a-copy-of-a-2xx-is-the-same-message",
    SHOULD,
    "RFC 3261 13.2.2.4",
    "The ACK that goes out for a copy of a 2xx is the one that went out before, branch and all.",
    methods=_INVITE,
)
def _same_acks(exchange: Exchange, call: CallSeen) -> Iterator[Finding]:
    before: dict[str, Seen] = {}
    for ack, _ in _acks_for(exchange, 200, 299):
        first = before.setdefault(ack.identity.to_tag, ack)
        if first is not ack and came_directly(ack):
            yield judged(
                first.identity == ack.identity, f"branch {first.identity.branch}", ack.identity.branch, first, ack
            )


@of_exchange(
    "ack-2xx-has-the-credentials",
    MUST,
    "RFC 3261 13.2.2.4",
    "The ACK for a 2xx has the same credentials as its INVITE.",
    methods=_INVITE,
)
def _ack_2xx_credentials(exchange: Exchange, call: CallSeen) -> Iterator[Finding]:
    for ack, final in _acks_for(exchange, 200, 299):
        yield from _credentials(exchange, ack, final)


@of_exchange(
    "ack-2xx-requires-nothing-new",
    MUST,
    "RFC 3261 8.2.2.3",
    "The ACK for a 2xx has no Require and no Proxy-Require that its INVITE had not.",
    methods=_INVITE,
)
def _ack_2xx_require(exchange: Exchange, call: CallSeen) -> Iterator[Finding]:
    for ack, _ in _acks_for(exchange, 200, 299):
        new = [
            value
            for key in ("require", "proxy-require")
            for value in ack.every(key)
            if value.lower() not in {known.lower() for known in exchange.request.every(key)}
        ]
        yield judged(not new, "only what the INVITE had", brief(new), exchange.request, ack)


@of_exchange(
    "ack-carries-the-answer",
    MUST,
    "RFC 3261 13.2.2.4",
    "Where a 2xx has the offer, its ACK has the answer.",
    methods=_INVITE,
)
def _ack_answers(exchange: Exchange, call: CallSeen) -> Iterator[Finding]:
    offered_before = any(has_sdp(one.message) and one.first("rseq") for one in exchange.provisionals)
    if has_sdp(exchange.request.message) or offered_before:
        return
    for ack, final in _acks_for(exchange, 200, 299):
        if has_sdp(final.message):
            yield judged(has_sdp(ack.message), "a session description", "an ACK without one", exchange.request, ack)


@of_exchange(
    "ack-has-no-offer",
    MUST,
    "RFC 3261 13.2.1",
    "Where the INVITE has the offer and its 2xx the answer, the ACK has no session description: an offer stands in a"
    " request that gets a response.",
    methods=_INVITE,
)
def _ack_offers_nothing(exchange: Exchange, call: CallSeen) -> Iterator[Finding]:
    if has_sdp(exchange.request.message):
        for ack, final in _acks_for(exchange, 200, 299):
            if has_sdp(final.message):
                yield judged(not has_sdp(ack.message), "no session description", "one", exchange.request, final, ack)


def _no_more_than_asked(exchange: Exchange, low: int, high: int) -> Iterator[Finding]:
    """Whether there are as many ACKs as final responses, each with what it is for. (Where datagrams may be lost or come
    twice, nobody can tell.)"""
    if not exchange.certain:
        return
    tags: dict[str, list[Seen]] = {}
    for ack, _ in _acks_for(exchange, low, high):
        tags.setdefault(ack.identity.to_tag, []).append(ack)
    for tag, acks in tags.items():
        finals = [final for final in exchange.finals if final.identity.to_tag == tag]
        if finals:
            yield judged(len(acks) <= len(finals), f"{len(finals)} ACK", f"{len(acks)}", *finals, *acks)


@of_exchange(
    "refusal-is-acknowledged-once",
    MUST,
    "RFC 3261 17.1.1.2",
    "A 300 to 699 gets one ACK for each time it comes (judged where nothing is lost on the way).",
    methods=_INVITE,
)
def _one_for_a_refusal(exchange: Exchange, call: CallSeen) -> Iterator[Finding]:
    yield from _no_more_than_asked(exchange, 300, 699)


@of_exchange(
    "success-is-acknowledged-once",
    SHOULD,
    "RFC 3261 13.2.2.4",
    "A 2xx gets one ACK for each time it comes (judged where nothing is lost on the way).",
    methods=_INVITE,
)
def _one_for_a_2xx(exchange: Exchange, call: CallSeen) -> Iterator[Finding]:
    yield from _no_more_than_asked(exchange, 200, 299)


# -------------------------------------------------------------------------------------------------- none at all


def _all_acks(call: CallSeen) -> list[Seen]:
    """Every ACK of the client."""
    found = [ack for exchange in call.requests_of_client for ack in exchange.acks]
    return sorted([*found, *call.stray_acks], key=lambda seen: seen.number)


def _means(ack: Seen, exchange: Exchange) -> bool:
    """Whether an ACK has the branch of this request, or its CSeq number."""
    identity = ack.identity
    return bool(identity.branch and identity.branch == exchange.identity.branch) or (
        identity.cseq == exchange.identity.cseq
    )


@of_call(
    "no-ack-without-a-final-response",
    MUST,
    "RFC 3261 17.1.1.2",
    "A provisional response gets no ACK, and a timeout none.",
)
def _no_early_ack(call: CallSeen) -> Iterator[Finding]:
    acks = _all_acks(call)
    for exchange in call.requests_of_client:
        if exchange.method != "INVITE":
            continue
        early = next((ack for ack in acks if _means(ack, exchange) and ack.number > exchange.request.number), None)
        if early is not None and not any(seen.number < early.number for seen in _finals_or_doubtful(exchange, call)):
            yield broken("no ACK before a final response", "an ACK", exchange.request, early)
        elif exchange.provisionals:
            yield kept(exchange.request, exchange.provisionals[0])


def _finals_or_doubtful(exchange: Exchange, call: CallSeen) -> list[Seen]:
    """The final responses, and whatever of ours the client may have taken for one."""
    return [*exchange.finals, *call.run.odd_since(exchange.request)]


@of_call(
    "no-ack-for-other-methods",
    MUST,
    "RFC 3261 17.1.2.1",
    "A response to anything but an INVITE gets no ACK.",
)
def _no_ack_for_non_invite(call: CallSeen) -> Iterator[Finding]:
    invites = {exchange.identity.cseq for exchange in call.requests_of_client if exchange.method == "INVITE"}
    branches = {exchange.identity.branch for exchange in call.requests_of_client if exchange.method == "INVITE"}
    acks = _all_acks(call)
    for exchange in call.requests_of_client:
        if exchange.method in ("INVITE", "CANCEL") or exchange.final is None:
            continue
        wrong = next(
            (
                ack
                for ack in acks
                if ack.number > exchange.final.number
                and _means(ack, exchange)
                and ack.identity.cseq not in invites
                and ack.identity.branch not in branches
            ),
            None,
        )
        if wrong is not None:
            yield broken(f"no ACK for {exchange.method}", "an ACK", exchange.request, exchange.final, wrong)
        else:
            yield kept(exchange.request, exchange.final)
