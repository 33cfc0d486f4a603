"""A capture file of a run: pcapng (draft-ietf-opsawg-pcapng) with the packets of `packets`, notes as packet comments.

Messages of TLS and WSS flows stand there in clear, as over plain TCP or WS, and a comment says so.
"""

from __future__ import annotations

from collections.abc import Iterable
from struct import pack
from typing import BinaryIO

from responder.events import Event, Flow
from responder.observe.clock import Clock
from responder.observe.json_lines import sound
from responder.observe.packets import MAX_UDP_PAYLOAD, Connections, udp_packet
from responder.observe.records import Entry, MalformedRecord, MessageRecord, record_of

LINKTYPE_RAW = 101
"""Each packet begins with its IPv4 or IPv6 header."""
_SECTION, _INTERFACE, _PACKET = 0x0A0D0D0A, 1, 6
_BYTE_ORDER = 0x1A2B3C4D
_COMMENT, _NAME, _APPLICATION = 1, 2, 4
_SNAP_LENGTH = 262_144


def _option(code: int, text: str) -> bytes:
    value = text.encode("utf-8")[:0xFFFF]
    return pack("<HH", code, len(value)) + value + b"\0" * (-len(value) % 4)


def _block(kind: int, body: bytes) -> bytes:
    length = pack("<I", 12 + len(body))
    return pack("<I", kind) + length + body + length


_END_OF_OPTIONS = b"\0\0\0\0"


class PcapWriter:
    """Writes the messages of a run as packets; the file is the caller's to open (binary) and close."""

    def __init__(self, file: BinaryIO, *, clock: Clock, version: str) -> None:
        """`version` is that of responder; the file names it as the application."""
        self._file = file
        self._clock = clock
        self._connections = Connections()
        options = _option(_APPLICATION, f"responder {version}") + _END_OF_OPTIONS
        file.write(_block(_SECTION, pack("<IHHq", _BYTE_ORDER, 1, 0, -1) + options))
        options = _option(_NAME, "sip") + _END_OF_OPTIONS
        file.write(_block(_INTERFACE, pack("<HHI", LINKTYPE_RAW, 0, _SNAP_LENGTH) + options))

    def observe(self, events: Iterable[Event]) -> None:
        """Write the messages among these events, the malformed ones too."""
        self.write(record_of(event, self._clock) for event in events)

    def write(self, entries: Iterable[Entry]) -> None:
        """Write the messages of what is recorded already."""
        for one in entries:
            if not isinstance(one, MessageRecord | MalformedRecord):
                continue
            flow = Flow(one.transport, one.local, one.remote, one.connection)
            if isinstance(one, MalformedRecord):
                self._message(one.wall, flow, True, one.data, f"malformed: {one.what}")
            else:
                comment = one.note or ("retransmission" if one.retransmission else "")
                self._message(one.wall, flow, one.received, one.data, comment)

    def flush(self, now: float) -> None:
        """Hand what is written to the system, so that a reader sees it."""
        self._file.flush()

    def close(self, now: float) -> None:
        """Flush for the last time; writing ends here."""
        self._file.flush()

    def _message(self, wall: float, flow: Flow, received: bool, data: bytes, comment: str) -> None:
        moment = round(wall * 1_000_000)
        if flow.reliable:
            if flow.transport in ("TLS", "WSS"):
                comment = f"{flow.transport} in clear{comment and '; ' + comment}"
            for packet in self._connections.packets(flow, received=received, payload=data):
                self._packet(moment, packet, comment)
            return
        if len(data) > MAX_UDP_PAYLOAD:
            comment = f"cut: {len(data)} bytes do not fit in one datagram{comment and '; ' + comment}"
        source, destination = (flow.remote, flow.local) if received else (flow.local, flow.remote)
        self._packet(moment, udp_packet(source, destination, data), comment)

    def _packet(self, moment: int, packet: bytes, comment: str) -> None:
        size = len(packet)
        body = pack("<IIIII", 0, moment >> 32, moment & 0xFFFFFFFF, size, size) + packet + b"\0" * (-size % 4)
        if comment:
            body += _option(_COMMENT, sound(comment)) + _END_OF_OPTIONS
        self._file.write(_block(_PACKET, body))
