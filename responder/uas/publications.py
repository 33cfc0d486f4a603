"""Published event state: documents, their entity-tags and how long they last (RFC 3903 sections 4.1 and 6).

The state of a resource is the document that was published last and is still valid: the composition policy, which the
RFC leaves to us (section 4.4). Bounded, and pure: time is handed in.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from responder.errors import ParseError
from responder.registry.intervals import granted
from responder.uas.event_packages import PACKAGES, package_of, resource_of, resource_uri

if TYPE_CHECKING:
    from responder.registry import Ids
    from responder.registry.capabilities import Capabilities
    from responder.sip.message import Request


class Published(NamedTuple):
    """What a PUBLISH gets: the status, and with 200 the entity-tag."""

    status: int
    entity_tag: str = ""


class Document(NamedTuple):
    """One publication."""

    package: str
    resource: str
    content_type: str
    body: bytes
    deadline: float
    """When it expires, on the caller's clock."""


class Publications:
    """The publications that are valid.

    `most` bounds their number and `most_bytes` what their documents take; the oldest are forgotten first.
    """

    __slots__ = ("_bytes", "_capabilities", "_documents", "_ids", "_most", "_most_bytes", "_of_resource")

    def __init__(
        self, ids: Ids, capabilities: Capabilities, *, most: int = 10_000, most_bytes: int = 16_000_000
    ) -> None:
        self._ids = ids
        self._capabilities = capabilities
        self._most = most
        self._most_bytes = most_bytes
        self._bytes = 0
        self._documents: dict[str, Document] = {}
        """By entity-tag, the oldest first."""
        self._of_resource: dict[tuple[str, str], dict[str, None]] = {}
        """Entity-tags by package and resource, the oldest first."""

    def __len__(self) -> int:
        return len(self._documents)

    def state(self, package: str, resource: str, now: float) -> Document | None:
        """What is published for this resource; None where nothing is."""
        for tag in reversed(tuple(self._of_resource.get((package, resource), ()))):
            document = self._documents[tag]
            if document.deadline <= now:
                self._forget(tag)
            elif document.body:
                return document
        return None

    def publish(self, request: Request, now: float, *, unasked: bool = False) -> Published:
        """Act on a PUBLISH (section 6, steps 2 to 6): a refusal, or 200 with a new entity-tag.

        `unasked`: the author of a scenario has said yes already, so nothing is refused.
        """
        key = (package_of(request), resource_of(resource_uri(request)))
        tags = [tag.strip() for value in request.every("sip-if-match") for tag in value.split(",")]
        old = self._documents.get(tags[0]) if len(tags) == 1 else None
        if old is not None and (old.deadline <= now or (old.package, old.resource) != key):
            old = None
        asked = _expires(request)
        if not unasked:
            status = self._refusal(request, key[0], tags, old, asked)
            if status:
                return Published(status)
        body, content_type = request.body, request.first("content-type") or ""
        if old is not None:
            self._forget(tags[0])
            if not body:
                body, content_type = old.body, old.content_type  # a refresh (section 4.1)
        tag = f"{self._ids.getrandbits(64):016x}"
        seconds = granted(asked, self._capabilities)
        if seconds:
            self._store(tag, Document(*key, content_type, body, now + seconds))
        return Published(200, tag)

    def _refusal(self, request: Request, name: str, tags: list[str], old: Document | None, asked: int | None) -> int:
        """The status that this PUBLISH is to be refused with; 0 for none."""
        package = PACKAGES.get(name)
        if package is not None and not package.publishable:
            return 489  # step 2
        if tags:  # step 3
            if len(tags) > 1 or not tags[0] or " " in tags[0]:
                return 400
            if old is None:
                return 412
        if asked is not None and 0 < asked < self._capabilities.min_expires:
            return 423  # step 4
        if request.body and package is not None:  # step 5
            kind = (request.first("content-type") or "").partition(";")[0].strip().lower()
            if kind != package.content_type:
                return 415
        return 0

    def _store(self, tag: str, document: Document) -> None:
        while self._documents and (
            len(self._documents) >= self._most or self._bytes + len(document.body) > self._most_bytes
        ):
            self._forget(next(iter(self._documents)))
        self._documents[tag] = document
        self._of_resource.setdefault((document.package, document.resource), {})[tag] = None
        self._bytes += len(document.body)

    def _forget(self, tag: str) -> None:
        document = self._documents.pop(tag)
        self._bytes -= len(document.body)
        key = (document.package, document.resource)
        tags = self._of_resource[key]
        del tags[tag]
        if not tags:
            del self._of_resource[key]


def _expires(request: Request) -> int | None:
    try:
        return request.expires
    except ParseError:
        return None
