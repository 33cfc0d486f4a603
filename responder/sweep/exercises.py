"""How each rule for clients is exercised: the smallest case of a sweep that brings its duty to light.

A coverage report says it of the rules that a run has left out. `tests/sweep/test_exercises.py` plays each case with a
client that behaves, and sees that its rules are exercised.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final


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


_RULES: Final[tuple[tuple[Exercise, str], ...]] = (
    (
        Exercise("100"),
        "no-prack-for-100",
    ),
    (
        Exercise("180"),
        "no-ack-without-a-final-response reliable-1xx-gets-a-prack prack-names-a-reliable-response "
        "no-prack-out-of-order one-prack-for-a-response",
    ),
    (
        Exercise("200"),
        "request-has-the-mandatory-fields branch-begins-with-the-cookie "
        "branch-is-unique from-has-a-tag cseq-has-the-method cseq-is-below-2-31 max-forwards-is-70 "
        "request-for-a-dialog-has-one-contact content-length-is-right body-has-a-content-type "
        "invite-has-allow invite-has-supported via-names-the-transport invite-is-not-sent-again-after-1xx "
        "request-is-not-sent-again-after-its-final-response ack-has-the-number-of-its-invite "
        "success-is-acknowledged every-copy-of-a-2xx-is-acknowledged ack-2xx-is-a-new-transaction "
        "ack-2xx-goes-to-the-contact ack-2xx-has-the-route-set ack-2xx-is-in-the-dialog "
        "ack-2xx-requires-nothing-new response-copies-via response-copies-from response-has-to-with-a-tag "
        "accepted-invite-has-a-contact no-other-1xx-than-100-for-other-methods bye-gets-200 "
        "requests-to-it-are-answered our-bye-ends-the-session session-description-is-valid "
        "our-offer-is-answered-in-the-2xx answer-has-the-streams-of-the-offer answer-keeps-the-times "
        "answer-fits-the-direction answer-has-a-format-of-the-offer session-timer-is-supported",
    ),
    (
        Exercise("200", transport="TCP"),
        "request-on-a-stream-has-content-length",
    ),
    (
        Exercise("301"),
        "next-contact-is-tried-after-a-failure",
    ),
    (
        Exercise("302"),
        "redirection-is-followed redirected-request-goes-to-a-contact redirected-request-has-the-whole-uri "
        "no-address-is-tried-twice redirected-request-keeps-to-and-from redirected-request-has-a-new-branch "
        "redirected-request-keeps-its-body",
    ),
    (
        Exercise("305"),
        "proxy-of-305-is-used",
    ),
    (
        Exercise("401"),
        "ack-non-2xx-copies-the-credentials ack-2xx-has-the-credentials retry-keeps-the-call-id "
        "retry-keeps-from retry-keeps-to retry-has-no-to-tag retry-is-a-new-transaction "
        "retry-cseq-is-one-higher credentials-are-not-basic digest-credentials-are-complete "
        "digest-parameters-are-quoted-rightly credentials-go-where-they-were-asked-for "
        "credentials-repeat-realm-and-algorithm opaque-is-returned challenge-with-qop-is-answered-with-qop "
        "cnonce-and-nc-come-with-qop nonce-count-has-eight-digits nonce-count-begins-at-one "
        "digest-uri-is-the-request-uri digest-response-has-its-length "
        "challenged-request-comes-with-a-higher-cseq latest-challenge-is-answered "
        "stale-nonce-is-no-wrong-password",
    ),
    (
        Exercise("403"),
        "forbidden-request-is-not-repeated",
    ),
    (
        Exercise("407"),
        "topmost-challenge-is-answered",
    ),
    (
        Exercise("408"),
        "invite-copies-back-off unreliable-request-is-sent-again",
    ),
    (
        Exercise("408", transport="TCP"),
        "reliable-transport-needs-no-copies",
    ),
    (
        Exercise("413"),
        "ack-carries-the-answer too-large-a-body-is-made-smaller",
    ),
    (
        Exercise("421"),
        "retry-supports-the-extension",
    ),
    (
        Exercise("422"),
        "min-se-is-carried-after-422 session-interval-is-not-below-min-se min-se-is-90-or-more",
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
        "ack-non-2xx-goes-the-way-of-its-invite ack-non-2xx-requires-nothing ack-non-2xx-has-no-body "
        "retry-after-is-waited-for no-bye-in-an-early-dialog-that-ended "
        "no-request-in-an-early-dialog-that-ended",
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
        "in-dialog-tags-are-those-of-the-dialog in-dialog-from-and-to-keep-their-uris "
        "in-dialog-cseq-rises-by-one in-dialog-request-uri-is-the-remote-target "
        "in-dialog-route-is-the-route-set bye-is-in-a-dialog nothing-follows-a-bye",
    ),
    (
        Exercise("200", method="CANCEL"),
        "cancel-keeps-the-request-uri cancel-keeps-to cancel-keeps-from cancel-keeps-the-number "
        "cancel-keeps-the-branch cancel-has-one-via cancel-requires-nothing "
        "cancel-goes-the-way-of-its-request cancel-is-for-invite cancel-waits-for-a-response "
        "cancel-is-not-sent-after-a-final-response",
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
        "no-ack-for-other-methods",
    ),
    (
        Exercise("408", method="MESSAGE"),
        "other-copies-back-off",
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
        "notify-has-a-subscription-state",
    ),
    (
        Exercise("200", method="PUBLISH"),
        "publish-has-one-event publish-without-entity-tag-has-a-body publish-has-the-last-entity-tag",
    ),
    (
        Exercise("412", method="PUBLISH"),
        "failed-entity-tag-is-discarded",
    ),
    (
        Exercise("200", method="REFER"),
        "terminated-subscription-is-not-refreshed refer-has-one-refer-to",
    ),
    (
        Exercise("200", method="REGISTER"),
        "register-names-the-domain registered-address-is-a-sip-uri register-has-no-to-tag "
        "register-cseq-is-one-higher one-registration-at-a-time action-parameter-is-not-used "
        "registrations-share-a-call-id registration-is-refreshed-in-time",
    ),
    (
        Exercise("401", method="REGISTER"),
        "next-nonce-is-used",
    ),
    (
        Exercise("407", method="REGISTER"),
        "nonce-count-rises",
    ),
    (
        Exercise("423", method="REGISTER"),
        "brief-interval-is-retried-longer",
    ),
    (
        Exercise("200", method="SUBSCRIBE"),
        "subscribe-has-one-event subscribe-has-expires notify-in-a-subscription-is-accepted",
    ),
    (
        Exercise("481", method="SUBSCRIBE"),
        "refused-refresh-ends-the-subscription",
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
        "target-refresh-has-a-contact no-invite-while-another-is-open offer-version-rises-by-one "
        "new-offer-keeps-every-stream payload-type-keeps-its-codec",
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
        Exercise("200", variant="stray"),
        "stray-response-is-discarded",
    ),
    (
        Exercise("200", variant="second-via"),
        "response-with-two-vias-is-discarded",
    ),
    (
        Exercise("200", variant="forked"),
        "every-forked-2xx-is-acknowledged",
    ),
    (
        Exercise("200", variant="session-timer"),
        "refresher-refreshes-before-the-expiration refresher-refreshes-at-half-the-interval "
        "refresh-has-session-expires accepted-session-timer-names-the-refresher "
        "accepted-session-interval-is-not-longer",
    ),
    (
        Exercise("200", variant="transfer"),
        "accepted-refer-is-reported refer-report-is-a-sipfrag final-refer-report-terminates",
    ),
    (
        Exercise("200", variant="transfer-again"),
        "report-of-a-second-refer-has-its-id",
    ),
    (
        Exercise("401", variant="stubborn"),
        "rejected-credentials-are-not-sent-again",
    ),
    (
        Exercise("408", variant="unanswered"),
        "request-is-given-up-after-64-t1",
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
        Exercise("200", client="sends Date"),
        "date-is-in-gmt",
    ),
    (
        Exercise("200", client="takes more than 3.5 s to answer OPTIONS"),
        "no-early-100-for-other-methods",
    ),
    (
        Exercise("200", client="offers a stream that is refused, such as text"),
        "stream-of-port-zero-stays-refused",
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
        Exercise("401", client="hangs up by itself"),
        "known-realm-is-answered",
    ),
    (
        Exercise("407", client="hangs up by itself"),
        "proxy-credentials-stay-in-the-call",
    ),
    (
        Exercise("416", client="dials a tel URI"),
        "retry-has-a-sip-uri",
    ),
    (
        Exercise("420", client="requires an extension"),
        "bad-extension-is-retried-without",
    ),
    (
        Exercise("433", client="hides who calls"),
        "anonymity-is-not-given-up-unasked",
    ),
    (
        Exercise("494", client="knows sec-agree"),
        "security-agreement-is-verified",
    ),
    (
        Exercise("200", method="CANCEL", client="has an outbound proxy, and so a Route"),
        "cancel-keeps-the-route",
    ),
    (
        Exercise("200", method="INFO", client="uses Info Packages"),
        "info-package-is-one-that-we-take",
    ),
    (
        Exercise("200", method="REGISTER", client="removes all its contacts"),
        "star-comes-with-expires-zero",
    ),
    (
        Exercise("200", method="REGISTER", client="registers with reg-id"),
        "reg-id-comes-with-an-instance outbound-registration-supports-outbound-and-path",
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
        Exercise("408", method="REGISTER", variant="unanswered", client="tries again after its timeout"),
        "timed-out-registration-is-not-retried-at-once",
    ),
)

EXERCISES: Final[Mapping[str, Exercise]] = MappingProxyType(
    {rule: exercise for exercise, rules in _RULES for rule in rules.split()}
)
"""The case for each rule, by its id."""

OUT_OF_REACH: Final[Mapping[str, str]] = MappingProxyType(
    {
        "sips-request-has-a-sips-contact": "it takes TLS, which `responder serve` has",
        "callee-hangs-up-after-the-ack": "it takes a call to the client: the flow call-to-client of `responder serve`",
        "second-update-gets-500": "it takes a client that is asked twice before it has answered once",
    }
)
"""Why no case exercises the other rules."""


def how_to_exercise(rule: str) -> str:
    """What to try for a rule that a run has not exercised; empty for an id that is none."""
    exercise = EXERCISES.get(rule)
    if exercise is None:
        return OUT_OF_REACH.get(rule, "")
    return exercise.options + (f", with a client that {exercise.client}" if exercise.client else "")
