"""GRUUs that a registrar gives to a user agent instance (RFC 5627 sections 3.1, 5, 6.1 and A.2)."""

from __future__ import annotations

from hashlib import blake2b
from typing import TYPE_CHECKING, Final

from responder.sip.params import unescaped

if TYPE_CHECKING:
    from responder.sip.uri import Uri

_SAFE: Final = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.!~*'()[]/:&+$")
_TEMPORARY: Final = "tgruu."
_DIGITS: Final = 8
"""Hexadecimal digits of the CSeq in the user of a temporary GRUU."""


def public_gruu(aor: Uri, instance: str) -> str:
    """The address-of-record with the instance as `gr` (section 3.1.1), fit to stand in quotes."""
    urn = instance.strip("<>")
    value = "".join([c if c in _SAFE else "".join([f"%{byte:02X}" for byte in c.encode()]) for c in urn])
    user = f"{aor.raw_user}@" if aor.raw_user else ""
    return f"{aor.scheme}:{user}{aor.hostport};gr={value}"


def temporary_gruu(aor: Uri, instance: str, call_id: str, cseq: int, *, key: bytes) -> str:
    """A user that tells nobody whose it is (section 3.1.2): the same for the same REGISTER, another for others."""
    digest = _digest(aor.aor, instance, call_id, cseq, key)
    hidden = cseq ^ _mask(digest, key)
    return f"{aor.scheme}:{_TEMPORARY}{digest}{hidden:08x}@{aor.hostport};gr"


def is_public_of(gruu: Uri, instance: str) -> bool:
    """Whether a public GRUU of the right address-of-record is that of this instance."""
    return unescaped(gruu.params.get("gr") or "").lower() == instance.strip("<>").lower()


def is_temporary_of(gruu: Uri, aor: str, instance: str, call_id: str, *, key: bytes) -> bool:
    """Whether it was made for this instance by a REGISTER with this Call-ID, whichever it was (section 3.1.2)."""
    digest, hidden = (gruu.user or "")[len(_TEMPORARY) : -_DIGITS], (gruu.user or "")[-_DIGITS:]
    try:
        cseq = int(hidden, 16) ^ _mask(digest, key)
    except ValueError:
        return False
    return digest == _digest(aor, instance, call_id, cseq, key)


def _digest(aor: str, instance: str, call_id: str, cseq: int, key: bytes) -> str:
    text = "\0".join([aor, instance, call_id, str(cseq)]).encode("utf-8", "surrogateescape")
    return blake2b(text, key=key, digest_size=16).hexdigest()


def _mask(digest: str, key: bytes) -> int:
    """Hides the CSeq that a temporary GRUU has with it, so that two of them cannot be told to belong together."""
    text = digest.encode("utf-8", "surrogateescape")
    return int.from_bytes(blake2b(text, key=key, digest_size=_DIGITS // 2).digest(), "big")
