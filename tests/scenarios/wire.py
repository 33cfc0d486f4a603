"""SIP as the far end reads and writes it: no code of the project, so that a mistake there is not made here again."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable

SDP = "application/sdp"
OFFER = (
    b"v=0\r\no=alice 2890844526 1 IN IP4 192.0.2.10\r\ns=-\r\nc=IN IP4 192.0.2.10\r\nt=0 0\r\n"
    b"m=audio 6000 RTP/AVP 0 8 101\r\na=rtpmap:0 PCMU/8000\r\na=rtpmap:8 PCMA/8000\r\n"
    b"a=rtpmap:101 telephone-event/8000\r\na=sendrecv\r\n"
)

NEW_OFFER = OFFER.replace(b" 1 IN", b" 2 IN").replace(b"audio 6000", b"audio 6010")
"""What a re-INVITE or UPDATE offers."""

_LONG = {
    "a": "accept-contact",
    "c": "content-type",
    "e": "content-encoding",
    "f": "from",
    "i": "call-id",
    "k": "supported",
    "l": "content-length",
    "m": "contact",
    "o": "event",
    "r": "refer-to",
    "s": "subject",
    "t": "to",
    "u": "allow-events",
    "v": "via",
    "x": "session-expires",
}
"""RFC 3261 section 7.3.3 and the compact forms of later RFCs."""

_tag = re.compile(r";\s*tag=([^;,\s]+)").search
_branch = re.compile(r";\s*branch=([^;,\s]+)").search
_uri = re.compile(r"<([^>]*)>").search


class Message:
    """A message taken apart by its line ends and first colons, and no more."""

    def __init__(self, data: bytes) -> None:
        self.data = data
        head, _, self.body = data.partition(b"\r\n\r\n")
        self.start, *lines = head.decode("utf-8", "surrogateescape").split("\r\n")
        self.fields: list[tuple[str, str]] = []
        """Names as written, values without the white space around them; a line without colon has the name ""."""
        for line in lines:
            if line[:1] in (" ", "\t"):
                name, value = self.fields.pop()
                self.fields.append((name, f"{value} {line.strip()}".strip()))
                continue
            name, colon, value = line.partition(":")
            self.fields.append((name.strip(), value.strip()) if colon else ("", line))
        words = self.start.split(" ", 2)
        self.is_response = words[0] == "SIP/2.0"
        self.status = int(words[1]) if self.is_response else 0
        self.reason = words[2] if self.is_response else ""
        self.method = self.every("cseq")[0].split()[-1] if self.is_response else words[0]
        """Of a response: the method that it answers."""
        self.uri = "" if self.is_response else words[1]

    def every(self, name: str) -> list[str]:
        """All fields of that name, whatever form of it was used."""
        name = name.lower()
        return [value for written, value in self.fields if _LONG.get(written.lower(), written.lower()) == name]

    def __getitem__(self, name: str) -> str | None:
        return next(iter(self.every(name)), None)

    def the(self, name: str) -> str:
        """The value of a field that is there once."""
        (value,) = self.every(name)
        return value

    @property
    def call_id(self) -> str:
        return self.the("call-id")

    @property
    def cseq(self) -> int:
        return int(self.the("cseq").split()[0])

    @property
    def to_tag(self) -> str | None:
        return tag_of(self.the("to"))

    @property
    def branch(self) -> str:
        found = _branch(self.every("via")[0])
        assert found, self.start
        return found[1]

    @property
    def target(self) -> str | None:
        """The URI of the Contact, where there is one."""
        contact = self["contact"]
        return None if contact is None else uri_of(contact)

    @property
    def sdp(self) -> list[str]:
        """The lines of the session description; none without one."""
        return self.body.decode().split("\r\n")[:-1] if self["content-type"] == SDP else []

    def direction(self) -> str:
        """Of the first stream, by RFC 4566 section 6 `sendrecv` unless it says otherwise."""
        found = [line[2:] for line in self.sdp if line[2:] in ("sendrecv", "sendonly", "recvonly", "inactive")]
        return found[0] if found else "sendrecv"

    def __repr__(self) -> str:
        return f"<{self.start}>"


def tag_of(value: str) -> str | None:
    """The tag parameter of a From or To value."""
    found = _tag(value.partition(">")[2] if ">" in value else value)
    return found[1] if found else None


def uri_of(value: str) -> str:
    """The URI of an address in angle brackets."""
    found = _uri(value)
    assert found, value
    return found[1]


def write(start: str, fields: Iterable[tuple[str, str]], body: bytes = b"", content_type: str = SDP) -> bytes:
    """A message; Content-Type (where there is a body) and Content-Length are added."""
    lines = [start, *[f"{name}: {value}" for name, value in fields]]
    if body:
        lines.append(f"Content-Type: {content_type}")
    lines.append(f"Content-Length: {len(body)}")
    return "\r\n".join([*lines, "", ""]).encode("utf-8", "surrogateescape") + body


_parameter = re.compile(r'([A-Za-z-]+)\s*=\s*(?:"([^"]*)"|([^,\s]*))')
_HASHES = {"MD5": hashlib.md5, "SHA-256": hashlib.sha256}


def challenge_of(value: str) -> dict[str, str]:
    """The parameters of one `Digest ...` challenge, names in lower case."""
    scheme, _, rest = value.partition(" ")
    assert scheme == "Digest"
    return {found[1].lower(): found[2] or found[3] or "" for found in _parameter.finditer(rest)}


def digest(
    challenge: dict[str, str], *, method: str, uri: str, user: str, password: str, count: int = 1, cnonce: str = "0a4f"
) -> str:
    """The credentials of RFC 7616 section 3.4 (RFC 2617 for MD5) for a challenge with `qop=auth`."""
    hashed = _HASHES[challenge.get("algorithm", "MD5")]

    def h(text: str) -> str:
        return hashed(text.encode()).hexdigest()

    realm, nonce = challenge["realm"], challenge["nonce"]
    assert "auth" in challenge["qop"].split(",")
    secret = h(f"{user}:{realm}:{password}")
    response = h(f"{secret}:{nonce}:{count:08x}:{cnonce}:auth:{h(f'{method}:{uri}')}")
    parts = {
        "username": f'"{user}"',
        "realm": f'"{realm}"',
        "nonce": f'"{nonce}"',
        "uri": f'"{uri}"',
        "response": f'"{response}"',
        "algorithm": challenge.get("algorithm", "MD5"),
        "cnonce": f'"{cnonce}"',
        "qop": "auth",
        "nc": f"{count:08x}",
    }
    if "opaque" in challenge:
        parts["opaque"] = f'"{challenge["opaque"]}"'
    return "Digest " + ", ".join(f"{name}={value}" for name, value in parts.items())
