"""Valid messages broken in seeded ways: whatever comes, the next good request is answered within a second."""

from __future__ import annotations

from itertools import islice

import pytest

from .mutants import mutants
from .serving import Serving, settled
from .session import OFFER
from .test_codes import NEEDED
from .wire import METHODS, Endpoint, Tcp, Udp, fresh

SEED = 20261123
BATCH = 100


def originals(client: Endpoint) -> list[bytes]:
    """One valid request of each method, some richer, and two responses."""
    found = []
    for method in METHODS:
        body = OFFER if method in ("INVITE", "UPDATE") else b""
        more = [("Supported", "100rel, timer"), ("Record-Route", "<sip:p.invalid;lr>"), *NEEDED.get(method, [])]
        found.append(bytes(client.ask(method, "180.200" if method == "INVITE" else "bob", body=body, more=more)))
        found.append(bytes(client.ask(method, "486", more=NEEDED.get(method, []))))
    secret = 'Digest username="bob", realm="r", nonce="n", uri="sip:b", response="00000000000000000000000000000000"'
    found.append(bytes(client.ask("REGISTER", "bob", more=[("Authorization", secret), ("Expires", "60")])))
    found.append(
        f"SIP/2.0 200 OK\r\nVia: {client.via()}\r\nFrom: <sip:a@b>;tag=1\r\nTo: <sip:c@d>;tag=2\r\n"
        f"Call-ID: {fresh()}\r\nCSeq: 1 INVITE\r\nContact: <sip:c@d>\r\nContent-Length: 0\r\n\r\n".encode()
    )
    return found


def drain(client: Udp) -> None:
    client.socket.setblocking(False)
    try:
        while True:
            client.socket.recv(65535)
    except BlockingIOError:
        pass


def batch_by_udp(serving: Serving, messages: list[bytes]) -> None:
    with Udp(serving.address) as sender, Udp(serving.address) as judge:
        for number, message in enumerate(messages):
            sender.send(message)
            if number % 25 == 24:
                drain(sender)
                assert judge.alive() < 1
    assert serving.process.poll() is None


def batch_by_tcp(serving: Serving, messages: list[bytes]) -> None:
    with Udp(serving.address) as judge:
        for number, message in enumerate(messages):
            with Tcp(serving.address) as sender:
                sender.send(message)
                if number % 3 == 0:
                    sender.reset()
            if number % 25 == 24:
                assert judge.alive() < 1
    with Tcp(serving.address) as client:
        assert client.alive() < 1


@pytest.mark.parametrize("transport", ["UDP", "TCP"])
def test_mutants(transport: str) -> None:
    """Memory is compared between batches, after the transactions of each have ended (64*T1 = 0.3 s)."""
    with Serving("--t1", "5ms", "--t2", "20ms", "--t4", "25ms") as serving:
        with Udp(serving.address) as client:
            source = mutants(SEED, originals(client))
        batch = batch_by_udp if transport == "UDP" else batch_by_tcp
        sizes = []
        for _ in range(3):
            batch(serving, list(islice(source, BATCH)))
            sizes.append(settled(serving.resident, still=0.35, seconds=1))
        assert sizes[-1] - sizes[0] < 2_000_000, sizes
        assert serving.stderr == ""
