"""Streams as peers use and abuse them (RFC 3261 section 18.3, RFC 5626 section 3.5.1) while others are served."""

from __future__ import annotations

import resource
import socket
import time
from collections.abc import Iterator

import pytest

from .serving import Serving
from .session import OFFER
from .wire import ClosedError, Tcp, Udp, fresh

BOUND = 8_000_000
"""Bytes by which the server's resident memory may differ after abuse."""


@pytest.fixture(scope="module")
def victim() -> Iterator[Serving]:
    """A server whose transactions end after 0.3 s, so that what it holds for them does not count."""
    with Serving("--t1", "5ms", "--t2", "20ms", "--t4", "25ms") as serving:
        with Tcp(serving.address) as client:
            for _ in range(200):
                client.alive()
        yield serving


@pytest.fixture(autouse=True)
def _served_afterwards(victim: Serving) -> Iterator[None]:
    before = victim.resident()
    yield
    for client in (Udp(victim.address), Tcp(victim.address)):
        with client:
            client.alive(1.0)
    assert victim.resident() - before < BOUND


def test_one_byte_at_a_time(victim: Serving) -> None:
    with Tcp(victim.address) as client:
        ask = client.ask("INVITE", "486", body=OFFER)
        for byte in bytes(ask):
            client.send(bytes([byte]))
        assert client.until_final(ask)[-1].status == 486


def test_cut_in_two_at_every_byte(victim: Serving) -> None:
    """RFC 3261 section 18.3"""
    with Tcp(victim.address) as client, Udp(victim.address) as other:
        length = len(bytes(client.ask("MESSAGE", "404", body=b"Hello", content_type="text/plain")))
        for cut in range(1, length):
            ask = client.ask("MESSAGE", "404", body=b"Hello", content_type="text/plain")
            data = bytes(ask)
            client.send(data[:cut])
            if cut % 4 == 0:
                other.alive()  # and so the first part has been read by itself
            client.send(data[cut:])
            assert client.until_final(ask)[-1].status == 404


@pytest.mark.parametrize("how", ["close", "reset"])
def test_connection_ends_at_every_byte(victim: Serving, how: str) -> None:
    with Tcp(victim.address) as client:
        data = bytes(client.ask("INVITE", "200", body=OFFER))
    for cut in range(0, len(data) + 1, 2):
        client = Tcp(victim.address)
        client.send(data[:cut])
        if how == "reset":
            client.reset()
        else:
            client.close()


def test_reset_with_answers_under_way(victim: Serving) -> None:
    for _ in range(30):
        client = Tcp(victim.address)
        client.send(b"".join(bytes(client.ask("OPTIONS", "200")) for _ in range(50)))
        client.reset()


def test_many_in_one_segment(victim: Serving) -> None:
    with Tcp(victim.address) as client:
        asks = [client.ask("OPTIONS", str(code)) for code in range(400, 600)]
        client.send(b"".join(bytes(ask) for ask in asks))
        for ask, code in zip(asks, range(400, 600), strict=True):
            response = client.receive()
            assert response is not None
            assert (response.status, response.one("Call-ID")) == (code, ask.call_id)


def test_segments_that_mix_ends_and_beginnings(victim: Serving) -> None:
    with Tcp(victim.address) as client:
        asks = [client.ask("MESSAGE", "486", body=b"x" * number, content_type="text/plain") for number in range(80)]
        data = b"".join(bytes(ask) for ask in asks)
        for start in range(0, len(data), 333):
            client.send(data[start : start + 333])
        assert [client.until_final(ask)[-1].status for ask in asks] == [486] * 80


def test_empty_lines_before_and_between(victim: Serving) -> None:
    """RFC 3261 section 7.5"""
    with Tcp(victim.address) as client:
        for blank in (b"\r\n", b"\r\n\r\n\r\n", b"\r\n" * 51):
            ask = client.ask("OPTIONS", "404")
            client.send(blank + bytes(ask))
            while not client.buffer.startswith(b"SIP/"):
                assert client.more(time.monotonic() + 2), "no answer"
                client.buffer = client.buffer.lstrip(b"\r\n")  # pongs
            assert client.until_final(ask)[-1].status == 404


def test_keep_alive(victim: Serving) -> None:
    """RFC 5626 section 3.5.1: "CRLF" is the pong to "CRLFCRLF" """
    with Tcp(victim.address) as client:
        for parts in ((b"\r\n\r\n",), (b"\r\n", b"\r\n"), (b"\r", b"\n\r", b"\n")):
            for part in parts:
                client.send(part)
            client.socket.settimeout(2)
            assert client.socket.recv(10) == b"\r\n"
        client.socket.settimeout(0.1)
        with pytest.raises(TimeoutError):
            client.socket.recv(10)
        client.alive()


def test_half_closed(victim: Serving) -> None:
    """What was asked before the end is answered."""
    with Tcp(victim.address) as client:
        ask = client.ask("OPTIONS", "486")
        client.put(ask)
        client.socket.shutdown(socket.SHUT_WR)
        assert client.until_final(ask)[-1].status == 486


def gives_up(client: Tcp, chunk: bytes, most: int) -> int:
    """Send until the server closes: the bytes that it took."""
    sent = 0
    try:
        while sent < most:
            client.send(chunk)
            sent += len(chunk)
    except OSError:
        pass
    return sent


@pytest.mark.parametrize(
    ("start", "chunk"),
    [
        (b"OPTIONS sip:a@b SIP/2.0\r\nVia: SIP/2.0/TCP a;branch=z9hG4bKendless\r\nX: ", b"x" * 1000),
        (b"OPTIONS sip:a@b SIP/2.0\r\n", b"X-Again: yes\r\n" * 100),
        (b"OPTIONS sip:", b"a" * 1000),
        (b"", b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" * 100),
        (b"", b"\x00" * 1000),
        (b"GET / HTTP/1.1\r\nHost: a\r\nCookie: ", b"y" * 1000),
    ],
    ids=["field", "fields", "line", "tls", "nul", "http"],
)
def test_endless_head(victim: Serving, start: bytes, chunk: bytes) -> None:
    with Tcp(victim.address) as client:
        client.send(start)
        gives_up(client, chunk, 2_000_000)
        try:
            assert client.closed(5)
        except AssertionError:
            raise AssertionError("a head without an end is read for ever") from None


def test_head_that_comes_slowly(victim: Serving) -> None:
    """Others are served in the meantime, and in the end it is answered."""
    with Tcp(victim.address) as slow, Udp(victim.address) as other:
        ask = slow.ask("OPTIONS", "486")
        data = bytes(ask)
        for start in range(0, len(data), 40):
            slow.send(data[start : start + 40])
            assert other.alive() < 0.5
            time.sleep(0.02)
        assert slow.until_final(ask)[-1].status == 486


@pytest.mark.parametrize("length", ["4294967296", "99999999999999999999999", "1073741824", "-1", "12 3", "0x10", "1e9"])
def test_content_length_beyond_reason(victim: Serving, length: str) -> None:
    """RFC 3261 section 20.14; RFC 4475 section 3.1.2.3: answered with 4xx, and the connection ends"""
    with Tcp(victim.address) as client:
        ask = client.ask("MESSAGE", "200")
        client.send(bytes(ask).replace(b"Content-Length: 0", b"Content-Length: " + length.encode()) + b"x" * 1000)
        statuses = []
        try:
            while (response := client.receive(2)) is not None:
                statuses.append(response.status)
        except ClosedError:
            pass
        else:
            raise AssertionError(f"the connection stays open after {statuses}")
        assert statuses in ([400], [413]), statuses


def test_large_body_within_reason(victim: Serving) -> None:
    with Tcp(victim.address) as client:
        ask = client.ask("MESSAGE", "486", body=b"b" * 500_000, content_type="text/plain")
        assert client.final(ask).status == 486


def test_no_content_length(victim: Serving) -> None:
    """RFC 3261 section 18.3: it "MUST be used" on a stream"""
    with Tcp(victim.address) as client:
        ask = client.ask("OPTIONS", "200")
        client.send(bytes(ask).replace(b"Content-Length: 0\r\n", b""))
        response = client.receive(2)
        assert response is not None
        assert response.status == 400
        assert client.closed(2)


def test_thousand_idle_connections(victim: Serving) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft < 1200:
        if hard < 1200:
            pytest.skip("too few files may be open here")
        resource.setrlimit(resource.RLIMIT_NOFILE, (1200, hard))
    idle = [Tcp(victim.address) for _ in range(1000)]
    try:
        for number, client in enumerate(idle):
            if number % 2:
                client.send(b"OPTIONS sip:a@b SIP/2.0\r\nVia: ")
        with Udp(victim.address) as udp, Tcp(victim.address) as tcp:
            assert udp.alive() < 1
            assert tcp.alive() < 1
        idle[0].alive()
        idle[-2].alive()
    finally:
        for client in idle:
            client.close()
    assert victim.process.poll() is None


def test_peer_that_never_reads(victim: Serving) -> None:
    """What waits for it is bounded."""
    before = victim.resident()
    with Tcp(victim.address) as deaf:
        deaf.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        deaf.socket.settimeout(0.3)
        request = bytes(deaf.ask("OPTIONS", "200"))
        branch = request[request.index(b"z9hG4bK") : request.index(b"\r\nMax-Forwards")]
        try:
            for _ in range(400):
                deaf.send(b"".join(request.replace(branch, fresh("z9hG4bK").encode()) for _ in range(50)))
        except OSError:  # it is not read from any more, or closed
            pass
        with Udp(victim.address) as other:
            assert other.alive() < 1
        assert victim.resident() - before < 30_000_000


def test_calls_whose_connection_is_gone(victim: Serving) -> None:
    """The 2xx has nowhere to go: the call ends by itself and nothing is left of it."""
    for _ in range(20):
        with Tcp(victim.address) as client:
            client.final(client.ask("INVITE", "200", body=OFFER))
    calls = len(victim.events("call"))
    victim.wait_for("call", calls, seconds=3)


def test_memory_after_waves(victim: Serving) -> None:
    """Wave after wave of everything leaves no more memory in use than the wave before."""

    def wave() -> int:
        for _ in range(60):
            client = Tcp(victim.address)
            ask = client.ask("INVITE", "180.200", body=OFFER)
            client.put(ask)
            client.send(bytes(client.ask("OPTIONS", "200"))[:-7])
            client.reset()
        with Udp(victim.address) as other:
            for _ in range(150):
                assert other.final(other.ask("INVITE", "486")).status == 486
        time.sleep(0.4)
        return victim.resident()

    wave()
    first = wave()
    assert wave() - first < 1_000_000
