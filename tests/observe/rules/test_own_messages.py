"""What the responder sends to itself is nothing that the client did."""

from __future__ import annotations

from dataclasses import replace

from bench import OK, Bench, Caller

from responder.observe.judge import judge
from responder.observe.records import MessageRecord

from .judging import records_of


def test_a_message_from_our_own_address_is_not_judged() -> None:
    bench, caller = Bench(OK), Caller()
    final = bench.receive(caller.invite())[-1]
    caller.heard(final)
    bench.receive(caller.ack())
    records = [one for one in records_of(bench.events) if isinstance(one, MessageRecord)]
    bye = caller.bye().replace(b"tag=", b"tag=other").replace(b"Max-Forwards: 70\r\n", b"")
    ours = ("127.0.0.1", 5060)
    sent = replace(records[-1], received=False, local=ours, remote=ours, data=bye, time=1.0)
    run = judge([*records, sent, replace(sent, received=True, time=1.001)])
    assert [seen.received for seen in run.transcript.messages[-2:]] == [False, False]
    assert {exchange.method for exchange in run.transcript.exchanges} == {"INVITE"}
    assert "BYE" not in {finding.actual for one in run.judged for _, finding in one.findings}
    assert not {"in-dialog-tags-are-those-of-the-dialog", "request-has-max-forwards"} & {
        one.rule.id for one in run.violations("MUST")
    }
    # from the client it would be judged
    theirs = judge([*records, replace(records[-1], data=bye, time=1.0)])
    assert "in-dialog-tags-are-those-of-the-dialog" in {one.rule.id for one in theirs.violations("MUST")}
