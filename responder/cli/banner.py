"""What `responder serve` says first and last: how to reach it, what to dial, how it went."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

from responder import __version__

if TYPE_CHECKING:
    from responder.cli.service import Service, Stop
    from responder.net.address import ListenAddress

_DEFAULT_PORT = 5060
_WILDCARDS = {"0.0.0.0": "127.0.0.1", "::": "::1"}


def reachable(address: ListenAddress) -> str:
    """Host and port for a URI: a wildcard as the loopback address, the default port left out."""
    host = _WILDCARDS.get(address.host, address.host)
    host = f"[{host}]" if ":" in host else host
    return host if address.port == _DEFAULT_PORT and address.transport in ("udp", "tcp") else f"{host}:{address.port}"


def listening_json(addresses: Iterable[ListenAddress]) -> list[dict[str, Any]]:
    """One event a listener."""
    return [
        {"event": "listening", "transport": address.transport.upper(), "host": address.host, "port": address.port}
        for address in addresses
    ]


def banner(addresses: Sequence[ListenAddress], *, flows: Sequence[str], dial: bool) -> str:
    """The first lines of a run; `flows` are the names of the scenarios."""
    lines = [f"responder {__version__} listens on {', '.join(map(str, addresses))}"]
    if flows:
        lines.append(f"  flows: {_shortened(flows)}")
    at = reachable(addresses[0])
    if dial:
        lines.append(f"  dial a code: 486@{at}, 180.2s.200@{at}, 503+Retry-After=5@{at}")
    datagrams = next((address for address in addresses if address.transport == "udp"), None)
    if datagrams is not None:
        lines.append(f"  try: sipsak -vv -s sip:{'486' if dial else 'bob'}@{reachable(datagrams)}")
    for address in addresses:
        if address.transport in ("ws", "wss"):
            lines.append(f"  connect to {address.transport}://{reachable(address)} with the subprotocol sip")
    lines.append("  stop with Ctrl-C")
    return "\n".join(lines) + "\n"


def _shortened(names: Sequence[str], most: int = 8) -> str:
    shown = ", ".join(names[:most])
    return shown if len(names) <= most else f"{shown} and {len(names) - most} more"


def stopped_json(service: Service, reason: Stop) -> dict[str, Any]:
    """The last event of a run."""
    return {"event": "stopped", "reason": reason.value, "calls": service.ended, "failed": service.failed}


def farewell(service: Service, reason: Stop, *, wanted: int | None) -> str:
    """The last line of a run."""
    of = f" of {wanted}" if wanted is not None else ""
    calls = f"{service.ended}{of} call{'' if (wanted or service.ended) == 1 else 's'}"
    failed = f", {service.failed} failed" if service.failed else ""
    return f"stopped ({reason.value}): {calls}{failed}\n"
