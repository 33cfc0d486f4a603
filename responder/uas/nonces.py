"""Nonces for Digest challenges (RFC 7616 sections 3.3, 3.4, 5.4): issued, known again, aged, counted.

A nonce holds the time it was issued, a serial number and a keyed hash of both, so nothing is stored for a challenge
that nobody answers. What is stored is, for a bounded number of nonces in use, which counts (`nc`) have been seen.
"""

from __future__ import annotations

import re
from enum import Enum
from hashlib import blake2b
from typing import TYPE_CHECKING, Final

from responder.sip.digest import opaque_of

if TYPE_CHECKING:
    from responder.registry.occasion import Ids

_WINDOW: Final = 64
_TIME_DIGITS: Final = 12
_SERIAL_DIGITS: Final = 10
_MAC_BYTES: Final = 8
_is_count: Final = re.compile(r"[0-9A-Fa-f]{8}").fullmatch
_LENGTH: Final = _TIME_DIGITS + _SERIAL_DIGITS + 2 * _MAC_BYTES


class NonceState(Enum):
    """What became of a nonce that a client sent back.

    On everything but GOOD, credentials that verify otherwise get a new challenge with `stale=true` (RFC 7616 section
    3.3), so that the client tries again without asking its user.
    """

    GOOD = "good"
    STALE = "stale"
    """Ours, but issued too long ago, or too many others have come into use since."""
    REPLAYED = "replayed"
    """Ours, but this count was seen already."""
    UNKNOWN = "unknown"
    """Not ours."""


class Nonces:
    """Issues nonces and judges them. The same ids and clock give the same nonces.

    `lifetime` is in seconds of the clock that `now` is read from; `remembered` bounds the nonces whose counts are kept.
    """

    __slots__ = ("_floor", "_lifetime", "_opaques", "_remembered", "_revoked", "_secret", "_seen", "_serial")

    def __init__(self, ids: Ids, lifetime: float = 300.0, *, remembered: int = 4096) -> None:
        self._secret = ids.getrandbits(256).to_bytes(32, "big")
        self._lifetime = lifetime
        self._remembered = remembered
        self._serial = 0
        self._floor = 0
        self._seen: dict[str, tuple[int, int]] = {}
        self._revoked: dict[str, None] = {}
        self._opaques: dict[str, str] = {}
        """Of nonces that were given out as `nextnonce`: the client has no other `opaque` than that of the challenge."""

    def __len__(self) -> int:
        """How many nonces are in use, so that their counts are kept."""
        return len(self._seen)

    def issue(self, now: float) -> str:
        """A nonce that was never issued before."""
        self._serial += 1
        head = f"{max(int(now * 1000), 0):0{_TIME_DIGITS}x}{self._serial:0{_SERIAL_DIGITS}x}"
        return head + self._mac(head)

    def succeed(self, nonce: str, now: float) -> str:
        """A nonce for the next request of who has used this one (`nextnonce`, RFC 7616 section 3.5)."""
        heir = self.issue(now)
        if len(self._opaques) >= self._remembered:
            del self._opaques[next(iter(self._opaques))]
        self._opaques[heir] = self.opaque(nonce)
        return heir

    def is_ours(self, nonce: str) -> bool:
        """Whether it was issued here."""
        head = nonce[: _TIME_DIGITS + _SERIAL_DIGITS]
        return len(nonce) == _LENGTH and self._mac(head) == nonce[len(head) :]

    def opaque(self, nonce: str) -> str:
        """The `opaque` of the challenge that this nonce of ours, or the one it succeeded, stood in."""
        return self._opaques.get(nonce) or opaque_of(nonce)

    def highest(self, nonce: str) -> int:
        """The highest count that was seen with it, 0 where none was."""
        return self._seen.get(nonce, (0, 0))[0]

    def check(self, nonce: str, now: float, nc: str = "", *, lifetime: float | None = None) -> NonceState:
        """What `nonce` is worth now, and note that its count was seen; call it for credentials that verify only.

        `nc` is the count as written, eight hexadecimal digits; empty where the client uses no qop: then copies cannot
        be told. Counts may come out of order within the last 64. `lifetime` in seconds stands for that of all nonces.
        """
        if not self.is_ours(nonce):
            return NonceState.UNKNOWN
        head = nonce[: _TIME_DIGITS + _SERIAL_DIGITS]
        if now * 1000 - int(head[:_TIME_DIGITS], 16) > (self._lifetime if lifetime is None else lifetime) * 1000:
            return NonceState.STALE
        serial = int(head[_TIME_DIGITS:], 16)
        if nonce in self._revoked:
            return NonceState.STALE
        if nonce not in self._seen and serial <= self._floor:
            return NonceState.STALE
        if not nc:
            return NonceState.GOOD
        return self._counted(nonce, serial, int(nc, 16) if _is_count(nc) else 0)

    def revoke(self, nonce: str) -> None:
        """Call a nonce stale from now on."""
        if len(self._revoked) >= self._remembered:
            del self._revoked[next(iter(self._revoked))]
        self._revoked[nonce] = None

    def _counted(self, nonce: str, serial: int, count: int) -> NonceState:
        highest, mask = self._seen.get(nonce, (0, 0))
        behind = highest - count
        if count < 1 or behind >= _WINDOW or (behind >= 0 and mask >> behind & 1):
            return NonceState.REPLAYED
        if behind < 0:
            highest, mask = count, (mask << min(-behind, _WINDOW) | 1) & ((1 << _WINDOW) - 1)
        else:
            mask |= 1 << behind
        if nonce not in self._seen and len(self._seen) >= self._remembered:
            oldest = next(iter(self._seen))
            del self._seen[oldest]
            # what was forgotten must not come back as new
            self._floor = max(self._floor, int(oldest[_TIME_DIGITS : _TIME_DIGITS + _SERIAL_DIGITS], 16))
            if serial <= self._floor:
                return NonceState.STALE
        self._seen[nonce] = (highest, mask)
        return NonceState.GOOD

    def _mac(self, head: str) -> str:
        return blake2b(head.encode("utf-8", "surrogateescape"), key=self._secret, digest_size=_MAC_BYTES).hexdigest()
