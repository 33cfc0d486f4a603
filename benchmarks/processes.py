"""Servers under measurement: started on a CPU of their own, watched in /proc (Linux), ended by their process id."""

from __future__ import annotations

import os
import shlex
import signal
import socket
import subprocess
import tempfile
import time
from pathlib import Path
from types import TracebackType


class BenchmarkError(Exception):
    """Something that is needed is not there or does not work; the text says what."""


def free_port() -> int:
    """A port that UDP and TCP on 127.0.0.1 both have free now."""
    for _ in range(100):
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp, socket.socket() as tcp:
            udp.bind(("127.0.0.1", 0))
            port: int = udp.getsockname()[1]
            try:
                tcp.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port
    raise BenchmarkError("no free port")


def cpus() -> tuple[set[int], set[int]]:
    """CPUs for the server and for the load: apart where there are two."""
    available = sorted(os.sched_getaffinity(0))
    return {available[0]}, {available[-1]}


class Server:
    """A command with `PORT` in it, running as long as the context lasts."""

    def __init__(self, name: str, command: str, transport: str) -> None:
        self.name = name
        self.port = free_port()
        self._command = [part.replace("PORT", str(self.port)) for part in shlex.split(command)]
        self._transport = transport

    def __enter__(self) -> Server:
        own, _ = cpus()
        self._said = tempfile.TemporaryFile()  # closed in __exit__
        try:
            self._process = subprocess.Popen(
                self._command,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=self._said,
                preexec_fn=lambda: os.sched_setaffinity(0, own),
            )
        except OSError as error:
            raise BenchmarkError(f"{self.name}: cannot run {self._command[0]}: {error.strerror}") from None
        until = time.monotonic() + 10
        while not self._listens():
            if self._process.poll() is not None or time.monotonic() > until:
                self._said.seek(0)
                said = self._said.read().decode(errors="replace").strip().splitlines() or [shlex.join(self._command)]
                self.__exit__(None, None, None)
                raise BenchmarkError(f"{self.name} did not start: {said[-1]}")
            time.sleep(0.02)
        time.sleep(0.2)
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        for number in (signal.SIGTERM, signal.SIGKILL):
            if self._process.poll() is None:
                self._process.send_signal(number)
                try:
                    self._process.wait(3)
                except subprocess.TimeoutExpired:
                    continue
        self._said.close()

    def cpu(self) -> float:
        """Seconds of CPU that all its threads have had, to the nanosecond."""
        total = 0
        for thread in Path(f"/proc/{self._process.pid}/task").iterdir():
            total += int((thread / "schedstat").read_text().split()[0])
        return total / 1e9

    def memory(self) -> int:
        """Bytes that are resident."""
        for line in Path(f"/proc/{self._process.pid}/status").read_text().splitlines():
            if line.startswith("VmRSS:"):
                return int(line.split()[1]) * 1024
        raise BenchmarkError(f"{self.name} has ended")

    def _listens(self) -> bool:
        table = Path(f"/proc/net/{self._transport}").read_text().splitlines()[1:]
        return any(int(line.split()[1].split(":")[1], 16) == self.port for line in table)
