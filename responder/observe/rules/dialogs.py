"""Requests of a client in dialogs (RFC 3261 sections 12 to 15), and what ends a dialog."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

from responder.observe.rules.comparing import (
    address,
    brief,
    came_directly,
    contact_of,
    is_loose,
    same_routes,
    same_uri,
    uri_of,
)
from responder.observe.rules.in_dialog import (
    CROSSING,
    PATIENCE,
    confirmation,
    hung_up,
    later,
    option,
    ours_within,
    second_gets_500,
    sessions,
    within,
)
from responder.observe.rules.rule import MUST, SHOULD, Finding, broken, judged, kept, of_call, of_exchange, tolerance
from responder.observe.transcript import CallSeen, DialogSeen, Exchange, Seen
from responder.sip.message import Response

_SESSION = ("INVITE", "UPDATE", "INFO")
"""Methods that only make sense in a session."""
_LET_GO = 10.0
"""Seconds in which a client lets go of a dialog that is gone."""


@of_call(
    "in-dialog-tags-are-those-of-the-dialog",
    MUST,
    "RFC 3261 12.2.1.1",
    "A request in a dialog has the remote tag of the dialog in To and the local one in From.",
)
def _tags(call: CallSeen) -> Iterator[Finding]:
    dialogs = {dialog.our_tag: dialog for dialog in call.dialogs}
    for exchange in call.requests_of_client:
        identity = exchange.identity
        if not identity.to_tag or not identity.from_tag or exchange.method == "CANCEL":
            continue
        dialog = dialogs.get(identity.to_tag)
        if dialog is not None:
            yield judged(
                identity.from_tag == dialog.client_tag,
                f"From with tag={dialog.client_tag}",
                f"tag={identity.from_tag}",
                dialog.response,
                exchange.request,
            )
        elif dialogs and identity.to_tag not in _our_tags(call):
            yield broken(f"To with tag={' or '.join(dialogs)}", f"tag={identity.to_tag}", exchange.request)


def _our_tags(call: CallSeen) -> set[str]:
    """Every tag that we made: in To of a response outside of dialogs, in From of a request."""
    found = {one.identity.from_tag for one in call.exchanges if not one.by_client}
    sent = [seen for seen in call.messages if not seen.received and isinstance(seen.message, Response)]
    first = {one.identity.branch for one in call.requests_of_client if one.outside_dialog()}
    identities = [seen.identity for seen in sent]
    return found | {identity.to_tag for identity in identities if identity.branch in first}


@of_call(
    "in-dialog-keeps-the-call-id",
    MUST,
    "RFC 3261 12.2.1.1",
    "A request in a dialog has the Call-ID of the dialog.",
)
def _call_id(call: CallSeen) -> Iterator[Finding]:
    for exchange in call.requests_of_client:
        if not exchange.identity.to_tag or exchange.method == "CANCEL":
            continue
        dialog = call.dialog_of(exchange) or call.run.dialogs.get(exchange.identity.to_tag)
        if dialog is not None and dialog.client_tag == exchange.identity.from_tag:
            same = dialog.call_id == call.call_id
            yield judged(same, dialog.call_id, call.call_id or "no Call-ID", dialog.response, exchange.request)


@of_call(
    "invite-in-a-session-has-its-to-tag",
    MUST,
    "RFC 3261 12.2.1.1",
    "An INVITE with Call-ID and From tag of a session that is up is in its dialog: it has the To tag.",
)
def _re_invite(call: CallSeen) -> Iterator[Finding]:
    for dialog in sessions(call):
        accepted, bye = confirmation(dialog), hung_up(call, dialog)
        if accepted is None or not dialog.made_by.acks:
            continue
        since = max(accepted.number, dialog.made_by.acks[0].number)
        for exchange in call.requests_of_client:
            seen = exchange.request
            if exchange.method != "INVITE" or exchange.identity.from_tag != dialog.client_tag or seen.number < since:
                continue
            if bye is None or seen.number < bye.number:
                there = not exchange.outside_dialog()
                yield judged(there, f"To with tag={dialog.our_tag}", seen.first("to"), accepted, seen)


@of_call(
    "in-dialog-from-and-to-keep-their-uris",
    MUST,
    "RFC 3261 12.2.1.1",
    "From and To of a request in a dialog have the URIs that they had when the dialog was made.",
)
def _uris(call: CallSeen) -> Iterator[Finding]:
    for dialog in call.dialogs:
        first = dialog.made_by.request
        if option(first, "supported", "from-change") or option(dialog.response, "supported", "from-change"):
            continue  # RFC 4916: they may change
        for exchange in within(call, dialog):
            for key, source in (("from", first), ("to", dialog.response)):
                wanted, there = uri_of(source.first(key)), uri_of(exchange.request.first(key))
                yield judged(same_uri(wanted, there), f"{key}: {wanted}", there, source, exchange.request)


@of_call(
    "in-dialog-cseq-rises-by-one",
    MUST,
    "RFC 3261 12.2.1.1",
    "The CSeq number of each new request in a dialog is one higher than that of the last.",
)
def _cseq(call: CallSeen) -> Iterator[Finding]:
    for dialog in call.dialogs:
        requests = within(call, dialog)
        if not all(came_directly(exchange.request) for exchange in (dialog.made_by, *requests)):
            continue  # a proxy may have challenged what does not come here (12.2.2)
        if any(seen.received and seen.message is None for seen in call.run.strays):
            continue  # what cannot be read may have had a number, too
        # one counter for the dialogs of all forks is no harm: what is missing here stands there
        elsewhere = {one.identity.cseq for one in call.requests_of_client if one.identity.to_tag != dialog.our_tag}
        previous = dialog.made_by
        for exchange in sorted(requests, key=lambda one: (one.identity.cseq, one.request.number)):
            number, last = exchange.identity.cseq, previous.identity.cseq
            if number == last and exchange.method == previous.method and _elsewhere(previous):
                continue
            missing = set(range(last + 1, number)) - elsewhere if last < number <= last + 100 else {number}
            holds = last < number and not missing
            yield judged(holds, f"CSeq {last + 1}", f"CSeq {number}", previous.request, exchange.request)
            previous = exchange
        for before, after in pairwise(requests):
            if later(after.request, before.request) and after.identity.cseq < before.identity.cseq:
                yield broken(
                    f"CSeq above {before.identity.cseq}",
                    f"CSeq {after.identity.cseq}",
                    before.request,
                    after.request,
                )


def _elsewhere(exchange: Exchange) -> bool:
    """Whether the same request may be tried at another server (RFC 3263 section 4.3)."""
    return exchange.status in (0, 503)


@of_call(
    "in-dialog-request-uri-is-the-remote-target",
    MUST,
    "RFC 3261 12.2.1.1",
    "The Request-URI of a request in a dialog is the remote target: our last Contact (the first route, if a strict"
    " router).",
)
def _request_uri(call: CallSeen) -> Iterator[Finding]:
    for dialog in call.dialogs:
        if not came_directly(dialog.made_by.request):
            continue
        for exchange in within(call, dialog):
            wanted = _targets(call, dialog, exchange)
            routes = _route_sets(dialog, exchange)
            if (
                not wanted
                or not came_directly(exchange.request)
                or any(set_ and not is_loose(set_[0]) for set_ in routes)
            ):
                continue
            there = exchange.request.request.uri
            yield judged(
                any(same_uri(_plain(one), there) for one in wanted),
                " or ".join(wanted),
                there,
                dialog.response,
                exchange.request,
            )


def _plain(uri: str) -> str:
    """Without what a Request-URI does not have (table 1 of section 19.1.1)."""
    bare, _, _ = uri.partition("?")
    head, *params = bare.split(";")
    return ";".join([head, *[param for param in params if not param.lower().startswith("method=")]])


def _targets(call: CallSeen, dialog: DialogSeen, exchange: Exchange) -> list[str]:
    """What the remote target may be by the time of a request; several while a change of it is on its way."""
    found = [
        contact
        for seen in dialog.made_by.responses
        if seen.number < exchange.request.number
        and 100 < seen.response.status < 300
        and seen.identity.to_tag == dialog.our_tag
        and (contact := contact_of(seen))
    ]
    changes = [
        (one.final, one.final)
        for one in within(call, dialog, "INVITE", "UPDATE", "SUBSCRIBE")
        if one is not exchange and one.final is not None and one.status < 300
    ] + [
        (one.request, one.final)
        for one in ours_within(call, dialog, "INVITE", "UPDATE", "SUBSCRIBE", "NOTIFY", "REFER")
        if one.final is None or one.status < 300
    ]
    for source, known in sorted(changes, key=lambda change: change[0].number):
        contact = contact_of(source)
        if not contact or source.number > exchange.request.number:
            continue
        if known is not None and exchange.time > known.time + CROSSING:
            found = [contact]
        else:
            found.append(contact)
    for one in within(call, dialog):  # 12.2.1.2: a 3xx is followed
        if one.final is not None and 300 <= one.status < 400 and one.final.number < exchange.request.number:
            found += [uri_of(contact) for contact in one.final.every("contact")]
    return list(dict.fromkeys(found))


def _route_sets(dialog: DialogSeen, exchange: Exchange) -> list[list[str]]:
    """The route set by the time of a request; two while the 2xx, which may change it, is on its way (13.2.2.4): the
    ACK of the client shows that it has come."""
    responses = [
        seen
        for seen in dialog.made_by.responses
        if seen.number < exchange.request.number
        and 100 < seen.response.status < 300
        and seen.identity.to_tag == dialog.our_tag
    ]
    early = [seen for seen in responses if seen.response.status < 200]
    final = next((seen for seen in responses if seen.response.status >= 200), None)
    sets = []
    if final is not None:
        sets.append(final)
    arrived = any(
        ack.number < exchange.request.number and ack.identity.to_tag == dialog.our_tag for ack in dialog.made_by.acks
    )
    if early and (final is None or (exchange.time <= final.time + CROSSING and not arrived)):
        sets.append(early[0])
        sets += [seen for seen in early[1:] if seen.every("record-route") != early[0].every("record-route")]
    return [seen.every("record-route")[::-1] for seen in sets]


@of_call(
    "in-dialog-route-is-the-route-set",
    MUST,
    "RFC 3261 12.2.1.1",
    "A request in a dialog has the route set in Route: Record-Route of our response, the last first; none where it is"
    " empty; the remote target as the last behind a strict router.",
)
def _routes(call: CallSeen) -> Iterator[Finding]:
    for dialog in call.dialogs:
        if not came_directly(dialog.made_by.request):
            continue
        for exchange in within(call, dialog):
            if not came_directly(exchange.request):
                continue
            there, uri = exchange.request.every("route"), exchange.request.request.uri
            sets = _route_sets(dialog, exchange)
            if not sets:
                continue
            targets = _targets(call, dialog, exchange)
            wanted = [_expected(routes, targets) for routes in sets]
            holds = any(
                any(same_routes(routes, there) for routes in choices) and (not first or same_uri(first, uri))
                for first, choices in wanted
            )
            first, choices = wanted[0]
            expected = f"Route: {brief(choices[0])}" + (f", Request-URI {first}" if first else "")
            yield judged(holds, expected, f"Route: {brief(there)}", dialog.response, exchange.request)


def _expected(routes: list[str], targets: list[str]) -> tuple[str, list[list[str]]]:
    """The Request-URI that routes make (empty: the target), and the Route values that are right."""
    if not routes or is_loose(routes[0]):
        return "", [routes]
    first = address(routes[0])
    return _plain(str(first.uri)) if first is not None else "", [[*routes[1:], target] for target in targets] or [
        routes[1:]
    ]


@of_call(
    "target-refresh-has-a-contact",
    SHOULD,
    "RFC 3261 12.2.1.1",
    "A request that may change the remote target (INVITE, UPDATE, SUBSCRIBE) has a Contact in a dialog, too.",
)
def _contact(call: CallSeen) -> Iterator[Finding]:
    for dialog in call.dialogs:
        for exchange in within(call, dialog, "INVITE", "UPDATE", "SUBSCRIBE"):
            contacts = exchange.request.every("contact")
            yield judged(len(contacts) == 1, "one Contact", brief(contacts), exchange.request)


@of_exchange("bye-is-in-a-dialog", MUST, "RFC 3261 15", "A BYE is in a dialog: it has a To tag.", methods=("BYE",))
def _bye_in_dialog(exchange: Exchange, call: CallSeen) -> Iterator[Finding]:
    invites = [one for one in call.requests_of_client if one.method == "INVITE"]
    untagged = any(
        not seen.identity.to_tag for one in invites for seen in one.responses if 100 < seen.response.status < 300
    )
    if not untagged:  # 12.2.1.1: there is no tag where the other side gave none
        yield judged(not exchange.outside_dialog(), "a To with a tag", exchange.request.first("to"), exchange.request)


@of_call(
    "no-bye-in-an-early-dialog-that-ended",
    MUST,
    "RFC 3261 15",
    "No BYE in an early dialog after the final response that refused its INVITE: there is no dialog any more.",
)
def _no_bye_after_refusal(call: CallSeen) -> Iterator[Finding]:
    yield from _after_refusal(call, "BYE")


@of_call(
    "no-request-in-an-early-dialog-that-ended",
    SHOULD,
    "RFC 3261 13.2.2.3",
    "No UPDATE, INFO or re-INVITE in an early dialog after the final response that refused its INVITE.",
)
def _no_request_after_refusal(call: CallSeen) -> Iterator[Finding]:
    yield from _after_refusal(call, *_SESSION)


@of_call(
    "no-request-after-199",
    MUST,
    "RFC 6228 7",
    "A client that knows 199 sends no request but PRACK in an early dialog after its 199.",
)
def _after_199(call: CallSeen) -> Iterator[Finding]:
    for dialog in sessions(call):
        invite = dialog.made_by
        over = [one for one in invite.provisionals if one.response.status == 199]
        over = [one for one in over if one.identity.to_tag == dialog.our_tag]
        accepted = confirmation(dialog)
        if not over or not option(invite.request, "supported", "199"):
            continue
        wrong = [
            one
            for one in within(call, dialog)
            if one.method != "PRACK"
            and later(one.request, over[0])
            and (accepted is None or one.request.number < accepted.number)
        ]
        for one in wrong:
            yield broken("nothing but PRACK", one.method, over[0], one.request)
        if not wrong:
            yield kept(over[0])


def _after_refusal(call: CallSeen, *methods: str) -> Iterator[Finding]:
    for dialog in sessions(call):
        final = dialog.made_by.final
        if final is None or final.response.status < 300 or confirmation(dialog) is not None:
            continue
        acks = [ack for ack in dialog.made_by.acks if ack.number > final.number]
        if not acks:
            continue  # it may not have heard of the refusal
        wrong = [one for one in within(call, dialog, *methods) if later(one.request, acks[0])]
        for one in wrong:
            yield broken("nothing", one.method, final, acks[0], one.request)
        if not wrong:
            yield kept(final, acks[0])


@of_call(
    "no-invite-while-another-is-open",
    MUST,
    "RFC 3261 14.1",
    "No new INVITE in a dialog while another of either side is open.",
)
def _one_invite(call: CallSeen) -> Iterator[Finding]:
    for dialog in sessions(call):
        own = within(call, dialog, "INVITE")
        for exchange in own:
            pending = [
                one
                for one in (dialog.made_by, *own)
                if one.request.number < exchange.request.number
                and not one.answered_before(exchange.request)
                and (one.provisionals or exchange.time - one.time < PATIENCE)
                and not (one.cancel is not None and exchange.time - one.cancel.time >= PATIENCE)
                and later(exchange.request, one.request)
            ] + [
                one
                for one in ours_within(call, dialog, "INVITE")
                if one.provisionals
                and not one.answered_before(exchange.request)
                and later(exchange.request, one.provisionals[0])
                and exchange.time - one.time < PATIENCE
            ]
            yield judged(
                not pending,
                "no INVITE before the end of the other",
                "INVITE",
                *[one.request for one in pending],
                exchange.request,
            )


@of_call(
    "invite-during-its-own-gets-491",
    MUST,
    "RFC 3261 14.2",
    "Our INVITE in a dialog gets 491 while one of the client is open.",
)
def _glare(call: CallSeen) -> Iterator[Finding]:
    for dialog in sessions(call):
        for ours in ours_within(call, dialog, "INVITE"):
            final = ours.final
            if final is None or final.response.status in (401, 407):
                continue
            crossing = [
                one
                for one in within(call, dialog, "INVITE")
                if one.request.number < ours.request.number
                and not one.answered_before(final)
                and final.time - one.time < PATIENCE
            ]
            if crossing:
                status = final.response.status
                yield judged(status == 491, "491", str(status), crossing[0].request, ours.request, final)


@of_call(
    "waits-after-491",
    SHOULD,
    "RFC 3261 14.1, RFC 3311 5.3",
    "After 491 the owner of the Call-ID tries again in 2.1 to 4 seconds, not sooner.",
)
def _after_491(call: CallSeen) -> Iterator[Finding]:
    for dialog in sessions(call):
        own = within(call, dialog, "INVITE", "UPDATE")
        for place, exchange in enumerate(own):
            final = exchange.final
            if final is None or final.response.status != 491:
                continue
            again = next((one for one in own[place + 1 :] if one.method == exchange.method), None)
            if again is not None:
                waited = again.time - final.time
                yield judged(
                    waited >= 2.1 - tolerance(2.1), "2.1 to 4 s", f"{waited:.2f} s", exchange.request, again.request
                )


@of_call(
    "gone-dialog-is-terminated",
    SHOULD,
    "RFC 3261 12.2.1.2",
    "After 481 or 408 to a request of a session its dialog is terminated: a BYE follows in it, and nothing else.",
)
def _gone(call: CallSeen) -> Iterator[Finding]:
    for dialog in sessions(call):
        own = within(call, dialog, *_SESSION, "BYE")
        for place, exchange in enumerate(own):
            final = exchange.final
            if final is None or final.response.status not in (408, 481) or exchange.method == "BYE":
                continue
            following = next((one for one in own[place + 1 :] if later(one.request, final)), None)
            if following is None:
                if hung_up(call, dialog) is not None:
                    yield kept(exchange.request, final)
                elif call.run.waited(final.time + CROSSING, _LET_GO):
                    yield broken("BYE", "nothing", exchange.request, final)
            else:
                yield judged(
                    following.method == "BYE", "BYE", following.method, exchange.request, final, following.request
                )


@of_call(
    "nothing-follows-a-bye",
    MUST,
    "RFC 3261 15.1.1",
    "The client takes the session for ended when it sends BYE: no further request of the session follows.",
)
def _after_bye(call: CallSeen) -> Iterator[Finding]:
    for dialog in sessions(call):
        for bye in within(call, dialog, "BYE"):
            if bye.status >= 300 and bye.status not in (408, 481):
                continue  # it may be tried again: 401, 407, 500, ...
            wrong = [
                one
                for one in within(call, dialog, *_SESSION, "BYE")
                if one.identity.cseq > bye.identity.cseq and later(one.request, bye.request)
            ]
            for one in wrong:
                yield broken("nothing", one.method, bye.request, one.request)
            if not wrong:
                yield kept(bye.request)


@of_call(
    "our-bye-ends-the-session",
    SHOULD,
    "RFC 3261 15.1.2",
    "The session is over when the client has accepted our BYE: no request of the session follows.",
)
def _after_our_bye(call: CallSeen) -> Iterator[Finding]:
    for dialog in sessions(call):
        for bye in ours_within(call, dialog, "BYE"):
            final = bye.final
            if final is None or final.response.status >= 300:
                continue
            wrong = [one for one in within(call, dialog, *_SESSION, "BYE") if later(one.request, final)]
            for one in wrong:
                yield broken("nothing", one.method, bye.request, final, one.request)
            if not wrong:
                yield kept(bye.request, final)


@of_call(
    "every-forked-2xx-is-acknowledged",
    MUST,
    "RFC 3261 13.2.2.4",
    "Each 2xx with a To tag of its own, from a fork, gets an ACK with that tag.",
)
def _forks(call: CallSeen) -> Iterator[Finding]:
    for exchange in call.requests_of_client:
        if exchange.method != "INVITE":
            continue
        firsts: dict[str, Seen] = {}
        for final in exchange.finals:
            if final.response.status < 300:
                firsts.setdefault(final.identity.to_tag, final)
        if len(firsts) < 2:
            continue
        acks = [*exchange.acks, *call.stray_acks]
        for tag, final in firsts.items():
            ack = next((one for one in acks if one.identity.to_tag == tag), None)
            if ack is not None:
                yield kept(final, ack)
            elif call.run.waited(final.time, 2.0):
                yield broken(f"an ACK with To tag={tag}", "none", final)


@of_call(
    "cancelled-call-is-hung-up",
    SHOULD,
    "RFC 3261 13.2.2.4, RFC 3261 15",
    "A client that has cancelled its INVITE and gets a 2xx all the same does not want the call: it sends BYE after its"
    " ACK.",
)
def _cancelled(call: CallSeen) -> Iterator[Finding]:
    for dialog, accepted in _confirmed(call):
        cancel = dialog.made_by.cancel
        if cancel is None or cancel.request.number > accepted.number:
            continue
        bye = hung_up(call, dialog)
        late = bye is not None and not bye.received and bye.time > accepted.time + CROSSING
        if bye is not None and not late:
            yield kept(cancel.request, accepted, bye)
        elif late or call.run.waited(accepted.time + CROSSING, _LET_GO):
            yield broken(f"BYE with To tag={dialog.our_tag}", "none", cancel.request, accepted, bye)


@of_call(
    "unwanted-dialog-is-ended-by-bye",
    MUST,
    "RFC 3261 13.2.2.4",
    "A client that leaves after it has hung up on one of several that answered has sent BYE in each of the dialogs.",
)
def _unwanted(call: CallSeen) -> Iterator[Finding]:
    up = list(_confirmed(call))
    for dialog, accepted in up:
        forks = [other for other, _ in up if other.made_by is dialog.made_by]
        byes = [bye.request for fork in forks for bye in within(call, fork, "BYE")]
        if len(forks) < 2 or not byes:
            continue
        bye = hung_up(call, dialog)
        if bye is not None:
            yield kept(accepted, bye)
        elif call.run.left(max(accepted.time, byes[0].time) + CROSSING):
            yield broken(f"BYE with To tag={dialog.our_tag}", "none", byes[0], accepted)


def _confirmed(call: CallSeen) -> Iterator[tuple[DialogSeen, Seen]]:
    """The sessions of the client with the 2xx that made them."""
    for dialog in sessions(call):
        accepted = confirmation(dialog)
        if accepted is not None:
            yield dialog, accepted


@of_call(
    "callee-hangs-up-after-the-ack",
    MUST,
    "RFC 3261 15",
    "Where we called, the client sends no BYE before the ACK for its 2xx has come.",
)
def _callee_bye(call: CallSeen) -> Iterator[Finding]:
    for invite in call.exchanges:
        if invite.by_client or invite.method != "INVITE" or not invite.outside_dialog():
            continue
        accepted = next((one for one in invite.finals if one.response.status < 300), None)
        acks = [
            seen
            for seen in call.messages
            if not seen.received
            and seen.first("cseq").split()[-1:] == ["ACK"]
            and seen.identity.cseq == invite.identity.cseq
        ]
        for bye in call.requests_of_client:
            if bye.method != "BYE" or bye.identity.to_tag != invite.identity.from_tag:
                continue
            acked = any(ack.number < bye.request.number for ack in acks)
            timed_out = accepted is not None and bye.time - accepted.time >= PATIENCE - tolerance(PATIENCE)
            yield judged(acked or timed_out, "BYE after the ACK", "BYE before it", invite.request, bye.request)


@of_call(
    "second-invite-gets-500",
    MUST,
    "RFC 3261 14.2",
    "An INVITE of ours in a dialog that comes before the final response to another gets 500 with Retry-After.",
)
def _second_invite(call: CallSeen) -> Iterator[Finding]:
    yield from second_gets_500(call, "INVITE")


@of_call(
    "request-out-of-order-gets-500",
    MUST,
    "RFC 3261 12.2.2",
    "A request of ours in a dialog whose CSeq number is below that of one accepted before gets 500.",
)
def _out_of_order(call: CallSeen) -> Iterator[Finding]:
    for dialog in sessions(call):
        highest: Exchange | None = None
        for ours in ours_within(call, dialog):
            if highest is not None and ours.identity.cseq < highest.identity.cseq:
                if ours.final is not None:
                    status = ours.status
                    yield judged(status == 500, "500", str(status), highest.request, ours.request, ours.final)
            elif 200 <= ours.status < 300:  # what is refused changes nothing
                highest = ours


@of_call(
    "replaces-names-one-dialog",
    MUST,
    "RFC 3891 6.1",
    "Replaces stands in an INVITE only, and once.",
)
def _replaces(call: CallSeen) -> Iterator[Finding]:
    for exchange in call.requests_of_client:
        values = exchange.request.every("replaces")
        if values:
            right = exchange.method == "INVITE" and len(values) == 1
            actual = f"{brief(values)} in {exchange.method}"
            yield judged(right, "one Replaces, in an INVITE", actual, exchange.request)
