"""What we can speak in a session: codecs with their payload types (RFC 3551, RFC 4733, RFC 7587)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Codec:
    """One encoding of one kind of media."""

    name: str
    payload: int
    """Payload type that our offers give it: its static one (below 96) or a dynamic one."""
    rate: int = 8000
    """Clock rate in Hz."""
    channels: int = 1
    fmtp: str = ""
    """Format parameters that we send with it."""
    kind: str = "audio"

    @property
    def encoding(self) -> str:
        """What `a=rtpmap` says of it: `PCMU/8000`, `opus/48000/2`."""
        return f"{self.name}/{self.rate}" if self.channels == 1 else f"{self.name}/{self.rate}/{self.channels}"

    @property
    def auxiliary(self) -> bool:
        """Whether it makes no stream of its own: events and comfort noise."""
        return self.name.lower() in ("telephone-event", "cn")

    def matches(self, encoding: str) -> bool:
        """Whether an encoding as in `a=rtpmap` means this codec (names without regard to case)."""
        name, _, rest = encoding.partition("/")
        rate, _, channels = rest.partition("/")
        return (name.lower(), rate, channels or "1") == (self.name.lower(), str(self.rate), str(self.channels))


CODECS: Final = (
    Codec("PCMU", 0),
    Codec("PCMA", 8),
    Codec("G722", 9),
    Codec("opus", 111, 48000, 2),
    Codec("telephone-event", 101, fmtp="0-16"),
)
"""What an `Answerer` offers if it is not told otherwise."""

TAKEN: Final = (
    *CODECS,
    Codec("GSM", 3),
    Codec("G723", 4),
    Codec("DVI4", 5),
    Codec("DVI4", 6, 16000),
    Codec("LPC", 7),
    Codec("L16", 10, 44100, 2),
    Codec("L16", 11, 44100),
    Codec("L16", 118, 16000),
    Codec("QCELP", 12),
    Codec("CN", 13),
    Codec("G728", 15),
    Codec("G729", 18),
    Codec("G721", 2),
    Codec("G726-16", 112),
    Codec("G726-24", 113),
    Codec("G726-32", 114),
    Codec("G726-40", 115),
    Codec("iLBC", 97),
    Codec("speex", 98),
    Codec("speex", 99, 16000),
    Codec("speex", 100, 32000),
    Codec("AMR", 102),
    Codec("AMR-WB", 103, 16000),
    Codec("EVS", 104, 16000),
    Codec("SILK", 105, 16000),
    Codec("SILK", 106, 24000),
    Codec("BV16", 107),
    Codec("G7221", 108, 16000),
    Codec("telephone-event", 109, 16000, fmtp="0-16"),
    Codec("telephone-event", 110, 48000, fmtp="0-16"),
)
"""What it accepts then: no media is decoded, so whatever a client may reasonably start a call with."""

STATIC_PAYLOADS: Final[dict[str, str]] = {
    "0": "PCMU/8000",
    "2": "G721/8000",  # RFC 1890; reserved since RFC 3551, yet still to be met (RFC 5118 section 4.10)
    "3": "GSM/8000",
    "4": "G723/8000",
    "5": "DVI4/8000",
    "6": "DVI4/16000",
    "7": "LPC/8000",
    "8": "PCMA/8000",
    "9": "G722/8000",
    "10": "L16/44100/2",
    "11": "L16/44100",
    "12": "QCELP/8000",
    "13": "CN/8000",
    "14": "MPA/90000",
    "15": "G728/8000",
    "16": "DVI4/11025",
    "17": "DVI4/22050",
    "18": "G729/8000",
    "25": "CelB/90000",
    "26": "JPEG/90000",
    "28": "nv/90000",
    "31": "H261/90000",
    "32": "MPV/90000",
    "33": "MP2T/90000",
    "34": "H263/90000",
}
"""Payload types that mean something without `a=rtpmap` (RFC 3551 section 6)."""
