"""What a flow may ask about a message's session description (RFC 4566, RFC 3264); a malformed one has no streams."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

from responder.errors import ParseError
from responder.sip.codecs import STATIC_PAYLOADS
from responder.sip.session_description import Media, Session
from responder.uas.bodies import session_description_in

if TYPE_CHECKING:
    from responder.sip.message import Message


@dataclass(frozen=True, slots=True)
class Stream:
    """One stream of a description."""

    media: str
    """`audio`, `video`, ..."""
    port: int
    """0 is a refused stream (RFC 3264 section 6)."""
    address: str
    """Of its own c= line or that of the session."""
    direction: str
    codecs: tuple[str, ...]
    """Encoding names as written, without clock rates."""


def streams(message: Message) -> tuple[Stream, ...]:
    """The streams of the message's session description; none where it has none that can be read."""
    body = session_description_in(message)
    return () if body is None else _streams(body)


@lru_cache(256)
def _streams(body: bytes) -> tuple[Stream, ...]:
    try:
        session = Session.parse(body.decode("utf-8", "replace"))
    except ParseError:
        return ()
    return tuple(_stream(session, media) for media in session.media)


def _stream(session: Session, media: Media) -> Stream:
    maps = media.rtpmaps
    encodings = [maps.get(payload) or STATIC_PAYLOADS.get(payload) or payload for payload in media.formats]
    connection = session.connection_of(media)
    return Stream(
        media.kind,
        media.port,
        connection.address if connection is not None else "",
        session.direction_of(media),
        tuple(encoding.partition("/")[0] for encoding in encodings),
    )


def address(message: Message) -> str | None:
    """The connection address of the first stream."""
    found = streams(message)
    return found[0].address if found else None


def port(message: Message) -> str | None:
    """The port of the first stream."""
    found = streams(message)
    return str(found[0].port) if found else None
