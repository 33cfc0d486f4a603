"""How each rule for clients is exercised: the smallest case of a sweep that brings its duty to light.

A coverage report says it of the rules that a run has left out. `tests/sweep/test_exercises.py` plays each case with a
client that behaves, and sees that its rules are exercised.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from responder.observe.rules.catalogue import rules


@dataclass(frozen=True)
class Exercise:
    """A case, as options of `responder sweep`."""

    code: str
    method: str = "INVITE"
    variant: str = "plain"
    transport: str = "UDP"
    client: str = ""
    """What the client has to do of its own accord, after "a client that"; empty where any client will do."""

    @property
    def options(self) -> str:
        """The options: `--codes 481 --methods re-INVITE`."""
        found = [f"--codes {self.code}"]
        found += [f"--methods {self.method}"] if self.method != "INVITE" else []
        found += [f"--variants {self.variant}"] if self.variant != "plain" else []
        found += [f"--transport {self.transport.lower()}"] if self.transport != "UDP" else []
        return " ".join(found)


_OF_AREA: Final = {"form": Exercise("200"), "grammar": Exercise("200")}
"""Areas whose rules any call exercises, unless it is said otherwise below."""

_RULES: Final[tuple[tuple[Exercise, str], ...]] = (
    (
        Exercise("100"),
        "invite-is-sent-again-by-udp invite-is-not-sent-again-before-t1 invite-is-given-up-after-64-t1 "
        "invite-copy-is-the-same-message no-prack-for-100",
    ),
    (
        Exercise("180"),
        "rack-is-well-formed other-request-is-sent-again-by-udp "
        "other-request-is-not-sent-again-after-its-final-response other-request-copy-is-the-same-message "
        "no-ack-without-a-final-response in-dialog-keeps-the-call-id reliable-1xx-gets-a-prack "
        "prack-names-a-reliable-response no-prack-out-of-order one-prack-for-a-response",
    ),
    (
        Exercise("200"),
        "invite-is-not-sent-again-after-1xx invite-is-not-sent-again-after-its-final-response "
        "success-is-acknowledged every-copy-of-a-2xx-is-acknowledged ack-2xx-is-a-new-transaction "
        "ack-2xx-goes-to-the-contact ack-2xx-has-the-route-set ack-2xx-is-in-the-dialog ack-2xx-keeps-from-and-to "
        "ack-2xx-has-the-number-of-its-invite ack-for-a-copy-of-a-2xx-is-the-same-message "
        "ack-2xx-requires-nothing-new ack-has-no-offer response-copies-via response-copies-from "
        "response-copies-call-id response-copies-cseq options-tell-what-it-can response-has-to-with-a-tag "
        "accepted-invite-has-a-contact no-other-1xx-than-100-for-other-methods no-response-to-ack "
        "no-408-for-other-methods bye-gets-200 requests-to-it-are-answered our-bye-ends-the-session "
        "session-description-is-valid our-offer-is-answered-in-the-2xx answer-has-the-streams-of-the-offer "
        "answer-keeps-the-profile answer-has-an-origin-of-its-own answer-keeps-the-times "
        "answer-fits-the-direction answer-has-a-format-of-the-offer answer-keeps-the-payload-numbers "
        "dynamic-payload-types-are-mapped offered-dynamic-payload-types-are-mapped session-timer-is-supported",
    ),
    (
        Exercise("200", transport="TCP"),
        "request-on-a-stream-has-content-length success-is-acknowledged-once",
    ),
    (
        Exercise("301"),
        "redirected-request-keeps-its-fields next-contact-is-tried-after-a-failure "
        "contacts-are-tried-by-preference redirected-request-has-a-higher-cseq",
    ),
    (
        Exercise("302"),
        "redirection-is-followed redirected-request-goes-to-a-contact redirected-request-has-the-whole-uri "
        "no-address-is-tried-twice redirected-request-keeps-to-and-from redirected-request-has-a-new-branch "
        "redirected-request-keeps-its-body redirected-request-has-the-headers-of-its-uri",
    ),
    (
        Exercise("305"),
        "proxy-of-305-is-used",
    ),
    (
        Exercise("401"),
        "credentials-have-rows-of-their-own ack-non-2xx-copies-the-credentials retry-keeps-the-call-id "
        "retry-keeps-from retry-keeps-to retry-has-no-to-tag retry-is-a-new-transaction retry-cseq-is-one-higher "
        "credentials-are-not-basic digest-credentials-are-complete digest-parameters-are-quoted-rightly "
        "credentials-go-where-they-were-asked-for credentials-repeat-realm-and-algorithm opaque-is-returned "
        "challenge-with-qop-is-answered-with-qop cnonce-and-nc-come-with-qop nonce-count-has-eight-digits "
        "nonce-count-begins-at-one digest-uri-is-the-request-uri digest-response-has-its-length "
        "challenged-request-comes-with-a-higher-cseq latest-challenge-is-answered "
        "stale-nonce-is-no-wrong-password",
    ),
    (
        Exercise("403"),
        "forbidden-request-is-not-repeated",
    ),
    (
        Exercise("407"),
        "ack-2xx-has-the-credentials topmost-challenge-is-answered first-challenge-is-preferred",
    ),
    (
        Exercise("408"),
        "invite-copies-back-off",
    ),
    (
        Exercise("408", transport="TCP"),
        "invite-is-not-sent-again-on-a-stream refusal-is-acknowledged-once",
    ),
    (
        Exercise("413"),
        "ack-carries-the-answer mended-request-keeps-the-call-id too-large-a-body-is-made-smaller "
        "refused-body-is-sent-in-another-form",
    ),
    (
        Exercise("421"),
        "retry-supports-the-extension",
    ),
    (
        Exercise("422"),
        "min-se-is-well-formed min-se-is-carried-after-422 session-interval-is-not-below-min-se min-se-is-90-or-more",
    ),
    (
        Exercise("484"),
        "refused-request-is-not-repeated",
    ),
    (
        Exercise("485"),
        "ambiguous-address-is-left-to-the-user",
    ),
    (
        Exercise("486"),
        "refusal-is-acknowledged every-copy-of-a-refusal-is-acknowledged ack-non-2xx-reuses-branch "
        "ack-non-2xx-keeps-the-request-uri ack-non-2xx-keeps-from ack-non-2xx-has-the-to-of-the-response "
        "ack-non-2xx-has-the-number-of-its-invite ack-non-2xx-keeps-the-call-id "
        "ack-non-2xx-goes-the-way-of-its-invite ack-non-2xx-requires-nothing ack-non-2xx-has-no-body "
        "retry-after-is-waited-for no-bye-in-an-early-dialog-that-ended no-request-in-an-early-dialog-that-ended",
    ),
    (
        Exercise("499"),
        "unknown-final-is-taken-for-its-class",
    ),
    (
        Exercise("500"),
        "server-error-is-not-retried-at-once",
    ),
    (
        Exercise("503"),
        "server-is-left-alone-until-retry-after",
    ),
    (
        Exercise("604"),
        "global-failure-ends-the-attempts declined-call-is-not-redialled-at-once",
    ),
    (
        Exercise("200", method="BYE"),
        "in-dialog-tags-are-those-of-the-dialog in-dialog-from-and-to-keep-their-uris in-dialog-cseq-rises-by-one "
        "in-dialog-request-uri-is-the-remote-target in-dialog-route-is-the-route-set bye-is-in-a-dialog "
        "nothing-follows-a-bye",
    ),
    (
        Exercise("200", method="CANCEL"),
        "cancel-keeps-the-request-uri cancel-keeps-to cancel-keeps-from cancel-keeps-the-call-id "
        "cancel-keeps-the-number cancel-keeps-the-branch cancel-has-one-via cancel-requires-nothing "
        "cancel-goes-the-way-of-its-request cancel-is-for-invite cancel-waits-for-a-response "
        "cancel-is-not-sent-after-a-final-response cancelled-call-is-hung-up",
    ),
    (
        Exercise("200", method="INFO"),
        "info-is-in-a-dialog info-has-no-recv-info",
    ),
    (
        Exercise("469", method="INFO"),
        "bad-info-package-keeps-the-call",
    ),
    (
        Exercise("404", method="MESSAGE"),
        "message-has-no-contact message-is-small one-message-at-a-time no-ack-for-other-methods",
    ),
    (
        Exercise("408", method="MESSAGE"),
        "other-copies-back-off other-request-is-not-sent-again-before-t1 other-request-is-given-up-after-64-t1",
    ),
    (
        Exercise("408", method="MESSAGE", transport="TCP"),
        "other-request-is-not-sent-again-on-a-stream",
    ),
    (
        Exercise("415", method="MESSAGE"),
        "retry-has-an-accepted-type",
    ),
    (
        Exercise("438", method="MESSAGE"),
        "invalid-identity-is-retried-once",
    ),
    (
        Exercise("200", method="NOTIFY"),
        "event-is-well-formed subscription-state-is-well-formed notify-has-a-subscription-state",
    ),
    (
        Exercise("404", method="NOTIFY"),
        "refused-notify-ends-the-subscription",
    ),
    (
        Exercise("200", method="OPTIONS"),
        "options-has-accept",
    ),
    (
        Exercise("200", method="PUBLISH"),
        "expires-is-well-formed sip-if-match-is-well-formed brief-publish-is-retried-longer publish-has-one-event "
        "publish-without-entity-tag-has-a-body publication-is-kept-up-by-its-entity-tag one-publish-at-a-time "
        "publish-has-the-last-entity-tag",
    ),
    (
        Exercise("412", method="PUBLISH"),
        "failed-entity-tag-is-discarded publication-begins-anew",
    ),
    (
        Exercise("200", method="REFER"),
        "refer-to-is-well-formed terminated-subscription-is-not-refreshed refer-has-one-refer-to",
    ),
    (
        Exercise("200", method="REGISTER"),
        "register-names-the-domain registered-address-is-a-sip-uri register-has-no-to-tag "
        "register-cseq-is-one-higher one-registration-at-a-time action-parameter-is-not-used "
        "registrations-share-a-call-id registration-is-refreshed-in-time",
    ),
    (
        Exercise("401", method="REGISTER"),
        "accepted-credentials-are-used-again next-nonce-is-used",
    ),
    (
        Exercise("407", method="REGISTER"),
        "nonce-count-rises",
    ),
    (
        Exercise("423", method="REGISTER"),
        "brief-register-is-retried-longer",
    ),
    (
        Exercise("200", method="SUBSCRIBE"),
        "accept-is-well-formed subscribe-has-one-event subscribe-has-expires notify-in-a-subscription-is-accepted",
    ),
    (
        Exercise("423", method="SUBSCRIBE"),
        "brief-subscribe-is-retried-longer",
    ),
    (
        Exercise("481", method="SUBSCRIBE"),
        "subscription-is-refreshed-in-its-dialog refresh-keeps-the-event refused-refresh-ends-the-subscription",
    ),
    (
        Exercise("200", method="UPDATE"),
        "update-is-in-a-dialog",
    ),
    (
        Exercise("401", method="UPDATE"),
        "unchanged-refresh-keeps-the-version",
    ),
    (
        Exercise("491", method="UPDATE"),
        "no-offer-while-one-is-open",
    ),
    (
        Exercise("200", method="re-INVITE"),
        "invite-in-a-session-has-its-to-tag target-refresh-has-a-contact no-invite-while-another-is-open "
        "offer-version-rises-by-one new-offer-keeps-every-stream "
        "hold-is-told-by-direction "
        "payload-type-keeps-its-codec",
    ),
    (
        Exercise("481", method="re-INVITE"),
        "gone-dialog-is-terminated",
    ),
    (
        Exercise("488", method="re-INVITE"),
        "ack-non-2xx-keeps-the-route",
    ),
    (
        Exercise("491", method="re-INVITE"),
        "invite-during-its-own-gets-491 waits-after-491",
    ),
    (
        Exercise("200", variant="duplicate"),
        "responses-to-a-request-have-one-to-tag",
    ),
    (
        Exercise("200", variant="forked"),
        "every-forked-2xx-is-acknowledged",
    ),
    (
        Exercise("200", variant="late-offer"),
        "our-invite-without-offer-gets-one",
    ),
    (
        Exercise("200", variant="requests"),
        "our-offer-in-an-update-is-answered-in-the-2xx notify-of-no-subscription-is-refused",
    ),
    (
        Exercise("200", variant="second-via"),
        "response-with-two-vias-is-discarded",
    ),
    (
        Exercise("200", variant="session-timer"),
        "refresher-refreshes-before-the-expiration refresher-refreshes-at-half-the-interval "
        "refresh-has-session-expires accepted-session-timer-names-the-refresher "
        "accepted-session-timer-is-required accepted-session-interval-is-not-longer",
    ),
    (
        Exercise("200", variant="stray"),
        "stray-response-is-discarded",
    ),
    (
        Exercise("401", variant="stubborn"),
        "rejected-credentials-are-not-sent-again",
    ),
    (
        Exercise("200", variant="transfer-again"),
        "report-of-a-second-refer-has-its-id",
    ),
    (
        Exercise("200", variant="transfer"),
        "accepted-refer-is-reported refer-report-is-a-sipfrag final-refer-report-terminates",
    ),
    (
        Exercise("401", variant="two-realms"),
        "every-realm-is-answered",
    ),
    (
        Exercise("200", variant="unheard-of"),
        "its-420-has-unsupported unknown-extension-gets-420 unknown-method-gets-405",
    ),
    (
        Exercise("401", variant="unknown-algorithm"),
        "unknown-algorithm-is-passed-over",
    ),
    (
        Exercise("100", method="MESSAGE", variant="unanswered"),
        "other-copies-slow-down-after-1xx",
    ),
    (
        Exercise("180", client="requires 100rel"),
        "100rel-is-required-of-invite-only",
    ),
    (
        Exercise("183", client="calls without an offer"),
        "offer-in-a-reliable-1xx-is-answered-in-its-prack",
    ),
    (
        Exercise("199", client="supports 199"),
        "no-request-after-199",
    ),
    (
        Exercise("200", client="has that field in its INVITE"),
        "content-disposition-is-well-formed content-encoding-is-well-formed content-language-is-well-formed "
        "record-route-is-well-formed accept-encoding-is-well-formed accept-language-is-well-formed "
        "alert-info-is-well-formed call-info-is-well-formed in-reply-to-is-well-formed "
        "mime-version-is-well-formed priority-is-well-formed reply-to-is-well-formed timestamp-is-well-formed "
        "user-agent-is-well-formed allow-events-is-well-formed referred-by-is-well-formed replaces-is-well-formed "
        "join-is-well-formed reason-is-well-formed path-is-well-formed p-asserted-identity-is-well-formed "
        "p-preferred-identity-is-well-formed replaces-names-one-dialog",
    ),
    (
        Exercise("200", client="names a refresher"),
        "refresher-is-uac-or-uas",
    ),
    (
        Exercise("200", client="offers a stream that is refused, such as text"),
        "stream-of-port-zero-stays-refused",
    ),
    (
        Exercise("200", client="sends Date"),
        "date-is-in-gmt",
    ),
    (
        Exercise("200", client="takes more than 3.5 s to answer OPTIONS"),
        "no-early-100-for-other-methods",
    ),
    (
        Exercise("200", method="REGISTER", client="writes its Contact without < and >"),
        "uri-with-parameters-is-in-angle-brackets",
    ),
    (
        Exercise("301", client="calls twice"),
        "permanent-address-is-kept",
    ),
    (
        Exercise("302", client="calls twice"),
        "temporary-address-is-not-kept",
    ),
    (
        Exercise("404", client="exits by itself"),
        "refused-call-is-not-redialled-at-once",
    ),
    (
        Exercise("401", method="re-INVITE", client="hangs up by itself"),
        "known-realm-is-answered",
    ),
    (
        Exercise("407", client="hangs up by itself"),
        "proxy-credentials-stay-in-the-call",
    ),
    (
        Exercise("416", client="dials a tel URI"),
        "refused-scheme-is-tried-as-sip retry-has-a-sip-uri",
    ),
    (
        Exercise("420", client="requires an extension"),
        "bad-extension-is-retried-without",
    ),
    (
        Exercise("433", client="hides who calls"),
        "privacy-is-well-formed anonymity-is-not-given-up-unasked",
    ),
    (
        Exercise("494", client="knows sec-agree"),
        "required-extensions-are-standards require-is-well-formed proxy-require-is-well-formed "
        "security-agreement-is-verified",
    ),
    (
        Exercise("502", client="tries ten times"),
        "server-failure-is-not-repeated-at-once",
    ),
    (
        Exercise("200", method="CANCEL", client="has an outbound proxy, and so a Route"),
        "cancel-keeps-the-route",
    ),
    (
        Exercise("200", method="INFO", client="uses Info Packages"),
        "recv-info-is-well-formed info-package-is-well-formed info-package-is-one-that-we-take",
    ),
    (
        Exercise("200", method="PUBLISH", client="takes its publication back"),
        "publish-that-removes-has-no-body",
    ),
    (
        Exercise("200", method="REGISTER", client="registers with reg-id"),
        "reg-id-comes-with-an-instance outbound-registration-supports-outbound-and-path",
    ),
    (
        Exercise("200", method="re-INVITE", client="leaves Session-Expires out of it"),
        "refresh-supports-the-session-timer",
    ),
    (
        Exercise("200", method="REGISTER", client="removes all its contacts"),
        "star-comes-with-expires-zero",
    ),
    (
        Exercise("200", method="SUBSCRIBE", client="unsubscribes"),
        "subscription-is-ended-in-its-dialog",
    ),
    (
        Exercise("200", variant="forked", client="hangs up by itself"),
        "unwanted-dialog-is-ended-by-bye",
    ),
    (
        Exercise("200", variant="requests", client="answers MESSAGE with 405"),
        "its-405-has-allow",
    ),
    (
        Exercise("200", variant="requests", client="answers MESSAGE with 415"),
        "its-415-says-what-it-takes",
    ),
    (
        Exercise("401", variant="stubborn", client="tries ten times"),
        "challenges-are-not-answered-for-ever",
    ),
    (
        Exercise("422", variant="stubborn", client="tries a third time"),
        "small-session-interval-is-not-retried-for-ever",
    ),
    (
        Exercise("408", variant="unanswered"),
        "invite-is-not-given-up-before-64-t1",
    ),
    (
        Exercise("408", variant="unanswered", client="runs on this machine"),
        "invite-goes-on-until-64-t1",
    ),
    (
        Exercise("408", method="MESSAGE", variant="unanswered"),
        "other-request-is-not-given-up-before-64-t1",
    ),
    (
        Exercise("408", method="MESSAGE", variant="unanswered", client="runs on this machine"),
        "other-copies-come-every-t2 other-request-goes-on-until-64-t1",
    ),
    (
        Exercise("408", method="REGISTER", variant="unanswered", client="tries again after its timeout"),
        "timed-out-registration-is-not-retried-at-once",
    ),
)
"""Cases with the rules that they exercise."""

_CALLED: Final = "it takes a call to the client: the flow call-to-client of `responder serve`"
_ENDED: Final = "it takes a subscription that the server ends for a reason: a scenario with `notify`"
_PASSWORD: Final = "it takes a flow that knows the password: a scenario with `challenge`"

OUT_OF_REACH: Final[Mapping[str, str]] = MappingProxyType(
    {
        "sips-request-has-a-sips-contact": "it takes TLS, which `responder serve` has",
        "sips-is-not-given-up-unasked": "it takes TLS, which `responder serve` has",
        "callee-hangs-up-after-the-ack": _CALLED,
        "accepted-invite-copies-record-route": _CALLED,
        "cancelled-invite-gets-487": _CALLED,
        "called-client-keeps-the-tags": _CALLED,
        "called-client-keeps-from-and-to": _CALLED,
        "called-client-numbers-its-requests": _CALLED,
        "called-client-sends-to-our-contact": _CALLED,
        "called-client-keeps-the-route-set": _CALLED,
        "hashed-username-is-a-hash": "it takes a scenario with `challenge` and `userhash: true`",
        "digest-response-is-made-of-the-right-parts": _PASSWORD,
        "digest-response-is-that-of-the-user": _PASSWORD,
        "rejected-subscription-is-not-begun-again": _ENDED,
        "retry-after-of-a-subscription-is-waited-for": _ENDED,
        "deactivated-subscription-is-begun-again": _ENDED,
        "bye-of-no-dialog-gets-481": "it takes a BYE of a dialog that the client has not, which no step sends",
        "second-update-gets-500": "it takes a client that is asked twice before it has answered once",
        "second-invite-gets-500": "it takes a client that is asked twice before it has answered once",
        "request-out-of-order-gets-500": "it takes a request with an old CSeq number, which no step sends",
        "missing-refresh-ends-the-session": "it takes a session that is ours to refresh and runs out, after 90 s",
    }
)
"""Why no case exercises the other rules."""

EXERCISES: Final[Mapping[str, Exercise]] = MappingProxyType(
    {rule.id: _OF_AREA[rule.area] for rule in rules() if rule.area in _OF_AREA and rule.id not in OUT_OF_REACH}
    | {rule: exercise for exercise, ids in _RULES for rule in ids.split()}
)
"""The case for each rule, by its id."""


def how_to_exercise(rule: str) -> str:
    """What to try for a rule that a run has not exercised; empty for an id that is none."""
    exercise = EXERCISES.get(rule)
    if exercise is None:
        return OUT_OF_REACH.get(rule, "")
    return exercise.options + (f", with a client that {exercise.client}" if exercise.client else "")
