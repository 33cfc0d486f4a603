"""Published event state: entity-tags and how long they last (RFC 3903 sections 4.1 and 6).

Only the tags are kept, not the state: a test responder has no watchers for it. Bounded, and pure: time is handed in.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from responder.errors import ParseError
from responder.registry.intervals import granted

if TYPE_CHECKING:
    from responder.registry import Ids
    from responder.registry.capabilities import Capabilities
    from responder.sip.message import Request


class Published(NamedTuple):
    """What a PUBLISH gets: the status, and with 200 the entity-tag."""

    status: int
    entity_tag: str = ""


class Publications:
    """The entity-tags that are valid; `most` bounds them (the oldest are forgotten first)."""

    __slots__ = ("_capabilities", "_ids", "_most", "_tags")

    def __init__(self, ids: Ids, capabilities: Capabilities, *, most: int = 10_000) -> None:
        self._ids = ids
        self._capabilities = capabilities
        self._most = most
        self._tags: dict[str, float] = {}

    def __len__(self) -> int:
        return len(self._tags)

    def publish(self, request: Request, now: float) -> Published:
        """Act on a PUBLISH (section 6, steps 3 to 6): 412 where SIP-If-Match names nothing, else a new entity-tag."""
        old = request.first("sip-if-match")
        if old is not None and self._tags.pop(old, 0.0) <= now:
            return Published(412)
        tag = f"{self._ids.getrandbits(64):016x}"
        seconds = granted(_expires(request), self._capabilities)
        if seconds:
            if len(self._tags) >= self._most:
                del self._tags[next(iter(self._tags))]
            self._tags[tag] = now + seconds
        return Published(200, tag)


def _expires(request: Request) -> int | None:
    try:
        return request.expires
    except ParseError:
        return None
