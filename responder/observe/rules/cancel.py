"""The CANCEL of a client (RFC 3261 section 9.1): when it may be sent, and what it repeats of the request it cancels."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from responder.observe.rules.comparing import brief, same_party, same_routes, same_uri, same_via
from responder.observe.rules.rule import MUST, SHOULD, Finding, broken, judged, kept, of_call
from responder.observe.transcript import CallSeen, Exchange, Seen

_SECTION = "RFC 3261 9.1"
_CROSSING = 1.0
"""Seconds in which a CANCEL and what makes it needless may pass one another: a process may stand still for so long."""


def _cancelled(call: CallSeen) -> Iterator[tuple[Exchange, Exchange]]:
    """The CANCELs of the client, each with the request that it means: by its branch (even with another Call-ID), by its
    number, or the INVITE that was under way."""
    others = [one for one in call.requests_of_client if one.method != "CANCEL"]
    for cancel in call.requests_of_client:
        if cancel.method != "CANCEL":
            continue
        earlier = [one for one in others if one.request.number < cancel.request.number]
        by_branch = [one for one in earlier if one.identity.branch and one.identity.branch == cancel.identity.branch]
        invites = [one for one in earlier if one.method == "INVITE"]
        by_number = [one for one in invites if one.identity.cseq == cancel.identity.cseq]
        pending = [one for one in invites if not one.answered_before(cancel.request)]
        for fitting in (by_branch, by_number, pending):
            if fitting:
                yield cancel, fitting[-1]
                break
        else:
            elsewhere = call.run.invite_of(cancel.identity.branch)
            if elsewhere is not None and elsewhere.request.number < cancel.request.number:
                yield cancel, elsewhere


def _repeats(
    rule_id: str, says: str, name: str, read: Callable[[Exchange], str], same: Callable[[str, str], bool]
) -> None:
    """A rule about a value that a CANCEL has in common with its request."""

    @of_call(rule_id, MUST, _SECTION, says)
    def check(call: CallSeen) -> Iterator[Finding]:
        for cancel, request in _cancelled(call):
            wanted, got = read(request), read(cancel)
            yield judged(
                same(got, wanted), f"{name} {wanted}", f"{name} {got or 'missing'}", request.request, cancel.request
            )


_repeats(
    "cancel-keeps-the-request-uri",
    "A CANCEL has the Request-URI of the request that it cancels.",
    "Request-URI",
    lambda exchange: exchange.request.request.uri,
    same_uri,
)
_repeats(
    "cancel-keeps-to",
    "A CANCEL has the To of the request that it cancels: the tag of no response.",
    "To",
    lambda exchange: exchange.request.first("to"),
    same_party,
)
_repeats(
    "cancel-keeps-from",
    "A CANCEL has the From of the request that it cancels.",
    "From",
    lambda exchange: exchange.request.first("from"),
    same_party,
)
_repeats(
    "cancel-keeps-the-call-id",
    "A CANCEL has the Call-ID of the request that it cancels.",
    "Call-ID",
    lambda exchange: exchange.identity.call_id,
    str.__eq__,
)
_repeats(
    "cancel-keeps-the-number",
    "A CANCEL has the CSeq number of the request that it cancels, that of the last try where there were several.",
    "CSeq number",
    lambda exchange: str(exchange.identity.cseq) if exchange.identity.cseq >= 0 else "",
    str.__eq__,
)
_repeats(
    "cancel-keeps-the-branch",
    "A CANCEL has the topmost Via of the request that it cancels.",
    "Via",
    lambda exchange: next(iter(exchange.request.every("via")), ""),
    same_via,
)


@of_call("cancel-has-one-via", MUST, _SECTION, "A CANCEL has a single Via.")
def _one_via(call: CallSeen) -> Iterator[Finding]:
    for cancel, request in _cancelled(call):
        vias = cancel.request.every("via")
        if len(request.request.every("via")) == 1:
            yield judged(len(vias) == 1, "one Via", f"{len(vias)}: {brief(vias)}", request.request, cancel.request)


@of_call("cancel-keeps-the-route", MUST, _SECTION, "A CANCEL has the Route of the request that it cancels.")
def _route(call: CallSeen) -> Iterator[Finding]:
    for cancel, request in _cancelled(call):
        wanted, got = request.request.every("route"), cancel.request.every("route")
        if wanted:
            yield judged(same_routes(got, wanted), brief(wanted), brief(got), request.request, cancel.request)


@of_call("cancel-requires-nothing", MUST, _SECTION, "A CANCEL has neither Require nor Proxy-Require.")
def _requires_nothing(call: CallSeen) -> Iterator[Finding]:
    for cancel, _ in _cancelled(call):
        got = cancel.request.every("require") + cancel.request.every("proxy-require")
        yield judged(not got, "neither Require nor Proxy-Require", brief(got), cancel.request)


@of_call(
    "cancel-goes-the-way-of-its-request",
    MUST,
    _SECTION,
    "A CANCEL goes to the address, port and transport that its request went to.",
)
def _way(call: CallSeen) -> Iterator[Finding]:
    for cancel, request in _cancelled(call):
        wanted, got = request.request.record, cancel.request.record
        yield judged(
            (got.transport, got.local) == (wanted.transport, wanted.local),
            f"{wanted.transport} {wanted.local[0]}:{wanted.local[1]}",
            f"{got.transport} {got.local[0]}:{got.local[1]}",
            request.request,
            cancel.request,
        )


@of_call("cancel-is-for-invite", SHOULD, _SECTION, "Only an INVITE is cancelled.")
def _for_invite(call: CallSeen) -> Iterator[Finding]:
    for cancel, request in _cancelled(call):
        yield judged(
            request.method == "INVITE", "no CANCEL", f"a CANCEL of {request.method}", request.request, cancel.request
        )


@of_call("cancel-waits-for-a-response", MUST, _SECTION, "A CANCEL is sent once a provisional response has come.")
def _waits(call: CallSeen) -> Iterator[Finding]:
    for cancel, request in _cancelled(call):
        heard = [*request.responses, *call.run.odd_since(request.request)]
        before = [seen for seen in heard if seen.number < cancel.request.number]
        yield judged(
            bool(before), "no CANCEL before a response", "a CANCEL before any", request.request, cancel.request
        )


@of_call(
    "cancel-is-not-sent-after-a-final-response",
    SHOULD,
    _SECTION,
    "An INVITE that has its final response (as its ACK shows, or a tag that stands nowhere else, or as nothing is lost"
    " on the way) is not cancelled.",
)
def _not_after_final(call: CallSeen) -> Iterator[Finding]:
    for cancel, request in _cancelled(call):
        seen, final = cancel.request, request.final
        acks = [
            ack
            for ack in request.acks
            if request.answered_before(ack)
            and (ack.time + _CROSSING < seen.time or (ack.certain and ack.number < seen.number))
        ]
        if acks or (
            final is not None
            and (_knows(cancel, request, final) or (final.certain and final.arrived + _CROSSING < seen.time))
        ):
            yield broken("no CANCEL after the final response", "a CANCEL", final, *acks[:1], seen)
        else:
            yield kept(request.request, seen)


def _knows(cancel: Exchange, request: Exchange, final: Seen) -> bool:
    """Whether a CANCEL has, wrongly, the To tag of that final response, which no response before had."""
    tag = cancel.identity.to_tag
    return bool(tag) and all((one.identity.to_tag == tag) == (one.response.status >= 200) for one in request.responses)
