"""RFC 3261 section 18.3 and RFC 5626 section 3.5.1 over TCP, on real sockets."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import struct
import time
from collections.abc import AsyncIterator
from typing import TYPE_CHECKING, TypeAlias

import pytest

from responder.events import Flow
from responder.net.limits import StreamLimits

from .clients import until
from .echo import EchoEngine, echo, request, response, serve

if TYPE_CHECKING:
    from responder.events import Transmit
    from responder.net.server import Server

Streams: TypeAlias = tuple[asyncio.StreamReader, asyncio.StreamWriter]


@contextlib.asynccontextmanager
async def connected(server: Server) -> AsyncIterator[Streams]:
    reader, writer = await asyncio.open_connection("127.0.0.1", server.addresses[-1].port)
    try:
        yield reader, writer
    finally:
        writer.close()
        with contextlib.suppress(OSError):
            await writer.wait_closed()


async def exactly(reader: asyncio.StreamReader, expected: bytes) -> None:
    async with asyncio.timeout(2):
        assert await reader.readexactly(len(expected)) == expected


async def rest(reader: asyncio.StreamReader) -> bytes:
    """Everything until the server closes."""
    async with asyncio.timeout(2):
        return await reader.read(-1)


class TestFraming:
    """18.3"""

    async def test_answered_on_the_same_connection(self) -> None:
        engine = EchoEngine()
        async with serve(engine, "tcp:127.0.0.1:0") as server, connected(server) as (reader, writer):
            writer.write(request(3, body=b"v=0\r\n"))
            await exactly(reader, response(3))
            data, flow = engine.received[0]
            assert data == request(3, body=b"v=0\r\n")
            assert (flow.transport, flow.local, flow.remote) == (
                "TCP",
                ("127.0.0.1", server.addresses[0].port),
                writer.get_extra_info("sockname"),
            )
            assert flow.connection

    async def test_every_cut(self) -> None:
        """A message in two segments, cut at every place."""
        engine = EchoEngine()
        async with serve(engine, "tcp:127.0.0.1:0") as server, connected(server) as (reader, writer):
            whole = request(body=b"v=0\r\n")
            for cut in range(1, len(whole)):
                writer.write(whole[:cut])
                await asyncio.sleep(0)
                writer.write(whole[cut:])
                await exactly(reader, response())
            assert [data for data, _ in engine.received] == [whole] * (len(whole) - 1)

    async def test_byte_by_byte(self) -> None:
        engine = EchoEngine()
        async with serve(engine, "tcp:127.0.0.1:0") as server, connected(server) as (reader, writer):
            whole = request(body=b"v=0\r\n")
            for byte in whole:
                writer.write(bytes([byte]))
                await asyncio.sleep(0.0005)
            await exactly(reader, response())
            assert [data for data, _ in engine.received] == [whole]

    async def test_many_in_one_segment_are_answered_in_one_write(self, monkeypatch: pytest.MonkeyPatch) -> None:
        writes = list[bytes]()
        transport = asyncio.selector_events._SelectorSocketTransport  # type: ignore[attr-defined]
        real = transport.write

        def counted(self: object, data: bytes) -> None:
            if data.startswith(b"SIP/2.0"):
                writes.append(data)
            real(self, data)

        monkeypatch.setattr(transport, "write", counted)
        async with serve(EchoEngine(), "tcp:127.0.0.1:0") as server, connected(server) as (reader, writer):
            writer.write(b"".join(request(n) for n in range(50)))
            await exactly(reader, b"".join(response(n) for n in range(50)))
        assert len(writes) == 1

    @pytest.mark.parametrize(
        ("bad", "status", "what"),
        [
            (b"OPTIONS sip:x SIP/2.0\r\nCSeq: 1 OPTIONS\r\n\r\n", 400, "Missing Content-Length"),
            (b"OPTIONS sip:x SIP/2.0\r\nContent-Length: -1\r\n\r\n", 400, "Malformed Content-Length"),
            (b"OPTIONS sip:x SIP/2.0\r\nContent-Length: 99999999999\r\n\r\n", 413, "Content-Length too large"),
            (b"OPTIONS sip:x SIP/2.0\r\nSubject: " + b"x" * 5000, 513, "Head too large"),
        ],
    )
    async def test_a_stream_that_cannot_be_cut_is_answered_and_closed(self, bad: bytes, status: int, what: str) -> None:
        engine = EchoEngine()
        limits = StreamLimits(head=4096)
        async with serve(engine, "tcp:127.0.0.1:0", limits=limits) as server, connected(server) as (reader, writer):
            writer.write(request(1) + bad + b"and more " * 1_000_000)
            answer = f"SIP/2.0 {status} {what}\r\nContent-Length: 0\r\n\r\n".encode()
            assert await rest(reader) == response(1) + answer
            assert [data for data, _ in engine.received] == [request(1)]
            assert bad.startswith(engine.refused[0][1])

    async def test_a_peer_that_goes_on_sending_after_that_is_cut_off(self) -> None:
        limits = StreamLimits(head=4096, linger=0.05)
        async with serve(EchoEngine(), "tcp:127.0.0.1:0", limits=limits) as server, connected(server) as (_, writer):

            async def on_and_on() -> None:
                while True:
                    writer.write(b"x" * 1024)
                    await writer.drain()
                    await asyncio.sleep(0.001)

            with pytest.raises(ConnectionError):
                await asyncio.wait_for(on_and_on(), 2)


class TestKeepAlive:
    """RFC 5626 section 3.5.1"""

    async def test_ping_and_pong(self) -> None:
        engine = EchoEngine()
        async with serve(engine, "tcp:127.0.0.1:0") as server, connected(server) as (reader, writer):
            writer.write(b"\r\n\r\n")
            await exactly(reader, b"\r\n")
            writer.write(b"\r\n\r\n" + request() + b"\r\n\r\n")
            answers = await reader.readexactly(len(response()) + 4)
            assert answers.replace(response(), b"", 1) == b"\r\n\r\n"

    async def test_a_lone_line_end_is_no_message_begun(self) -> None:
        limits = StreamLimits(partial=0.05)
        async with (
            serve(EchoEngine(), "tcp:127.0.0.1:0", limits=limits) as server,
            connected(server) as (reader, writer),
        ):
            writer.write(b"\r\n")
            await asyncio.sleep(0.15)
            writer.write(request())
            await exactly(reader, response())


class TestTime:
    async def test_a_message_that_does_not_end_in_time(self) -> None:
        engine = EchoEngine()
        limits = StreamLimits(partial=0.1)
        async with serve(engine, "tcp:127.0.0.1:0", limits=limits) as server, connected(server) as (reader, writer):

            async def slowly() -> None:
                with contextlib.suppress(ConnectionError):
                    for byte in request():
                        writer.write(bytes([byte]))
                        await writer.drain()
                        await asyncio.sleep(0.01)

            sending = asyncio.create_task(slowly())
            assert await rest(reader) == b""
            sending.cancel()
            assert engine.refused[0][0].status == 408
            assert engine.received == []

    async def test_messages_that_overlap_segments_are_in_time(self) -> None:
        """Each ends in time, though the connection is never between two."""
        limits = StreamLimits(partial=0.1)
        async with (
            serve(EchoEngine(), "tcp:127.0.0.1:0", limits=limits) as server,
            connected(server) as (reader, writer),
        ):
            stream = b"".join(request(n) for n in range(20))
            half = len(request()) // 2
            writer.write(stream[:half])
            for n in range(19):
                await asyncio.sleep(0.02)
                writer.write(stream[half + n * len(request()) :][: len(request())])
            writer.write(stream[half + 19 * len(request()) :])
            await exactly(reader, b"".join(response(n) for n in range(19)))

    async def test_silent_connections_are_closed_while_no_call_is_live(self) -> None:
        engine = EchoEngine()
        engine.busy = 1
        limits = StreamLimits(idle=0.05)
        async with serve(engine, "tcp:127.0.0.1:0", limits=limits) as server, connected(server) as (reader, writer):
            await asyncio.sleep(0.15)
            writer.write(request())
            await exactly(reader, response())
            engine.busy = 0
            assert await rest(reader) == b""

    async def test_200_idle_connections(self) -> None:
        engine = EchoEngine()
        async with serve(engine, "tcp:127.0.0.1:0") as server, contextlib.AsyncExitStack() as stack:
            pairs = [await stack.enter_async_context(connected(server)) for _ in range(200)]
            for n, (_, writer) in enumerate(pairs):
                writer.write(request(n))
            for n, (reader, _) in enumerate(pairs):
                await exactly(reader, response(n))
            assert len({flow.connection for _, flow in engine.received}) == 200

    async def test_too_many_connections_close_the_one_silent_for_longest(self) -> None:
        limits = StreamLimits(connections=3)
        async with (
            serve(EchoEngine(), "tcp:127.0.0.1:0", limits=limits) as server,
            connected(server) as first,
            connected(server) as second,
            connected(server) as third,
        ):
            for reader, writer in (first, second, third, first):
                writer.write(request())
                await exactly(reader, response())
            async with connected(server) as (reader, writer):
                writer.write(request(4))
                await exactly(reader, response(4))
                assert await rest(second[0]) == b""
                for reader, writer in (first, third):
                    writer.write(request(5))
                    await exactly(reader, response(5))


class TestEnds:
    async def test_reset_in_the_middle_of_a_message(self) -> None:
        engine = EchoEngine()
        async with serve(engine, "tcp:127.0.0.1:0") as server:
            with socket.socket() as rude:
                rude.connect(("127.0.0.1", server.addresses[0].port))
                rude.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                rude.send(request()[:40])
                await asyncio.sleep(0.01)
            async with connected(server) as (reader, writer):
                writer.write(request())
                await exactly(reader, response())
            await until(lambda: not server._driver.connections)  # type: ignore[union-attr]

    async def test_connected_and_reset_at_once(self) -> None:
        engine = EchoEngine()
        async with serve(engine, "tcp:127.0.0.1:0") as server:
            for _ in range(20):
                with socket.socket() as rude:
                    rude.connect(("127.0.0.1", server.addresses[0].port))
                    rude.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            async with connected(server) as (reader, writer):
                writer.write(request())
                await exactly(reader, response())

    async def test_half_closed_while_a_call_is_live_is_still_answered(self) -> None:
        flows = list[Flow]()

        def later(data: bytes, flow: Flow) -> list[Transmit]:
            flows.append(flow)
            return []

        engine = EchoEngine(later)
        engine.busy = 1
        async with serve(engine, "tcp:127.0.0.1:0") as server, connected(server) as (reader, writer):
            writer.write(request())
            writer.write_eof()
            await until(lambda: flows)
            await asyncio.sleep(0.02)
            driver = server._driver
            assert driver is not None
            engine.out.append((response(), flows[0]))
            driver.end_turn(driver.loop.time())
            await exactly(reader, response())
            engine.busy = 0

    async def test_half_closed_is_closed_after_a_while(self) -> None:
        engine = EchoEngine()
        engine.busy = 1
        limits = StreamLimits(half_closed=0.05)
        async with serve(engine, "tcp:127.0.0.1:0", limits=limits) as server, connected(server) as (reader, writer):
            writer.write(request())
            writer.write_eof()
            assert await rest(reader) == response()
            engine.busy = 0

    async def test_closed_within_a_message_is_told(self) -> None:
        engine = EchoEngine()
        async with serve(engine, "tcp:127.0.0.1:0") as server, connected(server) as (reader, writer):
            writer.write(request()[:-2])
            writer.write_eof()
            assert await rest(reader) == b""
            assert engine.refused[0][0].what == "Connection ended within a message"
            assert engine.left == [request()[:-2]]

    @pytest.mark.parametrize(("more", "left"), [(b"llo", [b"llo"]), (b"\r\n", []), (b"\0", [])])
    async def test_what_comes_after_a_message_is_told_unless_it_keeps_the_connection(
        self, more: bytes, left: list[bytes]
    ) -> None:
        engine = EchoEngine()
        async with serve(engine, "tcp:127.0.0.1:0") as server, connected(server) as (reader, writer):
            writer.write(request() + more)
            writer.write_eof()
            assert await rest(reader) == response()
            assert engine.left == left


class TestPeerThatDoesNotRead:
    async def test_is_not_read_from_and_cut_off_in_the_end(self) -> None:
        def much(data: bytes, flow: Flow) -> list[Transmit]:
            return [(bytes(10_000), flow)]

        engine = EchoEngine(much)
        limits = StreamLimits(stalled=0.4, high_water=50_000, most_unread=100_000_000)
        async with serve(engine, "tcp:127.0.0.1:0", limits=limits) as server:
            with socket.socket() as deaf:
                deaf.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
                deaf.connect(("127.0.0.1", server.addresses[0].port))
                deaf.setblocking(False)

                async def send_on(seconds: float) -> None:
                    until_then = time.monotonic() + seconds
                    while time.monotonic() < until_then:
                        with contextlib.suppress(BlockingIOError):
                            deaf.send(request() * 20)
                        await asyncio.sleep(0.001)

                await send_on(0.1)
                taken = len(engine.received)
                await send_on(0.1)
                assert len(engine.received) == taken
                assert engine.failures == []
                await until(lambda: engine.failures)
                assert engine.failures[0][1] == "the peer does not read what it is sent"

    async def test_is_cut_off_at_once_when_too_much_has_piled_up(self) -> None:
        engine = EchoEngine(lambda data, flow: [])
        limits = StreamLimits(high_water=50_000, most_unread=1_000_000)
        async with serve(engine, "tcp:127.0.0.1:0", limits=limits) as server, connected(server) as (_, writer):
            writer.transport.pause_reading()  # type: ignore[attr-defined]
            writer.write(request())
            await until(lambda: engine.received)
            driver = server._driver
            assert driver is not None
            for _ in range(200):
                engine.out.append((bytes(100_000), engine.received[0][1]))
                driver.end_turn(driver.loop.time())
                await asyncio.sleep(0)
                if engine.failures:
                    break
            assert engine.failures[0][1] == "the peer does not read what it is sent"


class TestOtherConnections:
    """18.2.2 and 18.1.1"""

    async def test_a_response_whose_connection_is_gone_goes_to_the_fallback(self) -> None:
        taken = asyncio.Queue[tuple[asyncio.StreamReader, asyncio.StreamWriter]]()
        peer = await asyncio.start_server(lambda r, w: taken.put_nowait((r, w)), "127.0.0.1", 0)
        fallback = peer.sockets[0].getsockname()
        engine = EchoEngine(lambda data, flow: [])
        async with serve(engine, "tcp:127.0.0.1:0") as server:
            async with connected(server) as (_, writer):
                writer.write(request())
                await until(lambda: engine.received)
            driver = server._driver
            assert driver is not None
            await until(lambda: not driver.connections)
            source = engine.received[0][1]
            flow = Flow("TCP", source.local, source.remote, source.connection, fallback)
            for n in (1, 2):
                engine.out.append((response(n), flow))
                driver.end_turn(driver.loop.time())
            reader, writer = await asyncio.wait_for(taken.get(), 2)
            await exactly(reader, response(1) + response(2))
            engine.out.append((response(3), flow))
            driver.end_turn(driver.loop.time())
            await exactly(reader, response(3))
            # and requests are taken there: the flow shows the address we listen on
            writer.write(request(4))
            await until(lambda: len(engine.received) == 2)
            assert engine.received[1][1].local == ("127.0.0.1", server.addresses[0].port)
            assert engine.received[1][1].remote == fallback
            writer.close()
        peer.close()
        assert taken.empty()

    async def test_a_connection_refused_fails_the_flow(self) -> None:
        with socket.socket() as nobody:
            nobody.bind(("127.0.0.1", 0))
            target = nobody.getsockname()
            engine = EchoEngine()
            async with serve(engine, "tcp:127.0.0.1:0") as server:
                flow = Flow("TCP", ("127.0.0.1", server.addresses[0].port), target)
                engine.out.append((request(), flow))
                driver = server._driver
                assert driver is not None
                driver.end_turn(driver.loop.time())
                await until(lambda: engine.failures)
                assert engine.failures == [(flow, "connection refused")]

    async def test_no_name_is_looked_up(self) -> None:
        engine = EchoEngine()
        async with serve(engine, "tcp:127.0.0.1:0") as server:
            flow = Flow("TCP", ("127.0.0.1", server.addresses[0].port), ("client.example.com", 5060))
            engine.out.append((request(), flow))
            driver = server._driver
            assert driver is not None
            driver.end_turn(driver.loop.time())
            await until(lambda: engine.failures)
            assert engine.failures == [(flow, "client.example.com is not an IP address")]


async def test_the_echo_is_the_200_of_its_request() -> None:
    flow = Flow("TCP", ("127.0.0.1", 1), ("127.0.0.1", 2), 1)
    assert echo(request(8, method="BYE"), flow) == [(response(8, method="BYE"), flow)]
