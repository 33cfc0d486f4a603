"""Reliable provisional responses (RFC 3262): the PRACK of a client."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from typing import NamedTuple

from responder.errors import ParseError
from responder.observe.rules.comparing import has_sdp
from responder.observe.rules.in_dialog import option
from responder.observe.rules.rule import MUST, SHOULD, Finding, broken, judged, kept, of_call, of_exchange
from responder.observe.transcript import CallSeen, Exchange, Seen
from responder.sip.fields import RAck

_ENOUGH = 4.0
"""Seconds in which a PRACK must have come: the response has been sent four times by then."""
_AT_ONCE = 0.5
"""The same until a final response, where nothing is lost on the way."""


class _Reliable(NamedTuple):
    """A reliable response to an INVITE, as it was sent first."""

    invite: Exchange
    seen: Seen
    tag: str
    rseq: int


def _reliable(call: CallSeen) -> list[_Reliable]:
    found: dict[tuple[int, str, int], _Reliable] = {}
    for invite in call.requests_of_client:
        able = any(option(invite.request, key, "100rel") for key in ("supported", "require"))
        if invite.method != "INVITE" or not able:
            continue
        for seen in invite.provisionals:
            tag, rseq = seen.identity.to_tag, seen.first("rseq")
            if seen.response.status == 100 or not option(seen, "require", "100rel") or not tag or not rseq.isdecimal():
                continue
            found.setdefault((id(invite), tag, int(rseq)), _Reliable(invite, seen, tag, int(rseq)))
    return list(found.values())


def _pracks(call: CallSeen) -> list[tuple[Exchange, RAck | None]]:
    found = []
    for exchange in call.requests_of_client:
        if exchange.method == "PRACK":
            try:
                rack = RAck.parse(exchange.request.first("rack"))
            except ParseError:
                rack = None
            found.append((exchange, rack))
    return found


def _answering(call: CallSeen, response: _Reliable) -> list[Exchange]:
    """The PRACKs that name a response, in its dialog."""
    wanted = (response.rseq, response.invite.identity.cseq, "INVITE")
    return [
        prack
        for prack, rack in _pracks(call)
        if rack == wanted and prack.identity.to_tag == response.tag and prack.request.number > response.seen.number
    ]


def _names_none(call: CallSeen, rack: RAck | None) -> bool:
    """Whether there is no response that a PRACK can be for."""
    return all(rack != (one.rseq, one.invite.identity.cseq, "INVITE") for one in _reliable(call))


@of_call(
    "reliable-1xx-gets-a-prack",
    MUST,
    "RFC 3262 4",
    "Each reliable provisional response gets a PRACK of its own, in its dialog.",
)
def _gets_a_prack(call: CallSeen) -> Iterator[Finding]:
    last: dict[tuple[int, str], int] = {}
    for response in _reliable(call):
        invite, seen = response.invite, response.seen
        before = last.get((id(invite), response.tag))
        if before is not None and response.rseq != before + 1:
            continue
        last[id(invite), response.tag] = response.rseq
        pracks = _answering(call, response)
        if pracks:
            yield kept(seen, pracks[0].request)
            continue
        if any(prack.request.number > seen.number and _names_none(call, rack) for prack, rack in _pracks(call)):
            continue  # it may have been meant for this one: `prack-names-a-reliable-response`
        ends = [*[one.time for one in invite.finals], *([invite.cancel.time] if invite.cancel else [])]
        sent = [one for one in invite.provisionals if one.data == seen.data]
        had = min(ends, default=call.run.end) - seen.time  # after the final response it may pass over it
        enough = had >= _AT_ONCE if ends and seen.certain else had >= _ENOUGH and (seen.reliable or len(sent) >= 3)
        if (enough or (not ends and call.run.left(seen.time))) and call.run.waited(seen.time, _ENOUGH):
            yield broken(f"PRACK with RAck: {response.rseq} {invite.identity.cseq} INVITE", "none", seen)


@of_call(
    "prack-names-a-reliable-response",
    MUST,
    "RFC 3262 7.2, RFC 3262 4",
    "RAck has the RSeq and the CSeq of a reliable response that was sent; the PRACK is in its dialog.",
)
def _names(call: CallSeen) -> Iterator[Finding]:
    sent = _reliable(call)
    for prack, rack in _pracks(call):
        known = [
            response
            for response in sent
            if response.seen.number < prack.request.number and response.tag == prack.identity.to_tag
        ]
        invites = [one for one in call.requests_of_client if one.method == "INVITE"]
        if not invites or (rack is None and prack.request.first("rack")):
            continue  # what cannot be read is a matter of grammar
        right = any(rack == (one.rseq, one.invite.identity.cseq, "INVITE") for one in known)
        expected = " or ".join(f"{one.rseq} {one.invite.identity.cseq} INVITE" for one in known[-3:])
        yield judged(
            right,
            f"RAck: {expected}" if expected else "no PRACK: nothing reliable was sent in this dialog",
            f"RAck: {prack.request.first('rack') or 'none'}",
            *[one.seen for one in known[-3:]],
            prack.request,
        )


@of_call("no-prack-for-100", MUST, "RFC 3262 4", "A 100 is never acknowledged, whatever it requires.")
def _not_for_100(call: CallSeen) -> Iterator[Finding]:
    for invite in call.requests_of_client:
        for seen in invite.provisionals:
            if invite.method != "INVITE" or seen.response.status != 100 or not seen.first("rseq"):
                continue
            reliable = {one.rseq for one in _reliable(call)}
            wrong = [
                prack
                for prack, rack in _pracks(call)
                if rack is not None and str(rack.rseq) == seen.first("rseq") and rack.rseq not in reliable
            ]
            yield judged(not wrong, "no PRACK", "PRACK", seen, *[prack.request for prack in wrong])


@of_call(
    "no-prack-out-of-order",
    MUST,
    "RFC 3262 4",
    "A reliable response whose RSeq is not one higher than that of the last is not acknowledged.",
)
def _in_order(call: CallSeen) -> Iterator[Finding]:
    dialogs: dict[tuple[int, str], list[_Reliable]] = {}
    for response in _reliable(call):
        dialogs.setdefault((id(response.invite), response.tag), []).append(response)
    for responses in dialogs.values():
        pracked = [(response, pracks[0]) for response in responses if (pracks := _answering(call, response))]
        pracked.sort(key=lambda pair: pair[1].identity.cseq)
        for (before, first), (after, second) in pairwise(pracked):
            yield judged(
                after.rseq == before.rseq + 1,
                f"no PRACK but for RSeq {before.rseq + 1}",
                f"PRACK for {after.rseq}",
                first.request,
                after.seen,
                second.request,
            )
        skipped = [one for one in responses if one.rseq > responses[0].rseq + len(responses) - 1]
        if skipped and len(pracked) < 2:
            yield kept(skipped[0].seen)


@of_call(
    "one-prack-for-a-response",
    SHOULD,
    "RFC 3262 4",
    "A copy of a reliable response does not get another PRACK.",
)
def _only_one(call: CallSeen) -> Iterator[Finding]:
    for response in _reliable(call):
        pracks = _answering(call, response)
        more = [prack for before, prack in pairwise(pracks) if before.final is None or before.status < 300]
        if pracks:
            yield judged(not more, "one PRACK", f"{len(pracks)}", response.seen, *[one.request for one in pracks])


@of_exchange("100rel-is-required-of-invite-only", MUST, "RFC 3262 4", "Only an INVITE may require 100rel.")
def _only_invite(exchange: Exchange, call: CallSeen) -> Iterator[Finding]:
    if option(exchange.request, "require", "100rel") and exchange.method != "CANCEL":  # that requires nothing
        yield judged(
            exchange.method == "INVITE", "no Require: 100rel", f"it stands in {exchange.method}", exchange.request
        )


@of_call(
    "offer-in-a-reliable-1xx-is-answered-in-its-prack",
    MUST,
    "RFC 3262 5",
    "Where the INVITE had no offer, the PRACK for the reliable response with ours has the answer.",
)
def _answer_in_prack(call: CallSeen) -> Iterator[Finding]:
    offers: dict[tuple[int, str], _Reliable] = {}
    for response in _reliable(call):
        if not has_sdp(response.invite.request.message) and has_sdp(response.seen.message):
            offers.setdefault((id(response.invite), response.tag), response)
    for response in offers.values():
        for prack in _answering(call, response)[:1]:
            yield judged(has_sdp(prack.request.message), "an answer in the PRACK", "none", response.seen, prack.request)
