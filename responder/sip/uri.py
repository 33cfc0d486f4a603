"""URIs (RFC 3261 sections 19.1 and 25.1, RFC 3966): sip and sips taken apart, tel in part, others kept whole."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from ipaddress import AddressValueError, IPv6Address
from typing import Final

from responder.errors import ParseError
from responder.sip.abnf import ESCAPED, HOSTNAME, IPV6_REFERENCE
from responder.sip.params import NONE_OF_URI, Params, unescaped

_USER: Final = rf"(?:[A-Za-z0-9\-_.!~*'()&=+$,;?/]++|{ESCAPED})++"
_PASSWORD: Final = rf"(?:[A-Za-z0-9\-_.!~*'()&=+$,]++|{ESCAPED})*+"
_HNV: Final = rf"(?:[A-Za-z0-9\-_.!~*'()\[\]/?:+$]++|{ESCAPED})"
_HEADER: Final = rf"{_HNV}++={_HNV}*+"
_PARAMS: Final = r"(?:;[^?;]*+)*+"
_sip_uri: Final = re.compile(
    rf"(?:({_USER})(?::({_PASSWORD}))?+@)?({IPV6_REFERENCE}|{HOSTNAME})(?::([0-9]++))?+"
    rf"({_PARAMS})(?:\?({_HEADER}(?:&{_HEADER})*+))?+"
).fullmatch
# absoluteURI  =  scheme ":" ( hier-part / opaque-part ); brackets appear in it since RFC 3986
_opaque: Final = re.compile(rf"(?:[A-Za-z0-9\-_.!~*'();/?:@&=+$,\[\]]++|{ESCAPED})++").fullmatch
_scheme: Final = re.compile(r"[A-Za-z][A-Za-z0-9+\-.]*+").fullmatch

_third_colon: Final = re.compile(r":::(?=[0-9]{1,3}\.)")
_MUST_BE_IN_BOTH: Final = ("transport", "user", "ttl", "method", "maddr")
_LONG: Final = 512


@dataclass(frozen=True, slots=True)
class Uri:
    """A URI. What was written is kept as written (`str` gives it back); `user` is what it means.

    For schemes other than sip and sips only `scheme` and `opaque` are set, and for tel `raw_user` (the number) and
    `params` too.
    """

    scheme: str
    """Lower case."""
    raw_user: str | None
    """As written, escapes included; None where there is no userinfo."""
    password: str | None
    host: str
    """As written; an IPv6 reference with its brackets. Empty for other schemes than sip and sips."""
    port: int | None
    params: Params = NONE_OF_URI
    headers: str = ""
    """What follows the `?`, as written."""
    opaque: str = ""
    """Everything after the colon where the scheme is not sip or sips."""

    @property
    def user(self) -> str | None:
        """The user with its escapes resolved, once (RFC 3261 section 19.1.2)."""
        return None if self.raw_user is None else unescaped(self.raw_user)

    @property
    def is_sip(self) -> bool:
        """Whether the scheme is sip or sips."""
        return not self.opaque

    @property
    def hostport(self) -> str:
        """`host` or `host:port`, as written."""
        return self.host if self.port is None else f"{self.host}:{self.port}"

    @property
    def address(self) -> str:
        """The host without the brackets of an IPv6 reference, as a socket wants it."""
        return unbracketed(self.host)

    @property
    def aor(self) -> str:
        """The canonical form of an address-of-record: no parameters, escapes resolved (RFC 3261 section 10.3)."""
        if self.opaque:
            return f"{self.scheme}:{self.raw_user or self.opaque}"
        user = "" if self.raw_user is None else f"{self.user}@"
        return f"{self.scheme}:{user}{self.hostport.lower()}"

    @staticmethod
    def parse(text: str) -> Uri:
        """The URI; `ParseError` for text that the grammar does not allow (field `URI`)."""
        return _parse(text) if len(text) > _LONG else _remembered(text)

    def equivalent(self, other: Uri) -> bool:
        """Whether both mean the same by RFC 3261 section 19.1.4 (tel and others: RFC 3966 section 4, or as text)."""
        if self.scheme != other.scheme:
            return False
        if self.opaque:
            return _same_opaque(self, other)
        # Comparison of the userinfo of SIP and SIPS URIs is case-sensitive.
        if self.user != other.user or unescaped(self.password or "") != unescaped(other.password or ""):
            return False
        if (self.password is None) != (other.password is None):
            return False
        if self.host.lower() != other.host.lower() or self.port != other.port:
            return False
        return _same_params(self.params, other.params) and _header_set(self.headers) == _header_set(other.headers)

    def __str__(self) -> str:
        if self.opaque:
            return f"{self.scheme}:{self.opaque}"
        user = "" if self.raw_user is None else f"{self.raw_user}@"
        if self.password is not None:
            user = f"{self.raw_user}:{self.password}@"
        headers = f"?{self.headers}" if self.headers else ""
        return f"{self.scheme}:{user}{self.hostport}{self.params}{headers}"


def unbracketed(host: str) -> str:
    """A host without the brackets of an IPv6 reference, as a socket wants it.

    A third colon ahead of an IPv4 address, as the grammar of RFC 3261 has it, is dropped: "an implementation must
    tolerate both of the above constructs" (RFC 5118 section 4.10).
    """
    return _third_colon.sub("::", host[1:-1]) if host.startswith("[") else host


def check_host(host: str) -> None:
    """`ParseError` for an IPv6 reference that is no address."""
    if host.startswith("["):
        try:
            IPv6Address(unbracketed(host))
        except AddressValueError:
            raise ParseError("Malformed IPv6 reference", field="URI") from None


def check_port(text: str) -> int:
    """A port 0..65535 written in digits."""
    digits = text.lstrip("0") or "0"
    if len(digits) > 5 or int(digits) > 65535:
        raise ParseError("Port out of range", field="URI")
    return int(digits)


def _parse(text: str) -> Uri:
    scheme, colon, rest = text.partition(":")
    scheme = scheme.lower()
    if not colon or not _scheme(scheme):
        raise ParseError("Malformed URI", field="URI")
    if scheme not in ("sip", "sips"):
        if not _opaque(rest):
            raise ParseError("Malformed URI", field="URI")
        if scheme == "tel":
            number, semicolon, params = rest.partition(";")
            return Uri(scheme, number, None, "", None, Params.parse_uri(semicolon + params), "", rest)
        return Uri(scheme, None, None, "", None, NONE_OF_URI, "", rest)
    found = _sip_uri(rest)
    if not found:
        raise ParseError("Malformed URI", field="URI")
    user, password, host, port, params, headers = found.groups()
    check_host(host)
    return Uri(
        scheme,
        user,
        password,
        host,
        None if port is None else check_port(port),
        Params.parse_uri(params),
        headers or "",
    )


_remembered: Final = lru_cache(1024)(_parse)


def _same_params(ours: Params, theirs: Params) -> bool:
    mine, other = dict(ours), dict(theirs)
    if any((name in mine) != (name in other) for name in _MUST_BE_IN_BOTH):
        return False
    # "Any uri-parameter appearing in both URIs must match."
    return all(value.lower() == other[name].lower() for name, value in mine.items() if name in other)


def _header_set(headers: str) -> list[tuple[str, str]]:
    pairs = [part.partition("=") for part in headers.split("&") if part]
    return sorted((unescaped(name).lower(), unescaped(value)) for name, _, value in pairs)


def _same_opaque(ours: Uri, theirs: Uri) -> bool:
    if ours.scheme != "tel":
        return ours.opaque == theirs.opaque
    # RFC 3966 section 4: visual separators do not count, every parameter does
    separators = str.maketrans("", "", "-.()")
    numbers = [(uri.raw_user or "").translate(separators).lower() for uri in (ours, theirs)]
    params = [{name: value.lower() for name, value in uri.params} for uri in (ours, theirs)]
    return numbers[0] == numbers[1] and params[0] == params[1]
