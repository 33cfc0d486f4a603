"""SIP over WebSocket (RFC 7118) on real sockets, by a small client of its own."""

from __future__ import annotations

import asyncio
import contextlib
import random
import socket
from collections.abc import AsyncIterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from responder.engine import Engine
from responder.events import Flow, Unusual
from responder.net.address import ListenAddress
from responder.net.limits import StreamLimits
from responder.net.server import Server, epoch
from responder.net.tls import client_context, server_context
from responder.scenario.playbook import Playbook
from responder.sip.websocket_frames import BINARY, CLOSE, CONTINUATION, PING, PONG, TEXT, frame

from .clients import until
from .echo import EchoEngine, echo, request, response, serve

if TYPE_CHECKING:
    from responder.events import Transmit

CERTIFICATE = Path(__file__).with_name("localhost.pem")
MASK = b"\x37\xfa\x21\x3d"
UPGRADE = (
    b"GET / HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
    b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Protocol: sip\r\n\r\n"
)
GOING_AWAY = (CLOSE, b"\x03\xe9")


def masked(opcode: int, payload: bytes, *, final: bool = True) -> bytes:
    return frame(opcode, payload, mask=MASK, final=final)


class Client:
    """What a browser is to the server."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer

    def send(self, message: bytes) -> None:
        self.writer.write(masked(TEXT, message))

    async def opened(self) -> None:
        async with asyncio.timeout(2):
            head = await self.reader.readuntil(b"\r\n\r\n")
        assert head.startswith(b"HTTP/1.1 101 ")

    async def get(self) -> tuple[int, bytes]:
        """The opcode and payload of the next frame."""
        async with asyncio.timeout(2):
            first, size = await self.reader.readexactly(2)
            if size == 126:
                size = int.from_bytes(await self.reader.readexactly(2), "big")
            assert first & 0xF0 == 0x80
            assert size < 126 or size < 65536
            return first & 0xF, await self.reader.readexactly(size)

    async def rest(self) -> bytes:
        async with asyncio.timeout(2):
            return await self.reader.read(-1)


@contextlib.asynccontextmanager
async def connected(server: Server, *, upgrade: bool = True) -> AsyncIterator[Client]:
    address = server.addresses[-1]
    tls = client_context() if address.transport == "wss" else None
    client = Client(*await asyncio.open_connection("127.0.0.1", address.port, ssl=tls))
    try:
        if upgrade:
            client.writer.write(UPGRADE)
            await client.opened()
        yield client
    finally:
        client.writer.close()
        with contextlib.suppress(OSError):
            await client.writer.wait_closed()


class Wrong:
    """Answers OPTIONS as usual, and INFO with a message that does this to the connection."""

    def __init__(self, how: str) -> None:
        self.how = how

    def __call__(self, data: bytes, flow: Flow) -> list[Transmit]:
        ((answer, _),) = echo(data, flow)
        return [(Unusual.of(answer, self.how) if data.startswith(b"INFO") else answer, flow)]


class TestFaults:
    """What is done to connections on purpose (`responder.net.connection`, rule 5)."""

    PINGS = masked(PING, b"still there?") * 3
    INFO = response(2, method="INFO")

    @contextlib.asynccontextmanager
    async def wronged(self, how: str, *after: bytes) -> AsyncIterator[tuple[EchoEngine, Client]]:
        """A client that asks for the fault, and sends this in the same segment."""
        engine = EchoEngine(Wrong(how))
        async with serve(engine, "ws:127.0.0.1:0") as server, connected(server) as client:
            client.writer.write(masked(TEXT, request(1)) + masked(TEXT, request(2, method="INFO")) + b"".join(after))
            if how != "reset":
                assert await client.get() == (TEXT, response(1))
            yield engine, client

    async def test_nothing_is_written_after_our_half_close(self) -> None:
        async with self.wronged("half-close") as (engine, client):
            assert await client.rest() == frame(TEXT, self.INFO)
            client.writer.write(self.PINGS + masked(TEXT, request(3)) + masked(CLOSE, b"\x03\xe8"))
            await until(lambda: len(engine.received) == 3)  # it still listens

    async def test_a_stall_sends_half_a_frame_and_no_pong(self) -> None:
        async with self.wronged("stall") as (_, client):
            whole = frame(TEXT, self.INFO)
            async with asyncio.timeout(2):
                assert await client.reader.readexactly(len(whole) // 2) == whole[: len(whole) // 2]
            client.writer.write(self.PINGS)
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(0.1):
                    await client.reader.read(1)

    async def test_a_close_says_so(self) -> None:
        async with self.wronged("close") as (_, client):
            assert await client.rest() == frame(TEXT, self.INFO) + frame(*GOING_AWAY)

    async def test_a_reset_comes_in_place_of_the_message(self) -> None:
        async with self.wronged("reset", self.PINGS) as (_, client):
            with pytest.raises(ConnectionResetError):
                await client.rest()


class TestMessages:
    async def test_answered_on_the_same_connection(self) -> None:
        engine = EchoEngine()
        async with serve(engine, "ws:127.0.0.1:0") as server, connected(server) as client:
            client.send(request(3))
            assert await client.get() == (TEXT, response(3))
            client.writer.write(masked(BINARY, request(4, body=b"\xff")))
            assert await client.get() == (TEXT, response(4))
            assert [flow.transport for _, flow in engine.received] == ["WS", "WS"]

    async def test_handshake_and_frames_in_one_segment(self) -> None:
        async with serve(EchoEngine(), "ws:127.0.0.1:0") as server, connected(server, upgrade=False) as client:
            client.writer.write(UPGRADE + masked(TEXT, request(1)) + masked(TEXT, request(2)))
            await client.opened()
            assert [await client.get(), await client.get()] == [(TEXT, response(1)), (TEXT, response(2))]

    async def test_byte_by_byte(self) -> None:
        async with serve(EchoEngine(), "ws:127.0.0.1:0") as server, connected(server, upgrade=False) as client:
            client.writer.get_extra_info("socket").setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            for byte in UPGRADE + masked(TEXT, request()):
                client.writer.write(bytes([byte]))
                await asyncio.sleep(0.0002)
            await client.opened()
            assert await client.get() == (TEXT, response())

    async def test_fragments_with_a_ping_between_them(self) -> None:
        async with serve(EchoEngine(), "ws:127.0.0.1:0") as server, connected(server) as client:
            client.writer.write(masked(TEXT, request()[:40], final=False) + masked(PING, b"still there?"))
            client.writer.write(masked(PONG, b"") + masked(CONTINUATION, request()[40:]))
            assert await client.get() == (PONG, b"still there?")
            assert await client.get() == (TEXT, response())

    async def test_keep_alive_by_line_ends(self) -> None:
        """RFC 7118 section 6, RFC 5626 section 3.5.1"""
        async with serve(EchoEngine(), "ws:127.0.0.1:0") as server, connected(server) as client:
            client.send(b"\r\n\r\n")
            assert await client.get() == (TEXT, b"\r\n")

    async def test_what_is_not_utf_8_goes_out_as_binary(self) -> None:
        def binary(data: bytes, flow: Flow) -> list[Transmit]:
            return [(b"\xff", flow)]

        async with serve(EchoEngine(binary), "ws:127.0.0.1:0") as server, connected(server) as client:
            client.send(request())
            assert await client.get() == (BINARY, b"\xff")


class TestEnds:
    async def test_the_close_of_the_client_comes_back_after_the_answers(self) -> None:
        engine = EchoEngine()
        async with serve(engine, "ws:127.0.0.1:0") as server, connected(server) as client:
            client.writer.write(masked(TEXT, request()) + masked(CLOSE, b"\x03\xe8"))
            assert [await client.get(), await client.get()] == [(TEXT, response()), (CLOSE, b"\x03\xe8")]
            assert await client.rest() == b""
            assert engine.refused == []

    async def test_a_breach_of_the_protocol_is_said(self) -> None:
        engine = EchoEngine()
        async with serve(engine, "ws:127.0.0.1:0") as server, connected(server) as client:
            client.writer.write(masked(TEXT, request()) + frame(TEXT, request()))
            assert await client.get() == (TEXT, response())
            assert await client.get() == (CLOSE, b"\x03\xeaWebSocket frame without mask")
            assert await client.rest() == b""
            assert [error.what for error, _ in engine.refused] == ["WebSocket frame without mask"]

    async def test_a_page_for_those_who_do_not_want_a_websocket(self) -> None:
        async with serve(EchoEngine(), "ws:127.0.0.1:0") as server, connected(server, upgrade=False) as client:
            client.writer.write(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
            assert (await client.rest()).startswith(b"HTTP/1.1 426 Upgrade Required\r\n")

    async def test_a_request_without_end_is_refused(self) -> None:
        async with serve(EchoEngine(), "ws:127.0.0.1:0") as server, connected(server, upgrade=False) as client:
            client.writer.write(b"GET / HTTP/1.1\r\nX: " + b"x" * 20_000)
            assert (await client.rest()).startswith(b"HTTP/1.1 431 ")

    async def test_a_request_that_does_not_go_on_is_refused(self) -> None:
        limits = StreamLimits(partial=0.05, linger=0.05)
        async with (
            serve(EchoEngine(), "ws:127.0.0.1:0", limits=limits) as server,
            connected(server, upgrade=False) as client,
        ):
            client.writer.write(UPGRADE[:-2])
            assert (await client.rest()).startswith(b"HTTP/1.1 408 ")

    async def test_a_message_that_does_not_go_on_ends_the_connection(self) -> None:
        limits = StreamLimits(partial=0.05, linger=0.05)
        async with serve(EchoEngine(), "ws:127.0.0.1:0", limits=limits) as server, connected(server) as client:
            client.writer.write(masked(TEXT, b"OPTIONS", final=False))
            opcode, payload = await client.get()
            assert (opcode, payload[:2]) == (CLOSE, b"\x03\xf0")

    async def test_silence_and_the_end_of_the_server_are_said(self) -> None:
        limits = StreamLimits(idle=0.05)
        async with serve(EchoEngine(), "ws:127.0.0.1:0", limits=limits) as server, connected(server) as client:
            assert await client.get() == GOING_AWAY
        async with serve(EchoEngine(), "ws:127.0.0.1:0") as server, connected(server) as client:
            await server.stop()
            assert await client.get() == GOING_AWAY

    @pytest.mark.parametrize("port", [80, 0])
    async def test_no_connection_is_opened_to_a_client_that_has_gone(self, port: int) -> None:
        engine = EchoEngine()
        async with serve(engine, "ws:127.0.0.1:0") as server:
            with socket.create_server(("127.0.0.1", 0)) as other:
                async with connected(server) as client:
                    client.send(request())
                    assert await client.get() == (TEXT, response())
                flow = engine.received[0][1]
                await until(lambda: not server._driver.connections)  # type: ignore[union-attr]
                fallback = ("127.0.0.1", port or other.getsockname()[1])
                gone = Flow(flow.transport, flow.local, flow.remote, flow.connection, fallback)
                server._driver.connections.send(response(), gone)  # type: ignore[union-attr]
                await until(lambda: engine.failures)
                assert "only the client can open one" in engine.failures[0][1]

    async def test_hostile_bytes_leave_nothing_behind(self) -> None:
        draws = random.Random(6455)
        good = UPGRADE + masked(TEXT, request()) + masked(PING, b"x") + masked(TEXT, request(2))
        async with serve(EchoEngine(), "ws:127.0.0.1:0", limits=StreamLimits(linger=0.05)) as server:
            for _ in range(150):
                data = bytearray(good)
                for _ in range(draws.randint(1, 5)):
                    # b"\r\nCSeq" stays: the echo needs it
                    data[draws.randrange(len(UPGRADE) + 8)] = draws.randrange(256)
                async with connected(server, upgrade=False) as client:
                    client.writer.write(bytes(data))
                    client.writer.write_eof()
                    await client.rest()
            async with connected(server) as client:
                client.send(request(9))
                assert await client.get() == (TEXT, response(9))
            await until(lambda: not server._driver.connections)  # type: ignore[union-attr]


def written(method: str, transport: str, *, tag: str = "", number: int = 1) -> bytes:
    """A request of a client in a browser: an invented host, and no Content-Length (RFC 7118 sections 5, 8.1)."""
    to = f";tag={tag}" if tag else ""
    return (
        f"{method} sip:180.200@127.0.0.1 SIP/2.0\r\n"
        f"Via: SIP/2.0/{transport} df7jal23ls0d.invalid;branch=z9hG4bK{method}{number}\r\n"
        f"From: <sip:alice@127.0.0.1>;tag=1\r\nTo: <sip:180.200@127.0.0.1>{to}\r\nCall-ID: one@df7jal23ls0d.invalid\r\n"
        f"CSeq: {number} {method}\r\nMax-Forwards: 70\r\nContact: <sip:alice@df7jal23ls0d.invalid;transport=ws>\r\n\r\n"
    ).encode()


@pytest.mark.parametrize("transport", ["ws", "wss"])
async def test_a_call(transport: str) -> None:
    ids = random.Random(1)
    engine = Engine(Playbook(ids=ids, shipped=False), ids=ids, epoch=epoch())
    listen = [ListenAddress(transport, "127.0.0.1", 0)]
    name = transport.upper()
    async with Server(engine, listen, tls=server_context(CERTIFICATE)) as server, connected(server) as client:
        client.send(written("INVITE", name))
        answers = []
        while not answers or not answers[-1].startswith("SIP/2.0 200 "):
            opcode, payload = await client.get()
            assert opcode == TEXT
            answers.append(payload.decode())
        assert [answer.split()[1] for answer in answers][-2:] == ["180", "200"]
        final = answers[-1]
        assert f"Via: SIP/2.0/{name} df7jal23ls0d.invalid;branch=z9hG4bKINVITE1;received=127.0.0.1\r\n" in final
        assert f"@127.0.0.1:{server.addresses[0].port};transport=ws>" in final
        tag = final.partition("\r\nTo: ")[2].partition("\r\n")[0].partition(";tag=")[2]
        client.send(written("ACK", name, tag=tag))
        client.send(written("BYE", name, tag=tag, number=2))
        assert (await client.get())[1].startswith(b"SIP/2.0 200 ")


async def test_our_bye_goes_to_the_client_by_its_connection() -> None:
    """RFC 7118 section 5.3, RFC 5626 section 5.3: its Contact names no host that there is."""
    ids = random.Random(1)
    engine = Engine(Playbook(ids=ids, shipped=False), ids=ids, epoch=epoch())
    async with Server(engine, [ListenAddress("ws", "127.0.0.1", 0)]) as server, connected(server) as client:
        client.send(written("INVITE", "WS"))
        payload = b""
        while not payload.startswith(b"SIP/2.0 200 "):
            _, payload = await client.get()
        tag = payload.decode().partition("\r\nTo: ")[2].partition("\r\n")[0].partition(";tag=")[2]
        client.send(written("ACK", "WS", tag=tag))
        client.send(b"\r\n\r\n")  # its answer comes after the ACK was taken
        assert await client.get() == (TEXT, b"\r\n")
        stopping = asyncio.create_task(server.stop(grace=0.1))
        _, payload = await client.get()
        assert payload.startswith(
            b"BYE sip:alice@df7jal23ls0d.invalid;transport=ws SIP/2.0\r\nVia: SIP/2.0/WS 127.0.0.1:"
        )
        await stopping


async def test_http_1_1_is_agreed_upon_with_those_who_name_it() -> None:
    """RFC 7301"""
    async with serve(EchoEngine(), "wss:127.0.0.1:0", tls=server_context(CERTIFICATE)) as server:
        context = client_context()
        context.set_alpn_protocols(["h2", "http/1.1"])
        _, writer = await asyncio.open_connection("127.0.0.1", server.addresses[0].port, ssl=context)
        assert writer.get_extra_info("ssl_object").selected_alpn_protocol() == "http/1.1"
        writer.close()
