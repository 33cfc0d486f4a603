"""RFC 3261 sections 8.2.6 and 18.1.2: responses to us, and responses of ours that a client passes over."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from bench import BYE, OK, Bench, Caller, Sent, reply_to

from responder.transaction.fault import Fault
from responder.uas.script import Order, Reply

from .judging import verdicts


def answered(change: Callable[[bytes], bytes], *, order: Order = BYE, status: int = 200) -> dict[str, str]:
    """A request of ours in a call, answered with this change to what is right."""
    bench, caller = Bench(OK, "ack", order, "stay"), Caller()
    bench.hostile = True

    def answer(sent: Sent) -> bytes:
        contact = (f"Contact: {caller.contact}",) if order.method == "INVITE" else ()
        return change(reply_to(sent, status, *contact))

    bench.peers[order.method] = answer
    bench.call(caller)
    bench.run(30)
    bench.receive(Caller(2).request("OPTIONS"))
    return verdicts(bench)


def as_it_is(data: bytes) -> bytes:
    return data


RIGHT = ("response-copies-via", "response-copies-from", "response-has-to-with-a-tag", "requests-to-it-are-answered")


def test_right_responses() -> None:
    found = answered(as_it_is)
    assert {rule: found[rule] for rule in (*RIGHT, "bye-gets-200")} == dict.fromkeys((*RIGHT, "bye-gets-200"), "pass")
    found = answered(as_it_is, order=Order("INVITE"))
    assert found["accepted-invite-has-a-contact"] == "pass"


@pytest.mark.parametrize(
    ("rule", "old", "new"),
    [
        ("response-copies-via", b"SIP/2.0/UDP 127.0.0.1", b"SIP/2.0/UDP 127.0.0.2"),
        ("response-copies-via", b";branch=z9hG4bK", b";branch=z9hG4bKx"),
        ("response-copies-from", b"From: <sip:", b"From: <sip:other"),
        ("response-has-to-with-a-tag", b";tag=from1", b""),
    ],
)
def test_what_is_not_copied(rule: str, old: bytes, new: bytes) -> None:
    changed: list[bool] = []

    def change(data: bytes) -> bytes:
        changed.append(old in data)
        return data.replace(old, new, 1)

    found = answered(change)
    assert all(changed)
    assert found[rule] == "fail"


def test_no_contact_in_a_2xx() -> None:
    def change(data: bytes) -> bytes:
        return b"\r\n".join(line for line in data.split(b"\r\n") if not line.startswith(b"Contact"))

    assert answered(change, order=Order("INVITE"))["accepted-invite-has-a-contact"] == "fail"


def test_a_bye_that_is_refused() -> None:
    assert answered(as_it_is, status=500)["bye-gets-200"] == "fail"


@pytest.mark.parametrize(("status", "rule"), [(100, "no-early-100"), (180, "no-other-1xx-than-100")])
def test_provisional_responses_to_other_methods(status: int, rule: str) -> None:
    assert answered(as_it_is, status=status)[f"{rule}-for-other-methods"] == "fail"


def test_a_100_in_time() -> None:
    bench, caller = Bench(OK, "ack", BYE, "stay"), Caller()
    bench.call(caller)
    bench.run(4)
    (bye, *copies) = [sent for sent in bench.sent if sent.what == "BYE"]
    assert len(copies) == 3
    bench.receive(reply_to(bye, 100))
    bench.receive(reply_to(bye, 200))
    found = verdicts(bench)
    assert found["no-early-100-for-other-methods"] == "pass"
    assert found["no-other-1xx-than-100-for-other-methods"] == "pass"


@pytest.mark.parametrize("alive", [True, False])
def test_no_response_at_all(alive: bool) -> None:
    bench, caller = Bench(OK, "ack", BYE, "stay"), Caller()
    bench.call(caller)
    bench.run(30)
    if alive:
        bench.receive(Caller(2).request("OPTIONS"))
    assert verdicts(bench).get("requests-to-it-are-answered") == ("fail" if alive else None)


@pytest.mark.parametrize("acknowledged", [True, False])
@pytest.mark.parametrize("status", [499, 699, 299])
def test_unknown_codes(status: int, acknowledged: bool) -> None:
    bench, caller = Bench(Reply(status)), Caller()
    final = bench.receive(caller.invite())[-1]
    assert final.status == status
    if acknowledged and status < 300:
        caller.heard(final)
        bench.receive(caller.ack())
    elif acknowledged:
        bench.receive(caller.ack_refusal(final))
    bench.run(20)
    assert verdicts(bench)["unknown-final-is-taken-for-its-class"] == ("pass" if acknowledged else "fail")


@pytest.mark.parametrize("status", [202, 486])
def test_a_known_code_says_nothing(status: int) -> None:
    bench, caller = Bench(Reply(status)), Caller()
    bench.receive(caller.invite())
    bench.run(10)
    assert "unknown-final-is-taken-for-its-class" not in verdicts(bench)


@pytest.mark.parametrize("corruption", ["wrong-branch", "wrong-cseq-method", "lower-via-first", "second-via"])
@pytest.mark.parametrize("reacts", [True, False])
def test_strays(corruption: str, reacts: bool) -> None:
    rule = "response-with-two-vias-is-discarded" if corruption == "second-via" else "stray-response-is-discarded"
    bench, caller = Bench(Reply(486, fault=Fault(corrupt=(corruption,)))), Caller()
    bench.hostile = True
    final = bench.receive(caller.invite())[-1]
    if reacts:
        bench.receive(caller.ack_refusal(final))
    bench.run(1)
    found = verdicts(bench)
    assert found[rule] == ("fail" if reacts else "pass")
    assert "refusal-is-acknowledged" not in found
    bench.run(40)
    assert "refusal-is-acknowledged" not in verdicts(bench)


@pytest.mark.parametrize("reacts", [True, False])
def test_a_stray_challenge(reacts: bool) -> None:
    challenge = ("WWW-Authenticate", 'Digest realm="r", nonce="abc", algorithm=MD5, qop="auth"')
    stray = Reply(401, headers=(challenge,), fault=Fault(corrupt=("wrong-branch",)))
    bench, caller = Bench(plans={"OPTIONS": (stray,)}), Caller()
    bench.hostile = True
    bench.receive(caller.request("OPTIONS"))
    if reacts:
        credentials = 'Digest username="a", realm="r", nonce="abc", uri="sip:bob@127.0.0.1", response="0"'
        bench.receive(caller.request("OPTIONS", f"Authorization: {credentials}"))
    assert verdicts(bench)["stray-response-is-discarded"] == ("fail" if reacts else "pass")
