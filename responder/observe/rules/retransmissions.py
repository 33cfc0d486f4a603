"""How a client sends requests again: timers A and B of INVITE, E and F of all others (RFC 3261 17.1.1.2, 17.1.2.2).

T1 is the client's own choice (17.1.1.1), and datagrams get lost: what is judged holds for any T1, and whichever copies
did not arrive. Where copies are missing from a row of doubling intervals, an interval is still longer than all before.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise

from responder.observe.rules.rule import MUST, SHOULD, Finding, broken, judged, kept, of_exchange, tolerance
from responder.observe.transcript import CallSeen, Exchange, Seen

_GROWTH = 1.6
"""An interval over the one before: 2, less 20 %."""
_T1, _T2 = 0.5, 4.0
_ROUND_TRIP = 0.3
"""Seconds that a message of ours and what it leads to may be under way."""
_LIFE = 64
"""Timers B and F, in T1."""
_SILENCE = 8.0
"""Seconds without a response after which a copy must have come, whatever T1 is."""


def _before(exchange: Exchange, seen: Seen | None) -> list[Seen]:
    """The copies that came before that message."""
    return [copy for copy in exchange.requests if seen is None or copy.number < seen.number]


def _intervals(copies: Sequence[Seen]) -> list[float]:
    return [later.time - earlier.time for earlier, later in pairwise(copies)]


def _in_words(intervals: Sequence[float]) -> str:
    return f"copies after {', '.join(f'{interval:.3g}' for interval in intervals[:12])} s"


def _too_steady(intervals: Sequence[float], below: float) -> bool:
    """Whether two intervals in a row did not grow, as no loss of datagrams explains: after an interval that a loss made
    longer, the next grows by less than twice, but never the next but one too."""
    return any(
        two < _GROWTH * one and three < _GROWTH * two and three < below
        for one, two, three in zip(intervals, intervals[1:], intervals[2:], strict=False)
    )


def _first_response(exchange: Exchange) -> Seen | None:
    return exchange.responses[0] if exchange.responses else None


@of_exchange(
    "invite-copies-back-off",
    MUST,
    "RFC 3261 17.1.1.2",
    "By UDP an INVITE without response is sent again at intervals that double (judged from four copies on).",
    methods=("INVITE",),
)
def _invite_backs_off(exchange: Exchange, call: CallSeen) -> Iterator[Finding]:
    copies = _before(exchange, _first_response(exchange))
    if not exchange.reliable and len(copies) >= 4:
        intervals = _intervals(copies)
        steady = _too_steady(intervals, float("inf"))
        yield judged(not steady, "intervals that double", _in_words(intervals), *copies)


@of_exchange(
    "other-copies-back-off",
    MUST,
    "RFC 3261 17.1.2.2",
    "By UDP any other request without response is sent again at intervals that double up to T2 (4 s; judged from four "
    "copies on).",
)
def _others_back_off(exchange: Exchange, call: CallSeen) -> Iterator[Finding]:
    copies = _before(exchange, _first_response(exchange))
    if exchange.method != "INVITE" and not exchange.reliable and len(copies) >= 4:
        intervals = _intervals(copies)
        steady = _too_steady(intervals, 0.8 * _T2)
        yield judged(not steady, "intervals that double up to 4 s", _in_words(intervals), *copies)


@of_exchange(
    "other-copies-slow-down-after-1xx",
    MUST,
    "RFC 3261 17.1.2.2",
    "After a 1xx by UDP, any other request than INVITE is sent again every T2 (4 s).",
)
def _slow_after_1xx(exchange: Exchange, call: CallSeen) -> Iterator[Finding]:
    if exchange.method == "INVITE" or exchange.reliable or not exchange.provisionals:
        return
    first = exchange.provisionals[0]
    later = [copy for copy in exchange.requests if copy.time > first.time + _ROUND_TRIP]
    later = [copy for copy in later if not exchange.answered_before(copy)]
    intervals = _intervals(later)
    if len(intervals) >= 2:
        short = [interval for interval in intervals if interval < _T2 - tolerance(_T2)]
        yield judged(len(short) < 2, "copies every 4 s", _in_words(intervals), first, *later)


@of_exchange(
    "unreliable-request-is-sent-again",
    MUST,
    "RFC 3261 17.1.1.2",
    f"By UDP a request without any response is sent again (judged after {_SILENCE:g} s, by a client that still lives).",
)
def _is_sent_again(exchange: Exchange, call: CallSeen) -> Iterator[Finding]:
    if exchange.reliable:
        return
    first = _first_response(exchange)
    since = exchange.time + _SILENCE
    if len(exchange.requests) > 1:
        yield kept(*exchange.requests[:2])
    elif (
        (first is None or first.time > since)
        and not call.run.odd_since(exchange.request)
        and call.run.heard_from(exchange.request.record.remote, since)
    ):
        yield broken("copies of it", f"none within {_SILENCE:g} s", exchange.request, first)


@of_exchange(
    "invite-is-not-sent-again-after-1xx",
    SHOULD,
    "RFC 3261 17.1.1.2",
    "After a provisional response the INVITE is not sent again.",
    methods=("INVITE",),
)
def _quiet_after_1xx(exchange: Exchange, call: CallSeen) -> Iterator[Finding]:
    if not exchange.provisionals or exchange.reliable:
        return
    first = exchange.provisionals[0]
    copies = [copy for copy in exchange.requests if copy.time > first.time + _ROUND_TRIP]
    hears = bool(exchange.acks) or exchange.cancel is not None
    if len(copies) >= 2 and hears:  # one may be because the 1xx was lost; it was answered again
        yield broken("no more copies", f"{len(copies)} after the {first.response.status}", first, *copies)
    elif not copies:
        yield kept(exchange.request, first)


@of_exchange(
    "request-is-not-sent-again-after-its-final-response",
    MUST,
    "RFC 3261 17.1.2.2",
    "Once a client has reacted to a final response (ACK, another try), it does not send that request any more.",
)
def _quiet_after_final(exchange: Exchange, call: CallSeen) -> Iterator[Finding]:
    final = exchange.final
    if final is None:
        return
    reactions = [ack for ack in exchange.acks if ack.number > final.number]
    reactions += [
        other.request
        for other in call.requests_of_client
        if other.method == exchange.method and other.identity.cseq > exchange.identity.cseq and other.time >= final.time
    ]
    if not reactions:
        return
    reaction = min(reactions, key=lambda seen: seen.number)
    later = [copy for copy in exchange.requests if copy.time > reaction.time + _ROUND_TRIP]
    yield judged(not later, "no more copies", f"{len(later)} after its reaction", final, reaction, *later)


@of_exchange(
    "reliable-transport-needs-no-copies",
    SHOULD,
    "RFC 3261 17.1.1.2",
    "On a connection no request is sent again.",
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


@of_exchange(
    "request-is-given-up-after-64-t1",
    MUST,
    "RFC 3261 17.1.1.2",
    "A request without final response is not sent any more after 64*T1 (timers B and F), T1 taken from its own copies.",
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
