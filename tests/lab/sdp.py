"""Session descriptions of this client (RFC 3264, RFC 4566): one audio stream, G.711."""

from __future__ import annotations

import re
from dataclasses import dataclass

KNOWN = {"0": "PCMU/8000", "8": "PCMA/8000", "101": "telephone-event/8000"}
MIRROR = {"sendonly": "recvonly", "recvonly": "sendonly", "inactive": "inactive", "sendrecv": "sendrecv"}


@dataclass
class Session:
    """Our side of a session: who we are in `o=`, and how many descriptions there were."""

    host: str
    port: int
    ident: int
    version: int = 1
    last: str = ""
    offered: str = ""
    """The offer of ours that waits for its answer."""

    def _describe(self, media: str) -> bytes:
        """The version grows with every change (RFC 3264 section 8)."""
        if self.last and media != self.last:
            self.version += 1
        self.last = media
        family = "IP6" if ":" in self.host else "IP4"
        head = f"v=0\r\no=alice {self.ident} {self.version} IN {family} {self.host}\r\ns=-\r\n"
        return f"{head}c=IN {family} {self.host}\r\nt=0 0\r\n{media}".encode()

    def offer(self, direction: str = "sendrecv") -> bytes:
        """What we would like; later ones keep the streams of the last description (8)."""
        own = f"m=audio {self.port} RTP/AVP 0 8\r\na=rtpmap:0 PCMU/8000\r\na=rtpmap:8 PCMA/8000\r\na={direction}\r\n"
        others = re.split(r"(?m)^(?=m=)", self.last)[2:]
        rest = "".join(re.sub(r"^(m=\S+) \d+", r"\1 0", other.splitlines()[0]) + "\r\n" for other in others)
        return self._describe(own + rest)

    def answer(self, offer: bytes) -> bytes:
        """As many streams as the offer, in its order; the first audio is taken and the rest refused (6)."""
        media, taken = "", False
        head, *streams = re.split(r"(?m)^(?=m=)", offer.decode("utf-8", "replace"))
        for stream in streams:
            line, *attributes = stream.splitlines()
            kind, port, profile, *formats = line[2:].split()
            common = [one for one in formats if one in KNOWN]
            if kind != "audio" or profile != "RTP/AVP" or not common or taken or port.split("/")[0] == "0":
                media += f"m={kind} 0 {profile} {' '.join(formats)}\r\n"
                continue
            taken = True
            directions = re.findall(r"(?m)^a=(sendrecv|sendonly|recvonly|inactive)\s*$", head + "\n".join(attributes))
            media += f"m=audio {self.port} {profile} {' '.join(common)}\r\n"
            media += "".join(f"a=rtpmap:{one} {KNOWN[one]}\r\n" for one in common)
            media += f"a={MIRROR[directions[-1]] if directions else 'sendrecv'}\r\n"
        return self._describe(media)


def acceptable(offer: bytes) -> bool:
    """Whether there is an audio stream that we can do."""
    text = offer.decode("utf-8", "replace")
    return any(set(line.split()) & set(KNOWN) for line in re.findall(r"(?m)^m=audio \d+ RTP/AVP (.*)$", text))
