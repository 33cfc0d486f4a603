"""A request made up so that a match takes it, every operator satisfied with a plausible value.

What comes out is held against the match itself: a sample that does not fit is never handed out.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from responder.control.matching_texts import text_for
from responder.errors import ResponderError
from responder.scenario.matcher import Network
from responder.scenario.operators import AllOf, Contains, Present
from responder.sip import header_names

if TYPE_CHECKING:
    from responder.scenario.matcher import Match
    from responder.scenario.operators import Test

SERVER: Final = "127.0.0.1"
CLIENT: Final = "192.0.2.10"
PORT: Final = 5062
TRANSPORTS: Final = ("UDP", "TCP", "TLS", "WS", "WSS")
_CODECS: Final = {"PCMU": 0, "PCMA": 8, "G722": 9, "G729": 18, "opus": 96, "telephone-event": 101}
_RATES: Final = {"opus": "48000/2"}

_BODIES: Final[Mapping[str, tuple[str, str]]] = {
    "MESSAGE": ("text/plain", "Hello"),
    "PUBLISH": (
        "application/pidf+xml",
        '<?xml version="1.0"?>\r\n<presence xmlns="urn:ietf:params:xml:ns:pidf" entity="sip:alice@example.com">'
        '<tuple id="1"><status><basic>open</basic></status></tuple></presence>\r\n',
    ),
}
_CONTENTS: Final = {
    "application/dtmf-relay": b"Signal=1\r\nDuration=160\r\n",
    "message/sipfrag": b"SIP/2.0 200 OK\r\n",
}
"""Bodies by their type."""
_FRAGMENTS: Final = ("SIP/2.0 100 Trying\r\n", "SIP/2.0 200 OK\r\n", "SIP/2.0 503 Service Unavailable\r\n")
_USUAL: Final[Mapping[str, Mapping[str, str]]] = {
    "SUBSCRIBE": {"event": "presence", "expires": "600"},
    "PUBLISH": {"event": "presence", "expires": "600"},
    "NOTIFY": {"event": "presence", "subscription-state": "active;expires=600"},
    "REFER": {"refer-to": "<sip:carol@192.0.2.20>"},
    "REGISTER": {"expires": "3600"},
    "OPTIONS": {"accept": "application/sdp"},
}
"""Header fields that a request of that method has, by KEY."""
_PLAUSIBLE: Final[Mapping[str, tuple[str, ...]]] = {
    "event": ("presence", "dialog", "message-summary", "reg", "refer"),
    "subscription-state": ("active;expires=600", "terminated;reason=noresource"),
    "refer-sub": ("false",),
    "referred-by": ("<sip:alice@example.com>",),
    "expires": ("3600", "600", "60"),
    "session-expires": ("1800", "90", "60"),
    "min-se": ("90",),
    "subject": ("Lunch",),
    "alert-info": ("<urn:alert:service:normal>",),
    "replaces": ("425928@example.com;to-tag=7743;from-tag=6472",),
    "accept": ("application/sdp",),
    "user-agent": ("Softphone/1.0",),
    "max-forwards": ("70",),
    "sip-if-match": ("a1b2c3d4",),
    "priority": ("normal", "urgent"),
    "geolocation": ("<cid:alice@example.com>",),
    "content-type": ("application/sdp", "text/plain"),
}
"""Values that are tried first where a match asks for a header, by KEY."""


class SampleError(ResponderError):
    """No request can be made up for this match."""


@dataclass(slots=True)
class Sample:
    """A request of a client, and how it comes in."""

    method: str
    user: str = "bob"
    host: str = SERVER
    scheme: str = "sip"
    uri: str = ""
    """The whole Request-URI in place of these three."""
    from_display: str = "Alice"
    from_uri: str = "sip:alice@example.com"
    to: str = ""
    """The URI of To; empty: the Request-URI, for REGISTER the user's address."""
    to_display: str = ""
    headers: dict[str, str] = field(default_factory=dict)
    """By KEY; those that every request has are made by the client."""
    absent: set[str] = field(default_factory=set)
    """KEYs of headers that must not be there."""
    body: bytes = b""
    content_type: str = ""
    source: str = CLIENT
    transport: str = "UDP"
    attempt: int = 1
    authenticated: bool = False

    @property
    def target(self) -> str:
        """The Request-URI; that of a REGISTER has no user (RFC 3261 section 10.2)."""
        if self.uri:
            return self.uri
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{self.scheme}:{host}" if self.method == "REGISTER" else f"{self.scheme}:{self.user}@{host}"

    @property
    def callee(self) -> str:
        """The URI in To."""
        return self.to or (f"{self.scheme}:{self.user}@{self.host}" if self.method == "REGISTER" else self.target)


def sample(
    match: Match, *, user: str = "bob", reliable: bool = False, sdp: bool = True, methods: Iterable[str] = ()
) -> Sample:
    """A request that this match takes; raises `SampleError` where none can be made up.

    `user` is whom it is for where the match does not say. `reliable`: the client supports 100rel (RFC 3262). `sdp`: an
    INVITE has an offer. `methods` are those to choose from where the match names none.
    """
    wanted = sorted(match.methods or methods)
    made = Sample("INVITE" if not wanted or "INVITE" in wanted else wanted[0], user=user)
    made.headers.update(_USUAL.get(made.method, {}))
    if reliable:
        made.headers["supported"] = "100rel"
    if made.method in _BODIES:
        made.content_type, text = _BODIES[made.method]
        made.body = text.encode()
    tests: dict[str, list[Test]] = defaultdict(list)
    for condition in match.conditions:
        if isinstance(condition, Network):
            _from_network(made, condition)
        else:
            tests[condition.key].append(condition.test)
    if made.method == "INVITE" and sdp:
        made.content_type, made.body = "application/sdp", b""
    for key in sorted(tests, key=lambda key: key == "body"):  # what is said of the body goes before its type
        _take(made, key, tests[key])
    _describe(made, tests, sdp=sdp)
    return made


def _from_network(made: Sample, condition: Network) -> None:
    network = condition.networks[0]
    first = network.network_address
    made.source = str(first if network.num_addresses == 1 else first + 10 if network.num_addresses > 20 else first + 1)
    if network.version == 6:
        made.host = "::1"


def _take(made: Sample, key: str, tests: list[Test]) -> None:
    if key.startswith("header "):
        _take_header(made, header_names.key(key.removeprefix("header ")), tests)
    elif key in ("supported", "required"):
        tags = sorted({tag for test in tests if isinstance(test, AllOf) for tag in test.texts})
        known = [made.headers["supported"]] if "supported" in made.headers else []
        made.headers["supported"] = ", ".join(dict.fromkeys([*known, *tags]))
        if key == "required":
            made.headers["require"] = ", ".join(tags)
    elif key == "attempt":
        made.attempt = int(_text(key, tests, [str(number) for number in range(1, 100)]))
    elif key == "authenticated":
        made.authenticated = all(test.accepts(("yes",)) for test in tests)
    elif key == "transport":
        made.transport = _text(key, tests, TRANSPORTS).upper()
    elif key == "body":
        if not all(test.accepts((made.body.decode(),) if made.body else ()) for test in tests):
            wants_none = all(test.accepts(()) for test in tests)
            described = session(made.source).decode()
            described += "".join(f"{test.text}\r\n" for test in tests if isinstance(test, Contains))
            usual = [described] if made.method in ("INVITE", "UPDATE", "PRACK") else ["Hello", *_FRAGMENTS, described]
            made.body = b"" if wants_none else _text(key, tests, usual).encode()
            if made.body.startswith(b"v=0"):
                made.content_type = "application/sdp"
            made.content_type = made.content_type if made.body else ""
            made.content_type = made.content_type or ("text/plain" if made.body else "")
    elif key == "content_type":
        usual = [made.content_type, "application/sdp", "text/plain", *_CONTENTS]
        made.content_type = _text(key, tests, [text for text in usual if text])
        if made.content_type != "application/sdp":
            made.body = _CONTENTS.get(made.content_type, made.body or b"Hello")
    elif not key.startswith("sdp"):
        _take_address(made, key, tests)


def _take_address(made: Sample, key: str, tests: list[Test]) -> None:
    """Something of the Request-URI, From or To."""
    if key in ("user", "host", "scheme"):
        usual = {"user": [made.user, "bob", "carol"], "host": [made.host, "example.com"], "scheme": ["sip", "sips"]}
        setattr(made, key, _text(key, tests, usual[key]))
    elif key == "uri":
        pieces = [test.text for test in tests if isinstance(test, Contains)]
        made.uri = _text(key, tests, [made.target, made.target + "".join(pieces)])
    elif key == "from.display":
        made.from_display = _optional(key, tests, ["Alice", "Bob"])
    elif key == "to.display":
        made.to_display = _optional(key, tests, ["", "Bob"])
    elif key in ("from", "from.user"):
        made.from_uri = f"sip:{_text(key, tests, ['alice', 'carol'])}@{made.from_uri.rpartition('@')[2]}"
    elif key == "from.host":
        made.from_uri = f"{made.from_uri.partition('@')[0]}@{_text(key, tests, ['example.com', 'example.org'])}"
    elif key == "from.uri":
        made.from_uri = _text(key, tests, [made.from_uri])
    elif key in ("to", "to.user"):
        made.to = f"sip:{_text(key, tests, [made.user, 'bob', 'carol'])}@{made.host}"
    elif key == "to.host":
        made.to = f"{made.callee.partition('@')[0]}@{_text(key, tests, [made.host, 'example.com'])}"
    elif key == "to.uri":
        made.to = _text(key, tests, [made.callee])


def _take_header(made: Sample, key: str, tests: list[Test]) -> None:
    if key in ("authorization", "proxy-authorization"):
        return  # the client has credentials where somebody asked for them
    usual = [made.headers[key]] if key in made.headers else []
    if key == "contact":
        host = f"[{made.source}]" if ":" in made.source else made.source
        uri = f"<sip:alice@{host}:{PORT}>"
        usual = [uri, f"{uri};expires=60", f"{uri};expires=3600", f'{uri};+sip.instance="<urn:uuid:1>"', "*"]
    if all(test.accepts(()) for test in tests):
        kept = next((value for value in usual if all(test.accepts((value,)) for test in tests)), None)
        if kept is None:
            made.headers.pop(key, None)
            made.absent.add(key)
        return
    made.headers[key] = _text(header_names.display(key), tests, [*usual, *_PLAUSIBLE.get(key, ())])


def _describe(made: Sample, tests: Mapping[str, list[Test]], *, sdp: bool) -> None:
    """The offer of an INVITE, or whatever session description the match asks for."""
    wanted = [key for key in tests if key == "sdp" or key.startswith("sdp ")]
    if not wanted and (made.method != "INVITE" or not sdp or made.content_type != "application/sdp"):
        return
    if not all(test.accepts(("sdp",)) for test in tests.get("sdp", [])):
        made.body, made.content_type = b"", ""
        return
    if made.body and not wanted:
        return
    codec = _text("sdp codec", tests["sdp codec"], [*_CODECS]) if "sdp codec" in tests else "PCMU"
    directions = ["sendrecv", "sendonly", "recvonly", "inactive"]
    direction = _text("sdp direction", tests["sdp direction"], directions) if "sdp direction" in tests else "sendrecv"
    audio = all(test.accepts(("audio",)) for test in tests.get("sdp audio", []))
    video = "sdp video" in tests and all(test.accepts(("video",)) for test in tests["sdp video"])
    made.body = session(made.source, audio=codec if audio else "", video=video, direction=direction)
    made.content_type = "application/sdp"


def session(
    host: str, *, audio: str = "PCMU", video: bool = False, direction: str = "sendrecv", version: int = 1
) -> bytes:
    """A session description of the client (RFC 4566); `audio` is the preferred codec, empty: no such stream."""
    family = "IP6" if ":" in host else "IP4"
    lines = ["v=0", f"o=alice 1 {version} IN {family} {host}", "s=-", f"c=IN {family} {host}", "t=0 0"]
    if audio:
        codecs = list(dict.fromkeys([audio, "PCMU", "PCMA"]))
        numbers = {codec: _CODECS.get(codec, 97) for codec in codecs}
        lines.append(f"m=audio 6000 RTP/AVP {' '.join(map(str, numbers.values()))}")
        lines += [f"a=rtpmap:{number} {codec}/{_RATES.get(codec, '8000')}" for codec, number in numbers.items()]
        lines += [f"a={direction}"] if direction != "sendrecv" else []
    if video:
        lines += ["m=video 6002 RTP/AVP 98", "a=rtpmap:98 H264/90000"]
    return "".join(f"{line}\r\n" for line in lines).encode()


def _text(key: str, tests: list[Test], usual: Iterable[str]) -> str:
    found = text_for(tests, list(usual))
    if found is None:
        raise SampleError(f"no value was found for '{key}' ({' and '.join(map(str, tests))})")
    return found


def _optional(key: str, tests: list[Test], usual: Iterable[str]) -> str:
    if any(isinstance(test, Present) and not test.wanted for test in tests):
        return ""
    return _text(key, tests, usual)
