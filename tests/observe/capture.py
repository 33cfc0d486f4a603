"""A reader of capture files for the tests, written from the specifications and sharing nothing with the writer."""

from __future__ import annotations

import struct
from dataclasses import dataclass
from ipaddress import ip_address


@dataclass(frozen=True)
class Packet:
    microseconds: int
    data: bytes
    comment: str

    @property
    def version(self) -> int:
        return self.data[0] >> 4

    @property
    def _start(self) -> int:
        return 20 if self.version == 4 else 40

    @property
    def protocol(self) -> str:
        return {6: "TCP", 17: "UDP"}[self.data[9] if self.version == 4 else self.data[6]]

    @property
    def hosts(self) -> tuple[str, str]:
        data = self.data
        source, destination = (data[12:16], data[16:20]) if self.version == 4 else (data[8:24], data[24:40])
        return str(ip_address(source)), str(ip_address(destination))

    @property
    def transport(self) -> bytes:
        return self.data[self._start :]

    @property
    def ports(self) -> tuple[int, int]:
        source, destination = struct.unpack_from("!HH", self.transport)
        return source, destination

    @property
    def seq(self) -> int:
        return int.from_bytes(self.transport[4:8], "big")

    @property
    def ack(self) -> int:
        return int.from_bytes(self.transport[8:12], "big")

    @property
    def flags(self) -> str:
        return "".join(
            name for bit, name in ((2, "S"), (1, "F"), (4, "R"), (8, "P"), (16, "A")) if self.transport[13] & bit
        )

    @property
    def payload(self) -> bytes:
        return self.transport[8:] if self.protocol == "UDP" else self.transport[(self.transport[12] >> 4) * 4 :]

    def check(self) -> None:
        """Lengths and checksums, as a receiver checks them: the sum over everything is 0xffff."""
        data = self.data
        if self.version == 4:
            assert data[0] == 0x45
            assert int.from_bytes(data[2:4], "big") == len(data)
            assert ones_sum(data[:20]) == 0xFFFF
            addresses = data[12:20]
        else:
            assert int.from_bytes(data[4:6], "big") == len(data) - 40
            addresses = data[8:40]
        pseudo = addresses + struct.pack("!II", len(self.transport), 6 if self.protocol == "TCP" else 17)
        assert ones_sum(pseudo + self.transport) == 0xFFFF
        if self.protocol == "UDP":
            assert int.from_bytes(self.transport[4:6], "big") == len(self.transport)
            assert self.transport[6:8] != b"\0\0"


def ones_sum(data: bytes) -> int:
    """Word by word, with the carry brought round each time (RFC 1071 section 1)."""
    total = 0
    for (word,) in struct.iter_unpack("!H", data + b"\0" * (len(data) % 2)):
        total += word
        total = (total & 0xFFFF) + (total >> 16)
    return total


def options_of(data: bytes) -> dict[int, bytes]:
    found = {}
    while data:
        code, length = struct.unpack_from("<HH", data)
        if code == 0:
            assert data[4:] == b""
            break
        found[code] = data[4 : 4 + length]
        data = data[4 + length + -length % 4 :]
    return found


def read_capture(data: bytes) -> list[Packet]:
    packets = []
    kinds = []
    while data:
        kind, length = struct.unpack_from("<II", data)
        assert length % 4 == 0
        assert struct.unpack_from("<I", data, length - 4)[0] == length
        body, data = data[8 : length - 4], data[length:]
        kinds.append(kind)
        if kind == 0x0A0D0D0A:
            assert struct.unpack_from("<IHH", body) == (0x1A2B3C4D, 1, 0)
            assert options_of(body[16:])[4].startswith(b"responder ")
        elif kind == 1:
            assert struct.unpack_from("<H", body)[0] == 101
        else:
            interface, high, low, captured, original = struct.unpack_from("<IIIII", body)
            assert (kind, interface, captured) == (6, 0, original)
            rest = body[20 + captured + -captured % 4 :]
            comment = options_of(rest).get(1, b"").decode()
            packets.append(Packet((high << 32) + low, body[20 : 20 + captured], comment))
    assert kinds[:2] == [0x0A0D0D0A, 1]
    return packets
