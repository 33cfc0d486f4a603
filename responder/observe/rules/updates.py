"""UPDATE (RFC 3311) and INFO (RFC 6086) of a client."""

from __future__ import annotations

from collections.abc import Iterator

from responder.observe.rules.in_dialog import later, ours_within, second_gets_500, sessions, within
from responder.observe.rules.rule import MUST, Finding, judged, of_call, of_exchange
from responder.observe.transcript import CallSeen, Exchange


@of_exchange(
    "update-is-in-a-dialog", MUST, "RFC 3311 5.1", "An UPDATE is in a dialog: it has a To tag.", methods=("UPDATE",)
)
def _in_dialog(exchange: Exchange, call: CallSeen) -> Iterator[Finding]:
    yield judged(not exchange.outside_dialog(), "a To with a tag", exchange.request.first("to"), exchange.request)


@of_exchange("info-is-in-a-dialog", MUST, "RFC 6086 4.2.1", "An INFO is in the dialog of an INVITE.", methods=("INFO",))
def _info_in_dialog(exchange: Exchange, call: CallSeen) -> Iterator[Finding]:
    yield judged(not exchange.outside_dialog(), "a To with a tag", exchange.request.first("to"), exchange.request)


@of_call(
    "second-update-gets-500",
    MUST,
    "RFC 3311 5.2",
    "An UPDATE of ours that comes before the final response to another gets 500 with Retry-After.",
)
def _second_update(call: CallSeen) -> Iterator[Finding]:
    yield from second_gets_500(call, "UPDATE")


@of_exchange("info-has-no-recv-info", MUST, "RFC 6086 4.2.1", "An INFO has no Recv-Info.", methods=("INFO",))
def _no_recv_info(exchange: Exchange, call: CallSeen) -> Iterator[Finding]:
    there = exchange.request.every("recv-info")
    yield judged(not there, "no Recv-Info", ", ".join(there), exchange.request)


@of_call(
    "info-package-is-one-that-we-take",
    MUST,
    "RFC 6086 4.2.1",
    "An INFO for an Info Package is sent only where our last Recv-Info in the dialog has that package.",
)
def _package(call: CallSeen) -> Iterator[Finding]:
    for dialog in sessions(call):
        sources = [*dialog.made_by.responses]
        for own in within(call, dialog, "INVITE", "UPDATE", "PRACK", "INFO"):
            sources += own.responses
        sources += [ours.request for ours in ours_within(call, dialog, "INVITE", "UPDATE", "PRACK", "ACK")]
        said = sorted((seen for seen in sources if seen.every("recv-info")), key=lambda seen: seen.number)
        for info in within(call, dialog, "INFO"):
            package = _name(info.request.first("info-package"))
            if not package:
                continue
            before = [seen for seen in said if seen.number < info.request.number]
            known = [seen for seen in before if later(info.request, seen)]
            valid = [*known[-1:], *[seen for seen in before if seen not in known]]  # two while one is on its way
            taken = {_name(value) for seen in valid for value in seen.every("recv-info")}
            yield judged(
                package in taken, f"one of: {', '.join(sorted(taken)) or 'none'}", package, *before[-1:], info.request
            )


def _name(value: str) -> str:
    return value.partition(";")[0].strip().lower()
