"""RFC 3311 and RFC 6086: UPDATE and INFO."""

from __future__ import annotations

import pytest
from bench import OK, RINGING, Bench, Caller, Sent, reply_to

from responder.uas.script import Order, Reply

from .judging import verdicts

TAKES = Reply(200, headers=(("Recv-Info", "g.one, g.two"),))


@pytest.mark.parametrize(("method", "rule"), [("UPDATE", "update-is-in-a-dialog"), ("INFO", "info-is-in-a-dialog")])
def test_a_request_outside_of_dialogs(method: str, rule: str) -> None:
    bench, caller = Bench(RINGING, OK), Caller()
    bench.call(caller)
    bench.receive(caller.request(method))
    assert verdicts(bench)[rule] == "pass"
    bench.receive(caller.request(method, to_tag=None))
    assert verdicts(bench)[rule] == "fail"


@pytest.mark.parametrize(("package", "verdict"), [("g.two", "pass"), ("g.three", "fail")])
def test_the_packages_that_we_take(package: str, verdict: str) -> None:
    bench, caller = Bench(RINGING, TAKES, "stay"), Caller()
    bench.call(caller)
    bench.run(1)
    bench.receive(caller.request("INFO", f"Info-Package: {package}"))
    assert verdicts(bench)["info-package-is-one-that-we-take"] == verdict


@pytest.mark.parametrize(("fields", "verdict"), [((), "pass"), (("Recv-Info: g.one",), "fail")])
def test_what_an_info_does_not_have(fields: tuple[str, ...], verdict: str) -> None:
    bench, caller = Bench(RINGING, OK), Caller()
    bench.call(caller)
    bench.receive(caller.request("INFO", *fields))
    assert verdicts(bench)["info-has-no-recv-info"] == verdict


@pytest.mark.parametrize(
    ("status", "fields", "verdict"),
    [(500, ("Retry-After: 3",), "pass"), (500, (), "fail"), (200, (), "fail")],
)
def test_a_second_update_before_the_answer(status: int, fields: tuple[str, ...], verdict: str) -> None:
    steps = (RINGING, OK, "ack", 1.0, Order("UPDATE"), 1.0, Order("UPDATE"), "stay")
    bench, caller = Bench(*steps), Caller()
    numbers: set[int] = set()

    def answered(sent: Sent) -> bytes:
        numbers.add(sent.message.cseq.number)
        return reply_to(sent, 100) if len(numbers) == 1 else reply_to(sent, status, *fields)

    bench.peers["UPDATE"] = answered
    bench.call(caller)
    bench.run(2.2)
    assert verdicts(bench)["second-update-gets-500"] == verdict
