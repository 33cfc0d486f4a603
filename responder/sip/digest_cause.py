"""Why a digest does not come out right: what the client seems to have hashed instead (RFC 7616 section 3.4.1)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from responder.sip.digest import ALGORITHMS, Credentials, ha1_of, is_known, response_of
from responder.sip.methods import METHODS

WRONG_PASSWORD: Final = "wrong password"
"""What is left when nothing else explains it."""


def cause_of(
    credentials: Credentials,
    expected: str,
    *,
    method: str,
    uri: str,
    body: bytes = b"",
    username: str = "",
    password: str | None = None,
    ha1: str = "",
) -> str:
    """In words, why `credentials.response` is not `expected`; `uri` is the Request-URI.

    The secret is the `password` of `username`, or else its `ha1`. The algorithm must be one that `is_known`.
    """
    got = credentials.response
    if got.lower() == expected:
        return "in capital letters"
    if len(got) != len(expected):
        return f"{len(got)} digits where {credentials.algorithm or 'MD5'} has {len(expected)}"
    for words, changes, over in _attempts(credentials, method, uri, body):
        values = {
            "algorithm": credentials.algorithm,
            "method": method,
            "uri": credentials.uri,
            "qop": credentials.qop,
            "nc": credentials.nc,
            "cnonce": credentials.cnonce,
        } | changes
        if not is_known(values["algorithm"]):
            continue
        secret = ha1
        if password is not None:
            secret = ha1_of(
                algorithm=values["algorithm"], username=username, realm=credentials.realm, password=password
            )
        if got == response_of(ha1=secret, nonce=credentials.nonce, body=over, **values):
            return words
    return WRONG_PASSWORD


def _attempts(
    credentials: Credentials, method: str, uri: str, body: bytes
) -> Iterator[tuple[str, dict[str, str], bytes]]:
    """Mistakes that clients make: in words, what is hashed instead, and the body."""
    qop, nc = credentials.qop.lower(), credentials.nc.lstrip("0")
    yield "made for the Request-URI, not for its own uri", {"uri": uri}, body
    for name in METHODS:
        if name != method:
            yield f"made for the method {name}", {"method": name}, body
    for name in ALGORITHMS:
        if name.lower() != (credentials.algorithm or "MD5").lower():
            yield f"made with {name}", {"algorithm": name}, body
    if qop:
        yield "made as if without qop", {"qop": ""}, body
        yield f"made with nc={nc}", {"nc": nc}, body
    if qop == "auth":
        yield "made with qop=auth-int", {"qop": "auth-int"}, body
    elif qop == "auth-int":
        yield "made with qop=auth", {"qop": "auth"}, body
        yield "made over an empty body", {}, b""
