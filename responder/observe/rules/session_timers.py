"""Session timers (RFC 4028): what a client asks for, how it refreshes, what it does after 422."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from responder.errors import ParseError
from responder.observe.rules.comparing import came_directly
from responder.observe.rules.descriptions import description_of, of_client
from responder.observe.rules.in_dialog import confirmation, hung_up, option, ours_within, sessions, within
from responder.observe.rules.rule import MUST, SHOULD, Finding, broken, judged, kept, of_call, of_exchange, tolerance
from responder.observe.transcript import CallSeen, DialogSeen, Exchange, Seen
from responder.sip.fields import SessionExpires

_REFRESHES = ("INVITE", "UPDATE")


def _seconds(seen: Seen, key: str) -> int | None:
    """The seconds in Session-Expires or Min-SE; None where it is missing or malformed."""
    found = _expires(seen, key)
    return None if found is None else found.seconds


def _expires(seen: Seen, key: str = "session-expires") -> SessionExpires | None:
    try:
        return SessionExpires.parse(seen.first(key)) if seen.first(key) else None
    except ParseError:
        return None


@of_exchange("min-se-is-90-or-more", MUST, "RFC 4028 5", "Min-SE is not below 90 seconds.", methods=_REFRESHES)
def _lowest(exchange: Exchange, call: CallSeen) -> Iterator[Finding]:
    seconds = _seconds(exchange.request, "min-se")
    if seconds is not None:
        yield judged(seconds >= 90, "Min-SE: 90 or more", f"{seconds}", exchange.request)


@of_exchange(
    "session-timer-is-supported",
    MUST,
    "RFC 4028 7.1",
    "A request with Session-Expires lists timer in Supported, even where it stands in Require.",
    methods=_REFRESHES,
)
def _supported(exchange: Exchange, call: CallSeen) -> Iterator[Finding]:
    request = exchange.request
    if request.first("session-expires") and came_directly(request):  # a proxy may add Session-Expires (8.1)
        yield judged(
            option(request, "supported", "timer"), "Supported: timer", ", ".join(request.every("supported")), request
        )


@of_exchange(
    "refresher-is-uac-or-uas",
    MUST,
    "RFC 4028 4",
    "The refresher in Session-Expires is uac or uas.",
    methods=_REFRESHES,
)
def _refresher(exchange: Exchange, call: CallSeen) -> Iterator[Finding]:
    params = exchange.request.first("session-expires").lower().replace(" ", "").split(";")[1:]
    for value in [param.partition("=")[2] for param in params if param.partition("=")[0] == "refresher"]:
        yield judged(value in ("uac", "uas"), "refresher=uac or uas", f"refresher={value}", exchange.request)


class _Timer(NamedTuple):
    """A session interval that runs from a 2xx on, where the client has to refresh."""

    since: Seen
    interval: int
    until: Seen | None
    """The next refresh by either side, or the BYE."""


def _timers(call: CallSeen, dialog: DialogSeen, by_client: bool = True) -> list[_Timer]:
    """The intervals of a session in order in which the client is the refresher, or we are."""
    found = []
    events: list[tuple[Seen, Seen, bool]] = []
    accepted = confirmation(dialog)
    if accepted is None:
        return []
    events.append((dialog.made_by.request, accepted, True))
    for own in within(call, dialog, *_REFRESHES):
        if own.final is not None and own.status < 300:
            events.append((own.request, own.final, True))
    for ours in ours_within(call, dialog, *_REFRESHES):
        if ours.final is not None and ours.status < 300:
            events.append((ours.request, ours.final, False))
    events.sort(key=lambda event: event[1].number)
    attempts = [own.request for own in within(call, dialog, *_REFRESHES)]
    attempts += [ours.request for ours in ours_within(call, dialog, *_REFRESHES)]
    bye = hung_up(call, dialog)
    for _, final, asked_by_client in events:
        said = _expires(final)
        if said is None or (said.refresher or "").lower() != ("uac" if asked_by_client == by_client else "uas"):
            continue
        following = [one for one in attempts if one.number > final.number] + ([bye] if bye else [])
        until = min((one for one in following if one.number > final.number), key=lambda one: one.number, default=None)
        found.append(_Timer(final, said.seconds, until))
    return found


def _late(call: CallSeen, timer: _Timer, limit: float) -> Finding | None:
    """Whether a refresh came within so many seconds; None where the session, the run or the client ended before."""
    end = timer.since.time + limit
    until = timer.until
    if until is not None and until.time <= end:
        refreshed = until.received and until.identity.method in _REFRESHES
        return kept(timer.since, until) if refreshed else None
    if call.run.end <= end or not call.run.lived(timer.since.record.remote, end):
        return None  # nothing shows that the client still had the session by then
    return broken(
        f"a refresh within {limit:g} s",
        "none" if until is None else f"{until.identity.method} after {until.time - timer.since.time:g} s",
        timer.since,
        until,
    )


@of_call(
    "refresher-refreshes-before-the-expiration",
    MUST,
    "RFC 4028 7.2",
    "Where the client is the refresher, a refresh comes before the session interval has passed.",
)
def _in_time(call: CallSeen) -> Iterator[Finding]:
    for dialog in sessions(call):
        for timer in _timers(call, dialog):
            finding = _late(call, timer, timer.interval + tolerance(1))
            if finding is not None:
                yield finding


@of_call(
    "refresher-refreshes-at-half-the-interval",
    SHOULD,
    "RFC 4028 7.2",
    "Where the client is the refresher, a refresh comes once half the session interval has passed.",
)
def _at_half(call: CallSeen) -> Iterator[Finding]:
    for dialog in sessions(call):
        for timer in _timers(call, dialog):
            finding = _late(call, timer, timer.interval / 2 + tolerance(timer.interval / 2))
            if finding is not None:
                yield finding


@of_call(
    "missing-refresh-ends-the-session",
    SHOULD,
    "RFC 4028 10",
    "Where we are the refresher and no refresh comes, the client sends BYE shortly before the session expires.",
)
def _hangs_up(call: CallSeen) -> Iterator[Finding]:
    for dialog in sessions(call):
        for timer in _timers(call, dialog, by_client=False):
            bye, until = hung_up(call, dialog), timer.until
            expires = timer.since.time + timer.interval
            if until is not None and until.time <= expires + tolerance(1):
                if bye is until and bye.received and bye.time > expires - timer.interval / 2:
                    yield kept(timer.since, bye)
            elif call.run.lived(timer.since.record.remote, expires + tolerance(timer.interval)):
                yield broken(f"BYE before {timer.interval} s", "none by then", timer.since, until)


@of_call(
    "refresh-supports-the-session-timer",
    MUST,
    "RFC 4028 7.4",
    "A re-INVITE or UPDATE of a client with session timers lists timer in Supported as its INVITE did, while a session"
    " timer runs.",
)
def _still_supported(call: CallSeen) -> Iterator[Finding]:
    for last, own in _refreshes(call):
        if own.request.first("session-expires"):
            continue  # `session-timer-is-supported`
        there = option(own.request, "supported", "timer")
        yield judged(there, "Supported: timer", ", ".join(own.request.every("supported")) or "none", last, own.request)


@of_call(
    "refresh-has-session-expires",
    SHOULD,
    "RFC 4028 7.4",
    "A re-INVITE or UPDATE of a client with session timers has Session-Expires while a session timer runs.",
)
def _has_session_expires(call: CallSeen) -> Iterator[Finding]:
    for last, own in _refreshes(call):
        yield judged(bool(own.request.first("session-expires")), "Session-Expires", "none", last, own.request)


def _refreshes(call: CallSeen) -> Iterator[tuple[Seen, Exchange]]:
    """The re-INVITEs and UPDATEs of a client with session timers while one runs, with the 2xx that started it.

    What follows a 420 for `timer` is to come without it (RFC 3261 section 8.1.3.5).
    """
    for dialog in sessions(call):
        accepted = confirmation(dialog)
        if accepted is None or not option(dialog.made_by.request, "supported", "timer"):
            continue
        last = accepted
        for own in within(call, dialog, *_REFRESHES):
            if own.request.number > last.number and _expires(last) is not None:
                yield last, own
            if own.final is not None and own.status == 420 and option(own.final, "unsupported", "timer"):
                break
            if own.final is not None and own.status < 300:
                last = own.final


@of_call(
    "unchanged-refresh-keeps-the-version",
    MUST,
    "RFC 4028 7.4",
    "The offer of a refresh that changes nothing has the same o= line as the last description.",
)
def _same_origin(call: CallSeen) -> Iterator[Finding]:
    for dialog in sessions(call):
        accepted = confirmation(dialog)
        if accepted is None or _expires(accepted) is None:
            continue
        known = [one for one in of_client(call, dialog) if one.session is not None]
        for own in within(call, dialog, *_REFRESHES):
            description = description_of(own.request)
            before = [one for one in known if one.seen.number < own.request.number]
            if description is None or description.session is None or not before:
                continue
            last = before[-1].session
            assert last is not None
            rest, others = (str(one).partition("\r\ns=")[2] for one in (last, description.session))
            if rest == others:
                same = last.origin == description.session.origin
                yield judged(same, f"o={last.origin}", f"o={description.session.origin}", before[-1].seen, own.request)


@of_call(
    "accepted-session-timer-names-the-refresher",
    MUST,
    "RFC 4028 9",
    "Session-Expires in a 2xx of the client names the refresher, and that which we chose.",
)
def _names_refresher(call: CallSeen) -> Iterator[Finding]:
    for exchange, final, said in _accepted(call):
        asked = _expires(exchange.request)
        chosen = (asked.refresher or "").lower() if asked is not None else ""
        if not option(exchange.request, "supported", "timer"):
            chosen = "uas"  # table 2: who does not know session timers cannot refresh
        there = (said.refresher or "").lower()
        holds = there in ("uac", "uas") and (not chosen or there == chosen)
        yield judged(holds, f"refresher={chosen or 'uac or uas'}", f"refresher={there or 'none'}", final)


@of_call(
    "accepted-session-timer-is-required",
    MUST,
    "RFC 4028 9",
    "A 2xx of the client that makes us the refresher has Require: timer.",
)
def _requires(call: CallSeen) -> Iterator[Finding]:
    for exchange, final, said in _accepted(call):
        if (said.refresher or "").lower() == "uac":
            there = option(final, "require", "timer")
            yield judged(there, "Require: timer", ", ".join(final.every("require")) or "none", exchange.request, final)


@of_call(
    "accepted-session-interval-is-not-longer",
    MUST,
    "RFC 4028 9",
    "Session-Expires in a 2xx of the client is not above that of the request, nor below its Min-SE (90 where none).",
)
def _not_longer(call: CallSeen) -> Iterator[Finding]:
    for exchange, final, said in _accepted(call):
        most = _seconds(exchange.request, "session-expires")
        least = _seconds(exchange.request, "min-se") or 90
        if most is not None and most >= least:
            yield judged(
                least <= said.seconds <= most, f"{least} to {most} s", f"{said.seconds}", exchange.request, final
            )


def _accepted(call: CallSeen) -> Iterator[tuple[Exchange, Seen, SessionExpires]]:
    """Session-Expires in 2xx of the client to session refresh requests of ours."""
    for exchange in call.exchanges:
        final = exchange.final
        if exchange.by_client or exchange.method not in _REFRESHES or final is None or final.response.status >= 300:
            continue
        said = _expires(final)
        if said is not None:
            yield exchange, final, said
