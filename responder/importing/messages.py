"""The text of a `<send>` as a step: what our UAS puts there by itself is left out, the rest is written.

What RFC 3261 section 8.2.6 has a UAS copy, and what a dialog says of a request (12.2.1.1), is implied here. A response
that lacks it, or has it otherwise, keeps that.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Final

from responder.importing.keywords import Texts
from responder.importing.outline import Step
from responder.registry import Registry
from responder.scenario.value_types import ALGORITHMS
from responder.sip import header_names

_status: Final = re.compile(r"SIP/2\.0\s+(\S+)\s*(.*)")
_request: Final = re.compile(r"([A-Z]+)\s+(\S.*?)\s+SIP/2\.0")
_header: Final = re.compile(r"([A-Za-z0-9.!%*_+`'~-]+)\s*:\s*(.*)")
_last: Final = re.compile(r"\[last_([A-Za-z-]+):?\]\s*(.*)", re.IGNORECASE)
_variable: Final = re.compile(r"([A-Za-z-]*) ?\[\$([\w.-]+)\]")
_own_contact: Final = re.compile(
    r"<?sip:\[(?:local|server)_ip\](?::\[local_port\])?(?:;transport=\[transport\])?>?(?:;transport=\[transport\])?"
)
_realm: Final = re.compile(r'(realm|algorithm|qop|stale)\s*=\s*(?:"([^"]*)"|([^\s,]+))', re.IGNORECASE)
_IMPLIED: Final = frozenset({"via", "from", "to", "call-id", "cseq", "max-forwards", "route", "content-length"})
_WITH_CONTACT: Final = frozenset({"INVITE", "SUBSCRIBE", "UPDATE", "REFER"})
_SEVERAL_LINES_OF_TEXT: Final = ("xml", "html", "text/plain")


@dataclass(slots=True)
class Message:
    """A message as it is written."""

    start: str
    headers: list[tuple[str, str]] = field(default_factory=list)
    """Names and texts; of `[last_X:]...` the name is X, and the text has the brackets."""
    body: str = ""
    oddities: list[str] = field(default_factory=list)
    """Lines that are no header."""

    @property
    def status(self) -> tuple[str, str] | None:
        """The code as written, and the phrase; None for a request."""
        found = _status.match(self.start)
        return (found[1], found[2].strip()) if found else None

    @property
    def method(self) -> str:
        """Of a request."""
        found = _request.match(self.start)
        return found[1] if found else self.start.split(" ", 1)[0]

    def the(self, key: str) -> str | None:
        """The text of the first header of that key."""
        return next((text for name, text in self.headers if header_names.key(name) == key), None)


def parse(text: str, copies: Callable[[str], str]) -> Message:
    """A message of a scenario: SIPp takes no notice of space around its lines.

    `copies` says of which header a variable is a copy, which may stand for the whole line or without the colon.
    """
    lines = [line.strip() for line in text.strip().splitlines()]
    message = Message(re.sub(r"\s+", " ", lines[0]) if lines else "")
    for number, line in enumerate(lines[1:], 1):
        if not line:
            message.body = "\n".join(lines[number + 1 :]).strip("\n")
            break
        found = _last.match(line)
        if found:
            message.headers.append((found[1], line))
            continue
        found = _variable.match(line)
        if found and copies(found[2]):
            message.headers.append((found[1] or copies(found[2]), line[len(found[1]) :].lstrip()))
            continue
        found = _header.match(line)
        if found:
            message.headers.append((found[1], found[2]))
        elif not line.startswith(("[routes", "[authentication")):
            message.oddities.append(line)
    return message


@dataclass(slots=True)
class Setting:
    """What a message is sent in."""

    method: str
    """Of the request that a response answers."""
    tagged: bool
    """Whether that request has a To-tag."""
    received: str
    """The method of the last request, whose headers SIPp copies."""
    tag: str | None
    """The To-tag of the responses so far, as SIPp's text."""
    copies: Callable[[str, str], bool]
    """Whether a text is a copy of this header of the request."""
    texts: Texts
    remark: Callable[[str], None]
    aside: Callable[[str], None]


def beside_copies(message: Message) -> list[str]:
    """The names of headers that the author has added to what any response has."""
    return [name for name, _ in message.headers if header_names.key(name) not in (*_IMPLIED, "contact", "record-route")]


def tag_of(message: Message) -> str | None:
    """The To-tag that a response says, None where it has none."""
    text = message.the("to") or ""
    found = re.search(r";\s*tag=(.*)$", text, re.IGNORECASE)
    return found[1].split(";")[0].strip() if found else None


def respond(message: Message, status: int, setting: Setting) -> Step:
    """A response."""
    keys: dict[str, Any] = {"respond": status}
    written = message.status
    phrase = setting.texts.turned(written[1] if written else "")
    if phrase != Registry.standard().get(status).phrase:
        keys["reason"] = phrase
    headers = _Headers(setting.texts)
    removed = []
    reliable = message.the("rseq") is not None and "100rel" in (message.the("require") or "") and 100 < status < 200
    for name, text in message.headers:
        key = header_names.key(name)
        if key in ("via", "from", "call-id", "cseq"):
            if not _is_copy(name, text, setting):
                headers.add(name, text)
        elif key == "to":
            _to(message, status, name, text, setting, keys, headers)
        elif key == "contact":
            _contact(status, text, setting, keys)
        elif key == "record-route" and _last.match(text):
            if not (setting.method == "INVITE" and 100 < status < 300):
                setting.aside("a copied Record-Route")
        elif key == "content-length":
            _length(message, text, headers)
        elif key == "content-type" and message.body:
            continue
        elif reliable and (key == "rseq" or (key == "require" and text.strip() == "100rel")):
            keys["reliable"] = True
        else:
            headers.add(name, text)
    for key, name in (("via", "Via"), ("from", "From"), ("to", "To"), ("call-id", "Call-ID"), ("cseq", "CSeq")):
        if message.the(key) is None:
            removed.append(name)
    if setting.method == "INVITE" and 200 <= status < 300 and message.the("contact") is None:
        keys["contact"] = False
    if headers.found:
        keys["headers"] = headers.found
    if removed:
        keys["remove"] = removed
    _body(message, setting, keys)
    if not message.body and (
        (setting.method in ("INVITE", "UPDATE") and 200 <= status < 300) or keys.get("reliable") is not None
    ):
        keys["sdp"] = False
    for line in message.oddities:
        setting.remark(f"'{line}' is no header")
    return Step(keys)


def _is_copy(name: str, text: str, setting: Setting) -> bool:
    found = _last.match(text)
    if found:
        return header_names.key(found[1]) == header_names.key(name) and not found[2]
    key = header_names.key(name)
    if key == "call-id" and text.endswith("[call_id]"):
        return True
    if key == "cseq":
        number, _, method = text.rpartition(" ")
        if method == setting.method and (number in ("[cseq]", "[last_cseq_number]") or setting.copies(key, number)):
            return True
        if method != setting.received:  # there was no other way to answer an earlier request
            return True
    return setting.copies(key, text)


def _to(
    message: Message, status: int, name: str, text: str, setting: Setting, keys: dict[str, Any], headers: _Headers
) -> None:
    tag = tag_of(message)
    found = _last.match(text)
    before = re.split(r";\s*tag=", text, maxsplit=1, flags=re.IGNORECASE)[0]
    if not (found and re.fullmatch(r"(?:;\s*tag=.*)?", found[2])) and not setting.copies("to", before):
        headers.add(name, text)
        return
    if tag is None:
        if not setting.tagged and status > 100:
            keys["to_tag"] = False
    elif setting.tagged:
        setting.aside("a second To-tag where the request has one")
    elif setting.tag is not None and setting.tag != tag:
        keys["to_tag"] = setting.texts.turned(tag.replace("[pid]", ""))


def _contact(status: int, text: str, setting: Setting, keys: dict[str, Any]) -> None:
    own = _own_contact.fullmatch(text)
    if own and setting.method in _WITH_CONTACT and (200 <= status < 300 or (100 < status < 200)):
        return
    useless = status == 100 or 400 <= status != 485 or setting.method not in (*_WITH_CONTACT, "REGISTER", "OPTIONS")
    if own and useless and status // 100 != 3:
        setting.aside("our own Contact where SIP has no use for it (RFC 3261 table 2)")
        return
    last = _last.match(text)
    text = f"[last_Contact]{last[2]}" if last else text
    keys["contact"] = setting.texts.turned(text)


def _length(message: Message, text: str, headers: _Headers) -> None:
    size = sum(len(line) + 2 for line in message.body.split("\n")) if message.body else 0
    if text.isdecimal() and "[" not in message.body and abs(int(text) - size) > 2:
        headers.add("Content-Length", text)


def _body(message: Message, setting: Setting, keys: dict[str, Any]) -> None:
    if not message.body:
        return
    kind = message.the("content-type") or "application/sdp"
    body = setting.texts.turned(message.body)
    if kind.split(";")[0].strip().lower() == "application/sdp" and body.startswith("v="):
        keys["sdp"] = f"{body}\n"
        return
    several = "\n" in body
    keys["body"] = body if not several else body + "\n"
    if several and not any(part in kind for part in _SEVERAL_LINES_OF_TEXT):
        keys["body"] = body.replace("\n", "\r\n") + "\r\n"
    keys["content_type"] = setting.texts.turned(kind)


def send(message: Message, setting: Setting, *, notify: bool) -> Step:
    """A request in the dialog; `notify`: of its subscription."""
    method = message.method
    headers = _Headers(setting.texts)
    keys: dict[str, Any] = {"send": method}
    if notify:
        keys = {"notify": setting.texts.turned(message.the("subscription-state") or "active")}
    for name, text in message.headers:
        key = header_names.key(name)
        if key in _IMPLIED or (key == "contact" and _own_contact.fullmatch(text)):
            continue
        if key == "content-type" and message.body:
            continue
        if notify and (key == "subscription-state" or (key == "event" and _last.match(text))):
            continue
        headers.add(name, text)
    if headers.found:
        keys["headers"] = headers.found
    _body(message, setting, keys)
    if notify and "sdp" in keys:
        keys["body"], keys["content_type"] = keys.pop("sdp"), "application/sdp"
    if method in ("INVITE", "UPDATE") and not message.body:
        keys["sdp"] = False
    if notify and not message.body:
        keys["body"] = ""  # else one is made for the event package
    for line in message.oddities:
        setting.remark(f"'{line}' is no header")
    return Step(keys)


def challenge_of(message: Message) -> dict[str, Any]:
    """What `challenge` says in place of the header of a 401 or 407."""
    text = message.the("www-authenticate") or message.the("proxy-authenticate") or ""
    said = {found[1].lower(): found[2] or found[3] or "" for found in _realm.finditer(text)}
    keys: dict[str, Any] = {}
    if said.get("realm"):
        keys["realm"] = said["realm"]
    algorithm = said.get("algorithm", "").upper()
    keys["algorithms"] = [next((known for known in ALGORITHMS if known.upper() == algorithm), "MD5")]
    if said.get("qop", "none") in ("auth", "auth-int", "none"):
        keys["qop"] = said.get("qop", "none")
    return keys


class _Headers:
    """Headers to be written, several of a name as a list."""

    def __init__(self, texts: Texts) -> None:
        self._texts = texts
        self.found: dict[str, Any] = {}

    def add(self, name: str, text: str) -> None:
        """One more."""
        last = _last.match(text)
        if last:
            text = f"[last_{last[1]}]{last[2]}"
        value = self._texts.turned(text)
        same = next((known for known in self.found if header_names.key(known) == header_names.key(name)), None)
        if same is None:
            self.found[name] = value
        else:
            before = self.found[same]
            self.found[same] = [*before, value] if isinstance(before, list) else [before, value]
