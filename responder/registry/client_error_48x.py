"""Client errors from 469 to 494 (RFC 3261 sections 21.4.18 to 21.4.28, RFC 3329, RFC 5360, RFC 6086, RFC 6665)."""

from __future__ import annotations

from typing import Final

from responder.registry import bodies, challenges, derive, locations, refusals
from responder.registry.code import Code
from responder.registry.rows import (
    A_WHILE,
    NO_REPEAT,
    PROMPTLY,
    RETRY_AFTER,
    duty,
    may,
    must,
    never,
    should,
)
from responder.registry.rules import BodyRule

_SESSION: Final = ("INVITE", "UPDATE")
_UNKNOWN_EFFECT: Final = "RFC 5057 5.1, as any code it does not list"

CODES: Final = (
    Code(
        status=469,
        phrase="Bad Info Package",
        reference="RFC 6086 4.2.2, 11.6",
        methods=("INFO",),
        condition="Info-Package names a package that our Recv-Info does not list",
        mid_dialog="transaction",
        mid_dialog_reference="RFC 6086 4.2.1, 4.2.2",
        headers=(must("Recv-Info", derive.recv_info, "RFC 6086 4.2.2, 7.1"),),
        forbidden=(never("Contact", "RFC 6086 6.1"),),
        own_duties=(
            duty("MUST NOT", "end the call for it", "RFC 6086 4.2.1", observe="no BYE"),
            duty(
                "MUST NOT",
                "send more INFO of that package",
                "RFC 6086 4.2.1, 5.2.2",
                observe="no INFO with that Info-Package",
            ),
        ),
        notes="An empty Recv-Info is legal, and the list is not a new one: it only says what holds (RFC 6086 4.2.2).",
    ),
    Code(
        status=470,
        phrase="Consent Needed",
        reference="RFC 5360 5.9.2",
        sender="relay or URI-list server",
        condition="the request has a list of URIs with one that gave us no permission",
        mid_dialog="transaction",
        mid_dialog_reference=_UNKNOWN_EFFECT,
        headers=(should("Permission-Missing", locations.permission_missing, "RFC 5360 5.9.2, 5.9.3"),),
        own_duties=(
            duty(
                "MAY",
                "get the permission by other means and send the request again",
                "RFC 5360 5.9.2",
                observe="no other try at once",
            ),
        ),
    ),
    Code(
        status=480,
        phrase="Temporarily Unavailable",
        reference="RFC 3261 21.4.18",
        mid_dialog="usage",
        headers=(
            should(
                "Warning",
                derive.warning_about_scheme,
                "RFC 5630 5.1.2",
                when="the sip or sips scheme was the reason",
            ),
            RETRY_AFTER,
        ),
        own_duties=(
            duty(
                "MAY",
                "try again after Retry-After",
                "RFC 3261 21.4.18; RFC 5057 5.1",
                observe="nothing before that time",
            ),
            duty("MUST NOT", "go from sips to sip by itself on warning 380", "RFC 5630 5.1.1"),
        ),
        notes=(
            "The phrase SHOULD say why, and SHOULD be settable. The grammar of RFC 3261 (25.1) calls it `Temporarily "
            "not available`. Also what the callee's capabilities not meeting Reject-Contact leads to (RFC 3841 6)."
        ),
    ),
    Code(
        status=481,
        phrase="Call/Transaction Does Not Exist",
        reference="RFC 3261 21.4.19, 9.2, 12.2.2, 15.1.2",
        condition="it matches no dialog or transaction of ours",
        mid_dialog="usage",
        own_duties=(
            duty(
                "SHOULD",
                "end the dialog it sent the request in (a MUST after BYE)",
                "RFC 3261 12.2.1.2, 14.1, 15.1.1",
                observe="BYE, or silence where it ends the usage only as RFC 5057 has it; nothing else in that dialog",
                within=PROMPTLY,
            ),
            duty(
                "MUST",
                "let its INVITE go on where the CANCEL got it",
                "RFC 5057 5.1",
                observe="it acknowledges the final response of the INVITE",
                methods=("CANCEL",),
            ),
            duty(
                "MUST",
                "treat the subscription as ended where a refresh or NOTIFY got it",
                "RFC 6665 4.1.2.2",
                observe="SUBSCRIBE with a new Call-ID and From tag",
                methods=("SUBSCRIBE", "NOTIFY"),
            ),
        ),
        notes=(
            "Prescribed for a PRACK that matches no reliable provisional response (RFC 3262 3), for a NOTIFY without "
            "a subscription (RFC 6665 4.1.3) and for Replaces and Join without a match (RFC 3891 3, RFC 3911 4). RFC "
            "3261 calls it `Call Leg/Transaction Does Not Exist` in 9.2 and 25.1."
        ),
    ),
    Code(
        status=482,
        phrase="Loop Detected",
        reference="RFC 3261 21.4.20, 8.2.2.2, 16.3",
        condition="the same From tag, Call-ID and CSeq came by another way while the first is open",
        mid_dialog="dialog",
        own_duties=(
            duty(
                "SHOULD",
                "go by the other response where it had sent the request to several servers",
                "RFC 5057 5.1",
                observe="the call does not fail for it",
            ),
            NO_REPEAT,
        ),
    ),
    Code(
        status=483,
        phrase="Too Many Hops",
        reference="RFC 3261 21.4.21, 16.3",
        sender="proxy; to its last recipient a Max-Forwards of 0 does no harm",
        condition="Max-Forwards is 0",
        mid_dialog="dialog",
        own_duties=(
            duty(
                "MAY",
                "try again with a larger Max-Forwards (70 is recommended)",
                "RFC 5057 5.1; RFC 3261 20.22",
                observe="Max-Forwards is larger",
            ),
        ),
    ),
    Code(
        status=484,
        phrase="Address Incomplete",
        reference="RFC 3261 21.4.22; RFC 3578 3.2",
        condition="digits are missing",
        mid_dialog="dialog",
        own_duties=(
            duty(
                "MAY",
                "try again with more digits, as long as it gets 484",
                "RFC 3261 21.4.22; RFC 3578 3.2",
                observe="INVITE with a longer Request-URI and To, the same Call-ID and From tag, a higher CSeq",
                within="as the user dials",
            ),
            NO_REPEAT,
        ),
        notes="The phrase SHOULD tell more.",
    ),
    Code(
        status=485,
        phrase="Ambiguous",
        reference="RFC 3261 21.4.23",
        not_methods=("CANCEL", "INFO"),
        mid_dialog="dialog",
        headers=(may("Contact", locations.alternatives, "RFC 3261 21.4.23"),),
        own_duties=(
            duty(
                "MUST NOT",
                "follow the Contacts by itself: the user has to choose, other than with 300",
                "RFC 3261 21.4.23",
                observe="no new request by itself",
                within=A_WHILE,
            ),
        ),
        notes="It has to be possible to leave the list out, for privacy.",
    ),
    Code(
        status=486,
        phrase="Busy Here",
        reference="RFC 3261 21.4.24",
        methods=("INVITE", "OPTIONS"),
        mid_dialog="transaction",
        headers=(RETRY_AFTER,),
        own_duties=(
            NO_REPEAT,
            duty("MAY", "call again after Retry-After", "RFC 3261 21.4.24", observe="nothing before that time"),
        ),
        notes="Makes no sense within a dialog, where it counts as an unknown 4xx (RFC 5057 5.1).",
    ),
    Code(
        status=487,
        phrase="Request Terminated",
        reference="RFC 3261 21.4.25, 9.2, 15.1.2",
        methods=("INVITE",),
        condition="CANCEL, BYE or the end of its Expires hit the open request",
        mid_dialog="transaction",
        headers=(may("Reason", "Q.850;cause=16, or another cause of Q.850", "RFC 6432 3"),),
        own_duties=(
            duty(
                "MUST",
                "acknowledge it within the transaction of the INVITE",
                "RFC 3261 17.1.1.3",
                observe="ACK with the INVITE's branch and our To-tag",
                within="at once",
            ),
            duty(
                "SHOULD",
                "do without it: give the INVITE up 64*T1 after its CANCEL",
                "RFC 3261 9.1",
                observe="where we hold it back, nothing more after 32 s",
            ),
        ),
        notes="Never the answer to CANCEL itself. Its To-tag SHOULD be that of the CANCEL's 200.",
    ),
    Code(
        status=488,
        phrase="Not Acceptable Here",
        reference="RFC 3261 21.4.26, 13.3.1.3, 14.2",
        methods=("INVITE", "UPDATE", "OPTIONS"),
        mid_dialog="transaction",
        headers=(
            should("Warning", derive.warning, "RFC 3261 13.3.1.3, 14.2, 20.43; RFC 3311 5.2"),
            may("Policy-Contact", "<sip:...> of a policy server; a MUST for a proxy that has one", "RFC 6794 4.4.2"),
        ),
        bodies=(BodyRule("MAY", "SDP with the media we can take, as the request's Accept allows", "RFC 3261 21.4.26"),),
        own_duties=(
            duty(
                "MUST",
                "keep the session as it was where it was a re-INVITE or UPDATE",
                "RFC 3261 14.1; RFC 3311 5.3",
                observe="RTP as before, no BYE needed",
                methods=_SESSION,
            ),
            duty(
                "MAY",
                "try again with another offer",
                "RFC 3261 21.6.4",
                observe="CSeq plus one, other SDP",
                within=PROMPTLY,
            ),
        ),
    ),
    Code(
        status=489,
        phrase="Bad Event",
        reference="RFC 6665 8.3.2, 4.2.1.1; RFC 3903 6",
        methods=("SUBSCRIBE", "NOTIFY", "PUBLISH"),
        sender="notifier, subscriber or event state compositor",
        condition="Event names a package that we do not know (in PUBLISH: or is missing)",
        mid_dialog="usage",
        headers=(must("Allow-Events", refusals.allow_events_instead, "RFC 3265 7.2; RFC 3903 11.1.1; RFC 6665 8.2.2"),),
        own_duties=(
            duty(
                "MUST",
                "treat its subscription as not made, or as ended",
                "RFC 6665 4.1.2.2",
                observe="it waits for no NOTIFY and tries no more with that Event",
                methods=("SUBSCRIBE",),
            ),
            duty(
                "MUST",
                "take the subscription away where its NOTIFY got it",
                "RFC 6665 4.2.2",
                observe="no more NOTIFY",
                methods=("NOTIFY",),
            ),
        ),
        notes=(
            "The tables of RFC 3265 and RFC 3903 have Allow-Events as mandatory; RFC 6665 dropped its table and says "
            "MAY."
        ),
    ),
    Code(
        status=491,
        phrase="Request Pending",
        reference="RFC 3261 21.4.27, 14.2; RFC 3311 5.2",
        methods=_SESSION,
        condition="we have an INVITE or offer of our own open in the dialog",
        mid_dialog="transaction",
        own_duties=(
            duty(
                "SHOULD",
                "try once more after a random time in steps of 10 ms",
                "RFC 3261 14.1; RFC 3311 5.3",
                observe="the same request with CSeq plus one in the same dialog, after the ACK",
                within="2.1 to 4.0 s where the client made the Call-ID, 0 to 2.0 s where we did",
            ),
            duty("MUST", "keep the session as it was", "RFC 3261 14.1", observe="no BYE"),
        ),
        notes="Has no Retry-After: that is for the 500 to an overlapping request.",
    ),
    Code(
        status=493,
        phrase="Undecipherable",
        reference="RFC 3261 21.4.28, 23.2",
        condition="the body is encrypted to a key that we do not have",
        mid_dialog="transaction",
        bodies=(
            BodyRule(
                "SHOULD",
                (
                    "application/pkcs7-mime;smime-type=certs-only with our certificate; none says that we cannot do "
                    "it at all"
                ),
                "RFC 3261 23.2, 21.4.28",
                when="a certificate is configured",
                compute=bodies.certificate,
            ),
        ),
        own_duties=(
            duty(
                "MAY",
                "encrypt to the certificate it got, or send it open once its user agreed",
                "RFC 3261 23.2",
                observe="CSeq plus one, another body",
            ),
        ),
    ),
    Code(
        status=494,
        phrase="Security Agreement Required",
        reference="RFC 3329 2.3.1, 2.3.2",
        not_methods=("CANCEL", "PRACK"),
        sender="first-hop proxy or UAS",
        condition=(
            "the request has one Via and: sec-agree in Require or Proxy-Require but no protection; or a "
            "Security-Verify that is not our list; or sec-agree in Supported where our policy wants it"
        ),
        mid_dialog="transaction",
        headers=(
            must("Security-Server", derive.security_server, "RFC 3329 2.3.1, 2.3.2"),
            must(
                "Require",
                refusals.require_sec_agree,
                "RFC 3329 2.3.2",
                when="we asked for the agreement, not the client",
            ),
            must(
                "Proxy-Authenticate",
                challenges.proxy_authenticate_of_494,
                "RFC 3329 2.3.1, 2.3.2",
                when="Security-Server offers digest",
            ),
        ),
        own_duties=(
            duty(
                "MUST",
                "take up the mechanism it knows with the highest q",
                "RFC 3329 2.3.1",
                observe="a TLS connection, or Digest credentials",
            ),
            duty(
                "MUST",
                "repeat our list in Security-Verify of all later requests",
                "RFC 3329 2.3.1",
                observe="our Security-Server to the letter, in order; Require and Proxy-Require with sec-agree",
                within=PROMPTLY,
            ),
            duty(
                "MUST",
                "treat the agreement as failed where what it needs to begin is missing",
                "RFC 3329 2.3.1",
            ),
        ),
        notes=(
            "To a request with more than one Via the answer is 502 (RFC 3329 2.3.2); without any sec-agree it is 421."
        ),
    ),
)
"""The rows, by status."""
