"""`ListenAddress` in both directions, and addresses for the socket calls."""

from __future__ import annotations

import socket

import pytest

from responder.errors import TransportError
from responder.net.address import ListenAddress, local_host_towards, socket_address

WRITTEN = {
    "udp:127.0.0.1:5060": ListenAddress("udp", "127.0.0.1", 5060),
    "tcp:[::1]:0": ListenAddress("tcp", "::1", 0),
    "tls:localhost:5061": ListenAddress("tls", "localhost", 5061),
    "wss:[::1]:7443": ListenAddress("wss", "::1", 7443),
    "udp:0.0.0.0:65535": ListenAddress("udp", "0.0.0.0", 65535),
}


@pytest.mark.parametrize("text", WRITTEN)
def test_written_and_read(text: str) -> None:
    assert ListenAddress.parse(text) == WRITTEN[text]
    assert str(WRITTEN[text]) == text


@pytest.mark.parametrize(
    ("text", "port"),
    [
        ("udp:127.0.0.1", 5060),
        ("tcp:[::1]", 5060),
        ("tls:127.0.0.1", 5061),
        ("ws:[::1]", 5066),
        ("wss:127.0.0.1", 7443),
    ],
)
def test_default_port(text: str, port: int) -> None:
    """RFC 3261 section 19.1.2; those of WebSocket are ours"""
    assert ListenAddress.parse(text).port == port


@pytest.mark.parametrize(
    "text", ["", "udp", "udp:", "sctp:127.0.0.1:5060", "udp:::1:5060", "udp:[::1", "tcp:127.0.0.1:x", "udp:h:99999"]
)
def test_no_address(text: str) -> None:
    with pytest.raises(TransportError, match=r"^cannot listen on") as caught:
        ListenAddress.parse(text)
    assert "\n" not in str(caught.value)


def test_a_name_is_looked_up_ipv4_first() -> None:
    assert ListenAddress("tcp", "localhost", 5060).resolve() == (socket.AF_INET, ("127.0.0.1", 5060))


def test_an_unknown_name_is_one_clear_line() -> None:
    with pytest.raises(TransportError, match=r"^cannot listen on udp:no such host:5060: "):
        ListenAddress("udp", "no such host", 5060).resolve()


@pytest.mark.parametrize(
    ("host", "expected"),
    [
        ("192.0.2.1", (socket.AF_INET, ("192.0.2.1", 5))),
        ("2001:db8::1", (socket.AF_INET6, ("2001:db8::1", 5, 0, 0))),
        ("fe80::1%7", (socket.AF_INET6, ("fe80::1", 5, 0, 7))),
        ("fe80::1%lo", (socket.AF_INET6, ("fe80::1", 5, 0, socket.if_nametoindex("lo")))),
        ("fe80::1%nosuch", None),
        ("localhost", None),
        ("1.2.3", None),
        ("192.0.2.1\0", None),
        ("\udcff", None),
        ("", None),
    ],
)
def test_only_ip_literals_are_sent_to(host: str, expected: object) -> None:
    assert socket_address((host, 5)) == expected


@pytest.mark.parametrize("port", [-1, 65536])
def test_no_port(port: int) -> None:
    assert socket_address(("192.0.2.1", port)) is None


def test_local_host_towards_a_peer() -> None:
    assert local_host_towards("127.0.0.1") == "127.0.0.1"
    assert local_host_towards("::1") == "::1"
    assert local_host_towards("localhost") is None
