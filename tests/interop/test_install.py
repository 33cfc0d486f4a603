"""What the README promises first: a fresh venv, `responder`, a call to `sip:486@…`; exit codes; clean ends."""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest
from conformance.serving import COMMAND, Serving
from conformance.session import OFFER
from conformance.wire import Dialog, Tcp, Udp

from .client_process import free_port, ran

pytestmark = pytest.mark.interop
PROJECT = Path(__file__).parent.parent.parent

BROKEN = """name: broken
steps:
  - 100
  - respnd: 486
  - respond: 9999
  - wait: soon
"""


@pytest.fixture(scope="module")
def fresh(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The command in a virtual environment of its own, installed from a copy of the checkout."""
    folder = tmp_path_factory.mktemp("fresh")
    source = folder / "checkout"
    source.mkdir()
    for name in ("responder", "scenarios"):
        shutil.copytree(PROJECT / name, source / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        if (PROJECT / name).exists():
            shutil.copy(PROJECT / name, source / name)
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    made = subprocess.run([sys.executable, "-m", "venv", str(folder / "venv")], capture_output=True, timeout=60)
    if made.returncode:
        pytest.skip("no venv can be made here")
    pip = [str(folder / "venv/bin/python"), "-m", "pip", "install", "-q", "--disable-pip-version-check", str(source)]
    done = subprocess.run(pip, capture_output=True, text=True, timeout=150, env=environment, cwd=folder)
    if done.returncode and "No matching distribution" in done.stderr + done.stdout:
        pytest.skip("no package index within reach")
    assert done.returncode == 0, done.stderr
    return folder / "venv/bin/responder"


def test_fresh_install_answers_486(fresh: Path, tmp_path: Path) -> None:
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    with subprocess.Popen(
        [str(fresh), "--port", "0", "--json"], stdout=subprocess.PIPE, text=True, cwd=tmp_path, env=environment
    ) as process:
        try:
            assert process.stdout is not None
            line = json.loads(process.stdout.readline())
            assert line["event"] == "listening"
            for kind in (Udp, Tcp):
                with kind((line["host"], line["port"])) as client:
                    response = client.final(client.ask("INVITE", "486", body=OFFER))
                    assert (response.status, response.reason) == (486, "Busy Here")
                    assert client.final(client.ask("OPTIONS", "bob")).status == 200
        finally:
            process.terminate()
            assert process.wait(5) == 0


def test_fresh_install_has_the_shipped_scenarios(fresh: Path, tmp_path: Path) -> None:
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    for arguments in (["check", "busy"], ["codes", "423"], ["schema"], ["--version"], ["serve", "--help"]):
        done = subprocess.run(
            [str(fresh), *arguments], capture_output=True, text=True, timeout=20, cwd=tmp_path, env=environment
        )
        assert done.returncode == 0, (arguments, done.stderr)
        assert done.stdout


@pytest.mark.parametrize("command", ["check", "serve"])
def test_broken_scenario(tmp_path: Path, command: str) -> None:
    """Exit code 2, and every mistake with its place; nothing is served."""
    flow = tmp_path / "broken.yaml"
    flow.write_text(BROKEN)
    done = ran([str(COMMAND), command, *(["--port", "0"] if command == "serve" else []), str(flow)], cwd=tmp_path)
    assert done.returncode == 2
    for place in ("broken.yaml:4:5", "broken.yaml:5:14", "broken.yaml:6:11"):
        assert place in done.stdout, done.stdout
    assert "respond" in done.stdout
    assert "listening" not in done.stdout


def test_no_such_file(tmp_path: Path) -> None:
    done = ran([str(COMMAND), "serve", "--port", "0", "nothing-like-this.yaml"], cwd=tmp_path)
    assert done.returncode == 2
    assert "nothing-like-this.yaml" in done.stdout
    assert "Traceback" not in done.stdout


@pytest.mark.parametrize("transport", ["udp", "tcp"])
def test_port_in_use(tmp_path: Path, transport: str) -> None:
    """Exit code 3 and one clear line."""
    port = free_port()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM if transport == "udp" else socket.SOCK_STREAM) as taken:
        taken.bind(("127.0.0.1", port))
        if transport == "tcp":
            taken.listen()
        done = ran([str(COMMAND), "serve", "--port", str(port)], cwd=tmp_path)
    assert done.returncode == 3
    assert len(done.stdout.strip().splitlines()) == 1, done.stdout
    assert str(port) in done.stdout
    assert "in use" in done.stdout


def test_port_of_another_responder(tmp_path: Path) -> None:
    with Serving() as serving:
        done = ran([str(COMMAND), "serve", "--port", str(serving.port)], cwd=tmp_path)
        assert (done.returncode, len(done.stdout.strip().splitlines())) == (3, 1)
        with Udp(serving.address) as client:
            client.alive()


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 0)])
@pytest.mark.parametrize("busy", [False, True])
def test_ends_within_two_seconds(number: signal.Signals, code: int, busy: bool) -> None:
    """With calls that are up and calls that ring: these get BYE and a final response."""
    with Serving() as serving, Udp(serving.address) as client, Tcp(serving.address) as idle:
        idle.send(b"OPTIONS sip:")
        if busy:
            up = client.ask("INVITE", "200", body=OFFER)
            dialog = Dialog.of(client, up, client.final(up))
            client.put(dialog.request("ACK"))
            ringing = client.put(client.ask("INVITE", "180", body=OFFER))
            client.until(ringing, 180)
        started = time.monotonic()
        serving.process.send_signal(number)
        if busy:
            seen = {}
            while len(seen) < 2:
                message = client.receive(2)
                assert message is not None, f"only {seen}"
                if message.method == "BYE":
                    client.answer(message, 200, "OK")
                    seen["BYE"] = 0
                elif message.status >= 300:
                    client.put(ringing.ack(message))
                    seen["INVITE"] = message.status
            assert seen["INVITE"] in (480, 487, 503, 500)
        assert serving.process.wait(5) == code
        assert time.monotonic() - started < 2.0
        last = serving.event(len(serving.events()) - 1)
        assert last["event"] == "stopped"
        assert last["reason"] == ("interrupted" if number == signal.SIGINT else "terminated")


def test_silent_peer_does_not_hold_up_the_end() -> None:
    with Serving() as serving, Udp(serving.address) as client:
        for _ in range(5):
            client.final(client.ask("INVITE", "200", body=OFFER))
        started = time.monotonic()
        assert serving.stop() == 0
        assert time.monotonic() - started < 2.0
