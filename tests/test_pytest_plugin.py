"""The plugin in pytest runs of its own; the clients of their tests are blocking sockets."""

from __future__ import annotations

from pathlib import Path

import pytest
from inner_pytest import run_inside

from responder.observe.trace import read_trace

pytest_plugins = ["pytester"]

CLIENT = r'''
import socket

def request(own, user, method, tag="", branch="1"):
    return (
        f"{method} sip:{user}@127.0.0.1 SIP/2.0\r\n"
        f"Via: SIP/2.0/UDP 127.0.0.1:{own};branch=z9hG4bK{own}{branch}\r\nMax-Forwards: 70\r\n"
        f"From: <sip:alice@127.0.0.1>;tag=1\r\nTo: <sip:{user}@127.0.0.1>{tag}\r\n"
        f"Call-ID: {own}@caller\r\nCSeq: 1 {method}\r\nContact: <sip:alice@127.0.0.1:{own}>\r\n"
        "Content-Length: 0\r\n\r\n"
    ).encode()

def call(responder, user, ack_branch="1"):
    """An INVITE up to its final response, and the ACK for it; the codes that came."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
        client.settimeout(10)
        client.connect(responder.address)
        own = client.getsockname()[1]
        client.send(request(own, user, "INVITE"))
        codes = []
        while True:
            response = client.recv(65536).decode()
            codes.append(int(response[8:11]))
            if codes[-1] >= 200:
                to = next(line for line in response.split("\r\n") if line.startswith("To:"))
                client.send(request(own, user, "ACK", to[to.index(";tag="):], ack_branch))
                return codes
'''


class Runs:
    """Runs of pytest in a folder with the client."""

    def __init__(self, pytester: pytest.Pytester) -> None:
        self.pytester = pytester
        pytester.makepyfile(sip_client=CLIENT)
        pytester.syspathinsert()

    def run(self, tests: str, *options: str) -> pytest.RunResult:
        """Run these tests."""
        return run_inside(self.pytester, "import pytest\nfrom sip_client import call\n" + tests, *options)


@pytest.fixture
def runs(pytester: pytest.Pytester) -> Runs:
    return Runs(pytester)


def test_a_test_that_passes_says_nothing(runs: Runs) -> None:
    result = runs.run(
        """
def test_busy(sip_responder):
    sip_responder.on("INVITE", [100, 180, 486])
    assert call(sip_responder, "bob") == [100, 180, 486]
    assert sip_responder.wait_for_call(timeout=5).path == ("100", "180", "486")
    sip_responder.assert_called(times=1)
    sip_responder.assert_no_violations()
""",
        "-rA",
    )
    result.assert_outcomes(passed=1)
    result.stdout.no_fnmatch_line("*SIP on port*")


def test_a_test_that_fails_shows_ladder_and_violations(runs: Runs) -> None:
    result = runs.run(
        """
def test_busy(sip_responder):
    call(sip_responder, "486", ack_branch="another")
    sip_responder.wait_for("ACK")
    sip_responder.assert_no_violations()
"""
    )
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(
        [
            "*>*sip_responder.assert_no_violations()",
            "*AssertionError: the client broke *rule*:",
            "*- SIP on port * -*",
            "call 1 * INVITE sip:486@127.0.0.1",
            "*486 Busy Here*",
            "*- SIP on port *: what the client broke -*",
            "MUST broken: ack-non-2xx-*(RFC 3261 17.1.1.3)",
        ]
    )
    result.stdout.no_fnmatch_line("*background.py*")  # the frames of the plugin are not the test's


def test_what_did_not_come(runs: Runs) -> None:
    result = runs.run(
        """
def test_bye(sip_responder):
    call(sip_responder, "603")
    sip_responder.wait_for("BYE", timeout=0.05)
"""
    )
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["*WaitTimeoutError: no BYE came within 0.05 s", "*call 1: INVITE sip:603@*100→603*"])


def test_a_mistake_in_a_scenario(runs: Runs) -> None:
    result = runs.run(
        """
def test_mistake(sip_responder):
    sip_responder.on("INVITE", [100, {"respnd": 180}])
"""
    )
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(
        [
            "*ScenarioError: test_client.py:5: on('INVITE'):*: error: unknown step 'respnd' (did you mean 'respond'?)",
            "*| *- respnd: 180",
        ]
    )


@pytest.mark.parametrize("option", ["--sip-trace=kept", ""])
def test_traces_of_what_failed(runs: Runs, option: str) -> None:
    result = runs.run(
        """
@pytest.mark.parametrize("user", ["486", "603/x"])
def test_fails(sip_responder, user):
    call(sip_responder, user)
    assert False

def test_passes(sip_responder):
    call(sip_responder, "486")
""",
        *filter(None, [option]),
    )
    result.assert_outcomes(failed=2, passed=1)
    kept = sorted((runs.pytester.path / "kept").glob("*"))
    assert [path.suffix for path in kept] == ([".jsonl", ".pcapng"] * 2 if option else [])
    assert all(path.name.startswith("test_client.py-test_fails-") for path in kept)
    if option:
        assert len(list(read_trace(kept[0]))) >= 4
        result.stdout.fnmatch_lines(["*- SIP on port *: kept in -*", "*.pcapng"])


def test_a_folder_that_cannot_be_written(runs: Runs) -> None:
    Path("kept").write_text("a file")
    result = runs.run("def test_fails(sip_responder):\n    assert False\n", "--sip-trace=kept")
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["cannot be written: *"])


def test_async_tests(runs: Runs) -> None:
    pytest.importorskip("pytest_asyncio")
    result = runs.run(
        """
import asyncio

@pytest.mark.asyncio
async def test_busy(sip_responder):
    waiting = asyncio.create_task(sip_responder.wait_for_call_async(timeout=5))
    assert await asyncio.to_thread(call, sip_responder, "486") == [100, 486]
    assert (await waiting).passed
    with pytest.raises(RuntimeError, match="await wait_for_async instead"):
        sip_responder.wait_for("ACK")
    assert (await sip_responder.wait_for_async("ACK")).received
"""
    )
    result.assert_outcomes(passed=1)


def test_more_than_one(runs: Runs) -> None:
    result = runs.run(
        """
def test_two(sip_responder, sip_responder_factory):
    other = sip_responder_factory("match: {user: bob}\\nsteps: [404]\\n", dial=False)
    assert other.port != sip_responder.port
    assert call(other, "bob") == [404]
    assert call(sip_responder, "486") == [100, 486]
    assert [len(one.calls) for one in (sip_responder, other)] == [1, 1]
    assert False
""",
        "--sip-trace=kept",
    )
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["*- SIP on port *", "*INVITE sip:486@*", "*- SIP on port *", "*INVITE sip:bob@*"])
    assert len(list(runs.pytester.path.glob("kept/*"))) == 4


def test_the_marker(runs: Runs) -> None:
    Path("gone.yaml").write_text("steps: [410]\n")
    runs.pytester.mkdir("elsewhere")
    result = runs.run(
        """
@pytest.mark.sip_scenario("gone.yaml", t1=0.05)
def test_gone(sip_responder, monkeypatch):
    assert call(sip_responder, "bob") == [410]

def test_the_folder_is_that_of_the_test(sip_responder, monkeypatch):
    monkeypatch.chdir("elsewhere")
    sip_responder.load("gone.yaml")
    assert call(sip_responder, "bob") == [410]

@pytest.mark.sip_scenario("missing.yaml")
def test_missing(sip_responder):
    pass
""",
        "--strict-markers",
    )
    result.assert_outcomes(passed=2, errors=1)
    result.stdout.fnmatch_lines(["*ScenarioError: *missing.yaml: error: cannot be read: No such file or directory"])


def test_calls_under_way_do_not_hold_up_the_end(runs: Runs) -> None:
    result = runs.run(
        """
import socket
from sip_client import request

def test_rings(sip_responder):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
        client.connect(sip_responder.address)
        client.send(request(client.getsockname()[1], "180", "INVITE"))
        assert not sip_responder.wait_for_call(ended=False).ended
"""
    )
    result.assert_outcomes(passed=1)
    assert result.duration < 5


def test_workers_of_xdist(runs: Runs) -> None:
    pytest.importorskip("xdist")
    result = runs.run(
        """
@pytest.mark.parametrize("user", ["486", "603", "404", "410"])
def test_fails(sip_responder, user):
    call(sip_responder, user)
    assert False
""",
        *("-n2", "--sip-trace=kept"),
    )
    result.assert_outcomes(failed=4)
    result.stdout.fnmatch_lines(["*- SIP on port *"])
    assert len(list(runs.pytester.path.glob("kept/*"))) == 8
