"""Real SIP clients as processes: found, started, bounded in time, and ended by their process id."""

from __future__ import annotations

import shutil
import socket
import subprocess
import time
from collections.abc import Sequence
from pathlib import Path

import pytest

BOUND = 20.0
"""Seconds that a client gets."""


def needed(tool: str) -> str:
    """The path of a tool; the test is skipped where there is none."""
    found = shutil.which(tool)
    if not found:
        pytest.skip(f"{tool} is not installed here")
    return found


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


def ran(command: Sequence[str], *, cwd: Path, seconds: float = BOUND) -> subprocess.CompletedProcess[str]:
    """Run it to its end; fails where it takes longer."""
    with subprocess.Popen(
        command, cwd=cwd, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        errors="replace",
    ) as process:  # fmt: skip
        try:
            output, _ = process.communicate(timeout=seconds)
        except subprocess.TimeoutExpired:
            process.kill()
            output, _ = process.communicate()
            raise AssertionError(f"{command[0]} has not ended within {seconds} s:\n{output}") from None
    return subprocess.CompletedProcess(command, process.returncode, output, "")


class Console:
    """A client that runs until it is told to stop, with what it prints."""

    def __init__(self, command: Sequence[str], *, cwd: Path, env: dict[str, str] | None = None) -> None:
        self.log = cwd / "client.log"
        with self.log.open("wb") as output:
            self.process = subprocess.Popen(
                command, cwd=cwd, env=env, stdin=subprocess.PIPE, stdout=output, stderr=subprocess.STDOUT
            )

    @property
    def text(self) -> str:
        """All that it has printed so far."""
        return self.log.read_bytes().decode("utf-8", "replace")

    def type(self, line: str) -> None:
        """A line on its standard input."""
        assert self.process.stdin is not None
        self.process.stdin.write(line.encode() + b"\n")
        self.process.stdin.flush()

    def shows(self, text: str, *, count: int = 1, seconds: float = 8.0) -> str:
        """Wait until it has printed this so many times: everything so far."""
        end = time.monotonic() + seconds
        while (seen := self.text).count(text) < count:
            assert time.monotonic() < end, f"no {text!r} within {seconds} s:\n{seen[-6000:]}"
            assert self.process.poll() is None, f"it has ended:\n{seen[-6000:]}"
            time.sleep(0.03)
        return seen

    def stop(self, seconds: float = 5.0) -> int:
        """End it: its exit code."""
        if self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(seconds)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait(5)
        assert self.process.stdin is not None
        self.process.stdin.close()
        return self.process.returncode
