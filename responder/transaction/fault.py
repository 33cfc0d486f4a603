"""What is to go wrong on purpose with a message on its way out, and with those that come in."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable

    from responder.events import Flow

CONNECTION_FAULTS: Final = ("reset", "close", "half-close", "stall")
"""What may be done to the connection that a message goes out on."""


@dataclass(frozen=True, slots=True)
class Fault:
    """What goes wrong with one message of ours; its retransmissions are copies of it. Several may be asked for at once.

    The order in which they act: `chance`, `drop`, `delay`, `reorder`, `corrupt`, `duplicate`, `connection`.
    """

    drop: int = 0
    """So many copies, from the first on, are not sent."""
    delay: float = 0.0
    """Every copy leaves so many seconds late."""
    duplicate: int = 1
    """Every copy is sent so many times, 1 being what is usual."""
    reorder: bool = False
    """The first copy leaves after the next message of the call."""
    corrupt: tuple[str, ...] = ()
    """Names of `sip.corruption.CATALOGUE`, applied in this order to every copy."""
    connection: str = ""
    """One of `CONNECTION_FAULTS`: `reset` instead of the message; the others once it is sent, but that `stall` sends
    the first half of it only. Nothing on UDP."""
    chance: float = 1.0
    """How likely any of this is; drawn once for a message."""


class FaultInjector(Protocol):
    """What makes faults happen (`responder.faults`): the layers below arm it and send through it."""

    def arm(self, data: bytes, fault: Fault, luck: Callable[[], float]) -> None:
        """This message, about to be sent for the first time, suffers `fault`; `luck` draws from 0 to 1."""

    def send(self, data: bytes, flow: Flow, call: int, *, again: bool, note: str) -> bool:
        """A message is to be sent; True: it has been seen to, or was no more than to be lost."""
