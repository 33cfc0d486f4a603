"""A server as its owner sees it: listeners, start, stop, time, and what goes wrong at start."""

from __future__ import annotations

import asyncio
import socket
import time
from pathlib import Path

import pytest

from responder.errors import TransportError
from responder.net.address import ListenAddress
from responder.net.server import Server, epoch
from responder.net.tls import client_context, server_context

from .clients import Client, until
from .echo import EchoEngine, request, response, serve

CERTIFICATE = Path(__file__).with_name("localhost.pem")


async def asked(host: str, port: int, number: int, **options: object) -> bytes:
    """The answer over a stream."""
    reader, writer = await asyncio.open_connection(host, port, **options)  # type: ignore[arg-type]
    writer.write(request(number))
    async with asyncio.timeout(2):
        answer = await reader.readexactly(len(response(number)))
    writer.close()
    await writer.wait_closed()
    return answer


class TestListeners:
    async def test_udp_and_tcp_share_a_free_port(self) -> None:
        for _ in range(20):
            async with serve(EchoEngine(), "tcp:127.0.0.1:0", "udp:127.0.0.1:0") as server:
                tcp, udp = server.addresses
                assert (tcp.transport, udp.transport) == ("tcp", "udp")
                assert tcp.port == udp.port != 0

    async def test_several_of_both_families_and_all_transports(self) -> None:
        engine = EchoEngine()
        addresses = [f"{t}:{h}:0" for h in ("127.0.0.1", "[::1]") for t in ("udp", "tcp", "tls")]
        async with serve(engine, *addresses, tls=server_context(CERTIFICATE)) as server:
            for number, address in enumerate(server.addresses):
                if address.transport == "udp":
                    client = Client(socket.AF_INET6 if ":" in address.host else socket.AF_INET)
                    client.socket.sendto(request(number), (address.host, address.port))
                    assert await client.get() == response(number)
                    client.socket.close()
                else:
                    tls = {"ssl": client_context()} if address.transport == "tls" else {}
                    assert await asked(address.host, address.port, number, **tls) == response(number)
            assert [flow.transport for _, flow in engine.received] == ["UDP", "TCP", "TLS"] * 2
            assert [ListenAddress(f.transport.lower(), *f.local) for _, f in engine.received] == list(server.addresses)

    async def test_two_udp_ports_of_one_host(self) -> None:
        async with serve(EchoEngine(), "udp:127.0.0.1:0", "udp:127.0.0.1:0") as server:
            assert server.addresses[0].port != server.addresses[1].port

    async def test_wildcards_of_both_families_on_one_port(self) -> None:
        async with serve(EchoEngine(), "udp:0.0.0.0:0", "tcp:0.0.0.0:0") as server:
            port = server.addresses[0].port
            async with serve(EchoEngine(), f"udp:[::]:{port}", f"tcp:[::]:{port}"):
                assert await asked("::1", port, 1) == response(1)
                assert await asked("127.0.0.1", port, 2) == response(2)


class TestStartErrors:
    @pytest.mark.parametrize("transport", ["udp", "tcp"])
    async def test_address_in_use(self, transport: str) -> None:
        async with serve(EchoEngine(), f"{transport}:127.0.0.1:0") as first:
            text = str(first.addresses[0])
            free = f"{'tcp' if transport == 'udp' else 'udp'}:127.0.0.1:0"
            with pytest.raises(TransportError) as caught:
                await serve(EchoEngine(), free, text).start()
            assert str(caught.value) == f"cannot listen on {text}: address already in use"

    async def test_after_an_error_nothing_is_bound(self) -> None:
        async with serve(EchoEngine(), "udp:127.0.0.1:0") as first:
            async with serve(EchoEngine(), "udp:127.0.0.1:0", "tcp:127.0.0.1:0") as probe:
                free = probe.addresses[0].port
            server = serve(EchoEngine(), f"udp:127.0.0.1:{free}", f"tcp:127.0.0.1:{free}", str(first.addresses[0]))
            with pytest.raises(TransportError):
                await server.start()
            assert server.addresses == ()
            async with serve(EchoEngine(), f"udp:127.0.0.1:{free}", f"tcp:127.0.0.1:{free}"):
                pass

    async def test_not_an_address_of_this_machine(self) -> None:
        with pytest.raises(TransportError, match=r"^cannot listen on udp:192\.0\.2\.1:5060: cannot assign"):
            await serve(EchoEngine(), "udp:192.0.2.1:5060").start()

    async def test_tls_without_a_certificate(self) -> None:
        with pytest.raises(TransportError, match=r"^cannot listen on tls:127\.0\.0\.1:\d+: TLS needs a certificate$"):
            await serve(EchoEngine(), "tls:127.0.0.1:0").start()

    def test_nothing_to_listen_on(self) -> None:
        with pytest.raises(TransportError, match=r"^nothing to listen on$"):
            Server(EchoEngine(), [])

    def test_certificates_that_cannot_be_used(self, tmp_path: Path) -> None:
        with pytest.raises(TransportError, match=r"^cannot read .*absent\.pem: no such file or directory$"):
            server_context(tmp_path / "absent.pem")
        (tmp_path / "odd.pem").write_text("not a certificate")
        with pytest.raises(TransportError, match=r"^no usable certificate and key in .*odd\.pem"):
            server_context(tmp_path / "odd.pem")


class TestTime:
    async def test_the_engine_gets_its_deadline_without_any_traffic(self) -> None:
        engine = EchoEngine()
        loop = asyncio.get_running_loop()
        engine.deadline = deadline = loop.time() + 0.03
        async with serve(engine, "udp:127.0.0.1:0"):
            await until(lambda: engine.rings)
            assert 0 <= engine.rings[0] - deadline < 0.05
            await asyncio.sleep(0.01)
            assert len(engine.rings) == 1

    async def test_after_turn(self) -> None:
        turns = list[int]()
        engine = EchoEngine()
        async with serve(engine, "udp:127.0.0.1:0", after_turn=lambda: turns.append(len(engine.received))) as server:
            client = Client()
            client.socket.sendto(request(), ("127.0.0.1", server.addresses[0].port))
            await client.get()
            client.socket.close()
            assert 1 in turns

    def test_epoch_makes_wall_time_of_the_loops(self) -> None:
        assert abs(epoch() + time.monotonic() - time.time()) < 0.01


class TestStop:
    async def test_waits_for_calls_but_not_for_long(self) -> None:
        engine = EchoEngine()
        engine.busy = 1
        async with serve(engine, "udp:127.0.0.1:0", "tcp:127.0.0.1:0") as server:
            _, writer = await asyncio.open_connection("127.0.0.1", server.addresses[1].port)
            writer.write(request()[:20])
            before = time.monotonic()
            await server.stop()
            assert 0.9 < time.monotonic() - before < 2
            assert engine.stopped
            writer.close()

    async def test_is_quick_when_nothing_is_live_and_the_port_is_free_again(self) -> None:
        engine = EchoEngine()
        server = serve(engine, "udp:127.0.0.1:0", "tcp:127.0.0.1:0")
        await server.start()
        addresses = [str(address) for address in server.addresses]
        assert await asked("127.0.0.1", server.addresses[1].port, 1) == response(1)
        before = time.monotonic()
        await server.stop()
        assert time.monotonic() - before < 0.2
        assert server.addresses == ()
        async with serve(engine, *addresses) as again:
            assert [str(address) for address in again.addresses] == addresses

    async def test_answers_to_our_last_requests_are_still_taken(self) -> None:
        class Leaving(EchoEngine):
            def shutdown(self, now: float) -> None:
                self.out.append((request(1, method="BYE"), self.received[0][1]))

            def receive(self, data: bytes, flow: object, now: float) -> None:
                if data.startswith(b"SIP/2.0 200"):
                    self.busy = 0
                super().receive(data, flow, now)  # type: ignore[arg-type]

        engine = Leaving(lambda data, flow: [])
        engine.busy = 1
        client = Client()
        async with serve(engine, "udp:127.0.0.1:0") as server:
            target = ("127.0.0.1", server.addresses[0].port)
            client.socket.sendto(request(), target)
            await until(lambda: engine.received)
            stopping = asyncio.create_task(server.stop())
            assert await client.get() == request(1, method="BYE")
            client.socket.sendto(response(1, method="BYE"), target)
            before = time.monotonic()
            await stopping
            assert time.monotonic() - before < 0.5
        client.socket.close()

    async def test_a_peer_that_does_not_read_does_not_hold_it_up(self) -> None:
        engine = EchoEngine(lambda data, flow: [(bytes(3_000_000), flow)])
        async with serve(engine, "tcp:127.0.0.1:0") as server:
            with socket.socket() as deaf:
                deaf.connect(("127.0.0.1", server.addresses[0].port))
                deaf.send(request())
                await until(lambda: engine.received)
                before = time.monotonic()
                await server.stop()
                assert time.monotonic() - before < 2

    async def test_twice_is_once(self) -> None:
        server = serve(EchoEngine(), "udp:127.0.0.1:0")
        await server.start()
        await server.stop()
        await server.stop()
