"""The exceptions of responder.

    ResponderError
    ├── ParseError       a peer's bytes are not SIP (or SDP): what, where, and the status that fits
    ├── ProtocolError    we were asked for something that SIP forbids and nobody said "on purpose"
    ├── ScenarioError    an author's files are wrong: every problem, each with its place
    └── TransportError   a socket could not be opened, bound or written to

A failed check of a client is not an exception: it is data (see `responder.observe`).
"""

from __future__ import annotations

from typing import TypeVar

E = TypeVar("E", bound=BaseException)


class ResponderError(Exception):
    """The root: catch this to catch everything responder raises on purpose."""


def detached(error: E) -> E:
    """The same error without the frames that it came through.

    Where an error is kept as a value, those frames would keep a message each, and often the error itself.
    """
    error.__traceback__ = error.__context__ = error.__cause__ = None
    return error


class ParseError(ResponderError):
    """Bytes from the network that break a grammar.

    `status` is the response code that fits (RFC 3261 section 8.2, usually 400), `field` the header field or
    part at fault, `offset` its place in the message where it is known.
    """

    def __init__(self, what: str, *, status: int = 400, field: str = "", offset: int | None = None) -> None:
        super().__init__(what)
        self.what = what
        self.status = status
        self.field = field
        self.offset = offset


class ProtocolError(ResponderError):
    """A request to the library that SIP forbids, such as a response to an ACK."""


class TransportError(ResponderError):
    """A socket that cannot be had or used; the text says which address and why."""
