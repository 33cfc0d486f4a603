"""Which addresses-of-record a user or a contact is found in, without looking at all of them."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from responder.sip.uri import Uri


class LocationIndex:
    """Names of addresses-of-record by their user, by user and host, and by the contacts that are bound to them."""

    __slots__ = ("_aors",)

    def __init__(self) -> None:
        self._aors: dict[Hashable, dict[str, None]] = {}

    def __len__(self) -> int:
        """How many users, addresses and contacts it knows."""
        return len(self._aors)

    def replace(self, aor: str, before: Sequence[Uri], after: Sequence[Uri]) -> None:
        """The address-of-record has these contacts instead; without contacts it is no more."""
        for key in _keys(aor, before):
            known = self._aors.get(key)
            if known is not None:
                known.pop(aor, None)
                if not known:
                    del self._aors[key]
        for key in _keys(aor, after):
            self._aors.setdefault(key, {})[aor] = None

    def of_user(self, user: str) -> list[str]:
        """Those of a user, or of `user@host` exactly."""
        name, at, host = user.rpartition("@")
        return list(self._aors.get(f"{name}@{host.lower()}" if at else user, ()))

    def of_contact(self, uri: Uri) -> list[str]:
        """Those that may have a contact equivalent to this one, the latest first."""
        return list(reversed(self._aors.get(_alike(uri), {})))


def _keys(aor: str, contacts: Iterable[Uri]) -> set[Hashable]:
    found: set[Hashable] = {_alike(uri) for uri in contacts}
    if found:
        name = aor.partition(":")[2]
        found |= {name, name.rpartition("@")[0] or name}
    return found


def _alike(uri: Uri) -> Hashable:
    """What equivalent URIs have in common (RFC 3261 section 19.1.4), for want of a canonical form."""
    return uri.scheme, uri.user if uri.is_sip else None, uri.host.lower(), uri.port
