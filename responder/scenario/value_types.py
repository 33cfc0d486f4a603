"""The kinds of values that the language knows: how each is called in messages and what a JSON Schema says of it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Final

from responder.sip.corruption import CATALOGUE
from responder.transaction.fault import CONNECTION_FAULTS
from responder.uas.inspection import CHECKS

Schema = dict[str, Any]

DURATION_PATTERN: Final = r"^[0-9]+(\.[0-9]+)?(ms|s|m|h)$"
METHOD_PATTERN: Final = r"^[A-Za-z0-9\-.!%*_+`'~]+$"
STATUS_CLASS_PATTERN: Final = r"^[1-6]xx$"
NAME_PATTERN: Final = r"^[A-Za-z_][A-Za-z0-9_-]*$"


@dataclass(frozen=True, slots=True, eq=False)
class Type:
    """One kind of value."""

    name: str
    says: str
    """As in "expected a duration such as 2s"."""
    schema: Schema = field(repr=False)
    """Draft-07 schema; other definitions are referred to as `#/definitions/...`."""


def ref(name: str) -> Schema:
    """A reference to a definition of the schema."""
    return {"$ref": f"#/definitions/{name}"}


def either(*schemas: Schema) -> Schema:
    """Any of these."""
    return {"anyOf": list(schemas)}


def list_of(schema: Schema) -> Schema:
    """A list with at least one item."""
    return {"type": "array", "items": schema, "minItems": 1}


def map_of(schema: Schema) -> Schema:
    """A mapping with at least one key, its values of that schema."""
    return {"type": "object", "additionalProperties": schema, "minProperties": 1}


def one_or_more(schema: Schema) -> Schema:
    """A value or a list of them."""
    return either(schema, list_of(schema))


def words(*names: str) -> Schema:
    """One of these texts."""
    return {"type": "string", "enum": list(names)}


_TEXT: Final[Schema] = {"type": ["string", "number", "boolean"]}
_DURATION: Final[Schema] = {"type": "string", "pattern": DURATION_PATTERN}
_CODE: Final[Schema] = {"type": "integer", "minimum": 100, "maximum": 699}
_FALSE: Final[Schema] = {"type": "boolean", "enum": [False]}
_METHOD: Final[Schema] = {"type": "string", "pattern": METHOD_PATTERN}
_NAME: Final[Schema] = {"type": "string", "pattern": NAME_PATTERN}

PERS: Final = ("all", "caller", "source", "call-id")
"""Whose calls `times` counts together."""
TRANSPORTS: Final = ("udp", "tcp", "tls", "ws", "wss")
ALGORITHMS: Final = ("MD5", "MD5-sess", "SHA-256", "SHA-256-sess", "SHA-512-256", "SHA-512-256-sess")
QOPS: Final = ("auth", "auth-int")
NO_QOP: Final = "none"
DIRECTIONS: Final = ("sendrecv", "sendonly", "recvonly", "inactive")

TEXT: Final = Type("text", "a text", _TEXT)
TEXTS: Final = Type("texts", "a text or a list of texts", one_or_more(_TEXT))
NAME: Final = Type("name", "a name of letters, digits, - and _", _NAME)
NUMBER: Final = Type("number", "a whole number from 1 on", {"type": "integer", "minimum": 1})
WEIGHT: Final = Type("weight", "a number above 0", {"type": "number", "exclusiveMinimum": 0})
SEED: Final = Type("seed", "a whole number", {"type": "integer"})
COPIES: Final = Type("copies", "a whole number from 2 on", {"type": "integer", "minimum": 2})
CHANCE: Final = Type("chance", "a number above 0, at most 1", {"type": "number", "exclusiveMinimum": 0, "maximum": 1})
BOOLEAN: Final = Type("boolean", "true or false", {"type": "boolean"})
TRUE: Final = Type("true", "true", {"type": "boolean", "enum": [True]})
CODE: Final = Type("code", "a status code from 100 to 699", _CODE)
STATUSES: Final = Type(
    "statuses",
    "a status code, a class such as 2xx, or a list of them",
    one_or_more(either(_CODE, {"type": "string", "pattern": STATUS_CLASS_PATTERN})),
)
DURATION: Final = Type("duration", "a duration such as 2s, 500ms or 1.5s", _DURATION)
WAIT: Final = Type("wait", "a duration such as 2s, {uniform: [1s, 3s]} or {normal: [2s, 300ms]}", ref("wait"))
RANGE: Final = Type(
    "range", "two durations, such as [1s, 3s]", {"type": "array", "items": _DURATION, "minItems": 2, "maxItems": 2}
)
METHOD: Final = Type("method", "a method such as INVITE", _METHOD)
METHODS: Final = Type("methods", "a method such as INVITE, a list of them, or any", one_or_more(_METHOD))
NAMES: Final = Type("names", "a header name or a list of them", one_or_more(_METHOD))
HEADERS: Final = Type("headers", "header names with texts, such as {Retry-After: 5}", map_of(one_or_more(_TEXT)))
TEST: Final = Type(
    "test",
    "a text, a list of texts, or one operator such as {prefix: '+49'}",
    either(_TEXT, list_of(_TEXT), ref("test")),
)
TESTS: Final = Type("tests", "header names with what to look for, such as {Event: presence}", map_of(TEST.schema))
COUNT_TEST: Final = Type(
    "count", "a number, a list of numbers, or {at_least: 3}", either(_TEXT, list_of(_TEXT), ref("test"))
)
TAGS: Final = Type("tags", "an option-tag such as 100rel, or a list of them", one_or_more(_METHOD))
ADDRESS: Final = Type(
    "address", "the user part, or a mapping such as {display: Bob}", either(_TEXT, list_of(_TEXT), ref("address"))
)
SDP_TEST: Final = Type(
    "sdp-test", "true, false, or attributes such as {direction: sendonly}", either({"type": "boolean"}, ref("sdp"))
)
PRESENCE: Final = Type("presence", "true or false", {"type": "boolean"})
NETWORKS: Final = Type(
    "networks", "an address or network such as 192.0.2.0/24, or a list of them", one_or_more({"type": "string"})
)
TRANSPORT: Final = Type(
    "transport", f"one of {', '.join(TRANSPORTS)}, or a list of them", one_or_more(words(*TRANSPORTS))
)
DIRECTION: Final = Type(
    "direction", f"one of {', '.join(DIRECTIONS)}, or a list of them", one_or_more(words(*DIRECTIONS))
)
SDP: Final = Type(
    "sdp", "true, false, a direction such as sendonly, or a session description", {"type": ["boolean", "string"]}
)
SWITCH: Final = Type("switch", "a text, or false for none", either(_FALSE, {"type": ["string", "number"]}))
PER: Final = Type("per", f"one of {', '.join(PERS)}", words(*PERS))
UNCHECKED: Final = Type(
    "unchecked", "all, or a list of names of checks", either(words("all", *CHECKS), list_of(words("all", *CHECKS)))
)
CHALLENGE: Final = Type("challenge", "401 or 407", {"type": "integer", "enum": [401, 407]})
ALGORITHM: Final = Type("algorithms", f"a list of {', '.join(ALGORITHMS)}", one_or_more(words(*ALGORITHMS)))
QOP: Final = Type("qop", "auth, auth-int, a list of both, or none", either(words(*QOPS, NO_QOP), list_of(words(*QOPS))))
ITEMS: Final = Type(
    "items", "a part of a message such as Call-ID or From.tag, or a list of them", one_or_more({"type": "string"})
)

RULE_NAMES: Final = Type("rule-names", "the name of a rule for clients, or a list of them", one_or_more(_METHOD))

CORRUPTIONS: Final = Type(
    "corruptions", f"one of {', '.join(CATALOGUE)}, or a list of them", one_or_more(words(*CATALOGUE))
)
CONNECTION_FAULT: Final = Type("connection-fault", f"one of {', '.join(CONNECTION_FAULTS)}", words(*CONNECTION_FAULTS))
FAULT: Final = Type("fault", "a mapping such as {drop: 1}", ref("fault"))
STATE: Final = Type("state", "a state such as active, pending or terminated;reason=timeout", _TEXT)
RULE_FAULT: Final = Type("rule-fault", "a mapping such as {delay: 700ms} or {lose: ACK}", ref("rule-fault"))
LOSSES: Final = Type(
    "losses",
    "a method, or methods with how many, such as {ACK: 2}",
    either(_METHOD, map_of({"type": "integer", "minimum": 1})),
)
FILES: Final = Type("files", "a file or a list of files", one_or_more({"type": "string"}))

STEPS: Final = Type("steps", "a list of steps, such as [100, 180, 2s, 486]", ref("steps"))
MATCH: Final = Type("match", "a mapping such as {method: INVITE, user: bob}", ref("match"))
CHECK: Final = Type("check", "a mapping such as {header: {Event: presence}}", ref("check"))
RULES: Final = Type("rules", "a list of rules", list_of(ref("rule")))
BLOCKS: Final = Type("blocks", "names with lists of steps", map_of(ref("steps")))
MEANWHILE: Final = Type("meanwhile", "methods with lists of steps, such as {INFO: [415]}", map_of(ref("steps")))
CANCEL: Final = Type("cancel", "fail, ignore, or a list of steps", either(words("fail", "ignore"), ref("steps")))
USERS: Final = Type("users", "user names with passwords, such as {alice: secret}", map_of(either(_TEXT, ref("user"))))
CODES: Final = Type(
    "codes",
    "status codes with what is special about each, such as {299: {phrase: Fine}}",
    {
        "type": "object",
        "patternProperties": {"^[1-6][0-9][0-9]$": ref("code")},
        "additionalProperties": False,
        "minProperties": 1,
    },
)
REGISTRAR: Final = Type("registrar", "a mapping such as {min_expires: 60s}", ref("registrar"))
TIMERS: Final = Type("timers", "a mapping such as {t1: 100ms}", ref("timers"))
CHOICES: Final = Type("choices", "a list of {weight, steps}", list_of(ref("choice")))
REPEAT: Final = Type("repeat", "a mapping such as {times: 3, steps: [...]}", ref("repeat"))
UNORDERED: Final = Type(
    "unordered", "a list of steps, or of lists of steps", list_of(either(ref("step"), ref("steps")))
)
VARIABLES: Final = Type("variables", "names with texts, such as {caller: ...}", map_of(_TEXT))
NOTHING: Final = Type("nothing", "no value", {"type": "null"})
