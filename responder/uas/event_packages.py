"""The event packages that we are a notifier for, and the bodies of their NOTIFYs.

Each package has one media type, which is its default by its RFC and the only one that we make. A body is made from what
is known about a resource: what was published for it (RFC 3903), its bindings, its calls; else it says that nothing goes
on. A resource is known by the user part of its URI, because one responder is reached by many host names.
"""

from __future__ import annotations

import re
from hashlib import sha256
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from responder.errors import ParseError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from responder.sip.fields import Event
    from responder.sip.message import Request
    from responder.sip.uri import Uri
    from responder.uas.registrar import Binding

SIPFRAG: Final = "message/sipfrag;version=2.0"
TRYING: Final = "SIP/2.0 100 Trying"
DONE: Final = "SIP/2.0 200 OK"
DECLINED: Final = "SIP/2.0 603 Declined"


class Ongoing(NamedTuple):
    """A call of the watched resource, for the dialog package."""

    id: str
    state: str
    """`early` or `confirmed` (RFC 4235 section 3.7.1)."""
    direction: str
    """`recipient` or `initiator`."""
    call_id: str
    local_tag: str
    remote_tag: str
    remote: str
    """The URI of the other side."""


class Scene:
    """What a body is made from.

    `memory` is the subscription's own: what its last document said, so that the next one can say what became of it.
    """

    __slots__ = ("bindings", "calls", "entity", "fragment", "memory", "now", "pending", "version")

    def __init__(
        self,
        entity: str,
        *,
        version: int = 0,
        now: float = 0.0,
        bindings: Sequence[Binding] = (),
        calls: Sequence[Ongoing] = (),
        fragment: str = "",
        memory: dict[str, Any] | None = None,
    ) -> None:
        self.entity = entity
        self.version = version
        self.now = now
        self.bindings = bindings
        self.calls = calls
        self.fragment = fragment
        self.pending = False
        """Whether nobody has said yet that the subscriber may know."""
        self.memory: dict[str, Any] = {} if memory is None else memory


class Package(NamedTuple):
    """What there is to know about an event package."""

    content_type: str
    reference: str
    publishable: bool
    """Whether its state may come by PUBLISH; that of the others is ours to know."""
    compose: Callable[[Scene], str]
    """The body where nothing is published."""


# the resource


def resource_uri(request: Request) -> Uri | None:
    """What a request is about: its Request-URI, or its To where that is our own Contact or names nobody.

    None where neither can be read.
    """
    for name in ("target", "to"):
        try:
            uri: Uri = request.target if name == "target" else request.to.uri
            if name == "target" and (request.to_tag is not None or not uri.raw_user):
                continue
        except ParseError:
            continue
        return uri
    return None


def resource_of(uri: Uri | None) -> str:
    """The name under which a resource is known here: its user, or its host where it has none."""
    if uri is None:
        return ""
    return uri.user or uri.opaque or uri.hostport.lower()


def entity_of(uri: Uri | None, fallback: str) -> str:
    """The resource as documents name it: its URI without parameters."""
    if uri is None or not uri.is_sip:
        return fallback
    user = "" if uri.raw_user is None else f"{uri.raw_user}@"
    return f"{uri.scheme}:{user}{uri.hostport}"


def event_of(request: Request) -> Event | None:
    """Its Event; None where there is none that can be read."""
    try:
        return request.event
    except ParseError:
        return None


def package_of(request: Request) -> str:
    """The name of its event package, in lower case; empty where there is none."""
    event = event_of(request)
    return "" if event is None else event.package.lower()


def is_acceptable(subscribe: Request) -> bool:
    """Whether its Accept leaves us the type of its package (RFC 6665 section 4.1.2.1: 406 where it does not)."""
    package = PACKAGES.get(package_of(subscribe))
    try:
        ranges = subscribe.accept
    except ParseError:
        return True
    if package is None or ranges is None:
        return True
    kind, _, subtype = package.content_type.partition(";")[0].partition("/")
    fitting = {(kind, subtype), (kind, "*"), ("*", "*")}
    return any(
        (one.type.lower(), one.subtype.lower()) in fitting and one.params.get("q") not in _NEVER for one in ranges
    )


_NEVER: Final = frozenset({"0", "0.", "0.0", "0.00", "0.000"})


# bodies

_XML: Final = '<?xml version="1.0" encoding="UTF-8"?>\r\n'
_forbidden: Final = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]").sub
_ENTITIES: Final = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;"})
_dialog_version: Final = re.compile(rb"""(<(?:[\w.-]+:)?dialog-info\b[^>]*?\sversion\s*=\s*)(["'])\d*\2""").sub


def _escaped(text: str) -> str:
    """Text of a peer as it may stand in XML: bytes that are no UTF-8, and control characters, are replaced."""
    return _forbidden("\ufffd", text).translate(_ENTITIES)


def _identifier(text: str) -> str:
    return sha256(text.encode("utf-8", "surrogateescape")).hexdigest()[:16]


def _message_summary(scene: Scene) -> str:
    """RFC 3842 section 5.2."""
    return f"Messages-Waiting: no\r\nMessage-Account: {scene.entity}\r\n"


def _presence(scene: Scene) -> str:
    """RFC 3863 section 4.1; "for pending subscriptions ... some kind of textual note" (RFC 3856 section 6.7)."""
    basic, note = ("closed", "<note>pending</note>") if scene.pending else ("open", "")
    return (
        f'{_XML}<presence xmlns="urn:ietf:params:xml:ns:pidf" entity="{_escaped(scene.entity)}">'
        f'<tuple id="responder"><status><basic>{basic}</basic></status>{note}</tuple></presence>\r\n'
    )


def _dialog_info(scene: Scene) -> str:
    """RFC 4235 section 4.1; a dialog that the last document had and that is gone is `terminated` once."""
    known: dict[str, Ongoing] = scene.memory
    current = {call.id: call for call in scene.calls}
    gone = [call._replace(state="terminated") for call in known.values() if call.id not in current]
    known.clear()
    known.update(current)
    entity = _escaped(scene.entity)
    elements = [
        f'<dialog id="{_escaped(call.id)}" call-id="{_escaped(call.call_id)}" local-tag="{_escaped(call.local_tag)}"'
        f' remote-tag="{_escaped(call.remote_tag)}" direction="{call.direction}"><state>{call.state}</state>'
        f"<local><identity>{entity}</identity></local>"
        f"<remote><identity>{_escaped(call.remote)}</identity></remote></dialog>"
        for call in (*current.values(), *gone)
    ]
    return (
        f'{_XML}<dialog-info xmlns="urn:ietf:params:xml:ns:dialog-info" version="{scene.version}" state="full"'
        f' entity="{entity}">{"".join(elements)}</dialog-info>\r\n'
    )


def _reginfo(scene: Scene) -> str:
    """RFC 3680 section 5.1; a contact that the last document had and that is gone is `terminated` once."""
    known: dict[str, tuple[Binding, str]] = scene.memory
    current: dict[str, tuple[Binding, str]] = {}
    for binding in scene.bindings:
        identifier = _identifier(str(binding.key or binding.contact.uri))
        before = known.get(identifier)
        event = "registered" if before is None else before[1] if before[0] is binding else "refreshed"
        current[identifier] = (binding, event)
    elements = [_contact(identifier, one, event, "active", scene.now) for identifier, (one, event) in current.items()]
    for identifier, (one, _) in known.items():
        if identifier not in current:
            event = "expired" if one.deadline <= scene.now + 1e-6 else "unregistered"
            elements.append(_contact(identifier, one, event, "terminated", scene.now))
    state = "active" if current else "terminated" if elements else "init"
    known.clear()
    known.update(current)
    aor = _escaped(scene.entity)
    return (
        f'{_XML}<reginfo xmlns="urn:ietf:params:xml:ns:reginfo" version="{scene.version}" state="full">'
        f'<registration aor="{aor}" id="r1" state="{state}">{"".join(elements)}</registration></reginfo>\r\n'
    )


def _contact(identifier: str, binding: Binding, event: str, state: str, now: float) -> str:
    contact = binding.contact
    expires = f' expires="{max(round(binding.deadline - now), 0)}"' if state == "active" else ""
    q = contact.params.get("q")
    quality = f' q="{_escaped(q)}"' if q else ""
    display = f"<display-name>{_escaped(contact.display)}</display-name>" if contact.display else ""
    return (
        f'<contact id="{identifier}" state="{state}" event="{event}"{expires}{quality}'
        f' callid="{_escaped(binding.call_id)}" cseq="{binding.cseq}">'
        f"<uri>{_escaped(str(contact.uri))}</uri>{display}</contact>"
    )


def _sipfrag(scene: Scene) -> str:
    """RFC 3515 section 2.4.5: a status line that says how far the referred request has come."""
    return f"{scene.fragment or TRYING}\r\n"


PACKAGES: Final[dict[str, Package]] = {
    "presence": Package("application/pidf+xml", "RFC 3856, RFC 3863", True, _presence),
    "message-summary": Package("application/simple-message-summary", "RFC 3842", True, _message_summary),
    "dialog": Package("application/dialog-info+xml", "RFC 4235", True, _dialog_info),
    "reg": Package("application/reginfo+xml", "RFC 3680", False, _reginfo),
    "refer": Package(SIPFRAG, "RFC 3515, RFC 3420", False, _sipfrag),
}
"""Every package that we can make bodies for, by its name."""


def renumbered(body: bytes, version: int) -> bytes:
    """A published dialog-info with the version that it has for this subscriber (RFC 4235 section 4.1)."""
    return _dialog_version(rb"\g<1>\g<2>%d\g<2>" % version, body, 1)
