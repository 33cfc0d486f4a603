"""Digest challenges of 401, 407, 421 and 494 (RFC 3261 section 22, RFC 8760, RFC 3329): a header field an algorithm."""

from __future__ import annotations

from responder.registry.derive import params_of
from responder.registry.occasion import Occasion
from responder.registry.refusals import extension_required
from responder.registry.rules import Values, dynamic
from responder.sip.digest import Challenge, opaque_of


def _challenge(occasion: Occasion, realm: str, algorithm: str, qop: tuple[str, ...]) -> str:
    nonce = occasion.nonce(algorithm)
    return str(
        Challenge(
            realm=realm,
            nonce=nonce,
            algorithm=algorithm,
            qop=qop,
            opaque=occasion.capabilities.opaque or opaque_of(nonce),
            stale=occasion.stale,
        )
    )


def _challenges(occasion: Occasion, realm: str) -> Values:
    """One challenge an algorithm, the preferred one first (RFC 8760 section 2.3)."""
    ours = occasion.capabilities
    return [_challenge(occasion, realm, algorithm, ours.qop) for algorithm in dict.fromkeys(ours.algorithms)]


@dynamic("one Digest challenge for each of our algorithms, SHA-256 before MD5: realm, new nonce and opaque, qop")
def www_authenticate(occasion: Occasion) -> Values:
    """WWW-Authenticate (RFC 3261 sections 22.2, 22.4 item 8)."""
    return _challenges(occasion, occasion.capabilities.realm)


@dynamic("the same for the proxy's realm")
def proxy_authenticate(occasion: Occasion) -> Values:
    """Proxy-Authenticate (RFC 3261 section 22.3)."""
    return _challenges(occasion, occasion.capabilities.proxy_realm or occasion.capabilities.realm)


@dynamic("a challenge by the d-alg and d-qop of the digest mechanism, where Security-Server offers one")
def proxy_authenticate_of_494(occasion: Occasion) -> Values:
    """Proxy-Authenticate of a security agreement (RFC 3329 sections 2.3.1, 2.3.2)."""
    ours = occasion.capabilities
    for mechanism in ours.security_server:
        if mechanism.partition(";")[0].strip().lower() == "digest":
            params = params_of(mechanism)
            qop = params.get("d-qop")
            chosen = (qop,) if qop else ours.qop
            return [_challenge(occasion, ours.proxy_realm or ours.realm, params.get("d-alg") or "MD5", chosen)]
    return ()


@dynamic("a Digest challenge, where the extension is sec-agree and Security-Server offers digest")
def proxy_authenticate_of_421(occasion: Occasion) -> Values:
    """Proxy-Authenticate of a 421 for sec-agree (RFC 3329 section 2.3.2)."""
    return proxy_authenticate_of_494.compute(occasion) if extension_required(occasion) == "sec-agree" else ()
