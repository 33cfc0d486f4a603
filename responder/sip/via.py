"""The Via header field (RFC 3261 sections 18.2.1, 20.42, 25.1; RFC 3581): `Via` in full, `TopVia` for the hot path."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final, NamedTuple

from responder.errors import ParseError
from responder.sip.abnf import HOST, LWS, SWS, TOKEN, elements, first_element, is_digits, is_token, pieces
from responder.sip.params import NONE, Params
from responder.sip.uri import check_host, check_port, unbracketed

MAGIC_COOKIE: Final = "z9hG4bK"
"""What a branch begins with that is unique by RFC 3261 (section 8.1.1.7)."""

# via-parm  =  sent-protocol LWS sent-by *( SEMI via-params )
_via: Final = re.compile(
    rf"({TOKEN}){SWS}/{SWS}({TOKEN}){SWS}/{SWS}({TOKEN}){LWS}({HOST})(?:{SWS}:{SWS}([0-9]++))?+(.*)", re.DOTALL
).fullmatch
_host: Final = re.compile(HOST).fullmatch
# via-received  =  "received" EQUAL (IPv4address / IPv6address); with brackets too (RFC 5118 section 4.5)
_received: Final = re.compile(rf"{HOST}|[0-9A-Fa-f:.]++").fullmatch


@dataclass(frozen=True, slots=True)
class Via:
    """One element of Via."""

    transport: str
    """As written; compared without regard to case."""
    host: str
    """As written, an IPv6 reference with its brackets."""
    port: int | None = None
    params: Params = NONE
    protocol: str = "SIP"
    version: str = "2.0"

    @staticmethod
    def parse(text: str) -> Via:
        """One element; `ParseError` (field `Via`) where it breaks the grammar."""
        found = _via(text.strip(" \t"))
        if not found:
            raise ParseError("Malformed Via", field="Via")
        protocol, version, transport, host, port, rest = found.groups()
        try:
            params = Params.parse(rest)
            check_host(host)
            number = None if port is None else check_port(port)
        except ParseError:
            raise ParseError("Malformed Via", field="Via") from None
        _check(params)
        return Via(transport, host, number, params, protocol, version)

    @property
    def branch(self) -> str:
        """The branch, `""` where there is none (RFC 2543)."""
        return self.params.get("branch") or ""

    @property
    def received(self) -> str | None:
        """The source address that an element on the way saw, without brackets."""
        value = self.params.get("received")
        return value.strip("[]") if value else None

    @property
    def rport(self) -> int | None:
        """The source port that the next element saw (RFC 3581); None where the parameter has no value or is missing."""
        value = self.params.get("rport")
        return int(value) if value else None

    @property
    def has_rport(self) -> bool:
        """Whether the sender asks for `rport` to be filled in: the parameter is there without value."""
        return self.params.get("rport") == ""

    @property
    def maddr(self) -> str | None:
        """The `maddr` parameter."""
        return self.params.get("maddr")

    @property
    def sent_by(self) -> str:
        """`host` or `host:port`, as written."""
        return self.host if self.port is None else f"{self.host}:{self.port}"

    def __str__(self) -> str:
        return f"{self.protocol}/{self.version}/{self.transport} {self.sent_by}{self.params}"


class TopVia(NamedTuple):
    """What a server needs of the topmost Via of a request."""

    transport: str
    """Upper case."""
    sent_by: str
    """`host` or `host:port`, as written (a Flow's `sent_by` compares with it)."""
    host: str
    """As written, an IPv6 reference with its brackets."""
    address: str
    """The host without brackets, as a socket names it."""
    port: int | None
    has_rport: bool
    """Whether `rport` is there without value (RFC 3581 section 4)."""
    maddr: str | None
    received: str | None
    """Without brackets."""
    branch: str
    """`""` where there is none."""


def _check(params: Params) -> None:
    branch, maddr, ttl = params.raw("branch"), params.raw("maddr"), params.raw("ttl")
    received, rport = params.raw("received"), params.raw("rport")
    if (
        (branch is not None and not is_token(branch))
        or (maddr is not None and not _host(maddr))
        or (received is not None and not _received(received))
        or (rport and not (is_digits(rport) and len(rport) <= 5))
        # ttl  =  1*3DIGIT ; 0 to 255
        or (ttl is not None and not (is_digits(ttl) and len(ttl) <= 3 and int(ttl) <= 255))
    ):
        raise ParseError("Malformed Via", field="Via")


_new: Final = tuple.__new__
_BOUND: Final = 1024
_LONG: Final = 256
_shared: dict[str, tuple[str, str, str, str, int | None, bool, str | None, str | None]] = {}


def top_via(value: str) -> TopVia:
    """The first element of a Via field value; `ParseError` (field `Via`).

    Via values of one peer differ in the branch only: what stands around it is looked up, not parsed again.
    """
    at = value.find(";branch=")
    if at > 0 and "," not in value and '"' not in value:
        end = value.find(";", at + 8)
        if end < 0:
            branch, around = value[at + 8 :], value[:at]
        else:
            branch, around = value[at + 8 : end], value[:at] + value[end:]
        shared = _shared.get(around)
        if shared is not None:
            if is_token(branch):
                return _new(TopVia, shared + (branch,))  # noqa: RUF005 (quicker than unpacking)
        elif len(around) <= _LONG and "branch" not in around[around.find(";") :].lower():
            top = _parse(value)
            if len(_shared) >= _BOUND:
                _shared.clear()
            _shared[around] = top[:8]
            return top
    return _parse(value)


def _parse(value: str) -> TopVia:
    via = Via.parse(first_element(value))
    return TopVia(
        via.transport.upper(),
        via.sent_by,
        via.host,
        unbracketed(via.host),
        via.port,
        via.has_rport,
        via.maddr,
        via.received,
        via.branch,
    )


def stamped(value: str, *, host: str, port: int) -> str:
    """The field value with `received=host` in its first element, and `rport=port` where that was asked for.

    RFC 3261 section 18.2.1 and RFC 3581 section 4. `host` is an IP literal without brackets (RFC 5118 section 4.5).
    A `received` that came from the peer is replaced.
    """
    if "," not in value and '"' not in value and "received" not in value.lower():
        at = value.find(";rport")
        if at < 0 and "rport" not in value.lower():
            return f"{value};received={host}"
        after = at + 6
        if at > 0 and (len(value) == after or value[after] == ";"):
            return f"{value[:after]}={port};received={host}{value[after:]}"
    first, *others = elements(value)
    kept: list[str] = []
    for piece in pieces(first):
        name, _, given = piece.partition("=")
        lowered = name.strip(" \t").lower()
        if lowered == "rport" and not given.strip(" \t"):
            kept.append(f"rport={port}")
        elif lowered != "received":
            kept.append(piece)
    return ", ".join([";".join([*kept, f"received={host}"]), *others])
