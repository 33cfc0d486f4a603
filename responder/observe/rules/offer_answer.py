"""Offers and answers of a client (RFC 3264; RFC 3261 section 13.2.1; RFC 3262 section 5; RFC 3311 section 5)."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from typing import Final

from responder.observe.rules.comparing import has_sdp
from responder.observe.rules.descriptions import (
    Description,
    answers,
    description_of,
    of_client,
    offers_of_client,
)
from responder.observe.rules.in_dialog import PATIENCE, later, ours_within, sessions
from responder.observe.rules.rule import MUST, SHOULD, Finding, broken, judged, kept, of_call
from responder.observe.transcript import CallSeen, Exchange, Seen
from responder.sip.message import Response
from responder.sip.session_description import Media, Session

_DIRECTIONS: Final = {
    "sendonly": ("recvonly", "inactive"),
    "recvonly": ("sendonly", "inactive"),
    "inactive": ("inactive",),
    "sendrecv": ("sendrecv", "sendonly", "recvonly", "inactive"),
}
"""What may answer what (RFC 3264 section 6.1)."""


def _answered(call: CallSeen) -> Iterator[tuple[Seen, Session, Seen, Session]]:
    """Every offer of ours with the answer of the client, where both can be read."""
    for dialog in sessions(call):
        for offer, answer in answers(call, dialog):
            ours, theirs = description_of(offer), description_of(answer)
            if ours is not None and ours.session is not None and theirs is not None and theirs.session is not None:
                yield offer, ours.session, answer, theirs.session


def _streams(call: CallSeen) -> Iterator[tuple[Seen, Session, Media, Seen, Session, Media]]:
    """Every stream that we offered with its answer."""
    for offer, ours, answer, theirs in _answered(call):
        for one, other in zip(ours.media, theirs.media, strict=False):
            yield offer, ours, one, answer, theirs, other


@of_call(
    "session-description-is-valid",
    MUST,
    "RFC 3264 5, RFC 4566 5",
    "Every offer and answer is a session description that RFC 4566 allows.",
)
def _valid(call: CallSeen) -> Iterator[Finding]:
    seen_before: set[bytes] = set()
    for seen in call.messages:
        if not seen.received or seen.message is None or seen.data in seen_before:
            continue
        seen_before.add(seen.data)
        description = description_of(seen)
        if description is not None:
            fault = description.fault or _disorder(seen.message.body)
            yield judged(not fault, "valid SDP", fault, seen)


_ORDER: Final = ("vosiuepcbtrzka", "micbka")
"""The lines of a session and of a medium, in their order (RFC 4566 section 5); `t` and `r` take turns."""


def _disorder(body: bytes) -> str:
    """Which line stands where it must not; empty where none does."""
    order, last = _ORDER[0], 0
    for line in body.decode("utf-8", "surrogateescape").splitlines():
        letter = line[:1]
        if letter == "m":
            order, last = _ORDER[1], 0
        place = order.find("t" if letter == "r" and order == _ORDER[0] else letter)
        if 0 <= place < last:
            return f"{letter}= stands behind {order[last]}="
        last = max(last, place)
    return ""


@of_call(
    "our-offer-is-answered-in-the-2xx",
    MUST,
    "RFC 3261 13.3.1.4",
    "An INVITE of ours with an offer that the client accepts gets the answer in its 2xx, or in a reliable 1xx before.",
)
def _offer_is_answered(call: CallSeen) -> Iterator[Finding]:
    yield from _answered_in_2xx(call, "INVITE")


@of_call(
    "our-offer-in-an-update-is-answered-in-the-2xx",
    MUST,
    "RFC 3311 5.2",
    "An UPDATE of ours with an offer that the client accepts gets the answer in its 2xx.",
)
def _update_is_answered(call: CallSeen) -> Iterator[Finding]:
    yield from _answered_in_2xx(call, "UPDATE")


def _answered_in_2xx(call: CallSeen, method: str) -> Iterator[Finding]:
    for dialog in sessions(call):
        for offer, answer in answers(call, dialog):
            if isinstance(answer.message, Response) and offer.request.method == method:
                yield judged(bool(answer.message.body), "a session description", "no body", offer, answer)


@of_call(
    "our-invite-without-offer-gets-one",
    MUST,
    "RFC 3261 13.3.1.4",
    "An INVITE of ours without an offer that the client accepts gets an offer in its 2xx, or in a reliable 1xx before.",
)
def _offers(call: CallSeen) -> Iterator[Finding]:
    for dialog in sessions(call):
        for ours in ours_within(call, dialog, "INVITE"):
            final = ours.final
            if final is None or final.response.status >= 300 or ours.request.request.body:
                continue
            there = [seen for seen in ours.responses if has_sdp(seen.message)]
            yield judged(bool(there), "an offer", "none", ours.request, final)


@of_call(
    "answer-has-the-streams-of-the-offer",
    MUST,
    "RFC 3264 6",
    "An answer has as many m= lines as the offer, each of the same type of media.",
)
def _same_streams(call: CallSeen) -> Iterator[Finding]:
    for offer, ours, answer, theirs in _answered(call):
        wanted, there = [one.kind for one in ours.media], [one.kind for one in theirs.media]
        yield judged(wanted == there, f"m= lines: {' '.join(wanted)}", f"{' '.join(there)}", offer, answer)


@of_call(
    "answer-keeps-the-profile",
    SHOULD,
    "RFC 3264 6",
    "A stream that is accepted has the transport protocol of the offer: its m= line corresponds to that.",
)
def _profile(call: CallSeen) -> Iterator[Finding]:
    for offer, _, one, answer, _, other in _streams(call):
        if one.port and other.port:
            yield judged(one.protocol == other.protocol, one.protocol, other.protocol, offer, answer)


@of_call(
    "answer-has-an-origin-of-its-own",
    MUST,
    "RFC 3264 6",
    "The o= line of an answer that differs from the offer is not that of the offer.",
)
def _own_origin(call: CallSeen) -> Iterator[Finding]:
    for offer, ours, answer, theirs in _answered(call):
        copied = ours.origin == theirs.origin and str(ours) != str(theirs)
        yield judged(not copied, "an o= line of its own", f"o={theirs.origin}", offer, answer)


@of_call("answer-keeps-the-times", MUST, "RFC 3264 6", "The t= line of an answer is that of the offer.")
def _times(call: CallSeen) -> Iterator[Finding]:
    for offer, ours, answer, theirs in _answered(call):
        wanted = [value.strip() for letter, value in ours.times if letter == "t"]
        there = [value.strip() for letter, value in theirs.times if letter == "t"]
        yield judged(wanted == there, f"t={' '.join(wanted)}", f"t={' '.join(there)}", offer, answer)


@of_call(
    "answer-fits-the-direction",
    MUST,
    "RFC 3264 6.1",
    "What is offered as sendonly is answered as recvonly or inactive, recvonly as sendonly or inactive, inactive as"
    " inactive.",
)
def _direction(call: CallSeen) -> Iterator[Finding]:
    for offer, ours, one, answer, theirs, other in _streams(call):
        offered, answered = ours.direction_of(one), theirs.direction_of(other)
        if one.port and other.port and offered != "sendrecv":
            right = _DIRECTIONS[offered]
            yield judged(answered in right, f"a={' or '.join(right)}", f"a={answered}", offer, answer)


@of_call(
    "stream-of-port-zero-stays-refused",
    MUST,
    "RFC 3264 8.2",
    "A stream that is offered with port zero has port zero in the answer.",
)
def _refused(call: CallSeen) -> Iterator[Finding]:
    for offer, _, one, answer, _, other in _streams(call):
        if not one.port:
            yield judged(not other.port, "port 0", f"port {other.port}", offer, answer)


@of_call(
    "answer-has-a-format-of-the-offer",
    MUST,
    "RFC 3264 6.1",
    "A stream that is accepted has at least one of the formats that were offered.",
)
def _formats(call: CallSeen) -> Iterator[Finding]:
    for offer, _, one, answer, _, other in _streams(call):
        if one.port and other.port and "RTP" in one.protocol and "RTP" in other.protocol:
            yield judged(
                bool(_codecs(one) & _codecs(other)), " ".join(one.formats), " ".join(other.formats), offer, answer
            )


@of_call(
    "answer-keeps-the-payload-numbers",
    SHOULD,
    "RFC 3264 6.1",
    "A codec has the payload type number in the answer that it has in the offer.",
)
def _numbers(call: CallSeen) -> Iterator[Finding]:
    for offer, _, one, answer, _, other in _streams(call):
        if one.port and other.port:
            ours = {name: payload for payload, name in _dynamic(one).items()}
            theirs = {name: payload for payload, name in _dynamic(other).items()}
            moved = [
                f"{name}: {ours[name]} became {theirs[name]}"
                for name in ours
                if theirs.get(name, ours[name]) != ours[name]
            ]
            yield judged(not moved, "the same numbers", ", ".join(moved), offer, answer)


@of_call(
    "dynamic-payload-types-are-mapped",
    MUST,
    "RFC 3264 6.1",
    "Each dynamic payload type in an answer has an rtpmap.",
)
def _mapped(call: CallSeen) -> Iterator[Finding]:
    for offer, _, _, answer, _, other in _streams(call):
        if other.port:
            missing = _unmapped(other)
            yield judged(not missing, "a=rtpmap for each", f"none for {', '.join(missing)}", offer, answer)


@of_call(
    "offered-dynamic-payload-types-are-mapped",
    SHOULD,
    "RFC 4566 5.14, RFC 4566 6, RFC 3264 5.1",
    "Each dynamic payload type in an INVITE has an rtpmap.",
)
def _offered_mapped(call: CallSeen) -> Iterator[Finding]:
    for exchange in call.requests_of_client:
        found = description_of(exchange.request) if exchange.method == "INVITE" else None
        if found is not None and found.session is not None:
            missing = [payload for stream in found.session.media for payload in _unmapped(stream)]
            yield judged(not missing, "a=rtpmap for each", f"none for {', '.join(missing)}", exchange.request)


def _unmapped(stream: Media) -> list[str]:
    """The dynamic payload types of an RTP stream that no rtpmap explains."""
    if not stream.port or "RTP" not in stream.protocol:
        return []
    dynamic = [payload for payload in stream.formats if payload.isdecimal() and 96 <= int(payload) <= 127]
    return [payload for payload in dynamic if payload not in stream.rtpmaps]


def _codecs(stream: Media) -> set[str]:
    """The formats by number where it is a fixed one, and by name."""
    names = {payload: name.lower() for payload, name in stream.rtpmaps.items()}
    fixed = {payload for payload in stream.formats if payload.isdecimal() and int(payload) < 96}
    return fixed | {names[payload] for payload in stream.formats if payload in names}


@of_call(
    "offer-version-rises-by-one",
    MUST,
    "RFC 3264 8",
    "A new offer has the o= line of the last description but for the version, which is one higher; with the same"
    " version it is the same description.",
)
def _version(call: CallSeen) -> Iterator[Finding]:
    for dialog in sessions(call):
        known: list[Description] = []
        offers = {id(exchange.request) for exchange in offers_of_client(call, dialog)}
        for description in of_client(call, dialog):
            session = description.session
            if session is None:
                continue
            if known and id(description.seen) in offers:
                last = known[-1].session
                assert last is not None
                yield judged(
                    any(_follows(one, description) for one in known[-2:]),
                    f"o={last.origin} with the version one higher, or the same description",
                    f"o={session.origin}",
                    known[-1].seen,
                    description.seen,
                )
            known.append(description)


def _follows(before: Description, after: Description) -> bool:
    one, other = before.session, after.session
    assert one is not None
    assert other is not None
    ours, theirs = one.origin, other.origin
    same = (ours.username, ours.session_id, ours.network, ours.family, ours.address) == (
        theirs.username,
        theirs.session_id,
        theirs.network,
        theirs.family,
        theirs.address,
    )
    return same and (theirs.version == ours.version + 1 or (theirs.version == ours.version and str(one) == str(other)))


@of_call(
    "new-offer-keeps-every-stream",
    MUST,
    "RFC 3264 8",
    "A new offer has an m= line for each of the last description that was agreed on; none is taken away.",
)
def _keeps_streams(call: CallSeen) -> Iterator[Finding]:
    for dialog in sessions(call):
        agreed: Seen | None = None
        count = 0
        for exchange in offers_of_client(call, dialog):
            description = description_of(exchange.request)
            if description is None or description.session is None:
                continue
            there = len(description.session.media)
            if agreed is not None:
                yield judged(there >= count, f"{count} m= lines or more", f"{there}", agreed, exchange.request)
            if exchange.final is not None and exchange.status < 300:
                agreed, count = exchange.request, there


@of_call(
    "hold-is-told-by-direction",
    SHOULD,
    "RFC 3264 8.4",
    "A new offer puts a stream on hold by its direction, not by the address 0.0.0.0.",
)
def _hold(call: CallSeen) -> Iterator[Finding]:
    for dialog in sessions(call):
        for exchange in offers_of_client(call, dialog)[1:]:
            found = description_of(exchange.request)
            if found is not None and found.session is not None:
                there = [found.session.connection_of(stream) for stream in found.session.media if stream.port]
                wrong = any(one is not None and one.address == "0.0.0.0" for one in there)
                yield judged(not wrong, "a=sendonly or a=inactive", "c=IN IP4 0.0.0.0", exchange.request)


@of_call(
    "payload-type-keeps-its-codec",
    MUST,
    "RFC 3264 8.3.2",
    "A dynamic payload type number means the same codec in all offers of a session, stream by stream.",
)
def _payload_types(call: CallSeen) -> Iterator[Finding]:
    for dialog in sessions(call):
        offers = [(one, description_of(one.request)) for one in offers_of_client(call, dialog)]
        read = [(one, found.session) for one, found in offers if found is not None and found.session is not None]
        for (before, last), (after, new) in pairwise(read):
            changed = [
                f"{payload}: {was} became {_dynamic(stream)[payload]}"
                for old, stream in zip(last.media, new.media, strict=False)
                if old.kind == stream.kind and old.port and stream.port
                for payload, was in _dynamic(old).items()
                if _dynamic(stream).get(payload, was) != was
            ]
            yield judged(not changed, "the same codecs", ", ".join(changed), before.request, after.request)


def _dynamic(stream: Media) -> dict[str, str]:
    return {
        payload: name.lower()
        for payload, name in stream.rtpmaps.items()
        if payload.isdecimal() and 96 <= int(payload) <= 127
    }


@of_call(
    "no-offer-while-one-is-open",
    MUST,
    "RFC 3264 4, RFC 3311 5.1",
    "No new offer before the last one has been answered or refused: in an UPDATE, a PRACK, or an INVITE after those.",
)
def _one_offer(call: CallSeen) -> Iterator[Finding]:
    for dialog in sessions(call):
        for before, after in pairwise(offers_of_client(call, dialog)):
            if not later(after.request, before.request) or before.method == after.method == "INVITE":
                continue  # `no-invite-while-another-is-open`
            done = _settled(before, dialog.our_tag, after.request)
            gave_up = after.time - before.time >= PATIENCE
            if done is not None or gave_up:
                yield kept(before.request, done, after.request)
            else:
                yield broken("no offer before the answer", after.method, before.request, after.request)


def _settled(offer: Exchange, tag: str, before: Seen) -> Seen | None:
    """The response that answered an offer, or refused it, before that message."""
    for seen in offer.responses:
        if seen.number > before.number:
            return None
        fits = seen.identity.to_tag == tag and description_of(seen) is not None
        if seen.response.status >= 200 or (fits and seen.response.status > 100):
            return seen
    return None
