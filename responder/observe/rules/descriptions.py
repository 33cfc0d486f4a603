"""Session descriptions of a dialog in order, who sent each, and which answers which (RFC 3264, RFC 3261 13.2.1)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from responder.observe.rules.in_dialog import option, ours_within, within
from responder.observe.transcript import CallSeen, DialogSeen, Exchange, Seen
from responder.sip.session_description import SdpError, Session


@dataclass(frozen=True)
class Description:
    """One session description of the client, or of ours."""

    seen: Seen
    session: Session | None
    """None where it cannot be read."""
    fault: str = ""
    """Why not."""


def description_of(seen: Seen) -> Description | None:
    """The session description that is the whole body of a message; None where there is none, or it is in a part."""
    message = seen.message
    if message is None or not message.body or seen.first("content-encoding"):
        return None
    kind = seen.first("content-type").partition(";")[0].strip().lower()
    disposition = seen.first("content-disposition").partition(";")[0].strip().lower()
    if kind != "application/sdp" or disposition not in ("", "session"):
        return None
    try:
        return Description(seen, Session.parse(message.body.decode("utf-8", "surrogateescape")))
    except SdpError as error:
        return Description(seen, None, error.what)


def of_client(call: CallSeen, dialog: DialogSeen) -> list[Description]:
    """All that the client sent in a dialog, copies left out, in order."""
    own = [dialog.made_by, *within(call, dialog)]
    found = [exchange.request for exchange in own]
    found += [ack for one in own for ack in one.acks if ack.identity.to_tag == dialog.our_tag]
    found += [seen for ours in ours_within(call, dialog) for seen in ours.responses]
    described: dict[bytes, Description] = {}
    for seen in sorted(found, key=lambda one: one.number):
        description = description_of(seen)
        if description is not None and seen.data not in described:
            described[seen.data] = description
    return list(described.values())


def answers(call: CallSeen, dialog: DialogSeen) -> Iterator[tuple[Seen, Seen]]:
    """Offers of ours and the messages of the client that have to have the answer: 2xx, ACK or PRACK."""
    for ours in ours_within(call, dialog, "INVITE", "UPDATE", "PRACK"):
        final = ours.final
        if description_of(ours.request) is None or final is None or final.response.status >= 300:
            continue
        early = [seen for seen in ours.provisionals if option(seen, "require", "100rel") and description_of(seen)]
        yield ours.request, (early or [final])[0]
    for own in (dialog.made_by, *within(call, dialog, "INVITE")):
        if own.request.message is None or own.request.message.body:
            continue
        pracked = False
        for seen in own.responses:
            if seen.identity.to_tag != dialog.our_tag or description_of(seen) is None or pracked:
                continue
            number = seen.first("rseq")
            if seen.response.status < 200 and option(seen, "require", "100rel"):
                for prack in within(call, dialog, "PRACK"):
                    if prack.request.first("rack").split()[:1] == [number] and not pracked:
                        pracked = True
                        yield seen, prack.request
            elif 200 <= seen.response.status < 300:
                pracked = True
                tag = dialog.our_tag
                ack = next((one for one in own.acks if one.identity.to_tag == tag), None)
                if ack is not None:
                    yield seen, ack


def offers_of_client(call: CallSeen, dialog: DialogSeen) -> list[Exchange]:
    """Its requests in a dialog, the first too, that have an offer, in order."""
    answering = {id(answer) for _, answer in answers(call, dialog)}
    return [
        exchange
        for exchange in (dialog.made_by, *within(call, dialog, "INVITE", "UPDATE", "PRACK"))
        if description_of(exchange.request) is not None and id(exchange.request) not in answering
    ]
