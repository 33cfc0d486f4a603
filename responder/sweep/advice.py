"""What is odd about a sweep as a whole, so that it is probably not the client but the command that is wrong."""

from __future__ import annotations

from collections.abc import Sequence

from responder.observe.report.result import NO_CALL, Result


def advice(results: Sequence[Result]) -> list[str]:
    """In words, a line each."""
    found = []
    if results and all(result.outcome == NO_CALL for result in results):
        found.append("no client called: does the command call {uri}, or {host}:{port}? Its output is in the report")
    elsewhere = [result for result in results if result.seen and _came_otherwise(result)]
    if elsewhere:
        told = elsewhere[0].case.transport
        found.append(
            f"told to come by {told}, the client came otherwise in {len(elsewhere)} of {len(results)} cases:"
            " does the command use {uri} or {transport}?"
        )
    return found


def _came_otherwise(result: Result) -> bool:
    """Whether nothing came by the transport that the client was told."""
    came = {seen.record.transport for seen in result.seen if seen.received}
    return bool(came) and result.case.transport not in came
