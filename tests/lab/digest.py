"""Digest credentials (RFC 3261 section 22, RFC 7616, RFC 8760)."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable
from dataclasses import dataclass, field

from message import Message, token

HASHES: dict[str, str] = {"MD5": "md5", "SHA-256": "sha256", "SHA-512-256": "sha512_256"}
KINDS = {401: ("WWW-Authenticate", "Authorization"), 407: ("Proxy-Authenticate", "Proxy-Authorization")}


@dataclass
class Challenge:
    """One challenge, and how often its nonce was used."""

    header: str
    """The header that answers it."""
    scheme: str
    fields: dict[str, str]
    count: int = 0

    @property
    def algorithm(self) -> str:
        """MD5 unless said."""
        return self.fields.get("algorithm", "MD5").upper()

    @property
    def supported(self) -> bool:
        """Digest, with an algorithm and a quality of protection that we know."""
        qop = self.fields.get("qop")
        return (
            self.scheme.lower() == "digest"
            and self.algorithm.removesuffix("-SESS") in HASHES
            and (qop is None or bool({"auth", "auth-int"} & self.qops))
        )

    @property
    def qops(self) -> set[str]:
        """What it offers."""
        return {one.strip().lower() for one in self.fields.get("qop", "").split(",")} - {""}

    @property
    def stale(self) -> bool:
        """The nonce was too old, the credentials were right."""
        return self.fields.get("stale", "").lower() == "true"


def challenges(response: Message) -> list[Challenge]:
    """Those of a 401 or 407, in their order."""
    found = []
    for asked, answered in KINDS.values():
        for line in response.lines(asked):
            for scheme, rest in re.findall(
                r"([\w-]+)\s+((?:[\w-]+\s*=\s*(?:\"(?:\\.|[^\"\\])*\"|[^\s,]+)\s*,?\s*)+)", line
            ):
                pairs = re.findall(r"([\w-]+)\s*=\s*(?:\"((?:\\.|[^\"\\])*)\"|([^\s,]+))", rest)
                fields = {name.lower(): quoted or plain for name, quoted, plain in pairs}
                found.append(Challenge(answered, scheme, fields))
    return found


@dataclass
class Keyring:
    """Who we are, and the challenges that we have met: by header and realm the one that we answer."""

    user: str
    password: str
    wrong: Callable[..., bool]
    met: dict[tuple[str, str], Challenge] = field(default_factory=dict)
    first: Challenge | None = None

    def accept(self, request: Message, response: Message) -> bool:
        """Takes the challenges of a response to this request up; False where there is nothing that would help."""
        chosen: dict[tuple[str, str], Challenge] = {}
        offered = challenges(response)
        if self.wrong("auth-last-challenge-taken"):
            offered.reverse()
        for one in offered:
            key = (one.header, one.fields.get("realm", ""))
            usable = one.supported or (self.wrong("auth-answers-unknown-algorithm") and one.scheme == "Digest")
            if usable and "nonce" in one.fields and key not in chosen:
                chosen[key] = one
        if not chosen:
            return False
        tried = chosen.keys() & self._said(request)
        refused = [key for key in tried if not chosen[key].stale]
        if refused and not self.wrong("auth-same-credentials-again", "auth-retries-for-ever"):
            return False
        if any(chosen[key].stale for key in tried) and self.wrong("auth-stale-is-a-bad-password"):
            return False
        self.first = self.first or next(iter(chosen.values()))
        self.met.update(chosen)
        return True

    def informed(self, answer: Message) -> None:
        """The nonce for the next request, where a 2xx gives one (RFC 7616 section 3.5)."""
        for asked, header in (("Authentication-Info", "Authorization"), ("Proxy-Authentication-Info", KINDS[407][1])):
            match = re.search(r'nextnonce="([^"]*)"', answer.get(asked))
            for challenge in self.met.values():
                if match and challenge.header == header:
                    challenge.fields["nonce"], challenge.count = match[1], 0

    def _said(self, request: Message) -> set[tuple[str, str]]:
        """The realms that a request had credentials for."""
        return {
            (header, match[1])
            for _, header in KINDS.values()
            for line in request.lines(header)
            if (match := re.search(r'realm="([^"]*)"', line))
        }

    def sign(self, request: Message) -> None:
        """Gives a request the credentials for all challenges met (22.2, 22.3)."""
        for _, header in KINDS.values():
            request.drop(header)
        if self.wrong("auth-basic") and self.met:
            request.add("Authorization", "Basic YWxpY2U6c2VjcmV0")
            return
        for challenge in self.met.values():
            if self.wrong("auth-not-in-later-requests") and "dialog" in request.roles:
                continue
            header = "Authorization" if self.wrong("auth-www-header-for-a-proxy") else challenge.header
            request.add(header, self.credentials(challenge, request))

    def credentials(self, challenge: Challenge, request: Message) -> str:
        """The value of the header (RFC 7616 section 3.4)."""
        wrong = self.wrong
        fields = challenge.fields
        if wrong("auth-old-nonce-after-stale") and self.first is not None:
            fields = {**fields, "nonce": self.first.fields["nonce"]}
        name = HASHES.get(challenge.algorithm.removesuffix("-SESS"), "md5")
        if wrong("auth-sha256-computed-as-md5"):
            name = "md5"

        def hashed(text: bytes) -> str:
            return hashlib.new(name, text).hexdigest()

        realm, nonce = fields.get("realm", ""), fields["nonce"]
        challenge.count += 0 if wrong("auth-nc-not-incremented") and challenge.count else 1
        if wrong("auth-nc-from-zero"):
            challenge.count -= 1 if challenge.count == 1 else 0
        count, cnonce = f"{challenge.count:08x}", token()
        uri = request.uri
        a1 = hashed(f"{self.user}:{realm}:{self.password}".encode())
        if challenge.algorithm.endswith("-SESS"):
            a1 = hashed(f"{a1}:{nonce}:{cnonce}".encode())
        qops = challenge.qops
        qop = "auth" if "auth" in qops else "auth-int" if "auth-int" in qops else ""
        if wrong("auth-without-qop"):
            qop = ""
        a2 = f"{request.method}:{uri}".encode()
        if qop == "auth-int":
            a2 += b":" + hashed(request.body).encode()
        parts = [nonce, count, cnonce, qop, hashed(a2)] if qop else [nonce, hashed(a2)]
        answer = hashed(":".join([a1, *parts]).encode())
        values = [f'username="{self.user}"', f'realm="{realm}"', f'nonce="{nonce}"', f'uri="{uri}"']
        values.append(f'response="{answer}"')
        if "algorithm" in fields and not wrong("auth-algorithm-dropped"):
            values.append(f"algorithm={fields['algorithm']}")
        if "opaque" in fields:
            values.append(f'opaque="{fields["opaque"]}"')
        if qop:
            values += [f'cnonce="{cnonce}"', f"qop={qop}", f"nc={count}"]
        return "Digest " + ", ".join(values)
