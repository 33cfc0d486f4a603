"""RFC 3261 sections 17.1.1.2 and 17.1.2.2: when a client sends a request again."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import pytest
from bench import BUSY, OK, RINGING, TCP, Bench, Caller

from responder.transaction.fault import Fault
from responder.uas.script import Reply

from .judging import verdicts

DOUBLING = (0.5, 1.5, 3.5, 7.5, 15.5, 31.5)
CAPPED = (0.5, 1.5, 3.5, 7.5, 11.5, 15.5, 19.5, 23.5, 27.5, 31.5)


UNHEARD = Reply(100, fault=Fault(drop=1000))
"""A response that never leaves."""


def silent(
    method: str, times: Iterable[float], *, until: float = 40.0, alive: bool = True, first: Reply = UNHEARD
) -> dict[str, str]:
    """A request that gets no more than `first` and comes again at these times; at last the client shows that it still
    lives."""
    bench, caller = Bench(first, "stay", plans={"*": (first, "stay")}), Caller()
    request = caller.request(method)
    bench.receive(request)
    for time in times:
        bench.run(time - bench.now)
        bench.receive(request)
    bench.run(max(0.0, until - bench.now))
    if alive:
        bench.receive(Caller(2).request("OPTIONS"))
    return verdicts(bench)


@pytest.mark.parametrize(
    "times",
    [
        DOUBLING,
        [2 * time for time in DOUBLING[:-1]],  # T1 is 1 s
        (0.5, 3.5, 7.5, 15.5),  # one was lost
        (1.5, 3.5, 15.5, 31.5),  # two were
        (0.52, 1.61, 3.63, 7.7),
        (1.21, 1.21, 3.5, 7.5),  # what came first was read late, and the two together
        (0.0, 0.5, 2.5, 6.5),  # the INVITE itself was read a second late
        (0.9, 1.5, 4.5, 7.5, 15.5),  # two were read late
        (0.5, 2.5, 4.5, 8.5),  # the client stood still for a second
    ],
    ids=str,
)
def test_doubling_intervals(times: Sequence[float]) -> None:
    found = silent("INVITE", times)
    assert found["invite-copies-back-off"] == "pass"
    assert found["invite-is-given-up-after-64-t1"] == "pass"
    assert found["invite-is-sent-again-by-udp"] == "pass"


@pytest.mark.parametrize("times", [(0.5, 1.0, 1.5, 2.0), (0.5, 1.5, 3.5, 5.5, 7.5), (0.02, 0.04, 0.06, 0.08)], ids=str)
def test_intervals_of_an_invite_that_do_not_double(times: Sequence[float]) -> None:
    assert silent("INVITE", times)["invite-copies-back-off"] == "fail"


@pytest.mark.parametrize(
    ("times", "verdict"),
    [(CAPPED, "pass"), ((0.5, 1.5, 7.5, 11.5, 19.5), "pass"), ((0.5, 1.0, 1.5, 2.0, 2.5), "fail")],
    ids=str,
)
def test_other_requests(times: Sequence[float], verdict: str) -> None:
    assert silent("OPTIONS", times)["other-copies-back-off"] == verdict


@pytest.mark.parametrize(
    ("times", "verdict"), [((4.0, 8.0, 12.0, 16.0), "pass"), ((4.0, 4.5, 5.0, 5.5, 6.0), "fail")], ids=str
)
def test_other_requests_after_the_100(times: Sequence[float], verdict: str) -> None:
    found = silent("OPTIONS", times, first=Reply(100))
    assert found["other-copies-slow-down-after-1xx"] == verdict


def test_no_copies_at_all() -> None:
    assert silent("INVITE", ())["invite-is-sent-again-by-udp"] == "fail"


def test_a_client_that_is_gone_is_not_blamed() -> None:
    assert "invite-is-sent-again-by-udp" not in silent("INVITE", (), alive=False)


def test_a_client_that_never_gives_up() -> None:
    found = silent("INVITE", (*DOUBLING, 63.5), until=70)
    assert found["invite-is-given-up-after-64-t1"] == "fail"


@pytest.mark.parametrize(("copies", "verdict"), [(0, "pass"), (1, None), (3, "fail")])
def test_invite_after_1xx(copies: int, verdict: str | None) -> None:
    bench, caller = Bench(RINGING, 20, BUSY), Caller()
    invite = caller.invite()
    bench.receive(invite)
    for _ in range(copies):
        bench.run(2)
        bench.receive(invite)
    refusal = bench.run(21)[-1]
    bench.receive(caller.ack_refusal(refusal))
    assert verdicts(bench).get("invite-is-not-sent-again-after-1xx") == verdict


@pytest.mark.parametrize("again", [False, True])
def test_invite_after_its_ack(again: bool) -> None:
    bench, caller = Bench(BUSY), Caller()
    invite = caller.invite()
    refusal = bench.receive(invite)[-1]
    bench.receive(caller.ack_refusal(refusal))
    bench.run(1)
    if again:
        bench.receive(invite)
    found = verdicts(bench)
    assert found["invite-is-not-sent-again-after-its-final-response"] == ("fail" if again else "pass")


@pytest.mark.parametrize("again", [False, True])
def test_a_request_after_another_try(again: bool) -> None:
    bench, caller = Bench(plans={"REGISTER": (Reply(423),)}), Caller()
    register = caller.request("REGISTER", uri="sip:127.0.0.1")
    bench.receive(register)
    bench.receive(caller.request("REGISTER", "Expires: 7200", uri="sip:127.0.0.1"))
    bench.run(1)
    if again:
        bench.receive(register)
    found = verdicts(bench)
    assert found["other-request-is-not-sent-again-after-its-final-response"] == ("fail" if again else "pass")


@pytest.mark.parametrize("again", [False, True])
def test_streams(again: bool) -> None:
    bench, caller = Bench(UNHEARD, 2, OK), Caller(flow=TCP)
    invite = caller.invite()
    bench.receive(invite, TCP)
    bench.run(0.5)
    if again:
        bench.receive(invite, TCP)
    bench.run(3)
    assert verdicts(bench)["invite-is-not-sent-again-on-a-stream"] == ("fail" if again else "pass")


def test_a_request_that_is_answered_at_once_says_nothing() -> None:
    bench, caller = Bench(OK), Caller()
    bench.call(caller)
    found = verdicts(bench)
    assert not {"invite-copies-back-off", "invite-is-sent-again-by-udp"} & set(found)
