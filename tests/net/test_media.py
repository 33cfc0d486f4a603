"""Ports for media that nobody else gets."""

from __future__ import annotations

import socket

import pytest

from responder.errors import TransportError
from responder.net.media import MediaPorts


def is_free(host: str, port: int) -> bool:
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET, socket.SOCK_DGRAM) as other:
        try:
            other.bind((host, port))
        except OSError:
            return False
        return True


@pytest.mark.parametrize("host", ["127.0.0.1", "::1"])
def test_pairs_are_held_until_closed(host: str) -> None:
    """RFC 3550 section 11: RTP on an even port, RTCP on the next."""
    media = MediaPorts.hold(host, 4)
    try:
        assert len(set(media.ports)) == 4
        for port in media.ports:
            assert port % 2 == 0
            assert not is_free(host, port)
            assert not is_free(host, port + 1)
    finally:
        media.close()
    assert all(is_free(host, port) for port in media.ports)


def test_from_a_first_port_upwards_past_what_is_taken() -> None:
    taken = MediaPorts.hold("127.0.0.1", 1)
    first = taken.ports[0]
    media = MediaPorts.hold("127.0.0.1", 2, first=first - 1)
    try:
        assert all(port > first for port in media.ports)
        assert list(media.ports) == sorted(media.ports)
    finally:
        media.close()
        taken.close()


def test_media_that_comes_in_costs_a_bounded_buffer() -> None:
    media = MediaPorts.hold("127.0.0.1", 1)
    try:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as caller:
            for _ in range(2000):
                assert caller.sendto(bytes(172), ("127.0.0.1", media.ports[0])) == 172
    finally:
        media.close()


def test_no_room_is_one_clear_line() -> None:
    with pytest.raises(TransportError, match=r"^no 3 pairs of free UDP ports for media on 127\.0\.0\.1 from 65532 on"):
        MediaPorts.hold("127.0.0.1", 3, first=65532)
