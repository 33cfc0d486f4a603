"""A typical request for each code and method, to show what header values would be (`responder codes 423`)."""

from __future__ import annotations

from typing import Final

from responder.registry.capabilities import Capabilities
from responder.registry.occasion import Occasion
from responder.sip.message import Request
from responder.sip.parser import parse

_CONTACT: Final = "Contact: <sip:alice@198.51.100.7>"
_OFFER: Final = (
    "v=0\r\no=alice 1 1 IN IP4 198.51.100.7\r\ns=-\r\nc=IN IP4 198.51.100.7\r\nt=0 0\r\n"
    "m=audio 49170 RTP/AVP 0\r\na=curr:qos e2e none\r\na=des:qos mandatory e2e sendrecv\r\n"
)
_OF_METHOD: Final[dict[str, tuple[str, ...]]] = {
    "INVITE": (_CONTACT, "Record-Route: <sip:proxy.example.com;lr>", "Supported: 100rel, timer, 199"),
    "UPDATE": (_CONTACT, "Supported: timer"),
    "SUBSCRIBE": (_CONTACT, "Record-Route: <sip:proxy.example.com;lr>", "Event: presence", "Expires: 600"),
    "REFER": (_CONTACT, "Record-Route: <sip:proxy.example.com;lr>", "Refer-To: <sip:carol@example.com>"),
    "NOTIFY": (_CONTACT, "Event: presence", "Subscription-State: active;expires=600"),
    "PUBLISH": ("Event: presence", "Expires: 600"),
    "REGISTER": (
        'Contact: <sip:alice@198.51.100.7>;+sip.instance="<urn:uuid:00000000-0000-1000-8000-AABBCCDDEEFF>";reg-id=1',
        "Expires: 600",
        "Supported: path, outbound",
        "Path: <sip:edge.example.com;lr;ob>",
    ),
    "PRACK": ("RAck: 776656 1 INVITE",),
    "INFO": ("Info-Package: foo",),
}
_OF_STATUS: Final[dict[int, tuple[str, ...]]] = {
    100: ("Timestamp: 54",),
    200: ("Session-Expires: 1800", "Recv-Info: foo", "Refer-Sub: false"),
    420: ("Require: foo",),
    422: ("Session-Expires: 60",),
    423: ("Expires: 30",),
    424: ("Geolocation: <cid:location@example.com>",),
}
"""Fields that make the code the right answer; they stand in place of the method's own of that name."""
_WITH_OFFER: Final = ("INVITE", "UPDATE")


def specimen_request(status: int, method: str) -> Request:
    """A well-formed request of that method to which that status would be an answer."""
    extra = _OF_STATUS.get(status, ())
    names = {line.partition(":")[0] for line in extra}
    own = [line for line in _OF_METHOD.get(method, ()) if line.partition(":")[0] not in names]
    body = _OFFER if method in _WITH_OFFER else ""
    lines = [
        f"{method} sip:{'example.com' if method == 'REGISTER' else 'bob@192.0.2.1'} SIP/2.0",
        "Via: SIP/2.0/UDP 198.51.100.7:5060;branch=z9hG4bK776asdhds",
        "Max-Forwards: 70",
        "From: Alice <sip:alice@example.com>;tag=1928301774",
        f"To: <sip:{'alice@example.com' if method == 'REGISTER' else 'bob@192.0.2.1'}>",
        "Call-ID: a84b4c76e66710@198.51.100.7",
        f"CSeq: 1 {method}",
        *own,
        *extra,
        *(["Content-Type: application/sdp"] if body else []),
        f"Content-Length: {len(body)}",
    ]
    request = parse(("\r\n".join(lines) + "\r\n\r\n" + body).encode())
    assert isinstance(request, Request)
    return request


class _Plain:
    """Ids that are the same each time: the bits 10 over and over."""

    def getrandbits(self, k: int, /) -> int:
        return ((1 << k) - 1) * 2 // 3


def specimen(
    status: int,
    method: str,
    capabilities: Capabilities,
    *,
    reliable: bool = False,
    request: Request | None = None,
) -> Occasion:
    """An occasion with that request (or a typical one) and with documentation addresses (RFC 5737)."""
    return Occasion(
        status=status,
        method=method,
        capabilities=capabilities,
        contact="<sip:responder@192.0.2.1:5060>",
        host="192.0.2.1",
        request=request or specimen_request(status, method),
        ids=_Plain(),
        nonce=lambda algorithm: "MTcxNzI0MzIwMDpmMGUxZDJjM2I0YTU5Njg3",
        wall=1_289_690_940.0,
        reliable=reliable,
        following=486,
    )
