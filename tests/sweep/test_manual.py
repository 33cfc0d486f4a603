"""Sweeps by hand: a phone dials cases in any order."""

from __future__ import annotations

import asyncio
import socket
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import pytest

from responder.errors import TransportError
from responder.net.address import ListenAddress
from responder.net.binding import bind
from responder.observe.records import Case, EndRecord
from responder.observe.report.result import results_of
from responder.sweep.attempt import Terms
from responder.sweep.flow import Flow
from responder.sweep.manual import Manual, dialled_as
from responder.sweep.selection import Selection
from responder.sweep.sweeping import Judging, Played

from .clients import UAC

pytestmark = pytest.mark.wire
PATIENCE = 20.0


def free_port() -> int:
    """A port that nobody has on 127.0.0.1, neither by UDP nor by TCP."""
    while True:
        with socket.socket() as tcp, socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp:
            tcp.bind(("127.0.0.1", 0))
            port: int = tcp.getsockname()[1]
            try:
                udp.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port


class Desk:
    """A sweep by hand that runs, and a phone that dials."""

    def __init__(self, manual: Manual, port: int, taken: list[Played], shown: list[tuple[str, str]]) -> None:
        self.manual = manual
        self.port = port
        self.taken = taken
        self.shown = shown
        """User and URI of what was shown."""

    async def dial(self, user: str, *options: str) -> str:
        """Call somebody; what the phone says of it."""
        words = (sys.executable, str(UAC), "127.0.0.1", str(self.port), user, "--linger", "0.8", *options)
        process = await asyncio.create_subprocess_exec(*words, stdout=asyncio.subprocess.PIPE)
        out, _ = await asyncio.wait_for(process.communicate(), PATIENCE)
        return out.decode().strip()

    async def took(self, number: int) -> list[str]:
        """Wait until so many cases are over: what was dialled, with its verdict."""
        async with asyncio.timeout(PATIENCE):
            while len(self.taken) < number:
                await asyncio.sleep(0.01)
        return [f"{one.result.case.dial} {one.result.outcome}" for one in self.taken]


@asynccontextmanager
async def sitting(
    selection: Selection, *, patience: float | None = None
) -> AsyncIterator[tuple[Desk, asyncio.Task[None]]]:
    """A sweep by hand, ended whatever happens."""
    taken: list[Played] = []
    shown: list[tuple[str, str]] = []

    def show(case: Case, uri: str, flow: Flow) -> None:
        assert flow.shows
        shown.append((case.dial, uri))

    cases, _ = selection.cases()
    port = free_port()
    manual = Manual(cases, Terms(port=port), Judging(), take=taken.append, show=show)
    task = asyncio.ensure_future(manual.run(patience=patience))
    async with asyncio.timeout(PATIENCE):
        while not shown:
            await asyncio.sleep(0.01)
    try:
        yield Desk(manual, port, taken, shown), task
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


@pytest.mark.parametrize(
    ("case", "user"),
    [
        (Case("406", "406", "INVITE", "UDP"), "406"),
        (Case("406", "406", "INVITE", "UDP", "compact"), "406-compact"),
        (Case("200", "200", "BYE", "UDP"), "200-bye"),
        (Case("488", "488", "re-INVITE", "UDP", "lossy"), "488-re-invite-lossy"),
        (Case("403", "403", "MESSAGE", "UDP"), "403"),
    ],
)
def test_every_case_has_a_user_of_its_own(case: Case, user: str) -> None:
    assert dialled_as(case).dial == user


async def test_cases_are_dialled_in_any_order() -> None:
    selection = Selection(codes=(403, 406, 606), variants=("plain", "empty-reason"))
    async with sitting(selection) as (desk, task):
        assert desk.shown == [("403", f"sip:403@127.0.0.1:{desk.port}")]
        assert await desk.dial("606") == "final 606"
        assert await desk.took(1) == ["606 pass"]
        assert await desk.dial("406-empty-reason") == "final 406"
        assert await desk.took(2) == ["606 pass", "406-empty-reason pass"]
        assert await desk.dial("403") == "final 403"
        assert (await desk.took(3))[2] == "403 pass"
        assert desk.manual.left == 3
        assert not task.done()
    assert [user for user, _ in desk.shown] == ["403", "403-empty-reason"]


async def test_each_case_has_its_own_messages_and_times() -> None:
    async with sitting(Selection(codes=(406, 606))) as (desk, task):
        await desk.dial("406")
        await desk.took(1)
        await desk.dial("606")
        await asyncio.wait_for(task, PATIENCE)
    for played, code in zip(desk.taken, ("406", "606"), strict=True):
        assert played.result.case.code == code
        assert played.result.seen[0].time == 0.0
        assert all(f"sip:{code}@".encode() in seen.data for seen in played.result.seen if seen.received)
        assert isinstance(played.entries[-1], EndRecord)
        (again,) = results_of(played.entries)
        assert again.judged == played.result.judged


async def test_the_transport_is_that_which_was_used() -> None:
    async with sitting(Selection(codes=(406,))) as (desk, task):
        await desk.dial("406", "--transport", "tcp")
        await asyncio.wait_for(task, PATIENCE)
    assert desk.taken[0].result.case.transport == "TCP"


async def test_with_several_transports_each_is_dialled_by_its_own() -> None:
    async with sitting(Selection(codes=(406,), transports=("udp", "tcp"))) as (desk, task):
        assert desk.shown == [("406", f"sip:406@127.0.0.1:{desk.port}")]
        await desk.dial("406", "--transport", "tcp")
        await desk.took(1)
        await desk.dial("406")
        await asyncio.wait_for(task, PATIENCE)
    assert [one.result.case.transport for one in desk.taken] == ["TCP", "UDP"]


async def test_what_is_not_dialled_but_sent_belongs_to_the_case_that_is_shown() -> None:
    async with sitting(Selection(codes=(403, 406), methods=("REGISTER",))) as (desk, task):
        assert await desk.dial("alice", "--method", "REGISTER") == "final 403"
        await desk.took(1)
        assert await desk.dial("alice", "--method", "REGISTER") == "final 406"
        await asyncio.wait_for(task, PATIENCE)
    assert [one.result.case.code for one in desk.taken] == ["403", "406"]


async def test_other_requests_are_answered_and_belong_to_no_case() -> None:
    async with sitting(Selection(codes=(406,))) as (desk, task):
        assert await desk.dial("alice", "--method", "OPTIONS") == "final 200"
        assert await desk.dial("406") == "final 406"
        await asyncio.wait_for(task, PATIENCE)
    assert not any(b"OPTIONS" in seen.data[:7] for seen in desk.taken[0].result.seen)


async def test_skipped_and_stopped() -> None:
    async with sitting(Selection(codes=(403, 406, 606))) as (desk, task):
        desk.manual.skip()
        async with asyncio.timeout(PATIENCE):
            while len(desk.shown) < 2:
                await asyncio.sleep(0.01)
        assert await desk.dial("406") == "final 406"
        await desk.took(1)
        desk.manual.stop()
        await asyncio.wait_for(task, PATIENCE)
    assert [case.code for case in desk.manual.skipped] == ["403"]
    assert desk.manual.left == 1
    assert [one.result.case.code for one in desk.taken] == ["406"]


async def test_without_a_call_it_ends_after_a_while() -> None:
    async with sitting(Selection(codes=(406,)), patience=0.3) as (desk, task):
        await asyncio.wait_for(task, PATIENCE)
    assert (desk.taken, desk.manual.left) == ([], 1)


async def test_cancelled_it_judges_what_is_under_way() -> None:
    async with sitting(Selection(codes=(406,))) as (desk, task):
        await desk.dial("406")
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
    assert [one.result.case.code for one in desk.taken] == ["406"]


async def test_a_scenario_by_hand(tmp_path: Path) -> None:
    file = tmp_path / "off.yaml"
    file.write_text("steps: [480]\n")
    async with sitting(Selection(scenarios=(str(file),))) as (desk, task):
        assert await desk.dial("off") == "final 480"
        await asyncio.wait_for(task, PATIENCE)
    assert desk.taken[0].result.outcome == "pass"


async def test_an_address_that_is_taken() -> None:
    address, taken = bind(ListenAddress("udp", "127.0.0.1", 0))
    cases, _ = Selection(codes=(406,)).cases()
    manual = Manual(cases, Terms(port=address.port), Judging(), take=print, show=print)
    with taken, pytest.raises(TransportError, match="cannot listen on"):
        await manual.run()
