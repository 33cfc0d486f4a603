"""Subscriptions (RFC 6665), transfers (RFC 3515) and publications (RFC 3903) of a client."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from responder.errors import ParseError
from responder.observe.rules.comparing import brief, uri_of
from responder.observe.rules.in_dialog import PATIENCE, later, option, within
from responder.observe.rules.rule import (
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
from responder.sip.fields import Event, MediaType

_FATAL: Final = {404, 405, 410, 416, 480, 481, 482, 483, 484, 485, 489, 501, 604}
"""What ends a subscription as an answer to its refresh (RFC 6665 section 4.1.2.2)."""
_SOON: Final = 5.0
"""Seconds in which the first NOTIFY after an accepted REFER must have come ("immediate")."""
_LEAVING: Final = 0.2
"""Seconds in which a client that is about to go away need not report any more."""


def _package(seen: Seen) -> tuple[str, str | None]:
    """Package and id of an Event field; empty where it cannot be read."""
    try:
        event = Event.parse(seen.first("event"))
    except ParseError:
        return "", None
    return event.package, event.id


def _state(notify: Seen) -> str:
    return notify.first("subscription-state").partition(";")[0].strip().lower()


@of_exchange(
    "subscribe-has-one-event",
    MUST,
    "RFC 6665 3.1.2",
    "A SUBSCRIBE has exactly one Event.",
    methods=("SUBSCRIBE",),
)
def _one_event(exchange: Exchange, call: CallSeen) -> Iterator[Finding]:
    events = exchange.request.every("event")
    yield judged(len(events) == 1, "one Event", brief(events), exchange.request)


@of_exchange("subscribe-has-expires", SHOULD, "RFC 6665 3.1.1", "A SUBSCRIBE has Expires.", methods=("SUBSCRIBE",))
def _has_expires(exchange: Exchange, call: CallSeen) -> Iterator[Finding]:
    there = exchange.request.first("expires")
    yield judged(there.isdecimal(), "Expires: seconds", there or "none", exchange.request)


def _subscribed(call: CallSeen, notify: Exchange) -> Exchange | None:
    """The SUBSCRIBE or REFER that a NOTIFY of ours belongs to, by its tags and its Event."""
    package, event_id = _package(notify.request)
    for one in call.requests_of_client:
        if one.method not in ("SUBSCRIBE", "REFER") or one.identity.from_tag != notify.identity.to_tag:
            continue
        if one.identity.to_tag and one.identity.to_tag != notify.identity.from_tag:
            continue
        if one.method == "SUBSCRIBE":
            fits = _package(one.request) == (package, event_id)
        else:
            fits = package == "refer" and event_id in (None, str(one.identity.cseq))
        if fits and one.request.number < notify.request.number and one.status < 300:
            return one
    return None


@of_call(
    "notify-in-a-subscription-is-accepted",
    MUST,
    "RFC 6665 4.1.3",
    "A NOTIFY of ours in a subscription that the client has gets neither 481 nor 489.",
)
def _notify_accepted(call: CallSeen) -> Iterator[Finding]:
    over: set[tuple[str, str, str | None]] = set()
    for notify in call.exchanges:
        if notify.by_client or notify.method != "NOTIFY":
            continue
        key = (notify.identity.from_tag, *_package(notify.request))
        asked = _subscribed(call, notify)
        if asked is None or not _state(notify.request) or key in over:
            continue
        if asked.time + PATIENCE < notify.time and not asked.finals:
            continue  # timer N (4.1.2.4): it has given up
        if _ended(call, notify):
            continue
        if _state(notify.request) == "terminated":
            over.add(key)
        final = notify.final
        if final is not None and final.response.status not in (401, 407):
            status = final.response.status
            yield judged(status not in (481, 489), "2xx", str(status), asked.request, notify.request, final)
        elif final is None and call.run.lived(notify.request.record.remote, notify.time + PATIENCE):
            yield broken("2xx", "no answer in 32 s", asked.request, notify.request)


@of_call(
    "notify-of-no-subscription-is-refused",
    MUST,
    "RFC 6665 4.1.3",
    "A NOTIFY of ours in a dialog gets 481, or another refusal, where the client has not subscribed to its event.",
)
def _notify_refused(call: CallSeen) -> Iterator[Finding]:
    for notify in call.exchanges:
        package = _package(notify.request)
        if notify.by_client or notify.method != "NOTIFY" or notify.final is None or not package[0]:
            continue
        dialog = next((one for one in call.dialogs if one.our_tag == notify.identity.from_tag), None)
        asked = [one for one in call.requests_of_client if one.method in ("SUBSCRIBE", "REFER")]
        if dialog is None or dialog.client_tag != notify.identity.to_tag or package[0] == "refer":
            continue
        if all(_package(one.request) != package for one in asked):
            status = notify.status
            yield judged(status >= 400, "481", str(status), notify.request, notify.final)


def _ended(call: CallSeen, notify: Exchange) -> bool:
    """Whether the client may have let go of the subscription: it ended it, a refresh failed, or it has run out."""
    number = notify.request.number
    package = _package(notify.request)
    last: Seen | None = None
    lasts = 0
    for one in call.requests_of_client:
        if one.request.number > number or one.method not in ("SUBSCRIBE", "BYE"):
            continue
        if one.method == "BYE":
            if package[0] != "refer":
                continue
            return True
        if _package(one.request) != package:
            continue
        ends = one.request.first("expires").strip() == "0" and not one.outside_dialog()
        if ends or one.status in _FATAL:
            return True
        if one.final is not None and one.status < 300 and one.final.first("expires").isdecimal():
            last, lasts = one.final, int(one.final.first("expires"))
    return last is not None and notify.time > last.time + lasts


@of_call(
    "subscription-is-refreshed-in-its-dialog",
    MUST,
    "RFC 6665 4.1.2.2, RFC 6665 4.1.2.3",
    "A SUBSCRIBE that refreshes a subscription, or ends it, is in its dialog: it has the To tag.",
)
def _in_its_dialog(call: CallSeen) -> Iterator[Finding]:
    asked = [one for one in call.requests_of_client if one.method == "SUBSCRIBE"]
    for first in asked:
        if not first.outside_dialog() or first.final is None or first.status >= 300:
            continue
        for one in asked:
            if not later(one.request, first.final) or one.identity.from_tag != first.identity.from_tag:
                continue
            if any(other.status in _FATAL and other.answered_before(one.request) for other in asked):
                continue  # there is none any more: `refused-refresh-ends-the-subscription`
            if _package(one.request) == _package(first.request):
                there = one.request.first("to")
                yield judged(not one.outside_dialog(), first.final.first("to"), there, first.final, one.request)


@of_run(
    "subscription-is-ended-in-its-dialog",
    SHOULD,
    "RFC 6665 4.1.2.3, RFC 6665 4.1.2.2",
    "A SUBSCRIBE with Expires: 0 for what the client has subscribed to is in the dialog of that subscription.",
)
def _ended_in_its_dialog(run: Transcript) -> Iterator[Finding]:
    asked = [one for one in run.exchanges if one.by_client and one.method == "SUBSCRIBE"]
    for one in asked:
        if one.request.first("expires").strip() != "0":
            continue
        same = [
            other
            for other in asked
            if other.request.number < one.request.number
            and other.final is not None
            and other.status < 300
            and _package(other.request) == _package(one.request)
            and _resource(other.request) == _resource(one.request)
        ]
        if same and same[-1].request.first("expires").strip() != "0":
            there = one.request.first("to")
            yield judged(not one.outside_dialog(), "a To with a tag", there, same[-1].request, one.request)


def _resource(subscribe: Seen) -> str:
    """Whom a SUBSCRIBE is about."""
    return uri_of(subscribe.first("to"))


@of_call(
    "refresh-keeps-the-event",
    SHOULD,
    "RFC 6665 4.1.2.2, RFC 6665 8.2.1",
    "A SUBSCRIBE in the dialog of a subscription has its Event, id and all.",
)
def _same_event(call: CallSeen) -> Iterator[Finding]:
    for dialog in call.dialogs:
        first = dialog.made_by.request
        if dialog.made_by.method == "SUBSCRIBE":
            for one in within(call, dialog, "SUBSCRIBE"):
                same = _package(one.request) == _package(first)
                yield judged(same, first.first("event"), one.request.first("event") or "none", first, one.request)


@of_call(
    "refused-refresh-ends-the-subscription",
    MUST,
    "RFC 6665 4.1.2.2",
    "After 404, 405, 410, 416, 480 to 485, 489, 501 or 604 to a refresh the client takes the subscription for ended:"
    " a new one has a Call-ID of its own.",
)
def _refused_refresh(call: CallSeen) -> Iterator[Finding]:
    every = [one for one in call.requests_of_client if one.method == "SUBSCRIBE"]
    for dialog in call.dialogs:
        for refresh in within(call, dialog, "SUBSCRIBE"):
            if refresh.final is not None and refresh.status in _FATAL:
                yield from _no_more(every, refresh.final, _package(refresh.request))


@of_call(
    "terminated-subscription-is-not-refreshed",
    MUST,
    "RFC 6665 4.1.3",
    "After a NOTIFY that says terminated there is no subscription to refresh in that dialog.",
)
def _terminated(call: CallSeen) -> Iterator[Finding]:
    for dialog in call.dialogs:
        refreshes = within(call, dialog, "SUBSCRIBE")
        for notify in call.exchanges:
            if notify.by_client or notify.method != "NOTIFY" or notify.identity.from_tag != dialog.our_tag:
                continue
            accepted = notify.final is not None and notify.status < 300
            if accepted and _state(notify.request) == "terminated" and notify.final is not None:
                yield from _no_more(refreshes, notify.final, _package(notify.request))


def _no_more(refreshes: list[Exchange], since: Seen, package: tuple[str, str | None]) -> Iterator[Finding]:
    """No SUBSCRIBE for the same package, of these, after a message."""
    wrong = [one for one in refreshes if _package(one.request) == package and later(one.request, since)]
    for one in wrong:
        yield broken("no SUBSCRIBE with this Call-ID", "SUBSCRIBE", since, one.request)
    if not wrong:
        yield kept(since)


def _terminations(run: Transcript) -> Iterator[tuple[Exchange, Seen, list[Exchange]]]:
    """The NOTIFYs of ours that ended a subscription, with their answer, and the SUBSCRIBEs that began the same again
    afterwards."""
    for call in run.calls:
        for notify in call.exchanges:
            if notify.by_client or notify.method != "NOTIFY" or _state(notify.request) != "terminated":
                continue
            asked, final = _subscribed(call, notify), notify.final
            if asked is None or final is None or final.response.status >= 300 or asked.method != "SUBSCRIBE":
                continue
            if asked.request.first("expires").strip() == "0":
                continue
            yield (
                notify,
                final,
                [
                    one
                    for one in run.exchanges
                    if one.by_client
                    and one.method == "SUBSCRIBE"
                    and one.outside_dialog()
                    and _package(one.request)[0] == _package(asked.request)[0]
                    and one.request.number > final.number
                    and _resource(one.request) == _resource(asked.request)
                ],
            )


def _said(notify: Seen, name: str) -> str:
    """A parameter of Subscription-State."""
    params = notify.first("subscription-state").lower().replace(" ", "").split(";")[1:]
    return next((value.partition("=")[2] for value in params if value.startswith(f"{name}=")), "")


@of_run(
    "rejected-subscription-is-not-begun-again",
    SHOULD,
    "RFC 6665 4.1.3",
    "After terminated with the reason rejected, noresource or invariant the client does not subscribe again.",
)
def _rejected(run: Transcript) -> Iterator[Finding]:
    for notify, final, again in _terminations(run):
        reason = _said(notify.request, "reason")
        if reason in ("rejected", "noresource", "invariant"):
            if again:
                yield broken("no SUBSCRIBE", "SUBSCRIBE", notify.request, final, again[0].request)
            else:
                yield kept(notify.request, final)


@of_run(
    "retry-after-of-a-subscription-is-waited-for",
    SHOULD,
    "RFC 6665 4.1.3",
    "After terminated with retry-after the client does not subscribe again before that.",
)
def _waits(run: Transcript) -> Iterator[Finding]:
    for notify, final, again in _terminations(run):
        wait, reason = _said(notify.request, "retry-after"), _said(notify.request, "reason")
        if (
            wait.isdecimal()
            and reason not in ("deactivated", "rejected", "timeout", "noresource", "invariant")
            and again
        ):
            after = again[0].time - final.time
            yield judged(
                after >= int(wait) - tolerance(int(wait)),
                f"{wait} s",
                f"{after:.3g} s",
                notify.request,
                again[0].request,
            )


@of_run(
    "deactivated-subscription-is-begun-again",
    SHOULD,
    "RFC 6665 4.1.3",
    "After terminated with the reason deactivated the client subscribes again immediately.",
)
def _renewed(run: Transcript) -> Iterator[Finding]:
    for notify, final, again in _terminations(run):
        if _said(notify.request, "reason") == "deactivated":
            if again:
                yield kept(notify.request, again[0].request)
            elif run.end - final.time >= _SOON:
                yield broken("a new SUBSCRIBE", f"none in {_SOON:g} s", notify.request, final)


@of_exchange("refer-has-one-refer-to", MUST, "RFC 3515 2.4.1", "A REFER has exactly one Refer-To.", methods=("REFER",))
def _one_refer_to(exchange: Exchange, call: CallSeen) -> Iterator[Finding]:
    there = exchange.request.every("refer-to")
    yield judged(len(there) == 1, "one Refer-To", brief(there), exchange.request)


def _refers(call: CallSeen) -> list[tuple[Exchange, Seen]]:
    """The REFERs of ours that the client accepted, those without subscription left out (RFC 4488, RFC 7614)."""
    return [
        (exchange, exchange.final)
        for exchange in call.exchanges
        if not exchange.by_client
        and exchange.method == "REFER"
        and exchange.final is not None
        and exchange.status < 300
        and exchange.request.first("refer-sub").strip().lower() != "false"
        and not any(option(exchange.request, "require", tag) for tag in ("nosub", "explicitsub"))
    ]


def _reports(call: CallSeen) -> list[Exchange]:
    """The NOTIFYs of the client in calls in which we have sent a REFER."""
    if not any(one.method == "REFER" and not one.by_client for one in call.exchanges):
        return []
    return [one for one in call.requests_of_client if one.method == "NOTIFY"]


@of_call(
    "accepted-refer-is-reported",
    MUST,
    "RFC 3515 2.4.4",
    "The client that accepts our REFER sends a NOTIFY at once.",
)
def _reported(call: CallSeen) -> Iterator[Finding]:
    reports = _reports(call)
    for refer, final in _refers(call):
        first = next((one for one in reports if one.request.number > refer.request.number), None)
        if first is not None:
            yield kept(refer.request, final, first.request)
        elif call.run.waited(final.time + _LEAVING, _SOON):
            yield broken("NOTIFY", f"none in {_SOON:g} s", refer.request, final)


@of_call(
    "refer-report-is-a-sipfrag",
    MUST,
    "RFC 3515 2.4.5",
    "The NOTIFY about our REFER has Event: refer and a body of type message/sipfrag that begins with a status line.",
)
def _sipfrag(call: CallSeen) -> Iterator[Finding]:
    for report in _reports(call):
        request = report.request
        package, _ = _package(request)
        if not package or (package != "refer" and not _only_refers(call)):
            continue
        try:
            kind = MediaType.parse(request.first("content-type")).essence
        except ParseError:
            kind = request.first("content-type")
        fits = package == "refer" and kind == "message/sipfrag" and _status_of(request) is not None
        yield judged(
            fits,
            "Event: refer, message/sipfrag, SIP/2.0 and a status",
            f"Event: {request.first('event') or 'none'}, {kind or 'no type'}, {request.request.body[:40]!r}",
            request,
        )


def _only_refers(call: CallSeen) -> bool:
    """Whether nothing but a REFER of ours can have led to a NOTIFY."""
    return not any(one.method == "SUBSCRIBE" and not one.by_client for one in call.exchanges)


def _status_of(seen: Seen) -> int | None:
    """The status in the status line that a sipfrag begins with."""
    version, _, rest = seen.request.body.partition(b" ")
    number = rest[:3]
    return int(number) if version.upper() == b"SIP/2.0" and number.isdigit() and len(number) == 3 else None


@of_exchange(
    "notify-has-a-subscription-state",
    MUST,
    "RFC 6665 4.2.2",
    "A NOTIFY has Event and Subscription-State; with active or pending, the time that is left.",
    methods=("NOTIFY",),
)
def _has_state(exchange: Exchange, call: CallSeen) -> Iterator[Finding]:
    request = exchange.request
    value = request.first("subscription-state")
    state = _state(request)
    lasting = state not in ("active", "pending") or "expires=" in value.lower().replace(" ", "")
    yield judged(
        bool(_package(request)[0]) and bool(state) and lasting,
        "Event, Subscription-State: active;expires=...",
        f"Event: {request.first('event') or 'none'}, Subscription-State: {value or 'none'}",
        request,
    )


@of_call(
    "refused-notify-ends-the-subscription",
    MUST,
    "RFC 6665 4.2.2",
    "After 404, 405, 410, 416, 480 to 485, 489, 501 or 604 to a NOTIFY the client sends no more for its subscription.",
)
def _refused_notify(call: CallSeen) -> Iterator[Finding]:
    notifies = [one for one in call.requests_of_client if one.method == "NOTIFY"]
    for place, notify in enumerate(notifies):
        final = notify.final
        if final is None or final.response.status not in _FATAL:
            continue
        more = [
            one
            for one in notifies[place + 1 :]
            if one.identity.to_tag == notify.identity.to_tag
            and _package(one.request) == _package(notify.request)
            and later(one.request, final)
        ]
        yield judged(not more, "no NOTIFY", "NOTIFY", notify.request, final, *[one.request for one in more[:1]])


@of_call(
    "final-refer-report-terminates",
    MUST,
    "RFC 3515 2.4.7",
    "The last NOTIFY about our REFER, with the final status of what was asked for, says terminated;reason=noresource.",
)
def _final_report(call: CallSeen) -> Iterator[Finding]:
    reports = [one for one in _reports(call) if (_status_of(one.request) or 0) >= 200]
    refused = any(one.method == "SUBSCRIBE" and not one.by_client for one in call.exchanges)
    if not reports or refused or len(_refers(call)) != 1:
        return
    ended = [one for one in reports if _state(one.request) == "terminated"]
    if ended:
        value = ended[0].request.first("subscription-state").lower().replace(" ", "")
        reason = value.partition("reason=")[2].partition(";")[0]
        right = reason == "noresource" or _status_of(ended[0].request) == 603
        yield judged(right, "terminated;reason=noresource", value, ended[0].request)
    elif call.run.waited(reports[0].time + _LEAVING, PATIENCE):
        yield broken("terminated;reason=noresource", _state(reports[0].request), reports[0].request)


@of_call(
    "report-of-a-second-refer-has-its-id",
    MUST,
    "RFC 3515 2.4.6",
    "A NOTIFY about the second REFER in a dialog has an id in Event: the CSeq number of that REFER.",
)
def _ids(call: CallSeen) -> Iterator[Finding]:
    refers = [refer for refer, _ in _refers(call)]
    numbers = {str(refer.identity.cseq) for refer in refers}
    for report in _reports(call):
        package, event_id = _package(report.request)
        if package != "refer":
            continue
        if event_id is not None:
            before = [one for one in call.exchanges if one.method == "REFER" and not one.by_client]
            yield judged(
                event_id in numbers | {str(one.identity.cseq) for one in before},
                f"id={' or '.join(sorted(numbers))}",
                f"id={event_id}",
                report.request,
            )
        elif len(refers) > 1 and _first_is_over(call, refers[1], report):
            yield broken(f"Event: refer;id={refers[1].identity.cseq}", "no id", refers[1].request, report.request)


def _first_is_over(call: CallSeen, second: Exchange, report: Exchange) -> bool:
    """Whether the reports about the first REFER had ended before the second, so that this one is about that."""
    return report.request.number > second.request.number and any(
        _state(one.request) == "terminated" and one.request.number < second.request.number for one in _reports(call)
    )


@of_exchange("publish-has-one-event", MUST, "RFC 3903 4.1", "A PUBLISH has exactly one Event.", methods=("PUBLISH",))
def _publish_event(exchange: Exchange, call: CallSeen) -> Iterator[Finding]:
    events = exchange.request.every("event")
    yield judged(len(events) == 1, "one Event", brief(events), exchange.request)


@of_exchange(
    "publish-without-entity-tag-has-a-body",
    MUST,
    "RFC 3903 4.2",
    "A PUBLISH without SIP-If-Match is an initial one and has a body.",
    methods=("PUBLISH",),
)
def _initial_publish(exchange: Exchange, call: CallSeen) -> Iterator[Finding]:
    if not exchange.request.first("sip-if-match"):
        yield judged(bool(exchange.request.request.body), "a body, or SIP-If-Match", "neither", exchange.request)


@of_run(
    "publication-is-kept-up-by-its-entity-tag",
    SHOULD,
    "RFC 3903 4.2, RFC 3903 4.3, RFC 3903 4.4",
    "A client that has published refreshes, changes or removes that, with its entity-tag, and does not publish anew.",
)
def _keeps_tag(run: Transcript) -> Iterator[Finding]:
    held: dict[tuple[str, str, tuple[str, str | None]], Seen] = {}
    for publish in run.exchanges:
        if not publish.by_client or publish.method != "PUBLISH":
            continue
        request, final = publish.request, publish.final
        key = (request.request.uri, publish.identity.from_tag, _package(request))
        before = held.get(key)
        if before is not None and request.number > before.number:
            tag = request.first("sip-if-match")
            yield judged(bool(tag), f"SIP-If-Match: {before.first('sip-etag')}", "none", before, request)
        if final is not None and final.response.status < 300 and final.first("sip-etag"):
            held[key] = final
            if final.first("expires").strip() == "0" or request.first("expires").strip() == "0":
                del held[key]
        elif final is not None:
            held.pop(key, None)


@of_exchange(
    "publish-that-removes-has-no-body",
    MUST,
    "RFC 3903 4.5",
    "A PUBLISH with Expires: 0 has SIP-If-Match and no body.",
    methods=("PUBLISH",),
)
def _removal(exchange: Exchange, call: CallSeen) -> Iterator[Finding]:
    request = exchange.request
    if request.first("expires").strip() == "0":
        right = bool(request.first("sip-if-match")) and not request.request.body
        tag, size = request.first("sip-if-match") or "none", len(request.request.body)
        yield judged(right, "SIP-If-Match, no body", f"SIP-If-Match: {tag}, a body of {size} bytes", request)


@of_run(
    "one-publish-at-a-time",
    MUST,
    "RFC 3903 4",
    "No new PUBLISH for a Request-URI before the last one has its final response, or has timed out.",
)
def _one_publish(run: Transcript) -> Iterator[Finding]:
    last: dict[tuple[str, str], Exchange] = {}
    for publish in run.exchanges:
        if not publish.by_client or publish.method != "PUBLISH":
            continue
        request = publish.request
        key = (request.request.uri, request.first("from"))
        before = last.get(key)
        if before is not None and before.identity.cseq != publish.identity.cseq:
            done = before.answered_before(request) or publish.time - before.time >= PATIENCE
            yield judged(done, "no PUBLISH before the response", "PUBLISH", before.request, request)
        last[key] = publish


@of_run(
    "publish-has-the-last-entity-tag",
    MUST,
    "RFC 3903 4.1, RFC 3903 4.3",
    "SIP-If-Match of a PUBLISH has one entity-tag, that of our last 2xx.",
)
def _entity_tags(run: Transcript) -> Iterator[Finding]:
    given: dict[str, Seen] = {}
    replaced: dict[str, Seen] = {}
    publishes = [one for one in run.exchanges if one.by_client and one.method == "PUBLISH"]
    began = False
    for publish in sorted(publishes, key=lambda one: one.request.number):
        began = began or not publish.request.first("sip-if-match")
        tag = publish.request.first("sip-if-match").strip()
        final = publish.final
        if tag and given:
            why = replaced.get(tag)
            # nothing crosses where nothing is lost: a PUBLISH waits for the response to the one before (section 4)
            stale = why is not None and (publish.certain or later(publish.request, why))
            made_up = tag not in given and began  # where it has published before, the tag may be of that
            if stale or made_up or tag in given:
                yield judged(not stale and not made_up, "the entity-tag of the last 2xx", tag, why, publish.request)
        if final is not None and final.response.status < 300:
            fresh = final.first("sip-etag").strip()
            if tag and tag != fresh:
                replaced[tag] = final
            if fresh:
                given[fresh] = final
                replaced.pop(fresh, None)
