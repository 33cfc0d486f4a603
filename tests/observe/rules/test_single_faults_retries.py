"""One fault at a time in what a client does after a final response: the rule that names it, and the right client."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import pytest
from bench import Sent

from responder.observe.judge import judge
from responder.observe.records import ClientRecord
from responder.observe.rules.rule import MUST
from responder.uas.script import Reply

from .asking import Asking, challenge, credentials
from .judging import records_of

HERE = "127.0.0.1:5060"
AWAY = f"sip:deputy@{HERE}"
OTHER = f"sip:other@{HERE}"
TIMER = ("Supported: timer", "Session-Expires: 120")


class Ask(NamedTuple):
    """A request and its answer."""

    method: str
    reply: Reply | int
    fields: tuple[str | Callable[[Sent], str], ...] = ()
    more: dict[str, Any] = {}
    after: float = 0.0
    anew: bool = False
    """With another Call-ID."""


def ask(
    method: str,
    reply: Reply | int,
    *fields: str | Callable[[Sent], str],
    after: float = 0.0,
    anew: bool = False,
    **more: Any,
) -> Ask:
    return Ask(method, reply, fields, more, after, anew)


def told(status: int, **headers: str) -> Reply:
    return Reply(status, headers=tuple((name.replace("_", "-"), value) for name, value in headers.items()))


def moved(*contacts: str, status: int = 302, **headers: str) -> Reply:
    fields = tuple(("Contact", contact if "<" in contact else f"<{contact}>") for contact in contacts)
    return Reply(status, headers=(*fields, *told(status, **headers).headers))


def answered(method: str = "INVITE", old: str = "", new: str = "", **more: Any) -> Callable[[Sent], str]:
    """The credentials for the challenge before, changed."""

    def field(challenged: Sent) -> str:
        right = credentials(challenged, method, **more)
        assert old in right, right
        return right.replace(old, new, 1)

    return field


class Fault(NamedTuple):
    first: tuple[Ask, ...]
    wrong: tuple[Ask, ...]
    right: tuple[Ask, ...]
    how: str = "ended"
    """How the client leaves."""
    stays: float = 6.0


def fault(
    first: Ask | tuple[Ask, ...], wrong: Ask | tuple[Ask, ...] | None, right: Ask | tuple[Ask, ...] | None, **more: Any
) -> Fault:
    def several(one: Ask | tuple[Ask, ...] | None) -> tuple[Ask, ...]:
        return () if one is None else (one,) if isinstance(one, Ask) else one

    return Fault(several(first), several(wrong), several(right), **more)


REGISTER = ask("REGISTER", 200, uri="sip:127.0.0.1")
CHALLENGED = ask("INVITE", challenge())
TWO = challenge(algorithms=("SHA-256", "MD5"))
REALMS = Reply(
    407,
    headers=tuple(
        ("Proxy-Authenticate", f'Digest realm="{realm}", nonce="{realm}1", qop="auth", algorithm=MD5') for realm in "ab"
    ),
)


def for_realm(challenged: Sent, realm: str) -> str:
    return credentials(challenged, "INVITE").replace('realm="a"', f'realm="{realm}"').replace('"a1"', f'"{realm}1"')


BOTH = (lambda sent: for_realm(sent, "a"), lambda sent: for_realm(sent, "b"))


def registered(**more: Any) -> Ask:
    return ask("REGISTER", told(200, Contact="<sip:alice@192.0.2.10:5062>;expires=60"), uri="sip:127.0.0.1", **more)


FAULTS: list[tuple[str, str, Fault]] = [
    # ---------------------------------------------------------------------------------------------- 8.1.3.5
    (
        "retry-keeps-the-call-id",
        "a new Call-ID after 401",
        fault(CHALLENGED, ask("INVITE", 486, answered(), anew=True), ask("INVITE", 486, answered())),
    ),
    (
        "retry-keeps-from",
        "a new From tag after 401",
        fault(
            CHALLENGED,
            ask("INVITE", 486, answered(), put={"From": "<sip:alice@example.com>;tag=new1"}),
            ask("INVITE", 486, answered()),
        ),
    ),
    (
        "retry-keeps-to",
        "another To after 415",
        fault(
            ask("INVITE", 415),
            ask("INVITE", 486, body=b"", put={"To": "<sip:carol@127.0.0.1>"}),
            ask("INVITE", 486, body=b""),
        ),
    ),
    (
        "retry-cseq-is-one-higher",
        "CSeq + 2 after 420",
        fault(ask("INVITE", 420), ask("INVITE", 486, cseq=3, body=b""), ask("INVITE", 486, cseq=2, body=b"")),
    ),
    (
        "retry-cseq-is-one-higher",
        "the old CSeq after 420",
        fault(ask("INVITE", 420), ask("INVITE", 486, cseq=1, body=b""), ask("INVITE", 486, cseq=2, body=b"")),
    ),
    (
        "challenged-request-comes-with-a-higher-cseq",
        "the old CSeq after 401",
        fault(CHALLENGED, ask("INVITE", 486, answered(), cseq=1), ask("INVITE", 486, answered())),
    ),
    (
        "challenged-request-comes-with-a-higher-cseq",
        "a lower CSeq after 407",
        fault(
            ask("INVITE", challenge(status=407), cseq=9),
            ask("INVITE", 486, answered(), cseq=8),
            ask("INVITE", 486, answered(), cseq=10),
        ),
    ),
    (
        "too-large-a-body-is-made-smaller",
        "the same body after 413",
        fault(ask("INVITE", 413), ask("INVITE", 486), ask("INVITE", 486, body=b"")),
    ),
    (
        "too-large-a-body-is-made-smaller",
        "a larger body after 413",
        fault(
            ask("MESSAGE", 413, body=b"hello"),
            ask("MESSAGE", 200, body=b"hello there"),
            ask("MESSAGE", 200, body=b"hi"),
        ),
    ),
    (
        "retry-has-an-accepted-type",
        "a type that 415 does not list",
        fault(
            ask("INVITE", told(415, Accept="text/plain")),
            ask("INVITE", 486, content_type="text/html"),
            ask("INVITE", 486, content_type="text/plain"),
        ),
    ),
    (
        "retry-has-an-accepted-type",
        "an encoding that 415 does not list",
        fault(
            ask(
                "MESSAGE",
                told(415, Accept="text/plain", Accept_Encoding="identity"),
                "Content-Encoding: gzip",
                body=b"hello",
            ),
            ask("MESSAGE", 200, "Content-Encoding: gzip", body=b"hello2"),
            ask("MESSAGE", 200, body=b"hello"),
        ),
    ),
    (
        "retry-has-an-accepted-type",
        "a language that 415 does not list",
        fault(
            ask("MESSAGE", told(415, Accept="text/plain", Accept_Language="en"), "Content-Language: fr", body=b"hello"),
            ask("MESSAGE", 200, "Content-Language: fr", body=b"hello2"),
            ask("MESSAGE", 200, "Content-Language: en", body=b"hello"),
        ),
    ),
    (
        "retry-has-a-sip-uri",
        "a tel URI after 416",
        fault(
            ask("INVITE", 416, uri="tel:+1555"),
            ask("INVITE", 486, uri="tel:+1556"),
            ask("INVITE", 486, uri="sip:+1555@127.0.0.1;user=phone"),
        ),
    ),
    (
        "sips-is-not-given-up-unasked",
        "sip instead of sips after 416",
        fault(ask("OPTIONS", 416, uri="sips:bob@127.0.0.1"), ask("OPTIONS", 200, uri="sip:bob@127.0.0.1"), None),
    ),
    (
        "sips-is-not-given-up-unasked",
        "sip instead of sips after 480",
        fault(ask("OPTIONS", 480, uri="sips:bob@127.0.0.1"), ask("OPTIONS", 200, uri="sip:bob@127.0.0.1"), None),
    ),
    (
        "bad-extension-is-retried-without",
        "the extension again after 420",
        fault(
            ask("INVITE", told(420, Unsupported="100rel"), "Require: 100rel"),
            ask("INVITE", 486, "Require: 100rel", "Subject: again"),
            ask("INVITE", 486),
        ),
    ),
    (
        "bad-extension-is-retried-without",
        "nothing after 420",
        fault(ask("INVITE", told(420, Unsupported="100rel"), "Require: 100rel"), None, ask("INVITE", 486)),
    ),
    (
        "bad-extension-is-retried-without",
        "it leaves after 420",
        fault(
            ask("INVITE", told(420, Unsupported="100rel"), "Require: 100rel"),
            None,
            ask("INVITE", 486),
            how="exited",
            stays=0.2,
        ),
    ),
    (
        "retry-supports-the-extension",
        "no Supported after 421",
        fault(
            ask("INVITE", told(421, Require="100rel")),
            ask("INVITE", 486, "Subject: again"),
            ask("INVITE", 486, "Supported: 100rel"),
        ),
    ),
    (
        "retry-has-no-to-tag",
        "our To tag after 401",
        fault(CHALLENGED, ask("INVITE", 486, answered(), to_tag="OURS"), ask("INVITE", 486, answered())),
    ),
    (
        "retry-has-no-to-tag",
        "our To tag after 302",
        fault(ask("INVITE", moved(AWAY)), ask("INVITE", 486, uri=AWAY, to_tag="OURS"), ask("INVITE", 486, uri=AWAY)),
    ),
    (
        "min-se-is-carried-after-422",
        "no Min-SE after 422",
        fault(
            ask("INVITE", told(422, Min_SE="600"), *TIMER),
            ask("INVITE", 486, "Supported: timer", "Session-Expires: 600"),
            ask("INVITE", 486, "Supported: timer", "Session-Expires: 600", "Min-SE: 600"),
        ),
    ),
    (
        "min-se-is-carried-after-422",
        "too small a Min-SE after 422",
        fault(
            ask("INVITE", told(422, Min_SE="600"), *TIMER),
            ask("INVITE", 486, "Supported: timer", "Session-Expires: 600", "Min-SE: 500"),
            ask("INVITE", 486, "Supported: timer", "Session-Expires: 600", "Min-SE: 600"),
        ),
    ),
    (
        "session-interval-is-not-below-min-se",
        "too small a Session-Expires after 422",
        fault(
            ask("INVITE", told(422, Min_SE="600"), *TIMER),
            ask("INVITE", 486, *TIMER, "Min-SE: 600"),
            ask("INVITE", 486, "Supported: timer", "Session-Expires: 600", "Min-SE: 600"),
        ),
    ),
    *(
        (
            f"brief-{method.lower()}-is-retried-longer",
            f"the same interval after 423 to {method}",
            fault(
                ask(method, told(423, Min_Expires="600"), "Event: presence", "Expires: 60", **more),
                ask(method, 200, "Event: presence", "Expires: 120", **more),
                ask(method, 200, "Event: presence", "Expires: 600", **more),
            ),
        )
        for method, more in (("REGISTER", {"uri": "sip:127.0.0.1"}), ("SUBSCRIBE", {}), ("PUBLISH", {"body": b"state"}))
    ),
    (
        "failed-entity-tag-is-discarded",
        "the entity-tag again after 412",
        fault(
            ask("PUBLISH", 412, "Event: presence", "SIP-If-Match: e1"),
            ask("PUBLISH", 412, "Event: presence", "SIP-If-Match: e1"),
            ask("PUBLISH", 200, "Event: presence", "Expires: 60", body=b"state"),
        ),
    ),
    (
        "publication-begins-anew",
        "no PUBLISH after 412",
        fault(
            ask("PUBLISH", 412, "Event: presence", "SIP-If-Match: e1"),
            None,
            ask("PUBLISH", 200, "Event: presence", "Expires: 60", body=b"state"),
        ),
    ),
    (
        "anonymity-is-not-given-up-unasked",
        "a name after 433",
        fault(
            ask("MESSAGE", 433, put={"From": '"Anonymous" <sip:anonymous@anonymous.invalid>;tag=from1'}),
            ask("MESSAGE", 200),
            None,
        ),
    ),
    (
        "anonymity-is-not-given-up-unasked",
        "no Privacy after 433",
        fault(ask("INVITE", 433, "Privacy: id"), ask("INVITE", 486), ask("INVITE", 486, "Privacy: id", body=b"")),
    ),
    (
        "invalid-identity-is-retried-once",
        "a third try after 438",
        fault(
            (ask("INVITE", 438, "Identity: a"), ask("INVITE", 438, "Identity: b")),
            ask("INVITE", 486, "Identity: c"),
            None,
        ),
    ),
    (
        "security-agreement-is-verified",
        "no Security-Verify after 494",
        fault(
            ask("INVITE", told(494, Security_Server="digest;q=0.1"), "Supported: sec-agree"),
            ask("INVITE", 486, "Require: sec-agree", "Proxy-Require: sec-agree"),
            ask("INVITE", 486, "Require: sec-agree", "Proxy-Require: sec-agree", "Security-Verify: digest;q=0.1"),
        ),
    ),
    (
        "security-agreement-is-verified",
        "no Require after 494",
        fault(
            ask("INVITE", told(494, Security_Server="digest;q=0.1"), "Supported: sec-agree"),
            ask("INVITE", 486, "Proxy-Require: sec-agree", "Security-Verify: digest;q=0.1"),
            ask("INVITE", 486, "Require: sec-agree", "Proxy-Require: sec-agree", "Security-Verify: digest;q=0.1"),
        ),
    ),
    (
        "ambiguous-address-is-left-to-the-user",
        "an address of 485",
        fault(ask("INVITE", moved(AWAY, OTHER, status=485)), ask("INVITE", 486, uri=AWAY), None),
    ),
    # ---------------------------------------------------------------------------------------------- 21.4 to 21.6
    *(
        (
            "refused-request-is-not-repeated",
            f"the same after {status} to {method}",
            fault(ask(method, status), ask(method, status), None),
        )
        for status in (
            400,
            402,
            404,
            405,
            406,
            409,
            410,
            411,
            413,
            414,
            415,
            416,
            420,
            421,
            428,
            429,
            436,
            437,
            440,
            469,
            470,
            480,
            482,
            483,
            484,
            485,
            486,
            488,
            489,
            493,
            494,
            499,
        )
        for method in ("INVITE", "MESSAGE")
    ),
    (
        "refused-call-is-not-redialled-at-once",
        "another call after 486",
        fault(ask("INVITE", 486), ask("INVITE", 486, anew=True), ask("INVITE", 486, anew=True, after=2.0)),
    ),
    (
        "refused-call-is-not-redialled-at-once",
        "another call after 404",
        fault(ask("INVITE", 404), ask("INVITE", 404, anew=True), None),
    ),
    (
        "forbidden-request-is-not-repeated",
        "credentials after 403",
        fault(ask("INVITE", 403), ask("INVITE", 403, 'Authorization: Digest username="a"'), None),
    ),
    *(
        (
            "server-error-is-not-retried-at-once",
            f"the same after {status}",
            fault(ask("INVITE", status), ask("INVITE", status), ask("INVITE", status, after=5.0)),
        )
        for status in (500, 503, 599)
    ),
    *(
        (
            "server-failure-is-not-repeated-at-once",
            f"the same after {status}",
            fault(ask("INVITE", status), ask("INVITE", status), ask("INVITE", status, after=5.0)),
        )
        for status in (501, 502, 504, 505, 513, 555, 580)
    ),
    *(
        (
            "global-failure-ends-the-attempts",
            f"another try after {status}",
            fault(ask("INVITE", status), ask("INVITE", status, "Subject: again"), None),
        )
        for status in (600, 603, 604, 607, 608, 699)
    ),
    *(
        (
            "declined-call-is-not-redialled-at-once",
            f"another call after {status}",
            fault(ask("INVITE", status), ask("INVITE", status, anew=True), None),
        )
        for status in (600, 603, 604, 606, 607, 608, 699)
    ),
    *(
        (
            "retry-after-is-waited-for",
            f"before Retry-After of {status}",
            fault(
                ask("INVITE", told(status, Retry_After="4 (busy);duration=60")),
                ask("INVITE", 486, after=2.0),
                ask("INVITE", 486, after=5.0),
            ),
        )
        for status in (404, 480, 486, 500, 600, 603)
    ),
    (
        "retry-after-is-waited-for",
        "before Retry-After, with another Call-ID",
        fault(
            ask("INVITE", told(480, Retry_After="4")),
            ask("INVITE", 486, after=2.0, anew=True),
            ask("INVITE", 486, after=5.0, anew=True),
        ),
    ),
    (
        "server-is-left-alone-until-retry-after",
        "before Retry-After of 503",
        fault(ask("INVITE", told(503, Retry_After="4")), ask("INVITE", 486, after=2.0), ask("INVITE", 486, after=5.0)),
    ),
    (
        "server-is-left-alone-until-retry-after",
        "OPTIONS before Retry-After of 503",
        fault(
            ask("INVITE", told(503, Retry_After="4")),
            ask("OPTIONS", 200, anew=True),
            ask("OPTIONS", 200, anew=True, after=5.0),
        ),
    ),
    (
        "server-is-left-alone-until-retry-after",
        "REGISTER before Retry-After of 503",
        fault(ask("REGISTER", told(503, Retry_After="4"), uri="sip:127.0.0.1"), REGISTER, None),
    ),
    # ---------------------------------------------------------------------------------------------- 22, RFC 7616, 8760
    (
        "credentials-are-not-basic",
        "Basic",
        fault(CHALLENGED, ask("INVITE", 486, "Authorization: Basic YWxpY2U6c2VjcmV0"), ask("INVITE", 486, answered())),
    ),
    (
        "credentials-go-where-they-were-asked-for",
        "Proxy-Authorization after 401",
        fault(
            CHALLENGED,
            ask("INVITE", 486, answered(old="Authorization", new="Proxy-Authorization")),
            ask("INVITE", 486, answered()),
        ),
    ),
    (
        "credentials-go-where-they-were-asked-for",
        "Authorization after 407",
        fault(
            ask("INVITE", challenge(status=407)),
            ask("INVITE", 486, answered(old="Proxy-Authorization", new="Authorization")),
            ask("INVITE", 486, answered()),
        ),
    ),
    *(
        (
            rule,
            f"{old} becomes {new or 'nothing'}",
            fault(CHALLENGED, ask("INVITE", 486, answered(old=old, new=new)), ask("INVITE", 486, answered())),
        )
        for rule, old, new in (
            ("credentials-repeat-realm-and-algorithm", 'realm="example.com"', 'realm="example.org"'),
            ("credentials-repeat-realm-and-algorithm", "algorithm=MD5", "algorithm=MD5-sess"),
            ("latest-challenge-is-answered", 'nonce="n1"', 'nonce="n0"'),
            ("opaque-is-returned", ', opaque="o1"', ""),
            ("opaque-is-returned", 'opaque="o1"', 'opaque="o2"'),
            ("challenge-with-qop-is-answered-with-qop", ", qop=auth", ""),
            ("challenge-with-qop-is-answered-with-qop", "qop=auth", "qop=auth-int"),
            ("cnonce-and-nc-come-with-qop", ", nc=00000001", ""),
            ("cnonce-and-nc-come-with-qop", ', cnonce="0a4f"', ""),
            ("nonce-count-has-eight-digits", "nc=00000001", "nc=1"),
            ("nonce-count-begins-at-one", "nc=00000001", "nc=00000002"),
            ("nonce-count-begins-at-one", "nc=00000001", "nc=00000000"),
            ("digest-uri-is-the-request-uri", 'uri="sip:bob@127.0.0.1"', 'uri="sip:127.0.0.1"'),
            ("digest-parameters-are-quoted-rightly", 'uri="sip:bob@127.0.0.1"', "uri=sip:bob@127.0.0.1"),
            ("digest-parameters-are-quoted-rightly", "nc=00000001", 'nc="00000001"'),
            ("digest-parameters-are-quoted-rightly", "qop=auth", 'qop="auth"'),
            ("digest-parameters-are-quoted-rightly", "algorithm=MD5", 'algorithm="MD5"'),
            ("digest-parameters-are-quoted-rightly", 'realm="example.com"', "realm=example.com"),
            ("digest-credentials-are-complete", 'username="alice", ', ""),
            ("digest-credentials-are-complete", 'nonce="n1", ', ""),
            ("digest-credentials-are-complete", 'realm="example.com", ', ""),
            ("digest-credentials-are-complete", 'uri="sip:bob@127.0.0.1", ', ""),
            ("digest-response-has-its-length", 'response="', 'response="00'),
            ("digest-response-has-its-length", 'response="', 'response="ABCDEF'),
            ("hashed-username-is-a-hash", "qop=auth", "qop=auth, userhash=true"),
        )
    ),
    (
        "nonce-count-rises",
        "the same nc again",
        fault(
            (CHALLENGED, ask("INVITE", challenge(more=", stale=true"), answered())),
            ask("INVITE", 486, answered(), answered()),
            ask("INVITE", 486, answered(count=2)),
        ),
    ),
    (
        "topmost-challenge-is-answered",
        "the second of two challenges",
        fault(
            (
                ask("INVITE", challenge("n0", algorithms=("SHA-256",))),
                ask("INVITE", 486, answered()),
                ask("INVITE", TWO),
            ),
            ask("INVITE", 486, answered(old="algorithm=SHA-256", new="algorithm=MD5")),
            ask("INVITE", 486, answered()),
        ),
    ),
    (
        "first-challenge-is-preferred",
        "the second of two challenges at once",
        fault(
            ask("INVITE", TWO),
            ask("INVITE", 486, answered(old="algorithm=SHA-256", new="algorithm=MD5")),
            ask("INVITE", 486, answered()),
        ),
    ),
    (
        "unknown-algorithm-is-passed-over",
        "an algorithm that there is not",
        fault(
            ask("INVITE", challenge(algorithms=("MD5", "ROT13"))),
            ask("INVITE", 486, answered(old="algorithm=MD5", new="algorithm=ROT13")),
            ask("INVITE", 486, answered()),
        ),
    ),
    (
        "every-realm-is-answered",
        "one of two realms",
        fault(ask("INVITE", REALMS), ask("INVITE", 486, BOTH[0]), ask("INVITE", 486, *BOTH)),
    ),
    (
        "rejected-credentials-are-not-sent-again",
        "the same credentials",
        fault((CHALLENGED, ask("INVITE", challenge("n2"), answered())), ask("INVITE", 486, answered()), None),
    ),
    (
        "stale-nonce-is-no-wrong-password",
        "it gives up a stale nonce",
        fault(
            (CHALLENGED, ask("INVITE", challenge("n2", more=", stale=true"), answered())),
            None,
            ask("INVITE", 486, answered()),
        ),
    ),
    (
        "stale-nonce-is-no-wrong-password",
        "it leaves with a stale nonce",
        fault(
            (CHALLENGED, ask("INVITE", challenge("n2", more=", stale=true"), answered())),
            None,
            ask("INVITE", 486, answered()),
            how="exited",
            stays=0.3,
        ),
    ),
    (
        "latest-challenge-is-answered",
        "the stale nonce again",
        fault(
            (CHALLENGED, ask("INVITE", challenge("n2", more=", stale=true"), answered())),
            ask("INVITE", 486, answered(old='"n2"', new='"n1"', count=2)),
            ask("INVITE", 486, answered()),
        ),
    ),
    (
        "challenges-are-not-answered-for-ever",
        "a flood of tries",
        fault(
            (CHALLENGED, *[ask("INVITE", challenge(f"n{number}"), answered(), after=3.0) for number in range(2, 11)]),
            ask("INVITE", 486, answered(), after=3.0),
            None,
        ),
    ),
    (
        "accepted-credentials-are-used-again",
        "no credentials in the next REGISTER",
        fault(
            (
                ask("REGISTER", challenge(), uri="sip:127.0.0.1"),
                ask("REGISTER", 200, answered("REGISTER", uri="sip:127.0.0.1"), uri="sip:127.0.0.1"),
            ),
            REGISTER,
            None,
        ),
    ),
    # ---------------------------------------------------------------------------------------------- 8.1.3.4, 21.3
    *(
        (
            "redirection-is-followed",
            f"nothing after {status}, {how}",
            fault(ask("INVITE", moved(AWAY, status=status)), None, ask("INVITE", 486, uri=AWAY), how=how, stays=stays),
        )
        for status in (301, 302)
        for how, stays in (("ended", 6.0), ("exited", 0.2))
    ),
    (
        "redirected-request-goes-to-a-contact",
        "the old URI after 302",
        fault(ask("INVITE", moved(AWAY)), ask("INVITE", 486, "Subject: again"), ask("INVITE", 486, uri=AWAY)),
    ),
    (
        "redirected-request-goes-to-a-contact",
        "a URI of its own after 300",
        fault(ask("INVITE", moved(AWAY, status=300)), ask("INVITE", 486, uri=OTHER), ask("INVITE", 486, uri=AWAY)),
    ),
    (
        "redirected-request-has-the-whole-uri",
        "no parameters",
        fault(
            ask("INVITE", moved(f"{AWAY};x-leg=2")),
            ask("INVITE", 486, uri=AWAY),
            ask("INVITE", 486, uri=f"{AWAY};x-leg=2"),
        ),
    ),
    (
        "redirected-request-has-the-whole-uri",
        "headers in the Request-URI",
        fault(
            ask("INVITE", moved(f"{AWAY}?Subject=hi")),
            ask("INVITE", 486, "Subject: hi", uri=f"{AWAY}?Subject=hi"),
            ask("INVITE", 486, "Subject: hi", uri=AWAY),
        ),
    ),
    (
        "request-uri-has-no-headers",
        "the method parameter in the Request-URI",
        fault(
            ask("INVITE", moved(f"{AWAY};method=INVITE")),
            ask("INVITE", 486, uri=f"{AWAY};method=INVITE"),
            ask("INVITE", 486, uri=AWAY),
        ),
    ),
    (
        "redirected-request-has-the-headers-of-its-uri",
        "no header fields of the URI",
        fault(
            ask("INVITE", moved(f"{AWAY}?Subject=hi&Priority=urgent")),
            ask("INVITE", 486, "Subject: hi", uri=AWAY),
            ask("INVITE", 486, "Subject: hi", "Priority: urgent", uri=AWAY),
        ),
    ),
    (
        "no-address-is-tried-twice",
        "back to where it came from",
        fault(
            (ask("INVITE", moved(AWAY)), ask("INVITE", moved("sip:bob@127.0.0.1"), uri=AWAY)), ask("INVITE", 486), None
        ),
    ),
    (
        "redirected-request-keeps-to-and-from",
        "another To",
        fault(
            ask("INVITE", moved(AWAY)),
            ask("INVITE", 486, uri=AWAY, put={"To": f"<{AWAY}>"}),
            ask("INVITE", 486, uri=AWAY),
        ),
    ),
    (
        "redirected-request-keeps-to-and-from",
        "another From tag",
        fault(
            ask("INVITE", moved(AWAY)),
            ask("INVITE", 486, uri=AWAY, put={"From": "<sip:alice@example.com>;tag=new1"}),
            ask("INVITE", 486, uri=AWAY),
        ),
    ),
    (
        "redirected-request-keeps-its-body",
        "no body",
        fault(ask("INVITE", moved(AWAY)), ask("INVITE", 486, uri=AWAY, body=b""), ask("INVITE", 486, uri=AWAY)),
    ),
    (
        "redirected-request-has-a-higher-cseq",
        "the old CSeq",
        fault(ask("INVITE", moved(AWAY)), ask("INVITE", 486, uri=AWAY, cseq=1), ask("INVITE", 486, uri=AWAY)),
    ),
    (
        "contacts-are-tried-by-preference",
        "the less preferred first",
        fault(
            ask("INVITE", moved(f"<{OTHER}>;q=0.2", f"<{AWAY}>;q=0.9")),
            ask("INVITE", 486, uri=OTHER),
            ask("INVITE", 486, uri=AWAY),
        ),
    ),
    (
        "redirected-request-has-the-whole-uri",
        "no parameters of the second contact",
        fault(
            ask("INVITE", moved(AWAY, f"{OTHER};x-leg=2")),
            (ask("INVITE", 404, uri=AWAY), ask("INVITE", 486, uri=OTHER)),
            (ask("INVITE", 404, uri=AWAY), ask("INVITE", 486, uri=f"{OTHER};x-leg=2")),
        ),
    ),
    (
        "temporary-address-is-not-kept",
        "302 kept, and called by its own name",
        fault(
            (ask("INVITE", moved(AWAY)), ask("INVITE", 486, uri=AWAY)),
            ask("INVITE", 486, uri=AWAY, anew=True, after=9.0, put={"To": f"<{AWAY}>"}),
            ask("INVITE", 486, anew=True, after=9.0),
        ),
    ),
    (
        "mended-request-keeps-the-call-id",
        "a new Call-ID after 423, and later the old one",
        fault(
            ask("REGISTER", told(423, Min_Expires="600"), "Expires: 60", uri="sip:127.0.0.1"),
            ask("REGISTER", 200, "Expires: 600", uri="sip:127.0.0.1", anew=True),
            ask("REGISTER", 200, "Expires: 600", uri="sip:127.0.0.1"),
        ),
    ),
    (
        "bad-extension-is-retried-without",
        "nothing after 420 to what it supports",
        fault(ask("INVITE", told(420, Unsupported="100rel"), "Supported: 100rel"), None, ask("INVITE", 486)),
    ),
    (
        "registration-is-refreshed-in-time",
        "a removal of what has run out",
        fault(
            registered(),
            registered(after=61.0, put={"Contact": "<sip:alice@192.0.2.10:5062>;expires=0"}),
            registered(after=59.0),
        ),
    ),
    (
        "next-contact-is-tried-after-a-failure",
        "the first only",
        fault(
            ask("INVITE", moved(AWAY, OTHER)),
            ask("INVITE", 404, uri=AWAY),
            (ask("INVITE", 404, uri=AWAY), ask("INVITE", 486, uri=OTHER)),
        ),
    ),
    (
        "temporary-address-is-not-kept",
        "302 kept",
        fault(
            (ask("INVITE", moved(AWAY)), ask("INVITE", 486, uri=AWAY)),
            ask("INVITE", 486, uri=AWAY, anew=True, after=9.0),
            ask("INVITE", 486, anew=True, after=9.0),
        ),
    ),
    (
        "temporary-address-is-not-kept",
        "302 kept for too long",
        fault(
            (ask("INVITE", moved(AWAY, Expires="2")), ask("INVITE", 486, uri=AWAY)),
            ask("INVITE", 486, uri=AWAY, anew=True, after=9.0),
            ask("INVITE", 486, uri=AWAY, anew=True, after=1.0),
        ),
    ),
    (
        "permanent-address-is-kept",
        "301 not kept",
        fault(
            (ask("INVITE", moved(AWAY, status=301)), ask("INVITE", 486, uri=AWAY)),
            ask("INVITE", 486, anew=True, after=9.0),
            ask("INVITE", 486, uri=AWAY, anew=True, after=9.0),
        ),
    ),
    (
        "global-failure-ends-the-attempts",
        "the next contact after 603",
        fault((ask("INVITE", moved(AWAY, OTHER)), ask("INVITE", 603, uri=AWAY)), ask("INVITE", 486, uri=OTHER), None),
    ),
    # ---------------------------------------------------------------------------------------------- 10.2
    (
        "register-names-the-domain",
        "a user in the Request-URI",
        fault(registered(), ask("REGISTER", 200, uri="sip:alice@127.0.0.1"), registered()),
    ),
    ("register-cseq-is-one-higher", "the same CSeq", fault(registered(), registered(cseq=1), registered())),
    ("register-cseq-is-one-higher", "a lower CSeq", fault(registered(cseq=7), registered(cseq=3), registered(cseq=8))),
    ("register-cseq-is-one-higher", "CSeq + 5", fault(registered(), registered(cseq=6), registered())),
    ("registrations-share-a-call-id", "a new Call-ID", fault(registered(), registered(anew=True), registered())),
    (
        "registration-is-refreshed-in-time",
        "a late refresh",
        fault(registered(), registered(after=90.0), registered(after=50.0)),
    ),
    (
        "registration-is-refreshed-in-time",
        "no refresh",
        fault(registered(), None, (registered(after=50.0), registered(after=50.0)), stays=62.0),
    ),
    ("register-has-no-to-tag", "our To tag", fault(registered(), registered(to_tag="OURS"), registered())),
    (
        "star-comes-with-expires-zero",
        "a star without Expires",
        fault(
            registered(),
            registered(put={"Contact": "*"}),
            ask("REGISTER", 200, "Expires: 0", uri="sip:127.0.0.1", put={"Contact": "*"}),
        ),
    ),
    (
        "star-comes-with-expires-zero",
        "a star with an interval",
        fault(
            registered(), ask("REGISTER", 400, "Expires: 60", uri="sip:127.0.0.1", put={"Contact": "*"}), registered()
        ),
    ),
    (
        "registered-address-is-a-sip-uri",
        "a tel URI in To",
        fault(registered(), registered(put={"To": "<tel:+1>"}), registered()),
    ),
    (
        "action-parameter-is-not-used",
        "an action",
        fault(registered(), registered(put={"Contact": "<sip:alice@192.0.2.10:5062>;action=proxy"}), registered()),
    ),
    (
        "reg-id-comes-with-an-instance",
        "a reg-id alone",
        fault(
            registered(),
            ask(
                "REGISTER",
                200,
                "Supported: outbound, path",
                uri="sip:127.0.0.1",
                put={"Contact": "<sip:a@192.0.2.10:5062>;reg-id=1"},
            ),
            registered(),
        ),
    ),
    (
        "outbound-registration-supports-outbound-and-path",
        "no Supported",
        fault(
            registered(),
            registered(put={"Contact": '<sip:a@192.0.2.10:5062>;reg-id=1;+sip.instance="<urn:x>"'}),
            registered(),
        ),
    ),
    # ---------------------------------------------------------------------------------------------- 19.3, 8.1.1.4
    (
        "redirected-request-keeps-its-fields",
        "no header fields of the original",
        fault(
            ask("INVITE", moved(AWAY), "Subject: hi", "Priority: urgent"),
            ask("INVITE", 486, "Subject: hi", uri=AWAY),
            ask("INVITE", 486, "Subject: hi", "Priority: urgent", uri=AWAY),
        ),
    ),
    (
        "no-address-is-tried-twice",
        "an address that has failed",
        fault(
            (ask("INVITE", moved(AWAY, OTHER)), ask("INVITE", 404, uri=AWAY)),
            (ask("INVITE", 404, uri=AWAY), ask("INVITE", 486, uri=OTHER)),
            ask("INVITE", 486, uri=OTHER),
        ),
    ),
    (
        "proxy-of-305-is-used",
        "nothing after 305",
        fault(
            ask("OPTIONS", moved(f"sip:{HERE};lr", status=305)),
            None,
            ask("OPTIONS", 200, f"Route: <sip:{HERE};lr>"),
        ),
    ),
    (
        "mended-request-keeps-the-call-id",
        "a new Call-ID after 422",
        fault(
            ask("INVITE", told(422, Min_SE="600"), *TIMER),
            ask("INVITE", 486, "Supported: timer", "Session-Expires: 600", "Min-SE: 600", anew=True),
            ask("INVITE", 486, "Supported: timer", "Session-Expires: 600", "Min-SE: 600"),
        ),
    ),
    (
        "mended-request-keeps-the-call-id",
        "a new Call-ID after 420",
        fault(
            ask("INVITE", told(420, Unsupported="100rel"), "Require: 100rel"),
            ask("INVITE", 486, anew=True),
            ask("INVITE", 486),
        ),
    ),
    *(
        (
            "refused-body-is-sent-in-another-form",
            f"nothing after {status}",
            fault(
                ask("MESSAGE", told(status, Accept="text/html"), body=b"hello"),
                None,
                ask("MESSAGE", 200, body=b"hi"),
            ),
        )
        for status in (413, 415)
    ),
    (
        "refused-scheme-is-tried-as-sip",
        "nothing after 416",
        fault(
            ask("INVITE", 416, uri="tel:+1555"),
            None,
            ask("INVITE", 486, uri="sip:+1555@127.0.0.1;user=phone"),
        ),
    ),
    (
        "new-call-has-a-new-call-id",
        "the Call-ID of the last call",
        fault(
            ask("INVITE", 486),
            ask("INVITE", 486, after=9.0, put={"From": "<sip:alice@example.com>;tag=new1"}),
            ask("INVITE", 486, after=9.0, anew=True),
        ),
    ),
    (
        "calls-have-tags-of-their-own",
        "the From tag of the last call",
        fault(
            ask("SUBSCRIBE", 200, "Event: presence", "Expires: 60"),
            ask(
                "SUBSCRIBE",
                200,
                "Event: presence",
                "Expires: 60",
                anew=True,
                put={"From": "<sip:alice@example.com>;tag=from1"},
            ),
            ask("SUBSCRIBE", 200, "Event: presence", "Expires: 60", anew=True),
        ),
    ),
]


def play(asking: Asking, asks: tuple[Ask, ...], last: Sent | None) -> Sent | None:
    for one in asks:
        if one.anew:
            asking.another(asking.caller.number + 1)
        fields = [
            field if isinstance(field, str) else field(last) for field in one.fields if isinstance(field, str) or last
        ]
        more = dict(one.more)
        if more.get("to_tag") == "OURS":
            assert last is not None
            more["to_tag"] = last.message.to_tag
        if one.method in ("MESSAGE", "PUBLISH"):
            more = {"contact": False, "content_type": "text/plain", **more}
        last = asking.ask(one.method, one.reply, *fields, after=one.after, **more)
    return last


def failed(case: Fault, asks: tuple[Ask, ...]) -> tuple[set[str], set[str]]:
    """The rules that were broken, and those of them that say MUST."""
    asking = Asking()
    asking.bench.hostile = True
    last = play(asking, case.first, None)
    play(asking, asks, last)
    asking.bench.run(case.stays if asks is case.wrong or case.how == "exited" else 30.0)
    left = ClientRecord(time=asking.bench.now, wall=0.0, how=case.how, exit_status=0, output="")
    broken = judge([*records_of(asking.bench.events), left]).violations("MUST", "SHOULD", "MAY")
    return {one.rule.id for one in broken}, {one.rule.id for one in broken if one.rule.level == MUST}


@pytest.mark.parametrize(
    ("rule", "case"), [(rule, case) for rule, _, case in FAULTS], ids=[what for _, what, _ in FAULTS]
)
class TestOneFault:
    def test_is_named(self, rule: str, case: Fault) -> None:
        assert rule in failed(case, case.wrong)[0]

    def test_is_not_there_in_a_right_client(self, rule: str, case: Fault) -> None:
        found, must = failed(case, case.right)
        assert rule not in found
        assert must == set()
