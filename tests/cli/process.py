"""`responder serve` as a process of its own, and a client that talks to it over UDP."""

from __future__ import annotations

import json
import signal
import socket
import subprocess
import sys
from typing import Any

PATIENCE = 15.0
"""Seconds after which a test gives up."""


class Serving:
    """A running server that was started with `--json --port 0` and these options."""

    def __init__(self, *options: str, port: bool = True, json_lines: bool = True) -> None:
        command = [sys.executable, "-m", "responder", "serve", *options]
        command += ["--port", "0"] if port else []
        command += ["--json"] if json_lines else []
        self.process = subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, encoding="utf-8", env={"PATH": "/usr/bin:/bin"}
        )
        assert self.process.stdout is not None
        self.first: list[str] = []
        self.port = 0
        if json_lines:
            while len(self.first) < (2 if port else options.count("--listen")):
                self.first.append(self.process.stdout.readline())
            self.port = json.loads(self.first[0])["port"]

    def __enter__(self) -> Serving:
        return self

    def __exit__(self, *error: object) -> None:
        if self.process.poll() is None:
            self.process.kill()
        self.process.communicate()

    def line(self) -> str:
        """The next line of its output."""
        assert self.process.stdout is not None
        return self.process.stdout.readline()

    def signal(self, number: signal.Signals) -> None:
        self.process.send_signal(number)

    def end(self) -> tuple[int, str, str]:
        """Wait for its end: exit code and the rest of what it wrote."""
        out, err = self.process.communicate(timeout=PATIENCE)
        return self.process.returncode, out, err

    def events(self) -> tuple[int, list[dict[str, Any]]]:
        """Wait for its end: exit code and the events after the first ones; nothing may stand on stderr."""
        code, out, err = self.end()
        assert err == ""
        return code, [json.loads(line) for line in out.splitlines()]


class Client:
    """A UAC of one UDP socket."""

    def __init__(self, port: int) -> None:
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.settimeout(PATIENCE)
        self._socket.connect(("127.0.0.1", port))
        self.own = self._socket.getsockname()[1]
        self._calls = 0

    def __enter__(self) -> Client:
        return self

    def __exit__(self, *error: object) -> None:
        self._socket.close()

    def send(self, data: bytes) -> None:
        self._socket.send(data)

    def receive(self) -> str:
        """The next message."""
        return self._socket.recv(65536).decode()

    def request(self, method: str, user: str = "486", *, tag: str = "", cseq: str = "1") -> bytes:
        """A request of the call at hand."""
        return (
            f"{method} sip:{user}@127.0.0.1 SIP/2.0\r\n"
            f"Via: SIP/2.0/UDP 127.0.0.1:{self.own};branch=z9hG4bK{self._calls}\r\nMax-Forwards: 70\r\n"
            f"From: <sip:alice@127.0.0.1>;tag=1\r\nTo: <sip:{user}@127.0.0.1>{tag and ';tag=' + tag}\r\n"
            f"Call-ID: {self._calls}@client\r\nCSeq: {cseq} {method}\r\n"
            f"Contact: <sip:alice@127.0.0.1:{self.own}>\r\nContent-Length: 0\r\n\r\n"
        ).encode()

    def call(self, user: str = "486") -> list[str]:
        """A new INVITE, and what `until_final` says of it."""
        self._calls += 1
        self.send(self.request("INVITE", user))
        return self.until_final(user)

    def until_final(self, user: str = "486") -> list[str]:
        """Responses until a final one that is no 2xx, then ACK; the status lines."""
        lines = []
        while True:
            response = self.receive()
            lines.append(response.partition("\r\n")[0])
            if response[8] != "1":
                break
        tag = next(line for line in response.split("\r\n") if line.startswith("To:")).partition(";tag=")[2]
        self.send(self.request("ACK", user, tag=tag))
        return lines
