"""RFC 3261 section 18 over UDP, on real sockets."""

from __future__ import annotations

import asyncio
import errno
import socket
from typing import TYPE_CHECKING

import pytest

from responder.events import Flow
from responder.net import udp

from .clients import Client, until
from .echo import EchoEngine, echo, request, response, serve

if TYPE_CHECKING:
    from collections.abc import Iterator

    from responder.events import Transmit


@pytest.fixture
def client() -> Iterator[Client]:
    made = Client()
    yield made
    made.socket.close()


class TestResponses:
    """18.2.2"""

    async def test_each_datagram_is_answered_to_its_source(self, client: Client) -> None:
        engine = EchoEngine()
        async with serve(engine, "udp:127.0.0.1:0") as server:
            port = server.addresses[0].port
            client.socket.sendto(request(7), ("127.0.0.1", port))
            assert await client.get() == response(7)
            assert engine.received == [(request(7), Flow("UDP", ("127.0.0.1", port), ("127.0.0.1", client.port)))]

    async def test_a_burst_of_more_than_a_batch(self, client: Client) -> None:
        async with serve(EchoEngine(), "udp:127.0.0.1:0") as server:
            count = 3 * udp.BATCH + 1
            for n in range(count):
                client.socket.sendto(request(n), ("127.0.0.1", server.addresses[0].port))
            assert [await client.get() for _ in range(count)] == [response(n) for n in range(count)]

    async def test_flows_of_one_peer_are_one_object(self, client: Client) -> None:
        engine = EchoEngine()
        async with serve(engine, "udp:127.0.0.1:0") as server:
            for _ in range(2):
                client.socket.sendto(request(), ("127.0.0.1", server.addresses[0].port))
                await client.get()
        assert engine.received[0][1] is engine.received[1][1]

    async def test_to_another_port_than_the_source(self, client: Client) -> None:
        """The port of the sent-by, which only the engine knows."""

        def detour(data: bytes, flow: Flow) -> list[Transmit]:
            return [(response(), Flow("UDP", flow.local, ("127.0.0.1", client.port)))]

        async with serve(EchoEngine(detour), "udp:127.0.0.1:0") as server:
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as source:
                source.sendto(request(), ("127.0.0.1", server.addresses[0].port))
                assert await client.get() == response()

    async def test_ipv6(self) -> None:
        client = Client(socket.AF_INET6)
        engine = EchoEngine()
        async with serve(engine, "udp:[::1]:0") as server:
            client.socket.sendto(request(), ("::1", server.addresses[0].port))
            assert await client.get() == response()
            assert engine.received[0][1] == Flow("UDP", ("::1", server.addresses[0].port), ("::1", client.port))
        client.socket.close()

    @pytest.mark.parametrize(("wildcard", "loopback"), [("0.0.0.0", "127.0.0.1"), ("[::]", "::1")])
    async def test_on_every_address_the_flow_has_the_one_towards_the_peer(self, wildcard: str, loopback: str) -> None:
        client = Client(socket.AF_INET6 if ":" in loopback else socket.AF_INET)
        engine = EchoEngine()
        async with serve(engine, f"udp:{wildcard}:0") as server:
            port = server.addresses[0].port
            client.socket.sendto(request(), (loopback, port))
            assert await client.get() == response()
            assert engine.received[0][1].local == (loopback, port)
        client.socket.close()

    async def test_peers_remembered_are_bounded(self, client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(udp, "MOST_PEERS", 3)
        async with serve(EchoEngine(), "udp:127.0.0.1:0") as server:
            endpoint = server._endpoints[0]
            for n in range(10):
                other = Client()
                other.socket.sendto(request(n), ("127.0.0.1", server.addresses[0].port))
                assert await other.get() == response(n)
                other.socket.close()
            assert len(endpoint._flows) <= 3
            assert len(endpoint.peers) <= 3


class TestErrors:
    """18.4"""

    async def test_port_unreachable(self, client: Client) -> None:
        engine = EchoEngine()
        async with serve(engine, "udp:127.0.0.1:0") as server:
            gone = Client()
            gone.socket.sendto(request(), ("127.0.0.1", server.addresses[0].port))
            gone.socket.close()
            await until(lambda: engine.failures)
            flow, reason = engine.failures[0]
            assert flow is engine.received[0][1]
            assert reason == "connection refused"
            # and the next one, to somebody else, is not hurt by it
            client.socket.sendto(request(2), ("127.0.0.1", server.addresses[0].port))
            assert await client.get() == response(2)

    async def test_a_refusal_in_the_middle_of_a_turn_takes_no_other_response_along(self, client: Client) -> None:
        gone = Client()
        gone.socket.close()

        def both(data: bytes, flow: Flow) -> list[Transmit]:
            return 3 * [(response(), Flow("UDP", flow.local, ("127.0.0.1", gone.port))), (response(), flow)]

        engine = EchoEngine(both)
        async with serve(engine, "udp:127.0.0.1:0") as server:
            client.socket.sendto(request(), ("127.0.0.1", server.addresses[0].port))
            assert [await client.get() for _ in range(3)] == 3 * [response()]
            await until(lambda: engine.failures)

    async def test_refusals_do_not_keep_the_loop_busy(self) -> None:
        engine = EchoEngine()
        turns = list[int]()
        async with serve(engine, "udp:127.0.0.1:0", after_turn=lambda: turns.append(1)) as server:
            gone = Client()
            gone.socket.sendto(request(), ("127.0.0.1", server.addresses[0].port))
            gone.socket.close()
            await until(lambda: engine.failures)
            await asyncio.sleep(0.02)
            before = len(turns)
            await asyncio.sleep(0.05)
            assert len(turns) == before

    @pytest.mark.parametrize("size", [65_508, 65_535, 65_536, 70_000])
    async def test_too_long_for_a_datagram(self, size: int, client: Client) -> None:
        def long(data: bytes, flow: Flow) -> list[Transmit]:
            return [(bytes(size), flow), *echo(data, flow)]

        engine = EchoEngine(long)
        turns = list[int]()
        async with serve(engine, "udp:127.0.0.1:0", after_turn=lambda: turns.append(1)) as server:
            client.socket.sendto(request(), ("127.0.0.1", server.addresses[0].port))
            assert await client.get() == response()
            await asyncio.sleep(0.02)
            before = len(turns)
            await asyncio.sleep(0.02)
            assert len(turns) == before
            assert [reason for _, reason in engine.failures] == [f"{size} bytes are too many for UDP"]

    @pytest.mark.parametrize("host", ["client.example.com", "::1", "not an address"])
    async def test_no_address_of_this_socket(self, host: str, client: Client) -> None:
        def elsewhere(data: bytes, flow: Flow) -> list[Transmit]:
            return [(response(), Flow("UDP", flow.local, (host, 5060)))]

        engine = EchoEngine(elsewhere)
        async with serve(engine, "udp:127.0.0.1:0") as server:
            client.socket.sendto(request(), ("127.0.0.1", server.addresses[0].port))
            await until(lambda: engine.failures)
            assert host in engine.failures[0][1]

    async def test_a_transport_that_is_not_listened_on(self, client: Client) -> None:
        def elsewhere(data: bytes, flow: Flow) -> list[Transmit]:
            return [(response(), Flow("UDP", ("192.0.2.1", 1), flow.remote))]

        engine = EchoEngine(elsewhere)
        async with serve(engine, "udp:127.0.0.1:0") as server:
            client.socket.sendto(request(), ("127.0.0.1", server.addresses[0].port))
            await until(lambda: engine.failures)
            assert engine.failures[0][1] == "no UDP socket on 192.0.2.1 port 1"


class Full:
    """A socket that the system takes nothing for while `full`."""

    def __init__(self, real: socket.socket) -> None:
        self._real = real
        self.full = True

    def sendto(self, data: bytes, address: tuple[str, int]) -> int:
        if self.full:
            raise BlockingIOError(errno.EAGAIN, "full")
        return self._real.sendto(data, address)

    def fileno(self) -> int:
        return self._real.fileno()

    def __getattr__(self, name: str) -> object:
        return getattr(self._real, name)


class TestFullSocket:
    async def test_what_waits_goes_out_later_in_order_and_the_oldest_is_dropped(
        self, client: Client, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(udp, "MOST_WAITING", 3)
        async with serve(EchoEngine(), "udp:127.0.0.1:0") as server:
            endpoint = server._endpoints[0]
            real = endpoint._socket
            full = Full(real)
            endpoint._socket = full  # type: ignore[assignment]
            endpoint.sendto = full.sendto  # type: ignore[assignment]
            endpoint._waiting = type(endpoint._waiting)(maxlen=3)
            for n in range(5):
                client.socket.sendto(request(n), ("127.0.0.1", server.addresses[0].port))
            await until(lambda: endpoint.dropped == 2)
            full.full = False
            assert [await client.get() for _ in range(3)] == [response(n) for n in (2, 3, 4)]
            client.socket.sendto(request(9), ("127.0.0.1", server.addresses[0].port))
            assert await client.get() == response(9)
            assert endpoint.dropped == 2
            endpoint._socket = real
