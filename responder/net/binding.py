"""Sockets bound to what was asked for, UDP and TCP on one number where the number is ours to choose."""

from __future__ import annotations

import contextlib
import errno
import socket
from typing import TYPE_CHECKING, Final

from responder.errors import TransportError
from responder.net.address import ListenAddress

if TYPE_CHECKING:
    from collections.abc import Sequence

SOCKET_BUFFER: Final = 4 * 1024 * 1024
"""What is asked of the system for either direction of a UDP socket, in bytes; it may grant less."""

# tries for a number that is free for every transport that shares it
_TRIES: Final = 32


def bind_all(addresses: Sequence[ListenAddress]) -> list[tuple[ListenAddress, socket.socket]]:
    """A bound socket for each, in order, with the address it got; all of them or `TransportError`.

    UDP and TCP addresses of one host with port 0 get the same number.
    """
    bound: dict[int, tuple[ListenAddress, socket.socket]] = {}
    try:
        for group in _groups(addresses):
            _bind_group([(i, addresses[i]) for i in group], bound)
    except BaseException:
        for _, opened in bound.values():
            opened.close()
        raise
    return [bound[i] for i in range(len(addresses))]


def bind(address: ListenAddress, *, buffer: int = SOCKET_BUFFER) -> tuple[ListenAddress, socket.socket]:
    """A non-blocking socket bound there, and the address it got; `buffer` is for datagrams. `TransportError`."""
    family, target = address.resolve()
    datagrams = address.transport == "udp"
    opened = socket.socket(family, socket.SOCK_DGRAM if datagrams else socket.SOCK_STREAM)
    try:
        opened.setblocking(False)
        if family == socket.AF_INET6:
            opened.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        if datagrams:
            for option in (socket.SO_RCVBUF, socket.SO_SNDBUF):
                with contextlib.suppress(OSError):
                    opened.setsockopt(socket.SOL_SOCKET, option, buffer)
        else:
            # connections of an earlier run that linger in TIME-WAIT do not hold the port
            opened.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        opened.bind(target)
    except OSError as error:
        opened.close()
        raise address.refused(error) from error
    host, port = opened.getsockname()[:2]
    return ListenAddress(address.transport, host, port), opened


def _groups(addresses: Sequence[ListenAddress]) -> list[list[int]]:
    """Which addresses share a number, by their place; those with a number of their own come first."""
    fixed: list[list[int]] = []
    shared: list[list[int]] = []
    for i, address in enumerate(addresses):
        if address.port:
            fixed.append([i])
            continue
        for group in shared:
            members = [addresses[k] for k in group]
            transports = {address.transport, *(member.transport for member in members)}
            if members[0].host == address.host and transports == {"udp", "tcp"} and len(members) == 1:
                group.append(i)
                break
        else:
            shared.append([i])
    # UDP first: any UDP number is as good as another, while a TCP one may be taken by a connection
    return fixed + [sorted(group, key=lambda k: addresses[k].transport != "udp") for group in shared]


def _bind_group(group: list[tuple[int, ListenAddress]], bound: dict[int, tuple[ListenAddress, socket.socket]]) -> None:
    for left in reversed(range(_TRIES)):
        port = 0
        try:
            for i, address in group:
                bound[i] = bind(ListenAddress(address.transport, address.host, port or address.port))
                port = bound[i][0].port
        except TransportError as error:
            taken = isinstance(error.__cause__, OSError) and error.__cause__.errno == errno.EADDRINUSE
            if not (taken and port and left):
                raise
            for i, _ in group:
                if i in bound:
                    bound.pop(i)[1].close()
        else:
            return
