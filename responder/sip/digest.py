"""Digest authentication (RFC 7616 with RFC 8760 for SIP; RFC 3261 section 22): challenges, credentials, their check."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from typing import Final

from responder.errors import ParseError
from responder.sip.abnf import QUOTED, SWS, TOKEN, elements, is_token, quoted, unquoted
from responder.sip.params import unescaped
from responder.sip.uri import Uri

_HASHES: Final[dict[str, str]] = {"md5": "md5", "sha-256": "sha256", "sha-512-256": "sha512_256"}
ALGORITHMS: Final = ("MD5", "MD5-sess", "SHA-256", "SHA-256-sess", "SHA-512-256", "SHA-512-256-sess")
"""The algorithms that can be computed, as the registry of RFC 7616 spells them; compared without regard to case."""
_QOPS: Final = frozenset({"", "auth", "auth-int"})

_IN_QUOTES: Final = ("username", "realm", "nonce", "uri", "response", "cnonce", "opaque")
"""Of credentials: "MUST be specified using the quoted-string syntax" (RFC 7616 section 3.4)."""
_WITHOUT_QUOTES: Final = ("algorithm", "qop", "nc", "userhash")
"""Of credentials: "MUST NOT be specified" so."""

# auth-param with, ahead of the first of a challenge, its scheme
_param: Final = re.compile(rf"(?:({TOKEN})[ \t]++(?!=))?+({TOKEN}){SWS}={SWS}({QUOTED}|[^\s\",]*+)").fullmatch
_nc: Final = re.compile(r"[0-9A-Fa-f]{8}").fullmatch


def is_known(algorithm: str) -> bool:
    """Whether `response_of` can compute that algorithm here."""
    try:
        _hash_of(algorithm)
    except ValueError:
        return False
    return True


@dataclass(frozen=True, slots=True, kw_only=True)
class Challenge:
    """What WWW-Authenticate and Proxy-Authenticate say (RFC 7616 section 3.3)."""

    realm: str
    nonce: str
    algorithm: str = ""
    """Empty: not written, which means MD5."""
    qop: tuple[str, ...] = ("auth",)
    """Empty: not written, as RFC 2069 had it."""
    opaque: str | None = None
    stale: bool = False
    domain: tuple[str, ...] = ()
    charset: str = ""
    userhash: bool = False

    @staticmethod
    def parse(text: str) -> Challenge:
        """The first Digest challenge of a field value; `ParseError` where there is none or it is malformed."""
        found = challenges(text)
        if not found:
            raise ParseError("No Digest challenge", field="WWW-Authenticate")
        return found[0]

    def __str__(self) -> str:
        params = [f"realm={quoted(self.realm)}"]
        if self.domain:
            params.append(f"domain={quoted(' '.join(self.domain))}")
        params.append(f"nonce={quoted(self.nonce)}")
        if self.opaque is not None:
            params.append(f"opaque={quoted(self.opaque)}")
        if self.stale:
            params.append("stale=true")
        if self.algorithm:
            params.append(f"algorithm={self.algorithm}")
        if self.qop:
            params.append(f"qop={quoted(','.join(self.qop))}")
        if self.charset:
            params.append(f"charset={self.charset}")
        if self.userhash:
            params.append("userhash=true")
        return "Digest " + ", ".join(params)


def challenges(text: str) -> list[Challenge]:
    """All Digest challenges of one field value; other schemes are passed over (RFC 8760 section 2.4)."""
    found: list[Challenge] = []
    for scheme, params, _ in _schemes(text, "WWW-Authenticate"):
        if scheme.lower() != "digest":
            continue
        if "realm" not in params or "nonce" not in params:
            raise ParseError("Digest challenge without realm or nonce", field="WWW-Authenticate")
        found.append(
            Challenge(
                realm=params["realm"],
                nonce=params["nonce"],
                algorithm=params.get("algorithm", ""),
                qop=tuple([option.strip() for option in params.get("qop", "").split(",") if option.strip()]),
                opaque=params.get("opaque"),
                stale=params.get("stale", "").lower() == "true",
                domain=tuple(params.get("domain", "").split()),
                charset=params.get("charset", ""),
                userhash=params.get("userhash", "").lower() == "true",
            )
        )
    return found


@dataclass(frozen=True, slots=True, kw_only=True)
class Credentials:
    """What Authorization and Proxy-Authorization say (RFC 7616 section 3.4)."""

    username: str
    realm: str
    nonce: str
    uri: str
    response: str
    algorithm: str = ""
    """Empty: not written, which means MD5."""
    qop: str = ""
    nc: str = ""
    cnonce: str = ""
    opaque: str | None = None
    userhash: bool = False
    irregular: tuple[str, ...] = field(default=(), compare=False)
    """What is not written as RFC 7616 section 3.4 wants it, and is read all the same."""

    @staticmethod
    def parse(text: str) -> Credentials:
        """Value of Authorization or Proxy-Authorization.

        Raises `ParseError`: 401 for another scheme than Digest, 400 where a parameter is missing or malformed.
        """
        scheme, params, in_quotes = next(_schemes(text, "Authorization"), ("", {}, set[str]()))
        if scheme.lower() != "digest":
            raise ParseError("Authentication scheme is not Digest", status=401, field="Authorization")
        irregular = [f"{name} without quotes" for name in _IN_QUOTES if name in params and name not in in_quotes]
        irregular += [f"{name} in quotes" for name in _WITHOUT_QUOTES if name in in_quotes]
        extended = params.get("username*", "")
        if "username" in params and extended:
            irregular.append("both username and username*")
        elif extended[:7].lower() == "utf-8''":
            params["username"] = unescaped(extended[7:])
        for name in ("username", "realm", "nonce", "uri", "response"):
            if name not in params:
                raise ParseError(f"Digest credentials without {name}", field="Authorization")
        return Credentials(
            username=params["username"],
            realm=params["realm"],
            nonce=params["nonce"],
            uri=params["uri"],
            response=params["response"],
            algorithm=params.get("algorithm", ""),
            qop=params.get("qop", ""),
            nc=params.get("nc", ""),
            cnonce=params.get("cnonce", ""),
            opaque=params.get("opaque"),
            userhash=params.get("userhash", "").lower() == "true",
            irregular=tuple(irregular),
        )

    def __str__(self) -> str:
        params = [f"{name}={quoted(value)}" for name, value in self._quoted()]
        if self.algorithm:
            params.append(f"algorithm={self.algorithm}")
        if self.opaque is not None:
            params.append(f"opaque={quoted(self.opaque)}")
        if self.qop:
            params.append(f"qop={self.qop}")
        if self.nc:
            params.append(f"nc={self.nc}")
        if self.cnonce:
            params.append(f"cnonce={quoted(self.cnonce)}")
        if self.userhash:
            params.append("userhash=true")
        return "Digest " + ", ".join(params)

    def _quoted(self) -> Iterator[tuple[str, str]]:
        for name in ("username", "realm", "nonce", "uri", "response"):
            yield name, getattr(self, name)


@dataclass(frozen=True, slots=True)
class Difference:
    """One thing in which credentials are not what they should be."""

    name: str
    """The parameter: `algorithm`, `realm`, `nonce`, `opaque`, `qop`, `cnonce`, `nc`, `uri`, `username`, `response`."""
    expected: str
    actual: str

    def __str__(self) -> str:
        return f"{self.name}: expected {self.expected}, got {self.actual or 'none'}"


def ha1_of(*, algorithm: str, username: str, realm: str, password: str) -> str:
    """H(username:realm:password), what a server may keep instead of the password (not yet `-sess`)."""
    return _hash_of(algorithm)(f"{username}:{realm}:{password}")


def userhash_of(*, algorithm: str, username: str, realm: str) -> str:
    """The hashed user name of RFC 7616 section 3.4.4."""
    return _hash_of(algorithm)(f"{username}:{realm}")


def response_of(
    *,
    algorithm: str,
    ha1: str,
    nonce: str,
    method: str,
    uri: str,
    qop: str = "",
    nc: str = "",
    cnonce: str = "",
    body: bytes = b"",
) -> str:
    """The response (RFC 7616 section 3.4.1), lower-case hex; `ValueError` for an unknown algorithm.

    `ha1` is what `ha1_of` gives; an empty `qop` computes as RFC 2069 did.
    """
    digest = _hash_of(algorithm)
    if algorithm.lower().endswith("-sess"):
        ha1 = digest(f"{ha1}:{nonce}:{cnonce}")
    a2 = f"{method}:{uri}"
    if qop.lower() == "auth-int":
        a2 = f"{a2}:{digest(body)}"
    ha2 = digest(a2)
    return digest(f"{ha1}:{nonce}:{nc}:{cnonce}:{qop}:{ha2}" if qop else f"{ha1}:{nonce}:{ha2}")


def opaque_of(nonce: str) -> str:
    """The `opaque` that goes with a nonce: known again without being stored; it is no secret."""
    return hashlib.blake2b(nonce.encode("utf-8", "surrogateescape"), digest_size=8).hexdigest()


def authentication_info(
    *, nextnonce: str = "", credentials: Credentials | None = None, ha1: str = "", qop: str = "", body: bytes = b""
) -> str:
    """Value of Authentication-Info (RFC 7616 section 3.5; the order is that of RFC 3261 section 25.1).

    With `credentials` it holds our own proof over `body`, the response's, by this `qop`; with `nextnonce` the nonce of
    the next request.
    """
    params = [f"nextnonce={quoted(nextnonce)}"] if nextnonce else []
    if credentials is not None:
        proof = rspauth(replace(credentials, qop=qop), ha1=ha1, body=body)
        if qop:
            params.append(f"qop={qop}")
        params.append(f'rspauth="{proof}"')
        if qop:
            params += [f"cnonce={quoted(credentials.cnonce)}", f"nc={credentials.nc}"]
    return ", ".join(params)


def rspauth(credentials: Credentials, *, ha1: str, body: bytes = b"") -> str:
    """The server's own proof for Authentication-Info (RFC 7616 section 3.5); `body` is the response's."""
    return response_of(
        algorithm=credentials.algorithm,
        ha1=ha1,
        nonce=credentials.nonce,
        method="",
        uri=credentials.uri,
        qop=credentials.qop,
        nc=credentials.nc,
        cnonce=credentials.cnonce,
        body=body,
    )


def verify(
    credentials: Credentials,
    *,
    method: str,
    uri: str,
    body: bytes = b"",
    password: str | None = None,
    ha1: str | None = None,
    username: str | None = None,
    challenge: Challenge | None = None,
    last_nc: int = 0,
) -> list[Difference]:
    """In what the credentials differ from those that the owner of the password (or `ha1`) would send; [] is right.

    `uri` is the Request-URI. With `challenge` they must answer that one: realm, nonce, opaque, algorithm, qop.
    `last_nc` is the highest nonce count seen with this nonce. Where the credentials hash the user name (RFC 7616
    section 3.4.4), `username` must be given, or `ha1`. A `uri` that differs is reported, though a UAS may accept it
    where a proxy changed the Request-URI (RFC 8760 section 2.6 item 6).
    """
    if (password is None) == (ha1 is None):
        raise ValueError("either password or ha1")
    if not is_known(credentials.algorithm):
        return [Difference("algorithm", f"one of {', '.join(ALGORITHMS)}", credentials.algorithm)]
    owner = credentials.username if username is None else username
    found = list(_mismatches(credentials, username, challenge, last_nc))
    if not _same_uri(credentials.uri, uri):
        found.append(Difference("uri", uri, credentials.uri))
    if credentials.qop.lower() not in _QOPS:
        return [*found, Difference("qop", "auth or auth-int", credentials.qop)]
    if ha1 is None:
        ha1 = ha1_of(algorithm=credentials.algorithm, username=owner, realm=credentials.realm, password=password or "")
    expected = response_of(
        algorithm=credentials.algorithm,
        ha1=ha1,
        nonce=credentials.nonce,
        method=method,
        uri=credentials.uri,
        qop=credentials.qop,
        nc=credentials.nc,
        cnonce=credentials.cnonce,
        body=body,
    )
    if credentials.response != expected:
        found.append(Difference("response", expected, credentials.response))
    return found


def _mismatches(
    credentials: Credentials, username: str | None, challenge: Challenge | None, last_nc: int
) -> Iterator[Difference]:
    if username is not None:
        if credentials.userhash:
            username = userhash_of(algorithm=credentials.algorithm, username=username, realm=credentials.realm)
        if credentials.username != username:
            yield Difference("username", username, credentials.username)
    if challenge is not None:
        yield from _unlike(credentials, challenge)
    if not credentials.qop:
        return
    if not credentials.cnonce:
        yield Difference("cnonce", "some text, as qop is there", "")
    # nc-value  =  8LHEX
    if not _nc(credentials.nc):
        yield Difference("nc", "8 hexadecimal digits", credentials.nc)
    elif int(credentials.nc, 16) <= last_nc:
        yield Difference("nc", f"{last_nc + 1:08x}", credentials.nc)


def _unlike(credentials: Credentials, challenge: Challenge) -> Iterator[Difference]:
    if credentials.realm != challenge.realm:
        yield Difference("realm", challenge.realm, credentials.realm)
    if credentials.nonce != challenge.nonce:
        yield Difference("nonce", challenge.nonce, credentials.nonce)
    if challenge.opaque is not None and credentials.opaque != challenge.opaque:
        yield Difference("opaque", challenge.opaque, credentials.opaque or "")
    if (credentials.algorithm or "MD5").lower() != (challenge.algorithm or "MD5").lower():
        yield Difference("algorithm", challenge.algorithm or "MD5", credentials.algorithm or "MD5")
    # "a UAC MUST send the qop parameter in any resulting authorization header field" (RFC 8760 section 2.6 item 8)
    if credentials.qop.lower() not in ([option.lower() for option in challenge.qop] or [""]):
        yield Difference("qop", " or ".join(challenge.qop) or "none", credentials.qop)


def _same_uri(ours: str, theirs: str) -> bool:
    if ours == theirs:
        return True
    try:
        return Uri.parse(ours).equivalent(Uri.parse(theirs))
    except ParseError:
        return False


def _hash_of(algorithm: str) -> Callable[[str | bytes], str]:
    base = (algorithm or "MD5").lower().removesuffix("-sess")
    name = _HASHES.get(base)
    if name is None:
        raise ValueError(f"unknown digest algorithm {algorithm}")
    hashlib.new(name, usedforsecurity=False)

    def digest(data: str | bytes) -> str:
        octets = data.encode("utf-8", "surrogateescape") if isinstance(data, str) else data
        return hashlib.new(name, octets, usedforsecurity=False).hexdigest()

    return digest


def _schemes(text: str, field: str) -> Iterator[tuple[str, dict[str, str], set[str]]]:
    """Of each challenge or credentials in a value: scheme, parameters, and the names of those that were in quotes.

    Names are in lower case, values without their quotes.
    """
    scheme, params, in_quotes = "", dict[str, str](), set[str]()
    for element in elements(text):
        found = _param(element)
        if found and (found[1] or scheme):
            if found[1]:
                if scheme:
                    yield scheme, params, in_quotes
                scheme, params, in_quotes = found[1], {}, set()
            name = found[2].lower()
            if name in params:
                raise ParseError(f"Malformed {field}: {name} twice", field=field)
            params[name] = unquoted(found[3])
            if found[3].startswith('"'):
                in_quotes.add(name)
            continue
        # other-challenge, or a scheme with one token68 as in "Basic QWxhZGRpbg=="
        word = element.partition(" ")[0]
        if not is_token(word) or (scheme and " " not in element):
            raise ParseError(f"Malformed {field}", field=field)
        if scheme:
            yield scheme, params, in_quotes
        scheme, params, in_quotes = word, {}, set()
    if scheme:
        yield scheme, params, in_quotes
