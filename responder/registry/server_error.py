"""Server errors, 5xx (RFC 3261 section 21.5, RFC 3312, RFC 8599)."""

from __future__ import annotations

from typing import Final

from responder.registry import bodies, derive, refusals
from responder.registry.code import Code
from responder.registry.rows import NO_REPEAT, PROMPTLY, RETRY_AFTER, duty, may, must
from responder.registry.rules import BodyRule

CODES: Final = (
    Code(
        status=500,
        phrase="Server Internal Error",
        reference="RFC 3261 21.5.1, 12.2.2, 14.2",
        mid_dialog="transaction",
        headers=(
            must(
                "Retry-After",
                derive.retry_after_overlap,
                "RFC 3261 14.2; RFC 3311 5.2",
                when="the INVITE or UPDATE came while an earlier one was open",
                methods=("INVITE", "UPDATE"),
            ),
            RETRY_AFTER,
        ),
        own_duties=(
            duty(
                "MAY",
                "try again after some seconds, or after Retry-After",
                "RFC 3261 21.5.1; RFC 5057 5.1",
                observe="nothing before Retry-After",
            ),
            duty("MUST", "handle every 5xx that it does not know like this one", "RFC 3261 8.1.3.2"),
        ),
        notes=(
            "Prescribed, without Retry-After, for a request in a dialog whose CSeq is below the last one (12.2.2). The "
            "grammar of RFC 3261 (25.1) and many lists call it `Internal Server Error`."
        ),
    ),
    Code(
        status=501,
        phrase="Not Implemented",
        reference="RFC 3261 21.5.2",
        condition="we do not know the method",
        mid_dialog="usage",
        headers=(may("Allow", refusals.allow_without_method, "RFC 3261 20.5"),),
        own_duties=(NO_REPEAT,),
        notes="Proxies pass methods on that they do not know.",
    ),
    Code(
        status=502,
        phrase="Bad Gateway",
        reference="RFC 3261 21.5.3",
        sender="gateway or proxy",
        mid_dialog="dialog",
        own_duties=(duty("MAY", "try another server", "RFC 3261 8.1.3.2"),),
        notes="Also the answer to a request for a security agreement that has more than one Via (RFC 3329 2.3.2).",
    ),
    Code(
        status=503,
        phrase="Service Unavailable",
        reference="RFC 3261 21.5.4; RFC 3263 4.3; RFC 7339 5.10.2",
        mid_dialog="transaction",
        headers=(RETRY_AFTER,),
        own_duties=(
            duty(
                "SHOULD",
                "try another server of the domain",
                "RFC 3261 21.5.4; RFC 3263 4.3",
                observe="the same request (CSeq, Call-ID, tags) with a new branch at the next address",
                within=PROMPTLY,
            ),
            duty(
                "SHOULD NOT",
                "send anything to this server as long as Retry-After says",
                "RFC 3261 21.5.4",
                observe="silence: no REGISTER or OPTIONS either",
                within="Retry-After",
            ),
            duty(
                "MUST",
                "handle it as 500 where there is no Retry-After",
                "RFC 3261 21.5.4",
                observe="it does not keep away from the server",
            ),
            duty(
                "SHOULD",
                "wait for Retry-After before it registers again by outbound; 0 is at once",
                "RFC 5626 4.2.1",
                methods=("REGISTER",),
            ),
            duty("SHOULD NOT", "pass it on, if it is a proxy: 500 goes in its place", "RFC 3261 16.7"),
        ),
        notes=(
            "A request whose Via has `oc` may be answered with oc, oc-algo, oc-validity and oc-seq in that Via (RFC "
            "7339 4). The ACK goes to this server, wherever the next try goes."
        ),
    ),
    Code(
        status=504,
        phrase="Server Time-out",
        reference="RFC 3261 21.5.5",
        sender="gateway, proxy or UAS",
        mid_dialog="transaction",
        own_duties=(duty("MAY", "try again, as after 500", "RFC 3261 8.1.3.2"),),
        notes=(
            "SHOULD answer an UPDATE that a user would have to agree to (RFC 3311 5.2); fits a PUBLISH whose store "
            "is out of reach (RFC 3903 6)."
        ),
    ),
    Code(
        status=505,
        phrase="Version Not Supported",
        reference="RFC 3261 21.5.6",
        mid_dialog="transaction",
        own_duties=(NO_REPEAT,),
        notes="The response itself is of SIP/2.0. The grammar of RFC 3261 (25.1) calls it `SIP Version not supported`.",
    ),
    Code(
        status=513,
        phrase="Message Too Large",
        reference="RFC 3261 21.5.7",
        mid_dialog="transaction",
        own_duties=(duty("MAY", "try a smaller message (no RFC says so in words)", "RFC 3261 21.5.7"),),
        notes="The whole message is too large; 413 is for the body, 414 for the Request-URI.",
    ),
    Code(
        status=555,
        phrase="Push Notification Service Not Supported",
        reference="RFC 8599 8.1, 5.6.1.1",
        methods=("REGISTER",),
        sender="proxy or registrar",
        condition="the Contact URI has pn-provider",
        mid_dialog="transaction",
        mid_dialog_reference="RFC 5057 5.1, as any code it does not list",
        own_duties=(
            duty(
                "MUST NOT",
                "count on push notifications",
                "RFC 8599 4.1.1",
                observe="what it does then is its own affair; often REGISTER without pn- parameters",
                within=PROMPTLY,
            ),
            duty(
                "MAY",
                "ask which services there are",
                "RFC 8599 4.1.5",
                observe="REGISTER with a pn-provider without value",
            ),
        ),
    ),
    Code(
        status=580,
        phrase="Precondition Failure",
        reference="RFC 3312 8",
        methods=("INVITE", "UPDATE"),
        condition="the offer has preconditions that we cannot or will not meet",
        mid_dialog="transaction",
        bodies=(
            BodyRule(
                "SHOULD",
                "SDP with every m= line of the request's, port 0, and a=des:... failure for what was not met",
                "RFC 3312 8",
                when="the request has SDP",
                compute=bodies.failed_precondition,
            ),
        ),
        own_duties=(
            duty(
                "MUST",
                "keep the session as it was where it was a re-INVITE or UPDATE; a first INVITE has failed",
                "RFC 3261 14.1; RFC 5057 5.1",
            ),
            duty(
                "MUST NOT",
                "treat the SDP as an answer",
                "RFC 3312 8",
                observe="no RTP",
            ),
            duty("MAY", "try again without preconditions (no RFC says so in words)", "RFC 3312 8", within=PROMPTLY),
        ),
        notes="A 5xx although it is about the offer. It takes precondition and 100rel in Supported or Require.",
    ),
)
"""The rows, by status."""
