"""The table of the scenario language: every key, where it may stand, what it takes, what it is for, with an example.

The compiler checks files against it and takes its suggestions from it; `schema.json_schema` is made of it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from responder.scenario import value_types as t
from responder.scenario.value_types import Type

FILE: Final = "file"
RULE: Final = "rule"
STEP: Final = "step"


@dataclass(frozen=True, slots=True, eq=False)
class Key:
    """One key in one place."""

    where: str
    """`file`, `rule`, `match`, ..., `step`; for what may stand beside a step its name."""
    name: str
    type: Type
    description: str
    example: str
    """A value as YAML."""
    required: bool = False
    needs: str = ""
    """A key that must stand beside it."""


TABLE: Final[tuple[Key, ...]] = (
    # a file
    Key(FILE, "rules", t.RULES, "Many flows in one file; the first that matches serves the call.", "[{steps: [486]}]"),
    Key(FILE, "include", t.FILES, "Files whose `define`, `users` and flows this one can use.", "common.yaml"),
    Key(FILE, "define", t.BLOCKS, "Named lists of steps, for `use`.", "{ring: [100, 180, 2s]}"),
    Key(FILE, "users", t.USERS, "Who may authenticate, for `challenge` and `authenticated`.", "{alice: secret}"),
    Key(FILE, "codes", t.CODES, "What is special about a status code, registered or not.", "{299: {phrase: Fine}}"),
    Key(FILE, "timers", t.TIMERS, "SIP timer values of the whole run (RFC 3261 section 17).", "{t1: 100ms}"),
    Key(FILE, "registrar", t.REGISTRAR, "What the registrar of the run grants.", "{min_expires: 2m}"),
    Key(FILE, "seed", t.SEED, "What the draws of this file's flows start from.", "42"),
    # a rule; a file without `rules` is one
    Key(RULE, "name", t.NAME, "What the journal calls it, and what a user can dial.", "busy"),
    Key(RULE, "description", t.TEXT, "What it shows, for people.", "Rings, then busy."),
    Key(RULE, "match", t.MATCH, "Which calls it serves; without `method` INVITEs.", "{user: bob}"),
    Key(RULE, "times", t.NUMBER, "How many calls it serves before the next rule is tried.", "2"),
    Key(RULE, "per", t.PER, "Whose calls `times` counts together.", "caller", needs="times"),
    Key(RULE, "unchecked", t.UNCHECKED, "Checks of the UAS that are not made.", "[require, method]"),
    Key(RULE, "headers", t.HEADERS, "Headers of every response that the steps send.", "{Server: Acme}"),
    Key(RULE, "remove", t.NAMES, "Headers left out of every response that the steps send.", "[Server]"),
    Key(RULE, "steps", t.STEPS, "What happens, in order.", "[100, 180, 2s, 486]", required=True),
    Key(
        RULE,
        "meanwhile",
        t.MEANWHILE,
        "What requests in the call get that no step waits for; `any` for all others.",
        "{INFO: [415]}",
    ),
    Key(RULE, "cancel", t.CANCEL, "What CANCEL does instead of 487 and the outcome `cancelled`.", "ignore"),
    Key(RULE, "fault", t.RULE_FAULT, "What goes wrong with every message of its calls.", "{delay: 700ms}"),
    # match
    Key("match", "method", t.METHODS, "The method; `any` for all.", "[INVITE, MESSAGE]"),
    Key("match", "uri", t.TEST, "The Request-URI as written.", "{prefix: 'sips:'}"),
    Key("match", "user", t.TEST, "The user of the Request-URI; for REGISTER that of To.", "bob"),
    Key("match", "host", t.TEST, "The host of the Request-URI.", "example.com"),
    Key("match", "scheme", t.TEST, "The scheme of the Request-URI.", "tel"),
    Key("match", "from", t.ADDRESS, "The caller.", "alice"),
    Key("match", "to", t.ADDRESS, "Whom the caller wants.", "{display: Bob}"),
    Key("match", "header", t.TESTS, "Header values; one of several of a name is enough.", "{Event: presence}"),
    Key("match", "absent", t.NAMES, "Headers that must not be there.", "[Contact]"),
    Key("match", "supported", t.TAGS, "Option-tags that Supported must list.", "100rel"),
    Key("match", "required", t.TAGS, "Option-tags that Require must list.", "[timer]"),
    Key("match", "body", t.TEST, "The body.", "{contains: hello}"),
    Key("match", "content_type", t.TEST, "The media type, without parameters.", "application/sdp"),
    Key("match", "sdp", t.SDP_TEST, "The session description.", "{audio: true, direction: sendonly}"),
    Key("match", "source", t.NETWORKS, "Where the request came from.", "192.0.2.0/24"),
    Key("match", "transport", t.TRANSPORT, "What it came over.", "[tcp, tls]"),
    Key("match", "attempt", t.COUNT_TEST, "This caller's nth request of this method.", "{at_least: 3}"),
    Key("match", "authenticated", t.PRESENCE, "Whether its digest credentials are right, by `users`.", "true"),
    # the operators of a value
    Key("test", "regex", t.TEXT, "A regular expression that is found in it; its groups are ${match.NAME}.", "'^\\+49'"),
    Key("test", "glob", t.TEXT, "A pattern with * and ? for the whole of it.", "'bob*'"),
    Key("test", "prefix", t.TEXT, "What it begins with.", "'+49'"),
    Key("test", "contains", t.TEXT, "What is somewhere in it.", "hello"),
    Key("test", "at_least", t.TEXT, "The smallest number.", "3"),
    Key("test", "at_most", t.TEXT, "The largest number.", "10"),
    Key("test", "present", t.BOOLEAN, "Whether it is there at all.", "true"),
    Key("test", "not", t.TEST, "What it must not be.", "bob"),
    # From and To; the operators may stand here, too, and are about the user then
    Key("address", "uri", t.TEST, "The whole URI.", "'sip:bob@example.com'"),
    Key("address", "user", t.TEST, "The user part.", "bob"),
    Key("address", "host", t.TEST, "The host.", "example.com"),
    Key("address", "display", t.TEST, "The display name, without quotes.", "Bob"),
    # the session description
    Key("sdp", "audio", t.PRESENCE, "Whether it has an audio stream that is not refused.", "true"),
    Key("sdp", "video", t.PRESENCE, "Whether it has a video stream that is not refused.", "false"),
    Key("sdp", "direction", t.DIRECTION, "The direction of the first stream.", "sendonly"),
    Key("sdp", "codec", t.TEST, "The encoding names of all streams.", "opus"),
    # check: the keys of match, and these
    Key("check", "status", t.STATUSES, "The status of the response at hand.", "2xx"),
    Key(
        "check",
        "same",
        t.ITEMS,
        "What is as in the request before it; for an ACK that is its INVITE.",
        "[Call-ID, From.tag]",
    ),
    Key("check", "greater", t.ITEMS, "What is a larger number than in the request before it.", "CSeq.number"),
    Key(
        "check",
        "rule",
        t.RULE_NAMES,
        "What the client has kept in this call so far: a rule for clients.",
        "ack-non-2xx-reuses-branch",
    ),
    # steps
    Key(STEP, "respond", t.CODE, "A response to the request at hand; as short as `180`.", "486"),
    Key(STEP, "wait", t.WAIT, "Time passes; as short as `2s`.", "2s"),
    Key(
        STEP,
        "expect",
        t.METHODS,
        "The next request of this call; responses are to it then, but for ACK, CANCEL and PRACK.",
        "BYE",
    ),
    Key(STEP, "challenge", t.CHALLENGE, "A digest challenge; waits for the retry and verifies it.", "401"),
    Key(
        STEP, "send", t.METHOD, "A request of ours in the dialog or, with `to`, outside, and its final response.", "BYE"
    ),
    Key(STEP, "notify", t.STATE, "A NOTIFY of the subscription with this state, and its final response.", "active"),
    Key(STEP, "check", t.CHECK, "Assertions on the last message.", "{same: Call-ID}"),
    Key(STEP, "choose", t.CHOICES, "One of several branches, drawn from the seed.", "[{steps: [486]}, {steps: [200]}]"),
    Key(STEP, "repeat", t.REPEAT, "The same steps again.", "{times: 3, steps: [180, 1s]}"),
    Key(STEP, "fork", t.BLOCKS, "Branches of a forked call, each with a To-tag, side by side.", "{a: [180], b: [183]}"),
    Key(STEP, "unordered", t.UNORDERED, "Every one, in whatever order.", "[{expect: INFO}, {expect: OPTIONS}]"),
    Key(STEP, "use", t.NAME, "The steps of another flow, or of `define`.", "ring"),
    Key(STEP, "set", t.VARIABLES, "Variables of the call, for ${vars.NAME}.", "{who: me}"),
    Key(STEP, "log", t.TEXT, "A line in the journal.", "it rings"),
    Key(STEP, "fail", t.TEXT, "The call's verdict is `failed`.", "should not have come here"),
    Key(STEP, "hangup", t.NOTHING, "BYE, or a final response, as the state requires.", ""),
    Key(STEP, "end", t.NOTHING, "The end of the flow.", ""),
    # respond
    Key("respond", "reason", t.TEXT, "Another reason phrase.", "On a call"),
    Key(
        "respond", "headers", t.HEADERS, "Headers, in place of what would stand under their names.", "{Retry-After: 5}"
    ),
    Key("respond", "add", t.HEADERS, "Headers beside what stands under their names.", "{Warning: '399 x \"y\"'}"),
    Key("respond", "remove", t.NAMES, "Headers left out, even Via.", "[Contact]"),
    Key("respond", "body", t.TEXT, "The body.", "Sorry"),
    Key("respond", "content_type", t.TEXT, "Its media type.", "text/plain", needs="body"),
    Key("respond", "sdp", t.SDP, "Whether there is a session description, or which.", "false"),
    Key("respond", "contact", t.SWITCH, "Another Contact, or none.", "'<sip:bob@192.0.2.9>'"),
    Key("respond", "to_tag", t.SWITCH, "Another To-tag, or none.", "false"),
    Key("respond", "reliable", t.BOOLEAN, "Whether a provisional response is sent reliably (RFC 3262).", "true"),
    Key("respond", "bare", t.BOOLEAN, "Nothing from the code registry.", "true"),
    Key(
        "respond",
        "raw",
        t.TEXT,
        "The exact bytes; lines end in CRLF where none is written.",
        '"SIP/2.0 486\\r\\n\\r\\n"',
    ),
    Key("respond", "compact", t.BOOLEAN, "Compact header names.", "true"),
    Key("respond", "after", t.WAIT, "Time passes before it is sent.", "2s"),
    Key("respond", "expect_broken", t.BOOLEAN, "It lacks what its code requires, and that is meant so.", "true"),
    Key("respond", "fault", t.FAULT, "What goes wrong with it on its way out.", "{drop: 1}"),
    # wait
    Key("wait", "uniform", t.RANGE, "Anything between the two is as likely.", "[1s, 3s]"),
    Key("wait", "normal", t.RANGE, "Mean and standard deviation; never below zero.", "[2s, 300ms]"),
    # expect
    Key("expect", "within", t.DURATION, "How long to wait for it.", "5s"),
    Key("expect", "not_before", t.DURATION, "It must not come sooner.", "2s"),
    Key("expect", "match", t.MATCH, "Which one; others are not taken.", "{header: {Event: presence}}"),
    Key("expect", "check", t.CHECK, "Assertions on it.", "{same: Call-ID}"),
    Key("expect", "dialog", t.NAME, "The dialog it must come in: one that a `send` names, or `caller`.", "caller"),
    Key("expect", "optional", t.BOOLEAN, "The flow goes on without it, and without the responses to it.", "true"),
    Key("expect", "otherwise", t.STEPS, "What happens when it does not come in time.", "[hangup]"),
    # challenge
    Key("challenge", "realm", t.TEXT, "The protection domain.", "example.com"),
    Key("challenge", "algorithms", t.ALGORITHM, "A challenge each, the preferred one first.", "[SHA-256, MD5]"),
    Key("challenge", "qop", t.QOP, "The qualities of protection that are offered; none as in RFC 2069.", "auth"),
    Key("challenge", "domain", t.TEXTS, "The URIs that the credentials are good for; of a 401.", "'sip:example.com'"),
    Key("challenge", "userhash", t.BOOLEAN, "The client may hash its user name (RFC 7616 section 3.4.4).", "true"),
    Key("challenge", "lifetime", t.DURATION, "How long its nonces are good, 5m unless said.", "5s"),
    Key("challenge", "info", t.BOOLEAN, "The 2xx proves in Authentication-Info that we know the secret.", "true"),
    Key("challenge", "nextnonce", t.BOOLEAN, "The 2xx gives the nonce for the next request there.", "true"),
    Key("challenge", "stale", t.BOOLEAN, "The first right answer gets a second challenge with stale=true.", "true"),
    Key("challenge", "users", t.USERS, "Who may authenticate, in place of the file's `users`.", "{alice: secret}"),
    Key("challenge", "within", t.DURATION, "How long to wait for the retry.", "5s"),
    Key("challenge", "otherwise", t.STEPS, "What happens on wrong credentials, or no retry in time.", "[403]"),
    # send
    Key("send", "headers", t.HEADERS, "Headers, in place of what would stand under their names.", "{Subject: hi}"),
    Key("send", "add", t.HEADERS, "Headers beside what stands under their names.", "{X-Trace: '1'}"),
    Key("send", "remove", t.NAMES, "Headers left out.", "[Allow]"),
    Key("send", "body", t.TEXT, "The body.", "hello"),
    Key("send", "content_type", t.TEXT, "Its media type.", "text/plain", needs="body"),
    Key("send", "sdp", t.SDP, "Whether there is a session description, or which.", "true"),
    Key("send", "expect", t.STATUSES, "What its final response must be.", "200"),
    Key("send", "as", t.NAME, "Variable that takes the status of the final response.", "answer"),
    Key("send", "within", t.DURATION, "How long its final response may take; an INVITE is cancelled then.", "5s"),
    Key("send", "to", t.TEXT, "The SIP URI it goes to outside any dialog.", "'sip:alice@192.0.2.9'"),
    Key("send", "from", t.TEXT, "Its From, where that is not our own URI.", "'sip:bob@example.com'", needs="to"),
    Key("send", "dialog", t.NAME, "The dialog it is sent in; with `to` the name of the one it makes.", "caller"),
    Key("send", "fault", t.FAULT, "What goes wrong with it on its way out.", "{drop: 1}"),
    # notify
    Key("notify", "headers", t.HEADERS, "Headers, in place of what would stand under their names.", "{Event: refer}"),
    Key("notify", "add", t.HEADERS, "Headers beside what stands under their names.", "{X-Trace: '1'}"),
    Key("notify", "remove", t.NAMES, "Headers left out.", "[Event]"),
    Key("notify", "body", t.TEXT, "The body, in place of one made for the event package.", "hello"),
    Key("notify", "content_type", t.TEXT, "Its media type.", "text/plain", needs="body"),
    Key("notify", "expect", t.STATUSES, "What its final response must be.", "200"),
    Key("notify", "as", t.NAME, "Variable that takes the status of the final response.", "answer"),
    Key("notify", "fault", t.FAULT, "What goes wrong with it on its way out.", "{drop: 1}"),
    # fault
    Key("fault", "drop", t.NUMBER, "So many copies of it, from the first on, are not sent.", "1"),
    Key("fault", "delay", t.DURATION, "Every copy leaves so much later.", "700ms"),
    Key("fault", "duplicate", t.COPIES, "Every copy is sent so many times in all.", "2"),
    Key("fault", "reorder", t.TRUE, "It leaves after the next message of the call.", "true"),
    Key("fault", "corrupt", t.CORRUPTIONS, "What is done to its bytes, in this order.", "truncated"),
    Key("fault", "tcp", t.CONNECTION_FAULT, "What is done to the connection it goes out on.", "reset"),
    Key("fault", "chance", t.CHANCE, "How likely all of that is, drawn for each message.", "0.1"),
    Key("rule-fault", "lose", t.LOSSES, "Messages of the client that are taken as lost on their way.", "{ACK: 2}"),
    # fork, repeat, choose
    Key("fork", "race", t.BOOLEAN, "A 2xx does not end the other branches: each may send its own.", "true"),
    Key("repeat", "times", t.NUMBER, "How often.", "3"),
    Key("repeat", "forever", t.TRUE, "As long as the call lives.", "true"),
    Key("repeat", "steps", t.STEPS, "What.", "[180, 1s]", required=True),
    Key("choice", "weight", t.WEIGHT, "How likely, beside the others' weights; 1 unless said.", "3"),
    Key("choice", "steps", t.STEPS, "What.", "[486]", required=True),
    # users, codes, timers
    Key("user", "password", t.TEXT, "The password.", "secret"),
    Key(
        "user",
        "ha1",
        t.TEXTS,
        "Hash (MD5, SHA-256, or one of each) of user:realm:password in hexadecimal.",
        "939e7578ed9e3c518a452acee763bce9",
    ),
    Key("user", "realm", t.TEXT, "The realm that the secret is for; any unless said.", "example.com"),
    Key("code", "phrase", t.TEXT, "Its reason phrase.", "Fine"),
    Key("code", "like", t.CODE, "The code that it takes everything else from.", "486"),
    Key("code", "headers", t.HEADERS, "Headers that it always has; without names in them.", "{Retry-After: 5}"),
    Key("code", "remove", t.NAMES, "Headers that it does not have, whatever the registry says.", "[Retry-After]"),
    Key("code", "methods", t.METHODS, "The methods it is defined for; `any` for all.", "[INVITE]"),
    Key("timers", "t1", t.DURATION, "The estimate of the round trip time, 500ms unless said.", "100ms"),
    Key("timers", "t2", t.DURATION, "The longest interval of retransmissions, 4s unless said.", "1s"),
    Key("timers", "t4", t.DURATION, "How long a message stays in the network, 5s unless said.", "1s"),
    Key("registrar", "min_expires", t.DURATION, "What is shorter gets 423 with Min-Expires, 1m unless said.", "2m"),
    Key("registrar", "max_expires", t.DURATION, "What is longer is cut to this, 1h unless said.", "10m"),
    Key("registrar", "default_expires", t.DURATION, "What a client gets that asks for no time, 1h unless said.", "5m"),
    Key("registrar", "realm", t.TEXT, "The realm of every challenge that names none.", "example.com"),
)

_PLACES: Final[dict[str, dict[str, Key]]] = {}
for _key in TABLE:
    _PLACES.setdefault(_key.where, {})[_key.name] = _key
_PLACES["check"] = {**_PLACES["match"], **_PLACES["check"]}
_PLACES["rule-fault"] = {**_PLACES["fault"], **_PLACES["rule-fault"]}
_PLACES["address"] = {**_PLACES["address"], **_PLACES["test"]}
_PLACES["flow file"] = {**{n: k for n, k in _PLACES[FILE].items() if n != "rules"}, **_PLACES[RULE]}
_PLACES["rules file"] = {**_PLACES[FILE], **{name: _PLACES[RULE][name] for name in ("name", "description")}}


def keys_of(where: str) -> dict[str, Key]:
    """The keys that may stand in a place, by name. Steps without options have none."""
    return _PLACES.get(where, {})


STEP_NAMES: Final = tuple(_PLACES[STEP])
BARE_STEPS: Final = tuple(key.name for key in TABLE if key.where == STEP and key.type is t.NOTHING)
"""Steps that are written as a word."""
