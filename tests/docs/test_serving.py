"""What the documents show is run for real: the server as a process, and its clients where they are installed."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from .markdown import Block, blocks
from .shown import commands, words_of

PATIENCE = 30.0
"""Seconds after which a test gives up."""
CI = [block for block in blocks() if block.document.name == "testing-in-ci.md"]
SCRIPTS = [block for block in blocks("sh") if block.mark.startswith("run: ")]


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    """Variables for a shell that finds `responder`, whether or not it is installed beside this Python."""
    script = tmp_path / "bin" / "responder"
    script.parent.mkdir()
    script.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m responder "$@"\n')
    script.chmod(0o755)
    package = Path(sys.modules["responder"].__path__[0]).parent
    path = f"{script.parent}{os.pathsep}{os.environ['PATH']}"
    return {**os.environ, "PATH": path, "PYTHONPATH": str(package), "PYTHONIOENCODING": "utf-8"}


def request(method: str, own: int, tag: str = "") -> bytes:
    return (
        f"{method} sip:bob@127.0.0.1 SIP/2.0\r\nVia: SIP/2.0/UDP 127.0.0.1:{own};branch=z9hG4bK1\r\n"
        f"Max-Forwards: 70\r\nFrom: <sip:alice@127.0.0.1>;tag=1\r\nTo: <sip:bob@127.0.0.1>{tag}\r\n"
        f"Call-ID: 1@caller\r\nCSeq: 1 {method}\r\nContact: <sip:alice@127.0.0.1:{own}>\r\nContent-Length: 0\r\n\r\n"
    ).encode()


def refused_call(port: int) -> list[str]:
    """An INVITE up to its final response, and the ACK for it; the codes that came."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
        client.settimeout(PATIENCE)
        client.connect(("127.0.0.1", port))
        own = client.getsockname()[1]
        client.send(request("INVITE", own))
        codes = []
        while True:
            response = client.recv(65536).decode()
            codes.append(response[8:11])
            if codes[-1] >= "200":
                to = next(line for line in response.split("\r\n") if line.startswith("To:"))
                client.send(request("ACK", own, to[to.index(";tag=") :]))
                return codes


def test_one_call_as_json(environment: dict[str, str]) -> None:
    """The command of testing-in-ci.md, with a real call: the lines have the members that are shown."""
    ((command, shown),) = [pair for block in CI if block.language == "console" for pair in commands(block.text)]
    with subprocess.Popen(
        ["responder", *words_of(command)], stdout=subprocess.PIPE, encoding="utf-8", env=environment
    ) as process:
        assert process.stdout is not None
        lines = [process.stdout.readline(), process.stdout.readline()]
        assert refused_call(json.loads(lines[0])["port"]) == ["100", "180", "486"]
        lines += process.communicate(timeout=PATIENCE)[0].splitlines()
    assert process.returncode == 0
    assert [list(json.loads(line)) for line in lines] == [list(json.loads(line)) for line in shown.splitlines()]


def free_port() -> int:
    """A port that is free for UDP and TCP."""
    with socket.socket() as stream, socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as datagrams:
        stream.bind(("127.0.0.1", 0))
        port: int = stream.getsockname()[1]
        datagrams.bind(("127.0.0.1", port))
        return port


@pytest.fixture
def server(environment: dict[str, str]) -> Iterator[int]:
    """`responder` as the README starts it, but for the port, which this is."""
    command = ["responder", "--port", "0", "--json"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, encoding="utf-8", env=environment) as process:
        assert process.stdout is not None
        yield json.loads(process.stdout.readline())["port"]
        process.terminate()


def executed(script: str, folder: Path, environment: dict[str, str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["bash", "-e", "-c", script],
        cwd=folder,
        env=environment,
        capture_output=True,
        encoding="utf-8",
        errors="replace",
        timeout=PATIENCE,
        check=False,
    )


def client_of(block: Block) -> str:
    """The client that a script needs; the test is skipped where it is not installed."""
    client = block.mark.removeprefix("run: ")
    if shutil.which(client) is None:
        pytest.skip(f"{client} is not installed")
    return client


@pytest.mark.parametrize(
    "block", [block for block in SCRIPTS if "responder " not in block.text], ids=lambda block: block.place
)
def test_first_calls(block: Block, server: int, tmp_path: Path, environment: dict[str, str]) -> None:
    client = client_of(block)
    done = executed(block.text.replace("127.0.0.1", f"127.0.0.1:{server}"), tmp_path, environment)
    if client == "sipsak":
        assert "SIP/2.0 486 Busy Here" in done.stdout  # its exit code is 1 for anything but 200
    else:
        assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize(
    "block", [block for block in SCRIPTS if "responder sweep" in block.text], ids=lambda block: block.place
)
def test_sweeps(block: Block, tmp_path: Path, environment: dict[str, str]) -> None:
    client_of(block)
    done = executed(block.text, tmp_path, environment)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "2 cases: 2 passed" in done.stdout


@pytest.mark.parametrize(
    "block", [block for block in SCRIPTS if "responder serve" in block.text], ids=lambda block: block.place
)
def test_scripts(block: Block, tmp_path: Path, environment: dict[str, str]) -> None:
    client_of(block)
    for scenario in blocks("yaml", document=block.document):
        if not scenario.mark:
            (tmp_path / scenario.file).write_text(scenario.text, "utf-8")
    assert block.text.count("5070") == 2
    done = executed(block.text.replace("5070", str(free_port())), tmp_path, environment)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "486 Busy Here" in done.stdout
    assert "· completed after 2.5" in done.stdout
