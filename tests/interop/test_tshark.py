"""What tshark makes of the server's captures, and of its traffic as it goes over the loopback interface."""

from __future__ import annotations

import re
import signal
import subprocess
import time
from collections import Counter
from pathlib import Path

import pytest
from conformance.serving import Serving
from conformance.session import OFFER
from conformance.table import CODES
from conformance.test_codes import FORMS, NEEDED, asked, dialled, finish
from conformance.wire import Endpoint, Tcp, Udp

from .client_process import needed, ran

pytestmark = pytest.mark.interop
FIELDS = ["frame.number", "sip.Status-Code", "sip.Method", "_ws.expert.message", "_ws.malformed", "frame.comment"]
HARMLESS = re.compile(
    r"Unrecognised SIP header \((?:x-unknown|alertmsg-error)\)|Connection (?:establish|finish|reset)[^,]*|"
    r"This frame [^,]*|"
    r"[^,]*\bretransmission\b[^,]*|D-SACK Sequence|,|\s",
    re.IGNORECASE,
)
"""What tshark says of traffic that is as it should be."""


def everything(client: Endpoint) -> None:
    """All codes, each by one method, in both forms, and a call that lasts."""
    for status, (_, methods) in CODES.items():
        method = next((name for name in methods if name in ("INVITE", "REGISTER", "PUBLISH", "INFO")), methods[0])
        for form in FORMS:
            ask = asked(client, method, str(status), form)
            for last in dialled(client, ask, status):
                response = last
            if method == "INVITE" and response.status >= 300:
                client.put(ask.ack(response))
            finish(client, ask, response)
    for method, more in NEEDED.items():
        client.final(client.ask(method, "404", more=more))
    client.final(client.ask("MESSAGE", "bob", body="Grüße".encode(), content_type="text/plain"))


def read(capture: Path, port: int) -> tuple[Counter[str], Counter[str], list[str]]:
    """Status codes, methods and complaints of the SIP in a capture."""
    command = [needed("tshark"), "-r", str(capture), "-Y", "sip || _ws.malformed || _ws.expert.severity >= warning"]
    for transport in ("udp", "tcp"):
        command += ["-d", f"{transport}.port=={port},sip"]
    command += ["-T", "fields", "-E", "separator=|", "-E", "occurrence=a"]
    for field in FIELDS:
        command += ["-e", field]
    done = ran(command, cwd=capture.parent)
    assert done.returncode == 0, done.stdout
    codes: Counter[str] = Counter()
    methods: Counter[str] = Counter()
    complaints = []
    for line in done.stdout.splitlines():
        if line.count("|") != len(FIELDS) - 1:
            continue  # a warning about running as root
        _, code, method, expert, malformed, comment = line.split("|")
        codes.update(filter(None, code.split(",")))
        methods.update(filter(None, method.split(",")))
        if malformed or HARMLESS.sub("", expert.replace(comment, "") if comment else expert):
            complaints.append(line)
    return codes, methods, complaints


def whole(codes: Counter[str], methods: Counter[str], complaints: list[str], *, times: int) -> None:
    """Every code is there as often as it was sent, and nothing is wrong with it."""
    assert not complaints, "\n".join(complaints[:20])
    missing = [status for status in CODES if codes[str(status)] < times]
    assert not missing
    assert methods["INVITE"] >= times * 40
    assert methods["BYE"]
    assert methods["CANCEL"]


@pytest.mark.parametrize("client", [Udp, Tcp])
def test_pcap_of_the_server(tmp_path: Path, client: type[Endpoint]) -> None:
    """`--pcap FILE`: packets made up from the messages, which tshark reads without a complaint"""
    capture = tmp_path / "run.pcapng"
    with Serving("--pcap", str(capture)) as serving:
        with client(serving.address) as sender:
            everything(sender)
        assert serving.stop() == 0
        whole(*read(capture, serving.port), times=2)


def test_pcap_of_large_and_odd_messages(tmp_path: Path) -> None:
    """Fragments of UDP, segments of TCP, garbage."""
    capture = tmp_path / "run.pcapng"
    with Serving("--pcap", str(capture)) as serving:
        with Udp(serving.address) as udp, Tcp(serving.address) as tcp:
            for sender in (udp, tcp):
                for size in (10, 1400, 1480, 3000, 20_000, 60_000):
                    ask = sender.ask("MESSAGE", "486", body=b"x" * size, content_type="text/plain")
                    assert sender.final(ask).status == 486
                ask = sender.ask(
                    "INVITE", "200", body=OFFER, more=[("Record-Route", f"<sip:a{n}.b;lr>") for n in range(99)]
                )
                sender.final(ask)
            udp.send(b"garbage\0\xff")
            udp.alive()
        assert serving.stop() == 0
        codes, methods, complaints = read(capture, serving.port)
        assert (codes["486"], methods["MESSAGE"]) == (12, 12)
        assert not [line for line in complaints if line.split("|")[1] or line.split("|")[2]]


@pytest.mark.parametrize("client", [Udp, Tcp])
def test_live_traffic(tmp_path: Path, client: type[Endpoint]) -> None:
    capture = tmp_path / "live.pcapng"
    with Serving() as serving:
        command = [needed("tshark"), "-q", "-i", "lo", "-f", f"port {serving.port}", "-w", str(capture)]
        with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True) as sniffer:
            try:
                end = time.monotonic() + 8
                with client(serving.address) as sender:
                    while not (
                        capture.exists() and capture.stat().st_size > 400
                    ):  # it has begun once packets are there
                        if sniffer.poll() is not None or time.monotonic() > end:
                            pytest.skip("tshark may not listen here")
                        sender.alive()
                        time.sleep(0.1)
                    everything(sender)
                    time.sleep(0.5)
            finally:
                if sniffer.poll() is None:
                    sniffer.send_signal(signal.SIGINT)
                try:
                    sniffer.wait(8)
                except subprocess.TimeoutExpired:
                    sniffer.kill()
        whole(*read(capture, serving.port), times=2)
