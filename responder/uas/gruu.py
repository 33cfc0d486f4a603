"""GRUUs that a registrar gives to a user agent instance (RFC 5627 sections 3.1, 5 and A.2)."""

from __future__ import annotations

from hashlib import blake2b
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from responder.sip.uri import Uri

_SAFE: Final = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.!~*'()[]/:&+$")


def public_gruu(aor: Uri, instance: str) -> str:
    """The address-of-record with the instance as `gr` (section 3.1.1), fit to stand in quotes."""
    urn = instance.strip("<>")
    value = "".join([c if c in _SAFE else "".join([f"%{byte:02X}" for byte in c.encode()]) for c in urn])
    user = f"{aor.raw_user}@" if aor.raw_user else ""
    return f"{aor.scheme}:{user}{aor.hostport};gr={value}"


def temporary_gruu(aor: Uri, *parts: str, key: bytes) -> str:
    """A user that tells nobody whose it is (section 3.1.2): the same for the same parts, another for others.

    `parts` are what it is for: the instance, and the Call-ID and CSeq of the REGISTER that made it.
    """
    text = "\0".join([aor.aor, *parts]).encode("utf-8", "surrogateescape")
    return f"{aor.scheme}:tgruu.{blake2b(text, key=key, digest_size=16).hexdigest()}@{aor.hostport};gr"
