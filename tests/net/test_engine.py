"""The real engine behind real sockets: what only shows when both meet."""

from __future__ import annotations

import asyncio
import random

import pytest

from responder.engine import Engine
from responder.events import CallEnded
from responder.net.address import ListenAddress
from responder.net.media import MediaPorts
from responder.net.server import Server, epoch
from responder.scenario.playbook import Playbook
from responder.sip.sdp import Answerer

from .clients import Client

OFFER = "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\nm=audio 4000 RTP/AVP 0\r\n"


def written(
    method: str, transport: str, port: int, *, number: int = 1, tag: str = "", length: str | None = None
) -> bytes:
    body = OFFER if method == "INVITE" else ""
    to = f";tag={tag}" if tag else ""
    return (
        f"{method} sip:service@127.0.0.1 SIP/2.0\r\n"
        f"Via: SIP/2.0/{transport} 127.0.0.1:{port};branch=z9hG4bK{method}{number};rport\r\n"
        f"From: <sip:caller@127.0.0.1>;tag=1\r\nTo: <sip:service@127.0.0.1>{to}\r\nCall-ID: one@127.0.0.1\r\n"
        f"CSeq: {number} {method}\r\nMax-Forwards: 70\r\nContact: <sip:caller@127.0.0.1:{port}>\r\n"
        + ("Content-Type: application/sdp\r\n" if body else "")
        + f"Content-Length: {len(body) if length is None else length}\r\n\r\n{body}"
    ).encode()


def tag_of(message: bytes) -> str:
    to = next(line for line in message.decode().split("\r\n") if line.startswith("To:"))
    return to.partition(";tag=")[2]


async def message(reader: asyncio.StreamReader) -> bytes:
    async with asyncio.timeout(2):
        head = await reader.readuntil(b"\r\n\r\n")
        length = next(line for line in head.split(b"\r\n") if line.startswith(b"Content-Length:"))
        return head + await reader.readexactly(int(length.partition(b":")[2]))


class Run:
    def __init__(self, *addresses: str) -> None:
        ids = random.Random(1)
        self.media = MediaPorts.hold("127.0.0.1", 2)
        self.events = list[object]()
        self.engine = Engine(
            Playbook(ids=ids, shipped=False),
            ids=ids,
            epoch=epoch(),
            media=lambda host: Answerer(host, self.media.ports),
        )
        self.server = Server(
            self.engine,
            [ListenAddress.parse(text) for text in addresses],
            after_turn=lambda: self.events.extend(self.engine.events()),
        )

    async def __aenter__(self) -> Run:
        await self.server.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.server.stop()
        self.media.close()


async def test_a_call_over_udp() -> None:
    async with Run("udp:127.0.0.1:0") as run:
        target = ("127.0.0.1", run.server.addresses[0].port)
        client = Client()
        client.socket.sendto(written("INVITE", "UDP", client.port), target)
        answers = [await client.get() for _ in range(3)]
        assert [int(answer.split()[1]) for answer in answers] == [100, 180, 200]
        assert f"m=audio {run.media.ports[0]} ".encode() in answers[2]
        client.socket.sendto(written("ACK", "UDP", client.port, tag=tag_of(answers[2])), target)
        client.socket.sendto(written("BYE", "UDP", client.port, number=2, tag=tag_of(answers[2])), target)
        assert (await client.get()).startswith(b"SIP/2.0 200 ")
        client.socket.close()
    assert [event.outcome for event in run.events if isinstance(event, CallEnded)] == ["completed"]


async def test_the_200_is_resent_when_its_time_comes() -> None:
    """RFC 3261 section 13.3.1.4: by the engine's deadline, with nothing coming in."""
    async with Run("udp:127.0.0.1:0") as run:
        client = Client()
        client.socket.sendto(written("INVITE", "UDP", client.port), ("127.0.0.1", run.server.addresses[0].port))
        answers = [await client.get() for _ in range(4)]
        assert answers[3] == answers[2]
        target = ("127.0.0.1", run.server.addresses[0].port)
        client.socket.sendto(written("ACK", "UDP", client.port, tag=tag_of(answers[2])), target)
        stopping = asyncio.create_task(run.server.stop())
        bye = await client.get()
        assert bye.startswith(b"BYE sip:caller@127.0.0.1:")
        lines = bye.split(b"\r\n\r\n")[0].split(b"\r\n")[1:]
        copied = [line for line in lines if line.split(b":")[0] in (b"Via", b"From", b"To", b"Call-ID", b"CSeq")]
        ok = b"\r\n".join([b"SIP/2.0 200 OK", *copied, b"Content-Length: 0", b"", b""])
        client.socket.sendto(ok, target)
        await stopping
        client.socket.close()
    assert [event.outcome for event in run.events if isinstance(event, CallEnded)] == ["completed"]


@pytest.mark.parametrize(
    ("length", "status"), [("-1", 400), ("x", 400), ("99999999999999999999", 413), ("5\r\nContent-Length: 6", 400)]
)
async def test_a_stream_that_cannot_be_cut_gets_its_answer_and_its_end(length: str, status: int) -> None:
    """RFC 3261 section 18.3"""
    async with Run("tcp:127.0.0.1:0") as run:
        reader, writer = await asyncio.open_connection("127.0.0.1", run.server.addresses[0].port)
        port = writer.get_extra_info("sockname")[1]
        writer.write(written("OPTIONS", "TCP", port) + written("OPTIONS", "TCP", port, number=2, length=length))
        assert (await message(reader)).startswith(b"SIP/2.0 200 ")
        refusal = await message(reader)
        assert refusal.startswith(f"SIP/2.0 {status} ".encode())
        assert b"branch=z9hG4bKOPTIONS2" in refusal
        assert await reader.read() == b""
        writer.close()


async def test_a_call_over_tcp_is_ended_on_another_connection_when_its_own_has_gone() -> None:
    """RFC 3261 section 18.2.2: the 200 that waits for its ACK goes to the address of the Via."""
    taken = asyncio.Queue[asyncio.StreamReader]()
    writers = list[asyncio.StreamWriter]()

    def take(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writers.append(writer)
        taken.put_nowait(reader)

    phone = await asyncio.start_server(take, "127.0.0.1", 0)
    port = phone.sockets[0].getsockname()[1]
    async with Run("tcp:127.0.0.1:0") as run:
        reader, writer = await asyncio.open_connection("127.0.0.1", run.server.addresses[0].port)
        writer.write(written("INVITE", "TCP", port))
        answers = [await message(reader) for _ in range(3)]
        writer.transport.abort()
        again = await message(await asyncio.wait_for(taken.get(), 2))
        assert again == answers[2]
        writers[0].write(written("ACK", "TCP", port, tag=tag_of(again)))
        writers[0].write(written("BYE", "TCP", port, number=2, tag=tag_of(again)))
        async with asyncio.timeout(2):
            while not any(isinstance(event, CallEnded) for event in run.events):
                await asyncio.sleep(0.005)
        writers[0].close()
    phone.close()
    assert [event.outcome for event in run.events if isinstance(event, CallEnded)] == ["completed"]
