"""Client errors from 400 to 417 (RFC 3261 sections 21.4.1 to 21.4.14, RFC 2543, RFC 3903, RFC 4412)."""

from __future__ import annotations

from typing import Final

from responder.registry import challenges, derive, refusals
from responder.registry.code import Code
from responder.registry.rows import (
    A_WHILE,
    AS_400,
    NEXT_TRY,
    NO_REPEAT,
    PROMPTLY,
    RETRY_AFTER,
    WARNING,
    duty,
    may,
    must,
    should,
)
from responder.registry.rules import Duty

_NOT_CANCEL: Final = ("CANCEL",)
_UNKNOWN_EFFECT: Final = "RFC 5057 5.1, as any code it does not list"


def _authenticate(section: str, field: str) -> tuple[Duty, ...]:
    """What a client does with a challenge; the header field is the one it answers with."""
    return (
        duty(
            "SHOULD",
            "send the request again with credentials",
            f"RFC 3261 8.1.3.5, {section}",
            observe=(
                f"{field}: Digest with our realm, nonce, opaque and algorithm, uri in quotes, a response that "
                f"verifies; qop, nc=00000001 and cnonce where we sent qop; {NEXT_TRY}"
            ),
            within=PROMPTLY,
        ),
        duty(
            "MUST",
            "count CSeq up for that",
            "RFC 3261 22.2",
            observe="CSeq plus one",
        ),
        duty(
            "MUST",
            "answer with qop where the challenge has it",
            "RFC 3261 22.4",
            observe="qop, nc and cnonce in the credentials",
        ),
        duty(
            "MUST NOT",
            "try once more with credentials that were just refused, unless the nonce was stale",
            "RFC 3261 22.1",
            observe="after a second challenge it gives up or asks its user; after stale=true it tries the new nonce",
        ),
        duty(
            "SHOULD",
            "answer the topmost challenge of a realm that it can, and ignore schemes that it does not know (a MUST)",
            "RFC 8760 2.4",
            observe="algorithm is the first one of ours that it knows",
        ),
        duty(
            "MUST",
            "acknowledge the challenge of an INVITE before that, with the credentials the INVITE had",
            "RFC 3261 17.1.1.3, 22.1",
            observe="ACK with CSeq n, then INVITE with CSeq n+1",
            methods=("INVITE",),
        ),
        duty("MUST NOT", "use Basic", "RFC 3261 22.1, 22.4"),
    )


CODES: Final = (
    Code(
        status=400,
        phrase="Bad Request",
        reference="RFC 3261 21.4.1",
        mid_dialog="transaction",
        headers=(WARNING,),
        own_duties=(
            NO_REPEAT,
            duty(
                "MUST",
                "handle every 4xx that it does not know like this one",
                "RFC 3261 8.1.3.2",
                observe="INVITE and 499: ACK, no other try",
            ),
        ),
        notes=(
            "The phrase SHOULD name the fault, as `Missing Call-ID header field`. Prescribed for `*` misused in "
            "REGISTER (10.3), for a datagram shorter than its Content-Length (18.3), for a REFER without exactly one "
            "Refer-To (RFC 3515 2.4.2) and for a PUBLISH with several entity-tags (RFC 3903 6)."
        ),
    ),
    Code(
        status=401,
        phrase="Unauthorized",
        reference="RFC 3261 21.4.2, 22.2",
        not_methods=_NOT_CANCEL,
        sender="UAS, registrar or redirect server; never a proxy",
        mid_dialog="transaction",
        headers=(
            must("WWW-Authenticate", challenges.www_authenticate, "RFC 3261 22.2, 22.4; RFC 8760 2.3"),
            may(
                "Proxy-Authenticate",
                challenges.proxy_authenticate,
                "RFC 3261 16.7, 22.3",
                when="a forking proxy gathered challenges",
            ),
        ),
        own_duties=_authenticate("22.2", "Authorization"),
        notes=("Never to ACK or CANCEL (22.1). A Bearer challenge may stand beside the Digest ones (RFC 8898 2.2, 4)."),
    ),
    Code(
        status=402,
        phrase="Payment Required",
        reference="RFC 3261 21.4.3",
        mid_dialog="transaction",
        own_duties=(AS_400,),
        notes="Reserved for future use.",
    ),
    Code(
        status=403,
        phrase="Forbidden",
        reference="RFC 3261 21.4.4",
        mid_dialog="transaction",
        headers=(WARNING,),
        own_duties=(
            duty(
                "SHOULD NOT",
                "repeat the request, since credentials will not help",
                "RFC 3261 21.4.4",
                observe="no other try, not with credentials either",
                within=A_WHILE,
            ),
        ),
        notes=(
            "Prescribed where a client may not register for the address-of-record (10.3 step 4) and for a SUBSCRIBE "
            "to `refer` outside a REFER's subscription (RFC 3515 2.4.4). Also for a Date that is too old (`Stale "
            "Date`, RFC 8224 6.2.2) and a resource priority that is not allowed (RFC 4412 4.6.4)."
        ),
    ),
    Code(
        status=404,
        phrase="Not Found",
        reference="RFC 3261 21.4.5",
        mid_dialog="dialog",
        headers=(RETRY_AFTER,),
        own_duties=(
            NO_REPEAT,
            duty(
                "MUST",
                "treat a subscription as ended whose refresh gets it",
                "RFC 6665 4.1.2.2",
                observe="its next SUBSCRIBE has a new Call-ID and From tag and no To tag",
                methods=("SUBSCRIBE",),
            ),
        ),
        notes="Prescribed for an address-of-record that is not of the registrar's domain (10.3 step 5).",
    ),
    Code(
        status=405,
        phrase="Method Not Allowed",
        reference="RFC 3261 21.4.6, 8.2.1",
        not_methods=_NOT_CANCEL,
        mid_dialog="usage",
        headers=(must("Allow", refusals.allow_without_method, "RFC 3261 21.4.6, 8.2.1, 20.5"),),
        own_duties=(
            NO_REPEAT,
            duty(
                "MAY",
                "stop using the method towards us (the RFC says what Allow means, not what to do about it)",
                "RFC 3261 20.5",
                observe="no further request of that method in this dialog",
            ),
        ),
        notes="405 is for a method that we know, 501 for one that we do not (21.5.2).",
    ),
    Code(
        status=406,
        phrase="Not Acceptable",
        reference="RFC 3261 21.4.7",
        condition="the request's Accept leaves us nothing to answer with",
        mid_dialog="transaction",
        own_duties=(NO_REPEAT,),
        notes="What a notifier says whose types are all missing in Accept. Not to be mixed up with 488 and 606.",
    ),
    Code(
        status=407,
        phrase="Proxy Authentication Required",
        reference="RFC 3261 21.4.8, 22.3",
        not_methods=_NOT_CANCEL,
        sender="proxy",
        mid_dialog="transaction",
        headers=(
            must("Proxy-Authenticate", challenges.proxy_authenticate, "RFC 3261 22.3, 22.4; RFC 8760 2.3"),
            may(
                "WWW-Authenticate",
                challenges.www_authenticate,
                "RFC 3261 16.7, 22.3",
                when="a forking proxy gathered challenges",
            ),
        ),
        own_duties=(
            *_authenticate("22.3", "Proxy-Authorization"),
            duty(
                "SHOULD",
                "put the credentials for that realm into all later requests of the Call-ID",
                "RFC 3261 22.3",
                observe="BYE has Proxy-Authorization, and so has the ACK of the 2xx",
            ),
        ),
        notes="A notifier says 401, never 407 (RFC 6665 4.2.1.3).",
    ),
    Code(
        status=408,
        phrase="Request Timeout",
        reference="RFC 3261 21.4.9",
        methods=("INVITE",),
        sender="UAS or proxy",
        mid_dialog="transaction",
        own_duties=(
            duty("MAY", "repeat the request unchanged at any later time", "RFC 3261 21.4.9"),
            duty(
                "SHOULD",
                "end the dialog where it was a request within one",
                "RFC 3261 12.2.1.2, 14.1; RFC 4028 10",
                observe="BYE after a re-INVITE or UPDATE that got it; RFC 5057 would have it end the usage only",
                within=PROMPTLY,
            ),
        ),
        notes=(
            "MUST NOT go to any other method than INVITE from an element that keeps transactions: it stays silent (RFC "
            "4320 4.2). A client's own timeout counts as 408 (8.1.3.1)."
        ),
    ),
    Code(
        status=409,
        phrase="Conflict",
        iana="unregistered",
        reference="RFC 2543 7.4.10",
        methods=("REGISTER",),
        mid_dialog="transaction",
        mid_dialog_reference=_UNKNOWN_EFFECT,
        own_duties=(AS_400,),
        notes="For a conflict of action parameters in REGISTER. RFC 3261 dropped it, IANA never had it.",
    ),
    Code(
        status=410,
        phrase="Gone",
        reference="RFC 3261 21.4.10",
        mid_dialog="dialog",
        own_duties=(NO_REPEAT, duty("MAY", "treat the address as gone for good", "RFC 3261 21.4.10")),
        notes="404 SHOULD be said instead where nobody knows whether it is for good.",
    ),
    Code(
        status=411,
        phrase="Length Required",
        iana="unregistered",
        reference="RFC 2543 7.4.12",
        condition="the request has a body without Content-Length",
        mid_dialog="transaction",
        mid_dialog_reference=_UNKNOWN_EFFECT,
        own_duties=(
            AS_400,
            duty("MAY", "repeat it with Content-Length, if it is of RFC 2543's days", "RFC 2543 7.4.12"),
        ),
        notes="RFC 3261 answers this fault with 400; IANA never had the code.",
    ),
    Code(
        status=412,
        phrase="Conditional Request Failed",
        reference="RFC 3903 11.2.1, 6",
        methods=("PUBLISH",),
        sender="event state compositor",
        condition="SIP-If-Match names an entity-tag that nobody knows",
        mid_dialog="transaction",
        own_duties=(
            duty(
                "MUST NOT",
                "send that PUBLISH again",
                "RFC 3903 5",
                observe="no PUBLISH with the same SIP-If-Match",
            ),
            duty(
                "SHOULD",
                "publish from scratch",
                "RFC 3903 5",
                observe="PUBLISH without SIP-If-Match, with a body",
                within=PROMPTLY,
            ),
            duty("MUST", "forget the entity-tag", "RFC 3903 5", observe="it is never seen again"),
        ),
    ),
    Code(
        status=413,
        phrase="Request Entity Too Large",
        reference="RFC 3261 21.4.11",
        condition="the body is larger than we take",
        mid_dialog="transaction",
        headers=(
            should(
                "Retry-After",
                derive.retry_after_temporary,
                "RFC 3261 21.4.11",
                when="the condition will pass",
            ),
            RETRY_AFTER,
        ),
        own_duties=(
            duty(
                "SHOULD",
                "try again without the body or with a smaller one",
                "RFC 3261 8.1.3.5",
                observe=f"a smaller Content-Length; {NEXT_TRY}",
                within=PROMPTLY,
            ),
            duty("MAY", "try again after Retry-After", "RFC 3261 21.4.11"),
        ),
        notes="The connection may be closed. An INVITE without a body is a good INVITE.",
    ),
    Code(
        status=414,
        phrase="Request-URI Too Long",
        reference="RFC 3261 21.4.12",
        mid_dialog="transaction",
        own_duties=(NO_REPEAT,),
        notes="The grammar of RFC 3261 (25.1) calls it `Request-URI Too Large`.",
    ),
    Code(
        status=415,
        phrase="Unsupported Media Type",
        reference="RFC 3261 21.4.13, 8.2.3",
        not_methods=_NOT_CANCEL,
        condition="the body has a type, coding or language that we do not take",
        mid_dialog="transaction",
        headers=(
            must("Accept", refusals.accept_instead, "RFC 3261 8.2.3, 21.4.13", when="the type is at fault"),
            must(
                "Accept-Encoding",
                refusals.accept_encoding_instead,
                "RFC 3261 8.2.3, 21.4.13; RFC 3428 9; RFC 3903 11.1.1",
                when="the coding is at fault, or the method is MESSAGE or PUBLISH (SHOULD)",
            ),
            must(
                "Accept-Language",
                refusals.accept_language_instead,
                "RFC 3261 8.2.3, 21.4.13; RFC 3428 9; RFC 3903 11.1.1",
                when="the language is at fault, or the method is MESSAGE or PUBLISH (SHOULD)",
            ),
        ),
        own_duties=(
            duty(
                "SHOULD",
                "try again with the types, codings and languages listed only",
                "RFC 3261 8.1.3.5",
                observe=f"Content-Type out of our Accept, or no body; {NEXT_TRY}",
                within=PROMPTLY,
            ),
            duty("SHOULD", "tell its user before it resends unprotected what was S/MIME", "RFC 3261 23.2"),
        ),
        notes="A body whose handling is optional is no reason for it.",
    ),
    Code(
        status=416,
        phrase="Unsupported URI Scheme",
        reference="RFC 3261 21.4.14, 8.2.2.1",
        mid_dialog="dialog",
        own_duties=(
            duty(
                "SHOULD",
                "try again with a sip URI",
                "RFC 3261 8.1.3.5",
                observe=f"sip:number@host;user=phone in place of tel:number; {NEXT_TRY}",
                within=PROMPTLY,
            ),
            duty(
                "MUST NOT",
                "go from sips to sip by itself",
                "RFC 5630 5.1.1",
                observe="no sip request without its user's consent",
            ),
        ),
    ),
    Code(
        status=417,
        phrase="Unknown Resource-Priority",
        reference="RFC 4412 4.6.2, 12.4",
        sender="UAS or proxy that acts on resource priorities",
        condition="Require holds resource-priority and none of the values is known",
        mid_dialog="transaction",
        headers=(may("Accept-Resource-Priority", derive.accept_resource_priority, "RFC 4412 4.6.2, 3.2"),),
        own_duties=(
            duty(
                "MAY",
                "try again with the same value or another, out of Accept-Resource-Priority (SHOULD)",
                "RFC 4412 4.7.1",
                observe="Resource-Priority out of our list",
                within=PROMPTLY,
            ),
        ),
        notes=(
            "Without the option-tag values nobody knows are ignored; an element that does not know the extension "
            "says 420."
        ),
    ),
)
"""The rows, by status."""
