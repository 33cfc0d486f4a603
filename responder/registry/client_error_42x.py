"""Client errors from 420 to 440: extensions, intervals, location, identity, flows (RFC 3261 21.4.15-17, others)."""

from __future__ import annotations

from typing import Final

from responder.registry import challenges, derive, intervals, refusals
from responder.registry.code import Code
from responder.registry.rows import (
    A_WHILE,
    DIALOG_LIVES,
    NEXT_TRY,
    NO_REPEAT,
    PROMPTLY,
    duty,
    may,
    must,
)
from responder.registry.rules import BodyRule, Duty, HeaderRule

_NOT_CANCEL: Final = ("CANCEL",)
_VERIFIER: Final = "verification service"
_UNKNOWN_EFFECT: Final = "RFC 5057 5.1, as any code it does not list"

_MID_DIALOG_IDENTITY: Final[Duty] = duty(
    "SHOULD",
    "leave a dialog as it is, unless the request was to end it: then the dialog is over",
    "RFC 4916 4.4.1",
)
_STIR_REASON: Final[HeaderRule] = may(
    "Reason", 'STIR;cause=436, 437 or 438;text="...", more than one allowed', "RFC 9410"
)

CODES: Final = (
    Code(
        status=420,
        phrase="Bad Extension",
        reference="RFC 3261 21.4.15, 8.2.2.3",
        not_methods=_NOT_CANCEL,
        condition="Require (to a proxy Proxy-Require) holds an option-tag that we do not support",
        mid_dialog="transaction",
        headers=(
            must("Unsupported", refusals.unsupported, "RFC 3261 8.2.2.3, 21.4.15"),
            may("Supported", derive.supported, "RFC 3261 20.37"),
        ),
        own_duties=(
            duty(
                "SHOULD",
                "try again without the extensions that Unsupported names",
                "RFC 3261 8.1.3.5",
                observe=f"the tags are gone from Require and Proxy-Require; {NEXT_TRY}",
                within=PROMPTLY,
            ),
        ),
        notes=(
            "Require counts for nothing in CANCEL and in the ACK of a failure (8.2.2.3). For 100rel see RFC 3262 3, "
            "for a Path that the client did not ask for RFC 3327 5.3."
        ),
    ),
    Code(
        status=421,
        phrase="Extension Required",
        reference="RFC 3261 21.4.16, 8.2.4",
        not_methods=_NOT_CANCEL,
        condition="we need an extension that Supported does not list",
        mid_dialog="transaction",
        headers=(
            must("Require", refusals.require_extension, "RFC 3261 21.4.16, 8.2.4"),
            must(
                "Security-Server",
                refusals.security_server_of_421,
                "RFC 3329 2.3.2",
                when="Require holds sec-agree",
            ),
            must(
                "Proxy-Authenticate",
                challenges.proxy_authenticate_of_421,
                "RFC 3329 2.3.2",
                when="Require holds sec-agree and Security-Server offers digest",
            ),
        ),
        own_duties=(
            duty(
                "MAY",
                "try again with the extension in Supported, if it knows it (no RFC says so in words)",
                "RFC 3261 8.1.3.5, 8.2.4",
                observe="our tag in Supported, CSeq plus one",
                within=PROMPTLY,
            ),
            duty(
                "MUST",
                "take up the mechanism it knows with the highest q, where the extension is sec-agree",
                "RFC 3329 2.3.1",
                observe="Security-Verify with our list; Require and Proxy-Require with sec-agree",
            ),
        ),
        notes="SHOULD NOT be used unless nothing else will do (8.2.4, 21.4.16).",
    ),
    Code(
        status=422,
        phrase="Session Interval Too Small",
        reference="RFC 4028 6, 9",
        methods=("INVITE", "UPDATE"),
        sender="UAS or proxy",
        condition="Supported holds timer and Session-Expires is below our minimum",
        mid_dialog="transaction",
        headers=(must("Min-SE", intervals.min_se, "RFC 4028 5, 6, 9"),),
        own_duties=(
            duty(
                "MAY",
                "try again with a longer interval",
                "RFC 4028 7.3",
                observe=NEXT_TRY,
                within=PROMPTLY,
            ),
            duty(
                "MUST",
                "put the largest Min-SE it has got into later INVITEs of the Call-ID and refreshes of the dialog",
                "RFC 4028 7.4",
                observe="Min-SE with our value",
            ),
            duty(
                "MUST",
                "ask for no less than Min-SE",
                "RFC 4028 7.1",
                observe="Session-Expires of Min-SE or more",
            ),
            duty(
                "SHOULD NOT",
                "go on trying while it gets the same error",
                "RFC 4028 10",
                observe="it stops after some 422 with the same Min-SE",
            ),
        ),
        notes="Min-SE stands in no other response, and never below 90 (RFC 4028 5).",
    ),
    Code(
        status=423,
        phrase="Interval Too Brief",
        reference="RFC 3261 21.4.17, 10.3; RFC 6665 4.2.1.1; RFC 3903 6",
        methods=("REGISTER", "SUBSCRIBE", "PUBLISH"),
        sender="registrar, notifier or event state compositor",
        condition="the interval asked for is above 0, below an hour (REGISTER, SUBSCRIBE) and below our minimum",
        mid_dialog="transaction",
        headers=(must("Min-Expires", intervals.min_expires, "RFC 3261 10.3, 20.23; RFC 6665 4.2.1.1; RFC 3903 6"),),
        own_duties=(
            duty(
                "MAY",
                "try again with every interval at Min-Expires or above",
                "RFC 3261 10.2.8; RFC 3903 5",
                observe=f"each expires parameter and Expires at Min-Expires or above; {NEXT_TRY}",
                within=PROMPTLY,
            ),
        ),
        notes="Taking a binding away (an interval of 0) never gets it.",
    ),
    Code(
        status=424,
        phrase="Bad Location Information",
        reference="RFC 6442 4.3, 4.4",
        methods=(
            "INVITE",
            "REGISTER",
            "OPTIONS",
            "BYE",
            "UPDATE",
            "INFO",
            "MESSAGE",
            "REFER",
            "SUBSCRIBE",
            "NOTIFY",
            "PUBLISH",
        ),
        sender="UAS or proxy",
        condition="the request has Geolocation",
        mid_dialog="transaction",
        mid_dialog_reference="RFC 6442 4.3",
        headers=(must("Geolocation-Error", derive.geolocation_error, "RFC 6442 4.3, 4.4"),),
        bodies=(
            BodyRule(
                "MAY",
                "application/pidf+xml with the location as we know it (SHOULD where an intermediary corrects one)",
                "RFC 6442 4.3",
            ),
        ),
        own_duties=(
            duty(
                "MAY",
                "try again with a better location, or the one we supplied",
                "RFC 6442 4.3",
                observe="another Geolocation or body",
                within=PROMPTLY,
            ),
            duty("MUST", "keep an existing dialog", "RFC 6442 4.3", observe=DIALOG_LIVES),
            duty(
                "SHOULD",
                "handle an error code that it does not know as its x00, and any that it cannot handle as 100 (a MUST)",
                "RFC 6442 4.4",
            ),
        ),
    ),
    Code(
        status=425,
        phrase="Bad Alert Message",
        reference="RFC 8876 5.1, 5.2",
        methods=("MESSAGE", "INVITE"),
        sender="UAS or proxy",
        condition="the request holds an alert, application/EmergencyCallData.cap+xml",
        mid_dialog="transaction",
        mid_dialog_reference="RFC 8876 5.1",
        headers=(must("AlertMsg-Error", derive.alertmsg_error, "RFC 8876 5.1, 5.2"),),
        own_duties=(
            duty("MUST", "keep an existing dialog", "RFC 8876 5.1", observe=DIALOG_LIVES),
            duty(
                "MAY",
                "send the alert again when it is mended (no RFC says so in words)",
                "RFC 8876 5.1",
                within=PROMPTLY,
            ),
        ),
        notes="Geolocation-Error has its text in `code`, AlertMsg-Error in `message`.",
    ),
    Code(
        status=428,
        phrase="Use Identity Header",
        reference="RFC 8224 6.2, 6.2.2",
        sender=_VERIFIER,
        condition="our policy wants an Identity and none is there that we can use",
        mid_dialog="transaction",
        headers=(may("Date", derive.date, "RFC 3261 20.17"),),
        own_duties=(
            duty(
                "MAY",
                "try again by way of an authentication service",
                "RFC 8224 6.1.1, 6.2.2",
                observe="Identity and Date",
                within=PROMPTLY,
            ),
            _MID_DIALOG_IDENTITY,
        ),
        notes="The phrase may be `Use Supported PASSporT Format` where the kinds of PASSporT are the trouble.",
    ),
    Code(
        status=429,
        phrase="Provide Referrer Identity",
        reference="RFC 3892 5",
        sender="referee (to REFER) or refer target (to the request that a REFER led to)",
        condition="a Referred-By token is missing, stale or invalid",
        mid_dialog="transaction",
        own_duties=(
            duty(
                "MAY",
                "refer again with a Referred-By token",
                "RFC 3892 2.1",
                observe="REFER with cid in Referred-By and a signed message/sipfrag",
                within=PROMPTLY,
            ),
            duty(
                "MUST",
                "report it in a NOTIFY, if the request was one that a REFER led to",
                "RFC 3892 5; RFC 3515 2.4.5",
                observe="NOTIFY body `SIP/2.0 429 ...`",
            ),
        ),
    ),
    Code(
        status=430,
        phrase="Flow Failed",
        reference="RFC 5626 11.5, 5.3",
        sender="edge proxy, to the authoritative proxy",
        mid_dialog="transaction",
        mid_dialog_reference=_UNKNOWN_EFFECT,
        own_duties=(
            duty(
                "SHOULD",
                "handle it as 400, if it is an endpoint",
                "RFC 5626 11.5",
                observe="ACK where it was an INVITE, no other try",
            ),
            duty(
                "SHOULD",
                "try another flow of the same instance, if it is a proxy",
                "RFC 5626 11.5",
                observe="a second branch",
            ),
        ),
        notes="An endpoint should never get it.",
    ),
    Code(
        status=433,
        phrase="Anonymity Disallowed",
        reference="RFC 5079 5, 3",
        sender="UAS or proxy",
        condition="From is of anonymous.invalid or shown as Anonymous, or Privacy holds id or user",
        mid_dialog="transaction",
        mid_dialog_reference="RFC 5079 4",
        own_duties=(
            duty(
                "MUST NOT",
                "try again with its identity shown, unless its user agreed",
                "RFC 5079 4",
                observe="no request with a real From or without Privacy",
                within=A_WHILE,
            ),
            duty("MAY", "try again with its identity, once its user agreed", "RFC 5079 4"),
            duty("SHOULD NOT", "end a dialog or a usage for it", "RFC 5079 4", observe=DIALOG_LIVES),
        ),
    ),
    Code(
        status=436,
        phrase="Bad Identity Info",
        reference="RFC 8224 6.2.2, 13.2",
        sender=_VERIFIER,
        condition="the credentials of no Identity of the request can be had",
        mid_dialog="transaction",
        headers=(_STIR_REASON,),
        own_duties=(
            duty(
                "MAY",
                "try again with an info URI that the verifier can fetch",
                "RFC 8224 6.2.2",
            ),
            _MID_DIALOG_IDENTITY,
        ),
        notes="Was `Bad Identity-Info` in RFC 4474.",
    ),
    Code(
        status=437,
        phrase="Unsupported Credential",
        reference="RFC 8224 6.2.2, 13.2",
        sender=_VERIFIER,
        condition="the credential of an Identity is known but not trusted or not understood",
        mid_dialog="transaction",
        headers=(_STIR_REASON,),
        own_duties=(
            duty(
                "MAY",
                "try again, signed with another credential (no RFC says so in words)",
                "RFC 8224 6.2.2",
            ),
            _MID_DIALOG_IDENTITY,
        ),
        notes="Was `Unsupported Certificate` in RFC 4474.",
    ),
    Code(
        status=438,
        phrase="Invalid Identity Header",
        reference="RFC 8224 6.2.2",
        sender=_VERIFIER,
        condition="no Identity of the request verifies",
        mid_dialog="transaction",
        headers=(_STIR_REASON,),
        own_duties=(
            duty(
                "SHOULD",
                "try again with the full form of PASSporT, if it sent the compact one",
                "RFC 8224 6.1.1",
                observe="Identity with header, payload and signature",
                within=PROMPTLY,
            ),
            duty("SHOULD NOT", "try again more than once", "RFC 8224 6.1.1", observe="one more try"),
            _MID_DIALOG_IDENTITY,
        ),
        notes="The phrase may be `Invalid PASSporT`. Such a retry is no loop for the verifier (RFC 8224 6.2.3).",
    ),
    Code(
        status=439,
        phrase="First Hop Lacks Outbound Support",
        reference="RFC 5626 11.6, 6",
        methods=("REGISTER",),
        sender="registrar",
        condition=(
            "a Contact has reg-id, Supported holds outbound, we are not the first hop and the first Path has no ob "
            "parameter"
        ),
        mid_dialog="transaction",
        mid_dialog_reference=_UNKNOWN_EFFECT,
        own_duties=(
            duty(
                "MAY",
                "register without outbound or by way of another proxy",
                "RFC 5626 4.2.1",
                observe="REGISTER without reg-id or without outbound in Supported",
                within=PROMPTLY,
            ),
        ),
    ),
    Code(
        status=440,
        phrase="Max-Breadth Exceeded",
        reference="RFC 5393 5.3.3, 6.2",
        sender="forking proxy",
        mid_dialog="transaction",
        mid_dialog_reference=_UNKNOWN_EFFECT,
        own_duties=(
            NO_REPEAT,
            duty("MAY", "try again with another request, as after 483", "RFC 3261 8.1.3.5"),
        ),
        notes="It tells that the request did not reach every place it could have.",
    ),
)
"""The rows, by status."""
