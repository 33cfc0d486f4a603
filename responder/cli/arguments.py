"""Values on the command line: durations, ports, addresses. Each function is an argparse `type`."""

from __future__ import annotations

import re
from argparse import ArgumentTypeError
from ipaddress import ip_address

_DURATION = re.compile(r"(\d+(?:\.\d+)?)(ms|s|m|h)?")
_UNITS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, None: 1.0}


def seconds(text: str) -> float:
    """A duration above zero: `30`, `1.5`, `500ms`, `2s`, `5m`, `1h`; seconds where no unit is said."""
    found = _DURATION.fullmatch(text)
    value = float(found[1]) * _UNITS[found[2]] if found else 0.0
    if value <= 0:
        raise ArgumentTypeError(f"'{text}' is no duration above zero (expected 30, 1.5, 500ms, 2s or 5m)")
    return value


def port(text: str) -> int:
    """A port number, 0 for any free one."""
    if not text.isdecimal() or int(text) > 65535:
        raise ArgumentTypeError(f"'{text}' is no port (expected 0 to 65535)")
    return int(text)


def count(text: str) -> int:
    """A number of 1 or more."""
    if not text.isdecimal() or int(text) < 1:
        raise ArgumentTypeError(f"'{text}' is no number above zero")
    return int(text)


def media_address(text: str) -> tuple[str, int]:
    """`IP` or `IP:PORT`, IPv6 with a port in brackets; port 0: any."""
    host, bare = text, True
    number = "0"
    if text.startswith("["):
        host, bracket, rest = text[1:].partition("]")
        number, bare = rest.removeprefix(":") or "0", bool(bracket) and (not rest or rest.startswith(":"))
    elif text.count(":") == 1:
        host, _, number = text.partition(":")
    try:
        host = str(ip_address(host))
    except ValueError:
        bare = False
    if not bare or not number.isdecimal() or int(number) > 65534:
        raise ArgumentTypeError(
            f"'{text}' is no media address (expected 192.0.2.1, 192.0.2.1:40000 or [2001:db8::1]:40000)"
        )
    return host, int(number)
