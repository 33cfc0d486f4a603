"""What a client says to a challenge (RFC 3261 section 22.2, RFC 7616 section 3.4)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final

from responder.errors import ParseError
from responder.scenario.plan import User
from responder.sip.digest import Challenge, Credentials, challenges, ha1_of, is_known, response_of
from responder.sip.message import Response

_CNONCE: Final = "0a4f113b"
_SOMEBODY: Final = User("alice", "secret")
"""Whom the client is where a scenario says nobody."""


@dataclass(slots=True)
class Keyring:
    """The secrets of a client, and the challenges that it has had so far."""

    users: tuple[User, ...]
    _known: dict[tuple[str, str], Challenge] = field(default_factory=dict)
    """By name of the header that the credentials go into, and realm."""
    _counts: dict[str, int] = field(default_factory=dict)
    """How many requests have gone out with each nonce: `nc` (RFC 7616 section 3.4)."""

    def challenged(self, response: Response) -> None:
        """Remember what a 401 or 407 asks for: the first algorithm of each realm that can be answered."""
        for key, name in (("www-authenticate", "Authorization"), ("proxy-authenticate", "Proxy-Authorization")):
            seen = set()
            for value in _values(response, key):
                for challenge in _parsed(value):
                    if challenge.realm not in seen and is_known(challenge.algorithm or "MD5"):
                        seen.add(challenge.realm)
                        self._known[name, challenge.realm] = challenge

    def ask(self, challenge: Challenge) -> None:
        """Take this challenge as if a response had brought it."""
        self._known["Authorization", challenge.realm] = challenge

    def fields(self, method: str, uri: str, body: bytes) -> list[tuple[str, str]]:
        """The header fields with credentials for a request."""
        found = []
        for (name, realm), challenge in self._known.items():
            user = next((user for user in self.users if user.realm in (None, realm)), _SOMEBODY)
            if challenge.nonce:
                found.append((name, str(self._answer(challenge, user, method, uri, body))))
        return found

    def _answer(self, challenge: Challenge, user: User, method: str, uri: str, body: bytes) -> Credentials:
        count = self._counts[challenge.nonce] = self._counts.get(challenge.nonce, 0) + 1
        algorithm = challenge.algorithm or "MD5"
        ha1 = user.ha1_for(algorithm) or ha1_of(
            algorithm=algorithm, username=user.name, realm=challenge.realm, password=user.password or ""
        )
        qop = "auth" if "auth" in challenge.qop else next(iter(challenge.qop), "")
        nc = f"{count:08x}" if qop else ""
        response = response_of(
            algorithm=algorithm,
            ha1=ha1,
            nonce=challenge.nonce,
            method=method,
            uri=uri,
            qop=qop,
            nc=nc,
            cnonce=_CNONCE if qop else "",
            body=body,
        )
        return Credentials(
            username=user.name,
            realm=challenge.realm,
            nonce=challenge.nonce,
            uri=uri,
            response=response,
            algorithm=challenge.algorithm,
            qop=qop,
            nc=nc,
            cnonce=_CNONCE if qop else "",
            opaque=challenge.opaque,
        )


def _values(response: Response, key: str) -> Iterable[str]:
    return [response.values[at].strip() for at in response.shape.every.get(key, ())]


def _parsed(value: str) -> list[Challenge]:
    try:
        return challenges(value)
    except ParseError:
        return []
