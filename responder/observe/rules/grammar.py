"""How requests are written down: lines, Request-Line, URIs and header fields (RFC 3261 sections 7, 19.1, 20, 25.1)."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Final

from responder.errors import ParseError
from responder.observe.records import MalformedRecord
from responder.observe.rules.comparing import address, brief
from responder.observe.rules.rule import MUST, SHOULD, Finding, Level, broken, judged, kept, of_request, of_run
from responder.observe.transcript import Seen, Transcript
from responder.sip import header_names
from responder.sip.abnf import QUOTED, SWS, TOKEN, elements, is_call_id, is_token, number, pieces
from responder.sip.fields import Event, MediaType, RAck, Reason, Replaces, SessionExpires
from responder.sip.methods import METHODS
from responder.sip.name_addr import NameAddr
from responder.sip.uri import Uri
from responder.sip.via import Via

# ------------------------------------------------------------------------------------------------ lines

_request_line: Final = re.compile(rf"({TOKEN}) ([^ \t<>\x00-\x1f\x7f]++) SIP/2\.0").fullmatch
_head_end: Final = re.compile(rb"\r?\n\r?\n").search
_bare_line_end: Final = re.compile(rb"(?<!\r)\n|\r(?!\n)").search
_control: Final = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]").search
_quoted: Final = re.compile(QUOTED)


def _is_request(seen: Seen) -> bool:
    """Whether it was meant for a SIP request."""
    start = seen.data.lstrip(b"\r\n")
    if start[:4].upper() == b"SIP/" or start.startswith((b"GET ", b"POST ")):
        return False
    return b"SIP/" in start or start.partition(b" ")[0].decode("utf-8", "replace") in METHODS


def _head(seen: Seen) -> bytes:
    """The start line and the header fields, without the empty line after them."""
    start = seen.data.lstrip(b"\r\n")
    end = _head_end(start)
    return start.rstrip(b"\r\n") if end is None else start[: end.start()]


def _start_line(seen: Seen) -> str:
    return _head(seen).partition(b"\n")[0].rstrip(b"\r").decode("utf-8", "replace")


def _written(run: Transcript) -> Iterator[Seen]:
    """All that clients sent as requests, whether they can be read or not."""
    for seen in run.messages:
        if seen.received and _is_request(seen):
            yield seen


@of_run(
    "request-line-is-well-formed",
    MUST,
    "RFC 3261 7.1",
    "A Request-Line is method, Request-URI and SIP/2.0 with single spaces between, the URI without <> and white space.",
)
def _line(run: Transcript) -> Iterator[Finding]:
    for seen in _written(run):
        line = _start_line(seen)
        found = _request_line(line)
        right = found is not None and (found[1] in METHODS or found[1].upper() not in METHODS)
        yield judged(right, "METHOD uri SIP/2.0", line[:200], seen)


@of_run(
    "lines-end-with-crlf",
    MUST,
    "RFC 3261 7",
    "Every line of the head ends with CR and LF, and an empty line follows it, with and without a body.",
)
def _crlf(run: Transcript) -> Iterator[Finding]:
    for seen in _written(run):
        start = seen.data.lstrip(b"\r\n")
        end = _head_end(start)
        if end is None:
            if isinstance(seen.record, MalformedRecord) and seen.reliable:
                continue  # a stream that ended within a message
            yield broken("an empty line after the header fields", "none", seen)
            continue
        lone = _bare_line_end(start[: end.end()])
        yield judged(lone is None, "CR LF", f"{lone[0] if lone else b''!r} alone", seen)


@of_run("head-is-utf-8", MUST, "RFC 3261 7, RFC 3261 25.1", "Start line and header fields are UTF-8.")
def _utf_8(run: Transcript) -> Iterator[Finding]:
    for seen in _written(run):
        try:
            _head(seen).decode()
        except UnicodeDecodeError as error:
            yield broken("UTF-8", f"the byte {error.object[error.start]:#04x}", seen)
        else:
            yield kept(seen)


@of_run(
    "head-has-no-control-characters",
    MUST,
    "RFC 3261 25.1",
    "Control characters other than tabs stand in header fields as quoted-pairs only.",
)
def _controls(run: Transcript) -> Iterator[Finding]:
    for seen in _written(run):
        found = _control(_quoted.sub('""', _head(seen).decode("utf-8", "replace")))
        yield judged(found is None, "none", f"{found[0]!r}" if found else "", seen)


@of_run(
    "header-fields-have-name-and-colon",
    MUST,
    "RFC 3261 7.3.1",
    "A header field is a name, a colon and a value; a line that goes on with one begins with white space.",
)
def _colon(run: Transcript) -> Iterator[Finding]:
    for seen in _written(run):
        lines = re.split(r"\r?\n", _head(seen).decode("utf-8", "replace"))[1:]
        wrong = [
            line
            for place, line in enumerate(lines)
            if (line[:1] in (" ", "\t") and not place)
            or (line[:1] not in (" ", "\t") and not is_token(line.partition(":")[0].rstrip(" \t")))
            or (line[:1] not in (" ", "\t") and ":" not in line)
        ]
        yield judged(not wrong, "Name: value", brief(wrong[:1]), seen)


# ------------------------------------------------------------------------------------------------ URIs

_URIS: Final = ("from", "to", "contact", "route", "record-route", "refer-to", "referred-by", "reply-to")


def _uris(seen: Seen, *keys: str) -> Iterator[tuple[str, Uri]]:
    """Where URIs stand in a request, and those that can be read."""
    for key in keys:
        for value in seen.every(key):
            found = address(value) if value != "*" else None
            if found is not None:
                yield header_names.display(key), found.uri


def _can_be_read(text: str) -> bool:
    return _passes(Uri.parse, text)


@of_request(
    "request-uri-is-well-formed",
    MUST,
    "RFC 3261 19.1.1, RFC 3261 25.1",
    "The Request-URI is a URI, with its special characters escaped (19.1.2) and an IPv6 address in brackets.",
)
def _request_uri(seen: Seen) -> Iterator[Finding]:
    if _can_be_read(seen.request.uri):
        yield kept(seen)
    elif _request_line(_start_line(seen)) is not None:  # else 7.1 has something to say
        yield broken("a URI", seen.request.uri[:200], seen)


@of_request(
    "request-uri-has-no-headers",
    MUST,
    "RFC 3261 19.1.1",
    "The Request-URI has neither headers (?name=value) nor a method parameter (table 1).",
)
def _no_headers(seen: Seen) -> Iterator[Finding]:
    if _can_be_read(seen.request.uri):
        uri = seen.request.target
        yield judged(not uri.headers and "method" not in uri.params, "neither of them", seen.request.uri, seen)


@of_request(
    "addresses-have-no-headers",
    MUST,
    "RFC 3261 19.1.1",
    "URIs in From, To, Route and a dialog's Contact have neither headers nor a method parameter (table 1).",
)
def _no_headers_elsewhere(seen: Seen) -> Iterator[Finding]:
    keys = ["from", "to", "route", "record-route"]
    if seen.request.method != "REGISTER":
        keys.append("contact")
    wrong = [f"{name}: {uri}" for name, uri in _uris(seen, *keys) if uri.headers or "method" in uri.params]
    yield judged(not wrong, "neither of them", brief(wrong), seen)


@of_request(
    "uri-parameters-come-once",
    MUST,
    "RFC 3261 19.1.1",
    "No parameter stands in a URI twice.",
)
def _uri_parameters(seen: Seen) -> Iterator[Finding]:
    found = [("Request-URI", seen.request.target)] if _can_be_read(seen.request.uri) else []
    found += _uris(seen, *_URIS)
    wrong = [f"{name}: {uri}" for name, uri in found if _repeated([key for key, _ in uri.params.items])]
    yield judged(not wrong, "each of them once", brief(wrong), seen)


def _repeated(names: list[str]) -> bool:
    lowered = [name.lower() for name in names]
    return len(set(lowered)) < len(lowered)


_OF_URIS: Final = {"transport", "user", "ttl", "maddr", "lr", "ob", "gr"}
"""Parameters that have a meaning in URIs only."""


@of_request(
    "uri-with-parameters-is-in-angle-brackets",
    MUST,
    "RFC 3261 20",
    "A URI with a comma, a question mark or a semicolon stands in < and > in From, To and Contact.",
)
def _brackets(seen: Seen) -> Iterator[Finding]:
    for key in ("from", "to", "contact"):
        for value in seen.every(key):
            if "<" in value or value == "*" or '"' in value:
                continue
            names = {piece.partition("=")[0].strip().lower() for piece in pieces(value)[1:]}
            wrong = names & _OF_URIS or "?" in value or "," in value
            yield judged(not wrong, f"<{value.partition(';')[0]};...>", f"{header_names.display(key)}: {value}", seen)


# ------------------------------------------------------------------------------------------------ header fields

_SINGLE: Final = (
    *("call-id", "content-disposition", "content-length", "content-type", "cseq", "date", "event", "expires", "from"),
    *("info-package", "join", "max-forwards", "mime-version", "min-expires", "min-se", "organization", "priority"),
    *("rack", "refer-sub", "refer-to", "referred-by", "reply-to", "session-expires", "sip-if-match"),
    *("subject", "subscription-state", "target-dialog", "timestamp", "to", "user-agent"),
)
"""Fields of requests whose grammar is no list; `replaces-names-one-dialog` is about another."""
_ONE_BY_ITS_METHOD: Final = {"SUBSCRIBE": "event", "PUBLISH": "event", "REFER": "refer-to"}
"""Fields that a rule about the method has exactly once."""


@of_request(
    "single-fields-come-once",
    MUST,
    "RFC 3261 7.3.1",
    "A field stands in a request twice only where its value is a list.",
)
def _once(seen: Seen) -> Iterator[Finding]:
    every = seen.request.shape.every
    own = _ONE_BY_ITS_METHOD.get(seen.request.method)
    wrong = [header_names.display(key) for key in _SINGLE if len(every.get(key, ())) > 1 and key != own]
    yield judged(not wrong, "one of each", f"several {brief(wrong)}", seen)


_WITH_PARAMS: Final = (
    *("accept", "contact", "content-disposition", "content-type", "event", "from", "min-se", "record-route"),
    *("refer-to", "replaces", "route", "session-expires", "subscription-state", "to", "via"),
)


@of_request(
    "parameters-come-once",
    MUST,
    "RFC 3261 7.3.1",
    "No parameter stands in a header field value twice.",
)
def _parameters(seen: Seen) -> Iterator[Finding]:
    wrong = [
        f"{header_names.display(key)}: {value}"
        for key in _WITH_PARAMS
        for value in seen.every(key)
        if _repeated([piece.partition("=")[0].strip() for piece in pieces(value)[1:] if piece])
    ]
    yield judged(not wrong, "each of them once", brief(wrong), seen)


_scheme: Final = re.compile(rf"(?:^|,)\s*{TOKEN}[ \t]+{TOKEN}{SWS}=")


@of_request(
    "credentials-have-rows-of-their-own",
    MUST,
    "RFC 3261 7.3.1",
    "Several credentials are not combined into one Authorization or Proxy-Authorization.",
)
def _rows(seen: Seen) -> Iterator[Finding]:
    for key in ("authorization", "proxy-authorization"):
        for value in seen.every(key):
            schemes = len(_scheme.findall(_quoted.sub('""', value)))
            yield judged(schemes < 2, "a row for each", f"{schemes} in one", seen)


_Check = Callable[[str], object]


def _list_of(check: _Check, *, empty: bool = False) -> _Check:
    """Elements between commas; `empty`: none will do, too."""

    def every(value: str) -> bool:
        found = elements(value)
        return (bool(found) or empty) and all(bool(one) and _passes(check, one) for one in found)

    return every


def _passes(check: _Check, value: str) -> bool:
    try:
        return check(value) is not False
    except ParseError:
        return False


def _matching(pattern: str, flags: int = 0) -> _Check:
    matches = re.compile(pattern, re.DOTALL | flags).fullmatch
    return lambda value: matches(value) is not None


def _token(value: str) -> bool:
    return is_token(value) is not None


def _numeric(largest: int = 2**32 - 1) -> _Check:
    return lambda value: number(value, field="", largest=largest) is not None


def _name_addr(value: str) -> bool:
    """A name-addr; an addr-spec will not do."""
    NameAddr.parse(value)
    return "<" in value


def _contact(value: str) -> bool:
    if value == "*":
        return True
    found = NameAddr.parse(value)
    expires = found.params.get("expires")
    return ("q" not in found.params or found.q is not None) and (expires is None or _digits(expires))


def _digits(value: str) -> bool:
    return value.isascii() and value.isdigit()


def _media_type(value: str) -> bool:
    found = MediaType.parse(value)
    return found.type != "multipart" or bool(found.params.get("boundary"))


_GENERIC: Final = rf"(?:{SWS};{SWS}{TOKEN}(?:{SWS}={SWS}(?:{QUOTED}|[^\s;,\"]++))?+)*+"
_COMMENT: Final = r"\((?:[^()\\]++|\\.|\((?:[^()\\]++|\\.)*+\))*+\)"
_absolute: Final = _matching(r"<[A-Za-z][A-Za-z0-9+\-.]*+:[^<>\s]++>" + _GENERIC)
_OPTION_TAGS: Final = _list_of(_token)

_GRAMMARS: Final[dict[str, tuple[str, _Check]]] = {
    "via": ("RFC 3261 20.42", _list_of(Via.parse)),
    "from": ("RFC 3261 20.20", NameAddr.parse),
    "to": ("RFC 3261 20.39", NameAddr.parse),
    "call-id": ("RFC 3261 20.8", lambda value: is_call_id(value) is not None),
    "cseq": ("RFC 3261 20.16", _matching(r"[0-9]+[ \t]+" + TOKEN)),
    "max-forwards": ("RFC 3261 20.22", _numeric(255)),
    "contact": ("RFC 3261 20.10", _list_of(_contact)),
    "content-length": ("RFC 3261 20.14", _matching(r"[0-9]+")),
    "content-type": ("RFC 3261 20.15", _media_type),
    "content-disposition": ("RFC 3261 20.11", _matching(TOKEN + _GENERIC)),
    "content-encoding": ("RFC 3261 20.12", _list_of(_token)),
    "content-language": ("RFC 3261 20.13", _list_of(_matching(r"[A-Za-z]{1,8}(?:-[A-Za-z0-9]{1,8})*"))),
    "route": ("RFC 3261 20.34", _list_of(_name_addr)),
    "record-route": ("RFC 3261 20.30", _list_of(_name_addr)),
    "require": ("RFC 3261 20.32", _OPTION_TAGS),
    "proxy-require": ("RFC 3261 20.29", _OPTION_TAGS),
    "supported": ("RFC 3261 20.37", _list_of(_token, empty=True)),
    "accept": ("RFC 3261 20.1", _list_of(MediaType.parse, empty=True)),
    "accept-encoding": ("RFC 3261 20.2", _list_of(_matching(TOKEN + _GENERIC), empty=True)),
    "accept-language": (
        "RFC 3261 20.3",
        _list_of(_matching(r"(?:\*|[A-Za-z]{1,8}(?:-[A-Za-z0-9]{1,8})*)" + _GENERIC), empty=True),
    ),
    "alert-info": ("RFC 3261 20.4", _list_of(_absolute)),
    "allow": ("RFC 3261 20.5", _list_of(_token, empty=True)),
    "call-info": ("RFC 3261 20.9", _list_of(_absolute)),
    "expires": ("RFC 3261 20.19", _numeric()),
    "in-reply-to": ("RFC 3261 20.21", _list_of(lambda value: is_call_id(value) is not None)),
    "mime-version": ("RFC 3261 20.24", _matching(r"[0-9]+\.[0-9]+")),
    "priority": ("RFC 3261 20.26", _token),
    "reply-to": ("RFC 3261 20.31", NameAddr.parse),
    "timestamp": (
        "RFC 3261 20.38",
        _matching(r"[0-9]+(?:\.[0-9]*)?(?:[ \t]+(?:[0-9]*\.[0-9]*|[0-9]+))?"),
    ),
    "user-agent": (
        "RFC 3261 20.41",
        _matching(
            rf"(?:{TOKEN}(?:{SWS}/{SWS}{TOKEN})?|{_COMMENT})(?:[ \t]+(?:{TOKEN}(?:{SWS}/{SWS}{TOKEN})?|{_COMMENT}))*"
        ),
    ),
    "rack": ("RFC 3262 7.2", RAck.parse),
    "event": ("RFC 6665 8.2.1", Event.parse),
    "allow-events": ("RFC 6665 8.2.2, RFC 6665 8.4", _list_of(_token)),
    "subscription-state": ("RFC 6665 8.2.3, RFC 6665 8.4", _matching(TOKEN + _GENERIC)),
    "refer-to": ("RFC 3515 2.1", NameAddr.parse),
    "referred-by": ("RFC 3892 3", NameAddr.parse),
    "replaces": ("RFC 3891 6.1", Replaces.parse),
    "join": ("RFC 3911 7.1", lambda value: Replaces.parse(value, field="Join")),
    "session-expires": ("RFC 4028 4", SessionExpires.parse),
    "min-se": ("RFC 4028 5", lambda value: SessionExpires.parse(value, field="Min-SE")),
    "reason": ("RFC 3326 2", _list_of(Reason.parse)),
    "privacy": ("RFC 3323 4.2", _matching(rf"{TOKEN}(?:{SWS};{SWS}{TOKEN})*")),
    "path": ("RFC 3327 4", _list_of(_name_addr)),
    "sip-if-match": ("RFC 3903 11.3.2, RFC 3903 12", _token),
    "p-asserted-identity": ("RFC 3325 9.1", _list_of(NameAddr.parse)),
    "p-preferred-identity": ("RFC 3325 9.2", _list_of(NameAddr.parse)),
    "recv-info": ("RFC 6086 7.3, RFC 6086 9.2", _list_of(_matching(TOKEN + _GENERIC), empty=True)),
    "info-package": ("RFC 6086 7.2, RFC 6086 9.2", _matching(TOKEN + _GENERIC)),
}
"""By KEY: the section that defines a header field, and what its whole value has to pass."""


_INFORMATION: Final = {
    *("accept-language", "alert-info", "call-info", "content-language", "in-reply-to", "mime-version", "priority"),
    *("reason", "timestamp", "user-agent"),
}
"""Fields that nobody needs to process a request: malformed ones are passed over (8.2.2)."""


def _of_field(key: str, rfc: str, check: _Check) -> None:
    name = header_names.display(key)

    def follows(seen: Seen) -> Iterator[Finding]:
        request = seen.request
        for at in request.shape.every.get(key, ()):
            value = request.values[at].strip(" \t")
            yield judged(_passes(check, value), f"a value of {name}", f"{name}: {value}"[:200], seen)

    cited = f"{rfc}, RFC 3261 25.1" if rfc.startswith("RFC 3261") else rfc
    level: Level = SHOULD if key in _INFORMATION else MUST
    of_request(f"{key}-is-well-formed", level, cited, f"{name} is written as its grammar says.")(follows)


for _key, (_rfc, _check) in _GRAMMARS.items():
    _of_field(_key, _rfc, _check)
