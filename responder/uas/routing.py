"""Where a request of ours within a dialog goes (RFC 3261 section 12.2.1.1; RFC 3263 section 4 for IP addresses)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from responder.errors import ParseError
from responder.events import Flow
from responder.sip.name_addr import NameAddr
from responder.sip.uri import Uri
from responder.transaction.layer import DEFAULT_PORTS

if TYPE_CHECKING:
    from responder.dialog.dialog import Dialog

_TRANSPORTS: Final = {"udp": "UDP", "tcp": "TCP", "tls": "TLS", "ws": "WS", "wss": "WSS"}


def request_uri(dialog: Dialog[Any]) -> str:
    """The Request-URI: the remote target, or the first route where that is a strict router's.

    Empty where there is no target, because the peer gave no Contact (12.1.1): nothing can be sent to it.
    """
    if not dialog.target:
        return ""
    first = _first_route(dialog)
    if first is not None and not _is_loose(first):
        return as_request_uri(first)
    return dialog.target


def as_request_uri(uri: Uri) -> str:
    """A URI as it may stand in a request line: 19.1.1 allows neither method nor headers there."""
    return str(Uri(uri.scheme, uri.raw_user, uri.password, uri.host, uri.port, uri.params.without("method")))


def routes(dialog: Dialog[Any]) -> list[str]:
    """The values of Route: the route set; a strict router's stands in the Request-URI, and the target comes last."""
    first = _first_route(dialog)
    route_set = dialog.route_set
    if first is not None and not _is_loose(first):
        return [*route_set[1:], f"<{dialog.target}>"]
    return route_set


def next_hop(dialog: Dialog[Any]) -> Flow:
    """The flow to the first route, else to the remote target.

    A connection is used again while it is there (RFC 5923). So is the flow of the dialog where the next hop is a name,
    because the engine does not resolve names.
    """
    flow = dialog.flow
    uri = _first_route(dialog) or _parsed(dialog.target)
    if uri is None:
        return flow
    return reconnecting(flow, uri) if flow.reliable else hop_to(uri, flow) or flow


def reconnecting(flow: Flow, uri: Uri) -> Flow:
    """The same flow; once its connection is closed, another one is opened to this URI: where a client connected from
    nobody listens."""
    straight = hop_to(uri, flow)
    if straight is None or straight.transport != flow.transport or straight.remote == flow.remote:
        return flow
    return Flow(flow.transport, flow.local, flow.remote, flow.connection, straight.remote)


def gruu_of(dialog: Dialog[Any]) -> Uri | None:
    """The remote target where that is a GRUU (RFC 5627) and no route says who is asked about it."""
    if dialog.route_set or ";gr" not in dialog.target:
        return None
    return _parsed(dialog.target)


def hop_to(uri: Uri, near: Flow) -> Flow | None:
    """The flow to this URI from where `near` comes in; None where it names a host, or one of the other IP version."""
    host = (uri.params.get("maddr") or uri.host or "").strip("[]")
    if host == "localhost":
        host = "::1" if ":" in near.local[0] else "127.0.0.1"
    if not _is_address(host) or (":" in host) != (":" in near.local[0]):
        return None
    transport = "TLS" if uri.scheme == "sips" else "UDP"
    transport = _TRANSPORTS.get((uri.params.get("transport") or transport).lower(), transport)
    if transport == "TCP" and uri.scheme == "sips":
        transport = "TLS"  # 26.2.2: sips with transport=tcp is TLS over TCP
    if transport == "WS" and uri.scheme == "sips":
        transport = "WSS"  # RFC 7118 section 5.5
    port = uri.port or DEFAULT_PORTS[transport]
    if transport == near.transport and (host, port) == near.remote:
        return near
    return Flow(transport, near.local, (host, port))


def _first_route(dialog: Dialog[Any]) -> Uri | None:
    route_set = dialog.route_set
    return _uri(route_set[0]) if route_set else None


def _is_loose(uri: Uri) -> bool:
    return uri.params.get("lr") is not None


def _uri(value: str) -> Uri | None:
    try:
        return NameAddr.parse(value).uri
    except ParseError:
        return None


def _parsed(text: str) -> Uri | None:
    try:
        return Uri.parse(text)
    except ParseError:
        return None


def _is_address(host: str) -> bool:
    return ":" in host or (host.count(".") == 3 and all(part.isdigit() for part in host.split(".")))
