"""A UAC of one socket as a program: calls, acknowledges, answers what it is asked, and exits; each option is a fault.

    python uac.py HOST PORT USER [--transport tcp] [--method REGISTER] [--no-ack] [--exit N] ...

Its exit status is the class of the final response less 2: 0 for a 2xx, 2 for a 4xx.
"""

from __future__ import annotations

import os
import random
import socket
import sys
import time
from argparse import ArgumentParser, Namespace

HOST = "127.0.0.1"
"""In session descriptions."""


class Wire:
    """One UDP socket, or one TCP connection with messages cut by Content-Length."""

    def __init__(self, host: str, port: int, transport: str) -> None:
        kind = socket.SOCK_DGRAM if transport == "udp" else socket.SOCK_STREAM
        self.socket = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET, kind)
        self.socket.connect((host, port))
        self.stream = transport == "tcp"
        self.here = self.socket.getsockname()[:2]
        self._rest = b""

    def send(self, text: str) -> None:
        self.socket.sendall(text.encode())

    def receive(self, seconds: float) -> str:
        """The next message, empty where none comes in time."""
        end = time.monotonic() + seconds
        while True:
            head, found, rest = self._rest.partition(b"\r\n\r\n")
            if found:
                length = int(
                    next((line[15:] for line in head.split(b"\r\n") if line.startswith(b"Content-Length:")), 0)
                )
                if len(rest) >= length:
                    self._rest = rest[length:] if self.stream else b""
                    return (head + found + rest[:length]).decode()
            left = end - time.monotonic()
            if left <= 0:
                return ""
            self.socket.settimeout(left)
            try:
                data = self.socket.recv(65536)
            except (TimeoutError, ConnectionRefusedError):
                return ""
            if not data:
                return ""
            self._rest += data


def field(message: str, name: str) -> str:
    """The first value of a header field."""
    return next((line.partition(":")[2].strip() for line in message.split("\r\n") if line.startswith(name + ":")), "")


class Caller:
    """A call: what is the same in all of its requests."""

    def __init__(self, options: Namespace) -> None:
        self.options = options
        self.wire = Wire(options.host.strip("[]"), options.port, options.transport)
        self.uri = f"sip:{options.user}@{options.host}:{options.port}"
        host, port = self.wire.here
        self.here = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
        self.draws = random.Random()
        self.call_id = f"{self.draws.getrandbits(64):x}"
        self.tag = f"{self.draws.getrandbits(32):x}"

    def request(self, method: str, to: str, cseq: int, branch: str, uri: str = "", route: str = "") -> str:
        transport, body = self.options.transport, ""
        if method == "INVITE":
            body = f"v=0\r\no=- 1 1 IN IP4 {HOST}\r\ns=-\r\nc=IN IP4 {HOST}\r\nt=0 0\r\nm=audio 40000 RTP/AVP 0\r\n"
        return (
            f"{method} {uri or self.uri} SIP/2.0\r\n"
            f"Via: SIP/2.0/{transport.upper()} {self.here};branch=z9hG4bK{branch}\r\nMax-Forwards: 70\r\n{route}"
            f"From: <sip:alice@{self.here}>;tag={self.tag}\r\nTo: {to}\r\nCall-ID: {self.call_id}\r\n"
            f"CSeq: {cseq} {method}\r\nContact: <sip:alice@{self.here};transport={transport}>\r\n"
            "Allow: INVITE, ACK, BYE, CANCEL, OPTIONS\r\nSupported: \r\n"
            + ("Content-Type: application/sdp\r\n" if body else "")
            + f"Content-Length: {len(body)}\r\n\r\n{body}"
        )

    def call(self) -> int:
        """Send the request and see it through; the status of the final response, 0 for none."""
        method, to = self.options.method, f"<{self.uri}>"
        branch = f"{self.draws.getrandbits(64):x}"
        sent = self.request(method, to, 1, branch)
        self.wire.send(sent)
        status, patience = 0, 0.5
        end = time.monotonic() + self.options.patience
        while self.options.stay or time.monotonic() < end:
            message = self.wire.receive(self.options.linger if status >= 200 else patience)
            if not message:
                if status >= 200 and not self.options.stay:
                    break
                if not status and self.options.transport == "udp":
                    self.wire.send(sent)
                    patience *= 2
                continue
            if not message.startswith("SIP/2.0 "):
                self.answer(message)
                continue
            if field(message, "CSeq") != f"1 {method}":
                continue
            status = max(status, int(message[8:11]))
            if method == "INVITE" and status >= 200 and not self.options.no_ack:
                self.acknowledge(message, branch)
        return status

    def acknowledge(self, response: str, branch: str) -> None:
        to = field(response, "To")
        if response[8] != "2":
            self.wire.send(self.request("ACK", to, 1, branch))
            return
        target = field(response, "Contact").strip("<>")
        routes = [line.partition(":")[2].strip() for line in response.split("\r\n") if line.startswith("Record-Route:")]
        routes = [route.strip() for line in routes for route in line.split(",")]
        route = "".join(f"Route: {one}\r\n" for one in reversed(routes))
        self.wire.send(self.request("ACK", to, 1, branch + "ack", target, route))

    def answer(self, request: str) -> None:
        if request.startswith("ACK "):
            return
        copied = [
            line for line in request.split("\r\n") if line.startswith(("Via:", "From:", "To:", "Call-ID:", "CSeq:"))
        ]
        self.wire.send("\r\n".join(["SIP/2.0 200 OK", *copied, "Content-Length: 0", "", ""]))


def main() -> int:
    parser = ArgumentParser()
    parser.add_argument("host")
    parser.add_argument("port", type=int)
    parser.add_argument("user")
    parser.add_argument("--transport", default="udp")
    parser.add_argument("--method", default="INVITE")
    parser.add_argument("--patience", type=float, default=20.0)
    parser.add_argument("--linger", type=float, default=0.3, help="seconds of silence that end the call")
    parser.add_argument("--no-ack", action="store_true")
    parser.add_argument("--silent", action="store_true", help="send nothing")
    parser.add_argument("--stay", action="store_true", help="never exit")
    parser.add_argument("--deaf", action="store_true", help="ignore SIGTERM")
    parser.add_argument("--child", action="store_true", help="leave a process behind that writes its id first")
    parser.add_argument("--crash", action="store_true")
    parser.add_argument("--exit", type=int)
    options = parser.parse_args()
    if options.deaf:
        import signal

        signal.signal(signal.SIGTERM, signal.SIG_IGN)
    if options.child:
        child = os.fork()
        if not child:
            time.sleep(60)
            return 0
        print(f"child {child}", flush=True)
    status = 0 if options.silent else Caller(options).call()
    print(f"final {status}", flush=True)
    if options.crash:
        os.abort()
    while options.stay:
        time.sleep(1)
    return options.exit if options.exit is not None else status // 100 - 2


if __name__ == "__main__":
    sys.exit(main())
