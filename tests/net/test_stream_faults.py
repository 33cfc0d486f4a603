"""What is done to connections on purpose, as a peer sees it on real sockets (`responder.net.connection`, rule 5)."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import ssl
import struct
from collections.abc import AsyncIterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from responder.events import Unusual
from responder.net.connection import AT_A_STRETCH, BETWEEN_BYTES
from responder.net.limits import StreamLimits
from responder.net.tls import server_context

from .clients import Client, until
from .echo import EchoEngine, echo, request, response, serve

if TYPE_CHECKING:
    from responder.events import Flow, Transmit


class Wrong:
    """Answers OPTIONS as usual, and INFO with what is wrong."""

    def __init__(self, how: str, *, bytewise: bool = False) -> None:
        self.how = how
        self.bytewise = bytewise

    def __call__(self, data: bytes, flow: Flow) -> list[Transmit]:
        ((answer, _),) = echo(data, flow)
        if data.startswith(b"INFO"):
            return [(Unusual.of(answer, self.how, bytewise=self.bytewise), flow)]
        return [(answer, flow)]


INFO = request(2, method="INFO")
ANSWER = response(2, method="INFO")


@contextlib.asynccontextmanager
async def peer(
    how: str, *, bytewise: bool = False, limits: StreamLimits | None = None
) -> AsyncIterator[tuple[EchoEngine, socket.socket]]:
    """An engine that does this to connections, and a raw socket connected to it."""
    engine = EchoEngine(Wrong(how, bytewise=bytewise))
    async with serve(engine, "tcp:127.0.0.1:0", limits=limits) as server:
        with socket.socket() as raw:
            raw.setblocking(False)
            await asyncio.get_running_loop().sock_connect(raw, ("127.0.0.1", server.addresses[0].port))
            yield engine, raw


async def said(raw: socket.socket, data: bytes) -> None:
    await asyncio.get_running_loop().sock_sendall(raw, data)


async def heard(raw: socket.socket, seconds: float = 2.0) -> bytes:
    async with asyncio.timeout(seconds):
        return await asyncio.get_running_loop().sock_recv(raw, 65536)


async def all_heard(raw: socket.socket) -> bytes:
    """Everything until the end of the stream."""
    found = b""
    while more := await heard(raw):
        found += more
    return found


async def test_a_reset_comes_in_place_of_the_message_and_after_what_was_said_before() -> None:
    async with peer("reset") as (_, raw):
        await said(raw, request(1) + INFO)
        assert await heard(raw) == response(1)
        with pytest.raises(ConnectionResetError):
            await heard(raw)


async def test_what_follows_a_reset_goes_another_way() -> None:
    async with peer("reset") as (engine, raw):
        await said(raw, INFO + request(3))
        with pytest.raises(ConnectionResetError):
            await heard(raw)
        await until(lambda: engine.failures)  # nobody listens where the client came from
        assert "refused" in engine.failures[0][1]


async def test_a_close_comes_after_the_message() -> None:
    async with peer("close") as (_, raw):
        await said(raw, INFO)
        assert await all_heard(raw) == ANSWER


async def test_after_a_half_close_the_peer_is_still_heard() -> None:
    async with peer("half-close") as (engine, raw):
        await said(raw, INFO)
        assert await all_heard(raw) == ANSWER
        await said(raw, request(3))
        await until(lambda: len(engine.received) == 2)
        await until(lambda: engine.failures)  # its answer needs another connection, and nobody listens
        await said(raw, b"\r\n\r\n")  # a ping that cannot be answered
        await said(raw, request(4))
        await until(lambda: len(engine.received) == 3)


async def test_a_half_closed_connection_is_closed_when_its_time_is_up() -> None:
    async with peer("half-close", limits=StreamLimits(half_closed=0.1)) as (_, raw):
        await said(raw, INFO)
        assert await all_heard(raw) == ANSWER
        await asyncio.sleep(0.4)  # silence for longer than it may last
        with contextlib.suppress(OSError):
            await said(raw, b"\r\n\r\n")  # what is answered by a reset
        await asyncio.sleep(0.05)
        with pytest.raises((ConnectionResetError, BrokenPipeError)):
            await said(raw, b"\r\n\r\n")


async def test_a_stall_sends_half_and_neither_writes_nor_reads_any_more() -> None:
    async with peer("stall", limits=StreamLimits(stalled=0.4)) as (engine, raw):
        await said(raw, INFO)
        assert await heard(raw) == ANSWER[: len(ANSWER) // 2]
        await said(raw, request(3))
        with pytest.raises(TimeoutError):
            await heard(raw, 0.2)
        assert len(engine.received) == 1
        with contextlib.suppress(ConnectionResetError):
            assert await heard(raw) == b""


async def test_every_byte_is_a_segment_and_what_follows_waits() -> None:
    async with peer("", bytewise=True) as (_, raw):
        await said(raw, INFO + request(3))
        pieces = []
        while sum(map(len, pieces)) < len(ANSWER + response(3)):
            pieces.append(await heard(raw))
        assert b"".join(pieces) == ANSWER + response(3)
        assert len(pieces) > len(ANSWER) / AT_A_STRETCH  # a reader that is late gets several bytes at once
        if hasattr(socket, "TCP_INFO"):
            info = raw.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 160)
            (segments,) = struct.unpack_from("I", info, 152)  # tcpi_data_segs_in
            assert segments > len(ANSWER) / 2  # where some were lost or late the system joins what follows


async def test_a_message_byte_by_byte_is_not_long_under_way() -> None:
    async with peer("", bytewise=True) as (_, raw):
        began = asyncio.get_running_loop().time()
        await said(raw, INFO)
        found = b""
        while len(found) < len(ANSWER):
            found += await heard(raw)
        took = asyncio.get_running_loop().time() - began
        assert took < len(ANSWER) * BETWEEN_BYTES


async def test_a_connection_that_ends_meanwhile_does_no_harm() -> None:
    async with peer("close", bytewise=True) as (engine, raw):
        await said(raw, INFO)
        await heard(raw)
        raw.close()
        await asyncio.sleep(0.05)
        assert len(engine.received) == 1


async def test_two_messages_of_one_turn_are_one_write_around_what_is_unusual() -> None:
    async with peer("half-close") as (_, raw):
        await said(raw, request(1) + request(5) + INFO)
        assert await all_heard(raw) == response(1) + response(5) + ANSWER


async def test_datagrams_go_as_they_are() -> None:
    engine = EchoEngine(Wrong("reset"))
    async with serve(engine, "udp:127.0.0.1:0") as server:
        client = Client()
        with client.socket:
            client.socket.sendto(INFO, ("127.0.0.1", server.addresses[0].port))
            assert await client.get() == ANSWER


@pytest.mark.parametrize(("how", "expected"), [("close", ANSWER), ("half-close", ANSWER), ("reset", b"")])
async def test_over_tls(how: str, expected: bytes) -> None:
    certificate = Path(__file__).with_name("localhost.pem")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    engine = EchoEngine(Wrong(how))
    async with serve(engine, "tls:127.0.0.1:0", tls=server_context(certificate, certificate)) as server:
        reader, writer = await asyncio.open_connection("127.0.0.1", server.addresses[0].port, ssl=context)
        writer.write(INFO)
        found = b""
        async with asyncio.timeout(2):
            try:
                found = await reader.read(-1)
            except ConnectionResetError:
                assert how == "reset"
            else:
                assert how != "reset"
        assert found == expected
        writer.close()
        with contextlib.suppress(OSError):
            await writer.wait_closed()
