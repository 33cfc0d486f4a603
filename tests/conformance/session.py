"""Session descriptions read by a parser of their own: is an answer one that RFC 3264 section 6 allows for its offer?"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from .wire import Message

_MIRROR = {"sendrecv": {"sendrecv", "sendonly", "recvonly", "inactive"}, "sendonly": {"recvonly", "inactive"},
           "recvonly": {"sendonly", "inactive"}, "inactive": {"inactive"}}  # fmt: skip
_STATIC = {"0": "PCMU/8000", "3": "GSM/8000", "8": "PCMA/8000", "9": "G722/8000", "18": "G729/8000"}

OFFER = (
    b"v=0\r\no=alice 2890844526 2890844526 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\n"
    b"m=audio 49170 RTP/AVP 8 0 101\r\na=rtpmap:8 PCMA/8000\r\na=rtpmap:0 PCMU/8000\r\n"
    b"a=rtpmap:101 telephone-event/8000\r\na=fmtp:101 0-15\r\na=ptime:20\r\na=sendrecv\r\n"
)


@dataclass(slots=True)
class Stream:
    """One m= section."""

    media: str
    port: int
    protocol: str
    formats: list[str]
    connection: str
    direction: str
    attributes: list[str] = field(default_factory=list)

    def codec(self, payload: str) -> str:
        """Name and clock rate of a payload type."""
        for attribute in self.attributes:
            found = re.fullmatch(rf"rtpmap:{payload} (\S+)", attribute)
            if found:
                return found[1].upper().removesuffix("/1")
        return _STATIC.get(payload, "").upper()


def read(body: bytes) -> list[Stream]:
    """The streams of a session description; an AssertionError where RFC 4566 section 5 is broken."""
    text = body.decode()
    assert text.endswith("\r\n"), "the last line has no end"
    lines = text.removesuffix("\r\n").split("\r\n")
    assert all(re.fullmatch(r"[a-z]=\S.*", line) for line in lines), lines
    assert "\r" not in text.replace("\r\n", "")
    kinds = "".join(line[0] for line in lines)
    section = re.match(r"vosi?u?e?p?c?b*(?:tr*)+z?k?a*", kinds)
    assert section, kinds
    assert re.fullmatch(r"(?:mi?c*b*k?a*)*", kinds[section.end() :]), kinds
    assert lines[0] == "v=0"
    assert re.fullmatch(r"o=\S+ \d+ \d+ IN IP[46] \S+", lines[1]), lines[1]
    connection, direction, streams = "", "sendrecv", []
    for line in lines:
        kind, value = line[0], line[2:]
        if kind == "m":
            found = re.fullmatch(r"(\w+) (\d+)(?:/\d+)? (\S+)((?: \S+)+)", value)
            assert found, line
            streams.append(Stream(found[1], int(found[2]), found[3], found[4].split(), connection, direction))
        elif kind == "c":
            assert re.fullmatch(r"IN IP[46] \S+", value), line
            if streams:
                streams[-1].connection = value
            else:
                connection = value
        elif kind == "a":
            if value in _MIRROR:
                if streams:
                    streams[-1].direction = value
                else:
                    direction = value
            elif streams:
                streams[-1].attributes.append(value)
    for stream in streams:
        assert stream.connection or not stream.port, "a stream without c="
    return streams


def answer_faults(offer: bytes, response: Message) -> list[str]:
    """What is wrong with the answer in this response."""
    if response.all("Content-Type") != ["application/sdp"]:
        return [f"no answer: Content-Type {response.all('Content-Type')}"]
    try:
        theirs, ours = read(response.body), read(offer)
    except AssertionError as error:
        return [f"answer: {error}: {response.body!r}"]
    if [(s.media, s.protocol) for s in theirs] != [(s.media, s.protocol) for s in ours]:
        return [f"other streams than offered: {response.body!r}"]
    found = []
    for mine, yours in zip(ours, theirs, strict=True):
        if not mine.port and yours.port:
            found.append("a stream that was offered with port 0 is not rejected")
        if not yours.port:
            continue
        if yours.port % 2 or yours.port < 1024:
            found.append(f"port {yours.port}")
        if yours.direction not in _MIRROR[mine.direction]:
            found.append(f"{yours.direction} to {mine.direction}")
        offered = {mine.codec(payload) for payload in mine.formats}
        for payload in yours.formats:
            if not yours.codec(payload) or yours.codec(payload) not in offered:
                found.append(f"payload {payload} ({yours.codec(payload)}) was not offered: {mine.formats}")
        common = [payload for payload in mine.formats if payload in yours.formats]
        if common and yours.formats != common:
            found.append(f"formats {yours.formats} in another order than offered {mine.formats}")
        if not {yours.codec(payload) for payload in yours.formats} - {"TELEPHONE-EVENT/8000"}:
            found.append("no codec but telephone-event")
    return found


def offer_faults(response: Message) -> list[str]:
    """What is wrong with the offer in this response (RFC 3261 section 13.2.1, RFC 3264 section 5)."""
    if response.all("Content-Type") != ["application/sdp"]:
        return [f"no offer: Content-Type {response.all('Content-Type')}"]
    try:
        streams = read(response.body)
    except AssertionError as error:
        return [f"offer: {error}: {response.body!r}"]
    audio = [stream for stream in streams if stream.media == "audio" and stream.port]
    return [] if audio and all(s.codec(p) for s in audio for p in s.formats) else [f"offer {response.body!r}"]
