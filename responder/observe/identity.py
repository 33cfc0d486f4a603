"""What tells a message's transaction and dialog (RFC 3261 sections 12 and 17), as far as it can be read.

Nothing here raises for what a peer sent.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, TypeAlias

from responder.errors import ParseError
from responder.observe.summary import call_id_of
from responder.sip.message import Message, Request
from responder.sip.parser import parse


@dataclass(frozen=True)
class Identity:
    """What tells a message's transaction and dialog, as far as it can be read; empty and -1 where it cannot."""

    call_id: str = ""
    branch: str = ""
    sent_by: str = ""
    cseq: int = -1
    method: str = ""
    from_tag: str = ""
    to_tag: str = ""


def identity_of(message: Message) -> Identity:
    """The identity of a message; fields that cannot be read are left at what they are by default."""
    found: dict[str, str | int] = {}
    for name, read in _READERS.items():
        try:
            value = read(message)
        except (ParseError, AttributeError):
            continue
        if value is not None:
            found[name] = value
    return Identity(**found)  # type: ignore[arg-type]


_READERS: Final[dict[str, Callable[[Message], str | int | None]]] = {
    "call_id": lambda message: message.call_id,
    "branch": lambda message: message.top_via.branch,
    "sent_by": lambda message: message.top_via.sent_by,
    "cseq": lambda message: message.cseq.number,
    "method": lambda message: message.cseq.method,
    "from_tag": lambda message: message.from_tag,
    "to_tag": lambda message: message.to_tag,
}

Belonging: TypeAlias = tuple[str, str, str]
"""The Call-ID as written, the transaction (branch and method) and the dialog (our tag and that of the client)."""

# a response as we write it: the lines that are copied from its request in the order of `transaction.layer`
_TOKEN: Final = r"([!%'*+\-.0-9A-Z_`a-z~]++)"
_ours: Final = re.compile(
    rf"SIP/2\.0 [^\r]*\r\nVia: ([^\r]*);branch={_TOKEN}([^\r]*)\r\n"
    rf"From: [^\r]*;tag={_TOKEN}\r\n"
    rf"To: (?:[^\r]*;tag={_TOKEN}|(?![^\r]*[tT][aA][gG])[^\r]*)\r\n"
    rf"Call-ID: ([^\s]+)\r\nCSeq: [0-9]{{1,9}} {_TOKEN}\r\n(?![ \t])"
).match


def _of_ours(text: str) -> Belonging | None:
    """What a response that is written as ours are belongs to; None: it is written otherwise, or may be."""
    found = _ours(text)
    if found is None:
        return None
    before, branch, after, sender, to, call_id, method = found.groups()
    if '"' in before or "," in before or "branch" in before or "," in after:
        return None
    return call_id, f"{branch} {method}", f"{to} {sender}" if to else ""


def belonging_of(message: Message | None, text: str, *, received: bool) -> Belonging:
    """What a message belongs to. `text` is all of it; `message` None: not parsed so far.

    The transaction is `BRANCH METHOD`, an ACK being counted to INVITE (17.2.3): that for a 2xx has a branch of its own,
    and so a transaction of its own. The dialog is `OUR-TAG THEIR-TAG`. Each is empty where one of its parts is missing.
    """
    if message is None:
        known = None if received else _of_ours(text)
        if known is not None:
            return known
        try:
            message = parse(text.encode("utf-8", "surrogateescape"))
        except ParseError:
            return call_id_of(text.encode("utf-8", "surrogateescape")), "", ""
    try:
        call_id, branch, method = message.call_id, message.top_via.branch, message.cseq.method
        sender, to = message.from_tag or "", message.to_tag or ""
    except ParseError:
        own = identity_of(message)
        call_id = own.call_id or call_id_of(text.encode("utf-8", "surrogateescape"))
        branch, method, sender, to = own.branch, own.method, own.from_tag, own.to_tag
    ours, theirs = (to, sender) if received is isinstance(message, Request) else (sender, to)
    if method == "ACK":
        method = "INVITE"
    return call_id, f"{branch} {method}" if branch and method else "", f"{ours} {theirs}" if ours and theirs else ""
