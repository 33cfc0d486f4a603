from __future__ import annotations

import pytest

from responder import __version__
from responder.cli.banner import banner, reachable
from responder.net.address import ListenAddress


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("udp:127.0.0.1:5060", "127.0.0.1"),
        ("udp:127.0.0.1:5070", "127.0.0.1:5070"),
        ("tcp:0.0.0.0:5060", "127.0.0.1"),
        ("udp:[::]:5070", "[::1]:5070"),
        ("udp:[2001:db8::1]:5060", "[2001:db8::1]"),
        ("tls:192.0.2.1:5060", "192.0.2.1:5060"),
        ("tls:192.0.2.1:5061", "192.0.2.1:5061"),
        ("ws:192.0.2.1:5060", "192.0.2.1:5060"),
    ],
)
def test_how_to_reach_it(address: str, expected: str) -> None:
    assert reachable(ListenAddress.parse(address)) == expected


def text(*addresses: str, flows: tuple[str, ...] = (), dial: bool = True) -> str:
    return banner([ListenAddress.parse(address) for address in addresses], flows=flows, dial=dial)


def test_with_flows() -> None:
    assert text("udp:127.0.0.1:5060", flows=("busy", "gone")) == (
        f"responder {__version__} listens on udp:127.0.0.1:5060\n"
        "  flows: busy, gone\n"
        "  dial a code: 486@127.0.0.1, 180.2s.200@127.0.0.1, 503+Retry-After=5@127.0.0.1\n"
        "  try: sipsak -vv -s sip:486@127.0.0.1\n"
        "  stop with Ctrl-C\n"
    )


def test_without_dialling_nothing_is_said_of_it() -> None:
    lines = text("udp:127.0.0.1:5060", dial=False)
    assert "486" not in lines
    assert "sip:bob@127.0.0.1" in lines


def test_many_flows_are_not_all_named() -> None:
    assert "  flows: a, b, c, d, e, f, g, h and 2 more\n" in text("udp:127.0.0.1:5060", flows=tuple("abcdefghij"))


def test_where_a_websocket_connects_to() -> None:
    lines = text("udp:127.0.0.1:5060", "ws:0.0.0.0:5066")
    assert "  connect to ws://127.0.0.1:5066 with the subprotocol sip\n" in lines


def test_no_sipsak_without_udp() -> None:
    """It does not speak anything else everywhere."""
    assert "sipsak" not in text("tcp:127.0.0.1:5060")
    assert "sipsak -vv -s sip:486@127.0.0.1:5070" in text("tcp:127.0.0.1:5060", "udp:127.0.0.1:5070")
