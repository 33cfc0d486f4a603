"""Requests of a client in the dialogs of calls that we made to it (RFC 3261 sections 12.1.1 and 12.2.1.1)."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

from responder.observe.rules.comparing import brief, came_directly, contact_of, is_loose, same_routes, same_uri, uri_of
from responder.observe.rules.rule import MUST, Finding, judged, of_call
from responder.observe.transcript import CallSeen, Exchange

_SECTION = "RFC 3261 12.2.1.1"


def _calls(call: CallSeen) -> Iterator[tuple[Exchange, list[Exchange]]]:
    """The INVITEs of ours that began a dialog with the client, and its requests in it."""
    for invite in call.exchanges:
        if invite.by_client or invite.method != "INVITE" or not invite.outside_dialog():
            continue
        if any(seen.response.status > 100 and seen.identity.to_tag for seen in invite.responses):
            own = [one for one in call.requests_of_client if one.request.number > invite.request.number]
            yield invite, [one for one in own if one.method != "CANCEL"]


def _tags(invite: Exchange) -> set[str]:
    """What the client called the dialog, or several where a proxy forked."""
    return {seen.identity.to_tag for seen in invite.responses if seen.identity.to_tag}


@of_call(
    "called-client-keeps-the-tags",
    MUST,
    _SECTION,
    "In a call that we made, a request of the client has our From tag in To, and its own To tag in From.",
)
def _dialog(call: CallSeen) -> Iterator[Finding]:
    for invite, own in _calls(call):
        tags = _tags(invite)
        for one in own:
            identity = one.identity
            yield judged(
                identity.to_tag == invite.identity.from_tag and identity.from_tag in tags,
                f"To tag {invite.identity.from_tag}, From tag {' or '.join(sorted(tags))}",
                f"To tag {identity.to_tag or 'missing'}, From tag {identity.from_tag or 'missing'}",
                invite.request,
                one.request,
            )


@of_call(
    "called-client-keeps-from-and-to",
    MUST,
    _SECTION,
    "In a call that we made, From of the client's requests has the URI of our To, and To that of our From.",
)
def _parties(call: CallSeen) -> Iterator[Finding]:
    for invite, own in _calls(call):
        for one in own:
            for key, ours in (("from", "to"), ("to", "from")):
                wanted, got = uri_of(invite.request.first(ours)), uri_of(one.request.first(key))
                yield judged(same_uri(got, wanted), f"{key}: {wanted}", got or "none", invite.request, one.request)


@of_call(
    "called-client-numbers-its-requests",
    MUST,
    _SECTION,
    "In a call that we made, the CSeq number of each new request of the client is one higher than that of its last.",
)
def _numbers(call: CallSeen) -> Iterator[Finding]:
    if any(seen.received and seen.message is None for seen in call.run.strays):
        return  # what cannot be read may have had a number, too
    for _, own in _calls(call):
        for before, after in pairwise(one for one in own if came_directly(one.request)):
            number = before.identity.cseq
            yield judged(
                after.identity.cseq == number + 1,
                f"CSeq {number + 1}",
                f"CSeq {after.identity.cseq}",
                before.request,
                after.request,
            )


@of_call(
    "called-client-sends-to-our-contact",
    MUST,
    _SECTION,
    "In a call that we made, the Request-URI of the client's requests is our Contact.",
)
def _target(call: CallSeen) -> Iterator[Finding]:
    for invite, own in _calls(call):
        routes = invite.request.every("record-route")
        if routes and not is_loose(routes[0]):
            continue
        for one in own:
            if not came_directly(one.request):
                continue
            ours = [seen for seen in call.messages if not seen.received and seen.number < one.request.number]
            wanted = [contact for contact in map(contact_of, ours) if contact]
            got = one.request.request.uri
            right = any(same_uri(got, contact) for contact in wanted)
            if wanted:
                yield judged(right, " or ".join(dict.fromkeys(wanted)), got, invite.request, one.request)


@of_call(
    "called-client-keeps-the-route-set",
    MUST,
    _SECTION,
    "In a call that we made, Route of the client's requests is the Record-Route of our INVITE, in its order.",
)
def _routes(call: CallSeen) -> Iterator[Finding]:
    for invite, own in _calls(call):
        wanted = invite.request.every("record-route")
        if wanted and not is_loose(wanted[0]):
            continue
        for one in own:
            got = one.request.every("route")
            if came_directly(one.request):
                yield judged(same_routes(got, wanted), brief(wanted), brief(got), invite.request, one.request)
