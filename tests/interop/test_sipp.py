"""SIPp: its built-in UAC and flows of our own (`sipp/*.xml`), over UDP and TCP, against the installed command."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from conformance.serving import Serving

from .client_process import free_port, needed, ran

pytestmark = pytest.mark.interop
FLOWS = Path(__file__).parent / "sipp"
TRANSPORTS = {"UDP": "u1", "TCP": "t1", "TCP a call": "tn"}
BOTH = pytest.mark.parametrize("transport", ["UDP", "TCP"])

SCENARIO = """
users: {alice: secret}
rules:
  - name: guarded
    match: {method: [INVITE, REGISTER], user: guarded}
    steps: [{challenge: 401, algorithms: [MD5]}, 200]
  - name: guarded-body
    match: {user: guarded-body}
    steps: [{challenge: 401, algorithms: MD5, qop: auth-int, info: true}, 200]
  - name: guarded-as-of-old
    match: {user: guarded-as-of-old}
    steps: [{challenge: 401, algorithms: MD5, qop: none}, 200]
  - name: reliable
    match: {user: reliable, supported: 100rel}
    steps:
      - respond: 183
        sdp: true
        reliable: true
      - expect: PRACK
      - 200
  - name: hangs-up
    match: {user: hangs-up}
    steps: [180, 200, {expect: ACK}, 200ms, {send: BYE, expect: 200}]
  - name: dropped
    match: {user: dropped}
    fault: {lose: {ACK: 1}}
    steps: [{respond: 180, fault: {drop: 1}}, {respond: 200, fault: {drop: 1}}]
  - name: doubled
    match: {user: doubled}
    steps: [{respond: 180, fault: {duplicate: 2}}, {respond: 200, fault: {duplicate: 2}}]
  - name: late
    match: {user: late}
    fault: {delay: 300ms}
    steps: [180, 100ms, 200]
"""


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Serving]:
    """One server for all of them: the rules above, and what is dialled."""
    flow = tmp_path_factory.mktemp("flow") / "for-sipp.yaml"
    flow.write_text(SCENARIO)
    with Serving(str(flow)) as serving:
        yield serving


def called(
    server: Serving, folder: Path, transport: str, user: str, *arguments: str, calls: int = 3
) -> list[dict[str, Any]]:
    """Run SIPp; it must end with 0 and have written no error. The server's lines on these calls."""
    before = len(server.events("call"))
    errors = folder / "errors.log"
    command = [
        needed("sipp"), f"127.0.0.1:{server.port}", "-t", TRANSPORTS[transport], "-s", user, "-i", "127.0.0.1",
        "-m", str(calls), "-r", "20", "-nostdin", "-trace_err", "-error_file", str(errors), "-timeout", "15s",
        "-timeout_error", *arguments,
    ]  # fmt: skip
    done = ran(command, cwd=folder)
    complaints = errors.read_text() if errors.exists() else ""
    assert (done.returncode, complaints) == (0, ""), done.stdout[-3000:]
    return server.wait_for("call", before + calls)[before:]


@BOTH
@pytest.mark.parametrize("user", ["200", "180.200", "183.200", "bob", "100*180*200"])
def test_built_in_uac(server: Serving, tmp_path: Path, transport: str, user: str) -> None:
    for call in called(server, tmp_path, transport, user, "-sn", "uac", "-d", "50", calls=5):
        assert call["outcome"] == "completed"
        assert call["transport"] == transport
        assert call["path"][-2:] == ["BYE", "200"]


@BOTH
def test_cancel(server: Serving, tmp_path: Path, transport: str) -> None:
    for call in called(server, tmp_path, transport, "180", "-sf", str(FLOWS / "cancel.xml")):
        assert call["outcome"] == "cancelled"
        assert "487" in call["path"]


@BOTH
@pytest.mark.parametrize("user", ["486", "180.486"])
def test_refused_once_acknowledged(server: Serving, tmp_path: Path, transport: str, user: str) -> None:
    for call in called(server, tmp_path, transport, user, "-sf", str(FLOWS / "refused.xml")):
        assert call["path"][-1] == "486"


def test_final_response_again_until_ack(server: Serving, tmp_path: Path) -> None:
    assert called(server, tmp_path, "UDP", "486", "-sf", str(FLOWS / "again.xml"))


@BOTH
def test_redirect(server: Serving, tmp_path: Path, transport: str) -> None:
    for call in called(server, tmp_path, transport, "302", "-sf", str(FLOWS / "redirect.xml")):
        assert call["path"][-1] == "302"


@BOTH
@pytest.mark.parametrize("user", ["guarded", "guarded-body", "guarded-as-of-old"])
def test_digest(server: Serving, tmp_path: Path, transport: str, user: str) -> None:
    """By qop=auth, by auth-int over its session description, and without qop."""
    for call in called(server, tmp_path, transport, user, "-sf", str(FLOWS / "auth.xml")):
        assert (call["outcome"], call["scenario"]) == ("completed", user)
        assert call["path"][0] in ("100", "401")


def test_digest_by_sha_256(abandoned: Serving, tmp_path: Path) -> None:
    """SIPp 3.6 ends its run with a message at any algorithm but MD5; 3.7 knows SHA-256."""
    command = [
        needed("sipp"), f"127.0.0.1:{abandoned.port}", "-s", "guarded-sha", "-i", "127.0.0.1", "-m", "1", "-nostdin",
        "-timeout", "5s", "-timeout_error", "-trace_err", "-error_file", str(tmp_path / "errors.log"),
        "-sf", str(FLOWS / "auth.xml"),
    ]  # fmt: skip
    done = ran(command, cwd=tmp_path)
    if done.returncode and "must use MD5" in (tmp_path / "errors.log").read_text():
        pytest.skip("this SIPp knows MD5 only")
    assert done.returncode == 0, done.stdout[-3000:]
    (call,) = abandoned.wait_for("call", 1)
    assert (call["outcome"], call["scenario"]) == ("completed", "guarded-sha")


@BOTH
def test_register_with_digest(server: Serving, tmp_path: Path, transport: str) -> None:
    called(server, tmp_path, transport, "guarded", "-sf", str(FLOWS / "register.xml"))


@BOTH
def test_prack(server: Serving, tmp_path: Path, transport: str) -> None:
    for call in called(server, tmp_path, transport, "reliable", "-sf", str(FLOWS / "prack.xml")):
        assert (call["outcome"], call["scenario"]) == ("completed", "reliable")


@BOTH
def test_bye_from_the_server(server: Serving, tmp_path: Path, transport: str) -> None:
    for call in called(server, tmp_path, transport, "hangs-up", "-sf", str(FLOWS / "hung_up.xml")):
        assert (call["outcome"], call["scenario"]) == ("completed", "hangs-up")


@BOTH
def test_bye_with_digest(server: Serving, tmp_path: Path, transport: str) -> None:
    """The shipped flow; SIPp's digest-uri is not the Request-URI of its BYE, which is told and let pass."""
    for call in called(server, tmp_path, transport, "bye-challenged", "-sf", str(FLOWS / "bye_challenged.xml")):
        assert (call["outcome"], call["path"][-4:]) == ("completed", ["BYE", "407", "BYE", "200"])


@BOTH
def test_update_in_the_call(server: Serving, tmp_path: Path, transport: str) -> None:
    for call in called(server, tmp_path, transport, "200", "-sf", str(FLOWS / "update.xml")):
        assert (call["outcome"], call["path"].count("UPDATE")) == ("completed", 2)


@BOTH
def test_transfer_to_another_sipp(server: Serving, tmp_path: Path, transport: str) -> None:
    """One SIPp sends REFER, and gets the NOTIFYs; we call the other one, which rings reliably and sends UPDATE."""
    port, folder = free_port(), tmp_path / "callee"
    folder.mkdir()
    errors = folder / "errors.log"
    command = [
        needed("sipp"), "-sf", str(FLOWS / "callee.xml"), "-t", TRANSPORTS[transport], "-i", "127.0.0.1",
        "-p", str(port), "-m", "3", "-nostdin", "-trace_err", "-error_file", str(errors), "-timeout", "15s",
    ]  # fmt: skip
    with subprocess.Popen(command, cwd=folder, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL) as callee:
        try:
            time.sleep(0.3)
            target = f"sip:carol@127.0.0.1:{port};transport={transport.lower()}"
            arguments = ["-sf", str(FLOWS / "refer.xml"), "-key", "target", target]
            calls = called(server, tmp_path, transport, "transfer-by-client", *arguments)
            assert (callee.wait(10), errors.exists()) == (0, False)
        finally:
            callee.kill()
    for call in calls:
        assert call["outcome"] == "completed"
        methods = [method for method in call["path"] if not method.isdigit() and method != "UPDATE"]
        assert methods == ["REFER", "NOTIFY", "INVITE", "PRACK", "NOTIFY", "BYE", "BYE"]
        assert call["path"].count("UPDATE") == 1  # before or after our BYE to the first


@pytest.mark.parametrize("user", ["dropped", "doubled", "late"])
def test_faults(server: Serving, tmp_path: Path, user: str) -> None:
    """What is lost comes again, and SIPp takes copies for what they are."""
    for call in called(server, tmp_path, "UDP", user, "-sn", "uac", "-d", "700"):
        assert (call["scenario"], call["outcome"]) == (user, "completed")


@BOTH
def test_hold(server: Serving, tmp_path: Path, transport: str) -> None:
    for call in called(server, tmp_path, transport, "200", "-sf", str(FLOWS / "reinvite.xml")):
        assert call["outcome"] == "completed"


@BOTH
def test_a_few_hundred_calls(server: Serving, tmp_path: Path, transport: str) -> None:
    calls = called(
        server, tmp_path, transport, "180.200", "-sn", "uac", "-d", "20", "-r", "200", "-l", "500", calls=400
    )
    assert {call["outcome"] for call in calls} == {"completed"}


def test_a_connection_a_call(server: Serving, tmp_path: Path) -> None:
    flow = ["-sf", str(FLOWS / "refused.xml"), "-max_socket", "100"]
    calls = called(server, tmp_path, "TCP a call", "180.486", *flow, calls=20)
    assert len({call["source"]["port"] for call in calls}) == 20


def test_nothing_was_malformed(server: Serving) -> None:
    """Nothing that SIPp sent was taken for malformed, and the server has complained about nothing."""
    assert not server.events("malformed")
    assert server.stderr == ""
