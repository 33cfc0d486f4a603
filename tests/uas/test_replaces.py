"""RFC 3891 section 3: an INVITE that replaces a dialog."""

from __future__ import annotations

import pytest
from bench import OK, RINGING, Bench, Caller, Sent, reply_to, whats

from responder.uas.script import Order, Reply


def replaces(caller: Caller, sent: Sent, more: str = "") -> str:
    return f"Replaces: {caller.call_id};to-tag={sent.message.to_tag};from-tag={caller.tag}{more}"


def confirmed(bench: Bench) -> tuple[Caller, Sent]:
    caller = Caller(1)
    return caller, bench.call(caller)[-1]


def test_a_confirmed_dialog_is_ended_by_bye_when_the_new_call_gets_its_2xx() -> None:
    bench = Bench(RINGING, 1.0, OK)
    bench.peers["BYE"] = 200
    first = Caller(1)
    bench.receive(first.invite())
    answer = bench.run(1)[-1]
    first.heard(answer)
    bench.receive(first.ack())
    second = Caller(2)
    assert whats(bench.receive(second.invite(replaces(first, answer), "Require: replaces"))) == ["180"]
    sent = bench.run(1)
    assert whats(sent) == ["200", "BYE"]
    assert sent[1]["Call-ID"] == first.call_id
    second.heard(sent[0])
    bench.receive(second.ack())
    bench.peers.clear()
    assert [end.call_id for end in bench.ended] == [first.call_id]
    bench.receive(second.bye())
    bench.drain()


def test_a_refused_replacement_leaves_the_dialog_alone() -> None:
    bench = Bench(OK)
    first, answer = confirmed(bench)
    second = Caller(2)
    bench.book.plans["INVITE"] = (Reply(488),)
    sent = bench.receive(second.invite(replaces(first, answer)))
    assert whats(sent) == ["488"]
    bench.receive(second.ack_refusal(sent[-1]))
    assert not bench.run(40)
    assert whats(bench.receive(first.bye())) == ["200"]
    bench.drain()


@pytest.mark.parametrize("wrong", ["call", "to", "from"])
def test_a_dialog_that_is_not_there_is_481(wrong: str) -> None:
    bench = Bench(OK)
    first, answer = confirmed(bench)
    call_id = "other" if wrong == "call" else first.call_id
    to_tag = "other" if wrong == "to" else answer.message.to_tag
    from_tag = "other" if wrong == "from" else first.tag
    field = f"Replaces: {call_id};to-tag={to_tag};from-tag={from_tag}"
    assert whats(bench.receive(Caller(2).invite(field))) == ["481"]


def test_early_only_leaves_a_confirmed_dialog_alone_486() -> None:
    bench = Bench(OK)
    first, answer = confirmed(bench)
    assert whats(bench.receive(Caller(2).invite(replaces(first, answer, ";early-only")))) == ["486"]


def test_an_early_dialog_that_the_peer_began_cannot_be_replaced_481() -> None:
    bench = Bench(RINGING, "stay")
    first = Caller(1)
    ringing = bench.receive(first.invite())[-1]
    assert whats(bench.receive(Caller(2).invite(replaces(first, ringing)))) == ["481"]


def test_a_dialog_that_has_ended_is_603() -> None:
    bench = Bench(OK)
    first, answer = confirmed(bench)
    bench.receive(first.bye())
    assert whats(bench.receive(Caller(2).invite(replaces(first, answer)))) == ["603"]


def test_it_has_its_place_in_one_field_of_an_invite_400() -> None:
    bench = Bench(OK)
    first, answer = confirmed(bench)
    twice = (replaces(first, answer), replaces(first, answer))
    assert whats(bench.receive(Caller(2).invite(*twice))) == ["400"]
    joining = replaces(first, answer).replace("Replaces", "Join")
    assert whats(bench.receive(Caller(3).invite(replaces(first, answer), joining))) == ["400"]
    assert whats(bench.receive(Caller(4).request("OPTIONS", replaces(first, answer)))) == ["400"]


def test_the_check_can_be_turned_off() -> None:
    bench = Bench(OK, unchecked=["replaces"])
    assert whats(bench.receive(Caller(2).invite("Replaces: nowhere;to-tag=a;from-tag=b"))) == ["200"]


def test_an_early_dialog_of_ours_is_cancelled() -> None:
    bench = Bench(plans={"MESSAGE": (lambda call, _: call.place(Order("INVITE"), "sip:carol@192.0.2.10:5062"), OK)})
    sent = bench.receive(Caller(1).request("MESSAGE", body=b"hi", content_type="text/plain"))
    invite = next(one for one in sent if one.what == "INVITE")
    bench.receive(
        reply_to(invite, 180).replace(b"To: <sip:carol@192.0.2.10:5062>", b"To: <sip:carol@192.0.2.10:5062>;tag=c")
    )
    field = f"Replaces: {invite['Call-ID']};to-tag={invite.message.from_tag};from-tag=c"
    assert whats(bench.receive(Caller(2).invite(field))) == ["180", "200", "CANCEL"]
