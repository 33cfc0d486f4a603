"""How a client sends requests again: timers A and B of INVITE, E and F of all others (RFC 3261 17.1.1.2, 17.1.2.2).

T1 is the client's own choice (17.1.1.1), and datagrams get lost: what is judged holds for any T1, and whichever copies
did not arrive. Where copies are missing from a row of doubling intervals, an interval is still longer than all before.
Where nothing is lost on the way (`Seen.certain`), less is enough to tell. The client, or we who read, may have stood
still for a second: two copies that were seen together may have been sent a second apart, and the other way round.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import pairwise
from typing import Final

from responder.observe.rules.comparing import came_directly
from responder.observe.rules.registered import STATUS_CODES
from responder.observe.rules.rule import (
    MUST,
    SHOULD,
    Finding,
    Level,
    broken,
    judged,
    kept,
    of_call,
    of_exchange,
    tolerance,
)
from responder.observe.transcript import CallSeen, Exchange, Seen

_INVITE: Final = "RFC 3261 17.1.1.2"
_OTHERS: Final = "RFC 3261 17.1.2.2"
_GROWTH: Final = 1.6
"""An interval over the one before: 2, less 20 %."""
_LEAST: Final = 0.8
"""An interval over all the time before it, of intervals that double: 1 and more, less 20 %."""
_MOST: Final = 1.5
"""The same from the third interval on at the most, where no copy was lost: 4/3, and 12 %."""
_STALL: Final = 1.0
"""Seconds that a process on a busy machine may stand still: the client before it sends, or we before we look."""
_T1, _T2 = 0.5, 4.0
_ROUND_TRIP: Final = 0.3
"""Seconds that a message of ours and what it leads to may be under way."""
_LIFE: Final = 64
"""Timers B and F, in T1."""
_SILENCE: Final = 8.0
"""Seconds without a response after which a copy must have come, whatever T1 is."""
_SHORT_SILENCE: Final = 1.6
"""The same where nothing is lost: T1 of half a second, and a process that stood still for one."""


def _before(exchange: Exchange, seen: Seen | None) -> list[Seen]:
    """The copies that came before that message."""
    return [copy for copy in exchange.requests if seen is None or copy.number < seen.number]


def _intervals(copies: Sequence[Seen]) -> list[float]:
    return [later.time - earlier.time for earlier, later in pairwise(copies)]


def _in_words(intervals: Sequence[float]) -> str:
    return f"copies after {', '.join(f'{interval:.3g}' for interval in intervals[:12])} s"


def _too_steady(copies: Sequence[Seen], most: float) -> bool:
    """Whether intervals did not grow, as no loss of datagrams and no stalled process explains: three in a row did not,
    or one is shorter than all the time before it (and than `most`), even if that looks longer, and it shorter."""
    since, intervals = copies[0].time, _intervals(copies)
    steady = [later < min(_GROWTH * earlier, _LEAST * most) for earlier, later in pairwise(intervals)]
    return any(map(all, zip(steady, steady[1:], steady[2:], strict=False))) or any(
        later.time - earlier.time + _STALL < _LEAST * min(earlier.time - since - _STALL, most)
        for earlier, later in pairwise(copies)
    )


def _too_long(copies: Sequence[Seen]) -> bool:
    """Whether an interval is far longer than all the time before it, where no copy was lost."""
    since = copies[0].time
    return any(
        later.time - earlier.time - _STALL > _MOST * (earlier.time - since + _STALL)
        for earlier, later in pairwise(copies[2:])
    )


def _first_response(exchange: Exchange) -> Seen | None:
    return exchange.responses[0] if exchange.responses else None


_Check = Callable[[Exchange, CallSeen], Iterator[Finding]]


def _of_both(what: str, level: Level, says: str) -> Callable[[_Check], _Check]:
    """A rule for INVITE and one for all other requests: the RFC says it twice. {} stands for what it is about."""

    def decorate(check: _Check) -> _Check:
        def of_invite(exchange: Exchange, call: CallSeen) -> Iterator[Finding]:
            if exchange.method == "INVITE":
                yield from check(exchange, call)

        def of_others(exchange: Exchange, call: CallSeen) -> Iterator[Finding]:
            if exchange.method != "INVITE":
                yield from check(exchange, call)

        of_exchange(f"invite-{what}", level, _INVITE, says.format("an INVITE"))(of_invite)
        of_exchange(f"other-request-{what}", level, _OTHERS, says.format("any other request"))(of_others)
        return check

    return decorate


@of_exchange(
    "invite-copies-back-off",
    MUST,
    _INVITE,
    "By UDP an INVITE without response is sent again at intervals that double (judged from four copies on).",
    methods=("INVITE",),
)
def _invite_backs_off(exchange: Exchange, call: CallSeen) -> Iterator[Finding]:
    yield from _backs_off(exchange, float("inf"), "intervals that double")


@of_exchange(
    "other-copies-back-off",
    MUST,
    _OTHERS,
    "By UDP any other request without response is sent again at intervals that double up to T2 (4 s; judged from four "
    "copies on).",
)
def _others_back_off(exchange: Exchange, call: CallSeen) -> Iterator[Finding]:
    if exchange.method != "INVITE":
        yield from _backs_off(exchange, _T2, "intervals that double up to 4 s")


def _backs_off(exchange: Exchange, most: float, expected: str) -> Iterator[Finding]:
    copies = _before(exchange, _first_response(exchange))
    if not exchange.reliable and len(copies) >= 4:
        wrong = _too_steady(copies, most) or (exchange.certain and _too_long(copies))
        yield judged(not wrong, expected, _in_words(_intervals(copies)), *copies)


@of_exchange(
    "other-copies-come-every-t2",
    MUST,
    _OTHERS,
    "By UDP any other request than INVITE is sent again after T2 (4 s) at the latest, until its final response.",
)
def _every_t2(exchange: Exchange, call: CallSeen) -> Iterator[Finding]:
    if exchange.method == "INVITE" or not exchange.certain or exchange.reliable:
        return
    copies = _before(exchange, exchange.final)
    if len(copies) >= 2:
        intervals = _intervals(copies)
        yield judged(
            max(intervals) < 2 * _T2 - tolerance(_T2), "copies every 4 s at most", _in_words(intervals), *copies
        )


@of_exchange(
    "other-copies-slow-down-after-1xx",
    MUST,
    _OTHERS,
    "After a 1xx by UDP, any other request than INVITE is sent again every T2 (4 s).",
)
def _slow_after_1xx(exchange: Exchange, call: CallSeen) -> Iterator[Finding]:
    if exchange.method == "INVITE" or exchange.reliable or not exchange.provisionals:
        return
    first = exchange.provisionals[0]
    later = [copy for copy in exchange.requests if copy.time > first.time + _ROUND_TRIP]
    later = [copy for copy in later if not exchange.answered_before(copy)]
    intervals = _intervals(later)
    enough = 1 if exchange.certain else 2
    if len(intervals) >= enough:
        short = [interval for interval in intervals if interval < _T2 / 2]
        yield judged(len(short) < enough, "copies every 4 s", _in_words(intervals), first, *later)


@_of_both(
    "is-sent-again-by-udp",
    MUST,
    f"By UDP {{}} without any response is sent again (judged after {_SILENCE:g} s, after {_SHORT_SILENCE:g} s where no"
    " datagram is lost, by a client that still lives).",
)
def _is_sent_again(exchange: Exchange, call: CallSeen) -> Iterator[Finding]:
    if exchange.reliable:
        return
    first = _first_response(exchange)
    patience = _SHORT_SILENCE if exchange.certain else _SILENCE
    since = exchange.time + patience
    if len(exchange.requests) > 1:
        yield kept(*exchange.requests[:2])
    elif (
        (first is None or first.time > since)
        and not call.run.odd_since(exchange.request)
        and call.run.lived(exchange.request.record.remote, since)
    ):
        yield broken("copies of it", f"none within {patience:g} s", exchange.request, first)


@_of_both(
    "goes-on-until-64-t1",
    MUST,
    "By UDP {} without any response is sent again and again until 64*T1 (timers B and F; judged where no datagram is"
    " lost, by a client that still lives).",
)
def _goes_on(exchange: Exchange, call: CallSeen) -> Iterator[Finding]:
    copies = _before(exchange, _first_response(exchange))
    if exchange.reliable or not exchange.certain or len(copies) < 2 or call.run.odd_since(exchange.request):
        return
    intervals = _intervals(copies)
    following = copies[-1].time - exchange.time + _T1
    if exchange.method != "INVITE":
        following = min(following, max(_T2, intervals[-1]))
    due = copies[-1].time + following
    late = due + following + 2 * _STALL
    first = _first_response(exchange)
    over = exchange.time + _LIFE * min(intervals) - tolerance(_LIFE * min(intervals))
    if due >= over:
        yield kept(copies[0], copies[-1])
        return
    if (first is not None and first.time <= late) or exchange.cancel is not None:
        return
    turned_away = any(one.by_client and one.time > copies[-1].time for one in call.run.exchanges)
    if call.run.lived(exchange.request.record.remote, late) and not turned_away:
        words = f"none after {copies[-1].time - exchange.time:.3g} s"
        yield broken(f"a copy after {due - exchange.time:.3g} s", words, *copies)


@_of_both(
    "is-not-given-up-before-64-t1",
    SHOULD,
    "By UDP a client waits for a response to {} until 64*T1 (timers B and F): it does not go away by itself before.",
)
def _stays(exchange: Exchange, call: CallSeen) -> Iterator[Finding]:
    copies, first = exchange.requests, _first_response(exchange)
    if exchange.reliable or len(copies) < 2 or call.run.odd_since(exchange.request):
        return
    life = _LIFE * min(_T1, *_intervals(copies))
    if first is not None and first.time < exchange.time + life:
        return
    if call.run.end >= exchange.time + life - tolerance(life):
        yield kept(*copies)
    elif call.run.left(copies[-1].time + _ROUND_TRIP):
        yield broken(f"{life:.3g} s without response", f"gone after {call.run.end - exchange.time:.3g} s", *copies)


@_of_both(
    "is-not-sent-again-before-t1",
    SHOULD,
    "By UDP the copies of {} begin T1 after it, which is 500 ms; less is not recommended (judged from three copies on:"
    " they came in less than half the time).",
)
def _not_too_soon(exchange: Exchange, call: CallSeen) -> Iterator[Finding]:
    copies = _before(exchange, _first_response(exchange))
    if exchange.reliable or len(copies) < 3:
        return
    due, interval = 0.0, _T1
    for place, copy in enumerate(copies[1:], 1):
        due, interval = due + interval, 2 * interval if exchange.method == "INVITE" else min(2 * interval, _T2)
        elapsed = copy.time - exchange.time
        if elapsed + _STALL < due / 2:
            yield broken(f"{place} copies in {due:g} s", f"in {elapsed:.3g} s", *copies[: place + 1])
            return
    yield kept(*copies[:3])


@of_exchange(
    "invite-is-not-sent-again-after-1xx",
    SHOULD,
    _INVITE,
    "After a provisional response the INVITE is not sent again.",
    methods=("INVITE",),
)
def _quiet_after_1xx(exchange: Exchange, call: CallSeen) -> Iterator[Finding]:
    if not exchange.provisionals or exchange.reliable:
        return
    first = exchange.provisionals[0]
    copies = [copy for copy in exchange.requests if copy.time > first.time + _ROUND_TRIP]
    hears = bool(exchange.acks) or exchange.cancel is not None
    # one may be because the 1xx was lost, and was answered again, or because a process stood still
    if len(copies) >= 2 and (hears or exchange.certain):
        yield broken("no more copies", f"{len(copies)} after the {first.response.status}", first, *copies)
    elif not copies:
        yield kept(exchange.request, first)


@_of_both(
    "is-not-sent-again-after-its-final-response",
    MUST,
    "Once a client has a final response to {} (as its ACK or another try shows, or as nothing is lost on the way), it"
    " does not send that request any more.",
)
def _quiet_after_final(exchange: Exchange, call: CallSeen) -> Iterator[Finding]:
    final = exchange.final
    if final is None or (final.response.status not in STATUS_CODES and exchange.method != "INVITE"):
        return  # `unknown-final-is-taken-for-its-class`
    reactions = [ack for ack in exchange.acks if ack.number > final.number]
    reactions += [
        other.request
        for other in call.requests_of_client
        if other.method == exchange.method and other.identity.cseq > exchange.identity.cseq and other.time >= final.time
    ]
    if exchange.certain and not exchange.reliable:
        reactions.append(final)
    if not reactions:
        return
    reaction = min(reactions, key=lambda seen: seen.number)
    later = [copy for copy in exchange.requests if copy.time > reaction.time + _ROUND_TRIP]
    if not reaction.received and len(later) == 1 and later[0].time <= reaction.time + _T1 + _STALL:
        later = []  # a process that stood still may send before it reads
    yield judged(not later, "no more copies", f"{len(later)} after {_known_by(reaction)}", final, reaction, *later)


def _known_by(reaction: Seen) -> str:
    return "its reaction" if reaction.received else f"the {reaction.response.status}"


@_of_both(
    "is-not-sent-again-on-a-stream",
    SHOULD,
    "On a connection {} is not sent again.",
)
def _no_copies_on_streams(exchange: Exchange, call: CallSeen) -> Iterator[Finding]:
    if not exchange.reliable:
        return
    copies = [copy for copy in exchange.requests[1:] if copy.record.connection == exchange.request.record.connection]
    first = _first_response(exchange)
    if copies:
        yield broken("no copies", f"{len(copies)}", exchange.request, *copies)
    elif (call.run.end if first is None else first.time) - exchange.time > _T1 + tolerance(_T1):
        yield kept(exchange.request, first)


@_of_both(
    "is-given-up-after-64-t1",
    MUST,
    "By UDP {} is not sent any more after 64*T1 (timers B and F), T1 taken from its own copies.",
)
def _gives_up(exchange: Exchange, call: CallSeen) -> Iterator[Finding]:
    copies = exchange.requests
    if exchange.reliable or len(copies) < 3:
        return
    life = _LIFE * max(_T1, min(_intervals(copies)))
    last = copies[-1]
    yield judged(
        last.time - exchange.time <= life + tolerance(life),
        f"no copy later than {life:.3g} s",
        f"one after {last.time - exchange.time:.3g} s",
        exchange.request,
        last,
    )


def _differing(name: str, rfc: str, invite: bool, says: str) -> None:
    @of_call(name, MUST, rfc, says)
    def check(call: CallSeen) -> Iterator[Finding]:
        own = [one for one in call.requests_of_client if (one.method == "INVITE") == invite and one.method != "CANCEL"]
        for exchange in own:
            if len(exchange.requests) > 1:
                yield kept(*exchange.requests[:2])
        for before, after in pairwise(own):
            if (
                _names(before) == _names(after)
                and not before.answered_before(after.request)
                and after.time - before.time < _LIFE * _T1
                and came_directly(before.request)  # a proxy that forks makes several of one
                and came_directly(after.request)
            ):
                yield broken("the same message again", "another of the same number", before.request, after.request)


def _names(exchange: Exchange) -> tuple[object, ...]:
    """What two requests have in common where one can only be a copy of the other."""
    identity, seen = exchange.identity, exchange.request
    uri = seen.request.uri
    return exchange.method, uri, identity.cseq, identity.from_tag, identity.to_tag, seen.record.local


_differing(
    "invite-copy-is-the-same-message",
    _INVITE,
    True,
    "An INVITE that is sent again before its end is the message that was sent before, branch and all.",
)
_differing(
    "other-request-copy-is-the-same-message",
    _OTHERS,
    False,
    "Any other request that is sent again before its end is the message that was sent before, branch and all.",
)
