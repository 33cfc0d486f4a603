"""The installed command `responder` as a process of its own, on free ports."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

COMMAND = Path(sys.executable).parent / "responder"
"""The command as pip installed it beside this interpreter."""


class Serving:
    """`responder serve --json` with these arguments between `with` and its end; ended by its process id alone."""

    def __init__(self, *arguments: str, listeners: int = 2, port: bool = True) -> None:
        command = [str(COMMAND), "serve", "--json", *arguments]
        command += ["--port", "0"] if port else []
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, encoding="utf-8")
        self._lines: list[str] = []
        self._news = threading.Condition()
        self._stderr: list[str] = []
        self._ended = False
        assert self.process.stdout is not None
        assert self.process.stderr is not None
        self._readers = [
            threading.Thread(target=self._read, args=(self.process.stdout, self._lines), daemon=True),
            threading.Thread(target=self._read, args=(self.process.stderr, self._stderr), daemon=True),
        ]
        for reader in self._readers:
            reader.start()
        try:
            self.listening = [self.event(number, seconds=15) for number in range(listeners)]
        except BaseException:
            self.stop()
            raise
        self.address: tuple[str, int] = (self.listening[0]["host"], self.listening[0]["port"])

    def __enter__(self) -> Serving:
        return self

    def __exit__(self, *error: object) -> None:
        self.kill()

    @property
    def pid(self) -> int:
        return self.process.pid

    @property
    def port(self) -> int:
        return self.address[1]

    def event(self, number: int, *, seconds: float = 5.0) -> dict[str, Any]:
        """The line of this number (from 0) of its output; fails if it does not come in time."""
        with self._news:
            self._news.wait_for(lambda: len(self._lines) > number or self._ended, seconds)
            assert len(self._lines) > number, f"no line {number} within {seconds} s: {self._lines} {self._stderr}"
            line: dict[str, Any] = json.loads(self._lines[number])
        return line

    def events(self, kind: str | None = None) -> list[dict[str, Any]]:
        """All lines so far, or those of one kind."""
        with self._news:
            lines = [json.loads(line) for line in self._lines]
        return [line for line in lines if kind is None or line["event"] == kind]

    def wait_for(self, kind: str, count: int = 1, *, seconds: float = 5.0) -> list[dict[str, Any]]:
        """So many lines of one kind."""
        with self._news:
            self._news.wait_for(
                lambda: sum(json.loads(line)["event"] == kind for line in self._lines) >= count, seconds
            )
        found = self.events(kind)
        assert len(found) >= count, f"{len(found)} of {count} '{kind}' within {seconds} s: {self._lines}"
        return found

    @property
    def stderr(self) -> str:
        with self._news:
            return "".join(self._stderr)

    def resident(self) -> int:
        """Its resident memory, in bytes."""
        pages = int(Path(f"/proc/{self.pid}/statm").read_text().split()[1])
        return pages * os.sysconf("SC_PAGE_SIZE")

    def cpu(self) -> float:
        """Seconds of processor time that it took."""
        fields = Path(f"/proc/{self.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def stop(self, number: signal.Signals = signal.SIGTERM) -> int:
        """Tell it to stop: its exit code; killed if it does not within 5 s (and then the code is negative)."""
        if self.process.poll() is None:
            self.process.send_signal(number)
            try:
                self.process.wait(5)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait(5)
        for reader in self._readers:
            reader.join(2)
        return self.process.returncode

    def kill(self) -> None:
        """End it at once: the calls that a test has left behind are not taken leave of."""
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait(5)
        for reader in self._readers:
            reader.join(2)

    def _read(self, stream: Any, lines: list[str]) -> None:
        with stream:
            for line in stream:
                with self._news:
                    lines.append(line)
                    self._news.notify_all()
        with self._news:
            self._ended = True
            self._news.notify_all()


def settled(read: Any, *, still: float = 0.3, seconds: float = 5.0) -> Any:
    """The value of `read()` once it has not changed for a while."""
    end = time.monotonic() + seconds
    value = read()
    since = time.monotonic()
    while time.monotonic() < end and time.monotonic() - since < still:
        time.sleep(0.05)
        if (now := read()) != value:
            value, since = now, time.monotonic()
    return value
