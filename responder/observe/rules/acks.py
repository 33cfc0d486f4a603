"""The ACK of a client: for 300 to 699 by the transaction (RFC 3261 17.1.1.3), for 2xx by the core (13.2.2.4)."""

from __future__ import annotations

from collections.abc import Iterator

from responder.observe.rules.rule import MUST, Finding, broken, judged, kept, of_exchange
from responder.observe.transcript import CallSeen, Exchange, Seen, identity_of

_INVITE = ("INVITE",)


def _acks_for(exchange: Exchange, low: int, high: int) -> list[tuple[Seen, Seen]]:
    """The ACKs of an INVITE with the final response before each, where its status is within these bounds."""
    found = []
    for ack in exchange.acks:
        before = [final for final in exchange.finals if final.number < ack.number]
        tag = identity_of(ack.request).to_tag
        final = next((one for one in reversed(before) if identity_of(one.response).to_tag == tag), None)
        final = final or (before[-1] if before else None)
        if final is not None and low <= final.response.status <= high:
            found.append((ack, final))
    return found


@of_exchange(
    "refusal-is-acknowledged", MUST, "RFC 3261 17.1.1.2", "A 300 to 699 to an INVITE gets an ACK.", methods=_INVITE
)
def _refusal_is_acknowledged(exchange: Exchange, call: CallSeen) -> Iterator[Finding]:
    final = exchange.final
    if final is None or final.response.status < 300:
        return
    acks = [ack for ack, _ in _acks_for(exchange, 300, 699)]
    yield judged(bool(acks), f"an ACK for the {final.response.status}", "none came", exchange.request, final, *acks[:1])


@of_exchange(
    "ack-non-2xx-reuses-branch",
    MUST,
    "RFC 3261 17.1.1.3",
    "The ACK for a 300 to 699 has one Via, the topmost of its INVITE.",
    methods=_INVITE,
)
def _ack_non_2xx_reuses_branch(exchange: Exchange, call: CallSeen) -> Iterator[Finding]:
    wanted = exchange.request.every("via")[:1]
    for ack, final in _acks_for(exchange, 300, 699):
        vias = ack.every("via")
        same = identity_of(ack.request).branch == exchange.identity.branch
        yield judged(
            same and len(vias) == 1,
            f"one Via: {wanted[0] if wanted else ''}",
            f"{len(vias)} Via: {', '.join(vias)[:200]}",
            exchange.request,
            final,
            ack,
        )


@of_exchange(
    "ack-2xx-is-a-new-transaction",
    MUST,
    "RFC 3261 13.2.2.4",
    "The ACK for a 2xx has a branch of its own.",
    methods=_INVITE,
)
def _ack_2xx_is_new(exchange: Exchange, call: CallSeen) -> Iterator[Finding]:
    for ack, final in _acks_for(exchange, 200, 299):
        branch = identity_of(ack.request).branch
        yield judged(
            branch != exchange.identity.branch, "a branch of its own", f"that of the INVITE: {branch}", final, ack
        )


@of_exchange(
    "every-copy-of-a-2xx-is-acknowledged",
    MUST,
    "RFC 3261 13.2.2.4",
    "Every 2xx to an INVITE, each copy too, gets an ACK.",
    methods=_INVITE,
)
def _every_2xx_is_acknowledged(exchange: Exchange, call: CallSeen) -> Iterator[Finding]:
    finals = [final for final in exchange.finals if final.response.status < 300]
    for place, final in enumerate(finals):
        following = finals[place + 1].number if place + 1 < len(finals) else None
        acks = [
            ack for ack in exchange.acks if ack.number > final.number and (following is None or ack.number < following)
        ]
        if acks:
            yield kept(final, acks[0])
        elif following is not None and finals[place + 1].time - final.time < 0.4:
            continue  # the copies followed one another too closely to tell which ACK is for which
        else:
            yield broken("an ACK", "none came before the next copy", final)
