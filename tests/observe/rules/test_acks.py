"""RFC 3261 sections 17.1.1.3 and 13.2.2.4: the ACK."""

from __future__ import annotations

from bench import BUSY, OK, Bench, Caller

from .judging import verdict_on, verdicts


def refused(branch: str | None = "same") -> Bench:
    """A refused INVITE; `branch` is that of its ACK, None: no ACK."""
    bench, caller = Bench(BUSY), Caller()
    refusal = bench.receive(caller.invite())[-1]
    if branch is not None:
        branch = caller.invited[1] if branch == "same" else branch
        bench.receive(caller.request("ACK", cseq=1, branch=branch, to_tag=refusal.message.to_tag))
    bench.run(40)
    return bench


class TestRefusal:
    def test_a_right_ack(self) -> None:
        found = verdicts(refused())
        assert found["refusal-is-acknowledged"] == "pass"
        assert found["ack-non-2xx-reuses-branch"] == "pass"

    def test_no_ack(self) -> None:
        found = verdicts(refused(branch=None))
        assert found["refusal-is-acknowledged"] == "fail"
        assert "ack-non-2xx-reuses-branch" not in found

    def test_another_branch(self) -> None:
        judgement = verdict_on(refused(branch="z9hG4bKother"))
        (one,) = [one for one in judgement.judged if one.rule.id == "ack-non-2xx-reuses-branch"]
        assert one.verdict == "fail"
        assert "z9hG4bKother" in one.failures[0][1].actual


class TestSuccess:
    def test_a_right_ack(self) -> None:
        bench, caller = Bench(OK), Caller()
        bench.call(caller)
        found = verdicts(bench)
        assert found["ack-2xx-is-a-new-transaction"] == "pass"
        assert found["success-is-acknowledged"] == "pass"

    def test_the_branch_of_the_invite(self) -> None:
        bench, caller = Bench(OK), Caller()
        bench.call(caller, acknowledge=False)
        bench.receive(caller.ack(branch=caller.invited[1]))
        assert verdicts(bench)["ack-2xx-is-a-new-transaction"] == "fail"

    def test_no_ack(self) -> None:
        bench, caller = Bench(OK), Caller()
        bench.call(caller, acknowledge=False)
        bench.run(40)
        assert verdicts(bench)["success-is-acknowledged"] == "fail"
