"""When two values of header fields are the same by RFC 3261, as rules need it; malformed ones are compared as text."""

from __future__ import annotations

from collections.abc import Sequence

from responder.errors import ParseError
from responder.observe.transcript import Seen
from responder.sip.digest import Credentials
from responder.sip.message import Message
from responder.sip.name_addr import NameAddr
from responder.sip.uri import Uri
from responder.sip.via import Via


def address(value: str) -> NameAddr | None:
    """A name-addr or addr-spec; None for what is none."""
    try:
        return NameAddr.parse(value)
    except ParseError:
        return None


def uri_of(value: str) -> str:
    """The URI in a name-addr or addr-spec, empty for what is none."""
    found = address(value)
    return str(found.uri) if found is not None else ""


def via_of(value: str) -> Via | None:
    """One Via; None for what is none."""
    try:
        return Via.parse(value)
    except ParseError:
        return None


def same_uri(one: str, other: str) -> bool:
    """Equal as text, or by section 19.1.4."""
    if one == other:
        return True
    try:
        return Uri.parse(one).equivalent(Uri.parse(other))
    except ParseError:
        return False


def same_party(one: str, other: str) -> bool:
    """Two values of From or To: the same URI and tag; the display name does not count (20.20)."""
    ours, theirs = address(one), address(other)
    if ours is None or theirs is None:
        return one == other
    return same_uri(str(ours.uri), str(theirs.uri)) and (ours.tag or "") == (theirs.tag or "")


def same_routes(one: Sequence[str], other: Sequence[str]) -> bool:
    """Two lists of name-addrs: the same URIs in the same order, with the same parameters, even those that do not count
    where URIs are compared."""
    return len(one) == len(other) and all(
        same_uri(uri_of(ours) or ours, uri_of(theirs) or theirs) and _parameters(ours) == _parameters(theirs)
        for ours, theirs in zip(one, other, strict=True)
    )


def _parameters(value: str) -> set[str]:
    found = address(value)
    text = f"{found.uri.params};{found.params}" if found is not None else ""
    return {param.strip().lower() for param in text.split(";") if param.strip()}


def same_via(one: str, other: str) -> bool:
    """Two Vias: the same protocol, sent-by and branch; what a server fills in (`received`, `rport`) does not count."""
    ours, theirs = via_of(one), via_of(other)
    if ours is None or theirs is None:
        return one == other
    return (
        ours.transport.upper() == theirs.transport.upper()
        and ours.sent_by.lower() == theirs.sent_by.lower()
        and ours.branch.lower() == theirs.branch.lower()  # tokens: no regard to case (7.3.1)
    )


def contact_of(seen: Seen) -> str:
    """The URI of the one Contact of a message; empty where there is none, several, or none that can be read."""
    contacts = seen.every("contact")
    return uri_of(contacts[0]) if len(contacts) == 1 and contacts[0] != "*" else ""


def came_directly(seen: Seen) -> bool:
    """Whether no proxy stands between: it would take away routes and credentials that are for itself."""
    return len(seen.every("via")) == 1 and not seen.every("record-route")


def is_loose(route: str) -> bool:
    """Whether a route is that of a loose router (19.1.1)."""
    found = address(route)
    return found is not None and "lr" in found.uri.params


def has_sdp(message: Message | None) -> bool:
    """Whether there is a session description in it, by itself or as a part."""
    if message is None or not message.body:
        return False
    kind = (message.first("content-type") or "").lower()
    return "application/sdp" in kind or (kind.startswith("multipart/") and b"application/sdp" in message.body.lower())


def who(credentials: str) -> tuple[str, ...]:
    """Whose credentials they are: realm, user and nonce; other schemes than Digest as text."""
    try:
        found = Credentials.parse(credentials)
    except ParseError:
        return (credentials,)
    return (found.realm, found.username, found.nonce)


def brief(values: Sequence[str], most: int = 200) -> str:
    """Values for a report."""
    text = ", ".join(values) or "none"
    return text if len(text) <= most else text[:most] + "..."
