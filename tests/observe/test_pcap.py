from __future__ import annotations

import io
import shutil
import subprocess
from pathlib import Path

import pytest

from responder.events import Event, Flow
from responder.observe.packets import MAX_UDP_PAYLOAD, Connections, internet_checksum, udp_packet
from responder.observe.pcap import PcapWriter
from responder.observe.websocket_packets import frame

from .capture import Packet, ones_sum, read_capture
from .sample import CLOCK, TCP, UDP, UDP6, busy_call, ended, malformed, received, request, response, sent

TCP6 = Flow("TCP", ("2001:db8::1", 5060), ("2001:db8::5", 40001), 8)
TLS = Flow("TLS", ("10.0.0.9", 5061), ("10.0.0.5", 40002), 9)
WS = Flow("WS", ("10.0.0.9", 8080), ("10.0.0.5", 40003), 10)
WSS = Flow("WSS", ("2001:db8::1", 443), ("2001:db8::5", 40004), 11)


def written(events: list[Event]) -> bytes:
    file = io.BytesIO()
    writer = PcapWriter(file, clock=CLOCK, version="1")
    writer.observe(events)
    writer.flush(0.0)
    writer.close(0.0)
    return file.getvalue()


def packets(events: list[Event]) -> list[Packet]:
    found = read_capture(written(events))
    for packet in found:
        packet.check()
    return found


@pytest.mark.parametrize("flow", [UDP, UDP6], ids=["IPv4", "IPv6"])
@pytest.mark.parametrize("size", [0, 1, 2, 1471, 1500, 60_000])
def test_a_datagram_is_one_packet(flow: Flow, size: int) -> None:
    message = request("INFO", body=b"x" * size)
    there, back = packets([received(100.25, message, flow=flow), sent(100.5, message, flow=flow)])
    assert (there.hosts, there.ports) == ((flow.remote[0], flow.local[0]), (flow.remote[1], flow.local[1]))
    assert (back.hosts, back.ports) == ((flow.local[0], flow.remote[0]), (flow.local[1], flow.remote[1]))
    assert there.payload == back.payload == message
    assert there.microseconds == round((CLOCK.epoch + 100.25) * 1_000_000)


def test_a_datagram_that_fits_nowhere_is_cut() -> None:
    (packet,) = packets([received(100.0, b"x" * (MAX_UDP_PAYLOAD + 1))])
    assert len(packet.data) == 65_535
    assert packet.comment == "cut: 65508 bytes do not fit in one datagram"


def test_notes_become_comments() -> None:
    found = packets([*busy_call(), malformed(103.0), ended(104.0), received(105.0, request("ACK"), again=True)])
    assert [packet.comment for packet in found] == [
        "",
        "",
        "busy step 2",
        "busy step 4",
        "retransmission",
        "",
        "malformed: no start line",
        "retransmission",
    ]


def test_a_connection_opens_with_its_handshake() -> None:
    found = packets([received(100.0, b"x" * 100, flow=TCP)])
    assert [packet.flags for packet in found] == ["S", "SA", "A", "PA", "A"]
    assert [packet.ports[0] for packet in found] == [40000, 5060, 40000, 40000, 5060]
    assert [len(packet.payload) for packet in found] == [0, 0, 0, 100, 0]


def test_who_speaks_first_has_connected() -> None:
    found = packets([sent(100.0, b"x", flow=TCP), received(101.0, b"y", flow=TCP)])
    assert [packet.ports[0] for packet in found] == [5060, 40000, 5060, 5060, 40000, 40000, 5060]


@pytest.mark.parametrize("flow", [TCP, TCP6], ids=["IPv4", "IPv6"])
def test_the_numbers_run_on_and_the_bytes_come_out_again(flow: Flow) -> None:
    bodies = [0, 1, 1439, 1440, 1441, 100_000, 3]
    events: list[Event] = []
    streams = {True: b"", False: b""}
    for number, size in enumerate(bodies):
        for from_client in (True, False):
            message = request("INFO", body=bytes([number]) * size)
            streams[from_client] += message
            make = received if from_client else sent
            events.append(make(100.0 + number, message, flow=flow))
    found = packets(events)
    expected = {flow.remote[1]: found[0].seq, flow.local[1]: found[1].seq}
    acknowledged = dict(expected)
    heard = {flow.remote[1]: b"", flow.local[1]: b""}
    for packet in found:
        port, other = packet.ports
        assert packet.seq == expected[port]
        assert len(packet.data) <= 1500
        if "A" in packet.flags:
            assert packet.ack == expected[other]
            acknowledged[other] = packet.ack
        expected[port] += len(packet.payload) + ("S" in packet.flags)
        heard[port] += packet.payload
        assert expected[port] - acknowledged[port] < 65_535  # never more under way than the window
    assert heard == {flow.remote[1]: streams[True], flow.local[1]: streams[False]}


def test_connections_are_told_apart() -> None:
    again = Flow("TCP", TCP.local, TCP.remote, 70)
    found = packets([received(100.0, b"a", flow=TCP), received(101.0, b"b", flow=again), sent(102.0, b"c", flow=TCP)])
    assert [packet.flags for packet in found] == ["S", "SA", "A", "PA", "A"] * 2 + ["PA", "A"]


def test_a_connection_of_ours_is_the_one_that_the_answer_comes_on() -> None:
    """The flow of a request that opens a connection has no number yet."""
    ours = Flow("TCP", TCP.local, TCP.remote)
    found = packets([sent(100.0, b"a", flow=ours), received(101.0, b"b", flow=TCP), sent(102.0, b"c", flow=ours)])
    assert [packet.flags for packet in found] == ["S", "SA", "A", "PA", "A", "PA", "A", "PA", "A"]
    assert found[-2].ack == found[-4].seq + 1


def test_a_fallback_makes_no_other_connection() -> None:
    """RFC 3261 section 18.2.2: the flow of a response may name where to connect if the connection is gone."""
    back = Flow("TCP", TCP.local, TCP.remote, TCP.connection, fallback=("10.0.0.5", 5060))
    found = packets([received(100.0, b"a", flow=TCP), sent(101.0, b"b", flow=back)])
    assert [packet.flags for packet in found] == ["S", "SA", "A", "PA", "A", "PA", "A"]


def test_the_table_of_connections_is_bounded() -> None:
    connections = Connections(limit=2)

    def opened(number: int) -> bool:
        flow = Flow("TCP", TCP.local, TCP.remote, number)
        return len(list(connections.packets(flow, received=True, payload=b"x"))) == 5

    assert [opened(number) for number in (1, 2, 1, 3, 1, 2)] == [True, True, False, True, False, True]


def test_decrypted_flows_say_so() -> None:
    found = packets([received(100.0, b"x", flow=TLS), sent(101.0, b"y", flow=TLS, note="busy step 1")])
    assert {packet.comment for packet in found} == {"TLS in clear", "TLS in clear; busy step 1"}


def test_websocket_upgrade_comes_before_the_first_frame() -> None:
    found = [
        packet for packet in packets([received(100.0, b"abc", flow=WS), sent(101.0, b"de", flow=WS)]) if packet.payload
    ]
    assert found[0].payload.startswith(b"GET / HTTP/1.1\r\nHost: 10.0.0.9:8080\r\n")
    assert found[1].payload.startswith(b"HTTP/1.1 101 ")
    assert found[2].payload == b"\x81\x83\0\0\0\0abc"
    assert found[3].payload == b"\x81\x02de"


@pytest.mark.parametrize(
    ("size", "masked", "head"),
    [
        (125, False, b"\x81\x7d"),
        (126, False, b"\x81\x7e\x00\x7e"),
        (65_535, True, b"\x81\xfe\xff\xff\0\0\0\0"),
        (65_536, False, b"\x81\x7f\0\0\0\0\0\x01\0\0"),
    ],
)
def test_frame_lengths(size: int, masked: bool, head: bytes) -> None:
    """RFC 6455 section 5.2."""
    assert frame(b"x" * size, masked=masked) == head + b"x" * size


@pytest.mark.parametrize("data", [b"", b"\0\0", b"\xff\xff", b"\xff\xff\0\0\0", b"\x12\x34\x56", bytes(range(256)) * 9])
def test_internet_checksum(data: bytes) -> None:
    """RFC 1071: with its checksum appended, data sums up to 0xffff."""
    padded = data + b"\0" * (len(data) % 2)
    assert ones_sum(padded + internet_checksum(data).to_bytes(2, "big")) == 0xFFFF


def test_a_udp_checksum_of_zero_is_sent_as_all_ones() -> None:
    """RFC 768: all zeros would say that there is none."""
    seen = {udp_packet(("10.0.0.1", 1), ("10.0.0.2", 2), word.to_bytes(2, "big"))[26:28] for word in range(65_536)}
    assert b"\xff\xff" in seen
    assert b"\0\0" not in seen


def test_hosts_out_of_the_ordinary() -> None:
    flows = [
        (Flow("UDP", ("fe80::1%eth0", 1), ("fe80::2%eth0", 2)), ("fe80::2", "fe80::1")),
        (Flow("UDP", ("::1", 1), ("10.0.0.1", 2)), ("::ffff:10.0.0.1", "::1")),
        (Flow("UDP", ("localhost", 1), ("10.0.0.1", 2)), ("10.0.0.1", "0.0.0.0")),
    ]
    for flow, hosts in flows:
        assert packets([received(100.0, b"x", flow=flow)])[0].hosts in (hosts, tuple(map(_mapped, hosts)))


def _mapped(host: str) -> str:
    """What Python calls an IPv4-mapped address has changed with its versions."""
    return host.replace("::ffff:10.0.0.1", "::ffff:a00:1")


@pytest.mark.skipif(shutil.which("tshark") is None, reason="tshark is not installed")
def test_tshark_takes_all_of_it_for_sip_and_has_nothing_to_say(tmp_path: Path) -> None:
    big = request("MESSAGE", body=b"x" * 60_000, content_type="text/plain")
    events: list[Event] = []
    for number, flow in enumerate((UDP, UDP6, TCP, TCP6, TLS, WS)):
        start = 100.0 + number
        events += [
            received(start, request("INVITE"), flow=flow),
            sent(start + 0.1, response("486 Busy Here"), flow=flow, note="busy step 4"),
            received(start + 0.2, request("ACK"), flow=flow),
            received(start + 0.3, big, flow=flow),
        ]
    path = tmp_path / "run.pcapng"
    path.write_bytes(written(events))
    checks = [f"{protocol}.check_checksum:TRUE" for protocol in ("ip", "udp", "tcp")]
    command = ["tshark", "-r", str(path), *(word for check in checks for word in ("-o", check))]
    listed = subprocess.run([*command, "-Y", "sip"], capture_output=True, text=True, timeout=60, check=True).stdout
    assert len([line for line in listed.splitlines() if " SIP " in line]) == 4 * 6
    experts = subprocess.run(
        [*command, "-q", "-z", "expert"], capture_output=True, text=True, timeout=60, check=True
    ).stdout
    assert "Errors" not in experts
    assert "Warns" not in experts
    assert "busy step 4" in experts
