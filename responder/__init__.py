"""A SIP test responder: any response code to any client, scripted, and judged by the RFCs.

The Python API (docs/api.md): `Responder` in an event loop, `BackgroundResponder` without one. They are loaded when they
are asked for first, because the command line needs this package for its version alone.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from responder.control.background import BackgroundResponder
    from responder.control.responder import Responder, WaitTimeoutError
    from responder.control.seen import Call, Message
    from responder.errors import ResponderError, TransportError
    from responder.scenario.problems import ScenarioError

__version__ = "0.1.0"
__all__ = [
    "BackgroundResponder",
    "Call",
    "Message",
    "Responder",
    "ResponderError",
    "ScenarioError",
    "TransportError",
    "WaitTimeoutError",
    "__version__",
]

_HOMES = {
    "BackgroundResponder": "responder.control.background",
    "Call": "responder.control.seen",
    "Message": "responder.control.seen",
    "Responder": "responder.control.responder",
    "ResponderError": "responder.errors",
    "ScenarioError": "responder.scenario.problems",
    "TransportError": "responder.errors",
    "WaitTimeoutError": "responder.control.responder",
}


def __getattr__(name: str) -> object:
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(home), name)
